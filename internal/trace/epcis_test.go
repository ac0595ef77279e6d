package trace_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"truynguon/internal/epcis"
	"truynguon/internal/fault"
	"truynguon/internal/store"
	"truynguon/internal/trace"
)

// toldEvents is an EPCISDocument of events at a place, with ids from first.
func toldEvents(first, n int, step string) []byte {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf(`{"type":"ObjectEvent","eventID":"urn:uuid:00000000-0000-4000-8000-%012d","action":"OBSERVE","bizStep":%q,
"eventTime":"2026-11-%02dT08:00:00+07:00","eventTimeZoneOffset":"+07:00","epcList":["https://id.gs1.org/01/09524001000025/21/S%d"],
"readPoint":{"id":"https://id.gs1.org/414/9524001000018/254/NH1"}}`, first+i, step, 1+(first+i)%20, first+i))
	}
	return []byte(`{"@context":"https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld","type":"EPCISDocument","schemaVersion":"2.0","creationDate":"2026-11-20T00:00:00Z","epcisBody":{"eventList":[` +
		strings.Join(list, ",") + `]}}`)
}

// capture accepts a document and does the job.
func capture(ctx context.Context, w *world, by trace.Actor, d trace.CaptureDraft) (trace.Capture, error) {
	job, err := w.AcceptCapture(ctx, by, d)
	if err != nil {
		return job, err
	}
	if err := w.RunCapture(ctx, job.ID); err != nil {
		return job, err
	}
	return w.CaptureJob(ctx, by, job.ID)
}

// asked are the ids of the events that answer a query, oldest first.
func asked(t testing.TB, w *world, by trace.Actor, parameters map[string][]string) []string {
	t.Helper()
	q := must(epcis.ParseQuery(parameters, nil))
	var ids []string
	for after := ""; ; {
		found, next, err := w.QueryEvents(t.Context(), by, q, after, 3)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range found {
			ids = append(ids, strings.TrimPrefix(e.EventID, "urn:uuid:00000000-0000-4000-8000-"))
		}
		if after = next; after == "" {
			return ids
		}
	}
}

