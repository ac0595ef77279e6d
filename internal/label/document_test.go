package label

import (
	"bytes"
	"strconv"
	"strings"
	"testing"
)

func TestDocument(t *testing.T) {
	d := Document{Code: "https://id.example.vn/verify?q=12%2F2024", Footer: "Truy Nguồn – 24/11/2026"}
	d.Paragraphs = append(d.Paragraphs, Paragraph{Text: "Kết quả kiểm tra", Size: 6, Keep: true})
	for range 80 {
		d.Paragraphs = append(d.Paragraphs,
			Paragraph{Text: "Chủ giấy chính là nơi sản xuất lô hàng này. " + strings.Repeat("Ngượng nghịu ", 12), Label: "đạt", Indent: 24, Before: 1, Rule: true},
			Paragraph{Text: strings.Repeat("x", 400)})
	}
	d.Paragraphs = append(d.Paragraphs, Paragraph{}, Paragraph{Text: strings.Repeat("rất dài ", 3000)})
	var a, b bytes.Buffer
	if err := d.WritePDF(&a); err != nil {
		t.Fatal(err)
	}
	if err := d.WritePDF(&b); err != nil || !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Errorf("written again it is another: %v", err)
	}
	r := readPDF(t, a.Bytes())
	pages := r.pages()
	if len(pages) < 5 || len(pages[0].codes) != 1 || len(pages[1].codes) != 0 {
		t.Errorf("%d pages, or no code on the first alone", len(pages))
	}
	for i, page := range pages {
		foot := 0
		for _, line := range page.lines {
			if line.Text == d.Footer+" – "+strconv.Itoa(i+1) {
				foot++
			}
			if line.X < docMargin-0.1 || line.X+textWidth(line.Text)*line.Size > docWidth-docMargin+0.1 || line.Baseline > docHeight-docFoot+0.1 {
				t.Errorf("page %d: %q leaves the page", i+1, line.Text)
			}
		}
		if foot != 1 {
			t.Errorf("page %d has no foot", i+1)
		}
	}
	if got := pages[0].lines[0].Text; got != "Kết quả kiểm tra" {
		t.Errorf("it begins with %q", got)
	}
	if err := (Document{}).WritePDF(&b); err != nil {
		t.Error(err)
	}
	if err := (Document{Code: strings.Repeat("x", 5000)}).WritePDF(&b); err == nil {
		t.Error("a code of 5,000 letters")
	}
}
