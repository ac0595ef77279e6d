package trace

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"strings"
)

// The alphabet of lot codes has no two letters that a person takes for one another on a wet label:
// no 0 or O, no 1, I or L, no 2 or Z, no 5 or S, no B beside 8, no G beside 6, no U or Y beside V.
// Its size is a prime, so that the check character finds every single wrong character and every pair
// of characters that changed places.
const (
	codeAlphabet = "346789ACDEFHJKMNPQRTVWX"
	codeLength   = 12 // eleven random characters and the check character
	// rollCodeLength is that of the labels of pre-printed rolls.
	rollCodeLength = 13
)

// NewCode returns a fresh lot code: random, so that nobody can guess another lot's from it.
func NewCode() string {
	var seed [32]byte
	rand.Read(seed[:]) // never fails: crypto/rand crashes the program rather
	return codeFrom(seed)
}

// codeFrom spells 50 bits of a seed as a code.
func codeFrom(seed [32]byte) string {
	n := binary.BigEndian.Uint64(seed[:8])
	code := make([]byte, codeLength)
	for i := range codeLength - 1 {
		code[i] = codeAlphabet[n%uint64(len(codeAlphabet))]
		n /= uint64(len(codeAlphabet))
	}
	code[codeLength-1] = checkCharacter(string(code[:codeLength-1]))
	return string(code)
}

// checkCharacter makes the sum of place × value a multiple of 23 over the whole code. Places are
// weighted 1, 2, 3 … up to 13 at most, all different and none a multiple of 23.
func checkCharacter(body string) byte {
	n := len(codeAlphabet)
	sum := 0
	for i := range len(body) {
		sum += (i + 1) * strings.IndexByte(codeAlphabet, body[i])
	}
	weight := len(body) + 1
	for v := range n {
		if (sum+weight*v)%n == 0 {
			return codeAlphabet[v]
		}
	}
	panic("trace: no check character") // 23 is prime: there is always one
}

// ParseCode reads a lot code as a person may have typed it: in small letters, with spaces or hyphens
// between groups, with a B for an 8. ok is false if it is no code: wrong length, wrong letter, or a
// check character that does not fit.
func ParseCode(s string) (code string, ok bool) { return parseWord(s, codeLength) }

// ParseRollCode reads the code of a label of a pre-printed roll as ParseCode reads a lot's. It is one
// character longer, so neither can be taken for the other.
func ParseRollCode(s string) (code string, ok bool) { return parseWord(s, rollCodeLength) }

// parseWord reads a word of n characters, the last of which checks the others.
func parseWord(s string, n int) (word string, ok bool) {
	if len(s) > 4*n {
		return "", false
	}
	var b strings.Builder
	for _, r := range strings.ToUpper(s) {
		switch r {
		case ' ', '-', '.', '\u00a0':
			continue
		case 'B':
			r = '8'
		case 'G':
			r = '6'
		case 'U', 'Y':
			r = 'V'
		}
		b.WriteRune(r)
	}
	word = b.String()
	if len(word) != n {
		return "", false
	}
	for i := range n {
		if strings.IndexByte(codeAlphabet, word[i]) < 0 {
			return "", false
		}
	}
	return word, checkCharacter(word[:n-1]) == word[n-1]
}

// SpellCode writes a code in groups of four, as it is printed for people to read; the last group of a
// roll's code has five.
func SpellCode(code string) string {
	if len(code) != codeLength && len(code) != rollCodeLength {
		return code
	}
	return code[:4] + "-" + code[4:8] + "-" + code[8:]
}

// newID returns an identifier for a record of a kind. With a token it is always the same for the
// same actor, kind and token, so that a repeated submission lands on the same record.
func newID(kind string, by Actor, token string) string {
	if token == "" {
		return strings.ToLower(NewCode())
	}
	return strings.ToLower(codeFrom(sha256.Sum256([]byte(kind + "\x00" + by.ID + "\x00" + token))))
}
