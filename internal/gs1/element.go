package gs1

import (
	"slices"
	"strconv"
	"strings"
)

// An Element is an AI and its value, such as (10)HTX-2603A. The value is as it is meant, without
// any escaping.
type Element struct {
	AI    string
	Value string
}

// Elements is what one symbol, or all symbols on one item together, say, in the order given.
type Elements []Element

// Options relaxes the rules. The zero value is what the current standards ask.
type Options struct {
	// ShortGTIN lets a link carry a GTIN of 8, 12 or 13 digits in AI 01, as links could before
	// version 1.3 of the syntax, and fills it up to 14.
	ShortGTIN bool
	// TrailingSlash lets the path of a link end with a slash.
	TrailingSlash bool
	// ConvenienceNames lets a link say /gtin/ and /lot/ for /01/ and /10/, as before version 1.3.
	ConvenienceNames bool
	// UnknownAIs accepts AIs that the dictionary does not have, where they do not contradict it.
	UnknownAIs bool
	// UnknownAttributes accepts such AIs also in the query of a link.
	UnknownAttributes bool
	// Partial leaves out which AIs require or exclude each other, for data of which other symbols
	// on the same item may hold the rest.
	Partial bool
	// Unchecked looks at the structure of a link only: whatever has two to four digits is an AI,
	// and values may be anything.
	Unchecked bool
}

// Tolerant is for reading what others have printed: every form of a link that was right once, and
// is still without ambiguity. Keys read by it say with Legacy whether they needed it.
var Tolerant = Options{ShortGTIN: true, TrailingSlash: true, ConvenienceNames: true}

// maxText is the length of the longest text that is looked at, and maxElements the number of
// elements in it, both as GS1's own engine has them.
const (
	maxText     = 8191
	maxElements = 64
)

const (
	gs    = '\x1d' // what scanners send for FNC1 between elements
	caret = '^'    // what GS1's tools write for FNC1; no value can hold it
)

func (o Options) lookup(code string) *AI {
	if o.UnknownAIs {
		return lookupAny(code)
	}
	return lookupAI(code)
}

// info finds the AI of an element, even when GS1 has not assigned it.
func (e Element) info() *AI { return lookupAny(e.AI) }

// Value returns the value of an AI, or "" if it does not occur.
func (es Elements) Value(ai string) string {
	for _, e := range es {
		if e.AI == ai {
			return e.Value
		}
	}
	return ""
}

// ParseBracketed reads text as people write it: (01)08938507000013(10)HTX-2603A. A bracket within
// a value is written "\(". Values are checked; which AIs belong together is not, see
// [Elements.Check].
func ParseBracketed(text string) (Elements, error) { return Options{}.ParseBracketed(text) }

// ParseBracketed is the function of that name, under the options.
func (o Options) ParseBracketed(text string) (Elements, error) {
	if len(text) > maxText {
		return nil, malformed("gs1_long", len(text), maxText)
	}
	if text == "" {
		return nil, malformed("gs1_empty")
	}
	var es Elements
	for rest := text; rest != ""; {
		if rest[0] != '(' {
			return nil, malformed("gs1_brackets", text)
		}
		code, after, ok := strings.Cut(rest[1:], ")")
		if !ok {
			return nil, malformed("gs1_brackets", text)
		}
		ai := o.lookup(code)
		if ai == nil {
			return nil, malformed("gs1_ai_unknown", code)
		}
		var value string
		value, rest = bracketedValue(after)
		if f := ai.check(value); f.bad() {
			return nil, f.problem(bracket(code), value)
		}
		if len(es) == maxElements {
			return nil, malformed("gs1_many", maxElements)
		}
		es = append(es, Element{AI: code, Value: value})
	}
	return es, nil
}

// bracketedValue reads up to the next bracket that no backslash precedes.
func bracketedValue(text string) (value, rest string) {
	var b []byte
	for i := range len(text) {
		if text[i] != '(' {
			b = append(b, text[i])
			continue
		}
		if i == 0 || text[i-1] != '\\' {
			return string(b), text[i:]
		}
		b[len(b)-1] = '('
	}
	return string(b), ""
}

