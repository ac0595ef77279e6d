package report

import (
	"encoding/xml"
	"strconv"
	"strings"
)

// dateKind says whether a number's format shows it as a day or time.
type dateKind int

const (
	noDate   dateKind = iota
	dayKind           // a day, maybe with the time
	timeOnly          // a time of day, or a span
)

// readStyles finds out which of a workbook's styles show days. A cell holds but a number; only its style
// tells 46091 from 10/03/2026.
func (w *Workbook) readStyles(at string) error {
	custom := map[int]dateKind{}
	inCells := false
	return w.walk(at, func(_ *tokens, e xml.StartElement) error {
		switch e.Name.Local {
		case "numFmt":
			if id, err := strconv.Atoi(attr(e, "numFmtId")); err == nil {
				custom[id] = dateFormat(attr(e, "formatCode"))
			}
		case "cellXfs":
			inCells = true
		case "cellStyleXfs", "cellStyles", "dxfs":
			inCells = false
		case "xf":
			if !inCells {
				break
			}
			id, _ := strconv.Atoi(attr(e, "numFmtId"))
			kind, ok := custom[id]
			if !ok {
				kind = builtinDate(id)
			}
			w.dates = append(w.dates, kind)
		}
		return nil
	})
}

// builtinDate says what the formats show that need no definition (ISO/IEC 29500-1, 18.8.30).
func builtinDate(id int) dateKind {
	switch {
	case id >= 18 && id <= 21, id >= 32 && id <= 35, id >= 45 && id <= 47, id == 55, id == 56:
		return timeOnly
	case id >= 14 && id <= 17, id == 22, id >= 27 && id <= 36, id >= 50 && id <= 58:
		return dayKind
	}
	return noDate
}

// dateFormat says what a format of one's own shows.
func dateFormat(code string) dateKind {
	code, _, _ = strings.Cut(code, ";") // the part for positive numbers
	var letters strings.Builder
	span := false
	for i := 0; i < len(code); i++ {
		switch c := code[i]; c {
		case '\\', '_', '*': // the next character stands for itself
			i++
		case '"':
			n := strings.IndexByte(code[i+1:], '"')
			if n < 0 {
				i = len(code)
				break
			}
			i += n + 1
		case '[': // a colour, a condition, a language, or a span such as [h]
			n := strings.IndexByte(code[i:], ']')
			if n < 0 {
				i = len(code)
				break
			}
			switch inner := strings.ToLower(code[i+1 : i+n]); strings.Trim(inner, inner[:min(1, len(inner))]) {
			case "":
				span = span || inner != "" && strings.Contains("hms", inner[:1])
			}
			i += n
		default:
			letters.WriteByte(c | 0x20)
		}
	}
	s := letters.String()
	s = strings.NewReplacer("general", "", "am/pm", "", "a/p", "").Replace(s)
	switch {
	case strings.ContainsAny(s, "yd"):
		return dayKind
	case span, strings.ContainsAny(s, "hs"):
		return timeOnly
	case strings.Contains(s, "m"):
		return dayKind
	}
	return noDate
}
