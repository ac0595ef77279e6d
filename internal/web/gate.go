package web

import (
	"slices"
	"strings"
	"time"

	"truynguon/internal/locale"
	"truynguon/internal/trace"
)

// GateView is the safety gate in words.
type GateView struct {
	// Tag is the result, in the colour of Tone; Text says what it means.
	Tag, Tone, Text string
	// Lines are its findings; Deciding those that keep the lot back.
	Lines, Deciding []GateLineView
	// Overrides are the times an official released the lot in spite of it.
	Overrides []string
}

// GateLineView is one finding with its arithmetic in words.
type GateLineView struct {
	Tag, Tone, Text string
	// Mend leads to where it can be put right, for those who may.
	Mend string
}

func gateTone(r trace.GateResult) string {
	return map[trace.GateResult]string{
		trace.GateSatisfied: "good", trace.GateViolated: "bad", trace.GateUndetermined: "warn", trace.GateWarning: "warn",
	}[r]
}

// gateView puts the gate into words. mend, unless it is nil, leads to where a finding can be put right.
func gateView(words *locale.Printer, g *trace.Gate, overrides []trace.StateChange, mend func(trace.GateLine) string) *GateView {
	v := &GateView{Tag: words.T("gate.result." + string(g.Result)), Tone: gateTone(g.Result)}
	sprayed := slices.ContainsFunc(g.Lines, func(l trace.GateLine) bool {
		return l.Reason != "none_recorded" && (l.Check == trace.GatePHI || l.Check == trace.GateTreatment || l.Check == trace.GatePart)
	})
	switch {
	case g.NoDiary:
		v.Text = words.T("gate.public.no_diary")
	case g.Result == trace.GateSatisfied && !sprayed:
		v.Text = words.T("gate.public.none")
	default:
		v.Text = words.T("gate.public." + string(g.Result))
	}
	for _, l := range g.Lines {
		line := GateLineView{Tag: words.T("gate.result." + string(l.Result)), Tone: gateTone(l.Result), Text: gateLine(words, l)}
		if mend != nil {
			line.Mend = mend(l)
		}
		v.Lines = append(v.Lines, line)
		if l.Result == trace.GateViolated || l.Result == trace.GateUndetermined {
			v.Deciding = append(v.Deciding, line)
		}
	}
	for _, s := range overrides {
		v.Overrides = append(v.Overrides, words.T("gate.override.text", s.At.In(words.Zone()).Format(time.DateOnly), s.Reason))
	}
	return v
}

// gateLine is one finding in words.
func gateLine(words *locale.Printer, l trace.GateLine) string {
	text := say(words, l.Key(), l.Args)
	if l.Batch != "" {
		text = words.T("gate.part_of", trace.SpellCode(l.Batch)) + ": " + text
	}
	return text
}

// stepReason is why a lot's state changed: what somebody gave as the reason, or what the safety gate found.
func stepReason(words *locale.Printer, s trace.StateChange) string {
	if s.Reason != "" || s.Gate == nil {
		return s.Reason
	}
	lines := make([]string, 0, len(s.Gate.Lines))
	for _, l := range s.Gate.Lines {
		lines = append(lines, gateLine(words, l))
	}
	return words.T("gate.held") + " " + strings.Join(lines, " ")
}

// holdReason is why a lot is held or was voided, in words.
func holdReason(words *locale.Printer, p *trace.Provenance) string {
	if reason := p.HoldReason(); reason != "" || p.Verdict != trace.OnHold && p.Verdict != trace.Withdrawn {
		return reason
	}
	return stepReason(words, p.Batch.LastStep())
}

// publicGate is what a program is told of the gate: the findings in words.
type publicGate struct {
	// Result is satisfied, violated, undetermined or not_applicable, by the producer's own diary.
	Result trace.GateResult `json:"result"`
	// Basis says on what it rests.
	Basis string `json:"basis"`
	// Lines are the findings, the worst first.
	Lines []publicGateLine `json:"lines"`
	// Overrides are the times an official released the lot in spite of it.
	Overrides []publicOverride `json:"overrides,omitempty"`
}

type publicGateLine struct {
	// Check is what the finding is about, Result what was found and Reason the word for why.
	Check  trace.GateCheck  `json:"check"`
	Result trace.GateResult `json:"result"`
	Reason string           `json:"reason"`
	// Text says it in words, with the arithmetic.
	Text string `json:"text"`
	// Lot is the code of the lot it is about, if it is one that the lot was made of.
	Lot string `json:"lot,omitempty"`
}

type publicOverride struct {
	// At is when, and Reason why.
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
}

func gateJSON(words *locale.Printer, g *trace.Gate, overrides []trace.StateChange) *publicGate {
	out := &publicGate{Result: g.Result, Basis: "self_declared_diary", Lines: []publicGateLine{}}
	for _, l := range g.Lines {
		out.Lines = append(out.Lines, publicGateLine{Check: l.Check, Result: l.Result, Reason: l.Reason, Text: gateLine(words, l), Lot: l.Batch})
	}
	for _, s := range overrides {
		out.Overrides = append(out.Overrides, publicOverride{s.At, s.Reason})
	}
	return out
}
