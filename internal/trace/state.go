package trace

import (
	"context"
	"slices"

	"truynguon/internal/fault"
)

// ReleaseBatch puts a lot on the market, or clears one that was held. The organisation may release its
// own lots; a hold that an official ordered is cleared by an official only. While the safety gate is violated or
// undetermined nobody may, and the fault names the lines; see OverrideGate.
func (l *Ledger) ReleaseBatch(ctx context.Context, by Actor, code, reason string) (s Stored[Batch], err error) {
	defer fault.Wrap(&err, "Ledger.ReleaseBatch(%q)", code)
	return l.release(ctx, by, code, reason, false)
}

// OverrideGate releases a lot in spite of the safety gate: an official's decision, with a reason that stays on the
// lot's page for ever, beside what the gate said.
func (l *Ledger) OverrideGate(ctx context.Context, by Actor, code, reason string) (s Stored[Batch], err error) {
	defer fault.Wrap(&err, "Ledger.OverrideGate(%q)", code)
	return l.release(ctx, by, code, reason, true)
}

func (l *Ledger) release(ctx context.Context, by Actor, code, reason string, override bool) (s Stored[Batch], err error) {
	if err := l.notOfStopped(ctx, by, code); err != nil {
		return s, err
	}
	gate, err := l.gateBefore(ctx, code)
	if err != nil {
		return s, err
	}
	overridden := func() *Gate {
		if override && gate != nil && l.refuses(gate) {
			return gate
		}
		return nil
	}
	return l.moveBatch(ctx, by, code, Released, reason, overridden, func(o *Organisation, b *Batch, reason string) error {
		last := b.LastStep()
		switch {
		case override && !by.mayJudge(o):
			return by.denied()
		case !override && !by.mayWrite(o) && !(b.State == Held && by.mayJudge(o)):
			return by.denied()
		case b.State == Held && orderedByOffice(last) && !by.mayJudge(o):
			return fault.New(fault.Denied, "held_by_official")
		case (override || b.State == Held) && reason == "":
			return reasonMissing()
		}
		var p fault.Problem
		if !slices.Contains([]State{Draft, Held}, b.State) {
			return wrongState(b.State)
		}
		if b.ExpirationDate != "" && b.ExpirationDate < l.Today() {
			p.Add("/expirationDate", "expired_already", string(b.ExpirationDate))
		}
		if err := p.Err(); err != nil {
			return err
		}
		if !override && gate != nil && l.refuses(gate) {
			return gateFault(gate)
		}
		return nil
	})
}

// HoldBatch stops the sale of a lot, also before it is released, with a reason that its page shows.
func (l *Ledger) HoldBatch(ctx context.Context, by Actor, code, reason string) (s Stored[Batch], err error) {
	defer fault.Wrap(&err, "Ledger.HoldBatch(%q)", code)
	return l.moveBatch(ctx, by, code, Held, reason, noGate, func(o *Organisation, b *Batch, reason string) error {
		if !by.mayWrite(o) && !by.mayJudge(o) {
			return by.denied()
		}
		if b.State != Released && b.State != Draft {
			return wrongState(b.State)
		}
		if reason == "" {
			return reasonMissing()
		}
		return nil
	})
}

// VoidBatch withdraws a lot for good: one registered by mistake, or never sold. Its code and number
// stay taken, and its page says what became of it. Staff may void a draft; a lot that was released is
// voided by the manager or an official.
func (l *Ledger) VoidBatch(ctx context.Context, by Actor, code, reason string) (s Stored[Batch], err error) {
	defer fault.Wrap(&err, "Ledger.VoidBatch(%q)", code)
	return l.moveBatch(ctx, by, code, Voided, reason, noGate, func(o *Organisation, b *Batch, reason string) error {
		if !by.mayWrite(o) && !by.mayJudge(o) || b.State != Draft && by.Role == Staff {
			return by.denied()
		}
		if b.State == Recalled {
			return wrongState(b.State)
		}
		if reason == "" {
			return reasonMissing()
		}
		return nil
	})
}

func noGate() *Gate { return nil }

// orderedByOffice reports whether a change of state was an official's.
func orderedByOffice(s StateChange) bool { return s.By.Role == Official || s.By.Role == Admin }

func wrongState(s State) error { return fault.New(fault.Exists, "batch_state", "state."+string(s)) }

func reasonMissing() error {
	p := new(fault.Problem)
	p.Add("/reason", "missing")
	return p.Err()
}

// moveBatch changes a lot's state after the rule allowed it, and records what follows: the event and
// the entry in the audit trail. A lot that is in the state already is left as it is, so that pressing
// a button twice is pressing it once. gate is what the safety gate said, if it belongs to the change.
func (l *Ledger) moveBatch(ctx context.Context, by Actor, code string, to State, reason string, gate func() *Gate, may func(o *Organisation, b *Batch, reason string) error) (s Stored[Batch], err error) {
	var p fault.Problem
	reason = p.Paragraph("/reason", reason, maxText, false)
	if err := p.Err(); err != nil {
		return s, err
	}
	if by.Role == "" || by.Role == Buyer {
		return s, by.denied()
	}
	b, err := batches.get(ctx, l, code)
	if err != nil {
		return s, err
	}
	o, err := organisations.get(ctx, l, b.Doc.Organisation)
	if err != nil {
		return s, err
	}
	if !by.mayWrite(&o.Doc) && !by.mayJudge(&o.Doc) {
		return s, by.denied()
	}
	if to == Released {
		if err := l.heldTogether(ctx, code); err != nil {
			return s, err
		}
	}
	if to == Released && b.Doc.State != to && may(&o.Doc, &b.Doc, reason) == nil {
		if err := l.countLot(ctx, &b.Doc, true); err != nil {
			return s, err
		}
	}
	s, err = batches.update(ctx, l, by, code, 0, string(to), reason, func(b *Batch) error {
		if b.State == to {
			return nil
		}
		if err := may(&o.Doc, b, reason); err != nil {
			return err
		}
		b.State = to
		b.Steps = append(b.Steps, StateChange{State: to, At: l.stamp(), By: by, Reason: reason, Gate: gate()})
		return nil
	})
	if err != nil {
		return s, err
	}
	if to == Voided && slices.ContainsFunc(s.Doc.Steps, func(c StateChange) bool { return c.State == Released }) {
		if err := l.countLot(ctx, &s.Doc, false); err != nil {
			return s, err
		}
	}
	return s, l.fileEvents(ctx, &s.Doc)
}
