package sample

import (
	"fmt"
	"strings"
	"testing"
)

func TestCertificates(t *testing.T) {
	w := newWorld(t)
	schemes := map[string]bool{}
	for i := range w.Certificates {
		c := &w.Certificates[i]
		schemes[c.Scheme] = true
		if w.orgs[c.Organisation] == nil || c.Agency == "" || c.StartDate > -1 || (c.EndDate != nil && *c.EndDate <= c.StartDate) {
			t.Errorf("certificate %s: holder, issuer or dates", c.ID)
		}
		if (c.Number == "") != (c.Scheme == "commitment" || c.Scheme == "exemption") {
			t.Errorf("certificate %s: number %q", c.ID, c.Number)
		}
		if (c.ExemptionBasis != "") != (c.Scheme == "exemption") {
			t.Errorf("certificate %s: basis %q", c.ID, c.ExemptionBasis)
		}
		for _, s := range c.Subjects {
			if p := w.products[s.Product]; s.Product != "" && (p == nil || p.Organisation != c.Organisation) {
				t.Errorf("certificate %s: product %s", c.ID, s.Product)
			}
			if p := w.places[s.Place]; s.Place != "" && (p == nil || p.Organisation != c.Organisation || s.Area > p.AreaHa) {
				t.Errorf("certificate %s: place %s", c.ID, s.Place)
			}
			if l := w.lots[s.Lot]; s.Lot != "" && (l == nil || l.Product != s.Product) {
				t.Errorf("certificate %s: lot %s", c.ID, s.Lot)
			}
			if (c.Scheme == "test_report") != (s.Lot != "") {
				t.Errorf("certificate %s: a test report is about a lot, and nothing else is", c.ID)
			}
		}
		status, err := w.follow(c)
		if err != nil {
			t.Errorf("certificate %s: %v", c.ID, err)
		}
		if c.Scheme == "prefix_licence" && c.Number != w.orgs[c.Organisation].GS1CompanyPrefix && status == "verified" {
			t.Errorf("certificate %s: not the prefix of its holder", c.ID)
		}
	}
	for _, s := range strings.Fields("attp commitment vietgap ocop organic globalgap haccp iso22000 self_declaration test_report growing_area prefix_licence gi registration exemption") {
		if !schemes[s] {
			t.Errorf("no certificate of scheme %s", s)
		}
		delete(schemes, s)
	}
	if len(schemes) > 0 {
		t.Errorf("unknown schemes %v", schemes)
	}
}

// follow walks a certificate's history and returns where it leads.
func (w world) follow(c *Certificate) (string, error) {
	from := map[string]string{"submit": "draft", "verify": "submitted", "reject": "submitted", "suspend": "verified", "reinstate": "suspended", "revoke": "verified", "supersede": "verified"}
	to := map[string]string{"submit": "submitted", "verify": "verified", "reject": "rejected", "suspend": "suspended", "reinstate": "verified", "revoke": "revoked", "supersede": "superseded"}
	state, last := "draft", c.StartDate
	for _, e := range c.History {
		if from[e.Action] == "" || from[e.Action] != state {
			return state, fmt.Errorf("%s while %s", e.Action, state)
		}
		if e.Day > -1 || e.Day < last {
			return state, fmt.Errorf("%s on day %d is out of order or to come", e.Action, e.Day)
		}
		if (e.Method == "") != (e.Action != "verify" && e.Action != "reject") {
			return state, fmt.Errorf("%s with method %q", e.Action, e.Method)
		}
		if e.Action != "submit" && e.Reason == "" {
			return state, fmt.Errorf("%s without a reason", e.Action)
		}
		if s := w.certs[e.Successor]; (e.Action == "supersede") != (s != nil) || (s != nil && (s.Scheme != c.Scheme || s.Organisation != c.Organisation)) {
			return state, fmt.Errorf("%s by %q", e.Action, e.Successor)
		}
		state, last = to[e.Action], e.Day
	}
	return state, nil
}
