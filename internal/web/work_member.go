package web

import (
	"truynguon/internal/trace"
)

// memberList lists an organisation's households.
func (s *Server) memberList(c *request) error {
	org := c.org()
	if org == "" {
		return s.chooseOrg(c, "member.list", "/work/members")
	}
	members, next, err := s.Ledger.Members(c.ctx(), c.actor, org, c.Query("cursor"), listSize)
	if err != nil {
		return err
	}
	p := &ListPage{Base: s.workBase(c, "member.list"), Intro: c.words.T("member.intro"), Empty: c.words.T("member.none"), More: c.more(next)}
	if keepers.allows(c.who) {
		p.Add = &Link{Href: c.withOrg("/work/members/new", org), Label: c.words.T("member.new")}
	}
	for _, m := range members {
		r := Row{Title: m.Doc.Name, Code: m.Doc.Code, Href: "/work/members/" + m.Doc.ID}
		if m.Doc.Agrees(trace.NamePublic) {
			r.Tag, r.Tone = c.words.T("member.named"), "good"
		}
		p.Rows = append(p.Rows, r)
	}
	return s.render(c, "list", p)
}

// memberNew is the form for a new household.
func (s *Server) memberNew(c *request) error {
	org := c.org()
	if org == "" {
		return s.chooseOrg(c, "member.new", "/work/members/new")
	}
	return s.memberForm(c, newForm(c, "member"), org)
}

func (s *Server) memberForm(c *request, f *Form, org string) error {
	return s.render(c, "edit", &EditPage{
		Base: s.workBase(c, "member.new"), Form: f, Buttons: saveButton(c.words), Intro: c.words.T("member.intro"),
		Back:   &Link{Href: c.withOrg("/work/members", org), Label: c.words.T("member.list")},
		Hidden: []Option{{Value: org, Label: "organisation"}},
		Groups: []Group{group("", false, f.Field("code", "text", true), f.Field("name", "text", true), f.Field("phone", "tel", false))},
	})
}

// memberAdd adds a household.
func (s *Server) memberAdd(c *request) error {
	org := c.org()
	f := newForm(c, "member")
	f.read(c, "code", "name", "phone")
	st, err := s.Ledger.RegisterMember(c.ctx(), c.actor, trace.MemberDraft{
		Token: f.Token, Organisation: org, Code: f.Value("code"), Name: f.Value("name"), Phone: f.Value("phone"),
	})
	if err != nil {
		return s.failed(c, f, err, func() error { return s.memberForm(c, f, org) })
	}
	return done(c, "/work/members/"+st.Doc.ID, "saved")
}

func (s *Server) memberShow(c *request) error { return s.memberRecord(c, c.Params("id"), nil) }

