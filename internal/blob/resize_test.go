package blob

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"io"
	"math/rand/v2"
	"testing"

	"truynguon/internal/fault"
)

func TestResize(t *testing.T) {
	for _, tc := range []struct {
		name        string
		data        []byte
		max         int
		wantW, want int
	}{
		{"smaller", encodedJPEG(t, picture(400, 300)), 100, 100, 75},
		{"rounded", encodedPNG(t, picture(401, 299)), 100, 100, 75},
		{"never larger", encodedPNG(t, picture(40, 30)), 100, 40, 30},
		{"as it is", encodedPNG(t, picture(100, 30)), 100, 100, 30},
		{"a line stays a line", encodedPNG(t, picture(1000, 1)), 100, 100, 1},
		{"upright", encodedPNG(t, picture(30, 400)), 100, 30, 400},
		{"to one pixel", encodedPNG(t, picture(200, 100)), 1, 1, 1},
		{"grey", encodedJPEG(t, image.NewGray(image.Rect(0, 0, 64, 32))), 16, 16, 8},
		{"webp", webpLossy, 100, 1, 1},
		{"webp with alpha", webpWithA, 100, 1, 1},
		{"turned before", accept(t, "x", phoneJPEG(t, picture(400, 300), binary.BigEndian, 6)).Data, 100, 100, 133},
	} {
		t.Run(tc.name, func(t *testing.T) {
			out, w, h, err := Resize(tc.data, tc.max)
			if err != nil {
				t.Fatal(err)
			}
			if w != tc.wantW || h != tc.want {
				t.Errorf("got %d x %d, want %d x %d", w, h, tc.wantW, tc.want)
			}
			a := accept(t, "resized", out)
			if a.MediaType != typeJPEG || a.Width != w || a.Height != h || a.SHA256 != Digest(out) {
				t.Errorf("the result is %+v", a.Ref)
			}
			checkNoSecrets(t, out)
		})
	}
}

// The picture is still the picture.
func TestResizeKeepsThePicture(t *testing.T) {
	out, _, _, err := Resize(encodedPNG(t, picture(403, 301)), 100)
	if err != nil {
		t.Fatal(err)
	}
	if off := meanDifference(picture(100, 75), pixels(t, out)); off > 3 {
		t.Errorf("pixels differ by %.1f of 255 on average", off)
	}
}

// Transparent parts become white, whether or not the size changes.
func TestResizeOnWhite(t *testing.T) {
	m := image.NewNRGBA(image.Rect(0, 0, 40, 40))
	draw.Draw(m, image.Rect(0, 0, 20, 40), image.NewUniform(color.NRGBA{200, 0, 0, 255}), image.Point{}, draw.Src)
	for _, width := range []int{40, 20} {
		out, _, _, err := Resize(encodedPNG(t, m), width)
		if err != nil {
			t.Fatal(err)
		}
		got := pixels(t, out)
		if c := got.NRGBAAt(width-3, 3); c.R < 250 || c.G < 250 || c.B < 250 {
			t.Errorf("at width %d, transparent became %v", width, c)
		}
		if c := got.NRGBAAt(2, 3); c.R < 180 || c.G > 30 {
			t.Errorf("at width %d, red became %v", width, c)
		}
	}
}

func TestResizeRefuses(t *testing.T) {
	for _, tc := range []struct {
		name string
		data []byte
		kind error
		code string
	}{
		{"document", pdf(), fault.Unsupported, "blob_not_accepted_type"},
		{"nothing", nil, fault.Unsupported, "blob_not_accepted_type"},
		{"half", encodedPNG(t, picture(20, 20))[:80], fault.Invalid, "blob_broken"},
		{"bomb", hugePNG(60000, 60000), fault.TooLarge, "blob_too_many_pixels"},
	} {
		_, _, _, err := Resize(tc.data, 100)
		checkProblem(t, err, tc.kind, tc.code, "?")
	}
	for _, width := range []int{0, -1} {
		if _, _, _, err := Resize(encodedPNG(t, picture(2, 2)), width); err == nil || errors.Is(err, fault.Invalid) {
			t.Errorf("Resize to %d: %v", width, err)
		}
	}
}

// photo12 is a photo of twelve megapixels with the noise that photos have.
func photo12(b *testing.B, orientation uint16) []byte {
	m := picture(4000, 3000)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range m.Pix {
		if i%4 != 3 {
			m.Pix[i] = uint8(min(255, int(m.Pix[i])+random.IntN(24)))
		}
	}
	return phoneJPEG(b, m, binary.BigEndian, orientation)
}

func BenchmarkAccept(b *testing.B) {
	for _, tc := range []struct {
		name        string
		orientation uint16
	}{{"upright", 1}, {"turned", 6}} {
		b.Run(tc.name, func(b *testing.B) {
			data := photo12(b, tc.orientation)
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Accept("photo.jpg", bytes.NewReader(data)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkResize(b *testing.B) {
	data := photo12(b, 1)
	b.ReportAllocs()
	for b.Loop() {
		out, _, _, err := Resize(data, 800)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Discard.Write(out); err != nil {
			b.Fatal(err)
		}
	}
}
