package notify

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/http/httptest"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"
)

// certificate is one that is good for 127.0.0.1, and who vouches for it.
func certificate(t *testing.T) (tls.Certificate, *tls.Config) {
	t.Helper()
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS()
	defer s.Close()
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return s.TLS.Certificates[0], &tls.Config{RootCAs: pool}
}

// mailServer is a mail server on this machine that keeps what it is sent.
type mailServer struct {
	port int
	// refuse answers a command with something else than yes, by its first word.
	refuse map[string]string
	// silent says nothing at all.
	silent bool
	cert   tls.Certificate
	tls    bool // from the start
	offer  bool // of STARTTLS

	mu        sync.Mutex
	commands  []string
	message   string
	encrypted bool
}

func (s *mailServer) start(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.port = l.Addr().(*net.TCPAddr).Port
	var wg sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); wg.Wait() })
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { s.talk(conn) })
		}
	})
}

// talk is one conversation.
func (s *mailServer) talk(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	if s.silent {
		_, _ = io.Copy(io.Discard, conn)
		return
	}
	encrypted := s.tls
	secure := &tls.Config{Certificates: []tls.Certificate{s.cert}}
	if s.tls {
		conn = tls.Server(conn, secure)
	}
	r := bufio.NewReader(conn)
	say := func(line string) { _, _ = io.WriteString(conn, line+"\r\n") }
	say("220 mail.example.vn ESMTP")
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		s.mu.Lock()
		s.commands = append(s.commands, line)
		s.mu.Unlock()
		word, _, _ := strings.Cut(line, " ")
		if no := s.refuse[word]; no != "" {
			say(no)
			continue
		}
		switch word {
		case "EHLO":
			say("250-mail.example.vn")
			if s.offer && !encrypted {
				say("250-STARTTLS")
			}
			say("250 AUTH PLAIN")
		case "STARTTLS":
			say("220 go ahead")
			conn = tls.Server(conn, secure)
			r = bufio.NewReader(conn)
			encrypted = true
		case "AUTH":
			say("235 welcome")
		case "DATA":
			say("354 go ahead")
			var b strings.Builder
			for {
				line, err := r.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				b.WriteString(strings.TrimPrefix(line, "."))
			}
			s.mu.Lock()
			s.message, s.encrypted = b.String(), encrypted
			s.mu.Unlock()
			say("250 kept")
		case "QUIT":
			say("221 goodbye")
			return
		default:
			say("250 yes")
		}
	}
}

