package trace

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// Direction is which way lots are traced.
type Direction string

// The directions.
const (
	Up   Direction = "up"   // to what a lot was made of
	Down Direction = "down" // to what was made of it, and to whom it went
)

// Directions lists the directions.
var Directions = []Direction{Up, Down}

const (
	// maxGraph bounds the lots of one graph, and four times as many bound its edges.
	maxGraph = 50_000
	// walkTerms is how many lots are asked for at once.
	walkTerms = 500
)

// Graph is what lots were made of, or what was made of them, through any number of steps.
type Graph struct {
	// Start are the lots that were asked for.
	Start     []string  `json:"start"`
	Direction Direction `json:"direction"`
	// Lots are those asked for and all that were reached, each once, the nearest first.
	Lots []GraphLot `json:"lots"`
	// Edges lead from what went in to what came out. Both ends are among Lots.
	Edges []Edge `json:"edges"`
	// Shipments are those of the lots, oldest first; only Trace looks for them.
	Shipments []Shipment `json:"shipments,omitempty"`
	// Cut tells that there is more than is shown.
	Cut bool `json:"cut"`
}

// GraphLot is a lot in a graph.
type GraphLot struct {
	Code string `json:"code"`
	// Depth is the number of steps from the nearest of the lots asked for, 0 for themselves.
	Depth int `json:"depth"`
	// Batch is the lot's record, nil if there is none: a registration that was cut short.
	Batch *Batch `json:"-"`
}

// Edge is one step: a lot that went into another.
type Edge struct {
	// From is the code of the lot that went in, To of the one that came out.
	From string `json:"from"`
	// To is the code of the lot that came out.
	To string `json:"to"`
	// Transformation is the id of the record that says so.
	Transformation string `json:"transformation"`
	// Quantity is how much of From went into that transformation.
	Quantity Quantity `json:"quantity"`
}

// Lot answers the lot with a code, nil if it is not in the graph.
func (g *Graph) Lot(code string) *GraphLot {
	for i := range g.Lots {
		if g.Lots[i].Code == code {
			return &g.Lots[i]
		}
	}
	return nil
}

// Codes are the codes of the lots, the nearest first.
func (g *Graph) Codes() []string {
	codes := make([]string, len(g.Lots))
	for i := range g.Lots {
		codes[i] = g.Lots[i].Code
	}
	return codes
}

// walk finds what lots were made of, or what was made of them, level by level: a level of any width is
// a few questions. A lot that was reached is not asked about again, so that a circle, which the verbs
// cannot make but a damaged database could hold, ends.
func (l *Ledger) walk(ctx context.Context, codes []string, dir Direction) (g *Graph, err error) {
	defer fault.Wrap(&err, "Ledger.walk(%d lots, %s)", len(codes), dir)
	return l.walkUpTo(ctx, codes, dir, maxGraph)
}

// walkUpTo is walk with a bound on the number of lots.
func (l *Ledger) walkUpTo(ctx context.Context, codes []string, dir Direction, most int) (*Graph, error) {
	g := &Graph{Start: unique(codes), Direction: dir}
	depth := make(map[string]int, len(g.Start))
	reach := func(code string, at int) bool {
		if _, ok := depth[code]; ok {
			return true
		}
		if len(g.Lots) >= most {
			g.Cut = true
			return false
		}
		depth[code] = at
		g.Lots = append(g.Lots, GraphLot{Code: code, Depth: at})
		return true
	}
	for _, code := range g.Start {
		reach(code, 0)
	}
	done := map[string]bool{}
	var through []Transformation
	for from, level := 0, 1; from < len(g.Lots); level++ {
		front := g.Lots[from:len(g.Lots):len(g.Lots)]
		from = len(g.Lots)
		for part := range slices.Chunk(front, walkTerms) {
			terms := make([]string, len(part))
			for i, lot := range part {
				terms[i] = "in=" + lot.Code
				if dir == Up {
					terms[i] = "out=" + lot.Code
				}
			}
			for row, err := range transformations.All(ctx, l.DB, store.Query{Any: terms, Limit: store.MaxLimit}) {
				if err != nil {
					return nil, err
				}
				t := &row.Value.Doc
				if done[t.ID] {
					continue
				}
				done[t.ID] = true
				far := t.Outputs
				if dir == Up {
					far = t.Inputs
				}
				for _, lot := range far {
					reach(lot.Lot, level)
				}
				through = append(through, Transformation{ID: t.ID, Inputs: t.Inputs, Outputs: t.Outputs})
			}
		}
	}
	for i := range through { // now that all that can be reached is
		g.join(&through[i], depth, 4*most)
	}
	return g, l.readLots(ctx, g)
}

