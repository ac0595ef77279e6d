package label

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf16"
)

// pdfFontName has the tag of six letters that marks a subset (ISO 32000-1, 9.6.4).
const pdfFontName = "TNVLBL+NotoSans-Regular"

// font returns what writes the font's objects: the outlines of the glyphs that were used, their
// widths, and the characters that they stand for, so that text can be searched and copied.
func (p *pdf) font() []func() (int, error) {
	glyphs := slices.Sorted(maps.Keys(p.glyphs))
	f := loadFont()
	var widths, unicode strings.Builder
	for _, g := range glyphs {
		w := f.box
		if g != 0 {
			w = f.width(p.glyphs[g])
		}
		fmt.Fprintf(&widths, "%d[%s]", g, millimetres(w*1000))
	}
	unicode.WriteString("/CIDInit/ProcSet findresource begin\n12 dict begin\nbegincmap\n" +
		"/CIDSystemInfo<</Registry(Adobe)/Ordering(UCS)/Supplement 0>>def\n/CMapName/Adobe-Identity-UCS def\n/CMapType 2 def\n" +
		"1 begincodespacerange\n<0000><FFFF>\nendcodespacerange\n")
	for chunk := range slices.Chunk(glyphs, 100) { // no more are allowed at once
		fmt.Fprintf(&unicode, "%d beginbfchar\n", len(chunk))
		for _, g := range chunk {
			fmt.Fprintf(&unicode, "<%04X><", g)
			for _, unit := range utf16.Encode([]rune{p.glyphs[g]}) {
				fmt.Fprintf(&unicode, "%04X", unit)
			}
			unicode.WriteString(">\n")
		}
		unicode.WriteString("endbfchar\n")
	}
	unicode.WriteString("endcmap\nCMapName currentdict/CMap defineresource pop\nend\nend\n")
	file := subset(fontFile, glyphs)
	return []func() (int, error){
		func() (int, error) {
			return p.object(pdfFont, "<</Type/Font/Subtype/Type0/BaseFont/%s/Encoding/Identity-H/DescendantFonts[%d 0 R]/ToUnicode %d 0 R>>",
				pdfFontName, pdfDescendant, pdfToUnicode)
		},
		func() (int, error) {
			return p.object(pdfDescendant, "<</Type/Font/Subtype/CIDFontType2/BaseFont/%s/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>"+
				"/FontDescriptor %d 0 R/CIDToGIDMap/Identity/DW %s/W[%s]>>", pdfFontName, pdfDescriptor, millimetres(f.box*1000), widths.String())
		},
		func() (int, error) {
			// The numbers are those of Noto Sans, in thousandths of its size; 4 says that codes are not
			// those of a standard encoding.
			return p.object(pdfDescriptor, "<</Type/FontDescriptor/FontName/%s/Flags 4/FontBBox[-621 -389 2800 1067]/ItalicAngle 0"+
				"/Ascent 1069/Descent -293/CapHeight 714/StemV 85/FontFile2 %d 0 R>>", pdfFontName, pdfFontFile)
		},
		func() (int, error) {
			return p.streamObject(pdfFontFile, fmt.Sprintf("/Length1 %d", len(file)), file)
		},
		func() (int, error) { return p.streamObject(pdfToUnicode, "", []byte(unicode.String())) },
	}
}

// pdfTables are the tables of a TrueType font that a PDF reader needs (ISO 32000-1, 9.9).
var pdfTables = []string{"cvt ", "fpgm", "glyf", "head", "hhea", "hmtx", "loca", "maxp", "prep"}

