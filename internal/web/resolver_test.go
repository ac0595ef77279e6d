package web

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"truynguon/internal/gs1"
	"truynguon/internal/trace"
)

// shop is a world with what a resolver is asked for: a product with a GTIN and lots of it, and places
// with numbers.
type shop struct {
	*world
	gtin    string
	product trace.Product
	lot     trace.Batch // released
	draft   trace.Batch
	gln     string // of the packhouse; the plot is its part P-1
	plot    trace.Place
	house   trace.Place
}

func newShop(t testing.TB) *shop {
	w := &shop{world: newWorld(t)}
	ctx := context.Background()
	w.gtin = "0" + number("952000001001")
	w.gln = number("952000001900")
	by := w.keeper(orgA)
	product, err := w.Ledger.RegisterProduct(ctx, by, trace.ProductDraft{
		Organisation: orgA, Name: "Măng khô <Kon>", GTIN: w.gtin[1:], UOM: "KGM", AppliedStandards: []string{"TCCS 01:2026"}, ShelfLifeDays: "180",
	})
	w.must(err)
	w.product = product.Doc
	house, err := w.Ledger.RegisterPlace(ctx, by, trace.PlaceDraft{
		Organisation: orgA, Type: "packhouse", Name: "Nhà sấy Măng Sơ", Address: "Thôn 2", AdminUnit: communeA, GLN: w.gln,
	})
	w.must(err)
	w.house = house.Doc
	plot, err := w.Ledger.RegisterPlace(ctx, by, trace.PlaceDraft{
		Organisation: orgA, Type: "plot", Name: "Rẫy bà Nhớ", Address: "Ngõ 7", AdminUnit: communeA, GLN: w.gln, GLNExtension: "P-1",
		GrowingAreaCode: "VN-KTOR-0007", Geometry: json.RawMessage(`{"type":"Point","coordinates":[108.25,14.35]}`),
	})
	w.must(err)
	w.plot = plot.Doc
	for _, lot := range []string{"L-1", "L-2"} {
		b, err := w.Ledger.RegisterBatch(ctx, by, trace.BatchDraft{
			Organisation: orgA, Product: w.product.ID, Lot: lot, Places: []string{w.plot.ID},
			HarvestDate: "2026-11-10", PackagingDate: "2026-11-15", ExpirationDate: "2027-05-15", Quantity: trace.QuantityDraft{Value: "80"},
		})
		w.must(err)
		w.draft = b.Doc
		if lot == "L-1" {
			released, err := w.Ledger.ReleaseBatch(ctx, by, b.Doc.Code, "")
			w.must(err)
			w.lot = released.Doc
		}
	}
	return w
}

// number completes a number with its check digit.
func number(body string) string {
	full, err := gs1.WithCheckDigit(body)
	if err != nil {
		panic(err)
	}
	return full
}

// ask sends a plain program's request, without following where it leads. Headers are name and value in
// turn.
func (w *shop) ask(method, path string, headers ...string) answer {
	w.t.Helper()
	// By hand and not by httptest.NewRequest, which would parse the path.
	r := httptest.NewRequest(method, "/", nil)
	r.URL = &url.URL{Opaque: path}
	r.RequestURI = path
	r.Header.Set("Accept", "*/*")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return w.send(w.Server, r)
}

// follow asks as a browser does, until it is led nowhere.
func (w *shop) follow(path string, headers ...string) (answer, string) {
	w.t.Helper()
	for range 5 {
		a := w.ask("GET", path, append([]string{"Accept", "text/html,*/*;q=0.8", "Accept-Language", "vi"}, headers...)...)
		if a.Status != http.StatusTemporaryRedirect {
			return a, path
		}
		path = strings.TrimPrefix(a.Header.Get("Location"), base)
	}
	w.t.Fatalf("%s: led on and on", path)
	return answer{}, ""
}

// content is what stands on a page, without its head.
func content(page []byte) []byte {
	_, main, found := bytes.Cut(page, []byte("<main"))
	if !found {
		return page
	}
	return main
}

