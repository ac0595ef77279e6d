package epcis

import "slices"

// The event types.
const (
	// ObjectEvent reports what happened to individual things or lots.
	ObjectEvent = "ObjectEvent"
	// AggregationEvent reports what was put into, taken out of, or found in something.
	AggregationEvent = "AggregationEvent"
	// TransactionEvent reports what belongs to a business document.
	TransactionEvent = "TransactionEvent"
	// TransformationEvent reports what was used up and what came of it.
	TransformationEvent = "TransformationEvent"
	// AssociationEvent reports what was fixed to an asset, such as a sensor to a container.
	AssociationEvent = "AssociationEvent"
)

// The actions.
const (
	// Add: the things, or their relation, begin to be.
	Add = "ADD"
	// Observe: they were seen, and nothing about them begins or ends.
	Observe = "OBSERVE"
	// Delete: they cease to be.
	Delete = "DELETE"
)

// The business steps of CBV 2.0, section 7.1.
const (
	// StepAccepting: an object changes possession or ownership.
	StepAccepting = "accepting"
	// StepArriving: an object arrives at a place.
	StepArriving = "arriving"
	// StepAssembling: objects are combined into a new one.
	StepAssembling = "assembling"
	// StepCollecting: objects are picked up for disposal or later use.
	StepCollecting = "collecting"
	// StepCommissioning: an identifier is given to something new: harvest included, for an individual or for the first use of a lot identifier.
	StepCommissioning = "commissioning"
	// StepConsigning: shipping seen as giving away: staging, loading, departing and accepting at once.
	StepConsigning = "consigning"
	// StepCreatingClassInstance: more of a lot whose identifier is already in use comes into being.
	StepCreatingClassInstance = "creating_class_instance"
	// StepCycleCounting: part of the stock is counted.
	StepCycleCounting = "cycle_counting"
	// StepDecommissioning: an identifier is taken off its object, which may get another.
	StepDecommissioning = "decommissioning"
	// StepDeparting: an object leaves a place.
	StepDeparting = "departing"
	// StepDestroying: an object ceases to exist.
	StepDestroying = "destroying"
	// StepDisassembling: an object is taken apart.
	StepDisassembling = "disassembling"
	// StepDispensing: part of a product is handed to a consumer.
	StepDispensing = "dispensing"
	// StepEncoding: an identifier is written to a tag or label.
	StepEncoding = "encoding"
	// StepEnteringExiting: a person enters or leaves.
	StepEnteringExiting = "entering_exiting"
	// StepHolding: an object is set aside for the time being.
	StepHolding = "holding"
	// StepInspecting: objects are examined for faults.
	StepInspecting = "inspecting"
	// StepInstalling: an object is put into a larger one.
	StepInstalling = "installing"
	// StepKilling: a tag is made unreadable for ever.
	StepKilling = "killing"
	// StepLoading: an object is put on a means of transport.
	StepLoading = "loading"
	// StepOther: none of the other steps.
	StepOther = "other"
	// StepPacking: objects are put into a container.
	StepPacking = "packing"
	// StepPicking: objects are taken from stock to fill an order; not the picking of fruit, which is commissioning.
	StepPicking = "picking"
	// StepReceiving: an object comes in and is added to the stock.
	StepReceiving = "receiving"
	// StepRemoving: an object is taken out of a larger one.
	StepRemoving = "removing"
	// StepRepackaging: the packaging is changed.
	StepRepackaging = "repackaging"
	// StepRepairing: an object is mended.
	StepRepairing = "repairing"
	// StepReplacing: an object is exchanged for another.
	StepReplacing = "replacing"
	// StepReserving: identifiers are set aside for another party.
	StepReserving = "reserving"
	// StepRetailSelling: a product is sold to a consumer.
	StepRetailSelling = "retail_selling"
	// StepSampling: a sample is taken.
	StepSampling = "sampling"
	// StepSensorReporting: sensor readings are reported.
	StepSensorReporting = "sensor_reporting"
	// StepShipping: staging, loading and departing at once.
	StepShipping = "shipping"
	// StepStagingOutbound: objects wait to be loaded.
	StepStagingOutbound = "staging_outbound"
	// StepStockTaking: all the stock is counted.
	StepStockTaking = "stock_taking"
	// StepStocking: objects are made available for sale.
	StepStocking = "stocking"
	// StepStoring: an object is put into storage.
	StepStoring = "storing"
	// StepTransporting: an object is moved.
	StepTransporting = "transporting"
	// StepUnloading: an object is taken off a means of transport.
	StepUnloading = "unloading"
	// StepUnpacking: objects are taken out of a container.
	StepUnpacking = "unpacking"
	// StepVoidShipping: a shipment that was announced did not happen, in all or in part.
	StepVoidShipping = "void_shipping"
)

