package web

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"truynguon/internal/fault"
	"truynguon/internal/trace"
)

// batchFields are the fields of the form for a lot.
var batchFields = []string{
	"product", "lot", "places", "harvestDate", "productionDate", "packagingDate", "bestBeforeDate", "expirationDate",
	"autoExpiry", "quantity/value", "quantity/uom", "documents", "files", "public",
}

// batchNew is the form for a new lot, filled in as far as it can be: from the lot it is to be like, or
// else from the latest one, with today's date and a number that is free.
func (s *Server) batchNew(c *request) error {
	org := c.org()
	like := c.Query("again")
	var last *trace.Batch
	switch {
	case like != "":
		st, err := s.Ledger.Batch(c.ctx(), c.actor, like)
		if err != nil {
			return err
		}
		last, org = &st.Doc, st.Doc.Organisation
	case org == "":
		return s.chooseOrg(c, "batch.new", "/work/batches/new")
	default:
		lots, _, err := s.Ledger.Batches(c.ctx(), c.actor, trace.BatchFilter{Organisation: org, Product: c.Query("product")}, "", 1)
		if err != nil {
			return err
		}
		if len(lots) > 0 {
			last = &lots[0].Doc
		}
	}
	f := newForm(c, "batch")
	today := string(s.Ledger.Today())
	f.Values["autoExpiry"] = []string{"yes"}
	if last == nil {
		f.Values["product"] = []string{c.Query("product")}
		f.Values["harvestDate"], f.Values["packagingDate"] = []string{today}, []string{today}
		return s.batchForm(c, f, org)
	}
	f.Values["product"], f.Values["places"] = []string{last.Product}, last.Places
	for name, day := range map[string]trace.Date{"harvestDate": last.HarvestDate, "productionDate": last.ProductionDate, "packagingDate": last.PackagingDate} {
		if day != "" {
			f.Values[name] = []string{today}
		}
	}
	if like != "" {
		// Without "same again" another product may be chosen, and a unit left over from this one would
		// be wrong for it; an empty unit is the product's own.
		f.Values["quantity/uom"] = []string{last.Quantity.UOM}
		f.Values["quantity/value"] = []string{typedAmount(last.Quantity.Value, c)}
	}
	return s.batchForm(c, f, org)
}

// typedAmount is an amount as its reader types it, without grouping.
func typedAmount(a trace.Amount, c *request) string {
	text := a.String()
	if c.words.Lang() == "vi" {
		text = strings.Replace(text, ".", ",", 1)
	}
	if _, frac, _ := strings.Cut(text, ","); len(frac) == 3 {
		text += "0" // three decimals could be read as thousands
	}
	if _, frac, _ := strings.Cut(text, "."); len(frac) == 3 {
		text += "0"
	}
	return text
}

// batchForm draws the form for a new lot.
func (s *Server) batchForm(c *request, f *Form, org string) error {
	products, _, err := s.Ledger.Products(c.ctx(), c.actor, org, "", choiceSize)
	if err != nil {
		return err
	}
	p := &EditPage{
		Base: s.workBase(c, "batch.new"), Form: f, Files: true, Intro: c.words.T("batch.new.intro"),
		Back:   &Link{Href: c.withOrg("/work/batches", org), Label: c.words.T("menu.batches")},
		Hidden: []Option{{Value: org, Label: "organisation"}},
		Buttons: []Button{
			{Name: "then", Value: "release", Label: c.words.T("batch.save_release")},
			{Name: "then", Value: "draft", Label: c.words.T("batch.save_draft"), Class: "second"},
		},
	}
	var goods []Option
	for _, pr := range products {
		label := pr.Doc.Name
		if pr.Doc.ShelfLifeDays > 0 {
			label = c.words.T("batch.product_keeps", label, pr.Doc.ShelfLifeDays)
		}
		goods = append(goods, Option{Value: pr.Doc.ID, Label: label})
	}
	if f.Value("product") == "" && len(goods) == 1 {
		f.Values["product"] = []string{goods[0].Value}
	}
	if f.Value("lot") == "" {
		lot, err := s.Ledger.ProposeLot(c.ctx(), f.Value("product"))
		if err != nil {
			return err
		}
		f.Values["lot"] = []string{lot}
		p.Hidden = append(p.Hidden, Option{Value: lot, Label: "proposed"})
	} else if proposed := c.FormValue("proposed"); proposed != "" {
		p.Hidden = append(p.Hidden, Option{Value: proposed, Label: "proposed"})
	}
	product := f.Choice("product", "select", true, goods)
	if len(goods) == 0 {
		product.Note = c.words.T("batch.product_first")
	}
	rest, err := s.batchGroups(c, f, org)
	if err != nil {
		return err
	}
	// What changes from lot to lot comes first.
	p.Groups = append([]Group{group("", false, product)}, rest[0], group("", false, f.Field("lot", "text", true)))
	p.Groups = append(p.Groups, rest[1:]...)
	return s.render(c, "edit", p)
}