// TestCaptureAndAsk captures events and asks for them, as everybody.
func TestCaptureAndAsk(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	job := must(capture(ctx, w, w.staff, trace.CaptureDraft{Token: "t", Document: toldEvents(1, 7, "storing")}))
	if !job.Success() || job.Running() || job.Count != 7 || job.Events != nil {
		t.Errorf("%+v", job)
	}
	must(capture(ctx, w, w.neighbour, trace.CaptureDraft{Document: toldEvents(20, 3, "packing")}))
	for _, c := range []struct {
		by         trace.Actor
		parameters map[string][]string
		want       []string
	}{
		{w.staff, nil, []string{"01", "02", "03", "04", "05", "06", "07"}},
		{w.neighbour, nil, []string{"20", "21", "22"}},
		{w.admin, map[string][]string{"EQ_bizStep": {"packing"}}, []string{"20", "21", "22"}},
		{w.official, map[string][]string{"EQ_bizStep": {"packing"}}, nil},
		{w.elsewhere, map[string][]string{"EQ_bizStep": {"packing"}}, []string{"20", "21", "22"}},
		{w.buyer, nil, nil},
		{w.staff, map[string][]string{"MATCH_epc": {"https://id.gs1.org/01/09524001000025/21/S3"}}, []string{"03"}},
		{w.staff, map[string][]string{"WD_readPoint": {"https://id.gs1.org/414/9524001000018"}, "LT_eventTime": {"2026-11-04T00:00:00Z"}}, []string{"01", "02"}},
		{w.staff, map[string][]string{"GE_recordTime": {"2026-11-24T00:00:00Z"}, "orderBy": {"recordTime"}, "orderDirection": {"ASC"}}, []string{"01", "02", "03", "04", "05", "06", "07"}},
		{w.staff, map[string][]string{"orderBy": {"eventTime"}, "eventCountLimit": {"4"}}, []string{"07", "06", "05", "04"}},
	} {
		got := asked(t, w, c.by, c.parameters)
		for i := range got {
			got[i] = got[i][len(got[i])-2:]
		}
		if c.parameters == nil { // events from 20 on are on the first days of the month again
			slices.Sort(got)
		}
		if diff := cmp.Diff(c.want, got); diff != "" && len(c.want)+len(got) > 0 {
			t.Errorf("%s asks %v (-want +got):\n%s", c.by.ID, c.parameters, diff)
		}
	}
	values, _, err := w.EventValues(ctx, w.staff, trace.ReadPointField, "", 10)
	if diff := cmp.Diff([]string{"https://id.gs1.org/414/9524001000018/254/NH1"}, values); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// TestCapturesAtOnce lets many jobs with events in common be done at the same time, each by several
// servers. Every job ends, events are there whole jobs at a time, and no name has two events.
func TestCapturesAtOnce(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	var jobs []trace.Capture
	for i := range 8 {
		step := []string{"storing", "packing"}[i%2] // the same names for different events: one side must lose
		jobs = append(jobs, must(w.AcceptCapture(ctx, w.staff, trace.CaptureDraft{Document: toldEvents(1+5*(i/2%3), 12, step)})))
	}
	var all sync.WaitGroup
	for range 3 {
		for _, j := range jobs {
			all.Go(func() {
				for try := 0; try < 20; try++ {
					err := w.RunCapture(ctx, j.ID)
					if err == nil {
						return
					}
					if !errors.Is(err, fault.Unavailable) && !errors.Is(err, fault.Stale) {
						t.Error(err)
						return
					}
				}
			})
		}
	}
	all.Wait()
	if n := must(w.ResumeCaptures(ctx, -time.Hour)); n != 0 {
		t.Errorf("%d jobs are not finished", n)
	}
	want := map[string]bool{}
	kept := 0
	for i, j := range jobs {
		job := must(w.CaptureJob(ctx, w.staff, j.ID))
		if job.Running() {
			t.Errorf("job %d is not finished", i)
		}
		if !job.Success() {
			continue
		}
		kept++
		for k := range 12 {
			want[fmt.Sprintf("%012d", 1+5*(i/2%3)+k)] = true
		}
	}
	got := asked(t, w, w.staff, nil)
	for _, id := range got {
		if !want[id] {
			t.Errorf("%s belongs to no job that is done", id)
		}
		delete(want, id)
	}
	if len(want) > 0 || kept == 0 {
		t.Errorf("%d jobs kept; missing or twice: %v", kept, want)
	}
}

// TestRefileEvents: events that were recorded before there were terms are found after they are filed anew.
func TestRefileEvents(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	b := w.registered(t, "L-1", true)
	for _, r := range must(w.DB.Find(ctx, "event", store.Query{})).Records {
		r.Terms = []string{"batch=" + b.Doc.Code}
		must0(t, w.DB.Replace(ctx, "event", r))
	}
	about := map[string][]string{"MATCH_anyEPCClass": {b.Doc.EPC}}
	if n := len(asked(t, w, w.staff, about)); n != 0 {
		t.Fatalf("%d are found without terms", n)
	}
	if n := must(w.RefileEvents(ctx)); n != 2 {
		t.Errorf("%d filed anew, want 2", n)
	}
	if n := len(asked(t, w, w.staff, about)); n != 2 {
		t.Errorf("%d found", n)
	}
	if n := must(w.RefileEvents(ctx)); n != 0 {
		t.Errorf("%d filed a second time", n)
	}
}

// TestForgedCapture: whoever names its event after somebody else's hash takes nobody's place.
func TestForgedCapture(t *testing.T) {
	w := newWorld(t)
	b := w.registered(t, "L-1", false)
	ctx := t.Context()
	_ = must(w.ReleaseBatch(ctx, w.staff, b.Doc.Code, ""))
	before := must(w.Events(ctx, w.staff, b.Doc.Code))
	for _, e := range before {
		said := must(epcis.DecodeEvent(e.EPCIS))
		if _, err := w.CaptureEvent(ctx, w.neighbour, must(said.Encode())); !errors.Is(err, fault.Exists) {
			t.Errorf("captured again: %v", err)
		}
	}
	after := must(w.Events(ctx, w.staff, b.Doc.Code))
	if diff := cmp.Diff(len(before), len(after)); diff != "" {
		t.Error(diff)
	}
}
