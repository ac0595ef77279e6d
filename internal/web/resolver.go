package web

import (
	"errors"
	"net/http"
	"strings"

	"github.com/gofiber/fiber/v2"

	"truynguon/internal/fault"
	"truynguon/internal/gs1"
	"truynguon/internal/trace"
)

// This file answers GS1 Digital Links as the GS1-Conformant Resolver Standard 1.2 has it.
//
// A printed link such as /01/GTIN/10/LOT leads to a page, and the standard says how: by a redirect (307)
// to the thing's default link, which is a page with an address of its own. So the link is the lot's page
// to everybody who follows redirects, which is every browser and phone, and a resolver to every program
// that looks at the answer. The redirect costs one short round trip on the same connection; it may be kept
// for ten minutes, for which lot a number means never changes, and what is true of the lot is asked anew
// at each look at the page.
//
//	/01/GTIN                 -> /products/GTIN
//	/01/GTIN/10/LOT          -> /l/CODE
//	/01/GTIN/10/LOT/21/ITEM  -> /l/CODE?21=ITEM
//	/414/GLN/254/PART        -> /places/GLN/PART
//	/417/GLN                 -> /p/ORGANISATION
//
// Walking up. The standard (2.5.9) wants a link that is narrower than what is known here to lead to the
// default link of what is known above it, never to 404; a scan of a forged label must not end on a page
// that looks genuine. Both hold: the redirect hands on in the query what it did not know
// (/01/GTIN/10/FORGED -> /products/GTIN?10=FORGED), and that page, asked for a lot that there is not,
// answers 404 and says so, with the product's name in words. A linkset is not led to but answered, so for
// an unknown lot or item it is 404 at once: nothing may be taken for its records.
//
// Links that a producer has added lead out of the site, and only for their own linkType: never for the
// default, nor for a type that is answered from the records.
//
// Everything that is asked in the query is handed on (2.12), linkType included; what is no link is 400,
// and what is one of nothing known here is 404.

// linkRoutes are the addresses that begin with a primary key, in the order of the dictionary.
func (s *Server) linkRoutes() (out []route) {
	for _, ai := range gs1.AIs() {
		if ai.Key {
			out = append(out, open("/"+ai.Code+"/*", s.scanLink)...)
		}
	}
	return out
}

// open is a public address that programs of other sites may read: whatever it answers, it answers to
// anybody, without cookies (Fetch standard, 3.2).
func open(path string, h handler) []route {
	return []route{
		{get, path, anyone, func(c *request) error {
			forOtherSites(c)
			return h(c)
		}},
		{fiber.MethodOptions, path, anyone, func(c *request) error {
			forOtherSites(c)
			c.Set(fiber.HeaderAllow, openMethods)
			c.Set(fiber.HeaderAccessControlAllowMethods, openMethods)
			c.Set(fiber.HeaderAccessControlAllowHeaders, "Accept, Accept-Language, If-None-Match")
			c.Set(fiber.HeaderAccessControlMaxAge, "86400")
			return c.SendStatus(http.StatusNoContent)
		}},
	}
}

const openMethods = "GET, HEAD, OPTIONS"

func forOtherSites(c *request) {
	c.Set(fiber.HeaderAccessControlAllowOrigin, "*")
	c.Set(fiber.HeaderAccessControlExposeHeaders, "Link, ETag")
}

