package report

import (
	"encoding/csv"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"truynguon/internal/locale"
	"truynguon/internal/trace"
)

// Period writes a report about a period in its forms. What is written of an issued report never changes: only
// what is frozen in it is used.
type Period struct {
	Words  *locale.Printer
	Report *trace.PeriodReport
}

// title is what the report is about.
func (p *Period) title() string {
	return p.Words.T("report.about", p.Report.UnitName, p.name())
}

func (p *Period) name() string {
	return PeriodName(p.Words, p.Report.Period, p.Report.From, p.Report.To)
}

// compared says which periods the figures are compared with.
func (p *Period) compared() (previous, yearBefore string) {
	f, w := &p.Report.Figures, p.Words
	return w.T("report.previous", w.Date(string(f.Previous.From)), w.Date(string(f.Previous.To))),
		w.T("report.year_before", w.Date(string(f.YearBefore.From)), w.Date(string(f.YearBefore.To)))
}

// status says whether the report holds.
func (p *Period) status() string {
	if r := p.Report; r.Stage == trace.ReportIssued {
		return p.Words.T("report.issued", r.Number, p.Words.Date(string(r.Date)))
	}
	return p.Words.T("report.not_issued")
}

// asOf says when the figures were taken.
func (p *Period) asOf() string {
	return p.Words.T("report.asof", p.Words.Time(p.Report.Figures.AsOf))
}

// Document is the report as an administrative document.
func (p *Period) Document() *Document {
	r, w, f := p.Report, p.Words, &p.Report.Figures
	d := &Document{
		Above: r.Above, Agency: r.Agency, Nation: w.T("report.nation"), Motto: w.T("report.motto"),
		Title: w.T("report.title"), About: p.title(), RecipientsTitle: w.T("report.recipients"),
		Recipients: r.Recipients, Name: r.SignerName, Lang: w.Lang(), At: f.AsOf,
	}
	if r.SignerFor != "" {
		d.Signer = append(d.Signer, r.SignerFor)
	}
	d.Signer = append(d.Signer, r.SignerTitle)
	if r.Stage == trace.ReportIssued {
		t := r.Date.Time(time.UTC)
		d.Number = w.T("report.number", r.Number)
		d.PlaceDate = w.T("report.place_date", r.Place, w.T("report.date", two(t.Day(), 9), two(int(t.Month()), 2), strconv.Itoa(t.Year())))
	} else {
		d.Mark = w.T("report.draft_mark")
		d.Number = w.T("report.number", "        /BC-…")
		d.PlaceDate = w.T("report.place_date", r.Place, w.T("report.date", "…", "…", strconv.Itoa(f.AsOf.In(w.Zone()).Year())))
	}
	head := func(level int, key string) { d.Blocks = append(d.Blocks, Block{Heading: w.T(key), Level: level}) }
	text := func(s string) { d.Blocks = append(d.Blocks, Block{Text: s}) }
	table := func(t *Table) {
		if len(t.Rows) > 0 {
			d.Blocks = append(d.Blocks, Block{Table: t})
		}
	}
	text(w.T("report.opening", r.Agency, p.title()))
	head(1, "report.section.results")
	for _, s := range Narrative(w, r) {
		text(s)
	}
	table(p.coverageTable("report.table.units", f.Units))
	table(p.coverageTable("report.table.organisations", f.Organisations))
	head(1, "report.section.targets")
	table(p.targetTable())
	head(1, "report.section.register")
	table(p.registerTable())
	head(1, "report.section.due")
	if len(f.Recalls) == 0 {
		text(w.T("report.no_recalls"))
	}
	table(p.recallTable())
	if len(f.Expiring) == 0 {
		text(w.T("report.no_expiring"))
	}
	table(p.expiringTable())
	if r.Remarks != "" || r.Proposals != "" {
		head(1, "report.section.remarks")
		text(r.Remarks)
		text(r.Proposals)
	}
	head(1, "report.section.method")
	text(w.T("coverage.numerator") + " " + w.T("coverage.numerator.text"))
	text(w.T("coverage.denominator") + " " + w.T("coverage.denominator.text"))
	text(p.asOf() + " " + w.T("report.unknown_is"))
	roman := []string{"I", "II", "III", "IV", "V", "VI"}
	n := 0
	for i := range d.Blocks {
		if d.Blocks[i].Level == 1 {
			d.Blocks[i].Heading = roman[n] + ". " + d.Blocks[i].Heading
			n++
		}
	}
	return d
}

