package web

import (
	"context"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/url"
	"strings"
	"testing"

	"truynguon/internal/blob"
	"truynguon/internal/fault"
	"truynguon/internal/gs1"
	"truynguon/internal/trace"
)

// addLink adds a link of orgA's own.
func (w *world) addLink(linkType, path, product, language string) trace.Link {
	w.t.Helper()
	k, err := w.Ledger.AddLink(context.Background(), w.keeper(orgA), trace.LinkDraft{
		Organisation: orgA, Product: product, LinkType: linkType, Href: outside + path, Language: language,
		Titles: []trace.LinkTitle{{Language: "vi", Title: "Chợ <quê> " + path}, {Language: "en", Title: "Market " + path}},
	})
	w.must(err)
	return k.Doc
}

// Who may see and change links.
func TestWhoKeepsLinks(t *testing.T) {
	w := newWorld(t)
	shown, down := w.addLink("hasRetailers", "a", "", ""), w.addLink("support", "b", "", "")
	_, err := w.Ledger.TakeDownLink(context.Background(), w.actors["official"], down.ID, "dẫn tới trang khác")
	w.must(err)
	for _, p := range []struct{ path, who string }{
		{"/work/links", "admin official officialB manager staff managerB staffB"},
		{"/work/links?org=" + orgA, "admin official manager staff managerB staffB"}, // members see their own
		{"/work/links/new", "admin manager staff managerB staffB"},
		{"/work/links/" + shown.ID, "admin official manager staff"},
		{"/work/links/" + down.ID, "admin official manager staff"},
	} {
		for _, who := range people {
			a := w.browse(who, "GET", p.path, nil)
			if may := strings.Contains(" "+p.who+" ", " "+who+" "); may != (a.Status == 200) {
				t.Errorf("%s, %s: %d", p.path, who, a.Status)
			} else if may {
				checkPage(t, p.path+", "+who, a.Body)
			}
		}
	}
	for verb, want := range map[string]string{"withdraw": "admin manager staff", "take_down": "admin official", "reinstate": "admin official"} {
		for _, who := range people {
			k := w.addLink("faqs", verb+who, "", "")
			if verb == "reinstate" {
				_, err := w.Ledger.TakeDownLink(context.Background(), w.actors["official"], k.ID, "vì")
				w.must(err)
			}
			a := w.post(who, "/work/links/"+k.ID+"/"+verb, url.Values{"reason": {"vì sao"}, "token": {verb + who}})
			if may := strings.Contains(" "+want+" ", " "+who+" "); may != (a.Status == 303 && !strings.HasPrefix(a.Header.Get("Location"), "/login")) {
				t.Errorf("%s, %s: %d %s", verb, who, a.Status, a.Header.Get("Location"))
			}
		}
	}
}

// A cooperative adds its shop, visitors see it as the cooperative's, and an official takes it down.
func TestLinkFromFormToPage(t *testing.T) {
	w := newShop(t)
	a := w.fill("staff", "/work/links/new", "/work/links/new", map[string]string{
		"linkType": "hasRetailers", "href": "http://cho.example.vn", "title_vi": "", "product": w.product.ID,
	})
	text := words(a.want(422).page().Find("main"))
	for _, want := range []string{"https://", "Chưa điền"} {
		if !strings.Contains(text, want) {
			t.Errorf("the form does not say %q: %s", want, text)
		}
	}
	a = w.fill("staff", "/work/links/new", "/work/links/new", map[string]string{
		"linkType": "hasRetailers", "href": outside + "gian-hang", "title_vi": "Gian hàng của HTX", "title_en": "Our shop", "product": w.product.ID,
	})
	page := w.world.follow("staff", a).page()
	id := strings.TrimPrefix(strings.Split(a.Header.Get("Location"), "?")[0], "/work/links/")
	if text := words(page.Find("main")); !strings.Contains(text, "Gian hàng của HTX") || !strings.Contains(text, "Đang hiện") {
		t.Error(text)
	}
	show := func(path string) bool {
		t.Helper()
		link := w.browse("nobody", "GET", path, nil).want(200).page().Find(`a[href="` + outside + `gian-hang"]`)
		if link.Length() == 0 {
			return false
		}
		if link.AttrOr("referrerpolicy", "") != "no-referrer" || !strings.Contains(link.AttrOr("rel", ""), "nofollow noopener") {
			t.Errorf("%s: %v", path, link.Nodes[0].Attr)
		}
		if text := words(link.Closest("section")); !strings.Contains(text, "chưa được kiểm chứng") || !strings.Contains(text, "cho.example.vn") {
			t.Errorf("%s: %s", path, text)
		}
		return true
	}
	lot, product := "/l/"+w.lot.Code, "/products/"+w.gtin
	if !show(lot) || !show(product) {
		t.Error("the link is not shown")
	}
	if show("/p/" + orgA) {
		t.Error("a product's link stands with the organisation's")
	}
	if a := w.ask("GET", lot+"?format=json").want(200); a.member("/producerLinks/0/href") != outside+"gian-hang" {
		t.Errorf("%s", a.Body)
	}
	if a := w.browse("nobody", "GET", "/l/"+w.draft.Code, nil).want(200); strings.Contains(string(a.Body), outside) {
		t.Error("a lot that is not released shows the link")
	}
	w.world.follow("official", w.fill("official", "/work/links/"+id, "/work/links/"+id+"/take_down", map[string]string{"reason": "trang này bán hàng khác"}))
	if show(lot) || show(product) {
		t.Error("what was taken down is still shown")
	}
	if text := words(w.browse("staff", "GET", "/work/links/"+id, nil).want(200).page().Find("main")); !strings.Contains(text, "trang này bán hàng khác") {
		t.Error("the cooperative is not told why")
	}
	again := w.fill("manager", "/work/links/new", "/work/links/new", map[string]string{"linkType": "faqs", "href": outside + "gian-hang", "title_vi": "Hỏi"})
	if text := words(again.want(422).page().Find("main")); !strings.Contains(text, "trang này bán hàng khác") {
		t.Error(text)
	}
}

