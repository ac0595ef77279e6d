package trace

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// RecallKind tells who calls back: the producer, or the authority (TT 17/2021/TT-BNNPTNT).
type RecallKind string

// The kinds of recall.
const (
	Voluntary RecallKind = "voluntary"
	Mandatory RecallKind = "mandatory"
)

// RecallKinds lists the kinds.
var RecallKinds = []RecallKind{Voluntary, Mandatory}

// Recall calls lots back from the market.
type Recall struct {
	ID           string     `json:"id"`
	Organisation string     `json:"organisation"`
	Kind         RecallKind `json:"kind"`
	// Reason and Advice are shown to the public: why, and what whoever has the product should do.
	Reason   string   `json:"reason"`
	Advice   string   `json:"advice,omitempty"`
	Decision string   `json:"decision,omitempty"`
	Batches  []string `json:"batches"`
	// Lots is how many lots a case is about, of which Batches may name the first only; 0 for a recall that
	// names all of them.
	Lots     int        `json:"-"`
	OpenedAt time.Time  `json:"openedAt"`
	OpenedBy Actor      `json:"openedBy"`
	ClosedAt *time.Time `json:"closedAt,omitempty"`
	// Outcome tells how the recall ended.
	Outcome  string   `json:"outcome,omitempty"`
	UnitPath []string `json:"unitPath"`
}

// RecallDraft is what is sent to open a recall.
type RecallDraft struct {
	Token    string   `json:"-"`
	Kind     string   `json:"kind"`
	Reason   string   `json:"reason"`
	Advice   string   `json:"advice"`
	Decision string   `json:"decision"`
	Batches  []string `json:"batches"`
}

// OpenRecall calls lots of one organisation back. It holds from the moment the recall is written, even
// if marking the lots is cut short: a lot's page asks for recalls that name it. The organisation's
// manager may recall its own lots; a mandatory recall is an official's.
func (l *Ledger) OpenRecall(ctx context.Context, by Actor, d RecallDraft) (s Stored[Recall], err error) {
	defer fault.Wrap(&err, "Ledger.OpenRecall")
	if by.Role == "" || by.Role == Buyer || by.Role == Staff {
		return s, by.denied()
	}
	var p fault.Problem
	r := Recall{
		ID:       newID("recall", by, d.Token),
		Kind:     RecallKind(choice(&p, "/kind", d.Kind, RecallKinds)),
		Reason:   p.Paragraph("/reason", d.Reason, maxText, true),
		Advice:   p.Paragraph("/advice", d.Advice, maxText, false),
		Decision: p.Text("/decision", d.Decision, 100, false),
		Batches:  unique(d.Batches),
		OpenedAt: l.stamp(), OpenedBy: by,
	}
	switch {
	case len(r.Batches) == 0:
		p.Add("/batches", "missing")
	case len(r.Batches) > maxList:
		p.Add("/batches", "too_many", maxList)
	}
	if err := p.Err(); err != nil {
		return s, err
	}
	lots, err := batches.many(ctx, l, r.Batches)
	if err != nil {
		return s, err
	}
	for i, code := range r.Batches {
		b, ok := lots[code]
		at := fmt.Sprintf("/batches/%d", i)
		switch {
		case !ok:
			p.Add(at, "batch_unknown")
		case r.Organisation != "" && b.Doc.Organisation != r.Organisation:
			p.Add(at, "batch_elsewhere")
		default:
			r.Organisation, r.UnitPath = b.Doc.Organisation, b.Doc.UnitPath
			if b.Doc.State == Draft || b.Doc.State == Voided {
				p.Add(at, "batch_state", "state."+string(b.Doc.State))
			}
		}
	}
	if err := p.Err(); err != nil {
		return s, err
	}
	o, err := organisations.get(ctx, l, r.Organisation)
	if err != nil {
		return s, err
	}
	if !by.mayRecall(&o.Doc, r.Kind) {
		return s, by.denied()
	}
	for _, code := range r.Batches {
		if err := l.lead(ctx, recallKey(code), r.ID); err != nil {
			return s, err
		}
	}
	if err := l.watch(ctx, watchedRecall, r.ID, 0); err != nil {
		return s, err
	}
	s, err = recalls.insert(ctx, l, by, "open", r)
	if err != nil && (!errors.Is(err, fault.Exists) || d.Token == "") {
		return s, err
	}
	for _, code := range s.Doc.Batches {
		if err := l.markRecalled(ctx, &s.Doc, code); err != nil {
			return s, err
		}
	}
	return s, nil
}

// markRecalled gives a lot the state that the recall has given it already.
func (l *Ledger) markRecalled(ctx context.Context, r *Recall, code string) error {
	b, err := batches.update(ctx, l, r.OpenedBy, code, 0, string(Recalled), r.Reason, func(b *Batch) error {
		if slices.ContainsFunc(b.Steps, func(s StateChange) bool { return s.Recall == r.ID }) {
			return nil
		}
		b.State = Recalled
		b.Steps = append(b.Steps, StateChange{State: Recalled, At: r.OpenedAt, By: r.OpenedBy, Reason: r.Reason, Recall: r.ID})
		return nil
	})
	if err != nil {
		return err
	}
	return l.fileEvents(ctx, &b.Doc)
}

// CloseRecall ends a recall, with what became of it. The lots stay recalled: they are not sold again.
func (l *Ledger) CloseRecall(ctx context.Context, by Actor, id, outcome string) (s Stored[Recall], err error) {
	defer fault.Wrap(&err, "Ledger.CloseRecall(%q)", id)
	if by.Role == "" || by.Role == Buyer || by.Role == Staff {
		return s, by.denied()
	}
	r, err := recalls.get(ctx, l, id)
	if err != nil {
		return s, err
	}
	o, err := organisations.get(ctx, l, r.Doc.Organisation)
	if err != nil {
		return s, err
	}
	if !by.mayRecall(&o.Doc, r.Doc.Kind) {
		return s, by.denied()
	}
	var p fault.Problem
	outcome = p.Paragraph("/reason", outcome, maxText, true)
	if err := p.Err(); err != nil {
		return s, err
	}
	return recalls.update(ctx, l, by, id, 0, "close", outcome, func(r *Recall) error {
		if r.ClosedAt == nil {
			now := l.stamp()
			r.ClosedAt, r.Outcome = &now, outcome
		}
		return nil
	})
}

// Recall answers a recall. Recalls are public.
func (l *Ledger) Recall(ctx context.Context, id string) (Stored[Recall], error) {
	return recalls.get(ctx, l, id)
}

// Recalls answers a page of the recalls that the actor may see, newest first.
func (l *Ledger) Recalls(ctx context.Context, by Actor, org, after string, limit int) (_ []Stored[Recall], next string, err error) {
	defer fault.Wrap(&err, "Ledger.Recalls(%q)", org)
	if org == "" && by.Role == Official && by.Unit != "" {
		return recalls.find(ctx, l, store.Query{Term: "unit=" + by.Unit, Desc: true, After: after, Limit: limit})
	}
	q, err := l.listOf(ctx, by, org, after, limit)
	if err != nil {
		return nil, "", err
	}
	return recalls.find(ctx, l, q)
}
