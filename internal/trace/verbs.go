package trace

import "slices"

// A page offers what the verbs would not refuse. The answers here follow the rules of the verbs, which
// remain the ones that decide: somebody else may have changed the record meanwhile.

// BatchVerbs answers what the actor may do with a lot as it is: "correct", "release", "hold", "recall",
// "void", "event" (record one), "attach" (a document) and "repeat" (register another like it).
func (l *Ledger) BatchVerbs(by Actor, o *Organisation, b *Batch) (verbs []string) {
	keeps, judges := by.mayWrite(o), by.mayJudge(o)
	add := func(verb string, may bool) {
		if may {
			verbs = append(verbs, verb)
		}
	}
	clears := judges || keeps && !orderedByOffice(b.LastStep())
	add("release", keeps && b.State == Draft || clears && b.State == Held)
	add("correct", keeps && b.State == Draft && b.Origin == "")
	add("event", keeps && b.State != Voided)
	add("attach", keeps && b.State != Voided)
	add("repeat", keeps)
	add("hold", (keeps || judges) && (b.State == Draft || b.State == Released))
	add("override", judges && (b.State == Draft || b.State == Held))
	add("recall", by.mayRecall(o, Voluntary) && (b.State == Released || b.State == Held))
	add("void", (keeps || judges) && (b.State == Draft || by.Role != Staff) && b.State != Recalled && b.State != Voided)
	return verbs
}

// CertificateVerbs answers what the actor may do with a certificate as it is: "correct" it while it is a
// draft or was rejected, put other "documents" in the place of its scans once it was handed in, and the
// decisions about it, in the order in which they are usually taken.
func (l *Ledger) CertificateVerbs(by Actor, o *Organisation, c *Certificate) (verbs []string) {
	if by.mayWrite(o) {
		if c.Status == CertDraft || c.Status == CertRejected {
			verbs = append(verbs, "correct")
		} else {
			verbs = append(verbs, "documents")
		}
	}
	for _, verb := range []string{"submit", "verify", "reject", "suspend", "reinstate", "supersede", "revoke"} {
		move := certificateMoves[verb]
		may := by.mayJudge(o)
		if move.holder {
			may = by.mayWrite(o)
		}
		if may && slices.Contains(move.from, c.Status) {
			verbs = append(verbs, verb)
		}
	}
	return verbs
}

// MayCloseRecall reports whether the actor may close a recall as it is.
func (l *Ledger) MayCloseRecall(by Actor, o *Organisation, r *Recall) bool {
	return r.ClosedAt == nil && by.mayRecall(o, r.Kind)
}

// MayKeep reports whether the actor keeps an organisation's records.
func (l *Ledger) MayKeep(by Actor, o *Organisation) bool { return by.mayWrite(o) }

// MayJudge reports whether the actor decides about an organisation as an authority.
func (l *Ledger) MayJudge(by Actor, o *Organisation) bool { return by.mayJudge(o) }

// MayRecall reports whether the actor calls an organisation's lots back.
func (l *Ledger) MayRecall(by Actor, o *Organisation, kind RecallKind) bool {
	return by.mayRecall(o, kind)
}
