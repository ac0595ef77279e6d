package web

import (
	"bytes"
	"net/http"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"truynguon/internal/label"
	"truynguon/internal/report"
	"truynguon/internal/trace"
)

// DayISO writes the day of a time in the site's zone as messages take one.
func (b *Base) DayISO(t time.Time) string { return t.In(b.Zone()).Format(time.DateOnly) }

// caseReport reads what a report of a case tells.
func (s *Server) caseReport(c *request) (*trace.RecallCase, *trace.Organisation, *trace.RecallAccount, error) {
	st, err := s.Ledger.RecallCase(c.ctx(), c.actor, c.Params("id"))
	if err != nil {
		return nil, nil, nil, err
	}
	o, err := s.Ledger.Organisation(c.ctx(), st.Doc.Organisation)
	if err != nil {
		return nil, nil, nil, err
	}
	a, err := s.Ledger.RecallAccount(c.ctx(), c.actor, st.Doc.ID)
	return &st.Doc, &o.Doc, &a, err
}

// reportLots is how many lots the printed report lists; the workbook has all of them.
const reportLots = 200

// casePDF is the report of a recall, to print and sign.
func (s *Server) casePDF(c *request) error {
	k, o, a, err := s.caseReport(c)
	if err != nil {
		return err
	}
	p := &RecordPage{Base: s.base(c, "case.report")}
	s.caseFacts(p, k, o)
	d := label.Document{Footer: s.SiteName + " · " + p.T("case.report") + " " + k.ID}
	if k.Holds() && !k.Mock {
		d.Code = s.Ledger.Base + "/r/" + k.ID
	}
	add := func(par label.Paragraph) {
		if par.Text != "" {
			d.Paragraphs = append(d.Paragraphs, par)
		}
	}
	head := func(text string) { add(label.Paragraph{Text: text, Size: 4.6, Before: 5, Keep: true}) }
	add(label.Paragraph{Text: s.SiteName, Size: 3.1})
	if p.Sample {
		add(label.Paragraph{Text: p.T("layout.sample"), Before: 2})
	}
	add(label.Paragraph{Text: p.T("case.report"), Size: 6.5, Before: 3, Keep: true})
	if k.Mock {
		add(label.Paragraph{Text: p.T("case.mock_note"), Before: 1})
	}
	add(label.Paragraph{Text: p.T("case.report_at", s.now()), Size: 3.1, Before: 1})
	for _, f := range p.Facts {
		add(label.Paragraph{Text: f.Value, Label: f.Label, Indent: 48, Before: 1})
	}
	rows := func(sec Section) {
		head(sec.Title)
		for _, r := range sec.Rows {
			text := r.Title
			if r.Tag != "" {
				text += " – " + r.Tag
			}
			for _, n := range r.Notes {
				text += " · " + n
			}
			add(label.Paragraph{Text: text, Label: "–", Indent: 5, Before: 1})
		}
		if len(sec.Rows) == 0 {
			add(label.Paragraph{Text: sec.Empty, Before: 1})
		}
	}
	rows(s.deadlineSection(p, k))
	rows(accountSection(p, a))
	head(p.T("case.scope"))
	for i := range a.Lots[:min(len(a.Lots), reportLots)] {
		lot := &a.Lots[i]
		uom := lot.Quantity.UOM
		text := lot.ProductName + " – " + lot.Lot + " (" + trace.SpellCode(lot.Code) + ") · " + p.T("scopeRule."+string(lot.Why[0].Rule)) + " · " +
			p.T("account.due", p.amountText(lot.Due(), uom)) + " · " + p.T("account.recovered_n", p.amountText(lot.Recovered, uom)) + " · " +
			p.T("account.out", p.amountText(lot.Out(), uom))
		for _, m := range trace.Handlings {
			if v := lot.Handled[m]; v > 0 {
				text += " · " + p.T("recallMeasure."+string(m)) + ": " + p.amountText(v, uom)
			}
		}
		add(label.Paragraph{Text: text, Label: strconv.Itoa(i + 1), Indent: 8, Before: 1})
	}
	if more := len(a.Lots) - reportLots; more > 0 {
		add(label.Paragraph{Text: p.T("case.report_more", more), Before: 1})
	}
	rows(receiverSection(p, k, a.Notices))
	rows(recallEntries(p, a))
	rows(stepSection(p, k, true))
	add(label.Paragraph{Text: p.T("letter.sign"), Before: 14, Indent: 100})
	return sendPDF(c, d, "bao-cao-thu-hoi-"+k.ID)
}

