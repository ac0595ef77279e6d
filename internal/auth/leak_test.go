package auth

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"truynguon/internal/store/sqlite"
)

// Whatever is done, in whatever order: no password, token, key or hash is part of an error, of the
// audit trail or of a value that a page could show; none but the hashes is in the database.
func TestNothingLeaks(t *testing.T) {
	var run int
	rapid.Check(t, func(rt *rapid.T) {
		run++
		ctx := context.Background()
		db, err := sqlite.Open(ctx, ":memory:")
		if err != nil {
			rt.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		w := worldOver(t, db)
		var plain []string // secrets that are nowhere
		var shown []string // what could be shown
		passwords := map[string]string{}
		tokens, apiKeys, sessionIDs, keyIDs := []string{"none"}, []string{"none"}, []string{"none"}, []string{"none"}
		secret := func(s string) string {
			if s != "" {
				plain = append(plain, s)
			}
			return s
		}
		// show notes what a verb returned, and its error.
		show := func(err error, values ...any) {
			for _, v := range values {
				shown = append(shown, text(v))
			}
			if err != nil {
				shown = append(shown, fmt.Sprintf("%v %+v", err, err), text(err))
			}
		}
		emails := []string{"a@example.vn", "b@example.vn", "c@example.vn"}
		email := func() string { return rapid.SampledFrom(emails).Draw(rt, "email") }
		by := func() Identity {
			token := rapid.SampledFrom(tokens).Draw(rt, "by")
			if id, err := w.Resume(ctx, token); err == nil {
				return id
			}
			return Command
		}
		n := 0
		fresh := func() string {
			n++
			return secret(fmt.Sprintf("bí mật số %d-%d", run, n))
		}
		rt.Repeat(map[string]func(*rapid.T){
			"AddAccount": func(*rapid.T) {
				d := AccountDraft{Email: email(), Name: "Tên", Role: rapid.SampledFrom(Roles).Draw(rt, "role"), Org: "htx1"}
				if !d.Role.needsOrg() {
					d.Org = ""
				}
				if d.Role == Official {
					d.Unit = "66"
				}
				if rapid.Bool().Draw(rt, "chosen") {
					d.Password = fresh()
				}
				a, password, err := w.AddAccount(ctx, by(), d)
				if err == nil {
					passwords[a.Email] = d.Password + secret(password)
				}
				show(err, a)
			},
			"LogIn": func(*rapid.T) {
				e := email()
				in := Attempt{Email: e, Password: passwords[e], Client: "c"}
				switch rapid.IntRange(0, 3).Draw(rt, "mistake") {
				case 0:
					in.Password = fresh()
				case 1:
					in.Email, in.Password = fresh(), e // in each other's field
				}
				token, s, err := w.LogIn(ctx, in)
				if err == nil {
					secret(token[strings.Index(token, ".")+1:])
					tokens = append(tokens, token)
					sessionIDs = append(sessionIDs, s.ID)
				}
				show(err, s)
			},
			"SetPassword": func(*rapid.T) {
				id := by()
				next := fresh()
				err := w.SetPassword(ctx, id, passwords[id.Email], next)
				if err == nil {
					passwords[id.Email] = next
				}
				show(err)
				show(w.SetPassword(ctx, id, fresh(), fresh()))
			},
			"ResetPassword": func(*rapid.T) {
				e := email()
				password, err := w.ResetPassword(ctx, by(), e)
				if err == nil {
					passwords[e] = secret(password)
				}
				show(err)
			},
			"SetRole": func(*rapid.T) {
				a, err := w.SetRole(ctx, by(), email(), Staff, "htx1", "")
				show(err, a)
			},
			"Disable":    func(*rapid.T) { a, err := w.Disable(ctx, by(), email()); show(err, a) },
			"Enable":     func(*rapid.T) { a, err := w.Enable(ctx, by(), email()); show(err, a) },
			"Erase":      func(*rapid.T) { show(w.Erase(ctx, by(), email())) },
			"SetProfile": func(*rapid.T) { a, err := w.SetProfile(ctx, by(), email(), "Khác", "en"); show(err, a) },
			"Confirm": func(*rapid.T) {
				id := by()
				show(w.Confirm(ctx, id, passwords[id.Email]))
				show(w.Confirm(ctx, id, fresh()))
			},
			"Resume": func(*rapid.T) {
				id, err := w.Resume(ctx, rapid.SampledFrom(tokens).Draw(rt, "token"))
				show(err, id)
				id, err = w.Resume(ctx, fresh())
				show(err, id)
			},
			"LogOut":         func(*rapid.T) { show(w.LogOut(ctx, rapid.SampledFrom(tokens).Draw(rt, "token"))) },
			"EndSession":     func(*rapid.T) { show(w.EndSession(ctx, by(), rapid.SampledFrom(sessionIDs).Draw(rt, "id"))) },
			"EndAllSessions": func(*rapid.T) { show(w.EndAllSessions(ctx, by(), "")) },
			"AddKey": func(*rapid.T) {
				key, k, err := w.AddKey(ctx, by(), KeyDraft{Name: "Khoá", Role: Staff, Org: "htx1"})
				if err == nil {
					secret(key[strings.LastIndex(key, "_")+1:])
					apiKeys = append(apiKeys, key)
					keyIDs = append(keyIDs, k.ID)
				}
				show(err, k)
			},
			"ByKey": func(*rapid.T) {
				id, err := w.ByKey(ctx, rapid.SampledFrom(apiKeys).Draw(rt, "key"))
				show(err, id)
				id, err = w.ByKey(ctx, fresh())
				show(err, id)
			},
			"RevokeKey": func(*rapid.T) {
				k, err := w.RevokeKey(ctx, by(), rapid.SampledFrom(keyIDs).Draw(rt, "id"))
				show(err, k)
			},
			"lists": func(*rapid.T) {
				id := by()
				all, _, err := w.Accounts(ctx, id, AccountQuery{})
				show(err, all)
				ss, err := w.Sessions(ctx, id, "")
				show(err, ss)
				ks, err := w.Keys(ctx, id)
				show(err, ks)
			},
			"pause": func(*rapid.T) {
				w.pass(time.Duration(rapid.Int64Range(0, int64(30*24*time.Hour)).Draw(rt, "pause")))
				_, err := w.Prune(ctx)
				show(err)
			},
			"": func(*rapid.T) {
				// Hashes may be in the database, but nowhere else.
				stored := dump(t, w)
				var hashes []string
				for name, body := range stored {
					if s := leaks(name+body, plain); s != "" {
						rt.Fatalf("%q is in the database: %s %s", s, name, body)
					}
					var h struct{ PasswordHash, TokenHash, KeyHash string }
					if err := json.Unmarshal([]byte(body), &h); err != nil {
						rt.Fatal(err)
					}
					for _, s := range []string{h.PasswordHash, h.TokenHash, h.KeyHash} {
						if s != "" {
							hashes = append(hashes, s)
						}
					}
				}
				for _, c := range w.trail {
					shown = append(shown, text(c))
				}
				w.trail = nil
				for _, s := range shown {
					if secret := leaks(s, plain); secret != "" {
						rt.Fatalf("%q was shown: %s", secret, s)
					}
					if secret := leaks(s, hashes); secret != "" {
						rt.Fatalf("the hash %q was shown: %s", secret, s)
					}
					if strings.Contains(s, "$argon2") {
						rt.Fatalf("a password hash was shown: %s", s)
					}
				}
				shown = nil
			},
		})
	})
}

// Every code and every action has its words, in every language.
func TestMessages(t *testing.T) {
	// Codes that other packages use too; their words are in the catalogues of these.
	shared := map[string]bool{"missing": true, "too_long": true, "unprintable": true, "sign_in": true, "not_yours": true}
	codes := regexp.MustCompile(`(?:fault\.New\(fault\.\w+|\.Add\("[^"]*"|\.Add\(pointer), "(\w+)"`)
	actions := regexp.MustCompile(`(?m)^\tAction\w+ += "(\w+)"`)
	want := map[string]bool{}
	for _, field := range []string{"org", "unit"} {
		for _, s := range []string{"missing", "unwanted", "invalid"} {
			want["fault."+field+"_"+s] = true
		}
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range codes.FindAllStringSubmatch(string(b), -1) {
			if !shared[m[1]] {
				want["fault."+m[1]] = true
			}
		}
		for _, m := range actions.FindAllStringSubmatch(string(b), -1) {
			want["auth.action."+m[1]] = true
		}
	}
	if len(want) < 40 {
		t.Errorf("only %d keys were found", len(want))
	}
	for _, lang := range []string{"vi", "en"} {
		b, err := os.ReadFile(filepath.Join("../../static/locale", lang, "auth.json"))
		if err != nil {
			t.Fatal(err)
		}
		var have map[string]string
		if err := json.Unmarshal(b, &have); err != nil {
			t.Fatal(err)
		}
		for key := range want {
			if have[key] == "" {
				t.Errorf("%s: %s has no words", lang, key)
			}
		}
		for key, words := range have {
			if !want[key] {
				t.Errorf("%s: %s is not used", lang, key)
			}
			if strings.Contains(words, "{0}") != strings.Contains("fault.login_slowed fault.password_short fault.password_long", key) {
				t.Errorf("%s: %s has the wrong arguments", lang, key)
			}
		}
	}
}
