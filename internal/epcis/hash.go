package epcis

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"truynguon/internal/fault"
)

// HashVersion is the edition of the hash algorithm, as HashID names it.
const HashVersion = "CBV2.0"

// HashID returns the event hash ID of CBV 2.0, section 8.9: "ni:///sha-256;…?ver=CBV2.0". Two events
// have the same hash ID when they say the same: the order of members and list items, bare words or
// URIs for vocabularies, EPC URNs or Digital Link URIs of any domain, the offset in which times are
// written and the zeros at the end of numbers make no difference; nor do eventID, recordTime and
// errorDeclaration, which are about the record and not about what happened.
//
// Where editions and implementations disagree, this follows the published order of what comes last
// (bizTransactionList, sourceList, destinationList, sensorElementList, ilmd, extensions) and the
// reference implementation elsewhere: certificationInfo follows the offset, parentID precedes
// epcList, the type precedes its value, an extension of a standard field stands at the end of that
// field, comments (rdfs:comment) do not count, and truth values are True and False. So the hash is
// an identifier and an integrity check among those who compute it alike; other systems may give
// another one to an event with both sources and destinations. It is no signature: it shows that
// something was changed only to those who kept the hash.
//
// The error is fault.Invalid when the event holds what cannot be written in JSON.
func (e *Event) HashID() (string, error) {
	text, err := e.PreHash()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(text))
	return "ni:///sha-256;" + hex.EncodeToString(sum[:]) + "?ver=" + HashVersion, nil
}

// PreHash returns the text whose SHA-256 is in the hash ID. Errors are those of HashID.
func (e *Event) PreHash() (string, error) {
	o, err := toObjectWith(e.members(), e.Extensions)
	if err != nil {
		return "", err
	}
	h := hasher{namespaces: prefixes(e.Context)}
	var b strings.Builder
	if t, ok := o["type"].(string); ok {
		b.WriteString("eventType=" + h.value(strings.TrimSpace(t)))
	}
	for _, name := range notHashed {
		delete(o, name)
	}
	b.WriteString(h.members(o, eventRules))
	if h.bad {
		return "", fault.New(fault.Invalid, "epcis_not_number")
	}
	return b.String(), nil
}

// notHashed are the members of an event that are about its record.
var notHashed = []string{"@context", "type", "eventID", "recordTime", "errorDeclaration"}

// rule says how a member is written before hashing. The order of rules is the order of members.
type rule struct {
	name string
	// item is the name of each item of a list, under the name of the list; without it, each item is
	// written as a member of its own.
	item string
	// inner are the members of an object, or of each item.
	inner []rule
	// words is the vocabulary whose bare words the value may be.
	words *vocabulary
	// time: the value is a time.
	time bool
}

var quantityRules = []rule{{name: "epcClass"}, {name: "quantity"}, {name: "uom"}}

var placeRules = []rule{{name: "id"}}

