package web

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"truynguon/internal/auth"
	"truynguon/internal/fault"
	"truynguon/internal/trace"
)

// recallCaseRoutes are the pages of recalls that are prepared and reviewed, and of lots held together.
func (s *Server) recallCaseRoutes() []route {
	return []route{
		{get, "/r/:id", anyone, s.recallPublic},
		{get, "/a/:key", anyone, s.receiverAnswer},
		{post, "/a/:key", anyone, s.receiverAnswered},
		{get, "/work/recall-cases", insiders, s.caseList},
		{get, "/work/recall-cases/new", leaders, s.caseNew},
		{post, "/work/recall-cases/new", leaders, s.caseOpen},
		{get, "/work/recall-cases/:id", insiders, s.caseShow},
		{get, "/work/recall-cases/:id/scope", insiders, s.caseScope},
		{get, "/work/recall-cases/:id/report.pdf", insiders, s.casePDF},
		{get, "/work/recall-cases/:id/report.xlsx", insiders, s.caseWorkbook},
		{get, "/work/recall-cases/:id/receivers/:n", insiders, s.receiverShow},
		{get, "/work/recall-cases/:id/receivers/:n/letter.pdf", insiders, s.receiverLetter},
		{post, "/work/recall-cases/:id/receivers/:n/:verb", insiders, s.receiverChange},
		{post, "/work/recall-cases/:id/:verb", insiders, s.caseMove},
		{get, "/work/holds", insiders, s.holdList},
		{get, "/work/holds/new", insiders, s.holdNew},
		{post, "/work/holds/new", insiders, s.holdOpen},
		{get, "/work/holds/:id", insiders, s.holdShow},
		{post, "/work/holds/:id/release", insiders, s.holdRelease},
	}
}

// caseTone is the colour of a stage.
func caseTone(st trace.RecallStage) string {
	return map[trace.RecallStage]string{trace.RecallScoping: "warn", trace.RecallReview: "warn", trace.RecallRunning: "bad"}[st]
}

// caseRow describes a case for a list.
func (s *Server) caseRow(c *request, k *trace.RecallCase, orgs map[string]trace.Organisation) Row {
	row := Row{
		Title: firstWords(k.Reason), Href: "/work/recall-cases/" + k.ID, Tag: c.words.T("recallStage." + string(k.Stage)), Tone: caseTone(k.Stage),
		Notes: []string{c.words.T("recallKind." + string(k.Kind)), c.words.Time(k.Opened().At), c.words.N("recall.lots", k.Scope.Lots)},
	}
	if k.Mock {
		row.Notes, row.Tone = append([]string{c.words.T("case.mock_tag")}, row.Notes...), ""
	}
	if o, ok := orgs[k.Organisation]; ok {
		row.Notes = append([]string{o.Name}, row.Notes...)
	}
	for _, d := range k.Deadlines(s.Ledger.Zone) {
		if st := d.State(s.now()); st == trace.DeadlineOverdue {
			row.Notes = append(row.Notes, c.words.T("case.overdue", c.words.T("deadline."+d.Name)))
			break
		}
	}
	return row
}

func (s *Server) caseRows(c *request, cases []trace.Stored[trace.RecallCase]) ([]Row, error) {
	var ids []string
	for i := range cases {
		ids = append(ids, cases[i].Doc.Organisation)
	}
	orgs, err := s.orgNames(c, ids)
	if err != nil {
		return nil, err
	}
	var rows []Row
	for i := range cases {
		rows = append(rows, s.caseRow(c, &cases[i].Doc, orgs))
	}
	return rows, nil
}

// caseList lists cases, newest first.
func (s *Server) caseList(c *request) error {
	cases, next, err := s.Ledger.RecallCases(c.ctx(), c.actor, c.org(), c.Query("cursor"), listSize)
	if err != nil {
		return err
	}
	rows, err := s.caseRows(c, cases)
	if err != nil {
		return err
	}
	p := &ListPage{Base: s.workBase(c, "menu.recallCases"), Intro: c.words.T("case.intro"), Empty: c.words.T("case.none"), Rows: rows, More: c.more(next)}
	if leaders.allows(c.who) {
		p.Add = &Link{Href: c.chooser("/work/recall-cases/new"), Label: c.words.T("case.new")}
	}
	return s.render(c, "list", p)
}

