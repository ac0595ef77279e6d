package browsertest

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"truynguon/internal/blob/dir"
	"truynguon/internal/store"
	"truynguon/internal/store/mongo"
	"truynguon/internal/store/sqlite"
	"truynguon/internal/testservers"
	"truynguon/internal/trace"
)

// A buyer checks a certificate by its number, by the photo that was sent and many at once, on a small phone
// and on either database; what is revoked meanwhile shows.
func TestBuyerVerifies(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: no browser")
	}
	for _, kind := range []struct {
		name string
		open func(t *testing.T) (store.DB, error)
	}{
		{"sqlite", func(t *testing.T) (store.DB, error) {
			return sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "t.db"))
		}},
		{"mongodb", func(t *testing.T) (store.DB, error) {
			at, err := url.Parse(testservers.Mongo(t))
			if err != nil {
				return nil, err
			}
			at.Path = "/browser_" + fmt.Sprint(time.Now().UnixNano())
			return mongo.Open(t.Context(), at.String())
		}},
	} {
		t.Run(kind.name, func(t *testing.T) {
			db, err := kind.open(t)
			if err != nil {
				t.Fatal(err)
			}
			closers = append(closers, func() { _ = db.Close() })
			blobs, err := dir.Open(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			s := must[*site](t)(newSite(db, blobs))
			official, id, paper := s.certified(t)
			s.buyerVerifies(t, official, id, paper)
		})
	}
}

// certified registers a cooperative with one verified certificate, and answers who may decide about it, its
// id and the file of its scan.
func (s *site) certified(t *testing.T) (official trace.Actor, id, paper string) {
	t.Helper()
	ctx := t.Context()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, u := range []trace.Unit{{Code: "91", Level: "tinh", Name: "Tỉnh Mẫu"}, {Code: "9101", Level: "xa", Name: "Xã Mẫu", Parent: "91"}} {
		check(s.ledger.AddUnit(ctx, trace.System, u))
	}
	_, err := s.ledger.RegisterOrganisation(ctx, trace.System, trace.OrganisationDraft{ID: "htx-mau", LegalType: "HTX", Name: "HTX Mẫu", Address: "Thôn 1", AdminUnit: "9101"})
	check(err)
	official = trace.Actor{ID: "o", Name: "Cán bộ", Role: trace.Official, Unit: "91"}
	keeper := trace.Actor{ID: "k", Name: "Nhân viên", Role: trace.Staff, Org: "htx-mau"}
	photo := image.NewRGBA(image.Rect(0, 0, 64, 64))
	photo.Set(3, 3, color.White)
	var b bytes.Buffer
	check(jpeg.Encode(&b, photo, nil))
	d, err := s.ledger.AddDocument(ctx, keeper, "", "giấy.jpg", trace.Public, bytes.NewReader(b.Bytes()))
	check(err)
	k, err := s.ledger.FileCertificate(ctx, keeper, trace.CertificateDraft{
		Scheme: "attp", Number: "12/2025/NNMT-TNg", Agency: "Sở mẫu", StartDate: "2025-01-02", EndDate: "2099-01-01", Documents: []string{d.Doc.ID},
	})
	check(err)
	_, err = s.ledger.DecideCertificate(ctx, keeper, k.Doc.ID, "submit", trace.DecisionDraft{})
	check(err)
	_, err = s.ledger.DecideCertificate(ctx, official, k.Doc.ID, "verify", trace.DecisionDraft{Method: "original_seen"})
	check(err)
	paper = filepath.Join(t.TempDir(), "giấy nhận được.jpg")
	check(os.WriteFile(paper, b.Bytes(), 0o600))
	return official, k.Doc.ID, paper
}

func (s *site) buyerVerifies(t *testing.T, official trace.Actor, id, paper string) {
	t.Helper()
	tb := s.tab(t, phone)
	tb.open("/verify")
	tb.audit("verify")
	// By number, as a hand types it.
	tb.fill("q", "12 / 2025 / nnmt – tng")
	tb.follow(chromedp.Click(chromedp.CSS(".ask form button")))
	tb.says("12/2025/NNMT-TNg", "HTX Mẫu", "còn hiệu lực")
	tb.audit("verify number")

	// By the file: it is hashed here, and only the digest leaves.
	tb.open("/verify")
	tb.follow(chromedp.SetUploadFiles(chromedp.CSS("#file"), []string{paper}))
	tb.says("12/2025/NNMT-TNg", "còn hiệu lực")
	if at, err := url.Parse(tb.at()); err != nil || len(at.Query().Get("q")) != 64 {
		t.Errorf("the file was not asked about by its digest: %s", tb.at())
	}
	tb.audit("verify file")

	// Many at once.
	tb.open("/verify/bulk")
	tb.fill("text", "12/2025/NNMT-TNg\n99/9999/KHONG-CO")
	tb.follow(chromedp.Click(chromedp.CSS("form:has(#text) button")))
	tb.says("1 dòng có giấy", "1 dòng không có trong hệ thống")
	tb.audit("verify bulk")

	// What is revoked is revoked at once, whichever way it is asked about.
	if _, err := s.ledger.DecideCertificate(t.Context(), official, id, "revoke", trace.DecisionDraft{Reason: "Vi phạm", Number: "7/QĐ"}); err != nil {
		t.Fatal(err)
	}
	tb.open("/verify")
	tb.follow(chromedp.SetUploadFiles(chromedp.CSS("#file"), []string{paper}))
	tb.says("không còn giá trị")
	tb.open("/c/" + id)
	tb.follow(chromedp.Click(chromedp.CSS(`a.button[href^="/verify?"]`)))
	tb.says("không còn giá trị", "7/QĐ")
	tb.audit("verify revoked")
}
