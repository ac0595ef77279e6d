package web

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"truynguon/internal/auth"
	"truynguon/internal/trace"
)

// certified files and verifies a certificate that ends on a day.
func (w *world) certified(org, number string, end trace.Date) trace.Certificate {
	w.t.Helper()
	ctx := context.Background()
	c, err := w.Ledger.FileCertificate(ctx, w.keeper(org), trace.CertificateDraft{
		Organisation: org, Scheme: "attp", Number: number, Agency: "Chi cục Quản lý chất lượng; tỉnh Thượng Ngàn", StartDate: "2024-01-15", EndDate: string(end),
	})
	w.must(err)
	w.decide(org, c.Doc.ID, "submit", trace.DecisionDraft{})
	w.decide(org, c.Doc.ID, "verify", trace.DecisionDraft{Method: "original_seen"})
	return c.Doc
}

func (w *world) decide(org, id, verb string, d trace.DecisionDraft) {
	w.t.Helper()
	by := w.actors["official"]
	if org == orgB {
		by = w.actors["officialB"]
	}
	if verb == "submit" {
		by = w.keeper(org)
	}
	_, err := w.Ledger.DecideCertificate(context.Background(), by, id, verb, d)
	w.must(err)
}

func TestCalendar(t *testing.T) {
	w := newWorld(t)
	lot := w.addReleased(orgA, "L1")
	for number, end := range map[string]trace.Date{
		"A-yesterday": "2026-11-23", "A-91-ago": "2026-08-25", "A-today": "2026-11-24", "A-7": "2026-12-01", "A-8": "2026-12-02", "A-30": "2026-12-24",
		"A-31": "2026-12-25", "A-90": "2027-02-22", "A-91": "2027-02-23",
	} {
		w.certified(orgA, number, end)
	}
	w.certified(orgB, "B-7", "2026-12-01")
	revoked := w.certified(orgA, "A-revoked", "2028-12-31")
	w.decide(orgA, revoked.ID, "revoke", trace.DecisionDraft{Reason: "Cấp sai"})
	for _, c := range []struct {
		who, path string
		want      map[string]string
	}{
		{"staff", "/work/calendar", map[string]string{
			"expired": "A-yesterday", "d7": "A-today A-7", "d30": "A-8 A-30", "d90": "A-31 A-90", "stopped": "A-revoked", "holders": "",
		}},
		{"staffB", "/work/calendar", map[string]string{"expired": "", "d7": "B-7", "d30": "", "d90": "", "stopped": "", "holders": ""}},
		{"staffB", "/work/calendar?org=" + orgA, map[string]string{"d7": "B-7", "stopped": ""}},
		{"official", "/work/calendar", map[string]string{"d7": "A-today A-7", "stopped": "A-revoked"}},
		{"admin", "/work/calendar", map[string]string{"d7": "A-today A-7 B-7", "expired": "A-yesterday"}},
		{"admin", "/work/calendar?org=" + orgB, map[string]string{"d7": "B-7", "expired": "", "holders": ""}},
	} {
		page := w.browse(c.who, "GET", c.path, nil).want(200).page()
		for id, want := range c.want {
			got := strings.Fields(words(page.Find("#" + id + " .what .code")))
			// The texts of adjacent elements run together otherwise.
			joined := strings.Join(got, "")
			if joined != strings.ReplaceAll(want, " ", "") && !sameParts(joined, strings.Fields(want)) {
				t.Errorf("%s, %s, #%s: %v, want %s", c.who, c.path, id, got, want)
			}
		}
	}
	admin := words(w.browse("admin", "GET", "/work/calendar", nil).page().Find("#holders"))
	for _, want := range []string{"HTX Nông nghiệp Măng Sơ", "Tổ hợp tác Đăk Nơ", "đã hết hạn: 1", "bị đình chỉ, thu hồi: 1"} {
		if !strings.Contains(admin, want) {
			t.Errorf("by organisation lacks %q: %s", want, admin)
		}
	}
	// The revoked one leads to the lot that lost it.
	page := w.browse("official", "GET", "/work/calendar", nil).page()
	link := page.Find(`#stopped a[href^="/work/calendar/lots/"]`)
	if words(link) != "1 lô bị ảnh hưởng" {
		t.Errorf("affected lots: %q in %s", words(link), words(page.Find("#stopped")))
	}
	text := words(w.browse("official", "GET", link.AttrOr("href", ""), nil).want(200).page().Find("main"))
	if !strings.Contains(text, trace.SpellCode(lot.Code)) || !strings.Contains(text, "bị thu hồi") {
		t.Errorf("the affected lots: %s", text)
	}
	for _, who := range []string{"staffB", "officialB", "buyer"} {
		w.browse(who, "GET", link.AttrOr("href", ""), nil).want(403)
	}
}

// sameParts reports whether a text is made of the parts, in any order among those with the same date.
func sameParts(text string, parts []string) bool {
	for _, p := range parts {
		if !strings.Contains(text, p) {
			return false
		}
		text = strings.Replace(text, p, "", 1)
	}
	return text == ""
}

