package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"truynguon/internal/fault"
	"truynguon/internal/store"
	"truynguon/internal/trace"
)

const (
	// apiBase is where the API begins.
	apiBase = "/api/v1"
	// apiLimit is how many requests one key may make in apiPeriod.
	apiLimit  = 1200
	apiPeriod = time.Minute
	// retrySoon is after how many seconds to try again when something does not answer.
	retrySoon = 5

	put   = fiber.MethodPut
	patch = fiber.MethodPatch

	typeJSON      = "application/json"
	typePatch     = "application/merge-patch+json"
	typeMultipart = "multipart/form-data"
)

// operation is one thing that a program can ask of the API. Routes, the OpenAPI document and the tests
// are made from the list of them.
type operation struct {
	method string
	// path is below apiBase, with parameters as OpenAPI writes them: /places/{id}.
	path string
	// id is the operation's name for programs, summary the same in words.
	id, summary string
	// who is let through to the domain, which decides.
	who access
	// query are the parameters that may stand in the address.
	query []parameter
	// in and out are the types of the body and of the answer; nil for none, or for bytes.
	in, out reflect.Type
	// inTypes and outTypes are their media types.
	inTypes, outTypes []string
	// success is the status when all went well.
	success int
	handle  handler
}

// parameter is a query parameter of an operation.
type parameter struct {
	name, about string
	// kind is the type as JSON Schema has it, and choices the values there are, if they can be listed.
	kind     string
	choices  []string
	required bool
}

// apiRoutes is the API for programs, under /api/v1. Every path also answers the methods that it does not
// have, by naming those that it has.
func (s *Server) apiRoutes() []route {
	routes := s.epcisRoutes() // the other interface for programs
	methods := map[string][]string{}
	var paths []string
	for _, o := range s.operations() {
		path := apiBase + strings.NewReplacer("{", ":", "}", "").Replace(o.path)
		if methods[path] == nil {
			paths = append(paths, path)
		}
		methods[path] = append(methods[path], o.method)
		routes = append(routes, route{o.method, path, o.who, s.program(o)})
	}
	for _, path := range paths {
		have := methods[path]
		if slices.Contains(have, get) {
			have = append(have, fiber.MethodHead)
		}
		for _, m := range []string{get, post, put, patch, fiber.MethodDelete, fiber.MethodOptions} {
			if !slices.Contains(have, m) {
				routes = append(routes, route{m, path, anyone, notThisMethod(strings.Join(have, ", "))})
			}
		}
	}
	return routes
}

// notThisMethod answers what a path does not do.
func notThisMethod(allow string) handler {
	return func(c *request) error {
		c.Set(fiber.HeaderAllow, allow)
		if c.Method() == fiber.MethodOptions {
			return c.SendStatus(http.StatusNoContent)
		}
		return fault.New(fiber.ErrMethodNotAllowed, "method", c.Method(), allow)
	}
}

// program is what every operation goes through: the caller's allowance, and a check of the address.
func (s *Server) program(o operation) handler {
	return func(c *request) error {
		if c.who.Known() {
			if wait := s.calls.take(c.who.ID, time.Now()); wait > 0 {
				return fault.New(fault.TooMany, "slow_down_api", int(wait/time.Second)+1)
			}
		}
		c.Set(fiber.HeaderCacheControl, "private, no-cache")
		if err := o.checkQuery(c); err != nil {
			return err
		}
		return o.handle(c)
	}
}

// checkQuery refuses what an operation would ignore: a filter that is misspelt must not show everything.
func (o *operation) checkQuery(c *request) error {
	for name, value := range c.Queries() {
		i := slices.IndexFunc(o.query, func(p parameter) bool { return p.name == name })
		switch {
		case name == "lang":
		case i < 0:
			return fault.New(fault.Malformed, "query_unknown", escapePointer(name))
		case o.query[i].choices != nil && !slices.Contains(o.query[i].choices, value):
			return fault.New(fault.Malformed, "query_choice", name, strings.Join(o.query[i].choices, ", "))
		}
	}
	for _, p := range o.query {
		if p.required && c.Query(p.name) == "" {
			return fault.New(fault.Malformed, "query_missing", p.name)
		}
	}
	return nil
}

// allowance counts the requests of each caller in periods of fixed length.
type allowance struct {
	mu     sync.Mutex
	since  time.Time
	counts map[string]int
}

