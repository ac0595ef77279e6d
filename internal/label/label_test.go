package label

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/makiuchi-d/gozxing"
	gozxingqr "github.com/makiuchi-d/gozxing/qrcode"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"truynguon/internal/fault"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

const link = "https://truynguon.example.vn/01/08938507000013/10/HTX-2603A"

// samples are drawn as golden files, and looked at by a person when they change.
var samples = map[string]Label{
	"plain": {Content: link},
	"sticker": {Content: link, Width: 40, Height: 50,
		Caption: []string{"Cà phê nhân Đắk Lắk", "Lô HTX-2603A", "Thu hoạch 10/03/2026", "M4XK-79QF-HJ3W"}},
	"small": {Content: "HTTPS://TN.EXAMPLE.VN/L/M4XK79QFHJ3W", Width: 15, DPI: 203, Caption: []string{"M4XK-79QF-HJ3W"}},
	"wrapped": {Content: link, Width: 30, DPI: 600, Text: 3.5,
		Caption: []string{"Sầu riêng Ri6 đạt chuẩn VietGAP của Hợp tác xã Nông nghiệp Dịch vụ Ea Tu, Buôn Ma Thuột <\"&'>", "ƯỄẴỘỶỲĐ ưễẵộỷỳđ", strings.Repeat("dài", 20)}},
	"beside": {Content: link, Width: 63.5, Height: 38.1, Margin: 1, Title: "Cà phê nhân Robusta Đắk Lắk",
		Fields:  []Field{{"Nhà sản xuất", "Hợp tác xã Nông nghiệp Dịch vụ Ea Tu"}, {"Địa chỉ", "Buôn Kô Tam, phường Tân An, tỉnh Đắk Lắk"}, {"Lô", "HTX-2603A"}, {"", "VietGAP"}, {"Hạn dùng", ""}},
		Caption: []string{"M4XK-79QF-HJ3W"}},
	"tall":   {Content: link, Width: 60, Height: 90, Title: "Sầu riêng Ri6", Fields: []Field{{"Lô", "SR-07"}, {"Xuất xứ", "Việt Nam"}}, DPI: 203},
	"module": {Content: link, Width: 60, Height: 40, Margin: 2, Module: 0.5, Correction: Quartile, Caption: []string{"Xoài cát Hoà Lộc"}},
}

func encode(t testing.TB, ext string, l Label) []byte {
	t.Helper()
	f, ok := ByExt(ext)
	if !ok {
		t.Fatalf("no format %q", ext)
	}
	var b bytes.Buffer
	if err := f.Encode(&b, l); err != nil {
		t.Fatalf("%s: %v", ext, err)
	}
	return b.Bytes()
}

