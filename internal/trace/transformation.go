package trace

import (
	"time"

	"truynguon/internal/epcis"
)

// TransformationKind tells in what way lots were made of lots.
type TransformationKind struct {
	// ID names the kind in drafts, records and message catalogues ("transform."+ID).
	ID string
	// Step is the row of StepTable whose business step its event has.
	Step string
}

// TransformationKinds lists the kinds in the order in which they are offered. Each is an EPCIS
// TransformationEvent. Adding a kind is adding a row.
var TransformationKinds = []TransformationKind{
	{ID: "sort", Step: "made_sorted"},
	{ID: "process", Step: "made_processed"},
	{ID: "merge", Step: "made_merged"},
	{ID: "split", Step: "made_split"},
}

// LotAmount is a part of a lot, or all of it.
type LotAmount struct {
	// Lot is the lot's code.
	Lot      string   `json:"lot"`
	Quantity Quantity `json:"quantity"`
}

// Transformation records that lots were made of lots: what went in is used up, and what came out are
// lots of their own, which it brought into being. A lot has at most one origin and its inputs are older
// than itself, so nothing can be made of itself, however indirectly.
type Transformation struct {
	ID           string `json:"id"`
	Organisation string `json:"organisation"`
	// Kind is the id of a row of TransformationKinds.
	Kind string `json:"kind"`
	// Place is the id of the place where it was done, and Site its EPCIS identifier at that time.
	Place string `json:"place"`
	Site  string `json:"site"`
	// At is when it was done. DayOnly tells that only the day is known, and At is its first instant.
	At      time.Time `json:"at"`
	DayOnly bool      `json:"dayOnly,omitempty"`
	// Inputs are what was used up, Outputs what it was made into.
	Inputs  []LotPart `json:"inputs"`
	Outputs []LotPart `json:"outputs"`
	// Loss is what is in neither, nil if none was stated; LossReason says where it went.
	Loss       *Quantity `json:"loss,omitempty"`
	LossReason string    `json:"lossReason,omitempty"`
	// Balance compares the two sides as they were when it was recorded.
	Balance MassBalance `json:"balance"`
	// ExcessReason is why there was more than there can have been, if there was.
	ExcessReason string `json:"excessReason,omitempty"`
	Note         string `json:"note,omitempty"`
	// Recorded is when it was recorded.
	Recorded time.Time `json:"recorded"`
	By       Actor     `json:"by"`
	// Voided says that it did not happen, and who said so.
	Voided *Voiding `json:"voided,omitempty"`
}

// LotPart is a part of a lot with what an event says of it, fixed when it was recorded.
type LotPart struct {
	LotAmount
	// EPC is the lot's identifier in EPCIS events.
	EPC string `json:"epc"`
	// ILMD is the master data of a lot that came into being.
	ILMD epcis.Extensions `json:"ilmd,omitempty"`
	// Claim is the key of the claim of its number, from which it is written.
	Claim string `json:"claim,omitempty"`
}

// Voiding says that something that was recorded did not happen.
type Voiding struct {
	At     time.Time `json:"at"`
	By     Actor     `json:"by"`
	Reason string    `json:"reason"`
}

var transformations = newKind("transformation",
	func(t *Transformation) string { return t.ID }, func(t *Transformation) string { return t.Organisation }, byCreation[Transformation],
	func(t *Transformation) []string {
		// What did not happen leads nowhere, but stays on the list of its lots.
		terms := []string{"org=" + t.Organisation}
		for _, in := range t.Inputs {
			terms = append(terms, "lot="+in.Lot)
			if t.Voided == nil {
				terms = append(terms, "in="+in.Lot)
			}
		}
		for _, out := range t.Outputs {
			terms = append(terms, "lot="+out.Lot)
			if t.Voided == nil {
				terms = append(terms, "out="+out.Lot)
			}
		}
		return terms
	})
