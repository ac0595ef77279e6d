package trace

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"truynguon/internal/gs1"
)

// Scheme is a kind of certificate that cooperatives hold. Schemes are data: an operator adds one
// without a programmer.
type Scheme struct {
	ID string `yaml:"id" json:"id"`
	// Names are the names of the scheme by language, and ShortNames those for tables and labels.
	Names      map[string]string `yaml:"names" json:"names"`
	ShortNames map[string]string `yaml:"shortNames" json:"shortNames,omitempty"`
	// Number tells what its numbers usually look like.
	Number NumberHint `yaml:"number" json:"number,omitzero"`
	// ValidityMonths is how long it usually is in force, 0 if there is no usual length; ValidityStatus
	// is how well that is established.
	ValidityMonths int        `yaml:"validityMonths" json:"validityMonths,omitempty"`
	ValidityStatus LawStatus  `yaml:"validityStatus" json:"validityStatus,omitempty"`
	Scope          []string   `yaml:"scope" json:"scope,omitempty"`
	Activities     []Activity `yaml:"activities" json:"activities,omitempty"`
	Editions       []Edition  `yaml:"editions" json:"editions,omitempty"`
	// Issuers are the kinds of body that issue it, of IssuerKinds.
	Issuers []string `yaml:"issuers" json:"issuers,omitempty"`
	// Register is where anybody can look it up, nil if no such place is known.
	Register    *Register    `yaml:"register" json:"register,omitempty"`
	Regulations []Regulation `yaml:"regulations" json:"regulations,omitempty"`
	// RelevantDate tells which day of a lot a certificate must have been in force on: "harvest" for
	// what certifies growing, "packaging" for what certifies a facility.
	RelevantDate string `yaml:"relevantDate" json:"relevantDate"`
	// FoodSafety tells that it is a lawful basis for selling food: a certificate, an equivalent, a
	// commitment or an exemption.
	FoodSafety bool `yaml:"foodSafety" json:"foodSafety"`
	// SelfDeclared tells that nobody but the producer stands behind it.
	SelfDeclared bool `yaml:"selfDeclared" json:"selfDeclared"`
	// NeedsBasis tells that it is worth nothing without the legal ground that it rests on.
	NeedsBasis bool `yaml:"needsBasis" json:"needsBasis,omitempty"`
	// PerLot tells that it is about one lot, which it must name.
	PerLot bool `yaml:"perLot" json:"perLot,omitempty"`

	pattern *regexp.Regexp
}

// NumberHint tells what the numbers of a scheme usually look like. It never refuses one: issuers have
// changed their ways before.
type NumberHint struct {
	// Pattern is a regular expression (RE2) for the whole number.
	Pattern string `yaml:"pattern" json:"pattern,omitempty"`
	Example string `yaml:"example" json:"example,omitempty"`
	// CheckDigit is "gln" where the number is built like a GS1 location number, and else empty.
	CheckDigit string `yaml:"checkDigit" json:"checkDigit,omitempty"`
}

// LawStatus is how a statement about law or practice was read.
type LawStatus string

// The ways in which a statement was read. Only what is LawVerified may be shown as established law.
const (
	LawVerified   LawStatus = "verified"   // in the text itself
	LawSecondary  LawStatus = "secondary"  // in somebody's account of it
	LawUnverified LawStatus = "unverified" // from memory
)

// Regulation is a law, decree or standard that a scheme rests on.
type Regulation struct {
	// Code is its number and name; Article the part that matters.
	Code    string `yaml:"code" json:"code"`
	Article string `yaml:"article" json:"article,omitempty"`
	// From and To are the first and the last day on which it is in force, empty if not known.
	From Date `yaml:"from" json:"from,omitempty"`
	To   Date `yaml:"to" json:"to,omitempty"`
	// SuspendedFrom is the day from which it is suspended, by SuspendedBy.
	SuspendedFrom Date      `yaml:"suspendedFrom" json:"suspendedFrom,omitempty"`
	SuspendedBy   string    `yaml:"suspendedBy" json:"suspendedBy,omitempty"`
	Status        LawStatus `yaml:"status" json:"status"`
}

// Edition is an edition of the standard, or a grade.
type Edition struct {
	ID string `yaml:"id" json:"id"`
	// From and To are the first and last day on which it is issued, empty if open.
	From   Date      `yaml:"from" json:"from,omitempty"`
	To     Date      `yaml:"to" json:"to,omitempty"`
	Status LawStatus `yaml:"status" json:"status"`
}

