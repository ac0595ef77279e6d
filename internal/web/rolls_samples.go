package web

import (
	"truynguon/internal/auth"
	"truynguon/internal/trace"
)

// rollPages are the pages for rolls of labels, with made-up data.
func (k madeUp) rollPages() map[string]view {
	label := trace.RollLabel{Code: or(k.code, "XXXXXXXXXXXXX"), Number: 7, State: trace.RollFree}
	if k.n > 1 {
		label.State, label.Reason = trace.RollVoided, k.text
	}
	print := k.form("rollprint", "stock", "from", "to")
	page := &RollPage{RecordPage: k.record(auth.Staff), Roll: trace.Roll{ID: "7"}}
	if k.n > 0 {
		page.Print, page.Fields = print, []Field{print.Field("from", "number", true)}
	}
	claim := k.form("rollclaim", "from", "to")
	return map[string]view{
		"roll":      page,
		"rolllabel": &RollLabelPage{Base: k.base(""), Label: label, Form: k.form("doubt", "text")},
		"rollclaim": &ClaimPage{
			Base: k.base(auth.Staff), Form: claim, Batch: k.batch(), Claims: Section{Title: or(k.name, "–"), Rows: k.rows()},
			Fields: []Field{claim.Field("from", "text", true), claim.Field("to", "text", true)},
		},
	}
}
