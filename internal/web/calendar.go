package web

import (
	"cmp"
	"net/url"
	"slices"

	"truynguon/internal/trace"
)

// CalendarPage tells which certificates end soon, which have ended, and which are stopped.
type CalendarPage struct {
	Base
	Intro string
	// Holder is the organisation that the page is narrowed down to, for those who see several.
	Holder string
	// Counts are how many there are of each kind; the links lead down the page.
	Counts   []CalendarCount
	Sections []CalendarSection
	// Feed is since when there is a secret address for calendar programs, empty if there is none.
	Feed    string
	Actions []Action
	More    *More
}

// CalendarCount is how many certificates are in a section.
type CalendarCount struct {
	ID, Label, Number, Tone string
}

// CalendarSection is a section that can be linked to.
type CalendarSection struct {
	ID string
	Section
}

const (
	// calendarBack is how many days after its end a certificate is still shown.
	calendarBack = 90
	// calendarCount is how many lots of a certificate are counted, on so many pages at most; more are
	// "or more".
	calendarCount = 200
	calendarPages = 10
)

// bands are the parts of the calendar: those that end within so many days, the most urgent first.
var bands = []struct {
	id   string
	days int
}{{"d7", 7}, {"d30", 30}, {"d90", soon}}

// calendar shows what expires.
func (s *Server) calendar(c *request) error {
	org := c.org()
	ending, next, err := s.Ledger.Expiring(c.ctx(), c.actor, org, soon, c.Query("cursor"), choiceSize)
	if err != nil {
		return err
	}
	p := &CalendarPage{Base: s.workBase(c, "calendar.title"), Intro: c.words.T("calendar.intro"), More: c.more(next)}
	p.keep(c, "org")
	var ended, stopped []trace.Stored[trace.Certificate]
	if c.Query("cursor") == "" {
		if ended, _, err = s.Ledger.Expired(c.ctx(), c.actor, org, calendarBack, "", choiceSize); err != nil {
			return err
		}
		if stopped, err = s.stoppedCertificates(c, org); err != nil {
			return err
		}
	}
	var orgIDs []string
	for _, k := range slices.Concat(ending, ended, stopped) {
		orgIDs = append(orgIDs, k.Doc.Organisation)
	}
	orgs, err := s.orgNames(c, orgIDs)
	if err != nil {
		return err
	}
	if c.actor.Org == "" && org != "" {
		o, err := s.Ledger.Organisation(c.ctx(), org)
		if err != nil {
			return err
		}
		p.Holder = o.Doc.Name
	}
	add := func(id, tone string, found []trace.Stored[trace.Certificate]) *CalendarSection {
		sec := CalendarSection{ID: id, Section: Section{Title: c.words.T("calendar." + id)}}
		for i := range found {
			row, _ := s.certificateRow(c, &found[i].Doc, orgs)
			sec.Rows = append(sec.Rows, row)
		}
		if len(found) == 0 {
			tone = ""
		}
		p.Counts = append(p.Counts, CalendarCount{ID: id, Label: sec.Title, Number: c.words.Number(len(found)), Tone: tone})
		p.Sections = append(p.Sections, sec)
		return &p.Sections[len(p.Sections)-1]
	}
	today := s.Ledger.Today()
	if c.Query("cursor") == "" {
		add("expired", "bad", ended)
	}
	from := today
	for i, band := range bands {
		to := today.AddDays(band.days)
		var mine []trace.Stored[trace.Certificate]
		for _, k := range ending {
			if k.Doc.EndDate >= from && k.Doc.EndDate <= to {
				mine = append(mine, k)
			}
		}
		add(band.id, []string{"bad", "warn", "warn"}[i], mine)
		from = to.AddDays(1)
	}
	if c.Query("cursor") == "" {
		sec := add("stopped", "bad", stopped)
		for i := range min(len(sec.Rows), workShow) {
			if err := s.countLots(c, &sec.Rows[i], stopped[i].Doc.ID); err != nil {
				return err
			}
		}
		if c.actor.Org == "" && org == "" {
			p.Sections = append(p.Sections, holders(c, today, orgs, slices.Concat(ended, ending, stopped)))
		}
	}
	if err := s.feedActions(c, p); err != nil {
		return err
	}
	return s.render(c, "calendar", p)
}

// stoppedCertificates are those that are suspended or revoked.
func (s *Server) stoppedCertificates(c *request, org string) (out []trace.Stored[trace.Certificate], err error) {
	// A decision may hold from a later day, so that a verified certificate is what it was until then.
	all, _, err := s.Ledger.CertificatesIn(c.ctx(), c.actor, org, []trace.CertificateStatus{trace.CertSuspended, trace.CertRevoked}, "", workLook)
	if err != nil {
		return nil, err
	}
	today := s.Ledger.Today()
	for _, k := range all {
		if at := k.Doc.StandingOn(today); at == trace.Suspended || at == trace.Revoked {
			out = append(out, k)
		}
	}
	return out, nil
}

