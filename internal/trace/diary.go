package trace

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// Activity ids of diary entries, as the farmer calls what was done.
const (
	DoPlanting    = "planting"    // seed, seedlings
	DoFertilising = "fertilising" // B3
	DoSpraying    = "spraying"    // B3: a plant-protection product
	DoIrrigation  = "irrigation"
	DoTesting     = "testing"   // B1: soil, water or product
	DoHarvest     = "harvest"   // B4
	DoTreatment   = "treatment" // of what was harvested
	DoSale        = "sale"      // B4
	DoOther       = "other"
)

// DiaryActivities lists what a diary entry can be about, in the order in which it is offered.
var DiaryActivities = []string{DoSpraying, DoFertilising, DoIrrigation, DoHarvest, DoPlanting, DoTreatment, DoTesting, DoSale, DoOther}

// PHISources are where an interval was read: on the label, on the list, or the farmer's own word.
var PHISources = []string{"label", "list", "farmer"}

// DiaryFacts are what was done: what VietGAP's forms B1, B3 and B4 ask, and what the safety gate needs besides.
// All but the activity and the day may be left out, and what is left out counts as not known.
type DiaryFacts struct {
	// Activity is one of DiaryActivities.
	Activity string `json:"activity"`
	// Cycle is the crop cycle, empty if it is not known which.
	Cycle string `json:"cycle,omitempty"`
	// PerformedAt is when it was done, as the producer claims, and Day its local calendar day; DayOnly tells
	// that no more than the day was stated.
	PerformedAt time.Time `json:"performedAt"`
	Day         Date      `json:"day"`
	DayOnly     bool      `json:"dayOnly,omitempty"`
	// TradeName, Ingredient, Content and Registration are as the label says.
	TradeName    string `json:"tradeName,omitempty"`
	Ingredient   string `json:"ingredient,omitempty"`
	Content      string `json:"content,omitempty"`
	Registration string `json:"registration,omitempty"`
	// NoSubstance tells of a treatment after harvest that nothing was applied, as washing with water.
	NoSubstance bool `json:"noSubstance,omitempty"`
	// Input is the input lot that was used, and Quantity how much of it; of a harvest or sale, how much.
	Input    string   `json:"input,omitempty"`
	Quantity Quantity `json:"quantity,omitzero"`
	// Dose is how much was used, in DoseUnit (DoseUnits); Concentration is as people write it.
	Dose          Amount `json:"dose,omitempty"`
	DoseUnit      string `json:"doseUnit,omitempty"`
	Concentration string `json:"concentration,omitempty"`
	// AreaHa is the area in hectares.
	AreaHa Amount `json:"areaHa,omitempty"`
	// Target is the pest, disease or other reason.
	Target string `json:"target,omitempty"`
	// Operator is who did it.
	Operator string `json:"operator,omitempty"`
	// Equipment is what it was done with.
	Equipment string `json:"equipment,omitempty"`
	// ReEntryHours is for how many hours nobody should go in, 0 if not stated.
	ReEntryHours int `json:"reEntryHours,omitempty"`
	// PHIDays is the pre-harvest interval in days, nil if not known, and PHISource one of PHISources.
	PHIDays   *int   `json:"phiDays,omitempty"`
	PHISource string `json:"phiSource,omitempty"`
	// Batch is the code of the lot that was treated, harvested or sold.
	Batch string `json:"batch,omitempty"`
	// Sample, Agent, Finding and Measure are form B1's: what was tested, for what, what was found, and what
	// was done about it.
	Sample  string `json:"sample,omitempty"`
	Agent   string `json:"agent,omitempty"`
	Finding string `json:"finding,omitempty"`
	Measure string `json:"measure,omitempty"`
	// Party is who bought it.
	Party     string   `json:"party,omitempty"`
	Note      string   `json:"note,omitempty"`
	Documents []string `json:"documents,omitempty"`
}

// DiaryEntry is one version of one entry of a plot's diary. It is never changed: a correction is the next version.
type DiaryEntry struct {
	// ID is Root for the first version, and Root with "-2", "-3" … for its corrections.
	ID   string `json:"id"`
	Root string `json:"root"`
	// Version counts from 1.
	Version      int    `json:"version"`
	Organisation string `json:"organisation"`
	Place        string `json:"place"`
	DiaryFacts
	// Withdrawn tells that the entry was made by mistake: nothing of it was done.
	Withdrawn bool `json:"withdrawn,omitempty"`
	// Reason is why it was corrected or withdrawn.
	Reason string `json:"reason,omitempty"`
	// RecordedAt is when this version was recorded, by the server's clock.
	RecordedAt time.Time `json:"recordedAt"`
	By         Actor     `json:"by"`
	// Gated tells that the safety gate looks at this version or at one before it.
	Gated bool `json:"gated,omitempty"`
}

