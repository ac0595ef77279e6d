package trace

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// RecallMeasure is what was done with goods of a recall: found again, or handled in one of the ways of
// TT 17/2021/TT-BNNPTNT, or known to have been eaten.
type RecallMeasure string

// The measures. A quantity is recovered first and handled then; what is consumed can be neither.
const (
	Recovered RecallMeasure = "recovered"
	Fixed     RecallMeasure = "fixed"      // khắc phục lỗi sản phẩm, lỗi ghi nhãn
	Diverted  RecallMeasure = "diverted"   // chuyển mục đích sử dụng
	Reexport  RecallMeasure = "reexported" // tái xuất
	Destroyed RecallMeasure = "destroyed"  // tiêu hủy
	Consumed  RecallMeasure = "consumed"
)

// RecallMeasures lists the measures, and Handlings those that handle goods.
var (
	RecallMeasures = []RecallMeasure{Recovered, Fixed, Diverted, Reexport, Destroyed, Consumed}
	Handlings      = []RecallMeasure{Fixed, Diverted, Reexport, Destroyed}
)

// RecallEntry is a line of a recall's account. Nothing in it changes: a line that was wrong is superseded.
type RecallEntry struct {
	ID           string        `json:"id"`
	Case         string        `json:"case"`
	Organisation string        `json:"organisation"`
	Lot          string        `json:"lot"`
	Measure      RecallMeasure `json:"measure"`
	Quantity     Quantity      `json:"quantity"`
	On           Date          `json:"on"`
	// Receiver is the id of the notice to who had the goods, empty if they were still at the producer's.
	Receiver string `json:"receiver,omitempty"`
	// Documents are ids of papers that prove it, such as the record of a destruction.
	Documents []string `json:"documents,omitempty"`
	Note      string   `json:"note,omitempty"`
	// Supersedes is the id of a line that this one takes the place of; with a quantity of nothing it only
	// strikes it out.
	Supersedes string    `json:"supersedes,omitempty"`
	At         time.Time `json:"at"`
	By         Actor     `json:"by"`
}

var recallEntries = trail(newKind("recall_entry",
	func(e *RecallEntry) string { return e.ID }, func(e *RecallEntry) string { return e.Organisation },
	func(r *record[RecallEntry]) string { return sortTime(r.Doc.At) },
	func(e *RecallEntry) []string { return []string{"case=" + e.Case, "case+lot=" + e.Case + "+" + e.Lot} }))

// RecallEntryDraft is what is sent to record a line.
type RecallEntryDraft struct {
	Token string `json:"-"`
	// Lot is the lot's code.
	Lot string `json:"lot"`
	// Measure is what was done: one of RecallMeasures.
	Measure  string  `json:"measure"`
	Quantity Decimal `json:"quantity"`
	// On is the day, today if empty.
	On string `json:"on"`
	// Receiver is the id of the notice to who had the goods, empty if they were at the producer.
	Receiver  string   `json:"receiver"`
	Documents []string `json:"documents"`
	Note      string   `json:"note"`
	// Supersedes is the id of a line that this one takes the place of.
	Supersedes string `json:"supersedes"`
}

