package web

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"truynguon/internal/fault"
	"truynguon/internal/trace"
)

// placeList lists an organisation's places.
func (s *Server) placeList(c *request) error {
	org := c.org()
	if org == "" {
		return s.chooseOrg(c, "menu.places", "/work/places")
	}
	places, next, err := s.Ledger.Places(c.ctx(), c.actor, org, c.Query("cursor"), listSize)
	if err != nil {
		return err
	}
	p := &ListPage{Base: s.workBase(c, "menu.places"), Empty: c.words.T("place.none"), More: c.more(next)}
	p.Links = []Link{
		{c.withOrg("/work/plots", org), c.words.T("plots.all")}, {c.withOrg("/work/codes", org), c.words.T("code.list")},
		{c.withOrg("/work/members", org), c.words.T("member.list")},
	}
	if keepers.allows(c.who) {
		p.Links = append(p.Links, Link{c.withOrg("/work/places/import", org), c.words.T("import_plots.title")})
		p.Add = &Link{Href: c.withOrg("/work/places/new", org), Label: c.words.T("place.new")}
	}
	for _, st := range places {
		pl := st.Doc
		r := Row{Title: pl.Name, Href: "/work/places/" + pl.ID, Code: pl.GrowingAreaCode, Notes: []string{c.words.T("placeType." + string(pl.Type))}}
		if pl.AreaHa != 0 {
			r.Notes = append(r.Notes, c.words.Quantity(pl.AreaHa.String(), "HAR"))
		}
		r.Notes = append(r.Notes, pl.Address)
		p.Rows = append(p.Rows, r)
	}
	return s.render(c, "list", p)
}

// placeFields are the fields of the form for a place.
var placeFields = []string{
	"type", "name", "address", "adminUnit", "growingAreaCode", "areaHa", "gln", "glnExtension", "latitude", "longitude",
	"boundary", "household",
}

// placeNew is the form for a new place: as a first guess a plot, in the commune of the organisation.
func (s *Server) placeNew(c *request) error {
	org := c.org()
	if org == "" {
		return s.chooseOrg(c, "place.new", "/work/places/new")
	}
	o, err := s.Ledger.Organisation(c.ctx(), org)
	if err != nil {
		return err
	}
	f := newForm(c, "place")
	f.Values["type"], f.Values["adminUnit"] = []string{string(trace.Plot)}, []string{o.Doc.AdminUnit}
	return s.placeForm(c, f, org, "place.new")
}

// placeForm draws the form. The phone may be asked where it is on this page and on no other.
func (s *Server) placeForm(c *request, f *Form, org, title string, args ...any) error {
	areas, err := s.unitOptions(c, f.Value("adminUnit"))
	if err != nil {
		return err
	}
	members, err := s.memberOptions(c, org)
	if err != nil {
		return err
	}
	near, err := s.nearPlots(c, org)
	if err != nil {
		return err
	}
	spot := group("", false, f.Field("latitude", "text", false), f.Field("longitude", "text", false))
	spot.Side = true
	spot.Title, spot.Text = c.words.T("place.position"), c.words.T("place.position.text")
	codes := group(c.words.T("place.more"), true, f.Field("gln", "text", false), f.Field("glnExtension", "text", false))
	codes.Side = true
	growing := group("", false, f.Field("growingAreaCode", "text", false), f.Field("areaHa", "number", false))
	if len(members) > 0 {
		growing.Fields = append(growing.Fields, f.Choice("household", "select", false, members))
	}
	growing.Side = true
	file := f.Field("boundaryFile", "file", false)
	file.Accept = ".geojson,.json,.kml,.kmz,.gpx"
	outline := f.Field("boundary", "area", false)
	outline.Lines = 4
	boundary := group(c.words.T("place.boundary.title"), false, outline, file)
	boundary.Text = c.words.T("place.boundary.text")
	c.Set("Permissions-Policy", "camera=(self), geolocation=(self), microphone=()")
	return s.render(c, "edit", &EditPage{
		Base: s.workBase(c, title, args...), Form: f, Files: true, Buttons: saveButton(c.words), Locate: true,
		Draw: &DrawMap{
			Near: near, Tiles: s.MapTiles, Attribution: s.MapAttribution, Accuracy: walkAccuracy, Tolerance: oneDecimal(s.Ledger.AreaTolerance()),
		},
		Back:   &Link{Href: c.withOrg("/work/places", org), Label: c.words.T("menu.places")},
		Hidden: []Option{{Value: org, Label: "organisation"}},
		Groups: []Group{
			group("", false, f.Choice("type", "select", true, wordedOptions(c.words, "placeType.", trace.PlaceTypes)),
				f.Field("name", "text", true), f.Field("address", "text", true), f.Choice("adminUnit", "select", true, areas)),
			growing, spot, codes, boundary,
		},
	})
}

