package trace_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"truynguon/internal/fault"
	"truynguon/internal/trace"
)

// TestWhoMayRecall walks the verbs of cases and holds as every actor, as TestWhoMay does.
func TestWhoMayRecall(t *testing.T) {
	opened := func(t *testing.T, w *world) trace.Stored[trace.RecallCase] {
		return must(w.OpenRecallCase(t.Context(), w.admin, caseOf(w.registered(t, "L", true).Doc.Code)))
	}
	submitted := func(t *testing.T, w *world) trace.Stored[trace.RecallCase] {
		return must(w.SubmitRecallCase(t.Context(), second, must(w.OpenRecallCase(t.Context(), second, caseOf(w.registered(t, "L", true).Doc.Code))).Doc.ID, trace.Submission{Token: "s"}))
	}
	running := func(t *testing.T, w *world) trace.Stored[trace.RecallCase] {
		c := submitted(t, w)
		return must(w.ConfirmRecallCase(t.Context(), province, c.Doc.ID, trace.Review{Token: "r", Version: c.Doc.Scope.Version}))
	}
	receiver := func(t *testing.T, w *world) (trace.RecallCase, trace.RecallNotice) {
		c := running(t, w)
		lot := must(w.RecallScope(t.Context(), w.admin, c.Doc.ID, 0)).Lots[0].Code
		return c.Doc, must(w.AddReceiver(t.Context(), province, c.Doc.ID, trace.ReceiverDraft{Name: "A", Lots: []trace.ReceivedDraft{{Code: lot, Quantity: "5"}}}))
	}
	held := func(t *testing.T, w *world, by trace.Actor) string {
		return must(w.HoldLots(t.Context(), by, trace.HoldDraft{Reason: "vì", Seeds: []trace.RecallSeed{{Kind: trace.SeedLot, ID: w.registered(t, "L", true).Doc.Code}}})).Doc.ID
	}
	//                     admin official elsewhere manager staff neighbour buyer nobody
	walkRoles(t, []whoMay{
		{"open a voluntary case", "++-+---?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.OpenRecallCase(t.Context(), by, caseOf(w.registered(t, "L", true).Doc.Code))
			return err
		}},
		{"open a mandatory case", "++-----?", func(t *testing.T, w *world, by trace.Actor) error {
			d := caseOf(w.registered(t, "L", true).Doc.Code)
			d.Kind = "mandatory"
			_, err := w.OpenRecallCase(t.Context(), by, d)
			return err
		}},
		{"change a case", "++-+---?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.ChangeRecallCase(t.Context(), by, opened(t, w).Doc.ID, 0, caseOf())
			return err
		}},
		{"edit a scope", "++-+---?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.EditRecallScope(t.Context(), by, opened(t, w).Doc.ID, trace.ScopeEdit{Reason: "vì", Add: []string{w.registered(t, "M", true).Doc.Code}})
			return err
		}},
		{"find a scope anew", "++-+---?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.FindRecallScope(t.Context(), by, opened(t, w).Doc.ID, "")
			return err
		}},
		{"submit a case", "++-+---?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.SubmitRecallCase(t.Context(), by, opened(t, w).Doc.ID, trace.Submission{})
			return err
		}},
		{"confirm a case of another manager", "++-+---?", func(t *testing.T, w *world, by trace.Actor) error {
			s := submitted(t, w)
			_, err := w.ConfirmRecallCase(t.Context(), by, s.Doc.ID, trace.Review{Version: s.Doc.Scope.Version})
			return err
		}},
		{"return a case", "++-+---?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.ReturnRecallCase(t.Context(), by, submitted(t, w).Doc.ID, "", "vì")
			return err
		}},
		{"drop a case", "++-+---?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.DropRecallCase(t.Context(), by, submitted(t, w).Doc.ID, "", "vì")
			return err
		}},
		{"see a case that is not in effect", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.RecallCase(t.Context(), by, opened(t, w).Doc.ID)
			return err
		}},
		{"see the scope", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.RecallScope(t.Context(), by, running(t, w).Doc.ID, 0)
			return err
		}},
		{"see the account", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.RecallAccount(t.Context(), by, running(t, w).Doc.ID)
			return err
		}},
		{"list the cases of htx-a", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, _, err := w.RecallCases(t.Context(), by, "htx-a", "", 10)
			return err
		}},
		{"name a receiver", "++-+---?", func(t *testing.T, w *world, by trace.Actor) error {
			c := running(t, w)
			lot := must(w.RecallScope(t.Context(), w.admin, c.Doc.ID, 0)).Lots[0].Code
			_, err := w.AddReceiver(t.Context(), by, c.Doc.ID, trace.ReceiverDraft{Name: "A", Lots: []trace.ReceivedDraft{{Code: lot, Quantity: "5"}}})
			return err
		}},
		{"set a receiver's address", "++-+---?", func(t *testing.T, w *world, by trace.Actor) error {
			_, n := receiver(t, w)
			_, err := w.SetReceiverEmail(t.Context(), by, n.ID, "a@example.vn")
			return err
		}},
		{"note an answer", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, n := receiver(t, w)
			_, err := w.NoteAnswer(t.Context(), by, n.ID, trace.AnswerDraft{Name: "B", Lots: []trace.AnswerLineDraft{{Code: n.Lots[0].Code, Held: "1"}}})
			return err
		}},
		{"record an entry", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			c, n := receiver(t, w)
			_, err := w.RecordRecallEntry(t.Context(), by, c.ID, trace.RecallEntryDraft{Lot: n.Lots[0].Code, Measure: "recovered", Quantity: "1"})
			return err
		}},
		{"note the authority's consent", "++-----?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.SetConsent(t.Context(), by, running(t, w).Doc.ID, "2026-11-24")
			return err
		}},
		{"close a case", "++-+---?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.CloseRecallCase(t.Context(), by, running(t, w).Doc.ID, trace.RecallClosing{Outcome: "xong", Unfinished: "vì"})
			return err
		}},
		{"hold lots together", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.HoldLots(t.Context(), by, trace.HoldDraft{Reason: "vì", Seeds: []trace.RecallSeed{{Kind: trace.SeedPlot, ID: w.plot}, {Kind: trace.SeedLot, ID: w.registered(t, "L", true).Doc.Code}}})
			return err
		}},
		{"release lots that staff held", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.ReleaseLots(t.Context(), by, held(t, w, w.staff), "đạt")
			return err
		}},
		{"release lots that an official held", "++-----?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.ReleaseLots(t.Context(), by, held(t, w, w.official), "đạt")
			return err
		}},
	})
}

