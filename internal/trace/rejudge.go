package trace

import (
	"context"
	"errors"
	"slices"
	"time"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// rejudge notes that something is about to be said of a place that concerns lots released already. It is written
// before the entry, and stays for a while: the verb itself judges those lots anew at once, and RejudgeLots finishes
// what was cut short, and finds lots that were being released in the same moment.
type rejudge struct {
	Key   string `json:"key"`
	Place string `json:"place"`
	// From is the day from which on harvests are concerned or, with After, releases; Batch is the one lot that is.
	From    Date      `json:"from,omitempty"`
	After   bool      `json:"after,omitempty"`
	Batch   string    `json:"batch,omitempty"`
	Since   time.Time `json:"since"`
	Pending bool      `json:"pending"`
}

var rejudges = store.Table[rejudge]{
	Kind: "rejudge",
	Key:  func(r *rejudge) string { return r.Key },
	Sort: func(r *rejudge) string { return sortTime(r.Since) },
	Terms: func(r *rejudge) []string {
		if r.Pending {
			return []string{"pending"}
		}
		return nil
	},
}

// noteRejudge notes that lots are to be judged anew.
func (l *Ledger) noteRejudge(ctx context.Context, note rejudge) error {
	_, err := put(ctx, l, rejudges, note.Key, note, func(r *rejudge) error {
		r.From, r.Since, r.Pending = note.From, l.stamp(), true
		return nil
	})
	return err
}

// RejudgeLots judges those lots anew of whose plots something was recorded lately. The program calls it every
// minute or so: what a verb could not finish is finished here.
func (l *Ledger) RejudgeLots(ctx context.Context) (err error) {
	defer fault.Wrap(&err, "Ledger.RejudgeLots")
	for row, err := range rejudges.All(ctx, l.DB, store.Query{Term: "pending"}) {
		if err != nil {
			return err
		}
		over := l.now().Sub(row.Value.Since) > patience
		if err := l.rejudge(ctx, row.Value); err != nil {
			return err
		}
		if !over {
			continue // a verb may be under way
		}
		_, err := rejudges.UpdateAt(ctx, l.DB, row.Key, row.Rev, func(r *rejudge) error {
			r.Pending = false
			return nil
		})
		if err != nil && !errors.Is(err, fault.Stale) {
			return err
		}
	}
	return nil
}

// rejudge judges lots anew, with all that was made of them, and holds those on the market that the gate no longer
// lets pass. A lot that is not on the market itself may have gone into one that is.
func (l *Ledger) rejudge(ctx context.Context, note rejudge) error {
	var lots []*Batch
	if note.Batch != "" {
		b, err := batches.get(ctx, l, note.Batch)
		if err != nil && !errors.Is(err, fault.NotFound) {
			return err
		}
		if err == nil {
			lots = append(lots, &b.Doc)
		}
	} else {
		for row, err := range batches.All(ctx, l.DB, store.Query{Term: "place=" + note.Place}) {
			if err != nil {
				return err
			}
			b := &row.Value.Doc
			concerned := b.HarvestDate == "" || b.HarvestDate >= note.From
			if note.After {
				released := l.releasedOn(b)
				concerned = released == "" || released >= note.From
			}
			if concerned && b.State != Voided {
				lots = append(lots, b)
			}
		}
	}
	made, err := l.madeOf(ctx, lots)
	if err != nil {
		return err
	}
	lots = slices.DeleteFunc(append(lots, made...), func(b *Batch) bool { return b.State != Released && !b.heldByGate() })
	for chunk := range slices.Chunk(lots, 200) {
		gates, err := l.gates(ctx, chunk)
		if err != nil {
			return err
		}
		for _, b := range chunk {
			g := gates[b.Code]
			if err := l.holdUnsafe(ctx, b, &g); err != nil {
				return err
			}
		}
	}
	return nil
}

// holdUnsafe holds a released lot that the gate does not let pass, unless an official has let it pass knowing the
// very same.
func (l *Ledger) holdUnsafe(ctx context.Context, b *Batch, g *Gate) error {
	// A lot that is held already may lack its event or entry in the trail, if holding it was cut short.
	if !b.heldByGate() && (!l.refuses(g) || b.overrides(g)) {
		return nil
	}
	why := Gate{Result: g.Result, Lines: g.Deciding()}
	s, err := batches.update(ctx, l, System, b.Code, 0, string(Held), "safety_gate", func(b *Batch) error {
		if b.State != Released || b.overrides(g) {
			return nil
		}
		b.State = Held
		b.Steps = append(b.Steps, StateChange{State: Held, At: l.stamp(), By: System, Gate: &why})
		return nil
	})
	if err != nil {
		return err
	}
	return l.fileEvents(ctx, &s.Doc)
}

// heldByGate reports whether the program itself holds the lot.
func (b *Batch) heldByGate() bool { return b.State == Held && b.LastStep().Gate != nil }

// overrides reports whether an official let the lot pass in spite of each line that keeps it back.
func (b *Batch) overrides(g *Gate) bool {
	known := func(line GateLine) bool {
		return slices.ContainsFunc(b.Steps, func(s StateChange) bool {
			return s.Overrides() && slices.ContainsFunc(s.Gate.Lines, func(o GateLine) bool {
				return o.Check == line.Check && o.Reason == line.Reason && o.Entry == line.Entry && o.Place == line.Place && o.Batch == line.Batch
			})
		})
	}
	for _, line := range g.Deciding() {
		if !known(line) {
			return false
		}
	}
	return true
}

// madeOf are the lots that lots went into, through any depth.
func (l *Ledger) madeOf(ctx context.Context, lots []*Batch) ([]*Batch, error) {
	if len(lots) == 0 {
		return nil, nil
	}
	codes := make([]string, len(lots))
	for i, b := range lots {
		codes[i] = b.Code
	}
	g, err := l.walk(ctx, codes, Down)
	if err != nil {
		return nil, err
	}
	var made []*Batch
	for i := range g.Lots {
		if b := g.Lots[i].Batch; b != nil && g.Lots[i].Depth > 0 {
			made = append(made, b)
		}
	}
	return made, nil
}
