package web

import (
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"truynguon/internal/fault"
	"truynguon/internal/label"
	"truynguon/internal/locale"
	"truynguon/internal/trace"
)

// rollRoutes are the pages for rolls of labels that are printed before there is a lot. They must come
// before /work/batches/:code/:verb.
func (s *Server) rollRoutes() []route {
	return []route{
		{get, "/work/rolls", insiders, s.rollList},
		{get, "/work/rolls/new", insiders, s.rollNew},
		{post, "/work/rolls/new", insiders, s.rollOrder},
		{get, "/work/rolls/:id", insiders, s.rollShow},
		{post, "/work/rolls/:id/print", insiders, s.rollPrint},
		{post, "/work/rolls/:id/free", insiders, s.rollFree},
		{post, "/work/rolls/:id/void", insiders, s.rollVoid},
		{get, "/work/batches/:code/claim", keepers, s.claimForm},
		{post, "/work/batches/:code/claim", keepers, s.claimRoll},
	}
}

// scanRoll answers the code of a label from a roll. It leads to the page of the lot that claimed it, where
// the code is the label's serial number. A label that belongs to no lot answers 404, though it is known:
// there is nothing that it could be the proof of, and no program may take it for a lot.
func (s *Server) scanRoll(c *request, code string) error {
	label, err := s.Ledger.RollLabel(c.ctx(), code)
	if errors.Is(err, fault.NotFound) {
		return s.unknown(c, trace.SpellCode(code), nil)
	}
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderCacheControl, "no-store") // it may be claimed, or corrected, any time
	if label.Batch != "" {
		return s.redirect(c, s.Ledger.Base+"/l/"+label.Batch+"?21="+code, nil)
	}
	format, err := c.format()
	if err != nil {
		return err
	}
	if format != formatPage {
		return fault.New(fault.NotFound, "label_"+string(label.State))
	}
	c.Status(http.StatusNotFound)
	s.countDead(c, trace.DeadKind(label.State), code)
	p := &RollLabelPage{Base: s.base(c, "label_"+string(label.State)+".title"), Label: label, Form: doubtForm(c, trace.SpellCode(code))}
	return s.render(c, "rolllabel", p)
}

// RollLabelPage is what is said of a label that belongs to no lot. It must not look like a lot's page.
type RollLabelPage struct {
	Base
	Label trace.RollLabel
	// Form is the form for reporting it.
	Form *Form
}

// Key begins the keys of what is said.
func (p *RollLabelPage) Key() string { return "label_" + string(p.Label.State) }

// Code is the label's code in groups, as printed.
func (p *RollLabelPage) Code() string { return trace.SpellCode(p.Label.Code) }

// rollList lists rolls, newest first.
func (s *Server) rollList(c *request) error {
	org := c.org()
	rolls, next, err := s.Ledger.Rolls(c.ctx(), c.actor, org, c.Query("cursor"), listSize)
	if err != nil {
		return err
	}
	var orgIDs []string
	for _, r := range rolls {
		orgIDs = append(orgIDs, r.Doc.Organisation)
	}
	orgs, err := s.orgNames(c, orgIDs)
	if err != nil {
		return err
	}
	p := &ListPage{
		Base: s.workBase(c, "menu.rolls"), Intro: c.words.T("rolls.intro"), Empty: c.words.T("rolls.none"), More: c.more(next),
		Add: &Link{Href: c.withOrg("/work/rolls/new", org), Label: c.words.T("rolls.new")},
	}
	for _, st := range rolls {
		r := st.Doc
		row := Row{
			Title: c.words.T("rolls.row", r.ID, r.Name), Href: "/work/rolls/" + r.ID,
			Notes: []string{c.words.T("rolls.labels", r.Count), tallyText(c.words, &r), c.words.Time(r.At)},
		}
		if o, ok := orgs[r.Organisation]; ok {
			row.Notes = append([]string{o.Name}, row.Notes...)
		}
		if r.Organisation == "" {
			row.Tag, row.Tone = c.words.T("rolls.shared"), "calm"
		}
		p.Rows = append(p.Rows, row)
	}
	return s.render(c, "list", p)
}

