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
	// Code is the QR code with its quiet zone, and Module the side of one of its squares.
	Code         [][]bool
	Module       float64
	CodeX, CodeY float64
	Lines        []Line
	// Warnings are for whoever prints: the label can be drawn, and may disappoint.
	Warnings []Warning
}

// Line is one line of text, centred on X.
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
// Errors are of kind fault.Invalid: "label_too_small" with the width and the height in millimetres
// that would do, "label_content_too_long" and others for what no label can hold. The code keeps
// squares of at least MinModule and its quiet zone of four squares, or there is no label.
func (l Label) Layout(dot float64) (*Layout, error) {
	l, err := l.complete()
	if err != nil {
		return nil, err
	}
	return l.layout(dot)
}

// layout expects a label that is complete.
func (l Label) layout(dot float64) (*Layout, error) {
	code, err := qr(l.Content, l.Correction)
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

	// The text is set smaller if only then the code gets squares of a good size.
	size := l.Text
	block := setText(l.Caption, l.Width-2*l.edge(), size)
	module := l.fit(n, block, dot)
	for l.Height > 0 && module < wanted-tiny && size > MinText {
		size = max(size-0.1, MinText)
		block = setText(l.Caption, l.Width-2*l.edge(), size)
		module = l.fit(n, block, dot)
	}
	if module < smallest-tiny {
		return nil, l.tooSmall(n, smallest)
	}
	if l.Module > 0 {
		module = smallest
	}

	out := &Layout{Width: l.Width, Height: l.Height, Code: code, Module: module}
	content := n*module + block.height()
	if l.Height == 0 {
		out.Height = content + l.Margin + l.bottom()
	}
	if out.Height > MaxSide {
		return nil, fault.New(fault.Invalid, "label_too_large", decimal(MaxSide))
	}
	out.CodeX = (l.Width - n*module) / 2
	out.CodeY = l.Margin + max(out.Height-content-l.Margin-l.bottom(), 0)/2
	y := out.CodeY + n*module
	for _, line := range block {
		line.X = l.Width / 2
		line.Baseline = y + lineAscent*line.Size
		y += (lineAscent + lineDescent) * line.Size
		out.Lines = append(out.Lines, line)
	}
	if module < GoodModule-tiny {
		out.Warnings = append(out.Warnings, Warning{"module", []any{decimal(module), decimal(GoodModule)}})
	}
	if missing := missingGlyphs(l.Caption); dot > 0 && missing != "" {
		out.Warnings = append(out.Warnings, Warning{"glyph", []any{missing}})
	}
	return out, nil
}

// tiny absorbs the rounding of sums of millimetres.
const tiny = 1e-6

// edge is the distance of text from the sides, and bottom that from the lower edge.
func (l Label) edge() float64 { return max(l.Margin, textMargin) }

func (l Label) bottom() float64 {
	if len(l.Caption) == 0 {
		return l.Margin
	}
	return l.edge()
}

// fit returns the largest module with which a code of n modules and the text fit the label.
func (l Label) fit(n float64, block block, dot float64) float64 {
	side := l.Width - 2*l.Margin
	if l.Height > 0 {
		side = min(side, l.Height-l.Margin-l.bottom()-block.height())
	}
	return roundDown(side/n, dot)
}

// tooSmall says which size would do: the width that the code needs, or the width there is if that
// is more, and the height that code and text then need.
func (l Label) tooSmall(n, module float64) error {
	width := math.Ceil((max(l.Width, n*module+2*l.Margin)-tiny)*10) / 10
	size := l.Text
	if l.Height > 0 {
		size = MinText
	}
	block := setText(l.Caption, width-2*l.edge(), size)
	height := math.Ceil((n*module+block.height()+l.Margin+l.bottom()-tiny)*10) / 10
	return fault.New(fault.Invalid, "label_too_small", decimal(width), decimal(max(height, l.Height)))
}

// block is text that has been set in lines, still without places.
type block []Line

func (b block) height() float64 {
	h := 0.0
	for _, line := range b {
		h += (lineAscent + lineDescent) * line.Size
	}
	return h
}

// setText sets each text in as few lines of a width as it can: at the size if it fits, smaller
// down to MinText if it then fits, and otherwise in the number of lines that it needs at MinText, as
// large as that number allows.
func setText(texts []string, width, size float64) block {
	var b block
	for _, text := range texts {
		used := size
		lines := []string{text}
		if natural := textWidth(text); natural*size > width {
			used = width / natural
			if used < MinText {
				used = MinText
				lines = wrap(text, width/MinText)
				for try := size; try > MinText; try -= 0.1 {
					if bigger := wrap(text, width/try); len(bigger) <= len(lines) {
						used, lines = try, bigger
						break
					}
				}
			}
		}
		for _, line := range lines {
			b = append(b, Line{Text: line, Size: used, Width: textWidth(line) * used})
		}
	}
	return b
}

// wrap breaks a text at spaces into lines that measure at most width, in units of the font size; a
// word that is longer than a line is broken after a hyphen or slash, or else where the line ends. A space that does not break
// (U+00A0) is part of its word.
func wrap(text string, width float64) []string {
	var lines []string
	line := ""
	for _, word := range strings.Split(text, " ") {
		if word == "" {
			continue
		}
		if line != "" && textWidth(line+" "+word) <= width {
			line += " " + word
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		line = ""
		for _, r := range word {
			if line != "" && textWidth(line+string(r)) > width {
				end := strings.LastIndexAny(line, "-/") + 1
				if end == 0 {
					end = len(line)
				}
				lines = append(lines, line[:end])
				line = line[end:]
			}
			line += string(r)
		}
	}
	return append(lines, line)
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
