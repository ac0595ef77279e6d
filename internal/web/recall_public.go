package web

import (
	"github.com/gofiber/fiber/v2"

	"truynguon/internal/trace"
)

// recallPublic tells anybody of a recall: what, why, which lots, and what to do. It names no receiver.
func (s *Server) recallPublic(c *request) error {
	part, err := partOf(c)
	if err != nil {
		return err
	}
	v, err := s.Ledger.PublicRecall(c.ctx(), c.Params("id"), part)
	if err != nil {
		return err
	}
	r := &v.Recall
	p := &RecordPage{Base: s.base(c, "recallPage.title", v.Organisation.Name), Tag: c.words.T("recall.open"), Tone: "bad"}
	p.keep(c, "part")
	p.NoIndex, p.Wide = false, false
	if r.ClosedAt != nil {
		p.Tag, p.Tone = p.T("recall.ended"), ""
	}
	p.Intro = p.T("recallPage.intro")
	p.fact("recall.reason", r.Reason)
	p.fact("provenance.advice", r.Advice)
	p.fact("recallPage.who", v.Organisation.Name).Link = "/p/" + v.Organisation.ID
	p.fact("recall.kind", p.T("recallKind."+string(r.Kind)))
	p.fact("recall.decision", r.Decision)
	p.fact("recallPage.since", p.Time(r.OpenedAt))
	if r.ClosedAt != nil {
		p.fact("recall.closedAt", p.Time(*r.ClosedAt))
		p.fact("recallPage.outcome", r.Outcome)
	}
	p.fact("recallPage.lots", p.N("recall.lots", v.Lots))
	rows, err := s.scopeRows(c, &v.Page, true)
	if err != nil {
		return err
	}
	sec := Section{Title: p.T("recallPage.which"), Rows: rows}
	if more := c.partMore(v.Page.Next); more != nil {
		sec.All = &Link{Href: more.Href, Label: more.Label}
	}
	p.Sections = []Section{sec}
	c.Set(fiber.HeaderCacheControl, "public, max-age=0, must-revalidate")
	if c.who.Known() {
		c.Set(fiber.HeaderCacheControl, "private, no-cache")
	}
	return s.render(c, "record", p)
}

// homeRecalls is how many recalls the first page names.
const homeRecalls = 5

// running are the recalls that everybody is told of on the first page.
func (s *Server) running(c *request) ([]Row, error) {
	all, err := s.Ledger.RunningRecalls(c.ctx(), homeRecalls)
	if err != nil {
		return nil, err
	}
	all = all[:min(len(all), homeRecalls)]
	var ids []string
	for i := range all {
		ids = append(ids, all[i].Organisation)
	}
	orgs, err := s.Ledger.OrganisationsByID(c.ctx(), ids)
	if err != nil {
		return nil, err
	}
	var rows []Row
	for i := range all {
		r := &all[i]
		rows = append(rows, Row{
			Title: firstWords(r.Reason), Href: "/r/" + r.ID,
			Notes: []string{orgs[r.Organisation].Name, c.words.Time(r.OpenedAt), c.words.N("recall.lots", max(r.Lots, len(r.Batches)))},
		})
	}
	return rows, nil
}

// holdNote is the page of what holds a lot together with others.
func holdNote(h *trace.LotHold) string {
	if h.Case {
		return "/work/recall-cases/" + h.ID
	}
	return "/work/holds/" + h.ID
}
