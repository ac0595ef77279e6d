package main

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"truynguon/internal/trace"
)

// On either database: of people who claim overlapping labels at the same moment each label gets one lot, and
// what two servers count adds up.
func TestRollsAndScansOnStores(t *testing.T) {
	for _, db := range []struct {
		name     string
		settings func(testing.TB) []string
	}{{"sqlite", onSQLite}, {"mongodb", onMongo}} {
		t.Run(db.name, func(t *testing.T) {
			ctx := t.Context()
			p, err := open(ctx, settings(t, slices.Concat(db.settings(t), inFolder(t))...))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = p.close() }()
			lot := lotOn(t, p.ledger)
			r, err := p.ledger.OrderRoll(ctx, trace.System, trace.RollDraft{Organisation: lot.Organisation, Name: "x", Count: 60})
			if err != nil {
				t.Fatal(err)
			}
			_, code, err := p.ledger.PrintRoll(ctx, trace.System, trace.RollPrintDraft{Roll: r.Doc.ID, From: 1, To: 60, Stock: "s", Format: "csv"})
			if err != nil {
				t.Fatal(err)
			}
			other := &trace.Ledger{DB: p.ledger.DB, Base: p.ledger.Base, Zone: p.ledger.Zone}
			servers := []*trace.Ledger{p.ledger, other}
			var wg sync.WaitGroup
			won := make([]bool, 8)
			for i := range won {
				wg.Go(func() {
					l := servers[i%2]
					_, err := l.ClaimRoll(ctx, trace.System, lot.Code, trace.RollClaimDraft{From: code(1 + i*4), To: code(8 + i*4)})
					won[i] = err == nil
					for j := range 25 {
						l.CountScan(trace.Scan{Batch: lot.Code, Organisation: lot.Organisation, Device: trace.Phone, Visitor: fmt.Sprint(i, j)})
					}
					if _, err := l.FlushScans(ctx); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			claimed := 0
			for _, w := range won {
				if w {
					claimed += 8
				}
			}
			roll, err := p.ledger.Roll(ctx, trace.System, r.Doc.ID)
			if err != nil || claimed == 0 || roll.Doc.Tally()[trace.RollClaimed] != claimed {
				t.Errorf("%d labels are claimed, want %d, %v", roll.Doc.Tally()[trace.RollClaimed], claimed, err)
			}
			scans, err := p.ledger.Scans(ctx, trace.System, lot.Code, "", "")
			if err != nil || scans.Scans != 200 || scans.Visits != 200 {
				t.Errorf("%d scans, %d visits, want 200, %v", scans.Scans, scans.Visits, err)
			}
		})
	}
}

// lotOn registers a cooperative and a lot of it, as briefly as possible.
func lotOn(t *testing.T, l *trace.Ledger) trace.Batch {
	t.Helper()
	ctx, by := t.Context(), trace.System
	err := l.AddUnit(ctx, by, trace.Unit{Code: communeCode, Level: "xa", Name: "Xã Măng Sơ Lang"})
	if err == nil {
		_, err = l.RegisterOrganisation(ctx, by, trace.OrganisationDraft{
			ID: coopID, LegalType: "HTX", Name: "HTX Măng Sơ", Address: "Thôn 1", AdminUnit: communeCode,
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	place, err := l.RegisterPlace(ctx, by, trace.PlaceDraft{Organisation: coopID, Type: "plot", Name: "R", Address: "Thôn 1", AdminUnit: communeCode})
	if err != nil {
		t.Fatal(err)
	}
	product, err := l.RegisterProduct(ctx, by, trace.ProductDraft{Organisation: coopID, Name: "Chuối", UOM: "KGM"})
	if err != nil {
		t.Fatal(err)
	}
	b, err := l.RegisterBatch(ctx, by, trace.BatchDraft{
		Organisation: coopID, Product: product.Doc.ID, Lot: "L-1", Places: []string{place.Doc.ID}, HarvestDate: string(l.Today()),
		Quantity: trace.QuantityDraft{Value: "5"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.Doc
}
