package locale

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// Printer writes in one language. It does not change and may be used by any number of goroutines.
// What it returns is plain text; a page escapes it.
type Printer struct {
	catalogue *Catalogue
	lang      string
	tag       language.Tag
	texts     map[string]message
	zone      *time.Location

	date, time string // layouts of package time
	months     [12]string
	decimal    string // between the whole number and the decimals
	group      string // between groups of three digits
	and        string // before the last item of a list
}

func newPrinter(c *Catalogue, lang string, zone *time.Location) *Printer {
	p := &Printer{catalogue: c, lang: lang, tag: language.Make(lang), texts: c.texts[lang], zone: zone}
	text := func(key, otherwise string) string {
		if m, ok := p.texts[key]; ok {
			return m.String()
		}
		return otherwise
	}
	p.date = text("format.date", time.DateOnly)
	p.time = text("format.time", "2006-01-02 15:04")
	p.decimal = text("format.decimal", ".")
	p.group = text("format.group", "")
	p.and = text("format.and", ",")
	for i := range p.months {
		p.months[i] = text("month."+strconv.Itoa(i+1), time.Month(i+1).String())
	}
	return p
}

// Lang returns the printer's language, such as "vi", for the lang attribute of a page.
func (p *Printer) Lang() string { return p.lang }

// Zone returns the zone in which times are written.
func (p *Printer) Zone() *time.Location { return p.zone }

// Has tells whether the language has a message with this key.
func (p *Printer) Has(key string) bool {
	_, ok := p.texts[key]
	return ok
}

// T returns the message of a key, its places filled with the arguments: texts as they are, whole
// numbers by Number, times by Time, lists of texts by List, anything else as fmt.Sprint has it. A
// year is therefore passed as text. A message that this language lacks is shown in the default one;
// a key that no language has is shown as «key»; both are counted in Catalogue.Missed. A place without
// an argument stays as it is written.
func (p *Printer) T(key string, args ...any) string {
	m, ok := p.texts[key]
	if !ok {
		p.catalogue.missed.add(key)
		if m, ok = p.catalogue.texts[Default][key]; !ok {
			return "«" + key + "»"
		}
	}
	return p.fill(m, args)
}

// N returns the plural form of a message that fits n. The number fills the place {0} and the other
// arguments {1}, {2}, …. The keys are key+".one", key+".other" and so on, as CLDR has them for the
// language.
func (p *Printer) N(key string, n int, args ...any) string {
	form := plural.Cardinal.MatchPlural(p.tag, abs(n)%10_000_000, 0, 0, 0, 0)
	full := key + formSuffix[form]
	if _, ok := p.texts[full]; !ok {
		full = key + ".other"
	}
	return p.T(full, append([]any{n}, args...)...)
}

// List joins items as a sentence does: "a", "a và b", "a, b và c".
func (p *Printer) List(items []string) string {
	switch n := len(items); n {
	case 0:
		return ""
	case 1:
		return items[0]
	default:
		return strings.Join(items[:n-1], ", ") + " " + p.and + " " + items[n-1]
	}
}

func (p *Printer) fill(m message, args []any) string {
	if m.parts == nil {
		return m.plain
	}
	var b strings.Builder
	for _, part := range m.parts {
		switch {
		case part.verb == verbText:
			b.WriteString(part.text)
		case part.place >= len(args):
			fmt.Fprintf(&b, "{%d}", part.place)
		default:
			b.WriteString(p.arg(part.verb, args[part.place]))
		}
	}
	return b.String()
}

func (p *Printer) arg(v verb, arg any) string {
	switch v {
	case verbDate:
		return p.Date(fmt.Sprint(arg))
	case verbNumber:
		return p.Number(arg)
	}
	switch a := arg.(type) {
	case string:
		return a
	case []string:
		return p.List(a)
	case time.Time:
		return p.Time(a)
	case int, int64, int32, int16, int8, uint, uint64, uint32, uint16, uint8, float64, float32, json.Number:
		return p.Number(a)
	default:
		return fmt.Sprint(a)
	}
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}
