package trace

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// LinkTypes are the GS1 link types under which an organisation may add links of its own, in the order in
// which they are offered. Those that the program answers from its records, such as certificationInfo,
// traceability or recallStatus, are not among them: nobody can put a page of their own in the place of the
// record.
var LinkTypes = []string{
	"hasRetailers", "recipeInfo", "instructions", "consumerHandlingStorageInfo", "ingredientsInfo", "nutritionalInfo",
	"support", "faqs", "homepage", "socialMedia", "relatedVideo", "backgroundInfo", "activityIdeas", "openingHoursInfo",
	"promotion", "leaveReview",
}

// LinkState tells whether a link is shown.
type LinkState string

// The states of a link. What is no longer shown stays on record, and the audit trail says who ended it, when
// and why.
const (
	// LinkShown: on public pages and in the resolver's answers.
	LinkShown LinkState = "shown"
	// LinkWithdrawn: by the organisation itself, for good; it may add the same again.
	LinkWithdrawn LinkState = "withdrawn"
	// LinkTakenDown: by an official; the organisation cannot add the same again, an official can reinstate it.
	LinkTakenDown LinkState = "taken_down"
)

// Link is an address outside that an organisation adds to one of its products or to itself: its shop, a
// recipe, its page in a social network. Nobody here vouches for what is there.
type Link struct {
	ID           string `json:"id"`
	Organisation string `json:"organisation"`
	// Product is what it is about; empty for all that the organisation sells.
	Product string `json:"product,omitempty"`
	// LinkType is one of LinkTypes, by its bare name in the GS1 Web Vocabulary.
	LinkType string `json:"linkType"`
	// Href begins with https.
	Href string `json:"href"`
	// Titles say what is there; one for each language at most.
	Titles []LinkTitle `json:"titles"`
	// Language is that of the page it leads to, two letters; empty if it has several or it does not matter.
	Language string    `json:"language,omitempty"`
	State    LinkState `json:"state"`
	// Reason is why it was taken down or reinstated.
	Reason   string   `json:"reason,omitempty"`
	UnitPath []string `json:"unitPath,omitempty"`
}

// LinkTitle is a link's title in a language, by its two letters (ISO 639-1).
type LinkTitle struct {
	// Language is the title's, two letters.
	Language string `json:"language"`
	// Title is what people read, of 100 characters at most.
	Title string `json:"title"`
}

// Title answers the link's title in a language, or in the first that it has.
func (k *Link) Title(language string) string {
	for _, t := range k.Titles {
		if t.Language == language {
			return t.Title
		}
	}
	if len(k.Titles) > 0 {
		return k.Titles[0].Title
	}
	return k.Href
}

// Host is where the link leads to, as people should see it before they follow it.
func (k *Link) Host() string {
	u, err := url.Parse(k.Href)
	if err != nil {
		return ""
	}
	return u.Host
}

// LinkDraft is what is sent to add a link.
type LinkDraft struct {
	// Token makes a repeated submission land on one record; it is not part of the document.
	Token        string      `json:"-"`
	Organisation string      `json:"organisation"`
	Product      string      `json:"product"`
	LinkType     string      `json:"linkType"`
	Href         string      `json:"href"`
	Titles       []LinkTitle `json:"titles"`
	Language     string      `json:"language"`
}

const (
	maxHref = 500
	// maxShownLinks bounds the links of an organisation that are shown: one question reads them all.
	maxShownLinks = 100
)

var links = newKind("link",
	func(k *Link) string { return k.ID }, func(k *Link) string { return k.Organisation }, byCreation[Link],
	func(k *Link) []string {
		terms := append(prefixed("unit=", k.UnitPath), "org="+k.Organisation)
		if k.State == LinkShown {
			terms = append(terms, shownTerm(k.Organisation))
		} else if k.State == LinkTakenDown {
			terms = append(terms, "down="+k.Organisation+"+"+k.Href)
		}
		return terms
	})

func shownTerm(org string) string { return "shown=" + org }

