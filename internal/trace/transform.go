package trace

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"truynguon/internal/epcis"
	"truynguon/internal/fault"
	"truynguon/internal/gs1"
	"truynguon/internal/store"
)

// LotAmountDraft is a part of a lot as it was sent. Without a unit it is in the lot's.
type LotAmountDraft struct {
	// Lot is the lot's code.
	Lot      string        `json:"lot"`
	Quantity QuantityDraft `json:"quantity"`
}

// OutputDraft is a lot that is to be made.
type OutputDraft struct {
	// Product is the id of the product.
	Product string `json:"product"`
	// Lot is the lot number that it is to have.
	Lot            string        `json:"lot"`
	Quantity       QuantityDraft `json:"quantity"`
	ProductionDate string        `json:"productionDate"`
	PackagingDate  string        `json:"packagingDate"`
	BestBeforeDate string        `json:"bestBeforeDate"`
	ExpirationDate string        `json:"expirationDate"`
}

// TransformationDraft is what is sent to record that lots were made of lots.
type TransformationDraft struct {
	Token        string `json:"-"`
	Organisation string `json:"organisation"`
	Kind         string `json:"kind"`
	Place        string `json:"place"`
	// Date is the day on which it was done, Time the local time.
	Date string `json:"date"`
	Time string `json:"time"`
	// Inputs are what is used up.
	Inputs []LotAmountDraft `json:"inputs"`
	// Outputs are the lots that are made.
	Outputs []OutputDraft `json:"outputs"`
	// Loss is what is in no output, such as water and husks.
	Loss QuantityDraft `json:"loss"`
	// LossReason says where the loss went; needed with a loss.
	LossReason string `json:"lossReason"`
	// ExcessReason is why more came out than went in, or more went in than was left.
	ExcessReason string `json:"excessReason"`
	Note         string `json:"note"`
}

const (
	// maxInputs and maxOutputs bound the lots of one transformation, and maxOrigins the plots that a lot
	// made of others comes from: each is a term of its record.
	maxInputs  = 200
	maxOutputs = 100
	maxOrigins = 600
)

// Transform records that an organisation made lots of lots that it has: its own, released, or those of
// others that it received. The outputs are registered as drafts by the same verb. More coming out than
// went in, or more going in than is left by the records, is not refused but wants a reason, which stays.
//
// It writes the claims of the outputs' numbers, then the record, which holds from then on, then the lots
// and the event, both derived from what is written already. Stopped anywhere and sent again with the same
// Token, it goes on from where it was.
func (l *Ledger) Transform(ctx context.Context, by Actor, d TransformationDraft) (s Stored[Transformation], err error) {
	defer fault.Wrap(&err, "Ledger.Transform(%q)", d.Kind)
	o, err := l.keeper(ctx, by, d.Organisation)
	if err != nil {
		return s, err
	}
	id := newID("transformation", by, d.Token)
	if d.Token != "" { // what was made already has used its inputs up, and would be refused a second time
		old, err := transformations.again(ctx, l, id)
		if err == nil {
			return old, l.finishTransformation(ctx, &old.Doc)
		}
		if !errors.Is(err, fault.NotFound) {
			return s, err
		}
	}
	t, made, err := l.transformation(ctx, by, &o, id, d)
	if err != nil {
		return s, err
	}
	for i := range made {
		claim := lotClaim{Key: lotKey(made[i].Product, made[i].Lot), Token: "transformation/" + id, By: by.ID, Batch: made[i]}
		err := lotClaims.Insert(ctx, l.DB, &claim)
		if errors.Is(err, fault.Exists) {
			there, err := lotClaims.Get(ctx, l.DB, claim.Key)
			if err != nil {
				return s, err
			}
			if there.Value.Token != claim.Token || there.Value.By != by.ID {
				p := fault.New(fault.Exists, "")
				p.Add(fmt.Sprintf("/outputs/%d/lot", i), "lot_taken", made[i].Lot)
				return s, p
			}
			if there.Value.Batch.Quantity != made[i].Quantity { // sent again, and not the same
				return s, fault.New(fault.Exists, "token_reused")
			}
			made[i] = there.Value.Batch
			t.Outputs[i].Lot, t.Outputs[i].EPC = made[i].Code, made[i].EPC
		} else if err != nil {
			return s, err
		}
	}
	s, err = transformations.insert(ctx, l, by, "transform", t)
	if err != nil && !errors.Is(err, fault.Exists) {
		return s, err
	}
	return s, l.finishTransformation(ctx, &s.Doc)
}

