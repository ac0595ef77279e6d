package trace

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// How often a lot's page was opened is counted off the way of the request: CountScan adds to sums in memory,
// and FlushScans writes them down every few seconds. What a page's visitor leaves here is a day, an hour, the
// kind of device and, where the operator has a table of networks, a region. No address, no account and nothing
// of the browser's name is kept anywhere; an opaque word for the visitor is held in memory for an hour, so
// that one phone that loads a page again counts as one visit.
//
// A server that is killed loses what it had not written, some seconds' worth. A write that was done and whose
// answer was lost is repeated, so that in a failing network a count may be too high. Each server adds to a
// part of its own of a lot's day, chosen at random, so several servers seldom meet on one record; where they
// do, store.Table.Update has one try again.

// Device is the kind of device that opened a page.
type Device string

// The kinds of device. Bots, link previews and programs are not counted.
const (
	Phone       Device = "phone"
	Tablet      Device = "tablet"
	Desktop     Device = "desktop"
	OtherDevice Device = "other"
	Bot         Device = "bot"
)

// Devices lists the kinds that are counted.
var Devices = []Device{Phone, Tablet, Desktop, OtherDevice}

// Scan is one look at a lot's page.
type Scan struct {
	Batch        string
	Organisation string
	UnitPath     []string
	// State is the lot's, and Since when it came to it.
	State State
	Since time.Time
	// Serial is the serial number or roll code on the label, empty if it has none, and Status what is known
	// of it.
	Serial string
	Status SerialStatus
	Device Device
	// Region is where the network is, empty if that is not known.
	Region string
	// Visitor is an opaque word for who looked. It is not written down.
	Visitor string
}

// ScanDay is how often something was scanned on a day. A day has several parts.
type ScanDay struct {
	// Of is what was scanned: "batch/CODE", or "org/ID" for all lots of an organisation.
	Of   string `json:"of"`
	Day  Date   `json:"day"`
	Part string `json:"part,omitempty"`
	// Organisation is the lot's.
	Organisation string `json:"organisation,omitempty"`
	// Scans counts looks at the page, and Visits those of them by visitors who had not looked at the same in
	// the same hour.
	Scans  int `json:"scans"`
	Visits int `json:"visits"`
	// Hours counts scans by the hour of the day, Devices and Regions by device and region.
	Hours   [24]int        `json:"hours"`
	Devices map[Device]int `json:"devices,omitempty"`
	Regions map[string]int `json:"regions,omitempty"`
}

// maxRegions bounds the different regions of a day; scans of further ones count without region.
const maxRegions = 200

func (d *ScanDay) add(o *ScanDay) {
	d.Scans += o.Scans
	d.Visits += o.Visits
	for i, n := range o.Hours {
		d.Hours[i] += n
	}
	if d.Devices == nil {
		d.Devices = map[Device]int{}
	}
	for k, n := range o.Devices {
		d.Devices[k] += n
	}
	if d.Regions == nil {
		d.Regions = map[string]int{}
	}
	for k, n := range o.Regions {
		if _, ok := d.Regions[k]; ok || len(d.Regions) < maxRegions {
			d.Regions[k] += n
		}
	}
}

var scanDays = store.Table[ScanDay]{
	Kind: "scan_day",
	Key:  func(d *ScanDay) string { return d.Of + "/" + string(d.Day) + "/" + d.Part },
	Sort: func(d *ScanDay) string { return string(d.Day) },
	Terms: func(d *ScanDay) []string {
		if d.Organisation == "" {
			return []string{"of=" + d.Of}
		}
		return []string{"of=" + d.Of, "lots=" + d.Organisation}
	},
}

// The bounds of what waits to be written. What comes beyond them is not counted; a page never waits.
const (
	maxWaiting  = 20_000 // sums of lots, organisations and items
	maxVisitors = 200_000
	scanParts   = 16
)

// scanQueue holds the sums that wait to be written.
type scanQueue struct {
	sync.Mutex
	part  string
	days  map[string]*ScanDay  // by Of and Day
	items map[string]*scanItem // by key
	dead  deadQueue
	// seen are the visits of the hour.
	seen    map[[3]string]struct{}
	hour    time.Time
	dropped int
}

// CountScan counts a look at a lot's page. It takes no time and cannot fail.
func (l *Ledger) CountScan(s Scan) {
	if s.Device == Bot || s.Batch == "" {
		return
	}
	now := l.now()
	local := now.In(l.zone())
	hour := now.UTC().Truncate(time.Hour)
	q := &l.scans
	q.Lock()
	defer q.Unlock()
	visit := q.firstTime(s, hour)
	one := ScanDay{Scans: 1, Day: DateOf(local), Devices: map[Device]int{s.Device: 1}}
	if visit {
		one.Visits = 1
	}
	one.Hours[local.Hour()] = 1
	if s.Region != "" {
		one.Regions = map[string]int{s.Region: 1}
	}
	q.addDay("batch/"+s.Batch, s.Organisation, &one)
	q.addDay("org/"+s.Organisation, "", &one)
	if s.Serial != "" {
		q.addItem(s, hour, visit)
	}
}

