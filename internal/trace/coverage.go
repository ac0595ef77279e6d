package trace

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// The coverage is the district's indicator of how much of what is sold can be traced and is safe.
//
// Denominator: the lots that were released in the period by organisations of the unit, held, recalled and
// withdrawn ones included; and the products known to be sold of which no lot was released in it: those
// registered and not said to be out of season, and those that an official has seen on sale (Sighting).
// Numerator: the lots with all items of NĐ 37/2026 Đ23.5, an event for every stage performed, the safety
// gate satisfied or not applicable, and a verified food-safety basis that was in force on the lot's day.
//
// What would cheat it: registering no lots (so products without one count), withdrawing bad lots (so they
// stay), naming a product out of season all year (so each such statement is listed with who made it), and
// leaving a product unregistered (so officials record what they see on sale).

// CoverageFigure is a share with its two parts.
type CoverageFigure struct {
	// Lots were released in the period; Complete of them are in the numerator.
	Lots     int `json:"lots"`
	Complete int `json:"complete"`
	// Unlotted are products known to be sold of which no lot was released in the period.
	Unlotted int `json:"unlotted"`
	// Missing counts lots by what they miss; a lot that misses two things counts under both.
	Missing map[string]int `json:"missing,omitempty"`
}

// Denominator is how many lots and products without lots there are.
func (f *CoverageFigure) Denominator() int { return f.Lots + f.Unlotted }

// Numerator is how many of them are traceable and safe as far as the records prove.
func (f *CoverageFigure) Numerator() int { return f.Complete }

// PerMille is the share in thousandths, rounded down, so that 1000 means all; -1 if there is nothing to
// take a share of, which is not 100 %.
func (f *CoverageFigure) PerMille() int {
	if f.Denominator() == 0 {
		return -1
	}
	return f.Complete * 1000 / f.Denominator()
}

// Reasons are the codes of Missing, the most frequent first.
func (f *CoverageFigure) Reasons() []string {
	var codes []string
	for code := range f.Missing {
		codes = append(codes, code)
	}
	slices.SortFunc(codes, func(a, b string) int { return cmp.Or(f.Missing[b]-f.Missing[a], cmp.Compare(a, b)) })
	return codes
}

func (f *CoverageFigure) add(o *CoverageFigure) {
	f.Lots += o.Lots
	f.Complete += o.Complete
	f.Unlotted += o.Unlotted
	for code, n := range o.Missing {
		if f.Missing == nil {
			f.Missing = map[string]int{}
		}
		f.Missing[code] += n
	}
}

func (f *CoverageFigure) addDay(d *coverageDay) {
	f.add(&CoverageFigure{Lots: d.Lots, Complete: d.Complete, Missing: d.Missing})
}

// CoveragePart is the figure of a unit, organisation, product or month.
type CoveragePart struct {
	// ID is the code of the unit, the id of the organisation or product, or the month ("2026-11").
	ID string `json:"id"`
	// Name is its name at present, empty for a month. Organisation is whose a product is.
	Name         string `json:"name,omitempty"`
	Organisation string `json:"organisation,omitempty"`
	CoverageFigure
}

// CoverageQuestion asks for a figure.
type CoverageQuestion struct {
	// Unit is the code of an administrative unit of any level; empty for all that is recorded here.
	Unit string
	// Organisation and Product narrow it, if they are not empty.
	Organisation string
	Product      string
	// From and To are the first and the last day of the period.
	From, To Date
}

// CoverageReport is the answer.
type CoverageReport struct {
	// Unit, From and To are what was asked.
	Unit string `json:"unit,omitempty"`
	From Date   `json:"from"`
	To   Date   `json:"to"`
	CoverageFigure
	// Units are those that organisations lie in directly, mostly communes; Organisations and Products those with
	// anything in the denominator, the lowest share first.
	Units         []CoveragePart `json:"units"`
	Organisations []CoveragePart `json:"organisations"`
	Products      []CoveragePart `json:"products"`
	// Months are the lots alone, without products that had none: many products have a season.
	Months []CoveragePart `json:"months"`
	// UnlottedProducts have no lot in the period, Sightings are what officials saw on sale without
	// one, and Pauses the statements that keep products out of the denominator.
	UnlottedProducts []UnlottedProduct `json:"unlottedProducts"`
	Sightings        []Sighting        `json:"sightings"`
	Pauses           []SalePause       `json:"pauses"`
	// AsOf is when the figure was computed. Pending is how many books wait for being made anew: changes
	// of the last seconds or minutes that the figure does not tell of yet.
	AsOf    time.Time `json:"asOf"`
	Pending int       `json:"pending"`
}

