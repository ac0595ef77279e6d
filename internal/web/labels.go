package web

import (
	"fmt"
	"maps"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/gofiber/fiber/v2"

	"truynguon/configs"
	"truynguon/internal/fault"
	"truynguon/internal/label"
	"truynguon/internal/locale"
	"truynguon/internal/trace"
)

// stocks are what labels are printed on, as the configuration lists them.
var stocks = sync.OnceValues(func() ([]label.Stock, error) { return label.ParseStocks(configs.Labels) })

// customStock is the choice of a roll of the person's own size; its ID has the size and resolution in
// it, as in custom-50x30.5-203.
const customStock = "custom"

// labelRoutes are the pages for printing labels. They must come before /work/batches/:code/:verb.
func (s *Server) labelRoutes() []route {
	return []route{
		{get, "/work/batches/:code/labels", insiders, s.labelForm},
		{get, "/work/batches/:code/labels/preview.svg", insiders, s.labelPreview},
		{get, "/work/batches/:code/labels/preview.png", insiders, s.labelPreview},
		{post, "/work/batches/:code/labels/print", keepers, s.labelPrint},
		{post, "/work/batches/:code/labels/void", insiders, s.labelVoid},
		{get, "/work/labels/printer", insiders, s.printerShow},
		{post, "/work/labels/printer/:verb", insiders, s.printerChange},
		{get, "/work/labels/test.pdf", insiders, s.printerTest},
		{get, "/work/labels/test.zpl", insiders, s.printerTest},
	}
}

// stockByID finds a stock of the configuration, or makes one of a person's own size.
func stockByID(id string) (label.Stock, error) {
	if size, ok := strings.CutPrefix(id, customStock+"-"); ok {
		var w, h float64
		var dpi int
		if n, err := fmt.Sscanf(size, "%fx%f-%d", &w, &h, &dpi); n != 3 || err != nil {
			return label.Stock{}, fault.NotFound
		}
		stock := label.Roll(w, h, dpi)
		stock.ID = customID(w, h, dpi)
		return stock, stock.Validate()
	}
	all, err := stocks()
	if err != nil {
		return label.Stock{}, err
	}
	if i := slices.IndexFunc(all, func(st label.Stock) bool { return st.ID == id }); i >= 0 {
		return all[i], nil
	}
	return label.Stock{}, fault.NotFound
}

func customID(w, h float64, dpi int) string {
	return fmt.Sprintf("%s-%sx%s-%d", customStock, plain(w), plain(h), dpi)
}

// plain writes a size to the hundredth; adding 0 makes a zero of what is a little less.
func plain(v float64) string { return strconv.FormatFloat(math.Round(v*100)/100+0, 'f', -1, 64) }

// stockName is what people call a stock.
func stockName(p *locale.Printer, stock label.Stock) string {
	if strings.HasPrefix(stock.ID, customStock+"-") {
		return p.T("labels.custom_name", stock.Width, stock.Height, stock.DPI)
	}
	if stock.Kind == label.RollStock {
		return p.T("labels.roll_name", stock.Names[p.Lang()], stock.DPI)
	}
	return stock.Names[p.Lang()]
}

// labelFields are the fields of the form for printing labels. Those of keptFields are remembered.
var (
	keptFields  = []string{"kind", "was", "stock", "width", "height", "dpi", "language", "parts", "storage", "count", "start"}
	labelFields = append(slices.Clone(keptFields), "copies", "reprint")
)

// labelChoice is what somebody chose to print.
type labelChoice struct {
	kind           label.Kind
	stock          label.Stock
	lang           string
	parts          []label.Part
	storage, count string
	start, copies  int
	reprint        bool
	calibration    label.Calibration
}

// labelsOf starts the form with what was chosen last, and with what is sensible where nothing was.
func labelsOf(c *request, kept trace.PrintChoice) *Form {
	f := newForm(c, "labels")
	f.Token = requestID() + requestID() // a page that was opened anew prints anew
	maps.Copy(f.Values, kept.Form)
	f.set("kind", "lot")
	f.set("stock", "a4-12")
	f.set("language", "vi")
	f.set("start", "1")
	f.set("width", "50")
	f.set("height", "30")
	f.set("dpi", "203")
	f.set("copies", "1")
	return f
}

