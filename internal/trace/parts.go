package trace

import (
	"cmp"
	"context"
	"slices"

	"truynguon/internal/store"
)

// StoppedPart is a lot that another was made of, and that is not to be sold.
type StoppedPart struct {
	// Lot is its code, and State is Held, Recalled or Voided.
	Lot   string `json:"lot"`
	State State  `json:"state"`
	// Recall is the recall that names it, nil if none does.
	Recall *Recall `json:"-"`
}

// gravity orders the states of a part: what is worst of a lot's parts holds of the lot.
func (s State) gravity() int { return slices.Index([]State{Voided, Held, Recalled}, s) }

// stoppedParts are the lots of a graph, those it began with left out, that are not to be sold, the worst
// first. A recall holds from the moment it is written, whether or not its lots are marked yet.
func (l *Ledger) stoppedParts(ctx context.Context, g *Graph) ([]StoppedPart, error) {
	var codes []string
	found := map[string]StoppedPart{}
	for _, lot := range g.Lots {
		if lot.Depth == 0 {
			continue
		}
		codes = append(codes, lot.Code)
		if lot.Batch != nil && lot.Batch.State.gravity() >= 0 {
			found[lot.Code] = StoppedPart{Lot: lot.Code, State: lot.Batch.State}
		}
	}
	for part := range slices.Chunk(codes, walkTerms) {
		for row, err := range recalls.All(ctx, l.DB, store.Query{Any: prefixed("batch=", part), Limit: store.MaxLimit}) {
			if err != nil {
				return nil, err
			}
			for _, code := range row.Value.Doc.Batches {
				if slices.Contains(part, code) {
					found[code] = StoppedPart{Lot: code, State: Recalled, Recall: &row.Value.Doc}
				}
			}
		}
	}
	by, err := l.effects(ctx, codes)
	if err != nil {
		return nil, err
	}
	for code, e := range by {
		switch {
		case e.recall != nil:
			found[code] = StoppedPart{Lot: code, State: Recalled, Recall: e.recall}
		case e.hold != nil && found[code].State != Recalled:
			found[code] = StoppedPart{Lot: code, State: Held}
		}
	}
	out := make([]StoppedPart, 0, len(found))
	for _, code := range codes {
		if s, ok := found[code]; ok {
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b StoppedPart) int { return cmp.Compare(b.State.gravity(), a.State.gravity()) })
	return out, nil
}

// stopped answers, for each of some lots that was made of others, the worst of its parts that is held or
// recalled.
func (l *Ledger) stopped(ctx context.Context, codes []string) (map[string]StoppedPart, error) {
	out := map[string]StoppedPart{}
	if len(codes) == 0 {
		return out, nil
	}
	g, err := l.walk(ctx, codes, Up)
	if err != nil || len(g.Edges) == 0 {
		return out, err
	}
	all, err := l.stoppedParts(ctx, g)
	if err != nil || len(all) == 0 {
		return out, err
	}
	next := map[string][]string{}
	for _, e := range g.Edges {
		next[e.From] = append(next[e.From], e.To)
	}
	for _, part := range all { // the worst first
		if part.State == Voided {
			continue
		}
		seen, todo := map[string]bool{part.Lot: true}, []string{part.Lot}
		for len(todo) > 0 {
			for _, to := range next[todo[0]] {
				if !seen[to] {
					seen[to] = true
					todo = append(todo, to)
				}
			}
			todo = todo[1:]
		}
		for _, code := range codes {
			if _, ok := out[code]; !ok && seen[code] && code != part.Lot {
				out[code] = part
			}
		}
	}
	return out, nil
}

// movedEvents derives the events of the transformations and shipments that a lot took part in: readers
// show them whether or not they are filed yet.
func (l *Ledger) movedEvents(ctx context.Context, code string) (out []Event, err error) {
	made, _, err := transformations.find(ctx, l, store.Query{Term: "lot=" + code, Desc: true, Limit: maxEvents})
	if err != nil {
		return nil, err
	}
	for _, t := range made {
		evs, err := l.transformEvents(&t.Doc)
		if err != nil {
			return nil, err
		}
		out = append(out, evs...)
	}
	sent, _, err := shipments.find(ctx, l, store.Query{Term: "lot=" + code, Desc: true, Limit: maxEvents})
	if err != nil {
		return nil, err
	}
	for _, s := range sent {
		evs, err := l.shipmentEvents(&s.Doc)
		if err != nil {
			return nil, err
		}
		out = append(out, evs...)
	}
	return out, nil
}
