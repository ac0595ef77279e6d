package trace

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"truynguon/internal/fault"
	"truynguon/internal/gs1"
	"truynguon/internal/store"
)

// State is how far a lot has come. That a lot has expired is never a state: it follows from its dates.
type State string

// The states of a lot.
const (
	Draft    State = "draft"    // registered, not yet released; its page says no more than that
	Released State = "released" // on the market
	Held     State = "held"     // not to be sold until somebody clears it
	Recalled State = "recalled" // called back
	Voided   State = "voided"   // registered by mistake, or never sold; its code stays taken
)

// States lists the states.
var States = []State{Draft, Released, Held, Recalled, Voided}

// Quantity is an amount of a unit of measure (UN/CEFACT Recommendation 20).
type Quantity struct {
	Value Amount `json:"value"`
	UOM   string `json:"uom"`
}

// LotFacts are what a lot is: the facts of its commissioning event. They may be corrected while the
// lot is a draft.
type LotFacts struct {
	// Places are the ids of the places it came from, the plots first.
	Places []string `json:"places"`
	// HarvestDate, ProductionDate, PackagingDate, BestBeforeDate and ExpirationDate are GS1's 7007,
	// 11, 13, 15 and 17.
	HarvestDate    Date     `json:"harvestDate,omitempty"`
	ProductionDate Date     `json:"productionDate,omitempty"`
	PackagingDate  Date     `json:"packagingDate,omitempty"`
	BestBeforeDate Date     `json:"bestBeforeDate,omitempty"`
	ExpirationDate Date     `json:"expirationDate,omitempty"`
	Quantity       Quantity `json:"quantity"`
	// Site is the EPCIS identifier of the first place as it was when the facts were recorded, so that
	// the lot's events stay the same when a place is given a number later.
	Site string `json:"site,omitempty"`
}

// Batch is a lot of a product: what was harvested or made together and carries one lot number.
type Batch struct {
	// ID and Code are the same: the random code of the lot's own address, /l/CODE.
	ID           string `json:"id"`
	Code         string `json:"code"`
	Organisation string `json:"organisation"`
	Product      string `json:"product"`
	// GTIN is the product's when the lot was registered, empty if it had none.
	GTIN string `json:"gtin,omitempty"`
	// EPC is the lot's identifier in EPCIS events, fixed at registration: its canonical Digital Link if
	// it has a GTIN, and else its own address.
	EPC string `json:"epc"`
	// Lot is the lot number (GS1 10), unique for the product for ever.
	Lot string `json:"lot"`
	LotFacts
	// Documents are the ids of what was attached.
	Documents []string `json:"documents,omitempty"`
	State     State    `json:"state"`
	// TraceabilityCode is the mã truy xuất nguồn gốc (NĐ 37/2026 Đ3.25): product, place and lot.
	TraceabilityCode string `json:"traceabilityCode"`
	// Steps are the changes of state, oldest first; the first is the registration.
	Steps []StateChange `json:"steps"`
	// Corrections are facts that were wrong and have been corrected, oldest first.
	Corrections []Correction `json:"corrections,omitempty"`
	// UnitPath are the administrative units of the organisation at registration.
	UnitPath []string `json:"unitPath"`
	// Origin is the id of the transformation that made it out of other lots, empty if none did.
	Origin string `json:"origin,omitempty"`
}

// StateChange is one change of a lot's state.
type StateChange struct {
	State  State     `json:"state"`
	At     time.Time `json:"at"`
	By     Actor     `json:"by"`
	Reason string    `json:"reason,omitempty"`
	// Recall is the id of the recall, if it was one.
	Recall string `json:"recall,omitempty"`
	// Gate is what the safety gate said, if that is why the lot was held, or if an official released it in
	// spite of it.
	Gate *Gate `json:"gate,omitempty"`
}

// Overrides reports whether an official released the lot in spite of the safety gate.
func (s *StateChange) Overrides() bool { return s.State == Released && s.Gate != nil }

// Correction keeps facts that turned out wrong, with the time at which they were corrected.
type Correction struct {
	Facts LotFacts  `json:"facts"`
	At    time.Time `json:"at"`
}

