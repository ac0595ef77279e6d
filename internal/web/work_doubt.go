package web

import "truynguon/internal/trace"

// DoubtsPage lists what the public found doubtful, each with the form for its answer.
type DoubtsPage struct {
	Base
	Doubts []DoubtRow
	More   *More
	Failed *Form
}

// DoubtRow is one doubt.
type DoubtRow struct {
	trace.Doubt
	When, Code, Link, Organisation string
	Answering                      Action
}

// doubtList lists doubts, newest first.
func (s *Server) doubtList(c *request) error { return s.listDoubts(c, nil) }

func (s *Server) listDoubts(c *request, t *tried) error {
	doubts, next, err := s.Ledger.Doubts(c.ctx(), c.actor, c.Query("cursor"), listSize)
	if err != nil {
		return err
	}
	var orgIDs []string
	for _, d := range doubts {
		if d.Doc.Organisation != "" {
			orgIDs = append(orgIDs, d.Doc.Organisation)
		}
	}
	orgs, err := s.orgNames(c, orgIDs)
	if err != nil {
		return err
	}
	p := &DoubtsPage{Base: s.workBase(c, "menu.doubts"), More: c.more(next)}
	if t != nil {
		p.Failed = t.form
	}
	for _, st := range doubts {
		d := st.Doc
		row := DoubtRow{Doubt: d, When: c.words.Time(st.Created), Code: d.Code, Organisation: orgs[d.Organisation].Name}
		if code, ok := trace.ParseCode(d.Code); ok && d.Organisation != "" {
			row.Code, row.Link = trace.SpellCode(code), "/work/batches/"+code
		}
		// Of the forms on the page, the one that failed opens again.
		mine := t
		if t != nil && t.verb != d.ID {
			mine = nil
		} else if t != nil {
			mine = &tried{"answer", t.form}
		}
		row.Answering = act(c, mine, "answer", "answering", "/work/doubts/"+d.ID+"/answer")
		row.Answering.Form.Scope = d.ID + "-"
		row.Answering.Fields = []Field{row.Answering.Form.Field("answer", "area", true)}
		p.Doubts = append(p.Doubts, row)
	}
	return s.render(c, "doubts", p)
}

// doubtAnswer notes what was done about a doubt.
func (s *Server) doubtAnswer(c *request) error {
	id := c.Params("id")
	f := newForm(c, "answering")
	f.read(c, "answer")
	if _, err := s.Ledger.AnswerDoubt(c.ctx(), c.actor, id, f.Value("answer")); err != nil {
		return s.failed(c, f, err, func() error { return s.listDoubts(c, &tried{id, f}) })
	}
	return done(c, "/work/doubts", "doubt_answered")
}
