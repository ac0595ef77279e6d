// Package label draws labels: a QR code with text, as a picture, a drawing, a document or the
// language of a label printer. It knows nothing of what is labelled.
//
// One layout serves every format: Label.Layout decides in millimetres where everything goes, and an
// encoder only draws that. To add a format is to write an Encode function and its row in Formats.
//
// A logo is drawn in the colours it has, and for label printers in black and white; it gives way to the
// code. Text is shrunk, then broken into lines, and what still has no room is refused by name: nothing
// is cut off.
//
// A Stock is what is printed on, a sheet of stickers or a roll, and a Sheet is labels on a stock:
// Sheet.WritePDF and Sheet.WriteZPL print any number of labels. A TestPage is what has to be measured
// so that they land where the stickers are.
package label

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"truynguon/internal/fault"
)

// Sizes in millimetres. MinModule is the smallest square of a QR code that ordinary phones read
// from a sticker; below GoodModule a trial print is advised. MinText leaves small letters about one
// millimetre high.
const (
	MinModule   = 0.33
	GoodModule  = 0.40
	MinText     = 1.8
	DefaultText = 3.0
	// DefaultWidth is that of the common rolls of stickers.
	DefaultWidth = 40.0
	// MaxSide bounds width and height.
	MaxSide = 300.0
)

// Resolutions in dots per inch. DefaultDPI suits label printers and office printers alike.
const (
	DefaultDPI = 300
	MinDPI     = 72
	MaxDPI     = 1200
)

const (
	titleScale  = 1.3 // the title's font size by that of other text
	maxLines    = 20
	maxLineLen  = 200
	maxPixels   = 16 << 20 // a picture of 100 mm by 100 mm at 1000 dpi, and 32 MB while it is drawn
	quietZone   = 4        // modules, ISO/IEC 18004
	textMargin  = 1.0      // mm between text and the edge of the label at least
	lineAscent  = 1.05     // of the font size; the accents of Ễ reach 1.048
	lineDescent = 0.25
)

// Label is what is to be drawn. Sizes are in millimetres; a size that is zero is chosen.
type Label struct {
	// Content is what the QR code says, usually a URL: printable ASCII, as a URI is.
	Content string
	// Title is what the label is about, in larger letters than the rest; may be empty.
	Title string
	// Fields are what a person reads, a line each; those without a value are left out. Long ones are
	// set a little smaller, and then go on in further lines.
	Fields []Field
	// Caption is text without names, below the fields, a line each; empty lines are left out. A line that is too
	// long is set smaller, down to MinText, and then goes on in further lines. Nothing is cut off.
	Caption []string
	// Logo is a picture; nil for none. A label that has no room for it is drawn without, with a warning.
	Logo *Logo
	// Width of the whole label; zero means DefaultWidth.
	Width float64
	// Height of the whole label; zero means as high as it turns out.
	Height float64
	// Margin on all sides, beside the quiet zone of the code, which is always there.
	Margin float64
	// Module is the side of one square of the code; zero means as large as fits.
	Module float64
	// Text is the font size of fields and caption; zero means DefaultText, and MinText is the least.
	// On a label of a given height all text is set smaller, down to MinText, if the code or the text
	// itself needs the room.
	Text float64
	// Correction is how much damage the code survives; the zero value chooses it for the space.
	Correction Correction
	// DPI is the resolution of a format that has dots; zero means DefaultDPI. There a module is a
	// whole number of dots, so that every square is the same and its edges are sharp.
	DPI int
}

// Field is a piece of information with its name, such as "Lot" and "HTX-2603A". Without a name the
// value stands alone.
type Field struct {
	Name, Value string
}

func (f Field) text() string {
	if f.Name == "" || f.Value == "" {
		return f.Value
	}
	return f.Name + ": " + f.Value
}

