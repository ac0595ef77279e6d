package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"slices"
	"time"

	"truynguon/internal/fault"
)

// A Table is a kind of record with a Go type. Each kind is declared once, as a package variable,
// and the declaration says what its records can be looked up by.
//
// Values are kept as encoding/json writes them, except that "<", ">" and "&" stay readable.
// Numbers that end up in a field of type any are read as json.Number, so that none is rounded.
type Table[T any] struct {
	// Kind names the kind in the database. It must never change.
	Kind string
	// Key returns the key of a value, which must not change while the record lives.
	Key func(*T) string
	// Sort returns what Find orders by, usually an RFC 3339 time in UTC. Nil means "".
	Sort func(*T) string
	// Terms returns what Find can look the value up by. Nil means none.
	Terms func(*T) []string
	// Upgrade turns a body as it was once written into one as T is read today. It is applied to
	// every body read, so it must let a current body pass; nil means that every body is current.
	// The upgraded form reaches the database with the next Update, even one that changes nothing.
	Upgrade func(json.RawMessage) (json.RawMessage, error)
}

// A Row is a value as it was read.
type Row[T any] struct {
	Value T
	// Rev is the revision that was read; it is what UpdateAt and Delete want to be told.
	Rev int64
	Key string
}

// maxTries bounds the attempts of Update. Each round of a contest has a winner, so this is also
// the number of writers that can meet on one record without anybody having to give up.
const maxTries = 64

// record encodes a value. Its Rev is left for the caller to set.
func (t Table[T]) record(v *T) (Record, error) {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return Record{}, err
	}
	r := Record{Key: t.Key(v), Body: bytes.TrimSuffix(body.Bytes(), []byte("\n"))}
	if t.Sort != nil {
		r.Sort = t.Sort(v)
	}
	if t.Terms != nil {
		r.Terms = TermSet(t.Terms(v))
	}
	return r, nil
}