// RecordRecallEntry adds a line to the account of a case that holds: by the people of the organisation whose
// lot it is or that answers for the case, and the officials over it. The quantity is in the lot's unit of
// measure. In an exercise the lines are what was found on paper.
func (l *Ledger) RecordRecallEntry(ctx context.Context, by Actor, id string, d RecallEntryDraft) (e RecallEntry, err error) {
	defer fault.Wrap(&err, "Ledger.RecordRecallEntry(%q)", id)
	c, err := l.RecallCase(ctx, by, id)
	if err != nil {
		return e, err
	}
	if c.Doc.Stage != RecallRunning {
		return e, c.Doc.wrongStage()
	}
	var p fault.Problem
	e = RecallEntry{
		ID: newID("recall_entry", by, d.Token), Case: id, Measure: RecallMeasure(choice(&p, "/measure", d.Measure, RecallMeasures)),
		On: date(&p, "/on", d.On), Receiver: d.Receiver, Documents: unique(d.Documents), Note: p.Paragraph("/note", d.Note, 500, false),
		Supersedes: d.Supersedes, At: l.stamp(), By: by,
	}
	e.Quantity.Value = amount(&p, "/quantity", d.Quantity, d.Supersedes == "")
	switch today := l.Today(); {
	case e.On == "" && d.On == "":
		e.On = today
	case e.On > today:
		p.Add("/on", "date_in_future", string(e.On))
	}
	lots := lotCodes([]string{d.Lot})
	e.Lot = lots[0]
	s, err := l.lotInScope(ctx, &c.Doc, e.Lot)
	if err := found(&p, "/lot", "not_in_scope", err); err != nil {
		return e, err
	}
	if err == nil {
		e.Organisation, e.Quantity.UOM = s.Organisation, s.Quantity.UOM
		o, err := organisations.get(ctx, l, s.Organisation)
		if err != nil {
			return e, err
		}
		if !by.leadsCase(&c.Doc) && !by.mayRead(&o.Doc) {
			return e, by.denied()
		}
		if e.Quantity.Value > s.Quantity.Value {
			p.Add("/quantity", "more_than_lot", s.Quantity.Value.String())
		}
		if err := l.checkDocuments(ctx, &p, "/documents", s.Organisation, e.Documents); err != nil {
			return e, err
		}
	}
	if e.Receiver != "" {
		n, err := recallNotices.Get(ctx, l.DB, e.Receiver)
		if err := found(&p, "/receiver", "receiver_unknown", err); err != nil {
			return e, err
		}
		if err == nil && n.Value.Case != id {
			p.Add("/receiver", "receiver_unknown")
		}
	}
	if e.Supersedes != "" {
		old, err := recallEntries.get(ctx, l, e.Supersedes)
		if err := found(&p, "/supersedes", "entry_unknown", err); err != nil {
			return e, err
		}
		if err == nil && (old.Doc.Case != id || old.Doc.Lot != e.Lot) {
			p.Add("/supersedes", "entry_unknown")
		}
	}
	if err := p.Err(); err != nil {
		return e, err
	}
	st, err := recallEntries.insert(ctx, l, by, "record", e)
	if errors.Is(err, fault.Exists) && d.Token != "" {
		return st.Doc, nil
	}
	return e, err
}

// lotInScope finds a lot in a case's scope, or answers fault.NotFound.
func (l *Ledger) lotInScope(ctx context.Context, c *RecallCase, code string) (ScopeLot, error) {
	for n := 0; n < c.Scope.Parts; n += partsAtOnce {
		parts, err := l.readParts(ctx, c.ID, &c.Scope, n, partsAtOnce)
		if err != nil {
			return ScopeLot{}, err
		}
		for i := range parts {
			for _, s := range parts[i].Lots {
				if s.Code == code && s.Removed == nil {
					return s, nil
				}
			}
		}
	}
	return ScopeLot{}, fault.NotFound
}

// LotAccount is where a lot's quantity has gone, in the lot's unit of measure.
type LotAccount struct {
	ScopeLot
	ProductName string
	// Used went into other lots; Shipped was sent to others.
	Used, Shipped Amount
	// Held, Sold and Returned are what receivers answered.
	Held, Sold, Returned Amount
	// Recovered was found again, of that FromStock at the producer's own.
	Recovered, FromStock Amount
	// Handled is what was handled, by measure, and Consumed what is known to have been eaten.
	Handled  map[RecallMeasure]Amount
	Consumed Amount
}

// Due is the quantity that a recall is about: what has not become part of another lot.
func (a *LotAccount) Due() Amount { return max(0, a.Quantity.Value-a.Used) }

// HandledAll is what was handled in any way.
func (a *LotAccount) HandledAll() (sum Amount) {
	for _, v := range a.Handled {
		sum += v
	}
	return sum
}