// join adds the edges of a transformation between lots that were reached.
func (g *Graph) join(t *Transformation, reached map[string]int, most int) {
	for _, in := range t.Inputs {
		if _, ok := reached[in.Lot]; !ok {
			continue
		}
		for _, out := range t.Outputs {
			if _, ok := reached[out.Lot]; !ok {
				continue
			}
			if len(g.Edges) >= most {
				g.Cut = true
				return
			}
			g.Edges = append(g.Edges, Edge{From: in.Lot, To: out.Lot, Transformation: t.ID, Quantity: in.Quantity})
		}
	}
}

// readLots reads the records of a graph's lots.
func (l *Ledger) readLots(ctx context.Context, g *Graph) error {
	for part := range slices.Chunk(g.Lots, store.MaxLimit) {
		codes := make([]string, len(part))
		for i := range part {
			codes[i] = part[i].Code
		}
		found, err := batches.many(ctx, l, codes)
		if err != nil {
			return err
		}
		for i := range part {
			if b, ok := found[part[i].Code]; ok {
				part[i].Batch = &b.Doc
			}
		}
	}
	return nil
}

// shipmentsOf answers the shipments of lots that were not voided, oldest first, and whether there are
// more than is bearable.
func (l *Ledger) shipmentsOf(ctx context.Context, codes []string) (out []Shipment, cut bool, err error) {
	seen := map[string]bool{}
	for row, err := range withAny(ctx, l.DB, shipments.Table, prefixed("moved=", codes), store.Query{}) {
		if err != nil {
			return nil, false, err
		}
		if seen[row.Key] {
			continue
		}
		if len(out) >= maxGraph {
			return out, true, nil
		}
		seen[row.Key] = true
		out = append(out, row.Value.Doc)
	}
	slices.SortFunc(out, func(a, b Shipment) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
	return out, false, nil
}

// Trace answers what a lot was made of, or what was made of it and who received that. Those who see the
// records of the lot's organisation are answered whole; of shipments between others they see that there is
// one, and not to whom it went. To everybody else who has signed in, the lot must be released, and nothing
// is told of drafts.
func (l *Ledger) Trace(ctx context.Context, by Actor, code string, dir Direction) (g *Graph, err error) {
	defer fault.Wrap(&err, "Ledger.Trace(%q, %q)", code, dir)
	var p fault.Problem
	dir = Direction(choice(&p, "/direction", string(dir), Directions))
	if err := p.Err(); err != nil {
		return nil, err
	}
	if by.Role == "" {
		return nil, by.denied()
	}
	b, err := batches.get(ctx, l, code)
	if err != nil {
		return nil, err
	}
	whole := l.readable(ctx, by, b.Doc.Organisation)
	if whole != nil && (!errors.Is(whole, fault.Denied) || b.Doc.State == Draft) {
		return nil, whole
	}
	if g, err = l.walk(ctx, []string{b.Doc.Code}, dir); err != nil {
		return nil, err
	}
	if whole != nil {
		g.withoutDrafts()
	}
	moved, cut, err := l.shipmentsOf(ctx, g.Codes())
	if err != nil {
		return nil, err
	}
	orgs := []string{}
	for i := range moved {
		orgs = append(orgs, moved[i].Organisation)
	}
	known, err := l.OrganisationsByID(ctx, orgs)
	if err != nil {
		return nil, err
	}
	for i := range moved {
		s := &moved[i]
		o := known[s.Organisation]
		moved[i] = s.seenBy(by, &o)
	}
	g.Shipments, g.Cut = moved, g.Cut || cut
	return g, nil
}

// withoutDrafts leaves out lots that are not released, and those of which there is no record.
func (g *Graph) withoutDrafts() {
	hidden := map[string]bool{}
	g.Lots = slices.DeleteFunc(g.Lots, func(lot GraphLot) bool {
		hide := lot.Batch == nil || lot.Batch.State == Draft
		hidden[lot.Code] = hide
		return hide
	})
	g.Edges = slices.DeleteFunc(g.Edges, func(e Edge) bool { return hidden[e.From] || hidden[e.To] })
}

// seenBy is the shipment as an actor may see it: whole for the parties and for officials over the
// organisation that recorded it, without names for everybody else. The address on the delivery note is
// for whoever prints it.
func (s Shipment) seenBy(by Actor, o *Organisation) Shipment {
	if !by.mayWrite(o) {
		s.Secret = ""
	}
	if by.mayRead(o) || by.memberOf(s.From.Organisation) || by.memberOf(s.To.Organisation) {
		return s
	}
	hide := func(p Party) Party {
		if p.Organisation == "" {
			return Party{}
		}
		return p
	}
	s.From, s.To, s.By = hide(s.From), hide(s.To), Actor{}
	s.Where, s.Vehicle, s.Witness, s.Note, s.Documents, s.Receipts = "", "", "", "", nil, nil
	return s
}