// finishTransformation writes what follows from a record: its lots, from their claims, and its events.
func (l *Ledger) finishTransformation(ctx context.Context, t *Transformation) error {
	keys := make([]string, len(t.Outputs))
	for i := range t.Outputs {
		keys[i] = t.Outputs[i].Claim
	}
	claims, err := lotClaims.GetMany(ctx, l.DB, keys)
	if err != nil {
		return err
	}
	for _, key := range keys {
		if claim, ok := claims[key]; ok {
			if _, err := batches.insert(ctx, l, t.By, "register", claim.Value.Batch); err != nil && !errors.Is(err, fault.Exists) {
				return err
			}
		}
	}
	evs, err := l.transformEvents(t)
	if err != nil {
		return err
	}
	return l.fileThese(ctx, evs)
}

// transformation checks a draft, and answers the record and the lots that it is to make.
func (l *Ledger) transformation(ctx context.Context, by Actor, o *Organisation, id string, d TransformationDraft) (t Transformation, made []Batch, err error) {
	var p fault.Problem
	t = Transformation{
		ID: id, Organisation: o.ID, Recorded: l.stamp(), By: by, Place: d.Place,
		LossReason: p.Paragraph("/lossReason", d.LossReason, maxText, false), ExcessReason: p.Paragraph("/excessReason", d.ExcessReason, maxText, false),
		Note: p.Paragraph("/note", d.Note, 500, false),
	}
	kind := transformationKind(d.Kind)
	if kind == nil {
		p.Add("/kind", missingOr("not_offered", d.Kind), short(d.Kind))
	} else {
		t.Kind = kind.ID
	}
	var day Date
	t.At, t.DayOnly, day = l.moment(&p, d.Date, d.Time)
	place, err := l.ownPlace(ctx, &p, o.ID, d.Place, true)
	if err != nil {
		return t, nil, err
	}
	t.Site = l.placeID(&place)

	lots, in, err := l.inputs(ctx, &p, o, "/inputs", d.Inputs, maxInputs, t.ExcessReason)
	if err != nil {
		return t, nil, err
	}
	t.Inputs = in
	if err := l.checkParts(ctx, &p, lots, d.Inputs); err != nil {
		return t, nil, err
	}
	if made, err = l.outputs(ctx, &p, o, &t, lots, &place, day, d.Outputs); err != nil {
		return t, nil, err
	}
	if d.Loss.Value != "" || d.Loss.UOM != "" {
		loss := Quantity{Value: amount(&p, "/loss/value", d.Loss.Value, false)}
		if loss.UOM = d.Loss.UOM; loss.UOM == "" && len(in) > 0 {
			loss.UOM = in[0].Quantity.UOM
		}
		loss.UOM = choice(&p, "/loss/uom", loss.UOM, UnitsOfMeasure)
		if loss.Value > 0 {
			t.Loss = &loss
			if t.LossReason == "" {
				p.Add("/lossReason", "missing")
			}
		}
	}
	if err := p.Err(); err != nil {
		return t, nil, err
	}
	if t.Balance, err = l.weigh(ctx, &t, lots, made); err != nil {
		return t, nil, err
	}
	if over := t.Balance.Excess(); over > 0 && t.ExcessReason == "" {
		p.Add("/excessReason", "more_out_than_in", t.Balance.In.String(), (t.Balance.Out + t.Balance.Loss).String(), over.String(), "unitName."+t.Balance.UOM)
	}
	return t, made, p.Err()
}

// missingOr is the code of a choice that was not made, or of one that there is not.
func missingOr(code, value string) string {
	if value == "" {
		return "missing"
	}
	return code
}

func transformationKind(id string) *TransformationKind {
	for i := range TransformationKinds {
		if TransformationKinds[i].ID == id {
			return &TransformationKinds[i]
		}
	}
	return nil
}

