package report

import (
	"archive/zip"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
)

// Document is a paper in the form of a Vietnamese administrative document (NĐ 30/2020/NĐ-CP, Phụ lục I): A4,
// Times New Roman, the agency on the left of the head and the state's name on the right, the recipients and
// the signature at the foot. Its words are the caller's, in whichever language.
type Document struct {
	// Above is the authority above, if it is named; Agency the one that writes.
	Above, Agency string
	// Nation and Motto are the state's name and motto.
	Nation, Motto string
	// Number is the line with the number; PlaceDate that with place and day.
	Number, PlaceDate string
	// Mark stands above the head of what has not been issued yet.
	Mark string
	// Title is the kind of paper in capitals, About what it is about.
	Title, About string
	Blocks       []Block
	// RecipientsTitle heads the Recipients.
	RecipientsTitle string
	Recipients      []string
	// Signer are the lines above the signature, Name the signatory's.
	Signer []string
	Name   string
	// Lang is the language's code, At when it was made.
	Lang string
	At   time.Time
}

// Block is a heading, a paragraph or a table of a document.
type Block struct {
	// Heading is a heading of level 1 or 2 if Level is not 0.
	Heading string
	Level   int
	// Text is a paragraph; each line is one of its own.
	Text string
	// Table is a table.
	Table *Table
}

// Table is a table with a heading row, which is repeated on every page.
type Table struct {
	Caption string
	Columns []TableColumn
	Rows    [][]string
}

// TableColumn is a column of a table: its heading, its share of the width and how its cells stand.
type TableColumn struct {
	Heading string
	// Width counts in any unit: columns share the page's width in proportion.
	Width int
	// Right puts the text to the right, as for numbers.
	Right bool
}

// The page in twentieths of a point: A4, with margins of 20 mm, 30 mm on the left.
const (
	pageWidth, pageHeight   = 11906, 16838
	marginLeft, marginOther = 1701, 1134
	textWidth               = pageWidth - marginLeft - marginOther
)

// WriteDOCX writes the document as WordprocessingML (ISO/IEC 29500). The same document gives the same bytes.
func (d *Document) WriteDOCX(w io.Writer) error {
	z := zip.NewWriter(w)
	for _, part := range []struct{ name, text string }{
		{"[Content_Types].xml", contentTypes},
		{"_rels/.rels", packageRels},
		{"docProps/core.xml", d.coreXML()},
		{"word/document.xml", d.bodyXML()},
		{"word/styles.xml", stylesXML},
		{"word/header1.xml", headerXML},
		{"word/_rels/document.xml.rels", documentRels},
	} {
		f, err := z.CreateHeader(&zip.FileHeader{Name: part.name, Method: zip.Deflate})
		if err != nil {
			return err
		}
		if _, err := io.WriteString(f, part.text); err != nil {
			return err
		}
	}
	return z.Close()
}

// wordNS are the namespaces of the parts.
const wordNS = `xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"`

const contentTypes = xml.Header + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/><Override PartName="/word/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml"/><Override PartName="/word/header1.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.header+xml"/><Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>`

const packageRels = xml.Header + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="docProps/core.xml"/></Relationships>`

const documentRels = xml.Header + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/header" Target="header1.xml"/></Relationships>`

// headerXML numbers the pages, at the top in the middle; the first has no number.
const headerXML = xml.Header + `<w:hdr ` + wordNS + `><w:p><w:pPr><w:jc w:val="center"/></w:pPr><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText xml:space="preserve"> PAGE </w:instrText></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r></w:p></w:hdr>`

const stylesXML = xml.Header + `<w:styles ` + wordNS + `><w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:ascii="Times New Roman" w:hAnsi="Times New Roman" w:eastAsia="Times New Roman" w:cs="Times New Roman"/><w:sz w:val="26"/><w:szCs w:val="26"/></w:rPr></w:rPrDefault><w:pPrDefault><w:pPr><w:spacing w:before="0" w:after="0" w:line="240" w:lineRule="auto"/></w:pPr></w:pPrDefault></w:docDefaults>` +
	`<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/></w:style>` +
	`<w:style w:type="paragraph" w:styleId="Body"><w:name w:val="Body Text"/><w:basedOn w:val="Normal"/><w:pPr><w:spacing w:before="60" w:after="60"/><w:ind w:firstLine="567"/><w:jc w:val="both"/></w:pPr></w:style>` +
	`<w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/><w:basedOn w:val="Normal"/><w:next w:val="Body"/><w:pPr><w:keepNext/><w:spacing w:before="200" w:after="60"/><w:ind w:firstLine="567"/><w:outlineLvl w:val="0"/></w:pPr><w:rPr><w:b/></w:rPr></w:style>` +
	`<w:style w:type="paragraph" w:styleId="Heading2"><w:name w:val="heading 2"/><w:basedOn w:val="Normal"/><w:next w:val="Body"/><w:pPr><w:keepNext/><w:spacing w:before="120" w:after="60"/><w:ind w:firstLine="567"/><w:outlineLvl w:val="1"/></w:pPr><w:rPr><w:b/></w:rPr></w:style>` +
	`<w:style w:type="paragraph" w:styleId="Caption"><w:name w:val="caption"/><w:basedOn w:val="Normal"/><w:pPr><w:keepNext/><w:spacing w:before="120" w:after="60"/><w:jc w:val="center"/></w:pPr><w:rPr><w:i/></w:rPr></w:style>` +
	`</w:styles>`

