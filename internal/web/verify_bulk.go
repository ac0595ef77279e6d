package web

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"truynguon/internal/fault"
	"truynguon/internal/locale"
	"truynguon/internal/trace"
)

// maxAsked is the longest number, code or link of a list in bytes.
const maxAsked = 500

// VerifyBulkPage is where up to trace.MaxQueries numbers and codes are checked at once.
type VerifyBulkPage struct {
	Base
	// Text is the list again, line by line, to ask for its file.
	Text string
	// Fault is why nothing could be answered, in words.
	Fault string
	// When is the time of the answers with its zone, and Counts how many there are of each kind.
	When   string
	Counts []string
	Rows   []bulkLine
}

// bulkRow is one line of a list: what is asked about, or the key of why it cannot be.
type bulkRow struct {
	// N is the line's number in the list as it was sent, from 1.
	N            int
	Asked, Fault string
}

// bulkLine is the answer about one line.
type bulkLine struct {
	N                 int
	Asked, What, Tone string
	// Href leads to the answer by itself.
	Href string
	// Note says how many certificates a lot has; Items are then those with a check that has failed.
	Note  string
	Items []bulkItem
}

// bulkItem is one certificate in the answer about a line.
type bulkItem struct {
	Title, Link, Number, Holder, Dates, Standing, Tone, Counts string
	// Lines are the checks that have not passed, but for those that only lack a lot.
	Lines []verifyLine
}

// verifyBulk answers /verify/bulk: a table, or with format=csv or xlsx the same as a file.
func (s *Server) verifyBulk(c *request) error {
	p := &VerifyBulkPage{Base: s.base(c, "verify.bulk.title")}
	p.Wide, p.NoIndex = true, false
	if c.Method() != post {
		return s.render(c, "verifybulk", p)
	}
	rows, err := sentList(c, p.headings())
	if err == nil && len(rows) == 0 {
		err = fault.New(fault.Invalid, "verify_nothing")
	}
	if err != nil {
		t := tell(c.words, err)
		if t.Status >= 500 {
			return err
		}
		p.Fault = t.Text
		c.Status(t.Status)
		return s.render(c, "verifybulk", p)
	}
	var queries []string
	for _, r := range rows {
		if r.Fault == "" {
			queries = append(queries, r.Asked)
		}
	}
	var answers []trace.Answer
	if len(queries) > 0 {
		if answers, err = s.ask(c, queries); err != nil {
			return err
		}
	}
	of := make([]*trace.Answer, len(rows)) // nil for a broken row
	next := 0
	for i, r := range rows {
		if r.Fault == "" {
			of[i] = &answers[next]
			next++
		}
	}
	p.When = p.moment(s.now())
	c.Set(fiber.HeaderCacheControl, "no-store")
	switch c.FormValue("format") {
	case "csv":
		return p.sendCSV(c, s.Ledger.Base, rows, of)
	case "xlsx":
		return p.sendWorkbook(c, s.Ledger.Base, rows, of)
	}
	p.fill(rows, of)
	return s.render(c, "verifybulk", p)
}

// sentList is the list that a form holds: of its file, or else what was pasted.
func sentList(c *request, headings []string) ([]bulkRow, error) {
	files := c.files("file")
	if len(files) == 0 || files[0].Size == 0 {
		return readList(strings.TrimPrefix(c.FormValue("text"), "\ufeff"), false, headings)
	}
	f, err := files[0].Open()
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	data, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	name := strings.ToLower(files[0].Filename)
	if isWorkbook(name, data) {
		return readBook(data, headings)
	}
	text, ok := decodeText(data)
	if !ok {
		return nil, fault.New(fault.Unsupported, "verify_no_text")
	}
	return readList(text, strings.HasSuffix(name, ".csv"), headings)
}

