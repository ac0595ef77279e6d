package report

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"truynguon/internal/locale"
	"truynguon/internal/trace"
	"truynguon/static"
)

var update = flag.Bool("update", false, "write the golden files anew")

func printer(t testing.TB, lang string) *locale.Printer {
	t.Helper()
	c, err := locale.Load(static.FS)
	if err != nil {
		t.Fatal(err)
	}
	return c.Printer(lang)
}

func ptr[T any](v T) *T { return &v }

// quarter is a report with every kind of figure.
func quarter() *trace.PeriodReport {
	row := func(id, name string, lots, complete, unlotted int, before *trace.CoverageFigure) trace.ReportRow {
		f := trace.CoverageFigure{Lots: lots, Complete: complete, Unlotted: unlotted}
		if lots > complete {
			f.Missing = map[string]int{"image": lots - complete}
		}
		return trace.ReportRow{ID: id, Name: name, Now: f, Previous: before}
	}
	total := row("", "", 1240, 1100, 10, &trace.CoverageFigure{Lots: 1000, Complete: 900})
	total.YearBefore = &trace.CoverageFigure{Lots: 1300, Complete: 1200}
	total.Now.Missing = map[string]int{"image": 100, "food_safety_then": 40, "event_packing": 7, "recalled": 3}
	names := map[string]string{"vi": "Số hợp tác xã hoạt động", "en": "Active cooperatives"}
	share := map[string]string{"vi": "Tỷ lệ xếp loại tốt, khá", "en": "Rated good or fair"}
	q := trace.PeriodReport{
		ID: "r1", Unit: "x1", UnitName: "Xã Một", Period: "2026-Q3", From: "2026-07-01", To: "2026-09-30", Stage: trace.ReportIssued,
		Number: "12/BC-UBND", Date: "2026-10-05",
		ReportHead: trace.ReportHead{
			Above: "Ủy ban nhân dân tỉnh Mẫu", Agency: "Ủy ban nhân dân xã Một", Place: "Xã Một", SignerFor: "TM. Ủy ban nhân dân", SignerTitle: "Chủ tịch",
			SignerName: "Người Ký Mẫu", Recipients: []string{"Ủy ban nhân dân tỉnh Mẫu", "Lưu: VT"}, Remarks: "Nhận xét <của> xã & thôn.\nDòng hai.",
		},
		Figures: trace.ReportFigures{
			AsOf: time.Date(2026, 10, 4, 2, 30, 0, 0, time.UTC), Coverage: total,
			Previous: trace.Period{From: "2026-04-01", To: "2026-06-30"}, YearBefore: trace.Period{From: "2025-07-01", To: "2025-09-30"},
			Units: []trace.ReportRow{row("x1", "Xã Một", 1240, 1100, 10, nil)},
			Organisations: []trace.ReportRow{
				row("b", "=Tổ hợp tác B", 200, 90, 10, &trace.CoverageFigure{Lots: 10, Complete: 9}), row("a", "HTX A", 1040, 1010, 0, nil),
			},
			Products: []trace.ReportRow{row("p", "Cà phê bột", 1240, 1100, 0, nil)},
			Unlotted: []trace.UnlottedProduct{{Product: "h", Name: "Mật ong", Organisation: "HTX A"}},
			Targets: []trace.ReportTarget{
				{ID: "active_htx", Names: names, Value: ptr(16.0), Previous: ptr(15.0), Goal: 24, GoalOver: true, GoalBy: "2030-12-31", Light: trace.LightBehind},
				{ID: "rated", Names: share, Percent: true, Value: ptr(45.5), YearBefore: ptr(50.0), Goal: 50, GoalBy: "2045-12-31", Light: trace.LightFar},
			},
			Expiring: []trace.ReportCertificate{{ID: "c", Scheme: "attp", Number: "12/2026", Organisation: "HTX A", EndDate: "2026-11-01"}},
			Recalls:  []trace.ReportRecall{{ID: "k", Kind: trace.Voluntary, Organisation: "HTX A", Reason: "Vỡ bao bì", Lots: 3, Opened: "2026-08-15"}},
			Counts: []trace.ReportCount{
				{Code: "recalls", Now: 1, Previous: ptr(0), YearBefore: ptr(1)}, {Code: "doubts", Now: 4, Previous: ptr(6)}, {Code: "doubts_answered", Now: 3, Previous: ptr(6)},
				{Code: "sightings"}, {Code: "pauses", Now: 1},
			},
			Register: []trace.RegisterCount{{Form: trace.Cooperative, Status: "active", Now: 16, Previous: ptr(15)}},
		},
	}
	return &q
}