// row decodes a record.
func (t Table[T]) row(r Record) (Row[T], error) {
	body := r.Body
	if t.Upgrade != nil {
		var err error
		if body, err = t.Upgrade(body); err != nil {
			return Row[T]{}, fmt.Errorf("upgrade %s %q: %w", t.Kind, r.Key, err)
		}
	}
	row := Row[T]{Rev: r.Rev, Key: r.Key}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if err := dec.Decode(&row.Value); err != nil {
		return Row[T]{}, fmt.Errorf("decode %s %q: %w", t.Kind, r.Key, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) { // only an Upgrade can do that
		return Row[T]{}, fmt.Errorf("decode %s %q: more than one value", t.Kind, r.Key)
	}
	return row, nil
}

// get reads one record, or returns fault.NotFound.
func (t Table[T]) get(ctx context.Context, db DB, key string) (Record, error) {
	found, err := db.Get(ctx, t.Kind, key)
	if err != nil {
		return Record{}, err
	}
	if len(found) == 0 {
		return Record{}, fault.NotFound
	}
	return found[0], nil
}

// Get reads one value. It returns fault.NotFound if there is none.
func (t Table[T]) Get(ctx context.Context, db DB, key string) (row Row[T], err error) {
	defer fault.Wrap(&err, "get %s %.80q", t.Kind, key)
	r, err := t.get(ctx, db, key)
	if err != nil {
		return Row[T]{}, err
	}
	return t.row(r)
}

// GetMany reads those of the keys that exist, in one round trip. Missing keys are missing in the
// map too.
func (t Table[T]) GetMany(ctx context.Context, db DB, keys []string) (rows map[string]Row[T], err error) {
	defer fault.Wrap(&err, "get %s: %d keys", t.Kind, len(keys))
	found, err := db.Get(ctx, t.Kind, keys...)
	if err != nil {
		return nil, err
	}
	rows = make(map[string]Row[T], len(found))
	for _, r := range found {
		if rows[r.Key], err = t.row(r); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// Insert adds a value, with revision 1. It returns fault.Exists if its key is taken.
func (t Table[T]) Insert(ctx context.Context, db DB, v *T) (err error) {
	r, err := t.record(v)
	defer fault.Wrap(&err, "insert %s %.80q", t.Kind, r.Key)
	if err != nil {
		return err
	}
	return db.Insert(ctx, t.Kind, r)
}

// Update reads a value, lets fn change it and writes it back, as often as it takes until nobody
// else has changed it in between; so fn may run several times and must do nothing but change the
// value it is given. It returns the value as it now is in the database.
//
// An error of fn ends it, and nothing is written. A change that alters nothing, neither the body
// nor the sort nor the terms, writes nothing and keeps the revision. It returns fault.NotFound if
// there is no such value, and fault.Stale only if the contest for it was lost 64 times.
func (t Table[T]) Update(ctx context.Context, db DB, key string, fn func(*T) error) (row Row[T], err error) {
	defer fault.Wrap(&err, "update %s %.80q", t.Kind, key)
	for try := 0; ; try++ {
		r, err := t.get(ctx, db, key)
		if err != nil {
			return Row[T]{}, err
		}
		row, lost, err := t.change(ctx, db, r, fn)
		if !lost || try+1 == maxTries {
			return row, err
		}
		if err := pause(ctx, try); err != nil {
			return Row[T]{}, err
		}
	}
}

// UpdateAt is Update for a caller who has seen revision rev and means to change just that: it
// returns fault.Stale, and fn does not run, if the value has another revision by now.
func (t Table[T]) UpdateAt(ctx context.Context, db DB, key string, rev int64, fn func(*T) error) (row Row[T], err error) {
	defer fault.Wrap(&err, "update %s %.80q at revision %d", t.Kind, key, rev)
	r, err := t.get(ctx, db, key)
	if err != nil {
		return Row[T]{}, err
	}
	if r.Rev != rev {
		return Row[T]{}, fault.Stale
	}
	row, _, err = t.change(ctx, db, r, fn)
	return row, err
}

// change applies fn to a record that was read and replaces it, if it differs. It reports whether
// it lost against another writer, since fn may return fault.Stale for reasons of its own.
func (t Table[T]) change(ctx context.Context, db DB, old Record, fn func(*T) error) (row Row[T], lost bool, err error) {
	row, err = t.row(old)
	if err != nil {
		return Row[T]{}, false, err
	}
	if err := fn(&row.Value); err != nil {
		return Row[T]{}, false, err
	}
	r, err := t.record(&row.Value)
	if err != nil {
		return Row[T]{}, false, err
	}
	if r.Key != old.Key {
		return Row[T]{}, false, fmt.Errorf("an update must not change the key, to %.80q", r.Key)
	}
	if bytes.Equal(r.Body, old.Body) && r.Sort == old.Sort && slices.Equal(r.Terms, old.Terms) {
		return row, false, nil
	}
	r.Rev = old.Rev
	if err := db.Replace(ctx, t.Kind, r); err != nil {
		return Row[T]{}, errors.Is(err, fault.Stale), err
	}
	row.Rev = old.Rev + 1
	return row, false, nil
}

// pause waits before the next attempt: a random part of a time that grows from 1 to 64 ms, so that
// those who collided do not do so again in step.
func pause(ctx context.Context, try int) error {
	timer := time.NewTimer(rand.N(time.Millisecond << min(try, 6)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Delete removes the value if it still has revision rev: fault.Stale if it has another,
// fault.NotFound if there is none.
func (t Table[T]) Delete(ctx context.Context, db DB, key string, rev int64) (err error) {
	defer fault.Wrap(&err, "delete %s %.80q", t.Kind, key)
	return db.Delete(ctx, t.Kind, key, rev)
}

// Find returns a page of values, and the cursor of the page that follows, "" at the end.
func (t Table[T]) Find(ctx context.Context, db DB, q Query) (rows []Row[T], next string, err error) {
	defer fault.Wrap(&err, "find %s %.80q", t.Kind, q.Term)
	page, err := db.Find(ctx, t.Kind, q)
	if err != nil {
		return nil, "", err
	}
	rows = make([]Row[T], len(page.Records))
	for i, r := range page.Records {
		if rows[i], err = t.row(r); err != nil {
			return nil, "", err
		}
	}
	return rows, page.Next, nil
}

// All returns every value that the query selects, reading a page of q.Limit values at a time (500
// if it is 0) as the loop goes on. An error is the last pair.
func (t Table[T]) All(ctx context.Context, db DB, q Query) iter.Seq2[Row[T], error] {
	if q.Limit == 0 {
		q.Limit = 500
	}
	return func(yield func(Row[T], error) bool) {
		q := q // the sequence may be ranged over again
		for {
			rows, next, err := t.Find(ctx, db, q)
			if err != nil {
				yield(Row[T]{}, err)
				return
			}
			for _, row := range rows {
				if !yield(row, nil) {
					return
				}
			}
			if next == "" {
				return
			}
			q.After = next
		}
	}
}
