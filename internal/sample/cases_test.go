package sample

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// in reports whether day d is within a certificate's validity.
func (c *Certificate) in(d Day) bool {
	return c.StartDate <= d && (c.EndDate == nil || d <= *c.EndDate)
}

// scope reports whether a certificate names the product of a lot, and the plot or site too if it names places.
func (w world) scope(c *Certificate, l *Lot) (product, place bool) {
	for _, s := range c.Subjects {
		if s.Lot != "" && s.Lot != l.ID {
			continue
		}
		if s.Product == l.Product {
			product = true
			place = place || s.Place == "" || slices.Contains(l.Places, s.Place)
		}
	}
	return product, place
}

// made is the day a lot came from the field or, if it did not, from the kitchen.
func (l *Lot) made() Day {
	for _, d := range []*Day{l.HarvestDate, l.ProductionDate, l.PackagingDate} {
		if d != nil {
			return *d
		}
	}
	return 0
}

// The lot whose page is shown first lacks nothing of Decree 37/2026 Article 23.5, and its certificates held on the days that matter.
func TestExemplaryLot(t *testing.T) {
	w := newWorld(t)
	var l *Lot
	for i := range w.Lots {
		if w.Lots[i].Demo == "page" {
			l = &w.Lots[i]
		}
	}
	if l == nil {
		t.Fatal("no lot is marked demo: page")
	}
	p := w.products[l.Product]
	if p.GTIN == "" || p.Image == "" || p.Brand == "" || p.Description == "" || len(p.AppliedStandards) == 0 || l.HarvestDate == nil || l.PackagingDate == nil || l.ExpirationDate == nil || l.State != "released" {
		t.Errorf("the exemplary lot or its product lacks something: %+v %+v", p, l)
	}
	var steps, schemes []string
	for _, s := range l.Steps {
		steps = append(steps, s.Step)
	}
	for i := range w.Certificates {
		c := &w.Certificates[i]
		if c.Organisation != p.Organisation {
			continue
		}
		status, _ := w.follow(c)
		product, place := w.scope(c, l)
		if product && place && status == "verified" && c.in(*l.PackagingDate) && c.in(-1) {
			schemes = append(schemes, c.Scheme)
			if c.Scheme == "vietgap" && !c.in(*l.HarvestDate) {
				t.Errorf("%s was not in force at harvest", c.ID)
			}
		}
	}
	for _, s := range strings.Fields("harvesting receiving sorting processing drying packing inspecting storing shipping") {
		if !slices.Contains(steps, s) {
			t.Errorf("the exemplary lot has no step %s", s)
		}
	}
	slices.Sort(schemes)
	if diff := cmp.Diff(strings.Fields("attp gi growing_area ocop self_declaration vietgap"), schemes); diff != "" {
		t.Errorf("schemes that hold (-want +got):\n%s", diff)
	}
}

// Each imperfect situation that the sample is there to show occurs.
func TestCases(t *testing.T) {
	w := newWorld(t)
	found := map[string]int{}
	for i := range w.Lots {
		l := &w.Lots[i]
		p := w.products[l.Product]
		found["lot "+l.State]++
		if l.Demo != "" {
			found["demo "+l.Demo+" "+l.State]++
		}
		if len(l.Lot) == 20 {
			found["longest lot number"]++
		}
		if d := l.ExpirationDate; d != nil && *d < 0 && *d >= -3 && l.State == "released" {
			found["just expired"]++
		}
		if l.BestBeforeDate != nil && l.ExpirationDate == nil {
			found["best before only"]++
		}
		if strings.Contains(p.Name, "Mật ong") && p.GTIN == "" {
			found["honey without GTIN"]++
		}
		if w.orgs[p.Organisation].TaxCode == "" {
			found["maker without tax code"]++
		}
		for _, in := range l.Inputs {
			if w.owner(w.lots[in.Lot]) != p.Organisation {
				found["made from another's lot"]++
			}
		}
		any := false
		for j := range w.Certificates {
			c := &w.Certificates[j]
			product, place := w.scope(c, l)
			if c.Organisation != p.Organisation || !product {
				continue
			}
			any = true
			status, _ := w.follow(c)
			switch {
			case !place && (c.Scheme == "vietgap") && c.in(l.made()):
				found["product covered, plot not"]++
			case place && status == "verified" && c.in(l.made()) && !c.in(0):
				found["in force at harvest, expired now"]++
			case place && status == "verified" && c.EndDate != nil && *c.EndDate < l.made():
				found["expired at harvest"]++
			case place && status == "suspended" && l.State == "released" && l.made() > c.History[len(c.History)-1].Day:
				found["released while suspended"]++
			}
		}
		if !any {
			found["no certificate"]++
		}
	}
	for i := range w.Certificates {
		c := &w.Certificates[i]
		status, _ := w.follow(c)
		expired := c.EndDate != nil && *c.EndDate < 0
		switch {
		case status == "verified" && expired:
			status = "expired"
		case status == "verified" && c.EndDate != nil && *c.EndDate <= 30:
			status = "expiring"
		}
		found["certificate "+status]++
		for _, e := range c.History {
			found["method "+e.Method]++
			if e.Action == "reinstate" && status == "verified" {
				found["certificate reinstated"]++
			}
		}
		if len(c.Documents) == 0 {
			found["no paper"]++
		}
		for _, s := range c.Subjects {
			if s.Yield == nil || status != "verified" {
				continue
			}
			sum := 0.0
			for j := range w.Lots {
				if l := &w.Lots[j]; l.Product == s.Product && slices.Contains(l.Places, s.Place) && c.in(l.made()) && l.Quantity.UOM == s.Yield.UOM {
					sum += l.Quantity.Value
				}
			}
			if sum > s.Yield.Value {
				found["more than the yield"]++
			}
		}
	}
	for _, r := range w.Recalls {
		found["recall "+r.Kind]++
		for _, id := range r.Lots {
			if l := w.lots[id]; l == nil || w.owner(l) != r.Organisation || r.OpenedAt.Day > -1 {
				t.Errorf("recall %s: lot %s", r.ID, id)
			}
		}
	}
	for _, what := range []string{
		"lot draft", "lot released", "lot held", "lot voided", "lot recalled", "demo page released", "demo recalled recalled",
		"certificate draft", "certificate submitted", "certificate verified", "certificate expiring", "certificate expired", "certificate suspended",
		"certificate reinstated", "certificate revoked", "certificate superseded", "certificate rejected",
		"method original_seen", "method registry_consulted", "method issuer_confirmed", "method self_declared",
		"no paper", "longest lot number", "just expired", "best before only", "honey without GTIN", "maker without tax code",
		"made from another's lot", "product covered, plot not", "in force at harvest, expired now", "expired at harvest",
		"released while suspended", "no certificate", "more than the yield", "recall voluntary",
	} {
		if found[what] == 0 {
			t.Errorf("the sample shows no case of: %s", what)
		}
	}
	for _, once := range []string{"demo page released", "demo recalled recalled", "more than the yield", "recall voluntary"} {
		if found[once] != 1 {
			t.Errorf("%s occurs %d times, want once", once, found[once])
		}
	}
	t.Logf("%v", found)
}
