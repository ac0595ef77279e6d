package web

import (
	"bytes"
	"context"
	"encoding/csv"
	"image/png"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"truynguon/internal/label"
	"truynguon/internal/trace"
)

// The domain records the kinds of label that there are.
func TestPrintKindsAreLabelKinds(t *testing.T) {
	for _, k := range label.Kinds {
		if !slices.Contains(trace.PrintKinds, k.ID) {
			t.Errorf("the domain does not know labels for %q", k.ID)
		}
	}
}

// addPieces registers a released lot of n pieces.
func (w *world) addPieces(lot, n string) trace.Batch {
	w.t.Helper()
	pr, err := w.Ledger.RegisterProduct(context.Background(), w.actors["staff"], trace.ProductDraft{
		Organisation: orgA, Name: "Mật ong rừng", UOM: "H87", NetContent: "500 ml",
	})
	w.must(err)
	b, err := w.Ledger.RegisterBatch(context.Background(), w.actors["staff"], trace.BatchDraft{
		Organisation: orgA, Product: pr.Doc.ID, Lot: lot, Places: []string{w.addPlot(orgA).ID},
		HarvestDate: "2026-11-10", PackagingDate: "2026-11-15", ExpirationDate: "2027-11-15", Quantity: trace.QuantityDraft{Value: trace.Decimal(n)},
	})
	w.must(err)
	b, err = w.Ledger.ReleaseBatch(context.Background(), w.actors["staff"], b.Doc.Code, "")
	w.must(err)
	return b.Doc
}

// Who may see the page for printing labels, and who may print.
func TestWhoPrintsLabels(t *testing.T) {
	w := newWorld(t)
	b := w.addPieces("L1", "100")
	page := "/work/batches/" + b.Code + "/labels"
	for who, want := range map[string][2]int{ // the page, a run
		"nobody": {303, 401}, "admin": {200, 200}, "official": {200, 403}, "officialB": {403, 403}, "manager": {200, 200},
		"staff": {200, 200}, "managerB": {403, 403}, "staffB": {403, 403}, "buyer": {403, 403},
	} {
		a := w.browse(who, "GET", page, nil)
		if a.Status != want[0] {
			t.Errorf("%s: the page answers %d, want %d", who, a.Status, want[0])
		}
		if a.Status == 200 {
			checkPage(t, page+", "+who, a.Body)
		}
		values := url.Values{"kind": {"lot"}, "was": {"lot"}, "stock": {"a4-12"}, "language": {"vi"}, "copies": {"1"}, "start": {"1"}, "format": {"pdf"}, "token": {who}}
		if a := w.post(who, page+"/print", values); a.Status != want[1] {
			t.Errorf("%s: a run answers %d, want %d", who, a.Status, want[1])
		}
	}
}

// Every kind of label on every stock: it is drawn in both pictures, or the page says which size would
// do.
func TestEveryStockIsPreviewed(t *testing.T) {
	w := newWorld(t)
	b := w.addPieces("L1", "100")
	all, err := stocks()
	w.must(err)
	path := "/work/batches/" + b.Code + "/labels"
	for _, lang := range []string{"vi", "en"} {
		refused := 0
		for _, k := range label.Kinds {
			for _, stock := range all {
				q := url.Values{"kind": {k.ID}, "stock": {stock.ID}, "language": {lang}, "copies": {"3"}, "start": {"1"}}.Encode()
				a := w.browse("staff", "GET", path+"?lang="+lang+"&"+q, nil, "Accept-Language", lang)
				what := k.ID + " on " + stock.ID
				checkPage(t, what, a.Body)
				picture := a.page().Find(".preview img")
				if a.Status == 422 {
					refused++
					if text := words(a.page().Find("#faults")); !strings.Contains(text, "mm") {
						t.Errorf("%s: no size that would do: %s", what, text)
					}
					if picture.Length() > 0 {
						t.Errorf("%s: a picture of what cannot be printed", what)
					}
					continue
				}
				a.want(200)
				src := picture.AttrOr("src", "")
				svg := w.browse("staff", "GET", src, nil).want(200)
				if !bytes.Contains(svg.Body, []byte("<svg")) {
					t.Errorf("%s: no picture", what)
				}
				img, err := png.Decode(bytes.NewReader(w.browse("staff", "GET", strings.Replace(src, ".svg?", ".png?", 1), nil).want(200).Body))
				if err != nil {
					t.Fatalf("%s: %v", what, err)
				}
				if mm := float64(img.Bounds().Dx()) * 25.4 / float64(min(stock.DPI, label.DefaultDPI)); mm < stock.Width-1 || mm > stock.Width+1 {
					t.Errorf("%s: the picture is %.1f mm wide, the sticker %.1f mm", what, mm, stock.Width)
				}
			}
		}
		t.Logf("%s: %d of %d cannot be drawn", lang, refused, len(label.Kinds)*len(all))
	}
	for key, n := range w.Words.Missed() {
		t.Errorf("%d times no message %q", n, key)
	}
}

