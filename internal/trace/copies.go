package trace

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// CopyRules tell when a label may have been copied: data, explained in configs/scans.yaml. A rule whose
// numbers are zero is not applied.
type CopyRules struct {
	Often []struct {
		Days   int `yaml:"days"`
		Visits int `yaml:"visits"`
	} `yaml:"often"`
	Regions struct {
		Hours   int `yaml:"hours"`
		Regions int `yaml:"regions"`
	} `yaml:"regions"`
	Far struct {
		KM    int `yaml:"km"`
		KMH   int `yaml:"kmh"`
		Hours int `yaml:"hours"`
		Jumps int `yaml:"jumps"`
	} `yaml:"far"`
	Voided struct {
		Visits int `yaml:"visits"`
	} `yaml:"voided"`
	Unknown struct {
		Days   int `yaml:"days"`
		Visits int `yaml:"visits"`
	} `yaml:"unknown"`
	Withdrawn struct {
		Days   int `yaml:"days"`
		Visits int `yaml:"visits"`
	} `yaml:"withdrawn"`
}

// maxCopyDays bounds how far back a rule may look: no more is remembered of a label.
const maxCopyDays = 90

// ParseCopyRules reads rules in YAML, in the form of configs/scans.yaml.
func ParseCopyRules(text []byte) (r CopyRules, err error) {
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(&r); err != nil {
		return r, err
	}
	days := []int{r.Unknown.Days, (r.Regions.Hours + 23) / 24, (r.Far.Hours + 23) / 24, r.Withdrawn.Days}
	numbers := []int{
		r.Regions.Regions, r.Far.KM, r.Far.KMH, r.Far.Jumps, r.Voided.Visits, r.Unknown.Visits, r.Withdrawn.Visits,
	}
	for _, o := range r.Often {
		days, numbers = append(days, o.Days), append(numbers, o.Visits)
	}
	if slices.Max(days) > maxCopyDays {
		return r, fmt.Errorf("a rule looks back more than %d days", maxCopyDays)
	}
	if slices.Min(append(numbers, days...)) < 0 {
		return r, errors.New("a number is negative")
	}
	return r, nil
}

// CopyRule names a rule about copies.
type CopyRule string

// The rules.
const (
	CopyOften     CopyRule = "often"
	CopyRegions   CopyRule = "regions"
	CopyFar       CopyRule = "far"
	CopyVoided    CopyRule = "voided"
	CopyUnknown   CopyRule = "unknown"
	CopyWithdrawn CopyRule = "withdrawn"
)

// CopyReason is a rule that holds, with the numbers that it was judged by.
type CopyReason struct {
	Rule CopyRule `json:"rule"`
	// Seen is what was counted: visits, regions or jumps. Limit is from where on the rule holds, and Hours
	// the time within which it was counted, 0 if there is no such time.
	Seen  int `json:"seen"`
	Limit int `json:"limit"`
	Hours int `json:"hours,omitempty"`
}

// suspicions applies the rules to the visits of an item after a time. It does not depend on anything else.
func (r *CopyRules) suspicions(i *scanItem, after, now time.Time, distance func(a, b string) (km float64, ok bool)) (out []CopyReason) {
	within := func(hours int) (visits []itemVisits, n int) {
		from := now.Add(-time.Duration(hours) * time.Hour)
		for _, v := range i.Visits {
			if v.Hour.After(after) && (hours == 0 || v.Hour.After(from)) {
				visits = append(visits, v)
				n += v.N
			}
		}
		return visits, n
	}
	hold := func(rule CopyRule, seen, limit, hours int) {
		if limit > 0 && seen >= limit {
			out = append(out, CopyReason{rule, seen, limit, hours})
		}
	}
	if i.Status == SerialUnknown { // many labels in one: only how often tells anything
		_, n := within(24 * r.Unknown.Days)
		hold(CopyUnknown, n, r.Unknown.Visits, 24*r.Unknown.Days)
		return out
	}
	for _, o := range r.Often {
		_, n := within(24 * o.Days)
		if hold(CopyOften, n, o.Visits, 24*o.Days); len(out) > 0 {
			break
		}
	}
	visits, _ := within(r.Regions.Hours)
	regions := map[string]bool{}
	for _, v := range visits {
		if v.Region != "" {
			regions[v.Region] = true
		}
	}
	hold(CopyRegions, len(regions), r.Regions.Regions, r.Regions.Hours)
	if visits, _ = within(r.Far.Hours); r.Far.KMH > 0 {
		hold(CopyFar, jumps(visits, float64(r.Far.KM), float64(r.Far.KMH), distance), r.Far.Jumps, r.Far.Hours)
	}
	if i.Status == SerialVoided {
		_, n := within(0)
		hold(CopyVoided, n, r.Voided.Visits, 0)
	}
	if (i.State == Recalled || i.State == Voided) && r.Withdrawn.Visits > 0 {
		n := 0
		for _, v := range i.Visits {
			if v.Hour.After(after) && v.Hour.After(i.Since.AddDate(0, 0, r.Withdrawn.Days)) {
				n += v.N
			}
		}
		hold(CopyWithdrawn, n, r.Withdrawn.Visits, 0)
	}
	return out
}

