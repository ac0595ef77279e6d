package trace_test

import (
	"fmt"
	"strings"
	"testing"

	"truynguon/internal/trace"
)

// entry records something about an organisation as an admin.
func (w *world) entry(t testing.TB, org, topic, from string, more func(*trace.RegisterDraft)) trace.RegisterEntry {
	t.Helper()
	d := trace.RegisterDraft{Organisation: org, Topic: topic, From: from}
	if more != nil {
		more(&d)
	}
	return must(w.RecordRegister(t.Context(), w.admin, d))
}

func choose(c string) func(*trace.RegisterDraft) {
	return func(d *trace.RegisterDraft) { d.Choice = c }
}

func text(s, to string) func(*trace.RegisterDraft) {
	return func(d *trace.RegisterDraft) { d.Text, d.To = s, to }
}

// TestRegisterAnswersForAnyDay asks about days between entries, and about entries that were wrong.
func TestRegisterAnswersForAnyDay(t *testing.T) {
	w := newWorld(t)
	w.entry(t, "htx-a", "rating", "2024-12-31", choose("average"))
	wrong := w.entry(t, "htx-a", "rating", "2025-12-31", choose("weak"))
	w.entry(t, "htx-a", "rating", "2025-12-31", func(d *trace.RegisterDraft) {
		d.Choice, d.Supersedes, d.Reason = "good", wrong.ID, "ghi nhầm"
	})
	w.entry(t, "htx-a", "linkage", "2025-03-01", text("Công ty X", "2025-09-30"))
	kept := w.entry(t, "htx-a", "linkage", "2025-06-01", text("Công ty Y", ""))
	entries := must(w.RegisterOf(t.Context(), w.manager, ""))
	for _, c := range []struct{ topic, day, want string }{
		{"rating", "2024-12-30", ""}, {"rating", "2024-12-31", "average"}, {"rating", "2025-12-30", "average"},
		{"rating", "2025-12-31", "good"}, {"rating", "2026-11-24", "good"},
		{"linkage", "2025-02-28", ""}, {"linkage", "2025-03-01", "Công ty X"}, {"linkage", "2025-09-30", "Công ty X Công ty Y"},
		{"linkage", "2025-10-01", "Công ty Y"},
	} {
		topic, _ := w.Plan.Topic(c.topic)
		var got []string
		for _, e := range trace.EntriesOn(entries, topic, trace.Date(c.day)) {
			got = append(got, e.Choice+e.Text)
		}
		if len(got) == 2 && got[0] > got[1] {
			got[0], got[1] = got[1], got[0]
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s on %s: %v, want %s", c.topic, c.day, got, c.want)
		}
	}
	w.entry(t, "htx-a", "linkage", "2025-06-01", func(d *trace.RegisterDraft) {
		d.Void, d.Supersedes, d.Reason = true, kept.ID, "không có hợp đồng"
	})
	linkage, _ := w.Plan.Topic("linkage")
	if on := trace.EntriesOn(must(w.RegisterOf(t.Context(), w.manager, "")), linkage, "2025-10-01"); len(on) != 0 {
		t.Errorf("taken back: %+v", on)
	}
}

func TestRegisterRefuses(t *testing.T) {
	w := newWorld(t)
	ok := trace.RegisterDraft{Organisation: "htx-a", Topic: "members", From: "2026-01-01", Number: "40"}
	for name, change := range map[string]func(*trace.RegisterDraft){
		"no such topic":            func(d *trace.RegisterDraft) { d.Topic = "luck" },
		"no day":                   func(d *trace.RegisterDraft) { d.From = "" },
		"a day to come":            func(d *trace.RegisterDraft) { d.From = "2027-01-01" },
		"no number":                func(d *trace.RegisterDraft) { d.Number = "" },
		"no such choice":           func(d *trace.RegisterDraft) { d.Topic, d.Choice = "rating", "super" },
		"a span of nothing":        func(d *trace.RegisterDraft) { d.Topic, d.Number = "linkage", "" },
		"ends before it begins":    func(d *trace.RegisterDraft) { d.Topic, d.Text, d.To = "linkage", "X", "2025-01-01" },
		"supersedes nothing known": func(d *trace.RegisterDraft) { d.Supersedes, d.Reason = "x", "vì" },
	} {
		d := ok
		change(&d)
		if _, err := w.RecordRegister(t.Context(), w.admin, d); err == nil {
			t.Errorf("%s: no fault", name)
		}
	}
}

