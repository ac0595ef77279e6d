package trace_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"truynguon/internal/trace"
)

// thisYear asks about all of 2026.
var thisYear = trace.CoverageQuestion{From: "2026-01-01", To: "2026-12-31"}

// covered asks for a figure after the books were made.
func (w *world) covered(t testing.TB, q trace.CoverageQuestion) trace.CoverageReport {
	t.Helper()
	must(w.RefreshCoverage(t.Context()))
	return must(w.Coverage(t.Context(), q))
}

// packed records that a lot was packed, the one event that its dates ask for and nothing derives.
func (w *world) packed(t testing.TB, code string) {
	t.Helper()
	must(w.RecordEvent(t.Context(), w.staff, trace.EventDraft{Batch: code, Step: "packing", Date: "2026-11-10"}))
}

func TestCoverageFollowsWhatHappens(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	code := w.registered(t, "L-1", true).Doc.Code
	coffee := trace.CoverageQuestion{From: thisYear.From, To: thisYear.To, Product: w.coffee}
	check := func(when string, complete int, missing ...string) {
		t.Helper()
		r := w.covered(t, coffee)
		got := slices.Sorted(maps.Keys(r.Missing))
		if r.Lots != 1 || r.Complete != complete || !slices.Equal(got, missing) {
			t.Errorf("%s: %d of %d lots, missing %v; want %d of 1, missing %v", when, r.Complete, r.Lots, got, complete, missing)
		}
		gaps, _, err := w.CoverageGaps(ctx, w.official, coffee, "", 10)
		if err != nil || len(gaps) != 1-complete {
			t.Errorf("%s: gaps %v, %v", when, gaps, err)
		}
	}
	check("released", 0, "event_packing", "food_safety_then")
	w.packed(t, code)
	check("packing recorded", 0, "food_safety_then")
	c := w.certified(t, "attp", "2026-01-01", "2028-12-31", trace.SubjectDraft{Product: w.coffee})
	check("certified", 1)
	must(w.DecideCertificate(ctx, w.official, c.Doc.ID, "revoke", trace.DecisionDraft{From: "2026-11-20", Reason: "vì", Number: "1"}))
	check("revoked after the lot's day", 1)
	must(w.VoidBatch(ctx, w.manager, code, "vì"))
	check("withdrawn after it was sold", 0, "voided")
}

func TestCoverageCountsWhatHasNoLot(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	q := thisYear
	names := func(r trace.CoverageReport) (out []string) {
		for _, p := range r.UnlottedProducts {
			out = append(out, p.Name)
		}
		return out
	}
	if diff := cmp.Diff([]string{"Cà phê bột", "Măng khô", "Mật ong"}, names(w.covered(t, q))); diff != "" {
		t.Errorf("no lots at all (-want +got):\n%s", diff)
	}
	w.registered(t, "L-1", true)
	pause := must(w.PauseSale(ctx, w.staff, trace.SalePauseDraft{Product: w.honey, From: "2026-01-01", Reason: "hết mùa"}))
	r := w.covered(t, q)
	if diff := cmp.Diff([]string{"Măng khô"}, names(r)); diff != "" || r.Denominator() != 2 || len(r.Pauses) != 1 {
		t.Errorf("one lot, one pause: %d in the denominator, %d pauses (-want +got):\n%s", r.Denominator(), len(r.Pauses), diff)
	}
	if by := r.Pauses[0].By; by.Name != "" || by.ID != "" {
		t.Errorf("the public learns who said it: %+v", by)
	}
	must(w.WithdrawSalePause(ctx, w.official, pause.Doc.ID, "thấy bán ở chợ"))
	seen := must(w.RecordSighting(ctx, w.official, trace.SightingDraft{Name: "Chuối", Where: "Chợ xã", Seen: "2026-11-01"}))
	r = w.covered(t, q)
	if r.Unlotted != 3 || len(r.Sightings) != 1 || r.Sightings[0].By.Name != "" {
		t.Errorf("pause withdrawn, one sighting: %d without lots, sightings %+v", r.Unlotted, r.Sightings)
	}
	q.Unit = "x2"
	if r := w.covered(t, q); r.Unlotted != 1 || len(r.Sightings) != 0 {
		t.Errorf("the other commune: %d without lots, sightings %+v", r.Unlotted, r.Sightings)
	}
	must(w.ResolveSighting(ctx, w.official, seen.Doc.ID, "đã đăng ký"))
	if r := w.covered(t, thisYear); r.Unlotted != 2 {
		t.Errorf("resolved: %d without lots, want 2", r.Unlotted)
	}
	// A part of the period out of season does not take a product out of all of it.
	must(w.PauseSale(ctx, w.neighbour, trace.SalePauseDraft{Product: w.foreign, From: "2026-03-01", To: "2026-05-31", Reason: "hết mùa"}))
	if r := w.covered(t, thisYear); r.Unlotted != 2 {
		t.Errorf("out of season for a part: %d without lots, want 2", r.Unlotted)
	}
}

