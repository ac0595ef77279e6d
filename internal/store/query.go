package store

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"truynguon/internal/fault"
)

// A Query asks for the records of a kind that carry one term, or any of several, in the order of
// their Sort. A question about two things at once is a term that combines them, written with the
// record.
type Query struct {
	// Term selects the records that carry it. "" selects every record of the kind.
	Term string
	// Any, unless it is nil, selects in place of Term the records that carry at least one of these,
	// each record once however many it carries: one question about many things, such as the lots
	// that a level of a family tree came from. At most MaxAny; none selects nothing.
	Any []string
	// From and To bound Sort: From <= Sort < To. "" leaves that side open.
	From, To string
	// Desc returns the greatest Sort first, and among equal Sorts the greatest key.
	Desc bool
	// Limit is the size of a page, 1 to MaxLimit. 0 means DefaultLimit.
	Limit int
	// After is the Next of the page before, "" for the first page. The rest of the query must be
	// as it was then, except for Limit.
	After string
}

// A Position is a place in the order of a kind's records: before or after a record, or on it.
type Position struct{ Sort, Key string }

// less orders positions as records are ordered.
func (p Position) less(q Position) bool {
	if p.Sort != q.Sort {
		return p.Sort < q.Sort
	}
	return p.Key < q.Key
}

// Bounds are what a [Query] comes down to for an adapter: the records that carry the term, or one of
// the terms, strictly between two positions.
//
// Since no key is empty, strictly after {From, ""} is the same as From <= Sort, and strictly
// before {To, ""} the same as Sort < To: one comparison serves the range and the cursor.
type Bounds struct {
	// Any is the query's Any without repetitions and without what no record can carry, in byte
	// order; nil if the question is about the query's Term.
	Any []string
	// Low is below every record wanted; the zero Position is below all.
	Low Position
	// High is above every record wanted, if HasHigh.
	High Position
	// HasHigh is false if there is no upper bound.
	HasHigh bool
	// Limit is the number of records on the page. An adapter asks for one more, to learn whether
	// another page follows.
	Limit int
	// Empty is true if no record can match, so that there is nothing to ask.
	Empty bool
}

// Bounds checks a query and works out its bounds. Adapters call it. A limit out of range, Term and
// Any at once, and more than MaxAny terms are fault.Invalid; a cursor that no page gave out is fault.Malformed, with the code
// "cursor".
func (q Query) Bounds() (Bounds, error) {
	b := Bounds{Low: Position{Sort: q.From}, Limit: q.Limit}
	if b.Limit == 0 {
		b.Limit = DefaultLimit
	}
	if b.Limit < 1 || b.Limit > MaxLimit {
		return Bounds{}, fmt.Errorf("store: limit %d: %w", q.Limit, fault.Invalid)
	}
	if q.Any != nil && q.Term != "" || len(q.Any) > MaxAny {
		return Bounds{}, fmt.Errorf("store: %d terms beside %.80q: %w", len(q.Any), q.Term, fault.Invalid)
	}
	if q.To != "" {
		b.High, b.HasHigh = Position{Sort: q.To}, true
	}
	if q.After != "" {
		at, err := parseCursor(q.After)
		if err != nil {
			return Bounds{}, err
		}
		switch {
		case q.Desc && (!b.HasHigh || at.less(b.High)):
			b.High, b.HasHigh = at, true
		case !q.Desc && b.Low.less(at):
			b.Low = at
		}
	}
	// Texts that no record can carry need no question; a database might even refuse them.
	b.Empty = !validText(q.Term) || !validText(q.From) || !validText(q.To) ||
		b.HasHigh && !b.Low.less(b.High)
	if q.Any != nil {
		b.Any = slices.DeleteFunc(slices.Clone(q.Any), func(t string) bool { return !validText(t) })
		slices.Sort(b.Any)
		b.Any = slices.Compact(b.Any)
		b.Empty = b.Empty || len(b.Any) == 0
	}
	return b, nil
}

// NewPage makes a page of at most limit records out of what an adapter found when it asked for one
// more than limit.
func NewPage(found []Record, limit int) Page {
	if len(found) <= limit {
		return Page{Records: found}
	}
	last := found[limit-1]
	return Page{Records: found[:limit], Next: cursor(Position{last.Sort, last.Key})}
}

// cursor writes a position so that it can stand in an address. NUL occurs in neither part.
func cursor(p Position) string {
	return base64.RawURLEncoding.EncodeToString([]byte(p.Sort + "\x00" + p.Key))
}

// parseCursor reads what cursor wrote. Cursors come back from strangers.
func parseCursor(s string) (Position, error) {
	if len(s) <= base64.RawURLEncoding.EncodedLen(2*MaxKey+1) {
		raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
		sort, key, ok := strings.Cut(string(raw), "\x00")
		p := Position{sort, key}
		// Comparing catches line breaks, which the decoder ignores.
		if err == nil && ok && validText(sort) && ValidKey(key) && cursor(p) == s {
			return p, nil
		}
	}
	return Position{}, fault.New(fault.Malformed, "cursor")
}
