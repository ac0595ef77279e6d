package trace_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"truynguon/internal/locale"
	"truynguon/internal/trace"
	"truynguon/static"
)

// situation is a certificate, a lot and what is known of both.
type situation struct {
	c trace.Certificate
	s trace.Scheme
	b *trace.Batch
	f trace.CheckFacts
}

func decision(s trace.CertificateStatus, from trace.Date) trace.Decision {
	return trace.Decision{Status: s, From: from}
}

// sound is a situation in which nothing is wrong: a VietGAP certificate of two plots, and a lot from one of
// them.
func sound() situation {
	at := time.Date(2026, 1, 15, 3, 0, 0, 0, time.UTC)
	return situation{
		c: trace.Certificate{
			ID: "c1", Organisation: "a", Scheme: "vietgap", Number: "1", Agency: "X", StartDate: "2026-01-01", EndDate: "2026-12-31",
			Subjects:      []trace.Subject{{Product: "tea", Place: "plot1"}, {Product: "tea", Place: "plot2"}},
			Documents:     []string{"d1"},
			Status:        trace.CertVerified,
			History:       []trace.Decision{decision(trace.CertDraft, "2026-01-10"), decision(trace.CertSubmitted, "2026-01-11"), decision(trace.CertVerified, "2026-01-15")},
			Verifications: []trace.Verification{{At: at, Method: trace.OriginalSeen, SHA256: []string{"s1"}}},
		},
		s: trace.Scheme{ID: "vietgap", RelevantDate: "harvest", Activities: []trace.Activity{trace.ActGrowing}},
		b: &trace.Batch{
			Code: "L1", Organisation: "a", Product: "tea", State: trace.Released,
			LotFacts: trace.LotFacts{
				Places: []string{"plot1", "house"}, HarvestDate: "2026-06-01", PackagingDate: "2026-06-10",
				Quantity: trace.Quantity{Value: 100_000, UOM: "KGM"},
			},
			Steps: []trace.StateChange{{State: trace.Draft}, {State: trace.Released}},
		},
		f: trace.CheckFacts{
			Today: "2026-11-24",
			Places: map[string]trace.Place{
				"plot1": {Type: trace.Plot}, "plot2": {Type: trace.Plot}, "plot3": {Type: trace.Plot}, "house": {Type: trace.Packhouse},
			},
			Documents: map[string]trace.Document{"d1": {SHA256: "s1"}, "d2": {SHA256: "s2"}},
			Volume:    []trace.VolumeGroup{},
		},
	}
}

// facility makes it a food-safety certificate of the packhouse.
func facility(x *situation) {
	x.s = trace.Scheme{ID: "attp", RelevantDate: "packaging", FoodSafety: true, Activities: []trace.Activity{trace.ActPacking, trace.ActProcessing}}
	x.c.Scheme, x.c.Subjects = "attp", []trace.Subject{{Product: "tea", Place: "house"}}
}

// law adds decisions with force of law.
func law(ds ...trace.Decision) func(x *situation) {
	return func(x *situation) { x.c.History = append(slices.Clone(x.c.History), ds...) }
}

// certified names a yearly yield.
func yields(value trace.Amount, uom string, released ...trace.VolumeGroup) func(x *situation) {
	return func(x *situation) {
		for i := range x.c.Subjects {
			x.c.Subjects[i].Yield = trace.Quantity{}
		}
		x.c.Subjects[0].Yield = trace.Quantity{Value: value, UOM: uom}
		x.f.Volume = append(x.f.Volume, released...)
	}
}

func group(day trace.Date, kg trace.Amount, plots ...string) trace.VolumeGroup {
	return trace.VolumeGroup{Day: day, UOM: "KGM", Value: kg * 1000, Lots: 1, Plots: plots}
}

