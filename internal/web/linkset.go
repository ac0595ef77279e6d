package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"strings"

	"github.com/gofiber/fiber/v2"

	"truynguon/internal/fault"
	"truynguon/internal/gs1"
	"truynguon/internal/locale"
	"truynguon/internal/trace"
)

// Media types of what a resolver answers.
const (
	typeLinkset = "application/linkset+json" // RFC 9264
	typeJSONLD  = "application/ld+json"
	typeHTML    = "text/html"
)

// contextPath is where the JSON-LD context of linksets is served.
const contextPath = "/linkset.jsonld"

// linksetContext makes a linkset RDF: each link a triple of anchor, link type and target, as RFC 9264
// appendix A has it.
const linksetContext = `{
  "@context": {
    "@version": 1.1,
    "@vocab": "http://www.iana.org/assignments/relation/",
    "anchor": "@id",
    "href": "@id",
    "linkset": "@graph",
    "title": {"@id": "http://purl.org/dc/terms/title"},
    "type": {"@id": "http://purl.org/dc/terms/format"},
    "hreflang": {"@id": "http://purl.org/dc/terms/language", "@container": "@set"},
    "itemDescription": {"@id": "http://www.w3.org/2000/01/rdf-schema#comment"}
  }
}
`

func (s *Server) linksetContext(c *request) error {
	c.Set(fiber.HeaderContentType, typeJSONLD)
	c.Set(fiber.HeaderCacheControl, "public, max-age=86400")
	return c.SendString(linksetContext)
}

// anchored is what a linkset says of one thing: a link context object of RFC 9264.
type anchored struct {
	// anchor is the thing's Digital Link, or the address of a lot that has none.
	anchor string
	// description says in words what the thing is.
	description string
	// fallback is the default link. It has an address and a title alone (2.5.8) and is listed under a
	// descriptive type as well. Nil in an answer that offers a choice.
	fallback *link
	// types are the links by type.
	types []typedLinks
}

type typedLinks struct {
	name  string // the bare word: "pip"
	links []link
}

// of answers the links of a type.
func (a *anchored) of(name string) []link {
	for _, t := range a.types {
		if t.name == name {
			return t.links
		}
	}
	return nil
}

// Anchor and the methods below are for the page that lists the links.
func (a anchored) Anchor() string { return a.anchor }

// Description says what the thing is.
func (a anchored) Description() string { return a.description }

// Types are the links by type.
func (a anchored) Types() []typedLinks { return a.types }

// Title is the type's in the GS1 Web Vocabulary, in English.
func (t typedLinks) Title() string {
	lt, _ := gs1.LinkTypeNamed(t.name)
	return lt.Title
}

// CURIE is the type's short name: "gs1:pip".
func (t typedLinks) CURIE() string { return "gs1:" + t.name }

// Links are the links of the type.
func (t typedLinks) Links() []link { return t.links }

// MarshalJSON writes the members in an order that people can read.
func (a anchored) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	add := func(name string, v any) error {
		text, err := json.Marshal(v)
		if err != nil {
			return err
		}
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q:%s", name, text) // names are plain ASCII
		return nil
	}
	if err := add("anchor", a.anchor); err != nil {
		return nil, err
	}
	if err := add("itemDescription", a.description); err != nil {
		return nil, err
	}
	if a.fallback != nil {
		if err := add(gs1.VocabularyURI+"defaultLink", []link{*a.fallback}); err != nil {
			return nil, err
		}
	}
	for _, t := range a.types {
		if err := add(gs1.VocabularyURI+t.name, t.links); err != nil {
			return nil, err
		}
	}
	return []byte("{" + b.String() + "}"), nil
}

// titles writes the titles of links.
type titles struct {
	words *locale.Catalogue
}

// page are the links to a page, one for each language of the site. The page itself follows the
// visitor's browser, so the first is its bare address, which is the default link's, too (2.5.8); the
// others ask for their language.
func (t titles) page(href, key string, args ...any) (out []link) {
	for i, lang := range t.words.Languages() {
		l := link{Href: href, Title: t.words.Printer(lang).T(key, args...), Type: typeHTML, Hreflang: []string{lang}}
		if i > 0 {
			l.Href += "?lang=" + lang
		}
		out = append(out, l)
	}
	return out
}

