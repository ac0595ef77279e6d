package trace

import (
	"context"
	"math"
	"slices"
	"time"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// Light tells how a target stands, by forecast: what pace it needs, and what pace there is.
type Light string

// The lights.
const (
	LightReached Light = "reached" // the goal is met today
	LightOnTrack Light = "on_track"
	LightBehind  Light = "behind"  // at least half the pace that is needed
	LightFar     Light = "far"     // less than half of it
	LightMissed  Light = "missed"  // the last goal's day has passed, and it is not met
	LightUnknown Light = "unknown" // no figure, or none of a year before, to tell a pace from
	LightNoGoal  Light = "no_goal" // the plan names no number
)

// Figure is a target's figure on a day, with what it is made of.
type Figure struct {
	Day Date
	// Known tells that there is a figure; without a denominator there is none.
	Known bool
	// Value is a count or, for a share, a percentage.
	Value float64
	// Numerator and Denominator are what a share is made of.
	Numerator, Denominator int64
}

// TargetStatus is how a target stands on a day.
type TargetStatus struct {
	Target Target
	Now    Figure
	// YearBefore is the figure of the same day a year before.
	YearBefore Figure
	// Goal is the next goal, the last one once all have passed, nil if there is none. YearsLeft is how long
	// it is until then.
	Goal      *Goal
	YearsLeft float64
	// Pace is what was added in the last year, Needed what each year has to add from now on.
	Pace, Needed float64
	Light        Light
}

// Targets answers how the targets of the plan stand on a day for a unit, all that is recorded here if unit is
// empty. Officials and those who run organisations may ask; no person is named.
func (l *Ledger) Targets(ctx context.Context, by Actor, unit string, day Date) (out []TargetStatus, err error) {
	defer fault.Wrap(&err, "Ledger.Targets(%q, %s)", unit, day)
	if by.Role == "" || by.Role == Buyer {
		return nil, by.denied()
	}
	if l.Plan == nil {
		return nil, nil
	}
	if err := l.checkPeriod(ctx, CoverageQuestion{Unit: unit, From: day, To: day}); err != nil {
		return nil, err
	}
	orgs := map[string]Organisation{}
	recorded := map[string]Date{}
	q := store.Query{Limit: 1000}
	if unit != "" {
		q.Term = "unit=" + unit
	}
	for r, err := range organisations.All(ctx, l.DB, q) {
		if err != nil {
			return nil, err
		}
		orgs[r.Value.Doc.ID] = r.Value.Doc
		recorded[r.Value.Doc.ID] = DateOf(r.Value.Created.In(l.zone()))
	}
	entries, err := l.register(ctx, orgs)
	if err != nil {
		return nil, err
	}
	m := measuring{l: l, unit: unit, orgs: orgs, recorded: recorded, entries: entries}
	before := DateOf(day.Time(time.UTC).AddDate(-1, 0, 0))
	for _, t := range l.Plan.Targets {
		s := TargetStatus{Target: t}
		if s.Now, err = m.figure(ctx, &t, day); err != nil {
			return nil, err
		}
		if s.YearBefore, err = m.figure(ctx, &t, before); err != nil {
			return nil, err
		}
		s.forecast()
		out = append(out, s)
	}
	return out, nil
}

// forecast computes goal, pace and light from the figures.
func (s *TargetStatus) forecast() {
	if len(s.Target.Goals) == 0 {
		s.Light = LightNoGoal
		return
	}
	goal := s.Target.Goals[len(s.Target.Goals)-1]
	for _, g := range s.Target.Goals {
		if g.By >= s.Now.Day {
			goal = g
			break
		}
	}
	s.Goal = &goal
	s.YearsLeft = goal.By.Time(time.UTC).Sub(s.Now.Day.Time(time.UTC)).Hours() / 24 / 365.25
	switch {
	case !s.Now.Known:
		s.Light = LightUnknown
		return
	case goal.Met(s.Now.Value):
		s.Light = LightReached
		return
	case s.YearsLeft <= 0:
		s.Light = LightMissed
		return
	}
	short := goal.Value() - s.Now.Value
	if goal.Over > 0 && !s.Target.Percent() {
		short++ // more than so many is one more
	}
	s.Needed = math.Max(short, 0) / math.Max(s.YearsLeft, 1.0/12)
	if !s.YearBefore.Known {
		s.Light = LightUnknown
		return
	}
	s.Pace = s.Now.Value - s.YearBefore.Value
	switch {
	case s.Pace >= s.Needed:
		s.Light = LightOnTrack
	case s.Pace > 0 && s.Pace >= s.Needed/2:
		s.Light = LightBehind
	default:
		s.Light = LightFar
	}
}

// measuring measures targets from what was read once.
type measuring struct {
	l        *Ledger
	unit     string
	orgs     map[string]Organisation
	recorded map[string]Date
	entries  orgRegister
	released map[string][]Date
}

func (m *measuring) figure(ctx context.Context, t *Target, day Date) (f Figure, err error) {
	f.Day = day
	if t.Measure == MeasureCoverage {
		r, err := m.l.Coverage(ctx, CoverageQuestion{Unit: m.unit, From: day[:4] + "-01-01", To: day})
		if err != nil || r.Lots == 0 {
			return f, err // products registered since tell nothing of a time before there were lots
		}
		f.Known, f.Numerator, f.Denominator = true, int64(r.Numerator()), int64(r.Denominator())
		f.Value = float64(r.PerMille()) / 10
		return f, nil
	}
	topic, _ := m.l.Plan.Topic(t.Topic)
	var active, with int64
	for id, o := range m.orgs {
		if len(t.Of) > 0 && !slices.Contains(t.Of, o.LegalType) || !m.l.activeOn(&o, m.entries[id], m.recorded[id], day) {
			continue
		}
		active++
		switch t.Measure {
		case MeasureShare, MeasureWith:
			for _, e := range EntriesOn(m.entries[id], topic, day) {
				if len(t.Choices) == 0 || slices.Contains(t.Choices, e.Choice) {
					with++
					break
				}
			}
		case MeasurePeople:
			for _, e := range EntriesOn(m.entries[id], topic, day) {
				with += int64(e.Number) / 1000
			}
		case MeasureDigital:
			used, err := m.usedIn(ctx, id, day)
			if err != nil {
				return f, err
			}
			if used {
				with++
			}
		}
	}
	switch t.Measure {
	case MeasureOrganisations:
		// Before anything was recorded here the register knows nothing; the baseline tells of its own day.
		f.Known, f.Value = active > 0, float64(active)
		if !f.Known && t.Baseline != nil && t.Baseline.On <= day && m.unit == "" {
			f.Known, f.Value = true, t.Baseline.Value
		}
		return f, nil
	case MeasureWith:
		f.Known, f.Value = active > 0, float64(with)
		return f, nil
	case MeasurePeople:
		all, err := m.l.Units(ctx)
		if err != nil {
			return f, err
		}
		active = int64(all[m.unit].Population)
	}
	f.Numerator, f.Denominator = with, active
	if f.Known = active > 0; f.Known {
		f.Value = math.Floor(float64(with)*1000/float64(active)) / 10
	}
	return f, nil
}

// usedIn reports whether an organisation put a lot on sale in the twelve months up to a day.
func (m *measuring) usedIn(ctx context.Context, org string, day Date) (bool, error) {
	if m.released == nil {
		m.released = map[string][]Date{}
		for row, err := range withAny(ctx, m.l.DB, coverageBooks, orgTerms(m.orgs), store.Query{}) {
			if err != nil {
				return false, err
			}
			for d := range row.Value.Days {
				m.released[row.Value.Organisation] = append(m.released[row.Value.Organisation], d)
			}
		}
	}
	from := DateOf(day.Time(time.UTC).AddDate(-1, 0, 1))
	for _, d := range m.released[org] {
		if d >= from && d <= day {
			return true, nil
		}
	}
	return false, nil
}
