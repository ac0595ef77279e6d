package epcis

import (
	"encoding/json"
	"time"
)

// A structure names its members and where they are kept. The one list serves for reading and for
// writing, so the two cannot disagree.
type structure interface{ members() []member }

// member is a member of a JSON object and the field that holds it: a pointer to a string,
// json.Number, time, list, or another structure.
type member struct {
	name  string
	field any
}

// place is the object {"id": …} that readPoint and bizLocation are.
type place struct {
	id   *string
	rest *Extensions
}

// oneOrMore is a list that may also be written as a single string, which means the same.
type oneOrMore struct{ list *[]string }

func (e *Event) members() []member {
	return []member{
		{"type", &e.Type},
		{"eventID", &e.EventID},
		{"eventTime", &e.EventTime},
		{"eventTimeZoneOffset", &e.EventTimeZoneOffset},
		{"recordTime", &e.RecordTime},
		{"errorDeclaration", &e.ErrorDeclaration},
		{"certificationInfo", oneOrMore{&e.CertificationInfo}},
		{"parentID", &e.ParentID},
		{"epcList", &e.EPCList},
		{"childEPCs", &e.ChildEPCs},
		{"quantityList", &e.QuantityList},
		{"childQuantityList", &e.ChildQuantityList},
		{"inputEPCList", &e.InputEPCList},
		{"inputQuantityList", &e.InputQuantityList},
		{"outputEPCList", &e.OutputEPCList},
		{"outputQuantityList", &e.OutputQuantityList},
		{"transformationID", &e.TransformationID},
		{"action", &e.Action},
		{"bizStep", &e.BizStep},
		{"disposition", &e.Disposition},
		{"persistentDisposition", &e.PersistentDisposition},
		{"readPoint", place{&e.ReadPoint, &e.ReadPointExtensions}},
		{"bizLocation", place{&e.BizLocation, &e.BizLocationExtensions}},
		{"bizTransactionList", &e.BizTransactionList},
		{"sourceList", &e.SourceList},
		{"destinationList", &e.DestinationList},
		{"sensorElementList", &e.SensorElementList},
		{"ilmd", &e.ILMD},
	}
}

func (q *Quantity) members() []member {
	return []member{{"epcClass", &q.EPCClass}, {"quantity", &q.Quantity}, {"uom", &q.UOM}}
}

func (t *BizTransaction) members() []member {
	return []member{{"type", &t.Type}, {"bizTransaction", &t.BizTransaction}}
}

func (s *Source) members() []member {
	return []member{{"type", &s.Type}, {"source", &s.Source}}
}

func (d *Destination) members() []member {
	return []member{{"type", &d.Type}, {"destination", &d.Destination}}
}

func (p *PersistentDisposition) members() []member {
	return []member{{"set", &p.Set}, {"unset", &p.Unset}}
}

func (d *ErrorDeclaration) members() []member {
	return []member{
		{"declarationTime", &d.DeclarationTime}, {"reason", &d.Reason},
		{"correctiveEventIDs", &d.CorrectiveEventIDs}, {rest, &d.Extensions},
	}
}

func (s *SensorElement) members() []member {
	return []member{{"sensorMetadata", &s.Metadata}, {"sensorReport", &s.Reports}, {rest, &s.Extensions}}
}

func (m *SensorMetadata) members() []member {
	return []member{
		{"time", &m.Time}, {"startTime", &m.StartTime}, {"endTime", &m.EndTime},
		{"deviceID", &m.DeviceID}, {"deviceMetadata", &m.DeviceMetadata}, {"rawData", &m.RawData},
		{"dataProcessingMethod", &m.DataProcessingMethod}, {"bizRules", &m.BizRules}, {rest, &m.Extensions},
	}
}

