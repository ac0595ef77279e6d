package trace_test

import (
	"context"
	"encoding/csv"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"truynguon/configs"
	"truynguon/internal/fault"
	"truynguon/internal/store"
	"truynguon/internal/trace"
)

// spraying is the draft of a usual spraying of the world's plot.
func (w *world) spraying(token, day string, phi trace.Decimal) trace.DiaryDraft {
	return trace.DiaryDraft{
		Token: token, Place: w.plot, Activity: "spraying", PerformedAt: day, TradeName: "Mẫu Đồng 77WP", Ingredient: "Copper hydroxide",
		Dose: "1.5", DoseUnit: "KGM/HAR", PHIDays: phi, PHISource: "label",
	}
}

func bought(token string) trace.InputDraft {
	return trace.InputDraft{
		Token: token, Kind: "pesticide", TradeName: "Mẫu Đồng 77WP", Ingredient: "Copper hydroxide", Supplier: "Cửa hàng vật tư",
		Quantity: trace.QuantityDraft{Value: "5", UOM: "KGM"}, Expiry: "2026-06-30", ReceivedOn: "2026-01-10",
	}
}

// listed is the import of a small list in force from a day.
func listed(token, from string) trace.SubstanceImport {
	return trace.SubstanceImport{Token: token, Number: "Mẫu", From: from, Sample: true, Table: [][]string{
		{"ingredient", "status", "crop", "phiDays", "tradeName"},
		{"Copper hydroxide", "permitted", "coffee", "7", "Mẫu Đồng 77WP"},
		{"Paraquat", "banned", "", "", ""},
	}}
}

// unsafeLot is a lot that was harvested two days after a spraying with an interval of a week, not released.
func unsafeLot(t *testing.T, w *world) string {
	must(w.RecordDiary(t.Context(), w.staff, w.spraying("unsafe", "2026-10-30", "7")))
	return w.registered(t, "L-1", false).Doc.Code
}

// sprayed is a spraying long before the harvest of a lot on the market, and answers its id.
func sprayed(t *testing.T, w *world) string {
	id := must(w.RecordDiary(t.Context(), w.staff, w.spraying("t", "2026-10-01", "7"))).Doc.ID
	w.registered(t, "L-1", true)
	return id
}

func refusedBecause(t *testing.T, err error) []string {
	t.Helper()
	var p *fault.Problem
	if !errors.As(err, &p) || !errors.Is(err, fault.Exists) {
		t.Fatalf("want a refusal that names lines, got %v", err)
	}
	out := []string{p.Code}
	for _, f := range p.Fields {
		out = append(out, f.Code)
	}
	return out
}

// TestReleaseNeedsTheGate: refused with the lines, passed by an official with a reason, which stays for ever.
func TestReleaseNeedsTheGate(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	code := unsafeLot(t, w)
	for _, by := range []trace.Actor{w.staff, w.manager, w.admin} {
		_, err := w.ReleaseBatch(ctx, by, code, "")
		if diff := cmp.Diff([]string{"safety_gate_violated", "gate.phi.too_early_entered"}, refusedBecause(t, err)); diff != "" {
			t.Error(diff)
		}
	}
	if _, err := w.OverrideGate(ctx, w.official, code, " "); !errors.Is(err, fault.Invalid) {
		t.Errorf("without a reason: %v", err)
	}
	must(w.OverrideGate(ctx, w.official, code, "Đã kiểm nghiệm, phiếu số 5"))
	p := must(w.Provenance(ctx, code))
	if p.Gate.Result != trace.GateViolated || !slices.Contains(p.Missing, "safety_gate") || p.Verdict != trace.Incomplete {
		t.Errorf("overridden, the page says %s %v %s", p.Gate.Result, p.Missing, p.Verdict)
	}
	must(w.HoldBatch(ctx, w.official, code, "kiểm tra lại"))
	must(w.VoidBatch(ctx, w.manager, code, "bỏ"))
	p = must(w.Provenance(ctx, code))
	if len(p.Overrides) != 1 || p.Overrides[0].Reason != "Đã kiểm nghiệm, phiếu số 5" || p.Overrides[0].Gate.Result != trace.GateViolated {
		t.Errorf("the page forgot the override: %+v", p.Overrides)
	}
	for _, l := range p.Gate.Lines {
		if l.Entry != "" || l.Place != "" {
			t.Errorf("a public line names an entry or plot: %+v", l)
		}
	}
}

