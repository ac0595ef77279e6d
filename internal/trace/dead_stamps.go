package trace

import (
	"context"
	"fmt"
	"slices"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// DeadKind is what kind of thing was scanned that leads to no lot.
type DeadKind string

// The kinds of dead stamps.
const (
	DeadCode   DeadKind = "code"   // a code that was never given
	DeadLink   DeadKind = "link"   // a GS1 Digital Link of nothing known here
	DeadSerial DeadKind = "serial" // a serial number that was printed for no label of the lot
	DeadFree   DeadKind = "free"   // a label of a roll that no lot has claimed
	DeadVoided DeadKind = "voided" // a label of a roll that was voided before a lot claimed it
)

// DeadKinds lists the kinds.
var DeadKinds = []DeadKind{DeadCode, DeadLink, DeadSerial, DeadFree, DeadVoided}

// DeadStamp is something on a package that leads to no lot, with how often it was scanned on a day.
type DeadStamp struct {
	Day  Date     `json:"day"`
	Kind DeadKind `json:"kind"`
	// Text is the code as scanned, at most 100 characters; what might be somebody's telephone or identity
	// number or address is a fingerprint, see Unmatched.
	Text  string `json:"text"`
	Count int    `json:"count"`
}

// DeadTotal is what is kept of a day besides its dead stamps.
type DeadTotal struct {
	Day Date `json:"day"`
	// Keys is how many different ones were written down, at most MaxDeadStamps.
	Keys int `json:"keys"`
	// Rest counts scans of further ones: a program that tries codes shall not fill the database.
	Rest int `json:"rest"`
}

// MaxDeadStamps is how many different dead stamps are written down for a day.
const MaxDeadStamps = 2000

var (
	deadStamps = store.Table[DeadStamp]{
		Kind:  "dead_stamp",
		Key:   func(d *DeadStamp) string { return string(d.Day) + "/" + string(d.Kind) + "/" + d.Text },
		Sort:  func(d *DeadStamp) string { return fmt.Sprintf("%s %09d", d.Day, min(d.Count, 999_999_999)) },
		Terms: func(*DeadStamp) []string { return nil },
	}
	deadTotals = store.Table[DeadTotal]{
		Kind:  "dead_total",
		Key:   func(d *DeadTotal) string { return string(d.Day) },
		Sort:  func(d *DeadTotal) string { return string(d.Day) },
		Terms: func(*DeadTotal) []string { return nil },
	}
)

// deadQueue holds the counts that wait to be written.
type deadQueue struct {
	counts map[DeadStamp]int // Count being 0
	rest   map[Date]int
}

// maxDeadWaiting bounds the different ones that wait; one question reads so many.
const maxDeadWaiting = 900

func (q *deadQueue) add(d DeadStamp, n int) {
	if _, ok := q.counts[d]; !ok && len(q.counts) >= maxDeadWaiting {
		q.addRest(d.Day, n)
		return
	}
	if q.counts == nil {
		q.counts = map[DeadStamp]int{}
	}
	q.counts[d] += n
}

func (q *deadQueue) addRest(day Date, n int) {
	if q.rest == nil {
		q.rest = map[Date]int{}
	}
	q.rest[day] += n
}

func (q *deadQueue) merge(o *deadQueue) {
	for d, n := range o.counts {
		q.add(d, n)
	}
	for day, n := range o.rest {
		q.addRest(day, n)
	}
}

// CountDead counts a scan that leads to no lot. It takes no time and cannot fail.
func (l *Ledger) CountDead(kind DeadKind, asked string) {
	text := deadText(kind, asked)
	if text == "" {
		return
	}
	d := DeadStamp{Day: l.Today(), Kind: kind, Text: text}
	q := &l.scans
	q.Lock()
	defer q.Unlock()
	q.dead.add(d, 1)
}

// deadText is what is kept of what was scanned.
func deadText(kind DeadKind, asked string) string {
	asked = tidyQuery(asked)
	if code, ok := printedCode(asked); ok {
		return SpellCode(code)
	}
	switch kind {
	case DeadSerial, DeadLink: // numbers of things, in letters that such numbers are made of
		return cut(asked, 100)
	}
	return unmatchedText(asked)
}

// writeDead writes counts and takes what is written out of the queue.
func (l *Ledger) writeDead(ctx context.Context, q *deadQueue) error {
	byDay := map[Date][]DeadStamp{}
	for d := range q.counts {
		byDay[d.Day] = append(byDay[d.Day], d)
	}
	for day := range q.rest {
		if _, ok := byDay[day]; !ok {
			byDay[day] = nil
		}
	}
	for day, stamps := range byDay { // one, or two at midnight
		var keys []string
		for _, d := range stamps {
			keys = append(keys, deadStamps.Key(&d))
		}
		there, err := deadStamps.GetMany(ctx, l.DB, keys)
		if err != nil {
			return err
		}
		fresh := func(d DeadStamp) bool { _, ok := there[deadStamps.Key(&d)]; return !ok }
		slices.SortFunc(stamps, func(a, b DeadStamp) int { return q.counts[b] - q.counts[a] })
		var grant int
		_, err = put(ctx, l, deadTotals, string(day), DeadTotal{Day: day}, func(t *DeadTotal) error {
			left, rest := max(0, MaxDeadStamps-t.Keys), q.rest[day]
			grant = 0
			for _, d := range stamps {
				switch {
				case !fresh(d):
				case grant < left:
					grant++
				default:
					rest += q.counts[d]
				}
			}
			t.Keys += grant
			t.Rest += rest
			return nil
		})
		if err != nil {
			return err
		}
		delete(q.rest, day)
		for _, d := range stamps {
			if fresh(d) {
				if grant--; grant < 0 { // it went into the rest
					delete(q.counts, d)
				}
			}
		}
		for _, d := range stamps {
			n, ok := q.counts[d]
			if !ok {
				continue
			}
			if _, err := put(ctx, l, deadStamps, deadStamps.Key(&d), d, func(d *DeadStamp) error {
				d.Count += n
				return nil
			}); err != nil {
				return err
			}
			delete(q.counts, d)
		}
	}
	return nil
}

// DeadStamps answers a page of the dead stamps of a day, the most scanned first; an empty day means all days,
// the newest first. Officials and admins may ask.
func (l *Ledger) DeadStamps(ctx context.Context, by Actor, day Date, after string, limit int) (out []DeadStamp, next string, err error) {
	defer fault.Wrap(&err, "Ledger.DeadStamps(%q)", day)
	if by.Role != Admin && by.Role != Official {
		return nil, "", by.denied()
	}
	q := store.Query{Desc: true, After: after, Limit: limit}
	if day != "" {
		q.From, q.To = string(day), string(day)+"!" // "!" follows the space after the day
	}
	rows, next, err := deadStamps.Find(ctx, l.DB, q)
	if err != nil {
		return nil, "", err
	}
	for _, r := range rows {
		out = append(out, r.Value)
	}
	return out, next, nil
}

// DeadTotals answers what is kept of the latest days besides their dead stamps, the newest first, at most
// thirty. Officials and admins may ask.
func (l *Ledger) DeadTotals(ctx context.Context, by Actor) (out []DeadTotal, err error) {
	defer fault.Wrap(&err, "Ledger.DeadTotals")
	if by.Role != Admin && by.Role != Official {
		return nil, by.denied()
	}
	rows, _, err := deadTotals.Find(ctx, l.DB, store.Query{Desc: true, Limit: 30})
	for _, r := range rows {
		out = append(out, r.Value)
	}
	return out, err
}
