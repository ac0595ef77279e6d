package web

import (
	"net/http"

	"truynguon/internal/trace"
)

// sampleCode is a lot's code.
const sampleCode = "4F89CKCAPD9V"

func (k madeUp) organisation() trace.Organisation {
	return trace.Organisation{
		ID: "htx-mang-so", LegalType: trace.Cooperative, Name: or(k.name, "–"), TaxCode: k.code, Address: k.line, AdminUnit: "99001",
		Representative: k.name, Phone: k.code, Status: trace.Active,
	}
}

func (k madeUp) product() trace.Product {
	return trace.Product{
		ID: "p1", Organisation: "htx-mang-so", Name: or(k.name, "–"), Brand: k.name, GTIN: k.code, Description: k.text, UOM: "KGM",
		NetContent: k.code, CountryOfOrigin: "VN", AppliedStandards: each(k.n, k.line), Image: "i1",
	}
}

func (k madeUp) image() *trace.Document {
	if k.n == 0 {
		return nil
	}
	return &trace.Document{
		ID: "i1", Name: k.name, MediaType: "image/jpeg", Visibility: trace.Public, Width: 1600, Height: 1200, SHA256: k.code,
		Renditions: []trace.Rendition{{Width: 320, Height: 240}, {Width: 800, Height: 600}},
	}
}

func (k madeUp) actor() trace.Actor { return trace.Actor{ID: "u1", Name: k.name, Role: trace.Staff} }

func (k madeUp) batch() trace.Batch {
	b := trace.Batch{
		ID: sampleCode, Code: sampleCode, Organisation: "htx-mang-so", Product: "p1", Lot: or(k.code, "–"), State: trace.Released,
		TraceabilityCode: k.code, Steps: []trace.StateChange{{State: trace.Draft, At: sampleTime, By: k.actor()}},
	}
	if k.n > 0 {
		b.GTIN, b.HarvestDate, b.PackagingDate, b.ExpirationDate = k.code, sampleDay, sampleDay, sampleDay.AddDays(365)
		b.Quantity = trace.Quantity{Value: 1250500, UOM: "KGM"}
		b.Steps = append(b.Steps, trace.StateChange{State: trace.Released, At: sampleTime, By: k.actor(), Reason: k.text})
	}
	return b
}

func (k madeUp) certificate() trace.Certificate {
	c := trace.Certificate{ID: "c1", Organisation: "htx-mang-so", Scheme: "vietgap", Number: k.code, Agency: k.line, StartDate: sampleDay, Status: trace.CertVerified}
	c.History = each(k.n, trace.Decision{Status: trace.CertVerified, From: sampleDay, At: sampleTime, By: k.actor(), Number: k.code, Reason: k.text})
	c.Edition = k.line
	return c
}

func (k madeUp) scheme() trace.Scheme {
	return trace.Scheme{ID: "vietgap", Names: map[string]string{"vi": or(k.name, "–")}, RelevantDate: "harvest"}
}

// provenance is a lot's page with a verdict.
func (k madeUp) provenance(verdict trace.Verdict) *ProvenancePage {
	site := trace.Place{ID: "l1", Type: trace.Packhouse, Name: k.name, AdminUnit: "99001", GrowingAreaCode: k.code}
	pv := &trace.Provenance{
		Batch: k.batch(), Product: k.product(), Organisation: k.organisation(), Verdict: verdict, Today: sampleDay, Changed: sampleTime, Image: k.image(),
		Units: map[string]trace.Unit{"99001": {Code: "99001", Name: or(k.name, "–")}}, Sites: map[string]trace.Place{"l1": site},
		Places: each(k.n, site), Documents: each(k.n, trace.Document{ID: "d1", Name: k.name}),
		Timeline: each(k.n, trace.Event{ID: "e", Step: "packing", At: sampleTime, Recorded: sampleTime, By: k.actor(), Place: "l1", Note: k.text}),
		Certificates: each(k.n, trace.CertificateOn{
			Certificate: k.certificate(), Scheme: k.scheme(), Day: sampleDay, OnDay: trace.InForce, Today: trace.Expired,
			Covers: trace.CoversAll, Evidence: trace.Confirmed,
		}),
	}
	if verdict == trace.Incomplete {
		pv.Missing = []string{"image", "food_safety"}
	}
	if verdict == trace.CalledBack {
		pv.Recall = &trace.Recall{ID: "r1", Kind: trace.Mandatory, Reason: or(k.text, "–"), Advice: k.text, Decision: k.code, OpenedAt: sampleTime}
	}
	page := &ProvenancePage{Base: k.base(""), Provenance: pv, Code: trace.SpellCode(sampleCode), URL: "https://id.example.vn/l/" + sampleCode, Doubt: k.form("doubt", "text", "contact"), Buyer: each(k.n, Link{"/verify", k.name})}
	page.Facts = page.facts()
	page.GateSaid = k.gate(nil)
	return page
}

// verdictOf gives each kind of data a verdict of its own.
var verdictOf = map[string]trace.Verdict{
	"typical": trace.InOrder, "empty": trace.Incomplete, "longest": trace.CalledBack, "hostile": trace.OnHold,
}

// publicPages are the pages for everybody.
func (k madeUp) publicPages() map[string]view {
	product := k.product()
	unknown := &UnknownPage{Base: k.base(""), Asked: k.line, Form: k.form("doubt", "text", "contact")}
	if k.n > 0 {
		unknown.Product = &product
	}
	return map[string]view{
		"home":       &HomePage{Base: k.base(""), Query: k.line, Unreadable: k.n > 0},
		"unknown":    unknown,
		"provenance": k.provenance(verdictOf[k.kind]),
		"product":    &ProductPage{Base: k.base(""), Product: product, Organisation: k.organisation(), Image: k.image(), Own: k.ownLinks(), Buyer: each(k.n, Link{"/verify", k.name})},
		"producer":   &ProducerPage{Base: k.base(""), Organisation: k.organisation(), Products: each(k.n, product), Logo: k.image(), Own: k.ownLinks(), Buyer: each(k.n, Link{"/verify", k.name})},
		"certificate": &CertificatePage{
			Buyer: each(k.n, Link{"/verify", k.name}),
			Base:  k.base(""), Certificate: k.certificate(), Scheme: k.scheme(), Today: trace.Suspended, Evidence: trace.DocumentSeen,
			Facts: each(k.n, Fact{Label: or(k.name, "–"), Value: k.line}), Scope: each(k.n, k.line),
			Documents: each(k.n, trace.Document{ID: "d1", Name: k.name, SHA256: k.code, Visibility: trace.Public}),
		},
		"doubt": &DoubtPage{Base: k.base(""), Form: k.form("doubt", "text"), Code: k.code},
		"error": &ErrorPage{Base: k.base(""), Told: told{Status: http.StatusNotFound, Title: or(k.name, "–"), Text: k.text, ID: k.code, Fields: each(k.n, toldField{Detail: k.line})}},
		"place": &PlacePage{
			Base: k.base(""), Name: or(k.name, "–"), Unit: k.name, Organisation: k.organisation(),
			Place: trace.Place{Type: trace.Packhouse, GLN: or(k.code, "–"), GLNExtension: k.code, GrowingAreaCode: k.code},
		},
		"verify": k.verifyPage(), "verifybulk": k.verifyBulk(),
		"linkset": &LinksetPage{Base: k.base(""), Choice: k.n > 0, JSON: "{}"},
	}
}
