package web

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"truynguon/configs"
	"truynguon/internal/auth"
	"truynguon/internal/blob/dir"
	"truynguon/internal/locale"
	"truynguon/internal/store"
	"truynguon/internal/store/sqlite"
	"truynguon/internal/trace"
	"truynguon/static"
)

// The world of the tests: a province with two communes, a cooperative in each, and one person and
// one program for each role. Who is who: "admin"; "official" of communeA and "officialB" of communeB;
// "manager" and "staff" of orgA, "managerB" and "staffB" of orgB; "buyer"; and "nobody".
const (
	base     = "https://id.example.vn"
	province = "99"
	communeA = "99001"
	communeB = "99002"
	orgA     = "htx-mang-so"
	orgB     = "tht-dak-no"
	password = "trà đá vỉa hè 7 giờ"
)

// update makes tests write their golden files anew.
var update = flag.Bool("update", false, "write golden files anew")

// people are the names by which tests know those who ask.
var people = []string{"nobody", "admin", "official", "officialB", "manager", "staff", "managerB", "staffB", "buyer"}

// world is a server over a database in memory.
type world struct {
	*Server
	t testing.TB
	// keys are API keys, sessions the tokens of browsers and actors what trace knows, by name.
	keys     map[string]string
	sessions map[string]string
	actors   map[string]trace.Actor

	mu    sync.Mutex
	clock time.Time
}

