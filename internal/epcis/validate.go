package epcis

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"truynguon/internal/fault"
)

// MaxFaults is how many faults Validate names at most. Whoever gets a thousand has enough to do,
// and a hostile document must not make an answer larger than itself.
const MaxFaults = 1000

// Validate checks the event against the rules by which EPCIS events are exchanged (the JSON schema
// of EPCIS 2.0.1): what must be there and what may not, for each type; the vocabularies; the forms of
// URIs, times, offsets, units and numbers; extensions only under prefixed or full names. It returns
// nil or a *fault.Problem of kind Invalid that names every fault, with pointers such as "/action".
//
// The schema is lenient where the standard is not; see ValidateStrict for events of one's own.
func (e *Event) Validate() error { return e.validate(false) }

// ValidateStrict is Validate with what the standard demands beyond the schema: an aggregation or
// association that adds or deletes names its parent, an amount in a unit has a number, and amounts
// are above zero. Events from elsewhere are often looser, and are captured as they are; what is made here should not be.
func (e *Event) ValidateStrict() error { return e.validate(true) }

func (e *Event) validate(strict bool) error {
	c := &checker{strict: strict}
	o, err := e.object()
	if err != nil {
		return err
	}
	c.event(o, "")
	return c.problem.Err()
}

// Validate checks the document and every event in it, like Event.Validate. Pointers begin at the
// document: "/epcisBody/eventList/0/action". What Decode made of a single event is judged as that.
func (d *Document) Validate() error {
	o, err := d.object()
	if err != nil {
		return err
	}
	c := &checker{}
	c.top(o)
	return c.problem.Err()
}

// ValidateJSON checks what is to be captured before anything is made of it: an EPCISDocument, an
// EPCISQueryDocument, or a single event, which must bring its own @context. The failure is
// fault.Malformed when the data is not JSON, and otherwise that of Validate.
func ValidateJSON(data []byte) error {
	v, err := parse(data)
	if err != nil {
		return err
	}
	c := &checker{}
	if o, ok := c.object(v, ""); ok {
		c.top(o)
	}
	return c.problem.Err()
}

// top checks what stands by itself: a document or a single event.
func (c *checker) top(o map[string]any) {
	_, body := o["epcisBody"]
	switch {
	case o["type"] == DocumentType, o["type"] == QueryDocumentType, body:
		c.document(o) // with a body it is meant to be a document, whatever it says it is
	default:
		c.required(o, "", "@context")
		c.event(o, "")
	}
}

// checker gathers the faults of a document.
type checker struct {
	problem fault.Problem
	strict  bool
}

func (c *checker) fail(pointer, code string, args ...any) {
	if len(c.problem.Fields) < MaxFaults {
		c.problem.Fields = append(c.problem.Fields, fault.Field{Pointer: pointer, Code: code, Args: args})
	}
}

// at appends a member's name to a pointer, escaped as RFC 6901 has it.
func at(pointer, name string) string {
	return pointer + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}

func (c *checker) required(o map[string]any, pointer string, names ...string) {
	for _, name := range names {
		if _, ok := o[name]; !ok {
			c.fail(at(pointer, name), "epcis_required", name)
		}
	}
}

// names checks that every member is one of those known, or an extension.
func (c *checker) names(o map[string]any, pointer string, known []string) {
	for _, name := range sortedNames(o) {
		if slices.Contains(known, name) || isURI(name) {
			continue
		}
		if _, standard := memberRank[name]; standard {
			c.fail(at(pointer, name), "epcis_member_misplaced", name)
		} else {
			c.fail(at(pointer, name), "epcis_member_unknown", name)
		}
	}
}

// only is names for objects that admit no extensions.
func (c *checker) only(o map[string]any, pointer string, known ...string) {
	for _, name := range sortedNames(o) {
		if !slices.Contains(known, name) {
			c.fail(at(pointer, name), "epcis_member_misplaced", name)
		}
	}
}

func (c *checker) object(v any, pointer string) (map[string]any, bool) {
	o, ok := v.(map[string]any)
	if !ok {
		c.fail(pointer, "epcis_not_object")
	}
	return o, ok
}

