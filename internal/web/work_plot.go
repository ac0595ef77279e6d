package web

import (
	"cmp"
	"encoding/json"
	"io"
	"math"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"truynguon/internal/fault"
	"truynguon/internal/geo"
	"truynguon/internal/trace"
)

// plotRoutes are the pages about plots, growing-area codes and households.
func (s *Server) plotRoutes() []route {
	return []route{
		{get, "/work/places/import", keepers, s.importForm},
		{post, "/work/places/import", keepers, s.importPlots},
		{get, "/work/places/:id", insiders, s.placeShow},
		{post, "/work/places/:id/codes", insiders, s.codeAdd},
		{get, "/work/plots", insiders, s.plotsShow},
		{get, "/work/plots.geojson", insiders, s.plotsGeoJSON},
		{get, "/work/codes", insiders, s.codeList},
		{get, "/work/codes/:id", insiders, s.codeShow},
		{post, "/work/codes/:id/decide", insiders, s.codeDecide},
		{get, "/work/members", insiders, s.memberList},
		{get, "/work/members/new", keepers, s.memberNew},
		{post, "/work/members/new", keepers, s.memberAdd},
		{get, "/work/members/:id", insiders, s.memberShow},
		{post, "/work/members/:id/change", keepers, s.memberChange},
		{post, "/work/members/:id/consent", keepers, s.memberConsent},
		{post, "/work/members/:id/withdraw/:purpose", keepers, s.memberWithdraw},
	}
}

// PlotPage shows a place: its boundary among those of its organisation, its area and its codes.
type PlotPage struct {
	RecordPage
	Map *PlotMap
	// Warnings are what somebody should look at.
	Warnings []string
}

// placeShow shows a place to those who may see its organisation's records.
func (s *Server) placeShow(c *request) error { return s.placeRecord(c, c.Params("id"), nil) }

