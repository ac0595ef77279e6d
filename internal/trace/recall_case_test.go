package trace_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"truynguon/internal/fault"
	"truynguon/internal/store"
	"truynguon/internal/trace"
)

// second is another manager of htx-a, and province an official over both communes.
var (
	second   = trace.Actor{ID: "u-second", Name: "Phó giám đốc", Role: trace.Manager, Org: "htx-a"}
	province = trace.Actor{ID: "u-province", Name: "Cán bộ tỉnh", Role: trace.Official, Unit: "t1"}
)

// caseOf is the draft of a voluntary recall that begins from lots.
func caseOf(codes ...string) trace.RecallCaseDraft {
	d := trace.RecallCaseDraft{
		Token: "case", Kind: "voluntary", Trigger: "test_result", Reason: "Dư lượng carbendazim vượt mức", Advice: "Không dùng, mang trả nơi mua.",
		Detected: "2026-11-24T08:00", Window: 7,
	}
	for _, code := range codes {
		d.Seeds = append(d.Seeds, trace.RecallSeed{Kind: trace.SeedLot, ID: code})
	}
	return d
}

// family is L-1, split into L-2 and L-3; L-3 and L-4 merged into M-1, which belongs to tht-b. L-5 grew
// beside L-1.
type family struct{ l1, l2, l3, l4, l5, m1 string }

func (w *world) family(t testing.TB) family {
	t.Helper()
	code := func(number string) string { return w.registered(t, number, true).Doc.Code }
	f := family{l1: code("L-1"), l2: code("L-2"), l3: code("L-3"), l4: code("L-4"), l5: code("L-5")}
	m := must(w.RegisterBatch(t.Context(), w.neighbour, trace.BatchDraft{
		Product: w.foreign, Lot: "M-1", Places: []string{w.foreignPlot}, HarvestDate: "2026-11-02", Quantity: trace.QuantityDraft{Value: "80"},
	}))
	f.m1 = must(w.ReleaseBatch(t.Context(), w.neighbour, m.Doc.Code, "")).Doc.Code
	part := func(code, n string) trace.LotPart {
		return trace.LotPart{LotAmount: trace.LotAmount{Lot: code, Quantity: trace.Quantity{Value: parsed(trace.ParseAmount(n)), UOM: "KGM"}}}
	}
	must0(t, w.PutTransformation(t.Context(), trace.Transformation{
		ID: "t1", Organisation: "htx-a", Kind: "split", Inputs: []trace.LotPart{part(f.l1, "100")}, Outputs: []trace.LotPart{part(f.l2, "50"), part(f.l3, "50")},
	}))
	must0(t, w.PutTransformation(t.Context(), trace.Transformation{
		ID: "t2", Organisation: "tht-b", Kind: "merge", Inputs: []trace.LotPart{part(f.l3, "50"), part(f.l4, "30")}, Outputs: []trace.LotPart{part(f.m1, "80")},
	}))
	must0(t, w.PutShipment(t.Context(), trace.Shipment{
		ID: "s1", Organisation: "htx-a", Kind: trace.Delivery, To: trace.Party{Name: "Siêu thị Mẫu", Address: "Phố 1", Code: "0100000099"},
		At: w.now.Add(-48 * time.Hour).UTC(), Lots: []trace.ShippedLot{{LotPart: part(f.l2, "50")}},
	}))
	return f
}

func parsed(a trace.Amount, ok bool) trace.Amount {
	if !ok {
		panic("not an amount")
	}
	return a
}

// scopeOf are the lots of a case's scope and their first reasons.
func scopeOf(t testing.TB, w *world, by trace.Actor, id string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for part := 0; part >= 0; {
		p := must(w.RecallScope(t.Context(), by, id, part))
		for _, lot := range p.Lots {
			why := string(lot.Why[0].Rule)
			if lot.Removed != nil {
				why = "removed"
			}
			out[lot.Lot] = why
		}
		part = p.Next
	}
	return out
}

