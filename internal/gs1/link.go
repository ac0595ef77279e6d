package gs1

import "strings"

// ParseLink reads a GS1 Digital Link URI of the syntax 1.3 and later, or its path and query alone
// (beginning with a single "/"). The right-most primary key in the path begins the identity; what
// stands before it is the stem and may be anything. Values are percent-decoded exactly once, after
// the path has been split. Query parameters whose names are not numbers are kept aside in Ignored;
// the fragment is dropped. The key may share memory with raw.
//
// The error is fault.Malformed when the text is not a link, and fault.Invalid when it is one that
// the standard forbids: a wrong check digit, a character outside CSET 82, qualifiers out of order,
// an AI given twice, missing, excluded or in the wrong place.
func ParseLink(raw string) (Key, error) { return Options{}.ParseLink(raw) }

// ParseLink is the function of that name, under the options.
func (o Options) ParseLink(raw string) (Key, error) {
	p := linkParser{Options: o}
	if err := p.split(raw); err != nil {
		return Key{}, err
	}
	if err := p.findKey(); err != nil {
		return Key{}, err
	}
	p.elements = make(Elements, 0, p.pairs+1+strings.Count(p.query, "&"))
	p.ais = p.room[:0]
	if err := p.readPath(); err != nil {
		return Key{}, err
	}
	inPath := len(p.elements)
	if err := p.readQuery(); err != nil {
		return Key{}, err
	}
	if !o.Unchecked {
		if err := p.check(inPath); err != nil {
			return Key{}, err
		}
	}
	k := Key{Primary: p.elements[0], Stem: p.stem, Ignored: p.ignored, Legacy: p.legacy}
	if inPath > 1 {
		k.Qualifiers = p.elements[1:inPath:inPath]
	}
	if len(p.elements) > inPath {
		k.Attributes = p.elements[inPath:]
	}
	return k, nil
}

type linkParser struct {
	Options
	stem, path, query string
	pairs             int // AIs in the path, the primary key included
	elements          Elements
	ais               []*AI // of the elements, in the same order
	ignored           []string
	legacy            bool

	room [8]*AI // for ais, so that usual links need no allocation
}

// split takes the link apart: stem so far (scheme and host), path, query.
func (p *linkParser) split(raw string) error {
	if len(raw) > maxText {
		return malformed("gs1_long", len(raw), maxText)
	}
	if i := outside(raw, inURI); i >= 0 {
		return malformed("gs1_link_characters", raw[i:i+charLen(raw[i:])])
	}
	start := 0
	switch {
	case strings.HasPrefix(raw, "https://"), strings.HasPrefix(raw, "HTTPS://"):
		start = len("https://")
	case strings.HasPrefix(raw, "http://"), strings.HasPrefix(raw, "HTTP://"):
		start = len("http://")
	case strings.HasPrefix(raw, "/") && !strings.HasPrefix(raw, "//"):
	default:
		return malformed("gs1_link_scheme")
	}
	slash := strings.IndexByte(raw[start:], '/')
	host := raw[start:]
	if slash >= 0 {
		host = host[:slash]
	}
	if i := outside(host, inHost); i >= 0 {
		return malformed("gs1_link_host", host)
	}
	if slash < 0 || slash == 0 && start > 0 {
		return malformed("gs1_link_path")
	}
	p.stem = raw[:start+slash]
	rest := raw[start+slash:]
	if i := strings.IndexByte(rest, '#'); i >= 0 {
		rest = rest[:i]
	}
	p.path = rest
	if i := strings.IndexByte(rest, '?'); i >= 0 {
		p.path, p.query = rest[:i], rest[i+1:]
	}
	if p.TrailingSlash && len(p.path) > 1 && p.path[len(p.path)-1] == '/' {
		p.path = p.path[:len(p.path)-1]
		p.legacy = true
	}
	return nil
}

// findKey walks the path from its end in pairs of AI and value until the AI is a primary key, and
// cuts the path there.
func (p *linkParser) findKey() error {
	end := len(p.path)
	for {
		valueAt := strings.LastIndexByte(p.path[:end], '/')
		if valueAt <= 0 {
			return malformed("gs1_link_key")
		}
		aiAt := strings.LastIndexByte(p.path[:valueAt], '/')
		ai := p.named(p.path[aiAt+1 : valueAt])
		if ai == nil {
			return malformed("gs1_link_key")
		}
		p.pairs++
		if ai.Key {
			p.stem += p.path[:aiAt]
			p.path = p.path[aiAt:]
			return nil
		}
		end = aiAt
	}
}

// convenience are the names that links could use for AIs until version 1.3 of the syntax.
var convenience = map[string]string{
	"cpid": "8010", "cpsn": "8011", "cpv": "22", "gcn": "255", "gdti": "253", "giai": "8004",
	"ginc": "401", "gln": "414", "glnx": "254", "gmn": "8013", "grai": "8003", "gsin": "402",
	"gsrn": "8018", "gsrnp": "8017", "gtin": "01", "itip": "8006", "lot": "10", "party": "417",
	"refno": "8020", "ser": "21", "srin": "8019", "sscc": "00",
}

// named finds the AI that a segment of the path names.
func (p *linkParser) named(segment string) *AI {
	if p.ConvenienceNames {
		if code, ok := convenience[segment]; ok {
			return lookupAI(code)
		}
	}
	return p.numbered(segment)
}

func (p *linkParser) numbered(code string) *AI {
	if ai := p.lookup(code); ai != nil {
		return ai
	}
	if p.Unchecked && 2 <= len(code) && len(code) <= 4 && allDigits(code) {
		return unassigned(code)
	}
	return nil
}