func (r *SensorReport) members() []member {
	return []member{
		{"type", &r.Type}, {"exception", &r.Exception},
		{"deviceID", &r.DeviceID}, {"deviceMetadata", &r.DeviceMetadata}, {"rawData", &r.RawData},
		{"dataProcessingMethod", &r.DataProcessingMethod}, {"bizRules", &r.BizRules}, {"time", &r.Time},
		{"microorganism", &r.Microorganism}, {"chemicalSubstance", &r.ChemicalSubstance},
		{"value", &r.Value}, {"component", &r.Component}, {"stringValue", &r.StringValue},
		{"booleanValue", &r.BooleanValue}, {"hexBinaryValue", &r.HexBinaryValue}, {"uriValue", &r.URIValue},
		{"minValue", &r.MinValue}, {"maxValue", &r.MaxValue}, {"meanValue", &r.MeanValue},
		{"sDev", &r.StdDev}, {"percRank", &r.PercentileRank}, {"percValue", &r.PercentileValue},
		{"uom", &r.UOM}, {"coordinateReferenceSystem", &r.CoordinateReferenceSystem}, {rest, &r.Extensions},
	}
}

// rest is the name of the member entry that takes every member not listed. Structures without one
// admit no others.
const rest = ""

// toObject writes a structure as a JSON object. The fields win over extensions of the same name.
func toObject(s structure) (map[string]any, error) {
	return toObjectWith(s.members(), nil)
}

func toObjectWith(members []member, more Extensions) (map[string]any, error) {
	o := make(map[string]any, len(members)/2)
	for _, m := range members {
		if m.name == rest {
			more = *m.field.(*Extensions)
		}
	}
	for name, v := range more {
		n, err := normal(v)
		if err != nil {
			return nil, err
		}
		o[name] = n
	}
	for _, m := range members {
		if m.name == rest {
			continue
		}
		v, err := toValue(m.field)
		if err != nil {
			return nil, err
		}
		if v != nil {
			o[m.name] = v
		}
	}
	return o, nil
}

// toValue returns the JSON value of a field, or nil when the field is empty.
func toValue(field any) (any, error) {
	switch f := field.(type) {
	case *string:
		if *f != "" {
			return *f, nil
		}
	case *json.Number:
		if *f != "" {
			return *f, nil
		}
	case *time.Time:
		if !f.IsZero() {
			return formatTime(*f), nil
		}
	case **bool:
		if *f != nil {
			return **f, nil
		}
	case *[]string:
		if *f != nil {
			list := make([]any, len(*f))
			for i, s := range *f {
				list[i] = s
			}
			return list, nil
		}
	case oneOrMore:
		return toValue(f.list)
	case *Extensions:
		if *f != nil {
			return normalObject(*f)
		}
	case place:
		if *f.id != "" {
			o, err := toObjectWith([]member{{"id", f.id}}, *f.rest)
			if err != nil {
				return nil, err
			}
			return o, nil
		}
	case *[]Quantity:
		return toList(*f)
	case *[]BizTransaction:
		return toList(*f)
	case *[]Source:
		return toList(*f)
	case *[]Destination:
		return toList(*f)
	case *[]SensorElement:
		return toList(*f)
	case *[]SensorReport:
		return toList(*f)
	case **PersistentDisposition:
		return toPointer(*f)
	case **ErrorDeclaration:
		return toPointer(*f)
	case **SensorMetadata:
		return toPointer(*f)
	}
	return nil, nil
}

func toList[T any, P interface {
	*T
	structure
}](items []T) (any, error) {
	if items == nil {
		return nil, nil
	}
	list := make([]any, len(items))
	for i := range items {
		o, err := toObject(P(&items[i]))
		if err != nil {
			return nil, err
		}
		list[i] = o
	}
	return list, nil
}

func toPointer[T any, P interface {
	*T
	structure
}](item *T) (any, error) {
	if item == nil {
		return nil, nil
	}
	o, err := toObject(P(item))
	if err != nil {
		return nil, err
	}
	return o, nil
}

