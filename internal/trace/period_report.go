package trace

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// ReportStage is how far a report has come.
type ReportStage string

// The stages of a report. Its figures may be taken anew while it is a draft, and never after.
const (
	ReportDrafted  ReportStage = "draft"
	ReportReviewed ReportStage = "reviewed" // somebody else than the drafter has looked it through
	ReportIssued   ReportStage = "issued"   // numbered and signed; it never changes again
)

// PeriodReport is what an authority reports of a unit about a period. Its figures are values and not
// questions: what is recorded later does not reach them. ReportChanges says what it would change.
type PeriodReport struct {
	ID string `json:"id"`
	// Unit is the code of the administrative unit, UnitName what it was called when the figures were taken.
	Unit     string   `json:"unit"`
	UnitName string   `json:"unitName"`
	UnitPath []string `json:"unitPath"`
	// Period is "2026", "2026-H1", "2026-Q3" or "2026-11", empty for any other time. From and To are its first
	// and last day.
	Period string      `json:"period,omitempty"`
	From   Date        `json:"from"`
	To     Date        `json:"to"`
	Stage  ReportStage `json:"stage"`
	ReportHead
	// Number and Date are given when it is issued: "12/BC-UBND", and the day it was signed.
	Number string `json:"number,omitempty"`
	Date   Date   `json:"date,omitempty"`
	// Figures are frozen with it.
	Figures ReportFigures `json:"figures"`
	// Steps are who did what with it, the first one the draft.
	Steps []ReportStep `json:"steps"`
	// Notes were added after it was issued, the oldest first. They stand beside it and change nothing in it.
	Notes []ReportNote `json:"notes,omitempty"`
}

// ReportHead is what is written around the figures, in the form of an administrative report (NĐ 30/2020,
// Phụ lục I).
type ReportHead struct {
	// Above is the authority above the one that reports, Agency the one that reports.
	Above  string `json:"above,omitempty"`
	Agency string `json:"agency"`
	// Place is where it is signed.
	Place string `json:"place"`
	// SignerTitle and SignerName are of whoever signs it, and SignerFor, if any, in whose stead ("TM. ỦY BAN
	// NHÂN DÂN", "KT. CHỦ TỊCH").
	SignerFor   string `json:"signerFor,omitempty"`
	SignerTitle string `json:"signerTitle"`
	SignerName  string `json:"signerName"`
	// Recipients are whom it is sent to, each a line of Nơi nhận.
	Recipients []string `json:"recipients"`
	// Remarks are what the drafter says of the figures, Proposals what is asked for: words of people, beside the
	// sentences that are made from the figures.
	Remarks   string `json:"remarks,omitempty"`
	Proposals string `json:"proposals,omitempty"`
}

// ReportStep is something that was done with a report.
type ReportStep struct {
	// Action is draft, change, retake, review, return or issue.
	Action string    `json:"action"`
	By     Actor     `json:"by"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason,omitempty"`
}

// ReportNote is something that was learnt after a report was issued.
type ReportNote struct {
	ID   string    `json:"id"`
	Text string    `json:"text"`
	By   Actor     `json:"by"`
	At   time.Time `json:"at"`
}

// ReportDraft is what is sent to draft a report: a Period, or From and To.
type ReportDraft struct {
	Token  string `json:"-"`
	Unit   string `json:"unit"`
	Period string `json:"period"`
	From   string `json:"from"`
	To     string `json:"to"`
	ReportHead
}

// maxRecipients and maxReportSteps bound what a report holds.
const (
	maxRecipients  = 30
	maxReportSteps = 200
)

var periodReports = newKind("period_report",
	func(r *PeriodReport) string { return r.ID }, noOrg[PeriodReport],
	func(r *record[PeriodReport]) string { return string(r.Doc.To) + sortTime(r.Created) },
	func(r *PeriodReport) []string {
		terms := prefixed("unit=", r.UnitPath)
		if r.Stage == ReportIssued {
			terms = append(terms, "issued="+r.Unit)
		}
		return terms
	})

// reports reports whether the actor keeps the reports of a unit: an admin, and officials of the unit or of one
// that it lies in.
func (a Actor) reports(unitPath []string) bool {
	return a.Role == Admin || a.Role == Official && a.Unit != "" && slices.Contains(unitPath, a.Unit)
}

// step answers the step that an action was last done with.
func (r *PeriodReport) step(action string) (s ReportStep, ok bool) {
	for _, s := range slices.Backward(r.Steps) {
		if s.Action == action {
			return s, true
		}
	}
	return s, false
}

// IssuedStep is who issued the report and when, the zero ReportStep if nobody did.
func (r *PeriodReport) IssuedStep() ReportStep {
	s, _ := r.step("issue")
	return s
}

