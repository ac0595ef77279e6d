package web

import (
	"net/http"
	"net/url"
	"strings"

	"truynguon/internal/fault"
	"truynguon/internal/trace"
)

// FollowsPage is what somebody follows, and what was sent.
type FollowsPage struct {
	Base
	// Adding is the form for following something.
	Adding Action
	// MailOff tells that this site sends no e-mail.
	MailOff bool
	Follows []FollowRow
	More    *More
	// Sent are the latest notices.
	Sent []Row
}

// FollowRow is one thing that is followed.
type FollowRow struct {
	ID, Title, Href, Kind, Way, Address, Since string
	// Secret checks the signatures of what a webhook is sent.
	Secret string
}

// sentSize is how many notices the log shows.
const sentSize = 20

// followLink leads to the form for following something.
func followLink(target trace.FollowTarget, id string) string {
	return "/work/follows?" + url.Values{"target": {string(target)}, "id": {id}}.Encode()
}

// followList shows what somebody follows.
func (s *Server) followList(c *request) error {
	f := newForm(c, "follow")
	if target := c.Query("target"); target != "" {
		f.set("target", target)
		f.set("targetId", c.Query("id"))
	}
	return s.listFollows(c, f)
}

func (s *Server) listFollows(c *request, f *Form) error {
	found, next, err := s.Ledger.Follows(c.ctx(), c.actor, c.Query("cursor"), listSize)
	if err != nil {
		return err
	}
	notices, _, err := s.Ledger.Notices(c.ctx(), c.actor, "", sentSize)
	if err != nil {
		return err
	}
	names := followNames{s: s, c: c, known: map[string]Link{}}
	p := &FollowsPage{Base: s.workBase(c, "menu.follows"), MailOff: !s.Mail, More: c.more(next)}
	p.keep(c, "target", "id")
	for _, one := range found {
		name, err := names.of(one.Target, one.TargetID)
		if err != nil {
			return err
		}
		p.Follows = append(p.Follows, FollowRow{
			ID: one.ID, Title: name.Label, Href: name.Href, Kind: p.T("follow." + string(one.Target)), Way: p.T("follow.by." + string(one.Channel)),
			Address: one.Address, Since: p.DayOf(one.Created), Secret: one.Secret,
		})
	}
	for i := range notices {
		row, err := names.notice(&p.Base, &notices[i])
		if err != nil {
			return err
		}
		p.Sent = append(p.Sent, row)
	}
	if p.Adding, err = s.followForm(c, f, &names); err != nil {
		return err
	}
	return s.render(c, "follows", p)
}

// followForm is the form for following: what the address names, or what is typed.
func (s *Server) followForm(c *request, f *Form, names *followNames) (a Action, err error) {
	a = act(c, &tried{"follow", f}, "follow", "follow", "/work/follows")
	a.Open = f.Told != nil || f.Value("targetId") != ""
	var channels []trace.Channel
	for _, ch := range trace.Channels {
		if ch == trace.Email && !s.Mail {
			continue
		}
		channels = append(channels, ch)
	}
	f.set("channel", string(channels[0]))
	if channels[0] == trace.Email {
		f.set("address", c.who.Email)
	} else {
		f.set("address", "")
	}
	if target, id := f.Value("target"), f.Value("targetId"); id != "" && f.faults("targetId") == nil && f.faults("target") == nil {
		name, err := names.of(trace.FollowTarget(target), id)
		if err != nil {
			return a, err
		}
		a.Text = c.words.T("follow.this", name.Label)
		a.Hidden = []Option{{Value: target, Label: "target"}, {Value: id, Label: "targetId"}}
	} else {
		f.set("what", "")
		a.Fields = append(a.Fields, f.Field("what", "text", true))
	}
	way := f.Choice("channel", "select", true, wordedOptions(c.words, "follow.by.", channels))
	a.Fields = append(a.Fields, way, f.Field("address", "text", true))
	return a, nil
}

// followAdd follows something.
func (s *Server) followAdd(c *request) error {
	f := newForm(c, "follow")
	f.read(c, "target", "targetId", "what", "channel", "address")
	d := trace.FollowDraft{
		Target: f.Value("target"), TargetID: f.Value("targetId"), Channel: f.Value("channel"), Address: strings.TrimSpace(f.Value("address")), Lang: c.words.Lang(),
	}
	if d.TargetID == "" {
		target, id, err := s.followable(c, f.Value("what"))
		if err != nil {
			return s.failed(c, f, err, func() error { return s.listFollows(c, f) })
		}
		d.Target, d.TargetID = string(target), id
	}
	if _, err := s.Ledger.Follow(c.ctx(), c.actor, d); err != nil {
		if f.Value("targetId") == "" {
			err = rename(rename(err, "/targetId", "/what"), "/target", "/what")
		}
		return s.failed(c, f, err, func() error { return s.listFollows(c, f) })
	}
	return done(c, "/work/follows", "followed")
}

