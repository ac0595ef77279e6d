package trace

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// Change is an entry of the audit trail: who did what to which record, when, and what was there
// before and after.
type Change struct {
	// At is when it was done.
	At time.Time `json:"at"`
	// By is who did it.
	By Actor `json:"by"`
	// Action is the verb, such as "register", "release" or "verify".
	Action string `json:"action"`
	// Kind and Key name the record, and Rev its revision after the change.
	Kind string `json:"kind"`
	Key  string `json:"key"`
	Rev  int64  `json:"rev"`
	// Org is the organisation whose record it is, if it is one's.
	Org string `json:"org,omitempty"`
	// Reason is what the actor gave as the reason, where one is asked for.
	Reason string `json:"reason,omitempty"`
	// Fields are the members of the record that differ, in alphabetical order.
	Fields []FieldChange `json:"fields,omitempty"`
}

// FieldChange is one member of a record before and after a change. A member that was or is absent
// has no value.
type FieldChange struct {
	Name   string          `json:"name"`
	Before json.RawMessage `json:"before,omitempty"`
	After  json.RawMessage `json:"after,omitempty"`
}

// record is how a document is kept: with its last change inside, so that the change and its entry in
// the audit trail are one write. The entry is then copied to the trail; should that be cut short, it
// is copied before the next change.
type record[T any] struct {
	Doc     T         `json:"doc"`
	Created time.Time `json:"created"`
	Updated time.Time `json:"updated"`
	Last    Change    `json:"last"`
}

// Stored is a document with the facts of its keeping.
type Stored[T any] struct {
	Doc T
	// Rev is the revision, which an update names so as not to overwrite somebody else's.
	Rev int64
	// Created and Updated are when it was first and last written.
	Created, Updated time.Time
}

// kind is one kind of record: how it is found, and how the verbs write it.
type kind[T any] struct {
	store.Table[record[T]]
	// org tells whose record it is.
	org func(*T) string
	// itself tells that the records are a trail themselves: written once, with who and when in them.
	// They have no entries in the audit trail.
	itself bool
	// before, if there is one, is done before a new record is written.
	before func(ctx context.Context, l *Ledger, doc *T) error
	// affects names what of the coverage a change of a record may alter, nil if nothing.
	affects func(*Ledger, *T) []string
}

// mark notes what of the coverage a change may alter, before it is written.
func (k kind[T]) mark(ctx context.Context, l *Ledger, doc *T) error {
	if k.affects == nil {
		return nil
	}
	return l.markCoverage(ctx, k.affects(l, doc)...)
}

func newKind[T any](name string, key, org func(*T) string, sort func(r *record[T]) string, terms func(*T) []string) kind[T] {
	k := kind[T]{
		Table: store.Table[record[T]]{
			Kind: name,
			Key:  func(r *record[T]) string { return key(&r.Doc) },
			Sort: sort,
			Terms: func(r *record[T]) []string {
				if terms == nil {
					return nil
				}
				return terms(&r.Doc)
			},
		},
		org: org,
	}
	reindexers = append(reindexers, reindexer{name, func(ctx context.Context, db store.DB) (int, int, error) {
		return reindex(ctx, db, k.Table)
	}})
	return k
}

// byCreation orders records by when they were made.
func byCreation[T any](r *record[T]) string { return sortTime(r.Created) }

// sortTime writes a time so that text order is time order.
func sortTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func stored[T any](r store.Row[record[T]]) Stored[T] {
	return Stored[T]{Doc: r.Value.Doc, Rev: r.Rev, Created: r.Value.Created, Updated: r.Value.Updated}
}

// get reads one document. It fails with fault.NotFound.
func (k kind[T]) get(ctx context.Context, l *Ledger, key string) (Stored[T], error) {
	r, err := k.Get(ctx, l.DB, key)
	if err != nil {
		return Stored[T]{}, err
	}
	return stored(r), nil
}

