package web

import (
	"maps"
	"strconv"
	"strings"
	"time"

	"truynguon/internal/auth"
	"truynguon/internal/locale"
	"truynguon/internal/trace"
)

// Sample is a page with made-up data. Samples are what templates are checked and looked at with.
type Sample struct {
	// Page is the page's template folder.
	Page string
	// Case tells what the data is like: "typical"; "empty", with nothing in it that may be missing;
	// "longest", with texts as long as they can be; "hostile", with texts that try to be markup.
	Case string
	view view
}

// Samples lists every page with made-up data, in the language of the words. A page that is not among
// them fails a test.
func Samples(words *locale.Printer) []Sample {
	var out []Sample
	for _, k := range []madeUp{typicalData, emptyData, longestData, hostileData} {
		k.words = words
		for _, list := range []map[string]view{k.publicPages(), k.workPages(), k.followPages(), k.coveragePages(), k.registerPages(), k.plotPages(), k.diaryPages()} {
			for page, v := range list {
				out = append(out, Sample{Page: page, Case: k.kind, view: v})
			}
		}
	}
	return out
}

// madeUp is what a sample is filled with.
type madeUp struct {
	kind  string
	words *locale.Printer
	// name is a name, line a line of text, text a paragraph and code a code, as in the kind.
	name, line, text, code string
	// n is how many of everything there are.
	n int
}

var (
	typicalData = madeUp{
		kind: "typical", n: 2, name: "HTX Nông nghiệp Măng Sơ", line: "Thôn 2, xã Măng Sơ Lang, tỉnh Thượng Ngàn",
		text: "Thu hoạch buổi sáng, trời nắng.\nPhơi giàn năm ngày.", code: "241126-1",
	}
	emptyData   = madeUp{kind: "empty"}
	longestData = madeUp{
		kind: "longest", n: 12, name: strings.Repeat("Hợp tác xã Nông nghiệp ", 8) + strings.Repeat("Ư", 20), line: strings.Repeat("Thượngngànmăngsơ", 12),
		text: strings.Repeat("Giấy này cấp cho toàn bộ diện tích. ", 55), code: strings.Repeat("W", 20),
	}
	hostileData = madeUp{
		kind: "hostile", n: 1, name: `</title><script>alert("tên")</script>`, line: `"><img src=x onerror=alert(1)>'`,
		text: "{{.}} ]]> <!-- \n javascript:alert(1) &lt;b&gt;", code: `'"><b>`,
	}
)

// sampleTime and sampleDay are when everything happened.
var (
	sampleTime = time.Date(2026, 11, 24, 1, 30, 0, 0, time.UTC)
	sampleDay  = trace.Date("2026-11-24")
)

// each repeats what a list holds.
func each[T any](n int, one T) []T {
	out := make([]T, n)
	for i := range out {
		out[i] = one
	}
	return out
}

// or is a value, or another if there is none.
func or[T comparable](v, otherwise T) T {
	var none T
	if v == none {
		return otherwise
	}
	return v
}

// base is what every page has, for somebody with a role.
func (k madeUp) base(role auth.Role) Base {
	b := Base{
		Printer: k.words, Title: or(k.name, "–"), Path: "/work", SiteName: "Truy Nguồn", Operator: k.line, Contact: k.line,
		Sample: k.kind == "typical", NoIndex: true, Languages: []Language{{"vi", "Tiếng Việt"}, {"en", "English"}},
	}
	if role != "" {
		b.Wide = true
		b.Who = auth.Identity{ID: "u1", Name: k.name, Email: "ten@example.vn", Role: role, Org: "htx-mang-so", Via: auth.BySession}
	}
	if k.n > 0 {
		b.Notice = k.line
	}
	return b
}

