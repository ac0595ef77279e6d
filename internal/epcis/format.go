package epcis

import (
	"slices"
	"strings"
	"time"
)

// Format is how identifiers of things, places and parties are written: the values of the header
// GS1-EPC-Format.
type Format string

// The formats. An empty one means [DigitalLinks].
const (
	// NoPreference leaves the form to the server, which leaves it as it was captured.
	NoPreference Format = "No_Preference"
	// DigitalLinks writes EPC URNs as GS1 Digital Link URIs.
	DigitalLinks Format = "Always_GS1_Digital_Link"
	// URNs writes GS1 Digital Link URIs as EPC URNs, where the length of the company prefix is known.
	URNs Format = "Always_EPC_URN"
	// Untranslated leaves identifiers as they were captured.
	Untranslated Format = "Never_Translates"
)

// ParseFormat reads a format.
func ParseFormat(s string) (Format, bool) {
	f := Format(s)
	if s == "" {
		return DigitalLinks, true
	}
	return f, slices.Contains([]Format{NoPreference, DigitalLinks, URNs, Untranslated}, f)
}

// InFormat returns the event with its identifiers in a format; the event itself is left as it is, and the
// hash of both is the same. companyPrefixes are the GS1 company prefixes that are known: the length of a
// prefix cannot be seen from a Digital Link URI, and what begins with none of them stays one.
// Transactions, transformations and events keep the names they were given.
func (e *Event) InFormat(f Format, companyPrefixes []string) *Event {
	var to func(id string) string
	switch f {
	case DigitalLinks, "":
		to = func(id string) string {
			if strings.HasPrefix(id, "urn:epc:") {
				if link, err := URNToLink(id); err == nil {
					return link
				}
			}
			return id
		}
	case URNs:
		to = func(id string) string { return inURN(id, companyPrefixes) }
	default:
		return e
	}
	all := func(list []string) []string {
		if list == nil {
			return nil
		}
		out := make([]string, len(list))
		for i, id := range list {
			out[i] = to(id)
		}
		return out
	}
	amounts := func(list []Quantity) []Quantity {
		out := slices.Clone(list)
		for i := range out {
			out[i].EPCClass = to(out[i].EPCClass)
		}
		return out
	}
	out := *e
	out.ParentID, out.ReadPoint, out.BizLocation = to(e.ParentID), to(e.ReadPoint), to(e.BizLocation)
	out.EPCList, out.ChildEPCs = all(e.EPCList), all(e.ChildEPCs)
	out.InputEPCList, out.OutputEPCList = all(e.InputEPCList), all(e.OutputEPCList)
	out.QuantityList, out.ChildQuantityList = amounts(e.QuantityList), amounts(e.ChildQuantityList)
	out.InputQuantityList, out.OutputQuantityList = amounts(e.InputQuantityList), amounts(e.OutputQuantityList)
	out.SourceList, out.DestinationList = slices.Clone(e.SourceList), slices.Clone(e.DestinationList)
	for i := range out.SourceList {
		out.SourceList[i].Source = to(out.SourceList[i].Source)
	}
	for i := range out.DestinationList {
		out.DestinationList[i].Destination = to(out.DestinationList[i].Destination)
	}
	return &out
}

// inURN writes an identifier as an EPC URN if it begins with one of the company prefixes.
func inURN(id string, prefixes []string) string {
	key, ok := parseLink(id)
	if !ok {
		return id
	}
	digits := key.key
	switch key.ai {
	case "01", "00", "8006", "8003": // a digit comes before the company prefix
		digits = digits[1:]
	}
	for _, prefix := range prefixes {
		if prefix != "" && strings.HasPrefix(digits, prefix) {
			if urn, err := LinkToURN(id, len(prefix)); err == nil {
				return urn
			}
		}
	}
	return id
}

// contextsOfEPCIS are the addresses under which the standard context is known.
var contextsOfEPCIS = []string{
	StandardContext,
	"https://ref.gs1.org/standards/epcis/epcis-context.jsonld",
	"https://gs1.github.io/EPCIS/epcis-context.jsonld",
}

// NewQueryDocument returns the EPCISQueryDocument that answers a query with events, made
// at a time. Prefixes on which
// the events agree are explained once, for the document; an event whose context says more, or otherwise,
// keeps its own.
func NewQueryDocument(made time.Time, name string, events ...Event) *Document {
	shared := map[string]string{}
	own := make([]map[string]string, len(events))
	for i := range events {
		plain, ok := plainPrefixes(events[i].Context)
		if !ok {
			continue
		}
		for prefix, namespace := range plain {
			if other, taken := shared[prefix]; taken && other != namespace {
				ok = false
			}
		}
		if ok {
			own[i] = plain
			for prefix, namespace := range plain {
				shared[prefix] = namespace
			}
		}
	}
	d := NewDocument(made, nil, slices.Clone(events)...)
	d.Type, d.QueryName = QueryDocumentType, name
	d.Context = NewContext(shared)
	for i := range d.Events {
		if own[i] != nil {
			d.Events[i].Context = d.Context
		}
	}
	return d
}

// plainPrefixes reads a context that is the standard one and prefixes, nothing else.
func plainPrefixes(context any) (map[string]string, bool) {
	out := map[string]string{}
	if context == nil {
		return out, true
	}
	for _, part := range contextList(context) {
		switch part := part.(type) {
		case string:
			if !slices.Contains(contextsOfEPCIS, part) {
				return nil, false
			}
		case map[string]any:
			for prefix, namespace := range part {
				s, ok := namespace.(string)
				if !ok || strings.HasPrefix(prefix, "@") {
					return nil, false
				}
				out[prefix] = s
			}
		default:
			return nil, false
		}
	}
	return out, true
}