// many reads the documents with the given keys in one question. Keys without a record are absent
// from the answer.
func (k kind[T]) many(ctx context.Context, l *Ledger, keys []string) (map[string]Stored[T], error) {
	if len(keys) == 0 {
		return nil, nil
	}
	rows, err := k.GetMany(ctx, l.DB, keys)
	if err != nil {
		return nil, err
	}
	docs := make(map[string]Stored[T], len(rows))
	for key, r := range rows {
		docs[key] = stored(r)
	}
	return docs, nil
}

// find reads a page of documents.
func (k kind[T]) find(ctx context.Context, l *Ledger, q store.Query) ([]Stored[T], string, error) {
	rows, next, err := k.Find(ctx, l.DB, q)
	if err != nil {
		return nil, "", err
	}
	docs := make([]Stored[T], len(rows))
	for i, r := range rows {
		docs[i] = stored(r)
	}
	return docs, next, nil
}

// insert writes a new document and its entry in the audit trail. Where a record with the same key is
// there already, the answer is fault.Exists together with that record, and its entry is in the trail:
// a verb that is repeated after a failure decides whether that record is its own.
func (k kind[T]) insert(ctx context.Context, l *Ledger, by Actor, action string, doc T) (Stored[T], error) {
	if k.before != nil {
		if err := k.before(ctx, l, &doc); err != nil {
			return Stored[T]{}, err
		}
	}
	now := l.stamp()
	r := record[T]{Doc: doc, Created: now, Updated: now}
	r.Last = Change{At: now, By: by, Action: action, Kind: k.Kind, Key: k.Key(&r), Rev: 1, Org: k.org(&doc)}
	if err := k.mark(ctx, l, &doc); err != nil {
		return Stored[T]{}, err
	}
	err := k.Insert(ctx, l.DB, &r)
	if errors.Is(err, fault.Exists) {
		l.generation.Add(1) // it may be there by an earlier attempt whose answer was lost
		old, getErr := k.Get(ctx, l.DB, r.Last.Key)
		if getErr != nil {
			return Stored[T]{}, getErr
		}
		if err := k.file(ctx, l, &old.Value); err != nil {
			return Stored[T]{}, err
		}
		return stored(old), err
	}
	if err != nil {
		return Stored[T]{}, err
	}
	l.generation.Add(1)
	if err := k.file(ctx, l, &r); err != nil {
		return Stored[T]{}, err
	}
	return Stored[T]{Doc: doc, Rev: 1, Created: now, Updated: now}, nil
}

// again answers a document that a submission sent before has made, and sees to its entry in the trail. It
// fails with fault.NotFound if there is none.
func (k kind[T]) again(ctx context.Context, l *Ledger, key string) (Stored[T], error) {
	r, err := k.Get(ctx, l.DB, key)
	if err != nil {
		return Stored[T]{}, err
	}
	return stored(r), k.file(ctx, l, &r.Value)
}

// update changes a document and writes the entry in the audit trail. rev is the revision that the
// actor saw, or 0 to change whatever is there. A change that alters nothing writes nothing.
func (k kind[T]) update(ctx context.Context, l *Ledger, by Actor, key string, rev int64, action, reason string, change func(*T) error) (Stored[T], error) {
	apply := func(r *record[T]) error {
		// The entry of the change before must be in the trail before this one takes its place.
		if err := k.file(ctx, l, r); err != nil {
			return err
		}
		before := members(r.Doc)
		if err := change(&r.Doc); err != nil {
			return err
		}
		fields := differences(before, members(r.Doc))
		if len(fields) == 0 {
			return nil
		}
		if err := k.mark(ctx, l, &r.Doc); err != nil {
			return err
		}
		r.Updated = l.stamp()
		r.Last = Change{
			At: r.Updated, By: by, Action: action, Kind: k.Kind, Key: key, Rev: r.Last.Rev + 1,
			Org: k.org(&r.Doc), Reason: reason, Fields: fields,
		}
		return nil
	}
	var row store.Row[record[T]]
	var err error
	if rev == 0 {
		row, err = k.Update(ctx, l.DB, key, apply)
	} else {
		row, err = k.UpdateAt(ctx, l.DB, key, rev, apply)
	}
	if err != nil {
		return Stored[T]{}, err
	}
	l.generation.Add(1)
	if err := k.file(ctx, l, &row.Value); err != nil {
		return Stored[T]{}, err
	}
	return stored(row), nil
}

