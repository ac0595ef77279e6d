package epcis

import (
	"reflect"
	"time"

	"truynguon/internal/fault"
)

// StandardContext is the JSON-LD context of EPCIS 2.0.
const StandardContext = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"

// The types of documents.
const (
	// DocumentType is the type of a document that reports events.
	DocumentType = "EPCISDocument"
	// QueryDocumentType is the type of a document that answers a query.
	QueryDocumentType = "EPCISQueryDocument"
)

// SchemaVersion is the version of EPCIS that NewDocument declares.
const SchemaVersion = "2.0"

// Document is an EPCISDocument or an EPCISQueryDocument.
type Document struct {
	// Context is the JSON-LD context, as in Event.
	Context any
	// Type is DocumentType or QueryDocumentType.
	Type string
	// ID is the URI of the document; it may be empty.
	ID string
	// SchemaVersion is the version of EPCIS, such as "2.0".
	SchemaVersion string
	// CreationDate is when the document was made.
	CreationDate time.Time
	// InstanceIdentifier, Sender and Receiver are what remains of the business document header.
	InstanceIdentifier, Sender, Receiver string
	// Header is the content of epcisHeader: master data.
	Header Extensions
	// QueryName and SubscriptionID say what a query document answers.
	QueryName, SubscriptionID string
	// Events are the events. Nil, unlike empty, means that there is no body to hold them, which no
	// valid document is without.
	Events []Event

	// BodyExtensions are further members of epcisBody, ResultsExtensions of queryResults, and
	// ResultsBodyExtensions of resultsBody.
	BodyExtensions, ResultsExtensions, ResultsBodyExtensions Extensions
	// Extensions are further members of the document, and those whose content does not fit.
	Extensions Extensions
}

// NewDocument returns an EPCISDocument of events, made at a time, whose context is StandardContext
// and the prefixes given (prefix to namespace; nil for none).
func NewDocument(made time.Time, prefixes map[string]string, events ...Event) *Document {
	if events == nil {
		events = []Event{}
	}
	return &Document{
		Context:       NewContext(prefixes),
		Type:          DocumentType,
		SchemaVersion: SchemaVersion,
		CreationDate:  made,
		Events:        events,
	}
}

// NewContext returns a JSON-LD context: StandardContext and the prefixes given.
func NewContext(prefixes map[string]string) any {
	if len(prefixes) == 0 {
		return []any{StandardContext}
	}
	o := make(map[string]any, len(prefixes))
	for prefix, namespace := range prefixes {
		o[prefix] = namespace
	}
	return []any{StandardContext, o}
}

func (d *Document) members() []member {
	return []member{
		{"type", &d.Type}, {"id", &d.ID}, {"schemaVersion", &d.SchemaVersion},
		{"creationDate", &d.CreationDate}, {"instanceIdentifier", &d.InstanceIdentifier},
		{"sender", &d.Sender}, {"receiver", &d.Receiver}, {"epcisHeader", &d.Header},
		{rest, &d.Extensions},
	}
}

// Decode reads an EPCISDocument or EPCISQueryDocument in JSON. It fails, with fault.Malformed, only
// when the data is not JSON or not one JSON object; what the document should not say is for
// Validate to tell. A document of another type decodes into one without events.
func Decode(data []byte) (*Document, error) {
	v, err := parse(data)
	if err != nil {
		return nil, err
	}
	o, ok := v.(map[string]any)
	if !ok {
		return nil, fault.New(fault.Malformed, "epcis_not_object")
	}
	return documentFrom(o), nil
}

func documentFrom(o map[string]any) *Document {
	d := &Document{}
	o = shallow(o)
	d.Context = o["@context"]
	if d.Context != nil {
		delete(o, "@context")
	}
	body, ok := o["epcisBody"].(map[string]any)
	if ok && d.readBody(body, o["type"] == QueryDocumentType) {
		delete(o, "epcisBody")
	}
	fromObject(o, d)
	return d
}

// readBody takes the events out of the body, and says whether the body has the shape for it.
// Otherwise nothing is taken and the body is kept as it is.
func (d *Document) readBody(body map[string]any, query bool) bool {
	list := body
	var results, resultsBody map[string]any
	if query {
		var ok bool
		if results, ok = body["queryResults"].(map[string]any); !ok {
			return false
		}
		if resultsBody, ok = results["resultsBody"].(map[string]any); !ok {
			return false
		}
		list = resultsBody
	}
	items, ok := list["eventList"].([]any)
	if !ok {
		return false
	}
	events := make([]Event, len(items))
	for i, item := range items {
		o, ok := item.(map[string]any)
		if !ok {
			return false
		}
		events[i] = eventFrom(o, d.Context)
	}
	d.Events = events
	if !query {
		d.BodyExtensions = without(body, "eventList")
		return true
	}
	d.BodyExtensions = without(body, "queryResults")
	d.ResultsBodyExtensions = without(resultsBody, "eventList")
	d.ResultsExtensions, _ = fromObjectWith(without(results, "resultsBody"),
		[]member{{"queryName", &d.QueryName}, {"subscriptionID", &d.SubscriptionID}})
	return true
}

