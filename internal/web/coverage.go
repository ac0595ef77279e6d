package web

import (
	"cmp"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"truynguon/internal/auth"
	"truynguon/internal/trace"
)

// CoveragePage shows how much of what is sold can be traced and is safe: the public figures, with what
// they are made of and what they leave out.
type CoveragePage struct {
	Base
	// Unit is what the figures are of, in words, and When the period.
	Unit, When string
	Form       *Form
	Fields     []Field
	// Share is the figure in words, empty if there is nothing to take a share of; Parts are its numerator
	// and denominator.
	Share, Parts string
	// Bar is the share for a bar, 0 to 100.
	Bar int
	// Tone is its colour.
	Tone string
	// Stale tells how many changes the figures do not tell of yet, in words.
	Stale    string
	AsOf     string
	Tables   []CoverageTable
	Reasons  []CoverageRow
	Chart    *CoverageChart
	Map      *CoverageMap
	Unlotted []Row
	Seen     []Row
	Pauses   []Row
	// Gaps leads to the lots that miss something, for those who are signed in.
	Gaps *Link
	// Data are the same figures for programs and spreadsheets.
	Data []Link
}

// CoverageTable lists the figures of parts.
type CoverageTable struct {
	Title string
	// Rows are those that need somebody first, Others those that follow behind a fold.
	Rows, Others []CoverageRow
}

// CoverageRow is one line with a bar.
type CoverageRow struct {
	Name, Href, Share, Parts string
	Bar                      int
	Tone                     string
}

// CoverageChart is a bar for each month.
type CoverageChart struct {
	Title, Text string
	Width       int
	Bars        []CoverageBar
}

// CoverageBar is a month's bar: its lots, and how many of them are complete, in the chart's units.
type CoverageBar struct {
	X, Y, H, DoneY, DoneH int
	Label, Text           string
}

// CoverageMap shows units as tiles, where they lie to each other if that is known.
type CoverageMap struct {
	Title         string
	Width, Height int
	Tiles         []CoverageTile
}

// CoverageTile is one unit.
type CoverageTile struct {
	X, Y              int
	Lines             []string
	Share, Tone, Text string
	Href              string
}

const perCent = 10 // thousandths in a hundredth

// shareText writes thousandths as a percentage, "97,5 %".
func (b *Base) shareText(perMille int) string {
	if perMille < 0 {
		return b.T("coverage.nothing")
	}
	return b.Number(strconv.Itoa(perMille/perCent)+"."+strconv.Itoa(perMille%perCent)) + " %"
}

func shareTone(perMille int) string {
	switch {
	case perMille < 0:
		return ""
	case perMille == 1000:
		return "good"
	case perMille >= 800:
		return "warn"
	}
	return "bad"
}

// coverageQuestion reads what an address asks for: a period's ID, or two days.
func (s *Server) coverageQuestion(c *request) trace.CoverageQuestion {
	q := trace.CoverageQuestion{
		Unit: strings.TrimSpace(c.Query("unit")), Organisation: strings.TrimSpace(c.Query("organisation")),
		Product: strings.TrimSpace(c.Query("product")), From: trace.Date(c.Query("from")), To: trace.Date(c.Query("to")),
	}
	period, ok := trace.ParsePeriod(c.Query("period"))
	switch {
	case ok:
		q.From, q.To = period.From, period.To
	case q.From == "" && q.To == "":
		today := s.Ledger.Today()
		q.From, q.To = today[:4]+"-01-01", today
	}
	return q
}