// golden compares with a file, or writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// TestNarrative has the sentences in both languages, and none that claims a cause.
func TestNarrative(t *testing.T) {
	var b strings.Builder
	first := quarter()
	first.Figures.Coverage = trace.ReportRow{}
	down := quarter()
	down.Figures.Coverage.Now.Complete = 800
	for _, lang := range []string{"vi", "en"} {
		for _, r := range []*trace.PeriodReport{quarter(), down, first, {Figures: trace.ReportFigures{}}} {
			b.WriteString(strings.Join(Narrative(printer(t, lang), r), "\n") + "\n\n")
		}
	}
	golden(t, "narrative.txt", []byte(b.String()))
	for _, word := range []string{" do ", " vì ", " nhờ ", "because", "due to", "thanks"} {
		if strings.Contains(b.String(), word) {
			t.Errorf("a sentence claims a cause: %q", word)
		}
	}
}

// docx is a document's parts by name.
func docx(t *testing.T, r *trace.PeriodReport, lang string) map[string]string {
	t.Helper()
	var b bytes.Buffer
	if err := (&Period{printer(t, lang), r}).Document().WriteDOCX(&b); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range z.File {
		rc, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(rc)
		if err != nil {
			t.Fatal(err)
		}
		_ = rc.Close()
		out[f.Name] = string(data)
		for dec := xml.NewDecoder(bytes.NewReader(data)); ; {
			if _, err := dec.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s is not well-formed: %v", f.Name, err)
			}
		}
	}
	return out
}

// TestDOCX has the document's main part, its parts well-formed and every one of them named by a relationship.
func TestDOCX(t *testing.T) {
	parts := docx(t, quarter(), "vi")
	golden(t, "report.xml", []byte(strings.ReplaceAll(parts["word/document.xml"], "<w:p>", "\n<w:p>")))
	for _, name := range []string{"[Content_Types].xml", "_rels/.rels", "word/styles.xml", "word/header1.xml", "word/_rels/document.xml.rels", "docProps/core.xml"} {
		if parts[name] == "" {
			t.Errorf("no %s", name)
		}
	}
	draft := quarter()
	draft.Stage, draft.Number, draft.Date = trace.ReportDrafted, "", ""
	if text := docx(t, draft, "vi")["word/document.xml"]; !strings.Contains(text, "DỰ THẢO") || strings.Contains(text, "12/BC") {
		t.Error("a draft does not say that it is one")
	}
	if text := docx(t, quarter(), "en")["word/document.xml"]; !strings.Contains(text, "SOCIALIST REPUBLIC") || strings.Contains(text, "reportCount.") {
		t.Error("the English document has words missing")
	}
	var a, b bytes.Buffer
	for _, w := range []*bytes.Buffer{&a, &b} {
		if err := (&Period{printer(t, "vi"), quarter()}).Document().WriteDOCX(w); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("the same report gives other bytes")
	}
}

// TestReportWorkbook reads the cells back: numbers are numbers, days are days.
func TestReportWorkbook(t *testing.T) {
	sheets := (&Period{printer(t, "vi"), quarter()}).Sheets()
	data := written(t, sheets...)
	for i, want := range map[int][]string{
		1: {"A7=Xã Một", "C7=1240", "D7=1100", "E7=10", "F7=0.88", "G7=0.9", "H7=0.923"},
		2: {"A7==Tổ hợp tác B", "C7=200", "F7=0.428"},
		6: {"C7=16", "F7=24", "G7=2030-12-31", "C8=45.5"},
		7: {"A7=2026-08-15", "E7=3"},
		8: {"A7=2026-11-01", "C7=12/2026"},
	} {
		got := texts(t, data, i)
		for _, cell := range want {
			if !slices.Contains(got, cell) {
				t.Errorf("sheet %d (%s): no %s in %v", i, sheets[i].Name, cell, got)
			}
		}
	}
}

// TestReportCSV has the figures as plain text.
func TestReportCSV(t *testing.T) {
	var b bytes.Buffer
	if err := (&Period{printer(t, "vi"), quarter()}).WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "report.csv", b.Bytes())
}