// scanLink answers a GS1 Digital Link; see above.
func (s *Server) scanLink(c *request) error {
	key, legacy, err := parseLink(c)
	if err != nil {
		return err
	}
	if sscc := key.SSCC(); sscc != "" && !legacy { // a carton or pallet has a page, and no links of its own
		u, err := s.Ledger.LogisticUnit(c.ctx(), sscc)
		if errors.Is(err, fault.NotFound) {
			return s.unknown(c, key.Identity().String(), nil)
		}
		if err != nil {
			return err
		}
		return s.redirect(c, s.Ledger.Base+"/u/"+u.Doc.ID, nil)
	}
	if legacy {
		return s.redirect(c, s.Ledger.Base+key.Path(), nil)
	}
	found, err := s.find(c, key)
	if errors.Is(err, fault.NotFound) {
		return s.unknown(c, key.Identity().String(), nil)
	}
	if err != nil {
		return err
	}
	c.Vary(fiber.HeaderAccept, fiber.HeaderAcceptLanguage)
	asked := c.Query("linkType")
	accept := c.Get(fiber.HeaderAccept)
	switch {
	case wantsLinkset(c):
		return s.answerLinkset(c, found)
	case asked == "" && found.batch == nil && !found.unknownItem() && strings.Contains(accept, typeJSONLD):
		// A lot's page has its events in this form; what has none can only mean its links.
		return s.answerLinkset(c, found)
	case asked != "":
		return s.answerLinkType(c, found, asked)
	}
	s.linksetHeader(c, found)
	c.Set(fiber.HeaderCacheControl, "public, max-age=600")
	if found.batch == nil && len(found.beyond) > 0 { // it may be registered any time
		c.Set(fiber.HeaderCacheControl, "no-store")
	}
	return s.redirect(c, found.defaultHref(), found.beyond)
}

// parseLink reads the link that a request asks for. legacy is true for one written as links were before
// version 1.3 of the syntax, or with something in front: it leads to the form that is right today.
func parseLink(c *request) (key gs1.Key, legacy bool, err error) {
	raw := c.Path()
	if q := rawQuery(c); q != "" {
		raw += "?" + q
	}
	key, err = gs1.Options{TrailingSlash: true}.ParseLink(raw)
	if err == nil {
		return key, key.Stem != "", nil
	}
	older, tolerable := gs1.Tolerant.ParseLink(raw)
	if tolerable == nil {
		return older, true, nil
	}
	p := fault.New(fault.Malformed, "link_malformed")
	var why *fault.Problem
	if errors.As(err, &why) {
		p.Add("", why.Code, why.Args...)
	}
	return key, false, p
}

func rawQuery(c *request) string { return string(c.Context().URI().QueryString()) }

// found is what is known here of what a link identifies.
type found struct {
	// path is the link's path as far as it is known.
	path string
	// product, batch, place and party are what it names: a product, perhaps with a lot; a place; or an
	// organisation.
	product *trace.Product
	batch   *trace.Batch
	place   *trace.Place
	party   *trace.Organisation
	// beyond are the qualifiers that go further than that.
	beyond gs1.Elements
	// base is the site's.
	base string
}

// unknownItem reports whether the link names a lot or an item that there is not.
func (f *found) unknownItem() bool {
	return f.batch == nil && (f.beyond.Value("10") != "" || f.beyond.Value("21") != "" || f.beyond.Value("235") != "") ||
		f.beyond.Value("254") != ""
}

// find answers what a link identifies as far as it is known, and fault.NotFound if not even its primary
// key is.
func (s *Server) find(c *request, key gs1.Key) (*found, error) {
	f := &found{base: s.Ledger.Base}
	known := gs1.Key{Primary: key.Primary}
	switch {
	case key.GTIN() != "":
		product, err := s.Ledger.ProductByGTIN(c.ctx(), key.GTIN())
		if err != nil {
			return nil, err
		}
		f.product = &product.Doc
		if key.Lot() == "" {
			break
		}
		batch, err := s.Ledger.BatchByLink(c.ctx(), key)
		if errors.Is(err, fault.NotFound) {
			break
		}
		if err != nil {
			return nil, err
		}
		f.batch = &batch.Doc
		known.Qualifiers = gs1.Elements{{AI: "10", Value: key.Lot()}}
	case key.GLN() != "":
		place, err := s.Ledger.PlaceByGLN(c.ctx(), key.GLN(), key.GLNExtension())
		if err == nil && key.GLNExtension() != "" {
			known.Qualifiers = gs1.Elements{{AI: "254", Value: key.GLNExtension()}}
		}
		if errors.Is(err, fault.NotFound) && key.GLNExtension() != "" {
			place, err = s.Ledger.PlaceByGLN(c.ctx(), key.GLN(), "")
		}
		if err != nil {
			return nil, err
		}
		f.place = &place
	case key.PartyGLN() != "":
		org, err := s.Ledger.OrganisationByGLN(c.ctx(), key.PartyGLN())
		if err != nil {
			return nil, err
		}
		f.party = &org.Doc
	default:
		// Logistic units, assets and the rest are not registered here.
		return nil, fault.NotFound
	}
	f.path = known.Path()
	for _, q := range key.Qualifiers {
		if known.Qualifiers.Value(q.AI) == "" {
			f.beyond = append(f.beyond, q)
		}
	}
	return f, nil
}

