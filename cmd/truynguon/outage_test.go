package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"truynguon/internal/testservers"
	"truynguon/internal/trace"
)

// gate stands in front of a server of the tests, so that one test can have it go down and come back
// while others use it. A gate that is shut is a port on which nobody listens.
type gate struct {
	t      testing.TB
	target string
	addr   string

	mu       sync.Mutex
	listener net.Listener // nil while the gate is shut
	conns    map[net.Conn]bool
}

// newGate returns a gate to a server, which is open.
func newGate(t testing.TB, target string) *gate {
	t.Helper()
	g := &gate{t: t, target: target, addr: "127.0.0.1:0", conns: map[net.Conn]bool{}}
	g.open()
	g.addr = g.listener.Addr().String()
	t.Cleanup(g.shut)
	return g
}

// open lets connections through, at the same address as before.
func (g *gate) open() {
	g.t.Helper()
	l, err := net.Listen("tcp", g.addr)
	if err != nil {
		g.t.Fatal(err)
	}
	g.mu.Lock()
	g.listener = l
	g.mu.Unlock()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // it was shut
			}
			go g.relay(l, c)
		}
	}()
}

// relay connects a client to the server until one of them, or shut, ends it.
func (g *gate) relay(l net.Listener, client net.Conn) {
	server, err := net.Dial("tcp", g.target)
	if err != nil {
		_ = client.Close()
		return
	}
	g.mu.Lock()
	if g.listener != l {
		g.mu.Unlock()
		_, _ = client.Close(), server.Close()
		return
	}
	g.conns[client], g.conns[server] = true, true
	g.mu.Unlock()
	var wg sync.WaitGroup
	pass := func(to, from net.Conn) {
		_, _ = io.Copy(to, from) // whatever ends it
		_, _ = to.Close(), from.Close()
	}
	wg.Go(func() { pass(server, client) })
	wg.Go(func() { pass(client, server) })
	wg.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.conns, client)
	delete(g.conns, server)
}

// shut ends all connections and refuses new ones.
func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.listener == nil {
		return
	}
	_ = g.listener.Close()
	g.listener = nil
	for c := range g.conns {
		_ = c.Close()
	}
}

// soon is how long an answer may take when something that it needs is down: the adapters give up after
// three seconds, and a machine that runs all tests at once is slow.
const soon = 10 * time.Second

// timely fails the test if what was asked was answered late.
func timely(t testing.TB, what string, ask func()) {
	t.Helper()
	start := time.Now()
	ask()
	took := time.Since(start)
	t.Logf("%s: answered in %v", what, took.Round(time.Millisecond))
	if took > soon {
		t.Errorf("%s: answered after %v, want at most %v", what, took, soon)
	}
}

// ready waits until the program is ready to serve.
func ready(t testing.TB, v *visitor) {
	t.Helper()
	err := poll(func() (bool, error) {
		a, err := v.get("/readyz")
		return a.status == http.StatusOK, err
	})
	if err != nil {
		t.Fatalf("/readyz: %v", err)
	}
}

// readiness is what /readyz says about each thing that the program depends on.
func readiness(t testing.TB, v *visitor, status int) map[string]any {
	t.Helper()
	return v.mustGet(t, status, "/readyz").object(t, status)
}

