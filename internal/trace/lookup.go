package trace

import (
	"context"
	"net/url"
	"strings"

	"truynguon/internal/fault"
	"truynguon/internal/gs1"
	"truynguon/internal/store"
)

// LookupPath finds the page that a typed or scanned text means: a lot's own code, that of a label from a
// roll, an address that was printed, a GS1 element string or a GTIN. It answers the page's path and reads
// no records: whether there is such a lot, the page says. ok is false if the text means none of these.
func LookupPath(text string) (path string, ok bool) {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > 2000 {
		return "", false
	}
	if code, ok := printedCode(text); ok {
		return "/l/" + code, true
	}
	if u, err := url.Parse(text); err == nil {
		if _, tail, found := strings.Cut(u.Path, "/l/"); found {
			if code, ok := printedCode(tail); ok {
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

// printedCode reads a code that stands on a label: a lot's own, or that of a label from a roll.
func printedCode(text string) (string, bool) {
	if code, ok := ParseCode(text); ok {
		return code, true
	}
	return ParseRollCode(text)
}

// PlaceByGLN answers what is public of the place with a GLN (GS1 key 414) and an extension (254), which
// may be empty. The match is exact: a GLN whose parts alone are registered is no place here. It fails
// with fault.NotFound.
func (l *Ledger) PlaceByGLN(ctx context.Context, gln, extension string) (_ Place, err error) {
	defer fault.Wrap(&err, "Ledger.PlaceByGLN(%q, %q)", gln, extension)
	found, _, err := places.find(ctx, l, store.Query{Term: glnTerm(gln, extension), Limit: 1})
	if err != nil {
		return Place{}, err
	}
	if len(found) == 0 {
		return Place{}, fault.NotFound
	}
	return publicPlace(found[0].Doc), nil
}

// glnTerm is what a place with a number can be looked up by. A GLN has no slash.
func glnTerm(gln, extension string) string { return "gln=" + gln + "/" + extension }
