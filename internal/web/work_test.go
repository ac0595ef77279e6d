package web

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"truynguon/internal/auth"
	"truynguon/internal/trace"
)

// Every page of those who work here, for everybody: who may not see it gets no page, and no page has
// anything amiss.
func TestWorkPages(t *testing.T) {
	w := newWorld(t)
	lot := w.addReleased(orgA, "L1")
	draft := w.addLot(orgA, "L2")
	cert := w.addCertificate(orgA)
	doubt, err := w.Ledger.ReportDoubt(context.Background(), trace.Actor{}, trace.DoubtDraft{Code: lot.Code, Text: "Tem bị rách"})
	w.must(err)
	recall, err := w.Ledger.OpenRecall(context.Background(), w.actors["official"], trace.RecallDraft{Kind: "mandatory", Reason: "Dư lượng", Batches: []string{w.addReleased(orgA, "L3").Code}})
	w.must(err)
	kase := w.runningCase(w.addReleased(orgA, "L4").Code)
	held, err := w.Ledger.HoldLots(context.Background(), w.actors["official"], trace.HoldDraft{Reason: "Chờ kiểm nghiệm", Seeds: []trace.RecallSeed{{Kind: trace.SeedLot, ID: w.addReleased(orgA, "L5").Code}}})
	w.must(err)
	staff, err := w.People.Account(context.Background(), auth.Command, "staff@example.vn")
	w.must(err)
	roll, err := w.Ledger.OrderRoll(context.Background(), w.actors["staff"], trace.RollDraft{Name: "Tem xanh", Count: 20})
	w.must(err)
	code, err := w.Ledger.RegisterGrowingCode(context.Background(), w.actors["staff"], trace.GrowingCodeDraft{
		Place: lot.Places[0], Code: "VN-KTOR-0007", Crop: "Cà phê", Market: "CN", CodeDecisionDraft: trace.CodeDecisionDraft{From: "2026-01-01"}})
	w.must(err)
	member, err := w.Ledger.RegisterMember(context.Background(), w.actors["staff"], trace.MemberDraft{Code: "H-01", Name: "Y Blo"})
	w.must(err)
	const all = "admin official officialB manager staff managerB staffB buyer"
	const inside = "admin official officialB manager staff managerB staffB"
	const keep = "admin manager staff managerB staffB"
	const own = "admin official manager staff"
	for _, p := range []struct{ path, who string }{
		{"/login", "nobody"},
		{"/work", inside}, {"/work/batches", inside}, {"/work/batches?state=draft", inside}, {"/work/batches/new", keep},
		{"/work/batches/new?org=" + orgA, keep}, {"/work/batches/" + lot.Code, own}, {"/work/batches/" + draft.Code, own},
		{"/work/batches/" + draft.Code + "/edit", "admin manager staff"}, {"/work/batches/new?again=" + lot.Code, "admin manager staff"},
		{"/work/products", inside}, {"/work/products/new", keep}, {"/work/products?org=" + orgA, "admin official manager staff managerB staffB"},
		{"/work/products/" + lot.Product + "/edit", "admin manager staff"},
		{"/work/places", inside}, {"/work/places/new", keep}, {"/work/places/" + lot.Places[0] + "/edit", "admin manager staff"},
		{"/work/places/" + lot.Places[0], own}, {"/work/plots", inside}, {"/work/plots?org=" + orgA, "admin official manager staff managerB staffB"},
		{"/work/codes", inside}, {"/work/codes/" + code.Doc.ID, own}, {"/work/members", inside}, {"/work/members?org=" + orgA, "admin official manager staff managerB staffB"},
		{"/work/members/new", keep}, {"/work/members/" + member.Doc.ID, own},
		{"/work/certificates", inside}, {"/work/certificates/new", keep}, {"/work/certificates/" + cert.ID, own},
		{"/work/calendar", inside}, {"/work/calendar?org=" + orgA, "admin official manager staff managerB staffB"}, {"/work/calendar/lots/" + cert.ID, own},
		{"/work/scans", inside}, {"/work/scans?org=" + orgA, "admin official manager staff managerB staffB"}, {"/work/batches/" + lot.Code + "/scans", own},
		{"/work/copies", inside}, {"/work/deadstamps", "admin official officialB"}, {"/work/deadstamps?day=2026-11-24", "admin official officialB"},
		{"/work/rolls", inside}, {"/work/rolls/new", inside}, {"/work/rolls?org=" + orgA, "admin official manager staff managerB staffB"},
		{"/work/rolls/" + roll.Doc.ID, own}, {"/work/batches/" + lot.Code + "/claim", "admin manager staff"},
		{"/work/follows", all}, {"/work/follows?target=producer&id=" + orgA, all},
		{"/work/recalls", inside}, {"/work/recalls/new?batch=" + lot.Code, "admin official officialB manager managerB"}, {"/work/recalls/" + recall.Doc.ID, own},
		{"/work/recall-cases", inside}, {"/work/recall-cases/new", "admin official officialB manager managerB"}, {"/work/recall-cases/new?org=" + orgA, "admin official manager managerB"},
		{"/work/recall-cases/" + kase.ID, own}, {"/work/recall-cases/" + kase.ID + "/scope", own}, {"/work/recall-cases/" + kase.ID + "/receivers/" + kase.Receiver, own},
		{"/r/" + kase.ID, all + " nobody"}, {"/r/" + recall.Doc.ID, all + " nobody"}, {"/a/" + kase.Key, all + " nobody"},
		{"/work/holds", inside}, {"/work/holds/new", inside}, {"/work/holds/" + held.Doc.ID, own},
		{"/work/documents/" + w.addDocument(orgA, trace.Private).ID, own}, {"/work/unmatched", "admin official officialB"}, {"/work/unmatched?from=2026-11-01&to=1/11/2026", "admin official officialB"},
		{"/work/certificates/" + cert.ID + "/edit", "admin manager staff"},
		{"/work/doubts", inside}, {"/work/organisations", inside}, {"/work/organisations/" + orgA, inside},
		{"/work/organisations/new", "admin official officialB"}, {"/work/organisations/" + orgA + "/edit", "admin official manager"},
		{"/coverage", all + " nobody"}, {"/work/coverage/gaps", all}, {"/work/targets", inside}, {"/work/reports", inside},
		{"/work/organisations/" + orgA + "/register", own}, {"/work/units/" + communeA + "/edit", "admin"},
		{"/work/units", "admin"}, {"/work/units/new", "admin"}, {"/work/people", "admin manager managerB"}, {"/work/people/new", "admin manager managerB"},
		{"/work/people/" + staff.ID, "admin manager"}, {"/work/audit", "admin official officialB manager managerB"},
		{"/work/audit?org=" + orgA, "admin official manager managerB"}, {"/work/audit/batch/" + lot.Code, own}, {"/work/audit/doubt/" + doubt.Doc.ID, own},
		{"/account", all}, {"/account/password", all}, {"/account/sessions", all}, {"/account/keys", "admin manager managerB"},
	} {
		for _, who := range people {
			a := w.browse(who, "GET", p.path, nil)
			may := strings.Contains(" "+p.who+" ", " "+who+" ")
			switch {
			case may && a.Status != 200:
				t.Errorf("%s, %s: %d, should see it\n%s", p.path, who, a.Status, words(a.page().Find("main")))
			case may:
				checkPage(t, p.path+", "+who, a.Body)
			case a.Status == 200 && p.path != "/login":
				t.Errorf("%s, %s: should not see it", p.path, who)
			case who == "nobody" && a.Header.Get("Location") != "/login?next="+url.QueryEscape(p.path):
				t.Errorf("%s, nobody: %d %s, should be asked to sign in", p.path, a.Status, a.Header.Get("Location"))
			}
		}
	}
	for key, n := range w.Words.Missed() {
		t.Errorf("%d times no message %q", n, key)
	}
}

