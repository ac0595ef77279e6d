package trace

import "truynguon/internal/epcis"

// Step is something that is done to a lot on its way to the shelf, as the cooperative calls it. Each
// is an EPCIS ObjectEvent with the business step and disposition of its row (CBV 2.0).
type Step struct {
	// ID names the step in drafts, records and message catalogues ("step."+ID).
	ID          string
	BizStep     string
	Disposition string
	// Offered tells whether people choose it in a form; the others follow from what is done to the lot.
	Offered bool
}

// StepTable lists the steps in the order in which they happen. Adding a kind of event is adding a row.
//
// There is no harvesting step in the CBV: its definition of commissioning says that harvesting is one
// case of it. The first two rows are what a lot is born with, and are not offered in forms.
var StepTable = []Step{
	{ID: "harvesting", BizStep: epcis.StepCommissioning, Disposition: epcis.Active},
	{ID: "registering", BizStep: epcis.StepCommissioning, Disposition: epcis.Active},
	{ID: "receiving", BizStep: epcis.StepReceiving, Disposition: epcis.InProgress, Offered: true},
	{ID: "sorting", BizStep: epcis.StepInspecting, Disposition: epcis.InProgress, Offered: true},
	{ID: "processing", BizStep: epcis.StepOther, Disposition: epcis.InProgress, Offered: true},
	{ID: "drying", BizStep: epcis.StepOther, Disposition: epcis.InProgress, Offered: true},
	{ID: "inspecting", BizStep: epcis.StepInspecting, Disposition: epcis.InProgress, Offered: true},
	{ID: "sampling", BizStep: epcis.StepSampling, Disposition: epcis.InProgress, Offered: true},
	{ID: "packing", BizStep: epcis.StepPacking, Disposition: epcis.InProgress, Offered: true},
	{ID: "storing", BizStep: epcis.StepStoring, Disposition: epcis.SellableNotAccessible, Offered: true},
	{ID: "shipping", BizStep: epcis.StepShipping, Disposition: epcis.InTransit, Offered: true},
	{ID: "made_sorted", BizStep: epcis.StepCommissioning, Disposition: epcis.Active},
	{ID: "made_processed", BizStep: epcis.StepCommissioning, Disposition: epcis.Active},
	{ID: "made_merged", BizStep: epcis.StepCommissioning, Disposition: epcis.Active},
	{ID: "made_split", BizStep: epcis.StepCommissioning, Disposition: epcis.Active},
	{ID: "shipped_out", BizStep: epcis.StepShipping, Disposition: epcis.InTransit},
	{ID: "received_in", BizStep: epcis.StepReceiving, Disposition: epcis.InProgress},
	{ID: "received_note", BizStep: epcis.StepReceiving, Disposition: epcis.InProgress},
	{ID: "returning", BizStep: epcis.StepShipping, Disposition: epcis.Returned},
	{ID: "shipping_voided", BizStep: epcis.StepVoidShipping, Disposition: epcis.InProgress},
	{ID: "packed_unit", BizStep: epcis.StepPacking, Disposition: epcis.ContainerClosed},
	{ID: "unpacking", BizStep: epcis.StepUnpacking, Disposition: epcis.InProgress},
	{ID: "selling", BizStep: epcis.StepRetailSelling, Disposition: epcis.RetailSold},
	{ID: "destroying", BizStep: epcis.StepDestroying, Disposition: epcis.Destroyed},
	{ID: "releasing", BizStep: epcis.StepStoring, Disposition: epcis.SellableNotAccessible},
	{ID: "holding", BizStep: epcis.StepHolding, Disposition: epcis.NonSellableOther},
	{ID: "recalling", BizStep: epcis.StepHolding, Disposition: epcis.Recalled},
	{ID: "voiding", BizStep: epcis.StepDecommissioning, Disposition: epcis.Inactive},
}

// StepByID finds a row of StepTable.
func StepByID(id string) (Step, bool) {
	for _, s := range StepTable {
		if s.ID == id {
			return s, true
		}
	}
	return Step{}, false
}

// stepOf is the step that a change of state is.
var stepOf = map[State]string{
	Released: "releasing", Held: "holding", Recalled: "recalling", Voided: "voiding",
}