func (s *Server) placeRecord(c *request, id string, t *tried) error {
	st, err := s.Ledger.Place(c.ctx(), c.actor, id)
	if err != nil {
		return err
	}
	pl := st.Doc
	o, err := s.Ledger.Organisation(c.ctx(), pl.Organisation)
	if err != nil {
		return err
	}
	codes, err := s.Ledger.PlaceCodes(c.ctx(), c.actor, id)
	if err != nil {
		return err
	}
	all, err := s.Ledger.Plots(c.ctx(), c.actor, pl.Organisation)
	if err != nil {
		return err
	}
	overlaps, err := s.Ledger.Overlaps(c.ctx(), c.actor, &pl)
	if err != nil {
		return err
	}
	p := &PlotPage{RecordPage: RecordPage{Base: s.workBase(c, "plot.title", pl.Name), Tag: c.words.T("placeType." + string(pl.Type)), Tone: "calm"}}
	if t != nil {
		p.Failed = t.form
	}
	shape := pl.Shape()
	p.fact("place.address", pl.Address)
	if units, err := s.Ledger.Units(c.ctx()); err == nil {
		p.fact("place.adminUnit", units[pl.AdminUnit].Name)
	}
	if pl.AreaHa != 0 {
		p.fact("plot.declared", c.words.Quantity(pl.AreaHa.String(), "HAR"))
	}
	if a, ok := s.Ledger.CheckArea(&shape, pl.AreaHa); ok {
		p.fact("plot.measured", c.words.Quantity(a.Measured.String(), "HAR"))
		p.fact("plot.perimeter", c.words.T("plot.metres", int(math.Round(shape.Perimeter()))))
		if a.Declared > 0 {
			text := c.words.T("plot.more", c.words.Number(oneDecimal(a.Percent)))
			if a.Percent < 0 {
				text = c.words.T("plot.less", c.words.Number(oneDecimal(-a.Percent)))
			}
			p.fact("plot.difference", text)
			if a.Doubtful {
				p.Warnings = append(p.Warnings, c.words.T("plot.doubtful", text, c.words.Number(oneDecimal(s.Ledger.AreaTolerance()))))
			}
		}
	}
	if !shape.Empty() {
		p.fact("plot.centre", shape.Centre().String()).Mono = true
	}
	p.fact("place.growingAreaCode", pl.GrowingAreaCode).Mono = true
	p.fact("place.gln", pl.GLN).Mono = true
	if pl.Household != "" {
		if h, err := s.Ledger.Member(c.ctx(), c.actor, pl.Household); err == nil {
			p.fact("place.household", h.Doc.Code+" – "+h.Doc.Name).Link = "/work/members/" + h.Doc.ID
		}
	}
	clash := map[string]bool{}
	names, err := s.Ledger.OrganisationsByID(c.ctx(), foreignOf(overlaps))
	if err != nil {
		return err
	}
	for _, ov := range overlaps {
		clash[ov.B.ID] = true
		who := c.words.T("plot.same_org", ov.B.Name)
		if ov.Foreign() {
			who = c.words.T("plot.other_org", ov.B.Name, names[ov.B.Organisation].Name)
		}
		p.Warnings = append(p.Warnings, c.words.T("plot.overlap", int(math.Round(ov.SquareMetres)), int(math.Round(ov.Share*100)), who))
	}
	var list []mapped
	for i := range all.Places {
		other := &all.Places[i]
		m := mapped{place: other, class: "near", label: other.Name, href: "/work/places/" + other.ID}
		if other.ID == pl.ID {
			m.class, m.href = "own", ""
		} else if clash[other.ID] {
			m.class = "clash"
		}
		list = append(list, m)
	}
	for i := range overlaps {
		if overlaps[i].Foreign() {
			list = append(list, mapped{place: &overlaps[i].B, class: "clash", label: overlaps[i].B.Name})
		}
	}
	slices.SortStableFunc(list, func(a, b mapped) int { return strings.Compare(b.class, a.class) }) // the own one on top
	p.Map = drawMap(list, "own", c.words.T("plot.alt", pl.Name))
	borrowed, err := s.borrowed(c, codes, pl.GrowingAreaCode)
	if err != nil {
		return err
	}
	p.Warnings = append(p.Warnings, borrowed...)
	section := Section{Title: c.words.T("code.title"), Empty: c.words.T("code.none")}
	for _, g := range codes {
		section.Rows = append(section.Rows, s.codeRow(c, &g.Doc))
	}
	p.Sections = append(p.Sections, section)
	if s.Ledger.MayKeep(c.actor, &o.Doc) {
		p.Links = append(p.Links, Link{"/work/places/" + pl.ID + "/edit", c.words.T("plot.edit")})
	}
	p.Links = append(p.Links, Link{"/work/plots?org=" + url.QueryEscape(pl.Organisation), c.words.T("plots.all")})
	if s.Ledger.MayKeep(c.actor, &o.Doc) || s.Ledger.MayJudge(c.actor, &o.Doc) {
		a := act(c, t, "code_add", "code", "/work/places/"+pl.ID+"/codes")
		a.Fields = []Field{
			a.Form.Field("code", "text", true), a.Form.Field("crop", "text", true), a.Form.Field("market", "text", true),
			a.Form.Field("from", "date", true), a.Form.Field("until", "date", false), a.Form.Field("number", "text", false), a.Form.Field("issuer", "text", false),
			a.Form.Field("paper", "file", false),
		}
		a.Files = true
		p.Actions = append(p.Actions, a)
	}
	return s.render(c, "plot", p)
}

// oneDecimal writes a number as the printer reads it.
func oneDecimal(f float64) string { return strconv.FormatFloat(f, 'f', 1, 64) }

func foreignOf(overlaps []trace.PlotOverlap) (ids []string) {
	for _, o := range overlaps {
		if o.Foreign() {
			ids = append(ids, o.B.Organisation)
		}
	}
	return ids
}

// borrowed writes which of a place's codes another organisation names too.
func (s *Server) borrowed(c *request, codes []trace.Stored[trace.GrowingCode], also ...string) (out []string, err error) {
	all := slices.Clone(also)
	for _, g := range codes {
		all = append(all, g.Doc.Code)
	}
	found, err := s.Ledger.BorrowedCodes(c.ctx(), c.actor, all)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	var ids []string
	for _, b := range found {
		ids = append(ids, b.Organisations...)
	}
	names, err := s.Ledger.OrganisationsByID(c.ctx(), ids)
	if err != nil {
		return nil, err
	}
	for _, code := range all {
		b, ok := found[code]
		if !ok {
			continue
		}
		delete(found, code)
		var who []string
		for _, id := range b.Organisations {
			who = append(who, names[id].Name)
		}
		out = append(out, c.words.T("code.borrowed", code, c.words.List(who)))
	}
	return out, nil
}

