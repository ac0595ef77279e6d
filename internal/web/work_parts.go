package web

import (
	"errors"
	"fmt"
	"mime/multipart"
	"slices"
	"strconv"
	"strings"

	"truynguon/internal/fault"
	"truynguon/internal/locale"
	"truynguon/internal/trace"
)

// Link leads somewhere.
type Link struct{ Href, Label string }

// Row is one record in a list.
type Row struct {
	Title, Href string
	// Tag is a word about its state, in the colour of Tone.
	Tag, Tone string
	// Notes are what else is to be known at a glance.
	Notes []string
	// Code is shown in letters of equal width.
	Code string
	// Links are what can be done at once.
	Links []Link
}

// Section is a headed list.
type Section struct {
	Title string
	Rows  []Row
	// Empty is said if there are no rows; without it the section is left out then.
	Empty string
	// All leads to the whole list.
	All *Link
}

// ListPage lists records of one kind.
type ListPage struct {
	Base
	Intro string
	// Add leads to the form for a new one.
	Add *Link
	// Links lead to what belongs to the list.
	Links []Link
	// Filter, if any, is a form that narrows the list down.
	Filter []Field
	Hidden []Option
	Rows   []Row
	Empty  string
	More   *More
}

// Group is a part of a form.
type Group struct {
	Title, Text string
	// Fold hides the group behind its title, unless Open.
	Fold, Open bool
	// Side puts the fields side by side where there is room.
	Side   bool
	Fields []Field
}

// group collects fields; a folded group is open if one of them is at fault or filled in.
func group(title string, fold bool, fields ...Field) Group {
	g := Group{Title: title, Fold: fold, Fields: fields}
	for _, f := range fields {
		g.Open = g.Open || len(f.Faults) > 0 || f.Type != "check" && f.Value != ""
	}
	return g
}

// Button sends a form. With a Name it says which one was pressed.
type Button struct{ Name, Value, Label, Class string }

// EditPage is a form that fills a page.
type EditPage struct {
	Base
	Form   *Form
	Intro  string
	Groups []Group
	// Hidden are values that go along.
	Hidden []Option
	// Files tells that the form sends files.
	Files   bool
	Buttons []Button
	Back    *Link
	// Photo is a photo that is there already.
	Photo *trace.Document
	// Locate offers to fill in where the phone is.
	Locate bool
	// Preview is what would be recorded, as a map.
	Preview *PlotMap
	// Draw offers to draw a boundary.
	Draw *DrawMap
}

// Action is something that can be done to the record that a page shows: a form behind its name, or a
// single button.
type Action struct {
	Verb, Label, Text string
	Danger            bool
	// Href leads to a page of its own instead.
	Href   string
	Form   *Form
	Post   string
	Fields []Field
	Hidden []Option
	Files  bool
	Open   bool
}

// Simple tells that the action is one press of a button.
func (a Action) Simple() bool { return a.Href == "" && len(a.Fields) == 0 }

// tried is an action that failed: its form, to be shown again.
type tried struct {
	verb string
	form *Form
}

// act starts an action of a page: with the form that failed, if it is that.
func act(c *request, t *tried, verb, prefix, post string) Action {
	a := Action{Verb: verb, Label: c.words.T("act." + verb), Post: post}
	if text := "act." + verb + ".text"; c.words.Has(text) {
		a.Text = c.words.T(text)
	}
	if t != nil && t.verb == verb {
		a.Form, a.Open = t.form, true
	} else {
		a.Form = newForm(c, prefix)
	}
	a.Form.Scope = verb + "-"
	return a
}

// RecordPage shows one record, and what can be done with it.
type RecordPage struct {
	Base
	Tag, Tone string
	Intro     string
	Facts     []Fact
	Links     []Link
	Actions   []Action
	Sections  []Section
	// Failed is what went wrong with an action.
	Failed *Form
}

// fact adds a fact if there is one.
func (p *RecordPage) fact(key, value string) *Fact {
	if value == "" {
		return &Fact{}
	}
	p.Facts = append(p.Facts, Fact{Label: p.T(key), Value: value})
	return &p.Facts[len(p.Facts)-1]
}

// unreadable is what the domain is given for something typed that could not be read. It refuses it at
// the same place as the original, so all other faults are found as well.
const unreadable = "?"

// typing turns what people type into what the domain reads, and remembers why it could not.
type typing struct {
	faults []fault.Field
	// down is fault.Unavailable if a file could not be kept because the document store does not answer.
	down error
}

func (t *typing) note(pointer string, err error) error {
	var p *fault.Problem
	if !errors.As(err, &p) || p.Code == "" && len(p.Fields) == 0 {
		return err
	}
	if errors.Is(err, fault.Unavailable) {
		t.down = fault.Unavailable
	}
	if p.Code != "" {
		t.faults = append(t.faults, fault.Field{Pointer: pointer, Code: p.Code, Args: p.Args})
	}
	for _, f := range p.Fields {
		t.faults = append(t.faults, fault.Field{Pointer: pointer, Code: f.Code, Args: f.Args})
	}
	return nil
}

