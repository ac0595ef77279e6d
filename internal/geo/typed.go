package geo

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
)

// Typed writes a boundary as people type it: a line for each corner, latitude first. What has holes or
// several parts is written as GeoJSON.
func (g *Geometry) Typed() string {
	switch {
	case g.Point != nil:
		return g.Point.String()
	case len(g.Polygons) == 1 && len(g.Polygons[0]) == 1:
		var b strings.Builder
		for _, p := range g.Polygons[0][0].Corners() {
			b.WriteString(p.String())
			b.WriteByte('\n')
		}
		return strings.TrimSuffix(b.String(), "\n")
	case g.IsArea():
		return string(g.JSON(6))
	}
	return ""
}

// a coordinate as typed: a comma begins decimals if a digit follows and a point occurs nowhere in the line.
var figure = regexp.MustCompile(`[-+]?\d+(?:[.,]\d+)?`)

// ParseTyped reads a boundary as people type it: a line for each corner, "14.351200, 108.204300" or
// "14,3512; 108,2043", latitude first. One line is a point, three or more a boundary, which need not be
// closed. GeoJSON is read too. Nothing typed is an empty geometry and no fault.
func ParseTyped(text string) (Geometry, error) {
	text = strings.TrimSpace(strings.TrimPrefix(text, "\ufeff"))
	if text == "" {
		return Geometry{}, nil
	}
	if text[0] == '{' {
		return ParseGeoJSON(bytes.TrimSpace([]byte(text)))
	}
	var r Ring
	n := 0
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		n++
		if n > MaxPositions {
			return Geometry{}, bad("many", MaxPositions)
		}
		at, ok := typedPosition(line)
		if !ok {
			return Geometry{}, bad("line", n, shorten(line))
		}
		r = append(r, at)
	}
	g := Geometry{Polygons: []Polygon{{r.closed()}}}
	if len(r) == 1 {
		g = Geometry{Point: &r[0]}
	}
	err := g.Check()
	return g, err
}

func shorten(s string) string {
	if runes := []rune(s); len(runes) > 40 {
		return string(runes[:40]) + "…"
	}
	return s
}

// typedPosition reads latitude and longitude out of a line.
func typedPosition(line string) (Position, bool) {
	sep := line
	if strings.Contains(line, ".") {
		sep = strings.ReplaceAll(line, ",", " ") // the comma parts the two
	}
	found := figure.FindAllString(sep, -1)
	if rest := strings.Trim(figure.ReplaceAllString(sep, ""), " \t;,°"); len(found) != 2 || rest != "" {
		return Position{}, false
	}
	lat, err1 := strconv.ParseFloat(strings.Replace(found[0], ",", ".", 1), 64)
	lon, err2 := strconv.ParseFloat(strings.Replace(found[1], ",", ".", 1), 64)
	return Position{lon, lat}, err1 == nil && err2 == nil
}
