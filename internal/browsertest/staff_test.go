package browsertest

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"truynguon/internal/auth"
)

// The people of the sample who are looked over the shoulder.
const (
	manager  = "quan.ly.may.ngan@mau.example"
	keeper   = "nhan.vien.may.ngan@mau.example"
	official = "can.bo@mau.example"
	buyer    = "nguoi.mua@mau.example"
)

// logIn logs somebody in.
func (tb *tab) logIn(email string) {
	tb.t.Helper()
	tb.open("/login")
	tb.fill("email", email)
	tb.fill("password", tb.password)
	if status := tb.press("Đăng nhập"); status != 200 {
		tb.t.Fatalf("logging in as %s answers %d at %s:\n%s", email, status, tb.at(), tb.text())
	}
}

// quote writes a text as JavaScript and CSS do.
func quote(text string) string { return strconv.QuoteToGraphic(text) }

// fill fills in a field of the page's form as a person would: it must be there to be seen, and script
// is told that it changed.
func (tb *tab) fill(name, value string) {
	tb.t.Helper()
	tb.touches++
	done := eval[string](tb, fmt.Sprintf(`(() => {
		const field = [...document.querySelectorAll("main [name=" + CSS.escape(%s) + "]")].find(e => e.type !== "hidden");
		if (!field) return "is not there";
		if (!field.checkVisibility()) return "is not to be seen";
		field.focus();
		field.value = %s;
		if (field.value !== %[2]s) return "does not take " + %[2]s + ", but " + [...(field.options || [])].map(o => o.value + " " + o.label);
		field.dispatchEvent(new Event("input", {bubbles: true}));
		field.dispatchEvent(new Event("change", {bubbles: true}));
		return "";
	})()`, quote(name), quote(value)))
	if done != "" {
		tb.t.Fatalf("%s: the field %s %s", tb.at(), name, done)
	}
}

// choose picks the option of a select, or ticks the box, that is called so.
func (tb *tab) choose(name, label string) {
	tb.t.Helper()
	tb.touches++
	done := eval[string](tb, fmt.Sprintf(`(() => {
		const fields = [...document.querySelectorAll("main [name=" + CSS.escape(%s) + "]")].filter(e => e.type !== "hidden");
		const option = fields.flatMap(f => [...(f.options || [])]).find(o => o.label.startsWith(%s));
		const box = fields.find(f => f.type === "checkbox" && f.labels[0].innerText.trim().startsWith(%[2]s));
		if (option) option.selected = true;
		else if (box) box.checked = true;
		else return "has no " + %[2]s + ", but " + fields.map(f => f.options ? [...f.options].map(o => o.label) : f.labels[0]?.innerText);
		(box || fields[0]).dispatchEvent(new Event("change", {bubbles: true}));
		return "";
	})()`, quote(name), quote(label)))
	if done != "" {
		tb.t.Fatalf("%s: the field %s %s", tb.at(), name, done)
	}
}

// value is what a field holds.
func (tb *tab) value(name string) string {
	tb.t.Helper()
	return eval[string](tb, fmt.Sprintf(`document.querySelector("main [name=" + CSS.escape(%s) + "]:not([type=hidden])")?.value ?? "not there"`, quote(name)))
}

// press presses the button or follows the link that is called so, at the place where it is to be seen,
// and answers the status of the page that this leads to.
func (tb *tab) press(label string) int64 {
	tb.t.Helper()
	tb.touches++
	return tb.follow(chromedp.Click(tb.pressable(label)))
}

// pressable finds a button or link by its text, which must begin so.
func (tb *tab) pressable(label string) chromedp.CSS {
	tb.t.Helper()
	found := eval[bool](tb, fmt.Sprintf(`(() => {
		document.querySelectorAll("[data-press]").forEach(e => delete e.dataset.press);
		const e = [...document.querySelectorAll("a[href],button,summary")].find(e => e.checkVisibility() && e.innerText.trim().startsWith(%s));
		if (e) e.dataset.press = "this";
		return !!e;
	})()`, quote(label)))
	if !found {
		tb.t.Fatalf("%s: nothing to press that is called %q:\n%s", tb.at(), label, tb.text())
	}
	return `[data-press="this"]`
}

// says fails the test unless the page says something.
func (tb *tab) says(words ...string) {
	tb.t.Helper()
	text := tb.text()
	for _, w := range words {
		if !strings.Contains(text, w) {
			tb.t.Errorf("%s does not say %q:\n%s", tb.at(), w, text)
		}
	}
}

