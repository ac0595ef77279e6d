package label

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"iter"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"truynguon/configs"
	"truynguon/internal/fault"
)

func stocks(t testing.TB) []Stock {
	t.Helper()
	all, err := ParseStocks(configs.Labels)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func stock(t testing.TB, id string) Stock {
	t.Helper()
	for _, s := range stocks(t) {
		if s.ID == id {
			return s
		}
	}
	t.Fatalf("no stock %q", id)
	return Stock{}
}

// values are what a lot says of itself.
var values = map[Part]string{
	PartProduct: "Cà phê nhân Robusta Đắk Lắk", PartProducer: "Hợp tác xã Nông nghiệp Dịch vụ Ea Tu",
	PartAddress: "Buôn Kô Tam, phường Tân An, tỉnh Đắk Lắk", PartOrigin: "Việt Nam", PartLot: "HTX-2603A",
	PartSerial: "000123", PartNetWeight: "500 g", PartCount: "24 gói", PartHarvestDate: "10/03/2026",
	PartPackagingDate: "15/03/2026", PartExpirationDate: "15/03/2027", PartCertificates: "VietGAP VG-2025-0142; OCOP 4 sao",
	PartStorage: "Nơi khô ráo, thoáng mát, tránh ánh nắng", PartCode: "M4XK-79QF-HJ3W",
}

var partNames = map[Part]string{
	PartProducer: "Nhà sản xuất", PartAddress: "Địa chỉ", PartOrigin: "Xuất xứ", PartLot: "Lô", PartSerial: "Số sê-ri",
	PartNetWeight: "Khối lượng tịnh", PartCount: "Số gói", PartHarvestDate: "Thu hoạch", PartPackagingDate: "Đóng gói",
	PartExpirationDate: "Hạn dùng", PartCertificates: "Chứng nhận", PartStorage: "Bảo quản",
}

func sampleOf(k Kind) Label {
	return k.Compose(link, values, func(p Part) string { return partNames[p] })
}

func testLogo(t testing.TB) *Logo {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, 90, 60))
	for y := range 60 {
		for x := range 90 {
			if (x-45)*(x-45)*4+(y-30)*(y-30)*9 < 90*90 {
				img.Set(x, y, color.NRGBA{uint8(2 * x), 120, uint8(4 * y), 255})
			}
		}
	}
	l, err := NewLogo(img)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func repeat(n int, l Label) iter.Seq2[Label, error] {
	return func(yield func(Label, error) bool) {
		for range n {
			if !yield(l, nil) {
				return
			}
		}
	}
}

// code returns the code of a problem, or the error's text.
func code(err error) string {
	var p *fault.Problem
	if errors.As(err, &p) {
		return p.Code
	}
	return fmt.Sprint(err)
}

func bare(s ...string) string { return strings.Join(strings.Fields(strings.Join(s, "")), "") }

// refusedForSize checks that what was refused was refused for its size alone.
func refusedForSize(t *testing.T, name string, err error) {
	t.Helper()
	if c := code(err); c != "label_too_small" && c != "label_text_no_room" {
		t.Errorf("%s: %v", name, err)
	}
}

func TestRuns(t *testing.T) {
	s := stock(t, "a4-24")
	l := Label{Content: link, Caption: []string{"Lô 1"}}
	for _, tt := range []struct {
		name  string
		sheet Sheet
		want  Printed
	}{
		{"one", Sheet{Stock: s, Labels: repeat(1, l)}, Printed{Labels: 1, Pages: 1}},
		{"a full sheet", Sheet{Stock: s, Labels: repeat(24, l)}, Printed{Labels: 24, Pages: 1}},
		{"the last sticker", Sheet{Stock: s, Labels: repeat(2, l), Start: 24}, Printed{Labels: 2, Pages: 2}},
		{"copies over pages", Sheet{Stock: s, Labels: repeat(3, l), Start: 20, Copies: 10}, Printed{Labels: 30, Pages: 3}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b bytes.Buffer
			got, err := tt.sheet.WritePDF(&b)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			pages := readPDF(t, b.Bytes()).pages()
			if len(pages) != tt.want.Pages {
				t.Fatalf("%d pages", len(pages))
			}
			x, y := s.Cell(max(tt.sheet.Start, 1))
			if c := pages[0].codes[0]; c.x < x || c.x > x+s.Width || c.y < y || c.y > y+s.Height {
				t.Errorf("the first label is at %v, %v", c.x, c.y)
			}
		})
	}
}

