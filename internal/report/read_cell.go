package report

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// errBudget tells that more would have to be unzipped than is allowed.
var errBudget = errors.New("too much to unzip")

// tokens reads XML piece by piece and never holds more than one of them: neither depth nor the length of
// a tag or text can fill the memory.
type tokens struct {
	d      *xml.Decoder
	depth  int
	budget *int64 // of all parts together
	left   int    // bytes that the next piece may have
	src    io.Reader
}

const (
	maxDepth = 64      // of elements; a sheet needs 7
	maxPiece = 1 << 20 // bytes of a tag or a text; a cell's text needs 200 kB at most
)

func newTokens(src io.Reader, budget *int64) *tokens {
	t := &tokens{budget: budget, src: src}
	t.d = xml.NewDecoder(t)
	return t
}

// Read gives the decoder what it may still have.
func (t *tokens) Read(b []byte) (int, error) {
	if *t.budget <= 0 || t.left <= 0 {
		return 0, errBudget
	}
	b = b[:min(int64(len(b)), *t.budget)]
	n, err := t.src.Read(b)
	*t.budget -= int64(n)
	t.left -= n
	return n, err
}

// next is the next piece; io.EOF after the last.
func (t *tokens) next() (xml.Token, error) {
	t.left = maxPiece
	tok, err := t.d.Token()
	if err != nil {
		return nil, err
	}
	switch tok.(type) {
	case xml.StartElement:
		if t.depth++; t.depth > maxDepth {
			return nil, errors.New("too deep")
		}
	case xml.EndElement:
		t.depth--
	}
	return tok, nil
}

// text collects the text within the element that has just begun, and reads to its end. Only text within
// an element that want names counts, or all if want is empty; what is within skip does not.
func (t *tokens) text(want, skip string) (string, error) {
	var b strings.Builder
	depth, in, out := 1, 0, 0
	for depth > 0 {
		tok, err := t.next()
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return "", err
		}
		switch e := tok.(type) {
		case xml.StartElement:
			depth++
			if e.Name.Local == want {
				in++
			}
			if e.Name.Local == skip {
				out++
			}
		case xml.EndElement:
			depth--
			if e.Name.Local == want {
				in--
			}
			if e.Name.Local == skip {
				out--
			}
		case xml.CharData:
			if out <= 0 && (want == "" || in > 0) && b.Len() < 4*maxText {
				b.Write(e)
			}
		}
	}
	return b.String(), nil
}

// attr is the value of an attribute, whatever its name space.
func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// readStrings reads the texts that cells share.
func (w *Workbook) readStrings(at string) error {
	return w.walk(at, func(d *tokens, e xml.StartElement) error {
		if e.Name.Local != "si" {
			return nil
		}
		s, err := d.text("t", "rPh") // rPh is how a text is pronounced
		w.strings = append(w.strings, unescape(s))
		return err
	})
}

// cell reads the cell that has just begun, to its end.
func (w *Workbook) cell(d *tokens, e xml.StartElement) (c Cell, err error) {
	kind := attr(e, "t")
	style, _ := strconv.Atoi(attr(e, "s"))
	value, inline := "", ""
	for {
		tok, err := d.next()
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return c, err
		}
		switch t := tok.(type) {
		case xml.StartElement:
			var s string
			if t.Name.Local == "is" {
				s, err = d.text("t", "rPh")
			} else {
				s, err = d.text("", "")
			}
			if err != nil {
				return c, err
			}
			switch t.Name.Local {
			case "v":
				value = s
			case "is":
				inline = s
			case "f":
				c.Formula = true
			}
			continue
		case xml.EndElement:
		default:
			continue
		}
		break
	}
	switch kind {
	case "s":
		n, err := strconv.Atoi(strings.TrimSpace(value))
		if err != nil || n < 0 || n >= len(w.strings) {
			return c, broken()
		}
		c.Text = w.strings[n]
	case "inlineStr":
		c.Text = unescape(inline)
	case "str":
		c.Text = unescape(value)
	case "b":
		switch strings.TrimSpace(value) {
		case "1", "true":
			c.Text = "TRUE"
		case "0", "false":
			c.Text = "FALSE"
		}
	case "e":
		c.Text, c.Error = strings.TrimSpace(value), true
	case "d":
		c.Text, c.Date = isoTime(strings.TrimSpace(value)), true
	default:
		value = strings.TrimSpace(value)
		n, err := strconv.ParseFloat(value, 64)
		if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
			c.Text = value
			break
		}
		c.Number = true
		if style >= 0 && style < len(w.dates) && w.dates[style] != noDate {
			if c.Text, c.Date = w.from.text(n, w.dates[style]); c.Date {
				break
			}
		}
		c.Text = numberText(n)
	}
	c.Text = plain(c.Text)
	return c, nil
}

// numberText writes a number as a spreadsheet shows it: with fifteen digits at most, so that 0.1+0.2 is 0.3.
func numberText(n float64) string {
	if n == 0 {
		return "0"
	}
	if a := math.Abs(n); a >= 1e21 || a < 1e-9 {
		return strconv.FormatFloat(n, 'g', 15, 64)
	}
	short, _ := strconv.ParseFloat(strconv.FormatFloat(n, 'g', 15, 64), 64)
	return strconv.FormatFloat(short, 'f', -1, 64)
}

// isoTime writes an ISO 8601 time as Cell.Text has it, or returns it unchanged.
func isoTime(s string) string {
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04:05.999", "2006-01-02T15:04:05Z07:00", "2006-01-02T15:04"} {
		if t, err := time.Parse(layout, s); err == nil {
			return dayAndTime(t)
		}
	}
	return s
}

func dayAndTime(t time.Time) string {
	if t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0 {
		return t.Format(time.DateOnly)
	}
	return t.Format(time.DateTime)
}

// epoch is what a workbook counts days from.
type epoch int

const (
	epoch1900 epoch = iota
	epoch1904       // as old Macintosh workbooks do
)

// text writes a serial number as a day or time. ok is false for one that is neither.
func (e epoch) text(n float64, kind dateKind) (string, bool) {
	const last = 2958465 // 31 December 9999
	if n < 0 || n >= last+1 {
		return "", false
	}
	days := math.Floor(n)
	seconds := math.Round((n - days) * 86400)
	start := serialDay
	switch {
	case e == epoch1904:
		start = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	case days == 60 && kind != timeOnly:
		return "", false // 29 February 1900, which never was
	case days < 60:
		start = start.AddDate(0, 0, 1)
	}
	t := start.AddDate(0, 0, int(days)).Add(time.Duration(seconds) * time.Second)
	if kind == timeOnly && days == 0 {
		return t.Format(time.TimeOnly), true
	}
	if e == epoch1900 && days == 0 {
		return "", false // the zeroth day of January
	}
	return dayAndTime(t), true
}

// unescape undoes "_x000D_", the way in which texts of a workbook carry what XML cannot.
func unescape(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	var b strings.Builder
	var units []uint16
	flush := func() {
		b.WriteString(string(utf16.Decode(units)))
		units = units[:0]
	}
	for i := 0; i < len(s); {
		if len(s) >= i+7 && s[i] == '_' && s[i+1] == 'x' && s[i+6] == '_' {
			if n, err := strconv.ParseUint(s[i+2:i+6], 16, 16); err == nil {
				units = append(units, uint16(n))
				i += 7
				continue
			}
		}
		flush()
		b.WriteByte(s[i])
		i++
	}
	flush()
	return strings.ReplaceAll(b.String(), "\r\n", "\n")
}
