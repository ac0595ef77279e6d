package main

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"truynguon/internal/auth"
	"truynguon/internal/testservers"
	"truynguon/internal/trace"
)

// The world of these tests: a commune with one cooperative, which grows one product on one plot.
const (
	provinceCode = "99"
	communeCode  = "99001"
	coopID       = "htx-mang-so"
	coopPrefix   = "952400100"
	coffeeGTIN   = "09524001000025"
	plotGLN      = "9524001000018"
)

var (
	coopDraft = map[string]any{
		"id": coopID, "legalType": "HTX", "name": "HTX Nông nghiệp Măng Sơ", "taxCode": "9900000017",
		"address": "Thôn 2, xã Măng Sơ Lang", "adminUnit": communeCode, "representative": "Y Bình", "gs1CompanyPrefix": coopPrefix,
	}
	plotDraft = map[string]any{
		"type": "plot", "name": "Nương Kon Rẫy", "address": "Thôn 2, xã Măng Sơ Lang", "adminUnit": communeCode, "gln": plotGLN,
	}
)

// anywhere are settings that every program of these tests has: an address that stays the same whichever
// port it listens on, and no limit on scans, since all come from one address.
func anywhere() []string {
	return []string{"TRUYNGUON_BASE_URL=http://id.localhost", "TRUYNGUON_SCAN_LIMIT=0"}
}

// onSQLite and onMongo are settings for a database that nobody else uses.
func onSQLite(t testing.TB) []string {
	return []string{"TRUYNGUON_DB=sqlite:" + filepath.Join(t.TempDir(), "truynguon.db")}
}

func onMongo(t testing.TB) []string {
	return []string{"TRUYNGUON_DB=" + mongoDatabase(testservers.Mongo(t))}
}

// mongoDatabase is the address of a fresh database on a server.
func mongoDatabase(server string) string {
	before, after, options := strings.Cut(server, "?")
	address := strings.TrimSuffix(before, "/") + "/t" + strings.ToLower(rand.Text()[:12])
	if options {
		address += "?" + after
	}
	return address
}

// inFolder and onS3 are settings for a document store that nobody else uses.
func inFolder(t testing.TB) []string {
	return []string{"TRUYNGUON_BLOBS=file:" + filepath.Join(t.TempDir(), "blobs")}
}

func onS3(t testing.TB) []string {
	s := testservers.S3(t)
	return atS3(s, s.Endpoint)
}

// atS3 are the settings for a fresh bucket of a server that is reached at an address.
func atS3(s testservers.S3Server, address string) []string {
	tls := "false"
	if s.TLS {
		tls = "true"
	}
	return []string{
		"TRUYNGUON_BLOBS=s3://" + address + "/t" + strings.ToLower(rand.Text()[:12]) + "?tls=" + tls,
		"TRUYNGUON_S3_ACCESS_KEY=" + s.AccessKey, "TRUYNGUON_S3_SECRET_KEY=" + s.SecretKey,
	}
}

// opened is the program put together in this process, over the same records as the one that runs.
func opened(t testing.TB, settings []string) *program {
	t.Helper()
	config, err := loadConfig(settings)
	if err != nil {
		t.Fatal(err)
	}
	p, err := open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// village is the world of these tests in a database.
type village struct {
	plot, product string
	keys          []string // of managers' programs
}

// settle makes the world without starting the program, with so many API keys.
func settle(t testing.TB, p *program, keys int) *village {
	t.Helper()
	ctx := t.Context()
	fatal := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	fatal(p.ledger.AddUnit(ctx, trace.System, trace.Unit{Code: provinceCode, Level: "tinh", Name: "Tỉnh Thượng Ngàn"}))
	fatal(p.ledger.AddUnit(ctx, trace.System, trace.Unit{Code: communeCode, Level: "xa", Name: "Xã Măng Sơ Lang", Parent: provinceCode}))
	_, err := p.ledger.RegisterOrganisation(ctx, trace.System, trace.OrganisationDraft{
		ID: coopID, LegalType: "HTX", Name: "HTX Nông nghiệp Măng Sơ", TaxCode: "9900000017",
		Address: "Thôn 2, xã Măng Sơ Lang", AdminUnit: communeCode, Representative: "Y Bình", GS1CompanyPrefix: coopPrefix,
	})
	fatal(err)
	manager := trace.Actor{ID: "m", Name: "Y Bình", Role: trace.Manager, Org: coopID}
	plot, err := p.ledger.RegisterPlace(ctx, manager, trace.PlaceDraft{
		Type: "plot", Name: "Nương Kon Rẫy", Address: "Thôn 2, xã Măng Sơ Lang", AdminUnit: communeCode, GLN: plotGLN,
	})
	fatal(err)
	product, err := p.ledger.RegisterProduct(ctx, manager, trace.ProductDraft{Name: "Cà phê nhân", UOM: "KGM", GTIN: coffeeGTIN})
	fatal(err)
	v := &village{plot: plot.Doc.ID, product: product.Doc.ID}
	for range keys {
		key, _, err := p.people.AddKey(ctx, auth.Command, auth.KeyDraft{Name: "Máy cân", Role: auth.Manager, Org: coopID})
		fatal(err)
		v.keys = append(v.keys, key)
	}
	return v
}

// lot is what is sent to register a lot.
func (v *village) lot(number string) map[string]any {
	return map[string]any{
		"product": v.product, "lot": number, "places": []string{v.plot}, "harvestDate": "2026-11-01",
		"quantity": map[string]any{"value": 120.5, "uom": "KGM"},
	}
}

// photo is a photograph of the sample's.
func photo(t testing.TB, name string) file {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "internal", "sample", "files", name))
	if err != nil {
		t.Fatal(err)
	}
	return file{name, data}
}

// publicly is a form's fields for a document that anybody may open.
func publicly() url.Values { return url.Values{"visibility": {"public"}} }

// mustGet asks for an address that has to be answered with the status.
func (v *visitor) mustGet(t testing.TB, status int, address string) answer {
	t.Helper()
	a, err := v.get(address)
	if err != nil {
		t.Fatal(err)
	}
	if a.status != status {
		t.Fatalf("%s answers %d, want %d:\n%s", address, a.status, status, a.body)
	}
	return a
}

// mustUpload hands a public photo in and returns its id.
func (c *caller) mustUpload(t testing.TB, f file) string {
	t.Helper()
	a, err := c.upload(publicly(), f, "")
	if err != nil {
		t.Fatal(err)
	}
	return str(a.object(t, http.StatusCreated), "id")
}