var eventRules = []rule{
	{name: "eventTime", time: true},
	{name: "eventTimeZoneOffset"},
	{name: "certificationInfo"},
	{name: "parentID"},
	{name: "epcList", item: "epc"},
	{name: "inputEPCList", item: "epc"},
	{name: "childEPCs", item: "epc"},
	{name: "quantityList", item: "quantityElement", inner: quantityRules},
	{name: "childQuantityList", item: "quantityElement", inner: quantityRules},
	{name: "inputQuantityList", item: "quantityElement", inner: quantityRules},
	{name: "outputEPCList", item: "epc"},
	{name: "outputQuantityList", item: "quantityElement", inner: quantityRules},
	{name: "action"},
	{name: "transformationID"},
	{name: "bizStep", words: bizSteps},
	{name: "disposition", words: dispositions},
	{name: "persistentDisposition", inner: []rule{
		{name: "set", words: dispositions}, {name: "unset", words: dispositions},
	}},
	{name: "readPoint", inner: placeRules},
	{name: "bizLocation", inner: placeRules},
	{name: "bizTransactionList", item: anonymous, inner: []rule{
		{name: "type", words: bizTransactionTypes}, {name: "bizTransaction"},
	}},
	{name: "sourceList", item: anonymous, inner: []rule{
		{name: "type", words: sourceDestinationTypes}, {name: "source"},
	}},
	{name: "destinationList", item: anonymous, inner: []rule{
		{name: "type", words: sourceDestinationTypes}, {name: "destination"},
	}},
	{name: "sensorElementList", item: "sensorElement", inner: []rule{
		{name: "sensorMetadata", inner: []rule{
			{name: "time", time: true}, {name: "startTime", time: true}, {name: "endTime", time: true},
			{name: "deviceID"}, {name: "deviceMetadata"}, {name: "rawData"},
			{name: "dataProcessingMethod"}, {name: "bizRules"},
		}},
		{name: "sensorReport", inner: []rule{
			{name: "type", words: measurementTypes}, {name: "exception", words: sensorAlertTypes},
			{name: "deviceID"}, {name: "deviceMetadata"}, {name: "rawData"}, {name: "dataProcessingMethod"},
			{name: "time", time: true}, {name: "microorganism"}, {name: "chemicalSubstance"},
			{name: "value"}, {name: "component", words: components}, {name: "stringValue"},
			{name: "booleanValue"}, {name: "hexBinaryValue"}, {name: "uriValue"}, {name: "minValue"},
			{name: "maxValue"}, {name: "meanValue"}, {name: "sDev"}, {name: "percRank"},
			{name: "percValue"}, {name: "uom"}, {name: "coordinateReferenceSystem"},
		}},
	}},
	{name: "ilmd", inner: []rule{}},
}

// anonymous is the name of list items that are written without a name.
const anonymous = "\x00"

// hasher writes the pre-hash text of one event.
type hasher struct {
	namespaces map[string]string
	// bad: a number was met that is none.
	bad bool
}

// members writes the members of an object: those with a rule in the order of the rules, all others
// after them, sorted as text.
func (h *hasher) members(o map[string]any, rules []rule) string {
	var b strings.Builder
	known := 0
	for i := range rules {
		if v, ok := o[rules[i].name]; ok {
			known++
			b.WriteString(h.member(&rules[i], v))
		}
	}
	if known == len(o) {
		return b.String()
	}
	var others []string
	for name, v := range o {
		if !slices.ContainsFunc(rules, func(r rule) bool { return r.name == name }) {
			others = append(others, h.extension(name, v)...)
		}
	}
	slices.Sort(others)
	for _, s := range others {
		b.WriteString(s)
	}
	return b.String()
}

func (h *hasher) member(r *rule, v any) string {
	list, ok := v.([]any)
	if !ok {
		if r.item == "" {
			return h.one(r.name, r, v)
		}
		list = []any{v}
	}
	name := r.item
	if name == "" {
		name = r.name
	}
	items := make([]string, 0, len(list))
	for _, item := range list {
		items = append(items, h.one(name, r, item))
	}
	slices.Sort(items)
	text := strings.Join(items, "")
	if r.item == "" || text == "" {
		return text
	}
	return r.name + text
}

// one writes a value under a name. What has no content is left out, name and all.
func (h *hasher) one(name string, r *rule, v any) string {
	if name == anonymous {
		name = ""
	}
	if o, ok := v.(map[string]any); ok {
		text := h.members(o, r.inner)
		if text == "" {
			return ""
		}
		return name + text
	}
	text := h.scalar(r, v)
	if text == "" {
		return ""
	}
	return name + "=" + text
}

// extension writes a member that the standard does not know, once for every item of a list.
func (h *hasher) extension(name string, v any) []string {
	if name == "rdfs:comment" || name == "comment" || name == "@context" {
		return nil // a comment says nothing about what happened
	}
	name = h.expandName(name)
	// In XML the items of a "…List" have an element each, named without "List". JSON leaves it out,
	// and the text to hash must not depend on which of the two an event came in.
	if item, ok := strings.CutSuffix(name, "List"); ok && item != "" && !strings.HasSuffix(item, "}") {
		items := h.named(item, v)
		if len(items) == 0 {
			return nil
		}
		slices.Sort(items)
		return []string{name + strings.Join(items, "")}
	}
	return h.named(name, v)
}

