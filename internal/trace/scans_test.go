package trace_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"truynguon/configs"
	"truynguon/internal/store"
	"truynguon/internal/store/storetest"
	"truynguon/internal/trace"
)

// looked is a look at a lot's page.
func looked(b *trace.Batch, visitor string) trace.Scan {
	return trace.Scan{
		Batch: b.Code, Organisation: b.Organisation, UnitPath: b.UnitPath, State: b.State, Since: b.LastStep().At,
		Device: trace.Phone, Visitor: visitor,
	}
}

// alerted has numbers scanned that were never printed for a lot of htx-a, and answers the alert's id.
func (w *world) alerted(t testing.TB) string {
	t.Helper()
	w.CopyRules = must(trace.ParseCopyRules(configs.Scans))
	b := w.registered(t, "A-1", true).Doc
	for i := range 5 {
		s := looked(&b, fmt.Sprint(i))
		s.Serial, s.Status = "X", trace.SerialUnknown
		w.CountScan(s)
	}
	flushed(t, w.Ledger)
	list, _, err := w.CopyAlerts(t.Context(), w.admin, "htx-a", "", 1)
	must0(t, err)
	return list[0].Doc.ID
}

func flushed(t testing.TB, l *trace.Ledger) {
	t.Helper()
	if dropped, err := l.FlushScans(t.Context()); err != nil || dropped != 0 {
		t.Fatalf("%d dropped, %v", dropped, err)
	}
}

