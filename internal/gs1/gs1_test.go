package gs1

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"truynguon/internal/fault"
)

func TestWithCheckDigit(t *testing.T) {
	for body, want := range map[string]string{
		"893850700001":      "8938507000013",
		"0893850700001":     "08938507000013",
		"1893850700001":     "18938507000010",
		"893850700002":      "8938507000020",
		"893600000001":      "8936000000011",
		"08938507000000001": "089385070000000013",
		"18938507000000001": "189385070000000010",
	} {
		if got, err := WithCheckDigit(body); err != nil || got != want {
			t.Errorf("WithCheckDigit(%q) = %q, %v, want %q", body, got, err, want)
		}
	}
	for _, body := range []string{"", "12a4", "１２３"} {
		if got, err := WithCheckDigit(body); !errors.Is(err, fault.Invalid) {
			t.Errorf("WithCheckDigit(%q) = %q, %v, want invalid", body, got, err)
		}
	}
}

func TestCheckPair(t *testing.T) {
	// The example of the General Specifications 7.9.5.
	if got, err := CheckPair("1987654Ad4X4bL5ttr2310c"); err != nil || got != "2K" {
		t.Errorf("CheckPair = %q, %v, want 2K", got, err)
	}
	for _, body := range []string{"có dấu", strings.Repeat("1", 98)} {
		if got, err := CheckPair(body); !errors.Is(err, fault.Invalid) {
			t.Errorf("CheckPair(%q) = %q, %v, want invalid", body, got, err)
		}
	}
}

func TestLots(t *testing.T) {
	for _, tt := range []struct {
		lot             string
		standard, house string // the code of the fault, or "" if the lot is good
	}{
		{"HTX-2603A", "", ""},
		{"a", "", ""},
		{"12345678901234567890", "", ""},
		{"123456789012345678901", "gs1_lot_length", "gs1_lot_length"},
		{"", "gs1_lot_length", "gs1_lot_length"},
		{"A/B", "", "gs1_lot_house"},
		{"A_B", "", "gs1_lot_house"},
		{"A B", "gs1_lot_charset", "gs1_lot_house"},
		{"LÔ1", "gs1_lot_charset", "gs1_lot_house"},
		{"A#1", "gs1_lot_charset", "gs1_lot_house"},
		{"A\x00", "gs1_lot_charset", "gs1_lot_house"},
	} {
		if got := code(CheckLot(tt.lot)); got != tt.standard {
			t.Errorf("CheckLot(%q) says %q, want %q", tt.lot, got, tt.standard)
		}
		if got := code(CheckHouseLot(tt.lot)); got != tt.house {
			t.Errorf("CheckHouseLot(%q) says %q, want %q", tt.lot, got, tt.house)
		}
		if ValidLot(tt.lot) != (tt.standard == "") || ValidHouseLot(tt.lot) != (tt.house == "") {
			t.Errorf("Valid and Check differ on %q", tt.lot)
		}
	}
	var p *fault.Problem
	if !errors.As(CheckLot("LÔ1"), &p) || p.Args[2] != "Ô" {
		t.Errorf("the offending letter must be shown whole, got %v", p.Args)
	}
}

// code is the code of a problem, and "" for no error.
func code(err error) string {
	var p *fault.Problem
	if errors.As(err, &p) {
		return p.Code
	}
	return ""
}