// tallyText tells how much of a roll is used.
func tallyText(w *locale.Printer, r *trace.Roll) string {
	n := r.Tally()
	if n[trace.RollVoided] > 0 {
		return w.T("rolls.tally_voided", n[trace.RollClaimed], n[trace.RollFree], n[trace.RollVoided])
	}
	return w.T("rolls.tally", n[trace.RollClaimed], n[trace.RollFree])
}

// rollNew shows the form for ordering a roll.
func (s *Server) rollNew(c *request) error {
	f := newForm(c, "roll")
	f.set("organisation", c.org())
	f.set("count", "1000")
	return s.showRollForm(c, f)
}

func (s *Server) showRollForm(c *request, f *Form) error {
	p := &EditPage{
		Base: s.workBase(c, "rolls.new"), Form: f, Intro: c.words.T("rolls.new_intro"),
		Buttons: []Button{{Label: c.words.T("rolls.order")}}, Back: &Link{Href: "/work/rolls", Label: c.words.T("menu.rolls")},
	}
	p.Path = "/work/rolls/new"
	fields := []Field{f.Field("name", "text", true), f.Field("count", "number", true)}
	if c.actor.Org == "" {
		orgs, _, err := s.Ledger.Organisations(c.ctx(), c.actor, "", choiceSize)
		if err != nil {
			return err
		}
		var names []Option
		for _, o := range orgs {
			names = append(names, Option{Value: o.Doc.ID, Label: o.Doc.Name})
		}
		whose := f.Choice("organisation", "select", false, names)
		whose.Mod = "all_organisations"
		fields = append([]Field{whose}, fields...)
	}
	p.Groups = []Group{group("", false, fields...)}
	return s.render(c, "edit", p)
}

// rollOrder orders a roll. An admin's roll for all is for the first unit there is above all others.
func (s *Server) rollOrder(c *request) error {
	f := newForm(c, "roll")
	f.read(c, "organisation", "name", "count")
	var t typing
	d := trace.RollDraft{Token: f.Token, Organisation: f.Value("organisation"), Name: f.Value("name"), Count: t.whole("/count", f.Value("count"))}
	if c.actor.Org == "" && d.Organisation == "" && c.actor.Unit == "" {
		units, err := s.Ledger.Units(c.ctx())
		if err != nil {
			return err
		}
		var top []string
		for code, u := range units {
			if u.Parent == "" {
				top = append(top, code)
			}
		}
		if slices.Sort(top); len(top) > 0 {
			d.Unit = top[0]
		}
	}
	st, err := s.Ledger.OrderRoll(c.ctx(), c.actor, d)
	if err = t.explain(err); err != nil {
		return s.failed(c, f, err, func() error { return s.showRollForm(c, f) })
	}
	return done(c, "/work/rolls/"+st.Doc.ID, "roll_ordered")
}

// wholeNumber is a whole number as people write it: digits, perhaps in groups of three.
var wholeNumber = regexp.MustCompile(`^([0-9]{1,9}|[0-9]{1,3}([., \x{a0}][0-9]{3}){1,2})$`)

// whole reads a whole number. What is none is noted.
func (t *typing) whole(pointer, text string) int {
	text = strings.TrimSpace(text)
	if !wholeNumber.MatchString(text) {
		code := "roll_whole"
		if text == "" {
			code = "missing"
		}
		t.faults = append(t.faults, fault.Field{Pointer: pointer, Code: code})
		return 0
	}
	n, _ := strconv.Atoi(strings.NewReplacer(".", "", ",", "", " ", "", "\u00a0", "").Replace(text)) // nine digits at most
	return n
}

// RollPage is a roll, with the form for printing it.
type RollPage struct {
	RecordPage
	Roll trace.Roll
	// Print is the form for printing, nil for who may not.
	Print *Form
	// Fields are its fields.
	Fields []Field
}

