package report

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"truynguon/internal/locale"
	"truynguon/internal/trace"
)

// Narrative says in sentences what a report's figures are, how they differ from those compared with, what is
// missing most and what is due next. The sentences are templates of the catalogue filled with the report's own
// numbers. None names a cause: the records tell what is, not why.
func Narrative(w *locale.Printer, r *trace.PeriodReport) (out []string) {
	f := &r.Figures
	say := func(key string, args ...any) { out = append(out, w.T(key, args...)) }
	now := &f.Coverage.Now
	if now.PerMille() < 0 {
		say("narrative.coverage.none")
	} else {
		say("narrative.coverage", w.Number(now.Numerator()), w.Number(now.Denominator()), Share(w, now))
		out = append(out, compared(w, "narrative.previous", now, f.Coverage.Previous), compared(w, "narrative.year", now, f.Coverage.YearBefore))
		say("narrative.lots", w.Number(now.Lots), difference(w, now.Lots, lots(f.Coverage.Previous)), difference(w, now.Lots, lots(f.Coverage.YearBefore)))
	}
	if now.Unlotted > 0 {
		say("narrative.unlotted", w.Number(now.Unlotted))
	}
	if worst := missingMost(w, f.Organisations); worst != "" {
		say("narrative.worst", worst)
	}
	var reasons []string
	for _, code := range now.Reasons() {
		if len(reasons) < 3 {
			reasons = append(reasons, w.T("narrative.item", strings.TrimSuffix(w.T("missing."+code), "."), w.Number(now.Missing[code])))
		}
	}
	if len(reasons) > 0 {
		say("narrative.reasons", strings.Join(reasons, "; "))
	}
	recalls := f.Count("recalls")
	say("narrative.recalls", w.Number(recalls.Now), difference(w, recalls.Now, recalls.Previous), difference(w, recalls.Now, recalls.YearBefore))
	doubts := f.Count("doubts")
	say("narrative.doubts", w.Number(doubts.Now), w.Number(f.Count("doubts_answered").Now), difference(w, doubts.Now, doubts.Previous))
	lights := map[trace.Light]int{}
	for _, t := range f.Targets {
		lights[t.Light]++
	}
	if len(f.Targets) > 0 {
		say("narrative.targets", w.Number(len(f.Targets)), w.Number(lights[trace.LightReached]), w.Number(lights[trace.LightOnTrack]),
			w.Number(lights[trace.LightBehind]+lights[trace.LightFar]+lights[trace.LightMissed]), w.Number(lights[trace.LightUnknown]+lights[trace.LightNoGoal]))
	}
	return append(out, due(w, f)...)
}

// Share writes a coverage figure as a percentage, and says so where there is none.
func Share(w *locale.Printer, f *trace.CoverageFigure) string {
	if f == nil || f.PerMille() < 0 {
		return w.T("narrative.unknown")
	}
	return perCent(w, f.PerMille())
}

func perCent(w *locale.Printer, perMille int) string {
	text := strconv.FormatFloat(float64(perMille)/10, 'f', 1, 64)
	return w.Number(strings.TrimSuffix(text, ".0")) + "\u00a0%"
}

// compared says how a share differs from an earlier one.
func compared(w *locale.Printer, key string, now, before *trace.CoverageFigure) string {
	if before == nil || before.PerMille() < 0 {
		return w.T(key + ".unknown")
	}
	d := now.PerMille() - before.PerMille()
	points := strconv.FormatFloat(float64(max(d, -d))/10, 'f', 1, 64)
	points = w.Number(strings.TrimSuffix(points, ".0"))
	switch {
	case d > 0:
		return w.T(key+".up", points, Share(w, before))
	case d < 0:
		return w.T(key+".down", points, Share(w, before))
	}
	return w.T(key+".same", Share(w, before))
}

func lots(f *trace.CoverageFigure) *int {
	if f == nil {
		return nil
	}
	return &f.Lots
}

// difference says how a count differs from an earlier one.
func difference(w *locale.Printer, now int, before *int) string {
	switch {
	case before == nil:
		return w.T("narrative.difference.unknown")
	case now > *before:
		return w.T("narrative.difference.up", w.Number(now-*before))
	case now < *before:
		return w.T("narrative.difference.down", w.Number(*before-now))
	}
	return w.T("narrative.difference.same")
}

// missingMost names the three organisations that miss most, each with how much.
func missingMost(w *locale.Printer, rows []trace.ReportRow) string {
	rows = slices.Clone(rows)
	short := func(r *trace.ReportRow) int { return r.Now.Denominator() - r.Now.Numerator() }
	slices.SortStableFunc(rows, func(a, b trace.ReportRow) int { return cmp.Or(short(&b)-short(&a), cmp.Compare(a.Name, b.Name)) })
	var items []string
	for i := range rows {
		if n := short(&rows[i]); n > 0 && len(items) < 3 {
			items = append(items, w.T("narrative.worst.item", rows[i].Name, w.Number(n), w.Number(rows[i].Now.Denominator())))
		}
	}
	return strings.Join(items, "; ")
}

// due says what comes next: certificates that end, and the nearest goal that has not been reached.
func due(w *locale.Printer, f *trace.ReportFigures) (out []string) {
	if len(f.Expiring) > 0 {
		first := f.Expiring[0]
		out = append(out, w.T("narrative.expiring", w.Number(len(f.Expiring)), w.Date(string(first.EndDate)), first.Organisation))
	}
	next := -1
	for i, t := range f.Targets {
		if t.GoalBy != "" && t.Light != trace.LightReached && t.Light != trace.LightMissed && (next < 0 || t.GoalBy < f.Targets[next].GoalBy) {
			next = i
		}
	}
	if next >= 0 {
		t := &f.Targets[next]
		value := w.T("narrative.unknown")
		if t.Value != nil {
			value = figure(w, t, *t.Value)
		}
		out = append(out, w.T("narrative.goal", targetName(w, t), Goal(w, t), value))
	}
	return out
}

// Goal writes the next goal of a target, nothing if there is none.
func Goal(w *locale.Printer, t *trace.ReportTarget) string {
	if t.GoalBy == "" {
		return ""
	}
	key := "targets.at_least"
	if t.GoalOver {
		key = "targets.over"
	}
	return w.T(key, figure(w, t, t.Goal), w.Date(string(t.GoalBy)))
}

func targetName(w *locale.Printer, t *trace.ReportTarget) string {
	return cmp.Or(t.Names[w.Lang()], t.Names["vi"])
}

// figure writes a target's figure.
func figure(w *locale.Printer, t *trace.ReportTarget, v float64) string {
	text := w.Number(strings.TrimSuffix(strconv.FormatFloat(v, 'f', 1, 64), ".0"))
	if t.Percent {
		text += "\u00a0%"
	}
	return text
}

// PeriodName writes a period as people call it: "Quý III năm 2026", or its first and last day.
func PeriodName(w *locale.Printer, id string, from, to trace.Date) string {
	p, ok := trace.ParsePeriod(id)
	if !ok {
		return w.T("coverage.when", w.Date(string(from)), w.Date(string(to)))
	}
	year, kind, _ := strings.Cut(p.ID, "-")
	switch {
	case kind == "":
		return w.T("period.year", year)
	case kind[0] == 'H':
		return w.T("period.half."+kind[1:], year)
	case kind[0] == 'Q':
		return w.T("period.quarter."+kind[1:], year)
	}
	return w.T("period.month", strconv.Itoa(int(p.From.Time(time.UTC).Month())), year)
}