// The resolver hands the links out by their types, the product's before the organisation's, and never for
// what is answered from the records.
func TestOwnLinksInTheResolver(t *testing.T) {
	w := newShop(t)
	ctx := context.Background()
	org, err := w.Ledger.Organisation(ctx, orgA)
	w.must(err)
	d := org.Doc.Draft()
	d.PartyGLN = w.gln
	_, err = w.Ledger.UpdateOrganisation(ctx, w.actors["manager"], orgA, 0, d)
	w.must(err)
	w.addLink("hasRetailers", "org", "", "")
	w.addLink("socialMedia", "vi", "", "vi")
	w.addLink("socialMedia", "en", "", "en")
	w.addLink("recipeInfo", "mon-1", w.product.ID, "vi")
	w.addLink("hasRetailers", "sp", w.product.ID, "")
	lot, product, party := "/01/"+w.gtin+"/10/L-1", "/01/"+w.gtin, "/417/"+w.gln
	for _, c := range []struct {
		path, language string
		status         int
		want           string
	}{
		{product + "?linkType=gs1:recipeInfo", "vi", 307, outside + "mon-1?linkType=gs1:recipeInfo"},
		{lot + "?linkType=gs1:recipeInfo", "en", 307, outside + "mon-1?linkType=gs1:recipeInfo"},
		{product + "?linkType=gs1:hasRetailers", "vi", 307, outside + "sp?linkType=gs1:hasRetailers"},
		{product + "?linkType=https://gs1.org/voc/hasRetailers", "vi", 307, outside + "sp?linkType=https://gs1.org/voc/hasRetailers"},
		{party + "?linkType=gs1:hasRetailers", "vi", 307, outside + "org?linkType=gs1:hasRetailers"},
		{party + "?linkType=gs1:socialMedia", "en", 307, outside + "en?linkType=gs1:socialMedia"},
		{party + "?linkType=gs1:socialMedia", "vi", 307, outside + "vi?linkType=gs1:socialMedia"},
		{party + "?linkType=gs1:recipeInfo", "vi", 404, ""},
		{party, "vi", 307, base + "/p/" + orgA},
		{party + "?linkType=gs1:registryEntry", "vi", 307, base + "/p/" + orgA + "?linkType=gs1:registryEntry"},
		{product + "?linkType=gs1:faqs", "vi", 404, ""},
		{"/417/" + number("952000001999"), "vi", 404, ""},
		{"/417/" + w.gln[:12] + "x", "vi", 400, ""},
		{"/417/" + w.gln + "/254/A", "vi", 400, ""},
		{"/00/" + number("09520000010000001"), "vi", 404, ""},
		{"/00/095200000100000012", "vi", 400, ""},
	} {
		a := w.ask("GET", c.path, "Accept-Language", c.language)
		if a.Status != c.status || a.Header.Get("Location") != c.want {
			t.Errorf("%s (%s): %d %s, want %d %s", c.path, c.language, a.Status, a.Header.Get("Location"), c.status, c.want)
		}
		if h := w.ask("HEAD", c.path, "Accept-Language", c.language); h.Status != c.status || h.Header.Get("Location") != c.want || len(h.Body) > 0 {
			t.Errorf("HEAD %s: %d %s", c.path, h.Status, h.Header.Get("Location"))
		}
	}
	if a := w.ask("OPTIONS", party); a.Status != 204 || a.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("OPTIONS: %d %v", a.Status, a.Header)
	}
	entries := linksetOf(t, w.ask("GET", lot, "Accept", "application/linkset+json").want(200).Body)
	if links := entries[1].links[gs1.VocabularyURI+"hasRetailers"]; len(links) != 1 || links[0].Title != "Chợ <quê> sp / Market sp" {
		t.Errorf("%+v", entries[1].links)
	}
	entries = linksetOf(t, w.ask("GET", party, "Accept", "application/linkset+json").want(200).Body)
	if len(entries) != 1 || entries[0].anchor != base+party || len(entries[0].links[gs1.VocabularyURI+"socialMedia"]) != 2 {
		t.Errorf("%+v", entries)
	}
	// Two alike: the visitor chooses.
	w.addLink("recipeInfo", "mon-2", w.product.ID, "vi")
	a := w.ask("GET", product+"?linkType=gs1:recipeInfo", "Accept-Language", "vi")
	var doc struct{ Linkset []map[string]json.RawMessage }
	w.must(json.Unmarshal(a.want(300).Body, &doc))
	if len(doc.Linkset) != 1 {
		t.Errorf("%s", a.Body)
	}
	// An unknown lot of the product has no links.
	w.ask("GET", "/01/"+w.gtin+"/10/FORGED?linkType=linkset").want(404)
	// A lot without a number has its producer's links, too.
	other := w.addReleased(orgA, "L9")
	entries = linksetOf(t, w.ask("GET", "/l/"+other.Code, "Accept", "application/linkset+json").want(200).Body)
	if len(entries[0].links[gs1.VocabularyURI+"hasRetailers"]) != 1 {
		t.Errorf("%+v", entries[0].links)
	}
}

