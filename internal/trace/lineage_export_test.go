package trace

import "context"

// Walk and WalkUpTo are for tests, as is PutTransformation, which writes a record as it is, checks
// nothing, and so can make what the verbs cannot.
func (l *Ledger) Walk(ctx context.Context, codes []string, dir Direction) (*Graph, error) {
	return l.walk(ctx, codes, dir)
}

func (l *Ledger) WalkUpTo(ctx context.Context, codes []string, dir Direction, most int) (*Graph, error) {
	return l.walkUpTo(ctx, codes, dir, most)
}

func (l *Ledger) PutTransformation(ctx context.Context, t Transformation) error {
	_, err := transformations.insert(ctx, l, System, "record", t)
	return err
}

// PutBatch writes a lot as it is.
func (l *Ledger) PutBatch(ctx context.Context, b Batch) error {
	_, err := batches.insert(ctx, l, System, "register", b)
	return err
}
