package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"truynguon/internal/fault"
)

// Limits of a JSON body. The largest draft is a plot's outline of 2,000 corners.
const (
	maxJSON   = 1 << 20
	maxDepth  = 16
	maxFaults = 50
)

// jsonNode is a JSON value as it was sent: in order, with nothing lost that a Go value would lose.
type jsonNode struct {
	// kind is the first byte: one of { [ " t f n, and 0 for a number.
	kind byte
	// raw is the value's text within the body.
	raw []byte
	// text is what a string says.
	text string
	// names are those of an object's members, and nodes the values of an object or array.
	names []string
	nodes []*jsonNode
}

// member answers an object's member, nil if it has none of the name.
func (n *jsonNode) member(name string) *jsonNode {
	if i := slices.Index(n.names, name); i >= 0 {
		return n.nodes[i]
	}
	return nil
}

// drop takes a member away.
func (n *jsonNode) drop(name string) {
	if i := slices.Index(n.names, name); i >= 0 {
		n.names = slices.Delete(n.names, i, i+1)
		n.nodes = slices.Delete(n.nodes, i, i+1)
	}
}

// jsonBody reads the body as one JSON object. What is no such thing is fault.Malformed and says where;
// a body of another type is fault.Unsupported.
func (c *request) jsonBody(mediaTypes ...string) (*jsonNode, error) {
	body := c.Request().Body() // as it came: fiber's Body would unpack without a limit
	if err := c.unpacked(); err != nil {
		return nil, err
	}
	got, params, err := mime.ParseMediaType(c.Get(fiber.HeaderContentType))
	if err != nil || !slices.Contains(mediaTypes, got) {
		return nil, fault.New(fault.Unsupported, "content_type", strings.Join(mediaTypes, ", "))
	}
	if set := params["charset"]; set != "" && !strings.EqualFold(set, "utf-8") {
		return nil, fault.New(fault.Unsupported, "content_type", strings.Join(mediaTypes, ", "))
	}
	if len(body) > maxJSON {
		return nil, fault.New(fault.TooLarge, "json_too_large", maxJSON>>20)
	}
	return parseJSON(body)
}

// unpacked refuses a body that is compressed: a small one could unpack to any size.
func (c *request) unpacked() error {
	if enc := c.Get(fiber.HeaderContentEncoding); enc != "" && !strings.EqualFold(enc, "identity") {
		return fault.New(fault.Unsupported, "content_encoding")
	}
	return nil
}

func parseJSON(body []byte) (*jsonNode, error) {
	at := func(offset int) error {
		offset = min(max(offset, 0), len(body))
		line := 1 + bytes.Count(body[:offset], []byte("\n"))
		column := 1 + utf8.RuneCount(body[bytes.LastIndexByte(body[:offset], '\n')+1:offset])
		return fault.New(fault.Malformed, "json_malformed", line, column)
	}
	if i := badUTF8(body); i >= 0 {
		return nil, at(i)
	}
	var probe json.RawMessage
	if err := json.Unmarshal(body, &probe); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return nil, at(int(syntax.Offset) - 1)
		}
		return nil, at(0)
	}
	r := jsonReader{body: body, dec: json.NewDecoder(bytes.NewReader(body))}
	r.dec.UseNumber()
	n, err := r.value("", 0)
	if err != nil {
		return nil, err
	}
	if n.kind != '{' {
		return nil, fault.New(fault.Malformed, "json_no_object")
	}
	return n, nil
}

