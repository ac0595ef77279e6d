// Package store keeps records, and knows nothing of what they mean.
//
// A record is an opaque JSON object with a key, a revision, one string that orders it and a set of
// terms by which it can be found. That is all that the program asks of a database, so that SQLite
// in a file and MongoDB on several machines can serve it alike: [DB] is the narrow waist between
// the two, and package storetest says what an adapter must do, each point with its reason.
//
// There are no transactions across records: a standalone MongoDB has none. Whoever writes several
// records does so in an order in which stopping anywhere is safe, under keys that make a repeated
// attempt meet the same records.
//
// Code that works with records uses [Table], which adds types, revisions and retries.
package store

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"truynguon/internal/fault"
)

// Limits that every adapter enforces alike, so that data can move from one database to another.
const (
	// MaxKey is the greatest length in bytes of a key, of a sort string and of a term.
	MaxKey = 1024
	// MaxTerms is the greatest number of different terms on one record.
	MaxTerms = 1000
	// MaxBody is the greatest length in bytes of a body. MongoDB refuses documents over 16 MiB.
	MaxBody = 8 << 20
	// MaxAny is the greatest number of terms that one question may ask for at once.
	MaxAny = 1000
	// MaxLimit is the greatest number of records on one page of [DB.Find].
	MaxLimit = 1000
	// DefaultLimit is the number of records on a page when the query does not say.
	DefaultLimit = 50
)

// A Record is one thing kept. Strings are compared byte by byte, everywhere: no case folding, no
// Unicode normalisation, no collation.
type Record struct {
	// Key names the record within its kind: 1 to MaxKey bytes of UTF-8 without NUL. Uniqueness of
	// the key is the only uniqueness there is.
	Key string
	// Rev is 1 on insert and one more on each replace. Insert ignores it.
	Rev int64
	// Sort orders the results of Find, usually an RFC 3339 time in UTC. May be empty; at most
	// MaxKey bytes of UTF-8 without NUL. Records of equal Sort are ordered by Key.
	Sort string
	// Terms are what Find can look the record up by, such as "district=VN-33". They are a set:
	// they come back in byte order, without duplicates and without the empty term, which every
	// record carries implicitly.
	Terms []string
	// Body is a JSON object, valid UTF-8, at most MaxBody bytes. It comes back byte for byte: no
	// number is rounded, no member reordered, whatever its names are.
	Body json.RawMessage
}

// A Page is a part of the answer to a [Query].
type Page struct {
	// Records are in the order asked for.
	Records []Record
	// Next is the cursor for the page that follows, "" at the end. A page that is full and happens
	// to be the last has no Next either.
	Next string
}

// DB is a database. Its methods may be called from many goroutines at once.
//
// Every method returns an error for which errors.Is tells the kind. Besides those named at each
// method: the context's own error when the context is over, without having waited for the
// database; fault.Unavailable when the database does not answer, is full, or was closed;
// fault.Invalid (or fault.TooLarge) when a record breaks a limit named at [Record], in which case
// nothing was written. A kind is a lower-case ASCII word (letters, digits and underscores, at most
// 40, a letter first); anything else is fault.Invalid.
//
// A write that returned nil is durable: it MUST survive the death of the process and, on a disk
// that tells the truth about flushing, a power failure. A write that returned fault.Unavailable or
// the context's error may have happened or not; the caller finds out by reading.
type DB interface {
	// Get returns those of the keys that exist, in the order asked, in one round trip. A key that
	// does not exist, or could not (empty, too long, not UTF-8), MUST simply be absent: keys come
	// out of addresses that strangers type. A key asked for twice is answered once, at its first
	// place. No keys: no records, and no trip.
	Get(ctx context.Context, kind string, keys ...string) ([]Record, error)

	// Insert adds a record, with revision 1 whatever r.Rev says. If the key is taken it MUST
	// return fault.Exists and change nothing; of several inserts of one key at the same time
	// exactly one MUST win and all others return fault.Exists.
	Insert(ctx context.Context, kind string, r Record) error

	// Replace puts r in the place of the record with its key, if that still has revision r.Rev,
	// and stores it with r.Rev+1. The terms and sort of the old record MUST stop finding it in
	// the same instant. If the record has another revision, higher or lower, it MUST return
	// fault.Stale, and fault.NotFound if there is none; it never inserts.
	Replace(ctx context.Context, kind string, r Record) error

	// Delete removes the record if it still has revision rev: fault.Stale if it has another,
	// fault.NotFound if there is none. Its content MUST NOT remain readable in the database
	// (personal data must be erasable), and the key may be inserted again, starting at revision 1.
	Delete(ctx context.Context, kind, key string, rev int64) error

	// Find returns a page of the records of the kind that carry the query's term (or any of its
	// terms), within its range of Sort, ordered by (Sort, Key). Each record is whole and of one moment, but a page is
	// not a snapshot of the next one: a record that stays unchanged while pages are read MUST
	// appear exactly once, however many others are inserted or deleted meanwhile; one that is
	// inserted, or whose Sort changes, may be missed or seen at its new place. A cost in
	// proportion to the page, not to the number of records, is part of the contract (for Any: to
	// what its terms find). A kind never
	// written to is an empty page. A Limit out of range is fault.Invalid, a cursor that is none
	// fault.Malformed.
	Find(ctx context.Context, kind string, q Query) (Page, error)

	// Ping reports whether the database answers, for readiness: nil or an error.
	Ping(ctx context.Context) error

	// Close waits for writes under way and releases the database. Later calls of any method return
	// fault.Unavailable, except Close itself, which returns nil.
	Close() error
}

