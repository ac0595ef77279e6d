package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // Windows and the smallest containers have no time zone database

	"github.com/caarlos0/env/v11"
	"github.com/go-playground/validator/v10"

	"truynguon/configs"
)

// Config is every setting of the program. It is filled from the environment by [loadConfig]; a
// variable that is empty counts as not set. configs/truynguon.env lists the same variables for
// operators, and a test keeps the two equal.
type Config struct {
	// Addr is where the program listens, HOST:PORT. Without a host it listens on every address of
	// the machine; then BaseURL has to be set, since no visitor could follow a link to ":8080".
	Addr string `env:"TRUYNGUON_ADDR" envDefault:"127.0.0.1:8080"`

	// BaseURL is what printed codes begin with, such as "https://truynguon.example.vn". It is
	// printed on packages and lasts for ever: choose a name that the administration will keep.
	// Scheme and host only, no path. Not set, it is "http://" and Addr.
	BaseURL string `env:"TRUYNGUON_BASE_URL"`

	// AllowHTTP permits a BaseURL with plain http on a host other than this machine. Passwords and
	// sessions then cross the network readable by anybody in between, so it is for trials only.
	AllowHTTP bool `env:"TRUYNGUON_ALLOW_HTTP" envDefault:"false"`

	// DB is the database: "sqlite:PATH", a file that is created when missing, or
	// "mongodb://USER:PASSWORD@HOST:PORT/DATABASE" (or "mongodb+srv://…") for several machines.
	// Percent-encode what is not a letter or digit in USER and PASSWORD.
	DB string `env:"TRUYNGUON_DB" envDefault:"sqlite:data/truynguon.db"`

	// Blobs is where documents and photographs are kept: "file:PATH", a folder that is created
	// when missing, or "s3://HOST:PORT/BUCKET?tls=true&region=REGION" for MinIO and its like. Both
	// options may be left out; tls is on unless "tls=false".
	Blobs string `env:"TRUYNGUON_BLOBS" envDefault:"file:data/blobs"`

	// S3AccessKey is the name under which the program signs in to the S3 server. Needed with s3.
	S3AccessKey string `env:"TRUYNGUON_S3_ACCESS_KEY"`

	// S3SecretKey is the password that belongs to S3AccessKey.
	S3SecretKey secret `env:"TRUYNGUON_S3_SECRET_KEY"`

	// Timezone is the IANA name of the zone in which days begin and times are shown.
	Timezone string `env:"TRUYNGUON_TIMEZONE" envDefault:"Asia/Ho_Chi_Minh"`

	// Schemes is a file with kinds of certificate of one's own, in the form of configs/schemes.yaml
	// ("truynguon config -schemes" prints that). They add to the kinds that the program knows, and
	// replace those of the same id. Not set, there are none.
	Schemes string `env:"TRUYNGUON_SCHEMES"`

	// Plan is a file with what the register keeps about organisations and with the targets of the plan, in
	// the form of configs/plan.yaml ("truynguon config -plan" prints that), instead of those.
	Plan string `env:"TRUYNGUON_PLAN"`

	// Log is the form of the log on standard error: "text" for people, "json" for collectors.
	Log string `env:"TRUYNGUON_LOG" envDefault:"text" validate:"oneof=text json"`

	// LogLevel is the least important kind of message that is logged: debug, info, warn or error.
	LogLevel string `env:"TRUYNGUON_LOG_LEVEL" envDefault:"info" validate:"oneof=debug info warn error"`

	// TrustedProxies are the addresses and networks of reverse proxies, separated by commas, such
	// as "10.0.0.5,172.16.0.0/12". Only they are believed about who the visitor is; not set,
	// nobody is, and limits count by the address that connected.
	TrustedProxies []string `env:"TRUYNGUON_TRUSTED_PROXIES" validate:"dive,ip|cidr"`

	// ProxyHeader is the header in which a trusted proxy names the visitor's address. The proxy
	// must overwrite it, or visitors could choose their own address.
	ProxyHeader string `env:"TRUYNGUON_PROXY_HEADER" envDefault:"X-Forwarded-For"`

	// ScanLimit is how many public pages one network address may ask for in a minute, and 0 for no
	// limit. A whole market hall, or all customers of a mobile network, may be behind one address, and
	// opening a GS1 Digital Link counts twice: once for the link and once for the page it leads to.
	ScanLimit int `env:"TRUYNGUON_SCAN_LIMIT" envDefault:"3000" validate:"min=0"`

	// DiaryRequired refuses the release of lots of whose plots no diary at all is kept. Without it such
	// lots may be released, and their pages say that nothing is known of pre-harvest intervals; where a
	// diary is kept, the safety gate decides in any case.
	DiaryRequired bool `env:"TRUYNGUON_DIARY_REQUIRED" envDefault:"false"`

	// ScanDays is for how many days it is kept how often codes were scanned.
	ScanDays int `env:"TRUYNGUON_SCAN_DAYS" envDefault:"400" validate:"min=1,max=3650"`

	// Regions is a file that tells in which region a network address is, so that scans are counted by
	// region: CSV lines such as "203.0.113.0/24,VN-33" or, with the position of the region's middle,
	// "203.0.113.0/24,VN-33,14.35,108.0". Not set, no region is known. Addresses are kept nowhere.
	Regions string `env:"TRUYNGUON_REGIONS"`

	// CopyRules is a file with rules of one's own about when a label may have been copied, in the form
	// of configs/scans.yaml; they take the place of the program's.
	CopyRules string `env:"TRUYNGUON_COPY_RULES"`

	// SiteName is what the site calls itself in page titles and to other systems.
	SiteName string `env:"TRUYNGUON_SITE_NAME" envDefault:"Truy Nguồn"`

	// Operator is the body that runs the site and answers for the personal data in it, as it is
	// to be named at the foot of every page. Not set, nobody is named.
	Operator string `env:"TRUYNGUON_OPERATOR"`

	// Contact is how the operator is reached, a telephone number or an e-mail address, shown at
	// the foot of every page and in the resolver's description.
	Contact string `env:"TRUYNGUON_CONTACT"`

	// MapTiles is the pattern of a tile server's addresses, such as
	// "https://tiles.example.vn/{z}/{x}/{y}.png", for the map on which boundaries are drawn. Staff who
	// open that map then tell this server where their plots are. Not set, maps need no other server.
	MapTiles string `env:"TRUYNGUON_MAP_TILES"`

	// MapAttribution is what the tile server's operator wants said beside the map.
	MapAttribution string `env:"TRUYNGUON_MAP_ATTRIBUTION"`

	// AreaTolerance is by how many percent a plot's declared area may differ from that of its boundary
	// before people are asked to look again.
	AreaTolerance float64 `env:"TRUYNGUON_AREA_TOLERANCE" envDefault:"10" validate:"gt=0,max=100"`

	// SMTP is the mail server through which notices go: "smtp://USER@HOST:PORT" (port 587 if left
	// out; encrypted by STARTTLS, without which only a server on this machine is used) or
	// "smtps://USER@HOST:PORT" (port 465; encrypted from the start). USER@ may be left out where the
	// server wants no log-in; percent-encode an @ within USER as %40. Not set, no e-mail is sent.
	SMTP string `env:"TRUYNGUON_SMTP"`

	// SMTPPassword is the password that belongs to the user in SMTP.
	SMTPPassword secret `env:"TRUYNGUON_SMTP_PASSWORD"`

	// MailFrom is the address that notices come from, such as "Truy Nguồn <notices@example.vn>".
	// Needed with SMTP.
	MailFrom string `env:"TRUYNGUON_MAIL_FROM"`

	// WebhookPrivate permits webhooks that lead to addresses of this machine or of the local network.
	// Anybody with an account could then make the program call machines that only it can reach, so it
	// is for trials only.
	WebhookPrivate bool `env:"TRUYNGUON_WEBHOOK_PRIVATE" envDefault:"false"`

	// ShutdownTimeout is how long requests under way may still take once the program has been
	// told to stop, such as "10s".
	ShutdownTimeout time.Duration `env:"TRUYNGUON_SHUTDOWN_TIMEOUT" envDefault:"10s" validate:"min=0s,max=1h"`

	// baseFromAddr says that BaseURL was not set and follows Addr.
	baseFromAddr bool
}

