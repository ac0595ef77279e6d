package web

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"time"

	"truynguon/internal/trace"
)

// diaryRoutes are the farm diary's pages.
func (s *Server) diaryRoutes() []route {
	return []route{
		{get, "/work/diary", insiders, s.diaryPlots},
		{get, "/work/diary/:place", insiders, s.diaryShow},
		{get, "/work/diary/:place/new", keepers, s.diaryNew},
		{post, "/work/diary/:place/new", keepers, s.diaryRecord},
		{get, "/work/diary/:place/crop", keepers, s.cycleNew},
		{post, "/work/diary/:place/crop", keepers, s.cycleOpen},
		{get, "/work/entries/:id", insiders, s.entryShow},
		{get, "/work/entries/:id/edit", keepers, s.entryEdit},
		{post, "/work/entries/:id/edit", keepers, s.entryCorrect},
		{post, "/work/entries/:id/withdraw", keepers, s.entryWithdraw},
		{get, "/work/cycles/:id/edit", keepers, s.cycleEdit},
		{post, "/work/cycles/:id/edit", keepers, s.cycleUpdate},
		{get, "/work/cycles/:id/vietgap", insiders, s.vietgap},
		{get, "/work/cycles/:id/vietgap.csv", insiders, s.vietgapCSV},
		{get, "/work/inputs", insiders, s.inputList},
		{get, "/work/inputs/new", keepers, s.inputNew},
		{post, "/work/inputs/new", keepers, s.inputRecord},
		{get, "/work/substances", insiders, s.substanceList},
		{get, "/work/substances/import", judges, s.substanceForm},
		{post, "/work/substances/import", judges, s.substanceImport},
	}
}

// diaryPlots lists the plots whose diary there is to open.
func (s *Server) diaryPlots(c *request) error {
	org := c.org()
	if org == "" {
		return s.chooseOrg(c, "menu.diary", "/work/diary")
	}
	places, next, err := s.Ledger.Places(c.ctx(), c.actor, org, c.Query("cursor"), choiceSize)
	if err != nil {
		return err
	}
	p := &ListPage{Base: s.workBase(c, "menu.diary"), Intro: c.words.T("diary.intro"), Empty: c.words.T("place.none"), More: c.more(next)}
	slices.SortStableFunc(places, func(a, b trace.Stored[trace.Place]) int { // plots first
		rank := func(st trace.Stored[trace.Place]) int { return slices.Index(trace.PlaceTypes, st.Doc.Type) }
		return cmp.Or(rank(a)-rank(b), cmp.Compare(a.Doc.Name, b.Doc.Name))
	})
	for _, st := range places {
		p.Rows = append(p.Rows, Row{
			Title: st.Doc.Name, Href: "/work/diary/" + st.Doc.ID, Notes: []string{c.words.T("placeType." + string(st.Doc.Type)), st.Doc.Address},
		})
	}
	if keepers.allows(c.who) {
		p.Add = &Link{Href: c.withOrg("/work/inputs", org), Label: c.words.T("menu.inputs")}
	}
	return s.render(c, "list", p)
}

// DiaryPage is the diary of a plot or other place, latest first.
type DiaryPage struct {
	Base
	Place trace.Place
	// Repeat does the latest spraying again; Do begins an entry of each kind.
	Repeat  *Link
	Do      []Link
	Cycles  []Row
	NoCycle string
	AddCrop *Link
	Entries []Row
	More    *More
}

