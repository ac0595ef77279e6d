// Package blobtest is the contract of blob.Bucket as tests. An adapter is done when it passes.
package blobtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"truynguon/internal/blob"
	"truynguon/internal/fault"
)

// Run checks a bucket against every promise of blob.Bucket. open returns an empty bucket, which it
// also has to close and to clear away at the end of the test it is given.
func Run(t *testing.T, open func(t *testing.T) blob.Bucket) {
	for _, tc := range []struct {
		name string
		run  func(*testing.T, blob.Bucket)
	}{
		{"RoundTrip", roundTrip},
		{"Missing", missing},
		{"Twice", twice},
		{"WrongContent", wrongContent},
		{"HostileKeys", hostileKeys},
		{"TooBig", tooBig},
		{"BrokenReader", brokenReader},
		{"Cancelled", cancelled},
		{"Concurrent", concurrent},
		{"EarlyClose", earlyClose},
		{"Ping", ping},
		{"CloseTwice", closeTwice},
		{"Helpers", helpers},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.run(t, open(t)) })
	}
}

// content is n bytes that no compression shortens and that differ by seed.
func content(seed, n int) []byte {
	b := make([]byte, n)
	x := uint32(seed)*2654435761 + 1
	for i := range b {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		b[i] = byte(x)
	}
	return b
}

func put(t *testing.T, b blob.Bucket, data []byte) string {
	t.Helper()
	key := blob.Digest(data)
	if err := b.Put(t.Context(), key, int64(len(data)), bytes.NewReader(data)); err != nil {
		t.Fatalf("Put of %d bytes: %v", len(data), err)
	}
	return key
}

// read returns what Open delivers, and checks that the announced size is true.
func read(t *testing.T, b blob.Bucket, key string) []byte {
	t.Helper()
	r, size, err := b.Open(t.Context(), key)
	if err != nil {
		t.Fatalf("Open(%s): %v", key, err)
	}
	data, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		t.Fatalf("reading %s: %v", key, err)
	}
	if size != int64(len(data)) {
		t.Errorf("Open said %d bytes, and %d came", size, len(data))
	}
	return data
}

// absent checks that nothing is stored under key.
func absent(t *testing.T, b blob.Bucket, key string) {
	t.Helper()
	if there, err := b.Exists(context.WithoutCancel(t.Context()), key); there || err != nil {
		t.Errorf("Exists(%.80q) = %v, %v; want false", key, there, err)
	}
	if _, _, err := b.Open(context.WithoutCancel(t.Context()), key); !errors.Is(err, fault.NotFound) {
		t.Errorf("Open(%.80q): %v; want fault.NotFound", key, err)
	}
}

// What goes in comes out, for the sizes at which buffers and parts begin and end.
func roundTrip(t *testing.T, b blob.Bucket) {
	for i, n := range []int{0, 1, 511, 4096, 32<<10 + 1, 1 << 20, 5<<20 + 1, blob.MaxSize} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			want := content(i, n)
			key := put(t, b, want)
			if got := read(t, b, key); !bytes.Equal(want, got) {
				t.Errorf("%d bytes came back as %d others", len(want), len(got))
			}
			if there, err := b.Exists(t.Context(), key); !there || err != nil {
				t.Errorf("Exists = %v, %v; want true", there, err)
			}
		})
	}
}

// A document that was never stored is not found, also before anything was ever stored.
func missing(t *testing.T, b blob.Bucket) {
	key := blob.Digest([]byte("never stored"))
	absent(t, b, key)
	other := put(t, b, []byte("stored"))
	absent(t, b, key)
	// Beside a stored one: a name that begins alike.
	absent(t, b, other[:62]+"00")
}

// A second Put of the same content succeeds and need not read; the content stays.
func twice(t *testing.T, b blob.Bucket) {
	data := content(1, 1000)
	key := put(t, b, data)
	put(t, b, data)
	// What is stored is right by its digest, so an unreadable second copy is no failure.
	err := b.Put(t.Context(), key, int64(len(data)), iotest.ErrReader(errors.New("must not be needed")))
	if err != nil {
		t.Errorf("Put of stored content: %v", err)
	}
	// A wrong size does not harm what is there.
	err = b.Put(t.Context(), key, 3, strings.NewReader("abc"))
	if !errors.Is(err, fault.Invalid) {
		t.Errorf("Put of other content under a stored key: %v; want fault.Invalid", err)
	}
	if !bytes.Equal(data, read(t, b, key)) {
		t.Error("the stored content changed")
	}
}

