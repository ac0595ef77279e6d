package web

import (
	"errors"
	"net/http"

	"github.com/gofiber/fiber/v2"

	"truynguon/internal/fault"
	"truynguon/internal/gs1"
	"truynguon/internal/locale"
	"truynguon/internal/trace"
)

// ProductPage is a product's public page: what is sold under a GTIN, which is no lot.
type ProductPage struct {
	Base
	Product      trace.Product
	Organisation trace.Organisation
	Image        *trace.Document
	// Own are the producer's own links.
	Own []OwnLink
	// Buyer leads to following.
	Buyer []Link
}

// productPage answers /products/GTIN. The resolver leads links to it that name a lot or an item which is
// not known here, and hands those on in the query: then the page is not the product's, but says so.
func (s *Server) productPage(c *request) error {
	asked := c.Params("gtin")
	gtin, err := gs1.GTIN14(asked)
	if err != nil {
		return s.unknown(c, asked, nil)
	}
	if gtin != asked {
		return s.redirect(c, s.Ledger.Base+productPath(gtin), nil)
	}
	format, err := c.format()
	if err != nil {
		return err
	}
	key, err := linkKey(c, gs1.Element{AI: "01", Value: gtin}, "22", "10", "21", "235")
	if err != nil {
		return err
	}
	f, err := s.find(c, key)
	if errors.Is(err, fault.NotFound) {
		return s.unknown(c, key.String(), nil)
	}
	if err != nil {
		return err
	}
	s.linksetHeader(c, f)
	switch {
	case f.batch != nil: // it has been registered meanwhile
		to := f.defaultHref()
		if serial := key.Serial(); serial != "" {
			to += "?21=" + gs1.Escape(serial, true)
		}
		c.Set(fiber.HeaderLocation, to)
		return c.SendStatus(http.StatusTemporaryRedirect)
	case f.unknownItem():
		return s.unknown(c, key.String(), f.product)
	case format == formatLinkset, format == formatEPCIS && c.Query("format") == "":
		return s.answerLinkset(c, f)
	case format == formatEPCIS: // a product has no events, its lots have
		return fault.New(fault.Malformed, "format_unknown")
	}
	if format != formatPage {
		return c.JSON(publicProduct{
			Name: f.product.Name, Brand: f.product.Brand, GTIN: f.product.GTIN, NetContent: f.product.NetContent,
			CountryOfOrigin: f.product.CountryOfOrigin, AppliedStandards: f.product.AppliedStandards,
		})
	}
	org, err := s.Ledger.Organisation(c.ctx(), f.product.Organisation)
	if err != nil {
		return err
	}
	p := &ProductPage{Base: s.base(c, "product_page.title", f.product.Name), Product: *f.product, Organisation: org.Doc}
	p.Buyer = p.buyerLinks("", Link{Href: followLink(trace.FollowProduct, f.product.ID), Label: p.T("buyer.follow_product")},
		Link{Href: followLink(trace.FollowProducer, org.Doc.ID), Label: p.T("buyer.follow_producer")})
	own, err := s.Ledger.PublicLinks(c.ctx(), org.Doc.ID, f.product.ID)
	if err != nil {
		return err
	}
	p.Own = p.ownLinks(own)
	if id := f.product.Image; id != "" {
		d, err := s.Ledger.Document(c.ctx(), trace.Actor{}, id)
		if err == nil {
			p.Image = &d.Doc
		} else if !errors.Is(err, fault.NotFound) && !errors.Is(err, fault.Unauthenticated) {
			return err
		}
	}
	return s.render(c, "product", p)
}

// linkKey reads the key that a page's address and its parameters name.
func linkKey(c *request, primary gs1.Element, qualifiers ...string) (gs1.Key, error) {
	elements := gs1.Elements{primary}
	for _, ai := range qualifiers {
		if v := c.Query(ai); v != "" {
			elements = append(elements, gs1.Element{AI: ai, Value: v})
		}
	}
	key, err := gs1.NewKey(elements...)
	if err != nil || len(key.Attributes) > 0 {
		return key, fault.New(fault.Malformed, "link_malformed")
	}
	return key, nil
}

