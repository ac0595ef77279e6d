package web

import (
	"strings"
	"testing"
)

// The pages about lots that are made of lots and move, for everybody, as TestWorkPages has the others.
func TestLineagePages(t *testing.T) {
	w := newWorld(t)
	m := w.addLineage(orgA, "M1")
	const all = "admin official officialB manager staff managerB staffB buyer nobody"
	const inside = "admin official officialB manager staff managerB staffB"
	const keep = "admin manager staff managerB staffB"
	const own = "admin official manager staff"
	for _, p := range []struct{ path, who string }{
		{"/work/batches/" + m.lot + "/trace", own}, {"/work/batches/" + m.output + "/trace", own},
		{"/work/transformations", inside}, {"/work/transformations/new", keep}, {"/work/transformations/" + m.transformation, own},
		{"/work/shipments", inside}, {"/work/shipments/new", keep}, {"/work/shipments/" + m.shipment, own + " managerB staffB"},
		{"/work/shipments/" + m.shipment + "/note", "admin manager staff"},
		{"/work/packing", inside}, {"/work/packing/new", keep}, {"/u/" + m.unit, all}, {"/receive/" + m.secret, all}, {"/l/" + m.lot, all},
	} {
		for _, who := range people {
			a := w.browse(who, "GET", p.path, nil)
			may := strings.Contains(" "+p.who+" ", " "+who+" ")
			switch {
			case may && a.Status != 200:
				t.Errorf("%s, %s: %d, should see it\n%s", p.path, who, a.Status, words(a.page().Find("main")))
			case may:
				checkPage(t, p.path+", "+who, a.Body)
			case a.Status == 200:
				t.Errorf("%s, %s: should not see it", p.path, who)
			}
		}
	}
	for key, n := range w.Words.Missed() {
		t.Errorf("%d times no message %q", n, key)
	}
}

// Whoever holds the delivery note says what arrived, without an account: once, with a reason for what is
// missing, and it is told to be that and no more. What they typed is kept when something is wrong.
func TestReceiveByNote(t *testing.T) {
	w := newWorld(t)
	m := w.addLineage(orgA, "M1")
	path := "/receive/" + m.secret
	w.browse("nobody", "GET", "/receive/"+strings.Repeat("x", 25), nil).want(404)
	values := formOf(t, w.browse("nobody", "GET", path, nil).want(200).page(), path)
	values.Set("quantities/0", "0,5")
	values.Set("name", "Chị Hoa")
	bad := w.browse("nobody", "POST", path, strings.NewReader(values.Encode())).want(422).page()
	if got := bad.Find(`[name="name"]`).AttrOr("value", ""); got != "Chị Hoa" {
		t.Errorf("what was typed is lost: %q", got)
	}
	values.Set("note", "thiếu nửa cân")
	w.browse("nobody", "POST", path, strings.NewReader(values.Encode())).want(303)
	w.browse("nobody", "POST", path, strings.NewReader(values.Encode())).want(303) // sent twice is said once
	values.Set("note", "đủ")
	w.browse("nobody", "POST", path, strings.NewReader(values.Encode())).want(409)
	text := words(w.browse("staff", "GET", "/work/shipments/"+m.shipment, nil).want(200).page().Find("main"))
	for _, want := range []string{"Người cầm phiếu giao hàng đã xác nhận", "Chị Hoa", "thiếu nửa cân", "0,5"} {
		if !strings.Contains(text, want) {
			t.Errorf("the shipment's page lacks %q: %s", want, text)
		}
	}
	if public := w.browse("nobody", "GET", "/l/"+m.lot, nil).want(200).Body; strings.Contains(string(public), "Chị Hoa") || strings.Contains(string(public), m.secret) {
		t.Error("the public page tells who received")
	}
}
