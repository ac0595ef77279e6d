package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"truynguon/configs"
	"truynguon/internal/blob"
	"truynguon/internal/blob/dir"
	"truynguon/internal/blob/minio"
	"truynguon/internal/fault"
	"truynguon/internal/store"
	"truynguon/internal/store/mongo"
	"truynguon/internal/store/sqlite"
	"truynguon/internal/trace"
)

// openStore opens the database that the settings name. Together with openBlobs it is the only
// place that knows which adapters there are; another database is another case here. A MongoDB
// server that is down is no error: it may start later, and readiness tells. On an error the
// database is not to be used.
func openStore(ctx context.Context, c Config) (_ store.DB, err error) {
	defer fault.Wrap(&err, "TRUYNGUON_DB")
	addr, err := parseDB(c.DB)
	if err != nil {
		return nil, err
	}
	if addr.Scheme == "sqlite" {
		return sqlite.Open(ctx, addr.Path)
	}
	return mongo.Open(ctx, c.DB)
}

// openBlobs opens the document store that the settings name. An S3 server that is down is no
// error, as with openStore.
func openBlobs(c Config) (_ blob.Bucket, err error) {
	defer fault.Wrap(&err, "TRUYNGUON_BLOBS")
	addr, err := parseBlobs(c.Blobs)
	if err != nil {
		return nil, err
	}
	if addr.Bucket == "" {
		return dir.Open(addr.Path)
	}
	return minio.Open(minio.Options{
		Endpoint:  addr.Endpoint,
		Bucket:    addr.Bucket,
		AccessKey: c.S3AccessKey,
		SecretKey: string(c.S3SecretKey),
		TLS:       addr.TLS,
		Region:    addr.Region,
	})
}

// openSchemes reads the kinds of certificate: those that the program knows, and the operator's own. The
// error names every fault there is.
func openSchemes(c Config) (trace.Schemes, error) {
	schemes, err := trace.ParseSchemes(configs.Schemes)
	if err != nil || c.Schemes == "" {
		return schemes, err
	}
	data, err := os.ReadFile(c.Schemes)
	if err != nil {
		return nil, fmt.Errorf("TRUYNGUON_SCHEMES: %w", err)
	}
	own, err := trace.ParseSchemes(data)
	if err != nil {
		return nil, fmt.Errorf("TRUYNGUON_SCHEMES: %s:\n%w", c.Schemes, err)
	}
	return schemes.With(own), nil
}

// openPlan reads the district's plan: the operator's own if there is one. The error names every fault there is.
func openPlan(c Config) (*trace.Plan, error) {
	if c.Plan == "" {
		return trace.ParsePlan(configs.Plan)
	}
	data, err := os.ReadFile(c.Plan)
	if err != nil {
		return nil, fmt.Errorf("TRUYNGUON_PLAN: %w", err)
	}
	plan, err := trace.ParsePlan(data)
	if err != nil {
		return nil, fmt.Errorf("TRUYNGUON_PLAN: %s:\n%w", c.Plan, err)
	}
	return plan, nil
}

// dbAddress is a database address, taken apart as far as the choice of an adapter needs it.
type dbAddress struct {
	Scheme string // "sqlite", "mongodb" or "mongodb+srv"
	Path   string // of the SQLite file; ":memory:" for none
}

// parseDB checks a database address. Its errors never repeat the address, which may hold a
// password.
func parseDB(s string) (dbAddress, error) {
	scheme, rest, _ := strings.Cut(s, ":")
	switch scheme {
	case "sqlite":
		if rest == "" || strings.HasPrefix(rest, "//") {
			return dbAddress{}, errors.New("want sqlite:PATH, such as sqlite:data/truynguon.db")
		}
		return dbAddress{Scheme: scheme, Path: rest}, nil
	case "mongodb", "mongodb+srv":
		// The driver reads the rest; what it would silently fill in is the name of the database.
		rest, ok := strings.CutPrefix(rest, "//")
		rest, _, _ = strings.Cut(rest, "?")
		rest = rest[strings.LastIndex(rest, "@")+1:]
		hosts, name, _ := strings.Cut(rest, "/")
		if !ok || hosts == "" || name == "" || strings.Contains(name, "/") {
			return dbAddress{}, fmt.Errorf("want %s://HOST:PORT/DATABASE", scheme)
		}
		return dbAddress{Scheme: scheme}, nil
	}
	return dbAddress{}, errors.New("want sqlite:PATH or mongodb://HOST:PORT/DATABASE")
}