// coreXML names title and time.
func (d *Document) coreXML() string {
	at := d.At.UTC().Format(time.RFC3339)
	return xml.Header + `<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><dc:title>` +
		escaped(d.Title+". "+d.About) + `</dc:title><dc:creator>` + escaped(d.Agency) + `</dc:creator><dc:language>` + escaped(d.Lang) +
		`</dc:language><dcterms:created xsi:type="dcterms:W3CDTF">` + at + `</dcterms:created></cp:coreProperties>`
}

func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(plain(s))) // a strings.Builder takes everything
	return b.String()
}

// line is a paragraph: how it stands, and how its text looks.
type line struct {
	text string
	// style is a paragraph style; without one the line has no space around it.
	style string
	align string // "center", "right" or "" for the left
	// size is in half points, 0 for the body's; before and after are in twentieths of a point.
	size, before, after   int
	bold, italic, capital bool
	// keep keeps it on the page of what follows.
	keep bool
}

func (l line) xml() string {
	var b strings.Builder
	b.WriteString("<w:p><w:pPr>")
	if l.style != "" {
		fmt.Fprintf(&b, `<w:pStyle w:val="%s"/>`, l.style)
	}
	if l.keep {
		b.WriteString("<w:keepNext/>")
	}
	if l.before > 0 || l.after > 0 {
		fmt.Fprintf(&b, `<w:spacing w:before="%d" w:after="%d"/>`, l.before, l.after)
	}
	if l.align != "" {
		fmt.Fprintf(&b, `<w:jc w:val="%s"/>`, l.align)
	}
	b.WriteString("</w:pPr>")
	if l.text != "" {
		b.WriteString("<w:r><w:rPr>")
		for _, on := range []struct {
			set bool
			tag string
		}{{l.bold, "<w:b/>"}, {l.italic, "<w:i/>"}, {l.capital, "<w:caps/>"}} {
			if on.set {
				b.WriteString(on.tag)
			}
		}
		if l.size > 0 {
			fmt.Fprintf(&b, `<w:sz w:val="%d"/><w:szCs w:val="%d"/>`, l.size, l.size)
		}
		fmt.Fprintf(&b, `</w:rPr><w:t xml:space="preserve">%s</w:t></w:r>`, escaped(l.text))
	}
	b.WriteString("</w:p>")
	return b.String()
}

// ruled is an empty line with a rule above it that leaves so much free on both sides.
func ruled(free int) string {
	return fmt.Sprintf(`<w:p><w:pPr><w:pBdr><w:top w:val="single" w:sz="6" w:space="1" w:color="000000"/></w:pBdr><w:spacing w:line="120" w:lineRule="exact"/><w:ind w:left="%d" w:right="%d"/><w:jc w:val="center"/></w:pPr></w:p>`, free, free)
}

// columns are two columns without borders.
func twoColumns(left, right int, a, b string) string {
	return fmt.Sprintf(`<w:tbl><w:tblPr><w:tblW w:w="%d" w:type="dxa"/><w:jc w:val="center"/><w:tblLayout w:type="fixed"/><w:tblCellMar><w:left w:w="0" w:type="dxa"/><w:right w:w="0" w:type="dxa"/></w:tblCellMar></w:tblPr><w:tblGrid><w:gridCol w:w="%d"/><w:gridCol w:w="%d"/></w:tblGrid><w:tr><w:trPr><w:cantSplit/></w:trPr><w:tc><w:tcPr><w:tcW w:w="%d" w:type="dxa"/></w:tcPr>%s</w:tc><w:tc><w:tcPr><w:tcW w:w="%d" w:type="dxa"/></w:tcPr>%s</w:tc></w:tr></w:tbl>`,
		left+right, left, right, left, a, right, b)
}