func TestLinksByTheAPI(t *testing.T) {
	w := newWorld(t)
	body := map[string]any{
		"linkType": "gs1:support", "href": outside + "ho-tro", "language": "vi",
		"titles": []map[string]string{{"language": "vi", "title": "Hỗ trợ"}},
	}
	a := w.api("staff", "POST", apiBase+"/links", body, "Idempotency-Key", "k1").want(201)
	id := a.member("/id")
	if a.member("/linkTypeUri") != gs1.VocabularyURI+"support" || a.member("/state") != "shown" || a.Header.Get("Location") == "" {
		t.Errorf("%s", a.Body)
	}
	w.api("staff", "POST", apiBase+"/links", body, "Idempotency-Key", "k1").want(201)
	a = w.api("staff", "POST", apiBase+"/links", map[string]any{"linkType": "pip", "href": "x"}).want(422)
	for _, pointer := range []string{"/linkType", "/href", "/titles"} {
		if !strings.Contains(string(a.Body), `"pointer":"`+pointer+`"`) {
			t.Errorf("nothing about %s: %s", pointer, a.Body)
		}
	}
	w.api("officialB", "POST", apiBase+"/links/"+id+"/take_down", map[string]string{"reason": "vì"}).want(403)
	a = w.api("official", "POST", apiBase+"/links/"+id+"/take_down", map[string]string{"reason": "vì"}).want(200)
	if a.member("/state") != "taken_down" || a.member("/reason") != "vì" {
		t.Errorf("%s", a.Body)
	}
	w.api("staff", "POST", apiBase+"/links/"+id+"/withdraw", nil).want(409)
	w.api("official", "POST", apiBase+"/links/"+id+"/reinstate", map[string]string{"reason": "đã sửa"}).want(200)
	w.api("staff", "POST", apiBase+"/links/"+id+"/withdraw", nil).want(200)
	a = w.api("manager", "GET", apiBase+"/links", nil).want(200)
	if a.member("/items/0/id") != id {
		t.Errorf("%s", a.Body)
	}
	w.api("managerB", "GET", apiBase+"/links/"+id, nil).want(403)
}

// emblem is a logo: a dark ring on nothing.
func emblem(t testing.TB) []byte {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, 300, 200))
	for y := range 200 {
		for x := range 300 {
			if d := (x-150)*(x-150) + (y-100)*(y-100); d > 60*60 && d < 90*90 {
				m.SetNRGBA(x, y, color.NRGBA{20, 90, 40, 255})
			}
		}
	}
	var b strings.Builder
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return []byte(b.String())
}