// Format is a way to write a label.
type Format struct {
	// Ext is the file name extension without a dot, which also names the format.
	Ext string
	// MediaType is the format's media type.
	MediaType string
	// Encode draws the label. Its errors are those of Label.Layout and of the writer; when the label
	// is at fault, nothing has been written.
	Encode func(io.Writer, Label) error
}

// Formats lists every format there is.
var Formats = []Format{
	{"png", "image/png", encodePNG},
	{"svg", "image/svg+xml", encodeSVG},
	{"pdf", "application/pdf", encodePDF},
	{"zpl", "application/zpl", encodeZPL},
}

// ByExt returns the format of a file name extension such as "png".
func ByExt(ext string) (Format, bool) {
	i := slices.IndexFunc(Formats, func(f Format) bool { return f.Ext == ext })
	if i < 0 {
		return Format{}, false
	}
	return Formats[i], true
}

// dot returns the side of a dot in millimetres.
func (l Label) dot() float64 { return 25.4 / float64(l.DPI) }

// complete returns the label with its defaults filled in and its text normalised, or what is wrong
// with it.
func (l Label) complete() (Label, error) {
	for _, size := range []float64{l.Width, l.Height, l.Margin, l.Module, l.Text} {
		if !(size >= 0) || math.IsInf(size, 0) { // also catches NaN
			return l, fault.New(fault.Invalid, "label_size")
		}
	}
	if l.Width == 0 {
		l.Width = DefaultWidth
	}
	if l.Text == 0 {
		l.Text = DefaultText
	}
	l.Text = max(l.Text, MinText)
	if l.DPI == 0 {
		l.DPI = DefaultDPI
	}
	if l.DPI < MinDPI || l.DPI > MaxDPI {
		return l, fault.New(fault.Invalid, "label_dpi", MinDPI, MaxDPI)
	}
	if l.Width > MaxSide || l.Height > MaxSide || l.Text > MaxSide {
		return l, fault.New(fault.Invalid, "label_too_large", decimal(MaxSide))
	}
	if l.Module > 0 && l.Module < MinModule {
		return l, fault.New(fault.Invalid, "label_module_too_small", decimal(l.Module), decimal(MinModule))
	}
	if _, ok := levels[l.Correction]; l.Correction != Auto && !ok {
		return l, fmt.Errorf("label: no correction level %d", l.Correction)
	}
	// The texts are numbered as they are read, so that a fault can say which one it means.
	count := 0
	tidy := func(text string) (string, error) {
		count++
		if r, bad := fault.Unprintable(text); bad {
			return "", fault.New(fault.Invalid, "label_text_characters", count, codePoint(r))
		}
		text = strings.TrimSpace(norm.NFC.String(spaces.Replace(text)))
		if count > 2*maxLines || utf8.RuneCountInString(text) > maxLineLen {
			return "", fault.New(fault.Invalid, "label_text_too_much", maxLines, maxLineLen)
		}
		return text, nil
	}
	var err error
	if l.Title != "" {
		if l.Title, err = tidy(l.Title); err != nil {
			return l, err
		}
	}
	var fields []Field
	for _, f := range l.Fields {
		text, err := tidy(f.text())
		if err != nil {
			return l, err
		}
		if text != "" {
			fields = append(fields, Field{Value: text})
		}
	}
	var caption []string
	for _, line := range l.Caption {
		line, err := tidy(line)
		if err != nil {
			return l, err
		}
		if line != "" {
			caption = append(caption, line)
		}
	}
	if len(fields)+len(caption) > maxLines {
		return l, fault.New(fault.Invalid, "label_text_too_much", maxLines, maxLineLen)
	}
	l.Fields, l.Caption = fields, caption
	return l, nil
}

var spaces = strings.NewReplacer("\n", " ", "\t", " ")

// texts returns all there is to read.
func (l Label) texts() []string {
	var all []string
	if l.Title != "" {
		all = append(all, l.Title)
	}
	for _, f := range l.Fields {
		all = append(all, f.text())
	}
	return append(all, l.Caption...)
}
