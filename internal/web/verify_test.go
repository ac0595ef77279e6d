package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"

	"truynguon/internal/trace"
)

// verified is a world with certificates in every state.
type verified struct {
	*world
	released, draft trace.Batch
	// paper is a photo as a phone took it, and the certificate "good" has it; newer took its place with
	// the certificate "renewed".
	paper, older, newer []byte
	ids                 map[string]string
}

func newVerified(t testing.TB) *verified {
	w := &verified{world: newWorld(t), ids: map[string]string{}}
	ctx := context.Background()
	w.paper, w.older, w.newer = photo(t, 60, 40), photo(t, 50, 40), photo(t, 40, 40)
	add := func(name string, data []byte) string {
		d, err := w.Ledger.AddDocument(ctx, w.actors["staff"], orgA, name, trace.Private, bytes.NewReader(data))
		w.must(err)
		return d.Doc.ID
	}
	file := func(name, number, end string, docs []string, steps ...string) string {
		k, err := w.Ledger.FileCertificate(ctx, w.actors["staff"], trace.CertificateDraft{
			Organisation: orgA, Scheme: "attp", Number: number, Agency: "Chi cục Quản lý chất lượng Thượng Ngàn",
			StartDate: "2024-01-15", EndDate: end, Documents: docs,
		})
		w.must(err)
		for _, step := range steps {
			who := w.actors["official"]
			d := trace.DecisionDraft{Reason: "Kiểm tra", Number: "7/QĐ"}
			switch step {
			case "submit":
				who, d = w.actors["staff"], trace.DecisionDraft{}
			case "verify":
				d = trace.DecisionDraft{Method: "registry_consulted", Source: "https://sonnmt.example.vn"}
			}
			_, err := w.Ledger.DecideCertificate(ctx, who, k.Doc.ID, step, d)
			w.must(err)
		}
		w.ids[name] = k.Doc.ID
		return k.Doc.ID
	}
	file("good", "12/2024/NNPTNT-ĐL", "2027-01-14", []string{add("gcn.jpg", w.paper)}, "submit", "verify")
	renewed := file("renewed", "15/2024/MAU", "2027-01-14", []string{add("cu.jpg", w.older)}, "submit", "verify")
	_, err := w.Ledger.ReplaceDocuments(ctx, w.actors["staff"], renewed, 0, []string{add("moi.jpg", w.newer)})
	w.must(err)
	file("expired", "13/2024/MAU", "2026-11-23", nil, "submit", "verify")
	file("last day", "14/2024/MAU", "2026-11-24", nil, "submit", "verify")
	file("draft", "16/2024/NHAP", "2027-01-14", nil)
	file("rejected", "17/2024/TUCHOI", "2027-01-14", nil, "submit", "reject")
	file("waiting", "18/2024/CHO", "2027-01-14", nil, "submit")
	file("revoked", "19/2024/MAU", "2027-01-14", nil, "submit", "verify", "revoke")
	w.released, w.draft = w.addReleased(orgA, "L-1"), w.addLot(orgA, "L-2")
	return w
}

// sum is a file's digest.
func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

// line is the line of a check in a certificate's answer.
func checkOf(t testing.TB, card *goquery.Selection, name string) string {
	t.Helper()
	out := ""
	card.Find(".checks li").Each(func(_ int, li *goquery.Selection) {
		if words(li.Find("strong")) == name {
			out = words(li.Find(".tag")) + ": " + words(li.Find("p"))
		}
	})
	return out
}

