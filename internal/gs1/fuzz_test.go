package gs1

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// seeds adds the inputs of corpora to a fuzz test.
func seeds(f *testing.F, paths ...string) {
	for _, path := range paths {
		for _, r := range rows[struct{ Input string }](f, path) {
			f.Add(r.Input)
		}
	}
}

func FuzzParseLink(f *testing.F) {
	seeds(f, "digital-link/parse-engine.jsonl", "digital-link/parse-simple.jsonl",
		"digital-link/parse-digital-link-js.jsonl", "digital-link/parse-generated.jsonl")
	f.Add("/0///00/0")
	every := []Options{
		{}, Tolerant, {UnknownAIs: true, UnknownAttributes: true}, {Partial: true}, {Unchecked: true, ShortGTIN: true},
	}
	f.Fuzz(func(t *testing.T, raw string) {
		for _, o := range every {
			k, err := o.ParseLink(raw)
			if err != nil {
				if !k.IsZero() {
					t.Fatalf("%+v: %q: a key beside an error: %v", o, raw, k)
				}
				continue
			}
			// A base may end in one slash, which is not doubled, so a stem that ends in slashes loses one.
			link := k.Link(k.Stem + "/")
			if len(link) > maxText { // escaping can make a link longer than is read
				continue
			}
			// What was read, written and read again is the same, and no longer legacy.
			again, err := o.ParseLink(link)
			if err != nil || again.Legacy || again.Link(again.Stem+"/") != link {
				t.Fatalf("%+v: %q became %q: %v, %+v", o, raw, link, err, again)
			}
			if strict, err := ParseLink(raw); err == nil && strict.Path() != k.Path() {
				t.Fatalf("%+v: %q is %q, but strictly %q", o, raw, k.Path(), strict.Path())
			}
		}
	})
}

func FuzzElements(f *testing.F) {
	seeds(f, "ai-syntax/bracketed-to-element.jsonl", "ai-syntax/element-valid.jsonl",
		"ai-syntax/value-rules.jsonl", "ai-syntax/scandata-parse.jsonl", "digital-link/build-generated.jsonl")
	f.Fuzz(func(t *testing.T, text string) {
		if es, err := ParseBracketed(text); err == nil {
			if got := es.String(); got != text {
				t.Fatalf("%q read and written is %q", text, got)
			}
			sameElements(t, es)
		}
		if es, err := ParseElementString(text); err == nil {
			sameElements(t, es)
		}
		if s, err := ParseScan(text); err == nil {
			if back, err := s.Symbology.ScanData(s.Message); err == nil {
				if again, err := ParseScan(back); err != nil || again.Message != s.Message && !strings.Contains(s.Message, "^") {
					t.Fatalf("%q is %+v, written %q, read %+v, %v", text, s, back, again, err)
				}
			}
			_, _ = s.Key()
		}
		if k, err := ParseText(text); err == nil && k.Path() == "" {
			t.Fatalf("%q is an empty key", text)
		}
	})
}

// sameElements checks that elements survive both ways of writing them.
func sameElements(t interface{ Fatalf(string, ...any) }, es Elements) {
	for _, written := range []struct {
		text  string
		parse func(string) (Elements, error)
	}{
		{es.String(), ParseBracketed},
		{es.ElementString(), ParseElementString},
		{string(es.join(gs)), ParseElementString},
	} {
		back, err := written.parse(written.text)
		if err != nil || cmp.Diff(es, back) != "" {
			t.Fatalf("%q read back is %q: %v", written.text, back, err)
		}
	}
}

func FuzzLint(f *testing.F) {
	for i, r := range rows[struct{ Input, Linter string }](f, "ai-syntax/linters.jsonl") {
		if i%7 == 0 {
			f.Add(r.Linter, r.Input)
		}
	}
	f.Fuzz(func(t *testing.T, rule, value string) {
		lint, ok := linters[rule]
		if !ok {
			return
		}
		if f := lint(value); f.bad() && (f.pos < 0 || f.n < 0 || f.pos+f.n > len(value)) {
			t.Fatalf("%s: the fault of %q lies outside it: %+v", rule, value, f)
		}
	})
}

// digitsWithCheck draws n digits of which the last is the check digit.
func digitsWithCheck(n int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		body := rapid.StringOfN(rapid.RuneFrom([]rune("0123456789")), n-1, n-1, -1).Draw(t, "digits")
		return body + string(checkDigitOf(body))
	})
}

func text82(limit int) *rapid.Generator[string] {
	return rapid.StringOfN(rapid.RuneFrom([]rune(order82)), 1, limit, -1)
}

