package web

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"truynguon/internal/trace"
)

// soon is how many days before its end a certificate is worth a word.
const soon = 90

// certificateRow describes a certificate for a list. ok is false if nothing is to be done about it.
func (s *Server) certificateRow(c *request, k *trace.Certificate, orgs map[string]trace.Organisation) (r Row, urgent bool) {
	scheme := s.Ledger.Schemes[k.Scheme]
	today := s.Ledger.Today()
	standing := k.StandingOn(today)
	b := Base{Printer: c.words}
	r = Row{
		Title: b.SchemeName(scheme, k.Scheme), Href: "/work/certificates/" + k.ID, Code: k.Number,
		Tag: c.words.T("standing." + string(standing)), Tone: b.StandingTone(standing), Notes: []string{k.Agency},
	}
	if o, ok := orgs[k.Organisation]; ok {
		r.Notes = append([]string{o.Name}, r.Notes...)
	}
	switch k.Status {
	case trace.CertDraft, trace.CertSubmitted, trace.CertRejected:
		r.Tag = c.words.T("certificate." + string(k.Status))
		urgent = true
	}
	if k.EndDate != "" {
		r.Notes = append(r.Notes, c.words.T("certificate.until", string(k.EndDate)))
		if standing == trace.InForce && k.EndDate <= today.AddDays(soon) {
			left := int(k.EndDate.Time(c.words.Zone()).Sub(today.Time(c.words.Zone())).Hours()/24 + 0.5)
			r.Tag, r.Tone, urgent = c.words.N("certificate.days_left", left), "warn", true
		}
	}
	return r, urgent || standing == trace.Expired || standing == trace.Suspended || standing == trace.NotVerified
}

