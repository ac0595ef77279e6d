package label

import (
	"bytes"
	"fmt"
	"math"

	"go.yaml.in/yaml/v3"

	"truynguon/internal/fault"
)

// StockKind says how stock is fed.
type StockKind string

const (
	// SheetStock is sheets of stickers for office printers.
	SheetStock StockKind = "sheet"
	// RollStock is a roll of stickers for label printers. A page is one row of stickers.
	RollStock StockKind = "roll"
)

// Limits of a stock.
const (
	maxCells = 500
	// DefaultSafe is the margin in millimetres that keeps a label whole when the printer is a little off.
	DefaultSafe = 1.0
)

// Stock is what labels are printed on: pages of stickers of one size, in rows and columns. Sizes are
// in millimetres.
type Stock struct {
	// ID is what a setting calls it; it never changes.
	ID string
	// Names is what people call it, by language.
	Names map[string]string
	Kind  StockKind
	// PageWidth and PageHeight are those of a page: of a sheet, or of one row of a roll, without the
	// gap between rows.
	PageWidth, PageHeight float64
	// Width and Height are those of one sticker.
	Width, Height float64
	// Columns and Rows count the stickers of a page.
	Columns, Rows int
	// Left and Top are the place of the first sticker on the page.
	Left, Top float64
	// PitchX and PitchY are the distances from one sticker to the next, from edge to the same edge.
	PitchX, PitchY float64
	// Corner is the radius of a sticker's corners.
	Corner float64
	// Safe is the margin of a sticker that is left empty.
	Safe float64
	// DPI is the resolution of the printer. The squares of codes are whole dots of it.
	DPI int
}

// Roll returns a stock for a roll of stickers of any size, one in a row.
func Roll(width, height float64, dpi int) Stock {
	return Stock{ID: "custom", Kind: RollStock, PageWidth: width, PageHeight: height, Width: width, Height: height,
		Columns: 1, Rows: 1, PitchX: width, PitchY: height, Safe: DefaultSafe, DPI: dpi}
}

// Cells returns how many stickers a page has.
func (s Stock) Cells() int { return s.Columns * s.Rows }

// Cell returns the place of a sticker on the page, counted from 1 along rows.
func (s Stock) Cell(n int) (x, y float64) {
	n--
	return s.Left + float64(n%s.Columns)*s.PitchX, s.Top + float64(n/s.Columns)*s.PitchY
}

func (s Stock) dot() float64 { return 25.4 / float64(s.DPI) }

// Fit returns the label as this stock needs it: of a sticker's size and resolution, with its safe
// margin at least. That label drawn in any format is what will be printed.
func (s Stock) Fit(l Label) Label {
	l.Width, l.Height, l.DPI = s.Width, s.Height, s.DPI
	// A round corner cuts off less than a third of its radius.
	l.Margin = max(l.Margin, s.Safe, 0.3*s.Corner)
	return l
}

// Validate says what is impossible about a stock, field by field, as fault.Invalid. Pointers are
// those of the entry in labels.yaml.
func (s Stock) Validate() error {
	var p fault.Problem
	if s.Kind != SheetStock && s.Kind != RollStock {
		p.Add("/kind", "label_stock_kind")
	}
	sizes := func(pointer string, positive bool, values ...float64) {
		for _, v := range values {
			if !(v >= 0) || positive && v == 0 || v > 2*MaxSide {
				p.Add(pointer, "label_stock_size")
			}
		}
	}
	sizes("/page", true, s.PageWidth, s.PageHeight)
	sizes("/label", true, s.Width, s.Height)
	sizes("/origin", false, s.Left, s.Top)
	sizes("/corner", false, s.Corner)
	sizes("/safe", false, s.Safe)
	if s.Width > MaxSide || s.Height > MaxSide {
		p.Add("/label", "label_too_large", decimal(MaxSide))
	}
	if s.Columns < 1 || s.Rows < 1 || s.Columns > maxCells || s.Rows > maxCells || s.Cells() > maxCells {
		p.Add("/grid", "label_stock_grid", maxCells)
	}
	if s.DPI < MinDPI || s.DPI > MaxDPI {
		p.Add("/dpi", "label_dpi", MinDPI, MaxDPI)
	}
	if len(p.Fields) > 0 {
		return p.Err()
	}
	// A hundredth of a millimetre is for sizes that were converted from inches.
	const slack = 0.01
	if s.Columns > 1 && s.PitchX < s.Width-slack || s.Rows > 1 && s.PitchY < s.Height-slack {
		p.Add("/pitch", "label_stock_overlap")
	}
	right := s.Left + float64(s.Columns-1)*s.PitchX + s.Width
	bottom := s.Top + float64(s.Rows-1)*s.PitchY + s.Height
	if !(right <= s.PageWidth+slack) || !(bottom <= s.PageHeight+slack) {
		p.Add("/page", "label_stock_outside")
	}
	if 2*max(s.Safe, s.Corner) >= min(s.Width, s.Height) {
		p.Add("/label", "label_stock_size")
	}
	return p.Err()
}

