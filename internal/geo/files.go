package geo

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"path"
	"strconv"
	"strings"
)

// MaxFile is how many bytes a file with boundaries may have, unpacked.
const MaxFile = 5 << 20

// ParseFile reads the shapes in a file: GeoJSON, KML, KMZ or GPX, told apart by what is in it and not by
// its name. Shapes are not checked, so that one that is at fault keeps none of the others out.
func ParseFile(data []byte) ([]Feature, error) {
	if len(data) > MaxFile {
		return nil, bad("file_large", MaxFile>>20)
	}
	data = bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\ufeff")))
	switch {
	case bytes.HasPrefix(data, []byte("{")):
		return Features(data)
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		return kmz(data)
	case bytes.HasPrefix(data, []byte("<")):
		return markup(data)
	}
	return nil, bad("file_kind")
}

// kmz reads the first KML file in an archive.
func kmz(data []byte) ([]Feature, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, bad("file_kind")
	}
	for _, f := range z.File {
		if !strings.EqualFold(path.Ext(f.Name), ".kml") {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return nil, bad("file_kind")
		}
		// What an archive says of its files' sizes is not to be believed.
		inner, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
		if closeErr := r.Close(); err != nil || closeErr != nil {
			return nil, bad("file_kind")
		}
		if len(inner) > MaxFile {
			return nil, bad("file_large", MaxFile>>20)
		}
		return markup(bytes.TrimSpace(bytes.TrimPrefix(inner, []byte("\ufeff"))))
	}
	return nil, bad("file_kind")
}

// markup reads KML (OGC 12-007) or GPX 1.1, as a stream: nothing is expanded and no other file is opened.
func markup(data []byte) ([]Feature, error) {
	d := xml.NewDecoder(bytes.NewReader(data))
	m := marks{}
	for depth := 0; ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || depth > 60 {
			return nil, bad("file_kind")
		}
		switch t := token.(type) {
		case xml.StartElement:
			depth++
			m.path = append(m.path, t.Name.Local)
			m.text.Reset()
			m.start(t)
		case xml.CharData:
			m.text.Write(t)
		case xml.EndElement:
			m.end(t.Name.Local)
			depth--
			m.path = m.path[:len(m.path)-1]
			m.text.Reset()
		}
		if m.err != nil {
			return nil, m.err
		}
	}
	if !m.known {
		return nil, bad("file_kind")
	}
	if len(m.out) == 0 {
		return nil, bad("none")
	}
	return m.out, nil
}

// marks is what has been read of a KML or GPX file.
type marks struct {
	path  []string
	text  strings.Builder
	known bool
	err   error

	name    string
	now     Geometry
	polygon Polygon
	line    Ring
	out     []Feature
}

func (m *marks) parent(n int) string {
	if i := len(m.path) - 1 - n; i >= 0 {
		return m.path[i]
	}
	return ""
}

func (m *marks) start(t xml.StartElement) {
	switch t.Name.Local {
	case "kml", "gpx":
		m.known = m.known || len(m.path) == 1
	case "Placemark", "trk", "rte":
		m.name, m.now, m.line = "", Geometry{}, nil
	case "Polygon":
		m.polygon = nil
	case "trkpt", "rtept":
		var at Position
		var err error
		for _, a := range t.Attr {
			switch a.Name.Local {
			case "lat":
				at.Lat, err = strconv.ParseFloat(strings.TrimSpace(a.Value), 64)
			case "lon":
				at.Lon, err = strconv.ParseFloat(strings.TrimSpace(a.Value), 64)
			}
			if err != nil {
				m.err = bad("malformed")
			}
		}
		m.line = append(m.line, at)
	}
}

