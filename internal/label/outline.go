package label

import (
	"strconv"
	"strings"
)

// outline returns the borders of the dark areas as one SVG path in units of modules, to be filled
// by the even-odd rule. Whole areas have no seams, which rows of rectangles show in many viewers.
func outline(code [][]bool) string {
	var b strings.Builder
	trace(code, func(corner corner, x, y, dx, dy int) {
		switch {
		case corner == first:
			b.WriteByte('M')
			b.WriteString(strconv.Itoa(x))
			b.WriteByte(' ')
			b.WriteString(strconv.Itoa(y))
		case corner == last:
			b.WriteByte('z')
		case dx != 0:
			b.WriteByte('h')
			b.WriteString(strconv.Itoa(dx))
		default:
			b.WriteByte('v')
			b.WriteString(strconv.Itoa(dy))
		}
	})
	return b.String()
}

// corner says which corner of a border it is: the last one is the first again.
type corner int

const (
	next corner = iota
	first
	last
)

// trace walks along the borders of the dark areas and reports every corner and how it was reached.
func trace(code [][]bool, report func(c corner, x, y, dx, dy int)) {
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
	step := [9]int{right: 1, down: n + 1, left: -1, up: -(n + 1)}
	for start := range out {
		for out[start] != 0 {
			report(first, start%(n+1), start/(n+1), 0, 0)
			// A walk begins at the first corner that is left, goes straight on as long as it can, and ends
			// where it began.
			for at, way := start, uint8(0); ; {
				if out[at]&way == 0 {
					way = out[at] & -out[at]
				}
				from := at
				for out[at]&way != 0 {
					out[at] &^= way
					at += step[way]
				}
				x, y := at%(n+1), at/(n+1)
				if at == start {
					report(last, x, y, 0, 0)
					break
				}
				report(next, x, y, x-from%(n+1), y-from/(n+1))
			}
		}
	}
}