// Known is how much of the quantity it is known of where it is or what became of it.
func (a *LotAccount) Known() Amount {
	return min(a.Due(), max(a.Shipped, a.Held+a.Sold+a.Returned, a.Recovered-a.FromStock)+a.FromStock+a.Consumed)
}

// Out is what has been neither recovered nor, as far as is known, eaten.
func (a *LotAccount) Out() Amount { return max(0, a.Due()-a.Recovered-max(a.Sold, a.Consumed)) }

// Finished reports whether nothing is left to do: everything recovered is handled and nothing is out.
func (a *LotAccount) Finished() bool { return a.Out() == 0 && a.HandledAll() >= a.Recovered }

// AccountTotal adds lots up that have one unit of measure.
type AccountTotal struct {
	UOM                                                        string
	Due, Shipped, Known, Recovered, Handled, Sold, Out, Answer Amount
}

// share is a part in tenths of a per cent; all of nothing is everything.
func share(part, of Amount) int {
	if of <= 0 {
		return 1000
	}
	return int(part * 1000 / of)
}

// RecoveredShare and KnownShare are in tenths of a per cent.
func (t *AccountTotal) RecoveredShare() int { return share(t.Recovered, t.Due) }

// KnownShare is the share of the quantity of which it is known where it is, in tenths of a per cent.
func (t *AccountTotal) KnownShare() int { return share(t.Known, t.Due) }

// RecallAccount is the whole account of a case.
type RecallAccount struct {
	Lots    []LotAccount
	Totals  []AccountTotal
	Entries []RecallEntry
	Notices []ReceiverNotice
	// Unfinished is how many lots are not finished.
	Unfinished int
}

// RecallAccount answers the account of a case to those who lead it: its lots, what was sent to whom, what
// came back and what was done with it.
func (l *Ledger) RecallAccount(ctx context.Context, by Actor, id string) (a RecallAccount, err error) {
	defer fault.Wrap(&err, "Ledger.RecallAccount(%q)", id)
	c, err := l.leading(ctx, by, id)
	if err != nil {
		return a, err
	}
	lots, err := l.scopeLots(ctx, id, &c.Scope)
	if err != nil {
		return a, err
	}
	lots = inScope(lots)
	var codes, goods []string
	seen := map[string]bool{}
	for i := range lots {
		codes = append(codes, lots[i].Code)
		if !seen[lots[i].Product] {
			seen[lots[i].Product] = true
			goods = append(goods, lots[i].Product)
		}
	}
	names := map[string]string{}
	for some := range slices.Chunk(goods, scopeChunk) {
		known, err := products.many(ctx, l, some)
		if err != nil {
			return a, err
		}
		for id, pr := range known {
			names[id] = pr.Doc.Name
		}
	}
	used, err := l.usedUp(ctx, codes)
	if err != nil {
		return a, err
	}
	if a.Notices, err = l.ReceiverNotices(ctx, by, id); err != nil {
		return a, err
	}
	for row, err := range recallEntries.All(ctx, l.DB, store.Query{Term: "case=" + id, Limit: store.MaxLimit}) {
		if err != nil {
			return a, err
		}
		a.Entries = append(a.Entries, row.Value.Doc)
	}
	at := make(map[string]int, len(lots))
	for i, s := range lots {
		at[s.Code] = i
		a.Lots = append(a.Lots, LotAccount{ScopeLot: s, ProductName: names[s.Product], Used: used[s.Code], Handled: map[RecallMeasure]Amount{}})
	}
	for i := range a.Notices {
		n := &a.Notices[i]
		for _, lot := range n.Lots {
			if j, ok := at[lot.Code]; ok && lot.Quantity.UOM == a.Lots[j].Quantity.UOM {
				a.Lots[j].Shipped += lot.Quantity.Value
			}
		}
		if answer := n.Answer(); answer != nil {
			for _, line := range answer.Lots {
				if j, ok := at[line.Code]; ok {
					a.Lots[j].Held += line.Held
					a.Lots[j].Sold += line.Sold
					a.Lots[j].Returned += line.Returned
				}
			}
		}
	}
	for _, e := range standingEntries(a.Entries) {
		j, ok := at[e.Lot]
		if !ok {
			continue
		}
		lot := &a.Lots[j]
		switch e.Measure {
		case Recovered:
			lot.Recovered += e.Quantity.Value
			if e.Receiver == "" {
				lot.FromStock += e.Quantity.Value
			}
		case Consumed:
			lot.Consumed += e.Quantity.Value
		default:
			lot.Handled[e.Measure] += e.Quantity.Value
		}
	}
	a.add()
	return a, nil
}

