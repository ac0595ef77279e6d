package trace

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"truynguon/internal/epcis"
	"truynguon/internal/fault"
	"truynguon/internal/gs1"
	"truynguon/internal/store"
)

// Events may be sent in EPCIS terms, a document of many at once: a capture job. The job is written, with
// the document in it, before its sender hears that it was received. Then its events are written one by
// one, in the order of their keys, and carry the job's id; nobody sees them until the job is done. So
// "all or nothing" needs no transaction: marking the job as done is the one write that makes all of them
// visible. Whatever stops in between, RunCapture goes on where it was, on this server or another, and
// meets the same keys. A job that fails is marked as failed first and its events are emptied after;
// what is left of it blocks nobody.

// The limits of one capture.
const (
	// MaxCaptureEvents is how many events one document may hold.
	MaxCaptureEvents = 500
	// MaxCaptureBytes is how long it may be.
	MaxCaptureBytes = 4 << 20
	// maxCaptureErrors is how many faults a job keeps.
	maxCaptureErrors = 200
)

// CaptureBehaviour is what becomes of a document of which some events are wrong.
type CaptureBehaviour string

// The behaviours of the header GS1-Capture-Error-Behaviour.
const (
	// CaptureRollback: all events or none.
	CaptureRollback CaptureBehaviour = "rollback"
	// CaptureProceed: those that are right.
	CaptureProceed CaptureBehaviour = "proceed"
)

// The states of a capture job. No state at all means that there is no such job.
const (
	captureRunning = "running" // received; its events are being written
	captureUndoing = "undoing" // failed; its events are being emptied
	captureDone    = "done"    // its events are seen
	captureFailed  = "failed"  // none of its events is kept
)

// Capture is a capture job.
type Capture struct {
	ID  string `json:"id"`
	Org string `json:"organisation,omitempty"`
	By  Actor  `json:"by"`
	// Created is when the document was received, which is the recordTime of its events; Finished is nil
	// while the job is under way.
	Created  time.Time  `json:"created"`
	Finished *time.Time `json:"finished,omitempty"`
	State    string     `json:"state"`
	// Behaviour is rollback or proceed.
	Behaviour CaptureBehaviour `json:"behaviour"`
	// Count is how many events the document had.
	Count int `json:"count"`
	// Errors are what is wrong with events that were not captured.
	Errors []CaptureError `json:"errors,omitempty"`
	// Events are the events to be captured, until the job is finished.
	Events []json.RawMessage `json:"events,omitempty"`
	// Pointers are where in the document each of Events stood.
	Pointers []string `json:"pointers,omitempty"`
}

// Running reports whether the job is under way.
func (c *Capture) Running() bool { return c.State == captureRunning || c.State == captureUndoing }

// Success reports whether nothing went wrong so far.
func (c *Capture) Success() bool {
	return len(c.Errors) == 0 && c.State != captureUndoing && c.State != captureFailed
}

// CaptureError is one fault of one event.
type CaptureError struct {
	// Pointer is the RFC 6901 pointer into the document.
	Pointer string `json:"pointer"`
	// Code is the fault, and Args the arguments of its message.
	Code string `json:"code"`
	Args []any  `json:"args,omitempty"`
}

var captures = store.Table[Capture]{
	Kind: "capture",
	Key:  func(c *Capture) string { return c.ID },
	Sort: func(c *Capture) string { return sortTime(c.Created) },
	Terms: func(c *Capture) []string {
		terms := []string{"by=" + c.By.ID}
		if c.Org != "" {
			terms = append(terms, "org="+c.Org)
		}
		if c.Running() {
			terms = append(terms, "unfinished")
		}
		return terms
	},
}

// CaptureDraft is a document that was sent to be captured.
type CaptureDraft struct {
	Token     string
	Behaviour CaptureBehaviour
	// Document is an EPCISDocument or EPCISQueryDocument in JSON.
	Document []byte
}