// chooser is the address of a form that offers the plots and certificates of one organisation: those who see
// several choose it first.
func (c *request) chooser(path string) string {
	if c.actor.Org == "" {
		return path + "?by=org"
	}
	return path
}

// caseNew is the form for opening a case, with what it was come from.
func (s *Server) caseNew(c *request) error {
	if c.Query("by") == "org" && c.org() == "" {
		return s.chooseOrg(c, "case.new", "/work/recall-cases/new")
	}
	f := newForm(c, "case")
	if code := c.Query("lot"); code != "" {
		f.Values["lots"] = []string{trace.SpellCode(code)}
	}
	for _, name := range []string{"plots", "certificates", "shipments", "inputs"} {
		if id := c.Query(strings.TrimSuffix(name, "s")); id != "" {
			f.Values[name] = []string{id}
		}
	}
	f.Values["kind"] = []string{string(trace.Voluntary)}
	if c.who.Is(auth.Official) {
		f.Values["kind"] = []string{string(trace.Mandatory)}
	}
	f.Values["window"] = []string{"7"}
	f.Values["detected"] = []string{s.now().In(s.Ledger.Zone).Format("2006-01-02T15:04")}
	return s.caseForm(c, f)
}

// seedGroups are the fields for what a recall or hold begins from: lots by code and, of one organisation,
// plots and certificates to choose from.
func (s *Server) seedGroup(c *request, f *Form) (Group, error) {
	g := group(c.words.T("case.from_what"), false, f.Field("lots", "area", false))
	g.Text = c.words.T("case.from_what.text")
	if org := c.org(); org != "" {
		places, _, err := s.Ledger.Places(c.ctx(), c.actor, org, "", choiceSize)
		if err != nil {
			return g, err
		}
		var plots []Option
		for _, pl := range places {
			if pl.Doc.Type == trace.Plot {
				plots = append(plots, Option{Value: pl.Doc.ID, Label: pl.Doc.Name})
			}
		}
		if len(plots) > 0 {
			g.Fields = append(g.Fields, f.Choice("plots", "select", false, plots))
		}
		certificates, _, err := s.Ledger.Certificates(c.ctx(), c.actor, org, "", choiceSize)
		if err != nil {
			return g, err
		}
		var papers []Option
		for _, k := range certificates {
			if k.Doc.Status != trace.CertDraft {
				papers = append(papers, Option{Value: k.Doc.ID, Label: strings.TrimSpace(s.Ledger.Schemes[k.Doc.Scheme].Name(c.words.Lang()) + " " + k.Doc.Number)})
			}
		}
		if len(papers) > 0 {
			g.Fields = append(g.Fields, f.Choice("certificates", "select", false, papers))
		}
	} else {
		for _, name := range []string{"plots", "certificates"} {
			if f.Value(name) != "" {
				g.Fields = append(g.Fields, f.Field(name, "text", false))
			}
		}
	}
	for _, name := range []string{"shipments", "inputs"} {
		if f.Value(name) != "" {
			g.Fields = append(g.Fields, f.Field(name, "text", false))
		}
	}
	return g, nil
}

// seedsOf reads what a recall or hold begins from.
func seedsOf(f *Form) (seeds []trace.RecallSeed) {
	for _, line := range lines(f.Value("lots")) {
		seeds = append(seeds, trace.RecallSeed{Kind: trace.SeedLot, ID: line})
	}
	for name, kind := range seedFields {
		if id := f.Value(name); id != "" {
			seeds = append(seeds, trace.RecallSeed{Kind: kind, ID: id})
		}
	}
	return seeds
}

var seedFields = map[string]trace.SeedKind{
	"plots": trace.SeedPlot, "certificates": trace.SeedCertificate, "shipments": trace.SeedShipment, "inputs": trace.SeedInput,
}

