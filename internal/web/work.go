package web

import (
	"net/http"
	"net/url"
	"strings"

	"truynguon/internal/label"
	"truynguon/internal/trace"
)

// workRoutes are the pages of those who have signed in.
func (s *Server) workRoutes() []route {
	all := []route{
		{get, "/login", anyone, s.loginForm},
		{post, "/login", anyone, s.logIn},
		{post, "/logout", anyone, s.logOut},

		{get, "/work", insiders, s.work},
		{get, "/work/batches", insiders, s.batchList},
		{get, "/work/batches/new", keepers, s.batchNew},
		{post, "/work/batches/new", keepers, s.batchRegister},
		{get, "/work/batches/:code", insiders, s.batchShow},
		{get, "/work/batches/:code/edit", keepers, s.batchEdit},
		{post, "/work/batches/:code/edit", keepers, s.batchCorrect},
		{post, "/work/batches/:code/event", keepers, s.batchEvent},
		{post, "/work/batches/:code/attach", keepers, s.batchAttach},
		{post, "/work/batches/:code/:verb", insiders, s.batchMove},

		{get, "/work/products", insiders, s.productList},
		{get, "/work/products/new", keepers, s.productNew},
		{post, "/work/products/new", keepers, s.productRegister},
		{get, "/work/products/:id/edit", keepers, s.productEdit},
		{post, "/work/products/:id/edit", keepers, s.productUpdate},

		{get, "/work/places", insiders, s.placeList},
		{get, "/work/places/new", keepers, s.placeNew},
		{post, "/work/places/new", keepers, s.placeRegister},
		{get, "/work/places/:id/edit", keepers, s.placeEdit},
		{post, "/work/places/:id/edit", keepers, s.placeUpdate},

		{get, "/work/certificates", insiders, s.certificateList},
		{get, "/work/certificates/new", keepers, s.certificateNew},
		{post, "/work/certificates/new", keepers, s.certificateFile},
		{get, "/work/certificates/:id", insiders, s.certificateShow},
		{get, "/work/certificates/:id/edit", keepers, s.certificateEdit},
		{post, "/work/certificates/:id/edit", keepers, s.certificateCorrect},
		{post, "/work/certificates/:id/documents", keepers, s.certificateDocuments},
		{post, "/work/certificates/:id/:verb", insiders, s.certificateDecide},

		{get, "/work/documents/:id", insiders, s.documentShow},
		{post, "/work/documents/:id/share", keepers, s.documentShare},

		{get, "/work/calendar", insiders, s.calendar},
		{get, "/work/calendar/lots/:id", insiders, s.calendarLots},
		{post, "/work/calendar/feed", insiders, s.calendarFeedMake},
		{post, "/work/calendar/feed/end", insiders, s.calendarFeedEnd},
		{get, "/work/calendar.ics", anyone, s.calendarFeed}, // by its secret address

		{get, "/work/follows", signedIn, s.followList},
		{post, "/work/follows", signedIn, s.followAdd},
		{post, "/work/follows/:id/end", signedIn, s.followEnd},

		{get, "/work/recalls", insiders, s.recallList},
		{get, "/work/recalls/new", leaders, s.recallNew},
		{post, "/work/recalls/new", leaders, s.recallOpen},
		{get, "/work/recalls/:id", insiders, s.recallShow},
		{post, "/work/recalls/:id/close", leaders, s.recallClose},

		{get, "/work/doubts", insiders, s.doubtList},
		{post, "/work/doubts/:id/answer", insiders, s.doubtAnswer},
		{get, "/work/unmatched", judges, s.unmatchedList},

		{get, "/work/organisations", insiders, s.organisationList},
		{get, "/work/organisations/new", judges, s.organisationNew},
		{post, "/work/organisations/new", judges, s.organisationRegister},
		{get, "/work/organisations/:id", insiders, s.organisationShow},
		{get, "/work/organisations/:id/edit", leaders, s.organisationEdit},
		{post, "/work/organisations/:id/edit", leaders, s.organisationUpdate},
		{get, "/work/units", admins, s.unitList},
		{get, "/work/units/new", admins, s.unitNew},
		{post, "/work/units/new", admins, s.unitAdd},

		{get, "/work/people", employers, s.personList},
		{get, "/work/people/new", employers, s.personNew},
		{post, "/work/people/new", employers, s.personAdd},
		{get, "/work/people/:id", employers, s.personShow},
		{post, "/work/people/:id/:verb", employers, s.personChange},
		{get, "/work/audit", leaders, s.auditList},
		{get, "/work/audit/:kind/:key", insiders, s.auditRecord},

		{get, "/account", signedIn, s.account},
		{post, "/account/profile", signedIn, s.accountProfile},
		{get, "/account/password", signedIn, s.passwordForm},
		{post, "/account/password", signedIn, s.passwordChange},
		{get, "/account/sessions", signedIn, s.sessionList},
		{post, "/account/sessions/end", signedIn, s.sessionEnd},
		{get, "/account/keys", employers, s.keyList},
		{post, "/account/keys", employers, s.keyAdd},
		{post, "/account/keys/revoke", employers, s.keyRevoke},
	}
	for _, f := range label.Formats {
		all = append(all, route{get, "/work/batches/:code/label." + f.Ext, insiders, s.batchLabel})
	}
	return all
}

