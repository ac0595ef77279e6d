package trace

import (
	"context"
	"slices"
	"strings"
	"time"

	"truynguon/internal/fault"
)

// MaxQueries is how many queries one call of Verify answers.
const MaxQueries = 1000

// AnswerKind tells what a query turned out to mean.
type AnswerKind string

// The kinds of answer.
const (
	AnswerCertificate AnswerKind = "certificate" // a certificate's number or page
	AnswerLot         AnswerKind = "lot"         // a lot's code, link or element string
	AnswerProduct     AnswerKind = "product"     // a GTIN without a lot number
	AnswerDocument    AnswerKind = "document"    // a file, by its digest
	AnswerUnknown     AnswerKind = "unknown"     // nothing here matches
	AnswerEmpty       AnswerKind = "empty"       // nothing was asked
)

// DocumentMatch tells what a file is to a certificate.
type DocumentMatch string

// The ways in which a file belongs to a certificate.
const (
	MatchRegistered DocumentMatch = "registered" // this very file is the certificate's, and was verified
	MatchUnverified DocumentMatch = "unverified" // it is the certificate's, and nobody has verified it
	MatchOlder      DocumentMatch = "older"      // another version, or another certificate, has taken its place
)

// Answer is what can be said to somebody who asks about one number, code, link or file. It may hold
// several certificates: two issuers may use one number.
type Answer struct {
	// Query is what was asked, tidied and cut to 200 characters.
	Query string     `json:"query"`
	Kind  AnswerKind `json:"kind"`
	// At is when this was answered, and Today the day of the answer.
	At           time.Time           `json:"at"`
	Today        Date                `json:"today"`
	Certificates []CertificateAnswer `json:"certificates,omitempty"`
	Lot          *LotAnswer          `json:"lot,omitempty"`
	Product      *Product            `json:"product,omitempty"`
}

// Found reports whether the query means anything here.
func (a *Answer) Found() bool { return a.Kind != AnswerUnknown && a.Kind != AnswerEmpty }

// CertificateAnswer is a certificate as a buyer may know it.
type CertificateAnswer struct {
	// Certificate tells of people no more than their roles.
	Certificate  Certificate  `json:"certificate"`
	Scheme       Scheme       `json:"-"`
	Organisation Organisation `json:"-"`
	// Exact tells that the number is the one on record to the letter, and not only folded alike.
	Exact bool `json:"exact,omitempty"`
	// Match is what the file that was asked about is to the certificate.
	Match DocumentMatch `json:"match,omitempty"`
	// Standing is what it is worth today, and InForce whether it is verified and in force today.
	Standing Standing `json:"standing"`
	InForce  bool     `json:"inForce"`
	Evidence Evidence `json:"evidence"`
	// Checks are those of the certificate by itself: what depends on a lot is not known.
	Checks Checks `json:"checks"`
	// Documents are the public ones.
	Documents []Document `json:"-"`
}

// LotAnswer is a lot as a buyer may know it. Of one that is not on the market no more is told than that.
type LotAnswer struct {
	Batch        Batch           `json:"-"`
	Product      Product         `json:"-"`
	Organisation Organisation    `json:"-"`
	Code         string          `json:"code"`
	Verdict      Verdict         `json:"verdict"`
	Missing      []string        `json:"missing,omitempty"`
	Recall       *Recall         `json:"-"`
	Certificates []CertificateOn `json:"-"`
	// Gate is what the safety gate says, by the producer's own diary; nil of a lot that is not on the market.
	Gate *Gate `json:"gate,omitempty"`
}

// Verify answers what is known about certificates and lots to anybody: by a certificate's number (folded
// by FoldNumber) or page, a lot's code, Digital Link or page, or the SHA-256 digest of a document in 64
// hexadecimal digits. The answers are in the order of the queries. However many there are, at most
// MaxQueries, the number of questions to the database is the same. What matches nothing is counted, see
// Unmatched. It fails with fault.Invalid for too many queries.
func (l *Ledger) Verify(ctx context.Context, queries []string) (_ []Answer, err error) {
	defer fault.Wrap(&err, "Ledger.Verify(%d queries)", len(queries))
	if len(queries) > MaxQueries {
		p := new(fault.Problem)
		p.Add("/queries", "too_many", MaxQueries)
		return nil, p.Err()
	}
	byQuery := map[string]*asked{}
	var all []*asked
	order := make([]*asked, len(queries))
	for i, q := range queries {
		q = tidyQuery(q)
		if byQuery[q] == nil {
			byQuery[q] = l.read(q)
			all = append(all, byQuery[q])
		}
		order[i] = byQuery[q]
	}
	if err := l.findLots(ctx, all); err != nil {
		return nil, err
	}
	if err := l.answer(ctx, all); err != nil {
		return nil, err
	}
	out := make([]Answer, len(order))
	for i, a := range order {
		out[i] = a.answer
		if a.answer.Kind == AnswerUnknown {
			l.countUnmatched(a.query)
		}
	}
	return out, nil
}