// moment reads a day and a time of that day, at which something was done.
func (l *Ledger) moment(p *fault.Problem, day, clock string) (at time.Time, dayOnly bool, d Date) {
	d = date(p, "/date", day)
	if day == "" {
		p.Add("/date", "missing")
	}
	at = d.Time(l.zone())
	if clock = strings.TrimSpace(clock); clock != "" {
		c, err := time.Parse("15:04", clock)
		if err != nil {
			p.Add("/time", "time_malformed", short(clock))
		}
		at = at.Add(time.Duration(c.Hour())*time.Hour + time.Duration(c.Minute())*time.Minute)
	}
	if d != "" && at.After(l.now()) {
		p.Add("/date", "date_in_future", string(d))
	}
	return at.UTC(), clock == "", d
}

// ownPlace reads a place that must be an organisation's own.
func (l *Ledger) ownPlace(ctx context.Context, p *fault.Problem, org, id string, required bool) (Place, error) {
	if id == "" {
		if required {
			p.Add("/place", "missing")
		}
		return Place{}, nil
	}
	pl, err := places.get(ctx, l, id)
	if err := found(p, "/place", "place_unknown", err); err != nil {
		return Place{}, err
	}
	if err == nil && pl.Doc.Organisation != org {
		p.Add("/place", "place_unknown")
	}
	return pl.Doc, nil
}

// inputs checks parts of lots that an organisation uses up or hands on: it must have them, they must be
// on the market, and where there is not so much left, a reason must be given.
func (l *Ledger) inputs(ctx context.Context, p *fault.Problem, o *Organisation, at string, drafts []LotAmountDraft, most int, reason string) (lots []*Batch, parts []LotPart, err error) {
	switch {
	case len(drafts) == 0:
		p.Add(at, "missing")
		return nil, nil, nil
	case len(drafts) > most:
		p.Add(at, "too_many", most)
		return nil, nil, nil
	}
	codes := make([]string, len(drafts))
	for i, d := range drafts {
		codes[i] = d.Lot
	}
	there, err := batches.many(ctx, l, unique(codes))
	if err != nil {
		return nil, nil, err
	}
	var known []*Batch
	for _, b := range there {
		known = append(known, &b.Doc)
	}
	have, err := l.accounts(ctx, o.ID, known)
	if err != nil {
		return nil, nil, err
	}
	for i, d := range drafts {
		here := fmt.Sprintf("%s/%d", at, i)
		st, ok := there[d.Lot]
		a := have[d.Lot]
		switch {
		case d.Lot == "":
			p.Add(here+"/lot", "missing")
		case !ok || !a.Holds():
			p.Add(here+"/lot", "lot_not_held", short(d.Lot))
		case slices.Index(codes, d.Lot) < i:
			p.Add(here+"/lot", "lot_twice")
		}
		q := Quantity{Value: amount(p, here+"/quantity/value", d.Quantity.Value, true), UOM: d.Quantity.UOM}
		if q.UOM == "" && ok {
			q.UOM = st.Doc.Quantity.UOM
		}
		if ok || q.UOM != "" {
			q.UOM = choice(p, here+"/quantity/uom", q.UOM, UnitsOfMeasure)
		}
		if !ok || !a.Holds() {
			continue
		}
		b := st.Doc
		lots = append(lots, &b)
		parts = append(parts, LotPart{LotAmount: LotAmount{Lot: b.Code, Quantity: q}, EPC: b.EPC})
		if q.UOM == a.UOM && q.Value > a.Left() && !a.Unclear && reason == "" {
			p.Add(here+"/quantity/value", "more_than_left", q.Value.String(), max(0, a.Left()).String(), "unitName."+a.UOM)
		}
	}
	return lots, parts, nil
}

