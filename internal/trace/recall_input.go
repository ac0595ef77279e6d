package trace

import (
	"context"
	"slices"

	"truynguon/internal/store"
)

// usedOn are the plots on which an input lot was used, and the first day of it on each.
type usedOn map[string]map[string]Date // by input, by plot

// uses reads where input lots were used, from the entries of the farm diary that stand.
func (s *scopeSearch) uses(ctx context.Context, ids []string) (usedOn, error) {
	latest := map[string]DiaryEntry{}
	for row, err := range withAny(ctx, s.l.DB, diary.Table, prefixed("input=", ids), store.Query{}) {
		if err != nil {
			return nil, err
		}
		e := row.Value.Doc
		if len(latest) >= maxScope {
			s.cut = true
			break
		}
		if there, ok := latest[e.Root]; !ok || there.Version < e.Version {
			latest[e.Root] = e
		}
	}
	out := usedOn{}
	for _, e := range latest {
		if e.Withdrawn {
			continue
		}
		if out[e.Input] == nil {
			out[e.Input] = map[string]Date{}
		}
		if first, ok := out[e.Input][e.Place]; !ok || e.Day < first {
			out[e.Input][e.Place] = e.Day
		}
	}
	return out, nil
}

// takeUsed takes in the lots that were harvested on plots on or after the day on which an input was used
// there.
func (s *scopeSearch) takeUsed(ctx context.Context, used usedOn, rule ScopeRule, fits func(b *Batch) bool) error {
	ids := make([]string, 0, len(used))
	for id := range used {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids { // at most as many as a recall has seeds, or as lots beside it used
		plots := make([]string, 0, len(used[id]))
		for plot := range used[id] {
			plots = append(plots, plot)
		}
		slices.Sort(plots)
		if len(plots) == 0 {
			continue
		}
		err := s.pages(ctx, prefixed("place=", plots), func(b *Batch) {
			day := firstDay(&b.LotFacts)
			for _, place := range b.Places {
				if first, ok := used[id][place]; ok && (day == "" || day >= first) && fits(b) {
					s.add(b, rule, id)
					return
				}
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// supplied takes in the lots that grew where input lots of the farm diary were used.
func (s *scopeSearch) supplied(ctx context.Context, seeds []RecallSeed, reach RecallReach, owners map[RecallSeed]string) error {
	ids := seedsOf(seeds, SeedInput)
	if len(ids) == 0 {
		return nil
	}
	known, err := inputs.many(ctx, s.l, ids)
	if err != nil {
		return err
	}
	for id, in := range known {
		owners[RecallSeed{SeedInput, id}] = in.Doc.Organisation
	}
	used, err := s.uses(ctx, ids)
	if err != nil {
		return err
	}
	return s.takeUsed(ctx, used, ByInput, reach.during)
}

// besideInput takes in the lots that grew where the same input lots were used as on the plots of lots.
func (s *scopeSearch) besideInput(ctx context.Context, base []*Batch) error {
	last := map[string]Date{} // the last harvest of each plot
	var plots []string
	for _, b := range base {
		for _, id := range b.Places {
			if _, ok := last[id]; !ok {
				plots = append(plots, id)
			}
			last[id] = max(last[id], firstDay(&b.LotFacts))
		}
	}
	slices.Sort(plots)
	seen := map[string]bool{}
	var ids []string
	for row, err := range withAny(ctx, s.l.DB, diary.Table, prefixed("place=", plots), store.Query{}) {
		if err != nil {
			return err
		}
		if e := &row.Value.Doc; e.Input != "" && !seen[e.Input] && len(ids) < maxBeside && (last[e.Place] == "" || e.Day <= last[e.Place]) {
			seen[e.Input] = true
			ids = append(ids, e.Input)
		}
	}
	used, err := s.uses(ctx, ids)
	if err != nil {
		return err
	}
	return s.takeUsed(ctx, used, BySharedInput, func(b *Batch) bool { return s.lots[b.Code] == nil })
}

// maxBeside bounds the input lots that are followed sideways.
const maxBeside = 100