// file puts a record's last change into the audit trail. What a new record says is not kept a second
// time inside it, where every reader would read it: the entry takes it from the document.
func (k kind[T]) file(ctx context.Context, l *Ledger, r *record[T]) error {
	if k.itself {
		return nil
	}
	c := r.Last
	if c.Rev == 1 {
		c.Fields = differences(nil, members(r.Doc))
	}
	return l.file(ctx, c)
}

// members returns the top-level members of a document as they are written.
func members(doc any) map[string]json.RawMessage {
	b, err := json.Marshal(doc)
	if err != nil {
		panic(fmt.Sprintf("trace: a document cannot be written: %v", err)) // a programmer's mistake
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal(b, &m); err != nil {
		panic(fmt.Sprintf("trace: a document is not an object: %v", err))
	}
	return m
}

func differences(before, after map[string]json.RawMessage) []FieldChange {
	names := slices.Collect(maps.Keys(after))
	for name := range before {
		if _, ok := after[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var changes []FieldChange
	for _, name := range names {
		if !bytes.Equal(before[name], after[name]) {
			changes = append(changes, FieldChange{Name: name, Before: before[name], After: after[name]})
		}
	}
	return changes
}

// audit is the trail itself. An entry is keyed by the record and its revision, so that filing it
// twice is filing it once.
var audit = store.Table[Change]{
	Kind: "audit",
	Key:  func(c *Change) string { return fmt.Sprintf("%s/%s/%09d", c.Kind, c.Key, c.Rev) },
	Sort: func(c *Change) string { return sortTime(c.At) },
	Terms: func(c *Change) []string {
		terms := []string{"record=" + c.Kind + "/" + c.Key, "by=" + c.By.ID}
		if c.Org != "" {
			terms = append(terms, "org="+c.Org)
		}
		return terms
	},
}

// file puts an entry into the audit trail, unless it is there.
func (l *Ledger) file(ctx context.Context, c Change) error {
	err := audit.Insert(ctx, l.DB, &c)
	if errors.Is(err, fault.Exists) {
		return nil
	}
	return err
}

// File puts an entry of another package into the audit trail, such as a change of an account. Its
// key is the record's revision or, where there is none, the time.
func (l *Ledger) File(ctx context.Context, c Change) error {
	c.At = l.stamp()
	if c.Rev == 0 {
		c.Rev = c.At.UnixMilli()
	}
	return l.file(ctx, c)
}

// Trail answers a page of the audit trail, newest first: of one organisation, or of everything if
// org is empty, which only an admin may ask.
func (l *Ledger) Trail(ctx context.Context, by Actor, org, after string, limit int) (entries []Change, next string, err error) {
	defer fault.Wrap(&err, "Ledger.Trail(%q)", org)
	q := store.Query{Desc: true, Limit: limit, After: after}
	if org == "" {
		if by.Role != Admin {
			return nil, "", by.denied()
		}
	} else {
		o, err := organisations.get(ctx, l, org)
		if err != nil {
			return nil, "", err
		}
		if !by.mayRead(&o.Doc) {
			return nil, "", by.denied()
		}
		q.Term = "org=" + org
	}
	rows, next, err := audit.Find(ctx, l.DB, q)
	if err != nil {
		return nil, "", err
	}
	for _, r := range rows {
		entries = append(entries, r.Value)
	}
	return entries, next, nil
}
