package trace_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"truynguon/configs"
	"truynguon/internal/trace"
)

func days(n int) *int { return &n }

// gateLists are two full lists and an amendment: what was permitted until June is banned from then on.
var gateLists = trace.Substances{
	Lists: []trace.SubstanceList{
		{ID: "old", Number: "TT 1", From: "2026-01-01"},
		{ID: "new", Number: "TT 2", From: "2026-06-01"},
		{ID: "fix", Number: "TT 3", From: "2026-08-15", Amendment: true},
	},
	Rows: map[string][]trace.Substance{
		"old": {
			{List: "old", Status: trace.Permitted, Ingredient: "Alpha", TradeName: "A1", Registration: "R1", Crop: "coffee", PHIDays: days(10), MaxDose: 2000, DoseUnit: "KGM/HAR"},
			{List: "old", Status: trace.Permitted, Ingredient: "Beta", TradeName: "B1", Crop: "coffee", PHIDays: days(3)},
			{List: "old", Status: trace.Permitted, Ingredient: "Gamma", TradeName: "G1"},
			{List: "old", Status: trace.Banned, Ingredient: "Omega"},
		},
		"new": {
			{List: "new", Status: trace.Permitted, Ingredient: "Alpha", TradeName: "A1", Registration: "R1", Crop: "coffee", PHIDays: days(14), MaxDose: 2000, DoseUnit: "KGM/HAR"},
			{List: "new", Status: trace.Permitted, Ingredient: "Alpha", TradeName: "A1", Registration: "R1", Crop: "tea", PHIDays: days(7)},
			{List: "new", Status: trace.Banned, Ingredient: "Beta"},
			{List: "new", Status: trace.Permitted, Ingredient: "Gamma", TradeName: "G1"},
			{List: "new", Status: trace.Permitted, Ingredient: "Alpha + Gamma", TradeName: "AG", Crop: "coffee", PHIDays: days(5)},
			{List: "new", Status: trace.Permitted, Ingredient: "Delta", TradeName: "D1", PHIDays: days(0)},
		},
		"fix": {
			{List: "fix", Status: trace.Removed, Ingredient: "Delta"},
			{List: "fix", Status: trace.Permitted, Ingredient: "Alpha", TradeName: "A1", Registration: "R1", Crop: "coffee", PHIDays: days(21), MaxDose: 1000, DoseUnit: "KGM/HAR"},
		},
	},
}

// spray is an application of an unlisted kind of thing on coffee: nothing but its interval matters, as no list
// was in force in 2025.
func spray(day trace.Date, phi *int) trace.Application {
	return trace.Application{Entry: "e" + string(day), Cycle: "c", Crops: []string{"coffee"}, Date: day, TradeName: "X", PHI: phi}
}

// onPlot are the facts of a lot harvested on a day from one plot of coffee with a diary since 2020.
func onPlot(harvest trace.Date, sprays ...trace.Application) trace.GateFacts {
	return trace.GateFacts{
		Harvest: harvest, Release: harvest,
		Plots: []trace.PlotFacts{{Place: "p", Kept: true, Cycles: []trace.CycleFacts{{ID: "c", Crop: "coffee", First: "2020-01-01"}}, Applications: sprays}},
		Lists: gateLists, Crops: gateCrops,
	}
}

var gateCrops = func() trace.Crops {
	crops, err := trace.ParseCrops(configs.Crops)
	if err != nil {
		panic(err)
	}
	return crops
}()

