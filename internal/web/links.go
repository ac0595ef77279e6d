package web

import (
	"net/url"
	"slices"

	"truynguon/internal/fault"
	"truynguon/internal/gs1"
	"truynguon/internal/trace"
)

// This file is about the links that organisations add of their own: a shop, a recipe, a page in a social
// network. The resolver hands them out under their GS1 link types, and public pages show them as the
// producer's, which nobody here has checked. An official may take one down.

// linkPages are the pages for keeping them.
func (s *Server) linkPages() []route {
	return []route{
		{get, "/work/links", insiders, s.linkList},
		{get, "/work/links/new", keepers, s.linkNew},
		{post, "/work/links/new", keepers, s.linkAdd},
		{get, "/work/links/:id", insiders, s.linkShow},
		{post, "/work/links/:id/:verb", insiders, s.linkChange},
	}
}

// OwnLink is a producer's own link as a public page shows it.
type OwnLink struct {
	// Kind is what sort of link it is, in words; Host where it leads to.
	Kind, Title, Href, Host string
	// Language is that of what it leads to, empty if unknown.
	Language string
}

// ownLinks writes links for a page.
func (b *Base) ownLinks(links []trace.Link) (out []OwnLink) {
	for i := range links {
		k := &links[i]
		out = append(out, OwnLink{
			Kind: b.T("linkType." + k.LinkType), Title: k.Title(b.Lang()), Href: k.Href, Host: k.Host(), Language: k.Language,
		})
	}
	return out
}

// Own are the links of the lot's producer.
func (p *ProvenancePage) Own() []OwnLink { return p.ownLinks(p.Links) }

// ownTypes adds a producer's own links to an entry of a linkset. What the entry answers from the records
// stands first, and no link of a producer's takes its place.
func (t titles) ownTypes(a *anchored, links []trace.Link) {
	for i := range links {
		k := &links[i]
		l := link{Href: k.Href, Type: typeHTML}
		if k.Language != "" {
			l.Hreflang, l.Title = []string{k.Language}, k.Title(k.Language)
		} else {
			for j, title := range k.Titles {
				if j > 0 {
					l.Title += " / "
				}
				l.Title += title.Title
			}
		}
		at := slices.IndexFunc(a.types, func(have typedLinks) bool { return have.name == k.LinkType })
		if at < 0 {
			a.types = append(a.types, typedLinks{name: k.LinkType})
			at = len(a.types) - 1
		}
		a.types[at].links = append(a.types[at].links, l)
	}
}

// narrowest leaves out an organisation's links of a type of which the product has its own (2.6.2).
func narrowest(links []trace.Link) []trace.Link {
	own := map[string]bool{}
	for _, k := range links {
		own[k.LinkType] = own[k.LinkType] || k.Product != ""
	}
	return slices.DeleteFunc(slices.Clone(links), func(k trace.Link) bool { return k.Product == "" && own[k.LinkType] })
}

// partyLinks are the links of an organisation that has a number of its own.
func (s *Server) partyLinks(o *trace.Organisation, links []trace.Link) anchored {
	t := titles{s.Words}
	href := s.Ledger.Base + "/p/" + o.ID
	a := anchored{
		anchor: s.Ledger.Base + "/417/" + o.PartyGLN, description: o.Name,
		fallback: &link{Href: href, Title: o.Name},
		types:    []typedLinks{{"registryEntry", t.page(href, "linkset.producer")}},
	}
	t.ownTypes(&a, links)
	return a
}

// linkList lists an organisation's links; an official sees the newest of the whole unit.
func (s *Server) linkList(c *request) error {
	org := c.org()
	if org == "" && c.actor.Role != trace.Official && c.actor.Role != trace.Admin {
		return s.chooseOrg(c, "links.title", "/work/links")
	}
	found, next, err := s.Ledger.Links(c.ctx(), c.actor, org, c.Query("cursor"), listSize)
	if err != nil {
		return err
	}
	p := &ListPage{Base: s.workBase(c, "links.title"), Intro: c.words.T("links.intro"), Empty: c.words.T("links.none"), More: c.more(next)}
	p.keep(c, "org")
	if keepers.allows(c.who) {
		p.Add = &Link{Href: c.withOrg("/work/links/new", org), Label: c.words.T("links.new")}
	}
	var orgIDs []string
	for _, st := range found {
		orgIDs = append(orgIDs, st.Doc.Organisation)
	}
	orgs, err := s.orgNames(c, orgIDs)
	if err != nil {
		return err
	}
	for _, st := range found {
		k := st.Doc
		r := Row{
			Title: k.Title(c.words.Lang()), Href: "/work/links/" + k.ID,
			Notes: []string{c.words.T("linkType." + k.LinkType), k.Host()},
		}
		if o, ok := orgs[k.Organisation]; ok && org == "" {
			r.Notes = append(r.Notes, o.Name)
		}
		if k.State != trace.LinkShown {
			r.Tag, r.Tone = c.words.T("linkState."+string(k.State)), linkTone(k.State)
		}
		p.Rows = append(p.Rows, r)
	}
	return s.render(c, "list", p)
}

