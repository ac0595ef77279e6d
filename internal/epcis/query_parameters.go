package epcis

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// parameter is how one parameter of the query language, or one family of them, is read.
type parameter struct {
	// list tells that it may have several values, any of which is enough.
	list bool
	read func(p *queryParser, name string, values []string)
}

// How much a condition narrows a search, from what one event has alone to what most have.
const (
	rankEvent = iota
	rankThing
	rankPlace
	rankGroup
	rankWord // from here on: words that many events share
	rankType
)

// fixedParameters are the parameters that have one name.
var fixedParameters = map[string]parameter{}

func init() {
	fixed := fixedParameters
	for name, field := range map[string]func(v *view) []time.Time{
		"eventTime":             func(v *view) []time.Time { return []time.Time{v.EventTime} },
		"recordTime":            func(v *view) []time.Time { return []time.Time{v.RecordTime} },
		"errorDeclarationTime":  declarationTime,
		"errorDeclaration_Time": declarationTime, // as the published schema has it, by a slip
		"time":                  sensorTimes(func(m *SensorMetadata) time.Time { return m.Time }),
		"startTime":             sensorTimes(func(m *SensorMetadata) time.Time { return m.StartTime }),
		"endTime":               sensorTimes(func(m *SensorMetadata) time.Time { return m.EndTime }),
	} {
		fixed["GE_"+name] = timeParameter(field, func(t, limit time.Time) bool { return !t.Before(limit) })
		fixed["LT_"+name] = timeParameter(field, func(t, limit time.Time) bool { return t.Before(limit) })
	}
	fixed["eventType"] = parameter{true, readEventType}
	fixed["EQ_action"] = parameter{true, readAction}
	fixed["EQ_bizStep"] = wordParameter(bizSteps, "step=", func(v *view) []string { return []string{v.BizStep} })
	fixed["EQ_disposition"] = wordParameter(dispositions, "disp=", func(v *view) []string { return []string{v.Disposition} })
	fixed["EQ_persistentDisposition_set"] = wordParameter(dispositions, "lasting=", func(v *view) []string {
		if v.PersistentDisposition == nil {
			return nil
		}
		return v.PersistentDisposition.Set
	})
	fixed["EQ_persistentDisposition_unset"] = wordParameter(dispositions, "lasting=", func(v *view) []string {
		if v.PersistentDisposition == nil {
			return nil
		}
		return v.PersistentDisposition.Unset
	})
	fixed["EQ_errorReason"] = wordParameter(errorReasons, "", func(v *view) []string {
		if v.ErrorDeclaration == nil {
			return nil
		}
		return []string{v.ErrorDeclaration.Reason}
	})
	fixed["EQ_readPoint"] = placeParameter("rp=", false, func(v *view) string { return v.ReadPoint })
	fixed["WD_readPoint"] = placeParameter("rp=", true, func(v *view) string { return v.ReadPoint })
	fixed["EQ_bizLocation"] = placeParameter("loc=", false, func(v *view) string { return v.BizLocation })
	fixed["WD_bizLocation"] = placeParameter("loc=", true, func(v *view) string { return v.BizLocation })
	fixed["EQ_transformationID"] = idParameter("tf=", rankEvent, func(v *view) []string { return []string{v.TransformationID} })
	fixed["EQ_eventID"] = idParameter("event=", rankEvent, func(v *view) []string { return []string{v.EventID} })
	fixed["EQ_correctiveEventID"] = idParameter("fix=", rankEvent, func(v *view) []string {
		if v.ErrorDeclaration == nil {
			return nil
		}
		return v.ErrorDeclaration.CorrectiveEventIDs
	})
	for name, ids := range matchFields {
		fixed["MATCH_"+name] = matchParameter(ids)
	}
	fixed["EXISTS_errorDeclaration"] = existsParameter("err=1", func(v *view) bool { return v.ErrorDeclaration != nil })
	fixed["EXISTS_sensorElementList"] = existsParameter("sensor=1", func(v *view) bool { return len(v.SensorElementList) > 0 })
	sensorParameters(fixed)
	fixed["orderBy"] = parameter{false, readOrderBy}
	fixed["orderDirection"] = parameter{false, func(p *queryParser, name string, values []string) {
		if values[0] != "ASC" && values[0] != "DESC" {
			p.fail(name, "epcis_query_direction", values[0])
		}
		p.q.Ascending = values[0] == "ASC"
	}}
	fixed["eventCountLimit"] = parameter{false, func(p *queryParser, name string, values []string) {
		p.q.Limit = p.count(name, values[0], 1)
	}}
	fixed["maxEventCount"] = parameter{false, func(p *queryParser, name string, values []string) {
		p.q.Max = p.count(name, values[0], 0)
	}}
}