// jumps counts how often one label would have had to travel faster than anything does. Of two visits only
// the hours are known: they may be up to an hour further apart than these. A visit from an unknown region
// says nothing.
func jumps(visits []itemVisits, km, kmh float64, distance func(a, b string) (float64, bool)) (n int) {
	var last *itemVisits
	for k := range visits {
		v := &visits[k]
		if v.Region == "" {
			continue
		}
		if last != nil && v.Region != last.Region {
			d, ok := distance(last.Region, v.Region)
			if hours := v.Hour.Sub(last.Hour).Hours() + 1; ok && d >= km && d/hours > kmh {
				n++
			}
		}
		last = v
	}
	return n
}

// AlertState is how far an alert has been dealt with.
type AlertState string

// The states of an alert.
const (
	AlertOpen   AlertState = "open"
	AlertSeen   AlertState = "seen"   // somebody looks into it
	AlertClosed AlertState = "closed" // found harmless, or dealt with
)

// AlertStates lists the states.
var AlertStates = []AlertState{AlertOpen, AlertSeen, AlertClosed}

// CopyAlert says that a label of a lot may have been copied. Nothing is taken out of it: notes are added,
// and visits after it was closed open it again if they by themselves give reason to.
type CopyAlert struct {
	ID    string `json:"id"`
	Batch string `json:"batch"`
	// Serial is the label's, empty for numbers that were printed for no label of the lot.
	Serial       string     `json:"serial,omitempty"`
	Organisation string     `json:"organisation"`
	UnitPath     []string   `json:"unitPath"`
	State        AlertState `json:"state"`
	// Reasons are those of each rule that held since the alert was opened last, with the numbers as they
	// were when the alert was written.
	Reasons []CopyReason `json:"reasons"`
	// At is when the alert was opened last.
	At    time.Time  `json:"at"`
	Notes []CopyNote `json:"notes,omitempty"`
}

// CopyNote is what somebody noted of an alert.
type CopyNote struct {
	State AlertState `json:"state"`
	Text  string     `json:"text"`
	At    time.Time  `json:"at"`
	By    Actor      `json:"by"`
}

// Closed is when the alert was closed last, zero if it is not.
func (a *CopyAlert) Closed() time.Time {
	if a.State != AlertClosed || len(a.Notes) == 0 {
		return time.Time{}
	}
	return a.Notes[len(a.Notes)-1].At
}

var copyAlerts = newKind("copy_alert",
	func(a *CopyAlert) string { return a.ID }, func(a *CopyAlert) string { return a.Organisation },
	func(r *record[CopyAlert]) string { return sortTime(r.Doc.At) },
	func(a *CopyAlert) []string {
		return append(prefixed("unit=", a.UnitPath), "org="+a.Organisation, "batch="+a.Batch)
	})

func copyAlertID(batch, serial string) string { return newID("copy_alert", System, batch+"/"+serial) }

// suspect opens an alert about an item if the rules say so, or adds to the one there is.
func (l *Ledger) suspect(ctx context.Context, i *scanItem) error {
	judge := func(after time.Time) []CopyReason {
		return l.CopyRules.suspicions(i, after, l.now(), l.Regions.Distance)
	}
	reasons := judge(time.Time{})
	if reasons == nil { // as with nearly every item
		return nil
	}
	id := copyAlertID(i.Batch, i.Serial)
	fresh := CopyAlert{
		ID: id, Batch: i.Batch, Serial: i.Serial, Organisation: i.Organisation, UnitPath: i.UnitPath,
		State: AlertOpen, At: l.stamp(), Reasons: reasons,
	}
	old, err := copyAlerts.get(ctx, l, id)
	if errors.Is(err, fault.NotFound) {
		_, err = copyAlerts.insert(ctx, l, System, "open", fresh)
		if errors.Is(err, fault.Exists) {
			err = nil
		}
		return err
	}
	if err != nil {
		return err
	}
	if !old.Doc.learns(judge(old.Doc.Closed())) {
		return nil
	}
	_, err = copyAlerts.update(ctx, l, System, id, 0, "open", "", func(a *CopyAlert) error {
		fresh := judge(a.Closed())
		if !a.learns(fresh) {
			return nil
		}
		if a.State == AlertClosed {
			a.State, a.At, a.Reasons = AlertOpen, l.stamp(), nil
		}
		a.Reasons = slices.Clone(a.Reasons)
		for _, r := range fresh {
			if at := slices.IndexFunc(a.Reasons, func(o CopyReason) bool { return o.Rule == r.Rule }); at >= 0 {
				a.Reasons[at] = r
			} else {
				a.Reasons = append(a.Reasons, r)
			}
		}
		return nil
	})
	return err
}

