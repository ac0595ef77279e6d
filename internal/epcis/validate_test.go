package epcis

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"truynguon/internal/fault"
)

// faults returns "pointer code" of each fault, in order.
func faults(t *testing.T, err error) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	var p *fault.Problem
	if !errors.As(err, &p) || !errors.Is(err, fault.Invalid) {
		t.Fatalf("unexpected error %v", err)
	}
	var out []string
	for _, f := range p.Fields {
		out = append(out, f.Pointer+" "+f.Code)
	}
	return out
}

func TestValidateHarvest(t *testing.T) {
	e := harvest()
	for _, class := range []string{e.QuantityList[0].EPCClass, "https://example.vn/l/ABCDE", "urn:epc:class:lgtin:4012345.012345.Lot987"} {
		e.QuantityList[0].EPCClass = class
		if err := e.ValidateStrict(); err != nil {
			t.Errorf("%s: %v", class, err)
		}
		d := NewDocument(e.EventTime, nil, e)
		if err := d.Validate(); err != nil {
			t.Errorf("%s: %v", class, err)
		}
	}
}

// TestValidateJSON changes one thing at a time in a document that is valid.
func TestValidateJSON(t *testing.T) {
	base := map[string]string{
		ObjectEvent: `"action":"ADD","bizStep":"commissioning","epcList":["urn:epc:id:sgtin:4012345.011111.1"],
			"quantityList":[{"epcClass":"https://example.vn/l/ABCDE","quantity":500,"uom":"KGM"}],
			"readPoint":{"id":"geo:12.6,108.0","ex:note":"x"},"ilmd":{"cbvmda:lotNumber":"A"}`,
		AggregationEvent:    `"action":"ADD","parentID":"urn:x:1","childEPCs":["urn:x:2"]`,
		TransactionEvent:    `"action":"ADD","bizTransactionList":[{"type":"po","bizTransaction":"urn:x:po"}],"epcList":["urn:x:1"]`,
		TransformationEvent: `"inputEPCList":["urn:x:1"],"outputEPCList":["urn:x:2"]`,
		AssociationEvent:    `"action":"ADD","parentID":"urn:x:1","childEPCs":["urn:x:2"]`,
	}
	type edit map[string]string // member to JSON, "" removes
	for _, tt := range []struct {
		eventType string
		edit      edit
		want      []string // relative to the event
	}{
		{ObjectEvent, nil, nil},
		{AggregationEvent, nil, nil},
		{TransactionEvent, nil, nil},
		{TransformationEvent, nil, nil},
		{AssociationEvent, nil, nil},
		{ObjectEvent, edit{"eventTime": ``}, []string{"/eventTime epcis_required"}},
		{ObjectEvent, edit{"eventTime": `"2026-03-10T08:00:00"`}, []string{"/eventTime epcis_time"}},
		{ObjectEvent, edit{"eventTime": `"2026-02-30T08:00:00Z"`}, []string{"/eventTime epcis_time"}},
		{ObjectEvent, edit{"eventTime": `"2026-03-10 08:00:00Z"`}, []string{"/eventTime epcis_time"}},
		{ObjectEvent, edit{"eventTime": `1773100800`}, []string{"/eventTime epcis_not_text"}},
		{ObjectEvent, edit{"eventTime": `"0001-01-01T00:00:00Z"`}, nil},
		{ObjectEvent, edit{"recordTime": `"now"`}, []string{"/recordTime epcis_time"}},
		{ObjectEvent, edit{"eventTimeZoneOffset": `"Z"`}, []string{"/eventTimeZoneOffset epcis_offset"}},
		{ObjectEvent, edit{"eventTimeZoneOffset": `"+14:01"`}, []string{"/eventTimeZoneOffset epcis_offset"}},
		{ObjectEvent, edit{"eventTimeZoneOffset": `"-14:00"`}, nil},
		{ObjectEvent, edit{"eventTimeZoneOffset": `"+0700"`}, []string{"/eventTimeZoneOffset epcis_offset"}},
		{ObjectEvent, edit{"eventID": `"42"`}, []string{"/eventID epcis_not_uri"}},
		{ObjectEvent, edit{"action": `"add"`, "ilmd": ``}, []string{"/action epcis_action"}},
		{ObjectEvent, edit{"action": ``}, []string{"/action epcis_required", "/ilmd epcis_ilmd_action"}},
		{ObjectEvent, edit{"action": `"OBSERVE"`}, []string{"/ilmd epcis_ilmd_action"}},
		{ObjectEvent, edit{"ilmd": `{"lotNumber":"A"}`}, []string{"/ilmd/lotNumber epcis_member_unknown"}},
		{ObjectEvent, edit{"bizStep": `"harvesting"`}, []string{"/bizStep epcis_vocabulary"}},
		{ObjectEvent, edit{"bizStep": `""`}, []string{"/bizStep epcis_vocabulary"}},
		{ObjectEvent, edit{"bizStep": `null`}, []string{"/bizStep epcis_not_text"}},
		{ObjectEvent, edit{"bizStep": `"urn:epcglobal:cbv:bizstep:shipping"`}, []string{"/bizStep epcis_vocabulary_form"}},
		{ObjectEvent, edit{"bizStep": `"https://example.vn/step/drying"`}, nil},
		{ObjectEvent, edit{"disposition": `["active"]`}, []string{"/disposition epcis_not_text"}},
		{ObjectEvent, edit{"epcList": `"urn:x:1"`}, []string{"/epcList epcis_not_list"}},
		{ObjectEvent, edit{"epcList": `["urn:x:1","urn:x:1"]`}, []string{"/epcList/1 epcis_duplicate"}},
		{ObjectEvent, edit{"epcList": `["lô 1"]`}, []string{"/epcList/0 epcis_not_uri"}},
		{ObjectEvent, edit{"epcList": ``, "quantityList": ``}, []string{" epcis_no_objects"}},
		{ObjectEvent, edit{"epcList": `[]`, "quantityList": ``}, nil},
		{ObjectEvent, edit{"epcList": ``, "quantityList": ``, "sensorElementList": `[{"sensorReport":[{"type":"Temperature"}]}]`}, nil},
		{ObjectEvent, edit{"quantityList": `[{"quantity":"1","uom":"kg","ex:a":1}]`}, []string{
			"/quantityList/0/epcClass epcis_required", "/quantityList/0/ex:a epcis_member_misplaced",
			"/quantityList/0/quantity epcis_not_number", "/quantityList/0/uom epcis_uom",
		}},
		{ObjectEvent, edit{"readPoint": `"urn:x:1"`}, []string{"/readPoint epcis_not_object"}},
		{ObjectEvent, edit{"bizLocation": `{}`}, []string{"/bizLocation/id epcis_required"}},
		{ObjectEvent, edit{"sourceList": `[{"source":"urn:x:1"}]`}, []string{"/sourceList/0/type epcis_required"}},
		{ObjectEvent, edit{"destinationList": `[{"type":"owner","destination":"x"}]`}, []string{
			"/destinationList/0/type epcis_vocabulary", "/destinationList/0/destination epcis_not_uri",
		}},
		{ObjectEvent, edit{"bizTransactionList": `[{"bizTransaction":"urn:x:1"}]`}, nil},
		{ObjectEvent, edit{"persistentDisposition": `{"set":["recalled"],"unset":[]}`}, []string{"/persistentDisposition/unset epcis_empty"}},
		{ObjectEvent, edit{"persistentDisposition": `{}`}, []string{"/persistentDisposition epcis_empty"}},
		{ObjectEvent, edit{"certificationInfo": `["urn:x:1",2]`}, []string{"/certificationInfo/1 epcis_not_text"}},
		{ObjectEvent, edit{"errorDeclaration": `{"reason":"oops"}`}, []string{
			"/errorDeclaration/declarationTime epcis_required", "/errorDeclaration/reason epcis_vocabulary",
		}},
		{ObjectEvent, edit{"sensorElementList": `[{"sensorMetadata":{"deviceID":1},"sensorReport":[]},{"sensorReport":[{"value":"1","hexBinaryValue":"xyz","booleanValue":1,"":2}]}]`}, []string{
			"/sensorElementList/0/sensorMetadata/deviceID epcis_not_text",
			"/sensorElementList/0/sensorReport epcis_empty",
			"/sensorElementList/1/sensorReport/0/type epcis_required",
			"/sensorElementList/1/sensorReport/0/ epcis_member_unknown",
			"/sensorElementList/1/sensorReport/0/value epcis_not_number",
			"/sensorElementList/1/sensorReport/0/booleanValue epcis_not_boolean",
			"/sensorElementList/1/sensorReport/0/hexBinaryValue epcis_hex",
		}},
		{ObjectEvent, edit{"grade": `"A"`}, []string{"/grade epcis_member_unknown"}},
		{ObjectEvent, edit{"a/b~c": `"A"`}, []string{"/a~1b~0c epcis_member_unknown"}},
		{ObjectEvent, edit{"parentID": `"urn:x:1"`}, []string{"/parentID epcis_member_misplaced"}},
		{ObjectEvent, edit{"https://example.vn/ns/grade": `"A"`}, nil},
		{AggregationEvent, edit{"parentID": ``}, nil},
		{AggregationEvent, edit{"childEPCs": ``}, []string{" epcis_no_children"}},
		{AggregationEvent, edit{"childEPCs": ``, "action": `"DELETE"`}, nil},
		{AggregationEvent, edit{"persistentDisposition": `{"set":["recalled"]}`}, nil},
		{AggregationEvent, edit{"ilmd": `{}`}, []string{"/ilmd epcis_member_misplaced"}},
		{AssociationEvent, edit{"parentID": ``}, []string{"/parentID epcis_required"}},
		{TransactionEvent, edit{"bizTransactionList": ``}, []string{"/bizTransactionList epcis_required"}},
		{TransactionEvent, edit{"bizTransactionList": `[]`}, []string{"/bizTransactionList epcis_empty"}},
		{TransactionEvent, edit{"epcList": ``}, []string{" epcis_no_objects"}},
		{TransformationEvent, edit{"action": `"ADD"`}, []string{"/action epcis_member_misplaced"}},
		{TransformationEvent, edit{"outputEPCList": ``}, []string{" epcis_no_outputs"}},
		{TransformationEvent, edit{"outputEPCList": ``, "transformationID": `"urn:x:3"`}, nil},
		{TransformationEvent, edit{"inputEPCList": ``, "outputEPCList": ``, "transformationID": `"urn:x:3"`}, []string{" epcis_no_inputs", " epcis_no_outputs"}},
		{"https://example.vn/ns/SprayEvent", edit{"anything": `1`}, nil},
		{"SprayEvent", nil, []string{"/type epcis_event_type"}},
	} {
		t.Run(fmt.Sprint(tt.eventType, tt.edit), func(t *testing.T) {
			event := map[string]json.RawMessage{}
			text := fmt.Sprintf(`{"type":%q,"eventTime":"2026-03-10T08:00:00.5+07:00","eventTimeZoneOffset":"+07:00"}`, tt.eventType)
			if more := base[tt.eventType]; more != "" {
				text = strings.TrimSuffix(text, "}") + "," + more + "}"
			}
			if err := json.Unmarshal([]byte(text), &event); err != nil {
				t.Fatal(err)
			}
			for name, v := range tt.edit {
				if event[name] = json.RawMessage(v); v == "" {
					delete(event, name)
				}
			}
			inner, err := json.Marshal(event)
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for _, w := range tt.want {
				want = append(want, "/epcisBody/eventList/0"+w)
			}
			data := []byte(`{"@context":["` + StandardContext + `"],"type":"EPCISDocument","schemaVersion":"2.0",` +
				`"creationDate":"2026-03-10T09:00:00Z","epcisBody":{"eventList":[` + string(inner) + `]}}`)
			got := faults(t, ValidateJSON(data))
			slices.Sort(want)
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
			judge(t, "document", data, len(tt.want) == 0)

			e, err := DecodeEvent(inner)
			if err != nil {
				t.Fatal(err)
			}
			if err := e.Validate(); (err == nil) != (len(tt.want) == 0) {
				t.Errorf("event alone: %v", err)
			}
			if err := ValidateJSON(inner); !slices.Contains(faults(t, err), "/@context epcis_required") {
				t.Errorf("event without context: %v", err)
			}
		})
	}
}