// TestDocumentStoreDown stops the document store under a program that runs. What was recorded of a lot
// is told in full, a photo is not; what is handed in is refused, with nothing kept by halves.
func TestDocumentStoreDown(t *testing.T) {
	t.Parallel()
	s3 := testservers.S3(t)
	if s3.TLS {
		t.Skip("the S3 server named is spoken to with TLS, which knows it by its name")
	}
	g := newGate(t, s3.Endpoint)
	settings := slices.Concat(anywhere(), onSQLite(t), atS3(s3, g.addr))
	v := settle(t, opened(t, settings), 1)
	p := serving(t, theProgram(t), t.TempDir(), settings)
	c, visitor, manager := newCaller(p.base, v.keys[0]), newVisitor(p.base), newVisitor(p.base)
	const email = "quan.ly@htx.example"
	password := commanded(t, t.TempDir(), settings, "user", "add", "-role", "manager", "-org", coopID, email)
	err := manager.logIn("/login", email, strings.TrimSpace(password))
	if err != nil {
		t.Fatal(err)
	}

	image := c.mustUpload(t, photo(t, "ca-phe-nhan.jpg"))
	product := c.must(t, http.StatusOK, http.MethodGet, "/products/"+v.product, nil)
	changeProduct(t, c, v.product, map[string]any{"image": image})
	code := str(c.must(t, http.StatusCreated, http.MethodPost, "/batches", v.lot("L-1")), "code")
	c.must(t, http.StatusOK, http.MethodPost, "/batches/"+code+"/release", nil)
	whole := visitor.mustGet(t, http.StatusOK, "/l/"+code)
	if !strings.Contains(whole.body, "/d/"+image+"/320") || !strings.Contains(whole.body, str(product, "name")) {
		t.Fatalf("the lot's page lacks its photo or name:\n%s", whole.body)
	}
	visitor.mustGet(t, http.StatusOK, "/d/"+image+"/320")

	g.shut()
	timely(t, "readiness", func() {
		want := map[string]any{"database": "ok", "documents": "does not answer"}
		if diff := cmp.Diff(want, readiness(t, visitor, http.StatusServiceUnavailable)); diff != "" {
			t.Errorf("readiness (-want +got):\n%s", diff)
		}
	})
	visitor.mustGet(t, http.StatusOK, "/healthz")
	// A change empties the cache, so that the page is drawn anew. Recording needs no document store.
	c.must(t, http.StatusCreated, http.MethodPost, "/batches", v.lot("L-2"))
	timely(t, "a lot's page", func() {
		if diff := cmp.Diff(steady(whole), steady(visitor.mustGet(t, http.StatusOK, "/l/"+code))); diff != "" {
			t.Errorf("the lot's page differs while the document store is down:\n%s", diff)
		}
	})
	for _, address := range []string{"/d/" + image, "/d/" + image + "/320"} {
		timely(t, "a photo", func() { visitor.mustGet(t, http.StatusServiceUnavailable, address) })
	}

	const once = "upload-1"
	picture := photo(t, "ca-phe-qua.jpg")
	timely(t, "an upload", func() {
		a, err := c.upload(publicly(), picture, once)
		if err != nil {
			t.Fatal(err)
		}
		if a.object(t, http.StatusServiceUnavailable); a.header.Get("Retry-After") == "" {
			t.Errorf("it is not said when to try again: %v", a.header)
		}
	})
	if all := list(t, c, "/documents"); len(all) != 1 {
		t.Errorf("after an upload that failed there are %d documents, want 1", len(all))
	}
	// A person's form comes back as it was filled in, to be sent again.
	fields := url.Values{"name": {"Mật ong rừng Kon Rẫy"}, "uom": {"KGM"}, "description": {"Quay tay, không pha đường"}}
	files := map[string]file{"photo": photo(t, "mat-ong.jpg")}
	var form answer
	timely(t, "a form with a photo", func() {
		if form, err = manager.submit("/work/products/new", fields, files); err != nil {
			t.Fatal(err)
		}
	})
	if form.status != http.StatusServiceUnavailable {
		t.Errorf("a form with a photo is answered with %d", form.status)
	}
	for name, values := range fields {
		if !strings.Contains(form.body, `name="`+name+`"`) || !strings.Contains(form.body, values[0]) {
			t.Errorf("the form that is shown again has lost %s=%s:\n%s", name, values[0], form.body)
		}
	}
	if all := list(t, c, "/products"); len(all) != 1 {
		t.Errorf("after a form that failed there are %d products, want 1", len(all))
	}

	g.open()
	ready(t, visitor)
	visitor.mustGet(t, http.StatusOK, "/d/"+image+"/320")
	for range 2 { // the same again is the same document
		a, err := c.upload(publicly(), picture, once)
		if err != nil {
			t.Fatal(err)
		}
		visitor.mustGet(t, http.StatusOK, "/d/"+str(a.object(t, http.StatusCreated), "id"))
	}
	if all := list(t, c, "/documents"); len(all) != 2 {
		t.Errorf("there are %d documents, want 2", len(all))
	}
	if form, err = manager.send("/work/products/new", form, url.Values{}, files); err != nil {
		t.Errorf("the form cannot be sent again: %v", err)
		if form, err = manager.submit("/work/products/new", fields, files); err != nil {
			t.Fatal(err)
		}
	}
	if form.status != http.StatusSeeOther {
		t.Errorf("the form that is sent again is answered with %d:\n%s", form.status, form.body)
	}
	var names []string
	for _, product := range list(t, c, "/products") {
		names = append(names, str(product.(map[string]any), "name"))
	}
	if !slices.Contains(names, fields.Get("name")) || len(names) != 2 {
		t.Errorf("the products are %q", names)
	}
	p.stopped(t)
}

