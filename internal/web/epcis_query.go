package web

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"truynguon/internal/epcis"
	"truynguon/internal/fault"
	"truynguon/internal/trace"
)

// tokenLife is how long a list can be gone on with.
const tokenLife = time.Hour

// maxTokenQuery is the longest question that a token carries with it.
const maxTokenQuery = 2000

// pageToken is what a nextPageToken says. It is no secret and vouches for nothing: whoever changes it gets
// another page of what the caller may see anyway.
type pageToken struct {
	// Of tells which list it goes on with, and Query is the question, if it is short.
	Of    string `json:"o"`
	Query string `json:"q,omitempty"`
	// After is where, and Until the end of its life, in seconds.
	After string `json:"a"`
	Until int64  `json:"u"`
}

// eventList is the page of a list that is asked for.
type eventList struct {
	size   int
	after  string
	of     string
	values url.Values // the question itself
}

// pageOf reads which page of a list is asked for. of names the list among all.
func (s *Server) pageOf(c *request, of string) (p eventList, err error) {
	p.values, err = url.ParseQuery(string(c.Context().URI().QueryString()))
	if err != nil {
		return p, fault.New(fault.Malformed, "epcis_query")
	}
	bad := fault.New(fault.Malformed, "rest_page")
	p.size = epcisPage
	if list, ok := p.values["perPage"]; ok {
		if p.size, err = strconv.Atoi(list[0]); err != nil || p.size < 1 || len(list) > 1 {
			bad.Add("/perPage", "rest_page", trace.MaxEventPage)
			return p, bad
		}
		p.size = min(p.size, trace.MaxEventPage)
	}
	token, given := p.values["nextPageToken"]
	delete(p.values, "perPage")
	delete(p.values, "nextPageToken")
	if !given {
		p.of = of + "?" + p.values.Encode()
		return p, nil
	}
	t, ok := readToken(token[0])
	if ok && len(p.values) == 0 && t.Query != "" { // the token alone says what was asked
		p.values, err = url.ParseQuery(t.Query)
		ok = err == nil
	}
	p.of = of + "?" + p.values.Encode()
	ok = ok && len(token) == 1 && t.Of == digest(p.of)[:16] && s.now().Unix() < t.Until
	if ok {
		spent, err := s.Ledger.TokenSpent(c.ctx(), c.actor, token[0])
		if err != nil {
			return p, err
		}
		ok = !spent
	}
	if !ok {
		bad := fault.New(fault.Malformed, "rest_token")
		bad.Add("/nextPageToken", "rest_token")
		return p, bad
	}
	p.after = t.After
	return p, nil
}

func readToken(s string) (t pageToken, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	return t, err == nil && json.Unmarshal(b, &t) == nil && t.Of != ""
}

// only refuses parameters that a list does not have.
func (p *eventList) only() error {
	bad := fault.New(fault.Malformed, "epcis_query")
	for name := range p.values {
		bad.Add("/"+escapePointer(name), "epcis_query_unknown", name)
	}
	return bad.Err()
}

// turn tells where the list goes on, if it does.
func (p *eventList) turn(s *Server, c *request, next string) {
	if next == "" {
		return
	}
	until := s.now().Add(tokenLife)
	t := pageToken{Of: digest(p.of)[:16], After: next, Until: until.Unix()}
	if q := p.values.Encode(); len(q) <= maxTokenQuery {
		t.Query = q
	}
	b, err := json.Marshal(t)
	if err != nil {
		return
	}
	values := url.Values{"perPage": {strconv.Itoa(p.size)}, "nextPageToken": {base64.RawURLEncoding.EncodeToString(b)}}
	for name, list := range p.values {
		values[name] = list
	}
	c.Set(fiber.HeaderLink, "<"+s.Ledger.Base+c.Path()+"?"+values.Encode()+`>; rel="next"`)
	c.Set(headerTokenExpires, until.UTC().Truncate(time.Second).Format(time.RFC3339))
}

// spendToken makes a nextPageToken worthless.
func (s *Server) spendToken(c *request) error {
	token, err := parameterIn(c, "token")
	if err != nil {
		return err
	}
	t, ok := readToken(token)
	now := s.now()
	if until := time.Unix(t.Until, 0); !ok || until.Before(now) || until.After(now.Add(2*tokenLife)) {
		return fault.NotFound
	}
	if err := s.Ledger.SpendToken(c.ctx(), c.actor, token, time.Unix(t.Until, 0)); err != nil {
		return err
	}
	return c.SendStatus(http.StatusNoContent)
}

// epcisEvents answers GET /events.
func (s *Server) epcisEvents(c *request) error {
	return s.answerQuery(c, "events", "SimpleEventQuery", func(p *eventList) (*epcis.Query, error) {
		return epcis.ParseQuery(p.values, extensions(c))
	})
}

// answerQuery answers a page of the events that a query finds, as an EPCISQueryDocument.
func (s *Server) answerQuery(c *request, of, name string, read func(p *eventList) (*epcis.Query, error)) error {
	p, err := s.pageOf(c, of)
	if err != nil {
		return err
	}
	q, err := read(&p)
	if err != nil {
		return err
	}
	found, next, err := s.Ledger.QueryEvents(c.ctx(), c.actor, q, p.after, p.size)
	if err != nil {
		return err
	}
	p.turn(s, c, next)
	return s.sendEvents(c, name, found)
}

