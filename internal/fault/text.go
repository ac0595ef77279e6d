package fault

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Text tidies one line of text that a person typed and checks it: it is normalised to NFC, runs of
// white space become one space, and the result is returned. Faults are added under the pointer:
// "missing" if it is required and empty, "too_long" if it has more than max characters, and
// "unprintable" for what a reader cannot see and a page must not carry: broken UTF-8, control
// characters, and marks that reverse or hide text.
func (p *Problem) Text(pointer, value string, max int, required bool) string {
	return p.text(pointer, strings.Join(strings.Fields(value), " "), max, required)
}

// Paragraph is Text for a field of several lines: line breaks are kept, and trailing space is not.
func (p *Problem) Paragraph(pointer, value string, max int, required bool) string {
	lines := strings.Split(strings.ReplaceAll(value, "\r\n", "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " \t")
	}
	return p.text(pointer, strings.TrimSpace(strings.Join(lines, "\n")), max, required)
}

func (p *Problem) text(pointer, value string, max int, required bool) string {
	if value == "" {
		if required {
			p.Add(pointer, "missing")
		}
		return ""
	}
	if r, bad := Unprintable(value); bad {
		p.Add(pointer, "unprintable", codePoint(r))
		return value
	}
	value = norm.NFC.String(value)
	if n := utf8.RuneCountInString(value); n > max {
		p.Add(pointer, "too_long", n, max)
	}
	return value
}

// Unprintable reports the first character of s that a reader cannot see, or that changes how its
// neighbours are shown: control characters other than tab and line feed, direction marks and
// overrides, zero-width and other format characters, private use, unassigned code points, and
// bytes that are not UTF-8 (reported as utf8.RuneError).
func Unprintable(s string) (rune, bool) {
	for i, r := range s {
		switch {
		case r == '\n' || r == '\t':
		case r == utf8.RuneError:
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				return r, true
			}
		case r < 0x20 || r == 0x7f:
			return r, true
		case r < 0x7f:
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp):
			return r, true
		case !unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Zs):
			return r, true
		}
	}
	return 0, false
}

func codePoint(r rune) string { return fmt.Sprintf("U+%04X", r) }
