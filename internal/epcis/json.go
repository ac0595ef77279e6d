package epcis

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"truynguon/internal/fault"
)

// maxDepth bounds how deeply arrays and objects may be nested in what is decoded. EPCIS itself needs
// eight levels; the rest is room for extensions.
const maxDepth = 128

// errDuplicate and errDeep are why well-formed JSON is refused nevertheless.
var (
	errDuplicate = errors.New("duplicate member")
	errDeep      = errors.New("nested too deeply")
)

// parse reads one JSON value. Numbers stay as they are written, as json.Number, because a quantity
// must not pass through binary floating point. An object that names a member twice is refused: two
// readers could see two different events in it, with the same bytes and one hash.
func parse(data []byte) (any, error) {
	if !utf8.Valid(data) || !json.Valid(data) {
		return nil, fault.New(fault.Malformed, "epcis_json")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	v, err := parseValue(d, 0)
	switch {
	case errors.Is(err, errDuplicate):
		return nil, fault.New(fault.Malformed, "epcis_duplicate_member")
	case errors.Is(err, errDeep):
		return nil, fault.New(fault.Malformed, "epcis_too_deep")
	case err != nil:
		return nil, fault.New(fault.Malformed, "epcis_json")
	}
	return v, nil
}

func parseValue(d *json.Decoder, depth int) (any, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	delim, ok := t.(json.Delim)
	if !ok {
		return t, nil
	}
	if depth == maxDepth {
		return nil, errDeep
	}
	if delim == '[' {
		list := []any{}
		for d.More() {
			v, err := parseValue(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = d.Token()
		return list, err
	}
	object := map[string]any{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		name, ok := t.(string)
		if !ok {
			return nil, errors.New("member name is not a string")
		}
		if _, dup := object[name]; dup {
			return nil, errDuplicate
		}
		v, err := parseValue(d, depth+1)
		if err != nil {
			return nil, err
		}
		object[name] = v
	}
	_, err = d.Token()
	return object, err
}

// normal turns a value that Go code put into an extension into what parse would have made of it.
// It shares nothing mutable with v.
func normal(v any) (any, error) {
	switch v := v.(type) {
	case nil, string, bool, json.Number:
		return v, nil
	case Extensions:
		return normalObject(v)
	case map[string]any:
		return normalObject(v)
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			n, err := normal(item)
			if err != nil {
				return nil, err
			}
			out[i] = n
		}
		return out, nil
	default:
		data, err := json.Marshal(v)
		if err == nil {
			v, err := parse(data)
			if err == nil {
				return v, nil
			}
		}
		return nil, fault.New(fault.Invalid, "epcis_unwritable")
	}
}

func normalObject(o map[string]any) (any, error) {
	out := make(map[string]any, len(o))
	for name, v := range o {
		n, err := normal(v)
		if err != nil {
			return nil, err
		}
		out[name] = n
	}
	return out, nil
}

// appendJSON writes a value of the form parse returns. Members come in the order that people expect
// of EPCIS, extensions after them by name, so that the same event always gives the same bytes.
func appendJSON(b []byte, v any) ([]byte, error) {
	var err error
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case bool:
		return strconv.AppendBool(b, v), nil
	case json.Number:
		if !isNumber(string(v)) {
			return nil, fault.New(fault.Invalid, "epcis_not_number")
		}
		return append(b, v...), nil
	case string:
		return appendString(b, v)
	case []any:
		b = append(b, '[')
		for i, item := range v {
			if i > 0 {
				b = append(b, ',')
			}
			if b, err = appendJSON(b, item); err != nil {
				return nil, err
			}
		}
		return append(b, ']'), nil
	case map[string]any:
		b = append(b, '{')
		for i, name := range sortedNames(v) {
			if i > 0 {
				b = append(b, ',')
			}
			if b, err = appendString(b, name); err != nil {
				return nil, err
			}
			b = append(b, ':')
			if b, err = appendJSON(b, v[name]); err != nil {
				return nil, err
			}
		}
		return append(b, '}'), nil
	default:
		return nil, fmt.Errorf("epcis: cannot write a %T", v)
	}
}

// appendString writes a JSON string. Only what JSON demands is escaped: the usual escaping of <, >
// and & would be the same text, but hard to read in a document that people compare by eye.
func appendString(b []byte, s string) ([]byte, error) {
	if !utf8.ValidString(s) {
		return nil, fault.New(fault.Invalid, "epcis_not_text")
	}
	b = append(b, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < 0x20:
			b = fmt.Appendf(b, "\\u%04x", c)
		default:
			b = append(b, c)
		}
	}
	return append(b, '"'), nil
}

func sortedNames(o map[string]any) []string {
	names := make([]string, 0, len(o))
	for name := range o {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		ra, oka := memberRank[a]
		rb, okb := memberRank[b]
		switch {
		case oka && okb:
			return ra - rb
		case oka:
			return -1
		case okb:
			return 1
		}
		return strings.Compare(a, b)
	})
	return names
}

// memberRank gives the place of the standard members within their objects.
var memberRank = func() map[string]int {
	rank := map[string]int{}
	for _, name := range []string{
		"@context", "id", "type", "schemaVersion", "creationDate", "instanceIdentifier", "sender",
		"receiver", "epcisHeader", "epcisBody", "queryResults", "queryName", "subscriptionID", "resultsBody",
		"eventID", "eventTime", "eventTimeZoneOffset", "recordTime", "errorDeclaration",
		"declarationTime", "reason", "correctiveEventIDs",
		"certificationInfo", "parentID", "epcList", "childEPCs", "quantityList", "childQuantityList",
		"inputEPCList", "inputQuantityList", "outputEPCList", "outputQuantityList",
		"epcClass", "quantity", "transformationID", "action", "bizStep", "disposition",
		"persistentDisposition", "set", "unset", "readPoint", "bizLocation",
		"bizTransactionList", "bizTransaction", "sourceList", "source", "destinationList", "destination",
		"sensorElementList", "sensorMetadata", "sensorReport", "exception", "time", "startTime", "endTime",
		"deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "bizRules", "microorganism",
		"chemicalSubstance", "value", "component", "stringValue", "booleanValue", "hexBinaryValue",
		"uriValue", "minValue", "maxValue", "meanValue", "sDev", "percRank", "percValue", "uom",
		"coordinateReferenceSystem", "ilmd", "eventList", "vocabularyList",
	} {
		rank[name] = len(rank)
	}
	return rank
}()

// isNumber says whether s is a number as JSON writes one.
func isNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	digits := func() bool {
		n := 0
		for n < len(s) && s[n] >= '0' && s[n] <= '9' {
			n++
		}
		s = s[n:]
		return n > 0
	}
	if strings.HasPrefix(s, "0") {
		s = s[1:]
	} else if !digits() {
		return false
	}
	if strings.HasPrefix(s, ".") {
		s = s[1:]
		if !digits() {
			return false
		}
	}
	if s != "" && (s[0] == 'e' || s[0] == 'E') {
		s = s[1:]
		if s != "" && (s[0] == '+' || s[0] == '-') {
			s = s[1:]
		}
		if !digits() {
			return false
		}
	}
	return s == ""
}
