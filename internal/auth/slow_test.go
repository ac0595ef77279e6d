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

	"pgregory.net/rapid"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// seconds returns how long a slowed attempt is told to wait, -1 if it was not slowed.
func seconds(err error) int {
	var p *fault.Problem
	if errors.As(err, &p) && p.Code == "login_slowed" && errors.Is(err, fault.TooMany) {
		return p.Args[0].(int)
	}
	return -1
}

func TestTally(t *testing.T) {
	start := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		failed int
		after  time.Duration
		want   time.Duration
	}{
		{0, 0, 0},
		{4, 0, 0},
		{5, 0, time.Second},
		{6, 0, 2 * time.Second},
		{6, 1500 * time.Millisecond, 500 * time.Millisecond},
		{6, 2 * time.Second, 0},
		{14, 0, 512 * time.Second},
		{15, 0, maxWait},
		{40, 0, maxWait},
		{40, maxWait, 0},
		{40, -time.Hour, maxWait}, // the clock was set back
		{5, -time.Hour, maxWait},
	} {
		got := tally{Failed: tt.failed, At: start}.wait(start.Add(tt.after), accountPace)
		if got != tt.want {
			t.Errorf("%d failures, %v later: wait %v, want %v", tt.failed, tt.after, got, tt.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		ta, now := tally{}, start
		for range rapid.IntRange(0, 60).Draw(t, "attempts") {
			now = now.Add(time.Duration(rapid.Int64Range(-int64(time.Hour), int64(100*time.Hour)).Draw(t, "pause")))
			if w := ta.wait(now, accountPace); w < 0 || w > maxWait {
				t.Fatalf("wait %v", w)
			}
			ta = ta.count(now, accountPace)
			if ta.Failed < 1 || ta.Failed > maxFailed {
				t.Fatalf("%d failures", ta.Failed)
			}
		}
		if left := ta.settle(now.Add(attemptsKept), accountPace); left.Failed != 0 {
			t.Fatalf("pruned with %d failures to be remembered", left.Failed)
		}
	})
}

// An account that there is and one that there is not are slowed, answered and read and written alike.
func TestUnknownAddressLooksKnown(t *testing.T) {
	type answer struct {
		text          string
		wait          int
		reads, writes int64
	}
	try := func(email string) (answers []answer) {
		w, db := newCounting(t)
		w.add("known@example.vn", Buyer, "", "")
		for range 20 {
			db.reads.Store(0)
			db.writes.Store(0)
			_, _, err := w.LogIn(t.Context(), Attempt{Email: email, Password: "a wrong password"})
			answers = append(answers, answer{err.Error(), seconds(err), db.reads.Load(), db.writes.Load()})
			if s := seconds(err); s > 0 {
				w.pass(time.Duration(s) * time.Second / 2)
			}
		}
		return answers
	}
	known := try("known@example.vn")
	if known[19].wait < 2 {
		t.Errorf("not slowed: %+v", known)
	}
	for _, email := range []string{"unknown@example.vn", "no address at all", "", "x\x00", strings.Repeat("x", 1<<16), "my password \xff"} {
		for i, got := range try(email) {
			if got != known[i] {
				t.Errorf("%.40q, attempt %d: %+v; with an account: %+v", email, i, got, known[i])
			}
		}
	}
}

// The password of an unknown address is hashed, too. The measure is coarse: a hash at the default
// cost takes a hundred times as long as everything else.
func TestUnknownAddressTakesAsLong(t *testing.T) {
	w := newWorld(t)
	w.Cost = DefaultCost
	w.add("known@example.vn", Buyer, "", "")
	fastest := func(email, password string) time.Duration {
		best := time.Hour
		for range 4 {
			start := time.Now()
			_, _, _ = w.LogIn(t.Context(), Attempt{Email: email, Password: password})
			best = min(best, time.Since(start))
		}
		return best
	}
	known := fastest("known@example.vn", "a wrong password")
	for _, tt := range [][2]string{
		{"unknown@example.vn", "a wrong password"},
		{"nonsense", "a wrong password"},
		{"other@example.vn", strings.Repeat("long", 5000)},
	} {
		if got := fastest(tt[0], tt[1]); got < known/3 {
			t.Errorf("%s: %v, with an account %v", tt[0], got, known)
		}
	}
}

