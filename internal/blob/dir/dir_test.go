package dir

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"truynguon/internal/blob"
	"truynguon/internal/blob/blobtest"
	"truynguon/internal/fault"
)

func open(t *testing.T, path string) *Bucket {
	t.Helper()
	b, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func TestConformance(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Bucket { return open(t, t.TempDir()) })
}

func putString(t *testing.T, b *Bucket, s string) blob.Ref {
	t.Helper()
	ref, err := blob.PutData(t.Context(), b, []byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

// files lists every file below a directory with its permissions.
func files(t *testing.T, path string) map[string]fs.FileMode {
	t.Helper()
	found := map[string]fs.FileMode{}
	err := filepath.WalkDir(path, func(p string, e fs.DirEntry, err error) error {
		if err != nil || p == path {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(path, p)
		found[rel] = info.Mode()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// The place of a document is fixed for ever: other tools and other versions rely on it.
func TestLayout(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "deep")
	b := open(t, path)
	putString(t, b, "abc")
	const key = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	want := map[string]fs.FileMode{
		"tmp":          fs.ModeDir | 0o700,
		"ba":           fs.ModeDir | 0o700,
		"ba/78":        fs.ModeDir | 0o700,
		"ba/78/" + key: 0o600,
	}
	if diff := cmp.Diff(want, files(t, path)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the directory itself: %v, %v", info.Mode(), err)
	}
}

func TestReopeningKeepsEverything(t *testing.T) {
	path := t.TempDir()
	b := open(t, path)
	ref := putString(t, b, "kept")
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := blob.ReadAll(t.Context(), open(t, path), ref.SHA256)
	if err != nil || string(got) != "kept" {
		t.Errorf("after reopening: %q, %v", got, err)
	}
}

func TestFailuresLeaveNoFiles(t *testing.T) {
	path := t.TempDir()
	b := open(t, path)
	key := blob.Digest([]byte("right"))
	if err := b.Put(t.Context(), key, 5, strings.NewReader("wrong")); !errors.Is(err, fault.Invalid) {
		t.Errorf("Put: %v", err)
	}
	if diff := cmp.Diff(map[string]fs.FileMode{"tmp": fs.ModeDir | 0o700}, files(t, path)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// A copy that a failing disk cut short is found out and healed by storing the document again.
func TestDamage(t *testing.T) {
	path := t.TempDir()
	b := open(t, path)
	ref := putString(t, b, "a whole document")
	_, file := place(ref.SHA256)
	file = filepath.Join(path, file)

	if err := os.Truncate(file, 3); err != nil {
		t.Fatal(err)
	}
	if _, err := blob.ReadAll(t.Context(), b, ref.SHA256); err == nil || errors.Is(err, fault.NotFound) {
		t.Errorf("ReadAll of a truncated file: %v", err)
	}
	putString(t, b, "a whole document")
	if got, err := blob.ReadAll(t.Context(), b, ref.SHA256); err != nil || string(got) != "a whole document" {
		t.Errorf("after storing again: %q, %v", got, err)
	}

	if err := os.WriteFile(file, []byte("a whole documenT"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := blob.ReadAll(t.Context(), b, ref.SHA256); err == nil {
		t.Error("ReadAll did not notice a changed byte")
	}
}

// Leftovers of a crash go at the next start; what another process is writing now stays.
func TestSweep(t *testing.T) {
	path := t.TempDir()
	open(t, path)
	old, young := filepath.Join(path, "tmp", "old"), filepath.Join(path, "tmp", "young")
	for _, name := range []string{old, young} {
		if err := os.WriteFile(name, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	past := time.Now().Add(-25 * time.Hour)
	if err := os.Chtimes(old, past, past); err != nil {
		t.Fatal(err)
	}
	open(t, path)
	want := map[string]fs.FileMode{"tmp": fs.ModeDir | 0o700, "tmp/young": 0o600}
	if diff := cmp.Diff(want, files(t, path)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// An operator who tidies the folder up while the program runs does not break it.
func TestTmpRemoved(t *testing.T) {
	path := t.TempDir()
	b := open(t, path)
	for _, use := range []func() error{
		func() error { _, err := blob.PutData(t.Context(), b, []byte("x")); return err },
		func() error { return b.Ping(t.Context()) },
	} {
		if err := os.RemoveAll(filepath.Join(path, "tmp")); err != nil {
			t.Fatal(err)
		}
		if err := use(); err != nil {
			t.Error(err)
		}
	}
}

// A link that leads out of the directory is not followed, and neither is a folder taken for content.
func TestLinksStayInside(t *testing.T) {
	path, outside := t.TempDir(), t.TempDir()
	b := open(t, path)
	data := []byte("inside")
	key := blob.Digest(data)
	folder, file := place(key)
	if err := os.WriteFile(filepath.Join(outside, key), data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(path, filepath.Dir(folder)), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(path, folder)); err != nil {
		t.Fatal(err)
	}
	if r, _, err := b.Open(t.Context(), key); err == nil {
		_ = r.Close()
		t.Error("a link out of the directory was followed")
	}
	if err := os.Remove(filepath.Join(path, folder)); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(path, file), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.Open(t.Context(), key); err == nil {
		t.Error("a folder was opened as content")
	}
	if err := b.Put(t.Context(), key, int64(len(data)), bytes.NewReader(data)); err == nil {
		t.Error("a folder was taken for stored content")
	}
}

func TestOpenFails(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"", file, filepath.Join(file, "below")} {
		if b, err := Open(path); err == nil {
			_ = b.Close()
			t.Errorf("Open(%q) succeeded", path)
		}
	}
}

func TestPingNoticesLoss(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gone")
	b := open(t, path)
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	if err := b.Ping(t.Context()); err == nil {
		t.Error("Ping succeeded in a directory that was removed")
	}
}

func TestFullDiskIsUnavailable(t *testing.T) {
	err := full(&fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC})
	if !errors.Is(err, fault.Unavailable) || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("a full disk is %v", err)
	}
	if err := full(fs.ErrPermission); errors.Is(err, fault.Unavailable) {
		t.Errorf("a permission problem is %v", err)
	}
}
