package locale

import (
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"

	"truynguon/internal/fault"
	"truynguon/static"
)

func catalogue(t testing.TB) *Catalogue {
	t.Helper()
	c, err := Load(static.FS)
	if err != nil {
		t.Fatalf("the catalogues in static/locale:\n%v", err)
	}
	return c
}

func TestEveryLanguageIsComplete(t *testing.T) {
	c := catalogue(t)
	for _, missing := range c.Missing() {
		t.Errorf("missing in static/locale: %s", missing)
	}
	if diff := cmp.Diff([]string{"vi", "en"}, c.Languages()); diff != "" {
		t.Error(diff)
	}
}

// A letter that English does not have; where both languages have the same text with such letters,
// somebody forgot to translate.
var vietnameseOnly = regexp.MustCompile(`[ăâđêôơưĂÂĐÊÔƠƯ\x{1ea0}-\x{1ef9}àáãèéìíĩòóõùúũýÀÁÃÈÉÌÍĨÒÓÕÙÚŨÝ]`)

// What is left when Vietnamese text has been through the wrong encoding: a question mark inside a
// word, or UTF-8 read as Latin-1 or Windows-1252.
var garbage = regexp.MustCompile(`\pL\?\pL|[ÃÂÄÆ][\x{80}-\x{bf}\x{2018}-\x{2122}]|á[»º]|\x{fffd}`)

func TestTextsAreSound(t *testing.T) {
	c := catalogue(t)
	for _, lang := range c.Languages() {
		for _, key := range slices.Sorted(maps.Keys(c.texts[lang])) {
			text := c.texts[lang][key].String()
			complain := func(what string) { t.Errorf("%s: %q %s: %q", lang, key, what, text) }
			if !norm.NFC.IsNormalString(text) {
				complain("is not NFC")
			}
			if _, bad := fault.Unprintable(text); bad {
				complain("has a character that cannot be seen")
			}
			if garbage.MatchString(text) {
				complain("was damaged by a wrong encoding")
			}
			if strings.TrimSpace(text) != text || text == "" {
				complain("is empty or has space at an end")
			}
			if strings.IndexFunc(key, func(r rune) bool {
				return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._-", r)
			}) >= 0 {
				complain("is no plain key")
			}
			if m, ok := c.texts[Default][key]; ok && lang != Default && m.String() == text && vietnameseOnly.MatchString(text) {
				complain("is not translated")
			}
		}
	}
}

func TestGarbageIsRecognised(t *testing.T) {
	for _, bad := range []string{"H?p tác xã", "Há»£p tÃ¡c xÃ£", "H\ufffdp", "Cà phê Ä\u0090ắk"} {
		if !garbage.MatchString(bad) {
			t.Errorf("%q passes", bad)
		}
	}
	for _, good := range []string{"Hợp tác xã?", "Âm, Ăn, ÁO, á", "Has it?", "à á » ok"} {
		if garbage.MatchString(good) {
			t.Errorf("%q does not pass", good)
		}
	}
}

func files(kv ...string) fs.FS {
	m := fstest.MapFS{}
	for i := 0; i < len(kv); i += 2 {
		m["locale/"+kv[i]] = &fstest.MapFile{Data: []byte(kv[i+1])}
	}
	return m
}

