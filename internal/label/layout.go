package label

import (
	"math"
	"strconv"
	"strings"

	"truynguon/internal/fault"
)

// Layout is a label worked out: everything that a format has to draw, in millimetres from the top
// left corner.
type Layout struct {
	Width, Height float64
	// Content is what the code says.
	Content string
	// Code is the QR code with its quiet zone, and Module the side of one of its squares.
	Code         [][]bool
	Module       float64
	CodeX, CodeY float64
	// Correction is the code's level, never Auto.
	Correction Correction
	Lines      []Line
	// Logo is nil when there is none, or no room for it.
	Logo                                *Logo
	LogoX, LogoY, LogoWidth, LogoHeight float64
	// Warnings are for whoever prints: the label can be drawn, and may disappoint.
	Warnings []Warning
}

// Line is one line of text that begins at X.
type Line struct {
	Text        string
	X, Baseline float64
	// Size is the font size, and Width what the text measures at this size.
	Size, Width float64
}

// Warning is a doubt about a label; "label.warning."+Code is the key of its message.
type Warning struct {
	Code string
	Args []any
}

// Layout works the label out. With a dot size in millimetres, a module is a whole number of dots;
// zero is for formats that have no dots.
//
// The text stands below the code, and the title above it; or all text stands at its right, if the
// height is given and text and code become larger that way.
//
// Errors are of kind fault.Invalid: "label_too_small" with the width and the height in millimetres
// that would do, "label_text_no_room" with these and the text that takes the most room, if the code alone would fit, "label_content_too_long" and others for what no label can hold. The code keeps
// squares of at least MinModule and its quiet zone of four squares, or there is no label.
func (l Label) Layout(dot float64) (*Layout, error) {
	l, err := l.complete()
	if err != nil {
		return nil, err
	}
	return l.layout(dot)
}

// spacious is the side of a square from which better correction is worth more than larger squares.
const spacious = 0.6

// layout expects a label that is complete. It chooses the level of correction.
func (l Label) layout(dot float64) (*Layout, error) {
	if l.Correction != Auto {
		return l.layoutAt(l.Correction, dot)
	}
	level := free(l.Content)
	best, err := l.layoutAt(level, dot)
	if err == nil && best.Module >= GoodModule-tiny {
		if n := Quartile.modules(l.Content); l.Module == 0 && level < Quartile && n > 0 &&
			best.Module*float64(len(best.Code))/float64(n) >= spacious {
			if more, err := l.layoutAt(Quartile, dot); err == nil && more.Module >= spacious-tiny && len(more.Warnings) == 0 {
				return more, nil
			}
		}
		return best, nil
	}
	if level != Medium {
		// What counts as free is an estimate, and may have cost a few squares after all.
		plain, plainErr := l.layoutAt(Medium, dot)
		if err != nil || plainErr == nil && plain.Module > best.Module+tiny {
			best, err = plain, plainErr
		}
	}
	if err == nil {
		return best, nil
	}
	if less, lessErr := l.layoutAt(Low, dot); lessErr == nil {
		less.Warnings = append(less.Warnings, Warning{Code: "correction"})
		return less, nil
	}
	return nil, err
}

// candidate is one way to arrange a label.
type candidate struct {
	beside bool
	module float64
	// logo is the height of the logo.
	logo float64
	// head is the text above the code, and body that below it; beside it all is body.
	head, body block
}

// layoutAt arranges the label with a code at a level of correction.
func (l Label) layoutAt(level Correction, dot float64) (*Layout, error) {
	code, err := qr(l.Content, level)
	if err != nil {
		return nil, err
	}
	n := float64(len(code))
	smallest := roundUp(MinModule, dot)
	wanted := max(GoodModule, smallest)
	if l.Module > 0 {
		smallest = roundNear(l.Module, dot)
		wanted = smallest
	}
	var warnings []Warning
	best := l.arrange(n, dot, wanted, smallest)
	if l.Logo != nil && best.module < wanted-tiny {
		// Rather no logo than a code that is hard to read.
		without := l
		without.Logo = nil
		if c := without.arrange(n, dot, wanted, smallest); c.module > best.module+tiny {
			best = c
			l = without
			warnings = append(warnings, Warning{Code: "logo"})
		}
	}
	if best.module < smallest-tiny {
		return nil, l.tooSmall(n, dot, smallest)
	}
	if l.Module > 0 {
		best.module = smallest
	}
	out := l.place(best, n)
	if out.Height > MaxSide {
		return nil, fault.New(fault.Invalid, "label_too_large", decimal(MaxSide))
	}
	out.Content, out.Code, out.Correction = l.Content, code, level
	if out.Module < GoodModule-tiny {
		warnings = append(warnings, Warning{"module", []any{decimal(out.Module), decimal(GoodModule)}})
	}
	if missing := missingGlyphs(l.texts()); missing != "" {
		warnings = append(warnings, Warning{"glyph", []any{missing}})
	}
	out.Warnings = warnings
	return out, nil
}

