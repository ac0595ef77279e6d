package trace

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"truynguon/internal/epcis"
	"truynguon/internal/fault"
	"truynguon/internal/gs1"
	"truynguon/internal/store"
)

// ShippedLotDraft is a part of a lot that moves, as it was sent.
type ShippedLotDraft struct {
	// Lot is the lot's code.
	Lot      string        `json:"lot"`
	Quantity QuantityDraft `json:"quantity"`
	// TheirLot is the number under which the other party knows it, if it is another.
	TheirLot string `json:"theirLot"`
}

// ShipmentDraft is what is sent to record that goods left or came.
type ShipmentDraft struct {
	Token        string `json:"-"`
	Organisation string `json:"organisation"`
	// Inbound tells that the goods came to the organisation.
	Inbound bool   `json:"inbound"`
	Kind    string `json:"kind"`
	// Party is the other party: an organisation here, by its id, or name, address and code of another.
	Party Party  `json:"party"`
	Place string `json:"place"`
	// Where is where they are handed over, in words.
	Where string `json:"where"`
	// Date is the day on which they were handed over, Time the local time.
	Date string `json:"date"`
	Time string `json:"time"`
	// Lots are what moves, apart from what is in Units.
	Lots []ShippedLotDraft `json:"lots"`
	// Units are the codes of closed cartons and pallets that go as they are.
	Units     []string           `json:"units"`
	Documents []BusinessDocument `json:"documents"`
	// Vehicle is what carries them, such as a number plate.
	Vehicle string `json:"vehicle"`
	// Witness saw the goods destroyed; needed for a destruction.
	Witness string `json:"witness"`
	Note    string `json:"note"`
	// ExcessReason is why more goes out than there is by the records.
	ExcessReason string `json:"excessReason"`
}

// shipmentDocuments are the papers that a shipment may name.
var shipmentDocuments = []string{epcis.TransactionPurchaseOrder, epcis.TransactionDespatchAdvice, epcis.TransactionInvoice}

// Ship records that goods left an organisation or came to it: a delivery to or from another party, a
// return, a sale to consumers, or a destruction. What goes out to be eaten must be released and made of
// nothing that is held or recalled; what goes back or is destroyed may be. A repeated submission with the
// same Token is the one there is.
func (l *Ledger) Ship(ctx context.Context, by Actor, d ShipmentDraft) (s Stored[Shipment], err error) {
	defer fault.Wrap(&err, "Ledger.Ship(%q)", d.Kind)
	o, err := l.keeper(ctx, by, d.Organisation)
	if err != nil {
		return s, err
	}
	id := newID("shipment", by, d.Token)
	if d.Token != "" { // what has left already would be found missing a second time
		s, err = shipments.again(ctx, l, id)
	}
	if d.Token == "" || errors.Is(err, fault.NotFound) {
		var sh Shipment
		if sh, err = l.shipment(ctx, by, &o, id, d); err != nil {
			return s, err
		}
		s, err = shipments.insert(ctx, l, by, "ship", sh)
		if errors.Is(err, fault.Exists) && d.Token != "" {
			err = nil
		}
	}
	if err != nil {
		return s, err
	}
	return s, l.fileShipment(ctx, &s.Doc)
}

// shipment checks a draft.
func (l *Ledger) shipment(ctx context.Context, by Actor, o *Organisation, id string, d ShipmentDraft) (s Shipment, err error) {
	var p fault.Problem
	s = Shipment{
		ID: id, Organisation: o.ID, Inbound: d.Inbound, Kind: choice(&p, "/kind", d.Kind, ShipmentKinds), Place: d.Place, Recorded: l.stamp(), By: by,
		Where: p.Text("/where", d.Where, maxName, false), Vehicle: p.Text("/vehicle", d.Vehicle, 100, false),
		Witness: p.Text("/witness", d.Witness, maxName, d.Kind == Destruction), Note: p.Paragraph("/note", d.Note, maxText, d.Kind == Destruction),
		ExcessReason: p.Paragraph("/excessReason", d.ExcessReason, maxText, false),
	}
	s.At, s.DayOnly, _ = l.moment(&p, d.Date, d.Time)
	place, err := l.ownPlace(ctx, &p, o.ID, d.Place, false)
	if err != nil {
		return s, err
	}
	if d.Place != "" {
		s.Site = l.placeID(&place)
	}
	here := Party{Organisation: o.ID, Name: o.Name, Address: o.Address, Code: o.TaxCode}
	there := Party{}
	if s.Kind == Delivery || s.Kind == Returning {
		if there, err = l.party(ctx, &p, o, d.Party); err != nil {
			return s, err
		}
	}
	s.From, s.To = here, there
	if d.Inbound {
		s.From, s.To = there, here
		if s.Kind == Sale || s.Kind == Destruction {
			p.Add("/kind", "not_offered", s.Kind)
		}
	}
	for i, doc := range d.Documents {
		at := fmt.Sprintf("/documents/%d", i)
		if i >= 20 {
			p.Add("/documents", "too_many", 20)
			break
		}
		if doc.Number = p.Text(at+"/number", doc.Number, 100, false); doc.Number == "" {
			continue
		}
		doc.Type = choice(&p, at+"/type", doc.Type, shipmentDocuments)
		s.Documents = append(s.Documents, doc)
	}
	var lots []ShippedLotDraft
	if lots, s.Units, err = l.unpacked(ctx, &p, o, d); err != nil {
		return s, err
	}
	if err := l.shippedLots(ctx, &p, o, &s, lots); err != nil {
		return s, err
	}
	if !s.Inbound && (s.Kind == Delivery || s.Kind == Returning) {
		s.Secret = strings.ToLower(NewCode() + "-" + NewCode())
	}
	return s, p.Err()
}

