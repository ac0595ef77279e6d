package epcis

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"truynguon/internal/fault"
)

func TestEncodeEvent(t *testing.T) {
	e := harvest()
	e.EventID = "urn:uuid:1"
	e.Context = NewContext(map[string]string{"htx": "https://htx.example.vn/ns/"})
	e.QuantityList[0].Quantity = "500.10"
	e.ILMD = Extensions{"cbvmda:lotNumber": "HTX-2603A", "htx:nested": map[string]any{"htx:b": true, "htx:a": []string{"<&>"}}}
	e.ReadPointExtensions = Extensions{"htx:row": 7}
	e.Extensions = Extensions{"htx:note": "cà phê\n\"chín\""}
	e.EPCList = []string{}
	got, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"@context":["` + StandardContext + `",{"htx":"https://htx.example.vn/ns/"}],` +
		`"type":"ObjectEvent","eventID":"urn:uuid:1","eventTime":"2026-03-10T08:00:00+07:00","eventTimeZoneOffset":"+07:00",` +
		`"epcList":[],"quantityList":[{"epcClass":"https://id.gs1.org/01/08938507000013/10/HTX-2603A","quantity":500.10,"uom":"KGM"}],` +
		`"action":"ADD","bizStep":"commissioning","disposition":"active",` +
		`"readPoint":{"id":"https://id.gs1.org/414/8936000000011/254/LO-01","htx:row":7},` +
		`"bizLocation":{"id":"https://id.gs1.org/414/8936000000011/254/LO-01"},` +
		`"ilmd":{"cbvmda:lotNumber":"HTX-2603A","htx:nested":{"htx:a":["<&>"],"htx:b":true}},` +
		`"htx:note":"cà phê\u000a\"chín\""}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("Encode (-want +got):\n%s", diff)
	}
	back, err := DecodeEvent(got)
	if err != nil {
		t.Fatal(err)
	}
	if back.QuantityList[0].Quantity != "500.10" || back.EPCList == nil {
		t.Errorf("decoded %+v", back)
	}
	if _, offset := back.EventTime.Zone(); offset != 7*60*60 || !back.EventTime.Equal(e.EventTime) {
		t.Errorf("eventTime %v", back.EventTime)
	}
	again, err := back.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again, got) {
		t.Errorf("encoded again:\n%s", again)
	}
	if hashID(t, &e) != hashID(t, back) {
		t.Error("another hash after decoding")
	}
}

// TestEventInsideOthers: events are values; records hold them as such.
func TestEventInsideOthers(t *testing.T) {
	type record struct{ Events []Event }
	in := record{[]Event{harvest()}}
	data, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var out record
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	if hashID(t, &in.Events[0]) != hashID(t, &out.Events[0]) {
		t.Errorf("another event: %s", data)
	}
	var d Document
	if err := json.Unmarshal([]byte(`{"type":"EPCISDocument","epcisBody":{"eventList":[{"type":"ObjectEvent"}]}}`), &d); err != nil || len(d.Events) != 1 {
		t.Errorf("document %+v, %v", d, err)
	}
}

// TestMisfitsAreKept: what does not fit a field is neither lost nor taken for something else.
func TestMisfitsAreKept(t *testing.T) {
	const data = `{"@context":{"ex":"https://example.vn/ns/"},"type":"ObjectEvent","eventTime":"yesterday",` +
		`"eventTimeZoneOffset":7,"epcList":["a",1],"quantityList":[{"epcClass":"urn:x:1","quantity":"5"}],` +
		`"action":null,"bizStep":["x"],"disposition":"","persistentDisposition":{"set":["a"],"reset":[]},` +
		`"readPoint":"urn:x:1","bizLocation":{"id":7},` +
		`"sensorElementList":[{"sensorReport":[{"type":"Temperature","value":"7","ex:a":1}]}],"ilmd":[],"":1}`
	e, err := DecodeEvent([]byte(data))
	if err != nil {
		t.Fatal(err)
	}
	if e.Type != ObjectEvent || e.BizStep != "" || e.EPCList != nil || e.QuantityList != nil || !e.EventTime.IsZero() || e.ReadPoint != "" {
		t.Errorf("decoded %+v", e)
	}
	if r := e.SensorElementList[0].Reports[0]; r.Type != "Temperature" || r.Value != "" || len(r.Extensions) != 2 {
		t.Errorf("sensor report %+v", r)
	}
	got, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(meaning(t, []byte(data)), meaning(t, got)); diff != "" {
		t.Errorf("round trip (-want +got):\n%s", diff)
	}
}