// query takes the fields that the address names.
func (f *Form) query(c *request, names ...string) {
	for _, name := range names {
		f.Values[name] = nil
		for _, v := range c.Context().QueryArgs().PeekMulti(name) {
			f.Values[name] = append(f.Values[name], string(v))
		}
	}
}

// readLabels reads the form. All that is wrong with it is named at once.
func (s *Server) readLabels(f *Form, kept trace.PrintChoice) (ch labelChoice, err error) {
	var t typing
	bad := func(pointer, code string, args ...any) {
		t.faults = append(t.faults, fault.Field{Pointer: pointer, Code: code, Args: args})
	}
	number := func(name string) float64 {
		v, err := strconv.ParseFloat(string(t.number("/"+name, f.Value(name))), 64)
		if err != nil && !slices.ContainsFunc(t.faults, func(x fault.Field) bool { return x.Pointer == "/"+name }) {
			bad("/"+name, "missing")
		}
		return v
	}
	whole := func(name string, most int) int {
		v := number(name)
		if v != math.Trunc(v) || v < 1 || v > float64(most) {
			if !slices.ContainsFunc(t.faults, func(x fault.Field) bool { return x.Pointer == "/"+name }) {
				bad("/"+name, "labels_whole", most)
			}
			return 1
		}
		return int(v)
	}
	var ok bool
	if ch.kind, ok = label.KindByID(f.Value("kind")); !ok {
		bad("/kind", "missing")
		ch.kind = label.Kinds[0]
	}
	id := f.Value("stock")
	if id == customStock {
		id = customID(number("width"), number("height"), whole("dpi", label.MaxDPI))
	}
	if len(t.faults) == 0 {
		if ch.stock, err = stockByID(id); err != nil {
			if err := t.note("/stock", err); err != nil {
				bad("/stock", "missing")
			}
		}
	}
	if ch.lang = f.Value("language"); !slices.Contains(s.Words.Languages(), ch.lang) {
		bad("/language", "missing")
	}
	// Another kind has other parts, until somebody has seen them and chosen.
	if f.Value("was") == ch.kind.ID {
		for _, v := range f.Values["parts"] {
			ch.parts = append(ch.parts, label.Part(v))
		}
	}
	if len(ch.parts) == 0 {
		ch.parts = ch.kind.Parts
	}
	f.Values["was"], f.Values["parts"] = []string{ch.kind.ID}, nil
	for _, p := range ch.parts {
		f.Values["parts"] = append(f.Values["parts"], string(p))
	}
	var p fault.Problem
	ch.storage = p.Text("/storage", f.Value("storage"), 200, false)
	ch.count = p.Text("/count", f.Value("count"), 40, false)
	t.faults = append(t.faults, p.Fields...)
	ch.copies = whole("copies", trace.MaxPrint)
	ch.start = whole("start", max(1, ch.stock.Cells()))
	ch.reprint = f.Value("reprint") == "yes"
	if k, ok := kept.Calibrations[ch.stock.ID]; ok {
		ch.calibration = label.Calibration{DX: k.DX, DY: k.DY, ScaleX: k.ScaleX, ScaleY: k.ScaleY}
	}
	return ch, t.explain(nil)
}

