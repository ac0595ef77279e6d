package epcis

import (
	"crypto/sha256"
	"encoding/hex"
)

// The bounds of what an event is indexed by.
const (
	// maxThings is how many identifiers of things an event is indexed by one by one. An event with more
	// carries manyTerm instead, which every search for a thing looks at besides: there are few of them.
	maxThings = 250
	// maxOthers is how many terms of one other sort it carries at most.
	maxOthers = 50
	// longTerm is the longest value that stands in a term as it is.
	longTerm = 300
)

// manyTerm marks events with more things than are indexed.
const manyTerm = "id*"

// term makes a term. A value too long for an index is told by its digest.
func term(prefix, value string) string {
	if len(value) > longTerm {
		sum := sha256.Sum256([]byte(value))
		value = "#" + hex.EncodeToString(sum[:])
	}
	return prefix + value
}

// Terms lists what an event can be looked up by: its type, words, places, identifiers, documents and
// parties, in the forms in which a [Query] compares them. What it says of an event never changes with
// time, so it can be written with the event once and for all.
func (e *Event) Terms() []string {
	v := &view{Event: e}
	var out []string
	seen := map[string]bool{}
	count := map[string]int{}
	many := false
	add := func(prefix, value string) {
		t := term(prefix, value)
		switch {
		case value == "" || seen[t]:
		case count[prefix] == maxOthers:
			many = true
		default:
			seen[t] = true
			count[prefix]++
			out = append(out, t)
		}
	}
	add("type=", v.expand(e.Type))
	add("event=", v.canonical(e.EventID))
	add("step=", bizSteps.word(v.expand(e.BizStep)))
	add("disp=", dispositions.word(v.expand(e.Disposition)))
	if p := e.PersistentDisposition; p != nil {
		for _, s := range p.Set {
			add("lasting=", dispositions.word(v.expand(s)))
		}
		for _, s := range p.Unset {
			add("lasting=", dispositions.word(v.expand(s)))
		}
	}
	place := func(prefix, place string) {
		at := v.canonical(place)
		add(prefix, at)
		add(prefix, wholePlace(at))
	}
	place("rp=", e.ReadPoint)
	place("loc=", e.BizLocation)
	add("tf=", v.canonical(e.TransformationID))
	for _, t := range e.BizTransactionList {
		add("doc=", v.canonical(t.BizTransaction))
	}
	for _, s := range e.SourceList {
		add("party=", v.canonical(s.Source))
	}
	for _, d := range e.DestinationList {
		add("party=", v.canonical(d.Destination))
	}
	if e.ErrorDeclaration != nil {
		add("err=", "1")
		for _, id := range e.ErrorDeclaration.CorrectiveEventIDs {
			add("fix=", v.canonical(id))
		}
	}
	if len(e.SensorElementList) > 0 {
		add("sensor=", "1")
	}
	things := e.things(v)
	if many || len(things) > maxThings {
		out = append(out, manyTerm)
	}
	if len(things) > maxThings {
		return out
	}
	for _, id := range things {
		out = append(out, term("id=", id))
		if gtin, ok := gtinOf(id); ok && !seen["gtin="+gtin] {
			seen["gtin="+gtin] = true
			out = append(out, term("gtin=", gtin))
		}
	}
	return out
}

// Things lists the items, lots and products that an event is about, whatever their part in it, in the
// form in which identifiers are compared, each once.
func (e *Event) Things() []string { return e.things(&view{Event: e}) }

func (e *Event) things(v *view) []string {
	var out []string
	seen := map[string]bool{}
	for _, field := range []string{"anyEPC", "anyEPCClass"} {
		for _, id := range matchFields[field](v) {
			if id = v.canonical(id); id != "" && !seen[id] {
				seen[id] = true
				out = append(out, id)
			}
		}
	}
	return out
}

// Identifiers lists the items, lots and products that an event is about as it writes them, each once.
func (e *Event) Identifiers() []string {
	v := &view{Event: e}
	var out []string
	seen := map[string]bool{"": true}
	for _, field := range []string{"anyEPC", "anyEPCClass"} {
		for _, id := range matchFields[field](v) {
			if !seen[id] {
				seen[id] = true
				out = append(out, id)
			}
		}
	}
	return out
}

// OwnWord reports whether a type, business step or disposition is none of the standard's.
func OwnWord(s string) bool {
	_, standard := eventTypes[s]
	return s != "" && !standard && !bizSteps.has(bizSteps.word(s)) && !dispositions.has(dispositions.word(s))
}

// EventTypes returns the standard types of events, in alphabetical order.
func EventTypes() []string { return sortedKeys(eventTypes) }
