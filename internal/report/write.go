// Package report writes workbooks and reads those that people send.
//
// A workbook is written row by row, so that a long list needs no more memory than a short one, and read
// row by row within limits, so that a hostile file can neither fill the memory nor run anything: a cell is
// text, a number, a day or a truth, never a formula.
package report

import (
	"fmt"
	"io"
	"iter"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
)

// Kind says what the cells of a column are, so that the spreadsheet counts with numbers and days.
type Kind int

// The kinds of a column. A value that is not of its column's kind is written as text, so that nothing is
// lost or changed.
const (
	// Text is written as it is, also when it looks like a number or a formula. Leading zeros stay.
	Text Kind = iota
	// Number is written with as many decimals as it has, at most three, and with thousands grouped. The
	// separators are those of the reader's spreadsheet: 1.250,5 in Vietnam.
	Number
	// Percent is a share such as 0.973, shown as 97,3 %.
	Percent
	// Day is shown as dd/mm/yyyy, the order that Vietnamese papers have.
	Day
	// Moment is a day with hour and minute, in the zone that the time value has.
	Moment
)

// Column is one column of a sheet's table.
type Column struct {
	Heading string
	// Width is in characters; 0 means 14, and wider for text.
	Width float64
	Kind  Kind
	// Choices are offered as a drop-down in each cell of the column. Another value is refused by the
	// spreadsheet; whoever reads the workbook back must check it all the same.
	Choices []string
	// Note is shown beside a cell of the column when it is chosen.
	Note string
}

// Sheet is one sheet: lines of title, a heading row that stays in sight and is repeated on every printed
// page, and the rows below it.
type Sheet struct {
	// Name is cut to 31 characters, and characters that a sheet's name cannot have become spaces.
	Name string
	// Title lines stand above the table; the first is the sheet's title.
	Title   []string
	Columns []Column
	// Rows are the table. A value may be nil, a text, a number, a truth, a time.Time, or of a type made
	// of a text, such as a day "2026-03-10"; anything else is written as fmt.Sprint has it. A row with an
	// error among its values ends the writing with that error. nil means no rows.
	Rows iter.Seq[[]any]
	// Blank is how many rows below the last one are made ready to be filled in, with formats and choices.
	Blank int
	// Landscape turns the page. A sheet always fits the page's width, which is A4.
	Landscape bool
}

// serialDay 0 is the day that spreadsheets count from. It is right from 1 March 1900.
var serialDay = time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)

// maxText is the most characters that a cell can hold, as UTF-16 code units.
const maxText = 32767

// The formats of numbers by their decimals, and of the other kinds.
var (
	numberFormats = [...]string{"#,##0", "#,##0.0", "#,##0.00", "#,##0.000"}
	percentFormat = "0.0%"
	dayFormat     = "dd/mm/yyyy"
	momentFormat  = "dd/mm/yyyy hh:mm"
	textFormat    = "@" // keeps what is typed later from becoming a formula or losing its zeros
)

// WriteWorkbook writes the sheets as one Office Open XML workbook (ISO/IEC 29500), which every
// spreadsheet opens. It fails with the error that a row held, or with that of the writer.
func WriteWorkbook(w io.Writer, sheets ...Sheet) (err error) {
	f := excelize.NewFile()
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	if err := f.SetDocProps(&excelize.DocProperties{Creator: "Truy Nguồn"}); err != nil {
		return err
	}
	book := &writing{f: f, names: map[string]bool{}}
	if book.styles, err = newStyles(f); err != nil {
		return err
	}
	for i, s := range sheets {
		if err := book.sheet(i, s); err != nil {
			return fmt.Errorf("sheet %q: %w", s.Name, err)
		}
	}
	if err := book.lists(); err != nil {
		return err
	}
	f.SetActiveSheet(0)
	return f.Write(w)
}

// writing is a workbook on its way.
type writing struct {
	f      *excelize.File
	styles styles
	names  map[string]bool // of the sheets, lower case
	// choices are the lists of drop-downs, each a column of a hidden sheet.
	choices [][]string
	listsAt string
}

// styles are the identifiers of the formats.
type styles struct {
	title, line, heading     int
	text, percent, day, time int
	number                   [len(numberFormats)]int
}