// form is a form with something in it, and with faults unless the data is empty.
func (k madeUp) form(prefix string, names ...string) *Form {
	f := &Form{words: k.words, Prefix: prefix, Token: "0123456789abcdef", Values: map[string][]string{}}
	for _, name := range names {
		f.Values[name] = []string{k.line}
	}
	if k.n > 0 {
		f.Rev = 3
		f.Told = &told{Status: 422, Title: k.name, Text: k.text}
		for _, name := range names {
			f.Told.Fields = append(f.Told.Fields, toldField{Pointer: "/" + name, Code: "missing", Detail: k.line})
		}
	}
	return f
}

// fields are one field of each type.
func (k madeUp) fields(f *Form) []Field {
	choice := []Option{{Value: k.line, Label: or(k.name, "–")}, {Value: "x", Label: or(k.line, "–")}}
	return []Field{
		f.Field("name", "text", true), f.Choice("adminUnit", "select", true, choice), f.Choice("type", "boxes", false, choice),
		f.Field("address", "area", false), f.Field("areaHa", "number", false), f.Field("gln", "date", false),
		f.Field("glnExtension", "files", false), f.Field("growingAreaCode", "check", false),
	}
}

func (k madeUp) rows() []Row {
	return each(k.n, Row{
		Title: k.name, Href: "/work/batches/X", Tag: k.code, Tone: "warn", Notes: []string{k.line, k.name}, Code: k.code,
		Links: []Link{{"/work", k.line}},
	})
}

func (k madeUp) actions() []Action {
	f := k.form("act", "reason")
	edit := k.form("place", "name", "adminUnit", "type", "address")
	f.Scope, edit.Scope = "void-", "event-"
	if k.n == 0 {
		return nil
	}
	return []Action{
		{Verb: "correct", Label: k.words.T("act.correct"), Href: "/work/batches/X/edit"},
		{Verb: "release", Label: k.words.T("act.release"), Post: "/work/batches/X/release", Form: f},
		{Verb: "event", Label: k.words.T("act.event"), Text: k.text, Post: "/work/batches/X/event", Form: edit, Fields: k.fields(edit), Files: true},
		{Verb: "void", Label: k.words.T("act.void"), Danger: true, Open: true, Post: "/work/batches/X/void", Form: f, Fields: []Field{f.Field("reason", "area", true)}},
	}
}

func (k madeUp) record(role auth.Role) RecordPage {
	p := RecordPage{Base: k.base(role), Tag: k.code, Tone: "good", Intro: k.text, Actions: k.actions()}
	p.Facts = each(k.n, Fact{Label: or(k.name, "–"), Value: k.line, Link: "/work"})
	p.Facts = append(p.Facts, Fact{Label: "GTIN", Value: k.code, Mono: true}, Fact{Label: "–", Value: k.text})
	p.Links = each(k.n, Link{"/work", k.name})
	p.Sections = []Section{{Title: or(k.name, "–"), Rows: k.rows(), Empty: k.words.T("batch.no_documents")}}
	if k.n > 0 {
		p.Sections[0].All = &Link{"/work", k.line}
		p.Failed = k.form("act", "reason")
	}
	return p
}