// Days begin in the ledger's zone, a phone that loads a page again is one visit, and nothing of a visitor is
// in the database.
func TestScans(t *testing.T) {
	w := newWorld(t)
	b := w.registered(t, "L-1", true).Doc
	other := w.registered(t, "L-2", true).Doc
	w.CountScan(looked(&b, "secret-1"))
	w.CountScan(looked(&b, "secret-1"))
	s := looked(&b, "secret-2")
	s.Device, s.Region = trace.Desktop, "VN-33"
	w.CountScan(s)
	s.Device = trace.Bot
	w.CountScan(s)
	flushed(t, w.Ledger)
	w.now = time.Date(2026, 11, 24, 23, 59, 0, 0, w.Zone)
	w.CountScan(looked(&b, "secret-1"))
	w.now = w.now.Add(2 * time.Minute)
	w.CountScan(looked(&b, "secret-1"))
	w.CountScan(looked(&other, "secret-1"))
	flushed(t, w.Ledger)
	flushed(t, w.Ledger) // nothing is counted twice

	r := must(w.Scans(t.Context(), w.staff, b.Code, "", ""))
	type day struct {
		Day    trace.Date
		N, V   int
		At     [3]int // scans at 0, 9 and 23 o'clock
		Phones int
	}
	var got []day
	for _, d := range r.Days {
		got = append(got, day{d.Day, d.Scans, d.Visits, [3]int{d.Hours[0], d.Hours[9], d.Hours[23]}, d.Devices[trace.Phone]})
	}
	want := []day{{"2026-11-24", 4, 3, [3]int{0, 3, 1}, 3}, {"2026-11-25", 1, 1, [3]int{1, 0, 0}, 1}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if r.Scans != 5 || r.Visits != 4 || r.Devices[trace.Desktop] != 1 || r.Regions["VN-33"] != 1 || r.From != "2026-10-27" {
		t.Errorf("the sum is %+v", r)
	}
	if org := must(w.OrganisationScans(t.Context(), w.official, "htx-a", "2026-11-25", "")); org.Scans != 2 {
		t.Errorf("htx-a: %+v", org)
	}
	top := must(w.TopScans(t.Context(), w.staff, "htx-a", "2026-11-01", 10))
	if diff := cmp.Diff([]trace.LotScans{{b.Code, 5, 4}, {other.Code, 1, 1}}, top); diff != "" {
		t.Error(diff)
	}
	if _, err := w.Scans(t.Context(), w.staff, b.Code, "2024-01-01", ""); told(err) != "/from scan_days" {
		t.Errorf("three years: %v", err)
	}
	for _, kind := range []string{"scan_day", "scan_item"} {
		for _, rec := range must(w.DB.Find(t.Context(), kind, store.Query{})).Records {
			if strings.Contains(string(rec.Body), "secret") {
				t.Errorf("a visitor is in the database: %s", rec.Body)
			}
		}
	}

	w.now = w.now.AddDate(0, 0, 30)
	if n := must(w.PruneScans(t.Context(), 30)); n != 2 { // the lot's and the organisation's first day
		t.Errorf("%d records are pruned", n)
	}
	if r := must(w.Scans(t.Context(), w.staff, b.Code, "2026-11-01", "2026-11-30")); r.Scans != 1 {
		t.Errorf("after pruning: %+v", r)
	}
}

// Whatever is scanned in whatever order, on two servers that write when they like and whose writes are lost
// now and then: what is counted is what was scanned.
func TestScansAddUp(t *testing.T) {
	w := newWorld(t)
	var lots []trace.Batch
	for i := range 3 {
		lots = append(lots, w.registered(t, fmt.Sprint("L-", i), true).Doc)
	}
	good := w.DB
	other := &trace.Ledger{DB: good, Base: w.Base, Zone: w.Zone, Now: w.Now}
	total := map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			server := rapid.SampledFrom([]*trace.Ledger{w.Ledger, other}).Draw(rt, "server")
			switch rapid.IntRange(0, 5).Draw(rt, "what") {
			case 0:
				flushed(t, server)
			case 1: // a write that is lost
				server.DB = storetest.Faulty(good, storetest.Fault{Write: rapid.IntRange(1, 4).Draw(rt, "write")})
				_, _ = server.FlushScans(t.Context())
				server.DB = good
			default:
				b := rapid.SampledFrom(lots).Draw(rt, "lot")
				server.CountScan(looked(&b, rapid.SampledFrom([]string{"a", "b", ""}).Draw(rt, "visitor")))
				total[b.Code]++
			}
		}
		flushed(t, w.Ledger)
		flushed(t, other)
		sum := 0
		for _, b := range lots {
			sum += total[b.Code]
			if r := must(w.Scans(t.Context(), w.staff, b.Code, "", "")); r.Scans != total[b.Code] || r.Visits > r.Scans {
				rt.Fatalf("%s: %d scans, %d visits, want %d scans", b.Lot, r.Scans, r.Visits, total[b.Code])
			}
		}
		if r := must(w.OrganisationScans(t.Context(), w.staff, "htx-a", "", "")); r.Scans != sum {
			rt.Fatalf("htx-a: %d, want %d", r.Scans, sum)
		}
	})
}