// The feed's address works without signing in, for the one who made it, until another is made, it is
// ended, or the account may no longer see the calendar.
func TestCalendarFeed(t *testing.T) {
	w := newWorld(t)
	w.certified(orgA, "A-7", "2026-12-01")
	w.certified(orgB, "B-7", "2026-12-01")
	const page = "/work/calendar"
	if got := w.browse("staff", "GET", page, nil).page(); got.Find(`form[action="/work/calendar/feed/end"]`).Length() != 0 {
		t.Error("an address that is not there can be ended")
	}
	open := func(link string) answer {
		return w.browse("nobody", "GET", link, nil, "Accept", "text/calendar, */*", "Accept-Language", "en")
	}
	fresh := func(who string) string {
		a := w.fill(who, page, "/work/calendar/feed", nil).want(200)
		secret := words(a.page().Find(".secret"))
		if a.Header.Get("Cache-Control") != "no-store" || !strings.HasPrefix(secret, base+"/work/calendar.ics?key=") {
			t.Fatalf("%v %s", a.Header, secret)
		}
		link := strings.TrimPrefix(secret, base)
		if shown := w.browse(who, "GET", page, nil).want(200); strings.Contains(string(shown.Body), link[strings.Index(link, "key=")+4:]) {
			t.Error("the secret is shown again")
		}
		return link
	}
	first := fresh("staff")
	a := open(first).want(200)
	if a.Header.Get("Content-Type") != "text/calendar; charset=utf-8" || !strings.Contains(string(a.Body), "A-7") || strings.Contains(string(a.Body), "B-7") {
		t.Errorf("%v\n%s", a.Header, a.Body)
	}
	second := fresh("staff")
	open(first).want(404)
	open(second).want(200)
	other := fresh("staffB")
	if body := string(open(other).want(200).Body); !strings.Contains(body, "B-7") || strings.Contains(body, "A-7") {
		t.Errorf("another cooperative's:\n%s", body)
	}
	for _, link := range []string{"/work/calendar.ics", "/work/calendar.ics?key=", "/work/calendar.ics?key=x", strings.ToLower(second)} {
		open(link).want(404)
	}
	official := fresh("official")
	if body := string(open(official).want(200).Body); !strings.Contains(body, "A-7") || strings.Contains(body, "B-7") {
		t.Errorf("the commune's:\n%s", body)
	}
	w.follow("staff", w.fill("staff", page, "/work/calendar/feed/end", nil))
	open(second).want(404)
	open(other).want(200)
	_, err := w.People.Disable(t.Context(), auth.Command, "staffB@example.vn")
	w.must(err)
	open(other).want(404)
	_, err = w.People.Disable(t.Context(), auth.Command, "official@example.vn")
	w.must(err)
	w.must(w.People.Erase(t.Context(), auth.Command, "official@example.vn"))
	open(official).want(404)
	for _, who := range []string{"nobody", "buyer"} {
		if a := w.post(who, "/work/calendar/feed", nil); a.Status == 200 {
			t.Errorf("%s made an address", who)
		}
	}
}

// The feed as a calendar program reads it.
func TestCalendarFeedGolden(t *testing.T) {
	w := newWorld(t)
	first := w.certified(orgA, `12/2024/NNPTNT-"Ngàn", số; 1\2`, "2026-12-01")
	second := w.certified(orgA, "AT-2", "2026-12-31")
	w.decide(orgA, second.ID, "suspend", trace.DecisionDraft{Reason: "Chưa giám sát"})
	a := w.fill("staff", "/work/calendar", "/work/calendar/feed", nil)
	link := strings.TrimPrefix(words(a.page().Find(".secret")), base)
	w.pass(time.Hour)
	got := string(w.browse("nobody", "GET", link, nil).want(200).Body)
	for line := range strings.SplitSeq(strings.TrimSuffix(got, "\r\n"), "\r\n") {
		if len(line) > 75 || strings.ContainsAny(line, "\r\n") || !utf8.ValidString(line) {
			t.Errorf("%d octets: %q", len(line), line)
		}
	}
	// The ids differ from run to run.
	unfolded := strings.ReplaceAll(got, "\r\n ", "")
	unfolded = strings.NewReplacer(first.ID, "FIRST", second.ID, "SECOND", "\r\n", "\n").Replace(unfolded)
	golden := filepath.Join("testdata", "calendar.golden")
	if *update {
		w.must(os.WriteFile(golden, []byte(unfolded), 0o644))
	}
	want, err := os.ReadFile(golden)
	w.must(err)
	if diff := cmp.Diff(string(want), unfolded); diff != "" {
		t.Errorf("the feed (-want +got):\n%s", diff)
	}
	if again := string(w.browse("nobody", "GET", link, nil).want(200).Body); again != got {
		t.Error("asked again, it differs")
	}
}

// Whatever a text holds, it becomes one value: unfolded and unescaped it is the same again, as far as a
// calendar can hold it.
func TestCalendarTexts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		var c iCalendar
		c.line("SUMMARY:" + calendarText(text))
		raw := c.Builder.String()
		for line := range strings.SplitSeq(strings.TrimSuffix(raw, "\r\n"), "\r\n") {
			if len(line) > 75 || !utf8.ValidString(line) || strings.ContainsAny(line, "\r\n\x00") {
				t.Fatalf("line %q", line)
			}
		}
		got := strings.TrimSuffix(strings.TrimPrefix(strings.ReplaceAll(raw, "\r\n ", ""), "SUMMARY:"), "\r\n")
		got = strings.NewReplacer(`\\`, `\`, `\;`, ";", `\,`, ",", `\n`, "\n").Replace(got)
		want := strings.Map(func(r rune) rune {
			if r < ' ' && r != '\n' || r == 0x7f {
				return ' '
			}
			return r
		}, strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text))
		if got != want {
			t.Fatalf("%q became %q", text, got)
		}
	})
}
