package epcis

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"truynguon/internal/fault"
)

type queryCase struct {
	ID, QueryString string
	Query           json.RawMessage
	OK, Ordered     bool
	Expect          []string
	ExpectStatus    int
	Note            string
}

func dataset(t testing.TB, path string) []Event {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	d, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	return d.Events
}

// answer evaluates a query over events, order and limit included; without an order, by event time.
func answer(q *Query, events []Event) []string {
	var found []Event
	for i := range events {
		if q.Match(&events[i]) {
			found = append(found, events[i])
		}
	}
	slices.SortStableFunc(found, func(a, b Event) int {
		n := a.EventTime.Compare(b.EventTime)
		if !q.Ascending {
			n = -n
		}
		return n
	})
	if q.Limit > 0 && len(found) > q.Limit {
		found = found[:q.Limit]
	}
	ids := []string{}
	for i := range found {
		ids = append(ids, found[i].EventID)
	}
	return ids
}

// TestQueryCorpus asks the questions of the collection, as an address has them and as JSON has them.
func TestQueryCorpus(t *testing.T) {
	for _, path := range collections(t, "queries/queries.jsonl", "epcis/queries/queries.jsonl") {
		events := dataset(t, path[:len(path)-len("queries.jsonl")]+"dataset.json")
		n := 0
		for _, c := range load[queryCase](t, path) {
			values, err := url.ParseQuery(c.QueryString)
			if err != nil {
				t.Fatal(err)
			}
			fromURL, errURL := ParseQuery(values, nil)
			fromJSON, errJSON := DecodeQuery(c.Query)
			if !c.OK && c.ExpectStatus == 400 {
				if !errors.Is(errURL, fault.Malformed) || !errors.Is(errJSON, fault.Malformed) {
					t.Errorf("%s %s (%s): want a refusal, got %v and %v", c.ID, c.Query, c.Note, errURL, errJSON)
				}
				n++
				continue
			}
			if errURL != nil || errJSON != nil {
				t.Errorf("%s %s: %v, %v", c.ID, c.Query, errURL, errJSON)
				continue
			}
			n++
			for _, q := range []*Query{fromURL, fromJSON} {
				got, want := answer(q, events), slices.Clone(c.Expect)
				if c.ExpectStatus == 413 {
					if len(got) <= q.Max {
						t.Errorf("%s: %d events are not more than %d", c.ID, len(got), q.Max)
					}
					continue
				}
				if !c.Ordered {
					slices.Sort(got)
					slices.Sort(want)
				}
				if want == nil {
					want = []string{}
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s %s (%s) (-want +got):\n%s", c.ID, c.Query, c.Note, diff)
				}
			}
		}
		t.Logf("%s: %d queries", path, n)
	}
}

// TestQueryTerms: whatever an index by terms would leave out does not answer the query.
func TestQueryTerms(t *testing.T) {
	events := dataset(t, "testdata/queries/dataset.json")
	for _, c := range load[queryCase](t, "testdata/queries/queries.jsonl") {
		q, err := DecodeQuery(c.Query)
		if err != nil {
			continue
		}
		for i := range events {
			if !q.Match(&events[i]) {
				continue
			}
			have := events[i].Terms()
			for _, set := range q.Terms() {
				if !slices.ContainsFunc(set, func(s string) bool { return slices.Contains(have, s) }) {
					t.Errorf("%s: event %s has none of %q", c.Query, events[i].EventID, set)
				}
			}
		}
	}
}

// The one event that the rows of TestQueryRules ask about.
const asked = `{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",{"ex":"https://ns.example.vn/epcis/"}],
"type":"ObjectEvent","eventID":"urn:uuid:1","eventTime":"2026-03-01T06:00:00.5+07:00","eventTimeZoneOffset":"+07:00","recordTime":"2026-03-02T00:00:00Z",
"action":"ADD","bizStep":"shipping","disposition":"https://ns.example.vn/epcis/dried",
"epcList":["urn:epc:id:sgtin:8930000.000004.T1"],
"quantityList":[{"epcClass":"urn:epc:class:lgtin:8930000.000000.D-1","quantity":1200.50,"uom":"KGM"}],
"readPoint":{"id":"urn:epc:id:sgln:8930000.01000.plot1","ex:slope":"steep"},"bizLocation":{"id":"https://example.vn/414/8930000010001"},
"sourceList":[{"type":"owning_party","source":"urn:epc:id:pgln:8930000.02000"}],
"bizTransactionList":[{"type":"po","bizTransaction":"urn:epcglobal:cbv:bt:8930000020002:PO-7"}],
"sensorElementList":[{"sensorMetadata":{"time":"2026-03-01T06:00:00+07:00","deviceID":"https://id.gs1.org/8004/8930000031"},
 "sensorReport":[{"type":"Temperature","value":24.50,"uom":"CEL","booleanValue":true,"hexBinaryValue":"f0"}]}],
"ilmd":{"ex:variety":"Ri6","ex:altitude":650,"ex:harvestDate":"2026-03-01","ex:soil":{"ex:ph":"5.5"}},
"errorDeclaration":{"declarationTime":"2026-03-06T00:00:00Z","reason":"incorrect_data","ex:by":"QC"},
"ex:inspector":"QC-07","ex:checked":["a","b"]}`

