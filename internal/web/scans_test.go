package web

import (
	"context"
	"slices"
	"strings"
	"testing"

	"truynguon/internal/trace"
)

const phoneAgent = "Mozilla/5.0 (Linux; Android 14; SM-A155F) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36"

// Browsers by their names as they are sent; programs and link previews are no devices.
func TestDeviceOf(t *testing.T) {
	for agent, want := range map[string]trace.Device{
		phoneAgent: trace.Phone,
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Zalo iOS/24.11": trace.Phone,
		"Mozilla/5.0 (Linux; Android 13; CUBOT NOTE 50) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36":                          trace.Phone,
		"Mozilla/5.0 (Linux; Android 13; SM-X205) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36":               trace.Tablet,
		"Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 Version/16.6 Mobile/15E148 Safari/604.1":                   trace.Tablet,
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36":              trace.Desktop,
		"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0":                                                       trace.Desktop,
		"Mozilla/5.0 (SMART-TV; Tizen 6.0) AppleWebKit/537.36":                                                                         trace.OtherDevice,
		"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)":                                                     trace.Bot,
		"Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X) AppleWebKit/537.36 Chrome/131 Mobile Safari/537.36 (compatible; Googlebot/2.1)":  trace.Bot,
		"facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)":                                                    trace.Bot,
		"WhatsApp/2.24.20.89 A": trace.Bot, "TelegramBot (like TwitterBot)": trace.Bot, "Mozilla/5.0 (compatible; Zalobot/1.0)": trace.Bot,
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/131.0.0.0 Safari/537.36": trace.Bot,
		"curl/8.5.0": trace.Bot, "okhttp/4.12.0": trace.Bot, "python-requests/2.32": trace.Bot, "": trace.Bot,
	} {
		if got := deviceOf(agent); got != want {
			t.Errorf("%s: %s, want %s", agent, got, want)
		}
	}
}

// Each look at a lot's page by a customer counts, from the cache or not, as do repeats and pages that the
// browser has; what no customer does counts not at all.
func TestScansAreCounted(t *testing.T) {
	w := newWorld(t)
	lot := w.addReleased(orgA, "L1")
	path := "/l/" + lot.Code
	scans := func() int {
		t.Helper()
		_, err := w.Ledger.FlushScans(context.Background())
		w.must(err)
		r, err := w.Ledger.Scans(context.Background(), w.actors["staff"], lot.Code, "", "")
		w.must(err)
		return r.Scans
	}
	agent := []string{"User-Agent", phoneAgent}
	html := append(slices.Clone(agent), "Accept", "text/html")
	etag := w.browse("nobody", "GET", path, nil, html...).want(200).Header.Get("ETag")
	w.browse("nobody", "GET", path, nil, html...).want(200)
	w.browse("buyer", "GET", path, nil, html...).want(200)
	w.browse("nobody", "GET", path, nil, append(slices.Clone(html), "If-None-Match", etag)...).want(304)
	if n := scans(); n != 4 {
		t.Errorf("%d scans, want 4", n)
	}
	w.browse("nobody", "HEAD", path, nil, html...)
	w.browse("staff", "GET", path, nil, html...).want(200)
	w.browse("official", "GET", path, nil, html...).want(200)
	w.browse("nobody", "GET", path, nil, append(html, "Sec-Purpose", "prefetch;prerender")...).want(200)
	w.browse("nobody", "GET", path, nil, "Accept", "text/html", "User-Agent", "facebookexternalhit/1.1").want(200)
	w.browse("nobody", "GET", path+"?format=json", nil, agent...).want(200)
	if n := scans(); n != 4 {
		t.Errorf("%d scans after what nobody scans, want 4", n)
	}

	// Dead stamps: as scanned, once for each look, and not for programs.
	w.browse("nobody", "GET", "/l/XXXX-XXXX-XXX4", nil, html...).want(404)
	w.browse("nobody", "GET", "/01/09524999000013/10/GIẢ", nil, html...)
	w.browse("nobody", "GET", path+"?21=XYZ123", nil, html...).want(200)
	w.browse("nobody", "GET", "/l/XXXX-XXXX-XXX4", nil, "Accept", "text/html", "User-Agent", "curl/8").want(404)
	scans()
	page := w.browse("official", "GET", "/work/deadstamps", nil).want(200)
	text := words(page.page().Find("main"))
	for _, want := range []string{lot.Code + "/XYZ123", "số chưa từng in cho lô"} {
		if !strings.Contains(text, want) {
			t.Errorf("the list lacks %q: %s", want, text)
		}
	}
	table := string(w.browse("official", "GET", "/work/deadstamps.csv?day=2026-11-24", nil).want(200).Body)
	if !strings.Contains(table, "2026-11-24,serial,"+lot.Code+"/XYZ123,1\n") {
		t.Errorf("the table: %s", table)
	}
	text = words(w.browse("staff", "GET", "/work/batches/"+lot.Code+"/scans", nil).want(200).page().Find("main"))
	if !strings.Contains(text, "5 lượt quét") || !strings.Contains(text, "Điện thoại") {
		t.Errorf("the lot's scans: %s", text)
	}
}

// A label that may have been copied is told to the public in words that accuse nobody, and to those whom it
// concerns with reasons; a note is kept, and an official ends it.
func TestPossibleCopy(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	lot := w.addReleased(orgA, "L1")
	run, err := w.Ledger.RecordPrint(ctx, w.actors["staff"], trace.PrintDraft{Batch: lot.Code, Kind: "item", Stock: "a4-65", Format: "csv", Copies: 1, Serials: 3})
	w.must(err)
	serial, err := w.Ledger.Serials(ctx, w.actors["staff"], &run)
	w.must(err)
	rules, err := trace.ParseCopyRules([]byte("often: [{days: 1, visits: 3}]"))
	w.must(err)
	w.Ledger.CopyRules = rules
	path := "/l/" + lot.Code + "?21=" + serial(0)
	look := func(agent string) string {
		body := string(w.browse("nobody", "GET", path, nil, "Accept", "text/html", "User-Agent", phoneAgent+agent).want(200).Body)
		_, err := w.Ledger.FlushScans(ctx)
		w.must(err)
		return body
	}
	for _, agent := range []string{"", " a", " b"} {
		if strings.Contains(look(agent), "nhiều hơn thường lệ") {
			t.Error("told too early")
		}
	}
	if !strings.Contains(look(" c"), "nhiều hơn thường lệ") {
		t.Error("the public page does not tell")
	}
	text := words(w.browse("staff", "GET", "/work/copies", nil).want(200).page().Find("main"))
	if !strings.Contains(text, "3 lượt khách khác nhau trong 24 giờ (ngưỡng 3)") || !strings.Contains(text, trace.SpellCode(serial(0))) {
		t.Errorf("the list: %s", text)
	}
	list, _, err := w.Ledger.CopyAlerts(ctx, w.actors["official"], "", "", 1)
	w.must(err)
	action := "/work/copies/" + list[0].Doc.ID
	w.follow("staff", w.fill("staff", "/work/copies", action+"/seen", map[string]string{"note": "Tem bày mẫu"}))
	if a := w.fill("official", "/work/copies", action+"/closed", map[string]string{"note": ""}); a.Status != 422 {
		t.Errorf("closed without a word: %d", a.Status)
	}
	w.follow("official", w.fill("official", "/work/copies", action+"/closed", map[string]string{"note": "Đã xem"}))
	if strings.Contains(look(" d"), "nhiều hơn thường lệ") {
		t.Error("told after it was closed")
	}
}
