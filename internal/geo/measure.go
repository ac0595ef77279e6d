package geo

import (
	"math"
	"slices"
)

// The WGS 84 ellipsoid: its greater half-axis in metres, flattening, and eccentricity.
const (
	semiMajor  = 6378137.0
	flattening = 1 / 298.257223563
	ecc2       = flattening * (2 - flattening)
)

var ecc = math.Sqrt(ecc2)

const radians = math.Pi / 180

// authalic is q of Snyder, Map Projections (USGS 1395), equation 3-12: the area of the ellipsoid between
// the equator and a latitude is proportional to it.
func authalic(lat float64) float64 {
	s := math.Sin(lat * radians)
	return (1 - ecc2) * (s/(1-ecc2*s*s) - 1/(2*ecc)*math.Log((1-ecc*s)/(1+ecc*s)))
}

// flat is a position on the cylindrical equal-area projection in metres: areas on it are those on the
// ellipsoid exactly.
type flat struct{ x, y float64 }

func project(p Position) flat {
	return flat{semiMajor * p.Lon * radians, semiMajor / 2 * authalic(p.Lat)}
}

// signedArea is the ring's area in square metres, positive if it runs counter-clockwise. Along an edge q is
// taken at both ends and in the middle (Simpson), so that edges of many kilometres count right too.
func (r Ring) signedArea() float64 {
	if len(r) < 3 {
		return 0
	}
	base := authalic(r[0].Lat) // small differences of large numbers would lose digits
	sum := 0.0
	for i := 1; i < len(r); i++ {
		a, b := r[i-1], r[i]
		q := (authalic(a.Lat) + 4*authalic((a.Lat+b.Lat)/2) + authalic(b.Lat)) / 6
		sum -= (b.Lon - a.Lon) * radians * (q - base)
	}
	return sum * semiMajor * semiMajor / 2
}

// SquareMetres is the area on the ellipsoid; a point has none.
func (g *Geometry) SquareMetres() float64 {
	sum := 0.0
	for _, p := range g.Polygons {
		for j, r := range p {
			if a := math.Abs(r.signedArea()); j == 0 {
				sum += a
			} else {
				sum -= a
			}
		}
	}
	return math.Max(sum, 0)
}

// Hectares is the area in hectares.
func (g *Geometry) Hectares() float64 { return g.SquareMetres() / 10_000 }

// cartesian is a position in space, in metres from the earth's centre.
func cartesian(p Position) (x, y, z float64) {
	sin, cos := math.Sincos(p.Lat * radians)
	n := semiMajor / math.Sqrt(1-ecc2*sin*sin)
	sinLon, cosLon := math.Sincos(p.Lon * radians)
	return n * cos * cosLon, n * cos * sinLon, n * (1 - ecc2) * sin
}

// Distance is how far two positions are from each other, in metres along the ground. It is meant for plots:
// over 100 km it is right to a few metres.
func Distance(a, b Position) float64 {
	ax, ay, az := cartesian(a)
	bx, by, bz := cartesian(b)
	chord := math.Sqrt((ax-bx)*(ax-bx) + (ay-by)*(ay-by) + (az-bz)*(az-bz))
	const mean = 6371008.8
	return 2 * mean * math.Asin(math.Min(1, chord/(2*mean)))
}

// Perimeter is the length of all outer rings in metres.
func (g *Geometry) Perimeter() float64 {
	sum := 0.0
	for _, p := range g.Polygons {
		for i := 1; i < len(p[0]); i++ {
			sum += Distance(p[0][i-1], p[0][i])
		}
	}
	return sum
}

// Centre is a point of the geometry that stands for it: its centroid if that lies within, and else a point
// within in the middle of its widest part.
func (g *Geometry) Centre() Position {
	if g.Point != nil {
		return *g.Point
	}
	if len(g.Polygons) == 0 {
		return Position{}
	}
	largest, most := g.Polygons[0], 0.0
	for _, p := range g.Polygons {
		if a := math.Abs(p[0].signedArea()); a > most {
			largest, most = p, a
		}
	}
	r := largest[0]
	o := r[0]
	var sum, x, y float64
	for i := 1; i < len(r); i++ {
		ax, ay, bx, by := r[i-1].Lon-o.Lon, r[i-1].Lat-o.Lat, r[i].Lon-o.Lon, r[i].Lat-o.Lat
		cross := ax*by - bx*ay
		sum += cross
		x += (ax + bx) * cross
		y += (ay + by) * cross
	}
	if sum != 0 {
		if c := (Position{o.Lon + x/(3*sum), o.Lat + y/(3*sum)}); largest.contains(c) {
			return c
		}
	}
	return largest.widest()
}

// widest is the middle of the longest stretch inside the polygon, among seven latitudes.
func (p Polygon) widest() Position {
	b := (&Geometry{Polygons: []Polygon{p}}).Bounds()
	best, width := p[0][0], 0.0
	for i := 1; i < 8; i++ {
		lat := b.South + (b.North-b.South)*float64(i)/8
		xs := p.cuts(lat)
		for j := 1; j < len(xs); j += 2 {
			if w := xs[j] - xs[j-1]; w > width {
				best, width = Position{(xs[j] + xs[j-1]) / 2, lat}, w
			}
		}
	}
	return best
}

// cuts are the longitudes at which the polygon's rings cross a latitude, from west to east.
func (p Polygon) cuts(lat float64) (xs []float64) {
	for _, r := range p {
		for i := 1; i < len(r); i++ {
			a, b := r[i-1], r[i]
			if (a.Lat > lat) != (b.Lat > lat) {
				xs = append(xs, a.Lon+(lat-a.Lat)/(b.Lat-a.Lat)*(b.Lon-a.Lon))
			}
		}
	}
	slices.Sort(xs)
	return xs
}

// contains reports whether a position is inside the polygon; on its boundary either answer may be given.
func (p Polygon) contains(at Position) bool {
	inside := false
	for _, x := range p.cuts(at.Lat) {
		if x > at.Lon {
			inside = !inside
		}
	}
	return inside
}

// Contains reports whether a position lies within the area.
func (g *Geometry) Contains(at Position) bool {
	return slices.ContainsFunc(g.Polygons, func(p Polygon) bool { return p.contains(at) })
}
