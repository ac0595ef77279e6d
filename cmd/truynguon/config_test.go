package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"truynguon/configs"
)

// envFile returns the NAME=VALUE lines of a settings file.
func envFile(text string) []string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return lines
}

func TestSettingsFileIsConfig(t *testing.T) {
	var want []string
	for _, v := range variables() {
		want = append(want, v.Name+"="+v.Default)
	}
	if diff := cmp.Diff(want, envFile(configs.Env)); diff != "" {
		t.Errorf("configs/truynguon.env differs from Config (-want +got):\n%s", diff)
	}
	// Each is explained in the line above it, or belongs to the one that is.
	previous := ""
	for line := range strings.Lines(configs.Env) {
		if strings.HasPrefix(line, "TRUYNGUON_") && previous == "" {
			t.Errorf("configs/truynguon.env does not explain %s", line)
		}
		previous = strings.TrimSpace(line)
	}
}

func TestDefaultsAreValid(t *testing.T) {
	c, err := loadConfig(nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := "http://127.0.0.1:8080"; c.BaseURL != want {
		t.Errorf("BaseURL = %q, want %q", c.BaseURL, want)
	}
	// Compose hands over an empty variable for one that is not set.
	var empty []string
	for _, v := range variables() {
		empty = append(empty, v.Name+"=")
	}
	same, err := loadConfig(empty)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c, same, cmp.AllowUnexported(Config{})); diff != "" {
		t.Errorf("empty variables are not as good as none (-none +empty):\n%s", diff)
	}
}

