package web

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"truynguon/internal/trace"
)

// A cooperative hands a paper out by link and withdraws it again; officials and neighbours cannot.
func TestSharingADocument(t *testing.T) {
	w := newWorld(t)
	d := w.addDocument(orgA, trace.Private)
	page := "/work/documents/" + d.ID
	w.browse("nobody", "GET", "/d/"+d.ID, nil).want(303)
	w.follow("staff", w.fill("staff", page, page+"/share", map[string]string{"visibility": "shared"}))
	shown := w.browse("staff", "GET", page, nil).want(200)
	checkPage(t, "document", shown.Body)
	link := strings.TrimPrefix(shown.page().Find(`dd a[href*="?key="]`).AttrOr("href", ""), base)
	if link == "" {
		t.Fatalf("no link to hand out: %s", words(shown.page().Find("main")))
	}
	if a := w.browse("nobody", "GET", link, nil).want(200); a.Header.Get("Cache-Control") != "private, no-cache" || a.Header.Get("Content-Type") != d.MediaType {
		t.Errorf("opened by link: %v", a.Header)
	}
	w.browse("buyer", "GET", "/d/"+d.ID, nil).want(200)
	w.browse("nobody", "GET", link+"x", nil).want(404)
	w.browse("nobody", "GET", "/d/"+d.ID+"?key=", nil).want(303)
	official := w.browse("official", "GET", page, nil).want(200)
	if text := string(official.Body); strings.Contains(text, "key=") || official.page().Find("form[action$=share]").Length() != 0 {
		t.Error("an official is told the link or may change it")
	}
	w.browse("staffB", "GET", page, nil).want(403)
	w.post("official", page+"/share", url.Values{"visibility": {"public"}}).want(403)

	var v struct {
		Links map[string]string
		Items []struct{ Links map[string]string }
	}
	w.must(json.Unmarshal(w.api("staff", "GET", "/api/v1/documents/"+d.ID, nil).want(200).Body, &v))
	if v.Links["shared"] != base+link {
		t.Errorf("the API's link is %q", v.Links["shared"])
	}
	w.must(json.Unmarshal(w.api("official", "GET", "/api/v1/documents?organisation="+orgA, nil).want(200).Body, &v))
	for _, item := range v.Items {
		if item.Links["shared"] != "" {
			t.Error("an official's list has the link")
		}
	}
	w.api("staff", "POST", "/api/v1/documents/"+d.ID+"/share", map[string]string{"visibility": "everybody"}).want(422)
	w.api("official", "POST", "/api/v1/documents/"+d.ID+"/share", map[string]string{"visibility": "public"}).want(403)
	w.api("staff", "POST", "/api/v1/documents/"+d.ID+"/share", map[string]string{"visibility": "private"}).want(200)
	w.browse("nobody", "GET", link, nil).want(404)
	w.browse("buyer", "GET", "/d/"+d.ID, nil).want(403)
	for key, n := range w.Words.Missed() {
		t.Errorf("%d times no message %q", n, key)
	}
}
