package blob

import (
	"encoding/binary"
	"image"
	"image/draw"
)

// upright is the EXIF orientation of an image that is stored as it is to be seen.
const upright = 1

// orientation returns the value, 1 to 8, of tag 0x0112 in the first directory of an EXIF block,
// which is a TIFF file (CIPA DC-008, 4.6.2 and 4.6.4). Whatever cannot be understood is upright:
// cameras write much nonsense, and a photo is not to be refused for it.
func orientation(tiff []byte) int {
	if len(tiff) < 8 {
		return upright
	}
	var order binary.ByteOrder
	switch string(tiff[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return upright
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return upright
	}
	count := int64(order.Uint16(tiff[at:]))
	for at += 2; count > 0 && at+12 <= int64(len(tiff)); count, at = count-1, at+12 {
		entry := tiff[at : at+12]
		if order.Uint16(entry) != 0x0112 {
			continue
		}
		const short = 3
		if v := int(order.Uint16(entry[8:])); order.Uint16(entry[2:]) == short && v >= 1 && v <= 8 {
			return v
		}
		return upright
	}
	return upright
}

// orient returns the image as it is to be seen, given its EXIF orientation. The result is an
// *image.Gray, a *image.YCbCr without subsampling, or an *image.RGBA: what the JPEG encoder takes
// without going through an interface for each pixel. Luma and chroma are moved, never converted.
func orient(m image.Image, o int) image.Image {
	b := m.Bounds()
	t := turn(b.Dx(), b.Dy(), o)
	size := image.Rect(0, 0, t.w, t.h)
	switch m := m.(type) {
	case *image.Gray:
		out := image.NewGray(size)
		t.each(func(i, x, y int) { out.Pix[i] = m.Pix[y*m.Stride+x] })
		return out
	case *image.YCbCr:
		out := image.NewYCbCr(size, image.YCbCrSubsampleRatio444)
		t.each(func(i, x, y int) {
			c := m.COffset(x, y)
			out.Y[i], out.Cb[i], out.Cr[i] = m.Y[y*m.YStride+x], m.Cb[c], m.Cr[c]
		})
		return out
	}
	rgba, ok := m.(*image.RGBA)
	if !ok {
		rgba = image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
		draw.Draw(rgba, rgba.Rect, m, b.Min, draw.Src)
	}
	out := image.NewRGBA(size)
	t.each(func(i, x, y int) { copy(out.Pix[4*i:4*i+4], rgba.Pix[y*rgba.Stride+4*x:]) })
	return out
}

// A turning is one of the eight ways to look at an image: the pixel to be seen at column x and row
// y is the stored one at column x0 + x*xx + y*xy and row y0 + x*yx + y*yy.
type turning struct {
	w, h                   int // as seen
	x0, y0, xx, xy, yx, yy int
}

// turn returns the turning for an image of w by h stored pixels with EXIF orientation o.
func turn(w, h, o int) turning {
	switch o {
	case 2: // mirrored
		return turning{w: w, h: h, x0: w - 1, xx: -1, yy: 1}
	case 3: // upside down
		return turning{w: w, h: h, x0: w - 1, y0: h - 1, xx: -1, yy: -1}
	case 4: // mirrored upside down
		return turning{w: w, h: h, y0: h - 1, xx: 1, yy: -1}
	case 5: // mirrored at the diagonal from the top left
		return turning{w: h, h: w, xy: 1, yx: 1}
	case 6: // to be turned a quarter clockwise
		return turning{w: h, h: w, y0: h - 1, xy: 1, yx: -1}
	case 7: // mirrored at the diagonal from the top right
		return turning{w: h, h: w, x0: w - 1, y0: h - 1, xy: -1, yx: -1}
	case 8: // to be turned a quarter counter-clockwise
		return turning{w: h, h: w, x0: w - 1, xy: -1, yx: 1}
	}
	return turning{w: w, h: h, xx: 1, yy: 1}
}

// each calls f for every pixel to be seen, row by row: i counts them, x and y are where it is stored.
func (t turning) each(f func(i, x, y int)) {
	i := 0
	for row := range t.h {
		x, y := t.x0+row*t.xy, t.y0+row*t.yy
		for range t.w {
			f(i, x, y)
			i++
			x += t.xx
			y += t.yx
		}
	}
}
