package trace_test

import (
	"testing"

	"truynguon/internal/store"
	"truynguon/internal/trace"
)

// TestMigrate takes the terms from records, as those of an older version lack the ones that came since, and
// has them found again.
func TestMigrate(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	code := w.registered(t, "L-1", true).Doc.Code
	must(w.RefreshCoverage(ctx))
	for _, kind := range []string{"batch", "certificate", "coverage", "coverage_mark", "volume", "volume_leaf"} {
		for _, r := range must(w.DB.Find(ctx, kind, store.Query{Limit: 1000})).Records {
			if kind == "batch" {
				r.Terms = nil
				must0(t, w.DB.Replace(ctx, kind, r))
			} else {
				must0(t, w.DB.Delete(ctx, kind, r.Key, r.Rev))
			}
		}
	}
	if lots, _, _ := w.Batches(ctx, w.official, trace.BatchFilter{}, "", 10); len(lots) != 0 {
		t.Fatal("the lot is found without terms")
	}
	written := 0
	must0(t, w.Migrate(ctx, w.admin, func(_ string, _, n int) { written += n }))
	if written != 1 {
		t.Errorf("%d records written, want the lot alone", written)
	}
	if lots, _, err := w.Batches(ctx, w.official, trace.BatchFilter{}, "", 10); err != nil || len(lots) != 1 || lots[0].Doc.Code != code {
		t.Errorf("the official finds %d lots, %v", len(lots), err)
	}
	if r := w.covered(t, thisYear); r.Lots != 1 {
		t.Errorf("%d lots are counted, want 1", r.Lots)
	}
	written = 0
	must0(t, w.Migrate(ctx, w.admin, func(_ string, _, n int) { written += n }))
	if written != 0 {
		t.Errorf("a second time writes %d records", written)
	}
}
