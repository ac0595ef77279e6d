// Package locale has the words: message catalogues in every language of the site, plural forms,
// dates and numbers as people write them, and the folding by which text is searched and compared.
//
// Messages are files locale/LANGUAGE/AREA.json, flat objects of keys and texts. A text has places
// {0}, {1}, … for the arguments; {0:date} and {0:number} write an argument that is the text of an ISO
// date or of a decimal number as the language does. A key that ends in .zero, .one, .two, .few or
// .many is one form of a plural, beside the form .other that every language has; the forms a
// language needs are those of CLDR. The keys format.* say how the language writes dates, numbers
// and lists.
package locale

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// Default is the language of the people whose site this is: it is used when a visitor has asked for
// nothing that there is, and for a message that another language lacks.
const Default = "vi"

// Catalogue is every message in every language. It does not change after Load and may be used by
// any number of goroutines.
type Catalogue struct {
	languages []string // Default first, the others in order
	texts     map[string]map[string]message
	printers  map[string]*Printer
	matcher   language.Matcher
	missed    *missed
}

// missed remembers the keys that were asked for in vain. It is shared by the copies of a catalogue.
type missed struct {
	mu   sync.Mutex
	keys map[string]int
}

// maxMissed bounds what is remembered, since a key may come from what a visitor sent.
const maxMissed = 200

func (m *missed) add(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, known := m.keys[key]; known || len(m.keys) < maxMissed {
		m.keys[key]++
	}
}

// Load reads locale/LANGUAGE/*.json. Every fault is reported at once: a file that is no flat JSON
// object of texts, a key defined twice, a text with a stray brace, places that differ between two
// languages, a plural form that the language does not have. A key that a language lacks is no error
// here, since the program can still speak; see Missing.
//
// Times are written in the zone of Việt Nam until In says otherwise.
func Load(fsys fs.FS) (*Catalogue, error) {
	dirs, err := fs.ReadDir(fsys, "locale")
	if err != nil {
		return nil, fmt.Errorf("message catalogues: %w", err)
	}
	c := &Catalogue{
		texts:  map[string]map[string]message{},
		missed: &missed{keys: map[string]int{}},
	}
	var faults []error
	for _, dir := range dirs {
		if !dir.IsDir() {
			continue
		}
		texts, errs := loadLanguage(fsys, dir.Name())
		faults = append(faults, errs...)
		c.texts[dir.Name()] = texts
		if dir.Name() != Default {
			c.languages = append(c.languages, dir.Name())
		}
	}
	if _, ok := c.texts[Default]; !ok {
		return nil, errors.Join(append(faults, fmt.Errorf("locale/%s: the default language is missing", Default))...)
	}
	c.languages = append([]string{Default}, c.languages...)

	var tags []language.Tag
	for _, lang := range c.languages {
		tag, err := language.Parse(lang)
		if err != nil {
			faults = append(faults, fmt.Errorf("locale/%s is not the name of a language: %w", lang, err))
		}
		tags = append(tags, tag)
	}
	faults = append(faults, c.checkPlaces()...)
	faults = append(faults, c.checkForms()...)
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	c.matcher = language.NewMatcher(tags)
	return c.In(vietnam()), nil
}

// vietnam is the zone of the users. Việt Nam has been seven hours ahead all year round since 1975,
// so a machine without zone files still tells the right time.
func vietnam() *time.Location {
	if zone, err := time.LoadLocation("Asia/Ho_Chi_Minh"); err == nil {
		return zone
	}
	return time.FixedZone("+07", 7*60*60)
}

// In returns the same catalogue writing times in another zone.
func (c *Catalogue) In(zone *time.Location) *Catalogue {
	d := *c
	d.printers = map[string]*Printer{}
	for _, lang := range c.languages {
		d.printers[lang] = newPrinter(&d, lang, zone)
	}
	return &d
}

// Languages returns the languages there are, the default first.
func (c *Catalogue) Languages() []string { return slices.Clone(c.languages) }

// maxAccept bounds what is read of an Accept-Language header; browsers send less than a hundred
// bytes.
const maxAccept = 256

// Match returns the language that serves a visitor best. Each argument is a language or an
// Accept-Language header, the weightier first: what was chosen in the address, then a cookie, then
// what the browser says. Empty and unintelligible ones are passed over.
func (c *Catalogue) Match(preferred ...string) string {
	for _, p := range preferred {
		if _, ok := c.texts[p]; ok {
			return p // the usual case, without parsing
		}
		if len(p) > maxAccept {
			p = p[:maxAccept]
			p = p[:max(strings.LastIndexByte(p, ','), 0)]
		}
		desired, _, err := language.ParseAcceptLanguage(p)
		if err != nil || len(desired) == 0 {
			continue
		}
		if _, i, confidence := c.matcher.Match(desired...); confidence != language.No {
			return c.languages[i]
		}
	}
	return Default
}

// Printer returns what writes in a language, or in the default one if there is no such language.
func (c *Catalogue) Printer(lang string) *Printer {
	if p, ok := c.printers[lang]; ok {
		return p
	}
	return c.printers[Default]
}

// Missed returns the keys that T and N were asked for and that no language has, or that the
// language asked lacks, and how often. Tests that render pages check that it is empty.
func (c *Catalogue) Missed() map[string]int {
	c.missed.mu.Lock()
	defer c.missed.mu.Unlock()
	return maps.Clone(c.missed.keys)
}