// decodeText reads a text file as Excel and editors write it: UTF-8, or UTF-16 with its mark. What is no
// text, such as a workbook or a PDF, is refused.
func decodeText(data []byte) (string, bool) {
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		little := data[0] == 0xff
		units := make([]uint16, 0, len(data)/2)
		for i := 2; i+1 < len(data); i += 2 {
			if little {
				units = append(units, uint16(data[i])|uint16(data[i+1])<<8)
			} else {
				units = append(units, uint16(data[i])<<8|uint16(data[i+1]))
			}
		}
		data = []byte(string(utf16.Decode(units)))
	default:
		data = bytes.TrimPrefix(data, []byte("\ufeff"))
	}
	for _, magic := range []string{"PK\x03\x04", "%PDF", "\xd0\xcf\x11\xe0", "\xff\xd8\xff", "\x89PNG"} {
		if bytes.HasPrefix(data, []byte(magic)) {
			return "", false
		}
	}
	return string(data), !bytes.ContainsRune(data, 0)
}

// readList reads the lines of a list. Blank lines count as lines and are left out. A table has its queries
// in the column with one of the headings, or else in the first; so has a text with tabs, as it comes from
// a spreadsheet. It fails with fault.Invalid for more than trace.MaxQueries lines.
func readList(text string, table bool, headings []string) ([]bulkRow, error) {
	first, _, _ := strings.Cut(strings.TrimLeft(text, "\r\n"), "\n")
	if !table && !strings.Contains(first, "\t") {
		var rows []bulkRow
		n := 0
		for line := range strings.Lines(text) {
			n++
			if asked := strings.TrimSpace(line); asked != "" {
				rows = append(rows, rowOf(n, asked))
			}
			if len(rows) > trace.MaxQueries {
				return nil, fault.New(fault.Invalid, "verify_too_many", trace.MaxQueries)
			}
		}
		return rows, nil
	}
	r := csv.NewReader(strings.NewReader(text))
	r.LazyQuotes, r.FieldsPerRecord, r.ReuseRecord = true, -1, true
	for _, comma := range []rune{'\t', ';', ','} {
		if strings.ContainsRune(first, comma) {
			r.Comma = comma
			break
		}
	}
	var rows []bulkRow
	column := -1
	for {
		record, err := r.Read()
		if err == io.EOF {
			return rows, nil
		}
		if len(rows) >= trace.MaxQueries {
			return nil, fault.New(fault.Invalid, "verify_too_many", trace.MaxQueries)
		}
		var broken *csv.ParseError
		if errors.As(err, &broken) {
			rows = append(rows, bulkRow{N: broken.StartLine, Fault: "verify.bulk.unreadable"})
			continue
		}
		if err != nil {
			return nil, err
		}
		n, _ := r.FieldPos(0)
		if column < 0 {
			column = slices.IndexFunc(record, func(cell string) bool { return slices.Contains(headings, locale.Fold(strings.TrimSpace(cell))) })
			if column >= 0 {
				continue // the headings themselves are no question
			}
			column = 0
		}
		if !slices.ContainsFunc(record, func(cell string) bool { return strings.TrimSpace(cell) != "" }) {
			continue
		}
		if column >= len(record) || strings.TrimSpace(record[column]) == "" {
			rows = append(rows, bulkRow{N: n, Fault: "verify.bulk.no_cell"})
			continue
		}
		rows = append(rows, rowOf(n, strings.TrimSpace(record[column])))
	}
}

func rowOf(n int, asked string) bulkRow {
	asked = strings.Join(strings.Fields(asked), " ")
	r := bulkRow{N: n, Asked: asked}
	switch {
	case strings.ContainsRune(asked, utf8.RuneError): // also what is no UTF-8
		r.Asked, r.Fault = shorten(strings.ToValidUTF8(asked, "�"), 80), "verify.bulk.unreadable"
	case len(asked) > maxAsked:
		r.Asked, r.Fault = strings.ToValidUTF8(asked[:maxAsked+1], ""), "verify.bulk.too_long"
		if len(r.Asked) <= maxAsked { // cut within a letter
			r.Asked += "…"
		}
	}
	// What a spreadsheet's file has to keep from being taken for a formula.
	if r.Fault == "" && len(asked) > 1 && asked[0] == '\'' {
		r.Asked = asked[1:]
	}
	return r
}

// headings are the names of the column that holds the queries, folded.
func (p *VerifyBulkPage) headings() []string {
	out := strings.Split("so,so giay,so giay chung nhan,so chung nhan,so hieu,ma,ma lo,ma so,ma truy xuat,lo,so lo,code,number,certificate,certificate number,lot,lot code,query,link,duong dan", ",")
	return append(out, locale.Fold(p.T("verify.bulk.asked")))
}