// TestChecks is the table of situations. Each names the checks that come out differently from the sound
// one, and whether the certificate may still be built on.
func TestChecks(t *testing.T) {
	fine := map[trace.CheckID]string{
		trace.CheckHolder: "passed same", trace.CheckScope: "passed covers",
		trace.CheckDateThen: "passed within", trace.CheckDateNow: "passed within",
		trace.CheckStatusThen: "passed clear", trace.CheckStatusNow: "passed clear",
		trace.CheckIssuer: "not_known no_ground", trace.CheckDocument: "passed same",
		trace.CheckVerification: "passed original_seen", trace.CheckVolume: "not_known no_yield",
	}
	type want = map[trace.CheckID]string
	const (
		holder, scope, then, now, ruledThen, ruledNow = trace.CheckHolder, trace.CheckScope, trace.CheckDateThen, trace.CheckDateNow, trace.CheckStatusThen, trace.CheckStatusNow
		issuer, document, verified, volume, findings  = trace.CheckIssuer, trace.CheckDocument, trace.CheckVerification, trace.CheckVolume, trace.CheckFindings
	)
	for _, c := range []struct {
		name   string
		change func(x *situation)
		want   want
		sound  bool
	}{
		{"nothing wrong", nil, nil, true},

		// Holder.
		{"another's certificate", func(x *situation) { x.c.Organisation = "b" }, want{holder: "failed other"}, false},
		{"holder not recorded", func(x *situation) { x.c.Organisation = "" }, want{holder: "not_known unknown"}, false},

		// Dates on the edges.
		{"harvested on its first day", func(x *situation) { x.b.HarvestDate = "2026-01-01" }, nil, true},
		{"harvested the day before", func(x *situation) { x.b.HarvestDate = "2025-12-31" }, want{then: "failed not_yet"}, false},
		{"harvested on its last day", func(x *situation) { x.c.EndDate = "2026-06-01"; x.f.Today = "2026-06-01" }, want{then: "passed last_day", now: "passed last_day"}, true},
		{"harvested the day after", func(x *situation) { x.c.EndDate = "2026-05-31" }, want{then: "failed expired", now: "failed expired"}, false},
		{"expires today", func(x *situation) { x.c.EndDate = "2026-11-24" }, want{now: "passed last_day"}, true},
		{"expired yesterday", func(x *situation) { x.c.EndDate = "2026-11-23" }, want{now: "failed expired"}, false},
		{"has no end", func(x *situation) { x.c.EndDate = "" }, want{then: "passed no_end", now: "passed no_end"}, true},
		{"begins tomorrow", func(x *situation) { x.c.StartDate = "2026-11-25" }, want{then: "failed not_yet", now: "failed not_yet"}, false},
		{"begins and ends on the day of harvest", func(x *situation) { x.c.StartDate, x.c.EndDate = "2026-06-01", "2026-06-01" }, want{then: "passed last_day", now: "failed expired"}, false},
		{"first day not recorded", func(x *situation) { x.c.StartDate = "" }, want{then: "not_known no_start", now: "not_known no_start"}, false},
		{"no day of the lot known", func(x *situation) { x.b.HarvestDate, x.b.PackagingDate = "", "" }, want{then: "not_known no_day", ruledThen: "not_known no_day"}, false},
		{"only the packing day known", func(x *situation) { x.b.HarvestDate = "" }, nil, true},
		{"a facility's day is that of packing", func(x *situation) { facility(x); x.c.StartDate = "2026-06-05" }, nil, true},
		{"a field's day is that of harvest", func(x *situation) { x.c.StartDate = "2026-06-05" }, want{then: "failed not_yet"}, false},
		{"a facility's, without a packing day", func(x *situation) { facility(x); x.c.StartDate = "2026-06-05"; x.b.PackagingDate = "" }, want{then: "failed not_yet"}, false},
		{"a leap day", func(x *situation) {
			x.c.StartDate, x.c.EndDate, x.b.HarvestDate, x.f.Today = "2027-03-01", "2028-02-29", "2028-02-29", "2028-02-29"
		},
			want{then: "passed last_day", now: "passed last_day"}, true},

		// Decisions, then and now.
		{"revoked after the harvest", law(decision(trace.CertRevoked, "2026-07-01")), want{ruledNow: "failed revoked"}, false},
		{"revoked before the harvest", law(decision(trace.CertRevoked, "2026-05-01")), want{ruledThen: "failed revoked", ruledNow: "failed revoked"}, false},
		{"revoked on the day of harvest", law(decision(trace.CertRevoked, "2026-06-01")), want{ruledThen: "failed revoked", ruledNow: "failed revoked"}, false},
		{"revoked the day after the harvest", law(decision(trace.CertRevoked, "2026-06-02")), want{ruledNow: "failed revoked"}, false},
		{"revoked today", law(decision(trace.CertRevoked, "2026-11-24")), want{ruledNow: "failed revoked"}, false},
		{"revoked from tomorrow", law(decision(trace.CertRevoked, "2026-11-25")), nil, true},
		{"revoked by a numbered decision", law(trace.Decision{Status: trace.CertRevoked, From: "2026-07-01", Number: "12/QĐ"}), want{ruledNow: "failed revoked_by"}, false},
		{"suspended at harvest and since", law(decision(trace.CertSuspended, "2026-05-20")), want{ruledThen: "failed suspended", ruledNow: "failed suspended"}, false},
		{"suspended and reinstated before the harvest", law(decision(trace.CertSuspended, "2026-02-01"), decision(trace.CertVerified, "2026-03-01")),
			want{ruledThen: "passed reinstated", ruledNow: "passed reinstated"}, true},
		{"suspended over the harvest, reinstated since", law(decision(trace.CertSuspended, "2026-05-20"), decision(trace.CertVerified, "2026-07-01")),
			want{ruledThen: "failed suspended", ruledNow: "passed reinstated"}, false},
		{"suspended after the harvest, reinstated since", law(decision(trace.CertSuspended, "2026-08-01"), decision(trace.CertVerified, "2026-09-01")),
			want{ruledNow: "passed reinstated"}, true},
		{"reinstated on the day of harvest", law(decision(trace.CertSuspended, "2026-05-20"), decision(trace.CertVerified, "2026-06-01")),
			want{ruledThen: "passed reinstated", ruledNow: "passed reinstated"}, true},
		{"a suspension recorded late", law(decision(trace.CertVerified, "2026-07-01"), decision(trace.CertSuspended, "2026-05-20")),
			want{ruledThen: "failed suspended", ruledNow: "passed reinstated"}, false},
		{"a suspension from before it was verified here", law(decision(trace.CertSuspended, "2026-01-05")), want{ruledThen: "failed suspended", ruledNow: "failed suspended"}, false},
		{"suspended and revoked the same day", law(decision(trace.CertSuspended, "2026-07-01"), decision(trace.CertRevoked, "2026-07-01")), want{ruledNow: "failed revoked"}, false},
		{"superseded after the harvest", law(trace.Decision{Status: trace.CertSuperseded, From: "2026-09-01", Successor: "c2"}), want{ruledNow: "failed superseded"}, false},
		{"superseded before the harvest", law(decision(trace.CertSuperseded, "2026-05-01")), want{ruledThen: "failed superseded", ruledNow: "failed superseded"}, false},
		{"the successor, overlapping", func(x *situation) { x.c.StartDate = "2026-05-15" }, nil, true},
		{"revoked and past its end", func(x *situation) { law(decision(trace.CertRevoked, "2026-07-01"))(x); x.c.EndDate = "2026-08-01" },
			want{now: "failed expired", ruledNow: "failed revoked"}, false},
		{"rejected", func(x *situation) {
			x.c.History = append(x.c.History[:2:2], decision(trace.CertRejected, "2026-01-15"))
			x.c.Verifications = nil
		},
			want{ruledThen: "failed rejected", ruledNow: "failed rejected", document: "not_known unseen", verified: "not_known nobody"}, false},
		{"verified only after the harvest", func(x *situation) { x.c.History[2].From = "2026-10-01" }, nil, true},

		// Scope.
		{"another product", func(x *situation) { x.b.Product = "rice" }, want{scope: "failed product"}, false},
		{"the product, not the plot", func(x *situation) { x.b.Places = []string{"plot3"} }, want{scope: "failed plots"}, false},
		{"one plot of two", func(x *situation) { x.b.Places = []string{"plot1", "plot3"} }, want{scope: "failed plots"}, false},
		{"both plots, by two subjects", func(x *situation) { x.b.Places = []string{"plot1", "plot2"} }, nil, true},
		{"the plot under another product", func(x *situation) { x.c.Subjects[0].Product = "rice" }, want{scope: "failed plots"}, false},
		{"a subject without a place", func(x *situation) { x.c.Subjects = []trace.Subject{{Product: "tea"}}; x.b.Places = []string{"plot3"} }, nil, true},
		{"a subject without a product", func(x *situation) { x.c.Subjects = []trace.Subject{{Place: "plot1"}} }, nil, true},
		{"no subject at all", func(x *situation) { x.c.Subjects = nil }, want{scope: "passed everything"}, true},
		{"no plot of the lot recorded", func(x *situation) { x.b.Places = []string{"house"} }, want{scope: "not_known places_unknown"}, false},
		{"a plot that is not on record", func(x *situation) { x.b.Places = []string{"gone"} }, want{scope: "not_known places_unknown"}, false},
		{"the facility of the lot", facility, nil, true},
		{"another facility", func(x *situation) { facility(x); x.c.Subjects[0].Place = "house2" }, want{scope: "failed places"}, false},
		{"a facility, and a lot from the field", func(x *situation) { facility(x); x.b.Places = []string{"plot1"} }, want{scope: "not_known places_unknown"}, false},
		{"the activity", func(x *situation) { facility(x); x.c.Subjects[0].Activity = trace.ActPacking }, nil, true},
		{"another activity", func(x *situation) { facility(x); x.c.Subjects[0].Activity = trace.ActTrading }, want{scope: "failed activity_packing"}, false},
		{"one activity of two", func(x *situation) {
			facility(x)
			x.c.Subjects[0].Activity = trace.ActPacking
			x.b.ProductionDate = "2026-06-09"
		},
			want{scope: "failed activity_processing"}, false},
		{"both activities, by two subjects", func(x *situation) {
			facility(x)
			x.b.ProductionDate = "2026-06-09"
			x.c.Subjects = []trace.Subject{{Place: "house", Activity: trace.ActPacking}, {Place: "house", Activity: trace.ActProcessing}}
		}, nil, true},
		{"no activity of the lot known", func(x *situation) {
			facility(x)
			x.c.Subjects = []trace.Subject{{Activity: trace.ActPacking}}
			x.b.PackagingDate, x.b.Places = "", nil
		}, want{scope: "not_known activity_unknown"}, false},
		{"growing, for a field", func(x *situation) {
			x.c.Subjects[0].Activity, x.c.Subjects[1].Activity = trace.ActGrowing, trace.ActGrowing
		}, nil, true},
		{"a report about the lot", func(x *situation) {
			x.s.PerLot = true
			x.c.Subjects = []trace.Subject{{Batch: "L1"}}
			x.c.StartDate = "2026-06-20"
		}, nil, true},
		{"a report about another lot", func(x *situation) { x.s.PerLot = true; x.c.Subjects = []trace.Subject{{Batch: "L2"}} }, want{scope: "failed product"}, false},
		{"a report that names no lot", func(x *situation) { x.s.PerLot = true }, want{scope: "not_known lot_not_named"}, false},

		// Issuer.
		{"issuer designated", func(x *situation) {
			x.c.Verifications[0].IssuerBasis, x.c.Verifications[0].IssuerFrom = "QĐ 1", "2025-01-01"
		}, want{issuer: "passed competent"}, true},
		{"issuer designated on the day of issue", func(x *situation) {
			x.c.Verifications[0].IssuerBasis, x.c.Verifications[0].IssuerFrom, x.c.Verifications[0].IssuerTo = "QĐ 1", "2026-01-01", "2026-01-01"
		}, want{issuer: "passed competent"}, true},
		{"issuer designated later", func(x *situation) {
			x.c.Verifications[0].IssuerBasis, x.c.Verifications[0].IssuerFrom = "QĐ 1", "2026-01-02"
		}, want{issuer: "failed not_yet"}, false},
		{"issuer's designation had ended", func(x *situation) {
			x.c.Verifications[0].IssuerBasis, x.c.Verifications[0].IssuerFrom, x.c.Verifications[0].IssuerTo = "QĐ 1", "2020-01-01", "2025-12-31"
		}, want{issuer: "failed no_longer"}, false},
		{"issuer's designation without days", func(x *situation) { x.c.Verifications[0].IssuerBasis = "QĐ 1" }, want{issuer: "not_known basis_undated"}, true},

		// Document.
		{"no document", func(x *situation) { x.c.Documents = nil; x.c.Verifications[0].SHA256 = nil }, want{document: "not_known none"}, true},
		{"document taken away", func(x *situation) { x.c.Documents = nil }, want{document: "failed altered"}, false},
		{"document lost", func(x *situation) { x.f.Documents = nil }, want{document: "failed lost"}, false},
		{"document altered", func(x *situation) { x.c.Documents = []string{"d2"} }, want{document: "failed altered"}, false},
		{"document added since", func(x *situation) { x.c.Documents = []string{"d1", "d2"} }, want{document: "not_known added"}, true},
		{"document filed after the verification", func(x *situation) { x.c.Verifications[0].SHA256 = nil }, want{document: "not_known unseen"}, true},
		{"verified anew with the new document", func(x *situation) {
			x.c.Documents = []string{"d2"}
			x.c.Verifications = append(x.c.Verifications, trace.Verification{Method: trace.OriginalSeen, SHA256: []string{"s2"}})
		}, nil, true},

		// Who verified it.
		{"nobody has verified it", func(x *situation) { x.c.Verifications = nil; x.c.History = x.c.History[:2] },
			want{ruledThen: "not_known not_verified", ruledNow: "not_known not_verified", document: "not_known unseen", verified: "not_known nobody"}, false},
		{"self-declared only", func(x *situation) { x.c.Verifications[0].Method = trace.SelfDeclared }, want{verified: "not_known self_declared"}, false},
		{"by the register", func(x *situation) {
			x.c.Verifications[0].Method, x.c.Verifications[0].Source = trace.RegistryConsulted, "https://r.example"
		}, want{verified: "passed registry_consulted_at"}, true},
		{"by the issuer", func(x *situation) { x.c.Verifications[0].Method = trace.IssuerConfirmed }, want{verified: "passed issuer_confirmed"}, true},
		{"seen first, self-declared later", func(x *situation) {
			x.c.Verifications = append(x.c.Verifications, trace.Verification{Method: trace.SelfDeclared, SHA256: []string{"s1"}})
		}, want{verified: "not_known self_declared"}, false},
		{"a commitment that was taken in", func(x *situation) { x.s.SelfDeclared = true }, want{issuer: "not_known own", verified: "not_known declaration"}, true},
		{"a commitment nobody has taken in", func(x *situation) { x.s.SelfDeclared = true; x.c.Verifications = nil },
			want{issuer: "not_known own", verified: "not_known nobody", ruledThen: "not_known not_verified", ruledNow: "not_known not_verified", document: "not_known unseen"}, false},
		{"an exemption with its ground", func(x *situation) {
			x.s.SelfDeclared, x.s.NeedsBasis, x.c.ExemptionBasis = true, true, "NĐ 15/2018/NĐ-CP Điều 12"
		}, want{issuer: "not_known own", verified: "not_known declaration"}, true},
		{"an exemption without a ground", func(x *situation) { x.s.SelfDeclared, x.s.NeedsBasis = true, true }, want{issuer: "not_known own", verified: "not_known no_basis"}, false},

		// Volume.
		{"just as much as certified", yields(100_000, "KGM", group("2026-06-01", 60, "plot1"), group("2026-06-02", 40, "plot2")), want{volume: "passed within"}, true},
		{"a gram too much", yields(100_000, "KGM", group("2026-06-01", 100, "plot1"), trace.VolumeGroup{Day: "2026-06-02", UOM: "GRM", Value: 1000, Plots: []string{"plot1"}}), want{volume: "failed exceeds"}, false},
		{"tonnes against kilograms", yields(1_000, "TNE", group("2026-06-01", 999, "plot1")), want{volume: "passed within"}, true},
		{"lots of other plots do not count", yields(100_000, "KGM", group("2026-06-01", 100, "plot1"), group("2026-06-02", 900, "plot3")), want{volume: "passed within"}, true},
		{"lots of the year before do not count", func(x *situation) {
			x.c.StartDate = "2025-01-01"
			yields(100_000, "KGM", group("2025-12-31", 900, "plot1"), group("2026-06-01", 100, "plot1"))(x)
		}, want{volume: "passed within"}, true},
		{"lots before its first day do not count", yields(100_000, "KGM", group("2025-12-31", 900, "plot1"), group("2026-01-01", 100, "plot1")), want{volume: "passed within"}, true},
		{"lots from while it was suspended do not count", func(x *situation) {
			law(decision(trace.CertSuspended, "2026-02-01"), decision(trace.CertVerified, "2026-03-01"))(x)
			yields(100_000, "KGM", group("2026-02-10", 900, "plot1"), group("2026-06-01", 100, "plot1"))(x)
		}, want{volume: "passed within", ruledThen: "passed reinstated", ruledNow: "passed reinstated"}, true},
		{"the yields of two seasons add up", func(x *situation) {
			x.c.Subjects = []trace.Subject{
				{Product: "tea", Season: "Xuân", Yield: trace.Quantity{Value: 50_000, UOM: "KGM"}},
				{Product: "tea", Season: "Thu", Yield: trace.Quantity{Value: 50_000, UOM: "KGM"}},
			}
			x.f.Volume = []trace.VolumeGroup{group("2026-06-01", 100, "plot1")}
		}, want{volume: "passed within"}, true},
		{"a draft counts as if it were released", func(x *situation) {
			x.b.State, x.b.Steps = trace.Draft, x.b.Steps[:1]
			yields(150_000, "KGM", group("2026-06-01", 60, "plot1"))(x)
		}, want{volume: "failed exceeds"}, false},
		{"pieces against kilograms", func(x *situation) { yields(100_000, "H87", group("2026-06-01", 1, "plot1"))(x) }, want{volume: "not_known units"}, true},
		{"yields in two measures", func(x *situation) {
			yields(100_000, "KGM")(x)
			x.c.Subjects[1].Yield = trace.Quantity{Value: 1000, UOM: "LTR"}
		}, want{volume: "not_known units"}, true},
		{"not added up", func(x *situation) { yields(100_000, "KGM")(x); x.f.Volume = nil }, want{volume: "not_known not_counted"}, false},
		{"a yield of another product", func(x *situation) {
			x.c.Subjects = append(x.c.Subjects, trace.Subject{Product: "rice", Yield: trace.Quantity{Value: 1, UOM: "KGM"}})
		}, nil, true},
		{"more than there are numbers for", yields(100_000, "KGM", trace.VolumeGroup{Day: "2026-06-01", UOM: "TNE", Value: 1 << 62, Plots: []string{"plot1"}},
			trace.VolumeGroup{Day: "2026-06-01", UOM: "TNE", Value: 1 << 62, Plots: []string{"plot1"}}), want{volume: "failed exceeds"}, false},

		// Findings.
		{"a report whose results conform", func(x *situation) {
			x.c.Test = &trace.TestReport{Analytes: []trace.Analyte{{Name: "Pb", Verdict: trace.Conforms}}}
		}, want{findings: "passed conforms"}, true},
		{"an authentic report of a bad result", func(x *situation) {
			x.c.Test = &trace.TestReport{Analytes: []trace.Analyte{{Name: "Pb", Verdict: trace.Conforms}, {Name: "Cd", Verdict: trace.Exceeds}}}
		}, want{findings: "failed exceeds"}, true},
		{"a report without limits", func(x *situation) {
			x.c.Test = &trace.TestReport{Analytes: []trace.Analyte{{Name: "Pb", Verdict: trace.NotJudged}}}
		}, want{findings: "not_known not_judged"}, true},
		{"a report with some limits", func(x *situation) {
			x.c.Test = &trace.TestReport{Analytes: []trace.Analyte{{Name: "Pb", Verdict: trace.Conforms}, {Name: "Cd", Verdict: trace.NotJudged}}}
		}, want{findings: "not_known partly_judged"}, true},
		{"a report of nothing", func(x *situation) { x.c.Test = &trace.TestReport{} }, want{findings: "not_known not_judged"}, true},

		// Without a lot.
		{"the certificate by itself", func(x *situation) { x.b = nil },
			want{holder: "not_known no_lot", scope: "not_known no_lot", then: "not_known no_lot", ruledThen: "not_known no_lot", volume: "not_known no_lot"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := sound()
			if c.change != nil {
				c.change(&x)
			}
			want := maps.Clone(fine)
			maps.Copy(want, c.want)
			checks := trace.Check(&x.c, x.s, x.b, x.f)
			got := map[trace.CheckID]string{}
			for _, l := range checks {
				got[l.ID] = string(l.Result) + " " + l.Reason
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("checks (-want +got):\n%s", diff)
			}
			if checks.Sound() != c.sound {
				t.Errorf("sound: %v", checks.Sound())
			}
			speaks(t, checks)
		})
	}
}