func badUTF8(b []byte) int {
	if utf8.Valid(b) {
		return -1
	}
	for i := 0; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

// jsonReader reads a text that is known to be JSON.
type jsonReader struct {
	body []byte
	dec  *json.Decoder
}

func (r *jsonReader) value(pointer string, depth int) (*jsonNode, error) {
	if depth > maxDepth {
		return nil, fault.New(fault.Malformed, "json_too_deep", maxDepth)
	}
	start := int(r.dec.InputOffset())
	for start < len(r.body) && strings.IndexByte(" \t\r\n,:", r.body[start]) >= 0 {
		start++
	}
	token, err := r.dec.Token()
	if err != nil {
		return nil, fault.New(fault.Malformed, "json_malformed", 1, 1) // cannot be: it was checked
	}
	n := &jsonNode{kind: r.body[start]}
	switch t := token.(type) {
	case string:
		n.text = t
	case json.Number:
		n.kind = 0
	case json.Delim:
		for r.dec.More() {
			step := strconv.Itoa(len(n.nodes))
			if t == '{' {
				name, err := r.dec.Token()
				if err != nil {
					return nil, fault.New(fault.Malformed, "json_malformed", 1, 1)
				}
				step, _ = name.(string)
				if slices.Contains(n.names, step) {
					return nil, fault.New(fault.Malformed, "json_duplicate", pointer+"/"+escapePointer(step))
				}
				n.names = append(n.names, step)
				if len(n.names) > 1000 { // so that looking for duplicates stays cheap
					return nil, fault.New(fault.TooLarge, "json_too_large", maxJSON>>20)
				}
			}
			v, err := r.value(pointer+"/"+escapePointer(step), depth+1)
			if err != nil {
				return nil, err
			}
			n.nodes = append(n.nodes, v)
		}
		if _, err := r.dec.Token(); err != nil && !errors.Is(err, io.EOF) {
			return nil, fault.New(fault.Malformed, "json_malformed", 1, 1)
		}
	}
	n.raw = r.body[start:r.dec.InputOffset()]
	return n, nil
}

// escapePointer writes a member's name as a step of an RFC 6901 pointer, cut if nobody can have meant it.
func escapePointer(name string) string {
	if r := []rune(name); len(r) > 60 {
		name = string(r[:60]) + "…"
	}
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}

// bind puts a JSON value into a Go value that already holds what stays where the JSON is silent, as RFC
// 7396 has it: null empties, objects go into each other, everything else takes the place of what was
// there. Members that the Go type does not have, and values of the wrong type, become faults.
func bind(p *fault.Problem, pointer string, n *jsonNode, v reflect.Value) {
	wrong := func(want string) {
		if len(p.Fields) < maxFaults {
			p.Add(pointer, "wrong_type", "api.type."+want)
		}
	}
	if n.kind == 'n' {
		v.SetZero()
		return
	}
	if raw, ok := v.Addr().Interface().(*json.RawMessage); ok {
		*raw = mergeJSON(*raw, n)
		return
	}
	if u, ok := v.Addr().Interface().(json.Unmarshaler); ok { // a trace.Decimal: a number, or text that should be one
		if n.kind != 0 && n.kind != '"' || u.UnmarshalJSON(n.raw) != nil {
			wrong("number")
		}
		return
	}
	switch v.Kind() {
	case reflect.String:
		if n.kind != '"' {
			wrong("string")
			return
		}
		v.SetString(n.text)
	case reflect.Bool:
		if n.kind != 't' && n.kind != 'f' {
			wrong("boolean")
			return
		}
		v.SetBool(n.kind == 't')
	case reflect.Int:
		whole, err := strconv.Atoi(string(n.raw))
		if n.kind != 0 || err != nil {
			wrong("integer")
			return
		}
		v.SetInt(int64(whole))
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		bind(p, pointer, n, v.Elem())
	case reflect.Slice:
		if n.kind != '[' {
			wrong("array")
			return
		}
		list := reflect.MakeSlice(v.Type(), len(n.nodes), len(n.nodes))
		for i, item := range n.nodes {
			bind(p, pointer+"/"+strconv.Itoa(i), item, list.Index(i))
		}
		v.Set(list)
	case reflect.Struct:
		if n.kind != '{' {
			wrong("object")
			return
		}
		for i, name := range n.names {
			at := pointer + "/" + escapePointer(name)
			field := jsonField(v, name)
			if !field.IsValid() {
				if len(p.Fields) < maxFaults {
					p.Add(at, "unknown_member")
				}
				continue
			}
			bind(p, at, n.nodes[i], field)
		}
	default:
		panic("web: no JSON for " + v.Type().String()) // a draft with a field that no row above reads
	}
}

// jsonField is the field of a draft with the name in JSON; drafts are flat.
func jsonField(v reflect.Value, name string) reflect.Value {
	t := v.Type()
	for i := range t.NumField() {
		if own := jsonName(t.Field(i)); own == name && own != "" {
			return v.Field(i)
		}
	}
	return reflect.Value{}
}

// jsonName is the name of a field in JSON, empty if it is not there.
func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "-" {
		return ""
	}
	return name
}

// mergeJSON is RFC 7396 on texts: what a patch makes of a value.
func mergeJSON(old json.RawMessage, patch *jsonNode) json.RawMessage {
	if patch.kind != '{' || len(old) == 0 || old[0] != '{' {
		return slices.Clone(json.RawMessage(patch.raw))
	}
	was, err := parseJSON(old)
	if err != nil {
		return slices.Clone(json.RawMessage(patch.raw))
	}
	out := map[string]json.RawMessage{}
	for i, name := range was.names {
		out[name] = was.nodes[i].raw
	}
	for i, name := range patch.names {
		if n := patch.nodes[i]; n.kind == 'n' {
			delete(out, name)
		} else {
			out[name] = mergeJSON(out[name], n)
		}
	}
	merged, err := json.Marshal(out)
	if err != nil {
		panic("web: merged JSON cannot be written: " + err.Error()) // its parts were read as JSON
	}
	return merged
}

// sameJSON reports whether two values say the same, whatever the order of members.
func sameJSON(a, b *jsonNode) bool {
	if a == nil || b == nil {
		return (a == nil || a.kind == 'n') && (b == nil || b.kind == 'n')
	}
	if a.kind != b.kind || a.text != b.text || len(a.nodes) != len(b.nodes) {
		return false
	}
	switch a.kind {
	case 0:
		return bytes.Equal(a.raw, b.raw)
	case '[':
		return slices.EqualFunc(a.nodes, b.nodes, sameJSON)
	case '{':
		for i, name := range a.names {
			if other := b.member(name); other == nil || !sameJSON(a.nodes[i], other) {
				return false
			}
		}
	}
	return true
}