// CheckKind returns fault.Invalid unless kind may name a kind of record. Adapters call it.
func CheckKind(kind string) error {
	ok := kind != "" && len(kind) <= 40 && kind[0] >= 'a' && kind[0] <= 'z'
	for i := 0; ok && i < len(kind); i++ {
		c := kind[i]
		ok = c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_'
	}
	if !ok {
		return fmt.Errorf("store: kind %q: %w", kind, fault.Invalid)
	}
	return nil
}

// ValidKey reports whether a record could have this key. Adapters use it to answer, without
// asking the database, questions that have no answer.
func ValidKey(key string) bool { return key != "" && validText(key) }

// validText reports whether s can be compared and stored alike by every database: BSON and SQLite
// text must be UTF-8, and NUL, which ends strings in C, is left free for our own cursors.
func validText(s string) bool {
	return len(s) <= MaxKey && utf8.ValidString(s) && strings.IndexByte(s, 0) < 0
}

// Checked returns the record as it is to be stored, its terms in order and unique, or
// fault.Invalid or fault.TooLarge if it breaks one of the limits. Adapters call it before they write.
func (r Record) Checked() (Record, error) {
	bad := func(what string) (Record, error) {
		return Record{}, fmt.Errorf("store: record %.80q: %s: %w", r.Key, what, fault.Invalid)
	}
	switch {
	case !ValidKey(r.Key):
		return bad("key")
	case !validText(r.Sort):
		return bad("sort")
	case len(r.Body) > MaxBody:
		return Record{}, fmt.Errorf("store: record %.80q: body of %d bytes: %w", r.Key, len(r.Body), fault.TooLarge)
	case !utf8.Valid(r.Body) || !json.Valid(r.Body) || !bytes.HasPrefix(bytes.TrimLeft(r.Body, " \t\r\n"), []byte("{")):
		return bad("body is not a JSON object")
	}
	r.Terms = TermSet(r.Terms)
	if len(r.Terms) > MaxTerms {
		return bad("too many terms")
	}
	for _, t := range r.Terms {
		if !validText(t) {
			return bad("term")
		}
	}
	return r, nil
}

// TermSet returns terms as a record holds them: in byte order, unique, without the empty term. The
// result is nil if none is left, and never shares memory with the argument.
func TermSet(terms []string) []string {
	set := slices.Clone(terms)
	slices.Sort(set)
	set = slices.Compact(set)
	if len(set) > 0 && set[0] == "" {
		set = set[1:]
	}
	if len(set) == 0 {
		return nil
	}
	return set
}

// UniqueKeys returns the keys that could exist, each once, in the order of their first appearance:
// what an adapter's Get has to ask for.
func UniqueKeys(keys []string) []string {
	if len(keys) == 1 { // nearly always
		if ValidKey(keys[0]) {
			return keys
		}
		return nil
	}
	seen := make(map[string]bool, len(keys))
	unique := make([]string, 0, len(keys))
	for _, k := range keys {
		if ValidKey(k) && !seen[k] {
			seen[k] = true
			unique = append(unique, k)
		}
	}
	return unique
}