func (c *checker) list(v any, pointer string) ([]any, bool) {
	list, ok := v.([]any)
	if !ok {
		c.fail(pointer, "epcis_not_list")
	}
	return list, ok
}

func (c *checker) text(v any, pointer string) (string, bool) {
	s, ok := v.(string)
	if !ok || !utf8.ValidString(s) {
		c.fail(pointer, "epcis_not_text")
		return "", false
	}
	return s, ok
}

func (c *checker) uri(v any, pointer string) {
	if s, ok := c.text(v, pointer); ok && !isURI(s) {
		c.fail(pointer, "epcis_not_uri", s)
	}
}

func (c *checker) time(v any, pointer string) {
	if s, ok := c.text(v, pointer); ok {
		if _, ok := parseTime(s); !ok {
			c.fail(pointer, "epcis_time", s)
		}
	}
}

func (c *checker) number(v any, pointer string) {
	if n, ok := v.(json.Number); !ok || !isNumber(string(n)) {
		c.fail(pointer, "epcis_not_number")
	}
}

// word checks a value of a standard vocabulary: one of its bare words, or a URI of one's own.
func (c *checker) word(words *vocabulary) func(v any, pointer string) {
	return func(v any, pointer string) {
		s, ok := c.text(v, pointer)
		switch {
		case !ok || words.has(s):
		case !isURI(s):
			c.fail(pointer, "epcis_vocabulary", s)
		case words.bareOnly(s):
			c.fail(pointer, "epcis_vocabulary_form", s)
		}
	}
}

// bareOnly says whether a URI stands for a word of the vocabulary in a form that JSON does not use.
func (v *vocabulary) bareOnly(uri string) bool {
	forms := []string{cbvURN[:len(cbvURN)-1], "http://ns.gs1.org/cbv/", "https://ns.gs1.org/cbv/"}
	if v.urn == "" { // of the GS1 web vocabulary
		forms = []string{"http://gs1.org/voc/", "https://gs1.org/voc/", "http://www.gs1.org/voc/", "https://www.gs1.org/voc/"}
	}
	return slices.ContainsFunc(forms, func(form string) bool { return strings.HasPrefix(uri, form) })
}

// each checks every item of a list.
func (c *checker) each(check func(v any, pointer string)) func(v any, pointer string) {
	return func(v any, pointer string) {
		list, _ := c.list(v, pointer)
		for i, item := range list {
			check(item, pointer+"/"+strconv.Itoa(i))
		}
	}
}

// unique checks that no text occurs twice in a list.
func (c *checker) unique(v any, pointer string) {
	list, _ := v.([]any)
	seen := make(map[string]bool, len(list))
	for i, item := range list {
		s, ok := item.(string)
		if ok && seen[s] {
			c.fail(pointer+"/"+strconv.Itoa(i), "epcis_duplicate", s)
		}
		seen[s] = true
	}
}

// checks are how members are checked, by name. Members that are not there are not checked.
type checks map[string]func(v any, pointer string)

func (c *checker) members(o map[string]any, pointer string, by checks) {
	for _, name := range sortedNames(o) {
		if check := by[name]; check != nil {
			check(o[name], at(pointer, name))
		}
	}
}

// context checks a JSON-LD context as far as it can be without fetching anything.
func (c *checker) context(v any, pointer string) {
	one := func(v any, pointer string) {
		switch v := v.(type) {
		case map[string]any:
		case string:
			if !isURI(v) {
				c.fail(pointer, "epcis_not_uri", v)
			}
		default:
			c.fail(pointer, "epcis_context")
		}
	}
	if _, ok := v.([]any); ok {
		c.each(one)(v, pointer)
		c.unique(v, pointer)
		return
	}
	one(v, pointer)
}

var (
	documentNames = []string{
		"@context", "id", "type", "schemaVersion", "creationDate", "instanceIdentifier", "sender",
		"receiver", "epcisHeader", "epcisBody",
	}
	queryDocumentNames = []string{"@context", "id", "type", "schemaVersion", "creationDate", "epcisBody"}
)