// speaks proves that every line can be said in every language.
func speaks(t *testing.T, checks trace.Checks) {
	t.Helper()
	for _, lang := range words.Languages() {
		p := words.Printer(lang)
		for _, l := range checks {
			text := p.T(l.Key(), l.Args...)
			if !p.Has(l.Key()) || strings.ContainsAny(text, "{}«") {
				t.Errorf("in %s: %s is said as %q", lang, l.Key(), text)
			}
			if !p.Has("check."+string(l.ID)) || !p.Has("check.result."+string(l.Result)) {
				t.Errorf("in %s: no name for %s or %s", lang, l.ID, l.Result)
			}
		}
	}
}

var words = func() *locale.Catalogue {
	c, err := locale.Load(static.FS)
	if err != nil {
		panic(err)
	}
	return c
}()

// The day on which "today" changes is the zone's, not that of the server.
func TestChecksInTheZone(t *testing.T) {
	w := newWorld(t)
	w.certified(t, "attp", "2023-11-25", "2026-11-24")
	code := w.registered(t, "L", true).Doc.Code
	for _, c := range []struct {
		now  time.Time
		want string
	}{
		{time.Date(2026, 11, 24, 16, 59, 59, 0, time.UTC), "passed last_day"}, // 23:59:59 in Việt Nam
		{time.Date(2026, 11, 24, 17, 0, 0, 0, time.UTC), "failed expired"},    // midnight
		{time.Date(2026, 11, 25, 6, 0, 0, 0, time.FixedZone("", 14*3600)), "passed last_day"},
		{time.Date(2026, 11, 24, 11, 0, 0, 0, time.FixedZone("", -11*3600)), "failed expired"},
	} {
		w.now = c.now
		l := must(w.Provenance(t.Context(), code)).Certificates[0].Checks.Of(trace.CheckDateNow)
		if got := string(l.Result) + " " + l.Reason; got != c.want {
			t.Errorf("at %s: %s, want %s", c.now, got, c.want)
		}
	}
}