// nearPlots is a position of the organisation's, at which a map begins.
func (s *Server) nearPlots(c *request, org string) (string, error) {
	all, _, err := s.Ledger.Places(c.ctx(), c.actor, org, "", listSize)
	if err != nil {
		return "", err
	}
	for i := range all {
		if shape := all[i].Doc.Shape(); !shape.Empty() {
			at := shape.Centre()
			return strings.ReplaceAll(at.String(), " ", ""), nil
		}
	}
	return "", nil
}

// unitOptions are the administrative units that exist today, and the one that is chosen already, each
// with the unit above it.
func (s *Server) unitOptions(c *request, chosen string) ([]Option, error) {
	all, err := s.Ledger.Units(c.ctx())
	if err != nil {
		return nil, err
	}
	var out []Option
	for code, u := range all {
		if u.ValidTo != "" && code != chosen {
			continue
		}
		label := u.Name
		if up, ok := all[u.Parent]; ok {
			label += ", " + up.Name
		}
		out = append(out, Option{Value: code, Label: label})
	}
	slices.SortFunc(out, func(a, b Option) int { return cmp.Compare(a.Label, b.Label) })
	return out, nil
}

// placeDraft reads what was typed. A boundary goes before a position.
func placeDraft(c *request, f *Form, t *typing, org string) (trace.PlaceDraft, error) {
	f.read(c, placeFields...)
	d := trace.PlaceDraft{
		Token: f.Token, Organisation: org, Type: f.Value("type"), Name: f.Value("name"), Address: f.Value("address"),
		AdminUnit: f.Value("adminUnit"), GrowingAreaCode: f.Value("growingAreaCode"),
		AreaHa: t.number("/areaHa", f.Value("areaHa")), GLN: strings.ReplaceAll(f.Value("gln"), " ", ""),
		GLNExtension: f.Value("glnExtension"), Household: f.Value("household"),
	}
	g, drawn, err := c.boundary(f, t)
	if err != nil {
		return d, err
	}
	if drawn {
		d.Geometry = json.RawMessage(`"` + unreadable + `"`)
		if !slices.ContainsFunc(t.faults, func(f fault.Field) bool { return strings.HasPrefix(f.Pointer, "/boundary") }) {
			d.Geometry = g.JSON(-1)
		}
		return d, nil
	}
	north, east := strings.TrimSpace(f.Value("latitude")), strings.TrimSpace(f.Value("longitude"))
	if north == "" && east == "" {
		return d, nil
	}
	lat, ok1 := degrees(north, 90)
	long, ok2 := degrees(east, 180)
	if !ok1 {
		t.faults = append(t.faults, fault.Field{Pointer: "/latitude", Code: "latitude"})
	}
	if !ok2 {
		t.faults = append(t.faults, fault.Field{Pointer: "/longitude", Code: "longitude"})
	}
	if !ok1 || !ok2 {
		d.Geometry = json.RawMessage(`"` + unreadable + `"`)
		return d, nil
	}
	d.Geometry = point(lat, long)
	return d, nil
}

// degrees reads a latitude or longitude; a comma begins decimals as a point does.
func degrees(text string, most float64) (float64, bool) {
	n, err := strconv.ParseFloat(strings.Replace(text, ",", ".", 1), 64)
	return n, err == nil && n >= -most && n <= most
}

