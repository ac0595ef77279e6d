package trace

import (
	"context"

	"truynguon/internal/store"
)

// What is kept, and what it can be looked up by. A question about two things at once has a term made
// of both. Whatever is not listed here cannot be asked.
var (
	units = newKind("unit",
		func(u *Unit) string { return u.Code }, noOrg[Unit],
		func(r *record[Unit]) string { return r.Doc.Code }, nil)

	organisations = affecting(newKind("organisation",
		func(o *Organisation) string { return o.ID }, func(o *Organisation) string { return o.ID },
		func(r *record[Organisation]) string { return r.Doc.Name },
		func(o *Organisation) []string {
			terms := append(prefixed("unit=", o.UnitPath), "org="+o.ID)
			if o.PartyGLN != "" {
				terms = append(terms, partyTerm(o.PartyGLN))
			}
			return terms
		}), affectsOfOrg)

	places = affecting(newKind("place",
		func(p *Place) string { return p.ID }, func(p *Place) string { return p.Organisation }, byCreation[Place],
		func(p *Place) []string {
			terms := append(cells(p), "org="+p.Organisation)
			if FoldNumber(p.GrowingAreaCode) != "" {
				terms = append(terms, codeTerm(p.GrowingAreaCode))
			}
			if p.GLN != "" {
				terms = append(terms, glnTerm(p.GLN, p.GLNExtension))
			}
			return terms
		}), affectsOfPlace)

	products = affecting(newKind("product",
		func(p *Product) string { return p.ID }, func(p *Product) string { return p.Organisation }, byCreation[Product],
		func(p *Product) []string { return []string{"org=" + p.Organisation} }), affectsOfProduct)

	documents = affecting(newKind("document",
		func(d *Document) string { return d.ID }, func(d *Document) string { return d.Organisation }, byCreation[Document],
		func(d *Document) []string {
			return []string{"org=" + d.Organisation, "sha256=" + d.SHA256, "sha256=" + d.OriginalSHA256}
		}), affectsOfDocument)

	batches = affecting(newKind("batch",
		func(b *Batch) string { return b.Code }, func(b *Batch) string { return b.Organisation }, byCreation[Batch],
		func(b *Batch) []string {
			state := "+" + string(b.State)
			terms := []string{
				"org=" + b.Organisation, "org+state=" + b.Organisation + state,
				"product=" + b.Product, "product+state=" + b.Product + state,
				"state=" + string(b.State),
			}
			for _, u := range b.UnitPath {
				terms = append(terms, "unit="+u, "unit+state="+u+state)
			}
			return append(append(terms, releaseTerms(b)...), prefixed("place=", b.Places)...)
		}), affectsOfBatch)

	events = affecting(after((*Ledger).fileValues, trail(newKind("event",
		eventKey, func(e *Event) string { return e.Org },
		func(r *record[Event]) string { return sortTime(r.Doc.At) },
		eventTerms))), affectsOfEvent)

	certificates = affecting(newKind("certificate",
		func(c *Certificate) string { return c.ID }, func(c *Certificate) string { return c.Organisation }, byCreation[Certificate],
		func(c *Certificate) []string {
			status := "+" + string(c.Status)
			terms := append(prefixed("unit=", c.UnitPath), "org="+c.Organisation, "org+status="+c.Organisation+status, "status="+string(c.Status))
			for _, u := range c.UnitPath {
				terms = append(terms, "unit+status="+u+status)
			}
			for _, about := range c.concerns() {
				terms = append(terms, about.term)
			}
			return terms
		}), affectsOfCertificate)

	recalls = affecting(newKind("recall",
		func(r *Recall) string { return r.ID }, func(r *Recall) string { return r.Organisation }, byCreation[Recall],
		func(r *Recall) []string {
			terms := append(prefixed("unit=", r.UnitPath), "org="+r.Organisation)
			return append(terms, prefixed("batch=", r.Batches)...)
		}), affectsOfRecall)

	doubts = newKind("doubt",
		func(d *Doubt) string { return d.ID }, func(d *Doubt) string { return d.Organisation }, byCreation[Doubt],
		func(d *Doubt) []string {
			terms := prefixed("unit=", d.UnitPath)
			if d.Organisation != "" {
				terms = append(terms, "org="+d.Organisation)
			}
			return terms
		})

	// lotClaims and gtinClaims make numbers unique: the key is the only uniqueness there is.
	lotClaims = store.Table[lotClaim]{
		Kind:  "lot_claim",
		Key:   func(c *lotClaim) string { return c.Key },
		Sort:  func(*lotClaim) string { return "" },
		Terms: func(*lotClaim) []string { return nil },
	}
	gtinClaims = store.Table[gtinClaim]{
		Kind:  "gtin_claim",
		Key:   func(c *gtinClaim) string { return c.GTIN },
		Sort:  func(*gtinClaim) string { return "" },
		Terms: func(*gtinClaim) []string { return nil },
	}
)

// trail marks a kind whose records are their own trail.
func trail[T any](k kind[T]) kind[T] {
	k.itself = true
	return k
}

// affecting tells what of the coverage a change of a record may alter.
func affecting[T any](k kind[T], affects func(*Ledger, *T) []string) kind[T] {
	k.affects = affects
	return k
}

// after makes something be done before each new record of a kind.
func after[T any](before func(l *Ledger, ctx context.Context, doc *T) error, k kind[T]) kind[T] {
	k.before = func(ctx context.Context, l *Ledger, doc *T) error { return before(l, ctx, doc) }
	return k
}

func noOrg[T any](*T) string { return "" }

func prefixed(prefix string, values []string) []string {
	out := make([]string, len(values), len(values)+4)
	for i, v := range values {
		out[i] = prefix + v
	}
	return out
}