// UnlottedProduct is a product known to be sold of which no lot was released in a period.
type UnlottedProduct struct {
	// Product is its id, Organisation its producer's.
	Product      string `json:"product"`
	Name         string `json:"name"`
	Organisation string `json:"organisation"`
}

// maxPeriod bounds a question, in days: ten years and a bit.
const maxPeriod = 3700

// Coverage computes the figure. It is public: it names organisations and products, and no person. Faults
// name the field: an unknown unit, days that are none, a period that ends before it begins.
func (l *Ledger) Coverage(ctx context.Context, q CoverageQuestion) (c CoverageReport, err error) {
	defer fault.Wrap(&err, "Ledger.Coverage(%q, %s, %s)", q.Unit, q.From, q.To)
	if err := l.checkPeriod(ctx, q); err != nil {
		return c, err
	}
	c = CoverageReport{Unit: q.Unit, From: q.From, To: q.To, AsOf: l.stamp()}
	orgs, err := l.organisationsIn(ctx, q)
	if err != nil {
		return c, err
	}
	goods, err := l.productsOf(ctx, orgs, q.Product)
	if err != nil {
		return c, err
	}
	if err := l.addBooks(ctx, &c, orgs, goods, q.Organisation != "" || q.Product != ""); err != nil {
		return c, err
	}
	marks, _, err := coverageMarks.Find(ctx, l.DB, store.Query{To: sortTime(l.stamp().Add(time.Millisecond)), Limit: 1000})
	c.Pending = len(marks)
	return c, err
}

func (l *Ledger) checkPeriod(ctx context.Context, q CoverageQuestion) error {
	var p fault.Problem
	from, to := date(&p, "/from", string(q.From)), date(&p, "/to", string(q.To))
	if q.From == "" {
		p.Add("/from", "missing")
	}
	if q.To == "" {
		p.Add("/to", "missing")
	}
	if from != "" && to != "" {
		if to < from {
			p.Add("/to", "date_before", string(to), string(from))
		} else if from.AddDays(maxPeriod) < to {
			p.Add("/to", "period_long", maxPeriod)
		}
	}
	if q.Unit != "" {
		all, err := l.Units(ctx)
		if err != nil {
			return err
		}
		if _, ok := all[q.Unit]; !ok {
			p.Add("/unit", "unit_unknown")
		}
	}
	return p.Err()
}

// organisationsIn are the organisations that a question is about, by id.
func (l *Ledger) organisationsIn(ctx context.Context, q CoverageQuestion) (map[string]Organisation, error) {
	term := ""
	if q.Unit != "" {
		term = "unit=" + q.Unit
	}
	out := map[string]Organisation{}
	for r, err := range organisations.All(ctx, l.DB, store.Query{Term: term, Limit: 1000}) {
		if err != nil {
			return nil, err
		}
		if o := r.Value.Doc; q.Organisation == "" || q.Organisation == o.ID {
			out[o.ID] = o
		}
	}
	return out, nil
}

// orgTerms are the terms that organisations' records carry, in a settled order.
func orgTerms(orgs map[string]Organisation) []string {
	return prefixed("org=", slices.Sorted(maps.Keys(orgs)))
}

// productsOf are the products of organisations, by id.
func (l *Ledger) productsOf(ctx context.Context, orgs map[string]Organisation, only string) (map[string]Stored[Product], error) {
	out := map[string]Stored[Product]{}
	for row, err := range withAny(ctx, l.DB, products.Table, orgTerms(orgs), store.Query{}) {
		if err != nil {
			return nil, err
		}
		if only == "" || only == row.Key {
			out[row.Key] = stored(row)
		}
	}
	return out, nil
}

