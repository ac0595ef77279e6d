package web

import (
	"slices"
	"strconv"
	"time"

	"truynguon/internal/locale"
	"truynguon/internal/trace"
)

// ProvenancePage is a lot's public page.
type ProvenancePage struct {
	Base
	*trace.Provenance
	// Code is the lot's own code in groups, as printed; URL what its QR code holds.
	Code, URL string
	// Facts are the items that the law asks for and those that go with them.
	Facts []Fact
	// GateSaid is the safety gate in words.
	GateSaid *GateView
	// Doubt is the form for reporting a doubt.
	Doubt *Form
	// Tree draws what the lot was made of, nil if nothing is on record.
	Tree *TreePicture
	// Buyer leads on to the separate checks, and to following.
	Buyer []Link
}

// Fact is one line of what is known of a lot.
type Fact struct {
	Label, Value string
	// Missing tells that the value is not there though the law asks for it.
	Missing bool
	// Evidence tells how well it is supported.
	Evidence trace.Evidence
	// Link is where the value leads, if anywhere.
	Link string
	// Mono sets a code in letters of equal width.
	Mono bool
}

func (s *Server) provenancePage(c *request, p *trace.Provenance) *ProvenancePage {
	page := &ProvenancePage{
		Base: s.base(c, "provenance.title", p.Product.Name, p.Batch.Lot), Provenance: p,
		Code: trace.SpellCode(p.Batch.Code), URL: s.Ledger.CodeURL(&p.Batch), Doubt: doubtForm(c, p.Batch.Code),
	}
	if p.Serial != "" {
		page.keep(c, "21")
	}
	if p.Made != nil {
		page.Tree = tree(c.words, p.Made, func(code string) string { return "/l/" + code })
	}
	page.Notice = "" // the page is kept for others, who have just done nothing
	page.Facts = page.facts()
	page.GateSaid = gateView(c.words, &p.Gate, p.Overrides, nil)
	if page.Open() {
		page.Buyer = page.buyerLinks(p.Batch.Code,
			Link{Href: followLink(trace.FollowProduct, p.Product.ID), Label: page.T("buyer.follow_product")},
			Link{Href: followLink(trace.FollowProducer, p.Organisation.ID), Label: page.T("buyer.follow_producer")})
	}
	return page
}

// HoldReason is why the lot is held or was voided, in words.
func (p *ProvenancePage) HoldReason() string { return holdReason(p.Printer, p.Provenance) }

// Open reports whether the records may be shown: a lot that is not released shows no more than that.
func (p *ProvenancePage) Open() bool { return p.Verdict != trace.NotReleased }

// Tone is the colour of the verdict.
func (p *ProvenancePage) Tone() string {
	switch p.Verdict {
	case trace.InOrder:
		return "good"
	case trace.Incomplete, trace.OnHold:
		return "warn"
	case trace.CalledBack, trace.PastDate:
		return "bad"
	}
	return "calm"
}

// Reasons are why the verdict is what it is, in words.
func (p *ProvenancePage) Reasons() (out []string) {
	if p.Verdict != trace.Incomplete {
		return nil
	}
	for _, code := range p.Missing {
		out = append(out, p.T("missing."+code))
	}
	return out
}

// PartText says that a lot which this one was made of is not to be sold; empty if there is none.
func (p *ProvenancePage) PartText() string {
	if p.Part == nil {
		return ""
	}
	return p.T("lineage.part", trace.SpellCode(p.Part.Lot), p.T("state."+string(p.Part.State)))
}

// OriginLines are the lots in which it all began: what was harvested where, and when. Plots are told by
// their communes.
func (p *ProvenancePage) OriginLines() (out []string) {
	const most = 30
	origins := p.Made.Origins()
	for i, b := range origins {
		if i == most {
			return append(out, p.N("tree.others", len(origins)-most))
		}
		text := p.Made.Products[b.Product].Name + " – " + p.Made.Organisations[b.Organisation].Name
		var at []string
		for _, id := range b.Places {
			if pl, ok := p.Made.Places[id]; ok {
				if name := p.Units[pl.AdminUnit].Name; name != "" && !slices.Contains(at, name) {
					at = append(at, name)
				}
			}
		}
		if len(at) > 0 {
			text += ", " + p.List(at)
		}
		if b.HarvestDate != "" {
			text += " – " + p.T("lineage.harvested", p.Day(b.HarvestDate))
		}
		out = append(out, text)
	}
	return out
}

