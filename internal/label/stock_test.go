package label

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"truynguon/configs"
	"truynguon/internal/fault"
)

func TestStocksOfTheProgram(t *testing.T) {
	bySize := map[string]int{}
	for _, s := range stocks(t) {
		bySize[fmt.Sprintf("%s %d", s.Kind, s.Cells())]++
		x, y := s.Cell(s.Cells())
		if right, below := s.PageWidth-x-s.Width, s.PageHeight-y-s.Height; right < -0.01 || below < -0.01 {
			t.Errorf("%s: the last sticker ends %v, %v mm from the edges", s.ID, right, below)
		}
		if s.Kind == RollStock && s.DPI != 203 && s.DPI != 300 {
			t.Errorf("%s: %d dpi", s.ID, s.DPI)
		}
	}
	for _, want := range []string{"sheet 21", "sheet 24", "sheet 40", "sheet 65", "roll 1", "roll 3"} {
		if bySize[want] == 0 {
			t.Errorf("no %s", want)
		}
	}
	got := stock(t, "a4-21")
	got.Names = nil
	want := Stock{ID: "a4-21", Kind: SheetStock, PageWidth: 210, PageHeight: 297, Width: 63.5, Height: 38.1, Columns: 3, Rows: 7,
		Left: 7.21, Top: 15.15, PitchX: 66.04, PitchY: 38.1, Corner: 1.5, Safe: 1, DPI: 600}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for n, want := range map[int][2]float64{1: {7.21, 15.15}, 3: {139.29, 15.15}, 4: {7.21, 53.25}, 21: {139.29, 243.75}} {
		if x, y := got.Cell(n); decimal(x) != decimal(want[0]) || decimal(y) != decimal(want[1]) {
			t.Errorf("sticker %d is at %v, %v, want %v", n, x, y, want)
		}
	}
}