// labelMaker draws the labels of a lot as chosen, with the organisation's logo if there is one; only those of
// items have a serial.
func (s *Server) labelMaker(pv *trace.Provenance, ch labelChoice, logo *label.Logo) func(serial string) label.Label {
	words := s.Words.Printer(ch.lang)
	b, pr, o := &pv.Batch, &pv.Product, &pv.Organisation
	day := func(d trace.Date) string {
		if d == "" {
			return ""
		}
		return words.Date(string(d))
	}
	values := map[label.Part]string{
		label.PartProduct: pr.Name, label.PartProducer: o.Name, label.PartAddress: o.Address,
		label.PartOrigin: words.T("country." + pr.CountryOfOrigin), label.PartLot: b.Lot, label.PartNetWeight: pr.NetContent,
		label.PartCount: ch.count, label.PartHarvestDate: day(b.HarvestDate), label.PartProductionDate: day(b.ProductionDate),
		label.PartPackagingDate: day(b.PackagingDate), label.PartBestBeforeDate: day(b.BestBeforeDate),
		label.PartExpirationDate: day(b.ExpirationDate), label.PartStorage: ch.storage, label.PartCode: trace.SpellCode(b.Code),
	}
	values[label.PartCertificates] = certificateLine(words, pv.Certificates)
	name := func(p label.Part) string { return words.T("label.part." + string(p)) }
	return func(serial string) label.Label {
		content := s.Ledger.CodeURL(b)
		if serial != "" {
			content = s.itemURL(b, serial)
			values[label.PartSerial] = trace.SpellCode(serial)
		}
		l := ch.kind.Compose(content, values, name, ch.parts...)
		l.Logo = logo
		return l
	}
}