func TestValidate(t *testing.T) {
	tests := []struct {
		set  string // NAME=VALUE, several separated by spaces
		want string // the beginning of the one fault; "" for none
	}{
		{"TRUYNGUON_ADDR=127.0.0.1:0", ""},
		{"TRUYNGUON_ADDR=[::1]:8080", ""},
		{"TRUYNGUON_ADDR=localhost:8080", ""},
		{"TRUYNGUON_ADDR=8080", "TRUYNGUON_ADDR: want HOST:PORT"},
		{"TRUYNGUON_ADDR=127.0.0.1:65536", "TRUYNGUON_ADDR: the port"},
		{"TRUYNGUON_ADDR=127.0.0.1:http", "TRUYNGUON_ADDR: the port"},
		{"TRUYNGUON_ADDR=:8080", "TRUYNGUON_BASE_URL: must be set, since TRUYNGUON_ADDR=:8080 names no host"},
		{"TRUYNGUON_ADDR=0.0.0.0:8080", "TRUYNGUON_BASE_URL: must be set, since with TRUYNGUON_ADDR=0.0.0.0:8080"},
		{"TRUYNGUON_ADDR=:8080 TRUYNGUON_BASE_URL=https://id.example.vn", ""},
		{"TRUYNGUON_BASE_URL=https://id.example.vn:8443", ""},
		{"TRUYNGUON_BASE_URL=https://id.example.vn/", ""}, // the slash is dropped
		{"TRUYNGUON_BASE_URL=http://localhost:8080", ""},
		{"TRUYNGUON_BASE_URL=http://trial.localhost", ""},
		{"TRUYNGUON_BASE_URL=http://[::1]:8080", ""},
		{"TRUYNGUON_BASE_URL=http://id.example.vn", "TRUYNGUON_BASE_URL: http://id.example.vn is not encrypted"},
		{"TRUYNGUON_BASE_URL=http://localhost.example.vn", "TRUYNGUON_BASE_URL: http://localhost.example.vn is not encrypted"},
		{"TRUYNGUON_BASE_URL=http://192.168.1.9:8080", "TRUYNGUON_BASE_URL: http://192.168.1.9:8080 is not encrypted"},
		{"TRUYNGUON_BASE_URL=http://192.168.1.9:8080 TRUYNGUON_ALLOW_HTTP=true", ""},
		{"TRUYNGUON_BASE_URL=https://example.vn/trace", "TRUYNGUON_BASE_URL: https://example.vn/trace must end after the host"},
		{"TRUYNGUON_BASE_URL=https://example.vn?x=1", "TRUYNGUON_BASE_URL: https://example.vn?x=1 must end"},
		{"TRUYNGUON_BASE_URL=https://example.vn?", "TRUYNGUON_BASE_URL: https://example.vn? must end"},
		{"TRUYNGUON_BASE_URL=https://example.vn#", "TRUYNGUON_BASE_URL: https://example.vn# must end"},
		{"TRUYNGUON_BASE_URL=https://u:p@example.vn", "TRUYNGUON_BASE_URL: must not hold"},
		{"TRUYNGUON_BASE_URL=example.vn", "TRUYNGUON_BASE_URL: want an address"},
		{"TRUYNGUON_BASE_URL=ftp://example.vn", "TRUYNGUON_BASE_URL: want an address"},
		{"TRUYNGUON_BASE_URL=https://", "TRUYNGUON_BASE_URL: want an address"},
		{"TRUYNGUON_ALLOW_HTTP=perhaps", "TRUYNGUON_ALLOW_HTTP: want true or false"},
		{"TRUYNGUON_DB=sqlite:/var/lib/truynguon/a.db", ""},
		{"TRUYNGUON_DB=sqlite::memory:", ""},
		{`TRUYNGUON_DB=sqlite:C:\truynguon\a.db`, ""},
		{"TRUYNGUON_DB=sqlite:", "TRUYNGUON_DB: want sqlite:PATH"},
		{"TRUYNGUON_DB=sqlite://a.db", "TRUYNGUON_DB: want sqlite:PATH"},
		{"TRUYNGUON_DB=data.db", "TRUYNGUON_DB: want sqlite:PATH or mongodb:"},
		{"TRUYNGUON_DB=postgres://localhost/x", "TRUYNGUON_DB: want sqlite:PATH or mongodb:"},
		{"TRUYNGUON_DB=mongodb://localhost/truynguon", ""},
		{"TRUYNGUON_DB=mongodb://u:p%40@h1:27017,h2:27017/truynguon?authSource=admin", ""},
		{"TRUYNGUON_DB=mongodb+srv://u:p@cluster.example.vn/truynguon", ""},
		{"TRUYNGUON_DB=mongodb://localhost", "TRUYNGUON_DB: want mongodb://HOST:PORT/DATABASE"},
		{"TRUYNGUON_DB=mongodb://localhost/", "TRUYNGUON_DB: want mongodb://HOST:PORT/DATABASE"},
		{"TRUYNGUON_DB=mongodb:///truynguon", "TRUYNGUON_DB: want mongodb://HOST:PORT/DATABASE"},
		{"TRUYNGUON_DB=mongodb:localhost/truynguon", "TRUYNGUON_DB: want mongodb://HOST:PORT/DATABASE"},
		{"TRUYNGUON_BLOBS=file:/srv/blobs", ""},
		{"TRUYNGUON_BLOBS=file:", "TRUYNGUON_BLOBS: want file:PATH"},
		{"TRUYNGUON_BLOBS=file:///srv/blobs", "TRUYNGUON_BLOBS: want file:PATH"},
		{"TRUYNGUON_BLOBS=/srv/blobs", "TRUYNGUON_BLOBS: want file:PATH or s3:"},
		{withS3Keys("s3://minio:9000/truynguon?tls=false&region=vn-1"), ""},
		{withS3Keys("s3://s3.example.vn/truynguon"), ""},
		{withS3Keys("s3://minio:9000"), "TRUYNGUON_BLOBS: want s3://HOST:PORT/BUCKET"},
		{withS3Keys("s3://minio:9000/a/b"), "TRUYNGUON_BLOBS: want s3://HOST:PORT/BUCKET"},
		{withS3Keys("s3://minio:9000/Upper"), "TRUYNGUON_BLOBS: want s3://HOST:PORT/BUCKET"},
		{withS3Keys("s3:///truynguon"), "TRUYNGUON_BLOBS: want s3://HOST:PORT/BUCKET"},
		{withS3Keys("s3://minio:9000/truynguon?tls=no"), "TRUYNGUON_BLOBS: the option tls"},
		{withS3Keys("s3://minio:9000/truynguon?ssl=false"), `TRUYNGUON_BLOBS: there is no option "ssl"`},
		{withS3Keys("s3://minio:9000/truynguon?%zz"), "TRUYNGUON_BLOBS: want s3:"},
		{withS3Keys("s3://key:word@minio:9000/truynguon"), "TRUYNGUON_BLOBS: credentials belong in"},
		{"TRUYNGUON_BLOBS=s3://minio:9000/truynguon TRUYNGUON_S3_SECRET_KEY=x", "TRUYNGUON_S3_ACCESS_KEY: must be set"},
		{"TRUYNGUON_BLOBS=s3://minio:9000/truynguon TRUYNGUON_S3_ACCESS_KEY=x", "TRUYNGUON_S3_SECRET_KEY: must be set"},
		{"TRUYNGUON_TIMEZONE=UTC", ""},
		{"TRUYNGUON_TIMEZONE=Local", "TRUYNGUON_TIMEZONE: no time zone"},
		{"TRUYNGUON_TIMEZONE=Asia/Dak_Lak", "TRUYNGUON_TIMEZONE: no time zone"},
		{"TRUYNGUON_LOG=json", ""},
		{"TRUYNGUON_LOG=xml", "TRUYNGUON_LOG: want text or json"},
		{"TRUYNGUON_LOG_LEVEL=loud", "TRUYNGUON_LOG_LEVEL: want debug or info or warn or error"},
		{"TRUYNGUON_TRUSTED_PROXIES=10.0.0.5,172.16.0.0/12,fd00::/8", ""},
		{"TRUYNGUON_TRUSTED_PROXIES=proxy", `TRUYNGUON_TRUSTED_PROXIES: want an IP address`},
		{"TRUYNGUON_PROXY_HEADER=X-Real-IP", ""},
		{"TRUYNGUON_PROXY_HEADER=X:Y", "TRUYNGUON_PROXY_HEADER: "},
		{"TRUYNGUON_SCAN_LIMIT=0", ""},
		{"TRUYNGUON_SCAN_LIMIT=-1", "TRUYNGUON_SCAN_LIMIT: want 0 or more"},
		{"TRUYNGUON_SCAN_LIMIT=many", "TRUYNGUON_SCAN_LIMIT: want a whole number"},
		{withMail("smtp://mail.example.vn"), ""},
		{withMail("smtp://notices%40example.vn@mail.example.vn:2525") + " TRUYNGUON_SMTP_PASSWORD=x", ""},
		{withMail("smtps://notices@[::1]:465") + " TRUYNGUON_SMTP_PASSWORD=x", ""},
		{withMail("mail.example.vn:25"), "TRUYNGUON_SMTP: want smtp://"},
		{withMail("http://mail.example.vn"), "TRUYNGUON_SMTP: want smtp://"},
		{withMail("smtp://"), "TRUYNGUON_SMTP: want smtp://"},
		{withMail("smtp://mail.example.vn/x"), "TRUYNGUON_SMTP: want smtp://"},
		{withMail("smtp://mail.example.vn:99999"), "TRUYNGUON_SMTP: want smtp://"},
		{withMail("smtp://mail.example.vn?tls=no"), "TRUYNGUON_SMTP: want smtp://"},
		{withMail("smtp://notices@mail.example.vn"), "TRUYNGUON_SMTP_PASSWORD: must be set"},
		{withMail("smtp://notices:word@mail.example.vn"), "TRUYNGUON_SMTP: the password belongs in"},
		{"TRUYNGUON_SMTP=smtp://mail.example.vn", "TRUYNGUON_MAIL_FROM: must be set"},
		{"TRUYNGUON_MAIL_FROM=notices", "TRUYNGUON_MAIL_FROM: want an e-mail address"},
		{"TRUYNGUON_MAIL_FROM=a@example.vn,b@example.vn", "TRUYNGUON_MAIL_FROM: want an e-mail address"},
		{"TRUYNGUON_WEBHOOK_PRIVATE=maybe", "TRUYNGUON_WEBHOOK_PRIVATE: want true or false"},
		{"TRUYNGUON_SITE_NAME=\t", "TRUYNGUON_SITE_NAME: must not be blank"},
		{"TRUYNGUON_SHUTDOWN_TIMEOUT=2m", ""},
		{"TRUYNGUON_SHUTDOWN_TIMEOUT=10", "TRUYNGUON_SHUTDOWN_TIMEOUT: want a length of time"},
		{"TRUYNGUON_SHUTDOWN_TIMEOUT=-1s", "TRUYNGUON_SHUTDOWN_TIMEOUT: want"},
	}
	for _, tt := range tests {
		_, err := loadConfig(strings.Split(tt.set, " "))
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%s: %v", tt.set, err)
		case tt.want != "" && err == nil:
			t.Errorf("%s was accepted", tt.set)
		case tt.want != "" && (!strings.HasPrefix(err.Error(), tt.want) || strings.Contains(err.Error(), "\n")):
			t.Errorf("%s: want one fault %q, got:\n%v", tt.set, tt.want, err)
		}
	}
}

