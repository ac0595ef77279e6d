package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"truynguon/internal/fault"
	"truynguon/internal/store"
	"truynguon/internal/store/sqlite"
)

// counting counts the calls of a database.
type counting struct {
	store.DB
	reads, writes atomic.Int64
}

func (c *counting) Get(ctx context.Context, kind string, keys ...string) ([]store.Record, error) {
	c.reads.Add(1)
	return c.DB.Get(ctx, kind, keys...)
}

func (c *counting) Find(ctx context.Context, kind string, q store.Query) (store.Page, error) {
	c.reads.Add(1)
	return c.DB.Find(ctx, kind, q)
}

func (c *counting) Insert(ctx context.Context, kind string, r store.Record) error {
	c.writes.Add(1)
	return c.DB.Insert(ctx, kind, r)
}

func (c *counting) Replace(ctx context.Context, kind string, r store.Record) error {
	c.writes.Add(1)
	return c.DB.Replace(ctx, kind, r)
}

func newCounting(t testing.TB) (*world, *counting) {
	db, err := sqlite.Open(t.Context(), ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	c := &counting{DB: db}
	return worldOver(t, c), c
}

// dump returns every record, and count the number of one kind.
func dump(t testing.TB, w *world) map[string]string {
	t.Helper()
	all := make(map[string]string)
	for _, kind := range []string{"account", "session", "attempt", "apikey"} {
		page, err := w.DB.Find(t.Context(), kind, store.Query{Limit: store.MaxLimit})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Records {
			all[kind+"/"+r.Key] = string(r.Body)
		}
	}
	return all
}

func count(t testing.TB, w *world, kind string) (n int) {
	t.Helper()
	for name := range dump(t, w) {
		if strings.HasPrefix(name, kind+"/") {
			n++
		}
	}
	return n
}

func TestSessionLife(t *testing.T) {
	const over = "not signed in (sign_in)"
	for _, tt := range []struct {
		name string
		uses []time.Duration // pauses before each Resume
		want string          // of the last
	}{
		{"at once", []time.Duration{0}, "ok"},
		{"almost idle too long", []time.Duration{SessionIdle - time.Second}, "ok"},
		{"idle too long", []time.Duration{SessionIdle}, over},
		{"used again and again", []time.Duration{SessionIdle / 2, SessionIdle / 2, SessionIdle / 2}, "ok"},
		{"idle too long after use", []time.Duration{SessionIdle / 2, SessionIdle}, over},
		{"used all the time, almost too long", append(everyDay(89), 24*time.Hour-time.Second), "ok"},
		{"used all the time, too long", append(everyDay(89), 24*time.Hour), over},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.add("a@example.vn", Buyer, "", "")
			token, _ := w.in("a@example.vn")
			var err error
			for _, pause := range tt.uses {
				w.pass(pause)
				_, err = w.Resume(t.Context(), token)
			}
			expect(t, "the last use", err, tt.want)
			w.pass(SessionMax)
			if _, err := w.Prune(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n := count(t, w, "session"); n != 0 {
				t.Errorf("%d sessions are left", n)
			}
		})
	}
}

func everyDay(n int) (days []time.Duration) {
	for range n {
		days = append(days, 24*time.Hour)
	}
	return days
}

