package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"truynguon/internal/fault"
)

func TestParseRole(t *testing.T) {
	for _, r := range Roles {
		if got, err := ParseRole(string(r)); got != r || err != nil {
			t.Errorf("ParseRole(%q) = %q, %v", r, got, err)
		}
	}
	for _, s := range []string{"", "Admin", "root", "admin "} {
		_, err := ParseRole(s)
		expect(t, s, err, "invalid; /role: role_unknown")
	}
}

func TestAddAccountFaults(t *testing.T) {
	w := newWorld(t)
	w.add("taken@example.vn", Buyer, "", "")
	for _, tt := range []struct {
		name  string
		draft AccountDraft
		want  string
	}{
		{"nothing", AccountDraft{},
			"invalid; /email: missing; /name: missing; /role: missing"},
		{"everything wrong", AccountDraft{Email: "x", Name: " ", Role: "king", Org: "a b", Unit: "/", Lang: "Viet", Password: "short"},
			"invalid; /email: email_invalid; /name: missing; /role: role_unknown; /org: org_invalid; /unit: unit_invalid; /lang: lang_invalid; /password: password_short"},
		{"no organisation", AccountDraft{Email: "a@example.vn", Name: "A", Role: Staff},
			"invalid; /org: org_missing"},
		{"no unit", AccountDraft{Email: "a@example.vn", Name: "A", Role: Official, Org: "htx1"},
			"invalid; /org: org_unwanted; /unit: unit_missing"},
		{"unwanted", AccountDraft{Email: "a@example.vn", Name: "A", Role: Admin, Org: "htx1", Unit: "24"},
			"invalid; /org: org_unwanted; /unit: unit_unwanted"},
		{"reversed name", AccountDraft{Email: "a@example.vn", Name: "A\u202enimda", Role: Buyer},
			"invalid; /name: unprintable"},
		{"control", AccountDraft{Email: "a@example.vn", Name: "A\x1b[2J", Role: Buyer},
			"invalid; /name: unprintable"},
		{"long name", AccountDraft{Email: "a@example.vn", Name: strings.Repeat("Nguyễn ", 30), Role: Buyer},
			"invalid; /name: too_long"},
		{"taken", AccountDraft{Email: " Taken@Example.vn", Name: "A", Role: Buyer},
			"already exists; /email: email_taken"},
		{"taken and more", AccountDraft{Email: "taken@example.vn", Role: Buyer},
			"invalid; /name: missing; /email: email_taken"},
		{"password is the address", AccountDraft{Email: "hoa.tran.ea.tu@example.vn", Name: "A", Role: Buyer, Password: "hoa.tran.ea.tu"},
			"invalid; /password: password_is_name"},
	} {
		a, password, err := w.AddAccount(t.Context(), Command, tt.draft)
		expect(t, tt.name, err, tt.want)
		if err != nil && (a != Account{} || password != "") {
			t.Errorf("%s: refused, and yet %+v %q", tt.name, a, password)
		}
	}
	if got := w.actions(); len(got) != 1 {
		t.Errorf("audit trail: %v", got)
	}
}

