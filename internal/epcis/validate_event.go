package epcis

import (
	"encoding/json"
	"slices"
	"strings"
)

// commonNames are the members that every event may have.
var commonNames = []string{
	"@context", "type", "eventID", "eventTime", "eventTimeZoneOffset", "recordTime",
	"certificationInfo", "errorDeclaration",
}

// contextNames are what every standard type says of when, where and why.
var contextNames = []string{
	"bizStep", "disposition", "persistentDisposition", "readPoint", "bizLocation",
	"bizTransactionList", "sourceList", "destinationList", "sensorElementList",
}

// eventType is what the standard says of one type of event.
type eventType struct {
	// names are the members it may have besides the common ones.
	names []string
	// required are the members it must have besides the common ones.
	required []string
	// more checks what cannot be said by naming members.
	more func(c *checker, o map[string]any, pointer string)
}

var eventTypes = map[string]eventType{
	ObjectEvent: {
		names:    append([]string{"action", "epcList", "quantityList", "ilmd"}, contextNames...),
		required: []string{"action"},
		more: func(c *checker, o map[string]any, pointer string) {
			if !hasList(o, "epcList", 0) && !hasList(o, "quantityList", 1) &&
				(!hasList(o, "sensorElementList", 1) || o["readPoint"] == nil) {
				c.fail(pointer, "epcis_no_objects")
			}
			if _, ok := o["ilmd"]; ok && o["action"] != Add {
				c.fail(at(pointer, "ilmd"), "epcis_ilmd_action")
			}
			c.unique(o["epcList"], at(pointer, "epcList"))
		},
	},
	AggregationEvent: {
		names:    append([]string{"action", "parentID", "childEPCs", "childQuantityList"}, contextNames...),
		required: []string{"action"},
		more:     (*checker).children,
	},
	AssociationEvent: {
		names:    append([]string{"action", "parentID", "childEPCs", "childQuantityList"}, contextNames...),
		required: []string{"action", "parentID"},
		more:     (*checker).children,
	},
	TransactionEvent: {
		names:    append([]string{"action", "parentID", "epcList", "quantityList"}, contextNames...),
		required: []string{"action", "bizTransactionList"},
		more: func(c *checker, o map[string]any, pointer string) {
			if list, ok := o["bizTransactionList"].([]any); ok && len(list) == 0 {
				c.fail(at(pointer, "bizTransactionList"), "epcis_empty")
			}
			if !hasList(o, "epcList", 0) && !hasList(o, "quantityList", 1) && o["action"] != Delete {
				c.fail(pointer, "epcis_no_objects")
			}
		},
	},
	TransformationEvent: {
		names: append([]string{
			"inputEPCList", "inputQuantityList", "outputEPCList", "outputQuantityList",
			"transformationID", "ilmd",
		}, contextNames...),
		more: func(c *checker, o map[string]any, pointer string) {
			inputs := hasList(o, "inputEPCList", 1) || hasList(o, "inputQuantityList", 1)
			outputs := hasList(o, "outputEPCList", 1) || hasList(o, "outputQuantityList", 1)
			_, joined := o["transformationID"]
			if !inputs && (!joined || !outputs) {
				c.fail(pointer, "epcis_no_inputs")
			}
			if !outputs && (!joined || !inputs) {
				c.fail(pointer, "epcis_no_outputs")
			}
			c.unique(o["inputEPCList"], at(pointer, "inputEPCList"))
			c.unique(o["outputEPCList"], at(pointer, "outputEPCList"))
		},
	},
}

func (c *checker) children(o map[string]any, pointer string) {
	if !hasList(o, "childEPCs", 1) && !hasList(o, "childQuantityList", 1) && o["action"] != Delete {
		c.fail(pointer, "epcis_no_children")
	}
	if c.strict && (o["action"] == Add || o["action"] == Delete) && o["type"] == AggregationEvent {
		c.required(o, pointer, "parentID")
	}
}

// hasList says whether a member is a list of at least n items.
func hasList(o map[string]any, name string, n int) bool {
	list, ok := o[name].([]any)
	return ok && len(list) >= n
}

func (c *checker) eventValue(v any, pointer string) {
	if o, ok := c.object(v, pointer); ok {
		c.event(o, pointer)
	}
}

