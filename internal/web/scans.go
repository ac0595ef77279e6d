package web

import (
	"bytes"
	"encoding/csv"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"truynguon/internal/trace"
)

// scanRoutes are the pages about scans. They must come before /work/batches/:code/:verb.
func (s *Server) scanRoutes() []route {
	return []route{
		{get, "/work/batches/:code/scans", insiders, s.batchScans},
		{get, "/work/scans", insiders, s.orgScans},
		{get, "/work/copies", insiders, s.copyList},
		{post, "/work/copies/:id/:verb", insiders, s.copyNote},
		{get, "/work/deadstamps", judges, s.deadList},
		{get, "/work/deadstamps.csv", judges, s.deadCSV},
	}
}

// ScansPage shows how often something was scanned.
type ScansPage struct {
	Base
	Back  *Link
	Intro string
	// Bars are the days, Devices and Regions the sums of them.
	Bars             []Bar
	Devices, Regions []Share
	// First and Last are the days at the ends of the drawing, Most the greatest number of a day.
	First, Last, Most string
	Lots              Section
}

// The drawing's size in its own units: a day is dayWide, of which the bar takes all but one.
const (
	chartDays = 30
	chartHigh = 100
	dayWide   = 10
)

// Bar is a day.
type Bar struct {
	X, Y, Wide, High int
	Day, Text        string
	Scans, Visits    int
}

// Share is how many scans came from one kind of device or one region.
type Share struct {
	Name string
	N    int
}

// Drawn is the size of the drawing, as SVG has it.
func (p *ScansPage) Drawn() string {
	return "0 0 " + strconv.Itoa(chartDays*dayWide) + " " + strconv.Itoa(chartHigh)
}

// report fills in what is the same for a lot and an organisation.
func (p *ScansPage) report(r trace.ScanReport) {
	p.Intro = p.T("scans.sum", r.Scans, r.Visits, string(r.From), string(r.To))
	most := 1
	byDay := map[trace.Date]trace.ScanDay{}
	for _, d := range r.Days {
		byDay[d.Day] = d
		most = max(most, d.Scans)
	}
	p.First, p.Last, p.Most = p.Day(r.From), p.Day(r.To), p.Number(most)
	day := r.To.Time(p.Zone())
	for i := range chartDays {
		at := trace.DateOf(day.AddDate(0, 0, i+1-chartDays))
		d := byDay[at]
		b := Bar{X: i * dayWide, Wide: dayWide - 2, Day: p.Day(at), Scans: d.Scans, Visits: d.Visits}
		b.High = (d.Scans*chartHigh + most - 1) / most
		b.Y = chartHigh - b.High
		b.Text = p.T("scans.day", b.Day, d.Scans, d.Visits)
		p.Bars = append(p.Bars, b)
	}
	for _, k := range trace.Devices {
		if n := r.Devices[k]; n > 0 {
			p.Devices = append(p.Devices, Share{p.T("device." + string(k)), n})
		}
	}
	known := 0
	for region, n := range r.Regions {
		p.Regions = append(p.Regions, Share{region, n})
		known += n
	}
	slices.SortFunc(p.Regions, func(a, b Share) int {
		if a.N != b.N {
			return b.N - a.N
		}
		return strings.Compare(a.Name, b.Name)
	})
	p.Regions = p.Regions[:min(len(p.Regions), 20)]
	if known > 0 && r.Scans > known {
		p.Regions = append(p.Regions, Share{p.T("scans.region_unknown"), r.Scans - known})
	}
}

// Table are the days with scans, newest first.
func (p *ScansPage) Table() (out []Bar) {
	for _, b := range slices.Backward(p.Bars) {
		if b.Scans > 0 {
			out = append(out, b)
		}
	}
	return out
}

// batchScans shows how often a lot was scanned.
func (s *Server) batchScans(c *request) error {
	st, err := s.Ledger.Batch(c.ctx(), c.actor, c.Params("code"))
	if err != nil {
		return err
	}
	product, err := s.Ledger.Product(c.ctx(), st.Doc.Product)
	if err != nil {
		return err
	}
	r, err := s.Ledger.Scans(c.ctx(), c.actor, st.Doc.Code, "", "")
	if err != nil {
		return err
	}
	path := "/work/batches/" + st.Doc.Code
	p := &ScansPage{Base: s.workBase(c, "scans.title", product.Doc.Name, st.Doc.Lot), Back: &Link{Href: path, Label: c.words.T("labels.lot")}}
	p.Path = path + "/scans"
	p.report(r)
	return s.render(c, "scans", p)
}

