package trace

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// ScopeRule is why a lot is in a scope.
type ScopeRule string

// The rules, the strongest first: of several that hold, the first is told.
const (
	BySeed              ScopeRule = "seed"               // named itself
	ByShipment          ScopeRule = "shipment"           // went with the shipment that was named
	ByPlot              ScopeRule = "plot"               // grew on the plot that was named
	ByCertificate       ScopeRule = "certificate"        // rests on the certificate that was named
	ByInput             ScopeRule = "input"              // grew where the input that was named was used
	ByDescent           ScopeRule = "descendant"         // was made of a lot in scope
	ByAncestry          ScopeRule = "ancestor"           // went into a lot in scope
	BySharedAncestor    ScopeRule = "shares_ancestor"    // was made of the same lot
	BySharedPlot        ScopeRule = "shares_plot"        // grew on the same plot at the same time
	BySharedInput       ScopeRule = "shares_input"       // grew where the same input was used
	BySharedCertificate ScopeRule = "shares_certificate" // is named by the same certificate
	ByHand              ScopeRule = "added"              // added by somebody, with a reason
)

// ScopeRules lists the rules in that order.
var ScopeRules = []ScopeRule{
	BySeed, ByShipment, ByPlot, ByCertificate, ByInput, ByDescent, ByAncestry, BySharedAncestor, BySharedPlot, BySharedInput, BySharedCertificate, ByHand,
}

// ScopeReason is why a lot is in a scope: the rule, and the lot or record that it goes back to.
type ScopeReason struct {
	// Rule says how the lot came into the scope.
	Rule ScopeRule `json:"rule"`
	// Of is the code or id of the lot or record that it goes back to.
	Of string `json:"of,omitempty"`
}

