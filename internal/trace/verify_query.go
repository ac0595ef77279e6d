package trace

import (
	"encoding/hex"
	"net/url"
	"strings"
	"unicode/utf8"

	"truynguon/internal/fault"
	"truynguon/internal/gs1"
)

// asked is one query on its way to an answer.
type asked struct {
	query   string
	fold    string   // of a number
	digest  string   // of a file
	cert    string   // id of a certificate whose page was named
	link    *gs1.Key // a Digital Link or element string
	product string   // id, from the link
	lotKey  string
	code    string // of a lot
	answer  Answer
}

// tidyQuery makes one line of printable text of a query.
func tidyQuery(q string) string {
	const max = 2000
	if len(q) > max {
		q = q[:max]
	}
	q = strings.ToValidUTF8(q, "")
	q = strings.Map(func(r rune) rune {
		if _, bad := fault.Unprintable(string(r)); bad {
			return -1
		}
		return r
	}, q)
	return strings.Join(strings.Fields(q), " ")
}

// read makes out what a query may mean. A text may be the number of a certificate and a GTIN at once.
func (l *Ledger) read(q string) *asked {
	a := &asked{query: q, answer: Answer{Query: cut(q, 200), Kind: AnswerUnknown, At: l.stamp(), Today: l.Today()}}
	if q == "" {
		a.answer.Kind = AnswerEmpty
		return a
	}
	sum := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(strings.ToLower(q), "sha256:"), " ", ""))
	if len(sum) == 64 {
		if _, err := hex.DecodeString(sum); err == nil {
			a.digest = sum
			return a
		}
	}
	isURL := false
	if u, err := url.Parse(q); err == nil && (u.Scheme == "https" || u.Scheme == "http" || strings.HasPrefix(q, "/")) {
		isURL = true
		if _, id, ok := strings.Cut(u.Path, "/c/"); ok && slug(id) {
			a.cert = id
			return a
		}
	}
	if path, ok := LookupPath(q); ok {
		if code, ok := strings.CutPrefix(path, "/l/"); ok {
			a.code = code
		} else if key, err := gs1.ParseLink(path); err == nil {
			a.link = &key
		}
	}
	if !isURL && len(q) <= 300 {
		a.fold = FoldNumber(q)
	}
	return a
}

// cut shortens a text to a number of characters.
func cut(s string, max int) string {
	if utf8.RuneCountInString(s) <= max {
		return s
	}
	return string([]rune(s)[:max])
}
