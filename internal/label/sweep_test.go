package label

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"fmt"
	"image"
	"io"
	"iter"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The programs that read what this package draws and were not written for it: a PDF renderer, and a second
// reader of QR codes beside gozxing. The README says how they are installed.
const (
	rasteriser = "pdftoppm"
	extractor  = "pdftotext"
	reader     = "zbarimg"
)

// needs fails the test if a program is missing, and skips it under -short.
func needs(t testing.TB, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			if testing.Short() {
				t.Skipf("%s is not installed", p)
			}
			t.Fatalf("%s is not installed; .ci/prepare does that", p)
		}
	}
}

// TestSweep prints every kind of label on every stock, as PDF, has the document drawn at 203, 300 and 600 dots
// per inch by a renderer that is not ours, and the codes read by zbar and by gozxing. Each sticker carries a code
// of its own, so that one in the wrong place is found. On the raster it measures what readers need: squares of
// MinModule and four of them in white around the code.
//
// The readers are given one sticker at a time, as a phone is. On a page of 24 and more zbar misses codes: it
// gathers the corner patterns of the whole picture, tries them in threes, and gives up after so many
// threes that belonged to different codes. That says nothing about a label.
//
// Under -short it is one stock in seven.
func TestSweep(t *testing.T) {
	needs(t, rasteriser, reader, extractor)
	for i, s := range stocks(t) {
		if testing.Short() && i%7 != 0 {
			continue
		}
		t.Run(s.ID, func(t *testing.T) {
			t.Parallel()
			w := sweep{t: t, dir: t.TempDir(), stock: s}
			for _, k := range Kinds {
				w.kind(k)
			}
			w.readAll()
		})
	}
}

// sweep is what is drawn of a stock.
type sweep struct {
	t     *testing.T
	dir   string
	stock Stock
	// want is what the code of each picture says, by the picture's file.
	want map[string]string
}

// kind prints a page of labels of a kind and has some of its stickers drawn, if the stock is large enough.
func (w *sweep) kind(k Kind) {
	s := w.stock
	label := func(i int) Label {
		l := sampleOf(k)
		l.Content = fmt.Sprintf("%s%06d", strings.TrimSuffix(link, "-2603A"), i)
		if k.ID == "item" {
			l.Content = fmt.Sprintf("%s/21/M4XK79%06d", link, i)
		}
		return l
	}
	d, err := s.Fit(label(1)).Layout(s.dot())
	if err != nil {
		refusedForSize(w.t, s.ID+"/"+k.ID, err)
		return
	}
	if d.Module < MinModule-tiny {
		w.t.Errorf("%s: squares of %v mm", k.ID, d.Module)
	}
	var labels iter.Seq2[Label, error] = func(yield func(Label, error) bool) {
		for i := range s.Cells() {
			if !yield(label(i+1), nil) {
				return
			}
		}
	}
	file := filepath.Join(w.dir, k.ID+".pdf")
	var b bytes.Buffer
	if _, err := (Sheet{Stock: s, Labels: labels}).WritePDF(&b); err != nil {
		w.t.Fatalf("%s: %v", k.ID, err)
	}
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		w.t.Fatal(err)
	}
	w.text(k, file, d)
	for _, dpi := range []int{203, 300, 600} {
		for _, cell := range slices.Compact([]int{1, s.Cells()}) {
			w.raster(file, k, d, dpi, cell, label(cell).Content)
		}
	}
}

// text compares what can be copied out of the document with what is on the label.
func (w *sweep) text(k Kind, file string, d *Layout) {
	out, err := exec.CommandContext(w.t.Context(), extractor, "-raw", "-enc", "UTF-8", file, "-").Output()
	if err != nil {
		w.t.Fatal(err)
	}
	for _, line := range d.Lines {
		if n := strings.Count(bare(string(out)), bare(line.Text)); n < w.stock.Cells() {
			w.t.Errorf("%s: %q is %d times in the document, want %d", k.ID, line.Text, n, w.stock.Cells())
		}
	}
}