// caseWorkbook is the report of a recall as a workbook: every lot, receiver, answer and line.
func (s *Server) caseWorkbook(c *request) error {
	k, o, a, err := s.caseReport(c)
	if err != nil {
		return err
	}
	p := &RecordPage{Base: s.base(c, "case.report")}
	number := func(v trace.Amount) any { return float64(v) / 1000 }
	col := func(key string, kind report.Kind, width float64) report.Column {
		return report.Column{Heading: p.T(key), Kind: kind, Width: width}
	}
	title := []string{p.T("case.report"), o.Name, k.Reason}
	if k.Mock {
		title = append(title, p.T("case.mock_note"))
	}
	for i := range a.Totals {
		t := &a.Totals[i]
		title = append(title, p.T("account.recovered", p.percent(t.RecoveredShare()))+" · "+p.T("account.known", p.percent(t.KnownShare()))+" ("+p.UnitName(t.UOM)+")")
	}
	lots := report.Sheet{
		Name: p.T("case.scope"), Title: title, Landscape: true,
		Columns: []report.Column{
			col("provenance.product", 0, 24), col("batch.lot", 0, 14), col("provenance.code", 0, 17), col("case.why_in", 0, 28), col("product.uom", 0, 8),
			col("sheet.quantity", report.Number, 12), col("sheet.used", report.Number, 12), col("sheet.shipped", report.Number, 12), col("sheet.held", report.Number, 12),
			col("sheet.sold", report.Number, 12), col("sheet.returned", report.Number, 12), col("sheet.recovered", report.Number, 12),
		},
		Rows: func(yield func([]any) bool) {
			for i := range a.Lots {
				l := &a.Lots[i]
				row := []any{
					l.ProductName, l.Lot, trace.SpellCode(l.Code), p.T("scopeRule." + string(l.Why[0].Rule)), p.UnitName(l.Quantity.UOM),
					number(l.Quantity.Value), number(l.Used), number(l.Shipped), number(l.Held), number(l.Sold), number(l.Returned), number(l.Recovered),
				}
				for _, m := range trace.Handlings {
					row = append(row, number(l.Handled[m]))
				}
				if !yield(append(row, number(l.Out()))) {
					return
				}
			}
		},
	}
	for _, m := range trace.Handlings {
		lots.Columns = append(lots.Columns, col("recallMeasure."+string(m), report.Number, 12))
	}
	lots.Columns = append(lots.Columns, col("sheet.out", report.Number, 12))
	receivers := report.Sheet{
		Name: p.T("case.receivers"), Landscape: true,
		Columns: []report.Column{
			col("receiver.name", 0, 28), col("receiver.address", 0, 30), col("batch.lot", 0, 14), col("product.uom", 0, 8), col("sheet.shipped", report.Number, 12), col("receiver.delivery", 0, 36),
			col("answer.name", 0, 20), col("sheet.held", report.Number, 12), col("sheet.sold", report.Number, 12), col("sheet.returned", report.Number, 12),
		},
		Rows: func(yield func([]any) bool) {
			for i := range a.Notices {
				n := &a.Notices[i]
				for _, lot := range n.Lots {
					row := []any{n.Receiver.Name, n.Receiver.Address, lot.Lot, p.UnitName(lot.Quantity.UOM), number(lot.Quantity.Value), deliveryText(p, n)}
					if answer := n.Answer(); answer != nil {
						row = append(row, answer.Name)
						for _, line := range answer.Lots {
							if line.Code == lot.Code {
								row = append(row, number(line.Held), number(line.Sold), number(line.Returned))
							}
						}
					}
					for len(row) < 10 {
						row = append(row, nil)
					}
					if !yield(row) {
						return
					}
				}
			}
		},
	}
	names := map[string]string{}
	for i := range a.Lots {
		names[a.Lots[i].Code] = a.Lots[i].Lot
	}
	entries := report.Sheet{
		Name: p.T("case.entries"),
		Columns: []report.Column{
			col("entry.on", report.Day, 12), col("batch.lot", 0, 14), col("entry.measure", 0, 22), col("entry.quantity", report.Number, 12), col("product.uom", 0, 8),
			col("entry.note", 0, 40), col("case.by", 0, 22), col("case.superseded", 0, 10),
		},
		Rows: func(yield func([]any) bool) {
			for i := range a.Entries {
				e := &a.Entries[i]
				gone := ""
				if !a.Standing(e.ID) {
					gone = "×"
				}
				if !yield([]any{string(e.On), names[e.Lot], p.T("recallMeasure." + string(e.Measure)), number(e.Quantity.Value), p.UnitName(e.Quantity.UOM), e.Note, e.By.Name, gone}) {
					return
				}
			}
		},
	}
	var b bytes.Buffer
	if err := report.WriteWorkbook(&b, lots, receivers, entries); err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, typeWorkbook)
	c.attach("bao-cao-thu-hoi-" + k.ID + ".xlsx")
	return c.Status(http.StatusOK).Send(b.Bytes())
}