// Register is a public place where certificates of a scheme can be looked up.
type Register struct {
	// Names are its names by language.
	Names map[string]string `yaml:"names" json:"names"`
	// URL is its address, empty if none is established.
	URL    string    `yaml:"url" json:"url,omitempty"`
	Status LawStatus `yaml:"status" json:"status"`
}

// Activity is what is done with food at a place, as far as certificates tell it apart.
type Activity string

// The activities that a certificate may be limited to.
const (
	ActGrowing    Activity = "growing"
	ActPacking    Activity = "packing"
	ActProcessing Activity = "processing"
	ActStoring    Activity = "storing"
	ActTrading    Activity = "trading"
)

// Activities lists the activities in the order in which they happen.
var Activities = []Activity{ActGrowing, ActPacking, ActProcessing, ActStoring, ActTrading}

// ScopeParts are what the scope of a certificate can be made of, and IssuerKinds the kinds of issuer.
var (
	ScopeParts  = []string{"product", "place", "area", "season", "yield", "batch", "activity"}
	IssuerKinds = []string{"holder", "commune", "district", "province", "ministry", "standards_body", "certification_body", "laboratory"}
)

// Name returns the scheme's name in a language, or in Vietnamese if it has none in that.
func (s Scheme) Name(lang string) string {
	if n := s.Names[lang]; n != "" {
		return n
	}
	return s.Names["vi"]
}

// ShortName returns the scheme's short name in a language, or its name if it has no short one.
func (s Scheme) ShortName(lang string) string {
	if n := s.ShortNames[lang]; n != "" {
		return n
	}
	if n := s.ShortNames["vi"]; n != "" && s.Names[lang] == "" {
		return n
	}
	return s.Name(lang)
}

// UsualEnd answers the last day of a certificate that starts on a day and is in force as long as usual,
// and nothing if there is no usual length.
func (s Scheme) UsualEnd(start Date) Date {
	t := start.Time(time.UTC)
	if t.IsZero() || s.ValidityMonths == 0 {
		return ""
	}
	return DateOf(t.AddDate(0, s.ValidityMonths, -1))
}

// The hints that Hint gives about a number, with the catalogue keys "hint."+code.
const (
	HintUnusual    = "number_unusual"     // it does not look like the numbers of this scheme
	HintCheckDigit = "number_check_digit" // its check digit is wrong: a digit is mistyped
)

// Hint looks at a number as a person typed it and answers what seems wrong with it, or nothing. A hint
// is shown beside the field and refuses nothing.
func (s Scheme) Hint(number string) string {
	number = strings.TrimSpace(number)
	if number == "" {
		return ""
	}
	if s.Number.CheckDigit == "gln" {
		only := strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return r
			}
			return -1
		}, number)
		if len(only) == 13 && !gs1.ValidGLN(only) {
			return HintCheckDigit
		}
	}
	if s.pattern != nil && !s.pattern.MatchString(number) {
		return HintUnusual
	}
	return ""
}

// Schemes are the known kinds of certificate by id.
type Schemes map[string]Scheme

// With answers the schemes and those of an operator's own, which add to them and replace those of the same id.
// What records say of a scheme that was replaced reads as its successor has it.
func (s Schemes) With(own Schemes) Schemes {
	all := maps.Clone(s)
	maps.Copy(all, own)
	return all
}

// InOrder lists the schemes in the order of their ids.
func (s Schemes) InOrder() []Scheme {
	out := make([]Scheme, 0, len(s))
	for _, scheme := range s {
		out = append(out, scheme)
	}
	slices.SortFunc(out, func(a, b Scheme) int { return strings.Compare(a.ID, b.ID) })
	return out
}

var schemeID = regexp.MustCompile(`^[a-z][a-z0-9_]{1,39}$`)

// ParseSchemes reads schemes from YAML, a list under "schemes". Every fault is named.
func ParseSchemes(data []byte) (Schemes, error) {
	var file struct {
		Schemes []Scheme `yaml:"schemes"`
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true) // a misspelt member would otherwise be silently without effect
	out := Schemes{}
	var faults []error
	if err := dec.Decode(&file); err != nil && !errors.Is(err, io.EOF) {
		var members *yaml.TypeError // what else could be read is checked all the same
		if !errors.As(err, &members) {
			return nil, fmt.Errorf("schemes: %w", err)
		}
		for _, m := range members.Errors {
			faults = append(faults, fmt.Errorf("schemes: %s", m))
		}
	}
	if len(file.Schemes) == 0 {
		faults = append(faults, errors.New("schemes: there is none"))
	}
	for i, s := range file.Schemes {
		if s.ID == "" {
			faults = append(faults, fmt.Errorf("schemes: number %d has no id", i+1))
			continue
		}
		if out[s.ID].ID != "" {
			faults = append(faults, fmt.Errorf("scheme %s: twice", s.ID))
		}
		faults = append(faults, s.check()...)
		out[s.ID] = s
	}
	return out, errors.Join(faults...)
}

