package browsertest

import (
	"bytes"
	"image/png"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"truynguon/internal/auth"
)

// TestScan does what a buyer does: look at a label, point a reader at it, and open what it says. The
// reader sees the picture that a screen shows, not the file.
func TestScan(t *testing.T) {
	s := open(t)
	key, _, err := s.people.AddKey(t.Context(), auth.Command, auth.KeyDraft{Name: "Máy in nhãn", Role: auth.Admin})
	if err != nil {
		t.Fatal(err)
	}
	for _, lot := range []struct{ number, says string }{
		{"MN-BOT-03", "Hồ sơ đầy đủ"},
		{"MK-004", "Đã bị thu hồi"}, // has no GTIN: its code leads to /l/
		{"BC-004", "Đã quá hạn sử dụng"},
	} {
		b := s.lot(t, lot.number)
		for _, format := range []string{"png", "svg"} {
			for _, v := range []view{phone, desktop} {
				if format == "svg" && v.phone {
					continue // a vector drawing alone is shown as small as a stamp there; its page shows it larger
				}
				t.Run(lot.number+" "+format+" "+v.name, func(t *testing.T) {
					printer := s.tab(t, v)
					tell(printer, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{
						Headers: network.Headers{"Accept-Language": v.lang, "Authorization": "Bearer " + key},
					})
					if status := printer.open("/api/v1/batches/" + b.Code + "/label." + format); status != 200 {
						t.Fatalf("the label answers %d", status)
					}
					address := readQR(t, run(printer, chromedp.CaptureScreenshot()))
					if want := s.ledger.CodeURL(b); address != want {
						t.Fatalf("the label says %s, want %s", address, want)
					}
					buyer := s.tab(t, phone)
					if status := buyer.open(address); status != 200 {
						t.Errorf("%s answers %d", address, status)
					}
					if text := buyer.text(); !strings.Contains(text, lot.says) || !strings.Contains(text, lot.number) {
						t.Errorf("%s does not say %q of %s:\n%s", address, lot.says, lot.number, text)
					}
				})
			}
		}
	}
}

// readQR reads the QR code in a picture.
func readQR(t *testing.T, picture []byte) string {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	bits, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		t.Fatal(err)
	}
	result, err := qrcode.NewQRCodeReader().Decode(bits, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true})
	if err != nil {
		t.Fatalf("no QR code in the picture: %v", err)
	}
	return result.GetText()
}
