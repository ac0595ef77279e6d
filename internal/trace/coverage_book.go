package trace

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// Coverage is kept in books: what a month's lots of one product come to, and the lots among them that
// miss something. A book is always made anew from the lots themselves and never added to, so that it
// cannot drift away from them. What may change it leaves a mark before it is written (affects, in
// tables.go), and RefreshCoverage makes the books with marks anew, off the way of whoever made the change.

// coverageDay is what the lots come to that were released first on one day.
type coverageDay struct {
	Lots     int `json:"n"`
	Complete int `json:"ok"`
	// Missing counts lots by what they miss; a lot that misses two things counts under both.
	Missing map[string]int `json:"miss,omitempty"`
}

// coverageBook is what the lots of a product come to that were released first in one month.
type coverageBook struct {
	Product      string                `json:"product"`
	Organisation string                `json:"organisation"`
	Month        string                `json:"month"`
	Days         map[Date]*coverageDay `json:"days"`
	// At is when it was made.
	At time.Time `json:"at"`
}

var coverageBooks = store.Table[coverageBook]{
	Kind:  "coverage",
	Key:   func(b *coverageBook) string { return b.Product + "/" + b.Month },
	Sort:  func(b *coverageBook) string { return b.Month },
	Terms: func(b *coverageBook) []string { return []string{"product=" + b.Product, "org=" + b.Organisation} },
}

// CoverageGap is a released lot that is not in the numerator, with what it misses.
type CoverageGap struct {
	// Batch is the lot's code, Lot its number.
	Batch        string `json:"batch"`
	Lot          string `json:"lot"`
	Organisation string `json:"organisation"`
	Product      string `json:"product"`
	// Released is the day on which it came on the market first.
	Released Date `json:"released"`
	// Missing are codes with the catalogue keys "missing."+code, in alphabetical order.
	Missing []string `json:"missing"`
	// UnitPath are the units of its organisation when the lot was registered.
	UnitPath []string `json:"unitPath"`
}

var coverageGapTable = store.Table[CoverageGap]{
	Kind: "coverage_gap",
	Key:  func(g *CoverageGap) string { return g.Batch },
	Sort: func(g *CoverageGap) string { return string(g.Released) },
	Terms: func(g *CoverageGap) []string {
		return append(prefixed("unit=", g.UnitPath), "org="+g.Organisation, "product="+g.Product,
			"book="+g.Product+"/"+string(g.Released[:7]))
	},
}

// coverageMark tells that a book may no longer be right: of one month ("month/PRODUCT/2026-11"), of a
// product, or of all that an organisation sells.
type coverageMark struct {
	Key   string    `json:"key"`
	Since time.Time `json:"since"`
	// At is when the books are to be made anew: at once, and again when whatever set the mark must have
	// been written.
	At time.Time `json:"at"`
}

var coverageMarks = store.Table[coverageMark]{
	Kind:  "coverage_mark",
	Key:   func(m *coverageMark) string { return m.Key },
	Sort:  func(m *coverageMark) string { return sortTime(m.At) },
	Terms: func(*coverageMark) []string { return nil },
}

