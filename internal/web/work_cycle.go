package web

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"truynguon/internal/fault"
	"truynguon/internal/report"
	"truynguon/internal/trace"
)

// cycleFields are the fields of the form for a crop cycle.
var cycleFields = []string{"crop", "variety", "seedSource", "plantedAt", "closedAt"}

func (s *Server) cycleNew(c *request) error {
	return s.cycleForm(c, newForm(c, "cycle"), c.Params("place"), "cycle.new")
}

func (s *Server) cycleForm(c *request, f *Form, place, title string) error {
	st, err := s.Ledger.Place(c.ctx(), c.actor, place)
	if err != nil {
		return err
	}
	var crops []Option
	for id := range s.Ledger.Crops {
		crops = append(crops, Option{Value: id, Label: s.cropName(c, id)})
	}
	slices.SortFunc(crops, func(a, b Option) int { return cmp.Compare(a.Label, b.Label) })
	planted, closed := f.Field("plantedAt", "date", false), f.Field("closedAt", "date", false)
	planted.Max, closed.Max = string(s.Ledger.Today()), string(s.Ledger.Today())
	first := []Field{f.Field("variety", "text", false), f.Field("seedSource", "text", false), planted}
	if title == "cycle.edit" {
		first = append(first, closed)
	} else {
		first = append([]Field{f.Choice("crop", "select", true, crops)}, first...)
	}
	return s.render(c, "edit", &EditPage{
		Base: s.workBase(c, title), Form: f, Buttons: saveButton(c.words), Groups: []Group{group("", false, first...)},
		Back: &Link{Href: "/work/diary/" + place, Label: c.words.T("diary.title", st.Doc.Name)},
	})
}

func cycleDraft(c *request, f *Form, place string) trace.CycleDraft {
	f.read(c, cycleFields...)
	var t typing
	return trace.CycleDraft{
		Token: f.Token, Place: place, Crop: f.Value("crop"), Variety: f.Value("variety"), SeedSource: f.Value("seedSource"),
		PlantedAt: t.date(f.Value("plantedAt")), ClosedAt: t.date(f.Value("closedAt")),
	}
}

func (s *Server) cycleOpen(c *request) error {
	place := c.Params("place")
	f := newForm(c, "cycle")
	if _, err := s.Ledger.OpenCycle(c.ctx(), c.actor, cycleDraft(c, f, place)); err != nil {
		return s.failed(c, f, err, func() error { return s.cycleForm(c, f, place, "cycle.new") })
	}
	return done(c, "/work/diary/"+place, "saved")
}

func (s *Server) cycleEdit(c *request) error {
	st, err := s.Ledger.Cycle(c.ctx(), c.actor, c.Params("id"))
	if err != nil {
		return err
	}
	f := newForm(c, "cycle")
	f.Rev = st.Rev
	d := st.Doc.Draft()
	for name, value := range map[string]string{"crop": d.Crop, "variety": d.Variety, "seedSource": d.SeedSource, "plantedAt": d.PlantedAt, "closedAt": d.ClosedAt} {
		f.Values[name] = []string{value}
	}
	return s.cycleForm(c, f, st.Doc.Place, "cycle.edit")
}

func (s *Server) cycleUpdate(c *request) error {
	st, err := s.Ledger.Cycle(c.ctx(), c.actor, c.Params("id"))
	if err != nil {
		return err
	}
	f := newForm(c, "cycle")
	f.Rev = c.revision()
	if _, err := s.Ledger.UpdateCycle(c.ctx(), c.actor, st.Doc.ID, f.Rev, cycleDraft(c, f, st.Doc.Place)); err != nil {
		return s.failed(c, f, err, func() error { return s.cycleForm(c, f, st.Doc.Place, "cycle.edit") })
	}
	return done(c, "/work/diary/"+st.Doc.Place, "saved")
}

// inputFields are the fields of the form for an input lot.
var inputFields = []string{
	"kind", "tradeName", "ingredient", "content", "registration", "lot", "quantity/value", "quantity/uom", "supplier", "supplierAddress", "expiry",
	"receivedOn", "selfMade", "materials", "method", "handler",
}

