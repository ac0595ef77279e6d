package trace

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// How much of a product has been put on the market is counted as lots are released, so that a check of a
// certificate's yield reads a few sums however many lots there are.
//
// A lot is an entry in the leaf of its product, day and one of volumeShards parts: putting it there twice
// is putting it there once. A product's month holds what its leaves add up to, each with the revision that
// it was taken from, so that a late writer never puts an old sum over a new one. A lot is counted before it
// is released: whatever is on the market has been counted, and a release that was cut short counts a lot
// that may still be released, never the other way round.

// volumeShards keeps a leaf small when very many lots of a product have one day.
const volumeShards = 8

// volumeLot is what a lot adds.
type volumeLot struct {
	Value Amount   `json:"v"`
	UOM   string   `json:"u"`
	Plots []string `json:"p,omitempty"`
	Sites []string `json:"s,omitempty"`
}

// volumeLeaf holds the lots of one product, day and part, by their code.
type volumeLeaf struct {
	Key  string               `json:"key"`
	Lots map[string]volumeLot `json:"lots"`
}

// volumeMonth holds what the leaves of a product's month add up to, by day and part ("24-3").
type volumeMonth struct {
	Key    string               `json:"key"`
	Leaves map[string]volumeSum `json:"leaves"`
}

type volumeSum struct {
	Rev    int64         `json:"rev"`
	Groups []VolumeGroup `json:"groups"`
}

// VolumeGroup is what was released of a product that has one day, unit and set of places.
type VolumeGroup struct {
	// Day is that of the harvest or, if a lot has none, of its production or packing.
	Day Date `json:"d"`
	// UOM is the unit of measure of Value.
	UOM   string `json:"u"`
	Value Amount `json:"v"`
	// Lots is the number of lots.
	Lots int `json:"n"`
	// Plots and Sites are the ids of the places the lots came from.
	Plots []string `json:"p,omitempty"`
	Sites []string `json:"s,omitempty"`
}

var (
	volumeLeaves = store.Table[volumeLeaf]{
		Kind:  "volume_leaf",
		Key:   func(v *volumeLeaf) string { return v.Key },
		Sort:  func(*volumeLeaf) string { return "" },
		Terms: func(*volumeLeaf) []string { return nil },
	}
	volumeMonths = store.Table[volumeMonth]{
		Kind:  "volume",
		Key:   func(v *volumeMonth) string { return v.Key },
		Sort:  func(*volumeMonth) string { return "" },
		Terms: func(*volumeMonth) []string { return nil },
	}
)

// put changes a value, or makes it first if it is not there.
func put[T any](ctx context.Context, l *Ledger, t store.Table[T], key string, fresh T, change func(*T) error) (store.Row[T], error) {
	row, err := t.Update(ctx, l.DB, key, change)
	if !errors.Is(err, fault.NotFound) {
		return row, err
	}
	if err := change(&fresh); err != nil {
		return row, err
	}
	err = t.Insert(ctx, l.DB, &fresh)
	if errors.Is(err, fault.Exists) {
		return t.Update(ctx, l.DB, key, change)
	}
	return store.Row[T]{Value: fresh, Rev: 1, Key: key}, err
}

// counts reports whether a lot counts: it has been put on the market, and was not withdrawn as never sold.
func (b *Batch) counts() bool {
	return b.State != Voided && slices.ContainsFunc(b.Steps, func(s StateChange) bool { return s.State == Released })
}

// volumeDay is the day under which a lot is counted.
func volumeDay(b *Batch) Date { return firstDay(&b.LotFacts) }

// countLot puts a lot where it is counted, or takes it out.
func (l *Ledger) countLot(ctx context.Context, b *Batch, in bool) error {
	day := volumeDay(b)
	if day == "" {
		return nil
	}
	sum := sha256.Sum256([]byte(b.Code))
	part := fmt.Sprintf("%s-%d", day[8:], sum[0]%volumeShards)
	month := volumeKey(b.Product, day)
	entry := volumeLot{Value: b.Quantity.Value, UOM: b.Quantity.UOM}
	at, err := places.many(ctx, l, b.Places)
	if err != nil {
		return err
	}
	for _, id := range b.Places {
		if at[id].Doc.Type == Plot {
			entry.Plots = append(entry.Plots, id)
		} else {
			entry.Sites = append(entry.Sites, id)
		}
	}
	slices.Sort(entry.Plots)
	slices.Sort(entry.Sites)
	key := month + "/" + part
	leaf, err := put(ctx, l, volumeLeaves, key, volumeLeaf{Key: key}, func(v *volumeLeaf) error {
		if !in {
			delete(v.Lots, b.Code)
			return nil
		}
		if v.Lots == nil {
			v.Lots = map[string]volumeLot{}
		}
		v.Lots[b.Code] = entry
		return nil
	})
	if err != nil {
		return err
	}
	groups := leaf.Value.groups(day)
	_, err = put(ctx, l, volumeMonths, month, volumeMonth{Key: month}, func(v *volumeMonth) error {
		if v.Leaves == nil {
			v.Leaves = map[string]volumeSum{}
		}
		if v.Leaves[part].Rev < leaf.Rev {
			v.Leaves[part] = volumeSum{Rev: leaf.Rev, Groups: groups}
		}
		return nil
	})
	return err
}

