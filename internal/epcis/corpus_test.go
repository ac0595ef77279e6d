package epcis

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"truynguon/internal/fault"
)

// load reads a file of JSON lines.
func load[T any](t testing.TB, path string) []T {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var rows []T
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var row T
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		rows = append(rows, row)
	}
	return rows
}

// collections returns where a collection is kept: here, and in full if the environment says so.
func collections(t *testing.T, here, full string) []string {
	t.Helper()
	paths := []string{filepath.Join("testdata", here)}
	if dir := os.Getenv("TRUYNGUON_TEST_CORPORA"); dir != "" {
		paths = append(paths, filepath.Join(dir, full))
	}
	return paths
}

// within decodes an event as part of a document with a context.
func within(t testing.TB, context, event json.RawMessage) *Event {
	t.Helper()
	d, err := Decode([]byte(`{"@context":` + string(context) +
		`,"type":"EPCISDocument","epcisBody":{"eventList":[` + string(event) + `]}}`))
	if err != nil {
		t.Fatal(err)
	}
	return &d.Events[0]
}

func hashID(t testing.TB, e *Event) string {
	t.Helper()
	h, err := e.HashID()
	if err != nil {
		t.Fatal(err)
	}
	return h
}

type hashVector struct {
	ID, Tier, Prehash, Hash, PrehashSpecOrder, HashSpecOrder string
	Context, Event                                           json.RawMessage
}

func TestHashVectors(t *testing.T) {
	for _, path := range collections(t, "hash-vectors.jsonl", "event-hash/vectors.jsonl") {
		core, ordered := 0, 0
		for _, v := range load[hashVector](t, path) {
			text, hash := v.Prehash, v.Hash
			switch {
			case v.PrehashSpecOrder != "":
				text, hash = v.PrehashSpecOrder, v.HashSpecOrder
				ordered++
			case v.Tier != "core":
				continue
			default:
				core++
			}
			e := within(t, v.Context, v.Event)
			got, err := e.PreHash()
			if err != nil {
				t.Errorf("%s: %v", v.ID, err)
			}
			if diff := cmp.Diff(text, got); diff != "" {
				t.Errorf("%s: pre-hash text (-want +got):\n%s", v.ID, diff)
			}
			if got := hashID(t, e); got != hash {
				t.Errorf("%s: hash %s, want %s", v.ID, got, hash)
			}
			// Out of its document, and through JSON again, it is still the same event.
			alone, err := e.Encode()
			if err != nil {
				t.Fatal(err)
			}
			back, err := DecodeEvent(alone)
			if err != nil {
				t.Fatal(err)
			}
			if got := hashID(t, back); got != hash {
				t.Errorf("%s: hash after encoding %s, want %s", v.ID, got, hash)
			}
		}
		t.Logf("%s: %d core, %d in published order", path, core, ordered)
	}
}

func TestHashEqualAndTampered(t *testing.T) {
	type change struct {
		Change string
		Event  json.RawMessage
	}
	type row struct {
		ID, Hash           string
		Context, Event     json.RawMessage
		Variants, Tampered []change
	}
	for _, name := range []string{"equal", "tampered"} {
		for _, path := range collections(t, "hash-"+name+".jsonl", "event-hash/"+name+".jsonl") {
			for _, r := range load[row](t, path) {
				if got := hashID(t, within(t, r.Context, r.Event)); got != r.Hash {
					t.Errorf("%s: hash %s, want %s", r.ID, got, r.Hash)
				}
				for _, v := range r.Variants {
					if got := hashID(t, within(t, r.Context, v.Event)); got != r.Hash {
						t.Errorf("%s: %s: hash differs", r.ID, v.Change)
					}
				}
				for _, v := range r.Tampered {
					if got := hashID(t, within(t, r.Context, v.Event)); got == r.Hash {
						t.Errorf("%s: %s: same hash", r.ID, v.Change)
					}
				}
			}
		}
	}
}

