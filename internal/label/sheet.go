package label

import (
	"fmt"
	"iter"
	"math"
	"slices"

	"truynguon/internal/fault"
)

// Calibration corrects a printer that prints too far to one side, or a little too large or small:
// what belongs at x is sent to x*ScaleX + DX. Calibrate works it out from a measured test page.
type Calibration struct {
	// DX and DY move everything to the right and down, in millimetres.
	DX, DY float64
	// ScaleX and ScaleY stretch everything from the top left corner of the page; zero means 1.
	ScaleX, ScaleY float64
}

// Limits of a calibration: beyond them something else is wrong, such as the paper or the setting
// "fit to page".
const (
	maxOffset  = 20.0
	minScaling = 0.9
	maxScaling = 1.1
)

func (c Calibration) complete() (Calibration, error) {
	if c.ScaleX == 0 {
		c.ScaleX = 1
	}
	if c.ScaleY == 0 {
		c.ScaleY = 1
	}
	if !(math.Abs(c.DX) <= maxOffset && math.Abs(c.DY) <= maxOffset &&
		c.ScaleX >= minScaling && c.ScaleX <= maxScaling && c.ScaleY >= minScaling && c.ScaleY <= maxScaling) {
		return c, fault.New(fault.Invalid, "label_calibration", decimal(maxOffset), decimal(minScaling), decimal(maxScaling))
	}
	return c, nil
}

// MaxCopies bounds how often each label of a run is printed.
const MaxCopies = 1000

// Sheet is a run of labels on a stock.
type Sheet struct {
	Stock Stock
	// Labels yields what to print, in order. Their sizes and resolutions are the stock's. The first
	// error ends the run.
	Labels iter.Seq2[Label, error]
	// Start is the first sticker of the first page that is still there, counted from 1 along rows;
	// zero means 1.
	Start int
	// Copies is how often each label is printed, one after the other; zero means once.
	Copies      int
	Calibration Calibration
}

// Printed is what became of a run.
type Printed struct {
	// Labels counts stickers, copies included.
	Labels, Pages int
	// Warnings has each kind of warning once, with the arguments of the first label that has it.
	Warnings []Warning
}

// complete checks what can be checked before the first label.
func (s Sheet) complete() (Sheet, error) {
	if err := s.Stock.Validate(); err != nil {
		return s, err
	}
	if s.Start == 0 {
		s.Start = 1
	}
	if s.Copies == 0 {
		s.Copies = 1
	}
	if s.Start < 1 || s.Start > s.Stock.Cells() {
		return s, fault.New(fault.Invalid, "label_start", s.Stock.Cells())
	}
	if s.Copies < 1 || s.Copies > MaxCopies {
		return s, fault.New(fault.Invalid, "label_copies", MaxCopies)
	}
	var err error
	s.Calibration, err = s.Calibration.complete()
	return s, err
}

// printer puts labels on pages. A page begins with the first label that is drawn on it.
type printer interface {
	// draw puts a label on the current page, its corner in millimetres from that of the page.
	draw(d *Layout, x, y float64) error
	// endPage ends the current page.
	endPage() error
}

// print works the labels out one by one and hands them to a printer. The sheet is complete.
func (s Sheet) print(p printer) (Printed, error) {
	var done Printed
	cell := s.Start
	drawn := false
	n := 0
	for l, err := range s.Labels {
		n++
		if err != nil {
			return done, fmt.Errorf("label %d: %w", n, err)
		}
		l, err := s.Stock.Fit(l).complete()
		if err != nil {
			return done, fmt.Errorf("label %d: %w", n, err)
		}
		d, err := l.layout(s.Stock.dot())
		if err != nil {
			return done, fmt.Errorf("label %d: %w", n, err)
		}
		for _, w := range d.Warnings {
			if !slices.ContainsFunc(done.Warnings, func(x Warning) bool { return x.Code == w.Code }) {
				done.Warnings = append(done.Warnings, w)
			}
		}
		for range s.Copies {
			x, y := s.Stock.Cell(cell)
			if !s.onPage(d, x, y) {
				return done, fmt.Errorf("label %d: %w", n, fault.New(fault.Invalid, "label_off_page"))
			}
			if err := p.draw(d, x, y); err != nil {
				return done, err
			}
			drawn = true
			done.Labels++
			cell++
			if cell > s.Stock.Cells() {
				if err := p.endPage(); err != nil {
					return done, err
				}
				done.Pages++
				cell, drawn = 1, false
			}
		}
	}
	if drawn {
		if err := p.endPage(); err != nil {
			return done, err
		}
		done.Pages++
	}
	if done.Labels == 0 {
		return done, fault.New(fault.Invalid, "label_none")
	}
	return done, nil
}

// onPage reports whether the calibration leaves everything that is drawn on the page.
func (s Sheet) onPage(d *Layout, x, y float64) bool {
	left, top, right, bottom := d.bounds()
	c := s.Calibration
	return (x+left)*c.ScaleX+c.DX >= -tiny && (x+right)*c.ScaleX+c.DX <= s.Stock.PageWidth+tiny &&
		(y+top)*c.ScaleY+c.DY >= -tiny && (y+bottom)*c.ScaleY+c.DY <= s.Stock.PageHeight+tiny
}

// bounds returns the edges of what is drawn.
func (d *Layout) bounds() (left, top, right, bottom float64) {
	side := d.Module * float64(len(d.Code))
	left, top, right, bottom = d.CodeX, d.CodeY, d.CodeX+side, d.CodeY+side
	for _, line := range d.Lines {
		left, right = min(left, line.X), max(right, line.X+line.Width)
		top, bottom = min(top, line.Baseline-lineAscent*line.Size), max(bottom, line.Baseline+lineDescent*line.Size)
	}
	if d.Logo != nil {
		left, right = min(left, d.LogoX), max(right, d.LogoX+d.LogoWidth)
		top, bottom = min(top, d.LogoY), max(bottom, d.LogoY+d.LogoHeight)
	}
	return left, top, right, bottom
}