func TestParseLinkSays(t *testing.T) {
	for _, tt := range []struct {
		raw, code string
		kind      error
	}{
		{"https://example.com/01/08938507000013/10/HTX-2603A?11=260310&17=260320", "", nil},
		{"/01/08938507000013/10/HTX-2603A", "", nil},
		{"//example.com/01/08938507000013", "gs1_link_scheme", fault.Malformed},
		{"example.com/01/08938507000013", "gs1_link_scheme", fault.Malformed},
		{"https://example.com", "gs1_link_path", fault.Malformed},
		{"https://ex_ample.com/01/08938507000013", "gs1_link_host", fault.Malformed},
		{"https://example.com/01/08938507000013/10/LÔ", "gs1_link_characters", fault.Malformed},
		{"https://example.com/about", "gs1_link_key", fault.Malformed},
		{"https://example.com/01/08938507000013/10/", "gs1_link_empty", fault.Malformed},
		{"https://example.com/01/08938507000013/10/A%00", "gs1_link_null", fault.Malformed},
		{"https://example.com/01/08938507000014", "gs1_check_digit", fault.Invalid},
		{"https://example.com/01/8938507000013", "gs1_ai_short", fault.Invalid},
		{"https://example.com/01/08938507000013/10/A%20B", "gs1_lot_charset", fault.Invalid},
		{"https://example.com/01/08938507000013/10/123456789012345678901", "gs1_lot_length", fault.Invalid},
		{"https://example.com/01/08938507000013/21/1/10/A", "gs1_link_order", fault.Invalid},
		{"https://example.com/00/089385070000000013/10/A", "gs1_link_alone", fault.Invalid},
		{"https://example.com/01/08938507000013?10=A", "gs1_link_in_path", fault.Invalid},
		{"https://example.com/01/08938507000013?21=A", "gs1_link_attribute", fault.Invalid},
		{"https://example.com/01/08938507000013?17=260320&17=260320", "gs1_link_twice", fault.Invalid},
		{"https://example.com/01/08938507000013?999=1", "gs1_link_parameter", fault.Invalid},
		{"https://example.com/01/08938507000013?17=261320", "gs1_date_month", fault.Invalid},
		{"https://example.com/01/08938507000013?17=260231", "gs1_date_day", fault.Invalid},
		{"https://example.com/01/08938507000013?17=260200", "", nil},
		{"https://example.com/01/08938507000013?422=999", "gs1_country", fault.Invalid},
		{"https://example.com/01/08938507000013?37=5", "gs1_ai_excluded", fault.Invalid},
		{"https://example.com/00/089385070000000013?37=5", "gs1_ai_required", fault.Invalid},
		{"https://example.com/8010/4012345A%23-%2F", "", nil}, // CSET 39
		{"https://example.com/8010/4012345a", "gs1_charset39", fault.Invalid},
		{"https://example.com/" + strings.Repeat("a", maxText), "gs1_long", fault.Malformed},
		{"https://example.com/01/08938507000013?" + strings.Repeat("a&", 64), "gs1_many", fault.Malformed},
	} {
		_, err := ParseLink(tt.raw)
		if got := code(err); got != tt.code || tt.kind != nil && !errors.Is(err, tt.kind) {
			t.Errorf("ParseLink(%.80q) says %v, want %s (%v)", tt.raw, err, tt.code, tt.kind)
		}
	}
}

func TestParseLinkParts(t *testing.T) {
	k, err := ParseLink("https://Example.com:8443/vn/p/01/08938507000013/10/HTX%2d26%2F3/21/%2541?17=260320&linkType=gs1%3Apip&a#frag")
	if err != nil {
		t.Fatal(err)
	}
	want := Key{
		Primary:    Element{"01", "08938507000013"},
		Qualifiers: Elements{{"10", "HTX-26/3"}, {"21", "%41"}}, // decoded once
		Attributes: Elements{{"17", "260320"}},
		Stem:       "https://Example.com:8443/vn/p",
		Ignored:    []string{"linkType=gs1%3Apip", "a"},
	}
	if diff := cmp.Diff(want, k); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got, want := k.Path(), "/01/08938507000013/10/HTX-26%2F3/21/%2541"; got != want {
		t.Errorf("Path() = %q, want %q", got, want)
	}
	if got, want := k.Link(k.Stem), "https://Example.com:8443/vn/p/01/08938507000013/10/HTX-26%2F3/21/%2541?17=260320"; got != want {
		t.Errorf("Link() = %q, want %q", got, want)
	}
	got := []string{k.GTIN(), k.Lot(), k.Serial(), k.GLN(), k.GLNExtension(), k.SSCC(), k.PartyGLN(), k.Value("17"), k.Value("99")}
	if diff := cmp.Diff([]string{"08938507000013", "HTX-26/3", "%41", "", "", "", "", "260320", ""}, got); diff != "" {
		t.Errorf("accessors (-want +got)\n%s", diff)
	}
	var up []string
	for k, more := k, true; more; k, more = k.Up() {
		up = append(up, k.Path())
	}
	if diff := cmp.Diff([]string{"/01/08938507000013/10/HTX-26%2F3/21/%2541", "/01/08938507000013/10/HTX-26%2F3", "/01/08938507000013"}, up); diff != "" {
		t.Errorf("Up (-want +got)\n%s", diff)
	}
}