// memberRecord shows a household and what it has agreed to.
func (s *Server) memberRecord(c *request, id string, t *tried) error {
	st, err := s.Ledger.Member(c.ctx(), c.actor, id)
	if err != nil {
		return err
	}
	m := st.Doc
	o, err := s.Ledger.Organisation(c.ctx(), m.Organisation)
	if err != nil {
		return err
	}
	p := &RecordPage{Base: s.workBase(c, "member.page", m.Code), Intro: c.words.T("member.private")}
	if t != nil {
		p.Failed = t.form
	}
	p.fact("member.code", m.Code).Mono = true
	p.fact("member.name", m.Name)
	p.fact("member.phone", m.Phone)
	p.Links = []Link{{c.withOrg("/work/members", m.Organisation), c.words.T("member.list")}}
	keeps := s.Ledger.MayKeep(c.actor, &o.Doc)
	section := Section{Title: c.words.T("consent.history"), Empty: c.words.T("consent.none")}
	for i := len(m.Consents) - 1; i >= 0; i-- {
		k := m.Consents[i]
		r := Row{Title: c.words.T("consent.purpose." + string(k.Purpose)), Tag: c.words.T("consent.holds"), Tone: "good"}
		r.Notes = []string{
			c.words.T("consent.given", c.words.Date(string(k.GivenAt)), c.words.T("consent.method."+string(k.Method))),
			c.words.T("consent.version", k.TextVersion), c.words.T("code.recorded", k.By.Name, c.words.Time(k.Recorded)),
		}
		if k.WithdrawnAt != nil {
			r.Tag, r.Tone = c.words.T("consent.withdrawn"), "bad"
			r.Notes = append(r.Notes, c.words.T("consent.withdrawn_at", c.words.Time(*k.WithdrawnAt)))
		}
		section.Rows = append(section.Rows, r)
	}
	p.Sections = []Section{section}
	if keeps {
		for _, purpose := range trace.ConsentPurposes {
			verb := "consent_" + string(purpose)
			if m.Agrees(purpose) {
				p.Actions = append(p.Actions, Action{
					Verb: "withdraw", Label: c.words.T("act.withdraw_" + string(purpose)), Danger: true,
					Post: "/work/members/" + m.ID + "/withdraw/" + string(purpose), Form: newForm(c, "consent"),
				})
				continue
			}
			a := act(c, t, verb, "consent", "/work/members/"+m.ID+"/consent")
			a.Text = c.words.T("consent.text." + string(purpose))
			a.Hidden = []Option{{Value: string(purpose), Label: "purpose"}, {Value: trace.ConsentText[purpose], Label: "textVersion"}}
			a.Form.set("givenAt", string(s.Ledger.Today()))
			a.Fields = []Field{
				a.Form.Field("givenAt", "date", true),
				a.Form.Choice("method", "select", true, wordedOptions(c.words, "consent.method.", trace.ConsentMethods)),
			}
			p.Actions = append(p.Actions, a)
		}
		a := act(c, t, "member_change", "member", "/work/members/"+m.ID+"/change")
		a.Form.Rev = st.Rev
		a.Form.set("name", m.Name)
		a.Form.set("phone", m.Phone)
		a.Fields = []Field{a.Form.Field("name", "text", true), a.Form.Field("phone", "tel", false)}
		p.Actions = append(p.Actions, a)
	}
	return s.render(c, "record", p)
}

// memberChange changes a household's name and telephone.
func (s *Server) memberChange(c *request) error {
	f := newForm(c, "member")
	f.Rev = c.revision()
	f.read(c, "name", "phone")
	id := c.Params("id")
	_, err := s.Ledger.UpdateMember(c.ctx(), c.actor, id, f.Rev, trace.MemberDraft{Name: f.Value("name"), Phone: f.Value("phone")})
	if err != nil {
		return s.failed(c, f, err, func() error { return s.memberRecord(c, id, &tried{"member_change", f}) })
	}
	return done(c, "/work/members/"+id, "saved")
}

// memberConsent records that a household has agreed to a purpose.
func (s *Server) memberConsent(c *request) error {
	f := newForm(c, "consent")
	f.read(c, "purpose", "givenAt", "method", "textVersion")
	var t typing
	id := c.Params("id")
	_, err := s.Ledger.GiveConsent(c.ctx(), c.actor, id, trace.ConsentDraft{
		Token: f.Token, Purpose: f.Value("purpose"), GivenAt: t.date(f.Value("givenAt")), Method: f.Value("method"), TextVersion: f.Value("textVersion"),
	})
	if err != nil {
		return s.failed(c, f, err, func() error { return s.memberRecord(c, id, &tried{"consent_" + f.Value("purpose"), f}) })
	}
	return done(c, "/work/members/"+id, "saved")
}

// memberWithdraw records that a household has taken an agreement back.
func (s *Server) memberWithdraw(c *request) error {
	id := c.Params("id")
	if _, err := s.Ledger.WithdrawConsent(c.ctx(), c.actor, id, trace.ConsentPurpose(c.Params("purpose"))); err != nil {
		return err
	}
	return done(c, "/work/members/"+id, "saved")
}

// memberOptions are an organisation's households to choose from.
func (s *Server) memberOptions(c *request, org string) (out []Option, err error) {
	members, _, err := s.Ledger.Members(c.ctx(), c.actor, org, "", choiceSize)
	for _, m := range members {
		out = append(out, Option{Value: m.Doc.ID, Label: m.Doc.Code + " – " + m.Doc.Name})
	}
	return out, err
}