// TestLateEntries: what is written down after a lot was released, or said right, is judged at once.
func TestLateEntries(t *testing.T) {
	for _, c := range []struct {
		name  string
		write func(t *testing.T, w *world)
		want  trace.State
		why   string
	}{
		{"too close to the harvest", func(t *testing.T, w *world) {
			must(w.RecordDiary(t.Context(), w.staff, w.spraying("", "2026-10-30", "7")))
		}, trace.Held, "too_early_entered"},
		{"with no interval", func(t *testing.T, w *world) {
			must(w.RecordDiary(t.Context(), w.staff, w.spraying("", "2026-02-01", "")))
		}, trace.Held, "phi_unknown"},
		{"early enough", func(t *testing.T, w *world) {
			must(w.RecordDiary(t.Context(), w.staff, w.spraying("", "2026-10-25", "7")))
		}, trace.Released, ""},
		{"after the harvest", func(t *testing.T, w *world) {
			must(w.RecordDiary(t.Context(), w.staff, w.spraying("", "2026-11-02", "30")))
		}, trace.Released, ""},
		{"in the last minute of the day before, by the clock of Việt Nam", func(t *testing.T, w *world) {
			must(w.RecordDiary(t.Context(), w.staff, w.spraying("", "2026-10-25T16:59:59Z", "7")))
		}, trace.Released, ""},
		{"a second later it is the next day there", func(t *testing.T, w *world) {
			must(w.RecordDiary(t.Context(), w.staff, w.spraying("", "2026-10-25T17:00:00Z", "7")))
		}, trace.Held, "too_early_entered"},
		{"the same moment, by another clock", func(t *testing.T, w *world) {
			must(w.RecordDiary(t.Context(), w.staff, w.spraying("", "2026-10-25T12:00:00-05:00", "7")))
		}, trace.Held, "too_early_entered"},
		{"said right to the worse", func(t *testing.T, w *world) {
			e := must(w.RecordDiary(t.Context(), w.staff, w.spraying("", "2026-10-01", "7")))
			d := e.Doc.Draft()
			d.PHIDays, d.Reason = "60", "đọc lại nhãn"
			must(w.CorrectDiary(t.Context(), w.staff, e.Doc.ID, d))
		}, trace.Held, "too_early_entered"},
		{"with an input past its expiry", func(t *testing.T, w *world) {
			d := w.spraying("", "2026-07-01", "7")
			d.Input = must(w.RecordInput(t.Context(), w.staff, bought(""))).Doc.ID
			must(w.RecordDiary(t.Context(), w.staff, d))
		}, trace.Held, "expired"},
		{"a treatment after harvest of just this lot", func(t *testing.T, w *world) {
			lots, _, err := w.Batches(t.Context(), w.staff, trace.BatchFilter{}, "", 1)
			must0(t, err)
			must(w.RecordDiary(t.Context(), w.staff, trace.DiaryDraft{
				Place: w.packhouse, Activity: "treatment", PerformedAt: "2026-11-20", TradeName: "X", PHIDays: "10", Batch: lots[0].Doc.Code,
			}))
		}, trace.Held, "too_early_entered"},
		{"washing is no treatment with a substance", func(t *testing.T, w *world) {
			must(w.RecordDiary(t.Context(), w.staff, trace.DiaryDraft{Place: w.packhouse, Activity: "treatment", PerformedAt: "2026-11-20", NoSubstance: true}))
		}, trace.Released, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			code := w.registered(t, "L-1", true).Doc.Code
			c.write(t, w)
			b := must(w.Batch(t.Context(), w.staff, code)).Doc
			if b.State != c.want {
				t.Fatalf("the lot is %s, want %s", b.State, c.want)
			}
			if c.want != trace.Held {
				return
			}
			last := b.LastStep()
			if last.By.ID != trace.System.ID || last.Gate == nil || last.Gate.Lines[0].Reason != c.why || last.Gate.Lines[0].Entry == "" {
				t.Errorf("held because of %+v", last)
			}
			if _, err := w.ReleaseBatch(t.Context(), w.manager, code, "thôi"); !errors.Is(err, fault.Denied) {
				t.Errorf("the organisation cleared it: %v", err)
			}
			if _, err := w.ReleaseBatch(t.Context(), w.official, code, "thôi"); !errors.Is(err, fault.Exists) {
				t.Errorf("an official cleared it without overriding: %v", err)
			}
			must(w.OverrideGate(t.Context(), w.official, code, "đã xem"))
			must0(t, w.RejudgeLots(t.Context()))
			if s := must(w.Batch(t.Context(), w.staff, code)).Doc.State; s != trace.Released {
				t.Errorf("what the official knew held it again: %s", s)
			}
			must(w.RecordDiary(t.Context(), w.staff, w.spraying("", "2026-10-31", "9")))
			if s := must(w.Batch(t.Context(), w.staff, code)).Doc.State; s != trace.Held {
				t.Errorf("what nobody knew did not hold it: %s", s)
			}
		})
	}
}

