package trace

import (
	"context"
	"fmt"
	"slices"
)

// GapsOfLot recounts one lot the slow way: from its own page, read by itself.
func (l *Ledger) GapsOfLot(ctx context.Context, code string) (gaps []string, released bool, err error) {
	p, err := l.Provenance(ctx, code)
	if err != nil {
		return nil, false, err
	}
	_, released = l.everReleased(&p.Batch)
	return coverageGaps(p), released, nil
}

// Multiply writes n lots like one that was released, spread over products and over the days before it, straight
// into the database: lots enough to measure with.
func (l *Ledger) Multiply(ctx context.Context, like Stored[Batch], products []string, days, n int) error {
	for i := range n {
		b := like.Doc
		b.Code = fmt.Sprintf("M%011d", i)
		b.ID, b.Lot, b.Product = b.Code, fmt.Sprintf("M-%d", i), products[i%len(products)]
		b.Steps = slices.Clone(b.Steps)
		for j := range b.Steps {
			b.Steps[j].At = b.Steps[j].At.AddDate(0, 0, -(i/len(products))%days)
		}
		r := record[Batch]{Doc: b, Created: like.Created, Updated: like.Updated}
		if err := batches.Insert(ctx, l.DB, &r); err != nil {
			return err
		}
	}
	return l.RebuildCoverage(ctx, System)
}
