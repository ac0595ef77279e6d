package web

import (
	"slices"

	"truynguon/internal/auth"
	"truynguon/internal/trace"
)

// WorkPage is what is to be done.
type WorkPage struct {
	Base
	// New and Again lead to the form for a lot: an empty one, and ones filled in like the latest lots.
	New   *Link
	Again []Link
	// Temporary tells that somebody else knows the password.
	Temporary bool
	Sections  []Section
}

// Idle reports whether nothing is to be done.
func (p *WorkPage) Idle() bool { return len(p.Sections) == 0 }

// What the page of things to do looks through and shows: the newest certificates and doubts, and so
// many of each kind.
const (
	workLook = 1000
	workShow = 10
)

// work shows what is to be done: by an organisation's people about its records, by an official or
// admin about those of all they oversee.
func (s *Server) work(c *request) error {
	p := &WorkPage{Base: s.workBase(c, "menu.work"), Temporary: c.who.PasswordTemporary}
	certificates, err := s.certificatesToDo(c)
	if err != nil {
		return err
	}
	doubts, err := s.doubtsToDo(c)
	if err != nil {
		return err
	}
	held, err := s.batchesToDo(c, trace.Held, "work.held")
	if err != nil {
		return err
	}
	drafts, err := s.batchesToDo(c, trace.Draft, "work.drafts")
	if err != nil {
		return err
	}
	recalls, err := s.recallsToDo(c)
	if err != nil {
		return err
	}
	order := []Section{drafts, held, recalls, certificates, doubts}
	if c.who.Is(auth.Admin, auth.Official) {
		order = []Section{certificates, recalls, held, doubts, drafts}
	}
	for _, sec := range order {
		if len(sec.Rows) > 0 {
			p.Sections = append(p.Sections, sec)
		}
	}
	if keepers.allows(c.who) {
		p.New = &Link{Href: "/work/batches/new", Label: c.words.T("batch.new")}
		if c.actor.Org != "" {
			if p.Again, err = s.again(c); err != nil {
				return err
			}
		}
	}
	return s.render(c, "work", p)
}

// again are the latest lots of different products, to register others like them.
func (s *Server) again(c *request) (out []Link, err error) {
	lots, _, err := s.Ledger.Batches(c.ctx(), c.actor, trace.BatchFilter{}, "", 20)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, b := range lots {
		ids = append(ids, b.Doc.Product)
	}
	products, err := s.Ledger.ProductsByID(c.ctx(), ids)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, b := range lots {
		if seen[b.Doc.Product] || len(out) == 3 {
			continue
		}
		seen[b.Doc.Product] = true
		out = append(out, Link{Href: "/work/batches/new?again=" + b.Doc.Code, Label: c.words.T("work.again", products[b.Doc.Product].Name, b.Doc.Lot)})
	}
	return out, nil
}

// batchesToDo are the lots in a state that asks for somebody.
func (s *Server) batchesToDo(c *request, state trace.State, title string) (sec Section, err error) {
	lots, next, err := s.Ledger.Batches(c.ctx(), c.actor, trace.BatchFilter{State: state}, "", workShow)
	if err != nil {
		return sec, err
	}
	sec.Title = c.words.T(title)
	if next != "" {
		sec.All = &Link{Href: "/work/batches?state=" + string(state), Label: c.words.T("common.all")}
	}
	sec.Rows, err = s.batchRows(c, lots)
	return sec, err
}

// recallsToDo are the recalls that are not over.
func (s *Server) recallsToDo(c *request) (sec Section, err error) {
	recalls, _, err := s.Ledger.Recalls(c.ctx(), c.actor, "", "", choiceSize)
	if err != nil {
		return sec, err
	}
	sec.Title = c.words.T("work.recalls")
	sec.Rows, err = s.recallRows(c, recalls, true)
	return cut(c, sec, "/work/recalls"), err
}

// certificatesToDo are the certificates that wait for a check, have ended or are about to.
func (s *Server) certificatesToDo(c *request) (sec Section, err error) {
	statuses := []trace.CertificateStatus{trace.CertSubmitted, trace.CertSuspended}
	if keepers.allows(c.who) { // drafts and what was sent back are the holder's own business
		statuses = append(statuses, trace.CertDraft, trace.CertRejected)
	}
	all, _, err := s.Ledger.CertificatesIn(c.ctx(), c.actor, "", statuses, "", choiceSize)
	if err != nil {
		return sec, err
	}
	ending, _, err := s.Ledger.Expiring(c.ctx(), c.actor, "", soon, "", choiceSize)
	if err != nil {
		return sec, err
	}
	ended, _, err := s.Ledger.Expired(c.ctx(), c.actor, "", calendarBack, "", choiceSize)
	if err != nil {
		return sec, err
	}
	for _, k := range slices.Concat(ended, ending) {
		if k.Doc.Status == trace.CertVerified { // suspended ones are there already
			all = append(all, k)
		}
	}
	var orgIDs []string
	for _, k := range all {
		orgIDs = append(orgIDs, k.Doc.Organisation)
	}
	orgs, err := s.orgNames(c, orgIDs)
	if err != nil {
		return sec, err
	}
	sec.Title = c.words.T("work.certificates")
	var later []Row
	for i := range all {
		k := &all[i].Doc
		switch row, urgent := s.certificateRow(c, k, orgs); {
		case !urgent:
		case k.Status == trace.CertSubmitted:
			sec.Rows = append(sec.Rows, row)
		default:
			later = append(later, row)
		}
	}
	sec.Rows = append(sec.Rows, later...)
	sec = cut(c, sec, "/work/certificates")
	if sec.All == nil && len(sec.Rows) > 0 {
		sec.All = &Link{Href: "/work/calendar", Label: c.words.T("menu.calendar")}
	}
	return sec, nil
}

// doubtsToDo are the doubts that nobody has answered.
func (s *Server) doubtsToDo(c *request) (sec Section, err error) {
	all, _, err := s.Ledger.Doubts(c.ctx(), c.actor, "", choiceSize)
	if err != nil {
		return sec, err
	}
	sec.Title = c.words.T("work.doubts")
	for _, st := range all {
		if d := st.Doc; !d.Answered {
			sec.Rows = append(sec.Rows, Row{Title: firstWords(d.Text), Href: "/work/doubts#d-" + d.ID, Notes: []string{c.words.Time(st.Created)}})
		}
	}
	return cut(c, sec, "/work/doubts"), nil
}

// cut keeps the first rows of a section and leads to the others.
func cut(c *request, sec Section, href string) Section {
	if len(sec.Rows) > workShow {
		sec.Rows = sec.Rows[:workShow]
		sec.All = &Link{Href: href, Label: c.words.T("common.all")}
	}
	return sec
}

// firstWords is the beginning of a text.
func firstWords(text string) string {
	if r := []rune(text); len(r) > 90 {
		return string(r[:90]) + "…"
	}
	return text
}
