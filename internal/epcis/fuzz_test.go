package epcis

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// FuzzDecode: whatever is sent, nothing panics; what was decoded and written is decoded and written
// the same again; and every event keeps its hash, in its document and out of it.
func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob("testdata/documents/*.json*")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		if len(data) < 6000 {
			f.Add(data)
		}
	}
	f.Add([]byte(`{"@context":null,"type":"EPCISDocument","epcisBody":{"eventList":[{"@context":null,"type":1,"":{}}]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		rawErr := ValidateJSON(data)
		d, err := Decode(data)
		if err != nil {
			return
		}
		if decodedErr := d.Validate(); (rawErr == nil) != (decodedErr == nil) {
			t.Fatalf("raw: %v\ndecoded: %v", rawErr, decodedErr)
		}
		first, err := d.Encode()
		if err != nil {
			t.Fatalf("encode: %v", err)
		}
		again, err := Decode(first)
		if err != nil {
			t.Fatalf("decode of %s: %v", first, err)
		}
		second, err := again.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first, second) {
			t.Fatalf("not stable:\n%s\n%s", first, second)
		}
		for i := range d.Events {
			want, err := d.Events[i].HashID()
			if err != nil {
				t.Fatal(err)
			}
			if got := hashID(t, &again.Events[i]); got != want {
				t.Fatalf("event %d: hash %s, then %s", i, want, got)
			}
			alone, err := d.Events[i].Encode()
			if err != nil {
				t.Fatal(err)
			}
			e, err := DecodeEvent(alone)
			if err != nil {
				t.Fatal(err)
			}
			if got := hashID(t, e); got != want {
				t.Fatalf("event %d alone: hash %s, then %s", i, want, got)
			}
		}
	})
}

// FuzzCanonical: the canonical form is canonical, and a URN that can be made of it leads back to it.
func FuzzCanonical(f *testing.F) {
	for _, s := range []string{
		"urn:epc:id:sgtin:4012345.011111.98%22", "urn:epc:id:cpi:0614141.A%23%2F.1234", "urn:epc:idpat:gdti:4012345.11111.*",
		"https://a/gtin/4012345123456/cpv/1/lot/A/ser/B?17=1#x", "https://id.gs1.org/8006/040123451234560102/21/x",
		"https://id.gs1.org/253/4602443000331X%2fZ", "https://example.vn/l/ABCDE",
	} {
		f.Add(s, 7)
	}
	f.Fuzz(func(t *testing.T, uri string, prefix int) {
		c, ok := Canonical(uri)
		if !ok {
			if c != uri {
				t.Fatalf("%q became %q", uri, c)
			}
			return
		}
		if !isURI(c) {
			t.Fatalf("%q of %q is no URI", c, uri)
		}
		if again, ok := Canonical(c); !ok || again != c {
			t.Fatalf("%q, then %q", c, again)
		}
		urn, err := LinkToURN(c, prefix)
		if err != nil {
			return
		}
		if back, err := URNToLink(urn); err != nil || back != c {
			t.Fatalf("%q, then %q, then %q (%v)", c, urn, back, err)
		}
	})
}