// volumeKey names the month of a day for a product.
func volumeKey(product string, day Date) string { return product + "/" + string(day[:7]) }

func (v *volumeLeaf) groups(day Date) []VolumeGroup {
	var out []VolumeGroup
	for _, lot := range v.Lots {
		i := slices.IndexFunc(out, func(g VolumeGroup) bool {
			return g.UOM == lot.UOM && slices.Equal(g.Plots, lot.Plots) && slices.Equal(g.Sites, lot.Sites)
		})
		if i < 0 {
			i = len(out)
			out = append(out, VolumeGroup{Day: day, UOM: lot.UOM, Plots: lot.Plots, Sites: lot.Sites})
		}
		out[i].Value = Amount(plus(int64(out[i].Value), int64(lot.Value)))
		out[i].Lots++
	}
	slices.SortFunc(out, func(a, b VolumeGroup) int {
		return cmp.Or(cmp.Compare(a.UOM, b.UOM), slices.Compare(a.Plots, b.Plots), slices.Compare(a.Sites, b.Sites))
	})
	return out
}

// RecountVolume counts all lots of a product anew, for records that were written before lots were
// counted. Only an admin may.
func (l *Ledger) RecountVolume(ctx context.Context, by Actor, product string) (err error) {
	defer fault.Wrap(&err, "Ledger.RecountVolume(%q)", product)
	if by.Role != Admin {
		return by.denied()
	}
	if _, err := products.get(ctx, l, product); err != nil {
		return err
	}
	for row, err := range batches.All(ctx, l.DB, store.Query{Term: "product=" + product}) {
		if err != nil {
			return err
		}
		b := &row.Value.Doc
		if b.counts() || b.State == Voided {
			if err := l.countLot(ctx, b, b.counts()); err != nil {
				return err
			}
		}
	}
	return nil
}

// volumes reads what was counted of products in months, in one question. keys are of volumeKey; the
// answer is by product.
func (l *Ledger) volumes(ctx context.Context, keys []string) (map[string][]VolumeGroup, error) {
	out := map[string][]VolumeGroup{}
	if len(keys) == 0 {
		return out, nil
	}
	rows, err := volumeMonths.GetMany(ctx, l.DB, keys)
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		product := key[:strings.LastIndexByte(key, '/')]
		if out[product] == nil {
			out[product] = []VolumeGroup{}
		}
		row, ok := rows[key]
		if !ok {
			continue
		}
		for _, sum := range row.Value.Leaves {
			out[product] = append(out[product], sum.Groups...)
		}
	}
	return out, nil
}

// yieldOf is what a certificate certifies of a product, all its seasons together, and nothing if it names
// no yield. ok is false if the units cannot be added up.
func (c *Certificate) yieldOf(product string) (total int64, measure string, ok bool) {
	for _, s := range c.Subjects {
		if s.Yield.Value == 0 || s.Product != "" && s.Product != product {
			continue
		}
		v, m := inBase(s.Yield)
		if measure != "" && m != measure {
			return 0, measure, false
		}
		total, measure = plus(total, v), m
	}
	return total, measure, true
}

// year is the year of the certificate in which a day lies: from its first day or an anniversary of it to
// the day before the next. A certified yield is one of a year, or of the seasons of one.
func (c *Certificate) year(day Date) (from, to Date, ok bool) {
	start := c.StartDate.Time(time.UTC)
	if start.IsZero() || day < c.StartDate || c.EndDate != "" && day > c.EndDate {
		return "", "", false
	}
	for n := 1; ; n++ {
		next := DateOf(start.AddDate(n, 0, 0))
		if day < next {
			to = next.AddDays(-1)
			if c.EndDate != "" && c.EndDate < to {
				to = c.EndDate
			}
			return DateOf(start.AddDate(n-1, 0, 0)), to, true
		}
	}
}

