package web

import (
	"strconv"
	"strings"

	"truynguon/internal/fault"
	"truynguon/internal/trace"
)

// productList lists an organisation's products.
func (s *Server) productList(c *request) error {
	org := c.org()
	if org == "" {
		return s.chooseOrg(c, "menu.products", "/work/products")
	}
	products, next, err := s.Ledger.Products(c.ctx(), c.actor, org, c.Query("cursor"), listSize)
	if err != nil {
		return err
	}
	p := &ListPage{Base: s.workBase(c, "menu.products"), Empty: c.words.T("product.none"), More: c.more(next)}
	keeps := keepers.allows(c.who)
	if keeps {
		p.Add = &Link{Href: c.withOrg("/work/products/new", org), Label: c.words.T("product.new")}
	}
	for _, st := range products {
		pr := st.Doc
		r := Row{Title: pr.Name, Href: "/work/products/" + pr.ID + "/edit", Code: pr.GTIN}
		if !keeps {
			r.Href = c.withOrg("/work/batches", org)
		}
		if pr.Brand != "" {
			r.Notes = append(r.Notes, pr.Brand)
		}
		if pr.ShelfLifeDays > 0 {
			r.Notes = append(r.Notes, c.words.T("product.keeps", pr.ShelfLifeDays))
		}
		if pr.Image == "" {
			r.Tag, r.Tone = c.words.T("product.no_photo"), "warn"
		}
		if keeps {
			r.Links = append(r.Links, Link{Href: productLots(c, pr), Label: c.words.T("batch.new")})
		}
		p.Rows = append(p.Rows, r)
	}
	return s.render(c, "list", p)
}

// productLots is the address of the form for a new lot of a product.
func productLots(c *request, pr trace.Product) string {
	if c.actor.Org == "" {
		return c.withOrg("/work/batches/new", pr.Organisation) + "&product=" + pr.ID
	}
	return "/work/batches/new?product=" + pr.ID
}

// productFields are the fields of the form for a product.
var productFields = []string{
	"name", "brand", "uom", "netContent", "shelfLifeDays", "appliedStandards", "gtin", "category", "description",
	"countryOfOrigin", "image", "photo",
}

// productNew is the form for a new product.
func (s *Server) productNew(c *request) error {
	org := c.org()
	if org == "" {
		return s.chooseOrg(c, "product.new", "/work/products/new")
	}
	f := newForm(c, "product")
	f.Values["countryOfOrigin"] = []string{"VN"}
	return s.productForm(c, f, org, "product.new")
}

func (s *Server) productForm(c *request, f *Form, org, title string, args ...any) error {
	p := &EditPage{
		Base: s.workBase(c, title, args...), Form: f, Files: true, Buttons: saveButton(c.words),
		Back: &Link{Href: c.withOrg("/work/products", org), Label: c.words.T("menu.products")},
		Hidden: []Option{
			{Value: org, Label: "organisation"}, {Value: f.Value("image"), Label: "image"},
			{Value: f.Value("countryOfOrigin"), Label: "countryOfOrigin"},
		},
	}
	if id := f.Value("image"); id != "" {
		d, err := s.Ledger.Document(c.ctx(), c.actor, id)
		switch {
		case err == nil && d.Doc.IsImage():
			p.Photo = &d.Doc
		case err != nil && statusOf(err) >= 500:
			return err
		}
	}
	measure := group("", false, f.Choice("uom", "select", true, units(c.words)), f.Field("netContent", "text", false), f.Field("shelfLifeDays", "number", false))
	measure.Side = true
	standards := f.Field("appliedStandards", "area", false)
	standards.Lines = 3
	gtin := f.Field("gtin", "text", false)
	p.Groups = []Group{
		group("", false, f.Field("name", "text", true), f.Field("brand", "text", false), f.Field("photo", "file", false)),
		measure, group("", false, standards),
		group(c.words.T("product.more"), true, gtin, f.Field("category", "text", false), f.Field("description", "area", false)),
	}
	return s.render(c, "edit", p)
}

