package trace_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"truynguon/internal/epcis"
	"truynguon/internal/fault"
	"truynguon/internal/trace"
)

// fields are the pointers and codes of a fault.
func fields(err error) (out []string) {
	var p *fault.Problem
	if errors.As(err, &p) {
		for _, f := range p.Fields {
			out = append(out, f.Pointer+" "+f.Code)
		}
	}
	return out
}

// A lot through every movement: what is left of it, what its events are, and what its page says.
func TestLineageOfALot(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	b := w.registered(t, "L-1", true).Doc
	tr := must(w.Transform(ctx, w.staff, roast("t", b.Code, w))).Doc
	if tr.Balance.Excess() != 0 || tr.Balance.Unaccounted() != 0 || !tr.Balance.Compared {
		t.Errorf("balance %+v", tr.Balance)
	}
	out := tr.Outputs[0].Lot
	made := must(w.Batch(ctx, w.staff, out)).Doc
	if made.State != trace.Draft || made.Origin != tr.ID || made.HarvestDate != b.HarvestDate || made.ProductionDate != "2026-11-20" {
		t.Errorf("made %+v", made)
	}
	if diff := cmp.Diff([]string{w.plot, w.packhouse}, made.Places); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
	// A draft is not used, and what is not had is not used either.
	if got := fields(ignore(w.Transform(ctx, w.staff, roast("u", out, w)))); !cmp.Equal(got, []string{"/inputs/0/quantity/value more_than_left", "/inputs/0/lot input_state"}) {
		t.Errorf("a draft as input: %v", got)
	}
	d := roast("v", b.Code, w)
	d.Organisation = "tht-b"
	d.Place = w.foreignPlot
	if got := fields(ignore(w.Transform(ctx, w.admin, d))); len(got) == 0 || got[0] != "/inputs/0/lot lot_not_held" {
		t.Errorf("another's lot as input: %v", got)
	}
	must(w.ReleaseBatch(ctx, w.staff, out, ""))
	sent := must(w.Ship(ctx, w.staff, delivery("s", out))).Doc
	must(w.Receive(ctx, w.neighbour, sent.ID, trace.ReceiptDraft{Date: "2026-11-23", Quantities: []trace.Decimal{"9.5"}, Note: "rách bao"}))
	there := must(w.LotStock(ctx, w.neighbour, out, "tht-b"))
	if there.Left().String() != "9.5" {
		t.Errorf("at the receiver %s are left", there.Left())
	}
	must(w.Pack(ctx, w.staff, carton("c", out)))
	here := must(w.LotStock(ctx, w.staff, out, ""))
	if here.Left().String() != "40" {
		t.Errorf("%s are left", here.Left())
	}
	p := must(w.Provenance(ctx, out))
	var steps []string
	for _, e := range p.Timeline {
		steps = append(steps, e.Step)
	}
	if diff := cmp.Diff("made_processed shipped_out received_in releasing", strings.Join(steps, " ")); diff != "" {
		t.Errorf("timeline (-want +got):\n%s", diff)
	}
	if origins := p.Made.Origins(); len(origins) != 1 || origins[0].Code != b.Code {
		t.Errorf("origins %v", origins)
	}
	doc := must(p.EPCIS())
	if strings.Contains(string(doc), "destinationList") {
		t.Error("the public EPCIS document says who buys")
	}
	for _, e := range must(w.Events(ctx, w.staff, out)) {
		ev := must(epcis.DecodeEvent(e.EPCIS))
		if id := must(ev.HashID()); id != e.ID {
			t.Errorf("%s has the hash ID %s, and says %s", e.Step, id, e.ID)
		}
		if err := epcis.NewDocument(e.Recorded, nil, *ev).Validate(); err != nil {
			t.Errorf("%s: %v", e.Step, err)
		}
	}
	// A part that is held or recalled tells at once, on the page and to buyers, and stops the next release.
	must(w.HoldBatch(ctx, w.official, b.Code, "nghi tồn dư"))
	if p := must(w.Provenance(ctx, out)); p.Verdict != trace.OnHold || p.Part == nil || p.Part.Lot != b.Code {
		t.Errorf("with a part on hold the lot is %s", p.Verdict)
	}
	if _, err := w.ReleaseBatch(ctx, w.staff, tr.Outputs[1].Lot, ""); !errors.Is(err, fault.Exists) {
		t.Errorf("released though a part is held: %v", err)
	}
	must(w.ReleaseBatch(ctx, w.official, b.Code, "đã kiểm"))
	must(w.OpenRecall(ctx, w.official, trace.RecallDraft{Kind: "mandatory", Reason: "vì", Batches: []string{b.Code}}))
	if a := must(w.Verify(ctx, []string{out})); a[0].Lot.Verdict != trace.CalledBack {
		t.Errorf("with a part recalled a buyer is told %s", a[0].Lot.Verdict)
	}
	if got := fields(ignore(w.Ship(ctx, w.staff, delivery("z", out)))); !cmp.Equal(got, []string{"/lots/0/lot input_stopped"}) {
		t.Errorf("shipped with a part recalled: %v", got)
	}
}

