package web

import (
	"context"
	"strings"
	"testing"

	"truynguon/internal/trace"
)

// aCase is a recall that holds, with one receiver.
type aCase struct{ ID, Receiver, Key string }

// runningCase has the official of orgA open a recall from a lot and an admin confirm it.
func (w *world) runningCase(code string) aCase {
	ctx, l := context.Background(), w.Ledger
	official, admin := w.actors["official"], w.actors["admin"]
	official.ID, admin.ID = "u-official", "u-admin" // people, not programs
	k, err := l.OpenRecallCase(ctx, official, trace.RecallCaseDraft{
		Kind: "voluntary", Trigger: "test_result", Reason: "Dư lượng chlorpyrifos", Advice: "Không ăn, mang trả nơi mua.", Seeds: []trace.RecallSeed{{Kind: trace.SeedLot, ID: code}},
	})
	w.must(err)
	k, err = l.SubmitRecallCase(ctx, official, k.Doc.ID, trace.Submission{Token: "s"})
	w.must(err)
	_, err = l.ConfirmRecallCase(ctx, admin, k.Doc.ID, trace.Review{Token: "c", Version: k.Doc.Scope.Version})
	w.must(err)
	n, err := l.AddReceiver(ctx, official, k.Doc.ID, trace.ReceiverDraft{Name: "Cửa hàng Mẫu", Address: "Phố 1", Lots: []trace.ReceivedDraft{{Code: code, Quantity: "5", On: "2026-11-20"}}})
	w.must(err)
	return aCase{k.Doc.ID, receiverPart(n.ID), n.Key}
}

// A manager opens a recall from a lot's page, an official confirms it, the lot's page and the first page
// explain it, a receiver answers without an account, and it is accounted for, reported and closed.
func TestRecallFromLotToReport(t *testing.T) {
	w := newWorld(t)
	lot := w.addReleased(orgA, "L1")
	link := w.browse("manager", "GET", "/work/batches/"+lot.Code, nil).page().Find(`a[href^="/work/recall-cases/new"]`).AttrOr("href", "")
	values := formOf(t, w.browse("manager", "GET", link, nil).want(200).page(), "/work/recall-cases/new")
	bad := w.post("manager", "/work/recall-cases/new", values).want(422)
	if text := words(bad.page().Find("main")); !strings.Contains(text, "Lý do") {
		t.Errorf("no fault is named: %s", text)
	}
	values.Set("trigger", "complaint")
	values.Set("reason", "Có mùi lạ")
	values.Set("advice", "Không dùng, mang trả nơi mua.")
	a := w.post("manager", "/work/recall-cases/new", values).want(303)
	page := w.follow("manager", a).page()
	base, _, _ := strings.Cut(a.Header.Get("Location"), "?")
	if text := words(page.Find("main")); !strings.Contains(text, "được nêu tên") || !strings.Contains(text, "tìm phạm vi") {
		t.Errorf("the scope is not shown: %s", text)
	}
	w.fill("manager", base, base+"/submit", map[string]string{"hold": "yes"}).want(303)
	if text := words(w.browse("nobody", "GET", "/l/"+lot.Code, nil).page().Find("main")); !strings.Contains(text, "Có mùi lạ") {
		t.Errorf("the lot is not held: %s", text)
	}
	if w.browse("manager", "GET", base, nil).page().Find(`form[action="`+base+`/confirm"]`).Length() != 0 {
		t.Error("who submitted it is offered to confirm it")
	}
	w.fill("official", base, base+"/confirm", nil).want(303)
	public := w.browse("nobody", "GET", "/l/"+lot.Code, nil).page()
	if text := words(public.Find("main")); !strings.Contains(text, "mang trả nơi mua") {
		t.Errorf("the lot's page does not say what to do: %s", text)
	}
	about := public.Find(`a[href^="/r/"]`).AttrOr("href", "")
	for _, path := range []string{about, "/"} {
		if text := words(w.browse("nobody", "GET", path, nil).want(200).page().Find("main")); !strings.Contains(text, "Có mùi lạ") {
			t.Errorf("%s does not tell of the recall: %s", path, text)
		}
	}
	w.fill("manager", base, base+"/receiver", map[string]string{"name": "Bếp ăn Mẫu", "lot": lot.Code, "quantity": "10"}).want(303)
	receiver := w.browse("manager", "GET", base, nil).page().Find(`a[href*="/receivers/"]`).AttrOr("href", "")
	shown := words(w.browse("manager", "GET", receiver, nil).want(200).page().Find("main"))
	_, tail, _ := strings.Cut(shown, "/a/")
	answer := "/a/" + tail[:24]
	if text := words(w.browse("nobody", "GET", about, nil).page().Find("main")); strings.Contains(text, "Bếp ăn") {
		t.Error("the public page names a receiver")
	}
	w.fill("nobody", answer, answer, map[string]string{"name": "Chị Bếp", "lots/0/held": "4,5", "lots/0/sold": "6"}).want(422)
	w.fill("nobody", answer, answer, map[string]string{"name": "Chị Bếp", "lots/0/held": "4,5", "lots/0/sold": "5,5"}).want(303)
	w.fill("staff", base, base+"/entry", map[string]string{"measure": "recovered", "quantity": "4,5"}).want(303)
	if text := words(w.browse("manager", "GET", base, nil).page().Find("main")); !strings.Contains(text, "Chị Bếp") || !strings.Contains(text, "Thu hồi được: 4,5") {
		t.Errorf("the answer or the entry is not shown: %s", text)
	}
	for path, kind := range map[string]string{
		base + "/report.pdf": "application/pdf", receiver + "/letter.pdf": "application/pdf", base + "/report.xlsx": typeWorkbook,
	} {
		if a := w.browse("manager", "GET", path, nil).want(200); a.Header.Get("Content-Type") != kind || len(a.Body) < 1000 {
			t.Errorf("%s is %s of %d bytes", path, a.Header.Get("Content-Type"), len(a.Body))
		}
		w.browse("managerB", "GET", path, nil).want(403)
	}
	w.fill("official", base, base+"/close", map[string]string{"outcome": "Đã tiêu hủy"}).want(422)
	w.fill("official", base, base+"/close", map[string]string{"outcome": "Đã tiêu hủy", "unfinished": "Phần còn lại đã dùng hết"}).want(303)
	if text := words(w.browse("nobody", "GET", about, nil).page().Find("main")); !strings.Contains(text, "Đã tiêu hủy") {
		t.Errorf("the outcome is not told: %s", text)
	}
	for key, n := range w.Words.Missed() {
		t.Errorf("%d times no message %q", n, key)
	}
}