// Many at once, while two servers write.
func TestScansAtTheSameMoment(t *testing.T) {
	w := newWorld(t)
	b := w.registered(t, "L-1", true).Doc
	other := &trace.Ledger{DB: w.DB, Base: w.Base, Zone: w.Zone, Now: w.Now}
	var wg sync.WaitGroup
	for i := range 8 {
		server := []*trace.Ledger{w.Ledger, other}[i%2]
		wg.Go(func() {
			for j := range 200 {
				s := looked(&b, fmt.Sprint(i, j))
				s.Serial, s.Status = "X", trace.SerialKnown
				server.CountScan(s)
				server.CountDead(trace.DeadCode, fmt.Sprint("dead", j%5))
				if j%50 == 0 {
					if _, err := server.FlushScans(t.Context()); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	flushed(t, w.Ledger)
	flushed(t, other)
	if r := must(w.Scans(t.Context(), w.staff, b.Code, "", "")); r.Scans != 1600 || r.Visits != 1600 {
		t.Errorf("%d scans, %d visits, want 1600", r.Scans, r.Visits)
	}
	stamps, _, err := w.DeadStamps(t.Context(), w.official, "", "", 10)
	must0(t, err)
	n := 0
	for _, d := range stamps {
		n += d.Count
	}
	if n != 1600 || len(stamps) != 5 {
		t.Errorf("%d dead scans of %d, want 1600 of 5", n, len(stamps))
	}
}

// What leads to no lot is listed with what can be told, and strangers cannot fill the database.
func TestDeadStamps(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	code := trace.NewCode()
	for range 3 {
		w.CountDead(trace.DeadCode, strings.ToLower(code))
	}
	w.CountDead(trace.DeadCode, "0912 345 678")
	w.CountDead(trace.DeadCode, "\x00\n")
	w.CountDead(trace.DeadLink, "(01)09524999000017(10)"+strings.Repeat("X", 300))
	flushed(t, w.Ledger)
	stamps, _, err := w.DeadStamps(ctx, w.official, "2026-11-24", "", 10)
	must0(t, err)
	if len(stamps) != 3 || stamps[0].Text != trace.SpellCode(code) || stamps[0].Count != 3 {
		t.Errorf("%+v", stamps)
	}
	for _, d := range stamps {
		if strings.Contains(d.Text, "0912") || len(d.Text) > 100 {
			t.Errorf("%q is kept", d.Text)
		}
	}
	for i := range trace.MaxDeadStamps + 500 {
		w.CountDead(trace.DeadCode, fmt.Sprintf("forged%d", i))
		if i%300 == 299 {
			flushed(t, w.Ledger)
		}
	}
	w.CountDead(trace.DeadCode, code) // known already, so still counted
	flushed(t, w.Ledger)
	n := 0
	for range must(w.DB.Find(ctx, "dead_stamp", store.Query{Limit: 1000})).Records {
		n++
	}
	totals := must(w.DeadTotals(ctx, w.official))
	if len(totals) != 1 || totals[0].Keys != trace.MaxDeadStamps || totals[0].Rest != 503 {
		t.Errorf("%+v", totals)
	}
	stamps, _, err = w.DeadStamps(ctx, w.official, "", "", 1)
	must0(t, err)
	if stamps[0].Count != 4 {
		t.Errorf("%+v", stamps)
	}
}

// A serial that many scan is told to those whom it concerns and to whoever scans it, until an official has
// looked into it; a phone that loads its page again is nothing.
func TestCopyAlerts(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.CopyRules = must(trace.ParseCopyRules(configs.Scans))
	b := w.registered(t, "L-1", true).Doc
	run := must(w.RecordPrint(ctx, w.staff, items(b.Code, "t", 10)))
	serial := must(w.Serials(ctx, w.staff, &run))
	scan := func(serial string, visitor int) {
		s := looked(&b, fmt.Sprint(visitor))
		s.Serial, s.Status = serial, must(w.Serial(ctx, &b, serial)).Status
		w.CountScan(s)
	}
	alerts := func() []trace.Stored[trace.CopyAlert] {
		flushed(t, w.Ledger)
		list, _, err := w.CopyAlerts(ctx, w.official, "", "", 10)
		must0(t, err)
		return list
	}
	for range 500 {
		scan(serial(0), 1)
	}
	for i := range 39 {
		scan(serial(1), i)
	}
	if list := alerts(); len(list) != 0 {
		t.Fatalf("without reason: %+v", list)
	}
	scan(serial(1), 39)
	list := alerts()
	if len(list) != 1 || list[0].Doc.Serial != serial(1) || len(list[0].Doc.Reasons) != 1 || list[0].Doc.Reasons[0].Rule != trace.CopyOften {
		t.Fatalf("%+v", list)
	}
	if f := must(w.Serial(ctx, &b, serial(1))); !f.Copied || f.Status != trace.SerialKnown {
		t.Errorf("whoever scans it is told %+v", f)
	}
	id := list[0].Doc.ID
	for range 2 {
		must(w.NoteAlert(ctx, w.staff, id, trace.AlertDraft{State: "seen", Note: "Tem bày mẫu"}))
	}
	if _, err := w.NoteAlert(ctx, w.manager, id, trace.AlertDraft{State: "closed", Note: "x"}); told(err) != "not_yours" {
		t.Errorf("the organisation closes it itself: %v", err)
	}
	closed := must(w.NoteAlert(ctx, w.official, id, trace.AlertDraft{State: "closed", Note: "đã đến xem"})).Doc
	if len(closed.Notes) != 2 || must(w.Serial(ctx, &b, serial(1))).Copied {
		t.Errorf("%+v", closed)
	}
	w.now = w.now.Add(2 * time.Hour)
	scan(serial(1), 1000)
	if a := alerts()[0].Doc; a.State != trace.AlertClosed {
		t.Errorf("one more visit opens it again: %+v", a)
	}
	for i := range 40 {
		scan(serial(1), i)
	}
	if a := alerts()[0].Doc; a.State != trace.AlertOpen || len(a.Notes) != 2 {
		t.Errorf("forty more: %+v", a)
	}

	// Numbers that were never printed share one alert, and voided ones have their own.
	for i := range 6 {
		scan(trace.NewCode(), i)
	}
	must(w.VoidSerials(ctx, w.staff, trace.VoidDraft{Batch: b.Code, From: serial(5), Reason: "mất"}))
	scan(serial(5), 1)
	scan(serial(5), 2)
	rules := map[trace.CopyRule]string{}
	for _, a := range alerts() {
		for _, r := range a.Doc.Reasons {
			rules[r.Rule] = a.Doc.Serial
		}
	}
	if diff := cmp.Diff(map[trace.CopyRule]string{trace.CopyOften: serial(1), trace.CopyUnknown: "", trace.CopyVoided: serial(5)}, rules); diff != "" {
		t.Error(diff)
	}
}

// Each rule holds from its number on and not before, and what happens every day breaks none.
func TestCopyRules(t *testing.T) {
	rules := must(trace.ParseCopyRules(configs.Scans))
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	regions := must(trace.ParseRegions(strings.NewReader("10.0.0.0/8,HN,21.03,105.85\n11.0.0.0/8,SG,10.78,106.70\n12.0.0.0/8,HP,20.86,106.68\n13.0.0.0/8,XX\n")))
	every := func(n, hours int, regions ...string) (out []trace.Visited) {
		for i := range n {
			out = append(out, trace.Visited{HoursAgo: (n - 1 - i) * hours, Region: regions[i%len(regions)], N: 1})
		}
		return out
	}
	for _, c := range []struct {
		name   string
		visits []trace.Visited
		status trace.SerialStatus
		state  trace.State
		since  int // hours ago
		want   string
	}{
		{"a family passes a packet round", every(12, 1, ""), trace.SerialKnown, trace.Released, 0, ""},
		{"an item on display for two weeks", every(100, 3, "HN"), trace.SerialKnown, trace.Released, 0, ""},
		{"very many in a day", []trace.Visited{{HoursAgo: 3, N: 40}}, trace.SerialKnown, trace.Released, 0, "often 40 40"},
		{"the same over three days", []trace.Visited{{HoursAgo: 70, N: 20}, {HoursAgo: 40, N: 20}, {HoursAgo: 3, N: 20}}, trace.SerialKnown, trace.Released, 0, ""},
		{"very many in a month", every(150, 4, ""), trace.SerialKnown, trace.Released, 0, "often 150 150"},
		{"a phone that changes networks twice", every(3, 1, "HN", "SG"), trace.SerialKnown, trace.Released, 0, ""},
		{"to and fro across the country within hours", every(6, 1, "HN", "SG"), trace.SerialKnown, trace.Released, 0, "far 5 4"},
		{"to and fro between neighbours", every(20, 1, "HN", "HP"), trace.SerialKnown, trace.Released, 0, ""},
		{"flying once a day", every(10, 24, "HN", "SG"), trace.SerialKnown, trace.Released, 0, ""},
		{"regions whose place is not known", every(10, 1, "HN", "XX"), trace.SerialKnown, trace.Released, 0, ""},
		{"five regions in a day", every(5, 2, "A", "B", "C", "D", "E"), trace.SerialKnown, trace.Released, 0, "regions 5 5"},
		{"a voided label once", every(1, 1, ""), trace.SerialVoided, trace.Released, 0, ""},
		{"a voided label twice", every(2, 1, ""), trace.SerialVoided, trace.Released, 0, "voided 2 2"},
		{"numbers nobody printed, mistyped", every(4, 1, ""), trace.SerialUnknown, trace.Released, 0, ""},
		{"numbers nobody printed", every(5, 1, ""), trace.SerialUnknown, trace.Released, 0, "unknown 5 5"},
		{"people who look because of a recall", every(30, 1, ""), trace.SerialKnown, trace.Recalled, 48, ""},
		{"on sale long after a recall", every(5, 1, ""), trace.SerialKnown, trace.Recalled, 24 * 60, "withdrawn 5 5"},
	} {
		var got []string
		for _, r := range trace.Suspicions(rules, c.visits, c.status, c.state, c.since, now, regions.Distance) {
			got = append(got, fmt.Sprintf("%s %d %d", r.Rule, r.Seen, r.Limit))
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%s: %v, want %q", c.name, got, c.want)
		}
	}
	if got := trace.Suspicions(trace.CopyRules{}, every(200, 1, "HN", "SG"), trace.SerialVoided, trace.Recalled, 5000, now, regions.Distance); got != nil {
		t.Errorf("without rules: %v", got)
	}
	for _, bad := range []string{"often: 3", "oft: []", "unknown: {days: 91, visits: 1}", "far: {km: -1}"} {
		if _, err := trace.ParseCopyRules([]byte(bad)); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

func TestRegions(t *testing.T) {
	r := must(trace.ParseRegions(strings.NewReader("network,region\n# ours\n10.0.0.0/8,VN-33\n10.1.0.0/16,VN-HN,21.03,105.85\n2001:db8::/32,VN-SG,10.78,106.70\n")))
	for address, want := range map[string]string{
		"10.2.3.4": "VN-33", "10.1.3.4": "VN-HN", "::ffff:10.1.3.4": "VN-HN", "2001:db8::1%eth0": "VN-SG", "192.0.2.1": "", "": "", "x": "",
	} {
		if got := r.Of(address); got != want {
			t.Errorf("%s is in %q, want %q", address, got, want)
		}
	}
	if km, ok := r.Distance("VN-HN", "VN-SG"); !ok || km < 1100 || km > 1200 {
		t.Errorf("Hà Nội and Sài Gòn are %.0f km apart", km)
	}
	if _, ok := r.Distance("VN-HN", "VN-33"); ok {
		t.Error("where VN-33 is, nobody said")
	}
	var none *trace.Regions
	if _, ok := none.Distance("a", "b"); ok || none.Of("10.0.0.1") != "" {
		t.Error("no table knows something")
	}
	_, err := trace.ParseRegions(strings.NewReader("10.0.0.0/8,VN-33\n10.0.0.1,VN\n10.0.0.0/8\n10.0.0.0/8,A,95,1\n"))
	if err == nil || strings.Count(err.Error(), "line ") != 3 {
		t.Errorf("faults: %v", err)
	}
}

// FuzzRegions has no table stop the program.
func FuzzRegions(f *testing.F) {
	f.Add("10.0.0.0/8,VN-33\n", "10.1.2.3")
	f.Add("\"", "::1")
	f.Add("x,y\n::/0,A,1,2", "2001:db8::1")
	f.Fuzz(func(_ *testing.T, table, address string) {
		r, err := trace.ParseRegions(strings.NewReader(table))
		if err == nil {
			r.Distance(r.Of(address), "A")
		}
	})
}
