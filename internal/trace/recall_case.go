package trace

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// A RecallCase is a recall that is prepared before it takes effect: its scope is found and looked through,
// a second person confirms it, and from that one write on it holds for every lot in it. OpenRecall beside
// it is the short way, for lots that somebody can name at once.

// RecallStage is how far a case has come.
type RecallStage string

// The stages of a case.
const (
	RecallScoping RecallStage = "scoping" // its scope is found and may be changed
	RecallReview  RecallStage = "review"  // its scope is frozen and waits for a second person
	RecallRunning RecallStage = "running" // confirmed: it holds
	RecallClosed  RecallStage = "closed"  // ended; its lots stay recalled
	RecallDropped RecallStage = "dropped" // given up before it held
)

// RecallStages lists the stages.
var RecallStages = []RecallStage{RecallScoping, RecallReview, RecallRunning, RecallClosed, RecallDropped}

// RecallTrigger is how the fault was found.
type RecallTrigger string

// RecallTriggers lists the ways in which a fault is found.
var RecallTriggers = []RecallTrigger{"test_result", "complaint", "diary", "inspection", "supplier", "other"}

// SeedKind is what a recall or hold begins from.
type SeedKind string

// The kinds of seed.
const (
	SeedLot         SeedKind = "lot"
	SeedCertificate SeedKind = "certificate"
	SeedPlot        SeedKind = "plot"
	SeedInput       SeedKind = "input"    // a lot of fertiliser, pesticide or seed, of the farm diary
	SeedShipment    SeedKind = "shipment" // goods that were sent or received together
)

// SeedKinds lists the kinds of seed.
var SeedKinds = []SeedKind{SeedLot, SeedCertificate, SeedPlot, SeedInput, SeedShipment}

// RecallSeed is one thing that a recall or hold begins from.
type RecallSeed struct {
	Kind SeedKind `json:"kind"`
	// ID is the lot's code, or the record's id.
	ID string `json:"id"`
}

// RecallReach says how far a scope is looked for from its seeds. What was made of them is always in it.
type RecallReach struct {
	// From and To bound the days on which lots of a plot, certificate or input were harvested or made;
	// empty leaves that side open.
	From Date `json:"from,omitempty"`
	To   Date `json:"to,omitempty"`
	// Back takes in what the seeds were made of, and Sideways what shares with any of these the plot within
	// Window days, the certificate or the input.
	Back     bool `json:"back,omitempty"`
	Sideways bool `json:"sideways,omitempty"`
	Window   int  `json:"window,omitempty"`
}

// ScopeHead is what a case or hold says of its scope; the lots are kept beside it, a hundred in a record.
type ScopeHead struct {
	// Version tells one scope from the one before. Somebody who confirms names the version that was seen.
	Version int `json:"version"`
	// Set names the records of this version.
	Set string `json:"set,omitempty"`
	// Parts is how many records there are, and Lots how many lots are in the scope.
	Parts int `json:"parts"`
	Lots  int `json:"lots"`
	// Quantities add up the lots', one for each unit of measure.
	Quantities []Quantity `json:"quantities,omitempty"`
	// Organisations are those whose lots are in it.
	Organisations []string  `json:"organisations,omitempty"`
	FoundAt       time.Time `json:"foundAt"`
	// FoundIn is how long it took to find, in milliseconds.
	FoundIn int64 `json:"foundIn"`
	// Cut tells that the search was given up at its bound: there may be more.
	Cut bool `json:"cut,omitempty"`
}

// RecallStep is something that was done to a case.
type RecallStep struct {
	Action string    `json:"action"`
	At     time.Time `json:"at"`
	By     Actor     `json:"by"`
	Reason string    `json:"reason,omitempty"`
	// Token makes a step that is sent twice count once.
	Token string `json:"token,omitempty"`
}