// TestSafetyGate goes through situations, each with the result and the reasons that decide.
func TestSafetyGate(t *testing.T) {
	const h = trace.Date("2025-11-20")
	with := func(f trace.GateFacts, change func(f *trace.GateFacts)) trace.GateFacts {
		f.Plots = slices.Clone(f.Plots)
		for i := range f.Plots {
			f.Plots[i].Cycles = slices.Clone(f.Plots[i].Cycles)
			f.Plots[i].Applications = slices.Clone(f.Plots[i].Applications)
		}
		change(&f)
		return f
	}
	named := func(day trace.Date, crop, trade, ingredient, registration string, phi *int) trace.Application {
		a := spray(day, phi)
		a.TradeName, a.Ingredient, a.Registration, a.Crops = trade, ingredient, registration, []string{crop}
		return a
	}
	dosed := func(dose trace.Amount, unit string) trace.Application {
		a := named("2026-07-01", "coffee", "A1", "Alpha", "R1", days(14))
		a.Dose, a.DoseUnit = dose, unit
		return a
	}
	treated := func(day, release trace.Date, phi *int, crops ...string) trace.GateFacts {
		return with(onPlot(h), func(f *trace.GateFacts) {
			f.Release = release
			f.Treatments = []trace.Application{{Entry: "t", Date: day, TradeName: "X", PHI: phi, Crops: crops}}
		})
	}
	satisfied, violated, undetermined := trace.Gate{Result: trace.GateSatisfied}, trace.Gate{
		Result: trace.GateViolated, Lines: []trace.GateLine{{Check: trace.GatePHI, Result: trace.GateViolated, Reason: "too_early_entered"}},
	}, trace.Gate{Result: trace.GateUndetermined, Lines: []trace.GateLine{{Check: trace.GatePHI, Result: trace.GateUndetermined, Reason: "phi_unknown"}}}
	noDiary := trace.Gate{Result: trace.GateUndetermined, NoDiary: true, Lines: []trace.GateLine{{Check: trace.GateDiary, Result: trace.GateUndetermined, Reason: "no_diary"}}}
	parts := func(gates ...trace.Gate) trace.GateFacts {
		f := trace.GateFacts{Release: h, Crops: gateCrops, Parts: map[string]trace.Gate{}}
		for i, g := range gates {
			f.Parts[fmt.Sprint(i)] = g
		}
		return f
	}
	two := func(first, second []trace.Application) trace.GateFacts {
		return with(onPlot(h, first...), func(f *trace.GateFacts) {
			p := f.Plots[0]
			p.Place, p.Applications = "q", second
			f.Plots = append(f.Plots, p)
		})
	}

	for _, c := range []struct {
		name  string
		facts trace.GateFacts
		want  trace.GateResult
		// why are the reasons of the lines that decide, as check.reason, in their order; of what is satisfied, a
		// reason that must be among the lines.
		why string
	}{
		// The arithmetic of days.
		{"nothing was sprayed", onPlot(h), trace.GateSatisfied, "phi.none_recorded"},
		{"long before", onPlot(h, spray("2025-10-01", days(14))), trace.GateSatisfied, "phi.kept_entered"},
		{"one day too early", onPlot(h, spray("2025-11-07", days(14))), trace.GateViolated, "phi.too_early_entered"},
		{"the very day", onPlot(h, spray("2025-11-06", days(14))), trace.GateSatisfied, "phi.kept_entered"},
		{"a day after", onPlot(h, spray("2025-11-05", days(14))), trace.GateSatisfied, "phi.kept_entered"},
		{"sprayed on the harvest day, interval 0", onPlot(h, spray(h, days(0))), trace.GateSatisfied, "phi.kept_entered"},
		{"sprayed on the harvest day, interval 1", onPlot(h, spray(h, days(1))), trace.GateViolated, "phi.too_early_entered"},
		{"sprayed the day before, interval 1", onPlot(h, spray("2025-11-19", days(1))), trace.GateSatisfied, "phi.kept_entered"},
		{"across the end of a month", onPlot("2025-03-01", spray("2025-02-22", days(7))), trace.GateSatisfied, "phi.kept_entered"},
		{"across 29 February", onPlot("2024-03-01", spray("2024-02-23", days(7))), trace.GateSatisfied, "phi.kept_entered"},
		{"across 29 February, a day too early", onPlot("2024-02-29", spray("2024-02-23", days(7))), trace.GateViolated, "phi.too_early_entered"},
		{"across the new year", onPlot("2025-01-03", spray("2024-12-27", days(7))), trace.GateSatisfied, "phi.kept_entered"},
		{"the last of several decides", onPlot(h, spray("2025-10-01", days(7)), spray("2025-11-18", days(7))), trace.GateViolated, "phi.too_early_entered"},
		{"an earlier one with a longer interval decides", onPlot(h, spray("2025-10-01", days(60)), spray("2025-11-10", days(7))), trace.GateViolated, "phi.too_early_entered"},
		{"two that are too late are two lines", onPlot(h, spray("2025-11-17", days(7)), spray("2025-11-18", days(7))), trace.GateViolated, "phi.too_early_entered phi.too_early_entered"},
		{"after the harvest: for the next one", onPlot(h, spray("2025-11-21", days(14))), trace.GateSatisfied, "phi.none_recorded"},
		{"and the next one counts it", onPlot("2025-12-01", spray("2025-11-21", days(14))), trace.GateViolated, "phi.too_early_entered"},
		{"an interval of two years", onPlot(h, spray("2024-11-21", days(730))), trace.GateViolated, "phi.too_early_entered"},

		// What is missing.
		{"no interval", onPlot(h, spray("2025-06-01", nil)), trace.GateUndetermined, "phi.phi_unknown"},
		{"no interval, years ago", onPlot(h, spray("2021-06-01", nil)), trace.GateUndetermined, "phi.phi_unknown"},
		{"no day", onPlot(h, spray("", days(7))), trace.GateUndetermined, "phi.date_unknown"},
		{"no crop", onPlot(h, func() trace.Application { a := spray("2025-06-01", days(7)); a.Crops = nil; a.Cycle = ""; return a }()), trace.GateUndetermined, "phi.crop_unknown"},
		{"no harvest day", onPlot("", spray("2025-06-01", days(7))), trace.GateUndetermined, "diary.harvest_unknown"},
		{"a crop nobody knows", with(onPlot(h), func(f *trace.GateFacts) { f.Plots[0].Cycles[0].Crop = "?" }), trace.GateUndetermined, "diary.crop_unknown"},
		{"no name of a product", onPlot(h, func() trace.Application { a := spray("2025-06-01", days(7)); a.TradeName = ""; return a }()), trace.GateUndetermined, "permitted.product_unknown"},
		{"violated outweighs undetermined", onPlot(h, spray("2025-06-01", nil), spray("2025-11-19", days(7))), trace.GateViolated, "phi.too_early_entered phi.phi_unknown"},
		{"no plot and no parts", trace.GateFacts{Harvest: h, Release: h}, trace.GateUndetermined, "diary.no_plot"},
		{"no diary", with(onPlot(h), func(f *trace.GateFacts) { f.Plots[0].Kept = false }), trace.GateUndetermined, "diary.no_diary"},
		{"no diary of one of two plots", with(two(nil, nil), func(f *trace.GateFacts) { f.Plots[1].Kept = false }), trace.GateUndetermined, "diary.no_diary"},
		{"entries, but no crop", with(onPlot(h), func(f *trace.GateFacts) { f.Plots[0].Cycles = nil }), trace.GateUndetermined, "diary.no_cycle"},
		{"the crop was planted later", with(onPlot(h), func(f *trace.GateFacts) { f.Plots[0].Cycles[0].From = "2025-11-21" }), trace.GateUndetermined, "diary.no_cycle"},
		{"the crop was planted on the day", with(onPlot(h), func(f *trace.GateFacts) { f.Plots[0].Cycles[0].From = h }), trace.GateSatisfied, "phi.none_recorded"},
		{"the crop ended before", with(onPlot(h), func(f *trace.GateFacts) { f.Plots[0].Cycles[0].To = "2025-11-19" }), trace.GateUndetermined, "diary.no_cycle"},
		{"the crop ended on the day", with(onPlot(h), func(f *trace.GateFacts) { f.Plots[0].Cycles[0].To = h }), trace.GateSatisfied, "phi.none_recorded"},
		{"a crop of which nothing is written", with(onPlot(h), func(f *trace.GateFacts) { f.Plots[0].Cycles[0].First = "" }), trace.GateUndetermined, "diary.empty"},
		{"written only afterwards", with(onPlot(h), func(f *trace.GateFacts) { f.Plots[0].Cycles[0].First = "2025-11-21" }), trace.GateUndetermined, "diary.empty"},
		{"written on the day", with(onPlot(h), func(f *trace.GateFacts) { f.Plots[0].Cycles[0].First = h }), trace.GateSatisfied, "phi.none_recorded"},

		// Crop cycles.
		{"of the crop before", with(onPlot(h, spray("2025-11-19", days(30))), func(f *trace.GateFacts) { f.Plots[0].Applications[0].Cycle = "before" }), trace.GateSatisfied, "phi.none_recorded"},
		{"of another crop on the same plot", with(onPlot(h, spray("2025-11-19", days(30))), func(f *trace.GateFacts) {
			f.Plots[0].Cycles = append(f.Plots[0].Cycles, trace.CycleFacts{ID: "d", Crop: "avocado", First: "2020-01-01"})
			f.Plots[0].Applications[0].Cycle, f.Plots[0].Applications[0].Crops = "d", []string{"avocado"}
		}), trace.GateViolated, "phi.too_early_entered"},
		{"of no crop, before this one was planted", with(onPlot(h, spray("2025-01-01", nil)), func(f *trace.GateFacts) {
			f.Plots[0].Cycles[0].From, f.Plots[0].Applications[0].Cycle, f.Plots[0].Applications[0].Crops = "2025-06-01", "", nil
		}), trace.GateSatisfied, "phi.none_recorded"},

		// Several plots.
		{"both plots clean", two(nil, nil), trace.GateSatisfied, "phi.none_recorded"},
		{"the second plot too early", two(nil, []trace.Application{spray("2025-11-19", days(7))}), trace.GateViolated, "phi.too_early_entered"},
		{"the first plot unknown, the second too early", two([]trace.Application{spray("2025-11-01", nil)}, []trace.Application{spray("2025-11-19", days(7))}), trace.GateViolated, "phi.too_early_entered phi.phi_unknown"},

		// What is gathered.
		{"honey", with(onPlot(h), func(f *trace.GateFacts) { f.Plots[0].Cycles[0].Crop = "honey" }), trace.GateNotApplicable, "diary.gathered"},
		{"honey, and something was sprayed", with(onPlot(h, spray("2025-11-19", days(7))), func(f *trace.GateFacts) { f.Plots[0].Cycles[0].Crop = "honey" }), trace.GateViolated, "phi.too_early_entered"},

		// The lists.
		{"no list of that day decides nothing", onPlot(h, spray("2025-06-01", days(7))), trace.GateSatisfied, "permitted.no_list"},
		{"the list's interval is longer than the entered one", onPlot("2026-07-12", named("2026-07-01", "coffee", "A1", "Alpha", "R1", days(7))), trace.GateViolated, "phi.too_early_listed"},
		{"the entered interval is longer than the list's", onPlot("2026-07-20", named("2026-07-01", "coffee", "A1", "Alpha", "R1", days(30))), trace.GateViolated, "phi.too_early_entered"},
		{"the list's interval, nothing entered, kept", onPlot("2026-07-15", named("2026-07-01", "coffee", "A1", "Alpha", "R1", nil)), trace.GateSatisfied, "phi.kept_listed"},
		{"the list's interval, nothing entered, a day early", onPlot("2026-07-14", named("2026-07-01", "coffee", "A1", "Alpha", "R1", nil)), trace.GateViolated, "phi.too_early_listed"},
		{"the list of the day of use, not of harvest", onPlot("2026-06-10", named("2026-05-31", "coffee", "A1", "Alpha", "R1", nil)), trace.GateSatisfied, "phi.kept_listed"},
		{"the next list from its first day", onPlot("2026-06-11", named("2026-06-01", "coffee", "A1", "Alpha", "R1", nil)), trace.GateViolated, "phi.too_early_listed"},
		{"an amendment changes one row", onPlot("2026-09-10", named("2026-08-20", "coffee", "A1", "Alpha", "R1", nil)), trace.GateSatisfied, "phi.kept_listed"},
		{"an amendment changes one row, a day early", onPlot("2026-09-09", named("2026-08-20", "coffee", "A1", "Alpha", "R1", nil)), trace.GateViolated, "phi.too_early_listed"},
		{"another crop's row", onPlot("2026-12-01", named("2026-07-01", "pepper", "A1", "Alpha", "R1", days(7))), trace.GateUndetermined, "permitted.off_label"},
		{"off label and no interval", onPlot("2026-12-01", named("2026-07-01", "pepper", "A1", "Alpha", "R1", nil)), trace.GateUndetermined, "permitted.off_label phi.phi_unknown"},
		{"a row for every crop", onPlot("2026-12-01", named("2026-07-01", "pepper", "G1", "Gamma", "", days(7))), trace.GateSatisfied, "permitted.listed"},
		{"a row without an interval, none entered", onPlot("2026-12-01", named("2026-07-01", "pepper", "G1", "Gamma", "", nil)), trace.GateUndetermined, "phi.phi_unknown"},
		{"not on the list", onPlot("2026-12-01", named("2026-07-01", "coffee", "Z", "Zeta", "", days(7))), trace.GateViolated, "permitted.not_listed"},
		{"another registration number", onPlot("2026-12-01", named("2026-07-01", "coffee", "A1", "Alpha", "R9", days(14))), trace.GateViolated, "permitted.not_listed"},
		{"the trade name alone", onPlot("2026-12-01", named("2026-07-01", "coffee", " a1 ", "", "", nil)), trace.GateSatisfied, "permitted.listed"},
		{"the ingredient alone", onPlot("2026-12-01", named("2026-07-01", "coffee", "", "ALPHA", "", nil)), trace.GateSatisfied, "permitted.listed"},
		{"another trade name of the ingredient", onPlot("2026-12-01", named("2026-07-01", "coffee", "A9", "Alpha", "", days(14))), trace.GateViolated, "permitted.not_listed"},
		{"banned", onPlot("2026-12-01", named("2026-03-01", "coffee", "W", "Omega", "", days(7))), trace.GateViolated, "banned.banned"},
		{"banned as part of a mixture", onPlot("2026-12-01", named("2026-03-01", "coffee", "W", "Alpha + omega", "", days(7))), trace.GateViolated, "banned.banned"},
		{"banned later than it was used", onPlot("2026-12-01", named("2026-05-31", "coffee", "B1", "Beta", "", nil)), trace.GateSatisfied, "permitted.listed"},
		{"banned since the day it was used", onPlot("2026-12-01", named("2026-06-01", "coffee", "B1", "Beta", "", days(3))), trace.GateViolated, "banned.banned"},
		{"a mixture in another order", onPlot("2026-12-01", named("2026-07-01", "coffee", "AG", "gamma, alpha", "", nil)), trace.GateSatisfied, "phi.kept_listed"},
		{"removed by an amendment", onPlot("2026-12-01", named("2026-08-15", "coffee", "D1", "Delta", "", days(0))), trace.GateViolated, "permitted.not_listed"},
		{"before it was removed", onPlot("2026-12-01", named("2026-08-14", "coffee", "D1", "Delta", "", nil)), trace.GateSatisfied, "permitted.listed"},

		// Dose, expiry, label.
		{"the dose at its limit", onPlot("2026-12-01", dosed(2000, "KGM/HAR")), trace.GateSatisfied, "dose.kept"},
		{"the dose beyond it", onPlot("2026-12-01", dosed(2001, "KGM/HAR")), trace.GateViolated, "dose.exceeded"},
		{"the dose in another unit", onPlot("2026-12-01", dosed(900000, "GRM/HAR")), trace.GateSatisfied, "dose.not_comparable"},
		{"no dose", onPlot("2026-12-01", dosed(0, "")), trace.GateSatisfied, "dose.not_comparable"},
		{"the input on its last day", onPlot(h, func() trace.Application { a := spray("2025-06-01", days(7)); a.InputExpiry = "2025-06-01"; return a }()), trace.GateSatisfied, "phi.kept_entered"},
		{"the input a day past it", onPlot(h, func() trace.Application { a := spray("2025-06-02", days(7)); a.InputExpiry = "2025-06-01"; return a }()), trace.GateViolated, "expiry.expired"},
		{"a long interval on tea is a warning", onPlot(h, func() trace.Application { a := spray("2025-06-01", days(8)); a.Crops = []string{"tea"}; return a }()), trace.GateSatisfied, "label.long"},

		// After harvest.
		{"treated, interval kept on the day of release", treated("2025-11-21", "2025-11-28", days(7), "coffee"), trace.GateSatisfied, "treatment.kept_entered"},
		{"treated, a day too early", treated("2025-11-21", "2025-11-27", days(7), "coffee"), trace.GateViolated, "treatment.too_early_entered"},
		{"treated, no interval", treated("2025-11-21", "2025-12-27", nil, "coffee"), trace.GateUndetermined, "treatment.phi_unknown"},
		{"treated, no crop", treated("2025-11-21", "2025-12-27", days(7)), trace.GateUndetermined, "treatment.crop_unknown"},
		{"treated, no day", treated("", "2025-12-27", days(7), "coffee"), trace.GateUndetermined, "treatment.date_unknown"},

		// Lots made of lots.
		{"of satisfied lots", parts(satisfied, satisfied), trace.GateSatisfied, "part.satisfied"},
		{"one of them violated", parts(satisfied, violated), trace.GateViolated, "part.violated phi.too_early_entered"},
		{"one of them undetermined", parts(satisfied, undetermined), trace.GateUndetermined, "part.undetermined phi.phi_unknown"},
		{"one of each", parts(satisfied, undetermined, violated), trace.GateViolated, "part.violated phi.too_early_entered part.undetermined phi.phi_unknown"},
		{"one of them without a diary", parts(satisfied, noDiary), trace.GateUndetermined, "part.undetermined diary.no_diary"},
		{"of too many", func() trace.GateFacts { f := parts(satisfied); f.Cut = true; return f }(), trace.GateUndetermined, "part.too_many"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := trace.SafetyGate(c.facts)
			if g.Result != c.want {
				t.Errorf("%s, want %s: %+v", g.Result, c.want, g.Lines)
			}
			if g.Passes() {
				if !slices.ContainsFunc(g.Lines, func(l trace.GateLine) bool { return string(l.Check)+"."+l.Reason == c.why }) {
					t.Errorf("no line %s: %+v", c.why, g.Lines)
				}
				return
			}
			var why []string
			for _, l := range g.Deciding() {
				why = append(why, string(l.Check)+"."+l.Reason)
			}
			want := strings.Fields(c.why)
			slices.Sort(why)
			slices.Sort(want)
			if !slices.Equal(why, want) {
				t.Errorf("because of %v, want %v", why, want)
			}
			all := len(want) > 0
			for _, w := range want {
				all = all && (w == "diary.no_diary" || w == "diary.no_plot" || w == "part.undetermined")
			}
			if bare := all && !slices.Contains(want, "phi.phi_unknown"); g.NoDiary != bare {
				t.Errorf("NoDiary is %v", g.NoDiary)
			}
		})
	}
}

