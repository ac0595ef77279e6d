// Package dir keeps documents in a directory: the default, which needs no server.
//
// The content with digest abcdef… is the file ab/cd/abcdef… below the directory, so that no folder
// grows beyond what file systems like, and the directory can be copied, compared and repaired with
// ordinary tools (sha256sum prints the name that a file should have). The folder tmp holds what is
// being written; it is on the same file system, so that a finished file can be moved at once.
package dir

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"
	"time"

	"truynguon/internal/blob"
	"truynguon/internal/fault"
)

const (
	// Documents may be personal (contracts, names on certificates): nobody but the program's own
	// user reads them on the machine.
	folderMode = 0o700
	fileMode   = 0o600

	tmpFolder = "tmp"
	// staleAfter is the age at which a file in tmp is what a crash left over. Another process may
	// be writing the younger ones.
	staleAfter = 24 * time.Hour
)

// Bucket is a blob.Bucket in a directory. Several processes of one machine may use one directory.
type Bucket struct {
	root *os.Root // every path is looked up below it; links that lead outside are not followed
}

var _ blob.Bucket = (*Bucket)(nil)

// Open returns the bucket in the directory at path, which is made if it does not exist, and removes
// what a crash left half-written there more than a day ago.
func Open(path string) (*Bucket, error) {
	if path == "" {
		return nil, errors.New("opening a blob directory: no path")
	}
	if err := os.MkdirAll(path, folderMode); err != nil {
		return nil, fmt.Errorf("opening a blob directory: %w", err)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("opening a blob directory: %w", err)
	}
	b := &Bucket{root: root}
	if err := b.sweep(time.Now().Add(-staleAfter)); err != nil {
		return nil, errors.Join(fmt.Errorf("opening a blob directory: %w", err), root.Close())
	}
	return b, nil
}

// sweep makes the folder tmp and removes files from it that were last written before a time.
func (b *Bucket) sweep(before time.Time) error {
	if err := b.root.MkdirAll(tmpFolder, folderMode); err != nil {
		return err
	}
	entries, err := fs.ReadDir(b.root.FS(), tmpFolder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // finished in this moment
		}
		if err != nil {
			return err
		}
		if info.ModTime().After(before) {
			continue
		}
		if err := b.root.Remove(path.Join(tmpFolder, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// place returns the folder and the file of a key that has been checked.
func place(key string) (folder, file string) {
	folder = path.Join(key[:2], key[2:4])
	return folder, path.Join(folder, key)
}

// Put implements blob.Bucket. A full disk is fault.Unavailable.
func (b *Bucket) Put(ctx context.Context, key string, size int64, r io.Reader) (err error) {
	defer fault.Wrap(&err, "dir.Put(%.80q)", key)
	if err := blob.CheckPut(key, size); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	folder, file := place(key)
	if info, err := b.root.Stat(file); err == nil && info.Mode().IsRegular() && info.Size() == size {
		// Another writer may have moved it here and not yet made that durable.
		return full(b.syncFolders(folder))
	}
	tmp, err := b.write(ctx, key, size, r)
	if err != nil {
		return full(err)
	}
	if err := b.publish(tmp, folder, file); err != nil {
		return full(errors.Join(err, b.root.Remove(tmp)))
	}
	return full(b.syncFolders(folder))
}

// write copies r to a new file in tmp, checks it, makes it durable, and returns its name. Nothing
// is left behind on an error.
func (b *Bucket) write(ctx context.Context, key string, size int64, r io.Reader) (name string, err error) {
	name = path.Join(tmpFolder, key+"."+rand.Text())
	f, err := b.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if errors.Is(err, fs.ErrNotExist) { // tmp was tidied away
		if err := b.root.MkdirAll(tmpFolder, folderMode); err != nil {
			return "", err
		}
		f, err = b.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	}
	if err != nil {
		return "", err
	}
	_, err = io.Copy(f, blob.Verify(ctx, key, size, r))
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = ctx.Err() // the last moment at which cancelling leaves nothing
	}
	if err != nil {
		return "", errors.Join(err, b.root.Remove(name))
	}
	return name, nil
}

// publish moves a finished file to where readers look for it. If a concurrent Put was faster, its
// file, which is equal, is replaced.
func (b *Bucket) publish(tmp, folder, file string) error {
	if err := b.root.MkdirAll(folder, folderMode); err != nil {
		return err
	}
	return b.root.Rename(tmp, file)
}

// syncFolders makes the entries that lead to a file durable: the file's in its folder, and the
// folders' in theirs, which this Put or one beside it may just have made.
func (b *Bucket) syncFolders(folder string) error {
	for _, name := range []string{folder, path.Dir(folder), "."} {
		f, err := b.root.Open(name)
		if err != nil {
			return err
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// Open implements blob.Bucket.
func (b *Bucket) Open(ctx context.Context, key string) (_ io.ReadCloser, _ int64, err error) {
	defer fault.Wrap(&err, "dir.Open(%.80q)", key)
	if blob.CheckKey(key) != nil {
		return nil, 0, fault.NotFound
	}
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	_, file := place(key)
	f, err := b.root.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, fault.NotFound
	}
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	if !info.Mode().IsRegular() {
		return nil, 0, errors.Join(errors.New("not a regular file"), f.Close())
	}
	return f, info.Size(), nil
}

// Exists implements blob.Bucket.
func (b *Bucket) Exists(ctx context.Context, key string) (_ bool, err error) {
	defer fault.Wrap(&err, "dir.Exists(%.80q)", key)
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if blob.CheckKey(key) != nil {
		return false, nil
	}
	_, file := place(key)
	_, err = b.root.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// Ping implements blob.Bucket: it writes an empty file and removes it, because a directory can
// become unwritable (a full disk, a mount that turned read-only) while it still can be read.
func (b *Bucket) Ping(ctx context.Context) (err error) {
	defer fault.Wrap(&err, "dir.Ping")
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := b.root.MkdirAll(tmpFolder, folderMode); err != nil {
		return full(err)
	}
	name := path.Join(tmpFolder, "ping."+rand.Text())
	f, err := b.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return full(err)
	}
	return errors.Join(f.Close(), b.root.Remove(name))
}

// Close implements blob.Bucket.
func (b *Bucket) Close() error { return b.root.Close() }

// full marks the errors of a disk that takes no more for now as fault.Unavailable: an operator can
// make room, and the visitor may try again.
func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EROFS) {
		return fmt.Errorf("%w: %w", fault.New(fault.Unavailable, "blob_unavailable"), err)
	}
	return err
}
