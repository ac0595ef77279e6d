package trace

import (
	"context"
	"slices"
	"time"

	"truynguon/internal/epcis"
	"truynguon/internal/fault"
	"truynguon/internal/gs1"
	"truynguon/internal/store"
)

// Verdict is the one answer to whoever scans a code.
type Verdict string

// The verdicts. A page shows exactly one, first.
const (
	// InOrder: released, not expired, everything that the law asks to be shown is there, and a verified
	// food-safety basis was in force on the lot's day and is today.
	InOrder Verdict = "in_order"
	// Incomplete: on the market, but something of the above is missing or not verified.
	Incomplete Verdict = "incomplete"
	// PastDate: its expiration date has passed.
	PastDate Verdict = "expired"
	// OnHold: not to be sold until it is cleared.
	OnHold Verdict = "held"
	// CalledBack: recalled.
	CalledBack Verdict = "recalled"
	// Withdrawn: voided by its producer or an official.
	Withdrawn Verdict = "voided"
	// NotReleased: registered, but not on the market.
	NotReleased Verdict = "not_released"
)

// Required names the nine items that a public page must show (NĐ 37/2026 Đ23.5, Đ23.11), in the
// order of the decree. "If any" in the decree makes the last but two optional.
var Required = []string{"name", "image", "producer", "address", "origin", "events", "lot", "expiry", "standards"}

// Provenance is all that may be said in public of a lot, computed from the records with no I/O left in
// it. A page shows it, and never more.
type Provenance struct {
	Batch        Batch
	Product      Product
	Organisation Organisation
	// Units are the names of administrative units by code.
	Units map[string]Unit
	// Verdict is the answer, and Missing the reasons why it is not InOrder: codes with the catalogue key
	// "missing."+code.
	Verdict Verdict
	Missing []string
	// Places are those the lot came from, the plots' names and positions left out.
	Places []Place
	// GrowingCodes are the growing-area codes of those places, and Growers the households, by their codes
	// unless they have agreed to be named.
	GrowingCodes []CodeOnLot
	Growers      []Grower
	// Timeline is what happened, oldest first, errors left out.
	Timeline []Event
	// Sites are the places that the timeline names, by id, as public as Places.
	Sites map[string]Place
	// Certificates are those that concern the lot.
	Certificates []CertificateOn
	// Documents are the public ones attached to the lot.
	Documents []Document
	// Image is the product's photo, nil if there is none.
	Image *Document
	// Links are the organisation's own, about the product or about itself. Nobody here vouches for them.
	Links []Link
	// Recall is the recall that holds, nil if there is none.
	Recall *Recall
	// Hold is why the lot is held together with others, nil if it is not.
	Hold *LotHold
	// Gate is what the safety gate says, by the producer's own diary.
	Gate Gate
	// Overrides are the times an official released the lot in spite of the gate, oldest first.
	Overrides []StateChange
	// Made is what the lot was made of, nil if it was made of nothing that is on record, and Part the worst of
	// its parts that is held or recalled, nil if none is.
	Made *Lineage
	Part *StoppedPart
	// Serial is the item's serial number, if the code named one, as the code had it; SerialFound is what
	// is known of it.
	Serial      string
	SerialFound SerialFound
	// Today is the day on which this was computed; Changed is when anything shown last changed.
	Today   Date
	Changed time.Time
}

// CertificateOn is a certificate as it stands towards a lot.
type CertificateOn struct {
	Certificate Certificate
	Scheme      Scheme
	// Day is the lot's day that matters for this scheme, empty if not known; OnDay and Today are what
	// the certificate was worth then and is now.
	Day   Date
	OnDay Standing
	Today Standing
	// Covers tells whether its scope names this product and all of the lot's plots.
	Covers   Coverage
	Evidence Evidence
	// Checks are the checks that a buyer asks for, each with its result.
	Checks Checks
	// HasDocument tells whether its scan is kept here; Documents are those that are public.
	HasDocument bool
	Documents   []Document
}

// Good reports whether the certificate is a sound basis for the lot: every check that matters has passed.
func (c *CertificateOn) Good() bool { return c.Checks.Sound() }

