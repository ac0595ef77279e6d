package trace

import (
	"cmp"
	"context"
	"encoding/json"
	"path"
	"slices"
	"strconv"
	"time"

	"truynguon/internal/epcis"
	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// EventRow is one critical tracking event of one lot: a line of the sortable table that FSMA 204 wants
// (21 CFR 1.1455), in its key data elements as far as they are on record.
type EventRow struct {
	// Lot is the lot and Product what it is of; the traceability lot code is the lot's.
	Lot     Batch
	Product Product
	// Organisation is the source of the traceability lot code.
	Organisation Organisation
	// Step is the id of a row of StepTable, BizStep the CBV's word for it.
	Step, BizStep string
	At            time.Time
	DayOnly       bool
	// Quantity is how much of the lot took part; the lot's own where the event does not say.
	Quantity Quantity
	// Place is where, as the organisation knows it; empty if not stated.
	Place Place
	// From and To are the parties of a shipment.
	From, To Party
	// Inputs are the lots that went in, if lots were made.
	Inputs []string
	// References are the numbers of documents.
	References []string
	EventID    string
}

// maxTraceRows bounds the rows of one table.
const maxTraceRows = 20_000

// TraceRows answers what happened to a lot and all that it was made of (or was made of it), a row for each
// lot and event, oldest first, to those who may see its organisation's records.
func (l *Ledger) TraceRows(ctx context.Context, by Actor, code string, dir Direction) (rows []EventRow, err error) {
	defer fault.Wrap(&err, "Ledger.TraceRows(%q, %q)", code, dir)
	g, ln, err := l.traceOwn(ctx, by, code, dir)
	if err != nil {
		return nil, err
	}
	var evs []Event
	seen := map[string]bool{}
	for row, err := range withAny(ctx, l.DB, events.Table, prefixed("batch=", g.Codes()), store.Query{}) {
		if err != nil {
			return nil, err
		}
		if e := row.Value.Doc; !seen[eventKey(&e)] && len(evs) < maxTraceRows {
			seen[eventKey(&e)] = true
			evs = append(evs, e)
		}
	}
	evs = standing(evs, "")
	var ids []string
	for _, e := range evs {
		ids = append(ids, e.Place)
	}
	at, err := places.many(ctx, l, unique(ids))
	if err != nil {
		return nil, err
	}
	sent := make(map[string]*Shipment, len(g.Shipments))
	for i := range g.Shipments {
		sent[g.Shipments[i].ID] = &g.Shipments[i]
	}
	for _, e := range evs {
		ev, err := epcis.DecodeEvent(e.EPCIS)
		if err != nil {
			return nil, err
		}
		for _, code := range append([]string{e.Batch}, e.Lots...) {
			lot := g.Lot(code)
			if lot == nil || lot.Batch == nil || len(rows) >= maxTraceRows {
				continue
			}
			b := lot.Batch
			row := EventRow{
				Lot: *b, Product: ln.Products[b.Product], Organisation: ln.Organisations[b.Organisation], Step: e.Step, BizStep: ev.BizStep,
				At: e.At, DayOnly: e.DayOnly, Quantity: b.Quantity, Place: at[e.Place].Doc, EventID: e.ID,
			}
			row.say(ev, sent)
			rows = append(rows, row)
		}
	}
	slices.SortStableFunc(rows, func(a, b EventRow) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Lot.Code, b.Lot.Code)) })
	return rows, nil
}

// say takes from an event what it says of a row's lot.
func (r *EventRow) say(ev *epcis.Event, sent map[string]*Shipment) {
	for _, list := range [][]epcis.Quantity{ev.QuantityList, ev.InputQuantityList, ev.OutputQuantityList} {
		for _, q := range list {
			if q.EPCClass != r.Lot.EPC {
				continue
			}
			if v, ok := ParseAmount(q.Quantity.String()); ok {
				r.Quantity = Quantity{Value: v, UOM: cmp.Or(q.UOM, "H87")}
			}
		}
	}
	if slices.ContainsFunc(ev.OutputQuantityList, func(q epcis.Quantity) bool { return q.EPCClass == r.Lot.EPC }) {
		for _, q := range ev.InputQuantityList {
			r.Inputs = append(r.Inputs, q.EPCClass)
		}
	}
	for _, tx := range ev.BizTransactionList {
		if s := sent[path.Base(tx.BizTransaction)]; s != nil {
			r.From, r.To = s.From, s.To
			r.References = append(r.References, s.ID)
			for _, d := range s.Documents {
				r.References = append(r.References, d.Type+" "+d.Number)
			}
		}
	}
}