// certificateLine names the certificates that nothing can be said against, for a label outlives the day:
// with their numbers if that is short enough for a line of a label.
func certificateLine(words *locale.Printer, all []trace.CertificateOn) string {
	const most = 100 // letters; a label takes twice as many
	var numbered, names []string
	for _, k := range all {
		name := k.Scheme.ShortName(words.Lang())
		// What the producer alone stands behind is no certificate, whatever the page says of it.
		if !k.Good() || k.Scheme.SelfDeclared {
			continue
		}
		numbered = append(numbered, strings.TrimSpace(name+" "+k.Certificate.Number))
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(numbered) == 0 {
		return ""
	}
	if line := words.List(numbered); len([]rune(line)) <= most {
		return line
	}
	for len(names) > 1 && len([]rune(words.List(names))) > most {
		names = names[:len(names)-1]
	}
	return words.List(names)
}

// itemURL is what the code of one item of a lot holds.
func (s *Server) itemURL(b *trace.Batch, serial string) string {
	if link := s.Ledger.DigitalLink(b); link != "" {
		return link + "/21/" + serial
	}
	return s.Ledger.PageURL(b) + "?21=" + serial
}

// sampleSerial stands on the preview of an item's label. Its check character is wrong, so that it can
// be nobody's.
const sampleSerial = "XXXXXXXXXXXX"

func (ch labelChoice) sample(make func(string) label.Label) label.Label {
	if ch.kind.ID == "item" {
		return make(sampleSerial)
	}
	return make("")
}

// LabelsPage is the form for printing the labels of a lot, with what will be printed.
type LabelsPage struct {
	Base
	Form   *Form
	Batch  trace.Batch
	Groups []Group
	// SVG and PNG are the addresses of the picture, empty if there is none.
	SVG, PNG string
	// Width is that of the picture on the page in px, so that it is about as large as on paper.
	Width int
	// Size says how large the label is and how large the squares of its code.
	Size     string
	Warnings []string
	// Balance compares the labels printed so far with the lot; Excess tells that there are too many.
	Balance string
	Excess  bool
	// Correct leads to the page for correcting the printer.
	Correct Link
	// May print; others see what would be printed.
	May  bool
	Void *Action
	Runs Section
}

// labelForm shows the form; with fields in the address, what they would print.
func (s *Server) labelForm(c *request) error {
	kept, err := s.Ledger.PrintChoice(c.ctx(), c.actor)
	if err != nil {
		return err
	}
	f := labelsOf(c, kept)
	if c.Query("kind") != "" {
		f.query(c, labelFields...)
	}
	return s.showLabels(c, f, kept, nil)
}

// showLabels draws the page. What is wrong with the form is told in it; t is a failed voiding.
func (s *Server) showLabels(c *request, f *Form, kept trace.PrintChoice, t *tried) error {
	st, err := s.Ledger.Batch(c.ctx(), c.actor, c.Params("code"))
	if err != nil {
		return err
	}
	pv, err := s.Ledger.Provenance(c.ctx(), st.Doc.Code)
	if err != nil {
		return err
	}
	runs, err := s.Ledger.Prints(c.ctx(), c.actor, st.Doc.Code)
	if err != nil {
		return err
	}
	path := "/work/batches/" + st.Doc.Code
	p := &LabelsPage{
		Base: s.workBase(c, "labels.title", pv.Product.Name, pv.Batch.Lot), Form: f, Batch: st.Doc,
		May: s.Ledger.MayKeep(c.actor, &pv.Organisation) && st.Doc.State != trace.Recalled && st.Doc.State != trace.Voided,
	}
	// The link to the other language opens the form as it is, also after it was sent.
	p.Path, p.kept = path+"/labels", url.Values{}
	for _, name := range labelFields {
		if v := f.Values[name]; len(v) > 0 {
			p.kept[name] = v
		}
	}
	claims, err := s.Ledger.RollClaims(c.ctx(), c.actor, st.Doc.Code)
	if err != nil {
		return err
	}
	p.Balance, p.Excess = balanceText(c.words, st.Doc.Balance(runs).WithRolls(claims))
	p.Runs = printSection(c.words, runs)
	ch, err := s.readLabels(f, kept)
	if err == nil {
		err = s.previewLabels(c, p, pv, ch)
	}
	if err != nil && f.Told == nil && !f.fail(c, err) {
		return err
	}
	p.Groups = s.labelGroups(c, f)
	p.Correct = Link{Href: "/work/labels/printer?batch=" + st.Doc.Code + "&stock=" + url.QueryEscape(ch.stock.ID), Label: c.words.T("labels.printer")}
	if ch.stock.ID == "" {
		p.Correct = Link{}
	}
	if slices.ContainsFunc(runs, func(r trace.PrintRun) bool { return r.Serials > 0 }) &&
		(s.Ledger.MayKeep(c.actor, &pv.Organisation) || s.Ledger.MayJudge(c.actor, &pv.Organisation)) {
		a := act(c, t, "void_serials", "serials", path+"/labels/void")
		a.Danger = true
		a.Fields = []Field{a.Form.Field("from", "text", true), a.Form.Field("to", "text", false), a.Form.Field("reason", "area", true)}
		p.Void = &a
	}
	return s.render(c, "labels", p)
}

// previewLabels works the label out: how large it is, and what is doubtful about it.
func (s *Server) previewLabels(c *request, p *LabelsPage, pv *trace.Provenance, ch labelChoice) error {
	logo, missing := s.logoOf(c, &pv.Organisation, ch)
	l := ch.stock.Fit(ch.sample(s.labelMaker(pv, ch, logo)))
	d, err := l.Layout(25.4 / float64(ch.stock.DPI))
	if err != nil {
		return at("/stock", err)
	}
	if missing {
		p.Warnings = append(p.Warnings, c.words.T("label.warning.logo_missing"))
	}
	for _, w := range d.Warnings {
		p.Warnings = append(p.Warnings, c.words.T("label.warning."+w.Code, w.Args...))
	}
	q := url.Values{}
	for _, name := range labelFields {
		q[name] = p.Form.Values[name]
	}
	preview := "/work/batches/" + pv.Batch.Code + "/labels/preview"
	p.SVG, p.PNG = preview+".svg?"+q.Encode(), preview+".png?"+q.Encode()
	p.Width = int(math.Round(d.Width * 96 / 25.4))
	p.Size = c.words.T("labels.size", plain(d.Width), plain(d.Height), plain(d.Module))
	return nil
}

// at gives a fault that names no field one.
func at(pointer string, err error) error {
	var t typing
	if err := t.note(pointer, err); err != nil {
		return err
	}
	return t.explain(nil)
}

// labelGroups are the fields of the form.
func (s *Server) labelGroups(c *request, f *Form) []Group {
	w := c.words
	var kinds, papers, parts []Option
	for _, k := range label.Kinds {
		kinds = append(kinds, Option{Value: k.ID, Label: w.T("label.kind." + k.ID)})
	}
	all, _ := stocks() // New has failed otherwise
	for _, st := range all {
		papers = append(papers, Option{Value: st.ID, Label: stockName(w, st)})
	}
	papers = append(papers, Option{Value: customStock, Label: w.T("labels.custom")})
	for _, p := range label.Parts {
		parts = append(parts, Option{Value: string(p), Label: w.T("label.part." + string(p))})
	}
	size := group(w.T("labels.custom_group"), true, f.Field("width", "number", false), f.Field("height", "number", false), f.Field("dpi", "number", false))
	size.Side = true
	size.Open = f.Value("stock") == customStock || len(f.Bad("width"))+len(f.Bad("height"))+len(f.Bad("dpi")) > 0
	what := group(w.T("labels.parts_group"), true,
		f.Choice("parts", "boxes", false, parts), f.Field("storage", "text", false), f.Field("count", "text", false))
	what.Open = len(f.Bad("storage"))+len(f.Bad("count")) > 0
	return []Group{
		group("", false, f.Choice("kind", "select", true, kinds), f.Choice("stock", "select", true, papers),
			f.Choice("language", "select", true, s.languageOptions())),
		size, what,
		group("", false, f.Field("copies", "number", true), f.Field("start", "number", true), f.Field("reprint", "check", false)),
	}
}

// labelPreview draws the label as it will be printed.
func (s *Server) labelPreview(c *request) error {
	format, _ := label.ByExt(c.Path()[strings.LastIndexByte(c.Path(), '.')+1:])
	pv, err := s.labelled(c)
	if err != nil {
		return err
	}
	f := labelsOf(c, trace.PrintChoice{})
	f.query(c, labelFields...)
	ch, err := s.readLabels(f, trace.PrintChoice{})
	if err != nil {
		return err
	}
	logo, _ := s.logoOf(c, &pv.Organisation, ch)
	l := ch.stock.Fit(ch.sample(s.labelMaker(pv, ch, logo)))
	if format.Ext == "png" {
		l.DPI = min(l.DPI, label.DefaultDPI) // a card of 600 dpi is too large a picture
	}
	var b strings.Builder
	if err := format.Encode(&b, l); err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, format.MediaType)
	c.Set(fiber.HeaderContentSecurityPolicy, "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'")
	c.Set(fiber.HeaderCacheControl, "private, no-cache")
	return c.SendString(b.String())
}

