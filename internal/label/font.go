package label

import (
	_ "embed" // the font
	"fmt"
	"strings"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// The font has every Vietnamese letter; fonts/README.md says where it is from. It is measured for
// all formats, and drawn or embedded by those that do not leave letters to the viewer.
//
//go:embed fonts/NotoSans-Vietnamese.ttf
var fontFile []byte

// maxRune is beyond the characters of the font: Noto Sans as it was cut ends before U+2270.
const maxRune = 0x2270

type labelFont struct {
	font *sfnt.Font
	// advance has the width of each character in units of the font size, that of the box shown for a
	// character that the font lacks included.
	advance [maxRune]float64
	// box is the width of that box.
	box float64
	// glyph has the number of each character's glyph, 0 for the box.
	glyph [maxRune]uint16
}

var loadFont = sync.OnceValue(func() *labelFont {
	f, err := sfnt.Parse(fontFile)
	if err != nil {
		panic(fmt.Sprintf("label: the embedded font: %v", err)) // a damaged build
	}
	l := &labelFont{font: f}
	var buf sfnt.Buffer
	em := f.UnitsPerEm()
	width := func(glyph sfnt.GlyphIndex) float64 {
		a, err := f.GlyphAdvance(&buf, glyph, fixed.I(int(em)), font.HintingNone)
		if err != nil {
			panic(fmt.Sprintf("label: the embedded font: %v", err))
		}
		return float64(a) / 64 / float64(em)
	}
	l.box = width(0)
	for r := range rune(maxRune) {
		l.advance[r] = l.box
		if glyph, err := f.GlyphIndex(&buf, r); err == nil && glyph != 0 && r >= ' ' {
			l.glyph[r] = uint16(glyph)
			l.advance[r] = width(glyph)
		}
	}
	return l
})

// width returns the width of a character in units of the font size.
func (f *labelFont) width(r rune) float64 {
	if r < 0 || r >= maxRune {
		return f.box
	}
	return f.advance[r]
}

// index returns the number of a character's glyph, 0 if there is none.
func (f *labelFont) index(r rune) uint16 {
	if r < 0 || r >= maxRune {
		return 0
	}
	return f.glyph[r]
}

// textWidth measures a text in units of the font size.
func textWidth(s string) float64 {
	f := loadFont()
	w := 0.0
	for _, r := range s {
		w += f.width(r)
	}
	return w
}

// missingGlyphs returns the characters of texts that the font lacks, each once.
func missingGlyphs(texts []string) string {
	f := loadFont()
	var b strings.Builder
	for _, text := range texts {
		for _, r := range text {
			if f.index(r) == 0 && !strings.ContainsRune(b.String(), r) {
				b.WriteRune(r)
			}
		}
	}
	return b.String()
}