// raster has one sticker drawn, measures it, and has gozxing read it; zbar reads all of a stock at once.
func (w *sweep) raster(file string, k Kind, d *Layout, dpi, cell int, want string) {
	px := func(mm float64) float64 { return mm * float64(dpi) / 25.4 }
	x, y := w.stock.Cell(cell)
	left, top := int(math.Floor(px(x))), int(math.Floor(px(y)))
	name := fmt.Sprintf("%s-%d-%d", k.ID, dpi, cell)
	out := filepath.Join(w.dir, name)
	cmd := exec.CommandContext(w.t.Context(), rasteriser, "-gray", "-singlefile", "-r", fmt.Sprint(dpi), "-x", fmt.Sprint(left), "-y", fmt.Sprint(top),
		"-W", fmt.Sprint(int(math.Ceil(px(w.stock.Width)))), "-H", fmt.Sprint(int(math.Ceil(px(w.stock.Height)))), file, out)
	if text, err := cmd.CombinedOutput(); err != nil {
		w.t.Fatalf("%v: %v\n%s", cmd, err, text)
	}
	img := readPGM(w.t, out+".pgm")
	codeX, codeY, module := px(x+d.CodeX)-float64(left), px(y+d.CodeY)-float64(top), px(d.Module)
	n := len(d.Code)
	// The quiet zone is white but for a pixel that an edge may share: pages are not whole pixels high.
	dark := image.Rectangle{Min: img.Rect.Max}
	ring := image.Rect(int(math.Ceil(codeX))+1, int(math.Ceil(codeY))+1, int(codeX+float64(n)*module)-1, int(codeY+float64(n)*module)-1)
	for py := ring.Min.Y; py < ring.Max.Y; py++ {
		for px := ring.Min.X; px < ring.Max.X; px++ {
			if img.GrayAt(px, py).Y < 0x80 {
				dark.Min.X, dark.Min.Y = min(dark.Min.X, px), min(dark.Min.Y, py)
				dark.Max.X, dark.Max.Y = max(dark.Max.X, px+1), max(dark.Max.Y, py+1)
			}
		}
	}
	inner := float64(n - 2*quietZone)
	measured := float64(dark.Dx()) / inner * 25.4 / float64(dpi)
	if tolerance := 1.5 * 25.4 / float64(dpi) / inner; measured < MinModule-tolerance || math.Abs(measured-d.Module) > tolerance || dark.Dx()-dark.Dy() > 1 || dark.Dy()-dark.Dx() > 1 {
		w.t.Errorf("%s: squares of %.3f mm, want %.3f; the code takes %v", name, measured, d.Module, dark)
	}
	for side, white := range map[string]float64{
		"left": float64(dark.Min.X) - codeX, "upper": float64(dark.Min.Y) - codeY,
		"right": codeX + float64(n)*module - float64(dark.Max.X), "lower": codeY + float64(n)*module - float64(dark.Max.Y),
	} {
		if white < quietZone*module-2 {
			w.t.Errorf("%s: %.2f squares are white on the %s side", name, white/module, side)
		}
	}
	if got, err := readEither(img.SubImage(image.Rect(int(codeX), int(codeY), int(codeX+float64(n)*module)+1, int(codeY+float64(n)*module)+1))); got != want {
		w.t.Errorf("%s: gozxing reads %q, want %q: %v", name, got, want, err)
	}
	if w.want == nil {
		w.want = map[string]string{}
	}
	w.want[out+".pgm"] = want
}

// readEither reads a code whose place is known: gozxing searches for it, and if it takes data for corners, as it
// does with some good ones, it is told that there is nothing else in the picture.
func readEither(img image.Image) (string, error) {
	if got, err := scan(img); err == nil {
		return got, nil
	}
	return decodePure(img)
}

// readAll has zbar read every sticker that was drawn.
func (w *sweep) readAll() {
	if len(w.want) == 0 {
		return
	}
	args := []string{"--xml", "-q", "-S*.enable=0", "-Sqrcode.enable=1"}
	for file := range w.want {
		args = append(args, file)
	}
	out, err := exec.CommandContext(w.t.Context(), reader, args...).Output()
	if err != nil && len(out) == 0 {
		w.t.Fatal(err)
	}
	var found struct {
		Sources []struct {
			File    string   `xml:"href,attr"`
			Symbols []string `xml:"index>symbol>data"`
		} `xml:"source"`
	}
	if err := xml.Unmarshal(out, &found); err != nil {
		w.t.Fatalf("%v\n%s", err, out)
	}
	got := map[string][]string{}
	for _, s := range found.Sources {
		got[s.File] = s.Symbols
	}
	for file, want := range w.want {
		if !slices.Equal(got[file], []string{want}) {
			w.t.Errorf("%s: zbar reads %q, want %q", filepath.Base(file), got[file], want)
		}
	}
}

// readPGM reads a picture in shades of gray as the renderer writes it.
func readPGM(t testing.TB, file string) *image.Gray {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(bytes.NewReader(data))
	var w, h, most int
	if _, err := fmt.Fscanf(r, "P5\n%d %d\n%d\n", &w, &h, &most); err != nil || most != 255 {
		t.Fatalf("%s: %v", file, err)
	}
	img := image.NewGray(image.Rect(0, 0, w, h))
	if _, err := io.ReadFull(r, img.Pix); err != nil {
		t.Fatal(err)
	}
	return img
}
