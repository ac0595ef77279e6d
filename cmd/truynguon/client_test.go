package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// answer is what the program answered, read to its end.
type answer struct {
	status int
	header http.Header
	body   string
}

// ask sends a request and reads the answer. An error means that there was none, or not all of it.
func ask(c *http.Client, r *http.Request) (answer, error) {
	res, err := c.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = res.Body.Close() }() // only read from
	body, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(body)}, err
}

// visitor is a browser as far as these tests need one: it keeps cookies and fills in forms, and shows
// a redirect rather than following it.
type visitor struct {
	base string
	http *http.Client
}

func newVisitor(base string) *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err) // it has no reason to fail without options
	}
	return &visitor{base, &http.Client{
		Jar: jar, Timeout: patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// get asks for a page; see look.
func (v *visitor) get(address string) (answer, error) { return v.look(address, "text/html") }

// look asks for an address, which without a host is one of the site, in a media type. It follows the
// redirects by which a printed link leads to its page; they name the site as it is known to the public,
// and here it is reached where it listens.
func (v *visitor) look(address, accept string) (answer, error) {
	for range 4 {
		if strings.HasPrefix(address, "/") {
			address = v.base + address
		}
		r, err := http.NewRequest(http.MethodGet, address, nil)
		if err != nil {
			return answer{}, err
		}
		r.Header.Set("Accept", accept)
		r.Header.Set("Accept-Language", "en")
		a, err := ask(v.http, r)
		if err != nil || a.status != http.StatusTemporaryRedirect {
			return a, err
		}
		to, err := r.URL.Parse(a.header.Get("Location"))
		if err != nil {
			return a, err
		}
		address = v.base + to.RequestURI()
	}
	return answer{}, fmt.Errorf("%s leads in circles", address)
}

// file is a file that is handed in with a form.
type file struct {
	name string
	data []byte
}

// submit opens a page and sends one of its forms, the first that has all the fields named, with these
// values in place of what it holds.
func (v *visitor) submit(path string, fields url.Values, files map[string]file) (answer, error) {
	page, err := v.get(path)
	if err != nil {
		return answer{}, err
	}
	if page.status != http.StatusOK {
		return page, fmt.Errorf("%s answers %d", path, page.status)
	}
	return v.send(path, page, fields, files)
}

// send is submit for a page that is open already.
func (v *visitor) send(path string, page answer, fields url.Values, files map[string]file) (answer, error) {
	forms, err := formsOf(page.body)
	if err != nil {
		return page, fmt.Errorf("%s: %w", path, err)
	}
	i := slices.IndexFunc(forms, func(f form) bool {
		for name := range fields {
			if !slices.Contains(f.names, name) {
				return false
			}
		}
		for name := range files {
			if !slices.Contains(f.names, name) {
				return false
			}
		}
		return true
	})
	if i < 0 {
		return page, fmt.Errorf("%s has no form with the fields of %v:\n%s", path, fields, page.body)
	}
	f := forms[i]
	if f.action == "" {
		f.action = path
	}
	for name, values := range fields {
		f.values[name] = values
	}
	body, contentType := io.Reader(strings.NewReader(f.values.Encode())), "application/x-www-form-urlencoded"
	if f.encoding == "multipart/form-data" {
		var b bytes.Buffer
		contentType = writeMultipart(&b, f.values, files)
		body = &b
	} else if len(files) > 0 {
		return page, fmt.Errorf("%s: its form takes no files", path)
	}
	r, err := http.NewRequest(http.MethodPost, v.base+f.action, body)
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Accept-Language", "en")
	r.Header.Set("Origin", v.base)
	return ask(v.http, r)
}

// writeMultipart writes a multipart form and returns its content type. Writing to memory cannot fail.
func writeMultipart(b *bytes.Buffer, fields url.Values, files map[string]file) string {
	w := multipart.NewWriter(b)
	for name, values := range fields {
		for _, value := range values {
			_ = w.WriteField(name, value)
		}
	}
	for name, f := range files {
		part, _ := w.CreateFormFile(name, f.name)
		_, _ = part.Write(f.data)
	}
	_ = w.Close()
	return w.FormDataContentType()
}

// logIn logs in with the form on the page at an address.
func (v *visitor) logIn(path, email, password string) error {
	a, err := v.submit(path, url.Values{"email": {email}, "password": {password}}, nil)
	if err != nil {
		return err
	}
	if a.status != http.StatusSeeOther {
		return fmt.Errorf("logging in is answered with %d:\n%s", a.status, a.body)
	}
	a, err = v.get(a.header.Get("Location"))
	if err != nil {
		return err
	}
	if a.status != http.StatusOK || !strings.Contains(a.body, `action="/logout"`) {
		return fmt.Errorf("after logging in the page answers %d and has no way to log out:\n%s", a.status, a.body)
	}
	return nil
}

// form is a form as it stands on a page.
type form struct {
	action, encoding string
	names            []string   // of all fields
	values           url.Values // of those that hold something
}

// formsOf finds the forms on a page that send something.
func formsOf(page string) ([]form, error) {
	d := xml.NewDecoder(strings.NewReader(page))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	var forms []form
	var area, choice string // the names of the text area and the list that the reader is within
	within := false
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return forms, nil
		}
		if err != nil {
			return nil, err
		}
		switch e := token.(type) {
		case xml.EndElement:
			switch e.Name.Local {
			case "form":
				within = false
			case "textarea":
				area = ""
			}
		case xml.CharData:
			if area != "" {
				forms[len(forms)-1].values.Set(area, strings.TrimPrefix(string(e), "\n"))
			}
		case xml.StartElement:
			has := func(name string) bool {
				return slices.ContainsFunc(e.Attr, func(a xml.Attr) bool { return a.Name.Local == name })
			}
			get := func(name string) string {
				i := slices.IndexFunc(e.Attr, func(a xml.Attr) bool { return a.Name.Local == name })
				if i < 0 {
					return ""
				}
				return e.Attr[i].Value
			}
			if e.Name.Local == "form" {
				if within = get("method") == "post"; within {
					forms = append(forms, form{action: get("action"), encoding: get("enctype"), values: url.Values{}})
				}
				continue
			}
			if !within {
				continue
			}
			f := &forms[len(forms)-1]
			switch e.Name.Local {
			case "input":
				f.names = append(f.names, get("name"))
				kind := get("type")
				if kind != "file" && (kind != "checkbox" && kind != "radio" || has("checked")) {
					f.values.Add(get("name"), get("value"))
				}
			case "textarea":
				area = get("name")
				f.names = append(f.names, area)
			case "select":
				choice = get("name")
				f.names = append(f.names, choice)
			case "option":
				if has("selected") || !f.values.Has(choice) {
					f.values.Set(choice, get("value"))
				}
			}
		}
	}
}

