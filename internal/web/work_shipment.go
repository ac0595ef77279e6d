package web

import (
	"errors"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"truynguon/internal/fault"
	"truynguon/internal/trace"
)

const shipmentRows = 5

// shipmentRow describes a shipment for a list.
func shipmentRow(c *request, b *Base, s *trace.Shipment) Row {
	r := Row{Title: b.T("shipmentKind." + s.Kind), Href: "/work/shipments/" + s.ID, Notes: []string{b.DayOf(s.At)}}
	if s.Inbound {
		r.Title = b.T("shipmentKind.inbound")
	}
	other := s.Other()
	if c.actor.Org != "" && c.actor.Org == s.To.Organisation {
		other = s.From
	}
	if other.Name != "" {
		r.Notes = append(r.Notes, other.Name)
	}
	for _, lot := range s.Lots {
		r.Notes = append(r.Notes, b.Measure(lot.Quantity))
		break
	}
	switch receipt := s.Receipt(); {
	case s.Voided != nil:
		r.Tag = b.T("shipment.voided")
	case receipt != nil && receipt.ByNote:
		r.Tag, r.Tone = b.T("shipment.by_note"), "warn"
	case receipt != nil:
		r.Tag, r.Tone = b.T("shipment.received"), "good"
	case s.Secret != "":
		r.Tag = b.T("shipment.waiting")
	}
	return r
}

// shipmentList lists shipments, newest first.
func (s *Server) shipmentList(c *request) error {
	list, next, err := s.Ledger.Shipments(c.ctx(), c.actor, c.org(), c.Query("cursor"), listSize)
	if errors.Is(err, fault.Denied) && c.org() == "" {
		return s.chooseOrg(c, "menu.shipments", "/work/shipments")
	}
	if err != nil {
		return err
	}
	p := &ListPage{Base: s.workBase(c, "menu.shipments"), Intro: c.words.T("shipment.list_intro"), Empty: c.words.T("shipment.none"), More: c.more(next)}
	p.Add = &Link{Href: c.withOrg("/work/shipments/new", c.org()), Label: c.words.T("shipment.new")}
	for i := range list {
		p.Rows = append(p.Rows, shipmentRow(c, &p.Base, &list[i].Doc))
	}
	return s.render(c, "list", p)
}

func (s *Server) shipmentNew(c *request) error {
	return s.newOfLots(c, "shipment.new", "/work/shipments/new", "shipping", "lots", "kind", trace.Delivery, s.shipmentForm)
}

func (s *Server) shipmentForm(c *request, f *Form, org string) error {
	held, at, err := s.heldAndPlaces(c, org)
	if err != nil {
		return err
	}
	day := f.Field("date", "date", true)
	day.Max = string(s.Ledger.Today())
	when := group("", false, day, f.Field("time", "time", false))
	when.Side = true
	p := &EditPage{
		Base: s.workBase(c, "shipment.new"), Form: f, Intro: c.words.T("shipment.intro"), Buttons: saveButton(c.words),
		Back:   &Link{Href: c.withOrg("/work/shipments", org), Label: c.words.T("menu.shipments")},
		Hidden: []Option{{Value: org, Label: "organisation"}},
		Groups: []Group{group("", false, f.Choice("kind", "select", true, wordedOptions(c.words, "shipmentKind.", trace.ShipmentKinds)), f.Field("inbound", "check", false)), when},
	}
	lots := lotRows(c, f, "lots", shipmentRows, held)
	lots[0].Title = c.words.T("shipment.what")
	lots[0].Fields[0].Required, lots[0].Fields[1].Required = false, false // cartons will do
	p.Groups = append(p.Groups, lots...)
	p.Groups = append(p.Groups,
		group("", false, f.Field("units", "area", false)),
		group(c.words.T("shipment.party"), false, f.Field("party/name", "text", false), f.Field("party/address", "text", false), f.Field("party/code", "text", false), f.Field("party/organisation", "text", false)),
		group(c.words.T("shipment.how"), false, f.Choice("place", "select", false, at), f.Field("where", "text", false), f.Field("vehicle", "text", false), f.Field("invoice", "text", false)),
		group(c.words.T("shipment.destroyed"), true, f.Field("witness", "text", false)),
		group("", false, f.Field("note", "area", false), f.Field("excessReason", "area", false)))
	return s.render(c, "edit", p)
}

