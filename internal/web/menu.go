package web

import "strings"

// MenuItem is a link of the work menu. Main ones show on a phone, too, where the others are one tap
// away.
type MenuItem struct {
	Href, Label   string
	Current, Main bool
}

// Menu are the places that the one signed in can go to.
func (b *Base) Menu() (out []MenuItem) {
	add := func(who access, href, key string, main bool) {
		if who.allows(b.Who) {
			current := b.Path == href || strings.HasPrefix(b.Path, href+"/") && href != "/work"
			out = append(out, MenuItem{Href: href, Label: b.T("menu." + key), Current: current, Main: main})
		}
	}
	add(insiders, "/work", "work", true)
	add(insiders, "/work/batches", "batches", true)
	add(insiders, "/work/rolls", "rolls", false)
	add(insiders, "/work/scans", "scans", false)
	add(insiders, "/work/copies", "copies", false)
	add(judges, "/work/deadstamps", "deadstamps", false)
	add(insiders, "/work/transformations", "transformations", false)
	add(insiders, "/work/shipments", "shipments", false)
	add(insiders, "/work/packing", "packing", false)
	add(insiders, "/work/diary", "diary", true)
	add(insiders, "/work/products", "products", false)
	add(insiders, "/work/places", "places", false)
	add(insiders, "/work/certificates", "certificates", false)
	add(insiders, "/work/calendar", "calendar", false)
	add(signedIn, "/coverage", "coverage", false)
	add(insiders, "/work/targets", "targets", false)
	add(insiders, "/work/reports", "reports", false)
	add(insiders, "/work/recalls", "recalls", false)
	add(insiders, "/work/recall-cases", "recallCases", false)
	add(insiders, "/work/holds", "holds", false)
	add(insiders, "/work/doubts", "doubts", false)
	add(judges, "/work/unmatched", "unmatched", false)
	add(signedIn, "/work/follows", "follows", b.Who.Role == "buyer")
	add(insiders, "/work/organisations", "organisations", false)
	add(employers, "/work/people", "people", false)
	add(leaders, "/work/audit", "audit", false)
	add(signedIn, "/account", "account", b.Who.Role == "buyer")
	return out
}