// newWorld starts a world on 24 November 2026, 8:30 in Vietnam.
func newWorld(t testing.TB) *world {
	t.Helper()
	db, err := sqlite.Open(t.Context(), ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return worldOver(t, db)
}

// worldOver is newWorld over a database of the test's own, which must be empty.
func worldOver(t testing.TB, db store.DB) *world {
	t.Helper()
	w := &world{
		t: t, clock: time.Date(2026, 11, 24, 1, 30, 0, 0, time.UTC),
		keys: map[string]string{}, sessions: map[string]string{}, actors: map[string]trace.Actor{},
	}
	w.Server = w.server(db)
	ctx := context.Background()
	for _, u := range []trace.Unit{
		{Code: province, Level: "tinh", Name: "Tỉnh Thượng Ngàn"},
		{Code: communeA, Level: "xa", Name: "Xã Măng Sơ Lang", Parent: province},
		{Code: communeB, Level: "xa", Name: "Xã Đăk Nơ Riêng", Parent: province},
	} {
		w.must(w.Ledger.AddUnit(ctx, trace.System, u))
	}
	for _, o := range []trace.OrganisationDraft{
		{
			ID: orgA, LegalType: "HTX", Name: "HTX Nông nghiệp Măng Sơ", TaxCode: "9900000017", Address: "Thôn 2, xã Măng Sơ Lang",
			AdminUnit: communeA, Representative: "Y Bình", Phone: "0200 388 0001", GS1CompanyPrefix: "952000001",
		},
		{
			ID: orgB, LegalType: "THT", Name: "Tổ hợp tác Đăk Nơ", Address: "Thôn Kon Rẫy, xã Đăk Nơ Riêng",
			AdminUnit: communeB, Representative: "A Thanh",
		},
	} {
		_, err := w.Ledger.RegisterOrganisation(ctx, trace.System, o)
		w.must(err)
	}
	for _, p := range []struct {
		name      string
		role      auth.Role
		org, unit string
	}{
		{"admin", auth.Admin, "", ""},
		{"official", auth.Official, "", communeA},
		{"officialB", auth.Official, "", communeB},
		{"manager", auth.Manager, orgA, ""},
		{"staff", auth.Staff, orgA, ""},
		{"managerB", auth.Manager, orgB, ""},
		{"staffB", auth.Staff, orgB, ""},
		{"buyer", auth.Buyer, "", ""},
	} {
		key, k, err := w.People.AddKey(ctx, auth.Command, auth.KeyDraft{Name: "Khoá " + p.name, Role: p.role, Org: p.org, Unit: p.unit})
		w.must(err)
		w.keys[p.name] = key
		w.actors[p.name] = trace.Actor{ID: k.ID, Name: k.Name, Role: trace.Role(p.role), Org: p.org, Unit: p.unit}
		_, _, err = w.People.AddAccount(ctx, auth.Command, auth.AccountDraft{
			Email: p.name + "@example.vn", Name: "Người " + p.name, Role: p.role, Org: p.org, Unit: p.unit, Password: password,
		})
		w.must(err)
	}
	return w
}

// server is one more server over the same database, as if on another machine.
func (w *world) server(db store.DB) *Server {
	w.t.Helper()
	blobs, err := dir.Open(w.t.TempDir())
	w.must(err)
	w.t.Cleanup(func() { _ = blobs.Close() })
	schemes, err := trace.ParseSchemes(configs.Schemes)
	w.must(err)
	crops, err := trace.ParseCrops(configs.Crops)
	w.must(err)
	plan, err := trace.ParsePlan(configs.Plan)
	w.must(err)
	zone, err := time.LoadLocation("Asia/Ho_Chi_Minh")
	w.must(err)
	words, err := locale.Load(static.FS)
	w.must(err)
	s, err := New(Options{
		Ledger: &trace.Ledger{DB: db, Blobs: blobs, Base: base, Zone: zone, Schemes: schemes, Crops: crops, Plan: plan, Now: w.now},
		People: &auth.Directory{DB: db, Cost: auth.Cost{MemoryKiB: 64, Time: 1, Threads: 1}, Now: w.now},
		Words:  words.In(zone), Log: slog.New(slog.NewTextHandler(w.t.Output(), &slog.HandlerOptions{Level: slog.LevelError})),
		SiteName: "Truy Nguồn", Operator: "UBND xã Măng Sơ Lang", Contact: "0200 388 0000", Version: "test",
	})
	w.must(err)
	return s
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clock
}

// pass lets time go by.
func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock = w.clock.Add(d)
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// session answers the cookie of somebody who has logged in with a browser.
func (w *world) session(who string) *http.Cookie {
	w.t.Helper()
	w.mu.Lock()
	token := w.sessions[who]
	w.mu.Unlock()
	if token == "" {
		var err error
		token, _, err = w.People.LogIn(context.Background(), auth.Attempt{Email: who + "@example.vn", Password: password})
		w.must(err)
		w.mu.Lock()
		w.sessions[who] = token
		w.mu.Unlock()
	}
	return &http.Cookie{Name: secureCookie, Value: token}
}

// answer is what a server answered, read to its end.
type answer struct {
	t      testing.TB
	Status int
	Header http.Header
	Body   []byte
}

// member answers a member of a JSON answer by its pointer: a string as it is, anything else as JSON
// writes it, and "" if it is not there.
func (a answer) member(pointer string) string {
	a.t.Helper()
	v, ok := lookUp(a.t, a.Body, pointer)
	if !ok {
		return ""
	}
	if s, ok := v.(string); ok {
		return s
	}
	b, err := json.Marshal(v)
	if err != nil {
		a.t.Fatal(err)
	}
	return string(b)
}

// want fails the test unless the answer has the status.
func (a answer) want(status int) answer {
	a.t.Helper()
	if a.Status != status {
		a.t.Fatalf("got %d, want %d\n%s", a.Status, status, a.Body)
	}
	return a
}

// send lets a server answer a request.
func (w *world) send(s *Server, r *http.Request) answer {
	w.t.Helper()
	resp, err := s.Test(r)
	w.must(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	w.must(err)
	return answer{t: w.t, Status: resp.StatusCode, Header: resp.Header, Body: body}
}

// api sends a request to the API in somebody's name. The body may be nil, a string, bytes or a value
// to write as JSON; headers are name and value in turn.
func (w *world) api(who, method, path string, body any, headers ...string) answer {
	w.t.Helper()
	r := w.apiRequest(who, method, path, body, headers...)
	a := w.send(w.Server, r)
	if witness != nil {
		witness(w.t, r, a)
	}
	return a
}

// witness, if there is one, checks every request to the API that api sends, and its answer.
var witness func(t testing.TB, r *http.Request, a answer)

func (w *world) apiRequest(who, method, path string, body any, headers ...string) *http.Request {
	w.t.Helper()
	var data []byte
	switch b := body.(type) {
	case nil:
	case string:
		data = []byte(b)
	case []byte:
		data = b
	default:
		var err error
		data, err = json.Marshal(b)
		w.must(err)
	}
	r := httptest.NewRequest(method, path, bytes.NewReader(data))
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if key := w.keys[who]; key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

// browse opens a page in somebody's browser; form, if not nil, is sent.
func (w *world) browse(who, method, path string, form io.Reader, headers ...string) answer {
	w.t.Helper()
	r := httptest.NewRequest(method, path, form)
	r.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	r.Header.Set("Accept-Language", "vi")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if who != "nobody" {
		r.AddCookie(w.session(who))
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return w.send(w.Server, r)
}

// keeper is the staff of an organisation.
func (w *world) keeper(org string) trace.Actor {
	if org == orgB {
		return w.actors["staffB"]
	}
	return w.actors["staff"]
}

// addPlot, addProduct, addLot and so on put records there without going through HTTP.
func (w *world) addPlot(org string) trace.Place {
	w.t.Helper()
	pl, err := w.Ledger.RegisterPlace(context.Background(), w.keeper(org), trace.PlaceDraft{
		Organisation: org, Type: "plot", Name: "Rẫy ông Thao", Address: "Thôn 2", AdminUnit: communeA, AreaHa: "1.5",
		GrowingAreaCode: "VN-KTOR-0001", Geometry: json.RawMessage(`{"type":"Point","coordinates":[108.2,14.3]}`),
	})
	w.must(err)
	return pl.Doc
}

func (w *world) addProduct(org string) trace.Product {
	w.t.Helper()
	pr, err := w.Ledger.RegisterProduct(context.Background(), w.keeper(org), trace.ProductDraft{
		Organisation: org, Name: "Cà phê nhân xô", UOM: "KGM", AppliedStandards: []string{"TCVN 4193:2014"}, ShelfLifeDays: "365",
	})
	w.must(err)
	return pr.Doc
}

// addLot registers a lot of a new product from a new plot, as a draft.
func (w *world) addLot(org, lot string) trace.Batch {
	w.t.Helper()
	b, err := w.Ledger.RegisterBatch(context.Background(), w.keeper(org), trace.BatchDraft{
		Organisation: org, Product: w.addProduct(org).ID, Lot: lot, Places: []string{w.addPlot(org).ID},
		HarvestDate: "2026-11-10", PackagingDate: "2026-11-15", ExpirationDate: "2027-11-15",
		Quantity: trace.QuantityDraft{Value: "250.5"},
	})
	w.must(err)
	return b.Doc
}

// addReleased registers a lot and puts it on the market.
func (w *world) addReleased(org, lot string) trace.Batch {
	w.t.Helper()
	b := w.addLot(org, lot)
	s, err := w.Ledger.ReleaseBatch(context.Background(), w.keeper(org), b.Code, "")
	w.must(err)
	return s.Doc
}

// addDocument keeps a photo.
func (w *world) addDocument(org string, v trace.Visibility) trace.Document {
	w.t.Helper()
	d, err := w.Ledger.AddDocument(context.Background(), w.keeper(org), org, "ảnh.jpg", v, bytes.NewReader(photo(w.t, 64, 48)))
	w.must(err)
	return d.Doc
}

// addCertificate files a certificate for the whole organisation, as a draft.
func (w *world) addCertificate(org string) trace.Certificate {
	w.t.Helper()
	c, err := w.Ledger.FileCertificate(context.Background(), w.keeper(org), trace.CertificateDraft{
		Organisation: org, Scheme: "vietgap", Edition: "TCVN 11892-1:2017", Number: "VietGAP-TT-99-0001", Agency: "Trung tâm Kiểm nghiệm Thượng Ngàn",
		StartDate: "2026-01-15", EndDate: "2028-01-14",
	})
	w.must(err)
	return c.Doc
}

// photo is a JPEG that a phone might have taken.
func photo(t testing.TB, width, height int) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			m.SetRGBA(x, y, color.RGBA{uint8(255 * x / width), uint8(255 * y / height), 128, 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// lookUp follows an RFC 6901 pointer in a JSON text.
func lookUp(t testing.TB, text []byte, pointer string) (any, bool) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("no JSON: %v\n%s", err, text)
	}
	if pointer == "" {
		return v, true
	}
	for _, step := range strings.Split(pointer, "/")[1:] {
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		switch at := v.(type) {
		case map[string]any:
			next, ok := at[step]
			if !ok {
				return nil, false
			}
			v = next
		case []any:
			i := 0
			if _, err := jsonInt(step, &i); err != nil || i < 0 || i >= len(at) {
				return nil, false
			}
			v = at[i]
		default:
			return nil, false
		}
	}
	return v, true
}

func jsonInt(s string, i *int) (int, error) {
	err := json.Unmarshal([]byte(s), i)
	return *i, err
}

func TestWorld(t *testing.T) {
	w := newWorld(t)
	w.addReleased(orgA, "L1")
	if a := w.browse("nobody", "GET", "/", nil); a.Status != 200 {
		t.Errorf("the first page answers %d", a.Status)
	}
	if a := w.browse("manager", "GET", "/", nil); a.Status != 200 {
		t.Errorf("the first page answers %d to somebody signed in", a.Status)
	}
}