// What a link leads to, and what is there. An empty location is no redirect.
func TestLinkLeads(t *testing.T) {
	w := newShop(t)
	k, lotPage := "/01/"+w.gtin, base+"/l/"+w.lot.Code
	productPage := base + "/products/" + w.gtin
	unknownGTIN := "/01/09506000134352"
	for _, c := range []struct {
		path     string
		status   int
		location string
		end      int    // at the end of the redirects
		shows    string // there
	}{
		{k, 307, productPage, 200, "Măng khô"},
		{k + "/", 307, productPage, 200, "Măng khô"},
		{k + "/10/L-1", 307, lotPage, 200, "L-1"},
		{k + "/10/L%2D1", 307, lotPage, 200, "L-1"},
		{k + "/10/L-1/", 307, lotPage, 200, "L-1"},
		{k + "/10/L-1/21/A%2F7", 307, lotPage + "?21=A%2F7", 200, "A/7"},
		{k + "/10/L-1/21/A%257", 307, lotPage + "?21=A%257", 200, "A%7"},
		{k + "/22/X/10/L-1/21/y", 307, lotPage + "?22=X&21=y", 200, "L-1"},
		{k + "/10/L-2", 307, base + "/l/" + w.draft.Code, 200, "Chưa đưa ra thị trường"},
		// Walking up: never 404 at the link, never a page like a genuine lot's at the end.
		{k + "/10/KHONG-CO", 307, productPage + "?10=KHONG-CO", 404, "không có số lô này"},
		{k + "/10/A%2FB", 307, productPage + "?10=A%2FB", 404, "không có số lô này"},
		{k + "/10/l-1", 307, productPage + "?10=l-1", 404, "không có số lô này"},
		{k + "/10/X/21/y?utm=1", 307, productPage + "?10=X&21=y&utm=1", 404, "không có số lô này"},
		{k + "/21/x", 307, productPage + "?21=x", 404, "không có số sê-ri này"},
		{k + "/235/x", 307, productPage + "?235=x", 404, "không có số sê-ri này"},
		{k + "/22/x", 307, productPage + "?22=x", 200, "Măng khô"},
		// What is asked is handed on.
		{k + "?17=261231&3103=000189", 307, productPage + "?17=261231&3103=000189", 200, "Măng khô"},
		{k + "?foo=bar&x=1%20y&z", 307, productPage + "?foo=bar&x=1%20y&z", 200, "Măng khô"},
		{k + "/10/L-1?lang=en", 307, lotPage + "?lang=en", 200, "About this lot"},
		// Older forms lead to the one of 14 digits.
		{"/01/" + w.gtin[1:] + "/10/L-1?a=b", 307, base + k + "/10/L-1?a=b", 200, "L-1"},
		{"/gtin/" + w.gtin + "/lot/L-1", 307, base + k + "/10/L-1", 200, "L-1"},
		{"/some/stem" + k + "/10/L-1", 307, base + k + "/10/L-1", 200, "L-1"},
		// Places.
		{"/414/" + w.gln, 307, base + "/places/" + w.gln, 200, "Nhà sấy Măng Sơ"},
		{"/414/" + w.gln + "/254/P-1", 307, base + "/places/" + w.gln + "/P-1", 200, "VN-KTOR-0007"},
		{"/414/" + w.gln + "/254/P-9", 307, base + "/places/" + w.gln + "?254=P-9", 404, "Không có mã này"},
		// Right, and unknown.
		{unknownGTIN, 404, "", 404, "Không có mã này"},
		{unknownGTIN + "/10/L-1", 404, "", 404, "Không có mã này"},
		{"/01/0" + number("893850700001"), 404, "", 404, ""}, // a right number that nobody has
		{"/414/" + number("952132100001"), 404, "", 404, ""},
		{"/417/" + number("952132100001"), 404, "", 404, ""},
		{"/00/952012345678912345", 404, "", 404, ""},
		{"/8006/095201234567880102/10/A", 404, "", 404, ""},
		{"/8004/0950600013430000001", 404, "", 404, ""},
		// Wrong.
		{k + "/foo", 400, "", 400, "đúng dạng"},
		{"/01/" + w.gtin[:13] + "7", 400, "", 400, "số kiểm tra"},
		{"/01/ABC", 400, "", 400, ""},
		{"/01/", 400, "", 400, ""},
		{"/01", 400, "", 400, ""},
		{k + "/21/S1/10/L-1", 400, "", 400, ""},
		{k + "/17/261231", 400, "", 400, ""},
		{k + "/99/ABC", 400, "", 400, ""},
		{k + "/10/" + strings.Repeat("A", 21), 400, "", 400, ""},
		{k + "/10/A%5EB", 400, "", 400, ""},
		{k + "/10/L-1/10/L-1", 400, "", 400, ""},
		{"/01/0" + w.gtin, 400, "", 400, ""},
		{k + "?10=L-1", 400, "", 400, ""},
		{k + "?9999=1", 400, "", 400, ""},
		{"/stem" + k + "/10/A%5EB", 400, "", 400, ""},
		{"/00/952012345678912346", 400, "", 400, ""},
		{"/nothing-here", 404, "", 404, ""},
		{"/nothing/here/at/all", 404, "", 404, ""},
		// The pages' own addresses.
		{"/products/" + w.gtin[1:] + "?10=L-1", 307, productPage + "?10=L-1", 200, "L-1"},
		{"/products/" + w.gtin + "?10=L-1&21=7", 307, lotPage + "?21=7", 200, "L-1"},
		{"/products/09506000134352", 404, "", 404, ""},
		{"/products/x", 404, "", 404, ""},
		{"/products/" + w.gtin + "?10=%5E", 400, "", 400, ""},
		{"/places/" + w.gln + "/P-9", 404, "", 404, ""},
		{"/places/1", 404, "", 404, ""},
		{"/l/" + strings.ToLower(w.lot.Code) + "?21=7", 307, lotPage + "?21=7", 200, "L-1"},
	} {
		a := w.ask("GET", c.path)
		if a.Status != c.status || a.Header.Get("Location") != c.location {
			t.Errorf("%s: got %d %q, want %d %q", c.path, a.Status, a.Header.Get("Location"), c.status, c.location)
		}
		if got := a.Header.Get("Access-Control-Allow-Origin"); got != "*" && c.path[:4] != "/not" {
			t.Errorf("%s: allows %q", c.path, got)
		}
		head := w.ask("HEAD", c.path)
		if head.Status != a.Status || len(head.Body) != 0 || head.Header.Get("Location") != a.Header.Get("Location") {
			t.Errorf("%s: HEAD answers %d %s with %d bytes", c.path, head.Status, head.Header.Get("Location"), len(head.Body))
		}
		end, at := w.follow(c.path)
		if end.Status != c.end || !strings.Contains(string(end.Body), c.shows) {
			t.Errorf("%s: ends at %s with %d, want %d and %q\n%s", c.path, at, end.Status, c.end, c.shows, content(end.Body))
		}
		if end.Status == 404 && strings.Contains(string(end.Body), `href="/l/`) {
			t.Errorf("%s: what is unknown leads to a lot", c.path)
		}
		// A program gets a problem.
		if a.Status >= 400 {
			p := w.ask("GET", c.path, "Accept", "application/json")
			if p.Status != a.Status || p.Header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s: a program gets %d %s", c.path, p.Status, p.Header.Get("Content-Type"))
			}
		}
	}
	if m := w.Words.Missed(); len(m) > 0 {
		t.Errorf("no words for %v", m)
	}
}

