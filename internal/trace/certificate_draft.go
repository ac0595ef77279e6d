package trace

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
	// ExemptionBasis is the legal ground of an exemption.
	ExemptionBasis string `json:"exemptionBasis"`
	// Test is what a test report says.
	Test *TestDraft `json:"test"`
}

// TestDraft is what a test report says, as it was sent.
type TestDraft struct {
	SampledAt     string    `json:"sampledAt"`
	Accreditation string    `json:"accreditation"`
	Analytes      []Analyte `json:"analytes"`
}

// Draft returns the draft that would leave the certificate as it is: what a form starts from.
func (c *Certificate) Draft() CertificateDraft {
	d := CertificateDraft{
		Organisation: c.Organisation, Scheme: c.Scheme, Edition: c.Edition, Number: c.Number, Agency: c.Agency,
		StartDate: string(c.StartDate), EndDate: string(c.EndDate), Documents: c.Documents, ExemptionBasis: c.ExemptionBasis,
	}
	for _, s := range c.Subjects {
		sd := SubjectDraft{Product: s.Product, Place: s.Place, Season: s.Season, Batch: s.Batch, Activity: string(s.Activity)}
		if s.AreaHa != 0 {
			sd.AreaHa = Decimal(s.AreaHa.String())
		}
		if s.Yield.Value != 0 {
			sd.Yield = QuantityDraft{Value: Decimal(s.Yield.Value.String()), UOM: s.Yield.UOM}
		}
		d.Subjects = append(d.Subjects, sd)
	}
	if t := c.Test; t != nil {
		d.Test = &TestDraft{SampledAt: string(t.SampledAt), Accreditation: t.Accreditation, Analytes: t.Analytes}
	}
	return d
}

// SubjectDraft is one subject of a certificate as it was sent.
type SubjectDraft struct {
	Product string        `json:"product"`
	Place   string        `json:"place"`
	AreaHa  Decimal       `json:"area"`
	Season  string        `json:"season"`
	Yield   QuantityDraft `json:"yield"`
	Batch   string        `json:"batch"`
	// Activity is one of Activities, or empty for whatever is done.
	Activity string `json:"activity"`
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
	// IssuerBasis is for verifying: what showed that the issuer was competent, from IssuerFrom to IssuerTo.
	IssuerBasis string `json:"issuerBasis"`
	IssuerFrom  string `json:"issuerFrom"`
	IssuerTo    string `json:"issuerTo"`
	// Successor is for superseding: the id of the certificate that takes its place.
	Successor string `json:"successor"`
}