// TestVerifyPage asks about everything there is, and looks at what the page says of it.
func TestVerifyPage(t *testing.T) {
	w := newVerified(t)
	other := w.addReleased(orgB, "B-1")
	for _, c := range []struct {
		name, q, lot string
		// has are texts that the page must have, no those it must not have.
		has, no string
		// checks are lines of the first certificate: name=word: text, by ";".
		checks string
		cards  int
	}{
		{name: "nothing", has: "Ai cũng kiểm tra được|Tệp PDF hoặc ảnh", no: "Kết quả kiểm tra"},
		{
			name: "a number", q: "12/2024/NNPTNT-ĐL", cards: 1,
			has:    "còn hiệu lực|HTX Nông nghiệp Măng Sơ|Chi cục Quản lý chất lượng|15/01/2024|14/01/2027|đã tra sổ đăng ký của nơi cấp – 08:30 ngày 24/11/2026 – Cán bộ cơ quan quản lý – Xã Măng Sơ Lang|Trả lời lúc 08:30 ngày 24/11/2026 (UTC+07:00)|4 đạt · 0 không đạt · 1 chưa rõ · 5 điều chỉ xét được khi biết lô hàng|/verify?q=12",
			no:     "Khoá |Số trong hệ thống viết là",
			checks: "Thời hạn, hôm nay=đạt: Ngày 24/11/2026 nằm trong thời hạn từ 15/01/2024 đến 14/01/2027.|Chủ giấy=chưa rõ: Không hỏi về lô nào. Hãy so tên chủ giấy với người bán hàng cho bạn.|Bản giấy=đạt: Bản giấy",
		},
		{name: "folded", q: " 12 / 2024 / nnptnt–dl ", cards: 1, has: "Số trong hệ thống viết là 12/2024/NNPTNT-ĐL"},
		{
			name: "against its lot", q: "12/2024/NNPTNT-ĐL", lot: w.released.Code, cards: 1,
			has:    "xét cho lô " + trace.SpellCode(w.released.Code) + "|Cà phê nhân xô",
			no:     "Không hỏi về lô nào",
			checks: "Chủ giấy=đạt: Chủ giấy chính là nơi sản xuất lô hàng này.|Thời hạn, vào ngày của lô=đạt: Ngày 15/11/2026",
		},
		{
			name: "typed the wrong way round", q: w.released.Code, lot: "12/2024/NNPTNT-ĐL", cards: 1,
			checks: "Chủ giấy=đạt: Chủ giấy chính là nơi sản xuất lô hàng này.",
		},
		{
			name: "against another's lot", q: "12/2024/NNPTNT-ĐL", lot: other.Code, cards: 1,
			checks: "Chủ giấy=không đạt: Chủ giấy không phải là nơi sản xuất lô hàng này.|Thời hạn, hôm nay=đạt|Bản giấy=đạt",
		},
		{name: "against no lot", q: "12/2024/NNPTNT-ĐL", lot: "XXX", cards: 1, has: "Không có lô hàng nào mang mã XXX"},
		{name: "against a draft", q: "12/2024/NNPTNT-ĐL", lot: w.draft.Code, cards: 1, has: "chưa đưa ra thị trường", no: "L-2"},
		{name: "only a lot", lot: w.released.Code, cards: 6},
		{name: "expired", q: "13/2024/MAU", cards: 1, has: "Giấy này đã hết hạn", checks: "Thời hạn, hôm nay=không đạt: Hôm nay, 24/11/2026, giấy đã hết hạn, ngày cuối là 23/11/2026."},
		{name: "the last day", q: "14/2024/MAU", cards: 1, has: "còn hiệu lực", checks: "Thời hạn, hôm nay=đạt: Ngày 24/11/2026 là ngày cuối"},
		{name: "revoked", q: "19/2024/mau", cards: 1, has: "Giấy này đã bị thu hồi", checks: "Quyết định, hôm nay=không đạt: Giấy đang bị thu hồi từ 24/11/2026, theo quyết định số 7/QĐ."},
		{name: "waiting", q: "18/2024/CHO", cards: 1, has: "chưa được kiểm tra|chưa ai kiểm tra", checks: "Ai đã kiểm tra=chưa rõ: Chưa ai kiểm tra giấy này."},
		{name: "a draft", q: "16/2024/NHAP", has: "Không có trong hệ thống|Giấy giả|Số bị gõ nhầm", no: "Măng Sơ Lang, "},
		{name: "rejected", q: "17/2024/TUCHOI", has: "Không có trong hệ thống"},
		{name: "nowhere", q: "99/2031/XX", has: "Không có trong hệ thống|Thấy nghi ngờ"},
		{name: "a lot", q: trace.SpellCode(w.released.Code), cards: 6, has: "hồ sơ chưa đủ|Chưa có ảnh sản phẩm", checks: "Chủ giấy=đạt"},
		{name: "a lot not on the market", q: w.draft.Code, has: "Chưa đưa ra thị trường", no: "L-2|Cà phê nhân xô"},
		{name: "the page of a certificate", q: base + "/c/" + w.ids["good"], cards: 1, no: "Số trong hệ thống viết là"},
		{name: "the page of a draft", q: base + "/c/" + w.ids["draft"], has: "Không có trong hệ thống"},
		{name: "the registered file", q: sum(w.paper), cards: 1, has: "Tệp này đúng là bản đã đăng ký và đã được kiểm tra.|Hôm nay giấy này còn hiệu lực"},
		{name: "an older file", q: sum(w.older), cards: 1, has: "Tệp này là bản cũ"},
		{name: "a file nobody verified", q: sum(w.newer), cards: 1, has: "chưa ai kiểm tra"},
		{name: "an unknown file", q: strings.Repeat("ab", 32), has: "Hệ thống không có tệp này.|Zalo"},
		{name: "markup", q: `"><script>alert(1)</script>`, has: "Không có trong hệ thống"},
		{name: "hidden characters", q: "12/2024/\u202eNNPTNT-ĐL\x00", cards: 1},
		{name: "no text", q: "\xff\xfe\x00", has: "Không có trong hệ thống"},
		{name: "far too long", q: strings.Repeat("x", 6000), has: "Không có trong hệ thống"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := url.Values{}
			if c.q != "" {
				v.Set("q", c.q)
			}
			if c.lot != "" {
				v.Set("lot", c.lot)
			}
			a := w.browse("nobody", "GET", "/verify?"+v.Encode(), nil).want(200)
			checkPage(t, c.name, a.Body)
			main := a.page().Find("main")
			text := words(main)
			for part := range strings.SplitSeq(c.has, "|") {
				if !strings.Contains(text, part) {
					t.Errorf("no %q in: %s", part, text)
				}
			}
			for part := range strings.SplitSeq(c.no, "|") {
				if part != "" && strings.Contains(text, part) {
					t.Errorf("%q in: %s", part, text)
				}
			}
			cards := main.Find("article.cert")
			if cards.Length() != c.cards {
				t.Errorf("%d certificates, want %d: %s", cards.Length(), c.cards, text)
			}
			cards.Each(func(_ int, card *goquery.Selection) {
				if n := card.Find(".checks li").Length(); n != 10 {
					t.Errorf("%d checks", n)
				}
			})
			for part := range strings.SplitSeq(c.checks, "|") {
				name, want, _ := strings.Cut(part, "=")
				if got := checkOf(t, cards.First(), name); !strings.HasPrefix(got, want) {
					t.Errorf("%s: got %q, want %q", name, got, want)
				}
			}
		})
	}
	t.Run("in English", func(t *testing.T) {
		for _, q := range []string{"12/2024/NNPTNT-ĐL", "x1", sum(w.paper), sum(nil), w.released.Code} {
			a := w.browse("nobody", "GET", "/verify?lang=en&q="+url.QueryEscape(q), nil).want(200)
			checkPage(t, q, a.Body)
		}
	})
	for key, n := range w.Words.Missed() {
		t.Errorf("%d times no message %q", n, key)
	}
}

