package trace_test

import (
	"testing"

	"truynguon/internal/trace"
)

// coverageVerbs are the rows of TestWhoMay about coverage.
var coverageVerbs = []whoMay{
	//                                  admin official elsewhere manager staff neighbour buyer nobody
	{"read the coverage", "++++++++", func(t *testing.T, w *world, _ trace.Actor) error {
		_, err := w.Coverage(t.Context(), thisYear)
		return err
	}},
	{"list the lots that are missing", "+++++++?", func(t *testing.T, w *world, by trace.Actor) error {
		_, _, err := w.CoverageGaps(t.Context(), by, thisYear, "", 10)
		return err
	}},
	{"say that a product of htx-a is not sold", "+--++--?", func(t *testing.T, w *world, by trace.Actor) error {
		_, err := w.PauseSale(t.Context(), by, trace.SalePauseDraft{Product: w.honey, From: "2026-11-01", Reason: "hết mùa"})
		return err
	}},
	{"take back that it is not sold", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
		id := must(w.PauseSale(t.Context(), w.staff, trace.SalePauseDraft{Product: w.honey, From: "2026-11-01", Reason: "hết mùa"})).Doc.ID
		_, err := w.WithdrawSalePause(t.Context(), by, id, "vì")
		return err
	}},
	{"list what htx-a does not sell", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
		_, _, err := w.SalePauses(t.Context(), by, "htx-a", "", 10)
		return err
	}},
	{"record a sighting in x1", "++-----?", func(t *testing.T, w *world, by trace.Actor) error {
		_, err := w.RecordSighting(t.Context(), by, trace.SightingDraft{Name: "Chuối", Where: "Chợ", Seen: "2026-11-01", Unit: "x1"})
		return err
	}},
	{"resolve a sighting in x1", "++-----?", func(t *testing.T, w *world, by trace.Actor) error {
		id := must(w.RecordSighting(t.Context(), w.official, trace.SightingDraft{Name: "Chuối", Where: "Chợ", Seen: "2026-11-01"})).Doc.ID
		_, err := w.ResolveSighting(t.Context(), by, id, "vì")
		return err
	}},
	{"list sightings", "+++----?", func(t *testing.T, w *world, by trace.Actor) error {
		_, _, err := w.Sightings(t.Context(), by, false, "", 10)
		return err
	}},
	{"mark all coverage for being counted anew", "+------?", func(t *testing.T, w *world, by trace.Actor) error {
		return w.RebuildCoverage(t.Context(), by)
	}},
	{"record the members of htx-a", "++-+---?", func(t *testing.T, w *world, by trace.Actor) error {
		_, err := w.RecordRegister(t.Context(), by, trace.RegisterDraft{Organisation: "htx-a", Topic: "members", From: "2026-01-01", Number: "4"})
		return err
	}},
	{"rate htx-a", "++-----?", func(t *testing.T, w *world, by trace.Actor) error {
		_, err := w.RecordRegister(t.Context(), by, trace.RegisterDraft{Organisation: "htx-a", Topic: "rating", From: "2026-01-01", Choice: "good"})
		return err
	}},
	{"read the register of htx-a", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
		_, err := w.RegisterOf(t.Context(), by, "htx-a")
		return err
	}},
	{"read the targets", "++++++-?", func(t *testing.T, w *world, by trace.Actor) error {
		_, err := w.Targets(t.Context(), by, "", "2026-11-24")
		return err
	}},
	{"bring records up to this version", "+------?", func(t *testing.T, w *world, by trace.Actor) error {
		return w.Migrate(t.Context(), by, nil)
	}},
	{"change a unit", "+------?", func(t *testing.T, w *world, by trace.Actor) error {
		return w.ChangeUnit(t.Context(), by, trace.Unit{Code: "x1", Level: "xa", Name: "Xã Mới", Parent: "t1"})
	}},
	{"list the certificates of htx-a in a status", "++-++--?", func(t *testing.T, w *world, by trace.Actor) error {
		_, _, err := w.CertificatesIn(t.Context(), by, "htx-a", []trace.CertificateStatus{trace.CertDraft}, "", 10)
		return err
	}},
}
