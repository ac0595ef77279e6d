package gs1

import (
	_ "embed" // for the link types
	"encoding/json"
	"strings"
)

// linkTypeLines is one JSON object a line, from the GS1 Web Vocabulary 1.16.
//
//go:embed linktypes.jsonl
var linkTypeLines string

// VocabularyURI is what the URI of each link type begins with.
const VocabularyURI = "https://ref.gs1.org/voc/"

// A LinkType is a relation between an identified thing and what a link about it leads to.
type LinkType struct {
	// Name is the bare word, such as "traceability".
	Name string `json:"name"`
	// CURIE is the short form for the parameter linkType, such as "gs1:traceability".
	CURIE string `json:"curie"`
	// URI is the full form, as a linkset has it.
	URI string `json:"uri"`
	// LegacyURIs are forms that earlier editions of the vocabulary had.
	LegacyURIs []string `json:"legacyUris"`
	// Title and Description are the vocabulary's own, in English.
	Title       string `json:"title"`
	Description string `json:"description"`
	// Status is "stable" or "deprecated".
	Status string `json:"status"`
	// Restricted names who alone may use the type: "resolver" for a resolver's own housekeeping,
	// "validatedHealthcare"; empty for everybody.
	Restricted []string `json:"restricted"`
}

type linkTypeTable struct {
	all    []LinkType
	byForm map[string]*LinkType // by CURIE and every URI
	byName map[string]*LinkType
}

var linkTypes = mustReadLinkTypes(linkTypeLines)

func mustReadLinkTypes(text string) linkTypeTable {
	t := linkTypeTable{byForm: make(map[string]*LinkType), byName: make(map[string]*LinkType)}
	for line := range strings.Lines(text) {
		var lt LinkType
		if err := json.Unmarshal([]byte(line), &lt); err != nil {
			panic("gs1: link types: " + err.Error())
		}
		t.all = append(t.all, lt)
	}
	for i := range t.all {
		lt := &t.all[i]
		t.byName[lt.Name] = lt
		for _, form := range append([]string{lt.CURIE, lt.URI}, lt.LegacyURIs...) {
			t.byForm[form] = lt
		}
	}
	return t
}

// LinkTypes returns the link types of the vocabulary by name.
func LinkTypes() []LinkType { return append([]LinkType(nil), linkTypes.all...) }

// ParseLinkType recognises a link type as a client may ask for it: gs1:pip, or the URI, the present
// one or one that earlier editions had. Case matters. The error is a fault.Invalid; a resolver
// answers it like a type for which there is no link.
func ParseLinkType(text string) (LinkType, error) {
	if lt, ok := linkTypes.byForm[text]; ok {
		return *lt, nil
	}
	return LinkType{}, invalid("gs1_link_type", text)
}

// LinkTypeNamed finds a link type by its bare word, such as "pip", which is how programs name one.
// It is not a form in which a client may ask.
func LinkTypeNamed(name string) (LinkType, bool) {
	if lt, ok := linkTypes.byName[name]; ok {
		return *lt, true
	}
	return LinkType{}, false
}