// defaultHref is the address of the page that the link leads to.
func (f *found) defaultHref() string {
	switch {
	case f.batch != nil:
		return f.base + "/l/" + f.batch.Code
	case f.place != nil:
		return f.base + placePath(f.place.GLN, f.place.GLNExtension)
	case f.party != nil:
		return f.base + "/p/" + f.party.ID
	}
	return f.base + productPath(f.product.GTIN)
}

func productPath(gtin string) string { return "/products/" + gtin }

func placePath(gln, extension string) string {
	if extension == "" {
		return "/places/" + gln
	}
	return "/places/" + gln + "/" + gs1.Escape(extension, false)
}

// answerLinkType leads to the link of a type, of the narrowest level that has one (2.6.2).
func (s *Server) answerLinkType(c *request, f *found, asked string) error {
	lt, err := gs1.ParseLinkType(asked)
	if err != nil {
		return fault.New(fault.NotFound, "link_type_none", asked)
	}
	s.linksetHeader(c, f)
	c.Set(fiber.HeaderCacheControl, "no-store")
	if lt.Name == "defaultLink" || lt.Name == "defaultLinkMulti" {
		return s.redirect(c, f.defaultHref(), f.beyond)
	}
	entries, err := s.linkset(c, f)
	if err != nil {
		return err
	}
	for _, e := range entries {
		links := e.of(lt.Name)
		if len(links) == 0 {
			continue
		}
		best := choose(links, preferencesOf(c))
		if len(best) == 1 {
			return s.redirect(c, best[0].Href, f.beyond)
		}
		// Nothing tells them apart: the visitor chooses (2.6.3).
		c.Status(http.StatusMultipleChoices)
		e.types = []typedLinks{{lt.Name, best}}
		e.fallback = nil
		return s.sendLinkset(c, []anchored{e})
	}
	return fault.New(fault.NotFound, "link_type_none", lt.CURIE)
}

// linksetHeader tells where the links of the thing are listed.
func (s *Server) linksetHeader(c *request, f *found) {
	c.Append(fiber.HeaderLink, "<"+f.base+f.path+`?linkType=linkset>; rel="linkset"; type="`+typeLinkset+`"`)
}

// redirect leads on, with what the query asked and what was not known. What the query says comes last, so
// that the target's own parameters, such as its language, come first and count.
func (s *Server) redirect(c *request, to string, beyond gs1.Elements) error {
	mark := "?"
	if strings.Contains(to, "?") {
		mark = "&"
	}
	for _, q := range beyond {
		to += mark + q.AI + "=" + gs1.Escape(q.Value, true)
		mark = "&"
	}
	if q := rawQuery(c); q != "" {
		to += mark + q
	}
	// Not c.Redirect, which would write the address anew.
	c.Set(fiber.HeaderLocation, to)
	return c.SendStatus(http.StatusTemporaryRedirect)
}

// elsewhere answers what no other row of the site map does: a link with something in front of it, or in
// words (/gtin/…/lot/…), leads to the form that is right today.
func (s *Server) elsewhere(c *request) error {
	if m := c.Method(); m != get && m != fiber.MethodHead {
		return fiber.ErrNotFound
	}
	key, _, err := parseLink(c)
	if err == nil {
		forOtherSites(c)
		return s.redirect(c, s.Ledger.Base+key.Path(), nil)
	}
	for _, segment := range strings.Split(c.Path(), "/") {
		if ai, ok := gs1.LookupAI(segment); ok && ai.Key {
			forOtherSites(c)
			return err
		}
	}
	return fiber.ErrNotFound
}