// arrange returns the best way to arrange the label; its squares may still be too small.
func (l Label) arrange(n, dot, wanted, smallest float64) candidate {
	below := l.scaled(wanted, smallest, func(scale, _ float64) candidate { return l.below(n, dot, scale) })
	if l.Height == 0 || l.Title == "" && len(l.Fields)+len(l.Caption) == 0 {
		return below
	}
	beside := l.scaled(wanted, smallest, func(scale, least float64) candidate { return l.beside(n, dot, scale, least) })
	a, b := l.score(below, wanted), l.score(beside, wanted)
	// As good either way: as the label lies.
	const likeness = 1.15
	switch {
	case l.Width >= 1.2*l.Height:
		b *= likeness
	case l.Height >= 1.2*l.Width:
		a *= likeness
	}
	if b > a {
		return beside
	}
	return below
}

// score says how easily a label is read, by people and by phones.
func (l Label) score(c candidate, wanted float64) float64 {
	text := append(append(block{}, c.head...), c.body...)
	score := min(c.module, spacious) * min(text.size(), l.Text)
	if c.module < wanted-tiny {
		score = c.module / 1000 // whatever the text looks like
	}
	return score
}

// scaled tries smaller and smaller text until the code gets squares of the wanted size, or at least
// the smallest.
func (l Label) scaled(wanted, smallest float64, try func(scale, least float64) candidate) candidate {
	c := try(1, wanted)
	least := MinText / (l.Text * titleScale)
	if l.Height == 0 || c.module >= wanted-tiny {
		if c.module < wanted-tiny {
			c = try(1, smallest)
		}
		return c
	}
	const steps = 16
	scale := func(i int) float64 { return 1 - (1-least)*float64(i)/steps }
	good, bad := steps+1, 0
	var found candidate
	for good-bad > 1 {
		mid := (good + bad) / 2
		if c := try(scale(mid), wanted); c.module >= wanted-tiny {
			good, found = mid, c
		} else {
			bad = mid
		}
	}
	if good > steps {
		// Not even with the smallest text. Then the largest text with which the squares are no smaller.
		found = try(least, smallest)
		if found.module >= smallest-tiny && found.module < wanted-tiny {
			return l.scaled(found.module, smallest, try)
		}
	}
	return found
}

// tiny absorbs the rounding of sums of millimetres.
const tiny = 1e-6

// edge is the distance of text from the sides.
func (l Label) edge() float64 { return max(l.Margin, textMargin) }

// below puts fields and caption below the code, and logo and title above it.
func (l Label) below(n, dot, scale float64) candidate {
	width := l.Width - 2*l.edge()
	c := candidate{head: setText(l.heading(scale), width), body: setText(l.body(scale), width)}
	c.logo = l.logoHeight(width, scale)
	side := l.Width - 2*l.Margin
	if l.Height > 0 {
		side = min(side, l.Height-l.top(c)-l.bottom(c)-c.logo-c.head.height()-c.body.height())
	}
	c.module = roundDown(side/n, dot)
	return c
}

// top and bottom are the distances from the upper and lower edge: the code needs less than text,
// since its quiet zone is part of it.
func (l Label) top(c candidate) float64 {
	if c.beside || c.logo > 0 || len(c.head) > 0 {
		return l.edge()
	}
	return l.Margin
}

func (l Label) bottom(c candidate) float64 {
	if c.beside || len(c.body) > 0 {
		return l.edge()
	}
	return l.Margin
}

// minColumn is the least width of a column of text, in font sizes: a code of three groups of four
// fits.
const minColumn = 6.0

// beside puts everything at the right of the code, whose squares are as large as that allows; they
// are 0 if they would be smaller than least.
func (l Label) beside(n, dot, scale, least float64) candidate {
	step := dot
	if step == 0 {
		step = 0.01
	}
	paragraphs := append(l.heading(scale), l.body(scale)...)
	with := func(module float64) (candidate, bool) {
		width := l.Width - l.edge() - max(l.Margin+n*module, l.edge())
		c := candidate{beside: true, module: module}
		if width < minColumn*max(l.Text*scale, MinText) {
			return c, false
		}
		c.logo = l.logoHeight(width, scale)
		c.body = setText(paragraphs, width)
		return c, c.logo+c.body.height() <= l.Height-2*l.edge()+tiny
	}
	// More than two fifths of the width is for the code only as far as it needs them.
	largest := min((l.Height-2*l.Margin)/n, max(0.4*l.Width/n, roundUp(1.25*GoodModule, dot), least))
	good, bad := int(math.Ceil(least/step-tiny)), int(math.Floor(largest/step+tiny))+1
	best, ok := with(float64(good) * step)
	if !ok || good >= bad {
		return candidate{beside: true}
	}
	for bad-good > 1 {
		mid := (good + bad) / 2
		if c, ok := with(float64(mid) * step); ok {
			good, best = mid, c
		} else {
			bad = mid
		}
	}
	return best
}

