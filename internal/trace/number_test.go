package trace_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"truynguon/internal/trace"
)

func TestFoldNumber(t *testing.T) {
	for _, same := range [][]string{
		{"12/2022/NNPTNT-ĐL", "12/2022/nnptnt-đl", " 12 / 2022 / NNPTNT – DL ", "12/2022/NNPTNT—ĐL", "l2/2O22/NNPTNT‑ĐL", "12⁄2022⁄NNPTNT−ÐL", "１２/２０２２/ＮＮＰＴＮＴ－ＤＬ",
			"\u200b12/2022/NNPTNT-ĐL", "12\\2022\\NNPTNT-DL", "“12/2022/NNPTNT-ĐL”", "12/2022/ΝΝРТΝТ-ÐL"},
		{"VietGAP-TT-13-09-68-0096", "VIETGAP-TT-13-09-68-OO96", "vietgap–tt–13–09–68–0096", "VìétGẠP-TT-13-09-68-0096"},
		{"287/QĐ-UBND", "287/QD-UBND", "287/qđ-ubnd"},
		{"4049929999992", "4049 9299 9999 2", "4049929999992\u00a0"},
		{"KN-MAU-1058", "KN-MẪU-1058", "КN-MAU-1058", "KN-MAU-I058", "KN-MAU-l058", "KN-MAU-|058"},
		{"", " ", "\u200b", "\xff"},
	} {
		for _, s := range same {
			if got, want := trace.FoldNumber(s), trace.FoldNumber(same[0]); got != want {
				t.Errorf("%q folds to %q, %q to %q", s, got, same[0], want)
			}
		}
	}
	seen := map[string]string{}
	for _, s := range []string{"12/2022", "122022", "12-2022", "12/2023", "1/22022", "A12/2022"} {
		fold := trace.FoldNumber(s)
		if other := seen[fold]; other != "" {
			t.Errorf("%q and %q fold alike", s, other)
		}
		seen[fold] = s
	}
}

func FuzzFoldNumber(f *testing.F) {
	f.Add("12/2022/NNPTNT-ĐL")
	f.Add("ǆ ŉ ΐ İ ﬃ ₂ 　")
	f.Add(strings.Repeat("ặ", 300))
	f.Fuzz(func(t *testing.T, s string) {
		once := trace.FoldNumber(s)
		if twice := trace.FoldNumber(once); twice != once {
			t.Errorf("%q folds to %q and that to %q", s, once, twice)
		}
		if len(once) > 210 || !utf8.ValidString(once) || strings.ContainsAny(once, " \x00\n") {
			t.Errorf("%q folds to %q", s, once)
		}
	})
}
