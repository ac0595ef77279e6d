package trace_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"truynguon/internal/fault"
	"truynguon/internal/gs1"
	"truynguon/internal/trace"
)

func linkOf(t testing.TB, s string) gs1.Key {
	t.Helper()
	key, err := gs1.ParseLink(s)
	must0(t, err)
	return key
}

// moves takes decisions, each written "action" or "action FROM", and tells the status that results.
func (w *world) moves(t *testing.T, id string, steps ...string) (trace.CertificateStatus, error) {
	t.Helper()
	var c trace.Stored[trace.Certificate]
	for _, step := range steps {
		action, from, _ := strings.Cut(step, " ")
		by := w.official
		if action == "submit" {
			by = w.staff
		}
		var err error
		c, err = w.DecideCertificate(t.Context(), by, id, action, trace.DecisionDraft{From: from, Reason: "vì", Number: "QĐ " + step, Method: "original_seen"})
		if err != nil {
			return "", err
		}
	}
	return c.Doc.Status, nil
}

func TestCertificateLife(t *testing.T) {
	for _, c := range []struct {
		steps string
		want  trace.CertificateStatus // "" if the last step is refused
		now   trace.Standing
	}{
		{"submit", trace.CertSubmitted, trace.NotVerified},
		{"submit,verify", trace.CertVerified, trace.InForce},
		{"submit,reject", trace.CertRejected, trace.Rejected},
		{"submit,reject,submit,verify", trace.CertVerified, trace.InForce},
		{"submit,verify,verify", trace.CertVerified, trace.InForce},
		{"submit,verify,suspend", trace.CertSuspended, trace.Suspended},
		{"submit,verify,suspend,reinstate", trace.CertVerified, trace.InForce},
		{"submit,verify,suspend,revoke", trace.CertRevoked, trace.Revoked},
		{"submit,verify,supersede", trace.CertSuperseded, trace.Superseded},
		{"verify", "", ""},
		{"suspend", "", ""},
		{"submit,suspend", "", ""},
		{"submit,revoke", "", ""},
		{"submit,verify,reject", "", ""},
		{"submit,verify,submit", "", ""},
		{"submit,verify,revoke,reinstate", "", ""},
		{"submit,verify,revoke,suspend", "", ""},
		{"submit,verify,supersede,verify", "", ""},
		// Out of order: what is recorded later may hold from earlier.
		{"submit,verify,suspend 2026-09-01,reinstate 2026-10-01,suspend 2026-02-01,reinstate 2026-03-01", trace.CertVerified, trace.InForce},
		{"submit,verify,revoke 2026-09-01,suspend 2026-08-01", trace.CertRevoked, trace.Revoked},
		{"submit,verify,revoke 2026-09-01,suspend 2026-10-01", "", ""},
		{"submit,verify,suspend 2026-01-05", trace.CertSuspended, trace.Suspended}, // before it was verified here
		{"submit,verify,suspend 2026-09-01,verify", "", ""},                        // a verification takes no suspension back
		{"submit,verify,revoke 2027-01-01", trace.CertRevoked, trace.InForce},      // decided, and not yet in force
	} {
		t.Run(c.steps, func(t *testing.T) {
			w := newWorld(t)
			id := must(w.FileCertificate(t.Context(), w.staff, numbered("1"))).Doc.ID
			status, err := w.moves(t, id, strings.Split(c.steps, ",")...)
			if c.want == "" {
				if !errors.Is(err, fault.Exists) {
					t.Errorf("got %s, %v", status, err)
				}
				return
			}
			must0(t, err)
			doc := must(w.Certificate(t.Context(), w.admin, id)).Doc
			if status != c.want || doc.StandingOn(w.Today()) != c.now {
				t.Errorf("status %s, today %s; want %s, %s", status, doc.StandingOn(w.Today()), c.want, c.now)
			}
			for i, d := range doc.History[1:] {
				if d.By.ID == "" || d.At.IsZero() || d.From == "" || d.Number == "" {
					t.Errorf("decision %d lacks who, when or by what: %+v", i+1, d)
				}
			}
		})
	}
}

