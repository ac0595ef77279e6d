package web

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"truynguon/internal/auth"
	"truynguon/internal/trace"
)

// organisationList lists the organisations that the visitor may see.
func (s *Server) organisationList(c *request) error {
	orgs, next, err := s.Ledger.Organisations(c.ctx(), c.actor, c.Query("cursor"), listSize)
	if err != nil {
		return err
	}
	units, err := s.Ledger.Units(c.ctx())
	if err != nil {
		return err
	}
	p := &ListPage{Base: s.workBase(c, "menu.organisations"), Empty: c.words.T("organisation.none"), More: c.more(next)}
	if judges.allows(c.who) {
		p.Add = &Link{Href: "/work/organisations/new", Label: c.words.T("organisation.new")}
	}
	for _, st := range orgs {
		o := st.Doc
		r := Row{
			Title: o.Name, Href: "/work/organisations/" + o.ID, Code: o.TaxCode,
			Notes: []string{c.words.T("legalType." + string(o.LegalType)), units[o.AdminUnit].Name},
		}
		if o.Status != trace.Active {
			r.Tag, r.Tone = c.words.T("organisationStatus."+string(o.Status)), "warn"
		}
		p.Rows = append(p.Rows, r)
	}
	if admins.allows(c.who) {
		p.Rows = append(p.Rows, Row{Title: c.words.T("adminUnit.title"), Href: "/work/units"})
	}
	return s.render(c, "list", p)
}

// organisationShow shows an organisation, and leads to its records.
func (s *Server) organisationShow(c *request) error {
	st, err := s.Ledger.Organisation(c.ctx(), c.Params("id"))
	if err != nil {
		return err
	}
	o := st.Doc
	units, err := s.Ledger.Units(c.ctx())
	if err != nil {
		return err
	}
	p := &RecordPage{Base: s.workBase(c, "producer.title", o.Name), Tag: c.words.T("organisationStatus." + string(o.Status))}
	p.fact("organisation.legalType", p.T("legalType."+string(o.LegalType)))
	p.fact("organisation.id", o.ID).Mono = true
	p.fact("organisation.taxCode", o.TaxCode).Mono = true
	p.fact("organisation.address", o.Address)
	p.fact("organisation.adminUnit", units[o.AdminUnit].Name)
	p.fact("organisation.gs1CompanyPrefix", o.GS1CompanyPrefix).Mono = true
	p.fact("organisation.partyGLN", o.PartyGLN).Mono = true
	p.Links = append(p.Links, Link{Href: "/p/" + o.ID, Label: p.T("batch.public_page")})
	if s.Ledger.Plan != nil && c.actor.Sees(o.ID, o.UnitPath) {
		p.Links = append(p.Links, Link{Href: "/work/organisations/" + o.ID + "/register", Label: p.T("register.link")})
	}
	if c.actor.Sees(o.ID, o.UnitPath) {
		p.fact("organisation.representative", o.Representative)
		p.fact("organisation.phone", o.Phone)
		org := "?org=" + url.QueryEscape(o.ID)
		for _, l := range []Link{
			{"/work/batches" + org, "menu.batches"}, {"/work/products" + org, "menu.products"}, {"/work/places" + org, "menu.places"},
			{"/work/certificates" + org, "menu.certificates"}, {"/work/recalls" + org, "menu.recalls"},
			{"/work/links" + org, "links.title"},
		} {
			p.Links = append(p.Links, Link{l.Href, p.T(l.Label)})
		}
		if leaders.allows(c.who) {
			p.Links = append(p.Links, Link{"/work/audit" + org, p.T("audit.title")})
			a := act(c, nil, "correct", "act", "")
			a.Href = "/work/organisations/" + o.ID + "/edit"
			p.Actions = append(p.Actions, a)
		}
	}
	return s.render(c, "record", p)
}

// organisationFields are the fields of the form for an organisation.
var organisationFields = []string{
	"id", "legalType", "name", "taxCode", "address", "adminUnit", "representative", "phone", "gs1CompanyPrefix", "partyGLN", "logo", "status",
}

// organisationNew is the form for a new organisation.
func (s *Server) organisationNew(c *request) error {
	f := newForm(c, "organisation")
	f.Values["legalType"] = []string{string(trace.Cooperative)}
	f.Values["adminUnit"] = []string{c.actor.Unit}
	return s.organisationForm(c, f, nil, "organisation.new")
}

