package trace

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// SalePause is an organisation's statement that it does not sell a product for a time: out of season, or
// no longer made. The product is then no part of the coverage's denominator, so the statement is public.
type SalePause struct {
	ID           string `json:"id"`
	Product      string `json:"product"`
	Organisation string `json:"organisation"`
	// From and To are the first and last day; To is empty until further notice.
	From   Date   `json:"from"`
	To     Date   `json:"to,omitempty"`
	Reason string `json:"reason"`
	// By and At tell who said it when. Of people the public learns the role alone.
	By Actor     `json:"by"`
	At time.Time `json:"at"`
	// Withdrawn is when it was taken back, by its organisation or an official, and why. It counts no more.
	Withdrawn       *time.Time `json:"withdrawn,omitempty"`
	WithdrawnBy     *Actor     `json:"withdrawnBy,omitempty"`
	WithdrawnReason string     `json:"withdrawnReason,omitempty"`
}

// SalePauseDraft is what is sent to say that a product is not sold for a time.
type SalePauseDraft struct {
	Token   string `json:"-"`
	Product string `json:"product"`
	From    string `json:"from"`
	To      string `json:"to"`
	Reason  string `json:"reason"`
}

// Sighting is something that an official saw on sale and that no lot was registered of. It counts in the
// coverage's denominator until it is resolved.
type Sighting struct {
	ID string `json:"id"`
	// Name is what was on sale, Where the market or shop.
	Name  string `json:"name"`
	Where string `json:"where"`
	Seen  Date   `json:"seen"`
	// Organisation is whose it is, empty if nobody knows; Unit is where it was seen or made.
	Organisation string   `json:"organisation,omitempty"`
	Unit         string   `json:"unit"`
	UnitPath     []string `json:"unitPath"`
	By           Actor    `json:"by"`
	// Resolved is when it was found to be traceable after all, or was registered, and how.
	Resolved   *time.Time `json:"resolved,omitempty"`
	ResolvedBy *Actor     `json:"resolvedBy,omitempty"`
	Outcome    string     `json:"outcome,omitempty"`
}

// SightingDraft is what is sent to record a sighting.
type SightingDraft struct {
	Token        string `json:"-"`
	Name         string `json:"name"`
	Where        string `json:"where"`
	Seen         string `json:"seen"`
	Organisation string `json:"organisation"`
	Unit         string `json:"unit"`
}

var (
	salePauses = newKind("sale_pause",
		func(p *SalePause) string { return p.ID }, func(p *SalePause) string { return p.Organisation },
		func(r *record[SalePause]) string { return string(r.Doc.From) },
		func(p *SalePause) []string { return []string{"org=" + p.Organisation, "product=" + p.Product} })

	sightings = newKind("sighting",
		func(s *Sighting) string { return s.ID }, func(s *Sighting) string { return s.Organisation },
		func(r *record[Sighting]) string { return string(r.Doc.Seen) },
		func(s *Sighting) []string {
			terms := prefixed("unit=", s.UnitPath)
			if s.Resolved == nil {
				terms = append(terms, prefixed("open+unit=", s.UnitPath)...)
			}
			return terms
		})
)

// PauseSale records that a product is not sold for a time. With the draft's Token, a repeated submission
// answers what the first one made.
func (l *Ledger) PauseSale(ctx context.Context, by Actor, d SalePauseDraft) (s Stored[SalePause], err error) {
	defer fault.Wrap(&err, "Ledger.PauseSale(%q)", d.Product)
	if by.Role == "" || by.Role == Buyer {
		return s, by.denied()
	}
	var p fault.Problem
	product, err := products.get(ctx, l, d.Product)
	if err := found(&p, "/product", "product_unknown", err); err != nil {
		return s, err
	}
	pause := SalePause{
		ID: newID("pause", by, d.Token), Product: d.Product, Organisation: product.Doc.Organisation,
		From: date(&p, "/from", d.From), To: date(&p, "/to", d.To),
		Reason: p.Paragraph("/reason", d.Reason, 500, true), By: by, At: l.stamp(),
	}
	if d.From == "" {
		p.Add("/from", "missing")
	}
	if pause.To != "" && pause.To < pause.From {
		p.Add("/to", "date_before", string(pause.To), string(pause.From))
	}
	if err := p.Err(); err != nil {
		return s, err
	}
	if _, err := l.keeper(ctx, by, pause.Organisation); err != nil {
		return s, err
	}
	s, err = salePauses.insert(ctx, l, by, "pause", pause)
	if errors.Is(err, fault.Exists) && d.Token != "" {
		return s, nil
	}
	return s, err
}