func TestDecisionSentTwice(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	id := w.filed(t, numbered("1"), "original_seen").Doc.ID
	for range 2 {
		must(w.DecideCertificate(ctx, w.official, id, "verify", trace.DecisionDraft{Token: "v", Method: "registry_consulted", Source: "https://r.example", IssuerBasis: "QĐ 1", IssuerFrom: "2020-01-01"}))
	}
	for range 2 {
		must(w.DecideCertificate(ctx, w.official, id, "suspend", trace.DecisionDraft{Token: "s", Reason: "vì"}))
	}
	c := must(w.Certificate(ctx, w.official, id)).Doc
	if len(c.Verifications) != 2 || len(c.History) != 4 {
		t.Errorf("%d verifications, %d decisions", len(c.Verifications), len(c.History))
	}
	if v := c.Verifications[1]; v.IssuerBasis != "QĐ 1" || v.IssuerFrom != "2020-01-01" || v.Source != "https://r.example" {
		t.Errorf("verified %+v", v)
	}
}

func TestSupersedeNamesItsSuccessor(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	old := w.filed(t, numbered("1"), "original_seen").Doc
	next := w.filed(t, numbered("2"), "original_seen").Doc
	vietgap := w.certified(t, "vietgap", "2026-01-01", "2026-12-31").Doc
	k := must(w.FileCertificate(ctx, w.neighbour, numbered("3"))).Doc
	for id, want := range map[string]string{"none": "certificate_unknown", k.ID: "certificate_unknown", old.ID: "certificate_unknown", vietgap.ID: "successor_scheme"} {
		_, err := w.DecideCertificate(ctx, w.official, old.ID, "supersede", trace.DecisionDraft{Reason: "vì", Successor: id})
		if diff := cmp.Diff([]string{"/successor " + want}, faults(err)); diff != "" {
			t.Error(diff)
		}
	}
	c := must(w.DecideCertificate(ctx, w.official, old.ID, "supersede", trace.DecisionDraft{Reason: "vì", Successor: next.ID})).Doc
	if c.Successor != next.ID || c.History[len(c.History)-1].Successor != next.ID {
		t.Errorf("superseded %+v", c)
	}
	_, err := w.DecideCertificate(ctx, w.official, next.ID, "verify", trace.DecisionDraft{Method: "issuer_confirmed", IssuerFrom: "2026-02-01", IssuerTo: "2026-01-01"})
	if diff := cmp.Diff([]string{"/issuerTo date_before"}, faults(err)); diff != "" {
		t.Error(diff)
	}
}

func TestCertificateDraftKeepsEverything(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	d := trace.CertificateDraft{
		Organisation: "htx-a", Scheme: "exemption", Edition: "E", Number: "7", Agency: "HTX A", StartDate: "2026-01-01", EndDate: "2026-12-31",
		ExemptionBasis: "NĐ 15/2018/NĐ-CP Điều 12.1.a", Documents: []string{must(w.Product(ctx, w.coffee)).Doc.Image},
		Subjects: []trace.SubjectDraft{{
			Product: w.coffee, Place: w.plot, AreaHa: "1.5", Season: "Đông Xuân", Yield: trace.QuantityDraft{Value: "12.5", UOM: "TNE"}, Activity: "growing",
		}},
		Test: &trace.TestDraft{SampledAt: "2026-10-01", Accreditation: "VILAS 1", Analytes: []trace.Analyte{{Name: "Pb", Result: "KPH", Unit: "mg/kg", Limit: "0.1", Verdict: "conforms"}}},
	}
	c := must(w.FileCertificate(ctx, w.staff, d)).Doc
	if diff := cmp.Diff(d, c.Draft()); diff != "" {
		t.Errorf("the draft of what was filed (-filed +draft):\n%s", diff)
	}
	d.Subjects[0].Activity = "dancing"
	_, err := w.FileCertificate(ctx, w.staff, d)
	if diff := cmp.Diff([]string{"/subjects/0/activity not_offered"}, faults(err)); diff != "" {
		t.Error(diff)
	}
}