// logoHeight returns the height at which the logo is drawn: up to a fifth of the label, up to 20 mm,
// and up to two thirds of the width that there is.
func (l Label) logoHeight(width, scale float64) float64 {
	if l.Logo == nil {
		return 0
	}
	height := 10.0
	if l.Height > 0 {
		height = min(max(0.2*l.Height, 4), 20)
	}
	return min(height*scale, 2*width/3/l.Logo.aspect()) + logoGap
}

// logoGap is the space below a logo.
const logoGap = 0.5

// place gives everything its place.
func (l Label) place(c candidate, n float64) *Layout {
	out := &Layout{Width: l.Width, Height: l.Height, Module: c.module, Logo: l.Logo}
	side := n * c.module
	content := side + c.logo + c.head.height() + c.body.height()
	if l.Height == 0 {
		out.Height = content + l.top(c) + l.bottom(c)
	}
	left, width, y := l.edge(), l.Width-2*l.edge(), 0.0
	centred := !c.beside
	if c.beside {
		out.CodeX = l.Margin
		out.CodeY = (out.Height - side) / 2
		left = max(l.Margin+side, l.edge())
		width = l.Width - l.edge() - left
		y = (out.Height - content + side) / 2
	} else {
		out.CodeX = (l.Width - side) / 2
		y = l.top(c) + max(out.Height-content-l.top(c)-l.bottom(c), 0)/2
	}
	if l.Logo != nil {
		out.LogoHeight = c.logo - logoGap
		out.LogoWidth = out.LogoHeight * l.Logo.aspect()
		out.LogoX, out.LogoY = left, y
		if centred {
			out.LogoX += (width - out.LogoWidth) / 2
		}
		y += c.logo
	}
	set := func(b block) {
		for _, line := range b {
			line.X = left
			if centred {
				line.X += (width - line.Width) / 2
			}
			line.Baseline = y + lineAscent*line.Size
			y += (lineAscent + lineDescent) * line.Size
			out.Lines = append(out.Lines, line)
		}
	}
	set(c.head)
	if !c.beside {
		out.CodeY = y
		y += side
	}
	set(c.body)
	return out
}

// tooSmall says which size would do: the width that the code needs, or the width there is if that
// is more, and the height that code and text then need.
func (l Label) tooSmall(n, dot, module float64) error {
	asked := l
	l.Width = math.Ceil((max(l.Width, n*module+2*l.Margin)-tiny)*10) / 10
	scale := 1.0
	if l.Height > 0 {
		scale = MinText / (l.Text * titleScale)
	}
	c := l.below(n, dot, scale)
	height := math.Ceil((n*module+c.logo+c.head.height()+c.body.height()+l.top(c)+l.bottom(c)-tiny)*10) / 10
	width, tall := decimal(l.Width), decimal(max(height, l.Height))
	alone := asked
	alone.Title, alone.Fields, alone.Caption, alone.Logo = "", nil, nil, nil
	if text := asked.longest(); text != "" && alone.arrange(n, dot, module, module).module >= module-tiny {
		return fault.New(fault.Invalid, "label_text_no_room", width, tall, text)
	}
	return fault.New(fault.Invalid, "label_too_small", width, tall)
}

// longest is the text that takes the most room, as a message quotes it; the first letters are enough to know it by.
func (l Label) longest() string {
	most, longest := 0.0, ""
	for _, text := range l.texts() {
		if w := textWidth(text); w > most {
			most, longest = w, text
		}
	}
	const enough = 40
	if r := []rune(longest); len(r) > enough {
		longest = string(r[:enough]) + "…"
	}
	return longest
}

func roundDown(size, dot float64) float64 {
	if dot == 0 {
		return size
	}
	return math.Floor(size/dot+tiny) * dot
}

func roundUp(size, dot float64) float64 {
	if dot == 0 {
		return size
	}
	return math.Ceil(size/dot-tiny) * dot
}

// roundNear returns the multiple of the dot that is nearest to a module, but none below the
// smallest module.
func roundNear(size, dot float64) float64 {
	if dot == 0 {
		return size
	}
	return max(math.Round(size/dot)*dot, roundUp(MinModule, dot))
}

// decimal writes a size for a message, to the hundredth of a millimetre at most.
func decimal(size float64) string {
	return strconv.FormatFloat(math.Round(size*100)/100, 'f', -1, 64)
}

func codePoint(r rune) string {
	return "U+" + strings.ToUpper(strconv.FormatInt(int64(r), 16))
}
