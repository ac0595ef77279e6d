package trace

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"truynguon/internal/fault"
	"truynguon/internal/geo"
	"truynguon/internal/store"
)

// geometry checks a boundary or position, and writes it anew so that what is kept holds nothing else.
func geometry(p *fault.Problem, pointer string, raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	g, err := geo.ParseGeoJSON(raw)
	if err != nil {
		var why *fault.Problem
		if !errors.As(err, &why) {
			why = fault.New(fault.Invalid, "geometry_malformed")
		}
		p.Add(pointer, why.Code, why.Args...)
		return nil
	}
	return g.JSON(-1)
}

// Shape is the place's boundary or position; the zero geometry if there is none.
func (pl *Place) Shape() geo.Geometry {
	if len(pl.Geometry) == 0 {
		return geo.Geometry{}
	}
	g, err := geo.ParseGeoJSON(pl.Geometry)
	if err != nil { // kept before boundaries were looked at this closely
		return geo.Geometry{}
	}
	return g
}

// AreaTolerance is by how many percent a declared area may differ from the boundary's before people are asked
// to look again; 10 unless [Ledger.AreaTolerancePercent] says otherwise.
func (l *Ledger) AreaTolerance() float64 {
	if l.AreaTolerancePercent > 0 {
		return l.AreaTolerancePercent
	}
	return 10
}

// AreaCheck compares the area that an organisation declares with that of the boundary.
type AreaCheck struct {
	// Measured is the boundary's area in hectares.
	Measured Amount
	// Declared is the place's AreaHa.
	Declared Amount
	// Percent is by how much the declared area is greater (or, below zero, smaller) than the measured one.
	Percent float64
	// Doubtful tells that the difference is beyond the tolerance.
	Doubtful bool
}

// CheckArea compares areas. ok is false if there is no boundary; Percent is 0 if nothing is declared.
func (l *Ledger) CheckArea(shape *geo.Geometry, declared Amount) (c AreaCheck, ok bool) {
	if !shape.IsArea() {
		return c, false
	}
	ha := shape.Hectares()
	c = AreaCheck{Measured: Amount(math.Round(ha * 1000)), Declared: declared}
	if declared > 0 && ha > 0 {
		c.Percent = (float64(declared)/1000/ha - 1) * 100
		c.Doubtful = math.Abs(c.Percent) > l.AreaTolerance()
	}
	return c, true
}

// cells are the squares of the earth that a boundary lies in, as terms: those of a twentieth of a degree or,
// for what is too large for them, whole degrees. Plots that overlap share one.
func cells(pl *Place) []string {
	shape := pl.Shape()
	if !shape.IsArea() {
		return nil
	}
	b := shape.Bounds()
	for _, size := range []struct {
		name string
		per  float64
	}{{"cell=", 20}, {"square=", 1}} {
		west, east := math.Floor(b.West*size.per), math.Floor(b.East*size.per)
		south, north := math.Floor(b.South*size.per), math.Floor(b.North*size.per)
		if (east-west+1)*(north-south+1) > 16 {
			continue
		}
		var out []string
		for x := west; x <= east; x++ {
			for y := south; y <= north; y++ {
				out = append(out, fmt.Sprintf("%s%d,%d", size.name, int(x), int(y)))
			}
		}
		return out
	}
	return nil // larger than a province: no plot
}

// An overlap counts from so many square metres and such a share of the smaller plot: less is what two walks
// with a phone along one fence make.
const (
	overlapMetres = 50
	overlapShare  = 0.02
)

// PlotOverlap is ground that two plots both claim.
type PlotOverlap struct {
	A, B Place
	// SquareMetres is the ground in common, and Share what part of the smaller plot that is, from 0 to 1.
	SquareMetres, Share float64
}

// Foreign tells that the two plots are of different organisations.
func (o *PlotOverlap) Foreign() bool { return o.A.Organisation != o.B.Organisation }

// overlapOf answers how two plots overlap, if it is worth mentioning.
func overlapOf(a, b *Place, as, bs *geo.Geometry) (PlotOverlap, bool) {
	m := geo.Overlap(as, bs)
	if m < overlapMetres {
		return PlotOverlap{}, false
	}
	share := m / math.Min(as.SquareMetres(), bs.SquareMetres())
	return PlotOverlap{A: *a, B: *b, SquareMetres: m, Share: math.Min(share, 1)}, share >= overlapShare
}