func (s *Server) caseForm(c *request, f *Form) error {
	kinds := trace.RecallKinds
	if c.who.Is(auth.Manager) {
		kinds = []trace.RecallKind{trace.Voluntary}
	}
	from, err := s.seedGroup(c, f)
	if err != nil {
		return err
	}
	reach := group(c.words.T("case.reach"), true,
		f.Field("back", "check", false), f.Field("sideways", "check", false), f.Field("window", "number", false),
		f.Field("from", "date", false), f.Field("to", "date", false))
	reach.Open, reach.Text = f.Told != nil, c.words.T("case.reach.text")
	p := &EditPage{
		Base: s.workBase(c, "case.new"), Form: f, Intro: c.words.T("case.new.intro"),
		Back: &Link{Href: "/work/recall-cases", Label: c.words.T("menu.recallCases")},
		Groups: []Group{
			from,
			group(c.words.T("case.why"), false,
				f.Choice("trigger", "select", true, wordedOptions(c.words, "recallTrigger.", trace.RecallTriggers)),
				f.Field("reason", "area", true), f.Field("advice", "area", true), f.Field("detected", "datetime-local", false)),
			group(c.words.T("case.how"), false,
				f.Choice("kind", "select", true, wordedOptions(c.words, "recallKind.", kinds)), f.Field("decision", "text", false), f.Field("mock", "check", false)),
			reach,
		},
		Buttons: []Button{{Label: c.words.T("case.find")}},
	}
	if org := c.org(); org != "" && c.actor.Org == "" {
		p.Hidden = []Option{{Value: org, Label: "organisation"}}
	}
	return s.render(c, "edit", p)
}

// caseOpen opens a case and shows its scope.
func (s *Server) caseOpen(c *request) error {
	f := newForm(c, "case")
	f.read(c, "lots", "plots", "certificates", "shipments", "inputs", "kind", "mock", "trigger", "reason", "advice", "decision", "detected", "from", "to", "back", "sideways", "window")
	window := 0
	if text := strings.TrimSpace(f.Value("window")); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			n = -1 // the domain says that it is none
		}
		window = n
	}
	var t typing
	k, err := s.Ledger.OpenRecallCase(c.ctx(), c.actor, trace.RecallCaseDraft{
		Token: f.Token, Kind: f.Value("kind"), Mock: f.Value("mock") != "", Trigger: f.Value("trigger"), Reason: f.Value("reason"),
		Advice: f.Value("advice"), Decision: f.Value("decision"), Detected: f.Value("detected"), Seeds: seedsOf(f),
		From: t.date(f.Value("from")), To: t.date(f.Value("to")), Back: f.Value("back") != "", Sideways: f.Value("sideways") != "", Window: window,
	})
	if err != nil {
		err = rename(err, "/seeds", "/lots")
		return s.failed(c, f, err, func() error { return s.caseForm(c, f) })
	}
	return done(c, "/work/recall-cases/"+k.Doc.ID, "case_opened")
}

// caseShow shows a case and what can be done with it.
func (s *Server) caseShow(c *request) error { return s.showCase(c, c.Params("id"), nil) }

func (s *Server) showCase(c *request, id string, t *tried) error {
	st, err := s.Ledger.RecallCase(c.ctx(), c.actor, id)
	if err != nil {
		return err
	}
	k := &st.Doc
	o, err := s.Ledger.Organisation(c.ctx(), k.Organisation)
	if err != nil {
		return err
	}
	p := &RecordPage{Base: s.workBase(c, "case.title"), Tag: c.words.T("recallStage." + string(k.Stage)), Tone: caseTone(k.Stage)}
	if t != nil {
		p.Failed = t.form
	}
	if k.Mock {
		p.Title, p.Intro, p.Tone = p.T("case.mock_title"), p.T("case.mock_note"), ""
	}
	s.caseFacts(p, k, &o.Doc)
	leads := c.actor.Sees(k.Organisation, k.UnitPath)
	p.Sections = append(p.Sections, s.deadlineSection(p, k))
	scope, err := s.scopeSection(c, k)
	if err != nil {
		return err
	}
	p.Sections = append(p.Sections, scope)
	base := "/work/recall-cases/" + k.ID
	if leads && k.Holds() {
		a, err := s.Ledger.RecallAccount(c.ctx(), c.actor, k.ID)
		if err != nil {
			return err
		}
		p.Sections = append(p.Sections, accountSection(p, &a), receiverSection(p, k, a.Notices), recallEntries(p, &a))
		p.Links = append(p.Links, Link{base + "/report.pdf", p.T("case.report_pdf")}, Link{base + "/report.xlsx", p.T("case.report_xlsx")})
	}
	p.Sections = append(p.Sections, stepSection(p, k, leads))
	if err := s.caseActions(c, p, k, &o.Doc, t); err != nil {
		return err
	}
	if k.Holds() && !k.Mock {
		p.Links = append(p.Links, Link{"/r/" + k.ID, p.T("case.public_page")})
	}
	if leads {
		p.Links = append(p.Links, Link{"/work/audit/recall_case/" + k.ID, p.T("audit.title")})
	}
	return s.render(c, "record", p)
}

