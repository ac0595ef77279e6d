package web

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"truynguon/internal/fault"
	"truynguon/internal/trace"
)

// resource is a kind of record as the API offers it: the document T, the draft D that is sent to make or
// change one, and the view V that is answered.
type resource[T, D, V any] struct {
	// path is the collection's; noun and plural name the record in the OpenAPI document.
	path, noun, plural string
	key                func(*T) string
	view               func(c *request, st trace.Stored[T]) V
	get                func(l *trace.Ledger, c *request, id string) (trace.Stored[T], error)
	list               func(l *trace.Ledger, c *request, after string, limit int) ([]trace.Stored[T], string, error)
	create             func(l *trace.Ledger, c *request, d D) (trace.Stored[T], error)
	// draft is what would leave a document as it is, and update changes one; fixed are the draft's
	// members that are settled when the record is made.
	draft  func(*T) D
	update func(l *trace.Ledger, c *request, id string, rev int64, d D) (trace.Stored[T], error)
	fixed  []string
}

// listPage is a part of a list.
type listPage[V any] struct {
	// Items are the records, at most as many as were asked for.
	Items []V `json:"items"`
	// Next is the cursor of the part that follows; it is absent at the end.
	Next string `json:"next,omitempty"`
}

// The parameters of lists.
var (
	paramLimit        = parameter{name: "limit", kind: "integer", about: "How many records to answer: 50 if not given, and never more than 200."}
	paramCursor       = parameter{name: "cursor", kind: "string", about: "The next of the part before."}
	paramOrganisation = parameter{name: "organisation", kind: "string", about: "Only records of the organisation with this id."}
	paramProduct      = parameter{name: "product", kind: "string", about: "Only records of the product with this id."}
	paramState        = parameter{name: "state", kind: "string", about: "Only lots in this state.", choices: spelled(trace.States)}
	paramBatch        = parameter{name: "batch", kind: "string", about: "The code of the lot.", required: true}
	paramImageWidth   = parameter{name: "width", kind: "integer", about: "For a photo: the smallest copy that is at least so many pixels wide."}
	paramLabelWidth   = parameter{name: "width", kind: "number", about: "The width of the label in millimetres, 40 if not given."}
	paramLabelDPI     = parameter{name: "dpi", kind: "integer", about: "The resolution of a PNG in dots per inch, 300 if not given."}
)

func spelled[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, w := range list {
		out[i] = string(w)
	}
	return out
}

const (
	defaultLimit = 50
	maxLimit     = 200
)

// paging reads limit and cursor.
func (c *request) paging() (after string, limit int, err error) {
	limit = defaultLimit
	if text := c.Query("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return "", 0, fault.New(fault.Malformed, "query_number", "limit")
		}
		limit = min(n, maxLimit)
	}
	return c.Query("cursor"), limit, nil
}

// reply answers a record, with its address if it was just made.
func (r *resource[T, D, V]) reply(c *request, status int, st trace.Stored[T]) reply {
	out := reply{status: status, rev: st.Rev, body: r.view(c, st)}
	if status == http.StatusCreated {
		out.location = r.path + "/" + r.key(&st.Doc)
	}
	return out
}

func (r *resource[T, D, V]) creates(s *Server, who access, summary string) operation {
	return operation{
		method: post, path: r.path, id: "create_" + r.noun, summary: summary, who: who, success: http.StatusCreated,
		in: reflect.TypeFor[D](), inTypes: []string{typeJSON}, out: reflect.TypeFor[V](), outTypes: []string{typeJSON},
		handle: func(c *request) error {
			var d D
			return posted(s, c, &d, false, func(l *trace.Ledger) (reply, error) {
				st, err := r.create(l, c, d)
				if err != nil {
					return reply{}, err
				}
				return r.reply(c, http.StatusCreated, st), nil
			})
		},
	}
}

// posted reads the draft that was sent, lets a verb do what it asks for, once, and answers. The verb
// reads the draft when it is called, not before. An optional body may be left out.
func posted[D any](s *Server, c *request, d *D, optional bool, verb func(l *trace.Ledger) (reply, error)) error {
	body := c.Request().Body()
	if len(body) > 0 || !optional {
		n, err := c.jsonBody(typeJSON)
		if err != nil {
			return err
		}
		var p fault.Problem
		bind(&p, "", n, reflect.ValueOf(d).Elem())
		err = s.withDomain(&p, func(l *trace.Ledger) error {
			_, err := verb(l)
			return err
		})
		if err != nil {
			return err
		}
	}
	return s.once(c, body, func(token string) (reply, error) {
		if f := reflect.ValueOf(d).Elem().FieldByName("Token"); f.IsValid() {
			f.SetString(token)
		}
		return verb(s.Ledger)
	})
}

func (r *resource[T, D, V]) gets(s *Server, who access, summary string) operation {
	return operation{
		method: get, path: r.path + "/{id}", id: "get_" + r.noun, summary: summary, who: who, success: http.StatusOK,
		out: reflect.TypeFor[V](), outTypes: []string{typeJSON},
		handle: func(c *request) error {
			st, err := r.get(s.Ledger, c, c.Params("id"))
			if err != nil {
				return err
			}
			return s.reply(c, r.reply(c, http.StatusOK, st))
		},
	}
}

