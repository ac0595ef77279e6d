package trace

import (
	"context"
	"iter"
	"slices"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// Lists name many records: each of these reads them all in one question. Ids that are not known are
// absent from the answer.

// OrganisationsByID answers organisations by their ids. What a visitor may know of them is public.
func (l *Ledger) OrganisationsByID(ctx context.Context, ids []string) (map[string]Organisation, error) {
	return docsOf(organisations.many(ctx, l, unique(ids)))
}

// ProductsByID answers products by their ids. What they say is public.
func (l *Ledger) ProductsByID(ctx context.Context, ids []string) (map[string]Product, error) {
	return docsOf(products.many(ctx, l, unique(ids)))
}

// BatchesByCode answers those lots of an organisation that have one of the codes, to those who may see
// its records.
func (l *Ledger) BatchesByCode(ctx context.Context, by Actor, org string, codes []string) (map[string]Batch, error) {
	if err := l.readable(ctx, by, org); err != nil {
		return nil, err
	}
	all, err := docsOf(batches.many(ctx, l, unique(codes)))
	for code, b := range all {
		if b.Organisation != org {
			delete(all, code)
		}
	}
	return all, err
}

// PlacesByID answers those places of an organisation that have one of the ids, to those who may see
// its records.
func (l *Ledger) PlacesByID(ctx context.Context, by Actor, org string, ids []string) (map[string]Place, error) {
	if err := l.readable(ctx, by, org); err != nil {
		return nil, err
	}
	all, err := docsOf(places.many(ctx, l, unique(ids)))
	for id, pl := range all {
		if pl.Organisation != org {
			delete(all, id)
		}
	}
	return all, err
}

// DocumentsByID answers those documents of an organisation that have one of the ids, to those who may
// see its records.
func (l *Ledger) DocumentsByID(ctx context.Context, by Actor, org string, ids []string) (map[string]Document, error) {
	if err := l.readable(ctx, by, org); err != nil {
		return nil, err
	}
	all, err := docsOf(documents.many(ctx, l, unique(ids)))
	for id, d := range all {
		if d.Organisation != org {
			delete(all, id)
		}
	}
	return all, err
}

// withAny goes through the records of a table that carry one of some terms, however many terms there are. A
// record comes once for each MaxAny terms that it carries one of; no terms select nothing.
func withAny[T any](ctx context.Context, db store.DB, t store.Table[T], terms []string, q store.Query) iter.Seq2[store.Row[T], error] {
	if q.Limit == 0 {
		q.Limit = store.MaxLimit
	}
	return func(yield func(store.Row[T], error) bool) {
		for part := range slices.Chunk(terms, store.MaxAny) {
			q.Any = part
			for row, err := range t.All(ctx, db, q) {
				if !yield(row, err) || err != nil {
					return
				}
			}
		}
	}
}

func docsOf[T any](rows map[string]Stored[T], err error) (map[string]T, error) {
	docs := make(map[string]T, len(rows))
	for key, r := range rows {
		docs[key] = r.Doc
	}
	return docs, err
}

// History answers a page of the audit trail of one record, newest first, to those who may see its
// organisation's records. It fails with fault.NotFound if the trail knows no such record.
func (l *Ledger) History(ctx context.Context, by Actor, kind, key, after string, limit int) (entries []Change, next string, err error) {
	defer fault.Wrap(&err, "Ledger.History(%q, %q)", kind, key)
	if by.Role == "" || by.Role == Buyer {
		return nil, "", by.denied()
	}
	rows, next, err := audit.Find(ctx, l.DB, store.Query{Term: "record=" + kind + "/" + key, Desc: true, After: after, Limit: limit})
	if err != nil {
		return nil, "", err
	}
	if len(rows) == 0 {
		return nil, "", fault.NotFound
	}
	for _, r := range rows {
		entries = append(entries, r.Value)
	}
	if org := entries[0].Org; org != "" {
		return entries, next, l.readable(ctx, by, org)
	}
	if by.Role != Admin {
		return nil, "", by.denied()
	}
	return entries, next, nil
}
