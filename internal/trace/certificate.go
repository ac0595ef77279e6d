package trace

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// CertificateStatus is what has been decided about a certificate. That it has expired is never a
// status: it follows from its dates.
type CertificateStatus string

// The statuses of a certificate.
const (
	CertDraft      CertificateStatus = "draft"
	CertSubmitted  CertificateStatus = "submitted"
	CertVerified   CertificateStatus = "verified"
	CertRejected   CertificateStatus = "rejected"
	CertSuspended  CertificateStatus = "suspended"
	CertRevoked    CertificateStatus = "revoked"
	CertSuperseded CertificateStatus = "superseded"
)

// Method tells how a certificate was verified.
type Method string

// The methods of verification, weakest first.
const (
	SelfDeclared      Method = "self_declared"      // nobody but the holder says so
	OriginalSeen      Method = "original_seen"      // an official has seen the original
	RegistryConsulted Method = "registry_consulted" // the issuer's public register says so
	IssuerConfirmed   Method = "issuer_confirmed"   // the issuer has confirmed it in writing
)

// Methods lists the methods of verification.
var Methods = []Method{SelfDeclared, OriginalSeen, RegistryConsulted, IssuerConfirmed}

// Evidence is how well a claim is supported.
type Evidence string

// The levels of evidence that a page tells apart.
const (
	Declared     Evidence = "declared"      // self-declared
	DocumentSeen Evidence = "document_seen" // an official has seen the document
	Confirmed    Evidence = "confirmed"     // the issuer or its register confirms it
)

// Certificate is a certificate, commitment, test report or exemption of an organisation.
type Certificate struct {
	ID           string `json:"id"`
	Organisation string `json:"organisation"`
	// Scheme is the id of a scheme; Edition is that of the standard, such as "TCVN 11892-1:2017".
	Scheme  string `json:"scheme"`
	Edition string `json:"edition,omitempty"`
	// Number is as the issuer wrote it; Agency is the issuer, by the name it had.
	Number string `json:"number"`
	Agency string `json:"agency"`
	// StartDate and EndDate are the first and the last day on which it is in force; no EndDate means
	// that it has no end.
	StartDate Date      `json:"startDate"`
	EndDate   Date      `json:"endDate,omitempty"`
	Subjects  []Subject `json:"subjects"`
	// ExemptionBasis is the legal ground on which an exemption rests, such as "NĐ 15/2018/NĐ-CP Điều 12.1.a".
	ExemptionBasis string `json:"exemptionBasis,omitempty"`
	// Test is what a test report says.
	Test *TestReport `json:"test,omitempty"`
	// Documents are the ids of the document's scans.
	Documents []string `json:"documents,omitempty"`
	// FormerDocuments are the ids of scans that others have taken the place of.
	FormerDocuments []string          `json:"formerDocuments,omitempty"`
	Status          CertificateStatus `json:"status"`
	// Successor is the id of the certificate that has taken its place, if it is superseded by one.
	Successor string `json:"successor,omitempty"`
	// History is every decision about it, oldest first; the first is the filing.
	History []Decision `json:"statusHistory"`
	// Verifications are the times it was verified, oldest first.
	Verifications []Verification `json:"verifications,omitempty"`
	UnitPath      []string       `json:"unitPath"`
}

// Subject is what a certificate covers. What a subject does not name it does not restrict.
type Subject struct {
	Product string   `json:"product,omitempty"`
	Place   string   `json:"place,omitempty"`
	AreaHa  Amount   `json:"area,omitempty"`
	Season  string   `json:"season,omitempty"`
	Yield   Quantity `json:"yield,omitzero"`
	// Batch is the lot that a test report is about.
	Batch string `json:"batch,omitempty"`
	// Activity is what it certifies doing with the product: growing, packing, processing, storing or
	// trading.
	Activity Activity `json:"activity,omitempty"`
}

