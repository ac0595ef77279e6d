package trace

import (
	"context"
	"fmt"
	"slices"

	"truynguon/internal/fault"
)

// ReceiptDraft is what a receiver sends.
type ReceiptDraft struct {
	// Name is who received the goods, for a receiver who is nobody here.
	Name string `json:"name"`
	// Place is the receiving organisation's, if it receives in its own pages.
	Place string `json:"place"`
	// Date is the day on which they arrived.
	Date string `json:"date"`
	// Quantities are what arrived, in the order of the shipment's lots and in their units. Without any,
	// all arrived as it was sent.
	Quantities []Decimal `json:"quantities"`
	// Note tells of differences and damage. It is needed if a quantity differs.
	Note string `json:"note"`
}

// DeliveryNote answers the shipment whose delivery note has an address. Whoever holds the note may see it.
func (l *Ledger) DeliveryNote(ctx context.Context, secret string) (s Stored[Shipment], err error) {
	defer fault.Wrap(&err, "Ledger.DeliveryNote")
	return l.shipmentBySecret(ctx, secret)
}

// ReceiveByNote records what whoever held a delivery note says of the goods on it. It proves nothing of
// who that was. It can be said once.
func (l *Ledger) ReceiveByNote(ctx context.Context, secret string, d ReceiptDraft) (s Stored[Shipment], err error) {
	defer fault.Wrap(&err, "Ledger.ReceiveByNote")
	old, err := l.shipmentBySecret(ctx, secret)
	if err != nil {
		return s, err
	}
	var p fault.Problem
	r := Receipt{ByNote: true, Name: p.Text("/name", d.Name, maxName, true)}
	r.By = Actor{Name: r.Name}
	return l.receive(ctx, Actor{}, &p, &old.Doc, r, d)
}

// Receive records what an organisation here received of a shipment that was sent to it.
func (l *Ledger) Receive(ctx context.Context, by Actor, id string, d ReceiptDraft) (s Stored[Shipment], err error) {
	defer fault.Wrap(&err, "Ledger.Receive(%q)", id)
	if by.Role == "" || by.Role == Buyer {
		return s, by.denied()
	}
	old, err := shipments.get(ctx, l, id)
	if err != nil {
		return s, err
	}
	if old.Doc.To.Organisation == "" || old.Doc.Inbound {
		return s, by.denied()
	}
	if _, err := l.keeper(ctx, by, old.Doc.To.Organisation); err != nil {
		return s, err
	}
	var p fault.Problem
	place, err := l.ownPlace(ctx, &p, old.Doc.To.Organisation, d.Place, false)
	if err != nil {
		return s, err
	}
	r := Receipt{By: by, Name: by.Name, Place: d.Place}
	if d.Place != "" {
		r.Site = l.placeID(&place)
	}
	return l.receive(ctx, by, &p, &old.Doc, r, d)
}

// receive checks and writes a receipt. The same said again is said once; something else is refused.
func (l *Ledger) receive(ctx context.Context, by Actor, p *fault.Problem, old *Shipment, r Receipt, d ReceiptDraft) (s Stored[Shipment], err error) {
	r.At, r.Date = l.stamp(), date(p, "/date", d.Date)
	switch {
	case d.Date == "":
		p.Add("/date", "missing")
	case r.Date > l.Today():
		p.Add("/date", "date_in_future", string(r.Date))
	case r.Date != "" && r.Date < DateOf(old.At.In(l.zone())):
		p.Add("/date", "date_before", string(r.Date), string(DateOf(old.At.In(l.zone()))))
	}
	if n := len(d.Quantities); n != 0 && n != len(old.Lots) {
		p.Add("/quantities", "quantities_count", len(old.Lots))
	}
	differs := false
	for i, lot := range old.Lots {
		got := lot.LotAmount
		if i < len(d.Quantities) {
			got.Quantity.Value = amountOrZero(p, fmt.Sprintf("/quantities/%d", i), d.Quantities[i])
		}
		differs = differs || got.Quantity != lot.Quantity
		r.Lots = append(r.Lots, got)
	}
	r.Note = p.Paragraph("/note", d.Note, maxText, differs)
	if err := p.Err(); err != nil {
		return s, err
	}
	s, err = shipments.update(ctx, l, by, old.ID, 0, "receive", r.Note, func(s *Shipment) error {
		if s.Voided != nil {
			return fault.New(fault.Exists, "shipment_voided")
		}
		for _, said := range s.Receipts {
			if said.ByNote != r.ByNote {
				continue
			}
			if said.Date == r.Date && said.Name == r.Name && said.Note == r.Note && slices.Equal(said.Lots, r.Lots) {
				return nil
			}
			return fault.New(fault.Exists, "shipment_received")
		}
		s.Receipts = append(s.Receipts, r)
		return nil
	})
	if err != nil {
		return s, err
	}
	return s, l.fileShipment(ctx, &s.Doc)
}

// amountOrZero reads an amount that may be nothing at all: nothing arrived.
func amountOrZero(p *fault.Problem, pointer string, d Decimal) Amount {
	if d == "" {
		p.Add(pointer, "missing")
		return 0
	}
	return amount(p, pointer, d, false)
}
