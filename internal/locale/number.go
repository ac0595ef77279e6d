package locale

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/text/feature/plural"

	"truynguon/internal/fault"
)

// nbsp keeps a number and its unit on one line.
const nbsp = "\u00a0"

// Number writes a whole number, or the text of a decimal number such as "1250.50", as the language
// does: "1.250,50" in Vietnamese, "1,250.50" in English. The decimals are exactly those given; no
// text goes through a binary fraction. What is no such number comes back as fmt.Sprint has it.
func (p *Printer) Number(v any) string {
	var s string
	switch n := v.(type) {
	case string:
		s = n
	case int:
		s = strconv.Itoa(n)
	case int64:
		s = strconv.FormatInt(n, 10)
	case float64:
		s = strconv.FormatFloat(n, 'f', -1, 64)
	case float32:
		s = strconv.FormatFloat(float64(n), 'f', -1, 32)
	default:
		s = fmt.Sprint(v)
	}
	sign, whole, frac, ok := splitDecimal(s)
	if !ok {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + len(whole)/3 + 2)
	b.WriteString(sign)
	for i := range len(whole) {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteString(p.group)
		}
		b.WriteByte(whole[i])
	}
	if frac != "" {
		b.WriteString(p.decimal)
		b.WriteString(frac)
	}
	return b.String()
}

// Quantity writes a number with its unit, a code of UN/CEFACT Recommendation 20 or 21 as EPCIS has
// them: "1.250,5 kg", "1 box", "12 boxes". A unit that the catalogue does not know is written as its
// code, and no unit means a bare number.
func (p *Printer) Quantity(value any, unit string) string {
	n := p.Number(value)
	if unit == "" {
		return n
	}
	return n + nbsp + p.unit(fmt.Sprint(value), unit)
}

// unit returns the word that follows a number: the same after any number (unit.KGM), or a plural
// (unit.XBX.one, unit.XBX.other).
func (p *Printer) unit(value, code string) string {
	if m, ok := p.texts["unit."+code]; ok {
		return m.String()
	}
	form := plural.Other
	if _, whole, frac, ok := splitDecimal(value); ok {
		// CLDR's operands: a number with decimals has the form .other in the languages that have .one,
		// save where the language's own rule says otherwise.
		i, _ := strconv.Atoi(whole[max(0, len(whole)-7):])
		if len(whole) > 7 {
			i += 10_000_000 // no longer a small number, whatever its last digits
		}
		t := strings.TrimRight(frac, "0")
		f, _ := strconv.Atoi(frac[:min(len(frac), 7)])
		tn, _ := strconv.Atoi(t[:min(len(t), 7)])
		form = plural.Cardinal.MatchPlural(p.tag, i, len(frac), len(t), f, tn)
	}
	for _, suffix := range []string{formSuffix[form], ".other"} {
		if m, ok := p.texts["unit."+code+suffix]; ok {
			return m.String()
		}
	}
	return code
}

// UnitName returns the full name of a unit for a list to choose from: "ki-lô-gam (kg)". An unknown
// unit is its code.
func (p *Printer) UnitName(code string) string {
	if m, ok := p.texts["unitName."+code]; ok {
		return m.String()
	}
	return code
}

// splitDecimal takes the text of a decimal number apart: optional minus, digits, and optionally a
// point and more digits.
func splitDecimal(s string) (sign, whole, frac string, ok bool) {
	rest := s
	if strings.HasPrefix(rest, "-") {
		sign, rest = "-", rest[1:]
	}
	whole, frac, dot := strings.Cut(rest, ".")
	ok = digits(whole) && (!dot || digits(frac))
	return sign, whole, frac, ok
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// ParseDecimal reads a number that a person typed and returns it with a decimal point and no
// grouping, its decimals kept: "1.250,5", "1,250.5", "1 250,5" and "1250.5" all become "1250.5".
//
// Both "." and "," may group thousands and both may begin the decimals, so:
//   - where both occur, the last one begins the decimals and the other groups;
//   - one that occurs more than once groups;
//   - one that occurs once begins the decimals, unless it could as well group: with one to three
//     digits before it, not beginning with 0, and exactly three after it.
//
// Such a number ("1.250") means 1250 to one reader and 1.25 to another. It is refused and never
// guessed, whatever the language, because a weight that is wrong a thousandfold is worse than a
// question: the fault "amount_ambiguous" has both ways to write it without doubt as its arguments.
// Anything else is "amount_malformed", with what was typed as its argument. Spaces may group; groups have three
// digits.
func ParseDecimal(s string) (string, error) {
	bad := fault.New(fault.Invalid, "amount_malformed", shorten(s))
	const longest = 64 // bytes, more than any quantity has
	if len(s) > longest {
		return "", bad
	}
	words := strings.Fields(s) // splits at every Unicode space, also the ones that do not break
	rest := strings.Join(words, " ")
	sign := ""
	if strings.HasPrefix(rest, "-") {
		sign, rest = "-", strings.TrimPrefix(rest[1:], " ")
	}

	mark := "" // what begins the decimals
	last := strings.LastIndexAny(rest, ".,")
	switch dots, commas := strings.Count(rest, "."), strings.Count(rest, ","); {
	case dots+commas == 0:
	case dots > 0 && commas > 0, dots+commas == 1:
		mark = rest[last : last+1]
	}
	whole, frac, _ := strings.Cut(rest, mark)
	if mark == "" {
		whole, frac = rest, ""
	} else if !digits(frac) || whole == "" {
		return "", bad
	}

	grouped := ungroup(whole)
	if !digits(grouped) {
		return "", bad
	}
	canonical := strings.TrimLeft(grouped, "0")
	if canonical == "" {
		canonical = "0"
	}
	// A number already grouped with spaces leaves no doubt about its other mark.
	if mark != "" && len(frac) == 3 && digits(whole) && len(whole) <= 3 && whole[0] != '0' {
		return "", fault.New(fault.Invalid, "amount_ambiguous", sign+whole+frac, sign+whole+"."+frac+"0")
	}
	if mark != "" {
		canonical += "." + frac
	}
	return sign + canonical, nil
}

// ungroup removes the separators between well-formed groups of three digits; it returns an empty
// text if the groups are not well-formed or the separators differ.
func ungroup(s string) string {
	i := strings.IndexAny(s, "., ")
	if i < 0 {
		return s
	}
	groups := strings.Split(s, s[i:i+1])
	for n, g := range groups {
		if !digits(g) || len(g) > 3 || n > 0 && len(g) != 3 {
			return ""
		}
	}
	return strings.Join(groups, "")
}