// withMail is a mail server's address with a sender beside it.
func withMail(addr string) string {
	return "TRUYNGUON_SMTP=" + addr + " TRUYNGUON_MAIL_FROM=notices@example.vn"
}

// withS3Keys is a document store's address with credentials beside it.
func withS3Keys(addr string) string {
	return "TRUYNGUON_BLOBS=" + addr + " TRUYNGUON_S3_ACCESS_KEY=x TRUYNGUON_S3_SECRET_KEY=y"
}

func TestNoFaultRepeatsAPassword(t *testing.T) {
	const password = "hunter2"
	for _, name := range []string{"TRUYNGUON_DB", "TRUYNGUON_BLOBS", "TRUYNGUON_BASE_URL", "TRUYNGUON_SMTP"} {
		for _, value := range []string{
			"mongodb://u:" + password + "@h/", "mongodb://u:" + password + "@h/a/b", "postgres://u:" + password + "@h/a",
			"s3://u:" + password + "@h/bucket", "https://u:" + password + "@h/x", "https://u:" + password + "@h:x",
			"smtp://u:" + password + "@h/x",
		} {
			_, err := loadConfig([]string{name + "=" + value})
			if err == nil || strings.Contains(err.Error(), password) {
				t.Errorf("%s=%s: %v", name, value, err)
			}
		}
	}
}