// data is the link to something for programs, which has no language: its title has all.
func (t titles) data(href, mediaType, key string) link {
	var all []string
	for _, lang := range t.words.Languages() {
		all = append(all, t.words.Printer(lang).T(key))
	}
	return link{Href: href, Title: strings.Join(all, " / "), Type: mediaType}
}

// linkset lists the links of what was found, the narrowest first; what is above follows (2.5.9).
func (s *Server) linkset(c *request, f *found) (out []anchored, err error) {
	if f.batch != nil {
		p, err := s.Ledger.Provenance(c.ctx(), f.batch.Code)
		if err != nil {
			return nil, err
		}
		out = append(out, s.lotLinks(c.words, f.base+f.path, p))
	}
	if f.product != nil {
		own, err := s.Ledger.PublicLinks(c.ctx(), f.product.Organisation, f.product.ID)
		if err != nil {
			return nil, err
		}
		out = append(out, s.productLinks(f.product, own))
	}
	if f.party != nil {
		own, err := s.Ledger.PublicLinks(c.ctx(), f.party.ID, "")
		if err != nil {
			return nil, err
		}
		out = append(out, s.partyLinks(f.party, own))
	}
	if f.place != nil {
		units, err := s.Ledger.Units(c.ctx())
		if err != nil {
			return nil, err
		}
		out = append(out, s.placeLinks(c.words, f.base+f.path, f.place, units))
	}
	return out, nil
}

// lotLinks are the links of a lot. Types that the product has, such as pip, are not repeated, so that
// they are inherited.
func (s *Server) lotLinks(words *locale.Printer, anchor string, p *trace.Provenance) anchored {
	t := titles{s.Words}
	href := s.Ledger.Base + "/l/" + p.Batch.Code
	a := anchored{
		anchor: anchor, description: words.T("linkset.lot", p.Product.Name, p.Batch.Lot),
		fallback: &link{Href: href, Title: words.T("linkset.lot_page")},
	}
	if p.Verdict == trace.NotReleased { // all that is public is that there is such a code
		a.description = words.T("linkset.lot_closed")
	}
	json := href + "?format=" + formatJSON
	a.types = []typedLinks{
		{"traceability", append(t.page(href, "linkset.lot_page"), t.data(json, "application/json", "linkset.lot_data"))},
		{"recallStatus", append(t.page(href, "linkset.recall"), t.data(json, "application/json", "linkset.recall_data"))},
	}
	if p.Verdict == trace.NotReleased {
		return a
	}
	a.types = append(a.types, typedLinks{"epcis", []link{t.data(href+"?format="+formatEPCIS, typeJSONLD, "linkset.events")}})
	var certificates []link
	for _, cert := range p.Certificates {
		if cert.Covers == trace.CoversNot {
			continue
		}
		name := func(lang string) string {
			text := cert.Scheme.Name(lang)
			if text == "" {
				text = cert.Certificate.Scheme
			}
			if cert.Certificate.Number != "" {
				text += " " + cert.Certificate.Number
			}
			return text
		}
		links := t.page(s.Ledger.Base+"/c/"+cert.Certificate.ID, "linkset.certificate", "")
		for i := range links {
			links[i].Title = s.Words.Printer(links[i].Hreflang[0]).T("linkset.certificate", name(links[i].Hreflang[0]))
		}
		certificates = append(certificates, links...)
	}
	if certificates != nil {
		a.types = append(a.types, typedLinks{"certificationInfo", certificates})
	}
	return a
}

