package web

import (
	"truynguon/internal/auth"
	"truynguon/internal/trace"
)

// diaryPages are the diary's pages with made-up data.
func (k madeUp) diaryPages() map[string]view {
	p := &DiaryPage{
		Base: k.base(auth.Staff), Place: trace.Place{ID: "p", Name: k.name}, Cycles: k.rows(), Entries: k.rows(), Do: each(k.n, Link{"/work", or(k.name, "–")}),
	}
	if k.n > 0 {
		p.Repeat, p.AddCrop = &Link{"/work", k.line}, &Link{"/work", k.name}
	} else {
		p.NoCycle = k.words.T("cycle.none")
	}
	v := &VietGAPPage{
		Base: k.base(auth.Official), CSV: "/work", Facts: each(k.n, Fact{Label: or(k.name, "–"), Value: k.line}),
		Forms: each(2, VietGAPForm{ID: "b1", Title: or(k.name, "–"), Columns: each(5, or(k.code, "–")), Lines: each(k.n, each(5, k.line)), Empty: k.words.T("vietgap.none")}),
	}
	v.Forms[1].ID = "b2"
	return map[string]view{"diary": p, "vietgap": v}
}

// gate is the safety gate with made-up findings.
func (k madeUp) gate(mend func(trace.GateLine) string) *GateView {
	g := trace.Gate{Result: trace.GateUndetermined, NoDiary: k.n == 0}
	if k.n > 0 {
		g.Lines = []trace.GateLine{
			{Check: trace.GatePHI, Result: trace.GateViolated, Reason: "too_early_entered", Args: []any{k.name, "2026-11-01", 14, "2026-11-15", "2026-11-10"}, Entry: "e", Place: "p"},
			{Check: trace.GatePermitted, Result: trace.GateUndetermined, Reason: "off_label", Args: []any{k.line, k.code, "crop.coffee"}, Batch: sampleCode},
			{Check: trace.GateDose, Result: trace.GateSatisfied, Reason: "kept", Args: []any{k.name, "1.5", "2", "doseUnit.KGM_HAR"}},
		}
		g.Result = trace.GateViolated
	}
	return gateView(k.words, &g, each(k.n, trace.StateChange{State: trace.Released, At: sampleTime, Reason: k.text, Gate: &g}), mend)
}
