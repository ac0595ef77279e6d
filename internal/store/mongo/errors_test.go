package mongo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	driver "go.mongodb.org/mongo-driver/v2/mongo"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// What a server says decides whether a write is tried again, whether without the document for
// people, and what the caller is told. A command that may have happened must never be repeated.
func TestErrors(t *testing.T) {
	writeError := func(code int) error {
		return driver.WriteException{WriteErrors: driver.WriteErrors{{Code: code}}}
	}
	for _, test := range []struct {
		name                     string
		err                      error
		transient, refused, away bool
	}{
		{"nothing", nil, false, false, false},
		{"duplicate", writeError(11000), false, false, false},
		{"internal error", writeError(codeInternalError), true, false, true},
		{"write conflict", driver.CommandError{Code: codeWriteConflict}, true, false, true},
		{"bad value", writeError(2), false, true, false},
		{"too deep", driver.CommandError{Code: 15}, false, true, false},
		{"not primary", driver.CommandError{Code: 10107}, false, false, true},
		{"disk full", driver.CommandError{Code: 14031}, false, false, true},
		{"network", driver.CommandError{Code: codeInternalError, Labels: []string{"NetworkError"}}, false, false, true},
		{"time out", context.DeadlineExceeded, false, false, true},
		{"not replicated", driver.WriteException{WriteConcernError: &driver.WriteConcernError{Code: 1000}}, false, false, true},
		{"disconnected", driver.ErrClientDisconnected, false, false, true},
		{"something else", errors.New("x"), false, false, false},
	} {
		for _, err := range []error{test.err, fmt.Errorf("wrapped: %w", test.err)} {
			if test.err == nil {
				err = nil
			}
			if got := transient(err); got != test.transient {
				t.Errorf("%s: transient = %t", test.name, got)
			}
			if got := refused(err); got != test.refused {
				t.Errorf("%s: refused = %t", test.name, got)
			}
			if got := away(err); got != test.away {
				t.Errorf("%s: away = %t", test.name, got)
			}
		}
	}
}

// A server that keeps failing is given up, as unavailable; one that recovers is not noticed.
func TestRetry(t *testing.T) {
	db, err := Open(t.Context(), "mongodb://127.0.0.1:1/x")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	conflict := driver.CommandError{Code: codeWriteConflict, Message: "conflict"}
	for _, test := range []struct {
		failures, tries int
		then, want      error
	}{
		{0, 1, nil, nil},
		{3, 4, nil, nil},
		{3, 4, fault.Exists, fault.Exists},
		{maxTries - 1, maxTries, nil, nil},
		{1000, maxTries, nil, fault.Unavailable},
	} {
		tries := 0
		err := db.retry(t.Context(), func() error {
			if tries++; tries <= test.failures {
				return conflict
			}
			return test.then
		})
		if !errors.Is(err, test.want) || tries != test.tries {
			t.Errorf("%d failures: %v after %d tries, want %v after %d", test.failures, err, tries, test.want, test.tries)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	if err := db.retry(ctx, func() error { cancel(); return conflict }); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want the context's error", err)
	}
}

// A server that does not take the document for people still takes the record.
func TestPlainly(t *testing.T) {
	d := document(store.Record{Key: "k", Body: json.RawMessage(`{"a":[[1]]}`)}, 1)
	tries := 0
	err := plainly(&d, func() error {
		if tries++; d.Doc != nil {
			return driver.WriteException{WriteErrors: driver.WriteErrors{{Code: 2}}}
		}
		return nil
	})
	if err != nil || tries != 2 {
		t.Errorf("%v after %d tries", err, tries)
	}
}