// productLinks are the links of a product, the producer's own among them.
func (s *Server) productLinks(pr *trace.Product, own []trace.Link) anchored {
	t := titles{s.Words}
	href := s.Ledger.Base + productPath(pr.GTIN)
	a := anchored{
		anchor: s.Ledger.Base + "/01/" + pr.GTIN, description: pr.Name,
		fallback: &link{Href: href, Title: pr.Name},
		types: []typedLinks{
			{"pip", t.page(href, "linkset.product_page", pr.Name)},
			{"masterData", []link{t.data(href+"?format="+formatJSON, "application/json", "linkset.product_data")}},
			{"registryEntry", t.page(s.Ledger.Base+"/p/"+pr.Organisation, "linkset.producer")},
		},
	}
	t.ownTypes(&a, narrowest(own))
	return a
}

// placeLinks are the links of a place that has a number.
func (s *Server) placeLinks(words *locale.Printer, anchor string, pl *trace.Place, units map[string]trace.Unit) anchored {
	t := titles{s.Words}
	href := s.Ledger.Base + placePath(pl.GLN, pl.GLNExtension)
	name := placeName(words, pl, units)
	return anchored{
		anchor: anchor, description: name,
		fallback: &link{Href: href, Title: name},
		types: []typedLinks{
			{"locationInfo", t.page(href, "linkset.place_page")},
			{"masterData", []link{t.data(href+"?format="+formatJSON, "application/json", "linkset.place_data")}},
			{"registryEntry", t.page(s.Ledger.Base+"/p/"+pl.Organisation, "linkset.producer")},
		},
	}
}

// wantsLinkset reports whether a request asks for the links and not for what they lead to. "all" is what
// "linkset" was called until February 2024.
func wantsLinkset(c *request) bool {
	switch c.Query("linkType") {
	case "linkset", "all":
		return true
	}
	return c.Query("format") == formatLinkset || strings.Contains(c.Get(fiber.HeaderAccept), typeLinkset)
}

// answerLinkset lists the links of what was found. What a lot or an item that is not known could inherit
// is not told: see the head of resolver.go.
func (s *Server) answerLinkset(c *request, f *found) error {
	if f.unknownItem() {
		return fault.New(fault.NotFound, "code_unknown")
	}
	entries, err := s.linkset(c, f)
	if err != nil {
		return err
	}
	return s.sendLinkset(c, entries)
}

// LinksetPage lists links for people.
type LinksetPage struct {
	Base
	// Entries are the things with their links, the narrowest first.
	Entries []anchored
	// Choice tells that one of them is to be chosen.
	Choice bool
	// JSON is the linkset as JSON-LD.
	JSON template.JS
}

// sendLinkset writes a linkset in the representation asked for.
func (s *Server) sendLinkset(c *request, entries []anchored) error {
	type document struct {
		Context string     `json:"@context,omitempty"`
		Linkset []anchored `json:"linkset"`
	}
	doc := document{Linkset: entries}
	context := s.Ledger.Base + contextPath
	c.Append(fiber.HeaderLink, "<"+context+`>; rel="http://www.w3.org/ns/json-ld#context"; type="`+typeJSONLD+`"`)
	c.Vary(fiber.HeaderAccept, fiber.HeaderAcceptLanguage, fiber.HeaderCookie)
	c.Set(fiber.HeaderContentLanguage, c.words.Lang())
	mediaType := linksetType(c.Get(fiber.HeaderAccept))
	if mediaType == typeJSONLD || mediaType == typeHTML {
		doc.Context = context
	}
	a, err := jsonAnswer(doc)
	if err != nil {
		return err
	}
	if mediaType == typeHTML {
		p := &LinksetPage{
			Base: s.base(c, "linkset.title"), Entries: entries, JSON: template.JS(a.body), //nolint:gosec // json.Marshal escapes <, > and &
			Choice: c.Response().StatusCode() == fiber.StatusMultipleChoices,
		}
		return s.render(c, "linkset", p)
	}
	a.mediaType = mediaType
	a.finish()
	return a.send(c)
}

// linksetType is the media type in which a linkset is wanted.
func linksetType(accept string) string {
	for _, t := range []string{typeLinkset, typeHTML, typeJSONLD, "application/json"} {
		if strings.Contains(accept, t) {
			return t
		}
	}
	return typeLinkset
}
