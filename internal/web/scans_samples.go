package web

import (
	"truynguon/internal/auth"
	"truynguon/internal/trace"
)

// scanPages are the pages about scans, with made-up data.
func (k madeUp) scanPages() map[string]view {
	scans := &ScansPage{Base: k.base(auth.Staff)}
	r := trace.ScanReport{From: "2026-10-26", To: sampleDay}
	copies := &CopiesPage{Base: k.base(auth.Official)}
	dead := &DeadPage{Base: k.base(auth.Official), CSV: "/work/deadstamps.csv", Filter: k.form("dead", "day").Field("day", "date", false)}
	if k.n > 0 {
		r.Scans, r.Visits, r.Devices, r.Regions = 9, 5, map[trace.Device]int{trace.Phone: 9}, map[string]int{k.code: 7}
		r.Days = each(1, trace.ScanDay{Day: sampleDay, Scans: 9, Visits: 5})
		scans.Back = &Link{"/work", k.line}
		scans.Lots = Section{Title: or(k.name, "–"), Rows: k.rows()}
		note := k.form("alert", "note")
		note.Scope = "a-"
		row := CopyRow{
			CopyAlert: trace.CopyAlert{ID: "a1", Batch: "X", State: trace.AlertOpen}, When: k.words.Time(sampleTime), Title: or(k.name, "–"),
			Serial: k.code, Organisation: k.name, Tone: "bad", Reasons: each(k.n, k.line), Notes: each(k.n, NoteRow{k.line, k.name, k.line, k.text}),
			Actions: []Action{{Verb: "alert_seen", Label: k.words.T("act.alert_seen"), Form: note, Fields: []Field{note.Field("note", "area", true)}}},
		}
		copies.Alerts = []CopyRow{row}
		dead.Stamps = each(k.n, trace.DeadStamp{Day: sampleDay, Kind: trace.DeadCode, Text: k.line, Count: 3})
		dead.Rest = []trace.DeadTotal{{Day: sampleDay, Keys: 2000, Rest: 7}}
	}
	scans.report(r)
	return map[string]view{"scans": scans, "copies": copies, "deadstamps": dead}
}
