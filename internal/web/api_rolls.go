package web

import (
	"net/http"
	"reflect"
	"time"

	"truynguon/internal/fault"
	"truynguon/internal/trace"
)

// rollView is a roll of labels.
type rollView struct {
	ID string `json:"id"`
	// Organisation may claim its labels; absent where all organisations of AdminUnit may.
	Organisation string `json:"organisation,omitempty"`
	// AdminUnit is the unit whose organisations may claim its labels.
	AdminUnit string `json:"adminUnit,omitempty"`
	Name      string `json:"name"`
	// Count is how many labels there are; they are numbered from 1.
	Count int `json:"count"`
	// By is who ordered it.
	By actorView `json:"by"`
	// Spans are its labels from first to last, in stretches for which the same holds.
	Spans []rollSpanView `json:"spans"`
	kept
}

// rollSpanView is a stretch of a roll.
type rollSpanView struct {
	// From and To are numbers of labels; both belong to the stretch.
	From int `json:"from"`
	// To is the last.
	To int `json:"to"`
	// State is free, claimed or voided.
	State trace.RollState `json:"state"`
	// Batch is the code of the lot that the labels belong to.
	Batch string `json:"batch,omitempty"`
	// Reason is why they were voided or freed.
	Reason string `json:"reason,omitempty"`
	// At is since when.
	At *time.Time `json:"at,omitempty"`
}

func viewSpan(e trace.RollEntry) rollSpanView {
	v := rollSpanView{From: e.From, To: e.To, State: e.Kind, Reason: e.Reason}
	if e.Kind != trace.RollFree {
		v.Batch = e.Batch
	}
	if !e.At.IsZero() {
		v.At = &e.At
	}
	return v
}

func (s *Server) viewRoll(c *request, st trace.Stored[trace.Roll]) rollView {
	r := st.Doc
	v := rollView{
		ID: r.ID, Organisation: r.Organisation, AdminUnit: r.Unit, Name: r.Name, Count: r.Count, kept: keptOf(st), Spans: []rollSpanView{},
		By: viewActor(r.By, s.Ledger.MayManageRoll(c.actor, &r)),
	}
	for _, e := range r.Spans() {
		v.Spans = append(v.Spans, viewSpan(e))
	}
	return v
}

// rollClaimView is a stretch of a roll that a lot claimed.
type rollClaimView struct {
	// Roll is the roll's id.
	Roll string `json:"roll,omitempty"`
	rollSpanView
}

// rollCodesDraft is what is sent for codes of a roll.
type rollCodesDraft struct {
	Token string `json:"-"`
	// From is the first number, To the last; at most 1,000 at a time.
	From int `json:"from"`
	// To is the last number.
	To int `json:"to"`
}

// rollCodeView is a label to be printed.
type rollCodeView struct {
	// Number is its place on the roll.
	Number int `json:"number"`
	// Code is what people read, URL what the QR code holds.
	Code string `json:"code"`
	// URL is what the QR code holds.
	URL string `json:"url"`
}

// maxRollCodes bounds the codes of one answer.
const maxRollCodes = 1000