// A cooperative registers a place, a product and a lot with photos, releases it, and the public page
// shows it.
func TestFromPlaceToPublicPage(t *testing.T) {
	w := newWorld(t)
	a := w.fill("staff", "/work/places/new", "/work/places/new", map[string]string{
		"name": "Rẫy bà Blo", "address": "Thôn 2", "areaHa": "1,25", "latitude": "14,3512", "longitude": "108.2043", "growingAreaCode": "VN-KTOR-0007",
	})
	if page := w.follow("staff", a).page(); !strings.Contains(words(page.Find("main")), "Rẫy bà Blo") {
		t.Error("the place is not in the list")
	}
	values := formOf(t, w.browse("staff", "GET", "/work/products/new", nil).page(), "/work/products/new")
	values.Set("name", "Cà phê bột Măng Sơ")
	values.Set("uom", "KGM")
	values.Set("shelfLifeDays", "365")
	values.Set("appliedStandards", "TCVN 5251:2015\n\nTCVN 11892-1:2017")
	w.follow("staff", w.postFiles("staff", "/work/products/new", values, file{"photo", "ảnh.jpg", photo(t, 900, 600)}))

	values = formOf(t, w.browse("staff", "GET", "/work/batches/new", nil).page(), "/work/batches/new")
	if values.Get("product") == "" || len(values["places"]) != 1 || values.Get("lot") != "261124-1" || values.Get("harvestDate") != "2026-11-24" {
		t.Errorf("the form is not filled in: %v", values)
	}
	values.Set("quantity/value", "1.250,5")
	values.Set("then", "release")
	a = w.postFiles("staff", "/work/batches/new", values, file{"files", "phiếu cân.jpg", photo(t, 80, 60)})
	lot := w.follow("staff", a).page()
	text := words(lot.Find("main"))
	for _, want := range []string{"Đang lưu hành", "1.250,5 kg", "Rẫy bà Blo", "24/11/2027", "phiếu cân.jpg"} {
		if !strings.Contains(text, want) {
			t.Errorf("the lot's page lacks %q: %s", want, text)
		}
	}
	picture := w.browse("staff", "GET", lot.Find(`img[src$="label.svg"]`).AttrOr("src", ""), nil).want(200)
	if kind := picture.Header.Get("Content-Type"); kind != "image/svg+xml" {
		t.Errorf("the label is %s", kind)
	}
	public := lot.Find(`a[href^="/l/"]`).AttrOr("href", "")
	text = words(w.browse("nobody", "GET", public, nil).want(200).page().Find("main"))
	for _, want := range []string{"Cà phê bột Măng Sơ", "1.250,5 kg", "TCVN 5251:2015 và TCVN 11892-1:2017", "VN-KTOR-0007"} {
		if !strings.Contains(text, want) {
			t.Errorf("the public page lacks %q: %s", want, text)
		}
	}
	if strings.Contains(text, "Rẫy bà Blo") || strings.Contains(text, "phiếu cân") {
		t.Error("the public page tells what is not public")
	}
	// The next lot is one press of a button and a quantity away.
	again := w.browse("staff", "GET", "/work", nil).page().Find(`a[href*="again="]`).AttrOr("href", "")
	values = formOf(t, w.browse("staff", "GET", again, nil).want(200).page(), "/work/batches/new")
	if values.Get("lot") != "261124-2" || values.Get("quantity/value") != "1250,5" {
		t.Errorf("the form for another lot is not filled in: %v", values)
	}
}

