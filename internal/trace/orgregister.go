package trace

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// RegisterEntry is something the register keeps about an organisation, from a day on. Entries are only
// added: one that was wrong is superseded by another, so that any past day can be asked as it was known
// then and as it is known now.
type RegisterEntry struct {
	ID           string `json:"id"`
	Organisation string `json:"organisation"`
	// Topic is the id of a topic of the plan.
	Topic string `json:"topic"`
	// From is the first day on which it holds, To the last, empty if open. An event has one day.
	From Date `json:"from"`
	To   Date `json:"to,omitempty"`
	// Number counts what the topic says; Choice is one of its words.
	Number Amount `json:"number,omitempty"`
	Choice string `json:"choice,omitempty"`
	// Text says the rest: with whom, which technology, by which criteria. Source is the paper it is taken from.
	Text   string `json:"text,omitempty"`
	Source string `json:"source,omitempty"`
	// Supersedes is the id of the entry that this one takes the place of, with the reason. Void tells that
	// nothing takes its place.
	Supersedes string    `json:"supersedes,omitempty"`
	Reason     string    `json:"reason,omitempty"`
	Void       bool      `json:"void,omitempty"`
	By         Actor     `json:"by"`
	At         time.Time `json:"at"`
	UnitPath   []string  `json:"unitPath"`
}

// RegisterDraft is what is sent to make an entry.
type RegisterDraft struct {
	Token        string  `json:"-"`
	Organisation string  `json:"organisation"`
	Topic        string  `json:"topic"`
	From         string  `json:"from"`
	To           string  `json:"to"`
	Number       Decimal `json:"number"`
	Choice       string  `json:"choice"`
	Text         string  `json:"text"`
	Source       string  `json:"source"`
	Supersedes   string  `json:"supersedes"`
	Reason       string  `json:"reason"`
	Void         bool    `json:"void"`
}

var registerEntries = trail(newKind("register",
	func(e *RegisterEntry) string { return e.ID }, func(e *RegisterEntry) string { return e.Organisation },
	func(r *record[RegisterEntry]) string { return string(r.Doc.From) },
	func(e *RegisterEntry) []string { return []string{"org=" + e.Organisation} }))

// RecordRegister makes an entry of the register. An official of the organisation's unit and an admin may;
// its manager may too, except for what an authority has to say. With the draft's Token, a repeated
// submission answers the entry that the first one made.
func (l *Ledger) RecordRegister(ctx context.Context, by Actor, d RegisterDraft) (e RegisterEntry, err error) {
	defer fault.Wrap(&err, "Ledger.RecordRegister(%q, %q)", d.Organisation, d.Topic)
	if by.Role == "" || by.Role == Buyer || by.Role == Staff {
		return e, by.denied()
	}
	o, err := l.own(ctx, by, d.Organisation)
	if err != nil {
		return e, err
	}
	var p fault.Problem
	topic, ok := l.Plan.Topic(d.Topic)
	if !ok {
		p.Add("/topic", "not_offered", short(d.Topic))
	}
	if !by.mayJudge(&o) && !(by.memberOf(o.ID) && !topic.Judged) {
		return e, by.denied()
	}
	e = RegisterEntry{
		ID: newID("register", by, d.Token), Organisation: o.ID, Topic: d.Topic, From: date(&p, "/from", d.From), To: date(&p, "/to", d.To),
		Text: p.Paragraph("/text", d.Text, 500, false), Source: p.Text("/source", d.Source, maxName, false),
		Supersedes: d.Supersedes, Void: d.Void, By: by, At: l.stamp(), UnitPath: o.UnitPath,
	}
	e.Reason = p.Paragraph("/reason", d.Reason, 500, d.Supersedes != "")
	switch {
	case d.From == "":
		p.Add("/from", "missing")
	case e.From > l.Today():
		p.Add("/from", "date_in_future", string(e.From))
	case e.To != "" && e.To < e.From:
		p.Add("/to", "date_before", string(e.To), string(e.From))
	}
	if topic.Number != nil {
		e.Number = amount(&p, "/number", d.Number, false)
		if d.Number == "" && !d.Void {
			p.Add("/number", "missing")
		}
	}
	if len(topic.Choices) > 0 && !d.Void {
		e.Choice = choice(&p, "/choice", d.Choice, topic.Choices)
	}
	if topic.Holds == HoldsSpan && e.Text == "" && !d.Void {
		p.Add("/text", "missing") // with whom, or which
	}
	if topic.Holds != HoldsSpan {
		e.To = ""
	}
	if e.Supersedes != "" {
		old, err := registerEntries.get(ctx, l, e.Supersedes)
		if err := found(&p, "/supersedes", "register_entry_unknown", err); err != nil {
			return e, err
		}
		if err == nil && (old.Doc.Organisation != o.ID || old.Doc.Topic != e.Topic) {
			p.Add("/supersedes", "register_entry_unknown")
		}
	} else if d.Void {
		p.Add("/supersedes", "missing")
	}
	if err := p.Err(); err != nil {
		return e, err
	}
	there, err := registerEntries.insert(ctx, l, by, "record", e)
	if errors.Is(err, fault.Exists) && d.Token != "" {
		return there.Doc, nil
	}
	return e, err
}

