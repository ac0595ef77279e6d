package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"syscall"
	"time"
)

// WebhookTimeout is how long one call may take, from looking up the name to the end of the answer.
const WebhookTimeout = 10 * time.Second

// The headers of a call.
const (
	// HeaderSignature is "t=UNIX,v1=HEX": when it was signed, and what [Sign] says.
	HeaderSignature = "X-Truynguon-Signature"
	// HeaderNotice names the notice. One that is delivered again has the same name.
	HeaderNotice = "X-Truynguon-Notice"
)

// Webhook posts JSON to addresses that people chose. They are not to be trusted: a name may lead into the
// network that the program stands in, today or at the second look-up. So it is the address that is
// connected to which is looked at, no proxy is used and no redirect is followed.
type Webhook struct {
	// Private permits every address, that of this machine too, and plain HTTP. For tests and trials.
	Private bool
	// Config is for receivers whose certificate the machine does not know; nil is what is usual.
	Config *tls.Config
	// Now tells the time; nil means time.Now.
	Now func() time.Time
	// Dial, if not nil, connects to receivers, whatever their address. For tests.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// errPrivate does not tell which address it was: that could be a look into the operator's network.
var errPrivate = errors.New("the address does not lead to the public internet")

// Send posts a body of JSON, signed with the secret. No error means that the receiver answered with a
// status from 200 to 299.
func (w *Webhook) Send(ctx context.Context, address, secret, id string, body []byte) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || !w.Private) {
		return errors.New("the address is not one of https")
	}
	ctx, cancel := context.WithTimeout(ctx, WebhookTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return oneLine(err)
	}
	now := time.Now
	if w.Now != nil {
		now = w.Now
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "truynguon")
	r.Header.Set(HeaderNotice, plain(id))
	r.Header.Set(HeaderSignature, Sign(secret, now(), body))
	transport := &http.Transport{
		Proxy:                  nil, // a proxy would look the name up once more, and elsewhere
		DialContext:            (&net.Dialer{ControlContext: w.control}).DialContext,
		TLSClientConfig:        w.Config,
		DisableKeepAlives:      true,
		MaxResponseHeaderBytes: 64 << 10,
	}
	if w.Dial != nil {
		transport.DialContext = w.Dial
	}
	client := &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(r)
	if err != nil {
		if errors.Is(err, errPrivate) {
			return errPrivate
		}
		var wrapped *url.Error // the follower knows the address; what is in it may be a secret
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return oneLine(err)
	}
	// A little of the answer is read, so that a receiver sees its answer taken; what it says is nobody's
	// business here.
	_, _ = io.CopyN(io.Discard, resp.Body, 4<<10)
	_ = resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("the receiver answered %d", resp.StatusCode)
	}
	return nil
}

// control looks at the address that is about to be connected to.
func (w *Webhook) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	if w.Private {
		return nil
	}
	at, err := netip.ParseAddrPort(address)
	if err != nil || !public(at.Addr()) {
		return errPrivate
	}
	return nil
}

// special are the networks that look like any other and are not the public internet: the IANA registries
// of special-purpose addresses (RFC 6890), as far as package netip does not know them. The IPv6 ones carry
// an IPv4 address within, which may be any.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"), // shared by carriers, RFC 6598
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("192.88.99.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("2001::/23"), // Teredo among them
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"), // 6to4
	netip.MustParsePrefix("3fff::/20"),
}

// global is where public IPv6 addresses are (RFC 4291 section 2.4); all else is special.
var global = netip.MustParsePrefix("2000::/3")

// public reports whether an address is one of the public internet.
func public(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsValid() || a.Zone() != "" || !a.IsGlobalUnicast() || a.IsPrivate() || a.Is6() && !global.Contains(a) {
		return false
	}
	for _, p := range special {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// Sign is what [HeaderSignature] says of a body: v1 is the HMAC-SHA256, under the secret, of the time in
// seconds, a full stop and the body. A receiver computes the same, compares in constant time and refuses
// what is older than some minutes.
func Sign(secret string, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(t + "."))
	m.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(m.Sum(nil))
}
