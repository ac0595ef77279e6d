package label

import (
	"io"
	"math"

	"truynguon/internal/fault"
)

// TestPage is a page to measure a printer with: two crosses whose places on the paper are known,
// rulers, and the outlines of all stickers, to be held against a sheet of them.
type TestPage struct {
	Stock Stock
	// Calibration is zero for a page to measure, and what was worked out for a page to check it with.
	Calibration Calibration
	// Notes are printed in the middle, a line each: what to measure, in the user's language.
	Notes []string
}

// Measured is what a ruler says about a test page, in millimetres.
type Measured struct {
	// Left and Top are the distances of the first cross from the left and upper edge of the paper.
	Left, Top float64
	// Across and Down are the distances from the first cross to the second.
	Across, Down float64
}

// Marks returns the places of the two crosses of a stock's test page.
func (s Stock) Marks() (x1, y1, x2, y2 float64) {
	inset := min(15, math.Floor(min(s.PageWidth, s.PageHeight)/4))
	return inset, inset, s.PageWidth - inset, s.PageHeight - inset
}

// Calibrate works out what corrects a printer whose test page, printed without a calibration,
// measures so. What no calibration can correct is fault.Invalid "label_calibration".
func (s Stock) Calibrate(m Measured) (Calibration, error) {
	x1, y1, x2, y2 := s.Marks()
	if !(m.Across > 0 && m.Down > 0) {
		return Calibration{}, fault.New(fault.Invalid, "label_calibration", decimal(maxOffset), decimal(minScaling), decimal(maxScaling))
	}
	// The printer puts x at scale*x + offset, so x must be sent as (x - offset) / scale.
	scaleX, scaleY := m.Across/(x2-x1), m.Down/(y2-y1)
	c := Calibration{ScaleX: 1 / scaleX, ScaleY: 1 / scaleY,
		DX: -(m.Left - scaleX*x1) / scaleX, DY: -(m.Top - scaleY*y1) / scaleY}
	return c.complete()
}

// WriteTestPDF writes the test page as a document.
func (t TestPage) WriteTestPDF(w io.Writer) error {
	c, err := t.complete()
	if err != nil {
		return err
	}
	doc := newPDF(w, t.Stock.PageWidth, t.Stock.PageHeight, t.Stock.dot(), c)
	if err := t.plot(doc); err != nil {
		return err
	}
	if err := doc.endPage(); err != nil {
		return err
	}
	return doc.close()
}

// WriteTestZPL writes the test page for a label printer.
func (t TestPage) WriteTestZPL(w io.Writer) error {
	c, err := t.complete()
	if err != nil {
		return err
	}
	if t.Stock.Kind != RollStock {
		return fault.New(fault.Invalid, "label_zpl_sheet")
	}
	z := newZPL(w, t.Stock.PageWidth, t.Stock.PageHeight, t.Stock.dot(), c)
	if err := t.plot(z); err != nil {
		return err
	}
	return z.endPage()
}

func (t TestPage) complete() (Calibration, error) {
	if err := t.Stock.Validate(); err != nil {
		return Calibration{}, err
	}
	return t.Calibration.complete()
}

// plotter draws what a test page is made of.
type plotter interface {
	rectangle(x, y, width, height float64) error
	text(lines []Line, x, y float64) error
}

// thin is the width of a line in millimetres.
const thin = 0.2

func (t TestPage) plot(p plotter) error {
	var err error
	bar := func(x1, y1, x2, y2 float64) {
		if err == nil {
			err = p.rectangle(x1-thin/2, y1-thin/2, x2-x1+thin, y2-y1+thin)
		}
	}
	s := t.Stock
	for n := 1; n <= s.Cells(); n++ {
		x, y := s.Cell(n)
		// A line just inside the edge of the sticker.
		x, y, right, bottom := x+thin/2, y+thin/2, x+s.Width-thin/2, y+s.Height-thin/2
		bar(x, y, right, y)
		bar(x, bottom, right, bottom)
		bar(x, y, x, bottom)
		bar(right, y, right, bottom)
	}
	x1, y1, x2, y2 := s.Marks()
	arm := min(5, x1-thin)
	for _, m := range [][2]float64{{x1, y1}, {x2, y2}} {
		bar(m[0]-arm, m[1], m[0]+arm, m[1])
		bar(m[0], m[1]-arm, m[0], m[1]+arm)
	}
	// Rulers from the first cross, a stroke a millimetre, with longer ones at five and ten.
	stroke := func(i int) float64 {
		switch {
		case i%10 == 0:
			return 3
		case i%5 == 0:
			return 2
		}
		return 1.2
	}
	for i := 1; float64(i) <= min(x2-x1, 100); i++ {
		x := x1 + float64(i)
		bar(x, y1, x, y1+min(stroke(i), arm))
	}
	for i := 1; float64(i) <= min(y2-y1, 100); i++ {
		y := y1 + float64(i)
		bar(x1, y, x1+min(stroke(i), arm), y)
	}
	if err != nil {
		return err
	}
	var notes []paragraph
	for _, note := range t.Notes {
		notes = append(notes, paragraph{note, DefaultText, MinText})
	}
	width := x2 - x1 - 2*arm
	if width <= 0 {
		return nil
	}
	block := setText(notes, width)
	if block.height() > y2-y1-2*arm {
		return nil // on a small sticker the crosses matter more
	}
	y := (y1 + y2 - block.height()) / 2
	for i := range block {
		block[i].X = x1 + arm + (width-block[i].Width)/2
		block[i].Baseline = y + lineAscent*block[i].Size
		y += (lineAscent + lineDescent) * block[i].Size
	}
	return p.text(block, 0, 0)
}
