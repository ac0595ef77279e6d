package web

import (
	"net/http"
	"reflect"
	"time"

	"truynguon/internal/trace"
)

// recallCaseView is a case as the API answers it: names of people for those who lead it only.
type recallCaseView struct {
	ID           string           `json:"id"`
	Organisation string           `json:"organisation"`
	Kind         trace.RecallKind `json:"kind"`
	// Mock marks an exercise, which nobody outside sees anything of.
	Mock bool `json:"mock"`
	// Stage is how far it has come.
	Stage trace.RecallStage `json:"stage"`
	// Trigger is how the fault was found.
	Trigger  trace.RecallTrigger `json:"trigger"`
	Reason   string              `json:"reason"`
	Advice   string              `json:"advice"`
	Decision string              `json:"decision,omitempty"`
	// DetectedAt is when it was found.
	DetectedAt time.Time `json:"detectedAt"`
	// Seeds are what the recall begins from.
	Seeds []trace.RecallSeed `json:"seeds"`
	// Reach is how far its scope was looked for.
	Reach trace.RecallReach `json:"reach"`
	// Version is that of the scope; who confirms names it.
	Version int `json:"version"`
	// Lots is how many lots are in scope.
	Lots int `json:"lots"`
	// Quantities add them up by unit of measure.
	Quantities []trace.Quantity `json:"quantities"`
	// Organisations are the ids of those whose lots are in scope.
	Organisations []string `json:"organisations"`
	// FoundIn is how long it took to find the scope, in milliseconds; Cut tells that there may be more lots.
	FoundIn int64 `json:"foundIn"`
	Cut     bool  `json:"cut"`
	// EffectiveAt is when it took effect, absent before.
	EffectiveAt *time.Time `json:"effectiveAt,omitempty"`
	// ToldAt is when the notices to the receivers were written.
	ToldAt *time.Time `json:"toldAt,omitempty"`
	// ConsentOn is the day of the authority's consent to the handling.
	ConsentOn trace.Date `json:"consentOn,omitempty"`
	ClosedAt  *time.Time `json:"closedAt,omitempty"`
	// Outcome tells how it ended.
	Outcome string `json:"outcome,omitempty"`
	// Unfinished is why it was closed though some lots were not handled.
	Unfinished string `json:"unfinished,omitempty"`
	// Deadlines are those of TT 17/2021/TT-BNNPTNT as they stand now.
	Deadlines []deadlineView `json:"deadlines"`
	kept
}

// deadlineView is a deadline as it stands.
type deadlineView struct {
	Name string `json:"name"`
	// Due is when it ends.
	Due time.Time `json:"due"`
	// Done is when it was met or missed, absent if it has not been done.
	Done  *time.Time          `json:"done,omitempty"`
	State trace.DeadlineState `json:"state"`
	// Provisional tells that it may begin later, with the consent of the authority.
	Provisional bool `json:"provisional"`
}

func (s *Server) viewRecallCase(_ *request, st trace.Stored[trace.RecallCase]) recallCaseView {
	k := st.Doc
	v := recallCaseView{
		ID: k.ID, Organisation: k.Organisation, Kind: k.Kind, Mock: k.Mock, Stage: k.Stage, Trigger: k.Trigger, Reason: k.Reason, Advice: k.Advice,
		Decision: k.Decision, DetectedAt: k.DetectedAt, Seeds: listOf(k.Seeds), Reach: k.Reach, Version: k.Scope.Version, Lots: k.Scope.Lots,
		Quantities: listOf(k.Scope.Quantities), Organisations: listOf(k.Scope.Organisations), FoundIn: k.Scope.FoundIn, Cut: k.Scope.Cut,
		EffectiveAt: k.EffectiveAt, ToldAt: k.ToldAt, ConsentOn: k.ConsentOn, ClosedAt: k.ClosedAt, Outcome: k.Outcome, Unfinished: k.Unfinished,
		Deadlines: []deadlineView{}, kept: keptOf(st),
	}
	for _, d := range k.Deadlines(s.Ledger.Zone) {
		v.Deadlines = append(v.Deadlines, deadlineView{Name: d.Name, Due: d.Due.UTC(), Done: d.Done, State: d.State(s.now()), Provisional: d.Provisional})
	}
	return v
}

