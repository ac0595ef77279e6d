package main

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestStores starts the program on every pair of a database and a document store, chosen by settings
// alone, builds a small world through its pages and its API, starts it again and finds all of it there.
func TestStores(t *testing.T) {
	for _, db := range []struct {
		name     string
		settings func(testing.TB) []string
	}{{"sqlite", onSQLite}, {"mongodb", onMongo}} {
		for _, documents := range []struct {
			name     string
			settings func(testing.TB) []string
		}{{"file", inFolder}, {"s3", onS3}} {
			t.Run(db.name+"+"+documents.name, func(t *testing.T) {
				testStores(t, slices.Concat(anywhere(), db.settings(t), documents.settings(t)))
			})
		}
	}
}

func testStores(t *testing.T, settings []string) {
	folder := t.TempDir()
	const email = "quan.tri@xa.example"
	password := strings.TrimSpace(commanded(t, folder, settings, "user", "add", "-role", "admin", email))
	adminKey := strings.TrimSpace(commanded(t, folder, settings, "key", "add", "-role", "admin", "-name", "Dựng hệ thống"))

	p := serving(t, theProgram(t), folder, settings)
	admin := newCaller(p.base, adminKey)
	addUnits(t, p, email, password)
	admin.must(t, http.StatusCreated, http.MethodPost, "/organisations", coopDraft)
	managerKey := strings.TrimSpace(commanded(t, folder, settings, "key", "add", "-role", "manager", "-org", coopID, "-name", "Máy cân"))

	c := newCaller(p.base, managerKey)
	picture := photo(t, "ca-phe-nhan.jpg")
	image := c.mustUpload(t, picture)
	if again := c.mustUpload(t, picture); again != image {
		t.Errorf("the same photo is document %s and %s", image, again)
	}
	plot := c.must(t, http.StatusCreated, http.MethodPost, "/places", plotDraft)
	product := c.must(t, http.StatusCreated, http.MethodPost, "/products", map[string]any{
		"name": "Cà phê nhân Măng Sơ", "uom": "KGM", "gtin": coffeeGTIN, "image": image,
	})
	v := &village{plot: str(plot, "id"), product: str(product, "id")}
	lot := v.lot("L-1")
	lot["documents"] = []string{c.mustUpload(t, photo(t, "ca-phe-qua.jpg"))}
	code := str(c.must(t, http.StatusCreated, http.MethodPost, "/batches", lot), "code")
	c.must(t, http.StatusOK, http.MethodPost, "/batches/"+code+"/release", nil)

	// What can be read of it is compared before and after.
	addresses := []string{
		"/01/" + coffeeGTIN + "/10/L-1?format=json", "/l/" + code, "/01/" + coffeeGTIN, "/p/" + coopID,
		"/d/" + image, "/d/" + image + "/320", "/d/" + image + "/800",
	}
	records := []string{
		"/organisations", "/places", "/products", "/batches", "/batches/" + code, "/batches/" + code + "/events",
		"/documents", "/documents/" + image, "/documents/" + image + "/content",
	}
	read := func(p *process) map[string]answer {
		all := map[string]answer{}
		visitor, c := newVisitor(p.base), newCaller(p.base, managerKey)
		for _, address := range addresses {
			all[address] = visitor.mustGet(t, http.StatusOK, address)
		}
		for _, path := range records {
			a, err := c.call(http.MethodGet, path, nil, "")
			if err != nil {
				t.Fatal(err)
			}
			if a.status != http.StatusOK {
				t.Fatalf("%s answers %d: %s", path, a.status, a.body)
			}
			all[path] = a
		}
		return all
	}
	before := read(p)
	page := before["/l/"+code].body
	for _, want := range []string{"Cà phê nhân Măng Sơ", "HTX Nông nghiệp Măng Sơ", "L-1", "/d/" + image + "/320"} {
		if !strings.Contains(page, want) {
			t.Errorf("the lot's page lacks %s:\n%s", want, page)
		}
	}
	for _, address := range []string{"/d/" + image, "/d/" + image + "/320"} {
		if got := before[address].header.Get("Content-Type"); got != "image/jpeg" {
			t.Errorf("%s is of type %s", address, got)
		}
	}
	p.stopped(t)

	p = serving(t, theProgram(t), folder, settings)
	after := read(p)
	for address := range before {
		if diff := cmp.Diff(steady(before[address]), steady(after[address])); diff != "" {
			t.Errorf("%s differs after starting again:\n%s", address, diff)
		}
	}
	if err := newVisitor(p.base).logIn("/login", email, password); err != nil {
		t.Errorf("after starting again: %v", err)
	}
	p.stopped(t)
}

// steady is what a page says that is the same each time: without the token of a form on it.
func steady(a answer) string { return formToken.ReplaceAllString(a.body, "") }

var formToken = regexp.MustCompile(`name="token" value="[0-9a-f]+"`)

// addUnits adds the administrative units of these tests with the forms that an admin uses.
func addUnits(t testing.TB, p *process, email, password string) {
	t.Helper()
	v := newVisitor(p.base)
	if err := v.logIn("/login", email, password); err != nil {
		t.Fatal(err)
	}
	for _, unit := range []url.Values{
		{"code": {provinceCode}, "name": {"Tỉnh Thượng Ngàn"}, "level": {"tinh"}},
		{"code": {communeCode}, "name": {"Xã Măng Sơ Lang"}, "level": {"xa"}, "parent": {provinceCode}},
	} {
		a, err := v.submit("/work/units/new", unit, nil)
		if err != nil {
			t.Fatal(err)
		}
		if a.status != http.StatusSeeOther {
			t.Fatalf("adding a unit is answered with %d:\n%s", a.status, a.body)
		}
	}
}
