package web

import (
	"cmp"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"truynguon/internal/fault"
	"truynguon/internal/trace"
)

// TargetsPage shows how the targets of the plan stand on a day.
type TargetsPage struct {
	Base
	Intro  string
	Form   *Form
	Fields []Field
	Rows   []TargetRow
}

// TargetRow is one target in words.
type TargetRow struct {
	Name, Definition, Source string
	// Now is the figure, Parts what it is made of; Before is that of a year before, Goal the next goal.
	Now, Parts, Before, Goal string
	// Light is how it stands in a word, Tone its colour, Why the arithmetic.
	Light, Tone, Why string
	// Bar is how far the goal is reached, 0 to 100.
	Bar int
}

// named is a name of data in the visitor's language.
func (b *Base) named(names map[string]string) string {
	return cmp.Or(names[b.Lang()], names["vi"])
}

// figureText writes a figure: a percentage or a count.
func (b *Base) figureText(t *trace.Target, v float64) string {
	text := strconv.FormatFloat(v, 'f', 1, 64)
	text = strings.TrimSuffix(text, ".0")
	if t.Percent() {
		return b.Number(text) + " %"
	}
	return b.Number(text)
}

// targets shows them for the visitor's unit, or another that is chosen.
func (s *Server) targets(c *request) error {
	unit, day := c.Query("unit"), trace.Date(c.Query("day"))
	if unit == "" && c.actor.Unit != "" {
		unit = c.actor.Unit
	}
	if day == "" {
		day = s.Ledger.Today()
	}
	p := &TargetsPage{Base: s.workBase(c, "targets.title"), Intro: c.words.T("targets.intro")}
	p.Form = newForm(c, "targets")
	p.Form.Values["unit"], p.Form.Values["day"] = []string{unit}, []string{string(day)}
	offered, err := s.unitOptions(c, unit)
	if err != nil {
		return err
	}
	p.Fields = []Field{p.Form.Choice("unit", "select", false, offered), p.Form.Field("day", "date", false)}
	all, err := s.Ledger.Targets(c.ctx(), c.actor, unit, day)
	if err != nil {
		return s.failed(c, p.Form, err, func() error { return s.render(c, "targets", p) })
	}
	for i := range all {
		p.Rows = append(p.Rows, p.row(&all[i]))
	}
	return s.render(c, "targets", p)
}

func (p *TargetsPage) row(st *trace.TargetStatus) TargetRow {
	t := &st.Target
	r := TargetRow{Name: p.named(t.Names), Definition: p.named(t.Definition), Source: p.named(t.Source), Light: p.T("light." + string(st.Light))}
	if t.Status != "verified" {
		r.Source += " (" + p.T("targets.unverified") + ")"
	}
	figure := func(f *trace.Figure) string {
		if !f.Known {
			return p.T("targets.unknown")
		}
		return p.figureText(t, f.Value)
	}
	r.Now, r.Before = figure(&st.Now), figure(&st.YearBefore)
	if st.Now.Known && st.Now.Denominator > 0 {
		r.Parts = p.T("coverage.parts", p.Number(int(st.Now.Numerator)), p.Number(int(st.Now.Denominator)))
	}
	if g := st.Goal; g != nil {
		key := "targets.at_least"
		if g.Over > 0 {
			key = "targets.over"
		}
		r.Goal = p.T(key, p.figureText(t, g.Value()), p.Day(g.By))
		r.Bar = min(int(st.Now.Value/g.Value()*100), 100)
	}
	switch st.Light {
	case trace.LightReached, trace.LightOnTrack:
		r.Tone = "good"
	case trace.LightBehind:
		r.Tone = "warn"
	case trace.LightFar, trace.LightMissed:
		r.Tone = "bad"
	}
	if st.Light == trace.LightOnTrack || st.Light == trace.LightBehind || st.Light == trace.LightFar {
		r.Why = p.T("targets.pace", p.figureText(t, st.Needed), p.figureText(t, st.Pace))
	}
	return r
}

// RegisterPage shows what the register keeps about an organisation.
type RegisterPage struct {
	Base
	Intro   string
	Back    *Link
	Now     []Fact
	Entries []Row
	Actions []Action
	Failed  *Form
}

// register shows it.
func (s *Server) register(c *request) error { return s.showRegister(c, nil) }