func TestResumeCosts(t *testing.T) {
	w, db := newCounting(t)
	w.add("a@example.vn", Buyer, "", "")
	token, _ := w.in("a@example.vn")
	measure := func(what string, n int, reads, writes int64) {
		t.Helper()
		db.reads.Store(0)
		db.writes.Store(0)
		for range n {
			if _, err := w.Resume(t.Context(), token); err != nil {
				t.Fatal(err)
			}
		}
		if r, wr := db.reads.Load(), db.writes.Load(); r != reads || wr != writes {
			t.Errorf("%s: %d reads and %d writes, want %d and %d", what, r, wr, reads, writes)
		}
	}
	measure("ten requests", 10, 10, 0)
	w.pass(cacheFor)
	measure("later: the account once", 10, 11, 0)
	w.pass(lastSeenStep)
	measure("an hour later: seen once", 10, 12, 1)
	key, _, err := w.AddKey(t.Context(), Command, KeyDraft{Name: "x", Role: Admin})
	if err != nil {
		t.Fatal(err)
	}
	db.reads.Store(0)
	db.writes.Store(0)
	for range 10 {
		if _, err := w.ByKey(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	if r, wr := db.reads.Load(), db.writes.Load(); r != 11 || wr != 1 {
		t.Errorf("ten uses of a key: %d reads and %d writes", r, wr)
	}
}

func TestBadTokens(t *testing.T) {
	w, db := newCounting(t)
	w.add("a@example.vn", Buyer, "", "")
	token, id := w.in("a@example.vn")
	good, _, err := w.AddKey(t.Context(), Command, KeyDraft{Name: "x", Role: Admin})
	if err != nil {
		t.Fatal(err)
	}
	flip := func(s string, i int) string {
		b := []byte(s)
		if b[i] == 'a' {
			b[i] = 'b'
		} else {
			b[i] = 'a'
		}
		return string(b)
	}
	for _, tt := range []struct {
		token string
		asks  bool // whether it may cost a read
	}{
		{"", false},
		{id.Session, false},
		{id.Session + ".", false},
		{token[:len(token)-1], false},
		{token + "a", false},
		{strings.ToUpper(token), false},
		{" " + token, false},
		{strings.Replace(token, ".", "_", 1), false},
		{good, false},
		{strings.Repeat("s", 1<<20), false},
		{flip(token, len(token)-1), true},
		{flip(token, idLength+1), true},
		{flip(token, 1), true},
	} {
		db.reads.Store(0)
		_, err := w.Resume(t.Context(), tt.token)
		expect(t, fmt.Sprintf("%.80q", tt.token), err, "not signed in (sign_in)")
		if asked := db.reads.Load() > 0; asked != tt.asks {
			t.Errorf("%.80q: asked the database: %v", tt.token, asked)
		}
		expect(t, "log out", w.LogOut(t.Context(), tt.token), "ok")
	}
	for _, bad := range []string{"", "tn_", token, good[:len(good)-1], good + "a", strings.ToUpper(good), "Bearer " + good,
		flip(good, len(good)-1), flip(good, len(keyPrefix)+1), "tn__", strings.Replace(good, "_", "", 1)} {
		_, err := w.ByKey(t.Context(), bad)
		expect(t, fmt.Sprintf("%.80q", bad), err, "not signed in (key_invalid)")
	}
	_, err = w.Resume(t.Context(), token)
	expect(t, "the right token still", err, "ok")
}

// FuzzSplit: what comes in a cookie or a header never reaches the database unless it could be ours.
func FuzzSplit(f *testing.F) {
	secret, _ := newSecret()
	f.Add(sessionToken(newID('s'), secret))
	f.Add(apiKey(newID('k'), secret))
	f.Add("tn__")
	f.Add(".")
	f.Fuzz(func(t *testing.T, s string) {
		if id, secret, ok := splitToken(s); ok && sessionToken(id, secret) != s {
			t.Errorf("token %q", s)
		}
		if id, secret, ok := splitKey(s); ok && apiKey(id, secret) != s {
			t.Errorf("key %q", s)
		}
	})
}

func TestSessions(t *testing.T) {
	ctx := t.Context()
	w := newWorld(t)
	a := w.add("a@example.vn", Buyer, "", "")
	w.add("b@example.vn", Buyer, "", "")
	w.in("b@example.vn")
	logIn := func(userAgent string) (string, Session) {
		token, s, err := w.LogIn(ctx, Attempt{Email: "a@example.vn", Password: goodPassword, UserAgent: userAgent})
		if err != nil {
			t.Fatal(err)
		}
		return token, s
	}
	_, first := logIn("Trình duyệt\n\x1b[2J\u202eA")
	w.pass(time.Hour)
	_, second := logIn(strings.Repeat("x", 1000))
	w.pass(time.Hour)
	token, third := logIn("")
	by, err := w.Resume(ctx, token)
	if err != nil {
		t.Fatal(err)
	}
	start := w.clock.Add(-2 * time.Hour)
	row := func(id string, at time.Time, userAgent string, current bool) Session {
		return Session{ID: id, Account: a.ID, CreatedAt: at, LastSeenAt: at, ExpiresAt: at.Add(SessionIdle), UserAgent: userAgent, Current: current}
	}
	want := []Session{
		row(third.ID, start.Add(2*time.Hour), "", true),
		row(second.ID, start.Add(time.Hour), strings.Repeat("x", 120), false),
		row(first.ID, start, "Trình duyệt[2JA", false),
	}
	check := func(by Identity, who string, want []Session) {
		t.Helper()
		got, err := w.Sessions(ctx, by, who)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("sessions (-want +got):\n%s", diff)
		}
	}
	check(by, "", want)
	expect(t, "end one", w.EndSession(ctx, by, second.ID), "ok")
	expect(t, "end it again", w.EndSession(ctx, by, second.ID), "not found (session_unknown)")
	expect(t, "end nonsense", w.EndSession(ctx, by, "../x"), "not found (session_unknown)")
	check(by, "", []Session{want[0], want[2]})
	expect(t, "end all others", w.EndAllSessions(ctx, by, ""), "ok")
	check(by, "", want[:1])
	_, err = w.Resume(ctx, token)
	expect(t, "the own session", err, "ok")
	expect(t, "log out", w.LogOut(ctx, token), "ok")
	expect(t, "log out again", w.LogOut(ctx, token), "ok")
	_, err = w.Resume(ctx, token)
	expect(t, "after logging out", err, "not signed in (sign_in)")
	check(Command, a.ID, []Session{})

	_, another := w.in("a@example.vn")
	expect(t, "an admin ends all", w.EndAllSessions(ctx, Command, a.Email), "ok")
	check(Command, a.ID, []Session{})
	expect(t, "confirm in a session that is over", w.Confirm(ctx, another, goodPassword), "not signed in (sign_in)")
}

func TestConfirm(t *testing.T) {
	ctx := t.Context()
	w := newWorld(t)
	w.add("a@example.vn", Admin, "", "")
	token, by := w.in("a@example.vn")
	if !by.SudoAt.Equal(w.clock) {
		t.Errorf("just logged in, and SudoAt is %v", by.SudoAt)
	}
	start := w.clock
	w.pass(30 * time.Minute)
	expect(t, "wrong", w.Confirm(ctx, by, "wrong wrong"), "invalid; /password: password_wrong")
	if by, _ = w.Resume(ctx, token); !by.SudoAt.Equal(start) {
		t.Errorf("a wrong password set SudoAt to %v", by.SudoAt)
	}
	expect(t, "right", w.Confirm(ctx, by, goodPassword), "ok")
	if by, _ = w.Resume(ctx, token); !by.SudoAt.Equal(w.clock) {
		t.Errorf("SudoAt is %v", by.SudoAt)
	}
}

// Whoever logs in while all sessions are being ended is out too, or logged in after it: no session
// made with the old password survives.
func TestLogInDuringReset(t *testing.T) {
	w := newWorld(t)
	w.add("a@example.vn", Buyer, "", "")
	var tokens sync.Map
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 5 {
				token, _, err := w.LogIn(context.Background(), Attempt{Email: "a@example.vn", Password: goodPassword})
				if err == nil {
					tokens.Store(token, true)
				}
			}
		})
	}
	wg.Go(func() {
		if _, err := w.ResetPassword(context.Background(), Command, "a@example.vn"); err != nil {
			t.Error(err)
		}
	})
	wg.Wait()
	n := 0
	for token := range tokens.Range {
		n++
		_, err := w.Resume(t.Context(), token.(string))
		expect(t, "a session of the old password", err, "not signed in (sign_in)")
	}
	t.Logf("%d log-ins were in time", n)
}

