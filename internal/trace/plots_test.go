package trace_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"truynguon/internal/fault"
	"truynguon/internal/trace"
)

// squarePlot is a boundary of about 1.2 ha, its corner at a place.
func squarePlot(lon, lat string) json.RawMessage {
	return json.RawMessage(`{"type":"Polygon","coordinates":[[[` + lon + `0,` + lat + `0],[` + lon + `1,` + lat + `0],[` + lon + `1,` + lat + `1],[` + lon + `0,` + lat + `1],[` + lon + `0,` + lat + `0]]]}`)
}

func (w *world) drawn(t testing.TB, by trace.Actor, name, unit string, g json.RawMessage) trace.Place {
	t.Helper()
	return must(w.RegisterPlace(t.Context(), by, trace.PlaceDraft{Type: "plot", Name: name, Address: "T", AdminUnit: unit, AreaHa: "1.5", Geometry: g})).Doc
}

func TestOverlapsAreToldToOfficials(t *testing.T) {
	w := newWorld(t)
	mine := w.drawn(t, w.staff, "A1", "x1", squarePlot("108.20", "14.30"))
	again := w.drawn(t, w.staff, "A2", "x1", squarePlot("108.20", "14.30"))
	theirs := w.drawn(t, w.neighbour, "B1", "x2", squarePlot("108.20", "14.30"))
	w.drawn(t, w.neighbour, "B2", "x2", squarePlot("108.29", "14.30"))
	for _, c := range []struct {
		by   trace.Actor
		want []string
	}{
		{w.staff, []string{again.ID}}, {w.official, []string{again.ID, theirs.ID}}, {w.admin, []string{again.ID, theirs.ID}},
	} {
		var got []string
		for _, o := range must(w.Overlaps(t.Context(), c.by, &mine)) {
			got = append(got, o.B.ID)
			if o.Share < 0.99 || o.Foreign() != (o.B.ID == theirs.ID) {
				t.Errorf("%+v", o)
			}
		}
		slices.Sort(c.want) // as large as each other, they stand by their ids
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.by.Role, diff)
		}
	}
	all := must(w.Plots(t.Context(), w.admin, ""))
	if among := trace.OverlapsAmong(all.Places); len(among) != 3 {
		t.Errorf("%d overlaps among all, want 3", len(among))
	}
	if n := len(must(w.Plots(t.Context(), w.official, "")).Organisations); n != 1 {
		t.Errorf("the official sees %d organisations", n)
	}
}

func TestPlotFeature(t *testing.T) {
	w := newWorld(t)
	o := must(w.Organisation(t.Context(), "htx-a")).Doc
	for _, c := range []struct {
		name, geometry, area, want string
	}{
		{"polygon", `{"type":"Polygon","coordinates":[[[108.2,14.3],[108.21,14.3],[108.21,14.31],[108.2,14.31],[108.2,14.3]]]}`, "100",
			`{"type":"Polygon","coordinates":[[[108.200000,14.300000],[108.210000,14.300000],[108.210000,14.310000],[108.200000,14.310000],[108.200000,14.300000]]]} 119.3717 false`},
		{"a point of a small plot", `{"type":"Point","coordinates":[108.2,14.3]}`, "4", `{"type":"Point","coordinates":[108.200000,14.300000]} 4 false`},
		{"a point of a large plot", `{"type":"Point","coordinates":[108.2,14.3]}`, "4.001", `{"type":"Point","coordinates":[108.200000,14.300000]} 4.001 true`},
		{"a point of a plot of unknown size", `{"type":"Point","coordinates":[108.2,14.3]}`, "", `{"type":"Point","coordinates":[108.200000,14.300000]} 0 true`},
		{"no position", ``, "1", `null 0 false`},
	} {
		pl := must(w.RegisterPlace(t.Context(), w.staff, trace.PlaceDraft{
			Type: "plot", Name: "Rẫy bà Blo", Address: "Thôn 2", AdminUnit: "x1", AreaHa: trace.Decimal(c.area), Geometry: json.RawMessage(c.geometry)})).Doc
		f := trace.PlotFeature(&pl, &o)
		got := string(f.Geometry) + " " + strings.TrimSpace(strings.Join([]string{number(f.Properties.Area), map[bool]string{true: "true", false: "false"}[f.Properties.PolygonMissing]}, " "))
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
		if text := string(must(json.Marshal(f))); strings.Contains(text, "Blo") || strings.Contains(text, "Thôn 2") {
			t.Errorf("%s: tells what is personal: %s", c.name, text)
		}
	}
	if n := len(must(w.PlotsGeoJSON(t.Context(), w.official, "htx-a")).Features); n != 6 { // and the world's own plot
		t.Errorf("%d features", n)
	}
}

