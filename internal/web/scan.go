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

// scanCode answers /l/CODE: the page of a lot by its own code.
func (s *Server) scanCode(c *request) error {
	typed := c.Params("code")
	code, ok := trace.ParseCode(typed)
	if !ok {
		return s.unknown(c, typed, nil)
	}
	if code != typed { // typed in small letters or in groups: one address for one lot
		return c.Redirect("/l/"+code, http.StatusTemporaryRedirect)
	}
	return s.scan(c, code, func() (*trace.Provenance, error) { return s.Ledger.Provenance(c.ctx(), code) }, nil)
}

// scanLink answers a GS1 Digital Link: /01/GTIN for a product, /01/GTIN/10/LOT for a lot, with
// /21/SERIAL for one item of it.
func (s *Server) scanLink(c *request) error {
	key, err := gs1.Tolerant.ParseLink(c.OriginalURL())
	if err != nil {
		return fault.New(fault.Malformed, "link_malformed")
	}
	if key.Legacy { // an older form of the link
		return c.Redirect(key.Identity().Path(), http.StatusTemporaryRedirect)
	}
	if key.GTIN() == "" {
		return s.unknown(c, key.String(), nil)
	}
	if key.Lot() == "" {
		return s.scanProduct(c, key)
	}
	product, err := s.Ledger.ProductByGTIN(c.ctx(), key.GTIN())
	if errors.Is(err, fault.NotFound) {
		return s.unknown(c, key.String(), nil)
	}
	if err != nil {
		return err
	}
	return s.scan(c, key.String(), func() (*trace.Provenance, error) { return s.Ledger.ProvenanceByLink(c.ctx(), key) }, &product.Doc)
}

// scan answers a lot's page: as a page, as JSON, or as EPCIS events.
func (s *Server) scan(c *request, asked string, get func() (*trace.Provenance, error), product *trace.Product) error {
	format, err := c.format()
	if err != nil {
		return err
	}
	answer, err := s.scans.answer(c, s.Ledger.Generation(), format, func() (cachedAnswer, error) {
		p, err := get()
		if err != nil {
			return cachedAnswer{}, err
		}
		return s.provenanceAnswer(c, format, p)
	})
	if errors.Is(err, fault.NotFound) {
		return s.unknown(c, asked, product)
	}
	if err != nil {
		return err
	}
	return answer.send(c)
}

// The representations of a lot's page.
const (
	formatPage  = "html"
	formatJSON  = "json"
	formatEPCIS = "epcis"
)

// format is the representation asked for: by ?format=, and else by Accept.
func (c *request) format() (string, error) {
	switch f := c.Query("format"); f {
	case "":
	case formatPage, formatJSON, formatEPCIS:
		return f, nil
	default:
		return "", fault.New(fault.Malformed, "format_unknown")
	}
	if c.wantsPage() {
		return formatPage, nil
	}
	if strings.Contains(c.Get(fiber.HeaderAccept), "application/ld+json") {
		return formatEPCIS, nil
	}
	return formatJSON, nil
}

// provenanceAnswer draws a provenance in a representation.
func (s *Server) provenanceAnswer(c *request, format string, p *trace.Provenance) (cachedAnswer, error) {
	switch format {
	case formatJSON:
		return jsonAnswer(s.provenanceJSON(p))
	case formatEPCIS:
		doc, err := p.EPCIS()
		if err != nil {
			return cachedAnswer{}, err
		}
		return cachedAnswer{body: doc, mediaType: "application/ld+json"}, nil
	}
	body, hash, err := s.draw("provenance", s.provenancePage(c, p))
	return cachedAnswer{body: body, styleHash: hash}, err
}

// UnknownPage answers a code that is not known here. It must not look like a genuine lot's page.
type UnknownPage struct {
	Base
	// Asked is what was looked for.
	Asked string
	// Product is set if the product is known and only the lot is not.
	Product *trace.Product
	// Form is the form for reporting it.
	Form *Form
}

// unknown answers 404 with a page that says what it may mean.
func (s *Server) unknown(c *request, asked string, product *trace.Product) error {
	c.Status(http.StatusNotFound)
	if !c.wantsPage() {
		return fault.New(fault.NotFound, "code_unknown")
	}
	if r := []rune(asked); len(r) > 80 {
		asked = string(r[:80]) + "…"
	}
	p := &UnknownPage{Base: s.base(c, "unknown.title"), Asked: asked, Product: product, Form: newForm(c, "doubt")}
	c.Set(fiber.HeaderCacheControl, "no-store")
	return s.render(c, "unknown", p)
}
