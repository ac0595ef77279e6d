// The tests of store.Table are here, and not beside it, because they need a database, and package
// store is below every adapter.
package storetest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"truynguon/internal/fault"
	"truynguon/internal/store"
	"truynguon/internal/store/sqlite"
	"truynguon/internal/store/storetest"
)

type batch struct {
	ID       string
	District string
	Day      string
	Note     string `json:",omitempty"`
	Extra    any    `json:",omitempty"`
}

var batches = store.Table[batch]{
	Kind:  "batch",
	Key:   func(b *batch) string { return b.ID },
	Sort:  func(b *batch) string { return b.Day },
	Terms: func(b *batch) []string { return []string{"district=" + b.District} },
}

func memory(t testing.TB) store.DB {
	t.Helper()
	db, err := sqlite.Open(t.Context(), sqlite.Memory)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func is(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error = %v, want %v", err, want)
	}
}

func TestTable(t *testing.T) {
	db, ctx := memory(t), t.Context()
	_, err := batches.Get(ctx, db, "L1")
	is(t, err, fault.NotFound)
	b := batch{ID: "L1", District: "VN-33", Day: "2026-03-10", Note: "<b> & Đắk Lắk", Extra: json.Number("9007199254740993")}
	must(t, batches.Insert(ctx, db, &b))
	is(t, batches.Insert(ctx, db, &b), fault.Exists)
	got, err := batches.Get(ctx, db, "L1")
	must(t, err)
	if diff := cmp.Diff(store.Row[batch]{Value: b, Rev: 1, Key: "L1"}, got); diff != "" {
		t.Errorf("got (-want +got):\n%s", diff)
	}
	raw, err := db.Get(ctx, "batch", "L1")
	must(t, err)
	if want := `{"ID":"L1","District":"VN-33","Day":"2026-03-10","Note":"<b> & Đắk Lắk","Extra":9007199254740993}`; string(raw[0].Body) != want {
		t.Errorf("stored as %s, want %s", raw[0].Body, want)
	}
	many, err := batches.GetMany(ctx, db, []string{"none", "L1", "L1"})
	must(t, err)
	if diff := cmp.Diff(map[string]store.Row[batch]{"L1": got}, many); diff != "" {
		t.Errorf("got many (-want +got):\n%s", diff)
	}
	is(t, batches.Delete(ctx, db, "L1", 2), fault.Stale)
	must(t, batches.Delete(ctx, db, "L1", 1))
	is(t, batches.Delete(ctx, db, "L1", 1), fault.NotFound)
}

func TestTableUpdate(t *testing.T) {
	db, ctx := memory(t), t.Context()
	rename := func(note string) func(*batch) error {
		return func(b *batch) error { b.Note = note; return nil }
	}
	_, err := batches.Update(ctx, db, "L1", rename("x"))
	is(t, err, fault.NotFound)
	must(t, batches.Insert(ctx, db, &batch{ID: "L1", District: "a", Day: "1"}))
	row, err := batches.Update(ctx, db, "L1", func(b *batch) error { b.District, b.Note = "b", "n"; return nil })
	must(t, err)
	if want := (store.Row[batch]{Value: batch{ID: "L1", District: "b", Day: "1", Note: "n"}, Rev: 2, Key: "L1"}); row != want {
		t.Errorf("updated to %+v, want %+v", row, want)
	}
	rows, _, err := batches.Find(ctx, db, store.Query{Term: "district=b"})
	must(t, err)
	if len(rows) != 1 || rows[0] != row {
		t.Errorf("found %+v, want %+v", rows, row)
	}

	// A change that alters nothing writes nothing.
	row, err = batches.Update(ctx, db, "L1", rename("n"))
	must(t, err)
	if row.Rev != 2 {
		t.Errorf("nothing was altered, and the revision is %d", row.Rev)
	}

	// An error of the function ends it at once, even one that looks like the database's.
	for _, want := range []error{fault.Denied, fault.Stale} {
		calls := 0
		_, err = batches.Update(ctx, db, "L1", func(b *batch) error { calls++; b.Note = "lost"; return want })
		if is(t, err, want); calls != 1 {
			t.Errorf("the function ran %d times", calls)
		}
	}
	if _, err = batches.Update(ctx, db, "L1", func(b *batch) error { b.ID = "L2"; return nil }); err == nil {
		t.Error("the key was changed")
	}

	_, err = batches.UpdateAt(ctx, db, "L1", 1, func(*batch) error { t.Error("ran on a stale revision"); return nil })
	is(t, err, fault.Stale)
	row, err = batches.UpdateAt(ctx, db, "L1", 2, rename("third"))
	must(t, err)
	if row.Rev != 3 || row.Value.Note != "third" {
		t.Errorf("updated to %+v", row)
	}
}