// addBooks adds up the books of the products, and what has none.
func (l *Ledger) addBooks(ctx context.Context, c *CoverageReport, orgs map[string]Organisation, goods map[string]Stored[Product], narrow bool) error {
	var keys []string
	for id := range goods {
		for d := c.From[:7] + "-01"; d <= c.To; d = DateOf(d.Time(time.UTC).AddDate(0, 1, 0)) {
			keys = append(keys, id+"/"+string(d[:7]))
		}
	}
	slices.Sort(keys)
	byProduct, byMonth := map[string]*CoverageFigure{}, map[string]*CoverageFigure{}
	for id := range goods {
		byProduct[id] = &CoverageFigure{}
	}
	for part := range slices.Chunk(keys, 1000) {
		rows, err := coverageBooks.GetMany(ctx, l.DB, part)
		if err != nil {
			return err
		}
		for _, row := range rows {
			book := &row.Value
			for day, d := range book.Days {
				if day < c.From || day > c.To {
					continue
				}
				byProduct[book.Product].addDay(d)
				if byMonth[book.Month] == nil {
					byMonth[book.Month] = &CoverageFigure{}
				}
				byMonth[book.Month].addDay(d)
			}
		}
	}
	if err := l.addUnlotted(ctx, c, orgs, goods, byProduct, narrow); err != nil {
		return err
	}
	all, err := l.Units(ctx)
	if err != nil {
		return err
	}
	byOrg, byUnit := map[string]*CoverageFigure{}, map[string]*CoverageFigure{}
	part := func(m map[string]*CoverageFigure, id string) *CoverageFigure {
		if m[id] == nil {
			m[id] = &CoverageFigure{}
		}
		return m[id]
	}
	for id, f := range byProduct {
		p := goods[id].Doc
		if f.Denominator() == 0 {
			continue
		}
		o := orgs[p.Organisation]
		c.add(f)
		part(byOrg, o.ID).add(f)
		part(byUnit, o.AdminUnit).add(f)
		c.Products = append(c.Products, CoveragePart{ID: id, Name: p.Name, Organisation: o.ID, CoverageFigure: *f})
	}
	for _, s := range c.Sightings {
		one := &CoverageFigure{Unlotted: 1}
		c.add(one)
		part(byUnit, s.Unit).add(one)
		if s.Organisation != "" {
			part(byOrg, s.Organisation).add(one)
		}
	}
	for id, f := range byOrg {
		c.Organisations = append(c.Organisations, CoveragePart{ID: id, Name: orgs[id].Name, CoverageFigure: *f})
	}
	for id, f := range byUnit {
		c.Units = append(c.Units, CoveragePart{ID: id, Name: all[id].Name, CoverageFigure: *f})
	}
	for month, f := range byMonth {
		c.Months = append(c.Months, CoveragePart{ID: month, CoverageFigure: *f})
	}
	slices.SortFunc(c.Months, func(a, b CoveragePart) int { return cmp.Compare(a.ID, b.ID) })
	for _, parts := range [][]CoveragePart{c.Units, c.Organisations, c.Products} {
		slices.SortFunc(parts, func(a, b CoveragePart) int {
			return cmp.Or(a.PerMille()-b.PerMille(), b.Denominator()-a.Denominator(), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
		})
	}
	return nil
}

// CoverageGaps answers a page of the lots that are not in the numerator, the latest released first. Those
// who are signed in may ask; what it says of lots is on their public pages too.
func (l *Ledger) CoverageGaps(ctx context.Context, by Actor, q CoverageQuestion, after string, limit int) (gaps []CoverageGap, next string, err error) {
	defer fault.Wrap(&err, "Ledger.CoverageGaps(%q)", q.Unit)
	if by.Role == "" {
		return nil, "", by.denied()
	}
	if err := l.checkPeriod(ctx, q); err != nil {
		return nil, "", err
	}
	find := store.Query{From: string(q.From), To: string(q.To.AddDays(1)), Desc: true, After: after, Limit: limit}
	switch {
	case q.Product != "":
		find.Term = "product=" + q.Product
	case q.Organisation != "":
		find.Term = "org=" + q.Organisation
	case q.Unit != "":
		find.Term = "unit=" + q.Unit
	}
	rows, next, err := coverageGapTable.Find(ctx, l.DB, find)
	if err != nil {
		return nil, "", err
	}
	for _, r := range rows {
		gaps = append(gaps, r.Value)
	}
	return gaps, next, nil
}

// RebuildCoverage marks all that was ever released for being counted anew, for records that were written
// before there was a coverage. Only an admin may.
func (l *Ledger) RebuildCoverage(ctx context.Context, by Actor) (err error) {
	defer fault.Wrap(&err, "Ledger.RebuildCoverage")
	if by.Role != Admin {
		return by.denied()
	}
	marked := map[string]bool{}
	for row, err := range batches.All(ctx, l.DB, store.Query{Limit: 1000}) {
		if err != nil {
			return err
		}
		key := releaseMonth(&row.Value.Doc, l.zone())
		if key == "" || marked[key] {
			continue
		}
		marked[key] = true
		if err := l.markCoverage(ctx, key); err != nil {
			return err
		}
	}
	return nil
}