// coverage shows the public figures.
func (s *Server) coverage(c *request) error {
	q := s.coverageQuestion(c)
	p := &CoveragePage{Base: s.base(c, "coverage.title")}
	p.keep(c, "unit", "organisation", "product", "period", "from", "to")
	p.NoIndex = false
	p.Wide = true
	if err := s.coverageForm(c, p, q); err != nil {
		return err
	}
	report, err := s.Ledger.Coverage(c.ctx(), q)
	if err != nil {
		return s.failed(c, p.Form, err, func() error { return s.render(c, "coverage", p) })
	}
	units, err := s.Ledger.Units(c.ctx())
	if err != nil {
		return err
	}
	p.fill(&report, q, units)
	if c.who.Known() {
		p.Gaps = &Link{Href: "/work/coverage/gaps?" + coverageAddress(q), Label: p.T("coverage.gaps.link")}
	}
	p.Data = []Link{{Href: "/api/v1/coverage?" + coverageAddress(q), Label: "JSON"}}
	return s.render(c, "coverage", p)
}

// coverageForm is the form that narrows the figures down.
func (s *Server) coverageForm(c *request, p *CoveragePage, q trace.CoverageQuestion) error {
	units, err := s.Ledger.Units(c.ctx())
	if err != nil {
		return err
	}
	f := newForm(c, "coverage")
	for name, value := range map[string]string{"unit": q.Unit, "period": c.Query("period"), "from": string(q.From), "to": string(q.To)} {
		f.Values[name] = []string{value}
	}
	var offered []Option
	for code, u := range units {
		if u.Level != "huyen" || code == q.Unit {
			offered = append(offered, Option{code, u.Name})
		}
	}
	slices.SortFunc(offered, func(a, b Option) int { return cmp.Or(cmp.Compare(a.Label, b.Label), cmp.Compare(a.Value, b.Value)) })
	var periods []Option
	for _, period := range trace.PeriodsAround(s.Ledger.Today()) {
		periods = append(periods, Option{period.ID, p.periodName(period)})
	}
	p.Form = f
	unit := f.Choice("unit", "select", false, offered)
	period := f.Choice("period", "select", false, periods)
	p.Fields = []Field{unit, period, f.Field("from", "date", false), f.Field("to", "date", false)}
	return nil
}

// periodName writes a period in words: "Quý III năm 2026".
func (b *Base) periodName(p trace.Period) string {
	year := p.ID[:4]
	switch kind := p.ID[4:]; {
	case kind == "":
		return b.T("period.year", year)
	case kind[1] == 'H':
		return b.T("period.half."+kind[2:], year)
	case kind[1] == 'Q':
		return b.T("period.quarter."+kind[2:], year)
	default:
		return b.T("period.month", kind[1:], year)
	}
}

func coverageAddress(q trace.CoverageQuestion) string {
	v := url.Values{"from": {string(q.From)}, "to": {string(q.To)}}
	for name, value := range map[string]string{"unit": q.Unit, "organisation": q.Organisation, "product": q.Product} {
		if value != "" {
			v.Set(name, value)
		}
	}
	return v.Encode()
}

