package sample

import (
	"bytes"
	"errors"
	"image/jpeg"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func load(t *testing.T) *District {
	t.Helper()
	d, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// index builds a map by key and reports keys that are empty or come twice.
func index[T any](t *testing.T, what string, items []T, key func(*T) string) map[string]*T {
	t.Helper()
	m := make(map[string]*T, len(items))
	for i := range items {
		k := key(&items[i])
		if k == "" || m[k] != nil {
			t.Errorf("%s %q is empty or comes twice", what, k)
		}
		m[k] = &items[i]
	}
	return m
}

// world is the district with everything found by its ID.
type world struct {
	*District
	units    map[string]*Unit
	orgs     map[string]*Organisation
	places   map[string]*Place
	products map[string]*Product
	parties  map[string]*Party
	lots     map[string]*Lot
	certs    map[string]*Certificate
}

func newWorld(t *testing.T) world {
	t.Helper()
	d := load(t)
	return world{d,
		index(t, "unit", d.Units, func(u *Unit) string { return u.Code }),
		index(t, "organisation", d.Organisations, func(o *Organisation) string { return o.ID }),
		index(t, "place", d.Places, func(p *Place) string { return p.ID }),
		index(t, "product", d.Products, func(p *Product) string { return p.ID }),
		index(t, "party", d.Parties, func(p *Party) string { return p.ID }),
		index(t, "lot", d.Lots, func(l *Lot) string { return l.ID }),
		index(t, "certificate", d.Certificates, func(c *Certificate) string { return c.ID }),
	}
}

// owner is the organisation of a lot.
func (w world) owner(l *Lot) string { return w.products[l.Product].Organisation }

// checkDigit is the GS1 check digit of all digits but the last.
func checkDigit(digits string) bool {
	sum := 0
	for i := range len(digits) {
		n := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			n *= 3
		}
		sum += n
	}
	return sum%10 == 0
}

// taxDigit is the check digit of a Vietnamese ten-digit tax code.
func taxDigit(code string) bool {
	sum := 0
	for i, w := range []int{31, 29, 23, 19, 17, 13, 7, 5, 3} {
		sum += w * int(code[i]-'0')
	}
	return 10-sum%11 == int(code[9]-'0')
}

func oneOf(t *testing.T, what, got string, allowed string) {
	t.Helper()
	if !slices.Contains(strings.Fields(allowed), got) {
		t.Errorf("%s: %q is not one of %s", what, got, allowed)
	}
}

var (
	digits    = regexp.MustCompile(`^\d+$`)
	slug      = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	lotNumber = regexp.MustCompile(`^[A-Z0-9-]{1,20}$`) // a part of GS1 CSET 82 that needs no escaping
)

// The shape of the district in its plan: sixteen cooperatives and five cooperative groups.
func TestShape(t *testing.T) {
	w := newWorld(t)
	count := map[string]int{}
	for _, o := range w.Organisations {
		count[o.LegalType]++
	}
	communes := 0
	for _, u := range w.Units {
		oneOf(t, u.Code, u.Level, "tinh huyen xa")
		if u.Level == "xa" {
			communes++
		}
		if u.Parent != "" && w.units[u.Parent] == nil {
			t.Errorf("unit %s has an unknown parent", u.Code)
		}
		for _, s := range u.Successors {
			if w.units[s] == nil || w.units[s].ValidFrom != u.ValidTo {
				t.Errorf("unit %s: successor %s does not begin where it ends", u.Code, s)
			}
		}
	}
	if diff := cmp.Diff(map[string]int{"HTX": 16, "THT": 5}, count); diff != "" {
		t.Errorf("organisations (-want +got):\n%s", diff)
	}
	if communes != 6 {
		t.Errorf("%d communes, want 6", communes)
	}
	perOrg := map[string][2]int{}
	for _, p := range w.Places {
		n := perOrg[p.Organisation]
		n[0]++
		perOrg[p.Organisation] = n
	}
	for _, p := range w.Products {
		n := perOrg[p.Organisation]
		n[1]++
		perOrg[p.Organisation] = n
	}
	for _, o := range w.Organisations {
		for _, n := range perOrg[o.ID] {
			if n < 2 || n > 4 {
				t.Errorf("%s has %d places or products, want 2 to 4", o.ID, n)
			}
		}
	}
	if n := len(w.Lots); n < 140 || n > 200 {
		t.Errorf("%d lots", n)
	}
	if n := len(w.Certificates); n < 40 || n > 70 {
		t.Errorf("%d certificates", n)
	}
}

func TestOrganisations(t *testing.T) {
	w := newWorld(t)
	for _, o := range w.Organisations {
		if !slug.MatchString(o.ID) || !strings.HasPrefix(o.ID, strings.ToLower(o.LegalType)+"-") {
			t.Errorf("%s is not a slug that begins with its legal type", o.ID)
		}
		if u := w.units[o.AdminUnit]; u == nil || u.Level != "xa" {
			t.Errorf("%s is not in a commune", o.ID)
		} else if !strings.Contains(o.Address, strings.TrimPrefix(u.Name, "Xã ")) {
			t.Errorf("%s: the address %q is not in %s", o.ID, o.Address, u.Name)
		}
		oneOf(t, o.ID, o.Status, "active inactive")
		if !strings.HasPrefix(o.Phone, "0200 ") {
			t.Errorf("%s: telephone %s could be somebody's", o.ID, o.Phone)
		}
		if o.LegalType == "HTX" && o.TaxCode == "" {
			t.Errorf("%s has no tax code", o.ID)
		}
		if c := o.TaxCode; c != "" && (len(c) != 10 || !digits.MatchString(c) || !strings.HasPrefix(c, "99") || !taxDigit(c)) {
			t.Errorf("%s: tax code %s", o.ID, c)
		}
		if p := o.GS1CompanyPrefix; p != "" && (!strings.HasPrefix(p, "952") || len(p) < 7 || len(p) > 10 || !digits.MatchString(p)) {
			t.Errorf("%s: company prefix %s", o.ID, p)
		}
		for _, q := range w.Organisations {
			if o.ID != q.ID && o.GS1CompanyPrefix != "" && strings.HasPrefix(q.GS1CompanyPrefix, o.GS1CompanyPrefix) {
				t.Errorf("prefixes of %s and %s overlap", o.ID, q.ID)
			}
		}
	}
}

func TestProducts(t *testing.T) {
	w := newWorld(t)
	gtins := map[string]bool{}
	withGTIN, withoutImage := 0, 0
	for _, p := range w.Products {
		o := w.orgs[p.Organisation]
		if o == nil {
			t.Fatalf("product %s has an unknown organisation", p.ID)
		}
		oneOf(t, p.ID, p.UOM, "KGM H87")
		if !slug.MatchString(p.ID) || p.Name == "" || p.Category == "" || p.CountryOfOrigin != "VN" || p.ShelfLifeDays <= 0 {
			t.Errorf("product %s lacks something", p.ID)
		}
		if g := p.GTIN; g != "" {
			withGTIN++
			if len(g) != 14 || !digits.MatchString(g) || o.GS1CompanyPrefix == "" || !strings.HasPrefix(g, "0"+o.GS1CompanyPrefix) || !checkDigit(g) || gtins[g] {
				t.Errorf("product %s: GTIN %s", p.ID, g)
			}
			gtins[g] = true
		}
		if p.Image == "" {
			withoutImage++
		}
	}
	if withGTIN == 0 || withGTIN > len(w.Products)/2 {
		t.Errorf("%d of %d products have a GTIN, want some but not most", withGTIN, len(w.Products))
	}
	if withoutImage == 0 {
		t.Error("no product lacks a photo")
	}
}

// Every file is used, every name leads to a file, and each is what its name says.
func TestFiles(t *testing.T) {
	w := newWorld(t)
	unused := map[string]bool{}
	entries, err := files.ReadDir("files")
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, e := range entries {
		unused[e.Name()] = true
		data, err := File(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		total += len(data)
		if len(data) > 64<<10 {
			t.Errorf("%s has %d bytes", e.Name(), len(data))
		}
		if strings.HasSuffix(e.Name(), ".pdf") {
			if !bytes.HasPrefix(data, []byte("%PDF-")) {
				t.Errorf("%s is not a PDF", e.Name())
			}
			continue
		}
		img, err := jpeg.DecodeConfig(bytes.NewReader(data))
		if err != nil || img.Width != 1000 || img.Height != 750 {
			t.Errorf("%s: %d × %d, %v", e.Name(), img.Width, img.Height, err)
		}
	}
	if total >= 2<<20 {
		t.Errorf("the files have %d bytes together", total)
	}
	named := func(name, by string) {
		if _, err := File(name); err != nil {
			t.Errorf("%s: %v", by, err)
		}
		delete(unused, name)
	}
	for _, p := range w.Products {
		if p.Image != "" {
			named(p.Image, p.ID)
		}
	}
	for _, c := range w.Certificates {
		for _, f := range c.Documents {
			named(f, c.ID)
		}
	}
	if len(unused) > 0 {
		t.Errorf("not used: %v", unused)
	}
	if _, err := File("none.jpg"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an unknown file gives %v", err)
	}
}

func TestPeople(t *testing.T) {
	w := newWorld(t)
	index(t, "person", w.People, func(p *Person) string { return p.Email })
	demo := map[string]string{}
	for _, p := range w.People {
		oneOf(t, p.Email, p.Role, "official manager staff buyer")
		if !strings.HasSuffix(p.Email, "@mau.example") {
			t.Errorf("%s could be somebody's address", p.Email)
		}
		if (w.orgs[p.Organisation] != nil) != (p.Role == "manager" || p.Role == "staff") || (w.units[p.Unit] != nil) != (p.Role == "official") {
			t.Errorf("%s is a %s of %q, %q", p.Email, p.Role, p.Organisation, p.Unit)
		}
		if p.Demo != "" {
			demo[p.Demo] = p.Role
		}
	}
	want := map[string]string{"staff": "staff", "official": "official", "buyer": "buyer"}
	if diff := cmp.Diff(want, demo); diff != "" {
		t.Errorf("log-ins to announce (-want +got):\n%s", diff)
	}
	if bytes.Contains(bytes.ToLower(districtYAML), []byte("password:")) {
		t.Error("there is a password in the file")
	}
}

func TestDay(t *testing.T) {
	zone := time.FixedZone("+07", 7*3600)
	at := time.Date(2026, 11, 24, 23, 59, 0, 0, zone)
	if diff := cmp.Diff("2026-11-23", Day(-1).Date(at).Format(time.DateOnly)); diff != "" {
		t.Error(diff)
	}
	got, err := Clock("08:30").On(-40, at)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("2026-10-15T08:30:00+07:00", got.Format(time.RFC3339)); diff != "" {
		t.Error(diff)
	}
	if _, err := Clock("25:00").On(0, at); err == nil {
		t.Error("25:00 is taken for a time")
	}
}
