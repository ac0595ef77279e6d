package trace

import "context"

// GapsOfLot recounts one lot the slow way: from its own page, read by itself.
func (l *Ledger) GapsOfLot(ctx context.Context, code string) (gaps []string, released bool, err error) {
	p, err := l.Provenance(ctx, code)
	if err != nil {
		return nil, false, err
	}
	_, released = l.everReleased(&p.Batch)
	return coverageGaps(p), released, nil
}
