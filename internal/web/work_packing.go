package web

import (
	"errors"
	"net/url"
	"strconv"

	"truynguon/internal/fault"
	"truynguon/internal/trace"
)

func itoa(i int) string { return strconv.Itoa(i) }

const packingRows = 3

// packingList lists cartons and pallets, newest first.
func (s *Server) packingList(c *request) error {
	list, next, err := s.Ledger.LogisticUnits(c.ctx(), c.actor, c.org(), c.Query("cursor"), listSize)
	if errors.Is(err, fault.Denied) && c.org() == "" {
		return s.chooseOrg(c, "menu.packing", "/work/packing")
	}
	if err != nil {
		return err
	}
	p := &ListPage{Base: s.workBase(c, "menu.packing"), Intro: c.words.T("packing.list_intro"), Empty: c.words.T("packing.none"), More: c.more(next)}
	p.Add = &Link{Href: c.withOrg("/work/packing/new", c.org()), Label: c.words.T("packing.new")}
	for _, st := range list {
		p.Rows = append(p.Rows, unitRow(&p.Base, &st.Doc))
	}
	return s.render(c, "list", p)
}

// unitRow describes a carton or pallet for a list.
func unitRow(b *Base, u *trace.LogisticUnit) Row {
	r := Row{Title: b.T("unitType." + u.Type), Code: trace.SpellCode(u.ID), Href: "/u/" + u.ID, Notes: []string{b.DayOf(u.At), b.N("packing.lot_count", len(u.Holds))}}
	if u.SSCC != "" {
		r.Notes = append(r.Notes, "SSCC "+u.SSCC)
	}
	switch {
	case u.Opened != nil:
		r.Tag = b.T("packing.opened")
	case u.Parent != "":
		r.Tag = b.T("packing.on_pallet")
	}
	return r
}

func (s *Server) packingNew(c *request) error {
	return s.newOfLots(c, "packing.new", "/work/packing/new", "packing", "lots", "type", "carton", s.packingForm)
}

func (s *Server) packingForm(c *request, f *Form, org string) error {
	held, at, err := s.heldAndPlaces(c, org)
	if err != nil {
		return err
	}
	day := f.Field("date", "date", true)
	day.Max = string(s.Ledger.Today())
	lots := lotRows(c, f, "lots", packingRows, held)
	lots[0].Title = c.words.T("packing.in")
	lots[0].Fields[0].Required, lots[0].Fields[1].Required = false, false
	p := &EditPage{
		Base: s.workBase(c, "packing.new"), Form: f, Intro: c.words.T("packing.intro"), Buttons: saveButton(c.words),
		Back:   &Link{Href: c.withOrg("/work/packing", org), Label: c.words.T("menu.packing")},
		Hidden: []Option{{Value: org, Label: "organisation"}},
		Groups: append([]Group{group("", false, f.Choice("type", "select", true, wordedOptions(c.words, "unitType.", trace.UnitTypes)), day, f.Choice("place", "select", false, at))}, lots...),
	}
	p.Groups = append(p.Groups, group("", false, f.Field("units", "area", false)))
	return s.render(c, "edit", p)
}

func (s *Server) packingPack(c *request) error {
	f := newForm(c, "packing")
	f.read(c, append([]string{"type", "date", "place", "units"}, rowNames("lots", packingRows, "lot", "quantity/value", "quantity/uom")...)...)
	var t typing
	d := trace.UnitDraft{
		Token: f.Token, Organisation: c.org(), Type: f.Value("type"), Date: t.date(f.Value("date")), Place: f.Value("place"), Lots: readLotRows(f, &t, "lots", packingRows),
	}
	for _, line := range lines(f.Value("units")) {
		if code, ok := trace.ParseCode(line); ok {
			line = code
		}
		d.Units = append(d.Units, line)
	}
	st, err := s.Ledger.Pack(c.ctx(), c.actor, d)
	if err = t.explain(err); err != nil {
		return s.failed(c, f, err, func() error { return s.packingForm(c, f, c.org()) })
	}
	return done(c, "/u/"+st.Doc.ID, "unit_packed")
}

func (s *Server) packingOpen(c *request) error {
	id := c.Params("id")
	if _, err := s.Ledger.Unpack(c.ctx(), c.actor, id, ""); err != nil {
		return err
	}
	return done(c, "/u/"+url.PathEscape(id), "unit_opened")
}

// unitPage is what anybody may know of a carton or pallet: which lots are in it, and how each stands.
func (s *Server) unitPage(c *request) error {
	code := c.Params("code")
	st, err := s.Ledger.LogisticUnit(c.ctx(), code)
	if errors.Is(err, fault.NotFound) {
		return s.unknown(c, code, nil)
	}
	if err != nil {
		return err
	}
	u := &st.Doc
	o, err := s.Ledger.Organisation(c.ctx(), u.Organisation)
	if err != nil {
		return err
	}
	var codes []string
	for _, lot := range u.Holds {
		codes = append(codes, lot.Lot)
	}
	answers, err := s.Ledger.Verify(c.ctx(), codes)
	if err != nil {
		return err
	}
	p := &RecordPage{Base: s.base(c, "unitType."+u.Type), Intro: c.words.T("packing.public_intro")}
	p.fact("provenance.producer", o.Doc.Name).Link = "/p/" + o.Doc.ID
	p.fact("packing.code", trace.SpellCode(u.ID)).Mono = true
	p.fact("packing.sscc", u.SSCC).Mono = true
	p.fact("packing.date", p.DayOf(u.At))
	if u.Opened != nil {
		p.Tag, p.Tone, p.Intro = p.T("packing.opened"), "warn", p.T("packing.opened_intro")
	}
	sec := Section{Title: p.T("packing.in")}
	for i, lot := range u.Holds {
		r := Row{Title: trace.SpellCode(lot.Lot), Href: "/l/" + lot.Lot, Notes: []string{p.Measure(lot.Quantity)}}
		if i < len(answers) && answers[i].Lot != nil {
			a := answers[i].Lot
			r.Tag = p.T("verdict." + string(a.Verdict) + ".title")
			r.Tone = map[trace.Verdict]string{trace.InOrder: "good", trace.CalledBack: "bad", trace.PastDate: "bad", trace.OnHold: "warn", trace.Incomplete: "warn"}[a.Verdict]
			if a.Product.Name != "" {
				r.Title = a.Product.Name + " · " + a.Batch.Lot
			}
		}
		sec.Rows = append(sec.Rows, r)
	}
	p.Sections = []Section{sec}
	if u.Opened == nil && u.Parent == "" && s.Ledger.MayKeep(c.actor, &o.Doc) {
		p.Actions = []Action{{Verb: "open_unit", Label: p.T("act.open_unit"), Danger: true, Post: "/work/packing/" + u.ID + "/open", Form: newForm(c, "act")}}
	}
	return s.render(c, "record", p)
}
