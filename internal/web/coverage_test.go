package web

import (
	"context"
	"strings"
	"testing"
)

// The public figure is there for everybody; those who can mend something see what, and say what is not sold.
func TestCoveragePages(t *testing.T) {
	w := newWorld(t)
	w.addReleased(orgA, "R1")
	if _, err := w.Ledger.RefreshCoverage(context.Background()); err != nil {
		t.Fatal(err)
	}
	text := words(w.browse("nobody", "GET", "/coverage", nil).page().Find("main"))
	for _, want := range []string{"0 %", "0 trên", "Cách tính", "Chưa có ảnh sản phẩm"} {
		if !strings.Contains(text, want) {
			t.Errorf("the public page does not say %q: %s", want, text)
		}
	}
	for path, want := range map[string]string{
		"/coverage?period=2020-Q1":                   "Chưa có số liệu",
		"/coverage?from=2026-12-31&to=2026-01-01":    "31/12/2026",
		"/coverage?period=2026&unit=" + communeA:     "Xã",
		"/coverage?period=2026&organisation=" + orgA: "Từng sản phẩm",
	} {
		if text := words(w.browse("nobody", "GET", path, nil).page().Find("main")); !strings.Contains(text, want) {
			t.Errorf("%s does not say %q: %s", path, want, text)
		}
	}
	gaps := w.browse("staff", "GET", "/work/coverage/gaps", nil).page()
	if text := words(gaps.Find("main")); !strings.Contains(text, "R1") || gaps.Find(`a[href^="/work/products/"]`).Length() == 0 {
		t.Errorf("staff see no way to mend: %s", text)
	}
	product := gaps.Find(`select[name=product] option[value!=""]`).First().AttrOr("value", "")
	w.fill("staff", "/work/coverage/gaps", "/work/coverage/pauses", map[string]string{"product": product, "from": "", "reason": ""}).want(422)
	text = words(w.follow("staff", w.fill("staff", "/work/coverage/gaps", "/work/coverage/pauses", map[string]string{
		"product": product, "from": "01/11/2026", "reason": "Hết mùa",
	})).page().Find("main"))
	if !strings.Contains(text, "Hết mùa") {
		t.Errorf("the statement is not shown: %s", text)
	}
	text = words(w.follow("official", w.fill("official", "/work/coverage/gaps", "/work/coverage/sightings", map[string]string{
		"name": "Chuối tiêu", "where": "Chợ xã", "seen": "01/11/2026",
	})).page().Find("main"))
	if !strings.Contains(text, "Chuối tiêu") {
		t.Errorf("the sighting is not shown: %s", text)
	}
	for _, who := range []string{"staff", "buyer"} {
		w.browse(who, "POST", "/work/coverage/sightings", strings.NewReader("name=X")).want(403)
	}
}