func (c *checker) document(o map[string]any) {
	anyText := func(v any, pointer string) { c.text(v, pointer) }
	c.members(o, "", checks{
		"@context": c.context, "id": c.uri, "creationDate": c.time, "schemaVersion": c.version,
	})
	if o["type"] == QueryDocumentType {
		c.required(o, "", "@context", "type", "epcisBody")
		c.names(o, "", queryDocumentNames)
		c.members(o, "", checks{"epcisBody": c.queryBody})
		return
	}
	c.required(o, "", "@context", "type", "schemaVersion", "creationDate", "epcisBody")
	c.names(o, "", documentNames)
	c.members(o, "", checks{
		"type": func(v any, pointer string) {
			if s, ok := c.text(v, pointer); ok && s != DocumentType {
				c.fail(pointer, "epcis_document_type", s)
			}
		},
		"instanceIdentifier": anyText, "sender": anyText, "receiver": anyText,
		"epcisHeader": c.header,
		"epcisBody": func(v any, pointer string) {
			if body, ok := c.object(v, pointer); ok {
				c.required(body, pointer, "eventList")
				c.members(body, pointer, checks{"eventList": c.each(c.eventValue)})
			}
		},
	})
}

func (c *checker) version(v any, pointer string) {
	s, ok := c.text(v, pointer)
	if !ok {
		return
	}
	for part := range strings.SplitSeq(s, ".") {
		if part == "" || !allIn(part, isDigit) {
			c.fail(pointer, "epcis_version", s)
			return
		}
	}
}

func (c *checker) queryBody(v any, pointer string) {
	body, ok := c.object(v, pointer)
	if !ok {
		return
	}
	c.required(body, pointer, "queryResults")
	c.names(body, pointer, []string{"queryResults"})
	anyText := func(v any, pointer string) { c.text(v, pointer) }
	c.members(body, pointer, checks{"queryResults": func(v any, pointer string) {
		results, ok := c.object(v, pointer)
		if !ok {
			return
		}
		c.required(results, pointer, "queryName", "resultsBody")
		c.names(results, pointer, []string{"queryName", "subscriptionID", "resultsBody"})
		c.members(results, pointer, checks{
			"queryName": anyText, "subscriptionID": anyText,
			"resultsBody": func(v any, pointer string) {
				list, ok := c.object(v, pointer)
				if !ok {
					return
				}
				c.required(list, pointer, "eventList")
				c.names(list, pointer, []string{"eventList", "vocabularyList"})
				c.members(list, pointer, checks{
					"eventList": c.each(c.eventValue), "vocabularyList": c.each(c.vocabularyValue),
				})
			},
		})
	}})
}

func (c *checker) header(v any, pointer string) {
	header, ok := c.object(v, pointer)
	if !ok {
		return
	}
	c.names(header, pointer, []string{"epcisMasterData"})
	c.members(header, pointer, checks{"epcisMasterData": func(v any, pointer string) {
		if data, ok := c.object(v, pointer); ok {
			c.members(data, pointer, checks{"vocabularyList": c.each(c.vocabularyValue)})
		}
	}})
}

// vocabularyValue checks one vocabulary of the master data in a header.
func (c *checker) vocabularyValue(v any, pointer string) {
	o, ok := c.object(v, pointer)
	if !ok {
		return
	}
	c.required(o, pointer, "type")
	c.members(o, pointer, checks{"type": c.uri, "vocabularyElementList": c.each(func(v any, pointer string) {
		element, ok := c.object(v, pointer)
		if !ok {
			return
		}
		c.required(element, pointer, "id")
		c.members(element, pointer, checks{
			"id": c.uri, "children": c.each(c.uri),
			"attributes": c.each(func(v any, pointer string) {
				if attribute, ok := c.object(v, pointer); ok {
					c.required(attribute, pointer, "id")
					c.members(attribute, pointer, checks{"id": c.uri, "attribute": c.attribute})
				}
			}),
		})
	})})
}

func (c *checker) attribute(v any, pointer string) {
	switch v.(type) {
	case json.Number, string, map[string]any:
	default:
		c.fail(pointer, "epcis_attribute")
	}
}