// organisationForm draws the form: for a new organisation, or for one that is there. Its manager may
// change only how to reach it.
func (s *Server) organisationForm(c *request, f *Form, old *trace.Organisation, title string, args ...any) error {
	areas, err := s.unitOptions(c, f.Value("adminUnit"))
	if err != nil {
		return err
	}
	reach := group("", false, f.Field("address", "text", true), f.Field("representative", "text", false), f.Field("phone", "tel", false))
	p := &EditPage{
		Base: s.workBase(c, title, args...), Form: f, Files: true, Buttons: saveButton(c.words),
		Back: &Link{Href: "/work/organisations", Label: c.words.T("menu.organisations")},
	}
	if old != nil {
		p.Back = &Link{Href: "/work/organisations/" + old.ID, Label: old.Name}
		// A logo belongs to an organisation that is there to keep it.
		reach.Fields = append(reach.Fields, f.Field("partyGLN", "text", false))
		if s.Ledger.MayKeep(c.actor, old) {
			reach.Fields = append(reach.Fields, f.Field("logoFile", "file", false))
		}
		p.Hidden = append(p.Hidden, Option{Value: f.Value("logo"), Label: "logo"})
		if id := f.Value("logo"); id != "" {
			d, err := s.Ledger.Document(c.ctx(), c.actor, id)
			switch {
			case err == nil && d.Doc.IsImage():
				p.Photo = &d.Doc
				reach.Fields = append(reach.Fields, f.Field("noLogo", "check", false))
			case err != nil && statusOf(err) >= 500:
				return err
			}
		}
	}
	if old != nil && !s.Ledger.MayJudge(c.actor, old) {
		p.Intro, p.Groups = c.words.T("organisation.manager_text"), []Group{reach}
		return s.render(c, "edit", p)
	}
	first := group("", false, f.Choice("legalType", "select", true, wordedOptions(c.words, "legalType.", trace.LegalTypes)),
		f.Field("name", "text", true), f.Field("taxCode", "text", false), f.Choice("adminUnit", "select", true, areas))
	last := group("", false, f.Field("gs1CompanyPrefix", "text", false))
	if old == nil {
		last.Fields = append(last.Fields, f.Field("id", "text", false))
	} else {
		last.Fields = append(last.Fields, f.Choice("status", "select", true, wordedOptions(c.words, "organisationStatus.", trace.OrganisationStatuses)))
	}
	p.Groups = []Group{first, reach, last}
	return s.render(c, "edit", p)
}

func organisationDraft(c *request, f *Form) trace.OrganisationDraft {
	f.read(c, organisationFields...)
	return trace.OrganisationDraft{
		Token: f.Token, ID: f.Value("id"), LegalType: f.Value("legalType"), Name: f.Value("name"), TaxCode: f.Value("taxCode"),
		Address: f.Value("address"), AdminUnit: f.Value("adminUnit"), Representative: f.Value("representative"),
		Phone: f.Value("phone"), GS1CompanyPrefix: f.Value("gs1CompanyPrefix"), PartyGLN: strings.ReplaceAll(f.Value("partyGLN"), " ", ""),
		Logo: f.Value("logo"), Status: f.Value("status"),
	}
}

// logoSent keeps the logo that came with the form: it is public, since labels carry it.
func (s *Server) logoSent(c *request, f *Form, t *typing, o *trace.Organisation, d *trace.OrganisationDraft) error {
	f.read(c, "noLogo")
	if f.Value("noLogo") != "" {
		d.Logo, f.Values["logo"] = "", nil
	}
	ids, err := s.keepFiles(c, t, o.ID, "logoFile", "/logoFile", trace.Public)
	if err != nil || len(ids) == 0 {
		return err
	}
	if d.Logo = ids[0]; d.Logo != unreadable {
		f.Values["logo"] = ids[:1]
	}
	return nil
}

// organisationRegister adds an organisation.
func (s *Server) organisationRegister(c *request) error {
	f := newForm(c, "organisation")
	o, err := s.Ledger.RegisterOrganisation(c.ctx(), c.actor, organisationDraft(c, f))
	if err != nil {
		return s.failed(c, f, err, func() error { return s.organisationForm(c, f, nil, "organisation.new") })
	}
	return done(c, "/work/organisations/"+o.Doc.ID, "organisation_registered")
}

// organisationEdit is the form for changing an organisation.
func (s *Server) organisationEdit(c *request) error {
	st, err := s.Ledger.Organisation(c.ctx(), c.Params("id"))
	if err != nil {
		return err
	}
	if err := s.mayChange(c, &st.Doc); err != nil {
		return err
	}
	d := st.Doc.Draft()
	f := newForm(c, "organisation")
	f.Rev = st.Rev
	for name, value := range map[string]string{
		"legalType": d.LegalType, "name": d.Name, "taxCode": d.TaxCode, "address": d.Address, "adminUnit": d.AdminUnit,
		"representative": d.Representative, "phone": d.Phone, "gs1CompanyPrefix": d.GS1CompanyPrefix, "partyGLN": d.PartyGLN, "logo": d.Logo, "status": d.Status,
	} {
		f.Values[name] = []string{value}
	}
	return s.organisationForm(c, f, &st.Doc, "organisation.edit", st.Doc.Name)
}