// rank is how bad a result is.
func rank(r trace.GateResult) int {
	return slices.Index([]trace.GateResult{trace.GateNotApplicable, trace.GateSatisfied, trace.GateUndetermined, trace.GateViolated}, r)
}

// drawApplication draws an application around the harvest, anything missing or not.
func drawApplication(t *rapid.T) trace.Application {
	a := trace.Application{
		Entry: rapid.StringMatching(`[a-z]{8}`).Draw(t, "entry"),
		Cycle: rapid.SampledFrom([]string{"c", "c", "d", ""}).Draw(t, "cycle"),
		Date:  trace.Date("2026-07-15").AddDays(rapid.IntRange(-200, 30).Draw(t, "day")), DoseUnit: "KGM/HAR",
		TradeName: rapid.SampledFrom([]string{"A1", "B1", "G1", "Z", ""}).Draw(t, "trade"), Dose: trace.Amount(rapid.IntRange(0, 3000).Draw(t, "dose")),
	}
	if a.Cycle != "" {
		a.Crops = []string{rapid.SampledFrom([]string{"coffee", "tea", "honey"}).Draw(t, "crop")}
	}
	if rapid.IntRange(0, 9).Draw(t, "dated") == 0 {
		a.Date = ""
	}
	if rapid.Bool().Draw(t, "interval") {
		a.PHI = days(rapid.IntRange(0, 40).Draw(t, "phi"))
	}
	return a
}

