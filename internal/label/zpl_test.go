package label

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// zplField is a graphic or a box that a printer was told to print.
type zplField struct {
	x, y int
	b    *bitmap
}

// zplFormat is a label as a printer understands it.
type zplFormat struct {
	width, height int
	fields        []zplField
	comment       string
}

// readZPL is a label printer, as far as these labels need one: it reads the commands by the ZPL II
// Programming Guide and refuses all others.
func readZPL(t testing.TB, data string) []zplFormat {
	t.Helper()
	var formats []zplFormat
	var f *zplFormat
	x, y := 0, 0
	for _, command := range strings.Split(strings.ReplaceAll(data, "\n", ""), "^")[1:] {
		if strings.ContainsRune(command, '~') {
			t.Fatalf("a control command in %q", command)
		}
		name, rest := command[:2], command[2:]
		if f == nil && name != "XA" {
			t.Fatalf("^%s outside of a label", name)
		}
		switch name {
		case "XA":
			formats = append(formats, zplFormat{})
			f = &formats[len(formats)-1]
		case "XZ":
			f = nil
		case "PW":
			f.width = whole(t, rest)
		case "LL":
			f.height = whole(t, rest)
		case "LH":
			if rest != "0,0" {
				t.Fatalf("home %q", rest)
			}
		case "PQ":
			if rest != "1" {
				t.Fatalf("%q copies", rest)
			}
		case "FX":
			f.comment = strings.TrimSpace(rest)
		case "FO":
			at := strings.Split(rest, ",")
			x, y = whole(t, at[0]), whole(t, at[1])
		case "GB":
			v := strings.Split(rest, ",")
			b := newBitmap(whole(t, v[0]), whole(t, v[1]))
			if border := whole(t, v[2]); border != min(b.width, b.height) {
				t.Fatalf("a box with a border of %d dots", border)
			}
			for i := range b.bits {
				b.bits[i] = 0xff
			}
			f.fields = append(f.fields, zplField{x, y, b})
		case "GF":
			f.fields = append(f.fields, zplField{x, y, readGraphic(t, rest)})
		case "FS":
			if rest != "" {
				t.Fatalf("%q after a field", rest)
			}
		default:
			t.Fatalf("unknown command ^%s", name)
		}
	}
	if f != nil {
		t.Fatal("the last label does not end")
	}
	return formats
}

func whole(t rapid.TB, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		t.Fatalf("number %q", s)
	}
	return n
}

// readGraphic reads the parameters and the data of ^GF.
func readGraphic(t rapid.TB, s string) *bitmap {
	t.Helper()
	part := strings.SplitN(s, ",", 5)
	total, stride := whole(t, part[1]), whole(t, part[3])
	if part[0] != "A" || part[1] != part[2] || total > 99999 || total%stride != 0 {
		t.Fatalf("parameters %q", part[:4])
	}
	b := newBitmap(8*stride, total/stride)
	row, above := "", ""
	y, repeat := 0, 0
	end := func() {
		if len(row) != 2*stride {
			t.Fatalf("a row of %d digits", len(row))
		}
		for i := range stride {
			v, err := strconv.ParseUint(row[2*i:2*i+2], 16, 8)
			if err != nil {
				t.Fatal(err)
			}
			b.bits[y*stride+i] = byte(v)
		}
		row, above = "", row
		y++
	}
	for _, c := range part[4] {
		switch {
		case c >= 'G' && c <= 'Y':
			repeat += int(c-'G') + 1
		case c >= 'g' && c <= 'z':
			repeat += 20 * (int(c-'g') + 1)
		case c == ',' || c == '!':
			digit := map[rune]string{',': "0", '!': "F"}[c]
			row += strings.Repeat(digit, 2*stride-len(row))
		case c == ':':
			row = above
		default:
			row += strings.Repeat(string(c), max(repeat, 1))
			repeat = 0
		}
		if len(row) >= 2*stride {
			end()
		}
	}
	if y != b.height {
		t.Fatalf("%d rows of %d", y, b.height)
	}
	return b
}

func (b *bitmap) dark(x, y int) bool { return b.bits[y*b.stride+x/8]&(0x80>>(x%8)) != 0 }

// paint prints a label.
func (f zplFormat) paint(t testing.TB) *image.Gray {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, f.width, f.height))
	for i := range img.Pix {
		img.Pix[i] = 0xff
	}
	for _, field := range f.fields {
		for y := range field.b.height {
			for x := range field.b.width {
				if field.b.dark(x, y) {
					if !image.Pt(field.x+x, field.y+y).In(img.Rect) {
						t.Fatalf("a dot at %d, %d of %v", field.x+x, field.y+y, img.Rect)
					}
					img.SetGray(field.x+x, field.y+y, color.Gray{})
				}
			}
		}
	}
	return img
}

