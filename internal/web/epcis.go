package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"truynguon/internal/epcis"
	"truynguon/internal/fault"
)

// The REST interface of EPCIS 2.0, capture and query, under /epcis: what other systems send and ask in the
// standard's own terms (GS1 EPCIS 2.0, section 12). It takes API keys and nothing else. JSON-LD is the one
// form; XML is refused by name. Subscriptions are not offered, and answered as the standard wants.

const (
	epcisBase = "/epcis"
	// epcisVersion is the one edition of EPCIS and CBV that is spoken.
	epcisVersion = "2.0.0"
	// maxEPCISAddress is the longest address that is answered; a longer question belongs into a named query.
	maxEPCISAddress = 8000
	// epcisPage is how many things a page has when nobody says.
	epcisPage = 30

	headerEPCISVersion  = "GS1-EPCIS-Version"
	headerEPCISMin      = "GS1-EPCIS-Min"
	headerEPCISMax      = "GS1-EPCIS-Max"
	headerCBVVersion    = "GS1-CBV-Version"
	headerCBVMin        = "GS1-CBV-Min"
	headerCBVMax        = "GS1-CBV-Max"
	headerEPCFormat     = "GS1-EPC-Format"
	headerGS1Extensions = "GS1-Extensions"
	headerVendorVersion = "GS1-Vendor-Version"
	headerBehaviour     = "GS1-Capture-Error-Behaviour"
	headerCaptureLimit  = "GS1-EPCIS-Capture-Limit"
	headerCaptureBytes  = "GS1-EPCIS-Capture-File-Size-Limit"
	headerTokenExpires  = "GS1-Next-Page-Token-Expires"
)

// epcisResource is an address under /epcis and what can be done there.
type epcisResource struct {
	path           string
	get, post, del handler
	// more adds the headers of its own that tell what it can do.
	more func(c *request)
}

// epcisRoutes are the addresses under /epcis, each with the OPTIONS that tells what it can do, and with an
// answer to what it cannot.
func (s *Server) epcisRoutes() []route {
	var routes []route
	for _, r := range s.epcisResources() {
		allow := []string{fiber.MethodOptions}
		for _, m := range []struct {
			method string
			who    access
			handle handler
		}{{get, signedIn, r.get}, {fiber.MethodHead, signedIn, r.get}, {post, signedIn, r.post}, {fiber.MethodDelete, signedIn, r.del}} {
			if m.handle != nil {
				allow = append(allow, m.method)
				routes = append(routes, route{m.method, epcisBase + r.path, m.who, s.epcis(m.handle)})
			}
		}
		methods := strings.Join(allow, ", ")
		routes = append(routes, route{fiber.MethodOptions, epcisBase + r.path, anyone, s.discover(methods, r.more)})
		for _, m := range []string{get, post, put, patch, fiber.MethodDelete} {
			if !strings.Contains(methods, m) {
				routes = append(routes, route{m, epcisBase + r.path, anyone, notThisMethod(methods)})
			}
		}
	}
	return routes
}

func (s *Server) epcisResources() []epcisResource {
	all := []epcisResource{
		{path: "", get: s.epcisTop},
		{path: "/capture", get: s.captureJobs, post: s.capture, more: s.captureLimits},
		{path: "/capture/:id", get: s.captureJob},
		{path: "/events", get: s.epcisEvents, post: s.captureEvent, more: s.captureLimits},
		{path: "/events/:id", get: s.epcisEvent},
		{path: "/queries", get: s.namedQueries, post: s.nameQuery},
		{path: "/queries/:name", get: s.namedQuery, del: s.forgetQuery},
		{path: "/queries/:name/events", get: s.namedQueryEvents},
		{path: "/queries/:name/subscriptions", get: noSubscriptions, post: noSubscriptions},
		{path: "/queries/:name/subscriptions/:id", get: noSubscriptions, del: noSubscriptions},
		{path: "/nextPageToken/:token", del: s.spendToken},
	}
	for _, f := range valueFields {
		all = append(all, s.valueResources(f)...)
	}
	return all
}