func TestRunRefusals(t *testing.T) {
	a4, roll := stock(t, "a4-24"), stock(t, "roll-50x30-203")
	good := Label{Content: link}
	odd := errors.New("the database is down")
	failing := func(yield func(Label, error) bool) { _ = yield(good, nil) && yield(Label{}, odd) }
	for _, tt := range []struct {
		name  string
		sheet Sheet
		want  string
	}{
		{"nothing", Sheet{Stock: a4, Labels: repeat(0, good)}, "label_none"},
		{"no such sticker", Sheet{Stock: a4, Labels: repeat(1, good), Start: 25}, "label_start"},
		{"negative start", Sheet{Stock: a4, Labels: repeat(1, good), Start: -1}, "label_start"},
		{"too many copies", Sheet{Stock: a4, Labels: repeat(1, good), Copies: 1001}, "label_copies"},
		{"far off", Sheet{Stock: a4, Labels: repeat(1, good), Calibration: Calibration{DX: 21}}, "label_calibration"},
		{"not a number", Sheet{Stock: a4, Labels: repeat(1, good), Calibration: Calibration{ScaleY: math.NaN()}}, "label_calibration"},
		{"off the page", Sheet{Stock: roll, Labels: repeat(1, good), Calibration: Calibration{DX: -19}}, "label_off_page"},
		{"no stock", Sheet{Labels: repeat(1, good)}, ""},
		{"too small", Sheet{Stock: Roll(20, 10, 203), Labels: repeat(1, good)}, "label_too_small"},
		{"label at fault", Sheet{Stock: a4, Labels: repeat(1, Label{})}, "label_content_empty"},
		{"labels fail", Sheet{Stock: a4, Labels: failing}, "label 2: the database is down"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b bytes.Buffer
			_, err := tt.sheet.WritePDF(&b)
			if err == nil || code(err) != tt.want {
				t.Errorf("want %q, got %v", tt.want, err)
			}
			if b.Len() > 0 {
				t.Error("something was written")
			}
		})
	}
}

// Warnings of a run are told once.
func TestRunWarnings(t *testing.T) {
	s := Roll(15.8, 15.8, 203)
	s.Safe = 0
	got, err := (Sheet{Stock: s, Labels: repeat(3, Label{Content: link})}).WriteZPL(io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Warning{{"module", []any{"0.38", "0.4"}}}, got.Warnings); diff != "" {
		t.Error(diff)
	}
}

// counter counts what was written when.
type counter struct{ n int }

func (c *counter) Write(b []byte) (int, error) {
	c.n += len(b)
	return len(b), nil
}

// A page leaves when it is full, not when the document is.
func TestPDFStreams(t *testing.T) {
	var w counter
	var before []int
	labels := func(yield func(Label, error) bool) {
		for l, err := range repeat(10, Label{Content: link}) {
			before = append(before, w.n)
			if !yield(l, err) {
				return
			}
		}
	}
	if _, err := (Sheet{Stock: stock(t, "roll-50x30-203"), Labels: labels}).WritePDF(&w); err != nil {
		t.Fatal(err)
	}
	for i := 1; i < len(before); i++ {
		if before[i] <= before[i-1] {
			t.Errorf("nothing was written before label %d: %v", i+1, before)
		}
	}
}

func TestWriterOfRunFails(t *testing.T) {
	for n := range 40 { // in every part of a document
		w := &failingWriter{n}
		_, err := (Sheet{Stock: stock(t, "roll-50x30-203"), Labels: repeat(1, Label{Content: link})}).WritePDF(w)
		if w.n < 0 && !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("after %d writes: %v", n, err)
		}
	}
}

type failingWriter struct{ n int }

func (w *failingWriter) Write(b []byte) (int, error) {
	if w.n--; w.n < 0 {
		return 0, io.ErrClosedPipe
	}
	return len(b), nil
}

