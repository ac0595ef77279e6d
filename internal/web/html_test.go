package web

import (
	"bytes"
	"mime/multipart"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
)

// page reads an answer as a page.
func (a answer) page() *goquery.Document {
	a.t.Helper()
	return parsePage(a.t, a.Body)
}

func parsePage(t testing.TB, body []byte) *goquery.Document {
	t.Helper()
	doc, err := goquery.NewDocumentFromReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// words is the text of elements, its white space tidied.
func words(s *goquery.Selection) string { return strings.Join(strings.Fields(s.Text()), " ") }

// formOf is what a browser would send for the form that is sent to an address.
func formOf(t testing.TB, doc *goquery.Document, action string) url.Values {
	t.Helper()
	form := doc.Find(`form[action="` + action + `"]`)
	if form.Length() == 0 {
		t.Fatalf("no form for %s in: %s", action, words(doc.Find("main")))
	}
	values := url.Values{}
	form.First().Find("input, select, textarea").Each(func(_ int, f *goquery.Selection) {
		name, ok := f.Attr("name")
		if !ok {
			return
		}
		switch goquery.NodeName(f) {
		case "input":
			_, checked := f.Attr("checked")
			if kind := f.AttrOr("type", ""); kind != "file" && (kind != "checkbox" || checked) {
				values.Add(name, f.AttrOr("value", ""))
			}
		case "textarea":
			values.Add(name, f.Text())
		case "select":
			chosen := f.Find("option[selected]")
			if chosen.Length() == 0 {
				chosen = f.Find("option").First()
			}
			values.Add(name, chosen.AttrOr("value", ""))
		}
	})
	return values
}

// fill opens a page in somebody's browser, fills in the form that is sent to an address and sends it.
func (w *world) fill(who, page, action string, change map[string]string) answer {
	w.t.Helper()
	values := formOf(w.t, w.browse(who, "GET", page, nil).want(200).page(), action)
	for name, value := range change {
		values.Set(name, value)
	}
	return w.post(who, action, values)
}

// post sends a form.
func (w *world) post(who, action string, values url.Values) answer {
	w.t.Helper()
	return w.browse(who, "POST", action, strings.NewReader(values.Encode()))
}

// file is a file that goes with a form.
type file struct {
	field, name string
	data        []byte
}

// postFiles sends a form with files.
func (w *world) postFiles(who, action string, values url.Values, files ...file) answer {
	w.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for name, list := range values {
		for _, v := range list {
			w.must(m.WriteField(name, v))
		}
	}
	for _, f := range files {
		part, err := m.CreateFormFile(f.field, f.name)
		w.must(err)
		_, err = part.Write(f.data)
		w.must(err)
	}
	w.must(m.Close())
	return w.browse(who, "POST", action, &b, "Content-Type", m.FormDataContentType())
}

// follow opens the page that an answer leads to.
func (w *world) follow(who string, a answer) answer {
	w.t.Helper()
	a.want(303)
	return w.browse(who, "GET", a.Header.Get("Location"), nil).want(200)
}

// checkPage finds what no page may have: a message that is not there, scripts or styles that the CSP
// would stop, fields without a label, ids that occur twice, images without a description.
func checkPage(t *testing.T, what string, body []byte) {
	t.Helper()
	if i := bytes.Index(body, []byte("«")); i >= 0 {
		t.Errorf("%s: %s", what, body[i:min(len(body), i+40)])
	}
	doc := parsePage(t, body)
	ids := map[string]bool{}
	doc.Find("*").Each(func(_ int, e *goquery.Selection) {
		if id, ok := e.Attr("id"); ok {
			if ids[id] {
				t.Errorf("%s: the id %q occurs twice", what, id)
			}
			ids[id] = true
		}
		for _, a := range e.Nodes[0].Attr {
			switch {
			case strings.HasPrefix(a.Key, "on"), a.Key == "style":
				t.Errorf("%s: <%s %s>", what, goquery.NodeName(e), a.Key)
			case strings.HasPrefix(strings.ToLower(a.Val), "javascript:") && (a.Key == "href" || a.Key == "src" || a.Key == "action"):
				t.Errorf("%s: a script as an address", what)
			}
		}
	})
	doc.Find(`script:not([src]):not([type="application/ld+json"])`).Each(func(_ int, e *goquery.Selection) {
		t.Errorf("%s: a script in the page: %s", what, e.Text())
	})
	doc.Find("img:not([alt])").Each(func(_ int, e *goquery.Selection) {
		t.Errorf("%s: an image without a description: %s", what, e.AttrOr("src", ""))
	})
	doc.Find(`input:not([type="hidden"]):not([aria-hidden]), select, textarea`).Each(func(_ int, e *goquery.Selection) {
		if e.Closest("label").Length() == 0 && doc.Find(`label[for="`+e.AttrOr("id", "")+`"]`).Length() == 0 {
			t.Errorf("%s: no label for the field %q", what, e.AttrOr("name", ""))
		}
	})
}
