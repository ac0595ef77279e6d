package web

import (
	"net/http"
	"reflect"
	"time"

	"truynguon/internal/trace"
)

// growingCodeView is a growing-area code as the API answers it.
type growingCodeView struct {
	trace.GrowingCode
	// Decisions are all that was decided, in the order in which it was recorded.
	Decisions []codeDecisionView `json:"decisions"`
	// Status is what the code is worth today.
	Status trace.GrowingStatus `json:"status"`
	kept
}

// codeDecisionView is a decision, with who recorded it.
type codeDecisionView struct {
	// ID is the decision's here.
	ID string `json:"id"`
	// Status is what was decided.
	Status trace.GrowingStatus `json:"status"`
	// From is the first day on which it holds.
	From trace.Date `json:"from"`
	// Until is the last day of a grant.
	Until trace.Date `json:"until,omitempty"`
	// Number is the decision's, as printed.
	Number string `json:"number,omitempty"`
	// Issuer is who decided.
	Issuer string `json:"issuer,omitempty"`
	// Reason is why.
	Reason string `json:"reason,omitempty"`
	// Document is the id of its scan.
	Document string `json:"document,omitempty"`
	// By is who recorded it.
	By actorView `json:"by"`
	// At is when it was recorded.
	At time.Time `json:"at"`
}

func (s *Server) viewGrowingCode(c *request, st trace.Stored[trace.GrowingCode]) growingCodeView {
	g := st.Doc
	sees := c.actor.Sees(g.Organisation, g.UnitPath)
	v := growingCodeView{GrowingCode: g, Decisions: []codeDecisionView{}, Status: g.StatusOn(s.Ledger.Today()), kept: keptOf(st)}
	v.UnitPath = listOf(g.UnitPath)
	for _, d := range g.Decisions {
		v.Decisions = append(v.Decisions, codeDecisionView{
			ID: d.ID, Status: d.Status, From: d.From, Until: d.Until, Number: d.Number, Issuer: d.Issuer, Reason: d.Reason,
			Document: d.Document, By: viewActor(d.By, sees), At: d.At,
		})
	}
	return v
}

// codeGrant is what is sent to record a code of a place.
type codeGrant struct {
	// Token makes a repeated submission land on one record; it is not part of the document.
	Token string `json:"-"`
	// Code is as it is written on the decision.
	Code string `json:"code"`
	// Crop is what grows or is packed there.
	Crop string `json:"crop"`
	// Market is VN, or the country that the code was registered with.
	Market string `json:"market"`
	// From is the first day on which the code holds.
	From string `json:"from"`
	// Until is its last day.
	Until string `json:"until,omitempty"`
	// Number is the decision's.
	Number string `json:"number,omitempty"`
	// Issuer is who granted it.
	Issuer string `json:"issuer,omitempty"`
	// Document is the id of its scan.
	Document string `json:"document,omitempty"`
}

// plotOperations are what programs may do with plots and their codes.
func (s *Server) plotOperations() []operation {
	view := reflect.TypeFor[growingCodeView]()
	return []operation{
		{
			method: get, path: "/places.geojson", id: "get_places_geojson", who: insiders, success: http.StatusOK,
			summary: "The plots as GeoJSON, six decimals, with nothing personal: of an organisation or of all that the caller oversees, 1,000 at most.",
			query:   []parameter{paramOrganisation}, outTypes: []string{typeGeoJSON}, handle: s.plotsGeoJSON,
		},
		{
			method: get, path: "/places/{id}/codes", id: "list_place_codes", who: insiders, success: http.StatusOK,
			summary: "The growing-area codes of a place, newest first.",
			out:     reflect.TypeFor[listPage[growingCodeView]](), outTypes: []string{typeJSON},
			handle: func(c *request) error {
				all, err := s.Ledger.PlaceCodes(c.ctx(), c.actor, c.Params("id"))
				if err != nil {
					return err
				}
				p := listPage[growingCodeView]{Items: []growingCodeView{}}
				for _, st := range all {
					p.Items = append(p.Items, s.viewGrowingCode(c, st))
				}
				return s.reply(c, reply{status: http.StatusOK, body: p})
			},
		},
		{
			method: post, path: "/places/{id}/codes", id: "create_place_code", who: insiders, success: http.StatusCreated,
			summary: "Records a growing-area code of a place, and the decision that granted it.",
			in:      reflect.TypeFor[codeGrant](), inTypes: []string{typeJSON}, out: view, outTypes: []string{typeJSON},
			handle: func(c *request) error {
				var d codeGrant
				return posted(s, c, &d, false, func(l *trace.Ledger) (reply, error) {
					st, err := l.RegisterGrowingCode(c.ctx(), c.actor, trace.GrowingCodeDraft{
						Token: d.Token, Place: c.Params("id"), Code: d.Code, Crop: d.Crop, Market: d.Market,
						CodeDecisionDraft: trace.CodeDecisionDraft{From: d.From, Until: d.Until, Number: d.Number, Issuer: d.Issuer, Document: d.Document},
					})
					if err != nil {
						return reply{}, err
					}
					return reply{status: http.StatusCreated, rev: st.Rev, body: s.viewGrowingCode(c, st), location: "/codes/" + st.Doc.ID}, nil
				})
			},
		},
		{
			method: get, path: "/codes/{id}", id: "get_code", who: insiders, success: http.StatusOK,
			summary: "A growing-area code with its history.", out: view, outTypes: []string{typeJSON},
			handle: func(c *request) error {
				st, err := s.Ledger.GrowingCode(c.ctx(), c.actor, c.Params("id"))
				if err != nil {
					return err
				}
				return s.reply(c, reply{status: http.StatusOK, rev: st.Rev, body: s.viewGrowingCode(c, st)})
			},
		},
		{
			method: post, path: "/codes/{id}/decisions", id: "decide_code", who: insiders, success: http.StatusOK,
			summary: "Adds a decision to a code's history: granted anew, suspended, reinstated or revoked. None is ever changed.",
			in:      reflect.TypeFor[trace.CodeDecisionDraft](), inTypes: []string{typeJSON}, out: view, outTypes: []string{typeJSON},
			handle: func(c *request) error {
				var d trace.CodeDecisionDraft
				return posted(s, c, &d, false, func(l *trace.Ledger) (reply, error) {
					st, err := l.DecideGrowingCode(c.ctx(), c.actor, c.Params("id"), d)
					if err != nil {
						return reply{}, err
					}
					return reply{status: http.StatusOK, rev: st.Rev, body: s.viewGrowingCode(c, st)}, nil
				})
			},
		},
	}
}