func TestSend(t *testing.T) {
	cert, trust := certificate(t)
	now := time.Date(2026, 11, 24, 8, 30, 0, 0, time.FixedZone("", 7*3600))
	const subject = "Giấy chứng nhận VietGAP của HTX Nông nghiệp Măng Sơ hết hạn ngày 01/03/2027, còn 90 ngày"
	const body = "Kính gửi quý vị,\n\n.một dòng bắt đầu bằng dấu chấm\nhttps://id.example.vn/c/abcdefghijklmnopqrstuvwxyz-và-một-dòng-thật-dài-để-xem-nó-có-bị-gãy-không\n"
	for _, c := range []struct {
		name   string
		server *mailServer
		mailer Mailer
	}{
		{"in the clear on this machine", &mailServer{}, Mailer{}},
		{"STARTTLS", &mailServer{offer: true}, Mailer{User: "notices", Password: "hunter2"}},
		{"TLS from the start", &mailServer{tls: true}, Mailer{TLS: true, User: "notices", Password: "hunter2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, m := c.server, c.mailer
			s.cert = cert
			s.start(t)
			m.Host, m.Port, m.Config, m.Now = "127.0.0.1", s.port, trust, func() time.Time { return now }
			m.From = "Truy Nguồn <notices@example.vn>"
			if err := m.Send(t.Context(), Message{ID: "certificate/x/1", To: "người@example.vn", Subject: subject, Body: body}); err == nil {
				t.Error("an address that the server cannot take was sent to") // it offers no SMTPUTF8
			}
			if err := m.Send(t.Context(), Message{ID: "certificate/x/1", To: "a@example.vn", Subject: subject, Body: body}); err != nil {
				t.Fatal(err)
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.encrypted != (c.name != "in the clear on this machine") {
				t.Errorf("encrypted: %v", s.encrypted)
			}
			if m.User != "" {
				want := "AUTH PLAIN " + base64.StdEncoding.EncodeToString([]byte("\x00notices\x00hunter2"))
				if !strings.Contains(strings.Join(s.commands, "\n"), want) {
					t.Errorf("no log-in in %q", s.commands)
				}
			}
			for line := range strings.SplitSeq(strings.TrimSuffix(s.message, "\r\n"), "\r\n") {
				if len(line) > 78 || strings.ContainsAny(line, "\r\n") {
					t.Errorf("a line of %d octets: %q", len(line), line)
				}
			}
			got, err := mail.ReadMessage(strings.NewReader(s.message))
			if err != nil {
				t.Fatal(err)
			}
			if text, _ := new(mime.WordDecoder).DecodeHeader(got.Header.Get("Subject")); text != subject {
				t.Errorf("Subject: %q", text)
			}
			if from, err := mail.ParseAddress(got.Header.Get("From")); err != nil || from.Name != "Truy Nguồn" || from.Address != "notices@example.vn" {
				t.Errorf("From: %v %v", from, err)
			}
			for name, want := range map[string]string{
				"To": "<a@example.vn>", "Date": "Tue, 24 Nov 2026 08:30:00 +0700", "Message-Id": "<9a78c782ca8729fc22f1721367963245@example.vn>",
				"Content-Type": "text/plain; charset=utf-8", "Auto-Submitted": "auto-generated",
			} {
				if got.Header.Get(name) != want {
					t.Errorf("%s: %q, want %q", name, got.Header.Get(name), want)
				}
			}
			text, err := io.ReadAll(quotedprintable.NewReader(got.Body))
			if err != nil || strings.ReplaceAll(string(text), "\r\n", "\n") != body {
				t.Errorf("body: %v %q", err, text)
			}
		})
	}
}

// What comes from outside cannot become a header or a command.
func TestNothingIsInjected(t *testing.T) {
	s := &mailServer{}
	s.start(t)
	m := Mailer{Host: "127.0.0.1", Port: s.port, From: "notices@example.vn"}
	const evil = "x\r\nBcc: all@example.vn\r\n\r\nbody\x00\u2028"
	if err := m.Send(t.Context(), Message{ID: evil, To: "a@example.vn", Subject: evil, Body: "ok\r\n.\r\nMAIL FROM:<evil@example.vn>"}); err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	got, err := mail.ReadMessage(strings.NewReader(s.message))
	commands := strings.Join(s.commands, "\n")
	s.mu.Unlock()
	if err != nil || got.Header.Get("Bcc") != "" || strings.Contains(commands, "evil") {
		t.Errorf("%v\n%s\n%s", err, s.message, commands)
	}
	for _, to := range []string{"", "a", "a@example.vn\r\nDATA", "A <a@example.vn>", "a@example.vn, b@example.vn", "<a@example.vn>"} {
		if err := m.Send(t.Context(), Message{To: to}); err == nil {
			t.Errorf("sent to %q", to)
		}
	}
}

func TestSendFails(t *testing.T) {
	cert, trust := certificate(t)
	for _, c := range []struct {
		name   string
		server *mailServer
		change func(*Mailer)
		want   string
	}{
		{"the recipient is refused", &mailServer{refuse: map[string]string{"RCPT": "550 5.1.1 no such user"}}, nil, "no such user"},
		{"the message is refused at length", &mailServer{refuse: map[string]string{"DATA": "451-try\r\n451 later" + strings.Repeat(" x", 1000)}}, nil, "try later"},
		{"the log-in is refused", &mailServer{offer: true, refuse: map[string]string{"AUTH": "535 no"}}, func(m *Mailer) { m.Config, m.User, m.Password = trust, "u", "hunter2" }, "535"},
		{"nobody vouches for the server", &mailServer{offer: true}, nil, "certificate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.server.cert = cert
			c.server.start(t)
			m := Mailer{Host: "127.0.0.1", Port: c.server.port, From: "notices@example.vn"}
			if c.change != nil {
				c.change(&m)
			}
			err := m.Send(t.Context(), Message{To: "a@example.vn"})
			if err == nil {
				t.Fatal("sent")
			}
			if cause := errors.Unwrap(err); cause != nil { // what the operator is told
				if strings.ContainsAny(err.Error(), "0123456789:") {
					t.Errorf("a follower is told of the server: %v", err)
				}
				err = cause
			}
			if !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") || strings.ContainsAny(err.Error(), "\r\n") || len(err.Error()) > 400 {
				t.Errorf("%v", err)
			}
		})
	}
}

// A server that says nothing holds nobody up once the caller gives up.
func TestSendIsGivenUp(t *testing.T) {
	s := &mailServer{silent: true}
	s.start(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	m := Mailer{Host: "127.0.0.1", Port: s.port, From: "notices@example.vn"}
	if err := m.Send(ctx, Message{To: "a@example.vn"}); err == nil {
		t.Error("sent")
	}
}

func TestThisMachine(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "127.0.0.1": true, "127.9.9.9": true, "::1": true, "::ffff:127.0.0.1": true,
		"10.0.0.1": false, "localhost.example.vn": false, "mail.example.vn": false,
	} {
		if thisMachine(host) != want {
			t.Errorf("%s: %v", host, !want)
		}
	}
}
