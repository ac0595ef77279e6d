package epcis

import (
	"encoding/json"
	"math/big"
	"slices"
	"strings"
	"time"
)

// comparisons are what the first part of a parameter's name asks of a value: n is below, at or above
// zero as the event's value is below, equal to or above the one asked for.
var comparisons = map[string]func(n int) bool{
	"EQ": func(n int) bool { return n == 0 },
	"GT": func(n int) bool { return n > 0 },
	"GE": func(n int) bool { return n >= 0 },
	"LT": func(n int) bool { return n < 0 },
	"LE": func(n int) bool { return n <= 0 },
}

// measured is a number with its unit.
type measured struct {
	value json.Number
	unit  string
}

// numberFields are the numbers that have parameters, which may name a unit: GE_quantity_KGM.
var numberFields = map[string]func(v *view) []measured{
	"quantity": func(v *view) []measured {
		var out []measured
		for _, list := range [][]Quantity{v.QuantityList, v.ChildQuantityList, v.InputQuantityList, v.OutputQuantityList} {
			for i := range list {
				out = append(out, measured{list[i].Quantity, list[i].UOM})
			}
		}
		return out
	},
	"value":     readings(func(r *SensorReport) json.Number { return r.Value }),
	"minValue":  readings(func(r *SensorReport) json.Number { return r.MinValue }),
	"maxValue":  readings(func(r *SensorReport) json.Number { return r.MaxValue }),
	"meanValue": readings(func(r *SensorReport) json.Number { return r.MeanValue }),
	"sDev":      readings(func(r *SensorReport) json.Number { return r.StdDev }),
	"percRank":  readings(func(r *SensorReport) json.Number { return r.PercentileRank }),
	"percValue": readings(func(r *SensorReport) json.Number { return r.PercentileValue }),
}

func readings(of func(r *SensorReport) json.Number) func(v *view) []measured {
	return func(v *view) []measured {
		var out []measured
		for i := range v.SensorElementList {
			for j := range v.SensorElementList[i].Reports {
				r := &v.SensorElementList[i].Reports[j]
				out = append(out, measured{of(r), r.UOM})
			}
		}
		return out
	}
}

// numberParameter reads the parameters about quantities and sensor values. A value in another unit is
// another value: nothing is converted.
func numberParameter(operator, rest string) (parameter, bool) {
	holds := comparisons[operator]
	name, unit, united := strings.Cut(rest, "_")
	field := numberFields[name]
	capital := func(b byte) bool { return isDigit(b) || 'A' <= b && b <= 'Z' }
	if holds == nil || field == nil || united && (len(unit) < 2 || len(unit) > 4 || !allIn(unit, capital)) {
		return parameter{}, false
	}
	return parameter{operator == "EQ", func(p *queryParser, name string, values []string) {
		for _, value := range values {
			if !isComparable(value) {
				p.fail(name, "epcis_query_number", value)
				return
			}
		}
		c := condition{rank: rankGroup, meets: func(v *view) bool {
			return slices.ContainsFunc(field(v), func(m measured) bool {
				return m.value != "" && (!united || m.unit == unit) && slices.ContainsFunc(values, func(want string) bool {
					n, ok := compareNumbers(string(m.value), want)
					return ok && holds(n)
				})
			})
		}}
		if !strings.HasPrefix(rest, "quantity") {
			c.terms = []string{"sensor=1"}
		}
		p.add(c)
	}}, true
}

// isComparable says whether a text is a number of a size that is worth computing with.
func isComparable(s string) bool {
	const digits = 100
	return len(s) <= digits && isNumber(s)
}

// compareNumbers compares two numbers exactly. ok is false if one is none, or is of absurd magnitude.
func compareNumbers(a, b string) (n int, ok bool) {
	var x, y *big.Rat
	if x, ok = rational(a); !ok {
		return 0, false
	}
	if y, ok = rational(b); !ok {
		return 0, false
	}
	return x.Cmp(y), true
}