// Content that is not what its key says is refused and leaves nothing behind, and the right content
// can still be stored.
func wrongContent(t *testing.T, b blob.Bucket) {
	data := content(2, 70_000)
	flipped := bytes.Clone(data)
	flipped[len(flipped)-1] ^= 1
	for _, tc := range []struct {
		name string
		size int
		data []byte
	}{
		{"one bit", len(data), flipped},
		{"short", len(data), data[:len(data)-1]},
		{"nothing", len(data), nil},
		{"long", len(data), append(bytes.Clone(data), 0)},
		{"announced short", len(data) - 1, data},
		{"announced long", len(data) + 1, data},
		{"announced empty", 0, data},
		{"negative", -1, data},
	} {
		t.Run(tc.name, func(t *testing.T) {
			key := blob.Digest(data)
			err := b.Put(t.Context(), key, int64(tc.size), bytes.NewReader(tc.data))
			if !errors.Is(err, fault.Invalid) {
				t.Errorf("Put: %v; want fault.Invalid", err)
			}
			absent(t, b, key)
		})
	}
	if !bytes.Equal(data, read(t, b, put(t, b, data))) {
		t.Error("the right content did not come back")
	}
}

// Whatever is not a digest can neither be stored nor lead anywhere.
func hostileKeys(t *testing.T, b blob.Bucket) {
	good := put(t, b, []byte("good"))
	for _, key := range []string{
		"", ".", "..", "/", "a", "../../etc/passwd", "..%2f..%2fetc%2fpasswd", "/etc/passwd", `..\..\x`,
		good[:63], good + "0", strings.ToUpper(good), good[:2] + "/" + good[2:], good[:63] + "\x00",
		good[:63] + "g", strings.Repeat("../", 21) + "x", strings.Repeat(".", 64), strings.Repeat("/", 64),
		"tmp", "tmp/" + good, strings.Repeat("é", 32), " " + good[1:], good + "\n", strings.Repeat("0", 1<<16),
	} {
		err := b.Put(t.Context(), key, 4, strings.NewReader("good"))
		if !errors.Is(err, fault.Invalid) {
			t.Errorf("Put(%.80q): %v; want fault.Invalid", key, err)
		}
		absent(t, b, key)
	}
}

// What is announced as larger than any document is refused before it is read.
func tooBig(t *testing.T, b blob.Bucket) {
	key := blob.Digest([]byte("any"))
	r := &counter{r: zeros{}}
	for _, size := range []int64{blob.MaxSize + 1, 1 << 62} {
		if err := b.Put(t.Context(), key, size, r); !errors.Is(err, fault.TooLarge) {
			t.Errorf("Put of %d bytes: %v; want fault.TooLarge", size, err)
		}
	}
	if r.n > 0 {
		t.Errorf("%d bytes were read of content that is too big", r.n)
	}
	absent(t, b, key)
	// A reader that never ends is left after one byte too many.
	if err := b.Put(t.Context(), key, 10, r); !errors.Is(err, fault.Invalid) {
		t.Errorf("Put from an endless reader: %v; want fault.Invalid", err)
	}
	if r.n > 11 {
		t.Errorf("%d bytes were read where 10 were announced", r.n)
	}
}

// The sender's failure is reported as it is and leaves nothing behind.
func brokenReader(t *testing.T, b blob.Bucket) {
	data := content(3, 100_000)
	key := blob.Digest(data)
	cut := errors.New("the line was cut")
	r := io.MultiReader(bytes.NewReader(data[:50_000]), iotest.ErrReader(cut))
	if err := b.Put(t.Context(), key, int64(len(data)), r); !errors.Is(err, cut) {
		t.Errorf("Put: %v; want the reader's error", err)
	}
	absent(t, b, key)
	// Readers may deliver bytes singly, and the last ones together with io.EOF.
	small := data[:300]
	for _, r := range []io.Reader{
		iotest.OneByteReader(bytes.NewReader(small)),
		iotest.DataErrReader(bytes.NewReader(small)),
	} {
		if err := b.Put(t.Context(), blob.Digest(small), int64(len(small)), r); err != nil {
			t.Errorf("Put from %T: %v", r, err)
		}
	}
	put(t, b, data)
}