// Somebody who always comes first makes Update give up, but not soon and not for ever.
func TestTableUpdateGivesUp(t *testing.T) {
	db, ctx := memory(t), t.Context()
	must(t, batches.Insert(ctx, db, &batch{ID: "L1"}))
	tries := 0
	interfere := func(b *batch) error {
		tries++
		b.Note = "mine"
		_, err := batches.UpdateAt(ctx, db, "L1", int64(tries), func(b *batch) error { b.Note = fmt.Sprint(tries); return nil })
		return err
	}
	_, err := batches.Update(ctx, db, "L1", interfere)
	if is(t, err, fault.Stale); tries < 20 || tries > 1000 {
		t.Errorf("gave up after %d tries", tries)
	}
	ctx, cancel := context.WithCancel(ctx)
	_, err = batches.Update(ctx, db, "L1", func(*batch) error { cancel(); return nil })
	if err != nil { // nothing was altered, so nothing had to be asked
		t.Error(err)
	}
	_, err = batches.Update(ctx, db, "L1", func(*batch) error { return nil })
	is(t, err, context.Canceled)
}

func TestTableAll(t *testing.T) {
	db, ctx := memory(t), t.Context()
	for i := range 25 {
		must(t, batches.Insert(ctx, db, &batch{ID: fmt.Sprintf("L%02d", i), District: "a", Day: fmt.Sprint(i % 3)}))
	}
	for _, limit := range []int{0, 1, 24, 25, 26} {
		all := batches.All(ctx, db, store.Query{Term: "district=a", Desc: true, Limit: limit})
		for range 2 { // a sequence can be ranged over again
			n := 0
			for _, err := range all {
				must(t, err)
				n++
			}
			if n != 25 {
				t.Errorf("limit %d: %d values, want 25", limit, n)
			}
		}
		for _, err := range all { // and left early
			must(t, err)
			break
		}
	}
	for _, err := range batches.All(ctx, db, store.Query{Limit: -1}) {
		is(t, err, fault.Invalid)
	}
}

// What was written by an older version is read as of today, and rewritten by the next update.
func TestTableUpgrade(t *testing.T) {
	db, ctx := memory(t), t.Context()
	table := batches
	table.Upgrade = func(body json.RawMessage) (json.RawMessage, error) {
		if strings.Contains(string(body), "broken") {
			return nil, errors.New("no idea what that was")
		}
		return json.RawMessage(strings.ReplaceAll(string(body), `"province"`, `"District"`)), nil
	}
	must(t, db.Insert(ctx, "batch", store.Record{Key: "L1", Body: json.RawMessage(`{"ID":"L1","province":"old"}`)}))
	row, err := table.Get(ctx, db, "L1")
	must(t, err)
	if row.Value.District != "old" || row.Rev != 1 {
		t.Errorf("read %+v", row)
	}
	for range 2 { // the second finds nothing left to do
		row, err = table.Update(ctx, db, "L1", func(*batch) error { return nil })
		must(t, err)
		if row.Rev != 2 {
			t.Errorf("revision %d, want 2", row.Rev)
		}
	}
	rows, _, err := batches.Find(ctx, db, store.Query{Term: "district=old"})
	must(t, err)
	if len(rows) != 1 {
		t.Errorf("the upgraded record has not got its terms")
	}
	must(t, db.Insert(ctx, "batch", store.Record{Key: "L2", Body: json.RawMessage(`{"ID":"broken"}`)}))
	if _, err := table.Get(ctx, db, "L2"); err == nil {
		t.Error("read what cannot be upgraded")
	}
	if _, _, err := table.Find(ctx, db, store.Query{}); err == nil {
		t.Error("found what cannot be upgraded")
	}
}

// A verb of two writes, for showing that Faulty does to it what it says.
func verb(ctx context.Context, db store.DB) error {
	if err := batches.Insert(ctx, db, &batch{ID: "one"}); err != nil && !errors.Is(err, fault.Exists) {
		return err
	}
	err := batches.Insert(ctx, db, &batch{ID: "two"})
	if errors.Is(err, fault.Exists) {
		return nil
	}
	return err
}

func TestFaulty(t *testing.T) {
	for _, test := range []struct {
		fault storetest.Fault
		left  int // records after the failure
	}{
		{storetest.Fault{Write: 1}, 0}, {storetest.Fault{Write: 1, Kept: true}, 1},
		{storetest.Fault{Write: 2}, 1}, {storetest.Fault{Write: 2, Kept: true}, 2},
		{storetest.Fault{Write: 3}, 2}, {storetest.Fault{}, 2},
		{storetest.Fault{Write: 1, Dead: true}, 0}, {storetest.Fault{Write: 2, Kept: true, Dead: true}, 2},
	} {
		db, ctx := memory(t), t.Context()
		faulty := storetest.Faulty(db, test.fault)
		struck := test.fault.Write == 1 || test.fault.Write == 2
		err := verb(ctx, faulty)
		if faulty.Struck() != struck || errors.Is(err, storetest.ErrInjected) != struck || errors.Is(err, fault.Unavailable) != struck {
			t.Errorf("%+v: struck %t, %v", test.fault, faulty.Struck(), err)
		}
		page, err := db.Find(ctx, "batch", store.Query{})
		must(t, err)
		if len(page.Records) != test.left {
			t.Errorf("%+v left %d records, want %d", test.fault, len(page.Records), test.left)
		}
		_, err = faulty.Get(ctx, "batch", "one")
		if dead := test.fault.Dead; errors.Is(err, storetest.ErrInjected) != dead {
			t.Errorf("%+v: a read after it: %v", test.fault, err)
		}
		must(t, verb(ctx, db))
	}
}