// labelled is the lot that the address names, to those who may see its organisation's records.
func (s *Server) labelled(c *request) (*trace.Provenance, error) {
	b, err := s.Ledger.Batch(c.ctx(), c.actor, c.Params("code"))
	if err != nil {
		return nil, err
	}
	return s.Ledger.Provenance(c.ctx(), b.Doc.Code)
}

// balanceText compares the labels of a lot with its pieces, with the arithmetic.
func balanceText(w *locale.Printer, b trace.PrintBalance) (text string, excess bool) {
	if b.Claimed > 0 {
		return rollBalance(w, b)
	}
	switch {
	case b.Labels() == 0:
		return "", false
	case b.Pieces == 0:
		return w.T("labels.balance", b.Labels(), b.First, b.Again), false
	case b.Excess() > 0:
		return w.T("labels.balance_excess", b.First, b.Again, b.Labels(), b.Pieces, b.Excess()), true
	}
	return w.T("labels.balance_pieces", b.Labels(), b.First, b.Again, b.Pieces, b.Pieces-b.Labels()), false
}

// printSection lists the print runs of a lot.
func printSection(w *locale.Printer, runs []trace.PrintRun) Section {
	sec := Section{Title: w.T("labels.runs"), Empty: w.T("labels.no_runs")}
	for _, r := range runs {
		name := r.Stock
		if stock, err := stockByID(r.Stock); err == nil {
			name = stockName(w, stock)
		}
		row := Row{
			Title: w.T("labels.run", w.T("label.kind."+r.Kind), r.Labels),
			Notes: []string{w.Time(r.At), r.By.Name, name, strings.ToUpper(r.Format)},
		}
		if r.Reprint {
			row.Tag, row.Tone = w.T("labels.reprinted"), "warn"
		}
		sec.Rows = append(sec.Rows, row)
	}
	return sec
}
