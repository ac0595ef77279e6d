package trace_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"truynguon/internal/trace"
)

// What differs by one slip from a number on record is shown beside it; what differs by more is not.
func TestNearNumbers(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	id := certificateOf("submit")(t, w)
	number := must(w.Certificate(ctx, w.admin, id)).Doc.Number
	d := numbered("12/2024/ABCD")
	real := must(w.FileCertificate(ctx, w.staff, d)).Doc
	if got := must(w.NearNumbers(ctx, w.official, []string{trace.FoldNumber("13/2024/ABCD")})); len(got) != 0 {
		t.Errorf("a draft is told of: %v", got)
	}
	must(w.DecideCertificate(ctx, w.staff, real.ID, "submit", trace.DecisionDraft{}))
	want := []trace.NearNumber{{ID: real.ID, Number: "12/2024/ABCD", Organisation: "htx-a"}}
	for text, near := range map[string]bool{
		"13/2024/ABCD": true, "12/2024/ABCDE": false, "1/2024/ABCD": true, "122/2024/ABCD": true, "21/2024/ABCD": true, "12/2042/ABCD": true,
		"12/2024/ABDC": true, "12/2024/ABCX": false, "13/2025/ABCD": false, "12/2024/ABCD": false, "#0123456789ab": false, "/l/ABC": false, "": false,
	} {
		fold := trace.FoldNumber(text)
		var expect []trace.NearNumber
		if near {
			expect = want
		}
		if diff := cmp.Diff(expect, must(w.NearNumbers(ctx, w.official, []string{fold}))[fold]); diff != "" {
			t.Errorf("%q, beside %q (-want +got):\n%s", text, number, diff)
		}
	}
}