// Encode writes the document in JSON. It fails when an extension holds what JSON cannot, or a
// number is not one.
func (d *Document) Encode() ([]byte, error) {
	o, err := d.object()
	if err != nil {
		return nil, err
	}
	return appendJSON(nil, o)
}

// MarshalJSON is Encode.
func (d *Document) MarshalJSON() ([]byte, error) { return d.Encode() }

// UnmarshalJSON is Decode.
func (d *Document) UnmarshalJSON(data []byte) error {
	decoded, err := Decode(data)
	if err != nil {
		return err
	}
	*d = *decoded
	return nil
}

func (d *Document) object() (map[string]any, error) {
	o, err := toObject(d)
	if err != nil {
		return nil, err
	}
	if d.Context != nil {
		if o["@context"], err = normal(d.Context); err != nil {
			return nil, err
		}
	}
	if d.Events == nil {
		return o, nil
	}
	list := make([]any, len(d.Events))
	for i := range d.Events {
		event, err := toObjectWith(d.Events[i].members(), d.Events[i].Extensions)
		if err != nil {
			return nil, err
		}
		if own := ownContext(d.Events[i].Context, d.Context); own != nil {
			if event["@context"], err = normal(own); err != nil {
				return nil, err
			}
		}
		list[i] = event
	}
	o["epcisBody"], err = d.body(list)
	return o, err
}

func (d *Document) body(events []any) (map[string]any, error) {
	body, err := toObjectWith(nil, d.BodyExtensions)
	if err != nil {
		return nil, err
	}
	if d.Type != QueryDocumentType {
		body["eventList"] = events
		return body, nil
	}
	resultsBody, err := toObjectWith(nil, d.ResultsBodyExtensions)
	if err != nil {
		return nil, err
	}
	resultsBody["eventList"] = events
	results, err := toObjectWith(
		[]member{{"queryName", &d.QueryName}, {"subscriptionID", &d.SubscriptionID}}, d.ResultsExtensions)
	if err != nil {
		return nil, err
	}
	results["resultsBody"] = resultsBody
	body["queryResults"] = results
	return body, nil
}

// DecodeEvent reads one event in JSON. Like Decode it judges nothing but the JSON.
func DecodeEvent(data []byte) (*Event, error) {
	v, err := parse(data)
	if err != nil {
		return nil, err
	}
	o, ok := v.(map[string]any)
	if !ok {
		return nil, fault.New(fault.Malformed, "epcis_not_object")
	}
	e := eventFrom(o, nil)
	return &e, nil
}

func eventFrom(o map[string]any, inherited any) Event {
	var e Event
	e.Extensions, _ = fromObjectWith(o, e.members())
	e.Context = inherited
	if own, ok := o["@context"]; ok && own != nil {
		e.Context = joinContexts(inherited, own)
		delete(e.Extensions, "@context")
		if len(e.Extensions) == 0 {
			e.Extensions = nil
		}
	}
	return e
}

// Encode writes the event as a document of its own, with its context.
func (e *Event) Encode() ([]byte, error) {
	o, err := e.object()
	if err != nil {
		return nil, err
	}
	return appendJSON(nil, o)
}

// MarshalJSON is Encode. It has a value receiver so that events inside other values are written
// like this, too.
func (e Event) MarshalJSON() ([]byte, error) { return e.Encode() }

// UnmarshalJSON is DecodeEvent.
func (e *Event) UnmarshalJSON(data []byte) error {
	decoded, err := DecodeEvent(data)
	if err != nil {
		return err
	}
	*e = *decoded
	return nil
}

func (e *Event) object() (map[string]any, error) {
	o, err := toObjectWith(e.members(), e.Extensions)
	if err != nil {
		return nil, err
	}
	context := e.Context
	if context == nil {
		context = NewContext(nil)
	}
	o["@context"], err = normal(context)
	return o, err
}

// joinContexts puts a context that applies within another after it, as JSON-LD does.
func joinContexts(outer, inner any) any {
	if outer == nil {
		return inner
	}
	return append(contextList(outer), contextList(inner)...)
}

// ownContext is the inverse of joinContexts: what an event has to say of its context inside a
// document, or nil for nothing.
func ownContext(event, document any) any {
	if event == nil || reflect.DeepEqual(event, document) {
		return nil
	}
	if document == nil {
		return event
	}
	outer, all := contextList(document), contextList(event)
	if len(all) < len(outer) || !reflect.DeepEqual(all[:len(outer)], outer) {
		return event
	}
	if len(all) == len(outer) {
		return nil
	}
	return all[len(outer):]
}

// contextList returns a fresh list of the parts of a context.
func contextList(context any) []any {
	if list, ok := context.([]any); ok {
		return append([]any{}, list...)
	}
	return []any{context}
}

func shallow(o map[string]any) map[string]any {
	out := make(map[string]any, len(o))
	for name, v := range o {
		out[name] = v
	}
	return out
}

// without returns what an object holds besides one member, or nil when there is nothing else.
func without(o map[string]any, name string) Extensions {
	if _, ok := o[name]; ok && len(o) == 1 {
		return nil
	}
	out := Extensions(shallow(o))
	delete(out, name)
	return out
}