// mayChange keeps the form, which has personal data in it, from those who could not send it.
func (s *Server) mayChange(c *request, o *trace.Organisation) error {
	if c.who.Is(auth.Manager) && c.actor.Org == o.ID || s.Ledger.MayJudge(c.actor, o) {
		return nil
	}
	return errNotYours()
}

// organisationUpdate changes an organisation.
func (s *Server) organisationUpdate(c *request) error {
	st, err := s.Ledger.Organisation(c.ctx(), c.Params("id"))
	if err != nil {
		return err
	}
	if err := s.mayChange(c, &st.Doc); err != nil {
		return err
	}
	f := newForm(c, "organisation")
	f.Rev = c.revision()
	d := organisationDraft(c, f)
	var t typing
	if err := s.logoSent(c, f, &t, &st.Doc, &d); err != nil {
		return err
	}
	if !s.Ledger.MayJudge(c.actor, &st.Doc) { // the form has not asked for the rest
		keep := st.Doc.Draft()
		keep.Address, keep.Representative, keep.Phone = d.Address, d.Representative, d.Phone
		keep.PartyGLN, keep.Logo = d.PartyGLN, d.Logo
		d = keep
	}
	_, err = s.Ledger.UpdateOrganisation(c.ctx(), c.actor, st.Doc.ID, f.Rev, d)
	if err = t.explain(rename(err, "/logo", "/logoFile")); err != nil {
		return s.failed(c, f, err, func() error { return s.organisationForm(c, f, &st.Doc, "organisation.edit", st.Doc.Name) })
	}
	return done(c, "/work/organisations/"+st.Doc.ID, "saved")
}

// unitList lists the administrative units, each province followed by what lies in it.
func (s *Server) unitList(c *request) error {
	all, err := s.Ledger.Units(c.ctx())
	if err != nil {
		return err
	}
	p := &ListPage{
		Base: s.workBase(c, "adminUnit.title"), Empty: c.words.T("adminUnit.none"),
		Add: &Link{Href: "/work/units/new", Label: c.words.T("adminUnit.new")},
	}
	var sorted []trace.Unit
	for _, u := range all {
		sorted = append(sorted, u)
	}
	slices.SortFunc(sorted, func(a, b trace.Unit) int { return cmp.Compare(a.Code, b.Code) })
	for _, u := range sorted {
		r := Row{Title: u.Name, Href: "/work/units/" + url.PathEscape(u.Code) + "/edit", Code: u.Code, Notes: []string{c.words.T("adminUnitLevel." + u.Level)}}
		if up, ok := all[u.Parent]; ok {
			r.Notes = append(r.Notes, up.Name)
		}
		if u.ValidTo != "" {
			r.Tag = c.words.T("adminUnit.until", string(u.ValidTo))
		}
		p.Rows = append(p.Rows, r)
	}
	return s.render(c, "list", p)
}

// unitNew is the form for an administrative unit.
func (s *Server) unitNew(c *request) error {
	f := newForm(c, "adminUnit")
	f.Values["level"] = []string{"xa"}
	return s.unitForm(c, f, "adminUnit.new")
}

func (s *Server) unitForm(c *request, f *Form, title string) error {
	above, err := s.unitOptions(c, f.Value("parent"))
	if err != nil {
		return err
	}
	days := group("", false, f.Field("validFrom", "date", false), f.Field("validTo", "date", false))
	days.Side = true
	return s.render(c, "edit", &EditPage{
		Base: s.workBase(c, title), Form: f, Buttons: saveButton(c.words),
		Back: &Link{Href: "/work/units", Label: c.words.T("adminUnit.title")},
		Groups: []Group{group("", false, f.Field("code", "text", true), f.Field("name", "text", true),
			f.Choice("level", "select", true, wordedOptions(c.words, "adminUnitLevel.", trace.UnitLevels)), f.Choice("parent", "select", false, above)), days,
			group("", false, f.Field("successors", "text", false), f.Field("population", "number", false))},
	})
}

// unitAdd adds an administrative unit.
func (s *Server) unitAdd(c *request) error {
	f := newForm(c, "adminUnit")
	f.read(c, unitFields...)
	var t typing
	err := s.Ledger.AddUnit(c.ctx(), c.actor, unitDraft(f, &t))
	if err != nil {
		return s.failed(c, f, err, func() error { return s.unitForm(c, f, "adminUnit.new") })
	}
	return done(c, "/work/units", "unit_added")
}
