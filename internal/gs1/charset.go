package gs1

// The sets a byte can belong to. One table look-up answers all of them, because each character of
// each scanned link is asked about several times.
const (
	in82         = 1 << iota // CSET 82, figure 7.11-1 of the General Specifications
	in39                     // CSET 39, figure 7.11-2
	in64                     // file-safe base 64, figure 7.11-3, without the pad
	inURI                    // may occur in a URI at all (RFC 3986), percent included
	inHost                   // may occur between "//" and the next "/"
	inUnreserved             // never needs escaping (RFC 3986 2.3)
)

const (
	alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	upperDigits  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
)

var class = func() (t [256]uint8) {
	add := func(set uint8, chars string) {
		for i := range len(chars) {
			t[chars[i]] |= set
		}
	}
	add(in82, alphanumeric+"!\"%&'()*+,-./:;<=>?_")
	add(in39, upperDigits+"#-/")
	add(in64, alphanumeric+"-_")
	add(inURI, alphanumeric+"-._~:/?#[]@!$&'()*+,;=%")
	add(inHost, alphanumeric+"-.:[]")
	add(inUnreserved, alphanumeric+"-._~")
	return t
}()

// outside returns the index of the first byte of s that is not in the set, or -1.
func outside(s string, set uint8) int {
	for i := range len(s) {
		if class[s[i]]&set == 0 {
			return i
		}
	}
	return -1
}

// Escape writes a value for the path of a link, or for its query. Everything but unreserved
// characters becomes %XX with upper-case hexadecimal digits; in a query a blank becomes "+".
func Escape(value string, query bool) string {
	if outside(value, inUnreserved) < 0 {
		return value
	}
	return string(appendEscaped(make([]byte, 0, len(value)+12), value, query))
}

func appendEscaped(b []byte, value string, query bool) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(value) {
		switch c := value[i]; {
		case class[c]&inUnreserved != 0:
			b = append(b, c)
		case query && c == ' ':
			b = append(b, '+')
		default:
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return b
}

// Unescape is the reverse of [Escape], done exactly once: "%2541" is "%41" and not "A". A percent
// sign that no two hexadecimal digits follow stands for itself, as GS1's own reader has it. In a
// query "+" is a blank. The result is false, and the value empty, if it would hold a NUL.
func Unescape(text string, query bool) (string, bool) {
	plain := true
	for i := range len(text) {
		if c := text[i]; c == '%' || query && c == '+' {
			plain = false
			break
		}
	}
	if plain {
		return text, true
	}
	b := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '%' && i+2 < len(text):
			hi, lo := nibble(text[i+1]), nibble(text[i+2])
			if hi < 0 || lo < 0 {
				break
			}
			if c = byte(hi<<4 | lo); c == 0 {
				return "", false
			}
			i += 2
		case c == '+' && query:
			c = ' '
		}
		b = append(b, c)
	}
	return string(b), true
}

func nibble(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}
