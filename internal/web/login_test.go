package web

import (
	"net/url"
	"strings"
	"testing"
)

// logInAs sends the log-in form.
func (w *world) logInAs(email, password, next string) answer {
	w.t.Helper()
	return w.post("nobody", "/login", url.Values{"email": {email}, "password": {password}, "next": {next}})
}

func TestLogIn(t *testing.T) {
	w := newWorld(t)
	a := w.logInAs("staff@example.vn", "sai mật khẩu rồi", "/work/batches").want(401)
	checkPage(t, "login", a.Body)
	doc := a.page()
	if got := doc.Find(`input[name="email"]`).AttrOr("value", ""); got != "staff@example.vn" {
		t.Errorf("the address is lost: %q", got)
	}
	if got := doc.Find(`input[name="password"]`).AttrOr("value", ""); got != "" {
		t.Errorf("the password came back: %q", got)
	}
	if got := doc.Find(`input[name="next"]`).AttrOr("value", ""); got != "/work/batches" {
		t.Errorf("where to go is lost: %q", got)
	}
	a = w.logInAs("Staff@Example.vn", password, "/work/batches").want(303)
	// An account whose password somebody else chose is led to change it first.
	if got := a.Header.Get("Location"); got != "/account/password?next=%2Fwork%2Fbatches" {
		t.Errorf("led to %q", got)
	}
	cookie := a.Header.Get("Set-Cookie")
	for _, want := range []string{"__Host-session=", "HttpOnly", "secure", "SameSite=Lax", "path=/"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("the cookie lacks %s: %s", want, cookie)
		}
	}
	for range 12 {
		a = w.logInAs("staff@example.vn", "sai", "")
	}
	a.want(429)
	if text := words(a.page().Find("#faults")); !strings.Contains(text, "giây") || a.Header.Get("Retry-After") == "" {
		t.Errorf("not told how long to wait: %s", text)
	}
}

func TestLogOut(t *testing.T) {
	w := newWorld(t)
	w.browse("staff", "GET", "/work", nil).want(200)
	a := w.browse("staff", "POST", "/logout", nil).want(303)
	if !strings.Contains(a.Header.Get("Set-Cookie"), "1970") {
		t.Errorf("the browser keeps its cookie: %s", a.Header.Get("Set-Cookie"))
	}
	w.browse("staff", "GET", "/work", nil).want(303)
	w.browse("manager", "POST", "/logout", nil, "Sec-Fetch-Site", "cross-site").want(403)
	w.browse("manager", "GET", "/work", nil).want(200)
}

func TestLocalPath(t *testing.T) {
	for next, want := range map[string]string{
		"/work": "/work", "/work/batches?state=draft": "/work/batches?state=draft", "": "-", "work": "-", "https://evil.example": "-",
		"//evil.example": "-", "/\\evil.example": "-", "/\n/evil.example": "-", "javascript:alert(1)": "-", "/login?next=/work": "-", "///evil": "-",
		"/%0d%0aSet-Cookie:x": "/%0d%0aSet-Cookie:x",
	} {
		if got := localPath(next, "-"); got != want {
			t.Errorf("localPath(%q) = %q, want %q", next, got, want)
		}
	}
}