// AddLink adds a link of an organisation's own. Its people may. Faults name a field each: "link_type",
// "link_https" and others for the address, "link_titles", "link_twice" for one that is shown already, and
// "link_taken_down" for an address that an official took down.
func (l *Ledger) AddLink(ctx context.Context, by Actor, d LinkDraft) (s Stored[Link], err error) {
	defer fault.Wrap(&err, "Ledger.AddLink")
	o, err := l.keeper(ctx, by, d.Organisation)
	if err != nil {
		return s, err
	}
	var p fault.Problem
	k := Link{
		ID: newID("link", by, d.Token), Organisation: o.ID, Product: strings.TrimSpace(d.Product),
		LinkType: choice(&p, "/linkType", strings.TrimPrefix(d.LinkType, "gs1:"), LinkTypes),
		Href:     l.outside(&p, "/href", d.Href), Titles: linkTitles(&p, d.Titles), State: LinkShown, UnitPath: o.UnitPath,
	}
	if d.Language != "" {
		if k.Language = strings.ToLower(strings.TrimSpace(d.Language)); !isLanguage(k.Language) {
			p.Add("/language", "language_code")
		}
	}
	if k.Product != "" {
		pr, err := products.get(ctx, l, k.Product)
		if err := found(&p, "/product", "product_unknown", err); err != nil {
			return s, err
		}
		if err == nil && pr.Doc.Organisation != o.ID {
			p.Add("/product", "product_unknown")
		}
	}
	if k.Href != "" {
		if err := l.linkClashes(ctx, &p, &k); err != nil {
			return s, err
		}
	}
	if err := p.Err(); err != nil {
		return s, err
	}
	s, err = links.insert(ctx, l, by, "add", k)
	return s, sameSubmission(d.Token, s.Doc, k, err)
}

// linkClashes adds the faults of a link that is there already or may not be.
func (l *Ledger) linkClashes(ctx context.Context, p *fault.Problem, k *Link) error {
	shown, err := l.shownLinks(ctx, k.Organisation)
	if err != nil {
		return err
	}
	n := 0
	for _, other := range shown {
		if other.ID == k.ID { // the same submission again
			return nil
		}
		n++
		if other.Href == k.Href && other.Product == k.Product && other.LinkType == k.LinkType {
			p.Add("/href", "link_twice")
		}
	}
	if n >= maxShownLinks {
		p.Add("", "link_too_many", maxShownLinks)
	}
	down, _, err := links.find(ctx, l, store.Query{Term: "down=" + k.Organisation + "+" + k.Href, Limit: 1})
	if err != nil {
		return err
	}
	if len(down) > 0 {
		p.Add("/href", "link_taken_down", down[0].Doc.Reason)
	}
	return nil
}

// outside checks an address that leads out of the site: https, a host with a name, no user, nothing of
// this site's own, which would put one lot's page in the place of another's.
func (l *Ledger) outside(p *fault.Problem, pointer, text string) string {
	text = p.Text(pointer, text, maxHref, true)
	if text == "" {
		return ""
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`"<>\^{|}`+"`", r) }):
		p.Add(pointer, "link_malformed_address")
		return ""
	case u.Scheme != "https":
		p.Add(pointer, "link_https")
		return ""
	case u.User != nil || !publicHost(u.Hostname()):
		p.Add(pointer, "link_host")
		return ""
	}
	if own, err := url.Parse(l.Base); err == nil && strings.EqualFold(own.Hostname(), u.Hostname()) {
		p.Add(pointer, "link_own_site")
		return ""
	}
	u.Host = strings.ToLower(u.Host)
	return u.String()
}

// publicHost reports whether a host has a name with a domain; a bare address or a name of a local network
// leads everybody somewhere else.
func publicHost(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return false
	}
	dot := strings.LastIndexByte(host, '.')
	if dot < 1 || dot == len(host)-1 || strings.Contains(host, "..") {
		return false
	}
	top := strings.ToLower(host[dot+1:])
	return !slices.Contains([]string{"local", "localhost", "internal", "lan", "home"}, top) && strings.Trim(top, "0123456789") != ""
}

// maxTitles bounds the languages of a link's titles.
const maxTitles = 10

func linkTitles(p *fault.Problem, drafts []LinkTitle) (out []LinkTitle) {
	if len(drafts) > maxTitles {
		p.Add("/titles", "too_many", maxTitles)
		return nil
	}
	for i, t := range drafts {
		at := fmt.Sprintf("/titles/%d", i)
		title := p.Text(at+"/title", t.Title, 100, false)
		if title == "" {
			continue
		}
		lang := strings.ToLower(strings.TrimSpace(t.Language))
		if !isLanguage(lang) || slices.ContainsFunc(out, func(o LinkTitle) bool { return o.Language == lang }) {
			p.Add(at+"/language", "language_code")
			continue
		}
		out = append(out, LinkTitle{lang, title})
	}
	if len(out) == 0 {
		p.Add("/titles", "missing")
	}
	return out
}

// isLanguage reports whether a text has the form of an ISO 639-1 code, which is all that GS1's schema for
// linksets takes.
func isLanguage(s string) bool {
	return len(s) == 2 && s[0] >= 'a' && s[0] <= 'z' && s[1] >= 'a' && s[1] <= 'z'
}

// WithdrawLink ends a link of the organisation's own that is shown.
func (l *Ledger) WithdrawLink(ctx context.Context, by Actor, id string) (s Stored[Link], err error) {
	defer fault.Wrap(&err, "Ledger.WithdrawLink(%q)", id)
	return l.moveLink(ctx, by, id, LinkShown, LinkWithdrawn, "withdraw", "")
}

