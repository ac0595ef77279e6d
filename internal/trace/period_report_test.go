package trace_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"truynguon/internal/fault"
	"truynguon/internal/trace"
)

// yearReport is the draft of a report about commune x1 and this year so far.
func yearReport(token string) trace.ReportDraft {
	return trace.ReportDraft{Token: token, Unit: "x1", From: "2026-01-01", To: "2026-11-24", ReportHead: reportHead()}
}

func reportHead() trace.ReportHead {
	return trace.ReportHead{
		Agency: "Ủy ban nhân dân xã Một", Place: "Xã Một", SignerTitle: "Chủ tịch", SignerName: "Người ký",
		Recipients: []string{"Ủy ban nhân dân tỉnh", "Lưu: VT"},
	}
}

// drafted is a report that the official of x1 has drafted, taken on to a stage.
func (w *world) drafted(t testing.TB, stage trace.ReportStage) trace.Stored[trace.PeriodReport] {
	t.Helper()
	ctx := t.Context()
	s := must(w.DraftReport(ctx, w.official, yearReport("t")))
	if stage != trace.ReportDrafted {
		s = must(w.ReviewReport(ctx, w.admin, s.Doc.ID, s.Rev))
	}
	if stage == trace.ReportIssued {
		s = must(w.IssueReport(ctx, w.official, s.Doc.ID, s.Rev, "12/BC-UBND", "2026-11-24"))
	}
	return s
}

// reportVerbs are the rows of TestWhoMay about reports.
var reportVerbs = []whoMay{
	//                               admin official elsewhere manager staff neighbour buyer nobody
	{"draft a report of x1", "++-----?", func(t *testing.T, w *world, by trace.Actor) error {
		_, err := w.DraftReport(t.Context(), by, yearReport("u"))
		return err
	}},
	{"change the head of a report of x1", "++-----?", func(t *testing.T, w *world, by trace.Actor) error {
		h := reportHead()
		h.Remarks = "Nhận xét"
		_, err := w.ChangeReport(t.Context(), by, w.drafted(t, trace.ReportDrafted).Doc.ID, 0, h)
		return err
	}},
	{"take the figures of a report of x1 anew", "++-----?", func(t *testing.T, w *world, by trace.Actor) error {
		_, err := w.RetakeReport(t.Context(), by, w.drafted(t, trace.ReportDrafted).Doc.ID, 0)
		return err
	}},
	{"review a report that the official of x1 drafted", "+------?", func(t *testing.T, w *world, by trace.Actor) error {
		_, err := w.ReviewReport(t.Context(), by, w.drafted(t, trace.ReportDrafted).Doc.ID, 0)
		return err
	}},
	{"review a report that an admin drafted", "-+-----?", func(t *testing.T, w *world, by trace.Actor) error {
		_, err := w.ReviewReport(t.Context(), by, must(w.DraftReport(t.Context(), w.admin, yearReport("u"))).Doc.ID, 0)
		return err
	}},
	{"send a report of x1 back", "++-----?", func(t *testing.T, w *world, by trace.Actor) error {
		_, err := w.ReturnReport(t.Context(), by, w.drafted(t, trace.ReportReviewed).Doc.ID, "vì")
		return err
	}},
	{"issue a report of x1", "++-----?", func(t *testing.T, w *world, by trace.Actor) error {
		_, err := w.IssueReport(t.Context(), by, w.drafted(t, trace.ReportReviewed).Doc.ID, 0, "1/BC", "2026-11-24")
		return err
	}},
	{"add a note to a report of x1", "++-----?", func(t *testing.T, w *world, by trace.Actor) error {
		_, err := w.NoteReport(t.Context(), by, w.drafted(t, trace.ReportIssued).Doc.ID, "Đính chính", "u")
		return err
	}},
	{"read the draft of a report of x1", "++-----?", func(t *testing.T, w *world, by trace.Actor) error {
		_, err := w.Report(t.Context(), by, w.drafted(t, trace.ReportReviewed).Doc.ID)
		return err
	}},
	{"read an issued report of x1", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
		_, err := w.Report(t.Context(), by, w.drafted(t, trace.ReportIssued).Doc.ID)
		return err
	}},
	{"ask what an issued report of x1 would say now", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
		_, _, err := w.ReportChanges(t.Context(), by, w.drafted(t, trace.ReportIssued).Doc.ID)
		return err
	}},
	{"list reports", "++++++-?", func(t *testing.T, w *world, by trace.Actor) error {
		_, _, err := w.Reports(t.Context(), by, "", 10)
		return err
	}},
}

