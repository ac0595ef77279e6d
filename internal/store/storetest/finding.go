package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// A batch that moved to another district must vanish from the first one's list at once.
func testTermsFollow(t *testing.T, db store.DB) {
	must(t, db.Insert(t.Context(), kind, rec("k", "1", `{}`, "a", "b")))
	must(t, db.Insert(t.Context(), kind, rec("other", "2", `{}`, "a", "c")))
	r := rec("k", "1", `{}`, "b", "c")
	must(t, db.Replace(t.Context(), kind, r))
	found(t, db, store.Query{Term: "a"}, "other")
	found(t, db, store.Query{Term: "b"}, "k")
	found(t, db, store.Query{Term: "c"}, "k", "other")
	r.Rev, r.Sort = 2, "3" // the terms stay, the sort moves
	must(t, db.Replace(t.Context(), kind, r))
	found(t, db, store.Query{Term: "c"}, "other", "k")
	found(t, db, store.Query{}, "other", "k")
	found(t, db, store.Query{Term: "c", To: "2"})
	r.Rev, r.Terms = 3, nil
	must(t, db.Replace(t.Context(), kind, r))
	found(t, db, store.Query{Term: "c"}, "other")
	found(t, db, store.Query{}, "other", "k")
	r.Rev = 4
	same(t, []store.Record{r}, get(t, db, "k"))
}

// Text search is a term per folded word, so a record may carry hundreds.
func testManyTerms(t *testing.T, db store.DB) {
	r := rec("k", "s", `{}`)
	for i := range 200 {
		r.Terms = append(r.Terms, fmt.Sprintf("word=%03d", i))
	}
	must(t, db.Insert(t.Context(), kind, r))
	same(t, []store.Record{r}, get(t, db, "k"))
	for _, term := range r.Terms {
		found(t, db, store.Query{Term: term}, "k")
	}
	found(t, db, store.Query{Term: "word="}) // a term is whole, not a beginning
	found(t, db, store.Query{}, "k")         // once, not once for each term
	r.Terms = r.Terms[100:]
	must(t, db.Replace(t.Context(), kind, r))
	found(t, db, store.Query{Term: "word=099"})
	found(t, db, store.Query{Term: "word=100"}, "k")
}

// Order is by bytes and not by collation, so that "Đắk Lắk" sorts the same on every server, and a
// cursor means the same on each. By bytes of UTF-8, that is: not by UTF-16, where U+FFFF follows
// U+10000.
func testOrder(t *testing.T, db store.DB) {
	sorts := []string{"", "\t", " ", "-1", "1", "10", "2", "Dak Lak", "Z", "a", "dak lak", "e", "e\u0301", "z", "É", "é", "Đắk Lắk", "đ", "ắ", "\uffff", "\U00010000"}
	if !slices.IsSorted(sorts) {
		t.Fatal("the test itself is wrong")
	}
	var up []string
	for _, i := range []int{2, 0, 1} { // neither order is that of insertion
		for j := i; j < len(sorts); j += 3 {
			for _, key := range []string{"b", "B", "ấ", "a"} {
				must(t, db.Insert(t.Context(), kind, rec(fmt.Sprintf("%s%02d", key, j), sorts[j], `{}`, "x")))
			}
		}
	}
	for j := range sorts {
		for _, key := range []string{"B", "a", "b", "ấ"} {
			up = append(up, fmt.Sprintf("%s%02d", key, j))
		}
	}
	found(t, db, store.Query{Term: "x"}, up...)
	found(t, db, store.Query{Limit: 7}, up...)
	slices.Reverse(up) // all of it, the keys of equal sorts too
	found(t, db, store.Query{Term: "x", Desc: true}, up...)
	found(t, db, store.Query{Limit: 7, Desc: true}, up...)
}

// A report is about a period: its beginning belongs to it, its end to the next.
func testRange(t *testing.T, db store.DB) {
	for i := range 20 { // two of each sort
		must(t, db.Insert(t.Context(), kind, rec(fmt.Sprintf("k%02d", i), fmt.Sprintf("2026-%02d", i/2), `{}`, "x")))
	}
	for _, limit := range []int{0, 1, 3} {
		found(t, db, store.Query{Term: "x", From: "2026-03", To: "2026-05", Limit: limit}, "k06", "k07", "k08", "k09")
		found(t, db, store.Query{Term: "x", From: "2026-03", To: "2026-05", Limit: limit, Desc: true}, "k09", "k08", "k07", "k06")
		found(t, db, store.Query{From: "2026-09", Limit: limit}, "k18", "k19")
		found(t, db, store.Query{To: "2026-01", Limit: limit}, "k00", "k01")
		found(t, db, store.Query{To: "2026-01", Limit: limit, Desc: true}, "k01", "k00")
		found(t, db, store.Query{From: "2026-08~", Limit: limit}, "k18", "k19") // between two
		found(t, db, store.Query{From: "2026-05", To: "2026-05", Limit: limit})
		found(t, db, store.Query{From: "2026-06", To: "2026-05", Limit: limit})
		found(t, db, store.Query{From: "3", Limit: limit})
		found(t, db, store.Query{To: "1", Limit: limit})
	}
	// A cursor cannot reach outside of the range.
	outside := find(t, db, store.Query{Term: "x", Limit: 2}).Next
	found(t, db, store.Query{Term: "x", From: "2026-03", To: "2026-04", After: outside}, "k06", "k07")
	found(t, db, store.Query{Term: "x", From: "2026-03", To: "2026-04", After: outside, Desc: true})
}

