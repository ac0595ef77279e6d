package trace

import (
	"context"
	"slices"
	"strings"

	"truynguon/internal/fault"
)

// certificateMoves tells from which status each decision may be taken, and whether the holder takes it
// (an official takes the others).
var certificateMoves = map[string]struct {
	from   []CertificateStatus
	to     CertificateStatus
	holder bool
	reason bool
	// law tells that it has force of law from a day of its own, which may lie before or after others.
	law bool
}{
	"submit":    {from: []CertificateStatus{CertDraft, CertRejected}, to: CertSubmitted, holder: true},
	"verify":    {from: []CertificateStatus{CertSubmitted, CertVerified}, to: CertVerified},
	"reject":    {from: []CertificateStatus{CertSubmitted}, to: CertRejected, reason: true},
	"suspend":   {from: []CertificateStatus{CertVerified}, to: CertSuspended, reason: true, law: true},
	"reinstate": {from: []CertificateStatus{CertSuspended}, to: CertVerified, reason: true, law: true},
	"revoke":    {from: []CertificateStatus{CertVerified, CertSuspended}, to: CertRevoked, reason: true, law: true},
	"supersede": {from: []CertificateStatus{CertVerified, CertSuspended}, to: CertSuperseded, reason: true, law: true},
}

// DecideCertificate takes a decision about a certificate: submit (by its holder), verify, reject,
// suspend, reinstate, revoke or supersede (by an official of the holder's unit). Nothing decided before
// is lost.
func (l *Ledger) DecideCertificate(ctx context.Context, by Actor, id, action string, d DecisionDraft) (s Stored[Certificate], err error) {
	defer fault.Wrap(&err, "Ledger.DecideCertificate(%q, %q)", id, action)
	move, ok := certificateMoves[action]
	if !ok {
		return s, fault.NotFound
	}
	if by.Role == "" || by.Role == Buyer {
		return s, by.denied()
	}
	c, err := certificates.get(ctx, l, id)
	if err != nil {
		return s, err
	}
	o, err := organisations.get(ctx, l, c.Doc.Organisation)
	if err != nil {
		return s, err
	}
	if move.holder && !by.mayWrite(&o.Doc) || !move.holder && !by.mayJudge(&o.Doc) {
		return s, by.denied()
	}
	var p fault.Problem
	dec := Decision{
		Status: move.to, At: l.stamp(), By: by, Token: d.Token, From: date(&p, "/from", d.From),
		Number: p.Text("/decision", d.Number, 100, false),
		Reason: p.Paragraph("/reason", d.Reason, maxText, move.reason),
	}
	if dec.From == "" {
		dec.From = l.Today()
	}
	var v Verification
	switch action {
	case "verify":
		if v, err = l.verification(ctx, &p, &c.Doc, d); err != nil {
			return s, err
		}
		v.At, v.By, v.Token = dec.At, by, d.Token
	case "supersede":
		if dec.Successor, err = l.successor(ctx, &p, &c.Doc, d.Successor); err != nil {
			return s, err
		}
	}
	if err := p.Err(); err != nil {
		return s, err
	}
	if action == "submit" { // from now on it can be found by buyers
		if err := l.fileLookups(ctx, &c.Doc); err != nil {
			return s, err
		}
	}
	if move.law && len(c.Doc.Verifications) > 0 { // whoever follows it is told
		if err := l.watch(ctx, watchedCertificate, id, len(c.Doc.History)); err != nil {
			return s, err
		}
	}
	return certificates.update(ctx, l, by, id, 0, action, dec.Reason, func(c *Certificate) error {
		if d.Token != "" && c.decidedWith(d.Token, by) {
			return nil // sent twice
		}
		if move.law {
			before := c.lawOn(dec.From)
			if before == move.to {
				return nil // pressed twice
			}
			if !slices.Contains(move.from, before) {
				return fault.New(fault.Exists, "certificate_state", "certificate."+string(before))
			}
			c.History = append(c.History, dec)
			c.Status, c.Successor = c.lawEver()
			return nil
		}
		if c.Status == move.to && action != "verify" {
			return nil // pressed twice
		}
		if !slices.Contains(move.from, c.Status) {
			return fault.New(fault.Exists, "certificate_state", "certificate."+string(c.Status))
		}
		if action == "verify" {
			c.Verifications = append(c.Verifications, v)
			if c.Status == CertVerified {
				return nil // looked at once more: nothing about its status was decided
			}
		}
		c.Status = move.to
		c.History = append(c.History, dec)
		return nil
	})
}

// verification checks what an official says about how a certificate was verified.
func (l *Ledger) verification(ctx context.Context, p *fault.Problem, c *Certificate, d DecisionDraft) (Verification, error) {
	v := Verification{
		Method:      Method(choice(p, "/method", d.Method, Methods)),
		Source:      p.Text("/source", d.Source, maxName, false),
		IssuerBasis: p.Text("/issuerBasis", d.IssuerBasis, maxName, false),
		IssuerFrom:  date(p, "/issuerFrom", d.IssuerFrom),
		IssuerTo:    date(p, "/issuerTo", d.IssuerTo),
	}
	if v.IssuerFrom != "" && v.IssuerTo != "" && v.IssuerTo < v.IssuerFrom {
		p.Add("/issuerTo", "date_before", string(v.IssuerTo), string(v.IssuerFrom))
	}
	docs, err := documents.many(ctx, l, c.Documents)
	if err != nil {
		return v, err
	}
	for _, id := range c.Documents {
		if doc, ok := docs[id]; ok {
			v.SHA256 = append(v.SHA256, doc.Doc.SHA256)
		}
	}
	return v, nil
}

