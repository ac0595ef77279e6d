package label

import (
	"fmt"
	"io"
	"math"
	"strings"

	"truynguon/internal/fault"
)

// WriteZPL prints the labels in ZPL II, the language of Zebra's label printers and of many others
// that understand it. The stock must be a roll, or the fault is "label_zpl_sheet".
//
// Everything is a graphic field (^GF) in the dots of the printer: a printer's own QR codes (^BQ)
// leave the version and so the size to its firmware, and its own fonts lack Vietnamese letters. So
// what is printed is the same drawing as in every other format. There is no field data, so that
// nothing in a text can be a command; the code's content is noted in a comment (^FX).
//
// Of the calibration, offset and scale move what is drawn, to the nearest dot, and do not stretch it: squares
// of a code are whole dots, all of one size.
func (s Sheet) WriteZPL(w io.Writer) (Printed, error) {
	s, err := s.complete()
	if err != nil {
		return Printed{}, err
	}
	if s.Stock.Kind != RollStock {
		return Printed{}, fault.New(fault.Invalid, "label_zpl_sheet")
	}
	return s.print(newZPL(w, s.Stock.PageWidth, s.Stock.PageHeight, s.Stock.dot(), s.Calibration))
}

// encodeZPL writes one label of its own size.
func encodeZPL(w io.Writer, l Label) error {
	l, err := l.complete()
	if err != nil {
		return err
	}
	d, err := l.layout(l.dot())
	if err != nil {
		return err
	}
	z := newZPL(w, d.Width, d.Height, l.dot(), Calibration{ScaleX: 1, ScaleY: 1})
	if err := z.draw(d, 0, 0); err != nil {
		return err
	}
	return z.endPage()
}

// zpl writes labels as ZPL; a page is a format, from ^XA to ^XZ.
type zpl struct {
	w             io.Writer
	width, height float64
	dot           float64
	calibration   Calibration
	page          []byte
	// lines has texts that have been drawn, since those of a run are much the same.
	lines map[zplText]zplLine
	logo  map[zplLogo]*bitmap
}

type zplText struct {
	text string
	size float64
}

type zplLine struct {
	graphic  []byte
	baseline int
}

type zplLogo struct {
	logo          *Logo
	width, height int
}

// maxDrawn bounds what is remembered of drawn texts.
const maxDrawn = 512

func newZPL(w io.Writer, width, height, dot float64, c Calibration) *zpl {
	return &zpl{w: w, width: width, height: height, dot: dot, calibration: c, lines: map[zplText]zplLine{}, logo: map[zplLogo]*bitmap{}}
}

// begin opens the format if nothing is in it.
func (z *zpl) begin() {
	if len(z.page) == 0 {
		z.page = fmt.Appendf(z.page, "^XA\n^PW%d\n^LL%d\n^LH0,0\n", z.dots(z.width), z.dots(z.height))
	}
}

func (z *zpl) draw(d *Layout, x, y float64) error {
	z.begin()
	z.page = fmt.Appendf(z.page, "^FX %s ^FS\n", comment(d.Content))
	if d.Logo != nil {
		key := zplLogo{d.Logo, max(z.dots(d.LogoWidth), 1), max(z.dots(d.LogoHeight), 1)}
		drawn, ok := z.logo[key]
		if !ok {
			if len(z.logo) >= maxDrawn {
				clear(z.logo)
			}
			drawn = key.logo.bits(key.width, key.height)
			z.logo[key] = drawn
		}
		z.bands(z.across(x+d.LogoX), z.down(y+d.LogoY), drawn)
	}
	module := z.dots(d.Module)
	quiet := quietZone * module
	z.bands(z.across(x+d.CodeX)+quiet, z.down(y+d.CodeY)+quiet, codeBitmap(d.Code, module))
	return z.text(d.Lines, x, y)
}

// rectangle fills a rectangle, of a dot's width at least.
func (z *zpl) rectangle(x, y, width, height float64) error {
	z.begin()
	left, top := max(z.across(x), 0), max(z.down(y), 0)
	w, h := max(z.across(x+width)-left, 1), max(z.down(y+height)-top, 1)
	z.page = fmt.Appendf(z.page, "^FO%d,%d^GB%d,%d,%d^FS\n", left, top, w, h, min(w, h))
	return nil
}

