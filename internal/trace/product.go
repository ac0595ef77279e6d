package trace

import (
	"context"
	"errors"
	"strings"

	"truynguon/internal/fault"
	"truynguon/internal/gs1"
	"truynguon/internal/store"
)

// Product is what an organisation sells, as distinct from a lot of it.
type Product struct {
	ID           string `json:"id"`
	Organisation string `json:"organisation"`
	Name         string `json:"name"`
	Brand        string `json:"brand,omitempty"`
	// GTIN has 14 digits and was issued under the organisation's own prefix (NĐ 37/2026 Đ28).
	GTIN        string `json:"gtin,omitempty"`
	Description string `json:"description,omitempty"`
	Category    string `json:"category,omitempty"`
	// UOM is the unit a lot of it is measured in: a UN/CEFACT Recommendation 20 code such as KGM.
	UOM string `json:"uom"`
	// NetContent is what one package holds, as it is printed: "500 g".
	NetContent string `json:"netContent,omitempty"`
	// CountryOfOrigin is an ISO 3166-1 alpha-2 code.
	CountryOfOrigin string `json:"countryOfOrigin"`
	// AppliedStandards are the standards the producer says the product keeps to.
	AppliedStandards []string `json:"appliedStandards,omitempty"`
	// ShelfLifeDays is how long it keeps after packing; 0 if not stated.
	ShelfLifeDays int `json:"shelfLifeDays,omitempty"`
	// Image is the id of a document that is a photo.
	Image string `json:"image,omitempty"`
}

// ProductDraft is what is sent to register or change a product.
type ProductDraft struct {
	Token            string   `json:"-"`
	Organisation     string   `json:"organisation"`
	Name             string   `json:"name"`
	Brand            string   `json:"brand"`
	GTIN             string   `json:"gtin"`
	Description      string   `json:"description"`
	Category         string   `json:"category"`
	UOM              string   `json:"uom"`
	NetContent       string   `json:"netContent"`
	CountryOfOrigin  string   `json:"countryOfOrigin"`
	AppliedStandards []string `json:"appliedStandards"`
	ShelfLifeDays    Decimal  `json:"shelfLifeDays"`
	Image            string   `json:"image"`
}

// Draft returns the draft that would leave the product as it is.
func (pr *Product) Draft() ProductDraft {
	d := ProductDraft{
		Organisation: pr.Organisation, Name: pr.Name, Brand: pr.Brand, GTIN: pr.GTIN,
		Description: pr.Description, Category: pr.Category, UOM: pr.UOM, NetContent: pr.NetContent,
		CountryOfOrigin: pr.CountryOfOrigin, AppliedStandards: pr.AppliedStandards, Image: pr.Image,
	}
	if pr.ShelfLifeDays != 0 {
		d.ShelfLifeDays = Decimal((Amount(pr.ShelfLifeDays) * 1000).String())
	}
	return d
}

// UnitsOfMeasure are the units a quantity may be given in, UN/CEFACT Recommendation 20 codes, in the order in
// which they are offered.
var UnitsOfMeasure = []string{"KGM", "GRM", "TNE", "LTR", "MLT", "H87"}

// gtinClaim reserves a GTIN for one product: two products with one number would be one on every label.
type gtinClaim struct {
	GTIN    string `json:"gtin"`
	Product string `json:"product"`
}

// RegisterProduct adds a product of an organisation. A GTIN must have a right check digit, lie under
// the organisation's own prefix, and be no other product's.
func (l *Ledger) RegisterProduct(ctx context.Context, by Actor, d ProductDraft) (s Stored[Product], err error) {
	defer fault.Wrap(&err, "Ledger.RegisterProduct(%q)", d.Name)
	o, err := l.keeper(ctx, by, d.Organisation)
	if err != nil {
		return s, err
	}
	pr, err := l.product(ctx, &o, d)
	if err != nil {
		return s, err
	}
	pr.ID = newID("product", by, d.Token)
	if err := l.claimGTIN(ctx, &pr); err != nil {
		return s, err
	}
	s, err = products.insert(ctx, l, by, "register", pr)
	return s, sameSubmission(d.Token, s.Doc, pr, err)
}

// UpdateProduct changes a product; rev is the revision the actor saw. The GTIN of a product cannot be
// changed once it has one, for labels carry it.
func (l *Ledger) UpdateProduct(ctx context.Context, by Actor, id string, rev int64, d ProductDraft) (s Stored[Product], err error) {
	defer fault.Wrap(&err, "Ledger.UpdateProduct(%q)", id)
	old, err := products.get(ctx, l, id)
	if err != nil {
		return s, err
	}
	o, err := l.keeper(ctx, by, old.Doc.Organisation)
	if err != nil {
		return s, err
	}
	pr, err := l.product(ctx, &o, d)
	if err != nil {
		return s, err
	}
	pr.ID = id
	if old.Doc.GTIN != "" && pr.GTIN != old.Doc.GTIN {
		p := new(fault.Problem)
		p.Add("/gtin", "gtin_fixed", old.Doc.GTIN)
		return s, p.Err()
	}
	if err := l.claimGTIN(ctx, &pr); err != nil {
		return s, err
	}
	return products.update(ctx, l, by, id, rev, "change", "", func(old *Product) error {
		*old = pr
		return nil
	})
}