// Every fault is named at once, above the form and beside its field, and nothing that was typed is
// lost, files included.
func TestFormComesBackWithEverything(t *testing.T) {
	w := newWorld(t)
	w.addReleased(orgA, "L1")
	values := formOf(t, w.browse("staff", "GET", "/work/batches/new", nil).page(), "/work/batches/new")
	values.Set("lot", "lô số 1")
	values.Set("quantity/value", "1.250")
	values.Set("packagingDate", "2026-12-24")
	values.Set("quantity/uom", "TNE")
	values.Del("places")
	a := w.postFiles("staff", "/work/batches/new", values, file{"files", "cân.jpg", photo(t, 80, 60)}, file{"files", "hỏng.jpg", []byte("không phải ảnh")}).want(422)
	doc := a.page()
	checkPage(t, "form", a.Body)
	top := words(doc.Find("#faults"))
	for _, want := range []string{"Số lô:", "hai cách", "Ngày đóng gói:", "chưa đến", "Lấy từ đâu:", "Chọn tệp:", "hỏng.jpg"} {
		if !strings.Contains(top, want) {
			t.Errorf("the list of faults lacks %q: %s", want, top)
		}
	}
	if n := doc.Find(".field.bad").Length(); n != 5 {
		t.Errorf("%d fields are marked", n)
	}
	back := formOf(t, doc, "/work/batches/new")
	for name, want := range map[string]string{
		"lot": "lô số 1", "quantity/value": "1.250", "packagingDate": "2026-12-24", "quantity/uom": "TNE", "token": values.Get("token"), "product": values.Get("product"),
	} {
		if got := back.Get(name); got != want {
			t.Errorf("%s came back as %q, not %q", name, got, want)
		}
	}
	if len(back["documents"]) != 1 || !strings.Contains(words(doc.Find("form")), "cân.jpg") {
		t.Errorf("the file that was good is lost: %v", back["documents"])
	}
	// Mended, the form is accepted with the file.
	back.Set("lot", "L2")
	back.Set("quantity/value", "1250")
	back.Set("packagingDate", "2026-11-24")
	back.Add("places", w.addPlot(orgA).ID)
	if text := words(w.follow("staff", w.post("staff", "/work/batches/new", back)).page().Find("main")); !strings.Contains(text, "cân.jpg") {
		t.Errorf("the file is not with the lot: %s", text)
	}
}

