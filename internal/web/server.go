// Package web speaks HTTP: it decodes a request, calls one verb of the domain and encodes the answer.
// It decides nothing. The site map is the table in routes.go; what every request goes through is in
// middleware.go; errors become answers in errors.go, and nowhere else.
package web

import (
	"context"
	"crypto/rand"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"truynguon/internal/auth"
	"truynguon/internal/locale"
	"truynguon/internal/trace"
	"truynguon/static"
)

// Options are what a server needs. All but the last group must be set.
type Options struct {
	Ledger *trace.Ledger
	People *auth.Directory
	Words  *locale.Catalogue
	Log    *slog.Logger

	// SiteName, Operator and Contact are named on pages; the latter two may be empty.
	SiteName, Operator, Contact string
	// MapTiles is the pattern of a tile server's addresses with {z}, {x} and {y}, for the map on which boundaries
	// are drawn; empty for none. MapAttribution is what its operator wants said.
	MapTiles, MapAttribution string
	// Mail tells that notices go out by e-mail, too.
	Mail bool
	// Sample marks every page as showing sample data.
	Sample bool
	// Version is the program's, for the API's description.
	Version string
	// ScanLimit is how many public pages one network address may ask for in a minute, and 0 for no
	// limit. It must leave room for a market hall behind one address.
	ScanLimit int
	// TrustedProxies are the addresses and networks whose ProxyHeader is believed.
	TrustedProxies []string
	ProxyHeader    string
}

// Server answers HTTP requests.
type Server struct {
	Options
	app    *fiber.App
	pages  map[string]*page
	files  map[string]*asset
	secure bool // the site is reached by HTTPS, so cookies may insist on it
	// languages are the site's, as every page offers them.
	languages []Language
	cross     *http.CrossOriginProtection
	salt      [32]byte // makes clients' addresses into words that mean nothing outside this process
	scans     pageCache
	logos     logos
	replay    sync.Map // idempotent requests under way in this process
	calls     allowance
	asked     budget // by those who check certificates
	// capturing are the capture jobs under way, of which captureTurn lets few at a time.
	capturing   sync.WaitGroup
	captureTurn chan struct{}
}

// maxBody is the largest request body: a document of 20 MiB and the form around it.
const maxBody = 21 << 20

// New returns a server. It fails if a template does not parse.
func New(o Options) (*Server, error) {
	s := &Server{Options: o, secure: strings.HasPrefix(o.Ledger.Base, "https://"), languages: languagesOf(o.Words), cross: http.NewCrossOriginProtection(), captureTurn: make(chan struct{}, 2)}
	rand.Read(s.salt[:])
	if err := s.cross.AddTrustedOrigin(o.Ledger.Base); err != nil {
		return nil, fmt.Errorf("web: base address %q: %w", o.Ledger.Base, err)
	}
	if _, err := stocks(); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	var err error
	if s.files, err = loadAssets(static.FS); err != nil {
		return nil, err
	}
	if s.pages, err = loadPages(static.FS, s.files); err != nil {
		return nil, err
	}
	s.app = fiber.New(fiber.Config{
		AppName:                 o.SiteName,
		BodyLimit:               maxBody,
		CaseSensitive:           true,
		DisableStartupMessage:   true,
		EnableTrustedProxyCheck: true,
		TrustedProxies:          o.TrustedProxies,
		ProxyHeader:             o.ProxyHeader,
		EnableIPValidation:      true,
		ErrorHandler:            s.answerError,
		// Strings of a request are kept beyond it: in records, caches and logs.
		Immutable:                true,
		DisableHeaderNormalizing: false,
		ReadTimeout:              60 * time.Second, // a photo over a bad line
		WriteTimeout:             60 * time.Second,
		IdleTimeout:              90 * time.Second,
		ReadBufferSize:           16 << 10, // long Digital Links
		UnescapePath:             false,    // gs1.ParseLink decodes, exactly once
		StreamRequestBody:        false,
		ServerHeader:             "",
	})
	s.install()
	return s, nil
}

// Serve answers requests on a listener until Shutdown.
func (s *Server) Serve(l net.Listener) error { return s.app.Listener(l) }

// Shutdown stops listening and waits for the requests under way, or for the context.
func (s *Server) Shutdown(ctx context.Context) error {
	err := s.app.ShutdownWithContext(ctx)
	done := make(chan struct{})
	go func() { s.capturing.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done(): // whoever starts next goes on with them
	}
	return err
}

// Test answers one request without a network, for tests.
func (s *Server) Test(r *http.Request) (*http.Response, error) { return s.app.Test(r, -1) }

// page is a parsed page with its style sheet.
type page struct {
	tmpl  *template.Template
	style template.CSS
	// hash is the CSP source expression of the style sheet.
	hash string
}

// workPages are the pages of those who work here. They share a style sheet, which the public pages do
// not carry.
var workPages = []string{
	"plot", "plots", "diary", "vietgap", "list", "edit", "record", "lineage", "note", "batch", "labels", "roll", "rollclaim", "scans", "copies", "deadstamps", "work", "calendar", "follows", "doubts", "audit", "login", "password", "sessions", "keys", "secret",
}

// loadPages parses every folder of pages: the layout and shared parts, with the page's own template and
// style sheet.
func loadPages(fsys fs.FS, files map[string]*asset) (map[string]*page, error) {
	shared, err := template.New("").Funcs(template.FuncMap{"asset": func(name string) (string, error) {
		a := files[name]
		if a == nil {
			return "", fmt.Errorf("no asset %q", name)
		}
		return a.path, nil
	}}).ParseFS(fsys, "shared/*.tmpl")
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	base, err := fs.ReadFile(fsys, "css/base.css")
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	work, err := fs.ReadFile(fsys, "css/work.css")
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	folders, err := fs.ReadDir(fsys, "pages")
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	pages := make(map[string]*page, len(folders))
	for _, f := range folders {
		if !f.IsDir() {
			continue
		}
		name := f.Name()
		t, err := shared.Clone()
		if err != nil {
			return nil, fmt.Errorf("web: page %s: %w", name, err)
		}
		if t, err = t.ParseFS(fsys, "pages/"+name+"/*.tmpl"); err != nil {
			return nil, fmt.Errorf("web: page %s: %w", name, err)
		}
		css := squeezeCSS(string(base))
		if slices.Contains(workPages, name) {
			css += squeezeCSS(string(work))
		}
		if own, err := fs.ReadFile(fsys, "pages/"+name+"/"+name+".css"); err == nil {
			css += squeezeCSS(string(own))
		}
		pages[name] = &page{tmpl: t, style: template.CSS(css), hash: cspHash(css)} //nolint:gosec // our own style sheet
	}
	return pages, nil
}