// BatchByLink answers the lot that a Digital Link with a GTIN and a lot number names.
func (l *Ledger) BatchByLink(ctx context.Context, key gs1.Key) (s Stored[Batch], err error) {
	product, err := l.ProductByGTIN(ctx, key.GTIN())
	if err != nil {
		return s, err
	}
	claim, err := lotClaims.Get(ctx, l.DB, lotKey(product.Doc.ID, key.Lot()))
	if err != nil {
		return s, err
	}
	if claim.Value.Batch.Lot != key.Lot() {
		return s, fault.NotFound // GS1 lot numbers are told apart by case
	}
	return batches.get(ctx, l, claim.Value.Batch.Code)
}

// Provenance answers what may be said in public of the lot with a code. It fails with fault.NotFound
// for a code that was never given.
func (l *Ledger) Provenance(ctx context.Context, code string) (_ *Provenance, err error) {
	defer fault.Wrap(&err, "Ledger.Provenance(%q)", code)
	b, err := batches.get(ctx, l, code)
	if err != nil {
		return nil, err
	}
	return l.provenance(ctx, b)
}

func (l *Ledger) provenance(ctx context.Context, b Stored[Batch]) (*Provenance, error) {
	p := &Provenance{Batch: b.Doc, Today: l.Today(), Changed: b.Updated}
	seen := func(t time.Time) {
		if t.After(p.Changed) {
			p.Changed = t
		}
	}
	product, err := products.get(ctx, l, b.Doc.Product)
	if err != nil {
		return nil, err
	}
	org, err := organisations.get(ctx, l, b.Doc.Organisation)
	if err != nil {
		return nil, err
	}
	p.Product, p.Organisation = product.Doc, org.Doc
	seen(product.Updated)
	seen(org.Updated)
	if p.Units, err = l.Units(ctx); err != nil {
		return nil, err
	}
	all, current, err := l.eventsOf(ctx, &b.Doc)
	if err != nil {
		return nil, err
	}
	p.Timeline = standing(all, current)
	ids := slices.Clone(b.Doc.Places)
	for _, e := range p.Timeline {
		seen(e.Recorded)
		if e.Place != "" {
			ids = append(ids, e.Place)
		}
	}
	at, err := places.many(ctx, l, unique(ids))
	if err != nil {
		return nil, err
	}
	p.Sites = make(map[string]Place, len(at))
	for id, pl := range at {
		seen(pl.Updated)
		p.Sites[id] = publicPlace(pl.Doc)
	}
	for _, id := range b.Doc.Places {
		if pl, ok := p.Sites[id]; ok {
			p.Places = append(p.Places, pl)
		}
	}
	if p.GrowingCodes, err = l.codesOnLot(ctx, &b.Doc, seen); err != nil {
		return nil, err
	}
	if p.Growers, err = l.growers(ctx, &b.Doc, at, seen); err != nil {
		return nil, err
	}
	if err := l.provenanceCertificates(ctx, p, at, seen); err != nil {
		return nil, err
	}
	if p.Links, err = l.PublicLinks(ctx, p.Organisation.ID, p.Product.ID); err != nil {
		return nil, err
	}
	called, _, err := recalls.find(ctx, l, store.Query{Term: "batch=" + b.Doc.Code, Desc: true, Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(called) > 0 {
		p.Recall = &called[0].Doc
		seen(called[0].Updated)
	}
	by, err := l.effects(ctx, []string{b.Doc.Code})
	if err != nil {
		return nil, err
	}
	if e, ok := by[b.Doc.Code]; ok {
		p.apply(e)
		if e.recall != nil {
			seen(e.recall.OpenedAt)
		} else {
			seen(e.hold.At)
		}
	}
	if p.Gate, err = l.gateOf(ctx, &b.Doc); err != nil {
		return nil, err
	}
	p.Gate = p.Gate.Public()
	for _, s := range b.Doc.Steps {
		if s.Overrides() {
			p.Overrides = append(p.Overrides, s)
		}
	}
	if err := l.provenanceLineage(ctx, p, seen); err != nil {
		return nil, err
	}
	p.judge()
	return p, nil
}

// provenanceCertificates reads the certificates that concern the lot, and every document that the page
// names, in one question.
func (l *Ledger) provenanceCertificates(ctx context.Context, p *Provenance, at map[string]Stored[Place], seen func(time.Time)) error {
	b := &p.Batch
	var certs []Certificate
	have := map[string]bool{}
	for _, term := range []string{"batch=" + b.Code, "product=" + b.Product, "wide=" + b.Organisation} {
		page, _, err := certificates.find(ctx, l, store.Query{Term: term, Desc: true, Limit: 100})
		if err != nil {
			return err
		}
		for _, c := range page {
			if have[c.Doc.ID] || c.Doc.Status == CertDraft || c.Doc.Status == CertRejected {
				continue
			}
			have[c.Doc.ID] = true
			seen(c.Updated)
			certs = append(certs, c.Doc)
		}
	}
	ids := slices.Clone(b.Documents)
	if p.Product.Image != "" {
		ids = append(ids, p.Product.Image)
	}
	for _, c := range certs {
		ids = append(ids, c.Documents...)
	}
	docs, err := documents.many(ctx, l, unique(ids))
	if err != nil {
		return err
	}
	public := func(ids []string) (out []Document) {
		for _, id := range ids {
			if d, ok := docs[id]; ok && d.Doc.Visibility == Public {
				out = append(out, d.Doc)
			}
		}
		return out
	}
	p.Documents = public(b.Documents)
	if images := public([]string{p.Product.Image}); len(images) > 0 {
		p.Image = &images[0]
	}
	lot := certifiedLot{b: b, certs: certs}
	if err := l.judgeCertificates(ctx, []*certifiedLot{&lot}, docsIn(at), docsIn(docs)); err != nil {
		return err
	}
	p.Certificates = lot.on
	for i := range p.Certificates {
		p.Certificates[i].Documents = public(p.Certificates[i].Certificate.Documents)
	}
	return nil
}

// certifiedLot is a lot with the certificates that concern it and, once judged, how they stand towards it.
type certifiedLot struct {
	b     *Batch
	certs []Certificate
	on    []CertificateOn
}

// judgeCertificates makes the checks of many lots with one question to the database: what was counted
// under certificates that name a yield. places and docs are those of the lots and certificates.
func (l *Ledger) judgeCertificates(ctx context.Context, lots []*certifiedLot, places map[string]Place, docs map[string]Document) error {
	var keys []string
	seen := map[string]bool{}
	for _, lot := range lots {
		for i := range lot.certs {
			for _, key := range lot.certs[i].volumeKeys(lot.b) {
				if !seen[key] {
					seen[key] = true
					keys = append(keys, key)
				}
			}
		}
	}
	counted, err := l.volumes(ctx, keys)
	if err != nil {
		return err
	}
	today := l.Today()
	for _, lot := range lots {
		for i := range lot.certs {
			c := &lot.certs[i]
			scheme := l.Schemes[c.Scheme]
			day := c.relevantDay(scheme, &lot.b.LotFacts)
			_, covers := c.scope(lot.b, scheme, places)
			lot.on = append(lot.on, CertificateOn{
				Certificate: *c, Scheme: scheme, Day: day, OnDay: c.StandingOn(day), Today: c.StandingOn(today),
				Covers: covers, Evidence: c.Evidence(), HasDocument: len(c.Documents) > 0,
				Checks: Check(c, scheme, lot.b, CheckFacts{
					Today: today, Places: places, Documents: docs, Volume: counted[lot.b.Product],
				}),
			})
			if !c.testOpenTo(Actor{}, docs) {
				lot.on[len(lot.on)-1].Certificate.Test = nil
			}
		}
		lot.rank()
	}
	return nil
}

// docsIn are the documents alone.
func docsIn[T any](rows map[string]Stored[T]) map[string]T {
	docs, _ := docsOf(rows, nil)
	return docs
}

// rank puts the sound certificates first, and those that do not concern the lot last.
func (lot *certifiedLot) rank() {
	rank := func(c CertificateOn) int {
		switch {
		case c.Good():
			return 0
		case c.Covers == CoversNot:
			return 2
		}
		return 1
	}
	slices.SortStableFunc(lot.on, func(a, b CertificateOn) int { return rank(a) - rank(b) })
}

// publicPlace leaves out what is personal: a plot's name, address and position (Luật BVDLCN 91/2025).
func publicPlace(pl Place) Place {
	pl.Geometry, pl.Household = nil, ""
	if pl.Type == Plot {
		pl.Name, pl.Address = "", ""
	}
	return pl
}

// judge computes the verdict and what keeps it from being InOrder.
func (p *Provenance) judge() {
	b := &p.Batch
	p.Missing = p.missing()
	switch {
	case p.Recall != nil || b.State == Recalled || p.Part != nil && p.Part.State == Recalled:
		p.Verdict = CalledBack
	case b.State == Voided:
		p.Verdict = Withdrawn
	case b.State == Draft:
		p.Verdict = NotReleased
	case b.State == Held, p.Hold != nil, p.Part != nil && p.Part.State == Held:
		p.Verdict = OnHold
	case b.ExpirationDate != "" && b.ExpirationDate < p.Today:
		p.Verdict = PastDate
	case len(p.Missing) > 0:
		p.Verdict = Incomplete
	default:
		p.Verdict = InOrder
	}
}

// missing lists what a page must show and cannot, and what must be proved and is not.
func (p *Provenance) missing() []string {
	var out []string
	need := func(ok bool, code string) {
		if !ok {
			out = append(out, code)
		}
	}
	need(p.Image != nil, "image")
	need(p.Organisation.Address != "", "address")
	need(len(p.Places) > 0, "origin")
	need(slices.ContainsFunc(p.Timeline, func(e Event) bool {
		return e.Step == "harvesting" || e.Step == "processing" || e.Step == "packing" || e.Step == "registering" || e.makes()
	}), "events")
	need(len(p.Product.AppliedStandards) > 0, "standards")
	need(p.Batch.ExpirationDate != "" || p.Batch.BestBeforeDate != "" || p.Product.ShelfLifeDays == 0, "expiry")
	need(hasBasis(p.Certificates), "food_safety")
	need(!exceedsLimits(p.Certificates), "test_failed")
	need(p.Gate.Passes(), "safety_gate")
	return out
}

// hasBasis reports whether one of the certificates is a lawful basis for selling the lot as food.
func hasBasis(certs []CertificateOn) bool {
	return slices.ContainsFunc(certs, func(c CertificateOn) bool { return c.Scheme.FoodSafety && c.Good() })
}

// exceedsLimits reports whether a verified test report about the lot finds something beyond its limits.
func exceedsLimits(certs []CertificateOn) bool {
	return slices.ContainsFunc(certs, func(c CertificateOn) bool {
		return c.Checks.Of(CheckFindings).Result == Failed && c.Checks.Of(CheckScope).Result == Passed &&
			c.Checks.Of(CheckVerification).Result == Passed && c.Checks.Of(CheckStatusNow).Result == Passed
	})
}

// Supported answers how well a claim is supported that a scheme's certificate proves by its very number:
// the producer's identity by a registration under its tax code, a GTIN by the licence of its prefix. The
// best certificate of the scheme with that number that is in force today decides.
func (p *Provenance) Supported(scheme, number string) Evidence {
	best := Declared
	for _, c := range p.Certificates {
		if number == "" || c.Certificate.Scheme != scheme || c.Certificate.Number != number || c.Today != InForce {
			continue
		}
		switch c.Evidence {
		case Confirmed:
			return Confirmed
		case DocumentSeen:
			best = DocumentSeen
		}
	}
	return best
}

// HoldReason is why the lot is held or was voided, empty if it is neither.
func (p *Provenance) HoldReason() string {
	switch {
	case p.Verdict == OnHold && p.Hold != nil:
		return p.Hold.Reason
	case p.Verdict == OnHold || p.Verdict == Withdrawn:
		return p.Batch.LastStep().Reason
	}
	return ""
}

// EPCIS answers the lot's events as an EPCIS 2.0 document. A lot that is not released has none to show.
func (p *Provenance) EPCIS() ([]byte, error) {
	var shown []epcis.Event
	if p.Verdict != NotReleased {
		for _, e := range p.Timeline {
			if e.Parties {
				continue // of whom one buys, and who buys, is not for the public
			}
			ev, err := epcis.DecodeEvent(e.EPCIS)
			if err != nil {
				return nil, err
			}
			shown = append(shown, *publicEvent(ev))
		}
	}
	return epcis.NewDocument(p.Changed, nil, shown...).Encode()
}