// epcis is what every request under /epcis goes through: the caller's allowance, and whether what is asked
// for in the headers can be had.
func (s *Server) epcis(h handler) handler {
	return func(c *request) error {
		s.epcisHeaders(c)
		if c.who.Known() {
			if wait := s.calls.take(c.who.ID, time.Now()); wait > 0 {
				return fault.New(fault.TooMany, "slow_down_api", int(wait/time.Second)+1)
			}
		}
		c.Set(fiber.HeaderCacheControl, "private, no-cache")
		if len(c.OriginalURL()) > maxEPCISAddress {
			return exception{"URITooLongException", http.StatusRequestURITooLong, fault.New(fault.Malformed, "rest_address_long", maxEPCISAddress)}
		}
		if !acceptsJSON(c.Get(fiber.HeaderAccept)) {
			return notAcceptable(fault.New(fault.Malformed, "rest_accept"))
		}
		for _, h := range []struct{ exact, min, max string }{
			{headerEPCISVersion, headerEPCISMin, headerEPCISMax}, {headerCBVVersion, headerCBVMin, headerCBVMax},
		} {
			if err := speaks(c, h.exact, h.min, h.max); err != nil {
				return err
			}
		}
		if _, ok := epcis.ParseFormat(c.Get(headerEPCFormat)); !ok {
			return notAcceptable(fault.New(fault.Malformed, "rest_format", c.Get(headerEPCFormat)))
		}
		if c.Method() == post {
			media, _, _ := strings.Cut(c.Get(fiber.HeaderContentType), ";")
			switch strings.ToLower(strings.TrimSpace(media)) {
			case typeJSON, typeJSONLD:
			case "application/xml", "text/xml":
				return fault.New(fault.Unsupported, "rest_xml")
			default:
				return fault.New(fault.Unsupported, "rest_content_type")
			}
		}
		return h(c)
	}
}

func notAcceptable(err error) error {
	return exception{"NotAcceptableException", http.StatusNotAcceptable, err}
}

// epcisHeaders are on every answer.
func (s *Server) epcisHeaders(c *request) {
	c.Set(headerEPCISVersion, epcisVersion)
	c.Set(headerCBVVersion, epcisVersion)
}

// discover answers OPTIONS.
func (s *Server) discover(methods string, more func(c *request)) handler {
	return func(c *request) error {
		s.epcisHeaders(c)
		for _, name := range []string{headerEPCISMin, headerEPCISMax, headerCBVMin, headerCBVMax} {
			c.Set(name, epcisVersion)
		}
		c.Set(headerEPCFormat, "Always_GS1_Digital_Link, Always_EPC_URN, Never_Translates, No_Preference")
		c.Set(headerVendorVersion, "truynguon/"+s.Version)
		c.Set(fiber.HeaderAllow, methods)
		if more != nil {
			more(c)
		}
		return c.SendStatus(http.StatusNoContent)
	}
}

// speaks checks that the edition asked for in the headers is the one spoken here.
func speaks(c *request, exact, lowest, highest string) error {
	for _, h := range []struct {
		name string
		ok   func(n int) bool
	}{
		{exact, func(n int) bool { return n == 0 }}, {lowest, func(n int) bool { return n <= 0 }}, {highest, func(n int) bool { return n >= 0 }},
	} {
		asked := strings.TrimSpace(c.Get(h.name))
		if asked == "" {
			continue
		}
		n, ok := compareEditions(asked, epcisVersion)
		if !ok {
			return fault.New(fault.Malformed, "rest_version_malformed", h.name)
		}
		if !h.ok(n) {
			return notAcceptable(fault.New(fault.Malformed, "rest_version", h.name, epcisVersion))
		}
	}
	return nil
}

// compareEditions compares two editions such as 2.0 and 2.0.0, which are the same. An edition that only
// differs in its third number is the same standard, corrected.
func compareEditions(a, b string) (n int, ok bool) {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range 3 {
		var p, q int
		for _, part := range []struct {
			of []string
			to *int
		}{{x, &p}, {y, &q}} {
			if i < len(part.of) {
				v, err := strconv.Atoi(part.of[i])
				if err != nil || v < 0 {
					return 0, false
				}
				*part.to = v
			}
		}
		if p != q && n == 0 && i < 2 {
			n = p - q
		}
	}
	return n, len(x) <= 4
}

// acceptsJSON reports whether JSON is among what is asked for.
func acceptsJSON(accept string) bool {
	if strings.TrimSpace(accept) == "" {
		return true
	}
	for part := range strings.SplitSeq(accept, ",") {
		media, parameters, _ := strings.Cut(part, ";")
		if strings.Contains(strings.ReplaceAll(parameters, " ", "")+";", "q=0;") {
			continue
		}
		switch strings.ToLower(strings.TrimSpace(media)) {
		case "*/*", "application/*", typeJSON, typeJSONLD, "application/problem+json":
			return true
		}
	}
	return false
}

