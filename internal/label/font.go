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
// all formats, and drawn by those that draw letters themselves.
//
//go:embed fonts/NotoSans-Vietnamese.ttf
var fontFile []byte

type labelFont struct {
	font *sfnt.Font
	// advance has the width of each character in units of the font size, and that of the box shown
	// for a character that the font lacks under -1.
	advance map[rune]float64
}

var loadFont = sync.OnceValue(func() labelFont {
	f, err := sfnt.Parse(fontFile)
	if err != nil {
		panic(fmt.Sprintf("label: the embedded font: %v", err)) // a damaged build
	}
	l := labelFont{f, map[rune]float64{}}
	var buf sfnt.Buffer
	em := f.UnitsPerEm()
	add := func(r rune, glyph sfnt.GlyphIndex) {
		a, err := f.GlyphAdvance(&buf, glyph, fixed.I(int(em)), font.HintingNone)
		if err != nil {
			panic(fmt.Sprintf("label: the embedded font: %v", err))
		}
		l.advance[r] = float64(a) / 64 / float64(em)
	}
	add(-1, 0)
	// Noto Sans as it was cut ends before U+2270.
	for r := rune(' '); r < 0x2270; r++ {
		if glyph, err := f.GlyphIndex(&buf, r); err == nil && glyph != 0 {
			add(r, glyph)
		}
	}
	return l
})

// textWidth measures a text in units of the font size.
func textWidth(s string) float64 {
	advance := loadFont().advance
	w := 0.0
	for _, r := range s {
		a, ok := advance[r]
		if !ok {
			a = advance[-1]
		}
		w += a
	}
	return w
}

// missingGlyphs returns the characters of texts that the font lacks, each once.
func missingGlyphs(texts []string) string {
	advance := loadFont().advance
	var b strings.Builder
	for _, text := range texts {
		for _, r := range text {
			if _, ok := advance[r]; !ok && !strings.ContainsRune(b.String(), r) {
				b.WriteRune(r)
			}
		}
	}
	return b.String()
}