// Every answer has an address of its own, which is drawn as a QR code and leads to the same answer.
func TestVerifySheetHasItsAddress(t *testing.T) {
	w := newVerified(t)
	doc := w.browse("nobody", "GET", "/verify?q=12%2F2024%2FNNPTNT-%C4%90L&lot="+w.released.Code, nil).want(200).page()
	link := doc.Find(".proof a").AttrOr("href", "")
	if doc.Find(".proof svg").Length() != 1 || doc.Find(".proof svg title").Text() != link {
		t.Errorf("no QR code of %s", link)
	}
	again := w.browse("nobody", "GET", strings.TrimPrefix(link, base), nil).want(200).page()
	if diff := cmp.Diff(words(doc.Find(".sheet")), words(again.Find(".sheet"))); diff != "" {
		t.Error(diff)
	}
	long := w.browse("nobody", "GET", "/verify?q="+strings.Repeat("x", 900), nil).want(200).page()
	if long.Find(".proof svg").Length() != 0 {
		t.Error("a QR code that no phone reads")
	}
}

// The sheet is there as a file, too, for every kind of answer and in both languages.
func TestVerifyPDF(t *testing.T) {
	w := newVerified(t)
	for _, q := range []string{"12/2024/NNPTNT-ĐL", w.released.Code, w.draft.Code, sum(w.older), sum(nil), "99/XX", strings.Repeat("dài ", 400), "<b>\u202e"} {
		for _, lang := range []string{"vi", "en"} {
			v := url.Values{"q": {q}, "lang": {lang}, "lot": {w.released.Code}}
			a := w.browse("nobody", "GET", "/verify.pdf?"+v.Encode(), nil).want(200)
			if !bytes.HasPrefix(a.Body, []byte("%PDF-")) || a.Header.Get("Content-Type") != "application/pdf" {
				t.Errorf("%.40q: no PDF", q)
			}
		}
	}
	w.browse("nobody", "GET", "/verify.pdf", nil).want(400)
	for key, n := range w.Words.Missed() {
		t.Errorf("%d times no message %q", n, key)
	}
}