func (c *checker) event(o map[string]any, pointer string) {
	c.required(o, pointer, "type", "eventTime", "eventTimeZoneOffset")
	c.members(o, pointer, checks{
		"@context": c.context, "eventTime": c.time, "recordTime": c.time, "eventID": c.uri,
		"eventTimeZoneOffset": c.offset, "certificationInfo": c.certificationInfo,
		"errorDeclaration": c.errorDeclaration,
	})
	name, ok := o["type"].(string)
	t, standard := eventTypes[name]
	if !standard {
		// A type of one's own may have any members, but must be a URI.
		if _, there := o["type"]; there && (!ok || !isURI(name)) {
			c.fail(at(pointer, "type"), "epcis_event_type", name)
		}
		return
	}
	c.required(o, pointer, t.required...)
	c.names(o, pointer, slices.Concat(commonNames, t.names))
	t.more(c, o, pointer)

	own := checks{
		"parentID": c.uri, "transformationID": c.uri, "action": c.action,
		"epcList": c.each(c.uri), "childEPCs": c.each(c.uri),
		"inputEPCList": c.each(c.uri), "outputEPCList": c.each(c.uri),
		"quantityList": c.each(c.quantity), "childQuantityList": c.each(c.quantity),
		"inputQuantityList": c.each(c.quantity), "outputQuantityList": c.each(c.quantity),
		"bizStep": c.word(bizSteps), "disposition": c.word(dispositions),
		"persistentDisposition": c.persistentDisposition,
		"readPoint":             c.place, "bizLocation": c.place,
		"bizTransactionList": c.each(c.typed("bizTransaction", bizTransactionTypes, false)),
		"sourceList":         c.each(c.typed("source", sourceDestinationTypes, true)),
		"destinationList":    c.each(c.typed("destination", sourceDestinationTypes, true)),
		"sensorElementList":  c.each(c.sensorElement),
		"ilmd":               c.ilmd,
	}
	for name := range own {
		if !slices.Contains(t.names, name) && !slices.Contains(t.required, name) {
			delete(own, name)
		}
	}
	c.members(o, pointer, own)
}

func (c *checker) offset(v any, pointer string) {
	s, ok := c.text(v, pointer)
	if !ok {
		return
	}
	minutes, valid := parseZone(s)
	const limit = 14 * 60
	if !valid || len(s) != len("+07:00") || minutes > limit || minutes < -limit {
		c.fail(pointer, "epcis_offset", s)
	}
}

func (c *checker) action(v any, pointer string) {
	if s, ok := c.text(v, pointer); ok && s != Add && s != Observe && s != Delete {
		c.fail(pointer, "epcis_action", s)
	}
}

func (c *checker) certificationInfo(v any, pointer string) {
	if _, ok := v.([]any); ok {
		c.each(c.uri)(v, pointer)
		return
	}
	c.uri(v, pointer)
}

func (c *checker) errorDeclaration(v any, pointer string) {
	o, ok := c.object(v, pointer)
	if !ok {
		return
	}
	c.required(o, pointer, "declarationTime")
	c.names(o, pointer, []string{"declarationTime", "reason", "correctiveEventIDs"})
	c.members(o, pointer, checks{
		"declarationTime": c.time, "reason": c.word(errorReasons), "correctiveEventIDs": c.each(c.uri),
	})
}

func (c *checker) persistentDisposition(v any, pointer string) {
	o, ok := c.object(v, pointer)
	if !ok {
		return
	}
	c.only(o, pointer, "set", "unset")
	if len(o) == 0 {
		c.fail(pointer, "epcis_empty")
	}
	some := func(v any, pointer string) {
		c.each(c.word(dispositions))(v, pointer)
		c.unique(v, pointer)
		if list, ok := v.([]any); ok && len(list) == 0 {
			c.fail(pointer, "epcis_empty")
		}
	}
	c.members(o, pointer, checks{"set": some, "unset": some})
}

func (c *checker) quantity(v any, pointer string) {
	o, ok := c.object(v, pointer)
	if !ok {
		return
	}
	c.required(o, pointer, "epcClass")
	c.only(o, pointer, "epcClass", "quantity", "uom")
	c.members(o, pointer, checks{"epcClass": c.uri, "quantity": c.number, "uom": c.unit})
	if !c.strict {
		return
	}
	if _, ok := o["uom"]; ok {
		c.required(o, pointer, "quantity")
	}
	if n, ok := o["quantity"].(json.Number); ok && isNumber(string(n)) {
		if text, _ := decimal(string(n)); text == "0" || strings.HasPrefix(text, "-") {
			c.fail(at(pointer, "quantity"), "epcis_quantity_positive", text)
		}
	}
}

