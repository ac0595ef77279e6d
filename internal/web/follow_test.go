package web

import (
	"net/url"
	"strings"
	"testing"

	"truynguon/internal/trace"
)

// Whoever is signed in follows from a certificate's page, sees what was sent, and stops.
func TestFollowOnPages(t *testing.T) {
	w := newWorld(t)
	w.Mail = true
	cert := w.certified(orgA, "AT-1", "2028-12-31")
	if w.browse("nobody", "GET", "/c/"+cert.ID, nil).want(200).page().Find(`a[href^="/work/follows"]`).Length() != 0 {
		t.Error("offered to somebody who is not signed in")
	}
	link := w.browse("buyer", "GET", "/c/"+cert.ID, nil).want(200).page().Find(`a[href^="/work/follows?"]`).AttrOr("href", "")
	form := formOf(t, w.browse("buyer", "GET", link, nil).want(200).page(), "/work/follows")
	if form.Get("address") != "buyer@example.vn" || form.Get("channel") != "email" || form.Get("targetId") != cert.ID {
		t.Errorf("the form is not filled in: %v", form)
	}
	form.Set("address", "không phải")
	a := w.post("buyer", "/work/follows", form).want(422)
	if again := formOf(t, a.page(), "/work/follows"); again.Get("targetId") != cert.ID || again.Get("address") != "không phải" {
		t.Errorf("what was typed is lost: %v", again)
	}
	form.Set("address", "buyer@example.vn")
	text := words(w.follow("buyer", w.post("buyer", "/work/follows", form)).page().Find("main"))
	for _, want := range []string{"AT-1", "thư điện tử: buyer@example.vn", "Đã theo dõi"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q: %s", want, text)
		}
	}
	w.decide(orgA, cert.ID, "suspend", trace.DecisionDraft{Reason: "Chưa giám sát"})
	w.must(w.Ledger.PrepareNotices(t.Context()))
	due, err := w.Ledger.DueNotices(t.Context(), 10)
	w.must(err)
	if len(due) != 1 {
		t.Fatalf("%d notices", len(due))
	}
	w.must(w.Ledger.MarkFailed(t.Context(), due[0].Notice.ID, "421 busy"))
	text = words(w.browse("buyer", "GET", "/work/follows", nil).page().Find("main"))
	for _, want := range []string{"bị tạm đình chỉ", "chờ gửi", "1 lần gửi", "421 busy"} {
		if !strings.Contains(text, want) {
			t.Errorf("the log lacks %q: %s", want, text)
		}
	}
	if text := words(w.browse("staff", "GET", "/work/follows", nil).page().Find("main")); strings.Contains(text, "buyer@example.vn") || strings.Contains(text, "AT-1") {
		t.Errorf("somebody else sees it: %s", text)
	}
	end := "/work/follows/" + due[0].Follow.ID + "/end"
	w.post("staff", end, nil).want(403)
	if text := words(w.follow("buyer", w.post("buyer", end, nil)).page().Find("main")); strings.Contains(text, "buyer@example.vn") {
		t.Errorf("still followed: %s", text)
	}
}

// What is to be followed is found by whatever names it.
func TestFollowByWhatever(t *testing.T) {
	w := newWorld(t)
	cert := w.certified(orgA, "AT-1", "2028-12-31")
	w.certified(orgA, "AT-2", "2028-12-31")
	w.certified(orgB, "AT-2", "2028-12-31")
	lot := w.addReleased(orgA, "L1")
	page := w.browse("buyer", "GET", "/work/follows", nil).page()
	if form := formOf(t, page, "/work/follows"); form.Get("channel") != "webhook" || !strings.Contains(words(page.Find("main")), "chưa gửi được thư điện tử") {
		t.Errorf("without a mail server e-mail is offered: %v", form)
	}
	for _, c := range []struct{ what, want string }{
		{base + "/c/" + cert.ID, "certificate/" + cert.ID},
		{"/c/" + cert.ID, "certificate/" + cert.ID},
		{base + "/work/certificates/" + cert.ID + "?done=x", "certificate/" + cert.ID},
		{"at-1", "certificate/" + cert.ID},
		{base + "/p/" + orgA, "producer/" + orgA},
		{base + "/work/products/" + lot.Product + "/edit", "product/" + lot.Product},
		{base + "/l/" + lot.Code, "product/" + lot.Product},
		{trace.SpellCode(lot.Code), "product/" + lot.Product},
		{"", ""}, {"không có gì", ""}, {"AT-2", ""}, {base + "/p/none", ""}, {base + "/c/none", ""},
	} {
		a := w.post("buyer", "/work/follows", url.Values{"what": {c.what}, "channel": {"webhook"}, "address": {"https://hook.example.vn/" + url.PathEscape(c.what)}})
		if c.want == "" {
			a.want(422)
			if form := formOf(t, a.page(), "/work/follows"); form.Get("what") != c.what {
				t.Errorf("%q: what was typed is lost: %v", c.what, form)
			}
			if a.page().Find("#faults a[href='#f-follow-what']").Length() == 0 {
				t.Errorf("%q: not told at the field: %s", c.what, words(a.page().Find("#faults")))
			}
			continue
		}
		a.want(303)
		all, _, err := w.Ledger.Follows(t.Context(), trace.Actor{ID: w.account("buyer"), Role: trace.Buyer}, "", 50)
		w.must(err)
		found := false
		for _, f := range all {
			found = found || string(f.Target)+"/"+f.TargetID == c.want && strings.HasSuffix(f.Address, url.PathEscape(c.what))
		}
		if !found {
			t.Errorf("%q is not %s: %+v", c.what, c.want, all)
		}
	}
	// The secret that signs is there for its owner.
	if w.browse("buyer", "GET", "/work/follows", nil).page().Find(".secret").Length() == 0 {
		t.Error("no key to check signatures with")
	}
	if a := w.post("nobody", "/work/follows", url.Values{"what": {"/p/" + orgA}}); a.Status != 401 {
		t.Errorf("nobody: %d", a.Status)
	}
}

// account is the id of somebody's account.
func (w *world) account(who string) string {
	w.t.Helper()
	id, err := w.People.Resume(w.t.Context(), w.session(who).Value)
	w.must(err)
	return id.ID
}