func (s *Server) caseFacts(p *RecordPage, k *trace.RecallCase, o *trace.Organisation) {
	p.fact("provenance.producer", o.Name).Link = "/work/organisations/" + o.ID
	p.fact("recall.kind", p.T("recallKind."+string(k.Kind)))
	p.fact("case.trigger", p.T("recallTrigger."+string(k.Trigger)))
	p.fact("recall.reason", k.Reason)
	p.fact("case.advice", k.Advice)
	p.fact("recall.decision", k.Decision)
	p.fact("case.detected", p.Time(k.DetectedAt))
	p.fact("case.scope", p.N("recall.lots", k.Scope.Lots))
	var sums []string
	for _, q := range k.Scope.Quantities {
		sums = append(sums, p.Measure(q))
	}
	p.fact("case.quantity", strings.Join(sums, ", "))
	found := p.Time(k.Scope.FoundAt)
	if k.Scope.FoundIn > 0 { // less than a thousandth of a second was not measured
		found = p.T("case.found_text", k.Scope.FoundAt, p.Number(fmt.Sprintf("%d.%03d", k.Scope.FoundIn/1000, k.Scope.FoundIn%1000)))
	}
	p.fact("case.found_in", found)
	if k.Scope.Cut {
		p.fact("case.cut", p.T("case.cut_text"))
	}
	if k.EffectiveAt != nil {
		p.fact("case.confirmed", p.T("work.when_who", *k.EffectiveAt, k.ConfirmedBy.Name))
	}
	p.fact("case.consentOn", p.Day(k.ConsentOn))
	if k.ClosedAt != nil {
		p.fact("recall.closedAt", p.Time(*k.ClosedAt))
		p.fact("recall.outcome", k.Outcome)
		p.fact("case.unfinished", k.Unfinished)
	}
}

// deadlineSection shows the deadlines of TT 17/2021 as they stand now.
func (s *Server) deadlineSection(p *RecordPage, k *trace.RecallCase) Section {
	sec := Section{Title: p.T("case.deadlines")}
	tone := map[trace.DeadlineState]string{trace.DeadlineMet: "good", trace.DeadlineLate: "warn", trace.DeadlineDue: "warn", trace.DeadlineOverdue: "bad"}
	for _, d := range k.Deadlines(s.Ledger.Zone) {
		state := d.State(s.now())
		row := Row{
			Title: p.T("deadline." + d.Name), Tag: p.T("deadlineState." + string(state)), Tone: tone[state],
			Notes: []string{p.T("deadline.due", d.Due)},
		}
		if d.Done != nil {
			row.Notes = append(row.Notes, p.T("deadline.done", *d.Done))
		}
		if d.Provisional {
			row.Notes = append(row.Notes, p.T("deadline.provisional"))
		}
		sec.Rows = append(sec.Rows, row)
	}
	return sec
}

// scopeShown is how many lots of a scope a case's page shows.
const scopeShown = 10

func (s *Server) scopeSection(c *request, k *trace.RecallCase) (Section, error) {
	sec := Section{Title: c.words.T("case.scope"), Empty: c.words.T("fault.scope_empty")}
	page, err := s.Ledger.RecallScope(c.ctx(), c.actor, k.ID, 0)
	if err != nil {
		return sec, err
	}
	more := len(page.Lots) > scopeShown || page.Next >= 0
	page.Lots = page.Lots[:min(len(page.Lots), scopeShown)]
	if sec.Rows, err = s.scopeRows(c, &page, false); err != nil {
		return sec, err
	}
	if more {
		sec.All = &Link{Href: "/work/recall-cases/" + k.ID + "/scope", Label: c.words.T("case.all_lots", k.Scope.Lots)}
	}
	return sec, nil
}