// scopeLotView is a lot in a scope, with why it is in it.
type scopeLotView struct {
	Code         string `json:"code"`
	Organisation string `json:"organisation"`
	Product      string `json:"product"`
	// Lot is the lot number.
	Lot      string         `json:"lot"`
	Quantity trace.Quantity `json:"quantity"`
	State    trace.State    `json:"state"`
	// Why are the reasons for which it is in scope, the strongest first.
	Why []trace.ScopeReason `json:"why"`
	// Removed tells that somebody has taken it out.
	Removed bool `json:"removed"`
}

// holdSetView is a hold of lots as the API answers it.
type holdSetView struct {
	ID           string `json:"id"`
	Organisation string `json:"organisation"`
	Reason       string `json:"reason"`
	// Seeds are what the hold begins from.
	Seeds []trace.RecallSeed `json:"seeds"`
	// Lots is how many lots are held.
	Lots int `json:"lots"`
	// Left is how many were found and left out, being of organisations that the caller may not hold.
	Left int `json:"left"`
	// HeldAt is since when they are held.
	HeldAt time.Time `json:"heldAt"`
	// ReleasedAt is when they were released, absent if they are held.
	ReleasedAt *time.Time `json:"releasedAt,omitempty"`
	// Outcome is what was found.
	Outcome string `json:"outcome,omitempty"`
	kept
}

func (s *Server) viewHoldSet(_ *request, st trace.Stored[trace.HoldSet]) holdSetView {
	h := st.Doc
	return holdSetView{
		ID: h.ID, Organisation: h.Organisation, Reason: h.Reason, Seeds: listOf(h.Seeds), Lots: h.Scope.Lots, Left: h.Left, HeldAt: h.HeldAt,
		ReleasedAt: h.ReleasedAt, Outcome: h.Outcome, kept: keptOf(st),
	}
}

var paramPart = parameter{name: "part", kind: "integer", about: "Which part of the lots, from 0; next names the one that follows."}

// scopePageView is a part of a scope.
type scopePageView struct {
	// Items are the lots of this part.
	Items []scopeLotView `json:"items"`
	// Next is the number of the part that follows; it is absent at the end.
	Next *int `json:"next,omitempty"`
}

