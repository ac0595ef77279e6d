package label

import (
	"bytes"
	"compress/zlib"
	"encoding/hex"
	"fmt"
	"image"
	"image/color"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// pdfReader reads the documents of this package back, by the standard and not by how they are written:
// the table at the end says where objects are.
type pdfReader struct {
	t       testing.TB
	data    []byte
	offsets []int
	trailer string
}

func readPDF(t testing.TB, data []byte) *pdfReader {
	t.Helper()
	r := &pdfReader{t: t, data: data}
	if !bytes.HasPrefix(data, []byte("%PDF-1.7\n")) || !bytes.HasSuffix(data, []byte("%%EOF\n")) {
		t.Fatalf("not a whole document: %.20q … %.20q", data, data[max(len(data)-20, 0):])
	}
	start := regexp.MustCompile(`startxref\n(\d+)\n%%EOF\n$`).FindSubmatch(data)
	at, _ := strconv.Atoi(string(start[1]))
	var n int
	if _, err := fmt.Sscanf(string(data[at:]), "xref\n0 %d\n", &n); err != nil {
		t.Fatal(err)
	}
	entries := data[at+len(fmt.Sprintf("xref\n0 %d\n", n)):]
	for i := range n {
		entry := string(entries[20*i : 20*i+20])
		offset, err := strconv.Atoi(entry[:10])
		if err != nil || entry[10:16] != " 00000" && entry[10:16] != " 65535" {
			t.Fatalf("entry %q", entry)
		}
		r.offsets = append(r.offsets, offset)
	}
	r.trailer = string(entries[20*n:])
	return r
}

// object returns an object's text, and its stream in plain.
func (r *pdfReader) object(n int) (text string, stream []byte) {
	r.t.Helper()
	body, ok := bytes.CutPrefix(r.data[r.offsets[n]:], fmt.Appendf(nil, "%d 0 obj\n", n))
	if !ok {
		r.t.Fatalf("object %d is not where the table says", n)
	}
	head, _, _ := bytes.Cut(body, []byte("\nendobj\n"))
	head, _, has := bytes.Cut(head, []byte("\nstream\n"))
	text = string(head)
	if has {
		length, _ := strconv.Atoi(regexp.MustCompile(`/Length (\d+)`).FindStringSubmatch(text)[1])
		z, err := zlib.NewReader(bytes.NewReader(body[len(head)+8:][:length]))
		if err != nil {
			r.t.Fatal(err)
		}
		if stream, err = io.ReadAll(z); err != nil {
			r.t.Fatal(err)
		}
		if !bytes.HasPrefix(body[len(head)+8+length:], []byte("\nendstream\nendobj\n")) {
			r.t.Fatalf("the stream of object %d has another length", n)
		}
	}
	return text, stream
}

// reference returns the number of the object that a key names.
func (r *pdfReader) reference(text, key string) int {
	r.t.Helper()
	m := regexp.MustCompile(key + `\s*\[?(\d+) 0 R`).FindStringSubmatch(text)
	if m == nil {
		r.t.Fatalf("no %s in %s", key, text)
	}
	n, _ := strconv.Atoi(m[1])
	return n
}

// pdfPage is what is on a page, in millimetres from its top left corner.
type pdfPage struct {
	width, height float64
	codes         []pdfCode
	lines         []Line
	images        [][4]float64 // x, y, width, height
	rectangles    [][4]float64
}

type pdfCode struct {
	x, y, module float64
	code         [][]bool
}

func (r *pdfReader) pages() []pdfPage {
	r.t.Helper()
	catalog, _ := r.object(r.reference(r.trailer, "/Root"))
	root, _ := r.object(r.reference(catalog, "/Pages"))
	var pages []pdfPage
	kids := regexp.MustCompile(`(\d+) 0 R`).FindAllStringSubmatch(after(root, "/Kids"), -1)
	for _, kid := range kids {
		n, _ := strconv.Atoi(kid[1])
		text, _ := r.object(n)
		var page pdfPage
		box := regexp.MustCompile(`/MediaBox\[0 0 ([\d.]+) ([\d.]+)\]`).FindStringSubmatch(text)
		page.width, page.height = number(r.t, box[1])/pointsPerMM, number(r.t, box[2])/pointsPerMM
		_, content := r.object(r.reference(text, "/Contents"))
		page.run(r.t, string(content), r.unicode(text))
		pages = append(pages, page)
	}
	return pages
}

// unicode returns what the codes of a page's font mean.
func (r *pdfReader) unicode(page string) map[string]string {
	r.t.Helper()
	font, _ := r.object(r.reference(page, "/F"))
	_, cmap := r.object(r.reference(font, "/ToUnicode"))
	meaning := map[string]string{}
	for _, m := range regexp.MustCompile(`<([0-9A-F]{4})><([0-9A-F]+)>\n`).FindAllStringSubmatch(string(cmap), -1) {
		units, err := hex.DecodeString(m[2])
		if err != nil {
			r.t.Fatal(err)
		}
		var u []uint16
		for i := 0; i < len(units); i += 2 {
			u = append(u, uint16(units[i])<<8|uint16(units[i+1]))
		}
		meaning[m[1]] = string(utf16.Decode(u))
	}
	return meaning
}

func number(t testing.TB, s string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// matrix is [a b c d e f] of ISO 32000-1, 8.3.3.
type matrix [6]float64

func (m matrix) times(n matrix) matrix {
	return matrix{
		m[0]*n[0] + m[1]*n[2], m[0]*n[1] + m[1]*n[3], m[2]*n[0] + m[3]*n[2], m[2]*n[1] + m[3]*n[3],
		m[4]*n[0] + m[5]*n[2] + n[4], m[4]*n[1] + m[5]*n[3] + n[5]}
}

// run executes the operators of a page.
func (p *pdfPage) run(t testing.TB, content string, meaning map[string]string) {
	t.Helper()
	ctm := matrix{1, 0, 0, 1, 0, 0}
	var stack []matrix
	var operands []string
	var path [][2]float64
	var paths [][][2]float64
	var text matrix
	size := 0.0
	arg := func(i int) float64 { return number(t, operands[i]) }
	// place turns points of the page into millimetres from its top left corner.
	place := func(m matrix, x, y float64) (float64, float64) {
		return (m[0]*x + m[2]*y + m[4]) / pointsPerMM, p.height - (m[1]*x+m[3]*y+m[5])/pointsPerMM
	}
	for token := range strings.FieldsSeq(content) {
		switch token {
		case "q":
			stack = append(stack, ctm)
		case "Q":
			ctm, stack = stack[len(stack)-1], stack[:len(stack)-1]
		case "cm":
			ctm = matrix{arg(0), arg(1), arg(2), arg(3), arg(4), arg(5)}.times(ctm)
		case "m":
			path = [][2]float64{{arg(0), arg(1)}}
		case "l":
			path = append(path, [2]float64{arg(0), arg(1)})
		case "h":
			paths = append(paths, path)
		case "f*":
			x, y := place(ctm, 0, 0)
			p.codes = append(p.codes, pdfCode{x, y, ctm[0] / pointsPerMM, fillPaths(t, paths)})
			paths = nil
		case "re":
			x, y := place(ctm, arg(0), arg(1)+arg(3))
			p.rectangles = append(p.rectangles, [4]float64{x, y, arg(2) * ctm[0] / pointsPerMM, arg(3) * ctm[3] / pointsPerMM})
		case "f":
		case "Do":
			x, y := place(ctm, 0, 1)
			p.images = append(p.images, [4]float64{x, y, ctm[0] / pointsPerMM, ctm[3] / pointsPerMM})
		case "BT", "ET":
			text = matrix{}
		case "Tf":
			size = arg(1)
		case "Tm":
			text = matrix{arg(0), arg(1), arg(2), arg(3), arg(4), arg(5)}
		case "Tj":
			codes := strings.Trim(operands[0], "<>")
			var s strings.Builder
			for i := 0; i < len(codes); i += 4 {
				c, ok := meaning[codes[i:i+4]]
				if !ok {
					t.Fatalf("glyph %s means nothing", codes[i:i+4])
				}
				s.WriteString(c)
			}
			m := text.times(ctm)
			x, y := place(m, 0, 0)
			used := size * m[0] / pointsPerMM
			p.lines = append(p.lines, Line{s.String(), x, y, used, textWidth(s.String()) * used})
		default:
			operands = append(operands, token)
			continue
		}
		operands = operands[:0]
	}
	if len(stack) > 0 || len(operands) > 0 {
		t.Fatalf("left over: %v, %v", stack, operands)
	}
}

// fillPaths fills outlines by the even-odd rule, in units of modules. The quiet zone at the right and
// below, where nothing is, is as wide as at the left.
func fillPaths(t testing.TB, paths [][][2]float64) [][]bool {
	t.Helper()
	n := 0
	for _, path := range paths {
		for _, corner := range path {
			n = max(n, int(corner[0])+quietZone)
		}
	}
	out := make([][]bool, n)
	for y := range out {
		out[y] = make([]bool, n)
	}
	for _, path := range paths {
		for i, from := range path {
			to := path[(i+1)%len(path)]
			if from[0] != to[0] {
				if from[1] != to[1] {
					t.Fatal("a side at an angle")
				}
				continue
			}
			for y := int(min(from[1], to[1])); y < int(max(from[1], to[1])); y++ {
				for x := int(from[0]); x < n; x++ {
					out[y][x] = !out[y][x]
				}
			}
		}
	}
	return out
}

// readCode decodes the modules of a code.
func readCode(code [][]bool) (string, error) {
	const dots = 3
	img := image.NewGray(image.Rect(0, 0, len(code)*dots, len(code)*dots))
	for y := range img.Rect.Max.Y {
		for x := range img.Rect.Max.X {
			if !code[y/dots][x/dots] {
				img.SetGray(x, y, color.Gray{255})
			}
		}
	}
	return decodePure(img)
}

// plain returns a document with its streams in plain: another release of the compressor may write
// other bytes.
func (r *pdfReader) plain() string {
	var b strings.Builder
	for n := 1; n < len(r.offsets); n++ {
		text, stream := r.object(n)
		text = regexp.MustCompile(`/Length \d+`).ReplaceAllString(text, "")
		fmt.Fprintf(&b, "%d: %s\n", n, text)
		if strings.Contains(text, "/Length1") || strings.Contains(text, "/Image") {
			fmt.Fprintf(&b, "%x\n", stream)
		} else {
			b.Write(stream)
		}
	}
	return b.String()
}

// Every kind of label on every stock, wherever it fits: each in its place to the tenth of a
// millimetre, complete, and its code can be read.
func TestEveryStockAsPDF(t *testing.T) {
	const mm = 0.01
	for _, s := range stocks(t) {
		drawn := 0
		for _, k := range Kinds {
			name := s.ID + "/" + k.ID
			l := sampleOf(k)
			l.Logo = testLogo(t)
			want, err := s.Fit(l).Layout(s.dot())
			if err != nil {
				refusedForSize(t, name, err)
				continue
			}
			drawn++
			var b bytes.Buffer
			start := min(2, s.Cells())
			printed, err := Sheet{Stock: s, Labels: repeat(s.Cells()+1, l), Start: start}.WritePDF(&b)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			pages := readPDF(t, b.Bytes()).pages()
			if printed.Labels != s.Cells()+1 || printed.Pages != len(pages) {
				t.Errorf("%s: %+v, and there are %d pages", name, printed, len(pages))
			}
			cell := start
			for _, page := range pages {
				if math.Abs(page.width-s.PageWidth) > mm || math.Abs(page.height-s.PageHeight) > mm {
					t.Errorf("%s: a page of %v × %v", name, page.width, page.height)
				}
				perLabel := len(page.lines) / len(page.codes)
				for i, c := range page.codes {
					x, y := s.Cell(cell)
					if cell++; cell > s.Cells() {
						cell = 1
					}
					if math.Abs(c.x-x-want.CodeX) > 0.1 || math.Abs(c.y-y-want.CodeY) > 0.1 || math.Abs(c.module-want.Module) > mm/100 {
						t.Errorf("%s: code %+v, want it at %v, %v", name, c, x+want.CodeX, y+want.CodeY)
					}
					side := c.module * float64(len(c.code))
					if c.x < x+s.Safe-0.1 || c.y < y+s.Safe-0.1 || c.x+side > x+s.Width-s.Safe+0.1 || c.y+side > y+s.Height-s.Safe+0.1 {
						t.Errorf("%s: the code is not on its sticker", name)
					}
					if i == 0 {
						if got, err := readCode(c.code); err != nil || got != l.Content {
							t.Errorf("%s: read %q, %v", name, got, err)
						}
					}
					shown := ""
					for j, line := range page.lines[i*perLabel : (i+1)*perLabel] {
						shown += line.Text
						w := want.Lines[j]
						if math.Abs(line.X-x-w.X) > mm || math.Abs(line.Baseline-y-w.Baseline) > mm || math.Abs(line.Size-w.Size) > mm {
							t.Errorf("%s: line %+v, want %+v", name, line, w)
						}
						if line.X < x || line.X+line.Width > x+s.Width || line.Size < MinText-mm {
							t.Errorf("%s: line %+v is not on its sticker", name, line)
						}
					}
					if diff := cmp.Diff(bare(l.texts()...), bare(shown)); diff != "" {
						t.Errorf("%s: %s", name, diff)
					}
				}
			}
		}
		if drawn == 0 && s.Width >= 35 {
			t.Errorf("%s: no kind of label fits", s.ID)
		}
	}
}

func TestPDFIsDeterministic(t *testing.T) {
	s := stock(t, "a4-24")
	write := func() []byte {
		var b bytes.Buffer
		l := sampleOf(Kinds[1])
		l.Logo = testLogo(t)
		if _, err := (Sheet{Stock: s, Labels: repeat(30, l)}).WritePDF(&b); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	first := write()
	if !bytes.Equal(first, write()) {
		t.Error("the same labels give other bytes")
	}
	if n := bytes.Count(first, []byte("/Subtype/Image")); n != 1 {
		t.Errorf("the logo is there %d times", n)
	}
	for _, unwanted := range []string{"Date", "/ID"} {
		if bytes.Contains(first, []byte(unwanted)) {
			t.Errorf("%s in the document", unwanted)
		}
	}
}

// The embedded font is a font, with the outlines of all letters that were used and of no others.
func TestPDFFontIsSubset(t *testing.T) {
	const text = "Sầu riêng Ễ ỳ"
	r := readPDF(t, encode(t, "pdf", Label{Content: link, Caption: []string{text}}))
	_, data := r.object(pdfFontFile)
	if sum := checksum(data); sum != 0xB1B0AFBA {
		t.Errorf("checksum %X", sum)
	}
	// The names of glyphs and the like are not needed in a document, but by this parser.
	small, err := sfnt.Parse(withTables(t, data, "cmap", "name", "post", "OS/2"))
	if err != nil {
		t.Fatal(err)
	}
	var a, b sfnt.Buffer
	for r := rune(' '); r < maxRune; r++ {
		g := sfnt.GlyphIndex(loadFont().index(r))
		if g == 0 || r == 0xa0 {
			continue
		}
		want, err := loadFont().font.LoadGlyph(&a, g, fixed.I(1000), nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := small.LoadGlyph(&b, g, fixed.I(1000), nil)
		if err != nil {
			t.Fatal(err)
		}
		if strings.ContainsRune(text, r) {
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%q: %s", r, diff)
			}
		}
	}
	if len(data) > 20000 {
		t.Errorf("%d bytes for a few letters", len(data))
	}
}

// withTables adds tables of the whole font to a font.
func withTables(t *testing.T, data []byte, names ...string) []byte {
	t.Helper()
	tables := fontTables(data)
	for _, name := range names {
		if whole := fontTables(fontFile)[name]; whole != nil {
			tables[name] = whole
		}
	}
	return joinTables(tables)
}

// after is what follows a word in a text, the word included, and nothing if it is not there.
func after(text, word string) string {
	_, rest, found := strings.Cut(text, word)
	if !found {
		return ""
	}
	return word + rest
}
