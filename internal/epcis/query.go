package epcis

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"truynguon/internal/fault"
)

// Query is a question in the EPCIS query language (EPCIS 2.0, section 8.2.7.1: SimpleEventQuery), read
// by [ParseQuery] or [DecodeQuery]. An event answers it when it meets every condition.
//
// What GS1 keys name is compared in one form ([Canonical]), so an EPC URN finds events that carry the
// Digital Link URI and the other way round; words of the standard vocabularies are compared as bare
// words, however they were written.
type Query struct {
	// OrderBy is "eventTime", "recordTime", the full name of an extension, or empty for any order.
	OrderBy string
	// Ascending orders from the least to the greatest; the standard's default is the reverse.
	Ascending bool
	// Limit is eventCountLimit: only the first so many events are wanted. 0 stands for all.
	Limit int
	// Max is maxEventCount: more events than that are to be refused. -1 stands for no limit.
	Max int
	// From and To bound the time of the event: From <= eventTime < To. Zero leaves that side open.
	From, To time.Time
	// RecordedFrom and RecordedTo bound recordTime in the same way.
	RecordedFrom, RecordedTo time.Time

	conditions []condition
	namespaces map[string]string
	// said are the parameters as they were understood, for Key.
	said map[string][]string
}

// condition is one parameter of a query.
type condition struct {
	// terms, if there are any, are what Event.Terms says of every event that meets the condition: one
	// of them at least. rank says how much a term narrows the search; the least narrows it most.
	terms []string
	rank  int
	meets func(v *view) bool
}

// MaxQueryValues is how many values one parameter of a query may list.
const MaxQueryValues = 200

// ParseQuery reads a query from the parameters of an address, in which a list is written with "|"
// between its items. namespaces are what prefixes of names and words stand for besides the standard
// ones; nil for none. The failure is fault.Malformed and names every parameter at fault, with a
// pointer such as "/GE_eventTime": what is not known is refused, never ignored.
func ParseQuery(values url.Values, namespaces map[string]string) (*Query, error) {
	p := newQueryParser(namespaces)
	for _, name := range sortedKeys(values) {
		var list []string
		for _, value := range values[name] {
			list = append(list, strings.Split(value, "|")...)
		}
		p.parameter(name, list, len(values[name]) > 1)
	}
	return p.done()
}

// DecodeQuery reads a query written as a JSON object, as a named query is, with its own @context.
// Failures are those of ParseQuery.
func DecodeQuery(data []byte) (*Query, error) {
	v, err := parse(data)
	if err != nil {
		return nil, err
	}
	o, ok := v.(map[string]any)
	if !ok {
		return nil, fault.New(fault.Malformed, "epcis_not_object")
	}
	p := newQueryParser(nil)
	if context, ok := o["@context"]; ok {
		c := &checker{}
		c.context(context, "/@context")
		p.problem.Fields = append(p.problem.Fields, c.problem.Fields...)
		p.q.namespaces = prefixes(context)
	}
	for _, name := range sortedNames(o) {
		if name == "@context" {
			continue
		}
		list, ok := queryValues(o[name])
		if !ok {
			p.fail(name, "epcis_query_value", name)
			continue
		}
		_, isList := o[name].([]any)
		p.parameter(name, list, isList && !p.takesList(name))
	}
	return p.done()
}

// queryValues writes the value of a parameter in JSON as an address would.
func queryValues(v any) ([]string, bool) {
	switch v := v.(type) {
	case nil:
		return []string{""}, true
	case string:
		return []string{v}, true
	case json.Number:
		return []string{string(v)}, true
	case bool:
		return []string{strconv.FormatBool(v)}, true
	case []any:
		var out []string
		for _, item := range v {
			one, ok := queryValues(item)
			if _, nested := item.([]any); !ok || nested {
				return nil, false
			}
			out = append(out, one...)
		}
		return out, true
	}
	return nil, false
}

// Key is the same for queries that ask the same in the same words. It is what a continued answer is
// bound to.
func (q *Query) Key() string {
	var b strings.Builder
	for _, name := range sortedKeys(q.said) {
		b.WriteString(name)
		for _, v := range q.said[name] {
			b.WriteString("\x01" + v)
		}
		b.WriteString("\x02")
	}
	return b.String()
}

