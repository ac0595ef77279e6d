package trace

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"truynguon/internal/epcis"
	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// Event is something that happened to a lot. The EPCIS event inside is what other systems are given;
// the rest is what a page needs beside it.
type Event struct {
	// ID is the event's hash ID (CBV 2.0), so that recording the same event twice is recording it once.
	ID string `json:"id"`
	// Batch is the lot's code.
	Batch string `json:"batch"`
	// Lots are the codes of further lots that took part in it.
	Lots []string `json:"lots,omitempty"`
	// Unit is the id of the carton or pallet that it is about, if it is not about a lot.
	Unit string `json:"unit,omitempty"`
	Org  string `json:"organisation"`
	// Step is the id of a row of StepTable.
	Step string `json:"step"`
	// At is when it happened. DayOnly tells that only the day is known, and At is its first instant.
	At      time.Time `json:"at"`
	DayOnly bool      `json:"dayOnly,omitempty"`
	// Recorded is when it was recorded here.
	Recorded time.Time `json:"recorded"`
	By       Actor     `json:"by"`
	// Place is the id of the place, empty if not stated.
	Place string `json:"place,omitempty"`
	Note  string `json:"note,omitempty"`
	// Declared tells that this is an error declaration about the event with the same hash ID.
	Declared bool `json:"declared,omitempty"`
	// Parties tells that the EPCIS event names who goods come from or go to, which is for them and the
	// officials, not for the public.
	Parties bool `json:"parties,omitempty"`
	// Captured tells how the event came here, if it was sent in EPCIS terms and does not follow from
	// records; nil if it does.
	Captured *Captured `json:"captured,omitempty"`
	// EPCIS is the event in JSON-LD, verbatim.
	EPCIS json.RawMessage `json:"epcis"`
}

// eventKey is the hash's digits alone, which every database takes as a key. A declaration of error
// about an event has the event's own hash ID, so its key is told apart.
func eventKey(e *Event) string {
	if e.Captured != nil {
		return capturedKey(e.ID, e.Declared)
	}
	hash := strings.TrimPrefix(e.ID, "ni:///sha-256;")
	hash, _, _ = strings.Cut(hash, "?")
	if e.Declared {
		hash += "-error"
	}
	return hash
}

// EventDraft is what is sent to record that something happened to a lot.
type EventDraft struct {
	Token string `json:"-"`
	Batch string `json:"batch"`
	Step  string `json:"step"`
	// Date and Time are local: "2026-03-10" and "08:30". Without Time only the day is known.
	Date  string `json:"date"`
	Time  string `json:"time"`
	Place string `json:"place"`
	Note  string `json:"note"`
}

// RecordEvent records that something happened to a lot of the actor's organisation.
func (l *Ledger) RecordEvent(ctx context.Context, by Actor, d EventDraft) (e Event, err error) {
	defer fault.Wrap(&err, "Ledger.RecordEvent(%q, %q)", d.Batch, d.Step)
	b, err := l.Batch(ctx, by, d.Batch)
	if errors.Is(err, fault.NotFound) {
		p := new(fault.Problem)
		p.Add("/batch", "batch_unknown")
		return e, p.Err()
	}
	if err != nil {
		return e, err
	}
	if _, err := l.keeper(ctx, by, b.Doc.Organisation); err != nil {
		return e, err
	}
	if b.Doc.State == Voided {
		return e, wrongState(Voided)
	}
	var p fault.Problem
	step, ok := StepByID(d.Step)
	if !ok || !step.Offered {
		p.Add("/step", "not_offered", short(d.Step))
	}
	day := date(&p, "/date", d.Date)
	if d.Date == "" {
		p.Add("/date", "missing")
	}
	at := day.Time(l.zone())
	if d.Time != "" {
		clock, err := time.Parse("15:04", strings.TrimSpace(d.Time))
		if err != nil {
			p.Add("/time", "time_malformed", short(d.Time))
		}
		at = at.Add(time.Duration(clock.Hour())*time.Hour + time.Duration(clock.Minute())*time.Minute)
	}
	if day != "" && at.After(l.now()) {
		p.Add("/date", "date_in_future", string(day))
	}
	note := p.Paragraph("/note", d.Note, 500, false)
	site := ""
	if d.Place != "" {
		pl, err := places.get(ctx, l, d.Place)
		if err := found(&p, "/place", "place_unknown", err); err != nil {
			return e, err
		}
		if err == nil && pl.Doc.Organisation != b.Doc.Organisation {
			p.Add("/place", "place_unknown")
		}
		site = l.placeID(&pl.Doc)
	}
	if err := p.Err(); err != nil {
		return e, err
	}
	e = Event{
		Batch: b.Doc.Code, Org: b.Doc.Organisation, Step: step.ID, At: at.UTC(), DayOnly: d.Time == "",
		Recorded: l.stamp(), By: by, Place: d.Place, Note: note,
	}
	if err := l.describe(&e, &b.Doc, site, nil); err != nil {
		return e, err
	}
	old, err := events.insert(ctx, l, by, "record", e)
	if errors.Is(err, fault.Exists) {
		return old.Doc, nil // the same thing said twice
	}
	return e, err
}

