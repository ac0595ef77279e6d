package web

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"truynguon/internal/gs1"
	"truynguon/internal/trace"
)

// entry is one entry of a linkset as a client reads it.
type entry struct {
	anchor, description string
	links               map[string][]link // by the type's URI
}

// outside is where the links lead that producers add in tests.
const outside = "https://cho.example.vn/"

// linksetOf reads a linkset and checks what the standard asks of every one: GS1's schema; link types of
// the vocabulary; and in each entry one default link, with an address and a title alone, that is listed
// under a descriptive type as well (2.5.8).
func linksetOf(t testing.TB, doc []byte) (out []entry) {
	t.Helper()
	if faults := linksetFaults(doc); len(faults) > 0 {
		t.Fatalf("%v\n%s", faults, doc)
	}
	var d struct{ Linkset []map[string]json.RawMessage }
	if err := json.Unmarshal(doc, &d); err != nil {
		t.Fatal(err)
	}
	for _, members := range d.Linkset {
		e := entry{links: map[string][]link{}}
		for name, value := range members {
			var err error
			switch name {
			case "anchor":
				err = json.Unmarshal(value, &e.anchor)
			case "itemDescription":
				err = json.Unmarshal(value, &e.description)
			default:
				var links []link
				err = json.Unmarshal(value, &links)
				e.links[name] = links
				if lt, err := gs1.ParseLinkType(name); err != nil || lt.URI != name {
					t.Errorf("%s is no link type", name)
				}
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		fallback := e.links[gs1.VocabularyURI+"defaultLink"]
		if len(fallback) != 1 {
			t.Fatalf("%s has %d default links", e.anchor, len(fallback))
		}
		if d := cmp.Diff(link{Href: fallback[0].Href, Title: fallback[0].Title}, fallback[0]); d != "" {
			t.Errorf("%s: the default link says too much: %s", e.anchor, d)
		}
		described := false
		for name, links := range e.links {
			for _, l := range links {
				if l.Title == "" || !strings.HasPrefix(l.Href, base+"/") && !strings.HasPrefix(l.Href, outside) {
					t.Errorf("%s: %s: %+v", e.anchor, name, l)
				}
				described = described || name != gs1.VocabularyURI+"defaultLink" && l.Href == fallback[0].Href
			}
		}
		if !described {
			t.Errorf("%s: the default link has no descriptive type", e.anchor)
		}
		out = append(out, e)
	}
	return out
}

func anchors(entries []entry) (out []string) {
	for _, e := range entries {
		out = append(out, e.anchor)
	}
	return out
}

// A linkset has an entry for the thing and one for each level above that is known (2.5.9).
func TestLinksetEntries(t *testing.T) {
	w := newShop(t)
	other := w.addReleased(orgB, "B-1") // of a product without a GTIN
	k := base + "/01/" + w.gtin
	place := base + "/414/" + w.gln
	for _, c := range []struct {
		path string
		want []string
	}{
		{"/01/" + w.gtin, []string{k}},
		{"/01/" + w.gtin + "/", []string{k}},
		{"/01/" + w.gtin + "/22/X", []string{k}},
		{"/01/" + w.gtin + "/10/L-1", []string{k + "/10/L-1", k}},
		{"/01/" + w.gtin + "/10/L-1/21/7", []string{k + "/10/L-1", k}},
		{"/01/" + w.gtin + "/10/L-2", []string{k + "/10/L-2", k}},
		{"/414/" + w.gln, []string{place}},
		{"/414/" + w.gln + "/254/P-1", []string{place + "/254/P-1"}},
		{"/l/" + w.lot.Code, []string{k + "/10/L-1", k}},
		{"/l/" + other.Code, []string{base + "/l/" + other.Code}},
		{"/products/" + w.gtin, []string{k}},
		{"/places/" + w.gln + "/P-1", []string{place + "/254/P-1"}},
	} {
		a := w.ask("GET", c.path, "Accept", "application/linkset+json").want(200)
		if got := a.Header.Get("Content-Type"); got != "application/linkset+json" {
			t.Errorf("%s: %s", c.path, got)
		}
		if d := cmp.Diff(c.want, anchors(linksetOf(t, a.Body))); d != "" {
			t.Errorf("%s: %s", c.path, d)
		}
		if w.ask("HEAD", c.path, "Accept", "application/linkset+json").Status != 200 {
			t.Errorf("HEAD %s", c.path)
		}
	}
	// What is not known has none that could be taken for its own.
	for _, path := range []string{
		"/01/" + w.gtin + "/10/GIA", "/01/" + w.gtin + "/10/GIA/21/7", "/01/" + w.gtin + "/21/7", "/01/" + w.gtin + "/235/7",
		"/01/09506000134352", "/414/" + w.gln + "/254/P-9", "/00/952012345678912345", "/l/" + trace.NewCode(), "/products/" + w.gtin + "?10=GIA",
	} {
		for _, headers := range [][]string{{"Accept", "application/linkset+json"}, {"Accept", "application/json"}} {
			q := "linkType=linkset&format=linkset"
			if strings.Contains(path, "?") {
				q = "&" + q
			} else {
				q = "?" + q
			}
			if a := w.ask("GET", path+q, headers...); a.Status != 404 || a.Header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s: %d %s", path, a.Status, a.Header.Get("Content-Type"))
			}
		}
	}
}

// How a linkset is asked for, and in which form it comes.
func TestLinksetForms(t *testing.T) {
	w := newShop(t)
	k := "/01/" + w.gtin
	for _, c := range []struct{ path, accept, want string }{
		{k + "?linkType=linkset", "*/*", typeLinkset},
		{k + "?linkType=linkset", "", typeLinkset},
		{k + "?linkType=all", "*/*", typeLinkset},
		{k + "?format=linkset", "*/*", typeLinkset},
		{k, "application/linkset+json", typeLinkset},
		{k + "?linkType=linkset", "application/linkset+json", typeLinkset},
		{k + "?linkType=gs1:pip", "application/linkset+json", typeLinkset},
		{k + "?linkType=linkset", "application/json", "application/json"},
		{k + "?linkType=linkset", "application/ld+json", typeJSONLD},
		{k, "application/ld+json", typeJSONLD},
		{k + "?linkType=linkset", "text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8"},
	} {
		a := w.ask("GET", c.path, "Accept", c.accept).want(200)
		if got := a.Header.Get("Content-Type"); got != c.want {
			t.Errorf("%s as %q: %s, want %s", c.path, c.accept, got, c.want)
		}
		if vary := a.Header.Get("Vary"); !strings.Contains(vary, "Accept") || !strings.Contains(vary, "Accept-Language") {
			t.Errorf("%s varies by %s", c.path, vary)
		}
		context := `<https://id.example.vn/linkset.jsonld>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"`
		if got := a.Header.Get("Link"); !strings.Contains(got, context) {
			t.Errorf("%s: Link: %s", c.path, got)
		}
		doc := a.Body
		if c.want[:9] == "text/html" {
			_, rest, _ := strings.Cut(string(doc), `<script type="application/ld+json">`)
			inner, _, found := strings.Cut(rest, "</script>")
			if !found {
				t.Fatalf("no linkset on the page\n%s", doc)
			}
			doc = []byte(inner)
			if !strings.Contains(rest, "gs1:masterData") {
				t.Errorf("the page does not list the links\n%s", rest)
			}
		}
		var d struct {
			Context string `json:"@context"`
			Linkset []map[string]any
		}
		w.must(json.Unmarshal(doc, &d))
		isLD := c.want == typeJSONLD || c.want[:9] == "text/html"
		if isLD != (d.Context == base+"/linkset.jsonld") || len(d.Linkset) != 1 || d.Linkset[0]["itemDescription"] != "Măng khô <Kon>" {
			t.Errorf("%s as %s: %s", c.path, c.accept, doc)
		}
	}
	// A lot's link and JSON-LD without more is its events; the redirect leads to them.
	a, _ := w.follow(k+"/10/L-1", "Accept", "application/ld+json")
	if a.Status != 200 || a.member("/type") != "EPCISDocument" {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

// The redirect tells where the linkset is, and no more.
func TestLinkHeaders(t *testing.T) {
	w := newShop(t)
	k := "/01/" + w.gtin
	for path, want := range map[string]string{
		k:                       k,
		k + "?linkType=gs1:pip": k,
		k + "/10/L-1":           k + "/10/L-1",
		k + "/10/L-1/21/7":      k + "/10/L-1",
		k + "/10/GIA":           k,
		"/414/" + w.gln:         "/414/" + w.gln,
	} {
		a := w.ask("GET", path).want(307)
		link := `<` + base + want + `?linkType=linkset>; rel="linkset"; type="application/linkset+json"`
		if got := a.Header.Get("Link"); got != link {
			t.Errorf("%s: Link: %s", path, got)
		}
		linksetOf(t, w.ask("GET", want+"?linkType=linkset").want(200).Body)
	}
	a := w.ask("GET", "/l/"+w.lot.Code, "Accept", "text/html").want(200)
	href := regexp.MustCompile(`<` + base + `([^>]*)>; rel="linkset"`).FindStringSubmatch(a.Header.Get("Link"))
	if href == nil {
		t.Fatalf("a lot's page has Link: %s", a.Header.Get("Link"))
	}
	linksetOf(t, w.ask("GET", href[1]).want(200).Body)
	// A registered lot's redirect may be kept, nothing else.
	if got := w.ask("GET", k+"/10/L-1").Header.Get("Cache-Control"); got != "public, max-age=600" {
		t.Error(got)
	}
	for _, path := range []string{k + "/10/GIA", "/products/" + w.gtin + "?10=GIA", "/01/09506000134352"} {
		if got := w.ask("GET", path).Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s: %s", path, got)
		}
	}
}

// Every link of every entry is led to when it is asked for by its type, language and media type, by the
// type's short name as well as by its URIs, and is there. What nothing tells apart is offered (300).
func TestLinkTypesLead(t *testing.T) {
	w := newShop(t)
	ctx := context.Background()
	for range 2 { // two certificates that a program cannot tell apart
		c := w.addCertificate(orgA)
		_, err := w.Ledger.DecideCertificate(ctx, w.keeper(orgA), c.ID, "submit", trace.DecisionDraft{})
		w.must(err)
	}
	for _, path := range []string{"/01/" + w.gtin, "/01/" + w.gtin + "/10/L-1", "/01/" + w.gtin + "/10/L-1/21/9", "/414/" + w.gln + "/254/P-1"} {
		entries := linksetOf(t, w.ask("GET", path+"?linkType=linkset").want(200).Body)
		if got, want := w.ask("GET", path).Header.Get("Location"), entries[0].links[gs1.VocabularyURI+"defaultLink"][0].Href; strings.TrimSuffix(got, "?21=9") != want {
			t.Errorf("%s leads to %s, and its default link is %s", path, got, want)
		}
		seen := map[string]bool{}
		for _, e := range entries {
			for uri, links := range e.links {
				if seen[uri] || strings.HasSuffix(uri, "/defaultLink") {
					continue // the narrowest counts
				}
				seen[uri] = true
				lt, err := gs1.ParseLinkType(uri)
				w.must(err)
				for _, l := range links {
					alike := slices.DeleteFunc(slices.Clone(links), func(o link) bool {
						return o.Type != l.Type || !slices.Equal(o.Hreflang, l.Hreflang)
					})
					headers := []string{"Accept", l.Type}
					if len(l.Hreflang) > 0 {
						headers = append(headers, "Accept-Language", l.Hreflang[0])
					}
					for _, form := range append([]string{lt.CURIE, lt.URI, strings.ReplaceAll(lt.URI, "/", "%2F")}, lt.LegacyURIs...) {
						a := w.ask("GET", path+"?linkType="+form+"&ref=card", headers...)
						if len(alike) > 1 {
							if a.Status != http.StatusMultipleChoices {
								t.Errorf("%s %s %v: %d", path, form, headers, a.Status)
							}
							continue
						}
						mark := "?"
						if strings.Contains(l.Href, "?") {
							mark = "&"
						}
						beyond := ""
						if strings.HasSuffix(path, "/21/9") {
							beyond = mark + "21=9"
							mark = "&"
						}
						if want := l.Href + beyond + mark + "linkType=" + form + "&ref=card"; a.Status != 307 || a.Header.Get("Location") != want {
							t.Errorf("%s %s %v: %d %s, want %s", path, form, headers, a.Status, a.Header.Get("Location"), want)
						}
					}
					there := w.ask("GET", strings.TrimPrefix(l.Href, base), headers...)
					if got := there.Header.Get("Content-Type"); there.Status != 200 || !strings.HasPrefix(got, l.Type) {
						t.Errorf("%s: %d %s, want %s", l.Href, there.Status, got, l.Type)
					}
					if len(l.Hreflang) > 0 && there.Header.Get("Content-Language") != l.Hreflang[0] {
						t.Errorf("%s is in %s, not in %s", l.Href, there.Header.Get("Content-Language"), l.Hreflang[0])
					}
				}
			}
		}
	}
	choice := "/01/" + w.gtin + "/10/L-1?linkType=gs1:certificationInfo"
	a := w.ask("GET", choice).want(300)
	if faults := linksetFaults(a.Body); len(faults) > 0 || strings.Count(string(a.Body), `"href"`) != 2 {
		t.Errorf("the choice: %v %s", faults, a.Body)
	}
	a = w.ask("GET", choice, "Accept", "text/html", "Accept-Language", "en").want(300)
	if strings.Count(string(content(a.Body)), `<a href="`+base+`/c/`) != 2 || !strings.Contains(string(a.Body), "Please choose one") {
		t.Errorf("the choice as a page\n%s", a.Body)
	}
}

func TestLinkTypesThatAreNotThere(t *testing.T) {
	w := newShop(t)
	k, lot := "/01/"+w.gtin, "/01/"+w.gtin+"/10/L-1"
	for _, c := range []struct {
		path     string
		status   int
		location string
	}{
		{k + "?linkType=gs1:nosuchlt", 404, ""},
		{k + "?linkType=pip", 404, ""}, // no form in which it may be asked
		{k + "?linkType=gs1:recipeInfo", 404, ""},
		{k + "?linkType=gs1:recallStatus", 404, ""}, // a lot is recalled, not a product
		{k + "?linkType=", 307, base + "/products/" + w.gtin + "?linkType="},
		{k + "?linkType=gs1:defaultLink", 307, base + "/products/" + w.gtin + "?linkType=gs1:defaultLink"},
		{k + "?linkType=gs1:defaultLinkMulti", 307, base + "/products/" + w.gtin + "?linkType=gs1:defaultLinkMulti"},
		{lot + "?linkType=gs1:masterData", 307, base + "/products/" + w.gtin + "?format=json&linkType=gs1:masterData"}, // inherited
		// An unknown lot inherits, too, and what is led to says that it is unknown.
		{k + "/10/GIA?linkType=gs1:pip", 307, base + "/products/" + w.gtin + "?10=GIA&linkType=gs1:pip"},
		{k + "/10/GIA?linkType=gs1:masterData", 307, base + "/products/" + w.gtin + "?format=json&10=GIA&linkType=gs1:masterData"},
		{k + "/10/GIA?linkType=gs1:traceability", 404, ""},
	} {
		a := w.ask("GET", c.path, "Accept-Language", "vi")
		if a.Status != c.status || a.Header.Get("Location") != c.location {
			t.Errorf("%s: got %d %q, want %d %q", c.path, a.Status, a.Header.Get("Location"), c.status, c.location)
		}
		if c.location != "" && strings.Contains(c.path, "GIA") {
			if end, _ := w.follow(c.path); end.Status != 404 {
				t.Errorf("%s ends with %d", c.path, end.Status)
			}
		}
	}
	// A language that there is not does not matter for the default link.
	if a := w.ask("GET", k, "Accept-Language", "tlh"); a.Header.Get("Location") != base+"/products/"+w.gtin {
		t.Error(a.Status, a.Header.Get("Location"))
	}
}

// Of a lot that is not on the market, links tell no more than its page.
func TestLinksetOfADraft(t *testing.T) {
	w := newShop(t)
	a := w.ask("GET", "/l/"+w.draft.Code+"?format=linkset", "Accept-Language", "en").want(200)
	entries := linksetOf(t, a.Body)
	if len(entries) != 1 || strings.Contains(string(a.Body), "Măng") || entries[0].links[gs1.VocabularyURI+"epcis"] != nil {
		t.Errorf("%s", a.Body)
	}
}
