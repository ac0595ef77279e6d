package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"truynguon/internal/locale"
	"truynguon/internal/notify"
	"truynguon/internal/trace"
	"truynguon/static"
)

var updateNotices = flag.Bool("update-notices", false, "write the golden file of notices anew")

// post is an office with a courier, and something to tell.
type post struct {
	*courier
	t                  *testing.T
	now                time.Time
	official, follower trace.Actor
	staff              trace.Actor
	certificate, lot   string
}

func newPost(t *testing.T) *post {
	t.Helper()
	program, err := open(t.Context(), settings(t, "TRUYNGUON_DB=sqlite::memory:", "TRUYNGUON_BLOBS=file:"+t.TempDir(), "TRUYNGUON_BASE_URL=https://id.example.vn"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = program.close() })
	words, err := locale.Load(static.FS)
	if err != nil {
		t.Fatal(err)
	}
	p := &post{
		t: t, now: time.Date(2026, 11, 24, 1, 30, 0, 0, time.UTC),
		official: trace.Actor{ID: "u1", Name: "Công chức", Role: trace.Official, Unit: "99"},
		staff:    trace.Actor{ID: "u2", Name: "Xã viên", Role: trace.Manager, Org: "htx"},
		follower: trace.Actor{ID: "u3", Name: "Người mua", Role: trace.Buyer},
	}
	program.ledger.Now = func() time.Time { return p.now }
	p.courier = &courier{
		ledger: program.ledger, words: words.In(program.ledger.Zone), log: slog.New(slog.DiscardHandler), site: "Truy Nguồn",
	}
	l, ctx := program.ledger, t.Context()
	p.must(l.AddUnit(ctx, trace.System, trace.Unit{Code: "99", Level: "tinh", Name: "Tỉnh Thượng Ngàn"}))
	p.must(l.AddUnit(ctx, trace.System, trace.Unit{Code: "99001", Level: "xa", Name: "Xã Măng Sơ Lang", Parent: "99"}))
	_, err = l.RegisterOrganisation(ctx, trace.System, trace.OrganisationDraft{
		ID: "htx", LegalType: "HTX", Name: "HTX Măng Sơ", Address: "Thôn 2", AdminUnit: "99001", Representative: "Y Bình",
	})
	p.must(err)
	k, err := l.FileCertificate(ctx, p.staff, trace.CertificateDraft{
		Organisation: "htx", Scheme: "vietgap", Edition: "TCVN 11892-1:2017", Number: "VietGAP-TT-99-0001", Agency: "Trung tâm Kiểm nghiệm",
		StartDate: "2026-01-15", EndDate: "2026-12-20",
	})
	p.must(err)
	p.certificate = k.Doc.ID
	p.decide("submit", trace.DecisionDraft{})
	p.decide("verify", trace.DecisionDraft{Method: "original_seen"})
	return p
}

func (p *post) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *post) decide(verb string, d trace.DecisionDraft) {
	p.t.Helper()
	by := p.official
	if verb == "submit" {
		by = p.staff
	}
	_, err := p.ledger.DecideCertificate(p.t.Context(), by, p.certificate, verb, d)
	p.must(err)
}

func (p *post) follow(channel trace.Channel, address, lang string) trace.Follow {
	p.t.Helper()
	f, err := p.ledger.Follow(p.t.Context(), p.follower, trace.FollowDraft{
		Target: "producer", TargetID: "htx", Channel: string(channel), Address: address, Lang: lang,
	})
	p.must(err)
	return f
}