// firstDay is the earliest day on which the lot can have existed.
func firstDay(f *LotFacts) Date {
	for _, d := range []Date{f.HarvestDate, f.ProductionDate, f.PackagingDate} {
		if d != "" {
			return d
		}
	}
	return ""
}

// placeID is the EPCIS identifier of a place.
func (l *Ledger) placeID(pl *Place) string {
	if pl.GLN == "" {
		return l.Base + "/p/" + pl.Organisation + "/places/" + pl.ID
	}
	id := "https://id.gs1.org/414/" + pl.GLN
	if pl.GLNExtension != "" {
		id += "/254/" + pl.GLNExtension
	}
	return id
}

// describe fills in an event's EPCIS form and hash ID. site is the EPCIS identifier of the place, if
// one is stated; mistake makes it a declaration that the event was in error.
func (l *Ledger) describe(e *Event, b *Batch, site string, mistake *epcis.ErrorDeclaration) error {
	step, _ := StepByID(e.Step)
	ev := epcis.Event{
		Type:                epcis.ObjectEvent,
		EventTime:           e.At.In(l.zone()),
		EventTimeZoneOffset: epcis.Offset(e.At.In(l.zone())),
		Action:              epcis.Observe,
		BizStep:             step.BizStep,
		Disposition:         step.Disposition,
		QuantityList: []epcis.Quantity{{
			EPCClass: b.EPC, Quantity: json.Number(b.Quantity.Value.String()), UOM: b.Quantity.UOM,
		}},
	}
	if b.Quantity.UOM == "H87" { // pieces have no unit in EPCIS
		ev.QuantityList[0].UOM = ""
	}
	switch step.BizStep {
	case epcis.StepCommissioning:
		ev.Action = epcis.Add
		ev.ILMD = ilmd(b)
	case epcis.StepDecommissioning:
		ev.Action = epcis.Delete
	}
	ev.ReadPoint, ev.BizLocation = site, site
	return e.seal(&ev, mistake)
}

// seal gives an event its EPCIS form and hash ID; mistake makes it a declaration that it was in error.
func (e *Event) seal(ev *epcis.Event, mistake *epcis.ErrorDeclaration) (err error) {
	ev.EventID, err = ev.HashID()
	if err != nil {
		return err
	}
	e.ID = ev.EventID
	if mistake != nil {
		ev.ErrorDeclaration = mistake
		e.Declared = true
	}
	ev.RecordTime = e.Recorded
	e.EPCIS, err = ev.MarshalJSON()
	return err
}