// number reads a decimal number in whichever way it is grouped.
func (t *typing) number(pointer, text string) trace.Decimal {
	text = strings.TrimSpace(text)
	if text == "" {
		return ""
	}
	n, err := locale.ParseDecimal(text)
	if err != nil && t.note(pointer, err) == nil {
		return unreadable
	}
	return trace.Decimal(n)
}

// date reads a day, from a date field or as typed where the browser has none.
func (t *typing) date(text string) string {
	if day, err := locale.ParseDate(text); err == nil {
		return day
	}
	return strings.TrimSpace(text) // the domain says what is wrong with it
}

// explain puts what was remembered in the place of the domain's faults about what stood in for it.
func (t *typing) explain(err error) error {
	if len(t.faults) == 0 {
		return err
	}
	var p *fault.Problem
	if err != nil && (!errors.As(err, &p) || len(p.Fields) == 0) {
		return err
	}
	out := &fault.Problem{Kind: fault.Invalid}
	if p != nil {
		out.Kind, out.Code, out.Args = p.Kind, p.Code, p.Args
		out.Fields = slices.DeleteFunc(slices.Clone(p.Fields), func(f fault.Field) bool {
			return slices.ContainsFunc(t.faults, func(mine fault.Field) bool {
				return f.Pointer == mine.Pointer || strings.HasPrefix(f.Pointer, mine.Pointer+"/")
			})
		})
	}
	out.Fields = append(out.Fields, t.faults...)
	if t.down != nil { // not the visitor's fault, and worth trying again later
		out.Kind = t.down
	}
	return out
}

// rename gives the faults of one field the name under which the form has it.
func rename(err error, pointer, field string) error {
	var p *fault.Problem
	if errors.As(err, &p) {
		for i := range p.Fields {
			if p.Fields[i].Pointer == pointer || strings.HasPrefix(p.Fields[i].Pointer, pointer+"/") {
				p.Fields[i].Pointer = field
			}
		}
	}
	return err
}

// files are the files that came in a field of a form; an empty choice is none.
func (c *request) files(field string) []*multipart.FileHeader {
	form, err := c.MultipartForm()
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(form.File[field]), func(h *multipart.FileHeader) bool {
		return h.Filename == "" && h.Size == 0
	})
}

// maxFiles is how many files one form may bring.
const maxFiles = 20

// keepFiles stores the files of a field and answers their ids. Of a file that is refused, the reason
// is remembered, and an id that the domain will refuse stands for it.
func (s *Server) keepFiles(c *request, t *typing, org, field, pointer string, v trace.Visibility) (ids []string, err error) {
	headers := c.files(field)
	if len(headers) > maxFiles {
		t.faults = append(t.faults, fault.Field{Pointer: pointer, Code: "too_many", Args: []any{maxFiles}})
		return []string{unreadable}, nil
	}
	for _, h := range headers {
		id, err := s.keepFile(c, h, org, v)
		switch {
		case err == nil:
			ids = append(ids, id)
		case statusOf(err) >= 500 && !errors.Is(err, fault.Unavailable) || errors.Is(err, fault.Denied) || errors.Is(err, fault.Unauthenticated):
			return nil, err
		default:
			if err := t.note(pointer, err); err != nil {
				return nil, err
			}
			ids = append(ids, unreadable)
		}
	}
	return ids, nil
}

func (s *Server) keepFile(c *request, h *multipart.FileHeader, org string, v trace.Visibility) (string, error) {
	file, err := h.Open()
	if err != nil {
		return "", fmt.Errorf("web: upload: %w", err)
	}
	defer func() { _ = file.Close() }() // read only
	d, err := s.Ledger.AddDocument(c.ctx(), c.actor, org, h.Filename, v, file)
	return d.Doc.ID, err
}

// known are the ids among some that stand for something.
func known(ids []string) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return id == unreadable || id == "" })
}

// revision is the revision that a form shows.
func (c *request) revision() int64 {
	n, err := strconv.ParseInt(c.FormValue("rev"), 10, 64)
	if err != nil || n < 1 {
		return -1 // no record has it: such a form is always stale
	}
	return n
}

// lines are the lines of a text that are not empty.
func lines(text string) (out []string) {
	for _, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// wordedOptions are options whose labels are messages: prefix + value.
func wordedOptions[T ~string](p *locale.Printer, prefix string, values []T) (out []Option) {
	for _, v := range values {
		out = append(out, Option{Value: string(v), Label: p.T(prefix + string(v))})
	}
	return out
}

// units are the units of measure to choose from.
func units(p *locale.Printer) (out []Option) {
	for _, u := range trace.UnitsOfMeasure {
		out = append(out, Option{Value: u, Label: p.UnitName(u)})
	}
	return out
}

// saveButton is the button of most forms.
func saveButton(p *locale.Printer) []Button { return []Button{{Label: p.T("common.save")}} }