// fill puts the figures on the page.
func (p *CoveragePage) fill(r *trace.CoverageReport, q trace.CoverageQuestion, units map[string]trace.Unit) {
	p.Unit = p.T("coverage.everywhere")
	if u, ok := units[r.Unit]; ok {
		p.Unit = u.Name
	}
	p.When = p.T("coverage.when", p.Day(r.From), p.Day(r.To))
	p.AsOf = p.Time(r.AsOf)
	if r.Pending > 0 {
		p.Stale = p.T("coverage.pending")
	}
	if share := r.PerMille(); share >= 0 {
		p.Share, p.Bar, p.Tone = p.shareText(share), share/perCent, shareTone(share)
		p.Parts = p.parts(&r.CoverageFigure)
	}
	link := func(q trace.CoverageQuestion) string { return "/coverage?" + coverageAddress(q) }
	row := func(part *trace.CoveragePart, name, href string) CoverageRow {
		share := part.PerMille()
		return CoverageRow{Name: name, Href: href, Share: p.shareText(share), Parts: p.parts(&part.CoverageFigure), Bar: max(share, 0) / perCent, Tone: shareTone(share)}
	}
	table := func(title string, parts []trace.CoveragePart, to func(*trace.CoveragePart) string) {
		t := CoverageTable{Title: p.T(title)}
		for i := range parts {
			t.Rows = append(t.Rows, row(&parts[i], parts[i].Name, to(&parts[i])))
		}
		if len(t.Rows) > coverageFold {
			t.Rows, t.Others = t.Rows[:coverageFold], t.Rows[coverageFold:]
		}
		if len(t.Rows) > 0 {
			p.Tables = append(p.Tables, t)
		}
	}
	if q.Organisation == "" && q.Product == "" {
		table("coverage.units", r.Units, func(part *trace.CoveragePart) string {
			if part.ID == q.Unit {
				return ""
			}
			as := q
			as.Unit = part.ID
			return link(as)
		})
		p.Map = p.tiles(r.Units, units, func(id string) string { as := q; as.Unit = id; return link(as) })
	}
	if q.Product == "" {
		table("coverage.organisations", r.Organisations, func(part *trace.CoveragePart) string {
			as := q
			as.Organisation = part.ID
			return link(as)
		})
	}
	table("coverage.products", r.Products, func(part *trace.CoveragePart) string {
		as := q
		as.Product, as.Organisation = part.ID, part.Organisation
		return link(as)
	})
	for _, code := range r.Reasons() {
		n := r.Missing[code]
		p.Reasons = append(p.Reasons, CoverageRow{Name: p.T("missing." + code), Share: p.N("coverage.lots", n), Bar: n * 100 / max(r.Lots, 1), Tone: "bad"})
	}
	p.Chart = p.chart(r.Months)
	for _, product := range r.UnlottedProducts {
		p.Unlotted = append(p.Unlotted, Row{Title: product.Name, Href: "/p/" + product.Organisation, Notes: []string{partName(r.Organisations, product.Organisation)}})
	}
	for _, seen := range r.Sightings {
		p.Seen = append(p.Seen, Row{Title: seen.Name, Notes: []string{seen.Where, p.Day(seen.Seen)}})
	}
	for _, pause := range r.Pauses {
		until := p.T("coverage.open")
		if pause.To != "" {
			until = p.Day(pause.To)
		}
		p.Pauses = append(p.Pauses, Row{Title: pause.Reason, Href: "/p/" + pause.Organisation, Notes: []string{p.T("coverage.when", p.Day(pause.From), until)}})
	}
}

func partName(parts []trace.CoveragePart, id string) string {
	for i := range parts {
		if parts[i].ID == id {
			return parts[i].Name
		}
	}
	return ""
}

// coverageFold is how many rows of a table show without a fold.
const coverageFold = 10

// parts writes what a share is made of.
func (b *Base) parts(f *trace.CoverageFigure) string {
	return b.T("coverage.parts", b.Number(f.Numerator()), b.Number(f.Denominator()))
}

const (
	chartHeight = 120
	chartStep   = 46
	chartMonths = 24
)

// chart draws the lots of the latest months.
func (p *CoveragePage) chart(months []trace.CoveragePart) *CoverageChart {
	if len(months) < 2 {
		return nil
	}
	if len(months) > chartMonths {
		months = months[len(months)-chartMonths:]
	}
	most := 1
	for i := range months {
		most = max(most, months[i].Lots)
	}
	ch := &CoverageChart{Title: p.T("coverage.months"), Text: p.T("coverage.months.text"), Width: chartStep*len(months) + 4}
	for i := range months {
		m := &months[i]
		h, done := m.Lots*chartHeight/most, m.Complete*chartHeight/most
		ch.Bars = append(ch.Bars, CoverageBar{
			X: chartStep*i + 4, Y: chartHeight - h + 16, H: h, DoneY: chartHeight - done + 16, DoneH: done, Label: m.ID[5:] + "/" + m.ID[2:4],
			Text: p.T("coverage.month", m.ID[5:]+"/"+m.ID[:4], p.Number(m.Complete), p.Number(m.Lots)),
		})
	}
	return ch
}

const (
	tileWidth  = 150
	tileHeight = 74
)

