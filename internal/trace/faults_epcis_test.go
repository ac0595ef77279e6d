package trace_test

import (
	"context"
	"errors"
	"testing"

	"truynguon/internal/epcis"
	"truynguon/internal/fault"
	"truynguon/internal/trace"
)

// alreadyTold has another event captured under a name that toldEvents gives.
func alreadyTold(t *testing.T, w *world) string {
	must(capture(t.Context(), w, w.staff, trace.CaptureDraft{Token: "s", Document: toldEvents(2, 1, "packing")}))
	return ""
}

// captureAlone captures one event. That it is there already is what a sender hears who tries again.
func captureAlone(ctx context.Context, w *world, _ string) error {
	e := must(epcis.Decode(toldEvents(1, 1, "storing"))).Events[0]
	_, err := w.CaptureEvent(ctx, w.staff, must(e.Encode()))
	if errors.Is(err, fault.Exists) {
		return nil
	}
	return err
}

func nameQuery(ctx context.Context, w *world, _ string) error {
	_, err := w.NameQuery(ctx, w.staff, "q", []byte(`{"EQ_bizStep":["shipping"]}`))
	if errors.Is(err, fault.Exists) {
		return nil
	}
	return err
}
