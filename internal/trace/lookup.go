package trace

import (
	"net/url"
	"strings"

	"truynguon/internal/gs1"
)

// LookupPath finds the page that a typed or scanned text means: a lot's own code, an address that was
// printed, a GS1 element string or a GTIN. It answers the page's path and reads no records: whether
// there is such a lot, the page says. ok is false if the text means none of these.
func LookupPath(text string) (path string, ok bool) {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > 2000 {
		return "", false
	}
	if code, ok := ParseCode(text); ok {
		return "/l/" + code, true
	}
	if u, err := url.Parse(text); err == nil {
		if _, tail, found := strings.Cut(u.Path, "/l/"); found {
			if code, ok := ParseCode(tail); ok {
				return "/l/" + code, true
			}
		}
	}
	// The mã truy xuất nguồn gốc that is printed in full names the place after the lot; the page needs
	// only what comes before it.
	text, _, _ = strings.Cut(text, "(414)")
	key, err := gs1.ParseText(text)
	if err != nil || key.GTIN() == "" {
		return "", false
	}
	return key.Identity().Path(), true
}