func (s *Server) shipmentSend(c *request) error {
	f := newForm(c, "shipping")
	f.read(c, append([]string{"kind", "inbound", "date", "time", "units", "party/name", "party/address", "party/code", "party/organisation", "place", "where", "vehicle", "invoice", "witness", "note", "excessReason"},
		rowNames("lots", shipmentRows, "lot", "quantity/value", "quantity/uom")...)...)
	var t typing
	d := trace.ShipmentDraft{
		Token: f.Token, Organisation: c.org(), Kind: f.Value("kind"), Inbound: f.Value("inbound") == "yes", Date: t.date(f.Value("date")), Time: f.Value("time"),
		Party: trace.Party{Organisation: f.Value("party/organisation"), Name: f.Value("party/name"), Address: f.Value("party/address"), Code: f.Value("party/code")},
		Place: f.Value("place"), Where: f.Value("where"), Vehicle: f.Value("vehicle"), Witness: f.Value("witness"), Note: f.Value("note"), ExcessReason: f.Value("excessReason"),
	}
	for _, line := range lines(f.Value("units")) {
		if code, ok := trace.ParseCode(line); ok {
			line = code
		}
		d.Units = append(d.Units, line)
	}
	if n := f.Value("invoice"); n != "" {
		d.Documents = []trace.BusinessDocument{{Type: "inv", Number: n}}
	}
	for _, lot := range readLotRows(f, &t, "lots", shipmentRows) {
		d.Lots = append(d.Lots, trace.ShippedLotDraft{Lot: lot.Lot, Quantity: lot.Quantity})
	}
	st, err := s.Ledger.Ship(c.ctx(), c.actor, d)
	if err = t.explain(rename(err, "/documents", "/invoice")); err != nil {
		return s.failed(c, f, err, func() error { return s.shipmentForm(c, f, c.org()) })
	}
	return done(c, "/work/shipments/"+st.Doc.ID, "shipment_recorded")
}

func (s *Server) shipmentShow(c *request) error { return s.showShipment(c, c.Params("id"), nil) }

func (s *Server) showShipment(c *request, id string, t *tried) error {
	st, err := s.Ledger.Shipment(c.ctx(), c.actor, id)
	if err != nil {
		return err
	}
	d := &st.Doc
	p := &RecordPage{Base: s.workBase(c, "shipmentKind."+d.Kind)}
	shown := shipmentRow(c, &p.Base, d)
	p.Tag, p.Tone = shown.Tag, shown.Tone
	if t != nil {
		p.Failed = t.form
	}
	p.Facts = shipmentFacts(&p.Base, d)
	p.fact("making.recorded", p.T("work.when_who", d.Recorded, d.By.Name))
	for _, code := range d.Missing() {
		p.fact("shipment.missing", p.T("shipment.missing."+code))
	}
	p.Sections = []Section{s.shippedSection(c, &p.Base, d)}
	for i := range d.Receipts {
		p.Sections = append(p.Sections, receiptSection(&p.Base, d, &d.Receipts[i]))
	}
	if d.Voided != nil {
		p.fact("common.reason", d.Voided.Reason)
	}
	keeps := func(org string) bool {
		o, err := s.Ledger.Organisation(c.ctx(), org)
		return org != "" && err == nil && s.Ledger.MayKeep(c.actor, &o.Doc)
	}
	own := keeps(d.Organisation)
	if own && d.Secret != "" && d.Voided == nil {
		p.Actions = append(p.Actions, Action{Verb: "note", Label: p.T("act.note"), Href: "/work/shipments/" + d.ID + "/note"})
	}
	if receipt := d.Receipt(); d.Voided == nil && !d.Inbound && (receipt == nil || receipt.ByNote) && keeps(d.To.Organisation) {
		a := act(c, t, "receive", "receiving", "/work/shipments/"+d.ID+"/receive")
		a.Form.set("date", string(s.Ledger.Today()))
		a.Fields = append([]Field{a.Form.Field("date", "date", true)}, s.receiptFields(c, a.Form, d)...)
		p.Actions = append(p.Actions, a)
	}
	if own && d.Voided == nil && len(d.Receipts) == 0 {
		a := act(c, t, "void_shipment", "act", "/work/shipments/"+d.ID+"/void")
		a.Danger, a.Fields = true, []Field{a.Form.Field("reason", "area", true)}
		p.Actions = append(p.Actions, a)
	}
	return s.render(c, "record", p)
}