func anyDay(t *rapid.T, name string) trace.Date {
	return trace.Date("2025-06-01").AddDays(rapid.IntRange(0, 700).Draw(t, name))
}

// anySituation draws one in which anything may be wrong or missing.
func anySituation(t *rapid.T) situation {
	x := sound()
	maybe := func(name string) bool { return rapid.IntRange(0, 4).Draw(t, name) == 0 }
	day := func(name string) trace.Date {
		if maybe("no " + name) {
			return ""
		}
		return anyDay(t, name)
	}
	x.c.StartDate, x.c.EndDate = day("start"), day("end")
	x.b.HarvestDate, x.b.PackagingDate, x.f.Today = day("harvest"), day("packing"), anyDay(t, "today")
	x.b.Places = rapid.SliceOfDistinct(rapid.SampledFrom([]string{"plot1", "plot2", "plot3", "house", "gone"}), rapid.ID).Draw(t, "places")
	x.b.Product = rapid.SampledFrom([]string{"tea", "rice"}).Draw(t, "product")
	x.c.Subjects = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) trace.Subject {
		return trace.Subject{
			Product: rapid.SampledFrom([]string{"", "tea", "rice"}).Draw(t, "p"), Place: rapid.SampledFrom([]string{"", "plot1", "plot2", "house"}).Draw(t, "at"),
			Activity: rapid.SampledFrom([]trace.Activity{"", "", trace.ActGrowing, trace.ActPacking}).Draw(t, "act"),
			Yield:    trace.Quantity{Value: trace.Amount(rapid.Int64Range(0, 300_000).Draw(t, "yield")), UOM: rapid.SampledFrom([]string{"KGM", "GRM", "H87"}).Draw(t, "uom")},
		}
	}), 0, 4).Draw(t, "subjects")
	for range rapid.IntRange(0, 4).Draw(t, "decisions") {
		x.c.History = append(x.c.History, decision(rapid.SampledFrom([]trace.CertificateStatus{
			trace.CertSuspended, trace.CertVerified, trace.CertRevoked, trace.CertSuperseded}).Draw(t, "status"), anyDay(t, "from")))
	}
	if maybe("unverified") {
		x.c.Verifications = nil
	}
	if maybe("no document") {
		x.c.Documents = nil
	}
	if maybe("another document") {
		x.c.Documents = []string{"d2"}
	}
	if maybe("no holder") {
		x.c.Organisation = ""
	}
	for range rapid.IntRange(0, 5).Draw(t, "lots") {
		x.f.Volume = append(x.f.Volume, group(anyDay(t, "lot"), trace.Amount(rapid.Int64Range(0, 200).Draw(t, "kg")), rapid.SampledFrom([]string{"plot1", "plot2", "plot3"}).Draw(t, "plot")))
	}
	return x
}