// sendEvents sends events in the form that is asked for.
func (s *Server) sendEvents(c *request, name string, found []epcis.Event) error {
	format, _ := epcis.ParseFormat(c.Get(headerEPCFormat))
	var prefixes []string
	if format == epcis.URNs && len(found) > 0 {
		var err error
		if prefixes, err = s.Ledger.CompanyPrefixes(c.ctx()); err != nil {
			return err
		}
	}
	for i := range found {
		found[i] = *found[i].InFormat(format, prefixes)
	}
	body, err := epcis.NewQueryDocument(s.now().UTC().Truncate(time.Millisecond), name, found...).Encode()
	if err != nil {
		return err
	}
	c.Set(headerEPCFormat, string(format))
	c.Set(fiber.HeaderContentType, typeJSON)
	if c.Get(fiber.HeaderAccept) == typeJSONLD {
		c.Set(fiber.HeaderContentType, typeJSONLD)
	}
	return c.Send(body)
}

// epcisEvent answers one event, and the declaration that it was in error if there is one.
func (s *Server) epcisEvent(c *request) error {
	id, err := parameterIn(c, "id")
	if err != nil {
		return err
	}
	found, err := s.Ledger.EventsByID(c.ctx(), c.actor, id)
	if err != nil {
		return err
	}
	return s.sendEvents(c, "SimpleEventQuery", found)
}

// namedQueryEvents answers what a named query finds.
func (s *Server) namedQueryEvents(c *request) error {
	if c.Get(fiber.HeaderUpgrade) != "" {
		return noSubscriptions(c)
	}
	q, err := s.named(c)
	if err != nil {
		return err
	}
	return s.answerQuery(c, "queries/"+q.Owner+"/"+q.Name+"@"+q.At.String(), q.Name, func(p *eventList) (*epcis.Query, error) {
		if err := p.only(); err != nil {
			return nil, err
		}
		return epcis.DecodeQuery(q.Query)
	})
}

// valueField is a field by whose values events are listed.
type valueField struct {
	field trace.EventField
	// parameter of a query finds the events with a value; empty for things, which stand in many members.
	parameter string
}

var valueFields = []valueField{
	{trace.EventTypeField, "eventType"},
	{trace.EPCField, ""},
	{trace.BizStepField, "EQ_bizStep"},
	{trace.BizLocationField, "EQ_bizLocation"},
	{trace.ReadPointField, "EQ_readPoint"},
	{trace.DispositionField, "EQ_disposition"},
}

// valueResources are the list of a field's values, a value, and its events.
func (s *Server) valueResources(f valueField) []epcisResource {
	path := "/" + string(f.field)
	return []epcisResource{
		{path: path, get: func(c *request) error { return s.eventValues(c, f) }},
		{path: path + "/:value", get: func(c *request) error {
			value, err := parameterIn(c, "value")
			if err == nil {
				_, err = f.query(url.Values{}, value, nil)
			}
			if err != nil {
				return fault.NotFound
			}
			return sendCollection(c, []string{"events"})
		}},
		{path: path + "/:value/events", get: func(c *request) error {
			value, err := parameterIn(c, "value")
			if err != nil {
				return err
			}
			if _, err := f.query(url.Values{}, value, nil); err != nil {
				return fault.NotFound
			}
			return s.answerQuery(c, path+"/"+value, "SimpleEventQuery", func(p *eventList) (*epcis.Query, error) {
				return f.query(p.values, value, extensions(c))
			})
		}},
	}
}

// query is the question for the events with a value, among those that other parameters ask for.
func (f *valueField) query(values url.Values, value string, namespaces map[string]string) (*epcis.Query, error) {
	if f.parameter == "" {
		return epcis.ParseThingQuery(values, value, namespaces)
	}
	if _, twice := values[f.parameter]; twice {
		bad := fault.New(fault.Malformed, "epcis_query")
		bad.Add("/"+f.parameter, "epcis_query_once", f.parameter)
		return nil, bad
	}
	all := url.Values{f.parameter: {value}}
	for name, list := range values {
		all[name] = list
	}
	return epcis.ParseQuery(all, namespaces)
}

// eventValues lists the values of a field.
func (s *Server) eventValues(c *request, f valueField) error {
	p, err := s.pageOf(c, string(f.field))
	if err != nil {
		return err
	}
	if err := p.only(); err != nil {
		return err
	}
	values, next, err := s.Ledger.EventValues(c.ctx(), c.actor, f.field, p.after, p.size)
	if err != nil {
		return err
	}
	format, _ := epcis.ParseFormat(c.Get(headerEPCFormat))
	if format == epcis.DigitalLinks {
		for i, v := range values {
			if link, err := epcis.URNToLink(v); err == nil {
				values[i] = link
			}
		}
	}
	p.turn(s, c, next)
	return sendCollection(c, values)
}