// check checks what is written around the figures.
func (h *ReportHead) check(p *fault.Problem) {
	h.Above = p.Text("/above", h.Above, maxName, false)
	h.Agency = p.Text("/agency", h.Agency, maxName, true)
	h.Place = p.Text("/place", h.Place, maxName, true)
	h.SignerFor = p.Text("/signerFor", h.SignerFor, maxName, false)
	h.SignerTitle = p.Text("/signerTitle", h.SignerTitle, maxName, true)
	h.SignerName = p.Text("/signerName", h.SignerName, maxName, true)
	var to []string
	for _, line := range h.Recipients {
		if line = p.Text("/recipients", line, maxName, false); line != "" {
			to = append(to, line)
		}
	}
	switch h.Recipients = to; {
	case len(to) == 0:
		p.Add("/recipients", "missing")
	case len(to) > maxRecipients:
		p.Add("/recipients", "too_many", maxRecipients)
	}
	h.Remarks = p.Paragraph("/remarks", h.Remarks, maxText, false)
	h.Proposals = p.Paragraph("/proposals", h.Proposals, maxText, false)
}

// DraftReport drafts a report with the figures as they are now. An official may for the own unit and those
// within it, and an admin. The period has to be over, or to end today: a report of days to come would be
// none. With the draft's Token, a repeated submission answers the report that the first one made.
func (l *Ledger) DraftReport(ctx context.Context, by Actor, d ReportDraft) (s Stored[PeriodReport], err error) {
	defer fault.Wrap(&err, "Ledger.DraftReport(%q)", d.Unit)
	if by.Role != Official && by.Role != Admin {
		return s, by.denied()
	}
	if d.Unit == "" {
		d.Unit = by.Unit
	}
	var p fault.Problem
	r := PeriodReport{ID: newID("period_report", by, d.Token), Unit: d.Unit, Period: strings.TrimSpace(d.Period), Stage: ReportDrafted, ReportHead: d.ReportHead}
	if d.Token != "" {
		if s, err := periodReports.again(ctx, l, r.ID); !errors.Is(err, fault.NotFound) {
			return s, err
		}
	}
	r.check(&p)
	if r.Period != "" {
		period, ok := ParsePeriod(r.Period)
		if !ok {
			p.Add("/period", "period_malformed", short(r.Period))
		}
		r.From, r.To = period.From, period.To
	} else {
		r.From, r.To = date(&p, "/from", d.From), date(&p, "/to", d.To)
		if d.From == "" {
			p.Add("/from", "missing")
		}
		if d.To == "" {
			p.Add("/to", "missing")
		}
	}
	switch {
	case r.From == "" || r.To == "":
	case r.To < r.From:
		p.Add("/to", "date_before", string(r.To), string(r.From))
	case r.From.AddDays(maxPeriod) < r.To:
		p.Add("/to", "period_long", maxPeriod)
	case r.To > l.Today():
		at := "/to"
		if r.Period != "" {
			at = "/period"
		}
		p.Add(at, "report_period_open", string(r.To))
	}
	all, err := l.Units(ctx)
	if err != nil {
		return s, err
	}
	u, ok := all[r.Unit]
	switch {
	case r.Unit == "":
		p.Add("/unit", "missing")
	case !ok:
		p.Add("/unit", "unit_unknown")
	default:
		r.UnitName = u.Name
		if r.UnitPath, err = l.unitPath(ctx, r.Unit); err != nil {
			return s, err
		}
		if !by.reports(r.UnitPath) {
			return s, by.denied()
		}
	}
	if err := p.Err(); err != nil {
		return s, err
	}
	if r.Figures, err = l.reportFigures(ctx, by, &r); err != nil {
		return s, err
	}
	r.Steps = []ReportStep{{Action: "draft", By: by, At: l.stamp()}}
	s, err = periodReports.insert(ctx, l, by, "draft", r)
	if errors.Is(err, fault.Exists) && d.Token != "" {
		return s, nil
	}
	return s, err
}

// reportFor reads a report for somebody who keeps the unit's reports.
func (l *Ledger) reportFor(ctx context.Context, by Actor, id string) (s Stored[PeriodReport], err error) {
	if by.Role != Official && by.Role != Admin {
		return s, by.denied()
	}
	if s, err = periodReports.get(ctx, l, id); err != nil {
		return s, err
	}
	if !by.reports(s.Doc.UnitPath) {
		return s, by.denied()
	}
	return s, nil
}

