package trace_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"truynguon/internal/trace"
)

// volumeOf is what a lot's page says about the volume under a VietGAP certificate.
func (w *world) volumeOf(t testing.TB, code string) string {
	t.Helper()
	for _, c := range must(w.Provenance(t.Context(), code)).Certificates {
		if c.Scheme.ID == "vietgap" {
			l := c.Checks.Of(trace.CheckVolume)
			return fmt.Sprint(l.Result, " ", l.Reason, " ", l.Args)
		}
	}
	return "no certificate"
}

func TestVolume(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.certified(t, "vietgap", "2026-01-01", "2027-12-31", trace.SubjectDraft{
		Product: w.coffee, Place: w.plot, Season: "Cả năm", Yield: trace.QuantityDraft{Value: "361.5", UOM: "KGM"}})
	const year = " 361.5 2026-01-01 2026-12-31 "
	first := w.registered(t, "L-1", false).Doc.Code
	for _, step := range []struct {
		name string
		do   func()
		want string
	}{
		{"a draft, as if it were released", func() {}, "passed within [120.5" + year + "1 kg]"},
		{"released", func() { must(w.ReleaseBatch(ctx, w.staff, first, "")) }, "passed within [120.5" + year + "1 kg]"},
		{"released again", func() { must(w.ReleaseBatch(ctx, w.staff, first, "")) }, "passed within [120.5" + year + "1 kg]"},
		{"held and cleared", func() {
			must(w.HoldBatch(ctx, w.staff, first, "vì"))
			must(w.ReleaseBatch(ctx, w.staff, first, "xong"))
		}, "passed within [120.5" + year + "1 kg]"},
		{"exactly the yield", func() { w.registered(t, "L-2", true); w.registered(t, "L-3", true) }, "passed within [361.5" + year + "3 kg]"},
		{"a draft of another lot", func() { w.registered(t, "L-4", false) }, "passed within [361.5" + year + "3 kg]"},
		{"one too many", func() { w.registered(t, "L-5", true) }, "failed exceeds [482" + year + "4 kg]"},
		{"which is recalled and still was sold", func() {
			must(w.OpenRecall(ctx, w.manager, trace.RecallDraft{Kind: "voluntary", Reason: "vì", Batches: []string{first}}))
		}, "failed exceeds [482" + year + "4 kg]"},
		{"counted anew", func() { must0(t, w.RecountVolume(ctx, w.admin, w.coffee)) }, "failed exceeds [482" + year + "4 kg]"},
	} {
		step.do()
		if got := w.volumeOf(t, first); got != step.want {
			t.Errorf("%s: %s, want %s", step.name, got, step.want)
		}
	}
	// A lot that was never sold makes room again.
	b := must(w.BatchByLink(ctx, linkOf(t, "/01/09524001000025/10/L-5")))
	must(w.VoidBatch(ctx, w.manager, b.Doc.Code, "không bán"))
	must(w.VoidBatch(ctx, w.manager, b.Doc.Code, "không bán"))
	if got, want := w.volumeOf(t, first), "passed within [361.5"+year+"3 kg]"; got != want {
		t.Errorf("after one was withdrawn: %s, want %s", got, want)
	}
}

// Many people releasing at once, some of them twice, count each lot once.
func TestVolumeCountsOnce(t *testing.T) {
	w := newWorld(t)
	w.certified(t, "vietgap", "2026-01-01", "2026-12-31", trace.SubjectDraft{
		Product: w.coffee, Yield: trace.QuantityDraft{Value: "1", UOM: "TNE"}})
	var codes []string
	for i := range 12 {
		codes = append(codes, w.registered(t, fmt.Sprintf("L-%d", i), false).Doc.Code)
	}
	errs := make([]error, 3*len(codes))
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			_, errs[i] = w.ReleaseBatch(context.WithoutCancel(t.Context()), w.staff, codes[i%len(codes)], "")
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
	want := "failed exceeds [1446 1000 2026-01-01 2026-12-31 12 kg]"
	if diff := cmp.Diff(want, w.volumeOf(t, codes[0])); diff != "" {
		t.Error(diff)
	}
}
