package label

import (
	"fmt"
	"html"
	"strconv"
	"strings"

	"github.com/skip2/go-qrcode"

	"truynguon/internal/fault"
)

// Correction is how much of a QR code may be damaged and the code still be read.
type Correction int

// The levels of ISO/IEC 18004. Medium suits stickers; a higher level makes the code larger.
const (
	Medium   Correction = iota // about 15 %
	Low                        // about 7 %
	Quartile                   // about 25 %
	High                       // about 30 %
)

// levels has the library's word for each level, and the bytes that the largest code holds.
var levels = map[Correction]struct {
	level    qrcode.RecoveryLevel
	capacity int
}{
	Medium:   {qrcode.Medium, 2331},
	Low:      {qrcode.Low, 2953},
	Quartile: {qrcode.High, 1663},
	High:     {qrcode.Highest, 1273},
}

// QR returns the modules of the QR code of a text at level Medium, row by row, true for dark. The
// quiet zone of four modules is included on every side, so that nobody can forget it. The text is
// printable ASCII, because scanners disagree about the encoding of anything else.
func QR(content string) ([][]bool, error) { return qr(content, Medium) }

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
		return nil, fault.New(fault.Invalid, "label_content_too_long", len(content), level.capacity)
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

// outline returns the borders of the dark areas as one SVG path in units of modules, to be filled
// by the even-odd rule. Whole areas have no seams, which rows of rectangles show in many viewers.
func outline(code [][]bool) string {
	n := len(code)
	dark := func(x, y int) bool { return x >= 0 && y >= 0 && x < n && y < n && code[y][x] }
	// Each border runs with the dark side at its right; out has the ways that leave a corner.
	const right, down, left, up = 1, 2, 4, 8
	out := make([]uint8, (n+1)*(n+1))
	for y := range n {
		for x := range n {
			if !dark(x, y) {
				continue
			}
			if !dark(x, y-1) {
				out[y*(n+1)+x] |= right
			}
			if !dark(x+1, y) {
				out[y*(n+1)+x+1] |= down
			}
			if !dark(x, y+1) {
				out[(y+1)*(n+1)+x+1] |= left
			}
			if !dark(x-1, y) {
				out[(y+1)*(n+1)+x] |= up
			}
		}
	}
	step := map[uint8]int{right: 1, down: n + 1, left: -1, up: -(n + 1)}
	letter := map[uint8]byte{right: 'h', down: 'v', left: 'h', up: 'v'}
	var b strings.Builder
	for start := range out {
		for out[start] != 0 {
			b.WriteByte('M')
			b.WriteString(strconv.Itoa(start % (n + 1)))
			b.WriteByte(' ')
			b.WriteString(strconv.Itoa(start / (n + 1)))
			// A walk begins at the first corner that is left, goes straight on as long as it can, and ends
			// where it began; the last side is drawn by z.
			for at, way := start, uint8(0); ; {
				if out[at]&way == 0 {
					way = out[at] & -out[at]
				}
				run := 0
				for out[at]&way != 0 {
					out[at] &^= way
					at += step[way]
					run++
				}
				if at == start {
					b.WriteByte('z')
					break
				}
				if way == left || way == up {
					run = -run
				}
				b.WriteByte(letter[way])
				b.WriteString(strconv.Itoa(run))
			}
		}
	}
	return b.String()
}
