package trace_test

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"truynguon/internal/store"
	"truynguon/internal/store/sqlite"
	"truynguon/internal/store/storetest"
	"truynguon/internal/trace"
)

// TestFaults stops every verb at every write, once with the write lost and once with it kept, and lets
// the caller try again, as a browser or program does. What is recorded in the end must be what an
// undisturbed run records.
func TestFaults(t *testing.T) {
	for _, v := range []faultyVerb{
		{"capture events", nil, func(ctx context.Context, w *world, _ string) error {
			_, err := capture(ctx, w, w.staff, trace.CaptureDraft{Token: "t", Document: toldEvents(1, 3, "storing")})
			return err
		}},
		{"capture events of which one is taken", alreadyTold, func(ctx context.Context, w *world, _ string) error {
			_, err := capture(ctx, w, w.staff, trace.CaptureDraft{Token: "t", Document: toldEvents(1, 3, "storing")})
			return err
		}},
		{"capture an event", nil, captureAlone},
		{"keep a query", nil, nameQuery},
		{"register a product with a GTIN", nil, func(ctx context.Context, w *world, _ string) error {
			_, err := w.RegisterProduct(ctx, w.staff, trace.ProductDraft{Token: "t", Name: "Cà phê hạt", UOM: "KGM", GTIN: "9524001000032"})
			return err
		}},
		{"add a document", nil, func(ctx context.Context, w *world, _ string) error {
			_, err := w.AddDocument(ctx, w.neighbour, "", "a.jpg", trace.Public, bytes.NewReader(picture(t)))
			return err
		}},
		{"register a lot", nil, func(ctx context.Context, w *world, _ string) error {
			d := w.lot("L-1")
			d.Token = "t"
			_, err := w.RegisterBatch(ctx, w.staff, d)
			return err
		}},
		{"correct a lot", lotOf(false), func(ctx context.Context, w *world, code string) error {
			d := w.lot("L-1")
			d.Quantity.Value = "7"
			_, err := w.CorrectBatch(ctx, w.staff, code, 0, d)
			return err
		}},
		{"release a lot", lotOf(false), func(ctx context.Context, w *world, code string) error {
			_, err := w.ReleaseBatch(ctx, w.staff, code, "")
			return err
		}},
		{"hold a lot", lotOf(true), func(ctx context.Context, w *world, code string) error {
			_, err := w.HoldBatch(ctx, w.official, code, "vì")
			return err
		}},
		{"void a lot", lotOf(true), func(ctx context.Context, w *world, code string) error {
			_, err := w.VoidBatch(ctx, w.manager, code, "vì")
			return err
		}},
		{"record an event", lotOf(true), func(ctx context.Context, w *world, code string) error {
			_, err := w.RecordEvent(ctx, w.staff, trace.EventDraft{Batch: code, Step: "packing", Date: "2026-11-10", Time: "08:30", Place: w.packhouse})
			return err
		}},
		{"recall a lot", lotOf(true), func(ctx context.Context, w *world, code string) error {
			_, err := w.OpenRecall(ctx, w.manager, trace.RecallDraft{Token: "t", Kind: "voluntary", Reason: "vì", Batches: []string{code}})
			return err
		}},
		{"file a certificate", nil, func(ctx context.Context, w *world, _ string) error {
			_, err := w.FileCertificate(ctx, w.staff, trace.CertificateDraft{Token: "t", Scheme: "attp", Number: "1", Agency: "S", StartDate: "2026-01-01"})
			return err
		}},
		{"correct a certificate", certificateOf(""), func(ctx context.Context, w *world, id string) error {
			_, err := w.CorrectCertificate(ctx, w.staff, id, 0, numbered("2"))
			return err
		}},
		{"submit a certificate", certificateOf(""), decide("submit")},
		{"verify a certificate", certificateOf("submit"), decide("verify")},
		{"suspend a certificate", certificateOf("submit", "verify"), decide("suspend")},
		{"reinstate a certificate", certificateOf("submit", "verify", "suspend"), decide("reinstate")},
		{"revoke a certificate", certificateOf("submit", "verify"), decide("revoke")},
		{"supersede a certificate", certificateOf("submit", "verify"), decide("supersede")},
		{"replace a certificate's documents", certificateOf("submit", "verify"), func(ctx context.Context, w *world, id string) error {
			_, err := w.ReplaceDocuments(ctx, w.staff, id, 0, []string{must(w.Product(ctx, w.coffee)).Doc.Image})
			return err
		}},
		{"share a document", nil, func(ctx context.Context, w *world, _ string) error {
			_, err := w.ShareDocument(ctx, w.staff, must(w.Product(ctx, w.coffee)).Doc.Image, trace.Private)
			return err
		}},
		{"follow a producer", nil, func(ctx context.Context, w *world, _ string) error {
			_, err := w.Follow(ctx, w.buyer, trace.FollowDraft{Target: "producer", TargetID: "htx-a", Channel: "email", Address: "a@example.vn"})
			return err
		}},
		{"end a following", follower, func(ctx context.Context, w *world, id string) error { return w.Unfollow(ctx, w.buyer, id) }},
		{"prepare notices", suspended, func(ctx context.Context, w *world, _ string) error { return w.PrepareNotices(ctx) }},
		{"take the notices that are due", noticed, func(ctx context.Context, w *world, _ string) error {
			// A notice that was taken when the answer was lost is due again when its lease is over.
			_, err := w.DueNotices(ctx, 10)
			return err
		}},
		{"mark a notice as sent", noticed, func(ctx context.Context, w *world, id string) error { return w.MarkSent(ctx, id) }},
		{"count a product's lots anew", func(t *testing.T, w *world) string {
			w.registered(t, "L-1", true) // two would fall into parts at random
			for _, kind := range []string{"volume", "volume_leaf"} {
				for _, r := range must(w.DB.Find(t.Context(), kind, store.Query{})).Records {
					must0(t, w.DB.Delete(t.Context(), kind, r.Key, r.Rev))
				}
			}
			return ""
		}, func(ctx context.Context, w *world, _ string) error { return w.RecountVolume(ctx, w.admin, w.coffee) }},
		{"make certificates findable anew", func(t *testing.T, w *world) string {
			suspended(t, w)
			for _, kind := range []string{"lookup", "expiry"} {
				for _, r := range must(w.DB.Find(t.Context(), kind, store.Query{})).Records {
					must0(t, w.DB.Delete(t.Context(), kind, r.Key, r.Rev))
				}
			}
			return ""
		}, func(ctx context.Context, w *world, _ string) error { return w.RefileLookups(ctx, w.admin) }},
		{"record a print run", lotOf(true), func(ctx context.Context, w *world, code string) error {
			d := run(code)
			d.Token = "t"
			_, err := w.RecordPrint(ctx, w.staff, d)
			return err
		}},
		{"record a print run with serials", lotOf(true), func(ctx context.Context, w *world, code string) error {
			_, err := w.RecordPrint(ctx, w.staff, items(code, "t", 10))
			return err
		}},
		{"record the next print run with serials", func(t *testing.T, w *world) string {
			code := lotOf(true)(t, w)
			must(w.RecordPrint(t.Context(), w.staff, items(code, "s", 10)))
			return code
		}, func(ctx context.Context, w *world, code string) error {
			_, err := w.RecordPrint(ctx, w.staff, items(code, "t", 10))
			return err
		}},
		{"void serials", func(t *testing.T, w *world) string {
			r := must(w.RecordPrint(t.Context(), w.staff, items(lotOf(true)(t, w), "s", 10)))
			return r.Batch + " " + must(w.Serials(t.Context(), w.staff, &r))(3)
		}, func(ctx context.Context, w *world, with string) error {
			code, serial, _ := strings.Cut(with, " ")
			_, err := w.VoidSerials(ctx, w.staff, trace.VoidDraft{Batch: code, From: serial, Reason: "vì"})
			return err
		}},
		{"add a link", nil, func(ctx context.Context, w *world, _ string) error {
			_, err := w.AddLink(ctx, w.staff, shop("t"))
			return err
		}},
		{"withdraw a link", func(t *testing.T, w *world) string {
			return must(w.AddLink(t.Context(), w.staff, shop("t"))).Doc.ID
		}, func(ctx context.Context, w *world, id string) error {
			_, err := w.WithdrawLink(ctx, w.staff, id)
			return err
		}},
		{"take down a link", func(t *testing.T, w *world) string {
			return must(w.AddLink(t.Context(), w.staff, shop("t"))).Doc.ID
		}, func(ctx context.Context, w *world, id string) error {
			_, err := w.TakeDownLink(ctx, w.official, id, "vì")
			return err
		}},
		{"reinstate a link", takenDown, func(ctx context.Context, w *world, id string) error {
			_, err := w.ReinstateLink(ctx, w.official, id, "đã xem")
			return err
		}},
		{"keep what was chosen to print", nil, func(ctx context.Context, w *world, _ string) error {
			return w.KeepPrintChoice(ctx, w.staff, func(c *trace.PrintChoice) { c.Form = map[string][]string{"stock": {"a4-24"}} })
		}},
		{"order a roll", nil, func(ctx context.Context, w *world, _ string) error {
			_, err := w.OrderRoll(ctx, w.staff, trace.RollDraft{Token: "t", Name: "x", Count: 5})
			return err
		}},
		{"order the next roll", func(t *testing.T, w *world) string {
			return must(w.OrderRoll(t.Context(), w.staff, trace.RollDraft{Name: "w", Count: 5})).Doc.ID
		},
			func(ctx context.Context, w *world, _ string) error {
				_, err := w.OrderRoll(ctx, w.staff, trace.RollDraft{Token: "t", Name: "x", Count: 5})
				return err
			}},
		{"print a roll", func(t *testing.T, w *world) string {
			return must(w.OrderRoll(t.Context(), w.staff, trace.RollDraft{Name: "w", Count: 5})).Doc.ID
		},
			func(ctx context.Context, w *world, id string) error {
				_, _, err := w.PrintRoll(ctx, w.staff, trace.RollPrintDraft{Token: "t", Roll: id, From: 1, To: 3, Stock: "s", Format: "pdf"})
				return err
			}},
		{"claim labels of a roll", func(t *testing.T, w *world) string {
			_, code := w.rolled(t, 5)
			return lotOf(true)(t, w) + " " + code(2)
		}, func(ctx context.Context, w *world, with string) error {
			lot, code, _ := strings.Cut(with, " ")
			_, err := w.ClaimRoll(ctx, w.staff, lot, trace.RollClaimDraft{Token: "t", From: code, To: code})
			return err
		}},
		{"note something of an alert", func(t *testing.T, w *world) string { return w.alerted(t) }, func(ctx context.Context, w *world, id string) error {
			_, err := w.NoteAlert(ctx, w.official, id, trace.AlertDraft{State: "closed", Note: "đã xem"})
			return err
		}},
		{"correct a claim", claimedLabel, func(ctx context.Context, w *world, code string) error {
			_, err := w.FreeRoll(ctx, w.staff, trace.RollRange{Token: "t", From: code, Reason: "vì"})
			return err
		}},
		{"void labels of a roll", claimedLabel, func(ctx context.Context, w *world, code string) error {
			_, err := w.VoidRoll(ctx, w.staff, trace.RollRange{Token: "t", From: code, Reason: "vì"})
			return err
		}},
		{"say that a product is not sold", nil, func(ctx context.Context, w *world, _ string) error {
			_, err := w.PauseSale(ctx, w.staff, trace.SalePauseDraft{Token: "t", Product: w.honey, From: "2026-11-01", Reason: "hết mùa"})
			return err
		}},
		{"take that back", func(t *testing.T, w *world) string {
			return must(w.PauseSale(t.Context(), w.staff, trace.SalePauseDraft{Token: "t", Product: w.honey, From: "2026-11-01", Reason: "hết mùa"})).Doc.ID
		}, func(ctx context.Context, w *world, id string) error {
			_, err := w.WithdrawSalePause(ctx, w.official, id, "thấy bán")
			return err
		}},
		{"record a sighting", nil, func(ctx context.Context, w *world, _ string) error {
			_, err := w.RecordSighting(ctx, w.official, trace.SightingDraft{Token: "t", Name: "Chuối", Where: "Chợ", Seen: "2026-11-01"})
			return err
		}},
		{"resolve a sighting", func(t *testing.T, w *world) string {
			return must(w.RecordSighting(t.Context(), w.official, trace.SightingDraft{Token: "t", Name: "Chuối", Where: "Chợ", Seen: "2026-11-01"})).Doc.ID
		}, func(ctx context.Context, w *world, id string) error {
			_, err := w.ResolveSighting(ctx, w.official, id, "đã đăng ký")
			return err
		}},
		{"make an entry of the register", nil, func(ctx context.Context, w *world, _ string) error {
			_, err := w.RecordRegister(ctx, w.manager, trace.RegisterDraft{Token: "t", Topic: "members", From: "2026-01-01", Number: "40"})
			return err
		}},
		{"end a district", nil, func(ctx context.Context, w *world, _ string) error {
			return w.AddUnit(ctx, w.admin, trace.Unit{Code: "h1", Level: "huyen", Name: "Huyện", Parent: "t1", Successors: []string{"x1", "x2"}})
		}},
		{"change a unit", nil, func(ctx context.Context, w *world, _ string) error {
			return w.ChangeUnit(ctx, w.admin, trace.Unit{Code: "t1", Level: "tinh", Name: "Tỉnh", Successors: []string{"x2"}})
		}},
		{"count coverage", lotOf(true), func(ctx context.Context, w *world, _ string) error {
			_, err := w.RefreshCoverage(ctx)
			return err
		}},
		{"mark all coverage for being counted anew", func(t *testing.T, w *world) string {
			lotOf(true)(t, w)
			for _, r := range must(w.DB.Find(t.Context(), "coverage_mark", store.Query{})).Records {
				must0(t, w.DB.Delete(t.Context(), "coverage_mark", r.Key, r.Rev))
			}
			return ""
		}, func(ctx context.Context, w *world, _ string) error {
			return w.RebuildCoverage(ctx, w.admin)
		}},
		{"open a crop cycle", nil, func(ctx context.Context, w *world, _ string) error {
			_, err := w.OpenCycle(ctx, w.staff, trace.CycleDraft{Token: "t", Place: w.plot, Crop: "pepper"})
			return err
		}},
		{"close a crop cycle", lotOf(true), func(ctx context.Context, w *world, _ string) error {
			_, err := w.UpdateCycle(ctx, w.staff, w.cycle, 0, trace.CycleDraft{ClosedAt: "2026-10-01"}) // before the harvest: the lot is held
			return err
		}},
		{"record an input lot", nil, func(ctx context.Context, w *world, _ string) error {
			_, err := w.RecordInput(ctx, w.staff, bought("t"))
			return err
		}},
		{"write in the diary", nil, func(ctx context.Context, w *world, _ string) error {
			d := w.spraying("t", "2023-10-01", "7")
			_, err := w.RecordDiary(ctx, w.staff, d)
			return err
		}},
		{"write late what holds a lot", lotOf(true), func(ctx context.Context, w *world, _ string) error {
			_, err := w.RecordDiary(ctx, w.staff, w.spraying("t", "2026-10-30", "7"))
			return err
		}},
		{"finish what was written late", func(t *testing.T, w *world) string {
			lotOf(true)(t, w)
			db := w.DB
			w.DB = storetest.Faulty(db, storetest.Fault{Write: 3, Kept: true}) // the note and the entry, and no more
			if _, err := w.RecordDiary(t.Context(), w.staff, w.spraying("t", "2026-10-30", "7")); err == nil {
				t.Fatal("nothing failed")
			}
			w.DB = db
			w.now = w.now.Add(time.Hour)
			return ""
		}, func(ctx context.Context, w *world, _ string) error { return w.RejudgeLots(ctx) }},
		{"correct the diary so that a lot is held", sprayed, func(ctx context.Context, w *world, id string) error {
			d := w.spraying("u", "2026-10-30", "7")
			d.Reason = "vì"
			_, err := w.CorrectDiary(ctx, w.staff, id, d)
			return err
		}},
		{"withdraw from the diary", sprayed, func(ctx context.Context, w *world, id string) error {
			_, err := w.WithdrawDiary(ctx, w.staff, id, "vì", "u")
			return err
		}},
		{"import a list of substances", nil, func(ctx context.Context, w *world, _ string) error {
			_, err := w.ImportSubstances(ctx, w.official, listed("t", "2026-01-01"))
			return err
		}},
		{"release a lot in spite of the gate", unsafeLot, func(ctx context.Context, w *world, code string) error {
			_, err := w.OverrideGate(ctx, w.official, code, "vì")
			return err
		}},
		{"record a growing-area code", nil, func(ctx context.Context, w *world, _ string) error {
			_, err := w.RegisterGrowingCode(ctx, w.staff, grant(w.plot, "t"))
			return err
		}},
		{"decide about a growing-area code", func(t *testing.T, w *world) string { return w.granted(t, w.staff).Doc.ID },
			func(ctx context.Context, w *world, id string) error {
				_, err := w.DecideGrowingCode(ctx, w.official, id, codeMove("suspended", "2026-01-01"))
				return err
			}},
		{"add a household", nil, func(ctx context.Context, w *world, _ string) error {
			_, err := w.RegisterMember(ctx, w.staff, trace.MemberDraft{Token: "t", Code: "H", Name: "N"})
			return err
		}},
		{"change a household", func(t *testing.T, w *world) string { return w.household(t) }, func(ctx context.Context, w *world, id string) error {
			_, err := w.UpdateMember(ctx, w.staff, id, 0, trace.MemberDraft{Name: "M"})
			return err
		}},
		{"record a consent", func(t *testing.T, w *world) string { return w.household(t) }, func(ctx context.Context, w *world, id string) error {
			_, err := w.GiveConsent(ctx, w.staff, id, consent("name_public"))
			return err
		}},
		{"record that a consent is withdrawn", func(t *testing.T, w *world) string {
			h := w.household(t)
			must(w.GiveConsent(t.Context(), w.staff, h, consent("name_public")))
			return h
		}, func(ctx context.Context, w *world, id string) error {
			_, err := w.WithdrawConsent(ctx, w.staff, id, trace.NamePublic)
			return err
		}},
		{"report a doubt", lotOf(true), func(ctx context.Context, w *world, code string) error {
			_, err := w.ReportDoubt(ctx, trace.Actor{}, trace.DoubtDraft{Token: "t", Code: code, Text: "lạ"})
			return err
		}},
	} {
		t.Run(v.name, v.test)
	}
}