// find answers how a parameter is read.
func (p *queryParser) find(name string) (parameter, bool) {
	if r, ok := fixedParameters[name]; ok {
		return r, true
	}
	operator, rest, ok := strings.Cut(name, "_")
	if !ok || rest == "" {
		return parameter{}, false
	}
	if operator == "EQ" {
		for kind, of := range typedLists {
			if word, ok := strings.CutPrefix(rest, kind+"_"); ok {
				return typedParameter(of, word)
			}
		}
	}
	if r, ok := numberParameter(operator, rest); ok {
		return r, true
	}
	return p.extensionParameter(operator, rest)
}

func (p *queryParser) count(name, value string, least int) int {
	n, err := strconv.Atoi(value)
	if err != nil || n < least {
		p.fail(name, "epcis_query_count", value, least)
	}
	return n
}

func readEventType(p *queryParser, name string, values []string) {
	var wanted, terms []string
	for _, value := range values {
		if _, standard := eventTypes[value]; !standard && !isURI(value) {
			p.fail(name, "epcis_event_type", value)
		}
		value = expand(value, p.q.namespaces)
		wanted, terms = append(wanted, value), append(terms, term("type=", value))
	}
	p.add(condition{terms, rankType, func(v *view) bool { return slices.Contains(wanted, v.expand(v.Type)) }})
}

func readAction(p *queryParser, name string, values []string) {
	for _, value := range values {
		if value != Add && value != Observe && value != Delete {
			p.fail(name, "epcis_action", value)
		}
	}
	p.add(condition{meets: func(v *view) bool { return slices.Contains(values, v.Action) }})
}

// moment reads a time. A plus sign that an address did not escape, and that therefore arrived as a
// space, can have meant nothing else.
func moment(s string) (time.Time, bool) {
	if n := len(s); n > 6 && s[n-6] == ' ' && s[n-3] == ':' {
		s = s[:n-6] + "+" + s[n-5:]
	}
	return parseTime(s)
}

func timeParameter(field func(v *view) []time.Time, holds func(t, limit time.Time) bool) parameter {
	return parameter{false, func(p *queryParser, name string, values []string) {
		limit, ok := moment(values[0])
		if !ok {
			p.fail(name, "epcis_time", values[0])
			return
		}
		switch name {
		case "GE_eventTime":
			p.q.From = limit
		case "LT_eventTime":
			p.q.To = limit
		case "GE_recordTime":
			p.q.RecordedFrom = limit
		case "LT_recordTime":
			p.q.RecordedTo = limit
		}
		p.add(condition{meets: func(v *view) bool {
			return slices.ContainsFunc(field(v), func(t time.Time) bool { return !t.IsZero() && holds(t, limit) })
		}})
	}}
}

func declarationTime(v *view) []time.Time {
	if v.ErrorDeclaration == nil {
		return nil
	}
	return []time.Time{v.ErrorDeclaration.DeclarationTime}
}

// wordParameter is about words of a vocabulary. With a prefix, events are indexed by them.
func wordParameter(words *vocabulary, prefix string, field func(v *view) []string) parameter {
	return parameter{true, func(p *queryParser, name string, values []string) {
		var wanted, terms []string
		for _, value := range values {
			word := words.word(expand(value, p.q.namespaces))
			if !words.has(word) && !isURI(word) {
				p.fail(name, "epcis_vocabulary", value)
			}
			wanted = append(wanted, word)
			if prefix != "" {
				terms = append(terms, term(prefix, word))
			}
		}
		if prefix == "lasting=" {
			terms = append(terms, manyTerm)
		}
		p.add(condition{terms, rankWord, func(v *view) bool {
			return slices.ContainsFunc(field(v), func(s string) bool {
				return s != "" && slices.Contains(wanted, words.word(v.expand(s)))
			})
		}})
	}}
}

