// Package blob keeps the bytes of documents and photos: certificates, product pictures, evidence
// of what was done on a field. Content is addressed by its SHA-256 digest and never changes, so a
// document that is stored twice takes the room of one, and a link to a digest proves the content.
//
// [Accept] decides what may come in and takes out of photos what their owners did not mean to
// publish; [Bucket] is what a place to keep bytes must be able to do. The adapters are in the
// folders beside this file, and package blobtest holds them all to the same contract.
package blob

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	"truynguon/internal/fault"
)

// MaxSize is the size of the largest document, in bytes: 20 MiB. It bounds what is read from a
// visitor, what is held in memory, and what a [Bucket] takes.
const MaxSize = 20 << 20

// A Bucket keeps immutable content under its digest. A key is the SHA-256 digest of the content as
// 64 lower-case hexadecimal digits (see [CheckKey]); nothing else is ever used to build a path or
// an object name.
//
// All methods MUST be safe for concurrent use, by several goroutines and by several processes on
// the same storage. When ctx is done before a method succeeds, the method MUST return soon with an
// error for which errors.Is(err, ctx.Err()) holds. A storage that does not answer is
// fault.Unavailable after a few seconds, never a wait without end. An error that is none of the
// named kinds is unexpected and is the operator's concern.
type Bucket interface {
	// Put stores size bytes from r under key.
	//
	// When Put returns nil the content MUST be durable: a power cut in the next instant does not
	// lose it. Content appears at once or not at all: a concurrent Open MUST see either
	// fault.NotFound or all of it.
	//
	// Twice: a key that is already stored with that size MUST succeed without rewriting; r may
	// then not be read at all. Concurrent Puts of one key MUST all succeed.
	// Damaged: content of another size under the key (a copy cut short by a failing disk) is not
	// "already stored"; it MUST be replaced by the good content.
	// Wrong digest, or more or fewer bytes than size: fault.Invalid, and nothing is stored.
	// A key that is not a digest, or a negative size: fault.Invalid, and r is not read.
	// Too big, size > MaxSize: fault.TooLarge, and r is not read.
	// An error from r is returned, wrapped; nothing is stored. So is a cancelled ctx.
	// After any error the same Put may be repeated with a fresh reader.
	// Put does not close r.
	Put(ctx context.Context, key string, size int64, r io.Reader) error

	// Open returns the content of key and its size in bytes. The caller MUST close the reader,
	// also when it has not read to the end.
	//
	// Missing: fault.NotFound. A key that is not a digest cannot have been stored: fault.NotFound.
	// The reader MUST deliver exactly size bytes and io.EOF, or an error: fault.Unavailable when
	// the storage stops answering half-way. A short read MUST NOT look like the end.
	// ctx governs the reading too: when it is cancelled, reads may fail.
	// Open does not check the digest, because a reader may want the first bytes only; [ReadAll]
	// does.
	Open(ctx context.Context, key string) (io.ReadCloser, int64, error)

	// Exists reports whether content is stored under key, without fetching it. It MUST NOT say
	// false when it could not find out: that is an error, fault.Unavailable. A key that is not a
	// digest does not exist.
	Exists(ctx context.Context, key string) (bool, error)

	// Ping returns nil if a Put may be expected to succeed now, and otherwise an error that tells
	// an operator what is wrong. It creates what Put would create (a folder, a bucket).
	Ping(ctx context.Context) error

	// Close releases what the bucket holds. The bucket MUST NOT be used afterwards, except that
	// closing again does nothing and succeeds.
	Close() error
}

// Ref names stored content.
type Ref struct {
	// SHA256 is the digest of the stored bytes, 64 lower-case hexadecimal digits: their key.
	SHA256 string
	// Size is the number of stored bytes.
	Size int64
	// MediaType says what the bytes are: application/pdf, image/jpeg, image/png or image/webp.
	MediaType string
}

