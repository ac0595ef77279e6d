package trace_test

import (
	"encoding/json"
	"errors"
	"testing"

	"truynguon/internal/fault"
	"truynguon/internal/trace"
)

// A place is found by its whole number, and what is found is public: of a plot neither name nor address
// nor position.
func TestPlaceByGLN(t *testing.T) {
	w := newWorld(t)
	const gln = "9524001000018"
	plot := must(w.RegisterPlace(t.Context(), w.staff, trace.PlaceDraft{
		Type: "plot", Name: "Rẫy ông Kín", Address: "Thôn 1", AdminUnit: "x1", GLN: gln, GLNExtension: "R1", AreaHa: "2",
		GrowingAreaCode: "VN-01-02", Geometry: json.RawMessage(`{"type":"Point","coordinates":[108.2,14.3]}`),
	})).Doc
	got, err := w.PlaceByGLN(t.Context(), gln, "R1")
	if err != nil || got.ID != plot.ID || got.GrowingAreaCode != "VN-01-02" {
		t.Fatal(got, err)
	}
	if got.Name != "" || got.Address != "" || got.Geometry != nil {
		t.Errorf("tells %+v", got)
	}
	if got, err := w.PlaceByGLN(t.Context(), gln, "NH1"); err != nil || got.ID != w.packhouse || got.Name != "Nhà đóng gói" {
		t.Error(got, err)
	}
	for _, ext := range []string{"", "R", "R1/", "r1"} {
		if _, err := w.PlaceByGLN(t.Context(), gln, ext); !errors.Is(err, fault.NotFound) {
			t.Errorf("%q: %v", ext, err)
		}
	}
}