// take uses up one request, and answers how long to wait if there are none left.
func (a *allowance) take(caller string, now time.Time) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.counts == nil || now.Sub(a.since) >= apiPeriod {
		a.since, a.counts = now, map[string]int{}
	}
	if a.counts[caller] >= apiLimit {
		return apiPeriod - now.Sub(a.since)
	}
	a.counts[caller]++
	return 0
}

// reply is what an operation answers.
type reply struct {
	status int
	// location is the path of what was made, below apiBase.
	location string
	// rev is the record's revision; 0 if the answer is none record.
	rev  int64
	body any
}

// keep writes the answer as it is sent.
func (r reply) keep() (keptReply, error) {
	body, err := json.Marshal(r.body)
	if err != nil {
		return keptReply{}, fmt.Errorf("web: answer: %w", err)
	}
	k := keptReply{Status: r.status, Body: body}
	if r.location != "" {
		k.Location = apiBase + r.location
	}
	if r.rev != 0 {
		k.ETag = etagOf(r.rev)
	}
	return k, nil
}

func etagOf(rev int64) string { return `"` + strconv.FormatInt(rev, 10) + `"` }

// reply sends an answer.
func (s *Server) reply(c *request, r reply) error {
	k, err := r.keep()
	if err != nil {
		return err
	}
	return s.sendReply(c, k)
}

func (s *Server) sendReply(c *request, k keptReply) error {
	if k.Location != "" {
		c.Set(fiber.HeaderLocation, s.Ledger.Base+k.Location)
	}
	if k.ETag != "" {
		c.Set(fiber.HeaderETag, k.ETag)
		if m := c.Method(); m == get || m == fiber.MethodHead {
			if _, same := matches(c.Get(fiber.HeaderIfNoneMatch), k.ETag); same {
				return c.SendStatus(http.StatusNotModified)
			}
		}
	}
	c.Set(fiber.HeaderContentType, typeJSON)
	return c.Status(k.Status).Send(k.Body)
}

// matches looks for an entity tag in a list of them, as If-Match and If-None-Match have it. any reports
// that the list is "*".
func matches(header, etag string) (anything, match bool) {
	for part := range strings.SplitSeq(header, ",") {
		part = strings.TrimSpace(part)
		if part == "*" {
			return true, true
		}
		if part == etag || `"`+part+`"` == etag { // some clients take the quotes off
			return false, true
		}
	}
	return false, false
}

// rehearsal is a ledger that reads and checks but cannot write: it finds the faults of a draft that will
// be refused anyway, so that all can be named at once.
func (s *Server) rehearsal() *trace.Ledger {
	l := s.Ledger
	return &trace.Ledger{DB: readOnly{l.DB}, Blobs: l.Blobs, Base: l.Base, Zone: l.Zone, Schemes: l.Schemes, Crops: l.Crops, Plan: l.Plan, DiaryRequired: l.DiaryRequired, Now: l.Now}
}

// errRehearsed is what a verb meets that had nothing to object.
var errRehearsed = errors.New("web: only a rehearsal")

type readOnly struct{ store.DB }

func (readOnly) Insert(context.Context, string, store.Record) error  { return errRehearsed }
func (readOnly) Replace(context.Context, string, store.Record) error { return errRehearsed }
func (readOnly) Delete(context.Context, string, string, int64) error { return errRehearsed }

// withDomain adds to the faults of a body those that the domain finds in what could be read of it. An
// answer that goes before faults, such as that the actor may not, is returned instead.
func (s *Server) withDomain(p *fault.Problem, verb func(l *trace.Ledger) error) error {
	if len(p.Fields) == 0 {
		return nil
	}
	err := verb(s.rehearsal())
	switch {
	case err == nil || errors.Is(err, errRehearsed):
	case errors.Is(err, fault.Invalid) || errors.Is(err, fault.Exists):
		var domain *fault.Problem
		if errors.As(err, &domain) {
			own := slices.Clone(p.Fields)
			for _, f := range domain.Fields {
				at := func(o fault.Field) bool { return o.Pointer == f.Pointer || strings.HasPrefix(f.Pointer, o.Pointer+"/") }
				if !slices.ContainsFunc(own, at) { // a value that could not be read is not missing
					p.Add(f.Pointer, f.Code, f.Args...)
				}
			}
		}
	default:
		return err
	}
	return p.Err()
}