// BatchDraft is what is sent to register or correct a lot.
type BatchDraft struct {
	Token          string        `json:"-"`
	Organisation   string        `json:"organisation"`
	Product        string        `json:"product"`
	Lot            string        `json:"lot"`
	Places         []string      `json:"places"`
	HarvestDate    string        `json:"harvestDate"`
	ProductionDate string        `json:"productionDate"`
	PackagingDate  string        `json:"packagingDate"`
	BestBeforeDate string        `json:"bestBeforeDate"`
	ExpirationDate string        `json:"expirationDate"`
	Quantity       QuantityDraft `json:"quantity"`
	Documents      []string      `json:"documents"`
}

// QuantityDraft is a quantity as it was sent.
type QuantityDraft struct {
	Value Decimal `json:"value"`
	UOM   string  `json:"uom"`
}

// Draft returns the draft that would leave the lot as it is.
func (b *Batch) Draft() BatchDraft {
	return BatchDraft{
		Organisation: b.Organisation, Product: b.Product, Lot: b.Lot, Places: b.Places,
		HarvestDate: string(b.HarvestDate), ProductionDate: string(b.ProductionDate),
		PackagingDate: string(b.PackagingDate), BestBeforeDate: string(b.BestBeforeDate),
		ExpirationDate: string(b.ExpirationDate),
		Quantity:       QuantityDraft{Value: Decimal(b.Quantity.Value.String()), UOM: b.Quantity.UOM},
		Documents:      b.Documents,
	}
}

// Registered is when the lot was registered.
func (b *Batch) Registered() time.Time { return b.Steps[0].At }

// LastStep is the latest change of state.
func (b *Batch) LastStep() StateChange { return b.Steps[len(b.Steps)-1] }

// PageURL is the address that the lot's own code leads to.
func (l *Ledger) PageURL(b *Batch) string { return l.Base + "/l/" + b.Code }

// DigitalLink is the lot's GS1 Digital Link on this host, empty if its product had no GTIN.
func (l *Ledger) DigitalLink(b *Batch) string {
	if b.GTIN == "" {
		return ""
	}
	return l.Base + "/01/" + b.GTIN + "/10/" + b.Lot // house lots need no escaping
}

// CodeURL is what the lot's QR code holds: the Digital Link if there is one, and else the page.
func (l *Ledger) CodeURL(b *Batch) string {
	if link := l.DigitalLink(b); link != "" {
		return link
	}
	return l.PageURL(b)
}

// maxList bounds the lists in a draft: places of a lot, documents, subjects.
const maxList = 50

// lotClaim reserves a lot number for a product, for ever, and holds what the lot is to be until it
// is: the first thing a registration writes, and what a repeated one goes on from.
type lotClaim struct {
	Key   string `json:"key"`
	Token string `json:"token,omitempty"`
	By    string `json:"by"`
	Batch Batch  `json:"batch"`
}

// lotKey folds case: two lots that differ in it alone are one to whoever reads a label aloud.
func lotKey(product, lot string) string { return product + "/" + strings.ToUpper(lot) }

// RegisterBatch registers a lot of a product, as a draft. Faults name every field; a lot number that
// is taken is fault.Exists. With the draft's Token, a repeated submission answers the lot that the
// first one made.
func (l *Ledger) RegisterBatch(ctx context.Context, by Actor, d BatchDraft) (s Stored[Batch], err error) {
	defer fault.Wrap(&err, "Ledger.RegisterBatch(%q)", d.Lot)
	o, err := l.keeper(ctx, by, d.Organisation)
	if err != nil {
		return s, err
	}
	b, at, err := l.batch(ctx, &o, d)
	if err != nil {
		return s, err
	}
	b.Code = NewCode()
	b.ID = b.Code
	b.EPC = l.PageURL(&b)
	if b.GTIN != "" {
		b.EPC = "https://id.gs1.org/01/" + b.GTIN + "/10/" + b.Lot
	}
	b.UnitPath = o.UnitPath
	b.Steps = []StateChange{{State: Draft, At: l.stamp(), By: by}}
	b.TraceabilityCode = traceabilityCode(&b, at)

	claim := lotClaim{Key: lotKey(b.Product, b.Lot), Token: d.Token, By: by.ID, Batch: b}
	err = lotClaims.Insert(ctx, l.DB, &claim)
	if errors.Is(err, fault.Exists) {
		there, err := lotClaims.Get(ctx, l.DB, claim.Key)
		if err != nil {
			return s, err
		}
		if d.Token == "" || there.Value.Token != d.Token || there.Value.By != by.ID {
			p := fault.New(fault.Exists, "")
			p.Add("/lot", "lot_taken", b.Lot)
			return s, p
		}
		b = there.Value.Batch // the same submission again: go on from where it stopped
	} else if err != nil {
		return s, err
	}

	s, err = batches.insert(ctx, l, by, "register", b)
	if err != nil && !errors.Is(err, fault.Exists) {
		return s, err
	}
	return s, l.fileEvents(ctx, &s.Doc)
}