// changeProduct changes members of a product.
func changeProduct(t testing.TB, c *caller, id string, change map[string]any) {
	t.Helper()
	a, err := c.call(http.MethodGet, "/products/"+id, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	c.ifMatch = a.header.Get("ETag")
	defer func() { c.ifMatch = "" }()
	c.must(t, http.StatusOK, http.MethodPatch, "/products/"+id, change)
}

// list answers everything in a list of the API.
func list(t testing.TB, c *caller, path string) []any {
	t.Helper()
	var all []any
	for cursor := ""; ; {
		page := c.must(t, http.StatusOK, http.MethodGet, path+"?limit=200"+cursor, nil)
		items, _ := page["items"].([]any)
		all = append(all, items...)
		next, more := page["next"].(string)
		if !more {
			return all
		}
		cursor = "&cursor=" + url.QueryEscape(next)
	}
}

// str is a member of a JSON object that is a string.
func str(o map[string]any, name string) string {
	s, _ := o[name].(string)
	return s
}

// TestDatabaseDown starts the program while its database is down, and then has that come up, go down
// and come up again. The program starts all the same, says what is wrong, answers at once that it
// cannot answer, and needs no help to recover.
func TestDatabaseDown(t *testing.T) {
	t.Parallel()                                    // it mostly waits
	address, server := "mongodb://127.0.0.1:1/", "" // a port on which nobody listens
	var g *gate
	if !testing.Short() {
		at, err := url.Parse(testservers.Mongo(t))
		if err != nil || at.Scheme != "mongodb" || strings.Contains(at.Host, ",") {
			t.Skip("the database server named is not one that a gate can stand before")
		}
		server, g = at.Host, newGate(t, at.Host)
		at.Host = g.addr
		address = at.String()
		g.shut()
	}
	settings := slices.Concat(anywhere(), []string{"TRUYNGUON_DB=" + mongoDatabase(address)}, inFolder(t))
	folder, path := t.TempDir(), theProgram(t)
	p := serving(t, path, folder, settings)
	visitor := newVisitor(p.base)

	// All is asked at once: each answer takes as long as the adapter waits for the database.
	down := func() {
		t.Helper()
		var wg sync.WaitGroup
		for _, asked := range []struct {
			address string
			want    int
			says    string
		}{
			{"/healthz", http.StatusOK, "ok"},
			{"/readyz", http.StatusServiceUnavailable, `{"database":"does not answer","documents":"ok"}`},
			{"/", http.StatusOK, "<form"},
			{"/login", http.StatusOK, "<form"},
			{"/l/" + trace.NewCode(), http.StatusServiceUnavailable, "<html"},
			{"/01/" + coffeeGTIN + "/10/L-1", http.StatusServiceUnavailable, "<html"},
			{"/01/" + coffeeGTIN + "/10/L-1?format=json", http.StatusServiceUnavailable, ""},
			{"/p/" + coopID, http.StatusServiceUnavailable, "<html"},
		} {
			wg.Go(func() {
				start := time.Now()
				a, err := visitor.get(asked.address)
				took := time.Since(start)
				t.Logf("%s: answered in %v", asked.address, took.Round(time.Millisecond))
				if err != nil || a.status != asked.want || !strings.Contains(a.body, asked.says) || took > soon {
					t.Errorf("%s: answered %d after %v, want %d and %s; %v\n%s", asked.address, a.status, took, asked.want, asked.says, err, a.body)
				}
			})
		}
		wg.Wait()
	}
	var command sync.WaitGroup
	command.Go(func() {
		timely(t, "a command", func() {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			cmd := exec.CommandContext(ctx, path, "user", "add", "-role", "admin", "quan.tri@xa.example")
			cmd.Dir, cmd.Env = folder, append(bareEnviron(), settings...)
			out, err := cmd.CombinedOutput()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != exitFailed || !bytes.Contains(out, []byte("unavailable")) {
				t.Errorf("a command with the database down: %v\n%s", err, out)
			}
		})
	})
	down()
	command.Wait()
	if server == "" {
		p.stopped(t)
		return
	}

	g.open()
	ready(t, visitor)
	v := settle(t, opened(t, settings), 1)
	c := newCaller(p.base, v.keys[0])
	a, err := c.call(http.MethodGet, "/batches", nil, "")
	if err != nil || a.status != http.StatusOK {
		t.Fatalf("the API answers %d %s, %v", a.status, a.body, err)
	}
	code := str(c.must(t, http.StatusCreated, http.MethodPost, "/batches", v.lot("L-1")), "code")
	c.must(t, http.StatusOK, http.MethodPost, "/batches/"+code+"/release", nil)
	whole := visitor.mustGet(t, http.StatusOK, "/01/"+coffeeGTIN+"/10/L-1?lang=en")

	g.shut()
	down()
	timely(t, "a registration", func() {
		a, err := c.call(http.MethodPost, "/batches", v.lot("L-2"), "register-2")
		if err != nil {
			t.Fatal(err)
		}
		a.object(t, http.StatusServiceUnavailable)
	})
	g.open()
	ready(t, visitor)
	if diff := cmp.Diff(steady(whole), steady(visitor.mustGet(t, http.StatusOK, "/01/"+coffeeGTIN+"/10/L-1?lang=en"))); diff != "" {
		t.Errorf("the lot's page differs after the database was down:\n%s", diff)
	}
	for range 2 {
		a, err := c.call(http.MethodPost, "/batches", v.lot("L-2"), "register-2")
		if err != nil {
			t.Fatal(err)
		}
		a.object(t, http.StatusCreated)
	}
	p.stopped(t)
}
