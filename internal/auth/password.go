package auth

import (
	"crypto/rand"
	_ "embed"
	"math/big"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"truynguon/internal/fault"
)

// Bounds of a password's length, in characters of its NFC form. There are no rules about kinds of
// characters: they make passwords harder to remember than to guess (NIST SP 800-63B, 3.1.1.2).
const (
	MinPassword = 10
	MaxPassword = 200
)

// maxPasswordBytes bounds what is normalised and hashed at all. No 200 characters that a keyboard
// makes are that long.
const maxPasswordBytes = 16 * MaxPassword

// normal returns the form of a password that is hashed. The same Vietnamese letters come out of one
// phone composed and of another decomposed.
func normal(password string) string { return norm.NFC.String(password) }

// checkPassword adds the faults of a new password under the pointer and returns its normal form.
func checkPassword(p *fault.Problem, pointer, password, email, name string) string {
	if len(password) > maxPasswordBytes {
		p.Add(pointer, "password_long", MaxPassword)
		return ""
	}
	password = normal(password)
	n := utf8.RuneCountInString(password)
	switch {
	case password == "":
		p.Add(pointer, "missing")
		return ""
	case !utf8.ValidString(password) || strings.ContainsFunc(password, unicode.IsControl):
		p.Add(pointer, "password_characters")
		return ""
	case n < MinPassword:
		p.Add(pointer, "password_short", MinPassword)
	case n > MaxPassword:
		p.Add(pointer, "password_long", MaxPassword)
	}
	if resembles(password, email, name) {
		p.Add(pointer, "password_is_name")
	}
	if common(password) {
		p.Add(pointer, "password_common")
	}
	return password
}

// resembles reports whether the password is the e-mail address, its local part or the name, with or
// without a few digits around it.
func resembles(password, email, name string) bool {
	folded, bare := fold(password), core(password)
	local, _, _ := strings.Cut(email, "@")
	for _, s := range []string{email, local, name} {
		if s = fold(s); s != "" && (s == folded || s == bare) {
			return true
		}
	}
	return false
}

//go:embed common.txt
var commonText string

// commonSet is common.txt, folded.
var commonSet = sync.OnceValue(func() map[string]bool {
	set := make(map[string]bool)
	for line := range strings.Lines(commonText) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			set[fold(line)] = true
		}
	}
	return set
})

// common reports whether the password is among the first that a guesser tries: listed in common.txt,
// listed with some digits around it, a listed one repeated, a run of neighbours such as 0123456789,
// few different characters, or a Vietnamese mobile number.
func common(password string) bool {
	s := fold(password)
	return commonSet()[s] || commonSet()[core(password)] || commonSet()[period(s)] ||
		fewDifferent(s) || run(s) || mobileNumber(s)
}

// fold returns the letters of s as a lazy typist writes them: small, without diacritics, without
// spaces.
func fold(s string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.ToLower(s)) {
		switch {
		case r == 'đ':
			b.WriteByte('d')
		case unicode.Is(unicode.Mn, r), unicode.IsSpace(r):
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// core returns the folded password without the digits and signs around it, as long as these are no
// more than a year or a date: what is behind eight digits is not the weak part any more.
func core(password string) string {
	s := fold(password)
	bare := strings.TrimFunc(s, func(r rune) bool { return !unicode.IsLetter(r) })
	if utf8.RuneCountInString(s)-utf8.RuneCountInString(bare) > 8 {
		return s
	}
	return bare
}

// period returns the shortest string of which s is a repetition.
func period(s string) string {
	for n := 1; n <= len(s)/2; n++ {
		if len(s)%n == 0 && strings.Repeat(s[:n], len(s)/n) == s {
			return s[:n]
		}
	}
	return s
}

func fewDifferent(s string) bool {
	seen := make(map[rune]bool)
	for _, r := range s {
		seen[r] = true
	}
	return len(seen) < 4
}

// run reports whether each character follows the one before in the same direction.
func run(s string) bool {
	rs := []rune(s)
	if len(rs) < 2 {
		return false
	}
	step := rs[1] - rs[0]
	if step != 1 && step != -1 {
		return false
	}
	for i := 1; i < len(rs); i++ {
		d := rs[i] - rs[i-1]
		wraps := rs[i-1] == '9' && rs[i] == '0' && step == 1 || rs[i-1] == '0' && rs[i] == '9' && step == -1
		if d != step && !wraps {
			return false
		}
	}
	return true
}

// mobileNumber reports whether s is a Vietnamese mobile number: 0 or 84, one of 3 5 7 8 9, eight
// digits. It is the password people choose first, and everybody who knows them knows it.
func mobileNumber(s string) bool {
	rest, ok := strings.CutPrefix(strings.TrimPrefix(s, "+"), "84")
	if !ok {
		rest, ok = strings.CutPrefix(s, "0")
	}
	if !ok || len(rest) != 9 || !strings.Contains("35789", rest[:1]) {
		return false
	}
	return strings.Trim(rest, "0123456789") == ""
}

// The alphabet of generated passwords has no two characters that look alike, and none that a
// Vietnamese input method turns into another one: Telex and VNI change a word only at a vowel, at a
// d or at a w, and they often stay switched on in password fields. Without vowels there are no
// embarrassing words either.
const (
	passwordAlphabet = "23456789bcfghjkmnpqrstvxz"
	passwordGroups   = 4 // of four characters: 16 × log2(25) = 74 bits
)

// newPassword returns a random password such as "k7mq-p3vt-x9hb-s4nc".
func newPassword() string {
	var b strings.Builder
	for i := range passwordGroups * 4 {
		if i > 0 && i%4 == 0 {
			b.WriteByte('-')
		}
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(passwordAlphabet))))
		if err != nil {
			panic("auth: no randomness: " + err.Error()) // crypto/rand does not fail
		}
		b.WriteByte(passwordAlphabet[n.Int64()])
	}
	return b.String()
}
