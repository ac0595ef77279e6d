package locale

import (
	"fmt"
	"strconv"
	"strings"
)

// message is a text taken apart once, at start, so that showing it is only joining.
type message struct {
	parts []part
	plain string // the whole text if it has no place
}

// part is a piece of text, or a place if verb is not verbText.
type part struct {
	text  string
	place int
	verb  verb
}

type verb uint8

const (
	verbText verb = iota
	verbAny
	verbDate
	verbNumber
)

var verbs = map[string]verb{"": verbAny, "date": verbDate, "number": verbNumber}

// maxPlace is far above what any message needs; it catches slips.
const maxPlace = 20

func parseMessage(text string) (message, error) {
	var m message
	rest := text
	for {
		i := strings.IndexAny(rest, "{}")
		if i < 0 {
			break
		}
		end := strings.IndexByte(rest, '}')
		if rest[i] == '}' || end < 0 {
			return message{}, fmt.Errorf("stray brace in %q", text)
		}
		number, word, _ := strings.Cut(rest[i+1:end], ":")
		place, err := strconv.Atoi(number)
		v, known := verbs[word]
		if err != nil || place < 0 || place > maxPlace || !known || strconv.Itoa(place) != number {
			return message{}, fmt.Errorf("%q in %q is not a place such as {0}, {0:date} or {0:number}", rest[i:end+1], text)
		}
		if i > 0 {
			m.parts = append(m.parts, part{text: rest[:i]})
		}
		m.parts = append(m.parts, part{place: place, verb: v})
		rest = rest[end+1:]
	}
	if m.parts == nil {
		m.plain = text
		return m, nil
	}
	if rest != "" {
		m.parts = append(m.parts, part{text: rest})
	}
	return m, nil
}

// places returns the numbers of the places that the text has.
func (m message) places() map[int]bool {
	out := map[int]bool{}
	for _, p := range m.parts {
		if p.verb != verbText {
			out[p.place] = true
		}
	}
	return out
}

// String returns the text with its places, as it stands in the catalogue.
func (m message) String() string {
	if m.parts == nil {
		return m.plain
	}
	var b strings.Builder
	for _, p := range m.parts {
		switch p.verb {
		case verbText:
			b.WriteString(p.text)
		case verbDate:
			fmt.Fprintf(&b, "{%d:date}", p.place)
		case verbNumber:
			fmt.Fprintf(&b, "{%d:number}", p.place)
		default:
			fmt.Fprintf(&b, "{%d}", p.place)
		}
	}
	return b.String()
}