// anyKey draws the elements of a valid key, in any order.
func anyKey(t *rapid.T) Elements {
	var es Elements
	maybe := func(ai string, g *rapid.Generator[string]) {
		if rapid.Bool().Draw(t, "with "+ai) {
			es = append(es, Element{ai, g.Draw(t, ai)})
		}
	}
	date := rapid.Custom(func(t *rapid.T) string {
		year, month := rapid.IntRange(0, 99).Draw(t, "year"), rapid.IntRange(1, 12).Draw(t, "month")
		day := rapid.IntRange(0, daysIn(2000+year, month)).Draw(t, "day")
		return Date{2000 + year, month, day}.YYMMDD()
	})
	switch rapid.SampledFrom([]string{"01", "414", "00", "417"}).Draw(t, "primary") {
	case "01":
		es = append(es, Element{"01", digitsWithCheck(14).Draw(t, "gtin")})
		maybe("22", text82(20))
		maybe("10", text82(20))
		maybe("21", text82(20))
		maybe("17", date)
		maybe("11", date)
		maybe("3103", rapid.StringMatching(`[0-9]{6}`))
		maybe("240", text82(30))
		maybe("416", digitsWithCheck(13))
	case "414":
		es = append(es, Element{"414", digitsWithCheck(13).Draw(t, "gln")})
		maybe("254", text82(20))
	case "417":
		es = append(es, Element{"417", digitsWithCheck(13).Draw(t, "gln")})
	case "00":
		es = append(es, Element{"00", digitsWithCheck(18).Draw(t, "sscc")})
		maybe("400", text82(30))
	}
	maybe("99", text82(90))
	return rapid.Permutation(es).Draw(t, "order")
}

func TestKeyProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		es := anyKey(t)
		k, err := NewKey(es...)
		if err != nil {
			// The order may make (416) or another AI come first; what is drawn is always sound.
			t.Fatalf("NewKey(%v): %v", es, err)
		}
		base := rapid.SampledFrom([]string{"https://id.gs1.org", "http://a.example:8080/x/10/y/", "HTTPS://A", ""}).Draw(t, "base")
		back, err := ParseLink(k.Link(base))
		if err != nil {
			t.Fatalf("ParseLink(%q): %v", k.Link(base), err)
		}
		want, got := k.Sorted(), back.Sorted()
		want.Stem = strings.TrimSuffix(base, "/")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%q (-want +got)\n%s", k.Link(base), diff)
		}
		if path, err := ParseLink(k.Path()); err != nil || path.Path() != k.Path() {
			t.Fatalf("path %q read is %q: %v", k.Path(), path.Path(), err)
		}
		sameElements(t, es)
		// The same things in another order have the same identity.
		shuffled := rapid.Permutation(es).Draw(t, "shuffled")
		other, err := NewKey(shuffled...)
		if err != nil || other.Path() != k.Path() {
			t.Fatalf("%v is %q, %v; %v is %q", es, k.Path(), err, shuffled, other.Path())
		}
	})
}

func TestCheckDigitProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SampledFrom([]int{8, 12, 13, 14}).Draw(t, "length")
		gtin := digitsWithCheck(n).Draw(t, "gtin")
		full, err := GTIN14(gtin)
		if err != nil || !Valid(KindGTIN14, full) || !strings.HasSuffix(full, gtin) {
			t.Fatalf("GTIN14(%q) = %q, %v", gtin, full, err)
		}
		// Any one digit misread is noticed.
		i := rapid.IntRange(0, n-1).Draw(t, "at")
		wrong := []byte(gtin)
		wrong[i] = '0' + (wrong[i]-'0'+byte(rapid.IntRange(1, 9).Draw(t, "by")))%10
		if ValidGTIN(string(wrong)) {
			t.Fatalf("%q for %q is not noticed", wrong, gtin)
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		body := text82(23).Draw(t, "body")
		pair, err := CheckPair(body)
		if err != nil || !Valid(KindCheckPair, body+pair) {
			t.Fatalf("CheckPair(%q) = %q, %v", body, pair, err)
		}
		swapped := pair[1:] + pair[:1]
		if swapped != pair && Valid(KindCheckPair, body+swapped) {
			t.Fatalf("a swapped pair of %q is not noticed", body)
		}
	})
}

func TestEscapeProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := strings.ReplaceAll(rapid.String().Draw(t, "value"), "\x00", "")
		for _, query := range []bool{false, true} {
			back, ok := Unescape(Escape(value, query), query)
			if !ok || back != value {
				t.Fatalf("%q escaped and back is %q", value, back)
			}
		}
	})
}

var benchLinks = []struct{ name, raw string }{
	{"lot", "https://truynguon.example.vn/01/08938507000013/10/HTX-2603A"},
	{"item", "https://truynguon.example.vn/01/08938507000013/10/HTX-2603A/21/000123"},
	{"dates", "https://truynguon.example.vn/01/08938507000013/10/HTX-2603A?11=260310&17=260320&linkType=gs1:pip"},
	{"escaped", "https://truynguon.example.vn/x/01/08938507000013/10/HTX%2F2603A"},
	{"refused", "https://truynguon.example.vn/01/08938507000014/10/HTX-2603A"},
}

func BenchmarkParseLink(b *testing.B) {
	for _, link := range benchLinks {
		b.Run(link.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = ParseLink(link.raw)
			}
		})
	}
}

func BenchmarkLink(b *testing.B) {
	k, err := ParseLink(benchLinks[2].raw)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		_ = k.Link("https://truynguon.example.vn")
	}
}
