package web

import (
	"net/url"

	"truynguon/internal/trace"
)

// documentShow tells who may open a document, with the link to hand out if it is shared by link.
func (s *Server) documentShow(c *request) error { return s.showDocument(c, c.Params("id"), nil) }

func (s *Server) showDocument(c *request, id string, t *tried) error {
	st, err := s.Ledger.Document(c.ctx(), c.actor, id)
	if err != nil {
		return err
	}
	d := st.Doc
	org, err := s.Ledger.Organisation(c.ctx(), d.Organisation)
	if err != nil {
		return err
	}
	p := &RecordPage{Base: s.workBase(c, "sharing.title"), Tag: c.words.T("visibility." + string(d.Visibility)), Intro: c.words.T("sharing." + string(d.Visibility))}
	if d.Visibility == trace.Public {
		p.Tone = "good"
	}
	if t != nil {
		p.Failed = t.form
	}
	p.fact("sharing.name", d.Name).Link = "/d/" + d.ID
	p.fact("certificate.holder", org.Doc.Name).Link = "/work/organisations/" + d.Organisation
	p.fact("sharing.added", p.Time(st.Created))
	p.fact("sharing.digest", d.SHA256).Mono = true
	if d.ShareKey != "" {
		link := p.fact("sharing.link", s.shareLink(&d))
		link.Link, link.Mono = link.Value, true
	}
	if s.Ledger.MayKeep(c.actor, &org.Doc) {
		a := act(c, t, "share", "sharing", "/work/documents/"+d.ID+"/share")
		a.Form.set("visibility", string(d.Visibility))
		a.Fields = []Field{a.Form.Choice("visibility", "select", true, wordedOptions(c.words, "sharing.as.", trace.Visibilities))}
		p.Actions = []Action{a}
	}
	p.Links = []Link{{Href: "/work/audit/document/" + d.ID, Label: p.T("audit.title")}}
	return s.render(c, "record", p)
}

// shareLink is the address that opens a shared document to whoever has it.
func (s *Server) shareLink(d *trace.Document) string {
	return s.Ledger.Base + "/d/" + d.ID + "?key=" + url.QueryEscape(d.ShareKey)
}

// documentShare changes who may open a document.
func (s *Server) documentShare(c *request) error {
	id := c.Params("id")
	f := newForm(c, "sharing")
	f.read(c, "visibility")
	if _, err := s.Ledger.ShareDocument(c.ctx(), c.actor, id, trace.Visibility(f.Value("visibility"))); err != nil {
		return s.failed(c, f, err, func() error { return s.showDocument(c, id, &tried{"share", f}) })
	}
	return done(c, "/work/documents/"+url.PathEscape(id), "shared")
}

// shareDraft is what is sent to change who may open a document.
type shareDraft struct {
	// Visibility is who may open it. A document that becomes shared gets a fresh link each time: to
	// withdraw a link, make it private first.
	Visibility trace.Visibility `json:"visibility"`
}
