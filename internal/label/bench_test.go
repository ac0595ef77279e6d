package label

import (
	"fmt"
	"io"
	"iter"
	"runtime"
	"testing"
)

// serials yields item labels, each with its own code.
func serials(n int) iter.Seq2[Label, error] {
	return func(yield func(Label, error) bool) {
		l := sampleOf(Kinds[1])
		for i := range n {
			l.Content = fmt.Sprintf("%s/21/%06d", link, i)
			l.Caption = []string{fmt.Sprintf("M4XK-79QF-%04d", i)}
			if !yield(l, nil) {
				return
			}
		}
	}
}

// BenchmarkRun prints ten thousand item labels; the heap that is live at the end does not depend on
// their number.
func BenchmarkRun(b *testing.B) {
	const n = 10_000
	for _, bb := range []struct {
		name, stock string
		write       func(Sheet, io.Writer) (Printed, error)
	}{
		{"pdf sheets", "a4-24", Sheet.WritePDF},
		{"pdf roll", "roll-50x30-300", Sheet.WritePDF},
		{"zpl", "roll-50x30-300", Sheet.WriteZPL},
	} {
		b.Run(bb.name, func(b *testing.B) {
			s := stock(b, bb.stock)
			b.ReportAllocs()
			var w counter
			for b.Loop() {
				if _, err := bb.write(Sheet{Stock: s, Labels: serials(n)}, &w); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(w.n)/float64(b.N)/n, "B/label")
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/n, "µs/label")
		})
	}
	b.Run("png", func(b *testing.B) {
		s := stock(b, "roll-50x30-300")
		b.ReportAllocs()
		for b.Loop() {
			for l, err := range serials(n / 10) {
				if err != nil {
					b.Fatal(err)
				}
				if err := encodePNG(io.Discard, s.Fit(l)); err != nil {
					b.Fatal(err)
				}
			}
		}
		b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/(n/10), "µs/label")
	})
}

// The memory that a run holds is that of a page, however many labels there are.
func TestMemoryDoesNotGrow(t *testing.T) {
	if testing.Short() {
		t.Skip("draws a thousand labels")
	}
	held := func(at int) uint64 {
		var live uint64
		n := 0
		labels := func(yield func(Label, error) bool) {
			for l, err := range serials(at) {
				if err != nil {
					yield(l, err)
					return
				}
				if n++; n == at {
					var m runtime.MemStats
					runtime.GC()
					runtime.ReadMemStats(&m)
					live = m.HeapAlloc
				}
				if !yield(l, nil) {
					return
				}
			}
		}
		if _, err := (Sheet{Stock: stock(t, "a4-65"), Labels: labels}).WritePDF(io.Discard); err != nil {
			t.Fatal(err)
		}
		return live
	}
	few, many := held(70), held(1100)
	t.Logf("%d kB after 70 labels, %d kB after 1,100", few>>10, many>>10)
	if many > few+256<<10 {
		t.Errorf("%d kB more", (many-few)>>10)
	}
}