func (x situation) check() trace.Checks { return trace.Check(&x.c, x.s, x.b, x.f) }

// The lines are always the same ones in the same order, can be said, and come out the same each time.
func TestChecksAreAlwaysTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := anySituation(t)
		checks := x.check()
		var ids []trace.CheckID
		for _, l := range checks {
			ids = append(ids, l.ID)
			if !words.Printer("vi").Has(l.Key()) {
				t.Fatalf("no words for %s", l.Key())
			}
		}
		if diff := cmp.Diff(trace.CheckIDs[:10], ids); diff != "" {
			t.Fatal(diff)
		}
		if diff := cmp.Diff(checks, x.check()); diff != "" {
			t.Fatalf("asked again:\n%s", diff)
		}
	})
}

// What is missing never makes a check pass that did not pass before.
func TestMissingNeverPasses(t *testing.T) {
	less := map[string]func(x *situation){
		"holder":        func(x *situation) { x.c.Organisation = "" },
		"producer":      func(x *situation) { x.b.Organisation = "" },
		"places":        func(x *situation) { x.f.Places = nil },
		"documents":     func(x *situation) { x.f.Documents = nil },
		"verification":  func(x *situation) { x.c.Verifications = nil },
		"dates":         func(x *situation) { x.b.HarvestDate, x.b.PackagingDate, x.b.ProductionDate = "", "", "" },
		"start":         func(x *situation) { x.c.StartDate = "" },
		"volume":        func(x *situation) { x.f.Volume = nil },
		"the lot":       func(x *situation) { x.b = nil },
		"places of lot": func(x *situation) { x.b.Places = nil },
	}
	names := slices.Sorted(maps.Keys(less))
	rapid.Check(t, func(t *rapid.T) {
		x := anySituation(t)
		before := x.check()
		what := rapid.SampledFrom(names).Draw(t, "missing")
		less[what](&x)
		after := x.check()
		for _, l := range after {
			// Without its places a lot is covered by no more; without other lots a yield is kept to no better.
			if l.Result == trace.Passed && before.Of(l.ID).Result != trace.Passed && (what != "places of lot" || l.ID == trace.CheckScope) {
				t.Fatalf("without %s, %s passes (%s); before it was %s", what, l.ID, l.Reason, before.Of(l.ID).Reason)
			}
		}
		if after.Sound() && !before.Sound() && what != "places of lot" {
			t.Fatalf("without %s it is sound", what)
		}
	})
}

