package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// A store is a map with revisions. Long walks through its methods find what single steps do not:
// what a replace, a delete and an insert leave behind for each other.
func testModel(t *testing.T, db store.DB) {
	const steps = 400
	rng := rand.New(rand.NewPCG(1, 2)) // the same walk each time, so that a failure can be repeated
	pick := func(prefix string, n int) string { return fmt.Sprint(prefix, rng.IntN(n)) }
	model := map[string]store.Record{}
	for step := range steps {
		key := pick("k", 12)
		was, exists := model[key]
		r := rec(key, pick("s", 4), fmt.Sprintf(`{"step":%d}`, step), pick("t", 5), pick("t", 5), pick("t", 5))
		r.Rev = was.Rev - int64(rng.IntN(4)/3) // sometimes stale
		want := error(nil)
		if exists && r.Rev != was.Rev {
			want = fault.Stale
		}
		if !exists {
			want = fault.NotFound
		}
		var err error
		switch rng.IntN(4) {
		case 0:
			if err = db.Delete(t.Context(), kind, key, r.Rev); want == nil {
				delete(model, key)
			}
		case 1, 2:
			if err = db.Replace(t.Context(), kind, r); want == nil {
				r.Rev++
				model[key] = r
			}
		default:
			if want = nil; exists {
				want = fault.Exists
			}
			if err = db.Insert(t.Context(), kind, r); want == nil {
				r.Rev = 1
				model[key] = r
			}
		}
		if want == nil {
			must(t, err)
		} else {
			is(t, err, want)
		}
		if step%4 != 0 {
			continue
		}
		q := store.Query{Term: pick("t", 6), Desc: rng.IntN(2) == 0, Limit: 1 + rng.IntN(20)}
		if rng.IntN(2) == 0 {
			q.From, q.To = pick("s", 4), pick("s", 5)
		}
		if rng.IntN(3) == 0 {
			q.Term = ""
		} else if rng.IntN(2) == 0 {
			q.Any, q.Term = []string{q.Term, pick("t", 6), pick("t", 6)}, ""
		}
		var expected []store.Record
		for _, r := range model {
			r.Terms = store.TermSet(r.Terms)
			asked := q.Any == nil && q.Term == "" || slices.Contains(r.Terms, q.Term) ||
				slices.ContainsFunc(q.Any, func(term string) bool { return slices.Contains(r.Terms, term) })
			if asked && r.Sort >= q.From && (q.To == "" || r.Sort < q.To) {
				expected = append(expected, r)
			}
		}
		slices.SortFunc(expected, func(a, b store.Record) int {
			c := strings.Compare(a.Sort+"\x00"+a.Key, b.Sort+"\x00"+b.Key)
			if q.Desc {
				return -c
			}
			return c
		})
		var got []store.Record
		for at := q; ; {
			page := find(t, db, at)
			got = append(got, page.Records...)
			if at.After = page.Next; page.Next == "" {
				break
			}
		}
		same(t, expected, got)
		same(t, expected, get(t, db, keys(expected)...))
		if t.Failed() {
			t.Fatalf("after step %d, at %+v", step, q)
		}
	}
}