// Without JavaScript a file is sent, hashed and forgotten.
func TestVerifyFileWithoutJavaScript(t *testing.T) {
	w := newVerified(t)
	doc := w.browse("nobody", "GET", "/verify", nil).page()
	if kind := doc.Find(`form[method="post"][action="/verify"]`).AttrOr("enctype", ""); kind != "multipart/form-data" {
		t.Fatalf("the form sends %q", kind)
	}
	before := w.kept()
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"gcn.jpg", w.paper, "Tệp này đúng là bản đã đăng ký và đã được kiểm tra."},
		{"../../etc/passwd", w.older, "Tệp này là bản cũ"},
		{"x.exe", []byte("MZ\x00\xff"), "Hệ thống không có tệp này."},
		{"big.pdf", bytes.Repeat([]byte("%PDF-1.7 "), 20<<20/9), "Hệ thống không có tệp này."},
	} {
		a := w.postFiles("nobody", "/verify", url.Values{}, file{"file", c.name, c.data})
		if want := "/verify?q=" + sum(c.data); a.Header.Get("Location") != want {
			t.Errorf("%s leads to %q, want %q", c.name, a.Header.Get("Location"), want)
		}
		if text := words(w.follow("nobody", a).page().Find("main")); !strings.Contains(text, c.want) {
			t.Errorf("%s: no %q in %s", c.name, c.want, text)
		}
	}
	a := w.postFiles("nobody", "/verify", url.Values{"lot": {w.released.Code}}, file{"file", "gcn.jpg", w.paper})
	if got := a.Header.Get("Location"); !strings.HasSuffix(got, "?lot="+w.released.Code+"&q="+sum(w.paper)) {
		t.Errorf("with a lot: %q", got)
	}
	if text := words(w.postFiles("nobody", "/verify", url.Values{}).want(422).page().Find("main")); !strings.Contains(text, "Chưa chọn tệp nào") {
		t.Error(text)
	}
	w.postFiles("nobody", "/verify", url.Values{}, file{"file", "big.pdf", make([]byte, 20<<20+1)}).want(413)
	w.post("nobody", "/verify", url.Values{"q": {"x"}}).want(400)
	if diff := cmp.Diff(before, w.kept()); diff != "" {
		t.Errorf("something was kept:\n%s", diff)
	}
}

// kept are the documents that are kept.
func (w *verified) kept() (out []string) {
	found, _, err := w.Ledger.Documents(context.Background(), w.actors["admin"], orgA, "", 200)
	w.must(err)
	for _, d := range found {
		out = append(out, d.Doc.ID)
	}
	return out
}