// CorrectBatch corrects the facts of a lot that is still a draft; rev is the revision the actor saw.
// Product and lot number stay, for they may be printed already. What was said before is kept, and
// its event is declared to be in error.
func (l *Ledger) CorrectBatch(ctx context.Context, by Actor, code string, rev int64, d BatchDraft) (s Stored[Batch], err error) {
	defer fault.Wrap(&err, "Ledger.CorrectBatch(%q)", code)
	old, err := batches.get(ctx, l, code)
	if err != nil {
		return s, err
	}
	o, err := l.keeper(ctx, by, old.Doc.Organisation)
	if err != nil {
		return s, err
	}
	if old.Doc.Origin != "" {
		return s, fault.New(fault.Exists, "batch_made")
	}
	d.Product, d.Lot = old.Doc.Product, old.Doc.Lot
	b, _, err := l.batch(ctx, &o, d)
	if err != nil {
		return s, err
	}
	s, err = batches.update(ctx, l, by, code, rev, "correct", "", func(old *Batch) error {
		if old.State != Draft {
			return fault.New(fault.Exists, "batch_not_draft")
		}
		if !sameFacts(old.LotFacts, b.LotFacts) {
			old.Corrections = append(old.Corrections, Correction{Facts: old.LotFacts, At: l.stamp()})
			old.LotFacts = b.LotFacts
		}
		old.Documents = b.Documents
		return nil
	})
	if err != nil {
		return s, err
	}
	return s, l.fileEvents(ctx, &s.Doc)
}

func sameFacts(a, b LotFacts) bool {
	return slices.Equal(a.Places, b.Places) && a.HarvestDate == b.HarvestDate &&
		a.ProductionDate == b.ProductionDate && a.PackagingDate == b.PackagingDate &&
		a.BestBeforeDate == b.BestBeforeDate && a.ExpirationDate == b.ExpirationDate &&
		a.Quantity == b.Quantity
}

// AttachDocuments adds documents to a lot, in any state but voided. Nothing is ever taken away.
func (l *Ledger) AttachDocuments(ctx context.Context, by Actor, code string, ids ...string) (s Stored[Batch], err error) {
	defer fault.Wrap(&err, "Ledger.AttachDocuments(%q)", code)
	old, err := batches.get(ctx, l, code)
	if err != nil {
		return s, err
	}
	if _, err := l.keeper(ctx, by, old.Doc.Organisation); err != nil {
		return s, err
	}
	var p fault.Problem
	if err := l.checkDocuments(ctx, &p, "/documents", old.Doc.Organisation, ids); err != nil {
		return s, err
	}
	if err := p.Err(); err != nil {
		return s, err
	}
	return batches.update(ctx, l, by, code, 0, "attach", "", func(b *Batch) error {
		if b.State == Voided {
			return fault.New(fault.Exists, "batch_voided")
		}
		for _, id := range ids {
			if !slices.Contains(b.Documents, id) {
				b.Documents = append(b.Documents, id)
			}
		}
		if len(b.Documents) > maxList {
			p := new(fault.Problem)
			p.Add("/documents", "too_many", maxList)
			return p.Err()
		}
		return nil
	})
}