// TestReport is what a laboratory found in a sample.
type TestReport struct {
	// SampledAt is the day on which the sample was taken.
	SampledAt Date `json:"sampledAt,omitempty"`
	// Accreditation is the laboratory's, such as "VILAS 123", by the standard ISO/IEC 17025.
	Accreditation string `json:"accreditation,omitempty"`
	// Analytes are what was looked for.
	Analytes []Analyte `json:"analytes,omitempty"`
}

// Analyte is one thing that was looked for in a sample.
type Analyte struct {
	// Name is what was looked for.
	Name string `json:"analyte"`
	// Result is as the laboratory wrote it, "< 0.01" or "KPH" included.
	Result string `json:"result"`
	// Unit is that of result and limit, such as mg/kg.
	Unit string `json:"unit,omitempty"`
	// Limit is as the laboratory wrote it.
	Limit string `json:"limit,omitempty"`
	// Verdict tells whether the result keeps to the limit.
	Verdict AnalyteVerdict `json:"verdict"`
}

// AnalyteVerdict tells whether a result keeps to its limit.
type AnalyteVerdict string

// The verdicts about an analyte.
const (
	Conforms  AnalyteVerdict = "conforms"
	Exceeds   AnalyteVerdict = "exceeds"
	NotJudged AnalyteVerdict = "not_judged" // the report names no limit
)

// AnalyteVerdicts lists the verdicts about an analyte.
var AnalyteVerdicts = []AnalyteVerdict{Conforms, Exceeds, NotJudged}

// Decision is one change of a certificate's status.
type Decision struct {
	Status CertificateStatus `json:"status"`
	// From is the day from which it holds; At is when it was recorded.
	From   Date      `json:"from"`
	At     time.Time `json:"at"`
	By     Actor     `json:"by"`
	Number string    `json:"decision,omitempty"`
	Reason string    `json:"reason,omitempty"`
	// Successor is the id of the certificate that takes its place, if it was superseded by one.
	Successor string `json:"successor,omitempty"`
	// Token is that of the submission, so that one sent again decides nothing anew.
	Token string `json:"token,omitempty"`
}

// Verification is one check of a certificate against its source.
type Verification struct {
	At     time.Time `json:"at"`
	By     Actor     `json:"by"`
	Method Method    `json:"method"`
	// Source is the register's address, the letter, or what else was consulted.
	Source string `json:"source,omitempty"`
	// SHA256 are the digests of the documents that were looked at.
	SHA256 []string `json:"sha256,omitempty"`
	// IssuerBasis is what showed that the issuer was competent, such as the number of its designation or
	// accreditation.
	IssuerBasis string `json:"issuerBasis,omitempty"`
	// IssuerFrom is the first day of the issuer's competence, and IssuerTo the last; empty if it has no end.
	IssuerFrom Date `json:"issuerFrom,omitempty"`
	// IssuerTo is the last day of the issuer's competence; empty if it has no end.
	IssuerTo Date `json:"issuerTo,omitempty"`
	// Token is that of the submission, so that one sent again verifies nothing anew.
	Token string `json:"token,omitempty"`
}

// FileCertificate files a certificate of an organisation, as a draft.
func (l *Ledger) FileCertificate(ctx context.Context, by Actor, d CertificateDraft) (s Stored[Certificate], err error) {
	defer fault.Wrap(&err, "Ledger.FileCertificate(%q)", d.Number)
	o, err := l.keeper(ctx, by, d.Organisation)
	if err != nil {
		return s, err
	}
	c, err := l.certificate(ctx, &o, d)
	if err != nil {
		return s, err
	}
	c.ID = newID("certificate", by, d.Token)
	c.History = []Decision{{Status: CertDraft, From: l.Today(), At: l.stamp(), By: by}}
	s, err = certificates.insert(ctx, l, by, "file", c)
	if errors.Is(err, fault.Exists) && d.Token != "" && s.Doc.Organisation == c.Organisation &&
		s.Doc.Scheme == c.Scheme && s.Doc.Number == c.Number {
		return s, nil
	}
	return s, err
}