func newStyles(f *excelize.File) (s styles, err error) {
	top := &excelize.Alignment{Vertical: "top", WrapText: true}
	thin := []excelize.Border{{Type: "bottom", Color: "888888", Style: 1}}
	for _, n := range []struct {
		id    *int
		style excelize.Style
	}{
		{&s.title, excelize.Style{Font: &excelize.Font{Bold: true, Size: 14}}},
		{&s.line, excelize.Style{}},
		{&s.heading, excelize.Style{
			Font: &excelize.Font{Bold: true}, Alignment: &excelize.Alignment{Vertical: "center", WrapText: true}, Border: thin,
			Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"E8EFE8"}},
		}},
		{&s.text, excelize.Style{CustomNumFmt: &textFormat, Alignment: top}},
		{&s.percent, excelize.Style{CustomNumFmt: &percentFormat, Alignment: top}},
		{&s.day, excelize.Style{CustomNumFmt: &dayFormat, Alignment: top}},
		{&s.time, excelize.Style{CustomNumFmt: &momentFormat, Alignment: top}},
		{&s.number[0], excelize.Style{CustomNumFmt: &numberFormats[0], Alignment: top}},
		{&s.number[1], excelize.Style{CustomNumFmt: &numberFormats[1], Alignment: top}},
		{&s.number[2], excelize.Style{CustomNumFmt: &numberFormats[2], Alignment: top}},
		{&s.number[3], excelize.Style{CustomNumFmt: &numberFormats[3], Alignment: top}},
	} {
		if *n.id, err = f.NewStyle(&n.style); err != nil {
			return s, err
		}
	}
	return s, nil
}

// of is the format of an empty cell of a kind.
func (s *styles) of(k Kind) int {
	return [...]int{Text: s.text, Number: s.number[0], Percent: s.percent, Day: s.day, Moment: s.time}[k]
}

// sheetName makes a name that a sheet may have and no other has.
func (b *writing) sheetName(s string) string {
	s = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`:\/?*[]`, r) {
			return ' '
		}
		return r
	}, plain(s))
	s = strings.Trim(strings.Join(strings.Fields(s), " "), "'")
	if s == "" {
		s = "1"
	}
	name := cutUnits(s, 31)
	for n := 2; b.names[strings.ToLower(name)]; n++ {
		tail := " " + strconv.Itoa(n)
		name = cutUnits(s, 31-len(tail)) + tail
	}
	b.names[strings.ToLower(name)] = true
	return name
}

// sheet writes one sheet.
func (b *writing) sheet(i int, s Sheet) error {
	name := b.sheetName(s.Name)
	if i == 0 {
		if err := b.f.SetSheetName("Sheet1", name); err != nil {
			return err
		}
	} else if _, err := b.f.NewSheet(name); err != nil {
		return err
	}
	if err := b.page(name, s); err != nil {
		return err
	}
	sw, err := b.f.NewStreamWriter(name)
	if err != nil {
		return err
	}
	for n, c := range s.Columns {
		width := c.Width
		if width == 0 {
			width = 14
			if c.Kind == Text {
				width = 22
			}
		}
		if err := sw.SetColWidth(n+1, n+1, min(width, excelize.MaxColumnWidth)); err != nil {
			return err
		}
	}
	heading := 1
	if len(s.Title) > 0 {
		heading = len(s.Title) + 2 // an empty line between title and table
	}
	if err := sw.SetPanes(&excelize.Panes{
		Freeze: true, YSplit: heading, TopLeftCell: cell(1, heading+1), ActivePane: "bottomLeft",
		Selection: []excelize.Selection{{SQRef: cell(1, heading+1), ActiveCell: cell(1, heading+1), Pane: "bottomLeft"}},
	}); err != nil {
		return err
	}
	row := 0
	for n, line := range s.Title {
		row++
		style := b.styles.line
		if n == 0 {
			style = b.styles.title
		}
		if err := sw.SetRow(cell(1, row), []any{excelize.Cell{StyleID: style, Value: plain(line)}}); err != nil {
			return err
		}
	}
	row = heading
	heads := make([]any, len(s.Columns))
	for n, c := range s.Columns {
		heads[n] = excelize.Cell{StyleID: b.styles.heading, Value: plain(c.Heading)}
	}
	if err := sw.SetRow(cell(1, row), heads); err != nil {
		return err
	}
	if s.Rows != nil {
		cells := make([]any, 0, len(s.Columns))
		for values := range s.Rows {
			if row++; row > excelize.TotalRows {
				return fmt.Errorf("more than %d rows", excelize.TotalRows)
			}
			cells = cells[:0]
			for n, v := range values {
				if err, ok := v.(error); ok && err != nil {
					return err
				}
				kind := Text
				if n < len(s.Columns) {
					kind = s.Columns[n].Kind
				}
				cells = append(cells, b.styles.cell(v, kind))
			}
			if err := sw.SetRow(cell(1, row), cells); err != nil {
				return err
			}
		}
	}
	last := row
	if s.Blank > 0 {
		blank := make([]any, len(s.Columns))
		for n, c := range s.Columns {
			blank[n] = excelize.Cell{StyleID: b.styles.of(c.Kind)}
		}
		for range min(s.Blank, excelize.TotalRows-row) {
			row++
			if err := sw.SetRow(cell(1, row), blank); err != nil {
				return err
			}
		}
	}
	if err := b.validations(name, s.Columns, heading+1, max(row, heading+1)); err != nil {
		return err
	}
	if err := b.printed(name, len(s.Columns), heading, max(last, heading)); err != nil {
		return err
	}
	return sw.Flush()
}

