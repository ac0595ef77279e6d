package web

import (
	"bytes"
	"encoding/csv"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"truynguon/internal/trace"
)

const (
	typeCSV     = "text/csv"
	typeGeoJSON = "application/geo+json"
)

var paramDirection = parameter{
	name: "direction", about: "up: what the lot was made of; down: what was made of it, and who received it.", kind: "string",
	choices: []string{"up", "down"},
}

// traceView is a lot's family as the API tells it.
type traceView struct {
	// Batch is the code of the lot that was asked for.
	Batch string `json:"batch"`
	// Direction is up to what it was made of, down to what was made of it.
	Direction trace.Direction `json:"direction"`
	// Lots are the lot itself and all that were reached, the nearest first.
	Lots []traceLotView `json:"lots"`
	// Edges lead from what went in to what came out.
	Edges []trace.Edge `json:"edges"`
	// Shipments are those of the lots; names of parties are told to them and to officials.
	Shipments []shipmentView `json:"shipments"`
	// Cut tells that there is more than is told.
	Cut bool `json:"cut"`
}

// traceLotView is a lot in a trace.
type traceLotView struct {
	// Code is the lot's own code.
	Code string `json:"code"`
	// Depth is the number of steps from the lot that was asked for.
	Depth int `json:"depth"`
	// Known is false for a lot of which there is no record.
	Known bool `json:"known"`
	// Organisation is the id of its producer.
	Organisation string `json:"organisation,omitempty"`
	// Product is the id of the product that it is a lot of.
	Product string `json:"product,omitempty"`
	// ProductName is the name of that product.
	ProductName string `json:"productName,omitempty"`
	// Lot is the lot number.
	Lot string `json:"lot,omitempty"`
	// State is how far the lot has come.
	State trace.State `json:"state,omitempty"`
	// HarvestDate is when it was harvested, if that was on one day.
	HarvestDate trace.Date `json:"harvestDate,omitempty"`
	// Quantity is how much of it there was.
	Quantity *trace.Quantity `json:"quantity,omitempty"`
	// Stopped is held or recalled if the lot is not to be sold, also where only a recall says so.
	Stopped trace.State `json:"stopped,omitempty"`
	// Page is the address of its public page.
	Page string `json:"page,omitempty"`
}

// voidingView says that something did not happen, or is over.
type voidingView struct {
	// At is when it was said.
	At time.Time `json:"at"`
	// By is who said it.
	By actorView `json:"by"`
	// Reason is why.
	Reason string `json:"reason,omitempty"`
}

func viewVoiding(v *trace.Voiding, sees bool) *voidingView {
	if v == nil {
		return nil
	}
	return &voidingView{v.At, viewActor(v.By, sees), v.Reason}
}

// receiptView is what a receiver said.
type receiptView struct {
	trace.Receipt
	// By is who said it; nobody that is known, if it was said by the delivery note.
	By actorView `json:"by"`
}

// shippedLotView is a part of a lot that moves.
type shippedLotView struct {
	trace.LotAmount
	// TheirLot is the number under which the other party knows it.
	TheirLot string `json:"theirLot,omitempty"`
}

// shipmentView is a shipment as a caller may see it.
type shipmentView struct {
	trace.Shipment
	// Lots are what moved.
	Lots []shippedLotView `json:"lots"`
	// Receipts are what the receiver said.
	Receipts []receiptView `json:"receipts,omitempty"`
	// Voided says that it did not happen.
	Voided *voidingView `json:"voided,omitempty"`
	// By is who recorded it.
	By actorView `json:"by"`
	// Missing is what TT 17/2021 Đ6 wants to be kept and the record has not.
	Missing []string `json:"missing,omitempty"`
	// NotePage is the address on the delivery note, for those who hand it out.
	NotePage string `json:"notePage,omitempty"`
}

