// Package testservers gives tests a real database and a real document store to talk to: servers
// that speak MongoDB's and S3's protocols, without Docker and with nothing installed.
//
// The servers are FerretDB and MinIO, each a small program in a Go module of its own below this
// folder, so that nothing of them reaches the product's go.mod. The first test that asks for one
// builds it, which takes a few minutes once (MinIO is large), and keeps the binary in the user's
// cache folder, under truynguon-testservers; other test processes wait for that build. Each test
// process then starts its own server, on a free port of the loopback interface, at the first call,
// and shares it among its tests. The server ends, and removes its data, when the test process does.
//
// To test against other servers, name them:
//
//	TRUYNGUON_TEST_MONGO           mongodb://HOST:PORT/
//	TRUYNGUON_TEST_S3              HOST:PORT, or https://HOST:PORT, with
//	TRUYNGUON_TEST_S3_ACCESS_KEY   and
//	TRUYNGUON_TEST_S3_SECRET_KEY
//
// With -short, tests that need a server which is not named are skipped. A server that cannot be
// built, started or reached is always a failure and never a skip.
package testservers

import (
	"crypto/rand"
	"os"
	"strings"
	"sync"
	"testing"
)

// Mongo returns the address of a server that speaks MongoDB's protocol, such as
// "mongodb://127.0.0.1:27017/". Tests share it: each must use a database name of its own.
func Mongo(tb testing.TB) string {
	tb.Helper()
	if url := os.Getenv("TRUYNGUON_TEST_MONGO"); url != "" {
		return url
	}
	skipShort(tb, "TRUYNGUON_TEST_MONGO")
	url, err := startMongo()
	if err != nil {
		tb.Fatalf("testservers: %v", err)
	}
	return url
}

// OwnMongo reports whether Mongo returns the server built here, which behaves as MongoDB does but
// neither uses indexes nor explains its plans as MongoDB does.
func OwnMongo() bool { return os.Getenv("TRUYNGUON_TEST_MONGO") == "" }

// S3Server says how to reach an S3 server.
type S3Server struct {
	// Endpoint is HOST:PORT.
	Endpoint string
	// AccessKey and SecretKey may do everything, including making buckets.
	AccessKey, SecretKey string
	// TLS is true if the server is to be spoken to with TLS.
	TLS bool
}

// S3 returns a server that speaks S3's protocol. Tests share it: each must use a bucket of its own.
func S3(tb testing.TB) S3Server {
	tb.Helper()
	if addr := os.Getenv("TRUYNGUON_TEST_S3"); addr != "" {
		s := S3Server{
			AccessKey: os.Getenv("TRUYNGUON_TEST_S3_ACCESS_KEY"),
			SecretKey: os.Getenv("TRUYNGUON_TEST_S3_SECRET_KEY"),
		}
		if s.AccessKey == "" || s.SecretKey == "" {
			tb.Fatal("testservers: TRUYNGUON_TEST_S3 needs TRUYNGUON_TEST_S3_ACCESS_KEY and TRUYNGUON_TEST_S3_SECRET_KEY beside it")
		}
		s.Endpoint, s.TLS = strings.CutPrefix(addr, "https://")
		s.Endpoint = strings.TrimSuffix(strings.TrimPrefix(s.Endpoint, "http://"), "/")
		return s
	}
	skipShort(tb, "TRUYNGUON_TEST_S3")
	s, err := startS3()
	if err != nil {
		tb.Fatalf("testservers: %v", err)
	}
	return s
}

func skipShort(tb testing.TB, variable string) {
	tb.Helper()
	if testing.Short() {
		tb.Skip("needs a server: run without -short to build one, or name one with " + variable)
	}
}

var startMongo = sync.OnceValues(func() (string, error) { return start("ferretdb") })

var startS3 = sync.OnceValues(func() (S3Server, error) {
	s := S3Server{AccessKey: rand.Text(), SecretKey: rand.Text()}
	var err error
	s.Endpoint, err = start("minio", "MINIO_ROOT_USER="+s.AccessKey, "MINIO_ROOT_PASSWORD="+s.SecretKey)
	return s, err
})