// A longer validity never fails a date that a shorter one passes.
func TestDatesAreMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := anySituation(t)
		if x.c.StartDate == "" {
			return
		}
		before := x.check()
		x.c.StartDate = x.c.StartDate.AddDays(-rapid.IntRange(0, 50).Draw(t, "earlier"))
		if x.c.EndDate != "" {
			x.c.EndDate = x.c.EndDate.AddDays(rapid.IntRange(0, 50).Draw(t, "later"))
		}
		after := x.check()
		for _, id := range []trace.CheckID{trace.CheckDateThen, trace.CheckDateNow} {
			if before.Of(id).Result == trace.Passed && after.Of(id).Result != trace.Passed {
				t.Fatalf("%s passed from %s; with a longer validity it does not", id, x.c.StartDate)
			}
		}
	})
}

// More lots never make a yield that was exceeded kept to.
func TestVolumeIsMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := anySituation(t)
		before := x.check().Of(trace.CheckVolume)
		x.f.Volume = append(x.f.Volume, group(anyDay(t, "day"), 50, "plot1"))
		after := x.check().Of(trace.CheckVolume)
		if before.Result == trace.Failed && after.Result == trace.Passed {
			t.Fatalf("with one lot more it passes: %+v, %+v", before, after)
		}
	})
}

