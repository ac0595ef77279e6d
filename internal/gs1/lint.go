package gs1

import "strings"

// A linter is one of the content rules that the Syntax Dictionary names behind a component, such as
// "csum" in N14,csum.
type linter func(string) flaw

// linters holds every rule the dictionary can name, under its name there. The first four are also
// what the letters N, X, Y and Z of a component ask for.
var linters = map[string]linter{
	"csetnumeric":    lintNumeric,
	"cset82":         lintCSET82,
	"cset39":         lintCSET39,
	"cset64":         lintCSET64,
	"csum":           lintCheckDigit,
	"csumalpha":      lintCheckPair,
	"gcppos1":        lintPrefix,
	"gcppos2":        lintPrefixAfterOne,
	"hasnondigit":    lintHasNonDigit,
	"hh":             timeLinter(2),
	"hhmi":           timeLinter(4),
	"mi":             partLinter("gs1_time", 2, 59),
	"ss":             partLinter("gs1_time", 2, 59),
	"hyphen":         lintHyphen,
	"iban":           lintIBAN,
	"importeridx":    lintImporterIndex,
	"iso3166":        listLinter("gs1_country", countryNumbers),
	"iso3166alpha2":  listLinter("gs1_country_letters", countryLetters),
	"iso3166999":     lintCountryOrMany,
	"iso4217":        listLinter("gs1_currency", currencyNumbers),
	"iso5218":        oneOfLinter("gs1_sex", "0129"),
	"latitude":       partLinter("gs1_latitude", 10, 1800000000),
	"longitude":      partLinter("gs1_longitude", 10, 3600000000),
	"mediatype":      lintMediaType,
	"nonzero":        lintNonZero,
	"nozeroprefix":   lintNoZeroPrefix,
	"packagetype":    listLinter("gs1_package_type", packageTypes),
	"pcenc":          lintPercent,
	"pieceoftotal":   lintPiece,
	"posinseqslash":  lintPosition,
	"winding":        oneOfLinter("gs1_winding", "019"),
	"yesno":          oneOfLinter("gs1_yes_no", "01"),
	"yymmd0":         dateLinter(2, true),
	"yymmdd":         dateLinter(2, false),
	"yyyymmd0":       dateLinter(4, true),
	"yyyymmdd":       dateLinter(4, false),
	"zero":           lintZero,
	"couponcode":     lintCoupon,
	"couponposoffer": lintCouponOffer,
}

// Lint applies one content rule of the Syntax Dictionary, by its name there, to a value. It returns
// nil, a fault.Invalid that says what is wrong, or a fault.Malformed when there is no such rule.
func Lint(rule, value string) error {
	lint, ok := linters[rule]
	if !ok {
		return malformed("gs1_kind", rule)
	}
	return lint(value).asError(rule, value)
}

func lintNumeric(s string) flaw {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return flaw{code: "gs1_digits", pos: i, n: charLen(s[i:])}
		}
	}
	return flaw{}
}

func charsetFlaw(code, s string, set uint8) flaw {
	if i := outside(s, set); i >= 0 {
		return flaw{code: code, pos: i, n: charLen(s[i:])}
	}
	return flaw{}
}

func lintCSET82(s string) flaw { return charsetFlaw("gs1_charset", s, in82) }

func lintCSET39(s string) flaw { return charsetFlaw("gs1_charset39", s, in39) }

// lintCSET64 accepts base 64 with the file-safe alphabet; if padded, to a multiple of three.
func lintCSET64(s string) flaw {
	body := strings.TrimRight(s, "=")
	if pads := len(s) - len(body); pads > 2 || pads > 0 && len(s)%3 != 0 {
		return flaw{code: "gs1_padding64", pos: len(body), n: pads}
	}
	return charsetFlaw("gs1_charset64", body, in64)
}

func lintCheckDigit(s string) flaw {
	if s == "" {
		return flaw{code: "gs1_length", want: "1"}
	}
	if f := lintNumeric(s); f.bad() {
		return f
	}
	last := len(s) - 1
	if c := checkDigitOf(s[:last]); c != s[last] {
		return flaw{code: "gs1_check_digit", pos: last, n: 1, want: string(c)}
	}
	return flaw{}
}

const (
	order82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
	order32 = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
)