// LagDays is how many days after it was done the entry was recorded (VietGAP 3.1.4 forbids dating back, so the
// lag is shown).
func (e *DiaryEntry) LagDays(zone *time.Location) int {
	recorded := DateOf(e.RecordedAt.In(zone))
	days := recorded.Time(time.UTC).Sub(e.Day.Time(time.UTC)).Hours() / 24
	return max(int(days), 0)
}

// gated reports whether the safety gate looks at what was done.
func (f *DiaryFacts) gated() bool { return f.Activity == DoSpraying || f.Activity == DoTreatment }

func versionID(root string, version int) string {
	if version == 1 {
		return root
	}
	return root + "-" + strconv.Itoa(version)
}

var diary = affecting(trail(newKind("diary",
	func(e *DiaryEntry) string { return e.ID }, func(e *DiaryEntry) string { return e.Organisation },
	func(r *record[DiaryEntry]) string { return sortTime(r.Doc.PerformedAt) },
	func(e *DiaryEntry) []string {
		terms := []string{"place=" + e.Place, "org=" + e.Organisation, "root=" + e.Root, "place+activity=" + e.Place + "+" + e.Activity}
		if e.Cycle != "" {
			terms = append(terms, "cycle="+e.Cycle)
		}
		if e.Input != "" {
			terms = append(terms, "input="+e.Input)
		}
		if e.Gated {
			terms = append(terms, "gate="+e.Place)
		}
		return terms
	})), func(_ *Ledger, e *DiaryEntry) []string { return []string{"org/" + e.Organisation} })

// diaryBook tells from which day on there are entries of a plot: by crop cycle, and under "" for all.
type diaryBook struct {
	Place string          `json:"place"`
	First map[string]Date `json:"first"`
}

var diaryBooks = store.Table[diaryBook]{
	Kind:  "diary_book",
	Key:   func(b *diaryBook) string { return b.Place },
	Sort:  func(*diaryBook) string { return "" },
	Terms: func(*diaryBook) []string { return nil },
}

// DiaryDraft is what is sent to record or correct a diary entry.
type DiaryDraft struct {
	Token string `json:"-"`
	Place string `json:"place"`
	// Activity is one of DiaryActivities.
	Activity string `json:"activity"`
	Cycle    string `json:"cycle"`
	// PerformedAt is a day, "2026-03-10", or a time with an offset (RFC 3339).
	PerformedAt   string        `json:"performedAt"`
	TradeName     string        `json:"tradeName"`
	Ingredient    string        `json:"ingredient"`
	Content       string        `json:"content"`
	Registration  string        `json:"registration"`
	NoSubstance   bool          `json:"noSubstance"`
	Input         string        `json:"input"`
	Quantity      QuantityDraft `json:"quantity"`
	Dose          Decimal       `json:"dose"`
	DoseUnit      string        `json:"doseUnit"`
	Concentration string        `json:"concentration"`
	AreaHa        Decimal       `json:"areaHa"`
	Target        string        `json:"target"`
	Operator      string        `json:"operator"`
	Equipment     string        `json:"equipment"`
	ReEntryHours  Decimal       `json:"reEntryHours"`
	PHIDays       Decimal       `json:"phiDays"`
	PHISource     string        `json:"phiSource"`
	Batch         string        `json:"batch"`
	Sample        string        `json:"sample"`
	Agent         string        `json:"agent"`
	Finding       string        `json:"finding"`
	Measure       string        `json:"measure"`
	Party         string        `json:"party"`
	Note          string        `json:"note"`
	Documents     []string      `json:"documents"`
	// Reason is why an entry is corrected.
	Reason string `json:"reason"`
}

