// Package storetest says, as tests, what a store.DB must do. An adapter is done when it passes.
package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// Run runs the suite. Open returns an empty database that nobody else uses, and closes it when
// the test it was opened for ends.
func Run(t *testing.T, open func(t *testing.T) store.DB) {
	for _, test := range []struct {
		name string
		f    func(t *testing.T, db store.DB)
	}{
		{"NotFound", testNotFound},
		{"Insert", testInsert},
		{"Replace", testReplace},
		{"Delete", testDelete},
		{"GetMany", testGetMany},
		{"Kinds", testKinds},
		{"OddTexts", testOddTexts},
		{"Limits", testLimits},
		{"Bodies", testBodies},
		{"LargeBody", testLargeBody},
		{"TermsFollow", testTermsFollow},
		{"ManyTerms", testManyTerms},
		{"Order", testOrder},
		{"Range", testRange},
		{"Pages", testPages},
		{"PageQueries", testPageQueries},
		{"Any", testAny},
		{"PagingAmongWrites", testPagingAmongWrites},
		{"DuplicateInserts", testDuplicateInserts},
		{"Contest", testContest},
		{"CompetingReplaces", testCompetingReplaces},
		{"Cancelled", testCancelled},
		{"Ping", testPing},
		{"Closed", testClosed},
		{"Model", testModel},
	} {
		t.Run(test.name, func(t *testing.T) { test.f(t, open(t)) })
	}
}

// RunReopen checks that what was written is there after the database was closed. Open opens the
// same database each time it is called within a test; the suite closes it.
func RunReopen(t *testing.T, open func(t *testing.T) store.DB) {
	// Start-up is where an adapter creates tables and indexes: it must not do so over old data.
	db := open(t)
	r := rec("k", "s", `{"n":1.250}`, "a", "b")
	must(t, db.Insert(t.Context(), kind, r))
	must(t, db.Insert(t.Context(), kind, rec("gone", "s", `{}`, "a")))
	must(t, db.Delete(t.Context(), kind, "gone", 1))
	r.Rev = 1
	must(t, db.Replace(t.Context(), kind, r))
	r.Rev = 2
	for range 2 {
		must(t, db.Close())
		db = open(t)
		same(t, []store.Record{r}, get(t, db, "k", "gone"))
		same(t, []store.Record{r}, find(t, db, store.Query{Term: "b"}).Records)
		is(t, db.Insert(t.Context(), kind, r), fault.Exists)
	}
	must(t, db.Close())
}

// kind is the kind of most records here.
const kind = "thing"

// rec makes a record.
func rec(key, sort, body string, terms ...string) store.Record {
	return store.Record{Key: key, Rev: 1, Sort: sort, Terms: terms, Body: json.RawMessage(body)}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// is checks the kind of an error.
func is(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error = %v, want %v", err, want)
	}
}

func get(t testing.TB, db store.DB, keys ...string) []store.Record {
	t.Helper()
	records, err := db.Get(t.Context(), kind, keys...)
	must(t, err)
	return records
}

func find(t testing.TB, db store.DB, q store.Query) store.Page {
	t.Helper()
	page, err := db.Find(t.Context(), kind, q)
	must(t, err)
	return page
}

// readable shows bodies as text in differences.
var readable = cmp.Transformer("text", func(b json.RawMessage) string { return string(b) })

// same compares records; nil and empty are the same list.
func same(t testing.TB, want, got []store.Record) {
	t.Helper()
	if len(want) == 0 && len(got) == 0 {
		return
	}
	if diff := cmp.Diff(want, got, readable); diff != "" {
		t.Errorf("records differ (-want +got):\n%s", diff)
	}
}

// keys returns the keys of records, in their order.
func keys(records []store.Record) []string {
	list := make([]string, len(records))
	for i, r := range records {
		list[i] = r.Key
	}
	return list
}

// found checks that a query, read page by page, finds these keys in this order.
func found(t testing.TB, db store.DB, q store.Query, want ...string) {
	t.Helper()
	if got := all(t, db, q); !slices.Equal(got, want) {
		t.Errorf("%+v finds %.40q, want %.40q", q, got, want)
	}
}

// all reads every page of a query.
func all(t testing.TB, db store.DB, q store.Query) (list []string) {
	t.Helper()
	for {
		page := find(t, db, q)
		list = append(list, keys(page.Records)...)
		if page.Next == "" {
			return list
		}
		q.After = page.Next
	}
}

// cancelled returns a context that is over.
func cancelled(t testing.TB) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
