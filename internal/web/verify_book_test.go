package web

import (
	"bytes"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"truynguon/internal/report"
)

// bookOf is a workbook of rows below lines of title.
func bookOf(t testing.TB, title []string, headings string, rows ...[]any) []byte {
	t.Helper()
	s := report.Sheet{Name: "Danh sách", Title: title, Rows: slices.Values(rows)}
	for _, h := range strings.Split(headings, ";") {
		s.Columns = append(s.Columns, report.Column{Heading: h})
	}
	var b bytes.Buffer
	if err := report.WriteWorkbook(&b, s); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A workbook is answered row by row, also its broken rows, and the answer can be had as one and sent back.
func TestVerifyBulkOfAWorkbook(t *testing.T) {
	w := newVerified(t)
	book := bookOf(t, []string{"Phiếu giao hàng", "13/2024/MAU"}, "STT;Hàng;Số giấy",
		[]any{1, "Cà phê", "13/2024/mau"}, []any{2, "Tiêu", nil}, []any{3, "Bơ", "=1+1"}, []any{4, "Bơ", strings.Repeat("y", 600)}, []any{5, "Lô", w.released.Code})
	a := w.postFiles("nobody", "/verify/bulk", url.Values{}, file{"file", "Phiếu giao.XLSX", book}).want(200)
	checkPage(t, "bulk", a.Body)
	doc := a.page()
	text := words(doc.Find("main"))
	for _, want := range []string{"1 dòng có giấy", "1 dòng là lô hàng", "1 dòng không có trong hệ thống", "2 dòng hỏng"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %.500s", want, text)
		}
	}
	values := formOf(t, doc, "/verify/bulk")
	values.Set("format", "xlsx")
	f := w.post("nobody", "/verify/bulk", values).want(200)
	if got := f.Header.Get("Content-Disposition"); got != `attachment; filename="kiem-tra-2026-11-24.xlsx"` {
		t.Error(got)
	}
	answer, err := report.ReadWorkbook(f.Body, report.DefaultLimits)
	w.must(err)
	var lines []string
	day := ""
	for r, err := range answer.Rows(0) {
		w.must(err)
		if n := r.Text(1) + "|" + r.Text(3); r.N > 5 && !slices.Contains(lines, n) {
			lines = append(lines, n)
		}
		if r.Text(2) == "13/2024/mau" && day == "" {
			day = r.Text(startColumn + 1)
		}
		for _, cell := range r.Cells {
			if cell.Formula {
				t.Errorf("a formula at %s", r.Address(cell.Column))
			}
		}
	}
	if diff := cmp.Diff([]string{
		"5|Giấy chứng nhận", "6|Dòng này không đọc được: bảng mã lạ hoặc dấu ngoặc kép không khép. Hãy lưu tệp theo UTF-8.", "7|Không có trong hệ thống",
		"8|Dòng này quá dài để là số giấy, mã lô hay đường dẫn.", "9|Lô hàng: Có trong hệ thống, hồ sơ chưa đủ",
	}, lines); diff != "" {
		t.Errorf("in the workbook (-want +got):\n%s", diff)
	}
	if len(day) != len("2026-01-01") {
		t.Errorf("the first day is %q and no day", day)
	}
	back := w.postFiles("nobody", "/verify/bulk", url.Values{}, file{"file", "kiem-tra.xlsx", f.Body}).want(200).page()
	if n := back.Find("tbody tr").Length(); n < len(lines) {
		t.Errorf("sent back it has %d rows", n)
	}

	many := func(n int) (rows [][]any) {
		for i := range n {
			rows = append(rows, []any{fmt.Sprintf("99/%d", i)})
		}
		return rows
	}
	for name, c := range map[string]struct {
		book   []byte
		status int
		want   string
	}{
		"without headings":    {bookOf(t, nil, "13/2024/MAU", []any{"12/2024/NNPTNT-ĐL"}), 200, "2 dòng có giấy"},
		"a thousand":          {bookOf(t, nil, "Mã", many(1000)...), 200, "1.000 dòng không có trong hệ thống"},
		"a thousand and one":  {bookOf(t, nil, "Mã", many(1001)...), 422, "tối đa 1.000 dòng"},
		"nothing but a title": {bookOf(t, nil, "Mã"), 422, "Danh sách trống"},
		"broken":              {book[:len(book)/2], 400, "Không đọc được tệp Excel"},
	} {
		t.Run(name, func(t *testing.T) {
			a := w.postFiles("nobody", "/verify/bulk", url.Values{}, file{"file", "list.xlsx", c.book}).want(c.status)
			checkPage(t, name, a.Body)
			if text := words(a.page().Find("main")); !strings.Contains(text, c.want) {
				t.Errorf("no %q in: %.600s", c.want, text)
			}
		})
	}
	for key, n := range w.Words.Missed() {
		t.Errorf("%d times no message %q", n, key)
	}
}
