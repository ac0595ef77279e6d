package web

import "truynguon/internal/auth"

// tree is a family tree.
func (k madeUp) tree() *TreePicture {
	if k.n == 0 {
		return nil
	}
	t := &TreePicture{Label: k.line, Width: 500, Height: 200, More: k.text}
	for i := range k.n {
		t.Boxes = append(t.Boxes, TreeBox{
			X: 10 + i*160, Y: 10, Width: treeBoxWidth, Height: treeBoxHeight, Href: "/l/X", Name: shortened(k.name, treeText), Lot: k.code, Word: shortened(k.line, treeText), Tone: "bad", Self: i == 0,
		})
		t.Lines = append(t.Lines, TreeLine{10, 10, 100, 100})
	}
	return t
}

// lineagePages are the pages about lots that are made of lots and move.
func (k madeUp) lineagePages() map[string]view {
	facts := each(k.n, Fact{Label: or(k.name, "–"), Value: k.line})
	section := Section{Title: or(k.name, "–"), Rows: k.rows(), Empty: k.words.T("lineage.no_shipments")}
	return map[string]view{
		"lineage": &LineagePage{
			Base: k.base(auth.Staff), Up: k.tree(), Down: k.tree(), Facts: facts, Sections: []Section{section},
			Links: each(k.n, Link{"/work", k.name}), Back: Link{"/work", or(k.name, "–")},
		},
		"note": &NotePage{Base: k.base(auth.Staff), Facts: facts, Section: section, Code: "/work/shipments/x/qr.svg", Address: "https://id.example.vn/receive/" + or(k.code, "–")},
	}
}