// codeRow is a code in a list, with what it is worth today.
func (s *Server) codeRow(c *request, g *trace.GrowingCode) Row {
	today := s.Ledger.Today()
	status := g.StatusOn(today)
	r := Row{Title: g.Code, Href: "/work/codes/" + g.ID, Tag: c.words.T("codeStatus." + string(status)), Tone: codeTone(status)}
	r.Notes = []string{g.Crop, c.words.T("code.for_market", g.Market)}
	if d := g.DecisionOn(today); d != nil {
		r.Notes = append(r.Notes, c.words.T("code.since", c.words.Date(string(d.From))))
		if d.Until != "" {
			r.Notes = append(r.Notes, c.words.T("code.until_day", c.words.Date(string(d.Until))))
		}
		if !d.ByOffice() {
			r.Notes = append(r.Notes, c.words.T("evidence.declared"))
		}
	}
	return r
}

func codeTone(s trace.GrowingStatus) string {
	switch {
	case s.Valid():
		return "good"
	case s == trace.CodeNotYet || s == trace.CodeUnknown:
		return "warn"
	}
	return "bad"
}

// codeDraft reads a decision about a code.
func (s *Server) codeDraft(c *request, f *Form, t *typing, org string, names ...string) (d trace.CodeDecisionDraft, err error) {
	f.read(c, append(names, "status", "from", "until", "number", "issuer", "reason")...)
	ids, err := s.keepFiles(c, t, org, "paper", "/paper", trace.Private)
	if err != nil {
		return d, err
	}
	d = trace.CodeDecisionDraft{
		Token: f.Token, Status: f.Value("status"), From: t.date(f.Value("from")), Until: t.date(f.Value("until")),
		Number: f.Value("number"), Issuer: f.Value("issuer"), Reason: f.Value("reason"),
	}
	if len(ids) > 0 {
		d.Document = ids[0]
	}
	return d, nil
}

// codeAdd records a code of a place.
func (s *Server) codeAdd(c *request) error {
	st, err := s.Ledger.Place(c.ctx(), c.actor, c.Params("id"))
	if err != nil {
		return err
	}
	f := newForm(c, "code")
	var t typing
	d, err := s.codeDraft(c, f, &t, st.Doc.Organisation, "code", "crop", "market")
	if err != nil {
		return err
	}
	_, err = s.Ledger.RegisterGrowingCode(c.ctx(), c.actor, trace.GrowingCodeDraft{
		Token: f.Token, Place: st.Doc.ID, Code: f.Value("code"), Crop: f.Value("crop"), Market: f.Value("market"), CodeDecisionDraft: d,
	})
	if err = t.explain(rename(err, "/document", "/paper")); err != nil {
		return s.failed(c, f, err, func() error { return s.placeRecord(c, st.Doc.ID, &tried{"code_add", f}) })
	}
	return done(c, "/work/places/"+st.Doc.ID, "saved")
}

// codeList lists the codes of an organisation or, for an official, of all units overseen.
func (s *Server) codeList(c *request) error {
	codes, next, err := s.Ledger.GrowingCodes(c.ctx(), c.actor, c.org(), c.Query("cursor"), listSize)
	if err != nil {
		return err
	}
	p := &ListPage{Base: s.workBase(c, "code.list"), Empty: c.words.T("code.none"), More: c.more(next)}
	borrowed, err := s.borrowed(c, codes)
	if err != nil {
		return err
	}
	p.Intro = strings.Join(borrowed, " ")
	for _, g := range codes {
		p.Rows = append(p.Rows, s.codeRow(c, &g.Doc))
	}
	return s.render(c, "list", p)
}

func (s *Server) codeShow(c *request) error { return s.codeRecord(c, c.Params("id"), nil) }