// standingEntries are the lines that no other has taken the place of.
func standingEntries(all []RecallEntry) []RecallEntry {
	gone := map[string]bool{}
	for _, e := range all {
		gone[e.Supersedes] = true
	}
	return slices.DeleteFunc(slices.Clone(all), func(e RecallEntry) bool { return gone[e.ID] })
}

// Standing reports whether no other line has taken the place of one.
func (a *RecallAccount) Standing(id string) bool {
	return !slices.ContainsFunc(a.Entries, func(e RecallEntry) bool { return e.Supersedes == id })
}

// add adds the lots up.
func (a *RecallAccount) add() {
	for i := range a.Lots {
		lot := &a.Lots[i]
		if !lot.Finished() {
			a.Unfinished++
		}
		j := slices.IndexFunc(a.Totals, func(t AccountTotal) bool { return t.UOM == lot.Quantity.UOM })
		if j < 0 {
			a.Totals = append(a.Totals, AccountTotal{UOM: lot.Quantity.UOM})
			j = len(a.Totals) - 1
		}
		t := &a.Totals[j]
		t.Due += lot.Due()
		t.Shipped += lot.Shipped
		t.Known += lot.Known()
		t.Recovered += lot.Recovered
		t.Handled += lot.HandledAll()
		t.Sold += max(lot.Sold, lot.Consumed)
		t.Out += lot.Out()
		t.Answer += lot.Held + lot.Sold + lot.Returned
	}
	slices.SortFunc(a.Totals, func(x, y AccountTotal) int { return cmp.Compare(x.UOM, y.UOM) })
}

// SetConsent records the day of the authority's written consent to how the goods are handled. An official
// over the organisation does.
func (l *Ledger) SetConsent(ctx context.Context, by Actor, id, day string) (s Stored[RecallCase], err error) {
	defer fault.Wrap(&err, "Ledger.SetConsent(%q)", id)
	s, o, err := l.caseFor(ctx, by, id)
	if err != nil {
		return s, err
	}
	if !by.mayJudge(&o) {
		return s, by.denied()
	}
	var p fault.Problem
	on := date(&p, "/consentOn", day)
	if on == "" && len(p.Fields) == 0 {
		p.Add("/consentOn", "missing")
	}
	if on > l.Today() {
		p.Add("/consentOn", "date_in_future", string(on))
	}
	if err := p.Err(); err != nil {
		return s, err
	}
	return recallCases.update(ctx, l, by, id, 0, "consent", "", func(c *RecallCase) error {
		if c.Stage != RecallRunning {
			return c.wrongStage()
		}
		c.ConsentOn = on
		return nil
	})
}

// RecallClosing is what is sent to close a case.
type RecallClosing struct {
	// Outcome tells how the recall ended; it is public.
	Outcome string `json:"outcome"`
	// Unfinished is why lots are left that are not handled, if there are.
	Unfinished string `json:"unfinished"`
}