// bodyXML is the main part.
func (d *Document) bodyXML() string {
	var b strings.Builder
	b.WriteString(xml.Header + `<w:document ` + wordNS + `><w:body>`)
	if d.Mark != "" {
		b.WriteString(line{text: d.Mark, align: "right", bold: true, italic: true, size: 26, after: 120}.xml())
	}
	const left, right = 3900, textWidth + 300 - 3900
	var l, r strings.Builder
	if d.Above != "" {
		l.WriteString(line{text: d.Above, align: "center", capital: true, size: 26}.xml())
	}
	l.WriteString(line{text: d.Agency, align: "center", capital: true, bold: true, size: 26}.xml() + ruled(1300))
	l.WriteString(line{text: d.Number, align: "center", size: 26, before: 60}.xml())
	r.WriteString(line{text: d.Nation, align: "center", bold: true, size: 24}.xml())
	r.WriteString(line{text: d.Motto, align: "center", bold: true, size: 26}.xml() + ruled(1100))
	r.WriteString(line{text: d.PlaceDate, align: "center", italic: true, size: 26, before: 60}.xml())
	b.WriteString(twoColumns(left, right, l.String(), r.String()))
	b.WriteString(line{text: d.Title, align: "center", bold: true, size: 28, before: 360}.xml())
	b.WriteString(line{text: d.About, align: "center", bold: true, size: 28}.xml() + ruled(3200))
	for _, block := range d.Blocks {
		block.write(&b)
	}
	l.Reset()
	r.Reset()
	if len(d.Recipients) > 0 {
		l.WriteString(line{text: d.RecipientsTitle, bold: true, italic: true, size: 24, keep: true}.xml())
	}
	for i, to := range d.Recipients {
		end := ";"
		if i == len(d.Recipients)-1 {
			end = "."
		}
		l.WriteString(line{text: "- " + strings.TrimRight(to, ";. ") + end, size: 22, keep: true}.xml())
	}
	if l.Len() == 0 {
		l.WriteString(line{}.xml())
	}
	for _, text := range d.Signer {
		r.WriteString(line{text: text, align: "center", bold: true, capital: true, size: 26, keep: true}.xml())
	}
	for range 5 {
		r.WriteString(line{keep: true}.xml())
	}
	r.WriteString(line{text: d.Name, align: "center", bold: true, size: 26}.xml())
	b.WriteString(line{before: 120, keep: true}.xml())
	b.WriteString(twoColumns(4500, textWidth-4500, l.String(), r.String()))
	fmt.Fprintf(&b, `<w:p><w:pPr><w:spacing w:line="20" w:lineRule="exact"/></w:pPr></w:p><w:sectPr><w:headerReference w:type="default" r:id="rId2"/><w:pgSz w:w="%d" w:h="%d"/><w:pgMar w:top="%d" w:right="%d" w:bottom="%d" w:left="%d" w:header="567" w:footer="567" w:gutter="0"/><w:titlePg/></w:sectPr></w:body></w:document>`,
		pageWidth, pageHeight, marginOther, marginOther, marginOther, marginLeft)
	return b.String()
}

// write writes a block.
func (k *Block) write(b *strings.Builder) {
	switch {
	case k.Level > 0:
		b.WriteString(line{text: k.Heading, style: fmt.Sprintf("Heading%d", min(k.Level, 2))}.xml())
	case k.Table != nil:
		k.Table.write(b)
	default:
		for _, text := range strings.Split(k.Text, "\n") {
			if text != "" {
				b.WriteString(line{text: text, style: "Body"}.xml())
			}
		}
	}
}

func (t *Table) write(b *strings.Builder) {
	if t.Caption != "" {
		b.WriteString(line{text: t.Caption, style: "Caption"}.xml())
	}
	sum := 0
	for _, c := range t.Columns {
		sum += c.Width
	}
	if sum == 0 {
		return
	}
	widths := make([]int, len(t.Columns))
	fmt.Fprintf(b, `<w:tbl><w:tblPr><w:tblW w:w="%d" w:type="dxa"/><w:tblBorders>`, textWidth)
	for _, side := range []string{"top", "left", "bottom", "right", "insideH", "insideV"} {
		fmt.Fprintf(b, `<w:%s w:val="single" w:sz="4" w:space="0" w:color="000000"/>`, side)
	}
	b.WriteString(`</w:tblBorders><w:tblLayout w:type="fixed"/><w:tblCellMar><w:left w:w="70" w:type="dxa"/><w:right w:w="70" w:type="dxa"/></w:tblCellMar></w:tblPr><w:tblGrid>`)
	for i, c := range t.Columns {
		widths[i] = textWidth * c.Width / sum
		fmt.Fprintf(b, `<w:gridCol w:w="%d"/>`, widths[i])
	}
	b.WriteString(`</w:tblGrid>`)
	row := func(head bool, cells []string) {
		b.WriteString(`<w:tr><w:trPr><w:cantSplit/>`)
		if head {
			b.WriteString(`<w:tblHeader/>`)
		}
		b.WriteString(`</w:trPr>`)
		for i, c := range t.Columns {
			text := ""
			if i < len(cells) {
				text = cells[i]
			}
			l := line{text: text, size: 24, before: 20, after: 20, bold: head}
			if head {
				l.align = "center"
			} else if c.Right {
				l.align = "right"
			}
			fmt.Fprintf(b, `<w:tc><w:tcPr><w:tcW w:w="%d" w:type="dxa"/><w:vAlign w:val="center"/></w:tcPr>%s</w:tc>`, widths[i], l.xml())
		}
		b.WriteString(`</w:tr>`)
	}
	heads := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		heads[i] = c.Heading
	}
	row(true, heads)
	for _, cells := range t.Rows {
		row(false, cells)
	}
	b.WriteString(`</w:tbl>`)
}