// diaryShow shows the diary of a place.
func (s *Server) diaryShow(c *request) error {
	id := c.Params("place")
	st, err := s.Ledger.Place(c.ctx(), c.actor, id)
	if err != nil {
		return err
	}
	crops, _, err := s.Ledger.Cycles(c.ctx(), c.actor, "", id, "", 20)
	if err != nil {
		return err
	}
	entries, next, err := s.Ledger.Diary(c.ctx(), c.actor, trace.DiaryFilter{Place: id}, c.Query("cursor"), listSize)
	if err != nil {
		return err
	}
	p := &DiaryPage{Base: s.workBase(c, "diary.title", st.Doc.Name), Place: st.Doc, More: c.more(next)}
	here := "/work/diary/" + id
	keeps := keepers.allows(c.who)
	plot := st.Doc.Type == trace.Plot
	if keeps {
		if plot {
			last, _, err := s.Ledger.Diary(c.ctx(), c.actor, trace.DiaryFilter{Place: id, Activity: trace.DoSpraying}, "", 10)
			if err != nil {
				return err
			}
			if len(last) > 0 {
				e := &last[0].Doc
				p.Repeat = &Link{Href: here + "/new?like=" + e.ID, Label: c.words.T("diary.repeat", cmp.Or(e.TradeName, e.Ingredient, "…"))}
			}
			p.AddCrop = &Link{Href: here + "/crop", Label: c.words.T("cycle.new")}
		}
		for _, do := range trace.DiaryActivities {
			if !plot && !slices.Contains([]string{trace.DoTreatment, trace.DoTesting, trace.DoSale, trace.DoOther}, do) {
				continue
			}
			p.Do = append(p.Do, Link{Href: here + "/new?activity=" + do, Label: c.words.T("diary.do." + do)})
		}
	}
	names := map[string]string{}
	for _, cy := range crops {
		k := cy.Doc
		names[k.ID] = s.cropName(c, k.Crop)
		row := Row{Title: names[k.ID], Links: []Link{{Href: "/work/cycles/" + k.ID + "/vietgap", Label: c.words.T("vietgap.title")}}}
		if k.Variety != "" {
			row.Notes = append(row.Notes, k.Variety)
		}
		if k.PlantedAt != "" {
			row.Notes = append(row.Notes, c.words.T("cycle.planted_on", string(k.PlantedAt)))
		}
		if row.Tag, row.Tone = c.words.T("cycle.open"), "good"; k.ClosedAt != "" {
			row.Tag, row.Tone = c.words.T("cycle.closed_on", string(k.ClosedAt)), ""
		}
		if keeps {
			row.Links = append(row.Links, Link{Href: "/work/cycles/" + k.ID + "/edit", Label: c.words.T("cycle.edit")})
		}
		p.Cycles = append(p.Cycles, row)
	}
	if plot && len(crops) == 0 {
		p.NoCycle = c.words.T("cycle.none")
	}
	for _, e := range entries {
		p.Entries = append(p.Entries, s.entryRow(c, &e.Doc, names))
	}
	return s.render(c, "diary", p)
}

// cropName is a crop's name in the visitor's language.
func (s *Server) cropName(c *request, id string) string {
	if crop, ok := s.Ledger.Crops[id]; ok {
		return crop.Name(c.words.Lang())
	}
	return id
}

// entryRow is an entry in a list: the day, what was done, and with which arithmetic.
func (s *Server) entryRow(c *request, e *trace.DiaryEntry, crops map[string]string) Row {
	r := Row{
		Title: c.words.T("diary.row", string(e.Day), c.words.T("diary.do."+e.Activity)), Href: "/work/entries/" + e.ID,
	}
	add := func(text string) {
		if text != "" {
			r.Notes = append(r.Notes, text)
		}
	}
	add(cmp.Or(e.TradeName, e.Ingredient))
	if e.Dose != 0 {
		add(say(c.words, "diary.dose_text", []any{e.Dose.String(), "doseUnit." + unitKey(e.DoseUnit)}))
	}
	if e.Quantity.Value != 0 {
		add(c.words.Quantity(e.Quantity.Value.String(), e.Quantity.UOM))
	}
	if e.Activity == trace.DoSpraying || e.Activity == trace.DoTreatment && !e.NoSubstance {
		if e.PHIDays == nil {
			add(c.words.T("diary.no_phi"))
		} else {
			add(c.words.N("diary.phi", *e.PHIDays, string(e.Day.AddDays(*e.PHIDays))))
		}
	}
	if len(crops) > 1 {
		add(crops[e.Cycle])
	}
	add(e.Sample)
	add(e.Finding)
	add(e.Note)
	if lag := e.LagDays(s.Ledger.Zone); lag > 0 {
		r.Tag, r.Tone = c.words.N("diary.lag", lag), "warn"
		if lag <= 1 {
			r.Tone = ""
		}
	}
	return r
}

func unitKey(unit string) string {
	if len(unit) == 7 {
		return unit[:3] + "_" + unit[4:]
	}
	return unit
}