// inputList lists an organisation's input lots.
func (s *Server) inputList(c *request) error {
	org := c.org()
	if org == "" {
		return s.chooseOrg(c, "menu.inputs", "/work/inputs")
	}
	list, next, err := s.Ledger.Inputs(c.ctx(), c.actor, org, "", c.Query("cursor"), listSize)
	if err != nil {
		return err
	}
	p := &ListPage{Base: s.workBase(c, "menu.inputs"), Empty: c.words.T("input.none"), More: c.more(next)}
	if keepers.allows(c.who) {
		p.Add = &Link{Href: c.withOrg("/work/inputs/new", org), Label: c.words.T("input.new")}
	}
	used, err := s.Ledger.InputsUsed(c.ctx(), c.actor, org, list)
	if err != nil {
		return err
	}
	for _, st := range list {
		in := st.Doc
		r := Row{Title: in.TradeName, Notes: []string{c.words.T("inputKind." + in.Kind), c.words.T("input.received", string(in.ReceivedOn)), c.words.Quantity(in.Quantity.Value.String(), in.Quantity.UOM)}}
		if in.Expiry != "" {
			r.Notes = append(r.Notes, c.words.T("input.expires", string(in.Expiry)))
			if in.Expiry < s.Ledger.Today() {
				r.Tag, r.Tone = c.words.T("input.expired"), "bad"
			}
		}
		if in.Supplier != "" {
			r.Notes = append(r.Notes, in.Supplier)
		}
		if u := used[in.ID]; u > 0 {
			r.Notes = append(r.Notes, c.words.T("input.used", c.words.Quantity(u.String(), in.Quantity.UOM)))
			if u > in.Quantity.Value {
				r.Tag, r.Tone = c.words.T("input.overdrawn", c.words.Quantity((u-in.Quantity.Value).String(), in.Quantity.UOM)), "warn"
			}
		}
		p.Rows = append(p.Rows, r)
	}
	return s.render(c, "list", p)
}

func (s *Server) inputNew(c *request) error {
	org := c.org()
	if org == "" {
		return s.chooseOrg(c, "input.new", "/work/inputs/new")
	}
	f := newForm(c, "input")
	f.Values["kind"], f.Values["receivedOn"], f.Values["quantity/uom"] = []string{"pesticide"}, []string{string(s.Ledger.Today())}, []string{"KGM"}
	return s.inputForm(c, f, org)
}

func (s *Server) inputForm(c *request, f *Form, org string) error {
	amount := group("", false, f.Field("quantity/value", "number", true), f.Choice("quantity/uom", "select", true, units(c.words)))
	days := group("", false, f.Field("receivedOn", "date", true), f.Field("expiry", "date", false))
	amount.Side, days.Side = true, true
	return s.render(c, "edit", &EditPage{
		Base: s.workBase(c, "input.new"), Form: f, Buttons: saveButton(c.words), Hidden: []Option{{Value: org, Label: "organisation"}},
		Back: &Link{Href: c.withOrg("/work/inputs", org), Label: c.words.T("menu.inputs")},
		Groups: []Group{
			group("", false, f.Choice("kind", "select", true, wordedOptions(c.words, "inputKind.", trace.InputKinds)), f.Field("tradeName", "text", true)), amount, days,
			group("", false, f.Field("supplier", "text", false), f.Field("supplierAddress", "text", false)),
			group(c.words.T("input.label"), true, f.Field("ingredient", "text", false), f.Field("content", "text", false), f.Field("registration", "text", false), f.Field("lot", "text", false)),
			group(c.words.T("input.own"), true, f.Field("selfMade", "check", false), f.Field("materials", "area", false), f.Field("method", "area", false), f.Field("handler", "text", false)),
		},
	})
}