// faultyVerb is a verb that is stopped at every write.
type faultyVerb struct {
	name string
	// prepare answers what do needs; do is the verb, which is repeated.
	prepare func(t *testing.T, w *world) string
	do      func(ctx context.Context, w *world, with string) error
}

// test stops the verb at every write, lost and kept, and lets it be tried again.
func (v faultyVerb) test(t *testing.T) {
	run := func(f storetest.Fault) (dump string, struck bool) {
		db, err := sqlite.Open(t.Context(), ":memory:")
		must0(t, err)
		defer func() { _ = db.Close() }()
		w := settle(t, db)
		with := ""
		if v.prepare != nil {
			with = v.prepare(t, w)
		}
		faulty := storetest.Faulty(db, f)
		w.DB = faulty
		first := v.do(t.Context(), w, with)
		if struck = faulty.Struck(); !struck && first != nil {
			t.Fatalf("without a fault: %v", first)
		}
		w.DB = db
		if err := v.do(t.Context(), w, with); err != nil {
			t.Fatalf("fault %+v: the second attempt: %v", f, err)
		}
		return dumped(t, db), struck
	}
	want, _ := run(storetest.Fault{})
	for _, kept := range []bool{false, true} {
		n := 1
		for ; ; n++ {
			got, struck := run(storetest.Fault{Write: n, Kept: kept})
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("write %d failed (kept: %v) and all was tried again (-undisturbed +got):\n%s", n, kept, diff)
			}
			if !struck {
				break
			}
		}
		if n < 2 {
			t.Errorf("only %d writes were stopped: the test does not reach the verb", n-1)
		}
	}
}