func TestTargets(t *testing.T) {
	w := newWorld(t)
	for i, c := range []struct {
		form, status string
		from         string
	}{
		{"HTX", "active", "2020-01-01"}, {"HTX", "active", "2020-01-01"}, {"HTX", "active", "2026-02-01"}, {"HTX", "stopped", "2026-03-01"},
		{"THT", "active", "2020-01-01"},
	} {
		id := fmt.Sprintf("org-%d", i)
		must(w.RegisterOrganisation(t.Context(), w.admin, trace.OrganisationDraft{
			ID: id, LegalType: c.form, Name: id, Address: "Thôn", AdminUnit: "x1", Representative: "Ai đó",
		}))
		w.entry(t, id, "status", "2020-01-01", choose("active"))
		if c.from != "2020-01-01" {
			w.entry(t, id, "status", c.from, choose(c.status))
		}
	}
	// org-2 was founded in 2026: what was said of 2020 was wrong.
	first := must(w.RegisterOf(t.Context(), w.admin, "org-2"))
	w.entry(t, "org-2", "status", "2020-01-01", func(d *trace.RegisterDraft) {
		d.Void, d.Supersedes, d.Reason = true, first[len(first)-1].ID, "thành lập năm 2026"
	})
	w.entry(t, "org-0", "rating", "2025-12-31", choose("good"))
	w.entry(t, "org-4", "linkage", "2026-01-01", text("Công ty X", ""))
	of := func(unit string, day trace.Date) map[string]trace.TargetStatus {
		out := map[string]trace.TargetStatus{}
		for _, s := range must(w.Targets(t.Context(), w.official, unit, day)) {
			out[s.Target.ID] = s
		}
		return out
	}
	now := of("x1", "2026-11-24")
	// htx-a has no status on record: it is active since the day it was recorded here.
	if s := now["active_htx"]; s.Now.Value != 4 || s.YearBefore.Value != 3 || s.Goal.By != "2030-12-31" || s.Light != trace.LightFar {
		t.Errorf("active cooperatives: %+v", s)
	}
	if s := now["rated_good"]; s.Now.Numerator != 1 || s.Now.Denominator != 5 || s.Now.Value != 20 {
		t.Errorf("rated good or fair: %+v", s.Now)
	}
	if s := now["linked"]; s.Now.Value != 20 || s.YearBefore.Value != 0 || s.Pace != 20 || s.Light != trace.LightOnTrack {
		t.Errorf("linked: %+v", s)
	}
	if s := now["people"]; s.Now.Known {
		t.Errorf("a share of an unknown population: %+v", s.Now)
	}
	if s := now["exporters"]; s.Light != trace.LightNoGoal {
		t.Errorf("exporters: %+v", s)
	}
	if s := of("x2", "2026-11-24")["active_htx"]; s.Now.Value != 0 {
		t.Errorf("the other commune has %v active cooperatives", s.Now.Value)
	}
}

// TestUnitsInTime lets a district end and communes take its place: its official goes on answering for them.
func TestUnitsInTime(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	old := trace.Actor{ID: "u-old", Role: trace.Official, Unit: "h1"}
	if orgs, _, _ := w.Organisations(ctx, old, "", 10); len(orgs) != 0 {
		t.Fatalf("before: %d organisations", len(orgs))
	}
	must0(t, w.AddUnit(ctx, w.admin, trace.Unit{Code: "h1", Level: "huyen", Name: "Huyện Cũ", Parent: "t1", ValidTo: "2025-06-30", Successors: []string{"x1"}}))
	orgs, _, err := w.Organisations(ctx, old, "", 10)
	must0(t, err)
	if len(orgs) != 1 || orgs[0].Doc.ID != "htx-a" {
		t.Errorf("the official of the former district answers for %d organisations", len(orgs))
	}
	u := must(w.Units(ctx))["h1"]
	for day, want := range map[trace.Date]bool{"2025-06-30": true, "2025-07-01": false} {
		if u.ExistsOn(day) != want {
			t.Errorf("exists on %s: %v", day, !want)
		}
	}
	u.Successors = []string{"x1", "x2"}
	must0(t, w.ChangeUnit(ctx, w.admin, u))
	if orgs, _, _ := w.Organisations(ctx, old, "", 10); len(orgs) != 2 {
		t.Errorf("with a second successor it answers for %d organisations", len(orgs))
	}
	for name, bad := range map[string]trace.Unit{
		"under itself":     {Code: "t1", Level: "tinh", Name: "Tỉnh", Parent: "x1"},
		"follows itself":   {Code: "x1", Level: "xa", Name: "Xã", Parent: "t1", Successors: []string{"x1"}},
		"ends too early":   {Code: "x1", Level: "xa", Name: "Xã", Parent: "t1", ValidFrom: "2025-07-01", ValidTo: "2025-06-30"},
		"of an odd level":  {Code: "x1", Level: "ap", Name: "Xã", Parent: "t1"},
		"of nobody at all": {Code: "x1", Level: "xa", Name: "Xã", Parent: "t1", Population: -1},
	} {
		if err := w.ChangeUnit(ctx, w.admin, bad); err == nil {
			t.Errorf("a unit %s: no fault", name)
		}
	}
}

func TestPlanNamesEveryFault(t *testing.T) {
	_, err := trace.ParsePlan([]byte(`
topics: [{id: A, names: {vi: x}, holds: ever}]
targets: [{id: t, names: {vi: x, en: x}, definition: {vi: x, en: x}, source: {vi: x, en: x}, measure: luck, status: sure, topic: b, of: [XX], goals: [{by: "2030-02-30"}, {by: "2020-01-01", over: 1}]}]
`))
	for _, want := range []string{"topic \"A\"", "name in vi and en", "ever", "luck", "sure", "no topic", "legal form", "no day", "atLeast and over", "order of their days"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("not named: %s in %v", want, err)
		}
	}
}
