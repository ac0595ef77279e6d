package sample

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"
)

func TestPlaces(t *testing.T) {
	w := newWorld(t)
	locations := map[string]bool{}
	for _, p := range w.Places {
		o := w.orgs[p.Organisation]
		if o == nil || w.units[p.AdminUnit] == nil {
			t.Fatalf("place %s has an unknown organisation or unit", p.ID)
		}
		oneOf(t, p.ID, p.Type, "plot packhouse processing warehouse shop")
		if (p.GLN != "") != (o.GS1CompanyPrefix != "") {
			t.Errorf("place %s: a GLN needs a company prefix, and a company prefix gives one", p.ID)
		}
		if p.GLN != "" {
			if len(p.GLN) != 13 || !digits.MatchString(p.GLN) || !strings.HasPrefix(p.GLN, o.GS1CompanyPrefix) || !checkDigit(p.GLN) {
				t.Errorf("place %s: GLN %s", p.ID, p.GLN)
			}
			if key := p.GLN + "/" + p.GLNExtension; locations[key] {
				t.Errorf("place %s: location %s comes twice", p.ID, key)
			} else {
				locations[key] = true
			}
		}
		if p.Geometry == nil {
			t.Errorf("place %s has no geometry", p.ID)
			continue
		}
		ring, err := positions(p.Geometry)
		if err != nil {
			t.Errorf("place %s: %v", p.ID, err)
			continue
		}
		for _, c := range ring {
			if c[0] < 107 || c[0] >= 108 || c[1] < 14 || c[1] >= 15 {
				t.Errorf("place %s: %v is outside the district", p.ID, c)
			}
		}
		if p.Geometry.Type == "Polygon" {
			if ring[0] != ring[len(ring)-1] {
				t.Errorf("place %s: the ring is not closed", p.ID)
			}
			// RFC 7946 section 3.1.6: an outer ring runs anticlockwise, so its signed area is positive.
			if a := hectares(ring); a < .98*p.AreaHa || a > 1.02*p.AreaHa {
				t.Errorf("place %s: the polygon has %.2f ha, the record %.2f", p.ID, a, p.AreaHa)
			}
		}
	}
	// Digits are counted in the text: a decoded number does not remember how many it was written with.
	for _, n := range regexp.MustCompile(`\[(107\.\d+), (14\.\d+)\]`).FindAllStringSubmatch(string(districtYAML), -1) {
		if len(n[1]) < len("107.123456") || len(n[2]) < len("14.123456") {
			t.Errorf("coordinates %s have fewer than six decimals", n[0])
		}
	}
}

// positions returns the point, or the outer ring, of a geometry.
func positions(g *Geometry) ([][2]float64, error) {
	list, ok := g.Coordinates.([]any)
	if !ok || len(list) == 0 {
		return nil, errors.New("no coordinates")
	}
	switch g.Type {
	case "Point":
		list = []any{g.Coordinates}
	case "Polygon":
		if list, ok = list[0].([]any); !ok || len(list) < 4 {
			return nil, errors.New("a ring needs four positions")
		}
	default:
		return nil, fmt.Errorf("type %q", g.Type)
	}
	var out [][2]float64
	for _, e := range list {
		pair, ok := e.([]any)
		if !ok || len(pair) != 2 {
			return nil, fmt.Errorf("position %v", e)
		}
		lon, ok1 := pair[0].(float64)
		lat, ok2 := pair[1].(float64)
		if !ok1 || !ok2 {
			return nil, fmt.Errorf("position %v", e)
		}
		out = append(out, [2]float64{lon, lat})
	}
	return out, nil
}

// hectares is the signed area of a small ring, on the plane that touches the globe there.
func hectares(ring [][2]float64) float64 {
	const perDegree = 111320.0 // metres of latitude
	scale := math.Cos(ring[0][1] * math.Pi / 180)
	sum := 0.0
	for i := range len(ring) - 1 {
		a, b := ring[i], ring[i+1]
		sum += (a[0]-ring[0][0])*(b[1]-ring[0][1]) - (b[0]-ring[0][0])*(a[1]-ring[0][1])
	}
	return sum / 2 * perDegree * perDegree * scale / 1e4
}
