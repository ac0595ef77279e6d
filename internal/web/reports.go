package web

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"truynguon/internal/fault"
	"truynguon/internal/report"
	"truynguon/internal/trace"
)

// typeDOCX is the media type of a WordprocessingML document.
const typeDOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

// reportRoutes are the pages of the reports about periods.
func (s *Server) reportRoutes() []route {
	return []route{
		{get, "/work/reports", insiders, s.reports},
		{get, "/work/reports/new", judges, s.reportNew},
		{post, "/work/reports/new", judges, s.reportDraft},
		{get, "/work/reports/:id", insiders, s.reportShow},
		{get, "/work/reports/:id/report.docx", insiders, s.reportFile},
		{get, "/work/reports/:id/report.xlsx", insiders, s.reportFile},
		{get, "/work/reports/:id/report.csv", insiders, s.reportFile},
		{get, "/work/reports/:id/edit", judges, s.reportEdit},
		{post, "/work/reports/:id/edit", judges, s.reportChange},
		{post, "/work/reports/:id/:verb", judges, s.reportStep},
	}
}

// reports lists those that the visitor may read.
func (s *Server) reports(c *request) error {
	list, next, err := s.Ledger.Reports(c.ctx(), c.actor, c.Query("cursor"), listSize)
	if err != nil {
		return err
	}
	p := &ListPage{Base: s.workBase(c, "reports.title"), Intro: c.words.T("reports.intro"), Empty: c.words.T("reports.none"), More: c.more(next)}
	if judges.allows(c.who) {
		p.Add = &Link{Href: "/work/reports/new", Label: c.words.T("reports.new")}
	}
	for i := range list {
		r := &list[i].Doc
		row := Row{Title: report.PeriodName(c.words, r.Period, r.From, r.To), Href: "/work/reports/" + r.ID, Tag: c.words.T("reportStage." + string(r.Stage)), Notes: []string{r.UnitName}}
		if r.Stage == trace.ReportIssued {
			row.Tone = "good"
			row.Notes = append(row.Notes, r.Number, p.Day(r.Date))
		}
		p.Rows = append(p.Rows, row)
	}
	return s.render(c, "list", p)
}

// reportHeadFields are the fields of what is written around the figures.
var reportHeadFields = []string{"above", "agency", "place", "signerFor", "signerTitle", "signerName", "recipients", "remarks", "proposals"}

// reportHead reads them.
func reportHead(f *Form) trace.ReportHead {
	return trace.ReportHead{
		Above: f.Value("above"), Agency: f.Value("agency"), Place: f.Value("place"), SignerFor: f.Value("signerFor"), SignerTitle: f.Value("signerTitle"),
		SignerName: f.Value("signerName"), Recipients: strings.Split(f.Value("recipients"), "\n"), Remarks: f.Value("remarks"), Proposals: f.Value("proposals"),
	}
}

// reportForm shows the form for a new report or, with an id, for the words of one.
func (s *Server) reportForm(c *request, f *Form, id string) error {
	title, back := "reports.new", "/work/reports"
	if id != "" {
		title, back = "reports.change", "/work/reports/"+id
	}
	p := &EditPage{Base: s.workBase(c, title), Form: f, Back: &Link{Href: back, Label: c.words.T("reports.title")}, Buttons: []Button{{Label: c.words.T(title)}}}
	if id == "" {
		p.Intro = c.words.T("reports.new.intro")
		offered, err := s.unitOptions(c, f.Value("unit"))
		if err != nil {
			return err
		}
		var periods []Option
		for _, period := range trace.PeriodsAround(s.Ledger.Today()) {
			if period.To <= s.Ledger.Today() {
				periods = append(periods, Option{period.ID, report.PeriodName(c.words, period.ID, period.From, period.To)})
			}
		}
		p.Groups = append(p.Groups, Group{Side: true, Fields: []Field{
			f.Choice("unit", "select", true, offered), f.Choice("period", "select", false, periods), f.Field("from", "date", false), f.Field("to", "date", false),
		}})
	}
	p.Groups = append(p.Groups, Group{Side: true, Fields: []Field{
		f.Field("above", "text", false), f.Field("agency", "text", true), f.Field("place", "text", true),
		f.Field("signerFor", "text", false), f.Field("signerTitle", "text", true), f.Field("signerName", "text", true),
	}}, Group{Fields: []Field{f.Field("recipients", "area", true), f.Field("remarks", "area", false), f.Field("proposals", "area", false)}})
	return s.render(c, "edit", p)
}

// reportNew is the form for a new report.
func (s *Server) reportNew(c *request) error {
	f := newForm(c, "periodReport")
	f.set("unit", c.actor.Unit)
	return s.reportForm(c, f, "")
}