// A lot that is recalled, held or voided is never 404, and a program that reads JSON is led on, too.
func TestLinkOfARecalledLot(t *testing.T) {
	w := newShop(t)
	_, err := w.Ledger.OpenRecall(context.Background(), w.actors["official"], trace.RecallDraft{
		Kind: "mandatory", Reason: "Dư lượng", Advice: "Trả lại", Batches: []string{w.lot.Code},
	})
	w.must(err)
	a, _ := w.follow("/01/" + w.gtin + "/10/L-1")
	if a.Status != 200 || !strings.Contains(string(a.Body), "Đã bị thu hồi") {
		t.Errorf("a recalled lot: %d\n%s", a.Status, a.Body)
	}
	a, _ = w.follow("/01/"+w.gtin+"/10/L-1?format=json", "Accept", "*/*")
	if a.Status != 200 || a.member("/verdict") != "recalled" || a.member("/lot") != "L-1" {
		t.Errorf("as JSON: %d %s", a.Status, a.Body)
	}
	a, _ = w.follow("/01/"+w.gtin+"/10/L-1/21/77", "Accept", "application/json")
	if a.Status != 200 || a.member("/serial") != "77" {
		t.Errorf("as JSON: %d %s", a.Status, a.Body)
	}
}

// The language link of an unknown lot's page leads to the same page, not to the product's.
func TestUnknownLotInTheOtherLanguage(t *testing.T) {
	w := newShop(t)
	a, _ := w.follow("/01/" + w.gtin + "/10/GIA")
	href := "/products/" + w.gtin + "?lang=en&amp;10=GIA"
	if !strings.Contains(string(a.Body), href) {
		t.Fatalf("no link %s\n%s", href, a.Body)
	}
	a, _ = w.follow(strings.ReplaceAll(href, "&amp;", "&"))
	if a.Status != 404 || !strings.Contains(string(a.Body), "not this lot number") {
		t.Errorf("%d\n%s", a.Status, a.Body)
	}
}

