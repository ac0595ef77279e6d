package blob

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/draw"
	"math"
	"strings"
	"testing"
)

// EXIF's eight orientations, each photo being stored so that it is seen as the same picture. The
// table is CIPA DC-008's own wording: what the stored first row and first column are to the eye.
func TestAcceptTurnsPhotosUpright(t *testing.T) {
	const w, h = 50, 34 // not whole blocks, and not square
	want := picture(w, h)
	for o, seen := range map[uint16]func(row, column int) (x, y int){
		1: func(r, c int) (int, int) { return c, r },                 // row 0 is the top, column 0 the left
		2: func(r, c int) (int, int) { return w - 1 - c, r },         // top, right
		3: func(r, c int) (int, int) { return w - 1 - c, h - 1 - r }, // bottom, right
		4: func(r, c int) (int, int) { return c, h - 1 - r },         // bottom, left
		5: func(r, c int) (int, int) { return r, c },                 // left, top
		6: func(r, c int) (int, int) { return w - 1 - r, c },         // right, top
		7: func(r, c int) (int, int) { return w - 1 - r, h - 1 - c }, // right, bottom
		8: func(r, c int) (int, int) { return r, h - 1 - c },         // left, bottom
	} {
		stored := image.NewRGBA(image.Rect(0, 0, w, h))
		if o >= 5 {
			stored = image.NewRGBA(image.Rect(0, 0, h, w))
		}
		for r := range stored.Rect.Dy() {
			for c := range stored.Rect.Dx() {
				stored.Set(c, r, want.At(seen(r, c)))
			}
		}
		gray := image.NewGray(stored.Rect)
		draw.Draw(gray, gray.Rect, stored, image.Point{}, draw.Src)
		wantGray := image.NewGray(want.Rect)
		draw.Draw(wantGray, want.Rect, want, image.Point{}, draw.Src)
		for _, tc := range []struct {
			name         string
			stored, want image.Image
			order        binary.AppendByteOrder
			profile      bool
		}{
			{"big-endian", stored, want, binary.BigEndian, true},
			{"little-endian", stored, want, binary.LittleEndian, true},
			{"grey", gray, wantGray, binary.BigEndian, o == 1}, // an RGB profile is not for a grey image
		} {
			t.Run(fmt.Sprintf("%d %s", o, tc.name), func(t *testing.T) {
				data := phoneJPEG(t, tc.stored, tc.order, o)
				a := accept(t, "photo.jpg", data)
				checkAccepted(t, data, a)
				checkNoSecrets(t, a.Data)
				if a.Width != w || a.Height != h {
					t.Fatalf("size is %d x %d, want %d x %d", a.Width, a.Height, w, h)
				}
				if off := meanDifference(tc.want, pixels(t, a.Data)); off > 2 {
					t.Errorf("pixels differ by %.1f of 255 on average", off)
				}
				if got := bytes.Contains(a.Data, []byte(iccHeader)); got != tc.profile {
					t.Errorf("colour profile kept: %v, want %v", got, tc.profile)
				}
			})
		}
	}
}

// meanDifference is how much the channels of two images of one size differ, in steps of 255.
func meanDifference(a, b image.Image) float64 {
	var sum float64
	r := a.Bounds()
	for y := range r.Dy() {
		for x := range r.Dx() {
			r1, g1, b1, _ := a.At(x, y).RGBA()
			r2, g2, b2, _ := b.At(x, y).RGBA()
			for _, d := range []float64{float64(r1) - float64(r2), float64(g1) - float64(g2), float64(b1) - float64(b2)} {
				sum += math.Abs(d) / 257
			}
		}
	}
	return sum / float64(3*r.Dx()*r.Dy())
}

// Damaged EXIF is no reason to refuse or to turn a photo.
func TestOrientation(t *testing.T) {
	whole := exif(binary.LittleEndian, 6)[len(exifHeader):]
	for n := range 8 + 2 + 12 {
		if got := orientation([]byte(whole[:n])); got != upright {
			t.Errorf("EXIF cut to %d bytes has orientation %d", n, got)
		}
	}
	for name, tc := range map[string]struct {
		tiff string
		want int
	}{
		"whole":               {whole, 6},
		"other magic":         {"II\x00*" + whole[4:], upright},
		"directory far away":  {whole[:4] + "\xff\xff\xff\xff" + whole[8:], upright},
		"directory at itself": {whole[:4] + "\x00\x00\x00\x00" + whole[8:], upright},
		"endless directory":   {whole[:8] + "\xff\xff" + strings.Repeat("\x00", 12*20), upright},
		"type long":           {whole[:12] + "\x04" + whole[13:], upright},
		"value 0":             {whole[:18] + "\x00" + whole[19:], upright},
		"value 9":             {whole[:18] + "\x09" + whole[19:], upright},
	} {
		if got := orientation([]byte(tc.tiff)); got != tc.want {
			t.Errorf("%s: orientation %d, want %d", name, got, tc.want)
		}
	}
}

// CMYK photos, which print shops send, are turned too, and lose a profile that no longer fits.
func TestOrientCMYK(t *testing.T) {
	m := image.NewCMYK(image.Rect(0, 0, 3, 2))
	for i := range m.Pix {
		m.Pix[i] = byte(i * 9)
	}
	got := orient(m, 6)
	if got.Bounds() != image.Rect(0, 0, 2, 3) {
		t.Fatalf("bounds are %v", got.Bounds())
	}
	for y := range 3 {
		for x := range 2 {
			r1, g1, b1, _ := m.At(y, 1-x).RGBA()
			r2, g2, b2, _ := got.At(x, y).RGBA()
			if r1>>8 != r2>>8 || g1>>8 != g2>>8 || b1>>8 != b2>>8 {
				t.Errorf("pixel %d,%d differs", x, y)
			}
		}
	}
	if iccFits(got, [][]byte{[]byte(strings.Repeat("x", 30) + "CMYK")}) {
		t.Error("a CMYK profile was kept for an RGB image")
	}
}