// productDraft reads what was typed. A new photo is public, since it is what everybody is to see.
func (s *Server) productDraft(c *request, f *Form, t *typing, org string) (d trace.ProductDraft, err error) {
	f.read(c, productFields...)
	ids, err := s.keepFiles(c, t, org, "photo", "/photo", trace.Public)
	if err != nil {
		return d, err
	}
	image := f.Value("image")
	if len(ids) > 0 {
		image = ids[0]
		if image != unreadable {
			f.Values["image"] = ids[:1]
		}
	}
	return trace.ProductDraft{
		Token: f.Token, Organisation: org, Name: f.Value("name"), Brand: f.Value("brand"), UOM: f.Value("uom"),
		NetContent: f.Value("netContent"), ShelfLifeDays: t.number("/shelfLifeDays", f.Value("shelfLifeDays")),
		AppliedStandards: lines(f.Value("appliedStandards")), GTIN: strings.ReplaceAll(f.Value("gtin"), " ", ""),
		Category: f.Value("category"), Description: f.Value("description"), CountryOfOrigin: f.Value("countryOfOrigin"),
		Image: image,
	}, nil
}

// productRegister adds a product.
func (s *Server) productRegister(c *request) error {
	org := c.org()
	f := newForm(c, "product")
	var t typing
	d, err := s.productDraft(c, f, &t, org)
	if err != nil {
		return err
	}
	_, err = s.Ledger.RegisterProduct(c.ctx(), c.actor, d)
	if err = t.explain(rename(err, "/image", "/photo")); err != nil {
		return s.failed(c, f, err, func() error { return s.productForm(c, f, org, "product.new") })
	}
	return done(c, c.withOrg("/work/products", org), "product_registered")
}

// productEdit is the form for changing a product.
func (s *Server) productEdit(c *request) error {
	st, err := s.Ledger.Product(c.ctx(), c.Params("id"))
	if err != nil {
		return err
	}
	if err := s.mine(c, st.Doc.Organisation); err != nil {
		return err
	}
	pr := st.Doc
	f := newForm(c, "product")
	f.Rev = st.Rev
	for name, value := range map[string]string{
		"name": pr.Name, "brand": pr.Brand, "uom": pr.UOM, "netContent": pr.NetContent, "gtin": pr.GTIN,
		"category": pr.Category, "description": pr.Description, "countryOfOrigin": pr.CountryOfOrigin, "image": pr.Image,
		"appliedStandards": strings.Join(pr.AppliedStandards, "\n"),
	} {
		f.Values[name] = []string{value}
	}
	if pr.ShelfLifeDays > 0 {
		f.Values["shelfLifeDays"] = []string{strconv.Itoa(pr.ShelfLifeDays)}
	}
	return s.productForm(c, f, pr.Organisation, "product.edit", pr.Name)
}

// productUpdate changes a product.
func (s *Server) productUpdate(c *request) error {
	st, err := s.Ledger.Product(c.ctx(), c.Params("id"))
	if err != nil {
		return err
	}
	org := st.Doc.Organisation
	if err := s.mine(c, org); err != nil {
		return err
	}
	f := newForm(c, "product")
	f.Rev = c.revision()
	var t typing
	d, err := s.productDraft(c, f, &t, org)
	if err != nil {
		return err
	}
	_, err = s.Ledger.UpdateProduct(c.ctx(), c.actor, st.Doc.ID, f.Rev, d)
	if err = t.explain(rename(err, "/image", "/photo")); err != nil {
		return s.failed(c, f, err, func() error { return s.productForm(c, f, org, "product.edit", st.Doc.Name) })
	}
	return done(c, c.withOrg("/work/products", org), "saved")
}

// mine keeps a form from being shown to who could not send it.
func (s *Server) mine(c *request, org string) error {
	o, err := s.Ledger.Organisation(c.ctx(), org)
	if err != nil {
		return err
	}
	if !s.Ledger.MayKeep(c.actor, &o.Doc) {
		return errNotYours()
	}
	return nil
}

// errNotYours answers who asks for a form that could not be sent.
func errNotYours() error { return fault.New(fault.Denied, "not_yours") }