func TestValidateDocument(t *testing.T) {
	body := `"epcisBody":{"eventList":[]}`
	query := `"epcisBody":{"queryResults":{"queryName":"q","resultsBody":{"eventList":[]}}}`
	head := `"@context":"` + StandardContext + `","schemaVersion":"2.0","creationDate":"2026-03-10T09:00:00Z"`
	for _, tt := range []struct {
		doc  string
		want []string
	}{
		{`{"type":"EPCISDocument",` + head + `,` + body + `}`, nil},
		{`{"type":"EPCISQueryDocument",` + head + `,` + query + `}`, nil},
		{`{"type":"EPCISQueryDocument",` + head + `,` + body + `}`, []string{
			"/epcisBody/queryResults epcis_required", "/epcisBody/eventList epcis_member_misplaced",
		}},
		{`{"type":"EPCISDocument",` + head + `}`, []string{"/epcisBody epcis_required"}},
		{`{"type":"EPCISDocument","epcisBody":{"eventList":{}}}`, []string{
			"/@context epcis_required", "/schemaVersion epcis_required", "/creationDate epcis_required",
			"/epcisBody/eventList epcis_not_list",
		}},
		{`{"type":"EPCISDocument",` + head + `,"sender":1,"x":2,"epcisBody":{"eventList":[3]}}`, []string{
			"/x epcis_member_unknown", "/sender epcis_not_text", "/epcisBody/eventList/0 epcis_not_object",
		}},
		{`{"type":"Letter",` + head + `,` + body + `}`, []string{"/type epcis_document_type"}},
		{`{"type":"EPCISDocument","@context":[1,"x"],"schemaVersion":"2.x","creationDate":"today",` + body + `}`, []string{
			"/@context/0 epcis_context", "/@context/1 epcis_not_uri", "/schemaVersion epcis_version", "/creationDate epcis_time",
		}},
		{`{"type":"EPCISDocument",` + head + `,"epcisHeader":{"epcisMasterData":{"vocabularyList":[{"vocabularyElementList":[
			{"attributes":[{"attribute":true}]}]}]}},` + body + `}`, []string{
			"/epcisHeader/epcisMasterData/vocabularyList/0/type epcis_required",
			"/epcisHeader/epcisMasterData/vocabularyList/0/vocabularyElementList/0/id epcis_required",
			"/epcisHeader/epcisMasterData/vocabularyList/0/vocabularyElementList/0/attributes/0/id epcis_required",
			"/epcisHeader/epcisMasterData/vocabularyList/0/vocabularyElementList/0/attributes/0/attribute epcis_attribute",
		}},
		{`[]`, []string{" epcis_not_object"}},
	} {
		if diff := cmp.Diff(tt.want, faults(t, ValidateJSON([]byte(tt.doc)))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.doc, diff)
		}
		d, err := Decode([]byte(tt.doc))
		if err != nil {
			continue // not an object
		}
		if diff := cmp.Diff(tt.want, faults(t, d.Validate())); diff != "" {
			t.Errorf("decoded %s (-want +got):\n%s", tt.doc, diff)
		}
	}
}

