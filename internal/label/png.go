package label

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"math"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"truynguon/internal/fault"
)

// grays is what the pictures are made of: the code is black and white, and the edges of letters
// have the shades between. Sixteen of them take half a byte each.
var grays = func() color.Palette {
	p := make(color.Palette, 16)
	for i := range p {
		p[i] = color.Gray{Y: uint8(i * 17)}
	}
	return p
}()

// buffers lets encodings share the compressor's memory, which is larger than the picture.
type buffers struct{ pool sync.Pool }

func (b *buffers) Get() *png.EncoderBuffer {
	e, _ := b.pool.Get().(*png.EncoderBuffer)
	return e
}

func (b *buffers) Put(e *png.EncoderBuffer) { b.pool.Put(e) }

// Speed is chosen over size: a better compression takes ten times as long and saves a third of ten
// kilobytes.
var pngEncoder = png.Encoder{CompressionLevel: png.BestSpeed, BufferPool: new(buffers)}

// encodePNG writes the label as a picture at its resolution, which the file states, so that it is
// printed at its true size.
func encodePNG(w io.Writer, l Label) error {
	l, err := l.complete()
	if err != nil {
		return err
	}
	d, err := l.layout(l.dot())
	if err != nil {
		return err
	}
	img, err := d.draw(l.dot())
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := pngEncoder.Encode(&b, img); err != nil {
		return err
	}
	// The library does not write pHYs, which belongs after IHDR: 8 bytes of signature, 25 of IHDR.
	const afterIHDR = 33
	out := b.Bytes()
	for _, part := range [][]byte{out[:afterIHDR], physical(l.DPI), out[afterIHDR:]} {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return nil
}

// physical returns the pHYs chunk of a resolution: pixels per metre in both directions.
func physical(dpi int) []byte {
	perMetre := uint32(math.Round(float64(dpi) / 0.0254))
	c := binary.BigEndian.AppendUint32(nil, 9)
	c = append(c, "pHYs"...)
	c = binary.BigEndian.AppendUint32(c, perMetre)
	c = binary.BigEndian.AppendUint32(c, perMetre)
	c = append(c, 1)
	return binary.BigEndian.AppendUint32(c, crc32.ChecksumIEEE(c[4:]))
}

// draw paints the layout in dots of the given size.
func (d *Layout) draw(dot float64) (*image.Paletted, error) {
	width, height := int(math.Ceil(d.Width/dot-tiny)), int(math.Ceil(d.Height/dot-tiny))
	if width*height > maxPixels {
		return nil, fault.New(fault.Invalid, "label_too_large", decimal(MaxSide))
	}
	canvas := image.NewGray(image.Rect(0, 0, width, height))
	for i := range canvas.Pix {
		canvas.Pix[i] = 0xff
	}
	module := int(math.Round(d.Module / dot))
	left, top := int(d.CodeX/dot+tiny), int(d.CodeY/dot+tiny)
	for y, row := range d.Code {
		first := canvas.Pix[(top+y*module)*canvas.Stride:][:width]
		for x, dark := range row {
			if dark {
				clear(first[left+x*module:][:module])
			}
		}
		for i := 1; i < module; i++ {
			copy(canvas.Pix[(top+y*module+i)*canvas.Stride:], first)
		}
	}
	if d.Logo != nil {
		at := image.Pt(int(math.Round(d.LogoX/dot)), int(math.Round(d.LogoY/dot)))
		logo := d.Logo.gray(int(math.Round(d.LogoWidth/dot)), int(math.Round(d.LogoHeight/dot)))
		draw.Draw(canvas, logo.Rect.Add(at), logo, image.Point{}, draw.Src)
	}
	if err := d.drawText(canvas, dot); err != nil {
		return nil, err
	}
	img := image.NewPaletted(canvas.Rect, grays)
	for i, v := range canvas.Pix {
		img.Pix[i] = v >> 4
	}
	return img, nil
}

func (d *Layout) drawText(canvas *image.Gray, dot float64) error {
	var face font.Face
	size := 0.0
	for _, line := range d.Lines {
		if line.Size != size {
			var err error
			size = line.Size
			face, err = opentype.NewFace(loadFont().font, &opentype.FaceOptions{Size: size / dot, DPI: 72, Hinting: font.HintingNone})
			if err != nil {
				return err
			}
		}
		drawer := font.Drawer{Dst: canvas, Src: image.Black, Face: face, Dot: fixed.Point26_6{
			X: fixed.Int26_6(math.Round(line.X / dot * 64)),
			Y: fixed.I(int(math.Round(line.Baseline / dot))), // whole dots keep base lines sharp
		}}
		drawer.DrawString(line.Text)
	}
	return nil
}