// facts lists the nine items of NĐ 37/2026 Đ23.5 and what goes with them, in the order in which people
// ask. Events and image have places of their own on the page.
func (p *ProvenancePage) facts() []Fact {
	b, pr, o := &p.Batch, &p.Product, &p.Organisation
	registered := p.Supported("registration", o.TaxCode)
	var out []Fact
	add := func(key, value string, required bool, evidence trace.Evidence) *Fact {
		if value == "" && !required {
			return &Fact{}
		}
		out = append(out, Fact{Label: p.T("provenance." + key), Value: value, Missing: value == "", Evidence: evidence})
		return &out[len(out)-1]
	}
	add("product", pr.Name, true, trace.Declared)
	add("brand", pr.Brand, false, trace.Declared)
	add("producer", o.Name, true, registered).Link = "/p/" + o.ID
	add("taxCode", o.TaxCode, false, registered)
	add("address", o.Address, true, trace.Declared)
	add("origin", p.T("country."+pr.CountryOfOrigin), true, trace.Declared)
	for i, place := range p.places() {
		key := "grown"
		if i > 0 {
			key = "grown_also"
		}
		add(key, place, true, trace.Declared)
	}
	if len(p.Places) == 0 {
		add("grown", "", true, trace.Declared)
	}
	for _, g := range p.GrowingCodes {
		evidence := trace.Confirmed
		if g.Declared {
			evidence = trace.Declared
		}
		add("growing_code", p.growingCode(g), false, evidence)
	}
	for _, g := range p.Growers {
		text := p.T("provenance.grower_code", g.Code)
		if g.Name != "" {
			text = g.Name
		}
		add("grower", text, false, trace.Declared)
	}
	add("lot", b.Lot, true, trace.Declared).Mono = true
	add("serial", p.Serial, false, trace.Declared).Mono = true
	add("gtin", b.GTIN, false, p.Supported("prefix_licence", o.GS1CompanyPrefix)).Mono = true
	add("traceabilityCode", b.TraceabilityCode, true, trace.Declared).Mono = true
	add("harvestDate", p.Day(b.HarvestDate), false, trace.Declared)
	add("productionDate", p.Day(b.ProductionDate), false, trace.Declared)
	add("packagingDate", p.Day(b.PackagingDate), false, trace.Declared)
	add("bestBeforeDate", p.Day(b.BestBeforeDate), false, trace.Declared)
	if b.BestBeforeDate == "" {
		add("expirationDate", p.Day(b.ExpirationDate), slices.Contains(p.Missing, "expiry"), trace.Declared)
	} else {
		add("expirationDate", p.Day(b.ExpirationDate), false, trace.Declared)
	}
	add("quantity", p.Measure(b.Quantity), true, trace.Declared)
	add("netContent", pr.NetContent, false, trace.Declared)
	standards := ""
	if len(pr.AppliedStandards) > 0 {
		standards = p.List(pr.AppliedStandards)
	}
	add("standards", standards, true, trace.Declared)
	return out
}

// growingCode writes a growing-area code with what it was worth on the day of harvest and is now.
func (p *ProvenancePage) growingCode(g trace.CodeOnLot) string {
	text := p.T("provenance.code_for", g.Code, g.Crop, g.Market) + "; "
	if g.Day != "" {
		text += p.T("provenance.code_harvest", p.Day(g.Day), p.T("codeStatus."+string(g.OnDay))) + "; "
	}
	return text + p.T("provenance.code_now", p.T("codeStatus."+string(g.Today)))
}