// ilmd is the master data of a lot that its commissioning event carries, in the terms of the CBV.
func ilmd(b *Batch) epcis.Extensions {
	m := epcis.Extensions{"cbvmda:lotNumber": b.Lot}
	for name, d := range map[string]Date{
		"cbvmda:harvestStartDate":   b.HarvestDate,
		"cbvmda:bestBeforeDate":     b.BestBeforeDate,
		"cbvmda:itemExpirationDate": b.ExpirationDate,
	} {
		if d != "" {
			m[name] = string(d)
		}
	}
	return m
}

// bornEvents derives the events that follow from a lot's own record: first its commissioning, then
// how it was said before it was corrected, then its changes of state. They are the same whenever they
// are derived, so a write that was cut short loses none of them.
func (l *Ledger) bornEvents(b *Batch) ([]Event, error) {
	if b.Origin != "" { // it came into being by a transformation, which has an event of its own
		return l.stepEvents(b, nil)
	}
	right, err := l.commissioning(b, b.LotFacts, b.Registered(), nil)
	if err != nil {
		return nil, err
	}
	if n := len(b.Corrections); n > 0 {
		if right, err = l.commissioning(b, b.LotFacts, b.Corrections[n-1].At, nil); err != nil {
			return nil, err
		}
	}
	out := []Event{right}
	said := b.Registered()
	for _, c := range b.Corrections {
		wrong, err := l.commissioning(b, c.Facts, said, nil)
		if err != nil {
			return nil, err
		}
		said = c.At
		if wrong.ID == right.ID {
			continue // corrected back to what it was
		}
		declared, err := l.commissioning(b, c.Facts, c.At, &epcis.ErrorDeclaration{
			DeclarationTime: c.At, Reason: epcis.IncorrectData, CorrectiveEventIDs: []string{right.ID},
		})
		if err != nil {
			return nil, err
		}
		out = append(out, wrong, declared)
	}
	return l.stepEvents(b, out)
}