// tiles lays units out in a grid: by where they lie if every one has its middle recorded, and else by name.
func (p *CoveragePage) tiles(parts []trace.CoveragePart, units map[string]trace.Unit, link func(string) string) *CoverageMap {
	if len(parts) < 2 || len(parts) > 60 {
		return nil
	}
	parts = slices.Clone(parts)
	slices.SortFunc(parts, func(a, b trace.CoveragePart) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	columns := 1
	for columns*columns < len(parts) {
		columns++
	}
	m := &CoverageMap{Title: p.T("coverage.map"), Width: columns * tileWidth, Height: (len(parts) + columns - 1) / columns * tileHeight}
	for i := range parts {
		part := &parts[i]
		share := part.PerMille()
		m.Tiles = append(m.Tiles, CoverageTile{
			X: i % columns * tileWidth, Y: i / columns * tileHeight, Lines: twoLines(units[part.ID].Name), Share: p.shareText(share),
			Tone: shareTone(share), Text: part.Name + ": " + p.shareText(share) + ", " + p.parts(&part.CoverageFigure), Href: link(part.ID),
		})
	}
	return m
}

// twoLines breaks a name for a tile.
func twoLines(name string) []string {
	const width = 17
	var lines []string
	for _, word := range strings.Fields(name) {
		if n := len(lines); n > 0 && len([]rune(lines[n-1]))+len([]rune(word)) < width {
			lines[n-1] += " " + word
			continue
		}
		lines = append(lines, word)
	}
	if len(lines) > 2 {
		lines = append(lines[:1], lines[1]+"…")
	}
	return lines
}

// CoverageGapsPage lists what keeps lots out of the figure, each with a way to mend it.
type CoverageGapsPage struct {
	Base
	Intro   string
	Rows    []Row
	More    *More
	Actions []Action
	Failed  *Form
	Pauses  Section
	Seen    []SightingRow
}

// SightingRow is something seen on sale, with the form that says what became of it.
type SightingRow struct {
	Row
	Resolving *Action
}

// coverageGaps lists them.
func (s *Server) coverageGaps(c *request) error { return s.showGaps(c, nil) }

func (s *Server) showGaps(c *request, t *tried) error {
	q := s.coverageQuestion(c)
	if q.Organisation == "" && c.actor.Org != "" {
		q.Organisation = c.actor.Org
	}
	if q.Unit == "" && q.Organisation == "" {
		q.Unit = c.actor.Unit
	}
	gaps, next, err := s.Ledger.CoverageGaps(c.ctx(), c.actor, q, c.Query("cursor"), listSize)
	if err != nil {
		return err
	}
	p := &CoverageGapsPage{Base: s.workBase(c, "coverage.gaps"), Intro: c.words.T("coverage.gaps.intro", c.words.Date(string(q.From)), c.words.Date(string(q.To))), More: c.more(next)}
	var orgIDs, productIDs []string
	for _, g := range gaps {
		orgIDs, productIDs = append(orgIDs, g.Organisation), append(productIDs, g.Product)
	}
	orgs, err := s.orgNames(c, orgIDs)
	if err != nil {
		return err
	}
	goods, err := s.Ledger.ProductsByID(c.ctx(), productIDs)
	if err != nil {
		return err
	}
	for _, g := range gaps {
		row := Row{Title: goods[g.Product].Name, Code: g.Lot, Href: "/l/" + g.Batch}
		if insiders.allows(c.who) {
			row.Href = "/work/batches/" + g.Batch
		}
		if c.actor.Org == "" {
			row.Notes = append(row.Notes, orgs[g.Organisation].Name)
		}
		row.Notes = append(row.Notes, c.words.T("coverage.released", c.words.Date(string(g.Released))))
		for _, code := range g.Missing {
			row.Notes = append(row.Notes, c.words.T("missing."+code))
			if href := mendAt(code, &g); href != "" && keepers.allows(c.who) {
				row.Links = append(row.Links, Link{Href: href, Label: c.words.T("mend." + mendWhat(code))})
			}
		}
		row.Links = slices.CompactFunc(row.Links, func(a, b Link) bool { return a == b })
		p.Rows = append(p.Rows, row)
	}
	if err := s.gapActions(c, p, t); err != nil {
		return err
	}
	return s.render(c, "coveragegaps", p)
}

// mendWhat is what has to be mended for a code to go.
func mendWhat(code string) string {
	switch code {
	case "image", "standards":
		return "product"
	case "address":
		return "organisation"
	case trace.GapBasis:
		return "certificate"
	case "safety_gate":
		return "diary"
	}
	return "lot"
}

// mendAt is the page on which it is mended.
func mendAt(code string, g *trace.CoverageGap) string {
	switch mendWhat(code) {
	case "product":
		return "/work/products/" + g.Product + "/edit"
	case "organisation":
		return "/work/organisations/" + g.Organisation + "/edit"
	case "certificate":
		return "/work/certificates/new"
	}
	return ""
}

// gapActions are the statements that people make about what is sold without lots.
func (s *Server) gapActions(c *request, p *CoverageGapsPage, t *tried) error {
	if t != nil {
		p.Failed = t.form
	}
	if c.actor.Org != "" && keepers.allows(c.who) {
		mine, _, err := s.Ledger.Products(c.ctx(), c.actor, "", "", choiceSize)
		if err != nil {
			return err
		}
		var offered []Option
		for _, pr := range mine {
			offered = append(offered, Option{pr.Doc.ID, pr.Doc.Name})
		}
		a := act(c, t, "pause_sale", "pause", "/work/coverage/pauses")
		a.Fields = []Field{a.Form.Choice("product", "select", true, offered), a.Form.Field("from", "date", true), a.Form.Field("to", "date", false), a.Form.Field("reason", "area", true)}
		p.Actions = append(p.Actions, a)
		pauses, _, err := s.Ledger.SalePauses(c.ctx(), c.actor, "", "", workShow)
		if err != nil {
			return err
		}
		p.Pauses.Title = c.words.T("coverage.pauses")
		names, err := s.Ledger.ProductsByID(c.ctx(), productsIn(pauses))
		if err != nil {
			return err
		}
		for _, st := range pauses {
			row := Row{Title: names[st.Doc.Product].Name, Notes: []string{c.words.Date(string(st.Doc.From)), st.Doc.Reason}}
			if st.Doc.Withdrawn != nil {
				row.Tag = c.words.T("coverage.withdrawn")
			}
			p.Pauses.Rows = append(p.Pauses.Rows, row)
		}
	}
	if judges.allows(c.who) {
		a := act(c, t, "record_sighting", "sighting", "/work/coverage/sightings")
		a.Fields = []Field{a.Form.Field("name", "text", true), a.Form.Field("where", "text", true), a.Form.Field("seen", "date", true), a.Form.Field("organisation", "text", false)}
		if c.who.Is(auth.Admin) {
			a.Fields = append(a.Fields, a.Form.Field("unit", "text", true))
		}
		p.Actions = append(p.Actions, a)
		seen, _, err := s.Ledger.Sightings(c.ctx(), c.actor, true, "", listSize)
		if err != nil {
			return err
		}
		for _, st := range seen {
			g := st.Doc
			row := SightingRow{Row: Row{Title: g.Name, Notes: []string{g.Where, c.words.Date(string(g.Seen))}}}
			if g.Resolved == nil {
				mine := t
				if t != nil && t.verb != g.ID {
					mine = nil
				} else if t != nil {
					mine = &tried{"resolve", t.form}
				}
				a := act(c, mine, "resolve", "resolving", "/work/coverage/sightings/"+g.ID+"/resolve")
				a.Form.Scope = g.ID + "-"
				a.Fields = []Field{a.Form.Field("reason", "area", true)}
				row.Resolving = &a
			}
			p.Seen = append(p.Seen, row)
		}
	}
	return nil
}

func productsIn(pauses []trace.Stored[trace.SalePause]) (ids []string) {
	for _, p := range pauses {
		ids = append(ids, p.Doc.Product)
	}
	return ids
}

// salePause records that a product is not sold for a time.
func (s *Server) salePause(c *request) error {
	f := newForm(c, "pause")
	f.read(c, "product", "from", "to", "reason")
	var t typing
	_, err := s.Ledger.PauseSale(c.ctx(), c.actor, trace.SalePauseDraft{
		Token: f.Token, Product: f.Value("product"), From: t.date(f.Value("from")), To: t.date(f.Value("to")), Reason: f.Value("reason"),
	})
	if err != nil {
		return s.failed(c, f, err, func() error { return s.showGaps(c, &tried{"pause_sale", f}) })
	}
	return done(c, "/work/coverage/gaps", "pause_recorded")
}

// sightingRecord records what an official saw on sale.
func (s *Server) sightingRecord(c *request) error {
	f := newForm(c, "sighting")
	f.read(c, "name", "where", "seen", "organisation", "unit")
	var t typing
	_, err := s.Ledger.RecordSighting(c.ctx(), c.actor, trace.SightingDraft{
		Token: f.Token, Name: f.Value("name"), Where: f.Value("where"), Seen: t.date(f.Value("seen")),
		Organisation: strings.TrimSpace(f.Value("organisation")), Unit: strings.TrimSpace(f.Value("unit")),
	})
	if err != nil {
		return s.failed(c, f, err, func() error { return s.showGaps(c, &tried{"record_sighting", f}) })
	}
	return done(c, "/work/coverage/gaps", "sighting_recorded")
}

// sightingResolve says what became of it.
func (s *Server) sightingResolve(c *request) error {
	f := newForm(c, "resolving")
	f.read(c, "reason")
	if _, err := s.Ledger.ResolveSighting(c.ctx(), c.actor, c.Params("id"), f.Value("reason")); err != nil {
		return s.failed(c, f, err, func() error { return s.showGaps(c, &tried{c.Params("id"), f}) })
	}
	return done(c, "/work/coverage/gaps", "sighting_resolved")
}

// coverageRoutes are the pages about the figures.
func (s *Server) coverageRoutes() []route {
	return []route{
		{get, "/coverage", anyone, s.coverage},
		{get, "/work/coverage/gaps", signedIn, s.coverageGaps},
		{post, "/work/coverage/pauses", keepers, s.salePause},
		{post, "/work/coverage/sightings", judges, s.sightingRecord},
		{post, "/work/coverage/sightings/:id/resolve", judges, s.sightingResolve},
	}
}

// coverageView is the figure for a program, with a page of the lots that are missing.
type coverageView struct {
	// Unit is the code of the unit asked about, From and To the first and last day of the period.
	Unit string     `json:"unit,omitempty"`
	From trace.Date `json:"from"`
	To   trace.Date `json:"to"`
	// Numerator of Denominator lots, and products without lots, are traceable and safe as far as the records
	// prove. PerMille is the share in thousandths, rounded down, -1 if the denominator is 0.
	Numerator   int `json:"numerator"`
	Denominator int `json:"denominator"`
	PerMille    int `json:"perMille"`
	trace.CoverageFigure
	// Units, Organisations, Products and Months are what the figure is made of.
	Units         []trace.CoveragePart `json:"units,omitempty"`
	Organisations []trace.CoveragePart `json:"organisations,omitempty"`
	Products      []trace.CoveragePart `json:"products,omitempty"`
	Months        []trace.CoveragePart `json:"months,omitempty"`
	// UnlottedProducts are known to be sold and had no lot in the period; Sightings were seen on sale without
	// one; Pauses are the statements that keep products out of the denominator.
	UnlottedProducts []trace.UnlottedProduct `json:"unlottedProducts,omitempty"`
	Sightings        []sightingView          `json:"sightings,omitempty"`
	Pauses           []salePauseView         `json:"pauses,omitempty"`
	// AsOf is when this was computed, and Pending how many parts of it wait for being computed anew.
	AsOf    time.Time `json:"asOf"`
	Pending int       `json:"pending"`
	// Gaps are the lots that are missing, the latest released first. Those who have no key are not told.
	Gaps []trace.CoverageGap `json:"missingLots,omitempty"`
	// Next is the cursor of the lots that follow; it is absent at the end.
	Next string `json:"next,omitempty"`
}

// sightingView is something seen on sale without a lot.
type sightingView struct {
	ID string `json:"id"`
	// Name is what was on sale, Where the market or shop, Seen the day.
	Name         string     `json:"name"`
	Where        string     `json:"where"`
	Seen         trace.Date `json:"seen"`
	Organisation string     `json:"organisation,omitempty"`
	Unit         string     `json:"unit"`
}

// salePauseView is a statement that a product is not on sale for a time.
type salePauseView struct {
	ID           string `json:"id"`
	Product      string `json:"product"`
	Organisation string `json:"organisation"`
	// From and To are its first and last day; without To it holds until further notice.
	From   trace.Date `json:"from"`
	To     trace.Date `json:"to,omitempty"`
	Reason string     `json:"reason"`
	// At is when it was said.
	At time.Time `json:"at"`
}

func viewCoverage(r *trace.CoverageReport) coverageView {
	v := coverageView{
		Unit: r.Unit, From: r.From, To: r.To, Numerator: r.Numerator(), Denominator: r.Denominator(), PerMille: r.PerMille(),
		CoverageFigure: r.CoverageFigure, Units: r.Units, Organisations: r.Organisations, Products: r.Products, Months: r.Months,
		UnlottedProducts: r.UnlottedProducts, AsOf: r.AsOf, Pending: r.Pending,
	}
	for _, g := range r.Sightings {
		v.Sightings = append(v.Sightings, sightingView{ID: g.ID, Name: g.Name, Where: g.Where, Seen: g.Seen, Organisation: g.Organisation, Unit: g.Unit})
	}
	for _, p := range r.Pauses {
		v.Pauses = append(v.Pauses, salePauseView{ID: p.ID, Product: p.Product, Organisation: p.Organisation, From: p.From, To: p.To, Reason: p.Reason, At: p.At})
	}
	return v
}

// coverageAPI answers the figure.
func (s *Server) coverageAPI(c *request) error {
	q := s.coverageQuestion(c)
	report, err := s.Ledger.Coverage(c.ctx(), q)
	if err != nil {
		return err
	}
	v := viewCoverage(&report)
	if c.who.Known() {
		after, limit, err := c.paging()
		if err != nil {
			return err
		}
		if v.Gaps, v.Next, err = s.Ledger.CoverageGaps(c.ctx(), c.actor, q, after, limit); err != nil {
			return err
		}
	}
	return s.reply(c, reply{status: http.StatusOK, body: v})
}

// coverageOperations are the figures for programs.
func (s *Server) coverageOperations() []operation {
	period := []parameter{
		{name: "unit", kind: "string", about: "The code of an administrative unit; without it, all that is recorded here."},
		paramOrganisation, paramProduct,
		{name: "period", kind: "string", about: "2026, 2026-H1, 2026-Q3 or 2026-11, instead of from and to."},
		{name: "from", kind: "string", about: "The first day; without any, the first of this year."},
		{name: "to", kind: "string", about: "The last day; without any, today."},
	}
	return []operation{{
		method: get, path: "/coverage", id: "coverage", who: anyone, success: http.StatusOK,
		summary: "The share of what is sold that is traceable and safe: numerator, denominator, and every product that is missing. With a key, also the lots that are missing, each with why.",
		query:   append(period, paramCursor, paramLimit),
		out:     reflect.TypeFor[coverageView](), outTypes: []string{typeJSON}, handle: s.coverageAPI,
	}}
}