// CheckKey returns fault.Invalid unless key is a SHA-256 digest in 64 lower-case hexadecimal
// digits. Upper case is refused, so that one content has one name.
func CheckKey(key string) error {
	if len(key) != 2*sha256.Size {
		return fmt.Errorf("blob key %.80q is not a SHA-256 digest: %w", key, fault.Invalid)
	}
	for i := range len(key) {
		if c := key[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return fmt.Errorf("blob key %q is not lower-case hexadecimal: %w", key, fault.Invalid)
		}
	}
	return nil
}

// CheckPut returns the error that [Bucket.Put] owes its caller for the key and the size alone, so
// that every adapter refuses the same.
func CheckPut(key string, size int64) error {
	if err := CheckKey(key); err != nil {
		return err
	}
	if size < 0 {
		return fmt.Errorf("blob of negative size %d: %w", size, fault.Invalid)
	}
	if size > MaxSize {
		return fmt.Errorf("blob of %d bytes: %w", size, tooLarge(""))
	}
	return nil
}

// Digest returns the key of data: its SHA-256 digest in lower-case hexadecimal.
func Digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Verify returns a reader of r that ends with io.EOF only if exactly size bytes with the digest key
// have passed, and with fault.Invalid otherwise. An adapter copies from it and publishes what it
// copied only after io.EOF. At most one byte more than size is read from r, and nothing once ctx is
// done.
func Verify(ctx context.Context, key string, size int64, r io.Reader) io.Reader {
	return &verifier{ctx: ctx, key: key, left: size, r: io.LimitReader(r, size+1), sum: sha256.New()}
}

type verifier struct {
	ctx  context.Context // of the one Put that this reader lives in
	key  string
	left int64
	r    io.Reader
	sum  hash.Hash
}

func (v *verifier) Read(p []byte) (int, error) {
	if err := v.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := v.r.Read(p)
	v.left -= int64(n)
	v.sum.Write(p[:n])
	switch {
	case v.left < 0:
		return 0, fmt.Errorf("content of blob %s is longer than announced: %w", v.key, changed())
	case err == io.EOF && v.left > 0:
		return n, fmt.Errorf("content of blob %s is %d bytes short: %w", v.key, v.left, changed())
	case err == io.EOF:
		if got := hex.EncodeToString(v.sum.Sum(nil)); got != v.key {
			return n, fmt.Errorf("content of blob %s has digest %s: %w", v.key, got, changed())
		}
		return n, io.EOF
	case err != nil:
		return n, fmt.Errorf("reading content of blob %s: %w", v.key, err)
	}
	return n, nil
}

// changed is the problem of content that is not what its digest says.
func changed() *fault.Problem { return fault.New(fault.Invalid, "blob_changed") }

// PutData stores data in b under its digest and returns its reference. The media type is told from
// the content; it is application/octet-stream if it is none that [Accept] takes. Errors are those
// of [Bucket.Put].
func PutData(ctx context.Context, b Bucket, data []byte) (Ref, error) {
	ref := Ref{SHA256: Digest(data), Size: int64(len(data)), MediaType: sniff(data)}
	if ref.MediaType == "" {
		ref.MediaType = "application/octet-stream"
	}
	if err := b.Put(ctx, ref.SHA256, ref.Size, bytes.NewReader(data)); err != nil {
		return Ref{}, fmt.Errorf("storing a document: %w", err)
	}
	return ref, nil
}

// ReadAll returns the whole content of key from b, after checking its digest: storage is not
// trusted to have kept it unchanged. Errors are those of [Bucket.Open]. Content that no longer has
// its digest is an error of no kind, because no visitor can do anything about it.
func ReadAll(ctx context.Context, b Bucket, key string) (data []byte, err error) {
	r, size, err := b.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if size > MaxSize {
		return nil, fmt.Errorf("blob %s holds %d bytes, more than any document", key, size)
	}
	buf := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead))
	if _, err := buf.ReadFrom(r); err != nil {
		return nil, fmt.Errorf("reading blob %s: %w", key, err)
	}
	if got := Digest(buf.Bytes()); got != key {
		return nil, fmt.Errorf("blob %s is damaged: its content has digest %s", key, got)
	}
	return buf.Bytes(), nil
}
