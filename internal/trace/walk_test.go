package trace_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"truynguon/internal/trace"
)

// made writes a transformation as it is, of lots that need not exist.
func made(t testing.TB, l *trace.Ledger, id string, in, out []string) {
	t.Helper()
	tr := trace.Transformation{ID: id, Organisation: "htx-a", Kind: "process"}
	for _, code := range in {
		tr.Inputs = append(tr.Inputs, trace.LotPart{LotAmount: trace.LotAmount{Lot: code}})
	}
	for _, code := range out {
		tr.Outputs = append(tr.Outputs, trace.LotPart{LotAmount: trace.LotAmount{Lot: code}})
	}
	must0(t, l.PutTransformation(context.Background(), tr))
}

// reached are the lots of a graph but those asked for, in order.
func reached(g *trace.Graph) []string {
	out := []string{}
	for _, lot := range g.Lots {
		if lot.Depth > 0 {
			out = append(out, lot.Code)
		}
	}
	slices.Sort(out)
	return out
}

// Every lot is told once, at its least distance, whatever ways lead to it; and a circle, which only a
// damaged database can hold, ends.
func TestWalk(t *testing.T) {
	w := newWorld(t)
	made(t, w.Ledger, "t1", []string{"a", "b"}, []string{"c"})
	made(t, w.Ledger, "t2", []string{"c"}, []string{"d", "e"})
	made(t, w.Ledger, "t3", []string{"d", "e", "b"}, []string{"f"})
	made(t, w.Ledger, "t4", []string{"f"}, []string{"a"}) // a circle
	g := must(w.Walk(t.Context(), []string{"c", "nobody"}, trace.Down))
	type step struct {
		code  string
		depth int
	}
	var got []step
	for _, lot := range g.Lots {
		got = append(got, step{lot.Code, lot.Depth})
	}
	want := []step{{"c", 0}, {"nobody", 0}, {"d", 1}, {"e", 1}, {"f", 2}, {"a", 3}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(step{})); diff != "" {
		t.Errorf("down (-want +got):\n%s", diff)
	}
	var edges []string
	for _, e := range g.Edges {
		edges = append(edges, e.From+e.To+" "+e.Transformation)
	}
	slices.Sort(edges)
	// b is not in what came of c, so its part in f is not told.
	if diff := cmp.Diff([]string{"ac t1", "cd t2", "ce t2", "df t3", "ef t3", "fa t4"}, edges); diff != "" {
		t.Errorf("edges (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"a", "b", "c", "d", "e"}, reached(must(w.Walk(t.Context(), []string{"f"}, trace.Up)))); diff != "" {
		t.Errorf("up (-want +got):\n%s", diff)
	}
	if g := must(w.WalkUpTo(t.Context(), []string{"a"}, trace.Down, 3)); !g.Cut || len(g.Lots) != 3 {
		t.Errorf("a walk of at most 3: %d lots, cut %t", len(g.Lots), g.Cut)
	}
	if g.Cut {
		t.Error("a whole walk says that it was cut")
	}
}

// Whatever was made of what: each lot is told once, the way up from b leads to a exactly if the way down
// from a leads to b, and both are what a plain closure says. Circles included.
func TestWalkIsSymmetric(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		n := rapid.IntRange(2, 9).Draw(rt, "lots")
		lot := rapid.Map(rapid.IntRange(0, n-1), func(i int) string { return fmt.Sprintf("lot%d", i) })
		side := rapid.SliceOfNDistinct(lot, 1, min(3, n), rapid.ID)
		next := map[string]map[string]bool{}
		for i := range rapid.IntRange(0, 10).Draw(rt, "steps") {
			in, out := side.Draw(rt, "in"), side.Draw(rt, "out")
			made(t, w.Ledger, fmt.Sprint("t", i), in, out)
			for _, a := range in {
				if next[a] == nil {
					next[a] = map[string]bool{}
				}
				for _, b := range out {
					next[a][b] = true
				}
			}
		}
		below := func(a string) map[string]bool {
			seen, todo := map[string]bool{}, []string{a}
			for len(todo) > 0 {
				at := todo[0]
				todo = todo[1:]
				for b := range next[at] {
					if !seen[b] {
						seen[b] = true
						todo = append(todo, b)
					}
				}
			}
			return seen
		}
		for i := range n {
			a := fmt.Sprintf("lot%d", i)
			down := reached(must(w.Walk(t.Context(), []string{a}, trace.Down)))
			want := []string{}
			for b := range below(a) {
				if b != a {
					want = append(want, b)
				}
			}
			slices.Sort(want)
			if diff := cmp.Diff(want, down); diff != "" {
				rt.Fatalf("down from %s (-want +got):\n%s", a, diff)
			}
			for _, b := range down {
				if !slices.Contains(reached(must(w.Walk(t.Context(), []string{b}, trace.Up))), a) {
					rt.Fatalf("%s came of %s, and the way up does not say so", b, a)
				}
			}
		}
	})
}

// broad makes a lot with about 10,000 descendants over six levels, all of them on record, and answers its
// code.
func broad(t testing.TB, w *world) string {
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	var wg sync.WaitGroup
	todo := make(chan func())
	for range 16 {
		wg.Go(func() {
			for f := range todo {
				f()
			}
		})
	}
	put := func(code, origin string) {
		todo <- func() {
			must0(t, w.PutBatch(context.Background(), trace.Batch{
				ID: code, Code: code, Organisation: "htx-a", Product: w.coffee, EPC: "https://id.example.vn/l/" + code, Lot: code,
				LotFacts: trace.LotFacts{Places: []string{w.plot}, HarvestDate: "2026-11-01", Quantity: trace.Quantity{Value: 1000, UOM: "KGM"}},
				State:    trace.Released, Steps: []trace.StateChange{{State: trace.Draft, At: at, By: w.staff}, {State: trace.Released, At: at, By: w.staff}},
				UnitPath: []string{"x1", "t1"}, Origin: origin,
			}))
		}
	}
	put("start", "")
	level, count := []string{"start"}, 0
	for depth, children := range []int{4, 5, 5, 5, 4, 4} { // 4+20+100+500+2000+8000
		var next []string
		for i, parent := range level {
			var out []string
			for c := range children {
				code := fmt.Sprintf("L%d-%d-%d", depth, i, c)
				out = append(out, code)
				put(code, fmt.Sprintf("t%d-%d", depth, i))
				count++
			}
			id, in := fmt.Sprintf("t%d-%d", depth, i), []string{parent}
			todo <- func() { made(t, w.Ledger, id, in, out) }
			next = append(next, out...)
		}
		level = next
	}
	close(todo)
	wg.Wait()
	if count != 10_624 {
		t.Fatal(count)
	}
	return "start"
}

// The time of a large recall is the time of its walk.
func BenchmarkWalk(b *testing.B) {
	w := newWorld(b)
	code := broad(b, w)
	b.ReportAllocs()
	for b.Loop() {
		if g := must(w.Walk(b.Context(), []string{code}, trace.Down)); len(g.Lots) != 10_625 || g.Cut || g.Lots[10_624].Batch == nil {
			b.Fatal(len(g.Lots))
		}
	}
}
