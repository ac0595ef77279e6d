// Package gs1 knows the identifiers of the GS1 system: their check digits, the Application
// Identifiers (AIs) that carry them, and the forms in which they are written, which are element
// strings as scanners send them, bracketed text as people read it, and GS1 Digital Link URIs.
//
// What an AI may hold, which AIs exclude or require each other, and in what order they stand in a
// link comes from the GS1 Barcode Syntax Dictionary, which is embedded and read once. Nothing here
// does any I/O. Every error is a [fault.Problem]: Malformed when the text is not of the form at
// all, Invalid when the form is right and a value is not.
package gs1

import (
	"strconv"
	"strings"
)

// Kind is a kind of GS1 identification key, checked as a whole value without an AI in front.
type Kind string

// The kinds of keys. Lengths include the check digit.
const (
	KindGTIN8  Kind = "GTIN-8"
	KindGTIN12 Kind = "GTIN-12"
	KindGTIN13 Kind = "GTIN-13"
	KindGTIN14 Kind = "GTIN-14"
	KindGLN    Kind = "GLN"  // 13 digits, AIs 410 to 417
	KindSSCC   Kind = "SSCC" // 18 digits, AI 00
	KindGSRN   Kind = "GSRN" // 18 digits, AIs 8017 and 8018
	KindGSIN   Kind = "GSIN" // 17 digits, AI 402
	KindGDTI   Kind = "GDTI" // 13 digits and up to 17 characters, AI 253
	KindGCN    Kind = "GCN"  // 13 digits and up to 12 digits, AI 255
	KindGINC   Kind = "GINC" // up to 30 characters, AI 401
	KindGRAI   Kind = "GRAI" // 0, 13 digits and up to 16 characters, AI 8003
	KindGIAI   Kind = "GIAI" // up to 30 characters, AI 8004
	KindITIP   Kind = "ITIP" // GTIN-14, piece and total, AI 8006
	KindCPID   Kind = "CPID" // up to 30 characters of CSET 39, AI 8010
	KindGMN    Kind = "GMN"  // up to 25 characters with a check pair, AI 8013
	// KindCheckDigit asks only that the last digit is the check digit of those before it.
	KindCheckDigit Kind = "checkdigit-mod10"
	// KindCheckPair asks only that the last two characters are the check pair of those before.
	KindCheckPair Kind = "checkpair-gmn"
)

// digitKinds are the kinds that consist of digits and a check digit and nothing else.
var digitKinds = map[Kind]int{
	KindGTIN8: 8, KindGTIN12: 12, KindGTIN13: 13, KindGTIN14: 14,
	KindGLN: 13, KindSSCC: 18, KindGSRN: 18, KindGSIN: 17,
}

// aiKinds are the kinds whose form the dictionary describes.
var aiKinds = map[Kind]string{
	KindGDTI: "253", KindGCN: "255", KindGINC: "401", KindGRAI: "8003", KindGIAI: "8004",
	KindITIP: "8006", KindCPID: "8010", KindGMN: "8013",
}

// Check says what is wrong with a key of a kind, or nil. It changes nothing first: blanks, hyphens
// and full-width digits are faults, because they would be faults in a barcode.
func Check(kind Kind, s string) error {
	if n, ok := digitKinds[kind]; ok {
		return checkDigits(s, n).asError(string(kind), s)
	}
	if code, ok := aiKinds[kind]; ok {
		return lookupAI(code).check(s).asError(string(kind), s)
	}
	switch kind {
	case KindCheckDigit:
		return lintCheckDigit(s).asError(string(kind), s)
	case KindCheckPair:
		return lintCheckPair(s).asError(string(kind), s)
	}
	return malformed("gs1_kind", string(kind))
}

// Valid reports whether s is a key of the kind. An unknown kind has no valid keys.
func Valid(kind Kind, s string) bool { return Check(kind, s) == nil }

func checkDigits(s string, n int) flaw {
	if f := lintNumeric(s); f.bad() {
		return f
	}
	if len(s) != n {
		return flaw{code: "gs1_length", n: len(s), want: strconv.Itoa(n)}
	}
	return lintCheckDigit(s)
}

// CheckDigit returns the check digit that belongs after the given digits: weights 3, 1, 3, …
// from the right, and what is missing to the next multiple of ten (GS1 General Specifications 7.9).
// The error is a fault.Invalid when body is empty or holds anything but digits.
func CheckDigit(body string) (byte, error) {
	if body == "" {
		return 0, flaw{code: "gs1_length", want: "1"}.problem("GS1", body)
	}
	if f := lintNumeric(body); f.bad() {
		return 0, f.problem("GS1", body)
	}
	return checkDigitOf(body), nil
}

