package web

import (
	"strings"
	"testing"
)

// A report is drafted by one, reviewed by another, issued, downloaded and then stays.
func TestReportPages(t *testing.T) {
	w := newWorld(t)
	w.addReleased(orgA, "R1")
	form := map[string]string{
		"period": "", "from": "01/01/2026", "to": "", "agency": "Ủy ban nhân dân xã", "place": "Xã Mẫu", "signerTitle": "Chủ tịch", "signerName": "Người Ký",
		"recipients": "Ủy ban nhân dân tỉnh\nLưu: VT",
	}
	w.fill("official", "/work/reports/new", "/work/reports/new", form).want(422)
	form["to"] = string(w.Ledger.Today())
	made := w.fill("official", "/work/reports/new", "/work/reports/new", form)
	page := w.follow("official", made).page()
	at := page.Find(`a[href$="/report.docx"]`).AttrOr("href", "")
	at = strings.TrimSuffix(at, "/report.docx")
	if at == "" {
		t.Fatalf("no report: %s", words(page.Find("main")))
	}
	w.browse("manager", "GET", at, nil).want(403)
	w.fill("official", at, at+"/review", nil).want(403)
	w.follow("admin", w.fill("admin", at, at+"/review", nil))
	w.fill("official", at, at+"/issue", map[string]string{"number": "", "date": ""}).want(422)
	text := words(w.follow("official", w.fill("official", at, at+"/issue", map[string]string{"number": "7/BC-UBND", "date": string(w.Ledger.Today())})).page().Find("main"))
	if !strings.Contains(text, "7/BC-UBND") || !strings.Contains(text, "Đã ban hành") {
		t.Errorf("not issued: %s", text)
	}
	text = words(w.browse("manager", "GET", at, nil).page().Find("main"))
	if strings.Contains(text, "Thẩm định") {
		t.Error("a manager is told who reviewed it")
	}
	for _, ext := range []string{"docx", "xlsx", "csv"} {
		w.browse("manager", "GET", at+"/report."+ext, nil).want(200)
		w.browse("buyer", "GET", at+"/report."+ext, nil).want(403)
	}
}