func number(f float64) string { return string(must(json.Marshal(f))) }

func TestCheckArea(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		declared trace.Amount
		doubtful bool
	}{{1193, false}, {1280, false}, {1400, true}, {1000, true}, {0, false}} {
		pl := trace.Place{Geometry: squarePlot("108.20", "14.30")}
		shape := pl.Shape()
		if got, ok := w.CheckArea(&shape, c.declared); !ok || got.Measured != 1194 || got.Doubtful != c.doubtful {
			t.Errorf("%d: %+v", c.declared, got)
		}
	}
}

// granted records a code of the world's plot.
func (w *world) granted(t testing.TB, by trace.Actor) trace.Stored[trace.GrowingCode] {
	t.Helper()
	return must(w.RegisterGrowingCode(t.Context(), by, grant(w.plot, "g")))
}

func grant(place, token string) trace.GrowingCodeDraft {
	return trace.GrowingCodeDraft{Token: token, Place: place, Code: "VN-DTOR-0017", Crop: "Sầu riêng", Market: "cn",
		CodeDecisionDraft: trace.CodeDecisionDraft{From: "2024-01-01", Until: "2026-12-31", Number: "12/QĐ-SNN"}}
}

func codeMove(status, from string) trace.CodeDecisionDraft {
	return trace.CodeDecisionDraft{Token: status + from, Status: status, From: from, Reason: "vì"}
}

func TestGrowingCodeLife(t *testing.T) {
	for _, c := range []struct {
		steps string
		day   trace.Date
		want  trace.GrowingStatus // "" if the last step is refused
	}{
		{"", "2024-01-01", trace.CodeGranted},
		{"", "2023-12-31", trace.CodeNotYet},
		{"", "2026-12-31", trace.CodeGranted},
		{"", "2027-01-01", trace.CodeExpired},
		{"", "", trace.CodeUnknown},
		{"suspended 2025-01-01", "2024-12-31", trace.CodeGranted},
		{"suspended 2025-01-01", "2025-01-01", trace.CodeSuspended},
		{"suspended 2025-01-01", "2027-01-01", trace.CodeSuspended},
		{"suspended 2025-01-01,reinstated 2025-03-01", "2025-03-01", trace.CodeReinstated},
		{"suspended 2025-01-01,reinstated 2025-03-01", "2027-01-01", trace.CodeExpired},
		{"revoked 2025-01-01", "2025-01-01", trace.CodeRevoked},
		{"revoked 2025-01-01,granted 2025-06-01", "2025-06-01", trace.CodeGranted},
		{"granted 2026-12-01", "2027-01-01", trace.CodeGranted}, // anew, with no last day
		{"suspended 2025-01-01,revoked 2025-02-01", "2025-02-01", trace.CodeRevoked},
		{"reinstated 2025-01-01", "2025-01-01", ""},
		{"suspended 2023-01-01", "2025-01-01", ""},
		{"revoked 2025-01-01,reinstated 2025-06-01", "2025-06-01", ""},
		{"suspended 2025-01-01,granted 2025-06-01", "2025-06-01", ""},
		// Out of order, and fitting.
		{"suspended 2025-06-01,reinstated 2025-07-01,suspended 2024-06-01,reinstated 2024-07-01", "2024-06-15", trace.CodeSuspended},
	} {
		t.Run(c.steps, func(t *testing.T) {
			w := newWorld(t)
			g := w.granted(t, w.official)
			var err error
			for _, step := range strings.Split(c.steps, ",") {
				if status, from, ok := strings.Cut(step, " "); ok && err == nil {
					g, err = w.DecideGrowingCode(t.Context(), w.official, g.Doc.ID, codeMove(status, from))
				}
			}
			if c.want == "" {
				if !errors.Is(err, fault.Invalid) {
					t.Errorf("%v: should be refused", err)
				}
				return
			}
			if err != nil || g.Doc.StatusOn(c.day) != c.want {
				t.Errorf("%s on %s, want %s (%v)", g.Doc.StatusOn(c.day), c.day, c.want, err)
			}
		})
	}
}