func TestAddAccount(t *testing.T) {
	w := newWorld(t)
	a, password, err := w.AddAccount(t.Context(), Command, AccountDraft{
		Email: "Hoa@Example.vn", Name: "  Trần   Thị Hoa ", Role: Staff, Org: "htx1",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := Account{
		Email: "hoa@example.vn", ID: a.ID, Name: "Trần Thị Hoa", Role: Staff, Org: "htx1", Lang: "vi",
		CreatedAt: w.clock, PasswordChangedAt: w.clock, PasswordTemporary: true,
	}
	if diff := cmp.Diff(want, a); diff != "" {
		t.Errorf("account (-want +got):\n%s", diff)
	}
	for _, who := range []string{a.ID, "HOA@example.vn"} {
		got, err := w.Account(t.Context(), Command, who)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("read back by %s (-want +got):\n%s", who, diff)
		}
	}
	token, _, err := w.LogIn(t.Context(), Attempt{Email: "hoa@example.vn", Password: password})
	expect(t, "log in with the password that was made", err, "ok")
	by, err := w.Resume(t.Context(), token)
	if err != nil || !by.PasswordTemporary {
		t.Errorf("%+v, %v", by, err)
	}
	wantChange := Change{
		At: w.clock, By: Command, Action: ActionAccountAdded, Kind: "account", Key: a.ID, Org: "htx1",
		Fields: []FieldChange{
			{Name: "email"},
			{Name: "lang", After: json.RawMessage(`"vi"`)},
			{Name: "name"},
			{Name: "org", After: json.RawMessage(`"htx1"`)},
			{Name: "passwordChangedAt", After: json.RawMessage(`"2026-11-24T01:30:00Z"`)},
			{Name: "passwordTemporary", After: json.RawMessage(`true`)},
			{Name: "role", After: json.RawMessage(`"staff"`)},
		},
	}
	if diff := cmp.Diff(wantChange, w.trail[0]); diff != "" {
		t.Errorf("audit trail (-want +got):\n%s", diff)
	}
}

// A manager need not say which organisation.
func TestManagerAddsStaff(t *testing.T) {
	w := newWorld(t)
	w.add("m@example.vn", Manager, "htx1", "")
	_, by := w.in("m@example.vn")
	a, _, err := w.AddAccount(t.Context(), by, AccountDraft{Email: "s@example.vn", Name: "S", Role: Staff})
	if err != nil || a.Org != "htx1" {
		t.Errorf("%+v, %v", a, err)
	}
	_, k, err := w.AddKey(t.Context(), by, KeyDraft{Name: "Cân điện tử", Role: Staff})
	if err != nil || k.Org != "htx1" {
		t.Errorf("%+v, %v", k, err)
	}
}

func TestAccounts(t *testing.T) {
	w := newWorld(t)
	w.add("admin@example.vn", Admin, "", "")
	for i := range 7 {
		w.add(fmt.Sprintf("s%d@example.vn", i), Staff, "htx1", "")
	}
	w.add("m@example.vn", Manager, "htx1", "")
	w.add("o@example.vn", Official, "", "24133")
	w.add("x@example.vn", Staff, "htx2", "")
	_, manager := w.in("m@example.vn")
	for _, tt := range []struct {
		name string
		by   Identity
		q    AccountQuery
		want string
	}{
		{"all", Command, AccountQuery{Limit: 4}, "admin m o s0 | s1 s2 s3 s4 | s5 s6 x"},
		{"role", Command, AccountQuery{Role: Admin}, "admin"},
		{"org", Command, AccountQuery{Org: "htx2"}, "x"},
		{"org and role", Command, AccountQuery{Org: "htx1", Role: Manager}, "m"},
		{"unit", Command, AccountQuery{Unit: "24133"}, "o"},
		{"manager", manager, AccountQuery{Limit: 5}, "m s0 s1 s2 s3 | s4 s5 s6"},
		{"manager, a role", manager, AccountQuery{Role: Manager}, "m"},
		{"manager, admins", manager, AccountQuery{Role: Admin}, ""},
	} {
		var got []string
		for q, page := tt.q, 0; ; page++ {
			list, next, err := w.Accounts(t.Context(), tt.by, q)
			if err != nil {
				t.Fatal(err)
			}
			if page > 0 {
				got = append(got, "|")
			}
			for _, a := range list {
				got = append(got, strings.TrimSuffix(a.Email, "@example.vn"))
			}
			if q.After = next; next == "" {
				break
			}
		}
		if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestLastAdmin(t *testing.T) {
	ctx := t.Context()
	w := newWorld(t)
	w.add("one@example.vn", Admin, "", "")
	const last = "denied (last_admin)"
	_, err := w.Disable(ctx, Command, "one@example.vn")
	expect(t, "disable the only one", err, last)
	_, err = w.SetRole(ctx, Command, "one@example.vn", Buyer, "", "")
	expect(t, "demote the only one", err, last)

	w.add("two@example.vn", Admin, "", "")
	_, err = w.Disable(ctx, Command, "two@example.vn")
	expect(t, "disable one of two", err, "ok")
	_, err = w.Disable(ctx, Command, "two@example.vn")
	expect(t, "disable it again", err, "ok")
	_, err = w.Disable(ctx, Command, "one@example.vn")
	expect(t, "a disabled admin does not count", err, last)
	_, err = w.Enable(ctx, Command, "two@example.vn")
	expect(t, "enable", err, "ok")
	_, err = w.SetRole(ctx, Command, "one@example.vn", Staff, "htx1", "")
	expect(t, "demote one of two", err, "ok")
	if got := w.actions(); strings.Contains(strings.Join(got, " "), ActionUndone) {
		t.Errorf("something was undone: %v", got)
	}
}

// Admins who disable each other at the same time, on one machine or on several, leave one at least.
func TestLastAdminRace(t *testing.T) {
	for _, machines := range []int{1, 4} {
		t.Run(fmt.Sprint(machines, " machines"), func(t *testing.T) {
			w := newWorld(t)
			var at []*world
			for range machines {
				at = append(at, worldOver(t, w.DB))
			}
			var ids []Identity
			for i := range 4 {
				email := fmt.Sprintf("a%d@example.vn", i)
				w.add(email, Admin, "", "")
				_, id := w.in(email)
				ids = append(ids, id)
			}
			var wg sync.WaitGroup
			for i, by := range ids {
				wg.Go(func() {
					for j, victim := range ids {
						if i == j {
							continue
						}
						if _, err := at[i%machines].Disable(context.Background(), by, victim.ID); err != nil && !errors.Is(err, fault.Denied) {
							t.Errorf("%d disables %d: %v", i, j, err)
						}
					}
				})
			}
			wg.Wait()
			if err := w.otherAdmin(t.Context(), ""); err != nil {
				t.Errorf("nobody is left: %v", err)
			}
		})
	}
}

// Two machines each disable the other's admin, so that neither could see it coming: the one that
// writes last finds out and undoes it.
func TestLastAdminUndone(t *testing.T) {
	ctx := t.Context()
	elsewhere := newWorld(t)
	one := elsewhere.add("one@example.vn", Admin, "", "")
	two := elsewhere.add("two@example.vn", Admin, "", "")
	db := &hooked{DB: elsewhere.DB}
	here := worldOver(t, db)
	db.beforeReplace = func(string) {
		_, err := elsewhere.Disable(ctx, Command, one.ID)
		expect(t, "elsewhere, one", err, "ok")
	}
	_, err := here.Disable(ctx, Command, two.ID)
	expect(t, "here, two", err, "denied (last_admin)")
	if a, err := here.Account(ctx, Command, two.ID); err != nil || a.Disabled {
		t.Errorf("not undone: %+v, %v", a, err)
	}
	if diff := cmp.Diff([]string{ActionAccountDisabled, ActionUndone}, here.actions()); diff != "" {
		t.Errorf("audit trail (-want +got):\n%s", diff)
	}
}

// A change that comes between the reading of an account and its being remembered is not lost.
func TestCacheRace(t *testing.T) {
	ctx := t.Context()
	w := newWorld(t)
	w.add("a@example.vn", Manager, "htx1", "")
	token, _ := w.in("a@example.vn")
	w.pass(cacheFor)
	db := &hooked{DB: w.DB}
	w.DB = db
	db.afterGet = func(string) {
		if _, err := w.SetRole(ctx, Command, "a@example.vn", Staff, "htx1", ""); err != nil {
			t.Error(err)
		}
	}
	if _, err := w.Resume(ctx, token); err != nil {
		t.Fatal(err)
	}
	if id, err := w.Resume(ctx, token); err != nil || id.Role != Staff {
		t.Errorf("%v, %v", id.Role, err)
	}
}

// Each of the things that end a session is enough, even if the rest of the work was cut short.
func TestSessionIsOver(t *testing.T) {
	for what, change := range map[string]func(*account){
		"disabled":          func(a *account) { a.Disabled = true },
		"epoch":             func(a *account) { a.Epoch++ },
		"another account":   func(a *account) { a.ID = newID('u') },
		"nothing, in truth": func(a *account) { a.Name = "Khác" },
	} {
		w := newWorld(t)
		w.add("a@example.vn", Staff, "htx1", "")
		token, _ := w.in("a@example.vn")
		_, err := accounts.Update(t.Context(), w.DB, "a@example.vn", func(a *account) error {
			change(a)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		w.pass(cacheFor)
		want := "not signed in (sign_in)"
		if what == "nothing, in truth" {
			want = "ok"
		}
		_, err = w.Resume(t.Context(), token)
		expect(t, what, err, want)
	}
}

func TestSetPassword(t *testing.T) {
	ctx := t.Context()
	const next = "gà trống gáy lúc 4 giờ"
	w := newWorld(t)
	w.add("a@example.vn", Staff, "htx1", "")
	here, by := w.in("a@example.vn")
	there, _ := w.in("a@example.vn")
	for _, tt := range []struct{ current, next, want string }{
		{"", "", "invalid; /password: missing; /current: missing"},
		{goodPassword, "short", "invalid; /password: password_short"},
		{"wrong wrong wrong", "short", "invalid; /password: password_short; /current: password_wrong"},
		{goodPassword, goodPassword, "invalid; /password: password_same"},
		{goodPassword, next, "ok"},
	} {
		expect(t, tt.current+"→"+tt.next, w.SetPassword(ctx, by, tt.current, tt.next), tt.want)
	}
	_, err := w.Resume(ctx, here)
	expect(t, "this session", err, "ok")
	_, err = w.Resume(ctx, there)
	expect(t, "the other session", err, "not signed in (sign_in)")
	_, _, err = w.LogIn(ctx, Attempt{Email: "a@example.vn", Password: goodPassword})
	expect(t, "the old password", err, "not signed in (login_failed)")
	_, _, err = w.LogIn(ctx, Attempt{Email: "a@example.vn", Password: next})
	expect(t, "the new password", err, "ok")
	if a, _ := w.Account(ctx, by, by.ID); a.PasswordTemporary {
		t.Error("an own password is not temporary")
	}
	w.pass(accountPace.forgive * maxFailed)
	for range accountPace.free {
		expect(t, "guess", w.SetPassword(ctx, by, "wrong wrong wrong", next+"!"), "invalid; /current: password_wrong")
	}
	expect(t, "one guess too many", w.SetPassword(ctx, by, "wrong wrong wrong", next+"!"), "too many requests (login_slowed)")
	_, _, err = w.LogIn(ctx, Attempt{Email: "a@example.vn", Password: next})
	expect(t, "log in meanwhile", err, "ok")
}

func TestResetPassword(t *testing.T) {
	ctx := t.Context()
	w := newWorld(t)
	w.add("a@example.vn", Staff, "htx1", "")
	token, _ := w.in("a@example.vn")
	for range accountPace.free {
		_, _, _ = w.LogIn(ctx, Attempt{Email: "a@example.vn", Password: "forgotten it"})
	}
	password, err := w.ResetPassword(ctx, Command, "a@example.vn")
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Resume(ctx, token)
	expect(t, "the session", err, "not signed in (sign_in)")
	_, _, err = w.LogIn(ctx, Attempt{Email: "a@example.vn", Password: goodPassword})
	expect(t, "the old password", err, "not signed in (login_failed)")
	_, _, err = w.LogIn(ctx, Attempt{Email: "a@example.vn", Password: password})
	expect(t, "the new password, without a wait", err, "ok")
}

func TestErase(t *testing.T) {
	ctx := t.Context()
	w := newWorld(t)
	a := w.add("a@example.vn", Staff, "htx1", "")
	token, _ := w.in("a@example.vn")
	expect(t, "erase an active account", w.Erase(ctx, Command, a.ID), "invalid (account_not_disabled)")
	if _, err := w.Disable(ctx, Command, a.ID); err != nil {
		t.Fatal(err)
	}
	expect(t, "erase", w.Erase(ctx, Command, a.ID), "ok")
	expect(t, "erase again", w.Erase(ctx, Command, a.ID), "not found (account_unknown)")
	for _, kind := range []string{"account", "session", "attempt"} {
		if n := count(t, w, kind); n != 0 {
			t.Errorf("%d records of kind %s are left", n, kind)
		}
	}
	// Somebody else gets the address, and nothing of the one before.
	w.add("a@example.vn", Admin, "", "")
	_, err := w.Resume(ctx, token)
	expect(t, "a session of the one before", err, "not signed in (sign_in)")
}

// If the audit trail cannot be written, nothing is changed.
func TestAuditTrailRefuses(t *testing.T) {
	ctx := t.Context()
	w := newWorld(t)
	w.add("admin@example.vn", Admin, "", "")
	w.add("a@example.vn", Staff, "htx1", "")
	token, by := w.in("a@example.vn")
	key, k, err := w.AddKey(ctx, Command, KeyDraft{Name: "x", Role: Admin})
	if err != nil {
		t.Fatal(err)
	}
	w.refuse = fault.New(fault.Unavailable, "trail")
	before := dump(t, w)
	for verb, do := range map[string]func() error{
		"AddAccount": func() error {
			_, _, err := w.AddAccount(ctx, Command, AccountDraft{Email: "b@example.vn", Name: "B", Role: Buyer})
			return err
		},
		"Disable":        func() error { _, err := w.Disable(ctx, Command, by.ID); return err },
		"SetRole":        func() error { _, err := w.SetRole(ctx, Command, by.ID, Admin, "", ""); return err },
		"SetProfile":     func() error { _, err := w.SetProfile(ctx, by, by.ID, "Khác", ""); return err },
		"ResetPassword":  func() error { _, err := w.ResetPassword(ctx, Command, by.ID); return err },
		"LogOut":         func() error { return w.LogOut(ctx, token) },
		"EndSession":     func() error { return w.EndSession(ctx, by, by.Session) },
		"EndAllSessions": func() error { return w.EndAllSessions(ctx, by, "") },
		"AddKey":         func() error { _, _, err := w.AddKey(ctx, Command, KeyDraft{Name: "y", Role: Admin}); return err },
		"RevokeKey":      func() error { _, err := w.RevokeKey(ctx, Command, k.ID); return err },
	} {
		expect(t, verb, do(), "unavailable (trail)")
	}
	if diff := cmp.Diff(before, dump(t, w)); diff != "" {
		t.Errorf("something changed (-before +after):\n%s", diff)
	}
	_, err = w.Resume(ctx, token)
	expect(t, "the session", err, "ok")
	_, err = w.ByKey(ctx, key)
	expect(t, "the key", err, "ok")
	// Enabling who is enabled changes nothing, so nobody needs to be told.
	_, err = w.Enable(ctx, Command, by.ID)
	expect(t, "Enable", err, "ok")
}

// A change made by another machine takes effect within cacheFor, one made here at once.
func TestChangeTakesEffect(t *testing.T) {
	ctx := t.Context()
	w := newWorld(t)
	w.add("a@example.vn", Staff, "htx1", "")
	token, _ := w.in("a@example.vn")
	if _, err := w.SetRole(ctx, Command, "a@example.vn", Manager, "htx1", ""); err != nil {
		t.Fatal(err)
	}
	if id, err := w.Resume(ctx, token); err != nil || id.Role != Manager {
		t.Errorf("here: %v, %v", id.Role, err)
	}
	elsewhere := worldOver(t, w.DB)
	if _, err := elsewhere.SetRole(ctx, Command, "a@example.vn", Staff, "htx1", ""); err != nil {
		t.Fatal(err)
	}
	w.pass(cacheFor)
	if id, err := w.Resume(ctx, token); err != nil || id.Role != Staff {
		t.Errorf("elsewhere: %v, %v", id.Role, err)
	}
	if _, err := w.Disable(ctx, Command, "a@example.vn"); err != nil {
		t.Fatal(err)
	}
	_, err := w.Resume(ctx, token)
	expect(t, "disabled", err, "not signed in (sign_in)")
	w.pass(time.Minute)
	if _, err := w.Enable(ctx, Command, "a@example.vn"); err != nil {
		t.Fatal(err)
	}
	_, err = w.Resume(ctx, token)
	expect(t, "enabled again: old sessions stay over", err, "not signed in (sign_in)")
}
