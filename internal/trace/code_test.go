package trace_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"truynguon/internal/trace"
)

const alphabet = "346789ACDEFHJKMNPQRTVWX"

func code(t *rapid.T) string {
	_ = rapid.Bool().Draw(t, "fresh") // a code is random by itself
	return trace.NewCode()
}

// Every code reads back, also as a person writes it.
func TestCodeReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := code(t)
		for _, as := range []string{c, strings.ToLower(c), trace.SpellCode(c), " " + strings.ToLower(trace.SpellCode(c)) + " ", strings.ReplaceAll(c, "8", "B")} {
			if got, ok := trace.ParseCode(as); !ok || got != c {
				t.Fatalf("%q reads back as %q, %v", as, got, ok)
			}
		}
	})
}

// A slip is found: one character wrong, or two that changed places.
func TestCodeFindsSlips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := []byte(code(t))
		i := rapid.IntRange(0, len(c)-1).Draw(t, "i")
		j := rapid.IntRange(0, len(c)-1).Draw(t, "j")
		wrong := []byte(string(c))
		wrong[i] = alphabet[rapid.IntRange(0, len(alphabet)-1).Draw(t, "letter")]
		if _, ok := trace.ParseCode(string(wrong)); ok && string(wrong) != string(c) {
			t.Fatalf("%s passes for %s", wrong, c)
		}
		swapped := []byte(string(c))
		swapped[i], swapped[j] = swapped[j], swapped[i]
		if _, ok := trace.ParseCode(string(swapped)); ok && string(swapped) != string(c) {
			t.Fatalf("%s passes for %s", swapped, c)
		}
	})
}

func TestParseCodeRefuses(t *testing.T) {
	for _, s := range []string{"", "A", strings.Repeat("A", 13), "0000-0000-0000", "<script>alert", strings.Repeat("7", 10_000), "Đ46789ACDEFH"} {
		if got, ok := trace.ParseCode(s); ok {
			t.Errorf("%.20q reads as %q", s, got)
		}
	}
}

func FuzzParseCode(f *testing.F) {
	f.Add("7K4M-9XQA-3HTF")
	f.Add("b\u00a0g")
	f.Fuzz(func(t *testing.T, s string) {
		c, ok := trace.ParseCode(s)
		if !ok {
			return
		}
		if again, ok := trace.ParseCode(c); !ok || again != c {
			t.Errorf("%q reads as %q, which reads as %q", s, c, again)
		}
	})
}

func TestLookupPath(t *testing.T) {
	c := trace.NewCode()
	for _, test := range []struct{ in, want string }{
		{strings.ToLower(trace.SpellCode(c)), "/l/" + c},
		{"https://id.example.vn/l/" + c, "/l/" + c},
		{"HTTPS://ID.EXAMPLE.VN/l/" + c, "/l/" + c},
		{"https://id.example.vn/01/09524001000025/10/L-1", "/01/09524001000025/10/L-1"},
		{"https://other.example/x/01/09524001000025/10/L-1/21/7?17=271110", "/01/09524001000025/10/L-1/21/7"},
		{"(01)09524001000025(10)L-1", "/01/09524001000025/10/L-1"},
		{"(01)09524001000025(10)L-1(414)9524001000018(254)NH1", "/01/09524001000025/10/L-1"},
		{"]d20109524001000025" + "10L-1", "/01/09524001000025/10/L-1"},
		{"9524001000025", "/01/09524001000025"},
		{" 9524 0010 00025 ", "/01/09524001000025"},
		{"9524001000026", ""},
		{"cà phê", ""},
		{"javascript:alert(1)", ""},
		{"", ""},
	} {
		got, ok := trace.LookupPath(test.in)
		if got != test.want || ok != (test.want != "") {
			t.Errorf("LookupPath(%q) = %q, %v; want %q", test.in, got, ok, test.want)
		}
	}
}

func TestAmount(t *testing.T) {
	for in, want := range map[string]string{"0": "0", "1250.5": "1250.5", "0.001": "0.001", "1.500": "1.5", "1000000000": "1000000000"} {
		if a, ok := trace.ParseAmount(in); !ok || a.String() != want {
			t.Errorf("%q reads as %q, %v", in, a, ok)
		}
	}
	for _, in := range []string{"", ".", "1.", ".5", "1.2345", "-1", "1e3", "1,5", "1000000000001", "NaN", "１"} {
		if a, ok := trace.ParseAmount(in); ok {
			t.Errorf("%q reads as %q", in, a)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a := trace.Amount(rapid.Int64Range(0, 1e12).Draw(t, "thousandths"))
		if back, ok := trace.ParseAmount(a.String()); !ok || back != a {
			t.Fatalf("%d is written %q and reads as %d, %v", a, a, back, ok)
		}
	})
}
