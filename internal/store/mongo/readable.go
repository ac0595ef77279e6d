package mongo

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Limits of the document for people. MongoDB allows a hundred levels, and 16 MiB with the exact
// body beside it; nobody reads that much by eye.
const (
	maxReadableDepth = 50
	maxReadableSize  = 1 << 20
)

// readable returns the body as a document, so that people can look for "doc.lot" in the shell. It
// is never read back, and need not be exact: fractions become doubles, and since not every server
// takes names with a dot or a leading dollar, those characters are written "．" and "＄" (U+FF0E and
// U+FF04), as MongoDB's manual used to advise. It returns nil for a body that still cannot be a
// document: too deep, too large, or with empty or repeated names.
func readable(body json.RawMessage) bson.D {
	if len(body) > maxReadableSize {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	value, err := readValue(dec, 0)
	if err != nil {
		return nil
	}
	d, _ := value.(bson.D)
	return d
}

var errUnreadable = errors.New("cannot be a document")

// readValue reads one value, and readName one name, of a body that is known to be valid JSON.
func readValue(dec *json.Decoder, depth int) (any, error) {
	token, err := dec.Token()
	if err != nil || depth > maxReadableDepth {
		return nil, errors.Join(err, errUnreadable)
	}
	switch token {
	case json.Delim('{'):
		d := bson.D{}
		seen := map[string]bool{}
		for dec.More() {
			name, err := readName(dec)
			if err != nil || seen[name] {
				return nil, errors.Join(err, errUnreadable)
			}
			seen[name] = true
			value, err := readValue(dec, depth+1)
			if err != nil {
				return nil, err
			}
			d = append(d, bson.E{Key: name, Value: value})
		}
		_, err = dec.Token()
		return d, err
	case json.Delim('['):
		list := bson.A{}
		for dec.More() {
			value, err := readValue(dec, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		_, err = dec.Token()
		return list, err
	}
	if number, ok := token.(json.Number); ok {
		return readNumber(string(number)), nil
	}
	return token, nil
}

func readName(dec *json.Decoder) (string, error) {
	token, err := dec.Token()
	name, _ := token.(string)
	if err != nil || name == "" || strings.IndexByte(name, 0) >= 0 {
		return "", errors.Join(err, errUnreadable)
	}
	name = strings.ReplaceAll(name, ".", "．")
	if rest, ok := strings.CutPrefix(name, "$"); ok {
		name = "＄" + rest
	}
	return name, nil
}

// readNumber returns an integer if it is one, or else the nearest double; the text, if there is none.
func readNumber(text string) any {
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		return i
	}
	f, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil:
		return text
	case f == 0:
		return math.Abs(f) // a negative zero is refused by some servers
	}
	return f
}
