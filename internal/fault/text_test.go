package fault

import (
	"strings"
	"testing"
)

func TestText(t *testing.T) {
	for _, c := range []struct {
		name, in, want, code string
		required             bool
	}{
		{"tidied", "  Cà phê \t Ea  Tu ", "Cà phê Ea Tu", "", true},
		{"decomposed becomes NFC", "Ca\u0300 phe\u0302", "Cà phê", "", true},
		{"missing", " \u00a0 ", "", "missing", true},
		{"empty but not required", "", "", "", false},
		{"right-to-left override", "abc\u202egnp.exe", "abc\u202egnp.exe", "unprintable", true},
		{"left-to-right mark", "a\u200eb", "a\u200eb", "unprintable", true},
		{"zero width", "a\u200bb", "a\u200bb", "unprintable", true},
		{"bell", "a\ab", "a\ab", "unprintable", true},
		{"broken UTF-8", "a\xffb", "a\xffb", "unprintable", true},
		{"too long", strings.Repeat("ố", 21), strings.Repeat("ố", 21), "too_long", true},
		{"as long as may be", strings.Repeat("ố", 20), strings.Repeat("ố", 20), "", true},
		{"markup is only text", "<b>A&B</b>", "<b>A&B</b>", "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var p Problem
			got := p.Text("/name", c.in, 20, c.required)
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			code := ""
			if len(p.Fields) > 0 {
				code = p.Fields[0].Code
			}
			if code != c.code {
				t.Errorf("code %q, want %q", code, c.code)
			}
		})
	}
}

func TestParagraphKeepsLines(t *testing.T) {
	var p Problem
	if got := p.Paragraph("/x", " một \r\n\r\nhai  \n", 100, true); got != "một\n\nhai" {
		t.Errorf("got %q", got)
	}
}

func TestCodePoint(t *testing.T) {
	for r, want := range map[rune]string{0x202e: "U+202E", 7: "U+0007", 0x10ffff: "U+10FFFF", 0xe000: "U+E000"} {
		if got := codePoint(r); got != want {
			t.Errorf("codePoint(%x) = %s, want %s", r, got, want)
		}
	}
}
