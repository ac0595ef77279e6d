// Package notify sends notices to those who asked for them: by e-mail and to webhooks. It knows neither
// what a notice is about nor who follows what; it is handed a text and an address, and answers whether it
// was accepted. Its errors are one line, hold no secret and may be shown to whoever asked for the notice.
package notify

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/netip"
	"net/smtp"
	"net/textproto"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// MailTimeout is how long handing one message to the mail server may take.
const MailTimeout = 30 * time.Second

// Mailer hands messages to a mail server (RFC 5321). It may be used by any number of goroutines.
type Mailer struct {
	Host string
	Port int
	// TLS encrypts from the start (RFC 8314). Without it STARTTLS is used, and a server that does not
	// offer it is trusted with nothing, unless it is on this machine.
	TLS bool
	// User and Password are for servers that want a log-in; no User means none.
	User, Password string
	// From is the sender, an address of RFC 5322 with or without a name.
	From string
	// Config is for servers whose certificate the machine does not know; nil is what is usual.
	Config *tls.Config
	// Now tells the time; nil means time.Now.
	Now func() time.Time
}

// Message is one message in plain text.
type Message struct {
	// ID tells the message apart: one that is sent again after a crash has the same, so that a mail
	// program shows it once. Any text will do.
	ID string
	// To is a bare address.
	To            string
	Subject, Body string
}

// Send hands a message over. No error means that the server has taken it on.
func (m *Mailer) Send(ctx context.Context, msg Message) error {
	from, err := mail.ParseAddress(m.From)
	if err != nil {
		return errors.New("the sender is no address")
	}
	to, err := mail.ParseAddress(msg.To)
	if err != nil || to.Address != msg.To {
		return errors.New("the recipient is no address")
	}
	ctx, cancel := context.WithTimeout(ctx, MailTimeout)
	defer cancel()
	client, err := m.connect(ctx)
	if err != nil {
		// Where the operator's mail server is, and what it thinks of its user, is not for followers.
		return &unreachable{oneLine(err)}
	}
	defer func() { _ = client.Close() }() // after Quit there is nothing to close
	if err := m.transmit(client, from, to, msg); err != nil {
		return oneLine(err)
	}
	// The message is the server's now; whether it says goodbye changes nothing.
	_ = client.Quit()
	return nil
}

// connect reaches the server, encrypts and logs in.
func (m *Mailer) connect(ctx context.Context) (_ *smtp.Client, err error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(m.Host, strconv.Itoa(m.Port)))
	if err != nil {
		return nil, err
	}
	// Every step after this has to be over when the context is.
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if m.Config != nil {
		config = m.Config.Clone()
	}
	config.ServerName = m.Host
	if m.TLS {
		conn = tls.Client(conn, config)
	}
	client, err := smtp.NewClient(conn, m.Host)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	defer func() {
		if err != nil {
			_ = client.Close() // what went wrong is said already
		}
	}()
	if !m.TLS {
		switch ok, _ := client.Extension("STARTTLS"); {
		case ok:
			if err := client.StartTLS(config); err != nil {
				return nil, err
			}
		case !thisMachine(m.Host):
			return nil, errors.New("the mail server does not offer STARTTLS")
		}
	}
	if m.User != "" {
		if err := client.Auth(smtp.PlainAuth("", m.User, m.Password, m.Host)); err != nil {
			return nil, err
		}
	}
	return client, nil
}

func (m *Mailer) transmit(client *smtp.Client, from, to *mail.Address, msg Message) error {
	if ok, _ := client.Extension("SMTPUTF8"); !ok && strings.ContainsFunc(to.Address, func(r rune) bool { return r > unicode.MaxASCII }) {
		return errors.New("the mail server takes no address with such letters")
	}
	if err := client.Mail(from.Address); err != nil {
		return err
	}
	if err := client.Rcpt(to.Address); err != nil {
		return err
	}
	w, err := client.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(m.compose(from, to, msg)); err != nil {
		return err
	}
	return w.Close()
}

// compose writes a message as RFC 5322 has it. What comes from outside is encoded, so that none of it
// can become a header.
func (m *Mailer) compose(from, to *mail.Address, msg Message) []byte {
	now := time.Now
	if m.Now != nil {
		now = m.Now
	}
	var b bytes.Buffer
	header := func(name, value string) { fmt.Fprintf(&b, "%s: %s\r\n", name, value) }
	_, domain, _ := strings.Cut(from.Address, "@")
	header("From", from.String())
	header("To", (&mail.Address{Address: to.Address}).String())
	subject := mime.BEncoding.Encode("utf-8", plain(msg.Subject))
	if strings.HasPrefix(subject, "=?") { // no line with encoded words has more than 76 octets: RFC 2047 section 2
		subject = "\r\n " + strings.ReplaceAll(subject, "?= =?", "?=\r\n =?")
	}
	header("Subject", subject)
	header("Date", now().Format(time.RFC1123Z))
	id := sha256.Sum256([]byte(msg.ID))
	header("Message-ID", "<"+hex.EncodeToString(id[:16])+"@"+domain+">")
	header("Auto-Submitted", "auto-generated") // RFC 3834: an absence note must not answer it
	header("MIME-Version", "1.0")
	header("Content-Type", "text/plain; charset=utf-8")
	header("Content-Transfer-Encoding", "quoted-printable")
	b.WriteString("\r\n")
	body := quotedprintable.NewWriter(&b)
	_, _ = body.Write([]byte(strings.ReplaceAll(strings.ReplaceAll(msg.Body, "\r\n", "\n"), "\n", "\r\n"))) // into memory
	_ = body.Close()
	return b.Bytes()
}

// unreachable is a failure before the mail server was asked to take anything. Its text may be shown to
// anybody; what it wraps is for the operator.
type unreachable struct{ cause error }

func (*unreachable) Error() string   { return "the mail server cannot be used at present" }
func (e *unreachable) Unwrap() error { return e.cause }

// plain makes a text one line without control characters.
func plain(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }), " ")
}

// oneLine is an error whose text is one line and not long; servers answer at length.
func oneLine(err error) error {
	said := err.Error()
	var answer *textproto.Error
	if errors.As(err, &answer) { // its own text quotes what has several lines
		said = strconv.Itoa(answer.Code) + " " + answer.Msg
	}
	text := []rune(plain(said))
	return errors.New(string(text[:min(len(text), 180)]))
}

// thisMachine reports whether a host can only be the machine itself.
func thisMachine(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.Unmap().IsLoopback()
}
