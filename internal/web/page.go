package web

import (
	"bytes"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"truynguon/internal/auth"
	"truynguon/internal/locale"
	"truynguon/internal/trace"
)

// Base is what every page has: the words, and what the layout shows around it.
type Base struct {
	*locale.Printer
	// Title is the page's, in words.
	Title string
	// Path is the page's address without its query, for the links to the other language.
	Path string
	// kept are the parameters without which the page would be another one; the links to the other
	// language have them.
	kept url.Values
	// SiteName, Operator and Contact are named on every page.
	SiteName, Operator, Contact string
	// Sample marks the page as showing sample data.
	Sample bool
	// Who is signed in, if anybody.
	Who auth.Identity
	// Style is the page's style sheet.
	Style template.CSS
	// Notice is a sentence about what was just done.
	Notice string
	// Wide pages use the width of a desktop: tables and forms.
	Wide bool
	// Languages are those the site has.
	Languages []Language
	// NoIndex keeps search engines away.
	NoIndex bool
}

// Language is a language of the site, by the name that its speakers give it.
type Language struct{ Code, Name string }

// base fills in what every page has. The title is a message key.
func (s *Server) base(c *request, title string, args ...any) Base {
	return Base{
		Printer: c.words, Title: c.words.T(title, args...), Path: c.Path(),
		SiteName: s.SiteName, Operator: s.Operator, Contact: s.Contact, Sample: s.Sample,
		Who: c.who, Languages: s.languages, Notice: s.notice(c), NoIndex: true,
	}
}

// languagesOf lists the languages of a catalogue.
func languagesOf(words *locale.Catalogue) (out []Language) {
	for _, code := range words.Languages() {
		out = append(out, Language{Code: code, Name: words.Printer(code).T("language.self")})
	}
	return out
}

// notice is the sentence about what was just done that a redirect asked for.
func (s *Server) notice(c *request) string {
	key := "notice." + c.Query("done")
	if key != "notice." && c.words.Has(key) {
		return c.words.T(key)
	}
	return ""
}

func (b *Base) style(css template.CSS) { b.Style = css }

// SignedIn reports whether somebody is.
func (b *Base) SignedIn() bool { return b.Who.Known() }

// Is reports whether the one signed in has one of the roles.
func (b *Base) Is(roles ...auth.Role) bool { return b.Who.Is(roles...) }

// LangLink is the address of the page in another language.
func (b *Base) LangLink(lang string) string {
	link := b.Path + "?lang=" + url.QueryEscape(lang)
	if len(b.kept) > 0 {
		link += "&" + b.kept.Encode()
	}
	return link
}

// keep makes the links to the other language keep parameters.
func (b *Base) keep(c *request, names ...string) {
	b.kept = url.Values{}
	for _, name := range names {
		if v := c.Query(name); v != "" {
			b.kept.Set(name, v)
		}
	}
}

// Day writes a date as people do, and nothing for none.
func (b *Base) Day(d trace.Date) string {
	if d == "" {
		return ""
	}
	return b.Date(string(d))
}

// DayOf writes the day of a time in the site's zone.
func (b *Base) DayOf(t time.Time) string { return b.Date(t.In(b.Zone()).Format(time.DateOnly)) }

// Measure writes a quantity with its unit.
func (b *Base) Measure(q trace.Quantity) string { return b.Quantity(q.Value.String(), q.UOM) }

// view is a page's struct.
type view interface{ style(template.CSS) }

// render writes a page. It is made in memory first, so that a template that fails sends no half page.
func (s *Server) render(c *request, name string, v view) error {
	body, hash, err := s.draw(name, v)
	if err != nil {
		return err
	}
	pageHeaders(c, hash)
	if e, ok := v.(*EditPage); ok && e.Draw != nil {
		allowTiles(c, e.Draw.Tiles)
	}
	return c.Send(body)
}

// draw makes a page in memory.
func (s *Server) draw(name string, v view) (body []byte, styleHash string, err error) {
	p := s.pages[name]
	if p == nil {
		return nil, "", errors.New("web: no page " + name)
	}
	v.style(p.style)
	var b bytes.Buffer
	b.Grow(16 << 10)
	if err := p.tmpl.ExecuteTemplate(&b, "layout", v); err != nil {
		return nil, "", err
	}
	return b.Bytes(), p.hash, nil
}

