package trace

import (
	"context"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// reindexers write the records of each kind anew where they are looked up by something else now.
var reindexers []reindexer

type reindexer struct {
	kind string
	run  func(context.Context, store.DB) (seen, written int, err error)
}

// reindex goes through all records of a table. A record whose body, order and terms are what they would be
// now is not written.
func reindex[T any](ctx context.Context, db store.DB, t store.Table[T]) (seen, written int, err error) {
	for row, err := range t.All(ctx, db, store.Query{Limit: 1000}) {
		if err != nil {
			return seen, written, err
		}
		seen++
		now, err := t.Update(ctx, db, row.Key, func(*T) error { return nil })
		if err != nil {
			return seen, written, err
		}
		if now.Rev != row.Rev {
			written++
		}
	}
	return seen, written, nil
}

// Migrate brings the records of an older version of the program up to this one: what they can be looked up
// by, what certificates and recalls are found by, what of each product was put on the market, and the
// coverage. It may be stopped and called again, and may run while the site does. Only an admin may. told,
// if not nil, is told of each kind how many records there are and how many were written.
func (l *Ledger) Migrate(ctx context.Context, by Actor, told func(kind string, seen, written int)) (err error) {
	defer fault.Wrap(&err, "Ledger.Migrate")
	if by.Role != Admin {
		return by.denied()
	}
	for _, r := range reindexers {
		seen, written, err := r.run(ctx, l.DB)
		if err != nil {
			return err
		}
		if told != nil {
			told(r.kind, seen, written)
		}
	}
	l.generation.Add(1)
	if err := l.RefileLookups(ctx, by); err != nil {
		return err
	}
	for row, err := range products.All(ctx, l.DB, store.Query{Limit: 1000}) {
		if err != nil {
			return err
		}
		if err := l.RecountVolume(ctx, by, row.Value.Doc.ID); err != nil {
			return err
		}
	}
	return l.RebuildCoverage(ctx, by)
}