func (r *resource[T, D, V]) lists(s *Server, who access, summary string, filters ...parameter) operation {
	return operation{
		method: get, path: r.path, id: "list_" + r.plural, summary: summary, who: who, success: http.StatusOK,
		query: append([]parameter{paramLimit, paramCursor}, filters...),
		out:   reflect.TypeFor[listPage[V]](), outTypes: []string{typeJSON},
		handle: func(c *request) error {
			after, limit, err := c.paging()
			if err != nil {
				return err
			}
			found, next, err := r.list(s.Ledger, c, after, limit)
			if err != nil {
				return err
			}
			p := listPage[V]{Items: make([]V, len(found)), Next: next}
			for i, st := range found {
				p.Items[i] = r.view(c, st)
			}
			return s.reply(c, reply{status: http.StatusOK, body: p})
		},
	}
}

// updates are PUT, which replaces all that a draft says, and PATCH, which merges (RFC 7396). Both may
// name the members that are not theirs to change, as they are now, so that a record that was read can be
// sent back whole.
func (r *resource[T, D, V]) updates(s *Server, who access, summary string) []operation {
	change := func(c *request, mediaTypes []string, from func(T) D) error {
		id := c.Params("id")
		now, err := r.get(s.Ledger, c, id)
		if err != nil {
			return err
		}
		rev, err := c.ifMatch(now.Rev)
		if err != nil {
			// Whoever may not change it at all is told that first.
			if _, denied := r.update(s.rehearsal(), c, id, 0, r.draft(&now.Doc)); statusOf(denied) == http.StatusForbidden {
				return denied
			}
			return err
		}
		body, err := c.jsonBody(mediaTypes...)
		if err != nil {
			return err
		}
		var p fault.Problem
		d := from(now.Doc)
		if err := r.dropFixed(&p, body, r.view(c, now)); err != nil {
			return err
		}
		bind(&p, "", body, reflect.ValueOf(&d).Elem())
		err = s.withDomain(&p, func(l *trace.Ledger) error {
			_, err := r.update(l, c, id, rev, d)
			return err
		})
		if err != nil {
			return err
		}
		st, err := r.update(s.Ledger, c, id, rev, d)
		if err != nil {
			return err
		}
		return s.reply(c, r.reply(c, http.StatusOK, st))
	}
	whole := func(doc T) D {
		var d D
		old, fresh := reflect.ValueOf(r.draft(&doc)), reflect.ValueOf(&d).Elem()
		for i := range old.NumField() {
			if name := jsonName(old.Type().Field(i)); slices.Contains(r.fixed, name) {
				fresh.Field(i).Set(old.Field(i))
			}
		}
		return d
	}
	part := func(doc T) D { return r.draft(&doc) }
	o := operation{
		method: put, path: r.path + "/{id}", id: "replace_" + r.noun, who: who, success: http.StatusOK,
		summary: summary + " All that can be changed is replaced; what is left out is emptied.",
		in:      reflect.TypeFor[D](), inTypes: []string{typeJSON}, out: reflect.TypeFor[V](), outTypes: []string{typeJSON},
		handle: func(c *request) error { return change(c, []string{typeJSON}, whole) },
	}
	m := o
	m.method, m.id, m.inTypes = patch, "change_"+r.noun, []string{typePatch, typeJSON}
	m.summary = summary + " Only what is named is changed, as RFC 7396 has it."
	m.handle = func(c *request) error { return change(c, m.inTypes, part) }
	return []operation{o, m}
}

// ifMatch reads which revision a change is meant for: fault.Precondition if it does not say, fault.Stale
// if that is not the current one.
func (c *request) ifMatch(now int64) (int64, error) {
	header := c.Get(fiber.HeaderIfMatch)
	if header == "" {
		return 0, fault.New(fault.Precondition, "")
	}
	anything, match := matches(header, etagOf(now))
	switch {
	case anything:
		return 0, nil
	case !match:
		return 0, fault.New(fault.Stale, "stale")
	}
	return now, nil
}

// dropFixed takes the members out of a body that a change does not touch: those the server keeps, and
// those that are settled when the record is made. If one has another value than now, that is a fault.
func (r *resource[T, D, V]) dropFixed(p *fault.Problem, body *jsonNode, view V) error {
	text, err := json.Marshal(view)
	if err != nil {
		return err
	}
	now, err := parseJSON(text)
	if err != nil {
		return err
	}
	var d D
	draft := reflect.ValueOf(d)
	for _, name := range slices.Clone(body.names) {
		changeable := jsonField(draft, name).IsValid() && !slices.Contains(r.fixed, name)
		if changeable || now.member(name) == nil && !slices.Contains(r.fixed, name) {
			continue
		}
		if !sameJSON(body.member(name), now.member(name)) {
			p.Add("/"+escapePointer(name), "read_only")
		}
		body.drop(name)
	}
	return nil
}

// reasonDraft is what is sent with a change of state.
type reasonDraft struct {
	// Reason is why. It is shown to the public when a lot is held, voided or recalled.
	Reason string `json:"reason"`
}

// decides is a change of state: POST /{id}/ACTION.
func decides[T, D, V, A any](s *Server, r *resource[T, D, V], who access, action, summary string,
	verb func(l *trace.Ledger, c *request, id string, a A) (trace.Stored[T], error)) operation {
	return operation{
		method: post, path: r.path + "/{id}/" + action, id: action + "_" + r.noun, summary: summary, who: who, success: http.StatusOK,
		in: reflect.TypeFor[A](), inTypes: []string{typeJSON}, out: reflect.TypeFor[V](), outTypes: []string{typeJSON},
		handle: func(c *request) error {
			var a A
			return posted(s, c, &a, true, func(l *trace.Ledger) (reply, error) {
				st, err := verb(l, c, c.Params("id"), a)
				if err != nil {
					return reply{}, err
				}
				return r.reply(c, http.StatusOK, st), nil
			})
		},
	}
}
