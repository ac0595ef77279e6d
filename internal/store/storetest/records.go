package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// Most reads are of addresses that strangers type: absence is an answer, not an error, and must
// not create the kind.
func testNotFound(t *testing.T, db store.DB) {
	for range 2 { // before the kind exists, and after
		same(t, nil, get(t, db, "k"))
		same(t, nil, get(t, db))
		same(t, nil, get(t, db, "", "\xff", "a\x00b", strings.Repeat("x", store.MaxKey+1)))
		same(t, nil, find(t, db, store.Query{Term: "a"}).Records)
		same(t, nil, find(t, db, store.Query{}).Records)
		is(t, db.Replace(t.Context(), kind, rec("k", "", `{}`)), fault.NotFound)
		is(t, db.Delete(t.Context(), kind, "k", 1), fault.NotFound)
		is(t, db.Delete(t.Context(), kind, "", 1), fault.NotFound)
		same(t, nil, get(t, db, "k")) // a replace never inserts
		must(t, db.Insert(t.Context(), kind, rec("other", "", `{}`)))
		must(t, db.Delete(t.Context(), kind, "other", 1))
	}
}

// Uniqueness of the key is what makes recording twice recording once.
func testInsert(t *testing.T, db store.DB) {
	r := rec("k", "s", `{"a":1}`, "x", "y")
	r.Rev = 7 // which insert ignores
	must(t, db.Insert(t.Context(), kind, r))
	is(t, db.Insert(t.Context(), kind, rec("k", "other", `{"a":2}`, "z")), fault.Exists)
	want := []store.Record{rec("k", "s", `{"a":1}`, "x", "y")}
	same(t, want, get(t, db, "k"))
	same(t, want, find(t, db, store.Query{Term: "x"}).Records)
	found(t, db, store.Query{Term: "z"}) // the loser leaves no trace
	found(t, db, store.Query{}, "k")

	// Terms are a set, and every record carries the empty one, asked for or not.
	must(t, db.Insert(t.Context(), kind, rec("k2", "s", `{}`, "y", "", "x", "y")))
	same(t, []store.Record{rec("k2", "s", `{}`, "x", "y")}, get(t, db, "k2"))
	found(t, db, store.Query{Term: "y"}, "k", "k2")
	found(t, db, store.Query{}, "k", "k2")
}

// A revision is what a person saw before deciding; if it is not current, the decision is not valid.
func testReplace(t *testing.T, db store.DB) {
	must(t, db.Insert(t.Context(), kind, rec("k", "s", `{"a":1}`, "x")))
	r := rec("k", "s", `{"a":2}`, "x")
	must(t, db.Replace(t.Context(), kind, r))
	is(t, db.Replace(t.Context(), kind, r), fault.Stale)
	for _, rev := range []int64{0, -1, 1, 3, 1 << 60} {
		r.Rev, r.Body = rev, []byte(`{"a":3}`)
		is(t, db.Replace(t.Context(), kind, r), fault.Stale)
	}
	want := rec("k", "s", `{"a":2}`, "x")
	want.Rev = 2
	same(t, []store.Record{want}, get(t, db, "k"))
	// Replacing by the same content is a write like any other: whoever read revision 2 is stale.
	must(t, db.Replace(t.Context(), kind, want))
	is(t, db.Replace(t.Context(), kind, want), fault.Stale)
	want.Rev = 3
	same(t, []store.Record{want}, get(t, db, "k"))
}

