package trace_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"truynguon/internal/epcis"
	"truynguon/internal/store/sqlite"
	"truynguon/internal/trace"
)

// BenchmarkQueryEvents asks among many events: TRUYNGUON_BENCH_EVENTS of them, 10,000 if that is not set.
// They are spread over a year, two organisations and twenty steps; each item has four.
func BenchmarkQueryEvents(b *testing.B) {
	n, err := strconv.Atoi(os.Getenv("TRUYNGUON_BENCH_EVENTS"))
	if err != nil {
		n = 10_000
	}
	db, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "bench.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	w := settle(b, db)
	steps := epcis.BizSteps()[:20]
	from := time.Date(2025, 12, 1, 0, 0, 0, 0, time.UTC)
	var all sync.WaitGroup
	for part := range 32 {
		all.Go(func() {
			for i := part; i < n; i += 32 {
				at := from.Add(time.Duration(int64(i)*350*24*3600/int64(n)) * time.Second)
				by := []trace.Actor{w.staff, w.neighbour}[i%2]
				e := epcis.Event{
					Type: epcis.ObjectEvent, EventTime: at, EventTimeZoneOffset: "+07:00", Action: epcis.Observe, BizStep: steps[i%20],
					EPCList:   []string{fmt.Sprintf("https://id.gs1.org/01/09524001000025/21/S%d", i/4)},
					ReadPoint: fmt.Sprintf("https://id.gs1.org/414/9524001000018/254/K%d", i%50),
				}
				if _, err := w.CaptureEvent(b.Context(), by, must(e.Encode())); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	for _, c := range []struct {
		name string
		by   trace.Actor
		ask  map[string][]string
	}{
		{"epc", w.admin, map[string][]string{"MATCH_epc": {fmt.Sprintf("https://id.gs1.org/01/09524001000025/21/S%d", n/8)}}},
		{"epc by its keeper", w.staff, map[string][]string{"MATCH_epc": {fmt.Sprintf("https://id.gs1.org/01/09524001000025/21/S%d", n/8)}}},
		{"bizStep and a week", w.admin, map[string][]string{"EQ_bizStep": {steps[3]}, "GE_eventTime": {"2026-06-01T00:00:00Z"}, "LT_eventTime": {"2026-06-08T00:00:00Z"}}},
		{"bizStep and a week by its keeper", w.staff, map[string][]string{"EQ_bizStep": {steps[4]}, "GE_eventTime": {"2026-06-01T00:00:00Z"}, "LT_eventTime": {"2026-06-08T00:00:00Z"}}},
		{"the newest thirty", w.admin, map[string][]string{"orderBy": {"eventTime"}, "eventCountLimit": {"30"}}},
	} {
		q := must(epcis.ParseQuery(c.ask, nil))
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				found, _, err := w.QueryEvents(b.Context(), c.by, q, "", 30)
				if err != nil || len(found) == 0 {
					b.Fatal(len(found), err)
				}
			}
		})
	}
}