// check names every fault of a scheme, and prepares its pattern.
func (s *Scheme) check() (faults []error) {
	bad := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf("scheme %s: "+format, append([]any{s.ID}, args...)...))
		}
	}
	bad(schemeID.MatchString(s.ID), "the id is not 2 to 40 small letters, digits and underscores")
	bad(s.Names["vi"] != "" && s.Names["en"] != "", "needs a name in vi and en")
	bad(len(s.ShortNames) == 0 || s.ShortNames["vi"] != "" && s.ShortNames["en"] != "", "needs a short name in both vi and en, or in none")
	bad(s.RelevantDate == "harvest" || s.RelevantDate == "packaging", "relevantDate is %q, not harvest or packaging", s.RelevantDate)
	bad(s.ValidityMonths >= 0 && s.ValidityMonths <= 600, "validityMonths is %d", s.ValidityMonths)
	bad(s.ValidityMonths == 0 || s.ValidityStatus.known(), "validityStatus is %q, not verified, secondary or unverified", s.ValidityStatus)
	if s.Number.Pattern != "" {
		var err error
		s.pattern, err = regexp.Compile(s.Number.Pattern)
		bad(err == nil, "number.pattern: %v", err)
		bad(err != nil || s.Number.Example == "" || s.pattern.MatchString(s.Number.Example), "number.example %q does not fit number.pattern", s.Number.Example)
	}
	bad(s.Number.CheckDigit == "" || s.Number.CheckDigit == "gln", "number.checkDigit is %q, not gln", s.Number.CheckDigit)
	bad(s.Number.CheckDigit == "" || s.Number.Example == "" || gs1.ValidGLN(s.Number.Example), "number.example %q has a wrong check digit", s.Number.Example)
	listed := func(what string, values, known []string) {
		for i, v := range values {
			bad(slices.Contains(known, v), "%s: %q is not one of %s", what, v, strings.Join(known, ", "))
			bad(!slices.Contains(values[:i], v), "%s: %s twice", what, v)
		}
	}
	listed("scope", s.Scope, ScopeParts)
	listed("issuers", s.Issuers, IssuerKinds)
	listed("activities", texts(s.Activities), texts(Activities))
	bad(!s.PerLot || slices.Contains(s.Scope, "batch"), "perLot, but batch is not in its scope")
	if s.Register != nil {
		r := s.Register
		bad(r.Names["vi"] != "" && r.Names["en"] != "", "register needs a name in vi and en")
		bad(r.Status.known(), "register.status is %q, not verified, secondary or unverified", r.Status)
		u, err := url.Parse(r.URL)
		bad(r.URL == "" || err == nil && u.Scheme == "https" && u.Host != "", "register.url %q is no https address", r.URL)
	}
	day := func(what string, d Date) {
		bad(d == "" || !d.Time(time.UTC).IsZero(), "%s: %q is no day", what, d)
	}
	for i, r := range s.Regulations {
		at := fmt.Sprintf("regulations %d", i+1)
		bad(r.Code != "", "%s: no code", at)
		bad(r.Status.known(), "%s: status is %q, not verified, secondary or unverified", at, r.Status)
		day(at+".from", r.From)
		day(at+".to", r.To)
		day(at+".suspendedFrom", r.SuspendedFrom)
		bad(r.To == "" || r.From <= r.To, "%s: ends before it begins", at)
		bad((r.SuspendedFrom == "") == (r.SuspendedBy == ""), "%s: suspendedFrom and suspendedBy go together", at)
	}
	for i, e := range s.Editions {
		at := fmt.Sprintf("editions %d", i+1)
		bad(e.ID != "", "%s: no id", at)
		bad(e.Status.known(), "%s: status is %q, not verified, secondary or unverified", at, e.Status)
		day(at+".from", e.From)
		day(at+".to", e.To)
		bad(e.To == "" || e.From <= e.To, "%s: ends before it begins", at)
	}
	return faults
}

func (s LawStatus) known() bool {
	return s == LawVerified || s == LawSecondary || s == LawUnverified
}

func texts[T ~string](values []T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}
