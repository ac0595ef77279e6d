package web

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Officials see what was asked in vain, how often, and what it is near to; a program is told the same.
func TestUnmatchedNumbers(t *testing.T) {
	w := newVerified(t)
	for range 3 {
		w.browse("nobody", "GET", "/verify?q=13/2025/MAU", nil).want(200)
	}
	w.browse("nobody", "GET", "/verify?q=77/2026/GIA", nil).want(200)
	w.browse("nobody", "GET", "/verify?q=Nguyen+Van+Kin", nil).want(200)
	w.must(w.Ledger.FlushUnmatched(context.Background()))
	page := w.browse("official", "GET", "/work/unmatched", nil).want(200)
	checkPage(t, "unmatched", page.Body)
	text := words(page.page().Find("main"))
	for _, want := range []string{"13/2025/MAU 3 lần", "Gần giống giấy số 13/2024/MAU", "77/2026/G1A 1 lần", "Có thể là thông tin cá nhân", "24/11/2026"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
	if strings.Contains(text, "Kin") || strings.Contains(text, "KIN") {
		t.Error("a person's name is shown")
	}
	if got := words(w.browse("official", "GET", "/work/unmatched?from=2026-01-01&to=2026-11-23", nil).want(200).page().Find("main")); !strings.Contains(got, "không có số nào") {
		t.Errorf("before anything was asked: %s", got)
	}
	if got := words(w.browse("official", "GET", "/work/unmatched?from=31/2/2026", nil).want(422).page().Find("main")); !strings.Contains(got, "31/2/2026") {
		t.Errorf("a day that is none: %s", got)
	}
	var list struct{ Items []map[string]any }
	a := w.api("official", "GET", "/api/v1/unmatched?limit=1&from=2026-11-24", nil).want(200)
	w.must(json.Unmarshal(a.Body, &list))
	delete(list.Items[0]["near"].([]any)[0].(map[string]any), "id")
	if diff := cmp.Diff([]map[string]any{{
		"text": "13/2025/MAU", "count": 3.0, "days": 1.0, "first": "2026-11-24", "last": "2026-11-24",
		"near": []any{map[string]any{"number": "13/2024/MAU", "organisation": orgA}},
	}}, list.Items); diff != "" {
		t.Error(diff)
	}
	w.api("official", "GET", "/api/v1/unmatched?from=x", nil).want(400)
	w.api("staff", "GET", "/api/v1/unmatched", nil).want(403)
	for key, n := range w.Words.Missed() {
		t.Errorf("%d times no message %q", n, key)
	}
}