// A plot's page tells what it is and where about, never whose: Luật BVDLCN 91/2025.
func TestPlacePageKeepsThePlotPrivate(t *testing.T) {
	w := newShop(t)
	for _, format := range []string{"html", "json", "linkset"} {
		a := w.ask("GET", "/places/"+w.gln+"/P-1?format="+format, "Accept-Language", "vi")
		a.want(200)
		for _, secret := range []string{"Rẫy bà Nhớ", "Ngõ 7", "108.25", "14.35"} {
			if strings.Contains(string(a.Body), secret) {
				t.Errorf("%s tells %s", format, secret)
			}
		}
		if format != "linkset" && !strings.Contains(string(a.Body), "VN-KTOR-0007") {
			t.Errorf("%s does not tell the area code:\n%s", format, a.Body)
		}
	}
}

// Programs of other sites may ask, without cookies.
func TestLinkForOtherSites(t *testing.T) {
	w := newShop(t)
	for _, path := range []string{
		"/01/" + w.gtin, "/01/" + w.gtin + "/10/L-1", "/00/952012345678912345", "/414/" + w.gln, "/l/" + w.lot.Code,
		"/products/" + w.gtin, "/places/" + w.gln, "/.well-known/gs1resolver", "/linkset.jsonld",
	} {
		a := w.ask("OPTIONS", path, "Origin", "https://shop.example", "Access-Control-Request-Method", "GET")
		want := map[string]string{
			"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS", "Allow": "GET, HEAD, OPTIONS",
			"Access-Control-Allow-Credentials": "",
		}
		got := map[string]string{}
		for name := range want {
			got[name] = a.Header.Get(name)
		}
		if d := cmp.Diff(want, got); d != "" || a.Status != 204 || len(a.Body) != 0 {
			t.Errorf("OPTIONS %s: %d %s", path, a.Status, d)
		}
		if a := w.ask("GET", path, "Origin", "https://shop.example"); a.Header.Get("Access-Control-Allow-Origin") != "*" ||
			!strings.Contains(a.Header.Get("Access-Control-Expose-Headers"), "Link") {
			t.Errorf("GET %s: %v", path, a.Header)
		}
	}
	for _, path := range []string{"/work", "/login", "/account"} { // and nothing else
		if a := w.ask("GET", path, "Origin", "https://shop.example"); a.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s is open to other sites", path)
		}
	}
}

// The description file is as GS1's schema wants it, and true.
func TestResolverDescription(t *testing.T) {
	w := newShop(t)
	a := w.ask("GET", "/.well-known/gs1resolver", "Accept", "application/json").want(200)
	if faults := descriptionFaults(a.Body); len(faults) > 0 {
		t.Error(faults)
	}
	want := `{"name":"Truy Nguồn","resolverRoot":"https://id.example.vn","supportedPrimaryKeys":["01","414","417"],` +
		`"supportedLinkType":[{"namespace":"https://ref.gs1.org/voc/","prefix":"gs1:"}],"linkTypeDefaultCanBeLinkset":false,` +
		`"contact":{"fn":"UBND xã Măng Sơ Lang","note":"0200 388 0000"},"jsonLdContextLocation":"https://id.example.vn/linkset.jsonld"}`
	if d := cmp.Diff(want, string(a.Body)); d != "" {
		t.Error(d)
	}
	if got := a.Header.Get("Content-Type"); got != "application/json" {
		t.Error(got)
	}
	a = w.ask("GET", "/linkset.jsonld").want(200)
	if got := a.Header.Get("Content-Type"); got != "application/ld+json" || a.member("/@context/anchor") != "@id" {
		t.Errorf("%s %s", got, a.Body)
	}
}