// checkParts adds a fault for each lot that is not on the market, or that was made of one that is not.
func (l *Ledger) checkParts(ctx context.Context, p *fault.Problem, lots []*Batch, drafts []LotAmountDraft) error {
	var codes []string
	for _, b := range lots {
		codes = append(codes, b.Code)
	}
	stopped, err := l.stopped(ctx, codes)
	if err != nil {
		return err
	}
	for i, d := range drafts {
		at := fmt.Sprintf("/inputs/%d/lot", i)
		for _, b := range lots {
			if b.Code != d.Lot {
				continue
			}
			if b.State != Released {
				p.Add(at, "input_state", "state."+string(b.State))
			} else if s, ok := stopped[b.Code]; ok {
				p.Add(at, "input_stopped", "state."+string(s.State), s.Lot)
			}
		}
	}
	return nil
}

// outputs checks the lots that are to be made. Each comes from the plots of everything that went in.
func (l *Ledger) outputs(ctx context.Context, p *fault.Problem, o *Organisation, t *Transformation, in []*Batch, place *Place, day Date, drafts []OutputDraft) ([]Batch, error) {
	switch {
	case len(drafts) == 0:
		p.Add("/outputs", "missing")
		return nil, nil
	case len(drafts) > maxOutputs:
		p.Add("/outputs", "too_many", maxOutputs)
		return nil, nil
	}
	var ids, keys []string
	for _, d := range drafts {
		ids = append(ids, strings.TrimSpace(d.Product))
		keys = append(keys, lotKey(strings.TrimSpace(d.Product), strings.TrimSpace(d.Lot)))
	}
	goods, err := l.ProductsByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	taken, err := lotClaims.GetMany(ctx, l.DB, keys)
	if err != nil {
		return nil, err
	}
	origins, harvested := originsOf(in)
	if len(origins) > maxOrigins {
		p.Add("/inputs", "too_many_plots", len(origins), maxOrigins)
	}
	var made []Batch
	for i, d := range drafts {
		var own fault.Problem
		b := Batch{Organisation: o.ID, Product: ids[i], Lot: strings.TrimSpace(d.Lot), State: Draft, Origin: t.ID, UnitPath: o.UnitPath}
		product, ok := goods[b.Product]
		switch {
		case b.Product == "":
			own.Add("/product", "missing")
		case !ok || product.Organisation != o.ID:
			own.Add("/product", "product_unknown")
		}
		switch {
		case b.Lot == "":
			own.Add("/lot", "missing")
		case !gs1.ValidHouseLot(b.Lot):
			own.Add("/lot", "lot_characters", short(b.Lot))
		case slices.Index(keys, keys[i]) < i:
			own.Add("/lot", "lot_twice")
		}
		if claim, there := taken[keys[i]]; there && b.Lot != "" && claim.Value.Token != "transformation/"+t.ID {
			own.Add("/lot", "lot_taken", b.Lot)
		}
		b.HarvestDate = harvested
		b.ProductionDate = date(&own, "/productionDate", d.ProductionDate)
		b.PackagingDate = date(&own, "/packagingDate", d.PackagingDate)
		b.BestBeforeDate = date(&own, "/bestBeforeDate", d.BestBeforeDate)
		b.ExpirationDate = date(&own, "/expirationDate", d.ExpirationDate)
		if b.ProductionDate == "" && b.PackagingDate == "" {
			b.ProductionDate = day
		}
		b.Quantity = Quantity{Value: amount(&own, "/quantity/value", d.Quantity.Value, true), UOM: product.UOM}
		if d.Quantity.UOM != "" {
			b.Quantity.UOM = choice(&own, "/quantity/uom", d.Quantity.UOM, UnitsOfMeasure)
		}
		if day != "" {
			checkDates(&own, &b.LotFacts, l.Today())
		}
		b.Places, b.Site = append(slices.Clone(origins), t.Place), t.Site
		b.GTIN = product.GTIN
		b.Code = NewCode()
		b.ID = b.Code
		b.EPC = l.PageURL(&b)
		if b.GTIN != "" {
			b.EPC = "https://id.gs1.org/01/" + b.GTIN + "/10/" + b.Lot
		}
		b.Places = unique(b.Places)
		b.Steps = []StateChange{{State: Draft, At: t.Recorded, By: t.By}}
		b.TraceabilityCode = traceabilityCode(&b, map[string]Stored[Place]{t.Place: {Doc: *place}})
		for _, f := range own.Fields {
			p.Add(fmt.Sprintf("/outputs/%d%s", i, f.Pointer), f.Code, f.Args...)
		}
		made = append(made, b)
		t.Outputs = append(t.Outputs, LotPart{
			LotAmount: LotAmount{Lot: b.Code, Quantity: b.Quantity}, EPC: b.EPC, ILMD: ilmd(&b), Claim: keys[i],
		})
	}
	return made, nil
}