// shipmentFacts are what is known of a shipment, parties first.
func shipmentFacts(b *Base, d *trace.Shipment) (out []Fact) {
	add := func(key, value string) {
		if value != "" {
			out = append(out, Fact{Label: b.T(key), Value: value})
		}
	}
	party := func(key string, p trace.Party) {
		var parts []string
		for _, text := range []string{p.Name, p.Address, p.Code} {
			if text != "" {
				parts = append(parts, text)
			}
		}
		add(key, strings.Join(parts, " · "))
	}
	party("shipment.from", d.From)
	party("shipment.to", d.To)
	when := b.Time(d.At)
	if d.DayOnly {
		when = b.DayOf(d.At)
	}
	add("shipping.date", when)
	add("shipping.where", d.Where)
	add("shipping.vehicle", d.Vehicle)
	for _, doc := range d.Documents {
		add("shipping.invoice", doc.Number)
	}
	add("shipping.witness", d.Witness)
	add("shipping.note", d.Note)
	add("shipping.excessReason", d.ExcessReason)
	return out
}

func (s *Server) shippedSection(c *request, b *Base, d *trace.Shipment) Section {
	sec := Section{Title: b.T("shipment.what")}
	names := s.lotNames(c, d)
	for _, lot := range d.Lots {
		r := Row{Title: names[lot.Lot], Href: "/l/" + lot.Lot, Notes: []string{trace.SpellCode(lot.Lot), b.Measure(lot.Quantity)}}
		sec.Rows = append(sec.Rows, r)
	}
	for _, unit := range d.Units {
		sec.Rows = append(sec.Rows, Row{Title: b.T("packing.unit", trace.SpellCode(unit)), Href: "/u/" + unit})
	}
	return sec
}

// lotNames are what the lots of a shipment are called, product and lot number: whoever may see the shipment
// may see that, as the lots' own pages say it to anybody. A lot that cannot be read is called by its code.
func (s *Server) lotNames(c *request, d *trace.Shipment) map[string]string {
	var codes []string
	names := map[string]string{}
	for _, lot := range d.Lots {
		codes = append(codes, lot.Lot)
		names[lot.Lot] = trace.SpellCode(lot.Lot)
	}
	answers, err := s.Ledger.Verify(c.ctx(), codes)
	if err != nil {
		return names
	}
	for i, code := range codes {
		if i < len(answers) && answers[i].Lot != nil && answers[i].Lot.Product.Name != "" {
			names[code] = answers[i].Lot.Product.Name + " · " + answers[i].Lot.Batch.Lot
		}
	}
	return names
}

// receiptSection is what a receiver said. What was said by the delivery note is said to be that.
func receiptSection(b *Base, d *trace.Shipment, r *trace.Receipt) Section {
	sec := Section{Title: b.T("shipment.receipt")}
	head := Row{Title: r.Name, Tag: b.T("shipment.received"), Tone: "good", Notes: []string{b.Day(r.Date)}}
	if r.ByNote {
		head.Tag, head.Tone = b.T("shipment.by_note"), "warn"
	}
	if r.Note != "" {
		head.Notes = append(head.Notes, r.Note)
	}
	sec.Rows = []Row{head}
	for i, lot := range r.Lots {
		line := Row{Title: trace.SpellCode(lot.Lot), Notes: []string{b.Measure(lot.Quantity)}}
		if lot.Quantity != d.Lots[i].Quantity {
			line.Tag, line.Tone = b.T("shipment.differs", b.Measure(d.Lots[i].Quantity)), "warn"
		}
		sec.Rows = append(sec.Rows, line)
	}
	return sec
}

// receiptFields are the fields for what arrived.
func (s *Server) receiptFields(c *request, f *Form, d *trace.Shipment) (out []Field) {
	names := s.lotNames(c, d)
	for i, lot := range d.Lots {
		name := "quantities/" + itoa(i)
		f.set(name, typedAmount(lot.Quantity.Value, c))
		field := f.Field(name, "number", true)
		field.Label = c.words.T("receiving.of", names[lot.Lot], c.words.UnitName(lot.Quantity.UOM))
		out = append(out, field)
	}
	return append(out, f.Field("note", "area", false))
}

// readReceipt reads what a receiver typed.
func readReceipt(c *request, d *trace.Shipment) (*Form, *typing, trace.ReceiptDraft) {
	f := newForm(c, "receiving")
	names := []string{"name", "date", "note"}
	for i := range d.Lots {
		names = append(names, "quantities/"+itoa(i))
	}
	f.read(c, names...)
	t := new(typing)
	draft := trace.ReceiptDraft{Name: f.Value("name"), Date: t.date(f.Value("date")), Note: f.Value("note")}
	for i := range d.Lots {
		name := "quantities/" + itoa(i)
		draft.Quantities = append(draft.Quantities, t.number("/"+name, f.Value(name)))
	}
	return f, t, draft
}

