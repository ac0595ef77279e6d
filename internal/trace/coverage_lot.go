package trace

import (
	"context"
	"slices"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// What keeps a lot out of the numerator is named by codes with the catalogue keys "missing."+code: those
// of a lot's page, and the ones below.
const (
	// GapEventHarvest, GapEventProcessing and GapEventPacking: the lot's dates say that the stage was
	// performed, and no event tells of it (NĐ 37/2026 Đ23.5e).
	GapEventHarvest    = "event_harvest"
	GapEventProcessing = "event_processing"
	GapEventPacking    = "event_packing"
	// GapBasis: no verified food-safety basis was in force on the lot's day.
	GapBasis = "food_safety_then"
	// GapRecalled: it was called back.
	GapRecalled = "recalled"
	// GapVoided: it was released and then withdrawn as if it had never been sold. It stays in the
	// denominator, so that no lot can be made to disappear from it.
	GapVoided = "voided"
)

// stageOf tells which steps are an event of a stage that a lot's dates say was performed.
var stageOf = []struct {
	gap   string
	said  func(*LotFacts) bool
	steps []string
}{
	{GapEventHarvest, func(f *LotFacts) bool { return f.HarvestDate != "" }, []string{"harvesting"}},
	{GapEventProcessing, func(f *LotFacts) bool { return f.ProductionDate != "" && f.ProductionDate != f.PackagingDate },
		[]string{"processing", "drying", "sorting", "registering"}},
	{GapEventPacking, func(f *LotFacts) bool { return f.PackagingDate != "" }, []string{"packing"}},
}

// everReleased reports whether a lot has ever been on the market, and the day on which it came there
// first, in the ledger's zone.
func (l *Ledger) everReleased(b *Batch) (Date, bool) {
	for _, s := range b.Steps {
		if s.State == Released {
			return DateOf(s.At.In(l.zone())), true
		}
	}
	return "", false
}

// coverageGaps lists what keeps a released lot out of the numerator of the coverage, nothing if it is in
// it. p is the lot's provenance with all its events.
//
// The day that counts is the lot's own: a certificate that ended since does not undo what was in order
// then, and one that was verified since does.
func coverageGaps(p *Provenance) []string {
	var gaps []string
	for _, code := range p.missing() {
		if code != "food_safety" { // below, as of the lot's day
			gaps = append(gaps, code)
		}
	}
	done := func(steps []string) bool {
		return slices.ContainsFunc(p.Timeline, func(e Event) bool { return slices.Contains(steps, e.Step) })
	}
	for _, stage := range stageOf {
		made := stage.gap == GapEventProcessing && p.Batch.Origin != "" && slices.ContainsFunc(p.Timeline, Event.makes)
		if stage.said(&p.Batch.LotFacts) && !done(stage.steps) && !made {
			gaps = append(gaps, stage.gap)
		}
	}
	if !slices.ContainsFunc(p.Certificates, func(c CertificateOn) bool { return c.Scheme.FoodSafety && c.Checks.SoundThen() }) {
		gaps = append(gaps, GapBasis)
	}
	if p.Recall != nil || p.Batch.State == Recalled {
		gaps = append(gaps, GapRecalled)
	}
	if p.Batch.State == Voided {
		gaps = append(gaps, GapVoided)
	}
	slices.Sort(gaps)
	return slices.Compact(gaps)
}

// SoundThen reports whether the certificate was a sound basis for the lot on the lot's own day, whatever
// became of it since. It is what coverage asks; a lot's page asks Sound.
func (cs Checks) SoundThen() bool {
	return cs.passed(CheckHolder, CheckScope, CheckDateThen, CheckStatusThen) && cs.upheld(CheckDateNow, CheckStatusNow)
}

// lotsGaps looks at many lots at once, with a number of questions that does not depend on how many they
// are up to 1,000.
func (l *Ledger) lotsGaps(ctx context.Context, lots map[string]Stored[Batch]) (_ map[string][]string, err error) {
	defer fault.Wrap(&err, "Ledger.lotsGaps(%d lots)", len(lots))
	g, err := l.gatherAbout(ctx, gathered{lots: lots}, nil, nil, nil)
	if err != nil {
		return nil, err
	}
	all, err := l.provenancesOf(ctx, &g)
	if err != nil {
		return nil, err
	}
	recorded, err := l.eventsOfLots(ctx, lots)
	if err != nil {
		return nil, err
	}
	out := make(map[string][]string, len(all))
	for code, p := range all {
		p.Timeline = recorded[code]
		p.Missing = nil
		out[code] = coverageGaps(p)
	}
	return out, nil
}

// eventsOfLots answers the standing events of many lots. Those that follow from the lots' own records are
// derived where they are not there yet.
func (l *Ledger) eventsOfLots(ctx context.Context, lots map[string]Stored[Batch]) (map[string][]Event, error) {
	terms := make([]string, 0, len(lots))
	for code := range lots {
		terms = append(terms, "batch="+code)
	}
	slices.Sort(terms)
	out := make(map[string][]Event, len(lots))
	var all []Event
	for row, err := range withAny(ctx, l.DB, events.Table, terms, store.Query{}) {
		if err != nil {
			return nil, err
		}
		all = append(all, row.Value.Doc)
	}
	all, err := l.settled(ctx, all)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{} // an event of lots of two parts was read twice
	for _, e := range all {
		if key := eventKey(&e); !seen[key] {
			seen[key] = true
			for _, code := range append([]string{e.Batch}, e.Lots...) {
				if _, ok := lots[code]; ok {
					out[code] = append(out[code], e)
				}
			}
		}
	}
	for code, b := range lots {
		whole, current, err := l.withBorn(&b.Doc, out[code])
		if err != nil {
			return nil, err
		}
		out[code] = standing(whole, current)
	}
	return out, nil
}
