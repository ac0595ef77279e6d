package blob

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"

	"golang.org/x/image/draw"
)

// resizedQuality is the JPEG quality of a resized image: a page on a village's mobile network
// should not wait for pixels that nobody sees.
const resizedQuality = 78

// Resize returns a stored image as a JPEG at most maxWidth pixels wide, with its new width and
// height. The shape is kept, an image that is narrower keeps its size, transparent parts become
// white, and nothing but the picture is written, not even a colour profile.
//
// The image should be one that [Accept] let through. A PDF or anything else is fault.Unsupported, a
// damaged image fault.Invalid, one of too many pixels fault.TooLarge. maxWidth must be positive.
func Resize(stored []byte, maxWidth int) (resized []byte, w, h int, err error) {
	if maxWidth < 1 {
		return nil, 0, 0, fmt.Errorf("resizing an image to width %d", maxWidth)
	}
	m, err := unfold(sniff(stored), stored)
	if err != nil {
		return nil, 0, 0, explain("", err)
	}
	size := m.Bounds().Size()
	w, h = size.X, size.Y
	if w > maxWidth {
		h = max(1, (h*maxWidth+w/2)/w)
		w = maxWidth
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(out, out.Rect, image.White, image.Point{}, draw.Src)
	if w == size.X {
		draw.Draw(out, out.Rect, m, m.Bounds().Min, draw.Over)
	} else {
		m = halve(m, w)
		draw.CatmullRom.Scale(out, out.Rect, m, m.Bounds(), draw.Over, nil)
	}
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, out, &jpeg.Options{Quality: resizedQuality}); err != nil {
		return nil, 0, 0, fmt.Errorf("encoding a resized image: %w", err)
	}
	return buf.Bytes(), w, h, nil
}

// halve halves an image as long as it stays at least w pixels wide. Halving in this way takes the
// mean of each two by two pixels, so that nothing is skipped over; the careful scaler, which would
// need a second and a hundred megabytes for a whole photo, then has little left to do.
func halve(m image.Image, w int) image.Image {
	for m.Bounds().Dx() >= 2*w && m.Bounds().Dy() >= 2 {
		half := image.NewRGBA(image.Rect(0, 0, m.Bounds().Dx()/2, m.Bounds().Dy()/2))
		draw.ApproxBiLinear.Scale(half, half.Rect, m, m.Bounds(), draw.Src, nil)
		m = half
	}
	return m
}

// Decode returns the picture of a stored image, about maxWidth pixels wide if it is wider: at least that, and
// less than twice. What is transparent stays so. Errors are those of [Resize].
func Decode(stored []byte, maxWidth int) (image.Image, error) {
	if maxWidth < 1 {
		return nil, fmt.Errorf("decoding an image to width %d", maxWidth)
	}
	m, err := unfold(sniff(stored), stored)
	if err != nil {
		return nil, explain("", err)
	}
	return halve(m, maxWidth), nil
}