// learns reports whether reasons say something new: a rule that did not hold, or twice the number.
func (a *CopyAlert) learns(fresh []CopyReason) bool {
	return slices.ContainsFunc(fresh, func(r CopyReason) bool {
		at := slices.IndexFunc(a.Reasons, func(o CopyReason) bool { return o.Rule == r.Rule })
		return at < 0 || a.State == AlertClosed || r.Seen >= 2*a.Reasons[at].Seen
	})
}

// copied reports whether there is an alert about a label that nobody has closed.
func (l *Ledger) copied(ctx context.Context, batch, serial string) (bool, error) {
	a, err := copyAlerts.get(ctx, l, copyAlertID(batch, serial))
	if errors.Is(err, fault.NotFound) {
		return false, nil
	}
	return err == nil && a.Doc.State != AlertClosed, err
}

// CopyAlerts answers a page of the alerts that concern the actor, newest first: those about an organisation's
// labels or, for an official or admin without one, about all that they oversee.
func (l *Ledger) CopyAlerts(ctx context.Context, by Actor, org, after string, limit int) (_ []Stored[CopyAlert], next string, err error) {
	defer fault.Wrap(&err, "Ledger.CopyAlerts(%q)", org)
	if by.Role == "" || by.Role == Buyer {
		return nil, "", by.denied()
	}
	q := store.Query{Desc: true, After: after, Limit: limit}
	if org == "" && by.Role == Official && by.Unit != "" {
		q.Term = "unit=" + by.Unit
	} else if q, err = l.listOf(ctx, by, org, after, limit); err != nil {
		return nil, "", err
	}
	return copyAlerts.find(ctx, l, q)
}

// AlertDraft is what is sent about an alert.
type AlertDraft struct {
	// State is what it becomes: seen, or closed.
	State string `json:"state"`
	// Note says what was found or done.
	Note string `json:"note"`
}

// maxAlertNotes bounds the notes of one alert.
const maxAlertNotes = 100

// NoteAlert adds a note to an alert. The organisation's people and officials may; an official closes it, for
// the organisation would be judging in its own cause. The same note sent again
// is there once.
func (l *Ledger) NoteAlert(ctx context.Context, by Actor, id string, d AlertDraft) (s Stored[CopyAlert], err error) {
	defer fault.Wrap(&err, "Ledger.NoteAlert(%q)", id)
	if by.Role == "" || by.Role == Buyer {
		return s, by.denied()
	}
	a, err := copyAlerts.get(ctx, l, id)
	if err != nil {
		return s, err
	}
	o := Organisation{ID: a.Doc.Organisation, UnitPath: a.Doc.UnitPath}
	if !by.mayRead(&o) {
		return s, by.denied()
	}
	var p fault.Problem
	note := CopyNote{
		State: AlertState(choice(&p, "/state", d.State, []string{string(AlertSeen), string(AlertClosed)})),
		Text:  p.Paragraph("/note", d.Note, maxText, true), At: l.stamp(), By: by,
	}
	if err := p.Err(); err != nil {
		return s, err
	}
	if note.State == AlertClosed && !by.mayJudge(&o) {
		return s, by.denied()
	}
	return copyAlerts.update(ctx, l, by, id, 0, "note", "", func(a *CopyAlert) error {
		if n := len(a.Notes); n > 0 {
			last := a.Notes[n-1]
			if last.State == note.State && last.Text == note.Text && last.By.ID == by.ID {
				return nil // the same again
			}
		}
		if a.State == AlertClosed && note.State == AlertSeen {
			note.State = AlertClosed // a remark on what is closed
		}
		if len(a.Notes) >= maxAlertNotes {
			return fault.New(fault.Exists, "too_many", maxAlertNotes)
		}
		a.State, a.Notes = note.State, append(a.Notes, note)
		return nil
	})
}

// MayCloseAlert reports whether the actor may close an alert.
func (l *Ledger) MayCloseAlert(by Actor, a *CopyAlert) bool {
	return by.mayJudge(&Organisation{ID: a.Organisation, UnitPath: a.UnitPath})
}