// batch checks a draft against the records of its organisation. It answers the places too, for what
// is derived from them.
func (l *Ledger) batch(ctx context.Context, o *Organisation, d BatchDraft) (Batch, map[string]Stored[Place], error) {
	var p fault.Problem
	b := Batch{Organisation: o.ID, Product: strings.TrimSpace(d.Product), Lot: strings.TrimSpace(d.Lot), State: Draft}
	b.HarvestDate = date(&p, "/harvestDate", d.HarvestDate)
	b.ProductionDate = date(&p, "/productionDate", d.ProductionDate)
	b.PackagingDate = date(&p, "/packagingDate", d.PackagingDate)
	b.BestBeforeDate = date(&p, "/bestBeforeDate", d.BestBeforeDate)
	b.ExpirationDate = date(&p, "/expirationDate", d.ExpirationDate)
	b.Quantity.Value = amount(&p, "/quantity/value", d.Quantity.Value, true)

	if b.Product == "" {
		p.Add("/product", "missing")
	} else {
		product, err := products.get(ctx, l, b.Product)
		if err := found(&p, "/product", "product_unknown", err); err != nil {
			return b, nil, err
		}
		switch {
		case err != nil:
		case product.Doc.Organisation != o.ID:
			p.Add("/product", "product_unknown")
		default:
			b.GTIN = product.Doc.GTIN
			b.Quantity.UOM = product.Doc.UOM
		}
	}
	if d.Quantity.UOM != "" {
		b.Quantity.UOM = choice(&p, "/quantity/uom", d.Quantity.UOM, UnitsOfMeasure)
	}
	switch {
	case b.Lot == "":
		p.Add("/lot", "missing")
	case !gs1.ValidHouseLot(b.Lot):
		p.Add("/lot", "lot_characters", short(b.Lot))
	}

	checkDates(&p, &b.LotFacts, l.Today())

	b.Places = unique(d.Places)
	at, err := l.checkPlaces(ctx, &p, o.ID, b.Places)
	if err != nil {
		return b, nil, err
	}
	b.Documents = unique(d.Documents)
	if err := l.checkDocuments(ctx, &p, "/documents", o.ID, b.Documents); err != nil {
		return b, nil, err
	}
	if err := p.Err(); err != nil {
		return b, nil, err
	}
	first := at[b.Places[0]].Doc
	b.Site = l.placeID(&first)
	return b, at, nil
}

// checkDates adds the faults of a lot's dates: what is done cannot be in the future, and a thing
// cannot be packed before it is harvested or expire before it is made.
func checkDates(p *fault.Problem, f *LotFacts, today Date) {
	type day struct {
		pointer string
		date    Date
	}
	done := []day{
		{"/harvestDate", f.HarvestDate}, {"/productionDate", f.ProductionDate}, {"/packagingDate", f.PackagingDate},
	}
	if f.HarvestDate == "" && f.ProductionDate == "" && f.PackagingDate == "" && len(p.Fields) == 0 {
		p.Add("/harvestDate", "date_needed")
	}
	var latest day
	for _, d := range done {
		if d.date == "" {
			continue
		}
		if d.date > today {
			p.Add(d.pointer, "date_in_future", string(d.date))
		}
		if d.date < latest.date {
			p.Add(d.pointer, "date_before", string(d.date), string(latest.date))
		}
		if d.date > latest.date {
			latest = d
		}
	}
	for _, d := range []day{{"/bestBeforeDate", f.BestBeforeDate}, {"/expirationDate", f.ExpirationDate}} {
		if d.date != "" && d.date < latest.date {
			p.Add(d.pointer, "date_before", string(d.date), string(latest.date))
		}
	}
	if f.BestBeforeDate != "" && f.ExpirationDate != "" && f.BestBeforeDate > f.ExpirationDate {
		p.Add("/bestBeforeDate", "date_after", string(f.BestBeforeDate), string(f.ExpirationDate))
	}
}

func (l *Ledger) checkPlaces(ctx context.Context, p *fault.Problem, org string, ids []string) (map[string]Stored[Place], error) {
	if len(ids) == 0 {
		p.Add("/places", "missing")
		return nil, nil
	}
	if len(ids) > maxList {
		p.Add("/places", "too_many", maxList)
		return nil, nil
	}
	found, err := places.many(ctx, l, ids)
	if err != nil {
		return nil, err
	}
	for i, id := range ids {
		if pl, ok := found[id]; !ok || pl.Doc.Organisation != org {
			p.Add(fmt.Sprintf("/places/%d", i), "place_unknown")
		}
	}
	return found, nil
}