// The dispositions of CBV 2.0, section 7.2.
const (
	// Active: newly commissioned.
	Active = "active"
	// Available: fit for use.
	Available = "available"
	// CompletenessInferred: assumed complete, without counting.
	CompletenessInferred = "completeness_inferred"
	// CompletenessVerified: counted and complete.
	CompletenessVerified = "completeness_verified"
	// Conformant: meets what was required of it.
	Conformant = "conformant"
	// ContainerClosed: the container has been closed.
	ContainerClosed = "container_closed"
	// ContainerOpen: the container has been opened.
	ContainerOpen = "container_open"
	// Damaged: impaired in use.
	Damaged = "damaged"
	// Destroyed: no longer exists.
	Destroyed = "destroyed"
	// Dispensed: handed out in full.
	Dispensed = "dispensed"
	// Disposed: returned for destruction.
	Disposed = "disposed"
	// Encoded: the identifier has been written, the object not commissioned yet.
	Encoded = "encoded"
	// Expired: past its date.
	Expired = "expired"
	// InProgress: being handled; the usual state.
	InProgress = "in_progress"
	// InTransit: on the way between two parties.
	InTransit = "in_transit"
	// Inactive: decommissioned.
	Inactive = "inactive"
	// MismatchClass: other products than announced.
	MismatchClass = "mismatch_class"
	// MismatchInstance: other individuals than announced.
	MismatchInstance = "mismatch_instance"
	// MismatchQuantity: another amount than announced.
	MismatchQuantity = "mismatch_quantity"
	// NeedsReplacement: to be replaced.
	NeedsReplacement = "needs_replacement"
	// NoPedigreeMatch: the pedigree does not match.
	NoPedigreeMatch = "no_pedigree_match"
	// NonConformant: does not meet what was required of it.
	NonConformant = "non_conformant"
	// NonSellableOther: may not be sold, for a reason not listed.
	NonSellableOther = "non_sellable_other"
	// PartiallyDispensed: partly handed out.
	PartiallyDispensed = "partially_dispensed"
	// Recalled: may not be sold for reasons of public safety.
	Recalled = "recalled"
	// Reserved: set aside for a party.
	Reserved = "reserved"
	// RetailSold: sold to a consumer.
	RetailSold = "retail_sold"
	// Returned: sent back.
	Returned = "returned"
	// SellableAccessible: for sale and within reach of customers.
	SellableAccessible = "sellable_accessible"
	// SellableNotAccessible: for sale, not within reach of customers.
	SellableNotAccessible = "sellable_not_accessible"
	// Stolen: taken without right.
	Stolen = "stolen"
	// Unavailable: not fit for use.
	Unavailable = "unavailable"
	// Unknown: not known.
	Unknown = "unknown"
)