// workBase is base for a page of those who work here.
func (s *Server) workBase(c *request, title string, args ...any) Base {
	b := s.base(c, title, args...)
	b.Wide = true
	return b
}

// done leads to a page that says what was done; the notice is the last part of a "notice." key.
func done(c *request, path, notice string) error {
	mark := "?"
	if strings.Contains(path, "?") {
		mark = "&"
	}
	return c.Redirect(path+mark+"done="+notice, http.StatusSeeOther)
}

// org is the organisation that a list or form is about: the visitor's own or, for those who see
// several, the one that the address or the form names.
func (c *request) org() string {
	if c.actor.Org != "" {
		return c.actor.Org
	}
	if org := c.Query("org"); org != "" {
		return org
	}
	return c.FormValue("organisation")
}

// withOrg adds the organisation to an address, for those who see several.
func (c *request) withOrg(path, org string) string {
	if c.actor.Org != "" || org == "" {
		return path
	}
	return path + "?org=" + url.QueryEscape(org)
}

// The sizes of lists: a page of one, and as many as a form offers to choose from.
const (
	listSize   = 50
	choiceSize = 200
)

// chooseOrg asks an official or admin whose records are meant.
func (s *Server) chooseOrg(c *request, title, path string) error {
	orgs, next, err := s.Ledger.Organisations(c.ctx(), c.actor, c.Query("cursor"), choiceSize)
	if err != nil {
		return err
	}
	p := &ListPage{Base: s.workBase(c, title), Intro: c.words.T("work.choose_org"), Empty: c.words.T("organisation.none"), More: c.more(next)}
	for _, o := range orgs {
		p.Rows = append(p.Rows, Row{Title: o.Doc.Name, Href: path + "?org=" + url.QueryEscape(o.Doc.ID), Notes: []string{o.Doc.Address}})
	}
	return s.render(c, "list", p)
}

// orgNames are the names of organisations by id, for lists in which more than one occurs; nil for who
// sees only the own.
func (s *Server) orgNames(c *request, ids []string) (map[string]trace.Organisation, error) {
	if c.actor.Org != "" || len(ids) == 0 {
		return nil, nil
	}
	return s.Ledger.OrganisationsByID(c.ctx(), ids)
}

// failed answers a form whose verb failed: with the form again if it can tell what is wrong, and else
// with the error itself.
func (s *Server) failed(c *request, f *Form, err error, again func() error) error {
	if !f.fail(c, err) {
		return err
	}
	return again()
}
