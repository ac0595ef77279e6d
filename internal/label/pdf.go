package label

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"image"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
)

// pdf writes a document page by page (PDF 1.7, ISO 32000-1). Each page is handed to the writer when
// it ends, and what all pages share, the font above all, comes last; what is kept in memory is the
// offset of every object and which letters were used. There are no dates and no random identifiers
// in it: the same labels give the same bytes.
//
// It does no more than labels need, outlines, text in one font and pictures, because what libraries
// there are keep the whole document until it is complete.
type pdf struct {
	w  io.Writer
	at int64 // bytes written
	// offsets has where each object begins, counted from 1.
	offsets       []int64
	pages         []int
	glyphs        map[uint16]rune // used, and what they mean
	logos         map[*Logo]int   // written, and their objects
	width, height float64
	calibration   Calibration
	dot           float64

	page      bytes.Buffer
	pageLogos map[int]bool
	compress  *zlib.Writer
	stream    bytes.Buffer
}

// The objects that come last have the first numbers.
const (
	pdfCatalog = 1 + iota
	pdfPages
	pdfFont
	pdfDescendant
	pdfDescriptor
	pdfFontFile
	pdfToUnicode
	pdfReserved = pdfToUnicode
)

const pointsPerMM = 72 / 25.4

// newPDF begins a document with pages of a size in millimetres. With a dot size, codes begin at
// whole dots.
func newPDF(w io.Writer, width, height, dot float64, c Calibration) *pdf {
	// Level 4 takes half the time of the default for a tenth more bytes. It is a level, so there is no error.
	compress, _ := zlib.NewWriterLevel(nil, 4)
	return &pdf{w: w, width: width, height: height, dot: dot, calibration: c, offsets: make([]int64, pdfReserved+1),
		glyphs: map[uint16]rune{}, logos: map[*Logo]int{}, pageLogos: map[int]bool{},
		compress: compress}
}

// WritePDF prints the labels as a document, one page of stock after the other, in the stock's exact
// size, and asks viewers not to scale it. Each page is written as soon as it is full, so that a run
// may be of any length; when a label is at fault after that, the document is left incomplete.
func (s Sheet) WritePDF(w io.Writer) (Printed, error) {
	s, err := s.complete()
	if err != nil {
		return Printed{}, err
	}
	doc := newPDF(w, s.Stock.PageWidth, s.Stock.PageHeight, s.Stock.dot(), s.Calibration)
	done, err := s.print(doc)
	if err != nil {
		return done, err
	}
	return done, doc.close()
}

// encodePDF writes one label as a page of its size.
func encodePDF(w io.Writer, l Label) error {
	l, err := l.complete()
	if err != nil {
		return err
	}
	d, err := l.layout(0)
	if err != nil {
		return err
	}
	doc := newPDF(w, d.Width, d.Height, 0, Calibration{ScaleX: 1, ScaleY: 1})
	if err := doc.draw(d, 0, 0); err != nil {
		return err
	}
	if err := doc.endPage(); err != nil {
		return err
	}
	return doc.close()
}

// number writes a number as short as it is exact to the millionth, which keeps what is at the other
// end of a page within a thousandth of a millimetre of its place.
func (p *pdf) number(v float64) {
	b := p.page.AvailableBuffer()
	p.page.Write(strconv.AppendFloat(b, math.Round(v*1e6)/1e6, 'f', -1, 64))
	p.page.WriteByte(' ')
}

func (p *pdf) numbers(operator string, values ...float64) {
	for _, v := range values {
		p.number(v)
	}
	p.page.WriteString(operator)
	p.page.WriteByte('\n')
}

// begin opens the page if nothing is on it. From here on lengths are in millimetres, from the top
// left corner to the right and upwards: what is below the corner has a negative height.
func (p *pdf) begin() {
	if p.page.Len() == 0 {
		c := p.calibration
		p.numbers("cm", pointsPerMM*c.ScaleX, 0, 0, pointsPerMM*c.ScaleY, pointsPerMM*c.DX, pointsPerMM*(p.height-c.DY))
	}
}

func (p *pdf) draw(d *Layout, x, y float64) error {
	p.begin()
	if d.Logo != nil {
		object, err := p.logo(d.Logo)
		if err != nil {
			return err
		}
		p.pageLogos[object] = true
		p.page.WriteString("q ")
		p.numbers("cm", d.LogoWidth, 0, 0, d.LogoHeight, x+d.LogoX, -(y + d.LogoY + d.LogoHeight))
		fmt.Fprintf(&p.page, "/L%d Do Q\n", object)
	}
	codeX, codeY := x+d.CodeX, y+d.CodeY
	if p.dot > 0 {
		codeX, codeY = math.Round(codeX/p.dot)*p.dot, math.Round(codeY/p.dot)*p.dot
	}
	p.page.WriteString("q ")
	p.numbers("cm", d.Module, 0, 0, -d.Module, codeX, -codeY)
	trace(d.Code, func(c corner, x, y, _, _ int) {
		if c == last {
			p.page.WriteString("h\n")
			return
		}
		b := strconv.AppendInt(p.page.AvailableBuffer(), int64(x), 10)
		b = append(b, ' ')
		b = strconv.AppendInt(b, int64(y), 10)
		if c == first {
			b = append(b, " m "...)
		} else {
			b = append(b, " l "...)
		}
		p.page.Write(b)
	})
	p.page.WriteString("f* Q\n")
	return p.text(d.Lines, x, y)
}