func (s *Server) viewShipment(c *request, sh trace.Shipment) shipmentView {
	sees := sh.By.ID != "" && (c.actor.Org == sh.Organisation || c.actor.Role == trace.Admin || c.actor.Role == trace.Official)
	v := shipmentView{Shipment: sh, By: viewActor(sh.By, sees), Voided: viewVoiding(sh.Voided, sees), Missing: sh.Missing(), Lots: []shippedLotView{}}
	if sh.Secret != "" {
		v.NotePage = s.Ledger.Base + "/receive/" + sh.Secret
	}
	v.Secret = ""
	for _, r := range sh.Receipts {
		v.Receipts = append(v.Receipts, receiptView{r, viewActor(r.By, c.actor.Org == sh.To.Organisation && c.actor.Org != "")})
	}
	for _, lot := range sh.Lots {
		v.Lots = append(v.Lots, shippedLotView{lot.LotAmount, lot.TheirLot})
	}
	return v
}

// keptShipmentView is a shipment with the times of its keeping.
type keptShipmentView struct {
	shipmentView
	kept
}

// transformationView is a transformation as those who see the organisation's records do.
type transformationView struct {
	trace.Transformation
	// Inputs are what was used up.
	Inputs []trace.LotAmount `json:"inputs"`
	// Outputs are the lots that were made.
	Outputs []trace.LotAmount `json:"outputs"`
	// Voided says that it did not happen.
	Voided *voidingView `json:"voided,omitempty"`
	// By is who recorded it.
	By actorView `json:"by"`
	kept
}

// amountsOf are the parts of lots without what an event says of them.
func amountsOf(parts []trace.LotPart) []trace.LotAmount {
	out := []trace.LotAmount{}
	for _, part := range parts {
		out = append(out, part.LotAmount)
	}
	return out
}

// packedView is a carton or pallet.
type packedView struct {
	trace.LogisticUnit
	// Lots are what was put in loose.
	Lots []trace.LotAmount `json:"lots"`
	// Holds is all that is in it, what is in its cartons included.
	Holds []trace.LotAmount `json:"holds"`
	// Opened says when it was opened.
	Opened *voidingView `json:"opened,omitempty"`
	// By is who packed it.
	By actorView `json:"by"`
	// Page is the address of its public page.
	Page string `json:"page"`
	kept
}

