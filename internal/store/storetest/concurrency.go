package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// parallel runs f n times at once and returns what each returned.
func parallel(n int, f func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = f(i)
		})
	}
	close(start)
	wg.Wait()
	return errs
}

// Two people with the same lot number, or one who clicked twice: exactly one wins, the others are
// told so, whatever a server says when inserts collide.
func testDuplicateInserts(t *testing.T, db store.DB) {
	for round := range 5 { // in the first, the kind itself is new
		key := fmt.Sprint("k", round)
		errs := parallel(20, func(i int) error {
			return db.Insert(t.Context(), kind, rec(key, "s", fmt.Sprintf(`{"i":%d}`, i), "x"))
		})
		winner := -1
		for i, err := range errs {
			switch {
			case err == nil && winner >= 0:
				t.Errorf("%d and %d both won", winner, i)
			case err == nil:
				winner = i
			default:
				is(t, err, fault.Exists)
			}
		}
		same(t, []store.Record{rec(key, "s", fmt.Sprintf(`{"i":%d}`, winner), "x")}, get(t, db, key))
	}
	found(t, db, store.Query{Term: "x"}, "k0", "k1", "k2", "k3", "k4")
}

// counter is the value of the contest.
type counter struct {
	N    int
	Seen []int
}

var counters = store.Table[counter]{
	Kind:  "counter",
	Key:   func(*counter) string { return "the one" },
	Terms: func(c *counter) []string { return []string{fmt.Sprint("n=", c.N)} },
}

// Twenty at once change one record through Table.Update: nothing is lost, and nobody gives up.
func testContest(t *testing.T, db store.DB) {
	must(t, counters.Insert(t.Context(), db, &counter{}))
	const writers, each = 20, 3
	for i, err := range parallel(writers, func(i int) error {
		for j := range each {
			if _, err := counters.Update(t.Context(), db, "the one", func(c *counter) error {
				c.N++
				c.Seen = append(c.Seen, i*each+j)
				return nil
			}); err != nil {
				return err
			}
		}
		return nil
	}) {
		if err != nil {
			t.Errorf("writer %d: %v", i, err)
		}
	}
	row, err := counters.Get(t.Context(), db, "the one")
	must(t, err)
	slices.Sort(row.Value.Seen)
	if row.Rev != writers*each+1 || row.Value.N != writers*each || len(slices.Compact(row.Value.Seen)) != writers*each {
		t.Errorf("%d updates left %+v", writers*each, row)
	}
	rows, _, err := counters.Find(t.Context(), db, store.Query{Term: fmt.Sprint("n=", writers*each)})
	must(t, err)
	all, _, err := counters.Find(t.Context(), db, store.Query{})
	must(t, err)
	if len(rows) != 1 || len(all) != 1 {
		t.Errorf("terms find %d and %d records, want 1 and 1", len(rows), len(all))
	}
}

// Of those who replace, or delete, the same revision at the same time, one wins.
func testCompetingReplaces(t *testing.T, db store.DB) {
	must(t, db.Insert(t.Context(), kind, rec("k", "s", `{}`)))
	for rev := int64(1); rev <= 5; rev++ {
		won := 0
		for _, err := range parallel(8, func(i int) error {
			r := rec("k", "s", fmt.Sprintf(`{"i":%d}`, i), fmt.Sprint("t", i))
			r.Rev = rev
			return db.Replace(t.Context(), kind, r)
		}) {
			if err == nil {
				won++
			} else {
				is(t, err, fault.Stale)
			}
		}
		if won != 1 {
			t.Fatalf("%d replaced revision %d, want 1", won, rev)
		}
		r := get(t, db, "k")[0]
		same(t, []store.Record{r}, find(t, db, store.Query{Term: r.Terms[0]}).Records)
	}
	won := 0
	for _, err := range parallel(8, func(int) error { return db.Delete(t.Context(), kind, "k", 6) }) {
		if err == nil {
			won++
		} else {
			is(t, err, fault.NotFound)
		}
	}
	if won != 1 {
		t.Errorf("%d deleted the record, want 1", won)
	}
}