// RegisterOf answers all that the register keeps about an organisation, the latest first, to those who see
// its records.
func (l *Ledger) RegisterOf(ctx context.Context, by Actor, org string) (_ []RegisterEntry, err error) {
	defer fault.Wrap(&err, "Ledger.RegisterOf(%q)", org)
	o, err := l.own(ctx, by, org)
	if err != nil {
		return nil, err
	}
	if !by.mayRead(&o) {
		return nil, by.denied()
	}
	page, _, err := registerEntries.find(ctx, l, store.Query{Term: "org=" + o.ID, Desc: true, Limit: 1000})
	if err != nil {
		return nil, err
	}
	out := make([]RegisterEntry, len(page))
	for i, s := range page {
		out[i] = s.Doc
	}
	return out, nil
}

// orgRegister is the register of many organisations.
type orgRegister map[string][]RegisterEntry

// register reads the entries of organisations.
func (l *Ledger) register(ctx context.Context, orgs map[string]Organisation) (orgRegister, error) {
	out := orgRegister{}
	for row, err := range withAny(ctx, l.DB, registerEntries.Table, orgTerms(orgs), store.Query{}) {
		if err != nil {
			return nil, err
		}
		e := row.Value.Doc
		out[e.Organisation] = append(out[e.Organisation], e)
	}
	return out, nil
}

// Standing entries are those that nothing has taken the place of.
func standingRegister(entries []RegisterEntry) []RegisterEntry {
	gone := map[string]bool{}
	for _, e := range entries {
		if e.Supersedes != "" {
			gone[e.Supersedes] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(entries), func(e RegisterEntry) bool { return gone[e.ID] || e.Void })
}

// EntriesOn answers which entries of a topic hold on a day: for a state the latest at most, for an event
// those of that day.
func EntriesOn(entries []RegisterEntry, topic Topic, day Date) (out []RegisterEntry) {
	for _, e := range standingRegister(entries) {
		if e.Topic != topic.ID || e.From > day {
			continue
		}
		switch topic.Holds {
		case HoldsSpan:
			if e.To == "" || e.To >= day {
				out = append(out, e)
			}
		case HoldsEvent:
			if e.From == day {
				out = append(out, e)
			}
		case HoldsState:
			if len(out) == 0 || cmp.Or(cmp.Compare(out[0].From, e.From), out[0].At.Compare(e.At), cmp.Compare(out[0].ID, e.ID)) < 0 {
				out = []RegisterEntry{e}
			}
		}
	}
	return out
}

// activeOn reports whether an organisation was active on a day. What the register says decides; where it
// says nothing, an organisation is what it is now since the day it was recorded here.
func (l *Ledger) activeOn(o *Organisation, entries []RegisterEntry, recorded, day Date) bool {
	if topic, ok := l.Plan.Topic("status"); ok {
		if on := EntriesOn(entries, topic, day); len(on) > 0 {
			return on[0].Choice == string(Active)
		}
		if slices.ContainsFunc(standingRegister(entries), func(e RegisterEntry) bool { return e.Topic == "status" }) {
			return false // its first status is of a later day
		}
	}
	return o.Status == Active && recorded <= day
}
