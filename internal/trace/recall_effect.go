package trace

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// A case takes effect with one write, of its own record. The parts of its scope are there before and are
// found by the codes of their lots, so that from that write on every lot's page, on every server, finds the
// case. Giving the lots the state that they have by then comes after, a part at a time; a job that was noted
// before lets SweepRecalls go on wherever that was cut short.

// LotHold is why a lot is held together with others: by a set, or while a recall is reviewed.
type LotHold struct {
	// ID is that of the set or case; Case tells that it is a case under review.
	ID     string
	Case   bool
	Reason string
	By     Actor
	At     time.Time
}

// effect is what cases and holds do to a lot.
type effect struct {
	recall *Recall
	hold   *LotHold
}

// effects answers what cases and holds do to lots, in three questions for up to 500 of them.
func (l *Ledger) effects(ctx context.Context, codes []string) (map[string]effect, error) {
	out := map[string]effect{}
	for some := range slices.Chunk(codes, scopeChunk) {
		if err := l.someEffects(ctx, some, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (l *Ledger) someEffects(ctx context.Context, codes []string, out map[string]effect) error {
	q := store.Query{Any: prefixed("batch=", codes), Limit: store.MaxLimit}
	if len(codes) == 1 {
		q = store.Query{Term: "batch=" + codes[0], Limit: store.MaxLimit}
	}
	wanted := make(map[string]bool, len(codes))
	for _, code := range codes {
		wanted[code] = true
	}
	for {
		rows, next, err := scopeParts.Find(ctx, l.DB, q)
		if err != nil || len(rows) == 0 {
			return err
		}
		var ids []string
		for _, r := range rows {
			ids = append(ids, r.Value.Owner)
		}
		ids = unique(ids)
		cases, err := recallCases.many(ctx, l, ids)
		if err != nil {
			return err
		}
		sets, err := holdSets.many(ctx, l, ids)
		if err != nil {
			return err
		}
		for _, r := range rows {
			part := &r.Value
			var e effect
			if c, ok := cases[part.Owner]; ok && c.Doc.Scope.Set == part.Set && part.N < c.Doc.Scope.Parts {
				e = c.Doc.effect()
			}
			if h, ok := sets[part.Owner]; ok && h.Doc.Scope.Set == part.Set {
				e = h.Doc.effect()
			}
			if e == (effect{}) {
				continue
			}
			for i := range part.Lots {
				if code := part.Lots[i].Code; wanted[code] && part.Lots[i].Removed == nil {
					out[code] = out[code].and(e)
				}
			}
		}
		if next == "" {
			return nil
		}
		q.After = next
	}
}

// and joins what two of them do: the latest recall is told, and the earliest hold.
func (e effect) and(f effect) effect {
	if f.recall != nil && (e.recall == nil || e.recall.OpenedAt.Before(f.recall.OpenedAt)) {
		e.recall = f.recall
	}
	if f.hold != nil && (e.hold == nil || f.hold.At.Before(e.hold.At)) {
		e.hold = f.hold
	}
	return e
}

// effect is what the case does to the lots in its scope as it stands.
func (c *RecallCase) effect() effect {
	switch {
	case c.Mock:
	case c.Holds():
		r := c.recall(nil)
		return effect{recall: &r}
	case c.Stage == RecallReview && c.HoldMeanwhile:
		s := c.last("submit")
		return effect{hold: &LotHold{ID: c.ID, Case: true, Reason: c.Reason, By: s.By, At: s.At}}
	}
	return effect{}
}

// last is the latest step of a kind.
func (c *RecallCase) last(action string) RecallStep {
	for _, s := range slices.Backward(c.Steps) {
		if s.Action == action {
			return s
		}
	}
	return RecallStep{}
}

// apply puts an effect into what is said of a lot.
func (p *Provenance) apply(e effect) {
	if e.recall != nil && (p.Recall == nil || p.Recall.OpenedAt.Before(e.recall.OpenedAt)) {
		p.Recall = e.recall
	}
	p.Hold = e.hold
}

// Submission is what is sent to have a case reviewed.
type Submission struct {
	Token string `json:"-"`
	// Hold stops the sale of the lots while the case is reviewed.
	Hold bool `json:"hold"`
}

// SubmitRecallCase freezes a case's scope and hands it to a second person. With a hold the lots may not be
// sold meanwhile. A program cannot: somebody must answer for it.
func (l *Ledger) SubmitRecallCase(ctx context.Context, by Actor, id string, d Submission) (s Stored[RecallCase], err error) {
	defer fault.Wrap(&err, "Ledger.SubmitRecallCase(%q)", id)
	s, _, err = l.caseFor(ctx, by, id)
	if err != nil {
		return s, err
	}
	if s.Doc.done("submit", d.Token) {
		s, err = l.sameCase(ctx, by, id)
	} else {
		s, err = l.freeze(ctx, by, s, d)
	}
	if err != nil {
		return s, err
	}
	if s.Doc.HoldMeanwhile {
		err = l.settleScope(ctx, id, inlineParts)
	}
	return s, err
}

// freeze writes the scope that is reviewed and then the case.
func (l *Ledger) freeze(ctx context.Context, by Actor, s Stored[RecallCase], d Submission) (Stored[RecallCase], error) {
	if s.Doc.Stage != RecallScoping {
		return s, s.Doc.wrongStage()
	}
	if by.program() {
		return s, fault.New(fault.Denied, "recall_person")
	}
	c := s.Doc
	var p fault.Problem
	if c.Kind == Mandatory && c.Decision == "" && !c.Mock {
		p.Add("/decision", "decision_missing")
	}
	all, err := l.scopeLots(ctx, c.ID, &c.Scope)
	if err != nil {
		return s, err
	}
	head := c.Scope
	head.sum(all)
	if head.Lots == 0 {
		p.Add("/scope", "scope_empty")
	}
	if err := p.Err(); err != nil {
		return s, err
	}
	if c.Held != nil { // what was held before is cleared before anything else is held
		if err := l.settleScope(ctx, c.ID, c.Held.Parts); err != nil {
			return s, err
		}
	}
	head.Version++
	head.Set = newSet(by, d.Token, c.ID, head.Version)
	if head.Parts, err = l.writeParts(ctx, c.ID, head.Set, !c.Mock, all); err != nil {
		return s, err
	}
	if d.Hold && !c.Mock {
		if err := l.plan(ctx, c.ID); err != nil {
			return s, err
		}
	}
	return recallCases.update(ctx, l, by, c.ID, s.Rev, "submit", "", func(c *RecallCase) error {
		if c.Stage != RecallScoping {
			return c.wrongStage()
		}
		c.Stage, c.Scope, c.HoldMeanwhile = RecallReview, head, d.Hold && !c.Mock
		if c.HoldMeanwhile {
			c.Held = &head
		}
		c.Steps = append(c.Steps, RecallStep{Action: "submit", At: l.stamp(), By: by, Token: d.Token})
		return nil
	})
}

// program reports whether the actor is an API key: a program, whose acts nobody has looked at. Package auth
// gives accounts ids that begin with "u" and keys ids that begin with "k".
func (a Actor) program() bool { return strings.HasPrefix(a.ID, "k") }

// Review is what is sent to confirm a case.
type Review struct {
	Token string `json:"-"`
	// Version is that of the scope which was looked through; another one is not confirmed.
	Version int `json:"version"`
}

// ConfirmRecallCase puts a case into effect, everywhere at once. Whoever confirms is a person other than the
// one who opened it and the one who submitted it, and decides about every organisation with lots in its
// scope: an official over all of them or, for a voluntary recall of one organisation's own lots, another of
// its managers.
func (l *Ledger) ConfirmRecallCase(ctx context.Context, by Actor, id string, d Review) (s Stored[RecallCase], err error) {
	defer fault.Wrap(&err, "Ledger.ConfirmRecallCase(%q)", id)
	s, _, err = l.caseFor(ctx, by, id)
	if err != nil {
		return s, err
	}
	if s.Doc.done("confirm", d.Token) {
		s, err = l.sameCase(ctx, by, id)
	} else {
		s, err = l.confirm(ctx, by, s, d)
	}
	if err != nil {
		return s, err
	}
	if err := l.tellReceivers(ctx, id); err != nil {
		return s, err
	}
	if err := l.settleScope(ctx, id, inlineParts); err != nil {
		return s, err
	}
	return recallCases.get(ctx, l, id)
}

// ReviewFault is why the actor may not confirm a case, nil if it may.
func (l *Ledger) ReviewFault(ctx context.Context, by Actor, c *RecallCase) error {
	if by.program() {
		return fault.New(fault.Denied, "recall_person")
	}
	if by.ID == c.Opened().By.ID || by.ID == c.last("submit").By.ID {
		return fault.New(fault.Denied, "recall_second")
	}
	known, err := organisations.many(ctx, l, c.Scope.Organisations)
	if err != nil {
		return err
	}
	for _, id := range c.Scope.Organisations {
		o := known[id].Doc
		if !by.mayRecall(&o, c.Kind) {
			return fault.New(fault.Denied, "recall_beyond", o.Name)
		}
	}
	return nil
}

func (l *Ledger) confirm(ctx context.Context, by Actor, s Stored[RecallCase], d Review) (Stored[RecallCase], error) {
	if s.Doc.Stage != RecallReview {
		return s, s.Doc.wrongStage()
	}
	if d.Version != s.Doc.Scope.Version {
		return s, fault.New(fault.Stale, "recall_version")
	}
	if err := l.ReviewFault(ctx, by, &s.Doc); err != nil {
		return s, err
	}
	known, err := organisations.many(ctx, l, s.Doc.Scope.Organisations)
	if err != nil {
		return s, err
	}
	var concerned []string
	for _, id := range s.Doc.Scope.Organisations {
		concerned = append(concerned, known[id].Doc.UnitPath...)
	}
	slices.Sort(concerned)
	concerned = slices.Compact(concerned)
	if !s.Doc.Mock {
		if err := l.watch(ctx, watchedCase, s.Doc.ID, 0); err != nil {
			return s, err
		}
	}
	if err := l.plan(ctx, s.Doc.ID); err != nil {
		return s, err
	}
	return recallCases.update(ctx, l, by, s.Doc.ID, s.Rev, "confirm", "", func(c *RecallCase) error {
		if c.Stage != RecallReview {
			return c.wrongStage()
		}
		now := l.stamp()
		c.Stage, c.EffectiveAt, c.ConfirmedBy, c.Concerned = RecallRunning, &now, &by, concerned
		c.Steps = append(c.Steps, RecallStep{Action: "confirm", At: now, By: by, Token: d.Token})
		return nil
	})
}

// ReturnRecallCase sends a case that waits for review back to be changed; lots that were held for it are
// cleared.
func (l *Ledger) ReturnRecallCase(ctx context.Context, by Actor, id, token, reason string) (s Stored[RecallCase], err error) {
	defer fault.Wrap(&err, "Ledger.ReturnRecallCase(%q)", id)
	return l.endReview(ctx, by, id, "return", token, reason, RecallScoping, RecallReview)
}

// DropRecallCase gives a case up that has not taken effect; lots that were held for it are cleared.
func (l *Ledger) DropRecallCase(ctx context.Context, by Actor, id, token, reason string) (s Stored[RecallCase], err error) {
	defer fault.Wrap(&err, "Ledger.DropRecallCase(%q)", id)
	return l.endReview(ctx, by, id, "drop", token, reason, RecallDropped, RecallScoping, RecallReview)
}

func (l *Ledger) endReview(ctx context.Context, by Actor, id, action, token, reason string, to RecallStage, from ...RecallStage) (s Stored[RecallCase], err error) {
	s, _, err = l.caseFor(ctx, by, id)
	if err != nil {
		return s, err
	}
	var p fault.Problem
	reason = p.Paragraph("/reason", reason, maxText, true)
	if err := p.Err(); err != nil {
		return s, err
	}
	again := s.Doc.done(action, token)
	if !again && !slices.Contains(from, s.Doc.Stage) {
		return s, s.Doc.wrongStage()
	}
	if !again && s.Doc.HoldMeanwhile {
		if err := l.plan(ctx, id); err != nil {
			return s, err
		}
	}
	s, err = recallCases.update(ctx, l, by, id, 0, action, reason, func(c *RecallCase) error {
		if c.done(action, token) {
			return nil
		}
		if !slices.Contains(from, c.Stage) {
			return c.wrongStage()
		}
		c.Stage = to
		c.Steps = append(c.Steps, RecallStep{Action: action, At: l.stamp(), By: by, Reason: reason, Token: token})
		return nil
	})
	if err != nil {
		return s, err
	}
	return s, l.settleScope(ctx, id, inlineParts)
}

// recallJob says that lots are to be given the state that a case or hold gives them.
type recallJob struct {
	Owner string    `json:"owner"`
	Since time.Time `json:"since"`
	// Until is how long somebody who works on it is left alone.
	Until   time.Time `json:"until"`
	Pending bool      `json:"pending"`
	// Part is the first that has not been seen to, in the scope with the name Set.
	Set  string `json:"set,omitempty"`
	Part int    `json:"part"`
	// Run counts how often it was planned: what was seen to before another planning is seen to again.
	Run int `json:"run"`
}

var recallJobs = store.Table[recallJob]{
	Kind: "recall_job",
	Key:  func(j *recallJob) string { return j.Owner },
	Sort: func(j *recallJob) string { return sortTime(j.Since) },
	Terms: func(j *recallJob) []string {
		if j.Pending {
			return []string{"pending"}
		}
		return nil
	},
}

// plan notes that a case or hold is about to change what its lots are. It is not planned twice: whoever is
// stopped after it and tries again finds it as it is.
func (l *Ledger) plan(ctx context.Context, owner string) error {
	_, err := put(ctx, l, recallJobs, owner, recallJob{Owner: owner}, func(j *recallJob) error {
		if j.Pending && j.Part == 0 {
			return nil
		}
		j.Since, j.Pending, j.Part, j.Set, j.Run = l.stamp(), true, 0, "", j.Run+1
		return nil
	})
	return err
}

// inlineParts is how many parts a verb sees to before it answers; the sweeper does the rest.
const inlineParts = 1

// SweepRecalls goes on with the lots of cases and holds whose change was cut short or is too large for one
// request, and with notices that are yet to be written. The program calls it every few seconds. It works for
// at most a minute and reports whether there is more to do.
func (l *Ledger) SweepRecalls(ctx context.Context) (more bool, err error) {
	defer fault.Wrap(&err, "Ledger.SweepRecalls")
	rows, next, err := recallJobs.Find(ctx, l.DB, store.Query{Term: "pending", Limit: 50})
	if err != nil {
		return false, err
	}
	now := l.stamp()
	for _, r := range rows {
		if r.Value.Until.After(now) {
			continue // another server is at it
		}
		_, err := recallJobs.UpdateAt(ctx, l.DB, r.Key, r.Rev, func(j *recallJob) error {
			j.Until = now.Add(time.Minute)
			return nil
		})
		if errors.Is(err, fault.Stale) {
			continue
		}
		if err == nil {
			err = l.tellReceivers(ctx, r.Key)
		}
		if err == nil {
			err = l.settleScope(ctx, r.Key, 1<<30)
		}
		if err != nil {
			return true, err
		}
	}
	return next != "", nil
}

// settleScope gives lots of a case or hold the state they have by it, so many parts of them.
func (l *Ledger) settleScope(ctx context.Context, owner string, parts int) error {
	row, err := recallJobs.Get(ctx, l.DB, owner)
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil || !row.Value.Pending {
		return err
	}
	head, step, waiting, err := l.standingOrder(ctx, owner)
	if err != nil {
		return err
	}
	job := row.Value
	waiting = waiting || step.At.Before(job.Since) && head.Parts > 0 // it is older than what was planned
	finish := func(change func(j *recallJob)) error {
		_, err := recallJobs.Update(ctx, l.DB, owner, func(j *recallJob) error {
			if j.Run == job.Run { // planned anew meanwhile: left to the one who did
				change(j)
			}
			return nil
		})
		return err
	}
	if waiting {
		// Whoever planned it has not written the change yet, or never will.
		if l.now().Sub(job.Since) > patience {
			return finish(func(j *recallJob) { j.Pending, j.Until = false, time.Time{} })
		}
		return nil
	}
	if head.Parts == 0 {
		return finish(func(j *recallJob) { j.Pending, j.Until = false, time.Time{} })
	}
	from := 0
	if job.Set == head.Set {
		from = job.Part
	}
	for n := from; n < min(head.Parts, from+parts); n++ {
		some, err := l.readParts(ctx, owner, head, n, 1)
		if err != nil {
			return err
		}
		for i := range some {
			if err := l.settleLots(ctx, owner, some[i].Lots, step); err != nil {
				return err
			}
		}
		last := n+1 >= head.Parts
		err = finish(func(j *recallJob) {
			j.Set, j.Part, j.Pending = head.Set, n+1, !last
			j.Until = time.Time{}
			if !last && parts > inlineParts {
				j.Until = l.stamp().Add(time.Minute)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// standingOrder reads what a case or hold last did to its lots. waiting tells that it has done nothing.
func (l *Ledger) standingOrder(ctx context.Context, owner string) (h *ScopeHead, step RecallStep, waiting bool, err error) {
	c, err := recallCases.get(ctx, l, owner)
	if err == nil {
		switch {
		case c.Doc.Mock: // touches no lot
			return &ScopeHead{}, step, !c.Doc.Holds(), nil
		case c.Doc.Holds():
			return &c.Doc.Scope, c.Doc.last("confirm"), false, nil
		case c.Doc.Stage == RecallReview && c.Doc.HoldMeanwhile:
			return &c.Doc.Scope, c.Doc.last("submit"), false, nil
		case c.Doc.Held == nil:
			return &ScopeHead{}, step, true, nil
		case c.Doc.Stage == RecallDropped:
			return c.Doc.Held, c.Doc.last("drop"), false, nil
		}
		return c.Doc.Held, c.Doc.last("return"), false, nil
	}
	if !errors.Is(err, fault.NotFound) {
		return nil, step, false, err
	}
	s, err := holdSets.get(ctx, l, owner)
	if errors.Is(err, fault.NotFound) {
		return &ScopeHead{}, step, true, nil
	}
	if err != nil {
		return nil, step, false, err
	}
	step = RecallStep{Action: "hold", At: s.Doc.HeldAt, By: s.Doc.HeldBy, Reason: s.Doc.Reason}
	if s.Doc.ReleasedAt != nil {
		step = RecallStep{Action: "release", At: *s.Doc.ReleasedAt, By: *s.Doc.ReleasedBy, Reason: s.Doc.Outcome}
	}
	return &s.Doc.Scope, step, false, nil
}

// settleLots gives lots the state that every case and hold together gives them.
func (l *Ledger) settleLots(ctx context.Context, owner string, lots []ScopeLot, step RecallStep) error {
	var codes []string
	for i := range lots {
		if lots[i].Removed == nil {
			codes = append(codes, lots[i].Code)
		}
	}
	now, err := batches.many(ctx, l, codes)
	if err != nil {
		return err
	}
	by, err := l.effects(ctx, codes)
	if err != nil {
		return err
	}
	for _, code := range codes {
		b, ok := now[code]
		if !ok {
			continue
		}
		want := b.Doc.settled(owner, by[code], step)
		if want == nil {
			// If it was settled before, what comes after may have been cut short.
			if last := b.Doc.LastStep(); last.Recall != "" {
				want = &last
			} else {
				continue
			}
		}
		s, err := batches.update(ctx, l, want.By, code, 0, string(want.State), want.Reason, func(b *Batch) error {
			if want := b.settled(owner, by[code], step); want != nil {
				b.State = want.State
				b.Steps = append(b.Steps, *want)
			}
			return nil
		})
		if err != nil {
			return err
		}
		if err := l.fileEvents(ctx, &s.Doc); err != nil {
			return err
		}
	}
	return nil
}

// settled is the change of state that what holds for a lot asks for, nil if it is as it should be.
func (b *Batch) settled(owner string, e effect, step RecallStep) *StateChange {
	last := b.LastStep()
	switch {
	case b.State == Voided:
		return nil
	case e.recall != nil:
		if slices.ContainsFunc(b.Steps, func(s StateChange) bool { return s.Recall == e.recall.ID && s.State == Recalled }) {
			return nil
		}
		return &StateChange{State: Recalled, At: e.recall.OpenedAt, By: e.recall.OpenedBy, Reason: e.recall.Reason, Recall: e.recall.ID}
	case e.hold != nil:
		if b.State == Recalled || b.State == Held && (last.Recall == "" || last.Recall == e.hold.ID) {
			return nil
		}
		return &StateChange{State: Held, At: e.hold.At, By: e.hold.By, Reason: e.hold.Reason, Recall: e.hold.ID}
	case b.State == Held && last.Recall == owner:
		// Back to what it was before the sets and cases that hold no longer.
		for _, s := range slices.Backward(b.Steps) {
			if s.Recall == "" || s.State != Held {
				return &StateChange{State: s.State, At: step.At, By: step.By, Reason: step.Reason, Recall: owner}
			}
		}
	}
	return nil
}