// hidden stands where a secret would be printed.
const hidden = "(hidden)"

// secret is a setting that must not appear in a log or on a screen, whichever way it is printed.
type secret string

// String hides the value; an empty one is shown as such, since that it is missing is no secret.
func (s secret) String() string {
	if s == "" {
		return ""
	}
	return hidden
}

// GoString hides the value from %#v.
func (s secret) GoString() string { return s.String() }

// LogValue hides the value from structured logs.
func (s secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText hides the value from encoders.
func (s secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// variable is one setting as the operator sees it.
type variable struct {
	Name    string // of the environment variable
	Default string // what holds when it is not set
	field   int    // index in Config
}

// variables lists the settings in the order of Config.
func variables() []variable {
	var vs []variable
	for i := range reflect.TypeFor[Config]().NumField() {
		tag := reflect.TypeFor[Config]().Field(i).Tag
		if name, ok := tag.Lookup("env"); ok {
			vs = append(vs, variable{Name: name, Default: tag.Get("envDefault"), field: i})
		}
	}
	return vs
}

// loadConfig reads the settings from an environment in the form of [os.Environ] and checks them.
// The error joins every fault there is, each beginning with the name of the variable at fault.
func loadConfig(environ []string) (Config, error) {
	set := env.ToMap(environ)
	maps.DeleteFunc(set, func(_, value string) bool { return value == "" })
	var c Config
	var faults []error
	if err := env.ParseWithOptions(&c, env.Options{Environment: set}); err != nil {
		var all env.AggregateError
		if !errors.As(err, &all) {
			return Config{}, err
		}
		for _, err := range all.Errors {
			faults = append(faults, nameVariable(err))
		}
	}
	if c.BaseURL == "" {
		c.BaseURL, c.baseFromAddr = "http://"+c.Addr, true
	}
	c.BaseURL = strings.TrimSuffix(c.BaseURL, "/")
	for i, p := range c.TrustedProxies {
		c.TrustedProxies[i] = strings.TrimSpace(p)
	}
	return c, errors.Join(append(faults, c.Validate())...)
}

// nameVariable turns what the env package says of a field of Config into the operator's terms.
func nameVariable(err error) error {
	var parse env.ParseError
	if !errors.As(err, &parse) {
		return err
	}
	field, ok := reflect.TypeFor[Config]().FieldByName(parse.Name)
	if !ok {
		return err
	}
	want := map[reflect.Type]string{
		reflect.TypeFor[bool]():          "want true or false",
		reflect.TypeFor[int]():           "want a whole number",
		reflect.TypeFor[time.Duration](): `want a length of time such as "10s" or "2m"`,
	}[field.Type]
	return fmt.Errorf("%s: %s (%w)", field.Tag.Get("env"), want, parse.Err)
}

// unknownSettings names the variables that look like settings and are none, in order. They are
// worth a warning, as a misspelt name would otherwise be silently without effect, but no more than
// that: an older version has to start with the settings of a newer one.
func unknownSettings(environ []string) []string {
	known := variables()
	var unknown []string
	for name := range env.ToMap(environ) {
		if !strings.HasPrefix(name, "TRUYNGUON_") || strings.HasPrefix(name, "TRUYNGUON_TEST_") {
			continue
		}
		if !slices.ContainsFunc(known, func(v variable) bool { return v.Name == name }) {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	return unknown
}

// Validate returns every fault of the settings, joined, each beginning with the variable's name.
func (c Config) Validate() error {
	var faults []error
	add := func(name, format string, args ...any) {
		faults = append(faults, fmt.Errorf("%s: "+format, append([]any{name}, args...)...))
	}
	addrOK := true
	if _, port, err := net.SplitHostPort(c.Addr); err != nil {
		add("TRUYNGUON_ADDR", "want HOST:PORT, not %q", c.Addr)
		addrOK = false
	} else if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		add("TRUYNGUON_ADDR", "the port of %q is not a number from 0 to 65535", c.Addr)
		addrOK = false
	}
	// A base address that only follows a wrong TRUYNGUON_ADDR is not a second fault.
	if addrOK || !c.baseFromAddr {
		if fault := c.baseFault(); fault != "" {
			add("TRUYNGUON_BASE_URL", "%s", fault)
		}
	}
	if _, err := parseDB(c.DB); err != nil {
		add("TRUYNGUON_DB", "%w", err)
	}
	blobs, err := parseBlobs(c.Blobs)
	if err != nil {
		add("TRUYNGUON_BLOBS", "%w", err)
	}
	if blobs.Bucket != "" {
		if c.S3AccessKey == "" {
			add("TRUYNGUON_S3_ACCESS_KEY", "must be set when TRUYNGUON_BLOBS is an s3 address")
		}
		if c.S3SecretKey == "" {
			add("TRUYNGUON_S3_SECRET_KEY", "must be set when TRUYNGUON_BLOBS is an s3 address")
		}
	}
	// LoadLocation takes "" for UTC and "Local" for whatever the machine is set to; neither is a
	// decision that two machines would share.
	if _, err := time.LoadLocation(c.Timezone); err != nil || c.Timezone == "" || c.Timezone == "Local" {
		add("TRUYNGUON_TIMEZONE", "no time zone is called %q; want an IANA name such as Asia/Ho_Chi_Minh", c.Timezone)
	}
	faults = append(faults, c.shapeFaults()...)
	if !headerName.MatchString(c.ProxyHeader) {
		add("TRUYNGUON_PROXY_HEADER", "%q is not the name of a header", c.ProxyHeader)
	}
	faults = append(faults, c.mailFaults()...)
	if strings.TrimSpace(c.SiteName) == "" {
		add("TRUYNGUON_SITE_NAME", "must not be blank")
	}
	if u, err := url.Parse(c.MapTiles); c.MapTiles != "" && (err != nil || u.Scheme != "https" || u.Host == "" ||
		!strings.Contains(c.MapTiles, "{z}") || !strings.Contains(c.MapTiles, "{x}") || !strings.Contains(c.MapTiles, "{y}")) {
		add("TRUYNGUON_MAP_TILES", "%q is not an https address with {z}, {x} and {y}", c.MapTiles)
	}
	return errors.Join(faults...)
}

// shapes checks what the fields' validate tags say. A field is called by its variable's name.
var shapes = func() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string { return f.Tag.Get("env") })
	return v
}()

// shapeFaults are the faults that the validate tags find.
func (c Config) shapeFaults() (faults []error) {
	var wrong validator.ValidationErrors
	if err := shapes.Struct(c); !errors.As(err, &wrong) {
		return nil
	}
	for _, w := range wrong {
		name, _, _ := strings.Cut(w.Field(), "[") // an element of a list
		want := map[string]string{
			"oneof":   strings.ReplaceAll(w.Param(), " ", " or "),
			"min":     w.Param() + " or more",
			"max":     "at most " + w.Param(),
			"ip|cidr": "an IP address or a network such as 10.0.0.0/8",
		}[w.Tag()]
		faults = append(faults, fmt.Errorf("%s: want %s, not %q", name, want, fmt.Sprint(w.Value())))
	}
	return faults
}

// headerName is a token of RFC 9110, as far as header names in use need it.
var headerName = regexp.MustCompile(`^[A-Za-z0-9-]+$`)

// baseFault says what is wrong with BaseURL, or nothing.
func (c Config) baseFault() string {
	u, err := url.Parse(c.BaseURL)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		if c.baseFromAddr {
			return fmt.Sprintf("must be set, since TRUYNGUON_ADDR=%s names no host to link to", c.Addr)
		}
		// The value is not repeated as it may hold a password meant for another variable.
		return "want an address of the form https://HOST or https://HOST:PORT"
	case u.User != nil:
		return "must not hold a name or password"
	case u.Path != "" || u.RawQuery != "" || u.ForceQuery || strings.Contains(c.BaseURL, "#"):
		return fmt.Sprintf("%s must end after the host: codes put their own path behind it", c.BaseURL)
	case u.Scheme == "http" && !c.AllowHTTP && !loopback(u.Hostname()):
		if c.baseFromAddr {
			return fmt.Sprintf("must be set, since with TRUYNGUON_ADDR=%s the site is not for this machine alone", c.Addr)
		}
		return fmt.Sprintf("%s is not encrypted: want https (or TRUYNGUON_ALLOW_HTTP=true, for a trial)", c.BaseURL)
	}
	return ""
}