// lineageOperations are what programs ask about lots that are made of lots and move.
func (s *Server) lineageOperations() []operation {
	made := &resource[trace.Transformation, trace.TransformationDraft, transformationView]{
		path: "/transformations", noun: "transformation", plural: "transformations",
		key: func(t *trace.Transformation) string { return t.ID },
		view: func(_ *request, st trace.Stored[trace.Transformation]) transformationView {
			t := st.Doc
			return transformationView{t, amountsOf(t.Inputs), amountsOf(t.Outputs), viewVoiding(t.Voided, true), viewActor(t.By, true), keptOf(st)}
		},
		get: func(l *trace.Ledger, c *request, id string) (trace.Stored[trace.Transformation], error) {
			return l.Transformation(c.ctx(), c.actor, id)
		},
		list: func(l *trace.Ledger, c *request, after string, limit int) ([]trace.Stored[trace.Transformation], string, error) {
			return l.Transformations(c.ctx(), c.actor, c.Query("organisation"), after, limit)
		},
		create: func(l *trace.Ledger, c *request, d trace.TransformationDraft) (trace.Stored[trace.Transformation], error) {
			return l.Transform(c.ctx(), c.actor, d)
		},
	}
	sent := &resource[trace.Shipment, trace.ShipmentDraft, keptShipmentView]{
		path: "/shipments", noun: "shipment", plural: "shipments",
		key: func(t *trace.Shipment) string { return t.ID },
		view: func(c *request, st trace.Stored[trace.Shipment]) keptShipmentView {
			return keptShipmentView{s.viewShipment(c, st.Doc), keptOf(st)}
		},
		get: func(l *trace.Ledger, c *request, id string) (trace.Stored[trace.Shipment], error) {
			return l.Shipment(c.ctx(), c.actor, id)
		},
		list: func(l *trace.Ledger, c *request, after string, limit int) ([]trace.Stored[trace.Shipment], string, error) {
			return l.Shipments(c.ctx(), c.actor, c.Query("organisation"), after, limit)
		},
		create: func(l *trace.Ledger, c *request, d trace.ShipmentDraft) (trace.Stored[trace.Shipment], error) {
			return l.Ship(c.ctx(), c.actor, d)
		},
	}
	packed := &resource[trace.LogisticUnit, trace.UnitDraft, packedView]{
		path: "/logistic-units", noun: "logistic_unit", plural: "logistic_units",
		key: func(u *trace.LogisticUnit) string { return u.ID },
		view: func(_ *request, st trace.Stored[trace.LogisticUnit]) packedView {
			u := st.Doc
			return packedView{u, amountsOf(u.Lots), amountsOf(u.Holds), viewVoiding(u.Opened, false), viewActor(u.By, false), s.Ledger.Base + "/u/" + u.ID, keptOf(st)}
		},
		get: func(l *trace.Ledger, c *request, id string) (trace.Stored[trace.LogisticUnit], error) {
			return l.LogisticUnit(c.ctx(), id)
		},
		list: func(l *trace.Ledger, c *request, after string, limit int) ([]trace.Stored[trace.LogisticUnit], string, error) {
			return l.LogisticUnits(c.ctx(), c.actor, c.Query("organisation"), after, limit)
		},
		create: func(l *trace.Ledger, c *request, d trace.UnitDraft) (trace.Stored[trace.LogisticUnit], error) {
			return l.Pack(c.ctx(), c.actor, d)
		},
	}
	return []operation{
		{
			method: get, path: "/batches/{id}/trace", id: "trace_batch", who: signedIn, query: []parameter{paramDirection}, success: http.StatusOK,
			summary: "Every lot that a lot came from, or went into, and who received it.",
			out:     reflect.TypeFor[traceView](), outTypes: []string{typeJSON}, handle: s.apiTrace,
		},
		{
			method: get, path: "/batches/{id}/trace.csv", id: "trace_batch_table", who: insiders, query: []parameter{paramDirection}, success: http.StatusOK,
			summary: "A row for each traceability lot code and critical tracking event (FSMA 204).", outTypes: []string{typeCSV}, handle: s.traceTable,
		},
		{
			method: get, path: "/batches/{id}/plots.geojson", id: "trace_batch_plots", who: insiders, success: http.StatusOK,
			summary: "The plots that a lot comes from, through all that it was made of (EUDR).", outTypes: []string{typeGeoJSON}, handle: s.tracePlots,
		},
		made.lists(s, insiders, "An organisation's transformations, newest first.", paramOrganisation),
		made.creates(s, keepers, "Makes lots of lots; what comes out is registered as drafts."),
		made.gets(s, insiders, "A transformation."),
		decides(s, made, keepers, "void", "Says that it did not happen, while what it made is unused.",
			func(l *trace.Ledger, c *request, id string, d reasonDraft) (trace.Stored[trace.Transformation], error) {
				return l.VoidTransformation(c.ctx(), c.actor, id, d.Reason)
			}),
		sent.lists(s, insiders, "The shipments that an organisation recorded or is party to, newest first.", paramOrganisation),
		sent.creates(s, keepers, "Records that goods left or came."),
		sent.gets(s, insiders, "A shipment, to its parties and officials."),
		decides(s, sent, keepers, "receive", "Says what the receiving organisation received.",
			func(l *trace.Ledger, c *request, id string, d trace.ReceiptDraft) (trace.Stored[trace.Shipment], error) {
				return l.Receive(c.ctx(), c.actor, id, d)
			}),
		decides(s, sent, keepers, "void", "Says that it did not happen, while nobody has received it.",
			func(l *trace.Ledger, c *request, id string, d reasonDraft) (trace.Stored[trace.Shipment], error) {
				return l.VoidShipment(c.ctx(), c.actor, id, d.Reason)
			}),
		packed.lists(s, insiders, "An organisation's cartons and pallets, newest first.", paramOrganisation),
		packed.creates(s, keepers, "Packs lots into a carton, or cartons onto a pallet."),
		packed.gets(s, signedIn, "A carton or pallet, by its own code or its SSCC."),
		decides(s, packed, keepers, "open", "Opens a carton or pallet.",
			func(l *trace.Ledger, c *request, id string, d reasonDraft) (trace.Stored[trace.LogisticUnit], error) {
				return l.Unpack(c.ctx(), c.actor, id, d.Reason)
			}),
	}
}

// direction is the direction that the address asks for, up if it does not say.
func (c *request) direction() trace.Direction {
	if d := c.Query("direction"); d != "" {
		return trace.Direction(d)
	}
	return trace.Up
}

// code is the lot that the address names.
func (c *request) code() string {
	if id := c.Params("id"); id != "" {
		return id
	}
	return c.Params("code")
}