func TestCoverageQuestions(t *testing.T) {
	w := newWorld(t)
	for _, q := range []trace.CoverageQuestion{
		{}, {From: "2026-02-30", To: "2026-12-31"}, {From: "2026-12-31", To: "2026-01-01"}, {From: "1990-01-01", To: "2026-01-01"},
		{From: "2026-01-01", To: "2026-12-31", Unit: "nowhere"},
	} {
		if _, err := w.Coverage(t.Context(), q); err == nil {
			t.Errorf("%+v: no fault", q)
		}
	}
	if r := w.covered(t, trace.CoverageQuestion{From: "2020-01-01", To: "2020-12-31"}); r.PerMille() != -1 {
		t.Errorf("nothing at all is %d per mille; want none", r.PerMille())
	}
}

// TestCoverageEqualsARecount lets many things happen in random order and compares the books, made in
// between at random, with a recount from the lots' own pages.
func TestCoverageEqualsARecount(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 1))
			w := newWorld(t)
			ctx := t.Context()
			var codes, certs []string
			n := 0
			for range 60 {
				w.now = w.now.Add(time.Duration(rnd.IntN(30)) * time.Second)
				code := ""
				if len(codes) > 0 {
					code = codes[rnd.IntN(len(codes))]
				}
				switch rnd.IntN(9) {
				case 0, 1, 2:
					n++
					d := w.lot(fmt.Sprintf("L-%d", n))
					if rnd.IntN(2) == 0 {
						d.PackagingDate = ""
					}
					b := must(w.RegisterBatch(ctx, w.staff, d))
					codes = append(codes, b.Doc.Code)
					if rnd.IntN(4) > 0 {
						must(w.ReleaseBatch(ctx, w.staff, b.Doc.Code, ""))
					}
				case 3:
					c := w.certified(t, "attp", "2026-01-01", "2028-12-31", trace.SubjectDraft{Product: w.coffee})
					certs = append(certs, c.Doc.ID)
				case 4:
					if len(certs) > 0 {
						day := trace.Date("2026-10-01").AddDays(rnd.IntN(50))
						_, _ = w.DecideCertificate(ctx, w.official, certs[rnd.IntN(len(certs))], "revoke", trace.DecisionDraft{From: string(day), Reason: "vì", Number: "1"})
					}
				case 5:
					if code != "" {
						_, _ = w.RecordEvent(ctx, w.staff, trace.EventDraft{Batch: code, Step: "packing", Date: "2026-11-10"})
					}
				case 6:
					if code != "" {
						_, _ = w.VoidBatch(ctx, w.manager, code, "vì")
					}
				case 7:
					if code != "" {
						_, _ = w.OpenRecall(ctx, w.manager, trace.RecallDraft{Kind: "voluntary", Reason: "vì", Batches: []string{code}})
					}
				case 8:
					must(w.RefreshCoverage(ctx))
				}
			}
			got := w.covered(t, trace.CoverageQuestion{From: thisYear.From, To: thisYear.To, Product: w.coffee})
			want := trace.CoverageFigure{}
			for _, code := range codes {
				gaps, released := must2(w.GapsOfLot(ctx, code))
				if !released {
					continue
				}
				want.Lots++
				if len(gaps) == 0 {
					want.Complete++
				}
				for _, gap := range gaps {
					if want.Missing == nil {
						want.Missing = map[string]int{}
					}
					want.Missing[gap]++
				}
			}
			if want.Lots == 0 {
				want.Unlotted = 1
			}
			if diff := cmp.Diff(want, got.CoverageFigure); diff != "" {
				t.Errorf("recounted and booked differ (-recount +books):\n%s", diff)
			}
		})
	}
}