// Personal data must be erasable, and a name that became free can be given again.
func testDelete(t *testing.T, db store.DB) {
	for range 2 {
		must(t, db.Insert(t.Context(), kind, rec("k", "s", `{"a":1}`, "x")))
		must(t, db.Insert(t.Context(), kind, rec("stays", "s", `{}`, "x")))
		must(t, db.Replace(t.Context(), kind, rec("k", "s", `{"a":2}`, "x")))
		is(t, db.Delete(t.Context(), kind, "k", 1), fault.Stale)
		is(t, db.Delete(t.Context(), kind, "k", 3), fault.Stale)
		found(t, db, store.Query{Term: "x"}, "k", "stays")
		must(t, db.Delete(t.Context(), kind, "k", 2))
		is(t, db.Delete(t.Context(), kind, "k", 2), fault.NotFound)
		is(t, db.Replace(t.Context(), kind, rec("k", "s", `{}`)), fault.NotFound)
		same(t, nil, get(t, db, "k"))
		found(t, db, store.Query{Term: "x"}, "stays")
		found(t, db, store.Query{}, "stays")
		must(t, db.Delete(t.Context(), kind, "stays", 1))
	}
}

// A page about a lot needs dozens of records; a round trip for each would be felt.
func testGetMany(t *testing.T, db store.DB) {
	var ask []string
	var want []store.Record
	for i := range 300 {
		key := fmt.Sprintf("k%d", i)
		ask = append(ask, key, "missing"+key)
		want = append(want, rec(key, "s", fmt.Sprintf(`{"i":%d}`, i)))
		must(t, db.Insert(t.Context(), kind, want[i]))
	}
	// The order is the caller's, neither that of keys nor that of insertion.
	slices.Reverse(ask)
	slices.Reverse(want)
	same(t, want, get(t, db, ask...))
	same(t, want[:2], get(t, db, want[0].Key, "", want[1].Key, want[0].Key, "\xff"))
}

// A kind is a namespace of its own; its name becomes the name of a collection, so it is plain.
func testKinds(t *testing.T, db store.DB) {
	must(t, db.Insert(t.Context(), "one", rec("k", "s", `{"a":1}`, "x")))
	must(t, db.Insert(t.Context(), "two_2", rec("k", "s", `{"a":2}`, "x")))
	must(t, db.Delete(t.Context(), "one", "k", 1))
	page, err := db.Find(t.Context(), "two_2", store.Query{Term: "x"})
	must(t, err)
	same(t, []store.Record{rec("k", "s", `{"a":2}`, "x")}, page.Records)
	for _, bad := range []string{"", "A", "a b", "a.b", "a$", "system.users", "é", "1a", "_a", strings.Repeat("a", 41)} {
		_, err := db.Get(t.Context(), bad, "k")
		is(t, err, fault.Invalid)
		_, err = db.Find(t.Context(), bad, store.Query{})
		is(t, err, fault.Invalid)
		is(t, db.Insert(t.Context(), bad, rec("k", "", `{}`)), fault.Invalid)
		is(t, db.Replace(t.Context(), bad, rec("k", "", `{}`)), fault.Invalid)
		is(t, db.Delete(t.Context(), bad, "k", 1), fault.Invalid)
	}
}

// oddTexts are keys, sorts and terms that a database might fold, normalise, trim, read as a path
// or operator or number, or quote wrongly. Each must differ from every other. "đ" has no
// decomposition, and Vietnamese is typed both ways.
var oddTexts = []string{
	"/", ".", "..", "$", "$set", "$oid", "a.b", "a/b", "%2F", "%", "_", "*", "?", "#", "&", `"`, `\`, "'", "''", "`",
	";--", "{}", `{"$gt":""}`, "[]", "null", "0", "00", "1", "1.0", "1e0", "-1", "true", " ", "  ", "\t", "\n", "\r\n", "a ",
	"a", "A", "e", "é", "e\u0301", "É", "Đ", "đ", "ắ", "a\u0306\u0301", "ß", "ss", "ı", "i", "İ", "ﬁ", "\u200b", "\u200d",
	"\ufeff", "\uffff", "\ufffd", "😀", "\U0010ffff", "\x01", "\x7f", "_id", "id", "Đắk Lắk", "Dak Lak", "2026-03-10T00:00:00Z",
	"<b>", "\u2028", "=", "district=VN-33",
	strings.Repeat("x", store.MaxKey), strings.Repeat("x", store.MaxKey-1) + "y", strings.Repeat("ắ", store.MaxKey/3),
}

