package browsertest

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// What the first view may weigh: the first flight of a TCP connection is about 14 KB (RFC 6928), so a
// page within that is there after one round trip, on the worst line of the highlands too.
const (
	pageWeight  = 14 << 10
	photoWidth  = 800
	photoWeight = 120 << 10
)

func TestWeight(t *testing.T) {
	s := open(t)
	for _, v := range []view{phone, phone.in("en")} {
		tb := s.tab(t, v)
		tell(tb, network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: true})
		for _, p := range s.public(t) {
			if p.then != nil {
				continue
			}
			tb.loaded()
			tb.visit(p)
			tb.waitForPhotos()
			for _, r := range tb.loaded() {
				path := strings.TrimPrefix(r.url, tb.base)
				switch r.kind {
				case network.ResourceTypeDocument:
					if r.bytes == 0 { // led elsewhere
						continue
					}
					t.Logf("%s, %s, %s: %d bytes", p.name, v.name, v.lang, r.bytes)
					if r.bytes > pageWeight {
						t.Errorf("%s, %s, %s: %d bytes, want at most %d", p.name, v.name, v.lang, r.bytes, pageWeight)
					}
					if r.status == 200 && r.header("Content-Encoding") == "" {
						t.Errorf("%s: not compressed", p.name)
					}
				case network.ResourceTypeImage:
					if strings.HasPrefix(path, "/d/") && r.bytes > photoWeight {
						t.Errorf("%s: %s has %d bytes, want at most %d", p.name, path, r.bytes, photoWeight)
					}
				case network.ResourceTypeScript: // says what may be added later, and nothing to read
				default:
					if strings.HasPrefix(path, "/static/img/icon.") {
						continue
					}
					t.Errorf("%s: asks for %s %s; a style sheet belongs into the page, and the letters are the phone's own", p.name, r.kind, path)
				}
			}
			for _, width := range eval[[]int](tb, `[...document.images].map(i => i.naturalWidth)`) {
				if width > photoWidth {
					t.Errorf("%s: a photo of %d px, want at most %d", p.name, width, photoWidth)
				}
			}
			if n := eval[int](tb, `[...document.images].filter(i => i.loading !== "lazy" || !i.width || !i.height).length`); n > 0 {
				t.Errorf("%s: %d photos are not lazy or make the page jump", p.name, n)
			}
		}
	}
}

// waitForPhotos waits until those in view are there.
func (tb *tab) waitForPhotos() {
	tb.t.Helper()
	run(tb, chromedp.Poll[bool](`[...document.images].every(i => i.complete || i.getBoundingClientRect().top > innerHeight)`))
}

// header answers a header of the answer by its name in any case.
func (r *request) header(name string) string {
	for k, v := range r.headers {
		if strings.EqualFold(k, name) {
			if s, ok := v.(string); ok {
				return s
			}
		}
	}
	return ""
}
