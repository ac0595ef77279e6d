package epcis

import (
	"encoding/json"
	"time"
)

// Event is one EPCIS event of any of the five types, or of a type of one's own named by a URI. A
// field that is empty is absent; a list that is empty but not nil is written as an empty list.
//
// Words of the standard vocabularies (bizStep, disposition and the types of sources, destinations
// and transactions) are written as bare words, such as [StepShipping]; one's own as URIs.
type Event struct {
	// Context is the JSON-LD context that explains the prefixes of extensions: a URI, an object, or
	// a list of them. Decode gives every event of a document the context in force for it, so that an
	// event can be taken out of its document and still mean, and hash, the same. Nil stands for
	// StandardContext.
	Context any
	// Type is ObjectEvent, AggregationEvent, TransactionEvent, TransformationEvent,
	// AssociationEvent, or the URI of a type of one's own.
	Type string
	// EventID identifies the event, as a URI; usually its HashID.
	EventID string
	// EventTime is when it happened. The offset of its location is written out and kept.
	EventTime time.Time
	// EventTimeZoneOffset is the offset of local time where it happened, such as "+07:00": the
	// clock on the wall, which EventTime may not tell when it was sent in UTC. See Offset.
	EventTimeZoneOffset string
	// RecordTime is when the capturing system recorded it. It does not count for the hash.
	RecordTime time.Time
	// ErrorDeclaration withdraws the event that is otherwise equal to this one. It does not count
	// for the hash.
	ErrorDeclaration *ErrorDeclaration
	// CertificationInfo are URIs of certificates that bear on the event.
	CertificationInfo []string

	// ParentID is what the children of an aggregation, transaction or association belong to.
	ParentID string
	// EPCList are the individual things of an object or transaction event.
	EPCList []string
	// ChildEPCs are the individual things put into, or found in, the parent.
	ChildEPCs []string
	// QuantityList are amounts of lots or products of an object or transaction event.
	QuantityList []Quantity
	// ChildQuantityList are amounts put into, or found in, the parent.
	ChildQuantityList []Quantity
	// InputEPCList and InputQuantityList are what a transformation used up.
	InputEPCList      []string
	InputQuantityList []Quantity
	// OutputEPCList and OutputQuantityList are what a transformation brought forth.
	OutputEPCList      []string
	OutputQuantityList []Quantity
	// TransformationID joins transformation events that together make up one transformation.
	TransformationID string

	// Action is Add, Observe or Delete; a transformation has none.
	Action string
	// BizStep is what business step the event was part of.
	BizStep string
	// Disposition is the state of the things after the event.
	Disposition string
	// PersistentDisposition are states that last beyond the next event.
	PersistentDisposition *PersistentDisposition
	// ReadPoint is the URI of the place where the event happened.
	ReadPoint string
	// ReadPointExtensions are further members of the readPoint object; without ReadPoint they are
	// not written.
	ReadPointExtensions Extensions
	// BizLocation is the URI of the place where the things are afterwards.
	BizLocation string
	// BizLocationExtensions are further members of the bizLocation object; without BizLocation they
	// are not written.
	BizLocationExtensions Extensions
	// BizTransactionList are the business documents that the event belongs to.
	BizTransactionList []BizTransaction
	// SourceList is where, or whose, the things were before.
	SourceList []Source
	// DestinationList is where, or whose, they will be.
	DestinationList []Destination
	// SensorElementList are observations of sensors.
	SensorElementList []SensorElement
	// ILMD is master data of the instances or lots that the event brought into being, by prefixed
	// or full name, such as "cbvmda:lotNumber".
	ILMD Extensions

	// Extensions holds every member that has no field above: those of one's own, by prefixed or full
	// name, and, in a decoded event, standard members whose content does not fit their field.
	Extensions Extensions
}

// Extensions are members by name. A value is a string, a json.Number, a bool, nil, a map of the same
// kind, a []any, or anything else that encoding/json can write. Decoded ones are always of the types
// named first.
type Extensions map[string]any

// Quantity is an amount of a class of things.
type Quantity struct {
	// EPCClass is the URI of the lot or product; any URI will do.
	EPCClass string
	// Quantity is the amount in decimal notation; empty means that it is not known. It is kept as
	// text: it never passes through floating point.
	Quantity json.Number
	// UOM is the UN/CEFACT unit, such as KGM; empty means pieces.
	UOM string
}

// BizTransaction is a business document.
type BizTransaction struct {
	// Type is one of BizTransactionTypes or a URI; it may be empty.
	Type string
	// BizTransaction is the URI of the document.
	BizTransaction string
}

// Source is where things come from.
type Source struct {
	// Type is one of SourceDestinationTypes or a URI.
	Type string
	// Source is the URI of the party or place.
	Source string
}

// Destination is where things go.
type Destination struct {
	// Type is one of SourceDestinationTypes or a URI.
	Type string
	// Destination is the URI of the party or place.
	Destination string
}

// PersistentDisposition are dispositions that begin or cease to hold.
type PersistentDisposition struct {
	// Set begin to hold.
	Set []string
	// Unset cease to hold.
	Unset []string
}

// ErrorDeclaration says that an event is in error: either it did not occur, or what it says is
// wrong and the corrective events say it right.
type ErrorDeclaration struct {
	// DeclarationTime is when the error was declared.
	DeclarationTime time.Time
	// Reason is DidNotOccur, IncorrectData or a URI.
	Reason string
	// CorrectiveEventIDs are the events that stand in place of this one.
	CorrectiveEventIDs []string
	// Extensions are further members.
	Extensions Extensions
}

// SensorElement is a group of sensor readings taken under the same circumstances.
type SensorElement struct {
	// Metadata applies to all the readings.
	Metadata *SensorMetadata
	// Reports are the readings; at least one.
	Reports []SensorReport
	// Extensions are further members.
	Extensions Extensions
}

// SensorMetadata are the circumstances of sensor readings. All but the times are URIs.
type SensorMetadata struct {
	Time, StartTime, EndTime                                          time.Time
	DeviceID, DeviceMetadata, RawData, DataProcessingMethod, BizRules string
	// Extensions are further members.
	Extensions Extensions
}

// SensorReport is one reading. Values are decimal text, as Quantity.Quantity is.
type SensorReport struct {
	// Type is what is measured: one of MeasurementTypes or a URI.
	Type string
	// Exception is one of SensorAlertTypes or a URI.
	Exception                                                         string
	DeviceID, DeviceMetadata, RawData, DataProcessingMethod, BizRules string
	Time                                                              time.Time
	Microorganism, ChemicalSubstance                                  string
	Value                                                             json.Number
	// Component is which part of a vector this is: one of Components or a URI.
	Component                                                              string
	StringValue                                                            string
	BooleanValue                                                           *bool
	HexBinaryValue, URIValue                                               string
	MinValue, MaxValue, MeanValue, StdDev, PercentileRank, PercentileValue json.Number
	// UOM is the UN/CEFACT unit.
	UOM                       string
	CoordinateReferenceSystem string
	// Extensions are further members.
	Extensions Extensions
}

// Offset returns the offset of t's location in the form of EventTimeZoneOffset, such as "+07:00".
func Offset(t time.Time) string { return t.Format("-07:00") }
