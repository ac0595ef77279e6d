package browsertest

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// TestDrawBoundary taps a plot's corners on a small phone, sees the area beside what is declared, and finds the
// boundary on the plot's page; then somebody else walks around one.
func TestDrawBoundary(t *testing.T) {
	s := open(t)
	tb := s.tab(t, phone)
	tb.logIn(keeper)
	fill := func(name string) {
		tb.open("/work/places/new")
		tb.choose("type", "Vườn")
		tb.fill("name", name)
		tb.fill("address", "Thôn 2")
		tb.choose("adminUnit", "Xã Đăk Nơ Riêng")
		tb.fill("areaHa", "1,5")
	}
	corners := func() int {
		return len(strings.Fields(strings.ReplaceAll(eval[string](tb, `document.querySelector('textarea[name="boundary"]').value`), ", ", ",")))
	}
	tap := func(x, y string) {
		eval[bool](tb, `(() => { const svg = document.querySelector("#draw svg"), box = svg.getBoundingClientRect();
			svg.setPointerCapture = () => {};
			for (const type of ["pointerdown", "pointerup"]) svg.dispatchEvent(new PointerEvent(type, {pointerId: 1, bubbles: true, clientX: box.left + box.width * `+x+`, clientY: box.top + box.height * `+y+`}));
			return true })()`)
	}
	fill("Rẫy vẽ tay")
	for _, at := range [][2]string{{"0.2", "0.2"}, {"0.8", "0.25"}, {"0.75", "0.8"}, {"0.25", "0.7"}} {
		tap(at[0], at[1])
	}
	if n := corners(); n != 4 {
		t.Fatalf("%d corners were taken, want 4", n)
	}
	tb.audit("drawing a boundary")
	if text := tb.text(); !strings.Contains(text, "Diện tích theo ranh giới") || !strings.Contains(text, "chênh") {
		t.Errorf("the area is not compared: %s", text)
	}
	tap("0.5", "0.1")
	tb.do(chromedp.Click(tb.pressable("Hoàn tác")))
	if n := corners(); n != 4 {
		t.Errorf("%d corners after undoing, want 4", n)
	}
	tb.press("Lưu")
	tb.says("Đã thêm địa điểm", "Rẫy vẽ tay", "Diện tích theo ranh giới", "Chu vi")
	tb.audit("a plot with a boundary")

	tell(tb, browser.SetPermission, browser.SetPermissionParams{
		Permission: &browser.PermissionDescriptor{Name: "geolocation"}, Setting: browser.PermissionSettingGranted,
		BrowserContextID: chromedp.FromContext(tb.ctx).BrowserContextID,
	})
	fill("Rẫy đi quanh")
	stand := func(lat, lon, accuracy float64) {
		tell(tb, emulation.SetGeolocationOverride, emulation.SetGeolocationOverrideParams{Latitude: &lat, Longitude: &lon, Accuracy: &accuracy})
	}
	stand(14.6200, 107.8400, 5)
	tb.do(chromedp.Click(tb.pressable("Đi quanh vườn")))
	for i, at := range [][3]float64{{14.6200, 107.8400, 5}, {14.6200, 107.8412, 5}, {14.6300, 107.9000, 80}, {14.6212, 107.8412, 5}, {14.6212, 107.8400, 5}} {
		stand(at[0], at[1], at[2])
		want := []int{1, 2, 2, 3, 4}[i]
		if at[2] > 15 {
			run(tb, chromedp.Poll[bool](`document.body.innerText.includes("bỏ 1 điểm")`))
		}
		run(tb, chromedp.Poll[bool](`document.querySelector('textarea[name="boundary"]').value.split("\n").filter(Boolean).length === `+string(rune('0'+want))))
	}
	run(tb, chromedp.Poll[bool](`Object.values(localStorage).join().includes("14.621200")`)) // kept on the phone
	tb.do(chromedp.Click(tb.pressable("Đi xong")))
	tb.press("Lưu")
	tb.says("Rẫy đi quanh", "1,717 ha", "Chồng lấn")
}
