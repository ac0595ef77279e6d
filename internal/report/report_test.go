package report

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"truynguon/internal/fault"
)

// written is a workbook with one sheet, as bytes.
func written(t testing.TB, sheets ...Sheet) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := WriteWorkbook(&b, sheets...); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// texts reads a sheet back as lines of "address=text".
func texts(t testing.TB, data []byte, sheet int) (out []string) {
	t.Helper()
	w, err := ReadWorkbook(data, DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	for r, err := range w.Rows(sheet) {
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range r.Cells {
			out = append(out, r.Address(c.Column)+"="+c.Text)
		}
	}
	return out
}

type day string

type grams int64

func (g grams) String() string { return fmt.Sprintf("%d.%03d", g/1000, g%1000) }

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	zone := time.FixedZone("+07", 7*3600)
	rows := [][]any{
		{"Cà phê Ắ", 1250.5, day("2026-03-10"), 0.973, time.Date(2026, 3, 10, 14, 5, 0, 0, zone), true},
		{"=1+1", grams(1250500), day("2026-02-30"), nil, time.Time{}, false},
		{"+84 912 345 678", 12, time.Date(2026, 12, 31, 23, 0, 0, 0, zone), "?", nil, nil},
		{" hai\ndòng\t", "007", day("1899-12-31"), 1, nil, nil},
		{"_x0041_ \x01<b>&\"", "12345678901234567", "", nil, nil, nil},
		{"\xff\ufffe🌾", -3, nil, nil, nil, nil, "beyond the columns"},
	}
	data := written(t, Sheet{
		Name:  "Lô: hàng/2026",
		Title: []string{"Sổ lô hàng", "Huyện Mẫu"},
		Columns: []Column{
			{Heading: "Tên", Width: 30}, {Heading: "Khối lượng", Kind: Number}, {Heading: "Ngày", Kind: Day},
			{Heading: "Tỉ lệ", Kind: Percent}, {Heading: "Lúc", Kind: Moment}, {Heading: "Đúng"},
		},
		Rows: slices.Values(rows),
	})
	want := []string{
		"A1=Sổ lô hàng", "A2=Huyện Mẫu",
		"A4=Tên", "B4=Khối lượng", "C4=Ngày", "D4=Tỉ lệ", "E4=Lúc", "F4=Đúng",
		"A5=Cà phê Ắ", "B5=1250.5", "C5=2026-03-10", "D5=0.973", "E5=2026-03-10 14:05:00", "F5=TRUE",
		"A6==1+1", "B6=1250.5", "C6=2026-02-30", "F6=FALSE",
		"A7=+84 912 345 678", "B7=12", "C7=2026-12-31", "D7=?",
		"A8= hai\ndòng\t", "B8=007", "C8=1899-12-31", "D8=1",
		"A9=_x0041_ <b>&\"", "B9=12345678901234567",
		"A10=\ufffd🌾", "B10=-3", "G10=beyond the columns",
	}
	if diff := cmp.Diff(want, texts(t, data, 0)); diff != "" {
		t.Error(diff)
	}
	f, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const name = "Lô hàng 2026"
	if diff := cmp.Diff([]string{name}, f.GetSheetList()); diff != "" {
		t.Error(diff)
	}
	for address, want := range map[string]string{"B5": "1,250.5", "C5": "10/03/2026", "D5": "97.3%", "E5": "10/03/2026 14:05", "B7": "12", "C7": "31/12/2026"} {
		if got, err := f.GetCellValue(name, address); err != nil || got != want {
			t.Errorf("%s is shown as %q, want %q (%v)", address, got, want, err)
		}
	}
	for _, address := range []string{"A6", "A7"} {
		kind, err := f.GetCellType(name, address)
		formula, _ := f.GetCellFormula(name, address)
		if err != nil || formula != "" || kind == excelize.CellTypeFormula {
			t.Errorf("%s is of type %d with formula %q (%v)", address, kind, formula, err)
		}
	}
	var names []string
	for _, n := range f.GetDefinedName() {
		names = append(names, n.Name+" "+n.RefersTo)
	}
	slices.Sort(names)
	if diff := cmp.Diff([]string{"_xlnm.Print_Area '" + name + "'!$A$1:$F$10", "_xlnm.Print_Titles '" + name + "'!$4:$4"}, names); diff != "" {
		t.Error(diff)
	}
	panes, err := f.GetPanes(name)
	if err != nil || !panes.Freeze || panes.YSplit != 4 {
		t.Errorf("the heading does not stay in sight: %+v (%v)", panes, err)
	}
	layout, err := f.GetPageLayout(name)
	if err != nil || *layout.Orientation != "portrait" || *layout.Size != 9 || *layout.FitToWidth != 1 {
		t.Errorf("page: %+v (%v)", layout, err)
	}
}

