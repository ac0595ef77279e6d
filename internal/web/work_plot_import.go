package web

import (
	"errors"
	"slices"
	"strconv"

	"truynguon/internal/fault"
	"truynguon/internal/geo"
	"truynguon/internal/trace"
)

// maxImport is how many plots one file may add at once.
const maxImport = 50

// importForm asks for a file with plots.
func (s *Server) importForm(c *request) error {
	org := c.org()
	if org == "" {
		return s.chooseOrg(c, "import_plots.title", "/work/places/import")
	}
	o, err := s.Ledger.Organisation(c.ctx(), org)
	if err != nil {
		return err
	}
	f := newForm(c, "place")
	f.Values["adminUnit"] = []string{o.Doc.AdminUnit}
	return s.importAsk(c, f, org)
}

func (s *Server) importAsk(c *request, f *Form, org string) error {
	areas, err := s.unitOptions(c, f.Value("adminUnit"))
	if err != nil {
		return err
	}
	file := f.Field("boundaryFile", "file", true)
	file.Accept = ".geojson,.json,.kml,.kmz,.gpx"
	return s.render(c, "edit", &EditPage{
		Base: s.workBase(c, "import_plots.title"), Form: f, Files: true, Intro: c.words.T("import_plots.intro", maxImport),
		Back:    &Link{Href: c.withOrg("/work/places", org), Label: c.words.T("menu.places")},
		Hidden:  []Option{{Value: org, Label: "organisation"}},
		Buttons: []Button{{Name: "then", Value: "look", Label: c.words.T("import_plots.look")}},
		Groups:  []Group{group("", false, file, f.Field("address", "text", true), f.Choice("adminUnit", "select", true, areas))},
	})
}

// importPlots shows what is in a file and, when that has been looked at, registers the plots that were left
// in. Nothing is recorded by looking.
func (s *Server) importPlots(c *request) error {
	org := c.org()
	f := newForm(c, "place")
	f.read(c, "address", "adminUnit", "then")
	if f.Value("then") == "save" {
		return s.importSave(c, f, org)
	}
	var t typing
	var shapes []geo.Feature
	files := c.files("boundaryFile")
	err := error(fault.New(fault.Invalid, "missing"))
	if len(files) > 0 {
		shapes, err = shapesIn(files[0])
	}
	if err == nil && len(shapes) > maxImport {
		err = fault.New(fault.Invalid, "geometry_features", maxImport)
	}
	if err != nil {
		if err := t.note("/boundaryFile", err); err != nil {
			return err
		}
		return s.failed(c, f, t.explain(nil), func() error { return s.importAsk(c, f, org) })
	}
	return s.importPreview(c, f, org, shapes, nil)
}

// importPreview lists the shapes of a file with their areas, each with a name to be given and a box to leave
// it out. What is at fault is named and cannot be kept.
func (s *Server) importPreview(c *request, f *Form, org string, shapes []geo.Feature, faults map[int]string) error {
	p := &EditPage{
		Base: s.workBase(c, "import_plots.title"), Form: f, Intro: c.words.T("import_plots.preview", len(shapes)),
		Back: &Link{Href: c.withOrg("/work/places/import", org), Label: c.words.T("import_plots.title")},
		Hidden: []Option{
			{Value: org, Label: "organisation"}, {Value: f.Value("address"), Label: "address"}, {Value: f.Value("adminUnit"), Label: "adminUnit"},
			{Value: strconv.Itoa(len(shapes)), Label: "count"},
		},
		Buttons: []Button{{Name: "then", Value: "save", Label: c.words.T("import_plots.save")}},
	}
	list := make([]mapped, 0, len(shapes))
	for i := range shapes {
		shape, n := &shapes[i], strconv.Itoa(i)
		title := shape.Name
		if title == "" {
			title = c.words.T("import_plots.unnamed", i+1)
		}
		g := Group{Title: title}
		if err := shape.Geometry.Check(); err != nil {
			g.Text = c.words.T("import_plots.left_out") + " " + said(c, err)
			p.Groups = append(p.Groups, g)
			continue
		}
		g.Text = c.words.T("import_plots.point")
		if shape.Geometry.IsArea() {
			area, _ := s.Ledger.CheckArea(&shape.Geometry, 0)
			g.Text = c.words.T("import_plots.area", c.words.Quantity(area.Measured.String(), "HAR"), len(shape.Geometry.Polygons[0][0])-1)
		}
		if shape.Simplified {
			g.Text += " " + c.words.T("import_plots.thinned")
		}
		if faults[i] != "" {
			g.Text = faults[i] + " " + g.Text
		}
		f.set("name/"+n, title)
		f.set("take/"+n, "yes")
		p.Hidden = append(p.Hidden, Option{Value: string(shape.Geometry.JSON(-1)), Label: "shape/" + n})
		g.Fields = []Field{f.Field("name/"+n, "text", true), f.Field("take/"+n, "check", false)}
		p.Groups = append(p.Groups, g)
		list = append(list, mapped{place: &trace.Place{Geometry: shape.Geometry.JSON(-1)}, class: "own", label: title})
	}
	p.Preview = drawMap(list, "", c.words.T("plots.alt"))
	if len(list) == 0 {
		p.Buttons = nil
	}
	return s.render(c, "edit", p)
}

// said is an error in the visitor's words.
func said(c *request, err error) string {
	var p *fault.Problem
	if !errors.As(err, &p) {
		return ""
	}
	if p.Code != "" {
		return c.words.T("fault."+p.Code, p.Args...)
	}
	out := ""
	for _, f := range p.Fields {
		out += c.words.T("fault."+f.Code, f.Args...) + " "
	}
	return out
}

// importSave registers the plots that were left in. Each has a token of its own, so that sending the form again
// adds only what is not there yet.
func (s *Server) importSave(c *request, f *Form, org string) error {
	count, err := strconv.Atoi(c.FormValue("count"))
	if err != nil || count < 1 || count > maxImport {
		return fault.New(fault.Malformed, "")
	}
	var shapes []geo.Feature
	var drafts []trace.PlaceDraft
	var names []string
	for i := range count {
		n := strconv.Itoa(i)
		names = append(names, "name/"+n, "take/"+n, "shape/"+n)
	}
	f.read(c, names...)
	for i := range count {
		n := strconv.Itoa(i)
		if f.Value("shape/"+n) == "" || !slices.Contains(f.Values["take/"+n], "yes") {
			continue
		}
		g, err := geo.ParseGeoJSON([]byte(f.Value("shape/" + n)))
		if err != nil {
			return fault.New(fault.Malformed, "")
		}
		shapes = append(shapes, geo.Feature{Name: f.Value("name/" + n), Geometry: g})
		d := trace.PlaceDraft{
			Token: f.Token + n, Organisation: org, Type: string(trace.Plot), Name: f.Value("name/" + n),
			Address: f.Value("address"), AdminUnit: f.Value("adminUnit"), Geometry: g.JSON(-1),
		}
		drafts = append(drafts, d)
	}
	faults := map[int]string{}
	for i, d := range drafts {
		if _, err := s.Ledger.RegisterPlace(c.ctx(), c.actor, d); err != nil {
			if !errors.Is(err, fault.Invalid) {
				return err
			}
			faults[i] = said(c, err)
		}
	}
	if len(faults) > 0 {
		again := newForm(c, "place")
		again.Values["address"], again.Values["adminUnit"] = f.Values["address"], f.Values["adminUnit"]
		return s.importPreview(c, again, org, shapes, faults)
	}
	return done(c, c.withOrg("/work/plots", org), "place_registered")
}
