package web

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"truynguon/internal/fault"
	"truynguon/internal/label"
	"truynguon/internal/trace"
)

// lineageRoutes are the pages about lots that are made of lots and move.
func (s *Server) lineageRoutes() []route {
	return []route{
		{get, "/work/batches/:code/trace", insiders, s.lineagePage},
		{get, "/work/batches/:code/trace.csv", insiders, s.traceTable},
		{get, "/work/batches/:code/plots.geojson", insiders, s.tracePlots},
		{get, "/work/transformations", insiders, s.transformationList},
		{get, "/work/transformations/new", keepers, s.transformationNew},
		{post, "/work/transformations/new", keepers, s.transformationMake},
		{get, "/work/transformations/:id", insiders, s.transformationShow},
		{post, "/work/transformations/:id/void", keepers, s.transformationVoid},
		{get, "/work/shipments", insiders, s.shipmentList},
		{get, "/work/shipments/new", keepers, s.shipmentNew},
		{post, "/work/shipments/new", keepers, s.shipmentSend},
		{get, "/work/shipments/:id", insiders, s.shipmentShow},
		{get, "/work/shipments/:id/note", keepers, s.shipmentNote},
		{get, "/work/shipments/:id/qr.svg", keepers, s.shipmentCode},
		{post, "/work/shipments/:id/:verb", keepers, s.shipmentChange},
		{get, "/work/packing", insiders, s.packingList},
		{get, "/work/packing/new", keepers, s.packingNew},
		{post, "/work/packing/new", keepers, s.packingPack},
		{post, "/work/packing/:id/open", keepers, s.packingOpen},
		{get, "/u/:code", anyone, s.unitPage},
		{get, "/receive/:secret", anyone, s.receiveForm},
		{post, "/receive/:secret", anyone, s.receiveSay},
	}
}

// LineagePage shows what a lot was made of, what was made of it, and where it went.
type LineagePage struct {
	Base
	Up, Down *TreePicture
	Facts    []Fact
	Sections []Section
	Links    []Link
	Back     Link
}

// lineagePage draws both trees of a lot.
func (s *Server) lineagePage(c *request) error {
	st, err := s.Ledger.Batch(c.ctx(), c.actor, c.Params("code"))
	if err != nil {
		return err
	}
	b := st.Doc
	pr, err := s.Ledger.Product(c.ctx(), b.Product)
	if err != nil {
		return err
	}
	path := "/work/batches/" + b.Code
	p := &LineagePage{Base: s.workBase(c, "lineage.title", pr.Doc.Name, b.Lot), Back: Link{Href: path, Label: c.words.T("lineage.back")}}
	href := func(code string) string { return "/l/" + code }
	var sent []trace.Shipment
	for _, dir := range trace.Directions {
		g, err := s.Ledger.Trace(c.ctx(), c.actor, b.Code, dir)
		if err != nil {
			return err
		}
		ln, err := s.Ledger.LineageOf(c.ctx(), g)
		if err != nil {
			return err
		}
		if dir == trace.Up {
			p.Up = tree(c.words, ln, href)
		} else {
			p.Down, sent = tree(c.words, ln, href), g.Shipments
		}
	}
	stock, err := s.Ledger.LotStock(c.ctx(), c.actor, b.Code, "")
	if err != nil {
		return err
	}
	p.Facts = stockFacts(&p.Base, stock)
	moves := Section{Title: c.words.T("lineage.shipments"), Empty: c.words.T("lineage.no_shipments")}
	for i := range sent {
		moves.Rows = append(moves.Rows, shipmentRow(c, &p.Base, &sent[i]))
	}
	p.Sections = []Section{moves}
	p.Links = []Link{
		{path + "/trace.csv?direction=up", c.words.T("lineage.csv_up")}, {path + "/trace.csv?direction=down", c.words.T("lineage.csv_down")},
		{path + "/plots.geojson", c.words.T("lineage.geojson")},
	}
	return s.render(c, "lineage", p)
}

// stockFacts are what became of a lot, in numbers.
func stockFacts(b *Base, a trace.LotStock) (out []Fact) {
	for _, line := range []struct {
		key   string
		value trace.Amount
	}{
		{"had", a.Had}, {"received", a.Received}, {"used", a.Used}, {"shipped", a.Shipped}, {"sold", a.Sold}, {"destroyed", a.Destroyed},
	} {
		if line.value != 0 {
			out = append(out, Fact{Label: b.T("stock." + line.key), Value: b.Measure(trace.Quantity{Value: line.value, UOM: a.UOM})})
		}
	}
	left := b.T("stock.unclear")
	if !a.Unclear {
		n := a.Left()
		sign := ""
		if n < 0 {
			sign, n = "−", -n
		}
		left = sign + b.Measure(trace.Quantity{Value: n, UOM: a.UOM})
		if sign != "" {
			left += " – " + b.T("stock.negative")
		}
	}
	return append(out, Fact{Label: b.T("stock.left"), Value: left})
}

