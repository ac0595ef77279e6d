// Package trace is the domain of Truy Nguồn: who grew what, in which lot, under which certificate,
// what happened to it, and what may be said of it to somebody who scans its code.
//
// Everything that changes goes through a verb of [Ledger]. A verb takes an [Actor] and a draft,
// decides whether the actor may, checks the draft and names every fault at once, and then writes in
// an order in which stopping anywhere is safe: the same call repeated ends in the same state. How a
// lot lives, step by step, is told in README.md beside this file.
package trace

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"truynguon/internal/blob"
	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// Ledger holds the records of the cooperatives and the rules about them. Its fields are set once,
// before the first call; its methods may be called concurrently.
type Ledger struct {
	// DB holds the records.
	DB store.DB
	// Blobs holds the documents' bytes.
	Blobs blob.Bucket
	// Base is what printed codes begin with, such as "https://id.example.vn", without a slash at
	// the end.
	Base string
	// Zone is the time zone in which a day begins and ends: dates on labels and certificates are
	// days of this zone.
	Zone *time.Location
	// Schemes are the kinds of certificate that are known, by their id.
	Schemes Schemes
	// Crops are the crops that a diary can be kept for, by their id.
	Crops Crops
	// DiaryRequired refuses the release also of lots of which no diary at all is kept.
	DiaryRequired bool
	// AreaTolerancePercent is by how much a declared area may differ from the boundary's before people are
	// asked to look again. 0 means 10.
	AreaTolerancePercent float64
	// Regions tells where network addresses are; nil knows none.
	Regions *Regions
	// CopyRules tell when a label may have been copied; the zero value suspects nothing.
	CopyRules CopyRules
	// Plan is what the register keeps about organisations, and the targets measured by it. Nil for none.
	Plan *Plan
	// Now tells the time; tests set it. Nil means time.Now.
	Now func() time.Time

	values     knownValues
	generation atomic.Uint64
	units      unitCache
	unmatched  unmatchedQueue
	rolls      rollSecret
	// holder is this program's name on leases.
	holderOnce sync.Once
	holder     string
	scans      scanQueue
}

// Generation counts the changes made through this ledger. Whoever caches what the ledger said may
// keep it while the number stays the same.
func (l *Ledger) Generation() uint64 { return l.generation.Load() }

// Today returns the current day in the ledger's time zone.
func (l *Ledger) Today() Date { return DateOf(l.now().In(l.zone())) }

func (l *Ledger) now() time.Time {
	if l.Now != nil {
		return l.Now()
	}
	return time.Now()
}

// stamp is the current time as records carry it: UTC, whole milliseconds, so that it is the same
// after a round trip through any database and in an event's hash.
func (l *Ledger) stamp() time.Time { return l.now().UTC().Truncate(time.Millisecond) }

func (l *Ledger) zone() *time.Location {
	if l.Zone != nil {
		return l.Zone
	}
	return time.UTC
}

// Ready reports whether the database and the document store answer, each by its name.
func (l *Ledger) Ready(ctx context.Context) map[string]error {
	var wg sync.WaitGroup
	var db, blobs error
	wg.Go(func() { db = l.DB.Ping(ctx) })
	wg.Go(func() { blobs = l.Blobs.Ping(ctx) })
	wg.Wait()
	return map[string]error{"database": db, "documents": blobs}
}

// found turns "there is no such record" into a field's fault and passes every other error on.
func found(p *fault.Problem, pointer, code string, err error) error {
	if errors.Is(err, fault.NotFound) {
		p.Add(pointer, code)
		return nil
	}
	return err
}