// places writes the places as the public may know them: what they are, in which commune, under which
// growing-area code.
func (p *ProvenancePage) places() (out []string) {
	for i := range p.Places {
		text := p.Site(p.Places[i].ID)
		if !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return out
}

// Site writes a place that the timeline or the facts name.
func (p *ProvenancePage) Site(id string) string {
	pl, ok := p.Sites[id]
	if !ok {
		return ""
	}
	text := pl.Name
	if text == "" {
		text = p.T("placeType." + string(pl.Type))
	}
	if u, ok := p.Units[pl.AdminUnit]; ok {
		text += ", " + u.Name
	}
	if pl.GrowingAreaCode != "" {
		text += " – " + p.T("provenance.areaCode", pl.GrowingAreaCode)
	}
	if pl.GLN != "" {
		code := pl.GLN
		if pl.GLNExtension != "" {
			code += "/" + pl.GLNExtension
		}
		text += " – GLN " + code
	}
	return text
}

// When writes the time of an event: the day alone where no more is known.
func (p *ProvenancePage) When(e trace.Event) string {
	if e.DayOnly {
		return p.DayOf(e.At)
	}
	return p.Time(e.At)
}

// ByOffice reports whether an official recorded the event.
func (p *ProvenancePage) ByOffice(e trace.Event) bool {
	return e.By.Role == trace.Official
}

// EvidenceTone is the colour of a level of evidence.
func (p *ProvenancePage) EvidenceTone(e trace.Evidence) string {
	return map[trace.Evidence]string{trace.DocumentSeen: "warn", trace.Confirmed: "good"}[e]
}

// StandingTone is the colour of a certificate's standing.
func (b *Base) StandingTone(s trace.Standing) string {
	switch s {
	case trace.InForce:
		return "good"
	case trace.NotVerified, trace.NotYetInForce, trace.Superseded, trace.Unknown:
		return "warn"
	}
	return "bad"
}

// SchemeName is a scheme's name in the page's language; an unknown scheme is shown by its id.
func (b *Base) SchemeName(s trace.Scheme, id string) string {
	if n := s.Name(b.Lang()); n != "" {
		return n
	}
	return id
}

// ImageSet is the srcset of a photo.
func (b *Base) ImageSet(d *trace.Document) string {
	set := ""
	for i, r := range d.Renditions {
		if i > 0 {
			set += ", "
		}
		set += b.ImageLink(d, r.Width) + " " + strconv.Itoa(r.Width) + "w"
	}
	return set
}

// ImageLink is the address of a photo of at least some width.
func (b *Base) ImageLink(d *trace.Document, width int) string {
	return "/d/" + d.ID + "/" + strconv.Itoa(width)
}

// ImageHeight is the height at which a photo of a width is shown, so that the page does not jump.
func (b *Base) ImageHeight(d *trace.Document, width int) int {
	if d.Width == 0 {
		return width
	}
	return (d.Height*width + d.Width/2) / d.Width
}

// publicLot is what a program is told of a lot: what the page says, in the standards' field names.
type publicLot struct {
	Code             string             `json:"code"`
	URL              string             `json:"url"`
	Verdict          trace.Verdict      `json:"verdict"`
	Missing          []string           `json:"missing"`
	Changed          time.Time          `json:"lastChanged"`
	Sample           bool               `json:"sampleData,omitempty"`
	Product          *publicProduct     `json:"product,omitempty"`
	Producer         *publicProducer    `json:"producer,omitempty"`
	Lot              string             `json:"lot,omitempty"`
	Serial           string             `json:"serial,omitempty"`
	SerialStatus     trace.SerialStatus `json:"serialStatus,omitempty"`
	PossibleCopy     bool               `json:"possibleCopy,omitempty"`
	TraceabilityCode string             `json:"traceabilityCode,omitempty"`
	Facts            *trace.LotFacts    `json:"facts,omitempty"`
	Places           []publicPlace      `json:"placeList,omitempty"`
	Events           []publicEvent      `json:"events,omitempty"`
	Certificates     []publicCertState  `json:"certificates,omitempty"`
	Links            []publicLink       `json:"producerLinks,omitempty"`
	Recall           *publicRecall      `json:"recall,omitempty"`
	Reason           string             `json:"reason,omitempty"`
	// Gate is what the safety gate says.
	Gate *publicGate `json:"safetyGate,omitempty"`
}

type publicProduct struct {
	Name             string   `json:"name"`
	Brand            string   `json:"brand,omitempty"`
	GTIN             string   `json:"gtin,omitempty"`
	Image            string   `json:"image,omitempty"`
	NetContent       string   `json:"netContent,omitempty"`
	CountryOfOrigin  string   `json:"countryOfOrigin"`
	AppliedStandards []string `json:"appliedStandards,omitempty"`
}

// publicLink is a link that the producer has added; nobody here vouches for it.
type publicLink struct {
	LinkType string            `json:"linkType"`
	Href     string            `json:"href"`
	Titles   []trace.LinkTitle `json:"titles"`
}

type publicProducer struct {
	ID        string          `json:"id"`
	LegalType trace.LegalType `json:"legalType"`
	Name      string          `json:"name"`
	TaxCode   string          `json:"taxCode,omitempty"`
	Address   string          `json:"address"`
}

type publicPlace struct {
	ID              string          `json:"id"`
	Type            trace.PlaceType `json:"type"`
	Name            string          `json:"name,omitempty"`
	AdminUnit       string          `json:"adminUnit"`
	GLN             string          `json:"gln,omitempty"`
	GLNExtension    string          `json:"glnExtension,omitempty"`
	GrowingAreaCode string          `json:"growingAreaCode,omitempty"`
}

type publicEvent struct {
	ID       string    `json:"id"`
	Step     string    `json:"step"`
	At       time.Time `json:"at"`
	DayOnly  bool      `json:"dayOnly,omitempty"`
	Recorded time.Time `json:"recorded"`
	Place    string    `json:"place,omitempty"`
	Note     string    `json:"note,omitempty"`
}

type publicCertState struct {
	ID        string         `json:"id"`
	Scheme    string         `json:"scheme"`
	Edition   string         `json:"edition,omitempty"`
	Number    string         `json:"number,omitempty"`
	Agency    string         `json:"agency"`
	StartDate trace.Date     `json:"startDate"`
	EndDate   trace.Date     `json:"endDate,omitempty"`
	Day       trace.Date     `json:"relevantDate,omitempty"`
	OnDay     trace.Standing `json:"onRelevantDate"`
	Today     trace.Standing `json:"today"`
	Covers    trace.Coverage `json:"scope"`
	Evidence  trace.Evidence `json:"evidence"`
}

type publicRecall struct {
	Kind     trace.RecallKind `json:"kind"`
	Reason   string           `json:"reason"`
	Advice   string           `json:"advice,omitempty"`
	OpenedAt time.Time        `json:"openedAt"`
	ClosedAt *time.Time       `json:"closedAt,omitempty"`
}

func (s *Server) provenanceJSON(p *trace.Provenance) publicLot {
	lot := publicLot{
		Code: p.Batch.Code, URL: s.Ledger.CodeURL(&p.Batch), Verdict: p.Verdict, Missing: p.Missing,
		Changed: p.Changed, Sample: s.Sample,
	}
	if lot.Missing == nil {
		lot.Missing = []string{}
	}
	lot.Producer = &publicProducer{
		ID: p.Organisation.ID, LegalType: p.Organisation.LegalType, Name: p.Organisation.Name,
		TaxCode: p.Organisation.TaxCode, Address: p.Organisation.Address,
	}
	if p.Verdict == trace.NotReleased {
		lot.Missing = []string{}
		return lot
	}
	lot.Product = &publicProduct{
		Name: p.Product.Name, Brand: p.Product.Brand, GTIN: p.Batch.GTIN, NetContent: p.Product.NetContent,
		CountryOfOrigin: p.Product.CountryOfOrigin, AppliedStandards: p.Product.AppliedStandards,
	}
	if p.Image != nil {
		lot.Product.Image = s.Ledger.Base + "/d/" + p.Image.ID + "/800"
	}
	lot.Lot, lot.Serial, lot.TraceabilityCode = p.Batch.Lot, p.Serial, p.Batch.TraceabilityCode
	lot.SerialStatus, lot.PossibleCopy = p.SerialFound.Status, p.SerialFound.Copied
	facts := p.Batch.LotFacts
	lot.Facts = &facts
	for _, pl := range p.Places {
		lot.Places = append(lot.Places, publicPlaceOf(&pl))
	}
	for _, e := range p.Timeline {
		lot.Events = append(lot.Events, publicEvent{
			ID: e.ID, Step: e.Step, At: e.At, DayOnly: e.DayOnly, Recorded: e.Recorded, Place: e.Place, Note: e.Note,
		})
	}
	for _, cert := range p.Certificates {
		k := cert.Certificate
		lot.Certificates = append(lot.Certificates, publicCertState{
			ID: k.ID, Scheme: k.Scheme, Edition: k.Edition, Number: k.Number, Agency: k.Agency,
			StartDate: k.StartDate, EndDate: k.EndDate, Day: cert.Day, OnDay: cert.OnDay, Today: cert.Today,
			Covers: cert.Covers, Evidence: cert.Evidence,
		})
	}
	for _, k := range p.Links {
		lot.Links = append(lot.Links, publicLink{k.LinkType, k.Href, k.Titles})
	}
	if r := p.Recall; r != nil {
		lot.Recall = &publicRecall{Kind: r.Kind, Reason: r.Reason, Advice: r.Advice, OpenedAt: r.OpenedAt, ClosedAt: r.ClosedAt}
	}
	lot.Reason = holdReason(s.Words.Printer(locale.Default), p)
	lot.Gate = gateJSON(s.Words.Printer(locale.Default), &p.Gate, p.Overrides)
	return lot
}
