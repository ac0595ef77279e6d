package web

import (
	"net/url"
	"strings"

	"truynguon/internal/fault"
	"truynguon/internal/label"
	"truynguon/internal/trace"
)

// stateTone is the colour of a lot's state.
func stateTone(s trace.State) string {
	return map[trace.State]string{trace.Draft: "warn", trace.Released: "good", trace.Held: "bad", trace.Recalled: "bad"}[s]
}

// batchRows describes lots for a list, with the names of their products and, for who sees several,
// organisations.
func (s *Server) batchRows(c *request, lots []trace.Stored[trace.Batch]) ([]Row, error) {
	var productIDs, orgIDs []string
	for _, b := range lots {
		productIDs = append(productIDs, b.Doc.Product)
		orgIDs = append(orgIDs, b.Doc.Organisation)
	}
	products, err := s.Ledger.ProductsByID(c.ctx(), productIDs)
	if err != nil {
		return nil, err
	}
	orgs, err := s.orgNames(c, orgIDs)
	if err != nil {
		return nil, err
	}
	rows := make([]Row, 0, len(lots))
	for _, st := range lots {
		b := st.Doc
		r := Row{
			Title: c.words.T("batch.row", products[b.Product].Name, b.Lot), Href: "/work/batches/" + b.Code,
			Tag: c.words.T("state." + string(b.State)), Tone: stateTone(b.State),
		}
		if o, ok := orgs[b.Organisation]; ok {
			r.Notes = append(r.Notes, o.Name)
		}
		r.Notes = append(r.Notes, c.words.Quantity(b.Quantity.Value.String(), b.Quantity.UOM))
		switch {
		case b.HarvestDate != "":
			r.Notes = append(r.Notes, c.words.T("batch.harvested", string(b.HarvestDate)))
		case b.PackagingDate != "":
			r.Notes = append(r.Notes, c.words.T("batch.packed", string(b.PackagingDate)))
		case b.ProductionDate != "":
			r.Notes = append(r.Notes, c.words.T("batch.produced", string(b.ProductionDate)))
		}
		if b.State == trace.Held {
			r.Notes = append(r.Notes, stepReason(c.words, b.LastStep()))
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// batchList lists lots, newest first.
func (s *Server) batchList(c *request) error {
	org := c.org()
	filter := trace.BatchFilter{Organisation: org, Product: c.Query("product"), State: trace.State(c.Query("state"))}
	lots, next, err := s.Ledger.Batches(c.ctx(), c.actor, filter, c.Query("cursor"), listSize)
	if err != nil {
		return err
	}
	p := &ListPage{Base: s.workBase(c, "menu.batches"), Empty: c.words.T("batch.none"), More: c.more(next)}
	if p.Rows, err = s.batchRows(c, lots); err != nil {
		return err
	}
	if keepers.allows(c.who) {
		p.Add = &Link{Href: c.withOrg("/work/batches/new", org), Label: c.words.T("batch.new")}
	}
	f := newForm(c, "filter")
	f.Values["state"], f.Values["product"] = []string{c.Query("state")}, []string{c.Query("product")}
	p.Filter = append(p.Filter, f.Choice("state", "select", false, wordedOptions(c.words, "state.", trace.States)))
	if org != "" {
		products, _, err := s.Ledger.Products(c.ctx(), c.actor, org, "", choiceSize)
		if err != nil {
			return err
		}
		var names []Option
		for _, pr := range products {
			names = append(names, Option{Value: pr.Doc.ID, Label: pr.Doc.Name})
		}
		p.Filter = append(p.Filter, f.Choice("product", "select", false, names))
		if c.actor.Org == "" {
			p.Hidden = []Option{{Value: org, Label: "org"}}
		}
	}
	for i := range p.Filter {
		p.Filter[i].Mod = "all"
	}
	return s.render(c, "list", p)
}

// BatchPage is a lot as those see it who work with it.
type BatchPage struct {
	RecordPage
	Batch trace.Batch
	// Code is the lot's own code in groups; URL what its QR code holds.
	Code, URL string
	// Warnings are what its public page lacks, once it is released or as it would be.
	Warnings []string
	Timeline []TimelineRow
	// Gate is the safety gate, with where to put things right.
	Gate *GateView
	// Labels lead to the label in each format.
	Labels []Link
	// Balance compares the labels printed with the lot, if there are any; Excess tells that there are too
	// many.
	Balance string
	Excess  bool
}

// TimelineRow is one thing that happened.
type TimelineRow struct{ When, What, Where, Note, By string }

// batchShow shows a lot.
func (s *Server) batchShow(c *request) error { return s.showBatch(c, c.Params("code"), nil) }

func (s *Server) showBatch(c *request, code string, t *tried) error {
	st, err := s.Ledger.Batch(c.ctx(), c.actor, code)
	if err != nil {
		return err
	}
	pv, err := s.Ledger.Provenance(c.ctx(), st.Doc.Code)
	if err != nil {
		return err
	}
	b := st.Doc
	ids := append([]string{}, b.Places...)
	for _, e := range pv.Timeline {
		if e.Place != "" {
			ids = append(ids, e.Place)
		}
	}
	places, err := s.Ledger.PlacesByID(c.ctx(), c.actor, b.Organisation, ids)
	if err != nil {
		return err
	}
	docs, err := s.Ledger.DocumentsByID(c.ctx(), c.actor, b.Organisation, b.Documents)
	if err != nil {
		return err
	}
	p := &BatchPage{Batch: b, Code: trace.SpellCode(b.Code), URL: s.Ledger.CodeURL(&b)}
	p.RecordPage = RecordPage{Base: s.workBase(c, "batch.title", pv.Product.Name, b.Lot), Tag: c.words.T("state." + string(b.State)), Tone: stateTone(b.State)}
	if t != nil {
		p.Failed = t.form
	}
	for _, code := range pv.Missing {
		p.Warnings = append(p.Warnings, c.words.T("missing."+code))
	}
	bear, err := s.Ledger.PlausibleYield(c.ctx(), c.actor, b.Code)
	if err != nil {
		return err
	}
	if bear != nil && bear.Exceeds() {
		p.Warnings = append(p.Warnings, c.words.T("yield.exceeds", c.words.Number(bear.Harvested.String()), bear.Lots, bear.AreaHa.String(), bear.MaxKgPerHa, c.words.Number(bear.Plausible.String())))
	}
	gates, err := s.Ledger.Gates(c.ctx(), c.actor, []string{b.Code})
	if err != nil {
		return err
	}
	gate := gates[b.Code]
	p.Gate = gateView(c.words, &gate, pv.Overrides, mendLink)
	s.batchFacts(p, pv, places)
	for _, e := range pv.Timeline {
		row := TimelineRow{What: c.words.T("step." + e.Step), Where: places[e.Place].Name, Note: e.Note, By: e.By.Name, When: c.words.Time(e.At)}
		if e.DayOnly {
			row.When = p.DayOf(e.At)
		}
		p.Timeline = append(p.Timeline, row)
	}
	files := Section{Title: c.words.T("provenance.documents"), Empty: c.words.T("batch.no_documents")}
	for _, id := range b.Documents {
		files.Rows = append(files.Rows, documentRow(c, docs[id]))
	}
	p.Sections = append(p.Sections, files)
	runs, err := s.Ledger.Prints(c.ctx(), c.actor, b.Code)
	if err != nil {
		return err
	}
	p.Sections = append(p.Sections, printSection(c.words, runs))
	claims, err := s.Ledger.RollClaims(c.ctx(), c.actor, b.Code)
	if err != nil {
		return err
	}
	if len(claims) > 0 {
		p.Sections = append(p.Sections, claimSection(c.words, claims))
	}
	p.Balance, p.Excess = balanceText(c.words, b.Balance(runs).WithRolls(claims))
	// Pictures are to look at and to put into other documents. What is to be printed is fetched from the page for
	// labels, which records the run: reading an address must not write.
	for _, f := range label.Formats {
		if !strings.HasPrefix(f.MediaType, "image/") {
			continue
		}
		p.Labels = append(p.Labels, Link{"/work/batches/" + b.Code + "/label." + f.Ext, word(c, strings.ToUpper(f.Ext), "label.format."+f.Ext)})
	}
	if err := s.batchActions(c, p, pv, t); err != nil {
		return err
	}
	return s.render(c, "batch", p)
}

func documentRow(c *request, d trace.Document) Row {
	r := Row{Title: d.Name, Href: "/d/" + d.ID, Tag: c.words.T("visibility." + string(d.Visibility))}
	if d.Visibility == trace.Public {
		r.Tone = "good"
	}
	r.Links = []Link{{Href: "/work/documents/" + d.ID, Label: c.words.T("sharing.title")}}
	return r
}

// batchFacts are the facts of a lot, with the places by the names that the organisation gave them.
func (s *Server) batchFacts(p *BatchPage, pv *trace.Provenance, places map[string]trace.Place) {
	b := &p.Batch
	p.fact("provenance.producer", pv.Organisation.Name).Link = "/work/organisations/" + b.Organisation
	p.fact("provenance.product", pv.Product.Name)
	p.fact("batch.lot", b.Lot).Mono = true
	for i, id := range b.Places {
		key := "provenance.grown"
		if i > 0 {
			key = "provenance.grown_also"
		}
		p.fact(key, places[id].Name)
	}
	p.fact("provenance.harvestDate", p.Day(b.HarvestDate))
	p.fact("provenance.productionDate", p.Day(b.ProductionDate))
	p.fact("provenance.packagingDate", p.Day(b.PackagingDate))
	p.fact("provenance.bestBeforeDate", p.Day(b.BestBeforeDate))
	p.fact("provenance.expirationDate", p.Day(b.ExpirationDate))
	p.fact("provenance.quantity", p.Measure(b.Quantity))
	p.fact("provenance.gtin", b.GTIN).Mono = true
	p.fact("provenance.traceabilityCode", b.TraceabilityCode).Mono = true
	last := b.LastStep()
	p.fact("batch.since", p.T("batch.since_text", p.T("state."+string(b.State)), last.At, last.By.Name))
	p.fact("common.reason", stepReason(p.Printer, last))
	if r := pv.Recall; r != nil {
		link := "/work/recalls/"
		if r.Lots > 0 {
			link = "/work/recall-cases/"
		}
		p.fact("batch.recall", r.Reason).Link = link + r.ID
	}
	if h := pv.Hold; h != nil {
		p.fact("hold.together", h.Reason).Link = holdNote(h)
	}
}

// batchActions are what the one who looks may do with the lot.
func (s *Server) batchActions(c *request, p *BatchPage, pv *trace.Provenance, t *tried) error {
	b := &p.Batch
	path := "/work/batches/" + b.Code
	for _, verb := range s.Ledger.BatchVerbs(c.actor, &pv.Organisation, b) {
		post := path + "/" + verb
		a := act(c, t, verb, "act", post)
		switch verb {
		case "repeat":
			a.Href = c.withOrg("/work/batches/new", b.Organisation)
			if c.actor.Org == "" {
				a.Href += "&again=" + b.Code
			} else {
				a.Href += "?again=" + b.Code
			}
		case "correct":
			a.Href = path + "/edit"
		case "recall":
			a.Href, a.Danger = "/work/recalls/new?batch="+b.Code, true
			p.Links = append(p.Links, Link{Href: "/work/recall-cases/new?lot=" + b.Code, Label: c.words.T("case.from_lot")})
		case "release":
			if b.State == trace.Held {
				a.Label = c.words.T("act.clear")
				a.Fields = []Field{a.Form.Field("reason", "area", true)}
			}
		case "override":
			if pv.Gate.Passes() {
				continue
			}
			a.Danger = true
			a.Fields = []Field{a.Form.Field("reason", "area", true)}
		case "hold", "void":
			a.Danger = true
			a.Fields = []Field{a.Form.Field("reason", "area", true)}
		case "attach":
			a.Files = true
			a.Fields = []Field{a.Form.Field("files", "files", true), a.Form.Field("public", "check", false)}
		case "event":
			if err := s.eventFields(c, &a, b.Organisation); err != nil {
				return err
			}
		}
		p.Actions = append(p.Actions, a)
	}
	if s.Ledger.MayKeep(c.actor, &pv.Organisation) && b.State != trace.Recalled && b.State != trace.Voided {
		p.Links = append(p.Links, Link{Href: path + "/claim", Label: c.words.T("rolls.claim")})
	}
	p.Links = append(p.Links, Link{Href: path + "/trace", Label: c.words.T("lineage.link")})
	if s.Ledger.MayKeep(c.actor, &pv.Organisation) && b.State == trace.Released {
		for _, to := range []string{"transformations", "shipments", "packing"} {
			p.Links = append(p.Links, Link{Href: c.withOrg("/work/"+to+"/new?batch="+b.Code, b.Organisation), Label: c.words.T("lineage.new_" + to)})
		}
	}
	p.Links = append(p.Links,
		Link{Href: "/l/" + b.Code, Label: c.words.T("batch.public_page")},
		Link{Href: path + "/scans", Label: c.words.T("scans.link")},
		Link{Href: "/work/audit/batch/" + b.Code, Label: c.words.T("audit.title")})
	return nil
}

// eventFields are the fields for recording what happened to a lot.
func (s *Server) eventFields(c *request, a *Action, org string) error {
	places, _, err := s.Ledger.Places(c.ctx(), c.actor, org, "", choiceSize)
	if err != nil {
		return err
	}
	var at, steps []Option
	for _, pl := range places {
		at = append(at, Option{Value: pl.Doc.ID, Label: pl.Doc.Name})
	}
	for _, st := range trace.StepTable {
		if st.Offered {
			steps = append(steps, Option{Value: st.ID, Label: c.words.T("step." + st.ID)})
		}
	}
	today := string(s.Ledger.Today())
	a.Form.Prefix = "event"
	a.Form.set("date", today)
	day := a.Form.Field("date", "date", true)
	day.Max = today
	a.Fields = []Field{
		a.Form.Choice("step", "select", true, steps), day, a.Form.Field("time", "time", false),
		a.Form.Choice("place", "select", false, at), a.Form.Field("note", "area", false),
	}
	return nil
}

// batchMove releases, holds or voids a lot.
func (s *Server) batchMove(c *request) error {
	code, verb := c.Params("code"), c.Params("verb")
	move := map[string]func() error{
		"release": func() error {
			_, err := s.Ledger.ReleaseBatch(c.ctx(), c.actor, code, c.FormValue("reason"))
			return err
		},
		"override": func() error {
			_, err := s.Ledger.OverrideGate(c.ctx(), c.actor, code, c.FormValue("reason"))
			return err
		},
		"hold": func() error {
			_, err := s.Ledger.HoldBatch(c.ctx(), c.actor, code, c.FormValue("reason"))
			return err
		},
		"void": func() error {
			_, err := s.Ledger.VoidBatch(c.ctx(), c.actor, code, c.FormValue("reason"))
			return err
		},
	}[verb]
	if move == nil {
		return fault.NotFound
	}
	f := newForm(c, "act")
	f.read(c, "reason")
	if err := move(); err != nil {
		return s.failed(c, f, err, func() error { return s.showBatch(c, code, &tried{verb, f}) })
	}
	return done(c, "/work/batches/"+url.PathEscape(code), "batch_"+verb)
}

// batchEvent records what happened to a lot.
func (s *Server) batchEvent(c *request) error {
	code := c.Params("code")
	f := newForm(c, "event")
	f.read(c, "step", "date", "time", "place", "note")
	var t typing
	_, err := s.Ledger.RecordEvent(c.ctx(), c.actor, trace.EventDraft{
		Token: f.Token, Batch: code, Step: f.Value("step"), Date: t.date(f.Value("date")), Time: f.Value("time"),
		Place: f.Value("place"), Note: f.Value("note"),
	})
	if err != nil {
		return s.failed(c, f, err, func() error { return s.showBatch(c, code, &tried{"event", f}) })
	}
	return done(c, "/work/batches/"+url.PathEscape(code), "event_recorded")
}

// batchAttach adds documents to a lot.
func (s *Server) batchAttach(c *request) error {
	code := c.Params("code")
	st, err := s.Ledger.Batch(c.ctx(), c.actor, code)
	if err != nil {
		return err
	}
	f := newForm(c, "act")
	f.read(c, "public", "files")
	var t typing
	ids, err := s.keepFiles(c, &t, st.Doc.Organisation, "files", "/files", visibility(f))
	if err != nil {
		return err
	}
	if len(ids) == 0 {
		p := new(fault.Problem)
		p.Add("/files", "missing")
		err = p.Err()
	} else {
		_, err = s.Ledger.AttachDocuments(c.ctx(), c.actor, code, known(ids)...)
		if err == nil && len(t.faults) > 0 { // the others are attached; what was refused is told
			err = (&fault.Problem{Fields: t.faults}).Err()
		}
	}
	if err != nil {
		return s.failed(c, f, rename(err, "/documents", "/files"), func() error { return s.showBatch(c, code, &tried{"attach", f}) })
	}
	return done(c, "/work/batches/"+url.PathEscape(code), "documents_attached")
}

// visibility is what a form's box says about who may see its documents.
func visibility(f *Form) trace.Visibility {
	if f.Value("public") == "yes" {
		return trace.Public
	}
	return trace.Private
}

// mendLink leads to where a finding of the gate can be put right: the diary entry, or the diary of the plot.
func mendLink(l trace.GateLine) string {
	if l.Result == trace.GateSatisfied || l.Result == trace.GateNotApplicable {
		return ""
	}
	switch {
	case l.Entry != "":
		return "/work/entries/" + l.Entry
	case l.Place != "":
		return "/work/diary/" + l.Place
	case l.Batch != "":
		return "/work/batches/" + l.Batch
	}
	return ""
}
