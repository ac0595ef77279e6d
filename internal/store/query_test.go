package store_test

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// Whatever the position, its cursor leads back to it.
func TestCursor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(0, 20, store.MaxKey).Filter(func(s string) bool { return !strings.Contains(s, "\x00") })
		r := store.Record{Sort: text.Draw(t, "sort"), Key: "k" + text.Draw(t, "key")}
		page := store.NewPage([]store.Record{r, {Key: "next"}}, 1)
		b, err := store.Query{After: page.Next}.Bounds()
		if err != nil || b.Low != (store.Position{Sort: r.Sort, Key: r.Key}) {
			t.Fatalf("%q leads to %+v, %v", page.Next, b, err)
		}
	})
}

// Cursors come back from strangers: each is refused or is one that a page could have given out.
func FuzzCursor(f *testing.F) {
	for _, seed := range []string{"", "MgBrMg", "AAAA", "AGs", "////", "AB\n0", "ậ"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cursor string) {
		b, err := store.Query{After: cursor}.Bounds()
		switch {
		case cursor == "":
			if err != nil {
				t.Error(err)
			}
		case err != nil:
			if !errors.Is(err, fault.Malformed) {
				t.Errorf("error = %v, want %v", err, fault.Malformed)
			}
		default:
			page := store.NewPage([]store.Record{{Sort: b.Low.Sort, Key: b.Low.Key}, {}}, 1)
			if page.Next != cursor {
				t.Errorf("%q reads as %+v, which is written %q", cursor, b.Low, page.Next)
			}
		}
	})
}