// pageHeaders sets the headers of an HTML page: its own scripts, styles and pictures, and nothing else,
// may be loaded; forms lead here only.
func pageHeaders(c *request, styleHash string) {
	c.Set(fiber.HeaderContentType, "text/html; charset=utf-8")
	c.Set(fiber.HeaderContentSecurityPolicy, "default-src 'none'; style-src "+styleHash+
		"; script-src 'self'; img-src 'self' data: blob:; connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	c.Set(fiber.HeaderContentLanguage, c.words.Lang())
	c.Vary(fiber.HeaderAcceptLanguage, fiber.HeaderCookie, fiber.HeaderAccept)
	if len(c.Response().Header.Peek(fiber.HeaderCacheControl)) == 0 {
		c.Set(fiber.HeaderCacheControl, "private, no-cache")
	}
}

// ErrorPage tells what went wrong.
type ErrorPage struct {
	Base
	Told told
}

// NotFound reports whether the page that was asked for does not exist.
func (p *ErrorPage) NotFound() bool { return p.Told.Status == http.StatusNotFound }

// Form is what was typed into a form, and what is wrong with it.
type Form struct {
	words *locale.Printer
	// Prefix is that of the fields' labels in the catalogue: prefix + "." + name.
	Prefix string
	// Scope tells the fields of several forms on one page apart, in their HTML ids.
	Scope string
	// Values are what was typed, by field name.
	Values map[string][]string
	// Token makes a form that is sent twice count once.
	Token string
	// Rev is the revision that the form shows.
	Rev int64
	// Told is what is wrong, nil if nothing is.
	Told *told
}

// newForm starts a form. Its token is fresh unless the form was sent before.
func newForm(c *request, prefix string) *Form {
	f := &Form{words: c.words, Prefix: prefix, Values: map[string][]string{}}
	f.Token = c.FormValue("token")
	if f.Token == "" || len(f.Token) > 64 {
		f.Token = requestID() + requestID()
	}
	return f
}

// fail notes what is wrong, and reports whether the form can tell: a fault that is not the visitor's
// goes on to answerError.
func (f *Form) fail(c *request, err error) bool {
	t := tell(c.words, err)
	if t.Status >= 500 && t.Status != http.StatusServiceUnavailable || t.Status == http.StatusUnauthorized || t.Status == http.StatusForbidden || t.Status == http.StatusNotFound {
		return false
	}
	f.Told = &t
	c.Status(t.Status)
	return true
}

// Field is one input as a template draws it.
type Field struct {
	*locale.Printer
	Name, ID, Type    string
	Label, Hint       string
	Value             string
	Values            []string
	Faults            []string
	Required          bool
	Max               string
	Options           []Option
	Lines             int
	Autocomplete, Mod string
	// Accept are the media types of files that a file field takes, if not photos and PDF.
	Accept string
	// Note is said below the field besides the hint.
	Note string
}

// Option is one choice of a field.
type Option struct{ Value, Label string }

// Chosen reports whether a value is among the field's.
func (f Field) Chosen(value string) bool { return slices.Contains(f.Values, value) }

// Field describes an input of the form. Its faults are those of the JSON member with its name, or of
// an element or member of that.
func (f *Form) Field(name, kind string, required bool) Field {
	key := f.Prefix + "." + labelName(name)
	field := Field{
		Printer: f.words, Name: name, ID: f.id(name), Type: kind, Required: required,
		Label: f.words.T(key), Values: f.Values[name], Faults: f.faults(name),
	}
	if len(field.Values) > 0 {
		field.Value = field.Values[0]
	}
	if hint := key + ".hint"; f.words.Has(hint) {
		field.Hint = f.words.T(hint)
	}
	return field
}

// id is the HTML id of a field.
func (f *Form) id(name string) string { return "f-" + f.Scope + strings.ReplaceAll(name, "/", "-") }

// labelName is a field's name as a part of a message key: that of a JSON pointer, the places in lists
// left out.
func labelName(name string) string {
	var parts []string
	for _, part := range strings.Split(name, "/") {
		if part != "" && strings.Trim(part, "0123456789") != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ".")
}

// SummaryLine is one fault as the list above a form names it.
type SummaryLine struct{ ID, Label, Detail string }

// Summary lists all faults, each with its field's label. A fault that belongs to no field that the
// form shows has no ID.
func (f *Form) Summary() (out []SummaryLine) {
	for _, fault := range f.Told.Fields {
		line := SummaryLine{Detail: fault.Detail}
		// A fault of an element or member belongs to the field that holds it.
		for name := strings.TrimPrefix(fault.Pointer, "/"); name != "" && line.Label == ""; name = parent(name) {
			if key := f.Prefix + "." + labelName(name); f.words.Has(key) {
				line.Label = f.words.T(key)
				if _, shown := f.Values[name]; shown {
					line.ID = f.id(name)
				}
			}
		}
		out = append(out, line)
	}
	return out
}

func parent(name string) string {
	i := strings.LastIndexByte(name, '/')
	return name[:max(i, 0)]
}

// Choice describes a select or a group of boxes.
func (f *Form) Choice(name, kind string, required bool, options []Option) Field {
	field := f.Field(name, kind, required)
	field.Options = options
	return field
}

func (f *Form) faults(name string) (out []string) {
	if f.Told == nil {
		return nil
	}
	for _, fault := range f.Told.Fields {
		if p := strings.TrimPrefix(fault.Pointer, "/"); p == name || strings.HasPrefix(p, name+"/") {
			out = append(out, fault.Detail)
		}
	}
	return out
}

// Bad are the faults of a field, for a template that draws it itself.
func (f *Form) Bad(name string) []string { return f.faults(name) }

// Value is what was typed into a field.
func (f *Form) Value(name string) string {
	if v := f.Values[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// set gives a field a value, unless the form was sent with one.
func (f *Form) set(name string, values ...string) {
	if _, sent := f.Values[name]; !sent {
		f.Values[name] = values
	}
}

// read takes the fields that were sent.
func (f *Form) read(c *request, names ...string) {
	form, err := c.MultipartForm()
	for _, name := range names {
		if err == nil {
			f.Values[name] = form.Value[name]
			continue
		}
		f.Values[name] = nil
		for _, v := range c.Context().PostArgs().PeekMulti(name) {
			f.Values[name] = append(f.Values[name], string(v))
		}
	}
}

// T gives templates that draw a form the words.
func (f *Form) T(key string, args ...any) string { return f.words.T(key, args...) }