// codeRecord shows a code with its history.
func (s *Server) codeRecord(c *request, id string, t *tried) error {
	st, err := s.Ledger.GrowingCode(c.ctx(), c.actor, id)
	if err != nil {
		return err
	}
	g := st.Doc
	o, err := s.Ledger.Organisation(c.ctx(), g.Organisation)
	if err != nil {
		return err
	}
	status := g.StatusOn(s.Ledger.Today())
	p := &RecordPage{Base: s.workBase(c, "code.page", g.Code), Tag: c.words.T("codeStatus." + string(status)), Tone: codeTone(status)}
	if t != nil {
		p.Failed = t.form
	}
	p.fact("provenance.producer", o.Doc.Name)
	p.fact("code.crop", g.Crop)
	p.fact("code.market", g.Market)
	if parts := trace.ParseGrowingCode(g.Code); parts.Form != "" {
		p.fact("code.form", c.words.T("code.form."+parts.Form))
		written := []string{parts.Province}
		for _, part := range []string{parts.District, parts.Commune} {
			if part != "" {
				written = append(written, part)
			}
		}
		p.fact("code.written", strings.Join(written, " / "))
		p.fact("code.running", parts.Number)
	}
	p.Links = []Link{{"/work/places/" + g.Place, c.words.T("code.place")}}
	borrowed, err := s.borrowed(c, []trace.Stored[trace.GrowingCode]{st})
	if err != nil {
		return err
	}
	p.Intro = strings.Join(borrowed, " ")
	history := slices.Clone(g.Decisions)
	slices.SortStableFunc(history, func(a, b trace.CodeDecision) int { return cmp.Compare(b.From, a.From) })
	section := Section{Title: c.words.T("code.history")}
	for _, d := range history {
		r := Row{Title: c.words.Date(string(d.From)), Tag: c.words.T("codeStatus." + string(d.Status)), Tone: codeTone(d.Status), Code: d.Number}
		for _, note := range []string{d.Issuer, d.Reason} {
			if note != "" {
				r.Notes = append(r.Notes, note)
			}
		}
		if d.Until != "" {
			r.Notes = append(r.Notes, c.words.T("code.until_day", c.words.Date(string(d.Until))))
		}
		r.Notes = append(r.Notes, c.words.T("code.recorded", d.By.Name, c.words.Time(d.At)))
		if d.Document != "" {
			r.Links = []Link{{"/d/" + d.Document, c.words.T("provenance.open_document")}}
		}
		section.Rows = append(section.Rows, r)
	}
	p.Sections = []Section{section}
	if s.Ledger.MayKeep(c.actor, &o.Doc) || s.Ledger.MayJudge(c.actor, &o.Doc) {
		a := act(c, t, "code_decide", "code", "/work/codes/"+g.ID+"/decide")
		a.Fields = []Field{
			a.Form.Choice("status", "select", true, wordedOptions(c.words, "codeStatus.", trace.CodeDecisions)),
			a.Form.Field("from", "date", true), a.Form.Field("until", "date", false), a.Form.Field("number", "text", false),
			a.Form.Field("issuer", "text", false), a.Form.Field("reason", "area", false), a.Form.Field("paper", "file", false),
		}
		a.Files = true
		p.Actions = append(p.Actions, a)
	}
	return s.render(c, "record", p)
}

// codeDecide adds a decision to a code's history.
func (s *Server) codeDecide(c *request) error {
	st, err := s.Ledger.GrowingCode(c.ctx(), c.actor, c.Params("id"))
	if err != nil {
		return err
	}
	f := newForm(c, "code")
	var t typing
	d, err := s.codeDraft(c, f, &t, st.Doc.Organisation)
	if err != nil {
		return err
	}
	_, err = s.Ledger.DecideGrowingCode(c.ctx(), c.actor, st.Doc.ID, d)
	if err = t.explain(rename(err, "/document", "/paper")); err != nil {
		return s.failed(c, f, err, func() error { return s.codeRecord(c, st.Doc.ID, &tried{"code_decide", f}) })
	}
	return done(c, "/work/codes/"+st.Doc.ID, "saved")
}

// PlotsPage is the overview of an organisation's plots, or of all that an official oversees by commune.
type PlotsPage struct {
	Base
	Map      *PlotMap
	Warnings []string
	Sections []Section
	Links    []Link
	Cut      bool
}

