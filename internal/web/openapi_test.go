package web

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"truynguon/internal/auth"
)

// TestOpenAPI compares the description that is served with what the operations, the Go types and their
// doc comments say now.
func TestOpenAPI(t *testing.T) {
	fresh := describeAPI(t)
	if *update {
		if err := os.WriteFile("openapi.json", fresh, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	golden, err := os.ReadFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(golden), string(fresh)); diff != "" {
		t.Errorf("openapi.json is not up to date; run go test ./internal/web -run TestOpenAPI -update (-served +generated):\n%s", diff)
	}
}

func TestOpenAPIIsServed(t *testing.T) {
	w := newWorld(t)
	a := w.api("nobody", "GET", apiBase+"/openapi.json", nil).want(200)
	if got := a.member("/openapi"); got != "3.1.0" {
		t.Errorf("openapi is %q", got)
	}
	if got := a.member("/info/version"); got != "test" {
		t.Errorf("the version is %q, want the program's", got)
	}
	// Every operation is a route, and every route of the API is described.
	for _, r := range w.routes() {
		path, ok := strings.CutPrefix(r.path, apiBase)
		if !ok {
			continue
		}
		var parts []string
		for _, p := range strings.Split(path, "/") {
			if name, ok := strings.CutPrefix(p, ":"); ok {
				p = "{" + name + "}"
			}
			parts = append(parts, p)
		}
		pointer := "/paths/" + strings.ReplaceAll(strings.Join(parts, "/"), "/", "~1") + "/" + strings.ToLower(r.method)
		described := a.member(pointer) != ""
		has := slices.ContainsFunc(w.operations(), func(o operation) bool {
			return o.method == r.method && o.path == strings.Join(parts, "/")
		})
		if described != has {
			t.Errorf("%s %s: described %v, but there is such an operation: %v", r.method, r.path, described, has)
		}
	}
}

// statuses are those an operation may answer beside success.
func (o *operation) statuses() []int {
	var all []int
	add := func(codes ...int) {
		for _, c := range codes {
			if !slices.Contains(all, c) {
				all = append(all, c)
			}
		}
	}
	if o.who != nil {
		add(400, 401, 403, 429, 503)
	}
	if o.path == "/verify" { // limited by network address
		add(400, 429, 503)
	}
	if strings.Contains(o.path, "{") {
		add(404)
	}
	if o.in != nil {
		add(400, 409, 413, 415, 422)
	}
	if o.method == put || o.method == patch {
		add(412, 428)
	}
	if strings.Contains(o.path, "/label.") {
		add(422)
	}
	slices.Sort(all)
	return all
}

var statusWords = map[int]string{
	400: "The request could not be understood: its JSON, its address or a header.",
	401: "There is no valid API key with the request.",
	403: "The caller may not do this.",
	404: "There is no such record.",
	409: "It exists already, is in a state that does not allow this, or the Idempotency-Key was used for another body.",
	412: "The record has changed since it was read.",
	413: "The body is too large.",
	415: "The body is of a type that is not accepted.",
	422: "Fields are at fault; errors names all of them.",
	428: "If-Match is missing.",
	429: "The caller has used up its requests for now; Retry-After says when to go on.",
	503: "Something that is needed does not answer; Retry-After says when to try again.",
}

// describeAPI writes the OpenAPI document.
func describeAPI(t *testing.T) []byte {
	t.Helper()
	g := newSchemas(t)
	paths := map[string]map[string]any{}
	seen := map[string]bool{}
	for _, o := range (&Server{}).operations() {
		if o.summary == "" || o.id == "" || seen[o.id] {
			t.Errorf("%s %s: no summary, or no id of its own", o.method, o.path)
		}
		seen[o.id] = true
		if paths[o.path] == nil {
			paths[o.path] = map[string]any{}
		}
		paths[o.path][strings.ToLower(o.method)] = g.operation(o)
	}
	problem := g.ref(typeOf[problemDocument]())
	responses := map[string]any{}
	for code, words := range statusWords {
		r := map[string]any{"description": words, "content": map[string]any{"application/problem+json": map[string]any{"schema": problem}}}
		headers := map[string]any{}
		switch code {
		case 401:
			headers["WWW-Authenticate"] = headerOf("How to show who asks.", "string")
		case 429, 503:
			headers["Retry-After"] = headerOf("After how many seconds to try again.", "integer")
		}
		if len(headers) > 0 {
			r["headers"] = headers
		}
		responses[strconv.Itoa(code)] = r
	}
	doc := map[string]any{
		"openapi": "3.1.0",
		"info": map[string]any{
			"title":   "Truy Nguồn",
			"version": versionMark,
			"summary": "Traceability of farm products: lots, where they come from, and what happened to them.",
			"description": "JSON in the standards' own field names; dates as 2026-03-10, times as RFC 3339 has them. " +
				"Words are in the language of Accept-Language, Vietnamese or English. A POST with an Idempotency-Key may be sent again: " +
				"within two days the same key and body answer as before and write nothing. Members that a body leaves out are empty; " +
				"what is missing or wrong is answered with 422, every fault at once.",
		},
		"servers":  []any{map[string]any{"url": apiBase}},
		"security": []any{map[string]any{"key": []any{}}},
		"paths":    paths,
		"components": map[string]any{
			"schemas":   g.components,
			"responses": responses,
			"securitySchemes": map[string]any{"key": map[string]any{
				"type": "http", "scheme": "bearer", "description": "An API key, tn_…, made by the administrator or the organisation's manager.",
			}},
		},
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(doc); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func headerOf(about, kind string) map[string]any {
	return map[string]any{"description": about, "schema": map[string]any{"type": kind}}
}

func (g *schemas) operation(o operation) map[string]any {
	op := map[string]any{"operationId": o.id, "summary": o.summary, "tags": []string{strings.Split(o.path, "/")[1]}}
	if o.who == nil {
		op["security"] = []any{}
	} else {
		op["x-roles"] = o.who
		op["description"] = "For the roles " + strings.Join(rolesOf(o.who), ", ") + "."
	}
	var params []any
	for _, part := range strings.Split(o.path, "/") {
		if name := strings.Trim(part, "{}"); name != part {
			params = append(params, map[string]any{
				"name": name, "in": "path", "required": true, "description": "Which one.", "schema": map[string]any{"type": "string"},
			})
		}
	}
	for _, q := range o.query {
		s := map[string]any{"type": q.kind}
		if q.choices != nil {
			s["enum"] = q.choices
		}
		if q.about == "" {
			g.t.Errorf("%s: the parameter %s is not explained", o.id, q.name)
		}
		params = append(params, map[string]any{"name": q.name, "in": "query", "required": q.required, "description": q.about, "schema": s})
	}
	header := func(name, about string, required bool) {
		params = append(params, map[string]any{
			"name": name, "in": "header", "required": required, "description": about, "schema": map[string]any{"type": "string"},
		})
	}
	switch o.method {
	case post:
		header(headerIdempotencyKey, "1 to 255 visible ASCII characters that name this request. The same key and body answer as before.", false)
	case put, patch:
		header("If-Match", "The ETag of the record that is changed.", true)
	}
	if params != nil {
		op["parameters"] = params
	}
	if o.in != nil {
		content := map[string]any{}
		body := g.ref(o.in)
		if o.method == put || o.method == patch {
			body = g.change(o.in)
		}
		for _, m := range o.inTypes {
			content[m] = map[string]any{"schema": body}
		}
		optional := o.method == post && strings.Contains(o.path, "{")
		op["requestBody"] = map[string]any{"required": !optional, "content": content}
	}
	ok := map[string]any{"description": "Done."}
	headers := map[string]any{}
	switch {
	case o.success == 201:
		ok["description"] = "Made."
		headers["Location"] = headerOf("Where the record is.", "string")
	case o.method == get:
		ok["description"] = "What was asked for."
	}
	if o.out != nil && !strings.HasPrefix(o.out.Name(), "listPage") && o.out != typeOf[eventView]() && o.out != typeOf[verifyView]() {
		headers["ETag"] = headerOf("The record's revision, for If-Match and If-None-Match.", "string")
	}
	if len(headers) > 0 {
		ok["headers"] = headers
	}
	content := map[string]any{}
	for _, m := range o.outTypes {
		schema := map[string]any{}
		if o.out != nil {
			schema = g.ref(o.out)
		}
		content[m] = map[string]any{"schema": schema}
	}
	ok["content"] = content
	responses := map[string]any{strconv.Itoa(o.success): ok}
	if o.method == get && o.out != nil || strings.HasSuffix(o.path, "/content") {
		responses["304"] = map[string]any{"description": "It is as If-None-Match says."}
	}
	for _, code := range o.statuses() {
		responses[strconv.Itoa(code)] = map[string]any{"$ref": "#/components/responses/" + strconv.Itoa(code)}
	}
	op["responses"] = responses
	return op
}

func rolesOf(a access) (out []string) {
	for _, r := range auth.Roles {
		if slices.Contains(a, r) {
			out = append(out, string(r))
		}
	}
	return out
}
