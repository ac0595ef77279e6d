package locale

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Fold returns the form of a text by which it is searched and compared: "Đắk Lắk" and "dak  lak"
// fold to "dak lak". Accents and tone marks go, letters become small, đ (and ð, which looks the
// same as a capital) becomes d, white space of any kind and width becomes one space, and there is
// none at the ends. Folding twice changes nothing, and composed and decomposed input fold alike.
//
// The result is for machines: it never replaces what a person wrote.
func Fold(s string) string {
	if folded(s) {
		return s
	}
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\ufffd")
	}
	var b strings.Builder
	b.Grow(len(s))
	space := false
	for _, r := range norm.NFD.String(s) {
		switch {
		case unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Cf, r):
			continue
		case unicode.IsSpace(r):
			space = b.Len() > 0
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		switch r {
		case 'đ', 'Đ', 'ð', 'Ð', 'ɖ', 'Ɖ':
			r = 'd'
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// folded tells quickly that there is nothing to do, which is so for most codes and numbers.
func folded(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf || c < ' ' || c == 0x7f || c >= 'A' && c <= 'Z' ||
			c == ' ' && (i == 0 || i == len(s)-1 || s[i-1] == ' ') {
			return false
		}
	}
	return true
}

// Words returns the folded words of a text in the order in which they first occur, each once. A
// word is a run of letters and digits, so that "HTX-2603A" is found by "2603a".
func Words(s string) []string {
	fields := strings.FieldsFunc(Fold(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
	var out []string
	seen := make(map[string]bool, len(fields))
	for _, w := range fields {
		if !seen[w] {
			seen[w] = true
			out = append(out, w)
		}
	}
	return out
}
