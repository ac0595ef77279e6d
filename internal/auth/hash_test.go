package auth

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"

	"truynguon/internal/fault"
)

func TestPHC(t *testing.T) {
	// Made with the reference implementation: the test of argon2id in phc-winner-argon2,
	// m=256, t=2, p=1, "password" and "somesalt".
	const known = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
	d := &Directory{Cost: Cost{MemoryKiB: 64, Time: 1, Threads: 1}}
	for _, tt := range []struct {
		password string
		want     bool
	}{{"password", true}, {"Password", false}, {"", false}} {
		got, err := d.verify(known, tt.password)
		if err != nil || got != tt.want {
			t.Errorf("verify(%q) = %v, %v; want %v", tt.password, got, err, tt.want)
		}
	}
	h := d.hash("mật khẩu")
	if !strings.HasPrefix(h, "$argon2id$v=19$m=64,t=1,p=1$") {
		t.Errorf("hash is %s", h)
	}
	if ok, err := d.verify(h, "mật khẩu"); !ok || err != nil {
		t.Errorf("own hash: %v, %v", ok, err)
	}
	if again := d.hash("mật khẩu"); again == h {
		t.Error("two hashes of one password are equal: no salt")
	}
}

func TestDamagedPHC(t *testing.T) {
	for _, s := range []string{
		"x",
		"$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		"$argon2id$v=16$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		"$argon2id$v=19$m=4294967295,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		"$argon2id$v=19$m=256,t=0,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		"$argon2id$v=19$m=256,t=2,p=0$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		"$argon2id$v=19$m=0256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		"$argon2id$v=19$m=256,t=2,p=1,x=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		"$argon2id$v=19$m=256,t=2,p=1$$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$",
		"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4=",
	} {
		_, err := new(Directory).verify(s, "password")
		if !errors.Is(err, errHash) {
			t.Errorf("%s was taken: %v", s, err)
		} else if strings.Contains(err.Error(), "c29t") {
			t.Errorf("error tells the hash: %v", err)
		}
	}
}

// FuzzPHC: a damaged record must neither crash a log-in nor make it take all memory.
func FuzzPHC(f *testing.F) {
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4")
	f.Add("$argon2id$v=19$m=64,t=1,p=255$c29tZXNhbHQ$nf65")
	f.Add("$$$$$")
	f.Fuzz(func(t *testing.T, s string) {
		h, err := parsePHC(s)
		if err != nil {
			return
		}
		if h.String() != s {
			t.Errorf("%q came back as %q", s, h)
		}
		if h.cost.MemoryKiB > 1<<18 || h.cost.Time > 16 || h.cost.Threads > 16 {
			t.Errorf("%q costs too much", s)
		}
	})
}

func TestRehash(t *testing.T) {
	w := newWorld(t)
	w.add("a@example.vn", Buyer, "", "")
	stored := func() string {
		row, err := accounts.Get(t.Context(), w.DB, "a@example.vn")
		if err != nil {
			t.Fatal(err)
		}
		return row.Value.Hash
	}
	old := stored()
	w.in("a@example.vn")
	if stored() != old {
		t.Error("hashed anew without need")
	}
	w.Cost = Cost{MemoryKiB: 128, Time: 2, Threads: 1}
	if _, _, err := w.LogIn(t.Context(), Attempt{Email: "a@example.vn", Password: "wrong password"}); err == nil {
		t.Error("logged in with a wrong password")
	}
	if stored() != old {
		t.Error("a wrong password was hashed anew")
	}
	token, _ := w.in("a@example.vn")
	if s := stored(); !strings.Contains(s, "m=128,t=2") {
		t.Errorf("still %s", s)
	}
	if _, err := w.Resume(t.Context(), token); err != nil {
		t.Errorf("the session did not survive: %v", err)
	}
	w.Cost = Cost{MemoryKiB: 64, Time: 1, Threads: 1}
	w.in("a@example.vn")
	if s := stored(); !strings.Contains(s, "m=128,t=2") {
		t.Errorf("weakened to %s", s)
	}
}

func TestGate(t *testing.T) {
	var g gate
	ctx := t.Context()
	var leave []func()
	for range 100 { // take all places
		tight, cancel := context.WithTimeout(ctx, time.Millisecond)
		l, err := g.enter(tight)
		cancel()
		if err != nil {
			break
		}
		leave = append(leave, l)
	}
	if n := len(leave); n < 1 || n > 4 {
		t.Fatalf("%d hash at a time", n)
	}
	waiting, cancel := context.WithCancel(ctx)
	done := make(chan error)
	for range maxWaiting {
		go func() {
			_, err := g.enter(waiting)
			done <- err
		}()
	}
	for g.waiting.Load() < maxWaiting {
		time.Sleep(time.Millisecond)
	}
	_, err := g.enter(ctx)
	expect(t, "one more", err, "unavailable (login_busy)")
	if !errors.Is(err, fault.Unavailable) {
		t.Errorf("kind of %v", err)
	}
	cancel()
	for range maxWaiting {
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("who waited in vain got %v", err)
		}
	}
	leave[0]()
	l, err := g.enter(ctx)
	if err != nil {
		t.Fatalf("a place is free: %v", err)
	}
	l()
}

func BenchmarkHash(b *testing.B) {
	for b.Loop() {
		argon2.IDKey([]byte(goodPassword), make([]byte, saltLength), DefaultCost.Time, DefaultCost.MemoryKiB, DefaultCost.Threads, hashLength)
	}
}