// diaryFields are the fields of the form for an entry.
var diaryFields = []string{
	"activity", "cycle", "performedAt", "tradeName", "ingredient", "content", "registration", "noSubstance", "input", "quantity/value", "quantity/uom",
	"dose", "doseUnit", "concentration", "areaHa", "target", "operator", "equipment", "reEntryHours", "phiDays", "phiSource", "batch", "sample", "agent",
	"finding", "measure", "party", "note", "documents", "files", "reason",
}

// diaryNew is the form for an entry: like an earlier one, with today's date, or of a kind.
func (s *Server) diaryNew(c *request) error {
	f := newForm(c, "diary")
	f.Values["activity"] = []string{cmp.Or(c.Query("activity"), trace.DoSpraying)}
	f.Values["operator"] = []string{c.actor.Name}
	if like := c.Query("like"); like != "" {
		st, err := s.Ledger.Entry(c.ctx(), c.actor, like)
		if err != nil {
			return err
		}
		s.fillDiary(c, f, &st.Doc)
		f.Values["documents"], f.Values["note"] = nil, nil
	}
	f.Values["performedAt"] = []string{string(s.Ledger.Today())}
	return s.diaryForm(c, f, c.Params("place"), "diary.new")
}

// fillDiary puts what an entry says into a form.
func (s *Server) fillDiary(c *request, f *Form, e *trace.DiaryEntry) {
	d := e.Draft()
	for name, value := range map[string]string{
		"activity": d.Activity, "cycle": d.Cycle, "performedAt": string(e.Day), "tradeName": d.TradeName, "ingredient": d.Ingredient, "content": d.Content,
		"registration": d.Registration, "input": d.Input, "quantity/uom": d.Quantity.UOM, "doseUnit": d.DoseUnit, "concentration": d.Concentration,
		"target": d.Target, "operator": d.Operator, "equipment": d.Equipment, "reEntryHours": string(d.ReEntryHours), "phiDays": string(d.PHIDays),
		"phiSource": d.PHISource, "batch": d.Batch, "sample": d.Sample, "agent": d.Agent, "finding": d.Finding, "measure": d.Measure, "party": d.Party, "note": d.Note,
	} {
		if value != "" {
			f.Values[name] = []string{value}
		}
	}
	for name, a := range map[string]trace.Amount{"quantity/value": e.Quantity.Value, "dose": e.Dose, "areaHa": e.AreaHa} {
		if a != 0 {
			f.Values[name] = []string{typedAmount(a, c)}
		}
	}
	if d.NoSubstance {
		f.Values["noSubstance"] = []string{"yes"}
	}
	f.Values["documents"] = d.Documents
}

