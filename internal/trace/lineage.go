package trace

import (
	"context"
	"time"

	"truynguon/internal/fault"
)

// maxShownParts bounds the lots that a public page walks through: whoever scans waits.
const maxShownParts = 2000

// Lineage is what a lot was made of, as the public may know it: which lots of which products, by which
// producers, from which communes, harvested when.
type Lineage struct {
	Graph *Graph
	// Products and Organisations are those of the lots, by id.
	Products      map[string]Product
	Organisations map[string]Organisation
	// Places are those that the lots in which it all began come from, as public as a place is.
	Places map[string]Place
	// Stopped are the parts that are not to be sold, the worst first.
	Stopped []StoppedPart
}

// Origins are the lots that were made of nothing that is on record, the nearest first.
func (ln *Lineage) Origins() (out []*Batch) {
	made := map[string]bool{}
	for _, e := range ln.Graph.Edges {
		made[e.To] = true
	}
	for _, lot := range ln.Graph.Lots {
		if lot.Batch != nil && !made[lot.Code] {
			out = append(out, lot.Batch)
		}
	}
	return out
}

// lineage reads what belongs to the lots of a graph, in a question for each kind of thing.
func (l *Ledger) lineage(ctx context.Context, g *Graph) (ln *Lineage, err error) {
	ln = &Lineage{Graph: g}
	var goods, orgs []string
	for _, lot := range g.Lots {
		if lot.Batch != nil {
			goods, orgs = append(goods, lot.Batch.Product), append(orgs, lot.Batch.Organisation)
		}
	}
	if ln.Products, err = l.ProductsByID(ctx, goods); err != nil {
		return nil, err
	}
	if ln.Organisations, err = l.OrganisationsByID(ctx, orgs); err != nil {
		return nil, err
	}
	if ln.Stopped, err = l.stoppedParts(ctx, g); err != nil {
		return nil, err
	}
	return ln, nil
}

// provenanceLineage adds what a lot was made of to what is said of it.
func (l *Ledger) provenanceLineage(ctx context.Context, p *Provenance, seen func(time.Time)) error {
	if p.Batch.Origin == "" {
		return nil
	}
	g, err := l.walkUpTo(ctx, []string{p.Batch.Code}, Up, maxShownParts)
	if err != nil {
		return err
	}
	if p.Made, err = l.lineage(ctx, g); err != nil {
		return err
	}
	var ids []string
	for _, b := range p.Made.Origins() {
		ids = append(ids, b.Places...)
		seen(b.LastStep().At)
	}
	if ids = unique(ids); len(ids) > maxShownParts {
		ids = ids[:maxShownParts]
		g.Cut = true
	}
	at, err := places.many(ctx, l, ids)
	if err != nil {
		return err
	}
	p.Made.Places = make(map[string]Place, len(at))
	for id, pl := range at {
		p.Made.Places[id] = publicPlace(pl.Doc)
	}
	for _, part := range p.Made.Stopped {
		if part.State != Voided {
			p.worsen(part)
			break
		}
	}
	return nil
}

// worsen makes a part of the lot that is held or recalled tell on the lot.
func (p *Provenance) worsen(part StoppedPart) {
	p.Part = &part
	if p.Recall == nil && part.Recall != nil {
		p.Recall = part.Recall
	}
}

// notOfStopped fails if a lot was made of one that is held or recalled: it is not put on the market then.
func (l *Ledger) notOfStopped(ctx context.Context, by Actor, code string) error {
	if by.Role == "" || by.Role == Buyer {
		return by.denied()
	}
	b, err := batches.get(ctx, l, code)
	if err != nil || b.Doc.Origin == "" || b.Doc.State == Released {
		return err
	}
	stopped, err := l.stopped(ctx, []string{code})
	if err != nil {
		return err
	}
	if part, ok := stopped[code]; ok {
		return fault.New(fault.Exists, "input_stopped", "state."+string(part.State), SpellCode(part.Lot))
	}
	return nil
}

// LineageOf answers what a graph's lots are, for those who were given the graph.
func (l *Ledger) LineageOf(ctx context.Context, g *Graph) (*Lineage, error) { return l.lineage(ctx, g) }