func TestGrowingCodeFaults(t *testing.T) {
	w := newWorld(t)
	_, err := w.RegisterGrowingCode(t.Context(), w.staff, trace.GrowingCodeDraft{Place: w.plot, Market: "China",
		CodeDecisionDraft: trace.CodeDecisionDraft{Status: "suspended", Until: "2024-01-01", Document: "x"}})
	if diff := cmp.Diff([]string{"/code missing", "/crop missing", "/market growing_market", "/reason missing", "/from missing", "/until growing_until", "/document/0 document_unknown"}, faults(err)); diff != "" {
		t.Error(diff)
	}
	w.granted(t, w.staff)
	again := grant(w.plot, "other")
	again.Code = "vn – dtor – 0017"
	if _, err := w.RegisterGrowingCode(t.Context(), w.staff, again); !errors.Is(err, fault.Exists) {
		t.Errorf("the same code again: %v", err)
	}
	g := must(w.DecideGrowingCode(t.Context(), w.official, w.granted(t, w.staff).Doc.ID, codeMove("suspended", "2026-01-01")))
	if _, err := w.DecideGrowingCode(t.Context(), w.staff, g.Doc.ID, codeMove("reinstated", "2026-02-01")); !errors.Is(err, fault.Invalid) {
		t.Errorf("the organisation lifts what an official ordered: %v", err)
	}
}

func TestParseGrowingCode(t *testing.T) {
	for in, want := range map[string]trace.GrowingParts{
		"VN-62-608-23327-01-23": {Form: "domestic", Province: "62", District: "608", Commune: "23327", Number: "01", Year: "23"},
		"VN–62–608–23327–01–23": {Form: "domestic", Province: "62", District: "608", Commune: "23327", Number: "01", Year: "23"},
		"VN-DTOR-0017":          {Form: "orchard", Province: "DT", Number: "0017"},
		"vn-dtph-0001":          {Form: "packhouse", Province: "DT", Number: "0001"},
		"Mã của tỉnh 12":        {}, "": {},
	} {
		if diff := cmp.Diff(want, trace.ParseGrowingCode(in)); diff != "" {
			t.Errorf("%q: %s", in, diff)
		}
	}
}

func TestBorrowedCodes(t *testing.T) {
	w := newWorld(t)
	w.granted(t, w.staff)
	must(w.RegisterGrowingCode(t.Context(), w.neighbour, grant(w.foreignPlot, "n")))
	want := map[string]trace.BorrowedCode{"VN–DTOR–0017": {Code: "VN–DTOR–0017", Organisations: []string{"htx-a", "tht-b"}}}
	got := must(w.BorrowedCodes(t.Context(), w.official, []string{"VN–DTOR–0017", "VN-DTOR-0018"}))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := must(w.BorrowedCodes(t.Context(), w.staff, []string{"VN-DTOR-0017"})); len(got) != 0 {
		t.Errorf("the cooperative is told of another's: %v", got)
	}
}