// diaryForm draws the form: what the kind of entry asks for, and the rest folded.
func (s *Server) diaryForm(c *request, f *Form, place, title string) error {
	st, err := s.Ledger.Place(c.ctx(), c.actor, place)
	if err != nil {
		return err
	}
	do := f.Value("activity")
	if !slices.Contains(trace.DiaryActivities, do) {
		do = trace.DoOther
	}
	crops, _, err := s.Ledger.Cycles(c.ctx(), c.actor, "", place, "", choiceSize)
	if err != nil {
		return err
	}
	var open []Option
	for _, k := range crops {
		label := s.cropName(c, k.Doc.Crop)
		if k.Doc.Variety != "" {
			label += " – " + k.Doc.Variety
		}
		open = append(open, Option{Value: k.Doc.ID, Label: label})
	}
	if len(open) == 1 && f.Value("cycle") == "" {
		f.Values["cycle"] = []string{open[0].Value}
	}
	base := s.workBase(c, title, c.words.T("diary.do."+do), st.Doc.Name)
	p := &EditPage{
		Base: base, Form: f, Files: true, Buttons: saveButton(c.words), Hidden: []Option{{Value: do, Label: "activity"}},
		Back: &Link{Href: "/work/diary/" + place, Label: c.words.T("diary.title", st.Doc.Name)},
	}
	for _, id := range f.Values["documents"] {
		p.Hidden = append(p.Hidden, Option{Value: id, Label: "documents"})
	}
	day := f.Field("performedAt", "date", true)
	day.Max = string(s.Ledger.Today())
	first := []Field{day}
	if len(open) > 0 {
		first = append(first, f.Choice("cycle", "select", len(open) == 1, open))
	}
	side := func(fields ...Field) Group { g := group("", false, fields...); g.Side = true; return g }
	more := []Field{f.Field("operator", "text", false), f.Field("note", "area", false), f.Field("files", "files", false)}
	amount := side(f.Field("quantity/value", "number", false), f.Choice("quantity/uom", "select", false, units(c.words)))
	switch do {
	case trace.DoSpraying, trace.DoTreatment:
		bought, _, err := s.Ledger.Inputs(c.ctx(), c.actor, st.Doc.Organisation, "pesticide", "", choiceSize)
		if err != nil {
			return err
		}
		var stock []Option
		for _, in := range bought {
			stock = append(stock, Option{Value: in.Doc.ID, Label: c.words.T("input.option", in.Doc.TradeName, string(in.Doc.ReceivedOn))})
		}
		first = append(first, f.Field("tradeName", "text", false), f.Field("ingredient", "text", false))
		phi := side(f.Field("phiDays", "number", false), f.Choice("phiSource", "select", false, wordedOptions(c.words, "phiSource.", trace.PHISources)))
		var doses []Option
		for _, u := range trace.DoseUnits {
			doses = append(doses, Option{Value: u, Label: c.words.T("doseUnit." + unitKey(u))})
		}
		dose := side(f.Field("dose", "number", false), f.Choice("doseUnit", "select", false, doses))
		p.Groups = []Group{group("", false, first...), phi, dose}
		more = append([]Field{
			f.Field("target", "text", false), f.Field("areaHa", "number", false), f.Field("registration", "text", false), f.Field("content", "text", false),
			f.Choice("input", "select", false, stock), amount.Fields[0], amount.Fields[1], f.Field("concentration", "text", false),
			f.Field("equipment", "text", false), f.Field("reEntryHours", "number", false),
		}, more...)
		if do == trace.DoTreatment {
			p.Groups[0].Fields = append(p.Groups[0].Fields, f.Field("noSubstance", "check", false), f.Field("batch", "text", false))
		}
	case trace.DoFertilising, trace.DoPlanting:
		p.Groups = []Group{group("", false, append(first, f.Field("tradeName", "text", false))...), amount}
	case trace.DoTesting:
		p.Groups = []Group{group("", false, append(first, f.Field("sample", "text", false), f.Field("agent", "text", false), f.Field("finding", "text", false), f.Field("measure", "area", false))...)}
	case trace.DoHarvest:
		p.Groups = []Group{group("", false, first...), amount}
		more = append(more, f.Field("batch", "text", false))
	case trace.DoSale:
		p.Groups = []Group{group("", false, append(first, f.Field("party", "text", false))...), amount}
		more = append(more, f.Field("batch", "text", false))
	default:
		p.Groups = []Group{group("", false, first...)}
	}
	if title == "diary.edit" {
		p.Groups = append(p.Groups, group("", false, f.Field("reason", "area", true)))
	}
	details := group(c.words.T("diary.more"), true, more...)
	if f.Told == nil { // filled in from last time, it would hide the button that saves
		details.Open = false
	}
	p.Groups = append(p.Groups, details)
	return s.render(c, "edit", p)
}

// diaryDraft reads what was typed.
func (s *Server) diaryDraft(c *request, f *Form, t *typing, place, org string) (trace.DiaryDraft, error) {
	f.read(c, diaryFields...)
	ids, err := s.keepFiles(c, t, org, "files", "/documents", trace.Private)
	if err != nil {
		return trace.DiaryDraft{}, err
	}
	f.Values["documents"] = append(known(f.Values["documents"]), known(ids)...)
	return trace.DiaryDraft{
		Token: f.Token, Place: place, Activity: f.Value("activity"), Cycle: f.Value("cycle"), PerformedAt: t.date(f.Value("performedAt")),
		TradeName: f.Value("tradeName"), Ingredient: f.Value("ingredient"), Content: f.Value("content"), Registration: f.Value("registration"),
		NoSubstance: f.Value("noSubstance") == "yes", Input: f.Value("input"),
		Quantity: trace.QuantityDraft{Value: t.number("/quantity/value", f.Value("quantity/value")), UOM: f.Value("quantity/uom")},
		Dose:     t.number("/dose", f.Value("dose")), DoseUnit: f.Value("doseUnit"), Concentration: f.Value("concentration"),
		AreaHa: t.number("/areaHa", f.Value("areaHa")), Target: f.Value("target"), Operator: f.Value("operator"), Equipment: f.Value("equipment"),
		ReEntryHours: trace.Decimal(f.Value("reEntryHours")), PHIDays: trace.Decimal(f.Value("phiDays")), PHISource: f.Value("phiSource"),
		Batch: lotCode(f.Value("batch")), Sample: f.Value("sample"), Agent: f.Value("agent"), Finding: f.Value("finding"), Measure: f.Value("measure"),
		Party: f.Value("party"), Note: f.Value("note"), Documents: f.Values["documents"], Reason: f.Value("reason"),
	}, nil
}