// Two people change one scope, and one confirms while another sends back: nobody's work is lost, and exactly
// one decision holds.
func TestRecallRace(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	first := w.registered(t, "L-0", true).Doc.Code
	id := must(w.OpenRecallCase(ctx, w.official, caseOf(first))).Doc.ID
	var wg sync.WaitGroup
	for i := range 4 {
		code := w.registered(t, fmt.Sprintf("R-%d", i), true).Doc.Code
		by := []trace.Actor{w.official, w.manager}[i%2]
		wg.Go(func() {
			if _, err := w.EditRecallScope(ctx, by, id, trace.ScopeEdit{Token: code, Add: []string{code}, Reason: "vì"}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	want := map[string]string{"L-0": "seed", "R-0": "added", "R-1": "added", "R-2": "added", "R-3": "added"}
	if diff := cmp.Diff(want, scopeOf(t, w, w.official, id)); diff != "" {
		t.Errorf("edited by two at once (-want +got):\n%s", diff)
	}
	c := must(w.SubmitRecallCase(ctx, w.official, id, trace.Submission{Token: "s", Hold: true}))
	var won atomic.Int32
	decide := func(err error) {
		if err == nil {
			won.Add(1)
		} else if !errors.Is(err, fault.Exists) && !errors.Is(err, fault.Stale) {
			t.Error(err)
		}
	}
	wg.Go(func() {
		_, err := w.ConfirmRecallCase(ctx, province, id, trace.Review{Token: "c", Version: c.Doc.Scope.Version})
		decide(err)
	})
	wg.Go(func() {
		_, err := w.ReturnRecallCase(ctx, w.manager, id, "r", "xem lại")
		decide(err)
	})
	wg.Wait()
	must(w.SweepRecalls(ctx))
	if won.Load() != 1 {
		t.Errorf("%d decisions hold", won.Load())
	}
	state, verdict := must(w.Batch(ctx, w.admin, first)).Doc.State, w.verdict(t, first)
	switch must(w.RecallCase(ctx, w.admin, id)).Doc.Stage {
	case trace.RecallRunning:
		if state != trace.Recalled || verdict != trace.CalledBack {
			t.Errorf("confirmed, the lot is %s and its page says %s", state, verdict)
		}
	case trace.RecallScoping:
		if state != trace.Released || verdict == trace.CalledBack || verdict == trace.OnHold {
			t.Errorf("sent back, the lot is %s and its page says %s", state, verdict)
		}
	}
}

// Whatever lots were made of which, the scope of a recall is closed: what was made of a lot in it is in it.
func TestRecallClosure(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		w := newWorld(t)
		n := rapid.IntRange(2, 8).Draw(r, "lots")
		var codes []string
		for i := range n {
			codes = append(codes, w.registered(t, fmt.Sprintf("C-%d", i), true).Doc.Code)
		}
		made := map[string][]string{}
		for i := 1; i < n; i++ {
			for _, j := range rapid.SliceOfNDistinct(rapid.IntRange(0, i-1), 0, min(i, 3), rapid.ID[int]).Draw(r, "from") {
				made[codes[j]] = append(made[codes[j]], codes[i])
				part := func(code string) trace.LotPart {
					return trace.LotPart{LotAmount: trace.LotAmount{Lot: code, Quantity: trace.Quantity{Value: 1000, UOM: "KGM"}}}
				}
				must0(t, w.PutTransformation(context.Background(), trace.Transformation{
					ID: fmt.Sprintf("t%d-%d", i, j), Organisation: "htx-a", Kind: "merge", Inputs: []trace.LotPart{part(codes[j])}, Outputs: []trace.LotPart{part(codes[i])},
				}))
			}
		}
		d := caseOf(codes[rapid.IntRange(0, n-1).Draw(r, "seed")])
		d.Back, d.Sideways = rapid.Bool().Draw(r, "back"), rapid.Bool().Draw(r, "sideways")
		d.Window = 0
		c := must(w.OpenRecallCase(context.Background(), w.official, d))
		in := map[string]bool{}
		for _, lot := range must(w.RecallScope(context.Background(), w.official, c.Doc.ID, 0)).Lots {
			in[lot.Code] = true
		}
		for code := range in {
			for _, to := range made[code] {
				if !in[to] {
					r.Fatalf("what was made of %s is not in scope", code)
				}
			}
		}
	})
}

// BenchmarkRecallScope finds and freezes a scope of ten thousand lots.
func BenchmarkRecallScope(b *testing.B) {
	w := newWorld(b)
	first := w.registered(b, "L-0", true).Doc
	level := []string{first.Code}
	made := 0
	for depth := 1; made < 10_000; depth++ {
		var next []string
		for _, from := range level {
			t := trace.Transformation{ID: "t" + from, Organisation: "htx-a", Kind: "split", Inputs: []trace.LotPart{{LotAmount: trace.LotAmount{Lot: from}}}}
			for range 5 {
				if made >= 10_000 {
					break
				}
				made++
				lot := first
				lot.Code = trace.NewCode()
				lot.ID, lot.Lot = lot.Code, fmt.Sprintf("D-%d", made)
				must0(b, w.PutBatch(b.Context(), lot))
				t.Outputs = append(t.Outputs, trace.LotPart{LotAmount: trace.LotAmount{Lot: lot.Code}})
				next = append(next, lot.Code)
			}
			must0(b, w.PutTransformation(b.Context(), t))
		}
		level = next
	}
	b.ResetTimer()
	for i := range b.N {
		d := caseOf(first.Code)
		d.Token = fmt.Sprint(i)
		start := time.Now()
		c := must(w.OpenRecallCase(b.Context(), w.official, d))
		b.ReportMetric(float64(time.Since(start).Milliseconds()), "ms/find")
		c = must(w.SubmitRecallCase(b.Context(), w.official, c.Doc.ID, trace.Submission{Token: d.Token}))
		start = time.Now()
		c = must(w.ConfirmRecallCase(b.Context(), province, c.Doc.ID, trace.Review{Token: d.Token, Version: c.Doc.Scope.Version}))
		b.ReportMetric(float64(time.Since(start).Milliseconds()), "ms/effect")
		if c.Doc.Scope.Lots != 10_001 {
			b.Fatalf("%d lots", c.Doc.Scope.Lots)
		}
	}
}
