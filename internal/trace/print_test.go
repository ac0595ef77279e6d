package trace_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"truynguon/internal/fault"
	"truynguon/internal/trace"
)

// run is the draft of a usual run of labels for a lot.
func run(batch string) trace.PrintDraft {
	return trace.PrintDraft{Batch: batch, Kind: "lot", Stock: "a4-24", Format: "pdf", Copies: 20}
}

// items is the draft of a run of labels with serials.
func items(batch, token string, n int) trace.PrintDraft {
	return trace.PrintDraft{Token: token, Batch: batch, Kind: "item", Stock: "a4-24", Format: "csv", Copies: 1, Serials: n}
}

func TestRecordPrint(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(d *trace.PrintDraft)
		want   []string // faults
	}{
		{"usual", func(*trace.PrintDraft) {}, nil},
		{"with serials", func(d *trace.PrintDraft) { d.Kind, d.Copies, d.Serials = "item", 2, 50_000 }, nil},
		{"nothing said", func(d *trace.PrintDraft) { *d = trace.PrintDraft{Batch: d.Batch} },
			[]string{"/stock missing", "/kind missing", "/format missing", "/copies print_copies"}},
		{"unknown words", func(d *trace.PrintDraft) { d.Kind, d.Format = "pallet", "doc" },
			[]string{"/kind not_offered", "/format not_offered"}},
		{"too many", func(d *trace.PrintDraft) { d.Copies = 100_001 }, []string{"/copies print_copies"}},
		{"too many by serials", func(d *trace.PrintDraft) { d.Kind, d.Copies, d.Serials = "item", 3, 50_000 }, []string{"/copies print_copies"}},
		{"so many that they overflow", func(d *trace.PrintDraft) { d.Kind, d.Copies, d.Serials = "item", 1<<62, 4 }, []string{"/copies print_copies"}},
		{"serials on a carton", func(d *trace.PrintDraft) { d.Kind, d.Serials = "carton", 2 }, []string{"/serials print_serials"}},
		{"items without serials", func(d *trace.PrintDraft) { d.Kind = "item" }, []string{"/serials print_serials"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			d := run(w.registered(t, "L", true).Doc.Code)
			c.change(&d)
			r, err := w.RecordPrint(t.Context(), w.staff, d)
			var got []string
			var p *fault.Problem
			if errors.As(err, &p) {
				for _, f := range p.Fields {
					got = append(got, f.Pointer+" "+f.Code)
				}
			} else if err != nil {
				t.Fatal(err)
			}
			for _, want := range c.want {
				if !strings.Contains(strings.Join(got, ";"), want) {
					t.Errorf("no fault %q in %v", want, got)
				}
			}
			if len(got) != len(c.want) {
				t.Errorf("faults %v, want %v", got, c.want)
			}
			if err == nil && r.Labels != d.Copies*max(1, d.Serials) {
				t.Errorf("%d labels", r.Labels)
			}
		})
	}
}

// What was withdrawn gets no labels any more.
func TestNoLabelsForWithdrawnLots(t *testing.T) {
	w := newWorld(t)
	code := w.registered(t, "L", true).Doc.Code
	must(w.VoidBatch(t.Context(), w.manager, code, "vì"))
	if _, err := w.RecordPrint(t.Context(), w.staff, run(code)); !errors.Is(err, fault.Exists) {
		t.Errorf("a voided lot: %v", err)
	}
}

func TestPrintBalance(t *testing.T) {
	lot := func(amount trace.Amount, uom string) *trace.Batch {
		return &trace.Batch{LotFacts: trace.LotFacts{Quantity: trace.Quantity{Value: amount, UOM: uom}}}
	}
	runs := []trace.PrintRun{
		{Kind: "lot", Labels: 60}, {Kind: "item", Labels: 30, Reprint: true}, {Kind: "carton", Labels: 500}, {Kind: "shelf", Labels: 3},
	}
	for _, c := range []struct {
		lot    *trace.Batch
		runs   []trace.PrintRun
		want   trace.PrintBalance
		excess int
	}{
		{lot(100_000, "H87"), nil, trace.PrintBalance{Pieces: 100}, 0},
		{lot(100_000, "H87"), runs, trace.PrintBalance{First: 60, Again: 30, Pieces: 100}, 0},
		{lot(90_000, "H87"), runs, trace.PrintBalance{First: 60, Again: 30, Pieces: 90}, 0},
		{lot(89_999, "H87"), runs, trace.PrintBalance{First: 60, Again: 30, Pieces: 89}, 1},
		{lot(1_000, "KGM"), runs, trace.PrintBalance{First: 60, Again: 30}, 0},
	} {
		got := c.lot.Balance(c.runs)
		if diff := cmp.Diff(c.want, got); diff != "" || got.Excess() != c.excess {
			t.Errorf("%v: excess %d, want %d (-want +got):\n%s", c.lot.Quantity, got.Excess(), c.excess, diff)
		}
	}
}

// Runs that are recorded are listed, newest first, and one with the same token is one.
func TestPrints(t *testing.T) {
	w := newWorld(t)
	code := w.registered(t, "L", true).Doc.Code
	d := run(code)
	d.Token = "t"
	first := must(w.RecordPrint(t.Context(), w.staff, d))
	again := must(w.RecordPrint(t.Context(), w.staff, d))
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("the same run twice (-first +second):\n%s", diff)
	}
	w.now = w.now.Add(time.Second)
	d.Token, d.Reprint, d.Copies = "u", true, 3
	second := must(w.RecordPrint(t.Context(), w.manager, d))
	if diff := cmp.Diff([]trace.PrintRun{second, first}, must(w.Prints(t.Context(), w.official, code))); diff != "" {
		t.Errorf("runs (-want +got):\n%s", diff)
	}
}

// What one person chose is no other's.
func TestPrintChoice(t *testing.T) {
	w := newWorld(t)
	for _, stock := range []string{"a4-21", "a4-24"} {
		must0(t, w.KeepPrintChoice(t.Context(), w.staff, func(c *trace.PrintChoice) {
			c.Form = map[string][]string{"stock": {stock}}
		}))
	}
	got := must(w.PrintChoice(t.Context(), w.staff))
	if diff := cmp.Diff(map[string][]string{"stock": {"a4-24"}}, got.Form); diff != "" {
		t.Error(diff)
	}
	if got := must(w.PrintChoice(t.Context(), w.manager)); got.Form != nil {
		t.Errorf("somebody else's choice: %v", got)
	}
	err := w.KeepPrintChoice(t.Context(), w.staff, func(c *trace.PrintChoice) {
		c.Calibrations = map[string]trace.PrintCalibration{}
		for i := range 200 {
			c.Calibrations[fmt.Sprint(i)] = trace.PrintCalibration{}
		}
	})
	if !errors.Is(err, fault.Invalid) {
		t.Errorf("200 printers: %v", err)
	}
}