// Terms answers what an index of [Event.Terms] can be asked for, the most selective first: every event
// that answers the query carries at least one term of each set. None means that the query names
// nothing an index knows.
func (q *Query) Terms() [][]string {
	var indexed []condition
	for _, c := range q.conditions {
		if len(c.terms) > 0 {
			indexed = append(indexed, c)
		}
	}
	slices.SortStableFunc(indexed, func(a, b condition) int { return a.rank - b.rank })
	var sets [][]string
	for _, c := range indexed {
		sets = append(sets, c.terms)
	}
	return sets
}

// Narrow reports whether the first of Terms names something by its own identifier, a thing, place,
// document or party, and not only by a word that many events share.
func (q *Query) Narrow() bool {
	return slices.ContainsFunc(q.conditions, func(c condition) bool { return len(c.terms) > 0 && c.rank < rankWord })
}

// Match reports whether an event answers the query, leaving order and limits aside.
func (q *Query) Match(e *Event) bool {
	v := &view{Event: e}
	for _, c := range q.conditions {
		if !c.meets(v) {
			return false
		}
	}
	return true
}

// queryParser gathers the conditions of a query, and its faults.
type queryParser struct {
	q       Query
	problem fault.Problem
}

func newQueryParser(namespaces map[string]string) *queryParser {
	p := &queryParser{q: Query{Max: -1, said: map[string][]string{}, namespaces: standardPrefixes}}
	p.problem.Kind = fault.Malformed
	p.problem.Code = "epcis_query"
	if len(namespaces) > 0 {
		p.q.namespaces = map[string]string{}
		for _, set := range []map[string]string{standardPrefixes, namespaces} {
			for prefix, namespace := range set {
				p.q.namespaces[prefix] = namespace
			}
		}
	}
	return p
}

func (p *queryParser) fail(name, code string, args ...any) {
	if len(p.problem.Fields) < MaxFaults {
		for i, a := range args {
			if s, ok := a.(string); ok && len(s) > 200 {
				args[i] = strings.ToValidUTF8(s[:200], "") + "…"
			}
		}
		p.problem.Add(at("", name), code, args...)
	}
}

func (p *queryParser) add(c condition) { p.q.conditions = append(p.q.conditions, c) }

// parameter reads one parameter.
func (p *queryParser) parameter(name string, values []string, repeated bool) {
	p.q.said[name] = values
	r, ok := p.find(name)
	switch {
	case !ok:
		p.fail(name, "epcis_query_unknown", name)
	case repeated && !r.list:
		p.fail(name, "epcis_query_once", name)
	case !r.list && len(values) > 1:
		// A "|" inside a single value, which would have been taken for two.
		r.read(p, name, []string{strings.Join(values, "|")})
	case len(values) > MaxQueryValues:
		p.fail(name, "epcis_query_many", len(values), MaxQueryValues)
	default:
		r.read(p, name, values)
	}
}

func (p *queryParser) takesList(name string) bool {
	r, ok := p.find(name)
	return ok && r.list
}

// done checks what parameters say together.
func (p *queryParser) done() (*Query, error) {
	_, limited := p.q.said["eventCountLimit"]
	_, bounded := p.q.said["maxEventCount"]
	_, ordered := p.q.said["orderBy"]
	if limited && bounded {
		p.fail("maxEventCount", "epcis_query_exclusive")
	}
	if limited && !ordered {
		p.fail("eventCountLimit", "epcis_query_order_missing")
	}
	if len(p.problem.Fields) > 0 {
		return nil, &p.problem
	}
	return &p.q, nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// ParseThingQuery reads a query like ParseQuery for the events about one thing: an item, a lot or a product,
// in whatever part.
func ParseThingQuery(values url.Values, thing string, namespaces map[string]string) (*Query, error) {
	q, err := ParseQuery(values, namespaces)
	if err != nil {
		return nil, err
	}
	p := newQueryParser(namespaces)
	items, lots := newQueryParser(namespaces), newQueryParser(namespaces)
	items.parameter("MATCH_anyEPC", []string{thing}, false)
	lots.parameter("MATCH_anyEPCClass", []string{thing}, false)
	if p.problem = items.problem; len(p.problem.Fields) > 0 {
		return p.done()
	}
	item, lot := items.q.conditions[0], lots.q.conditions[0]
	q.said["thing"] = []string{thing}
	q.conditions = append(q.conditions, condition{item.terms, item.rank, func(v *view) bool { return item.meets(v) || lot.meets(v) }})
	return q, nil
}
