package web

import (
	"cmp"
	"slices"

	"truynguon/internal/locale"
	"truynguon/internal/trace"
)

// The measures of the picture of a family tree, in its own units, which are pixels on a screen. A box holds
// three lines; at 360 px two boxes stand side by side, and the rest is reached by scrolling.
const (
	treeBoxWidth  = 152
	treeBoxHeight = 66
	treeGapX      = 14
	treeGapY      = 44
	// treeRow is how many lots of one level are drawn; the others are counted.
	treeRow = 6
	// treeLevels is how many levels are drawn.
	treeLevels = 8
	// treeText is how many letters fit on a line.
	treeText = 17
)

// TreePicture is a lot's family tree as it is drawn: the lot in the top row, and below it, level by level,
// what it was made of or what was made of it.
type TreePicture struct {
	Label         string
	Width, Height int
	Boxes         []TreeBox
	Lines         []TreeLine
	// More is what is not drawn, in words; empty if everything is.
	More string
}

// TreeBox is a lot, or the count of those that are not drawn if it has no Href.
type TreeBox struct {
	X, Y, Width, Height int
	Href                string
	Name, Lot, Word     string
	// Tone is the colour of the lot's state, which Word says too.
	Tone string
	// Self tells that it is the lot that the page is about.
	Self bool
}

// TextX is where the lines of text begin.
func (b TreeBox) TextX() int { return b.X + 8 }

// TextY is the height of the n-th line of text.
func (b TreeBox) TextY(n int) int { return b.Y + n*19 }

// TreeLine leads from one box to another.
type TreeLine struct{ X1, Y1, X2, Y2 int }

// tree draws a graph; nil if there is nothing beside the lot itself. href makes the address of a lot's page.
func tree(words *locale.Printer, ln *trace.Lineage, href func(code string) string) *TreePicture {
	g := ln.Graph
	if len(g.Lots) < 2 {
		return nil
	}
	var levels [][]trace.GraphLot
	for _, lot := range g.Lots {
		for len(levels) <= lot.Depth {
			levels = append(levels, nil)
		}
		levels[lot.Depth] = append(levels[lot.Depth], lot)
	}
	drawn := levels[:min(len(levels), treeLevels)]
	most := 1
	for _, level := range drawn {
		n := min(len(level), treeRow)
		if len(level) > treeRow {
			n++
		}
		most = max(most, n)
	}
	t := &TreePicture{
		Label: words.T("tree." + string(g.Direction)), Width: most*(treeBoxWidth+treeGapX) + treeGapX,
		Height: len(drawn)*(treeBoxHeight+treeGapY) - treeGapY + 2*treeGapX,
	}
	stopped := map[string]trace.State{}
	for _, part := range ln.Stopped {
		stopped[part.Lot] = part.State
	}
	at := map[string]TreeBox{}
	for depth, level := range drawn {
		// What is held or recalled is drawn before what is not, so that it is never among the rest.
		slices.SortStableFunc(level, func(a, b trace.GraphLot) int {
			_, bad := stopped[a.Code]
			_, worse := stopped[b.Code]
			return cmp.Compare(map[bool]int{true: 0, false: 1}[bad], map[bool]int{true: 0, false: 1}[worse])
		})
		rest := max(0, len(level)-treeRow)
		for i, lot := range level[:len(level)-rest] {
			box := TreeBox{
				X: treeGapX + i*(treeBoxWidth+treeGapX), Y: treeGapX + depth*(treeBoxHeight+treeGapY),
				Width: treeBoxWidth, Height: treeBoxHeight, Self: depth == 0, Href: href(lot.Code),
			}
			state := stopped[lot.Code]
			if lot.Batch != nil {
				box.Name, box.Lot = shortened(ln.Products[lot.Batch.Product].Name, treeText), shortened(words.T("tree.lot", lot.Batch.Lot), treeText+4)
				if state == "" {
					state = lot.Batch.State
				}
			} else {
				box.Name = trace.SpellCode(lot.Code)
			}
			if state != "" {
				box.Word, box.Tone = words.T("state."+string(state)), stateTone(state)
			}
			at[lot.Code] = box
			t.Boxes = append(t.Boxes, box)
		}
		if rest > 0 {
			t.Boxes = append(t.Boxes, TreeBox{
				X: treeGapX + treeRow*(treeBoxWidth+treeGapX), Y: treeGapX + depth*(treeBoxHeight+treeGapY),
				Width: treeBoxWidth, Height: treeBoxHeight, Name: words.N("tree.others", rest),
			})
		}
	}
	for _, e := range g.Edges {
		from, ok := at[e.From]
		to, there := at[e.To]
		if !ok || !there || from.Y == to.Y {
			continue
		}
		if from.Y > to.Y {
			from, to = to, from
		}
		line := TreeLine{from.X + treeBoxWidth/2, from.Y + treeBoxHeight, to.X + treeBoxWidth/2, to.Y}
		if !slices.Contains(t.Lines, line) && len(t.Lines) < 1000 {
			t.Lines = append(t.Lines, line)
		}
	}
	if n := len(levels) - len(drawn); n > 0 || g.Cut {
		t.More = words.T("tree.more")
	}
	return t
}

// shortened shortens a text to so many letters.
func shortened(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
