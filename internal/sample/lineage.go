package sample

import (
	"bytes"
	"context"
	_ "embed" // for lineage.yaml
	"errors"
	"fmt"
	"maps"
	"slices"

	"go.yaml.in/yaml/v3"

	"truynguon/internal/trace"
)

//go:embed lineage.yaml
var lineageYAML []byte

// lineageData is what lineage.yaml holds.
type lineageData struct {
	Organisation    string `yaml:"organisation"`
	Transformations []struct {
		Kind       string         `yaml:"kind"`
		Day        int            `yaml:"day"`
		Inputs     map[string]int `yaml:"inputs"`
		Outputs    map[string]int `yaml:"outputs"`
		Loss       int            `yaml:"loss"`
		LossReason string         `yaml:"lossReason"`
	} `yaml:"transformations"`
	Cartons []struct {
		Lot   string `yaml:"lot"`
		Day   int    `yaml:"day"`
		Each  int    `yaml:"each"`
		Count int    `yaml:"count"`
	} `yaml:"cartons"`
	Shipments []struct {
		Day      int    `yaml:"day"`
		Time     Clock  `yaml:"time"`
		Pallet   bool   `yaml:"pallet"`
		Lot      string `yaml:"lot"`
		Quantity int    `yaml:"quantity"`
		Vehicle  string `yaml:"vehicle"`
		Invoice  string `yaml:"invoice"`
		Where    string `yaml:"where"`
		Name     string `yaml:"name"`
		Address  string `yaml:"address"`
		Code     string `yaml:"code"`
		Receiver string `yaml:"receiver"`
	} `yaml:"shipments"`
}

// addLineage makes lots of lots of one cooperative, packs some, and sends them to two buyers, one of whom
// answers by the delivery note.
func addLineage(ctx context.Context, l *trace.Ledger) error {
	dec := yaml.NewDecoder(bytes.NewReader(lineageYAML))
	dec.KnownFields(true)
	var d lineageData
	if err := dec.Decode(&d); err != nil {
		return fmt.Errorf("sample: lineage.yaml: %w", err)
	}
	if err := d.record(ctx, l); err != nil {
		return fmt.Errorf("sample: lineage: %w", err)
	}
	return nil
}

func (d *lineageData) record(ctx context.Context, l *trace.Ledger) error {
	by := trace.System
	lots := map[string]trace.Batch{}
	for after := ""; ; {
		page, next, err := l.Batches(ctx, by, trace.BatchFilter{Organisation: d.Organisation, State: trace.Released}, after, 200)
		if err != nil {
			return err
		}
		for _, b := range page {
			lots[b.Doc.Lot] = b.Doc
		}
		if after = next; next == "" {
			break
		}
	}
	sites, _, err := l.Places(ctx, by, d.Organisation, "", 100)
	if err != nil {
		return err
	}
	site := ""
	for _, pl := range sites {
		if pl.Doc.Type == trace.Processing || pl.Doc.Type == trace.Packhouse || pl.Doc.Type == trace.Warehouse {
			site = pl.Doc.ID
		}
	}
	day := func(n int) string { return string(l.Today().AddDays(n)) }
	amount := func(n int) trace.QuantityDraft { return trace.QuantityDraft{Value: trace.Decimal(fmt.Sprint(n))} }
	for i, t := range d.Transformations {
		draft := trace.TransformationDraft{
			Token: fmt.Sprint("sample-lineage-", i), Organisation: d.Organisation, Kind: t.Kind, Place: site, Date: day(t.Day), LossReason: t.LossReason,
		}
		product := ""
		for _, lot := range slices.Sorted(maps.Keys(t.Inputs)) {
			draft.Inputs = append(draft.Inputs, trace.LotAmountDraft{Lot: lots[lot].Code, Quantity: amount(t.Inputs[lot])})
			product = lots[lot].Product
		}
		for _, lot := range slices.Sorted(maps.Keys(t.Outputs)) {
			draft.Outputs = append(draft.Outputs, trace.OutputDraft{Product: product, Lot: lot, Quantity: amount(t.Outputs[lot])})
		}
		if t.Loss > 0 {
			draft.Loss = amount(t.Loss)
		}
		made, err := l.Transform(ctx, by, draft)
		if err != nil {
			return err
		}
		for _, out := range made.Doc.Outputs {
			b, err := l.ReleaseBatch(ctx, by, out.Lot, "")
			if err != nil {
				return err
			}
			lots[b.Doc.Lot] = b.Doc
		}
	}
	var cartons []string
	for i, c := range d.Cartons {
		for n := range c.Count {
			u, err := l.Pack(ctx, by, trace.UnitDraft{
				Token: fmt.Sprint("sample-carton-", i, "-", n), Organisation: d.Organisation, Type: "carton", Place: site, Date: day(c.Day),
				Lots: []trace.LotAmountDraft{{Lot: lots[c.Lot].Code, Quantity: amount(c.Each)}},
			})
			if err != nil {
				return err
			}
			cartons = append(cartons, u.Doc.ID)
		}
	}
	for i, s := range d.Shipments {
		draft := trace.ShipmentDraft{
			Token: fmt.Sprint("sample-shipment-", i), Organisation: d.Organisation, Kind: trace.Delivery, Date: day(s.Day), Time: string(s.Time), Place: site,
			Party: trace.Party{Name: s.Name, Address: s.Address, Code: s.Code}, Where: s.Where, Vehicle: s.Vehicle,
			Documents: []trace.BusinessDocument{{Type: "inv", Number: s.Invoice}},
		}
		if s.Pallet {
			pallet, err := l.Pack(ctx, by, trace.UnitDraft{Token: fmt.Sprint("sample-pallet-", i), Organisation: d.Organisation, Type: "pallet", Date: draft.Date, Units: cartons})
			if err != nil {
				return err
			}
			draft.Units = []string{pallet.Doc.ID}
		} else {
			draft.Lots = []trace.ShippedLotDraft{{Lot: lots[s.Lot].Code, Quantity: amount(s.Quantity)}}
		}
		sent, err := l.Ship(ctx, by, draft)
		if err != nil {
			return err
		}
		if s.Receiver == "" {
			continue
		}
		if sent.Doc.Secret == "" {
			return errors.New("a delivery without a note")
		}
		if _, err := l.ReceiveByNote(ctx, sent.Doc.Secret, trace.ReceiptDraft{Name: s.Receiver, Date: day(s.Day)}); err != nil {
			return err
		}
	}
	return nil
}
