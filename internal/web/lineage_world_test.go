package web

import (
	"context"

	"truynguon/internal/trace"
)

// moved is a released lot of an organisation with what was made of it and where it went.
type moved struct{ lot, transformation, output, shipment, secret, unit string }

// addLineage makes a lot, a part of which was split off, another sent to orgB, and a third packed.
func (w *world) addLineage(org, number string) (m moved) {
	b := w.addReleased(org, number)
	m.lot = b.Code
	ctx, by := context.Background(), w.actors["admin"]
	of := func(value string) []trace.LotAmountDraft {
		return []trace.LotAmountDraft{{Lot: b.Code, Quantity: trace.QuantityDraft{Value: trace.Decimal(value)}}}
	}
	t, err := w.Ledger.Transform(ctx, by, trace.TransformationDraft{
		Organisation: org, Kind: "split", Place: b.Places[0], Date: "2026-11-20", Inputs: of("1"),
		Outputs: []trace.OutputDraft{{Product: b.Product, Lot: number + "-S", Quantity: trace.QuantityDraft{Value: "1"}}},
	})
	w.must(err)
	s, err := w.Ledger.Ship(ctx, by, trace.ShipmentDraft{
		Organisation: org, Kind: trace.Delivery, Party: trace.Party{Organisation: orgB}, Date: "2026-11-21",
		Lots: []trace.ShippedLotDraft{{Lot: b.Code, Quantity: trace.QuantityDraft{Value: "1"}}},
	})
	w.must(err)
	u, err := w.Ledger.Pack(ctx, by, trace.UnitDraft{Organisation: org, Type: "carton", Date: "2026-11-21", Lots: of("1")})
	w.must(err)
	m.transformation, m.output, m.shipment, m.secret, m.unit = t.Doc.ID, t.Doc.Outputs[0].Lot, s.Doc.ID, s.Doc.Secret, u.Doc.ID
	return m
}
