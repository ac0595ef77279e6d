package web

import (
	"fmt"
	"net/url"

	"truynguon/internal/trace"
)

// certificateEdit is the form for correcting a certificate that is a draft or was rejected.
func (s *Server) certificateEdit(c *request) error {
	st, err := s.Ledger.Certificate(c.ctx(), c.actor, c.Params("id"))
	if err != nil {
		return err
	}
	d := st.Doc.Draft()
	f := newForm(c, "certificate")
	f.Rev = st.Rev
	for name, value := range map[string]string{
		"scheme": d.Scheme, "edition": d.Edition, "number": d.Number, "agency": d.Agency, "startDate": d.StartDate, "endDate": d.EndDate,
	} {
		f.Values[name] = []string{value}
	}
	f.Values["documents"] = d.Documents
	for i, subject := range st.Doc.Subjects {
		if i == subjectRows {
			break
		}
		at := fmt.Sprintf("subjects/%d/", i)
		for part, value := range map[string]string{"product": subject.Product, "place": subject.Place, "season": subject.Season, "batch": subject.Batch, "yield/uom": subject.Yield.UOM} {
			f.Values[at+part] = []string{value}
		}
		if subject.AreaHa != 0 {
			f.Values[at+"area"] = []string{typedAmount(subject.AreaHa, c)}
		}
		if subject.Yield.Value != 0 {
			f.Values[at+"yield/value"] = []string{typedAmount(subject.Yield.Value, c)}
		}
	}
	return s.certificateEditForm(c, f, &st.Doc)
}

func (s *Server) certificateEditForm(c *request, f *Form, k *trace.Certificate) error {
	p, err := s.certificatePage(c, f, k.Organisation)
	if err != nil {
		return err
	}
	p.Base = s.workBase(c, "certificate.edit")
	p.Back = &Link{Href: "/work/certificates/" + k.ID, Label: p.T("certificate.title")}
	p.Buttons[1].Label = p.T("common.save")
	return s.render(c, "edit", p)
}

// certificateCorrect corrects a certificate, and hands it in if that button was pressed. What the form does
// not show stays as it was.
func (s *Server) certificateCorrect(c *request) error {
	st, err := s.Ledger.Certificate(c.ctx(), c.actor, c.Params("id"))
	if err != nil {
		return err
	}
	was := st.Doc.Draft()
	f := newForm(c, "certificate")
	f.Rev = c.revision()
	var t typing
	d, err := s.certificateDraft(c, f, &t, st.Doc.Organisation)
	if err != nil {
		return err
	}
	d.ExemptionBasis, d.Test = was.ExemptionBasis, was.Test
	for i := range d.Subjects { // activities are told apart by programs only
		if i < len(was.Subjects) && d.Subjects[i].Product == was.Subjects[i].Product && d.Subjects[i].Place == was.Subjects[i].Place {
			d.Subjects[i].Activity = was.Subjects[i].Activity
		}
	}
	if len(was.Subjects) > subjectRows {
		d.Subjects = append(d.Subjects, was.Subjects[subjectRows:]...)
	}
	_, err = s.Ledger.CorrectCertificate(c.ctx(), c.actor, st.Doc.ID, f.Rev, d)
	if err = t.explain(rename(err, "/documents", "/files")); err != nil {
		return s.failed(c, f, err, func() error { return s.certificateEditForm(c, f, &st.Doc) })
	}
	path := "/work/certificates/" + url.PathEscape(st.Doc.ID)
	if c.FormValue("then") != "submit" {
		return done(c, path, "saved")
	}
	if _, err := s.Ledger.DecideCertificate(c.ctx(), c.actor, st.Doc.ID, "submit", trace.DecisionDraft{Token: f.Token}); err != nil {
		return err
	}
	return done(c, path, "certificate_submit")
}

// documentsAction is the form for putting other scans in the place of a certificate's.
func documentsAction(c *request, t *tried, view *trace.CertificateView) Action {
	a := act(c, t, "documents", "certificate", "/work/certificates/"+view.Certificate.ID+"/documents")
	a.Files = true
	if t == nil || t.verb != "documents" {
		a.Form.Values["documents"] = view.Certificate.Documents
	}
	if len(view.Documents) > 0 {
		var kept []Option
		for _, d := range view.Documents {
			kept = append(kept, Option{Value: d.ID, Label: d.Name})
		}
		a.Fields = append(a.Fields, a.Form.Choice("documents", "boxes", false, kept))
	}
	a.Fields = append(a.Fields, a.Form.Field("files", "files", false), a.Form.Field("public", "check", false))
	return a
}

// certificateDocuments puts other scans in the place of a certificate's: those that are ticked stay.
func (s *Server) certificateDocuments(c *request) error {
	id := c.Params("id")
	st, err := s.Ledger.Certificate(c.ctx(), c.actor, id)
	if err != nil {
		return err
	}
	f := newForm(c, "certificate")
	f.read(c, "files", "public", "documents")
	var t typing
	ids, err := s.keepFiles(c, &t, st.Doc.Organisation, "files", "/files", visibility(f))
	if err != nil {
		return err
	}
	all := append(known(f.Values["documents"]), ids...)
	f.Values["documents"] = known(all)
	_, err = s.Ledger.ReplaceDocuments(c.ctx(), c.actor, id, 0, all)
	if err = t.explain(rename(err, "/documents", "/files")); err != nil {
		return s.failed(c, f, err, func() error { return s.showCertificate(c, id, &tried{"documents", f}) })
	}
	return done(c, "/work/certificates/"+url.PathEscape(id), "certificate_documents")
}