func lotOf(released bool) func(t *testing.T, w *world) string {
	return func(t *testing.T, w *world) string { return w.registered(t, "L-1", released).Doc.Code }
}

// certificateOf files a certificate and takes decisions about it.
func certificateOf(actions ...string) func(t *testing.T, w *world) string {
	return func(t *testing.T, w *world) string {
		d := numbered("1")
		d.EndDate = "2026-12-20"
		d.Documents = nil
		id := must(w.FileCertificate(t.Context(), w.staff, d)).Doc.ID
		for _, action := range actions {
			if action != "" {
				must0(t, decide(action)(t.Context(), w, id))
			}
		}
		return id
	}
}

// decide takes a decision about a certificate, with a token.
func decide(action string) func(ctx context.Context, w *world, id string) error {
	return func(ctx context.Context, w *world, id string) error {
		by := w.official
		if action == "submit" {
			by = w.staff
		}
		_, err := w.DecideCertificate(ctx, by, id, action, trace.DecisionDraft{Token: "t-" + action, Reason: "vì", Method: "original_seen"})
		return err
	}
}

// follower has a buyer follow htx-a.
func follower(t *testing.T, w *world) string {
	return must(w.Follow(t.Context(), w.buyer, trace.FollowDraft{Target: "producer", TargetID: "htx-a", Channel: "email", Address: "a@example.vn"})).ID
}

