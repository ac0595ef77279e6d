package trace_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"truynguon/internal/store"
	"truynguon/internal/store/sqlite"
	"truynguon/internal/trace"
)

// BenchmarkVerifyAtScale checks one certificate among a thousand and among a hundred thousand: the answer
// must come as fast.
func BenchmarkVerifyAtScale(b *testing.B) {
	for _, n := range []int{1_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			w := newWorld(b)
			db, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "t.db"))
			must0(b, err)
			defer db.Close()
			fillWith(b, w, db, n)
			w.DB = db
			for i := 0; b.Loop(); i++ {
				number := fmt.Sprintf("%06d/2026/MAU", i%n)
				if a := must(w.Verify(b.Context(), []string{number})); a[0].Kind != trace.AnswerCertificate || len(a[0].Certificates) != 1 {
					b.Fatalf("%s: %+v", number, a[0])
				}
			}
		})
	}
}

// fillWith copies the world into a database and adds n certificates that differ by number and id.
func fillWith(b *testing.B, w *world, db store.DB, n int) {
	b.Helper()
	ctx := b.Context()
	const number = "XXXXXX/2026/MAU"
	k := must(w.FileCertificate(ctx, w.staff, numbered(number))).Doc
	must(w.DecideCertificate(ctx, w.staff, k.ID, "submit", trace.DecisionDraft{}))
	must(w.DecideCertificate(ctx, w.official, k.ID, "verify", trace.DecisionDraft{Method: "original_seen"}))
	for _, kind := range []string{"unit", "organisation", "place", "product", "document"} {
		for _, r := range must(w.DB.Find(ctx, kind, store.Query{Limit: 1000})).Records {
			must0(b, db.Insert(ctx, kind, r))
		}
	}
	one := func(kind, key string) store.Record {
		b.Helper()
		rows := must(w.DB.Get(ctx, kind, key))
		if len(rows) != 1 {
			b.Fatalf("%d records of %s %s", len(rows), kind, key)
		}
		return rows[0]
	}
	records := map[string]store.Record{"certificate": one("certificate", k.ID), "lookup": one("lookup", "number/"+trace.FoldNumber(number)), "expiry": one("expiry", k.ID)}
	for i := range n {
		id, digits := fmt.Sprintf("c%019d", i), fmt.Sprintf("%06d", i)
		for kind, r := range records {
			r.Rev = 1
			r.Key = strings.ReplaceAll(strings.ReplaceAll(r.Key, k.ID, id), "XXXXXX", digits)
			r.Body = bytes.ReplaceAll(bytes.ReplaceAll(r.Body, []byte(k.ID), []byte(id)), []byte("XXXXXX"), []byte(digits))
			must0(b, db.Insert(ctx, kind, r))
		}
	}
}

// BenchmarkCoverage asks for the figure of two years among many lots, once their books are made. How many is
// TRUYNGUON_BENCH_LOTS, 20,000 if that is not set.
func BenchmarkCoverage(b *testing.B) {
	n := 20_000
	if text := os.Getenv("TRUYNGUON_BENCH_LOTS"); text != "" {
		n = must(strconv.Atoi(text))
	}
	w := newWorld(b)
	ctx := b.Context()
	w.certified(b, "attp", "2023-01-01", "2028-12-31")
	goods := []string{w.coffee}
	for i := range 239 {
		goods = append(goods, must(w.RegisterProduct(ctx, w.staff, trace.ProductDraft{Name: fmt.Sprintf("Sản phẩm %d", i), UOM: "KGM"})).Doc.ID)
	}
	lot := w.registered(b, "L-1", true)
	must0(b, w.Multiply(ctx, lot, goods, 730, n))
	began := time.Now()
	for made := 1; made > 0; {
		made = must(w.RefreshCoverage(ctx))
		w.now = w.now.Add(time.Hour) // marks that wait until what set them must have been written
	}
	b.Logf("the books of %d lots were made twice in %v", n, time.Since(began).Round(time.Millisecond))
	for b.Loop() {
		r := must(w.Coverage(ctx, trace.CoverageQuestion{From: "2024-01-01", To: "2026-12-31"}))
		if r.Lots != n+1 {
			b.Fatalf("%d lots are counted, want %d", r.Lots, n+1)
		}
	}
}