// must2 is must for two values.
func must2[A, B any](a A, b B, err error) (A, B) {
	if err != nil {
		panic(err)
	}
	return a, b
}

func TestPeriods(t *testing.T) {
	for _, c := range []struct {
		id                   string
		from, to             trace.Date
		previous, yearBefore string
	}{
		{"2026", "2026-01-01", "2026-12-31", "2025", "2025"},
		{"2026-H1", "2026-01-01", "2026-06-30", "2025-H2", "2025-H1"},
		{"2026-H2", "2026-07-01", "2026-12-31", "2026-H1", "2025-H2"},
		{"2026-Q1", "2026-01-01", "2026-03-31", "2025-Q4", "2025-Q1"},
		{"2026-Q3", "2026-07-01", "2026-09-30", "2026-Q2", "2025-Q3"},
		{"2028-02", "2028-02-01", "2028-02-29", "2028-01", "2027-02"},
	} {
		p, ok := trace.ParsePeriod(c.id)
		if !ok || p.From != c.from || p.To != c.to || p.Previous().ID != c.previous || p.YearBefore().ID != c.yearBefore {
			t.Errorf("%s: %+v, %v, before it %s, a year before %s", c.id, p, ok, p.Previous().ID, p.YearBefore().ID)
		}
	}
	for _, id := range []string{"", "26", "2026-", "2026-H3", "2026-Q0", "2026-Q5", "2026-13", "2026-+1", "2026-00", "abcd", "1800"} {
		if p, ok := trace.ParsePeriod(id); ok {
			t.Errorf("%q is %+v", id, p)
		}
	}
}

// TestCoverageOfMadeLots counts lots that were made of others like their own pages do: that they were made is
// an event of theirs, whichever of the lots it is filed under.
func TestCoverageOfMadeLots(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	from := w.registered(t, "L-1", true)
	made := must(w.Transform(ctx, w.staff, trace.TransformationDraft{
		Kind: "split", Place: w.packhouse, Date: "2026-11-12",
		Inputs: []trace.LotAmountDraft{{Lot: from.Doc.Code, Quantity: trace.QuantityDraft{Value: "2"}}},
		Outputs: []trace.OutputDraft{
			{Product: w.coffee, Lot: "M-1", ProductionDate: "2026-11-12", ExpirationDate: "2027-11-10", Quantity: trace.QuantityDraft{Value: "1"}},
			{Product: w.coffee, Lot: "M-2", ProductionDate: "2026-11-12", ExpirationDate: "2027-11-10", Quantity: trace.QuantityDraft{Value: "1"}},
		},
	})).Doc
	for _, out := range made.Outputs {
		must(w.ReleaseBatch(ctx, w.staff, out.Lot, ""))
	}
	must(w.RefreshCoverage(ctx))
	gaps, _, err := w.CoverageGaps(ctx, w.official, thisYear, "", 10)
	must0(t, err)
	if len(gaps) != 3 {
		t.Fatalf("%d lots miss something, want 3: %+v", len(gaps), gaps)
	}
	for _, g := range gaps {
		want, _ := must2(w.GapsOfLot(ctx, g.Batch))
		if diff := cmp.Diff(want, g.Missing); diff != "" {
			t.Errorf("%s: its page and its book differ (-page +book):\n%s", g.Lot, diff)
		}
		for _, code := range []string{"events", "event_processing"} {
			if slices.Contains(g.Missing, code) {
				t.Errorf("%s is said to miss %s", g.Lot, code)
			}
		}
	}
}