// OverlapsAmong compares plots with each other, the largest overlap first.
func OverlapsAmong(plots []Place) (out []PlotOverlap) {
	type shaped struct {
		place  *Place
		shape  geo.Geometry
		bounds geo.Bounds
	}
	var all []shaped
	for i := range plots {
		if g := plots[i].Shape(); plots[i].Type == Plot && g.IsArea() {
			all = append(all, shaped{&plots[i], g, g.Bounds()})
		}
	}
	slices.SortFunc(all, func(a, b shaped) int { return cmp.Compare(a.bounds.West, b.bounds.West) })
	for i := range all {
		for j := i + 1; j < len(all) && all[j].bounds.West <= all[i].bounds.East; j++ {
			if o, ok := overlapOf(all[i].place, all[j].place, &all[i].shape, &all[j].shape); ok {
				out = append(out, o)
			}
		}
	}
	largestFirst(out)
	return out
}

// Overlaps answers the plots that claim ground of a plot. People of the organisation are told of their own;
// that another organisation claims the same ground is told to officials and an admin.
func (l *Ledger) Overlaps(ctx context.Context, by Actor, pl *Place) (out []PlotOverlap, err error) {
	defer fault.Wrap(&err, "Ledger.Overlaps(%q)", pl.ID)
	if err := l.readable(ctx, by, pl.Organisation); err != nil {
		return nil, err
	}
	terms := cells(pl)
	if pl.Type != Plot || len(terms) == 0 {
		return nil, nil
	}
	near, _, err := places.find(ctx, l, store.Query{Any: terms, Limit: maxPlots})
	if err != nil {
		return nil, err
	}
	shape := pl.Shape()
	for i := range near {
		other := &near[i].Doc
		if other.ID == pl.ID || other.Type != Plot || other.Organisation != pl.Organisation && by.Role != Official && by.Role != Admin {
			continue
		}
		theirs := other.Shape()
		if o, ok := overlapOf(pl, other, &shape, &theirs); ok {
			out = append(out, o)
		}
	}
	largestFirst(out)
	return out, nil
}

// largestFirst orders overlaps by their size and, where that is the same, by the plots' ids.
func largestFirst(list []PlotOverlap) {
	slices.SortFunc(list, func(a, b PlotOverlap) int {
		return cmp.Or(cmp.Compare(b.SquareMetres, a.SquareMetres), cmp.Compare(a.A.ID, b.A.ID), cmp.Compare(a.B.ID, b.B.ID))
	})
}

// maxPlots is how many plots one overview shows.
const maxPlots = 1000

// Plots are places with a position, for an overview.
type Plots struct {
	Places []Place
	// Organisations are those whose places they are, by id.
	Organisations map[string]Organisation
	// Cut tells that there are more than are shown.
	Cut bool
}

// Plots answers the places of an organisation or, without one, of all that an official or admin oversees.
func (l *Ledger) Plots(ctx context.Context, by Actor, org string) (out Plots, err error) {
	defer fault.Wrap(&err, "Ledger.Plots(%q)", org)
	if org == "" {
		org = by.Org
	}
	out.Organisations = map[string]Organisation{}
	q := store.Query{Limit: maxPlots}
	switch {
	case org != "":
		o, err := organisations.get(ctx, l, org)
		if err != nil {
			return out, err
		}
		if !by.mayRead(&o.Doc) {
			return out, by.denied()
		}
		out.Organisations[org] = o.Doc
		q.Term = "org=" + org
	default:
		all, next, err := l.Organisations(ctx, by, "", 200)
		if err != nil {
			return out, err
		}
		out.Cut = next != ""
		for _, o := range all {
			out.Organisations[o.Doc.ID] = o.Doc
			q.Any = append(q.Any, "org="+o.Doc.ID)
		}
		if len(q.Any) == 0 {
			return out, nil
		}
	}
	found, next, err := places.find(ctx, l, q)
	if err != nil {
		return out, err
	}
	out.Cut = out.Cut || next != ""
	for _, s := range found {
		out.Places = append(out.Places, s.Doc)
	}
	return out, nil
}

