package web

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// link is one link of a linkset: a target object of RFC 9264.
type link struct {
	// Href is where it leads.
	Href string `json:"href"`
	// Title says what is there, for people.
	Title string `json:"title"`
	// Type is the media type.
	Type string `json:"type,omitempty"`
	// Hreflang are the languages, as BCP 47 tags of two letters, which are all that GS1's schema takes.
	Hreflang []string `json:"hreflang,omitempty"`
	// Context is where or for whom it holds.
	Context []string `json:"context,omitempty"`
}

// preferences are what a request says of the link it would like best.
type preferences struct {
	// languages are language ranges, the best first; "*" is none.
	languages []string
	// media are media ranges.
	media []mediaRange
	// contexts are the values of the parameter context.
	contexts []string
	// fallback is the site's language for this visitor.
	fallback string
}

// mediaRange is one range of an Accept header.
type mediaRange struct {
	name string // "text/html", "text/*", "*/*"
	q    float64
}

func preferencesOf(c *request) preferences {
	p := preferences{fallback: c.words.Lang(), media: weighted(c.Get(fiber.HeaderAccept))}
	if lang := c.Query("lang"); lang != "" {
		p.languages = append(p.languages, lang)
	}
	p.languages = append(p.languages, parseAcceptLanguage(c.Get(fiber.HeaderAcceptLanguage))...)
	for _, v := range c.Context().QueryArgs().PeekMulti("context") {
		if len(v) > 0 {
			p.contexts = append(p.contexts, string(v))
		}
	}
	return p
}

// weighted splits a header of the form "a, b;q=0.5" (RFC 9110, 12.4.2). What is malformed weighs nothing
// and is left out.
func weighted(header string) (out []mediaRange) {
	for part := range strings.SplitSeq(header, ",") {
		name, parameters, _ := strings.Cut(part, ";")
		r := mediaRange{strings.ToLower(strings.TrimSpace(name)), 1}
		for parameter := range strings.SplitSeq(parameters, ";") {
			if v, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(parameter)), "q="); ok {
				q, err := strconv.ParseFloat(v, 64)
				if err != nil || !(0 <= q && q <= 1) {
					q = 0
				}
				r.q = q
			}
		}
		if r.name != "" {
			out = append(out, r)
		}
	}
	return out
}

func parseAcceptLanguage(header string) (out []string) {
	ranges := weighted(header)
	slices.SortStableFunc(ranges, func(a, b mediaRange) int { return cmp.Compare(b.q, a.q) })
	for _, r := range ranges {
		if r.q > 0 && r.name != "*" {
			out = append(out, r.name)
		}
	}
	return out
}

// weight is how much a media type is wanted, and how closely the range that says so names it: 2 for the
// type itself, 1 for its family, 0 for anything. A link that does not say its type could be anything.
func (p preferences) weight(mediaType string) (q float64, near int) {
	if len(p.media) == 0 {
		return 1, 0
	}
	family, _, _ := strings.Cut(mediaType, "/")
	near = -1
	for _, r := range p.media {
		at := -1
		switch r.name {
		case "*/*", "*":
			at = 0
		case family + "/*":
			at = 1
		case mediaType:
			at = 2
		}
		if at > near {
			q, near = r.q, at
		}
	}
	return q, max(near, 0)
}

// choose picks from the links of one type those that fit a request best: by media type, then by context,
// then by language (2.6.3). Something fits always; more than one is left only if nothing tells them apart.
func choose(links []link, p preferences) []link {
	links = chooseMedia(links, p)
	links = chooseContext(links, p.contexts)
	return chooseLanguage(links, p)
}

func chooseMedia(links []link, p preferences) []link {
	type weight struct {
		q    float64
		near int
	}
	var best weight
	var out []link
	for _, l := range links {
		q, near := p.weight(l.Type)
		w := weight{q, near}
		switch d := cmp.Or(cmp.Compare(w.q, best.q), cmp.Compare(w.near, best.near)); {
		case len(out) == 0 || d > 0:
			best, out = w, []link{l}
		case d == 0:
			out = append(out, l)
		}
	}
	if best.q == 0 { // none is wanted: a link is better than a refusal
		return links
	}
	return out
}

func chooseContext(links []link, contexts []string) []link {
	for _, want := range contexts {
		if out := those(links, func(l link) bool { return slices.Contains(l.Context, want) }); len(out) > 0 {
			return out
		}
	}
	if out := those(links, func(l link) bool { return len(l.Context) == 0 }); len(out) > 0 {
		return out
	}
	return links
}

func chooseLanguage(links []link, p preferences) []link {
	in := func(match func(tag string) bool) []link {
		return those(links, func(l link) bool { return slices.ContainsFunc(l.Hreflang, match) })
	}
	for _, want := range p.languages {
		want = strings.ToLower(want)
		primary, _, _ := strings.Cut(want, "-")
		for _, match := range []func(string) bool{
			func(tag string) bool { return strings.EqualFold(tag, want) },
			func(tag string) bool { return strings.EqualFold(tag, primary) },
			func(tag string) bool { return strings.HasPrefix(strings.ToLower(tag), want+"-") },
		} {
			if out := in(match); len(out) > 0 {
				return out
			}
		}
	}
	undetermined := in(func(tag string) bool { return tag == "und" })
	if len(p.languages) > 0 && len(undetermined) > 0 {
		return undetermined
	}
	if out := in(func(tag string) bool { return strings.EqualFold(tag, p.fallback) }); len(out) > 0 {
		return out
	}
	if out := those(links, func(l link) bool { return len(l.Hreflang) == 0 }); len(out) > 0 {
		return out
	}
	return those(links, func(l link) bool { return slices.Equal(l.Hreflang, links[0].Hreflang) })
}

func those(links []link, which func(link) bool) (out []link) {
	for _, l := range links {
		if which(l) {
			out = append(out, l)
		}
	}
	return out
}