// ScopeMark is somebody's decision about one lot of a scope.
type ScopeMark struct {
	By     Actor     `json:"by"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
}

// ScopeLot is a lot in a scope.
type ScopeLot struct {
	Code         string   `json:"code"`
	Organisation string   `json:"organisation"`
	Product      string   `json:"product"`
	Lot          string   `json:"lot"`
	Quantity     Quantity `json:"quantity"`
	// Why are the reasons, the strongest first, at most three.
	Why []ScopeReason `json:"why"`
	// Added and Removed are set by hand. A lot that was removed stays listed as such.
	Added   *ScopeMark `json:"added,omitempty"`
	Removed *ScopeMark `json:"removed,omitempty"`
}

const (
	// maxScope bounds the lots of a scope, and partSize those in one record: few enough that a lot's page
	// reads one quickly, and many enough that ten thousand lots are a hundred writes.
	maxScope = 50_000
	partSize = 100
	// scopeChunk is how many records or terms one question names.
	scopeChunk = 500
)

// scopePart is a part of a scope. Only the frozen parts of what the public may see are found by the codes
// of their lots: an exercise cannot reach a lot's page.
type scopePart struct {
	// Owner is the case or hold whose scope it is, Set which scope, N which part of it.
	Owner  string     `json:"owner"`
	Set    string     `json:"set"`
	N      int        `json:"n"`
	Public bool       `json:"public,omitempty"`
	Lots   []ScopeLot `json:"lots"`
}

func partKey(owner, set string, n int) string { return fmt.Sprintf("%s/%s/%d", owner, set, n) }

var scopeParts = store.Table[scopePart]{
	Kind: "scope_part",
	Key:  func(p *scopePart) string { return partKey(p.Owner, p.Set, p.N) },
	Sort: func(*scopePart) string { return "" },
	Terms: func(p *scopePart) (terms []string) {
		for i := range p.Lots {
			if p.Public && p.Lots[i].Removed == nil {
				terms = append(terms, "batch="+p.Lots[i].Code)
			}
		}
		return terms
	},
}

// newSet names the records of a scope: another for each person and submission, so that two who change one
// scope at the same time do not write over one another, and the same for a submission that is repeated.
func newSet(by Actor, token, owner string, version int) string {
	if token != "" {
		token = fmt.Sprintf("%s/%s/%d", token, owner, version)
	}
	return newID("scope", by, token)
}

// writeParts writes the records of a scope. Doing so again writes the same.
func (l *Ledger) writeParts(ctx context.Context, owner, set string, public bool, lots []ScopeLot) (parts int, err error) {
	for some := range slices.Chunk(lots, partSize) {
		part := scopePart{Owner: owner, Set: set, N: parts, Public: public, Lots: some}
		_, err := put(ctx, l, scopeParts, scopeParts.Key(&part), part, func(p *scopePart) error {
			*p = part
			return nil
		})
		if err != nil {
			return parts, err
		}
		parts++
	}
	return parts, nil
}

// readParts reads parts of a scope, from one on, in one question.
func (l *Ledger) readParts(ctx context.Context, owner string, h *ScopeHead, from, count int) ([]scopePart, error) {
	var keys []string
	for n := from; n < min(from+count, h.Parts); n++ {
		keys = append(keys, partKey(owner, h.Set, n))
	}
	if len(keys) == 0 {
		return nil, nil
	}
	rows, err := scopeParts.GetMany(ctx, l.DB, keys)
	if err != nil {
		return nil, err
	}
	var out []scopePart
	for _, key := range keys {
		if row, ok := rows[key]; ok {
			out = append(out, row.Value)
		}
	}
	return out, nil
}

// partsAtOnce is how many parts are read in one question.
const partsAtOnce = 20

// scopeLots reads the whole of a scope, what was removed included.
func (l *Ledger) scopeLots(ctx context.Context, owner string, h *ScopeHead) (out []ScopeLot, err error) {
	for n := 0; n < h.Parts; n += partsAtOnce {
		parts, err := l.readParts(ctx, owner, h, n, partsAtOnce)
		if err != nil {
			return nil, err
		}
		for i := range parts {
			out = append(out, parts[i].Lots...)
		}
	}
	return out, nil
}

// inScope are the lots of a scope that were not removed.
func inScope(lots []ScopeLot) []ScopeLot {
	return slices.DeleteFunc(slices.Clone(lots), func(s ScopeLot) bool { return s.Removed != nil })
}

// sum fills in what a head says of its lots.
func (h *ScopeHead) sum(lots []ScopeLot) {
	h.Lots, h.Quantities, h.Organisations = 0, nil, nil
	seen := map[string]bool{}
	for i := range lots {
		s := &lots[i]
		if s.Removed != nil {
			continue
		}
		h.Lots++
		h.Quantities = tally(h.Quantities, s.Quantity)
		if !seen[s.Organisation] {
			seen[s.Organisation] = true
			h.Organisations = append(h.Organisations, s.Organisation)
		}
	}
	slices.SortFunc(h.Quantities, func(a, b Quantity) int { return cmp.Compare(a.UOM, b.UOM) })
	slices.Sort(h.Organisations)
}

// tally adds a quantity to sums by unit of measure.
func tally(sums []Quantity, q Quantity) []Quantity {
	if q.Value == 0 {
		return sums
	}
	for i := range sums {
		if sums[i].UOM == q.UOM {
			sums[i].Value += q.Value
			return sums
		}
	}
	return append(sums, q)
}

// scopeSearch gathers the lots of a scope.
type scopeSearch struct {
	l     *Ledger
	lots  map[string]*ScopeLot
	facts map[string]*Batch
	cut   bool
}

func (l *Ledger) newScope() *scopeSearch {
	return &scopeSearch{l: l, lots: map[string]*ScopeLot{}, facts: map[string]*Batch{}}
}

// add takes a lot in. It reports whether the lot is new.
func (s *scopeSearch) add(b *Batch, rule ScopeRule, of string) bool {
	there := s.lots[b.Code]
	if there == nil {
		if len(s.lots) >= maxScope {
			s.cut = true
			return false
		}
		facts := *b
		facts.Steps, facts.Corrections = nil, nil
		s.facts[b.Code] = &facts
		s.lots[b.Code] = &ScopeLot{
			Code: b.Code, Organisation: b.Organisation, Product: b.Product, Lot: b.Lot, Quantity: b.Quantity,
			Why: []ScopeReason{{Rule: rule, Of: of}},
		}
		return true
	}
	why := ScopeReason{Rule: rule, Of: of}
	if len(there.Why) < 3 && !slices.Contains(there.Why, why) {
		there.Why = append(there.Why, why)
	}
	return false
}

// sorted are the lots in an order that does not depend on their random codes where anything else tells them
// apart.
func (s *scopeSearch) sorted() []ScopeLot {
	out := make([]ScopeLot, 0, len(s.lots))
	for _, lot := range s.lots {
		slices.SortStableFunc(lot.Why, func(a, b ScopeReason) int {
			return cmp.Or(slices.Index(ScopeRules, a.Rule)-slices.Index(ScopeRules, b.Rule), cmp.Compare(a.Of, b.Of))
		})
		out = append(out, *lot)
	}
	slices.SortFunc(out, func(a, b ScopeLot) int {
		return cmp.Or(slices.Index(ScopeRules, a.Why[0].Rule)-slices.Index(ScopeRules, b.Why[0].Rule),
			cmp.Compare(a.Organisation, b.Organisation), cmp.Compare(a.Product, b.Product), cmp.Compare(a.Lot, b.Lot), cmp.Compare(a.Code, b.Code))
	})
	return out
}

func (s *scopeSearch) codes() []string {
	out := make([]string, 0, len(s.lots))
	for code := range s.lots {
		out = append(out, code)
	}
	slices.Sort(out)
	return out
}

// found is the scope before anybody has changed it.
type foundLots struct {
	// owner is the organisation of the first seed.
	owner string
	lots  []ScopeLot
	cut   bool
}

// seeds checks what a recall or hold begins from.
func (l *Ledger) seeds(p *fault.Problem, drafts []RecallSeed) (out []RecallSeed) {
	switch {
	case len(drafts) == 0:
		p.Add("/seeds", "missing")
	case len(drafts) > maxList:
		p.Add("/seeds", "too_many", maxList)
		return nil
	}
	for i, d := range drafts {
		d.Kind = SeedKind(choice(p, fmt.Sprintf("/seeds/%d/kind", i), string(d.Kind), SeedKinds))
		d.ID = p.Text(fmt.Sprintf("/seeds/%d/id", i), d.ID, 100, true)
		if code, ok := ParseCode(d.ID); ok && d.Kind == SeedLot {
			d.ID = code
		}
		if !slices.Contains(out, d) {
			out = append(out, d)
		}
	}
	return out
}

// of are the ids of the seeds of a kind.
func seedsOf(seeds []RecallSeed, kind SeedKind) (ids []string) {
	for _, s := range seeds {
		if s.Kind == kind {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// seedLots finds the lots that seeds name, and all that a reach asks for beyond them.
func (l *Ledger) seedLots(ctx context.Context, p *fault.Problem, seeds []RecallSeed, reach RecallReach) (f foundLots, err error) {
	s := l.newScope()
	owners := map[RecallSeed]string{}
	if err := s.named(ctx, seeds, reach, owners); err != nil {
		return f, err
	}
	for i, seed := range seeds {
		if owners[seed] == "" {
			p.Add(fmt.Sprintf("/seeds/%d", i), "seed_unknown", short(seed.ID))
		} else if f.owner == "" {
			f.owner = owners[seed]
		}
	}
	if len(p.Fields) > 0 {
		return f, nil
	}
	if len(s.lots) == 0 {
		p.Add("/seeds", "scope_empty")
		return f, nil
	}
	if err := s.reach(ctx, reach); err != nil {
		return f, err
	}
	f.lots, f.cut = s.sorted(), s.cut
	return f, nil
}

// named takes in the lots that seeds name, and notes whose each seed is.
func (s *scopeSearch) named(ctx context.Context, seeds []RecallSeed, reach RecallReach, owners map[RecallSeed]string) error {
	l := s.l
	lots, err := batches.many(ctx, l, seedsOf(seeds, SeedLot))
	if err != nil {
		return err
	}
	for _, code := range seedsOf(seeds, SeedLot) {
		if b, ok := lots[code]; ok {
			owners[RecallSeed{SeedLot, code}] = b.Doc.Organisation
			s.add(&b.Doc, BySeed, "")
		}
	}
	plots, err := places.many(ctx, l, seedsOf(seeds, SeedPlot))
	if err != nil {
		return err
	}
	for id, pl := range plots {
		owners[RecallSeed{SeedPlot, id}] = pl.Doc.Organisation
	}
	if err := s.grown(ctx, seedsOf(seeds, SeedPlot), ByPlot, func(b *Batch, _ string) bool { return reach.during(b) }); err != nil {
		return err
	}
	if err := s.certified(ctx, seeds, reach, owners); err != nil {
		return err
	}
	if err := s.supplied(ctx, seeds, reach, owners); err != nil {
		return err
	}
	return s.shipped(ctx, seeds, owners)
}

// during reports whether a lot was harvested or made within the days of a reach. One whose day nobody knows
// is taken in.
func (r *RecallReach) during(b *Batch) bool {
	day := firstDay(&b.LotFacts)
	return day == "" || (r.From == "" || day >= r.From) && (r.To == "" || day <= r.To)
}

// pages reads every lot that carries one of some terms, until the scope is full.
func (s *scopeSearch) pages(ctx context.Context, terms []string, each func(b *Batch)) error {
	for some := range slices.Chunk(terms, scopeChunk) {
		q := store.Query{Any: some, Limit: store.MaxLimit}
		for seen := 0; ; {
			rows, next, err := batches.find(ctx, s.l, q)
			if err != nil {
				return err
			}
			for i := range rows {
				each(&rows[i].Doc)
			}
			seen += len(rows)
			if next == "" {
				break
			}
			if seen > 4*maxScope || s.cut {
				s.cut = true
				return nil
			}
			q.After = next
		}
	}
	return nil
}

// grown takes in lots that came from plots.
func (s *scopeSearch) grown(ctx context.Context, plots []string, rule ScopeRule, fits func(b *Batch, plot string) bool) error {
	if len(plots) == 0 {
		return nil
	}
	return s.pages(ctx, prefixed("place=", plots), func(b *Batch) {
		for _, place := range b.Places {
			if slices.Contains(plots, place) && fits(b, place) {
				s.add(b, rule, place)
				return
			}
		}
	})
}

// certified takes in the lots that certificates are about, if not known to be outside their scope.
func (s *scopeSearch) certified(ctx context.Context, seeds []RecallSeed, reach RecallReach, owners map[RecallSeed]string) error {
	l := s.l
	certs, err := certificates.many(ctx, l, seedsOf(seeds, SeedCertificate))
	if err != nil {
		return err
	}
	for _, id := range seedsOf(seeds, SeedCertificate) {
		c, ok := certs[id]
		if !ok || c.Doc.Status == CertDraft {
			continue
		}
		owners[RecallSeed{SeedCertificate, id}] = c.Doc.Organisation
		var terms, codes []string
		for _, about := range c.Doc.concerns() {
			switch kind, what, _ := strings.Cut(about.term, "="); kind {
			case "batch":
				codes = append(codes, what)
			case "product":
				terms = append(terms, "product="+what)
			default:
				terms = append(terms, "org="+what)
			}
		}
		var all []*Batch
		named, err := batches.many(ctx, l, codes)
		if err != nil {
			return err
		}
		for code := range named {
			b := named[code].Doc
			all = append(all, &b)
		}
		if err := s.pages(ctx, unique(terms), func(b *Batch) {
			if len(all) < maxScope {
				b := *b
				all = append(all, &b)
			} else {
				s.cut = true
			}
		}); err != nil {
			return err
		}
		sites, err := s.placesOf(ctx, all)
		if err != nil {
			return err
		}
		for _, b := range all {
			if _, covers := c.Doc.scope(b, l.Schemes[c.Doc.Scheme], sites); covers != CoversNot && reach.during(b) {
				s.add(b, ByCertificate, id)
			}
		}
	}
	return nil
}

// placesOf reads the places that lots came from.
func (s *scopeSearch) placesOf(ctx context.Context, all []*Batch) (map[string]Place, error) {
	seen := map[string]bool{}
	var ids []string
	for _, b := range all {
		for _, id := range b.Places {
			if !seen[id] {
				seen[id] = true
				ids = append(ids, id)
			}
		}
	}
	out := make(map[string]Place, len(ids))
	for some := range slices.Chunk(ids, scopeChunk) {
		rows, err := places.many(ctx, s.l, some)
		if err != nil {
			return nil, err
		}
		for id, r := range rows {
			out[id] = r.Doc
		}
	}
	return out, nil
}

// reach takes in what a reach asks for: always what was made of the lots that are in.
func (s *scopeSearch) reach(ctx context.Context, r RecallReach) error {
	seeds := s.codes()
	var sources []string
	if r.Back || r.Sideways {
		up, err := s.kin(ctx, seeds, Up)
		if err != nil {
			return err
		}
		for _, k := range up {
			sources = append(sources, k.batch.Code)
			if r.Back {
				s.add(k.batch, ByAncestry, k.of)
			}
		}
		if r.Sideways {
			// The plots are those of the sources too, even if these are not called back themselves.
			base := make([]*Batch, 0, len(s.facts)+len(up))
			for _, code := range s.codes() {
				base = append(base, s.facts[code])
			}
			if !r.Back {
				for _, k := range up {
					base = append(base, k.batch)
				}
			}
			if err := s.beside(ctx, base, r); err != nil {
				return err
			}
		}
	}
	from := s.codes()
	down, err := s.kin(ctx, from, Down)
	if err != nil {
		return err
	}
	for _, k := range down {
		s.add(k.batch, ByDescent, k.of)
	}
	if !r.Sideways || len(sources) == 0 {
		return nil
	}
	also, err := s.kin(ctx, sources, Down)
	if err != nil {
		return err
	}
	for _, k := range also {
		if s.lots[k.batch.Code] == nil {
			s.add(k.batch, BySharedAncestor, k.of)
		}
	}
	return nil
}

// beside takes in what shares the plot, input or certificate with lots.
func (s *scopeSearch) beside(ctx context.Context, base []*Batch, r RecallReach) error {
	sites, err := s.placesOf(ctx, base)
	if err != nil {
		return err
	}
	days := map[string][]Date{} // by plot
	var plots []string
	for _, b := range base {
		for _, id := range b.Places {
			if sites[id].Type != Plot {
				continue
			}
			if _, ok := days[id]; !ok {
				plots = append(plots, id)
			}
			days[id] = append(days[id], firstDay(&b.LotFacts))
		}
	}
	slices.Sort(plots)
	for some := range slices.Chunk(plots, scopeChunk) {
		err := s.grown(ctx, some, BySharedPlot, func(b *Batch, plot string) bool {
			day := firstDay(&b.LotFacts)
			return s.lots[b.Code] == nil && slices.ContainsFunc(days[plot], func(d Date) bool {
				return day == "" || d == "" || day >= d.AddDays(-r.Window) && day <= d.AddDays(r.Window)
			})
		})
		if err != nil {
			return err
		}
	}
	if err := s.besideInput(ctx, base); err != nil {
		return err
	}
	return s.besideCertificate(ctx, base)
}

// besideCertificate takes in the lots that a certificate names together with others, such as a test report
// about several. One that is about a product or producer as a whole is no such link.
func (s *scopeSearch) besideCertificate(ctx context.Context, base []*Batch) error {
	for some := range slices.Chunk(base, scopeChunk) {
		var keys []string
		for _, b := range some {
			keys = append(keys, batchKey(b.Code))
		}
		led, err := s.l.led(ctx, keys)
		if err != nil {
			return err
		}
		var ids []string
		for _, key := range keys {
			ids = append(ids, led[key]...)
		}
		certs, err := certificates.many(ctx, s.l, unique(ids))
		if err != nil {
			return err
		}
		by := map[string]string{}
		var codes []string
		for _, id := range unique(ids) {
			c, ok := certs[id]
			if !ok || c.Doc.Status == CertDraft || c.Doc.Status == CertRejected {
				continue
			}
			for _, subject := range c.Doc.Subjects {
				if subject.Batch != "" && by[subject.Batch] == "" && s.lots[subject.Batch] == nil {
					by[subject.Batch] = id
					codes = append(codes, subject.Batch)
				}
			}
		}
		lots, err := batches.many(ctx, s.l, codes)
		if err != nil {
			return err
		}
		for _, code := range codes {
			if b, ok := lots[code]; ok {
				s.add(&b.Doc, BySharedCertificate, by[code])
			}
		}
	}
	return nil
}

// findScope finds a case's scope and keeps what people have changed in the one before.
func (l *Ledger) findScope(ctx context.Context, by Actor, s Stored[RecallCase], token string) (Stored[RecallCase], error) {
	start := l.now()
	c := s.Doc
	var p fault.Problem
	found, err := l.seedLots(ctx, &p, c.Seeds, c.Reach)
	if err != nil {
		return s, err
	}
	if err := p.Err(); err != nil {
		return s, err
	}
	before, err := l.scopeLots(ctx, c.ID, &c.Scope)
	if err != nil {
		return s, err
	}
	lots := keepMarks(found.lots, before)
	head := ScopeHead{Version: c.Scope.Version + 1, FoundAt: start.UTC().Truncate(time.Millisecond), FoundIn: l.now().Sub(start).Milliseconds(), Cut: found.cut}
	head.sum(lots)
	head.Set = newSet(by, token, c.ID, head.Version)
	if head.Parts, err = l.writeParts(ctx, c.ID, head.Set, false, lots); err != nil {
		return s, err
	}
	return recallCases.update(ctx, l, by, c.ID, s.Rev, "scope", "", func(c *RecallCase) error {
		if c.Stage != RecallScoping {
			return c.wrongStage()
		}
		c.Scope = head
		c.Steps = append(c.Steps, RecallStep{Action: "scope", At: head.FoundAt, By: by, Token: token})
		return nil
	})
}

// keepMarks carries what people decided about lots over to a scope that was found anew.
func keepMarks(found, before []ScopeLot) []ScopeLot {
	at := make(map[string]int, len(found))
	for i := range found {
		at[found[i].Code] = i
	}
	for i := range before {
		b := &before[i]
		if b.Added == nil && b.Removed == nil {
			continue
		}
		if j, ok := at[b.Code]; ok {
			found[j].Added, found[j].Removed = b.Added, b.Removed
		} else {
			found = append(found, *b)
		}
	}
	return found
}

// FindRecallScope finds the scope of a case anew, as when lots have been registered since. What was added
// or removed by hand stays so.
func (l *Ledger) FindRecallScope(ctx context.Context, by Actor, id, token string) (s Stored[RecallCase], err error) {
	defer fault.Wrap(&err, "Ledger.FindRecallScope(%q)", id)
	if s, _, err = l.caseFor(ctx, by, id); err != nil {
		return s, err
	}
	if s.Doc.done("scope", token) {
		return l.sameCase(ctx, by, id)
	}
	if s.Doc.Stage != RecallScoping {
		return s, s.Doc.wrongStage()
	}
	return l.findScope(ctx, by, s, token)
}

// ScopeEdit is what is sent to change a scope by hand.
type ScopeEdit struct {
	Token string `json:"-"`
	// Add are codes of lots to take in.
	Add []string `json:"add"`
	// Remove are codes of lots to take out.
	Remove []string `json:"remove"`
	Reason string   `json:"reason"`
}

// EditRecallScope adds lots to a scope or removes some, each with the reason. It may be done until the case
// is submitted. A lot that was removed stays listed with who removed it and why.
func (l *Ledger) EditRecallScope(ctx context.Context, by Actor, id string, d ScopeEdit) (s Stored[RecallCase], err error) {
	defer fault.Wrap(&err, "Ledger.EditRecallScope(%q)", id)
	s, _, err = l.caseFor(ctx, by, id)
	if err != nil {
		return s, err
	}
	if s.Doc.done("edit", d.Token) {
		return l.sameCase(ctx, by, id)
	}
	if s.Doc.Stage != RecallScoping {
		return s, s.Doc.wrongStage()
	}
	var p fault.Problem
	mark := ScopeMark{By: by, At: l.stamp(), Reason: p.Paragraph("/reason", d.Reason, maxText, true)}
	add, remove := lotCodes(d.Add), lotCodes(d.Remove)
	if len(add)+len(remove) == 0 {
		p.Add("/add", "missing")
	}
	if len(add) > partSize || len(remove) > partSize {
		p.Add("/add", "too_many", partSize)
	}
	if err := p.Err(); err != nil {
		return s, err
	}
	lots, err := batches.many(ctx, l, add)
	if err != nil {
		return s, err
	}
	for i, code := range add {
		if _, ok := lots[code]; !ok {
			p.Add(fmt.Sprintf("/add/%d", i), "batch_unknown")
		}
	}
	for try := 0; ; try++ {
		all, err := l.scopeLots(ctx, id, &s.Doc.Scope)
		if err != nil {
			return s, err
		}
		at := make(map[string]int, len(all))
		for i := range all {
			at[all[i].Code] = i
		}
		for _, code := range add {
			b, ok := lots[code]
			switch i, there := at[code]; {
			case !ok:
			case there && all[i].Removed != nil:
				all[i].Removed, all[i].Added = nil, &mark
			case !there:
				all = append(all, ScopeLot{
					Code: code, Organisation: b.Doc.Organisation, Product: b.Doc.Product, Lot: b.Doc.Lot, Quantity: b.Doc.Quantity,
					Why: []ScopeReason{{Rule: ByHand}}, Added: &mark,
				})
			}
		}
		for i, code := range remove {
			j, there := at[code]
			if !there {
				p.Add(fmt.Sprintf("/remove/%d", i), "batch_unknown")
			} else if all[j].Removed == nil {
				all[j].Removed = &mark
			}
		}
		if err := p.Err(); err != nil {
			return s, err
		}
		head := s.Doc.Scope
		head.sum(all)
		head.Version++
		head.Set = newSet(by, d.Token, id, head.Version)
		if head.Parts, err = l.writeParts(ctx, id, head.Set, false, all); err != nil {
			return s, err
		}
		// What somebody else has changed meanwhile is not lost: it is read again.
		now, err := recallCases.update(ctx, l, by, id, s.Rev, "edit", mark.Reason, func(c *RecallCase) error {
			if c.Stage != RecallScoping {
				return c.wrongStage()
			}
			c.Scope = head
			c.Steps = append(c.Steps, RecallStep{Action: "edit", At: mark.At, By: by, Reason: mark.Reason, Token: d.Token})
			return nil
		})
		if !errors.Is(err, fault.Stale) || try >= 8 {
			return now, err
		}
		if s, err = recallCases.get(ctx, l, id); err != nil {
			return s, err
		}
	}
}

// lotCodes reads codes as people type them; what is no code, the domain does not know.
func lotCodes(typed []string) []string {
	var out []string
	for _, text := range typed {
		if code, ok := ParseCode(text); ok {
			text = code
		}
		out = append(out, text)
	}
	return unique(out)
}

// ScopePage is a part of a scope as somebody may see it.
type ScopePage struct {
	Lots []ScopeLot
	// Batches are the lots as they are now, by code, and Products their products.
	Batches  map[string]Batch
	Products map[string]Product
	// Next is the number of the part that follows, -1 at the end.
	Next int
}

// RecallScope answers a part of a case's scope. Those who lead the case see all of it, others the lots of
// the organisations whose records they see.
func (l *Ledger) RecallScope(ctx context.Context, by Actor, id string, part int) (out ScopePage, err error) {
	defer fault.Wrap(&err, "Ledger.RecallScope(%q, %d)", id, part)
	c, err := l.RecallCase(ctx, by, id)
	if err != nil {
		return out, err
	}
	sees := func(string) bool { return true }
	if !by.leadsCase(&c.Doc) {
		known, err := organisations.many(ctx, l, c.Doc.Scope.Organisations)
		if err != nil {
			return out, err
		}
		sees = func(org string) bool {
			o := known[org].Doc
			return by.Sees(o.ID, o.UnitPath)
		}
	}
	return l.scopePage(ctx, id, &c.Doc.Scope, part, sees)
}

func (l *Ledger) scopePage(ctx context.Context, owner string, h *ScopeHead, part int, sees func(org string) bool) (out ScopePage, err error) {
	out.Next = -1
	if part < 0 || part >= h.Parts {
		return out, nil
	}
	parts, err := l.readParts(ctx, owner, h, part, 1)
	if err != nil {
		return out, err
	}
	if part+1 < h.Parts {
		out.Next = part + 1
	}
	var codes, goods []string
	for i := range parts {
		for _, lot := range parts[i].Lots {
			if sees(lot.Organisation) {
				out.Lots = append(out.Lots, lot)
				codes, goods = append(codes, lot.Code), append(goods, lot.Product)
			}
		}
	}
	if out.Batches, err = docsOf(batches.many(ctx, l, codes)); err != nil {
		return out, err
	}
	out.Products, err = docsOf(products.many(ctx, l, unique(goods)))
	return out, err
}