// In which order decisions of different days were recorded does not matter.
func TestOrderOfRecordingDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := sound()
		days := rapid.SliceOfNDistinct(rapid.IntRange(0, 300), 0, 6, rapid.ID).Draw(t, "days")
		var law []trace.Decision
		for _, d := range days {
			law = append(law, decision(rapid.SampledFrom([]trace.CertificateStatus{
				trace.CertSuspended, trace.CertVerified, trace.CertRevoked, trace.CertSuperseded}).Draw(t, "status"), trace.Date("2026-02-01").AddDays(d)))
		}
		base := x.c.History
		x.c.History = slices.Concat(base, law)
		want := x.check()
		x.c.History = slices.Concat(base, rapid.Permutation(law).Draw(t, "order"))
		if diff := cmp.Diff(want, x.check()); diff != "" {
			t.Fatalf("recorded in another order (-want +got):\n%s", diff)
		}
	})
}

// The status on a day follows from the latest decision that holds, and a day before any is clear.
func TestLatestDecisionHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := sound()
		from := anyDay(t, "from")
		status := rapid.SampledFrom([]trace.CertificateStatus{trace.CertSuspended, trace.CertRevoked, trace.CertSuperseded}).Draw(t, "status")
		x.c.History = append(x.c.History, decision(status, from))
		day := anyDay(t, "day")
		x.f.Today = day
		got := x.check().Of(trace.CheckStatusNow)
		if want := day >= from; (got.Result == trace.Failed) != want {
			t.Fatalf("%s from %s, on %s: %s", status, from, day, got.Result)
		}
	})
}

