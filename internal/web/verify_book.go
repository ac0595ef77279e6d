package web

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"truynguon/internal/fault"
	"truynguon/internal/locale"
	"truynguon/internal/report"
	"truynguon/internal/trace"
)

// typeWorkbook is the media type of a workbook.
const typeWorkbook = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// attach has the answer saved as a file.
func (c *request) attach(name string) {
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="`+name+`"`)
}

// isWorkbook reports whether a file is a workbook or means to be one; an older or broken one is told so by
// its own fault.
func isWorkbook(name string, data []byte) bool {
	return strings.HasSuffix(name, ".xlsx") || strings.HasSuffix(name, ".xlsm") || strings.HasSuffix(name, ".xls") ||
		bytes.HasPrefix(data, []byte("PK\x03\x04")) || bytes.HasPrefix(data, []byte("\xd0\xcf\x11\xe0"))
}

// headingRows is how far down the row of headings may be, below lines of title.
const headingRows = 20

// readBook reads a list from the first sheet of a workbook that holds anything. The queries are in the
// column with one of the headings, or else in the first that holds something. Rows keep the numbers that
// they have in the sheet. It fails as readList does, and as report.ReadWorkbook.
func readBook(data []byte, headings []string) ([]bulkRow, error) {
	book, err := report.ReadWorkbook(data, report.DefaultLimits)
	if err != nil {
		return nil, err
	}
	for sheet := range book.Sheets() {
		var first []report.Row // until the headings are found
		var rows []bulkRow
		column := 0
		take := func(r report.Row) {
			rows = append(rows, cellRow(r, column))
		}
		for r, err := range book.Rows(sheet) {
			if err != nil {
				return nil, err
			}
			if column > 0 {
				take(r)
			} else if n := slices.IndexFunc(r.Cells, func(cell report.Cell) bool {
				return slices.Contains(headings, locale.Fold(strings.TrimSpace(cell.Text)))
			}); n >= 0 {
				column, first = r.Cells[n].Column, nil // what stands above the headings is a title
			} else if first = append(first, r); len(first) == headingRows {
				column = first[0].Cells[0].Column
				for _, r := range first {
					take(r)
				}
				first = nil
			}
			if len(rows) > trace.MaxQueries {
				return nil, fault.New(fault.Invalid, "verify_too_many", trace.MaxQueries)
			}
		}
		if len(first) > 0 {
			column = first[0].Cells[0].Column
			for _, r := range first {
				take(r)
			}
		}
		if len(rows) > 0 {
			return rows, nil
		}
	}
	return nil, nil
}

// cellRow is a row of a workbook as a line of a list.
func cellRow(r report.Row, column int) bulkRow {
	for _, cell := range r.Cells {
		if cell.Column == column && cell.Error {
			return bulkRow{N: r.N, Asked: cell.Text, Fault: "verify.bulk.failed_cell"}
		}
	}
	asked := strings.TrimSpace(r.Text(column))
	if asked == "" {
		return bulkRow{N: r.N, Fault: "verify.bulk.no_cell"}
	}
	return rowOf(r.N, asked)
}

// sendWorkbook answers the table as a workbook.
func (p *VerifyBulkPage) sendWorkbook(c *request, base string, rows []bulkRow, of []*trace.Answer) error {
	table := p.table(base, rows, of)
	sheet := report.Sheet{
		Name: p.T("verify.bulk.result"), Title: []string{p.T("verify.bulk.title"), p.T("verify.when", p.When), strings.Join(p.Counts, " · ")}, Landscape: true,
		Rows: func(yield func([]any) bool) {
			for _, cells := range table[1:] {
				row := make([]any, len(cells))
				for i, cell := range cells {
					row[i] = cell
				}
				if !yield(row) {
					return
				}
			}
		},
	}
	for i, heading := range table[0] {
		col := report.Column{Heading: heading, Width: 16}
		switch i {
		case 0:
			col.Kind, col.Width = report.Number, 7
		case startColumn, endColumn:
			col.Kind, col.Width = report.Day, 12
		case 1, 2, 3, len(table[0]) - 2:
			col.Width = 30
		case len(table[0]) - 3:
			col.Width = 60
		}
		sheet.Columns = append(sheet.Columns, col)
	}
	var b bytes.Buffer
	if err := report.WriteWorkbook(&b, sheet); err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, typeWorkbook)
	c.Set(fiber.HeaderContentLength, strconv.Itoa(b.Len()))
	c.attach(p.T("verify.bulk.file") + "-" + string(dayOf(of)) + ".xlsx")
	return c.Status(http.StatusOK).Send(b.Bytes())
}