// rollShow shows a roll.
func (s *Server) rollShow(c *request) error { return s.showRoll(c, nil, nil) }

// showRoll draws the page: with the print form that failed, or the action that did.
func (s *Server) showRoll(c *request, print *Form, t *tried) error {
	st, err := s.Ledger.Roll(c.ctx(), c.actor, c.Params("id"))
	if err != nil {
		return err
	}
	r := st.Doc
	w := c.words
	p := &RollPage{Roll: r, RecordPage: RecordPage{Base: s.workBase(c, "rolls.title", r.ID, r.Name), Intro: tallyText(w, &r)}}
	p.Path = "/work/rolls/" + r.ID
	if t != nil {
		p.Failed = t.form
	}
	owner, err := s.rollOwner(c, &r)
	if err != nil {
		return err
	}
	p.fact("rolls.owner", owner)
	p.fact("rolls.count", w.T("rolls.labels", r.Count))
	p.fact("rolls.ordered", w.T("rolls.ordered_text", r.At, r.By.Name))
	codes := make([]string, 0, len(r.Entries))
	spans := r.Spans()
	for _, e := range spans {
		codes = append(codes, e.Batch)
	}
	lots, err := s.rollLots(c, &r, codes)
	if err != nil {
		return err
	}
	p.Sections = append(p.Sections, spanSection(w, spans, lots))
	if s.Ledger.MayManageRoll(c.actor, &r) {
		if p.Print = print; print == nil {
			p.Print = newForm(c, "rollprint")
			p.Print.Token = requestID() + requestID()
			p.Print.set("from", "1")
			p.Print.set("to", strconv.Itoa(r.Count))
		}
		p.Print.set("stock", "a4-65")
		p.Print.set("start", "1")
		p.Print.Scope = "print-"
		all, _ := stocks() // New has failed otherwise
		var papers []Option
		for _, stock := range all {
			papers = append(papers, Option{Value: stock.ID, Label: stockName(w, stock)})
		}
		p.Fields = []Field{
			p.Print.Choice("stock", "select", true, papers), p.Print.Field("from", "number", true),
			p.Print.Field("to", "number", true), p.Print.Field("start", "number", true),
		}
		p.Sections = append(p.Sections, rollPrints(w, r.Prints))
	}
	for _, verb := range []string{"free", "void"} {
		a := act(c, t, "roll_"+verb, "rollrange", p.Path+"/"+verb)
		a.Danger = true
		a.Fields = []Field{a.Form.Field("from", "text", true), a.Form.Field("to", "text", false), a.Form.Field("reason", "area", true)}
		p.Actions = append(p.Actions, a)
	}
	if len(r.Entries) > 0 {
		p.Sections = append(p.Sections, entrySection(w, r.Entries, lots))
	}
	return s.render(c, "roll", p)
}

// rollLots are the lots that a roll names, to those who may see them.
func (s *Server) rollLots(c *request, r *trace.Roll, codes []string) (map[string]trace.Batch, error) {
	for _, e := range r.Entries {
		codes = append(codes, e.Batch)
	}
	codes = slices.DeleteFunc(codes, func(code string) bool { return code == "" })
	if len(codes) == 0 {
		return nil, nil
	}
	return s.Ledger.BatchesSeen(c.ctx(), c.actor, codes)
}

// rollOwner names who may claim from a roll.
func (s *Server) rollOwner(c *request, r *trace.Roll) (string, error) {
	if r.Organisation != "" {
		o, err := s.Ledger.Organisation(c.ctx(), r.Organisation)
		return o.Doc.Name, err
	}
	units, err := s.Ledger.Units(c.ctx())
	return c.words.T("rolls.for_unit", units[r.Unit].Name), err
}