// page sets paper and margins before the first row is written, which is when the workbook notes them.
func (b *writing) page(name string, s Sheet) error {
	const a4 = 9
	size, wide, high, orientation := a4, 1, 0, "portrait"
	if s.Landscape {
		orientation = "landscape"
	}
	fit := true
	if err := b.f.SetSheetProps(name, &excelize.SheetPropsOptions{FitToPage: &fit}); err != nil {
		return err
	}
	if err := b.f.SetPageLayout(name, &excelize.PageLayoutOptions{Size: &size, Orientation: &orientation, FitToWidth: &wide, FitToHeight: &high}); err != nil {
		return err
	}
	return b.f.SetHeaderFooter(name, &excelize.HeaderFooterOptions{OddFooter: "&R&P/&N"})
}

// printed sets what is printed and which row is repeated on every page.
func (b *writing) printed(name string, columns, heading, last int) error {
	quoted := "'" + strings.ReplaceAll(name, "'", "''") + "'!"
	if err := b.f.SetDefinedName(&excelize.DefinedName{
		Name: "_xlnm.Print_Titles", Scope: name, RefersTo: fmt.Sprintf("%s$%d:$%d", quoted, heading, heading),
	}); err != nil {
		return err
	}
	return b.f.SetDefinedName(&excelize.DefinedName{
		Name: "_xlnm.Print_Area", Scope: name, RefersTo: quoted + "$A$1:" + absolute(max(columns, 1), last),
	})
}

// validations adds drop-downs and notes to the rows from first to last.
func (b *writing) validations(name string, columns []Column, first, last int) error {
	for n, c := range columns {
		if len(c.Choices) == 0 && c.Note == "" {
			continue
		}
		dv := excelize.NewDataValidation(true)
		dv.Sqref = cell(n+1, first) + ":" + cell(n+1, last)
		if len(c.Choices) > 0 {
			if b.listsAt == "" {
				b.listsAt = b.sheetName("_")
			}
			b.choices = append(b.choices, c.Choices)
			at := len(b.choices)
			dv.SetSqrefDropList("'" + b.listsAt + "'!" + absolute(at, 1) + ":" + absolute(at, len(c.Choices)))
			dv.ShowErrorMessage = true
		}
		if c.Note != "" {
			dv.SetInput(cutUnits(plain(c.Heading), 32), cutUnits(plain(c.Note), 255))
		}
		if err := b.f.AddDataValidation(name, dv); err != nil {
			return err
		}
	}
	return nil
}

// lists writes the choices of all drop-downs into a hidden sheet: a list in the cell itself could have no
// comma and only 255 characters.
func (b *writing) lists() error {
	if b.listsAt == "" {
		return nil
	}
	if _, err := b.f.NewSheet(b.listsAt); err != nil {
		return err
	}
	sw, err := b.f.NewStreamWriter(b.listsAt)
	if err != nil {
		return err
	}
	longest := 0
	for _, list := range b.choices {
		longest = max(longest, len(list))
	}
	for row := range longest {
		cells := make([]any, len(b.choices))
		for col, list := range b.choices {
			if row < len(list) {
				cells[col] = excelize.Cell{StyleID: b.styles.text, Value: plain(list[row])}
			}
		}
		if err := sw.SetRow(cell(1, row+1), cells); err != nil {
			return err
		}
	}
	if err := sw.Flush(); err != nil {
		return err
	}
	return b.f.SetSheetVisible(b.listsAt, false)
}

