package web

import (
	"encoding/json"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"truynguon/internal/gs1"
)

// ceRecord is one of the records that GS1's own resolver is tested with.
type ceRecord struct {
	Anchor          string
	DefaultLinktype string
	Qualifiers      []map[string]string
	Links           []struct {
		Linktype, Href, Title, Type string
		Hreflang, Context           []string
	}
}

// ceRecordFor answers the record for a path. An asset's pattern "{1}" and a lot's "{lotnumber}" are what
// GS1's resolver fills in; ours keeps no links that others wrote, so the test does it.
func ceRecordFor(t *testing.T, key gs1.Key) (ceRecord, map[string]string) {
	t.Helper()
	var all []ceRecord
	files := []string{"01_09506000134352", "01_09506000134376", "8004_0950600013430000001", "8004_095060001343"}
	for _, name := range files {
		text, err := os.ReadFile("testdata/resolver/ce-fixtures/test_" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(strings.TrimSpace(string(text)), "[") {
			var some []ceRecord
			if err := json.Unmarshal(text, &some); err != nil {
				t.Fatal(err)
			}
			all = append(all, some...)
			continue
		}
		var one ceRecord
		if err := json.Unmarshal(text, &one); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	fill := map[string]string{"{lotnumber}": key.Lot(), "{serialnumber}": key.Serial()}
	primary := "/" + key.Primary.AI + "/" + key.Primary.Value
	for _, r := range all {
		fits := r.Anchor == primary && len(r.Qualifiers) == len(key.Qualifiers)
		for _, q := range r.Qualifiers {
			for ai := range q {
				fits = fits && key.Qualifiers.Value(ai) != ""
			}
		}
		if fits {
			return r, fill
		}
	}
	for _, r := range all { // a variable asset begins with what is registered
		if rest, ok := strings.CutPrefix(primary, r.Anchor); ok && key.Primary.AI == "8004" {
			fill["{1}"] = rest
			return r, fill
		}
	}
	t.Fatalf("no record for %s", primary)
	return ceRecord{}, nil
}

// choose leads where GS1's own resolver is tested to lead.
func TestChooseAsGS1(t *testing.T) {
	type row struct {
		ID      string
		Request struct {
			Path    string
			Headers map[string]string
		}
		Expect struct {
			Status           int
			Location         string
			LocationContains []string
		}
	}
	for _, r := range jsonLines[row](t, "testdata/resolver/ce-behaviours.jsonl") {
		key, err := gs1.ParseLink(r.Request.Path)
		if err != nil {
			t.Fatal(err)
		}
		record, fill := ceRecordFor(t, key)
		u, err := url.Parse(r.Request.Path)
		if err != nil {
			t.Fatal(err)
		}
		asked := u.Query().Get("linkType")
		if asked == "" {
			asked = record.DefaultLinktype
		}
		var links []link
		for _, l := range record.Links {
			if l.Linktype == asked {
				for from, to := range fill {
					l.Href = strings.ReplaceAll(l.Href, from, to)
				}
				links = append(links, link{Href: l.Href, Title: l.Title, Type: l.Type, Hreflang: l.Hreflang, Context: l.Context})
			}
		}
		status, location := 404, ""
		if len(links) > 0 {
			best := choose(links, preferences{
				languages: parseAcceptLanguage(r.Request.Headers["Accept-Language"]), media: weighted(r.Request.Headers["Accept"]), fallback: "vi",
			})
			status = 300
			if len(best) == 1 {
				status, location = 307, best[0].Href
			}
		}
		if status != r.Expect.Status || r.Expect.Location != "" && location != r.Expect.Location {
			t.Errorf("%s: got %d %s, want %d %s", r.ID, status, location, r.Expect.Status, r.Expect.Location)
		}
		for _, part := range r.Expect.LocationContains {
			if !strings.Contains(location, part) {
				t.Errorf("%s: got %s, want it to contain %s", r.ID, location, part)
			}
		}
	}
}

func TestChoose(t *testing.T) {
	vi := link{Href: "vi", Type: "text/html", Hreflang: []string{"vi"}}
	en := link{Href: "en", Type: "text/html", Hreflang: []string{"en"}}
	us := link{Href: "us", Type: "text/html", Hreflang: []string{"en-US"}}
	data := link{Href: "data", Type: "application/json"}
	lk := link{Href: "lk", Type: "application/pdf", Context: []string{"LK"}}
	vn := link{Href: "vn", Type: "application/pdf", Context: []string{"VN"}}
	pdf := link{Href: "pdf", Type: "application/pdf"}
	for _, c := range []struct {
		name           string
		links          []link
		accept, langs  string
		context        []string
		fallback, want string
	}{
		{"nothing asked", []link{vi, en, data}, "", "", nil, "vi", "vi"},
		{"the site's language", []link{vi, en, data}, "*/*", "*", nil, "en", "en"},
		{"a language", []link{vi, en, data}, "*/*", "en", nil, "vi", "en"},
		{"a language with a region", []link{vi, en}, "", "en-AU,vi;q=0.5", nil, "vi", "en"},
		{"a region's", []link{vi, en, us}, "", "en-US", nil, "vi", "us"},
		{"a language that is only there for a region", []link{vi, us}, "", "en", nil, "vi", "us"},
		{"a language of less weight", []link{vi, en}, "", "fr, vi;q=0.2, en;q=0.3", nil, "vi", "en"},
		{"a language not wanted", []link{vi, en}, "", "en;q=0, vi;q=0.1", nil, "en", "vi"},
		{"no such language", []link{vi, en}, "", "tlh", nil, "vi", "vi"},
		{"capitals", []link{vi, en}, "", "EN", nil, "vi", "en"},
		{"a browser", []link{data, vi, en}, "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "en", nil, "vi", "en"},
		{"a program", []link{vi, en, data}, "application/json", "en", nil, "vi", "data"},
		{"a program that takes anything else, too", []link{vi, en, data}, "application/json, text/plain, */*", "", nil, "vi", "data"},
		{"a family", []link{data, vi}, "text/*", "", nil, "vi", "vi"},
		{"a type that is refused", []link{vi, data}, "text/html;q=0, */*;q=0.1", "", nil, "vi", "data"},
		{"no such type", []link{vi, en}, "image/png", "en", nil, "vi", "en"},
		{"broken weights", []link{vi, data}, "text/html;q=x, application/json;q=0.1", "", nil, "vi", "data"},
		{"a context", []link{lk, vn, pdf}, "", "", []string{"VN"}, "vi", "vn"},
		{"no context", []link{lk, vn, pdf}, "", "", nil, "vi", "pdf"},
		{"no such context", []link{lk, vn, pdf}, "", "", []string{"FR"}, "vi", "pdf"},
		{"contexts that nobody asked for", []link{lk, vn}, "", "", nil, "vi", "lk vn"},
		{"alike", []link{pdf, pdf}, "", "", nil, "vi", "pdf pdf"},
	} {
		var got []string
		for _, l := range choose(c.links, preferences{
			languages: parseAcceptLanguage(c.langs), media: weighted(c.accept), contexts: c.context, fallback: c.fallback,
		}) {
			got = append(got, l.Href)
		}
		if d := cmp.Diff(c.want, strings.Join(got, " ")); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}
