package label

import (
	"bytes"
	"image"
	"image/color"
	"image/png"

	"golang.org/x/image/draw"

	"truynguon/internal/fault"
)

// maxLogo is the longer side of a logo in pixels: 66 mm, two thirds of the widest roll, at 300 dpi.
const maxLogo = 800

// Logo is a picture on labels. Make one with NewLogo and use it for all labels of a run: a document
// contains it once.
type Logo struct {
	rgb *image.RGBA // opaque
	png []byte
}

// NewLogo prepares a picture: what is transparent becomes white, and what is larger than useful
// becomes smaller. A picture without pixels, or one more than twenty times as long as it is wide, is
// fault.Invalid "label_logo".
func NewLogo(img image.Image) (*Logo, error) {
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	if w <= 0 || h <= 0 || w > 20*h || h > 20*w {
		return nil, fault.New(fault.Invalid, "label_logo")
	}
	if longest := max(w, h); longest > maxLogo {
		w, h = max(w*maxLogo/longest, 1), max(h*maxLogo/longest, 1)
	}
	l := &Logo{rgb: image.NewRGBA(image.Rect(0, 0, w, h))}
	draw.Draw(l.rgb, l.rgb.Rect, image.White, image.Point{}, draw.Src)
	draw.CatmullRom.Scale(l.rgb, l.rgb.Rect, img, img.Bounds(), draw.Over, nil)
	var b bytes.Buffer
	if err := png.Encode(&b, l.rgb); err != nil {
		return nil, err
	}
	l.png = b.Bytes()
	return l, nil
}

// aspect returns the width by the height.
func (l *Logo) aspect() float64 { return float64(l.rgb.Rect.Dx()) / float64(l.rgb.Rect.Dy()) }

// gray returns the logo in shades of gray, in a size in dots.
func (l *Logo) gray(w, h int) *image.Gray {
	out := image.NewGray(image.Rect(0, 0, max(w, 1), max(h, 1)))
	draw.CatmullRom.Scale(out, out.Rect, l.rgb, l.rgb.Rect, draw.Src, nil)
	return out
}

// bits returns the logo in black and white. One that is little but black and white is cut at the middle, so
// that its edges stay sharp; the shades of others become patterns of dots.
func (l *Logo) bits(w, h int) *bitmap {
	gray := l.gray(w, h)
	if plain(gray) {
		b := newBitmap(gray.Rect.Dx(), gray.Rect.Dy())
		for y := range b.height {
			for x := range b.width {
				if gray.Pix[y*gray.Stride+x] < 0x80 {
					b.set(x, y)
				}
			}
		}
		return b
	}
	paletted := image.NewPaletted(gray.Rect, color.Palette{color.White, color.Black})
	draw.FloydSteinberg.Draw(paletted, gray.Rect, gray, image.Point{})
	b := newBitmap(gray.Rect.Dx(), gray.Rect.Dy())
	for y := range b.height {
		for x := range b.width {
			if paletted.Pix[y*paletted.Stride+x] == 1 {
				b.set(x, y)
			}
		}
	}
	return b
}

// plain reports whether nine tenths of a picture are nearly black or nearly white.
func plain(gray *image.Gray) bool {
	n := 0
	for _, v := range gray.Pix {
		if v < 0x30 || v > 0xd0 {
			n++
		}
	}
	return n*10 >= len(gray.Pix)*9
}
