package gs1

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"truynguon/internal/fault"
)

func rows[T any](t testing.TB, path string) (out []T) {
	t.Helper()
	f, err := os.Open("testdata/" + path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for d := json.NewDecoder(f); ; {
		var row T
		if err := d.Decode(&row); err == io.EOF {
			return out
		} else if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		out = append(out, row)
	}
}

// verdict compares whether a row was accepted, and insists that a refusal can be explained.
func verdict(t *testing.T, id, input string, ok bool, err error) bool {
	t.Helper()
	if (err == nil) != ok {
		t.Errorf("%s: %q: want ok=%v, got %v", id, input, ok, err)
		return false
	}
	if err != nil {
		var p *fault.Problem
		if !errors.As(err, &p) || !strings.HasPrefix(p.Code, "gs1_") {
			t.Errorf("%s: %q: %v is not a problem with a code", id, input, err)
		}
	}
	return ok
}

func TestIdentifiers(t *testing.T) {
	type row struct {
		ID, Input string
		Kind      Kind
		OK        bool
	}
	for _, r := range rows[row](t, "identifiers/identifiers.jsonl") {
		verdict(t, r.ID, r.Input, r.OK, Check(r.Kind, r.Input))
		if Valid(r.Kind, r.Input) != r.OK {
			t.Errorf("%s: Valid differs from Check", r.ID)
		}
	}
}

func TestGTIN14(t *testing.T) {
	type row struct {
		ID, Input string
		OK        bool
		Expect    string
	}
	for _, r := range rows[row](t, "identifiers/gtin14.jsonl") {
		if r.ID == "n14-13405fe17b" {
			// 1893242327511 was made by dropping a digit of a GTIN-14, and happens to be a sound
			// GTIN-13: its weighted sum is 99, so its check digit is 1. No rule tells the two apart.
			r.OK, r.Expect = true, "01893242327511"
		}
		got, err := GTIN14(r.Input)
		if verdict(t, r.ID, r.Input, r.OK, err) && got != r.Expect {
			t.Errorf("%s: GTIN14(%q) = %q, want %q", r.ID, r.Input, got, r.Expect)
		}
		if ValidGTIN(r.Input) != r.OK {
			t.Errorf("%s: ValidGTIN(%q) = %v", r.ID, r.Input, !r.OK)
		}
	}
}

func TestLinters(t *testing.T) {
	type row struct {
		ID, Linter, Input string
		OK                bool
		Highlight         *string
	}
	for _, r := range rows[row](t, "ai-syntax/linters.jsonl") {
		err := Lint(r.Linter, r.Input)
		if verdict(t, r.ID+" "+r.Linter, r.Input, r.OK, err) || r.Highlight == nil {
			continue
		}
		// The place of the fault is shown to people, so it counts; beyond ASCII the reference
		// counts bytes of another encoding.
		f := linters[r.Linter](r.Input)
		marked := r.Input[:f.pos] + "*" + r.Input[f.pos:f.pos+f.n] + "*" + r.Input[f.pos+f.n:]
		if isASCII(r.Input) && marked != *r.Highlight {
			t.Errorf("%s %s: %q marked %q, want %q", r.ID, r.Linter, r.Input, marked, *r.Highlight)
		}
	}
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func TestBracketedToElement(t *testing.T) {
	type row struct {
		ID, Input string
		OK        bool
		Expect    string
	}
	for _, r := range rows[row](t, "ai-syntax/bracketed-to-element.jsonl") {
		es, err := ParseBracketed(r.Input)
		if !verdict(t, r.ID, r.Input, r.OK, err) {
			continue
		}
		if got := es.ElementString(); got != r.Expect {
			t.Errorf("%s: %q → %q, want %q", r.ID, r.Input, got, r.Expect)
		}
		if got := es.String(); got != r.Input {
			t.Errorf("%s: %q read and written is %q", r.ID, r.Input, got)
		}
	}
}

func TestElementValid(t *testing.T) {
	type row struct {
		ID, Input string
		OK        bool
	}
	for _, r := range rows[row](t, "ai-syntax/element-valid.jsonl") {
		_, err := ParseElementString(r.Input)
		verdict(t, r.ID, r.Input, r.OK, err)
		// The same with what scanners send in place of "^".
		_, err = ParseElementString(strings.ReplaceAll(r.Input, "^", "\x1d"))
		verdict(t, r.ID+" (GS)", r.Input, r.OK, err)
	}
}

func TestValueRules(t *testing.T) {
	type row struct {
		ID, Input   string
		OK          bool
		ErrorMarkup string
	}
	for _, r := range rows[row](t, "ai-syntax/value-rules.jsonl") {
		_, err := ParseBracketed(r.Input)
		if verdict(t, r.ID, r.Input, r.OK, err) {
			continue
		}
		var p *fault.Problem
		if !errors.As(err, &p) || len(p.Args) != 4 {
			t.Errorf("%s: %q: %v does not say what is wrong where", r.ID, r.Input, err)
			continue
		}
		// The reference marks the component, not the value, so only the marked part is compared.
		part := p.Args[2].(string)
		if marked := strings.Split(r.ErrorMarkup, "|"); len(marked) == 3 && part != marked[1] {
			t.Errorf("%s: %q: the fault is %q, want %q", r.ID, r.Input, part, marked[1])
		}
	}
}

func TestAssociations(t *testing.T) {
	type row struct {
		ID, Input string
		Rule      Rule
		OK        bool
	}
	for _, r := range rows[row](t, "ai-syntax/associations.jsonl") {
		es, err := Options{UnknownAIs: true}.ParseBracketed(r.Input)
		if err != nil {
			t.Errorf("%s: %q: %v", r.ID, r.Input, err)
			continue
		}
		verdict(t, r.ID+" "+string(r.Rule), r.Input, r.OK, es.CheckRule(r.Rule))
	}
}

func TestScanDataParse(t *testing.T) {
	type row struct {
		ID, Input string
		Symbology Symbology
		OK        bool
		Expect    string
	}
	for _, r := range rows[row](t, "ai-syntax/scandata-parse.jsonl") {
		s, err := ParseScan(r.Input)
		if !verdict(t, r.ID, r.Input, r.OK, err) {
			continue
		}
		if s.Message != r.Expect || s.Symbology != r.Symbology {
			t.Errorf("%s: %q is %s %q, want %s %q", r.ID, r.Input, s.Symbology, s.Message, r.Symbology, r.Expect)
		}
		if back, err := s.Symbology.ScanData(s.Message); err != nil || back != r.Input {
			t.Errorf("%s: %q read and written is %q, %v", r.ID, r.Input, back, err)
		}
	}
}

func TestScanDataGenerate(t *testing.T) {
	type row struct {
		ID, Input string
		Symbology Symbology
		OK        bool
		Expect    string
	}
	for _, r := range rows[row](t, "ai-syntax/scandata-generate.jsonl") {
		got, err := r.Symbology.ScanData(r.Input)
		if verdict(t, r.ID, r.Input, r.OK, err) && got != r.Expect {
			t.Errorf("%s: %s %q → %q, want %q", r.ID, r.Symbology, r.Input, got, r.Expect)
		}
	}
}

func TestLinkTypeNormalise(t *testing.T) {
	type row struct {
		ID, Input string
		OK        bool
		Expect    string
	}
	for _, r := range rows[row](t, "linktypes/normalise.jsonl") {
		lt, err := ParseLinkType(r.Input)
		if verdict(t, r.ID, r.Input, r.OK, err) && lt.URI != r.Expect {
			t.Errorf("%s: %q is %q, want %q", r.ID, r.Input, lt.URI, r.Expect)
		}
	}
}

// full is what GS1's engine makes of a link.
type full struct {
	OK          bool
	AI          string
	CanonicalDL string
	HRI         []string
	Ignored     []string
}

func (f full) compare(t *testing.T, id, input string, k Key) {
	t.Helper()
	got := full{
		OK: true, AI: k.Elements().String(), CanonicalDL: k.Canonical(),
		HRI: k.Elements().HumanReadable(), Ignored: append([]string{}, k.Ignored...),
	}
	f.OK = true
	if diff := cmp.Diff(f, got); diff != "" {
		t.Errorf("%s: %q (-want +got)\n%s", id, input, diff)
	}
}

type engineFlags struct {
	PermitZeroSuppressedGTIN   bool
	PermitConvenienceAlphas    bool
	PermitUnknownAIs           bool
	UnknownAIsAllowedAsAttribs bool `json:"unknownAIsAllowedAsAttributes"`
}

func (f engineFlags) options() Options {
	return Options{
		ShortGTIN: f.PermitZeroSuppressedGTIN, ConvenienceNames: f.PermitConvenienceAlphas,
		UnknownAIs: f.PermitUnknownAIs, UnknownAttributes: f.UnknownAIsAllowedAsAttribs,
	}
}

func TestParseLinkEngine(t *testing.T) {
	type row struct {
		ID, Input string
		Flags     engineFlags
		OK        bool
		Expect    string
		Full      *full
	}
	for _, r := range rows[row](t, "digital-link/parse-engine.jsonl") {
		o := r.Flags.options()
		if r.Full != nil {
			k, err := o.ParseLink(r.Input)
			if verdict(t, r.ID+" full", r.Input, r.Full.OK, err) {
				r.Full.compare(t, r.ID, r.Input, k)
			}
		}
		o.Partial = true // the reference parses first and looks at associations later
		k, err := o.ParseLink(r.Input)
		if verdict(t, r.ID, r.Input, r.OK, err) {
			if got := k.Elements().ElementString(); got != r.Expect {
				t.Errorf("%s: %q → %q, want %q", r.ID, r.Input, got, r.Expect)
			}
		}
	}
}

func TestParseLinkGenerated(t *testing.T) {
	type row struct {
		full
		ID, Input string
	}
	for _, r := range rows[row](t, "digital-link/parse-generated.jsonl") {
		k, err := ParseLink(r.Input)
		if verdict(t, r.ID, r.Input, r.OK, err) {
			r.compare(t, r.ID, r.Input, k)
		}
	}
}

func TestParseLinkSimple(t *testing.T) {
	type row struct {
		ID, Input                                                     string
		OK                                                            bool
		ExpectUnbracketed, ExpectBracketed, ExpectBracketedFixedFirst string
		ExpectJSON                                                    map[string]string
	}
	for _, r := range rows[row](t, "digital-link/parse-simple.jsonl") {
		k, err := Options{Unchecked: true, ShortGTIN: true}.ParseLink(r.Input)
		if !verdict(t, r.ID, r.Input, r.OK, err) {
			continue
		}
		es := k.Elements()
		byAI := make(map[string]string)
		for _, e := range es {
			byAI[e.AI] = e.Value
		}
		want := []any{r.ExpectUnbracketed, r.ExpectBracketed, r.ExpectBracketedFixedFirst, r.ExpectJSON}
		got := []any{es.ElementString(), es.String(), es.FixedFirst().String(), byAI}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %q (-want +got)\n%s", r.ID, r.Input, diff)
		}
	}
}

func TestParseLinkOldGrammar(t *testing.T) {
	type row struct {
		ID, Input                          string
		OK, Strict14, EngineZeroSuppressed bool
	}
	for _, r := range rows[row](t, "digital-link/parse-digital-link-js.jsonl") {
		_, err := ParseLink(r.Input)
		verdict(t, r.ID+" strict", r.Input, r.Strict14, err)
		k, err := Options{ShortGTIN: true}.ParseLink(r.Input)
		verdict(t, r.ID+" short GTIN", r.Input, r.EngineZeroSuppressed, err)
		if err == nil && k.Legacy == r.Strict14 {
			t.Errorf("%s: %q: Legacy = %v", r.ID, r.Input, k.Legacy)
		}
		if k, err := Tolerant.ParseLink(r.Input); r.OK {
			if verdict(t, r.ID+" tolerant", r.Input, true, err) && k.Legacy == r.Strict14 {
				t.Errorf("%s: %q: Legacy = %v", r.ID, r.Input, k.Legacy)
			}
		}
	}
}

func TestBuildLink(t *testing.T) {
	type row struct {
		ID, Input, Stem string
		Flags           engineFlags
		OK              bool
		Expect          string
		ElementString   string
		HRI             []string
		AIValid         *bool
	}
	all := slices.Concat(
		rows[row](t, "digital-link/build-engine.jsonl"),
		rows[row](t, "digital-link/build-generated.jsonl"))
	for _, r := range all {
		o := r.Flags.options()
		es, err := o.ParseBracketed(r.Input)
		if err == nil && r.AIValid != nil {
			if err := es.Check(); (err == nil) != *r.AIValid {
				t.Errorf("%s: %q: Check = %v, want valid=%v", r.ID, r.Input, err, *r.AIValid)
			}
		}
		var k Key
		if err == nil {
			k, err = o.NewKey(es...)
		}
		if !verdict(t, r.ID, r.Input, r.OK, err) {
			continue
		}
		if got := k.Link(r.Stem); got != r.Expect {
			t.Errorf("%s: %q → %q, want %q", r.ID, r.Input, got, r.Expect)
		}
		if r.ElementString == "" {
			continue
		}
		if got := es.ElementString(); got != r.ElementString {
			t.Errorf("%s: %q → %q, want %q", r.ID, r.Input, got, r.ElementString)
		}
		if diff := cmp.Diff(r.HRI, es.HumanReadable()); diff != "" {
			t.Errorf("%s: %q (-want +got)\n%s", r.ID, r.Input, diff)
		}
		back, err := ParseElementString(r.ElementString)
		if diff := cmp.Diff(es, back); err != nil || diff != "" {
			t.Errorf("%s: %q read back: %v\n%s", r.ID, r.ElementString, err, diff)
		}
		again, err := o.ParseLink(r.Expect)
		if err != nil || again.Link(r.Stem) != r.Expect {
			t.Errorf("%s: %q read back: %v, %q", r.ID, r.Expect, err, again.Link(r.Stem))
		}
	}
}

func TestPathSequences(t *testing.T) {
	type row struct {
		ID    string
		Input []string
		OK    bool
	}
	for _, r := range rows[row](t, "digital-link/path-sequences.jsonl") {
		verdict(t, r.ID, strings.Join(r.Input, " "), r.OK, CheckPath(r.Input...))
	}
}

func TestEscapeRows(t *testing.T) {
	type row struct{ ID, Op, Input, ExpectPath, ExpectQuery string }
	for _, r := range rows[row](t, "digital-link/uri-escape.jsonl") {
		for query, want := range map[bool]string{false: r.ExpectPath, true: r.ExpectQuery} {
			got := Escape(r.Input, query)
			if r.Op == "unescape" {
				raw, _ := Unescape(r.Input, query)
				got = latin1(raw) // the rows write bytes as U+00XX
			}
			if got != want {
				t.Errorf("%s: %s %q (query %v) = %q, want %q", r.ID, r.Op, r.Input, query, got, want)
			}
		}
	}
}

func latin1(s string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteRune(rune(s[i]))
	}
	return b.String()
}