// A printer that is off by some scale and offset prints in the right place when it is calibrated.
func TestCalibrate(t *testing.T) {
	s := stock(t, "a4-21")
	x1, y1, x2, y2 := s.Marks()
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string, from, to float64) float64 { return rapid.Float64Range(from, to).Draw(t, name) }
		scaleX, scaleY := draw("scale x", 0.95, 1.05), draw("scale y", 0.95, 1.05)
		dx, dy := draw("dx", -10, 10), draw("dy", -10, 10)
		c, err := s.Calibrate(Measured{Left: scaleX*x1 + dx, Top: scaleY*y1 + dy, Across: scaleX * (x2 - x1), Down: scaleY * (y2 - y1)})
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range []float64{0, 50, 210} {
			if got := scaleX*(x*c.ScaleX+c.DX) + dx; math.Abs(got-x) > 1e-6 {
				t.Fatalf("%v is printed at %v", x, got)
			}
			if got := scaleY*(x*c.ScaleY+c.DY) + dy; math.Abs(got-x) > 1e-6 {
				t.Fatalf("%v is printed at %v", x, got)
			}
		}
	})
	for _, m := range []Measured{{}, {Left: 15, Top: 15, Across: 90, Down: 267}, {Left: 60, Top: 15, Across: 180, Down: 267}, {Left: math.NaN(), Across: 180, Down: 267}} {
		if _, err := s.Calibrate(m); code(err) != "label_calibration" {
			t.Errorf("%+v: %v", m, err)
		}
	}
}

func TestCalibrationMovesWhatIsPrinted(t *testing.T) {
	c := Calibration{DX: 1.5, DY: -0.75, ScaleX: 1.01, ScaleY: 0.99}
	first := func(id string, c Calibration) pdfCode {
		var b bytes.Buffer
		if _, err := (Sheet{Stock: stock(t, id), Labels: repeat(1, Label{Content: link}), Start: 14, Calibration: c}).WritePDF(&b); err != nil {
			t.Fatal(err)
		}
		return readPDF(t, b.Bytes()).pages()[0].codes[0]
	}
	plain, moved := first("a4-21", Calibration{}), first("a4-21", c)
	if dx, dy := moved.x-(1.01*plain.x+1.5), moved.y-(0.99*plain.y-0.75); math.Abs(dx) > 0.001 || math.Abs(dy) > 0.001 {
		t.Errorf("%v, %v mm from where it belongs", dx, dy)
	}
	zpl := func(c Calibration) zplField {
		var b bytes.Buffer
		if _, err := (Sheet{Stock: stock(t, "roll-100x50-203"), Labels: repeat(1, Label{Content: link}), Calibration: c}).WriteZPL(&b); err != nil {
			t.Fatal(err)
		}
		return readZPL(t, b.String())[0].fields[0]
	}
	a, b := zpl(Calibration{}), zpl(Calibration{DX: 2, DY: 0.5})
	if b.x-a.x != 16 || b.y-a.y != 4 {
		t.Errorf("moved by %d, %d dots", b.x-a.x, b.y-a.y)
	}
}

func TestTestPage(t *testing.T) {
	const mm = 0.01
	for _, s := range stocks(t) {
		page := TestPage{Stock: s, Notes: []string{"Đo từ mép giấy đến dấu cộng"}}
		var b bytes.Buffer
		if err := page.WriteTestPDF(&b); err != nil {
			t.Fatal(err)
		}
		p := readPDF(t, b.Bytes()).pages()[0]
		has := func(x, y, w, h float64) bool {
			for _, r := range p.rectangles {
				if math.Abs(r[0]-x) < mm && math.Abs(r[1]-y) < mm && math.Abs(r[2]-w) < mm && math.Abs(r[3]-h) < mm {
					return true
				}
			}
			return false
		}
		x1, y1, x2, y2 := s.Marks()
		arm := min(5, x1-thin)
		for _, m := range [][2]float64{{x1, y1}, {x2, y2}} {
			if !has(m[0]-arm-thin/2, m[1]-thin/2, 2*arm+thin, thin) || !has(m[0]-thin/2, m[1]-arm-thin/2, thin, 2*arm+thin) {
				t.Errorf("%s: no cross at %v", s.ID, m)
			}
		}
		for n := 1; n <= s.Cells(); n++ {
			if x, y := s.Cell(n); !has(x, y, s.Width, thin) || !has(x, y, thin, s.Height) || !has(x, y+s.Height-thin, s.Width, thin) {
				t.Errorf("%s: no outline of sticker %d", s.ID, n)
			}
		}
		if s.Kind == SheetStock && (len(p.lines) == 0 || p.lines[0].Text != page.Notes[0]) {
			t.Errorf("%s: notes %v", s.ID, p.lines)
		}
		var z bytes.Buffer
		err := page.WriteTestZPL(&z)
		if s.Kind == SheetStock {
			if code(err) != "label_zpl_sheet" {
				t.Errorf("%s: %v", s.ID, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		readZPL(t, z.String())[0].paint(t)
	}
}
