package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"sync"
	"time"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// Guessing is slowed twice: for each account, in the database, wherever the guesses come from; and
// for each client, in memory, whichever accounts it tries. Nothing is ever locked for good, or
// anybody could lock out anybody: the wait doubles up to 15 minutes and is forgotten bit by bit. A
// client that has logged in to the account before does not wait for what others have done to it.
//
// Every guess is counted before the password is looked at and given back if it was right. So a
// hundred guesses at once are no faster than one after the other.
//
// Addresses that have no account are slowed exactly like those that have one, by the same reads and
// writes: neither the answer nor the time it takes tells them apart.

// pace is how one kind of guessing is slowed.
type pace struct {
	free    int           // failures that cost nothing
	forgive time.Duration // after so long without an attempt, one failure is forgotten
}

var (
	// accountPace lets a patient attacker guess four times an hour, some 100 times a day, for ever:
	// nothing against a password of which the common ones were refused.
	accountPace = pace{free: 5, forgive: 30 * time.Minute}
	// clientPace is milder, since a whole cooperative may sit behind one address.
	clientPace = pace{free: 20, forgive: 3 * time.Minute}
)

const (
	maxWait    = 15 * time.Minute
	maxFailed  = 40 // more are not counted, so that forgetting takes a day at most
	knownFor   = 30 * 24 * time.Hour
	knownGrace = 5 // failures until a known client is like any other

	// attemptsKept is how long a tally stays in the database: until all of it would be forgotten.
	attemptsKept = maxFailed * 30 * time.Minute
)

// tally counts failures.
type tally struct {
	Failed int       `json:"failed"`
	At     time.Time `json:"at,omitzero"` // of the last attempt
}

// settle forgets what is to be forgotten by now.
func (t tally) settle(now time.Time, p pace) tally {
	if idle := now.Sub(t.At); idle > 0 {
		t.Failed = max(0, t.Failed-int(min(idle/p.forgive, maxFailed)))
	}
	return t
}

// wait returns how long the next attempt has to wait, 0 if it need not.
func (t tally) wait(now time.Time, p pace) time.Duration {
	n := t.settle(now, p).Failed
	if n < p.free {
		return 0
	}
	delay := min(time.Second<<min(n-p.free, 10), maxWait)
	// A clock that was set back must not turn seconds into days.
	return min(max(t.At.Add(delay).Sub(now), 0), maxWait)
}

// count returns the tally with one more attempt.
func (t tally) count(now time.Time, p pace) tally {
	return tally{Failed: min(t.settle(now, p).Failed+1, maxFailed), At: now}
}

// errSlowed tells to wait. The argument of its code login_slowed is the whole number of seconds.
func errSlowed(wait time.Duration) error {
	return fault.New(fault.TooMany, "login_slowed", max(1, int((wait+time.Second-1)/time.Second)))
}

// tallies are tallies in memory, by an opaque key. The zero value is ready for use.
type tallies struct {
	mu sync.Mutex
	m  map[string]tally
}

// maxTallies bounds the memory of a tallies to a few megabytes.
const maxTallies = 20_000

// take counts an attempt, unless it has to wait. An empty key never waits.
func (ts *tallies) take(key string, now time.Time, p pace) (wait time.Duration) {
	if key == "" {
		return 0
	}
	ts.mu.Lock()
	defer ts.mu.Unlock()
	t := ts.m[key]
	if wait := t.wait(now, p); wait > 0 {
		return wait
	}
	ts.put(key, t.count(now, p), func(t tally) bool { return t.settle(now, p).Failed == 0 })
	return 0
}

// giveBack takes back the count of one attempt.
func (ts *tallies) giveBack(key string) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if t, ok := ts.m[key]; ok {
		t.Failed = max(0, t.Failed-1)
		ts.m[key] = t
	}
}

// put stores a tally. If there are too many, those that idle says are idle go, and then any.
func (ts *tallies) put(key string, t tally, idle func(tally) bool) {
	if ts.m == nil {
		ts.m = make(map[string]tally)
	}
	if _, ok := ts.m[key]; !ok && len(ts.m) >= maxTallies {
		for k, old := range ts.m {
			if idle(old) {
				delete(ts.m, k)
			}
		}
		for k := range ts.m {
			if len(ts.m) < maxTallies*9/10 {
				break
			}
			delete(ts.m, k)
		}
	}
	ts.m[key] = t
}

