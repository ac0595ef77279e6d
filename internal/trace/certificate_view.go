package trace

import (
	"context"
	"errors"

	"truynguon/internal/fault"
)

// CertificateView is a certificate with the names of what it is about, for its page.
type CertificateView struct {
	Certificate  Certificate
	Scheme       Scheme
	Organisation Organisation
	// Today is what it is worth today.
	Today    Standing
	Subjects []SubjectView
	// Checks are those of the certificate by itself: what depends on a lot is not known.
	Checks Checks
	// Successor is the certificate that has taken its place, nil if none is named or it is not public.
	Successor *Certificate
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
	c, err := l.certificateFor(ctx, by, id)
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
			if !by.mayWrite(&o.Doc) {
				d.Doc.ShareKey = ""
			}
			v.Documents = append(v.Documents, d.Doc)
		}
	}
	v.Checks = Check(&c.Doc, v.Scheme, nil, CheckFacts{Today: l.Today(), Documents: docsIn(docs)})
	if !c.Doc.testOpenTo(by, docsIn(docs)) {
		v.Certificate.Test = nil
	}
	if c.Doc.Successor != "" {
		next, err := certificates.get(ctx, l, c.Doc.Successor)
		if err != nil && !errors.Is(err, fault.NotFound) {
			return v, err
		}
		if err == nil && next.Doc.Status != CertDraft && next.Doc.Status != CertRejected {
			doc := publicCertificate(&next.Doc)
			v.Successor = &doc
		}
	}
	return v, nil
}