// batchGroups are the fields of a lot that may be corrected while it is a draft.
func (s *Server) batchGroups(c *request, f *Form, org string) ([]Group, error) {
	places, _, err := s.Ledger.Places(c.ctx(), c.actor, org, "", choiceSize)
	if err != nil {
		return nil, err
	}
	var at []Option
	for _, pl := range places {
		at = append(at, Option{Value: pl.Doc.ID, Label: pl.Doc.Name})
	}
	// Those that are ticked come first: a long list hides what matters.
	slices.SortStableFunc(at, func(a, b Option) int {
		ticked := func(o Option) int {
			if slices.Contains(f.Values["places"], o.Value) {
				return 0
			}
			return 1
		}
		return ticked(a) - ticked(b)
	})
	if len(at) == 1 && len(f.Values["places"]) == 0 && f.Told == nil {
		f.Values["places"] = []string{at[0].Value}
	}
	where := f.Choice("places", "boxes", true, at)
	if len(at) == 0 {
		where.Note = c.words.T("batch.place_first")
	}
	day := func(name string, past bool) Field {
		field := f.Field(name, "date", false)
		if past {
			field.Max = string(s.Ledger.Today())
		}
		return field
	}
	days := group("", false, day("harvestDate", true), day("packagingDate", true), day("expirationDate", false))
	days.Side = true
	amount := group("", false, f.Field("quantity/value", "number", true), f.Choice("quantity/uom", "select", false, units(c.words)))
	amount.Side = true
	amount.Fields[1].Mod = "product"
	groups := []Group{
		amount, group("", false, where), days, group("", false, f.Field("autoExpiry", "check", false)),
		group(c.words.T("batch.other_days"), true, day("productionDate", true), day("bestBeforeDate", false)),
	}
	files := []Field{f.Field("files", "files", false), f.Field("public", "check", false)}
	if ids := known(f.Values["documents"]); len(ids) > 0 {
		docs, err := s.Ledger.DocumentsByID(c.ctx(), c.actor, org, ids)
		if err != nil {
			return nil, err
		}
		var kept []Option
		for _, id := range ids {
			if d, ok := docs[id]; ok {
				kept = append(kept, Option{Value: id, Label: d.Name})
			}
		}
		files = append([]Field{f.Choice("documents", "boxes", false, kept)}, files...)
	}
	papers := group(c.words.T("batch.papers"), true, files...)
	return append(groups, papers), nil
}

// batchDraft reads what was typed. The files that came are kept even if the rest is at fault: the form
// names them when it returns.
func (s *Server) batchDraft(c *request, f *Form, t *typing, org string) (d trace.BatchDraft, err error) {
	f.read(c, batchFields...)
	ids, err := s.keepFiles(c, t, org, "files", "/files", visibility(f))
	if err != nil {
		return d, err
	}
	f.Values["documents"] = append(f.Values["documents"], known(ids)...)
	d = trace.BatchDraft{
		Token: f.Token, Organisation: org, Product: f.Value("product"), Lot: f.Value("lot"), Places: known(f.Values["places"]),
		HarvestDate: t.date(f.Value("harvestDate")), ProductionDate: t.date(f.Value("productionDate")),
		PackagingDate: t.date(f.Value("packagingDate")), BestBeforeDate: t.date(f.Value("bestBeforeDate")),
		ExpirationDate: t.date(f.Value("expirationDate")),
		Quantity:       trace.QuantityDraft{Value: t.number("/quantity/value", f.Value("quantity/value")), UOM: f.Value("quantity/uom")},
		Documents:      f.Values["documents"],
	}
	if len(known(ids)) < len(ids) {
		d.Documents = append(slices.Clone(d.Documents), unreadable)
	}
	if f.Value("autoExpiry") == "yes" && d.ExpirationDate == "" && d.BestBeforeDate == "" {
		if d.ExpirationDate, err = s.useBy(c, d); err != nil {
			return d, err
		}
	}
	return d, nil
}