func TestTranslations(t *testing.T) {
	type row struct {
		ID, Direction, Input, Expect, Note string
		GCPLength                          int
		OK                                 bool
	}
	for _, path := range collections(t, "urn-dl.jsonl", "epc-translation/urn-dl.jsonl") {
		for _, r := range load[row](t, path) {
			var got string
			var err error
			if r.Direction == "urn->dl" {
				got, err = URNToLink(r.Input)
			} else {
				got, err = LinkToURN(r.Input, r.GCPLength)
			}
			if r.OK && (err != nil || got != r.Expect) {
				t.Errorf("%s: %s: got %q, %v; want %q", r.ID, r.Input, got, err, r.Expect)
			}
			if !r.OK && !errors.Is(err, fault.Invalid) {
				t.Errorf("%s: %s: got %q, %v; want an error: %s", r.ID, r.Input, got, err, r.Note)
			}
		}
	}
	for _, path := range collections(t, "normalise-constrained-dl.jsonl", "epc-translation/normalise-constrained-dl.jsonl") {
		for _, r := range load[row](t, path) {
			got, ok := Canonical(r.Input)
			if want := r.Expect; ok != r.OK || ok && got != want {
				t.Errorf("%s: %s: got %q, %v; want %q, %v", r.ID, r.Input, got, ok, want, r.OK)
			}
			if !ok && got != r.Input {
				t.Errorf("%s: %s was changed to %s", r.ID, r.Input, got)
			}
		}
	}
}

func TestDocuments(t *testing.T) {
	type row struct {
		File            string
		OK, OKSchema201 bool
	}
	for _, dir := range collections(t, "documents", "epcis/documents") {
		for _, r := range load[row](t, filepath.Join(dir, "index.jsonl")) {
			data, err := os.ReadFile(filepath.Join(dir, r.File))
			if err != nil {
				t.Fatal(err)
			}
			judge(t, r.File, data, r.OK || r.OKSchema201)
		}
	}
	if dir := os.Getenv("TRUYNGUON_TEST_CORPORA"); dir != "" {
		type mutation struct {
			ID, Note  string
			Doc       json.RawMessage
			OK, OK201 bool
		}
		for _, m := range load[mutation](t, filepath.Join(dir, "epcis/mutations.jsonl")) {
			err := ValidateJSON(m.Doc)
			// Where the schemas differ, the later one forgot to check what it newly admits.
			if m.OK == m.OK201 && (err == nil) != m.OK {
				t.Errorf("%s: %s: %v", m.ID, m.Note, err)
			}
		}
	}
}

// judge checks that a document is found valid or not, before and after decoding, and that decoding
// and encoding change nothing that it says.
func judge(t *testing.T, name string, data []byte, valid bool) {
	t.Helper()
	err := ValidateJSON(data)
	if (err == nil) != valid {
		t.Errorf("%s: got %v, want valid: %v", name, err, valid)
	}
	if err != nil && !errors.Is(err, fault.Invalid) && !errors.Is(err, fault.Malformed) {
		t.Errorf("%s: unexpected kind: %v", name, err)
	}
	d, decodeErr := Decode(data)
	if decodeErr != nil {
		if !errors.Is(err, fault.Malformed) {
			t.Errorf("%s: %v", name, decodeErr)
		}
		return
	}
	if err := d.Validate(); (err == nil) != valid {
		t.Errorf("%s: decoded: got %v, want valid: %v", name, err, valid)
	}
	again, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	want, got := meaning(t, data), meaning(t, again)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: round trip (-want +got):\n%s", name, diff)
	}
}

// meaning parses JSON and brings what may be written in several ways to one: times, and
// certificationInfo, which may be a string or a list.
func meaning(t testing.TB, data []byte) any {
	t.Helper()
	v, err := parse(data)
	if err != nil {
		t.Fatal(err)
	}
	var fold func(v any) any
	fold = func(v any) any {
		switch v := v.(type) {
		case string:
			if at, ok := parseTime(v); ok {
				return formatTime(at)
			}
		case []any:
			for i := range v {
				v[i] = fold(v[i])
			}
		case map[string]any:
			for name := range v {
				v[name] = fold(v[name])
			}
			if s, ok := v["certificationInfo"].(string); ok {
				v["certificationInfo"] = []any{s}
			}
		}
		return v
	}
	return fold(v)
}
