package trace_test

import (
	"strings"
	"testing"

	"truynguon/configs"
	"truynguon/internal/trace"
)

// The kinds of certificate that a cooperative holds are there, each with what pages show of it.
func TestSchemes(t *testing.T) {
	schemes, err := trace.ParseSchemes(configs.Schemes)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range strings.Fields("attp commitment exemption vietgap globalgap organic haccp iso22000 ocop self_declaration test_report growing_area packing_house prefix_licence gi registration") {
		s, ok := schemes[id]
		if !ok {
			t.Errorf("no scheme %s", id)
			continue
		}
		for _, lang := range []string{"vi", "en"} {
			if s.Names[lang] == "" || s.ShortName(lang) == "" || len(s.Issuers) == 0 {
				t.Errorf("%s lacks a name or an issuer", id)
			}
			p := words.Printer(lang)
			for _, i := range s.Issuers {
				if !p.Has("issuer." + i) {
					t.Errorf("no words for issuer %s", i)
				}
			}
		}
	}
	for id, months := range map[string]int{"attp": 36, "ocop": 36, "commitment": 36, "vietgap": 24, "globalgap": 12, "test_report": 0} {
		if schemes[id].ValidityMonths != months {
			t.Errorf("%s is valid for %d months", id, schemes[id].ValidityMonths)
		}
	}
	if end := schemes["attp"].UsualEnd("2024-02-29"); end != "2027-02-28" {
		t.Errorf("the usual end is %s", end)
	}
	if end := schemes["test_report"].UsualEnd("2024-02-29"); end != "" {
		t.Errorf("a report ends on %s", end)
	}
	var food []string
	for _, s := range schemes.InOrder() {
		if s.FoodSafety {
			food = append(food, s.ID)
		}
	}
	if got := strings.Join(food, " "); got != "attp commitment exemption haccp iso22000" {
		t.Errorf("bases of food safety: %s", got)
	}
}

func TestNumberHint(t *testing.T) {
	schemes, err := trace.ParseSchemes(configs.Schemes)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ scheme, number, want string }{
		{"globalgap", "4049929999992", ""},
		{"globalgap", "GGN 4049929999992", ""},
		{"globalgap", "4049929999993", trace.HintCheckDigit},
		{"globalgap", "40499299", trace.HintUnusual},
		{"attp", "189/2020/NNPTNT-HAN", ""},
		{"attp", "12/2022/NNPTNT-ĐL", ""},
		{"attp", "05/2019/NNPTNT-QNa-TB", ""},
		{"attp", "125/2025/NNMT-HN", ""},
		{"attp", "ATTP số 7", trace.HintUnusual},
		{"vietgap", "VietGAP-TT-13-09-68-0096", ""},
		{"growing_area", "VN-DTOR-0017", ""},
		{"growing_area", "VN–66–647–24133–01–23", ""},
		{"gi", "whatever", ""},
		{"attp", "", ""},
	} {
		if got := schemes[c.scheme].Hint(c.number); got != c.want {
			t.Errorf("%s %q: %q, want %q", c.scheme, c.number, got, c.want)
		}
	}
}

// Every fault of an operator's own file is named at once.
func TestParseSchemesNamesEveryFault(t *testing.T) {
	_, err := trace.ParseSchemes([]byte(`
schemes:
  - names: {vi: A, en: A}
  - id: Bad Id
    names: {vi: A}
    relevantDate: sowing
    validityMonths: 12
    number: {pattern: '(', checkDigit: luhn}
    scope: [product, moon]
    issuers: [friend, commune, commune]
    activities: [dancing]
    perLot: true
    validtyMonths: 12
    register: {names: {vi: R}, url: 'http://x', status: maybe}
    regulations:
      - {from: 2026-02-30, to: 2025-01-01, suspendedFrom: 2026-01-01}
    editions:
      - {id: E, from: 2026-01-01, to: 2025-01-01, status: verified}
  - {id: twice, names: {vi: A, en: A}, relevantDate: harvest}
  - {id: twice, names: {vi: A, en: A}, relevantDate: harvest, number: {pattern: '^a$', example: b}}
`))
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		"number 1 has no id", "the id is not", "needs a name in vi and en", `relevantDate is "sowing"`, "validityStatus", "number.pattern", `checkDigit is "luhn"`,
		`scope: "moon"`, `issuers: "friend"`, "issuers: commune twice", `activities: "dancing"`, "perLot, but", "register needs a name", "register.status", "register.url",
		"regulations 1: no code", "regulations 1: status", "regulations 1.from", "regulations 1: ends before", "suspendedFrom and suspendedBy", "editions 1: ends before",
		"scheme twice: twice", "field validtyMonths not found", `number.example "b"`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not named in:\n%v", want, err)
		}
	}
	for _, data := range []string{"", "schemes: []", "schemes: 7", "\t"} {
		if _, err := trace.ParseSchemes([]byte(data)); err == nil {
			t.Errorf("%q accepted", data)
		}
	}
}

// An operator's own schemes add to those that are known, and replace those of the same id.
func TestOwnSchemes(t *testing.T) {
	known, err := trace.ParseSchemes(configs.Schemes)
	if err != nil {
		t.Fatal(err)
	}
	own, err := trace.ParseSchemes([]byte(`
schemes:
  - {id: vietgap, names: {vi: VietGAP của tỉnh, en: VietGAP of the province}, relevantDate: harvest}
  - {id: dak_nhan_hieu, names: {vi: Nhãn hiệu chứng nhận, en: Certification mark}, relevantDate: packaging}
`))
	if err != nil {
		t.Fatal(err)
	}
	all := known.With(own)
	if len(all) != len(known)+1 || all["vietgap"].Name("vi") != "VietGAP của tỉnh" || all["dak_nhan_hieu"].ID == "" || all["attp"].ID == "" {
		t.Errorf("%d schemes, vietgap is %q", len(all), all["vietgap"].Name("vi"))
	}
	if known["vietgap"].Name("vi") == "VietGAP của tỉnh" {
		t.Error("the known schemes were changed")
	}
}

func FuzzParseSchemes(f *testing.F) {
	f.Add(string(configs.Schemes))
	f.Add("schemes: [{id: a, regulations: [{from: x}]}]")
	f.Fuzz(func(_ *testing.T, data string) { _, _ = trace.ParseSchemes([]byte(data)) })
}