// cell makes a cell of a value in a column of a kind.
func (s *styles) cell(v any, kind Kind) any {
	switch t := v.(type) {
	case nil:
		return nil
	case bool:
		return excelize.Cell{StyleID: s.text, Value: t}
	case time.Time:
		if t.IsZero() {
			return nil
		}
		style := s.time
		if kind == Day {
			style = s.day
			t = time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
		}
		if n, ok := serial(t); ok {
			return excelize.Cell{StyleID: style, Value: n}
		}
		return s.asText(t.Format(time.DateTime))
	}
	text := textOf(v)
	if text == "" {
		return nil
	}
	switch kind {
	case Day:
		if t, err := time.Parse(time.DateOnly, text); err == nil {
			if n, ok := serial(t); ok {
				return excelize.Cell{StyleID: s.day, Value: n}
			}
		}
	case Number, Percent:
		if n, decimals, ok := decimal(text); ok {
			style := s.percent
			if kind == Number {
				style = s.number[min(decimals, len(s.number)-1)]
			}
			return excelize.Cell{StyleID: style, Value: n}
		}
	}
	return s.asText(text)
}

func (s *styles) asText(text string) any {
	return excelize.Cell{StyleID: s.text, Value: cutUnits(plain(text), maxText)}
}

// textOf writes a value as text: what it says of itself, or its number with a decimal point.
func textOf(v any) string {
	switch t := v.(type) {
	case string:
		return t
	case float64:
		return strconv.FormatFloat(t, 'f', -1, 64)
	case fmt.Stringer:
		return t.String()
	}
	if r := reflect.ValueOf(v); r.Kind() == reflect.String {
		return r.String()
	}
	return fmt.Sprint(v)
}

// decimal reads a number such as "-1250.5". A text that a number could not give back, such as "007" or
// one of more than fifteen digits, is none: spreadsheets would change it.
func decimal(s string) (n float64, decimals int, ok bool) {
	whole, frac, _ := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	if whole == "" || len(whole)+len(frac) > 15 || len(whole) > 1 && whole[0] == '0' || strings.Trim(whole+frac, "0123456789") != "" || strings.HasSuffix(s, ".") {
		return 0, 0, false
	}
	n, err := strconv.ParseFloat(s, 64)
	return n, len(strings.TrimRight(frac, "0")), err == nil
}

// serial is the number of days by which spreadsheets keep a time, by its own clock. ok is false for times
// that they count wrongly or cannot show.
func serial(t time.Time) (n float64, ok bool) {
	t = time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
	if t.Before(time.Date(1900, 3, 1, 0, 0, 0, 0, time.UTC)) || t.Year() > 9999 {
		return 0, false
	}
	days := t.Sub(serialDay) / (24 * time.Hour)
	rest := t.Sub(serialDay) % (24 * time.Hour)
	return math.Round((float64(days)+rest.Hours()/24)*1e8) / 1e8, true
}

// plain leaves out what XML cannot hold.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t', r == '\n':
			return r
		case r < ' ', r == 0xfffe, r == 0xffff:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}

// cutUnits shortens a text to a number of UTF-16 code units, which is how spreadsheets count.
func cutUnits(s string, units int) string {
	n := 0
	for i, r := range s {
		n++
		if r > 0xffff {
			n++
		}
		if n > units {
			return s[:i]
		}
	}
	return s
}

// cell is the address of a cell, such as "B7".
func cell(column, row int) string { return ColumnName(column) + strconv.Itoa(row) }

// absolute is the address of a cell that stays when it is copied, such as "$B$7".
func absolute(column, row int) string { return "$" + ColumnName(column) + "$" + strconv.Itoa(row) }

// ColumnName is the name of the column with a number from 1: "A", "Z", "AA".
func ColumnName(n int) string {
	var b []byte
	for ; n > 0; n = (n - 1) / 26 {
		b = append([]byte{byte('A' + (n-1)%26)}, b...)
	}
	return string(b)
}