// Keys come from people, other systems and GS1 elements; sorts and terms from what people wrote.
func testOddTexts(t *testing.T, db store.DB) {
	for i, text := range oddTexts {
		must(t, db.Insert(t.Context(), kind, rec(text, text, fmt.Sprintf(`{"i":%d}`, i), text)))
	}
	for i, text := range oddTexts {
		want := []store.Record{rec(text, text, fmt.Sprintf(`{"i":%d}`, i), text)}
		same(t, want, get(t, db, text))
		page := find(t, db, store.Query{Term: text})
		same(t, want, page.Records)
	}
	same(t, nil, get(t, db, "B", "È", "xx"))
	inOrder := slices.Sorted(slices.Values(oddTexts)) // Go compares bytes
	same(t, get(t, db, inOrder...), find(t, db, store.Query{Limit: store.MaxLimit}).Records)
	found(t, db, store.Query{Limit: 1}, inOrder...) // every text passes through a cursor
	for _, text := range oddTexts {
		r := rec(text, text, `{}`, text, "second")
		must(t, db.Replace(t.Context(), kind, r))
	}
	found(t, db, store.Query{Term: "second"}, inOrder...)
	for _, text := range oddTexts {
		must(t, db.Delete(t.Context(), kind, text, 2))
	}
	found(t, db, store.Query{})
}

// Limits are the same everywhere, or data could not move from one database to another. A refused
// record changes nothing.
func testLimits(t *testing.T, db store.DB) {
	must(t, db.Insert(t.Context(), kind, rec("k", "s", `{}`)))
	many := make([]string, store.MaxTerms+1)
	for i := range many {
		many[i] = fmt.Sprint(i)
	}
	long := strings.Repeat("x", store.MaxKey+1)
	for name, r := range map[string]store.Record{
		"empty key":     rec("", "", `{}`),
		"long key":      rec(long, "", `{}`),
		"key not UTF-8": rec("\xff", "", `{}`),
		"NUL in key":    rec("a\x00", "", `{}`),
		"long sort":     rec("k", long, `{}`),
		"sort not UTF":  rec("k", "\xed\xa0\x80", `{}`),
		"NUL in sort":   rec("k", "\x00", `{}`),
		"long term":     rec("k", "", `{}`, long),
		"NUL in term":   rec("k", "", `{}`, "\x00"),
		"too many":      rec("k", "", `{}`, many...),
		"no body":       rec("k", "", ``),
		"array":         rec("k", "", `[]`),
		"null":          rec("k", "", `null`),
		"two bodies":    rec("k", "", `{}{}`),
		"cut off":       rec("k", "", `{"a":`),
		"body no UTF-8": rec("k", "", "{\"a\":\"\xff\"}"),
	} {
		t.Run(name, func(t *testing.T) {
			is(t, db.Insert(t.Context(), kind, r), fault.Invalid)
			is(t, db.Replace(t.Context(), kind, r), fault.Invalid)
		})
	}
	large := rec("k", "", `{"a":"`+strings.Repeat("x", store.MaxBody)+`"}`)
	is(t, db.Insert(t.Context(), kind, large), fault.TooLarge)
	is(t, db.Replace(t.Context(), kind, large), fault.TooLarge)
	same(t, []store.Record{rec("k", "s", `{}`)}, find(t, db, store.Query{}).Records)
	must(t, db.Insert(t.Context(), kind, rec("most", "", `{}`, many[1:]...)))
	found(t, db, store.Query{Term: many[1]}, "most")
	for _, text := range []string{long, "\xff", "\x00"} { // no record can match, so none is found
		found(t, db, store.Query{Term: text})
	}
}