// certificateList lists certificates, those that wait for a check first.
func (s *Server) certificateList(c *request) error {
	org := c.org()
	found, next, err := s.Ledger.Certificates(c.ctx(), c.actor, org, c.Query("cursor"), listSize)
	if err != nil {
		return err
	}
	var orgIDs []string
	for _, k := range found {
		orgIDs = append(orgIDs, k.Doc.Organisation)
	}
	orgs, err := s.orgNames(c, orgIDs)
	if err != nil {
		return err
	}
	waiting := func(k trace.Stored[trace.Certificate]) int {
		if k.Doc.Status == trace.CertSubmitted {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(found, func(a, b trace.Stored[trace.Certificate]) int { return cmp.Compare(waiting(a), waiting(b)) })
	p := &ListPage{Base: s.workBase(c, "menu.certificates"), Empty: c.words.T("certificate.none"), More: c.more(next)}
	for i := range found {
		row, _ := s.certificateRow(c, &found[i].Doc, orgs)
		p.Rows = append(p.Rows, row)
	}
	if keepers.allows(c.who) {
		p.Add = &Link{Href: c.withOrg("/work/certificates/new", org), Label: c.words.T("certificate.new")}
	}
	return s.render(c, "list", p)
}

// subjectRows is how many subjects the form has room for.
const subjectRows = 4

// subjectParts are the fields of one subject of a certificate.
var subjectParts = []string{"product", "place", "area", "season", "yield/value", "yield/uom", "batch"}

func certificateFields() []string {
	names := []string{"scheme", "edition", "number", "agency", "startDate", "endDate", "files", "public", "documents"}
	for i := range subjectRows {
		for _, part := range subjectParts {
			names = append(names, fmt.Sprintf("subjects/%d/%s", i, part))
		}
	}
	return names
}

// certificateNew is the form for filing a certificate.
func (s *Server) certificateNew(c *request) error {
	org := c.org()
	if org == "" {
		return s.chooseOrg(c, "certificate.new", "/work/certificates/new")
	}
	f := newForm(c, "certificate")
	f.Values["scheme"] = []string{c.Query("scheme")}
	return s.certificateForm(c, f, org)
}

func (s *Server) certificateForm(c *request, f *Form, org string) error {
	p, err := s.certificatePage(c, f, org)
	if err != nil {
		return err
	}
	return s.render(c, "edit", p)
}

// certificatePage is the form for what a certificate says.
func (s *Server) certificatePage(c *request, f *Form, org string) (*EditPage, error) {
	var schemes []Option
	for id, scheme := range s.Ledger.Schemes {
		schemes = append(schemes, Option{Value: id, Label: scheme.Name(c.words.Lang())})
	}
	slices.SortFunc(schemes, func(a, b Option) int { return cmp.Compare(a.Label, b.Label) })
	products, _, err := s.Ledger.Products(c.ctx(), c.actor, org, "", choiceSize)
	if err != nil {
		return nil, err
	}
	places, _, err := s.Ledger.Places(c.ctx(), c.actor, org, "", choiceSize)
	if err != nil {
		return nil, err
	}
	var goods, at []Option
	for _, pr := range products {
		goods = append(goods, Option{Value: pr.Doc.ID, Label: pr.Doc.Name})
	}
	for _, pl := range places {
		at = append(at, Option{Value: pl.Doc.ID, Label: pl.Doc.Name})
	}
	days := group("", false, f.Field("startDate", "date", true), f.Field("endDate", "date", false))
	days.Side = true
	p := &EditPage{
		Base: s.workBase(c, "certificate.new"), Form: f, Files: true, Intro: c.words.T("certificate.new.intro"),
		Back:   &Link{Href: c.withOrg("/work/certificates", org), Label: c.words.T("menu.certificates")},
		Hidden: []Option{{Value: org, Label: "organisation"}},
		Groups: []Group{
			group("", false, f.Choice("scheme", "select", true, schemes), f.Field("number", "text", false),
				f.Field("agency", "text", true), f.Field("edition", "text", false)),
			days,
		},
		Buttons: []Button{
			{Name: "then", Value: "submit", Label: c.words.T("certificate.save_submit")},
			{Name: "then", Value: "draft", Label: c.words.T("batch.save_draft"), Class: "second"},
		},
	}
	files := []Field{f.Field("files", "files", false), f.Field("public", "check", false)}
	if ids := known(f.Values["documents"]); len(ids) > 0 {
		docs, err := s.Ledger.DocumentsByID(c.ctx(), c.actor, org, ids)
		if err != nil {
			return nil, err
		}
		var kept []Option
		for _, id := range ids {
			kept = append(kept, Option{Value: id, Label: docs[id].Name})
		}
		files = append([]Field{f.Choice("documents", "boxes", false, kept)}, files...)
	}
	papers := group(c.words.T("certificate.documents"), false, files...)
	p.Groups = append(p.Groups, papers)
	for i := range subjectRows {
		name := func(part string) string { return fmt.Sprintf("subjects/%d/%s", i, part) }
		amount := f.Choice(name("yield/uom"), "select", false, units(c.words))
		g := group(c.words.T("certificate.subject", i+1), true,
			f.Choice(name("product"), "select", false, goods), f.Choice(name("place"), "select", false, at),
			f.Field(name("area"), "number", false), f.Field(name("season"), "text", false),
			f.Field(name("yield/value"), "number", false), amount, f.Field(name("batch"), "text", false))
		g.Side = true
		if i == 0 {
			g.Text = c.words.T("certificate.subject.text")
		}
		p.Groups = append(p.Groups, g)
	}
	return p, nil
}

// certificateDraft reads what was typed; subjects that were left empty are left out, and the others
// move up, so that a fault of one is shown beside it.
func (s *Server) certificateDraft(c *request, f *Form, t *typing, org string) (d trace.CertificateDraft, err error) {
	f.read(c, certificateFields()...)
	ids, err := s.keepFiles(c, t, org, "files", "/files", visibility(f))
	if err != nil {
		return d, err
	}
	f.Values["documents"] = append(f.Values["documents"], known(ids)...)
	d = trace.CertificateDraft{
		Token: f.Token, Organisation: org, Scheme: f.Value("scheme"), Edition: f.Value("edition"), Number: f.Value("number"),
		Agency: f.Value("agency"), StartDate: t.date(f.Value("startDate")), EndDate: t.date(f.Value("endDate")),
		Documents: append(slices.Clone(f.Values["documents"]), slices.DeleteFunc(ids, func(id string) bool { return id != unreadable })...),
	}
	n := 0
	for i := range subjectRows {
		empty := true
		for _, part := range subjectParts {
			from, to := fmt.Sprintf("subjects/%d/%s", i, part), fmt.Sprintf("subjects/%d/%s", n, part)
			f.Values[to] = f.Values[from]
			empty = empty && (part == "yield/uom" || strings.TrimSpace(f.Value(to)) == "")
			if to != from {
				f.Values[from] = nil
			}
		}
		if empty {
			continue
		}
		at := fmt.Sprintf("subjects/%d/", n)
		batch := strings.TrimSpace(f.Value(at + "batch"))
		if code, ok := trace.ParseCode(batch); ok {
			batch = code
		}
		d.Subjects = append(d.Subjects, trace.SubjectDraft{
			Product: f.Value(at + "product"), Place: f.Value(at + "place"), AreaHa: t.number("/"+at+"area", f.Value(at+"area")),
			Season: f.Value(at + "season"), Batch: batch,
			Yield: trace.QuantityDraft{Value: t.number("/"+at+"yield/value", f.Value(at+"yield/value")), UOM: f.Value(at + "yield/uom")},
		})
		n++
	}
	return d, nil
}

// certificateFile files a certificate, and submits it if that button was pressed.
func (s *Server) certificateFile(c *request) error {
	org := c.org()
	f := newForm(c, "certificate")
	var t typing
	d, err := s.certificateDraft(c, f, &t, org)
	if err != nil {
		return err
	}
	k, err := s.Ledger.FileCertificate(c.ctx(), c.actor, d)
	if err = t.explain(rename(err, "/documents", "/files")); err != nil {
		return s.failed(c, f, err, func() error { return s.certificateForm(c, f, org) })
	}
	path := "/work/certificates/" + k.Doc.ID
	if c.FormValue("then") != "submit" {
		return done(c, path, "certificate_filed")
	}
	if _, err := s.Ledger.DecideCertificate(c.ctx(), c.actor, k.Doc.ID, "submit", trace.DecisionDraft{Token: f.Token}); err != nil {
		return err
	}
	return done(c, path, "certificate_submit")
}

// certificateShow shows a certificate to those who work with it.
func (s *Server) certificateShow(c *request) error { return s.showCertificate(c, c.Params("id"), nil) }

func (s *Server) showCertificate(c *request, id string, t *tried) error {
	view, err := s.Ledger.CertificateView(c.ctx(), c.actor, id)
	if err != nil {
		return err
	}
	k := view.Certificate
	base := s.workBase(c, "certificate.title")
	p := &RecordPage{
		Base: base, Tag: c.words.T("standing." + string(view.Today)), Tone: base.StandingTone(view.Today),
		Intro: c.words.T("standing." + string(view.Today) + ".text"),
	}
	p.Title = p.SchemeName(view.Scheme, k.Scheme)
	if t != nil {
		p.Failed = t.form
	}
	p.fact("certificate.status", p.T("certificate."+string(k.Status)))
	p.fact("certificate.number", k.Number).Mono = true
	p.fact("certificate.edition", k.Edition)
	p.fact("certificate.agency", k.Agency)
	p.fact("certificate.holder", view.Organisation.Name).Link = "/work/organisations/" + k.Organisation
	p.fact("certificate.startDate", p.Day(k.StartDate))
	end := p.Day(k.EndDate)
	if end == "" {
		end = p.T("certificate.no_end")
	}
	p.fact("certificate.endDate", end)
	for _, v := range k.Verifications {
		text := p.T("method."+string(v.Method)) + " – " + p.Time(v.At) + " – " + v.By.Name
		if v.Source != "" {
			text += " – " + v.Source
		}
		p.fact("certificate.verified", text)
	}
	for _, subject := range view.Subjects {
		p.fact("certificate.scope", s.subjectText(&p.Base, subject))
	}
	if len(view.Subjects) == 0 {
		p.fact("certificate.scope", p.T("certificate.scope_all"))
	}
	papers := Section{Title: p.T("certificate.documents"), Empty: p.T("provenance.document_missing")}
	for _, d := range view.Documents {
		row := documentRow(c, d)
		row.Notes = []string{"SHA-256 " + d.SHA256[:min(16, len(d.SHA256))] + "…"}
		papers.Rows = append(papers.Rows, row)
	}
	history := Section{Title: p.T("certificate.history")}
	for _, h := range slices.Backward(k.History) {
		row := Row{Title: p.T("certificate." + string(h.Status)), Notes: []string{p.T("certificate.decided", string(h.From), h.At, h.By.Name)}}
		if h.Number != "" {
			row.Notes = append(row.Notes, p.T("provenance.decision", h.Number))
		}
		if h.Reason != "" {
			row.Notes = append(row.Notes, h.Reason)
		}
		history.Rows = append(history.Rows, row)
	}
	p.Sections = []Section{papers, history}
	for _, verb := range s.Ledger.CertificateVerbs(c.actor, &view.Organisation, &k) {
		if verb == "documents" {
			p.Actions = append(p.Actions, documentsAction(c, t, &view))
			continue
		}
		p.Actions = append(p.Actions, certificateAction(c, t, verb, k.ID))
	}
	p.Links = []Link{{Href: followLink(trace.FollowCertificate, k.ID), Label: p.T("follow.add")}, {Href: "/work/calendar/lots/" + k.ID, Label: p.T("calendar.lots")},
		{Href: "/c/" + k.ID, Label: p.T("batch.public_page")}, {Href: "/work/audit/certificate/" + k.ID, Label: p.T("audit.title")}}
	return s.render(c, "record", p)
}

// subjectText writes what a certificate covers.
func (s *Server) subjectText(b *Base, v trace.SubjectView) string {
	var parts []string
	add := func(what, value string) {
		if value != "" {
			parts = append(parts, b.T(fmt.Sprintf("certificate.for_%s", what), value))
		}
	}
	add("product", v.Product)
	add("place", v.Place)
	if v.Subject.Batch != "" {
		add("batch", trace.SpellCode(v.Subject.Batch))
	}
	if v.AreaHa != 0 {
		add("area", b.Number(v.AreaHa.String()))
	}
	add("season", v.Season)
	if v.Yield.Value != 0 {
		add("yield", b.Measure(v.Yield))
	}
	return strings.Join(parts, "; ")
}

func certificateAction(c *request, t *tried, verb, id string) Action {
	a := act(c, t, verb, "decision", "/work/certificates/"+id+"/"+verb)
	switch verb {
	case "submit":
	case "correct":
		a.Href = "/work/certificates/" + id + "/edit"
	case "verify":
		a.Fields = []Field{
			a.Form.Choice("method", "select", true, wordedOptions(c.words, "method.", trace.Methods[1:])),
			a.Form.Field("source", "text", false), a.Form.Field("decision", "text", false), a.Form.Field("reason", "area", false),
		}
	default:
		a.Danger = verb != "reinstate"
		day := a.Form.Field("from", "date", false)
		a.Fields = []Field{a.Form.Field("reason", "area", true), a.Form.Field("decision", "text", false), day}
	}
	return a
}

// certificateDecide takes a decision about a certificate.
func (s *Server) certificateDecide(c *request) error {
	id, verb := c.Params("id"), c.Params("verb")
	f := newForm(c, "decision")
	f.read(c, "reason", "decision", "from", "method", "source")
	var t typing
	_, err := s.Ledger.DecideCertificate(c.ctx(), c.actor, id, verb, trace.DecisionDraft{
		Token: f.Token, From: t.date(f.Value("from")), Number: f.Value("decision"), Reason: f.Value("reason"),
		Method: f.Value("method"), Source: f.Value("source"),
	})
	if err != nil {
		return s.failed(c, f, err, func() error { return s.showCertificate(c, id, &tried{verb, f}) })
	}
	return done(c, "/work/certificates/"+url.PathEscape(id), "certificate_"+verb)
}