// Lists are read to their end by machines, and a day has thousands of records with one Sort: every
// boundary between pages lies within equal Sorts somewhere. Deep pages must work like the first.
func testPages(t *testing.T, db store.DB) {
	const n = 120 // in three groups of equal sort
	var want []string
	for i := range n {
		key := fmt.Sprintf("k%03d", i)
		want = append(want, key)
		must(t, db.Insert(t.Context(), kind, rec(key, fmt.Sprint(i/40), `{}`, "x", fmt.Sprint("mod", i%7))))
	}
	for _, limit := range []int{1, 7, 39, 40, 41, n - 1, n, n + 1, store.MaxLimit} {
		q := store.Query{Term: "x", Limit: limit}
		found(t, db, q, want...)
		for q.Desc = true; ; {
			page := find(t, db, q)
			if page.Next == "" {
				break
			}
			if len(page.Records) != limit {
				t.Fatalf("a page before the last has %d records, want %d", len(page.Records), limit)
			}
			q.After = page.Next
		}
	}
	// A full page that is the last says so, or a list would end with an empty page.
	if page := find(t, db, store.Query{Term: "x", Limit: n}); len(page.Records) != n || page.Next != "" {
		t.Errorf("%d records and next %q, want %d and none", len(page.Records), page.Next, n)
	}
	if page := find(t, db, store.Query{Term: "x"}); len(page.Records) != store.DefaultLimit || page.Next == "" {
		t.Errorf("%d records without a limit, want %d and a next page", len(page.Records), store.DefaultLimit)
	}
	// The size of the page may change on the way.
	first := find(t, db, store.Query{Term: "x", Limit: 3})
	found(t, db, store.Query{Term: "x", Limit: 100, After: first.Next}, want[3:]...)
}

// Limits and cursors come out of addresses.
func testPageQueries(t *testing.T, db store.DB) {
	must(t, db.Insert(t.Context(), kind, rec("k", "s", `{}`)))
	for _, limit := range []int{-1, store.MaxLimit + 1} {
		_, err := db.Find(t.Context(), kind, store.Query{Limit: limit})
		is(t, err, fault.Invalid)
	}
	for _, cursor := range []string{"x", "AAAA", "%00", "////", strings.Repeat("A", 10000), "ậ", "_w", "AP8"} {
		_, err := db.Find(t.Context(), kind, store.Query{After: cursor})
		is(t, err, fault.Malformed)
	}
}

// One question about many things at once: what a level of a family tree leads to. A record that
// carries several of the terms is there once, and pages are cut as those of one term are.
func testAny(t *testing.T, db store.DB) {
	const n = 60 // in three groups of equal sort
	var threes, either, middle []string
	for i := range n {
		key := fmt.Sprintf("k%03d", i)
		terms := []string{"all"}
		if i%3 == 0 {
			threes = append(threes, key)
			terms = append(terms, "three")
		}
		if i%5 == 0 {
			terms = append(terms, "five", "ậ")
		}
		if i%3 == 0 || i%5 == 0 {
			either = append(either, key)
			if i/20 == 1 {
				middle = append(middle, key)
			}
		}
		must(t, db.Insert(t.Context(), kind, rec(key, fmt.Sprint(i/20), `{"n":1.250}`, terms...)))
	}
	must(t, db.Insert(t.Context(), "another", rec("k", "0", `{}`, "three")))
	terms := []string{"three", "five", "ậ", "nobody", "three", "th", "\xff", "nul\x00"}
	down := slices.Clone(either)
	slices.Reverse(down)
	middleDown := slices.Clone(middle)
	slices.Reverse(middleDown)
	for _, limit := range []int{1, 2, 7, len(either) - 1, len(either), len(either) + 1, store.MaxLimit} {
		found(t, db, store.Query{Any: terms, Limit: limit}, either...)
		found(t, db, store.Query{Any: terms, Limit: limit, Desc: true}, down...)
		found(t, db, store.Query{Any: terms, Limit: limit, From: "1", To: "2"}, middle...)
		found(t, db, store.Query{Any: terms, Limit: limit, From: "1", To: "2", Desc: true}, middleDown...)
		found(t, db, store.Query{Any: []string{"three"}, Limit: limit}, threes...)
	}
	same(t, get(t, db, either...), find(t, db, store.Query{Any: terms}).Records)
	// A full page that is the last says so.
	if page := find(t, db, store.Query{Any: terms, Limit: len(either)}); page.Next != "" {
		t.Error("a last page that is full names another")
	}
	found(t, db, store.Query{Any: []string{}})
	found(t, db, store.Query{Any: []string{"nobody", "\xff"}})
	found(t, db, store.Query{Any: terms, From: "3"})
	if got := all(t, db, store.Query{Any: []string{"", "three"}}); len(got) != n { // every record carries ""
		t.Errorf("the empty term finds %d, want %d", len(got), n)
	}
	many := make([]string, store.MaxAny)
	for i := range many {
		many[i] = fmt.Sprint("none", i)
	}
	many[store.MaxAny/2] = "three"
	found(t, db, store.Query{Any: many, Limit: 7}, threes...)
	_, err := db.Find(t.Context(), kind, store.Query{Any: append(many, "x")})
	is(t, err, fault.Invalid)
	_, err = db.Find(t.Context(), kind, store.Query{Any: []string{"three"}, Term: "five"})
	is(t, err, fault.Invalid)
}