// WithCheckDigit returns the digits with their check digit, such as 8938507000013 for 893850700001.
func WithCheckDigit(body string) (string, error) {
	c, err := CheckDigit(body)
	if err != nil {
		return "", err
	}
	return body + string(c), nil
}

// checkDigitOf is CheckDigit for what is known to be digits.
func checkDigitOf(body string) byte {
	sum, weight := 0, 3
	for i := len(body) - 1; i >= 0; i-- {
		sum += weight * int(body[i]-'0')
		weight = 4 - weight
	}
	return byte('0' + (10-sum%10)%10)
}

// CheckPair returns the two check characters that belong after body, as the GMN has them
// (GS1 General Specifications 7.9.5). Body is of CSET 82 and at most 97 characters.
func CheckPair(body string) (string, error) {
	if len(body) > len(checkPairWeights) {
		return "", flaw{code: "gs1_check_pair_length", n: len(body), want: "97"}.problem("GS1", body)
	}
	if f := lintCSET82(body); f.bad() {
		return "", f.problem("GS1", body)
	}
	return checkPairOf(body), nil
}

// ValidGTIN reports whether s is a GTIN of 8, 12, 13 or 14 digits with a right check digit.
func ValidGTIN(s string) bool {
	_, err := GTIN14(s)
	return err == nil
}

// ValidGLN reports whether s is a KindGLN: 13 digits, the last being the check digit.
func ValidGLN(s string) bool { return Valid(KindGLN, s) }

// ValidSSCC reports whether s is an KindSSCC: 18 digits, the last being the check digit.
func ValidSSCC(s string) bool { return Valid(KindSSCC, s) }

// GTIN14 returns the 14-digit form of a GTIN of 8, 12, 13 or 14 digits, the only one that a
// GS1 Digital Link may carry and the one under which products are compared.
func GTIN14(s string) (string, error) {
	if f := lintNumeric(s); f.bad() {
		return "", f.problem("GTIN", s)
	}
	switch len(s) {
	case 8, 12, 13, 14:
	default:
		return "", flaw{code: "gs1_length", n: len(s), want: "8, 12, 13, 14"}.problem("GTIN", s)
	}
	if f := lintCheckDigit(s); f.bad() {
		return "", f.problem("GTIN", s)
	}
	return padGTIN(s), nil
}

func padGTIN(s string) string { return "00000000000000"[len(s):] + s }

// MaxLot is the length of the longest lot that AI 10 can carry, in characters.
const MaxLot = 20

// CheckLot says what is wrong with a lot as GS1 knows it: 1 to 20 characters of CSET 82, which has
// no blank and no letter with a Vietnamese diacritic.
func CheckLot(s string) error { return lookupAI("10").check(s).asError("(10)", s) }

// ValidLot reports whether AI 10 can carry s.
func ValidLot(s string) bool { return CheckLot(s) == nil }

// CheckHouseLot says what is wrong with a lot that is to be registered here: 1 to 20 of the letters
// A to Z and a to z, digits and hyphens. The rule is stricter than the standard's so that no code we
// print ever needs escaping, neither in a link nor in a file name nor on the telephone.
func CheckHouseLot(s string) error {
	if len(s) == 0 || len(s) > MaxLot {
		return flaw{code: "gs1_lot_length", n: len(s), want: strconv.Itoa(MaxLot)}.problem("(10)", s)
	}
	for i := range len(s) {
		if c := s[i]; !isLetter(c) && !isDigit(c) && c != '-' {
			return flaw{code: "gs1_lot_house", pos: i, n: charLen(s[i:])}.problem("(10)", s)
		}
	}
	return nil
}

// ValidHouseLot reports whether s may be registered as a lot here; see [CheckHouseLot].
func ValidHouseLot(s string) bool { return CheckHouseLot(s) == nil }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isLetter(c byte) bool { return 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' }

func allDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return true
}

// charLen is the length in bytes of the character s begins with, so that a message can show a
// Vietnamese letter whole.
func charLen(s string) int {
	for i := range s {
		if i > 0 {
			return i
		}
	}
	return len(s)
}

// squeeze removes what people put between groups of digits when they write a number down.
func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '\u00a0' {
			return -1
		}
		return r
	}, s)
}
