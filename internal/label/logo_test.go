package label

import (
	"bytes"
	"image"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLogo(t *testing.T) {
	for _, size := range []image.Point{{}, {1, 21}, {21, 1}} {
		if _, err := NewLogo(image.NewGray(image.Rectangle{Max: size})); code(err) != "label_logo" {
			t.Errorf("%v: %v", size, err)
		}
	}
	wide, err := NewLogo(image.NewNRGBA(image.Rect(5, 5, 2005, 1005))) // transparent
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(image.Rect(0, 0, 800, 400), wide.rgb.Rect); diff != "" {
		t.Error(diff)
	}
	if r, g, b, a := wide.rgb.At(100, 100).RGBA(); min(r, g, b, a) != 0xffff {
		t.Error("what is transparent is not white")
	}
	l := Label{Content: link, Width: 60, Height: 40, Title: "Xoài", Logo: testLogo(t)}
	if d := layout(t, l, 0); d.Logo == nil || math.Abs(d.LogoWidth/d.LogoHeight-1.5) > 0.01 {
		t.Errorf("a logo of %v × %v", d.LogoWidth, d.LogoHeight)
	}
	img := decodePNG(t, encode(t, "png", l))
	d := layout(t, l, Label{DPI: DefaultDPI}.dot())
	at := func(x, y float64) uint8 { return img.Pix[img.PixOffset(int(x*300/25.4), int(y*300/25.4))] }
	if at(d.LogoX+d.LogoWidth/2, d.LogoY+d.LogoHeight/2) > 12 || at(d.LogoX+0.2, d.LogoY+0.2) != 15 {
		t.Error("the logo is not in the picture")
	}
	if svg := encode(t, "svg", l); !bytes.Contains(svg, []byte(`<image x="`)) {
		t.Error("the logo is not in the drawing")
	}
	// There is hardly room for the code.
	l.Height = 18
	if d := layout(t, l, 0); d.Logo != nil && d.Module < GoodModule {
		t.Errorf("a logo beside squares of %v mm", d.Module)
	}
}
