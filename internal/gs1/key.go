package gs1

import (
	"slices"
	"strings"
)

// CanonicalStem is where a canonical GS1 Digital Link begins.
const CanonicalStem = "https://id.gs1.org"

// A Key is what a GS1 Digital Link identifies, and what else it says: a primary key such as a GTIN,
// qualifiers that narrow it down, such as lot and serial, and attributes, such as a date of expiry.
// A Key that [ParseLink], [NewKey] or another function here returned is valid and must not be
// changed; the zero Key identifies nothing.
type Key struct {
	// Primary is the AI that the identity begins with.
	Primary Element
	// Qualifiers are the further AIs of the path, in the order the standard asks for.
	Qualifiers Elements
	// Attributes are the AIs of the query, in the order given.
	Attributes Elements
	// Stem is what stood before the identity in the link, such as "https://example.com/p"; empty
	// for a path that begins with it, and for a Key that came from no link.
	Stem string
	// Ignored are the parameters of the query that are not AIs, undecoded, such as "linkType=gs1:pip".
	Ignored []string
	// Legacy says that the link was written in a way the current standard no longer allows and
	// [Options] tolerated: a resolver redirects such a link to the one [Key.Link] gives.
	Legacy bool
}

// NewKey makes a key of elements in any order. The first that is a primary key begins it; of the
// sequences of qualifiers that may follow, the one of which most are present is taken; the rest
// become attributes, repeated ones once. All rules of the dictionary are checked.
func NewKey(elements ...Element) (Key, error) { return Options{}.NewKey(elements...) }

// NewKey is the function of that name, under the options.
func (o Options) NewKey(elements ...Element) (Key, error) {
	ais := make([]*AI, len(elements))
	primary := -1
	for i, e := range elements {
		ai := o.lookup(e.AI)
		if ai == nil {
			return Key{}, malformed("gs1_ai_unknown", e.AI)
		}
		if f := ai.check(e.Value); f.bad() {
			return Key{}, f.problem(bracket(ai.Code), e.Value)
		}
		if ai.Key && primary < 0 {
			primary = i
		}
		ais[i] = ai
	}
	if !o.Partial {
		if err := checkAssociations(ais, elements); err != nil {
			return Key{}, err
		}
	} else if err := checkRepeats(elements); err != nil {
		return Key{}, err
	}
	if primary < 0 {
		return Key{}, invalid("gs1_link_key")
	}
	k := Key{Primary: elements[primary]}
	used := []string{k.Primary.AI}
	for _, code := range bestSequence(ais[primary], elements) {
		k.Qualifiers = append(k.Qualifiers, Element{AI: code, Value: Elements(elements).Value(code)})
		used = append(used, code)
	}
	for i, e := range elements {
		if slices.Contains(used, e.AI) {
			continue
		}
		if !ais[i].Attribute && !(ais[i].unknown && o.UnknownAttributes) {
			return Key{}, invalid("gs1_link_attribute", bracket(e.AI))
		}
		k.Attributes = append(k.Attributes, e)
		used = append(used, e.AI)
	}
	return k, nil
}

// bestSequence returns those qualifiers of a key that are present, of the alternative of which most
// are, and of the first such alternative.
func bestSequence(key *AI, elements Elements) []string {
	var best []string
	for _, sequence := range key.Qualifiers {
		var present []string
		for _, code := range sequence {
			if slices.ContainsFunc(elements, func(e Element) bool { return e.AI == code }) {
				present = append(present, code)
			}
		}
		if len(present) > len(best) {
			best = present
		}
	}
	return best
}

// LotKey makes the key of a lot of a product, or, with a serial, of one item of it; lot and serial
// may be empty. The GTIN may have 8, 12, 13 or 14 digits.
func LotKey(gtin, lot, serial string) (Key, error) {
	gtin, err := GTIN14(gtin)
	if err != nil {
		return Key{}, err
	}
	return NewKey(present("01", gtin, "10", lot, "21", serial)...)
}

// PlaceKey makes the key of a physical place: a GLN, and the extension that tells its parts, such
// as plots, apart. The extension may be empty.
func PlaceKey(gln, extension string) (Key, error) {
	return NewKey(present("414", gln, "254", extension)...)
}

// present pairs AIs and values, leaving out empty values except the first, which is the key.
func present(pairs ...string) (es Elements) {
	for i := 0; i < len(pairs); i += 2 {
		if i == 0 || pairs[i+1] != "" {
			es = append(es, Element{AI: pairs[i], Value: pairs[i+1]})
		}
	}
	return es
}