// checkPairWeights are the first 97 primes, enough for the longest value that any AI holds.
var checkPairWeights = func() (primes [97]int) {
	have := 0
	for n := 2; have < len(primes); n++ {
		prime := true
		for _, p := range primes[:have] {
			prime = prime && n%p != 0
		}
		if prime {
			primes[have] = n
			have++
		}
	}
	return primes
}()

var value82 = func() (t [256]int) {
	for i := range len(order82) {
		t[order82[i]] = i
	}
	return t
}()

// checkPairOf is the algorithm of the General Specifications 7.9.5: values weighted by rising
// primes from the right, modulo 1021, written as two characters of five bits.
func checkPairOf(body string) string {
	sum := 0
	for i := range len(body) {
		sum += value82[body[i]] * checkPairWeights[len(body)-1-i]
	}
	sum %= 1021
	return string([]byte{order32[sum>>5], order32[sum&31]})
}

func lintCheckPair(s string) flaw {
	if len(s) < 2 || len(s) > len(checkPairWeights)+2 {
		return flaw{code: "gs1_check_pair_length", n: len(s), want: "2-99"}
	}
	body := s[:len(s)-2]
	if f := lintCSET82(body); f.bad() {
		return f
	}
	if want := checkPairOf(body); s[len(body):] != want {
		return flaw{code: "gs1_check_pair", pos: len(body), n: 2, want: want}
	}
	return flaw{}
}

// minPrefix is the length of the shortest GS1 Company Prefix. Which prefixes are allotted is not
// checked: that needs GS1's register.
const minPrefix = 4

func lintPrefix(s string) flaw {
	if len(s) < minPrefix {
		return flaw{code: "gs1_company_prefix", n: len(s)}
	}
	if f := lintNumeric(s[:minPrefix]); f.bad() {
		f.code = "gs1_company_prefix"
		f.n = 1
		return f
	}
	return flaw{}
}

// lintPrefixAfterOne is for keys with an indicator or extension digit in front of the prefix.
func lintPrefixAfterOne(s string) flaw {
	if len(s) < 2 {
		return flaw{code: "gs1_company_prefix", n: len(s)}
	}
	return lintPrefix(s[1:]).shift(1)
}

func lintHasNonDigit(s string) flaw {
	if allDigits(s) {
		return flaw{code: "gs1_need_letter", n: len(s)}
	}
	return flaw{}
}

func lintHyphen(s string) flaw {
	if s == "" || strings.Trim(s, "-") != "" {
		return flaw{code: "gs1_hyphen", n: len(s)}
	}
	return flaw{}
}

func lintImporterIndex(s string) flaw {
	if len(s) != 1 || class[s[0]]&in64 == 0 {
		return flaw{code: "gs1_importer_index", n: len(s)}
	}
	return flaw{}
}

// listLinter accepts the codes of a list.
func listLinter(code string, list map[string]bool) linter {
	return func(s string) flaw {
		if !list[s] {
			return flaw{code: code, n: len(s)}
		}
		return flaw{}
	}
}

// lintCountryOrMany also accepts 999, which stands for several countries.
func lintCountryOrMany(s string) flaw {
	if s != "999" && !countryNumbers[s] {
		return flaw{code: "gs1_country", n: len(s)}
	}
	return flaw{}
}

// oneOfLinter accepts a single character out of a few.
func oneOfLinter(code, chars string) linter {
	return func(s string) flaw {
		if len(s) != 1 || !strings.Contains(chars, s) {
			return flaw{code: code, n: len(s), want: chars}
		}
		return flaw{}
	}
}

// partLinter accepts a number of a fixed count of digits up to a limit.
func partLinter(code string, digits, limit int) linter {
	return func(s string) flaw {
		if len(s) != digits {
			return flaw{code: code, n: len(s)}
		}
		if f := lintNumeric(s); f.bad() {
			return f
		}
		if number(s) > limit {
			return flaw{code: code, n: digits}
		}
		return flaw{}
	}
}

// number is the value of at most 18 digits.
func number(s string) (n int) {
	for i := range len(s) {
		n = n*10 + int(s[i]-'0')
	}
	return n
}

