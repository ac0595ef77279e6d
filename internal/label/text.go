package label

import (
	"strings"
)

// paragraph is a text that begins a line of its own.
type paragraph struct {
	text string
	// size is the font size wanted, and least that to which the text is shrunk before it is broken
	// into lines.
	size, least float64
}

// keepTogether is how far a title or a field is shrunk before it is wrapped: among lines of one
// size a smaller one looks like fine print, so room is rather made by another line.
const keepTogether = 0.85

// heading returns the title, and body fields and caption, at a scale of their sizes.
func (l Label) heading(scale float64) []paragraph {
	if l.Title == "" {
		return nil
	}
	size := max(l.Text*titleScale*scale, MinText)
	return []paragraph{{l.Title, size, max(size*keepTogether, MinText)}}
}

func (l Label) body(scale float64) []paragraph {
	size := max(l.Text*scale, MinText)
	all := make([]paragraph, 0, len(l.Fields)+len(l.Caption))
	for _, f := range l.Fields {
		all = append(all, paragraph{f.Value, size, max(size*keepTogether, MinText)})
	}
	for _, line := range l.Caption {
		all = append(all, paragraph{line, size, MinText})
	}
	return all
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

// size returns the font size of a character on average, and 0 without any.
func (b block) size() float64 {
	sum, n := 0.0, 0.0
	for _, line := range b {
		sum += float64(len(line.Text)) * line.Size
		n += float64(len(line.Text))
	}
	if n == 0 {
		return 0
	}
	return sum / n
}

// setText sets each text in as few lines of a width as it can: at its size if it fits, smaller
// down to its least size if it then fits, and otherwise in the number of lines that it needs at its
// least size, as large as that number allows.
func setText(texts []paragraph, width float64) block {
	b := make(block, 0, len(texts)+4)
	for _, p := range texts {
		used := p.size
		natural := textWidth(p.text)
		if natural*used <= width {
			b = append(b, Line{Text: p.text, Size: used, Width: natural * used})
			continue
		}
		used = width / natural
		lines := []string{p.text}
		if used < p.least {
			used = p.least
			lines = wrap(p.text, width/used)
			for try := p.size; try > used; try -= 0.1 {
				if bigger := wrap(p.text, width/try); len(bigger) <= len(lines) {
					used, lines = try, bigger
					break
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
// word that is longer than a line is broken after a hyphen or slash, or else where the line ends. A
// space that does not break (U+00A0) is part of its word.
func wrap(text string, width float64) []string {
	var lines []string
	font := loadFont()
	space := font.width(' ')
	line, lineWidth := "", 0.0
	for word := range strings.SplitSeq(text, " ") {
		if word == "" {
			continue
		}
		wordWidth := textWidth(word)
		if line != "" && lineWidth+space+wordWidth <= width {
			line += " " + word
			lineWidth += space + wordWidth
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		if wordWidth <= width {
			line, lineWidth = word, wordWidth
			continue
		}
		line, lineWidth = "", 0
		for _, r := range word {
			w := font.width(r)
			for line != "" && lineWidth+w > width { // twice, if little is before the hyphen
				end := strings.LastIndexAny(line, "-/") + 1
				if end == 0 {
					end = len(line)
				}
				lines = append(lines, line[:end])
				line = line[end:]
				lineWidth = textWidth(line)
			}
			line += string(r)
			lineWidth += w
		}
	}
	return append(lines, line)
}
