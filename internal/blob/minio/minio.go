// Package minio keeps documents in MinIO or any other server that speaks S3, for a district that
// runs the program on several machines.
//
// The content with digest abcdef… is the object abcdef… of one bucket. Nothing but S3's oldest
// operations is used (head, get, put, make bucket), so that compatible servers will do.
package minio

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/s3utils"

	"truynguon/internal/blob"
	"truynguon/internal/fault"
)

const (
	// patience is how long the server may take to answer a request, or to send the next bytes of
	// one. A page waits for it, and so does the health check.
	patience = 5 * time.Second
	// attempts is how often a request is sent at most, all within the same patience.
	attempts = 2
	// slowest is the upload rate, in bytes per second, that still counts as answering.
	slowest = 256 << 10
	// defaultRegion is what MinIO calls itself; naming a region spares asking for it.
	defaultRegion = "us-east-1"
)

// Options say where the bucket is.
type Options struct {
	// Endpoint is HOST:PORT, or HOST for the standard port. Required.
	Endpoint string
	// Bucket is the name of the bucket, 3 to 63 lower-case letters, digits and hyphens. Required.
	// It is made when it is first needed and the server does not have it.
	Bucket string
	// AccessKey and SecretKey are the credentials. Required.
	AccessKey, SecretKey string
	// TLS says that the server speaks HTTPS.
	TLS bool
	// Region is the server's region; empty means us-east-1, which is right for MinIO.
	Region string
}

// Bucket is a blob.Bucket on an S3 server.
type Bucket struct {
	core      minio.Core
	transport *http.Transport
	name      string
	region    string
	patience  time.Duration
}

var _ blob.Bucket = (*Bucket)(nil)

// Open returns the bucket that the options describe. It does not speak to the server, which may be
// down at the moment; see [Bucket.Ping]. An error means that the options cannot be right.
func Open(o Options) (*Bucket, error) {
	if o.Region == "" {
		o.Region = defaultRegion
	}
	if err := s3utils.CheckValidBucketNameStrict(o.Bucket); err != nil {
		return nil, fmt.Errorf("opening S3 bucket %q: %w", o.Bucket, err)
	}
	if strings.ContainsAny(o.Endpoint, "/@?#") { // the library would ignore some of it
		return nil, fmt.Errorf("opening S3 bucket %q: endpoint %q is not HOST:PORT", o.Bucket, o.Endpoint)
	}
	if o.AccessKey == "" || o.SecretKey == "" {
		return nil, fmt.Errorf("opening S3 bucket %q: no credentials", o.Bucket)
	}
	transport, err := minio.DefaultTransport(o.TLS)
	if err != nil {
		return nil, fmt.Errorf("opening S3 bucket %q: %w", o.Bucket, err)
	}
	transport.DialContext = (&net.Dialer{Timeout: patience / attempts}).DialContext
	transport.TLSHandshakeTimeout = patience
	transport.ExpectContinueTimeout = time.Second
	client, err := minio.New(o.Endpoint, &minio.Options{
		Creds:      credentials.NewStaticV4(o.AccessKey, o.SecretKey, ""),
		Secure:     o.TLS,
		Region:     o.Region,
		Transport:  transport,
		MaxRetries: attempts,
	})
	if err != nil {
		return nil, fmt.Errorf("opening S3 bucket %q at %q: %w", o.Bucket, o.Endpoint, err)
	}
	return &Bucket{
		core:      minio.Core{Client: client},
		transport: transport,
		name:      o.Bucket,
		region:    o.Region,
		patience:  patience,
	}, nil
}

// Put implements blob.Bucket. The content, which is at most blob.MaxSize, is read into memory and
// verified before any of it is sent: what never reaches the server cannot be stored by mistake, and
// a request that failed half-way can be repeated.
func (b *Bucket) Put(ctx context.Context, key string, size int64, r io.Reader) (err error) {
	defer fault.Wrap(&err, "minio.Put(%.80q)", key)
	if err := blob.CheckPut(key, size); err != nil {
		return err
	}
	switch stored, err := b.stat(ctx, key); {
	case err == nil && stored == size:
		return nil
	case err != nil && !errors.Is(err, fault.NotFound):
		return err
	}
	buf := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead))
	if _, err := buf.ReadFrom(blob.Verify(ctx, key, size, r)); err != nil {
		return err
	}
	err = b.send(ctx, key, buf.Bytes())
	if minio.ToErrorResponse(err).Code == minio.NoSuchBucket {
		if err := b.makeBucket(ctx); err != nil {
			return err
		}
		err = b.send(ctx, key, buf.Bytes())
	}
	return failure(ctx, err)
}

