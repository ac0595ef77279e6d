package web

import (
	"bytes"

	"github.com/gofiber/fiber/v2"

	"truynguon/internal/fault"
	"truynguon/internal/label"
)

// verifyPDF answers GET /verify.pdf: the evidence sheet as a file to keep.
func (s *Server) verifyPDF(c *request) error {
	q, lot := c.asked("q"), c.asked("lot")
	if q == "" {
		q, lot = lot, ""
	}
	if q == "" {
		return fault.New(fault.Malformed, "query_missing", "q")
	}
	a, with, err := s.verify(c, q, lot)
	if err != nil {
		return err
	}
	units, err := s.Ledger.Units(c.ctx())
	if err != nil {
		return err
	}
	p := &VerifyPage{Base: s.base(c, "verify.answer"), Query: q, With: lot}
	p.Sheet = p.sheet(&a, with, units, s.Ledger.Base+verifyPath(q, lot))
	doc := p.document()
	var b bytes.Buffer
	if err := doc.WritePDF(&b); err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, "application/pdf")
	c.Set(fiber.HeaderContentDisposition, `inline; filename="`+p.T("verify.bulk.file")+"-"+string(a.Today)+`.pdf"`)
	return c.Send(b.Bytes())
}

// document is the evidence sheet for the printer.
func (p *VerifyPage) document() label.Document {
	const indent, small, head = 42, 3.1, 4.6
	v := p.Sheet
	site := p.SiteName
	if p.Operator != "" {
		site += " · " + p.Operator
	}
	d := label.Document{Footer: site + " · " + v.When}
	if v.QR != "" {
		d.Code = v.URL
	}
	add := func(par label.Paragraph) {
		if par.Text != "" {
			d.Paragraphs = append(d.Paragraphs, par)
		}
	}
	plain := func(text string) { add(label.Paragraph{Text: text, Before: 1}) }
	title := func(text string) { add(label.Paragraph{Text: text, Size: head, Before: 5, Keep: true}) }
	add(label.Paragraph{Text: site, Size: small})
	if p.Contact != "" {
		add(label.Paragraph{Text: p.Contact, Size: small})
	}
	if p.Sample {
		add(label.Paragraph{Text: p.T("layout.sample"), Before: 2})
	}
	add(label.Paragraph{Text: p.T("verify.answer"), Size: 6.5, Before: 3, Keep: true})
	asked := "verify.asked"
	if v.IsFile {
		asked = "verify.asked_file"
	}
	plain(p.T(asked) + " " + v.Asked)
	if p.With != "" {
		plain(p.T("verify.asked_lot") + " " + shorten(p.With, 120))
	}
	plain(p.T("verify.when", v.When))
	add(label.Paragraph{Text: p.T("verify.address") + ": " + shorten(v.URL, 600), Size: small, Before: 1})
	if len(v.May) > 0 {
		none, text := "verify.none", "verify.none_text"
		if v.IsFile {
			none, text = "match.none", "verify.none_file"
		}
		title(p.T(none))
		plain(p.T(text))
		for _, may := range v.May {
			add(label.Paragraph{Text: may, Label: "–", Indent: 5, Before: 0.5})
		}
	}
	for _, note := range v.Notes {
		plain(note)
	}
	if v.Product != nil {
		title(v.Product.Name)
	}
	if l := v.Lot; l != nil {
		title(p.T("answer.lot") + " " + l.Code + ": " + l.Title)
		if l.Name != "" {
			plain(l.Name + " · " + p.T("provenance.lot") + " " + l.Lot)
		}
		plain(l.Maker)
		plain(l.Text)
		for _, reason := range l.Reasons {
			add(label.Paragraph{Text: reason, Label: "–", Indent: 5, Before: 0.5})
		}
	}
	for i := range v.Certificates {
		k := &v.Certificates[i]
		title(k.Title)
		if k.Match != "" {
			plain(k.Match)
		}
		plain(k.StandingText)
		for _, f := range k.Facts {
			add(label.Paragraph{Text: f.Value, Label: f.Label, Indent: indent + 8, Before: 1.2, Rule: true})
		}
		heading := k.Against
		if heading == "" {
			heading = p.T("verify.checks")
		}
		add(label.Paragraph{Text: heading + ": " + k.Counts, Before: 3, Keep: true})
		for _, l := range k.Lines {
			add(label.Paragraph{Text: l.Name + " – " + l.Text, Label: l.Word, Indent: 20, Before: 1.2, Rule: true})
		}
	}
	return d
}