// heldOptions are the lots that an organisation can use or send, with what is left of each.
func (s *Server) heldOptions(c *request, org string) ([]Option, error) {
	lots, err := s.Ledger.LotsInStock(c.ctx(), c.actor, org)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, h := range lots {
		ids = append(ids, h.Batch.Product)
	}
	goods, err := s.Ledger.ProductsByID(c.ctx(), ids)
	if err != nil {
		return nil, err
	}
	var out []Option
	for _, h := range lots {
		text := goods[h.Batch.Product].Name + " · " + h.Batch.Lot
		if !h.Stock.Unclear {
			text = c.words.T("stock.option", text, c.words.Quantity(max(0, h.Stock.Left()).String(), h.Stock.UOM))
		}
		out = append(out, Option{Value: h.Batch.Code, Label: text})
	}
	return out, nil
}

// row is a numbered field of a form.
func row(list string, i int, field string) string { return list + "/" + strconv.Itoa(i) + "/" + field }

// filled is how many rows of a form were filled in, up to the last.
func filled(f *Form, list string, rows int, fields ...string) (n int) {
	for i := range rows {
		for _, field := range fields {
			if strings.TrimSpace(f.Value(row(list, i, field))) != "" {
				n = i + 1
			}
		}
	}
	return n
}

const inputRows, outputRows = 5, 4

// lotRows are the fields for parts of lots.
func lotRows(c *request, f *Form, list string, rows int, held []Option) (out []Group) {
	for i := range rows {
		g := group("", false,
			f.Choice(row(list, i, "lot"), "select", i == 0, held), f.Field(row(list, i, "quantity/value"), "number", i == 0),
			f.Choice(row(list, i, "quantity/uom"), "select", false, units(c.words)))
		g.Side, g.Fields[2].Mod = true, "product"
		if i > 0 {
			g.Title, g.Fold = c.words.T("making.another_lot"), true
			g.Open = g.Fields[0].Value != "" || g.Fields[1].Value != ""
		}
		out = append(out, g)
	}
	return out
}

func readLotRows(f *Form, t *typing, list string, rows int) (out []trace.LotAmountDraft) {
	for i := range filled(f, list, rows, "lot", "quantity/value") {
		out = append(out, trace.LotAmountDraft{Lot: f.Value(row(list, i, "lot")), Quantity: trace.QuantityDraft{
			Value: t.number("/"+row(list, i, "quantity/value"), f.Value(row(list, i, "quantity/value"))), UOM: f.Value(row(list, i, "quantity/uom")),
		}})
	}
	return out
}

func rowNames(list string, rows int, fields ...string) (out []string) {
	for i := range rows {
		for _, field := range fields {
			out = append(out, row(list, i, field))
		}
	}
	return out
}

// placeOptions are an organisation's places.
func (s *Server) placeOptions(c *request, org string) (out []Option, err error) {
	places, _, err := s.Ledger.Places(c.ctx(), c.actor, org, "", choiceSize)
	for _, pl := range places {
		out = append(out, Option{Value: pl.Doc.ID, Label: pl.Doc.Name})
	}
	return out, err
}

// transformationNew is the form for making lots of lots.
func (s *Server) transformationNew(c *request) error {
	return s.newOfLots(c, "making.title", "/work/transformations/new", "making", "inputs", "kind", "process", s.transformationForm)
}

// newOfLots is a form about lots of an organisation, which is asked for first if it is not known: of today, with
// the lot that the address names, and with one field chosen.
func (s *Server) newOfLots(c *request, title, path, prefix, lots, field, chosen string, form func(*request, *Form, string) error) error {
	if c.org() == "" {
		return s.chooseOrg(c, title, path)
	}
	f := newForm(c, prefix)
	f.Values["date"], f.Values[field] = []string{string(s.Ledger.Today())}, []string{chosen}
	if code := c.Query("batch"); code != "" {
		f.Values[row(lots, 0, "lot")] = []string{code}
	}
	return form(c, f, c.org())
}

// heldAndPlaces are the lots that an organisation has, and its places, to choose from.
func (s *Server) heldAndPlaces(c *request, org string) (held, at []Option, err error) {
	if held, err = s.heldOptions(c, org); err != nil {
		return nil, nil, err
	}
	at, err = s.placeOptions(c, org)
	return held, at, err
}