func TestChoicesAreOffered(t *testing.T) {
	var many []string
	for n := range 300 {
		many = append(many, fmt.Sprintf("Lựa chọn, số %d", n))
	}
	data := written(t,
		Sheet{Name: "Nhập", Blank: 20, Columns: []Column{{Heading: "Loại", Choices: []string{"THT", "HTX"}, Note: "Chọn trong danh sách"}, {Heading: "Sản phẩm", Choices: many}, {Heading: "Ngày", Kind: Day}}},
		Sheet{Name: "nhập", Landscape: true, Columns: []Column{{Heading: "B"}}},
		Sheet{Name: strings.Repeat("dài ", 20)},
	)
	f, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	list, err := f.GetDataValidations("Nhập")
	if err != nil || len(list) != 2 {
		t.Fatalf("validations: %v (%v)", list, err)
	}
	var got []string
	for _, dv := range list {
		got = append(got, dv.Sqref+" "+dv.Formula1)
	}
	if diff := cmp.Diff([]string{"A2:A21 '_'!$A$1:$A$2", "B2:B21 '_'!$B$1:$B$300"}, got); diff != "" {
		t.Error(diff)
	}
	if v, err := f.GetCellValue("_", "B300"); err != nil || v != many[299] {
		t.Errorf("last choice %q (%v)", v, err)
	}
	w, err := ReadWorkbook(data, DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Nhập", "nhập 2", "dài dài dài dài dài dài dài dài"[:len("dài dài dài dài dài dài dài dài")]}, w.Sheets()); diff != "" {
		t.Error(diff)
	}
}

func TestAnErrorAmongTheRowsEndsTheWriting(t *testing.T) {
	boom := errors.New("boom")
	err := WriteWorkbook(io.Discard, Sheet{Name: "A", Columns: []Column{{Heading: "A"}}, Rows: slices.Values([][]any{{"a"}, {boom}, {"b"}})})
	if !errors.Is(err, boom) {
		t.Errorf("err = %v", err)
	}
}

// part is one file of a workbook made by hand.
type part struct{ name, text string }

