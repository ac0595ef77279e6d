package report

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"iter"
	"path"
	"strconv"
	"strings"

	"truynguon/internal/fault"
)

// Limits bound what a workbook that somebody sent may hold. What exceeds one is refused with a fault that
// names it; 0 means that nothing of the kind is allowed.
type Limits struct {
	// Bytes is the size of the file, and Unzipped that of all of its parts that are read, in bytes. The
	// second is what a file of a few kilobytes can grow to.
	Bytes, Unzipped int64
	// Rows is how many rows of a sheet may hold something, Columns how far to the right a cell may be
	// that does, and Cells how many cells of a sheet may.
	Rows, Columns, Cells int
}

// DefaultLimits are enough for the registers of a district and small enough for a server with little
// memory.
var DefaultLimits = Limits{Bytes: 8 << 20, Unzipped: 64 << 20, Rows: 20_000, Columns: 100, Cells: 400_000}

// Cell is a cell that holds something.
type Cell struct {
	// Column is its number from 1.
	Column int
	// Text is what it holds: a text as it was typed; a number with a decimal point and no grouping, as
	// exact as spreadsheets keep it (fifteen digits); a day as 2026-03-10, a time as 14:05:00, both
	// together with a space between; a truth as TRUE or FALSE; an error by its name, such as #REF!.
	Text string
	// Number tells that the spreadsheet holds a number here, and Date that it shows it as a day or time.
	Number, Date bool
	// Formula tells that Text is the last result of a formula. It is not computed anew.
	Formula bool
	// Error tells that the formula failed.
	Error bool
}

// Row is a row with at least one cell that holds something.
type Row struct {
	// N is the row's number in the sheet, from 1.
	N     int
	Cells []Cell // from left to right, only those that hold something
}

// Text is the text of the cell in a column, counted from 1; "" if it holds nothing.
func (r Row) Text(column int) string {
	for _, c := range r.Cells {
		if c.Column == column {
			return c.Text
		}
	}
	return ""
}

// Address is the address of the row's cell in a column, such as "B7".
func (r Row) Address(column int) string { return cell(column, r.N) }

// Range is a block of cells that were merged into one. Only the first, at its upper left, holds something.
type Range struct{ FirstColumn, FirstRow, LastColumn, LastRow int }

// Workbook is a workbook that somebody sent, open for reading. It holds no files and needs no closing.
type Workbook struct {
	limits  Limits
	budget  int64 // bytes that may still be unzipped, for each sheet anew
	opened  bool
	parts   map[string]*zip.File
	sheets  []sheetPart
	strings []string
	dates   []dateKind // by style
	from    epoch
}

// sheetPart is where a sheet lies.
type sheetPart struct {
	name, path string
	hidden     bool
}

// ReadWorkbook opens a workbook that somebody sent (Office Open XML, .xlsx or .xlsm). Sheets are read
// later, row by row. Faults:
//
//	workbook_too_large   fault.TooLarge     the file, or what it unzips to, exceeds the limits
//	workbook_encrypted   fault.Unsupported  it is protected by a password
//	workbook_not_xlsx    fault.Unsupported  it is something else: an older .xls, a PDF, a picture
//	workbook_broken      fault.Malformed    it is damaged
//
// Macros, pictures, formulas and everything else in it is left alone.
func ReadWorkbook(data []byte, limits Limits) (*Workbook, error) {
	if int64(len(data)) > limits.Bytes {
		return nil, fault.New(fault.TooLarge, "workbook_too_large", limits.Bytes>>20)
	}
	if bytes.HasPrefix(data, []byte("\xd0\xcf\x11\xe0")) {
		// The container of older formats, and of new ones under a password: "EncryptedPackage", in UTF-16.
		if bytes.Contains(data, []byte("E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00")) {
			return nil, fault.New(fault.Unsupported, "workbook_encrypted")
		}
		return nil, fault.New(fault.Unsupported, "workbook_not_xlsx")
	}
	if !bytes.HasPrefix(data, []byte("PK")) {
		return nil, fault.New(fault.Unsupported, "workbook_not_xlsx")
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, broken()
	}
	w := &Workbook{limits: limits, budget: limits.Unzipped, parts: make(map[string]*zip.File, len(z.File))}
	for _, f := range z.File {
		w.parts[partName(f.Name)] = f
	}
	if err := w.open(); err != nil {
		return nil, err
	}
	w.opened = true
	return w, nil
}