// stepEvents appends the events that a lot's changes of state are.
func (l *Ledger) stepEvents(b *Batch, out []Event) ([]Event, error) {
	for _, s := range b.Steps[1:] {
		if s.State == Draft {
			continue // a draft again after a hold: nothing has happened to the goods
		}
		e := Event{
			Batch: b.Code, Org: b.Organisation, Step: stepOf[s.State], At: s.At, Recorded: s.At, By: s.By, Note: s.Reason,
		}
		if err := l.describe(&e, b, "", nil); err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

// commissioning is the event a lot with these facts is born with.
func (l *Ledger) commissioning(b *Batch, f LotFacts, recorded time.Time, mistake *epcis.ErrorDeclaration) (Event, error) {
	as := *b
	as.LotFacts = f
	e := Event{
		Batch: b.Code, Org: b.Organisation, Step: "registering", At: b.Registered(), Recorded: recorded, By: b.Steps[0].By,
	}
	if day := firstDay(&f); day != "" {
		e.At, e.DayOnly = day.Time(l.zone()).UTC(), true
		if day == f.HarvestDate {
			e.Step = "harvesting"
		}
	}
	if len(f.Places) > 0 {
		e.Place = f.Places[0]
	}
	err := l.describe(&e, &as, f.Site, mistake)
	return e, err
}

// fileEvents writes the events that follow from a lot's record, those that are not there yet.
func (l *Ledger) fileEvents(ctx context.Context, b *Batch) error {
	born, err := l.bornEvents(b)
	if err != nil {
		return err
	}
	return l.fileThese(ctx, born)
}

// fileThese writes events that follow from a record, those that are not there yet.
func (l *Ledger) fileThese(ctx context.Context, born []Event) error {
	keys := make([]string, len(born))
	for i := range born {
		keys[i] = eventKey(&born[i])
	}
	there, err := events.many(ctx, l, keys)
	if err != nil {
		return err
	}
	for i, e := range born {
		if _, ok := there[keys[i]]; ok {
			continue
		}
		_, err := events.insert(ctx, l, e.By, "record", e)
		if err != nil && !errors.Is(err, fault.Exists) {
			return err
		}
	}
	return nil
}

// maxEvents bounds the events that one page shows.
const maxEvents = 500

// eventsOf answers a lot's events, oldest first: what is recorded together with what follows from the
// lot's own record, so that a write cut short hides nothing. current is the hash ID of the commissioning
// event that the lot's facts make now.
func (l *Ledger) eventsOf(ctx context.Context, b *Batch) (all []Event, current string, err error) {
	recorded, _, err := events.find(ctx, l, store.Query{Term: "batch=" + b.Code, Limit: maxEvents})
	if err != nil {
		return nil, "", err
	}
	all = make([]Event, 0, len(recorded)+2)
	for _, s := range recorded {
		all = append(all, s.Doc)
	}
	if all, err = l.settled(ctx, all); err != nil {
		return nil, "", err
	}
	if all, current, err = l.withBorn(b, all); err != nil {
		return nil, "", err
	}
	moved, err := l.movedEvents(ctx, b.Code)
	if err != nil {
		return nil, "", err
	}
	for _, e := range moved {
		if !slices.ContainsFunc(all, func(a Event) bool { return eventKey(&a) == eventKey(&e) }) {
			all = append(all, e)
		}
	}
	slices.SortStableFunc(all, func(a, b Event) int {
		return cmp.Or(a.At.Compare(b.At), a.Recorded.Compare(b.Recorded), cmp.Compare(a.ID, b.ID))
	})
	return all, current, nil
}

// withBorn adds to what is recorded of a lot the events that follow from its own record and are not there
// yet. current is the hash ID of the commissioning event that the lot's facts make now.
func (l *Ledger) withBorn(b *Batch, all []Event) (_ []Event, current string, err error) {
	if current = complete(b, all); current != "" {
		return all, current, nil
	}
	born, err := l.bornEvents(b)
	if err != nil {
		return nil, "", err
	}
	if b.Origin == "" {
		current = born[0].ID
	}
	for _, e := range born {
		if !slices.ContainsFunc(all, func(a Event) bool { return eventKey(&a) == eventKey(&e) }) {
			all = append(all, e)
		}
	}
	return all, current, nil
}

// makes reports whether the event is that lots were made of lots.
func (e Event) makes() bool { return strings.HasPrefix(e.Step, "made_") }

// complete looks for the events that must follow from a lot's record, which costs less than deriving
// them: its commissioning and one for each change of state. It answers the hash ID of the commissioning
// event, or nothing if any is not there. A lot that was corrected is left to bornEvents.
func complete(b *Batch, recorded []Event) (commissioning string) {
	if len(b.Corrections) > 0 || b.Origin != "" {
		return ""
	}
	for i, s := range b.Steps {
		if i > 0 && s.State == Draft {
			continue
		}
		at := slices.IndexFunc(recorded, func(e Event) bool {
			step := stepOf[s.State]
			if i == 0 {
				return (e.Step == "harvesting" || e.Step == "registering") && !e.Declared
			}
			return e.Step == step && e.Recorded.Equal(s.At)
		})
		switch {
		case at < 0:
			return ""
		case i == 0:
			commissioning = recorded[at].ID
		}
	}
	return commissioning
}

// standing drops events that were declared to be in error, and the declarations. current is the
// commissioning event that the lot's facts make now: a correction that was taken back leaves a
// declaration about it that no longer holds.
func standing(all []Event, current string) []Event {
	wrong := map[string]bool{}
	for _, e := range all {
		if e.Declared && e.ID != current {
			wrong[e.ID] = true
		}
	}
	var out []Event
	for _, e := range all {
		if !wrong[e.ID] && !e.Declared {
			out = append(out, e)
		}
	}
	return out
}

// Events answers all that is recorded of a lot, errors and their declarations included, to those who
// may see its organisation's records.
func (l *Ledger) Events(ctx context.Context, by Actor, code string) (_ []Event, err error) {
	defer fault.Wrap(&err, "Ledger.Events(%q)", code)
	b, err := l.Batch(ctx, by, code)
	if err != nil {
		return nil, err
	}
	all, _, err := l.eventsOf(ctx, &b.Doc)
	return all, err
}