// caller is a program that uses the API.
type caller struct {
	base, key string
	ifMatch   string // sent along, if not empty
	http      *http.Client
}

func newCaller(base, key string) *caller {
	return &caller{base: base, key: key, http: &http.Client{Timeout: 30 * time.Second}}
}

// call sends a request to the API. The body is written as JSON unless it is nil; once is the
// Idempotency-Key, if not empty.
func (c *caller) call(method, path string, body any, once string) (answer, error) {
	var data []byte
	if body != nil {
		var err error
		if data, err = json.Marshal(body); err != nil {
			return answer{}, err
		}
	}
	r, err := http.NewRequest(method, c.base+"/api/v1"+path, bytes.NewReader(data))
	if err != nil {
		return answer{}, err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	return c.send(r, once)
}

// upload hands a file in.
func (c *caller) upload(fields url.Values, f file, once string) (answer, error) {
	var b bytes.Buffer
	contentType := writeMultipart(&b, fields, map[string]file{"file": f})
	r, err := http.NewRequest(http.MethodPost, c.base+"/api/v1/documents", &b)
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("Content-Type", contentType)
	return c.send(r, once)
}

func (c *caller) send(r *http.Request, once string) (answer, error) {
	r.Header.Set("Authorization", "Bearer "+c.key)
	r.Header.Set("Accept-Language", "en")
	if c.ifMatch != "" {
		r.Header.Set("If-Match", c.ifMatch)
	}
	if once != "" {
		r.Header.Set("Idempotency-Key", once)
	}
	return ask(c.http, r)
}

// must sends a request to the API that has to be answered with the status, and decodes the answer.
func (c *caller) must(t testing.TB, status int, method, path string, body any) map[string]any {
	t.Helper()
	a, err := c.call(method, path, body, "")
	if err != nil {
		t.Fatal(err)
	}
	return a.object(t, status)
}

// object decodes an answer that has to have the status.
func (a answer) object(t testing.TB, status int) map[string]any {
	t.Helper()
	if a.status != status {
		t.Fatalf("answered %d, want %d: %s", a.status, status, a.body)
	}
	var o map[string]any
	if err := json.Unmarshal([]byte(a.body), &o); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
	return o
}