// ParseStocks reads a list of stocks as configs/labels.yaml explains it. An entry with several
// resolutions becomes a stock each, whose ID ends in the resolution. Every entry must have a name in
// Vietnamese and in English. An error names the entry.
func ParseStocks(data []byte) ([]Stock, error) {
	var file struct {
		Stocks []struct {
			ID     string
			Names  map[string]string
			Kind   StockKind
			Page   *[2]float64
			Label  [2]float64
			Grid   *[2]int
			Pitch  *[2]float64
			Origin *[2]float64
			Corner float64
			Safe   *float64
			DPI    []int
		}
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&file); err != nil {
		return nil, fmt.Errorf("label stocks: %w", err)
	}
	var stocks []Stock
	seen := map[string]bool{}
	for i, e := range file.Stocks {
		s := Stock{ID: e.ID, Names: e.Names, Kind: e.Kind, Width: e.Label[0], Height: e.Label[1],
			Columns: 1, Rows: 1, PitchX: e.Label[0], PitchY: e.Label[1], Corner: e.Corner, Safe: DefaultSafe}
		if e.Grid != nil {
			s.Columns, s.Rows = e.Grid[0], e.Grid[1]
		}
		if e.Pitch != nil {
			s.PitchX, s.PitchY = e.Pitch[0], e.Pitch[1]
		}
		if e.Safe != nil {
			s.Safe = *e.Safe
		}
		across := float64(s.Columns-1)*s.PitchX + s.Width
		down := float64(s.Rows-1)*s.PitchY + s.Height
		s.PageWidth, s.PageHeight = across, down
		if e.Page != nil {
			s.PageWidth, s.PageHeight = e.Page[0], e.Page[1]
		}
		s.Left, s.Top = hundredths((s.PageWidth-across)/2), hundredths((s.PageHeight-down)/2)
		if e.Origin != nil {
			s.Left, s.Top = e.Origin[0], e.Origin[1]
		}
		if s.Names["vi"] == "" || s.Names["en"] == "" {
			return nil, fmt.Errorf("label stock %d, %q: it needs names in vi and en", i+1, e.ID)
		}
		if len(e.DPI) == 0 {
			return nil, fmt.Errorf("label stock %d, %q: it needs a dpi", i+1, e.ID)
		}
		for _, dpi := range e.DPI {
			s.DPI = dpi
			if s.ID = e.ID; len(e.DPI) > 1 {
				s.ID = fmt.Sprintf("%s-%d", e.ID, dpi)
			}
			if err := s.Validate(); err != nil {
				return nil, fmt.Errorf("label stock %d, %q: %w", i+1, s.ID, err)
			}
			if s.ID == "" || seen[s.ID] {
				return nil, fmt.Errorf("label stock %d: %q is no ID, or another stock's", i+1, s.ID)
			}
			seen[s.ID] = true
			stocks = append(stocks, s)
		}
	}
	return stocks, nil
}

func hundredths(v float64) float64 { return math.Round(v*100) / 100 }