func TestVerifyAPI(t *testing.T) {
	w := newVerified(t)
	a := w.api("nobody", "GET", apiBase+"/verify?q=13%2F2024%2FMAU", nil).want(200)
	for pointer, want := range map[string]string{
		"/kind": "certificate", "/certificates/0/number": "13/2024/MAU", "/certificates/0/standing": "expired", "/certificates/0/inForce": "false",
		"/certificates/0/exact": "true", "/certificates/0/checks/3/check": "date_now", "/certificates/0/checks/3/result": "failed",
		"/certificates/0/checks/3/reason": "expired", "/certificates/0/organisationName": "HTX Nông nghiệp Măng Sơ",
		"/certificates/0/verifications/0/role": "official", "/at": "2026-11-24T01:30:00Z", "/today": "2026-11-24",
		"/url": base + "/verify?q=13%2F2024%2FMAU", "/certificates/1": "",
	} {
		if got := a.member(pointer); got != want {
			t.Errorf("%s: got %q, want %q", pointer, got, want)
		}
	}
	if bytes.Contains(a.Body, []byte("Khoá ")) || bytes.Contains(a.Body, []byte(w.actors["official"].ID)) {
		t.Errorf("tells who verified it: %s", a.Body)
	}
	a = w.api("nobody", "GET", apiBase+"/verify?q=12%2F2024%2FNNPTNT-%C4%90L&lot="+w.released.Code, nil).want(200)
	if got := a.member("/certificates/0/checks/0/result") + " " + a.member("/lot/code"); got != "passed "+w.released.Code {
		t.Errorf("against a lot: %s", got)
	}
	queries := []string{"12/2024/nnptnt-dl", "16/2024/NHAP", w.released.Code, w.draft.Code, sum(w.older), "", "<b>"}
	a = w.api("nobody", "POST", apiBase+"/verify", map[string]any{"queries": queries}).want(200)
	var kinds []string
	for i := range queries {
		kinds = append(kinds, a.member(fmt.Sprintf("/items/%d/kind", i)))
	}
	if diff := cmp.Diff([]string{"certificate", "unknown", "lot", "lot", "document", "empty", "unknown"}, kinds); diff != "" {
		t.Error(diff)
	}
	if got := a.member("/items/3/lot"); strings.Contains(got, "Cà phê") || !strings.Contains(got, "not_released") {
		t.Errorf("a lot that is not on the market: %s", got)
	}
	if got := a.member("/items/4/certificates/0/match"); got != "older" {
		t.Errorf("an older file: %q", got)
	}
	for body, status := range map[string]int{
		`{"queries":[]}`: 422, `{}`: 422, `{"queries":"x"}`: 422, `{"queries":[1]}`: 422, `{"q":"x"}`: 422, `[`: 400,
		`{"queries":["` + strings.Repeat(`x","`, 1000) + `x"]}`: 422,
	} {
		w.api("nobody", "POST", apiBase+"/verify", body).want(status)
	}
	key := []string{"Idempotency-Key", "k1"}
	w.api("buyer", "POST", apiBase+"/verify", `{"queries":["x1"]}`, key...).want(200)
	if got := w.api("buyer", "POST", apiBase+"/verify", `{"queries":["x1"]}`, key...).want(200).Header.Get(headerReplayed); got != "true" {
		t.Error("not answered as before")
	}
	w.api("buyer", "POST", apiBase+"/verify", `{"queries":["x2"]}`, key...).want(409)
	w.api("nobody", "POST", apiBase+"/verify", `{"queries":["x2"]}`, key...).want(200)
	w.api("nobody", "GET", apiBase+"/verify", nil).want(400)
	w.api("nobody", "GET", apiBase+"/verify?q=x&certificate=1", nil).want(400)
}