// orgScans shows how often an organisation's lots were scanned.
func (s *Server) orgScans(c *request) error {
	org := c.org()
	if org == "" {
		return s.chooseOrg(c, "menu.scans", "/work/scans")
	}
	r, err := s.Ledger.OrganisationScans(c.ctx(), c.actor, org, "", "")
	if err != nil {
		return err
	}
	top, err := s.Ledger.TopScans(c.ctx(), c.actor, org, r.From, 10)
	if err != nil {
		return err
	}
	o, err := s.Ledger.Organisation(c.ctx(), org)
	if err != nil {
		return err
	}
	p := &ScansPage{Base: s.workBase(c, "scans.org_title", o.Doc.Name)}
	p.keep(c, "org")
	p.report(r)
	var codes []string
	for _, l := range top {
		codes = append(codes, l.Batch)
	}
	lots, err := s.Ledger.BatchesByCode(c.ctx(), c.actor, org, codes)
	if err != nil {
		return err
	}
	var goods []string
	for _, b := range lots {
		goods = append(goods, b.Product)
	}
	products, err := s.Ledger.ProductsByID(c.ctx(), goods)
	if err != nil {
		return err
	}
	p.Lots = Section{Title: c.words.T("scans.top"), Empty: c.words.T("scans.none")}
	for _, l := range top {
		b, ok := lots[l.Batch]
		if !ok {
			continue
		}
		p.Lots.Rows = append(p.Lots.Rows, Row{
			Title: c.words.T("batch.row", products[b.Product].Name, b.Lot), Href: "/work/batches/" + b.Code + "/scans",
			Notes: []string{c.words.T("scans.count", l.Scans, l.Visits)},
		})
	}
	return s.render(c, "scans", p)
}

// CopiesPage lists labels that may have been copied.
type CopiesPage struct {
	Base
	Alerts []CopyRow
	More   *More
	Failed *Form
}

// CopyRow is one label.
type CopyRow struct {
	trace.CopyAlert
	When, Title, Code, Serial, Organisation string
	Tone                                    string
	Reasons                                 []string
	Notes                                   []NoteRow
	Actions                                 []Action
}

// NoteRow is what somebody noted.
type NoteRow struct{ When, By, What, Text string }

// copyList lists labels that may have been copied, newest first.
func (s *Server) copyList(c *request) error { return s.listCopies(c, nil) }

func (s *Server) listCopies(c *request, t *tried) error {
	alerts, next, err := s.Ledger.CopyAlerts(c.ctx(), c.actor, c.org(), c.Query("cursor"), listSize)
	if err != nil {
		return err
	}
	w := c.words
	var orgIDs, codes []string
	for _, a := range alerts {
		orgIDs, codes = append(orgIDs, a.Doc.Organisation), append(codes, a.Doc.Batch)
	}
	orgs, err := s.orgNames(c, orgIDs)
	if err != nil {
		return err
	}
	lots, err := s.Ledger.BatchesSeen(c.ctx(), c.actor, codes)
	if err != nil {
		return err
	}
	p := &CopiesPage{Base: s.workBase(c, "menu.copies"), More: c.more(next)}
	if t != nil {
		p.Failed = t.form
	}
	for _, st := range alerts {
		a := st.Doc
		row := CopyRow{
			CopyAlert: a, When: w.Time(a.At), Organisation: orgs[a.Organisation].Name, Title: w.T("rolls.lot", lots[a.Batch].Lot),
			Tone: map[trace.AlertState]string{trace.AlertOpen: "bad", trace.AlertSeen: "warn", trace.AlertClosed: "good"}[a.State],
		}
		if a.Serial != "" {
			row.Serial = trace.SpellCode(a.Serial)
		}
		for _, r := range a.Reasons {
			row.Reasons = append(row.Reasons, w.T("copyrule."+string(r.Rule), r.Seen, r.Limit, r.Hours))
		}
		for _, n := range slices.Backward(a.Notes) {
			row.Notes = append(row.Notes, NoteRow{w.Time(n.At), n.By.Name, w.T("alert." + string(n.State)), n.Text})
		}
		for _, verb := range []string{"seen", "closed"} {
			if verb == "closed" && !s.Ledger.MayCloseAlert(c.actor, &a) {
				continue
			}
			mine := t
			if t != nil && t.verb != a.ID+verb {
				mine = nil
			} else if t != nil {
				mine = &tried{"alert_" + verb, t.form}
			}
			act := act(c, mine, "alert_"+verb, "alert", "/work/copies/"+a.ID+"/"+verb)
			act.Form.Scope = a.ID + verb + "-"
			act.Fields = []Field{act.Form.Field("note", "area", true)}
			row.Actions = append(row.Actions, act)
		}
		p.Alerts = append(p.Alerts, row)
	}
	return s.render(c, "copies", p)
}

