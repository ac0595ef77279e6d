package trace_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"truynguon/internal/fault"
	"truynguon/internal/gs1"
	"truynguon/internal/trace"
)

func TestVerdict(t *testing.T) {
	for _, c := range []struct {
		name    string
		do      func(t *testing.T, w *world) string // makes a lot, answers its code
		verdict trace.Verdict
		missing []string
	}{
		{"in order", func(t *testing.T, w *world) string {
			w.certified(t, "attp", "2026-01-01", "2028-12-31")
			return w.registered(t, "L", true).Doc.Code
		}, trace.InOrder, nil},
		{"no certificate", func(t *testing.T, w *world) string {
			return w.registered(t, "L", true).Doc.Code
		}, trace.Incomplete, []string{"food_safety"}},
		{"certificate nobody has checked", func(t *testing.T, w *world) string {
			c := must(w.FileCertificate(t.Context(), w.staff, trace.CertificateDraft{
				Scheme: "attp", Number: "1", Agency: "Sở", StartDate: "2026-01-01", EndDate: "2028-01-01"}))
			must(w.DecideCertificate(t.Context(), w.staff, c.Doc.ID, "submit", trace.DecisionDraft{}))
			return w.registered(t, "L", true).Doc.Code
		}, trace.Incomplete, []string{"food_safety"}},
		{"certificate expired since the packing", func(t *testing.T, w *world) string {
			w.certified(t, "attp", "2023-11-12", "2026-11-12")
			return w.registered(t, "L", true).Doc.Code
		}, trace.Incomplete, []string{"food_safety"}},
		{"certificate that ends today", func(t *testing.T, w *world) string {
			w.certified(t, "attp", "2023-11-25", "2026-11-24")
			return w.registered(t, "L", true).Doc.Code
		}, trace.InOrder, nil},
		{"certificate that began after the packing", func(t *testing.T, w *world) string {
			w.certified(t, "attp", "2026-11-11", "2029-11-11")
			return w.registered(t, "L", true).Doc.Code
		}, trace.Incomplete, []string{"food_safety"}},
		{"certificate of another product", func(t *testing.T, w *world) string {
			w.certified(t, "attp", "2026-01-01", "2028-12-31", trace.SubjectDraft{Product: w.honey})
			return w.registered(t, "L", true).Doc.Code
		}, trace.Incomplete, []string{"food_safety"}},
		{"certificate of the packhouse", func(t *testing.T, w *world) string {
			w.certified(t, "attp", "2026-01-01", "2028-12-31", trace.SubjectDraft{Product: w.coffee, Place: w.packhouse})
			return w.registered(t, "L", true).Doc.Code
		}, trace.InOrder, nil},
		{"certificate of the packhouse for a lot from the field", func(t *testing.T, w *world) string {
			w.certified(t, "attp", "2026-01-01", "2028-12-31", trace.SubjectDraft{Place: w.packhouse})
			d := w.lot("L")
			d.Places = []string{w.plot}
			b := must(w.RegisterBatch(t.Context(), w.staff, d))
			return must(w.ReleaseBatch(t.Context(), w.staff, b.Doc.Code, "")).Doc.Code
		}, trace.Incomplete, []string{"food_safety"}},
		{"a good VietGAP is no food-safety basis", func(t *testing.T, w *world) string {
			w.certified(t, "vietgap", "2026-01-01", "2028-12-31")
			return w.registered(t, "L", true).Doc.Code
		}, trace.Incomplete, []string{"food_safety"}},
		{"photo, standards and basis missing", func(t *testing.T, w *world) string {
			d := w.lot("L")
			d.Product = w.honey
			b := must(w.RegisterBatch(t.Context(), w.staff, d))
			return must(w.ReleaseBatch(t.Context(), w.staff, b.Doc.Code, "")).Doc.Code
		}, trace.Incomplete, []string{"image", "standards", "food_safety"}},
		{"draft", func(t *testing.T, w *world) string { return w.registered(t, "L", false).Doc.Code }, trace.NotReleased, nil},
		{"held", func(t *testing.T, w *world) string {
			b := w.registered(t, "L", true)
			return must(w.HoldBatch(t.Context(), w.official, b.Doc.Code, "chờ kiểm nghiệm")).Doc.Code
		}, trace.OnHold, nil},
		{"cleared", func(t *testing.T, w *world) string {
			w.certified(t, "attp", "2026-01-01", "2028-12-31")
			b := w.registered(t, "L", true)
			must(w.HoldBatch(t.Context(), w.official, b.Doc.Code, "chờ kiểm nghiệm"))
			return must(w.ReleaseBatch(t.Context(), w.official, b.Doc.Code, "kiểm nghiệm đạt")).Doc.Code
		}, trace.InOrder, nil},
		{"voided", func(t *testing.T, w *world) string {
			b := w.registered(t, "L", true)
			return must(w.VoidBatch(t.Context(), w.manager, b.Doc.Code, "không bán")).Doc.Code
		}, trace.Withdrawn, nil},
		{"past its date", func(t *testing.T, w *world) string {
			b := w.registered(t, "L", true)
			w.now = w.now.AddDate(1, 0, 0) // 2027-11-24, two weeks past
			return b.Doc.Code
		}, trace.PastDate, nil},
		{"on its last day", func(t *testing.T, w *world) string {
			w.certified(t, "attp", "2026-01-01", "2028-12-31")
			b := w.registered(t, "L", true)
			w.now = time.Date(2027, 11, 10, 23, 59, 59, 0, w.Zone)
			return b.Doc.Code
		}, trace.InOrder, nil},
		{"the minute after", func(t *testing.T, w *world) string {
			b := w.registered(t, "L", true)
			w.now = time.Date(2027, 11, 11, 0, 0, 0, 0, w.Zone)
			return b.Doc.Code
		}, trace.PastDate, nil},
		{"recalled", func(t *testing.T, w *world) string {
			b := w.registered(t, "L", true)
			must(w.OpenRecall(t.Context(), w.manager, trace.RecallDraft{Kind: "voluntary", Reason: "nấm mốc", Batches: []string{b.Doc.Code}}))
			return b.Doc.Code
		}, trace.CalledBack, nil},
		{"recalled and the recall closed", func(t *testing.T, w *world) string {
			b := w.registered(t, "L", true)
			r := must(w.OpenRecall(t.Context(), w.official, trace.RecallDraft{Kind: "mandatory", Reason: "nấm mốc", Batches: []string{b.Doc.Code}}))
			must(w.CloseRecall(t.Context(), w.official, r.Doc.ID, "đã tiêu huỷ"))
			return b.Doc.Code
		}, trace.CalledBack, nil},
		{"recalled past its date", func(t *testing.T, w *world) string {
			b := w.registered(t, "L", true)
			must(w.OpenRecall(t.Context(), w.manager, trace.RecallDraft{Kind: "voluntary", Reason: "nấm mốc", Batches: []string{b.Doc.Code}}))
			w.now = w.now.AddDate(2, 0, 0)
			return b.Doc.Code
		}, trace.CalledBack, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			p := must(w.Provenance(t.Context(), c.do(t, w)))
			if p.Verdict != c.verdict {
				t.Errorf("verdict %q, want %q (missing %v)", p.Verdict, c.verdict, p.Missing)
			}
			if c.verdict == trace.Incomplete || c.verdict == trace.InOrder {
				if diff := cmp.Diff(c.missing, p.Missing); diff != "" {
					t.Errorf("missing (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestStandingOn(t *testing.T) {
	at := func(s trace.CertificateStatus, from trace.Date) trace.Decision {
		return trace.Decision{Status: s, From: from}
	}
	seen := []trace.Verification{{Method: trace.OriginalSeen}}
	base := []trace.Decision{at(trace.CertDraft, "2026-01-10"), at(trace.CertSubmitted, "2026-01-11"), at(trace.CertVerified, "2026-01-12")}
	for _, c := range []struct {
		name    string
		history []trace.Decision
		checked []trace.Verification
		end     trace.Date
		day     trace.Date
		want    trace.Standing
	}{
		{"in force", base, seen, "2026-12-31", "2026-06-01", trace.InForce},
		{"first day", base, seen, "2026-12-31", "2026-01-01", trace.InForce},
		{"day before the first", base, seen, "2026-12-31", "2025-12-31", trace.NotYetInForce},
		{"last day", base, seen, "2026-12-31", "2026-12-31", trace.InForce},
		{"day after the last", base, seen, "2026-12-31", "2027-01-01", trace.Expired},
		{"no end", base, seen, "", "2099-01-01", trace.InForce},
		{"day not known", base, seen, "", "", trace.Unknown},
		{"nobody has checked it", base[:2], nil, "", "2026-06-01", trace.NotVerified},
		{"expired and never checked", base[:2], nil, "2026-05-01", "2026-06-01", trace.Expired},
		{"before it was revoked", append(base[:3:3], at(trace.CertRevoked, "2026-07-01")), seen, "", "2026-06-30", trace.InForce},
		{"the day it was revoked", append(base[:3:3], at(trace.CertRevoked, "2026-07-01")), seen, "", "2026-07-01", trace.Revoked},
		{"revoked and past its end", append(base[:3:3], at(trace.CertRevoked, "2026-07-01")), seen, "2026-08-01", "2026-09-01", trace.Revoked},
		{"suspended", append(base[:3:3], at(trace.CertSuspended, "2026-03-01"), at(trace.CertVerified, "2026-04-01")), seen, "", "2026-03-15", trace.Suspended},
		{"reinstated", append(base[:3:3], at(trace.CertSuspended, "2026-03-01"), at(trace.CertVerified, "2026-04-01")), seen, "", "2026-04-01", trace.InForce},
		{"superseded", append(base[:3:3], at(trace.CertSuperseded, "2026-03-01")), seen, "", "2026-03-02", trace.Superseded},
		{"two decisions of one day: the later", append(base[:3:3], at(trace.CertSuspended, "2026-03-01"), at(trace.CertRevoked, "2026-03-01")), seen, "", "2026-03-01", trace.Revoked},
		{"recorded late, in force early", append(base[:3:3], at(trace.CertVerified, "2026-05-01"), at(trace.CertSuspended, "2026-02-01")), seen, "", "2026-03-01", trace.Suspended},
	} {
		t.Run(c.name, func(t *testing.T) {
			cert := trace.Certificate{StartDate: "2026-01-01", EndDate: c.end, History: c.history, Verifications: c.checked}
			if got := cert.StandingOn(c.day); got != c.want {
				t.Errorf("on %s it is %s, want %s", c.day, got, c.want)
			}
		})
	}
}

// What is public holds nothing that is personal (Luật BVDLCN 91/2025; domain.md 1.8).
func TestProvenanceHoldsNothingPersonal(t *testing.T) {
	w := newWorld(t)
	b := w.registered(t, "L", true)
	p := must(w.Provenance(t.Context(), b.Doc.Code))
	doc := must(p.EPCIS())
	public, err := json.Marshal(struct {
		Places any
		Sites  any
		EPCIS  json.RawMessage
	}{p.Places, p.Sites, doc})
	if err != nil {
		t.Fatal(err)
	}
	for _, private := range []string{"Nguyễn Văn Kín", "Nhân viên", "u-staff", "coordinates"} {
		if strings.Contains(string(public), private) {
			t.Errorf("public data has %q: %s", private, public)
		}
	}
}

func TestBatchByLink(t *testing.T) {
	w := newWorld(t)
	b := w.registered(t, "L-1", true)
	for link, want := range map[string]error{
		"/01/09524001000025/10/L-1":       nil,
		"/01/09524001000025/10/L-1/21/X7": nil,
		"/01/09524001000025/10/l-1":       fault.NotFound, // GS1 tells lots apart by case
		"/01/09524001000025/10/L-2":       fault.NotFound,
		"/01/09520123456788/10/L-1":       fault.NotFound,
	} {
		found, err := w.BatchByLink(t.Context(), must(gs1.ParseLink(link)))
		if !errors.Is(err, want) || want == nil && (err != nil || found.Doc.Code != b.Doc.Code) {
			t.Errorf("%s: %v", link, err)
		}
	}
}

func TestAuditTrail(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	b := w.registered(t, "L", true)
	w.now = w.now.Add(time.Minute)
	must(w.HoldBatch(ctx, w.official, b.Doc.Code, "chờ kiểm nghiệm"))
	entries, _, err := w.Trail(ctx, w.manager, "htx-a", "", 200)
	if err != nil {
		t.Fatal(err)
	}
	last := entries[0]
	if last.Action != "held" || last.By.ID != w.official.ID || last.Reason != "chờ kiểm nghiệm" || last.Key != b.Doc.Code || !last.At.Equal(w.now) {
		t.Errorf("the newest entry is %+v", last)
	}
	var state trace.FieldChange
	for _, f := range last.Fields {
		if f.Name == "state" {
			state = f
		}
	}
	if string(state.Before) != `"released"` || string(state.After) != `"held"` {
		t.Errorf("state before and after: %s, %s", state.Before, state.After)
	}
	if _, _, err := w.Trail(ctx, w.neighbour, "htx-a", "", 10); !errors.Is(err, fault.Denied) {
		t.Errorf("a neighbour reads the trail: %v", err)
	}
	if _, _, err := w.Trail(ctx, w.official, "", "", 10); !errors.Is(err, fault.Denied) {
		t.Errorf("an official reads everybody's trail: %v", err)
	}
}