func TestSlowedLogIn(t *testing.T) {
	ctx := t.Context()
	w := newWorld(t)
	w.add("a@example.vn", Buyer, "", "")
	w.add("b@example.vn", Buyer, "", "")
	guess := func(password string) error {
		_, _, err := w.LogIn(ctx, Attempt{Email: "a@example.vn", Password: password})
		return err
	}
	for i := range accountPace.free {
		expect(t, fmt.Sprint("guess ", i), guess("a wrong password"), "not signed in (login_failed)")
	}
	for _, want := range []int{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900} {
		if got := seconds(guess("a wrong password")); got != want {
			t.Fatalf("told to wait %d s, want %d", got, want)
		}
		if got := seconds(guess(goodPassword)); got != want { // and impatience costs nothing
			t.Fatalf("with the right one told to wait %d s, want %d", got, want)
		}
		w.pass(time.Duration(want)*time.Second - time.Millisecond)
		if got := seconds(guess(goodPassword)); got != 1 {
			t.Fatalf("a moment before: told to wait %d s", got)
		}
		w.pass(time.Millisecond)
		expect(t, "after waiting", guess("a wrong password"), "not signed in (login_failed)")
	}
	_, _, err := w.LogIn(ctx, Attempt{Email: "b@example.vn", Password: goodPassword})
	expect(t, "another account", err, "ok")

	// It survives a restart, and all machines know it.
	restarted := worldOver(t, w.DB)
	restarted.clock = w.clock
	_, _, err = restarted.LogIn(ctx, Attempt{Email: "a@example.vn", Password: goodPassword})
	if got := seconds(err); got != 900 {
		t.Errorf("after a restart told to wait %d s", got)
	}

	w.pass(maxWait)
	expect(t, "the right password after waiting", guess(goodPassword), "ok")
	for i := range accountPace.free {
		expect(t, fmt.Sprint("all is forgiven, guess ", i), guess("a wrong password"), "not signed in (login_failed)")
	}
}

// Failures are forgotten one by one.
func TestFailuresAreForgotten(t *testing.T) {
	ctx := t.Context()
	w := newWorld(t)
	w.add("a@example.vn", Buyer, "", "")
	for range accountPace.free {
		_, _, _ = w.LogIn(ctx, Attempt{Email: "a@example.vn", Password: "a wrong password"})
	}
	w.pass(2 * accountPace.forgive)
	var got []int
	for range 4 {
		_, _, err := w.LogIn(ctx, Attempt{Email: "a@example.vn", Password: "a wrong password"})
		got = append(got, seconds(err))
	}
	if want := []int{-1, -1, 1, 1}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	w.pass(attemptsKept - time.Second)
	if n, err := w.Prune(ctx); n != 0 || err != nil {
		t.Errorf("pruned %d too early, %v", n, err)
	}
	w.pass(2 * time.Second)
	if n, err := w.Prune(ctx); n != 1 || err != nil {
		t.Errorf("pruned %d, %v", n, err)
	}
}

