package epcis

import (
	"strings"

	"truynguon/internal/fault"
	"truynguon/internal/gs1"
)

// canonicalDomain begins every canonical GS1 Digital Link URI.
const canonicalDomain = "https://id.gs1.org/"

// identifier is a GS1 key with at most one qualifier: the finest level of identification, which is
// all that an EPC URN or a constrained Digital Link URI can say.
type identifier struct {
	ai, key          string // such as "01" and a GTIN of 14 digits
	qualifier, value string // such as "10" and a lot; empty for none
}

// link returns the constrained canonical GS1 Digital Link URI.
func (id identifier) link() string {
	s := canonicalDomain + id.ai + "/" + gs1.Escape(id.key, false)
	if id.qualifier != "" {
		s += "/" + id.qualifier + "/" + gs1.Escape(id.value, false)
	}
	return s
}

// Canonical returns the form of an identifier that is used for comparing and hashing: the canonical
// GS1 Digital Link URI with nothing but the finest identification. It accepts EPC URNs (ids, classes
// and patterns) and GS1 Digital Link URIs of any domain, with the names of Digital Link 1.1
// ("/gtin/", "/lot/") as well as with numbers. The result is false, and the URI is given back as it
// was, when it does not identify anything by a GS1 key. Check digits are not judged here: an event
// that names a wrong GTIN must hash all the same.
func Canonical(uri string) (string, bool) {
	var id identifier
	var ok bool
	if strings.HasPrefix(uri, "urn:epc:") {
		id, ok = parseURN(uri)
	} else {
		id, ok = parseLink(uri)
	}
	if !ok {
		return uri, false
	}
	return id.link(), true
}

// URNToLink translates an EPC URN (urn:epc:id:…, urn:epc:class:… or urn:epc:idpat:…) to a GS1
// Digital Link URI, as the EPC Tag Data Standard has it. The failure is fault.Invalid, code
// epcis_urn.
func URNToLink(urn string) (string, error) {
	id, ok := parseURN(urn)
	if !ok {
		return "", fault.New(fault.Invalid, "epcis_urn", urn)
	}
	return id.link(), nil
}

// LinkToURN translates a GS1 Digital Link URI to an EPC URN. How many digits the GS1 company prefix
// has cannot be seen from the URI and must be known: 6 to 12. The failure is fault.Invalid, code
// epcis_company_prefix when the length is out of range, otherwise epcis_link; a wrong check digit,
// which a URN could not express, is one of the reasons.
func LinkToURN(link string, companyPrefixLength int) (string, error) {
	if companyPrefixLength < minPrefix || companyPrefixLength > maxPrefix {
		return "", fault.New(fault.Invalid, "epcis_company_prefix", companyPrefixLength)
	}
	id, ok := parseLink(link)
	if ok {
		urn, ok := id.urn(companyPrefixLength)
		// Reading it back finds whatever a URN cannot say.
		if back, valid := parseURN(urn); ok && valid && back == id {
			return urn, nil
		}
	}
	return "", fault.New(fault.Invalid, "epcis_link", link)
}

// The lengths of GS1 company prefixes that EPC URNs admit.
const (
	minPrefix = 6
	maxPrefix = 12
)

// shape says how a GS1 key and its qualifiers are made up, as far as normalising needs it.
type shape struct {
	digits int // how many digits the key begins with, check digit included
	// more is how many further characters the key may have: of CSET 82, digits only, or of CSET 39.
	more    int
	charset func(byte) bool
	// qualifiers, in their order; the last one present is the finest.
	qualifiers []qualifier
}

type qualifier struct {
	ai      string
	max     int
	charset func(byte) bool
	// dropped: it does not identify anything more closely (CPV), or nothing that events speak of.
	dropped bool
	// alone: it stands beside no other.
	alone bool
}

// shapes lists the keys of GS1 Digital Link that events may name (CBV 2.0, section 8.9, rule 4).
// Keys that are not all digits must at least begin with the four digits that every company prefix
// has; this keeps ordinary web addresses that happen to contain "/401/" what they are.
var shapes = map[string]shape{
	"00": {digits: 18},
	"01": {digits: 14, qualifiers: []qualifier{
		{ai: "22", max: 20, charset: in82, dropped: true}, {ai: "10", max: 20, charset: in82},
		{ai: "21", max: 20, charset: in82}, {ai: "235", max: 28, charset: in82, alone: true},
	}},
	"253": {digits: 13, more: 17, charset: in82},
	"255": {digits: 13, more: 12, charset: isDigit},
	"401": {digits: 4, more: 26, charset: in82},
	"402": {digits: 17},
	"414": {digits: 13, qualifiers: []qualifier{
		{ai: "254", max: 20, charset: in82}, {ai: "7040", max: 4, charset: in82, dropped: true, alone: true},
	}},
	"417":  {digits: 13, qualifiers: []qualifier{{ai: "7040", max: 4, charset: in82, dropped: true}}},
	"8003": {digits: 14, more: 16, charset: in82},
	"8004": {digits: 4, more: 26, charset: in82},
	"8006": {digits: 18, qualifiers: []qualifier{
		{ai: "22", max: 20, charset: in82, dropped: true}, {ai: "10", max: 20, charset: in82},
		{ai: "21", max: 20, charset: in82},
	}},
	"8010": {digits: 4, more: 26, charset: in39, qualifiers: []qualifier{{ai: "8011", max: 12, charset: isDigit}}},
	"8017": {digits: 18, qualifiers: []qualifier{{ai: "8019", max: 10, charset: isDigit, dropped: true}}},
	"8018": {digits: 18, qualifiers: []qualifier{{ai: "8019", max: 10, charset: isDigit, dropped: true}}},
}

