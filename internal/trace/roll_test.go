package trace_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"truynguon/internal/fault"
	"truynguon/internal/trace"
)

// rolled orders a roll of htx-a and answers the codes of its labels.
func (w *world) rolled(t testing.TB, count int) (trace.Roll, func(number int) string) {
	t.Helper()
	r := must(w.OrderRoll(t.Context(), w.staff, trace.RollDraft{Name: "Tem xanh", Count: count})).Doc
	_, code, err := w.PrintRoll(t.Context(), w.staff, trace.RollPrintDraft{Roll: r.ID, From: 1, To: count, Stock: "a4-65", Format: "csv"})
	must0(t, err)
	return r, code
}

// claimed orders a roll of five labels of which a lot of htx-a has claimed the first three.
func (w *world) claimed(t testing.TB) (lot string, code func(number int) string) {
	t.Helper()
	_, code = w.rolled(t, 5)
	lot = w.registered(t, "R-1", true).Doc.Code
	must(w.ClaimRoll(t.Context(), w.staff, lot, trace.RollClaimDraft{From: code(1), To: code(3)}))
	return lot, code
}

// claimedLabel answers a label's code.
func claimedLabel(t *testing.T, w *world) string {
	_, code := w.claimed(t)
	return code(2)
}

// told lists the faults of an error as pointer and code.
func told(err error) string {
	var p *fault.Problem
	if !errors.As(err, &p) {
		return fmt.Sprint(err)
	}
	var out []string
	if p.Code != "" {
		out = append(out, p.Code)
	}
	for _, f := range p.Fields {
		out = append(out, f.Pointer+" "+f.Code)
	}
	return strings.Join(out, ", ")
}

