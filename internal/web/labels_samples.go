package web

import (
	"truynguon/internal/auth"
)

// ownLinks are a producer's own links.
func (k madeUp) ownLinks() []OwnLink {
	return each(k.n, OwnLink{Kind: or(k.name, "–"), Title: or(k.line, "–"), Href: "https://cho.example.vn/", Host: "cho.example.vn", Language: "vi"})
}

// labels is the page for printing labels, with made-up data.
func (k madeUp) labels() *LabelsPage {
	f := k.form("labels", "copies", "stock")
	f.Values["kind"] = []string{"item"}
	p := &LabelsPage{
		Base: k.base(auth.Staff), Form: f, Batch: k.batch(), Balance: k.line, Excess: k.n > 0, May: k.n > 0,
		Groups: []Group{group("", false, f.Field("copies", "number", true)), group(or(k.name, "–"), true, f.Field("stock", "text", true))},
		Runs:   Section{Title: or(k.name, "–"), Rows: k.rows()},
	}
	if k.n > 0 {
		void := k.form("serials", "from")
		void.Scope = "void-"
		p.SVG, p.PNG, p.Width, p.Size, p.Warnings = "/work/batches/X/labels/preview.svg?kind="+k.code, "/work/batches/X/labels/preview.png", 240, k.line, each(k.n, k.line)
		p.Correct = Link{"/work/labels/printer?stock=" + k.code, or(k.line, "–")}
		p.Void = &Action{Verb: "void_serials", Label: k.words.T("act.void_serials"), Danger: true, Post: "/work/batches/X/labels/void", Form: void, Fields: []Field{void.Field("from", "text", true)}}
	}
	return p
}
