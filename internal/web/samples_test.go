package web

import (
	"testing"

	"github.com/jba/templatecheck"
)

// Every page can be drawn with every kind of data in every language: nothing is missing from the
// catalogues, nothing hostile becomes markup, and every page has its samples.
func TestSamples(t *testing.T) {
	w := newWorld(t)
	have := map[string]int{}
	for _, lang := range w.Words.Languages() {
		for _, s := range Samples(w.Words.Printer(lang)) {
			have[s.Page]++
			body, _, err := w.draw(s.Page, s.view)
			if err != nil {
				t.Errorf("%s, %s, %s: %v", s.Page, s.Case, lang, err)
				continue
			}
			checkPage(t, s.Page+", "+s.Case+", "+lang, body)
		}
	}
	for page := range w.pages {
		if have[page] != 4*len(w.Words.Languages()) {
			t.Errorf("page %s has %d samples", page, have[page])
		}
	}
	for key, n := range w.Words.Missed() {
		t.Errorf("%d times no message %q", n, key)
	}
}

// What templates ask of a page's struct is there, also where no sample leads.
func TestTemplatesFitTheirPages(t *testing.T) {
	w := newWorld(t)
	for _, s := range Samples(w.Words.Printer("vi")) {
		if s.Case != "typical" {
			continue
		}
		if err := templatecheck.CheckHTML(w.pages[s.Page].tmpl.Lookup("layout"), s.view); err != nil {
			t.Errorf("%s: %v", s.Page, err)
		}
	}
}
