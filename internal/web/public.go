package web

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"truynguon/internal/fault"
	"truynguon/internal/trace"
)

// HomePage is where a code is looked up.
type HomePage struct {
	Base
	Query string
	// Unreadable tells that the query is no code of any kind.
	Unreadable bool
	// Recalls are those that everybody is told of.
	Recalls []Row
}

// home looks a code up, or asks for one.
func (s *Server) home(c *request) error {
	p := &HomePage{Base: s.base(c, "home.title"), Query: c.Query("q")}
	p.NoIndex = false
	if p.Query != "" {
		if path, ok := trace.LookupPath(p.Query); ok {
			return c.Redirect(path, http.StatusSeeOther)
		}
		p.Unreadable = true
		c.Status(http.StatusUnprocessableEntity)
		if !c.wantsPage() {
			return fault.New(fault.Invalid, "code_unreadable")
		}
	}
	// Codes can be looked up, or at least typed, also while the database does not answer.
	recalls, err := s.running(c)
	if err != nil && !errors.Is(err, fault.Unavailable) {
		return err
	}
	p.Recalls = recalls
	return s.render(c, "home", p)
}

// ProducerPage is an organisation's public page.
type ProducerPage struct {
	Base
	Organisation trace.Organisation
	Products     []trace.Product
	More         *More
	// Logo is the organisation's, nil if it has none that is public; Own are its own links.
	Logo *trace.Document
	Own  []OwnLink
	// Buyer leads to following.
	Buyer []Link
}

// More leads to the next page of a list.
type More struct{ Href, Label string }

// more is the link to the next page of the list that a request shows, nil at the end.
func (c *request) more(next string) *More {
	if next == "" {
		return nil
	}
	q := url.Values{}
	for k, v := range c.Queries() {
		q.Set(k, v)
	}
	q.Set("cursor", next)
	q.Del("done")
	return &More{Href: c.Path() + "?" + q.Encode(), Label: c.words.T("common.more")}
}

func (s *Server) producer(c *request) error {
	org, err := s.Ledger.Organisation(c.ctx(), c.Params("org"))
	if err != nil {
		return err
	}
	products, next, err := s.Ledger.PublicProducts(c.ctx(), org.Doc.ID, c.Query("cursor"), 50)
	if err != nil {
		return err
	}
	p := &ProducerPage{Base: s.base(c, "producer.title", org.Doc.Name), Organisation: org.Doc, More: c.more(next)}
	p.Buyer = p.buyerLinks("", Link{Href: followLink(trace.FollowProducer, org.Doc.ID), Label: p.T("buyer.follow_producer")})
	for _, pr := range products {
		p.Products = append(p.Products, pr.Doc)
	}
	own, err := s.Ledger.PublicLinks(c.ctx(), org.Doc.ID, "")
	if err != nil {
		return err
	}
	p.Own = p.ownLinks(own)
	if id := org.Doc.Logo; id != "" {
		d, err := s.Ledger.Document(c.ctx(), trace.Actor{}, id)
		if err == nil {
			p.Logo = &d.Doc
		} else if !errors.Is(err, fault.NotFound) && !errors.Is(err, fault.Unauthenticated) {
			return err
		}
	}
	return s.render(c, "producer", p)
}

// CertificatePage is a certificate's public page.
type CertificatePage struct {
	Base
	Certificate trace.Certificate
	Scheme      trace.Scheme
	Today       trace.Standing
	Evidence    trace.Evidence
	Facts       []Fact
	Scope       []string
	Documents   []trace.Document
	// Buyer leads on to the separate checks, and to following.
	Buyer []Link
}

func (s *Server) certificate(c *request) error {
	view, err := s.Ledger.CertificateView(c.ctx(), c.actor, c.Params("id"))
	if err != nil {
		return err
	}
	k := view.Certificate
	p := &CertificatePage{
		Base: s.base(c, "certificate.title"), Certificate: k, Scheme: view.Scheme, Today: view.Today,
		Evidence: k.Evidence(), Documents: view.Documents,
	}
	p.Buyer = p.buyerLinks(or(k.Number, s.Ledger.Base+"/c/"+k.ID),
		Link{Href: followLink(trace.FollowCertificate, k.ID), Label: p.T("follow.add")},
		Link{Href: followLink(trace.FollowProducer, k.Organisation), Label: p.T("buyer.follow_producer")})
	add := func(key, value string, required bool) *Fact {
		if value == "" && !required {
			return &Fact{}
		}
		p.Facts = append(p.Facts, Fact{Label: p.T("certificate." + key), Value: value, Missing: value == ""})
		return &p.Facts[len(p.Facts)-1]
	}
	add("number", k.Number, !view.Scheme.SelfDeclared).Mono = true
	add("edition", k.Edition, false)
	add("agency", k.Agency, true)
	add("holder", view.Organisation.Name, true).Link = "/p/" + view.Organisation.ID
	add("startDate", p.Day(k.StartDate), true)
	end := p.Day(k.EndDate)
	if end == "" {
		end = p.T("certificate.no_end")
	}
	add("endDate", end, true)
	for _, v := range k.Verifications {
		text := p.T("method."+string(v.Method)) + " – " + p.DayOf(v.At)
		if v.Source != "" {
			text += " – " + v.Source
		}
		add("verified", text, true)
	}
	for _, subject := range view.Subjects {
		var parts []string
		if subject.Product != "" {
			parts = append(parts, p.T("certificate.for_product", subject.Product))
		}
		if subject.Place != "" {
			parts = append(parts, p.T("certificate.for_place", subject.Place))
		}
		if subject.Subject.Batch != "" {
			parts = append(parts, p.T("certificate.for_batch", trace.SpellCode(subject.Subject.Batch)))
		}
		if subject.Subject.AreaHa != 0 {
			parts = append(parts, p.T("certificate.for_area", p.Number(subject.Subject.AreaHa.String())))
		}
		if subject.Subject.Season != "" {
			parts = append(parts, p.T("certificate.for_season", subject.Subject.Season))
		}
		if subject.Subject.Yield.Value != 0 {
			parts = append(parts, p.T("certificate.for_yield", p.Measure(subject.Subject.Yield)))
		}
		if len(parts) > 0 {
			text := parts[0]
			for _, more := range parts[1:] {
				text += "; " + more
			}
			p.Scope = append(p.Scope, text)
		}
	}
	return s.render(c, "certificate", p)
}