// timeLinter accepts HH, or HHMM, on a 24-hour clock.
func timeLinter(digits int) linter {
	hour, minute := partLinter("gs1_time", 2, 23), partLinter("gs1_time", 2, 59)
	return func(s string) flaw {
		if len(s) != digits {
			return flaw{code: "gs1_time", n: len(s)}
		}
		if f := hour(s[:2]); f.bad() || digits == 2 {
			return f
		}
		f := minute(s[2:])
		return f.shift(2)
	}
}

// lintMediaType accepts the AIDC media types that ICCBBA has assigned: 01 to 10 and 80 to 99.
func lintMediaType(s string) flaw {
	if len(s) == 2 && allDigits(s) {
		if n := number(s); 1 <= n && n <= 10 || 80 <= n {
			return flaw{}
		}
	}
	return flaw{code: "gs1_media_type", n: len(s)}
}

func lintNonZero(s string) flaw {
	if f := lintNumeric(s); f.bad() {
		return f
	}
	if strings.Trim(s, "0") == "" {
		return flaw{code: "gs1_nonzero", n: len(s)}
	}
	return flaw{}
}

func lintNoZeroPrefix(s string) flaw {
	if strings.HasPrefix(s, "0") {
		return flaw{code: "gs1_zero_prefix", n: 1}
	}
	return lintNumeric(s)
}

func lintZero(s string) flaw {
	if s == "" || strings.Trim(s, "0") != "" {
		return flaw{code: "gs1_zero", n: len(s)}
	}
	return flaw{}
}

// lintPercent accepts text in which every "%" begins a %hh.
func lintPercent(s string) flaw {
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			continue
		}
		if i+2 >= len(s) {
			return flaw{code: "gs1_percent", pos: i, n: len(s) - i}
		}
		if nibble(s[i+1]) < 0 || nibble(s[i+2]) < 0 {
			return flaw{code: "gs1_percent", pos: i, n: 3}
		}
		i += 2
	}
	return flaw{}
}

// lintPiece accepts the number of a piece and, equally long, of how many, such as 0103.
func lintPiece(s string) flaw {
	if f := lintNumeric(s); f.bad() {
		return f
	}
	half := len(s) / 2
	if s == "" || len(s)%2 != 0 {
		return flaw{code: "gs1_piece", n: len(s)}
	}
	piece, total := s[:half], s[half:]
	switch {
	case strings.Trim(piece, "0") == "":
		return flaw{code: "gs1_piece", n: half}
	case strings.Trim(total, "0") == "":
		return flaw{code: "gs1_piece", pos: half, n: half}
	case piece > total:
		return flaw{code: "gs1_piece", n: len(s)}
	}
	return flaw{}
}

// lintPosition accepts a position and an end, such as 2/3, without leading zeros.
func lintPosition(s string) flaw {
	whole := flaw{code: "gs1_position", n: len(s)}
	pos, end, ok := strings.Cut(s, "/")
	if !ok || pos == "" || end == "" || !allDigits(pos) || !allDigits(end) {
		return whole
	}
	if pos[0] == '0' {
		return flaw{code: "gs1_zero_prefix", n: len(pos)}
	}
	if end[0] == '0' {
		return flaw{code: "gs1_zero_prefix", pos: len(pos) + 1, n: len(end)}
	}
	if len(pos) > len(end) || len(pos) == len(end) && pos > end {
		return whole
	}
	return flaw{}
}

// lintIBAN accepts an ISO 13616 account number by its country, length and check digits.
func lintIBAN(s string) flaw {
	whole := flaw{code: "gs1_iban", n: len(s)}
	if len(s) < 4 {
		return whole
	}
	if !countryLetters[s[:2]] {
		return flaw{code: "gs1_iban", n: 2}
	}
	if len(s) <= 10 || len(s) > 34 {
		return whole
	}
	rest := 0
	for i := range len(s) {
		at := (i + 4) % len(s)
		v := strings.IndexByte("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", s[at])
		switch {
		case v < 0:
			return flaw{code: "gs1_iban", pos: at, n: charLen(s[at:])}
		case v < 10:
			rest = (rest*10 + v) % 97
		default:
			rest = (rest*100 + v) % 97
		}
	}
	if rest != 1 {
		return flaw{code: "gs1_iban", pos: 2, n: 2}
	}
	return flaw{}
}
