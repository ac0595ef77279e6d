package browsertest

import (
	_ "embed"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/chromedp/chromedp"
)

//go:embed audit.js
var auditScript string

var shots = flag.String("shots", "", "put a picture of every page that is checked into this folder, to look at")

// audit fails the test for everything that is wrong with the page, and with how the browser got it.
func (tb *tab) audit(name string) {
	tb.t.Helper()
	if *shots != "" {
		tb.shoot(name)
	}
	for _, found := range eval[[]string](tb, fmt.Sprintf("(%s)({lang: %q, width: %d})", auditScript, tb.view.lang, tb.view.width)) {
		tb.t.Errorf("%s, %s, %s: %s", name, tb.view.name, tb.view.lang, found)
	}
	for _, found := range tb.complaints() {
		tb.t.Errorf("%s, %s, %s: %s", name, tb.view.name, tb.view.lang, found)
	}
}

// shoot puts a picture of the page into the folder of -shots.
func (tb *tab) shoot(name string) {
	tb.t.Helper()
	tb.waitForPhotos()
	picture := run(tb, chromedp.FullScreenshot(100))
	file := strings.ReplaceAll(name+"-"+tb.view.name+"-"+tb.view.lang+".png", " ", "_")
	if err := os.MkdirAll(*shots, 0o755); err != nil {
		tb.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*shots, file), picture, 0o644); err != nil {
		tb.t.Fatal(err)
	}
}