// fill makes the table.
func (p *VerifyBulkPage) fill(rows []bulkRow, of []*trace.Answer) {
	var found, lots, unknown, broken int
	const maxLine = 10_000
	var text strings.Builder
	at := 1 // the line that is written
	for i, r := range rows {
		line := bulkLine{N: r.N, Asked: shorten(r.Asked, 120)}
		a := of[i]
		switch {
		case a == nil:
			broken++
			line.What, line.Tone = p.T(r.Fault), "bad"
		case a.Lot != nil:
			lots++
			line.What, line.Tone = p.T("answer.lot")+": "+p.T("verdict."+string(a.Lot.Verdict)+".title"), verdictTone(a.Lot.Verdict)
		case !a.Found():
			unknown++
			line.What, line.Tone = p.T("answer."+string(a.Kind)), "warn"
			if isDigest(a.Query) {
				line.What = p.T("match.none")
			}
		default:
			found++
			line.What = p.T("answer." + string(a.Kind))
			if a.Product != nil {
				line.What += ": " + a.Product.Name
			}
			if len(a.Certificates) > 0 && a.Certificates[0].Match != "" {
				line.What = p.T("match." + string(a.Certificates[0].Match))
			}
		}
		for ; r.N < maxLine && at < r.N; at++ { // the lines keep their numbers
			text.WriteByte('\n')
		}
		if a != nil {
			line.Href = verifyPath(r.Asked, "")
			line.Items, line.Note = p.items(a)
		}
		text.WriteString(or(r.Asked, "\ufffd"))
		p.Rows = append(p.Rows, line)
	}
	p.Text = text.String()
	for _, k := range []struct {
		key string
		n   int
	}{{"found", found}, {"lots", lots}, {"unknown", unknown}, {"broken", broken}} {
		if k.n > 0 {
			p.Counts = append(p.Counts, p.N("verify.bulk."+k.key, k.n))
		}
	}
}

// items are the certificates of an answer, in short. A lot has many: of those that fail nowhere only their
// number is told, the rest is behind the link and in the file.
func (p *VerifyBulkPage) items(a *trace.Answer) (out []bulkItem, note string) {
	all := p.certificatesOf(a)
	for _, k := range all {
		if a.Lot != nil && !slices.ContainsFunc(k.checks, func(l trace.CheckLine) bool { return l.Result == trace.Failed }) {
			continue
		}
		out = append(out, bulkItem{
			Title: k.card.Title, Link: k.card.Link, Number: k.c.Number, Holder: k.holder, Dates: p.dates(k.c),
			Standing: k.card.Standing, Tone: k.card.Tone, Counts: k.card.Counts, Lines: k.card.open(),
		})
	}
	if a.Lot != nil && a.Lot.Verdict != trace.NotReleased {
		note = p.N("verify.bulk.papers", len(all), len(out))
	}
	return out, note
}

// open are the checks that have not passed, but for those that only lack a lot.
func (v *verifyCard) open() (out []verifyLine) {
	for _, l := range v.Lines {
		if l.Result != trace.Passed && !l.Bare {
			out = append(out, l)
		}
	}
	return out
}

func (p *VerifyBulkPage) dates(c *trace.Certificate) string {
	if c.EndDate == "" {
		return p.T("verify.bulk.from", p.Day(c.StartDate))
	}
	return p.Day(c.StartDate) + " – " + p.Day(c.EndDate)
}

// bulkCertificate is a certificate of an answer with what is said of it.
type bulkCertificate struct {
	c      *trace.Certificate
	card   verifyCard
	checks trace.Checks
	holder string
}