// However many guess at once, at however many machines, no more passwords are looked at than one
// after the other.
func TestConcurrentGuesses(t *testing.T) {
	w := newWorld(t)
	w.add("a@example.vn", Buyer, "", "")
	at := []*world{w, worldOver(t, w.DB), worldOver(t, w.DB)}
	var looked, slowed atomic.Int64
	var wg sync.WaitGroup
	for i := range 60 {
		wg.Go(func() {
			_, _, err := at[i%len(at)].LogIn(context.Background(), Attempt{Email: "a@example.vn", Password: "a wrong password", Client: fmt.Sprint(i)})
			switch {
			case errors.Is(err, fault.Unauthenticated):
				looked.Add(1)
			case errors.Is(err, fault.TooMany):
				slowed.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if looked.Load() != int64(accountPace.free) || slowed.Load() != 60-int64(accountPace.free) {
		t.Errorf("%d guesses were looked at, %d slowed", looked.Load(), slowed.Load())
	}
}

func TestSlowedClient(t *testing.T) {
	ctx := t.Context()
	w := newWorld(t)
	w.add("own@example.vn", Buyer, "", "")
	n := 0
	spray := func() error { // one guess at each of many accounts
		n++
		_, _, err := w.LogIn(ctx, Attempt{Email: fmt.Sprintf("%d@example.vn", n), Password: "a wrong password", Client: "bad"})
		return err
	}
	for range clientPace.free {
		expect(t, "guess", spray(), "not signed in (login_failed)")
		// Logging in to an own account in between does not help the client.
		_, _, err := w.LogIn(ctx, Attempt{Email: "own@example.vn", Password: goodPassword, Client: "bad"})
		if seconds(err) == -1 {
			expect(t, "own account", err, "ok")
		}
	}
	if s := seconds(spray()); s != 1 {
		t.Errorf("told to wait %d s", s)
	}
	_, _, err := w.LogIn(ctx, Attempt{Email: "own@example.vn", Password: goodPassword, Client: "good"})
	expect(t, "another client", err, "ok")
	_, _, err = w.LogIn(ctx, Attempt{Email: "own@example.vn", Password: goodPassword})
	expect(t, "no client", err, "ok")
	w.pass(time.Second)
	expect(t, "after waiting", spray(), "not signed in (login_failed)")
	if s := seconds(spray()); s != 2 {
		t.Errorf("told to wait %d s", s)
	}
	w.pass(clientPace.forgive * maxFailed)
	for range clientPace.free {
		expect(t, "next day", spray(), "not signed in (login_failed)")
	}
}

// Whoever has logged in from here before gets in, whatever others do to the account meanwhile.
func TestKnownClientIsNotLockedOut(t *testing.T) {
	ctx := t.Context()
	w := newWorld(t)
	w.add("a@example.vn", Buyer, "", "")
	logIn := func(client, password string) error {
		_, _, err := w.LogIn(ctx, Attempt{Email: "a@example.vn", Password: password, Client: client})
		return err
	}
	attack := func() {
		for failed := 0; failed < 12; {
			err := logIn(fmt.Sprint("attacker ", failed), "a wrong password")
			if s := seconds(err); s > 0 {
				w.pass(time.Duration(s) * time.Second)
			} else {
				failed++
			}
		}
	}
	expect(t, "first", logIn("home", goodPassword), "ok")
	attack()
	if s := seconds(logIn("elsewhere", goodPassword)); s < 0 {
		t.Error("a stranger need not wait")
	}
	expect(t, "home, mistyped", logIn("home", "a wrong password"), "not signed in (login_failed)")
	expect(t, "home", logIn("home", goodPassword), "ok")

	// But a known client may not guess for ever.
	attack()
	for range knownGrace {
		expect(t, "home guesses", logIn("home", "a wrong password"), "not signed in (login_failed)")
	}
	if s := seconds(logIn("home", goodPassword)); s < 0 {
		t.Error("a known client guesses on")
	}
	w.pass(maxWait)
	expect(t, "home, after waiting", logIn("home", goodPassword), "ok")

	// Nor is it known for ever, nor after the password was reset.
	w.pass(knownFor + time.Second)
	attack()
	if s := seconds(logIn("home", goodPassword)); s < 0 {
		t.Error("known for ever")
	}
	w.pass(maxWait)
	expect(t, "home again", logIn("home", goodPassword), "ok")
	if _, err := w.ResetPassword(ctx, Command, "a@example.vn"); err != nil {
		t.Fatal(err)
	}
	if w.known.excuse(knownKey("home", "a@example.vn"), w.clock) {
		t.Error("still known after a reset")
	}
}

// The tallies in memory do not grow without bound, and a flood of new clients does not wash away
// one that must wait.
func TestTalliesAreBounded(t *testing.T) {
	var ts tallies
	now := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	for i := range 3 * maxTallies {
		ts.take(fmt.Sprint("c", i), now, clientPace)
		now = now.Add(100 * time.Millisecond)
		if len(ts.m) > maxTallies {
			t.Fatalf("%d tallies", len(ts.m))
		}
	}
}

func TestDisabledLogIn(t *testing.T) {
	ctx := t.Context()
	w := newWorld(t)
	w.add("a@example.vn", Buyer, "", "")
	if _, err := w.Disable(ctx, Command, "a@example.vn"); err != nil {
		t.Fatal(err)
	}
	_, _, err := w.LogIn(ctx, Attempt{Email: "a@example.vn", Password: "a wrong password"})
	expect(t, "a stranger learns nothing", err, "not signed in (login_failed)")
	_, _, err = w.LogIn(ctx, Attempt{Email: "a@example.vn", Password: goodPassword})
	expect(t, "the person learns why", err, "denied (account_disabled)")
}

// failing is a database that is down.
type failing struct{ store.DB }

var errDown = fmt.Errorf("database: %w", fault.Unavailable)

func (failing) Get(context.Context, string, ...string) ([]store.Record, error) { return nil, errDown }

// While the database is down nobody is told that the password or the session was wrong.
func TestDatabaseDown(t *testing.T) {
	ctx := t.Context()
	w := newWorld(t)
	w.add("a@example.vn", Buyer, "", "")
	token, by := w.in("a@example.vn")
	key, _, err := w.AddKey(ctx, Command, KeyDraft{Name: "x", Role: Admin})
	if err != nil {
		t.Fatal(err)
	}
	w.DB = failing{w.DB}
	for verb, do := range map[string]func() error{
		"LogIn": func() error {
			_, _, err := w.LogIn(ctx, Attempt{Email: "a@example.vn", Password: goodPassword, Client: "c"})
			return err
		},
		"LogIn with the password as address": func() error {
			_, _, err := w.LogIn(ctx, Attempt{Email: goodPassword, Password: goodPassword, Client: "c"})
			return err
		},
		"Resume":      func() error { _, err := w.Resume(ctx, token); return err },
		"ByKey":       func() error { _, err := w.ByKey(ctx, key); return err },
		"LogOut":      func() error { return w.LogOut(ctx, token) },
		"EndSession":  func() error { return w.EndSession(ctx, by, by.Session) },
		"SetPassword": func() error { return w.SetPassword(ctx, by, goodPassword, goodPassword+"!") },
	} {
		err := do()
		if !errors.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v", verb, err)
		} else if leaks(err.Error(), []string{goodPassword, token, key}) != "" {
			t.Errorf("%s tells a secret: %v", verb, err)
		}
	}
	for range 2 * clientPace.free { // and trying again meanwhile is no guessing
		_, _, err := w.LogIn(ctx, Attempt{Email: "a@example.vn", Password: goodPassword, Client: "c"})
		if !errors.Is(err, fault.Unavailable) {
			t.Fatal(err)
		}
	}
}