// A form that is sent twice makes one lot.
func TestSentTwice(t *testing.T) {
	w := newWorld(t)
	w.addReleased(orgA, "L1")
	values := formOf(t, w.browse("staff", "GET", "/work/batches/new", nil).page(), "/work/batches/new")
	values.Set("quantity/value", "10")
	values.Set("then", "release")
	first, second := w.post("staff", "/work/batches/new", values).want(303), w.post("staff", "/work/batches/new", values).want(303)
	if a, b := first.Header.Get("Location"), second.Header.Get("Location"); a != b {
		t.Errorf("two lots: %s and %s", a, b)
	}
	// Another form with the same proposed number gets the next one.
	values.Set("token", "another")
	a := w.post("staff", "/work/batches/new", values).want(409)
	if got := formOf(t, a.page(), "/work/batches/new").Get("lot"); got != "261124-2" {
		t.Errorf("the number proposed next is %q", got)
	}
}

// What another cooperative's people try with a lot is refused, and so is what the state forbids; the
// page offers exactly what is not refused.
func TestVerbsOfALot(t *testing.T) {
	ctx := context.Background()
	for _, state := range trace.States {
		w := newWorld(t)
		lot := w.addLot(orgA, "L1")
		var err error
		if state != trace.Draft && state != trace.Voided {
			_, err = w.Ledger.ReleaseBatch(ctx, w.actors["staff"], lot.Code, "")
			w.must(err)
		}
		switch state {
		case trace.Held:
			_, err = w.Ledger.HoldBatch(ctx, w.actors["official"], lot.Code, "Kiểm tra")
		case trace.Recalled:
			_, err = w.Ledger.OpenRecall(ctx, w.actors["manager"], trace.RecallDraft{Kind: "voluntary", Reason: "Lẫn tạp chất", Batches: []string{lot.Code}})
		case trace.Voided:
			_, err = w.Ledger.VoidBatch(ctx, w.actors["staff"], lot.Code, "Nhập nhầm")
		}
		w.must(err)
		for _, who := range []string{"admin", "official", "officialB", "manager", "staff", "managerB", "staffB", "buyer"} {
			for _, verb := range []string{"release", "hold", "void"} {
				seen := w.browse(who, "GET", "/work/batches/"+lot.Code, nil)
				path := "/work/batches/" + lot.Code + "/" + verb
				offered := seen.Status == 200 && seen.page().Find(`form[action="`+path+`"]`).Length() > 0
				// Without a reason nothing happens: what is allowed asks for one, save the release of a draft.
				a := w.post(who, path, url.Values{"reason": {""}})
				allowed := a.Status == 422
				if verb == "release" && state == trace.Draft && a.Status == 303 {
					allowed = true
					w = w.redraft(t, &lot)
				}
				if string(state) == map[string]string{"release": "released", "hold": "held", "void": "voided"}[verb] && a.Status == 303 {
					allowed = false // it is so already: nothing happens
				}
				if offered != allowed {
					t.Errorf("%s lot, %s, %s: offered %v, answered %d", state, who, verb, offered, a.Status)
				}
				if (who == "staffB" || who == "managerB" || who == "officialB" || who == "buyer") && a.Status != 403 {
					t.Errorf("%s lot, %s, %s: answered %d to a stranger", state, who, verb, a.Status)
				}
			}
		}
	}
}

// redraft starts anew with a draft, when the one before was released.
func (w *world) redraft(t *testing.T, lot *trace.Batch) *world {
	fresh := newWorld(t)
	*lot = fresh.addLot(orgA, "L1")
	return fresh
}