// A hundred thousand codes are all different, unlike a lot's, found again, and neighbours have nothing in
// common.
func TestRollCodes(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	n := trace.MaxRoll
	if testing.Short() {
		n = 3000
	}
	r, code := w.rolled(t, n)
	other, otherCode := w.rolled(t, 10)
	seen := make(map[string]bool, n)
	same := 0
	for i := 1; i <= n; i++ {
		seen[code(i)] = true
		if i > 1 {
			a, b := code(i-1), code(i)
			for j := range a {
				if a[j] == b[j] {
					same++
				}
			}
		}
	}
	if len(seen) != n {
		t.Errorf("%d different codes, want %d", len(seen), n)
	}
	if mean := float64(same) / float64(n-1); mean < 0.5 || mean > 0.63 { // by chance 13/23
		t.Errorf("neighbours agree in %.3f places", mean)
	}
	for _, i := range []int{1, 2, n / 2, n} {
		c := code(i)
		if _, ok := trace.ParseCode(c); ok || len(c) != 13 {
			t.Errorf("%s may be taken for a lot's code", c)
		}
		got := must(w.RollLabel(ctx, c))
		want := trace.RollLabel{Code: c, Roll: r.ID, Number: i, State: trace.RollFree}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	if got := must(w.RollLabel(ctx, otherCode(10))); got.Roll != other.ID || got.Number != 10 {
		t.Errorf("the other roll's label is %+v", got)
	}
	// A word of the right form that no roll has: the number beyond the last one.
	if _, err := w.RollLabel(ctx, trace.RollCode(w.Ledger, other.ID, 11)); !errors.Is(err, fault.NotFound) {
		t.Errorf("the eleventh label of ten: %v", err)
	}
	for _, text := range []string{strings.ToLower(trace.SpellCode(code(1))), w.RollURL(code(1)), " " + code(1) + "\n"} {
		if path, ok := trace.LookupPath(text); !ok || path != "/l/"+code(1) {
			t.Errorf("%q leads to %q", text, path)
		}
	}
}

// The life of a roll, as the people with the labels in their hands see it.
func TestClaimRoll(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	r, code := w.rolled(t, 100)
	one, two := w.registered(t, "L-1", true).Doc, w.registered(t, "L-2", true).Doc
	claim := func(lot, from, to string) error {
		_, err := w.ClaimRoll(ctx, w.staff, lot, trace.RollClaimDraft{From: from, To: to})
		return err
	}
	mark := func(verb func() (int, error), want int) {
		t.Helper()
		n, err := verb()
		if err != nil || n != want {
			t.Errorf("%d labels, %v, want %d", n, err, want)
		}
	}
	_, foreignCode := func() (trace.Roll, func(int) string) {
		f := must(w.OrderRoll(ctx, w.neighbour, trace.RollDraft{Name: "Khác", Count: 5})).Doc
		_, code, err := w.PrintRoll(ctx, w.neighbour, trace.RollPrintDraft{Roll: f.ID, From: 1, To: 5, Stock: "a4-65", Format: "csv"})
		must0(t, err)
		return f, code
	}()

	// Backwards, with addresses and in small letters.
	must0(t, claim(one.Code, w.RollURL(code(30)), strings.ToLower(code(11))))
	for _, c := range []struct{ from, to, want string }{
		{code(30), code(40), "/from roll_taken"},
		{code(1), code(11), "/from roll_taken"},
		{code(20), code(20), "/from roll_taken"},
		{"", "", "/from missing"},
		{"abc", "", "/from roll_unknown"},
		{code(1), one.Code, "/to roll_unknown"},
		{code(1), foreignCode(1), "/to roll_other"},
		{foreignCode(1), foreignCode(2), "/from roll_not_yours"},
		{"31", "32", "/from roll_unknown, /to roll_unknown"}, // numbers say not of which roll
	} {
		if got := told(claim(two.Code, c.from, c.to)); got != c.want {
			t.Errorf("%s to %s: %s, want %s", c.from, c.to, got, c.want)
		}
	}
	must0(t, claim(two.Code, code(31), code(50)))

	// The last five of the first lot were in truth stuck on the second.
	mark(func() (int, error) {
		return w.FreeRoll(ctx, w.staff, trace.RollRange{From: code(26), To: code(30), Reason: "dán nhầm"})
	}, 5)
	must0(t, claim(two.Code, code(26), code(30)))
	mark(func() (int, error) {
		return w.VoidRoll(ctx, w.staff, trace.RollRange{Roll: r.ID, From: "48", To: "60", Reason: "ướt"})
	}, 13)
	if got := told(claim(two.Code, code(55), code(70))); got != "/from roll_voided" {
		t.Errorf("voided labels are claimed: %s", got)
	}
	_, err := w.FreeRoll(ctx, w.staff, trace.RollRange{From: code(50), Reason: "vì"})
	if got := told(err); got != "/from roll_voided" {
		t.Errorf("a voided label is freed: %s", got)
	}
	_, err = w.FreeRoll(ctx, w.staff, trace.RollRange{From: code(90)})
	if got := told(err); got != "/reason missing" {
		t.Errorf("freed without a reason: %s", got)
	}
	_, err = w.FreeRoll(ctx, w.staff, trace.RollRange{From: code(90), Reason: "vì"})
	if got := told(err); got != "/from roll_nothing" {
		t.Errorf("freed though free: %s", got)
	}

	roll := must(w.Roll(ctx, w.staff, r.ID)).Doc
	var spans []string
	for _, s := range roll.Spans() {
		lot := map[string]string{one.Code: "L-1", two.Code: "L-2"}[s.Batch]
		spans = append(spans, fmt.Sprintf("%d-%d %s %s", s.From, s.To, s.Kind, lot))
	}
	want := []string{"1-10 free ", "11-25 claimed L-1", "26-30 claimed L-2", "31-47 claimed L-2", "48-50 voided L-2", "51-60 voided ", "61-100 free "}
	if diff := cmp.Diff(want, spans); diff != "" {
		t.Error(diff)
	}
	if len(roll.Entries) != 6 {
		t.Errorf("%d entries: none may be lost", len(roll.Entries))
	}
	for number, want := range map[int]trace.SerialStatus{11: trace.SerialUnknown, 26: trace.SerialKnown, 47: trace.SerialKnown, 48: trace.SerialVoided, 51: trace.SerialUnknown, 61: trace.SerialUnknown} {
		if f := must(w.Serial(ctx, &two, code(number))); f.Status != want {
			t.Errorf("label %d is %s on L-2, want %s", number, f.Status, want)
		}
	}
	if l := must(w.RollLabel(ctx, code(55))); l.State != trace.RollVoided || l.Reason != "ướt" || l.Batch != "" {
		t.Errorf("a voided label of no lot: %+v", l)
	}
	claims := must(w.RollClaims(ctx, w.staff, two.Code))
	if sum := two.Balance(nil).WithRolls(claims); sum.Claimed != 22 || sum.Labels() != 22 {
		t.Errorf("L-2 has %+v", sum)
	}
	answers := must(w.Verify(ctx, []string{code(12), w.RollURL(code(26)), code(55), code(99)}))
	for i, want := range []string{one.Code, two.Code, "", ""} {
		got := ""
		if answers[i].Lot != nil {
			got = answers[i].Lot.Code
		}
		if got != want {
			t.Errorf("answer %d is lot %q, want %q", i, got, want)
		}
	}
}

// A roll of an authority is claimed by the organisations within its unit, each of which sees of it what is
// its own.
func TestSharedRoll(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	province := trace.Actor{ID: "u-t1", Name: "Cán bộ tỉnh", Role: trace.Official, Unit: "t1"}
	r := must(w.OrderRoll(ctx, province, trace.RollDraft{Name: "Tem tỉnh", Count: 20})).Doc
	_, code, err := w.PrintRoll(ctx, province, trace.RollPrintDraft{Roll: r.ID, From: 1, To: 20, Stock: "a4-65", Format: "pdf"})
	must0(t, err)
	lot := w.registered(t, "L-1", true).Doc
	must(w.ClaimRoll(ctx, w.staff, lot.Code, trace.RollClaimDraft{From: code(1), To: code(5)}))
	seen := must(w.Roll(ctx, w.neighbour, r.ID)).Doc
	if e := seen.Entries[0]; e.Batch != "" || e.By.Name != "" || e.From != 1 || seen.By.Name != "" || seen.Prints != nil {
		t.Errorf("a neighbour sees %+v", seen)
	}
	if e := must(w.Roll(ctx, w.staff, r.ID)).Doc.Entries[0]; e.Batch != lot.Code {
		t.Errorf("its own claim is %+v", e)
	}
	for _, by := range []trace.Actor{w.official, w.elsewhere} { // of communes below
		if _, err := w.Roll(ctx, by, r.ID); !errors.Is(err, fault.Denied) {
			t.Errorf("%s: %v", by.Name, err)
		}
	}
	if _, err := w.VoidRoll(ctx, w.neighbour, trace.RollRange{From: code(2), Reason: "vì"}); !errors.Is(err, fault.Denied) {
		t.Errorf("a neighbour voids the label of another: %v", err)
	}
	if _, err := w.VoidRoll(ctx, w.staff, trace.RollRange{From: code(5), To: code(6), Reason: "vì"}); !errors.Is(err, fault.Denied) {
		t.Errorf("an organisation voids labels of none: %v", err)
	}
	if n, err := w.VoidRoll(ctx, w.staff, trace.RollRange{From: code(5), Reason: "vì"}); err != nil || n != 1 {
		t.Errorf("an organisation voids its own: %d, %v", n, err)
	}
	for by, want := range map[*trace.Actor]int{&w.staff: 1, &w.neighbour: 0, &province: 1, &w.admin: 1, &w.official: 0} {
		list, _, err := w.Rolls(ctx, *by, "", "", 10)
		if err != nil || len(list) != want {
			t.Errorf("%s lists %d rolls, %v, want %d", by.Name, len(list), err, want)
		}
	}
}

// Whatever is claimed, freed and voided in whatever order: no label belongs to two lots, each is what the
// last who was let said, and stretches cover the roll once.
func TestClaimsNeverOverlap(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	const size = 40
	lots := []string{w.registered(t, "L-1", true).Doc.Code, w.registered(t, "L-2", true).Doc.Code, w.registered(t, "L-3", true).Doc.Code}
	rapid.Check(t, func(rt *rapid.T) {
		r, code := w.rolled(t, size)
		var model [size + 1]string // "" is free, "!" voided, else a lot
		for range rapid.IntRange(1, 15).Draw(rt, "steps") {
			from := rapid.IntRange(1, size).Draw(rt, "from")
			to := rapid.IntRange(from, size).Draw(rt, "to")
			free, voided := true, false
			for _, s := range model[from : to+1] {
				free, voided = free && s == "", voided || s == "!"
			}
			rng := trace.RollRange{From: code(from), To: code(to), Reason: "vì"}
			set := func(s string) {
				for i := from; i <= to; i++ {
					model[i] = s
				}
			}
			switch verb := rapid.SampledFrom([]string{"claim", "claim", "free", "void"}).Draw(rt, "verb"); verb {
			case "claim":
				lot := rapid.SampledFrom(lots).Draw(rt, "lot")
				_, err := w.ClaimRoll(ctx, w.staff, lot, trace.RollClaimDraft{From: code(to), To: code(from)})
				if (err == nil) != free {
					rt.Fatalf("claim of %d-%d: %v, all free: %v", from, to, err, free)
				}
				if err == nil {
					set(lot)
				}
			case "free":
				_, err := w.FreeRoll(ctx, w.staff, rng)
				if (err == nil) != (!free && !voided) {
					rt.Fatalf("free of %d-%d: %v", from, to, err)
				}
				if err == nil {
					set("")
				}
			case "void":
				if _, err := w.VoidRoll(ctx, w.staff, rng); err == nil {
					set("!")
				}
			}
		}
		roll := must(w.Roll(ctx, w.staff, r.ID)).Doc
		next := 1
		for _, s := range roll.Spans() {
			if s.From != next || s.To < s.From {
				rt.Fatalf("stretch %d-%d after %d", s.From, s.To, next-1)
			}
			next = s.To + 1
			for i := s.From; i <= s.To; i++ {
				want := map[trace.RollState]string{trace.RollFree: "", trace.RollVoided: "!", trace.RollClaimed: s.Batch}[s.Kind]
				if model[i] != want {
					rt.Fatalf("label %d is %q, want %q", i, want, model[i])
				}
			}
		}
		if next != size+1 {
			rt.Fatalf("the stretches end at %d", next-1)
		}
	})
}

// People who claim overlapping stretches at the same moment: one of them gets it.
func TestClaimsAtTheSameMoment(t *testing.T) {
	w := newWorld(t)
	r, code := w.rolled(t, 60)
	lot := w.registered(t, "L-1", true).Doc.Code
	var wg sync.WaitGroup
	errs := make([]error, 12)
	for i := range errs {
		wg.Go(func() {
			_, errs[i] = w.ClaimRoll(t.Context(), w.staff, lot, trace.RollClaimDraft{From: code(1 + i*4), To: code(8 + i*4)})
		})
	}
	wg.Wait()
	claimed := 0
	for _, err := range errs {
		if err == nil {
			claimed += 8
		} else if told(err) != "/from roll_taken" {
			t.Error(err)
		}
	}
	roll := must(w.Roll(t.Context(), w.staff, r.ID)).Doc
	if n := roll.Tally()[trace.RollClaimed]; n != claimed || n == 0 {
		t.Errorf("%d labels are claimed, want %d", n, claimed)
	}
}

// Rolls ordered at the same moment have blocks of their own, and a token orders one.
func TestRollsAtTheSameMoment(t *testing.T) {
	w := newWorld(t)
	var wg sync.WaitGroup
	ids := make([]string, 8)
	for i := range ids {
		wg.Go(func() {
			ids[i] = must(w.OrderRoll(t.Context(), w.staff, trace.RollDraft{Token: fmt.Sprint(i / 2), Name: "x", Count: 5})).Doc.ID
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for i := 0; i < len(ids); i += 2 {
		if ids[i] != ids[i+1] || seen[ids[i]] {
			t.Errorf("the rolls are %v", ids)
		}
		seen[ids[i]] = true
	}
	if _, err := w.OrderRoll(t.Context(), w.staff, trace.RollDraft{Token: "0", Name: "y", Count: 5}); told(err) != "token_reused" {
		t.Errorf("another order with the same token: %v", err)
	}
}

// A question about a label costs the same however many rolls and claims there are.
func TestRollLabelCost(t *testing.T) {
	w := newWorld(t)
	_, code := w.rolled(t, 100)
	for range 20 {
		w.rolled(t, 5)
	}
	lot := w.registered(t, "L-1", true).Doc.Code
	for i := range 20 {
		must(w.ClaimRoll(t.Context(), w.staff, lot, trace.RollClaimDraft{From: code(1 + i*2), To: code(2 + i*2)}))
	}
	db := &counting{DB: w.DB}
	w.DB = db
	must(w.RollLabel(t.Context(), code(3)))
	if n := db.n.Load(); n != 1 {
		t.Errorf("%d questions", n)
	}
}
