package gs1

import (
	"strconv"
	"strings"
)

// A Symbology is a kind of barcode, named as GS1's tools name it.
type Symbology string

// The symbologies of the GS1 system.
const (
	EAN8                   Symbology = "EAN8"
	EAN13                  Symbology = "EAN13"
	UPCA                   Symbology = "UPCA"
	UPCE                   Symbology = "UPCE" // as its 12 digits, not as the 8 printed
	GS1128                 Symbology = "GS1_128_CCA"
	GS1128CCC              Symbology = "GS1_128_CCC"
	DataBarOmni            Symbology = "DataBarOmni"
	DataBarTruncated       Symbology = "DataBarTruncated"
	DataBarStacked         Symbology = "DataBarStacked"
	DataBarStackedOmni     Symbology = "DataBarStackedOmni"
	DataBarLimited         Symbology = "DataBarLimited"
	DataBarExpanded        Symbology = "DataBarExpanded"
	DataMatrix             Symbology = "DM"
	QR                     Symbology = "QR"
	DotCode                Symbology = "DotCode"
	symbologyOfElements              = "]e0" // DataBar, and any composite component
	maxDataBarLimitedDigit           = '1'   // DataBar Limited holds GTINs that begin with 0 or 1
)

type symbologyID struct {
	symbology Symbology
	elements  bool // what follows is an element string
}

// symbologyIDs are the AIM identifiers that scanners put in front, after "]"
// (General Specifications, figure 5.1.2-1), each with the symbology it most often means.
var symbologyIDs = map[string]symbologyID{
	"C1": {GS1128, true},
	"E0": {EAN13, false}, // UPC-A and UPC-E too, as 13 digits
	"E4": {EAN8, false},
	"e0": {DataBarExpanded, true},
	"d1": {DataMatrix, false},
	"d2": {DataMatrix, true},
	"Q1": {QR, false},
	"Q3": {QR, true},
	"J0": {DotCode, false},
	"J1": {DotCode, true},
}

// A Scan is what a scanner that names the symbology has sent.
type Scan struct {
	// Symbology is the likeliest that the identifier stands for.
	Symbology Symbology
	// Message is what the symbol holds: element strings with "^" for FNC1, anything else as it is,
	// with a backslash before a leading "^" that is text. "|" comes before a composite component.
	Message string
	// Elements are the AIs and their values, of all components together; AI 01 for an EAN or UPC.
	// Nil for text that is neither elements nor a link.
	Elements Elements
	// Link is the key of a GS1 Digital Link; zero for anything else.
	Link Key
}

// Key makes the key of what was scanned, by [NewKey] unless it was a link.
func (s Scan) Key() (Key, error) {
	if !s.Link.IsZero() {
		return s.Link, nil
	}
	return NewKey(s.Elements...)
}

// ParseScan reads what a scanner sends: a symbology identifier such as "]Q3", and the data, with GS
// for FNC1. Which AIs belong together is not checked, since other symbols may be on the item.
func ParseScan(data string) (Scan, error) { return Options{}.ParseScan(data) }