// ParseElementString reads what a symbol holds: AIs and values run together, FNC1 in the first
// position and after every value whose length is not predefined. FNC1 is GS, or throughout "^" as
// GS1's tools write it; in the first position a symbology identifier (]C1, ]e0, ]d2, ]Q3, ]J1) will do too.
func ParseElementString(data string) (Elements, error) { return Options{}.ParseElementString(data) }

// ParseElementString is the function of that name, under the options.
func (o Options) ParseElementString(data string) (Elements, error) {
	if len(data) > maxText {
		return nil, malformed("gs1_long", len(data), maxText)
	}
	switch {
	case data == "":
		return nil, malformed("gs1_empty")
	case data[0] == caret || data[0] == gs:
		return o.parseElements(data[1:], data[0])
	case len(data) > 3 && data[0] == ']':
		if id, ok := symbologyIDs[data[1:3]]; ok && id.elements {
			// Some scanners send the leading FNC1 as well.
			return o.parseElements(strings.TrimPrefix(data[3:], "\x1d"), gs)
		}
	}
	return nil, malformed("gs1_fnc1", data)
}

// parseElements reads an element string without its leading FNC1. Only fnc1 separates, so that a
// stray "^" from a scanner is a fault and not a boundary.
func (o Options) parseElements(data string, fnc1 byte) (Elements, error) {
	if data == "" {
		return nil, malformed("gs1_empty")
	}
	var es Elements
	for data != "" {
		ai := prefixAI(data, o.UnknownAIs)
		if ai == nil {
			return nil, malformed("gs1_ai_prefix", data)
		}
		data = data[len(ai.Code):]
		end := 0
		for end < len(data) && data[end] != fnc1 && !(ai.Predefined && end == ai.Max) {
			end++
		}
		value := data[:end]
		if value == "" {
			return nil, ai.special(flaw{code: "gs1_ai_short", want: strconv.Itoa(ai.Min)}).problem(bracket(ai.Code), "")
		}
		n, f := ai.consume(value)
		if f.bad() {
			return nil, ai.special(f).problem(bracket(ai.Code), value)
		}
		if n < len(value) {
			f = ai.special(flaw{code: "gs1_ai_long", n: len(value), want: strconv.Itoa(ai.Max)})
			return nil, f.problem(bracket(ai.Code), value)
		}
		if len(es) == maxElements {
			return nil, malformed("gs1_many", maxElements)
		}
		es = append(es, Element{AI: ai.Code, Value: value})
		data = data[end:]
		if data != "" && data[0] == fnc1 {
			data = data[1:]
		}
	}
	return es, nil
}

// String writes the elements with their AIs in brackets.
func (es Elements) String() string {
	var b strings.Builder
	for _, e := range es {
		b.WriteByte('(')
		b.WriteString(e.AI)
		b.WriteByte(')')
		for i := range len(e.Value) {
			if e.Value[i] == '(' {
				b.WriteByte('\\')
			}
			b.WriteByte(e.Value[i])
		}
	}
	return b.String()
}

// ElementString writes the elements run together, with "^" for FNC1, which is how GS1's tools take
// them. [Symbology.ScanData] gives what a scanner sends.
func (es Elements) ElementString() string { return string(es.join(caret)) }

// join writes the elements with FNC1 in front and wherever an element needs one behind it.
func (es Elements) join(fnc1 byte) []byte {
	var b []byte
	separate := true
	for _, e := range es {
		if separate {
			b = append(b, fnc1)
		}
		b = append(b, e.AI...)
		b = append(b, e.Value...)
		ai := e.info()
		separate = ai == nil || !ai.Predefined
	}
	return b
}

// HumanReadable returns the lines to print beside a symbol, such as "(10) HTX-2603A"
// (General Specifications 4.14).
func (es Elements) HumanReadable() []string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = bracket(e.AI) + " " + e.Value
	}
	return lines
}

// FixedFirst returns the elements with those of predefined length in front, which makes the
// shortest symbol because they need no separators. Otherwise the order stays.
func (es Elements) FixedFirst() Elements {
	sorted := slices.Clone(es)
	slices.SortStableFunc(sorted, func(a, b Element) int {
		return needsFNC1(a) - needsFNC1(b)
	})
	return sorted
}

func needsFNC1(e Element) int {
	if ai := e.info(); ai != nil && ai.Predefined {
		return 0
	}
	return 1
}
