package trace

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"truynguon/internal/epcis"
	"truynguon/internal/fault"
	"truynguon/internal/gs1"
	"truynguon/internal/store"
)

// UnitTypes are what goods are packed into for transport.
var UnitTypes = []string{"carton", "pallet"}

// LogisticUnit is a carton or pallet with what was packed into it. Its contents are what was packed when it
// was closed; to change them it is opened, and what is in it is packed anew.
type LogisticUnit struct {
	// ID is the random code of its own address, /u/ID.
	ID           string `json:"id"`
	Organisation string `json:"organisation"`
	Type         string `json:"type"`
	// SSCC is its serial shipping container code (GS1 00), under the organisation's own company prefix;
	// empty if it has none. Its own code is then no GS1 code and does not look like one (NĐ 37/2026
	// Đ28.4b).
	SSCC string `json:"sscc,omitempty"`
	// EPC is its identifier in EPCIS events.
	EPC string `json:"epc"`
	// Lots and Units are what was put in.
	Lots  []LotPart `json:"lots,omitempty"`
	Units []string  `json:"units,omitempty"`
	// UnitEPCs are the identifiers of Units.
	UnitEPCs []string `json:"unitEPCs,omitempty"`
	// Holds is all that is in it, lots in units within it included.
	Holds []LotPart `json:"holds"`
	// Parent is the id of the unit that it was put into.
	Parent string `json:"parent,omitempty"`
	// Place is the id of the place where it was packed.
	Place string `json:"place,omitempty"`
	// Site is the EPCIS identifier of that place.
	Site string `json:"site,omitempty"`
	// At is when it was packed.
	At time.Time `json:"at"`
	// DayOnly tells that only the day is known.
	DayOnly bool `json:"dayOnly,omitempty"`
	// Recorded is when it was recorded.
	Recorded time.Time `json:"recorded"`
	By       Actor     `json:"by"`
	// Opened says when it was opened, and by whom; what was in it is in it no more.
	Opened *Voiding `json:"opened,omitempty"`
}

// UnitDraft is what is sent to pack a carton or pallet.
type UnitDraft struct {
	Token        string `json:"-"`
	Organisation string `json:"organisation"`
	Type         string `json:"type"`
	Place        string `json:"place"`
	// Date is the day on which it was packed, Time the local time.
	Date string `json:"date"`
	Time string `json:"time"`
	// Lots are what goes in loose.
	Lots []LotAmountDraft `json:"lots"`
	// Units are the codes of cartons that go onto a pallet.
	Units []string `json:"units"`
}

var logisticUnits = newKind("logistic_unit",
	func(u *LogisticUnit) string { return u.ID }, func(u *LogisticUnit) string { return u.Organisation }, byCreation[LogisticUnit],
	func(u *LogisticUnit) []string {
		terms := []string{"org=" + u.Organisation}
		if u.SSCC != "" {
			terms = append(terms, "sscc="+u.SSCC)
		}
		for _, lot := range u.Holds {
			terms = append(terms, "lot="+lot.Lot)
		}
		return terms
	})

// ssccBook gives out the serial references under one company prefix.
type ssccBook struct {
	Prefix string `json:"prefix"`
	// Next is the first number that is free.
	Next int64 `json:"next"`
	// Unit is the unit that got Next-1: asking again for the same unit answers the same number.
	Unit string `json:"unit"`
}

var ssccBooks = store.Table[ssccBook]{
	Kind:  "sscc_book",
	Key:   func(b *ssccBook) string { return b.Prefix },
	Sort:  func(*ssccBook) string { return "" },
	Terms: func(*ssccBook) []string { return nil },
}

// giveSSCC answers a serial shipping container code for a unit that no other has or will have.
func (l *Ledger) giveSSCC(ctx context.Context, prefix, unit string) (string, error) {
	if !digits(prefix, 4, 12) {
		return "", nil
	}
	book := ssccBook{Prefix: prefix, Next: 1, Unit: unit}
	err := ssccBooks.Insert(ctx, l.DB, &book)
	if errors.Is(err, fault.Exists) {
		var row store.Row[ssccBook]
		row, err = ssccBooks.Update(ctx, l.DB, prefix, func(b *ssccBook) error {
			if b.Unit != unit {
				b.Unit = unit
				b.Next++
			}
			return nil
		})
		book = row.Value
	}
	if err != nil {
		return "", err
	}
	// Extension digit and serial reference are one number, which the prefix parts.
	number := fmt.Sprintf("%0*d", 17-len(prefix), book.Next-1)
	if len(number) > 17-len(prefix) {
		return "", fault.New(fault.Exists, "sscc_used_up", prefix)
	}
	body := number[:1] + prefix + number[1:]
	check, err := gs1.CheckDigit(body)
	if err != nil {
		return "", err
	}
	return body + string(check), nil
}