// text writes lines of text as the numbers of their glyphs.
func (p *pdf) text(lines []Line, x, y float64) error {
	if len(lines) == 0 {
		return nil
	}
	font := loadFont()
	p.page.WriteString("BT\n")
	size := 0.0
	for _, line := range lines {
		if line.Size != size {
			size = line.Size
			p.page.WriteString("/F ")
			p.numbers("Tf", size)
		}
		p.numbers("Tm", 1, 0, 0, 1, x+line.X, -(y + line.Baseline))
		b := append(p.page.AvailableBuffer(), '<')
		for _, r := range line.Text {
			glyph := font.index(r)
			if _, ok := p.glyphs[glyph]; !ok {
				p.glyphs[glyph] = r
			}
			b = fmt.Appendf(b, "%04X", glyph)
		}
		p.page.Write(append(b, "> Tj\n"...))
	}
	p.page.WriteString("ET\n")
	return nil
}

// rectangle fills a rectangle.
func (p *pdf) rectangle(x, y, width, height float64) error {
	p.begin()
	p.numbers("re f", x, -(y + height), width, height)
	return nil
}

// object writes an object and returns its number, the next one for 0.
func (p *pdf) object(number int, format string, args ...any) (int, error) {
	if p.at == 0 {
		// The second line says to what carries the file that it is not text.
		if err := p.write([]byte("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")); err != nil {
			return 0, err
		}
	}
	if number == 0 {
		number = len(p.offsets)
		p.offsets = append(p.offsets, 0)
	}
	p.offsets[number] = p.at
	return number, p.write(fmt.Appendf(fmt.Appendf(nil, "%d 0 obj\n", number), format+"\nendobj\n", args...))
}

// streamObject writes an object with a stream, compressed; keys are its other entries.
func (p *pdf) streamObject(number int, keys string, data []byte) (int, error) {
	p.stream.Reset()
	p.compress.Reset(&p.stream)
	if _, err := p.compress.Write(data); err != nil {
		return 0, err
	}
	if err := p.compress.Close(); err != nil {
		return 0, err
	}
	return p.object(number, "<</Length %d/Filter/FlateDecode%s>>\nstream\n%s\nendstream", p.stream.Len(), keys, p.stream.Bytes())
}

func (p *pdf) write(b []byte) error {
	n, err := p.w.Write(b)
	p.at += int64(n)
	return err
}

func (p *pdf) logo(l *Logo) (int, error) {
	if object, ok := p.logos[l]; ok {
		return object, nil
	}
	rgb := make([]byte, 0, len(l.rgb.Pix)*3/4)
	for i := 0; i < len(l.rgb.Pix); i += 4 {
		rgb = append(rgb, l.rgb.Pix[i:i+3]...)
	}
	object, err := p.streamObject(0, imageKeys(l.rgb.Rect), rgb)
	if err == nil {
		p.logos[l] = object
	}
	return object, err
}

func imageKeys(r image.Rectangle) string {
	return fmt.Sprintf("/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceRGB/BitsPerComponent 8", r.Dx(), r.Dy())
}

func (p *pdf) endPage() error {
	contents, err := p.streamObject(0, "", p.page.Bytes())
	if err != nil {
		return err
	}
	logos := ""
	if len(p.pageLogos) > 0 {
		for _, object := range slices.Sorted(maps.Keys(p.pageLogos)) {
			logos += fmt.Sprintf("/L%d %d 0 R", object, object)
		}
		logos = "/XObject<<" + logos + ">>"
	}
	page, err := p.object(0, "<</Type/Page/Parent %d 0 R/MediaBox[0 0 %s %s]/Resources<</Font<</F %d 0 R>>%s>>/Contents %d 0 R>>",
		pdfPages, millimetres(p.width*pointsPerMM), millimetres(p.height*pointsPerMM), pdfFont, logos, contents)
	if err != nil {
		return err
	}
	p.pages = append(p.pages, page)
	p.page.Reset()
	clear(p.pageLogos)
	return nil
}

// close writes what all pages share, and the table of all objects.
func (p *pdf) close() error {
	var kids bytes.Buffer
	for _, page := range p.pages {
		fmt.Fprintf(&kids, "%d 0 R\n", page)
	}
	steps := []func() (int, error){
		func() (int, error) {
			return p.object(pdfPages, "<</Type/Pages/Count %d/Kids[%s]>>", len(p.pages), kids.Bytes())
		},
		func() (int, error) {
			// A label that is scaled to fit the page is no longer where the sticker is.
			return p.object(pdfCatalog, "<</Type/Catalog/Pages %d 0 R/ViewerPreferences<</PrintScaling/None/PickTrayByPDFSize true>>>>", pdfPages)
		},
	}
	for _, step := range append(steps, p.font()...) {
		if _, err := step(); err != nil {
			return err
		}
	}
	begin := p.at
	table := fmt.Appendf(nil, "xref\n0 %d\n0000000000 65535 f \n", len(p.offsets))
	for _, offset := range p.offsets[1:] {
		table = fmt.Appendf(table, "%010d 00000 n \n", offset)
	}
	table = fmt.Appendf(table, "trailer\n<</Size %d/Root %d 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(p.offsets), pdfCatalog, begin)
	return p.write(table)
}