// moveReport changes a report that is at a stage, and fails with fault.Exists for one that is not.
func (l *Ledger) moveReport(ctx context.Context, by Actor, id string, rev int64, action, reason string, at ReportStage, change func(*PeriodReport)) (Stored[PeriodReport], error) {
	return periodReports.update(ctx, l, by, id, rev, action, reason, func(r *PeriodReport) error {
		if r.Stage != at || len(r.Steps) >= maxReportSteps {
			return fault.New(fault.Exists, "report_stage", "reportStage."+string(r.Stage))
		}
		change(r)
		r.Steps = append(slices.Clone(r.Steps), ReportStep{Action: action, By: by, At: l.stamp(), Reason: reason})
		return nil
	})
}

// ChangeReport changes what is written around the figures of a draft. rev is the revision that was seen, or 0.
func (l *Ledger) ChangeReport(ctx context.Context, by Actor, id string, rev int64, h ReportHead) (s Stored[PeriodReport], err error) {
	defer fault.Wrap(&err, "Ledger.ChangeReport(%q)", id)
	if s, err = l.reportFor(ctx, by, id); err != nil {
		return s, err
	}
	var p fault.Problem
	if h.check(&p); p.Err() != nil {
		return s, p.Err()
	}
	if s.Doc.Stage == ReportDrafted && len(differences(members(s.Doc.ReportHead), members(h))) == 0 {
		return l.sameReport(ctx, by, id)
	}
	return l.moveReport(ctx, by, id, rev, "change", "", ReportDrafted, func(r *PeriodReport) { r.ReportHead = h })
}

// sameReport answers a report as it is: of a verb that was done before, what may have been cut short is that
// its change reached the audit trail.
func (l *Ledger) sameReport(ctx context.Context, by Actor, id string) (Stored[PeriodReport], error) {
	return periodReports.update(ctx, l, by, id, 0, "", "", func(*PeriodReport) error { return nil })
}

// RetakeReport takes the figures of a draft anew, as the records are now.
func (l *Ledger) RetakeReport(ctx context.Context, by Actor, id string, rev int64) (s Stored[PeriodReport], err error) {
	defer fault.Wrap(&err, "Ledger.RetakeReport(%q)", id)
	if s, err = l.reportFor(ctx, by, id); err != nil {
		return s, err
	}
	f, err := l.reportFigures(ctx, by, &s.Doc)
	if err != nil {
		return s, err
	}
	if s.Doc.Stage == ReportDrafted && f.AsOf.Equal(s.Doc.Figures.AsOf) {
		return l.sameReport(ctx, by, id)
	}
	return l.moveReport(ctx, by, id, rev, "retake", "", ReportDrafted, func(r *PeriodReport) { r.Figures = f })
}

// ReviewReport says that somebody else than whoever drafted it or took its figures last has looked a draft
// through. rev is the revision that was looked at: what was changed meanwhile has not been reviewed.
func (l *Ledger) ReviewReport(ctx context.Context, by Actor, id string, rev int64) (s Stored[PeriodReport], err error) {
	defer fault.Wrap(&err, "Ledger.ReviewReport(%q)", id)
	if s, err = l.reportFor(ctx, by, id); err != nil {
		return s, err
	}
	if last, ok := s.Doc.step("review"); ok && s.Doc.Stage == ReportReviewed && last.By.ID == by.ID {
		return l.sameReport(ctx, by, id)
	}
	for _, action := range []string{"draft", "change", "retake"} {
		if step, ok := s.Doc.step(action); ok && step.By.ID == by.ID {
			return s, fault.New(fault.Denied, "report_own")
		}
	}
	return l.moveReport(ctx, by, id, rev, "review", "", ReportDrafted, func(r *PeriodReport) { r.Stage = ReportReviewed })
}

// ReturnReport sends a reviewed report back to be drafted on, with a reason.
func (l *Ledger) ReturnReport(ctx context.Context, by Actor, id, reason string) (s Stored[PeriodReport], err error) {
	defer fault.Wrap(&err, "Ledger.ReturnReport(%q)", id)
	if s, err = l.reportFor(ctx, by, id); err != nil {
		return s, err
	}
	var p fault.Problem
	reason = p.Paragraph("/reason", reason, 500, true)
	if err := p.Err(); err != nil {
		return s, err
	}
	if last, ok := s.Doc.step("return"); ok && s.Doc.Stage == ReportDrafted && last == s.Doc.Steps[len(s.Doc.Steps)-1] && last.By.ID == by.ID && last.Reason == reason {
		return l.sameReport(ctx, by, id)
	}
	return l.moveReport(ctx, by, id, 0, "return", reason, ReportReviewed, func(r *PeriodReport) { r.Stage = ReportDrafted })
}

