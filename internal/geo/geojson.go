package geo

import (
	"encoding/json"
	"strconv"
	"strings"
)

// maxFeatures is how many shapes one file may bring.
const maxFeatures = 500

// object is a GeoJSON object of any kind (RFC 7946).
type object struct {
	Type        string            `json:"type"`
	Coordinates json.RawMessage   `json:"coordinates"`
	Geometry    json.RawMessage   `json:"geometry"`
	Geometries  []json.RawMessage `json:"geometries"`
	Features    []json.RawMessage `json:"features"`
	Properties  json.RawMessage   `json:"properties"`
}

// ParseGeoJSON reads one geometry: a Point, Polygon or MultiPolygon, or a Feature or FeatureCollection that
// holds just one. The geometry is checked and put in order.
func ParseGeoJSON(raw []byte) (Geometry, error) {
	all, err := Features(raw)
	if err != nil {
		return Geometry{}, err
	}
	if len(all) != 1 {
		return Geometry{}, bad("several", len(all))
	}
	g := all[0].Geometry
	err = g.Check()
	return g, err
}

// Features reads every shape of a GeoJSON text, unchecked.
func Features(raw []byte) ([]Feature, error) {
	var out []Feature
	err := features(raw, "", 0, &out)
	if err == nil && len(out) == 0 {
		err = bad("none")
	}
	return out, err
}

func features(raw []byte, name string, depth int, out *[]Feature) error {
	var o object
	if depth > 4 || json.Unmarshal(raw, &o) != nil {
		return bad("malformed")
	}
	add := func(g Geometry) error {
		if len(*out) >= maxFeatures {
			return bad("features", maxFeatures)
		}
		*out = append(*out, Feature{Name: name, Geometry: g})
		return nil
	}
	inside := func(parts []json.RawMessage) error {
		for _, part := range parts {
			if err := features(part, name, depth+1, out); err != nil {
				return err
			}
		}
		return nil
	}
	switch o.Type {
	case "FeatureCollection":
		return inside(o.Features)
	case "GeometryCollection":
		return inside(o.Geometries)
	case "Feature":
		if len(o.Geometry) == 0 || string(o.Geometry) == "null" {
			return nil
		}
		name = nameOf(o.Properties)
		return features(o.Geometry, name, depth+1, out)
	case "Point":
		at, ok := position(o.Coordinates)
		if !ok {
			return bad("malformed")
		}
		return add(Geometry{Point: &at})
	case "Polygon":
		var p [][]json.RawMessage
		if json.Unmarshal(o.Coordinates, &p) != nil {
			return bad("malformed")
		}
		polygon, ok := polygonOf(p)
		if !ok {
			return bad("malformed")
		}
		return add(Geometry{Polygons: []Polygon{polygon}})
	case "MultiPolygon":
		var ps [][][]json.RawMessage
		if json.Unmarshal(o.Coordinates, &ps) != nil {
			return bad("malformed")
		}
		var g Geometry
		for _, p := range ps {
			polygon, ok := polygonOf(p)
			if !ok {
				return bad("malformed")
			}
			g.Polygons = append(g.Polygons, polygon)
		}
		return add(g)
	case "LineString", "MultiLineString", "MultiPoint":
		return bad("type", o.Type)
	}
	return bad("malformed")
}

// nameOf is what a feature calls itself.
func nameOf(properties json.RawMessage) string {
	var p map[string]any
	if json.Unmarshal(properties, &p) != nil {
		return ""
	}
	for _, key := range []string{"name", "Name", "ten", "Ten", "title", "ProductionPlace"} {
		if s, ok := p[key].(string); ok {
			return strings.TrimSpace(s)
		}
	}
	return ""
}

// position reads [longitude, latitude] or, with a height that is left out, [longitude, latitude, height].
func position(raw json.RawMessage) (Position, bool) {
	var at []float64
	if json.Unmarshal(raw, &at) != nil || len(at) != 2 && len(at) != 3 {
		return Position{}, false
	}
	return Position{at[0], at[1]}, true
}

func polygonOf(rings [][]json.RawMessage) (out Polygon, ok bool) {
	for _, ring := range rings {
		r := make(Ring, 0, len(ring))
		for _, raw := range ring {
			at, ok := position(raw)
			if !ok {
				return nil, false
			}
			r = append(r, at)
		}
		out = append(out, r)
	}
	return out, len(out) > 0
}

// JSON writes the geometry as GeoJSON. With decimals of 6, as EUDR wants it, coordinates have just six;
// with -1 they have as many as they were given with.
func (g *Geometry) JSON(decimals int) json.RawMessage {
	var b strings.Builder
	at := func(p Position) {
		b.WriteByte('[')
		b.WriteString(strconv.FormatFloat(p.Lon, 'f', decimals, 64))
		b.WriteByte(',')
		b.WriteString(strconv.FormatFloat(p.Lat, 'f', decimals, 64))
		b.WriteByte(']')
	}
	polygon := func(p Polygon) {
		b.WriteByte('[')
		for i, r := range p {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteByte('[')
			for j, pos := range r {
				if j > 0 {
					b.WriteByte(',')
				}
				at(pos)
			}
			b.WriteByte(']')
		}
		b.WriteByte(']')
	}
	switch {
	case g.Point != nil:
		b.WriteString(`{"type":"Point","coordinates":`)
		at(*g.Point)
	case len(g.Polygons) == 1:
		b.WriteString(`{"type":"Polygon","coordinates":`)
		polygon(g.Polygons[0])
	default:
		b.WriteString(`{"type":"MultiPolygon","coordinates":[`)
		for i, p := range g.Polygons {
			if i > 0 {
				b.WriteByte(',')
			}
			polygon(p)
		}
		b.WriteByte(']')
	}
	b.WriteByte('}')
	return json.RawMessage(b.String())
}