func (s *Server) inputRecord(c *request) error {
	org := c.org()
	f := newForm(c, "input")
	f.read(c, inputFields...)
	var t typing
	_, err := s.Ledger.RecordInput(c.ctx(), c.actor, trace.InputDraft{
		Token: f.Token, Organisation: org, Kind: f.Value("kind"), TradeName: f.Value("tradeName"), Ingredient: f.Value("ingredient"), Content: f.Value("content"),
		Registration: f.Value("registration"), Lot: f.Value("lot"), Quantity: trace.QuantityDraft{Value: t.number("/quantity/value", f.Value("quantity/value")), UOM: f.Value("quantity/uom")},
		Supplier: f.Value("supplier"), SupplierAddress: f.Value("supplierAddress"), Expiry: t.date(f.Value("expiry")), ReceivedOn: t.date(f.Value("receivedOn")),
		SelfMade: f.Value("selfMade") == "yes", Materials: f.Value("materials"), Method: f.Value("method"), Handler: f.Value("handler"),
	})
	if err = t.explain(err); err != nil {
		return s.failed(c, f, err, func() error { return s.inputForm(c, f, org) })
	}
	return done(c, c.withOrg("/work/inputs", org), "saved")
}

// substanceList lists the versions of the lists.
func (s *Server) substanceList(c *request) error {
	lists, err := s.Ledger.SubstanceLists(c.ctx())
	if err != nil {
		return err
	}
	p := &ListPage{Base: s.workBase(c, "substances.list"), Intro: c.words.T("substances.intro"), Empty: c.words.T("substances.none")}
	if judges.allows(c.who) {
		p.Add = &Link{Href: "/work/substances/import", Label: c.words.T("substances.import")}
	}
	for _, l := range lists {
		r := Row{Title: l.Number, Notes: []string{c.words.T("substances.from_note", string(l.From)), c.words.N("substances.rows", l.Rows)}}
		if l.To != "" {
			r.Notes = append(r.Notes, c.words.T("substances.to_note", string(l.To)))
		}
		if l.Amendment {
			r.Notes = append(r.Notes, c.words.T("substances.amends"))
		}
		if l.Sample {
			r.Tag, r.Tone = c.words.T("substances.sample"), "warn"
		}
		p.Rows = append(p.Rows, r)
	}
	return s.render(c, "list", p)
}

func (s *Server) substanceForm(c *request) error {
	f := newForm(c, "substances")
	f.Values["dryRun"] = []string{"yes"}
	return s.drawSubstances(c, f, "")
}

func (s *Server) drawSubstances(c *request, f *Form, found string) error {
	days := group("", false, f.Field("from", "date", true), f.Field("to", "date", false))
	days.Side = true
	sheet := f.Field("file", "file", true)
	return s.render(c, "edit", &EditPage{
		Base: s.workBase(c, "substances.import"), Form: f, Files: true, Buttons: []Button{{Label: c.words.T("substances.send")}},
		Intro: cmp.Or(found, c.words.T("substances.import_intro", strings.Join(trace.SubstanceColumns, ", "))),
		Back:  &Link{Href: "/work/substances", Label: c.words.T("substances.list")},
		Groups: []Group{
			group("", false, f.Field("number", "text", true), f.Field("title", "text", false)), days,
			group("", false, f.Field("amendment", "check", false), sheet, f.Field("dryRun", "check", false)),
		},
	})
}

// maxTable bounds a spreadsheet in bytes.
const maxTable = 8 << 20

// substanceImport imports a list, or shows what an import would do.
func (s *Server) substanceImport(c *request) error {
	f := newForm(c, "substances")
	f.read(c, "number", "title", "from", "to", "amendment", "dryRun")
	f.Values["file"] = nil
	var t typing
	table, err := sheetOf(c)
	if err != nil {
		if err := t.note("/file", err); err != nil {
			return err
		}
	}
	dry := f.Value("dryRun") == "yes" || len(t.faults) > 0
	r, err := s.Ledger.ImportSubstances(c.ctx(), c.actor, trace.SubstanceImport{
		Token: f.Token, Number: f.Value("number"), Title: f.Value("title"), From: t.date(f.Value("from")), To: t.date(f.Value("to")),
		Amendment: f.Value("amendment") == "yes", Table: table, DryRun: dry,
	})
	if len(t.faults) > 0 {
		err = rename(err, "/table", "/file")
	}
	if err = t.explain(rename(err, "/table/0", "/file")); err != nil {
		return s.failed(c, f, err, func() error { return s.drawSubstances(c, f, "") })
	}
	if dry {
		f.Values["dryRun"] = nil
		return s.drawSubstances(c, f, c.words.T("substances.would", r.Counts[trace.Permitted], r.Counts[trace.Banned], r.Counts[trace.Removed]))
	}
	return done(c, "/work/substances", "substances_imported")
}

