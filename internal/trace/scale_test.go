package trace_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

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