func TestStockValidate(t *testing.T) {
	good := Stock{ID: "x", Kind: SheetStock, PageWidth: 210, PageHeight: 297, Width: 63.5, Height: 38.1, Columns: 3, Rows: 7,
		Left: 7.2, Top: 15.1, PitchX: 66, PitchY: 38.1, Safe: 1, DPI: 600}
	for _, tt := range []struct {
		name string
		edit func(*Stock)
		want string
	}{
		{"good", func(*Stock) {}, "[]"},
		{"kind", func(s *Stock) { s.Kind = "fanfold" }, "[/kind: label_stock_kind]"},
		{"no width", func(s *Stock) { s.Width = 0 }, "[/label: label_stock_size]"},
		{"negative margin", func(s *Stock) { s.Left = -1 }, "[/origin: label_stock_size]"},
		{"huge label", func(s *Stock) { s.Width = 301 }, "[/label: label_too_large]"},
		{"no rows", func(s *Stock) { s.Rows = 0 }, "[/grid: label_stock_grid]"},
		{"many", func(s *Stock) { s.Columns, s.Rows = 100, 100 }, "[/grid: label_stock_grid]"},
		{"dpi", func(s *Stock) { s.DPI = 0 }, "[/dpi: label_dpi]"},
		{"overlap", func(s *Stock) { s.PitchX = 60 }, "[/pitch: label_stock_overlap]"},
		{"too wide", func(s *Stock) { s.Left = 20 }, "[/page: label_stock_outside]"},
		{"all margin", func(s *Stock) { s.Safe = 20 }, "[/label: label_stock_size]"},
		{"several", func(s *Stock) { s.Kind, s.DPI = "", 5000 }, "[/kind: label_stock_kind /dpi: label_dpi]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := good
			tt.edit(&s)
			got := []string{}
			var p *fault.Problem
			if err := s.Validate(); errors.As(err, &p) {
				for _, f := range p.Fields {
					got = append(got, f.Pointer+": "+f.Code)
				}
			} else if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, fmt.Sprint(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseStocksRefuses(t *testing.T) {
	entry := func(lines ...string) string { return "stocks:\n  - " + strings.Join(lines, "\n    ") }
	const names = `names: {vi: a, en: b}`
	for _, tt := range []struct{ name, yaml, want string }{
		{"unknown key", entry("id: x", "colour: red"), "colour"},
		{"no English", entry("id: x", "names: {vi: a}"), "vi and en"},
		{"no dpi", entry("id: x", names, "kind: roll", "label: [30, 20]"), "dpi"},
		{"invalid", entry("id: x", names, "kind: roll", "label: [30, 0]", "dpi: [203]"), `"x": invalid; /page`},
		{"same id", entry("id: x", names, "kind: roll", "label: [30, 20]", "dpi: [203, 203]"), "x-203"},
		{"no id", entry(names, "kind: roll", "label: [30, 20]", "dpi: [203]"), "no ID"},
		{"not YAML", "stocks: [", "label stocks"},
	} {
		if _, err := ParseStocks([]byte(tt.yaml)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: want %q in %v", tt.name, tt.want, err)
		}
	}
}

func FuzzParseStocks(f *testing.F) {
	f.Add(configs.Labels)
	f.Add([]byte("stocks: [{id: x, names: {vi: a, en: b}, kind: roll, label: [.inf, 1e300], grid: [9223372036854775807, 2], dpi: [203]}]"))
	f.Add([]byte("stocks: [{id: x, names: {vi: a, en: b}, kind: sheet, label: [.nan, 20], pitch: [-1, 0], dpi: [300, 600]}]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := ParseStocks(data)
		if err != nil {
			return
		}
		for _, s := range all {
			if err := s.Validate(); err != nil {
				t.Errorf("accepted: %v", err)
			}
			for n := 1; n <= s.Cells(); n++ {
				if x, y := s.Cell(n); !(x >= 0 && y >= 0 && x+s.Width <= s.PageWidth+0.02 && y+s.Height <= s.PageHeight+0.02) {
					t.Errorf("sticker %d of %+v is not on the page", n, s)
				}
			}
		}
	})
}

func TestKinds(t *testing.T) {
	name := func(p Part) string { return "«" + string(p) + "»" }
	k, ok := KindByID("item")
	if !ok {
		t.Fatal("no kind item")
	}
	got := k.Compose(link, map[Part]string{PartProduct: "Xoài", PartCode: "AB-1", PartLot: "L1", PartSerial: "7", PartOrigin: "Việt Nam"}, name)
	want := Label{Content: link, Title: "Xoài", Fields: []Field{{"«lot»", "L1"}, {"«serial»", "7"}}, Caption: []string{"AB-1"}, Text: 2.6}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	got = k.Compose(link, map[Part]string{PartProduct: "Xoài", PartLot: "L1", PartOrigin: "Việt Nam"}, name, PartOrigin, PartProduct)
	want = Label{Content: link, Title: "Xoài", Fields: []Field{{"«origin»", "Việt Nam"}}, Text: 2.6}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, ok := KindByID("poster"); ok {
		t.Error("there is a kind poster")
	}
	for _, k := range Kinds {
		if !slices.IsSortedFunc(k.Parts, func(a, b Part) int { return slices.Index(Parts, a) - slices.Index(Parts, b) }) {
			t.Errorf("%s: parts are not in the order in which they are shown", k.ID)
		}
	}
}

// The smallest sticker holds what matters, with the short form of the code's address.
func TestSmallestSticker(t *testing.T) {
	for _, id := range []string{"roll-30x20-203", "roll-30x20-300"} {
		s := stock(t, id)
		k, _ := KindByID("item")
		l := k.Compose("HTTPS://TN.EXAMPLE.VN/L/M4XK79QFHJ3W", values, func(p Part) string { return partNames[p] }, PartProduct, PartLot, PartCode)
		d := layout(t, s.Fit(l), s.dot())
		t.Logf("%s: squares of %.3f mm, level %d, %d lines of %.2f mm, %v", id, d.Module, d.Correction, len(d.Lines), d.Lines[0].Size, d.Warnings)
		if d.Correction < Medium {
			t.Errorf("%s: level %d", id, d.Correction)
		}
	}
}