func (s *Server) apiTrace(c *request) error {
	g, err := s.Ledger.Trace(c.ctx(), c.actor, c.code(), c.direction())
	if err != nil {
		return err
	}
	ln, err := s.Ledger.LineageOf(c.ctx(), g)
	if err != nil {
		return err
	}
	v := traceView{Batch: c.code(), Direction: g.Direction, Lots: []traceLotView{}, Edges: listOf(g.Edges), Shipments: []shipmentView{}, Cut: g.Cut}
	stopped := map[string]trace.State{}
	for _, part := range ln.Stopped {
		stopped[part.Lot] = part.State
	}
	for _, lot := range g.Lots {
		lv := traceLotView{Code: lot.Code, Depth: lot.Depth, Stopped: stopped[lot.Code]}
		if b := lot.Batch; b != nil {
			lv.Known, lv.Organisation, lv.Product, lv.ProductName = true, b.Organisation, b.Product, ln.Products[b.Product].Name
			lv.Lot, lv.State, lv.HarvestDate, lv.Quantity, lv.Page = b.Lot, b.State, b.HarvestDate, &b.Quantity, s.Ledger.PageURL(b)
		}
		v.Lots = append(v.Lots, lv)
	}
	for _, sh := range g.Shipments {
		v.Shipments = append(v.Shipments, s.viewShipment(c, sh))
	}
	return s.reply(c, reply{status: http.StatusOK, body: v})
}

// tableColumns are the key data elements of FSMA 204 in the order of its sections (21 CFR 1.1330 to
// 1.1350), with what the platform knows besides.
var tableColumns = []string{
	"traceability_lot_code", "traceability_lot_code_source", "critical_tracking_event", "biz_step", "event_date", "event_time",
	"product", "brand", "gtin", "lot", "quantity", "unit_of_measure", "harvest_date", "packaging_date", "location", "location_address", "gln",
	"from_name", "from_address", "from_code", "to_name", "to_address", "to_code", "input_traceability_lot_codes", "reference_documents", "event_id",
}

// traceTable answers the sortable table of a lot's critical tracking events.
func (s *Server) traceTable(c *request) error {
	rows, err := s.Ledger.TraceRows(c.ctx(), c.actor, c.code(), c.direction())
	if err != nil {
		return err
	}
	var b bytes.Buffer
	b.WriteString("\ufeff") // so that spreadsheets read it as UTF-8
	w := csv.NewWriter(&b)
	if err := w.Write(tableColumns); err != nil {
		return err
	}
	for _, r := range rows {
		at, clock := r.At.In(c.words.Zone()), ""
		if !r.DayOnly {
			clock = at.Format("15:04:05-07:00")
		}
		line := []string{
			r.Lot.TraceabilityCode, r.Organisation.Name, c.words.T("step." + r.Step), r.BizStep, at.Format(time.DateOnly), clock,
			r.Product.Name, r.Product.Brand, r.Lot.GTIN, r.Lot.Lot, r.Quantity.Value.String(), r.Quantity.UOM, string(r.Lot.HarvestDate), string(r.Lot.PackagingDate),
			r.Place.Name, r.Place.Address, r.Place.GLN, r.From.Name, r.From.Address, r.From.Code, r.To.Name, r.To.Address, r.To.Code,
			strings.Join(r.Inputs, " "), strings.Join(r.References, "; "), r.EventID,
		}
		for i := range line {
			line[i] = plainCell(line[i])
		}
		if err := w.Write(line); err != nil {
			return err
		}
	}
	w.Flush()
	c.Set(fiber.HeaderContentType, typeCSV+"; charset=utf-8")
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="`+c.code()+`-`+string(c.direction())+`.csv"`)
	c.Set(fiber.HeaderCacheControl, "private, no-store")
	return c.Send(b.Bytes())
}

// tracePlots answers the plots that a lot comes from.
func (s *Server) tracePlots(c *request) error {
	plots, err := s.Ledger.TracePlots(c.ctx(), c.actor, c.code())
	if err != nil {
		return err
	}
	body, err := trace.GeoJSON(plots)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, typeGeoJSON)
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="`+c.code()+`.geojson"`)
	c.Set(fiber.HeaderCacheControl, "private, no-store")
	return c.Send(body)
}