// The types of business documents of CBV 2.0, section 7.3.
const (
	// TransactionBillOfLading: bill of lading.
	TransactionBillOfLading = "bol"
	// TransactionCertificate: certificate.
	TransactionCertificate = "cert"
	// TransactionDespatchAdvice: despatch advice.
	TransactionDespatchAdvice = "desadv"
	// TransactionInvoice: invoice.
	TransactionInvoice = "inv"
	// TransactionPedigree: pedigree.
	TransactionPedigree = "pedigree"
	// TransactionPurchaseOrder: purchase order.
	TransactionPurchaseOrder = "po"
	// TransactionPurchaseOrderConfirmation: confirmation of a purchase order.
	TransactionPurchaseOrderConfirmation = "poc"
	// TransactionProductionOrder: production order.
	TransactionProductionOrder = "prodorder"
	// TransactionReceivingAdvice: receiving advice.
	TransactionReceivingAdvice = "recadv"
	// TransactionReturnAuthorization: authorisation of a return.
	TransactionReturnAuthorization = "rma"
	// TransactionTestProcedure: test procedure.
	TransactionTestProcedure = "testprd"
	// TransactionTestResult: test result.
	TransactionTestResult = "testres"
	// TransactionUpstreamEvent: event of an earlier party.
	TransactionUpstreamEvent = "upevt"
)

// The types of sources and destinations of CBV 2.0, section 7.4.
const (
	// OwningParty: who owns the things.
	OwningParty = "owning_party"
	// PossessingParty: who has them.
	PossessingParty = "possessing_party"
	// PhysicalLocation: where they are.
	PhysicalLocation = "location"
)

// The reasons of an error declaration, CBV 2.0 section 7.5.
const (
	// DidNotOccur: the event never happened.
	DidNotOccur = "did_not_occur"
	// IncorrectData: it happened, but not as it was reported.
	IncorrectData = "incorrect_data"
)

// vocabulary is a list of words of CBV 2.0 and the beginnings of the longer forms of each.
type vocabulary struct {
	words []string
	// web begins the web URI of a word; urn begins its URN, and is empty where there is none.
	web, urn string
}

func (v *vocabulary) has(word string) bool { return slices.Contains(v.words, word) }

var bizSteps = &vocabulary{
	web: "https://ref.gs1.org/cbv/BizStep-",
	urn: "urn:epcglobal:cbv:bizstep:",
	words: []string{
		"accepting", "arriving", "assembling", "collecting", "commissioning", "consigning",
		"creating_class_instance", "cycle_counting", "decommissioning", "departing", "destroying",
		"disassembling", "dispensing", "encoding", "entering_exiting", "holding", "inspecting",
		"installing", "killing", "loading", "other", "packing", "picking", "receiving", "removing",
		"repackaging", "repairing", "replacing", "reserving", "retail_selling", "sampling",
		"sensor_reporting", "shipping", "staging_outbound", "stock_taking", "stocking", "storing",
		"transporting", "unloading", "unpacking", "void_shipping",
	},
}

// BizSteps returns every business step of CBV 2.0, in alphabetical order.
func BizSteps() []string { return slices.Clone(bizSteps.words) }

var dispositions = &vocabulary{
	web: "https://ref.gs1.org/cbv/Disp-",
	urn: "urn:epcglobal:cbv:disp:",
	words: []string{
		"active", "available", "completeness_inferred", "completeness_verified", "conformant",
		"container_closed", "container_open", "damaged", "destroyed", "dispensed", "disposed", "encoded",
		"expired", "in_progress", "in_transit", "inactive", "mismatch_class", "mismatch_instance",
		"mismatch_quantity", "needs_replacement", "no_pedigree_match", "non_conformant",
		"non_sellable_other", "partially_dispensed", "recalled", "reserved", "retail_sold", "returned",
		"sellable_accessible", "sellable_not_accessible", "stolen", "unavailable", "unknown",
	},
}

// Dispositions returns every disposition of CBV 2.0, in alphabetical order.
func Dispositions() []string { return slices.Clone(dispositions.words) }

var bizTransactionTypes = &vocabulary{
	web: "https://ref.gs1.org/cbv/BTT-",
	urn: "urn:epcglobal:cbv:btt:",
	words: []string{
		"bol", "cert", "desadv", "inv", "pedigree", "po", "poc", "prodorder", "recadv", "rma", "testprd",
		"testres", "upevt",
	},
}