// TestReportFaults is TestFaults for reports.
func TestReportFaults(t *testing.T) {
	at := func(stage trace.ReportStage) func(*testing.T, *world) string {
		return func(t *testing.T, w *world) string {
			id := w.drafted(t, stage).Doc.ID
			w.now = w.now.Add(time.Hour)
			return id
		}
	}
	for _, v := range []faultyVerb{
		{"draft a report", nil, func(ctx context.Context, w *world, _ string) error {
			_, err := w.DraftReport(ctx, w.official, yearReport("t"))
			return err
		}},
		{"change the head of a report", at(trace.ReportDrafted), func(ctx context.Context, w *world, id string) error {
			h := reportHead()
			h.Remarks = "Nhận xét"
			_, err := w.ChangeReport(ctx, w.official, id, 0, h)
			return err
		}},
		{"take the figures anew", at(trace.ReportDrafted), func(ctx context.Context, w *world, id string) error {
			_, err := w.RetakeReport(ctx, w.official, id, 0)
			return err
		}},
		{"review a report", at(trace.ReportDrafted), func(ctx context.Context, w *world, id string) error {
			_, err := w.ReviewReport(ctx, w.admin, id, 0)
			return err
		}},
		{"send a report back", at(trace.ReportReviewed), func(ctx context.Context, w *world, id string) error {
			_, err := w.ReturnReport(ctx, w.official, id, "vì")
			return err
		}},
		{"issue a report", at(trace.ReportReviewed), func(ctx context.Context, w *world, id string) error {
			_, err := w.IssueReport(ctx, w.official, id, 0, "1/BC", "2026-11-24")
			return err
		}},
		{"add a note to a report", at(trace.ReportIssued), func(ctx context.Context, w *world, id string) error {
			_, err := w.NoteReport(ctx, w.official, id, "Đính chính", "t")
			return err
		}},
	} {
		t.Run(v.name, v.test)
	}
}

// TestReportRefuses names what a report cannot be.
func TestReportRefuses(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		change func(*trace.ReportDraft)
		want   string
	}{
		"no such unit":             {func(d *trace.ReportDraft) { d.Unit = "x9" }, "/unit: unit_unknown"},
		"a period that is not one": {func(d *trace.ReportDraft) { d.Period = "2026-Q5" }, "/period: period_malformed"},
		"a quarter that goes on":   {func(d *trace.ReportDraft) { d.Period = "2026-Q4" }, "/period: report_period_open"},
		"days to come":             {func(d *trace.ReportDraft) { d.To = "2026-11-25" }, "/to: report_period_open"},
		"the end first":            {func(d *trace.ReportDraft) { d.From = "2026-11-24"; d.To = "2026-11-23" }, "/to: date_before"},
		"no days":                  {func(d *trace.ReportDraft) { d.From, d.To = "", "" }, "/from: missing"},
		"nobody to sign":           {func(d *trace.ReportDraft) { d.SignerName = "" }, "/signerName: missing"},
		"nobody to read":           {func(d *trace.ReportDraft) { d.Recipients = []string{" "} }, "/recipients: missing"},
	} {
		d := yearReport("")
		c.change(&d)
		_, err := w.DraftReport(t.Context(), w.admin, d)
		var p *fault.Problem
		if !errors.As(err, &p) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := fmt.Sprintf("%s: %s", p.Fields[0].Pointer, p.Fields[0].Code); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	s := w.drafted(t, trace.ReportDrafted)
	if _, err := w.IssueReport(t.Context(), w.admin, s.Doc.ID, 0, "1/BC", "2026-11-24"); !errors.Is(err, fault.Exists) {
		t.Errorf("a draft is issued without a review: %v", err)
	}
	must(w.ChangeReport(t.Context(), w.admin, s.Doc.ID, 0, func() trace.ReportHead { h := reportHead(); h.Remarks = "x"; return h }()))
	if _, err := w.ReviewReport(t.Context(), w.elsewhere, s.Doc.ID, 0); !errors.Is(err, fault.Denied) {
		t.Errorf("an official of elsewhere reviews: %v", err)
	}
	if _, err := w.ReviewReport(t.Context(), w.admin, s.Doc.ID, 0); !errors.Is(err, fault.Denied) {
		t.Errorf("who changed a report reviews it: %v", err)
	}
	second := trace.Actor{ID: "u-second", Role: trace.Official, Unit: "x1"}
	if _, err := w.ReviewReport(t.Context(), second, s.Doc.ID, s.Rev); !errors.Is(err, fault.Stale) {
		t.Errorf("what was changed meanwhile is reviewed: %v", err)
	}
	must(w.ReviewReport(t.Context(), second, s.Doc.ID, 0))
	for name, do := range map[string]func() error{
		"changed": func() error { _, err := w.ChangeReport(t.Context(), w.admin, s.Doc.ID, 0, reportHead()); return err },
		"retaken": func() error {
			w.now = w.now.Add(time.Minute)
			_, err := w.RetakeReport(t.Context(), w.admin, s.Doc.ID, 0)
			return err
		},
		"given notes": func() error { _, err := w.NoteReport(t.Context(), w.admin, s.Doc.ID, "x", ""); return err },
	} {
		if err := do(); !errors.Is(err, fault.Exists) {
			t.Errorf("a reviewed report is %s: %v", name, err)
		}
	}
	if _, err := w.IssueReport(t.Context(), second, s.Doc.ID, 0, "1/BC", "2026-11-23"); err == nil {
		t.Error("signed before its period ends")
	}
}

