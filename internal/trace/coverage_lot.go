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
	// GapEvents: no event tells where the lot came from.
	GapEvents = "events"
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
		[]string{"processing", "drying", "sorting", "transforming", "registering"}},
	{GapEventPacking, func(f *LotFacts) bool { return f.PackagingDate != "" }, []string{"packing", "transforming"}},
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
		switch code {
		case "food_safety", GapEvents: // below, as of the lot's day and by stage
		default:
			gaps = append(gaps, code)
		}
	}
	done := func(steps []string) bool {
		return slices.ContainsFunc(p.Timeline, func(e Event) bool { return slices.Contains(steps, e.Step) })
	}
	for _, stage := range stageOf {
		if stage.said(&p.Batch.LotFacts) && !done(stage.steps) {
			gaps = append(gaps, stage.gap)
		}
	}
	if !done([]string{"harvesting", "processing", "transforming", "packing", "registering"}) {
		gaps = append(gaps, GapEvents)
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
	for _, id := range []CheckID{CheckHolder, CheckScope, CheckDateThen, CheckStatusThen} {
		if cs.Of(id).Result != Passed {
			return false
		}
	}
	if v := cs.Of(CheckVerification); v.Result != Passed && v.Reason != reasonDeclaration {
		return false
	}
	return !slices.ContainsFunc(cs, func(l CheckLine) bool {
		return l.Result == Failed && l.ID != CheckFindings && l.ID != CheckDateNow && l.ID != CheckStatusNow
	})
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
	for part := range slices.Chunk(terms, 500) {
		after := ""
		for {
			page, next, err := events.find(ctx, l, store.Query{Any: part, Limit: 1000, After: after})
			if err != nil {
				return nil, err
			}
			for _, e := range page {
				out[e.Doc.Batch] = append(out[e.Doc.Batch], e.Doc)
			}
			if after = next; next == "" {
				break
			}
		}
	}
	for code, b := range lots {
		all := out[code]
		current := complete(&b.Doc, all)
		if current == "" {
			born, err := l.bornEvents(&b.Doc)
			if err != nil {
				return nil, err
			}
			current = born[0].ID
			for _, e := range born {
				if !slices.ContainsFunc(all, func(a Event) bool { return eventKey(&a) == eventKey(&e) }) {
					all = append(all, e)
				}
			}
		}
		out[code] = standing(all, current)
	}
	return out, nil
}