// volumeKeys are the months that checkVolume needs to know of.
func (c *Certificate) volumeKeys(b *Batch) []string {
	day := volumeDay(b)
	if day == "" || !slices.ContainsFunc(c.Subjects, func(s Subject) bool {
		return s.Yield.Value != 0 && (s.Product == "" || s.Product == b.Product)
	}) {
		return nil
	}
	from, to, ok := c.year(day)
	if !ok {
		return nil
	}
	var keys []string
	for d := from[:7] + "-01"; d <= to; d = DateOf(d.Time(time.UTC).AddDate(0, 1, 0)) {
		keys = append(keys, volumeKey(b.Product, d))
	}
	return keys
}

func (c *Certificate) checkVolume(b *Batch, s Scheme, f CheckFacts) CheckLine {
	const id = CheckVolume
	if b == nil {
		return line(id, NotKnown, "no_lot")
	}
	certified, measure, ok := c.yieldOf(b.Product)
	switch {
	case !ok:
		return line(id, NotKnown, "units")
	case certified == 0:
		return line(id, NotKnown, "no_yield")
	case f.Volume == nil:
		return line(id, NotKnown, "not_counted")
	}
	from, to, ok := c.year(volumeDay(b))
	if !ok {
		return line(id, NotKnown, "outside")
	}
	if scope, _ := c.scope(b, s, f.Places); scope.Result != Passed {
		return line(id, NotKnown, "not_covered")
	}
	var counted int64
	lots := 0
	whole := *c // groups tell places and no activities
	whole.Subjects = slices.Clone(c.Subjects)
	for i := range whole.Subjects {
		whole.Subjects[i].Activity = ""
	}
	add := func(q Quantity, n int) bool {
		v, m := inBase(q)
		counted, lots = plus(counted, v), lots+n
		return m == measure
	}
	if !b.counts() && !add(b.Quantity, 1) { // what it would come to with this lot
		return line(id, NotKnown, "units")
	}
	for _, g := range f.Volume {
		if g.Day < from || g.Day > to || !mayHaveHeld(c.StandingOn(g.Day)) {
			continue
		}
		if !whole.coversGroup(b, s, g) {
			continue
		}
		if !add(Quantity{Value: g.Value, UOM: g.UOM}, g.Lots) {
			return line(id, NotKnown, "units")
		}
	}
	args := []any{inUnits(counted, measure), inUnits(certified, measure), string(from), string(to), lots, measure}
	result, reason := Passed, "within"
	if counted > certified {
		result, reason = Failed, "exceeds"
	}
	if measure != "kg" && measure != "l" {
		reason += "_pieces"
	}
	return line(id, result, reason, args...)
}

// mayHaveHeld reports whether lots of a day on which a certificate stood so may have used its yield up. What
// nobody has verified counts as well: not knowing must not make room.
func mayHaveHeld(s Standing) bool { return s == InForce || s == NotVerified || s == Unknown }

// coversGroup reports whether lots from a group's places are under the certificate.
func (c *Certificate) coversGroup(b *Batch, s Scheme, g VolumeGroup) bool {
	as := Batch{Code: b.Code, Product: b.Product}
	as.Places = append(slices.Clone(g.Plots), g.Sites...)
	at := make(map[string]Place, len(as.Places))
	for _, id := range g.Plots {
		at[id] = Place{ID: id, Type: Plot}
	}
	for _, id := range g.Sites {
		at[id] = Place{ID: id, Type: Packhouse}
	}
	_, covers := c.scope(&as, s, at)
	return covers == CoversAll
}

// plus adds without overflow: what is too much stays as much as there is.
func plus(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// inBase writes a quantity in thousandths of the smallest unit of what it measures: mass, volume or
// pieces.
func inBase(q Quantity) (int64, string) {
	scale, measure := int64(1), q.UOM
	switch q.UOM {
	case "GRM":
		measure = "kg"
	case "KGM":
		scale, measure = 1_000, "kg"
	case "TNE":
		scale, measure = 1_000_000, "kg"
	case "MLT":
		measure = "l"
	case "LTR":
		scale, measure = 1_000, "l"
	}
	if v := int64(q.Value); v <= math.MaxInt64/scale {
		return v * scale, measure
	}
	return math.MaxInt64, measure
}

// inUnits writes a quantity of inBase in kilograms, litres or pieces, such as "1250.5".
func inUnits(v int64, measure string) string {
	if measure == "kg" || measure == "l" {
		v /= 1000
	}
	return Amount(v).String()
}