// A manager of another cooperative can neither see nor change what is not public.
func TestStrangersAreRefused(t *testing.T) {
	w := newWorld(t)
	lot := w.addLot(orgA, "L1")
	cert := w.addCertificate(orgA)
	for _, path := range []string{
		"/work/batches/" + lot.Code + "/edit", "/work/products/" + lot.Product + "/edit", "/work/places/" + lot.Places[0] + "/edit",
		"/work/batches/" + lot.Code + "/event", "/work/batches/" + lot.Code + "/attach", "/work/certificates/" + cert.ID + "/submit",
		"/work/organisations/" + orgA + "/edit",
	} {
		for _, who := range []string{"managerB", "staffB", "officialB", "buyer"} {
			if a := w.post(who, path, url.Values{"name": {"x"}}); a.Status != 403 {
				t.Errorf("%s, %s: %d", path, who, a.Status)
			}
		}
	}
	values := formOf(t, w.browse("staffB", "GET", "/work/places/new", nil).page(), "/work/places/new")
	values.Set("organisation", orgA) // a form can say anything: a member's own organisation counts
	values.Set("name", "Rẫy của B")
	values.Set("address", "Thôn Kon Rẫy")
	w.post("staffB", "/work/places/new", values).want(303)
	places, _, err := w.Ledger.Places(context.Background(), w.actors["admin"], orgB, "", 10)
	if err != nil || len(places) != 1 {
		t.Errorf("the place went elsewhere: %v %v", places, err)
	}
}

// A certificate goes from its holder to the official and back, each decision with its reason.
func TestCertificateOnPages(t *testing.T) {
	w := newWorld(t)
	lot := w.addLot(orgA, "L1")
	values := formOf(t, w.browse("staff", "GET", "/work/certificates/new", nil).page(), "/work/certificates/new")
	values.Set("scheme", "vietgap")
	values.Set("subjects/2/product", lot.Product)
	values.Set("subjects/2/area", "1.250")
	a := w.post("staff", "/work/certificates/new", values).want(422)
	text := words(a.page().Find("#faults"))
	for _, want := range []string{"Số:", "Nơi cấp:", "Có hiệu lực từ ngày:", "hai cách"} {
		if !strings.Contains(text, want) {
			t.Errorf("the list of faults lacks %q: %s", want, text)
		}
	}
	back := formOf(t, a.page(), "/work/certificates/new")
	if back.Get("subjects/0/product") != lot.Product || back.Get("subjects/0/area") != "1.250" {
		t.Errorf("the subject is lost: %v", back)
	}
	back.Set("subjects/0/area", "1,25")
	back.Set("number", "VietGAP-TT-99-0001")
	back.Set("agency", "Trung tâm Kiểm nghiệm")
	back.Set("startDate", "2026-01-15")
	back.Set("endDate", "2027-01-14")
	back.Set("then", "submit")
	a = w.post("staff", "/work/certificates/new", back).want(303)
	path, _, _ := strings.Cut(a.Header.Get("Location"), "?")
	if text := words(w.browse("official", "GET", "/work", nil).page().Find("main")); !strings.Contains(text, "đã nộp, chờ kiểm tra") {
		t.Errorf("the official is not told: %s", text)
	}
	if w.browse("staff", "GET", path, nil).page().Find(`form[action="`+path+`/verify"]`).Length() > 0 {
		t.Error("the holder is offered to verify")
	}
	w.fill("official", path, path+"/verify", map[string]string{}).want(422)
	w.follow("official", w.fill("official", path, path+"/verify", map[string]string{"method": "registry_consulted", "source": "Sổ của nơi cấp"}))
	a = w.fill("official", path, path+"/suspend", map[string]string{"decision": "12/QĐ"}).want(422)
	if form := formOf(t, a.page(), path+"/suspend"); form.Get("decision") != "12/QĐ" || a.page().Find("details[open]").Length() != 1 {
		t.Error("the form for suspending did not come back with what was typed")
	}
	w.follow("official", w.fill("official", path, path+"/suspend", map[string]string{"reason": "Chưa giám sát"}))
	text = words(w.browse("staff", "GET", path, nil).page().Find("main"))
	for _, want := range []string{"bị tạm đình chỉ", "Chưa giám sát", "đã tra sổ đăng ký của nơi cấp"} {
		if !strings.Contains(text, want) {
			t.Errorf("the certificate's page lacks %q: %s", want, text)
		}
	}
}

