package gs1

import (
	_ "embed" // for the dictionary
	"fmt"
	"strconv"
	"strings"
)

// syntaxDictionary is GS1's own file, unchanged; its licence (Apache-2.0) stands in its head.
//
//go:embed gs1-syntax-dictionary.txt
var syntaxDictionary string

// An AI is an Application Identifier: what the digits in front of a value say that the value is.
// AIs are shared and must not be changed.
type AI struct {
	// Code is the AI itself, two to four digits.
	Code string
	// Title is its data title in the General Specifications, such as "BATCH/LOT".
	Title string
	// Format is the specification in the dictionary, such as "N14,csum,gcppos2".
	Format string
	// Min and Max are the least and the greatest length of a value, in characters.
	Min, Max int
	// Predefined says that an element string needs no separator after the value, since its length
	// follows from the AI's first two digits.
	Predefined bool
	// Attribute says that a GS1 Digital Link may have the AI in its query.
	Attribute bool
	// Key says that a GS1 Digital Link may begin with the AI.
	Key bool
	// Qualifiers are the alternative sequences of AIs that may follow this key in the path of a
	// link, any of a sequence being left out.
	Qualifiers [][]string

	number     uint16
	unknown    bool
	parts      []component
	excludes   []pattern     // ex=
	requires   [][][]pattern // req=: all of the outer, any of the middle, all of the inner
	qualifiers [][]uint16    // Qualifiers as numbers
}

// A component is one piece of an AI's value.
type component struct {
	min, max int
	optional bool
	charset  linter
	linters  []linter
}

// A pattern stands for one AI, or for all that begin alike, as "35nn". Since no AI begins another,
// and the number of digits follows from the first two, an AI is known by its number alone.
type pattern struct {
	text     string
	from, to uint16
}

func (p pattern) matches(ai *AI) bool {
	return p.from <= ai.number && ai.number <= p.to && len(ai.Code) == len(p.text)
}

type dictionary struct {
	all    []*AI
	byNum  [10000]*AI
	length [100]uint8 // of the AIs that begin with these two digits; 0 if none is known
}

var known = mustReadDictionary(syntaxDictionary)

// AIs returns every AI in the dictionary, in its order.
func AIs() []*AI { return append([]*AI(nil), known.all...) }

// LookupAI finds the AI of exactly these digits.
func LookupAI(code string) (*AI, bool) {
	ai := lookupAI(code)
	return ai, ai != nil
}

func lookupAI(code string) *AI {
	if len(code) < 2 || len(code) > 4 || !allDigits(code) {
		return nil
	}
	if int(known.length[number(code[:2])]) != len(code) {
		return nil
	}
	return known.byNum[number(code)]
}

// lookupAny is lookupAI, and makes up an AI for digits that GS1 might yet assign.
func lookupAny(code string) *AI {
	if ai := lookupAI(code); ai != nil {
		return ai
	}
	if len(code) < 2 || len(code) > 4 || !allDigits(code) {
		return nil
	}
	if n := int(known.length[number(code[:2])]); n != 0 && n != len(code) {
		return nil
	}
	return unassigned(code)
}

// unassigned makes up an AI that GS1 has not assigned. Its value is of CSET 82; the first two
// digits may already say how long it is (General Specifications, figure 7.8.5-2).
func unassigned(code string) *AI {
	ai := &AI{
		Code: code, Title: "UNKNOWN", Format: "X..90", Min: 1, Max: 90,
		number: uint16(number(code)), unknown: true,
	}
	switch prefix := number(code[:2]); {
	case prefix == 41 && len(code) == 3:
		ai.Min, ai.Max, ai.Predefined = 13, 13, true
	case 31 <= prefix && prefix <= 36 && len(code) == 4:
		ai.Min, ai.Max, ai.Predefined = 6, 6, true
	}
	ai.parts = []component{{min: ai.Min, max: ai.Max, charset: lintCSET82}}
	return ai
}

// prefixAI finds the AI that data begins with.
func prefixAI(data string, unknown bool) *AI {
	if len(data) < 2 || !allDigits(data[:2]) {
		return nil
	}
	n := int(known.length[number(data[:2])])
	if n == 0 || n > len(data) {
		return nil // where an AI of unknown length ends cannot be told
	}
	if unknown {
		return lookupAny(data[:n])
	}
	return lookupAI(data[:n])
}

// check says what is wrong with a value that is to be carried by the AI.
func (ai *AI) check(value string) flaw {
	switch {
	case len(value) < ai.Min:
		return ai.special(flaw{code: "gs1_ai_short", n: len(value), want: strconv.Itoa(ai.Min)})
	case len(value) > ai.Max:
		return ai.special(flaw{code: "gs1_ai_long", n: len(value), want: strconv.Itoa(ai.Max)})
	}
	n, f := ai.consume(value)
	if !f.bad() && n < len(value) {
		f = flaw{code: "gs1_ai_long", n: len(value), want: strconv.Itoa(n)}
	}
	return ai.special(f)
}

// special gives the faults of a lot their own words, because most people who meet any of these
// faults meet them there.
func (ai *AI) special(f flaw) flaw {
	if ai.Code == "10" {
		switch f.code {
		case "gs1_ai_short", "gs1_ai_long":
			f.code, f.want = "gs1_lot_length", strconv.Itoa(MaxLot)
		case "gs1_charset":
			f.code = "gs1_lot_charset"
		}
	}
	return f
}

