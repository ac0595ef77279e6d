package label

import (
	"io"
	"strconv"
)

// Document is a text on A4 pages, such as an evidence sheet that somebody prints or keeps.
type Document struct {
	// Code is what the QR code at the head of the first page says, empty for none.
	Code string
	// Footer is said at the foot of each page, before the page's number.
	Footer     string
	Paragraphs []Paragraph
}

// Paragraph is a text that begins a line of its own. Lengths are in millimetres.
type Paragraph struct {
	Text string
	// Size is the font size, 0 for that of plain text; Indent how far the text stands from the margin, and
	// Before what is left free above it.
	Size, Indent, Before float64
	// Label stands in the margin before an indented text, on its first line.
	Label string
	// Rule draws a thin line above it.
	Rule bool
	// Keep keeps it on one page with the paragraph that follows.
	Keep bool
}

// The measures of a document's pages in millimetres.
const (
	docWidth, docHeight = 210, 297
	docMargin           = 18
	docFoot             = 12 // from the lower edge
	docText             = 3.7
	docCode             = 32
	docLeading          = 1.12
)

// WritePDF writes the document as PDF. The same document gives the same bytes. A code that is too long to
// be a QR code is a fault.
func (d Document) WritePDF(w io.Writer) error {
	p := newPDF(w, docWidth, docHeight, 0, Calibration{ScaleX: 1, ScaleY: 1})
	p.begin()
	y, codeEnd := float64(docMargin), 0.0
	if d.Code != "" {
		code, err := QR(d.Code)
		if err != nil {
			return err
		}
		l := Layout{Code: code, Module: docCode / float64(len(code))}
		if err := p.draw(&l, docWidth-docMargin-docCode, docMargin-4); err != nil {
			return err
		}
		codeEnd = docMargin - 4 + docCode
	}
	number := 1
	turn := func() error {
		foot := Line{Text: d.Footer + " – " + strconv.Itoa(number), Size: 2.8, Baseline: docHeight - docFoot}
		if natural := textWidth(foot.Text) * foot.Size; natural > docWidth-2*docMargin {
			foot.Size *= (docWidth - 2*docMargin) / natural
		}
		if err := p.text([]Line{foot}, docMargin, 0); err != nil {
			return err
		}
		number++
		y, codeEnd = docMargin, 0
		return p.endPage()
	}
	for i := range d.Paragraphs {
		// What a paragraph needs with those that it is kept together with.
		need := 0.0
		for j := i; j < len(d.Paragraphs); j++ {
			need += d.Paragraphs[j].Before + d.Paragraphs[j].set(y, codeEnd).height()*docLeading
			if !d.Paragraphs[j].Keep {
				break
			}
		}
		if end := float64(docHeight - docFoot - 6); y+need > end && y > docMargin && need < end-docMargin {
			if err := turn(); err != nil {
				return err
			}
			p.begin()
		}
		par := &d.Paragraphs[i]
		y += par.Before
		if par.Rule {
			if err := p.rectangle(docMargin, y-0.5, par.width(y, codeEnd)+par.Indent, 0.1); err != nil {
				return err
			}
		}
		lines := par.set(y, codeEnd)
		if par.Label != "" {
			label := Line{Text: par.Label, Size: par.size(), Baseline: lineAscent * par.size()}
			if natural := textWidth(label.Text) * label.Size; natural > par.Indent-1 && par.Indent > 1 {
				label.Size *= (par.Indent - 1) / natural
			}
			if err := p.text([]Line{label}, docMargin, y); err != nil {
				return err
			}
		}
		for _, line := range lines {
			height := (lineAscent + lineDescent) * line.Size * docLeading
			if y+height > docHeight-docFoot-6 {
				if err := turn(); err != nil {
					return err
				}
				p.begin()
			}
			line.Baseline = lineAscent * line.Size
			if err := p.text([]Line{line}, docMargin+par.Indent, y); err != nil {
				return err
			}
			y += height
		}
	}
	if err := turn(); err != nil {
		return err
	}
	return p.close()
}

func (p *Paragraph) size() float64 {
	if p.Size == 0 {
		return docText
	}
	return p.Size
}

// width is how wide the text may be at a height of the page: beside the code less than below.
func (p *Paragraph) width(y, codeEnd float64) float64 {
	w := float64(docWidth-2*docMargin) - p.Indent
	if y < codeEnd {
		w -= docCode + 4
	}
	return w
}

// set breaks the text into lines.
func (p *Paragraph) set(y, codeEnd float64) block {
	var b block
	for _, text := range wrap(p.Text, p.width(y, codeEnd)/p.size()) {
		b = append(b, Line{Text: text, Size: p.size()})
	}
	return b
}