// countLots says on the row of a stopped certificate how many lots on the market have lost a basis.
func (s *Server) countLots(c *request, r *Row, id string) error {
	var lots []trace.AffectedLot
	next := ""
	// A certificate's products come one after another, each on pages of its own.
	for range calendarPages {
		page, more, err := s.Ledger.AffectedLots(c.ctx(), c.actor, id, next, calendarCount)
		if err != nil {
			return err
		}
		lots, next = append(lots, page...), more
		if next == "" || len(lots) >= calendarCount {
			break
		}
	}
	only := 0
	for _, l := range lots {
		if l.Only {
			only++
		}
	}
	if len(lots) == 0 && next == "" {
		r.Notes = append(r.Notes, c.words.T("calendar.no_lots"))
		return nil
	}
	label := c.words.N("calendar.lots_count", len(lots))
	if next != "" {
		label = c.words.T("calendar.lots_more", len(lots))
	}
	if only > 0 {
		r.Notes = append(r.Notes, c.words.N("calendar.lots_only", only))
	}
	r.Links = append(r.Links, Link{Href: "/work/calendar/lots/" + id, Label: label})
	return nil
}

// holders says how many certificates of each organisation are in the calendar, the most urgent first.
func holders(c *request, today trace.Date, orgs map[string]trace.Organisation, all []trace.Stored[trace.Certificate]) CalendarSection {
	type count struct {
		org                  string
		ended, week, stopped int
		total                int
	}
	by := map[string]*count{}
	seen := map[string]bool{}
	for _, k := range all {
		if seen[k.Doc.ID] {
			continue
		}
		seen[k.Doc.ID] = true
		n := by[k.Doc.Organisation]
		if n == nil {
			n = &count{org: k.Doc.Organisation}
			by[n.org] = n
		}
		n.total++
		switch at := k.Doc.StandingOn(today); {
		case at == trace.Suspended || at == trace.Revoked:
			n.stopped++
		case k.Doc.EndDate < today:
			n.ended++
		case k.Doc.EndDate <= today.AddDays(bands[0].days):
			n.week++
		}
	}
	var list []*count
	for _, n := range by {
		list = append(list, n)
	}
	slices.SortFunc(list, func(a, b *count) int {
		return cmp.Or(cmp.Compare(b.ended+b.stopped, a.ended+a.stopped), cmp.Compare(b.week, a.week), cmp.Compare(b.total, a.total), cmp.Compare(a.org, b.org))
	})
	sec := CalendarSection{ID: "holders", Section: Section{Title: c.words.T("calendar.holders")}}
	for _, n := range list {
		row := Row{Title: orgs[n.org].Name, Href: "/work/calendar?org=" + url.QueryEscape(n.org), Tag: c.words.N("calendar.certificates", n.total), Tone: "warn"}
		for _, part := range []struct {
			key string
			n   int
		}{{"calendar.n_expired", n.ended}, {"calendar.n_stopped", n.stopped}, {"calendar.n_week", n.week}} {
			if part.n > 0 {
				row.Notes = append(row.Notes, c.words.T(part.key, part.n))
			}
		}
		if n.ended+n.stopped > 0 {
			row.Tone = "bad"
		}
		sec.Rows = append(sec.Rows, row)
	}
	return sec
}

// calendarLots lists the lots on the market that rest on a certificate.
func (s *Server) calendarLots(c *request) error {
	id := c.Params("id")
	k, err := s.Ledger.Certificate(c.ctx(), c.actor, id)
	if err != nil {
		return err
	}
	lots, next, err := s.Ledger.AffectedLots(c.ctx(), c.actor, id, c.Query("cursor"), listSize)
	if err != nil {
		return err
	}
	scheme := s.Ledger.Schemes[k.Doc.Scheme]
	p := &ListPage{
		Base: s.workBase(c, "calendar.lots"), Empty: c.words.T("calendar.no_lots"), More: c.more(next),
		Add: &Link{Href: "/work/certificates/" + id, Label: c.words.T("certificate.title")},
	}
	standing := k.Doc.StandingOn(s.Ledger.Today())
	p.Intro = c.words.T("calendar.lots.text", p.SchemeName(scheme, k.Doc.Scheme)+" "+k.Doc.Number, c.words.T("standing."+string(standing)))
	for i := range lots {
		l := &lots[i].Lot
		row := Row{
			Title: c.words.T("batch.row", l.Product.Name, l.Batch.Lot), Href: "/work/batches/" + l.Code, Code: trace.SpellCode(l.Code),
			Tag: c.words.T("verdict." + string(l.Verdict) + ".title"), Tone: "good",
			Notes: []string{l.Organisation.Name, c.words.T("state." + string(l.Batch.State)), c.words.Quantity(l.Batch.Quantity.Value.String(), l.Batch.Quantity.UOM)},
		}
		if l.Verdict != trace.InOrder {
			row.Tone = "warn"
		}
		if lots[i].Only {
			row.Notes = append(row.Notes, c.words.T("calendar.only"))
		}
		p.Rows = append(p.Rows, row)
	}
	return s.render(c, "list", p)
}