// subset returns a TrueType font with the outlines of the given glyphs, the first glyph, and the
// parts that they are made of. All glyphs keep their numbers. The font is the embedded one, so that
// there is nothing to check.
func subset(file []byte, glyphs []uint16) []byte {
	tables := fontTables(file)
	glyf, loca := tables["glyf"], tables["loca"]
	long := be.Uint16(tables["head"][50:]) == 1
	count := int(be.Uint16(tables["maxp"][4:]))
	offset := func(g int) uint32 {
		if long {
			return be.Uint32(loca[4*g:])
		}
		return 2 * uint32(be.Uint16(loca[2*g:]))
	}
	keep := make([]bool, count)
	todo := append([]uint16{0}, glyphs...)
	for len(todo) > 0 {
		g := int(todo[0])
		todo = todo[1:]
		if g >= count || keep[g] {
			continue
		}
		keep[g] = true
		outline := glyf[offset(g):offset(g+1)]
		if len(outline) < 10 || int16(be.Uint16(outline)) >= 0 {
			continue
		}
		// A composite glyph lists its parts: flags, the part's number, and its place and shape, whose
		// lengths the flags tell (OpenType, glyf table).
		const words, scale, more, twoScales, matrix = 0x1, 0x8, 0x20, 0x40, 0x80
		for at := 10; ; {
			flags := be.Uint16(outline[at:])
			todo = append(todo, be.Uint16(outline[at+2:]))
			at += 6
			if flags&words != 0 {
				at += 2
			}
			switch {
			case flags&scale != 0:
				at += 2
			case flags&twoScales != 0:
				at += 4
			case flags&matrix != 0:
				at += 8
			}
			if flags&more == 0 {
				break
			}
		}
	}
	var outlines, places []byte
	for g := range count {
		places = be.AppendUint32(places, uint32(len(outlines)))
		if keep[g] {
			outlines = append(outlines, glyf[offset(g):offset(g+1)]...)
			outlines = append(outlines, make([]byte, -len(outlines)&3)...)
		}
	}
	places = be.AppendUint32(places, uint32(len(outlines)))
	head := bytes.Clone(tables["head"])
	be.PutUint16(head[50:], 1) // places are long
	be.PutUint32(head[8:], 0)  // the checksum of the whole file, below
	tables["head"], tables["glyf"], tables["loca"] = head, outlines, places

	maps.DeleteFunc(tables, func(name string, _ []byte) bool { return !slices.Contains(pdfTables, name) })
	return joinTables(tables)
}

var be = binary.BigEndian

// fontTables takes a TrueType font apart.
func fontTables(file []byte) map[string][]byte {
	tables := map[string][]byte{}
	for i := range int(be.Uint16(file[4:])) {
		entry := file[12+16*i:]
		tables[string(entry[:4])] = file[be.Uint32(entry[8:]):][:be.Uint32(entry[12:])]
	}
	return tables
}

// joinTables makes a font of tables. The checksum in its head must be 0 and is filled in.
func joinTables(tables map[string][]byte) []byte {
	names := slices.Sorted(maps.Keys(tables))
	n := len(names)
	log := 0
	for 2<<log <= n {
		log++
	}
	out := be.AppendUint32(nil, 0x00010000)
	for _, v := range []int{n, 16 << log, log, 16*n - 16<<log} {
		out = be.AppendUint16(out, uint16(v))
	}
	at := uint32(12 + 16*n)
	for _, name := range names {
		out = append(out, name...)
		out = be.AppendUint32(out, checksum(tables[name]))
		out = be.AppendUint32(out, at)
		out = be.AppendUint32(out, uint32(len(tables[name])))
		at += uint32(len(tables[name])+3) &^ 3
	}
	headAt := 0
	for _, name := range names {
		if name == "head" {
			headAt = len(out)
		}
		out = append(out, tables[name]...)
		out = append(out, make([]byte, -len(out)&3)...)
	}
	be.PutUint32(out[headAt+8:], 0xB1B0AFBA-checksum(out))
	return out
}

// checksum adds up a table of a font in words.
func checksum(b []byte) uint32 {
	var sum uint32
	for len(b) >= 4 {
		sum += binary.BigEndian.Uint32(b)
		b = b[4:]
	}
	if len(b) > 0 {
		var last [4]byte
		copy(last[:], b)
		sum += binary.BigEndian.Uint32(last[:])
	}
	return sum
}