// A cancelled context stops every method with its own error, also in the middle of a Put.
func cancelled(t *testing.T, b blob.Bucket) {
	stored := put(t, b, []byte("stored before"))
	ctx, cancel := context.WithCancel(t.Context())
	data := content(4, 200_000)
	key := blob.Digest(data)
	r := io.MultiReader(bytes.NewReader(data[:100_000]), &action{do: cancel}, bytes.NewReader(data[100_000:]))
	if err := b.Put(ctx, key, int64(len(data)), r); !errors.Is(err, context.Canceled) {
		t.Errorf("Put that was cancelled half-way: %v", err)
	}
	absent(t, b, key)
	if err := b.Put(ctx, key, int64(len(data)), bytes.NewReader(data)); !errors.Is(err, context.Canceled) {
		t.Errorf("Put when cancelled: %v", err)
	}
	absent(t, b, key)
	if _, _, err := b.Open(ctx, stored); !errors.Is(err, context.Canceled) {
		t.Errorf("Open when cancelled: %v", err)
	}
	if there, err := b.Exists(ctx, stored); there || !errors.Is(err, context.Canceled) {
		t.Errorf("Exists when cancelled: %v, %v", there, err)
	}
	if err := b.Ping(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Ping when cancelled: %v", err)
	}
	put(t, b, data)
}

// Many writers of one key all succeed, and readers beside them see nothing or everything.
func concurrent(t *testing.T, b blob.Bucket) {
	data := content(5, 300_000)
	key := blob.Digest(data)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if err := b.Put(t.Context(), key, int64(len(data)), bytes.NewReader(data)); err != nil {
				t.Errorf("Put beside others: %v", err)
			}
		})
		all.Go(func() {
			for range 5 {
				got, err := blob.ReadAll(t.Context(), b, key)
				if err != nil && !errors.Is(err, fault.NotFound) {
					t.Errorf("Open beside writers: %v", err)
				}
				if err == nil && !bytes.Equal(data, got) {
					t.Errorf("a part of the content was seen: %d bytes", len(got))
				}
			}
		})
	}
	// Other keys are stored meanwhile, and a wrong content for this one is not.
	for i := range 8 {
		all.Go(func() {
			other := content(100+i, 1000*i)
			if err := b.Put(t.Context(), blob.Digest(other), int64(len(other)), bytes.NewReader(other)); err != nil {
				t.Errorf("Put of another key: %v", err)
			}
		})
		all.Go(func() {
			err := b.Put(t.Context(), key, int64(len(data)+1), zeros{})
			if !errors.Is(err, fault.Invalid) {
				t.Errorf("Put of wrong content beside others: %v; want fault.Invalid", err)
			}
		})
	}
	all.Wait()
	if !bytes.Equal(data, read(t, b, key)) {
		t.Error("the content is not what all have written")
	}
}

// A reader that is closed early, or never read, harms nothing.
func earlyClose(t *testing.T, b blob.Bucket) {
	data := content(6, 1<<20)
	key := put(t, b, data)
	for _, n := range []int{0, 10} {
		r, _, err := b.Open(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		head := make([]byte, n)
		if _, err := io.ReadFull(r, head); err != nil || !bytes.Equal(data[:n], head) {
			t.Errorf("the first %d bytes: %v", n, err)
		}
		if err := r.Close(); err != nil {
			t.Errorf("closing early: %v", err)
		}
	}
	if !bytes.Equal(data, read(t, b, key)) {
		t.Error("the content changed")
	}
}

// A bucket that works says so, before and after the first Put, and Ping stores nothing.
func ping(t *testing.T, b blob.Bucket) {
	for range 2 {
		if err := b.Ping(t.Context()); err != nil {
			t.Errorf("Ping: %v", err)
		}
		put(t, b, []byte("x"))
	}
	absent(t, b, blob.Digest(nil))
}

func closeTwice(t *testing.T, b blob.Bucket) {
	put(t, b, []byte("x"))
	for range 2 {
		if err := b.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
}

// The helpers that callers use agree with the bucket.
func helpers(t *testing.T, b blob.Bucket) {
	data := []byte("%PDF-1.4 a document")
	ref, err := blob.PutData(t.Context(), b, data)
	if err != nil {
		t.Fatal(err)
	}
	want := blob.Ref{SHA256: blob.Digest(data), Size: int64(len(data)), MediaType: "application/pdf"}
	if ref != want {
		t.Errorf("PutData = %+v, want %+v", ref, want)
	}
	got, err := blob.ReadAll(t.Context(), b, ref.SHA256)
	if err != nil || !bytes.Equal(data, got) {
		t.Errorf("ReadAll = %q, %v", got, err)
	}
	if _, err := blob.ReadAll(t.Context(), b, blob.Digest([]byte("missing"))); !errors.Is(err, fault.NotFound) {
		t.Errorf("ReadAll of what is missing: %v", err)
	}
}

// zeros is an endless reader.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// counter counts what is read through it.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// action is an empty reader that does something when it is reached.
type action struct{ do func() }

func (a *action) Read([]byte) (int, error) {
	a.do()
	return 0, io.EOF
}