// spanSection lists what holds for each stretch of a roll.
func spanSection(w *locale.Printer, spans []trace.RollEntry, lots map[string]trace.Batch) Section {
	sec := Section{Title: w.T("rolls.spans")}
	for _, e := range spans {
		sec.Rows = append(sec.Rows, entryRow(w, e, lots))
	}
	return sec
}

// entryRow describes a stretch.
func entryRow(w *locale.Printer, e trace.RollEntry, lots map[string]trace.Batch) Row {
	row := Row{
		Title: w.T("rolls.span", e.From, e.To), Tag: w.T("rollstate." + string(e.Kind)),
		Tone:  map[trace.RollState]string{trace.RollClaimed: "good", trace.RollVoided: "bad"}[e.Kind],
		Notes: []string{w.T("rolls.labels", e.Labels())},
	}
	if b, ok := lots[e.Batch]; ok && e.Kind != trace.RollFree {
		row.Links = append(row.Links, Link{Href: "/work/batches/" + b.Code, Label: w.T("rolls.lot", b.Lot)})
	}
	if e.Reason != "" {
		row.Notes = append(row.Notes, e.Reason)
	}
	if e.By.Name != "" {
		row.Notes = append(row.Notes, w.Time(e.At), e.By.Name)
	}
	return row
}

// entrySection lists what was noted of a roll, newest first.
func entrySection(w *locale.Printer, entries []trace.RollEntry, lots map[string]trace.Batch) Section {
	sec := Section{Title: w.T("rolls.history")}
	for _, e := range slices.Backward(entries) {
		sec.Rows = append(sec.Rows, entryRow(w, e, lots))
	}
	return sec
}

// rollPrints lists the times a roll was printed, newest first.
func rollPrints(w *locale.Printer, prints []trace.RollPrint) Section {
	sec := Section{Title: w.T("rolls.prints"), Empty: w.T("rolls.no_prints")}
	for _, pr := range slices.Backward(prints) {
		name := pr.Stock
		if stock, err := stockByID(pr.Stock); err == nil {
			name = stockName(w, stock)
		}
		row := Row{Title: w.T("rolls.span", pr.From, pr.To), Notes: []string{w.Time(pr.At), pr.By.Name, name, pr.Format}}
		if pr.Reprint {
			row.Tag, row.Tone = w.T("labels.reprinted"), "warn"
		}
		sec.Rows = append(sec.Rows, row)
	}
	return sec
}

// claimSection lists the stretches of rolls that a lot claimed.
func claimSection(w *locale.Printer, claims []trace.RollSpan) Section {
	sec := Section{Title: w.T("rolls.claims")}
	for _, e := range claims {
		sec.Rows = append(sec.Rows, Row{
			Title: w.T("rolls.span", e.From, e.To), Href: "/work/rolls/" + e.Roll,
			Notes: []string{w.T("rolls.row", e.Roll, e.Name), w.T("rolls.labels", e.Labels()), w.Time(e.At), e.By.Name},
		})
	}
	return sec
}

// rollBalance compares the labels of a lot, those from rolls among them, with its pieces.
func rollBalance(w *locale.Printer, b trace.PrintBalance) (text string, excess bool) {
	switch {
	case b.Pieces == 0:
		return w.T("rolls.balance", b.Labels(), b.Labels()-b.Claimed, b.Claimed), false
	case b.Excess() > 0:
		return w.T("rolls.balance_excess", b.Labels()-b.Claimed, b.Claimed, b.Labels(), b.Pieces, b.Excess()), true
	}
	return w.T("rolls.balance_pieces", b.Labels(), b.Labels()-b.Claimed, b.Claimed, b.Pieces, b.Pieces-b.Labels()), false
}

// rollLabel draws a label of a roll.
func (s *Server) rollLabel(w *locale.Printer, owner, code string, number int) label.Label {
	return label.Label{
		Content: s.Ledger.RollURL(code), Title: owner,
		Fields:  []label.Field{{Name: w.T("rolls.number"), Value: strconv.Itoa(number)}},
		Caption: []string{trace.SpellCode(code)},
	}
}
