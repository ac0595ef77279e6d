package web

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"truynguon/internal/fault"
	"truynguon/internal/locale"
)

// status is the one mapping from what went wrong to how HTTP says it.
var status = []struct {
	kind error
	code int
}{
	{fault.Malformed, http.StatusBadRequest},
	{fault.Unauthenticated, http.StatusUnauthorized},
	{fault.Denied, http.StatusForbidden},
	{fault.NotFound, http.StatusNotFound},
	{fault.Exists, http.StatusConflict},
	{fault.Gone, http.StatusGone},
	{fault.Stale, http.StatusPreconditionFailed},
	{fault.TooLarge, http.StatusRequestEntityTooLarge},
	{fault.Unsupported, http.StatusUnsupportedMediaType},
	{fault.Invalid, http.StatusUnprocessableEntity},
	{fault.Precondition, http.StatusPreconditionRequired},
	{fault.TooMany, http.StatusTooManyRequests},
	{fault.Unavailable, http.StatusServiceUnavailable},
}

// statusOf answers the HTTP status of an error, 500 for what is none of ours.
func statusOf(err error) int {
	for _, s := range status {
		if errors.Is(err, s.kind) {
			return s.code
		}
	}
	var f *fiber.Error
	if errors.As(err, &f) {
		return f.Code
	}
	return http.StatusInternalServerError
}

// told is an error in a visitor's language.
type told struct {
	Status int
	// Title says what happened in a few words, Text what to do about it.
	Title, Text string
	// Fields are the faults of fields, in the order they were found.
	Fields []toldField
	// ID is the request's, for those who ask us about it.
	ID string
}

type toldField struct {
	Pointer string `json:"pointer"`
	Code    string `json:"code"`
	Detail  string `json:"detail"`
}

// tell puts an error into a visitor's words. What is not ours is told as nothing.
func tell(p *locale.Printer, err error) told {
	t := told{Status: statusOf(err)}
	t.Title = p.T("error." + strconv.Itoa(knownStatus(t.Status)) + ".title")
	t.Text = p.T("error." + strconv.Itoa(knownStatus(t.Status)) + ".text")
	var problem *fault.Problem
	if !errors.As(err, &problem) {
		return t
	}
	if problem.Code != "" {
		t.Text = say(p, problem.Code, problem.Args)
	}
	for _, f := range problem.Fields {
		t.Fields = append(t.Fields, toldField{Pointer: f.Pointer, Code: f.Code, Detail: say(p, f.Code, f.Args)})
	}
	return t
}

// say puts a fault's code into words. An argument that is itself a message key, such as a state's, is
// put into words too.
func say(p *locale.Printer, code string, args []any) string {
	words := make([]any, len(args))
	for i, a := range args {
		words[i] = a
		if key, ok := a.(string); ok && strings.Contains(key, ".") && p.Has(key) {
			words[i] = p.T(key)
		}
	}
	if strings.Contains(code, ".") && p.Has(code) { // a finding, which has words of its own
		return p.T(code, words...)
	}
	return p.T("fault."+code, words...)
}

// knownStatus is the status whose words are used: its own, or those of its class.
func knownStatus(code int) int {
	for _, s := range status {
		if s.code == code {
			return code
		}
	}
	switch code {
	case http.StatusMethodNotAllowed:
		return http.StatusNotFound
	case http.StatusRequestHeaderFieldsTooLarge, http.StatusRequestURITooLong:
		return http.StatusBadRequest
	}
	if code >= 500 {
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}

// problemDocument is an error as RFC 9457 has it.
type problemDocument struct {
	Type      string      `json:"type"`
	Title     string      `json:"title"`
	Status    int         `json:"status"`
	Detail    string      `json:"detail,omitempty"`
	RequestID string      `json:"requestId,omitempty"`
	Errors    []toldField `json:"errors,omitempty"`
}

// answerError is the one place where an error becomes an answer: a page for people, a problem document
// for programs.
func (s *Server) answerError(c *fiber.Ctx, err error) error {
	r := of(c)
	if r == nil { // fiber refused the request before the middleware saw it
		r = &request{Ctx: c, id: requestID(), api: forPrograms(c.Path())}
		r.words = s.Words.Printer(s.Words.Match(c.Get(fiber.HeaderAcceptLanguage)))
	}
	t := tell(r.words, err)
	t.ID = r.id
	if t.Status >= 500 {
		s.Log.Error("failed", "request", r.id, "error", err)
	}
	setRetryAfter(c, err)
	c.Response().Header.Del(fiber.HeaderETag)
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Status(t.Status)
	if r.api || !r.wantsPage() {
		if t.Status == http.StatusUnauthorized {
			c.Set(fiber.HeaderWWWAuthenticate, `Bearer realm="truynguon"`)
		}
		if forEPCIS(c.Path()) {
			d := s.epcisProblem(r, err, t)
			return c.Status(d.Status).JSON(d, "application/problem+json")
		}
		return c.JSON(problemDocument{
			Type: "about:blank", Title: t.Title, Status: t.Status, Detail: t.Text, RequestID: t.ID, Errors: t.Fields,
		}, "application/problem+json")
	}
	if t.Status == http.StatusUnauthorized && !r.who.Known() && c.Method() == fiber.MethodGet {
		return c.Redirect("/login?next="+url.QueryEscape(c.OriginalURL()), http.StatusSeeOther)
	}
	return s.render(r, "error", &ErrorPage{Base: s.base(r, "error.title"), Told: t})
}

// setRetryAfter tells a program how many seconds to wait, where the error knows.
func setRetryAfter(c *fiber.Ctx, err error) {
	if errors.Is(err, fault.Unavailable) {
		c.Set(fiber.HeaderRetryAfter, strconv.Itoa(retrySoon))
	}
	var problem *fault.Problem
	if errors.Is(err, fault.TooMany) && errors.As(err, &problem) && len(problem.Args) > 0 {
		if seconds, ok := problem.Args[0].(int); ok {
			c.Set(fiber.HeaderRetryAfter, strconv.Itoa(seconds))
		}
	}
}

// wantsPage reports whether the answer should be a page: for a browser, and for whoever does not ask
// for JSON alone, by its headers or in the address.
func (c *request) wantsPage() bool {
	if f := c.Query("format"); f != "" && f != formatPage && !c.api {
		return false
	}
	accept := c.Get(fiber.HeaderAccept)
	return accept == "" || strings.Contains(accept, "text/html") || strings.Contains(accept, "*/*") && !strings.Contains(accept, "json")
}