// successor checks the certificate that is to take another's place: of the same holder and scheme.
func (l *Ledger) successor(ctx context.Context, p *fault.Problem, c *Certificate, id string) (string, error) {
	id = strings.TrimSpace(id)
	if id == "" {
		return "", nil
	}
	next, err := certificates.get(ctx, l, id)
	if err := found(p, "/successor", "certificate_unknown", err); err != nil {
		return "", err
	}
	if err == nil && (next.Doc.Organisation != c.Organisation || next.Doc.ID == c.ID) {
		p.Add("/successor", "certificate_unknown")
	} else if err == nil && next.Doc.Scheme != c.Scheme {
		p.Add("/successor", "successor_scheme")
	}
	return id, nil
}

// decidedWith reports whether a submission has decided or verified already.
func (c *Certificate) decidedWith(token string, by Actor) bool {
	return slices.ContainsFunc(c.History, func(d Decision) bool { return d.Token == token && d.By.ID == by.ID }) ||
		slices.ContainsFunc(c.Verifications, func(v Verification) bool { return v.Token == token && v.By.ID == by.ID })
}

// law lists the decisions with force of law: suspensions, reinstatements, revocations and supersessions. A
// decision that it is verified is one of them only as a reinstatement, that is, if it is not the first.
func (c *Certificate) law(yield func(Decision) bool) {
	verified := false
	for _, d := range c.History {
		is := false
		switch d.Status {
		case CertSuspended, CertRevoked, CertSuperseded:
			is = true
		case CertVerified:
			is, verified = verified, true
		}
		if is && !yield(d) {
			return
		}
	}
}

// lawHolding answers the decision with force of law that holds on a day: of those that hold from that day
// or before the one with the latest day and, among those of one day, the one recorded last. In which order
// days were recorded does not matter, and no verification takes a suspension back.
func (c *Certificate) lawHolding(day Date) (holding Decision, ok bool) {
	for d := range c.law {
		if d.From <= day && (!ok || d.From >= holding.From) {
			holding, ok = d, true
		}
	}
	return holding, ok
}

// lawOn is the status on a day as far as decisions with force of law are concerned; a certificate that was
// ever verified counts as verified before the first of them.
func (c *Certificate) lawOn(day Date) CertificateStatus {
	if d, ok := c.lawHolding(day); ok {
		return d.Status
	}
	if len(c.Verifications) > 0 {
		return CertVerified
	}
	return c.Status
}

// lastDay is after every day that a record may have.
const lastDay = Date("9999-12-31")

// lawEver is the status that the decisions lead to in the end, and the successor of the last.
func (c *Certificate) lawEver() (CertificateStatus, string) {
	d, _ := c.lawHolding(lastDay)
	return c.lawOn(lastDay), d.Successor
}

// StatusOn answers what had been decided about the certificate on a day. A decision with force of law
// speaks louder than filing and verifying; among equals it is the one with the latest day that holds.
func (c *Certificate) StatusOn(day Date) CertificateStatus {
	return c.DecisionOn(day).Status
}

// DecisionOn answers the decision that holds on a day; before the first it is that the certificate is a
// draft.
func (c *Certificate) DecisionOn(day Date) Decision {
	if d, ok := c.lawHolding(day); ok {
		return d
	}
	holding := Decision{Status: CertDraft}
	for _, d := range c.History {
		if d.From <= day && d.From >= holding.From {
			holding = d
		}
	}
	return holding
}

// Standing is what a certificate is worth on a day.
type Standing string

// The standings of a certificate on a day. None but InForce may be read as valid.
const (
	InForce       Standing = "in_force"
	NotVerified   Standing = "not_verified" // filed, but nobody has checked it
	NotYetInForce Standing = "not_yet"
	Expired       Standing = "expired"
	Suspended     Standing = "suspended"
	Revoked       Standing = "revoked"
	Superseded    Standing = "superseded"
	Rejected      Standing = "rejected"
	Unknown       Standing = "unknown" // the day that matters is not known
)

// StandingOn answers what the certificate is worth on a day. Its last day counts: what expires today
// is in force today. A suspension or revocation speaks louder than the dates. Verification is a fact
// about the paper and not about the day: a certificate verified later was in force before, too, if its
// dates say so.
func (c *Certificate) StandingOn(day Date) Standing {
	if day == "" {
		return Unknown
	}
	switch c.StatusOn(day) {
	case CertSuspended:
		return Suspended
	case CertRevoked:
		return Revoked
	case CertSuperseded:
		return Superseded
	case CertRejected:
		return Rejected
	}
	switch {
	case c.StartDate > day:
		return NotYetInForce
	case c.EndDate != "" && c.EndDate < day:
		return Expired
	case len(c.Verifications) == 0:
		return NotVerified
	}
	return InForce
}

// Evidence answers how well the certificate is supported: by its latest verification.
func (c *Certificate) Evidence() Evidence {
	if len(c.Verifications) == 0 {
		return Declared
	}
	switch c.Verifications[len(c.Verifications)-1].Method {
	case OriginalSeen:
		return DocumentSeen
	case RegistryConsulted, IssuerConfirmed:
		return Confirmed
	}
	return Declared
}