func TestOwnAccount(t *testing.T) {
	w := newWorld(t)
	if page := w.browse("buyer", "GET", "/account", nil).want(200).page(); !strings.Contains(words(page.Find("main")), "Người mua hàng") {
		t.Error("the role is not named")
	}
	a := w.fill("buyer", "/account", "/account/profile", map[string]string{"name": "Lê Thị Mơ", "lang": "en"}).want(303)
	if !strings.Contains(a.Header.Get("Set-Cookie"), "lang=en") {
		t.Error("the language is not remembered")
	}
	a = w.post("buyer", "/account/password", url.Values{"current": {"sai"}, "password": {"ngắn"}}).want(422)
	checkPage(t, "password", a.Body)
	if n := a.page().Find(".field.bad").Length(); n != 2 {
		t.Errorf("%d fields are marked: %s", n, words(a.page().Find("#faults")))
	}
	next := "bốn con trâu trắng ăn cỏ"
	w.post("buyer", "/account/password", url.Values{"current": {password}, "password": {next}}).want(303)
	w.logInAs("buyer@example.vn", password, "").want(401)
	if got := w.logInAs("buyer@example.vn", next, "").want(303).Header.Get("Location"); got != "/" {
		t.Errorf("a buyer begins at %q", got)
	}
	doc := w.browse("buyer", "GET", "/account/sessions", nil).page()
	if n := doc.Find(`form[action="/account/sessions/end"]`).Length(); n != 2 { // the other one, and all others
		t.Errorf("%d sessions can be ended", n)
	}
	w.post("buyer", "/account/sessions/end", nil).want(303)
	if n := w.browse("buyer", "GET", "/account/sessions", nil).page().Find(`input[name="id"]`).Length(); n != 0 {
		t.Errorf("%d other sessions are left", n)
	}
}

func TestKeysOnPages(t *testing.T) {
	w := newWorld(t)
	w.fill("manager", "/account/keys", "/account/keys", map[string]string{"role": "staff"}).want(422)
	a := w.fill("manager", "/account/keys", "/account/keys", map[string]string{"name": "Cân điện tử", "role": "staff"}).want(200)
	key := a.page().Find(".secret").Text()
	if a.Header.Get("Cache-Control") != "no-store" || !strings.HasPrefix(key, "tn_") {
		t.Fatalf("no key shown: %q", key)
	}
	w.keys["scale"] = key
	w.api("scale", "GET", "/api/v1/batches", nil).want(200)
	doc := w.browse("manager", "GET", "/account/keys", nil).page()
	if strings.Contains(doc.Text(), key) {
		t.Error("the key is shown again")
	}
	id := strings.Split(key, "_")[1]
	w.post("managerB", "/account/keys/revoke", url.Values{"id": {id}}).want(404)
	w.post("manager", "/account/keys/revoke", url.Values{"id": {id}}).want(303)
	w.api("scale", "GET", "/api/v1/batches", nil).want(401)
}

func TestPeopleOnPages(t *testing.T) {
	w := newWorld(t)
	a := w.fill("manager", "/work/people/new", "/work/people/new", map[string]string{"name": "A Blơm", "email": "khong phai"}).want(422)
	if got := formOf(t, a.page(), "/work/people/new").Get("name"); got != "A Blơm" {
		t.Errorf("the name is lost: %q", got)
	}
	a = w.fill("manager", "/work/people/new", "/work/people/new", map[string]string{"name": "A Blơm", "email": "blom@example.vn"}).want(200)
	secret := a.page().Find(".secret").Text()
	w.logInAs("blom@example.vn", secret, "").want(303)

	path := w.browse("manager", "GET", "/work/people", nil).page().Find(`a:contains("A Blơm")`).AttrOr("href", "")
	w.browse("managerB", "GET", path, nil).want(404)
	w.fill("manager", path, path+"/reset", nil).want(422) // not sure
	a = w.fill("manager", path, path+"/reset", map[string]string{"sure": "yes"}).want(200)
	fresh := a.page().Find(".secret").Text()
	if fresh == "" || fresh == secret {
		t.Error("no new password")
	}
	w.logInAs("blom@example.vn", secret, "").want(401)
	w.follow("manager", w.fill("manager", path, path+"/rename", map[string]string{"name": "A Blơm Hnghet"}))
	w.follow("manager", w.fill("manager", path, path+"/disable", map[string]string{"sure": "yes"}))
	a = w.logInAs("blom@example.vn", fresh, "").want(403)
	if text := words(a.page().Find("#faults")); !strings.Contains(text, "khoá") {
		t.Errorf("not told why: %s", text)
	}
	w.follow("manager", w.fill("manager", path, path+"/enable", nil))
	w.post("manager", path+"/erase", url.Values{"sure": {"yes"}}).want(403)
	w.post("manager", path+"/role", url.Values{"role": {"admin"}}).want(403)
}