// PlacePage is the public page of a place that has a number. Of a plot it tells neither name nor
// address nor position: they are a household's (Luật BVDLCN 91/2025).
type PlacePage struct {
	Base
	// Place is what is public of it, Name what it is called or else its type and commune.
	Place        trace.Place
	Name         string
	Unit         string
	Organisation trace.Organisation
}

// placePage answers /places/GLN and /places/GLN/EXTENSION.
func (s *Server) placePage(c *request) error {
	extension, _ := gs1.Unescape(c.Params("extension"), false)
	if extension == "" {
		extension = c.Query("254") // handed on by the resolver, which did not know it
	}
	key, err := gs1.PlaceKey(c.Params("gln"), extension)
	if err != nil {
		return s.unknown(c, c.Params("gln"), nil)
	}
	format, err := c.format()
	if err != nil {
		return err
	}
	f, err := s.find(c, key)
	if errors.Is(err, fault.NotFound) || err == nil && f.unknownItem() {
		return s.unknown(c, key.String(), nil)
	}
	if err != nil {
		return err
	}
	s.linksetHeader(c, f)
	pl := f.place
	switch {
	case format == formatPage:
	case format == formatLinkset, format == formatEPCIS && c.Query("format") == "":
		return s.answerLinkset(c, f)
	case format == formatEPCIS:
		return fault.New(fault.Malformed, "format_unknown")
	default:
		return c.JSON(publicPlaceOf(pl))
	}
	org, err := s.Ledger.Organisation(c.ctx(), pl.Organisation)
	if err != nil {
		return err
	}
	units, err := s.Ledger.Units(c.ctx())
	if err != nil {
		return err
	}
	name := placeName(c.words, pl, units)
	return s.render(c, "place", &PlacePage{
		Base: s.base(c, "place_page.title", name), Place: *pl, Name: name, Unit: units[pl.AdminUnit].Name, Organisation: org.Doc,
	})
}

// placeName is what a place is called in public: its name, or for a plot what it is and where.
func placeName(words *locale.Printer, pl *trace.Place, units map[string]trace.Unit) string {
	name := pl.Name
	if name == "" {
		name = words.T("placeType." + string(pl.Type))
	}
	if u, ok := units[pl.AdminUnit]; ok {
		name += ", " + u.Name
	}
	return name
}

func publicPlaceOf(pl *trace.Place) publicPlace {
	return publicPlace{
		ID: pl.ID, Type: pl.Type, Name: pl.Name, AdminUnit: pl.AdminUnit, GLN: pl.GLN,
		GLNExtension: pl.GLNExtension, GrowingAreaCode: pl.GrowingAreaCode,
	}
}

// resolverDescription is the file by which a GS1-Conformant resolver is known (Resolver Standard 3).
type resolverDescription struct {
	Name         string `json:"name"`
	ResolverRoot string `json:"resolverRoot"`
	// SupportedPrimaryKeys are the keys that things are registered by here. All others are read and
	// checked, and answered with 404.
	SupportedPrimaryKeys        []string            `json:"supportedPrimaryKeys"`
	SupportedLinkType           []linkTypeNamespace `json:"supportedLinkType"`
	LinkTypeDefaultCanBeLinkset bool                `json:"linkTypeDefaultCanBeLinkset"`
	Contact                     *resolverContact    `json:"contact,omitempty"`
	JSONLDContextLocation       string              `json:"jsonLdContextLocation"`
}

type linkTypeNamespace struct {
	Namespace string `json:"namespace"`
	Prefix    string `json:"prefix"`
}

// resolverContact is a vCard in the vocabulary of the W3C's note on it.
type resolverContact struct {
	FN   string `json:"fn,omitempty"`
	Note string `json:"note,omitempty"`
}

// describeResolver answers /.well-known/gs1resolver.
func (s *Server) describeResolver(c *request) error {
	d := resolverDescription{
		Name: s.SiteName, ResolverRoot: s.Ledger.Base, SupportedPrimaryKeys: []string{"01", "414", "417"},
		SupportedLinkType:     []linkTypeNamespace{{gs1.VocabularyURI, "gs1:"}},
		JSONLDContextLocation: s.Ledger.Base + contextPath,
	}
	if s.Operator != "" || s.Contact != "" {
		d.Contact = &resolverContact{FN: s.Operator, Note: s.Contact}
	}
	c.Set(fiber.HeaderCacheControl, "public, max-age=3600")
	return c.JSON(d)
}