// A supermarket does not meet the limits; a program that tries numbers does, and is told in words.
func TestVerifyLimits(t *testing.T) {
	w := newVerified(t)
	thousand := func(from int) string {
		var b strings.Builder
		for i := range 1000 {
			fmt.Fprintf(&b, "%d/2024/MAU\n", from+i)
		}
		return b.String()
	}
	status := 200
	lists := 0
	var last answer
	for ; status == 200 && lists < 20; lists++ {
		last = w.post("nobody", "/verify/bulk", url.Values{"text": {thousand(lists * 1000)}, "format": {"csv"}})
		status = last.Status
	}
	if status != 429 || lists != askPerHour/trace.MaxQueries+1 {
		t.Fatalf("list %d of a thousand answers %d", lists, status)
	}
	if text := words(last.page().Find("main")); !strings.Contains(text, "đã hỏi quá nhiều số trong một giờ") || last.Header.Get("Retry-After") == "" {
		t.Errorf("after %q: %s", last.Header.Get("Retry-After"), text)
	}
	w.api("nobody", "POST", apiBase+"/verify", `{"queries":["x"]}`).want(429)

	fresh := newVerified(t)
	n := 0
	for ; n < 500 && fresh.browse("nobody", "GET", "/verify?q=x", nil).Status == 200; n++ {
	}
	if n != askPerMinute {
		t.Errorf("%d answers in a minute", n)
	}
	now := time.Now()
	var b budget
	if b.spend("a", askPerHour, now) != 0 || b.spend("b", 1, now) != 0 || b.spend("a", 1, now) != time.Hour || b.spend("a", 1, now.Add(time.Hour)) != 0 {
		t.Error("an hour's budget is no hour's budget")
	}
}

func TestVerifyBulk(t *testing.T) {
	w := newVerified(t)
	list := "12/2024/NNPTNT-ĐL\r\n\r\n13/2024/mau\n" + trace.SpellCode(w.released.Code) + "\n16/2024/NHAP\nhỏng \xff\n" + strings.Repeat("y", 600) +
		"\n=HYPERLINK(\"http://x\")\n" + sum(w.older) + "\n<img src=x onerror=alert(1)>\n"
	a := w.postFiles("nobody", "/verify/bulk", url.Values{}, file{"file", "danh sách.txt", []byte("\ufeff" + list)}).want(200)
	checkPage(t, "bulk", a.Body)
	doc := a.page()
	var got []string
	doc.Find("tbody tr").Each(func(_ int, tr *goquery.Selection) {
		got = append(got, words(tr.Find("td").First())+" "+words(tr.Find("td").Eq(2).ChildrenFiltered(".tag"))+fmt.Sprint(" ", tr.Find(".item").Length()))
	})
	want := []string{
		"1 Giấy chứng nhận 1", "3 Giấy chứng nhận 1", "4 Lô hàng: Có trong hệ thống, hồ sơ chưa đủ 3", "5 Không có trong hệ thống 0",
		"6 Dòng này không đọc được: bảng mã lạ hoặc dấu ngoặc kép không khép. Hãy lưu tệp theo UTF-8. 0",
		"7 Dòng này quá dài để là số giấy, mã lô hay đường dẫn. 0", "8 Không có trong hệ thống 0",
		"9 Tệp này là bản cũ: đã có bản khác thay thế. 1", "10 Không có trong hệ thống 0",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	// The file says the same, line by line, and its formulas are none.
	values := formOf(t, doc, "/verify/bulk")
	if values.Get("text") == "" {
		t.Fatal("no form for the file")
	}
	values.Set("format", "csv")
	f := w.post("nobody", "/verify/bulk", values).want(200)
	if !bytes.HasPrefix(f.Body, []byte("\ufeff")) {
		t.Error("Excel would not show its diacritics")
	}
	if got := f.Header.Get("Content-Disposition"); got != `attachment; filename="kiem-tra-2026-11-24.csv"` {
		t.Error(got)
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(f.Body, []byte("\ufeff"))))
	r.Comma = ';'
	rows, err := r.ReadAll()
	w.must(err)
	var lines []string
	for _, row := range rows[1:] {
		if n := row[0] + " " + row[2]; !slices.Contains(lines, n) {
			lines = append(lines, n)
		}
		for _, cell := range row {
			if strings.HasPrefix(cell, "=") {
				t.Errorf("a formula: %s", cell)
			}
		}
	}
	for i := range want {
		want[i] = want[i][:strings.LastIndexByte(want[i], ' ')]
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("in the file (-want +got):\n%s", diff)
	}
	// It may be sent back.
	again := w.postFiles("nobody", "/verify/bulk", url.Values{}, file{"file", "kiem-tra.CSV", f.Body}).want(200).page()
	if n := again.Find("tbody tr").Length(); n != len(rows)-1 {
		t.Errorf("sent back it has %d rows, want %d: %s", n, len(rows)-1, words(again.Find("main")))
	}

	for name, c := range map[string]struct {
		text   string
		status int
		want   string
	}{
		"nothing":         {" \n\n", 422, "Danh sách trống"},
		"too much":        {strings.Repeat("x\n", 1001), 422, "tối đa 1.000 dòng"},
		"a thousand":      {strings.Repeat("x\n", 1000), 200, "1.000 dòng không có trong hệ thống"},
		"half a workbook": {"PK\x03\x04\x00", 400, "Không đọc được tệp Excel"},
		"an old workbook": {"\xd0\xcf\x11\xe0\x00", 415, "Đây không phải tệp Excel"},
		"zeros":           {"a\x00b", 415, "Tệp này không phải là danh sách"},
		"a PDF":           {"%PDF-1.7", 415, "Tệp này không phải là danh sách"},
		"UTF-16":          {"\xff\xfe1\x003\x00/\x002\x000\x002\x004\x00/\x00M\x00A\x00U\x00\n\x00", 200, "Giấy này|13/2024/MAU"},
		"columns, named":  {"STT;Tên;Số giấy\n1;A;13/2024/MAU\n2;B;\n3;C;12/2024/NNPTNT-ĐL", 200, "13/2024/MAU|Dòng này để trống|2 dòng có giấy"},
		"columns":         {"13/2024/MAU,A\n\"12/2024/NNPTNT-ĐL\",B", 200, "2 dòng có giấy"},
		"from Excel":      {"STT\tSố giấy\n1\t13/2024/MAU", 200, "một|1 dòng có giấy"},
		"quotes":          {"\"13/2024/MAU\n\"x", 200, "Kiểm tra"},
	} {
		t.Run(name, func(t *testing.T) {
			a := w.postFiles("nobody", "/verify/bulk", url.Values{}, file{"file", "list.csv", []byte(c.text)}).want(c.status)
			checkPage(t, name, a.Body)
			text := words(a.page().Find("main"))
			parts := strings.Split(c.want, "|")
			if !strings.Contains(text, parts[len(parts)-1]) {
				t.Errorf("no %q in: %.600s", c.want, text)
			}
		})
	}
	for key, n := range w.Words.Missed() {
		t.Errorf("%d times no message %q", n, key)
	}
}