// A run is recorded once however often its button is pressed, shows on the lot's page, and more labels
// than pieces are told with the arithmetic.
func TestPrintRuns(t *testing.T) {
	w := newWorld(t)
	b := w.addPieces("L1", "100")
	lot := "/work/batches/" + b.Code
	action := lot + "/labels/print"
	values := formOf(t, w.browse("staff", "GET", lot+"/labels", nil).want(200).page(), action)
	values.Set("copies", "90")
	values.Set("format", "pdf")
	for range 2 {
		a := w.post("staff", action, values).want(200)
		if a.Header.Get("Content-Type") != "application/pdf" || !strings.HasPrefix(a.Header.Get("Content-Disposition"), "attachment") || !bytes.HasPrefix(a.Body, []byte("%PDF")) {
			t.Fatalf("no document: %v", a.Header)
		}
		if !bytes.Contains(a.Body[len(a.Body)-32:], []byte("%%EOF")) {
			t.Error("the document has no end")
		}
	}
	text := words(w.browse("staff", "GET", lot, nil).page().Find("main"))
	if n := strings.Count(text, "Nhãn lô hàng: 90 tem"); n != 1 {
		t.Errorf("the run is %d times on the lot's page: %s", n, text)
	}
	for _, want := range []string{"Người staff", "A4, 12 tem", "Lô có 100 cái, còn thiếu 10 tem"} {
		if !strings.Contains(text, want) {
			t.Errorf("the lot's page lacks %q: %s", want, text)
		}
	}
	// What was chosen is remembered, and the next run begins where the sheet was left.
	values = formOf(t, w.browse("staff", "GET", lot+"/labels", nil).want(200).page(), action)
	if values.Get("start") != "7" || values.Get("stock") != "a4-12" || values.Get("copies") != "1" {
		t.Errorf("remembered: %v", values)
	}
	values.Set("copies", "12")
	values.Set("reprint", "yes")
	values.Set("stock", "roll-100x75-203")
	values.Set("start", "1")
	values.Set("format", "zpl")
	a := w.post("staff", action, values).want(200)
	if a.Header.Get("Content-Type") != "application/zpl" || !bytes.HasPrefix(a.Body, []byte("^XA")) {
		t.Errorf("no ZPL: %v %.40s", a.Header, a.Body)
	}
	text = words(w.browse("staff", "GET", lot, nil).page().Find("main"))
	for _, want := range []string{"In lại", "90 tem in mới + 12 tem in lại = 102 tem. Lô có 100 cái, vậy thừa 2 tem.", "ZPL"} {
		if !strings.Contains(text, want) {
			t.Errorf("the lot's page lacks %q: %s", want, text)
		}
	}
	for key, n := range w.Words.Missed() {
		t.Errorf("%d times no message %q", n, key)
	}
}