// Draft returns the draft that would say the same again.
func (e *DiaryEntry) Draft() DiaryDraft {
	d := DiaryDraft{
		Place: e.Place, Activity: e.Activity, Cycle: e.Cycle, PerformedAt: string(e.Day), TradeName: e.TradeName, Ingredient: e.Ingredient,
		Content: e.Content, Registration: e.Registration, NoSubstance: e.NoSubstance, Input: e.Input, DoseUnit: e.DoseUnit,
		Concentration: e.Concentration, Target: e.Target, Operator: e.Operator, Equipment: e.Equipment, PHISource: e.PHISource,
		Batch: e.Batch, Sample: e.Sample, Agent: e.Agent, Finding: e.Finding, Measure: e.Measure, Party: e.Party, Note: e.Note, Documents: e.Documents,
	}
	if !e.DayOnly {
		d.PerformedAt = e.PerformedAt.Format(time.RFC3339)
	}
	for _, n := range []struct {
		to *Decimal
		v  Amount
	}{{&d.Quantity.Value, e.Quantity.Value}, {&d.Dose, e.Dose}, {&d.AreaHa, e.AreaHa}} {
		if n.v != 0 {
			*n.to = Decimal(n.v.String())
		}
	}
	d.Quantity.UOM = e.Quantity.UOM
	if e.ReEntryHours != 0 {
		d.ReEntryHours = Decimal(strconv.Itoa(e.ReEntryHours))
	}
	if e.PHIDays != nil {
		d.PHIDays = Decimal(strconv.Itoa(*e.PHIDays))
	}
	return d
}

// RecordDiary records what was done on a plot or, after harvest, at another place of the organisation. An entry
// about plant protection that comes late has lots that were released already judged anew: see rejudge.
func (l *Ledger) RecordDiary(ctx context.Context, by Actor, d DiaryDraft) (s Stored[DiaryEntry], err error) {
	defer fault.Wrap(&err, "Ledger.RecordDiary(%q)", d.Place)
	pl, err := l.keptPlace(ctx, by, d.Place)
	if err != nil {
		return s, err
	}
	f, err := l.diaryFacts(ctx, &pl, d)
	if err != nil {
		return s, err
	}
	root := newID("diary", by, d.Token)
	e := DiaryEntry{
		ID: root, Root: root, Version: 1, Organisation: pl.Organisation, Place: pl.ID, DiaryFacts: f,
		RecordedAt: l.stamp(), By: by, Gated: f.gated(),
	}
	return l.writeEntry(ctx, by, e, d.Token != "", f.Day)
}

// CorrectDiary says an entry right: id is the version that the actor saw, which stays as it is and no longer
// counts. If it has been corrected already, the answer is fault.Stale.
func (l *Ledger) CorrectDiary(ctx context.Context, by Actor, id string, d DiaryDraft) (s Stored[DiaryEntry], err error) {
	defer fault.Wrap(&err, "Ledger.CorrectDiary(%q)", id)
	return l.nextVersion(ctx, by, id, d.Reason, d.Token, func(_ *DiaryEntry, pl *Place) (DiaryFacts, error) {
		return l.diaryFacts(ctx, pl, d)
	})
}

// WithdrawDiary says that nothing of what an entry says was done.
func (l *Ledger) WithdrawDiary(ctx context.Context, by Actor, id, reason, token string) (s Stored[DiaryEntry], err error) {
	defer fault.Wrap(&err, "Ledger.WithdrawDiary(%q)", id)
	return l.nextVersion(ctx, by, id, reason, token, nil)
}

// nextVersion supersedes a version. The key of the next one is taken once, so that of two corrections of the
// same version one comes first and the other is told.
func (l *Ledger) nextVersion(ctx context.Context, by Actor, id, reason, token string, facts func(old *DiaryEntry, pl *Place) (DiaryFacts, error)) (s Stored[DiaryEntry], err error) {
	if by.Role == "" || by.Role == Buyer {
		return s, by.denied()
	}
	old, err := diary.get(ctx, l, id)
	if err != nil {
		return s, err
	}
	pl, err := l.keptPlace(ctx, by, old.Doc.Place)
	if err != nil {
		return s, err
	}
	e := old.Doc
	e.Version++
	e.ID = versionID(e.Root, e.Version)
	e.RecordedAt, e.By = l.stamp(), by
	var p fault.Problem
	e.Reason = p.Paragraph("/reason", reason, maxText, true)
	if old.Doc.Withdrawn {
		return s, fault.New(fault.Exists, "diary_withdrawn")
	}
	if facts == nil {
		e.Withdrawn = true
	} else {
		f, err := facts(&old.Doc, &pl)
		var more *fault.Problem
		if errors.As(err, &more) && len(more.Fields) > 0 {
			for _, m := range more.Fields {
				p.Add(m.Pointer, m.Code, m.Args...)
			}
		} else if err != nil {
			return s, err
		}
		e.DiaryFacts = f
	}
	if err := p.Err(); err != nil {
		return s, err
	}
	e.Gated = old.Doc.Gated || e.gated()
	return l.writeEntry(ctx, by, e, token != "", min(old.Doc.Day, e.Day))
}