// zipped is a workbook of parts; what it needs beside them is added.
func zipped(t testing.TB, parts ...part) []byte {
	t.Helper()
	has := func(name string) bool {
		return slices.ContainsFunc(parts, func(p part) bool { return p.name == name })
	}
	add := func(name, text string) {
		if !has(name) {
			parts = append(parts, part{name, text})
		}
	}
	add("xl/workbook.xml", `<workbook xmlns:r="r"><sheets><sheet name="Một" sheetId="1" r:id="rId1"/></sheets></workbook>`)
	add("xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="rId1" Type="http://x/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://x/sharedStrings" Target="/xl/sharedStrings.xml"/><Relationship Id="rId3" Type="http://x/styles" Target="styles.xml"/></Relationships>`)
	return zipOf(t, parts...)
}

func sheet(cells string) part {
	return part{"xl/worksheets/sheet1.xml", "<worksheet><sheetData>" + cells + "</sheetData></worksheet>"}
}

// Workbooks of other programs, as they differ from ours.
func TestForeignWorkbooks(t *testing.T) {
	styles := part{"xl/styles.xml", `<styleSheet><numFmts><numFmt numFmtId="164" formatCode="[$-42A]dd\/mm\/yyyy;@"/><numFmt numFmtId="165" formatCode="#,##0.0&quot; ngày&quot;"/>` +
		`<numFmt numFmtId="166" formatCode="[h]:mm"/><numFmt numFmtId="167" formatCode="[Red]#,##0"/><numFmt numFmtId="168" formatCode="mmm-yy"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>` +
		`<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="22"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="166"/><xf numFmtId="167"/><xf numFmtId="168"/></cellXfs></styleSheet>`}
	tests := []struct {
		name  string
		parts []part
		want  []string
	}{
		{"kinds of cells", []part{
			sheet(`<row r="2"><c r="A2" t="s"><v>1</v></c><c r="C2" t="inlineStr"><is><r><t>in</t></r><r><t>line</t></r></is></c><c t="b"><v>1</v></c><c t="e"><f>A1</f><v>#REF!</v></c><c t="str"><f>A2</f><v>tính</v></c><c><f>1+1</f></c></row>`),
			{"xl/sharedStrings.xml", `<sst><si><t>không</t></si><si><r><t>Cà </t></r><r><t xml:space="preserve">phê </t></r><rPh><t>âm</t></rPh></si></sst>`},
		}, []string{"A2=Cà phê ", "C2=inline", "D2=TRUE", "E2=#REF!", "F2=tính"}},
		{"rows and cells without addresses", []part{sheet(`<row><c><v>1</v></c><c><v>2</v></c></row><row/><row><c><v>3</v></c></row>`)}, []string{"A1=1", "B1=2", "A3=3"}},
		{"prefixes", []part{{"xl/worksheets/sheet1.xml", `<x:worksheet xmlns:x="y"><x:sheetData><x:row r="1"><x:c r="A1" t="inlineStr"><x:is><x:t>a</x:t></x:is></x:c></x:row></x:sheetData></x:worksheet>`}}, []string{"A1=a"}},
		{"numbers", []part{sheet(`<row r="1"><c><v>0.30000000000000004</v></c><c><v>8938500000016</v></c><c><v>1E3</v></c><c><v>-0.5</v></c><c><v>abc</v></c><c><v>1e400</v></c></row>`)},
			[]string{"A1=0.3", "B1=8938500000016", "C1=1000", "D1=-0.5", "E1=abc", "F1=1e400"}},
		{"days", []part{styles, sheet(`<row r="1"><c s="1"><v>46091</v></c><c s="2"><v>46091.5867</v></c><c s="3"><v>46091</v></c><c s="4"><v>7</v></c><c s="5"><v>0.5</v></c><c s="6"><v>46091</v></c><c s="7"><v>46082</v></c><c t="d"><v>2026-03-10T00:00:00</v></c></row>` +
			`<row><c s="1"><v>-1</v></c><c s="1"><v>60</v></c><c s="1"><v>59</v></c><c s="1"><v>61</v></c><c s="1"><v>99999999</v></c><c s="1"><v>0</v></c><c s="99"><v>46091</v></c></row>`)},
			[]string{"A1=2026-03-10", "B1=2026-03-10 14:04:51", "C1=2026-03-10", "D1=7", "E1=12:00:00", "F1=46091", "G1=2026-03-01", "H1=2026-03-10",
				"A2=-1", "B2=60", "C2=1900-02-28", "D2=1900-03-01", "E2=99999999", "F2=0", "G2=46091"}},
		{"counted from 1904", []part{styles, sheet(`<row r="1"><c s="1"><v>44629</v></c><c s="1"><v>0</v></c></row>`),
			{"xl/workbook.xml", `<workbook xmlns:r="r"><workbookPr date1904="1"/><sheets><sheet name="1" r:id="rId1"/></sheets></workbook>`}}, []string{"A1=2026-03-10", "B1=1904-01-01"}},
		{"hidden sheets are left out", []part{
			{"xl/workbook.xml", `<workbook xmlns:r="r"><sheets><sheet name="h" state="hidden" r:id="rId9"/><sheet name="1" r:id="rId1"/></sheets></workbook>`}, sheet(`<row><c><v>5</v></c></row>`)}, []string{"A1=5"}},
		{"escapes", []part{sheet(`<row><c t="str"><v>a_x000D__x000a_b _xZZZZ_ _x0041_ _xD83C__xDF3E_</v></c></row>`)}, []string{"A1=a\nb _xZZZZ_ A 🌾"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, texts(t, zipped(t, test.parts...), 0)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMergedCellsAreKnown(t *testing.T) {
	data := zipped(t, part{"xl/worksheets/sheet1.xml", `<worksheet><sheetData/><mergeCells><mergeCell ref="A1:C1"/><mergeCell ref="B2:B9"/></mergeCells></worksheet>`})
	w, err := ReadWorkbook(data, DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	got, err := w.Merged(0)
	if diff := cmp.Diff([]Range{{1, 1, 3, 1}, {2, 2, 2, 9}}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestWhatCannotBeRead(t *testing.T) {
	small := Limits{Bytes: 1 << 20, Unzipped: 100_000, Rows: 3, Columns: 3, Cells: 4}
	row := `<row><c><v>1</v></c></row>`
	good := written(t, Sheet{Name: "A", Columns: []Column{{Heading: "A"}}})
	bad := bytes.Clone(good)
	copy(bad[len(bad)-60:], "xxxxxxxxxxxxxxxx")
	tests := []struct {
		name string
		data []byte
		kind error
		code string
	}{
		{"nothing", nil, fault.Unsupported, "workbook_not_xlsx"},
		{"text", []byte("số;ngày\n1;2\n"), fault.Unsupported, "workbook_not_xlsx"},
		{"an older workbook", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1WorkBook"), fault.Unsupported, "workbook_not_xlsx"},
		{"under a password", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00"), fault.Unsupported, "workbook_encrypted"},
		{"an archive", zipOf(t, part{"mimetype", "application/vnd.oasis.opendocument.spreadsheet"}), fault.Unsupported, "workbook_not_xlsx"},
		{"cut short", good[:len(good)/2], fault.Malformed, "workbook_broken"},
		{"damaged directory", bad, fault.Malformed, "workbook_broken"},
		{"no such sheet", zipped(t), fault.Malformed, "workbook_broken"},
		{"no sheets", zipped(t, part{"xl/workbook.xml", "<workbook/>"}), fault.Malformed, "workbook_broken"},
		{"broken XML", zipped(t, part{"xl/worksheets/sheet1.xml", "<worksheet><sheetData><row></c>"}), fault.Malformed, "workbook_broken"},
		{"ends within a cell", zipped(t, part{"xl/worksheets/sheet1.xml", "<worksheet><sheetData><row><c><v>1"}), fault.Malformed, "workbook_broken"},
		{"a text that is not there", zipped(t, sheet(`<row><c t="s"><v>7</v></c></row>`)), fault.Malformed, "workbook_broken"},
		{"rows backwards", zipped(t, sheet(`<row r="2"/><row r="1"/>`)), fault.Malformed, "workbook_broken"},
		{"cells backwards", zipped(t, sheet(`<row><c r="B1"/><c r="A1"/></row>`)), fault.Malformed, "workbook_broken"},
		{"an address beyond the sheet", zipped(t, sheet(`<row><c r="XFE1"/></row>`)), fault.Malformed, "workbook_broken"},
		{"too deep", zipped(t, part{"xl/worksheets/sheet1.xml", strings.Repeat("<a>", 1000)}), fault.Malformed, "workbook_broken"},
		{"too many rows", zipped(t, sheet(strings.Repeat(row, 4))), fault.Invalid, "workbook_rows"},
		{"too many columns", zipped(t, sheet(`<row><c r="D1"><v>1</v></c></row>`)), fault.Invalid, "workbook_columns"},
		{"too many cells", zipped(t, sheet(`<row><c><v>1</v></c><c><v>1</v></c><c><v>1</v></c></row><row><c><v>1</v></c><c><v>1</v></c></row>`)), fault.Invalid, "workbook_cells"},
		{"a bomb of rows", zipped(t, sheet(strings.Repeat(`<row/>`, 50_000))), fault.TooLarge, "workbook_too_large"},
		{"a bomb of texts", zipped(t, sheet(row), part{"xl/sharedStrings.xml", "<sst>" + strings.Repeat(`<si><t>a</t></si>`, 50_000)}), fault.TooLarge, "workbook_too_large"},
		{"a bomb of a tag", zipped(t, part{"xl/worksheets/sheet1.xml", "<worksheet " + strings.Repeat(`a="" `, 300_000)}), fault.TooLarge, "workbook_too_large"},
		{"too large a file", make([]byte, 1<<20+1), fault.TooLarge, "workbook_too_large"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := readAll(test.data, small)
			var p *fault.Problem
			if !errors.As(err, &p) || !errors.Is(err, test.kind) || p.Code != test.code {
				t.Errorf("got %v, want %v (%s)", err, test.kind, test.code)
			}
		})
	}
}

// readAll reads everything of a workbook.
func readAll(data []byte, limits Limits) error {
	w, err := ReadWorkbook(data, limits)
	if err != nil {
		return err
	}
	for n := range w.Sheets() {
		for _, err := range w.Rows(n) {
			if err != nil {
				return err
			}
		}
		if _, err := w.Merged(n); err != nil {
			return err
		}
	}
	return nil
}

func zipOf(t testing.TB, parts ...part) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, p := range parts {
		w, err := z.Create(p.name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, p.text); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadingMayStop(t *testing.T) {
	w, err := ReadWorkbook(zipped(t, sheet(strings.Repeat(`<row><c><v>1</v></c></row>`, 9))), DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, err := range w.Rows(0) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 2 {
			break
		}
	}
	if n != 2 {
		t.Errorf("read %d rows", n)
	}
}

// FuzzReadWorkbook reads whatever comes. Nothing may panic, and what is refused is refused with a fault.
// The part is fuzzed as the sheet of a sound workbook too, or hardly an input would get past the archive.
func FuzzReadWorkbook(f *testing.F) {
	f.Add(written(f, Sheet{Name: "A", Title: []string{"T"}, Columns: []Column{{Heading: "A", Choices: []string{"x"}}}, Rows: slices.Values([][]any{{"a"}, {1}})}))
	f.Add([]byte(`<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c t="b"><v>1</v></c><c s="1"><v>45000.5</v></c></row></sheetData><mergeCells><mergeCell ref="A1:B2"/></mergeCells></worksheet>`))
	f.Add([]byte(`<sst><si><t>_x0041_</t></si></sst>`))
	f.Add([]byte(`<styleSheet><numFmts><numFmt numFmtId="200" formatCode="[$-42A]d/m/yy\h&quot;"/></numFmts><cellXfs><xf numFmtId="200"/></cellXfs></styleSheet>`))
	f.Add([]byte("\xd0\xcf\x11\xe0"))
	limits := Limits{Bytes: 1 << 20, Unzipped: 1 << 20, Rows: 1000, Columns: 50, Cells: 5000}
	f.Fuzz(func(t *testing.T, data []byte) {
		books := [][]byte{data}
		for _, name := range []string{"xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml", "xl/workbook.xml"} {
			parts := []part{{name, string(data)}}
			if name != "xl/worksheets/sheet1.xml" {
				parts = append(parts, sheet(`<row><c t="s"><v>0</v></c><c s="0"><v>45000</v></c></row>`))
			}
			books = append(books, zipped(t, parts...))
		}
		for _, b := range books {
			err := readAll(b, limits)
			var p *fault.Problem
			if err != nil && !errors.As(err, &p) {
				t.Errorf("not a fault: %v", err)
			}
		}
	})
}

func BenchmarkWriteWorkbook(b *testing.B) {
	s := Sheet{Name: "A", Columns: []Column{{Heading: "A"}, {Heading: "B", Kind: Number}, {Heading: "C", Kind: Day}}}
	s.Rows = func(yield func([]any) bool) {
		for n := range 10_000 {
			if !yield([]any{"Hợp tác xã", n, "2026-03-10"}) {
				return
			}
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := WriteWorkbook(io.Discard, s); err != nil {
			b.Fatal(err)
		}
	}
}