// RecallCase is a recall of the lots in its scope.
type RecallCase struct {
	ID string `json:"id"`
	// Organisation is that of the first seed, which answers for the case.
	Organisation string     `json:"organisation"`
	Kind         RecallKind `json:"kind"`
	// Mock marks an exercise: everything is done except what the public or a receiver would see.
	Mock    bool          `json:"mock,omitempty"`
	Trigger RecallTrigger `json:"trigger"`
	// Reason and Advice are shown to the public.
	Reason   string `json:"reason"`
	Advice   string `json:"advice"`
	Decision string `json:"decision,omitempty"`
	// DetectedAt is when the fault was found: the clock of TT 17/2021 begins there.
	DetectedAt time.Time    `json:"detectedAt"`
	Seeds      []RecallSeed `json:"seeds"`
	Reach      RecallReach  `json:"reach"`
	Stage      RecallStage  `json:"stage"`
	Scope      ScopeHead    `json:"scope"`
	// HoldMeanwhile stops the sale of the lots while the case is reviewed.
	HoldMeanwhile bool `json:"holdMeanwhile,omitempty"`
	// Held is the scope whose lots were last held for a review.
	Held *ScopeHead `json:"held,omitempty"`
	// Steps are what was done, oldest first; the first is the opening.
	Steps []RecallStep `json:"steps"`
	// EffectiveAt is when it was confirmed, and ConfirmedBy who did.
	EffectiveAt *time.Time `json:"effectiveAt,omitempty"`
	ConfirmedBy *Actor     `json:"confirmedBy,omitempty"`
	// ToldAt is when the notices to the receivers were written.
	ToldAt *time.Time `json:"toldAt,omitempty"`
	// ConsentOn is the day of the authority's written consent to the handling, from which it may take three
	// months (TT 17/2021/TT-BNNPTNT).
	ConsentOn Date       `json:"consentOn,omitempty"`
	ClosedAt  *time.Time `json:"closedAt,omitempty"`
	Outcome   string     `json:"outcome,omitempty"`
	// Unfinished is why it was closed though some lots were not handled.
	Unfinished string `json:"unfinished,omitempty"`
	// UnitPath are the administrative units of the organisation, and Concerned those of every organisation
	// with lots in the confirmed scope.
	UnitPath  []string `json:"unitPath"`
	Concerned []string `json:"concerned,omitempty"`
}

var recallCases = newKind("recall_case",
	func(c *RecallCase) string { return c.ID }, func(c *RecallCase) string { return c.Organisation }, byCreation[RecallCase],
	func(c *RecallCase) []string {
		terms := append(prefixed("unit=", c.UnitPath), "org="+c.Organisation)
		if c.Holds() && !c.Mock {
			terms = append(append(terms, prefixed("org=", c.Scope.Organisations)...), prefixed("unit=", c.Concerned)...)
			terms = append(terms, "public")
			if c.Stage == RecallRunning {
				terms = append(terms, "running")
			}
		}
		return terms
	})

// Holds reports whether the case has taken effect.
func (c *RecallCase) Holds() bool { return c.Stage == RecallRunning || c.Stage == RecallClosed }

// Opened is the step with which the case began.
func (c *RecallCase) Opened() RecallStep { return c.Steps[0] }

// done reports whether a step with the token has been taken already.
func (c *RecallCase) done(action, token string) bool {
	return token != "" && slices.ContainsFunc(c.Steps, func(s RecallStep) bool { return s.Action == action && s.Token == token })
}

// sameCase answers a case as it is: of a verb that was done before, what may have been cut short is that its
// last change reached the audit trail.
func (l *Ledger) sameCase(ctx context.Context, by Actor, id string) (Stored[RecallCase], error) {
	return recallCases.update(ctx, l, by, id, 0, "", "", func(*RecallCase) error { return nil })
}

// RecallCaseDraft is what is sent to open a case.
type RecallCaseDraft struct {
	Token string `json:"-"`
	Kind  string `json:"kind"`
	// Mock makes it an exercise.
	Mock bool `json:"mock"`
	// Trigger is how the fault was found: one of RecallTriggers.
	Trigger  string `json:"trigger"`
	Reason   string `json:"reason"`
	Advice   string `json:"advice"`
	Decision string `json:"decision"`
	// Detected is when, in the zone of the site: "2026-11-24T08:30". Empty means now.
	Detected string `json:"detected"`
	// Seeds are what the recall begins from, at most fifty.
	Seeds []RecallSeed `json:"seeds"`
	// From is the first day of harvest that counts, of the lots of a plot, certificate or input.
	From string `json:"from"`
	// To is the last such day.
	To string `json:"to"`
	// Back takes in what the seeds were made of.
	Back bool `json:"back"`
	// Sideways takes in what shares plot, input, certificate or source.
	Sideways bool `json:"sideways"`
	// Window is within how many days of harvest lots of one plot share it.
	Window int `json:"window"`
}

// maxWindow bounds the days within which lots of one plot count as sharing it.
const maxWindow = 366