// consume applies the components to a value from its beginning and returns how much they took.
func (ai *AI) consume(value string) (int, flaw) {
	at := 0
	for i := range ai.parts {
		part := &ai.parts[i]
		piece := value[at:]
		if len(piece) > part.max {
			piece = piece[:part.max]
		}
		if part.optional && piece == "" {
			continue
		}
		if len(piece) < part.min {
			return at, flaw{code: "gs1_ai_length", n: len(value), want: ai.Format}
		}
		if f := part.charset(piece); f.bad() {
			return at, f.shift(at)
		}
		for _, lint := range part.linters {
			if f := lint(piece); f.bad() {
				return at, f.shift(at)
			}
		}
		at += len(piece)
	}
	return at, flaw{}
}

// mustReadDictionary panics when the embedded file is not what it should be, which a test would
// have shown.
func mustReadDictionary(text string) *dictionary {
	d := new(dictionary)
	for line := range strings.Lines(text) {
		line, title, _ := strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if err := d.add(fields, strings.TrimSpace(title)); err != nil {
			panic(fmt.Sprintf("gs1: dictionary entry %s: %v", fields[0], err))
		}
	}
	return d
}

// add reads one entry: AIs [Flags] Specification [Attributes].
func (d *dictionary) add(fields []string, title string) error {
	first, last, ranged := strings.Cut(fields[0], "-")
	if !ranged {
		last = first
	}
	proto := AI{Title: title}
	rest := fields[1:]
	if len(rest) > 0 && strings.Trim(rest[0], "*?") == "" {
		proto.Predefined = strings.Contains(rest[0], "*")
		proto.Attribute = strings.Contains(rest[0], "?")
		rest = rest[1:]
	}
	var format []string
	for ; len(rest) > 0 && isComponent(rest[0]); rest = rest[1:] {
		part, err := readComponent(rest[0])
		if err != nil {
			return err
		}
		format = append(format, rest[0])
		proto.parts = append(proto.parts, part)
		proto.Max += part.max
		if !part.optional {
			proto.Min += part.min
		}
	}
	proto.Format = strings.Join(format, " ")
	for _, attribute := range rest {
		if err := proto.readAttribute(attribute); err != nil {
			return err
		}
	}
	for n := number(first); n <= number(last); n++ {
		ai := proto
		ai.Code = string(appendPadded(nil, n, len(first)))
		ai.number = uint16(n)
		d.all = append(d.all, &ai)
		d.byNum[n] = &ai
		prefix := number(ai.Code[:2])
		if have := int(d.length[prefix]); have != 0 && have != len(ai.Code) {
			return fmt.Errorf("AIs of different lengths begin with %s", ai.Code[:2])
		}
		d.length[prefix] = uint8(len(ai.Code))
	}
	return nil
}

// isComponent tells N14,csum and [X..17] from req=… and dlpkey.
func isComponent(field string) bool {
	field = strings.TrimPrefix(field, "[")
	return field != "" && strings.ContainsRune("NXYZ", rune(field[0]))
}

func readComponent(field string) (component, error) {
	var c component
	spec, rules, _ := strings.Cut(field, ",")
	if strings.HasPrefix(spec, "[") {
		c.optional = true
		spec = strings.Trim(spec, "[]")
	}
	switch spec[0] {
	case 'N':
		c.charset = lintNumeric
	case 'X':
		c.charset = lintCSET82
	case 'Y':
		c.charset = lintCSET39
	case 'Z':
		c.charset = lintCSET64
	}
	length, variable := strings.CutPrefix(spec[1:], "..")
	n, err := strconv.Atoi(length)
	if err != nil {
		return c, fmt.Errorf("component %s: %w", field, err)
	}
	c.min, c.max = n, n
	if variable {
		c.min = 1
	}
	for rule := range strings.SplitSeq(rules, ",") {
		if rule == "" {
			continue
		}
		lint, ok := linters[rule]
		if !ok {
			return c, fmt.Errorf("component %s: no rule %s", field, rule)
		}
		c.linters = append(c.linters, lint)
	}
	return c, nil
}

func (ai *AI) readAttribute(attribute string) error {
	name, value, _ := strings.Cut(attribute, "=")
	switch name {
	case "dlpkey":
		ai.Key = true
		for sequence := range strings.SplitSeq(value, "|") {
			if sequence == "" {
				continue
			}
			codes := strings.Split(sequence, ",")
			numbers := make([]uint16, len(codes))
			for i, code := range codes {
				numbers[i] = uint16(number(code))
			}
			ai.Qualifiers = append(ai.Qualifiers, codes)
			ai.qualifiers = append(ai.qualifiers, numbers)
		}
	case "ex":
		for text := range strings.SplitSeq(value, ",") {
			ai.excludes = append(ai.excludes, readPattern(text))
		}
	case "req":
		var any [][]pattern
		for group := range strings.SplitSeq(value, ",") {
			var all []pattern
			for text := range strings.SplitSeq(group, "+") {
				all = append(all, readPattern(text))
			}
			any = append(any, all)
		}
		ai.requires = append(ai.requires, any)
	default:
		return fmt.Errorf("no attribute %s", name)
	}
	return nil
}

func readPattern(text string) pattern {
	return pattern{
		text: text,
		from: uint16(number(strings.ReplaceAll(text, "n", "0"))),
		to:   uint16(number(strings.ReplaceAll(text, "n", "9"))),
	}
}