// two writes a day or month as papers do: with a nought before numbers up to the given one (NĐ 30/2020, Phụ
// lục I: days below 10 and months 1 and 2).
func two(n, below int) string {
	if n <= below && n < 10 {
		return "0" + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}

func (p *Period) coverageTable(caption string, rows []trace.ReportRow) *Table {
	w := p.Words
	t := &Table{Caption: w.T(caption), Columns: []TableColumn{
		{w.T("report.no"), 7, true}, {w.T("report.name"), 30, false}, {w.T("report.complete"), 18, true}, {w.T("report.share"), 11, true},
		{w.T("report.short.previous"), 18, true}, {w.T("report.short.year_before"), 18, true},
	}}
	for i := range rows {
		r := &rows[i]
		t.Rows = append(t.Rows, []string{
			strconv.Itoa(i + 1), r.Name, w.Number(r.Now.Numerator()) + "/" + w.Number(r.Now.Denominator()), Share(w, &r.Now), Share(w, r.Previous), Share(w, r.YearBefore),
		})
	}
	return t
}

func (p *Period) targetTable() *Table {
	w := p.Words
	t := &Table{Caption: w.T("report.table.targets"), Columns: []TableColumn{
		{w.T("report.target"), 34, false}, {w.T("report.now"), 12, true}, {w.T("report.short.previous"), 12, true}, {w.T("report.short.year_before"), 12, true},
		{w.T("targets.goal"), 20, false}, {w.T("report.light"), 16, false},
	}}
	for i := range p.Report.Figures.Targets {
		g := &p.Report.Figures.Targets[i]
		value := func(v *float64) string {
			if v == nil {
				return w.T("narrative.unknown")
			}
			return figure(w, g, *v)
		}
		t.Rows = append(t.Rows, []string{targetName(w, g), value(g.Value), value(g.Previous), value(g.YearBefore), Goal(w, g), w.T("light." + string(g.Light))})
	}
	return t
}

func (p *Period) registerTable() *Table {
	w := p.Words
	t := &Table{Caption: w.T("report.table.register"), Columns: []TableColumn{
		{w.T("report.form"), 30, false}, {w.T("report.status"), 26, false}, {w.T("report.now"), 14, true}, {w.T("report.short.previous"), 18, true}, {w.T("report.short.year_before"), 18, true},
	}}
	for _, c := range p.Report.Figures.Register {
		t.Rows = append(t.Rows, []string{
			w.T("legalType." + string(c.Form)), w.T("organisationStatus." + c.Status), w.Number(c.Now), p.count(c.Previous), p.count(c.YearBefore),
		})
	}
	return t
}

func (p *Period) count(n *int) string {
	if n == nil {
		return p.Words.T("narrative.unknown")
	}
	return p.Words.Number(*n)
}

func (p *Period) recallTable() *Table {
	w := p.Words
	t := &Table{Caption: w.T("report.table.recalls"), Columns: []TableColumn{
		{w.T("report.opened"), 13, false}, {w.T("report.organisation"), 26, false}, {w.T("report.kind"), 13, false}, {w.T("report.reason"), 28, false}, {w.T("report.lots"), 8, true}, {w.T("report.closed"), 14, false},
	}}
	for _, r := range p.Report.Figures.Recalls {
		closed := w.T("report.running")
		if r.Closed != "" {
			closed = w.Date(string(r.Closed))
		}
		t.Rows = append(t.Rows, []string{w.Date(string(r.Opened)), r.Organisation, w.T("recallKind." + string(r.Kind)), r.Reason, w.Number(r.Lots), closed})
	}
	return t
}

func (p *Period) expiringTable() *Table {
	w := p.Words
	t := &Table{Caption: w.T("report.table.expiring"), Columns: []TableColumn{
		{w.T("report.end"), 14, false}, {w.T("report.organisation"), 34, false}, {w.T("report.certificate"), 30, false},
	}}
	for _, c := range p.Report.Figures.Expiring {
		t.Rows = append(t.Rows, []string{w.Date(string(c.EndDate)), c.Organisation, c.Number})
	}
	return t
}

// perMille is a share as a spreadsheet counts it, nil if there is none.
func perMille(f *trace.CoverageFigure) any {
	if f == nil || f.PerMille() < 0 {
		return nil
	}
	return float64(f.PerMille()) / 1000
}

// Sheets are the report as a workbook.
func (p *Period) Sheets() []Sheet {
	r, w, f := p.Report, p.Words, &p.Report.Figures
	previous, year := p.compared()
	sheet := func(key string, columns []Column, rows [][]any) Sheet {
		return Sheet{Name: w.T(key), Title: []string{p.title(), w.T(key) + ". " + p.status(), p.asOf(), previous + "; " + year}, Columns: columns, Rows: slices.Values(rows), Landscape: true}
	}
	var words [][]any
	for _, s := range Narrative(w, r) {
		words = append(words, []any{s})
	}
	sheets := []Sheet{sheet("report.sheet.summary", []Column{{Heading: w.T("report.sheet.summary"), Width: 110}}, words)}
	coverage := []Column{
		{Heading: w.T("report.name"), Width: 34}, {Heading: w.T("report.organisation"), Width: 30}, {Heading: w.T("report.lots_released"), Kind: Number, Width: 20}, {Heading: w.T("report.complete_lots"), Kind: Number},
		{Heading: w.T("report.unlotted"), Kind: Number, Width: 24}, {Heading: w.T("report.share"), Kind: Percent}, {Heading: w.T("report.short.previous"), Kind: Percent, Width: 20}, {Heading: w.T("report.short.year_before"), Kind: Percent, Width: 20},
	}
	line := func(name string, row *trace.ReportRow) []any {
		return []any{name, row.Organisation, row.Now.Lots, row.Now.Complete, row.Now.Unlotted, perMille(&row.Now), perMille(row.Previous), perMille(row.YearBefore)}
	}
	for _, part := range []struct {
		key  string
		rows []trace.ReportRow
	}{{"report.sheet.units", f.Units}, {"report.sheet.organisations", f.Organisations}, {"report.sheet.products", f.Products}} {
		rows := [][]any{}
		if part.key == "report.sheet.units" {
			rows = append(rows, line(r.UnitName, &f.Coverage))
		}
		for i := range part.rows {
			rows = append(rows, line(part.rows[i].Name, &part.rows[i]))
		}
		sheets = append(sheets, sheet(part.key, coverage, rows))
	}
	var reasons, unlotted, targets, recalls, expiring, counts [][]any
	for _, code := range f.Coverage.Now.Reasons() {
		reasons = append(reasons, []any{w.T("missing." + code), f.Coverage.Now.Missing[code], missing(f.Coverage.Previous, code), missing(f.Coverage.YearBefore, code)})
	}
	for _, u := range f.Unlotted {
		unlotted = append(unlotted, []any{u.Name, u.Organisation})
	}
	for i := range f.Targets {
		t := &f.Targets[i]
		unit := w.T("report.unit.count")
		if t.Percent {
			unit = "%"
		}
		var goal any
		if t.GoalBy != "" {
			goal = t.Goal
		}
		targets = append(targets, []any{targetName(w, t), unit, known(t.Value), known(t.Previous), known(t.YearBefore), goal, t.GoalBy, w.T("light." + string(t.Light))})
	}
	for _, c := range f.Recalls {
		recalls = append(recalls, []any{c.Opened, c.Organisation, w.T("recallKind." + string(c.Kind)), c.Reason, c.Lots, c.Closed})
	}
	for _, c := range f.Expiring {
		expiring = append(expiring, []any{c.EndDate, c.Organisation, c.Number})
	}
	for _, c := range f.Counts {
		counts = append(counts, []any{w.T("reportCount." + c.Code), c.Now, known(c.Previous), known(c.YearBefore)})
	}
	for _, c := range f.Register {
		counts = append(counts, []any{w.T("legalType."+string(c.Form)) + ", " + strings.ToLower(w.T("organisationStatus."+c.Status)), c.Now, known(c.Previous), known(c.YearBefore)})
	}
	three := func(key string) []Column {
		return []Column{{Heading: w.T(key), Width: 60}, {Heading: w.T("report.now"), Kind: Number}, {Heading: w.T("report.short.previous"), Kind: Number, Width: 20}, {Heading: w.T("report.short.year_before"), Kind: Number, Width: 20}}
	}
	return append(sheets,
		sheet("report.sheet.reasons", three("report.reason_missing"), reasons),
		sheet("report.sheet.unlotted", []Column{{Heading: w.T("report.product"), Width: 40}, {Heading: w.T("report.organisation"), Width: 40}}, unlotted),
		sheet("report.sheet.targets", []Column{
			{Heading: w.T("report.target"), Width: 46}, {Heading: w.T("report.unit"), Width: 12}, {Heading: w.T("report.now"), Kind: Number}, {Heading: w.T("report.short.previous"), Kind: Number, Width: 20}, {Heading: w.T("report.short.year_before"), Kind: Number, Width: 20},
			{Heading: w.T("targets.goal"), Kind: Number}, {Heading: w.T("report.goal_by"), Kind: Day}, {Heading: w.T("report.light"), Width: 24},
		}, targets),
		sheet("report.sheet.recalls", []Column{
			{Heading: w.T("report.opened"), Kind: Day}, {Heading: w.T("report.organisation"), Width: 34}, {Heading: w.T("report.kind"), Width: 16}, {Heading: w.T("report.reason"), Width: 50}, {Heading: w.T("report.lots"), Kind: Number}, {Heading: w.T("report.closed"), Kind: Day},
		}, recalls),
		sheet("report.sheet.expiring", []Column{{Heading: w.T("report.end"), Kind: Day}, {Heading: w.T("report.organisation"), Width: 40}, {Heading: w.T("report.certificate"), Width: 34}}, expiring),
		sheet("report.sheet.counts", three("report.count"), counts),
	)
}

// known is a figure that may be none.
func known[T any](v *T) any {
	if v == nil {
		return nil
	}
	return *v
}

func missing(f *trace.CoverageFigure, code string) any {
	if f == nil {
		return nil
	}
	return f.Missing[code]
}

// WriteCSV writes the figures as comma-separated values (RFC 4180, UTF-8): one line for each figure, with those
// compared with. Numbers have a decimal point, shares are percentages, and what is not known is empty.
func (p *Period) WriteCSV(out io.Writer) error {
	c := csv.NewWriter(out)
	f := &p.Report.Figures
	write := func(cells ...string) {
		for i, cell := range cells {
			// A spreadsheet would take these for formulas.
			if cell != "" && strings.ContainsRune("=+@\t\r", rune(cell[0])) {
				cells[i] = "'" + cell
			}
		}
		_ = c.Write(cells) // the writer keeps the error
	}
	write("part", "id", "name", "figure", "now", "previous", "year_before")
	number := func(v any) string {
		switch n := v.(type) {
		case *int:
			if n != nil {
				return strconv.Itoa(*n)
			}
		case *float64:
			if n != nil {
				return strconv.FormatFloat(*n, 'f', -1, 64)
			}
		}
		return ""
	}
	share := func(g *trace.CoverageFigure) string {
		if g == nil || g.PerMille() < 0 {
			return ""
		}
		return strconv.FormatFloat(float64(g.PerMille())/10, 'f', 1, 64)
	}
	row := func(part string, r *trace.ReportRow) {
		of := func(take func(*trace.CoverageFigure) int) (cells []string) {
			for _, g := range []*trace.CoverageFigure{&r.Now, r.Previous, r.YearBefore} {
				if g == nil {
					cells = append(cells, "")
				} else {
					cells = append(cells, strconv.Itoa(take(g)))
				}
			}
			return cells
		}
		write(append([]string{part, r.ID, r.Name, "lots"}, of(func(g *trace.CoverageFigure) int { return g.Lots })...)...)
		write(append([]string{part, r.ID, r.Name, "complete"}, of(func(g *trace.CoverageFigure) int { return g.Complete })...)...)
		write(append([]string{part, r.ID, r.Name, "unlotted"}, of(func(g *trace.CoverageFigure) int { return g.Unlotted })...)...)
		write(part, r.ID, r.Name, "percent", share(&r.Now), share(r.Previous), share(r.YearBefore))
	}
	row("coverage", &f.Coverage)
	for _, part := range []struct {
		name string
		rows []trace.ReportRow
	}{{"unit", f.Units}, {"organisation", f.Organisations}, {"product", f.Products}} {
		for i := range part.rows {
			row(part.name, &part.rows[i])
		}
	}
	for _, t := range f.Targets {
		write("target", t.ID, targetName(p.Words, &t), "value", number(t.Value), number(t.Previous), number(t.YearBefore))
	}
	for _, n := range f.Counts {
		write("count", n.Code, p.Words.T("reportCount."+n.Code), "count", strconv.Itoa(n.Now), number(n.Previous), number(n.YearBefore))
	}
	for _, n := range f.Register {
		write("register", string(n.Form)+"/"+n.Status, "", "count", strconv.Itoa(n.Now), number(n.Previous), number(n.YearBefore))
	}
	c.Flush()
	return c.Error()
}
