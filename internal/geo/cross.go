package geo

import (
	"math"
	"slices"
)

// edge is a side of a ring.
type edge struct {
	a, b Position
	// ring tells rings apart, and number counts sides from 1; last is the number of the ring's last side.
	ring, number, last int
}

func (g *Geometry) edges() (out []edge) {
	ring := 0
	for _, p := range g.Polygons {
		for _, r := range p {
			for i := 1; i < len(r); i++ {
				out = append(out, edge{r[i-1], r[i], ring, i, len(r) - 1})
			}
			ring++
		}
	}
	return out
}

// firstCrossing looks for two sides that cross or touch where they should not, and answers where. Sides are
// taken from west to east, so that only those are compared that lie above each other.
func firstCrossing(edges []edge) (a, b edge, at Position, crosses bool) {
	sorted := slices.Clone(edges)
	west := func(e edge) float64 { return math.Min(e.a.Lon, e.b.Lon) }
	east := func(e edge) float64 { return math.Max(e.a.Lon, e.b.Lon) }
	slices.SortStableFunc(sorted, func(a, b edge) int {
		switch w, v := west(a), west(b); {
		case w < v:
			return -1
		case w > v:
			return 1
		}
		return 0
	})
	var open []edge
	for _, e := range sorted {
		kept := open[:0]
		for _, o := range open {
			if east(o) < west(e) {
				continue
			}
			kept = append(kept, o)
			if at, meets := meet(o, e); meets {
				if o.ring == e.ring && o.number > e.number {
					o, e = e, o
				}
				return o, e, at, true
			}
		}
		kept = append(kept, e)
		open = kept
	}
	return edge{}, edge{}, Position{}, false
}

// meet reports whether two sides share a point that they may not. Neighbours share their corner, and are at
// fault only if one runs back along the other.
func meet(e, f edge) (Position, bool) {
	if e.ring == f.ring {
		first, second := e, f
		if first.number > second.number {
			first, second = second, first
		}
		switch {
		case second.number == first.number+1:
			return back(first.a, first.b, second.b)
		case first.number == 1 && second.number == second.last:
			return back(second.a, second.b, first.b)
		}
	}
	if e.a.Lat > math.Max(f.a.Lat, f.b.Lat) && e.b.Lat > math.Max(f.a.Lat, f.b.Lat) ||
		e.a.Lat < math.Min(f.a.Lat, f.b.Lat) && e.b.Lat < math.Min(f.a.Lat, f.b.Lat) {
		return Position{}, false
	}
	d1, d2 := side(f.a, f.b, e.a), side(f.a, f.b, e.b)
	d3, d4 := side(e.a, e.b, f.a), side(e.a, e.b, f.b)
	if d1*d2 < 0 && d3*d4 < 0 {
		t := d1 / (d1 - d2)
		return Position{e.a.Lon + t*(e.b.Lon-e.a.Lon), e.a.Lat + t*(e.b.Lat-e.a.Lat)}, true
	}
	for _, touch := range []struct {
		d    float64
		at   Position
		a, b Position
	}{{d1, e.a, f.a, f.b}, {d2, e.b, f.a, f.b}, {d3, f.a, e.a, e.b}, {d4, f.b, e.a, e.b}} {
		if touch.d == 0 && within(touch.a, touch.b, touch.at) {
			// Parts of one geometry may touch in a corner; the sides of a ring may not.
			if e.ring != f.ring {
				continue
			}
			return touch.at, true
		}
	}
	return Position{}, false
}

// side is positive if p lies left of the line from a to b, and 0 on it.
func side(a, b, p Position) float64 {
	return (b.Lon-a.Lon)*(p.Lat-a.Lat) - (b.Lat-a.Lat)*(p.Lon-a.Lon)
}

func within(a, b, p Position) bool {
	return p.Lon >= math.Min(a.Lon, b.Lon) && p.Lon <= math.Max(a.Lon, b.Lon) &&
		p.Lat >= math.Min(a.Lat, b.Lat) && p.Lat <= math.Max(a.Lat, b.Lat)
}

// back reports whether the side from b to c runs back along that from a to b.
func back(a, b, c Position) (Position, bool) {
	if side(a, b, c) != 0 {
		return Position{}, false
	}
	return b, (b.Lon-a.Lon)*(c.Lon-b.Lon)+(b.Lat-a.Lat)*(c.Lat-b.Lat) < 0
}
