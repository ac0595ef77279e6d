package browsertest

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestLabels is the way of somebody who prints: choose the stock, look at the label, fetch the document, correct the
// printer, take a size that nobody has thought of, and make a used sheet full. The document is drawn by poppler and
// read by zbar, one sticker at a time.
func TestLabels(t *testing.T) {
	s := open(t)
	b := s.lot(t, "MN-BOT-03")
	want := s.ledger.CodeURL(b)
	for _, v := range []view{phone, desktop} {
		t.Run(v.name, func(t *testing.T) {
			tb := s.tab(t, v)
			tb.logIn(keeper)
			tb.open("/work/batches/" + b.Code)
			tb.press("In nhãn")
			tb.audit("labels")
			tb.says("Nhãn sẽ in")

			// A sheet of 24 of which four are gone.
			tb.choose("kind", "Nhãn lô hàng")
			tb.choose("stock", "A4, 21 tem")
			tb.fill("copies", "2")
			tb.fill("start", "5")
			if status := tb.press("Xem trước"); status != 200 {
				t.Fatalf("the preview answers %d:\n%s", status, tb.text())
			}
			tb.audit("labels previewed")
			if n := eval[int](tb, `document.querySelector(".preview img").naturalWidth`); n == 0 {
				t.Error("the preview shows no picture")
			}
			pdf := tb.send("Tải PDF để in")
			// 21 to a sheet: three in a row, 63.5 by 38.1 mm, the first at 7.25 and 15.15 mm.
			for cell, written := range map[int]bool{1: false, 4: false, 5: true, 6: true, 7: false} {
				x, y := 7.25+66.04*float64((cell-1)%3), 15.15+38.1*float64((cell-1)/3)
				got := readPDF(t, pdf, x, y, 63.5, 38.1)
				if !written && got != "" || written && got != want {
					t.Errorf("sticker %d says %q", cell, got)
				}
			}
			tb.open("/work/batches/" + b.Code + "/labels")
			tb.says("Các lần in nhãn", "2")
			if got := tb.value("start"); got != "7" {
				t.Errorf("the next run begins at sticker %q", got)
			}

			// A size of one's own that is too small, and one that is not.
			tb.choose("stock", "Tem cuộn cỡ khác")
			if !eval[bool](tb, `document.querySelector("[name=width]").checkVisibility()`) {
				tb.do(chromedp.Click(tb.pressable("Cỡ tem khác")))
			}
			tb.fill("width", "14")
			tb.fill("height", "14")
			tb.fill("start", "1")
			if status := tb.press("Xem trước"); status != 422 {
				t.Errorf("14 × 14 mm answers %d", status)
			}
			tb.says("mm")
			tb.audit("labels too small")
			tb.fill("width", "70,5")
			tb.fill("height", "60")
			if status := tb.press("Xem trước"); status != 200 {
				t.Errorf("70.5 × 60 mm answers %d:\n%s", status, tb.text())
			}
			tb.says("70,5 × 60 mm")
			if got := readPDF(t, tb.send("Tải PDF để in"), 0, 0, 70.5, 60); got != want {
				t.Errorf("a label of one's own size says %q", got)
			}
			if zpl := tb.send("Tải ZPL cho máy in tem"); !bytes.HasPrefix(zpl, []byte("^XA")) {
				t.Errorf("ZPL begins with %.20q", zpl)
			}

			// The printer prints half a millimetre too far to the right: measured, corrected, and all is moved back.
			tb.press("Chỉnh máy in")
			tb.audit("printer")
			tb.do(chromedp.Click(tb.pressable("Nhập số đo trang thử")))
			for _, name := range []string{"left", "top", "across", "down"} {
				should := eval[string](tb, fmt.Sprintf(`document.querySelector("main [name=%s]").closest(".field").innerText.match(/[\d.,]+(?= mm)/)[0]`, name))
				if name == "left" {
					var mm float64
					if _, err := fmt.Sscanf(strings.Replace(should, ",", ".", 1), "%f", &mm); err != nil {
						t.Fatalf("%q: %v", should, err)
					}
					should = strings.Replace(fmt.Sprint(mm+0.5), ".", ",", 1)
				}
				tb.fill(name, should)
			}
			if status := tb.follow(chromedp.Submit(chromedp.CSS(`form[action*="/printer/measure"]`))); status != 200 {
				t.Errorf("correcting answers %d:\n%s", status, tb.text())
			}
			tb.audit("printer corrected")
			tb.says("-0,5 mm sang phải, 0 mm xuống dưới")
			tb.press("Bỏ số chỉnh")
			tb.says("Chưa chỉnh")
		})
	}
}

// send does what pressing a button of the form does, and answers what the server sends back.
func (tb *tab) send(button string) []byte {
	tb.t.Helper()
	tb.pressable(button)
	text := run(tb, chromedp.Evaluate[string](`(async () => {
		const button = document.querySelector("[data-press]");
		const answer = await fetch(button.form.action, {method: "POST", body: new URLSearchParams(new FormData(button.form, button))});
		if (!answer.ok) return "!" + answer.status + " " + await answer.text();
		const bytes = new Uint8Array(await answer.arrayBuffer());
		let s = "";
		for (const b of bytes) s += String.fromCharCode(b);
		return btoa(s);
	})()`, chromedp.EvalAwaitPromise))
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		tb.t.Fatalf("%s answers %.600s", button, text)
	}
	return data
}

// readPDF has a part of a document's first page drawn, in millimetres from its upper left corner, and answers what
// the QR code in it says, "" if there is none.
func readPDF(t *testing.T, pdf []byte, x, y, width, height float64) string {
	t.Helper()
	const dpi = 300
	px := func(mm float64) string { return fmt.Sprint(int(mm * dpi / 25.4)) }
	dir := t.TempDir()
	file, out := filepath.Join(dir, "labels.pdf"), filepath.Join(dir, "cell")
	if err := os.WriteFile(file, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "pdftoppm", "-gray", "-singlefile", "-r", fmt.Sprint(dpi), "-x", px(x), "-y", px(y), "-W", px(width), "-H", px(height), file, out)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, text)
	}
	found, _ := exec.CommandContext(t.Context(), "zbarimg", "--raw", "-q", "-S*.enable=0", "-Sqrcode.enable=1", out+".pgm").Output() // it fails if there is none
	lines := slices.DeleteFunc(strings.Split(string(found), "\n"), func(s string) bool { return s == "" })
	return strings.Join(lines, " ")
}