func (h *hasher) named(name string, v any) []string {
	switch v := v.(type) {
	case []any:
		var all []string
		for _, item := range v {
			all = append(all, h.named(name, item)...)
		}
		return all
	case map[string]any:
		return []string{name + h.members(v, nil)}
	}
	text := h.scalar(&rule{}, v)
	if text == "" {
		return []string{name}
	}
	return []string{name + "=" + text}
}

// scalar writes a value that is neither list nor object.
func (h *hasher) scalar(r *rule, v any) string {
	switch v := v.(type) {
	case json.Number:
		text, ok := decimal(string(v))
		h.bad = h.bad || !ok
		return text
	case bool:
		// As the reference implementation writes it.
		if v {
			return "True"
		}
		return "False"
	case string:
		s := strings.TrimSpace(v)
		if r.time {
			if t, ok := parseTime(s); ok {
				return hashTime(t)
			}
			return s
		}
		if r.words != nil && r.words.has(s) {
			return r.words.web + s
		}
		return h.value(s)
	}
	return ""
}

// value brings a text to the one form in which it is hashed.
func (h *hasher) value(s string) string {
	if strings.HasPrefix(s, cbvURN) {
		for _, v := range []*vocabulary{bizSteps, dispositions, bizTransactionTypes, sourceDestinationTypes, errorReasons, components} {
			if word, ok := strings.CutPrefix(s, v.urn); ok {
				return v.web + word
			}
		}
		return s
	}
	if prefix, local, ok := strings.Cut(s, ":"); ok && !strings.HasPrefix(local, "//") {
		if namespace, known := h.namespaces[prefix]; known {
			s = namespace + local
		}
	}
	if c, ok := Canonical(s); ok {
		return c
	}
	if looksDecimal(s) {
		s, _ = decimal(s)
	}
	return s
}

// expandName writes the name of an extension as {namespace}name.
func (h *hasher) expandName(name string) string {
	prefix, local, ok := strings.Cut(name, ":")
	if !ok {
		return name
	}
	if namespace, known := h.namespaces[prefix]; known && !strings.HasPrefix(local, "//") {
		return "{" + namespace + "}" + local
	}
	if i := strings.LastIndexAny(name, "/#:"); i > len(prefix) && i+1 < len(name) {
		return "{" + name[:i+1] + "}" + name[i+1:]
	}
	return name
}

// cbvURN begins every URN of CBV.
const cbvURN = "urn:epcglobal:cbv:"

// standardPrefixes are those that the standard context defines, and one that documents of the fish
// trade (GDST) use as if it did.
var standardPrefixes = map[string]string{
	"epcis":   "https://ref.gs1.org/epcis/",
	"cbv":     "https://ref.gs1.org/cbv/",
	"cbvmda":  "urn:epcglobal:cbv:mda:",
	"gs1":     "https://gs1.org/voc/",
	"rdfs":    "http://www.w3.org/2000/01/rdf-schema#",
	"owl":     "http://www.w3.org/2002/07/owl#",
	"xsd":     "http://www.w3.org/2001/XMLSchema#",
	"dcterms": "http://purl.org/dc/terms/",
	"gdst":    "https://traceability-dialogue.org/epcis",
}

// prefixes returns the namespaces that a context gives to prefixes, with the standard ones. Later
// parts of a context win over earlier ones.
func prefixes(context any) map[string]string {
	if context == nil {
		return standardPrefixes
	}
	n, err := normal(context)
	if err != nil {
		return standardPrefixes
	}
	all := make(map[string]string, len(standardPrefixes)+4)
	for prefix, namespace := range standardPrefixes {
		all[prefix] = namespace
	}
	for _, part := range contextList(n) {
		o, _ := part.(map[string]any)
		for prefix, definition := range o {
			switch d := definition.(type) {
			case string:
				all[prefix] = d
			case map[string]any:
				if id, ok := d["@id"].(string); ok {
					all[prefix] = id
				}
			}
		}
	}
	return all
}