func TestTolerantSaysSo(t *testing.T) {
	for raw, want := range map[string]string{
		"https://a/01/8938507000013/10/A":       "/01/08938507000013/10/A",
		"https://a/01/08938507000013/10/A/":     "/01/08938507000013/10/A",
		"https://a/gtin/08938507000013/lot/A":   "/01/08938507000013/10/A",
		"https://a/x/gln/8936000000011/glnx/L1": "/414/8936000000011/254/L1",
	} {
		k, err := Tolerant.ParseLink(raw)
		if err != nil || !k.Legacy || k.Path() != want {
			t.Errorf("%q → %q, legacy %v, %v; want %q, legacy", raw, k.Path(), k.Legacy, err, want)
		}
		if _, err := ParseLink(raw); err == nil {
			t.Errorf("ParseLink(%q) must be strict", raw)
		}
	}
	k, err := Tolerant.ParseLink("https://a/01/08938507000013/10/A")
	if err != nil || k.Legacy {
		t.Errorf("a current link is not legacy: %v, %v", k, err)
	}
}

func TestMakeKeys(t *testing.T) {
	for _, tt := range []struct {
		make func() (Key, error)
		want string
	}{
		{func() (Key, error) { return LotKey("8938507000013", "HTX-2603A", "") }, "https://id.gs1.org/01/08938507000013/10/HTX-2603A"},
		{func() (Key, error) { return LotKey("08938507000013", "A", "7") }, "https://id.gs1.org/01/08938507000013/10/A/21/7"},
		{func() (Key, error) { return LotKey("08938507000013", "", "") }, "https://id.gs1.org/01/08938507000013"},
		{func() (Key, error) { return PlaceKey("8936000000011", "LO-01") }, "https://id.gs1.org/414/8936000000011/254/LO-01"},
		{func() (Key, error) { return PlaceKey("8936000000011", "") }, "https://id.gs1.org/414/8936000000011"},
	} {
		k, err := tt.make()
		if err != nil || k.Canonical() != tt.want {
			t.Errorf("got %q, %v, want %q", k.Canonical(), err, tt.want)
		}
	}
	for _, bad := range []func() (Key, error){
		func() (Key, error) { return LotKey("8938507000014", "A", "") },
		func() (Key, error) { return LotKey("8938507000013", "Lô 1", "") },
		func() (Key, error) { return PlaceKey("", "LO-01") },
		func() (Key, error) { return NewKey() },
		func() (Key, error) { return NewKey(Element{"12x", "1"}) },
	} {
		if k, err := bad(); err == nil || !k.IsZero() {
			t.Errorf("got %v, %v, want an error and no key", k, err)
		}
	}
	k, err := ParseLink("https://a/01/08938507000013?3103=001250&17=260320&15=260319")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := k.Sorted().Canonical(), "https://id.gs1.org/01/08938507000013?15=260319&17=260320&3103=001250"; got != want {
		t.Errorf("Sorted = %q, want %q", got, want)
	}
	if got := k.Attributes[0].AI; got != "3103" {
		t.Errorf("Sorted must not change the key, whose first attribute is now %s", got)
	}
}

func TestParseText(t *testing.T) {
	for text, want := range map[string]string{
		"https://a/01/08938507000013/10/A": "/01/08938507000013/10/A",
		"HTTPS://A/01/08938507000013/10/A": "/01/08938507000013/10/A",
		"/01/08938507000013/10/A":          "/01/08938507000013/10/A",
		" 8938507000013 ":                  "/01/08938507000013",
		"893-8507-00001 3":                 "/01/08938507000013",
		"(01)08938507000013(10)A":          "/01/08938507000013/10/A",
		"(01) 08938507000013(10) A":        "/01/08938507000013/10/A",
		"]C1010893850700001310A":           "/01/08938507000013/10/A",
		"]d2\x1d010893850700001310A":       "/01/08938507000013/10/A",
		"]E08938507000013":                 "/01/08938507000013",
		"]Q1https://a/01/8938507000013":    "/01/08938507000013",
		"\x1d010893850700001310A\x1d211":   "/01/08938507000013/10/A/21/1",
		"010893850700001310A":              "/01/08938507000013/10/A",
		"^010893850700001310A":             "/01/08938507000013/10/A",
		"":                                 "",
		"HTX-2603A":                        "",
		"0912345678":                       "",
		"cà phê":                           "",
		"]Q1hello":                         "",
		"](":                               "",
		"(":                                "",
	} {
		k, err := ParseText(text)
		if (err == nil) != (want != "") || k.Path() != want {
			t.Errorf("ParseText(%q) = %q, %v, want %q", text, k.Path(), err, want)
		}
	}
}