// shipmentChange receives or voids a shipment.
func (s *Server) shipmentChange(c *request) error {
	id := c.Params("id")
	switch c.Params("verb") {
	case "receive":
		st, err := s.Ledger.Shipment(c.ctx(), c.actor, id)
		if err != nil {
			return err
		}
		f, t, d := readReceipt(c, &st.Doc)
		_, err = s.Ledger.Receive(c.ctx(), c.actor, id, d)
		if err = t.explain(err); err != nil {
			return s.failed(c, f, err, func() error { return s.showShipment(c, id, &tried{"receive", f}) })
		}
		return done(c, "/work/shipments/"+url.PathEscape(id), "shipment_received")
	case "void":
		f := newForm(c, "act")
		f.read(c, "reason")
		if _, err := s.Ledger.VoidShipment(c.ctx(), c.actor, id, f.Value("reason")); err != nil {
			return s.failed(c, f, err, func() error { return s.showShipment(c, id, &tried{"void_shipment", f}) })
		}
		return done(c, "/work/shipments/"+url.PathEscape(id), "shipment_voided")
	}
	return fault.NotFound
}

// NotePage is a delivery note to be printed, with the code by which the receiver answers.
type NotePage struct {
	Base
	Facts   []Fact
	Section Section
	Code    string
	Address string
}

func (s *Server) shipmentNote(c *request) error {
	st, err := s.Ledger.Shipment(c.ctx(), c.actor, c.Params("id"))
	if err != nil {
		return err
	}
	if st.Doc.Secret == "" {
		return fault.NotFound
	}
	p := &NotePage{Base: s.workBase(c, "note.title"), Code: "/work/shipments/" + st.Doc.ID + "/qr.svg", Address: s.Ledger.Base + "/receive/" + st.Doc.Secret}
	p.Facts, p.Section = shipmentFacts(&p.Base, &st.Doc), s.shippedSection(c, &p.Base, &st.Doc)
	return s.render(c, "note", p)
}

// receiveForm is the page that a delivery note leads to: what it says, and the form for answering.
func (s *Server) receiveForm(c *request) error {
	f := newForm(c, "receiving")
	f.Values["date"] = []string{string(s.Ledger.Today())}
	return s.receivePage(c, f)
}

func (s *Server) receivePage(c *request, f *Form) error {
	st, err := s.Ledger.DeliveryNote(c.ctx(), c.Params("secret"))
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderCacheControl, "private, no-store")
	c.Set(fiber.HeaderReferrerPolicy, "no-referrer")
	d := &st.Doc
	if d.Voided != nil || len(d.Receipts) > 0 {
		p := &RecordPage{Base: s.base(c, "note.title"), Intro: c.words.T("note.answered")}
		if d.Voided != nil {
			p.Intro = c.words.T("note.voided")
		}
		p.Facts, p.Sections = shipmentFacts(&p.Base, d), []Section{s.shippedSection(c, &p.Base, d)}
		for i := range d.Receipts {
			p.Sections = append(p.Sections, receiptSection(&p.Base, d, &d.Receipts[i]))
		}
		return s.render(c, "record", p)
	}
	b := s.base(c, "note.answer")
	var text []string
	for _, fact := range shipmentFacts(&b, d) {
		text = append(text, fact.Label+": "+fact.Value)
	}
	who := group(c.words.T("note.you"), false, f.Field("name", "text", true), f.Field("date", "date", true))
	who.Text = c.words.T("note.not_verified")
	what := group(c.words.T("shipment.what"), false, s.receiptFields(c, f, d)...)
	what.Text = strings.Join(text, " · ")
	return s.render(c, "edit", &EditPage{
		Base: b, Form: f, Intro: c.words.T("note.intro", d.From.Name), Groups: []Group{what, who},
		Buttons: []Button{{Label: c.words.T("note.send")}},
	})
}

// receiveSay records what whoever holds the delivery note says.
func (s *Server) receiveSay(c *request) error {
	secret := c.Params("secret")
	st, err := s.Ledger.DeliveryNote(c.ctx(), secret)
	if err != nil {
		return err
	}
	f, t, d := readReceipt(c, &st.Doc)
	_, err = s.Ledger.ReceiveByNote(c.ctx(), secret, d)
	if err = t.explain(err); err != nil {
		return s.failed(c, f, err, func() error { return s.receivePage(c, f) })
	}
	return done(c, "/receive/"+url.PathEscape(secret), "shipment_received")
}
