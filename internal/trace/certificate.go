package trace

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// Scheme is a kind of certificate that cooperatives hold. Schemes are data: an operator adds one
// without a programmer.
type Scheme struct {
	ID string `yaml:"id" json:"id"`
	// Names are the names of the scheme by language.
	Names map[string]string `yaml:"names" json:"names"`
	// RelevantDate tells which day of a lot a certificate must have been in force on: "harvest" for
	// what certifies growing, "packaging" for what certifies a facility.
	RelevantDate string `yaml:"relevantDate" json:"relevantDate"`
	// FoodSafety tells that it is a lawful basis for selling food: a certificate, an equivalent, a
	// commitment or an exemption.
	FoodSafety bool `yaml:"foodSafety" json:"foodSafety"`
	// SelfDeclared tells that nobody but the producer stands behind it.
	SelfDeclared bool `yaml:"selfDeclared" json:"selfDeclared"`
}

// Name returns the scheme's name in a language, or in Vietnamese if it has none in that.
func (s Scheme) Name(lang string) string {
	if n := s.Names[lang]; n != "" {
		return n
	}
	return s.Names["vi"]
}

// Schemes are the known kinds of certificate by id.
type Schemes map[string]Scheme

// ParseSchemes reads schemes from YAML, a list under "schemes". Every fault is named.
func ParseSchemes(data []byte) (Schemes, error) {
	var file struct {
		Schemes []Scheme `yaml:"schemes"`
	}
	if err := yaml.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("schemes: %w", err)
	}
	out := Schemes{}
	var faults []error
	for _, s := range file.Schemes {
		switch {
		case s.ID == "":
			faults = append(faults, errors.New("schemes: a scheme has no id"))
		case s.Names["vi"] == "" || s.Names["en"] == "":
			faults = append(faults, fmt.Errorf("scheme %s: needs a name in vi and en", s.ID))
		case s.RelevantDate != "harvest" && s.RelevantDate != "packaging":
			faults = append(faults, fmt.Errorf("scheme %s: relevantDate is %q, not harvest or packaging", s.ID, s.RelevantDate))
		case out[s.ID].ID != "":
			faults = append(faults, fmt.Errorf("scheme %s: twice", s.ID))
		}
		out[s.ID] = s
	}
	return out, errors.Join(faults...)
}

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
	// Documents are the ids of the document's scans.
	Documents []string          `json:"documents,omitempty"`
	Status    CertificateStatus `json:"status"`
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
}

// Decision is one change of a certificate's status.
type Decision struct {
	Status CertificateStatus `json:"status"`
	// From is the day from which it holds; At is when it was recorded.
	From   Date      `json:"from"`
	At     time.Time `json:"at"`
	By     Actor     `json:"by"`
	Number string    `json:"decision,omitempty"`
	Reason string    `json:"reason,omitempty"`
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
}

// CertificateDraft is what is sent to file a certificate.
type CertificateDraft struct {
	Token        string         `json:"-"`
	Organisation string         `json:"organisation"`
	Scheme       string         `json:"scheme"`
	Edition      string         `json:"edition"`
	Number       string         `json:"number"`
	Agency       string         `json:"agency"`
	StartDate    string         `json:"startDate"`
	EndDate      string         `json:"endDate"`
	Subjects     []SubjectDraft `json:"subjects"`
	Documents    []string       `json:"documents"`
}

// SubjectDraft is one subject of a certificate as it was sent.
type SubjectDraft struct {
	Product string        `json:"product"`
	Place   string        `json:"place"`
	AreaHa  Decimal       `json:"area"`
	Season  string        `json:"season"`
	Yield   QuantityDraft `json:"yield"`
	Batch   string        `json:"batch"`
}

// DecisionDraft is what is sent to decide about a certificate.
type DecisionDraft struct {
	Token string `json:"-"`
	// From is the day from which the decision holds; empty means today.
	From   string `json:"from"`
	Number string `json:"decision"`
	Reason string `json:"reason"`
	// Method and Source are for verifying.
	Method string `json:"method"`
	Source string `json:"source"`
}

// FileCertificate files a certificate of an organisation, as a draft.
func (l *Ledger) FileCertificate(ctx context.Context, by Actor, d CertificateDraft) (s Stored[Certificate], err error) {
	defer fault.Wrap(&err, "Ledger.FileCertificate(%q)", d.Number)
	o, err := l.keeper(ctx, by, d.Organisation)
	if err != nil {
		return s, err
	}
	var p fault.Problem
	c := Certificate{
		ID: newID("certificate", by, d.Token), Organisation: o.ID, UnitPath: o.UnitPath, Status: CertDraft,
		Scheme:    strings.TrimSpace(d.Scheme),
		Edition:   p.Text("/edition", d.Edition, maxName, false),
		Number:    p.Text("/number", d.Number, 100, false),
		Agency:    p.Text("/agency", d.Agency, maxName, true),
		StartDate: date(&p, "/startDate", d.StartDate),
		EndDate:   date(&p, "/endDate", d.EndDate),
		Documents: unique(d.Documents),
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
	if err := l.checkDocuments(ctx, &p, "/documents", o.ID, c.Documents); err != nil {
		return s, err
	}
	if c.Subjects, err = l.subjects(ctx, &p, o.ID, d.Subjects); err != nil {
		return s, err
	}
	if err := p.Err(); err != nil {
		return s, err
	}
	c.History = []Decision{{Status: CertDraft, From: l.Today(), At: l.stamp(), By: by}}
	s, err = certificates.insert(ctx, l, by, "file", c)
	if errors.Is(err, fault.Exists) && d.Token != "" && s.Doc.Organisation == c.Organisation &&
		s.Doc.Scheme == c.Scheme && s.Doc.Number == c.Number {
		return s, nil
	}
	return s, err
}

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
		if v := amount(p, at+"/yield/value", d.Yield.Value, false); v != 0 {
			s.Yield = Quantity{Value: v, UOM: choice(p, at+"/yield/uom", d.Yield.UOM, UnitsOfMeasure)}
		}
		out = append(out, s)
	}
	return out, nil
}