func broken() error { return fault.New(fault.Malformed, "workbook_broken") }

// partName is a part's name as it is looked up: some programs write backslashes, or another case.
func partName(s string) string {
	return strings.TrimPrefix(strings.ToLower(strings.ReplaceAll(s, `\`, "/")), "/")
}

// open reads everything but the sheets.
func (w *Workbook) open() error {
	main := "xl/workbook.xml"
	if rels, err := w.relations("_rels/.rels", ""); err != nil {
		return err
	} else if r, ok := rels.byType("officeDocument"); ok {
		main = r
	}
	if w.parts[main] == nil {
		return fault.New(fault.Unsupported, "workbook_not_xlsx")
	}
	dir := path.Dir(main)
	rels, err := w.relations(path.Join(dir, "_rels", path.Base(main)+".rels"), dir)
	if err != nil {
		return err
	}
	err = w.walk(main, func(_ *tokens, e xml.StartElement) error {
		switch e.Name.Local {
		case "encryption": // as OpenDocument has it; a workbook should not
			return fault.New(fault.Unsupported, "workbook_encrypted")
		case "workbookPr":
			if v := attr(e, "date1904"); v == "1" || v == "true" {
				w.from = epoch1904
			}
		case "sheet":
			if r, ok := rels.byID[attr(e, "id")]; ok && strings.HasSuffix(r.kind, "/worksheet") {
				state := attr(e, "state")
				w.sheets = append(w.sheets, sheetPart{name: attr(e, "name"), path: r.target, hidden: state == "hidden" || state == "veryHidden"})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(w.sheets) == 0 {
		return broken()
	}
	if at, ok := rels.byType("sharedStrings"); ok && w.parts[at] != nil {
		if err := w.readStrings(at); err != nil {
			return err
		}
	}
	if at, ok := rels.byType("styles"); ok && w.parts[at] != nil {
		return w.readStyles(at)
	}
	return nil
}

// Sheets are the names of the sheets, in order, without those that are hidden. A sheet is asked for by its
// place in this list.
func (w *Workbook) Sheets() (names []string) {
	for _, s := range w.shown() {
		names = append(names, s.name)
	}
	return names
}

func (w *Workbook) shown() (list []sheetPart) {
	for _, s := range w.sheets {
		if !s.hidden {
			list = append(list, s)
		}
	}
	return list
}

// Rows reads a sheet from top to bottom. Rows and cells that hold nothing are left out. An error ends it:
// workbook_broken or workbook_too_large as above, or, with fault.Invalid and the limit as argument,
// workbook_rows, workbook_columns (and the cell's address) or workbook_cells. A row's cells are the
// caller's to keep.
func (w *Workbook) Rows(sheet int) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		shown := w.shown()
		if sheet < 0 || sheet >= len(shown) {
			return
		}
		if err := w.rows(shown[sheet].path, func(r Row) bool { return yield(r, nil) }); err != nil && !errors.Is(err, errStopped) {
			yield(Row{}, err)
		}
	}
}

// errStopped ends a walk of which the caller has seen enough.
var errStopped = errors.New("stopped")

func (w *Workbook) rows(at string, yield func(Row) bool) error {
	n, rows, cells, column := 0, 0, 0, 0
	var row Row
	end := func() error {
		if len(row.Cells) == 0 {
			return nil
		}
		if rows++; rows > w.limits.Rows {
			return fault.New(fault.Invalid, "workbook_rows", w.limits.Rows)
		}
		if !yield(row) {
			return errStopped
		}
		row = Row{}
		return nil
	}
	err := w.walk(at, func(d *tokens, e xml.StartElement) error {
		switch e.Name.Local {
		case "row":
			if err := end(); err != nil {
				return err
			}
			next, err := strconv.Atoi(attr(e, "r"))
			if err != nil {
				next = n + 1
			}
			if next <= n || next > 1<<20 {
				return broken()
			}
			n, column, row = next, 0, Row{N: next}
		case "c":
			if n == 0 {
				return broken()
			}
			column++
			if r := attr(e, "r"); r != "" {
				at, _, ok := parseAddress(r)
				if !ok || at < column {
					return broken()
				}
				column = at
			}
			c, err := w.cell(d, e)
			if err != nil || c.Text == "" {
				return err
			}
			if c.Column = column; column > w.limits.Columns {
				return fault.New(fault.Invalid, "workbook_columns", w.limits.Columns, cell(column, n))
			}
			if cells++; cells > w.limits.Cells {
				return fault.New(fault.Invalid, "workbook_cells", w.limits.Cells)
			}
			row.Cells = append(row.Cells, c)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return end()
}

// Merged lists the blocks of a sheet that were merged. It fails as Rows does.
func (w *Workbook) Merged(sheet int) (list []Range, err error) {
	shown := w.shown()
	if sheet < 0 || sheet >= len(shown) {
		return nil, nil
	}
	err = w.walk(shown[sheet].path, func(_ *tokens, e xml.StartElement) error {
		if e.Name.Local != "mergeCell" {
			return nil
		}
		first, last, _ := strings.Cut(attr(e, "ref"), ":")
		var r Range
		var ok1, ok2 bool
		r.FirstColumn, r.FirstRow, ok1 = parseAddress(first)
		r.LastColumn, r.LastRow, ok2 = parseAddress(last)
		if !ok1 || !ok2 || r.LastColumn < r.FirstColumn || r.LastRow < r.FirstRow {
			return broken()
		}
		if len(list) >= w.limits.Cells {
			return fault.New(fault.Invalid, "workbook_cells", w.limits.Cells)
		}
		list = append(list, r)
		return nil
	})
	return list, err
}

// parseAddress reads an address such as "B7" or "$B$7".
func parseAddress(s string) (column, row int, ok bool) {
	s = strings.ReplaceAll(s, "$", "")
	i := 0
	for ; i < len(s) && i < 4; i++ {
		c := s[i] &^ 0x20 // upper case
		if c < 'A' || c > 'Z' {
			break
		}
		column = column*26 + int(c-'A') + 1
	}
	row, err := strconv.Atoi(s[i:])
	return column, row, err == nil && column > 0 && column <= 16384 && row > 0 && row <= 1<<20
}

// relation is where another part is.
type relation struct{ kind, target string }

// relations are those of a part.
type relations struct {
	byID map[string]relation
	list []relation
}

// byType finds the part of a kind, such as "styles".
func (r relations) byType(kind string) (string, bool) {
	for _, l := range r.list {
		if strings.HasSuffix(l.kind, "/"+kind) {
			return l.target, true
		}
	}
	return "", false
}

// relations reads where the parts are that a part in a folder speaks of.
func (w *Workbook) relations(at, dir string) (relations, error) {
	r := relations{byID: map[string]relation{}}
	if w.parts[at] == nil {
		return r, nil
	}
	err := w.walk(at, func(_ *tokens, e xml.StartElement) error {
		if e.Name.Local != "Relationship" || attr(e, "TargetMode") == "External" {
			return nil
		}
		target := attr(e, "Target")
		if !strings.HasPrefix(target, "/") {
			target = path.Join(dir, target)
		}
		rel := relation{attr(e, "Type"), partName(path.Clean(target))}
		r.byID[attr(e, "Id")] = rel
		r.list = append(r.list, rel)
		return nil
	})
	return r, err
}

// walk reads a part and calls f for each element as it begins. f may read on, up to the element's end.
func (w *Workbook) walk(at string, f func(*tokens, xml.StartElement) error) error {
	part := w.parts[at]
	if part == nil {
		return broken()
	}
	rc, err := part.Open()
	if err != nil {
		return broken()
	}
	defer rc.Close() //nolint:errcheck // read only
	budget := w.budget
	defer func() {
		if !w.opened {
			w.budget = budget
		}
	}()
	d := newTokens(rc, &budget)
	for {
		t, err := d.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, errBudget):
			return fault.New(fault.TooLarge, "workbook_too_large", w.limits.Unzipped>>20)
		case err != nil:
			return broken()
		}
		if e, ok := t.(xml.StartElement); ok {
			if err := f(d, e); err != nil {
				switch p := (*fault.Problem)(nil); {
				case errors.Is(err, errBudget):
					return fault.New(fault.TooLarge, "workbook_too_large", w.limits.Unzipped>>20)
				case errors.As(err, &p), errors.Is(err, errStopped):
					return err
				}
				return broken()
			}
		}
	}
}