func TestHideInAddress(t *testing.T) {
	for in, want := range map[string]string{
		"sqlite:data/truynguon.db":                                   "sqlite:data/truynguon.db",
		"https://id.example.vn":                                      "https://id.example.vn",
		"mongodb://localhost/t":                                      "mongodb://localhost/t",
		"mongodb://u@h/t":                                            "mongodb://u@h/t",
		"mongodb://u:p@h1:27017,h2:27017/t?w=1":                      "mongodb://u:(hidden)@h1:27017,h2:27017/t?w=1",
		"mongodb://u:p:/?@q@h/t":                                     "mongodb://u:(hidden)@h/t",
		"mongodb://h/t?tls=true&tlsCertificateKeyFilePassword=p&w=1": "mongodb://h/t?tls=true&tlsCertificateKeyFilePassword=(hidden)&w=1",
		"mongodb://h/t?authMechanismProperties=AWS_SESSION_TOKEN:p":  "mongodb://h/t?authMechanismProperties=(hidden)",
	} {
		if got := hideInAddress(in); got != want {
			t.Errorf("hideInAddress(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestSecretIsHiddenHoweverPrinted(t *testing.T) {
	const value = "hunter2"
	c := Config{S3SecretKey: value}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("settings", "config", c, "key", c.S3SecretKey)
	encoded, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, printed := range []string{fmt.Sprint(c), fmt.Sprintf("%+v %#v", c, c), fmt.Sprintf("%q", c.S3SecretKey), log.String(), string(encoded), strings.Join(c.Lines(), "\n")} {
		if strings.Contains(printed, value) || !strings.Contains(printed, hidden) {
			t.Errorf("not hidden: %s", printed)
		}
	}
}

func TestBaseURLAt(t *testing.T) {
	listening := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4711}
	for set, want := range map[string]string{
		"TRUYNGUON_ADDR=127.0.0.1:0":                "http://127.0.0.1:4711",
		"TRUYNGUON_BASE_URL=https://id.example.vn/": "https://id.example.vn",
	} {
		c, err := loadConfig([]string{set})
		if err != nil {
			t.Fatal(err)
		}
		if got := c.BaseURLAt(listening); got != want {
			t.Errorf("%s: %q, want %q", set, got, want)
		}
	}
}

func TestLogger(t *testing.T) {
	c, err := loadConfig([]string{"TRUYNGUON_LOG=json", "TRUYNGUON_LOG_LEVEL=warn"})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	log, err := c.logger(&b)
	if err != nil {
		t.Fatal(err)
	}
	log.Info("quiet")
	log.Warn("loud", "n", 1)
	var line struct {
		Level, Msg string
		N          int
	}
	if err := json.Unmarshal(b.Bytes(), &line); err != nil {
		t.Fatalf("%v: %s", err, b.Bytes())
	}
	if line.Level != "WARN" || line.Msg != "loud" || line.N != 1 {
		t.Errorf("logged %s", b.Bytes())
	}
}

// TestComposeUsesRealSettings reads configs/compose.yaml as Compose does, as far as the program is
// concerned: what it sets is a setting, is valid, and comes with no password.
func TestComposeUsesRealSettings(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "configs", "compose.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Services map[string]struct {
			Environment map[string]string
			DependsOn   map[string]struct{ Condition string } `yaml:"depends_on"`
			Healthcheck struct{ Test []string }
		}
	}
	if err := yaml.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	for name, s := range file.Services {
		if len(s.Healthcheck.Test) == 0 {
			t.Errorf("service %s has no health check", name)
		}
		for dep, how := range s.DependsOn {
			if _, ok := file.Services[dep]; !ok || how.Condition != "service_healthy" {
				t.Errorf("service %s does not wait for %s to be healthy", name, dep)
			}
		}
		for variable, value := range s.Environment {
			if strings.Contains(variable, "PASSWORD") && !strings.HasSuffix(value, ":?set it}") {
				t.Errorf("service %s: %s must have to be set", name, variable)
			}
		}
	}
	var set []string
	for name, value := range file.Services["truynguon"].Environment {
		value = os.Expand(value, func(expr string) string {
			if _, fallback, ok := strings.Cut(expr, ":-"); ok {
				return fallback
			}
			return "s3cret"
		})
		set = append(set, name+"="+value)
	}
	if unknown := unknownSettings(set); len(unknown) > 0 {
		t.Errorf("compose.yaml sets %v, which are no settings", unknown)
	}
	if _, err := loadConfig(set); err != nil {
		t.Errorf("what compose.yaml sets is not valid: %v", err)
	}
	if len(set) == 0 {
		t.Error("compose.yaml does not run the program")
	}
}

// TestImageUsesRealSettings does the same for the Dockerfile.
func TestImageUsesRealSettings(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	var set []string
	for _, word := range strings.Fields(string(raw)) {
		if name, _, ok := strings.Cut(word, "="); ok && strings.HasPrefix(name, "TRUYNGUON_") {
			set = append(set, word)
		}
	}
	if unknown := unknownSettings(set); len(unknown) > 0 || len(set) == 0 {
		t.Errorf("Dockerfile sets %v, of which %v are no settings", set, unknown)
	}
	if _, err := loadConfig(append(set, "TRUYNGUON_BASE_URL=https://id.example.vn")); err != nil {
		t.Errorf("what Dockerfile sets is not valid: %v", err)
	}
}