// loopback reports whether a host name or address can only be this machine.
func loopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") { // RFC 6761 section 6.3
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

// BaseURLAt is the base address for the address actually listened on. It differs from BaseURL only
// where that was not set and Addr left the choice of the port to the system.
func (c Config) BaseURLAt(listening net.Addr) string {
	if c.baseFromAddr {
		return "http://" + listening.String()
	}
	return c.BaseURL
}

// logger returns the log as the settings want it, writing to w.
func (c Config) logger(w io.Writer) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		return nil, fmt.Errorf("TRUYNGUON_LOG_LEVEL: %w", err)
	}
	opts := &slog.HandlerOptions{Level: level}
	if c.Log == "json" {
		return slog.New(slog.NewJSONHandler(w, opts)), nil
	}
	return slog.New(slog.NewTextHandler(w, opts)), nil
}

// Lines returns the settings in force, one NAME=VALUE each, in the order of Config and without
// secrets.
func (c Config) Lines() []string {
	v := reflect.ValueOf(c)
	var lines []string
	for _, s := range variables() {
		value := ""
		switch x := v.Field(s.field).Interface().(type) {
		case []string:
			value = strings.Join(x, ",")
		default:
			value = fmt.Sprint(x)
		}
		// Any setting may be an address with a password in it, if only by mistake.
		lines = append(lines, s.Name+"="+hideInAddress(value))
	}
	return lines
}

// printConfig prints the settings in force, or the file that explains them all.
func printConfig(_ context.Context, c *call) error {
	defaults := c.Flags.Bool("defaults", false, "print the settings file instead: every setting, explained, with its default")
	schemes := c.Flags.Bool("schemes", false, "print the kinds of certificate that the program knows instead, with an explanation")
	plan := c.Flags.Bool("plan", false, "print the topics and targets that the program knows instead, with an explanation")
	if _, err := c.parse(0, 0); err != nil {
		return err
	}
	if *plan {
		return c.printf("%s", configs.Plan)
	}
	if *defaults {
		return c.printf("%s", configs.Env)
	}
	if *schemes {
		return c.printf("%s", configs.Schemes)
	}
	cfg, err := c.settings()
	if err != nil {
		return err
	}
	return c.printf("%s\n", strings.Join(cfg.Lines(), "\n"))
}