// firstTime reports whether the visitor has not looked at the same within the hour.
func (q *scanQueue) firstTime(s Scan, hour time.Time) bool {
	if s.Visitor == "" {
		return true
	}
	if q.seen == nil || !q.hour.Equal(hour) {
		q.seen, q.hour = map[[3]string]struct{}{}, hour
	}
	key := [3]string{s.Visitor, s.Batch, s.Serial}
	if _, ok := q.seen[key]; ok || len(q.seen) >= maxVisitors {
		return false
	}
	q.seen[key] = struct{}{}
	return true
}

func (q *scanQueue) addDay(of, org string, one *ScanDay) {
	key := of + "/" + string(one.Day)
	sum := q.days[key]
	if sum == nil {
		if len(q.days)+len(q.items) >= maxWaiting {
			q.dropped++
			return
		}
		if q.days == nil {
			q.days = map[string]*ScanDay{}
		}
		sum = &ScanDay{Of: of, Day: one.Day, Organisation: org}
		q.days[key] = sum
	}
	sum.add(one)
}

// FlushScans writes what was counted since the last call. The program calls it every few seconds and when it
// stops. What cannot be written is kept for the next call. It answers how many scans had to be left out
// because too many different ones were waiting.
func (l *Ledger) FlushScans(ctx context.Context) (dropped int, err error) {
	defer fault.Wrap(&err, "Ledger.FlushScans")
	q := &l.scans
	q.Lock()
	if q.part == "" {
		q.part = strconv.Itoa(rand.N(scanParts))
	}
	part, days, items, dead := q.part, q.days, q.items, q.dead
	dropped, q.dropped = q.dropped, 0
	q.days, q.items, q.dead = nil, nil, deadQueue{}
	q.Unlock()
	for _, sum := range days {
		if err == nil {
			err = l.writeDay(ctx, *sum, part)
			if err == nil {
				continue
			}
		}
		q.Lock()
		q.addDay(sum.Of, sum.Organisation, sum)
		q.Unlock()
	}
	for key, item := range items {
		if err == nil {
			err = l.writeItem(ctx, item)
			if err == nil {
				continue
			}
		}
		q.Lock()
		q.mergeItem(key, item)
		q.Unlock()
	}
	if err == nil {
		err = l.writeDead(ctx, &dead)
	}
	q.Lock()
	q.dead.merge(&dead)
	q.Unlock()
	return dropped, err
}

func (l *Ledger) writeDay(ctx context.Context, sum ScanDay, part string) error {
	sum.Part = part
	fresh := ScanDay{Of: sum.Of, Day: sum.Day, Part: part, Organisation: sum.Organisation}
	_, err := put(ctx, l, scanDays, scanDays.Key(&sum), fresh, func(d *ScanDay) error {
		*d = d.copied() // put may call this again
		d.add(&sum)
		return nil
	})
	return err
}

// copied shares no map.
func (d *ScanDay) copied() ScanDay {
	c := *d
	c.Devices, c.Regions = maps.Clone(d.Devices), maps.Clone(d.Regions)
	return c
}

// ScanReport is how often something was scanned over some days.
type ScanReport struct {
	// From and To are the first and the last day.
	From Date `json:"from"`
	To   Date `json:"to"`
	// Scans, Visits, Devices and Regions are the sums of Days.
	Scans   int            `json:"scans"`
	Visits  int            `json:"visits"`
	Devices map[Device]int `json:"devices"`
	Regions map[string]int `json:"regions"`
	// Days are those with scans, oldest first.
	Days []ScanDay `json:"days"`
}

// MaxScanDays bounds the days of one report.
const MaxScanDays = 400

// Scans answers how often a lot was scanned, to those who may read its records. Without days it is the last
// thirty.
func (l *Ledger) Scans(ctx context.Context, by Actor, batch string, from, to Date) (r ScanReport, err error) {
	defer fault.Wrap(&err, "Ledger.Scans(%q)", batch)
	if by.Role == Buyer {
		return r, by.denied()
	}
	b, err := l.Batch(ctx, by, batch)
	if err != nil {
		return r, err
	}
	return l.scanReport(ctx, "batch/"+b.Doc.Code, from, to)
}

// OrganisationScans answers how often an organisation's lots were scanned, to those who may read its records.
func (l *Ledger) OrganisationScans(ctx context.Context, by Actor, org string, from, to Date) (r ScanReport, err error) {
	defer fault.Wrap(&err, "Ledger.OrganisationScans(%q)", org)
	if by.Role == "" || by.Role == Buyer {
		return r, by.denied()
	}
	if err := l.readable(ctx, by, org); err != nil {
		return r, err
	}
	return l.scanReport(ctx, "org/"+org, from, to)
}