// writeEntry writes a version. What has to be judged anew is noted first, so that a write that is cut short loses
// nothing: whoever comes next finds the note.
func (l *Ledger) writeEntry(ctx context.Context, by Actor, e DiaryEntry, repeatable bool, from Date) (s Stored[DiaryEntry], err error) {
	note := rejudge{Key: "diary-" + e.ID, Place: e.Place, From: from, Batch: e.Batch, After: e.Activity == DoTreatment}
	if e.Gated {
		if err := l.noteRejudge(ctx, note); err != nil {
			return s, err
		}
	}
	s, err = diary.insert(ctx, l, by, "record", e)
	if errors.Is(err, fault.Exists) {
		mine := s.Doc.By.ID == by.ID && s.Doc.Activity == e.Activity && s.Doc.Day == e.Day && s.Doc.TradeName == e.TradeName && s.Doc.Withdrawn == e.Withdrawn
		switch {
		case mine && (repeatable || e.Version > 1):
			err = nil
		case e.Version > 1:
			return s, fault.New(fault.Stale, "diary_corrected")
		default:
			return s, fault.New(fault.Exists, "token_reused")
		}
	}
	if err != nil {
		return s, err
	}
	if err := l.keepBook(ctx, &s.Doc); err != nil {
		return s, err
	}
	if e.Gated {
		return s, l.rejudge(ctx, note)
	}
	return s, nil
}

// keepBook notes from which day on there are entries. It is written after the entry: a book that says too little
// keeps a lot back, and one that says too much would let it go. After a correction it is counted anew.
func (l *Ledger) keepBook(ctx context.Context, e *DiaryEntry) error {
	entries := []DiaryEntry{*e}
	if e.Version > 1 {
		entries = nil
		err := findAny(ctx, l, diary, []string{"place=" + e.Place}, func(e DiaryEntry) { entries = append(entries, e) })
		if err != nil {
			return err
		}
		entries = latestVersions(entries)
	}
	_, err := put(ctx, l, diaryBooks, e.Place, diaryBook{Place: e.Place}, func(b *diaryBook) error {
		if b.First == nil || e.Version > 1 {
			b.First = map[string]Date{}
		}
		for i := range entries {
			for _, key := range []string{"", entries[i].Cycle} {
				if had, ok := b.First[key]; !ok || entries[i].Day < had {
					b.First[key] = entries[i].Day
				}
			}
		}
		return nil
	})
	return err
}

// diaryFacts checks a draft against the records of the place's organisation.
func (l *Ledger) diaryFacts(ctx context.Context, pl *Place, d DiaryDraft) (DiaryFacts, error) {
	var p fault.Problem
	f := DiaryFacts{
		Activity: choice(&p, "/activity", d.Activity, DiaryActivities), Cycle: strings.TrimSpace(d.Cycle),
		TradeName: p.Text("/tradeName", d.TradeName, maxName, false), Ingredient: p.Text("/ingredient", d.Ingredient, maxName, false),
		Content: p.Text("/content", d.Content, 60, false), Registration: p.Text("/registration", d.Registration, 60, false),
		NoSubstance: d.NoSubstance, Input: strings.TrimSpace(d.Input),
		Dose: amount(&p, "/dose", d.Dose, false), Concentration: p.Text("/concentration", d.Concentration, 60, false),
		AreaHa: amount(&p, "/areaHa", d.AreaHa, false), Target: p.Text("/target", d.Target, maxName, false),
		Operator: p.Text("/operator", d.Operator, maxName, false), Equipment: p.Text("/equipment", d.Equipment, maxName, false),
		Batch: strings.TrimSpace(d.Batch), Sample: p.Text("/sample", d.Sample, maxName, false), Agent: p.Text("/agent", d.Agent, maxName, false),
		Finding: p.Text("/finding", d.Finding, maxName, false), Measure: p.Paragraph("/measure", d.Measure, maxText, false),
		Party: p.Text("/party", d.Party, maxName, false), Note: p.Paragraph("/note", d.Note, maxText, false), Documents: unique(d.Documents),
	}
	l.performed(&p, &f, d.PerformedAt)
	if f.Quantity.Value = amount(&p, "/quantity/value", d.Quantity.Value, false); f.Quantity.Value != 0 {
		f.Quantity.UOM = choice(&p, "/quantity/uom", d.Quantity.UOM, UnitsOfMeasure)
	}
	if f.Dose != 0 {
		f.DoseUnit = choice(&p, "/doseUnit", d.DoseUnit, DoseUnits)
	}
	if hours := wholeDays(&p, "/reEntryHours", d.ReEntryHours, 24*60); hours != nil {
		f.ReEntryHours = *hours
	}
	if f.PHIDays = wholeDays(&p, "/phiDays", d.PHIDays, maxPHI); f.PHIDays != nil {
		if f.PHISource = "farmer"; d.PHISource != "" {
			f.PHISource = choice(&p, "/phiSource", d.PHISource, PHISources)
		}
	}
	if err := l.diaryLinks(ctx, &p, pl, &f); err != nil {
		return f, err
	}
	if pl.Type != Plot && !slices.Contains([]string{DoTreatment, DoTesting, DoSale, DoOther, ""}, f.Activity) {
		p.Add("/place", "diary_not_a_plot")
	}
	return f, p.Err()
}