// reportDraft drafts a report.
func (s *Server) reportDraft(c *request) error {
	f := newForm(c, "periodReport")
	f.read(c, append([]string{"unit", "period", "from", "to"}, reportHeadFields...)...)
	var t typing
	d := trace.ReportDraft{Token: f.Token, Unit: f.Value("unit"), Period: f.Value("period"), From: t.date(f.Value("from")), To: t.date(f.Value("to")), ReportHead: reportHead(f)}
	st, err := s.Ledger.DraftReport(c.ctx(), c.actor, d)
	if err != nil {
		return s.failed(c, f, err, func() error { return s.reportForm(c, f, "") })
	}
	return done(c, "/work/reports/"+st.Doc.ID, "report_saved")
}

// reportEdit is the form for the words of a draft.
func (s *Server) reportEdit(c *request) error {
	st, err := s.Ledger.Report(c.ctx(), c.actor, c.Params("id"))
	if err != nil {
		return err
	}
	h := &st.Doc.ReportHead
	f := newForm(c, "periodReport")
	f.Rev = st.Rev
	for name, value := range map[string]string{
		"above": h.Above, "agency": h.Agency, "place": h.Place, "signerFor": h.SignerFor, "signerTitle": h.SignerTitle, "signerName": h.SignerName,
		"recipients": strings.Join(h.Recipients, "\n"), "remarks": h.Remarks, "proposals": h.Proposals,
	} {
		f.Values[name] = []string{value}
	}
	return s.reportForm(c, f, st.Doc.ID)
}

// seenRev is the revision that a form showed, 0 if it names none.
func seenRev(c *request) int64 {
	rev, err := strconv.ParseInt(c.FormValue("rev"), 10, 64)
	if err != nil {
		return 0
	}
	return rev
}

// reportChange changes the words of a draft.
func (s *Server) reportChange(c *request) error {
	id := c.Params("id")
	f := newForm(c, "periodReport")
	f.read(c, reportHeadFields...)
	f.Rev = seenRev(c)
	if _, err := s.Ledger.ChangeReport(c.ctx(), c.actor, id, f.Rev, reportHead(f)); err != nil {
		return s.failed(c, f, err, func() error { return s.reportForm(c, f, id) })
	}
	return done(c, "/work/reports/"+id, "report_saved")
}

// reportShow shows one report.
func (s *Server) reportShow(c *request) error { return s.showReport(c, c.Params("id"), nil) }

func (s *Server) showReport(c *request, id string, t *tried) error {
	st, err := s.Ledger.Report(c.ctx(), c.actor, id)
	if err != nil {
		return err
	}
	r := &st.Doc
	p := &RecordPage{Base: s.workBase(c, "report.about", r.UnitName, report.PeriodName(c.words, r.Period, r.From, r.To)), Tag: c.words.T("reportStage." + string(r.Stage))}
	if t != nil {
		p.Failed = t.form
	}
	if r.Stage == trace.ReportIssued {
		p.Tone = "good"
		p.fact("reports.number", r.Number+", "+p.Day(r.Date))
	}
	f := &r.Figures
	p.fact("reports.period", p.T("coverage.when", p.Day(r.From), p.Day(r.To)))
	p.fact("report.share", report.Share(c.words, &f.Coverage.Now))
	p.fact("report.short.previous", report.Share(c.words, f.Coverage.Previous))
	p.fact("report.short.year_before", report.Share(c.words, f.Coverage.YearBefore))
	p.fact("periodReport.agency", r.Agency)
	p.fact("reports.signed", r.SignerTitle+" "+r.SignerName)
	p.Intro = p.T("report.asof", p.Time(f.AsOf))
	if f.Pending > 0 && r.Stage == trace.ReportDrafted {
		p.Intro += " " + p.T("reports.pending")
	}
	for _, ext := range []string{"docx", "xlsx", "csv"} {
		p.Links = append(p.Links, Link{Href: "/work/reports/" + id + "/report." + ext, Label: strings.ToUpper(ext)})
	}
	summary := Section{Title: p.T("reports.narrative")}
	for _, sentence := range report.Narrative(c.words, r) {
		summary.Rows = append(summary.Rows, Row{Title: sentence})
	}
	p.Sections = append(p.Sections, summary)
	if err := s.reportChanges(c, p, r); err != nil {
		return err
	}
	keeps := s.Ledger.MayReport(c.actor, r)
	if keeps {
		s.reportActions(c, p, &st, t)
	}
	notes, steps := Section{Title: p.T("reports.notes")}, Section{Title: p.T("reports.steps")}
	for _, n := range r.Notes {
		row := Row{Title: n.Text, Notes: []string{p.DayOf(n.At)}}
		if keeps {
			row.Notes = append(row.Notes, n.By.Name)
		}
		notes.Rows = append(notes.Rows, row)
	}
	if len(notes.Rows) > 0 {
		p.Sections = append(p.Sections, notes)
	}
	if keeps {
		for _, step := range r.Steps {
			row := Row{Title: p.T("reportStep." + step.Action), Notes: []string{p.T("reports.step", step.By.Name, p.Time(step.At))}}
			if step.Reason != "" {
				row.Notes = append(row.Notes, step.Reason)
			}
			steps.Rows = append(steps.Rows, row)
		}
		p.Sections = append(p.Sections, steps)
	}
	return s.render(c, "record", p)
}