// shortNames are the names that Digital Link 1.1 allowed for application identifiers. New links no
// longer use them, but events that do are still about.
var shortNames = map[string]string{
	"gtin": "01", "itip": "8006", "cpid": "8010", "gln": "414", "party": "417", "gsrnp": "8017",
	"gsrn": "8018", "gcn": "255", "sscc": "00", "gdti": "253", "ginc": "401", "gsin": "402",
	"grai": "8003", "giai": "8004", "cpv": "22", "lot": "10", "ser": "21", "cpsn": "8011",
}

// parseLink reads a GS1 Digital Link URI: the right-most pair of path segments that is a key and its
// value, with the qualifiers after it. Query and fragment do not count.
func parseLink(uri string) (identifier, bool) {
	const longest = 8000 // longer than any system accepts; keeps hostile input cheap
	path, ok := cutScheme(uri)
	if !ok || len(uri) > longest {
		return identifier{}, false
	}
	if i := strings.IndexAny(path, "?#"); i >= 0 {
		path = path[:i]
	}
	segments := strings.Split(path, "/")[1:] // the first is the host
	for i := len(segments) - 2; i >= 0; i -= 2 {
		ai := segments[i]
		if number, named := shortNames[ai]; named {
			ai = number
		}
		if s, primary := shapes[ai]; primary {
			return s.read(ai, segments[i+1], segments[i+2:])
		}
	}
	return identifier{}, false
}

func cutScheme(uri string) (string, bool) {
	for _, scheme := range []string{"https://", "http://"} {
		if len(uri) > len(scheme) && strings.EqualFold(uri[:len(scheme)], scheme) {
			return uri[len(scheme):], true
		}
	}
	return "", false
}

func (s shape) read(ai, key string, more []string) (identifier, bool) {
	key, ok := gs1.Unescape(key, false)
	if ai == "01" && allIn(key, isDigit) {
		switch len(key) {
		case 8, 12, 13:
			key = strings.Repeat("0", 14-len(key)) + key
		}
	}
	if !ok || len(key) < s.digits || len(key) > s.digits+s.more ||
		!allIn(key[:s.digits], isDigit) || (s.more > 0 && !allIn(key[s.digits:], s.charset)) {
		return identifier{}, false
	}
	id := identifier{ai: ai, key: key}
	next := 0
	for i := 0; i < len(more); i += 2 {
		name := more[i]
		if number, named := shortNames[name]; named {
			name = number
		}
		for next < len(s.qualifiers) && s.qualifiers[next].ai != name {
			next++
		}
		if next == len(s.qualifiers) {
			return identifier{}, false
		}
		q := s.qualifiers[next]
		next++
		value, ok := gs1.Unescape(more[i+1], false)
		if !ok || value == "" || len(value) > q.max || !allIn(value, q.charset) || (q.alone && len(more) > 2) {
			return identifier{}, false
		}
		if !q.dropped {
			id.qualifier, id.value = q.ai, value
		}
	}
	return id, true
}

func allIn(s string, charset func(byte) bool) bool {
	for i := range len(s) {
		if !charset(s[i]) {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isLetter(c byte) bool { return 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' }

// in82 is the character set 82 of the General Specifications: what lots and serials are made of.
func in82(c byte) bool {
	return isDigit(c) || isLetter(c) || strings.IndexByte("!\"%&'()*+,-./:;<=>?_", c) >= 0
}

// in39 is the character set 39: what component and part identifiers are made of.
func in39(c byte) bool {
	return isDigit(c) || 'A' <= c && c <= 'Z' || c == '#' || c == '-' || c == '/'
}

// rawURN are the characters of set 82 that an EPC URN shows as they are.
func rawURN(c byte) bool {
	return isDigit(c) || isLetter(c) || strings.IndexByte("!'()*+,-.:;=_", c) >= 0
}

// rawPartURN are the characters of set 39 that an EPC URN shows as they are.
func rawPartURN(c byte) bool { return isDigit(c) || 'A' <= c && c <= 'Z' || c == '-' }