// findLots finds the codes of the lots that links and labels of rolls name.
func (l *Ledger) findLots(ctx context.Context, all []*asked) error {
	if err := l.findRollLots(ctx, all); err != nil {
		return err
	}
	var gtins, keys []string
	for _, a := range all {
		if a.link != nil {
			gtins = append(gtins, a.link.GTIN())
		}
	}
	if len(gtins) == 0 {
		return nil
	}
	products, err := gtinClaims.GetMany(ctx, l.DB, gtins)
	if err != nil {
		return err
	}
	for _, a := range all {
		if a.link == nil {
			continue
		}
		a.product = products[a.link.GTIN()].Value.Product
		if lot := a.link.Lot(); a.product != "" && lot != "" {
			a.lotKey = lotKey(a.product, lot)
			keys = append(keys, a.lotKey)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	claims, err := lotClaims.GetMany(ctx, l.DB, keys)
	if err != nil {
		return err
	}
	for _, a := range all {
		// GS1 lot numbers are told apart by case.
		if claim, ok := claims[a.lotKey]; ok && a.lotKey != "" && claim.Value.Batch.Lot == a.link.Lot() {
			a.code = claim.Value.Batch.Code
		}
	}
	return nil
}

// gathered are the records that answers are made of.
type gathered struct {
	ids          map[string][]string
	lots         map[string]Stored[Batch]
	certificates map[string]Stored[Certificate]
	recalls      map[string]Stored[Recall]
	effects      map[string]effect
	products     map[string]Stored[Product]
	orgs         map[string]Stored[Organisation]
	places       map[string]Stored[Place]
	documents    map[string]Stored[Document]
}

// lotKeys are the lookups that lead to what concerns a lot.
func lotKeys(b *Batch) []string {
	return []string{batchKey(b.Code), productKey(b.Product), wideKey(b.Organisation), recallKey(b.Code)}
}

// gather reads the records that lots and lookups lead to, each kind in one question.
func (l *Ledger) gather(ctx context.Context, codes, keys, certs, goods []string) (g gathered, err error) {
	if g.lots, err = batches.many(ctx, l, codes); err != nil {
		return g, err
	}
	return l.gatherAbout(ctx, g, keys, certs, goods)
}

// gatherAbout reads what the lots that are there already and the lookups lead to.
func (l *Ledger) gatherAbout(ctx context.Context, g gathered, keys, certs, goods []string) (_ gathered, err error) {
	var orgs, sites, called, papers, codes []string
	for code, b := range g.lots {
		codes = append(codes, code)
		keys = append(keys, lotKeys(&b.Doc)...)
		goods = append(goods, b.Doc.Product)
		orgs = append(orgs, b.Doc.Organisation)
		sites = append(sites, b.Doc.Places...)
	}
	if g.ids, err = l.led(ctx, keys); err != nil {
		return g, err
	}
	for key, ids := range g.ids {
		if strings.HasPrefix(key, "recall/") {
			called = append(called, ids...)
		} else {
			certs = append(certs, ids...)
		}
	}
	if g.certificates, err = certificates.many(ctx, l, certs); err != nil {
		return g, err
	}
	if g.recalls, err = recalls.many(ctx, l, called); err != nil {
		return g, err
	}
	if g.effects, err = l.effects(ctx, codes); err != nil {
		return g, err
	}
	if g.products, err = products.many(ctx, l, goods); err != nil {
		return g, err
	}
	for _, p := range g.products {
		if p.Doc.Image != "" {
			papers = append(papers, p.Doc.Image)
		}
	}
	for _, c := range g.certificates {
		orgs = append(orgs, c.Doc.Organisation)
		papers = append(append(papers, c.Doc.Documents...), c.Doc.FormerDocuments...)
	}
	if g.orgs, err = organisations.many(ctx, l, orgs); err != nil {
		return g, err
	}
	if g.places, err = places.many(ctx, l, sites); err != nil {
		return g, err
	}
	g.documents, err = documents.many(ctx, l, papers)
	return g, err
}

// answer makes the answers.
func (l *Ledger) answer(ctx context.Context, all []*asked) error {
	var codes, keys, certs, goods []string
	for _, a := range all {
		switch {
		case a.digest != "":
			keys = append(keys, digestKey(a.digest))
		case a.cert != "":
			certs = append(certs, a.cert)
		case a.fold != "":
			keys = append(keys, numberKey(a.fold))
		}
		if a.code != "" {
			codes = append(codes, a.code)
		} else if a.product != "" && a.link.Lot() == "" {
			goods = append(goods, a.product)
		}
	}
	if len(codes)+len(keys)+len(certs)+len(goods) == 0 {
		return nil
	}
	g, err := l.gather(ctx, codes, keys, certs, goods)
	if err != nil {
		return err
	}
	lots, err := l.judgeLots(ctx, &g)
	if err != nil {
		return err
	}
	docs := docsIn(g.documents)
	for _, a := range all {
		if lot := lots[a.code]; lot != nil {
			a.answer.Kind, a.answer.Lot = AnswerLot, lot
		}
		if p, ok := g.products[a.product]; ok && a.code == "" && a.link.Lot() == "" {
			doc := p.Doc
			a.answer.Kind, a.answer.Product = AnswerProduct, &doc
		}
		var ids []string
		switch {
		case a.digest != "":
			ids = g.ids[digestKey(a.digest)]
		case a.cert != "":
			ids = []string{a.cert}
		case a.fold != "":
			ids = g.ids[numberKey(a.fold)]
		}
		for _, id := range ids {
			c, ok := g.certificates[id]
			if !ok || c.Doc.Status == CertDraft || c.Doc.Status == CertRejected {
				continue
			}
			ca := l.answerCertificate(&c.Doc, docs)
			ca.Organisation = g.orgs[c.Doc.Organisation].Doc
			switch {
			case a.digest != "":
				if ca.Match = c.Doc.match(a.digest, docs); ca.Match == "" {
					continue
				}
				a.answer.Kind = AnswerDocument
			case a.cert == "" && FoldNumber(c.Doc.Number) != a.fold:
				continue // its number has been corrected since
			default:
				ca.Exact = a.cert == "" && c.Doc.Number == a.query
				if a.answer.Lot == nil {
					a.answer.Kind = AnswerCertificate
				}
			}
			a.answer.Certificates = append(a.answer.Certificates, ca)
		}
		// What is in force comes first, then what is written exactly so.
		slices.SortStableFunc(a.answer.Certificates, func(x, y CertificateAnswer) int {
			rank := func(c CertificateAnswer) (n int) {
				if !c.InForce {
					n += 2
				}
				if !c.Exact && c.Match != MatchRegistered {
					n++
				}
				return n
			}
			return rank(x) - rank(y)
		})
	}
	return nil
}

// answerCertificate is a certificate by itself.
func (l *Ledger) answerCertificate(c *Certificate, docs map[string]Document) CertificateAnswer {
	today := l.Today()
	scheme := l.Schemes[c.Scheme]
	a := CertificateAnswer{
		Certificate: publicCertificate(c), Scheme: scheme, Standing: c.StandingOn(today), Evidence: c.Evidence(),
		Checks: Check(c, scheme, nil, CheckFacts{Today: today, Documents: docs}),
	}
	a.InForce = a.Checks.InForceNow()
	for _, id := range c.Documents {
		if d, ok := docs[id]; ok && d.Visibility == Public {
			a.Documents = append(a.Documents, d)
		}
	}
	if !c.testOpenTo(Actor{}, docs) {
		a.Certificate.Test = nil // its owner shows the figures to nobody; whether they keep to the limits, a check says
	}
	return a
}

// publicCertificate leaves out what is personal: of people only the role remains, and of officials the unit.
func publicCertificate(c *Certificate) Certificate {
	out := *c
	out.History = slices.Clone(c.History)
	for i := range out.History {
		d := &out.History[i]
		d.By, d.Token = Actor{Role: d.By.Role, Unit: d.By.Unit}, ""
	}
	out.Verifications = slices.Clone(c.Verifications)
	for i := range out.Verifications {
		v := &out.Verifications[i]
		v.By, v.Token = Actor{Role: v.By.Role, Unit: v.By.Unit}, ""
	}
	return out
}

// match tells what a file is to the certificate, and nothing if it has nothing to do with it.
func (c *Certificate) match(sum string, docs map[string]Document) DocumentMatch {
	is := func(ids []string) (Document, bool) {
		for _, id := range ids {
			if d, ok := docs[id]; ok && (d.SHA256 == sum || d.OriginalSHA256 == sum) {
				return d, true
			}
		}
		return Document{}, false
	}
	d, current := is(c.Documents)
	_, former := is(c.FormerDocuments)
	switch {
	case current && c.Status == CertSuperseded, former && !current:
		return MatchOlder
	case !current:
		return ""
	}
	if n := len(c.Verifications); n == 0 || !slices.Contains(c.Verifications[n-1].SHA256, d.SHA256) {
		return MatchUnverified
	}
	return MatchRegistered
}

// judgeLots makes the answers about lots that were gathered, with the verdicts of their pages.
func (l *Ledger) judgeLots(ctx context.Context, g *gathered) (map[string]*LotAnswer, error) {
	all, err := l.provenancesOf(ctx, g)
	if err != nil {
		return nil, err
	}
	out := make(map[string]*LotAnswer, len(all))
	var made []string
	for code, p := range all {
		if p.Batch.Origin != "" {
			made = append(made, code)
		}
	}
	stopped, err := l.stopped(ctx, made)
	if err != nil {
		return nil, err
	}
	for code, p := range all {
		if part, ok := stopped[code]; ok {
			p.worsen(part)
		}
		p.judge()
		answer := &LotAnswer{Code: code, Verdict: p.Verdict, Organisation: p.Organisation}
		if p.Verdict != NotReleased {
			answer.Batch, answer.Product, answer.Recall = p.Batch, p.Product, p.Recall
			answer.Missing, answer.Certificates = p.Missing, p.Certificates
			gate := p.Gate.Public()
			answer.Gate = &gate
		}
		out[code] = answer
	}
	return out, nil
}

// provenancesOf makes the pages of lots that were gathered, as far as verdicts need them: of the events
// there is only the one that every lot has, its registration. They are not judged yet.
func (l *Ledger) provenancesOf(ctx context.Context, g *gathered) (map[string]*Provenance, error) {
	var lots []*certifiedLot
	for _, b := range g.lots {
		lot := &certifiedLot{b: &b.Doc}
		have := map[string]bool{}
		for _, key := range lotKeys(&b.Doc)[:3] {
			for _, id := range g.ids[key] {
				c, ok := g.certificates[id]
				if !ok || have[id] || c.Doc.Status == CertDraft || c.Doc.Status == CertRejected || !c.Doc.about(&b.Doc) {
					continue
				}
				have[id] = true
				lot.certs = append(lot.certs, c.Doc)
			}
		}
		lots = append(lots, lot)
	}
	if err := l.judgeCertificates(ctx, lots, docsIn(g.places), docsIn(g.documents)); err != nil {
		return nil, err
	}
	asked := make([]*Batch, len(lots))
	for i, lot := range lots {
		asked[i] = lot.b
	}
	gates, err := l.gates(ctx, asked)
	if err != nil {
		return nil, err
	}
	out := make(map[string]*Provenance, len(lots))
	for _, lot := range lots {
		b := lot.b
		p := &Provenance{
			Batch: *b, Product: g.products[b.Product].Doc, Organisation: g.orgs[b.Organisation].Doc, Today: l.Today(),
			Timeline: []Event{{Step: "registering"}}, Certificates: lot.on,
			Gate: gates[b.Code],
		}
		for _, id := range b.Places {
			if pl, ok := g.places[id]; ok {
				p.Places = append(p.Places, pl.Doc)
			}
		}
		if d, ok := g.documents[p.Product.Image]; ok && d.Doc.Visibility == Public {
			p.Image = &d.Doc
		}
		for _, id := range g.ids[recallKey(b.Code)] {
			r, ok := g.recalls[id]
			if ok && slices.Contains(r.Doc.Batches, b.Code) && (p.Recall == nil || p.Recall.OpenedAt.Before(r.Doc.OpenedAt)) {
				p.Recall = &r.Doc
			}
		}
		p.apply(g.effects[b.Code])
		out[b.Code] = p
	}
	return out, nil
}

// about reports whether a certificate is about a lot, its product or all of its producer: what a lot's
// lookups lead to may have been corrected since.
func (c *Certificate) about(b *Batch) bool {
	return slices.ContainsFunc(c.concerns(), func(k concern) bool {
		return k.key == batchKey(b.Code) || k.key == productKey(b.Product) || k.key == wideKey(b.Organisation)
	})
}