// TestContexts: an event carries the context in force for it, and a document says it once.
func TestContexts(t *testing.T) {
	const data = `{"@context":["` + StandardContext + `",{"a":"https://a.example/"}],"type":"EPCISDocument",` +
		`"schemaVersion":"2.0","creationDate":"2026-03-10T09:00:00Z","epcisBody":{"eventList":[` +
		`{"type":"ObjectEvent","a:x":"1"},{"@context":{"b":"https://b.example/"},"type":"ObjectEvent","a:x":"1","b:y":"2"}]}}`
	d, err := Decode([]byte(data))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{
		"eventType=ObjectEvent{https://a.example/}x=1",
		"eventType=ObjectEvent{https://a.example/}x=1{https://b.example/}y=2",
	} {
		alone, err := json.Marshal(d.Events[i])
		if err != nil {
			t.Fatal(err)
		}
		e, err := DecodeEvent(alone)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range []*Event{&d.Events[i], e} {
			if got, err := e.PreHash(); err != nil || got != want {
				t.Errorf("event %d: %q, %v; want %q", i, got, err, want)
			}
		}
	}
	again, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	// The context of the second event was an object and is now a list of one, which means the same.
	want := bytes.Replace([]byte(data), []byte(`{"@context":{"b":"https://b.example/"}`), []byte(`{"@context":[{"b":"https://b.example/"}]`), 1)
	if diff := cmp.Diff(meaning(t, want), meaning(t, again)); diff != "" {
		t.Errorf("round trip (-want +got):\n%s", diff)
	}
}

func TestUnwritable(t *testing.T) {
	for name, v := range map[string]any{
		"function": func() {}, "not a number": math.NaN(), "in a list": []any{make(chan int)},
	} {
		e := harvest()
		e.Extensions = Extensions{"ex:a": map[string]any{"ex:b": v}}
		_, encodeErr := e.Encode()
		_, hashErr := e.HashID()
		for _, err := range []error{encodeErr, hashErr, e.Validate(), NewDocument(e.EventTime, nil, e).Validate()} {
			if !errors.Is(err, fault.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	e := harvest()
	e.BizLocation = "\xff"
	if err := e.Validate(); !errors.Is(err, fault.Invalid) {
		t.Errorf("text that is not UTF-8: %v", err)
	}
	if _, err := e.Encode(); !errors.Is(err, fault.Invalid) {
		t.Errorf("text that is not UTF-8 was written: %v", err)
	}
}

func TestTimes(t *testing.T) {
	for in, want := range map[string]string{
		"2026-03-10T08:00:00+07:00":            "2026-03-10T08:00:00+07:00",
		"2026-03-10t08:00:00.120z":             "2026-03-10T08:00:00.12Z",
		"2026-03-10T08:00:00.1234567899-09:30": "2026-03-10T08:00:00.123456789-09:30",
		"2024-02-29T00:00:00Z":                 "2024-02-29T00:00:00Z",
		"2026-02-29T00:00:00Z":                 "",
		"2026-03-10T24:00:00Z":                 "",
		"2026-03-10T23:59:60Z":                 "",
		"2026-13-10T08:00:00Z":                 "",
		"2026-03-10T08:00:00":                  "",
		"2026-03-10T08:00:00.Z":                "",
		"2026-03-10T08:00:00+0700":             "",
		"2026-03-10T08:00Z":                    "",
		"2026-03-10":                           "",
	} {
		got := ""
		if at, ok := parseTime(in); ok {
			got = formatTime(at)
		}
		if got != want {
			t.Errorf("parseTime(%q) = %q, want %q", in, got, want)
		}
	}
	if got := formatTime(time.Date(1900, 1, 1, 0, 0, 0, 0, time.FixedZone("", 7*3600+390))); got != "1899-12-31T16:53:30Z" {
		t.Errorf("odd offset: %s", got)
	}
	if got := Offset(harvest().EventTime); got != "+07:00" {
		t.Errorf("Offset = %s", got)
	}
}

func TestURIs(t *testing.T) {
	for s, want := range map[string]bool{
		"https://example.vn/l/ABCDE": true, "urn:uuid:1": true, "ex:grade": true, "geo:12.6,108": true, "a:": true,
		"ni:///sha-256;00?ver=CBV2.0": true, "http://[::1]:80/x": true, "http://u:p@h:1/x?y#z": true, "https://h/%C3%A0": true,
		"": false, "grade": false, "1a:b": false, "a b:c": false, "https://example.vn/lô": false, "https://h/%zz": false,
		"https://h/a b": false, "http://h:x/": false, "http://[::1/": false, "ex:a#b#c": false, ":a": false, "a:[b]": false,
	} {
		if got := isURI(s); got != want {
			t.Errorf("isURI(%q) = %v", s, got)
		}
	}
}