func rational(s string) (*big.Rat, bool) {
	if !isComparable(s) {
		return nil, false
	}
	text, ok := decimal(s)
	if !ok || strings.ContainsAny(text, "eE") {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}

// compareValues compares a value of an extension with one asked for: as numbers, as times, as dates, or
// as text, whichever both are. Only numbers, times and dates are above or below one another.
func compareValues(have any, want string, namespaces map[string]string) (n int, ordered, ok bool) {
	var s string
	switch v := have.(type) {
	case json.Number:
		n, ok = compareNumbers(string(v), want)
		return n, true, ok
	case bool:
		s = "false"
		if v {
			s = "true"
		}
	case string:
		s = strings.TrimSpace(v)
	default:
		return 0, false, false
	}
	if n, ok := compareNumbers(s, want); ok {
		return n, true, true
	}
	if t, ok := parseTime(s); ok {
		if w, ok := moment(want); ok {
			return t.Compare(w), true, true
		}
	}
	if isDay(s) && isDay(want) {
		return strings.Compare(s, want), true, true
	}
	if s == want || strings.Contains(s, ":") && canonical(s, namespaces) == want {
		return 0, false, true
	}
	return strings.Compare(s, want), false, true
}

// isDay says whether a text has the shape of a date: 2026-03-01.
func isDay(s string) bool {
	return len(s) == len("2026-03-01") && s[4] == '-' && s[7] == '-' && allIn(s[:4]+s[5:7]+s[8:], isDigit)
}

// extensionParts are what a parameter about an extension may say of where it stands. The standard has no
// separate word for the members of an event itself.
var extensionParts = map[string]func(v *view) []Extensions{
	"": func(v *view) []Extensions { return []Extensions{v.Extensions} },
	"ILMD_": func(v *view) []Extensions {
		return []Extensions{v.ILMD}
	},
	"ERROR_DECLARATION_": func(v *view) []Extensions {
		if v.ErrorDeclaration == nil {
			return nil
		}
		return []Extensions{v.ErrorDeclaration.Extensions}
	},
	"readPoint_":   func(v *view) []Extensions { return []Extensions{v.ReadPointExtensions} },
	"bizLocation_": func(v *view) []Extensions { return []Extensions{v.BizLocationExtensions} },
	"SENSORELEMENT_": func(v *view) []Extensions {
		var out []Extensions
		for i := range v.SensorElementList {
			out = append(out, v.SensorElementList[i].Extensions)
		}
		return out
	},
	"SENSORMETADATA_": func(v *view) []Extensions {
		var out []Extensions
		for i := range v.SensorElementList {
			if m := v.SensorElementList[i].Metadata; m != nil {
				out = append(out, m.Extensions)
			}
		}
		return out
	},
	"SENSORREPORT_": func(v *view) []Extensions {
		var out []Extensions
		for i := range v.SensorElementList {
			for j := range v.SensorElementList[i].Reports {
				out = append(out, v.SensorElementList[i].Reports[j].Extensions)
			}
		}
		return out
	},
}

// partNames are other spellings of parts, from the published schema.
var partNames = map[string]string{
	"sensorElement_": "SENSORELEMENT_", "sensorMetadata_": "SENSORMETADATA_", "sensorReport_": "SENSORREPORT_",
}

// extensionParameter reads the parameters about members of one's own: EQ_ex:inspector, GE_ILMD_ex:height,
// EXISTS_INNER_ex:note. The name must have a prefix or be a full URI.
func (p *queryParser) extensionParameter(operator, rest string) (parameter, bool) {
	holds := comparisons[operator]
	if holds == nil && operator != "EXISTS" {
		return parameter{}, false
	}
	rest, inner := strings.CutPrefix(rest, "INNER_")
	part := extensionParts[""]
	for prefix, of := range extensionParts {
		if after, ok := strings.CutPrefix(rest, prefix); ok && prefix != "" && strings.Contains(after, ":") {
			rest, part = after, of
		}
	}
	for spelling, prefix := range partNames {
		if after, ok := strings.CutPrefix(rest, spelling); ok && strings.Contains(after, ":") {
			rest, part = after, extensionParts[prefix]
		}
	}
	if !strings.Contains(rest, ":") || !isURI(rest) {
		return parameter{}, false
	}
	name := rest
	find := func(v *view) []any {
		var out []any
		for _, o := range part(v) {
			out = append(out, v.named(map[string]any(o), name, p.q.namespaces, inner, true)...)
		}
		return out
	}
	if operator == "EXISTS" {
		return existsParameter("", func(v *view) bool { return len(find(v)) > 0 }), true
	}
	return parameter{operator == "EQ", func(p *queryParser, name string, values []string) {
		if operator != "EQ" {
			_, isTime := moment(values[0])
			if !isTime && !isComparable(values[0]) && !isDay(values[0]) {
				p.fail(name, "epcis_query_comparable", values[0])
				return
			}
		}
		p.add(condition{meets: func(v *view) bool {
			return slices.ContainsFunc(find(v), func(have any) bool {
				return slices.ContainsFunc(values, func(want string) bool {
					n, ordered, ok := compareValues(have, want, v.prefixes())
					return ok && holds(n) && (ordered || operator == "EQ")
				})
			})
		}})
	}}, true
}

// named finds the values of a member by its name: at the top, or with inner below the top, at any depth.
// Lists count item by item.
func (v *view) named(o map[string]any, name string, namespaces map[string]string, inner, top bool) []any {
	var out []any
	var walk func(value any)
	walk = func(value any) {
		switch value := value.(type) {
		case []any:
			for _, item := range value {
				walk(item)
			}
		case map[string]any:
			out = append(out, v.named(value, name, namespaces, inner, false)...)
		}
	}
	for have, value := range o {
		if inner != top && v.sameName(have, name, namespaces) {
			if list, ok := value.([]any); ok {
				out = append(out, list...)
			} else {
				out = append(out, value)
			}
		}
		if inner {
			walk(value)
		}
	}
	return out
}

// sameName says whether the name of a member in the event is the one asked for: both in full, or, where
// the query does not explain its prefix, letter by letter. EPCIS 1.2 put a # between namespace and name.
func (v *view) sameName(have, asked string, namespaces map[string]string) bool {
	if have == asked {
		return true
	}
	full, wanted := expand(have, v.prefixes()), expand(asked, namespaces)
	if full == wanted {
		return true
	}
	if i := strings.LastIndexByte(wanted, '#'); i >= 0 {
		return full == wanted[:i]+wanted[i+1:]
	}
	return false
}

// sensorParameters are the parameters about what sensors tell. A value counts wherever in the sensor
// elements the standard lets it stand.
func sensorParameters(fixed map[string]parameter) {
	both := func(meta func(m *SensorMetadata) string, report func(r *SensorReport) string) func(v *view) []string {
		return func(v *view) []string {
			var out []string
			for i := range v.SensorElementList {
				s := &v.SensorElementList[i]
				if s.Metadata != nil && meta != nil {
					out = append(out, meta(s.Metadata))
				}
				for j := range s.Reports {
					out = append(out, report(&s.Reports[j]))
				}
			}
			return out
		}
	}
	fixed["EQ_type"] = sensorWord(measurementTypes, both(nil, func(r *SensorReport) string { return r.Type }))
	fixed["EQ_exception"] = sensorWord(sensorAlertTypes, both(nil, func(r *SensorReport) string { return r.Exception }))
	fixed["EQ_component"] = sensorWord(components, both(nil, func(r *SensorReport) string { return r.Component }))
	for name, field := range map[string]func(v *view) []string{
		"deviceID":             both(func(m *SensorMetadata) string { return m.DeviceID }, func(r *SensorReport) string { return r.DeviceID }),
		"deviceMetadata":       both(func(m *SensorMetadata) string { return m.DeviceMetadata }, func(r *SensorReport) string { return r.DeviceMetadata }),
		"rawData":              both(func(m *SensorMetadata) string { return m.RawData }, func(r *SensorReport) string { return r.RawData }),
		"dataProcessingMethod": both(func(m *SensorMetadata) string { return m.DataProcessingMethod }, func(r *SensorReport) string { return r.DataProcessingMethod }),
		"bizRules":             both(func(m *SensorMetadata) string { return m.BizRules }, func(r *SensorReport) string { return r.BizRules }),
		"microorganism":        both(nil, func(r *SensorReport) string { return r.Microorganism }),
		"chemicalSubstance":    both(nil, func(r *SensorReport) string { return r.ChemicalSubstance }),
		"uriValue":             both(nil, func(r *SensorReport) string { return r.URIValue }),
	} {
		fixed["EQ_"+name] = sensorIndexed(idParameter("", rankGroup, field))
	}
	for name, field := range map[string]func(v *view) []string{
		"stringValue": both(nil, func(r *SensorReport) string { return r.StringValue }),
		// Hexadecimal digits mean the same in either case.
		"hexBinaryValue": both(nil, func(r *SensorReport) string { return strings.ToUpper(r.HexBinaryValue) }),
	} {
		fixed["EQ_"+name] = sensorIndexed(parameter{true, func(p *queryParser, param string, values []string) {
			wanted := slices.Clone(values)
			if name == "hexBinaryValue" {
				for i := range wanted {
					wanted[i] = strings.ToUpper(wanted[i])
					if wanted[i] == "" || !allIn(wanted[i], isHex) {
						p.fail(param, "epcis_hex", values[i])
					}
				}
			}
			p.add(condition{meets: func(v *view) bool {
				return slices.ContainsFunc(field(v), func(s string) bool { return s != "" && slices.Contains(wanted, s) })
			}})
		}})
	}
	fixed["EQ_booleanValue"] = sensorIndexed(parameter{false, func(p *queryParser, name string, values []string) {
		if values[0] != "true" && values[0] != "false" {
			p.fail(name, "epcis_not_boolean")
			return
		}
		p.add(condition{meets: func(v *view) bool {
			for i := range v.SensorElementList {
				for j := range v.SensorElementList[i].Reports {
					if b := v.SensorElementList[i].Reports[j].BooleanValue; b != nil && *b == (values[0] == "true") {
						return true
					}
				}
			}
			return false
		}})
	}})
}

func sensorWord(words *vocabulary, field func(v *view) []string) parameter {
	return sensorIndexed(wordParameter(words, "", field))
}

// sensorIndexed makes a parameter's condition one that only events with sensor readings can meet.
func sensorIndexed(r parameter) parameter {
	return parameter{r.list, func(p *queryParser, name string, values []string) {
		before := len(p.q.conditions)
		r.read(p, name, values)
		for i := before; i < len(p.q.conditions); i++ {
			p.q.conditions[i].terms, p.q.conditions[i].rank = []string{"sensor=1"}, rankGroup
		}
	}}
}

// sensorTimes are the times of one kind that sensor elements state.
func sensorTimes(of func(m *SensorMetadata) time.Time) func(v *view) []time.Time {
	return func(v *view) []time.Time {
		var out []time.Time
		for i := range v.SensorElementList {
			if m := v.SensorElementList[i].Metadata; m != nil {
				out = append(out, of(m))
			}
		}
		return out
	}
}

// Compare orders two events by the extension that the query is ordered by: numbers and times by their
// size, text byte by byte. Events without it come first.
func (q *Query) Compare(a, b *Event) int {
	x, y := q.ordinal(a), q.ordinal(b)
	switch {
	case x == "" || y == "":
		return strings.Compare(x, y)
	}
	if n, ok := compareNumbers(x, y); ok {
		return n
	}
	if s, ok := parseTime(x); ok {
		if t, ok := parseTime(y); ok {
			return s.Compare(t)
		}
	}
	return strings.Compare(x, y)
}

// ordinal is what an event says under the name that the query is ordered by.
func (q *Query) ordinal(e *Event) string {
	v := &view{Event: e}
	for _, value := range v.named(map[string]any(e.Extensions), q.OrderBy, q.namespaces, false, true) {
		switch value := value.(type) {
		case string:
			return value
		case json.Number:
			return string(value)
		}
	}
	return ""
}