// followEnd follows something no longer.
func (s *Server) followEnd(c *request) error {
	if err := s.Ledger.Unfollow(c.ctx(), c.actor, c.Params("id")); err != nil {
		return err
	}
	return done(c, "/work/follows", "unfollowed")
}

// followable finds what a text means that can be followed: the page of a certificate, product or producer,
// a certificate's number, a product's GTIN, or a lot's code, which means its product.
func (s *Server) followable(c *request, text string) (target trace.FollowTarget, id string, err error) {
	var problem fault.Problem
	text = strings.TrimSpace(text)
	if text == "" {
		problem.Add("/what", "missing")
		return "", "", problem.Err()
	}
	if u, err := url.Parse(text); err == nil {
		for _, page := range []struct {
			before string
			target trace.FollowTarget
		}{
			{"/work/certificates/", trace.FollowCertificate}, {"/work/organisations/", trace.FollowProducer}, {"/work/products/", trace.FollowProduct},
			{"/c/", trace.FollowCertificate}, {"/p/", trace.FollowProducer},
		} {
			if _, tail, ok := strings.Cut(u.Path, page.before); ok {
				id, _, _ := strings.Cut(tail, "/")
				return page.target, id, nil
			}
		}
	}
	answers, err := s.Ledger.Verify(c.ctx(), []string{text})
	if err != nil {
		return "", "", err
	}
	switch a := answers[0]; {
	case a.Product != nil:
		return trace.FollowProduct, a.Product.ID, nil
	case a.Lot != nil && a.Lot.Product.ID != "":
		return trace.FollowProduct, a.Lot.Product.ID, nil
	case len(a.Certificates) == 1:
		return trace.FollowCertificate, a.Certificates[0].Certificate.ID, nil
	case len(a.Certificates) > 1:
		problem.Add("/what", "follow_several")
	default:
		problem.Add("/what", "follow_unknown")
	}
	return "", "", problem.Err()
}

// followNames are the names of what is followed, each looked up once.
type followNames struct {
	s     *Server
	c     *request
	known map[string]Link
}

// of is the name of something and its public page; what is not there any more is called by its id.
func (n *followNames) of(target trace.FollowTarget, id string) (link Link, err error) {
	key := string(target) + "/" + id
	if link, ok := n.known[key]; ok {
		return link, nil
	}
	l, c := n.s.Ledger, n.c
	link.Label = id
	switch target {
	case trace.FollowCertificate:
		k, err := l.Certificate(c.ctx(), c.actor, id)
		if err == nil {
			b := Base{Printer: c.words}
			link = Link{Href: "/c/" + id, Label: strings.TrimSpace(b.SchemeName(l.Schemes[k.Doc.Scheme], k.Doc.Scheme) + " " + k.Doc.Number)}
		} else if statusOf(err) >= http.StatusInternalServerError {
			return link, err
		}
	case trace.FollowProduct:
		products, err := l.ProductsByID(c.ctx(), []string{id})
		if err != nil {
			return link, err
		}
		if p, ok := products[id]; ok {
			link.Label = p.Name
			if p.GTIN != "" {
				link.Href = "/products/" + p.GTIN
			}
		}
	case trace.FollowProducer:
		orgs, err := l.OrganisationsByID(c.ctx(), []string{id})
		if err != nil {
			return link, err
		}
		if o, ok := orgs[id]; ok {
			link = Link{Href: "/p/" + id, Label: o.Name}
		}
	}
	n.known[key] = link
	return link, nil
}

// notice describes a notice for the log.
func (n *followNames) notice(b *Base, what *trace.Notice) (r Row, err error) {
	about, id := trace.FollowCertificate, what.Certificate
	if id == "" {
		about, id = trace.FollowProducer, what.Organisation
	}
	name, err := n.of(about, id)
	if err != nil {
		return r, err
	}
	tone := map[trace.NoticeState]string{trace.NoticeSent: "good", trace.NoticeDue: "warn", trace.NoticeFailed: "bad"}[what.State]
	r = Row{
		Title: b.T("message."+string(what.Reason)+".subject", name.Label), Href: name.Href, Tag: b.T("follow.state." + string(what.State)), Tone: tone,
		Notes: []string{b.Time(what.Created)},
	}
	if k := len(what.Attempts); k > 0 {
		last := what.Attempts[k-1]
		r.Notes = append(r.Notes, b.N("follow.attempts", k))
		if last.Error != "" {
			r.Notes = append(r.Notes, b.T("follow.error", last.Error))
		}
		if what.State == trace.NoticeDue {
			r.Notes = append(r.Notes, b.T("follow.again", b.Time(what.NextAt)))
		}
	}
	return r, nil
}