// detected reads when a fault was found. It cannot be in the future.
func (l *Ledger) detected(p *fault.Problem, pointer, text string) time.Time {
	text = strings.TrimSpace(text)
	if text == "" {
		return l.stamp()
	}
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02 15:04", time.RFC3339} {
		if at, err := time.ParseInLocation(layout, text, l.zone()); err == nil {
			if at.After(l.now()) {
				p.Add(pointer, "date_in_future", at.Format(time.DateOnly))
			} else if at.Year() < firstYear {
				p.Add(pointer, "date_out_of_range", firstYear, lastYear)
			}
			return at.UTC()
		}
	}
	p.Add(pointer, "time_malformed", short(text))
	return time.Time{}
}

// OpenRecallCase opens a recall and finds its scope. Nothing changes for anybody until it is confirmed. The
// manager of the organisation that the first seed belongs to may open a voluntary one, and the officials
// over it either.
func (l *Ledger) OpenRecallCase(ctx context.Context, by Actor, d RecallCaseDraft) (s Stored[RecallCase], err error) {
	defer fault.Wrap(&err, "Ledger.OpenRecallCase")
	if by.Role == "" || by.Role == Buyer || by.Role == Staff {
		return s, by.denied()
	}
	var p fault.Problem
	c := RecallCase{
		ID:         newID("recall_case", by, d.Token),
		Kind:       RecallKind(choice(&p, "/kind", d.Kind, RecallKinds)),
		Mock:       d.Mock,
		Trigger:    RecallTrigger(choice(&p, "/trigger", d.Trigger, RecallTriggers)),
		Reason:     p.Paragraph("/reason", d.Reason, maxText, true),
		Advice:     p.Paragraph("/advice", d.Advice, maxText, true),
		Decision:   p.Text("/decision", d.Decision, 100, false),
		DetectedAt: l.detected(&p, "/detected", d.Detected),
		Reach: RecallReach{
			From: date(&p, "/from", d.From), To: date(&p, "/to", d.To), Back: d.Back, Sideways: d.Sideways, Window: d.Window,
		},
		Stage: RecallScoping,
	}
	checkReach(&p, &c.Reach)
	c.Seeds = l.seeds(&p, d.Seeds)
	if err := p.Err(); err != nil {
		return s, err
	}
	found, err := l.seedLots(ctx, &p, c.Seeds, c.Reach)
	if err != nil {
		return s, err
	}
	if err := p.Err(); err != nil {
		return s, err
	}
	o, err := organisations.get(ctx, l, found.owner)
	if err != nil {
		return s, err
	}
	if !by.mayRecall(&o.Doc, c.Kind) {
		return s, by.denied()
	}
	c.Organisation, c.UnitPath = o.Doc.ID, o.Doc.UnitPath
	c.Steps = []RecallStep{{Action: "open", At: l.stamp(), By: by}}
	s, err = recallCases.insert(ctx, l, by, "open", c)
	if err != nil && (!errors.Is(err, fault.Exists) || d.Token == "") {
		return s, err
	}
	if s.Doc.Scope.Version > 0 {
		return l.sameCase(ctx, by, c.ID)
	}
	return l.findScope(ctx, by, s, d.Token)
}

func checkReach(p *fault.Problem, r *RecallReach) {
	if r.From != "" && r.To != "" && r.From > r.To {
		p.Add("/to", "date_before", string(r.To), string(r.From))
	}
	if r.Window < 0 || r.Window > maxWindow {
		p.Add("/window", "number_range", 0, maxWindow)
	}
}

// caseFor reads a case for somebody who acts upon it: those who may open one like it. There is none for
// others.
func (l *Ledger) caseFor(ctx context.Context, by Actor, id string) (s Stored[RecallCase], o Organisation, err error) {
	if by.Role == "" || by.Role == Buyer || by.Role == Staff {
		return s, o, by.denied()
	}
	if s, err = recallCases.get(ctx, l, id); err != nil {
		return s, o, err
	}
	owner, err := organisations.get(ctx, l, s.Doc.Organisation)
	if err != nil {
		return s, o, err
	}
	if !by.mayRecall(&owner.Doc, s.Doc.Kind) {
		return s, o, by.denied()
	}
	return s, owner.Doc, nil
}

// RecallCase answers a case: to those who see the records of the organisation that answers for it and, once
// a real one holds, to those of every organisation with lots in it.
func (l *Ledger) RecallCase(ctx context.Context, by Actor, id string) (s Stored[RecallCase], err error) {
	defer fault.Wrap(&err, "Ledger.RecallCase(%q)", id)
	if by.Role == "" || by.Role == Buyer {
		return s, by.denied()
	}
	if s, err = recallCases.get(ctx, l, id); err != nil {
		return s, err
	}
	if !by.seesCase(&s.Doc) {
		return Stored[RecallCase]{}, by.denied()
	}
	return s, nil
}

