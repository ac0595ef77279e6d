package locale

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"truynguon/internal/fault"
)

func TestT(t *testing.T) {
	c, err := Load(files(
		"vi/a.json", `{"plain":"chào","args":"{1} rồi {0}","when":"ngày {0:date}: {1:number}","only":"chỉ tiếng Việt","lots.other":"{0} lô của {1}","format.group":".","format.decimal":",","format.and":"và"}`,
		"en/a.json", `{"plain":"hello","args":"{1} then {0}","lots.one":"one lot of {1}","lots.other":"{0} lots of {1}","format.group":",","format.decimal":".","format.and":"and"}`))
	if err != nil {
		t.Fatal(err)
	}
	vi, en := c.Printer("vi"), c.Printer("en")
	noon := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct{ got, want string }{
		{vi.T("plain"), "chào"},
		{en.T("plain"), "hello"},
		{en.T("args", "a", "b"), "b then a"},
		{en.T("args", "{1}", "{0}"), "{0} then {1}"}, // arguments are not read as texts
		{en.T("args", "a"), "{1} then a"},
		{en.T("args", 1250, []string{"x", "y"}), "x and y then 1,250"},
		{vi.T("args", noon, errors.New("lỗi")), "lỗi rồi 2026-03-10 19:00"},
		{vi.T("when", "2026-03-10", "1250.50"), "ngày 2026-03-10: 1.250,50"},
		{en.T("only"), "chỉ tiếng Việt"},
		{vi.T("none"), "«none»"},
		{en.N("lots", 1, "A"), "one lot of A"},
		{en.N("lots", 0, "A"), "0 lots of A"},
		{en.N("lots", 1250, "A"), "1,250 lots of A"},
		{vi.N("lots", 1, "A"), "1 lô của A"},
		{vi.N("none", 1), "«none.other»"},
		{en.List(nil), ""},
		{en.List([]string{"a"}), "a"},
		{en.List([]string{"a", "b", "c"}), "a, b and c"},
		{vi.List([]string{"a", "b"}), "a và b"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
	if diff := cmp.Diff(map[string]int{"only": 1, "none": 1, "none.other": 1}, c.Missed()); diff != "" {
		t.Error(diff)
	}
	if !vi.Has("only") || en.Has("only") {
		t.Error("Has is wrong")
	}
}

func TestDatesAndNumbers(t *testing.T) {
	c := catalogue(t)
	vi, en := c.Printer("vi"), c.Printer("en")
	at := time.Date(2026, 3, 10, 7, 5, 59, 0, time.UTC)
	tokyo := c.In(time.FixedZone("", 9*3600)).Printer("vi")
	for _, tt := range []struct{ got, want string }{
		{vi.Date("2026-03-10"), "10/03/2026"},
		{en.Date("2026-03-10"), "10 March 2026"},
		{en.Date("2026-01-02"), "2 January 2026"},
		{vi.Date("2026-02-30"), "2026-02-30"},
		{vi.Date(""), ""},
		{vi.Time(at), "14:05 ngày 10/03/2026"},
		{en.Time(at), "14:05 on 10 March 2026"},
		{tokyo.Time(at), "16:05 ngày 10/03/2026"},
		{vi.Time(time.Time{}), ""},
		{vi.Number("1250.5"), "1.250,5"},
		{en.Number("1250.5"), "1,250.5"},
		{vi.Number("1250.50"), "1.250,50"},
		{vi.Number("-1234567.0001"), "-1.234.567,0001"},
		{vi.Number("9007199254740993.123456789012345678"), "9.007.199.254.740.993,123456789012345678"},
		{vi.Number(0), "0"},
		{vi.Number(-1250), "-1.250"},
		{vi.Number(uint8(7)), "7"},
		{vi.Number(0.5), "0,5"},
		{vi.Number("1e3"), "1e3"},
		{vi.Number("một"), "một"},
		{vi.Number("."), "."},
		{vi.Number(""), ""},
		{vi.Quantity("1250.5", "KGM"), "1.250,5\u00a0kg"},
		{en.Quantity("1", "XBX"), "1\u00a0box"},
		{en.Quantity("1.5", "XBX"), "1.5\u00a0boxes"},
		{en.Quantity("10000001", "XBX"), "10,000,001\u00a0boxes"},
		{en.Quantity(2, "XBX"), "2\u00a0boxes"},
		{vi.Quantity(2, "XBX"), "2\u00a0hộp"},
		{vi.Quantity(2, "ZZZ"), "2\u00a0ZZZ"},
		{vi.Quantity(2, ""), "2"},
		{vi.UnitName("KGM"), "ki-lô-gam (kg)"},
		{vi.UnitName("ZZZ"), "ZZZ"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
	if diff := cmp.Diff(map[string]int{}, c.Missed()); diff != "" {
		t.Error(diff)
	}
}

// code is the fault's code, or what was returned.
func code(s string, err error) string {
	var p *fault.Problem
	if errors.As(err, &p) {
		return p.Code + fmt.Sprint(p.Args)
	}
	return s
}

func TestParseDate(t *testing.T) {
	for in, want := range map[string]string{
		"10/03/2026":            "2026-03-10",
		"1-2-2026":              "2026-02-01",
		"1.2.2026":              "2026-02-01",
		" 2026-03-10 ":          "2026-03-10",
		"2026/3/1":              "2026-03-01",
		"10 / 03 /\u00a02026":   "2026-03-10",
		"29/02/2024":            "2024-02-29",
		"29/02/2026":            "date_malformed[29/02/2026]",
		"03/13/2026":            "date_malformed[03/13/2026]",
		"10/03/26":              "date_malformed[10/03/26]",
		"10//2026":              "date_malformed[10//2026]",
		"10/03/2026/":           "date_malformed[10/03/2026/]",
		"/10/03/2026":           "date_malformed[/10/03/2026]",
		"010/03/2026":           "date_malformed[010/03/2026]",
		"2026":                  "date_malformed[2026]",
		"":                      "date_malformed[]",
		"2026-03-10T00:00:00Z":  "date_malformed[2026-03-10T00:00:00Z]",
		"１０/０３/２０２６":            "date_malformed[１０/０３/２０２６]",
		strings.Repeat("9", 99): "date_malformed[" + strings.Repeat("9", 40) + "…]",
	} {
		if got := code(ParseDate(in)); got != want {
			t.Errorf("ParseDate(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestParseDecimal(t *testing.T) {
	for in, want := range map[string]string{
		"0":               "0",
		"007":             "7",
		"1250.5":          "1250.5",
		"1250,5":          "1250.5",
		"1.250,5":         "1250.5",
		"1,250.5":         "1250.5",
		"1 250,50":        "1250.50",
		"1\u202f250":      "1250",
		"1.250.000":       "1250000",
		"1,250,000.125":   "1250000.125",
		"1250.500":        "1250.500",
		"0.250":           "0.250",
		"0,250":           "0.250",
		"- 3,5":           "-3.5",
		"1 250.125":       "1250.125",
		"1.250":           "amount_ambiguous[1250 1.2500]",
		"12,500":          "amount_ambiguous[12500 12.5000]",
		"-1.250":          "amount_ambiguous[-1250 -1.2500]",
		"1.25.0":          "amount_malformed[1.25.0]",
		"1.250,5,0":       "amount_malformed[1.250,5,0]",
		"12.50,5":         "amount_malformed[12.50,5]",
		"1250.000,5":      "amount_malformed[1250.000,5]",
		"1.250 000,5":     "amount_malformed[1.250 000,5]",
		".5":              "amount_malformed[.5]",
		"5.":              "amount_malformed[5.]",
		"1e3":             "amount_malformed[1e3]",
		"":                "amount_malformed[]",
		"-":               "amount_malformed[-]",
		"٣":               "amount_malformed[٣]",
		"5 kg":            "amount_malformed[5 kg]",
		"1..5":            "amount_malformed[1..5]",
		"1,,250":          "amount_malformed[1,,250]",
		"\xff":            "amount_malformed[\ufffd]",
		"9999999999999,9": "9999999999999.9",
	} {
		got := code(ParseDecimal(in))
		if in == "\xff" {
			got = strings.ToValidUTF8(got, "\ufffd")
		}
		if got != want {
			t.Errorf("ParseDecimal(%q) = %q, want %q", in, got, want)
		}
	}
}

// What a page shows can be typed back, in either language: it is read as the same number or
// questioned, never as another one.
func TestNumbersReadBack(t *testing.T) {
	c := catalogue(t)
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.StringMatching(`-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,6})?`).Draw(t, "n")
		for _, lang := range c.Languages() {
			shown := c.Printer(lang).Number(n)
			got, err := ParseDecimal(shown)
			var p *fault.Problem
			if errors.As(err, &p) && p.Code == "amount_ambiguous" {
				for _, arg := range p.Args {
					if again, err := ParseDecimal(arg.(string)); err != nil || again != arg {
						t.Fatalf("the advice %q for %q is itself in doubt: %v", arg, shown, err)
					}
				}
				continue
			}
			if err != nil || got != n {
				t.Fatalf("%s: %q shown as %q is read as %q, %v", lang, n, shown, got, err)
			}
		}
	})
}

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"Đắk Lắk":                          "dak lak",
		norm.NFD.String("Đắk Lắk"):         "dak lak",
		"  ĐẮK\u00a0\u2003LẮK\t":           "dak lak",
		"Hợp tác xã Ea Tu":                 "hop tac xa ea tu",
		"ỂỄƯỪỰƠỞĂẶ":                        "eeuuuooaa",
		"Ðà Nẵng":                          "da nang",
		"a\u200bb\u202ec":                  "abc",
		"VN-DTOR-0017":                     "vn-dtor-0017",
		"abc":                              "abc",
		"":                                 "",
		" ":                                "",
		"a  b":                             "a b",
		"a\tb":                             "a b",
		"x\u0300\u0301\u0302\u0303\u0304y": "xy",
		"Straße":                           "straße",
		"\xff":                             "\ufffd",
		"1.250,5 m²":                       "1.250,5 m²",
		"\u1112\u1161\u11ab and \ud55c":    "\u1112\u1161\u11ab and \u1112\u1161\u11ab",
		"Cà phê nhân \u2013 loại\u3000đặc ưu": "ca phe nhan \u2013 loai dac uu",
	} {
		if got := Fold(in); got != want {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
	}
	want := []string{"htx", "2603a", "ca", "phe"}
	if diff := cmp.Diff(want, Words("HTX-2603A: Cà phê, cà PHÊ")); diff != "" {
		t.Error(diff)
	}
	if got := Words(" -- "); len(got) != 0 {
		t.Errorf("words of nothing: %q", got)
	}
}

func FuzzFold(f *testing.F) {
	for _, s := range []string{"", "Đắk Lắk", "a \u0301 b", "İıſK", "\xff\u0323", "\u0130\u0307", "ǅ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := Fold(s)
		if twice := Fold(once); twice != once {
			t.Errorf("Fold(%q) = %q, and folded again %q", s, once, twice)
		}
		if c, d := Fold(norm.NFC.String(s)), Fold(norm.NFD.String(s)); c != d {
			t.Errorf("%q composed folds to %q, decomposed to %q", s, c, d)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"10/03/2026", "2026-03-10", "1.250,5", "1 250", "-,", "..", "- "} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := ParseDate(s); err == nil {
			if again, err := ParseDate(d); err != nil || again != d {
				t.Errorf("ParseDate(%q) = %q, which is read as %q, %v", s, d, again, err)
			}
		}
		if d, err := ParseDecimal(s); err == nil {
			if _, _, _, ok := splitDecimal(d); !ok {
				t.Errorf("ParseDecimal(%q) = %q, which is no decimal number", s, d)
			}
		}
	})
}
