package web

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestHTTP runs testdata/http/*.txt: what the server answers, as plain text. A file is a story told over a
// fresh world (see newWorld), request by request:
//
//	POST /api/v1/places as staff
//	Header: value
//	{"name": "…"}
//	-> 201
//	Location: https://id.example.vn/api/v1/places/${place}
//	/name = Rẫy ông Thao
//
// The first line asks, in the name of one of people; headers and a body may follow. The arrow says which
// status is wanted. What follows it must hold for the answer:
//
//	Header: value        the header has the value; * for any, - for none
//	/pointer = value     the JSON member has the value, a string without its quotes
//	/pointer -> name     the JSON member is there; ${name} stands for its value from then on
//	/pointer absent      the JSON member is not there
//	contains text        the body contains the text; "lacks text" that it does not
//
// Lines that begin with # explain.
func TestHTTP(t *testing.T) {
	files, err := filepath.Glob("testdata/http/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no specification", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			story{world: newWorld(t), t: t, file: file, words: map[string]string{}}.tell(string(text))
		})
	}
}

type story struct {
	*world
	t     *testing.T
	file  string
	words map[string]string
}

var (
	asking   = regexp.MustCompile(`^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (\S+) as (\w+)$`)
	header   = regexp.MustCompile(`^([A-Z][A-Za-z-]*): (.*)$`)
	variable = regexp.MustCompile(`\$\{(\w+)\}`)
)

func (s story) tell(text string) {
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); {
		line := strings.TrimSpace(lines[i])
		ask := asking.FindStringSubmatch(line)
		if ask == nil {
			if line != "" && line[0] != '#' {
				s.t.Fatalf("%s:%d: not understood: %s", s.file, i+1, line)
			}
			i++
			continue
		}
		at := i + 1
		var headers, body []string
		for i++; i < len(lines) && !strings.HasPrefix(lines[i], "-> "); i++ {
			if h := header.FindStringSubmatch(lines[i]); h != nil && body == nil {
				headers = append(headers, h[1], s.fill(h[2]))
			} else if lines[i] != "" && lines[i][0] != '#' {
				body = append(body, lines[i])
			}
		}
		if i == len(lines) {
			s.t.Fatalf("%s:%d: no status is wanted", s.file, at)
		}
		status, err := strconv.Atoi(strings.TrimPrefix(lines[i], "-> "))
		if err != nil {
			s.t.Fatalf("%s:%d: %v", s.file, i+1, err)
		}
		a := s.ask(ask[3], ask[1], s.fill(ask[2]), s.fill(strings.Join(body, "\n")), headers)
		if a.Status != status {
			s.t.Fatalf("%s:%d: got %d, want %d\n%s", s.file, at, a.Status, status, a.Body)
		}
		for i++; i < len(lines) && !asking.MatchString(lines[i]); i++ {
			if lines[i] != "" && lines[i][0] != '#' {
				s.check(i+1, a, lines[i])
			}
		}
	}
}

func (s story) ask(who, method, path, body string, headers []string) answer {
	if !forPrograms(path) {
		var form *strings.Reader
		if body != "" {
			form = strings.NewReader(body)
			return s.browse(who, method, path, form, headers...)
		}
		return s.browse(who, method, path, nil, headers...)
	}
	if body == "" {
		return s.api(who, method, path, nil, headers...)
	}
	return s.api(who, method, path, body, headers...)
}

// fill puts the words that were learnt in the place of their names.
func (s story) fill(text string) string {
	return variable.ReplaceAllStringFunc(text, func(v string) string {
		word, ok := s.words[v[2:len(v)-1]]
		if !ok {
			s.t.Fatalf("%s: %s is not known", s.file, v)
		}
		return word
	})
}

func (s story) check(line int, a answer, want string) {
	s.t.Helper()
	fail := func(got string) {
		s.t.Helper()
		s.t.Errorf("%s:%d: want %s\n got %s\nin %s", s.file, line, want, got, a.Body)
	}
	if h := header.FindStringSubmatch(want); h != nil {
		got := strings.Join(a.Header.Values(http.CanonicalHeaderKey(h[1])), ", ")
		if wanted := s.fill(h[2]); wanted != got && (wanted != "*" || got == "") && (wanted != "-" || got != "") {
			fail(got)
		}
		return
	}
	if text, ok := strings.CutPrefix(want, "contains "); ok {
		if !bytes.Contains(a.Body, []byte(s.fill(text))) {
			fail("something else")
		}
		return
	}
	if text, ok := strings.CutPrefix(want, "lacks "); ok {
		if bytes.Contains(a.Body, []byte(s.fill(text))) {
			fail("it")
		}
		return
	}
	if pointer, ok := strings.CutSuffix(want, " absent"); ok {
		if v, there := lookUp(s.t, a.Body, pointer); there {
			s.t.Errorf("%s:%d: %s is there: %v", s.file, line, pointer, v)
		}
		return
	}
	if pointer, value, ok := strings.Cut(want, " = "); ok {
		if got := a.member(pointer); got != s.fill(value) {
			fail(got)
		}
		return
	}
	if pointer, name, ok := strings.Cut(want, " -> "); ok {
		if s.words[name] = a.member(pointer); s.words[name] == "" {
			fail("nothing")
		}
		return
	}
	s.t.Fatalf("%s:%d: not understood: %s", s.file, line, want)
}