// recallCaseOperations are recalls that are prepared and reviewed, and holds of lots.
func (s *Server) recallCaseOperations() []operation {
	type stored = trace.Stored[trace.RecallCase]
	r := &resource[trace.RecallCase, trace.RecallCaseDraft, recallCaseView]{
		path: "/recall-cases", noun: "recall_case", plural: "recall_cases",
		key:  func(k *trace.RecallCase) string { return k.ID },
		view: s.viewRecallCase,
		get: func(l *trace.Ledger, c *request, id string) (stored, error) {
			return l.RecallCase(c.ctx(), c.actor, id)
		},
		list: func(l *trace.Ledger, c *request, after string, limit int) ([]stored, string, error) {
			return l.RecallCases(c.ctx(), c.actor, c.Query("organisation"), after, limit)
		},
		create: func(l *trace.Ledger, c *request, d trace.RecallCaseDraft) (stored, error) {
			return l.OpenRecallCase(c.ctx(), c.actor, d)
		},
	}
	h := &resource[trace.HoldSet, trace.HoldDraft, holdSetView]{
		path: "/holds", noun: "hold", plural: "holds",
		key:  func(h *trace.HoldSet) string { return h.ID },
		view: s.viewHoldSet,
		get: func(l *trace.Ledger, c *request, id string) (trace.Stored[trace.HoldSet], error) {
			return l.HoldSet(c.ctx(), c.actor, id)
		},
		list: func(l *trace.Ledger, c *request, after string, limit int) ([]trace.Stored[trace.HoldSet], string, error) {
			return l.HoldSets(c.ctx(), c.actor, c.Query("organisation"), after, limit)
		},
		create: func(l *trace.Ledger, c *request, d trace.HoldDraft) (trace.Stored[trace.HoldSet], error) {
			return l.HoldLots(c.ctx(), c.actor, d)
		},
	}
	return []operation{
		r.lists(s, insiders, "The recall cases that the caller may see, newest first.", paramOrganisation),
		r.creates(s, leaders, "Opens a recall and finds its scope. It takes effect when a second person has confirmed it."),
		r.gets(s, insiders, "A recall case."),
		{
			method: get, path: "/recall-cases/{id}/lots", id: "list_recall_case_lots", who: insiders, success: http.StatusOK,
			summary: "The lots in a case's scope, a hundred at a time, each with why it is in it.",
			query:   []parameter{paramPart}, out: reflect.TypeFor[scopePageView](), outTypes: []string{typeJSON}, handle: s.recallCaseLots,
		},
		decides(s, r, leaders, "edit", "Adds lots to a scope or takes some out, with the reason.",
			func(l *trace.Ledger, c *request, id string, d trace.ScopeEdit) (stored, error) {
				return l.EditRecallScope(c.ctx(), c.actor, id, d)
			}),
		decides(s, r, leaders, "submit", "Freezes the scope and hands the case to a second person; hold stops the sale meanwhile. A person must, not a key.",
			func(l *trace.Ledger, c *request, id string, d trace.Submission) (stored, error) {
				return l.SubmitRecallCase(c.ctx(), c.actor, id, d)
			}),
		decides(s, r, leaders, "confirm", "Puts a case into effect. Another person than the one who opened or submitted it must, not a key.",
			func(l *trace.Ledger, c *request, id string, d trace.Review) (stored, error) {
				return l.ConfirmRecallCase(c.ctx(), c.actor, id, d)
			}),
		decides(s, r, leaders, "return", "Sends a case back to be changed.",
			func(l *trace.Ledger, c *request, id string, d reasonDraft) (stored, error) {
				return l.ReturnRecallCase(c.ctx(), c.actor, id, "", d.Reason)
			}),
		decides(s, r, leaders, "drop", "Gives a case up that has not taken effect.",
			func(l *trace.Ledger, c *request, id string, d reasonDraft) (stored, error) {
				return l.DropRecallCase(c.ctx(), c.actor, id, "", d.Reason)
			}),
		decides(s, r, insiders, "entry", "Adds a line to the account of what was recovered and handled.",
			func(l *trace.Ledger, c *request, id string, d trace.RecallEntryDraft) (stored, error) {
				if _, err := l.RecordRecallEntry(c.ctx(), c.actor, id, d); err != nil {
					return stored{}, err
				}
				return l.RecallCase(c.ctx(), c.actor, id)
			}),
		decides(s, r, leaders, "close", "Closes a case with its outcome.",
			func(l *trace.Ledger, c *request, id string, d trace.RecallClosing) (stored, error) {
				return l.CloseRecallCase(c.ctx(), c.actor, id, d)
			}),
		h.lists(s, insiders, "The holds of lots that the caller may see, newest first.", paramOrganisation),
		h.creates(s, insiders, "Stops the sale of the lots of a plot, under a certificate, grown with an input, or named."),
		h.gets(s, insiders, "A hold of lots."),
		decides(s, h, insiders, "release", "Ends a hold: the lots are what they were before. reason tells what was found.",
			func(l *trace.Ledger, c *request, id string, d reasonDraft) (trace.Stored[trace.HoldSet], error) {
				return l.ReleaseLots(c.ctx(), c.actor, id, d.Reason)
			}),
	}
}

// recallCaseLots answers a part of a case's scope.
func (s *Server) recallCaseLots(c *request) error {
	part, err := partOf(c)
	if err != nil {
		return err
	}
	page, err := s.Ledger.RecallScope(c.ctx(), c.actor, c.Params("id"), part)
	if err != nil {
		return err
	}
	v := scopePageView{Items: []scopeLotView{}}
	for _, lot := range page.Lots {
		v.Items = append(v.Items, scopeLotView{
			Code: lot.Code, Organisation: lot.Organisation, Product: lot.Product, Lot: lot.Lot, Quantity: lot.Quantity,
			State: page.Batches[lot.Code].State, Why: listOf(lot.Why), Removed: lot.Removed != nil,
		})
	}
	if page.Next >= 0 {
		v.Next = &page.Next
	}
	return s.reply(c, reply{status: http.StatusOK, body: v})
}