// copyNote notes what was found out or done about a label.
func (s *Server) copyNote(c *request) error {
	id, verb := c.Params("id"), c.Params("verb")
	f := newForm(c, "alert")
	f.read(c, "note")
	_, err := s.Ledger.NoteAlert(c.ctx(), c.actor, id, trace.AlertDraft{State: verb, Note: f.Value("note")})
	if err != nil {
		return s.failed(c, f, err, func() error { return s.listCopies(c, &tried{id + verb, f}) })
	}
	return done(c, "/work/copies", "alert_noted")
}

// DeadPage lists what is on packages and leads to no lot.
type DeadPage struct {
	Base
	Stamps []trace.DeadStamp
	// Rest are days of which not everything was written down.
	Rest []trace.DeadTotal
	CSV  string
	More *More
	// Filter is the form that chooses a day.
	Filter Field
}

// deadList lists dead stamps, the newest day first.
func (s *Server) deadList(c *request) error {
	day := trace.Date(c.Query("day"))
	stamps, next, err := s.Ledger.DeadStamps(c.ctx(), c.actor, day, c.Query("cursor"), listSize)
	if err != nil {
		return err
	}
	totals, err := s.Ledger.DeadTotals(c.ctx(), c.actor)
	if err != nil {
		return err
	}
	f := newForm(c, "dead")
	f.set("day", string(day))
	p := &DeadPage{Base: s.workBase(c, "menu.deadstamps"), Stamps: stamps, More: c.more(next), CSV: "/work/deadstamps.csv", Filter: f.Field("day", "date", false)}
	if day != "" {
		p.CSV += "?day=" + url.QueryEscape(string(day))
	}
	for _, t := range totals {
		if t.Rest > 0 && (day == "" || t.Day == day) {
			p.Rest = append(p.Rest, t)
		}
	}
	return s.render(c, "deadstamps", p)
}

// maxDeadRows bounds the table: some days of full lists.
const maxDeadRows = 10_000

// deadCSV is the list as a table. Cells that a spreadsheet would take for a formula begin with an apostrophe.
func (s *Server) deadCSV(c *request) error {
	var b bytes.Buffer
	b.WriteString("\ufeff") // for Excel, which takes it for Latin otherwise
	out := csv.NewWriter(&b)
	_ = out.Write([]string{"day", "kind", "text", "count"}) // to memory: Flush tells
	after, rows := "", 0
	for {
		stamps, next, err := s.Ledger.DeadStamps(c.ctx(), c.actor, trace.Date(c.Query("day")), after, 1000)
		if err != nil {
			return err
		}
		for _, d := range stamps {
			text := d.Text
			if strings.ContainsAny(text[:1], "=+-@\t\r") {
				text = "'" + text
			}
			_ = out.Write([]string{string(d.Day), string(d.Kind), text, strconv.Itoa(d.Count)})
			rows++
		}
		if after = next; next == "" || rows >= maxDeadRows {
			break
		}
	}
	out.Flush()
	c.Set(fiber.HeaderContentType, "text/csv; charset=utf-8")
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="tem-chet.csv"`)
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.Send(b.Bytes())
}