// ids reads identifiers in the form in which they are compared.
func (p *queryParser) ids(name string, values []string) []string {
	var out []string
	for _, value := range values {
		if !isURI(value) {
			p.fail(name, "epcis_not_uri", value)
			continue
		}
		out = append(out, canonical(value, p.q.namespaces))
	}
	return out
}

func idParameter(prefix string, rank int, field func(v *view) []string) parameter {
	return parameter{true, func(p *queryParser, name string, values []string) {
		wanted := p.ids(name, values)
		var terms []string
		for _, id := range wanted {
			if prefix != "" {
				terms = append(terms, term(prefix, id))
			}
		}
		if prefix == "fix=" {
			terms = append(terms, manyTerm)
		}
		p.add(condition{terms, rank, func(v *view) bool {
			return slices.ContainsFunc(field(v), func(id string) bool { return id != "" && slices.Contains(wanted, v.canonical(id)) })
		}})
	}}
}

// placeParameter is about a place. Within means: or a part of it. What is part of what is master data;
// here it is what identifiers themselves say: a GLN with an extension is part of the GLN.
func placeParameter(prefix string, within bool, field func(v *view) string) parameter {
	return parameter{true, func(p *queryParser, name string, values []string) {
		wanted := p.ids(name, values)
		var terms []string
		for _, id := range wanted {
			terms = append(terms, term(prefix, id))
		}
		p.add(condition{terms, rankPlace, func(v *view) bool {
			if field(v) == "" {
				return false
			}
			at := v.canonical(field(v))
			return slices.Contains(wanted, at) || within && slices.Contains(wanted, wholePlace(at))
		}})
	}}
}

// existsParameter is about something being there at all. A value of false asks for nothing.
func existsParameter(index string, there func(v *view) bool) parameter {
	return parameter{false, func(p *queryParser, name string, values []string) {
		asked, ok := existence(values[0])
		switch {
		case !ok:
			p.fail(name, "epcis_not_boolean")
		case asked:
			c := condition{rank: rankGroup, meets: there}
			if index != "" {
				c.terms = []string{index}
			}
			p.add(c)
		}
	}}
}

// existence reads the value of an EXISTS parameter, which the standard leaves void, the REST binding
// makes a boolean, and the query schema an integer.
func existence(value string) (asked, ok bool) {
	switch value {
	case "", "true", "1":
		return true, true
	case "false", "0":
		return false, true
	}
	return false, false
}

// typedLists are lists of objects of a type and a value, which have a parameter for each type.
var typedLists = map[string]typedList{
	"bizTransaction": {bizTransactionTypes, "doc=", func(v *view, found func(kind, id string) bool) bool {
		return slices.ContainsFunc(v.BizTransactionList, func(t BizTransaction) bool { return found(t.Type, t.BizTransaction) })
	}},
	"source": {sourceDestinationTypes, "party=", func(v *view, found func(kind, id string) bool) bool {
		return slices.ContainsFunc(v.SourceList, func(s Source) bool { return found(s.Type, s.Source) })
	}},
	"destination": {sourceDestinationTypes, "party=", func(v *view, found func(kind, id string) bool) bool {
		return slices.ContainsFunc(v.DestinationList, func(d Destination) bool { return found(d.Type, d.Destination) })
	}},
}

type typedList struct {
	types  *vocabulary
	prefix string
	any    func(v *view, found func(kind, id string) bool) bool
}

func typedParameter(of typedList, word string) (parameter, bool) {
	if !of.types.has(of.types.word(word)) && !isURI(word) {
		return parameter{}, false
	}
	return parameter{true, func(p *queryParser, name string, values []string) {
		kind := of.types.word(expand(word, p.q.namespaces))
		wanted := p.ids(name, values)
		var terms []string
		for _, id := range wanted {
			terms = append(terms, term(of.prefix, id))
		}
		terms = append(terms, manyTerm)
		p.add(condition{terms, rankGroup, func(v *view) bool {
			return of.any(v, func(k, id string) bool {
				return of.types.word(v.expand(k)) == kind && slices.Contains(wanted, v.canonical(id))
			})
		}})
	}}, true
}

func readOrderBy(p *queryParser, name string, values []string) {
	p.q.OrderBy = values[0]
	if values[0] == "eventTime" || values[0] == "recordTime" {
		return
	}
	if !strings.Contains(values[0], ":") {
		p.fail(name, "epcis_query_order", values[0])
	}
}
