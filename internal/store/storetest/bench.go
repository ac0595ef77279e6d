package storetest

import (
	"fmt"
	"sync/atomic"
	"testing"

	"truynguon/internal/store"
)

// benchBody is about as large as a batch is.
const benchBody = `{"id":"0","organisation":"htx-ea-tu","product":"ca-phe-robusta","lot":"L2411-07","places":["p1","p2"],` +
	`"harvestDate":"2026-03-10","packagingDate":"2026-04-02","quantity":{"value":1250.5,"uom":"KGM"},"state":"released",` +
	`"traceabilityCode":"VN-66-0001","note":"Cà phê nhân xô, phơi trên giàn, độ ẩm 12 %","evidence":[{"sha256":` +
	`"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","size":183220,"mediaType":"image/jpeg"}]}`

// Benchmark measures a database with n records of two terms each, one of them on a tenth of the
// records: Get, Find of a page of 50 from the middle, and Insert, alone and by sixteen at once.
func Benchmark(b *testing.B, n int, open func(b *testing.B) store.DB) {
	db := open(b)
	var next atomic.Int64
	insert := func() error {
		i := next.Add(1)
		return db.Insert(b.Context(), kind, benchRecord(i))
	}
	// Many at once, so that filling takes no longer than it must.
	for _, err := range parallel(64, func(int) error {
		for next.Load() < int64(n) {
			if err := insert(); err != nil {
				return err
			}
		}
		return nil
	}) {
		must(b, err)
	}
	b.Run("Get", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if got := get(b, db, benchRecord(int64(i%n+1)).Key); len(got) != 1 {
				b.Fatal("missing")
			}
		}
	})
	b.Run("Get50", func(b *testing.B) {
		var list []string
		for i := range 50 {
			list = append(list, benchRecord(int64(i*n/50+1)).Key)
		}
		for b.Loop() {
			if got := get(b, db, list...); len(got) != 50 {
				b.Fatal("missing")
			}
		}
	})
	middle := benchRecord(int64(n / 2)).Sort
	b.Run("Find50", func(b *testing.B) {
		for b.Loop() {
			if got := find(b, db, store.Query{Term: "district=3", From: middle}).Records; len(got) != 50 {
				b.Fatal("not a page")
			}
		}
	})
	b.Run("Find50Parallel", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if got := find(b, db, store.Query{Term: "district=3", To: middle, Desc: true}).Records; len(got) != 50 {
					b.Error("not a page")
				}
			}
		})
	})
	b.Run("Insert", func(b *testing.B) {
		for b.Loop() {
			must(b, insert())
		}
	})
	b.Run("InsertParallel", func(b *testing.B) {
		b.SetParallelism(16)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := insert(); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

// benchRecord makes the i-th record. Keys are spread out as hashes are, times follow each other.
func benchRecord(i int64) store.Record {
	spread := uint64(i) * 0x9e3779b97f4a7c15
	return rec(fmt.Sprintf("%016x", spread), fmt.Sprintf("2026-03-10T%09d", i), benchBody,
		fmt.Sprint("district=", i%10), fmt.Sprint("producer=", i%997))
}