// IsZero reports whether the key identifies nothing.
func (k Key) IsZero() bool { return k.Primary.AI == "" }

// Elements returns everything the key says: primary key, qualifiers, attributes.
func (k Key) Elements() Elements {
	if k.IsZero() {
		return nil
	}
	es := make(Elements, 0, 1+len(k.Qualifiers)+len(k.Attributes))
	es = append(es, k.Primary)
	es = append(es, k.Qualifiers...)
	return append(es, k.Attributes...)
}

// Value returns the value of an AI anywhere in the key, or "".
func (k Key) Value(ai string) string {
	if k.Primary.AI == ai {
		return k.Primary.Value
	}
	if v := k.Qualifiers.Value(ai); v != "" {
		return v
	}
	return k.Attributes.Value(ai)
}

func (k Key) primary(ai string) string {
	if k.Primary.AI == ai {
		return k.Primary.Value
	}
	return ""
}

// GTIN returns the 14-digit GTIN that the key begins with, or "".
func (k Key) GTIN() string { return k.primary("01") }

// Lot returns the lot (AI 10) that qualifies the key, or "".
func (k Key) Lot() string { return k.Qualifiers.Value("10") }

// Serial returns the serial number (AI 21) that qualifies the key, or "".
func (k Key) Serial() string { return k.Qualifiers.Value("21") }

// GLN returns the GLN of a physical place (AI 414) that the key begins with, or "".
func (k Key) GLN() string { return k.primary("414") }

// GLNExtension returns the part of the place (AI 254) that qualifies a GLN, or "".
func (k Key) GLNExtension() string { return k.Qualifiers.Value("254") }

// PartyGLN returns the GLN of a party (AI 417) that the key begins with, or "".
func (k Key) PartyGLN() string { return k.primary("417") }

// SSCC returns the SSCC of a logistic unit (AI 00) that the key begins with, or "".
func (k Key) SSCC() string { return k.primary("00") }

// Identity returns the key without its attributes and without what surrounded it in a link. Two
// links mean the same thing when the paths of their keys are equal.
func (k Key) Identity() Key { return Key{Primary: k.Primary, Qualifiers: k.Qualifiers} }

// Up returns the key without its last qualifier, which is the wider thing that this is a part of:
// from the item to the lot to the product. The result is false when there is nothing wider.
func (k Key) Up() (Key, bool) {
	if len(k.Qualifiers) == 0 {
		return Key{}, false
	}
	up := k.Identity()
	up.Qualifiers = k.Qualifiers[:len(k.Qualifiers)-1]
	if len(up.Qualifiers) == 0 {
		up.Qualifiers = nil
	}
	return up, true
}

// Path writes the identity as the path of a link, such as "/01/08938507000013/10/HTX-2603A". All
// but unreserved characters are escaped, with upper-case hexadecimal digits.
func (k Key) Path() string { return string(k.appendPath(make([]byte, 0, 64))) }

func (k Key) appendPath(b []byte) []byte {
	if k.IsZero() {
		return b
	}
	b = appendPair(b, k.Primary)
	for _, q := range k.Qualifiers {
		b = appendPair(b, q)
	}
	return b
}

func appendPair(b []byte, e Element) []byte {
	b = append(b, '/')
	b = append(b, e.AI...)
	b = append(b, '/')
	return appendEscaped(b, e.Value, false)
}

// Link writes the key as a GS1 Digital Link below a base such as "https://example.com/p". The
// attributes follow in the query, those of predefined length first; what was ignored is left out.
func (k Key) Link(base string) string {
	b := make([]byte, 0, len(base)+96)
	b = append(b, strings.TrimSuffix(base, "/")...)
	b = k.appendPath(b)
	mark := byte('?')
	for _, e := range k.Attributes.FixedFirst() {
		b = append(b, mark)
		b = append(b, e.AI...)
		b = append(b, '=')
		b = appendEscaped(b, e.Value, true)
		mark = '&'
	}
	return string(b)
}

// Canonical writes the key as the link that is the same whoever printed it: at id.gs1.org, without
// parameters that are not AIs.
func (k Key) Canonical() string { return k.Link(CanonicalStem) }

// Sorted returns the key with its attributes in the order of their AIs, so that links that say the
// same read the same.
func (k Key) Sorted() Key {
	k.Attributes = slices.Clone(k.Attributes)
	slices.SortStableFunc(k.Attributes, func(a, b Element) int { return strings.Compare(a.AI, b.AI) })
	return k
}

// String writes the key with its AIs in brackets, for people and logs.
func (k Key) String() string { return k.Elements().String() }