const (
	// maxUnitParts bounds the lots and units in one unit, and maxHeld the lots in one with all that is in
	// it. Cartons go on pallets and nothing goes into either else, so that two levels are all.
	maxUnitParts = 200

	maxHeld = 400
)

// Pack records that parts of released lots, or closed units, were packed into a carton or pallet, and gives
// it a number: an SSCC if the organisation has a GS1 company prefix on record.
func (l *Ledger) Pack(ctx context.Context, by Actor, d UnitDraft) (s Stored[LogisticUnit], err error) {
	defer fault.Wrap(&err, "Ledger.Pack(%q)", d.Type)
	o, err := l.keeper(ctx, by, d.Organisation)
	if err != nil {
		return s, err
	}
	id := NewCode()
	if d.Token != "" {
		id = strings.ToUpper(newID("logistic_unit", by, d.Token))
	}
	old, err := logisticUnits.again(ctx, l, id)
	if err == nil {
		return old, l.fileUnit(ctx, &old.Doc)
	}
	if !errors.Is(err, fault.NotFound) {
		return s, err
	}
	u, err := l.unit(ctx, by, &o, id, d)
	if err != nil {
		return s, err
	}
	for i, child := range u.Units {
		if err := l.putInto(ctx, by, child, id); err != nil {
			var p *fault.Problem
			if errors.As(err, &p) && p.Code == "unit_packed" {
				named := fault.New(fault.Exists, "")
				named.Add(fmt.Sprintf("/units/%d", i), "unit_packed")
				return s, named
			}
			return s, err
		}
	}
	if u.SSCC, err = l.giveSSCC(ctx, o.GS1CompanyPrefix, id); err != nil {
		return s, err
	}
	u.EPC = l.Base + "/u/" + id
	if u.SSCC != "" {
		u.EPC = "https://id.gs1.org/00/" + u.SSCC
	}
	s, err = logisticUnits.insert(ctx, l, by, "pack", u)
	if errors.Is(err, fault.Exists) && d.Token != "" {
		err = nil
	}
	if err != nil {
		return s, err
	}
	return s, l.fileUnit(ctx, &s.Doc)
}

// putInto notes in which unit another lies. One that lies in a unit already is refused, unless that unit
// was opened or never came to be.
func (l *Ledger) putInto(ctx context.Context, by Actor, child, parent string) error {
	_, err := logisticUnits.update(ctx, l, by, child, 0, "pack_into", "", func(u *LogisticUnit) error {
		if u.Parent != "" && u.Parent != parent {
			return fault.New(fault.Exists, "unit_packed")
		}
		u.Parent = parent
		return nil
	})
	return err
}

// unit checks a draft.
func (l *Ledger) unit(ctx context.Context, by Actor, o *Organisation, id string, d UnitDraft) (u LogisticUnit, err error) {
	var p fault.Problem
	u = LogisticUnit{
		ID: id, Organisation: o.ID, Type: choice(&p, "/type", d.Type, UnitTypes), Place: d.Place, Units: unique(d.Units), Recorded: l.stamp(), By: by,
	}
	u.At, u.DayOnly, _ = l.moment(&p, d.Date, d.Time)
	place, err := l.ownPlace(ctx, &p, o.ID, d.Place, false)
	if err != nil {
		return u, err
	}
	if d.Place != "" {
		u.Site = l.placeID(&place)
	}
	if len(d.Lots)+len(u.Units) == 0 {
		p.Add("/lots", "missing")
	}
	if len(u.Units) > maxUnitParts {
		p.Add("/units", "too_many", maxUnitParts)
		return u, p.Err()
	}
	if len(d.Lots) > 0 {
		lots, parts, err := l.inputs(ctx, &p, o, "/lots", d.Lots, maxUnitParts, "packing leaves nothing")
		if err != nil {
			return u, err
		}
		for _, b := range lots {
			if b.State != Released {
				p.Add(fmt.Sprintf("/lots/%d/lot", slices.IndexFunc(d.Lots, func(x LotAmountDraft) bool { return x.Lot == b.Code })), "input_state", "state."+string(b.State))
			}
		}
		u.Lots, u.Holds = parts, slices.Clone(parts)
	}
	children, err := logisticUnits.many(ctx, l, u.Units)
	if err != nil {
		return u, err
	}
	for i, code := range u.Units {
		at := fmt.Sprintf("/units/%d", i)
		child, ok := children[code]
		switch {
		case !ok || child.Doc.Organisation != o.ID:
			p.Add(at, "unit_unknown_here", short(code))
			continue
		case child.Doc.Opened != nil:
			p.Add(at, "unit_open")
		case child.Doc.Parent != "" && child.Doc.Parent != id:
			p.Add(at, "unit_packed")
		case child.Doc.Type != "carton" || u.Type != "pallet":
			p.Add(at, "unit_nesting")
		}
		u.UnitEPCs = append(u.UnitEPCs, child.Doc.EPC)
		u.Holds = append(u.Holds, child.Doc.Holds...)
	}
	u.Holds = summed(u.Holds)
	if len(u.Holds) > maxHeld {
		p.Add("/lots", "too_many", maxHeld)
	}
	return u, p.Err()
}