func drawFacts(t *rapid.T) trace.GateFacts {
	f := onPlot("2026-07-15", rapid.SliceOfN(rapid.Custom(drawApplication), 0, 5).Draw(t, "sprays")...)
	f.Plots[0].Cycles = append(f.Plots[0].Cycles, trace.CycleFacts{ID: "d", Crop: rapid.SampledFrom([]string{"tea", "honey"}).Draw(t, "second"), From: "2026-03-01", First: "2026-03-01"})
	f.Treatments = rapid.SliceOfN(rapid.Custom(drawApplication), 0, 2).Draw(t, "treatments")
	return f
}

// TestSafetyGateProperties: what is added never makes it better, the order does not matter, and a lot is as good as
// the worst of what is in it.
func TestSafetyGateProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawFacts(t)
		g := trace.SafetyGate(f)

		more := f
		more.Plots = slices.Clone(f.Plots)
		more.Plots[0].Applications = append(slices.Clone(f.Plots[0].Applications), drawApplication(t))
		if rank(trace.SafetyGate(more).Result) < rank(g.Result) {
			t.Fatalf("another application made %s better", g.Result)
		}

		turned := f
		turned.Plots = slices.Clone(f.Plots)
		turned.Plots[0].Applications = rapid.Permutation(f.Plots[0].Applications).Draw(t, "order")
		turned.Treatments = rapid.Permutation(f.Treatments).Draw(t, "order")
		if a, b := fmt.Sprint(g), fmt.Sprint(trace.SafetyGate(turned)); a != b {
			t.Fatalf("in another order:\n%s\n%s", a, b)
		}

		other := trace.SafetyGate(drawFacts(t))
		blend := trace.SafetyGate(trace.GateFacts{Release: "2026-07-20", Parts: map[string]trace.Gate{"a": g, "b": other}, Crops: gateCrops})
		if want := max(rank(g.Result), rank(other.Result)); rank(blend.Result) != want {
			t.Fatalf("of %s and %s became %s", g.Result, other.Result, blend.Result)
		}
		if g.NoDiary && g.Passes() {
			t.Fatal("no diary passes")
		}
	})
}
