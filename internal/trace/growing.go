package trace

import (
	"context"
	"crypto/sha256"
	"regexp"
	"slices"
	"strings"
	"time"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// GrowingStatus is what a growing-area code is worth on a day.
type GrowingStatus string

// The statuses of a growing-area code (Luật Trồng trọt 31/2018 Đ64). The first four are decided; the others
// follow from the dates and are never recorded.
const (
	CodeGranted    GrowingStatus = "granted"
	CodeSuspended  GrowingStatus = "suspended"
	CodeReinstated GrowingStatus = "reinstated"
	CodeRevoked    GrowingStatus = "revoked"

	// CodeExpired: its last day has passed.
	CodeExpired GrowingStatus = "expired"
	// CodeNotYet: it begins later.
	CodeNotYet GrowingStatus = "not_yet"
	// CodeUnknown: no day is known to ask for.
	CodeUnknown GrowingStatus = "unknown"
)

// CodeDecisions are the decisions about a code, in the order in which they are offered.
var CodeDecisions = []GrowingStatus{CodeGranted, CodeSuspended, CodeReinstated, CodeRevoked}

// Valid reports whether goods may be sold under the code.
func (s GrowingStatus) Valid() bool { return s == CodeGranted || s == CodeReinstated }

// GrowingCode is a code that an authority gave to a place for a crop and a market: a mã số vùng trồng, or the
// code of an export orchard (PUC) or packing house (PHC).
type GrowingCode struct {
	ID           string   `json:"id"`
	Organisation string   `json:"organisation"`
	UnitPath     []string `json:"unitPath,omitempty"`
	Place        string   `json:"place"`
	// Code is as it is written on the decision. The geography in it may be that of before July 2025 and is
	// never taken for an address.
	Code string `json:"code"`
	// Crop is what grows or is packed there.
	Crop string `json:"crop"`
	// Market is VN or the country (ISO 3166-1, two letters) that the code was registered with.
	Market string `json:"market"`
	// Decisions are all that was decided, in the order in which it was recorded. None is ever changed.
	Decisions []CodeDecision `json:"decisions"`
}

// CodeDecision is one decision about a code.
type CodeDecision struct {
	ID     string        `json:"id"`
	Status GrowingStatus `json:"status"`
	// From is the first day on which it holds, and Until the last one of a grant; empty if it has none.
	From  Date `json:"from"`
	Until Date `json:"until,omitempty"`
	// Number and Issuer are those of the decision's paper, as printed.
	Number string `json:"number,omitempty"`
	Issuer string `json:"issuer,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Document is the id of its scan.
	Document string    `json:"document,omitempty"`
	By       Actor     `json:"by"`
	At       time.Time `json:"at"`
}

// ByOffice reports whether an official or admin recorded the decision. What an organisation records of its
// own codes is what it declares.
func (d *CodeDecision) ByOffice() bool { return d.By.Role == Official || d.By.Role == Admin }

// DecisionOn is the decision that holds on a day: of those that have begun, the one that began last; of two on
// one day, the one recorded later. nil if none has begun.
func (g *GrowingCode) DecisionOn(day Date) (holds *CodeDecision) {
	for i := range g.Decisions {
		if d := &g.Decisions[i]; d.From <= day && (holds == nil || d.From >= holds.From) {
			holds = d
		}
	}
	return holds
}

// StatusOn is what the code was worth on a day.
func (g *GrowingCode) StatusOn(day Date) GrowingStatus {
	if day == "" {
		return CodeUnknown
	}
	d := g.DecisionOn(day)
	switch {
	case d == nil:
		return CodeNotYet
	case !d.Status.Valid():
		return d.Status
	}
	// A reinstatement that names no last day leaves that of the grant.
	until := d.Until
	if until == "" && d.Status == CodeReinstated {
		for _, o := range g.Decisions {
			if o.Status == CodeGranted && o.From <= d.From {
				until = o.Until
			}
		}
	}
	if until != "" && until < day {
		return CodeExpired
	}
	return d.Status
}

// GrowingParts are the parts of a code, as far as its form is known. They say what is written, not where a
// place lies.
type GrowingParts struct {
	// Form is "domestic" (QĐ 3156/QĐ-BNN-TT), "orchard" or "packhouse" (export codes), or empty.
	Form string
	// Province, District and Commune are codes as of QĐ 124/2004 in a domestic code; Province has two letters
	// in an export code.
	Province, District, Commune string
	// Number is the running number, and Year that of the grant, two digits.
	Number, Year string
}

var (
	domesticCode = regexp.MustCompile(`^VN-(\d{2})-(\d{3})-(\d{5})-(\d{2,5})-(\d{2})$`)
	exportCode   = regexp.MustCompile(`^VN-([A-Z]{2})(OR|PH)-(\d{4})$`)
)

// ParseGrowingCode takes a code apart. The zero GrowingParts is answered for a form that is not known; that is
// no fault, for a code is what its decision says it is.
func ParseGrowingCode(code string) GrowingParts {
	code = strings.ToUpper(strings.NewReplacer("–", "-", "—", "-", " ", "").Replace(code))
	if m := domesticCode.FindStringSubmatch(code); m != nil {
		return GrowingParts{Form: "domestic", Province: m[1], District: m[2], Commune: m[3], Number: m[4], Year: m[5]}
	}
	if m := exportCode.FindStringSubmatch(code); m != nil {
		return GrowingParts{Form: map[string]string{"OR": "orchard", "PH": "packhouse"}[m[2]], Province: m[1], Number: m[3]}
	}
	return GrowingParts{}
}

// codeTerm is what a growing-area code is looked up by, however it is written.
func codeTerm(code string) string { return "code=" + FoldNumber(code) }

var growingCodes = newKind("growing_code",
	func(g *GrowingCode) string { return g.ID }, func(g *GrowingCode) string { return g.Organisation }, byCreation[GrowingCode],
	func(g *GrowingCode) []string {
		return append(prefixed("unit=", g.UnitPath), "org="+g.Organisation, "place="+g.Place, codeTerm(g.Code))
	})

// GrowingCodeDraft is what is sent to record a code: the code, and the decision that granted it.
type GrowingCodeDraft struct {
	Token  string `json:"-"`
	Place  string `json:"place"`
	Code   string `json:"code"`
	Crop   string `json:"crop"`
	Market string `json:"market"`
	CodeDecisionDraft
}

// CodeDecisionDraft is what is sent to record a decision about a code.
type CodeDecisionDraft struct {
	Token string `json:"-"`
	// Status is one of CodeDecisions.
	Status string `json:"status"`
	// From is the first day on which it holds.
	From string `json:"from"`
	// Until is the last day of a grant or reinstatement, if it has one.
	Until string `json:"until"`
	// Number is the decision's, as printed.
	Number string `json:"number"`
	// Issuer is who decided, as printed.
	Issuer string `json:"issuer"`
	// Reason is why; needed for a suspension or revocation.
	Reason string `json:"reason"`
	// Document is the id of the decision's scan.
	Document string `json:"document"`
}

// maxCodes bounds the codes of a place, and maxCodeDecisions the history of one.
const (
	maxCodes         = 100
	maxCodeDecisions = 100
)

// recorder answers an organisation to those who may record what an authority decided about it: its own people,
// whose word is a declaration, and officials.
func (l *Ledger) recorder(ctx context.Context, by Actor, org string) (Organisation, error) {
	if by.Role == "" || by.Role == Buyer {
		return Organisation{}, by.denied()
	}
	o, err := organisations.get(ctx, l, org)
	if err != nil {
		return Organisation{}, err
	}
	if !by.mayWrite(&o.Doc) && !by.mayJudge(&o.Doc) {
		return Organisation{}, by.denied()
	}
	return o.Doc, nil
}

// RegisterGrowingCode records a code of a place and the decision that granted it. The same code for the same
// place, crop and market is recorded once: "growing_twice".
func (l *Ledger) RegisterGrowingCode(ctx context.Context, by Actor, d GrowingCodeDraft) (s Stored[GrowingCode], err error) {
	defer fault.Wrap(&err, "Ledger.RegisterGrowingCode(%q)", d.Place)
	if by.Role == "" || by.Role == Buyer {
		return s, by.denied()
	}
	pl, err := places.get(ctx, l, d.Place)
	if err != nil {
		return s, err
	}
	o, err := l.recorder(ctx, by, pl.Doc.Organisation)
	if err != nil {
		return s, err
	}
	var p fault.Problem
	g := GrowingCode{
		Organisation: o.ID, UnitPath: o.UnitPath, Place: pl.Doc.ID,
		Code:   p.Text("/code", d.Code, 60, true),
		Crop:   p.Text("/crop", d.Crop, maxName, true),
		Market: strings.ToUpper(p.Text("/market", d.Market, 20, true)),
	}
	if g.Market != "" && !twoLetters(g.Market) {
		p.Add("/market", "growing_market")
	}
	if d.Status == "" {
		d.Status = string(CodeGranted)
	}
	d.CodeDecisionDraft.Token = d.Token
	decision, err := l.codeDecision(ctx, &p, by, &g, d.CodeDecisionDraft)
	if err != nil {
		return s, err
	}
	if err := p.Err(); err != nil {
		return s, err
	}
	g.Decisions = []CodeDecision{decision}
	sum := sha256.Sum256([]byte(g.Place + "\x00" + FoldNumber(g.Code) + "\x00" + FoldNumber(g.Crop) + "\x00" + g.Market))
	g.ID = strings.ToLower(codeFrom(sum))
	s, err = growingCodes.insert(ctx, l, by, "register", g)
	if err != nil && len(s.Doc.Decisions) > 0 {
		if s.Doc.Decisions[0].ID == decision.ID && d.Token != "" {
			return s, nil // the same submission, sent before
		}
		return s, &fault.Problem{Kind: fault.Exists, Fields: []fault.Field{{Pointer: "/code", Code: "growing_twice"}}}
	}
	return s, err
}

func twoLetters(s string) bool {
	return len(s) == 2 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z'
}

// codeDecision checks a decision, and whether it fits into what was decided before and after it.
func (l *Ledger) codeDecision(ctx context.Context, p *fault.Problem, by Actor, g *GrowingCode, d CodeDecisionDraft) (CodeDecision, error) {
	out := CodeDecision{
		ID:       newID("code_decision", by, d.Token),
		Status:   GrowingStatus(choice(p, "/status", d.Status, CodeDecisions)),
		From:     date(p, "/from", d.From),
		Until:    date(p, "/until", d.Until),
		Number:   p.Text("/number", d.Number, 120, false),
		Issuer:   p.Text("/issuer", d.Issuer, maxName, false),
		Reason:   p.Paragraph("/reason", d.Reason, 1000, d.Status == string(CodeSuspended) || d.Status == string(CodeRevoked)),
		Document: strings.TrimSpace(d.Document),
		By:       by, At: l.stamp(),
	}
	if strings.TrimSpace(d.From) == "" {
		p.Add("/from", "missing")
	}
	if out.Until != "" && !out.Status.Valid() {
		p.Add("/until", "growing_until")
	}
	if out.Until != "" && out.From != "" && out.Until < out.From {
		p.Add("/until", "date_before", string(out.Until), string(out.From))
	}
	if out.Document != "" {
		if err := l.checkDocuments(ctx, p, "/document", g.Organisation, []string{out.Document}); err != nil {
			return out, err
		}
	}
	if len(g.Decisions) >= maxCodeDecisions {
		p.Add("/status", "too_many", maxCodeDecisions)
	}
	if out.Status != "" && out.From != "" && !fits(append(slices.Clone(g.Decisions), out)) {
		p.Add("/status", "growing_order")
	}
	return out, nil
}

// fits reports whether decisions, by the days on which they begin, follow each other: a code begins with a
// grant, only what was suspended is reinstated, and what was revoked begins anew with a grant.
func fits(decisions []CodeDecision) bool {
	slices.SortStableFunc(decisions, func(a, b CodeDecision) int { return strings.Compare(string(a.From), string(b.From)) })
	var now GrowingStatus
	for _, d := range decisions {
		ok := false
		switch d.Status {
		case CodeGranted:
			ok = now != CodeSuspended
		case CodeSuspended, CodeRevoked:
			ok = now.Valid() || now == CodeSuspended // which may be prolonged
		case CodeReinstated:
			ok = now == CodeSuspended
		}
		if !ok {
			return false
		}
		now = d.Status
	}
	return true
}

// DecideGrowingCode adds a decision to a code's history; they may be recorded in any order. What an official
// suspended or revoked only an official brings back into force: "growing_by_office".
func (l *Ledger) DecideGrowingCode(ctx context.Context, by Actor, id string, d CodeDecisionDraft) (s Stored[GrowingCode], err error) {
	defer fault.Wrap(&err, "Ledger.DecideGrowingCode(%q)", id)
	if by.Role == "" || by.Role == Buyer {
		return s, by.denied()
	}
	old, err := growingCodes.get(ctx, l, id)
	if err != nil {
		return s, err
	}
	if _, err := l.recorder(ctx, by, old.Doc.Organisation); err != nil {
		return s, err
	}
	mark := newID("code_decision", by, d.Token)
	return growingCodes.update(ctx, l, by, id, 0, "decide", d.Reason, func(g *GrowingCode) error {
		if d.Token != "" && slices.ContainsFunc(g.Decisions, func(o CodeDecision) bool { return o.ID == mark }) {
			return nil
		}
		var p fault.Problem
		decision, err := l.codeDecision(ctx, &p, by, g, d)
		if err != nil {
			return err
		}
		if decision.Status.Valid() && !decision.ByOffice() {
			if now := g.DecisionOn(decision.From); now != nil && !now.Status.Valid() && now.ByOffice() {
				p.Add("/status", "growing_by_office")
			}
		}
		if err := p.Err(); err != nil {
			return err
		}
		g.Decisions = append(slices.Clone(g.Decisions), decision)
		return nil
	})
}

// GrowingCode answers a code to those who see the organisation's records.
func (l *Ledger) GrowingCode(ctx context.Context, by Actor, id string) (s Stored[GrowingCode], err error) {
	defer fault.Wrap(&err, "Ledger.GrowingCode(%q)", id)
	if by.Role == "" {
		return s, by.denied()
	}
	if s, err = growingCodes.get(ctx, l, id); err != nil {
		return s, err
	}
	return s, l.readable(ctx, by, s.Doc.Organisation)
}

// PlaceCodes answers the codes of a place, newest first.
func (l *Ledger) PlaceCodes(ctx context.Context, by Actor, place string) (_ []Stored[GrowingCode], err error) {
	defer fault.Wrap(&err, "Ledger.PlaceCodes(%q)", place)
	if _, err := l.Place(ctx, by, place); err != nil {
		return nil, err
	}
	all, _, err := growingCodes.find(ctx, l, store.Query{Term: "place=" + place, Desc: true, Limit: maxCodes})
	return all, err
}

// GrowingCodes answers a page of the codes of an organisation or, without one, of the units that an official
// oversees, newest first.
func (l *Ledger) GrowingCodes(ctx context.Context, by Actor, org, after string, limit int) (_ []Stored[GrowingCode], next string, err error) {
	defer fault.Wrap(&err, "Ledger.GrowingCodes(%q)", org)
	if org == "" && by.Role == Official && by.Unit != "" {
		return growingCodes.find(ctx, l, store.Query{Term: "unit=" + by.Unit, Desc: true, After: after, Limit: limit})
	}
	q, err := l.listOf(ctx, by, org, after, limit)
	if err != nil {
		return nil, "", err
	}
	return growingCodes.find(ctx, l, q)
}

// BorrowedCode is a code that places of more than one organisation are said to have.
type BorrowedCode struct {
	Code string
	// Organisations are the ids of those that name it, in order.
	Organisations []string
}

// BorrowedCodes answers which of some codes another organisation's places name too, in two questions. A code
// is given to one holder and may not be lent; that it occurs twice is told to officials and an admin only.
// The answer is by the code as it was asked for.
func (l *Ledger) BorrowedCodes(ctx context.Context, by Actor, codes []string) (_ map[string]BorrowedCode, err error) {
	defer fault.Wrap(&err, "Ledger.BorrowedCodes")
	if by.Role != Official && by.Role != Admin {
		return nil, nil
	}
	var terms []string
	for _, c := range codes {
		if FoldNumber(c) != "" {
			terms = append(terms, codeTerm(c))
		}
	}
	if len(terms) == 0 {
		return nil, nil
	}
	terms = unique(terms)
	records, _, err := growingCodes.find(ctx, l, store.Query{Any: terms, Limit: 1000})
	if err != nil {
		return nil, err
	}
	sites, _, err := places.find(ctx, l, store.Query{Any: terms, Limit: 1000})
	if err != nil {
		return nil, err
	}
	holders := map[string][]string{}
	for _, r := range records {
		holders[codeTerm(r.Doc.Code)] = append(holders[codeTerm(r.Doc.Code)], r.Doc.Organisation)
	}
	for _, s := range sites {
		holders[codeTerm(s.Doc.GrowingAreaCode)] = append(holders[codeTerm(s.Doc.GrowingAreaCode)], s.Doc.Organisation)
	}
	out := map[string]BorrowedCode{}
	for _, c := range codes {
		orgs := holders[codeTerm(c)]
		slices.Sort(orgs)
		if orgs = slices.Compact(orgs); len(orgs) > 1 {
			out[c] = BorrowedCode{Code: c, Organisations: orgs}
		}
	}
	return out, nil
}

// CodeOnLot is a growing-area code as it stands towards a lot.
type CodeOnLot struct {
	Code, Crop, Market string
	// Day is the lot's harvest day, empty if not known; OnDay and Today are what the code was worth then and is now.
	Day          Date
	OnDay, Today GrowingStatus
	// Declared tells that no official recorded what holds today.
	Declared bool
}

// codesOnLot answers the codes of a lot's places.
func (l *Ledger) codesOnLot(ctx context.Context, b *Batch, seen func(time.Time)) (out []CodeOnLot, err error) {
	var terms []string
	for _, id := range b.Places {
		terms = append(terms, "place="+id)
	}
	if len(terms) == 0 {
		return nil, nil
	}
	found, _, err := growingCodes.find(ctx, l, store.Query{Any: terms, Limit: maxCodes})
	if err != nil {
		return nil, err
	}
	today := l.Today()
	for _, s := range found {
		g := &s.Doc
		seen(s.Updated)
		c := CodeOnLot{
			Code: g.Code, Crop: g.Crop, Market: g.Market, Day: b.HarvestDate,
			OnDay: g.StatusOn(b.HarvestDate), Today: g.StatusOn(today), Declared: true,
		}
		if d := g.DecisionOn(today); d != nil {
			c.Declared = !d.ByOffice()
		}
		if !slices.Contains(out, c) { // several plots may share one code
			out = append(out, c)
		}
	}
	return out, nil
}