func (p *VerifyBulkPage) certificatesOf(a *trace.Answer) (out []bulkCertificate) {
	add := func(k *trace.Certificate, scheme trace.Scheme, holder string, standing trace.Standing, checks trace.Checks) {
		out = append(out, bulkCertificate{c: k, holder: holder, checks: checks, card: verifyCard{
			Title: p.SchemeName(scheme, k.Scheme), Link: "/c/" + k.ID, Standing: p.T("standing." + string(standing)),
			Tone: p.StandingTone(standing), Lines: p.lines(checks), Counts: p.counts(checks),
		}})
	}
	if l := a.Lot; l != nil {
		for i := range l.Certificates {
			on := &l.Certificates[i]
			holder := l.Organisation.Name
			if on.Certificate.Organisation != l.Organisation.ID {
				holder = on.Certificate.Organisation
			}
			add(&on.Certificate, on.Scheme, holder, on.Today, on.Checks)
		}
	}
	for i := range a.Certificates {
		k := &a.Certificates[i]
		add(&k.Certificate, k.Scheme, k.Organisation.Name, k.Standing, k.Checks)
	}
	return out
}

// The columns of the table that hold a day, as 2026-03-10.
const startColumn, endColumn = 7, 8

// table is all that was answered as rows of texts, the headings first.
func (p *VerifyBulkPage) table(base string, rows []bulkRow, of []*trace.Answer) [][]string {
	head := []string{
		p.T("verify.bulk.line"), p.T("verify.bulk.asked"), p.T("verify.bulk.result"), p.T("verify.bulk.scheme"), p.T("certificate.number"),
		p.T("certificate.agency"), p.T("certificate.holder"), p.T("certificate.startDate"), p.T("certificate.endDate"), p.T("verify.bulk.today"),
	}
	for _, id := range trace.CheckIDs {
		head = append(head, p.T("check."+string(id)))
	}
	head = append(head, p.T("verify.bulk.why"), p.T("verify.bulk.address"), p.T("verify.bulk.at"))
	out := [][]string{head}
	short := *p
	short.Rows, short.Counts = nil, nil
	short.fill(rows, of)
	p.Counts = short.Counts
	for i, r := range rows {
		start := []string{strconv.Itoa(r.N), r.Asked, short.Rows[i].What}
		end := []string{"", p.When}
		var list []bulkCertificate
		if of[i] != nil {
			end[0] = base + short.Rows[i].Href
			list = p.certificatesOf(of[i])
		}
		if len(list) == 0 {
			out = append(out, slices.Concat(start, make([]string, len(head)-len(start)-len(end)), end))
		}
		for _, k := range list {
			cells := slices.Concat(start, []string{
				k.card.Title, k.c.Number, k.c.Agency, k.holder, string(k.c.StartDate), string(k.c.EndDate), k.card.Standing,
			})
			for _, id := range trace.CheckIDs {
				word := ""
				if n := slices.IndexFunc(k.checks, func(l trace.CheckLine) bool { return l.ID == id }); n >= 0 {
					word = k.card.Lines[n].Word
				}
				cells = append(cells, word)
			}
			var why []string
			for _, l := range k.card.open() {
				why = append(why, l.Name+": "+l.Text)
			}
			out = append(out, slices.Concat(cells, []string{strings.Join(why, " ")}, end))
		}
	}
	return out
}

// sendCSV answers the table as a file that Excel opens with its diacritics: with a byte order mark and with
// the separator that the language's spreadsheets expect. No cell can be taken for a formula.
func (p *VerifyBulkPage) sendCSV(c *request, base string, rows []bulkRow, of []*trace.Answer) error {
	var b bytes.Buffer
	b.WriteString("\ufeff")
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	if p.T("format.decimal") == "," {
		w.Comma = ';'
	}
	for n, cells := range p.table(base, rows, of) {
		for i := range cells {
			if n > 0 && (i == startColumn || i == endColumn) {
				cells[i] = p.Day(trace.Date(cells[i]))
			}
			cells[i] = plainCell(cells[i])
		}
		_ = w.Write(cells) // into memory
	}
	w.Flush()
	c.Set(fiber.HeaderContentType, "text/csv; charset=utf-8; header=present")
	c.attach(p.T("verify.bulk.file") + "-" + string(dayOf(of)) + ".csv")
	return c.Status(http.StatusOK).Send(b.Bytes())
}

// dayOf is the day of the answers, for the file's name.
func dayOf(of []*trace.Answer) trace.Date {
	for _, a := range of {
		if a != nil {
			return a.Today
		}
	}
	return ""
}

// plainCell keeps a spreadsheet from taking a cell for a formula.
func plainCell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", []rune(s)[0]) {
		return "'" + s
	}
	return s
}
