package trace

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// gateBefore is what the safety gate says of a lot that may be released, nil if there is no such lot.
func (l *Ledger) gateBefore(ctx context.Context, code string) (*Gate, error) {
	b, err := batches.get(ctx, l, code)
	if errors.Is(err, fault.NotFound) {
		return nil, nil // whoever asked is told when the lot is looked for
	}
	if err != nil {
		return nil, err
	}
	g, err := l.gateOf(ctx, &b.Doc)
	return &g, err
}

// refuses reports whether the gate keeps a lot from release. A district begins before every diary is kept: that none
// at all is there refuses only where DiaryRequired says so, though it is never shown as safe.
func (l *Ledger) refuses(g *Gate) bool { return !g.Passes() && (!g.NoDiary || l.DiaryRequired) }

// gateFault names the lines because of which a lot is not released.
func gateFault(g *Gate) error {
	p := fault.New(fault.Exists, "safety_gate_"+string(g.Result))
	for i, line := range g.Deciding() {
		p.Fields = append(p.Fields, fault.Field{Pointer: fmt.Sprintf("/gate/%d", i), Code: line.Key(), Args: line.Args})
	}
	return p
}

// gateOf is what the safety gate says of one lot.
func (l *Ledger) gateOf(ctx context.Context, b *Batch) (Gate, error) {
	all, err := l.gates(ctx, []*Batch{b})
	return all[b.Code], err
}

// Gates answers what the safety gate says of lots, by their code, to those who may see their records.
func (l *Ledger) Gates(ctx context.Context, by Actor, codes []string) (_ map[string]Gate, err error) {
	defer fault.Wrap(&err, "Ledger.Gates(%d lots)", len(codes))
	if by.Role == "" || by.Role == Buyer {
		return nil, by.denied()
	}
	found, err := batches.many(ctx, l, codes)
	if err != nil {
		return nil, err
	}
	var lots []*Batch
	allowed := map[string]bool{}
	for _, s := range found {
		org := s.Doc.Organisation
		if !allowed[org] {
			if err := l.readable(ctx, by, org); err != nil {
				return nil, err
			}
			allowed[org] = true
		}
		lots = append(lots, &s.Doc)
	}
	return l.gates(ctx, lots)
}

// gateWork is what the gates of many lots are computed from.
type gateWork struct {
	lots    map[string]*Batch
	parents map[string][]string
	cut     bool
	places  map[string]Stored[Place]
	cycles  map[string][]CropCycle
	books   map[string]store.Row[diaryBook]
	entries map[string][]DiaryEntry
	inputs  map[string]Stored[InputLot]
	lists   Substances
	// release is the day up to which treatments count, for lots that are not released themselves.
	release Date
	done    map[string]Gate
}

// gates computes the gates of many lots, and of those they were made of, with a number of questions to the database
// that does not depend on how many they are.
func (l *Ledger) gates(ctx context.Context, lots []*Batch) (map[string]Gate, error) {
	w := &gateWork{lots: map[string]*Batch{}, done: map[string]Gate{}}
	codes := make([]string, 0, len(lots))
	for _, b := range lots {
		w.lots[b.Code] = b
		codes = append(codes, b.Code)
		if day := l.releasedOn(b); day != "" && (w.release == "" || day < w.release) {
			w.release = day
		}
	}
	if len(lots) == 0 {
		return w.done, nil
	}
	if w.release == "" {
		w.release = l.Today()
	}
	if err := l.gateParts(ctx, w, codes); err != nil {
		return nil, err
	}
	if err := l.gateRecords(ctx, w); err != nil {
		return nil, err
	}
	out := make(map[string]Gate, len(lots))
	for _, code := range codes {
		out[code] = w.judge(l, code, nil)
	}
	return out, nil
}

// releasedOn is the day on which a lot was first put on the market, empty if it was not.
func (l *Ledger) releasedOn(b *Batch) Date {
	for _, s := range b.Steps {
		if s.State == Released {
			return DateOf(s.At.In(l.zone()))
		}
	}
	return ""
}

// gateRecords reads what the diaries say.
func (l *Ledger) gateRecords(ctx context.Context, w *gateWork) (err error) {
	var at []string
	for _, b := range w.lots {
		at = append(at, b.Places...)
	}
	slices.Sort(at)
	at = slices.Compact(at)
	if w.places, err = places.many(ctx, l, at); err != nil {
		return err
	}
	if w.cycles, err = l.cyclesAt(ctx, at); err != nil {
		return err
	}
	if w.books, err = diaryBooks.GetMany(ctx, l.DB, at); err != nil {
		return err
	}
	all := map[string][]DiaryEntry{}
	if err := findAny(ctx, l, diary, prefixed("gate=", at), func(e DiaryEntry) { all[e.Place] = append(all[e.Place], e) }); err != nil {
		return err
	}
	w.entries = map[string][]DiaryEntry{}
	var used []string
	var applied []DiaryEntry
	for place, entries := range all {
		for _, e := range latestVersions(entries) {
			if !e.gated() || e.Activity == DoTreatment && e.NoSubstance {
				continue
			}
			w.entries[place] = append(w.entries[place], e)
			applied = append(applied, e)
			if e.Input != "" {
				used = append(used, e.Input)
			}
		}
	}
	slices.Sort(used)
	if w.inputs, err = inputs.many(ctx, l, slices.Compact(used)); err != nil {
		return err
	}
	if len(applied) > 0 {
		w.lists, err = l.substancesFor(ctx, applied)
	}
	return err
}

