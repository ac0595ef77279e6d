package web

import (
	"truynguon/internal/trace"
)

// verifyPage is an answer, or with empty data the form alone.
func (k madeUp) verifyPage() *VerifyPage {
	p := &VerifyPage{Base: k.base(""), Query: k.line, With: k.code, NoFile: k.n == 0}
	if k.n == 0 {
		return p
	}
	cert := k.certificate()
	cert.Verifications = each(k.n, trace.Verification{At: sampleTime, By: trace.Actor{Role: trace.Official, Unit: "99001"}, Method: trace.OriginalSeen, Source: k.line})
	product := k.product()
	lot := &trace.LotAnswer{
		Batch: k.batch(), Product: product, Organisation: k.organisation(), Code: sampleCode, Verdict: trace.Incomplete, Missing: []string{"image"},
	}
	a := trace.Answer{Query: k.line, Kind: trace.AnswerCertificate, At: sampleTime, Today: sampleDay, Certificates: each(k.n, trace.CertificateAnswer{
		Certificate: cert, Scheme: k.scheme(), Organisation: k.organisation(), Match: trace.MatchOlder, Standing: trace.Expired,
		Checks: trace.Check(&cert, k.scheme(), nil, trace.CheckFacts{Today: sampleDay}),
	})}
	if k.kind == "hostile" {
		a = trace.Answer{Query: k.line, Kind: trace.AnswerUnknown, At: sampleTime, Product: &product}
	}
	p.Sheet = p.sheet(&a, &trace.Answer{Query: k.code, Kind: trace.AnswerLot, Lot: lot}, map[string]trace.Unit{"99001": {Code: "99001", Name: k.name}}, "https://id.example.vn/verify?q=X")
	p.Sheet.AskLot, p.Sheet.Product = true, &product
	if a.Kind == trace.AnswerUnknown {
		p.Sheet.Doubt = k.form("doubt", "text", "contact")
	}
	return p
}

// verifyBulk is a table of answers, or with empty data the form with a fault.
func (k madeUp) verifyBulk() *VerifyBulkPage {
	p := &VerifyBulkPage{Base: k.base("")}
	p.Wide = true
	if k.n == 0 {
		p.Fault = p.T("fault.verify_nothing")
		return p
	}
	p.When = p.moment(sampleTime)
	cert := k.certificate()
	found := &trace.Answer{Query: k.line, Kind: trace.AnswerCertificate, At: sampleTime, Today: sampleDay, Certificates: each(k.n, trace.CertificateAnswer{
		Certificate: cert, Scheme: k.scheme(), Organisation: k.organisation(), Standing: trace.InForce,
		Checks: trace.Check(&cert, k.scheme(), nil, trace.CheckFacts{Today: sampleDay}),
	})}
	rows := []bulkRow{{N: 1, Asked: k.line}, {N: 2, Asked: k.code}, {N: 4, Fault: "verify.bulk.no_cell"}}
	p.fill(rows, []*trace.Answer{found, {Query: k.code, Kind: trace.AnswerUnknown}, nil})
	return p
}
