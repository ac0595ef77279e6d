package web

import (
	"time"

	"github.com/gofiber/fiber/v2"
)

// route is one row of the site map.
type route struct {
	method, path string
	who          access
	handle       handler
}

// install puts the site map into the router. Every request goes through begin and identify; what
// changes something is counted by the visitor's network address besides.
func (s *Server) install() {
	s.app.Use(squeeze(), s.begin) // begin answers errors, and their pages are compressed too
	s.app.Get("/healthz", s.allow(anyone, s.healthz))
	s.app.Get("/readyz", s.allow(anyone, s.readyz))
	s.app.Use(s.identify)
	if s.ScanLimit > 0 {
		s.app.Use(s.limit(s.ScanLimit, time.Minute))
	}
	s.app.Post("/login", s.limit(30, time.Minute))
	s.app.Post("/doubts", s.limit(20, 10*time.Minute))
	s.app.Post("/a/:key", s.limit(20, 10*time.Minute)) // receivers of a recall
	s.limitVerify()
	for _, r := range s.routes() {
		s.app.Add(r.method, r.path, s.allow(r.who, r.handle))
		if r.method == get {
			s.app.Add(fiber.MethodHead, r.path, s.allow(r.who, r.handle))
		}
	}
	s.app.Use(s.allow(anyone, s.elsewhere))
}

const (
	get  = fiber.MethodGet
	post = fiber.MethodPost
)

// routes is the whole site, top to bottom.
func (s *Server) routes() []route {
	all := []route{
		// For everybody.
		{get, "/", anyone, s.home},
		{get, "/p/:org", anyone, s.producer},
		{get, "/c/:id", anyone, s.certificate},
		{get, "/d/:id", anyone, s.document},
		{get, "/d/:id/:width", anyone, s.document},
		{post, "/doubts", anyone, s.doubt},
		{get, "/static/*", anyone, s.staticFile},
	}
	for _, rows := range [][]route{
		// For everybody, programs of other sites among them.
		s.linkRoutes(),
		s.verifyRoutes(),
		s.coverageRoutes(),
		s.registerRoutes(),
		s.reportRoutes(),
		open("/l/:code", s.scanCode),
		open("/products/:gtin", s.productPage),
		open("/places/:gln", s.placePage),
		open("/places/:gln/:extension", s.placePage),
		open("/.well-known/gs1resolver", s.describeResolver),
		open(contextPath, s.linksetContext),
	} {
		all = append(all, rows...)
	}
	all = append(all, s.labelRoutes()...)
	all = append(all, s.diaryRoutes()...)
	all = append(all, s.rollRoutes()...)
	all = append(all, s.linkPages()...)
	all = append(all, s.scanRoutes()...)
	all = append(all, s.lineageRoutes()...)
	all = append(all, s.workRoutes()...)
	all = append(all, s.plotRoutes()...)
	all = append(all, s.recallCaseRoutes()...)
	return append(all, s.apiRoutes()...)
}
