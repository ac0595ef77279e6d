package trace_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"truynguon/internal/fault"
	"truynguon/internal/trace"
)

// A hundred thousand serials of one run: no two are alike, each is found, and what is not among them
// is not.
func TestSerials(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	b := w.registered(t, "L-1", true).Doc
	n := trace.MaxPrint
	if testing.Short() {
		n = 2000
	}
	r := must(w.RecordPrint(ctx, w.staff, items(b.Code, "t", n)))
	serial := must(w.Serials(ctx, w.staff, &r))
	seen := make(map[string]bool, n)
	for i := range n {
		seen[serial(i)] = true
	}
	if len(seen) != n {
		t.Errorf("%d different serials, want %d", len(seen), n)
	}
	for _, i := range []int{0, 1, n / 2, n - 1} {
		if f := must(w.Serial(ctx, &b, serial(i))); f.Status != trace.SerialKnown {
			t.Errorf("serial %d is %s", i, f.Status)
		}
		if spelled := strings.ToLower(trace.SpellCode(serial(i))); must(w.Serial(ctx, &b, spelled)).Status != trace.SerialKnown {
			t.Errorf("%s is not found", spelled)
		}
	}
	for _, s := range []string{serial(n), serial(n + 12345), "", "1", "ABC", "XXXXXXXXXXXX", strings.Repeat("3", 5000), trace.NewCode(), b.Code} {
		if f := must(w.Serial(ctx, &b, s)); f.Status != trace.SerialUnknown {
			t.Errorf("%.20q is %s", s, f.Status)
		}
	}
}

// Neighbouring serials have nothing in common that helps to guess one from the other.
func TestSerialsDoNotTellTheNext(t *testing.T) {
	w := newWorld(t)
	b := w.registered(t, "L-1", true).Doc
	r := must(w.RecordPrint(t.Context(), w.staff, items(b.Code, "t", 4000)))
	serial := must(w.Serials(t.Context(), w.staff, &r))
	// Of 12 places, neighbours agree by chance in 12/23.
	same := 0
	for i := range 3999 {
		a, b := serial(i), serial(i+1)
		for j := range a {
			if a[j] == b[j] {
				same++
			}
		}
	}
	if mean := float64(same) / 3999; mean < 0.45 || mean > 0.6 {
		t.Errorf("neighbours agree in %.3f places, by chance it were %.3f", mean, 12.0/23)
	}
}

// Serials are a product's: those of its next lot and next run follow, are different, and belong to the
// lot that they were printed for alone.
func TestSerialsOfLots(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	one, two := w.registered(t, "L-1", true).Doc, w.registered(t, "L-2", true).Doc
	d := w.lot("M-1")
	d.Product = w.honey
	other := must(w.RegisterBatch(ctx, w.staff, d)).Doc
	type printed struct {
		lot   trace.Batch
		run   trace.PrintRun
		first string
	}
	var all []printed
	for i, lot := range []trace.Batch{one, two, one, other} {
		r := must(w.RecordPrint(ctx, w.staff, items(lot.Code, string(rune('a'+i)), 10)))
		all = append(all, printed{lot, r, must(w.Serials(ctx, w.staff, &r))(0)})
	}
	if all[0].run.First != 0 || all[1].run.First != 10 || all[2].run.First != 20 || all[3].run.First != 0 {
		t.Errorf("the runs begin at %d, %d, %d and %d", all[0].run.First, all[1].run.First, all[2].run.First, all[3].run.First)
	}
	for i, p := range all {
		for _, lot := range []trace.Batch{one, two, other} {
			want := trace.SerialUnknown
			if lot.Code == p.lot.Code {
				want = trace.SerialKnown
			}
			if f := must(w.Serial(ctx, &lot, p.first)); f.Status != want {
				t.Errorf("serial of run %d on lot %s: %s, want %s", i, lot.Lot, f.Status, want)
			}
		}
	}
	// The same run asked for again has the same serials, also after others.
	again := must(w.RecordPrint(ctx, w.staff, items(one.Code, "a", 10)))
	if s := must(w.Serials(ctx, w.staff, &again))(0); s != all[0].first {
		t.Errorf("the first run again begins with %s, not %s", s, all[0].first)
	}
	if _, err := w.Serials(ctx, w.neighbour, &again); !errors.Is(err, fault.Denied) {
		t.Errorf("a neighbour reads the serials: %v", err)
	}
}

