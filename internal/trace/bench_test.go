package trace_test

import (
	"fmt"
	"testing"

	"truynguon/internal/trace"
)

// BenchmarkProvenance is what a scan costs the domain: a lot with a certificate, five events and a photo,
// each time another of a thousand.
func BenchmarkProvenance(b *testing.B) {
	w := newWorld(b)
	w.certified(b, "attp", "2026-01-01", "2028-12-31")
	codes := make([]string, 1000)
	for i := range codes {
		codes[i] = w.registered(b, fmt.Sprintf("L-%d", i), true).Doc.Code
		for _, step := range []string{"receiving", "packing", "storing"} {
			must(w.RecordEvent(b.Context(), w.staff, trace.EventDraft{Batch: codes[i], Step: step, Date: "2026-11-10"}))
		}
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if p := must(w.Provenance(b.Context(), codes[i%len(codes)])); p.Verdict != trace.InOrder {
			b.Fatalf("verdict %s", p.Verdict)
		}
		i++
	}
}

// BenchmarkRegisterBatch is what a registration costs without a disk.
func BenchmarkRegisterBatch(b *testing.B) {
	w := newWorld(b)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		w.registered(b, fmt.Sprintf("L-%d", i), false)
		i++
	}
}