// originsOf are the places that lots come from, and the day on which they were harvested if that was one
// and the same.
func originsOf(in []*Batch) (places []string, harvested Date) {
	seen := map[string]bool{}
	for i, b := range in {
		for _, id := range b.Places {
			if !seen[id] {
				seen[id] = true
				places = append(places, id)
			}
		}
		if i == 0 {
			harvested = b.HarvestDate
		} else if harvested != b.HarvestDate {
			harvested = ""
		}
	}
	return places, harvested
}

// weigh compares what went in with what came out.
func (l *Ledger) weigh(ctx context.Context, t *Transformation, in []*Batch, made []Batch) (MassBalance, error) {
	var ids []string
	for _, b := range in {
		ids = append(ids, b.Product)
	}
	for i := range made {
		ids = append(ids, made[i].Product)
	}
	goods, err := l.ProductsByID(ctx, ids)
	if err != nil {
		return MassBalance{}, err
	}
	var from, to []measured
	for i, b := range in {
		from = append(from, measured{t.Inputs[i].Quantity, goods[b.Product].NetContent})
	}
	for i := range made {
		to = append(to, measured{made[i].Quantity, goods[made[i].Product].NetContent})
	}
	return balance(from, to, t.Loss), nil
}

// undoing checks that the actor keeps an organisation's records and says why something did not happen, and
// answers the reason tidied.
func (l *Ledger) undoing(ctx context.Context, by Actor, org, reason string) (string, error) {
	if _, err := l.keeper(ctx, by, org); err != nil {
		return "", err
	}
	var p fault.Problem
	reason = p.Paragraph("/reason", reason, maxText, true)
	return reason, p.Err()
}

// VoidTransformation records that a transformation did not happen, while the lots that it made are drafts
// and nothing was made of them or sent. Those lots are voided, and what went in is left again. The event
// is declared to be in error.
func (l *Ledger) VoidTransformation(ctx context.Context, by Actor, id, reason string) (s Stored[Transformation], err error) {
	defer fault.Wrap(&err, "Ledger.VoidTransformation(%q)", id)
	if by.Role == "" || by.Role == Buyer {
		return s, by.denied()
	}
	old, err := transformations.get(ctx, l, id)
	if err != nil {
		return s, err
	}
	if reason, err = l.undoing(ctx, by, old.Doc.Organisation, reason); err != nil {
		return s, err
	}
	var codes []string
	for _, out := range old.Doc.Outputs {
		codes = append(codes, out.Lot)
	}
	if old.Doc.Voided == nil {
		if err := l.unused(ctx, codes); err != nil {
			return s, err
		}
	}
	for _, code := range codes {
		if _, err := l.moveBatch(ctx, by, code, Voided, reason, noGate, func(_ *Organisation, b *Batch, _ string) error {
			if b.State != Draft {
				return wrongState(b.State)
			}
			return nil
		}); err != nil {
			return s, err
		}
	}
	s, err = transformations.update(ctx, l, by, id, 0, "void", reason, func(t *Transformation) error {
		if t.Voided == nil {
			t.Voided = &Voiding{At: l.stamp(), By: by, Reason: reason}
		}
		return nil
	})
	if err != nil {
		return s, err
	}
	evs, err := l.transformEvents(&s.Doc)
	if err != nil {
		return s, err
	}
	return s, l.fileThese(ctx, evs)
}

// unused fails unless lots are drafts, or voided, and nothing was made of them and none was sent.
func (l *Ledger) unused(ctx context.Context, codes []string) error {
	lots, err := batches.many(ctx, l, codes)
	if err != nil {
		return err
	}
	for _, b := range lots {
		if b.Doc.State != Draft && b.Doc.State != Voided {
			return wrongState(b.Doc.State)
		}
	}
	used, _, err := transformations.find(ctx, l, store.Query{Any: prefixed("in=", codes), Limit: 1})
	if err != nil {
		return err
	}
	moved, _, err := shipments.find(ctx, l, store.Query{Any: prefixed("moved=", codes), Limit: 1})
	if err != nil {
		return err
	}
	if len(used)+len(moved) > 0 {
		return fault.New(fault.Exists, "lots_used")
	}
	return nil
}