// useBy is the last day of a lot by the shelf life of its product, counted from its packing or else
// from its making; empty if either is not known.
func (s *Server) useBy(c *request, d trace.BatchDraft) (string, error) {
	product, err := s.Ledger.Product(c.ctx(), d.Product)
	if errors.Is(err, fault.NotFound) || err == nil && product.Doc.ShelfLifeDays == 0 {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	for _, day := range []string{d.PackagingDate, d.ProductionDate, d.HarvestDate} {
		if day != "" {
			return string(trace.Date(day).AddDays(product.Doc.ShelfLifeDays)), nil
		}
	}
	return "", nil
}

// batchFaults gives the faults of a lot the names of the form's fields.
func batchFaults(t *typing, err error) error {
	return t.explain(rename(err, "/documents", "/files"))
}

// batchRegister registers a lot, and releases it if that button was pressed.
func (s *Server) batchRegister(c *request) error {
	org := c.org()
	f := newForm(c, "batch")
	var t typing
	d, err := s.batchDraft(c, f, &t, org)
	if err != nil {
		return err
	}
	b, err := s.Ledger.RegisterBatch(c.ctx(), c.actor, d)
	if err = batchFaults(&t, err); err != nil {
		return s.failed(c, f, err, func() error {
			if len(f.faults("lot")) > 0 && f.Value("lot") == c.FormValue("proposed") {
				f.Values["lot"] = nil // the number was ours, so another one is, too
			}
			return s.batchForm(c, f, org)
		})
	}
	path := "/work/batches/" + b.Doc.Code
	if c.FormValue("then") != "release" {
		return done(c, path, "batch_registered")
	}
	if _, err := s.Ledger.ReleaseBatch(c.ctx(), c.actor, b.Doc.Code, ""); err != nil {
		r := newForm(c, "act")
		return s.failed(c, r, err, func() error { return s.showBatch(c, b.Doc.Code, &tried{"release", r}) })
	}
	return done(c, path, "batch_registered_released")
}

// batchEdit is the form for correcting a lot that is a draft.
func (s *Server) batchEdit(c *request) error {
	st, err := s.Ledger.Batch(c.ctx(), c.actor, c.Params("code"))
	if err != nil {
		return err
	}
	d := st.Doc.Draft()
	f := newForm(c, "batch")
	f.Rev = st.Rev
	for name, value := range map[string]string{
		"harvestDate": d.HarvestDate, "productionDate": d.ProductionDate, "packagingDate": d.PackagingDate,
		"bestBeforeDate": d.BestBeforeDate, "expirationDate": d.ExpirationDate,
		"quantity/value": typedAmount(st.Doc.Quantity.Value, c), "quantity/uom": d.Quantity.UOM,
	} {
		f.Values[name] = []string{value}
	}
	f.Values["places"], f.Values["documents"] = d.Places, d.Documents
	return s.batchEditForm(c, f, &st.Doc)
}

func (s *Server) batchEditForm(c *request, f *Form, b *trace.Batch) error {
	groups, err := s.batchGroups(c, f, b.Organisation)
	if err != nil {
		return err
	}
	product, err := s.Ledger.Product(c.ctx(), b.Product)
	if err != nil {
		return err
	}
	return s.render(c, "edit", &EditPage{
		Base: s.workBase(c, "batch.edit", product.Doc.Name, b.Lot), Form: f, Files: true, Groups: groups,
		Intro: c.words.T("batch.edit.intro"), Buttons: saveButton(c.words),
		Back: &Link{Href: "/work/batches/" + b.Code, Label: fmt.Sprintf("%s – %s", product.Doc.Name, b.Lot)},
	})
}

// batchCorrect corrects a lot that is a draft.
func (s *Server) batchCorrect(c *request) error {
	st, err := s.Ledger.Batch(c.ctx(), c.actor, c.Params("code"))
	if err != nil {
		return err
	}
	f := newForm(c, "batch")
	f.Rev = c.revision()
	var t typing
	d, err := s.batchDraft(c, f, &t, st.Doc.Organisation)
	if err != nil {
		return err
	}
	d.Product = st.Doc.Product
	if f.Value("autoExpiry") == "yes" && d.ExpirationDate == "" && d.BestBeforeDate == "" {
		if d.ExpirationDate, err = s.useBy(c, d); err != nil {
			return err
		}
	}
	_, err = s.Ledger.CorrectBatch(c.ctx(), c.actor, st.Doc.Code, f.Rev, d)
	if err = batchFaults(&t, err); err != nil {
		return s.failed(c, f, err, func() error { return s.batchEditForm(c, f, &st.Doc) })
	}
	return done(c, "/work/batches/"+st.Doc.Code, "saved")
}