// Whatever is wrong is told in words above the form, which keeps what was typed, and nothing is
// recorded.
func TestLabelFaults(t *testing.T) {
	w := newWorld(t)
	b := w.addPieces("L1", "100")
	lot := "/work/batches/" + b.Code
	good := map[string]string{"kind": "lot", "was": "lot", "stock": "a4-12", "language": "vi", "copies": "5", "start": "1", "format": "pdf", "storage": "Nơi khô ráo"}
	for _, c := range []struct {
		name   string
		change map[string]string
		want   string
	}{
		{"too small", map[string]string{"stock": "custom", "width": "12", "height": "12", "dpi": "203"}, "Nhãn cần rộng ít nhất"},
		{"no width", map[string]string{"stock": "custom", "width": "", "height": "12", "dpi": "203"}, "Rộng (mm)"},
		{"half a label", map[string]string{"copies": "1,5"}, "Cần một số nguyên từ 1"},
		{"no number", map[string]string{"copies": "nhiều"}, "Số tem cần in"},
		{"beyond the sheet", map[string]string{"start": "13"}, "từ 1 đến 12"},
		{"ZPL of a sheet", map[string]string{"format": "zpl"}, "ZPL dùng cho máy in tem cuộn"},
		{"a list of labels without serials", map[string]string{"format": "csv"}, "chỉ dành cho tem từng sản phẩm"},
		{"no such stock", map[string]string{"stock": "giấy lạ"}, "Giấy tem"},
	} {
		values := url.Values{}
		for name, v := range good {
			values.Set(name, v)
		}
		for name, v := range c.change {
			values.Set(name, v)
		}
		a := w.post("staff", lot+"/labels/print", values)
		if a.Status != 422 {
			t.Errorf("%s: %d, want 422", c.name, a.Status)
			continue
		}
		checkPage(t, c.name, a.Body)
		if text := words(a.page().Find("#faults")); !strings.Contains(text, c.want) {
			t.Errorf("%s: told %q, want %q", c.name, text, c.want)
		}
		if v := a.page().Find(`input[name="storage"]`).AttrOr("value", ""); v != "Nơi khô ráo" {
			t.Errorf("%s: what was typed is lost", c.name)
		}
		other := w.browse("staff", "GET", a.page().Find(`.langs a`).AttrOr("href", ""), nil).page()
		if v := other.Find(`input[name="storage"]`).AttrOr("value", ""); v != "Nơi khô ráo" || other.Find("html").AttrOr("lang", "") != "en" {
			t.Errorf("%s: what was typed is lost in the other language", c.name)
		}
	}
	runs, err := w.Ledger.Prints(context.Background(), w.actors["staff"], b.Code)
	w.must(err)
	if len(runs) != 0 {
		t.Errorf("%d runs are recorded", len(runs))
	}
}

// A printer that is measured is corrected, for that person and stock alone.
func TestPrinterIsCorrected(t *testing.T) {
	w := newWorld(t)
	page := "/work/labels/printer?stock=a4-24"
	a := w.fill("staff", page, "/work/labels/printer/measure?stock=a4-24", map[string]string{"left": "17", "top": "14,5", "across": "180", "down": "267"})
	text := words(w.follow("staff", a).page().Find("main"))
	if !strings.Contains(text, "-2 mm sang phải, 0,5 mm xuống dưới") {
		t.Errorf("the correction: %s", text)
	}
	if text := words(w.browse("manager", "GET", page, nil).want(200).page().Find("main")); !strings.Contains(text, "Chưa chỉnh") {
		t.Errorf("somebody else's printer is corrected, too: %s", text)
	}
	a = w.fill("staff", page, "/work/labels/printer/set?stock=a4-24", map[string]string{"dx": "-30", "dy": "0", "scaleX": "100", "scaleY": "100"})
	if text := words(a.want(422).page().Find("#faults")); !strings.Contains(text, "xê dịch nhiều nhất 20 mm") {
		t.Errorf("told %q", text)
	}
	plainTest := w.browse("staff", "GET", "/work/labels/test.pdf?stock=a4-24", nil).want(200).Body
	corrected := w.browse("staff", "GET", "/work/labels/test.pdf?stock=a4-24&corrected=yes", nil).want(200).Body
	if !bytes.HasPrefix(plainTest, []byte("%PDF")) || bytes.Equal(plainTest, corrected) {
		t.Error("the corrected test page is like the other")
	}
	a = w.fill("staff", page, "/work/labels/printer/reset?stock=a4-24", nil)
	if text := words(w.follow("staff", a).page().Find("main")); !strings.Contains(text, "Chưa chỉnh") {
		t.Errorf("still corrected: %s", text)
	}
	w.browse("staff", "GET", "/work/labels/printer?stock=custom-50x30-203", nil).want(200)
	w.browse("staff", "GET", "/work/labels/printer?stock=custom-50x30", nil).want(404)
	for key, n := range w.Words.Missed() {
		t.Errorf("%d times no message %q", n, key)
	}
}