// Every kind of label on every roll: the code is read from the printed dots, every square of it of
// the same whole number of them, and letters are where the drawing has them.
func TestEveryRollAsZPL(t *testing.T) {
	for _, s := range stocks(t) {
		if s.Kind != RollStock {
			if _, err := (Sheet{Stock: s, Labels: repeat(1, sampleOf(Kinds[0]))}).WriteZPL(new(bytes.Buffer)); code(err) != "label_zpl_sheet" {
				t.Errorf("%s: %v", s.ID, err)
			}
			continue
		}
		for _, k := range Kinds {
			name := s.ID + "/" + k.ID
			l := sampleOf(k)
			l.Logo = testLogo(t)
			d, err := s.Fit(l).Layout(s.dot())
			if err != nil {
				refusedForSize(t, name, err)
				continue
			}
			var b bytes.Buffer
			if _, err := (Sheet{Stock: s, Labels: repeat(s.Cells(), l)}).WriteZPL(&b); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			formats := readZPL(t, b.String())
			if len(formats) != 1 {
				t.Fatalf("%s: %d pages", name, len(formats))
			}
			f := formats[0]
			dots := func(mm float64) int { return int(math.Round(mm * float64(s.DPI) / 25.4)) }
			if f.width != dots(s.PageWidth) || f.height != dots(s.PageHeight) || f.comment != l.Content {
				t.Errorf("%s: %d × %d dots, %q", name, f.width, f.height, f.comment)
			}
			img := f.paint(t)
			for cell := 1; cell <= s.Cells(); cell++ {
				x, y := s.Cell(cell)
				left, top, side := dots(x+d.CodeX), dots(y+d.CodeY), dots(d.Module)*len(d.Code)
				got, err := decodePure(img.SubImage(image.Rect(left, top, left+side, top+side)))
				if err != nil || got != l.Content {
					t.Errorf("%s: read %q, %v", name, got, err)
				}
				for _, line := range d.Lines {
					box := image.Rect(dots(x+line.X), dots(y+line.Baseline)-dots(line.Size), dots(x+line.X+line.Width), dots(y+line.Baseline))
					if share := darkShare(img, box); share < 0.05 || share > 0.5 {
						t.Errorf("%s: %.0f %% of %q is dark", name, share*100, line.Text)
					}
				}
			}
		}
	}
}

func darkShare(img *image.Gray, r image.Rectangle) float64 {
	dark := 0
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if img.GrayAt(x, y).Y == 0 {
				dark++
			}
		}
	}
	return float64(dark) / float64(r.Dx()*r.Dy())
}

// What is drawn as ZPL is what is drawn as PNG: the codes are the same, dot for dot.
func TestZPLIsThePicture(t *testing.T) {
	for name, l := range samples {
		if l.DPI == 0 {
			l.DPI = DefaultDPI
		}
		picture := decodePNG(t, encode(t, "png", l))
		img := readZPL(t, string(encode(t, "zpl", l)))[0].paint(t)
		d := layout(t, l, l.dot())
		left, top := int(math.Round(d.CodeX/l.dot())), int(math.Round(d.CodeY/l.dot()))
		pngLeft, pngTop := int(d.CodeX/l.dot()+tiny), int(d.CodeY/l.dot()+tiny)
		side := int(math.Round(d.Module/l.dot())) * len(d.Code)
		for y := range side {
			for x := range side {
				if a, b := picture.Pix[picture.PixOffset(pngLeft+x, pngTop+y)] == 0, img.GrayAt(left+x, top+y).Y == 0; a != b {
					t.Fatalf("%s: another dot at %d, %d of the code", name, x, y)
				}
			}
		}
	}
}

// Nothing in a label can be a command to the printer.
func TestZPLHasNoCommandsFromText(t *testing.T) {
	const hostile = "https://a.vn/~JR^XZ^XA\\_5E"
	data := string(encode(t, "zpl", Label{Content: hostile, Caption: []string{"^XZ ~JA \\ ^FDx^FS"}, DPI: 203}))
	f := readZPL(t, data)
	if len(f) != 1 || f[0].comment != `https://a.vn/%7EJR%5EXZ%5EXA\_5E` {
		t.Errorf("%d labels, %q", len(f), f[0].comment)
	}
}

// A graphic holds at most 99,999 bytes; larger codes come in parts.
func TestZPLLargeCode(t *testing.T) {
	l := Label{Content: link, Width: 120, DPI: 300}
	data := string(encode(t, "zpl", l))
	if n := strings.Count(data, "^GF"); n < 2 {
		t.Errorf("%d graphics", n)
	}
	d := layout(t, l, l.dot())
	side := int(math.Round(d.Module/l.dot())) * len(d.Code)
	x, y := int(math.Round(d.CodeX/l.dot())), int(math.Round(d.CodeY/l.dot()))
	img := readZPL(t, data)[0].paint(t)
	if got, err := decodePure(img.SubImage(image.Rect(x, y, x+side, y+side))); err != nil || got != link {
		t.Errorf("read %q, %v", got, err)
	}
}

func TestGraphicIsReversible(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stride := rapid.IntRange(1, 250).Draw(t, "stride")
		b := newBitmap(8*stride, rapid.IntRange(1, 6).Draw(t, "height"))
		pattern := rapid.SliceOfN(rapid.SampledFrom([]byte{0, 0, 0xff, 0xff, 0xf0, 0x0f, 0x5a}), 1, 8).Draw(t, "pattern")
		run := rapid.IntRange(1, 2000).Draw(t, "run")
		for i := range b.bits {
			b.bits[i] = pattern[i/run%len(pattern)]
		}
		data := appendGraphic(nil, b)
		if rest, ok := bytes.CutPrefix(data, []byte("^GF")); !ok || !regexp.MustCompile(`^A,\d+,\d+,\d+,[0-9A-Yg-z,!:]*$`).Match(rest) {
			t.Fatalf("%.60q", data)
		}
		got := readGraphic(t, string(data[3:]))
		if diff := cmp.Diff(fmt.Sprintf("%x", b.bits), fmt.Sprintf("%x", got.bits)); diff != "" {
			t.Fatal(diff)
		}
	})
}