// knownKey names a client that has logged in to an account; empty if the client is unknown.
func knownKey(client, email string) string {
	if client == "" {
		return ""
	}
	return client + "\x00" + email
}

// excuse reports whether a client is known from an earlier log-in to the account and counts its
// attempt: after knownGrace failures it is like any other.
func (ts *tallies) excuse(key string, now time.Time) bool {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	t, ok := ts.m[key]
	if !ok || t.Failed >= knownGrace || now.Sub(t.At) > knownFor {
		return false
	}
	t.Failed++
	ts.m[key] = t
	return true
}

// remember makes a client known from now on.
func (ts *tallies) remember(key string, now time.Time) {
	if key == "" {
		return
	}
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.put(key, tally{At: now}, func(t tally) bool { return now.Sub(t.At) > knownFor })
}

// forget makes every client of an account unknown again.
func (ts *tallies) forget(email string) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	for k := range ts.m {
		if n := len(k) - len(email); n > 0 && k[n:] == email && k[n-1] == 0 {
			delete(ts.m, k)
		}
	}
}

// attempt is the tally of one account, or of one address that has none. The address itself is not
// kept: people mistype, and type passwords into the wrong field.
type attempt struct {
	Key string `json:"key"`
	tally
}

var attempts = store.Table[attempt]{
	Kind: "attempt",
	Key:  func(a *attempt) string { return a.Key },
	Sort: func(a *attempt) string { return sortTime(a.At) },
}

// attemptKey names what is guessed at: the password at log-in, or the password of somebody already
// logged in. They are counted apart, so that strangers cannot keep people from changing theirs.
func attemptKey(purpose, email string) string {
	sum := sha256.Sum256([]byte(purpose + "\x00" + email))
	return hex.EncodeToString(sum[:])
}

// slowed returns how long guesses of this kind have to wait.
func (d *Directory) slowed(ctx context.Context, key string) (time.Duration, error) {
	row, err := attempts.Get(ctx, d.DB, key)
	if errors.Is(err, fault.NotFound) {
		return 0, nil
	}
	return row.Value.wait(d.now(), accountPace), err
}

// reserve counts an attempt in the database, or fails with login_slowed. Who is excused is counted
// and does not wait.
func (d *Directory) reserve(ctx context.Context, key string, excused bool) error {
	now := d.stamp()
	count := func(a *attempt) error {
		if wait := a.wait(now, accountPace); wait > 0 && !excused {
			return errSlowed(wait)
		}
		a.tally = a.count(now, accountPace)
		return nil
	}
	for {
		_, err := attempts.Update(ctx, d.DB, key, count)
		if !errors.Is(err, fault.NotFound) {
			if errors.Is(err, fault.Stale) { // a crowd is guessing this very moment
				return errSlowed(time.Second)
			}
			return err
		}
		first := attempt{Key: key}
		if err := count(&first); err != nil {
			return err
		}
		if err := attempts.Insert(ctx, d.DB, &first); !errors.Is(err, fault.Exists) {
			return err
		}
	}
}

// clear forgets the failures of an account after the right password, or after a new one was made.
func (d *Directory) clear(ctx context.Context, key string) error {
	_, err := attempts.Update(ctx, d.DB, key, func(a *attempt) error {
		a.Failed = 0
		return nil
	})
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// prove reports whether password is that of the stored hash, slowly if there were failures. An
// empty hash is nobody's. If the hash took less work than one would today, fresh is a new one.
func (d *Directory) prove(ctx context.Context, key string, excused bool, hash, password string) (right bool, fresh string, err error) {
	// Asked before the queue, so that a flood of guesses that must wait does not stand in the way.
	wait, err := d.slowed(ctx, key)
	if err != nil {
		return false, "", err
	}
	if wait > 0 && !excused {
		return false, "", errSlowed(wait)
	}
	leave, err := d.gate.enter(ctx)
	if err != nil {
		return false, "", err
	}
	defer leave()
	if err := d.reserve(ctx, key, excused); err != nil {
		return false, "", err
	}
	if len(password) > maxPasswordBytes {
		password, hash = password[:maxPasswordBytes], "" // nobody's password is that long
	}
	password = normal(password)
	if right, err = d.verify(hash, password); err != nil || !right {
		return false, "", err
	}
	if d.outdated(hash) {
		fresh = d.hash(password)
	}
	return true, fresh, d.clear(ctx, key)
}