// The labels of items have serials: those of the PDF are those of the list and are known when they are
// scanned; others are not, and voided ones are told to be void.
func TestSerialLabels(t *testing.T) {
	w := newWorld(t)
	b := w.addPieces("L1", "100")
	lot := "/work/batches/" + b.Code
	values := url.Values{"kind": {"item"}, "was": {"item"}, "stock": {"a4-21"}, "language": {"vi"}, "copies": {"4"}, "start": {"1"}, "format": {"csv"}, "token": {"t1"}}
	a := w.post("staff", lot+"/labels/print", values).want(200)
	rows, err := csv.NewReader(bytes.NewReader(a.Body)).ReadAll()
	w.must(err)
	if len(rows) != 5 {
		t.Fatalf("%d rows: %v", len(rows), rows)
	}
	scan := func(address string) string {
		t.Helper()
		u, err := url.Parse(address)
		w.must(err)
		return words(w.browse("nobody", "GET", u.RequestURI(), nil).want(200).page().Find("main"))
	}
	if text := scan(rows[1][1]); !strings.Contains(text, "Số sê-ri này có trong lần in tem của lô") {
		t.Errorf("a known serial: %s", text)
	}
	misread := rows[1][0][:11] + "X"
	if misread == rows[1][0] {
		misread = rows[1][0][:11] + "W"
	}
	if text := scan(base + "/l/" + b.Code + "?21=" + misread); !strings.Contains(text, "Chưa từng in tem nào mang số sê-ri này") {
		t.Errorf("an unknown serial: %s", text)
	}
	if text := scan(base + "/l/" + b.Code); strings.Contains(text, "sê-ri") {
		t.Errorf("no serial: %s", text)
	}
	a = w.fill("staff", lot+"/labels", lot+"/labels/void", map[string]string{"from": trace.SpellCode(rows[2][0]), "to": rows[3][0], "reason": "Tem bị ướt"})
	w.follow("staff", a)
	for i, want := range []string{"có trong lần in", "đã bị huỷ", "đã bị huỷ", "có trong lần in"} {
		text := scan(rows[i+1][1])
		if !strings.Contains(text, want) {
			t.Errorf("serial %d: want %q in: %s", i+1, want, text)
		}
		if strings.Contains(want, "huỷ") && !strings.Contains(text, "Tem bị ướt") {
			t.Errorf("serial %d: no reason", i+1)
		}
	}
	a = w.fill("staff", lot+"/labels", lot+"/labels/void", map[string]string{"from": "ABC", "reason": "vì"})
	if text := words(a.want(422).page().Find(".faults, .fault")); !strings.Contains(text, "không phải số sê-ri") {
		t.Errorf("told %q", text)
	}
	for key, n := range w.Words.Missed() {
		t.Errorf("%d times no message %q", n, key)
	}
}

// Two pages of a document that went through the whole server are rasterised and every code is read by a
// reader that is not ours.
func TestPrintedCodesAreRead(t *testing.T) {
	for _, tool := range []string{"pdftoppm", "zbarimg"} {
		if _, err := exec.LookPath(tool); err != nil {
			if testing.Short() {
				t.Skip(err)
			}
			t.Fatal(err)
		}
	}
	w := newWorld(t)
	b := w.addPieces("L1", "100")
	values := url.Values{"kind": {"item"}, "was": {"item"}, "stock": {"a4-21"}, "language": {"vi"}, "copies": {"25"}, "start": {"3"}, "format": {"pdf"}, "token": {"t1"}}
	a := w.post("staff", "/work/batches/"+b.Code+"/labels/print", values).want(200)
	dir := t.TempDir()
	w.must(os.WriteFile(filepath.Join(dir, "run.pdf"), a.Body, 0o600))
	out, err := exec.CommandContext(t.Context(), "pdftoppm", "-r", "600", "-gray", filepath.Join(dir, "run.pdf"), filepath.Join(dir, "page")).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	pages, err := filepath.Glob(filepath.Join(dir, "page*"))
	w.must(err)
	out, err = exec.CommandContext(t.Context(), "zbarimg", append([]string{"-q", "--raw"}, pages...)...).Output()
	w.must(err)
	var got []string
	for line := range strings.Lines(string(out)) {
		got = append(got, strings.TrimSpace(line))
	}
	runs, err := w.Ledger.Prints(context.Background(), w.actors["staff"], b.Code)
	w.must(err)
	serial, err := w.Ledger.Serials(context.Background(), w.actors["staff"], &runs[0])
	w.must(err)
	var want []string
	for i := range 25 {
		want = append(want, base+"/l/"+b.Code+"?21="+serial(i))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("read %d codes, want %d: %v", len(got), len(want), got)
	}
}
