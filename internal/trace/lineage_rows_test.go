package trace_test

import (
	"context"
	"testing"

	"truynguon/internal/trace"
)

// roast makes a lot of coffee, released, into two others.
func roast(token, input string, w *world) trace.TransformationDraft {
	return trace.TransformationDraft{
		Token: token, Kind: "process", Place: w.packhouse, Date: "2026-11-20", Time: "08:30",
		Inputs: []trace.LotAmountDraft{{Lot: input, Quantity: trace.QuantityDraft{Value: "100"}}},
		Outputs: []trace.OutputDraft{
			{Product: w.coffee, Lot: "R-1" + token, Quantity: trace.QuantityDraft{Value: "50"}, ExpirationDate: "2027-11-20"},
			{Product: w.coffee, Lot: "R-2" + token, Quantity: trace.QuantityDraft{Value: "30.5"}, ExpirationDate: "2027-11-20"},
		},
		Loss: trace.QuantityDraft{Value: "19.5"}, LossReason: "hao khi rang",
	}
}

// delivery sends 10 kg of a lot to the neighbours.
func delivery(token, lot string) trace.ShipmentDraft {
	return trace.ShipmentDraft{
		Token: token, Kind: trace.Delivery, Party: trace.Party{Organisation: "tht-b"}, Date: "2026-11-22", Time: "07:00", Where: "Kho tổ hợp tác B",
		Lots:    []trace.ShippedLotDraft{{Lot: lot, Quantity: trace.QuantityDraft{Value: "10"}}},
		Vehicle: "47C-123.45", Documents: []trace.BusinessDocument{{Type: "inv", Number: "0000012"}},
	}
}

// carton packs 5 kg of a lot.
func carton(token, lot string) trace.UnitDraft {
	return trace.UnitDraft{
		Token: token, Type: "carton", Date: "2026-11-21",
		Lots: []trace.LotAmountDraft{{Lot: lot, Quantity: trace.QuantityDraft{Value: "5"}}},
	}
}

func pallet(token string, units ...string) trace.UnitDraft {
	return trace.UnitDraft{Token: token, Type: "pallet", Date: "2026-11-21", Units: units}
}

// TestLineageFaults is TestFaults for lots that are made of lots and move.
func TestLineageFaults(t *testing.T) {
	for _, v := range lineageFaults {
		t.Run(v.name, v.test)
	}
}

var lineageFaults = []faultyVerb{
	{"make lots of a lot", lotOf(true), func(ctx context.Context, w *world, code string) error {
		_, err := w.Transform(ctx, w.staff, roast("t", code, w))
		return err
	}},
	{"say that a transformation did not happen", func(t *testing.T, w *world) string {
		return must(w.Transform(t.Context(), w.staff, roast("t", lotOf(true)(t, w), w))).Doc.ID
	}, func(ctx context.Context, w *world, id string) error {
		_, err := w.VoidTransformation(ctx, w.staff, id, "ghi nhầm")
		return err
	}},
	{"ship a lot", lotOf(true), func(ctx context.Context, w *world, code string) error {
		_, err := w.Ship(ctx, w.staff, delivery("t", code))
		return err
	}},
	{"void a shipment", sentOff, func(ctx context.Context, w *world, id string) error {
		_, err := w.VoidShipment(ctx, w.staff, id, "xe hỏng")
		return err
	}},
	{"receive a shipment", sentOff, func(ctx context.Context, w *world, id string) error {
		_, err := w.Receive(ctx, w.neighbour, id, trace.ReceiptDraft{Date: "2026-11-23"})
		return err
	}},
	{"receive by the delivery note", sentOff, func(ctx context.Context, w *world, id string) error {
		s, err := w.Shipment(ctx, w.staff, id)
		if err != nil {
			return err
		}
		_, err = w.ReceiveByNote(ctx, s.Doc.Secret, trace.ReceiptDraft{Name: "Chị Lan", Date: "2026-11-23", Quantities: []trace.Decimal{"9.5"}, Note: "thiếu nửa cân"})
		return err
	}},
	{"pack a carton", lotOf(true), func(ctx context.Context, w *world, code string) error {
		_, err := w.Pack(ctx, w.staff, carton("t", code))
		return err
	}},
	{"pack a pallet", packedUp, func(ctx context.Context, w *world, id string) error {
		_, err := w.Pack(ctx, w.staff, pallet("t", id))
		return err
	}},
	{"open a pallet", func(t *testing.T, w *world) string {
		return must(w.Pack(t.Context(), w.staff, pallet("p", packedUp(t, w)))).Doc.ID
	}, func(ctx context.Context, w *world, id string) error {
		_, err := w.Unpack(ctx, w.staff, id, "")
		return err
	}},
}