// PolygonFrom is from how many hectares EUDR wants a polygon and no point (Regulation (EU) 2023/1115, Art. 2(28)).
const PolygonFrom = 4

// PlotProperties are what a plot's GeoJSON says of it. The first four are those that the EUDR information
// system reads. There is nothing personal in them: the plot's name, address and household are left out.
type PlotProperties struct {
	// ProducerName is the organisation.
	ProducerName string `json:"ProducerName"`
	// ProducerCountry is VN.
	ProducerCountry string `json:"ProducerCountry"`
	// ProductionPlace is the plot's id here.
	ProductionPlace string `json:"ProductionPlace"`
	// Area is in hectares: the boundary's or, for a point, the declared one.
	Area float64 `json:"Area,omitempty"`
	// Organisation is the id of the organisation.
	Organisation string `json:"organisation"`
	// AdminUnit is the code of the commune.
	AdminUnit string `json:"adminUnit"`
	// GrowingAreaCode is the mã số vùng trồng as written.
	GrowingAreaCode string `json:"growingAreaCode,omitempty"`
	// AreaDeclaredHa is the area that the organisation declares.
	AreaDeclaredHa float64 `json:"areaDeclaredHa,omitempty"`
	// PolygonMissing tells that the plot is larger than 4 ha, or of unknown size, and only a point is known.
	PolygonMissing bool `json:"polygonMissing,omitempty"`
}

// PlotGeoJSON is a plot as a GeoJSON Feature (RFC 7946).
type PlotGeoJSON struct {
	Type       string          `json:"type"`
	ID         string          `json:"id"`
	Geometry   json.RawMessage `json:"geometry"`
	Properties PlotProperties  `json:"properties"`
}

// PlotFeature writes a plot as a GeoJSON Feature with six decimals, as EUDR wants them: its polygon if that
// is known, and else its point. A place without a position has a null geometry, which says that it is
// missing.
func PlotFeature(pl *Place, o *Organisation) PlotGeoJSON {
	f := PlotGeoJSON{Type: "Feature", ID: pl.ID, Geometry: json.RawMessage("null"), Properties: PlotProperties{
		ProducerName: o.Name, ProducerCountry: "VN", ProductionPlace: pl.ID, Organisation: pl.Organisation,
		AdminUnit: pl.AdminUnit, GrowingAreaCode: pl.GrowingAreaCode, AreaDeclaredHa: pl.AreaHa.float(),
	}}
	shape := pl.Shape()
	switch {
	case shape.IsArea():
		f.Geometry = shape.JSON(6)
		f.Properties.Area = math.Round(shape.Hectares()*10_000) / 10_000
	case shape.Point != nil:
		f.Geometry = shape.JSON(6)
		f.Properties.Area = pl.AreaHa.float()
		f.Properties.PolygonMissing = pl.AreaHa == 0 || pl.AreaHa > PolygonFrom*1000
	default:
		f.Properties.PolygonMissing = pl.AreaHa == 0 || pl.AreaHa > PolygonFrom*1000
	}
	return f
}

// float is the amount as a number of its unit.
func (a Amount) float() float64 {
	f, err := strconv.ParseFloat(a.String(), 64)
	if err != nil {
		return 0
	}
	return f
}

// PlotCollection is a GeoJSON FeatureCollection of plots.
type PlotCollection struct {
	Type     string        `json:"type"`
	Features []PlotGeoJSON `json:"features"`
}

// PlotsGeoJSON answers the plots of an organisation or, without one, of all that an official or admin
// oversees, 1,000 at most.
func (l *Ledger) PlotsGeoJSON(ctx context.Context, by Actor, org string) (PlotCollection, error) {
	out := PlotCollection{Type: "FeatureCollection", Features: []PlotGeoJSON{}}
	all, err := l.Plots(ctx, by, org)
	if err != nil {
		return out, err
	}
	for i := range all.Places {
		if pl := &all.Places[i]; pl.Type == Plot {
			o := all.Organisations[pl.Organisation]
			out.Features = append(out.Features, PlotFeature(pl, &o))
		}
	}
	return out, nil
}