func TestLoadRefuses(t *testing.T) {
	for _, tt := range []struct {
		name string
		fsys fs.FS
		want []string // each in the error
	}{
		{"no folder", fstest.MapFS{}, []string{"message catalogues"}},
		{"no default", files("en/a.json", `{"a":"b"}`), []string{"default language"}},
		{"bad JSON", files("vi/a.json", `{"a":"b"`), []string{"locale/vi/a.json"}},
		{"an array", files("vi/a.json", `["a"]`), []string{"not a JSON object"}},
		{"nested", files("vi/a.json", `{"a":{"b":"c"}}`), []string{`"a" is not a text`}},
		{"trailing", files("vi/a.json", `{"a":"b"} {}`), []string{"something follows"}},
		{"no language", files("vi/a.json", `{"a":"b"}`, "x1y2/a.json", `{"a":"b"}`), []string{"x1y2"}},
		{"twice in a file", files("vi/a.json", `{"k":"1","k":"2"}`), []string{`"k" is already defined in locale/vi/a.json`}},
		{"twice in two areas", files("vi/a.json", `{"k":"1"}`, "vi/b.json", `{"k":"1"}`), []string{`locale/vi/b.json: "k" is already defined in locale/vi/a.json`}},
		{"places", files("vi/a.json", `{"k":"{0} {1}"}`, "en/a.json", `{"k":"{0}"}`), []string{`en: the places of "k"`}},
		{"braces and all at once", files("vi/a.json", `{"a":"{","b":"}","c":"{x}","d":"{0:money}","e":"{00}","f":"{99}"}`),
			[]string{`"a": stray`, `"b": stray`, `"c": "{x}"`, `"d"`, `"e"`, `"f"`}},
		{"form that Vietnamese lacks", files("vi/a.json", `{"k.one":"a","k.other":"b"}`), []string{`vi: "k.one"`}},
		{"more in .one", files("vi/a.json", `{"k.other":"{0}"}`, "en/a.json", `{"k.other":"{0}","k.one":"{1}"}`), []string{`"k.one" has the place {1}`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Load(tt.fsys)
			if err == nil {
				t.Fatal("loaded")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("no %q in: %v", want, err)
				}
			}
		})
	}
}

func TestMissing(t *testing.T) {
	c, err := Load(files(
		"vi/a.json", `{"a":"1","lots.other":"{0} lô","reason.other":"khác"}`,
		"en/a.json", `{"b":"1","lots.one":"one lot"}`,
		"pl/a.json", `{"a":"1","b":"1","reason.other":"inny"}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"en: a", "en: lots.other", "en: reason.other",
		"pl: lots.few", "pl: lots.many", "pl: lots.one", "pl: lots.other",
		"vi: b",
	}
	if diff := cmp.Diff(want, c.Missing()); diff != "" {
		t.Error(diff)
	}
}

func TestMatch(t *testing.T) {
	c := catalogue(t)
	for _, tt := range []struct {
		preferred []string
		want      string
	}{
		{nil, "vi"},
		{[]string{"", "", ""}, "vi"},
		{[]string{"en"}, "en"},
		{[]string{"en-GB"}, "en"},
		{[]string{"", "en", "vi-VN,vi;q=0.9"}, "en"},
		{[]string{"fr", "", "en-US,en;q=0.9,vi;q=0.8"}, "en"},
		{[]string{"fr-FR,fr;q=0.9,vi;q=0.2,en;q=0.1"}, "vi"},
		{[]string{"zh-CN,zh;q=0.9"}, "vi"},
		{[]string{"*"}, "vi"},
		{[]string{"../../etc/passwd", "en;q=x", "en"}, "en"},
		{[]string{strings.Repeat("fr,", 300) + "en"}, "vi"},
		{[]string{"en," + strings.Repeat("fr,", 300)}, "en"},
		{[]string{strings.Repeat("-", 5000)}, "vi"},
	} {
		if got := c.Match(tt.preferred...); got != tt.want {
			t.Errorf("Match(%.60q) = %q, want %q", tt.preferred, got, tt.want)
		}
	}
	if got := c.Printer("xx").Lang(); got != "vi" {
		t.Errorf("a language that is not there has printer %q", got)
	}
}

func TestConcurrency(t *testing.T) {
	c := catalogue(t)
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			p := c.Printer(c.Match([]string{"vi", "en", "en-GB;q=0.5"}[i%3]))
			for j := range 200 {
				p.T("common.yes")
				p.T(fmt.Sprint("no such key ", j%300))
				p.Quantity("1250.5", "KGM")
				p.Date("2026-03-10")
			}
		})
	}
	wg.Wait()
	if n := len(c.Missed()); n != 200 {
		t.Errorf("%d keys missed, want 200", n)
	}
}

func BenchmarkT(b *testing.B) {
	c := catalogue(b)
	p := c.Printer("vi")
	b.Run("plain", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			p.T("common.save")
		}
	})
	b.Run("places", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			p.T("fault.label_too_small", "25.1", "30")
		}
	})
	b.Run("match", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			c.Match("", "", "vi-VN,vi;q=0.9,en-US;q=0.6,en;q=0.5")
		}
	})
	b.Run("fold", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			Fold("Hợp tác xã Cà phê Đắk Lắk")
		}
	})
}