func (m *marks) end(name string) {
	text := strings.TrimSpace(m.text.String())
	switch name {
	case "name":
		if p := m.parent(1); p == "Placemark" || p == "trk" || p == "rte" {
			m.name = text
		}
	case "coordinates":
		r, ok := tuples(text)
		if !ok {
			m.err = bad("malformed")
			return
		}
		switch m.parent(1) {
		case "Point":
			if len(r) == 1 {
				m.now.Point = &r[0]
			}
		case "LinearRing":
			m.polygon = append(m.polygon, r.closed())
		case "LineString": // a boundary that was walked or traced, and not closed
			m.line = r
		}
	case "coord": // of a gx:Track: numbers parted by spaces
		if parts := strings.Fields(text); len(parts) >= 2 {
			lon, err1 := strconv.ParseFloat(parts[0], 64)
			lat, err2 := strconv.ParseFloat(parts[1], 64)
			if err1 != nil || err2 != nil {
				m.err = bad("malformed")
			}
			m.line = append(m.line, Position{lon, lat})
		}
	case "Polygon":
		if len(m.polygon) > 0 {
			m.now.Polygons = append(m.now.Polygons, m.polygon)
		}
		m.polygon = nil
	case "Placemark", "trk", "rte":
		m.take()
	}
}

// take keeps the shape that has just ended.
func (m *marks) take() {
	f := Feature{Name: m.name, Geometry: m.now}
	if !f.Geometry.IsArea() && len(m.line) >= 3 {
		r := m.line
		if len(r) > thin {
			r, f.Simplified = simplify(r), true
		}
		f.Geometry = Geometry{Polygons: []Polygon{{r.closed()}}}
	}
	if f.Geometry.IsArea() {
		f.Geometry.Point = nil // a label's position beside the boundary
	}
	m.now, m.line, m.name = Geometry{}, nil, ""
	if f.Geometry.Empty() {
		return
	}
	if len(m.out) >= maxFeatures {
		m.err = bad("features", maxFeatures)
		return
	}
	m.out = append(m.out, f)
}

// tuples reads KML coordinates: "longitude,latitude[,height]" parted by blanks.
func tuples(text string) (Ring, bool) {
	var r Ring
	for _, tuple := range strings.Fields(text) {
		parts := strings.Split(tuple, ",")
		if len(parts) < 2 || len(parts) > 3 {
			return nil, false
		}
		lon, err1 := strconv.ParseFloat(parts[0], 64)
		lat, err2 := strconv.ParseFloat(parts[1], 64)
		if err1 != nil || err2 != nil {
			return nil, false
		}
		r = append(r, Position{lon, lat})
	}
	return r, len(r) > 0
}

// thin is from how many positions a track is thinned out, and metre how far it may move by that.
const (
	thin  = 200
	metre = 1.0
)

// simplify leaves positions out that are within a metre of the line without them (Douglas and Peucker).
func simplify(r Ring) Ring {
	keep := make([]bool, len(r))
	keep[0], keep[len(r)-1] = true, true
	for stack := [][2]int{{0, len(r) - 1}}; len(stack) > 0; {
		s := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		far, most := -1, metre
		for i := s[0] + 1; i < s[1]; i++ {
			if d := away(r[s[0]], r[s[1]], r[i]); d > most {
				far, most = i, d
			}
		}
		if far > 0 {
			keep[far] = true
			stack = append(stack, [2]int{s[0], far}, [2]int{far, s[1]})
		}
	}
	var out Ring
	for i, p := range r {
		if keep[i] {
			out = append(out, p)
		}
	}
	return out
}

// away is the distance in metres of p from the stretch between a and b.
func away(a, b, p Position) float64 {
	// Near enough for tracks: a plane with degrees of the right lengths. One that ends where it began has
	// no line, and distance is that from its start.
	ab, ap := Distance(a, b), Distance(a, p)
	if ab < metre {
		return ap
	}
	bp := Distance(b, p)
	if ap*ap > ab*ab+bp*bp || bp*bp > ab*ab+ap*ap {
		return min(ap, bp)
	}
	s := (ab + ap + bp) / 2 // Heron
	return 2 * math.Sqrt(max(0, s*(s-ab)*(s-ap)*(s-bp))) / ab
}
