// Package epcis holds events as EPCIS 2.0 and CBV 2.0 (ISO/IEC 19987 and 19988) have them: what
// happened, to which things, when, where and why.
//
// An [Event] is built by filling in its fields, or decoded from JSON-LD with [DecodeEvent]; a
// [Document] is a list of events with what surrounds them. Decoding judges nothing but the JSON
// itself: whatever does not fit a field is kept beside the fields, so that nothing is lost, and
// Validate names every fault at once, each with its JSON pointer.
//
// HashID gives the event hash ID of CBV 2.0, section 8.9: equal for the same event however it was
// written down, different when anything that counts is changed. PreHash gives the text that is
// hashed, which shows at once where two systems disagree.
//
// [Canonical], [URNToLink] and [LinkToURN] translate identifiers between the EPC URNs of older
// systems and GS1 Digital Link URIs.
//
// Nothing here reads a clock, a file or the network; no JSON-LD context is ever fetched. Failures
// are [*truynguon/internal/fault.Problem] values whose codes begin with "epcis_".
package epcis