// Voided ranges end exactly where they were said to.
func TestVoidSerials(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	b := w.registered(t, "L-1", true).Doc
	r := must(w.RecordPrint(ctx, w.staff, items(b.Code, "t", 10)))
	serial := must(w.Serials(ctx, w.staff, &r))
	later := must(w.RecordPrint(ctx, w.staff, items(b.Code, "u", 10)))
	other := must(w.Serials(ctx, w.staff, &later))
	if n := must(w.VoidSerials(ctx, w.staff, trace.VoidDraft{Batch: b.Code, From: serial(6), To: trace.SpellCode(serial(3)), Reason: "ướt"})); n != 4 {
		t.Errorf("%d are voided, want 4", n)
	}
	must(w.VoidSerials(ctx, w.official, trace.VoidDraft{Batch: b.Code, From: serial(9), Reason: "mất"}))
	for i := range 10 {
		want, reason := trace.SerialKnown, ""
		switch {
		case i >= 3 && i <= 6:
			want, reason = trace.SerialVoided, "ướt"
		case i == 9:
			want, reason = trace.SerialVoided, "mất"
		}
		f := must(w.Serial(ctx, &b, serial(i)))
		if f.Status != want || f.Void != nil && f.Void.Reason != reason || (f.Void != nil) != (reason != "") {
			t.Errorf("serial %d: %s %+v, want %s %s", i, f.Status, f.Void, want, reason)
		}
	}
	for _, c := range []struct {
		d    trace.VoidDraft
		want string
	}{
		{trace.VoidDraft{Batch: b.Code}, "/reason missing, /from missing, /to missing"},
		{trace.VoidDraft{Batch: b.Code, From: "ABC", Reason: "vì"}, "/from serial_unknown, /to serial_unknown"},
		{trace.VoidDraft{Batch: b.Code, From: serial(0), To: other(0), Reason: "vì"}, "/to serial_other_run"},
	} {
		_, err := w.VoidSerials(ctx, w.staff, c.d)
		var p *fault.Problem
		var got []string
		if errors.As(err, &p) {
			for _, f := range p.Fields {
				got = append(got, f.Pointer+" "+f.Code)
			}
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%+v: %v, want %s", c.d, got, c.want)
		}
	}
}

// The permutation comes back to where it began, for every index and at the ends of what there is.
func FuzzSerialIndex(f *testing.F) {
	f.Add([]byte("secret"), int64(0))
	f.Add([]byte{}, int64(952809757913926)) // 23^11 - 1
	f.Add([]byte("x"), int64(148035889))
	f.Fuzz(func(t *testing.T, secret []byte, index int64) {
		const most = 952809757913927
		index = ((index % most) + most) % most
		s := trace.SerialOf(secret, index)
		if code, ok := trace.ParseCode(s); !ok || code != s {
			t.Fatalf("%q is no code", s)
		}
		if back, ok := trace.SerialIndex(secret, s); !ok || back != index {
			t.Errorf("%d became %s and then %d", index, s, back)
		}
	})
}

func BenchmarkSerial(b *testing.B) {
	for i := range b.N {
		trace.SerialOf([]byte("0123456789abcdef0123456789abcdef"), int64(i))
	}
}

// Runs that are asked for at the same moment get different serials.
func TestSerialsAtTheSameMoment(t *testing.T) {
	w := newWorld(t)
	b := w.registered(t, "L-1", true).Doc
	var wg sync.WaitGroup
	runs := make([]trace.PrintRun, 6)
	errs := make([]error, len(runs))
	for i := range runs {
		wg.Go(func() {
			// Every second one is the same run as the one before.
			runs[i], errs[i] = w.RecordPrint(t.Context(), w.staff, items(b.Code, string(rune('a'+i/2)), 10))
		})
	}
	wg.Wait()
	first := map[string]int64{}
	taken := map[int64]string{}
	for i, r := range runs {
		if errs[i] != nil {
			t.Fatal(errs[i])
		}
		if other, ok := first[r.ID]; ok && other != r.First {
			t.Errorf("one run begins at %d and at %d", other, r.First)
		}
		if other, ok := taken[r.First]; ok && other != r.ID {
			t.Errorf("two runs begin at %d", r.First)
		}
		first[r.ID], taken[r.First] = r.First, r.ID
	}
	if len(taken) != 3 {
		t.Errorf("%d runs, want 3", len(taken))
	}
}