// mayCapture reports whether the actor sends events: for its organisation, or an admin for none.
func (a Actor) mayCapture() bool {
	return a.Role == Admin || (a.Role == Manager || a.Role == Staff) && a.Org != ""
}

// AcceptCapture checks a document of events and keeps it as a capture job, which RunCapture then does:
// once this has answered, the events are captured whatever happens to this server. A document that is
// wrong as a whole, or has a wrong event and is to be captured all or nothing, is refused at once with
// every fault named (fault.Malformed or fault.Invalid); with CaptureProceed, wrong events are noted in the
// job and left out. Too many events or bytes are fault.TooLarge, code "capture_limit". With the draft's
// Token, a repeated submission answers the job that the first one made.
func (l *Ledger) AcceptCapture(ctx context.Context, by Actor, d CaptureDraft) (job Capture, err error) {
	defer fault.Wrap(&err, "Ledger.AcceptCapture")
	if !by.mayCapture() {
		return job, by.denied()
	}
	if d.Behaviour == "" {
		d.Behaviour = CaptureRollback
	}
	if d.Behaviour != CaptureRollback && d.Behaviour != CaptureProceed {
		return job, fault.New(fault.Malformed, "capture_behaviour", short(string(d.Behaviour)))
	}
	doc, wrong, err := readCapture(d.Document, d.Behaviour)
	if err != nil {
		return job, err
	}
	job = Capture{
		ID: newID("capture", by, d.Token), Org: by.Org, By: by, Created: l.stamp(), State: captureRunning,
		Behaviour: d.Behaviour, Count: len(doc.Events), Errors: wrong.errors,
	}
	for i := range doc.Events {
		if wrong.at[i] {
			continue
		}
		said, err := identified(&doc.Events[i], job.Created).Encode()
		if err != nil {
			return job, err
		}
		job.Events = append(job.Events, said)
		job.Pointers = append(job.Pointers, pointerOf(doc, i))
	}
	err = captures.Insert(ctx, l.DB, &job)
	if errors.Is(err, fault.Exists) {
		row, err := captures.Get(ctx, l.DB, job.ID)
		return row.Value, err
	}
	return job, err
}

// wrongEvents are the events of a document that are not captured, and why.
type wrongEvents struct {
	at     map[int]bool
	errors []CaptureError
}

// eventPointers are where a document keeps its events.
var eventPointers = []string{"/epcisBody/eventList/", "/epcisBody/queryResults/resultsBody/eventList/"}

// readCapture decodes and checks a document.
func readCapture(data []byte, behaviour CaptureBehaviour) (doc *epcis.Document, wrong wrongEvents, err error) {
	if len(data) > MaxCaptureBytes {
		return nil, wrong, fault.New(fault.TooLarge, "capture_limit", MaxCaptureEvents, MaxCaptureBytes>>20)
	}
	if doc, err = epcis.Decode(data); err != nil {
		return nil, wrong, err
	}
	if len(doc.Events) > MaxCaptureEvents {
		return nil, wrong, fault.New(fault.TooLarge, "capture_limit", MaxCaptureEvents, MaxCaptureBytes>>20)
	}
	p := &fault.Problem{}
	if err := epcis.ValidateJSON(data); err != nil && !errors.As(err, &p) {
		return nil, wrong, err
	}
	if doc.Type != epcis.DocumentType && doc.Type != epcis.QueryDocumentType {
		p.Add("/type", "capture_document")
	}
	// Two events of one document with one name cannot both be meant.
	seen := map[string]bool{}
	for i := range doc.Events {
		if e := &doc.Events[i]; e.EventID != "" {
			key := capturedKey(e.EventID, e.ErrorDeclaration != nil)
			if seen[key] && !slices.ContainsFunc(p.Fields, func(f fault.Field) bool { return f.Pointer == "" }) {
				p.Add(pointerOf(doc, i)+"/eventID", "capture_twice", short(e.EventID))
			}
			seen[key] = true
		}
	}
	if len(p.Fields) == 0 {
		return doc, wrong, nil
	}
	if behaviour == CaptureRollback {
		return nil, wrong, p.Err()
	}
	wrong.at = map[int]bool{}
	for _, f := range p.Fields {
		i, ok := eventIndex(f.Pointer)
		if !ok || i >= len(doc.Events) { // the document itself
			return nil, wrong, p.Err()
		}
		wrong.at[i] = true
		if len(wrong.errors) < maxCaptureErrors {
			wrong.errors = append(wrong.errors, CaptureError{f.Pointer, f.Code, f.Args})
		}
	}
	return doc, wrong, nil
}

