package label

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"truynguon/internal/fault"
)

// hostile are pieces of names that programs stumble over: composed and decomposed, of other scripts and
// directions, and longer than any line.
var hostile = []string{
	"Nghiêng", "nghiêng", norm.NFD.String("Đặng Thuỳ Trâm"), norm.NFD.String("ưỡ ẵ ệ ộ ỷ"), "a\u0323\u0302", "x\u0301\u0323", "đ\u0300",
	strings.Repeat("nghiêng", 8), strings.Repeat("Ỡ", 60), "Hợp-tác-xã/Nông-nghiệp", "500\u00a0g", "السلام عليكم", "שלום", "🍊", "👩🏽‍🌾", "橙子", "ﬁ",
	"^XA^FS~", "(\\)", "<b>&amp;", "%s", "…", "“”", "‰", "₫",
}

// Every text that is asked for is on the label, whole and in order: shrunk, then in several lines; or the label is
// refused and the fault says which text is too long. Letters that the font lacks are boxes, and a warning names them;
// characters that cannot be seen are refused.
func TestNoTextIsCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.Custom(func(t *rapid.T) string {
			return strings.Join(rapid.SliceOfN(rapid.SampledFrom(hostile), 1, 5).Draw(t, "pieces"), rapid.SampledFrom([]string{" ", "", ", "}).Draw(t, "between"))
		})
		l := Label{
			Content: link, Width: rapid.Float64Range(15, 110).Draw(t, "width"), Height: rapid.Float64Range(15, 110).Draw(t, "height"),
			Title: text.Draw(t, "title"), Caption: rapid.SliceOfN(text, 0, 2).Draw(t, "caption"), DPI: 300,
		}
		for _, v := range rapid.SliceOfN(text, 0, 4).Draw(t, "values") {
			l.Fields = append(l.Fields, Field{rapid.SampledFrom([]string{"", "Địa chỉ", norm.NFD.String("Xuất xứ")}).Draw(t, "name"), v})
		}
		asked := append([]string{l.Title}, l.Caption...)
		for _, f := range l.Fields {
			asked = append(asked, f.text())
		}
		d, err := l.Layout(l.dot())
		if err != nil {
			var p *fault.Problem
			if !errors.As(err, &p) || !errors.Is(err, fault.Invalid) {
				t.Fatal(err)
			}
			switch p.Code {
			case "label_text_no_room":
				named, _ := p.Args[2].(string)
				named = strings.TrimSuffix(named, "…")
				if named == "" || !slices.ContainsFunc(asked, func(s string) bool { return strings.HasPrefix(norm.NFC.String(s), named) }) {
					t.Fatalf("the fault names %q, which is none of %q", named, asked)
				}
			case "label_text_characters", "label_text_too_much", "label_too_small", "label_too_large":
			default:
				t.Fatal(err)
			}
			return
		}
		want, err := l.complete()
		if err != nil {
			t.Fatal(err)
		}
		shown := ""
		for _, line := range d.Lines {
			shown += line.Text
			if line.Size < MinText-tiny || line.X < 0 || line.X+line.Width > d.Width+tiny || line.Baseline > d.Height {
				t.Fatalf("%+v on %v × %v", line, d.Width, d.Height)
			}
			if w := textWidth(line.Text) * line.Size; w > line.Width+tiny {
				t.Fatalf("%+v measures %v", line, w)
			}
		}
		if diff := cmp.Diff(bare(norm.NFC.String(strings.Join(want.texts(), ""))), bare(shown)); diff != "" {
			t.Fatal(diff)
		}
		missing := missingGlyphs(want.texts())
		warned := slices.ContainsFunc(d.Warnings, func(w Warning) bool { return w.Code == "glyph" && w.Args[0] == missing })
		if (missing != "") != warned {
			t.Fatalf("%q are missing, and the warnings are %v", missing, d.Warnings)
		}
	})
}

// What cannot be seen, or turns the text around, is refused by its place and code point.
func TestInvisibleTextIsRefused(t *testing.T) {
	for _, r := range []rune{'\u202e', '\u2066', '\u200f', '\u0000', '\u001b', '\ufeff'} {
		_, err := Label{Content: link, Title: "Mật ong", Fields: []Field{{"Lô", "A" + string(r) + "B"}}}.Layout(0)
		var p *fault.Problem
		if !errors.As(err, &p) || p.Code != "label_text_characters" || cmp.Diff([]any{2, codePoint(r)}, p.Args) != "" {
			t.Errorf("%U: %v", r, err)
		}
	}
}