// party checks who goods come from or go to.
func (l *Ledger) party(ctx context.Context, p *fault.Problem, own *Organisation, d Party) (Party, error) {
	if id := strings.TrimSpace(d.Organisation); id != "" {
		o, err := organisations.get(ctx, l, id)
		if err := found(p, "/party/organisation", "organisation_unknown", err); err != nil {
			return d, err
		}
		if o.Doc.ID == own.ID {
			p.Add("/party/organisation", "party_self")
		}
		return Party{Organisation: o.Doc.ID, Name: o.Doc.Name, Address: o.Doc.Address, Code: o.Doc.TaxCode}, nil
	}
	return Party{
		Name: p.Text("/party/name", d.Name, maxName, true), Address: p.Text("/party/address", d.Address, maxName, true),
		Code: p.Text("/party/code", d.Code, 40, false),
	}, nil
}

// shippedLots checks what moves.
func (l *Ledger) shippedLots(ctx context.Context, p *fault.Problem, o *Organisation, s *Shipment, drafts []ShippedLotDraft) error {
	plain := make([]LotAmountDraft, len(drafts))
	theirs := make([]string, len(drafts))
	for i, d := range drafts {
		plain[i] = LotAmountDraft{d.Lot, d.Quantity}
		theirs[i] = p.Text(fmt.Sprintf("/lots/%d/theirLot", i), d.TheirLot, 60, false)
	}
	var lots []*Batch
	var parts []LotPart
	var err error
	if s.Inbound {
		lots, parts, err = l.arriving(ctx, p, o, plain)
	} else {
		lots, parts, err = l.inputs(ctx, p, o, "/lots", plain, maxInputs, s.ExcessReason)
	}
	if err != nil {
		return err
	}
	var codes []string
	for i, part := range parts {
		s.Lots = append(s.Lots, ShippedLot{LotPart: part})
		codes = append(codes, part.Lot)
		if at := slices.IndexFunc(plain, func(d LotAmountDraft) bool { return d.Lot == part.Lot }); at >= 0 {
			s.Lots[i].TheirLot = theirs[at]
		}
	}
	market := !s.Inbound && (s.Kind == Delivery || s.Kind == Sale)
	var stopped map[string]StoppedPart
	if market {
		if stopped, err = l.stopped(ctx, codes); err != nil {
			return err
		}
	}
	for _, b := range lots {
		at := fmt.Sprintf("/lots/%d/lot", slices.IndexFunc(plain, func(d LotAmountDraft) bool { return d.Lot == b.Code }))
		switch part, ok := stopped[b.Code]; {
		case market && b.State != Released, b.State == Voided:
			p.Add(at, "input_state", "state."+string(b.State))
		case ok:
			p.Add(at, "input_stopped", "state."+string(part.State), part.Lot)
		}
	}
	return nil
}

