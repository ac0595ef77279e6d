package trace

import (
	"context"
	"errors"
	"time"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// HoldSet stops the sale of lots together: those of a plot, under a certificate, grown with an input, or
// named. It holds from the one write of its record, as a recall case does, and ends with one.
type HoldSet struct {
	ID string `json:"id"`
	// Organisation is that of the first seed.
	Organisation string       `json:"organisation"`
	Reason       string       `json:"reason"` // shown to the public
	Seeds        []RecallSeed `json:"seeds"`
	Reach        RecallReach  `json:"reach"`
	Scope        ScopeHead    `json:"scope"`
	// Left is how many lots were found and left out, being of organisations that the actor may not hold.
	Left       int        `json:"left,omitempty"`
	HeldAt     time.Time  `json:"heldAt"`
	HeldBy     Actor      `json:"heldBy"`
	ReleasedAt *time.Time `json:"releasedAt,omitempty"`
	ReleasedBy *Actor     `json:"releasedBy,omitempty"`
	// Outcome is what was found.
	Outcome  string   `json:"outcome,omitempty"`
	UnitPath []string `json:"unitPath"`
}

var holdSets = newKind("hold_set",
	func(h *HoldSet) string { return h.ID }, func(h *HoldSet) string { return h.Organisation }, byCreation[HoldSet],
	func(h *HoldSet) []string {
		return append(append(prefixed("unit=", h.UnitPath), "org="+h.Organisation), prefixed("org=", h.Scope.Organisations)...)
	})

// effect is what the set does to its lots as it stands.
func (h *HoldSet) effect() effect {
	if h.ReleasedAt != nil {
		return effect{}
	}
	return effect{hold: &LotHold{ID: h.ID, Reason: h.Reason, By: h.HeldBy, At: h.HeldAt}}
}

// HoldDraft is what is sent to hold lots together.
type HoldDraft struct {
	Token  string `json:"-"`
	Reason string `json:"reason"`
	// Seeds are what the hold begins from, at most fifty.
	Seeds []RecallSeed `json:"seeds"`
	// From is the first day of harvest that counts, of the lots of a plot, certificate or input.
	From string `json:"from"`
	// To is the last such day.
	To string `json:"to"`
}

// HoldLots stops the sale of the lots that seeds name and of what was made of them. An organisation's people
// may hold its lots, and officials those of all they oversee; others that were found are left out and
// counted.
func (l *Ledger) HoldLots(ctx context.Context, by Actor, d HoldDraft) (s Stored[HoldSet], err error) {
	defer fault.Wrap(&err, "Ledger.HoldLots")
	if by.Role == "" || by.Role == Buyer {
		return s, by.denied()
	}
	var p fault.Problem
	h := HoldSet{
		ID: newID("hold_set", by, d.Token), Reason: p.Paragraph("/reason", d.Reason, maxText, true),
		Reach: RecallReach{From: date(&p, "/from", d.From), To: date(&p, "/to", d.To)}, HeldAt: l.stamp(), HeldBy: by,
	}
	checkReach(&p, &h.Reach)
	h.Seeds = l.seeds(&p, d.Seeds)
	if err := p.Err(); err != nil {
		return s, err
	}
	start := l.now()
	found, err := l.seedLots(ctx, &p, h.Seeds, h.Reach)
	if err != nil {
		return s, err
	}
	if err := p.Err(); err != nil {
		return s, err
	}
	var orgs []string
	for i := range found.lots {
		orgs = append(orgs, found.lots[i].Organisation)
	}
	known, err := organisations.many(ctx, l, unique(append(orgs, found.owner)))
	if err != nil {
		return s, err
	}
	may := func(id string) bool {
		o := known[id].Doc
		return by.mayWrite(&o) || by.mayJudge(&o)
	}
	if !may(found.owner) {
		return s, by.denied()
	}
	h.Organisation, h.UnitPath = found.owner, known[found.owner].Doc.UnitPath
	var lots []ScopeLot
	for _, lot := range found.lots {
		if may(lot.Organisation) {
			lots = append(lots, lot)
		}
	}
	h.Left = len(found.lots) - len(lots)
	if len(lots) == 0 {
		p.Add("/seeds", "scope_empty")
		return s, p.Err()
	}
	h.Scope = ScopeHead{Version: 1, Set: newSet(by, d.Token, h.ID, 1), FoundAt: h.HeldAt, FoundIn: l.now().Sub(start).Milliseconds(), Cut: found.cut}
	h.Scope.sum(lots)
	if h.Scope.Parts, err = l.writeParts(ctx, h.ID, h.Scope.Set, true, lots); err != nil {
		return s, err
	}
	if _, err := holdSets.get(ctx, l, h.ID); errors.Is(err, fault.NotFound) {
		if err := l.plan(ctx, h.ID); err != nil {
			return s, err
		}
	} else if err != nil {
		return s, err
	}
	s, err = holdSets.insert(ctx, l, by, "hold", h)
	if err != nil && (!errors.Is(err, fault.Exists) || d.Token == "") {
		return s, err
	}
	return s, l.settleScope(ctx, h.ID, inlineParts)
}

// ReleaseLots ends a hold of lots: they are what they were before, unless something else holds them. What
// an official held an official releases.
func (l *Ledger) ReleaseLots(ctx context.Context, by Actor, id, outcome string) (s Stored[HoldSet], err error) {
	defer fault.Wrap(&err, "Ledger.ReleaseLots(%q)", id)
	if by.Role == "" || by.Role == Buyer {
		return s, by.denied()
	}
	var p fault.Problem
	outcome = p.Paragraph("/reason", outcome, maxText, true)
	if s, err = holdSets.get(ctx, l, id); err != nil {
		return s, err
	}
	o, err := organisations.get(ctx, l, s.Doc.Organisation)
	if err != nil {
		return s, err
	}
	if !by.MayReleaseLots(&o.Doc, &s.Doc) {
		if by.mayWrite(&o.Doc) {
			return s, fault.New(fault.Denied, "held_by_official")
		}
		return s, by.denied()
	}
	if err := p.Err(); err != nil {
		return s, err
	}
	if s.Doc.ReleasedAt == nil {
		if err := l.plan(ctx, id); err != nil {
			return s, err
		}
	}
	s, err = holdSets.update(ctx, l, by, id, 0, "release", outcome, func(h *HoldSet) error {
		if h.ReleasedAt == nil {
			now := l.stamp()
			h.ReleasedAt, h.ReleasedBy, h.Outcome = &now, &by, outcome
		}
		return nil
	})
	if err != nil {
		return s, err
	}
	return s, l.settleScope(ctx, id, inlineParts)
}

// MayReleaseLots reports whether the actor may end a hold of lots of an organisation.
func (a Actor) MayReleaseLots(o *Organisation, h *HoldSet) bool {
	office := h.HeldBy.Role == Official || h.HeldBy.Role == Admin
	return a.mayJudge(o) || a.mayWrite(o) && !office
}

// HoldSet answers a hold to those who see the records of its organisation, or of one with lots in it.
func (l *Ledger) HoldSet(ctx context.Context, by Actor, id string) (s Stored[HoldSet], err error) {
	defer fault.Wrap(&err, "Ledger.HoldSet(%q)", id)
	if by.Role == "" || by.Role == Buyer {
		return s, by.denied()
	}
	if s, err = holdSets.get(ctx, l, id); err != nil {
		return s, err
	}
	if by.Sees(s.Doc.Organisation, s.Doc.UnitPath) {
		return s, nil
	}
	for _, org := range s.Doc.Scope.Organisations {
		if by.memberOf(org) {
			return s, nil
		}
	}
	return Stored[HoldSet]{}, by.denied()
}

// HeldLots answers a part of the lots that are held together, as RecallScope does.
func (l *Ledger) HeldLots(ctx context.Context, by Actor, id string, part int) (out ScopePage, err error) {
	defer fault.Wrap(&err, "Ledger.HeldLots(%q, %d)", id, part)
	h, err := l.HoldSet(ctx, by, id)
	if err != nil {
		return out, err
	}
	all := by.Sees(h.Doc.Organisation, h.Doc.UnitPath)
	return l.scopePage(ctx, id, &h.Doc.Scope, part, func(org string) bool { return all || by.memberOf(org) })
}

// HoldSets answers a page of the holds that the actor may see, newest first.
func (l *Ledger) HoldSets(ctx context.Context, by Actor, org, after string, limit int) (_ []Stored[HoldSet], next string, err error) {
	defer fault.Wrap(&err, "Ledger.HoldSets(%q)", org)
	q := store.Query{Desc: true, After: after, Limit: limit}
	if org == "" && by.Role == Official && by.Unit != "" {
		q.Term = "unit=" + by.Unit
	} else if q, err = l.listOf(ctx, by, org, after, limit); err != nil {
		return nil, "", err
	}
	return holdSets.find(ctx, l, q)
}

// heldTogether refuses to release a lot by itself that is recalled or held together with others: its page
// would say so all the same.
func (l *Ledger) heldTogether(ctx context.Context, code string) error {
	by, err := l.effects(ctx, []string{code})
	if err != nil {
		return err
	}
	switch e := by[code]; {
	case e.recall != nil:
		return wrongState(Recalled)
	case e.hold != nil:
		return fault.New(fault.Exists, "held_together")
	}
	return nil
}