// markCoverage notes that books may change.
func (l *Ledger) markCoverage(ctx context.Context, keys ...string) error {
	now := l.stamp()
	for _, key := range keys {
		_, err := put(ctx, l, coverageMarks, key, coverageMark{Key: key}, func(m *coverageMark) error {
			if m.At.Equal(now) {
				return nil
			}
			m.Since, m.At = now, now
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// releaseMonth is the term and mark of the book that a lot is in, nothing for one never released.
func releaseMonth(b *Batch, zone *time.Location) string {
	for _, s := range b.Steps {
		if s.State == Released {
			return "month/" + b.Product + "/" + s.At.In(zone).Format("2006-01")
		}
	}
	return ""
}

// releaseTerm finds the lots of a product that were released first around a month. Terms know no time
// zone, so a lot of the first or last hours of a month may stand under its neighbour; whoever asks looks
// at both and at the lots' own days.
func releaseTerms(b *Batch) []string {
	if key := releaseMonth(b, time.UTC); key != "" {
		return []string{key}
	}
	return nil
}

// What a change may alter, as marks. Each is called with the record as it will be.
func affectsOfBatch(l *Ledger, b *Batch) []string {
	if key := releaseMonth(b, l.zone()); key != "" {
		return []string{key}
	}
	return nil
}

func affectsOfEvent(_ *Ledger, e *Event) []string {
	if step, ok := StepByID(e.Step); ok && !step.Offered {
		return nil // it follows from the lot's record, which leaves the mark
	}
	if e.Batch == "" {
		return nil // it is no part of a lot's story
	}
	return []string{"lot/" + e.Batch}
}

func affectsOfCertificate(_ *Ledger, c *Certificate) []string {
	return []string{"org/" + c.Organisation}
}

func affectsOfOrg(_ *Ledger, o *Organisation) []string { return []string{"org/" + o.ID} }

func affectsOfPlace(_ *Ledger, p *Place) []string { return []string{"org/" + p.Organisation} }

func affectsOfProduct(_ *Ledger, p *Product) []string { return []string{"product/" + p.ID} }

func affectsOfRecall(_ *Ledger, r *Recall) []string { return prefixed("lot/", r.Batches) }

func affectsOfDocument(_ *Ledger, d *Document) []string { return []string{"org/" + d.Organisation} }

// coverageLease lets one server at a time make books.
type coverageLease struct {
	Name   string    `json:"name"`
	Holder string    `json:"holder"`
	Until  time.Time `json:"until"`
}

var leases = store.Table[coverageLease]{
	Kind:  "lease",
	Key:   func(c *coverageLease) string { return c.Name },
	Sort:  func(*coverageLease) string { return "" },
	Terms: func(*coverageLease) []string { return nil },
}

var errLeased = errors.New("another server is at it")

// lease takes or renews a lease, and fails with errLeased if another server has it.
func (l *Ledger) lease(ctx context.Context, name string, length time.Duration) error {
	l.holderOnce.Do(func() { l.holder = NewCode() })
	_, err := put(ctx, l, leases, name, coverageLease{Name: name}, func(c *coverageLease) error {
		now := l.stamp()
		if c.Holder != l.holder && now.Before(c.Until) {
			return errLeased
		}
		c.Holder, c.Until = l.holder, now.Add(length)
		return nil
	})
	return err
}

// coverageLeaseTime is longer than making one book takes.
const coverageLeaseTime = 2 * time.Minute

// RefreshCoverage makes the books anew that marks ask for, and answers how many it made. The program
// calls it every few seconds; where several servers share a database one of them does it. It ends when
// the context does, and goes on from there the next time.
func (l *Ledger) RefreshCoverage(ctx context.Context) (made int, err error) {
	defer fault.Wrap(&err, "Ledger.RefreshCoverage")
	for {
		page, _, err := coverageMarks.Find(ctx, l.DB, store.Query{To: sortTime(l.stamp().Add(time.Millisecond)), Limit: 200})
		if err != nil || len(page) == 0 {
			return made, err
		}
		if err := l.lease(ctx, "coverage", coverageLeaseTime); err != nil {
			if errors.Is(err, errLeased) {
				return made, nil
			}
			return made, err
		}
		for _, row := range page {
			n, err := l.obeyMark(ctx, row)
			if err != nil {
				return made, err
			}
			made += n
		}
	}
}

// obeyMark does what a mark asks for, and takes it away or, while what set it may still be under way, puts
// it off.
func (l *Ledger) obeyMark(ctx context.Context, row store.Row[coverageMark]) (made int, err error) {
	if err := l.lease(ctx, "coverage", coverageLeaseTime); err != nil {
		return 0, err
	}
	what, id, _ := strings.Cut(row.Key, "/")
	switch what {
	case "month":
		product, month := id[:strings.LastIndexByte(id, '/')], id[strings.LastIndexByte(id, '/')+1:]
		if err := l.makeBook(ctx, product, month); err != nil {
			return 0, err
		}
		made = 1
	case "lot":
		b, err := batches.get(ctx, l, id)
		if err != nil && !errors.Is(err, fault.NotFound) {
			return 0, err
		}
		if key := releaseMonth(&b.Doc, l.zone()); key != "" {
			if err := l.markCoverage(ctx, key); err != nil {
				return 0, err
			}
		}
	default: // a product, or all of an organisation
		term := what + "=" + id
		for book, err := range coverageBooks.All(ctx, l.DB, store.Query{Term: term, Limit: 1000}) {
			if err != nil {
				return 0, err
			}
			if err := l.markCoverage(ctx, "month/"+book.Key); err != nil {
				return 0, err
			}
		}
	}
	now := l.stamp()
	if settled := row.Value.Since.Add(patience); now.Before(settled) {
		row.Value.At = settled
		_, err = coverageMarks.UpdateAt(ctx, l.DB, row.Key, row.Rev, func(m *coverageMark) error { *m = row.Value; return nil })
	} else {
		err = coverageMarks.Delete(ctx, l.DB, row.Key, row.Rev)
	}
	if errors.Is(err, fault.Stale) || errors.Is(err, fault.NotFound) {
		err = nil // it was set again meanwhile
	}
	return made, err
}

// makeBook makes the book of a product's month anew from its lots.
func (l *Ledger) makeBook(ctx context.Context, product, month string) error {
	book := coverageBook{Product: product, Month: month, Days: map[Date]*coverageDay{}, At: l.stamp()}
	gaps := map[string]CoverageGap{}
	first, err := time.ParseInLocation("2006-01", month, l.zone())
	if err != nil {
		return nil //nolint:nilerr // a mark that nothing here has made asks for nothing
	}
	// The month in the ledger's zone lies in one or two months of UTC.
	terms := []string{"month/" + product + "/" + first.UTC().Format("2006-01")}
	if last := "month/" + product + "/" + first.AddDate(0, 1, 0).Add(-time.Millisecond).UTC().Format("2006-01"); last != terms[0] {
		terms = append(terms, last)
	}
	after := ""
	for {
		page, next, err := batches.find(ctx, l, store.Query{Any: terms, Limit: 500, After: after})
		if err != nil {
			return err
		}
		lots := make(map[string]Stored[Batch], len(page))
		for _, b := range page {
			if day, ok := l.everReleased(&b.Doc); ok && string(day[:7]) == month {
				lots[b.Doc.Code] = b
			}
		}
		if err := l.enter(ctx, &book, gaps, lots); err != nil {
			return err
		}
		if after = next; next == "" {
			break
		}
		if err := l.lease(ctx, "coverage", coverageLeaseTime); err != nil {
			return err
		}
	}
	if err := l.fileGaps(ctx, product+"/"+month, gaps); err != nil {
		return err
	}
	_, err = put(ctx, l, coverageBooks, product+"/"+month, book, func(b *coverageBook) error { *b = book; return nil })
	return err
}

// enter enters lots into a book.
func (l *Ledger) enter(ctx context.Context, book *coverageBook, gaps map[string]CoverageGap, lots map[string]Stored[Batch]) error {
	if len(lots) == 0 {
		return nil
	}
	missing, err := l.lotsGaps(ctx, lots)
	if err != nil {
		return err
	}
	for code, b := range lots {
		day, _ := l.everReleased(&b.Doc)
		d := book.Days[day]
		if d == nil {
			d = &coverageDay{}
			book.Days[day] = d
		}
		book.Organisation = b.Doc.Organisation
		d.Lots++
		if len(missing[code]) == 0 {
			d.Complete++
			continue
		}
		if d.Missing == nil {
			d.Missing = map[string]int{}
		}
		for _, gap := range missing[code] {
			d.Missing[gap]++
		}
		gaps[code] = CoverageGap{
			Batch: code, Lot: b.Doc.Lot, Organisation: b.Doc.Organisation, Product: b.Doc.Product, Released: day,
			Missing: missing[code], UnitPath: b.Doc.UnitPath,
		}
	}
	return nil
}

// fileGaps makes the list of a book's lots that miss something what it is to be.
func (l *Ledger) fileGaps(ctx context.Context, book string, gaps map[string]CoverageGap) error {
	var gone []store.Row[CoverageGap]
	there := map[string]bool{}
	for row, err := range coverageGapTable.All(ctx, l.DB, store.Query{Term: "book=" + book, Limit: 1000}) {
		if err != nil {
			return err
		}
		gap, ok := gaps[row.Key]
		switch {
		case !ok:
			gone = append(gone, row)
		case slices.Equal(gap.Missing, row.Value.Missing) && gap.Released == row.Value.Released:
			there[row.Key] = true
		}
	}
	for _, row := range gone {
		err := coverageGapTable.Delete(ctx, l.DB, row.Key, row.Rev)
		if err != nil && !errors.Is(err, fault.NotFound) && !errors.Is(err, fault.Stale) {
			return err
		}
	}
	for code, gap := range gaps {
		if there[code] {
			continue
		}
		if _, err := put(ctx, l, coverageGapTable, code, gap, func(g *CoverageGap) error { *g = gap; return nil }); err != nil {
			return err
		}
	}
	return nil
}