// judge answers the gate of a lot; path are the lots that it is being judged for, so that a circle that somebody
// forced into the records ends.
func (w *gateWork) judge(l *Ledger, code string, path []string) Gate {
	if g, ok := w.done[code]; ok {
		return g
	}
	b := w.lots[code]
	f := GateFacts{Harvest: b.HarvestDate, Release: l.releasedOn(b), Lists: w.lists, Crops: l.Crops}
	if f.Release == "" {
		f.Release = w.release
	}
	for _, up := range w.parents[code] {
		if w.lots[up] == nil || slices.Contains(path, up) || up == code {
			f.Cut = f.Cut || w.lots[up] == nil
			continue
		}
		if f.Parts == nil {
			f.Parts = map[string]Gate{}
		}
		f.Parts[up] = w.judge(l, up, append(slices.Clone(path), code))
	}
	f.Cut = f.Cut || w.cut && len(w.parents[code]) > 0
	f.Cut = f.Cut || b.Origin != "" && len(w.parents[code]) == 0
	for _, id := range b.Places {
		// A lot that was made of lots names their plots, but they were harvested, each on its day.
		if b.Origin == "" && w.places[id].Doc.Type == Plot {
			f.Plots = append(f.Plots, w.plot(id))
		}
	}
	f.Treatments = w.treatments(b, f.Release, w.cropsOf(code, nil))
	g := SafetyGate(f)
	w.done[code] = g
	return g
}

// plot are the facts of one plot.
func (w *gateWork) plot(id string) PlotFacts {
	book := w.books[id].Value
	p := PlotFacts{Place: id, Kept: len(w.cycles[id]) > 0 || len(book.First) > 0 || len(w.entries[id]) > 0}
	crops := map[string]string{}
	for _, c := range w.cycles[id] {
		crops[c.ID] = c.Crop
		p.Cycles = append(p.Cycles, CycleFacts{ID: c.ID, Crop: c.Crop, From: c.PlantedAt, To: c.ClosedAt, First: book.First[c.ID]})
	}
	for i := range w.entries[id] {
		e := &w.entries[id][i]
		if e.Activity != DoSpraying {
			continue
		}
		a := w.application(e)
		if a.Cycle == "" { // the crop cycle may have been opened after the entry
			a.Cycle = onlyCycle(w.cycles[id], e.Day)
		}
		if crop := crops[a.Cycle]; crop != "" {
			a.Crops = []string{crop}
		}
		p.Applications = append(p.Applications, a)
	}
	return p
}

func (w *gateWork) application(e *DiaryEntry) Application {
	return Application{
		Entry: e.ID, Cycle: e.Cycle, Date: e.Day, TradeName: e.TradeName, Ingredient: e.Ingredient, Registration: e.Registration,
		PHI: e.PHIDays, Dose: e.Dose, DoseUnit: e.DoseUnit, InputExpiry: w.inputs[e.Input].Doc.Expiry,
	}
}

// treatments are what was applied to a lot after harvest: entries that name it, and those that name no lot, at one
// of its places from its harvest to its release.
func (w *gateWork) treatments(b *Batch, release Date, crops []string) (out []Application) {
	for _, id := range b.Places {
		for i := range w.entries[id] {
			e := &w.entries[id][i]
			if e.Activity != DoTreatment || e.Batch != "" && e.Batch != b.Code ||
				e.Batch == "" && (e.Day < firstDay(&b.LotFacts) || e.Day > release) {
				continue
			}
			a := w.application(e)
			a.Crops = crops
			out = append(out, a)
		}
	}
	return out
}

// cropsOf are the crops that a lot was harvested from, or what it was made of.
func (w *gateWork) cropsOf(code string, path []string) []string {
	b := w.lots[code]
	if b == nil || slices.Contains(path, code) {
		return nil
	}
	crops := map[string]bool{}
	for _, id := range b.Places {
		for i := range w.cycles[id] {
			if c := &w.cycles[id][i]; b.HarvestDate != "" && c.covers(b.HarvestDate) {
				crops[c.Crop] = true
			}
		}
	}
	for _, up := range w.parents[code] {
		for _, c := range w.cropsOf(up, append(slices.Clone(path), code)) {
			crops[c] = true
		}
	}
	return slices.Sorted(maps.Keys(crops))
}

// maxGateParts bounds the lots that one answer of the gate looks at; what is made of more is undetermined.
const maxGateParts = 5000

// gateParts finds the lots that lots were made of.
func (l *Ledger) gateParts(ctx context.Context, w *gateWork, codes []string) error {
	codes = slices.DeleteFunc(slices.Clone(codes), func(code string) bool { return w.lots[code].Origin == "" })
	if len(codes) == 0 {
		return nil
	}
	g, err := l.walkUpTo(ctx, codes, Up, maxGateParts+len(codes))
	if err != nil {
		return err
	}
	w.cut, w.parents = g.Cut, map[string][]string{}
	for i := range g.Lots {
		if b := g.Lots[i].Batch; b != nil && w.lots[b.Code] == nil {
			w.lots[b.Code] = b
		}
	}
	for _, e := range g.Edges {
		if !slices.Contains(w.parents[e.To], e.From) {
			w.parents[e.To] = append(w.parents[e.To], e.From)
		}
	}
	return nil
}