// suspended has a certificate suspended that somebody follows and that ends soon, and a lot recalled.
func suspended(t *testing.T, w *world) string {
	follower(t, w)
	certificateOf("submit", "verify")(t, w)
	certificateOf("submit", "verify", "suspend")(t, w)
	must(w.OpenRecall(t.Context(), w.manager, trace.RecallDraft{Kind: "voluntary", Reason: "vì", Batches: []string{w.registered(t, "L-1", true).Doc.Code}}))
	return ""
}

// noticed has one notice due.
func noticed(t *testing.T, w *world) string {
	follower(t, w)
	certificateOf("submit", "verify")(t, w)
	must0(t, w.PrepareNotices(t.Context()))
	list, _, err := w.Notices(t.Context(), w.buyer, "", 10)
	must0(t, err)
	if len(list) != 1 {
		t.Fatalf("%d notices", len(list))
	}
	return list[0].ID
}

var (
	randomCode = regexp.MustCompile(`\b[346789ACDEFHJKMNPQRTVWX]{12,13}\b|\b[346789acdefhjkmnpqrtvwx]{12}\b`)
	spelled    = regexp.MustCompile(`\b[346789ACDEFHJKMNPQRTVWX]{4}-[346789ACDEFHJKMNPQRTVWX]{4}-[346789ACDEFHJKMNPQRTVWX]{4}\b`)
	noticeKeys = regexp.MustCompile(`\b[346789ACDEFHJKMNPQRTVWX]{24}\b`)
	noticeIDs  = regexp.MustCompile(`\b[346789acdefhjkmnpqrtvwx]{12}/[0-9a-f]{16}\b`)
	hashes     = regexp.MustCompile(`[0-9a-f]{64}`)
	volumePart = regexp.MustCompile(`\b(\d\d)-\d\b`) // by a lot's random code
)