// scopeRows describes lots of a scope, each with why it is in it.
func (s *Server) scopeRows(c *request, page *trace.ScopePage, public bool) ([]Row, error) {
	var ids []string
	for _, lot := range page.Lots {
		ids = append(ids, lot.Organisation)
	}
	orgs, err := s.Ledger.OrganisationsByID(c.ctx(), ids)
	if err != nil {
		return nil, err
	}
	var rows []Row
	for _, lot := range page.Lots {
		row := Row{Title: page.Products[lot.Product].Name + " – " + lot.Lot, Href: "/work/batches/" + lot.Code, Code: trace.SpellCode(lot.Code)}
		b := page.Batches[lot.Code]
		if public {
			row.Href = "/l/" + lot.Code
			row.Notes = []string{orgs[lot.Organisation].Name}
			if b.HarvestDate != "" {
				row.Notes = append(row.Notes, c.words.T("case.harvested", string(b.HarvestDate)))
			}
			if b.ExpirationDate != "" {
				row.Notes = append(row.Notes, c.words.T("case.expires", string(b.ExpirationDate)))
			}
			rows = append(rows, row)
			continue
		}
		row.Tag, row.Tone = c.words.T("state."+string(b.State)), stateTone(b.State)
		row.Notes = []string{orgs[lot.Organisation].Name, c.words.Quantity(lot.Quantity.Value.String(), lot.Quantity.UOM)}
		for _, why := range lot.Why {
			text := c.words.T("scopeRule." + string(why.Rule))
			switch why.Rule {
			case trace.ByDescent, trace.ByAncestry, trace.BySharedAncestor:
				text = c.words.T("scopeRule."+string(why.Rule)+".of", trace.SpellCode(why.Of))
			}
			row.Notes = append(row.Notes, text)
		}
		if m := lot.Added; m != nil {
			row.Notes = append(row.Notes, c.words.T("case.added_by", m.By.Name, m.Reason))
		}
		if m := lot.Removed; m != nil {
			row.Tag, row.Tone = c.words.T("case.removed"), ""
			row.Notes = append(row.Notes, c.words.T("case.removed_by", m.By.Name, m.Reason))
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// caseScope lists the lots of a scope, a part at a time.
func (s *Server) caseScope(c *request) error {
	st, err := s.Ledger.RecallCase(c.ctx(), c.actor, c.Params("id"))
	if err != nil {
		return err
	}
	part, err := partOf(c)
	if err != nil {
		return err
	}
	page, err := s.Ledger.RecallScope(c.ctx(), c.actor, st.Doc.ID, part)
	if err != nil {
		return err
	}
	rows, err := s.scopeRows(c, &page, false)
	if err != nil {
		return err
	}
	return s.render(c, "list", &ListPage{
		Base: s.workBase(c, "case.scope_title"), Intro: c.words.T("case.scope_intro", c.words.N("recall.lots", st.Doc.Scope.Lots)),
		Add:  &Link{Href: "/work/recall-cases/" + st.Doc.ID, Label: c.words.T("case.back_to")},
		Rows: rows, Empty: c.words.T("fault.scope_empty"), More: c.partMore(page.Next),
	})
}

// partOf is the part of a scope that an address asks for.
func partOf(c *request) (int, error) {
	text := c.Query("part")
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, fault.New(fault.Malformed, "query_number", "part")
	}
	return n, nil
}

func (c *request) partMore(next int) *More {
	if next < 0 {
		return nil
	}
	return &More{Href: c.Path() + "?part=" + strconv.Itoa(next), Label: c.words.T("common.more")}
}

// stepSection tells what was done to a case and by whom, names for those who lead it.
func stepSection(p *RecordPage, k *trace.RecallCase, leads bool) Section {
	sec := Section{Title: p.T("case.steps")}
	for _, step := range k.Steps {
		row := Row{Title: p.T("caseStep." + step.Action), Notes: []string{p.Time(step.At)}}
		if leads {
			row.Notes = append(row.Notes, step.By.Name)
		}
		if step.Reason != "" {
			row.Notes = append(row.Notes, step.Reason)
		}
		sec.Rows = append(sec.Rows, row)
	}
	return sec
}

// caseMove does something to a case.
func (s *Server) caseMove(c *request) error {
	id, verb := c.Params("id"), c.Params("verb")
	f := newForm(c, map[string]string{"receiver": "receiver", "entry": "entry", "close": "caseClosing", "consent": "caseConsent"}[verb])
	if f.Prefix == "" {
		f.Prefix = "caseAct"
	}
	err := s.moveCase(c, id, verb, f)
	if err != nil {
		return s.failed(c, f, err, func() error { return s.showCase(c, id, &tried{verb: "case_" + verb, form: f}) })
	}
	return done(c, "/work/recall-cases/"+url.PathEscape(id), "case_"+verb)
}

func (s *Server) moveCase(c *request, id, verb string, f *Form) (err error) {
	l, ctx := s.Ledger, c.ctx()
	var t typing
	switch verb {
	case "find":
		_, err = l.FindRecallScope(ctx, c.actor, id, f.Token)
	case "add", "remove":
		f.read(c, "lots", "reason")
		d := trace.ScopeEdit{Token: f.Token, Reason: f.Value("reason")}
		if verb == "add" {
			d.Add = lines(f.Value("lots"))
		} else {
			d.Remove = lines(f.Value("lots"))
		}
		_, err = l.EditRecallScope(ctx, c.actor, id, d)
		err = rename(rename(err, "/add", "/lots"), "/remove", "/lots")
	case "submit":
		f.read(c, "hold")
		_, err = l.SubmitRecallCase(ctx, c.actor, id, trace.Submission{Token: f.Token, Hold: f.Value("hold") != ""})
	case "confirm":
		version, _ := strconv.Atoi(c.FormValue("version"))
		_, err = l.ConfirmRecallCase(ctx, c.actor, id, trace.Review{Token: f.Token, Version: version})
	case "return":
		f.read(c, "reason")
		_, err = l.ReturnRecallCase(ctx, c.actor, id, f.Token, f.Value("reason"))
	case "drop":
		f.read(c, "reason")
		_, err = l.DropRecallCase(ctx, c.actor, id, f.Token, f.Value("reason"))
	case "receiver":
		f.read(c, "name", "address", "email", "phone", "lot", "quantity", "on")
		_, err = l.AddReceiver(ctx, c.actor, id, trace.ReceiverDraft{
			Name: f.Value("name"), Address: f.Value("address"), Email: f.Value("email"), Phone: f.Value("phone"),
			Lots: []trace.ReceivedDraft{{Code: f.Value("lot"), Quantity: t.number("/lots/0/quantity", f.Value("quantity")), On: t.date(f.Value("on"))}},
		})
		err = rename(rename(rename(t.explain(err), "/lots/0/code", "/lot"), "/lots/0/quantity", "/quantity"), "/lots/0/on", "/on")
	case "entry":
		f.read(c, "lot", "measure", "quantity", "on", "receiver", "note", "supersedes")
		_, err = l.RecordRecallEntry(ctx, c.actor, id, trace.RecallEntryDraft{
			Token: f.Token, Lot: f.Value("lot"), Measure: f.Value("measure"), Quantity: t.number("/quantity", f.Value("quantity")), On: t.date(f.Value("on")),
			Receiver: f.Value("receiver"), Note: f.Value("note"), Supersedes: f.Value("supersedes"),
		})
		err = t.explain(err)
	case "consent":
		f.read(c, "consentOn")
		_, err = l.SetConsent(ctx, c.actor, id, t.date(f.Value("consentOn")))
	case "close":
		f.read(c, "outcome", "unfinished")
		_, err = l.CloseRecallCase(ctx, c.actor, id, trace.RecallClosing{Outcome: f.Value("outcome"), Unfinished: f.Value("unfinished")})
	default:
		return fault.NotFound
	}
	return err
}