// CloseRecallCase ends a case with its outcome. Every lot must be handled, or it is said why not. The lots
// stay recalled.
func (l *Ledger) CloseRecallCase(ctx context.Context, by Actor, id string, d RecallClosing) (s Stored[RecallCase], err error) {
	defer fault.Wrap(&err, "Ledger.CloseRecallCase(%q)", id)
	s, _, err = l.caseFor(ctx, by, id)
	if err != nil {
		return s, err
	}
	if s.Doc.Stage == RecallClosed {
		return l.sameCase(ctx, by, id)
	}
	if s.Doc.Stage != RecallRunning {
		return s, s.Doc.wrongStage()
	}
	var p fault.Problem
	outcome := p.Paragraph("/outcome", d.Outcome, maxText, true)
	unfinished := p.Paragraph("/unfinished", d.Unfinished, maxText, false)
	a, err := l.RecallAccount(ctx, by, id)
	if err != nil {
		return s, err
	}
	if a.Unfinished > 0 && unfinished == "" {
		p.Add("/unfinished", "lots_unfinished", a.Unfinished)
	}
	if err := p.Err(); err != nil {
		return s, err
	}
	return recallCases.update(ctx, l, by, id, 0, "close", outcome, func(c *RecallCase) error {
		if c.Stage != RecallRunning {
			return nil // somebody else has closed it
		}
		now := l.stamp()
		c.Stage, c.ClosedAt, c.Outcome, c.Unfinished = RecallClosed, &now, outcome, unfinished
		c.Steps = append(c.Steps, RecallStep{Action: "close", At: now, By: by, Reason: outcome})
		return nil
	})
}

// Deadline is a time that TT 17/2021/TT-BNNPTNT sets for a recall. It is computed whenever it is asked for.
type Deadline struct {
	// Name is "stop" (stop selling and call back), "notify" (tell the chain), "decide" (the authority's
	// decision) or "handle" (what was recalled is handled).
	Name string
	Due  time.Time
	// Done is when it was met or missed, nil if it has not been done.
	Done *time.Time
	// Provisional tells that it may begin later: the authority has not consented to the handling yet.
	Provisional bool
}

// DeadlineState is how a deadline stands.
type DeadlineState string

// The states of a deadline.
const (
	DeadlineMet     DeadlineState = "met"
	DeadlineLate    DeadlineState = "late" // done, and too late
	DeadlineDue     DeadlineState = "due"
	DeadlineOverdue DeadlineState = "overdue"
)

// DeadlineStates lists the states.
var DeadlineStates = []DeadlineState{DeadlineMet, DeadlineLate, DeadlineDue, DeadlineOverdue}

// State is how the deadline stands at a time.
func (d *Deadline) State(now time.Time) DeadlineState {
	switch {
	case d.Done != nil && d.Done.After(d.Due):
		return DeadlineLate
	case d.Done != nil:
		return DeadlineMet
	case now.After(d.Due):
		return DeadlineOverdue
	}
	return DeadlineDue
}

// Deadlines are those of a case in the order in which they end: 24 hours from detection to stop and notify
// or, for a mandatory recall, to decide; three months from the authority's written consent to finish.
func (c *RecallCase) Deadlines(zone *time.Location) []Deadline {
	if c.Stage == RecallDropped {
		return nil
	}
	day := c.DetectedAt.Add(24 * time.Hour)
	first := Deadline{Name: "stop", Due: day, Done: c.EffectiveAt}
	if c.Kind == Mandatory {
		first.Name = "decide"
	}
	out := []Deadline{first, {Name: "notify", Due: day, Done: c.ToldAt}}
	if c.EffectiveAt != nil {
		from, provisional := DateOf(c.EffectiveAt.In(zone)), true
		if c.ConsentOn != "" {
			from, provisional = c.ConsentOn, false
		}
		out = append(out, Deadline{Name: "handle", Due: from.addMonths(3).AddDays(1).Time(zone).Add(-time.Second), Done: c.ClosedAt, Provisional: provisional})
	}
	return out
}

// addMonths counts months on: the last day of a month that is shorter stands for one it does not have.
func (d Date) addMonths(n int) Date {
	t := d.Time(time.UTC)
	first := time.Date(t.Year(), t.Month()+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return Date(fmt.Sprintf("%04d-%02d-%02d", first.Year(), int(first.Month()), min(t.Day(), last)))
}