// transformEvents derives the events that follow from the record of a transformation: the same whenever
// they are derived.
func (l *Ledger) transformEvents(t *Transformation) ([]Event, error) {
	kind := transformationKind(t.Kind)
	if kind == nil {
		return nil, fmt.Errorf("trace: transformation %s of kind %q", t.ID, t.Kind)
	}
	step, _ := StepByID(kind.Step)
	e := Event{
		Batch: t.Outputs[0].Lot, Org: t.Organisation, Step: kind.Step, At: t.At, DayOnly: t.DayOnly,
		Recorded: t.Recorded, By: t.By, Place: t.Place, Note: t.Note,
	}
	ev := epcis.Event{
		Type: epcis.TransformationEvent, EventTime: t.At.In(l.zone()), EventTimeZoneOffset: epcis.Offset(t.At.In(l.zone())),
		BizStep: step.BizStep, Disposition: step.Disposition, ReadPoint: t.Site, BizLocation: t.Site,
		TransformationID: l.Base + "/transformations/" + t.ID,
	}
	for _, in := range t.Inputs {
		e.Lots = append(e.Lots, in.Lot)
		ev.InputQuantityList = append(ev.InputQuantityList, in.epcis())
	}
	for i, out := range t.Outputs {
		if i > 0 {
			e.Lots = append(e.Lots, out.Lot)
		}
		ev.OutputQuantityList = append(ev.OutputQuantityList, out.epcis())
		ev.ILMD = common(i == 0, ev.ILMD, out.ILMD)
	}
	return l.withError(e, ev, t.Voided)
}

// withError seals an event and, if it did not happen, the declaration of that.
func (l *Ledger) withError(e Event, ev epcis.Event, voided *Voiding) ([]Event, error) {
	said := e
	plain := ev
	if err := said.seal(&plain, nil); err != nil {
		return nil, err
	}
	out := []Event{said}
	if voided != nil {
		wrong := e
		wrong.Recorded, wrong.By, wrong.Note = voided.At, voided.By, voided.Reason
		if err := wrong.seal(&ev, &epcis.ErrorDeclaration{DeclarationTime: voided.At, Reason: epcis.DidNotOccur}); err != nil {
			return nil, err
		}
		out = append(out, wrong)
	}
	return out, nil
}

// epcis is a part of a lot in an event.
func (part LotPart) epcis() epcis.Quantity {
	q := epcis.Quantity{EPCClass: part.EPC, Quantity: json.Number(part.Quantity.Value.String()), UOM: part.Quantity.UOM}
	if q.UOM == "H87" { // pieces have no unit in EPCIS
		q.UOM = ""
	}
	return q
}

// common is the master data that is true of every output: an event has one for all of them.
func common(first bool, a, b epcis.Extensions) epcis.Extensions {
	if first {
		return b
	}
	out := epcis.Extensions{}
	for name, v := range a {
		if b[name] == v {
			out[name] = v
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// Transformation answers a transformation to those who may see its organisation's records.
func (l *Ledger) Transformation(ctx context.Context, by Actor, id string) (s Stored[Transformation], err error) {
	defer fault.Wrap(&err, "Ledger.Transformation(%q)", id)
	if by.Role == "" {
		return s, by.denied()
	}
	if s, err = transformations.get(ctx, l, id); err != nil {
		return s, err
	}
	return s, l.readable(ctx, by, s.Doc.Organisation)
}

// Transformations answers a page of an organisation's transformations, newest first.
func (l *Ledger) Transformations(ctx context.Context, by Actor, org, after string, limit int) (_ []Stored[Transformation], next string, err error) {
	defer fault.Wrap(&err, "Ledger.Transformations(%q)", org)
	q, err := l.listOf(ctx, by, org, after, limit)
	if err != nil {
		return nil, "", err
	}
	return transformations.find(ctx, l, q)
}
