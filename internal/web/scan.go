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
		if code, ok := trace.ParseRollCode(typed); ok {
			return s.scanRoll(c, code)
		}
		return s.unknown(c, typed, nil)
	}
	if code != typed { // typed in small letters or in groups: one address for one lot
		return s.redirect(c, s.Ledger.Base+"/l/"+code, nil)
	}
	format, err := c.format()
	if err != nil {
		return err
	}
	// A Digital Link of one item leads here with its serial number, which is shown as it was printed.
	serial := c.Query("21")
	if roll, ok := trace.ParseRollCode(serial); ok {
		serial = roll
	}
	if !gs1.ValidLot(serial) { // both are 20 characters of the same set
		serial = ""
	}
	if format == formatLinkset {
		return s.lotLinkset(c, code)
	}
	answer, err := s.scans.answer(c, s.Ledger.Generation(), format+" "+serial, func() (cachedAnswer, error) {
		p, err := s.Ledger.Provenance(c.ctx(), code)
		if err != nil {
			return cachedAnswer{}, err
		}
		if p.Serial = serial; serial != "" {
			if p.SerialFound, err = s.Ledger.Serial(c.ctx(), &p.Batch, serial); err != nil {
				return cachedAnswer{}, err
			}
		}
		answer, err := s.provenanceAnswer(c, format, p)
		answer.scan = scanOf(p)
		return answer, err
	})
	if errors.Is(err, fault.NotFound) {
		return s.unknown(c, trace.SpellCode(code), nil)
	}
	if err != nil {
		return err
	}
	if format == formatPage {
		s.countScan(c, answer.scan)
	}
	c.Append(fiber.HeaderLink, "<"+s.Ledger.Base+"/l/"+code+"?format="+formatLinkset+`>; rel="linkset"; type="`+typeLinkset+`"`)
	return answer.send(c)
}

// lotLinkset lists the links of a lot by its own code: those of its Digital Link, if it has one.
func (s *Server) lotLinkset(c *request, code string) error {
	p, err := s.Ledger.Provenance(c.ctx(), code)
	if errors.Is(err, fault.NotFound) {
		return fault.New(fault.NotFound, "code_unknown")
	}
	if err != nil {
		return err
	}
	entries := []anchored{s.lotLinks(c.words, s.Ledger.CodeURL(&p.Batch), p)}
	switch {
	case p.Verdict == trace.NotReleased:
	case p.Batch.GTIN != "":
		entries = append(entries, s.productLinks(&p.Product, p.Links))
	default: // a product without a number has no entry of its own
		titles{s.Words}.ownTypes(&entries[0], narrowest(p.Links))
	}
	return s.sendLinkset(c, entries)
}

// The representations of a lot's page.
const (
	formatPage    = "html"
	formatJSON    = "json"
	formatEPCIS   = "epcis"
	formatLinkset = "linkset"
)

// format is the representation asked for: by ?format=, and else by Accept.
func (c *request) format() (string, error) {
	switch f := c.Query("format"); f {
	case "":
	case formatPage, formatJSON, formatEPCIS, formatLinkset:
		return f, nil
	default:
		return "", fault.New(fault.Malformed, "format_unknown")
	}
	if c.wantsPage() {
		return formatPage, nil
	}
	switch accept := c.Get(fiber.HeaderAccept); {
	case strings.Contains(accept, typeLinkset):
		return formatLinkset, nil
	case strings.Contains(accept, typeJSONLD):
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
		return cachedAnswer{body: doc, mediaType: typeJSONLD}, nil
	}
	body, hash, err := s.draw("provenance", s.provenancePage(c, p))
	return cachedAnswer{body: body, styleHash: hash}, err
}

// UnknownPage answers a code that is not known here. It must not look like a genuine lot's page.
type UnknownPage struct {
	Base
	// Asked is what was looked for.
	Asked string
	// Product is set if the product is known and only the lot is not, or with Item only the item.
	Product *trace.Product
	Item    bool
	// Form is the form for reporting it.
	Form *Form
}

// unknown answers 404 with a page that says what it may mean.
func (s *Server) unknown(c *request, asked string, product *trace.Product) error {
	c.Status(http.StatusNotFound)
	s.countUnknown(c, asked)
	if format, err := c.format(); err != nil || format != formatPage {
		return fault.New(fault.NotFound, "code_unknown")
	}
	if r := []rune(asked); len(r) > 80 {
		asked = string(r[:80]) + "…"
	}
	p := &UnknownPage{Base: s.base(c, "unknown.title"), Asked: asked, Product: product, Form: doubtForm(c, asked)}
	p.Item = product != nil && c.Query("10") == ""
	p.keep(c, "22", "10", "21", "235", "254")
	p.Form.set("code", asked)
	c.Set(fiber.HeaderCacheControl, "no-store")
	return s.render(c, "unknown", p)
}