// arriving checks lots that come to an organisation: its own, which it made of what came, or those of the
// sender or of anybody who sent them before.
func (l *Ledger) arriving(ctx context.Context, p *fault.Problem, o *Organisation, drafts []LotAmountDraft) (lots []*Batch, parts []LotPart, err error) {
	if len(drafts) == 0 || len(drafts) > maxInputs {
		p.Add("/lots", missingOr("too_many", strings.Repeat("x", len(drafts))), maxInputs)
		return nil, nil, nil
	}
	codes := make([]string, len(drafts))
	for i, d := range drafts {
		codes[i] = d.Lot
	}
	there, err := batches.many(ctx, l, unique(codes))
	if err != nil {
		return nil, nil, err
	}
	for i, d := range drafts {
		at := fmt.Sprintf("/lots/%d", i)
		st, ok := there[d.Lot]
		// A draft of another organisation is not known outside of it.
		ok = ok && (st.Doc.Organisation == o.ID || st.Doc.State != Draft)
		q := Quantity{Value: amount(p, at+"/quantity/value", d.Quantity.Value, true), UOM: d.Quantity.UOM}
		switch {
		case d.Lot == "":
			p.Add(at+"/lot", "missing")
		case !ok:
			p.Add(at+"/lot", "batch_unknown")
		case slices.Index(codes, d.Lot) < i:
			p.Add(at+"/lot", "lot_twice")
		}
		if !ok {
			continue
		}
		if q.UOM == "" {
			q.UOM = st.Doc.Quantity.UOM
		}
		q.UOM = choice(p, at+"/quantity/uom", q.UOM, UnitsOfMeasure)
		b := st.Doc
		lots = append(lots, &b)
		parts = append(parts, LotPart{LotAmount: LotAmount{Lot: b.Code, Quantity: q}, EPC: b.EPC})
	}
	return lots, parts, nil
}

// VoidShipment records that a shipment did not happen, while nobody has said that they received it.
func (l *Ledger) VoidShipment(ctx context.Context, by Actor, id, reason string) (s Stored[Shipment], err error) {
	defer fault.Wrap(&err, "Ledger.VoidShipment(%q)", id)
	if by.Role == "" || by.Role == Buyer {
		return s, by.denied()
	}
	old, err := shipments.get(ctx, l, id)
	if err != nil {
		return s, err
	}
	if reason, err = l.undoing(ctx, by, old.Doc.Organisation, reason); err != nil {
		return s, err
	}
	s, err = shipments.update(ctx, l, by, id, 0, "void", reason, func(s *Shipment) error {
		if len(s.Receipts) > 0 {
			return fault.New(fault.Exists, "shipment_received")
		}
		if s.Voided == nil {
			s.Voided = &Voiding{At: l.stamp(), By: by, Reason: reason}
		}
		return nil
	})
	if err != nil {
		return s, err
	}
	return s, l.fileShipment(ctx, &s.Doc)
}

// fileShipment writes the events that follow from a shipment's record, those that are not there yet.
func (l *Ledger) fileShipment(ctx context.Context, s *Shipment) error {
	evs, err := l.shipmentEvents(s)
	if err != nil {
		return err
	}
	return l.fileThese(ctx, evs)
}

// shipmentEvents derives the events that follow from the record of a shipment: the same whenever they are
// derived.
func (l *Ledger) shipmentEvents(s *Shipment) (out []Event, err error) {
	id := map[string]string{Delivery: "shipped_out", Returning: "returning", Sale: "selling", Destruction: "destroying"}[s.Kind]
	if s.Inbound {
		id = "received_in"
	}
	step, _ := StepByID(id)
	e := Event{
		Org: s.Organisation, Step: id, At: s.At, DayOnly: s.DayOnly, Recorded: s.Recorded, By: s.By, Place: s.Place,
		Parties: s.Kind == Delivery || s.Kind == Returning,
	}
	ev := epcis.Event{
		Type: epcis.ObjectEvent, EventTime: s.At.In(l.zone()), EventTimeZoneOffset: epcis.Offset(s.At.In(l.zone())),
		Action: epcis.Observe, BizStep: step.BizStep, Disposition: step.Disposition, ReadPoint: s.Site,
		BizTransactionList: []epcis.BizTransaction{{Type: epcis.TransactionDespatchAdvice, BizTransaction: l.Base + "/shipments/" + s.ID}},
	}
	if s.Inbound {
		ev.BizLocation = s.Site
	}
	if s.Kind == Destruction {
		ev.Action = epcis.Delete
	}
	for _, doc := range s.Documents {
		ev.BizTransactionList = append(ev.BizTransactionList, epcis.BizTransaction{Type: doc.Type, BizTransaction: l.Base + "/shipments/" + s.ID + "/" + doc.Type + "/" + pathText(doc.Number)})
	}
	if e.Parties {
		if uri := l.partyURI(s.From); uri != "" {
			ev.SourceList = []epcis.Source{{Type: epcis.OwningParty, Source: uri}}
		}
		if uri := l.partyURI(s.To); uri != "" {
			ev.DestinationList = []epcis.Destination{{Type: epcis.OwningParty, Destination: uri}}
		}
	}
	for i, lot := range s.Lots {
		if e.Batch == "" {
			e.Batch = lot.Lot
		} else if !slices.Contains(e.Lots, lot.Lot) {
			e.Lots = append(e.Lots, lot.Lot)
		}
		ev.QuantityList = append(ev.QuantityList, s.Lots[i].epcis())
	}
	if s.Voided != nil && (s.Kind == Delivery || s.Kind == Returning) && !s.Inbound {
		said, void := e, e
		left, back := ev, ev
		if err := said.seal(&left, nil); err != nil {
			return nil, err
		}
		void.Step, void.At, void.DayOnly, void.Recorded, void.By, void.Note = "shipping_voided", s.Voided.At, false, s.Voided.At, s.Voided.By, s.Voided.Reason
		voiding, _ := StepByID(void.Step)
		back.EventTime, back.BizStep, back.Disposition = s.Voided.At.In(l.zone()), voiding.BizStep, voiding.Disposition
		back.EventTimeZoneOffset = epcis.Offset(back.EventTime)
		if err := void.seal(&back, nil); err != nil {
			return nil, err
		}
		return []Event{said, void}, nil
	}
	if out, err = l.withError(e, ev, s.Voided); err != nil {
		return nil, err
	}
	for _, r := range s.Receipts {
		got, in := e, ev
		got.Step = "received_in"
		if r.ByNote {
			got.Step = "received_note"
		}
		receiving, _ := StepByID(got.Step)
		got.Org = s.To.Organisation
		if got.Org == "" {
			got.Org = s.Organisation
		}
		got.At, got.DayOnly, got.Recorded, got.By, got.Place = r.Date.Time(l.zone()).UTC(), true, r.At, r.By, r.Place
		in.EventTime = got.At.In(l.zone())
		in.EventTimeZoneOffset = epcis.Offset(in.EventTime)
		in.BizStep, in.Disposition, in.ReadPoint, in.BizLocation = receiving.BizStep, receiving.Disposition, r.Site, r.Site
		in.QuantityList = nil
		for i, lot := range r.Lots {
			part := s.Lots[i].LotPart
			part.Quantity = lot.Quantity
			in.QuantityList = append(in.QuantityList, part.epcis())
		}
		if err := got.seal(&in, nil); err != nil {
			return nil, err
		}
		out = append(out, got)
	}
	return out, nil
}

