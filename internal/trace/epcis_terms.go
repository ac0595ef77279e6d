package trace

import (
	"context"
	"errors"
	"slices"
	"time"

	"truynguon/internal/epcis"
	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// Captured tells how an event came that somebody sent in EPCIS terms.
type Captured struct {
	// Job is the capture job that brought it, empty for an event sent by itself. Until the job is done
	// nobody sees the event.
	Job string `json:"job,omitempty"`
	// Lots are the codes of the lots here that it is about and that its sender keeps.
	Lots []string `json:"lots,omitempty"`
	// Keepers are organisations whose lots it is about though somebody else sent it. They see it; it
	// proves nothing about their lots.
	Keepers []string `json:"keepers,omitempty"`
}

// Outside reports whether the event was sent by somebody who does not keep all the lots it is about. Such
// an event is never a part of a lot's own story.
func (e *Event) Outside() bool {
	return e.Captured != nil && (len(e.Captured.Keepers) > 0 || e.Org == "")
}

// eventTerms is what an event can be looked up by: the lots whose story it belongs to, whose it is, the
// day it was recorded, and what it says itself.
func eventTerms(e *Event) []string {
	var terms []string
	if e.Unit != "" {
		terms = append(terms, "unit="+e.Unit)
	}
	if e.Batch != "" {
		terms = append(prefixed("batch=", e.Lots), "batch="+e.Batch)
		if e.Captured != nil {
			terms = append(terms, prefixed("batch=", e.Captured.Lots)...)
		}
	}
	if e.Org != "" {
		terms = append(terms, "org="+e.Org)
	}
	if e.Captured != nil {
		terms = append(terms, prefixed("org=", e.Captured.Keepers)...)
	}
	terms = append(terms, recordedTerm(e.Recorded))
	if ev, err := epcis.DecodeEvent(e.EPCIS); err == nil {
		terms = append(terms, ev.Terms()...)
	}
	return terms
}

// recordedTerm is the term of a day, in UTC, on which something was recorded.
func recordedTerm(t time.Time) string { return "rec=" + t.UTC().Format(time.DateOnly) }

// termsEdition names the terms that events carry. It goes up when eventTerms says more than it did, and
// every database then has its events filed anew once.
const termsEdition = "event_terms_1"

// RefileEvents gives the events that were recorded before there were terms, or by an older program, the
// terms by which they are found today. It goes through the events once in the life of a database,
// notes how far it came, and goes on from there when it was stopped; done, it asks one question. Nobody
// has to wait for it: lots' own pages never need these terms.
func (l *Ledger) RefileEvents(ctx context.Context) (n int, err error) {
	defer fault.Wrap(&err, "Ledger.RefileEvents")
	at := ""
	switch row, err := settings.Get(ctx, l.DB, termsEdition); {
	case err == nil:
		at = row.Value.Value
	case !errors.Is(err, fault.NotFound):
		return 0, err
	}
	const done = "done"
	for at != done {
		rows, next, err := events.Find(ctx, l.DB, store.Query{After: at, Limit: 200})
		if err != nil {
			return n, err
		}
		for _, row := range rows {
			// An update that changes nothing writes nothing, unless the terms differ.
			now, err := events.Update(ctx, l.DB, row.Key, func(*record[Event]) error { return nil })
			if errors.Is(err, fault.NotFound) { // an event of a capture that was given up
				continue
			}
			if err != nil {
				return n, err
			}
			if now.Rev != row.Rev {
				n++
			}
		}
		if at = next; at == "" {
			at = done
		}
		if _, err := put(ctx, l, settings, termsEdition, setting{Name: termsEdition}, func(s *setting) error {
			s.Value = at
			return nil
		}); err != nil {
			return n, err
		}
	}
	return n, nil
}

// settled leaves out the events of capture jobs that are not done.
func (l *Ledger) settled(ctx context.Context, all []Event) ([]Event, error) {
	var jobs []string
	for i := range all {
		if c := all[i].Captured; c != nil && c.Job != "" {
			jobs = append(jobs, c.Job)
		}
	}
	if len(jobs) == 0 {
		return all, nil
	}
	of, err := captures.GetMany(ctx, l.DB, unique(jobs))
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(e Event) bool {
		return e.Captured != nil && e.Captured.Job != "" && of[e.Captured.Job].Value.State != captureDone
	}), nil
}
