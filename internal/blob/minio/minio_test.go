package minio

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"truynguon/internal/blob"
	"truynguon/internal/blob/blobtest"
	"truynguon/internal/fault"
	"truynguon/internal/testservers"
)

// onServer returns a bucket of its own on the test server, which does not exist yet, and removes it
// when the test ends.
func onServer(t *testing.T) *Bucket {
	t.Helper()
	s := testservers.S3(t)
	b, err := Open(Options{
		Endpoint:  s.Endpoint,
		Bucket:    "truynguon-test-" + strings.ToLower(rand.Text()),
		AccessKey: s.AccessKey,
		SecretKey: s.SecretKey,
		TLS:       s.TLS,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		for o := range b.core.ListObjectsIter(ctx, b.name, minio.ListObjectsOptions{}) {
			if o.Err == nil {
				o.Err = b.core.RemoveObject(ctx, b.name, o.Key, minio.RemoveObjectOptions{})
			}
			if o.Err != nil && minio.ToErrorResponse(o.Err).Code != minio.NoSuchBucket {
				t.Errorf("clearing the bucket: %v", o.Err)
			}
		}
		if err := b.core.RemoveBucket(ctx, b.name); err != nil && minio.ToErrorResponse(err).Code != minio.NoSuchBucket {
			t.Errorf("removing the bucket: %v", err)
		}
		_ = b.Close()
	})
	return b
}

// at returns a bucket at an address where there may be anything, that waits only shortly for it.
func at(t *testing.T, endpoint string) *Bucket {
	t.Helper()
	b, err := Open(Options{Endpoint: endpoint, Bucket: "documents", AccessKey: "key", SecretKey: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	b.patience = 300 * time.Millisecond
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func TestConformance(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Bucket { return onServer(t) })
}

func TestReopeningKeepsEverything(t *testing.T) {
	b := onServer(t)
	ref, err := blob.PutData(t.Context(), b, []byte("kept"))
	if err != nil {
		t.Fatal(err)
	}
	s := testservers.S3(t)
	again, err := Open(Options{Endpoint: s.Endpoint, Bucket: b.name, AccessKey: s.AccessKey, SecretKey: s.SecretKey, TLS: s.TLS})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = again.Close() })
	got, err := blob.ReadAll(t.Context(), again, ref.SHA256)
	if err != nil || string(got) != "kept" {
		t.Errorf("after reopening: %q, %v", got, err)
	}
}

// Several processes may all find the bucket missing.
func TestBucketIsMadeOnce(t *testing.T) {
	b := onServer(t)
	var all sync.WaitGroup
	for i := range 6 {
		all.Go(func() {
			if i%2 == 0 {
				if err := b.Ping(t.Context()); err != nil {
					t.Errorf("Ping: %v", err)
				}
				return
			}
			if _, err := blob.PutData(t.Context(), b, fmt.Append(nil, i)); err != nil {
				t.Errorf("Put: %v", err)
			}
		})
	}
	all.Wait()
}

// An object that is not what it should be is found out and healed by storing the document again.
func TestDamage(t *testing.T) {
	b := onServer(t)
	data := []byte("a whole document")
	key := blob.Digest(data)
	if err := b.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := b.send(t.Context(), key, data[:3]); err != nil {
		t.Fatal(err)
	}
	if _, err := blob.ReadAll(t.Context(), b, key); err == nil || errors.Is(err, fault.NotFound) {
		t.Errorf("ReadAll of a damaged object: %v", err)
	}
	if _, err := blob.PutData(t.Context(), b, data); err != nil {
		t.Fatal(err)
	}
	if got, err := blob.ReadAll(t.Context(), b, key); err != nil || !bytes.Equal(data, got) {
		t.Errorf("after storing again: %q, %v", got, err)
	}
}

