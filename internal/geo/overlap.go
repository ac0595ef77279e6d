package geo

import (
	"math"
	"slices"
)

// Overlap is the area in square metres that two geometries share. Rings may be of any shape; a point shares
// none.
//
// The plane is cut into strips at every corner and crossing. Within a strip no two sides cross, so the width
// that is inside both changes evenly and its middle tells the strip's area exactly. Sides are straight in the plane here,
// which for plots differs from [Geometry.SquareMetres] by less than one part in ten thousand.
func Overlap(a, b *Geometry) float64 {
	if !a.IsArea() || !b.IsArea() || !a.Bounds().Meets(b.Bounds()) {
		return 0
	}
	as, bs := strips(a), strips(b)
	ys := make([]float64, 0, 2*(len(as)+len(bs)))
	for _, e := range append(slices.Clone(as), bs...) {
		ys = append(ys, e.lo.y, e.hi.y)
	}
	for _, e := range as {
		for _, f := range bs {
			if y, ok := e.crossing(f); ok {
				ys = append(ys, y)
			}
		}
	}
	slices.Sort(ys)
	ys = slices.Compact(ys)
	sum := 0.0
	var xa, xb []float64
	for i := 1; i < len(ys); i++ {
		mid := (ys[i-1] + ys[i]) / 2
		if xa = spans(xa[:0], as, mid); len(xa) == 0 {
			continue
		}
		if xb = spans(xb[:0], bs, mid); len(xb) == 0 {
			continue
		}
		sum += (ys[i] - ys[i-1]) * shared(xa, xb)
	}
	return sum
}

// slanted is a side in the plane, from its lower end to its upper one.
type slanted struct{ lo, hi flat }

func strips(g *Geometry) (out []slanted) {
	for _, p := range g.Polygons {
		for _, r := range p {
			for i := 1; i < len(r); i++ {
				e := slanted{project(r[i-1]), project(r[i])}
				if e.lo.y > e.hi.y {
					e.lo, e.hi = e.hi, e.lo
				}
				if e.lo.y != e.hi.y {
					out = append(out, e)
				}
			}
		}
	}
	return out
}

func (e slanted) at(y float64) float64 {
	return e.lo.x + (y-e.lo.y)/(e.hi.y-e.lo.y)*(e.hi.x-e.lo.x)
}

// crossing is the height at which two sides cross.
func (e slanted) crossing(f slanted) (float64, bool) {
	lo, hi := math.Max(e.lo.y, f.lo.y), math.Min(e.hi.y, f.hi.y)
	if lo >= hi {
		return 0, false
	}
	d, u := e.at(lo)-f.at(lo), e.at(hi)-f.at(hi)
	if d*u >= 0 {
		return 0, false
	}
	return lo + (hi-lo)*d/(d-u), true
}

// spans are where the sides cut a height: in pairs, from the left end of a part inside to its right end.
func spans(xs []float64, edges []slanted, y float64) []float64 {
	for _, e := range edges {
		if e.lo.y <= y && y < e.hi.y {
			xs = append(xs, e.at(y))
		}
	}
	slices.Sort(xs)
	return xs
}

// shared is the length that two lists of parts have in common.
func shared(a, b []float64) (sum float64) {
	for i, j := 0, 0; i+1 < len(a) && j+1 < len(b); {
		if w := math.Min(a[i+1], b[j+1]) - math.Max(a[i], b[j]); w > 0 {
			sum += w
		}
		if a[i+1] < b[j+1] {
			i += 2
		} else {
			j += 2
		}
	}
	return sum
}