// An export pages through everything while people work: what does not change is seen exactly once,
// wherever others are inserted and deleted, and no page holds half a write.
func testPagingAmongWrites(t *testing.T, db store.DB) {
	var want []string
	for i := range 60 {
		key := fmt.Sprintf("k%02d", i)
		want = append(want, key)
		must(t, db.Insert(t.Context(), kind, rec(key, "s", `{"n":0}`, "x")))
	}
	ctx, stop := context.WithCancel(t.Context())
	var writer sync.WaitGroup
	writer.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			key := fmt.Sprintf("k%02d+", i*7%60)
			if err := db.Insert(ctx, kind, rec(key, "s", `{"n":1}`, "x", "new")); err != nil && ctx.Err() == nil {
				t.Error(err)
			}
			if err := db.Delete(ctx, kind, key, 1); err != nil && ctx.Err() == nil {
				t.Error(err)
			}
		}
	})
	for round := range 10 {
		q := store.Query{Term: "x", Limit: 7, Desc: round%2 == 1}
		var got []string
		for {
			page := find(t, db, q)
			for _, r := range page.Records {
				var body struct{ N int }
				must(t, json.Unmarshal(r.Body, &body))
				if body.N != len(r.Terms)-1 {
					t.Fatalf("half a write: %+v", r)
				}
				if len(r.Key) == 3 {
					got = append(got, r.Key)
				}
			}
			if page.Next == "" {
				break
			}
			q.After = page.Next
		}
		if q.Desc {
			slices.Reverse(got)
		}
		if !slices.Equal(got, want) {
			t.Errorf("round %d saw %v", round, got)
		}
	}
	stop()
	writer.Wait()
}

// A visitor who left must not keep the database busy, and whoever asks must be able to tell that
// from a database that is down.
func testCancelled(t *testing.T, db store.DB) {
	must(t, db.Insert(t.Context(), kind, rec("k", "s", `{"a":1}`)))
	ctx := cancelled(t)
	_, err := db.Get(ctx, kind, "k")
	is(t, err, context.Canceled)
	_, err = db.Get(ctx, kind, "k", "l")
	is(t, err, context.Canceled)
	_, err = db.Find(ctx, kind, store.Query{})
	is(t, err, context.Canceled)
	is(t, db.Insert(ctx, kind, rec("new", "s", `{}`)), context.Canceled)
	is(t, db.Replace(ctx, kind, rec("k", "s", `{"a":2}`)), context.Canceled)
	is(t, db.Delete(ctx, kind, "k", 1), context.Canceled)
	err = db.Ping(ctx)
	is(t, err, context.Canceled)
	if errors.Is(err, fault.Unavailable) {
		t.Errorf("%v blames the database", err)
	}
	// One that was over before it began has done nothing.
	same(t, []store.Record{rec("k", "s", `{"a":1}`)}, get(t, db, "k", "new"))
}

// Readiness asks each few seconds.
func testPing(t *testing.T, db store.DB) {
	for range 3 {
		must(t, db.Ping(t.Context()))
	}
}

// At shutdown requests are still under way; they must fail as those of a database that is away do.
func testClosed(t *testing.T, db store.DB) {
	must(t, db.Insert(t.Context(), kind, rec("k", "s", `{}`)))
	must(t, db.Close())
	must(t, db.Close())
	_, err := db.Get(t.Context(), kind, "k")
	is(t, err, fault.Unavailable)
	_, err = db.Find(t.Context(), kind, store.Query{})
	is(t, err, fault.Unavailable)
	is(t, db.Insert(t.Context(), kind, rec("l", "s", `{}`)), fault.Unavailable)
	is(t, db.Replace(t.Context(), kind, rec("k", "s", `{}`)), fault.Unavailable)
	is(t, db.Delete(t.Context(), kind, "k", 1), fault.Unavailable)
	is(t, db.Ping(t.Context()), fault.Unavailable)
}
