package web

import (
	"net/url"
	"strings"
	"testing"
)

const twoPlots = `<kml><Document><Placemark><name>Rẫy trên</name><Polygon><outerBoundaryIs><LinearRing><coordinates>
108.2,14.35 108.21,14.35 108.21,14.36 108.2,14.36 108.2,14.35</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>
<Placemark><name>Rẫy chéo</name><Polygon><outerBoundaryIs><LinearRing><coordinates>
108.3,14.35 108.31,14.36 108.31,14.35 108.3,14.36 108.3,14.35</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark></Document></kml>`

// A file with two plots is looked at, which records nothing, and the one that is sound is kept, once.
func TestImportPlots(t *testing.T) {
	w := newWorld(t)
	const path = "/work/places/import"
	values := formOf(t, w.browse("staff", "GET", path, nil).page(), path)
	values.Set("address", "Thôn 2")
	values.Set("then", "look")
	page := w.postFiles("staff", path, values, file{"boundaryFile", "a.kml", []byte(twoPlots)}).want(200).page()
	text := words(page.Find("main"))
	for _, want := range []string{"Rẫy trên", "119,346 ha", "Không lấy được: Ranh giới tự cắt: cạnh 1 và cạnh 3 gặp nhau tại 14.355000, 108.305000"} {
		if !strings.Contains(text, want) {
			t.Errorf("the preview lacks %q: %s", want, text)
		}
	}
	if text := words(w.browse("staff", "GET", "/work/places", nil).page().Find("main")); strings.Contains(text, "Rẫy trên") {
		t.Error("looking has recorded a plot")
	}
	values = formOf(t, page, path)
	values.Set("then", "save")
	for range 2 { // sent twice, it counts once
		w.post("staff", path, values).want(303)
	}
	text = words(w.browse("staff", "GET", "/work/plots", nil).page().Find("main"))
	if strings.Count(text, "Rẫy trên") != 1 && !strings.Contains(text, "ranh giới 119,346 ha") || strings.Contains(text, "Rẫy chéo") || strings.Contains(text, "Chồng lấn") {
		t.Errorf("the plots: %s", text)
	}
	for _, bad := range []string{"x", "<kml/>", ""} {
		w.postFiles("staff", path, url.Values{"address": {"T"}, "adminUnit": {communeA}}, file{"boundaryFile", "a.kml", []byte(bad)}).want(422)
	}
}

// Without a script a boundary is typed or handed in; what is wrong is said at the field, and nothing typed is lost.
func TestBoundaryForm(t *testing.T) {
	w := newWorld(t)
	const path = "/work/places/new"
	values := formOf(t, w.browse("staff", "GET", path, nil).page(), path)
	values.Set("name", "Rẫy bà Blo")
	values.Set("address", "Thôn 2")
	values.Set("areaHa", "1,5")
	values.Set("boundary", "108.200, 14.350")
	a := w.post("staff", path, values).want(422)
	if text := words(a.page().Find("main")); !strings.Contains(text, "Điểm 1") || a.page().Find(`textarea[name="boundary"]`).Text() != "108.200, 14.350" {
		t.Errorf("the form: %s", text)
	}
	if a.Header.Get("Permissions-Policy") != "camera=(self), geolocation=(self), microphone=()" {
		t.Error("the form may not ask where the phone is")
	}
	values.Set("boundary", "14.350, 108.200\n14.350, 108.201\n14.351, 108.201\n14.351, 108.200")
	text := words(w.follow("staff", w.post("staff", path, values)).page().Find("main"))
	for _, want := range []string{"1,193 ha", "khai nhiều hơn ranh giới 25,7 %", "Diện tích cần xem lại"} {
		if !strings.Contains(text, want) {
			t.Errorf("the plot's page lacks %q: %s", want, text)
		}
	}
	if policy := w.browse("staff", "GET", "/work/places", nil).Header.Get("Permissions-Policy"); !strings.Contains(policy, "geolocation=()") {
		t.Errorf("another page may ask where the phone is: %s", policy)
	}
	w.MapTiles = "https://tiles.example.vn/{z}/{x}/{y}.png"
	csp := w.browse("staff", "GET", path, nil).Header.Get("Content-Security-Policy")
	if !strings.Contains(csp, "img-src 'self' https://tiles.example.vn data:") {
		t.Errorf("pictures of the map may not be loaded: %s", csp)
	}
	if csp := w.browse("staff", "GET", "/work/places", nil).Header.Get("Content-Security-Policy"); strings.Contains(csp, "tiles.example.vn") {
		t.Errorf("other pages may load from the tile server: %s", csp)
	}
}