func sentOff(t *testing.T, w *world) string {
	return must(w.Ship(t.Context(), w.staff, delivery("s", lotOf(true)(t, w)))).Doc.ID
}

func packedUp(t *testing.T, w *world) string {
	return must(w.Pack(t.Context(), w.staff, carton("c", lotOf(true)(t, w)))).Doc.ID
}

// lineageVerbs are the rows of TestWhoMay about lots that are made of lots and move.
var lineageVerbs = []whoMay{
	//                                  admin official elsewhere manager staff neighbour buyer nobody
	{"make lots of a lot of htx-a", "+--++--?", func(t *testing.T, w *world, by trace.Actor) error {
		d := roast("t", lotOf(true)(t, w), w)
		d.Organisation = "htx-a"
		_, err := w.Transform(t.Context(), by, d)
		return err
	}},
	{"void a transformation of htx-a", "+--++--?", func(t *testing.T, w *world, by trace.Actor) error {
		_, err := w.VoidTransformation(t.Context(), by, must(w.Transform(t.Context(), w.staff, roast("t", lotOf(true)(t, w), w))).Doc.ID, "vì")
		return err
	}},
	{"read a transformation of htx-a", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
		_, err := w.Transformation(t.Context(), by, must(w.Transform(t.Context(), w.staff, roast("t", lotOf(true)(t, w), w))).Doc.ID)
		return err
	}},
	{"trace a released lot of htx-a", "+++++++?", func(t *testing.T, w *world, by trace.Actor) error {
		_, err := w.Trace(t.Context(), by, lotOf(true)(t, w), trace.Down)
		return err
	}},
	{"trace a draft of htx-a", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
		_, err := w.Trace(t.Context(), by, lotOf(false)(t, w), trace.Up)
		return err
	}},
	{"read the rows of a trace of htx-a", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
		_, err := w.TraceRows(t.Context(), by, lotOf(true)(t, w), trace.Up)
		return err
	}},
	{"read the plots of a lot of htx-a", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
		_, err := w.TracePlots(t.Context(), by, lotOf(true)(t, w))
		return err
	}},
	{"see what is left of a lot of htx-a", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
		_, err := w.LotStock(t.Context(), by, lotOf(true)(t, w), "htx-a")
		return err
	}},
	{"ship a lot of htx-a", "+--++--?", func(t *testing.T, w *world, by trace.Actor) error {
		d := delivery("t", lotOf(true)(t, w))
		d.Organisation = "htx-a"
		_, err := w.Ship(t.Context(), by, d)
		return err
	}},
	{"void a shipment of htx-a", "+--++--?", func(t *testing.T, w *world, by trace.Actor) error {
		_, err := w.VoidShipment(t.Context(), by, sentOff(t, w), "vì")
		return err
	}},
	{"read a shipment of htx-a to tht-b", "++-+++-?", func(t *testing.T, w *world, by trace.Actor) error {
		_, err := w.Shipment(t.Context(), by, sentOff(t, w))
		return err
	}},
	{"receive at tht-b what htx-a sent", "+----+-?", func(t *testing.T, w *world, by trace.Actor) error {
		_, err := w.Receive(t.Context(), by, sentOff(t, w), trace.ReceiptDraft{Date: "2026-11-23"})
		return err
	}},
	{"receive with the delivery note in hand", "++++++++", func(t *testing.T, w *world, _ trace.Actor) error {
		s := must(w.Shipment(t.Context(), w.staff, sentOff(t, w)))
		_, err := w.ReceiveByNote(t.Context(), s.Doc.Secret, trace.ReceiptDraft{Name: "x", Date: "2026-11-23"})
		return err
	}},
	{"pack a carton of htx-a", "+--++--?", func(t *testing.T, w *world, by trace.Actor) error {
		d := carton("t", lotOf(true)(t, w))
		d.Organisation = "htx-a"
		_, err := w.Pack(t.Context(), by, d)
		return err
	}},
	{"open a carton of htx-a", "+--++--?", func(t *testing.T, w *world, by trace.Actor) error {
		_, err := w.Unpack(t.Context(), by, packedUp(t, w), "")
		return err
	}},
	{"see what a carton of htx-a holds", "++++++++", func(t *testing.T, w *world, _ trace.Actor) error {
		_, err := w.LogisticUnit(t.Context(), packedUp(t, w))
		return err
	}},
}