// summed adds parts of the same lot in the same unit of measure together.
func summed(parts []LotPart) (out []LotPart) {
	at := map[[2]string]int{}
	for _, part := range parts {
		key := [2]string{part.Lot, part.Quantity.UOM}
		if i, ok := at[key]; ok {
			out[i].Quantity.Value += part.Quantity.Value
			continue
		}
		at[key] = len(out)
		out = append(out, part)
	}
	return out
}

// Unpack records that a unit was opened. What was in it lies in no unit any more; its number is not given
// again.
func (l *Ledger) Unpack(ctx context.Context, by Actor, id, reason string) (s Stored[LogisticUnit], err error) {
	defer fault.Wrap(&err, "Ledger.Unpack(%q)", id)
	if by.Role == "" || by.Role == Buyer {
		return s, by.denied()
	}
	old, err := logisticUnits.get(ctx, l, id)
	if err != nil {
		return s, err
	}
	if _, err := l.keeper(ctx, by, old.Doc.Organisation); err != nil {
		return s, err
	}
	var p fault.Problem
	reason = p.Paragraph("/reason", reason, maxText, false)
	if err := p.Err(); err != nil {
		return s, err
	}
	if old.Doc.Opened == nil && old.Doc.Parent != "" {
		return s, fault.New(fault.Exists, "unit_packed")
	}
	if s, err = logisticUnits.update(ctx, l, by, id, 0, "unpack", reason, func(u *LogisticUnit) error {
		if u.Opened == nil {
			u.Opened = &Voiding{At: l.stamp(), By: by, Reason: reason}
		}
		return nil
	}); err != nil {
		return s, err
	}
	for _, child := range s.Doc.Units {
		if _, err := logisticUnits.update(ctx, l, by, child, 0, "unpack_from", "", func(u *LogisticUnit) error {
			if u.Parent == id {
				u.Parent = ""
			}
			return nil
		}); err != nil {
			return s, err
		}
	}
	return s, l.fileUnit(ctx, &s.Doc)
}

// fileUnit writes the events that follow from a unit's record, those that are not there yet.
func (l *Ledger) fileUnit(ctx context.Context, u *LogisticUnit) error {
	evs, err := l.unitEvents(u)
	if err != nil {
		return err
	}
	return l.fileThese(ctx, evs)
}

// unitEvents derives the events of a unit: what was put in, and that it was opened.
func (l *Ledger) unitEvents(u *LogisticUnit) ([]Event, error) {
	ev := epcis.Event{
		Type: epcis.AggregationEvent, EventTime: u.At.In(l.zone()), EventTimeZoneOffset: epcis.Offset(u.At.In(l.zone())), ParentID: u.EPC,
		Action: epcis.Add, BizStep: epcis.StepPacking, Disposition: epcis.ContainerClosed, ReadPoint: u.Site, BizLocation: u.Site, ChildEPCs: u.UnitEPCs,
	}
	for _, lot := range u.Lots {
		ev.ChildQuantityList = append(ev.ChildQuantityList, lot.epcis())
	}
	e := Event{Unit: u.ID, Org: u.Organisation, Step: "packed_unit", At: u.At, DayOnly: u.DayOnly, Recorded: u.Recorded, By: u.By, Place: u.Place}
	if err := e.seal(&ev, nil); err != nil {
		return nil, err
	}
	out := []Event{e}
	if u.Opened != nil {
		open, back := e, ev
		open.Step, open.At, open.DayOnly, open.Recorded, open.By, open.Note = "unpacking", u.Opened.At, false, u.Opened.At, u.Opened.By, u.Opened.Reason
		back.EventID, back.EventTime, back.Action, back.BizStep, back.Disposition = "", u.Opened.At.In(l.zone()), epcis.Delete, epcis.StepUnpacking, epcis.InProgress
		back.EventTimeZoneOffset = epcis.Offset(back.EventTime)
		if err := open.seal(&back, nil); err != nil {
			return nil, err
		}
		out = append(out, open)
	}
	return out, nil
}