// rollOperations are what programs may do with rolls.
func (s *Server) rollOperations() []operation {
	r := &resource[trace.Roll, trace.RollDraft, rollView]{
		path: "/rolls", noun: "roll", plural: "rolls",
		key:  func(r *trace.Roll) string { return r.ID },
		view: s.viewRoll,
		get: func(l *trace.Ledger, c *request, id string) (trace.Stored[trace.Roll], error) {
			return l.Roll(c.ctx(), c.actor, id)
		},
		list: func(l *trace.Ledger, c *request, after string, limit int) ([]trace.Stored[trace.Roll], string, error) {
			return l.Rolls(c.ctx(), c.actor, c.Query("organisation"), after, limit)
		},
		create: func(l *trace.Ledger, c *request, d trace.RollDraft) (trace.Stored[trace.Roll], error) {
			return l.OrderRoll(c.ctx(), c.actor, d)
		},
	}
	return []operation{
		r.lists(s, insiders, "The rolls of pre-printed labels that the caller may see, newest first.", paramOrganisation),
		r.creates(s, insiders, "Orders a roll of labels that belong to no lot yet."),
		r.gets(s, insiders, "A roll."),
		decides(s, r, insiders, "free", "Corrects a claim: labels that belong to a lot belong to none again.",
			func(l *trace.Ledger, c *request, id string, d trace.RollRange) (trace.Stored[trace.Roll], error) {
				return s.markedRoll(l, c, id, d, l.FreeRoll)
			}),
		decides(s, r, insiders, "void", "Declares labels invalid: spoiled, lost or never used. A scan shows the reason.",
			func(l *trace.Ledger, c *request, id string, d trace.RollRange) (trace.Stored[trace.Roll], error) {
				return s.markedRoll(l, c, id, d, l.VoidRoll)
			}),
		{
			method: post, path: "/rolls/{id}/codes", id: "print_roll", who: insiders, success: http.StatusOK,
			summary: "The codes of labels of a roll, for a printer; that they were printed is recorded.",
			in:      reflect.TypeFor[rollCodesDraft](), inTypes: []string{typeJSON},
			out: reflect.TypeFor[listPage[rollCodeView]](), outTypes: []string{typeJSON},
			handle: s.rollCodes,
		},
		{
			method: post, path: "/batches/{id}/claims", id: "claim_labels", who: keepers, success: http.StatusCreated,
			summary: "Makes the labels of a roll from the first to the last that were stuck on those of a lot.",
			in:      reflect.TypeFor[trace.RollClaimDraft](), inTypes: []string{typeJSON},
			out: reflect.TypeFor[rollClaimView](), outTypes: []string{typeJSON},
			handle: func(c *request) error {
				var d trace.RollClaimDraft
				return posted(s, c, &d, false, func(l *trace.Ledger) (reply, error) {
					e, err := l.ClaimRoll(c.ctx(), c.actor, c.Params("id"), d)
					if err != nil {
						return reply{}, err
					}
					return reply{
						status: http.StatusCreated, body: rollClaimView{rollSpanView: viewSpan(e)},
						location: "/batches/" + e.Batch + "/claims",
					}, nil
				})
			},
		},
		{
			method: get, path: "/batches/{id}/claims", id: "list_claims", who: insiders, success: http.StatusOK,
			summary: "The stretches of rolls that belong to a lot.",
			out:     reflect.TypeFor[listPage[rollClaimView]](), outTypes: []string{typeJSON},
			handle: func(c *request) error {
				claims, err := s.Ledger.RollClaims(c.ctx(), c.actor, c.Params("id"))
				if err != nil {
					return err
				}
				p := listPage[rollClaimView]{Items: []rollClaimView{}}
				for _, e := range claims {
					p.Items = append(p.Items, rollClaimView{e.Roll, viewSpan(e.RollEntry)})
				}
				return s.reply(c, reply{status: http.StatusOK, body: p})
			},
		},
	}
}

func (s *Server) markedRoll(l *trace.Ledger, c *request, id string, d trace.RollRange, mark marking) (st trace.Stored[trace.Roll], err error) {
	d.Roll = id
	if _, err := mark(c.ctx(), c.actor, d); err != nil {
		return st, err
	}
	return l.Roll(c.ctx(), c.actor, id)
}

// rollCodes answers codes of a roll.
func (s *Server) rollCodes(c *request) error {
	var d rollCodesDraft
	return posted(s, c, &d, false, func(l *trace.Ledger) (reply, error) {
		if d.To-d.From >= maxRollCodes {
			var p fault.Problem
			p.Add("/to", "too_many", maxRollCodes)
			return reply{}, p.Err()
		}
		pr, code, err := l.PrintRoll(c.ctx(), c.actor, trace.RollPrintDraft{
			Token: d.Token, Roll: c.Params("id"), From: d.From, To: d.To, Stock: "api", Format: "csv",
		})
		if err != nil {
			return reply{}, err
		}
		p := listPage[rollCodeView]{Items: []rollCodeView{}}
		for n := pr.From; n <= pr.To; n++ {
			p.Items = append(p.Items, rollCodeView{Number: n, Code: trace.SpellCode(code(n)), URL: l.RollURL(code(n))})
		}
		return reply{status: http.StatusOK, body: p}, nil
	})
}