func TestQueryRules(t *testing.T) {
	e, err := DecodeEvent([]byte(asked))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		query string
		want  string // yes, no, or bad
	}{
		{"EQ_bizStep=shipping", "yes"},
		{"EQ_bizStep=https://ref.gs1.org/cbv/BizStep-shipping", "yes"},
		{"EQ_bizStep=urn:epcglobal:cbv:bizstep:shipping", "yes"},
		{"EQ_bizStep=cbv:BizStep-shipping", "yes"},
		{"EQ_bizStep=receiving|shipping", "yes"},
		{"EQ_bizStep=receiving&EQ_bizStep=shipping", "yes"},
		{"EQ_bizStep=flying", "bad"},
		{"EQ_disposition=https://ns.example.vn/epcis/dried", "yes"},
		{"EQ_disposition=https://ns.example.vn/epcis/wet", "no"},
		{"MATCH_epc=https://id.gs1.org/01/08930000000042/21/T1", "no"}, // another check digit is another product
		{"MATCH_epc=urn:epc:id:sgtin:8930000.000004.T1", "yes"},
		{"MATCH_epc=urn:epc:idpat:sgtin:8930000.000004.*", "yes"},
		{"MATCH_epc=urn:epc:idpat:sgtin:8930000.000005.*", "no"},
		{"MATCH_anyEPC=urn:epc:id:sgtin:8930000.000004.t1", "no"},
		{"MATCH_epc=urn:epc:class:lgtin:8930000.000000.D-1", "no"},
		{"MATCH_epcClass=urn:epc:class:lgtin:8930000.000000.D-1", "yes"},
		{"MATCH_anyEPCClass=urn:epc:class:lgtin:8930000.000000.*", "yes"},
		{"MATCH_epc=not a uri", "bad"},
		{"EQ_readPoint=https://id.gs1.org/414/8930000010001/254/plot1", "yes"},
		{"EQ_readPoint=https://id.gs1.org/414/8930000010001", "no"},
		{"WD_readPoint=https://id.gs1.org/414/8930000010001", "yes"},
		{"WD_readPoint=urn:epc:id:sgln:8930000.01000.0", "yes"},
		{"EQ_bizLocation=urn:epc:id:sgln:8930000.01000.0", "yes"},
		{"EQ_readPoint_ex:slope=steep", "yes"},
		{"EQ_source_owning_party=https://id.gs1.org/417/8930000020000", "yes"},
		{"EQ_source_location=https://id.gs1.org/417/8930000020000", "no"},
		{"EQ_source_thief=https://id.gs1.org/417/8930000020000", "bad"},
		{"EQ_bizTransaction_po=urn:epcglobal:cbv:bt:8930000020002:PO-7", "yes"},
		{"GE_eventTime=2026-02-28T23:00:00.5Z", "yes"},
		{"GE_eventTime=2026-03-01T06:00:00 07:00", "yes"}, // a plus that nobody escaped
		{"LT_eventTime=2026-02-28T23:00:00.5Z", "no"},
		{"GE_recordTime=2026-03-02T00:00:00Z&LT_recordTime=2026-03-02T00:00:01Z", "yes"},
		{"GE_eventTime=2026-03-01", "bad"},
		{"GE_eventTime=2026-03-01T00:00:00Z&GE_eventTime=2026-03-01T00:00:00Z", "bad"},
		{"EQ_quantity=1200.5", "yes"},
		{"EQ_quantity=12005e-1", "yes"},
		{"EQ_quantity_KGM=1200.5", "yes"},
		{"EQ_quantity_TNE=1200.5", "no"},
		{"GT_quantity=1200.49999999999999999999", "yes"},
		{"GE_quantity=1e999999999", "no"},
		{"GT_quantity=ten", "bad"},
		{"EQ_type=Temperature", "yes"},
		{"EQ_value_CEL=24.5", "yes"},
		{"GT_value_CEL=24.5", "no"},
		{"EQ_deviceID=https://id.gs1.org/8004/8930000031", "yes"},
		{"EQ_booleanValue=true", "yes"},
		{"EQ_booleanValue=yes", "bad"},
		{"EQ_hexBinaryValue=F0", "yes"},
		{"GE_time=2026-02-28T23:00:00Z", "yes"},
		{"GE_startTime=2026-02-28T23:00:00Z", "no"},
		{"EXISTS_sensorElementList=1", "yes"},
		{"EXISTS_errorDeclaration=true", "yes"},
		{"EXISTS_errorDeclaration", "yes"},
		{"EXISTS_errorDeclaration=maybe", "bad"},
		{"EQ_errorReason=incorrect_data", "yes"},
		{"EQ_ERROR_DECLARATION_ex:by=QC", "yes"},
		{"LT_errorDeclarationTime=2026-03-06T00:00:00Z", "no"},
		{"EQ_ex:inspector=QC-07", "yes"},
		{"EQ_ex:inspector=QC-08", "no"},
		{"EQ_ex:checked=b", "yes"},
		{"EQ_https://ns.example.vn/epcis/inspector=QC-07", "yes"},
		{"EQ_https://ns.example.vn/epcis/%23inspector=QC-07", "yes"},
		{"EXISTS_ex:inspector=", "yes"},
		{"EXISTS_ex:nothing=", "no"},
		{"EQ_inspector=QC-07", "bad"},
		{"EQ_ILMD_ex:variety=Ri6", "yes"},
		{"EQ_ex:variety=Ri6", "no"},
		{"GE_ILMD_ex:altitude=650&LT_ILMD_ex:altitude=650.1", "yes"},
		{"GT_ILMD_ex:harvestDate=2026-02-28", "yes"},
		{"GT_ILMD_ex:variety=Ri5", "bad"},
		{"EQ_INNER_ILMD_ex:ph=5.50", "yes"},
		{"EQ_INNER_ILMD_ex:variety=Ri6", "no"}, // that is not inside anything
		{"EXISTS_INNER_ILMD_ex:ph=", "yes"},
		{"eventType=ObjectEvent", "yes"},
		{"eventType=ThingEvent", "bad"},
		{"HASATTR_bizLocation=x", "bad"},
		{"orderBy=eventTime&orderDirection=UP", "bad"},
		{"orderBy=https://ns.example.vn/epcis/inspector", "yes"},
		{"eventCountLimit=2", "bad"},
		{"orderBy=eventTime&eventCountLimit=0", "bad"},
		{"colour=blue", "bad"},
		{"=", "bad"},
	} {
		values, err := url.ParseQuery(row.query)
		if err != nil {
			t.Fatal(err)
		}
		q, err := ParseQuery(values, nil)
		got := "bad"
		if err == nil {
			if got = "no"; q.Match(e) {
				got = "yes"
				for _, set := range q.Terms() {
					if !slices.ContainsFunc(set, func(s string) bool { return slices.Contains(e.Terms(), s) }) {
						t.Errorf("%s: the event has none of the terms %q", row.query, set)
					}
				}
			}
		} else if !errors.Is(err, fault.Malformed) {
			t.Errorf("%s: %v", row.query, err)
		}
		if got != row.want {
			t.Errorf("%s: got %s, want %s (%v)", row.query, got, row.want, err)
		}
	}
}