// TestReportFigures counts a small district by hand.
func TestReportFigures(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	lot := w.registered(t, "L-1", true).Doc.Code
	w.certified(t, "attp", "2024-01-01", "2026-12-31")
	must(w.OpenRecall(ctx, w.manager, trace.RecallDraft{Kind: "voluntary", Reason: "Vỡ bao", Batches: []string{lot}}))
	d := must(w.ReportDoubt(ctx, trace.Actor{}, trace.DoubtDraft{Code: lot, Text: "lạ"}))
	must(w.AnswerDoubt(ctx, w.manager, d.Doc.ID, "đã xem"))
	must(w.ReportDoubt(ctx, trace.Actor{}, trace.DoubtDraft{Code: lot, Text: "lạ nữa"}))
	must(w.RefreshCoverage(ctx))
	f := must(w.DraftReport(ctx, w.official, yearReport(""))).Doc.Figures
	if got := f.Coverage.Now; got.Lots != 1 || got.Complete != 0 || got.Unlotted != 1 || got.Missing["recalled"] != 1 {
		t.Errorf("coverage: %+v", got)
	}
	if f.Coverage.Previous != nil || f.Count("recalls").Previous != nil {
		t.Error("nothing was recorded in the period before, and it has figures")
	}
	for code, want := range map[string]int{"recalls": 1, "doubts": 2, "doubts_answered": 1} {
		if got := f.Count(code).Now; got != want {
			t.Errorf("%s: %d, want %d", code, got, want)
		}
	}
	if len(f.Recalls) != 1 || f.Recalls[0].Organisation != "HTX A" || f.Recalls[0].Opened != "2026-11-24" || f.Recalls[0].Lots != 1 {
		t.Errorf("recalls: %+v", f.Recalls)
	}
	if len(f.Expiring) != 1 || f.Expiring[0].EndDate != "2026-12-31" {
		t.Errorf("expiring: %+v", f.Expiring)
	}
	if diff := cmp.Diff([]trace.RegisterCount{{Form: "HTX", Status: "active", Now: 1}}, f.Register); diff != "" {
		t.Error(diff)
	}
	if f.Previous.From != "2025-02-07" || f.Previous.To != "2025-12-31" || f.YearBefore.From != "2025-01-01" || f.YearBefore.To != "2025-11-24" {
		t.Errorf("compared with %+v and %+v", f.Previous, f.YearBefore)
	}
}