func (l *Ledger) scanReport(ctx context.Context, of string, from, to Date) (r ScanReport, err error) {
	var p fault.Problem
	r.From, r.To = date(&p, "/from", string(from)), date(&p, "/to", string(to))
	if r.To == "" {
		r.To = l.Today()
	}
	if err := p.Err(); err != nil {
		return r, err
	}
	if r.From == "" {
		r.From = DateOf(r.To.Time(time.UTC).AddDate(0, 0, -29))
	}
	if span := r.To.Time(time.UTC).Sub(r.From.Time(time.UTC)); span < 0 || span >= MaxScanDays*24*time.Hour {
		p.Add("/from", "scan_days", MaxScanDays)
		return r, p.Err()
	}
	r.Devices, r.Regions, r.Days = map[Device]int{}, map[string]int{}, []ScanDay{}
	q := store.Query{Term: "of=" + of, From: string(r.From), To: string(r.To) + "!", Limit: store.MaxLimit}
	for row, err := range scanDays.All(ctx, l.DB, q) {
		if err != nil {
			return r, err
		}
		d := row.Value
		if n := len(r.Days); n == 0 || r.Days[n-1].Day != d.Day {
			r.Days = append(r.Days, ScanDay{Of: d.Of, Day: d.Day})
		}
		r.Days[len(r.Days)-1].add(&d)
		sum := ScanDay{Scans: r.Scans, Visits: r.Visits, Devices: r.Devices, Regions: r.Regions}
		sum.add(&d)
		r.Scans, r.Visits = sum.Scans, sum.Visits
	}
	return r, nil
}

// LotScans is how often a lot was scanned.
type LotScans struct {
	Batch  string
	Scans  int
	Visits int
}

// maxLotRows bounds the records that TopScans adds up.
const maxLotRows = 5 * store.MaxLimit

// TopScans answers the lots of an organisation that were scanned most since a day, at most n, to those who
// may read its records.
func (l *Ledger) TopScans(ctx context.Context, by Actor, org string, since Date, n int) (out []LotScans, err error) {
	defer fault.Wrap(&err, "Ledger.TopScans(%q)", org)
	if by.Role == "" || by.Role == Buyer {
		return nil, by.denied()
	}
	if err := l.readable(ctx, by, org); err != nil {
		return nil, err
	}
	sums := map[string]*LotScans{}
	rows := 0
	for row, err := range scanDays.All(ctx, l.DB, store.Query{Term: "lots=" + org, From: string(since), Desc: true, Limit: store.MaxLimit}) {
		if err != nil {
			return nil, err
		}
		if rows++; rows > maxLotRows {
			break
		}
		code := row.Value.Of[len("batch/"):]
		if sums[code] == nil {
			sums[code] = &LotScans{Batch: code}
		}
		sums[code].Scans += row.Value.Scans
		sums[code].Visits += row.Value.Visits
	}
	for _, s := range sums {
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b LotScans) int {
		if a.Scans != b.Scans {
			return b.Scans - a.Scans
		}
		if a.Batch < b.Batch {
			return -1
		}
		return 1
	})
	return out[:min(n, len(out))], nil
}

// PruneScans deletes counts of days more than so many days ago, and what is remembered of items that nobody
// has scanned since. It answers how many records. Alerts are decisions and stay.
func (l *Ledger) PruneScans(ctx context.Context, days int) (n int, err error) {
	defer fault.Wrap(&err, "Ledger.PruneScans")
	before := string(DateOf(l.now().In(l.zone()).AddDate(0, 0, -days)))
	for _, prune := range []func() (int, error){
		func() (int, error) { return pruned(ctx, l, scanDays, before) },
		func() (int, error) { return pruned(ctx, l, scanItems, before) },
		func() (int, error) { return pruned(ctx, l, deadStamps, before) },
		func() (int, error) { return pruned(ctx, l, deadTotals, before) },
	} {
		m, err := prune()
		n += m
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// pruned deletes the records of a kind whose Sort is before a day.
func pruned[T any](ctx context.Context, l *Ledger, t store.Table[T], before string) (n int, err error) {
	for {
		rows, _, err := t.Find(ctx, l.DB, store.Query{To: before, Limit: store.MaxLimit})
		if err != nil || len(rows) == 0 {
			return n, err
		}
		for _, r := range rows {
			switch err := t.Delete(ctx, l.DB, r.Key, r.Rev); {
			case err == nil:
				n++
			case errors.Is(err, fault.NotFound) || errors.Is(err, fault.Stale): // by another server
			default:
				return n, err
			}
		}
		if len(rows) < store.MaxLimit {
			return n, nil
		}
	}
}