// TestLotReleasedMeanwhile: an entry that is written while a lot is being released is found by the next round.
func TestLotReleasedMeanwhile(t *testing.T) {
	w := newWorld(t)
	code := w.registered(t, "L-1", false).Doc.Code
	w.DB = &writesBefore{DB: w.DB, kind: "batch", do: func() {
		must(w.RecordDiary(t.Context(), w.staff, w.spraying("", "2026-10-30", "7")))
	}}
	must(w.ReleaseBatch(t.Context(), w.staff, code, ""))
	must0(t, w.RejudgeLots(t.Context()))
	if s := must(w.Batch(t.Context(), w.staff, code)).Doc.State; s != trace.Held {
		t.Errorf("the lot is %s", s)
	}
}

// TestDiaryVersions: a correction adds and never overwrites, and of two at once one is told.
func TestDiaryVersions(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	first := must(w.RecordDiary(ctx, w.staff, w.spraying("a", "2026-10-01", "7"))).Doc
	if again := must(w.RecordDiary(ctx, w.staff, w.spraying("a", "2026-10-01", "7"))).Doc; again.ID != first.ID {
		t.Error("the same submission made another entry")
	}
	if first.Cycle != w.cycle {
		t.Errorf("it belongs to %q, and there was one crop only", first.Cycle)
	}
	d := first.Draft()
	d.PerformedAt, d.Reason = "2026-10-03", "ghi nhầm ngày"
	second := must(w.CorrectDiary(ctx, w.manager, first.ID, d)).Doc
	d.PerformedAt, d.Reason = "2026-10-04", "nữa"
	if _, err := w.CorrectDiary(ctx, w.staff, first.ID, d); !errors.Is(err, fault.Stale) {
		t.Errorf("a version that was corrected took another correction: %v", err)
	}
	if _, err := w.CorrectDiary(ctx, w.staff, second.ID, trace.DiaryDraft{Activity: "spraying", PerformedAt: "2026-12-01", Dose: "x"}); err == nil {
		t.Error("nonsense was taken")
	} else if p := new(fault.Problem); !errors.As(err, &p) || len(p.Fields) != 3 {
		t.Errorf("want reason, day and dose named, got %v", err)
	}
	versions := must(w.EntryVersions(ctx, w.staff, second.ID))
	if len(versions) != 2 || versions[0].Day != "2026-10-01" || versions[1].Day != "2026-10-03" || versions[1].Reason != "ghi nhầm ngày" {
		t.Errorf("the versions are %+v", versions)
	}
	list, _, err := w.Diary(ctx, w.staff, trace.DiaryFilter{Place: w.plot, Activity: "spraying"}, "", 10)
	must0(t, err)
	if len(list) != 1 || list[0].Doc.ID != second.ID {
		t.Errorf("the diary has %+v", list)
	}
	if lag := second.LagDays(w.Zone); lag != 52 {
		t.Errorf("recorded %d days later", lag)
	}
	must(w.WithdrawDiary(ctx, w.staff, second.ID, "không phun", ""))
	list, _, err = w.Diary(ctx, w.staff, trace.DiaryFilter{Place: w.plot, Activity: "spraying"}, "", 10)
	must0(t, err)
	if len(list) != 0 {
		t.Errorf("withdrawn, the diary has %+v", list)
	}
}