// Wrong credentials are the operator's fault: neither "not found" nor "try again later".
func TestWrongCredentials(t *testing.T) {
	s := testservers.S3(t)
	b, err := Open(Options{Endpoint: s.Endpoint, Bucket: "documents", AccessKey: s.AccessKey, SecretKey: "wrong-secret", TLS: s.TLS})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	for name, err := range everyMethod(t.Context(), b) {
		if err == nil || errors.Is(err, fault.NotFound) || errors.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// everyMethod returns the error of each method that speaks to the server.
func everyMethod(ctx context.Context, b *Bucket) map[string]error {
	data := []byte("a document")
	_, put := blob.PutData(ctx, b, data)
	_, read := blob.ReadAll(ctx, b, blob.Digest(data))
	_, exists := b.Exists(ctx, blob.Digest(data))
	return map[string]error{"Put": put, "Open": read, "Exists": exists, "Ping": b.Ping(ctx)}
}

// checkUnavailable checks that every method says fault.Unavailable, and says it soon.
func checkUnavailable(t *testing.T, b *Bucket, soon time.Duration) {
	t.Helper()
	start := time.Now()
	for name, err := range everyMethod(t.Context(), b) {
		if !errors.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v; want fault.Unavailable", name, err)
		}
		var p *fault.Problem
		if !errors.As(err, &p) || p.Code != "blob_unavailable" {
			t.Errorf("%s: %v has no explanation", name, err)
		}
	}
	if took := time.Since(start); took > soon {
		t.Errorf("it took %v to find out, want less than %v", took, soon)
	}
}

// A server that has stopped refuses connections. The real time limits apply here.
func TestStoppedServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	endpoint := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	b := at(t, endpoint)
	b.patience = patience
	checkUnavailable(t, b, 4*time.Second)
}

// A server that hangs accepts connections and never answers.
func TestHangingServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	checkUnavailable(t, at(t, l.Addr().String()), 6*time.Second)
}

// A server or a proxy in front of it may answer, and say that it cannot.
func TestFailingServer(t *testing.T) {
	for _, status := range []int{500, 502, 503, 504, 429} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(status)
			}))
			t.Cleanup(s.Close)
			checkUnavailable(t, at(t, s.Listener.Addr().String()), 6*time.Second)
		})
	}
}

// A server that dies, or hangs, in the middle of an object must not look like the object's end.
func TestServerStopsHalfWay(t *testing.T) {
	for _, hang := range []bool{false, true} {
		t.Run(fmt.Sprintf("hang %v", hang), func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Length", "1000")
				w.Header().Set("Last-Modified", "Tue, 24 Nov 2026 00:00:00 GMT")
				_, _ = io.WriteString(w, "the beginning")
				_ = http.NewResponseController(w).Flush()
				if hang {
					<-r.Context().Done()
				}
			}))
			t.Cleanup(s.Close)
			r, size, err := at(t, s.Listener.Addr().String()).Open(t.Context(), blob.Digest(nil))
			if err != nil || size != 1000 {
				t.Fatalf("Open: %d bytes, %v", size, err)
			}
			got, err := io.ReadAll(r)
			if !errors.Is(err, fault.Unavailable) || string(got) != "the beginning" {
				t.Errorf("read %q, %v; want the beginning and fault.Unavailable", got, err)
			}
			if err := r.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
	}
}

// When the caller gives up, that is the error, not ours about the server.
func TestCallerGivesUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var asked atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		cancel()
		<-r.Context().Done()
	}))
	t.Cleanup(s.Close)
	_, _, err := at(t, s.Listener.Addr().String()).Open(ctx, blob.Digest(nil))
	if !errors.Is(err, context.Canceled) || errors.Is(err, fault.Unavailable) {
		t.Errorf("Open: %v; want context.Canceled", err)
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("the server was asked %d times", n)
	}
}

func TestOpenRefusesOptions(t *testing.T) {
	good := Options{Endpoint: "127.0.0.1:9000", Bucket: "documents", AccessKey: "key", SecretKey: "secret"}
	if b, err := Open(good); err != nil || b.Close() != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Options){
		"no endpoint":           func(o *Options) { o.Endpoint = "" },
		"endpoint with a path":  func(o *Options) { o.Endpoint = "127.0.0.1:9000/x" },
		"endpoint with scheme":  func(o *Options) { o.Endpoint = "http://127.0.0.1:9000" },
		"no bucket":             func(o *Options) { o.Bucket = "" },
		"bucket in upper case":  func(o *Options) { o.Bucket = "Documents" },
		"bucket with a slash":   func(o *Options) { o.Bucket = "a/b" },
		"no access key":         func(o *Options) { o.AccessKey = "" },
		"no secret key":         func(o *Options) { o.SecretKey = "" },
		"bucket like a network": func(o *Options) { o.Bucket = "127.0.0.1" },
	} {
		o := good
		change(&o)
		if b, err := Open(o); err == nil {
			_ = b.Close()
			t.Errorf("%s: accepted", name)
		} else if strings.Contains(err.Error(), "secret") && o.SecretKey != "" {
			t.Errorf("%s: the message tells the secret: %v", name, err)
		}
	}
}
