package trace

import (
	"context"
	"errors"
	"time"

	"truynguon/internal/fault"
)

// InputKinds are the kinds of agricultural input.
var InputKinds = []string{"pesticide", "fertiliser", "seed", "other"}

// InputLot is a lot of an agricultural input that was bought or made, as VietGAP form B2 has it.
type InputLot struct {
	ID           string `json:"id"`
	Organisation string `json:"organisation"`
	// Kind is one of InputKinds.
	Kind string `json:"kind"`
	// TradeName is what the label calls it.
	TradeName string `json:"tradeName"`
	// Ingredient is the active ingredient, Content how much of it there is, as the label says: "1,8 % w/w".
	Ingredient string `json:"ingredient,omitempty"`
	Content    string `json:"content,omitempty"`
	// Registration is its registration number.
	Registration string `json:"registration,omitempty"`
	// Lot is the maker's lot number.
	Lot      string   `json:"lot,omitempty"`
	Quantity Quantity `json:"quantity"`
	// Supplier and SupplierAddress tell where it was bought.
	Supplier        string `json:"supplier,omitempty"`
	SupplierAddress string `json:"supplierAddress,omitempty"`
	// Expiry is the last day on which it may be used, empty if none is stated.
	Expiry Date `json:"expiry,omitempty"`
	// ReceivedOn is the day on which it came.
	ReceivedOn Date `json:"receivedOn"`
	// SelfMade tells that the organisation made it: of Materials, by Method, handled by Handler.
	SelfMade  bool   `json:"selfMade,omitempty"`
	Materials string `json:"materials,omitempty"`
	Method    string `json:"method,omitempty"`
	// Handler is who made it.
	Handler   string   `json:"handler,omitempty"`
	Documents []string `json:"documents,omitempty"`
	// RecordedAt is when it was recorded.
	RecordedAt time.Time `json:"recordedAt"`
	By         Actor     `json:"by"`
}

// InputDraft is what is sent to record an input lot.
type InputDraft struct {
	Token           string        `json:"-"`
	Organisation    string        `json:"organisation"`
	Kind            string        `json:"kind"`
	TradeName       string        `json:"tradeName"`
	Ingredient      string        `json:"ingredient"`
	Content         string        `json:"content"`
	Registration    string        `json:"registration"`
	Lot             string        `json:"lot"`
	Quantity        QuantityDraft `json:"quantity"`
	Supplier        string        `json:"supplier"`
	SupplierAddress string        `json:"supplierAddress"`
	Expiry          string        `json:"expiry"`
	ReceivedOn      string        `json:"receivedOn"`
	SelfMade        bool          `json:"selfMade"`
	Materials       string        `json:"materials"`
	Method          string        `json:"method"`
	Handler         string        `json:"handler"`
	Documents       []string      `json:"documents"`
}

var inputs = newKind("input",
	func(i *InputLot) string { return i.ID }, func(i *InputLot) string { return i.Organisation }, byCreation[InputLot],
	func(i *InputLot) []string {
		return []string{"org=" + i.Organisation, "org+kind=" + i.Organisation + "+" + i.Kind}
	})

// RecordInput records an input lot of an organisation. It is not changed afterwards: sprayings rest on it.
func (l *Ledger) RecordInput(ctx context.Context, by Actor, d InputDraft) (s Stored[InputLot], err error) {
	defer fault.Wrap(&err, "Ledger.RecordInput(%q)", d.TradeName)
	o, err := l.keeper(ctx, by, d.Organisation)
	if err != nil {
		return s, err
	}
	var p fault.Problem
	in := InputLot{
		ID: newID("input", by, d.Token), Organisation: o.ID, Kind: choice(&p, "/kind", d.Kind, InputKinds),
		TradeName: p.Text("/tradeName", d.TradeName, maxName, true), Ingredient: p.Text("/ingredient", d.Ingredient, maxName, false),
		Content: p.Text("/content", d.Content, 60, false), Registration: p.Text("/registration", d.Registration, 60, false),
		Lot:      p.Text("/lot", d.Lot, 60, false),
		Quantity: Quantity{Value: amount(&p, "/quantity/value", d.Quantity.Value, true), UOM: choice(&p, "/quantity/uom", d.Quantity.UOM, UnitsOfMeasure)},
		Supplier: p.Text("/supplier", d.Supplier, maxName, !d.SelfMade), SupplierAddress: p.Text("/supplierAddress", d.SupplierAddress, maxName, false),
		Expiry: date(&p, "/expiry", d.Expiry), ReceivedOn: date(&p, "/receivedOn", d.ReceivedOn), SelfMade: d.SelfMade,
		Materials: p.Paragraph("/materials", d.Materials, maxText, d.SelfMade), Method: p.Paragraph("/method", d.Method, maxText, false),
		Handler: p.Text("/handler", d.Handler, maxName, false), Documents: unique(d.Documents), RecordedAt: l.stamp(), By: by,
	}
	switch {
	case in.ReceivedOn == "" && len(p.Fields) == 0:
		p.Add("/receivedOn", "missing")
	case in.ReceivedOn > l.Today():
		p.Add("/receivedOn", "date_in_future", string(in.ReceivedOn))
	}
	if err := l.checkDocuments(ctx, &p, "/documents", o.ID, in.Documents); err != nil {
		return s, err
	}
	if err := p.Err(); err != nil {
		return s, err
	}
	s, err = inputs.insert(ctx, l, by, "record", in)
	if errors.Is(err, fault.Exists) && d.Token != "" && s.Doc.TradeName == in.TradeName && s.Doc.Quantity == in.Quantity {
		return s, nil
	}
	return s, sameSubmission(d.Token, s.Doc, in, err)
}

// Input answers an input lot to those who may see its organisation's records.
func (l *Ledger) Input(ctx context.Context, by Actor, id string) (s Stored[InputLot], err error) {
	defer fault.Wrap(&err, "Ledger.Input(%q)", id)
	if by.Role == "" {
		return s, by.denied()
	}
	s, err = inputs.get(ctx, l, id)
	if err != nil {
		return s, err
	}
	return s, l.readable(ctx, by, s.Doc.Organisation)
}

// Inputs answers a page of an organisation's input lots, newest first; kind narrows them down unless it is empty.
func (l *Ledger) Inputs(ctx context.Context, by Actor, org, kind, after string, limit int) (_ []Stored[InputLot], next string, err error) {
	defer fault.Wrap(&err, "Ledger.Inputs(%q)", org)
	q, err := l.listOf(ctx, by, org, after, limit)
	if err != nil {
		return nil, "", err
	}
	if kind != "" && q.Term != "" {
		q.Term = "org+kind=" + q.Term[len("org="):] + "+" + kind
	}
	return inputs.find(ctx, l, q)
}