func ignore[T any](_ T, err error) error { return err }

// More coming out than went in wants a reason, and the arithmetic stays.
func TestExcessWantsAReason(t *testing.T) {
	w := newWorld(t)
	d := roast("t", w.registered(t, "L-1", true).Doc.Code, w)
	d.Outputs[0].Quantity.Value = "50.001"
	if got := fields(ignore(w.Transform(t.Context(), w.staff, d))); !cmp.Equal(got, []string{"/excessReason more_out_than_in"}) {
		t.Errorf("%v", got)
	}
	d.ExcessReason = "cân lại"
	tr := must(w.Transform(t.Context(), w.staff, d)).Doc
	if got := tr.Balance.Excess().String(); got != "0.001" || tr.ExcessReason != "cân lại" {
		t.Errorf("excess %s, %q", got, tr.ExcessReason)
	}
}

// Whatever is weighed in and out in whatever units of mass: nothing is gained or lost by the arithmetic.
func TestMassIsConserved(t *testing.T) {
	w := newWorld(t)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		grams := rapid.IntRange(2, 120_000).Draw(rt, "in")
		part := rapid.IntRange(1, grams-1).Draw(rt, "out")
		d := w.lot(fmt.Sprint("L", n))
		d.Quantity = trace.QuantityDraft{Value: trace.Decimal(fmt.Sprint(grams)), UOM: "GRM"}
		b := must(w.ReleaseBatch(t.Context(), w.staff, must(w.RegisterBatch(t.Context(), w.staff, d)).Doc.Code, "")).Doc
		tr := must(w.Transform(t.Context(), w.staff, trace.TransformationDraft{
			Kind: "process", Place: w.packhouse, Date: "2026-11-20",
			Inputs:  []trace.LotAmountDraft{{Lot: b.Code, Quantity: trace.QuantityDraft{Value: trace.Decimal(fmt.Sprint(grams))}}},
			Outputs: []trace.OutputDraft{{Product: w.coffee, Lot: fmt.Sprint("O", n), Quantity: trace.QuantityDraft{Value: trace.Decimal(fmt.Sprintf("%d.%03d", part/1000, part%1000)), UOM: "KGM"}}},
		})).Doc
		if got, want := tr.Balance.Unaccounted(), trace.Amount(grams-part)*1000; got != want || tr.Balance.UOM != "GRM" {
			rt.Fatalf("%d g in, %d g out: %s %s unaccounted", grams, part, got, tr.Balance.UOM)
		}
		if left := must(w.LotStock(t.Context(), w.staff, b.Code, "")); left.Left() != 0 {
			rt.Fatalf("%s left", left.Left())
		}
	})
}

// Two people who use one lot at the same moment lose neither's work: both records stay, and what is left
// says that more went out than there was.
func TestTwoUseOneLot(t *testing.T) {
	w := newWorld(t)
	b := w.registered(t, "L-1", true).Doc
	var wg sync.WaitGroup
	done := make([]error, 8)
	for i := range done {
		wg.Go(func() {
			d := roast(fmt.Sprint("t", i), b.Code, w)
			by := w.staff
			if i%2 == 0 {
				by = w.manager
			}
			d.ExcessReason = "hai người cùng ghi"
			_, done[i] = w.Transform(t.Context(), by, d)
		})
	}
	wg.Wait()
	for _, err := range done {
		must0(t, err)
	}
	a := must(w.LotStock(t.Context(), w.staff, b.Code, ""))
	if a.Used.String() != "800" || a.Left() >= 0 {
		t.Errorf("used %s", a.Used)
	}
	if g := must(w.Walk(t.Context(), []string{b.Code}, trace.Down)); len(g.Lots) != 17 {
		t.Errorf("%d lots", len(g.Lots))
	}
}

// An SSCC is the organisation's own, right in its check digit, and never given twice; who has no prefix
// gets none.
func TestSSCC(t *testing.T) {
	w := newWorld(t)
	code := w.registered(t, "L-1", true).Doc.Code
	seen := map[string]bool{}
	for range 12 {
		u := must(w.Pack(t.Context(), w.staff, carton("", code))).Doc
		if len(u.SSCC) != 18 || u.SSCC[1:8] != "9524001" || seen[u.SSCC] {
			t.Errorf("SSCC %q", u.SSCC)
		}
		seen[u.SSCC] = true
		if got := must(w.LogisticUnit(t.Context(), u.SSCC)).Doc.ID; got != u.ID {
			t.Errorf("%s leads to %s", u.SSCC, got)
		}
	}
	d := w.lot("B-1")
	d.Product, d.Places = w.foreign, []string{w.foreignPlot}
	b := must(w.ReleaseBatch(t.Context(), w.neighbour, must(w.RegisterBatch(t.Context(), w.neighbour, d)).Doc.Code, "")).Doc
	if u := must(w.Pack(t.Context(), w.neighbour, carton("", b.Code))).Doc; u.SSCC != "" || u.EPC != "https://id.example.vn/u/"+u.ID {
		t.Errorf("without a prefix: %q, %s", u.SSCC, u.EPC)
	}
}