// TestGateOfMadeLots: a lot made of lots is as good as the worst of them, and a late entry on the plot of one of them
// holds what was made of it.
func TestGateOfMadeLots(t *testing.T) {
	w := newWorld(t)
	raw := w.registered(t, "RAW", false).Doc.Code
	made := w.made(t, "MADE", raw)
	must(w.ReleaseBatch(t.Context(), w.staff, made, ""))
	must(w.RecordDiary(t.Context(), w.staff, w.spraying("", "2026-10-30", "7")))
	b := must(w.Batch(t.Context(), w.staff, made)).Doc
	if b.State != trace.Held || b.LastStep().Gate == nil {
		t.Fatalf("what was made of it is %s", b.State)
	}
	if !slices.ContainsFunc(b.LastStep().Gate.Lines, func(l trace.GateLine) bool { return l.Batch == raw && l.Reason == "too_early_entered" }) {
		t.Errorf("the reason does not name the part: %+v", b.LastStep().Gate.Lines)
	}
}

// made is a lot that was made of others, at the packhouse.
func (w *world) made(t *testing.T, code string, of ...string) string {
	t.Helper()
	b := must(w.Batch(t.Context(), w.staff, of[0])).Doc
	b.ID, b.Code, b.Lot, b.Origin, b.Places, b.HarvestDate = code, code, code, "t-"+code, []string{w.packhouse}, ""
	must0(t, w.PutBatch(t.Context(), b))
	tr := trace.Transformation{ID: "t-" + code, Organisation: b.Organisation, Kind: "process", Place: w.packhouse, At: w.now}
	for _, in := range of {
		tr.Inputs = append(tr.Inputs, trace.LotPart{LotAmount: trace.LotAmount{Lot: in, Quantity: b.Quantity}})
	}
	tr.Outputs = []trace.LotPart{{LotAmount: trace.LotAmount{Lot: code, Quantity: b.Quantity}}}
	must0(t, w.PutTransformation(t.Context(), tr))
	return code
}

// writesBefore does something once, before the first change of a record of a kind.
type writesBefore struct {
	store.DB
	kind string
	do   func()
}

func (db *writesBefore) Replace(ctx context.Context, kind string, r store.Record) error {
	if do := db.do; do != nil && kind == db.kind {
		db.do = nil
		do()
	}
	return db.DB.Replace(ctx, kind, r)
}

// TestNoDiary: without any diary a lot may go on the market unless the setting says otherwise, but is never called safe.
func TestNoDiary(t *testing.T) {
	w := newWorld(t)
	d := trace.BatchDraft{Product: w.foreign, Lot: "B-1", Places: []string{w.foreignPlot}, HarvestDate: "2026-11-01", Quantity: trace.QuantityDraft{Value: "5"}}
	code := must(w.RegisterBatch(t.Context(), w.neighbour, d)).Doc.Code
	w.DiaryRequired = true
	_, err := w.ReleaseBatch(t.Context(), w.neighbour, code, "")
	if diff := cmp.Diff([]string{"safety_gate_undetermined", "gate.diary.no_diary"}, refusedBecause(t, err)); diff != "" {
		t.Error(diff)
	}
	w.DiaryRequired = false
	must(w.ReleaseBatch(t.Context(), w.neighbour, code, ""))
	p := must(w.Provenance(t.Context(), code))
	if p.Gate.Result != trace.GateUndetermined || !p.Gate.NoDiary || !slices.Contains(p.Missing, "safety_gate") {
		t.Errorf("the page says %+v, missing %v", p.Gate, p.Missing)
	}
	answers := must(w.Verify(t.Context(), []string{code}))
	if g := answers[0].Lot.Gate; g == nil || g.Result != trace.GateUndetermined {
		t.Errorf("who asks is told %+v", g)
	}
}

