package web

import (
	"truynguon/internal/auth"
	"truynguon/internal/trace"
)

// coveragePages are the pages about the share of what is sold that is traceable and safe.
func (k madeUp) coveragePages() map[string]view {
	figure := trace.CoverageFigure{Lots: 7 * k.n, Complete: 5 * k.n, Unlotted: k.n, Missing: map[string]int{"image": k.n}}
	if k.n == 0 {
		figure.Missing = nil
	}
	part := trace.CoveragePart{ID: "x", Name: k.name, Organisation: "x", CoverageFigure: figure}
	report := trace.CoverageReport{
		From: "2026-01-01", To: sampleDay, CoverageFigure: figure, Units: each(k.n, part), Organisations: each(k.n, part), Products: each(k.n, part),
		Months:           each(k.n, trace.CoveragePart{ID: "2026-11", CoverageFigure: figure}),
		UnlottedProducts: each(k.n, trace.UnlottedProduct{Name: k.name, Organisation: "x"}), Sightings: each(k.n, trace.Sighting{Name: k.name, Where: k.line, Seen: sampleDay}),
		Pauses: each(k.n, trace.SalePause{Reason: k.line, From: sampleDay}), AsOf: sampleTime, Pending: k.n,
	}
	p := &CoveragePage{Base: k.base(""), Form: k.form("coverage", "unit", "period", "from", "to"), Data: []Link{{"/x", "JSON"}}}
	p.Fields = []Field{p.Form.Field("from", "date", false)}
	p.fill(&report, trace.CoverageQuestion{From: report.From, To: report.To}, map[string]trace.Unit{"x": {Code: "x", Name: k.name}})
	if k.n > 0 {
		p.Gaps = &Link{Href: "/x", Label: k.line}
	}
	resolving := &Action{Verb: "resolve", Label: k.words.T("act.resolve"), Post: "/x", Form: k.form("act")}
	gaps := &CoverageGapsPage{
		Base: k.base(auth.Official), Intro: k.line, Rows: k.rows(), Pauses: Section{Title: k.words.T("coverage.pauses"), Rows: k.rows()},
		Seen: each(k.n, SightingRow{Row: Row{Title: k.name, Notes: []string{k.line}}, Resolving: resolving}),
	}
	return map[string]view{"coverage": p, "coveragegaps": gaps}
}
