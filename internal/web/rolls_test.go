package web

import (
	"context"

	"truynguon/internal/trace"
)

// rollPart is a third of the roll that addRoll orders: of its labels the second third belongs to a lot.
const rollPart = 5000

// addRoll orders a roll of orgA and claims a third of it for a lot. It answers the roll's id and the codes of
// its labels.
func (w *world) addRoll(lot string) (id string, code func(number int) string) {
	w.t.Helper()
	ctx, by := context.Background(), w.actors["staff"]
	r, err := w.Ledger.OrderRoll(ctx, by, trace.RollDraft{Name: "Tem xanh", Count: 3 * rollPart})
	w.must(err)
	_, code, err = w.Ledger.PrintRoll(ctx, by, trace.RollPrintDraft{Roll: r.Doc.ID, From: 1, To: r.Doc.Count, Stock: "a4-65", Format: "csv"})
	w.must(err)
	_, err = w.Ledger.ClaimRoll(ctx, by, lot, trace.RollClaimDraft{From: code(rollPart + 1), To: code(2 * rollPart)})
	w.must(err)
	return r.Doc.ID, code
}