// A recall is opened from a lot's page and closed with its outcome; the public page says so at once.
func TestRecallOnPages(t *testing.T) {
	w := newWorld(t)
	lot := w.addReleased(orgA, "L1")
	w.browse("nobody", "GET", "/l/"+lot.Code, nil).want(200)
	link := w.browse("manager", "GET", "/work/batches/"+lot.Code, nil).page().Find(`a[href^="/work/recalls/new"]`).AttrOr("href", "")
	values := formOf(t, w.browse("manager", "GET", link, nil).want(200).page(), "/work/recalls/new")
	w.post("manager", "/work/recalls/new", values).want(422) // no reason
	values.Set("reason", "Lẫn tạp chất")
	a := w.post("manager", "/work/recalls/new", values).want(303)
	if text := words(w.browse("nobody", "GET", "/l/"+lot.Code, nil).want(200).page().Find("main")); !strings.Contains(text, "Lẫn tạp chất") {
		t.Errorf("the public page does not say it: %s", text)
	}
	path, _, _ := strings.Cut(a.Header.Get("Location"), "?")
	w.follow("manager", w.fill("manager", path, path+"/close", map[string]string{"reason": "Đã tiêu huỷ 20 kg"}))
	if text := words(w.browse("staff", "GET", path, nil).page().Find("main")); !strings.Contains(text, "Đã tiêu huỷ 20 kg") {
		t.Errorf("the outcome is not there: %s", text)
	}
}

// What one person changes while another has the form open is not lost.
func TestStaleForm(t *testing.T) {
	w := newWorld(t)
	lot := w.addLot(orgA, "L1")
	path := "/work/products/" + lot.Product + "/edit"
	mine := formOf(t, w.browse("staff", "GET", path, nil).page(), path)
	w.fill("manager", path, path, map[string]string{"brand": "Măng Sơ"}).want(303)
	mine.Set("name", "Cà phê của tôi")
	a := w.post("staff", path, mine).want(412)
	if got := formOf(t, a.page(), path).Get("name"); got != "Cà phê của tôi" {
		t.Errorf("what was typed is lost: %q", got)
	}
	if text := words(a.page().Find("#faults")); !strings.Contains(text, "người khác sửa") {
		t.Errorf("not told why: %s", text)
	}
	mine.Set("rev", "x")
	w.post("staff", path, mine).want(412)
}

// A lot that is a draft is corrected, and what follows is in the record's history.
func TestCorrectAndHistory(t *testing.T) {
	w := newWorld(t)
	lot := w.addLot(orgA, "L1")
	path := "/work/batches/" + lot.Code
	form := formOf(t, w.browse("staff", "GET", path+"/edit", nil).page(), path+"/edit")
	if form.Get("quantity/value") != "250,5" || form.Get("harvestDate") != "2026-11-10" {
		t.Errorf("the form is not filled in: %v", form)
	}
	form.Set("quantity/value", "300")
	w.follow("staff", w.post("staff", path+"/edit", form))
	w.follow("staff", w.fill("staff", path, path+"/event", map[string]string{"step": "drying", "date": "2026-11-12", "note": "Phơi giàn"}))
	w.fill("staff", path, path+"/event", map[string]string{"step": "drying", "date": "2027-11-12"}).want(422)
	text := words(w.browse("staff", "GET", path, nil).page().Find("main"))
	for _, want := range []string{"300 kg", "Phơi, sấy", "Phơi giàn"} {
		if !strings.Contains(text, want) {
			t.Errorf("the lot's page lacks %q: %s", want, text)
		}
	}
	text = words(w.browse("official", "GET", "/work/audit/batch/"+lot.Code, nil).page().Find("main"))
	for _, want := range []string{"Đính chính", "250,5 kg → 300 kg", "Người staff"} {
		if !strings.Contains(text, want) {
			t.Errorf("the history lacks %q: %s", want, text)
		}
	}
}

// A doubt reaches those whom it concerns, and its answer is kept.
func TestDoubtsOnPages(t *testing.T) {
	w := newWorld(t)
	lot := w.addReleased(orgA, "L1")
	d, err := w.Ledger.ReportDoubt(context.Background(), trace.Actor{}, trace.DoubtDraft{Code: lot.Code, Text: "Bao bì lạ", Contact: "0200 000 000"})
	w.must(err)
	path := "/work/doubts/" + d.Doc.ID + "/answer"
	w.post("managerB", path, url.Values{"answer": {"x"}}).want(403)
	w.fill("manager", "/work/doubts", path, nil).want(422)
	text := words(w.follow("manager", w.fill("manager", "/work/doubts", path, map[string]string{"answer": "Đã đổi bao bì"})).page().Find("main"))
	if !strings.Contains(text, "Đã đổi bao bì") || !strings.Contains(text, "đã trả lời") {
		t.Errorf("the answer is not there: %s", text)
	}
	if strings.Contains(words(w.browse("managerB", "GET", "/work/doubts", nil).page().Find("main")), "Bao bì lạ") {
		t.Error("another cooperative sees it")
	}
}