func TestDates(t *testing.T) {
	for _, tt := range []struct {
		text string
		year int
		want Date
		last string
	}{
		{"260310", 2026, Date{2026, 3, 10}, "2026-03-10"},
		{"260200", 2026, Date{2026, 2, 0}, "2026-02-28"},
		{"760101", 2026, Date{2076, 1, 1}, "2076-01-01"}, // 50 years on
		{"770101", 2026, Date{1977, 1, 1}, "1977-01-01"}, // 49 years back
		{"000229", 2051, Date{2100, 2, 29}, "2100-02-29"},
		{"990101", 2001, Date{1999, 1, 1}, "1999-01-01"},
	} {
		got, err := ParseDate(tt.text, tt.year)
		if err != nil || got != tt.want || got.Last().String() != tt.last {
			t.Errorf("ParseDate(%q, %d) = %v, %v, want %v, last day %s", tt.text, tt.year, got, err, tt.want, tt.last)
		}
		if got.YYMMDD() != tt.text {
			t.Errorf("%v written is %q, want %q", got, got.YYMMDD(), tt.text)
		}
	}
	if _, err := ParseDate("261301", 2026); code(err) != "gs1_date_month" {
		t.Errorf("month 13: %v", err)
	}
}

func TestDictionary(t *testing.T) {
	if n := len(AIs()); n < 500 {
		t.Errorf("%d AIs, want the whole dictionary", n)
	}
	for _, ai := range AIs() {
		got, ok := LookupAI(ai.Code)
		if !ok || got != ai {
			t.Errorf("LookupAI(%s) = %v, %v", ai.Code, got, ok)
		}
		if ai.Title == "" && !strings.HasPrefix(ai.Code, "81") || ai.Min < 1 || ai.Max < ai.Min || ai.Max > 90 {
			t.Errorf("(%s) %q, %d to %d", ai.Code, ai.Title, ai.Min, ai.Max)
		}
		for _, sequence := range ai.Qualifiers {
			for _, code := range sequence {
				if lookupAI(code) == nil {
					t.Errorf("(%s) has the unknown qualifier %s", ai.Code, code)
				}
			}
		}
	}
	for _, code := range []string{"", "1", "010", "3106", "89", "12345", "ab", "１"} {
		if ai, ok := LookupAI(code); ok {
			t.Errorf("LookupAI(%q) = %v", code, ai)
		}
	}
	ai, _ := LookupAI("01")
	if diff := cmp.Diff([][]string{{"22", "10", "21"}, {"235"}}, ai.Qualifiers); diff != "" {
		t.Errorf("qualifiers of (01) (-want +got)\n%s", diff)
	}
}

func TestLinkTypes(t *testing.T) {
	all := LinkTypes()
	if len(all) != 60 {
		t.Fatalf("%d link types, want 60", len(all))
	}
	for _, lt := range all {
		for _, form := range append([]string{lt.CURIE, lt.URI}, lt.LegacyURIs...) {
			if got, err := ParseLinkType(form); err != nil || got.Name != lt.Name {
				t.Errorf("ParseLinkType(%q) = %q, %v", form, got.Name, err)
			}
		}
		if got, ok := LinkTypeNamed(lt.Name); !ok || got.URI != VocabularyURI+lt.Name || got.CURIE != "gs1:"+lt.Name {
			t.Errorf("LinkTypeNamed(%q) = %+v, %v", lt.Name, got, ok)
		}
	}
	if _, err := ParseLinkType("gs1:Pip"); !errors.Is(err, fault.Invalid) {
		t.Errorf("case matters, got %v", err)
	}
}

// Every code that the package can answer with has a sentence in both languages, with the same
// arguments, and no sentence is left over.
func TestMessages(t *testing.T) {
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	used := make(map[string]bool)
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if s, err := strconv.Unquote(lit.Value); err == nil && strings.HasPrefix(s, "gs1_") {
					used["fault."+s] = true
				}
			}
			return true
		})
	}
	places := regexp.MustCompile(`\{\d\}`)
	arguments := make(map[string]map[string][]string)
	for _, language := range []string{"vi", "en"} {
		data, err := os.ReadFile("../../static/locale/" + language + "/gs1.json")
		if err != nil {
			t.Fatal(err)
		}
		var messages map[string]string
		if err := json.Unmarshal(data, &messages); err != nil {
			t.Fatalf("%s: %v", language, err)
		}
		want, got := slices.Sorted(maps.Keys(used)), slices.Sorted(maps.Keys(messages))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-used +told)\n%s", language, diff)
		}
		arguments[language] = make(map[string][]string)
		for key, text := range messages {
			found := places.FindAllString(text, -1)
			slices.Sort(found)
			arguments[language][key] = slices.Compact(found)
		}
	}
	if diff := cmp.Diff(arguments["vi"], arguments["en"]); diff != "" {
		t.Errorf("the languages use different arguments (-vi +en)\n%s", diff)
	}
}