func (l *Ledger) claimGTIN(ctx context.Context, pr *Product) error {
	if pr.GTIN == "" {
		return nil
	}
	claim := gtinClaim{GTIN: pr.GTIN, Product: pr.ID}
	err := gtinClaims.Insert(ctx, l.DB, &claim)
	if !errors.Is(err, fault.Exists) {
		return err
	}
	there, err := gtinClaims.Get(ctx, l.DB, pr.GTIN)
	if err != nil {
		return err
	}
	if there.Value.Product != pr.ID {
		p := fault.New(fault.Exists, "")
		p.Add("/gtin", "gtin_taken", pr.GTIN)
		return p
	}
	return nil
}

func (l *Ledger) product(ctx context.Context, o *Organisation, d ProductDraft) (Product, error) {
	var p fault.Problem
	pr := Product{
		Organisation:    o.ID,
		Name:            p.Text("/name", d.Name, maxName, true),
		Brand:           p.Text("/brand", d.Brand, maxName, false),
		Description:     p.Paragraph("/description", d.Description, maxText, false),
		Category:        p.Text("/category", d.Category, maxName, false),
		UOM:             choice(&p, "/uom", d.UOM, UnitsOfMeasure),
		NetContent:      p.Text("/netContent", d.NetContent, 40, false),
		CountryOfOrigin: "VN",
		Image:           strings.TrimSpace(d.Image),
	}
	if c := strings.ToUpper(strings.TrimSpace(d.CountryOfOrigin)); c != "" {
		pr.CountryOfOrigin = c
		if len(c) != 2 || c[0] < 'A' || c[0] > 'Z' || c[1] < 'A' || c[1] > 'Z' {
			p.Add("/countryOfOrigin", "country_malformed")
		}
	}
	if len(d.AppliedStandards) > 20 {
		p.Add("/appliedStandards", "too_many", 20)
	} else {
		for _, s := range d.AppliedStandards {
			if s = p.Text("/appliedStandards", s, maxName, false); s != "" {
				pr.AppliedStandards = append(pr.AppliedStandards, s)
			}
		}
	}
	if days := amount(&p, "/shelfLifeDays", d.ShelfLifeDays, false); days%1000 != 0 || days > 36500*1000 {
		p.Add("/shelfLifeDays", "days_malformed")
	} else {
		pr.ShelfLifeDays = int(days / 1000)
	}
	if g := strings.TrimSpace(d.GTIN); g != "" {
		full, err := gs1.GTIN14(g)
		switch {
		case err != nil:
			p.Add("/gtin", "gtin_malformed", short(g))
		case o.GS1CompanyPrefix == "":
			p.Add("/gtin", "prefix_missing")
		case !underPrefix(full, o.GS1CompanyPrefix):
			p.Add("/gtin", "prefix_not_yours", o.GS1CompanyPrefix)
		default:
			pr.GTIN = full
		}
	}
	if err := l.checkPicture(ctx, &p, "/image", o.ID, pr.Image); err != nil {
		return pr, err
	}
	return pr, p.Err()
}

// Product answers one product. What it says is public.
func (l *Ledger) Product(ctx context.Context, id string) (Stored[Product], error) {
	return products.get(ctx, l, id)
}

// ProductByGTIN answers the product that carries a GTIN of 14 digits.
func (l *Ledger) ProductByGTIN(ctx context.Context, gtin string) (s Stored[Product], err error) {
	claim, err := gtinClaims.Get(ctx, l.DB, gtin)
	if err != nil {
		return s, err
	}
	return products.get(ctx, l, claim.Value.Product)
}

// Products answers a page of an organisation's products, newest first.
func (l *Ledger) Products(ctx context.Context, by Actor, org, after string, limit int) (_ []Stored[Product], next string, err error) {
	defer fault.Wrap(&err, "Ledger.Products(%q)", org)
	q, err := l.listOf(ctx, by, org, after, limit)
	if err != nil {
		return nil, "", err
	}
	return products.find(ctx, l, q)
}

// PublicProducts answers a page of an organisation's products to anybody.
func (l *Ledger) PublicProducts(ctx context.Context, org, after string, limit int) ([]Stored[Product], string, error) {
	return products.find(ctx, l, store.Query{Term: "org=" + org, Desc: true, After: after, Limit: limit})
}