// CorrectCertificate changes what a certificate says while it is a draft or after it was rejected; rev is
// the revision the actor saw. What has been submitted or verified stays as it is.
func (l *Ledger) CorrectCertificate(ctx context.Context, by Actor, id string, rev int64, d CertificateDraft) (s Stored[Certificate], err error) {
	defer fault.Wrap(&err, "Ledger.CorrectCertificate(%q)", id)
	if by.Role == "" || by.Role == Buyer {
		return s, by.denied()
	}
	old, err := certificates.get(ctx, l, id)
	if err != nil {
		return s, err
	}
	o, err := l.keeper(ctx, by, old.Doc.Organisation)
	if err != nil {
		return s, err
	}
	c, err := l.certificate(ctx, &o, d)
	if err != nil {
		return s, err
	}
	return certificates.update(ctx, l, by, id, rev, "correct", "", func(old *Certificate) error {
		if old.Status != CertDraft && old.Status != CertRejected {
			return fault.New(fault.Exists, "certificate_state", "certificate."+string(old.Status))
		}
		c := c
		c.ID, c.Status, c.History, c.Verifications = old.ID, old.Status, old.History, old.Verifications
		c.FormerDocuments = former(old, c.Documents)
		*old = c
		return nil
	})
}

// ReplaceDocuments puts other scans in the place of a certificate's, in any state. The former ones stay
// known as older versions; a certificate that was verified stays so, but its document check fails until
// an official has verified it with the new ones.
func (l *Ledger) ReplaceDocuments(ctx context.Context, by Actor, id string, rev int64, ids []string) (s Stored[Certificate], err error) {
	defer fault.Wrap(&err, "Ledger.ReplaceDocuments(%q)", id)
	if by.Role == "" || by.Role == Buyer {
		return s, by.denied()
	}
	old, err := certificates.get(ctx, l, id)
	if err != nil {
		return s, err
	}
	if _, err := l.keeper(ctx, by, old.Doc.Organisation); err != nil {
		return s, err
	}
	ids = unique(ids)
	var p fault.Problem
	if err := l.checkDocuments(ctx, &p, "/documents", old.Doc.Organisation, ids); err != nil {
		return s, err
	}
	if err := p.Err(); err != nil {
		return s, err
	}
	if old.Doc.Status != CertDraft {
		as := old.Doc
		as.Documents = ids
		if err := l.fileLookups(ctx, &as); err != nil {
			return s, err
		}
	}
	return certificates.update(ctx, l, by, id, rev, "documents", "", func(c *Certificate) error {
		c.FormerDocuments = former(c, ids)
		c.Documents = ids
		return nil
	})
}