// TakeDownLink ends a link that must not be shown, such as one that misleads, with a reason that the
// organisation sees. An official of its unit or an admin may.
func (l *Ledger) TakeDownLink(ctx context.Context, by Actor, id, reason string) (s Stored[Link], err error) {
	defer fault.Wrap(&err, "Ledger.TakeDownLink(%q)", id)
	return l.moveLink(ctx, by, id, LinkShown, LinkTakenDown, "take_down", reason)
}

// ReinstateLink shows a link again that was taken down. An official of its unit or an admin may.
func (l *Ledger) ReinstateLink(ctx context.Context, by Actor, id, reason string) (s Stored[Link], err error) {
	defer fault.Wrap(&err, "Ledger.ReinstateLink(%q)", id)
	return l.moveLink(ctx, by, id, LinkTakenDown, LinkShown, "reinstate", reason)
}

// moveLink changes a link's state; one that is in it already stays as it is. A withdrawal is the
// organisation's, everything else an authority's.
func (l *Ledger) moveLink(ctx context.Context, by Actor, id string, from, to LinkState, action, reason string) (s Stored[Link], err error) {
	if by.Role == "" {
		return s, by.denied()
	}
	old, err := links.get(ctx, l, id)
	if err != nil {
		return s, err
	}
	o, err := organisations.get(ctx, l, old.Doc.Organisation)
	if err != nil {
		return s, err
	}
	var p fault.Problem
	if to == LinkWithdrawn {
		if !by.mayWrite(&o.Doc) {
			return s, by.denied()
		}
	} else {
		if !by.mayJudge(&o.Doc) {
			return s, by.denied()
		}
		reason = p.Paragraph("/reason", reason, maxText, true)
	}
	if err := p.Err(); err != nil {
		return s, err
	}
	return links.update(ctx, l, by, id, 0, action, reason, func(k *Link) error {
		if k.State == to {
			return nil
		}
		if k.State != from {
			return fault.New(fault.Exists, "link_state", "linkState."+string(k.State))
		}
		k.State, k.Reason = to, reason
		return nil
	})
}

// Link answers one link to those who read the organisation's records.
func (l *Ledger) Link(ctx context.Context, by Actor, id string) (s Stored[Link], err error) {
	defer fault.Wrap(&err, "Ledger.Link(%q)", id)
	if by.Role == "" {
		return s, by.denied()
	}
	if s, err = links.get(ctx, l, id); err != nil {
		return s, err
	}
	if err := l.readable(ctx, by, s.Doc.Organisation); err != nil {
		return Stored[Link]{}, err
	}
	return s, nil
}

// Links answers a page of an organisation's links, whatever their state, newest first. Without an
// organisation an official is answered those of the whole unit.
func (l *Ledger) Links(ctx context.Context, by Actor, org, after string, limit int) (_ []Stored[Link], next string, err error) {
	defer fault.Wrap(&err, "Ledger.Links(%q)", org)
	if org == "" && by.Role == Official && by.Unit != "" {
		return links.find(ctx, l, store.Query{Term: "unit=" + by.Unit, Desc: true, After: after, Limit: limit})
	}
	q, err := l.listOf(ctx, by, org, after, limit)
	if err != nil {
		return nil, "", err
	}
	return links.find(ctx, l, q)
}

// LinkVerbs answers what the actor may do with a link as it is: "withdraw", "take_down", "reinstate".
func (l *Ledger) LinkVerbs(by Actor, o *Organisation, k *Link) (verbs []string) {
	switch {
	case k.State == LinkShown && by.mayWrite(o):
		verbs = append(verbs, "withdraw")
		if by.mayJudge(o) {
			verbs = append(verbs, "take_down")
		}
	case k.State == LinkShown && by.mayJudge(o):
		verbs = append(verbs, "take_down")
	case k.State == LinkTakenDown && by.mayJudge(o):
		verbs = append(verbs, "reinstate")
	}
	return verbs
}

// PublicLinks answers the links that are shown to anybody for a product, the product's own before those of
// its organisation; or with an empty product those of the organisation alone.
func (l *Ledger) PublicLinks(ctx context.Context, org, product string) ([]Link, error) {
	all, err := l.shownLinks(ctx, org)
	if err != nil {
		return nil, err
	}
	var own, wide []Link
	for _, k := range all {
		switch k.Product {
		case "":
			wide = append(wide, k)
		case product:
			own = append(own, k)
		}
	}
	return append(own, wide...), nil
}

// shownLinks answers the links of an organisation that are shown, oldest first: one question, since there
// are not more than fit one answer.
func (l *Ledger) shownLinks(ctx context.Context, org string) ([]Link, error) {
	found, _, err := links.find(ctx, l, store.Query{Term: shownTerm(org), Limit: 2 * maxShownLinks})
	if err != nil {
		return nil, err
	}
	out := make([]Link, len(found))
	for i, s := range found {
		out[i] = s.Doc
	}
	return out, nil
}