// No situation is sound if any single check that matters is not passed.
func TestSoundNeedsEveryCheckThatMatters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		checks := anySituation(t).check()
		if !checks.Sound() {
			return
		}
		for _, l := range checks {
			if l.Result == trace.Failed {
				t.Fatalf("sound, but %s failed", l.ID)
			}
		}
		for _, id := range []trace.CheckID{trace.CheckHolder, trace.CheckScope, trace.CheckDateThen, trace.CheckDateNow, trace.CheckStatusThen, trace.CheckStatusNow, trace.CheckVerification} {
			if checks.Of(id).Result != trace.Passed {
				t.Fatalf("sound, but %s is %s", id, checks.Of(id).Result)
			}
		}
	})
}

func TestActivitiesOf(t *testing.T) {
	at := map[string]trace.Place{}
	var places []string
	for i, kind := range trace.PlaceTypes {
		id := fmt.Sprint(i)
		at[id] = trace.Place{Type: kind}
		places = append(places, id)
	}
	b := trace.Batch{LotFacts: trace.LotFacts{Places: places}}
	if diff := cmp.Diff(trace.Activities, trace.ActivitiesOf(&b, at)); diff != "" {
		t.Error(diff)
	}
	if got := trace.ActivitiesOf(&b, nil); got != nil {
		t.Errorf("of unknown places: %v", got)
	}
}
