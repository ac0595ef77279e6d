package trace

import (
	"time"
)

// Party is who goods come from or go to: an organisation here, or somebody of whom the record says what
// TT 17/2021/TT-BNNPTNT Đ6 asks for.
type Party struct {
	// Organisation is the id of an organisation here, empty for somebody else.
	Organisation string `json:"organisation,omitempty"`
	Name         string `json:"name"`
	Address      string `json:"address"`
	// Code is the tax code or GLN.
	Code string `json:"code,omitempty"`
}

// The kinds of shipment.
const (
	Delivery    = "delivery"    // goods go to another party, or come from one
	Returning   = "return"      // they go back to where they came from
	Sale        = "sale"        // they are sold to people who eat them, of whom nobody asks the name
	Destruction = "destruction" // they are destroyed
)

// ShipmentKinds lists the kinds in the order in which they are offered.
var ShipmentKinds = []string{Delivery, Sale, Returning, Destruction}

// ShippedLot is a part of a lot that moves.
type ShippedLot struct {
	LotPart
	// TheirLot is the number under which the other party knows it, if it is another.
	TheirLot string `json:"theirLot,omitempty"`
}

// BusinessDocument is a paper that goes with goods.
type BusinessDocument struct {
	// Type is po, desadv or inv, as in the CBV.
	Type   string `json:"type"`
	Number string `json:"number"`
}

// Shipment records that goods left an organisation or came to it: one step forward and one step back
// (TT 17/2021/TT-BNNPTNT Đ4, Đ6). Who the parties are is for them and the officials.
type Shipment struct {
	ID string `json:"id"`
	// Organisation is who recorded it: the sender, or the receiver if Inbound.
	Organisation string `json:"organisation"`
	// Inbound tells that they came to the organisation that recorded it.
	Inbound bool `json:"inbound,omitempty"`
	// Kind is one of ShipmentKinds.
	Kind string `json:"kind"`
	// From is who the goods come from.
	From Party `json:"from"`
	// To is who they go to.
	To Party `json:"to"`
	// Place is the id of the organisation's place that the goods left or came to, Site its EPCIS
	// identifier at that time, and Where is where they were handed over, in words.
	Place string `json:"place,omitempty"`
	Site  string `json:"site,omitempty"`
	Where string `json:"where,omitempty"`
	// At is when they were handed over. DayOnly tells that only the day is known.
	At      time.Time    `json:"at"`
	DayOnly bool         `json:"dayOnly,omitempty"`
	Lots    []ShippedLot `json:"lots"`
	// Units are the codes of cartons and pallets that the lots went in.
	Units     []string           `json:"units,omitempty"`
	Documents []BusinessDocument `json:"documents,omitempty"`
	// Vehicle is what carried them, such as a number plate.
	Vehicle string `json:"vehicle,omitempty"`
	// Witness saw the goods destroyed.
	Witness string `json:"witness,omitempty"`
	Note    string `json:"note,omitempty"`
	// Recorded is when it was recorded.
	Recorded time.Time `json:"recorded"`
	By       Actor     `json:"by"`
	// Secret is the random part of the address on the delivery note.
	Secret string `json:"secret,omitempty"`
	// ExcessReason is why more went out than there was by the records, if it did.
	ExcessReason string `json:"excessReason,omitempty"`
	// Receipts are what the receiver said: at most once by the delivery note, and once in an
	// organisation's own pages.
	Receipts []Receipt `json:"receipts,omitempty"`
	// Voided says that it did not happen, and who said so.
	Voided *Voiding `json:"voided,omitempty"`
}

// Receipt is what the receiver of a shipment said of it.
type Receipt struct {
	// At is when they said it; Date is the day on which they received the goods.
	At   time.Time `json:"at"`
	Date Date      `json:"date"`
	// ByNote tells that it was said by whoever held the delivery note, who is nobody that the program
	// knows. Otherwise By, who works for the receiving organisation, said it.
	ByNote bool  `json:"byNote,omitempty"`
	By     Actor `json:"by"`
	// Name is what whoever received the goods is called.
	Name string `json:"name"`
	// Place is the id of the receiving organisation's place and Site its EPCIS identifier.
	Place string `json:"place,omitempty"`
	Site  string `json:"site,omitempty"`
	// Lots are the quantities that arrived, in the order of the shipment's lots.
	Lots []LotAmount `json:"lots"`
	Note string      `json:"note,omitempty"`
}

// Receipt is the receiver's word that counts: an organisation's own over that of whoever held the note; nil
// if there is none.
func (s *Shipment) Receipt() *Receipt {
	var best *Receipt
	for i := range s.Receipts {
		if r := &s.Receipts[i]; best == nil || !r.ByNote {
			best = r
		}
	}
	return best
}

// Missing names what TT 17/2021/TT-BNNPTNT Đ6 wants to be kept of a delivery and the record has not:
// codes with the catalogue key "shipment.missing."+code.
func (s *Shipment) Missing() (out []string) {
	if s.Kind != Delivery && s.Kind != Returning {
		return nil
	}
	other := s.Other()
	for _, m := range []struct {
		code string
		ok   bool
	}{
		{"party_code", other.Code != ""}, {"time", !s.DayOnly}, {"where", s.Where != "" || s.Place != ""},
	} {
		if !m.ok {
			out = append(out, m.code)
		}
	}
	return out
}

// Other is the party that did not record it.
func (s *Shipment) Other() Party {
	if s.Inbound {
		return s.From
	}
	return s.To
}

var shipments = newKind("shipment",
	func(s *Shipment) string { return s.ID }, func(s *Shipment) string { return s.Organisation }, byCreation[Shipment],
	func(s *Shipment) []string {
		terms := []string{"org=" + s.Organisation}
		for _, party := range []string{s.From.Organisation, s.To.Organisation} {
			if party != "" {
				terms = append(terms, "party="+party)
			}
		}
		if s.Secret != "" {
			terms = append(terms, "secret="+s.Secret)
		}
		if s.Voided == nil {
			terms = append(terms, prefixed("unit=", s.Units)...)
		}
		for _, lot := range s.Lots {
			terms = append(terms, "lot="+lot.Lot)
			if s.Voided == nil {
				terms = append(terms, "moved="+lot.Lot)
			}
		}
		return terms
	})