// maxPHI bounds an interval: longer ones are slips of the pen.
const maxPHI = 730

// wholeDays reads a whole number from 0 to most, nil if nothing was sent.
func wholeDays(p *fault.Problem, pointer string, d Decimal, most int) *int {
	text := strings.TrimSpace(string(d))
	if text == "" {
		return nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > most {
		p.Add(pointer, "whole_number", most)
		return nil
	}
	return &n
}

// performed reads when something was done: a day, or a time with an offset whose day is that of the ledger's zone.
func (l *Ledger) performed(p *fault.Problem, f *DiaryFacts, value string) {
	value = strings.TrimSpace(value)
	const at = "/performedAt"
	if value == "" {
		p.Add(at, "missing")
		return
	}
	if t, err := time.Parse(time.RFC3339, value); err == nil {
		f.PerformedAt = t.UTC().Truncate(time.Millisecond)
		f.Day = date(p, at, string(DateOf(t.In(l.zone()))))
		if f.PerformedAt.After(l.now()) {
			p.Add(at, "date_in_future", string(f.Day))
		}
		return
	}
	f.Day, f.DayOnly = date(p, at, value), true
	f.PerformedAt = f.Day.Time(l.zone()).UTC()
	if f.Day > l.Today() {
		p.Add(at, "date_in_future", string(f.Day))
	}
}

// diaryLinks checks what an entry refers to, and takes from an input lot what the entry leaves out.
func (l *Ledger) diaryLinks(ctx context.Context, p *fault.Problem, pl *Place, f *DiaryFacts) error {
	if f.Cycle != "" {
		c, err := cycles.get(ctx, l, f.Cycle)
		if err := found(p, "/cycle", "cycle_unknown", err); err != nil {
			return err
		}
		if err == nil && c.Doc.Place != pl.ID {
			p.Add("/cycle", "cycle_unknown")
		}
	} else if f.Day != "" {
		all, err := l.cyclesAt(ctx, []string{pl.ID})
		if err != nil {
			return err
		}
		f.Cycle = onlyCycle(all[pl.ID], f.Day)
	}
	if f.Input != "" {
		in, err := inputs.get(ctx, l, f.Input)
		if err := found(p, "/input", "input_unknown", err); err != nil {
			return err
		}
		switch {
		case err != nil:
		case in.Doc.Organisation != pl.Organisation:
			p.Add("/input", "input_unknown")
		default:
			fill := func(to *string, from string) {
				if *to == "" {
					*to = from
				}
			}
			fill(&f.TradeName, in.Doc.TradeName)
			fill(&f.Ingredient, in.Doc.Ingredient)
			fill(&f.Content, in.Doc.Content)
			fill(&f.Registration, in.Doc.Registration)
		}
	}
	if f.Batch != "" {
		b, err := batches.get(ctx, l, f.Batch)
		if err := found(p, "/batch", "batch_unknown", err); err != nil {
			return err
		}
		if err == nil && b.Doc.Organisation != pl.Organisation {
			p.Add("/batch", "batch_unknown")
		}
	}
	return l.checkDocuments(ctx, p, "/documents", pl.Organisation, f.Documents)
}

// onlyCycle is the one crop cycle that a plot had on a day, empty if there were several or none.
func onlyCycle(all []CropCycle, day Date) string {
	id := ""
	for i := range all {
		if all[i].covers(day) {
			if id != "" {
				return ""
			}
			id = all[i].ID
		}
	}
	return id
}

// cyclesAt reads the crop cycles of plots.
func (l *Ledger) cyclesAt(ctx context.Context, plots []string) (map[string][]CropCycle, error) {
	out := map[string][]CropCycle{}
	err := findAny(ctx, l, cycles, prefixed("place=", plots), func(c CropCycle) { out[c.Place] = append(out[c.Place], c) })
	return out, err
}

// findAny reads all records that carry one of some terms, a page at a time.
func findAny[T any](ctx context.Context, l *Ledger, k kind[T], terms []string, each func(T)) error {
	for row, err := range withAny(ctx, l.DB, k.Table, terms, store.Query{}) {
		if err != nil {
			return err
		}
		each(row.Value.Doc)
	}
	return nil
}

// Entry answers a version of a diary entry to those who may see its organisation's records.
func (l *Ledger) Entry(ctx context.Context, by Actor, id string) (s Stored[DiaryEntry], err error) {
	defer fault.Wrap(&err, "Ledger.Entry(%q)", id)
	if by.Role == "" {
		return s, by.denied()
	}
	s, err = diary.get(ctx, l, id)
	if err != nil {
		return s, err
	}
	return s, l.readable(ctx, by, s.Doc.Organisation)
}

// EntryVersions answers all versions of the entry that id is a version of, oldest first.
func (l *Ledger) EntryVersions(ctx context.Context, by Actor, id string) (out []DiaryEntry, err error) {
	defer fault.Wrap(&err, "Ledger.EntryVersions(%q)", id)
	s, err := l.Entry(ctx, by, id)
	if err != nil {
		return nil, err
	}
	page, _, err := diary.find(ctx, l, store.Query{Term: "root=" + s.Doc.Root, Limit: 1000})
	if err != nil {
		return nil, err
	}
	for _, v := range page {
		out = append(out, v.Doc)
	}
	slices.SortFunc(out, func(a, b DiaryEntry) int { return a.Version - b.Version })
	return out, nil
}

// DiaryFilter says which entries a list shows: those of a place, of a crop cycle, or of an organisation.
type DiaryFilter struct {
	Organisation, Place, Cycle string
	// Activity narrows those of a place down.
	Activity string
}

// Diary answers a page of diary entries as they hold now, latest first: superseded versions and what was
// withdrawn are left out, so that a page may have fewer than limit and still not be the last.
func (l *Ledger) Diary(ctx context.Context, by Actor, f DiaryFilter, after string, limit int) (out []Stored[DiaryEntry], next string, err error) {
	defer fault.Wrap(&err, "Ledger.Diary(%+v)", f)
	var q store.Query
	if f.Cycle != "" {
		if _, err := l.Cycle(ctx, by, f.Cycle); err != nil {
			return nil, "", err
		}
		q = store.Query{Term: "cycle=" + f.Cycle, Desc: true, After: after, Limit: limit}
	} else if q, err = l.placeQuery(ctx, by, f.Organisation, f.Place, after, limit); err != nil {
		return nil, "", err
	}
	if f.Activity != "" && f.Place != "" {
		q.Term = "place+activity=" + f.Place + "+" + f.Activity
	}
	page, next, err := diary.find(ctx, l, q)
	if err != nil {
		return nil, "", err
	}
	keys := make([]string, len(page))
	for i, e := range page {
		keys[i] = versionID(e.Doc.Root, e.Doc.Version+1)
	}
	newer, err := diary.many(ctx, l, keys)
	if err != nil {
		return nil, "", err
	}
	for i, e := range page {
		if _, superseded := newer[keys[i]]; !superseded && !e.Doc.Withdrawn {
			out = append(out, e)
		}
	}
	return out, next, nil
}

// Superseded reports whether a version has been corrected or withdrawn.
func (l *Ledger) Superseded(ctx context.Context, e *DiaryEntry) (bool, error) {
	newer, err := diary.many(ctx, l, []string{versionID(e.Root, e.Version+1)})
	return len(newer) > 0, err
}

// latestVersions are the latest versions, those withdrawn left out.
func latestVersions(all []DiaryEntry) (out []DiaryEntry) {
	latest := map[string]int{}
	for _, e := range all {
		latest[e.Root] = max(latest[e.Root], e.Version)
	}
	for _, e := range all {
		if e.Version == latest[e.Root] && !e.Withdrawn {
			out = append(out, e)
		}
	}
	return out
}
