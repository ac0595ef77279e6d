package label

import (
	"fmt"
	"html"

	"github.com/skip2/go-qrcode"

	"truynguon/internal/fault"
)

// QR returns the modules of the QR code of a text at level Medium, row by row, true for dark. The
// quiet zone of four modules is included on every side, so that nobody can forget it. The text is
// printable ASCII, because scanners disagree about the encoding of anything else.
func QR(content string) ([][]bool, error) { return qr(content, Medium) }

// qr is QR at any level but Auto.
func qr(content string, c Correction) ([][]bool, error) {
	level, ok := levels[c]
	if !ok {
		return nil, fmt.Errorf("QR code: no correction level %d", c)
	}
	if content == "" {
		return nil, fault.New(fault.Invalid, "label_content_empty")
	}
	for i := range len(content) {
		if content[i] < ' ' || content[i] > '~' {
			return nil, fault.New(fault.Invalid, "label_content_characters")
		}
	}
	code, err := qrcode.New(content, level.level)
	if err != nil {
		// Digits and capitals take less room than bytes, so the library decides and not a length here.
		return nil, fault.New(fault.Invalid, "label_content_too_long", len(content), c.capacity())
	}
	code.DisableBorder = true
	bare := code.Bitmap()
	n := len(bare) + 2*quietZone
	out := make([][]bool, n)
	cells := make([]bool, n*n)
	for y := range out {
		out[y] = cells[y*n : (y+1)*n]
		if row := y - quietZone; row >= 0 && row < len(bare) {
			copy(out[y][quietZone:], bare[row])
		}
	}
	return out, nil
}

// SVGCode returns the QR code of a text, quiet zone included, as an svg element to be put into a
// page. It has no size of its own: the page's style gives it one.
func SVGCode(content string) (string, error) {
	code, err := QR(content)
	if err != nil {
		return "", err
	}
	n := len(code)
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img"><title>%s</title>`+
		`<path fill="#fff" d="M0 0h%dv%dH0z"/><path d="%s" fill="#000" fill-rule="evenodd" shape-rendering="crispEdges"/></svg>`,
		n, n, html.EscapeString(content), n, n, outline(code)), nil
}
