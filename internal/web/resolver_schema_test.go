package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The rules of testdata/resolver/gs1-linkset-schema.json. Its pattern for the names of link types, with
// the look-ahead and the ranges as they are, is: small letters and hyphens alone; or http(s):// and
// something of [A-z0-9./], where A-z takes in [ \ ] ^ _ and the grave accent.
var (
	schemaURI      = regexp.MustCompile("^https?://[A-Za-z\\[\\\\\\]^_`0-9./]+")
	schemaType     = regexp.MustCompile("^[a-z-]+$|^https?://[A-Za-z\\[\\\\\\]^_`0-9./]+$")
	schemaLanguage = regexp.MustCompile(`^\w{2}$|^\w{2}-\w{2}$`)
	schemaMedia    = regexp.MustCompile(`\w+/[-+.\w]+`)
)

// linksetFaults lists what is wrong with a linkset by GS1's schema.
func linksetFaults(doc []byte) (faults []string) {
	bad := func(at, format string, args ...any) { faults = append(faults, at+" "+fmt.Sprintf(format, args...)) }
	var root map[string]any
	if err := json.Unmarshal(doc, &root); err != nil {
		return []string{"/ must be object"}
	}
	for name := range root {
		if name != "linkset" {
			bad("/", "must NOT have additional properties")
		}
	}
	if root["linkset"] == nil {
		return append(faults, "/ must have required property 'linkset'")
	}
	entries, ok := root["linkset"].([]any)
	if !ok {
		bad("/linkset", "must be array")
	}
	for i, e := range entries {
		at := fmt.Sprintf("/linkset/%d", i)
		entry, ok := e.(map[string]any)
		if !ok {
			bad(at, "must be object")
			continue
		}
		for _, name := range []string{"anchor", "itemDescription"} {
			if _, ok := entry[name]; !ok {
				bad(at, "must have required property '%s'", name)
			}
		}
		for name, v := range entry {
			switch {
			case name == "anchor":
				if text, ok := v.(string); !ok || !schemaURI.MatchString(text) {
					bad(at+"/anchor", "must match pattern")
				}
			case name == "itemDescription":
				if _, ok := v.(string); !ok {
					bad(at+"/itemDescription", "must be string")
				}
			case !schemaType.MatchString(name):
				bad(at, "must NOT have additional properties")
			default:
				targets, ok := v.([]any)
				if !ok {
					bad(at+"/"+name, "must be array")
				}
				for j, target := range targets {
					targetFaults(fmt.Sprintf("%s/%s/%d", at, name, j), target, bad)
				}
			}
		}
	}
	return faults
}

func targetFaults(at string, v any, bad func(at, format string, args ...any)) {
	target, ok := v.(map[string]any)
	if !ok {
		bad(at, "must be object")
		return
	}
	for _, name := range []string{"href", "title"} {
		if _, ok := target[name]; !ok {
			bad(at, "must have required property '%s'", name)
		}
	}
	for name, v := range target {
		text, isText := v.(string)
		list, isList := v.([]any)
		_, isBool := v.(bool)
		ok := false
		switch name {
		case "href":
			ok = isText && schemaURI.MatchString(text)
		case "title":
			ok = isText
		case "type":
			ok = isText && schemaMedia.MatchString(text)
		case "hreflang":
			ok = isList && !slices.ContainsFunc(list, func(v any) bool {
				tag, isText := v.(string)
				return !isText || !schemaLanguage.MatchString(tag)
			})
		case "context":
			ok = isList
		case "fwqs", "public":
			ok = isBool
		}
		if !ok {
			bad(at+"/"+name, "is not as it must be")
		}
	}
}

// descriptionFaults lists what is wrong with a resolver's description file by
// testdata/resolver/description-file-schema.json.
func descriptionFaults(doc []byte) (faults []string) {
	var d struct {
		ResolverRoot         *string
		SupportedPrimaryKeys *[]string
		Name                 *string
		SupportedLinkType    []struct {
			Namespace *string
			Prefix    *string
		}
		LinkTypeDefaultCanBeLinkset      *bool
		SupportedContextValuesEnumerated []string
		SupportedContextValuesExternal   []struct {
			NameOfList *string
			URL        *string
		}
		Contact *struct {
			FN         *string
			HasAddress *struct {
				StreetAddress, Locality, Region *string
				PostalCode                      *string `json:"postal-code"`
			}
		}
		ExtensionProfile      *string
		JSONLDContextLocation *string `json:"jsonLdContextLocation"`
	}
	if err := json.Unmarshal(doc, &d); err != nil {
		return []string{err.Error()}
	}
	isURI := func(at string, text *string) {
		if text == nil {
			return
		}
		if u, err := url.Parse(*text); err != nil || u.Scheme == "" {
			faults = append(faults, at+" must match format \"uri\"")
		}
	}
	isURI("/resolverRoot", d.ResolverRoot)
	isURI("/extensionProfile", d.ExtensionProfile)
	isURI("/jsonLdContextLocation", d.JSONLDContextLocation)
	if d.ResolverRoot == nil || d.SupportedPrimaryKeys == nil {
		return append(faults, "/ must have required property")
	}
	known := strings.Fields("all 01 8006 8013 8010 410 411 412 413 414 415 417 8017 8018 255 00 253 401 402 8003 8004")
	for _, key := range *d.SupportedPrimaryKeys {
		if !slices.Contains(known, key) {
			faults = append(faults, "/supportedPrimaryKeys must be equal to one of the allowed values: "+key)
		}
	}
	prefix := regexp.MustCompile(`^[a-zA-Z_][A-Za-z0-9_-]*?:$`)
	for _, n := range d.SupportedLinkType {
		isURI("/supportedLinkType", n.Namespace)
		if n.Prefix != nil && !prefix.MatchString(*n.Prefix) {
			faults = append(faults, "/supportedLinkType must match pattern: "+*n.Prefix)
		}
	}
	for _, l := range d.SupportedContextValuesExternal {
		isURI("/supportedContextValuesExternal", l.URL)
	}
	return faults
}

// The checks above agree with the schemas.
func TestResolverSchemas(t *testing.T) {
	for file, check := range map[string]func([]byte) []string{
		"linkset-documents.jsonl": linksetFaults, "description-files.jsonl": descriptionFaults,
	} {
		type row struct {
			ID, Note string
			Doc      json.RawMessage
			OK       bool
		}
		n := 0
		for _, r := range jsonLines[row](t, "testdata/resolver/"+file) {
			n++
			if faults := check(r.Doc); (len(faults) == 0) != r.OK {
				t.Errorf("%s %s (%s): want ok=%v, got %q", file, r.ID, r.Note, r.OK, faults)
			}
		}
		if n < 9 {
			t.Errorf("%s: only %d rows", file, n)
		}
	}
}

// jsonLines reads a file of JSON values, one a line.
func jsonLines[T any](t testing.TB, path string) (out []T) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for d := json.NewDecoder(f); ; {
		var v T
		if err := d.Decode(&v); errors.Is(err, io.EOF) {
			return out
		} else if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		out = append(out, v)
	}
}