// Missing returns what each language lacks of what another one has, as "LANGUAGE: KEY", sorted.
func (c *Catalogue) Missing() []string {
	var out []string
	plurals := c.plurals()
	for _, lang := range c.languages {
		need := map[string]bool{}
		for _, texts := range c.texts {
			for key := range texts {
				if base, _ := pluralBase(key); base == "" && !plurals[strings.TrimSuffix(key, ".other")] {
					need[key] = true
				}
			}
		}
		for base := range plurals {
			for _, form := range forms(language.Make(lang)) {
				need[base+form] = true
			}
		}
		for key := range need {
			if _, ok := c.texts[lang][key]; !ok {
				out = append(out, lang+": "+key)
			}
		}
	}
	slices.Sort(out)
	return out
}

func loadLanguage(fsys fs.FS, lang string) (map[string]message, []error) {
	files, err := fs.Glob(fsys, path.Join("locale", lang, "*.json"))
	if err != nil || len(files) == 0 {
		return nil, []error{fmt.Errorf("locale/%s has no catalogue", lang)}
	}
	var faults []error
	texts := map[string]message{}
	from := map[string]string{}
	for _, file := range files {
		data, err := fs.ReadFile(fsys, file)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		err = eachText(data, func(key, text string) {
			if first, ok := from[key]; ok {
				faults = append(faults, fmt.Errorf("%s: %q is already defined in %s", file, key, first))
				return
			}
			from[key] = file
			m, err := parseMessage(text)
			if err != nil {
				faults = append(faults, fmt.Errorf("%s: %q: %w", file, key, err))
			}
			texts[key] = m
		})
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", file, err))
		}
	}
	return texts, faults
}

// eachText reads a flat JSON object of texts token by token, because a map would hide a key that
// occurs twice.
func eachText(data []byte, yield func(key, text string)) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errors.Join(errors.New("not a JSON object"), err)
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		value, err := d.Token()
		if err != nil {
			return err
		}
		text, ok := value.(string)
		if !ok {
			return fmt.Errorf("%q is not a text", key)
		}
		yield(key.(string), text)
	}
	if _, err := d.Token(); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the object")
	}
	return nil
}

// checkPlaces compares the places of each text with those of the same key in the other languages.
// A plural form may do without a place of .other, as in "one lot", but may not have more.
func (c *Catalogue) checkPlaces() []error {
	var faults []error
	base := c.texts[Default]
	for _, lang := range c.languages {
		for _, key := range slices.Sorted(maps.Keys(c.texts[lang])) {
			have := c.texts[lang][key].places()
			if stem, _ := pluralBase(key); stem != "" {
				if other, ok := c.texts[lang][stem+".other"]; ok {
					for n := range have {
						if !other.places()[n] {
							faults = append(faults, fmt.Errorf("%s: %q has the place {%d}, which its form .other lacks", lang, key, n))
						}
					}
				}
				continue
			}
			if m, ok := base[key]; ok && !maps.Equal(have, m.places()) {
				faults = append(faults, fmt.Errorf("%s: the places of %q are not those of %s: %q", lang, key, Default, m.String()))
			}
		}
	}
	return faults
}

// checkForms finds plural forms that a language does not have, such as a Vietnamese .one, which
// would never be shown.
func (c *Catalogue) checkForms() []error {
	var faults []error
	for _, lang := range c.languages {
		has := forms(language.Make(lang))
		for _, key := range slices.Sorted(maps.Keys(c.texts[lang])) {
			if stem, form := pluralBase(key); stem != "" && !slices.Contains(has, form) {
				faults = append(faults, fmt.Errorf("%s: %q: the language has no such plural form", lang, key))
			}
		}
	}
	return faults
}

var formSuffix = map[plural.Form]string{
	plural.Other: ".other",
	plural.Zero:  ".zero",
	plural.One:   ".one",
	plural.Two:   ".two",
	plural.Few:   ".few",
	plural.Many:  ".many",
}

// pluralBase splits the key of a plural form other than .other, which may also end an ordinary key
// ("reason.other"). The base is empty for any other key.
func pluralBase(key string) (base, form string) {
	i := strings.LastIndexByte(key, '.')
	if i < 0 {
		return "", ""
	}
	switch key[i:] {
	case ".zero", ".one", ".two", ".few", ".many":
		return key[:i], key[i:]
	}
	return "", ""
}

// plurals returns the stems that have plural forms in some language.
func (c *Catalogue) plurals() map[string]bool {
	out := map[string]bool{}
	for _, texts := range c.texts {
		for key := range texts {
			if base, _ := pluralBase(key); base != "" {
				out[base] = true
			}
		}
	}
	return out
}

// forms returns the plural forms that a language has for whole numbers. The library tells the form
// of a number but not the list, so numbers are tried until every known rule has had its turn.
func forms(tag language.Tag) []string {
	seen := map[string]bool{".other": true}
	for n := range 201 {
		seen[formSuffix[plural.Cardinal.MatchPlural(tag, n, 0, 0, 0, 0)]] = true
	}
	seen[formSuffix[plural.Cardinal.MatchPlural(tag, 1_000_000, 0, 0, 0, 0)]] = true
	return slices.Sorted(maps.Keys(seen))
}