func (s *Server) transformationForm(c *request, f *Form, org string) error {
	held, at, err := s.heldAndPlaces(c, org)
	if err != nil {
		return err
	}
	products, _, err := s.Ledger.Products(c.ctx(), c.actor, org, "", choiceSize)
	if err != nil {
		return err
	}
	var goods []Option
	for _, pr := range products {
		goods = append(goods, Option{Value: pr.Doc.ID, Label: pr.Doc.Name})
	}
	var kinds []string
	for _, k := range trace.TransformationKinds {
		kinds = append(kinds, k.ID)
	}
	day := f.Field("date", "date", true)
	day.Max = string(s.Ledger.Today())
	when := group("", false, day, f.Field("time", "time", false))
	when.Side = true
	p := &EditPage{
		Base: s.workBase(c, "making.title"), Form: f, Intro: c.words.T("making.intro"), Buttons: saveButton(c.words),
		Back:   &Link{Href: c.withOrg("/work/transformations", org), Label: c.words.T("menu.transformations")},
		Hidden: []Option{{Value: org, Label: "organisation"}},
		Groups: []Group{group("", false, f.Choice("kind", "select", true, wordedOptions(c.words, "transform.", kinds)), f.Choice("place", "select", true, at)), when},
	}
	in := lotRows(c, f, "inputs", inputRows, held)
	in[0].Title = c.words.T("making.in")
	p.Groups = append(p.Groups, in...)
	for i := range outputRows {
		g := group("", false, f.Choice(row("outputs", i, "product"), "select", i == 0, goods), f.Field(row("outputs", i, "lot"), "text", i == 0),
			f.Field(row("outputs", i, "quantity/value"), "number", i == 0), f.Choice(row("outputs", i, "quantity/uom"), "select", false, units(c.words)),
			f.Field(row("outputs", i, "expirationDate"), "date", false))
		g.Side, g.Fields[3].Mod, g.Title = true, "product", c.words.T("making.out")
		if i > 0 {
			g.Title, g.Fold = c.words.T("making.another_output"), true
			g.Open = g.Fields[0].Value != "" || g.Fields[1].Value != ""
		}
		p.Groups = append(p.Groups, g)
	}
	loss := group(c.words.T("making.losses"), false, f.Field("loss/value", "number", false), f.Choice("loss/uom", "select", false, units(c.words)), f.Field("lossReason", "text", false))
	loss.Side, loss.Fields[1].Mod = true, "product"
	p.Groups = append(p.Groups, loss, group("", false, f.Field("excessReason", "area", false), f.Field("note", "area", false)))
	return s.render(c, "edit", p)
}

// transformationMake makes lots of lots.
func (s *Server) transformationMake(c *request) error {
	f := newForm(c, "making")
	f.read(c, append(append([]string{"kind", "place", "date", "time", "loss/value", "loss/uom", "lossReason", "excessReason", "note"},
		rowNames("inputs", inputRows, "lot", "quantity/value", "quantity/uom")...),
		rowNames("outputs", outputRows, "product", "lot", "quantity/value", "quantity/uom", "expirationDate")...)...)
	var t typing
	d := trace.TransformationDraft{
		Token: f.Token, Organisation: c.org(), Kind: f.Value("kind"), Place: f.Value("place"), Date: t.date(f.Value("date")), Time: f.Value("time"),
		Inputs: readLotRows(f, &t, "inputs", inputRows), LossReason: f.Value("lossReason"), ExcessReason: f.Value("excessReason"), Note: f.Value("note"),
	}
	if v := f.Value("loss/value"); v != "" {
		d.Loss = trace.QuantityDraft{Value: t.number("/loss/value", v), UOM: f.Value("loss/uom")}
	}
	for i := range filled(f, "outputs", outputRows, "product", "lot", "quantity/value") {
		d.Outputs = append(d.Outputs, trace.OutputDraft{
			Product: f.Value(row("outputs", i, "product")), Lot: f.Value(row("outputs", i, "lot")), ExpirationDate: t.date(f.Value(row("outputs", i, "expirationDate"))),
			Quantity: trace.QuantityDraft{Value: t.number("/"+row("outputs", i, "quantity/value"), f.Value(row("outputs", i, "quantity/value"))), UOM: f.Value(row("outputs", i, "quantity/uom"))},
		})
	}
	st, err := s.Ledger.Transform(c.ctx(), c.actor, d)
	if err = t.explain(err); err != nil {
		return s.failed(c, f, err, func() error { return s.transformationForm(c, f, c.org()) })
	}
	return done(c, "/work/transformations/"+st.Doc.ID, "lots_made")
}