// A manager hands in a logo; labels carry it where there is room, unless it is not wanted.
func TestLogoOnLabels(t *testing.T) {
	w := newWorld(t)
	b := w.addPieces("L1", "100")
	edit := "/work/organisations/" + orgA + "/edit"
	values := formOf(t, w.browse("manager", "GET", edit, nil).want(200).page(), edit)
	w.postFiles("manager", edit, values, file{"logoFile", "a.txt", []byte("no picture")}).want(422)
	w.follow("manager", w.postFiles("manager", edit, values, file{"logoFile", "logo.png", emblem(t)}))
	o, err := w.Ledger.Organisation(t.Context(), orgA)
	w.must(err)
	if o.Doc.Logo == "" {
		t.Fatal("no logo is kept")
	}
	page := "/work/batches/" + b.Code + "/labels"
	q := func(parts ...string) string {
		v := url.Values{"kind": {"lot"}, "was": {"lot"}, "stock": {"roll-100x150-203"}, "language": {"vi"}, "copies": {"1"}, "start": {"1"}, "parts": parts}
		return page + "/preview.svg?" + v.Encode()
	}
	if a := w.browse("staff", "GET", q("logo", "product"), nil).want(200); !strings.Contains(string(a.Body), "<image ") {
		t.Error("the label has no logo")
	}
	if a := w.browse("staff", "GET", q("product"), nil).want(200); strings.Contains(string(a.Body), "<image ") {
		t.Error("the label has a logo that was not chosen")
	}
	if boxes := w.browse("staff", "GET", page, nil).want(200).page().Find(`input[name="parts"][value="logo"]`); boxes.Length() != 1 {
		t.Error("the logo cannot be chosen")
	}
	for _, format := range []string{"pdf", "zpl"} {
		run := url.Values{"kind": {"lot"}, "was": {"lot"}, "stock": {"roll-100x150-203"}, "language": {"vi"}, "copies": {"2"}, "start": {"1"}, "parts": {"logo", "product"}, "format": {format}, "token": {format}}
		with := w.post("staff", page+"/print", run).want(200)
		run["parts"] = []string{"product"}
		run.Set("token", format+"-")
		without := w.post("staff", page+"/print", run).want(200)
		if len(with.Body) < len(without.Body)+500 {
			t.Errorf("%s: %d bytes with the logo, %d without", format, len(with.Body), len(without.Body))
		}
	}
	// Public: the organisation's page shows it.
	if img := w.browse("nobody", "GET", "/p/"+orgA, nil).want(200).page().Find("img.logo"); img.Length() != 1 {
		t.Error("the organisation's page has no logo")
	} else {
		w.browse("nobody", "GET", img.AttrOr("src", ""), nil).want(200)
	}
	// And it can be taken away.
	values = formOf(t, w.browse("manager", "GET", edit, nil).want(200).page(), edit)
	values.Set("noLogo", "yes")
	w.follow("manager", w.postFiles("manager", edit, values))
	if a := w.browse("staff", "GET", q("logo", "product"), nil).want(200); strings.Contains(string(a.Body), "<image ") {
		t.Error("the logo is still there")
	}
}

// downBlobs is a document store that does not answer.
type downBlobs struct{ blob.Bucket }

func (downBlobs) Open(context.Context, string) (io.ReadCloser, int64, error) {
	return nil, 0, fault.Unavailable
}

// The document store is down: labels are printed without the logo, and the page says so.
func TestLabelsWithoutTheDocumentStore(t *testing.T) {
	w := newWorld(t)
	b := w.addPieces("L1", "100")
	o, err := w.Ledger.Organisation(t.Context(), orgA)
	w.must(err)
	d := o.Doc.Draft()
	d.Logo = w.addDocument(orgA, trace.Public).ID
	_, err = w.Ledger.UpdateOrganisation(t.Context(), w.actors["manager"], orgA, 0, d)
	w.must(err)
	w.Ledger.Blobs = downBlobs{w.Ledger.Blobs}
	q := url.Values{"kind": {"lot"}, "was": {"lot"}, "stock": {"roll-100x150-203"}, "language": {"vi"}, "copies": {"1"}, "start": {"1"}, "parts": {"logo", "product"}}
	page := w.browse("staff", "GET", "/work/batches/"+b.Code+"/labels?"+q.Encode(), nil).want(200).page()
	if text := words(page.Find("main")); !strings.Contains(text, "không có biểu trưng") {
		t.Error(text)
	}
	if page.Find(".preview img").Length() != 1 {
		t.Error("no preview")
	}
}