// photo makes a picture as a phone would.
func (s *site) photo(t *testing.T) string {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 1600, 1200))
	for y := range 1200 {
		for x := range 1600 {
			m.SetRGBA(x, y, color.RGBA{uint8(90 + x/16), uint8(60 + y/12), 40, 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ảnh chụp.jpg")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestFirstLot is the way of somebody new: from logging in to the public page of the first lot of a new
// product from a new plot.
func TestFirstLot(t *testing.T) {
	s := open(t)
	for _, v := range []view{phone, desktop, phone.withoutScript()} {
		t.Run(v.name, func(t *testing.T) {
			tb := s.tab(t, v)
			if tb.open("/work"); !strings.HasPrefix(tb.at(), "/login") {
				t.Errorf("a stranger comes to %s", tb.at())
			}
			tb.audit("log in")
			tb.logIn(keeper)
			tb.audit("work")

			plot, product := "Rẫy thử "+v.name, "Cà phê thử "+v.name
			tb.open("/work/places")
			tb.press("Thêm địa điểm")
			tb.audit("new place")
			tb.choose("type", "Vườn")
			tb.fill("name", plot)
			tb.fill("address", "Thôn Đăk Riêng 2")
			tb.choose("adminUnit", "Xã Đăk Nơ Riêng")
			tb.fill("areaHa", "1,5")
			tb.press("Lưu")
			tb.says("Đã thêm địa điểm", plot)
			tb.audit("places")

			tb.open("/work/products")
			tb.press("Thêm sản phẩm")
			tb.audit("new product")
			tb.fill("name", product)
			tb.choose("uom", "ki-lô-gam")
			tb.fill("shelfLifeDays", "365")
			tb.fill("appliedStandards", "TCVN 5251:2015")
			tb.do(chromedp.SetUploadFiles(chromedp.CSS(`input[name="photo"]`), []string{s.photo(t)}))
			tb.press("Lưu")
			tb.says("Đã thêm sản phẩm", product)
			tb.audit("products")

			tb.open("/work")
			tb.press("Đăng ký lô hàng")
			tb.choose("product", product)
			tb.choose("places", plot)
			tb.fill("quantity/value", "250,5")
			tb.audit("new lot")
			if lot := tb.value("lot"); lot == "" || lot == "not there" {
				t.Errorf("the form proposes the lot number %q", lot)
			}
			if status := tb.press("Lưu và cho lưu hành"); status != 200 {
				t.Fatalf("registering the lot answers %d:\n%s", status, tb.text())
			}
			tb.says("Đã lưu và cho lưu hành", product, "250,5 kg")
			tb.audit("lot")

			// The label on the page leads to the lot's public page.
			tb.do(chromedp.ScrollIntoView(chromedp.CSS(".qr img")))
			address := readQR(t, run(tb, chromedp.Screenshot(chromedp.CSS(".qr img"))))
			if status := tb.open(address); status != 200 {
				t.Errorf("%s answers %d", address, status)
			}
			tb.says("hồ sơ chưa đủ", product, "250,5 kg", "TCVN 5251:2015", "Thu hoạch")
			tb.audit("its public page")
			tb.waitForPhotos()
			if n := eval[int](tb, `[...document.images].filter(i => i.naturalWidth > 0).length`); n != 1 {
				t.Errorf("the page shows %d photos, want 1", n)
			}

			tb.open("/work")
			tb.logOut()
			if tb.open("/work"); !strings.HasPrefix(tb.at(), "/login") {
				t.Errorf("after logging out, /work leads to %s", tb.at())
			}
		})
	}
}

// logOut logs out by the menu, which a phone folds away.
func (tb *tab) logOut() {
	tb.t.Helper()
	if tb.view.phone {
		tb.do(chromedp.Click(tb.pressable("Mục khác")))
	}
	tb.press("Đăng xuất")
}

// TestFirstPassword is the first log-in of somebody whose password another person has chosen.
func TestFirstPassword(t *testing.T) {
	s := open(t)
	const email = "moi.vao@mau.example"
	_, _, err := s.people.AddAccount(t.Context(), auth.Command, auth.AccountDraft{
		Email: email, Name: "Y Mới", Role: auth.Staff, Org: "htx-ca-phe-may-ngan", Password: firstPassword,
	})
	if err != nil {
		t.Fatal(err)
	}
	tb := s.tab(t, phone)
	tb.open("/work/products")
	tb.fill("email", email)
	tb.fill("password", firstPassword)
	tb.press("Đăng nhập")
	tb.says("Đổi mật khẩu")
	tb.audit("first password")
	tb.fill("current", firstPassword)
	tb.fill("password", "ngắn")
	tb.press("Lưu")
	tb.audit("first password with faults")
	tb.fill("current", firstPassword)
	tb.fill("password", "bốn mùa nắng gió cao nguyên")
	tb.press("Lưu")
	if !strings.HasPrefix(tb.at(), "/work/products") {
		t.Errorf("then it leads to %s", tb.at())
	}
}

// TestUsualLot counts what somebody has to touch who registers a lot like the last one, which is what
// people do on most days: three things, one of them a number to type.
func TestUsualLot(t *testing.T) {
	s := open(t)
	for _, v := range []view{phone, desktop} {
		t.Run(v.name, func(t *testing.T) {
			tb := s.tab(t, v)
			tb.logIn(keeper)
			tb.touches = 0
			tb.press("Giống lần trước")
			number := tb.value("lot")
			tb.fill("quantity/value", "640")
			if status := tb.press("Lưu và cho lưu hành"); status != 200 {
				t.Fatalf("registering answers %d:\n%s", status, tb.text())
			}
			tb.says("Đã lưu và cho lưu hành", "640", number)
			if tb.touches > 3 {
				t.Errorf("it takes %d touches, want at most 3", tb.touches)
			}
		})
	}
}

// TestFaultsKeepWhatWasTyped sends a form with faults, and finds everything still there.
func TestFaultsKeepWhatWasTyped(t *testing.T) {
	s := open(t)
	for _, v := range []view{phone, desktop, phone.withoutScript()} {
		t.Run(v.name, func(t *testing.T) {
			tb := s.tab(t, v)
			tb.logIn(keeper)
			tb.open("/work/batches/new")
			day := func(ago int) string { return string(s.ledger.Today().AddDays(-ago)) }
			typed := map[string]string{
				"lot": "THU-" + strconv.Itoa(len(v.name)), "quantity/value": "nhiều lắm", "harvestDate": day(20), "packagingDate": day(50),
			}
			for name, value := range typed {
				tb.fill(name, value)
			}
			if status := tb.press("Lưu bản nháp"); status != 422 {
				t.Errorf("a form with faults answers %d, want 422", status)
			}
			for name, value := range typed {
				if got := tb.value(name); got != value {
					t.Errorf("%s holds %q, want %q", name, got, value)
				}
			}
			tb.says("Cần sửa lại những điểm sau", "Số lượng")
			tb.audit("lot with faults")
			// The list of faults leads to the fields.
			tb.do(chromedp.Click(chromedp.CSS(`#faults a`)))
			if at := eval[bool](tb, `!!document.querySelector(":target")`); !at {
				t.Error("a fault in the list leads nowhere")
			}
			tb.fill("quantity/value", "12")
			tb.fill("packagingDate", day(0))
			if status := tb.press("Lưu bản nháp"); status != 200 {
				t.Errorf("the form without faults answers %d:\n%s", status, tb.text())
			}
			tb.says("Đã lưu bản nháp")

			tb.open("/work/products/new")
			tb.fill("name", "Tên đã gõ")
			tb.choose("uom", "ki-lô-gam")
			tb.fill("shelfLifeDays", "lâu")
			if status := tb.press("Lưu"); status != 422 {
				t.Errorf("a product with faults answers %d, want 422", status)
			}
			if got := tb.value("name"); got != "Tên đã gõ" {
				t.Errorf("the name holds %q", got)
			}
			tb.audit("product with faults")
		})
	}
	t.Run("log in", func(t *testing.T) {
		tb := s.tab(t, phone)
		tb.open("/login")
		tb.fill("email", keeper)
		tb.fill("password", "không phải mật khẩu")
		tb.press("Đăng nhập")
		tb.says("Chưa đăng nhập được")
		if email, password := tb.value("email"), tb.value("password"); email != keeper || password != "" {
			t.Errorf("the form holds %q and %q", email, password)
		}
		tb.audit("log in with faults")
	})
	t.Run("doubt", func(t *testing.T) {
		for _, v := range []view{phone, phone.withoutScript()} {
			tb := s.tab(t, v)
			tb.open("/l/" + s.lot(t, "BC-004").Code)
			tb.do(chromedp.Click(chromedp.CSS("#doubt summary")))
			tb.fill("text", strings.Repeat("dài quá ", 1000))
			tb.fill("contact", "0200 388 0001")
			if status := tb.press("Gửi"); status != 422 {
				t.Errorf("a doubt that is too long answers %d, want 422", status)
			}
			if got := tb.value("contact"); got != "0200 388 0001" {
				t.Errorf("the contact holds %q", got)
			}
			tb.audit("doubt with faults")
			tb.fill("text", "Tem dán chồng lên tem khác")
			if status := tb.press("Gửi"); status != 200 {
				t.Errorf("the doubt answers %d", status)
			}
			tb.says("Đã nhận")
			tb.audit("doubt reported")
		}
	})
}

// TestStaffPages looks at every page that the menu of each role leads to.
func TestStaffPages(t *testing.T) {
	s := open(t)
	for _, who := range []string{keeper, manager, official, buyer} {
		for _, v := range []view{phone, desktop.in("en")} {
			t.Run(strings.Split(who, "@")[0]+" "+v.name+" "+v.lang, func(t *testing.T) {
				tb := s.tab(t, v.in("vi"))
				tb.logIn(who)
				tb.view = v
				tb.open("/account?lang=" + v.lang)
				seen := map[string]bool{}
				todo := eval[[]string](tb, menuLinks)
				if len(todo) == 0 {
					t.Error("the menu is empty")
				}
				for i := 0; i < len(todo); i++ {
					path := todo[i]
					if seen[path] {
						continue
					}
					seen[path] = true
					if status := tb.open(path); status != 200 {
						t.Errorf("%s answers %d", path, status)
						continue
					}
					tb.audit(strings.ReplaceAll(strings.Trim(path, "/"), "/", "_"))
					// Of the many records of a list, the first is looked at.
					todo = append(todo, eval[[]string](tb, firstLinks)...)
				}
			})
		}
	}
}

const (
	menuLinks = `[...document.querySelectorAll(".menu a")].map(a => a.pathname)`
	// firstLinks are the page's forms for something new and the first record of its list.
	firstLinks = `(() => {
		const paths = [...document.querySelectorAll("main a[href^='/work'],main a[href^='/account']")].map(a => a.pathname);
		return [...paths.filter(p => p.endsWith("/new")), ...paths.filter(p => /^.work.(batches|certificates|recalls|people|organisations).[^/]+$/.test(p) && !p.endsWith("/new")).slice(0, 1),
			...paths.filter(p => p.endsWith("/edit")).slice(0, 1), ...paths.filter(p => p.startsWith("/account/"))];
	})()`
)

// TestDrafts proves that what is typed outlives a closed tab and a lost line, and does not outlive
// sending it or logging out.
func TestDrafts(t *testing.T) {
	s := open(t)
	tb := s.tab(t, phone)
	tb.logIn(keeper)
	kept := func() string {
		return eval[string](tb, `Object.entries(localStorage).map(([k, v]) => k + v).join()`)
	}
	waitFor := func(expression string) {
		t.Helper()
		run(tb, chromedp.Poll[bool](expression))
	}
	const form = "/work/places/new"
	tb.open(form)
	tb.fill("name", "Rẫy gõ dở")
	tb.choose("type", "Vườn")
	waitFor(`Object.values(localStorage).join().includes("gõ dở")`)
	tb.open("/work")
	tb.open(form)
	tb.says("Đã lấy lại những gì gõ dở")
	if got := tb.value("name"); got != "Rẫy gõ dở" {
		t.Errorf("the name holds %q", got)
	}
	tb.audit("form with a draft")

	// With no line, sending says so and loses nothing.
	tb.fill("address", "Thôn 2")
	tb.choose("adminUnit", "Xã Đăk Nơ Riêng")
	tell(tb, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: true, DownloadThroughput: -1, UploadThroughput: -1})
	tb.do(chromedp.Click(tb.pressable("Lưu")))
	waitFor(`document.body.innerText.includes("Đang mất mạng")`)
	if got := tb.value("address"); got != "Thôn 2" {
		t.Errorf("without a line, the address holds %q", got)
	}
	tell(tb, network.OverrideNetworkState, network.OverrideNetworkStateParams{DownloadThroughput: -1, UploadThroughput: -1})
	tb.press("Lưu")
	tb.says("Đã thêm địa điểm")
	if k := kept(); strings.Contains(k, "gõ dở") {
		t.Errorf("what was sent is still kept: %s", k)
	}
	tb.open(form)
	if got := tb.value("name"); got != "" {
		t.Errorf("the next form's name holds %q", got)
	}

	tb.fill("name", "Rẫy bỏ dở")
	waitFor(`Object.values(localStorage).join().includes("bỏ dở")`)
	tb.logOut()
	if k := kept(); strings.Contains(k, "bỏ dở") {
		t.Errorf("after logging out, the browser keeps %s", k)
	}
}