func (p *linkParser) readPath() error {
	for rest := p.path; rest != ""; {
		rest = rest[1:] // the slash
		i := strings.IndexByte(rest, '/')
		name := rest[:i]
		ai := p.named(name)
		if ai.Code != name {
			p.legacy = true
		}
		rest = rest[i+1:]
		value := rest
		if i := strings.IndexByte(rest, '/'); i >= 0 {
			value = rest[:i]
		}
		rest = rest[len(value):]
		if err := p.add(ai, value, false); err != nil {
			return err
		}
	}
	return nil
}

func (p *linkParser) readQuery() error {
	for rest := p.query; rest != ""; {
		for rest != "" && rest[0] == '&' {
			rest = rest[1:]
		}
		parameter := rest
		if i := strings.IndexByte(rest, '&'); i >= 0 {
			parameter = rest[:i]
		}
		rest = rest[len(parameter):]
		i := strings.IndexByte(parameter, '=')
		if i < 0 || !allDigits(parameter[:i]) {
			if len(p.ignored)+len(p.elements) >= maxElements {
				return malformed("gs1_many", maxElements)
			}
			p.ignored = append(p.ignored, parameter)
			continue
		}
		ai := p.numbered(parameter[:i])
		if ai == nil {
			return invalid("gs1_link_parameter", parameter[:i])
		}
		if err := p.add(ai, parameter[i+1:], true); err != nil {
			return err
		}
	}
	return nil
}

// add decodes a value, checks it and keeps it.
func (p *linkParser) add(ai *AI, escaped string, query bool) error {
	if escaped == "" {
		return malformed("gs1_link_empty", bracket(ai.Code))
	}
	value, ok := Unescape(escaped, query)
	if !ok {
		return malformed("gs1_link_null", bracket(ai.Code))
	}
	if p.ShortGTIN && ai.Code == "01" {
		switch len(value) {
		case 8, 12, 13:
			value = padGTIN(value)
			p.legacy = true
		}
	}
	if !p.Unchecked {
		if f := ai.check(value); f.bad() {
			return f.problem(bracket(ai.Code), value)
		}
	}
	if len(p.elements)+len(p.ignored) >= maxElements {
		return malformed("gs1_many", maxElements)
	}
	p.elements = append(p.elements, Element{AI: ai.Code, Value: value})
	p.ais = append(p.ais, ai)
	return nil
}

// check applies the rules for links and, unless the data is partial, those between AIs.
func (p *linkParser) check(inPath int) error {
	path, attributes := p.ais[:inPath], p.ais[inPath:]
	if err := checkOrder(path); err != nil {
		return err
	}
	for i, ai := range p.ais {
		for _, other := range p.ais[:i] {
			if other.Code == ai.Code {
				return invalid("gs1_link_twice", bracket(ai.Code))
			}
		}
	}
	if err := p.checkAttributes(path, attributes); err != nil {
		return err
	}
	if p.Partial {
		return nil
	}
	return checkAssociations(p.ais, p.elements)
}

func (o Options) checkAttributes(path, attributes []*AI) error {
	for _, ai := range attributes {
		if !ai.Attribute && !(ai.unknown && o.UnknownAttributes) {
			return invalid("gs1_link_attribute", bracket(ai.Code))
		}
		if belongsInPath(path, ai) {
			return invalid("gs1_link_in_path", bracket(ai.Code))
		}
	}
	return nil
}

// checkOrder wants the qualifiers to be a part, in order, of one of the sequences of the key.
func checkOrder(path []*AI) error {
	key, qualifiers := path[0], path[1:]
	if key.Key {
		if len(qualifiers) == 0 {
			return nil
		}
		for _, sequence := range key.qualifiers {
			if inOrder(qualifiers, sequence) {
				return nil
			}
		}
	}
	if len(key.Qualifiers) == 0 {
		return invalid("gs1_link_alone", bracket(key.Code))
	}
	return invalid("gs1_link_order", bracket(key.Code), sequences(key))
}

func inOrder(qualifiers []*AI, sequence []uint16) bool {
	for _, number := range sequence {
		if len(qualifiers) > 0 && qualifiers[0].number == number {
			qualifiers = qualifiers[1:]
		}
	}
	return len(qualifiers) == 0
}

// belongsInPath reports whether the AI could be inserted among the qualifiers of the path.
func belongsInPath(path []*AI, ai *AI) bool {
	for _, sequence := range path[0].qualifiers {
		all := 0
		fits := false
		for _, number := range sequence {
			if ai.number == number {
				fits = true
			}
			for _, q := range path[1:] {
				if q.number == number && q.number != ai.number {
					all++
				}
			}
		}
		if fits && all == len(path)-1 {
			return true
		}
	}
	return false
}

// sequences writes what may follow a key for a message, such as "22, 10, 21 | 235".
func sequences(key *AI) string {
	var alternatives []string
	for _, sequence := range key.Qualifiers {
		alternatives = append(alternatives, strings.Join(sequence, ", "))
	}
	return strings.Join(alternatives, " | ")
}

// CheckPath says whether AIs may stand in the path of a link in this order: a primary key, and
// qualifiers of one of its sequences, some perhaps left out.
func CheckPath(codes ...string) error {
	path := make([]*AI, len(codes))
	for i, code := range codes {
		if path[i] = lookupAI(code); path[i] == nil {
			return malformed("gs1_ai_unknown", code)
		}
	}
	if len(path) == 0 {
		return malformed("gs1_link_key")
	}
	return checkOrder(path)
}
