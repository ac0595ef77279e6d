package epcis

import (
	"strconv"
	"strings"
)

// decimal writes a JSON number without an exponent and without zeros that say nothing: 500.0 and
// 5e2 are 500, -0 is 0. It works on the text, so no digit is ever lost. Numbers of absurd magnitude
// keep an exponent, in one form only. The result is false when s is not a number.
func decimal(s string) (string, bool) {
	if !isNumber(s) {
		return s, false
	}
	digits, negative := strings.CutPrefix(s, "-")
	exponent := 0
	if i := strings.IndexAny(digits, "eE"); i >= 0 {
		var err error
		if exponent, err = strconv.Atoi(digits[i+1:]); err != nil {
			return s, true // beyond any number that two systems could write differently
		}
		digits = digits[:i]
	}
	whole, fraction, _ := strings.Cut(digits, ".")
	point := len(whole) + exponent // where the point stands in the digits
	digits = whole + fraction
	trimmed := strings.TrimLeft(digits, "0")
	point -= len(digits) - len(trimmed)
	digits = strings.TrimRight(trimmed, "0")
	var out string
	switch {
	case digits == "":
		return "0", true
	case point > maxExponent || point < -maxExponent:
		out = "0." + digits + "e" + strconv.Itoa(point)
	case point <= 0:
		out = "0." + strings.Repeat("0", -point) + digits
	case point >= len(digits):
		out = digits + strings.Repeat("0", point-len(digits))
	default:
		out = digits[:point] + "." + digits[point:]
	}
	if negative {
		out = "-" + out
	}
	return out, true
}

// maxExponent is the largest exponent that is written out as zeros.
const maxExponent = 64

// looksDecimal says whether a text is a decimal fraction. In XML, and in extensions in JSON, numbers
// are often text; what is not written with a point, such as "007", may be a name and is left alone.
func looksDecimal(s string) bool {
	return strings.Contains(s, ".") && !strings.ContainsAny(s, "eE") && isNumber(s)
}