// blobAddress is a document store's address, taken apart: a folder's Path, or a Bucket at an
// Endpoint.
type blobAddress struct {
	Path     string
	Endpoint string // HOST or HOST:PORT
	Bucket   string // "" for a folder
	TLS      bool
	Region   string
}

// bucketName is what every S3 server accepts as the name of a bucket.
var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// parseBlobs checks the address of a document store. Its errors never repeat the address.
func parseBlobs(s string) (blobAddress, error) {
	const s3Form = "want s3://HOST:PORT/BUCKET"
	scheme, rest, _ := strings.Cut(s, ":")
	switch scheme {
	case "file":
		if rest == "" || strings.HasPrefix(rest, "//") {
			return blobAddress{}, errors.New("want file:PATH, such as file:data/blobs")
		}
		return blobAddress{Path: rest}, nil
	case "s3":
		u, err := url.Parse(s)
		if err != nil || u.Hostname() == "" {
			return blobAddress{}, errors.New(s3Form)
		}
		if u.User != nil {
			return blobAddress{}, errors.New("credentials belong in TRUYNGUON_S3_ACCESS_KEY and TRUYNGUON_S3_SECRET_KEY")
		}
		a := blobAddress{Endpoint: u.Host, Bucket: strings.TrimPrefix(u.Path, "/"), TLS: true}
		if !bucketName.MatchString(a.Bucket) {
			return blobAddress{}, errors.New(s3Form + ", the bucket's name being 3 to 63 of a-z, 0-9, dot and hyphen")
		}
		query, err := url.ParseQuery(u.RawQuery)
		if err != nil {
			return blobAddress{}, errors.New(s3Form + "?tls=false&region=REGION")
		}
		for _, option := range slices.Sorted(maps.Keys(query)) {
			value := query.Get(option)
			switch option {
			case "tls":
				if a.TLS, err = strconv.ParseBool(value); err != nil {
					return blobAddress{}, errors.New("the option tls is true or false")
				}
			case "region":
				a.Region = value
			default:
				return blobAddress{}, fmt.Errorf("there is no option %q, only tls and region", option)
			}
		}
		return a, nil
	}
	return blobAddress{}, errors.New("want file:PATH or s3://HOST:PORT/BUCKET")
}

// secretOption finds the options of a database address that are secrets or may hold some.
var secretOption = regexp.MustCompile(`(?i)([?&][a-z]*(?:password|secret|token|authMechanismProperties)[a-z]*=)[^&]*`)

// hideInAddress hides the password in an address, and secret options. It would rather hide too
// much: everything from the first colon after the scheme to the last @, as a password that was not
// encoded may hold both.
func hideInAddress(s string) string {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		return s
	}
	if at := strings.LastIndex(rest, "@"); at >= 0 {
		user, _, hasPassword := strings.Cut(rest[:at], ":")
		if hasPassword {
			user += ":" + hidden
		}
		rest = user + rest[at:]
	}
	return scheme + "://" + secretOption.ReplaceAllString(rest, "${1}"+hidden)
}

// openScans reads what the counting of scans needs: where networks are, if the operator has a table, and when
// a label may have been copied.
func openScans(c Config) (regions *trace.Regions, rules trace.CopyRules, err error) {
	if c.Regions != "" {
		data, err := os.ReadFile(c.Regions)
		if err != nil {
			return nil, rules, fmt.Errorf("TRUYNGUON_REGIONS: %w", err)
		}
		if regions, err = trace.ParseRegions(bytes.NewReader(data)); err != nil {
			return nil, rules, fmt.Errorf("TRUYNGUON_REGIONS: %s:\n%w", c.Regions, err)
		}
	}
	data := configs.Scans
	if c.CopyRules != "" {
		if data, err = os.ReadFile(c.CopyRules); err != nil {
			return nil, rules, fmt.Errorf("TRUYNGUON_COPY_RULES: %w", err)
		}
	}
	if rules, err = trace.ParseCopyRules(data); err != nil {
		return nil, rules, fmt.Errorf("TRUYNGUON_COPY_RULES: %s: %w", c.CopyRules, err)
	}
	return regions, rules, nil
}