// TestReportPeriods looks at what whole months and other times are compared with.
func TestReportPeriods(t *testing.T) {
	for _, c := range []struct{ id, from, to, previous, before string }{
		{"2026-Q1", "2026-01-01", "2026-03-31", "2025-10-01 2025-12-31", "2025-01-01 2025-03-31"},
		{"", "2026-01-01", "2026-09-30", "2025-04-01 2025-12-31", "2025-01-01 2025-09-30"},
		{"", "2025-02-01", "2025-02-28", "2025-01-01 2025-01-31", "2024-02-01 2024-02-29"},
		{"", "2025-12-15", "2026-06-14", "2025-06-16 2025-12-14", "2024-12-15 2025-06-14"},
		{"", "2024-02-10", "2024-02-29", "2024-01-21 2024-02-09", "2023-02-10 2023-02-28"},
	} {
		p, y := trace.ReportPeriods(c.id, trace.Date(c.from), trace.Date(c.to))
		if got := string(p.From + " " + p.To); got != c.previous {
			t.Errorf("before %s to %s: %s, want %s", c.from, c.to, got, c.previous)
		}
		if got := string(y.From + " " + y.To); got != c.before {
			t.Errorf("a year before %s to %s: %s, want %s", c.from, c.to, got, c.before)
		}
	}
}

// TestIssuedReportStays issues a report and then lets happen what may: its figures stay what they were, and what
// the records say instead is told beside it.
func TestIssuedReportStays(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		ctx := t.Context()
		var lots []string
		for i := range rapid.IntRange(0, 2).Draw(rt, "lots") {
			lots = append(lots, w.registered(t, fmt.Sprintf("L-%d", i), true).Doc.Code)
		}
		must(w.RefreshCoverage(ctx))
		issued := w.drafted(t, trace.ReportIssued).Doc
		if changes, _, err := w.ReportChanges(ctx, w.official, issued.ID); err != nil || len(changes) > 0 {
			rt.Fatalf("nothing happened, and it would say %+v (%v)", changes, err)
		}
		released := 0
		for range rapid.IntRange(1, 4).Draw(rt, "steps") {
			w.now = w.now.Add(time.Minute)
			switch rapid.IntRange(0, 3).Draw(rt, "what") {
			case 0:
				released++
				lots = append(lots, w.registered(t, fmt.Sprintf("N-%d", released), true).Doc.Code)
			case 1:
				if len(lots) > 0 {
					must(w.OpenRecall(ctx, w.manager, trace.RecallDraft{Kind: "voluntary", Reason: "vì", Batches: lots[:1]}))
				}
			case 2:
				must(w.RegisterProduct(ctx, w.staff, trace.ProductDraft{Name: "Sản phẩm mới", UOM: "KGM"}))
			case 3:
				must(w.NoteReport(ctx, w.admin, issued.ID, "Ghi thêm", ""))
			}
		}
		must(w.RefreshCoverage(ctx))
		after := must(w.Report(ctx, w.official, issued.ID)).Doc
		after.Notes = nil
		if diff := cmp.Diff(issued, after); diff != "" {
			rt.Fatalf("an issued report changed:\n%s", diff)
		}
		changes, _, err := w.ReportChanges(ctx, w.official, issued.ID)
		must0(t, err)
		var told float64
		for _, c := range changes {
			if c.Of == "coverage" && c.Kind == "lots" {
				told = c.Is - c.Was
			}
		}
		if told != float64(released) {
			rt.Fatalf("%d lots more, told of %v: %+v", released, told, changes)
		}
	})
}

// TestReportsListed lists reports to those who may read them.
func TestReportsListed(t *testing.T) {
	w := newWorld(t)
	issued := w.drafted(t, trace.ReportIssued).Doc.ID
	draft := must(w.DraftReport(t.Context(), w.official, yearReport("other"))).Doc.ID
	for _, c := range []struct {
		by   trace.Actor
		want int
	}{{w.admin, 2}, {w.official, 2}, {w.elsewhere, 0}, {w.manager, 1}, {w.neighbour, 0}} {
		list, _, err := w.Reports(t.Context(), c.by, "", 10)
		must0(t, err)
		if len(list) != c.want {
			t.Errorf("%s sees %d reports, want %d", c.by.ID, len(list), c.want)
		}
		for _, s := range list {
			if c.by.Org != "" && s.Doc.ID == draft || s.Doc.ID != draft && s.Doc.ID != issued {
				t.Errorf("%s sees %s", c.by.ID, s.Doc.ID)
			}
		}
	}
}