// unit checks a unit of UN/CEFACT Recommendation 20.
func (c *checker) unit(v any, pointer string) {
	s, ok := c.text(v, pointer)
	if !ok {
		return
	}
	capital := func(b byte) bool { return isDigit(b) || 'A' <= b && b <= 'Z' }
	if len(s) < 2 || len(s) > 3 || !allIn(s, capital) {
		c.fail(pointer, "epcis_uom", s)
	}
}

func (c *checker) place(v any, pointer string) {
	if o, ok := c.object(v, pointer); ok {
		c.required(o, pointer, "id")
		c.members(o, pointer, checks{"id": c.uri})
	}
}

// typed checks an object of a type and a value, such as a source.
func (c *checker) typed(value string, types *vocabulary, typeRequired bool) func(v any, pointer string) {
	return func(v any, pointer string) {
		o, ok := c.object(v, pointer)
		if !ok {
			return
		}
		c.required(o, pointer, value)
		if typeRequired {
			c.required(o, pointer, "type")
		}
		c.only(o, pointer, "type", value)
		c.members(o, pointer, checks{"type": c.word(types), value: c.uri})
	}
}

func (c *checker) ilmd(v any, pointer string) {
	o, _ := c.object(v, pointer)
	for _, name := range sortedNames(o) {
		if !isURI(name) {
			c.fail(at(pointer, name), "epcis_member_unknown", name)
		}
	}
}

func (c *checker) sensorElement(v any, pointer string) {
	o, ok := c.object(v, pointer)
	if !ok {
		return
	}
	c.required(o, pointer, "sensorReport")
	c.names(o, pointer, []string{"sensorMetadata", "sensorReport"})
	c.members(o, pointer, checks{
		"sensorMetadata": func(v any, pointer string) {
			if o, ok := c.object(v, pointer); ok {
				c.namesOf(o, pointer, &SensorMetadata{})
				c.members(o, pointer, checks{
					"time": c.time, "startTime": c.time, "endTime": c.time, "deviceID": c.uri,
					"deviceMetadata": c.uri, "rawData": c.uri, "dataProcessingMethod": c.uri, "bizRules": c.uri,
				})
			}
		},
		"sensorReport": func(v any, pointer string) {
			c.each(c.sensorReport)(v, pointer)
			if list, ok := v.([]any); ok && len(list) == 0 {
				c.fail(pointer, "epcis_empty")
			}
		},
	})
}

// namesOf is names for the members that a structure has.
func (c *checker) namesOf(o map[string]any, pointer string, s structure) {
	var known []string
	for _, m := range s.members() {
		if m.name != rest {
			known = append(known, m.name)
		}
	}
	c.names(o, pointer, known)
}

func (c *checker) sensorReport(v any, pointer string) {
	o, ok := c.object(v, pointer)
	if !ok {
		return
	}
	anyText := func(v any, pointer string) { c.text(v, pointer) }
	c.required(o, pointer, "type")
	c.namesOf(o, pointer, &SensorReport{})
	c.members(o, pointer, checks{
		"type": c.word(measurementTypes), "exception": c.word(sensorAlertTypes),
		"component": c.word(components), "time": c.time,
		"deviceID": c.uri, "deviceMetadata": c.uri, "rawData": c.uri, "dataProcessingMethod": c.uri,
		"bizRules": c.uri, "microorganism": c.uri, "chemicalSubstance": c.uri, "uriValue": c.uri,
		"coordinateReferenceSystem": c.uri,
		"value":                     c.number, "minValue": c.number, "maxValue": c.number, "meanValue": c.number,
		"sDev": c.number, "percRank": c.number, "percValue": c.number,
		"stringValue": anyText, "uom": anyText,
		"booleanValue": func(v any, pointer string) {
			if _, ok := v.(bool); !ok {
				c.fail(pointer, "epcis_not_boolean")
			}
		},
		"hexBinaryValue": func(v any, pointer string) {
			if s, ok := c.text(v, pointer); ok && (s == "" || !allIn(s, isHex)) {
				c.fail(pointer, "epcis_hex", s)
			}
		},
	})
}
