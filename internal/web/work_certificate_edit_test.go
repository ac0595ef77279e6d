package web

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"truynguon/internal/trace"
)

// A draft is corrected, what the form does not show stays, and later other scans take the place of the first.
func TestCorrectACertificate(t *testing.T) {
	w := newWorld(t)
	product := w.addProduct(orgA)
	d := trace.CertificateDraft{
		Organisation: orgA, Scheme: "vietgap", Number: "VietGAP-1", Agency: "TT", StartDate: "2026-01-02",
		Test: &trace.TestDraft{SampledAt: "2026-01-01"},
	}
	for range 5 {
		d.Subjects = append(d.Subjects, trace.SubjectDraft{Product: product.ID, AreaHa: "1.25", Yield: trace.QuantityDraft{Value: "1250.5", UOM: "KGM"}, Activity: "growing"})
	}
	k, err := w.Ledger.FileCertificate(t.Context(), w.actors["staff"], d)
	w.must(err)
	page := "/work/certificates/" + k.Doc.ID
	if w.browse("staff", "GET", page, nil).page().Find(`a[href$="/edit"]`).Length() == 0 {
		t.Error("no way to correct the draft")
	}
	values := formOf(t, w.browse("staff", "GET", page+"/edit", nil).want(200).page(), page+"/edit")
	values.Set("number", "VietGAP-2")
	values.Set("agency", "")
	a := w.postFiles("staff", page+"/edit", values, file{"files", "giấy.jpg", photo(t, 40, 40)}).want(422)
	values = formOf(t, a.page(), page+"/edit")
	values.Set("agency", "Trung tâm")
	values.Set("then", "submit")
	w.follow("staff", w.postFiles("staff", page+"/edit", values))
	got, err := w.Ledger.Certificate(t.Context(), w.actors["staff"], k.Doc.ID)
	w.must(err)
	want := d
	want.Number, want.Agency, want.Documents = "VietGAP-2", "Trung tâm", got.Doc.Documents
	if diff := cmp.Diff(want, got.Doc.Draft()); diff != "" || len(got.Doc.Documents) != 1 || got.Doc.Status != trace.CertSubmitted {
		t.Errorf("%s, %d documents (-want +got):\n%s", got.Doc.Status, len(got.Doc.Documents), diff)
	}
	w.browse("staff", "GET", page, nil).want(200)
	a = w.post("staff", page+"/edit", values) // what was handed in stays
	if a.Status != 412 {
		t.Errorf("corrected after it was handed in: %d", a.Status)
	}

	first := got.Doc.Documents[0]
	w.follow("staff", w.postFiles("staff", page+"/documents", url.Values{}, file{"files", "bản mới.jpg", photo(t, 50, 40)}))
	got, err = w.Ledger.Certificate(t.Context(), w.actors["staff"], k.Doc.ID)
	w.must(err)
	if len(got.Doc.Documents) != 1 || got.Doc.Documents[0] == first || len(got.Doc.FormerDocuments) != 1 {
		t.Errorf("documents %v, former %v", got.Doc.Documents, got.Doc.FormerDocuments)
	}
	a = w.postFiles("staff", page+"/documents", url.Values{"documents": got.Doc.Documents}, file{"files", "x.txt", []byte("no picture")}).want(422)
	if !strings.Contains(words(a.page().Find("main")), "bản mới.jpg") {
		t.Error("the scan that is there is not offered again")
	}
	w.postFiles("staffB", page+"/documents", url.Values{}).want(403)
	w.postFiles("official", page+"/documents", url.Values{}).want(403)
	for key, n := range w.Words.Missed() {
		t.Errorf("%d times no message %q", n, key)
	}
}
