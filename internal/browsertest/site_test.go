// Package browsertest looks at the site as people do: in a browser, on a phone and on a desktop, in
// both languages. It has tests only. They need Chromium; without it they fail, unless -short says that
// no browser is wanted.
package browsertest

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"truynguon/configs"
	"truynguon/internal/auth"
	"truynguon/internal/blob"
	"truynguon/internal/blob/dir"
	"truynguon/internal/locale"
	"truynguon/internal/sample"
	"truynguon/internal/store"
	"truynguon/internal/store/sqlite"
	"truynguon/internal/trace"
	"truynguon/internal/web"
	"truynguon/static"
)

var update = flag.Bool("update", false, "take the pictures in .github/pictures anew")

// A site is a server with the sample district, on a port of its own. Its clock is the real one, for a
// browser has no other: it throws cookies away by it.
type site struct {
	base   string
	ledger *trace.Ledger
	people *auth.Directory
	// password is that of everybody whom the site's people name.
	password string
	log      *lines
}

// lines keeps what a log said.
type lines struct {
	mu   sync.Mutex
	said []string
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.said = append(l.said, strings.TrimSpace(string(p)))
	return len(p), nil
}

var (
	folder   string // for the database, the documents and the browser's profile
	closers  []func()
	theSite  = sync.OnceValues(startSite)
	chromium = sync.OnceValues(startBrowser)
)

func TestMain(m *testing.M) { os.Exit(tests(m)) }

// tests runs them and gives everything back when the tests are over.
func tests(m *testing.M) (code int) {
	var err error
	if folder, err = os.MkdirTemp("", "browsertest-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(folder) }()
	defer func() {
		for _, f := range slices.Backward(closers) {
			f()
		}
	}()
	return m.Run()
}

// open answers the site, which all tests share: what one of them adds, the others must bear.
func open(t *testing.T) *site {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: no browser")
	}
	s, err := theSite()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func startSite() (*site, error) {
	ctx := context.Background()
	db, err := sqlite.Open(ctx, filepath.Join(folder, "site.db"))
	if err != nil {
		return nil, err
	}
	closers = append(closers, func() { _ = db.Close() })
	blobs, err := dir.Open(filepath.Join(folder, "blobs"))
	if err != nil {
		return nil, err
	}
	closers = append(closers, func() { _ = blobs.Close() })
	s, err := newSite(db, blobs)
	if err != nil {
		return nil, err
	}
	if err := sample.Into(ctx, s.ledger); err != nil {
		return nil, err
	}
	district, err := sample.Load()
	if err != nil {
		return nil, err
	}
	for _, p := range district.People {
		if err := s.welcome(ctx, p); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// newSite serves what is kept in a database and a document store, on an address of its own, until the tests
// are over.
func newSite(db store.DB, blobs blob.Bucket) (*site, error) {
	schemes, err := trace.ParseSchemes(configs.Schemes)
	if err != nil {
		return nil, err
	}
	crops, err := trace.ParseCrops(configs.Crops)
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation("Asia/Ho_Chi_Minh")
	if err != nil {
		return nil, err
	}
	words, err := locale.Load(static.FS)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &site{base: "http://" + listener.Addr().String(), password: "trà đá vỉa hè 7 giờ", log: &lines{}}
	s.ledger = &trace.Ledger{DB: db, Blobs: blobs, Base: s.base, Zone: zone, Schemes: schemes, Crops: crops}
	s.people = &auth.Directory{DB: db, Cost: auth.Cost{MemoryKiB: 64, Time: 1, Threads: 1}}
	server, err := web.New(web.Options{
		Ledger: s.ledger, People: s.people, Words: words.In(zone),
		Log:      slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelError})),
		SiteName: "Truy Nguồn", Operator: "UBND tỉnh Thượng Ngàn", Contact: "0200 388 0000", Sample: true, Version: "test",
	})
	if err != nil {
		return nil, err
	}
	go func() { _ = server.Serve(listener) }()
	closers = append(closers, func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(ctx)
	})
	return s, nil
}

// firstPassword is what a person gets from somebody else.
const firstPassword = "năm con trâu qua cầu"

// welcome adds a person, who has since chosen the password.
func (s *site) welcome(ctx context.Context, p sample.Person) error {
	_, _, err := s.people.AddAccount(ctx, auth.Command, auth.AccountDraft{
		Email: p.Email, Name: p.Name, Role: auth.Role(p.Role), Org: p.Organisation, Unit: p.Unit, Password: firstPassword,
	})
	if err != nil {
		return err
	}
	token, _, err := s.people.LogIn(ctx, auth.Attempt{Email: p.Email, Password: firstPassword})
	if err != nil {
		return err
	}
	who, err := s.people.Resume(ctx, token)
	if err != nil {
		return err
	}
	if err := s.people.SetPassword(ctx, who, firstPassword, s.password); err != nil {
		return err
	}
	return s.people.LogOut(ctx, token)
}

// must fails the test if there is an error.
func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// lot finds a lot of the sample by the number printed on it.
func (s *site) lot(t *testing.T, number string) *trace.Batch {
	t.Helper()
	district := must[*sample.District](t)(sample.Load())
	for _, l := range district.Lots {
		if l.Lot != number {
			continue
		}
		i := slices.IndexFunc(district.Products, func(p sample.Product) bool { return p.ID == l.Product })
		after := ""
		for {
			page, next, err := s.ledger.Batches(t.Context(), trace.System, trace.BatchFilter{Organisation: district.Products[i].Organisation}, after, 200)
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range page {
				if b.Doc.Lot == number {
					return &b.Doc
				}
			}
			if after = next; next == "" {
				break
			}
		}
	}
	t.Fatalf("the sample has no lot %s", number)
	return nil
}

// certificate finds a certificate of an organisation by its number.
func (s *site) certificate(t *testing.T, org, number string) *trace.Certificate {
	t.Helper()
	after := ""
	for {
		page, next, err := s.ledger.Certificates(t.Context(), trace.System, org, after, 200)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range page {
			if c.Doc.Number == number {
				return &c.Doc
			}
		}
		if after = next; next == "" {
			t.Fatalf("%s has no certificate %s", org, number)
		}
	}
}