// plotsShow draws the plots of an organisation or, for an official, of every commune overseen.
func (s *Server) plotsShow(c *request) error {
	org := c.org()
	all, err := s.Ledger.Plots(c.ctx(), c.actor, org)
	if err != nil {
		return err
	}
	units, err := s.Ledger.Units(c.ctx())
	if err != nil {
		return err
	}
	p := &PlotsPage{Base: s.workBase(c, "plots.title"), Cut: all.Cut}
	p.keep(c, "org")
	overlaps := trace.OverlapsAmong(all.Places)
	clash := map[string]bool{}
	name := func(pl *trace.Place) string {
		if len(all.Organisations) > 1 {
			return pl.Name + " (" + all.Organisations[pl.Organisation].Name + ")"
		}
		return pl.Name
	}
	for i, ov := range overlaps {
		clash[ov.A.ID], clash[ov.B.ID] = true, true
		if i < 20 {
			p.Warnings = append(p.Warnings, c.words.T("plots.overlap", name(&ov.A), name(&ov.B), int(math.Round(ov.SquareMetres)), int(math.Round(ov.Share*100))))
		}
	}
	var list []mapped
	byUnit := map[string][]Row{}
	for i := range all.Places {
		pl := &all.Places[i]
		if pl.Type != trace.Plot {
			continue
		}
		m := mapped{place: pl, class: "own", href: "/work/places/" + pl.ID}
		if len(all.Places) <= 40 {
			m.label = pl.Name
		}
		r := Row{Title: pl.Name, Href: m.href, Code: pl.GrowingAreaCode}
		if len(all.Organisations) > 1 {
			r.Notes = append(r.Notes, all.Organisations[pl.Organisation].Name)
		}
		shape := pl.Shape()
		a, drawn := s.Ledger.CheckArea(&shape, pl.AreaHa)
		switch {
		case clash[pl.ID]:
			m.class, r.Tag, r.Tone = "clash", c.words.T("plots.clash"), "bad"
		case drawn && a.Doubtful:
			r.Tag, r.Tone = c.words.T("plots.area_doubtful"), "warn"
		case !drawn:
			r.Tag, r.Tone = c.words.T("plots.no_boundary"), "warn"
		}
		if pl.AreaHa != 0 {
			r.Notes = append(r.Notes, c.words.T("plots.declared", c.words.Quantity(pl.AreaHa.String(), "HAR")))
		}
		if drawn {
			r.Notes = append(r.Notes, c.words.T("plots.measured", c.words.Quantity(a.Measured.String(), "HAR")))
		}
		list = append(list, m)
		byUnit[pl.AdminUnit] = append(byUnit[pl.AdminUnit], r)
	}
	p.Map = drawMap(list, "", c.words.T("plots.alt"))
	for unit, rows := range byUnit {
		p.Sections = append(p.Sections, Section{Title: units[unit].Name, Rows: rows})
	}
	slices.SortFunc(p.Sections, func(a, b Section) int { return cmp.Compare(a.Title, b.Title) })
	file := "/work/plots.geojson"
	if org != "" {
		file += "?org=" + url.QueryEscape(org)
	}
	p.Links = []Link{{file, c.words.T("plots.geojson")}, {c.withOrg("/work/codes", org), c.words.T("code.list")}}
	return s.render(c, "plots", p)
}

// plotsGeoJSON answers the plots as GeoJSON, for a program of maps or an authority.
func (s *Server) plotsGeoJSON(c *request) error {
	org := c.org()
	if c.api {
		org = c.Query("organisation")
	}
	all, err := s.Ledger.PlotsGeoJSON(c.ctx(), c.actor, org)
	if err != nil {
		return err
	}
	body, err := json.Marshal(all)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, typeGeoJSON)
	c.Set(fiber.HeaderCacheControl, "private, no-cache")
	if !c.api {
		c.Set(fiber.HeaderContentDisposition, `attachment; filename="plots.geojson"`)
	}
	return c.Status(http.StatusOK).Send(body)
}

// maxBoundaryFile is how many bytes of a file are read.
const maxBoundaryFile = geo.MaxFile

// boundary reads the boundary that was typed, drawn or handed in as a file. ok is false if none was.
func (c *request) boundary(f *Form, t *typing) (g geo.Geometry, ok bool, err error) {
	if files := c.files("boundaryFile"); len(files) > 0 {
		all, err := shapesIn(files[0])
		if err == nil && len(all) != 1 {
			err = fault.New(fault.Invalid, "geometry_several", len(all))
		}
		if err == nil {
			g = all[0].Geometry
			err = g.Check()
		}
		if err == nil {
			f.Values["boundary"] = []string{g.Typed()}
		}
		return g, true, t.note("/boundaryFile", err)
	}
	text := f.Value("boundary")
	if strings.TrimSpace(text) == "" {
		return g, false, nil
	}
	g, err = geo.ParseTyped(text)
	if err != nil {
		return g, true, t.note("/boundary", err)
	}
	return g, true, nil
}

// shapesIn reads the shapes of a file that was handed in.
func shapesIn(h *multipart.FileHeader) ([]geo.Feature, error) {
	file, err := h.Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // read only
	data, err := io.ReadAll(io.LimitReader(file, maxBoundaryFile+1))
	if err != nil {
		return nil, err
	}
	return geo.ParseFile(data)
}