// WithdrawSalePause takes a statement back: its organisation, or an official who knows better.
func (l *Ledger) WithdrawSalePause(ctx context.Context, by Actor, id, reason string) (s Stored[SalePause], err error) {
	defer fault.Wrap(&err, "Ledger.WithdrawSalePause(%q)", id)
	if by.Role == "" || by.Role == Buyer {
		return s, by.denied()
	}
	old, err := salePauses.get(ctx, l, id)
	if err != nil {
		return s, err
	}
	o, err := organisations.get(ctx, l, old.Doc.Organisation)
	if err != nil {
		return s, err
	}
	if !by.mayWrite(&o.Doc) && !by.mayJudge(&o.Doc) {
		return s, by.denied()
	}
	var p fault.Problem
	reason = p.Paragraph("/reason", reason, 500, true)
	if err := p.Err(); err != nil {
		return s, err
	}
	return salePauses.update(ctx, l, by, id, 0, "withdraw", reason, func(s *SalePause) error {
		if s.Withdrawn == nil {
			now := l.stamp()
			s.Withdrawn, s.WithdrawnBy, s.WithdrawnReason = &now, &by, reason
		}
		return nil
	})
}

// RecordSighting records that something was seen on sale that no lot was registered of. An official
// may, of the own unit, and an admin.
func (l *Ledger) RecordSighting(ctx context.Context, by Actor, d SightingDraft) (s Stored[Sighting], err error) {
	defer fault.Wrap(&err, "Ledger.RecordSighting")
	if by.Role != Official && by.Role != Admin {
		return s, by.denied()
	}
	if d.Unit == "" {
		d.Unit = by.Unit
	}
	var p fault.Problem
	g := Sighting{
		ID: newID("sighting", by, d.Token), Name: p.Text("/name", d.Name, maxName, true),
		Where: p.Text("/where", d.Where, maxName, true), Seen: date(&p, "/seen", d.Seen),
		Organisation: d.Organisation, Unit: p.Text("/unit", d.Unit, 40, true), By: by,
	}
	switch {
	case d.Seen == "":
		p.Add("/seen", "missing")
	case g.Seen > l.Today():
		p.Add("/seen", "date_in_future", string(g.Seen))
	}
	if g.Unit != "" {
		g.UnitPath, err = l.unitPath(ctx, g.Unit)
		if err := found(&p, "/unit", "unit_unknown", err); err != nil {
			return s, err
		}
	}
	if g.Organisation != "" {
		o, err := organisations.get(ctx, l, g.Organisation)
		if err := found(&p, "/organisation", "organisation_unknown", err); err != nil {
			return s, err
		}
		if err == nil {
			g.Unit, g.UnitPath = o.Doc.AdminUnit, o.Doc.UnitPath
		}
	}
	if err := p.Err(); err != nil {
		return s, err
	}
	if by.Role == Official && !slices.Contains(g.UnitPath, by.Unit) {
		return s, by.denied()
	}
	s, err = sightings.insert(ctx, l, by, "record", g)
	if errors.Is(err, fault.Exists) && d.Token != "" {
		return s, nil
	}
	return s, err
}

// ResolveSighting says what became of a sighting. It counts no more from then on.
func (l *Ledger) ResolveSighting(ctx context.Context, by Actor, id, outcome string) (s Stored[Sighting], err error) {
	defer fault.Wrap(&err, "Ledger.ResolveSighting(%q)", id)
	if by.Role != Official && by.Role != Admin {
		return s, by.denied()
	}
	old, err := sightings.get(ctx, l, id)
	if err != nil {
		return s, err
	}
	if by.Role == Official && !slices.Contains(old.Doc.UnitPath, by.Unit) {
		return s, by.denied()
	}
	var p fault.Problem
	outcome = p.Paragraph("/reason", outcome, 500, true)
	if err := p.Err(); err != nil {
		return s, err
	}
	return sightings.update(ctx, l, by, id, 0, "resolve", outcome, func(s *Sighting) error {
		if s.Resolved == nil {
			now := l.stamp()
			s.Resolved, s.ResolvedBy, s.Outcome = &now, &by, outcome
		}
		return nil
	})
}