// lotCode reads a lot's code as people type it.
func lotCode(text string) string {
	if code, ok := trace.ParseCode(text); ok {
		return code
	}
	return text
}

// diaryRecord records an entry.
func (s *Server) diaryRecord(c *request) error {
	place := c.Params("place")
	st, err := s.Ledger.Place(c.ctx(), c.actor, place)
	if err != nil {
		return err
	}
	f := newForm(c, "diary")
	var t typing
	d, err := s.diaryDraft(c, f, &t, place, st.Doc.Organisation)
	if err != nil {
		return err
	}
	_, err = s.Ledger.RecordDiary(c.ctx(), c.actor, d)
	if err = t.explain(err); err != nil {
		return s.failed(c, f, err, func() error { return s.diaryForm(c, f, place, "diary.new") })
	}
	return done(c, "/work/diary/"+url.PathEscape(place), "diary_recorded")
}

// entryShow shows an entry with all that was said before.
func (s *Server) entryShow(c *request) error { return s.showEntry(c, c.Params("id"), nil) }

func (s *Server) showEntry(c *request, id string, t *tried) error {
	versions, err := s.Ledger.EntryVersions(c.ctx(), c.actor, id)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(versions, func(e trace.DiaryEntry) bool { return e.ID == id })
	e := &versions[i]
	st, err := s.Ledger.Place(c.ctx(), c.actor, e.Place)
	if err != nil {
		return err
	}
	p := &RecordPage{Base: s.workBase(c, "diary.row", string(e.Day), c.words.T("diary.do."+e.Activity))}
	latest := i == len(versions)-1
	switch {
	case e.Withdrawn:
		p.Tag, p.Tone = c.words.T("diary.withdrawn"), "bad"
	case !latest:
		p.Tag, p.Tone = c.words.T("diary.superseded"), "warn"
	}
	if t != nil {
		p.Failed = t.form
	}
	p.fact("diary.place", st.Doc.Name).Link = "/work/diary/" + e.Place
	s.entryFacts(c, p, e)
	if latest && !e.Withdrawn && keepers.allows(c.who) {
		a := act(c, t, "withdraw", "act", "/work/entries/"+id+"/withdraw")
		a.Danger, a.Fields = true, []Field{a.Form.Field("reason", "area", true)}
		p.Actions = []Action{
			{Verb: "again", Label: c.words.T("diary.again"), Href: "/work/diary/" + e.Place + "/new?like=" + id},
			{Verb: "correct", Label: c.words.T("act.correct"), Href: "/work/entries/" + id + "/edit"}, a,
		}
	}
	said := Section{Title: c.words.T("diary.versions")}
	for j := range slices.Backward(versions) {
		v := &versions[j]
		row := s.entryRow(c, v, nil)
		row.Notes = append(row.Notes, c.words.T("diary.recorded", v.RecordedAt, v.By.Name))
		if v.Reason != "" {
			row.Notes = append(row.Notes, v.Reason)
		}
		said.Rows = append(said.Rows, row)
	}
	p.Sections = []Section{said}
	return s.render(c, "record", p)
}