// text draws lines of text.
func (z *zpl) text(lines []Line, x, y float64) error {
	for _, line := range lines {
		key := zplText{line.Text, line.Size}
		drawn, ok := z.lines[key]
		if !ok {
			b, baseline, err := lineBitmap(line, z.dot)
			if err != nil {
				return err
			}
			drawn = zplLine{appendGraphic(nil, b), baseline}
			if len(z.lines) >= maxDrawn {
				clear(z.lines)
			}
			z.lines[key] = drawn
		}
		z.field(z.across(x+line.X), z.down(y+line.Baseline)-drawn.baseline, drawn.graphic)
	}
	return nil
}

func (z *zpl) endPage() error {
	z.page = append(z.page, "^PQ1\n^XZ\n"...)
	_, err := z.w.Write(z.page)
	z.page = z.page[:0]
	return err
}

// dots returns a length in dots; across and down return the place of a dot.
func (z *zpl) dots(mm float64) int   { return int(math.Round(mm / z.dot)) }
func (z *zpl) across(mm float64) int { return z.dots(mm*z.calibration.ScaleX + z.calibration.DX) }
func (z *zpl) down(mm float64) int   { return z.dots(mm*z.calibration.ScaleY + z.calibration.DY) }

// field puts a graphic somewhere. A printer has no places left of its first dot; the calibration
// may ask for one, and then it begins there.
func (z *zpl) field(x, y int, graphic []byte) {
	z.page = fmt.Appendf(z.page, "^FO%d,%d", max(x, 0), max(y, 0))
	z.page = append(z.page, graphic...)
	z.page = append(z.page, "^FS\n"...)
}

// maxGraphic is the size of the largest graphic in bytes that ^GF accepts.
const maxGraphic = 99999

// bands puts a picture somewhere, in as many graphics as it takes.
func (z *zpl) bands(x, y int, b *bitmap) {
	rows := min(max(maxGraphic/b.stride, 1), b.height)
	for top := 0; top < b.height; top += rows {
		band := &bitmap{b.width, min(rows, b.height-top), b.stride, b.bits[top*b.stride:]}
		z.field(x, y+top, appendGraphic(nil, band))
	}
}

// appendGraphic appends a picture as a ^GF command: hexadecimal digits with the abbreviations of
// the ZPL II Programming Guide, "Alternative data compression scheme": letters before a digit
// repeat it, a comma fills the row with white, an exclamation mark with black, and a colon repeats
// the row above.
func appendGraphic(out []byte, b *bitmap) []byte {
	size := b.stride * b.height
	out = fmt.Appendf(out, "^GFA,%d,%d,%d,", size, size, b.stride)
	const digits = "0123456789ABCDEF"
	row := make([]byte, 0, 2*b.stride)
	var above string
	for y := range b.height {
		row = row[:0]
		for _, v := range b.row(y) {
			row = append(row, digits[v>>4], digits[v&15])
		}
		if y > 0 && string(row) == above {
			out = append(out, ':')
			continue
		}
		above = string(row)
		rest := strings.TrimRight(above, "0")
		fill := byte(',')
		if black := strings.TrimRight(above, "F"); len(black) < len(rest) {
			rest, fill = black, '!'
		}
		if rest == above {
			fill = 0
		}
		for len(rest) > 0 {
			n := len(rest) - len(strings.TrimLeft(rest, rest[:1]))
			out = appendRepeat(out, n)
			out = append(out, rest[0])
			rest = rest[n:]
		}
		if fill != 0 {
			out = append(out, fill)
		}
	}
	return out
}

// appendRepeat appends the letters for a number of repetitions: g to z are 20 to 400, G to Y are 1
// to 19, and their sum counts. Once needs no letter.
func appendRepeat(out []byte, n int) []byte {
	if n == 1 {
		return out
	}
	for ; n >= 400; n -= 400 {
		out = append(out, 'z')
	}
	if n >= 20 {
		out = append(out, 'g'+byte(n/20-1))
	}
	if n%20 > 0 {
		out = append(out, 'G'+byte(n%20-1))
	}
	return out
}

// comment returns text for ^FX, which ends where a command begins.
func comment(s string) string {
	return strings.NewReplacer("^", "%5E", "~", "%7E").Replace(s)
}