// sheetOf reads the table that came as a file: a workbook's first sheet, or CSV.
func sheetOf(c *request) ([][]string, error) {
	files := c.files("file")
	if len(files) == 0 {
		return nil, fault.New(fault.Invalid, "missing")
	}
	if files[0].Size > maxTable {
		return nil, fault.New(fault.TooLarge, "table_too_large")
	}
	file, err := files[0].Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // read only
	var b bytes.Buffer
	if _, err := b.ReadFrom(file); err != nil {
		return nil, err
	}
	if bytes.HasPrefix(b.Bytes(), []byte("PK")) {
		return bookTable(b.Bytes())
	}
	if !utf8.Valid(b.Bytes()) {
		return nil, fault.New(fault.Invalid, "table_unreadable")
	}
	text := strings.TrimPrefix(b.String(), "\ufeff")
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord = -1
	if line, _, _ := strings.Cut(text, "\n"); strings.Count(line, ";") > strings.Count(line, ",") {
		r.Comma = ';'
	}
	table, err := r.ReadAll()
	if err != nil {
		return nil, fault.New(fault.Invalid, "table_unreadable")
	}
	return table, nil
}

// bookTable is the first sheet of a workbook.
func bookTable(data []byte) (table [][]string, err error) {
	book, err := report.ReadWorkbook(data, report.DefaultLimits)
	if err != nil {
		return nil, err
	}
	for sheet := range book.Sheets() {
		for r, err := range book.Rows(sheet) {
			if err != nil {
				return nil, err
			}
			var line []string
			for _, cell := range r.Cells {
				for len(line) < cell.Column {
					line = append(line, "")
				}
				line[cell.Column-1] = cell.Text
			}
			table = append(table, line)
		}
		if len(table) > 0 {
			return table, nil
		}
	}
	return nil, nil
}

// vietgap is the diary of a crop cycle in the forms of VietGAP, to be printed.
func (s *Server) vietgap(c *request) error {
	p, err := s.vietgapPage(c)
	if err != nil {
		return err
	}
	return s.render(c, "vietgap", p)
}

// VietGAPPage is the diary of a crop cycle as forms B1 to B4.
type VietGAPPage struct {
	Base
	Facts []Fact
	Forms []VietGAPForm
	CSV   string
}

// VietGAPForm is one form: its heading, columns and lines.
type VietGAPForm struct {
	ID, Title string
	Columns   []string
	Lines     [][]string
	Empty     string
}

