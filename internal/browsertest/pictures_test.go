package browsertest

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// pictureSize bounds a picture in README, in bytes: people read it on a phone, too.
const pictureSize = 150 << 10

// TestPictures proves that the pictures in README are there, and with -update takes them.
func TestPictures(t *testing.T) {
	folder := filepath.Join("..", "..", ".github", "pictures")
	for _, p := range []struct {
		file string
		view view
		who  string // is logged in
		open func(*site) string
	}{
		{"lot-phone.png", phone, "", func(s *site) string { return "/l/" + s.lot(t, "MN-BOT-03").Code }},
		{"recalled-phone.png", phone, "", func(s *site) string { return "/l/" + s.lot(t, "MK-004").Code }},
		{"unknown-phone.png", phone, "", func(*site) string { return "/l/7K4M9XQA3HTF" }},
		// Another cooperative's than the one whose records the other tests change.
		{"lot-form-phone.png", phone, "nhan.vien.mang.rung@mau.example", func(s *site) string { return "/work/batches/new?again=" + s.lot(t, "MK-005").Code }},
		{"work-desktop.png", desktop, "quan.ly.mang.rung@mau.example", func(*site) string { return "/work" }},
	} {
		t.Run(p.file, func(t *testing.T) {
			file := filepath.Join(folder, p.file)
			if *update {
				s := open(t)
				tb := s.tab(t, p.view)
				if p.who != "" {
					tb.logIn(p.who)
				}
				if status := tb.open(p.open(s)); status >= 500 {
					t.Fatalf("the page answers %d", status)
				}
				tb.waitForPhotos()
				if err := os.MkdirAll(folder, 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, smaller(t, run(tb, chromedp.CaptureScreenshot())), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			picture, err := os.ReadFile(file)
			if err != nil {
				t.Fatalf("%v; -update takes it", err)
			}
			if len(picture) > pictureSize {
				t.Errorf("%d bytes, want at most %d", len(picture), pictureSize)
			}
			got, err := png.DecodeConfig(bytes.NewReader(picture))
			if err != nil {
				t.Fatal(err)
			}
			if int64(got.Width) != p.view.width || int64(got.Height) != p.view.height {
				t.Errorf("%d by %d px, want %d by %d", got.Width, got.Height, p.view.width, p.view.height)
			}
		})
	}
}

// smaller packs a picture as tightly as the format allows; the browser is in a hurry.
func smaller(t *testing.T, picture []byte) []byte {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	if b.Len() > len(picture) {
		return picture
	}
	return b.Bytes()
}