// Bodies are signed, hashed and exported, so they come back byte for byte: no number is rounded, no
// member dropped, renamed or reordered. This is what a database that keeps documents of its own
// kind gets wrong.
func testBodies(t *testing.T, db store.DB) {
	for i, body := range []string{
		`{}`,
		` { "b" : 1 , "a" : 2 } `,
		`{"$oid":"507f1f77bcf86cd799439011"}`,
		`{"a":{"$date":"2026-03-10T00:00:00Z"}}`,
		`{"$set":{"a":1},"$where":"1"}`,
		`{"a.b":1,"a":{"b.c":{"d.e":[{"f.g":1}]}},".":1,"..":2,"":{"":3}}`,
		`{"https://ref.gs1.org/epcis/":1,"cbvmda:lotNumber":"L1","@context":[]}`,
		`{"_id":"x","id":1,"terms":["not mine"],"sort":1,"rev":99,"json":"{}","doc":{},"key":2}`,
		`{"a":1,"a":2}`,
		`{"n":[9007199254740993,-9007199254740993,9223372036854775807,-9223372036854775808,18446744073709551615]}`,
		`{"n":[1.250,1.0,1e2,1E+2,0.1,-0,-0.0,1e400,1e-400,3.14159265358979323846264338327950288]}`,
		`{"n":123456789012345678901234567890.123456789}`,
		`{"t":"2026-03-10T07:00:00.123456789+07:00","d":"2026-03-10","o":"2026-03-10T00:00:00.000Z"}`,
		`{"s":"\u0000 \ud800 \u00e9 é e` + "\u0301" + ` \/ <&> \u2028` + "\u2028 \u007f" + `"}`,
		`{"\u0000":1,"a\u0000b":2,"\u00e9":3,"é":4,"e` + "\u0301" + `":5}`,
		`{"x":null,"y":[],"z":{},"b":[true,false,null,"",[[]]]}`,
		`{"a":` + strings.Repeat(`{"a":`, 60) + `1` + strings.Repeat(`}`, 61),
		`{"a":` + strings.Repeat(`[`, 500) + strings.Repeat(`]`, 500) + `}`,
		`{"a":` + strings.Repeat(`{"a":`, 5000) + `1` + strings.Repeat(`}`, 5001),
		"{\"a\"\r\n:\t1}",
	} {
		key := fmt.Sprint("k", i)
		r := rec(key, "s", body, "x")
		if err := db.Insert(t.Context(), kind, r); err != nil {
			t.Errorf("insert %.80s: %v", body, err)
			continue
		}
		same(t, []store.Record{r}, get(t, db, key))
		if err := db.Replace(t.Context(), kind, r); err != nil {
			t.Errorf("replace %.80s: %v", body, err)
			continue
		}
		r.Rev = 2
		same(t, []store.Record{r}, get(t, db, key))
		same(t, []store.Record{r}, find(t, db, store.Query{Limit: 1}).Records)
		must(t, db.Delete(t.Context(), kind, key, 2))
	}
}

// A growing area with its polygon, or an import with its report, is large.
func testLargeBody(t *testing.T, db store.DB) {
	for _, size := range []int{1 << 20, store.MaxBody} {
		const frame = `{"a":"","n":1.250}`
		body := `{"a":"` + strings.Repeat("ế", (size-len(frame))/3) + `","n":1.250}`
		r := rec(fmt.Sprint("k", size), "s", body, "x")
		must(t, db.Insert(t.Context(), kind, r))
		got := get(t, db, r.Key)
		if len(got) != 1 || string(got[0].Body) != body {
			t.Errorf("a body of %d bytes did not come back", size)
		}
		must(t, db.Replace(t.Context(), kind, r))
		if got := find(t, db, store.Query{Term: "x", Desc: true, Limit: 1}).Records; len(got) != 1 || string(got[0].Body) != body {
			t.Errorf("a body of %d bytes was not found again", size)
		}
	}
}