func (s *Server) showRegister(c *request, tr *tried) error {
	st, err := s.Ledger.Organisation(c.ctx(), c.Params("id"))
	if err != nil {
		return err
	}
	o := st.Doc
	entries, err := s.Ledger.RegisterOf(c.ctx(), c.actor, o.ID)
	if err != nil {
		return err
	}
	p := &RegisterPage{
		Base: s.workBase(c, "register.title", o.Name), Intro: c.words.T("register.intro"),
		Back: &Link{Href: "/work/organisations/" + o.ID, Label: o.Name},
	}
	if tr != nil {
		p.Failed = tr.form
	}
	superseded := map[string]bool{}
	for _, e := range entries {
		superseded[e.Supersedes] = e.Supersedes != ""
	}
	today := s.Ledger.Today()
	for _, topic := range s.Ledger.Plan.Topics {
		var said []string
		for _, e := range trace.EntriesOn(entries, topic, today) {
			said = append(said, p.entryText(topic, &e))
		}
		value := p.T("register.nothing")
		if len(said) > 0 {
			value = strings.Join(said, "; ")
		} else if topic.Holds == trace.HoldsEvent {
			continue
		}
		p.Now = append(p.Now, Fact{Label: p.named(topic.Names), Value: value})
	}
	for _, e := range entries {
		topic, _ := s.Ledger.Plan.Topic(e.Topic)
		days := p.Day(e.From)
		if e.To != "" {
			days += " – " + p.Day(e.To)
		}
		row := Row{Title: p.named(topic.Names), Notes: []string{days, p.entryText(topic, &e)}}
		if e.Source != "" {
			row.Notes = append(row.Notes, e.Source)
		}
		row.Notes = append(row.Notes, p.T("register.by", e.By.Name, p.DayOf(e.At)))
		switch {
		case e.Void:
			row.Tag, row.Tone = p.T("register.tag.void"), "warn"
			row.Notes = append(row.Notes, e.Reason)
		case superseded[e.ID]:
			row.Tag, row.Tone = p.T("register.superseded"), "warn"
		case e.Supersedes != "":
			row.Tag = p.T("register.corrected")
			row.Notes = append(row.Notes, e.Reason)
		}
		p.Entries = append(p.Entries, row)
	}
	s.registerActions(c, p, &o, entries, superseded, tr)
	return s.render(c, "register", p)
}

// entryText writes what an entry says.
func (b *Base) entryText(topic trace.Topic, e *trace.RegisterEntry) string {
	var parts []string
	if e.Choice != "" {
		parts = append(parts, b.T("register.choice."+e.Choice))
	}
	if topic.Number != nil && !e.Void {
		parts = append(parts, b.Number(e.Number.String())+" "+b.named(topic.Number))
	}
	if e.Text != "" {
		parts = append(parts, e.Text)
	}
	return strings.Join(parts, " · ")
}

// registerActions are a form for each topic that the visitor may say something of, and one to take an
// entry back.
func (s *Server) registerActions(c *request, p *RegisterPage, o *trace.Organisation, entries []trace.RegisterEntry, superseded map[string]bool, tr *tried) {
	judges := s.Ledger.MayJudge(c.actor, o)
	if !judges && !leaders.allows(c.who) {
		return
	}
	post := "/work/organisations/" + o.ID + "/register"
	for _, topic := range s.Ledger.Plan.Topics {
		if topic.Judged && !judges {
			continue
		}
		mine := tr
		if tr != nil && tr.verb != topic.ID {
			mine = nil
		}
		a := Action{Verb: "register", Label: p.named(topic.Names), Post: post}
		if mine != nil {
			a.Form, a.Open = mine.form, true
		} else {
			a.Form = newForm(c, "register")
		}
		a.Form.Scope = topic.ID + "-"
		a.Hidden = []Option{{Value: topic.ID, Label: "topic"}}
		if len(topic.Choices) > 0 {
			a.Fields = append(a.Fields, a.Form.Choice("choice", "select", true, wordedOptions(c.words, "register.choice.", topic.Choices)))
		}
		if topic.Number != nil {
			f := a.Form.Field("number", "number", true)
			f.Label += " (" + p.named(topic.Number) + ")"
			a.Fields = append(a.Fields, f)
		}
		a.Fields = append(a.Fields, a.Form.Field("from", "date", true))
		if topic.Holds == trace.HoldsSpan {
			a.Fields = append(a.Fields, a.Form.Field("to", "date", false))
		}
		a.Fields = append(a.Fields, a.Form.Field("text", "area", topic.Holds == trace.HoldsSpan), a.Form.Field("source", "text", false))
		var old []Option
		for _, e := range entries {
			if e.Topic == topic.ID && !superseded[e.ID] && !e.Void && len(old) < 50 {
				old = append(old, Option{e.ID, p.Day(e.From) + " " + p.entryText(topic, &e)})
			}
		}
		if len(old) > 0 {
			a.Fields = append(a.Fields, a.Form.Choice("supersedes", "select", false, old), a.Form.Field("reason", "text", false), a.Form.Field("void", "check", false))
		}
		p.Actions = append(p.Actions, a)
	}
}

