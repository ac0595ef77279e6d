package trace_test

import (
	"bufio"
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"truynguon/internal/trace"
)

// The walk through cases that were worked out independently: blending, splitting, diamonds, rework in a
// circle, one transformation told in several events, chains of forty, sixty inputs, containers in
// containers, and lots that look alike.
func TestWalkCorpus(t *testing.T) {
	raw, err := os.ReadFile("testdata/lineage/events.json")
	must0(t, err)
	var events []struct {
		ID, Type, Action, TransformationID, ParentID             string
		InputEPCList, OutputEPCList, ChildEPCs                   []string
		InputQuantityList, OutputQuantityList, ChildQuantityList []string
	}
	must0(t, json.Unmarshal(raw, &events))
	w := newWorld(t)
	type sides struct{ in, out []string }
	together := map[string]*sides{} // events of one transformation are one
	var order []string
	for _, e := range events {
		id := e.ID
		if e.TransformationID != "" {
			id = e.TransformationID
		}
		s := together[id]
		if s == nil {
			s = new(sides)
			together[id], order = s, append(order, id)
		}
		if e.Type == "AggregationEvent" { // what is in a container went into it
			s.in = append(s.in, slices.Concat(e.ChildEPCs, e.ChildQuantityList)...)
			s.out = append(s.out, e.ParentID)
			continue
		}
		s.in = append(s.in, slices.Concat(e.InputEPCList, e.InputQuantityList)...)
		s.out = append(s.out, slices.Concat(e.OutputEPCList, e.OutputQuantityList)...)
	}
	for _, id := range order {
		made(t, w.Ledger, id, together[id].in, together[id].out)
	}
	f, err := os.Open("testdata/lineage/cases.jsonl")
	must0(t, err)
	defer func() { _ = f.Close() }()
	n := 0
	for lines := bufio.NewScanner(f); lines.Scan(); n++ {
		var c struct {
			ID, Start                       string
			Ancestors, Descendants, Origins []string
			InCycle, ReusableContainer      bool
		}
		must0(t, json.Unmarshal(lines.Bytes(), &c))
		if c.ReusableContainer {
			continue // here a carton is never used twice
		}
		for _, x := range []struct {
			dir  trace.Direction
			want []string
		}{{trace.Up, c.Ancestors}, {trace.Down, c.Descendants}} {
			got := reached(must(w.Walk(t.Context(), []string{c.Start}, x.dir)))
			// A lot in a circle is its own ancestor in the corpus, and here the lot that was asked for.
			want := slices.DeleteFunc(slices.Clone(x.want), func(code string) bool { return code == c.Start })
			if want == nil {
				want = []string{}
			}
			slices.Sort(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s %s of %s (-want +got):\n%s", c.ID, x.dir, c.Start, diff)
			}
		}
	}
	if n != 150 {
		t.Errorf("%d cases", n)
	}
}