// recall calls a lot back.
func (p *post) recall() {
	p.t.Helper()
	ctx := p.t.Context()
	product, err := p.ledger.RegisterProduct(ctx, p.staff, trace.ProductDraft{Organisation: "htx", Name: "Cà phê nhân", UOM: "KGM", ShelfLifeDays: "365"})
	p.must(err)
	place, err := p.ledger.RegisterPlace(ctx, p.staff, trace.PlaceDraft{Organisation: "htx", Type: "plot", Name: "Rẫy", Address: "Thôn 2", AdminUnit: "99001", AreaHa: "1"})
	p.must(err)
	lot, err := p.ledger.RegisterBatch(ctx, p.staff, trace.BatchDraft{
		Organisation: "htx", Product: product.Doc.ID, Lot: "L1", Places: []string{place.Doc.ID}, HarvestDate: "2026-11-10", PackagingDate: "2026-11-15",
		ExpirationDate: "2027-11-15", Quantity: trace.QuantityDraft{Value: "250"},
	})
	p.must(err)
	_, err = p.ledger.ReleaseBatch(ctx, p.staff, lot.Doc.Code, "")
	p.must(err)
	p.lot = lot.Doc.Code
	_, err = p.ledger.OpenRecall(ctx, p.staff, trace.RecallDraft{Kind: "voluntary", Reason: "Lẫn tạp chất", Advice: "Trả lại nơi bán", Batches: []string{lot.Doc.Code}})
	p.must(err)
}

// logged are the notices as their follower sees them.
func (p *post) logged() []trace.Notice {
	p.t.Helper()
	log, _, err := p.ledger.Notices(p.t.Context(), p.follower, "", 100)
	p.must(err)
	return log
}

// The words of every reason, in both languages, read as they should.
func TestNoticesAreWritten(t *testing.T) {
	p := newPost(t)
	p.follow(trace.Email, "vi@example.vn", "vi")
	p.follow(trace.Email, "en@example.vn", "en")
	var out strings.Builder
	tell := func() {
		p.must(p.ledger.PrepareNotices(t.Context()))
		due, err := p.ledger.DueNotices(t.Context(), 50)
		p.must(err)
		if len(due) != 2 {
			t.Errorf("%d notices", len(due))
		}
		for i := range 2 {
			for _, d := range due {
				if (d.Follow.Lang == "en") != (i == 1) {
					continue
				}
				subject, text := p.write(&d)
				text = strings.ReplaceAll(text, p.certificate, "CERTIFICATE")
				if p.lot != "" {
					text = strings.NewReplacer(p.lot, "LOT", trace.SpellCode(p.lot), "L-O-T").Replace(text)
				}
				out.WriteString("== " + subject + "\n" + text + "\n")
				p.must(p.ledger.MarkSent(t.Context(), d.Notice.ID))
			}
		}
	}
	tell() // 26 days left
	p.decide("suspend", trace.DecisionDraft{Reason: "Chưa giám sát", Number: "12/QĐ-SNN"})
	tell()
	p.decide("reinstate", trace.DecisionDraft{Reason: "Đã giám sát"})
	tell()
	p.now = time.Date(2026, 12, 20, 1, 0, 0, 0, time.UTC)
	tell() // its last day
	p.decide("revoke", trace.DecisionDraft{Reason: "Cấp sai", Number: "13/QĐ-SNN"})
	tell()
	p.now = time.Date(2026, 11, 24, 2, 0, 0, 0, time.UTC)
	p.recall()
	tell()
	golden := filepath.Join("testdata", "notices.golden")
	if *updateNotices {
		p.must(os.WriteFile(golden, []byte(out.String()), 0o644))
	}
	want, err := os.ReadFile(golden)
	p.must(err)
	if diff := cmp.Diff(string(want), out.String()); diff != "" {
		t.Errorf("notices (-want +got):\n%s", diff)
	}
	for key := range p.words.Missed() {
		t.Errorf("no message %q", key)
	}
}

