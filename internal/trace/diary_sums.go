package trace

import (
	"context"
	"slices"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// CycleDiary answers all that holds of a crop cycle's diary, the earliest first, and the input lots that it names.
func (l *Ledger) CycleDiary(ctx context.Context, by Actor, cycle string) (entries []DiaryEntry, used []InputLot, err error) {
	defer fault.Wrap(&err, "Ledger.CycleDiary(%q)", cycle)
	c, err := l.Cycle(ctx, by, cycle)
	if err != nil {
		return nil, nil, err
	}
	// A correction may have moved an entry to another crop of the plot, so all versions of the plot are read.
	var all []DiaryEntry
	if err := findAny(ctx, l, diary, []string{"place=" + c.Doc.Place}, func(e DiaryEntry) { all = append(all, e) }); err != nil {
		return nil, nil, err
	}
	var ids []string
	for _, e := range latestVersions(all) {
		if e.Cycle != cycle {
			continue
		}
		entries = append(entries, e)
		if e.Input != "" {
			ids = append(ids, e.Input)
		}
	}
	slices.SortStableFunc(entries, func(a, b DiaryEntry) int { return a.PerformedAt.Compare(b.PerformedAt) })
	found, err := inputs.many(ctx, l, unique(ids))
	if err != nil {
		return nil, nil, err
	}
	for _, id := range unique(ids) {
		if in, ok := found[id]; ok {
			used = append(used, in.Doc)
		}
	}
	return entries, used, nil
}

// InputsUsed answers how much of input lots was used by the diary, by their id, in each lot's own unit. Entries in
// another unit are converted where they measure the same, and left out where they do not.
func (l *Ledger) InputsUsed(ctx context.Context, by Actor, org string, lots []Stored[InputLot]) (used map[string]Amount, err error) {
	defer fault.Wrap(&err, "Ledger.InputsUsed(%q)", org)
	if err := l.readable(ctx, by, org); err != nil {
		return nil, err
	}
	units := map[string]string{}
	var terms []string
	for _, in := range lots {
		if in.Doc.Organisation == org {
			units[in.Doc.ID] = in.Doc.Quantity.UOM
			terms = append(terms, "input="+in.Doc.ID)
		}
	}
	var all []DiaryEntry
	if err := findAny(ctx, l, diary, terms, func(e DiaryEntry) { all = append(all, e) }); err != nil {
		return nil, err
	}
	next := make([]string, len(all))
	for i, e := range all {
		next[i] = versionID(e.Root, e.Version+1)
	}
	superseded := map[string]bool{}
	for part := range slices.Chunk(next, store.MaxLimit) {
		newer, err := diary.many(ctx, l, part)
		if err != nil {
			return nil, err
		}
		for id := range newer {
			superseded[id] = true
		}
	}
	used = map[string]Amount{}
	for i, e := range all {
		if e.Withdrawn || superseded[next[i]] {
			continue
		}
		one, measure := inBase(Quantity{Value: 1, UOM: units[e.Input]})
		if n, same := inBase(e.Quantity); same == measure {
			used[e.Input] += Amount(n / one)
		}
	}
	return used, nil
}

// YieldCheck compares what was harvested from a lot's plots with what they could plausibly bear.
type YieldCheck struct {
	// Crop is the crop's id, and Per its period: "harvest", "season" or "year".
	Crop, Per string
	// Harvested is what the lots of those plots weigh together, in kilograms, the lot itself among them; Lots is
	// how many they are.
	Harvested Amount
	Lots      int
	// AreaHa is the plots' area, MaxKgPerHa the bound and Plausible both multiplied, in kilograms.
	AreaHa     Amount
	MaxKgPerHa int
	Plausible  Amount
}

// Exceeds reports whether more was harvested than is plausible: worth a question, and refusing nothing.
func (y *YieldCheck) Exceeds() bool { return y.Harvested > y.Plausible }

// PlausibleYield compares a lot's harvest, with the others of its plots in the same period, with their area. It
// answers nil where that cannot be done: no weight, no area, no harvest day, or no crop, or several. The period of a
// year or season is the 365 or 120 days up to the harvest.
func (l *Ledger) PlausibleYield(ctx context.Context, by Actor, code string) (_ *YieldCheck, err error) {
	defer fault.Wrap(&err, "Ledger.PlausibleYield(%q)", code)
	s, err := l.Batch(ctx, by, code)
	if err != nil {
		return nil, err
	}
	b := &s.Doc
	if _, measure := inBase(b.Quantity); b.HarvestDate == "" || measure != "kg" {
		return nil, nil
	}
	at, err := places.many(ctx, l, b.Places)
	if err != nil {
		return nil, err
	}
	var plots []string
	y := &YieldCheck{}
	for id, pl := range at {
		if pl.Doc.Type == Plot {
			plots = append(plots, id)
			y.AreaHa += pl.Doc.AreaHa
			if pl.Doc.AreaHa == 0 {
				return nil, nil
			}
		}
	}
	crops, err := l.cyclesAt(ctx, plots)
	if err != nil {
		return nil, err
	}
	for _, list := range crops {
		for i := range list {
			if list[i].covers(b.HarvestDate) {
				if y.Crop != "" && y.Crop != list[i].Crop {
					return nil, nil
				}
				y.Crop = list[i].Crop
			}
		}
	}
	crop := l.Crops[y.Crop]
	if crop.MaxKgPerHa == 0 {
		return nil, nil
	}
	y.Per, y.MaxKgPerHa = crop.Per, crop.MaxKgPerHa
	y.Plausible = y.AreaHa * Amount(crop.MaxKgPerHa)
	from := b.HarvestDate.AddDays(map[string]int{"harvest": 0, "season": -119, "year": -364}[crop.Per])
	seen := map[string]bool{}
	err = findAny(ctx, l, batches, prefixed("place=", plots), func(o Batch) {
		n, measure := inBase(o.Quantity)
		if seen[o.Code] || o.State == Voided || o.Origin != "" || measure != "kg" || o.HarvestDate < from || o.HarvestDate > b.HarvestDate {
			return
		}
		seen[o.Code] = true
		y.Lots++
		y.Harvested += Amount(n / 1000)
	})
	return y, err
}