// IssueReport issues a reviewed report under the number that the agency's register gave it, signed on a day.
// It never changes again. rev is the revision that was seen, or 0.
func (l *Ledger) IssueReport(ctx context.Context, by Actor, id string, rev int64, number, day string) (s Stored[PeriodReport], err error) {
	defer fault.Wrap(&err, "Ledger.IssueReport(%q)", id)
	if s, err = l.reportFor(ctx, by, id); err != nil {
		return s, err
	}
	var p fault.Problem
	number = p.Text("/number", number, 60, true)
	signed := date(&p, "/date", day)
	switch {
	case day == "":
		p.Add("/date", "missing")
	case signed > l.Today():
		p.Add("/date", "date_in_future", string(signed))
	case signed != "" && signed < s.Doc.To:
		p.Add("/date", "date_before", string(signed), string(s.Doc.To))
	}
	if err := p.Err(); err != nil {
		return s, err
	}
	if s.Doc.Stage == ReportIssued && s.Doc.Number == number && s.Doc.Date == signed && s.Doc.IssuedStep().By.ID == by.ID {
		return l.sameReport(ctx, by, id)
	}
	return l.moveReport(ctx, by, id, rev, "issue", "", ReportReviewed, func(r *PeriodReport) {
		r.Stage, r.Number, r.Date = ReportIssued, number, signed
	})
}

// NoteReport adds a note to an issued report: what was found out since. With a token, a repeated submission
// adds it once.
func (l *Ledger) NoteReport(ctx context.Context, by Actor, id, text, token string) (s Stored[PeriodReport], err error) {
	defer fault.Wrap(&err, "Ledger.NoteReport(%q)", id)
	if s, err = l.reportFor(ctx, by, id); err != nil {
		return s, err
	}
	var p fault.Problem
	n := ReportNote{ID: newID("report_note", by, token), Text: p.Paragraph("/text", text, maxText, true), By: by, At: l.stamp()}
	if len(s.Doc.Notes) >= maxReportSteps {
		p.Add("/text", "too_many", maxReportSteps)
	}
	if err := p.Err(); err != nil {
		return s, err
	}
	return periodReports.update(ctx, l, by, id, 0, "note", "", func(r *PeriodReport) error {
		if r.Stage != ReportIssued {
			return fault.New(fault.Exists, "report_stage", "reportStage."+string(r.Stage))
		}
		if !slices.ContainsFunc(r.Notes, func(old ReportNote) bool { return old.ID == n.ID }) {
			r.Notes = append(slices.Clone(r.Notes), n)
		}
		return nil
	})
}

// MayReport reports whether the actor drafts, reviews and issues the reports of a unit.
func (l *Ledger) MayReport(by Actor, r *PeriodReport) bool { return by.reports(r.UnitPath) }

// issuedUnits are the units of which the actor reads issued reports besides those that it keeps: the unit that
// an official or an organisation lies in, and those above.
func (l *Ledger) issuedUnits(ctx context.Context, by Actor) ([]string, error) {
	switch {
	case by.Role == Official && by.Unit != "":
		return l.unitPath(ctx, by.Unit)
	case (by.Role == Manager || by.Role == Staff) && by.Org != "":
		o, err := organisations.get(ctx, l, by.Org)
		return o.Doc.UnitPath, err
	}
	return nil, by.denied()
}

// Report answers one report. Those who keep the unit's reports see drafts; officials and those who work for
// organisations see issued reports of the units that they lie in. There is none for others.
func (l *Ledger) Report(ctx context.Context, by Actor, id string) (s Stored[PeriodReport], err error) {
	defer fault.Wrap(&err, "Ledger.Report(%q)", id)
	if by.Role == "" || by.Role == Buyer {
		return s, by.denied()
	}
	if s, err = periodReports.get(ctx, l, id); err != nil || by.reports(s.Doc.UnitPath) {
		return s, err
	}
	mine, err := l.issuedUnits(ctx, by)
	if err != nil {
		return Stored[PeriodReport]{}, err
	}
	if s.Doc.Stage != ReportIssued || !slices.Contains(mine, s.Doc.Unit) {
		return Stored[PeriodReport]{}, by.denied()
	}
	return s, nil
}

// Reports answers a page of the reports that the actor may read, those of the latest periods first.
func (l *Ledger) Reports(ctx context.Context, by Actor, after string, limit int) (_ []Stored[PeriodReport], next string, err error) {
	defer fault.Wrap(&err, "Ledger.Reports")
	q := store.Query{Desc: true, After: after, Limit: limit}
	if by.Role != Admin {
		mine, err := l.issuedUnits(ctx, by)
		if err != nil {
			return nil, "", err
		}
		q.Any = prefixed("issued=", mine)
		if by.Role == Official {
			q.Any = append(q.Any, "unit="+by.Unit)
		}
	}
	return periodReports.find(ctx, l, q)
}