// The scope is what was made of the seeds and, when asked for, what they were made of and what is beside
// them, each with its reason.
func TestRecallScope(t *testing.T) {
	w := newWorld(t)
	f := w.family(t)
	test := w.filed(t, numbered("7"), "original_seen")
	for _, c := range []struct {
		name string
		d    func(d *trace.RecallCaseDraft)
		want map[string]string
	}{
		{"forward", func(*trace.RecallCaseDraft) {}, map[string]string{"L-3": "seed", "M-1": "descendant"}},
		{"back", func(d *trace.RecallCaseDraft) { d.Back = true },
			map[string]string{"L-3": "seed", "M-1": "descendant", "L-1": "ancestor", "L-2": "descendant"}},
		{"sideways", func(d *trace.RecallCaseDraft) { d.Sideways = true },
			map[string]string{"L-3": "seed", "M-1": "descendant", "L-1": "shares_plot", "L-2": "shares_plot", "L-4": "shares_plot", "L-5": "shares_plot"}},
		{"plot", func(d *trace.RecallCaseDraft) { d.Seeds = []trace.RecallSeed{{Kind: trace.SeedPlot, ID: w.plot}} },
			map[string]string{"L-1": "plot", "L-2": "plot", "L-3": "plot", "L-4": "plot", "L-5": "plot", "M-1": "descendant"}},
		{"certificate", func(d *trace.RecallCaseDraft) {
			d.Seeds = []trace.RecallSeed{{Kind: trace.SeedCertificate, ID: test.Doc.ID}}
		}, map[string]string{"L-1": "certificate", "L-2": "certificate", "L-3": "certificate", "L-4": "certificate", "L-5": "certificate", "M-1": "descendant"}},
		{"shipment", func(d *trace.RecallCaseDraft) { d.Seeds = []trace.RecallSeed{{Kind: trace.SeedShipment, ID: "s1"}} },
			map[string]string{"L-2": "shipment"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := caseOf(f.l3)
			d.Token = ""
			c.d(&d)
			s := must(w.OpenRecallCase(t.Context(), w.official, d))
			if diff := cmp.Diff(c.want, scopeOf(t, w, w.official, s.Doc.ID)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if s.Doc.Scope.Lots != len(c.want) {
				t.Errorf("%d lots in the head", s.Doc.Scope.Lots)
			}
		})
	}
	for _, c := range []struct {
		name, pointer string
		d             func(d *trace.RecallCaseDraft)
	}{
		{"no seed", "/seeds", func(d *trace.RecallCaseDraft) { d.Seeds = nil }},
		{"unknown plot", "/seeds/0", func(d *trace.RecallCaseDraft) { d.Seeds = []trace.RecallSeed{{Kind: trace.SeedPlot, ID: "x"}} }},
		{"unknown kind", "/seeds/0/kind", func(d *trace.RecallCaseDraft) { d.Seeds[0].Kind = "x" }},
		{"no lots of a plot then", "/seeds", func(d *trace.RecallCaseDraft) {
			d.Seeds, d.From = []trace.RecallSeed{{Kind: trace.SeedPlot, ID: w.plot}}, "2026-11-20"
		}},
		{"no reason", "/reason", func(d *trace.RecallCaseDraft) { d.Reason = " " }},
		{"no advice", "/advice", func(d *trace.RecallCaseDraft) { d.Advice = "" }},
		{"detected tomorrow", "/detected", func(d *trace.RecallCaseDraft) { d.Detected = "2026-11-25T08:00" }},
		{"window", "/window", func(d *trace.RecallCaseDraft) { d.Window = 1000 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := caseOf(f.l3)
			c.d(&d)
			_, err := w.OpenRecallCase(t.Context(), w.official, d)
			var p *fault.Problem
			if !errors.As(err, &p) || len(p.Fields) == 0 || p.Fields[0].Pointer != c.pointer {
				t.Errorf("%v, want a fault of %s", err, c.pointer)
			}
		})
	}
}

// verdict is what a lot's page says.
func (w *world) verdict(t testing.TB, code string) trace.Verdict {
	t.Helper()
	return must(w.Provenance(t.Context(), code)).Verdict
}

// A case is opened, edited, reviewed by a second person, takes effect everywhere at once, is answered,
// accounted for and closed.
func TestRecallCase(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	f := w.family(t)
	d := caseOf(f.l3)
	d.Back = true
	c := must(w.OpenRecallCase(ctx, w.official, d))
	id := c.Doc.ID
	must(w.EditRecallScope(ctx, w.official, id, trace.ScopeEdit{Token: "e1", Remove: []string{f.l1}, Reason: "đã chế biến hết"}))
	c = must(w.EditRecallScope(ctx, w.official, id, trace.ScopeEdit{Token: "e2", Add: []string{trace.SpellCode(f.l5)}, Reason: "cùng kho"}))
	want := map[string]string{"L-3": "seed", "M-1": "descendant", "L-1": "removed", "L-2": "descendant", "L-5": "added"}
	if diff := cmp.Diff(want, scopeOf(t, w, w.official, id)); diff != "" {
		t.Errorf("edited (-want +got):\n%s", diff)
	}
	c = must(w.FindRecallScope(ctx, w.official, id, "f1"))
	if diff := cmp.Diff(want, scopeOf(t, w, w.official, id)); diff != "" {
		t.Errorf("found anew (-want +got):\n%s", diff)
	}
	for _, code := range []string{f.l3, f.m1, f.l5} {
		if v := w.verdict(t, code); v == trace.CalledBack || v == trace.OnHold {
			t.Errorf("before it is submitted a lot is %s", v)
		}
	}

	c = must(w.SubmitRecallCase(ctx, w.official, id, trace.Submission{Token: "s1", Hold: true}))
	for _, code := range []string{f.l3, f.m1, f.l5} {
		if v := w.verdict(t, code); v != trace.OnHold {
			t.Errorf("while it is reviewed a lot is %s", v)
		}
	}
	if _, err := w.ReleaseBatch(ctx, w.admin, f.l3, "x"); !errors.Is(err, fault.Exists) {
		t.Errorf("released by itself: %v", err)
	}
	if _, err := w.EditRecallScope(ctx, w.official, id, trace.ScopeEdit{Add: []string{f.l4}, Reason: "x"}); !errors.Is(err, fault.Exists) {
		t.Errorf("edited while frozen: %v", err)
	}
	review := trace.Review{Token: "r1", Version: c.Doc.Scope.Version}
	for _, by := range []trace.Actor{w.official, w.elsewhere, w.manager, w.staff, w.neighbour, w.buyer, w.nobody,
		{ID: "k1", Name: "máy", Role: trace.Admin}} {
		if _, err := w.ConfirmRecallCase(ctx, by, id, review); !errors.Is(err, fault.Denied) && !errors.Is(err, fault.Unauthenticated) {
			t.Errorf("confirmed by %s %s: %v", by.Role, by.Name, err)
		}
	}
	if _, err := w.ConfirmRecallCase(ctx, province, id, trace.Review{Version: 1}); !errors.Is(err, fault.Stale) {
		t.Errorf("confirmed what was not seen: %v", err)
	}
	c = must(w.ConfirmRecallCase(ctx, province, id, review))
	if c.Doc.ToldAt == nil || c.Doc.Stage != trace.RecallRunning {
		t.Errorf("confirmed: %+v", c.Doc)
	}
	for code, want := range map[string]trace.Verdict{
		f.l2: trace.CalledBack, f.l3: trace.CalledBack, f.m1: trace.CalledBack, f.l5: trace.CalledBack, f.l1: trace.Incomplete, f.l4: trace.Incomplete,
	} {
		if got := w.verdict(t, code); got != want {
			t.Errorf("a lot in effect is %s, want %s", got, want)
		}
		state := must(w.Batch(ctx, w.admin, code)).Doc.State
		if (want == trace.CalledBack) != (state == trace.Recalled) {
			t.Errorf("marked %s", state)
		}
	}
	pv := must(w.Provenance(ctx, f.m1))
	if pv.Recall == nil || pv.Recall.ID != id || pv.Recall.Advice != d.Advice {
		t.Errorf("told: %+v", pv.Recall)
	}
	answers := must(w.Verify(ctx, []string{f.m1}))
	if len(answers) != 1 || answers[0].Lot == nil || answers[0].Lot.Verdict != trace.CalledBack || answers[0].Lot.Recall == nil {
		t.Errorf("verified: %+v", answers)
	}
	if running := must(w.RunningRecalls(ctx, 10)); len(running) != 1 || running[0].ID != id {
		t.Errorf("running: %+v", running)
	}

	// The receiver of L-2 answers without an account.
	told := must(w.ReceiverNotices(ctx, w.official, id))
	if len(told) != 1 || told[0].Receiver.Name != "Siêu thị Mẫu" || told[0].Lots[0].Quantity.Value != 50_000 || told[0].Issued != 0 {
		t.Fatalf("told: %+v", told)
	}
	must(w.SetReceiverEmail(ctx, w.official, told[0].ID, "kho@sieuthi.example"))
	due := must(w.DueNotices(ctx, 10))
	if len(due) != 1 || due[0].Follow.Address != "kho@sieuthi.example" || due[0].Receipt.ID != told[0].ID {
		t.Fatalf("due: %+v", due)
	}
	must0(t, w.MarkSent(ctx, due[0].Notice.ID))
	w.now = w.now.Add(25 * time.Hour)
	must0(t, w.RemindReceivers(ctx))
	due = must(w.DueNotices(ctx, 10))
	if len(due) != 1 || due[0].Notice.Reason != trace.NoticeReminder {
		t.Fatalf("reminded: %+v", due)
	}
	if _, err := w.AnswerNotice(ctx, told[0].Key, trace.AnswerDraft{Name: "A", Lots: []trace.AnswerLineDraft{{Code: f.l2, Held: "51"}}}); !errors.Is(err, fault.Invalid) {
		t.Errorf("more than was sent: %v", err)
	}
	must(w.AnswerNotice(ctx, told[0].Key, trace.AnswerDraft{Token: "a", Name: "Kho", Lots: []trace.AnswerLineDraft{{Code: f.l2, Held: "20", Sold: "30"}}}))
	w.now = w.now.Add(8 * 24 * time.Hour)
	must0(t, w.RemindReceivers(ctx))
	if due = must(w.DueNotices(ctx, 10)); len(due) != 0 && due[0].Notice.ID != told[0].ID {
		for _, n := range due {
			if n.Notice.Created.After(w.now.Add(-time.Hour)) {
				t.Errorf("reminded though answered: %+v", n.Notice)
			}
		}
	}
	entry := func(lot, measure, n, receiver string) trace.RecallEntry {
		return must(w.RecordRecallEntry(ctx, w.manager, id, trace.RecallEntryDraft{Lot: lot, Measure: measure, Quantity: trace.Decimal(n), Receiver: receiver}))
	}
	entry(f.l2, "recovered", "20", told[0].ID)
	wrong := entry(f.l2, "destroyed", "2", "")
	must(w.RecordRecallEntry(ctx, w.manager, id, trace.RecallEntryDraft{Lot: f.l2, Measure: "destroyed", Quantity: "20", Supersedes: wrong.ID}))
	a := must(w.RecallAccount(ctx, w.official, id))
	at := slices.IndexFunc(a.Lots, func(l trace.LotAccount) bool { return l.Code == f.l2 })
	lot := a.Lots[at]
	if lot.Recovered != 20_000 || lot.HandledAll() != 20_000 || lot.Sold != 30_000 || lot.Shipped != 50_000 || lot.Known() != 50_000 || lot.Out() != 70_500 {
		t.Errorf("account: %+v, known %d, out %d", lot, lot.Known(), lot.Out())
	}
	if a.Unfinished != 4 {
		t.Errorf("%d lots are unfinished", a.Unfinished)
	}
	if _, err := w.CloseRecallCase(ctx, w.official, id, trace.RecallClosing{Outcome: "xong"}); !errors.Is(err, fault.Invalid) {
		t.Errorf("closed with lots that are not handled: %v", err)
	}
	must(w.SetConsent(ctx, w.official, id, "2026-11-30"))
	c = must(w.CloseRecallCase(ctx, w.official, id, trace.RecallClosing{Outcome: "xong", Unfinished: "đã bán hết"}))
	if v := w.verdict(t, f.m1); v != trace.CalledBack || c.Doc.ClosedAt == nil {
		t.Errorf("closed, a lot is %s", v)
	}
	if running := must(w.RunningRecalls(ctx, 10)); len(running) != 0 {
		t.Errorf("running after closing: %+v", running)
	}
}

// A case that is sent back or given up clears what it held, and only that.
func TestRecallCaseReturned(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	f := w.family(t)
	must(w.HoldBatch(ctx, w.staff, f.l4, "mùi lạ"))
	draft := w.registered(t, "D-1", false).Doc.Code
	c := must(w.OpenRecallCase(ctx, w.manager, caseOf(f.l2, f.l4, draft)))
	must(w.SubmitRecallCase(ctx, w.manager, c.Doc.ID, trace.Submission{Token: "s", Hold: true}))
	if v := w.verdict(t, f.l2); v != trace.OnHold {
		t.Errorf("held, a lot is %s", v)
	}
	must(w.ReturnRecallCase(ctx, second, c.Doc.ID, "r", "xem lại"))
	for code, want := range map[string]trace.State{f.l2: trace.Released, f.l4: trace.Held, draft: trace.Draft} {
		if b := must(w.Batch(ctx, w.admin, code)).Doc; b.State != want {
			t.Errorf("returned, %s is %s, want %s", b.Lot, b.State, want)
		}
	}
	must(w.ReleaseBatch(ctx, w.staff, draft, "")) // its events are whole
	must(w.SubmitRecallCase(ctx, w.manager, c.Doc.ID, trace.Submission{Token: "s2", Hold: true}))
	if v := w.verdict(t, f.l2); v != trace.OnHold {
		t.Errorf("held again, a lot is %s", v)
	}
	must(w.DropRecallCase(ctx, w.manager, c.Doc.ID, "d", "báo nhầm"))
	if b := must(w.Batch(ctx, w.admin, f.l2)).Doc; b.State != trace.Released {
		t.Errorf("dropped, a lot is %s", b.State)
	}
	if v := w.verdict(t, f.l2); v != trace.Incomplete {
		t.Errorf("dropped, a lot's page says %s", v)
	}
}

// An exercise changes nothing that anybody outside sees.
func TestMockRecall(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	f := w.family(t)
	must(w.Follow(ctx, w.buyer, trace.FollowDraft{Target: "producer", TargetID: "htx-a", Channel: "email", Address: "a@example.vn"}))
	d := caseOf(f.l2, f.l5)
	d.Mock = true
	before := dumpedKinds(t, w, "batch", "event", "notice", "watch")
	c := must(w.OpenRecallCase(ctx, w.manager, d))
	c = must(w.SubmitRecallCase(ctx, w.manager, c.Doc.ID, trace.Submission{Token: "s", Hold: true}))
	c = must(w.ConfirmRecallCase(ctx, second, c.Doc.ID, trace.Review{Token: "r", Version: c.Doc.Scope.Version}))
	must(w.SweepRecalls(ctx))
	must0(t, w.PrepareNotices(ctx))
	told := must(w.ReceiverNotices(ctx, w.manager, c.Doc.ID))
	if len(told) != 1 || !told[0].Mock {
		t.Fatalf("told: %+v", told)
	}
	must(w.SetReceiverEmail(ctx, w.manager, told[0].ID, "kho@sieuthi.example"))
	must(w.NoteAnswer(ctx, w.staff, told[0].ID, trace.AnswerDraft{Name: "Kho", Lots: []trace.AnswerLineDraft{{Code: f.l2, Held: "50"}}}))
	must(w.RecordRecallEntry(ctx, w.staff, c.Doc.ID, trace.RecallEntryDraft{Lot: f.l5, Measure: "recovered", Quantity: "120.5"}))
	if diff := cmp.Diff(before, dumpedKinds(t, w, "batch", "event", "notice", "watch")); diff != "" {
		t.Errorf("an exercise has changed (-before +after):\n%s", diff)
	}
	if v := w.verdict(t, f.l2); v != trace.Incomplete {
		t.Errorf("a lot's page says %s", v)
	}
	if running := must(w.RunningRecalls(ctx, 10)); len(running) != 0 {
		t.Errorf("running: %+v", running)
	}
	if list, _, err := w.RecallCases(ctx, w.manager, "", "", 10); err != nil || len(list) != 1 {
		t.Errorf("%d cases, %v", len(list), err)
	}
	a := must(w.RecallAccount(ctx, w.manager, c.Doc.ID))
	if len(a.Totals) != 1 || a.Totals[0].Known != 170_500 || a.Totals[0].KnownShare() != 707 {
		t.Errorf("totals: %+v", a.Totals)
	}
}

func dumpedKinds(t *testing.T, w *world, kinds ...string) (out []string) {
	t.Helper()
	for _, kind := range kinds {
		for _, r := range must(w.DB.Find(t.Context(), kind, store.Query{Limit: 1000})).Records {
			out = append(out, fmt.Sprintf("%s %d %s", kind, r.Rev, r.Body))
		}
	}
	return out
}

// Lots are held together and cleared together, by who may.
func TestHoldLots(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	f := w.family(t)
	h := must(w.HoldLots(ctx, w.staff, trace.HoldDraft{Token: "h", Reason: "nghi nhiễm", Seeds: []trace.RecallSeed{{Kind: trace.SeedPlot, ID: w.plot}}}))
	if h.Doc.Scope.Lots != 5 || h.Doc.Left != 1 {
		t.Errorf("%d lots held, %d left out", h.Doc.Scope.Lots, h.Doc.Left)
	}
	pv := must(w.Provenance(ctx, f.l1))
	if pv.Verdict != trace.OnHold || pv.HoldReason() != "nghi nhiễm" || w.verdict(t, f.m1) == trace.OnHold {
		t.Errorf("held: %s %s", pv.Verdict, pv.HoldReason())
	}
	also := must(w.HoldLots(ctx, w.official, trace.HoldDraft{Token: "o", Reason: "chờ kiểm nghiệm", Seeds: []trace.RecallSeed{{Kind: trace.SeedLot, ID: f.l1}}}))
	must(w.ReleaseLots(ctx, w.staff, h.Doc.ID, "không sao"))
	for code, want := range map[string]trace.State{f.l1: trace.Held, f.l2: trace.Held, f.l5: trace.Released} {
		if b := must(w.Batch(ctx, w.admin, code)).Doc; b.State != want {
			t.Errorf("%s is %s, want %s", b.Lot, b.State, want)
		}
	}
	if got := must(w.Provenance(ctx, f.l1)).HoldReason(); got != "chờ kiểm nghiệm" {
		t.Errorf("still held because: %s", got)
	}
	if _, err := w.ReleaseLots(ctx, w.manager, also.Doc.ID, "x"); !errors.Is(err, fault.Denied) {
		t.Errorf("what an official holds is released by a manager: %v", err)
	}
	must(w.ReleaseLots(ctx, w.official, also.Doc.ID, "đạt"))
	if b := must(w.Batch(ctx, w.admin, f.l1)).Doc; b.State != trace.Released {
		t.Errorf("released by both, it is %s", b.State)
	}
}

// TestDeadlines are computed from the dates alone.
func TestDeadlines(t *testing.T) {
	zone := must(time.LoadLocation("Asia/Ho_Chi_Minh"))
	at := func(day, hour int) time.Time { return time.Date(2026, 11, day, hour, 0, 0, 0, zone) }
	p := func(t time.Time) *time.Time { return &t }
	for _, c := range []struct {
		name string
		c    trace.RecallCase
		now  time.Time
		want []string
	}{
		{"just found", trace.RecallCase{Kind: trace.Voluntary, DetectedAt: at(24, 8)}, at(24, 9), []string{"stop due 25/11 08:00", "notify due 25/11 08:00"}},
		{"too slow", trace.RecallCase{Kind: trace.Mandatory, DetectedAt: at(24, 8)}, at(25, 9), []string{"decide overdue 25/11 08:00", "notify overdue 25/11 08:00"}},
		{"in time, told late", trace.RecallCase{Kind: trace.Voluntary, DetectedAt: at(24, 8), EffectiveAt: p(at(24, 20)), ToldAt: p(at(25, 9))}, at(25, 10),
			[]string{"stop met 25/11 08:00", "notify late 25/11 08:00", "handle due 24/02 23:59 provisional"}},
		{"from the consent", trace.RecallCase{Kind: trace.Voluntary, DetectedAt: at(24, 8), EffectiveAt: p(at(24, 20)), ToldAt: p(at(24, 20)), ConsentOn: "2026-11-30"}, at(25, 10),
			[]string{"stop met 25/11 08:00", "notify met 25/11 08:00", "handle due 28/02 23:59"}},
		{"given up", trace.RecallCase{Kind: trace.Voluntary, DetectedAt: at(24, 8), Stage: trace.RecallDropped}, at(30, 8), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, d := range c.c.Deadlines(zone) {
				line := fmt.Sprintf("%s %s %s", d.Name, d.State(c.now), d.Due.In(zone).Format("02/01 15:04"))
				if d.Provisional {
					line += " provisional"
				}
				got = append(got, line)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestRecallFaults stops every verb of cases and holds at every write.
func TestRecallFaults(t *testing.T) {
	var f family
	settled := func(t *testing.T, w *world) string {
		f = w.family(t)
		for _, kind := range []string{"volume", "volume_leaf"} { // several lots fall into parts at random
			for _, r := range must(w.DB.Find(t.Context(), kind, store.Query{})).Records {
				must0(t, w.DB.Delete(t.Context(), kind, r.Key, r.Rev))
			}
		}
		return ""
	}
	opened := func(t *testing.T, w *world) string {
		settled(t, w)
		return must(w.OpenRecallCase(t.Context(), w.official, caseOf(f.l3))).Doc.ID
	}
	submitted := func(t *testing.T, w *world) string {
		id := opened(t, w)
		must(w.SubmitRecallCase(t.Context(), w.official, id, trace.Submission{Token: "s", Hold: true}))
		return id
	}
	running := func(t *testing.T, w *world) string {
		settled(t, w)
		id := must(w.OpenRecallCase(t.Context(), w.official, caseOf(f.l2))).Doc.ID
		c := must(w.SubmitRecallCase(t.Context(), w.official, id, trace.Submission{Token: "s"}))
		must(w.ConfirmRecallCase(t.Context(), province, id, trace.Review{Token: "r", Version: c.Doc.Scope.Version}))
		return id
	}
	noticed := func(t *testing.T, w *world) string {
		return must(w.ReceiverNotices(t.Context(), w.official, running(t, w)))[0].ID
	}
	for _, v := range []faultyVerb{
		{"open a case", settled, func(ctx context.Context, w *world, _ string) error {
			_, err := w.OpenRecallCase(ctx, w.official, caseOf(f.l3))
			return err
		}},
		{"edit a scope", opened, func(ctx context.Context, w *world, id string) error {
			_, err := w.EditRecallScope(ctx, w.official, id, trace.ScopeEdit{Token: "e", Add: []string{f.l5}, Remove: []string{f.m1}, Reason: "vì"})
			return err
		}},
		{"find a scope anew", opened, func(ctx context.Context, w *world, id string) error {
			_, err := w.FindRecallScope(ctx, w.official, id, "f")
			return err
		}},
		{"change a case", opened, func(ctx context.Context, w *world, id string) error {
			d := caseOf()
			d.Reason = "khác"
			_, err := w.ChangeRecallCase(ctx, w.official, id, 0, d)
			return err
		}},
		{"submit a case with a hold", opened, func(ctx context.Context, w *world, id string) error {
			_, err := w.SubmitRecallCase(ctx, w.official, id, trace.Submission{Token: "s", Hold: true})
			return err
		}},
		{"confirm a case", submitted, func(ctx context.Context, w *world, id string) error {
			_, err := w.ConfirmRecallCase(ctx, province, id, trace.Review{Token: "r", Version: 2})
			return err
		}},
		{"confirm a case and sweep", submitted, func(ctx context.Context, w *world, id string) error {
			_, err := w.ConfirmRecallCase(ctx, province, id, trace.Review{Token: "r", Version: 2})
			if err != nil {
				return err
			}
			_, err = w.SweepRecalls(ctx)
			return err
		}},
		{"return a case", submitted, func(ctx context.Context, w *world, id string) error {
			_, err := w.ReturnRecallCase(ctx, province, id, "b", "xem lại")
			return err
		}},
		{"drop a case", submitted, func(ctx context.Context, w *world, id string) error {
			_, err := w.DropRecallCase(ctx, province, id, "d", "báo nhầm")
			return err
		}},
		{"name a receiver", running, func(ctx context.Context, w *world, id string) error {
			_, err := w.AddReceiver(ctx, w.official, id, trace.ReceiverDraft{Name: "Bếp ăn", Email: "b@example.vn", Lots: []trace.ReceivedDraft{{Code: f.l2, Quantity: "5"}}})
			return err
		}},
		{"set a receiver's address", noticed, func(ctx context.Context, w *world, id string) error {
			_, err := w.SetReceiverEmail(ctx, w.official, id, "b@example.vn")
			return err
		}},
		{"answer a notice", noticed, func(ctx context.Context, w *world, id string) error {
			_, err := w.NoteAnswer(ctx, w.manager, id, trace.AnswerDraft{Token: "a", Name: "Kho", Lots: []trace.AnswerLineDraft{{Code: f.l2, Held: "5"}}})
			return err
		}},
		{"remind receivers", func(t *testing.T, w *world) string {
			must(w.SetReceiverEmail(t.Context(), w.official, noticed(t, w), "b@example.vn"))
			w.now = w.now.Add(30 * time.Hour)
			return ""
		}, func(ctx context.Context, w *world, _ string) error { return w.RemindReceivers(ctx) }},
		{"tell followers of a case", func(t *testing.T, w *world) string { follower(t, w); return running(t, w) },
			func(ctx context.Context, w *world, _ string) error { return w.PrepareNotices(ctx) }},
		{"record an entry", running, func(ctx context.Context, w *world, id string) error {
			_, err := w.RecordRecallEntry(ctx, w.manager, id, trace.RecallEntryDraft{Token: "e", Lot: f.l2, Measure: "recovered", Quantity: "5"})
			return err
		}},
		{"note a consent", running, func(ctx context.Context, w *world, id string) error {
			_, err := w.SetConsent(ctx, w.official, id, "2026-11-24")
			return err
		}},
		{"close a case", running, func(ctx context.Context, w *world, id string) error {
			_, err := w.CloseRecallCase(ctx, w.official, id, trace.RecallClosing{Outcome: "xong", Unfinished: "vì"})
			return err
		}},
		{"hold lots together", settled, func(ctx context.Context, w *world, _ string) error {
			_, err := w.HoldLots(ctx, w.official, trace.HoldDraft{Token: "h", Reason: "vì", Seeds: []trace.RecallSeed{{Kind: trace.SeedLot, ID: f.l4}, {Kind: trace.SeedLot, ID: f.l5}}})
			return err
		}},
		{"release lots together", func(t *testing.T, w *world) string {
			settled(t, w)
			return must(w.HoldLots(t.Context(), w.staff, trace.HoldDraft{Reason: "vì", Seeds: []trace.RecallSeed{{Kind: trace.SeedLot, ID: f.l4}, {Kind: trace.SeedLot, ID: f.l5}}})).Doc.ID
		}, func(ctx context.Context, w *world, id string) error {
			_, err := w.ReleaseLots(ctx, w.staff, id, "đạt")
			return err
		}},
	} {
		t.Run(v.name, v.test)
	}
}