// dumped writes every record there is, with codes and hashes, which differ from run to run, numbered in
// the order in which they appear.
func dumped(t *testing.T, db store.DB) string {
	t.Helper()
	var b strings.Builder
	for _, kind := range []string{"capture", "event_value", "epcis_query", "organisation", "place", "product", "gtin_claim", "document", "lot_claim", "batch", "certificate", "recall", "doubt", "audit", "event",
		"lookup", "expiry", "copy_alert", "watch", "follow", "notice", "volume", "volume_leaf",
		"print", "serial_book", "serial_run", "print_choice", "roll_book", "roll",
		"link",
		"cycle", "input", "diary", "diary_book", "rejudge", "substance", "substance_list",
		"recall_case", "scope_part", "recall_job", "recall_notice", "recall_entry", "hold_set",
		"transformation", "shipment", "logistic_unit", "sscc_book", "period_report"} {
		page, err := db.Find(t.Context(), kind, store.Query{Limit: 1000})
		must0(t, err)
		var lines []string
		for _, r := range page.Records {
			lines = append(lines, fmt.Sprintf("%s rev %d %s\n", kind, r.Rev, r.Body))
		}
		text := noticeIDs.ReplaceAllString(noticeKeys.ReplaceAllString(spelled.ReplaceAllString(strings.Join(lines, ""), "CODE"), "KEY"), "ID")
		b.WriteString(volumePart.ReplaceAllString(hashes.ReplaceAllString(randomCode.ReplaceAllString(text, "CODE"), "HASH"), "$1-N"))
	}
	// Records of equal times come in the order of their random keys.
	all := strings.Split(b.String(), "\n")
	seen := map[string]int{}
	for _, l := range all {
		seen[l]++
	}
	var out []string
	for l, n := range seen {
		out = append(out, fmt.Sprintf("%d× %s", n, l))
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}
