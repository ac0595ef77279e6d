package geo

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"truynguon/internal/fault"
)

// code is the fault's, without what it has in front.
func code(err error) string {
	var p *fault.Problem
	if errors.As(err, &p) {
		return strings.TrimPrefix(p.Code, "geometry_")
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func TestParseGeoJSON(t *testing.T) {
	const square = `[[108.2,14.35],[108.21,14.35],[108.21,14.36],[108.2,14.36],[108.2,14.35]]`
	const squareBack = `[[108.2,14.35],[108.2,14.36],[108.21,14.36],[108.21,14.35],[108.2,14.35]]`
	polygon := func(rings string) string { return `{"type":"Polygon","coordinates":[` + rings + `]}` }
	for _, c := range []struct{ name, in, want, fault string }{
		{"a point", `{"type":"Point","coordinates":[108.2043,14.3512]}`, `{"type":"Point","coordinates":[108.2043,14.3512]}`, ""},
		{"a height is left out", `{"type":"Point","coordinates":[108.2043,14.3512,1100]}`, `{"type":"Point","coordinates":[108.2043,14.3512]}`, ""},
		{"a polygon", polygon(square), polygon(square), ""},
		{"turned round", polygon(squareBack), polygon(square), ""},
		{"a hole is turned", polygon(square + `,[[108.204,14.354],[108.206,14.354],[108.206,14.356],[108.204,14.354]]`),
			polygon(square + `,[[108.204,14.354],[108.206,14.356],[108.206,14.354],[108.204,14.354]]`), ""},
		{"repeats go", polygon(`[[108.2,14.35],[108.2,14.35],[108.21,14.35],[108.21,14.36],[108.2,14.35]]`), polygon(`[[108.2,14.35],[108.21,14.35],[108.21,14.36],[108.2,14.35]]`), ""},
		{"a feature", `{"type":"Feature","properties":{"name":"A"},"geometry":` + polygon(square) + `}`, polygon(square), ""},
		{"a collection of one", `{"type":"FeatureCollection","features":[{"type":"Feature","properties":null,"geometry":` + polygon(square) + `}]}`, polygon(square), ""},
		{"a multipolygon", `{"type":"MultiPolygon","coordinates":[[` + square + `],[[[108.3,14.35],[108.31,14.35],[108.31,14.36],[108.3,14.35]]]]}`,
			`{"type":"MultiPolygon","coordinates":[[` + square + `],[[[108.3,14.35],[108.31,14.35],[108.31,14.36],[108.3,14.35]]]]}`, ""},
		{"two", `{"type":"FeatureCollection","features":[{"type":"Feature","geometry":` + polygon(square) + `},{"type":"Feature","geometry":` + polygon(square) + `}]}`, "", "several"},
		{"no JSON", `x`, "", "malformed"},
		{"no type", `{}`, "", "malformed"},
		{"a line", `{"type":"LineString","coordinates":[[108.2,14.35],[108.21,14.35]]}`, "", "type"},
		{"none", `{"type":"FeatureCollection","features":[]}`, "", "none"},
		{"swapped", `{"type":"Point","coordinates":[14.3512,108.2043]}`, "", "swapped"},
		{"north of the pole", `{"type":"Point","coordinates":[108.2,91]}`, "", "latitude"},
		{"east of the date line", `{"type":"Point","coordinates":[181,14]}`, "", "longitude"},
		{"metres of VN-2000", `{"type":"Point","coordinates":[551234.5,1587123.4]}`, "", "metres"},
		{"not closed", polygon(`[[108.2,14.35],[108.21,14.35],[108.21,14.36],[108.2,14.36]]`), "", "open"},
		{"three positions", polygon(`[[108.2,14.35],[108.21,14.35],[108.2,14.35]]`), "", "few"},
		{"in one line", polygon(`[[108.2,14.35],[108.21,14.35],[108.22,14.35],[108.2,14.35]]`), "", "crosses"},
		{"a bow tie", polygon(`[[108.2,14.35],[108.21,14.36],[108.21,14.35],[108.2,14.36],[108.2,14.35]]`), "", "crosses"},
		{"touches itself", polygon(`[[108.2,14.35],[108.21,14.35],[108.21,14.36],[108.205,14.35],[108.2,14.36],[108.2,14.35]]`), "", "crosses"},
		{"a hole outside", polygon(square + `,[[108.3,14.354],[108.306,14.354],[108.306,14.356],[108.3,14.354]]`), "", "hole"},
		{"no ring", polygon(``), "", "malformed"},
		{"infinite", `{"type":"Point","coordinates":[1e999,14]}`, "", "malformed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, err := ParseGeoJSON([]byte(c.in))
			if code(err) != c.fault {
				t.Fatalf("got fault %q, want %q", code(err), c.fault)
			}
			if err != nil {
				return
			}
			if diff := cmp.Diff(c.want, string(g.JSON(-1))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhereItCrosses(t *testing.T) {
	_, err := ParseTyped("14.35, 108.20\n14.36, 108.21\n14.35, 108.21\n14.36, 108.20")
	var p *fault.Problem
	if !errors.As(err, &p) {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]any{1, 3, "14.355000, 108.205000"}, p.Args); diff != "" {
		t.Error(diff)
	}
}

func TestManyPositions(t *testing.T) {
	ring := func(n int) *Geometry {
		var r Ring
		for i := range n {
			a := 2 * math.Pi * float64(i) / float64(n)
			r = append(r, Position{108 + math.Cos(a)/100, 14 + math.Sin(a)/100})
		}
		return &Geometry{Polygons: []Polygon{{r.closed()}}}
	}
	if err := ring(MaxPositions - 1).Check(); err != nil {
		t.Error(err)
	}
	if err := ring(MaxPositions).Check(); code(err) != "many" {
		t.Error(err)
	}
}

func TestParseTyped(t *testing.T) {
	const triangle = `{"type":"Polygon","coordinates":[[[108.2,14.35],[108.21,14.35],[108.21,14.36],[108.2,14.35]]]}`
	for _, c := range []struct{ in, want, fault string }{
		{"", "", ""},
		{"14.3512, 108.2043", `{"type":"Point","coordinates":[108.2043,14.3512]}`, ""},
		{"14,3512 108,2043", `{"type":"Point","coordinates":[108.2043,14.3512]}`, ""},
		{"14,3512; 108,2043", `{"type":"Point","coordinates":[108.2043,14.3512]}`, ""},
		{"14.3512°, 108.2043°", `{"type":"Point","coordinates":[108.2043,14.3512]}`, ""},
		{"14.35,108.2\r\n14.35,108.21\r\n\r\n14.36,108.21\r\n", triangle, ""},
		{"14.36,108.21\n14.35,108.21\n14.35,108.2", `{"type":"Polygon","coordinates":[[[108.21,14.36],[108.2,14.35],[108.21,14.35],[108.21,14.36]]]}`, ""},
		{triangle, triangle, ""},
		{"14.35,108.2\n14.35,108.21", "", "few"},
		{"108.2043, 14.3512", "", "swapped"},
		{"vườn", "", "line"},
		{"14.35", "", "line"},
		{"14.35, 108.2, 1100", "", "line"},
		{"1587123.4 551234.5", "", "metres"},
	} {
		g, err := ParseTyped(c.in)
		got := ""
		if err == nil && !g.Empty() {
			got = string(g.JSON(-1))
		}
		if diff := cmp.Diff([]string{c.want, c.fault}, []string{got, code(err)}); diff != "" {
			t.Errorf("%q: %s", c.in, diff)
		}
		if err == nil {
			if again, err := ParseTyped(g.Typed()); err != nil || string(again.JSON(6)) != string(g.JSON(6)) && !g.Empty() {
				t.Errorf("%q: typed again %v", c.in, err)
			}
		}
	}
}

const aKML = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>Bản đồ</name>
<Placemark><name>Lô A</name><Polygon><outerBoundaryIs><LinearRing><coordinates>
108.2,14.35,0 108.21,14.35,0 108.21,14.36,0 108.2,14.36,0 108.2,14.35,0</coordinates></LinearRing></outerBoundaryIs>
<innerBoundaryIs><LinearRing><coordinates>108.204,14.354 108.206,14.354 108.206,14.356 108.204,14.354</coordinates></LinearRing></innerBoundaryIs></Polygon></Placemark>
<Folder><Placemark><name>Lô B</name><MultiGeometry><Point><coordinates>108.3,14.3</coordinates></Point>
<Polygon><outerBoundaryIs><LinearRing><coordinates>108.3,14.35 108.31,14.35 108.31,14.36</coordinates></LinearRing></outerBoundaryIs></Polygon></MultiGeometry></Placemark>
<Placemark><name>Nhà kho</name><Point><coordinates>108.25,14.31</coordinates></Point></Placemark>
<Placemark><name>Đường đi</name><LineString><coordinates>108.2,14.35 108.21,14.35 108.21,14.36</coordinates></LineString></Placemark></Folder></Document></kml>`

const aGPX = `<gpx version="1.1" creator="x" xmlns="http://www.topografix.com/GPX/1/1"><metadata><name>Hôm nay</name></metadata><wpt lat="1" lon="1"/>
<trk><name>Rẫy trên</name><trkseg><trkpt lat="14.35" lon="108.2"><ele>900</ele></trkpt><trkpt lat="14.35" lon="108.21"/></trkseg>
<trkseg><trkpt lat="14.36" lon="108.21"/><trkpt lat="14.36" lon="108.2"/></trkseg></trk></gpx>`

func zipped(t testing.TB, name, text string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create(name)
	if err == nil {
		_, err = w.Write([]byte(text))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestParseFile(t *testing.T) {
	kml := []string{"Lô A: Polygon 1.17 km²", "Lô B: Polygon 0.60 km²", "Nhà kho: Point", "Đường đi: Polygon 0.60 km²"}
	for _, c := range []struct {
		name  string
		in    []byte
		want  []string
		fault string
	}{
		{"KML", []byte("\ufeff" + aKML), kml, ""},
		{"KMZ", zipped(t, "files/doc.kml", aKML), kml, ""},
		{"GPX", []byte(aGPX), []string{"Rẫy trên: Polygon 1.19 km²"}, ""},
		{"GeoJSON", []byte(`{"type":"Feature","properties":{"ten":"Lô C"},"geometry":{"type":"Point","coordinates":[108.2,14.3]}}`), []string{"Lô C: Point"}, ""},
		{"a picture in an archive", zipped(t, "a.jpg", "x"), nil, "file_kind"},
		{"text", []byte("14.3,108.2"), nil, "file_kind"},
		{"a web page", []byte("<html><body></body></html>"), nil, "file_kind"},
		{"half a file", []byte(aKML[:500]), nil, "file_kind"},
		{"an entity", []byte(strings.Replace(aKML, "Lô A", "&x;", 1)), nil, "file_kind"},
		{"nothing in it", []byte(`<kml><Document/></kml>`), nil, "none"},
		{"too large", make([]byte, MaxFile+1), nil, "file_large"},
		{"an archive that swells", zipped(t, "doc.kml", strings.Repeat(" ", MaxFile+1)), nil, "file_large"},
		{"deep", []byte(strings.Repeat("<kml>", 100)), nil, "file_kind"},
		{"many", []byte("<kml>" + strings.Repeat("<Placemark><Point><coordinates>1,1</coordinates></Point></Placemark>", 501) + "</kml>"), nil, "features"},
	} {
		t.Run(c.name, func(t *testing.T) {
			all, err := ParseFile(c.in)
			var got []string
			for _, f := range all {
				if err := f.Geometry.Check(); err != nil {
					t.Error(err)
				}
				kind := "Point"
				if f.Geometry.IsArea() {
					kind = fmt.Sprintf("Polygon %.2f km²", f.Geometry.SquareMetres()/1e6)
				}
				got = append(got, f.Name+": "+kind)
			}
			if diff := cmp.Diff(c.want, got); diff != "" || code(err) != c.fault {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
}

func TestLongTrackIsThinned(t *testing.T) {
	var b strings.Builder
	b.WriteString(`<gpx><trk><trkseg>`)
	for i := range 4000 { // a square of 400 m, a position every 40 cm
		side, at := i/1000, float64(i%1000)*4e-6
		lon := []float64{at, 0.004, 0.004 - at, 0}[side]
		lat := []float64{0, at, 0.004, 0.004 - at}[side]
		fmt.Fprintf(&b, `<trkpt lat="%f" lon="%f"/>`, 14+lat, 108+lon)
	}
	b.WriteString(`</trkseg></trk></gpx>`)
	all, err := ParseFile([]byte(b.String()))
	if err != nil || len(all) != 1 || !all[0].Simplified {
		t.Fatal(all, err)
	}
	g := all[0].Geometry
	if n := len(g.Polygons[0][0]); n > 8 {
		t.Errorf("%d positions are left", n)
	}
	if err := g.Check(); err != nil || math.Abs(g.Hectares()/19.1-1) > 0.01 {
		t.Errorf("%v, %f ha", err, g.Hectares())
	}
}

// inSpace is an independent measure: the area of the polygon as it lies in space, by cross products.
func inSpace(r Ring) float64 {
	ox, oy, oz := cartesian(r[0])
	var x, y, z float64
	for i := 1; i < len(r); i++ {
		ax, ay, az := cartesian(r[i-1])
		bx, by, bz := cartesian(r[i])
		ax, ay, az, bx, by, bz = ax-ox, ay-oy, az-oz, bx-ox, by-oy, bz-oz
		x += ay*bz - az*by
		y += az*bx - ax*bz
		z += ax*by - ay*bx
	}
	return math.Sqrt(x*x+y*y+z*z) / 2
}

// star draws a simple polygon of up to 2 km around a place in or near Vietnam.
func star(t *rapid.T, name string) Ring {
	at := Position{rapid.Float64Range(102, 110).Draw(t, name+" lon"), rapid.Float64Range(8, 24).Draw(t, name+" lat")}
	return starAt(t, name, at)
}

func starAt(t *rapid.T, name string, at Position) Ring {
	n := rapid.IntRange(3, 20).Draw(t, name+" corners")
	var r Ring
	for i := range n {
		a := 2 * math.Pi * (float64(i) + rapid.Float64Range(0, 0.6).Draw(t, "angle")) / float64(n)
		d := rapid.Float64Range(0.0005, 0.02).Draw(t, "radius")
		r = append(r, Position{at.Lon + d*math.Cos(a), at.Lat + d*math.Sin(a)})
	}
	return r.closed()
}

func area(r Ring) Geometry { return Geometry{Polygons: []Polygon{{r}}} }

func near(a, b, relative float64) bool {
	return math.Abs(a-b) <= relative*math.Max(math.Abs(a), math.Abs(b))+1e-3
}

func TestAreaProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := star(t, "a")
		g := area(r)
		want := g.SquareMetres()
		// Sides are straight in degrees here and straight in space there: over kilometres up to 20 cm apart.
		if space := inSpace(r); math.Abs(want-space) > 0.0002*want+0.2*g.Perimeter() {
			t.Fatalf("%f m², by cross products %f m²", want, space)
		}
		turned := area(r.reversed())
		if got := turned.SquareMetres(); !near(got, want, 1e-9) {
			t.Fatalf("the other way round: %f, want %f", got, want)
		}
		k := rapid.IntRange(1, len(r)-1).Draw(t, "start")
		open := r.Corners()
		rotated := area(append(append(Ring{}, open[k%len(open):]...), open[:k%len(open)]...).closed())
		if got := rotated.SquareMetres(); !near(got, want, 1e-9) {
			t.Fatalf("from another corner: %f, want %f", got, want)
		}
		if !near(rotated.Perimeter(), g.Perimeter(), 1e-9) {
			t.Fatal("the perimeter depends on where one begins")
		}
		if err := turned.Check(); err == nil && (turned.SquareMetres() == 0 || turned.Polygons[0][0].signedArea() < 0) {
			t.Fatal("not turned round")
		}
		if c := g.Centre(); g.Check() == nil && !g.Contains(c) {
			t.Fatalf("the centre %v is outside", c)
		}
		if got := Overlap(&g, &turned); math.Abs(got-want) > 1e-4*want+0.2*g.Perimeter() {
			t.Fatalf("a plot shares %f with itself, want %f", got, want)
		}
	})
}

func TestOverlapProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := Position{108, 14}
		a, b := area(starAt(t, "a", at)), area(starAt(t, "b", Position{108 + rapid.Float64Range(-0.03, 0.03).Draw(t, "dx"), 14 + rapid.Float64Range(-0.03, 0.03).Draw(t, "dy")}))
		ab, ba := Overlap(&a, &b), Overlap(&b, &a)
		if !near(ab, ba, 1e-6) {
			t.Fatalf("%f one way, %f the other", ab, ba)
		}
		if most := math.Min(a.SquareMetres(), b.SquareMetres()); ab > most*(1+1e-4)+0.2*(a.Perimeter()+b.Perimeter()) {
			t.Fatalf("shared %f m² of at most %f", ab, most)
		}
		hole := Geometry{Polygons: []Polygon{{Ring{{107, 13}, {109, 13}, {109, 15}, {107, 15}, {107, 13}}, a.Polygons[0][0]}}}
		if got := Overlap(&hole, &b) + ab; math.Abs(got-b.SquareMetres()) > 1e-4*got+0.2*b.Perimeter() {
			t.Fatalf("inside and outside of a hole make %f, want %f", got, b.SquareMetres())
		}
	})
}

func TestOverlap(t *testing.T) {
	square := func(lon, lat, size float64) Geometry {
		return area(Ring{{lon, lat}, {lon + size, lat}, {lon + size, lat + size}, {lon, lat + size}, {lon, lat}})
	}
	a, b := square(108, 14, 0.01), square(108.005, 14, 0.01)
	next, far, in := square(108.01, 14, 0.01), square(109, 14, 0.01), square(108.002, 14.002, 0.002)
	point := Geometry{Point: &Position{108.005, 14.005}}
	for _, c := range []struct {
		name       string
		g          Geometry
		want, much float64
	}{
		{"half", b, a.SquareMetres() / 2, 0.001}, {"a neighbour", next, 0, 0}, {"far away", far, 0, 0},
		{"within", in, in.SquareMetres(), 5e-5}, {"a point", point, 0, 0},
	} {
		if got := Overlap(&a, &c.g); !near(got, c.want, c.much) {
			t.Errorf("%s: %f, want %f", c.name, got, c.want)
		}
	}
}

func FuzzParseFile(f *testing.F) {
	for _, seed := range [][]byte{[]byte(aKML), []byte(aGPX), zipped(f, "doc.kml", aKML),
		[]byte(`{"type":"FeatureCollection","features":[{"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[1,1],[2,1],[2,2],[1,1]]]}}]}`),
		[]byte(`<kml><Placemark><gx:Track><gx:coord>1 2 3</gx:coord></gx:Track></Placemark></kml>`)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := ParseFile(data)
		if err != nil {
			return
		}
		for _, one := range all {
			if one.Geometry.Check() != nil {
				continue
			}
			again, err := ParseGeoJSON(one.Geometry.JSON(-1))
			if err != nil {
				t.Fatalf("%s: %v", one.Geometry.JSON(-1), err)
			}
			if diff := cmp.Diff(string(one.Geometry.JSON(-1)), string(again.JSON(-1))); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

func FuzzParseTyped(f *testing.F) {
	f.Add("14.35,108.2\n14.35,108.21\n14.36,108.21")
	f.Add("14,35 108,2")
	f.Fuzz(func(t *testing.T, text string) {
		g, err := ParseTyped(text)
		if err == nil && !g.Empty() {
			if _, err := ParseGeoJSON(g.JSON(-1)); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// Areas in square metres and perimeters in metres as PROJ 9 computes them with geodesics (pyproj.Geod on the
// WGS 84 ellipsoid).
func TestMeasuresOfPROJ(t *testing.T) {
	for _, c := range []struct {
		name            string
		ring            Ring
		area, perimeter float64
	}{
		{"a hectare or so in the highlands", Ring{{108.2, 14.3}, {108.201, 14.3}, {108.201, 14.301}, {108.2, 14.301}}, 11937.4074, 437.0684},
		{"a concave field", Ring{{107.843123, 14.621671}, {107.841758, 14.622693}, {107.8409, 14.6216}, {107.839943, 14.622479}, {107.839641, 14.621125}, {107.841605, 14.620291}}, 52885.2920, 1087.3574},
		{"a terrace of 800 square metres", Ring{{104.2761, 22.3352}, {104.27655, 22.33525}, {104.27652, 22.3354}, {104.27608, 22.33536}}, 799.6755, 126.9633},
		{"a commune", Ring{{108.1, 14.2}, {108.25, 14.18}, {108.31, 14.3}, {108.22, 14.41}, {108.08, 14.35}}, 438724337.3237, 79912.7382},
		{"a pond at the southern tip", Ring{{104.7201, 8.6102}, {104.7213, 8.6102}, {104.7212, 8.6111}, {104.72, 8.611}}, 12478.3351, 453.9449},
	} {
		g := area(c.ring.closed())
		if got := g.SquareMetres(); math.Abs(got/c.area-1) > 0.001 {
			t.Errorf("%s: %f m², PROJ says %f", c.name, got, c.area)
		} else {
			t.Logf("%s: off by %.5f %%", c.name, 100*(got/c.area-1))
		}
		if got := g.Perimeter(); math.Abs(got/c.perimeter-1) > 0.001 {
			t.Errorf("%s: %f m around, PROJ says %f", c.name, got, c.perimeter)
		}
	}
}
