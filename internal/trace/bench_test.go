package trace_test

import (
	"fmt"
	"sync"
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

// BenchmarkVerify is what a buyer's check costs the domain, one by one and a thousand at once, among few and
// among many certificates: it must not depend on how many there are.
func BenchmarkVerify(b *testing.B) {
	for _, size := range []int{1_000, 100_000} {
		if size > 1_000 && testing.Short() {
			continue
		}
		w := newWorld(b)
		w.certified(b, "attp", "2026-01-01", "2028-12-31", trace.SubjectDraft{Product: w.coffee})
		w.certified(b, "vietgap", "2026-01-01", "2026-12-31", trace.SubjectDraft{Product: w.coffee, Yield: trace.QuantityDraft{Value: "900", UOM: "TNE"}})
		number := func(i int) string { return fmt.Sprintf("%06d/2026/MAU", i) }
		goods := make([]string, max(1, size/500)) // nobody has a hundred thousand certificates for one product
		for i := range goods {
			goods[i] = must(w.RegisterProduct(b.Context(), w.neighbour, trace.ProductDraft{Name: fmt.Sprint("P", i), UOM: "KGM"})).Doc.ID
		}
		var wg sync.WaitGroup
		for part := range 16 {
			wg.Go(func() {
				for i := part; i < size; i += 16 {
					d := numbered(number(i))
					d.Subjects = []trace.SubjectDraft{{Product: goods[i%len(goods)]}}
					c := must(w.FileCertificate(b.Context(), w.neighbour, d))
					must(w.DecideCertificate(b.Context(), w.neighbour, c.Doc.ID, "submit", trace.DecisionDraft{}))
				}
			})
		}
		wg.Wait()
		var codes []string
		for i := range 500 {
			codes = append(codes, w.registered(b, fmt.Sprintf("L-%d", i), true).Doc.Code)
		}
		i := 0
		b.Run(fmt.Sprintf("number/certificates=%d", size), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				i = (i + 7919) % size
				if a := must(w.Verify(b.Context(), []string{number(i)})); !a[0].Found() {
					b.Fatal(number(i))
				}
			}
		})
		b.Run(fmt.Sprintf("lot/certificates=%d", size), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				i = (i + 7919) % size
				if a := must(w.Verify(b.Context(), codes[i%500:i%500+1])); a[0].Lot == nil {
					b.Fatal("no lot")
				}
			}
		})
		b.Run(fmt.Sprintf("bulk of 500 numbers and 500 lots/certificates=%d", size), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				queries := append([]string{}, codes...)
				for range 500 {
					i = (i + 7919) % size
					queries = append(queries, number(i))
				}
				must(w.Verify(b.Context(), queries))
			}
		})
	}
}

// BenchmarkCheck is the checks alone, without the database.
func BenchmarkCheck(b *testing.B) {
	x := sound()
	b.ReportAllocs()
	for b.Loop() {
		x.check()
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