// transformationList lists transformations, newest first.
func (s *Server) transformationList(c *request) error {
	list, next, err := s.Ledger.Transformations(c.ctx(), c.actor, c.org(), c.Query("cursor"), listSize)
	if errors.Is(err, fault.Denied) && c.org() == "" {
		return s.chooseOrg(c, "menu.transformations", "/work/transformations")
	}
	if err != nil {
		return err
	}
	p := &ListPage{Base: s.workBase(c, "menu.transformations"), Intro: c.words.T("making.list_intro"), Empty: c.words.T("making.none"), More: c.more(next)}
	p.Add = &Link{Href: c.withOrg("/work/transformations/new", c.org()), Label: c.words.T("making.new")}
	for _, st := range list {
		t := &st.Doc
		r := Row{Title: c.words.T("transform." + t.Kind), Href: "/work/transformations/" + t.ID, Notes: []string{p.DayOf(t.At), c.words.T("making.counts", len(t.Inputs), len(t.Outputs))}}
		if t.Voided != nil {
			r.Tag = c.words.T("making.voided")
		}
		p.Rows = append(p.Rows, r)
	}
	return s.render(c, "list", p)
}

func (s *Server) transformationShow(c *request) error {
	return s.showTransformation(c, c.Params("id"), nil)
}

func (s *Server) showTransformation(c *request, id string, t *tried) error {
	st, err := s.Ledger.Transformation(c.ctx(), c.actor, id)
	if err != nil {
		return err
	}
	d := &st.Doc
	p := &RecordPage{Base: s.workBase(c, "transform."+d.Kind)}
	if t != nil {
		p.Failed = t.form
	}
	p.fact("making.date", p.DayOf(d.At))
	p.fact("making.note", d.Note)
	if b := d.Balance; b.Compared {
		p.fact("making.balance", p.T("making.arithmetic", p.Measure(trace.Quantity{Value: b.In, UOM: b.UOM}), p.Measure(trace.Quantity{Value: b.Out, UOM: b.UOM}), p.Measure(trace.Quantity{Value: b.Loss, UOM: b.UOM})))
		if b.Excess() > 0 {
			p.fact("making.excess", p.Measure(trace.Quantity{Value: b.Excess(), UOM: b.UOM}))
		}
		if b.Unaccounted() > 0 {
			p.fact("making.unaccounted", p.Measure(trace.Quantity{Value: b.Unaccounted(), UOM: b.UOM}))
		}
	} else {
		p.fact("making.balance", p.T("balance."+b.Why))
	}
	p.fact("making.lossReason", d.LossReason)
	p.fact("making.excessReason", d.ExcessReason)
	p.fact("making.recorded", p.T("work.when_who", d.Recorded, d.By.Name))
	for _, side := range []struct {
		title string
		parts []trace.LotPart
	}{{"making.in", d.Inputs}, {"making.out", d.Outputs}} {
		sec := Section{Title: p.T(side.title)}
		for _, part := range side.parts {
			sec.Rows = append(sec.Rows, Row{Title: trace.SpellCode(part.Lot), Href: "/l/" + part.Lot, Notes: []string{p.Measure(part.Quantity)}, Links: []Link{{"/work/batches/" + part.Lot, p.T("lineage.back")}}})
		}
		p.Sections = append(p.Sections, sec)
	}
	if d.Voided != nil {
		p.Tag = p.T("making.voided")
		p.fact("common.reason", d.Voided.Reason)
	} else if o, err := s.Ledger.Organisation(c.ctx(), d.Organisation); err == nil && s.Ledger.MayKeep(c.actor, &o.Doc) {
		a := act(c, t, "void_making", "act", "/work/transformations/"+d.ID+"/void")
		a.Danger, a.Fields = true, []Field{a.Form.Field("reason", "area", true)}
		p.Actions = append(p.Actions, a)
	}
	return s.render(c, "record", p)
}

func (s *Server) transformationVoid(c *request) error {
	id := c.Params("id")
	f := newForm(c, "act")
	f.read(c, "reason")
	if _, err := s.Ledger.VoidTransformation(c.ctx(), c.actor, id, f.Value("reason")); err != nil {
		return s.failed(c, f, err, func() error { return s.showTransformation(c, id, &tried{"void_making", f}) })
	}
	return done(c, "/work/transformations/"+url.PathEscape(id), "making_voided")
}

// shipmentCode draws the code on a delivery note.
func (s *Server) shipmentCode(c *request) error {
	st, err := s.Ledger.Shipment(c.ctx(), c.actor, c.Params("id"))
	if err != nil {
		return err
	}
	if st.Doc.Secret == "" {
		return fault.NotFound
	}
	format, ok := label.ByExt("svg")
	if !ok {
		return fmt.Errorf("web: no svg among the label formats")
	}
	var picture bytes.Buffer
	if err := format.Encode(&picture, label.Label{Content: s.Ledger.Base + "/receive/" + st.Doc.Secret}); err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, format.MediaType)
	c.Set(fiber.HeaderContentSecurityPolicy, "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'")
	c.Set(fiber.HeaderCacheControl, "private, no-store")
	return c.Send(picture.Bytes())
}