// A webhook is told in JSON, signed with its own secret, once, by however many servers there are; and
// again after a failure.
func TestCourierCallsWebhooks(t *testing.T) {
	p := newPost(t)
	var mu sync.Mutex
	var bodies [][]byte
	var signatures []string
	status := http.StatusInternalServerError
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		bodies, signatures = append(bodies, body), append(signatures, r.Header.Get(notify.HeaderSignature))
		w.WriteHeader(status)
	}))
	defer s.Close()
	// The domain takes names only; this one is the test server's.
	client := s.Client().Transport.(*http.Transport)
	config := client.TLSClientConfig.Clone()
	config.ServerName = "127.0.0.1"
	config.InsecureSkipVerify = true //nolint:gosec // the name is one of this test's own
	p.hook = notify.Webhook{Private: true, Config: config, Now: func() time.Time { return p.now }, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, s.Listener.Addr().String())
	}}
	f := p.follow(trace.Webhook, "https://hook.example.vn/in", "vi")
	p.must(p.round(t.Context(), t.Context())) // 26 days left; the receiver is not well
	status = http.StatusNoContent
	p.must(p.round(t.Context(), t.Context())) // too early
	if len(bodies) != 1 {
		t.Fatalf("called %d times", len(bodies))
	}
	if log := p.logged(); log[0].State != trace.NoticeDue || log[0].Attempts[0].Error != "the receiver answered 500" {
		t.Errorf("the log says %+v", log)
	}
	p.now = p.now.Add(2 * time.Minute)
	var servers sync.WaitGroup
	for range 4 {
		servers.Go(func() {
			if err := p.round(t.Context(), t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	servers.Wait()
	if len(bodies) != 2 {
		t.Fatalf("called %d times", len(bodies))
	}
	if log := p.logged(); len(log) != 1 || log[0].State != trace.NoticeSent || len(log[0].Attempts) != 2 {
		t.Errorf("the log says %+v", log)
	}
	if !bytes.Equal(bodies[0], bodies[1]) || signatures[1] != notify.Sign(f.Secret, p.now, bodies[1]) {
		t.Errorf("%s\n%s\n%q", bodies[0], bodies[1], signatures)
	}
	var got map[string]any
	p.must(json.Unmarshal(bodies[1], &got))
	delete(got, "text")
	delete(got, "id")
	want := map[string]any{
		"reason": "expiring", "created": "2026-11-24T01:30:00Z", "day": "2026-12-20", "days": 26.0, "page": "https://id.example.vn/c/" + p.certificate,
		"organisation": map[string]any{"id": "htx", "name": "HTX Măng Sơ"},
		"certificate": map[string]any{
			"id": p.certificate, "scheme": "vietgap", "number": "VietGAP-TT-99-0001", "agency": "Trung tâm Kiểm nghiệm",
			"startDate": "2026-01-15", "endDate": "2026-12-20", "status": "verified",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
}

// Without a mail server nothing is sent, and the log says why.
func TestCourierWithoutMail(t *testing.T) {
	p := newPost(t)
	p.follow(trace.Email, "a@example.vn", "vi")
	p.must(p.round(t.Context(), t.Context()))
	if log := p.logged(); len(log) != 1 || log[0].State != trace.NoticeDue || log[0].Attempts[0].Error != errMailOff.Error() {
		t.Errorf("the log says %+v", log)
	}
}

// Stopping waits for what is under way and gives it up when told to; it is then due again later.
func TestCourierStops(t *testing.T) {
	for _, patient := range []bool{true, false} {
		p := newPost(t)
		called, answer := make(chan struct{}), make(chan struct{})
		p.hook = notify.Webhook{Private: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			close(called)
			select {
			case <-answer:
				return nil, io.ErrUnexpectedEOF
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}}
		p.follow(trace.Webhook, "https://hook.example.vn/in", "vi")
		stop := p.start(t.Context())
		<-called
		if patient {
			time.AfterFunc(time.Millisecond, func() { close(answer) })
			stop(time.Minute)
		} else {
			stop(0)
		}
		log := p.logged()
		if len(log) != 1 || log[0].State != trace.NoticeDue || (len(log[0].Attempts) == 1) != patient {
			t.Errorf("patient %v: the log says %+v", patient, log)
		}
	}
}
