// Package geo knows the shapes of plots: it reads boundaries from GeoJSON, KML, KMZ, GPX and typed
// coordinates, says what is wrong with one and where, and computes areas, lengths and overlaps on the
// WGS 84 ellipsoid. It does no I/O.
//
// A boundary is a ring of positions in degrees. Between two positions its edge is the straight line in
// longitude and latitude, as RFC 7946 has it.
package geo

import (
	"math"
	"strconv"

	"truynguon/internal/fault"
)

// MaxPositions is how many positions one geometry may have.
const MaxPositions = 2000

// Position is a place on the earth in WGS 84 degrees.
type Position struct{ Lon, Lat float64 }

// String writes the position as people do, latitude first, with six decimals.
func (p Position) String() string { return degrees(p.Lat) + ", " + degrees(p.Lon) }

// degrees writes degrees with six decimals, which is a tenth of a metre and what EUDR asks for.
func degrees(d float64) string { return strconv.FormatFloat(d, 'f', 6, 64) }

// Ring is a closed line: its last position is its first.
type Ring []Position

// Polygon is an outer ring, followed by the rings of its holes.
type Polygon []Ring

// Geometry is a point, or one polygon or more. The zero Geometry is none.
type Geometry struct {
	// Point is nil if the geometry is an area.
	Point *Position
	// Polygons are the parts of an area.
	Polygons []Polygon
}

// Empty reports whether there is no geometry.
func (g *Geometry) Empty() bool { return g.Point == nil && len(g.Polygons) == 0 }

// IsArea reports whether the geometry has an extent.
func (g *Geometry) IsArea() bool { return len(g.Polygons) > 0 }

// Feature is a geometry with the name that its file gave it.
type Feature struct {
	Name     string
	Geometry Geometry
	// Simplified tells that a track had more positions than are of use, and was thinned out to within a metre.
	Simplified bool
}

// bad is a fault of a boundary. Codes and arguments are told by the message catalogue's fault.geometry_….
func bad(code string, args ...any) error { return fault.New(fault.Invalid, "geometry_"+code, args...) }

// Check answers the first fault of a geometry, and puts it in order: repeated positions are dropped and
// rings are turned as RFC 7946 wants them, outer ones counter-clockwise and holes clockwise.
func (g *Geometry) Check() error {
	if g.Point != nil {
		return checkPosition(*g.Point, 1)
	}
	if len(g.Polygons) == 0 {
		return bad("malformed")
	}
	count := 0
	for i := range g.Polygons {
		p := g.Polygons[i]
		if len(p) == 0 {
			return bad("malformed")
		}
		for _, r := range p {
			if count += len(r); count > MaxPositions {
				return bad("many", MaxPositions)
			}
			for n, at := range r {
				if err := checkPosition(at, n+1); err != nil {
					return err
				}
			}
		}
		for j := range p {
			r := p[j].withoutRepeats()
			if len(r) < 4 {
				return bad("few")
			}
			if r[0] != r[len(r)-1] {
				return bad("open", r[0].String(), r[len(r)-1].String())
			}
			p[j] = r
		}
	}
	edges := g.edges()
	if a, b, at, crosses := firstCrossing(edges); crosses {
		return bad("crosses", a.number, b.number, at.String())
	}
	for _, p := range g.Polygons {
		for j := range p {
			area := p[j].signedArea()
			if math.Abs(area) < 0.01 { // square metres: three positions in a line
				return bad("few")
			}
			if (area > 0) != (j == 0) {
				p[j] = p[j].reversed()
			}
			if j > 0 && !p[:1].contains(p[j][0]) {
				return bad("hole")
			}
		}
	}
	return nil
}

// checkPosition answers what is wrong with the n-th position.
func checkPosition(p Position, n int) error {
	switch {
	case math.IsNaN(p.Lat) || math.IsNaN(p.Lon) || math.IsInf(p.Lat, 0) || math.IsInf(p.Lon, 0):
		return bad("malformed")
	case p.Lat >= 102 && p.Lat <= 118 && p.Lon >= 7 && p.Lon <= 24:
		// Vietnam lies between 102° and 118° east, and 7° and 24° north.
		return bad("swapped", n, degrees(p.Lon), degrees(p.Lat))
	case math.Abs(p.Lon) > 100_000 || math.Abs(p.Lat) > 100_000:
		return bad("metres", n) // as on land certificates, which are in VN-2000
	case math.Abs(p.Lon) > 180:
		return bad("longitude", n, number(p.Lon))
	case math.Abs(p.Lat) > 90:
		return bad("latitude", n, number(p.Lat))
	}
	return nil
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// withoutRepeats drops positions that are the same as the one before.
func (r Ring) withoutRepeats() Ring {
	out := make(Ring, 0, len(r))
	for i, p := range r {
		if i == 0 || p != r[i-1] {
			out = append(out, p)
		}
	}
	return out
}

// closed ends a ring where it began.
func (r Ring) closed() Ring {
	if len(r) > 0 && r[0] != r[len(r)-1] {
		r = append(r, r[0])
	}
	return r
}

func (r Ring) reversed() Ring {
	out := make(Ring, len(r))
	for i, p := range r {
		out[len(r)-1-i] = p
	}
	return out
}

// Corners are the positions of a ring, each once.
func (r Ring) Corners() []Position {
	if len(r) > 1 && r[0] == r[len(r)-1] {
		return r[:len(r)-1]
	}
	return r
}

// Bounds is a rectangle of longitudes and latitudes.
type Bounds struct{ West, South, East, North float64 }

// Nowhere is the bounds of nothing; adding a position makes it that position's.
var Nowhere = Bounds{West: math.Inf(1), South: math.Inf(1), East: math.Inf(-1), North: math.Inf(-1)}

// Add widens the bounds by a geometry.
func (b Bounds) Add(g *Geometry) Bounds {
	add := func(p Position) {
		b.West, b.East = math.Min(b.West, p.Lon), math.Max(b.East, p.Lon)
		b.South, b.North = math.Min(b.South, p.Lat), math.Max(b.North, p.Lat)
	}
	if g.Point != nil {
		add(*g.Point)
	}
	for _, p := range g.Polygons {
		for _, r := range p {
			for _, at := range r {
				add(at)
			}
		}
	}
	return b
}

// Meets reports whether two bounds share a point.
func (b Bounds) Meets(o Bounds) bool {
	return b.West <= o.East && o.West <= b.East && b.South <= o.North && o.South <= b.North
}

// Bounds are those of the geometry.
func (g *Geometry) Bounds() Bounds { return Nowhere.Add(g) }
