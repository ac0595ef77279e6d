package trace_test

import (
	"testing"

	"truynguon/internal/epcis"
	"truynguon/internal/trace"
)

// TestWhoMayCapture walks the verbs of capture and query as every actor, with the signs of TestWhoMay.
func TestWhoMayCapture(t *testing.T) {
	//                     admin official elsewhere manager staff neighbour buyer nobody
	walkRoles(t, []whoMay{
		{"capture events", "+--+++-?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.AcceptCapture(t.Context(), by, trace.CaptureDraft{Document: toldEvents(1, 1, "storing")})
			return err
		}},
		{"capture an event", "+--+++-?", func(t *testing.T, w *world, by trace.Actor) error {
			e := must(epcis.Decode(toldEvents(1, 1, "storing"))).Events[0]
			_, err := w.CaptureEvent(t.Context(), by, must(e.Encode()))
			return err
		}},
		{"read a capture job of htx-a", "++.++.-?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.CaptureJob(t.Context(), by, must(w.AcceptCapture(t.Context(), w.staff, trace.CaptureDraft{Document: toldEvents(1, 1, "storing")})).ID)
			return err
		}},
		{"list capture jobs", "+--+++-?", func(t *testing.T, w *world, by trace.Actor) error {
			_, _, err := w.CaptureJobs(t.Context(), by, "", 10)
			return err
		}},
		{"read an event of htx-a", "++.++..?", func(t *testing.T, w *world, by trace.Actor) error {
			must(capture(t.Context(), w, w.staff, trace.CaptureDraft{Document: toldEvents(1, 1, "storing")}))
			_, err := w.EventsByID(t.Context(), by, "urn:uuid:00000000-0000-4000-8000-000000000001")
			return err
		}},
		{"query events", "+++++++?", func(t *testing.T, w *world, by trace.Actor) error {
			_, _, err := w.QueryEvents(t.Context(), by, must(epcis.ParseQuery(nil, nil)), "", 10)
			return err
		}},
		{"list what events are about", "+++++++?", func(t *testing.T, w *world, by trace.Actor) error {
			_, _, err := w.EventValues(t.Context(), by, trace.EPCField, "", 10)
			return err
		}},
		{"keep a query", "+++++++?", func(t *testing.T, w *world, by trace.Actor) error {
			_, err := w.NameQuery(t.Context(), by, "q", []byte(`{}`))
			return err
		}},
		{"read a query of htx-a", "...++..?", func(t *testing.T, w *world, by trace.Actor) error {
			must(w.NameQuery(t.Context(), w.staff, "q", []byte(`{}`)))
			_, err := w.QueryNamed(t.Context(), by, "q")
			return err
		}},
		{"give up a query of htx-a", "...++..?", func(t *testing.T, w *world, by trace.Actor) error {
			must(w.NameQuery(t.Context(), w.staff, "q", []byte(`{}`)))
			return w.ForgetQuery(t.Context(), by, "q")
		}},
	})
}