func unique(ids []string) []string {
	var out []string
	for _, id := range ids {
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// traceabilityCode builds the mã truy xuất nguồn gốc of NĐ 37/2026 Đ3.25 in GS1 terms where the
// product has a GTIN: (01) product, (10) lot, (414)(254) place of the last step. A lot without a GTIN
// has its own code, which is no GS1 code and does not look like one (Đ28.4b).
func traceabilityCode(b *Batch, at map[string]Stored[Place]) string {
	if b.GTIN == "" {
		return SpellCode(b.Code)
	}
	code := "(01)" + b.GTIN + "(10)" + b.Lot
	for _, id := range slices.Backward(b.Places) {
		if pl := at[id].Doc; pl.GLN != "" {
			code += "(414)" + pl.GLN
			if pl.GLNExtension != "" {
				code += "(254)" + pl.GLNExtension
			}
			break
		}
	}
	return code
}

// ProposeLot answers a lot number for a new lot of a product that is free now: the day and a number,
// such as 241126-1.
func (l *Ledger) ProposeLot(ctx context.Context, product string) (string, error) {
	day := l.Today().Time(time.UTC).Format("060102")
	const tries = 50
	lots := make([]string, tries)
	keys := make([]string, tries)
	for i := range tries {
		lots[i] = fmt.Sprintf("%s-%d", day, i+1)
		keys[i] = lotKey(product, lots[i])
	}
	taken, err := lotClaims.GetMany(ctx, l.DB, keys)
	if err != nil {
		return "", err
	}
	for i, key := range keys {
		if _, ok := taken[key]; !ok {
			return lots[i], nil
		}
	}
	return day + "-" + NewCode()[:4], nil
}

// Batch answers a lot to those who may see its organisation's records.
func (l *Ledger) Batch(ctx context.Context, by Actor, code string) (s Stored[Batch], err error) {
	defer fault.Wrap(&err, "Ledger.Batch(%q)", code)
	if by.Role == "" {
		return s, by.denied()
	}
	s, err = batches.get(ctx, l, code)
	if err != nil {
		return s, err
	}
	if by.Role == Buyer && s.Doc.State != Draft {
		return s, nil
	}
	return s, l.readable(ctx, by, s.Doc.Organisation)
}

// BatchFilter says which lots a list shows.
type BatchFilter struct {
	Organisation string
	Product      string
	State        State
}

// Batches answers a page of the lots that the actor may see, newest first: those of an organisation
// or, for an admin or an official without one, of all that they oversee.
func (l *Ledger) Batches(ctx context.Context, by Actor, f BatchFilter, after string, limit int) (_ []Stored[Batch], next string, err error) {
	defer fault.Wrap(&err, "Ledger.Batches")
	q := store.Query{Desc: true, After: after, Limit: limit}
	if f.Product != "" {
		product, err := products.get(ctx, l, f.Product)
		if err != nil {
			return nil, "", err
		}
		f.Organisation = product.Doc.Organisation
	}
	switch {
	case f.Organisation == "" && by.Role == Official && by.Unit != "":
		q.Term = "unit=" + by.Unit
		if f.State != "" {
			q.Term = "unit+state=" + by.Unit + "+" + string(f.State)
		}
	case f.Organisation == "" && by.Role == Admin:
		if f.State != "" {
			q.Term = "state=" + string(f.State)
		}
	default:
		q, err = l.listOf(ctx, by, f.Organisation, after, limit)
		if err != nil {
			return nil, "", err
		}
		if f.State != "" {
			q.Term = "org+state=" + strings.TrimPrefix(q.Term, "org=") + "+" + string(f.State)
		}
		if f.Product != "" {
			q.Term = "product=" + f.Product
			if f.State != "" {
				q.Term = "product+state=" + f.Product + "+" + string(f.State)
			}
		}
	}
	return batches.find(ctx, l, q)
}
