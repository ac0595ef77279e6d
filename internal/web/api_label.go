package web

import (
	"bytes"
	"path"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"truynguon/internal/fault"
	"truynguon/internal/label"
	"truynguon/internal/trace"
)

// labelFormats are the formats in which labels are offered.
var labelFormats = label.Formats

// batchLabel draws a lot's label in the format that the address ends in, in the caller's language. Nothing is
// recorded: a GET must not write, and may be repeated by anything on its way. The lot
// is the parameter "id" or "code" of the route.
func (s *Server) batchLabel(c *request) error {
	format, ok := label.ByExt(strings.TrimPrefix(path.Ext(c.Path()), "."))
	if !ok {
		return fault.NotFound
	}
	code := c.Params("id")
	if code == "" {
		code = c.Params("code")
	}
	b, err := s.Ledger.Batch(c.ctx(), c.actor, code)
	if err != nil {
		return err
	}
	product, err := s.Ledger.Product(c.ctx(), b.Doc.Product)
	if err != nil {
		return err
	}
	l := label.Label{Content: s.Ledger.CodeURL(&b.Doc), Caption: caption(c, &b.Doc, &product.Doc)}
	if text := c.Query("width"); text != "" {
		if l.Width, err = strconv.ParseFloat(text, 64); err != nil {
			return fault.New(fault.Malformed, "query_number", "width")
		}
	}
	if text := c.Query("dpi"); text != "" {
		if l.DPI, err = strconv.Atoi(text); err != nil {
			return fault.New(fault.Malformed, "query_number", "dpi")
		}
	}
	var picture bytes.Buffer
	if err := format.Encode(&picture, l); err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, format.MediaType)
	c.Set(fiber.HeaderContentSecurityPolicy, "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'")
	c.Set(fiber.HeaderContentDisposition, `inline; filename="`+b.Doc.Code+"."+format.Ext+`"`)
	c.Set(fiber.HeaderCacheControl, "private, no-cache")
	return c.Send(picture.Bytes())
}

// caption is what people read below the code: what it is, which lot, its code in groups, and its dates.
func caption(c *request, b *trace.Batch, pr *trace.Product) []string {
	lines := []string{pr.Name, c.words.T("api.label.lot", b.Lot), trace.SpellCode(b.Code)}
	for _, d := range []struct {
		key string
		day trace.Date
	}{
		{"harvestDate", b.HarvestDate}, {"productionDate", b.ProductionDate}, {"packagingDate", b.PackagingDate},
		{"bestBeforeDate", b.BestBeforeDate}, {"expirationDate", b.ExpirationDate},
	} {
		if d.day != "" {
			lines = append(lines, c.words.T("api.label."+d.key, c.words.Date(string(d.day))))
		}
	}
	return lines
}