func (s *Server) vietgapPage(c *request) (*VietGAPPage, error) {
	st, err := s.Ledger.Cycle(c.ctx(), c.actor, c.Params("id"))
	if err != nil {
		return nil, err
	}
	place, err := s.Ledger.Place(c.ctx(), c.actor, st.Doc.Place)
	if err != nil {
		return nil, err
	}
	org, err := s.Ledger.Organisation(c.ctx(), st.Doc.Organisation)
	if err != nil {
		return nil, err
	}
	entries, inputs, err := s.Ledger.CycleDiary(c.ctx(), c.actor, st.Doc.ID)
	if err != nil {
		return nil, err
	}
	p := &VietGAPPage{Base: s.workBase(c, "vietgap.of", s.cropName(c, st.Doc.Crop), place.Doc.Name), CSV: "/work/cycles/" + st.Doc.ID + "/vietgap.csv"}
	fact := func(key, value string) {
		if value != "" {
			p.Facts = append(p.Facts, Fact{Label: c.words.T(key), Value: value})
		}
	}
	fact("vietgap.farm", org.Doc.Name)
	fact("vietgap.address", org.Doc.Address)
	fact("vietgap.plot", place.Doc.Name)
	fact("vietgap.plot_address", place.Doc.Address)
	if place.Doc.AreaHa != 0 {
		fact("vietgap.area", c.words.Quantity(place.Doc.AreaHa.String(), "HAR"))
	}
	fact("vietgap.crop", s.cropName(c, st.Doc.Crop)+" "+st.Doc.Variety)
	fact("vietgap.planted", p.Day(st.Doc.PlantedAt))
	form := func(id string, columns ...string) *VietGAPForm {
		f := VietGAPForm{ID: id, Title: c.words.T("vietgap." + id), Empty: c.words.T("vietgap.none")}
		for _, col := range columns {
			f.Columns = append(f.Columns, c.words.T("vietgap.col."+col))
		}
		p.Forms = append(p.Forms, f)
		return &p.Forms[len(p.Forms)-1]
	}
	qty := func(q trace.Quantity) string {
		if q.Value == 0 {
			return ""
		}
		return p.Measure(q)
	}
	b1 := form("b1", "day", "sample", "agent", "finding", "measure")
	for i := range entries {
		if e := &entries[i]; e.Activity == trace.DoTesting {
			b1.Lines = append(b1.Lines, []string{p.Day(e.Day), e.Sample, e.Agent, e.Finding, e.Measure})
		}
	}
	b2 := form("b2", "day", "name", "quantity", "supplier", "expiry")
	for _, in := range inputs {
		b2.Lines = append(b2.Lines, []string{p.Day(in.ReceivedOn), in.TradeName, qty(in.Quantity), strings.TrimSpace(in.Supplier + " " + in.SupplierAddress), p.Day(in.Expiry)})
	}
	b3 := form("b3", "day", "work", "fertiliser", "quantity", "pesticide", "dose", "phi", "target", "operator", "note")
	b4 := form("b4", "day", "work", "lot", "quantity", "buyer", "note")
	for i := range entries {
		e := &entries[i]
		work := c.words.T("diary.do." + e.Activity)
		switch e.Activity {
		case trace.DoTesting:
		case trace.DoHarvest, trace.DoSale:
			lot := ""
			if e.Batch != "" {
				lot = trace.SpellCode(e.Batch)
			}
			b4.Lines = append(b4.Lines, []string{p.Day(e.Day), work, lot, qty(e.Quantity), e.Party, e.Note})
		default:
			fertiliser, pesticide, phi, dose := e.TradeName, "", "", e.Concentration
			if e.Activity == trace.DoSpraying || e.Activity == trace.DoTreatment {
				fertiliser, pesticide = "", strings.TrimSpace(e.TradeName+" "+e.Ingredient+" "+e.Content)
				if e.PHIDays != nil {
					phi = strconv.Itoa(*e.PHIDays)
				}
			}
			if e.Dose != 0 {
				dose = strings.TrimSpace(dose + " " + say(c.words, "diary.dose_text", []any{e.Dose.String(), "doseUnit." + unitKey(e.DoseUnit)}))
			}
			b3.Lines = append(b3.Lines, []string{p.Day(e.Day), work, fertiliser, qty(e.Quantity), pesticide, dose, phi, e.Target, e.Operator, e.Note})
		}
	}
	return p, nil
}

// vietgapCSV is the same as a table: the form first in every line.
func (s *Server) vietgapCSV(c *request) error {
	p, err := s.vietgapPage(c)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	b.WriteString("\ufeff") // or Excel takes it for another encoding
	w := csv.NewWriter(&b)
	for _, f := range p.Forms {
		_ = w.Write(append([]string{f.Title}, f.Columns...))
		for _, line := range f.Lines {
			cells := []string{f.ID}
			for _, cell := range line {
				if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t") { // no spreadsheet may take it for a formula
					cell = "'" + cell
				}
				cells = append(cells, cell)
			}
			_ = w.Write(cells)
		}
	}
	w.Flush()
	c.Set(fiber.HeaderContentType, "text/csv; charset=utf-8")
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="vietgap.csv"`)
	return c.Send(b.Bytes())
}