func pointerOf(doc *epcis.Document, i int) string {
	prefix := eventPointers[0]
	if doc.Type == epcis.QueryDocumentType {
		prefix = eventPointers[1]
	}
	return prefix + strconv.Itoa(i)
}

// eventIndex answers which event of a document a pointer points into.
func eventIndex(pointer string) (int, bool) {
	for _, prefix := range eventPointers {
		if rest, ok := strings.CutPrefix(pointer, prefix); ok {
			digits, _, _ := strings.Cut(rest, "/")
			i, err := strconv.Atoi(digits)
			return i, err == nil && i >= 0
		}
	}
	return 0, false
}

// identified is an event as it is kept: with the time at which it was recorded here, and named by its
// hash if its sender gave it no name.
func identified(e *epcis.Event, recorded time.Time) *epcis.Event {
	out := *e
	out.RecordTime = recorded
	if out.EventID == "" {
		if id, err := out.HashID(); err == nil {
			out.EventID = id
		}
	}
	return &out
}

// capturedKey is the key of an event that was captured: eventIDs come from outside, in any form and length.
func capturedKey(id string, declared bool) string {
	sum := sha256.Sum256([]byte(id))
	key := "c" + hex.EncodeToString(sum[:])
	if declared {
		key += "-error"
	}
	return key
}

// RunCapture does what is left to do of a capture job. It may be called at any time, by any number of
// servers at once, and again after it failed.
func (l *Ledger) RunCapture(ctx context.Context, id string) (err error) {
	defer fault.Wrap(&err, "Ledger.RunCapture(%q)", id)
	row, err := captures.Get(ctx, l.DB, id)
	if err != nil {
		return err
	}
	return l.runCapture(ctx, row.Value)
}

