package web

import (
	"net/url"

	"truynguon/internal/auth"
	"truynguon/internal/trace"
)

// recallRow describes a recall for a list.
func recallRow(c *request, r *trace.Recall, orgs map[string]trace.Organisation) Row {
	row := Row{
		Title: r.Reason, Href: "/work/recalls/" + r.ID, Tag: c.words.T("recall.open"), Tone: "bad",
		Notes: []string{c.words.T("recall."+string(r.Kind), r.OpenedAt), c.words.N("recall.lots", len(r.Batches))},
	}
	if r.ClosedAt != nil {
		row.Tag, row.Tone = c.words.T("recall.ended"), ""
	}
	if o, ok := orgs[r.Organisation]; ok {
		row.Notes = append([]string{o.Name}, row.Notes...)
	}
	return row
}

// recallList lists recalls, newest first.
func (s *Server) recallList(c *request) error {
	recalls, next, err := s.Ledger.Recalls(c.ctx(), c.actor, c.org(), c.Query("cursor"), listSize)
	if err != nil {
		return err
	}
	rows, err := s.recallRows(c, recalls, false)
	if err != nil {
		return err
	}
	return s.render(c, "list", &ListPage{
		Base: s.workBase(c, "menu.recalls"), Intro: c.words.T("recall.intro"), Empty: c.words.T("recall.none"), Rows: rows, More: c.more(next),
	})
}

// recallRows describes recalls, or those of them that are open.
func (s *Server) recallRows(c *request, recalls []trace.Stored[trace.Recall], open bool) ([]Row, error) {
	var orgIDs []string
	for _, r := range recalls {
		orgIDs = append(orgIDs, r.Doc.Organisation)
	}
	orgs, err := s.orgNames(c, orgIDs)
	if err != nil {
		return nil, err
	}
	var rows []Row
	for i := range recalls {
		if r := &recalls[i].Doc; !open || r.ClosedAt == nil {
			rows = append(rows, recallRow(c, r, orgs))
		}
	}
	return rows, nil
}

// recallNew is the form for opening a recall, with the lot that it was come from.
func (s *Server) recallNew(c *request) error {
	f := newForm(c, "recall")
	if code := c.Query("batch"); code != "" {
		f.Values["batches"] = []string{trace.SpellCode(code)}
	}
	f.Values["kind"] = []string{string(trace.Voluntary)}
	if c.who.Is(auth.Official) {
		f.Values["kind"] = []string{string(trace.Mandatory)}
	}
	return s.recallForm(c, f)
}

func (s *Server) recallForm(c *request, f *Form) error {
	kinds := trace.RecallKinds
	if c.who.Is(auth.Manager) {
		kinds = []trace.RecallKind{trace.Voluntary}
	}
	codes := f.Field("batches", "area", true)
	return s.render(c, "edit", &EditPage{
		Base: s.workBase(c, "recall.new"), Form: f, Intro: c.words.T("recall.new.intro"),
		Back: &Link{Href: "/work/recalls", Label: c.words.T("menu.recalls")},
		Groups: []Group{group("", false, codes,
			f.Choice("kind", "select", true, wordedOptions(c.words, "recallKind.", kinds)),
			f.Field("reason", "area", true), f.Field("advice", "area", false), f.Field("decision", "text", false))},
		Buttons: []Button{{Label: c.words.T("recall.do"), Class: "danger"}},
	})
}

// recallOpen opens a recall.
func (s *Server) recallOpen(c *request) error {
	f := newForm(c, "recall")
	f.read(c, "batches", "kind", "reason", "advice", "decision")
	var codes []string
	for _, line := range lines(f.Value("batches")) {
		if code, ok := trace.ParseCode(line); ok {
			line = code
		}
		codes = append(codes, line) // what is no code, the domain does not know
	}
	r, err := s.Ledger.OpenRecall(c.ctx(), c.actor, trace.RecallDraft{
		Token: f.Token, Kind: f.Value("kind"), Reason: f.Value("reason"), Advice: f.Value("advice"),
		Decision: f.Value("decision"), Batches: codes,
	})
	if err != nil {
		return s.failed(c, f, err, func() error { return s.recallForm(c, f) })
	}
	return done(c, "/work/recalls/"+r.Doc.ID, "recall_opened")
}

// recallShow shows a recall.
func (s *Server) recallShow(c *request) error { return s.showRecall(c, c.Params("id"), nil) }

func (s *Server) showRecall(c *request, id string, t *tried) error {
	st, err := s.Ledger.Recall(c.ctx(), id)
	if err != nil {
		return err
	}
	r := st.Doc
	o, err := s.Ledger.Organisation(c.ctx(), r.Organisation)
	if err != nil {
		return err
	}
	lots, err := s.Ledger.BatchesByCode(c.ctx(), c.actor, r.Organisation, r.Batches)
	if err != nil {
		return err
	}
	var stored []trace.Stored[trace.Batch]
	for _, code := range r.Batches {
		if b, ok := lots[code]; ok {
			stored = append(stored, trace.Stored[trace.Batch]{Doc: b})
		}
	}
	rows, err := s.batchRows(c, stored)
	if err != nil {
		return err
	}
	p := &RecordPage{Base: s.workBase(c, "recall.title"), Tag: c.words.T("recall.open"), Tone: "bad"}
	if t != nil {
		p.Failed = t.form
	}
	p.fact("provenance.producer", o.Doc.Name).Link = "/work/organisations/" + r.Organisation
	p.fact("recall.kind", p.T("recallKind."+string(r.Kind)))
	p.fact("recall.reason", r.Reason)
	p.fact("recall.advice", r.Advice)
	p.fact("recall.decision", r.Decision)
	p.fact("recall.opened", p.T("work.when_who", r.OpenedAt, r.OpenedBy.Name))
	if r.ClosedAt != nil {
		p.Tag, p.Tone = p.T("recall.ended"), ""
		p.fact("recall.closedAt", p.Time(*r.ClosedAt))
		p.fact("recall.outcome", r.Outcome)
	}
	p.Sections = []Section{{Title: p.T("menu.batches"), Rows: rows}}
	if s.Ledger.MayCloseRecall(c.actor, &o.Doc, &r) {
		a := act(c, t, "close", "closing", "/work/recalls/"+r.ID+"/close")
		a.Fields = []Field{a.Form.Field("reason", "area", true)}
		p.Actions = append(p.Actions, a)
	}
	p.Links = []Link{{Href: "/work/audit/recall/" + r.ID, Label: p.T("audit.title")}}
	return s.render(c, "record", p)
}

// recallClose ends a recall.
func (s *Server) recallClose(c *request) error {
	id := c.Params("id")
	f := newForm(c, "closing")
	f.read(c, "reason")
	if _, err := s.Ledger.CloseRecall(c.ctx(), c.actor, id, f.Value("reason")); err != nil {
		return s.failed(c, f, err, func() error { return s.showRecall(c, id, &tried{"close", f}) })
	}
	return done(c, "/work/recalls/"+url.PathEscape(id), "recall_closed")
}