func TestGolden(t *testing.T) {
	for name, l := range samples {
		for _, f := range Formats {
			t.Run(name+"."+f.Ext, func(t *testing.T) {
				got := encode(t, f.Ext, l)
				file := filepath.Join("testdata", name+"."+f.Ext)
				if *update {
					if err := os.WriteFile(file, got, 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if f.Ext == "pdf" {
					if diff := cmp.Diff(readPDF(t, want).plain(), readPDF(t, got).plain()); diff != "" {
						t.Error(diff)
					}
					return
				}
				if f.Ext == "png" { // another release of the compressor may write other bytes
					if !samePicture(t, want, got) {
						t.Error("not the picture in testdata; -update rewrites it")
					}
					return
				}
				if diff := cmp.Diff(string(want), string(got)); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

func samePicture(t *testing.T, want, got []byte) bool {
	t.Helper()
	a, b := decodePNG(t, want), decodePNG(t, got)
	if a.Bounds() != b.Bounds() {
		return false
	}
	// Shades of letters may differ by one step where another processor rounds otherwise.
	for i := range a.Pix {
		if d := int(a.Pix[i]) - int(b.Pix[i]); d < -1 || d > 1 {
			return false
		}
	}
	return true
}

func decodePNG(t *testing.T, data []byte) *image.Paletted {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	p, ok := img.(*image.Paletted)
	if !ok || len(p.Palette) > 16 {
		t.Fatalf("a picture of type %T, not of sixteen shades", img)
	}
	return p
}

// scan finds and decodes the QR code in a picture, as a phone does.
func scan(img image.Image) (string, error) {
	return decode(img, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true})
}

// read decodes the QR code of a label where the layout has it. This reader's search for codes fails
// on some good ones (it takes data for corners, where zbar does not), so what is tested for every
// length is the code and not the search.
func read(img *image.Paletted, d *Layout, dot float64) (string, error) {
	dots := func(mm float64) int { return int(mm/dot + tiny) }
	side := dots(d.Module * float64(len(d.Code)))
	x, y := dots(d.CodeX), dots(d.CodeY)
	return decodePure(img.SubImage(image.Rect(x, y, x+side, y+side)))
}

// decodePure decodes a picture that shows a QR code and nothing else.
func decodePure(img image.Image) (string, error) {
	return decode(img, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_PURE_BARCODE: true})
}

func decode(img image.Image, hints map[gozxing.DecodeHintType]any) (string, error) {
	bmp, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		return "", err
	}
	res, err := gozxingqr.NewQRCodeReader().Decode(bmp, hints)
	if err != nil {
		return "", err
	}
	return res.GetText(), nil
}

func url(n int) string {
	const tail = "HTX-2603a/21/0aZ9%2F~_.b7-"
	s := "https://a.vn/01/08938507000013/10/"
	for len(s) < n {
		s += tail
	}
	return s[:n]
}

// Every code that is drawn can be read: that is what a label is for.
func TestEveryPNGIsRead(t *testing.T) {
	for i, dpi := range []int{96, 203, 300, 600} {
		step := 1
		if dpi == 600 {
			step = 7 // large pictures, and nothing else is new
		}
		if testing.Short() {
			step = 21
		}
		t.Run(fmt.Sprint(dpi), func(t *testing.T) {
			t.Parallel()
			for n := 20 + i; n <= 300; n += step {
				// The width that Layout advises is the smallest label, hence the hardest.
				l := Label{Content: url(n), Width: 1, DPI: dpi, Caption: []string{"Lô HTX-2603A"}, Correction: Low + Correction(n%4)}
				l.Width, _ = advised(t, l)
				d, err := l.Layout(l.dot())
				if err != nil {
					t.Fatal(err)
				}
				got, err := read(decodePNG(t, encode(t, "png", l)), d, l.dot())
				if err != nil || got != l.Content {
					t.Errorf("%d characters at %d dpi: %q read as %q, %v", n, dpi, l.Content, got, err)
				}
			}
		})
	}
}

func TestSamplesAreRead(t *testing.T) {
	for name, l := range samples {
		if got, err := scan(decodePNG(t, encode(t, "png", l))); err != nil || got != l.Content {
			t.Errorf("%s: %q read as %q, %v", name, l.Content, got, err)
		}
	}
}

// advised draws a label that is too small and returns the size that the fault advises.
func advised(t rapid.TB, l Label) (width, height float64) {
	t.Helper()
	_, err := l.Layout(25.4 / float64(max(l.DPI, 1)))
	var p *fault.Problem
	if !errors.As(err, &p) || p.Code != "label_too_small" && p.Code != "label_text_no_room" || !errors.Is(err, fault.Invalid) {
		t.Fatalf("want label_too_small or label_text_no_room, got %v", err)
	}
	width, err1 := strconv.ParseFloat(p.Args[0].(string), 64)
	height, err2 := strconv.ParseFloat(p.Args[1].(string), 64)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	return width, height
}

// Whatever is asked, a layout keeps its promises, or names a size that does.
func TestLayoutKeepsItsPromises(t *testing.T) {
	logo := testLogo(t)
	rapid.Check(t, func(t *rapid.T) {
		size := func(name string, from, to float64) float64 {
			if rapid.Bool().Draw(t, name+" chosen") {
				return 0
			}
			return rapid.Float64Range(from, to).Draw(t, name)
		}
		l := Label{
			Content:    url(rapid.IntRange(20, 200).Draw(t, "content")),
			Title:      rapid.StringMatching(`[a-zđễỰ /-]{0,60}`).Draw(t, "title"),
			Caption:    rapid.SliceOfN(rapid.StringMatching(`[a-zđễỰ /-]{0,60}`), 0, 4).Draw(t, "caption"),
			Logo:       rapid.SampledFrom([]*Logo{nil, logo}).Draw(t, "logo"),
			Width:      size("width", 5, 100),
			Height:     size("height", 5, 100),
			Margin:     size("margin", 0, 3),
			Module:     size("module", MinModule, 1),
			Text:       size("text", 1, 6),
			Correction: Correction(rapid.IntRange(0, 4).Draw(t, "correction")),
			DPI:        rapid.SampledFrom([]int{72, 96, 203, 300, 600}).Draw(t, "dpi"),
		}
		for _, text := range rapid.SliceOfN(rapid.StringMatching(`[a-zđễỰ /-]{0,60}`), 0, 4).Draw(t, "fields") {
			l.Fields = append(l.Fields, Field{"Lô", text})
		}
		dot := 0.0
		if rapid.Bool().Draw(t, "dots") {
			dot = l.dot()
		}
		d, err := l.Layout(dot)
		if err != nil {
			var p *fault.Problem
			if !errors.As(err, &p) || p.Code != "label_too_small" && p.Code != "label_text_no_room" {
				t.Fatal(err)
			}
			width, err1 := strconv.ParseFloat(p.Args[0].(string), 64)
			height, err2 := strconv.ParseFloat(p.Args[1].(string), 64)
			if err := errors.Join(err1, err2); err != nil {
				t.Fatal(err)
			}
			l.Width, l.Height = width, height
			if d, err = l.Layout(dot); err != nil {
				t.Fatalf("the advice %v × %v mm does not do: %v", width, height, err)
			}
		}
		const mm = 1e-4
		side := d.Module * float64(len(d.Code))
		if d.Module < MinModule-mm || d.CodeX < l.Margin-mm || d.CodeY < l.Margin-mm || d.CodeX+side > d.Width-l.Margin+mm || d.CodeY+side > d.Height-l.Margin+mm {
			t.Fatalf("the code has squares of %v mm, at %v, %v, side %v of %v", d.Module, d.CodeX, d.CodeY, side, d.Width)
		}
		if dots := d.Module / dot; dot > 0 && math.Abs(dots-math.Round(dots)) > mm {
			t.Fatalf("a module of %v dots", dots)
		}
		for code, want := range map[string]bool{"module": d.Module < GoodModule-mm, "logo": l.Logo != nil && d.Logo == nil,
			"correction": l.Correction == Auto && d.Correction == Low} {
			if got := slices.ContainsFunc(d.Warnings, func(w Warning) bool { return w.Code == code }); got != want {
				t.Fatalf("squares of %v mm, correction %v, warnings %v", d.Module, d.Correction, d.Warnings)
			}
		}
		for y, row := range d.Code {
			for x, dark := range row {
				if n := len(d.Code) - 4; dark && (y < 4 || x < 4 || y >= n || x >= n) {
					t.Fatal("the quiet zone is not quiet")
				}
			}
		}
		// Nothing covers anything else, and nothing leaves the label.
		type box struct{ left, top, right, bottom float64 }
		boxes := []box{{d.CodeX, d.CodeY, d.CodeX + side, d.CodeY + side}}
		if d.Logo != nil {
			boxes = append(boxes, box{d.LogoX, d.LogoY, d.LogoX + d.LogoWidth, d.LogoY + d.LogoHeight})
		}
		shown := ""
		for _, line := range d.Lines {
			if line.Size < MinText-mm {
				t.Fatalf("%+v is too small", line)
			}
			boxes = append(boxes, box{line.X, line.Baseline - lineAscent*line.Size, line.X + line.Width, line.Baseline + lineDescent*line.Size})
			shown += line.Text
		}
		for i, a := range boxes {
			for _, b := range boxes[:i] {
				if a.left < b.right-mm && b.left < a.right-mm && a.top < b.bottom-mm && b.top < a.bottom-mm {
					t.Fatalf("%+v is over %+v", a, b)
				}
			}
			if edge := max(l.Margin, textMargin); i > 0 && (a.left < edge-mm || a.top < edge-mm || a.right > d.Width-edge+mm || a.bottom > d.Height-edge+mm) {
				t.Fatalf("%+v is not within %v × %v", a, d.Width, d.Height)
			}
		}
		whole, err := l.complete()
		if err != nil {
			t.Fatal(err)
		}
		if want := bare(whole.texts()...); bare(shown) != want {
			t.Fatalf("shown %q of %q", bare(shown), want)
		}
	})
}

func TestRefusals(t *testing.T) {
	for _, tt := range []struct {
		name string
		l    Label
		want string
	}{
		{"no content", Label{}, "label_content_empty []"},
		{"letters that scanners guess", Label{Content: "https://a.vn/lô"}, "label_content_characters []"},
		{"line feed", Label{Content: "https://a.vn/\n"}, "label_content_characters []"},
		{"over capacity", Label{Content: strings.Repeat("a", 2332), Width: 100, Correction: Medium}, "label_content_too_long [2332 2331]"},
		{"over capacity of a level", Label{Content: strings.Repeat("a", 1274), Width: 100, Correction: High}, "label_content_too_long [1274 1273]"},
		{"narrow", Label{Content: link, Width: 10, Height: 200}, "label_too_small [13.9 200]"},
		{"low", Label{Content: link, Height: 10, Caption: []string{"a", "b"}}, "label_too_small [40 19.6]"},
		{"text that does not fit", Label{Content: link, Width: 20, Height: 20, Title: "Mật ong", Fields: []Field{{"Địa chỉ", strings.Repeat("Buôn Kô Tam, ", 9)}}},
			"label_text_no_room [20 37 Địa chỉ: Buôn Kô Tam, Buôn Kô Tam, Buôn …]"},
		{"module that does not fit", Label{Content: link, Module: 2}, "label_too_small [83.4 83.4]"},
		{"module", Label{Content: link, Module: 0.2}, "label_module_too_small [0.2 0.33]"},
		{"huge", Label{Content: link, Width: 301}, "label_too_large [300]"},
		{"huge by its text", Label{Content: link, Width: 15, Caption: strings.Fields(strings.Repeat(strings.Repeat("a", 200)+" ", 20))}, "label_too_large [300]"},
		{"too many dots", Label{Content: link, Width: 300, DPI: 1200}, "label_too_large [300]"},
		{"negative", Label{Content: link, Width: -1}, "label_size []"},
		{"not a number", Label{Content: link, Margin: math.NaN()}, "label_size []"},
		{"infinite", Label{Content: link, Text: math.Inf(1)}, "label_size []"},
		{"coarse", Label{Content: link, DPI: 10}, "label_dpi [72 1200]"},
		{"control", Label{Content: link, Caption: []string{"a", "\x1b"}}, "label_text_characters [2 U+1B]"},
		{"long line", Label{Content: link, Caption: []string{strings.Repeat("ơ", 201)}}, "label_text_too_much [20 200]"},
		{"many lines", Label{Content: link, Caption: strings.Fields(strings.Repeat("a ", 21))}, "label_text_too_much [20 200]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b bytes.Buffer
			err := encodePNG(&b, tt.l)
			var p *fault.Problem
			if !errors.As(err, &p) || !errors.Is(err, fault.Invalid) {
				t.Fatalf("no problem: %v", err)
			}
			if diff := cmp.Diff(tt.want, fmt.Sprint(p.Code, " ", p.Args)); diff != "" {
				t.Error(diff)
			}
			if b.Len() > 0 {
				t.Error("something was written")
			}
		})
	}
	if _, err := (Label{Content: link, Correction: 9}).Layout(0); err == nil {
		t.Error("an unknown correction level is drawn")
	}
}

func TestGlyphsThatTheFontLacks(t *testing.T) {
	l := Label{Content: link, Caption: []string{"Cam 🍊 橙 🍊"}, DPI: 300}
	d, err := l.Layout(l.dot())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Warning{{"glyph", []any{"🍊橙"}}}, d.Warnings); diff != "" {
		t.Error(diff)
	}
}

func TestFontHasVietnamese(t *testing.T) {
	var letters strings.Builder
	for _, vowel := range "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY" {
		for _, tone := range []string{"", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323"} {
			letters.WriteString(norm.NFC.String(string(vowel) + tone))
		}
	}
	for r := ' '; r <= '~'; r++ {
		letters.WriteRune(r)
	}
	letters.WriteString("đĐ₫–—‘’“”…·×²³°±№€\u00a0")
	if missing := missingGlyphs([]string{letters.String()}); missing != "" {
		t.Errorf("the font lacks %q", missing)
	}
	if n := len(letters.String()); len(fontFile) > 150<<10 || n < 300 {
		t.Errorf("font of %d bytes, %d bytes of letters", len(fontFile), n)
	}
}

func TestSVG(t *testing.T) {
	for name, l := range samples {
		var root struct {
			Width string   `xml:"width,attr"`
			Title string   `xml:"title"`
			Desc  string   `xml:"desc"`
			Text  []string `xml:"g>text"`
			Path  []struct {
				D string `xml:"d,attr"`
			} `xml:"path"`
		}
		if err := xml.Unmarshal(encode(t, "svg", l), &root); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		code := layout(t, l, 0).Code
		if diff := cmp.Diff(code, fill(t, root.Path[1].D, len(code))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if diff := cmp.Diff(bare(l.texts()...), bare(root.Text...)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if root.Desc != l.Content || root.Title == "" || !strings.HasSuffix(root.Width, "mm") {
			t.Errorf("%s: %+v", name, root)
		}
	}
	svg, err := SVGCode(`https://a.vn/?q="<&>'`)
	if err != nil {
		t.Fatal(err)
	}
	var root struct {
		Title string `xml:"title"`
	}
	if err := xml.Unmarshal([]byte(svg), &root); err != nil || root.Title != `https://a.vn/?q="<&>'` {
		t.Errorf("%q, %v", root.Title, err)
	}
	if _, err := SVGCode(""); !errors.Is(err, fault.Invalid) {
		t.Errorf("nothing is drawn: %v", err)
	}
}

// A picture states its resolution; without it a printer would choose a size.
func TestPNGStatesItsResolution(t *testing.T) {
	data := encode(t, "png", Label{Content: link, DPI: 300})
	want := "\x00\x00\x00\x09pHYs\x00\x00\x2e\x23\x00\x00\x2e\x23\x01"
	if got := string(data[33 : 33+len(want)]); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWriterFails(t *testing.T) {
	r, w := io.Pipe()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	for _, f := range Formats {
		if err := f.Encode(w, Label{Content: link}); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("%s: %v", f.Ext, err)
		}
	}
	if _, ok := ByExt("exe"); ok {
		t.Error("there is a format exe")
	}
}

func BenchmarkEncode(b *testing.B) {
	for _, f := range Formats {
		b.Run(f.Ext, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := f.Encode(io.Discard, samples["sticker"]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("qr", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := QR(link); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func layout(t testing.TB, l Label, dot float64) *Layout {
	t.Helper()
	d, err := l.Layout(dot)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