func linkTone(state trace.LinkState) string {
	switch state {
	case trace.LinkShown:
		return "good"
	case trace.LinkTakenDown:
		return "bad"
	}
	return "warn"
}

// linkFields are those of the form; each language of the site has a title.
func (s *Server) linkFields() []string {
	fields := []string{"linkType", "href", "product", "language"}
	for _, lang := range s.Words.Languages() {
		fields = append(fields, "title_"+lang)
	}
	return fields
}

// linkNew is the form for a link.
func (s *Server) linkNew(c *request) error {
	org := c.org()
	if org == "" {
		return s.chooseOrg(c, "links.new", "/work/links/new")
	}
	f := newForm(c, "link")
	f.Values["product"] = []string{c.Query("product")}
	return s.linkForm(c, f, org)
}

func (s *Server) linkForm(c *request, f *Form, org string) error {
	if err := s.mine(c, org); err != nil {
		return err
	}
	w := c.words
	mine, _, err := s.Ledger.Products(c.ctx(), c.actor, org, "", choiceSize)
	if err != nil {
		return err
	}
	var products []Option
	for _, st := range mine {
		products = append(products, Option{Value: st.Doc.ID, Label: st.Doc.Name})
	}
	href := f.Field("href", "url", true)
	fields := []Field{f.Choice("linkType", "select", true, wordedOptions(w, "linkType.", trace.LinkTypes)), href}
	for i, lang := range s.Words.Languages() {
		fields = append(fields, f.Field("title_"+lang, "text", i == 0))
	}
	product, language := f.Choice("product", "select", false, products), f.Choice("language", "select", false, s.languageOptions())
	product.Mod, language.Mod = "all_products", "any_language"
	fields = append(fields, product, language)
	return s.render(c, "edit", &EditPage{
		Base: s.workBase(c, "links.new"), Form: f, Intro: w.T("links.new_text"), Buttons: saveButton(w),
		Back:   &Link{Href: c.withOrg("/work/links", org), Label: w.T("links.title")},
		Hidden: []Option{{Value: org, Label: "organisation"}}, Groups: []Group{group("", false, fields...)},
	})
}

// linkAdd adds a link.
func (s *Server) linkAdd(c *request) error {
	org := c.org()
	f := newForm(c, "link")
	f.read(c, s.linkFields()...)
	d := trace.LinkDraft{
		Token: f.Token, Organisation: org, Product: f.Value("product"), LinkType: f.Value("linkType"),
		Href: f.Value("href"), Language: f.Value("language"),
	}
	languages := s.Words.Languages()
	for _, lang := range languages {
		d.Titles = append(d.Titles, trace.LinkTitle{Language: lang, Title: f.Value("title_" + lang)})
	}
	k, err := s.Ledger.AddLink(c.ctx(), c.actor, d)
	if err != nil {
		for i, lang := range languages {
			err = rename(err, "/titles/"+string(rune('0'+i)), "/title_"+lang)
		}
		err = rename(err, "/titles", "/title_"+languages[0])
		return s.failed(c, f, err, func() error { return s.linkForm(c, f, org) })
	}
	return done(c, "/work/links/"+k.Doc.ID, "link_added")
}

// linkShow shows a link and what can be done with it.
func (s *Server) linkShow(c *request) error { return s.showLink(c, nil) }