// certificateMoves tells from which status each decision may be taken, and whether the holder takes it
// (an official takes the others).
var certificateMoves = map[string]struct {
	from   []CertificateStatus
	to     CertificateStatus
	holder bool
	reason bool
}{
	"submit":    {from: []CertificateStatus{CertDraft, CertRejected}, to: CertSubmitted, holder: true},
	"verify":    {from: []CertificateStatus{CertSubmitted, CertVerified}, to: CertVerified},
	"reject":    {from: []CertificateStatus{CertSubmitted}, to: CertRejected, reason: true},
	"suspend":   {from: []CertificateStatus{CertVerified}, to: CertSuspended, reason: true},
	"reinstate": {from: []CertificateStatus{CertSuspended}, to: CertVerified, reason: true},
	"revoke":    {from: []CertificateStatus{CertVerified, CertSuspended}, to: CertRevoked, reason: true},
	"supersede": {from: []CertificateStatus{CertVerified, CertSuspended}, to: CertSuperseded, reason: true},
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
	v := Verification{At: dec.At, By: by, Source: p.Text("/source", d.Source, maxName, false)}
	if action == "verify" {
		v.Method = Method(choice(&p, "/method", d.Method, Methods))
		docs, err := documents.many(ctx, l, c.Doc.Documents)
		if err != nil {
			return s, err
		}
		for _, id := range c.Doc.Documents {
			v.SHA256 = append(v.SHA256, docs[id].Doc.SHA256)
		}
	}
	if err := p.Err(); err != nil {
		return s, err
	}
	return certificates.update(ctx, l, by, id, 0, action, dec.Reason, func(c *Certificate) error {
		if c.Status == move.to && action != "verify" {
			return nil // pressed twice
		}
		again := func(old Decision) bool { return d.Token != "" && old.Token == d.Token && old.By.ID == by.ID }
		if slices.ContainsFunc(c.History, again) {
			return nil // sent twice
		}
		if !slices.Contains(move.from, c.Status) {
			return fault.New(fault.Exists, "certificate_state", "certificate."+string(c.Status))
		}
		c.Status = move.to
		c.History = append(c.History, dec)
		if action == "verify" {
			c.Verifications = append(c.Verifications, v)
		}
		return nil
	})
}

// StatusOn answers what had been decided about the certificate on a day: the latest decision that
// holds from that day or before.
func (c *Certificate) StatusOn(day Date) CertificateStatus {
	status := CertDraft
	var from Date
	for _, d := range c.History {
		if d.From <= day && d.From >= from {
			status, from = d.Status, d.From
		}
	}
	return status
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

// Certificate answers a certificate. What has been submitted is public; a draft is seen by those who
// may see its organisation's records.
func (l *Ledger) Certificate(ctx context.Context, by Actor, id string) (s Stored[Certificate], err error) {
	defer fault.Wrap(&err, "Ledger.Certificate(%q)", id)
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

// CertificateView is a certificate with the names of what it is about, for its page.
type CertificateView struct {
	Certificate  Certificate
	Scheme       Scheme
	Organisation Organisation
	// Today is what it is worth today.
	Today    Standing
	Subjects []SubjectView
	// Documents are its documents' records; whether one may be opened, its Visibility says.
	Documents []Document
}

// SubjectView is a subject with the names of its product and place; a plot is named by its
// growing-area code, for its name may be a person's.
type SubjectView struct {
	Subject
	Product, Place string
}

// CertificateView answers what a certificate's page shows.
func (l *Ledger) CertificateView(ctx context.Context, by Actor, id string) (v CertificateView, err error) {
	defer fault.Wrap(&err, "Ledger.CertificateView(%q)", id)
	c, err := l.Certificate(ctx, by, id)
	if err != nil {
		return v, err
	}
	o, err := organisations.get(ctx, l, c.Doc.Organisation)
	if err != nil {
		return v, err
	}
	v = CertificateView{Certificate: c.Doc, Scheme: l.Schemes[c.Doc.Scheme], Organisation: o.Doc, Today: c.Doc.StandingOn(l.Today())}
	var productIDs, placeIDs []string
	for _, s := range c.Doc.Subjects {
		productIDs = append(productIDs, s.Product)
		placeIDs = append(placeIDs, s.Place)
	}
	knownProducts, err := products.many(ctx, l, unique(productIDs))
	if err != nil {
		return v, err
	}
	knownPlaces, err := places.many(ctx, l, unique(placeIDs))
	if err != nil {
		return v, err
	}
	for _, s := range c.Doc.Subjects {
		view := SubjectView{Subject: s, Product: knownProducts[s.Product].Doc.Name}
		if s.Place != "" {
			pl := publicPlace(knownPlaces[s.Place].Doc)
			view.Place = pl.Name
			if view.Place == "" {
				view.Place = pl.GrowingAreaCode
			}
			if view.Place == "" {
				view.Place = pl.ID
			}
		}
		v.Subjects = append(v.Subjects, view)
	}
	docs, err := documents.many(ctx, l, c.Doc.Documents)
	if err != nil {
		return v, err
	}
	for _, id := range c.Doc.Documents {
		if d, ok := docs[id]; ok {
			v.Documents = append(v.Documents, d.Doc)
		}
	}
	return v, nil
}