// reportChanges lists what the records answer otherwise now.
func (s *Server) reportChanges(c *request, p *RecordPage, r *trace.PeriodReport) error {
	changes, asOf, err := s.Ledger.ReportChanges(c.ctx(), c.actor, r.ID)
	if err != nil {
		return err
	}
	section := Section{Title: p.T("reports.changes"), Empty: p.T("reports.changes.none", p.Time(asOf))}
	if len(changes) > 0 {
		section.Rows = append(section.Rows, Row{Title: p.T("reports.changes.text", p.Time(asOf))})
	}
	value := func(v float64) string {
		if v < 0 {
			return p.T("narrative.unknown")
		}
		return p.Number(strconv.FormatFloat(v, 'f', -1, 64))
	}
	for _, ch := range changes {
		row := Row{Title: ch.Name, Notes: []string{p.T("reports.change.line", value(ch.Was), value(ch.Is))}}
		switch ch.Kind {
		case "lots", "complete", "unlotted":
			if ch.Of == "coverage" {
				row.Title = r.UnitName
			}
			row.Notes = append([]string{p.T("reportChange." + ch.Kind)}, row.Notes...)
		case "count":
			row.Title = p.T("reportCount." + ch.ID)
		case "register":
			form, status, _ := strings.Cut(ch.ID, "/")
			row.Title = p.T("legalType."+form) + ", " + p.T("organisationStatus."+status)
		case "target":
			for i := range r.Figures.Targets {
				if r.Figures.Targets[i].ID == ch.ID {
					row.Title = p.named(r.Figures.Targets[i].Names)
				}
			}
		}
		section.Rows = append(section.Rows, row)
	}
	p.Sections = append(p.Sections, section)
	return nil
}

// reportActions are what can be done with a report at its stage.
func (s *Server) reportActions(c *request, p *RecordPage, st *trace.Stored[trace.PeriodReport], t *tried) {
	at := "/work/reports/" + st.Doc.ID
	add := func(verb, path string, fields func(f *Form) []Field) {
		a := act(c, t, verb, "periodReport", at+path)
		a.Form.Rev = st.Rev
		if fields != nil {
			a.Fields = fields(a.Form)
		}
		p.Actions = append(p.Actions, a)
	}
	switch st.Doc.Stage {
	case trace.ReportDrafted:
		p.Actions = append(p.Actions, Action{Verb: "edit", Label: p.T("reports.change"), Href: at + "/edit"})
		add("report_retake", "/retake", nil)
		add("report_review", "/review", nil)
	case trace.ReportReviewed:
		add("report_issue", "/issue", func(f *Form) []Field { return []Field{f.Field("number", "text", true), f.Field("date", "date", true)} })
		add("report_return", "/return", func(f *Form) []Field { return []Field{f.Field("reason", "area", true)} })
	case trace.ReportIssued:
		add("report_note", "/note", func(f *Form) []Field { return []Field{f.Field("text", "area", true)} })
	}
}

// reportStep takes a report on.
func (s *Server) reportStep(c *request) (err error) {
	id, verb := c.Params("id"), c.Params("verb")
	f := newForm(c, "periodReport")
	f.read(c, "number", "date", "reason", "text")
	f.Rev = seenRev(c)
	var t typing
	switch verb {
	case "retake":
		_, err = s.Ledger.RetakeReport(c.ctx(), c.actor, id, f.Rev)
	case "review":
		_, err = s.Ledger.ReviewReport(c.ctx(), c.actor, id, f.Rev)
	case "return":
		_, err = s.Ledger.ReturnReport(c.ctx(), c.actor, id, f.Value("reason"))
	case "issue":
		_, err = s.Ledger.IssueReport(c.ctx(), c.actor, id, f.Rev, f.Value("number"), t.date(f.Value("date")))
	case "note":
		_, err = s.Ledger.NoteReport(c.ctx(), c.actor, id, f.Value("text"), f.Token)
	default:
		return fault.NotFound
	}
	if err != nil {
		return s.failed(c, f, err, func() error { return s.showReport(c, id, &tried{"report_" + verb, f}) })
	}
	return done(c, "/work/reports/"+id, "report_moved")
}

// reportFile answers a report as a file.
func (s *Server) reportFile(c *request) error {
	st, err := s.Ledger.Report(c.ctx(), c.actor, c.Params("id"))
	if err != nil {
		return err
	}
	p := report.Period{Words: c.words, Report: &st.Doc}
	var b bytes.Buffer
	ext := c.Path()[strings.LastIndexByte(c.Path(), '.')+1:]
	kind := typeDOCX
	switch ext {
	case "docx":
		err = p.Document().WriteDOCX(&b)
	case "xlsx":
		kind = typeWorkbook
		err = report.WriteWorkbook(&b, p.Sheets()...)
	default:
		ext, kind = "csv", "text/csv; charset=utf-8"
		err = p.WriteCSV(&b)
	}
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, kind)
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="`+c.words.T("reports.file")+"-"+string(st.Doc.From)+"-"+string(st.Doc.To)+"."+ext+`"`)
	return c.Send(b.Bytes())
}