// epcisTop lists what there is.
func (s *Server) epcisTop(c *request) error {
	members := []string{"capture", "events", "queries"}
	for _, f := range valueFields {
		members = append(members, string(f.field))
	}
	return sendCollection(c, members)
}

// collection is a list of words or identifiers, as the standard writes them.
type collection struct {
	Context string   `json:"@context"`
	Type    string   `json:"type"`
	Member  []string `json:"member"`
}

func sendCollection(c *request, members []string) error {
	if members == nil {
		members = []string{}
	}
	return c.JSON(collection{epcis.StandardContext, "Collection", members})
}

// noSubscriptions answers whoever wants events to be sent: that is not offered.
func noSubscriptions(*request) error {
	return exception{"ImplementationException", http.StatusNotImplemented, fault.New(fault.Unsupported, "rest_subscriptions")}
}

// extensions are the prefixes that GS1-Extensions explains: "ex=https://ns.example.vn/epcis/, …".
func extensions(c *request) map[string]string {
	out := map[string]string{}
	for part := range strings.SplitSeq(c.Get(headerGS1Extensions), ",") {
		if prefix, namespace, ok := strings.Cut(strings.TrimSpace(part), "="); ok && prefix != "" {
			out[prefix] = namespace
		}
	}
	return out
}

// parameterIn is a value in the path, which is percent-encoded as a whole.
func parameterIn(c *request, name string) (string, error) {
	v, err := url.PathUnescape(c.Params(name))
	if err != nil {
		return "", fault.NotFound
	}
	return v, nil
}

// exception is an error that the standard has a name of its own for.
type exception struct {
	name   string
	status int
	error
}

// Unwrap returns what went wrong.
func (e exception) Unwrap() error { return e.error }

// exceptionOf are the names of faults whose code tells what the status does not.
var exceptionOf = map[string]string{
	"epcis_query": "QueryParameterException", "cursor": "QueryParameterException", "rest_page": "QueryParameterException",
	"rest_token": "QueryParameterException", "query_too_large": "QueryTooLargeException", "query_too_complex": "QueryTooComplexException",
}

// exceptionFor are the names of the others by their status.
var exceptionFor = map[int]string{
	http.StatusBadRequest: "ValidationException", http.StatusUnauthorized: "SecurityException", http.StatusForbidden: "SecurityException",
	http.StatusNotFound: "NoSuchResourceException", http.StatusNotAcceptable: "NotAcceptableException",
	http.StatusConflict: "ResourceAlreadyExistsException", http.StatusRequestEntityTooLarge: "CaptureLimitExceededException",
	http.StatusRequestURITooLong: "URITooLongException", http.StatusUnsupportedMediaType: "UnsupportedMediaTypeException",
	http.StatusInternalServerError: "ImplementationException", http.StatusNotImplemented: "ImplementationException",
	http.StatusServiceUnavailable: "ImplementationException",
}

// epcisProblem is a problem document in the standard's own terms: every fault is named, as everywhere, and
// the type is the standard's exception. A document that breaks rules is malformed to the standard: 400.
func (s *Server) epcisProblem(c *request, err error, t told) problemDocument {
	status, name := t.Status, ""
	if status == http.StatusUnprocessableEntity {
		status = http.StatusBadRequest
	}
	var e exception
	if errors.As(err, &e) {
		status, name = e.status, e.name
	}
	if name == "" {
		name = exceptionOf[codeOf(err)]
	}
	if name == "" {
		name = exceptionFor[status]
	}
	d := problemDocument{Type: "about:blank", Title: t.Title, Status: status, Detail: t.Text, RequestID: t.ID, Errors: t.Fields}
	if name != "" {
		d.Type = "epcisException:" + name
	}
	s.epcisHeaders(c)
	if name == "CaptureLimitExceededException" {
		s.captureLimits(c)
	}
	return d
}

// startCapture does a capture job beside the request that brought it. If this server stops before it is
// done, ResumeCaptures goes on with it.
func (s *Server) startCapture(id string) {
	s.capturing.Add(1)
	go func() {
		defer s.capturing.Done()
		s.captureTurn <- struct{}{}
		defer func() { <-s.captureTurn }()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := s.Ledger.RunCapture(ctx, id); err != nil {
			s.Log.Warn("capture", "job", id, "error", err)
		}
	}()
}

// codeOf is the code of what went wrong, if it has one.
func codeOf(err error) string {
	var problem *fault.Problem
	if errors.As(err, &problem) {
		return problem.Code
	}
	return ""
}
