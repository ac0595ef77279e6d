package trace

import (
	"cmp"
	"context"
	"slices"
	"time"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// ReportFigures are the figures of a report, taken at one time. Beside each stands what the same question
// answers for the period before and for the same period a year before; nil there means that nothing was
// recorded yet, which is not nought.
type ReportFigures struct {
	// AsOf is when they were taken. Pending tells that changes of the last minutes were still being counted.
	AsOf    time.Time `json:"asOf"`
	Pending int       `json:"pending,omitempty"`
	// Previous and YearBefore are the periods compared with.
	Previous   Period `json:"previous"`
	YearBefore Period `json:"yearBefore"`
	// Coverage is the share of what is sold that is traceable and safe, as Ledger.Coverage defines it. Units,
	// Organisations and Products are its parts, the lowest share first.
	Coverage      ReportRow   `json:"coverage"`
	Units         []ReportRow `json:"units"`
	Organisations []ReportRow `json:"organisations"`
	Products      []ReportRow `json:"products"`
	// Cut is how many products were left out of the list because there are more than a thousand.
	Cut      int               `json:"cut,omitempty"`
	Unlotted []UnlottedProduct `json:"unlotted"`
	// Targets are those of the plan on the last day.
	Targets []ReportTarget `json:"targets"`
	// Expiring are the verified certificates whose last day is within 90 days after the period.
	Expiring []ReportCertificate `json:"expiring"`
	Recalls  []ReportRecall      `json:"recalls"`
	// Counts are counts by code: "recalls", "doubts", "doubts_answered", "sightings",
	// "pauses".
	Counts []ReportCount `json:"counts"`
	// Register counts organisations on the last day by legal form and status.
	Register []RegisterCount `json:"register"`
}

// ReportRow is a coverage figure with those that it is compared with.
type ReportRow struct {
	// ID is the code of the unit, or the id of the organisation or product; Name what it was called.
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
	// Organisation is the name of the organisation that a product is of.
	Organisation string          `json:"organisation,omitempty"`
	Now          CoverageFigure  `json:"now"`
	Previous     *CoverageFigure `json:"previous,omitempty"`
	YearBefore   *CoverageFigure `json:"yearBefore,omitempty"`
}

// ReportTarget is how a target of the plan stood on the last day of a period.
type ReportTarget struct {
	ID    string            `json:"id"`
	Names map[string]string `json:"names"`
	// Percent tells that the figures are percentages.
	Percent bool `json:"percent,omitempty"`
	// Value is the figure on the last day, Previous on the last day of the period before, YearBefore a year
	// before; nil if it is not known.
	Value      *float64 `json:"value,omitempty"`
	Previous   *float64 `json:"previous,omitempty"`
	YearBefore *float64 `json:"yearBefore,omitempty"`
	// Goal is the next goal, 0 if there is none. GoalOver tells that more than that is wanted.
	Goal     float64 `json:"goal,omitempty"`
	GoalOver bool    `json:"goalOver,omitempty"`
	GoalBy   Date    `json:"goalBy,omitempty"`
	Light    Light   `json:"light"`
}

// ReportCertificate is a certificate that ends soon after the period.
type ReportCertificate struct {
	ID           string `json:"id"`
	Scheme       string `json:"scheme"`
	Number       string `json:"number"`
	Organisation string `json:"organisation"`
	EndDate      Date   `json:"endDate"`
}

// ReportRecall is a recall that took effect in the period; exercises are left out.
type ReportRecall struct {
	ID           string     `json:"id"`
	Kind         RecallKind `json:"kind"`
	Organisation string     `json:"organisation"`
	Reason       string     `json:"reason"`
	Lots         int        `json:"lots"`
	Opened       Date       `json:"opened"`
	// Closed is the day on which it ended, empty if it had not when the figures were taken.
	Closed Date `json:"closed,omitempty"`
}

// ReportCount is a count with those that it is compared with.
type ReportCount struct {
	Code       string `json:"code"`
	Now        int    `json:"now"`
	Previous   *int   `json:"previous,omitempty"`
	YearBefore *int   `json:"yearBefore,omitempty"`
}

// RegisterCount counts organisations of one legal form and status on the last day of the periods.
type RegisterCount struct {
	Form       LegalType `json:"form"`
	Status     string    `json:"status"`
	Now        int       `json:"now"`
	Previous   *int      `json:"previous,omitempty"`
	YearBefore *int      `json:"yearBefore,omitempty"`
}

// Count finds a count by its code, the zero ReportCount if there is none.
func (f *ReportFigures) Count(code string) ReportCount {
	for _, c := range f.Counts {
		if c.Code == code {
			return c
		}
	}
	return ReportCount{Code: code}
}

// reportPeriods answers the periods that a report compares with. Whole months are compared with as many
// months before, other times with as many days before.
func reportPeriods(id string, from, to Date) (previous, yearBefore Period) {
	if p, ok := ParsePeriod(id); ok {
		return p.Previous(), p.YearBefore()
	}
	start, end := from.Time(time.UTC), to.Time(time.UTC)
	wholeMonths := start.Day() == 1 && end.AddDate(0, 0, 1).Day() == 1
	if wholeMonths {
		n := (Period{From: from, To: to}).months()
		previous = Period{From: DateOf(start.AddDate(0, -n, 0)), To: from.AddDays(-1)}
		yearBefore = Period{From: DateOf(start.AddDate(-1, 0, 0)), To: DateOf(end.AddDate(0, 0, 1).AddDate(-1, 0, -1))}
		return previous, yearBefore
	}
	days := int(end.Sub(start).Hours()/24) + 1
	previous = Period{From: from.AddDays(-days), To: from.AddDays(-1)}
	return previous, Period{From: yearEarlier(from), To: yearEarlier(to)}
}

// yearEarlier is the same day of the year before; 28 February for 29 February.
func yearEarlier(d Date) Date {
	t := d.Time(time.UTC)
	if t.Month() == time.February && t.Day() == 29 {
		t = t.AddDate(0, 0, -1)
	}
	return DateOf(t.AddDate(-1, 0, 0))
}

// reportFigures takes the figures of a report.
func (l *Ledger) reportFigures(ctx context.Context, by Actor, r *PeriodReport) (f ReportFigures, err error) {
	f.AsOf = l.stamp()
	f.Previous, f.YearBefore = reportPeriods(r.Period, r.From, r.To)
	periods := []Period{{From: r.From, To: r.To}, f.Previous, f.YearBefore}
	orgs, recorded, err := l.recordedIn(ctx, r.Unit)
	if err != nil {
		return f, err
	}
	since := Date("9999-12-31") // before it nothing is known, and a count of nought would be a claim
	for _, day := range recorded {
		since = min(since, day)
	}
	var reports [3]*CoverageReport
	for i, p := range periods {
		c, err := l.Coverage(ctx, CoverageQuestion{Unit: r.Unit, From: p.From, To: p.To})
		if err != nil {
			return f, err
		}
		reports[i] = &c
	}
	f.addCoverage(reports, orgs)
	if err := l.addTargets(ctx, by, &f, r, periods); err != nil {
		return f, err
	}
	if err := l.addExpiring(ctx, &f, r, orgs); err != nil {
		return f, err
	}
	counts := map[string]*[3]int{}
	for _, code := range reportCounts {
		counts[code] = &[3]int{}
	}
	for i, p := range periods {
		if err := l.countRecalls(ctx, &f, r.Unit, i, p, orgs, counts["recalls"]); err != nil {
			return f, err
		}
		if err := l.countDoubts(ctx, r.Unit, i, p, counts); err != nil {
			return f, err
		}
		counts["sightings"][i], counts["pauses"][i] = len(reports[i].Sightings), len(reports[i].Pauses)
	}
	for _, code := range reportCounts {
		n := counts[code]
		c := ReportCount{Code: code, Now: n[0]}
		c.Previous, c.YearBefore = countIf(n[1], f.Previous.To >= since), countIf(n[2], f.YearBefore.To >= since)
		f.Counts = append(f.Counts, c)
	}
	err = l.countRegister(ctx, &f, orgs, recorded, periods)
	return f, err
}

// reportCounts are the codes of the counts, in their order.
var reportCounts = []string{"recalls", "doubts", "doubts_answered", "sightings", "pauses"}

func countIf(n int, known bool) *int {
	if !known {
		return nil
	}
	return &n
}

// recordedIn reads the organisations of a unit, and the day on which each was recorded here.
func (l *Ledger) recordedIn(ctx context.Context, unit string) (orgs map[string]Organisation, recorded map[string]Date, err error) {
	orgs, recorded = map[string]Organisation{}, map[string]Date{}
	for row, err := range organisations.All(ctx, l.DB, store.Query{Term: "unit=" + unit, Limit: 1000}) {
		if err != nil {
			return nil, nil, err
		}
		orgs[row.Value.Doc.ID], recorded[row.Value.Doc.ID] = row.Value.Doc, DateOf(row.Value.Created.In(l.zone()))
	}
	return orgs, recorded, nil
}

// addCoverage puts the coverage of the periods side by side.
func (f *ReportFigures) addCoverage(reports [3]*CoverageReport, orgs map[string]Organisation) {
	known := func(c *CoverageFigure) *CoverageFigure {
		if c == nil || c.Denominator() == 0 {
			return nil
		}
		return c
	}
	f.Pending = reports[0].Pending
	f.Coverage = ReportRow{Now: reports[0].CoverageFigure, Previous: known(&reports[1].CoverageFigure), YearBefore: known(&reports[2].CoverageFigure)}
	rows := func(parts func(*CoverageReport) []CoveragePart) (out []ReportRow) {
		earlier := [3]map[string]*CoverageFigure{}
		for i := 1; i < 3; i++ {
			earlier[i] = map[string]*CoverageFigure{}
			for _, p := range parts(reports[i]) {
				earlier[i][p.ID] = &p.CoverageFigure
			}
		}
		for _, p := range parts(reports[0]) {
			out = append(out, ReportRow{
				ID: p.ID, Name: p.Name, Organisation: orgs[p.Organisation].Name, Now: p.CoverageFigure,
				Previous: known(earlier[1][p.ID]), YearBefore: known(earlier[2][p.ID]),
			})
		}
		return out
	}
	f.Units = rows(func(c *CoverageReport) []CoveragePart { return c.Units })
	f.Organisations = rows(func(c *CoverageReport) []CoveragePart { return c.Organisations })
	f.Products = rows(func(c *CoverageReport) []CoveragePart { return c.Products })
	if n := len(f.Products); n > maxListed {
		f.Products, f.Cut = f.Products[:maxListed], n-maxListed
	}
	for _, u := range reports[0].UnlottedProducts {
		u.Organisation = cmp.Or(orgs[u.Organisation].Name, u.Organisation)
		f.Unlotted = append(f.Unlotted, u)
	}
}

// addTargets adds how the targets stood on the last days of the periods.
func (l *Ledger) addTargets(ctx context.Context, by Actor, f *ReportFigures, r *PeriodReport, periods []Period) error {
	now, err := l.Targets(ctx, by, r.Unit, r.To)
	if err != nil {
		return err
	}
	before, err := l.Targets(ctx, by, r.Unit, periods[1].To)
	if err != nil {
		return err
	}
	figure := func(f Figure) *float64 {
		if !f.Known {
			return nil
		}
		return &f.Value
	}
	for i, s := range now {
		t := ReportTarget{
			ID: s.Target.ID, Names: s.Target.Names, Percent: s.Target.Percent(), Value: figure(s.Now), Previous: figure(before[i].Now),
			YearBefore: figure(s.YearBefore), Light: s.Light,
		}
		if s.Goal != nil {
			t.Goal, t.GoalOver, t.GoalBy = s.Goal.Value(), s.Goal.Over > 0, s.Goal.By
		}
		f.Targets = append(f.Targets, t)
	}
	return nil
}

// addExpiring adds the certificates that end within 90 days after the period, the first to end first.
func (l *Ledger) addExpiring(ctx context.Context, f *ReportFigures, r *PeriodReport, orgs map[string]Organisation) error {
	rows, _, err := expiries.Find(ctx, l.DB, store.Query{
		Term: "unit=" + r.Unit, From: string(r.To.AddDays(1)), To: string(r.To.AddDays(NoticeDays[0] + 1)), Limit: maxListed,
	})
	if err != nil {
		return err
	}
	var ids []string
	for _, row := range rows {
		ids = append(ids, row.Value.ID)
	}
	certs, err := certificates.many(ctx, l, ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		c, ok := certs[id]
		if !ok || c.Doc.Status != CertVerified || c.Doc.EndDate <= r.To {
			continue
		}
		f.Expiring = append(f.Expiring, ReportCertificate{
			ID: id, Scheme: c.Doc.Scheme, Number: c.Doc.Number, Organisation: cmp.Or(orgs[c.Doc.Organisation].Name, c.Doc.Organisation), EndDate: c.Doc.EndDate,
		})
	}
	return nil
}

// countRecalls counts the recalls that took effect in a period, and lists them for the period itself.
func (l *Ledger) countRecalls(ctx context.Context, f *ReportFigures, unit string, i int, p Period, orgs map[string]Organisation, counts *[3]int) error {
	from, to := p.From.Time(l.zone()), p.To.AddDays(1).Time(l.zone())
	add := func(r ReportRecall, at time.Time, closed *time.Time) {
		if at.Before(from) || !at.Before(to) {
			return
		}
		counts[i]++
		if i > 0 || len(f.Recalls) >= maxListed {
			return
		}
		r.Opened = DateOf(at.In(l.zone()))
		if closed != nil {
			r.Closed = DateOf(closed.In(l.zone()))
		}
		r.Organisation = cmp.Or(orgs[r.Organisation].Name, r.Organisation)
		f.Recalls = append(f.Recalls, r)
	}
	for row, err := range recalls.All(ctx, l.DB, store.Query{Term: "unit=" + unit, From: sortTime(from), To: sortTime(to), Limit: 1000}) {
		if err != nil {
			return err
		}
		r := row.Value.Doc
		add(ReportRecall{ID: r.ID, Kind: r.Kind, Organisation: r.Organisation, Reason: r.Reason, Lots: len(r.Batches)}, r.OpenedAt, r.ClosedAt)
	}
	// A case is opened before it takes effect.
	for row, err := range recallCases.All(ctx, l.DB, store.Query{Term: "unit=" + unit, To: sortTime(to), Limit: 1000}) {
		if err != nil {
			return err
		}
		c := row.Value.Doc
		if c.Mock || !c.Holds() || c.EffectiveAt == nil {
			continue
		}
		add(ReportRecall{ID: c.ID, Kind: c.Kind, Organisation: c.Organisation, Reason: c.Reason, Lots: c.Scope.Lots}, *c.EffectiveAt, c.ClosedAt)
	}
	slices.SortStableFunc(f.Recalls, func(a, b ReportRecall) int { return cmp.Compare(a.Opened, b.Opened) })
	return nil
}

// countDoubts counts what visitors found doubtful in a period. What they wrote and who they are is not in it.
func (l *Ledger) countDoubts(ctx context.Context, unit string, i int, p Period, counts map[string]*[3]int) error {
	from, to := p.From.Time(l.zone()), p.To.AddDays(1).Time(l.zone())
	for row, err := range doubts.All(ctx, l.DB, store.Query{Term: "unit=" + unit, From: sortTime(from), To: sortTime(to), Limit: 1000}) {
		if err != nil {
			return err
		}
		counts["doubts"][i]++
		if row.Value.Doc.Answered {
			counts["doubts_answered"][i]++
		}
	}
	return nil
}

// statusOn is an organisation's status on a day as the register has it, and as it is recorded now where the
// register says nothing. ok is false if it was not there yet.
func (l *Ledger) statusOn(o *Organisation, entries []RegisterEntry, recorded, day Date) (status string, ok bool) {
	if topic, has := l.Plan.Topic("status"); has {
		if on := EntriesOn(entries, topic, day); len(on) > 0 {
			return on[0].Choice, true
		}
		if slices.ContainsFunc(standingRegister(entries), func(e RegisterEntry) bool { return e.Topic == "status" }) {
			return "", false
		}
	}
	return string(o.Status), recorded <= day
}

// countRegister counts organisations by legal form and status.
func (l *Ledger) countRegister(ctx context.Context, f *ReportFigures, orgs map[string]Organisation, recorded map[string]Date, periods []Period) error {
	entries, err := l.register(ctx, orgs)
	if err != nil {
		return err
	}
	type key struct {
		form   LegalType
		status string
	}
	counts, known := map[key]*[3]int{}, [3]bool{}
	for id, o := range orgs {
		for i, p := range periods {
			status, ok := l.statusOn(&o, entries[id], recorded[id], p.To)
			if !ok {
				continue
			}
			known[i] = true
			k := key{o.LegalType, status}
			if counts[k] == nil {
				counts[k] = &[3]int{}
			}
			counts[k][i]++
		}
	}
	for k, n := range counts {
		f.Register = append(f.Register, RegisterCount{k.form, k.status, n[0], countIf(n[1], known[1]), countIf(n[2], known[2])})
	}
	slices.SortFunc(f.Register, func(a, b RegisterCount) int {
		return cmp.Or(slices.Index(LegalTypes, a.Form)-slices.Index(LegalTypes, b.Form), cmp.Compare(a.Status, b.Status))
	})
	return nil
}

// ReportChange is a figure of a report that the records answer differently now.
type ReportChange struct {
	// Kind is what the figure is of: "lots", "complete", "unlotted", "count", "target" or "register".
	Kind string `json:"kind"`
	// ID and Name are of the unit, organisation or product, of a count or target; empty for the whole.
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
	// Of is "coverage", "unit", "organisation" or "product" for a coverage figure.
	Of string `json:"of,omitempty"`
	// Was stands in the report; Is is what the records answer now. -1 means no figure.
	Was float64 `json:"was"`
	Is  float64 `json:"is"`
}

// ReportChanges computes what the questions that a report answered are answered now, and lists what differs.
// Whoever may read the report may ask. What goes on by itself is not compared: doubts that are answered and
// recalls that are closed after the report.
func (l *Ledger) ReportChanges(ctx context.Context, by Actor, id string) (out []ReportChange, asOf time.Time, err error) {
	defer fault.Wrap(&err, "Ledger.ReportChanges(%q)", id)
	s, err := l.Report(ctx, by, id)
	if err != nil {
		return nil, asOf, err
	}
	now, err := l.reportFigures(ctx, by, &s.Doc)
	if err != nil {
		return nil, asOf, err
	}
	return s.Doc.Figures.changes(&now), now.AsOf, nil
}

// changes lists what differs between figures taken at two times.
func (f *ReportFigures) changes(now *ReportFigures) (out []ReportChange) {
	was, order := f.lines()
	is, later := now.lines()
	for _, k := range later {
		if _, ok := was[k]; !ok {
			order = append(order, k)
		}
	}
	for _, k := range order {
		a, inReport := was[k]
		b, inNow := is[k]
		line := a
		if !inReport {
			line, a.value = b, k.nothing()
		}
		if !inNow {
			b.value = k.nothing()
		}
		if a.value != b.value {
			out = append(out, ReportChange{Kind: k.kind, Of: k.of, ID: k.id, Name: line.name, Was: a.value, Is: b.value})
		}
	}
	return out
}

// figureKey names one figure of a report.
type figureKey struct{ of, kind, id string }

// nothing is what an absent figure counts as: nought for what is counted, and -1 for what may be unknown.
func (k figureKey) nothing() float64 {
	if k.kind == "target" {
		return -1
	}
	return 0
}

type figureLine struct {
	name  string
	value float64
}

// lines are the figures of the period itself, one by one, in the report's order.
func (f *ReportFigures) lines() (out map[figureKey]figureLine, order []figureKey) {
	out = map[figureKey]figureLine{}
	add := func(of, kind, id, name string, v float64) {
		k := figureKey{of, kind, id}
		out[k] = figureLine{name, v}
		order = append(order, k)
	}
	row := func(of string, r *ReportRow) {
		add(of, "lots", r.ID, r.Name, float64(r.Now.Lots))
		add(of, "complete", r.ID, r.Name, float64(r.Now.Complete))
		add(of, "unlotted", r.ID, r.Name, float64(r.Now.Unlotted))
	}
	row("coverage", &f.Coverage)
	for i := range f.Units {
		row("unit", &f.Units[i])
	}
	for i := range f.Organisations {
		row("organisation", &f.Organisations[i])
	}
	for i := range f.Products {
		row("product", &f.Products[i])
	}
	for _, t := range f.Targets {
		v := -1.0
		if t.Value != nil {
			v = *t.Value
		}
		add("", "target", t.ID, t.ID, v)
	}
	for _, c := range f.Counts {
		if c.Code != "doubts_answered" {
			add("", "count", c.Code, c.Code, float64(c.Now))
		}
	}
	for _, c := range f.Register {
		add("", "register", string(c.Form)+"/"+c.Status, string(c.Form)+"/"+c.Status, float64(c.Now))
	}
	return out, order
}