// A lot's page tells what its plots' codes were worth on the day of harvest and are now, and names a
// household only while it agrees.
func TestLotTellsCodesAndGrowers(t *testing.T) {
	w := newWorld(t)
	h := must(w.RegisterMember(t.Context(), w.staff, trace.MemberDraft{Code: "H-012", Name: "Y Blo", Phone: "0200 000 001"})).Doc
	pl := must(w.Place(t.Context(), w.staff, w.plot))
	d := pl.Doc.Draft()
	d.Household = h.ID
	must(w.UpdatePlace(t.Context(), w.staff, w.plot, pl.Rev, d))
	g := w.granted(t, w.staff)
	must(w.DecideGrowingCode(t.Context(), w.official, g.Doc.ID, codeMove("suspended", "2026-11-10")))
	code := w.registered(t, "L", true).Doc.Code
	shown := func() *trace.Provenance { return must(w.Provenance(t.Context(), code)) }
	p := shown()
	if diff := cmp.Diff([]trace.CodeOnLot{{Code: "VN-DTOR-0017", Crop: "Sầu riêng", Market: "CN", Day: "2026-11-01", OnDay: trace.CodeGranted, Today: trace.CodeSuspended}}, p.GrowingCodes); diff != "" {
		t.Error(diff)
	}
	who := func(want trace.Grower) {
		t.Helper()
		if diff := cmp.Diff([]trace.Grower{want}, shown().Growers); diff != "" {
			t.Error(diff)
		}
	}
	who(trace.Grower{Code: "H-012"})
	before := w.Generation()
	must(w.GiveConsent(t.Context(), w.staff, h.ID, consent("phone_buyers")))
	who(trace.Grower{Code: "H-012"}) // for another purpose
	must(w.GiveConsent(t.Context(), w.staff, h.ID, consent("name_public")))
	who(trace.Grower{Code: "H-012", Name: "Y Blo"})
	got := must(w.WithdrawConsent(t.Context(), w.staff, h.ID, trace.NamePublic)).Doc
	who(trace.Grower{Code: "H-012"})
	if w.Generation() == before || len(got.Consents) != 2 || got.Consents[1].WithdrawnAt == nil {
		t.Errorf("the event is not kept, or pages may be stale: %+v", got.Consents)
	}
	if text := string(must(json.Marshal(shown().Sites))); strings.Contains(text, h.ID) {
		t.Error("public places name the household's id")
	}
}

func consent(purpose string) trace.ConsentDraft {
	return trace.ConsentDraft{Token: purpose, Purpose: purpose, GivenAt: "2026-11-20", Method: "signed", TextVersion: "1"}
}

func TestMemberFaults(t *testing.T) {
	w := newWorld(t)
	_, err := w.RegisterMember(t.Context(), w.staff, trace.MemberDraft{Phone: "gọi sau"})
	if diff := cmp.Diff([]string{"/code missing", "/name missing", "/phone phone_malformed"}, faults(err)); diff != "" {
		t.Error(diff)
	}
	h := must(w.RegisterMember(t.Context(), w.staff, trace.MemberDraft{Code: "H-1", Name: "A"})).Doc
	_, err = w.RegisterMember(t.Context(), w.staff, trace.MemberDraft{Code: "h-1", Name: "B"})
	if diff := cmp.Diff([]string{"/code member_twice"}, faults(err)); diff != "" {
		t.Error(diff)
	}
	_, err = w.GiveConsent(t.Context(), w.staff, h.ID, trace.ConsentDraft{Purpose: "name_public", GivenAt: "2026-12-01", Method: "silence", TextVersion: "0"})
	if diff := cmp.Diff([]string{"/method not_offered", "/givenAt date_in_future", "/purpose consent_text"}, faults(err)); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(err.Error(), "Y Blo") {
		t.Error("a name in an error")
	}
	_, err = w.RegisterPlace(t.Context(), w.neighbour, trace.PlaceDraft{Type: "plot", Name: "R", Address: "T", AdminUnit: "x2", Household: h.ID})
	if diff := cmp.Diff([]string{"/household member_unknown"}, faults(err)); diff != "" {
		t.Error(diff)
	}
}

// household is one of htx-a.
func (w *world) household(t testing.TB) string {
	t.Helper()
	return must(w.RegisterMember(t.Context(), w.staff, trace.MemberDraft{Token: "h", Code: "H-9", Name: "N"})).Doc.ID
}