// ParseScan is the function of that name, under the options.
func (o Options) ParseScan(data string) (Scan, error) {
	if len(data) < 3 || data[0] != ']' {
		return Scan{}, malformed("gs1_scan_symbology", data[:min(len(data), 3)])
	}
	id, ok := symbologyIDs[data[1:3]]
	if !ok {
		return Scan{}, malformed("gs1_scan_symbology", data[:3])
	}
	data = data[3:]
	if len(data) >= maxText {
		return Scan{}, malformed("gs1_long", len(data), maxText)
	}
	s := Scan{Symbology: id.symbology}
	switch {
	case id.symbology == EAN13:
		return o.scanDigits(s, data, 13)
	case id.symbology == EAN8:
		return o.scanDigits(s, data, 8)
	case id.elements:
		return o.scanElements(s, data)
	}
	if strings.HasPrefix(strings.TrimLeft(data, `\`), "^") {
		s.Message = `\` + data
		return s, nil
	}
	s.Message = data
	if isWebAddress(data) {
		partial := o
		partial.Partial = true
		key, err := partial.ParseLink(data)
		if err != nil {
			return Scan{}, err
		}
		s.Link = key
		s.Elements = key.Elements()
	}
	return s, nil
}

func isWebAddress(text string) bool {
	for _, scheme := range []string{"https://", "HTTPS://", "http://", "HTTP://"} {
		if strings.HasPrefix(text, scheme) {
			return true
		}
	}
	return false
}

// scanDigits reads an EAN or UPC, perhaps with a composite component after "|]e0".
func (o Options) scanDigits(s Scan, data string, digits int) (Scan, error) {
	code, rest := data, ""
	if len(data) > digits {
		code, rest = data[:digits], data[digits:]
	}
	component, composite := strings.CutPrefix(rest, "|"+symbologyOfElements)
	if rest != "" && !composite {
		return Scan{}, flaw{code: "gs1_length", n: len(data), want: strconv.Itoa(digits)}.problem(string(s.Symbology), data)
	}
	if f := checkDigits(code, digits); f.bad() {
		return Scan{}, f.problem(string(s.Symbology), code)
	}
	s.Message = code
	s.Elements = Elements{{AI: "01", Value: padGTIN(code)}}
	if !composite {
		return s, nil
	}
	s.Message += "|"
	return o.scanElements(s, component)
}

func (o Options) scanElements(s Scan, data string) (Scan, error) {
	es, err := o.parseElements(data, gs)
	if err != nil {
		return Scan{}, err
	}
	s.Message += string(caret) + strings.ReplaceAll(data, string(gs), string(caret))
	s.Elements = append(s.Elements, es...)
	return s, nil
}

// ScanData writes what a scanner sends for a symbol that holds the message, which is as in
// [Scan.Message]. An EAN, UPC or DataBar may lack its check digit, or be given as (01) with the
// zeros that fill it up. The error says what the symbology cannot hold.
func (s Symbology) ScanData(message string) (string, error) {
	if len(message) > maxText {
		return "", malformed("gs1_long", len(message), maxText)
	}
	switch s {
	case QR:
		return scanMatrix("]Q1", "]Q3", message)
	case DataMatrix:
		return scanMatrix("]d1", "]d2", message)
	case DotCode:
		return scanMatrix("]J0", "]J1", message)
	case GS1128, GS1128CCC:
		if !strings.Contains(message, "|") {
			es, err := ParseElementString(message)
			if err != nil {
				return "", err
			}
			return "]C1" + scanForm(es), nil
		}
		return scanExpanded(message)
	case DataBarExpanded:
		return scanExpanded(message)
	case DataBarOmni, DataBarTruncated, DataBarStacked, DataBarStackedOmni, DataBarLimited:
		return s.scanDataBar(message)
	case EAN13:
		return s.scanRetail("]E0", "", message, 13)
	case UPCA, UPCE:
		return s.scanRetail("]E0", "0", message, 12)
	case EAN8:
		return s.scanRetail("]E4", "", message, 8)
	}
	return "", malformed("gs1_scan_symbology", string(s))
}

// scanForm writes elements as they follow a symbology identifier.
func scanForm(es Elements) string { return string(es.join(gs)[1:]) }

// scanMatrix is for symbols that hold any text, and say with another identifier that it is elements.
func scanMatrix(text, elements, message string) (string, error) {
	if strings.HasPrefix(message, "^") {
		linear, component, composite := strings.Cut(message, "|")
		if composite { // there is no such composite; the component must still be sound
			if _, err := ParseElementString(component); err != nil {
				return "", err
			}
		}
		es, err := ParseElementString(linear)
		if err != nil {
			return "", err
		}
		return elements + scanForm(es), nil
	}
	if strings.HasPrefix(strings.TrimLeft(message, `\`), "^") {
		message = message[1:] // the backslash that made "^" text
	}
	return text + message, nil
}

// scanExpanded joins the linear and the composite component into one element string.
func scanExpanded(message string) (string, error) {
	var es Elements
	for part := range strings.SplitSeq(message, "|") {
		more, err := ParseElementString(part)
		if err != nil {
			return "", err
		}
		es = append(es, more...)
	}
	return symbologyOfElements + scanForm(es), nil
}

func (s Symbology) scanDataBar(message string) (string, error) {
	code, component, composite := strings.Cut(message, "|")
	code, err := s.completed(strings.TrimPrefix(code, "^01"), 14)
	if err != nil {
		return "", err
	}
	if s == DataBarLimited && code[0] > maxDataBarLimitedDigit {
		return "", invalid("gs1_scan_limited", code)
	}
	data := symbologyOfElements + "01" + code
	if composite {
		es, err := ParseElementString(component)
		if err != nil {
			return "", err
		}
		data += scanForm(es)
	}
	return data, nil
}

func (s Symbology) scanRetail(id, pad, message string, digits int) (string, error) {
	code, component, composite := strings.Cut(message, "|")
	code = strings.TrimPrefix(code, "^01000000"[:17-digits])
	code, err := s.completed(code, digits)
	if err != nil {
		return "", err
	}
	data := id + pad + code
	if composite {
		es, err := ParseElementString(component)
		if err != nil {
			return "", err
		}
		data += "|" + symbologyOfElements + scanForm(es)
	}
	return data, nil
}

// completed checks the digits of a symbol and adds the check digit if it is all that lacks.
func (s Symbology) completed(code string, digits int) (string, error) {
	if len(code) == digits-1 && allDigits(code) {
		return code + string(checkDigitOf(code)), nil
	}
	if f := checkDigits(code, digits); f.bad() {
		return "", f.problem(string(s), code)
	}
	return code, nil
}

// ParseText reads whatever a person may type into a search box or a scanner may send into it: a
// GS1 Digital Link, what a scanner sends with or without a symbology identifier, AIs in brackets,
// or the digits of a GTIN, with or without blanks and hyphens between them.
func ParseText(text string) (Key, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return Key{}, malformed("gs1_empty")
	case isWebAddress(text), text[0] == '/':
		return Tolerant.ParseLink(text)
	case text[0] == ']':
		if len(text) > 3 && text[3] == gs { // some scanners send the leading FNC1 as well
			text = text[:3] + text[4:]
		}
		scan, err := Tolerant.ParseScan(text)
		if err != nil {
			return Key{}, err
		}
		return scan.Key()
	case text[0] == '(':
		es, err := ParseBracketed(strings.ReplaceAll(text, ") ", ")"))
		if err != nil {
			return Key{}, err
		}
		return NewKey(es...)
	case text[0] == gs || text[0] == caret:
		es, err := ParseElementString(text)
		if err != nil {
			return Key{}, err
		}
		return NewKey(es...)
	}
	if digits := squeeze(text); allDigits(digits) && len(digits) <= 14 {
		return LotKey(digits, "", "")
	}
	es, err := Options{}.parseElements(text, gs) // a scanner that sends neither identifier nor FNC1
	if err != nil {
		return Key{}, malformed("gs1_text")
	}
	return NewKey(es...)
}