// traceOwn is a trace for those who may see the records of the lot's organisation.
func (l *Ledger) traceOwn(ctx context.Context, by Actor, code string, dir Direction) (*Graph, *Lineage, error) {
	if by.Role == Buyer {
		return nil, nil, by.denied()
	}
	b, err := l.Batch(ctx, by, code)
	if err != nil {
		return nil, nil, err
	}
	g, err := l.Trace(ctx, by, b.Doc.Code, dir)
	if err != nil {
		return nil, nil, err
	}
	ln, err := l.lineage(ctx, g)
	return g, ln, err
}

// SourcePlot is a plot that a lot comes from, with the lots that were harvested on it.
type SourcePlot struct {
	Place Place
	Lots  []Batch
}

// TracePlots answers the plots that a lot comes from, through whatever it was made of, to those who may see
// the records of the lot's organisation. Plots of organisations whose records they may not see are left
// out. EUDR (Reg. 2023/1115 Art. 9) wants their position and when was harvested there.
func (l *Ledger) TracePlots(ctx context.Context, by Actor, code string) (plots []SourcePlot, err error) {
	defer fault.Wrap(&err, "Ledger.TracePlots(%q)", code)
	_, ln, err := l.traceOwn(ctx, by, code, Up)
	if err != nil {
		return nil, err
	}
	lots := map[string][]Batch{}
	var ids []string
	for _, b := range ln.Origins() {
		for _, id := range b.Places {
			ids = append(ids, id)
			lots[id] = append(lots[id], *b)
		}
	}
	at, err := places.many(ctx, l, unique(ids))
	if err != nil {
		return nil, err
	}
	var owners []string
	for _, pl := range at {
		owners = append(owners, pl.Doc.Organisation)
	}
	orgs, err := l.OrganisationsByID(ctx, owners)
	if err != nil {
		return nil, err
	}
	for _, id := range unique(ids) {
		pl, ok := at[id]
		o := orgs[pl.Doc.Organisation]
		if ok && pl.Doc.Type == Plot && by.mayRead(&o) {
			plots = append(plots, SourcePlot{Place: pl.Doc, Lots: lots[id]})
		}
	}
	return plots, nil
}

// GeoJSON writes plots as a FeatureCollection (RFC 7946), coordinates with the six decimals that EUDR
// asks for. A plot without a position is a feature without a geometry, so that it is not overlooked.
// Households are not named.
func GeoJSON(plots []SourcePlot) ([]byte, error) {
	type feature struct {
		Type       string         `json:"type"`
		Geometry   any            `json:"geometry"`
		Properties map[string]any `json:"properties"`
	}
	all := struct {
		Type     string    `json:"type"`
		Features []feature `json:"features"`
	}{"FeatureCollection", []feature{}}
	for _, pl := range plots {
		f := feature{Type: "Feature", Properties: map[string]any{"id": pl.Place.ID, "producer": pl.Place.Organisation, "country": "VN"}}
		if pl.Place.AreaHa > 0 {
			f.Properties["areaHa"] = pl.Place.AreaHa
		}
		if pl.Place.GrowingAreaCode != "" {
			f.Properties["growingAreaCode"] = pl.Place.GrowingAreaCode
		}
		var days, codes []string
		for _, b := range pl.Lots {
			codes = append(codes, b.Code)
			if b.HarvestDate != "" {
				days = append(days, string(b.HarvestDate))
			}
		}
		f.Properties["lots"], f.Properties["harvestDates"] = unique(codes), unique(days)
		if len(pl.Place.Geometry) > 0 {
			g, err := sixDecimals(pl.Place.Geometry)
			if err != nil {
				return nil, err
			}
			f.Geometry = g
		}
		all.Features = append(all.Features, f)
	}
	return json.Marshal(all)
}

// sixDecimals writes the numbers of a geometry with six decimals.
func sixDecimals(raw json.RawMessage) (any, error) {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return nil, err
	}
	var walk func(v any) any
	walk = func(v any) any {
		switch v := v.(type) {
		case float64:
			return json.RawMessage(strconv.FormatFloat(v, 'f', 6, 64))
		case []any:
			for i := range v {
				v[i] = walk(v[i])
			}
		case map[string]any:
			for k := range v {
				v[k] = walk(v[k])
			}
		}
		return v
	}
	return walk(v), nil
}