// pathText is a text as a part of an address.
func pathText(s string) string { return url.PathEscape(s) }

// partyURI names a party in an event: by its GLN, its page here, or its tax code; empty if it has none.
func (l *Ledger) partyURI(p Party) string {
	switch {
	case p.Organisation != "":
		return l.Base + "/p/" + p.Organisation
	case gs1.ValidGLN(p.Code):
		return "https://id.gs1.org/417/" + p.Code
	case digits(p.Code, 10, 14):
		return l.Base + "/parties/" + p.Code
	}
	return ""
}

// Shipment answers a shipment to its parties and to officials over the one that recorded it.
func (l *Ledger) Shipment(ctx context.Context, by Actor, id string) (s Stored[Shipment], err error) {
	defer fault.Wrap(&err, "Ledger.Shipment(%q)", id)
	if by.Role == "" || by.Role == Buyer {
		return s, by.denied()
	}
	if s, err = shipments.get(ctx, l, id); err != nil {
		return s, err
	}
	o, err := organisations.get(ctx, l, s.Doc.Organisation)
	if err != nil {
		return s, err
	}
	if !by.mayRead(&o.Doc) && !by.memberOf(s.Doc.From.Organisation) && !by.memberOf(s.Doc.To.Organisation) {
		return s, by.denied()
	}
	s.Doc = s.Doc.seenBy(by, &o.Doc)
	return s, nil
}

// Shipments answers a page of the shipments that an organisation recorded or is party to, newest first.
func (l *Ledger) Shipments(ctx context.Context, by Actor, org, after string, limit int) (_ []Stored[Shipment], next string, err error) {
	defer fault.Wrap(&err, "Ledger.Shipments(%q)", org)
	q, err := l.listOf(ctx, by, org, after, limit)
	if err != nil {
		return nil, "", err
	}
	if id, ok := strings.CutPrefix(q.Term, "org="); ok {
		q.Term, q.Any = "", []string{"org=" + id, "party=" + id}
	}
	list, next, err := shipments.find(ctx, l, q)
	for i := range list {
		if !by.memberOf(list[i].Doc.Organisation) && by.Role != Admin {
			list[i].Doc.Secret = ""
		}
	}
	return list, next, err
}

// shipmentBySecret finds the shipment whose delivery note has an address.
func (l *Ledger) shipmentBySecret(ctx context.Context, secret string) (s Stored[Shipment], err error) {
	if len(secret) != 2*codeLength+1 {
		return s, fault.NotFound
	}
	found, _, err := shipments.find(ctx, l, store.Query{Term: "secret=" + secret, Limit: 1})
	if err != nil {
		return s, err
	}
	if len(found) == 0 {
		return s, fault.NotFound
	}
	return found[0], nil
}
