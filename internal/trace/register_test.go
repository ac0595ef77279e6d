package trace_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"truynguon/internal/fault"
	"truynguon/internal/trace"
)

// faults lists the pointer and code of every field at fault.
func faults(err error) []string {
	var p *fault.Problem
	if !errors.As(err, &p) {
		return nil
	}
	var out []string
	for _, f := range p.Fields {
		out = append(out, f.Pointer+" "+f.Code)
	}
	return out
}

func TestRegisterBatch(t *testing.T) {
	w := newWorld(t)
	b := w.registered(t, "L-1", false).Doc
	if b.State != trace.Draft || b.GTIN != "09524001000025" || b.Quantity.UOM != "KGM" || b.Quantity.Value.String() != "120.5" {
		t.Errorf("not what was registered: %+v", b)
	}
	if _, ok := trace.ParseCode(b.Code); !ok {
		t.Errorf("code %q does not parse", b.Code)
	}
	if want := "(01)09524001000025(10)L-1(414)9524001000018(254)NH1"; b.TraceabilityCode != want {
		t.Errorf("traceability code %q, want %q", b.TraceabilityCode, want)
	}
	if want := "https://id.example.vn/01/09524001000025/10/L-1"; w.CodeURL(&b) != want {
		t.Errorf("QR holds %q, want %q", w.CodeURL(&b), want)
	}
	events := must(w.Events(t.Context(), w.staff, b.Code))
	if len(events) != 1 || events[0].Step != "harvesting" || !events[0].DayOnly {
		t.Fatalf("want one harvest event, got %+v", events)
	}
	for _, part := range []string{
		`"commissioning"`, `"ADD"`, `"https://id.gs1.org/01/09524001000025/10/L-1"`, `"quantity":120.5`, `"KGM"`,
		`"eventTime":"2026-11-01T00:00:00+07:00"`, `"cbvmda:lotNumber":"L-1"`, `ni:///sha-256;`,
	} {
		if !strings.Contains(string(events[0].EPCIS), part) {
			t.Errorf("the event lacks %s: %s", part, events[0].EPCIS)
		}
	}
}