func TestQueryNamesEveryFault(t *testing.T) {
	_, err := ParseQuery(url.Values{"EQ_action": {"CREATE"}, "GE_eventTime": {"x"}, "colour": {"y"}}, nil)
	var p *fault.Problem
	if !errors.As(err, &p) {
		t.Fatal(err)
	}
	var got []string
	for _, f := range p.Fields {
		got = append(got, f.Pointer+" "+f.Code)
	}
	want := []string{"/EQ_action epcis_action", "/GE_eventTime epcis_time", "/colour epcis_query_unknown"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestQueryProperties: of any two events, an event is found by each of its own values, in either form,
// its terms lead to it, and adding a condition never finds more.
func TestQueryProperties(t *testing.T) {
	events := dataset(t, "testdata/queries/dataset.json")
	rapid.Check(t, func(t *rapid.T) {
		e := rapid.SampledFrom(events).Draw(t, "event")
		own := url.Values{"EQ_eventID": {e.EventID}, "eventType": {e.Type}}
		if e.BizStep != "" {
			own.Set("EQ_bizStep", bizSteps.web+e.BizStep)
			if isURI(e.BizStep) {
				own.Set("EQ_bizStep", e.BizStep)
			}
		}
		if e.ReadPoint != "" {
			own.Set("WD_readPoint", wholePlace(e.ReadPoint))
		}
		for _, id := range e.EPCList {
			if urn, err := LinkToURN(id, 7); err == nil {
				own.Set("MATCH_epc", urn)
			}
		}
		own.Set("GE_eventTime", e.EventTime.UTC().Format(time.RFC3339Nano))
		asked := url.Values{}
		matched := len(events)
		for _, name := range rapid.Permutation(sortedKeys(own)).Draw(t, "order") {
			asked.Set(name, own.Get(name))
			q, err := ParseQuery(asked, nil)
			if err != nil {
				t.Fatal(err)
			}
			if !q.Match(&e) {
				t.Fatalf("%v does not find its own event %s", asked, e.EventID)
			}
			n := 0
			for i := range events {
				if q.Match(&events[i]) {
					n++
				}
			}
			if n > matched {
				t.Fatalf("%v finds more than without %s", asked, name)
			}
			matched = n
		}
	})
}

func TestManyThings(t *testing.T) {
	e := Event{Type: ObjectEvent}
	for i := range 5000 {
		e.EPCList = append(e.EPCList, fmt.Sprintf("https://id.gs1.org/01/08930000000040/21/T%d", i))
	}
	if n := len(e.Terms()); n > 100 {
		t.Errorf("%d terms", n)
	}
	q, err := ParseQuery(url.Values{"MATCH_epc": {e.EPCList[4999]}}, nil)
	if err != nil || !q.Match(&e) {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(q.Terms()[0], func(s string) bool { return slices.Contains(e.Terms(), s) }) {
		t.Error("an index would not find it")
	}
}

func TestInFormat(t *testing.T) {
	e, err := DecodeEvent([]byte(asked))
	if err != nil {
		t.Fatal(err)
	}
	links := e.InFormat(DigitalLinks, nil)
	if got := links.EPCList[0]; got != "https://id.gs1.org/01/08930000000042/21/T1" && got[:22] != "https://id.gs1.org/01/" {
		t.Error(got)
	}
	back := links.InFormat(URNs, []string{"8930000"})
	if diff := cmp.Diff(e.EPCList, back.EPCList); diff != "" {
		t.Errorf("there and back (-want +got):\n%s", diff)
	}
	if got := links.InFormat(URNs, []string{"952"}).EPCList[0]; got != links.EPCList[0] {
		t.Errorf("without the prefix's length it became %s", got)
	}
	for _, f := range []*Event{links, back} {
		if hashID(t, f) != hashID(t, e) {
			t.Error("another form is another event")
		}
	}
}

// TestQueryDocument: what events say of their prefixes is said once, and nothing changes its meaning.
func TestQueryDocument(t *testing.T) {
	one, _ := DecodeEvent([]byte(asked))
	two := *one
	two.Context = []any{StandardContext, map[string]any{"ex": "https://other.example/"}}
	d := NewQueryDocument(time.Now(), "q", *one, two, Event{Type: ObjectEvent})
	data, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if back.QueryName != "q" || hashID(t, &back.Events[0]) != hashID(t, one) || hashID(t, &back.Events[1]) != hashID(t, &two) {
		t.Errorf("%s", data)
	}
}

func FuzzParseQuery(f *testing.F) {
	for _, c := range load[queryCase](f, "testdata/queries/queries.jsonl") {
		f.Add(c.QueryString)
	}
	f.Add("EQ_INNER_ILMD_ex:ph=5.5&GE_value_CEL=1e9&WD_readPoint=urn:epc:id:sgln:8930000.01000.0")
	f.Add("MATCH_epc=urn:epc:idpat:grai:8930000.*.*|https://id.gs1.org/01/08930000000040/21/*")
	events := dataset(f, "testdata/queries/dataset.json")
	f.Fuzz(func(t *testing.T, s string) {
		values, err := url.ParseQuery(s)
		if err != nil {
			return
		}
		q, err := ParseQuery(values, nil)
		if err != nil {
			if !errors.Is(err, fault.Malformed) {
				t.Fatal(err)
			}
			return
		}
		_ = q.Key()
		for i := range events {
			if q.Match(&events[i]) {
				for _, set := range q.Terms() {
					if have := events[i].Terms(); !slices.ContainsFunc(set, func(s string) bool { return slices.Contains(have, s) }) {
						t.Fatalf("%q finds %s, which carries none of %q", s, events[i].EventID, set)
					}
				}
			}
		}
	})
}
