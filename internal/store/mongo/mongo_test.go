package mongo

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.mongodb.org/mongo-driver/v2/bson"

	"truynguon/internal/fault"
	"truynguon/internal/store"
	"truynguon/internal/store/storetest"
	"truynguon/internal/testservers"
)

// address returns the address of a database that nobody else uses.
func address(t testing.TB) string {
	base, query, _ := strings.Cut(testservers.Mongo(t), "?")
	address := strings.TrimSuffix(base, "/") + "/test_" + strings.ToLower(rand.Text()[:12])
	if query != "" {
		address += "?" + query
	}
	t.Cleanup(func() {
		db, err := Open(context.Background(), address)
		if err != nil {
			t.Error(err)
			return
		}
		if err := errors.Join(db.db.Drop(context.Background()), db.Close()); err != nil {
			t.Error(err)
		}
	})
	return address
}

func open(t testing.TB, address string) *DB {
	t.Helper()
	db, err := Open(t.Context(), address)
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

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.DB { return open(t, address(t)) })
	t.Run("Reopen", func(t *testing.T) {
		address := address(t)
		storetest.RunReopen(t, func(t *testing.T) store.DB { return open(t, address) })
	})
}

func Benchmark(b *testing.B) {
	if testservers.OwnMongo() {
		b.Skip("FerretDB's speed says nothing about MongoDB's: set TRUYNGUON_TEST_MONGO")
	}
	storetest.Benchmark(b, 50_000, func(b *testing.B) store.DB { return open(b, address(b)) })
}

// A page must be a walk along the index: a server that sorts in memory reads every record that
// carries the term, and gives up at 100 MB of them.
func TestPlans(t *testing.T) {
	if testservers.OwnMongo() {
		t.Skip("FerretDB uses no indexes: set TRUYNGUON_TEST_MONGO")
	}
	db := open(t, address(t))
	for i := range 500 {
		r := store.Record{Key: fmt.Sprint("k", i), Sort: fmt.Sprint(i / 100), Terms: []string{"x", "y"}, Body: json.RawMessage(`{}`)}
		if err := db.Insert(t.Context(), "thing", r); err != nil {
			t.Fatal(err)
		}
	}
	page, err := db.Find(t.Context(), "thing", store.Query{Term: "x", Limit: 150})
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []store.Query{
		{Term: "x"}, {Term: ""}, {Term: "x", Desc: true}, {Term: "x", From: "1", To: "3"},
		{Any: []string{"x", "y"}, Limit: 150}, {Any: []string{"x"}, From: "1", To: "3"},
		{Term: "x", After: page.Next}, {Term: "x", After: page.Next, Desc: true}, {Term: "x", From: "0", To: "4", After: page.Next},
	} {
		b, err := q.Bounds()
		if err != nil {
			t.Fatal(err)
		}
		var plan bson.M
		if err := db.db.RunCommand(t.Context(), bson.D{
			{Key: "explain", Value: bson.D{
				{Key: "find", Value: "thing"}, {Key: "filter", Value: filter(carrying(q.Term, b), b)},
				{Key: "sort", Value: order(q.Desc)}, {Key: "limit", Value: b.Limit + 1},
			}},
			{Key: "verbosity", Value: "executionStats"},
		}).Decode(&plan); err != nil {
			t.Fatal(err)
		}
		text, err := bson.MarshalExtJSON(plan, false, false)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), `"stage":"SORT"`) || strings.Contains(string(text), "COLLSCAN") {
			t.Errorf("%+v is planned as %s", q, text)
		}
		var stats struct {
			ExecutionStats struct{ TotalDocsExamined int }
		}
		if err := json.Unmarshal(text, &stats); err != nil {
			t.Fatal(err)
		}
		if n := stats.ExecutionStats.TotalDocsExamined; n > (b.Limit+2)*max(1, len(q.Any)) {
			t.Errorf("%+v examines %d documents for a page of %d", q, n, b.Limit)
		}
	}
}

// The server may start after us; until it does, everything fails soon and says why.
func TestServerAway(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	db := open(t, "mongodb://"+nobody+"/x?serverSelectionTimeoutMS=200")
	r := store.Record{Key: "k", Rev: 1, Body: json.RawMessage(`{}`)}
	for name, f := range map[string]func(context.Context) error{
		"get":     func(ctx context.Context) error { _, err := db.Get(ctx, "thing", "k"); return err },
		"find":    func(ctx context.Context) error { _, err := db.Find(ctx, "thing", store.Query{}); return err },
		"insert":  func(ctx context.Context) error { return db.Insert(ctx, "thing", r) },
		"replace": func(ctx context.Context) error { return db.Replace(ctx, "thing", r) },
		"delete":  func(ctx context.Context) error { return db.Delete(ctx, "thing", "k", 1) },
		"ping":    db.Ping,
	} {
		t.Run(name, func(t *testing.T) {
			if err := f(t.Context()); !errors.Is(err, fault.Unavailable) {
				t.Errorf("%v, want unavailable", err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			if err := f(ctx); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, fault.Unavailable) {
				t.Errorf("%v, want the context's error", err)
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, address := range []string{"", "sqlite:x", "mongodb://", "mongodb://user:secret@127.0.0.1:1/", "mongodb://127.0.0.1:1", "mongodb://h/db?journal=x&password=secret"} {
		db, err := Open(t.Context(), address)
		if err == nil {
			_ = db.Close()
			t.Errorf("opened %q", address)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("error %q tells the password", err)
		}
	}
}

// People query by hand: the document is there, with its numbers as numbers.
func TestReadable(t *testing.T) {
	for _, test := range []struct {
		body string
		want bson.D
	}{
		{`{}`, bson.D{}},
		{`{"b":1,"a":[true,null,"x",{"y":1.250}]}`, bson.D{
			{Key: "b", Value: int64(1)},
			{Key: "a", Value: bson.A{true, nil, "x", bson.D{{Key: "y", Value: 1.25}}}},
		}},
		{`{"https://x.y/":1,"$a$":2}`, bson.D{{Key: "https://x．y/", Value: int64(1)}, {Key: "＄a$", Value: int64(2)}}},
		{`{"n":[9007199254740993,1e400,-0.0,-0]}`, bson.D{{Key: "n", Value: bson.A{int64(9007199254740993), "1e400", 0.0, int64(0)}}}},
		{`{"a":1,"a":2}`, nil},
		{`{"":1}`, nil},
		{`{"\u0000":1}`, nil},
		{`{"a":` + strings.Repeat("[", 60) + strings.Repeat("]", 60) + `}`, nil},
		{`{"a":"` + strings.Repeat("x", maxReadableSize) + `"}`, nil},
	} {
		if diff := cmp.Diff(test.want, readable(json.RawMessage(test.body))); diff != "" {
			t.Errorf("%.80s (-want +got):\n%s", test.body, diff)
		}
	}
	db := open(t, address(t))
	if err := db.Insert(t.Context(), "thing", store.Record{Key: "k", Body: json.RawMessage(`{"lot":"L1","quantity":{"value":1.250}}`)}); err != nil {
		t.Fatal(err)
	}
	var got struct {
		JSON string `bson:"json"`
		Doc  bson.M `bson:"doc"`
	}
	if err := db.db.Collection("thing").FindOne(t.Context(), bson.D{{Key: "doc.quantity.value", Value: 1.25}}).Decode(&got); err != nil {
		t.Fatal(err)
	}
	if want := `{"lot":"L1","quantity":{"value":1.250}}`; got.JSON != want || got.Doc["lot"] != "L1" {
		t.Errorf("got %+v", got)
	}
}
