package web

import (
	"truynguon/internal/auth"
)

// plotPages are the pages about plots, with made-up data.
func (k madeUp) plotPages() map[string]view {
	var drawn *PlotMap
	if k.n > 0 {
		drawn = &PlotMap{Width: 640, Height: 440, Alt: k.line, ScaleX: 100, Scale: "100 m", Shapes: each(k.n, MapShape{
			Path: "M10 10L200 20L100 300Z", X: 100, Y: 100, Class: "own", Label: k.name, Href: "/work/places/x",
		})}
	}
	return map[string]view{
		"plot": &PlotPage{RecordPage: k.record(auth.Staff), Map: drawn, Warnings: each(k.n, k.text)},
		"plots": &PlotsPage{
			Base: k.base(auth.Official), Map: drawn, Warnings: each(k.n, k.text), Cut: k.n > 1,
			Sections: each(k.n, Section{Title: or(k.name, "–"), Rows: k.rows()}), Links: each(k.n, Link{"/work", k.name}),
		},
	}
}