// document sends a document's bytes, or with a width a photo's smaller copy. They cannot run: no script
// is allowed, a PDF is saved and not opened in the site's own name, and the type is what was found in
// the file and not what its name claims.
func (s *Server) document(c *request) error {
	width := 0
	if w := c.Params("width"); w != "" {
		n, err := strconv.Atoi(w)
		if err != nil || n < 1 || n > 4000 {
			return fault.NotFound
		}
		width = n
	}
	return s.sendDocument(c, c.Params("id"), width)
}

func (s *Server) sendDocument(c *request, id string, width int) error {
	open := func() (trace.Content, error) { return s.Ledger.OpenDocument(c.ctx(), c.actor, id, width) }
	key := c.Query("key")
	if key != "" { // the link that was handed out opens it to anybody
		open = func() (trace.Content, error) { return s.Ledger.OpenSharedDocument(c.ctx(), id, key, width) }
	}
	doc, err := open()
	if err != nil {
		return err
	}
	etag := `"` + doc.SHA256 + `"`
	c.Set(fiber.HeaderETag, etag)
	c.Set(fiber.HeaderContentSecurityPolicy, "default-src 'none'; sandbox; frame-ancestors 'none'")
	// The address is a random id and its bytes never change, but whether they may be seen can.
	c.Set(fiber.HeaderCacheControl, "private, max-age=3600")
	if key != "" { // a link that was withdrawn opens nothing any more
		c.Set(fiber.HeaderCacheControl, "private, no-cache")
	}
	if c.Get(fiber.HeaderIfNoneMatch) == etag {
		_ = doc.Close()
		return c.SendStatus(http.StatusNotModified)
	}
	c.Set(fiber.HeaderContentType, doc.MediaType)
	kind := "inline"
	if doc.MediaType == "application/pdf" {
		kind = "attachment"
	}
	c.Set(fiber.HeaderContentDisposition, kind+"; filename*=UTF-8''"+url.PathEscape(doc.Name))
	return c.SendStream(doc, int(doc.Size)) // closed by the server when it is sent
}

// doubtForm is the form for reporting a doubt about a code. It has no token: the page around it is kept
// and shown to many.
func doubtForm(c *request, code string) *Form {
	f := newForm(c, "doubt")
	f.Token = ""
	f.set("code", code)
	return f
}

// doubt keeps what a visitor finds doubtful. The same words from the same place are one report, however
// often the button is pressed.
func (s *Server) doubt(c *request) error {
	f := newForm(c, "doubt")
	f.read(c, "code", "text", "contact")
	sum := sha256.Sum256([]byte(strings.Join([]string{s.client(c.Ctx), f.Value("code"), f.Value("text"), f.Value("contact")}, "\x00")))
	_, err := s.Ledger.ReportDoubt(c.ctx(), c.actor, trace.DoubtDraft{
		Token: hex.EncodeToString(sum[:]), Code: f.Value("code"), Text: f.Value("text"), Contact: f.Value("contact"),
	})
	if err != nil && !f.fail(c, err) {
		return err
	}
	return s.render(c, "doubt", &DoubtPage{Base: s.base(c, "doubt.title"), Form: f, Code: f.Value("code")})
}

// DoubtPage thanks for a doubt that was reported, or asks again.
type DoubtPage struct {
	Base
	Form *Form
	Code string
}

// healthz tells that the process is alive.
func (s *Server) healthz(c *request) error { return c.SendString("ok\n") }

// readyz tells whether what this depends on answers, and what does not.
func (s *Server) readyz(c *request) error {
	state := map[string]string{}
	code := http.StatusOK
	for name, err := range s.Ledger.Ready(c.ctx()) {
		state[name] = "ok"
		if err != nil {
			state[name] = "does not answer"
			code = http.StatusServiceUnavailable
			s.Log.Warn("not ready", "what", name, "error", err)
		}
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.Status(code).JSON(state)
}
