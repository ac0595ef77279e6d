package trace

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// maxNumber bounds the folded form of a number, in bytes.
const maxNumber = 200

// lookAlikes are letters and signs that a reader takes for another: Cyrillic and Greek letters, letters
// that look like digits, and the many forms of a dash or slash.
var lookAlikes = func() map[rune]rune {
	m := map[rune]rune{
		'O': '0', 'I': '1', 'L': '1', '|': '1', 'Đ': 'D', 'Ð': 'D', 'Ɖ': 'D', 'Ø': '0', 'Ł': '1', 'ı': '1',
		'−': '-', '﹣': '-', '－': '-', '⁃': '-', '˗': '-', '_': '-',
		'⁄': '/', '∕': '/', '⧸': '/', '／': '/', '\\': '/',
	}
	pairs := func(from, to string) {
		latin := []rune(to)
		for i, r := range []rune(from) {
			m[r] = latin[i]
		}
	}
	pairs("АВЕКМНОРСТУХІЈЅԌҮЗ", "ABEKMH0PCTYX1JSGY3")
	pairs("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZH1KMN0PTYX")
	return m
}()

// FoldNumber writes a certificate's number in the form by which it is looked up: spaces, case, diacritics,
// look-alike characters and the kind of dash or slash make no difference, nor do quotation marks. "12/2022/NNPTNT–ĐL" and
// "12 / 2022 / nnptnt-dl" fold alike. Folding twice changes nothing. The result is for machines and may be
// empty; two different numbers may fold alike, which is why an answer shows the number as it is on record.
func FoldNumber(s string) string {
	if len(s) > 10*maxNumber {
		s = s[:10*maxNumber]
	}
	s = strings.ToValidUTF8(s, "")
	var b strings.Builder
	for _, r := range norm.NFKD.String(s) {
		// An upper-case letter may come apart once more, and a letter may be a look-alike of one.
		for _, r := range norm.NFKD.String(strings.ToUpper(string(r))) {
			switch {
			case unicode.In(r, unicode.Mn, unicode.Me, unicode.Mc, unicode.Cf, unicode.Cc, unicode.Zs, unicode.Zl, unicode.Zp, unicode.Co):
				continue
			case unicode.In(r, unicode.Pi, unicode.Pf), r == '"', r == '\'', r == '`', r == '´':
				continue
			case unicode.Is(unicode.Pd, r):
				r = '-'
			}
			if to, ok := lookAlikes[r]; ok {
				r = to
			}
			if b.Len() >= maxNumber {
				return b.String()
			}
			b.WriteRune(r)
		}
	}
	return b.String()
}