func (l *Ledger) runCapture(ctx context.Context, job Capture) error {
	switch job.State {
	case captureRunning:
		list, err := l.captured(ctx, &job)
		if err != nil {
			return err
		}
		wrong, err := l.writeCaptured(ctx, &job, list)
		if err != nil {
			return err
		}
		to := captureDone
		if len(wrong) > 0 && job.Behaviour == CaptureRollback {
			to = captureUndoing
		}
		// What another server has decided meanwhile holds.
		now, err := captures.Update(ctx, l.DB, job.ID, func(c *Capture) error {
			if c.State == captureRunning {
				c.State = to
				c.Errors = append(c.Errors, wrong...)
				if to == captureDone {
					at := l.stamp()
					c.Finished, c.Events, c.Pointers = &at, nil, nil
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		l.generation.Add(1)
		if job.Events == nil || now.Value.State != captureUndoing && now.Value.State != captureFailed {
			return nil
		}
		job.State = now.Value.State
		return l.undoCapture(ctx, &job, list)
	case captureUndoing:
		list, err := l.captured(ctx, &job)
		if err != nil {
			return err
		}
		return l.undoCapture(ctx, &job, list)
	}
	return nil
}

// undoCapture empties the events of a failed job. It deletes none: a record that was deleted and made again
// begins at revision 1 again, and whoever is late could then take away another job's event for its own. What
// is left is seen by nobody, and gives its place to whoever needs the key.
func (l *Ledger) undoCapture(ctx context.Context, job *Capture, list []Event) error {
	var keys []string
	for i := range list {
		keys = append(keys, eventKey(&list[i]))
	}
	there, err := events.GetMany(ctx, l.DB, keys)
	if err != nil {
		return err
	}
	for key, row := range there {
		if !row.Value.Doc.of(job.ID) {
			continue
		}
		_, err := events.Update(ctx, l.DB, key, func(r *record[Event]) error {
			if r.Doc.of(job.ID) {
				r.Doc.EPCIS, r.Doc.Batch, r.Doc.Step = json.RawMessage(`{}`), "", ""
				r.Doc.Captured = &Captured{Job: job.ID}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	_, err = captures.Update(ctx, l.DB, job.ID, func(c *Capture) error {
		if c.State == captureUndoing {
			at := l.stamp()
			c.State, c.Finished, c.Events, c.Pointers = captureFailed, &at, nil, nil
		}
		return nil
	})
	return err
}

// of reports whether a capture job brought the event.
func (e *Event) of(job string) bool { return e.Captured != nil && e.Captured.Job == job }

// overwrite puts an event in the place of what a failed job left behind. It reports whether that was still
// there.
func (l *Ledger) overwrite(ctx context.Context, failed string, e *Event) (done bool, err error) {
	if err := l.fileValues(ctx, e); err != nil {
		return false, err
	}
	if err := events.mark(ctx, l, e); err != nil {
		return false, err
	}
	_, err = events.Update(ctx, l.DB, eventKey(e), func(r *record[Event]) error {
		if done = r.Doc.of(failed); !done {
			return nil
		}
		now := l.stamp()
		last := Change{At: now, By: e.By, Action: "capture", Kind: events.Kind, Key: eventKey(e), Rev: r.Last.Rev + 1, Org: e.Org}
		*r = record[Event]{Doc: *e, Created: now, Updated: now, Last: last}
		return nil
	})
	if done {
		l.generation.Add(1)
	}
	return done, err
}

// writeCaptured writes the events of a job, those that are not there yet, and answers what is wrong with
// those that cannot be written.
func (l *Ledger) writeCaptured(ctx context.Context, job *Capture, list []Event) (wrong []CaptureError, err error) {
	// In the order of their keys, so that of two jobs with events in common neither waits for the other
	// while the other waits for it.
	order := make([]int, len(list))
	keys := make([]string, len(list))
	for i := range list {
		order[i], keys[i] = i, eventKey(&list[i])
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(keys[a], keys[b]) })
	known, err := l.knownEvents(ctx, list)
	if err != nil {
		return nil, err
	}
	for _, i := range order {
		code, err := l.writeOne(ctx, job, &list[i], known[i])
		if err != nil {
			return nil, err
		}
		if code != "" && len(job.Errors)+len(wrong) < maxCaptureErrors {
			wrong = append(wrong, CaptureError{job.Pointers[i] + "/eventID", code, []any{short(list[i].ID)}})
		}
	}
	return wrong, nil
}

// writeOne writes one event. code is why it cannot be written.
func (l *Ledger) writeOne(ctx context.Context, job *Capture, e *Event, known knownEvent) (code string, err error) {
	if code, there := known.judge(e); there || code != "" {
		return code, nil
	}
	for range 8 { // each time somebody else was faster, and got further
		old, err := events.insert(ctx, l, e.By, "capture", *e)
		if !errors.Is(err, fault.Exists) {
			return "", err
		}
		c := old.Doc.Captured
		if c == nil || c.Job == "" || c.Job == job.ID {
			return differs(&old.Doc, e), nil
		}
		other, err := captures.Get(ctx, l.DB, c.Job)
		if err != nil {
			return "", err
		}
		if other.Value.Running() { // its fate decides ours
			if err := l.runCapture(ctx, other.Value); err != nil {
				return "", err
			}
			if other, err = captures.Get(ctx, l.DB, c.Job); err != nil {
				return "", err
			}
		}
		if other.Value.State == captureDone {
			return differs(&old.Doc, e), nil
		}
		if done, err := l.overwrite(ctx, c.Job, e); done || err != nil {
			return "", err
		}
	}
	return "", fault.New(fault.Unavailable, "")
}

// differs answers the code of the fault if two events with one name do not say the same.
func differs(old, e *Event) string {
	if old.Org == e.Org && sameEvent(old, e) {
		return ""
	}
	return "capture_exists"
}

// sameEvent reports whether two events say the same, whenever they were recorded.
func sameEvent(a, b *Event) bool {
	x, err := epcis.DecodeEvent(a.EPCIS)
	if err != nil {
		return false
	}
	y, err := epcis.DecodeEvent(b.EPCIS)
	if err != nil {
		return false
	}
	hx, err1 := x.HashID()
	hy, err2 := y.HashID()
	return err1 == nil && err2 == nil && hx == hy && a.Declared == b.Declared
}

// knownEvent is what is here already of the event that a captured one names.
type knownEvent struct {
	// derived is the event with this hash that follows from records, original the one that a declaration
	// of error is about.
	derived, original *Event
}

// judge reports whether the event need not be written, or why it cannot be.
func (k knownEvent) judge(e *Event) (code string, there bool) {
	switch {
	case k.derived != nil && e.Declared:
		// What follows from records is corrected where it is recorded.
		return "capture_derived", false
	case k.derived != nil:
		return differs(k.derived, e), true
	case k.original != nil && k.original.Org != e.Org:
		return "capture_foreign", false
	}
	return "", false
}

// knownEvents reads what captured events name, in one question.
func (l *Ledger) knownEvents(ctx context.Context, list []Event) ([]knownEvent, error) {
	var keys []string
	derivedKey := func(e *Event) string {
		as := Event{ID: e.ID}
		if !strings.HasPrefix(e.ID, "ni:///sha-256;") {
			return ""
		}
		return eventKey(&as)
	}
	for i := range list {
		if key := derivedKey(&list[i]); key != "" {
			keys = append(keys, key)
		}
		if list[i].Declared {
			keys = append(keys, capturedKey(list[i].ID, false))
		}
	}
	found, err := events.many(ctx, l, keys)
	if err != nil {
		return nil, err
	}
	out := make([]knownEvent, len(list))
	for i := range list {
		if s, ok := found[derivedKey(&list[i])]; ok && s.Doc.Captured == nil && s.Doc.ID == list[i].ID {
			out[i].derived = &s.Doc
		}
		if s, ok := found[capturedKey(list[i].ID, false)]; ok && list[i].Declared {
			out[i].original = &s.Doc
		}
	}
	return out, nil
}

// captured makes the records of a job's events.
func (l *Ledger) captured(ctx context.Context, job *Capture) ([]Event, error) {
	said := make([]*epcis.Event, len(job.Events))
	things := make([][]string, len(job.Events))
	var all []string
	for i := range job.Events {
		var err error
		if said[i], err = epcis.DecodeEvent(job.Events[i]); err != nil {
			return nil, err
		}
		things[i] = said[i].Things()
		all = append(all, things[i]...)
	}
	lots, err := l.lotsNamed(ctx, all)
	if err != nil {
		return nil, err
	}
	out := make([]Event, len(said))
	for i, ev := range said {
		out[i] = capturedEvent(job, ev, job.Events[i])
		for _, thing := range things[i] {
			b, ok := lots[thing]
			if !ok {
				continue
			}
			c := out[i].Captured
			if b.Organisation == job.Org {
				c.Lots = addOne(c.Lots, b.Code)
			} else {
				c.Keepers = addOne(c.Keepers, b.Organisation)
			}
		}
		// Only steps that people record of lots themselves become part of a lot's story, and only when the
		// sender keeps every lot that the event is about.
		if step, ok := StepByID(ev.BizStep); ok && step.Offered && !out[i].Outside() && len(out[i].Captured.Lots) > 0 {
			out[i].Step, out[i].Batch = step.ID, out[i].Captured.Lots[0]
		}
	}
	return out, nil
}

func capturedEvent(job *Capture, ev *epcis.Event, raw json.RawMessage) Event {
	return Event{
		ID: ev.EventID, Org: job.Org, At: ev.EventTime.UTC(), Recorded: job.Created, By: job.By,
		Declared: ev.ErrorDeclaration != nil, Captured: &Captured{Job: job.ID}, EPCIS: raw,
	}
}

// addOne adds what is not there yet, up to a bound.
func addOne(list []string, s string) []string {
	const most = 50
	if len(list) < most && !slices.Contains(list, s) {
		list = append(list, s)
	}
	return list
}

// lotsNamed answers which lots here identifiers name, in a fixed number of questions.
func (l *Ledger) lotsNamed(ctx context.Context, things []string) (map[string]Batch, error) {
	gtins, lots, codes := map[string]string{}, map[string]string{}, map[string]string{}
	var gtinList, codeList []string
	for _, thing := range things {
		if code, ok := strings.CutPrefix(thing, l.Base+"/l/"); ok {
			codes[thing] = code
			codeList = append(codeList, code)
			continue
		}
		key, err := gs1.ParseLink(thing)
		if err != nil || key.GTIN() == "" || key.Lot() == "" {
			continue
		}
		gtins[thing], lots[thing] = key.GTIN(), key.Lot()
		gtinList = append(gtinList, key.GTIN())
	}
	claims, err := gtinClaims.GetMany(ctx, l.DB, dedupe(gtinList))
	if err != nil {
		return nil, err
	}
	keys := map[string]string{}
	var keyList []string
	for thing, gtin := range gtins {
		if claim, ok := claims[gtin]; ok {
			keys[thing] = lotKey(claim.Value.Product, lots[thing])
			keyList = append(keyList, keys[thing])
		}
	}
	named, err := lotClaims.GetMany(ctx, l.DB, dedupe(keyList))
	if err != nil {
		return nil, err
	}
	direct, err := batches.many(ctx, l, dedupe(codeList))
	if err != nil {
		return nil, err
	}
	out := map[string]Batch{}
	for thing, key := range keys {
		if claim, ok := named[key]; ok && claim.Value.Batch.Lot == lots[thing] {
			out[thing] = claim.Value.Batch
		}
	}
	for thing, code := range codes {
		if b, ok := direct[code]; ok {
			out[thing] = b.Doc
		}
	}
	return out, nil
}

// dedupe sorts a list and drops what is there twice.
func dedupe(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

// CaptureEvent checks one event and records it at once. It fails with fault.Exists if an event with its
// eventID is here, whoever recorded it.
func (l *Ledger) CaptureEvent(ctx context.Context, by Actor, data []byte) (ev *epcis.Event, err error) {
	defer fault.Wrap(&err, "Ledger.CaptureEvent")
	if !by.mayCapture() {
		return nil, by.denied()
	}
	if len(data) > MaxCaptureBytes {
		return nil, fault.New(fault.TooLarge, "capture_limit", MaxCaptureEvents, MaxCaptureBytes>>20)
	}
	if ev, err = epcis.DecodeEvent(data); err != nil {
		return nil, err
	}
	if ev.Type == epcis.DocumentType || ev.Type == epcis.QueryDocumentType {
		p := new(fault.Problem)
		p.Add("/type", "capture_single")
		return nil, p.Err()
	}
	if err := epcis.ValidateJSON(data); err != nil {
		return nil, err
	}
	now := l.stamp()
	ev = identified(ev, now)
	raw, err := ev.Encode()
	if err != nil {
		return nil, err
	}
	job := Capture{Org: by.Org, By: by, Created: now, Events: []json.RawMessage{raw}}
	list, err := l.captured(ctx, &job)
	if err != nil {
		return nil, err
	}
	known, err := l.knownEvents(ctx, list)
	if err != nil {
		return nil, err
	}
	code, there := known[0].judge(&list[0])
	if code == "" && there {
		code = "capture_exists"
	}
	if code == "" {
		_, err = events.insert(ctx, l, by, "capture", list[0])
		if !errors.Is(err, fault.Exists) {
			return ev, err
		}
		code, err = l.overRemnant(ctx, &list[0])
		if err != nil {
			return nil, err
		}
	}
	if code != "" {
		p := fault.New(fault.Exists, code, short(ev.EventID))
		p.Add("/eventID", code, short(ev.EventID))
		return nil, p
	}
	return ev, nil
}

// overRemnant records an event whose key is taken, if it is taken by what is left of a failed job.
func (l *Ledger) overRemnant(ctx context.Context, e *Event) (code string, err error) {
	old, err := events.get(ctx, l, eventKey(e))
	if err != nil && !errors.Is(err, fault.NotFound) {
		return "", err
	}
	if c := old.Doc.Captured; err == nil && (c == nil || c.Job == "") {
		return "capture_exists", nil
	}
	alone := Capture{}
	if code, err = l.writeOne(ctx, &alone, e, knownEvent{}); err != nil || code != "" {
		return code, err
	}
	now, err := events.get(ctx, l, eventKey(e))
	if err == nil && now.Doc.Captured != nil && now.Doc.Captured.Job != "" {
		code = "capture_exists" // another job had just recorded the same
	}
	return code, err
}

// CaptureJob answers a capture job: to whoever sees what its organisation keeps, an admin's own to admins.
func (l *Ledger) CaptureJob(ctx context.Context, by Actor, id string) (c Capture, err error) {
	defer fault.Wrap(&err, "Ledger.CaptureJob(%q)", short(id))
	if by.Role == "" || by.Role == Buyer {
		return c, by.denied()
	}
	row, err := captures.Get(ctx, l.DB, id)
	if err != nil {
		return c, err
	}
	if row.Value.Org == "" {
		if by.Role != Admin {
			return c, fault.NotFound
		}
		return row.Value, nil
	}
	if err := l.readable(ctx, by, row.Value.Org); err != nil {
		return c, fault.NotFound // the id of somebody else's job is nothing to learn from
	}
	return row.Value, nil
}

// CaptureJobs answers a page of capture jobs, newest first: those of the actor's organisation, or all to an
// admin.
func (l *Ledger) CaptureJobs(ctx context.Context, by Actor, after string, limit int) (jobs []Capture, next string, err error) {
	defer fault.Wrap(&err, "Ledger.CaptureJobs")
	q := store.Query{Desc: true, After: after, Limit: limit}
	switch {
	case by.Role == Admin:
	case by.mayCapture():
		q.Term = "org=" + by.Org
	default:
		return nil, "", by.denied()
	}
	rows, next, err := captures.Find(ctx, l.DB, q)
	for _, r := range rows {
		r.Value.Events = nil
		jobs = append(jobs, r.Value)
	}
	return jobs, next, err
}

// ResumeCaptures goes on with capture jobs that were received longer than idle ago and are not finished,
// because a server stopped or its database was away. It answers how many there were.
func (l *Ledger) ResumeCaptures(ctx context.Context, idle time.Duration) (n int, err error) {
	defer fault.Wrap(&err, "Ledger.ResumeCaptures")
	rows, _, err := captures.Find(ctx, l.DB, store.Query{Term: "unfinished", To: sortTime(l.now().Add(-idle)), Limit: 20})
	if err != nil {
		return 0, err
	}
	for _, row := range rows {
		if err := l.runCapture(ctx, row.Value); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
