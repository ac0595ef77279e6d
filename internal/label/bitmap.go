package label

import (
	"image"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// bitmap is a picture of black and white dots, eight to a byte, the leftmost in the highest bit.
type bitmap struct {
	width, height, stride int
	bits                  []byte
}

func newBitmap(width, height int) *bitmap {
	stride := (width + 7) / 8
	return &bitmap{width, height, stride, make([]byte, stride*height)}
}

func (b *bitmap) set(x, y int)     { b.bits[y*b.stride+x/8] |= 0x80 >> (x % 8) }
func (b *bitmap) row(y int) []byte { return b.bits[y*b.stride : (y+1)*b.stride] }

// codeBitmap draws a QR code in squares of whole dots, without its quiet zone: white is what a label
// is anyway.
func codeBitmap(code [][]bool, module int) *bitmap {
	n := len(code) - 2*quietZone
	b := newBitmap(n*module, n*module)
	for y := range n {
		top := y * module
		for x, dark := range code[y+quietZone][quietZone : quietZone+n] {
			for i := range module {
				if dark {
					b.set(x*module+i, top)
				}
			}
		}
		for i := 1; i < module; i++ {
			copy(b.row(top+i), b.row(top))
		}
	}
	return b
}

// ink is the darkness from which a dot is printed. Strokes of small letters are about as wide as a
// dot, and better too heavy than broken.
const ink = 0x70

// lineBitmap draws a line of text. Its base line is returned in dots from the top.
func lineBitmap(line Line, dot float64) (b *bitmap, baseline int, err error) {
	face, err := opentype.NewFace(loadFont().font, &opentype.FaceOptions{Size: line.Size / dot, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		return nil, 0, err
	}
	baseline = int(math.Ceil(lineAscent * line.Size / dot))
	width, height := int(math.Ceil(line.Width/dot))+1, baseline+int(math.Ceil(lineDescent*line.Size/dot))
	canvas := image.NewAlpha(image.Rect(0, 0, width, height))
	drawer := font.Drawer{Dst: canvas, Src: image.Opaque, Face: face, Dot: fixed.P(0, baseline)}
	drawer.DrawString(line.Text)
	b = newBitmap(width, height)
	for y := range height {
		for x := range width {
			if canvas.Pix[y*canvas.Stride+x] >= ink {
				b.set(x, y)
			}
		}
	}
	return b, baseline, nil
}