// seesCase reports whether the actor sees a case; what it sees of its lots is another question.
func (a Actor) seesCase(c *RecallCase) bool {
	if a.leadsCase(c) {
		return true
	}
	if !c.Holds() || c.Mock {
		return false
	}
	return slices.ContainsFunc(c.Scope.Organisations, a.memberOf) || a.Role == Official && a.Unit != "" && slices.Contains(c.Concerned, a.Unit)
}

// leadsCase reports whether the actor sees all of a case: the people of the organisation that answers for it
// and the officials over that.
func (a Actor) leadsCase(c *RecallCase) bool { return a.Sees(c.Organisation, c.UnitPath) }

// RecallCases answers a page of the cases that the actor may see, newest first.
func (l *Ledger) RecallCases(ctx context.Context, by Actor, org, after string, limit int) (_ []Stored[RecallCase], next string, err error) {
	defer fault.Wrap(&err, "Ledger.RecallCases(%q)", org)
	q := store.Query{Desc: true, After: after, Limit: limit}
	if org == "" && by.Role == Official && by.Unit != "" {
		q.Term = "unit=" + by.Unit
	} else if q, err = l.listOf(ctx, by, org, after, limit); err != nil {
		return nil, "", err
	}
	return recallCases.find(ctx, l, q)
}

// RunningRecalls answers the recalls that hold and are not closed, newest first, exercises left out: what
// the public is told of on the first page. At most limit of
// each way of opening one are looked at.
func (l *Ledger) RunningRecalls(ctx context.Context, limit int) (out []Recall, err error) {
	defer fault.Wrap(&err, "Ledger.RunningRecalls")
	cases, _, err := recallCases.find(ctx, l, store.Query{Term: "running", Desc: true, Limit: limit})
	if err != nil {
		return nil, err
	}
	for _, c := range cases {
		out = append(out, c.Doc.recall(nil))
	}
	named, _, err := recalls.find(ctx, l, store.Query{Desc: true, Limit: limit})
	if err != nil {
		return nil, err
	}
	for _, r := range named {
		if r.Doc.ClosedAt == nil {
			out = append(out, r.Doc)
		}
	}
	slices.SortStableFunc(out, func(a, b Recall) int { return cmp.Or(b.OpenedAt.Compare(a.OpenedAt), cmp.Compare(a.ID, b.ID)) })
	return out, nil
}

// recall is a case as the public knows it, with some of its lots.
func (c *RecallCase) recall(codes []string) Recall {
	r := Recall{
		ID: c.ID, Organisation: c.Organisation, Kind: c.Kind, Reason: c.Reason, Advice: c.Advice, Decision: c.Decision,
		Batches: codes, Lots: c.Scope.Lots, OpenedBy: c.Opened().By, ClosedAt: c.ClosedAt, Outcome: c.Outcome, UnitPath: c.UnitPath,
	}
	if c.EffectiveAt != nil {
		r.OpenedAt, r.OpenedBy = *c.EffectiveAt, *c.ConfirmedBy // before that nothing was called back
	}
	return r
}

// ChangeRecallCase changes what a case says while its scope may still be changed; rev is the revision that
// the actor saw.
func (l *Ledger) ChangeRecallCase(ctx context.Context, by Actor, id string, rev int64, d RecallCaseDraft) (s Stored[RecallCase], err error) {
	defer fault.Wrap(&err, "Ledger.ChangeRecallCase(%q)", id)
	if _, _, err := l.caseFor(ctx, by, id); err != nil {
		return s, err
	}
	var p fault.Problem
	trigger := RecallTrigger(choice(&p, "/trigger", d.Trigger, RecallTriggers))
	reason := p.Paragraph("/reason", d.Reason, maxText, true)
	advice := p.Paragraph("/advice", d.Advice, maxText, true)
	decision := p.Text("/decision", d.Decision, 100, false)
	if err := p.Err(); err != nil {
		return s, err
	}
	return recallCases.update(ctx, l, by, id, rev, "correct", "", func(c *RecallCase) error {
		if c.Stage != RecallScoping {
			return c.wrongStage()
		}
		c.Trigger, c.Reason, c.Advice, c.Decision = trigger, reason, advice, decision
		return nil
	})
}

func (c *RecallCase) wrongStage() error {
	return fault.New(fault.Exists, "recall_stage", "recallStage."+string(c.Stage))
}
