package epcis

import (
	"slices"
	"strings"
)

// matchFields are what the MATCH parameters look at (EPCIS 2.0, section 8.2.7.1).
var matchFields = map[string]func(v *view) []string{
	"epc":       func(v *view) []string { return slices.Concat(v.EPCList, v.ChildEPCs) },
	"parentID":  func(v *view) []string { return []string{v.ParentID} },
	"inputEPC":  func(v *view) []string { return v.InputEPCList },
	"outputEPC": func(v *view) []string { return v.OutputEPCList },
	"anyEPC": func(v *view) []string {
		return slices.Concat(v.EPCList, v.ChildEPCs, []string{v.ParentID}, v.InputEPCList, v.OutputEPCList)
	},
	"epcClass":       func(v *view) []string { return classes(v.QuantityList, v.ChildQuantityList) },
	"inputEPCClass":  func(v *view) []string { return classes(v.InputQuantityList) },
	"outputEPCClass": func(v *view) []string { return classes(v.OutputQuantityList) },
	"anyEPCClass": func(v *view) []string {
		return classes(v.QuantityList, v.ChildQuantityList, v.InputQuantityList, v.OutputQuantityList)
	},
}

func classes(lists ...[]Quantity) []string {
	var out []string
	for _, list := range lists {
		for i := range list {
			out = append(out, list[i].EPCClass)
		}
	}
	return out
}

// matchParameter is about things or classes, each named by its identifier or by a pattern that covers it.
func matchParameter(field func(v *view) []string) parameter {
	return parameter{true, func(p *queryParser, name string, values []string) {
		var exact, terms []string
		var patterns []pattern
		indexed := true
		for _, value := range values {
			if pt, ok := parsePattern(value); ok {
				patterns = append(patterns, pt)
				if pt.term == "" {
					indexed = false
				} else {
					terms = append(terms, pt.term)
				}
				// A class may carry the pattern itself as its name.
			}
			if !isURI(value) {
				p.fail(name, "epcis_not_uri", value)
				continue
			}
			id := canonical(value, p.q.namespaces)
			exact, terms = append(exact, id), append(terms, term("id=", id))
		}
		terms = append(terms, manyTerm)
		if !indexed {
			terms = nil
		}
		p.add(condition{terms, rankThing, func(v *view) bool {
			return slices.ContainsFunc(field(v), func(id string) bool {
				if id == "" {
					return false
				}
				c := v.canonical(id)
				return slices.Contains(exact, c) ||
					slices.ContainsFunc(patterns, func(pt pattern) bool { return pt.covers(c) })
			})
		}})
	}}
}

// pattern stands for many identifiers: those whose canonical form begins with begins, the part that
// varies following. term is what an index has for them, empty for a pattern that leaves the product open.
type pattern struct{ begins, term string }

func (p pattern) covers(canonical string) bool {
	return len(canonical) > len(p.begins) && strings.HasPrefix(canonical, p.begins)
}

// parsePattern reads an EPC pure identity pattern (urn:epc:idpat:…), a lot or serial given as "*" in an
// EPC URN, or a Digital Link URI that ends in "/*".
func parsePattern(s string) (pattern, bool) {
	if head, ok := strings.CutSuffix(s, "/*"); ok {
		// Any value will do to see where the key and the qualifier are.
		c, ok := Canonical(head + "/0")
		if !ok || !strings.HasSuffix(c, "/0") {
			return pattern{}, false
		}
		return patternOf(strings.TrimSuffix(c, "0")), true
	}
	if head, ok := strings.CutSuffix(s, ".*.*"); ok && strings.HasPrefix(head, "urn:epc:idpat:") {
		scheme, prefix, ok := strings.Cut(strings.TrimPrefix(head, "urn:epc:idpat:"), ":")
		if !ok || len(prefix) < minPrefix || len(prefix) > maxPrefix || !allIn(prefix, isDigit) {
			return pattern{}, false
		}
		// The indicator digit comes before the company prefix in a GTIN, so only keys that begin with
		// the prefix have one beginning in common.
		if ai := map[string]string{"grai": "8003/0", "gdti": "253/", "sgcn": "255/", "cpi": "8010/"}[scheme]; ai != "" {
			return pattern{begins: canonicalDomain + ai + prefix}, true
		}
		return pattern{}, false
	}
	head, ok := strings.CutSuffix(s, ".*")
	if !ok {
		return pattern{}, false
	}
	for from, to := range map[string]string{"urn:epc:idpat:": "urn:epc:id:", "urn:epc:class:": "urn:epc:class:", "urn:epc:id:": "urn:epc:id:"} {
		if rest, ok := strings.CutPrefix(head, from); ok {
			c, ok := Canonical(to + rest + ".0")
			if from == "urn:epc:idpat:" && strings.HasPrefix(rest, "sgln:") {
				c, ok = Canonical("urn:epc:id:" + rest + ".1")
				c = strings.TrimSuffix(c, "1") + "0"
			}
			if !ok || !strings.HasSuffix(c, "0") {
				return pattern{}, false
			}
			return patternOf(strings.TrimSuffix(c, "0")), true
		}
	}
	return pattern{}, false
}

func patternOf(begins string) pattern {
	p := pattern{begins: begins}
	if gtin, ok := gtinOf(begins); ok {
		p.term = term("gtin=", gtin)
	}
	return p
}

// gtinOf answers the product that a canonical identifier of an item or lot belongs to.
func gtinOf(canonical string) (string, bool) {
	rest, ok := strings.CutPrefix(canonical, canonicalDomain+"01/")
	if !ok || len(rest) <= 15 || rest[14] != '/' {
		return "", false
	}
	return canonicalDomain + "01/" + rest[:14], true
}

// wholePlace is the place that a canonical location is part of, or the location itself.
func wholePlace(canonical string) string {
	if rest, ok := strings.CutPrefix(canonical, canonicalDomain+"414/"); ok {
		if i := strings.Index(rest, "/254/"); i > 0 {
			return canonicalDomain + "414/" + rest[:i]
		}
	}
	return canonical
}

// view is an event as conditions look at it.
type view struct {
	*Event
	namespaces map[string]string
}

func (v *view) prefixes() map[string]string {
	if v.namespaces == nil {
		v.namespaces = prefixes(v.Context)
	}
	return v.namespaces
}

func (v *view) canonical(id string) string {
	if c, ok := Canonical(id); ok {
		return c
	}
	return canonical(id, v.prefixes())
}

func (v *view) expand(s string) string {
	if !strings.Contains(s, ":") {
		return s
	}
	return expand(s, v.prefixes())
}

// expand writes a prefixed name in full.
func expand(s string, namespaces map[string]string) string {
	if prefix, local, ok := strings.Cut(s, ":"); ok && !strings.HasPrefix(local, "//") {
		if namespace, known := namespaces[prefix]; known {
			return namespace + local
		}
	}
	return s
}

// canonical is the form in which identifiers are compared.
func canonical(s string, namespaces map[string]string) string {
	if c, ok := Canonical(s); ok {
		return c
	}
	full := expand(s, namespaces)
	c, _ := Canonical(full)
	return c
}

// word is the bare word that a web URI or URN of the vocabulary stands for; other text is left alone.
func (v *vocabulary) word(s string) string {
	for _, form := range []string{v.web, v.urn} {
		if word, ok := strings.CutPrefix(s, form); ok && form != "" && v.has(word) {
			return word
		}
	}
	return s
}