// BizTransactionTypes returns every type of business document of CBV 2.0, in alphabetical order.
func BizTransactionTypes() []string { return slices.Clone(bizTransactionTypes.words) }

var sourceDestinationTypes = &vocabulary{
	web: "https://ref.gs1.org/cbv/SDT-",
	urn: "urn:epcglobal:cbv:sdt:",
	words: []string{
		"location", "owning_party", "possessing_party",
	},
}

// SourceDestinationTypes returns every type of source and destination of CBV 2.0, in alphabetical order.
func SourceDestinationTypes() []string { return slices.Clone(sourceDestinationTypes.words) }

var errorReasons = &vocabulary{
	web: "https://ref.gs1.org/cbv/ER-",
	urn: "urn:epcglobal:cbv:er:",
	words: []string{
		"did_not_occur", "incorrect_data",
	},
}

// ErrorReasons returns every reason of an error declaration of CBV 2.0, in alphabetical order.
func ErrorReasons() []string { return slices.Clone(errorReasons.words) }

var components = &vocabulary{
	web: "https://ref.gs1.org/cbv/Comp-",
	urn: "urn:epcglobal:cbv:comp:",
	words: []string{
		"altitude", "axial_distance", "azimuth", "easting", "elevation_angle", "height", "latitude",
		"longitude", "northing", "polar_angle", "spherical_radius", "x", "y", "z",
	},
}

// Components returns every component of a sensor reading of CBV 2.0, in alphabetical order.
func Components() []string { return slices.Clone(components.words) }

var sensorAlertTypes = &vocabulary{
	web: "https://gs1.org/voc/",
	words: []string{
		"ALARM_CONDITION", "ERROR_CONDITION",
	},
}

// SensorAlertTypes returns every type of sensor alert of the GS1 web vocabulary, in alphabetical order.
func SensorAlertTypes() []string { return slices.Clone(sensorAlertTypes.words) }

var measurementTypes = &vocabulary{
	web: "https://gs1.org/voc/",
	words: []string{
		"AbsoluteHumidity", "AbsorbedDose", "AbsorbedDoseRate", "Acceleration", "Altitude",
		"AmountOfSubstance", "AmountOfSubstancePerUnitVolume", "Angle", "AngularAcceleration",
		"AngularMomentum", "AngularVelocity", "Area", "Capacitance", "Conductance", "Conductivity",
		"Count", "Density", "Dimensionless", "DoseEquivalent", "DoseEquivalentRate", "DynamicViscosity",
		"ElectricCharge", "ElectricCurrent", "ElectricCurrentDensity", "ElectricFieldStrength", "Energy",
		"Exposure", "Force", "Frequency", "Illuminance", "Inductance", "Irradiance",
		"KinematicViscosity", "Length", "LinearMomentum", "Luminance", "LuminousFlux",
		"LuminousIntensity", "MagneticFlux", "MagneticFluxDensity", "MagneticVectorPotential", "Mass",
		"MassConcentration", "MassFlowRate", "MassPerAreaTime", "MemoryCapacity", "MolalityOfSolute",
		"MolarEnergy", "MolarMass", "MolarVolume", "Power", "Pressure", "RadiantFlux",
		"RadiantIntensity", "Radioactivity", "RelativeHumidity", "Resistance", "Resistivity",
		"SolidAngle", "SpecificVolume", "Speed", "SurfaceDensity", "SurfaceTension", "Temperature",
		"Time", "Torque", "Voltage", "Volume", "VolumeFlowRate", "VolumeFraction", "VolumetricFlux",
		"Wavenumber",
	},
}

// MeasurementTypes returns every type of measurement of the GS1 web vocabulary, in alphabetical order.
func MeasurementTypes() []string { return slices.Clone(measurementTypes.words) }