// send puts the object. S3 shows an object only when it is complete, and acknowledges it when it is
// durable. The MD5 digest makes the server refuse what was damaged on the way.
func (b *Bucket) send(ctx context.Context, key string, data []byte) error {
	ctx, cancel := context.WithTimeout(ctx, b.patience+time.Duration(len(data))*time.Second/slowest)
	defer cancel()
	_, err := b.core.Client.PutObject(ctx, b.name, key, bytes.NewReader(data), int64(len(data)), minio.PutObjectOptions{
		ContentType:      "application/octet-stream",
		DisableMultipart: true,
		SendContentMd5:   true,
	})
	return err
}

// makeBucket makes the bucket. That another process was faster is no error.
func (b *Bucket) makeBucket(ctx context.Context) error {
	short, cancel := context.WithTimeout(ctx, b.patience)
	defer cancel()
	err := b.core.MakeBucket(short, b.name, minio.MakeBucketOptions{Region: b.region})
	if minio.ToErrorResponse(err).Code == minio.BucketAlreadyOwnedByYou {
		return nil
	}
	return failure(ctx, err)
}

// stat returns the size of an object.
func (b *Bucket) stat(ctx context.Context, key string) (int64, error) {
	short, cancel := context.WithTimeout(ctx, b.patience)
	defer cancel()
	info, err := b.core.StatObject(short, b.name, key, minio.StatObjectOptions{})
	return info.Size, failure(ctx, err)
}

// Open implements blob.Bucket.
func (b *Bucket) Open(ctx context.Context, key string) (_ io.ReadCloser, _ int64, err error) {
	defer fault.Wrap(&err, "minio.Open(%.80q)", key)
	if blob.CheckKey(key) != nil {
		return nil, 0, fault.NotFound
	}
	// The time limit is for the answer to begin; the reader then sets its own for each read.
	short, cancel := context.WithCancel(ctx)
	stalled := time.AfterFunc(b.patience, cancel)
	body, info, _, err := b.core.GetObject(short, b.name, key, minio.GetObjectOptions{})
	stalled.Stop()
	if err != nil {
		cancel()
		return nil, 0, failure(ctx, err)
	}
	return &reader{ctx: ctx, body: body, stalled: stalled, cancel: cancel, patience: b.patience}, info.Size, nil
}

// Exists implements blob.Bucket.
func (b *Bucket) Exists(ctx context.Context, key string) (_ bool, err error) {
	defer fault.Wrap(&err, "minio.Exists(%.80q)", key)
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if blob.CheckKey(key) != nil {
		return false, nil
	}
	_, err = b.stat(ctx, key)
	if errors.Is(err, fault.NotFound) {
		return false, nil
	}
	return err == nil, err
}

// Ping implements blob.Bucket.
func (b *Bucket) Ping(ctx context.Context) (err error) {
	defer fault.Wrap(&err, "minio.Ping")
	short, cancel := context.WithTimeout(ctx, b.patience)
	defer cancel()
	there, err := b.core.BucketExists(short, b.name)
	if err != nil {
		return failure(ctx, err)
	}
	if !there {
		return b.makeBucket(ctx)
	}
	return nil
}

// Close implements blob.Bucket.
func (b *Bucket) Close() error {
	b.transport.CloseIdleConnections()
	return nil
}

// A reader is the content of an object on its way. It gives up when no bytes come for a while, so
// that a server that dies half-way does not hold a request for ever.
type reader struct {
	ctx      context.Context // the caller's
	body     io.ReadCloser
	stalled  *time.Timer // cancels the request
	cancel   context.CancelFunc
	patience time.Duration
}

func (r *reader) Read(p []byte) (int, error) {
	r.stalled.Reset(r.patience)
	n, err := r.body.Read(p)
	r.stalled.Stop()
	if err != nil && err != io.EOF {
		return n, fmt.Errorf("reading an object: %w", failure(r.ctx, err))
	}
	return n, err
}

func (r *reader) Close() error {
	r.stalled.Stop()
	defer r.cancel()
	return r.body.Close()
}

// failure gives an error of the client library its kind. ctx is the caller's, without our time
// limit: if it is done, that is the reason; if not, a context error is our limit, and the server is
// what did not answer.
func failure(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if cause := ctx.Err(); cause != nil {
		return fmt.Errorf("%w: %w", cause, err)
	}
	var answer minio.ErrorResponse
	if errors.As(err, &answer) {
		switch {
		case answer.Code == minio.NoSuchKey, answer.Code == minio.NoSuchBucket:
			return fmt.Errorf("%w: %w", fault.NotFound, err)
		case answer.StatusCode >= 500,
			answer.StatusCode == http.StatusTooManyRequests,
			answer.StatusCode == http.StatusRequestTimeout:
			return unavailable(err)
		}
		return err // wrong credentials, no permission: the operator's concern
	}
	var transport *url.Error
	var network net.Error
	if errors.As(err, &transport) || errors.As(err, &network) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) {
		return unavailable(err)
	}
	return err
}

func unavailable(err error) error {
	return fmt.Errorf("%w: %w", fault.New(fault.Unavailable, "blob_unavailable"), err)
}