// registerRecord makes an entry.
func (s *Server) registerRecord(c *request) error {
	f := newForm(c, "register")
	f.read(c, "topic", "from", "to", "number", "choice", "text", "source", "supersedes", "reason", "void")
	var t typing
	void := f.Value("void") == "yes"
	d := trace.RegisterDraft{
		Token: f.Token, Organisation: c.Params("id"), Topic: f.Value("topic"), From: t.date(f.Value("from")), To: t.date(f.Value("to")),
		Number: t.number("/number", f.Value("number")), Choice: f.Value("choice"), Text: f.Value("text"), Source: f.Value("source"),
		Supersedes: f.Value("supersedes"), Reason: f.Value("reason"), Void: void,
	}
	_, err := s.Ledger.RecordRegister(c.ctx(), c.actor, d)
	if err = t.explain(err); err != nil {
		return s.failed(c, f, err, func() error { return s.showRegister(c, &tried{f.Value("topic"), f}) })
	}
	return done(c, "/work/organisations/"+c.Params("id")+"/register", "register_recorded")
}

// registerRoutes are the pages of the register and the targets.
func (s *Server) registerRoutes() []route {
	return []route{
		{get, "/work/targets", insiders, s.targets},
		{get, "/work/organisations/:id/register", insiders, s.register},
		{post, "/work/organisations/:id/register", leaders, s.registerRecord},
		{get, "/work/units/:code/edit", admins, s.unitEdit},
		{post, "/work/units/:code/edit", admins, s.unitChange},
	}
}

// unitEdit is the form that changes a unit: it ends, or others take its place.
func (s *Server) unitEdit(c *request) error {
	all, err := s.Ledger.Units(c.ctx())
	if err != nil {
		return err
	}
	u, ok := all[c.Params("code")]
	if !ok {
		return fault.NotFound
	}
	f := newForm(c, "adminUnit")
	for name, value := range map[string]string{
		"code": u.Code, "name": u.Name, "level": u.Level, "parent": u.Parent, "validFrom": string(u.ValidFrom), "validTo": string(u.ValidTo),
		"successors": strings.Join(u.Successors, " "),
	} {
		f.Values[name] = []string{value}
	}
	if u.Population > 0 {
		f.Values["population"] = []string{strconv.Itoa(u.Population)}
	}
	return s.unitForm(c, f, "adminUnit.change")
}

// unitDraft reads the form for a unit.
func unitDraft(f *Form, t *typing) trace.Unit {
	u := trace.Unit{
		Code: f.Value("code"), Name: f.Value("name"), Level: f.Value("level"), Parent: f.Value("parent"),
		ValidFrom: trace.Date(t.date(f.Value("validFrom"))), ValidTo: trace.Date(t.date(f.Value("validTo"))),
		Successors: strings.Fields(strings.ReplaceAll(f.Value("successors"), ",", " ")),
	}
	if text := strings.TrimSpace(f.Value("population")); text != "" {
		n, err := strconv.Atoi(strings.NewReplacer(".", "", " ", "").Replace(text))
		if err != nil {
			n = -1 // refused by the domain, at its field
		}
		u.Population = n
	}
	return u
}

var unitFields = []string{"code", "name", "level", "parent", "validFrom", "validTo", "successors", "population"}

// unitChange changes a unit.
func (s *Server) unitChange(c *request) error {
	f := newForm(c, "adminUnit")
	f.read(c, unitFields...)
	var t typing
	u := unitDraft(f, &t)
	u.Code = c.Params("code")
	if err := s.Ledger.ChangeUnit(c.ctx(), c.actor, u); err != nil {
		return s.failed(c, f, err, func() error { return s.unitForm(c, f, "adminUnit.change") })
	}
	return done(c, "/work/units", "unit_changed")
}

