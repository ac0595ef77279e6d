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

	"truynguon/internal/fault"
	"truynguon/internal/store"
	"truynguon/internal/store/sqlite"
)

// world is a directory with a clock that only the test moves, and an audit trail.
type world struct {
	*Directory
	t testing.TB

	mu     sync.Mutex
	clock  time.Time
	trail  []Change
	refuse error // what Changed answers
}

const goodPassword = "trà đá vỉa hè 7 giờ"

func newWorld(t testing.TB) *world {
	t.Helper()
	db, err := sqlite.Open(t.Context(), ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return worldOver(t, db)
}

func worldOver(t testing.TB, db store.DB) *world {
	w := &world{t: t, clock: time.Date(2026, 11, 24, 1, 30, 0, 0, time.UTC)}
	w.Directory = &Directory{
		DB:   db,
		Cost: Cost{MemoryKiB: 64, Time: 1, Threads: 1},
		Now: func() time.Time {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.clock
		},
		Changed: func(_ context.Context, c Change) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			if w.refuse != nil {
				return w.refuse
			}
			w.trail = append(w.trail, c)
			return nil
		},
	}
	return w
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock = w.clock.Add(d)
}

func (w *world) actions() (list []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.trail {
		list = append(list, c.Action)
	}
	return list
}

// add adds a person with goodPassword and no ado.
func (w *world) add(email string, role Role, org, unit string) Account {
	w.t.Helper()
	a, _, err := w.AddAccount(context.Background(), Command, AccountDraft{
		Email: email, Name: "Người " + email, Role: role, Org: org, Unit: unit, Password: goodPassword,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

// in logs somebody in with goodPassword.
func (w *world) in(email string) (token string, id Identity) {
	w.t.Helper()
	token, _, err := w.LogIn(context.Background(), Attempt{Email: email, Password: goodPassword})
	if err != nil {
		w.t.Fatal(err)
	}
	id, err = w.Resume(context.Background(), token)
	if err != nil {
		w.t.Fatal(err)
	}
	return token, id
}

// faults writes an error as its kind, its code and its fields.
func faults(err error) string {
	if err == nil {
		return "ok"
	}
	var p *fault.Problem
	if errors.As(err, &p) {
		return p.Error()
	}
	for _, kind := range []error{fault.NotFound, fault.Stale, fault.Exists, fault.Unavailable} {
		if errors.Is(err, kind) {
			return kind.Error()
		}
	}
	return "unexpected: " + err.Error()
}

func expect(t testing.TB, what string, err error, want string) {
	t.Helper()
	if got := faults(err); got != want {
		t.Errorf("%s: got %s, want %s", what, got, want)
	}
}

// text writes everything about a value that a log or a page could show.
func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprintf("%+v", v)
	}
	return fmt.Sprintf("%+v %s", v, b)
}

// leaks returns a secret that is part of text, or "".
func leaks(text string, secrets []string) string {
	for _, s := range secrets {
		if s != "" && strings.Contains(text, s) {
			return s
		}
	}
	return ""
}

// hooked is a database in which something happens once, just before a record is replaced or just
// after records were read.
type hooked struct {
	store.DB
	beforeReplace, afterGet func(kind string)
}

func (h *hooked) Replace(ctx context.Context, kind string, r store.Record) error {
	if f := h.beforeReplace; f != nil {
		h.beforeReplace = nil
		f(kind)
	}
	return h.DB.Replace(ctx, kind, r)
}

func (h *hooked) Get(ctx context.Context, kind string, keys ...string) ([]store.Record, error) {
	found, err := h.DB.Get(ctx, kind, keys...)
	if f := h.afterGet; f != nil && kind == "account" {
		h.afterGet = nil
		f(kind)
	}
	return found, err
}