func (s *Server) showLink(c *request, t *tried) error {
	st, err := s.Ledger.Link(c.ctx(), c.actor, c.Params("id"))
	if err != nil {
		return err
	}
	k := st.Doc
	o, err := s.Ledger.Organisation(c.ctx(), k.Organisation)
	if err != nil {
		return err
	}
	w := c.words
	p := &RecordPage{
		Base: s.workBase(c, "links.heading", k.Title(w.Lang())), Tag: w.T("linkState." + string(k.State)), Tone: linkTone(k.State),
		Intro: w.T("links.note"),
	}
	p.Path = "/work/links/" + k.ID
	if t != nil {
		p.Failed = t.form
	}
	p.fact("link.linkType", w.T("linkType."+k.LinkType))
	p.fact("link.href", k.Href).Mono = true
	for _, title := range k.Titles {
		if key := "link.title_" + title.Language; w.Has(key) {
			p.fact(key, title.Title)
		} else {
			p.Facts = append(p.Facts, Fact{Label: title.Language, Value: title.Title})
		}
	}
	if k.Language != "" && w.Has("language."+k.Language) {
		p.fact("link.language", w.T("language."+k.Language))
	} else {
		p.fact("link.language", k.Language)
	}
	if k.Product != "" {
		pr, err := s.Ledger.Product(c.ctx(), k.Product)
		if err != nil {
			return err
		}
		p.fact("link.product", pr.Doc.Name)
	} else {
		p.fact("link.product", w.T("links.all_products"))
	}
	p.fact("links.organisation", o.Doc.Name).Link = "/work/organisations/" + o.Doc.ID
	p.fact("links.reason", k.Reason)
	p.Links = append(p.Links, Link{c.withOrg("/work/links", k.Organisation), w.T("links.title")},
		Link{"/work/audit/link/" + k.ID, w.T("audit.title")})
	for _, verb := range s.Ledger.LinkVerbs(c.actor, &o.Doc, &k) {
		a := act(c, t, "link_"+verb, "act", "/work/links/"+k.ID+"/"+verb)
		a.Danger = verb != "reinstate"
		if verb != "withdraw" {
			a.Fields = []Field{a.Form.Field("reason", "area", true)}
		}
		p.Actions = append(p.Actions, a)
	}
	return s.render(c, "record", p)
}

// linkChange withdraws a link, takes it down or reinstates it.
func (s *Server) linkChange(c *request) error {
	id, verb := c.Params("id"), c.Params("verb")
	f := newForm(c, "act")
	f.read(c, "reason")
	var err error
	switch verb {
	case "withdraw":
		_, err = s.Ledger.WithdrawLink(c.ctx(), c.actor, id)
	case "take_down":
		_, err = s.Ledger.TakeDownLink(c.ctx(), c.actor, id, f.Value("reason"))
	case "reinstate":
		_, err = s.Ledger.ReinstateLink(c.ctx(), c.actor, id, f.Value("reason"))
	default:
		return fault.NotFound
	}
	if err != nil {
		return s.failed(c, f, err, func() error { return s.showLink(c, &tried{"link_" + verb, f}) })
	}
	return done(c, "/work/links/"+url.PathEscape(id), "link_"+verb)
}

type linkView struct {
	trace.Link
	kept
	// LinkTypeURI is the link type in the GS1 Web Vocabulary, as a linkset has it.
	LinkTypeURI string `json:"linkTypeUri"`
}

func (s *Server) viewLink(_ *request, st trace.Stored[trace.Link]) linkView {
	k := st.Doc
	k.Titles, k.UnitPath = listOf(k.Titles), listOf(k.UnitPath)
	return linkView{k, keptOf(st), gs1.VocabularyURI + k.LinkType}
}

func (s *Server) linkOperations() []operation {
	r := &resource[trace.Link, trace.LinkDraft, linkView]{
		path: "/links", noun: "link", plural: "links",
		key:  func(k *trace.Link) string { return k.ID },
		view: s.viewLink,
		get: func(l *trace.Ledger, c *request, id string) (trace.Stored[trace.Link], error) {
			return l.Link(c.ctx(), c.actor, id)
		},
		list: func(l *trace.Ledger, c *request, after string, limit int) ([]trace.Stored[trace.Link], string, error) {
			return l.Links(c.ctx(), c.actor, c.Query("organisation"), after, limit)
		},
		create: func(l *trace.Ledger, c *request, d trace.LinkDraft) (trace.Stored[trace.Link], error) {
			return l.AddLink(c.ctx(), c.actor, d)
		},
	}
	withdraw := decides(s, r, keepers, "withdraw", "Ends a link of the organisation's own, for good.",
		func(l *trace.Ledger, c *request, id string, _ reasonDraft) (trace.Stored[trace.Link], error) {
			return l.WithdrawLink(c.ctx(), c.actor, id)
		})
	return []operation{
		r.lists(s, insiders, "The links that organisations have added of their own, newest first.", paramOrganisation),
		r.creates(s, keepers, "Adds a link of an organisation's own to a product or to all that it sells: https only, in a GS1 link type. "+
			"The resolver hands it out, and public pages show it as the producer's."),
		r.gets(s, insiders, "A link of an organisation's own."),
		withdraw,
		decides(s, r, judges, "take_down", "Takes a link down; the reason is told to its organisation.",
			func(l *trace.Ledger, c *request, id string, d reasonDraft) (trace.Stored[trace.Link], error) {
				return l.TakeDownLink(c.ctx(), c.actor, id, d.Reason)
			}),
		decides(s, r, judges, "reinstate", "Shows a link again that was taken down.",
			func(l *trace.Ledger, c *request, id string, d reasonDraft) (trace.Stored[trace.Link], error) {
				return l.ReinstateLink(c.ctx(), c.actor, id, d.Reason)
			}),
	}
}