// unpacked answers the lots of a shipment together with those in its units, which must be closed, the
// organisation's own, and not on their way already.
func (l *Ledger) unpacked(ctx context.Context, p *fault.Problem, o *Organisation, d ShipmentDraft) (lots []ShippedLotDraft, units []string, err error) {
	units = unique(d.Units)
	if len(units) == 0 {
		return d.Lots, nil, nil
	}
	if len(units) > maxUnitParts {
		p.Add("/units", "too_many", maxUnitParts)
		return d.Lots, nil, nil
	}
	there, err := logisticUnits.many(ctx, l, units)
	if err != nil {
		return nil, nil, err
	}
	gone := map[string]bool{}
	for row, err := range shipments.All(ctx, l.DB, store.Query{Any: prefixed("unit=", units), Limit: store.MaxLimit}) {
		if err != nil {
			return nil, nil, err
		}
		for _, id := range row.Value.Doc.Units {
			gone[id] = true
		}
	}
	var parts []LotPart
	for i, id := range units {
		at := fmt.Sprintf("/units/%d", i)
		u, ok := there[id]
		switch {
		case !ok || u.Doc.Organisation != o.ID:
			p.Add(at, "unit_unknown_here", short(id))
		case u.Doc.Opened != nil:
			p.Add(at, "unit_open")
		case u.Doc.Parent != "":
			p.Add(at, "unit_packed")
		case gone[id]:
			p.Add(at, "unit_shipped")
		default:
			parts = append(parts, u.Doc.Holds...)
		}
	}
	lots = slices.Clone(d.Lots)
	for _, part := range summed(parts) {
		q := QuantityDraft{Value: Decimal(part.Quantity.Value.String()), UOM: part.Quantity.UOM}
		i := slices.IndexFunc(lots, func(x ShippedLotDraft) bool { return x.Lot == part.Lot })
		if i < 0 {
			lots = append(lots, ShippedLotDraft{Lot: part.Lot, Quantity: q})
			continue
		}
		loose, ok := ParseAmount(string(lots[i].Quantity.Value))
		if !ok || lots[i].Quantity.UOM != "" && lots[i].Quantity.UOM != q.UOM {
			p.Add(fmt.Sprintf("/lots/%d/quantity/uom", i), "units_mixed", "unitName."+q.UOM)
			continue
		}
		lots[i].Quantity = QuantityDraft{Value: Decimal((loose + part.Quantity.Value).String()), UOM: q.UOM}
	}
	return lots, units, nil
}

// LogisticUnit answers a carton or pallet by its own code or its SSCC. What lots it holds is public, as their pages
// are; where it goes is not said.
func (l *Ledger) LogisticUnit(ctx context.Context, code string) (s Stored[LogisticUnit], err error) {
	defer fault.Wrap(&err, "Ledger.LogisticUnit(%q)", code)
	if digits(code, 18, 18) {
		found, _, err := logisticUnits.find(ctx, l, store.Query{Term: "sscc=" + code, Limit: 1})
		if err != nil {
			return s, err
		}
		if len(found) == 0 {
			return s, fault.NotFound
		}
		return found[0], nil
	}
	return logisticUnits.get(ctx, l, strings.ToUpper(code))
}

// LogisticUnits answers a page of an organisation's cartons and pallets, newest first.
func (l *Ledger) LogisticUnits(ctx context.Context, by Actor, org, after string, limit int) (_ []Stored[LogisticUnit], next string, err error) {
	defer fault.Wrap(&err, "Ledger.LogisticUnits(%q)", org)
	q, err := l.listOf(ctx, by, org, after, limit)
	if err != nil {
		return nil, "", err
	}
	return logisticUnits.find(ctx, l, q)
}