// fromObject fills a structure from a JSON object and says whether all of it found a place.
func fromObject(o map[string]any, s structure) bool {
	left, into := fromObjectWith(o, s.members())
	if into == nil {
		return len(left) == 0
	}
	*into = left
	return true
}

// fromObjectWith fills fields from a JSON object. It returns the members that have no field or whose
// value does not fit it, and the field for those, if the structure has one.
func fromObjectWith(o map[string]any, members []member) (left Extensions, into *Extensions) {
	taken := 0
	var misfits []string
	for _, m := range members {
		if m.name == rest {
			into = m.field.(*Extensions)
			continue
		}
		v, ok := o[m.name]
		if !ok {
			continue
		}
		taken++
		if !fromValue(v, m.field) {
			misfits = append(misfits, m.name)
		}
	}
	if taken == len(o) && misfits == nil {
		return nil, into
	}
	left = make(Extensions, len(o)-taken+len(misfits))
	if taken < len(o) {
		known := make(map[string]bool, len(members))
		for _, m := range members {
			known[m.name] = m.name != rest
		}
		for name, v := range o {
			if !known[name] {
				left[name] = v
			}
		}
	}
	for _, name := range misfits {
		left[name] = o[name]
	}
	return left, into
}

// fromValue sets a field from a JSON value and says whether the value fits: whether the field, when
// written again, gives a value of the same meaning. A field whose value does not fit stays empty.
func fromValue(v, field any) bool {
	switch f := field.(type) {
	case *string:
		s, ok := v.(string)
		*f = s
		return ok && s != ""
	case *json.Number:
		n, ok := v.(json.Number)
		*f = n
		return ok
	case *time.Time:
		s, _ := v.(string)
		t, ok := parseTime(s)
		if !ok || t.IsZero() {
			return false
		}
		*f = t
		return true
	case **bool:
		b, ok := v.(bool)
		if ok {
			*f = &b
		}
		return ok
	case *[]string:
		return fromStrings(v, f)
	case oneOrMore:
		if s, ok := v.(string); ok && s != "" {
			*f.list = []string{s}
			return true
		}
		return fromStrings(v, f.list)
	case *Extensions:
		o, ok := v.(map[string]any)
		*f = o
		return ok
	case place:
		o, _ := v.(map[string]any)
		id, _ := o["id"].(string)
		if id == "" {
			return false
		}
		*f.id = id
		*f.rest, _ = fromObjectWith(o, []member{{"id", f.id}})
		return true
	case *[]Quantity:
		return fromList(v, f)
	case *[]BizTransaction:
		return fromList(v, f)
	case *[]Source:
		return fromList(v, f)
	case *[]Destination:
		return fromList(v, f)
	case *[]SensorElement:
		return fromList(v, f)
	case *[]SensorReport:
		return fromList(v, f)
	case **PersistentDisposition:
		return fromPointer(v, f)
	case **ErrorDeclaration:
		return fromPointer(v, f)
	case **SensorMetadata:
		return fromPointer(v, f)
	}
	return false
}

func fromStrings(v any, f *[]string) bool {
	list, ok := v.([]any)
	if !ok {
		return false
	}
	out := make([]string, len(list))
	for i, item := range list {
		if out[i], ok = item.(string); !ok {
			return false
		}
	}
	*f = out
	return true
}

func fromList[T any, P interface {
	*T
	structure
}](v any, f *[]T) bool {
	list, ok := v.([]any)
	if !ok {
		return false
	}
	out := make([]T, len(list))
	for i, item := range list {
		o, ok := item.(map[string]any)
		if !ok || !fromObject(o, P(&out[i])) {
			return false
		}
	}
	*f = out
	return true
}

func fromPointer[T any, P interface {
	*T
	structure
}](v any, f **T) bool {
	o, ok := v.(map[string]any)
	if !ok {
		return false
	}
	out := new(T)
	if !fromObject(o, P(out)) {
		return false
	}
	*f = out
	return true
}
