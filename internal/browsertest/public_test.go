package browsertest

import (
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"
)

// A place is a public page: where it is, what its status is and a word in Vietnamese that tells that it
// is the right one.
type place struct {
	name, path string
	status     int64
	says       string
	// then is done there before the page is looked at.
	then []action
}

// public are all kinds of page that need no log-in.
func (s *site) public(t *testing.T) []place {
	t.Helper()
	lot := func(number string) string { return "/l/" + s.lot(t, number).Code }
	certificate := func(org, number string) string { return "/c/" + s.certificate(t, org, number).ID }
	return []place{
		{"home", "/", 200, "Tra cứu nguồn gốc nông sản", nil},
		{"home unreadable", "/?q=xyz", 422, "không đúng dạng", nil},
		{"lot in order", lot("MN-BOT-03"), 200, "Hồ sơ đầy đủ", nil},
		{"lot incomplete", lot("SS-KHEMU-THU"), 200, "hồ sơ chưa đủ", nil},
		{"lot expired", lot("BC-004"), 200, "quá hạn", nil},
		{"lot held", lot("MK-005"), 200, "tạm dừng bán", nil},
		{"lot held for its certificate", lot("DDN-03"), 200, "tạm dừng bán", nil},
		{"lot recalled", lot("MK-004"), 200, "thu hồi", nil},
		{"lot voided", lot("ML-002"), 200, "đã huỷ", nil},
		{"lot draft", lot("MN-NHAN-05"), 200, "Chưa đưa ra thị trường", nil},
		{"item", "/01/09524001000117/10/MN-BOT-03/21/A-17", 200, "A-17", nil},
		{"unknown code", "/l/7K4M9XQA3HTF", 404, "Không có mã này", nil},
		{"misread code", "/l/7K4M9XQA3HTC", 404, "Không có mã này", nil},
		{"unknown lot", "/01/09524001000117/10/KHONG-CO", 404, "không có số lô này", nil},
		{"product", "/01/09524001000117", 200, "thông tin chung của sản phẩm", nil},
		{"producer", "/p/htx-ca-phe-may-ngan", 200, "Cà phê Mây Ngàn", nil},
		{"producer without code", "/p/tht-lua-ray-dak-no-rieng", 200, "Sản phẩm", nil},
		{"certificate in force", certificate("htx-ca-phe-may-ngan", "VietGAP-TT-99-25-99-0011"), 200, "còn hiệu lực", nil},
		{"certificate not verified", certificate("htx-nong-nghiep-phuoc-nguyen", "0261/2026/NNMT-TNg"), 200, "chưa có cơ quan nào", nil},
		{"certificate expired", certificate("htx-che-suong-som", "412/QĐ-UBND"), 200, "hết hạn", nil},
		{"certificate suspended", certificate("htx-nam-sach-suoi-trong", "0182/2025/NNMT-TNg"), 200, "đình chỉ", nil},
		{"certificate revoked", certificate("htx-ho-tieu-dat-do", "VietGAP-TT-99-25-99-0019"), 200, "không còn giá trị", nil},
		{"certificate superseded", certificate("htx-ca-phe-may-ngan", "0107/2022/NNPTNT-TNg"), 200, "thay bằng giấy khác", nil},
		{"certificate without number", certificate("htx-mac-ca-doi-gio", ""), 200, "Phạm vi", nil},
		{"doubt", lot("MN-BOT-03"), 200, "Điều thấy nghi ngờ", []action{chromedp.Click(chromedp.CSS("#doubt summary"))}},
		{"not found", "/khong-co-trang-nay", 404, "Không có trang này", nil},
		{"bad link", "/01/12345", 400, "đúng dạng", nil},
	}
}

// visit opens a place.
func (tb *tab) visit(p place) {
	tb.t.Helper()
	if status := tb.open(p.path); status != p.status {
		tb.t.Errorf("%s: %s answers %d, want %d", p.name, p.path, status, p.status)
	}
	if len(p.then) > 0 {
		tb.do(p.then...)
	}
	if text := tb.text(); tb.view.lang == "vi" && !strings.Contains(text, p.says) {
		tb.t.Errorf("%s: %s does not say %q:\n%s", p.name, p.path, p.says, text)
	}
}

func TestPublicPages(t *testing.T) {
	s := open(t)
	pages := s.public(t)
	for _, v := range []view{phone, desktop, phone.in("en"), desktop.in("en")} {
		t.Run(v.name+" "+v.lang, func(t *testing.T) {
			tb := s.tab(t, v)
			for _, p := range pages {
				tb.visit(p)
				tb.audit(p.name)
			}
		})
	}
}

// TestPublicPagesWithoutScript proves that a browser without JavaScript is told the same.
func TestPublicPagesWithoutScript(t *testing.T) {
	s := open(t)
	with, without := s.tab(t, phone), s.tab(t, phone.withoutScript())
	for _, p := range s.public(t) {
		with.visit(p)
		without.visit(p)
		if !strings.Contains(p.name, "not found") && !strings.Contains(p.name, "bad link") { // they name the request
			camera := regexp.MustCompile(`\s+Quét bằng máy ảnh|\s+$`) // only a script can offer that
			if diff := cmp.Diff(camera.ReplaceAllString(with.text(), ""), camera.ReplaceAllString(without.text(), "")); diff != "" {
				t.Errorf("%s (-with script +without):\n%s", p.name, diff)
			}
		}
	}
}

// TestNarrowAndLarge reads the pages on the narrowest screen that WCAG 2.2 (1.4.10) asks about, and
// with letters of twice the size (1.4.4).
func TestNarrowAndLarge(t *testing.T) {
	s := open(t)
	large := phone
	large.name = "large"
	narrow, big := s.tab(t, view{name: "narrow", width: 320, height: 640, phone: true, lang: "vi"}), s.tab(t, large)
	for _, p := range s.public(t) {
		narrow.visit(p)
		narrow.audit(p.name)
		big.visit(p)
		// As if the browser's own size of letters were set to twice the usual one: a style sheet
		// would not be let in.
		big.do(chromedp.Evaluate[chromedp.Void](`document.documentElement.style.setProperty("font-size", "32px")`))
		big.audit(p.name)
	}
}