// targetView is how a target stands, for a program.
type targetView struct {
	ID string `json:"id"`
	// Name and Definition are in the language that was asked for.
	Name       string `json:"name"`
	Definition string `json:"definition"`
	// Percent tells that the figures are percentages.
	Percent bool `json:"percent"`
	// Value is the figure on the day, absent if it is not known; Numerator and Denominator are what a share is
	// made of.
	Value       *float64 `json:"value,omitempty"`
	Numerator   int64    `json:"numerator,omitempty"`
	Denominator int64    `json:"denominator,omitempty"`
	// YearBefore is the figure a year before, absent if it is not known.
	YearBefore *float64 `json:"yearBefore,omitempty"`
	// Goal is the next goal and GoalBy its day, absent if the plan names none. GoalOver tells that more than
	// that is wanted.
	Goal     float64    `json:"goal,omitempty"`
	GoalOver bool       `json:"goalOver,omitempty"`
	GoalBy   trace.Date `json:"goalBy,omitempty"`
	// Needed is what each year has to add, Pace what the last one added.
	Needed float64 `json:"needed"`
	Pace   float64 `json:"pace"`
	// Light is reached, on_track, behind, far, missed, unknown or no_goal.
	Light trace.Light `json:"light"`
}

// targetsAPI answers the targets.
func (s *Server) targetsAPI(c *request) error {
	day := trace.Date(c.Query("day"))
	if day == "" {
		day = s.Ledger.Today()
	}
	all, err := s.Ledger.Targets(c.ctx(), c.actor, c.Query("unit"), day)
	if err != nil {
		return err
	}
	b := s.base(c, "targets.title")
	page := listPage[targetView]{Items: []targetView{}}
	for i := range all {
		st := &all[i]
		v := targetView{
			ID: st.Target.ID, Name: b.named(st.Target.Names), Definition: b.named(st.Target.Definition), Percent: st.Target.Percent(),
			Numerator: st.Now.Numerator, Denominator: st.Now.Denominator, Needed: st.Needed, Pace: st.Pace, Light: st.Light,
		}
		if st.Now.Known {
			v.Value = &st.Now.Value
		}
		if st.YearBefore.Known {
			v.YearBefore = &st.YearBefore.Value
		}
		if st.Goal != nil {
			v.Goal, v.GoalOver, v.GoalBy = st.Goal.Value(), st.Goal.Over > 0, st.Goal.By
		}
		page.Items = append(page.Items, v)
	}
	return s.reply(c, reply{status: http.StatusOK, body: page})
}

// targetOperations are the targets for programs.
func (s *Server) targetOperations() []operation {
	return []operation{{
		method: get, path: "/targets", id: "list_targets", who: insiders, success: http.StatusOK,
		summary: "How the targets of the plan stand on a day, each with its definition, its next goal and the pace that it needs.",
		query: []parameter{
			{name: "unit", kind: "string", about: "The code of an administrative unit; without it, all that is recorded here."},
			{name: "day", kind: "string", about: "The day; without it, today."},
		},
		out: reflect.TypeFor[listPage[targetView]](), outTypes: []string{typeJSON}, handle: s.targetsAPI,
	}}
}

// registerPages are these pages with made-up data.
func (k madeUp) registerPages() map[string]view {
	row := TargetRow{Name: or(k.name, "–"), Definition: k.line, Source: k.line, Now: "12", Before: "10", Goal: k.line, Light: k.words.T("light.behind"), Tone: "warn", Why: k.line, Bar: 50}
	targets := &TargetsPage{Base: k.base("official"), Intro: k.line, Form: k.form("targets", "unit", "day"), Rows: each(k.n, row)}
	targets.Fields = []Field{targets.Form.Field("day", "date", false)}
	register := &RegisterPage{
		Base: k.base("official"), Intro: k.line, Back: &Link{Href: "/x", Label: or(k.name, "–")}, Now: each(k.n, Fact{Label: k.name, Value: k.line}), Entries: k.rows(),
		Actions: []Action{{Verb: "register", Label: or(k.name, "–"), Post: "/x", Form: k.form("act")}},
	}
	return map[string]view{"targets": targets, "register": register}
}