func TestValidateStrict(t *testing.T) {
	e := Event{
		Type: AggregationEvent, EventTime: time.Date(2026, 3, 11, 9, 0, 0, 0, vietnam), EventTimeZoneOffset: "+07:00",
		Action: Add, BizStep: StepPacking,
		ChildQuantityList: []Quantity{
			{EPCClass: "https://example.vn/l/A", UOM: "KGM"},
			{EPCClass: "https://example.vn/l/B", Quantity: "-1"},
			{EPCClass: "https://example.vn/l/C", Quantity: "0.0"},
		},
	}
	if err := e.Validate(); err != nil {
		t.Errorf("what the schema admits: %v", err)
	}
	want := []string{
		"/parentID epcis_required",
		"/childQuantityList/0/quantity epcis_required",
		"/childQuantityList/1/quantity epcis_quantity_positive",
		"/childQuantityList/2/quantity epcis_quantity_positive",
	}
	if diff := cmp.Diff(want, faults(t, e.ValidateStrict())); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

func TestFaultsAreBounded(t *testing.T) {
	d := NewDocument(time.Date(2026, 3, 11, 9, 0, 0, 0, vietnam), nil, make([]Event, 2*MaxFaults)...)
	if got := len(faults(t, d.Validate())); got != MaxFaults {
		t.Errorf("%d faults, want %d", got, MaxFaults)
	}
}

func TestMalformed(t *testing.T) {
	for _, tt := range []struct{ data, code string }{
		{"", "epcis_json"}, {"{", "epcis_json"}, {`{"a":1,}`, "epcis_json"}, {`{} {}`, "epcis_json"},
		{"{\"a\":\"\xff\"}", "epcis_json"}, {`{"a":01}`, "epcis_json"},
		{`{"type":"ObjectEvent","type":"EPCISDocument"}`, "epcis_duplicate_member"},
		{strings.Repeat("[", 200) + strings.Repeat("]", 200), "epcis_too_deep"},
		{`"x"`, "epcis_not_object"},
	} {
		for name, decode := range map[string]func([]byte) error{
			"Decode":      func(b []byte) error { _, err := Decode(b); return err },
			"DecodeEvent": func(b []byte) error { _, err := DecodeEvent(b); return err },
		} {
			var p *fault.Problem
			if err := decode([]byte(tt.data)); !errors.As(err, &p) || !errors.Is(p.Kind, fault.Malformed) || p.Code != tt.code {
				t.Errorf("%s(%.40q) = %v, want %s", name, tt.data, err, tt.code)
			}
		}
	}
}

// TestMessages: every code of this package has a sentence in both languages, and nothing else has.
func TestMessages(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`"(epcis_[a-z_]+)"`).FindAllSubmatch(data, -1) {
			codes["fault."+string(m[1])] = true
		}
	}
	want := slices.Sorted(maps.Keys(codes))
	for _, language := range []string{"vi", "en"} {
		data, err := os.ReadFile(filepath.Join("../../static/locale", language, "epcis.json"))
		if err != nil {
			t.Fatal(err)
		}
		var messages map[string]string
		if err := json.Unmarshal(data, &messages); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(messages))); diff != "" {
			t.Errorf("%s (-codes +messages):\n%s", language, diff)
		}
	}
}

func TestVocabularies(t *testing.T) {
	for name, list := range map[string][]string{
		"bizSteps": BizSteps(), "dispositions": Dispositions(), "bizTransactionTypes": BizTransactionTypes(),
		"sourceDestinationTypes": SourceDestinationTypes(), "errorReasons": ErrorReasons(), "components": Components(),
		"sensorAlertTypes": SensorAlertTypes(), "measurementTypes": MeasurementTypes(),
	} {
		if !slices.IsSorted(list) {
			t.Errorf("%s are not in order", name)
		}
		list[0] = "changed"
	}
	if got := len(BizSteps()); got != 41 || BizSteps()[0] == "changed" {
		t.Errorf("%d business steps, first %s", got, BizSteps()[0])
	}
	if got := len(Dispositions()); got != 33 {
		t.Errorf("%d dispositions", got)
	}
}
