package web

import (
	"net/url"

	"truynguon/internal/trace"
)

// holdList lists the holds of lots together, newest first.
func (s *Server) holdList(c *request) error {
	sets, next, err := s.Ledger.HoldSets(c.ctx(), c.actor, c.org(), c.Query("cursor"), listSize)
	if err != nil {
		return err
	}
	var rows []Row
	for i := range sets {
		h := &sets[i].Doc
		row := Row{
			Title: firstWords(h.Reason), Href: "/work/holds/" + h.ID, Tag: c.words.T("hold.on"), Tone: "bad",
			Notes: []string{c.words.Time(h.HeldAt), h.HeldBy.Name, c.words.N("recall.lots", h.Scope.Lots)},
		}
		if h.ReleasedAt != nil {
			row.Tag, row.Tone = c.words.T("hold.over"), ""
		}
		rows = append(rows, row)
	}
	return s.render(c, "list", &ListPage{
		Base: s.workBase(c, "menu.holds"), Intro: c.words.T("hold.intro"), Empty: c.words.T("hold.none"), Rows: rows, More: c.more(next),
		Add: &Link{Href: c.chooser("/work/holds/new"), Label: c.words.T("hold.new")},
	})
}

// holdNew is the form for holding lots together.
func (s *Server) holdNew(c *request) error {
	if c.Query("by") == "org" && c.org() == "" {
		return s.chooseOrg(c, "hold.new", "/work/holds/new")
	}
	f := newForm(c, "hold")
	if code := c.Query("lot"); code != "" {
		f.Values["lots"] = []string{trace.SpellCode(code)}
	}
	if id := c.Query("plot"); id != "" {
		f.Values["plots"] = []string{id}
	}
	if id := c.Query("certificate"); id != "" {
		f.Values["certificates"] = []string{id}
	}
	return s.holdForm(c, f)
}

func (s *Server) holdForm(c *request, f *Form) error {
	from, err := s.seedGroup(c, f)
	if err != nil {
		return err
	}
	p := &EditPage{
		Base: s.workBase(c, "hold.new"), Form: f, Intro: c.words.T("hold.new.intro"),
		Back:    &Link{Href: "/work/holds", Label: c.words.T("menu.holds")},
		Groups:  []Group{from, group(c.words.T("hold.when"), true, f.Field("from", "date", false), f.Field("to", "date", false)), group("", false, f.Field("reason", "area", true))},
		Buttons: []Button{{Label: c.words.T("hold.do"), Class: "danger"}},
	}
	if org := c.org(); org != "" && c.actor.Org == "" {
		p.Hidden = []Option{{Value: org, Label: "organisation"}}
	}
	return s.render(c, "edit", p)
}

// holdOpen holds lots together.
func (s *Server) holdOpen(c *request) error {
	f := newForm(c, "hold")
	f.read(c, "lots", "plots", "certificates", "shipments", "inputs", "from", "to", "reason")
	var t typing
	h, err := s.Ledger.HoldLots(c.ctx(), c.actor, trace.HoldDraft{
		Token: f.Token, Reason: f.Value("reason"), Seeds: seedsOf(f), From: t.date(f.Value("from")), To: t.date(f.Value("to")),
	})
	if err != nil {
		err = rename(err, "/seeds", "/lots")
		return s.failed(c, f, err, func() error { return s.holdForm(c, f) })
	}
	return done(c, "/work/holds/"+h.Doc.ID, "lots_held")
}

// holdShow shows a hold and its lots.
func (s *Server) holdShow(c *request) error { return s.showHold(c, nil) }

func (s *Server) showHold(c *request, t *tried) error {
	st, err := s.Ledger.HoldSet(c.ctx(), c.actor, c.Params("id"))
	if err != nil {
		return err
	}
	h := &st.Doc
	o, err := s.Ledger.Organisation(c.ctx(), h.Organisation)
	if err != nil {
		return err
	}
	part, err := partOf(c)
	if err != nil {
		return err
	}
	page, err := s.Ledger.HeldLots(c.ctx(), c.actor, h.ID, part)
	if err != nil {
		return err
	}
	rows, err := s.scopeRows(c, &page, false)
	if err != nil {
		return err
	}
	p := &RecordPage{Base: s.workBase(c, "hold.title"), Tag: c.words.T("hold.on"), Tone: "bad"}
	if t != nil {
		p.Failed = t.form
	}
	p.fact("provenance.producer", o.Doc.Name).Link = "/work/organisations/" + o.Doc.ID
	p.fact("hold.reason", h.Reason)
	p.fact("hold.since", p.T("work.when_who", h.HeldAt, h.HeldBy.Name))
	p.fact("case.scope", p.N("recall.lots", h.Scope.Lots))
	if h.Left > 0 {
		p.fact("hold.left", p.N("recall.lots", h.Left))
	}
	if h.ReleasedAt != nil {
		p.Tag, p.Tone = p.T("hold.over"), ""
		p.fact("hold.released", p.T("work.when_who", *h.ReleasedAt, h.ReleasedBy.Name))
		p.fact("hold.outcome", h.Outcome)
	} else if c.actor.MayReleaseLots(&o.Doc, h) {
		a := act(c, t, "hold_release", "hold", "/work/holds/"+h.ID+"/release")
		a.Fields = []Field{a.Form.Field("finding", "area", true)}
		p.Actions = append(p.Actions, a)
	}
	sec := Section{Title: p.T("case.scope"), Rows: rows}
	if more := c.partMore(page.Next); more != nil {
		sec.All = &Link{Href: more.Href, Label: more.Label}
	}
	p.Sections = []Section{sec}
	p.Links = []Link{{"/work/audit/hold_set/" + h.ID, p.T("audit.title")}}
	return s.render(c, "record", p)
}

// holdRelease ends a hold.
func (s *Server) holdRelease(c *request) error {
	f := newForm(c, "hold")
	f.read(c, "finding")
	if _, err := s.Ledger.ReleaseLots(c.ctx(), c.actor, c.Params("id"), f.Value("finding")); err != nil {
		err = rename(err, "/reason", "/finding")
		return s.failed(c, f, err, func() error { return s.showHold(c, &tried{"hold_release", f}) })
	}
	return done(c, "/work/holds/"+url.PathEscape(c.Params("id")), "lots_released")
}