// entryFacts are the facts of an entry.
func (s *Server) entryFacts(c *request, p *RecordPage, e *trace.DiaryEntry) {
	when := p.Day(e.Day)
	if !e.DayOnly {
		when = c.words.Time(e.PerformedAt)
	}
	p.fact("diary.performedAt", when)
	p.fact("diary.recordedAt", c.words.T("diary.recorded", e.RecordedAt, e.By.Name))
	if lag := e.LagDays(s.Ledger.Zone); lag > 0 {
		p.fact("diary.lagged", c.words.N("diary.lag", lag))
	}
	p.fact("diary.tradeName", e.TradeName)
	p.fact("diary.ingredient", e.Ingredient)
	p.fact("diary.content", e.Content)
	p.fact("diary.registration", e.Registration)
	if e.PHIDays != nil {
		p.fact("diary.phiDays", c.words.N("diary.phi", *e.PHIDays, string(e.Day.AddDays(*e.PHIDays)))+" ("+c.words.T("phiSource."+e.PHISource)+")")
	}
	if e.Dose != 0 {
		p.fact("diary.dose", say(c.words, "diary.dose_text", []any{e.Dose.String(), "doseUnit." + unitKey(e.DoseUnit)}))
	}
	p.fact("diary.concentration", e.Concentration)
	if e.Quantity.Value != 0 {
		p.fact("diary.quantity.value", p.Measure(e.Quantity))
	}
	if e.AreaHa != 0 {
		p.fact("diary.areaHa", c.words.Quantity(e.AreaHa.String(), "HAR"))
	}
	p.fact("diary.target", e.Target)
	p.fact("diary.operator", e.Operator)
	p.fact("diary.equipment", e.Equipment)
	if e.ReEntryHours != 0 {
		p.fact("diary.reEntryHours", strconv.Itoa(e.ReEntryHours))
	}
	p.fact("diary.sample", e.Sample)
	p.fact("diary.agent", e.Agent)
	p.fact("diary.finding", e.Finding)
	p.fact("diary.measure", e.Measure)
	p.fact("diary.party", e.Party)
	if e.Batch != "" {
		p.fact("diary.batch", trace.SpellCode(e.Batch)).Link = "/work/batches/" + e.Batch
	}
	if e.Input != "" {
		p.fact("diary.input", e.TradeName).Link = "/work/inputs"
	}
	p.fact("diary.note", e.Note)
	for _, id := range e.Documents {
		p.Links = append(p.Links, Link{Href: "/d/" + id, Label: c.words.T("provenance.open_document")})
	}
}

// entryEdit is the form for correcting an entry.
func (s *Server) entryEdit(c *request) error {
	st, err := s.Ledger.Entry(c.ctx(), c.actor, c.Params("id"))
	if err != nil {
		return err
	}
	f := newForm(c, "diary")
	s.fillDiary(c, f, &st.Doc)
	return s.diaryForm(c, f, st.Doc.Place, "diary.edit")
}

// entryCorrect corrects an entry.
func (s *Server) entryCorrect(c *request) error {
	st, err := s.Ledger.Entry(c.ctx(), c.actor, c.Params("id"))
	if err != nil {
		return err
	}
	f := newForm(c, "diary")
	var t typing
	d, err := s.diaryDraft(c, f, &t, st.Doc.Place, st.Doc.Organisation)
	if err != nil {
		return err
	}
	if !st.Doc.DayOnly && d.PerformedAt == string(st.Doc.Day) { // the time that is known stays
		d.PerformedAt = st.Doc.PerformedAt.Format(time.RFC3339)
	}
	_, err = s.Ledger.CorrectDiary(c.ctx(), c.actor, st.Doc.ID, d)
	if err = t.explain(err); err != nil {
		return s.failed(c, f, err, func() error { return s.diaryForm(c, f, st.Doc.Place, "diary.edit") })
	}
	return done(c, "/work/diary/"+st.Doc.Place, "diary_corrected")
}

// entryWithdraw says that nothing of an entry was done.
func (s *Server) entryWithdraw(c *request) error {
	id := c.Params("id")
	f := newForm(c, "act")
	f.read(c, "reason")
	e, err := s.Ledger.WithdrawDiary(c.ctx(), c.actor, id, f.Value("reason"), f.Token)
	if err != nil {
		return s.failed(c, f, err, func() error { return s.showEntry(c, id, &tried{"withdraw", f}) })
	}
	return done(c, "/work/diary/"+e.Doc.Place, "diary_withdrawn")
}
