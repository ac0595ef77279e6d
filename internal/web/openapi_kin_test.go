package web

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
)

// Every request of the tests that succeeds, and every answer, is held against the description: what the
// description promises is what programs get.
func init() {
	doc, err := openapi3.NewLoader().LoadFromData(openAPIDocument)
	if err != nil {
		panic(err)
	}
	if err := doc.Validate(context.Background()); err != nil {
		panic(err)
	}
	described, err := legacy.NewRouter(doc)
	if err != nil {
		panic(err)
	}
	witness = func(t testing.TB, r *http.Request, a answer) {
		t.Helper()
		checkDescribed(t, described, r, a)
	}
}

func checkDescribed(t testing.TB, described routers.Router, r *http.Request, a answer) {
	t.Helper()
	ask := r.Clone(context.Background())
	ask.URL.Scheme, ask.URL.Host, ask.Host = "", "", "" // the description's server is a path
	if ask.Method == http.MethodHead {
		return
	}
	route, params, err := described.FindRoute(ask)
	if err != nil {
		if a.Status != 404 && a.Status != 405 && a.Status != 204 {
			t.Errorf("%s %s answers %d, but is not described: %v", r.Method, r.URL, a.Status, err)
		}
		return
	}
	in := &openapi3filter.RequestValidationInput{
		Request: ask, PathParams: params, Route: route,
		Options: &openapi3filter.Options{
			AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true, MultiError: true,
		},
	}
	if a.Status < 300 && !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		if ask.Body, err = r.GetBody(); err != nil {
			t.Fatal(err)
		}
		if err := openapi3filter.ValidateRequest(context.Background(), in); err != nil {
			t.Errorf("%s %s is not a request as described, but was taken: %v", r.Method, r.URL, err)
		}
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: a.Status, Header: a.Header, Options: in.Options}
	if kind := a.Header.Get("Content-Type"); strings.Contains(kind, "json") {
		out.SetBodyBytes(bytes.Clone(a.Body))
	} else {
		out.Options.ExcludeResponseBody = true
	}
	if err := openapi3filter.ValidateResponse(context.Background(), out); err != nil {
		t.Errorf("%s %s answers %d, not as described: %v", r.Method, r.URL, a.Status, err)
	}
}

// TestOpenAPIIsValid holds the description against the JSON Schemas of drafts 2020-12, too.
func TestOpenAPIIsValid(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(openAPIDocument)
	if err != nil {
		t.Fatal(err)
	}
	if !doc.IsOpenAPI31OrLater() {
		t.Error("not OpenAPI 3.1")
	}
	if err := doc.Validate(context.Background(), openapi3.EnableExamplesValidation()); err != nil {
		t.Error(err)
	}
}