func FuzzReadList(f *testing.F) {
	for _, s := range []string{"a\nb", "a;b\n\"c", "\t\n\t", "\ufeffx", "số giấy,mã\n1,2\n", "\"\n\"\"\n", "'=1"} {
		f.Add(s, true)
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, text string, table bool) {
		rows, err := readList(text, table, []string{"so giay"})
		if err != nil && len(rows) > 0 {
			t.Fatal("rows and an error")
		}
		last := 0
		for _, r := range rows {
			if r.N < last || (r.Asked == "") == (r.Fault == "") && r.Asked == "" || len(r.Asked) > maxAsked && r.Fault == "" {
				t.Fatalf("%+v after line %d", r, last)
			}
			last = r.N
		}
		if len(rows) > trace.MaxQueries {
			t.Fatal("too many")
		}
	})
}

func TestPlainCell(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "12/2024": "12/2024", "=1+1": "'=1+1", "+84": "'+84", "-1": "'-1", "@x": "'@x", "\tx": "'\tx", "＝1": "'＝1", "đạt": "đạt",
	} {
		if got := plainCell(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// BenchmarkVerifyBulk checks a thousand numbers, codes and mistakes, as a page.
func BenchmarkVerifyBulk(b *testing.B) {
	w := newVerified(b)
	var text strings.Builder
	for i := range trace.MaxQueries {
		switch i % 4 {
		case 0:
			text.WriteString("12/2024/NNPTNT-ĐL\n")
		case 1:
			text.WriteString(w.released.Code + "\n")
		case 2:
			fmt.Fprintf(&text, "%d/2020/XX\n", i)
		default:
			fmt.Fprintf(&text, "%064x\n", i)
		}
	}
	body := url.Values{"text": {text.String()}}.Encode()
	for b.Loop() {
		b.StopTimer() // a server whose limits are not used up
		w.Server = w.server(w.Ledger.DB)
		b.StartTimer()
		w.browse("nobody", "POST", "/verify/bulk", strings.NewReader(body)).want(200)
	}
}
