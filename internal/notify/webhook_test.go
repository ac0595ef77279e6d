package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestWebhook(t *testing.T) {
	const secret, body = "s3cret", `{"reason":"revoked"}`
	var got *http.Request
	var sent []byte
	answer := http.StatusNoContent
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		sent, _ = io.ReadAll(r.Body)
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(answer)
		if answer != http.StatusNoContent {
			_, _ = io.WriteString(w, strings.Repeat("x", 1<<20))
		}
	}))
	defer s.Close()
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	now := time.Date(2026, 11, 24, 1, 30, 0, 0, time.UTC)
	hook := Webhook{Private: true, Config: &tls.Config{RootCAs: pool}, Now: func() time.Time { return now }}
	for status, want := range map[int]string{
		200: "", 202: "", 204: "", 301: "answered 301", 307: "answered 307", 404: "answered 404", 500: "answered 500",
	} {
		answer = status
		err := hook.Send(t.Context(), s.URL+"/hook?key=hidden", secret, "certificate/x/1", []byte(body))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%d: %v", status, err)
		}
		if got.URL.Path != "/hook" {
			t.Errorf("%d was followed to %s", status, got.URL)
		}
	}
	if string(sent) != body || got.Method != "POST" || got.Header.Get("Content-Type") != "application/json" || got.Header.Get(HeaderNotice) != "certificate/x/1" {
		t.Errorf("%s %v %s", got.Method, got.Header, sent)
	}
	// As a receiver checks it.
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte("1795483800." + body))
	if want := "t=1795483800,v1=" + hex.EncodeToString(m.Sum(nil)); got.Header.Get(HeaderSignature) != want {
		t.Errorf("signature %s, want %s", got.Header.Get(HeaderSignature), want)
	}
	if Sign("other", now, []byte(body)) == Sign(secret, now, []byte(body)) {
		t.Error("the secret does not matter")
	}

	// Nobody vouches for the server; what the address holds is not repeated.
	err := (&Webhook{Private: true}).Send(t.Context(), s.URL+"/hook?key=hidden", secret, "1", nil)
	if err == nil || strings.Contains(err.Error(), "hidden") {
		t.Errorf("without trust: %v", err)
	}
}

// A name that leads into the machine or its network is not called, whatever it is called.
func TestWebhookStaysOutside(t *testing.T) {
	called := false
	s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true }))
	defer s.Close()
	for _, address := range []string{s.URL, strings.Replace(s.URL, "127.0.0.1", "localhost", 1), "https://169.254.169.254/latest", "https://[::ffff:127.0.0.1]:443/"} {
		if err := new(Webhook).Send(t.Context(), address, "", "1", nil); err == nil || err.Error() != errPrivate.Error() {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, address := range []string{"http://example.vn", "ftp://example.vn", "https://", "https://u:p@example.vn", "://", "example.vn"} {
		if err := new(Webhook).Send(t.Context(), address, "", "1", nil); err == nil || !strings.Contains(err.Error(), "https") {
			t.Errorf("%s: %v", address, err)
		}
	}
	if called {
		t.Error("the server on this machine was called")
	}
}

func TestWebhookIsGivenUp(t *testing.T) {
	done := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-done }))
	defer s.Close()
	defer close(done)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := (&Webhook{Private: true}).Send(ctx, s.URL, "", "1", nil); err == nil {
		t.Error("sent")
	}
}

func TestPublic(t *testing.T) {
	for text, want := range map[string]bool{
		"8.8.8.8": true, "113.160.0.1": true, "2405:4800::1": true, "::ffff:8.8.8.8": true,
		"127.0.0.1": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false, "169.254.169.254": false,
		"0.0.0.0": false, "0.1.2.3": false, "100.64.0.1": false, "192.0.0.8": false, "192.0.2.1": false, "198.18.0.1": false, "203.0.113.9": false,
		"224.0.0.1": false, "240.0.0.1": false, "255.255.255.255": false,
		"::": false, "::1": false, "fe80::1": false, "fc00::1": false, "fd12::1": false, "ff02::1": false, "::ffff:10.0.0.1": false, "::10.0.0.1": false,
		"64:ff9b::a00:1": false, "2002:a00:1::": false, "2001:0:a00:1::": false, "2001:db8::1": false, "2405:4800::1%eth0": false,
	} {
		if got := public(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	if public(netip.Addr{}) {
		t.Error("no address at all is public")
	}
}