// Every link of GS1's cases that is wrong is 400, every right one is 307, 200 or 404: whatever its host,
// read as a link of ours.
func TestLinksOfGS1(t *testing.T) {
	w := newShop(t)
	type row struct {
		ID, Input string
		Flags     map[string]bool
		OK        bool
	}
	counts := map[int]int{}
	for _, file := range []string{"parse-generated.jsonl", "parse-engine.jsonl"} {
		for _, r := range jsonLines[row](t, "../gs1/testdata/digital-link/"+file) {
			u, err := url.Parse(r.Input)
			if err != nil || u.Host == "" || strings.ContainsAny(r.Input, " \t\r\n") || len(r.Flags) > 0 {
				continue // no request that a client could send, or one for another sort of reader
			}
			_, rest, _ := strings.Cut(r.Input, "://")
			_, path, found := strings.Cut(rest, "/")
			if !found {
				continue
			}
			path, _, _ = strings.Cut("/"+path, "#")
			a := w.ask("GET", path)
			counts[a.Status]++
			_, err = gs1.Tolerant.ParseLink(path)
			isLink := slices.ContainsFunc(strings.Split(u.Path, "/"), func(segment string) bool {
				ai, ok := gs1.LookupAI(segment)
				return ok && ai.Key
			})
			switch {
			case r.OK:
				if a.Status != 307 && a.Status != 404 && a.Status != 200 {
					t.Errorf("%s %s: right, but %d", r.ID, path, a.Status)
				}
			case err == nil: // as it was right once
				if a.Status != 307 && a.Status != 404 {
					t.Errorf("%s %s: of an older form, but %d", r.ID, path, a.Status)
				}
			case isLink:
				if a.Status != 400 {
					t.Errorf("%s %s: wrong, but %d", r.ID, path, a.Status)
				}
			case a.Status < 400 && path != "/":
				t.Errorf("%s %s: no link at all, but %d", r.ID, path, a.Status)
			}
			if a.Status == 307 {
				if end, at := w.follow(path); end.Status >= 500 || end.Status == 400 {
					t.Errorf("%s %s: ends at %s with %d", r.ID, path, at, end.Status)
				}
			}
		}
	}
	if counts[400] < 100 || counts[404]+counts[307] < 100 {
		t.Errorf("too few were looked at: %v", counts)
	}
	t.Log(counts)
}

// Whatever comes below a primary key, the server answers and does not fail.
func FuzzLink(f *testing.F) {
	w := newShop(f)
	k := "/01/" + w.gtin
	for _, seed := range []string{
		k, k + "/10/L-1", k + "/10/L-1/21/%00", k + "?linkType=gs1:pip", k + "/10/%ff?linkType=linkset", k + "/10/L-1?linkType=all&lang=xx",
		"/414/" + w.gln + "/254/%2F..%2F", "//" + k, k + "//10/x", k + "/10/a%0D%0AX-A:%20b", "/00/1", "/products/" + w.gtin + "?10=%2F&21=+",
		"/l/" + w.lot.Code + "?21=%22%3E&format=linkset", k + "/10/x?%31%30=1", "/places/" + w.gln + "/%25", k + "?a=%0d%0aLocation:%20x",
	} {
		for _, accept := range []string{"text/html", "application/linkset+json", "application/ld+json;q=x", ""} {
			f.Add(seed, accept, "vi, en;q=0.5")
		}
	}
	f.Fuzz(func(t *testing.T, path, accept, languages string) {
		if !strings.HasPrefix(path, "/") || len(path) > 4000 || strings.ContainsFunc(path+accept+languages, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			t.Skip("no request that a client could send")
		}
		on := &shop{world: &world{Server: w.Server, t: t}}
		a := on.ask("GET", path, "Accept", accept, "Accept-Language", languages)
		if a.Status >= 500 {
			t.Fatalf("%d\n%s", a.Status, a.Body)
		}
		if to := a.Header.Get("Location"); to != "" && !strings.HasPrefix(to, base+"/") && !strings.HasPrefix(to, "/") {
			t.Fatalf("leads to %s", to)
		}
		if a.Status == 200 && strings.HasPrefix(a.Header.Get("Content-Type"), typeLinkset) {
			if faults := linksetFaults(a.Body); len(faults) > 0 {
				t.Fatal(faults)
			}
		}
	})
}