// workPages are the pages of those who work here.
func (k madeUp) workPages() map[string]view {
	more := &More{Href: "/work?cursor=x", Label: k.words.T("common.more")}
	if k.n == 0 {
		more = nil
	}
	edit := k.form("place", "name", "adminUnit", "type", "address", "areaHa", "gln", "growingAreaCode")
	folded := *edit
	folded.Scope = "more-"
	batch := &BatchPage{
		RecordPage: k.record(auth.Staff), Batch: k.batch(), Code: trace.SpellCode(sampleCode), URL: "https://id.example.vn/l/" + sampleCode,
		Gate: k.gate(mendLink), Warnings: each(k.n, k.line), Balance: k.line, Excess: k.n > 1, Labels: each(k.n, Link{"/work/batches/X/label.svg", k.line}),
		Timeline: each(k.n, TimelineRow{When: k.words.Time(sampleTime), What: k.name, Where: k.line, Note: k.text, By: k.name}),
	}
	list := &ListPage{
		Base: k.base(auth.Official), Intro: k.text, Rows: k.rows(), Empty: k.words.T("batch.none"), More: more,
		Hidden: []Option{{Value: k.line, Label: "org"}}, Filter: []Field{edit.Choice("adminUnit", "select", false, nil)},
	}
	doubts := &DoubtsPage{Base: k.base(auth.Manager), More: more}
	for i := range k.n {
		answer := k.form("answering", "answer")
		answer.Scope = strconv.Itoa(i) + "-"
		doubts.Doubts = append(doubts.Doubts, DoubtRow{
			Doubt: trace.Doubt{ID: answer.Scope, Code: k.code, Text: k.text, Contact: k.line, Answer: k.text, Answered: true},
			When:  k.words.Time(sampleTime), Code: k.code, Link: "/work/batches/X", Organisation: k.name,
			Answering: Action{Verb: "answer", Label: k.words.T("act.answer"), Form: answer, Fields: []Field{answer.Field("answer", "area", true)}},
		})
	}
	audit := &AuditPage{Base: k.base(auth.Admin), More: more, Entries: each(k.n, AuditEntry{
		When: k.words.Time(sampleTime), Who: k.name, Role: k.words.T("role.staff"), What: k.line, Record: k.code, Link: "/work", Reason: k.text,
		Fields: []AuditField{{Name: k.name, Before: k.line, After: k.text}, {Name: k.name, Before: k.line}},
	})}
	adding := k.form("key", "name", "role")
	pages := map[string]view{
		"list": list, "batch": batch, "doubts": doubts, "audit": audit,
		"edit": &EditPage{
			Base: k.base(auth.Staff), Form: edit, Intro: k.text, Files: true, Locate: true, Back: &Link{"/work", or(k.name, "–")},
			Groups:  []Group{group("", false, k.fields(edit)...), group(or(k.name, "–"), true, k.fields(&folded)...)},
			Buttons: []Button{{Name: "then", Value: "release", Label: or(k.name, "–")}, {Label: or(k.code, "–"), Class: "danger"}},
			Hidden:  []Option{{Value: k.line, Label: "organisation"}}, Photo: k.image(),
		},
		"work": &WorkPage{
			Base: k.base(auth.Staff), Temporary: k.n > 0, New: &Link{"/work/batches/new", k.words.T("batch.new")},
			Again: each(min(k.n, 3), Link{"/work", k.name}), Sections: each(k.n, Section{Title: or(k.name, "–"), Rows: k.rows(), All: &Link{"/work", k.line}}),
		},
		"login":    &LoginPage{Base: k.base(""), Form: k.form("login", "email"), Next: "/work"},
		"password": &PasswordPage{Base: k.base(auth.Buyer), Form: k.form("password", "current", "password"), Temporary: k.n > 0, Next: "/work"},
		"sessions": &SessionsPage{Base: k.base(auth.Buyer), Sessions: each(k.n, SessionRow{
			Session: auth.Session{ID: "s1"}, Browser: k.name, Seen: k.words.Time(sampleTime), Since: k.words.Time(sampleTime),
		})},
		"keys": &KeysPage{
			Base: k.base(auth.Manager), Keys: each(k.n, KeyRow{APIKey: auth.APIKey{ID: "k1", Name: k.name, Org: k.code}, RoleName: k.line, Made: k.words.Date(string(sampleDay))}),
			Adding: Action{Verb: "key_add", Label: k.words.T("act.key_add"), Post: "/account/keys", Form: adding, Fields: []Field{adding.Field("name", "text", true)}},
		},
		"secret": &SecretPage{Base: k.base(auth.Manager), Intro: k.text, Label: k.name, Secret: or(k.code, "–"), Back: Link{"/work/people", k.words.T("menu.people")}},
	}
	pages["labels"] = k.labels()
	maps.Copy(pages, k.rollPages())
	maps.Copy(pages, k.lineagePages())
	maps.Copy(pages, k.scanPages())
	record := k.record(auth.Official)
	pages["record"] = &record
	return pages
}