func TestRegisterBatchNamesEveryFaultAtOnce(t *testing.T) {
	w := newWorld(t)
	for i, c := range []struct {
		name   string
		change func(*trace.BatchDraft)
		want   []string
	}{
		{"nothing at all", func(d *trace.BatchDraft) { *d = trace.BatchDraft{} },
			[]string{"/quantity/value missing", "/product missing", "/lot missing", "/places missing"}},
		{"everything wrong", func(d *trace.BatchDraft) {
			*d = trace.BatchDraft{
				Product: "none", Lot: "LÔ 1", Places: []string{"none", w.foreignPlot}, HarvestDate: "2026-02-30",
				ProductionDate: "2026-11-25", PackagingDate: "1026-01-01", BestBeforeDate: "x", ExpirationDate: "2026-10-01",
				Quantity: trace.QuantityDraft{Value: "-1", UOM: "con"}, Documents: []string{"none"},
			}
		}, []string{
			"/harvestDate date_malformed", "/packagingDate date_out_of_range", "/bestBeforeDate date_malformed",
			"/quantity/value amount_malformed", "/product product_unknown", "/quantity/uom not_offered", "/lot lot_characters",
			"/productionDate date_in_future", "/expirationDate date_before", "/places/0 place_unknown", "/places/1 place_unknown",
			"/documents/0 document_unknown",
		}},
		{"harvest tomorrow", func(d *trace.BatchDraft) { d.HarvestDate, d.PackagingDate = "2026-11-25", "" },
			[]string{"/harvestDate date_in_future"}},
		{"harvest today", func(d *trace.BatchDraft) { d.HarvestDate, d.PackagingDate = "2026-11-24", "" }, nil},
		{"packed before harvest", func(d *trace.BatchDraft) { d.PackagingDate = "2026-10-31" }, []string{"/packagingDate date_before"}},
		{"expires before packing", func(d *trace.BatchDraft) { d.ExpirationDate = "2026-11-09" }, []string{"/expirationDate date_before"}},
		{"expires on the day of packing", func(d *trace.BatchDraft) { d.ExpirationDate = "2026-11-10" }, nil},
		{"best before after expiry", func(d *trace.BatchDraft) { d.BestBeforeDate = "2028-01-01" }, []string{"/bestBeforeDate date_after"}},
		{"no date", func(d *trace.BatchDraft) { d.HarvestDate, d.PackagingDate, d.ExpirationDate = "", "", "" },
			[]string{"/harvestDate date_needed"}},
		{"no quantity", func(d *trace.BatchDraft) { d.Quantity.Value = "0" }, []string{"/quantity/value amount_zero"}},
		{"four decimals", func(d *trace.BatchDraft) { d.Quantity.Value = "1.0001" }, []string{"/quantity/value amount_malformed"}},
		{"another's product", func(d *trace.BatchDraft) { d.Product = w.foreign }, []string{"/product product_unknown"}},
		{"lot of 21 characters", func(d *trace.BatchDraft) { d.Lot = strings.Repeat("A", 21) }, []string{"/lot lot_characters"}},
		{"hostile lot", func(d *trace.BatchDraft) { d.Lot = "<b>\u202e" + strings.Repeat("x", 10_000) }, []string{"/lot lot_characters"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := w.lot(fmt.Sprintf("L-%d", i))
			c.change(&d)
			_, err := w.RegisterBatch(t.Context(), w.staff, d)
			if diff := cmp.Diff(c.want, faults(err)); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
			if (err != nil) != (c.want != nil) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestLotNumbersAreNeverUsedAgain(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	first := w.registered(t, "L-1", false)
	for _, number := range []string{"L-1", "l-1"} { // read aloud they are one
		_, err := w.RegisterBatch(ctx, w.staff, w.lot(number))
		if !errors.Is(err, fault.Exists) || cmp.Diff([]string{"/lot lot_taken"}, faults(err)) != "" {
			t.Errorf("%s: %v", number, err)
		}
	}
	must(w.VoidBatch(ctx, w.staff, first.Doc.Code, "nhập nhầm"))
	if _, err := w.RegisterBatch(ctx, w.staff, w.lot("L-1")); !errors.Is(err, fault.Exists) {
		t.Errorf("a voided lot's number was given again: %v", err)
	}
	other := w.lot("L-1")
	other.Product = w.honey
	if _, err := w.RegisterBatch(ctx, w.staff, other); err != nil {
		t.Errorf("another product's lot may have the number: %v", err)
	}
}

func TestRepeatedSubmissionIsOneLot(t *testing.T) {
	w := newWorld(t)
	d := w.lot("L-1")
	d.Token = "form-1"
	codes := make([]string, 8)
	errs := make([]error, len(codes))
	var wg sync.WaitGroup
	for i := range codes {
		wg.Go(func() {
			s, err := w.RegisterBatch(context.WithoutCancel(t.Context()), w.staff, d)
			codes[i], errs[i] = s.Doc.Code, err
		})
	}
	wg.Wait()
	for i := range codes {
		if errs[i] != nil || codes[i] != codes[0] {
			t.Errorf("submission %d: %q, %v; the first was %q", i, codes[i], errs[i], codes[0])
		}
	}
	list, _, err := w.Batches(t.Context(), w.staff, trace.BatchFilter{}, "", 50)
	if err != nil || len(list) != 1 {
		t.Errorf("%d lots, %v", len(list), err)
	}
}

func TestProposeLot(t *testing.T) {
	w := newWorld(t)
	for _, want := range []string{"261124-1", "261124-2"} {
		got := must(w.ProposeLot(t.Context(), w.coffee))
		if got != want {
			t.Errorf("proposed %q, want %q", got, want)
		}
		w.registered(t, got, false)
	}
}

func TestCorrectionKeepsWhatWasSaid(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	b := w.registered(t, "L-1", false)
	d := b.Doc.Draft()
	d.Quantity.Value, d.Lot = "99", "OTHER"
	s := must(w.CorrectBatch(ctx, w.staff, b.Doc.Code, b.Rev, d))
	if s.Doc.Quantity.Value.String() != "99" || s.Doc.Lot != "L-1" || len(s.Doc.Corrections) != 1 {
		t.Fatalf("corrected to %+v", s.Doc)
	}
	if _, err := w.CorrectBatch(ctx, w.staff, b.Doc.Code, b.Rev, d); !errors.Is(err, fault.Stale) {
		t.Errorf("a correction of what somebody else has corrected: %v", err)
	}
	events := must(w.Events(ctx, w.staff, b.Doc.Code))
	var declared, standing int
	for _, e := range events {
		if e.Declared {
			declared++
		} else {
			standing++
		}
	}
	if declared != 1 || standing != 2 {
		t.Errorf("want the old event, its declaration of error and the new event; got %d declared, %d standing", declared, standing)
	}
	p := must(w.Provenance(ctx, b.Doc.Code))
	if len(p.Timeline) != 1 || !strings.Contains(string(p.Timeline[0].EPCIS), `"quantity":99`) {
		t.Errorf("the page's timeline is %+v", p.Timeline)
	}
	// Corrected back: what was declared wrong is right again.
	back := b.Doc.Draft()
	must(w.CorrectBatch(ctx, w.staff, b.Doc.Code, s.Rev, back))
	p = must(w.Provenance(ctx, b.Doc.Code))
	if len(p.Timeline) != 1 || !strings.Contains(string(p.Timeline[0].EPCIS), `"quantity":120.5`) {
		t.Errorf("after correcting back the timeline is %+v", p.Timeline)
	}
	must(w.ReleaseBatch(ctx, w.staff, b.Doc.Code, ""))
	if _, err := w.CorrectBatch(ctx, w.staff, b.Doc.Code, 0, d); !errors.Is(err, fault.Exists) {
		t.Errorf("a released lot was corrected: %v", err)
	}
}

func TestGTINBelongsToItsOwner(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		name, gtin string
		by         trace.Actor
		want       string
		kind       error
	}{
		{"wrong check digit", "9524001000024", w.staff, "/gtin gtin_malformed", fault.Invalid},
		{"another's prefix", "9520123456788", w.staff, "/gtin prefix_not_yours", fault.Invalid},
		{"no prefix on record", "9524001000025", w.neighbour, "/gtin prefix_missing", fault.Invalid},
		{"another product's", "09524001000025", w.staff, "/gtin gtin_taken", fault.Exists},
		{"letters", "95240O1000021", w.staff, "/gtin gtin_malformed", fault.Invalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := w.RegisterProduct(t.Context(), c.by, trace.ProductDraft{Name: "X", UOM: "KGM", GTIN: c.gtin})
			if !errors.Is(err, c.kind) || cmp.Diff([]string{c.want}, faults(err)) != "" {
				t.Errorf("got %v", err)
			}
		})
	}
}