// point is a position in GeoJSON: longitude first.
func point(lat, long float64) json.RawMessage {
	number := func(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }
	return json.RawMessage(`{"type":"Point","coordinates":[` + number(long) + `,` + number(lat) + `]}`)
}

// spot answers the latitude and longitude of a GeoJSON point.
func spot(g json.RawMessage) (lat, long string, ok bool) {
	var at struct {
		Type        string          `json:"type"`
		Coordinates json.RawMessage `json:"coordinates"`
	}
	var pair []json.Number
	if json.Unmarshal(g, &at) != nil || at.Type != "Point" || json.Unmarshal(at.Coordinates, &pair) != nil || len(pair) < 2 {
		return "", "", false
	}
	return pair[1].String(), pair[0].String(), true
}

// placeRegister adds a place.
func (s *Server) placeRegister(c *request) error {
	org := c.org()
	f := newForm(c, "place")
	var t typing
	d, err := placeDraft(c, f, &t, org)
	if err != nil {
		return err
	}
	st, err := s.Ledger.RegisterPlace(c.ctx(), c.actor, d)
	if err = placeFaults(&t, err); err != nil {
		return s.failed(c, f, err, func() error { return s.placeForm(c, f, org, "place.new") })
	}
	return s.placeKept(c, &st.Doc, "place_registered")
}

// placeKept leads on: to the map of a place that has a boundary, and else to the list.
func (s *Server) placeKept(c *request, pl *trace.Place, notice string) error {
	if shape := pl.Shape(); shape.IsArea() {
		return done(c, "/work/places/"+pl.ID, notice)
	}
	return done(c, c.withOrg("/work/places", pl.Organisation), notice)
}

// placeFaults gives the faults of a position the names of the form's fields.
func placeFaults(t *typing, err error) error {
	if len(t.faults) > 0 && slices.ContainsFunc(t.faults, func(f fault.Field) bool { return f.Pointer != "/areaHa" }) {
		err = rename(err, "/geometry", t.faults[len(t.faults)-1].Pointer)
	}
	return t.explain(rename(err, "/geometry", "/latitude"))
}

// placeEdit is the form for changing a place.
func (s *Server) placeEdit(c *request) error {
	st, err := s.Ledger.Place(c.ctx(), c.actor, c.Params("id"))
	if err != nil {
		return err
	}
	pl := st.Doc
	d := pl.Draft()
	f := newForm(c, "place")
	f.Rev = st.Rev
	lat, long, isPoint := spot(pl.Geometry)
	shape := pl.Shape()
	f.Values["boundary"] = []string{""}
	if !isPoint {
		f.Values["boundary"] = []string{shape.Typed()}
	}
	for name, value := range map[string]string{
		"type": d.Type, "name": d.Name, "address": d.Address, "adminUnit": d.AdminUnit, "gln": d.GLN,
		"glnExtension": d.GLNExtension, "growingAreaCode": d.GrowingAreaCode, "latitude": lat, "longitude": long,
		"household": d.Household,
	} {
		f.Values[name] = []string{value}
	}
	if pl.AreaHa != 0 {
		f.Values["areaHa"] = []string{typedAmount(pl.AreaHa, c)}
	}
	return s.placeForm(c, f, pl.Organisation, "place.edit", pl.Name)
}

// placeUpdate changes a place.
func (s *Server) placeUpdate(c *request) error {
	st, err := s.Ledger.Place(c.ctx(), c.actor, c.Params("id"))
	if err != nil {
		return err
	}
	org := st.Doc.Organisation
	f := newForm(c, "place")
	f.Rev = c.revision()
	var t typing
	d, err := placeDraft(c, f, &t, org)
	if err != nil {
		return err
	}
	changed, err := s.Ledger.UpdatePlace(c.ctx(), c.actor, st.Doc.ID, f.Rev, d)
	if err = placeFaults(&t, err); err != nil {
		return s.failed(c, f, err, func() error { return s.placeForm(c, f, org, "place.edit", st.Doc.Name) })
	}
	return s.placeKept(c, &changed.Doc, "saved")
}