// former lists the documents that a certificate has had and has no more when these take their place.
func former(c *Certificate, now []string) []string {
	var out []string
	for _, id := range append(slices.Clone(c.FormerDocuments), c.Documents...) {
		if !slices.Contains(now, id) && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// certificate checks a draft against the records of its organisation.
func (l *Ledger) certificate(ctx context.Context, o *Organisation, d CertificateDraft) (Certificate, error) {
	var p fault.Problem
	c := Certificate{
		Organisation: o.ID, UnitPath: o.UnitPath, Status: CertDraft,
		Scheme:         strings.TrimSpace(d.Scheme),
		Edition:        p.Text("/edition", d.Edition, maxName, false),
		Number:         p.Text("/number", d.Number, 100, false),
		Agency:         p.Text("/agency", d.Agency, maxName, true),
		StartDate:      date(&p, "/startDate", d.StartDate),
		EndDate:        date(&p, "/endDate", d.EndDate),
		ExemptionBasis: p.Text("/exemptionBasis", d.ExemptionBasis, maxName, false),
		Documents:      unique(d.Documents),
	}
	scheme, ok := l.Schemes[c.Scheme]
	switch {
	case c.Scheme == "":
		p.Add("/scheme", "missing")
	case !ok:
		p.Add("/scheme", "not_offered", short(c.Scheme))
	case c.Number == "" && !scheme.SelfDeclared:
		p.Add("/number", "missing")
	}
	if d.StartDate == "" {
		p.Add("/startDate", "missing")
	}
	if c.StartDate != "" && c.EndDate != "" && c.EndDate < c.StartDate {
		p.Add("/endDate", "date_before", string(c.EndDate), string(c.StartDate))
	}
	if d.Test != nil {
		c.Test = l.testReport(&p, *d.Test)
	}
	if err := l.checkDocuments(ctx, &p, "/documents", o.ID, c.Documents); err != nil {
		return c, err
	}
	var err error
	if c.Subjects, err = l.subjects(ctx, &p, o.ID, d.Subjects); err != nil {
		return c, err
	}
	return c, p.Err()
}

// testReport checks what a test report says.
func (l *Ledger) testReport(p *fault.Problem, d TestDraft) *TestReport {
	t := &TestReport{
		SampledAt:     date(p, "/test/sampledAt", d.SampledAt),
		Accreditation: p.Text("/test/accreditation", d.Accreditation, maxName, false),
	}
	if t.SampledAt > l.Today() {
		p.Add("/test/sampledAt", "date_in_future", string(t.SampledAt))
	}
	if len(d.Analytes) > maxAnalytes {
		p.Add("/test/analytes", "too_many", maxAnalytes)
		return t
	}
	for i, a := range d.Analytes {
		at := fmt.Sprintf("/test/analytes/%d", i)
		a.Name = p.Text(at+"/analyte", a.Name, maxName, true)
		a.Result = p.Text(at+"/result", a.Result, 100, true)
		a.Unit = p.Text(at+"/unit", a.Unit, 40, false)
		a.Limit = p.Text(at+"/limit", a.Limit, 100, false)
		if a.Verdict == "" {
			a.Verdict = NotJudged
		}
		a.Verdict = AnalyteVerdict(choice(p, at+"/verdict", string(a.Verdict), AnalyteVerdicts))
		t.Analytes = append(t.Analytes, a)
	}
	return t
}

// maxAnalytes bounds a test report: a multi-residue screening looks for some hundreds of substances.
const maxAnalytes = 1000

func (l *Ledger) subjects(ctx context.Context, p *fault.Problem, org string, drafts []SubjectDraft) ([]Subject, error) {
	if len(drafts) > maxList {
		p.Add("/subjects", "too_many", maxList)
		return nil, nil
	}
	var productIDs, placeIDs, codes []string
	for _, d := range drafts {
		productIDs = append(productIDs, d.Product)
		placeIDs = append(placeIDs, d.Place)
		codes = append(codes, d.Batch)
	}
	knownProducts, err := products.many(ctx, l, unique(productIDs))
	if err != nil {
		return nil, err
	}
	knownPlaces, err := places.many(ctx, l, unique(placeIDs))
	if err != nil {
		return nil, err
	}
	knownBatches, err := batches.many(ctx, l, unique(codes))
	if err != nil {
		return nil, err
	}
	var out []Subject
	for i, d := range drafts {
		at := fmt.Sprintf("/subjects/%d", i)
		if d.Product != "" && knownProducts[d.Product].Doc.Organisation != org {
			p.Add(at+"/product", "product_unknown")
		}
		if d.Place != "" && knownPlaces[d.Place].Doc.Organisation != org {
			p.Add(at+"/place", "place_unknown")
		}
		if d.Batch != "" && knownBatches[d.Batch].Doc.Organisation != org {
			p.Add(at+"/batch", "batch_unknown")
		}
		s := Subject{
			Product: d.Product, Place: d.Place, Batch: d.Batch,
			AreaHa: amount(p, at+"/area", d.AreaHa, false),
			Season: p.Text(at+"/season", d.Season, maxName, false),
		}
		if d.Activity != "" {
			s.Activity = Activity(choice(p, at+"/activity", d.Activity, Activities))
		}
		if v := amount(p, at+"/yield/value", d.Yield.Value, false); v != 0 {
			s.Yield = Quantity{Value: v, UOM: choice(p, at+"/yield/uom", d.Yield.UOM, UnitsOfMeasure)}
		}
		out = append(out, s)
	}
	return out, nil
}

// Certificate answers a certificate. What has been submitted is public; a draft is seen by those who
// may see its organisation's records. What a test report found is told to those who may open the report.
func (l *Ledger) Certificate(ctx context.Context, by Actor, id string) (s Stored[Certificate], err error) {
	defer fault.Wrap(&err, "Ledger.Certificate(%q)", id)
	s, err = l.certificateFor(ctx, by, id)
	if err != nil || s.Doc.Test == nil || by.Sees(s.Doc.Organisation, s.Doc.UnitPath) {
		return s, err
	}
	docs, err := documents.many(ctx, l, s.Doc.Documents)
	if err != nil {
		return s, err
	}
	if !s.Doc.testOpenTo(by, docsIn(docs)) {
		s.Doc.Test = nil
	}
	return s, nil
}

// certificateFor reads a certificate that the actor may see.
func (l *Ledger) certificateFor(ctx context.Context, by Actor, id string) (s Stored[Certificate], err error) {
	s, err = certificates.get(ctx, l, id)
	if err != nil {
		return s, err
	}
	if s.Doc.Status == CertDraft || s.Doc.Status == CertRejected {
		err = l.readable(ctx, by, s.Doc.Organisation)
		if by.Role == "" && err != nil {
			err = fault.NotFound // what a visitor may not see is not there
		}
	}
	return s, err
}

// testOpenTo reports whether the figures of a test report may be told to an actor: to whoever may open one
// of its documents.
func (c *Certificate) testOpenTo(by Actor, docs map[string]Document) bool {
	return by.Sees(c.Organisation, c.UnitPath) || slices.ContainsFunc(c.Documents, func(id string) bool {
		d, ok := docs[id]
		return ok && (d.Visibility == Public || d.Visibility == Shared && by.Role == Buyer)
	})
}

// CertificatesIn answers a page of the certificates with one of some statuses that the actor may see, newest
// first. Whether one has expired is no status: see Expiring and Expired.
func (l *Ledger) CertificatesIn(ctx context.Context, by Actor, org string, statuses []CertificateStatus, after string, limit int) (_ []Stored[Certificate], next string, err error) {
	defer fault.Wrap(&err, "Ledger.CertificatesIn(%q, %v)", org, statuses)
	q := store.Query{Term: "unit=" + by.Unit, Desc: true, After: after, Limit: limit}
	if org != "" || by.Role != Official || by.Unit == "" {
		if q, err = l.listOf(ctx, by, org, after, limit); err != nil {
			return nil, "", err
		}
	}
	prefix := "status="
	if whose, id, ok := strings.Cut(q.Term, "="); ok {
		prefix = whose + "+status=" + id + "+"
	}
	q.Term = ""
	for _, s := range statuses {
		q.Any = append(q.Any, prefix+string(s))
	}
	return certificates.find(ctx, l, q)
}

// Certificates answers a page of the certificates that the actor may see, newest first.
func (l *Ledger) Certificates(ctx context.Context, by Actor, org, after string, limit int) (_ []Stored[Certificate], next string, err error) {
	defer fault.Wrap(&err, "Ledger.Certificates(%q)", org)
	if org == "" && by.Role == Official && by.Unit != "" {
		return certificates.find(ctx, l, store.Query{Term: "unit=" + by.Unit, Desc: true, After: after, Limit: limit})
	}
	q, err := l.listOf(ctx, by, org, after, limit)
	if err != nil {
		return nil, "", err
	}
	return certificates.find(ctx, l, q)
}