// Everything at once, for the race detector.
func TestConcurrency(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	w.add("admin@example.vn", Admin, "", "")
	w.add("a@example.vn", Staff, "htx1", "")
	token, by := w.in("a@example.vn")
	key, _, err := w.AddKey(ctx, Command, KeyDraft{Name: "x", Role: Staff, Org: "htx1"})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			for j := range 10 {
				var err error
				switch (i + j) % 8 {
				case 0:
					_, err = w.Resume(ctx, token)
				case 1:
					_, err = w.ByKey(ctx, key)
				case 2:
					_, _, err = w.LogIn(ctx, Attempt{Email: "a@example.vn", Password: goodPassword, Client: "c"})
				case 3:
					_, err = w.SetProfile(ctx, by, by.ID, fmt.Sprint("Tên ", i, j), "")
				case 4:
					_, err = w.Sessions(ctx, by, "")
				case 5:
					_, _, err = w.LogIn(ctx, Attempt{Email: "a@example.vn", Password: "wrong", Client: "c"})
				case 6:
					w.pass(20 * time.Minute)
				case 7:
					_, err = w.Prune(ctx)
				}
				if err != nil && !errors.Is(err, fault.TooMany) && !errors.Is(err, fault.Unauthenticated) {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	_, err = w.Resume(ctx, token)
	expect(t, "the session", err, "ok")
}

func BenchmarkResume(b *testing.B) {
	w := newWorld(b)
	w.add("a@example.vn", Buyer, "", "")
	token, _ := w.in("a@example.vn")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.Resume(b.Context(), token); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkByKey(b *testing.B) {
	w := newWorld(b)
	key, _, err := w.AddKey(b.Context(), Command, KeyDraft{Name: "x", Role: Admin})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.ByKey(b.Context(), key); err != nil {
			b.Fatal(err)
		}
	}
}