// TestImportSubstances: a dry run writes nothing, faults name their rows, and versions stay beside each other.
func TestImportSubstances(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	dry := listed("", "2026-01-01")
	dry.DryRun = true
	r := must(w.ImportSubstances(ctx, w.official, dry))
	if r.Written || r.Counts[trace.Permitted] != 1 || r.Counts[trace.Banned] != 1 || len(must(w.SubstanceLists(ctx))) != 0 {
		t.Errorf("the dry run: %+v", r)
	}
	bad := listed("", "")
	bad.Table = append(bad.Table, []string{"", "maybe", "unknown", "7.5", "x"})
	_, err := w.ImportSubstances(ctx, w.official, bad)
	var p *fault.Problem
	if !errors.As(err, &p) {
		t.Fatalf("nonsense was taken: %v", err)
	}
	var at []string
	for _, f := range p.Fields {
		at = append(at, f.Pointer)
	}
	slices.Sort(at)
	if diff := cmp.Diff([]string{"/from", "/table/3/crop", "/table/3/ingredient", "/table/3/phiDays", "/table/3/status"}, at); diff != "" {
		t.Error(diff)
	}
	must(w.ImportSubstances(ctx, w.official, listed("", "2026-01-01")))
	must(w.ImportSubstances(ctx, w.admin, listed("", "2026-06-01")))
	if lists := must(w.SubstanceLists(ctx)); len(lists) != 2 || lists[0].From != "2026-06-01" {
		t.Errorf("the versions: %+v", lists)
	}
	// The list's interval is longer than what the farmer entered.
	must(w.RecordDiary(ctx, w.staff, w.spraying("", "2026-10-27", "3")))
	_, err = w.ReleaseBatch(ctx, w.staff, w.registered(t, "L-1", false).Doc.Code, "")
	if diff := cmp.Diff([]string{"safety_gate_violated", "gate.phi.too_early_listed"}, refusedBecause(t, err)); diff != "" {
		t.Error(diff)
	}
}

// TestSampleSubstances: what ships can be imported.
func TestSampleSubstances(t *testing.T) {
	w := newWorld(t)
	table, err := csv.NewReader(strings.NewReader(string(configs.SampleSubstances))).ReadAll()
	must0(t, err)
	r := must(w.ImportSubstances(t.Context(), w.admin, trace.SubstanceImport{Number: "Mẫu", From: "2024-01-01", Sample: true, Table: table}))
	if r.List.Rows != len(table)-1 || !r.Written {
		t.Errorf("%+v", r)
	}
}

// TestRejudgeRests: what has been looked at for long enough is not looked at again.
func TestRejudgeRests(t *testing.T) {
	w := newWorld(t)
	must(w.RecordDiary(t.Context(), w.staff, w.spraying("", "2026-10-01", "7")))
	pending := func() int {
		return len(must(w.DB.Find(t.Context(), "rejudge", store.Query{Term: "pending"})).Records)
	}
	must0(t, w.RejudgeLots(t.Context()))
	if pending() != 1 {
		t.Error("a verb may still be under way, and nobody looks any more")
	}
	w.now = w.now.Add(11 * time.Minute)
	must0(t, w.RejudgeLots(t.Context()))
	if pending() != 0 {
		t.Error("it is looked at for ever")
	}
}