// maxListed bounds what a figure lists beside itself.
const maxListed = 1000

// addUnlotted adds to the figures what is sold without lots.
func (l *Ledger) addUnlotted(ctx context.Context, c *CoverageReport, orgs map[string]Organisation, goods map[string]Stored[Product], figures map[string]*CoverageFigure, narrow bool) error {
	paused := map[string]bool{}
	for row, err := range withAny(ctx, l.DB, salePauses.Table, orgTerms(orgs), store.Query{To: string(c.To.AddDays(1))}) {
		if err != nil {
			return err
		}
		pause := row.Value.Doc
		if _, ok := goods[pause.Product]; !ok || pause.Withdrawn != nil || pause.To != "" && pause.To < c.From {
			continue
		}
		if pause.From <= c.From && (pause.To == "" || pause.To >= c.To) {
			paused[pause.Product] = true
		}
		if len(c.Pauses) < maxListed {
			c.Pauses = append(c.Pauses, publicPause(pause))
		}
	}
	for id, p := range goods {
		known := DateOf(p.Created.In(l.zone())) <= c.To
		if figures[id].Lots > 0 || paused[id] || !known || orgs[p.Doc.Organisation].Status != Active {
			continue
		}
		figures[id].Unlotted = 1
		if len(c.UnlottedProducts) < maxListed {
			c.UnlottedProducts = append(c.UnlottedProducts, UnlottedProduct{Product: id, Name: p.Doc.Name, Organisation: p.Doc.Organisation})
		}
	}
	slices.SortFunc(c.UnlottedProducts, func(a, b UnlottedProduct) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Product, b.Product))
	})
	if narrow {
		return nil // what officials saw is nobody's for certain
	}
	return l.addSightings(ctx, c, orgs)
}

// addSightings lists what was seen on sale up to the end of the period and was not resolved before it.
func (l *Ledger) addSightings(ctx context.Context, c *CoverageReport, orgs map[string]Organisation) error {
	q := store.Query{From: string(c.From), To: string(c.To.AddDays(1)), Limit: maxListed}
	if c.Unit != "" {
		q.Term = "unit=" + c.Unit
	}
	page, _, err := sightings.find(ctx, l, q)
	if err != nil {
		return err
	}
	for _, s := range page {
		g := s.Doc
		if _, ours := orgs[g.Organisation]; !ours && g.Organisation != "" || g.Resolved != nil {
			continue
		}
		g.By, g.ResolvedBy = Actor{Role: g.By.Role, Unit: g.By.Unit}, nil
		c.Sightings = append(c.Sightings, g)
	}
	return nil
}

func publicPause(p SalePause) SalePause {
	p.By = Actor{Role: p.By.Role, Unit: p.By.Unit}
	return p
}

// SalePauses answers a page of the statements about an organisation's products, the latest first.
func (l *Ledger) SalePauses(ctx context.Context, by Actor, org, after string, limit int) (_ []Stored[SalePause], next string, err error) {
	defer fault.Wrap(&err, "Ledger.SalePauses(%q)", org)
	q, err := l.listOf(ctx, by, org, after, limit)
	if err != nil {
		return nil, "", err
	}
	return salePauses.find(ctx, l, q)
}

// Sightings answers a page of the sightings in the actor's unit, the latest first, those that are not
// resolved if open is set.
func (l *Ledger) Sightings(ctx context.Context, by Actor, open bool, after string, limit int) (_ []Stored[Sighting], next string, err error) {
	defer fault.Wrap(&err, "Ledger.Sightings")
	if by.Role != Official && by.Role != Admin {
		return nil, "", by.denied()
	}
	q := store.Query{Desc: true, After: after, Limit: limit}
	if by.Role == Official {
		q.Term = "unit=" + by.Unit
		if open {
			q.Term = "open+unit=" + by.Unit
		}
	}
	return sightings.find(ctx, l, q)
}
