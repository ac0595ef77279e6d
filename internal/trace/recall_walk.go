package trace

import (
	"context"
)

// kinLot is a lot that a walk reached, with the lot it was reached from.
type kinLot struct {
	batch *Batch
	of    string
}

// kin answers what lots were made of, or what was made of them.
func (s *scopeSearch) kin(ctx context.Context, codes []string, dir Direction) (out []kinLot, err error) {
	if len(codes) == 0 {
		return nil, nil
	}
	g, err := s.l.walk(ctx, codes, dir)
	if err != nil {
		return nil, err
	}
	s.cut = s.cut || g.Cut
	depth := make(map[string]int, len(g.Lots))
	for i := range g.Lots {
		depth[g.Lots[i].Code] = g.Lots[i].Depth
	}
	from := make(map[string]string, len(g.Lots))
	for _, e := range g.Edges {
		near, far := e.From, e.To
		if dir == Up {
			near, far = e.To, e.From
		}
		if _, ok := from[far]; !ok && depth[near] < depth[far] {
			from[far] = near
		}
	}
	for i := range g.Lots {
		if lot := &g.Lots[i]; lot.Depth > 0 && lot.Batch != nil {
			out = append(out, kinLot{lot.Batch, from[lot.Code]})
		}
	}
	return out, nil
}

// shipped takes in the lots of shipments.
func (s *scopeSearch) shipped(ctx context.Context, seeds []RecallSeed, owners map[RecallSeed]string) error {
	sent, err := shipments.many(ctx, s.l, seedsOf(seeds, SeedShipment))
	if err != nil {
		return err
	}
	for _, id := range seedsOf(seeds, SeedShipment) {
		sh, ok := sent[id]
		if !ok || sh.Doc.Voided != nil {
			continue
		}
		owners[RecallSeed{SeedShipment, id}] = sh.Doc.Organisation
		var codes []string
		for _, lot := range sh.Doc.Lots {
			codes = append(codes, lot.Lot)
		}
		lots, err := batches.many(ctx, s.l, unique(codes))
		if err != nil {
			return err
		}
		for _, code := range unique(codes) {
			if b, ok := lots[code]; ok {
				s.add(&b.Doc, ByShipment, id)
			}
		}
	}
	return nil
}

// usedUp is how much of each lot went into others, by lot.
func (l *Ledger) usedUp(ctx context.Context, codes []string) (map[string]Amount, error) {
	g, err := l.walk(ctx, codes, Down)
	if err != nil {
		return nil, err
	}
	type into struct{ lot, transformation string }
	seen := map[into]bool{}
	used := map[string]Amount{}
	for _, e := range g.Edges {
		// One step has an edge to each of its outputs.
		if at := (into{e.From, e.Transformation}); !seen[at] {
			seen[at] = true
			used[e.From] += e.Quantity.Value
		}
	}
	return used, nil
}
