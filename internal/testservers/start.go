package testservers

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// patience is how long a server that was built may take until it answers. It is long because a
// machine that runs all tests at once is slow; nothing waits for it to pass.
const patience = 2 * time.Minute

// start builds the server in the folder of that name, unless it was built before, starts it, and
// returns the address that it prints once it answers.
func start(name string, env ...string) (addr string, err error) {
	binary, err := build(name)
	if err != nil {
		return "", fmt.Errorf("build %s: %w", name, err)
	}
	cmd := exec.Command(binary)
	cmd.Env = append(os.Environ(), env...)
	// The pipe is closed when this process ends, and then so does the server.
	if _, err := cmd.StdinPipe(); err != nil {
		return "", err
	}
	out := &output{found: make(chan string, 1)}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		return "", fmt.Errorf("start %s: %w", name, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case addr := <-out.found:
		return addr, nil
	case err := <-ended:
		return "", fmt.Errorf("%s ended: %w\n%s", name, errors.Join(err), out)
	case <-timer.C:
		_ = cmd.Process.Kill()
		return "", fmt.Errorf("%s did not answer within %v\n%s", name, patience, out)
	}
}

// output keeps the beginning of what a server says, for error messages, and finds its address in it.
type output struct {
	mu    sync.Mutex
	text  bytes.Buffer
	found chan string
	done  bool
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.text.Len() < 1<<16 {
		o.text.Write(p)
	}
	for lines := bufio.NewReader(bytes.NewReader(o.text.Bytes())); !o.done; {
		line, err := lines.ReadString('\n')
		if err != nil { // not all of it is here yet
			break
		}
		if addr, ok := strings.CutPrefix(line, "listening: "); ok {
			o.found <- strings.TrimSpace(addr)
			o.done = true
		}
	}
	return len(p), nil
}

// String returns what was said so far.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// build returns the path of the server's binary. The folder in the cache is named after everything
// that decides what the binary is, so a binary that is there is the right one.
func build(name string) (binary string, err error) {
	source, err := find(filepath.Join("internal", "testservers", name))
	if err != nil {
		return "", err
	}
	sum, err := digest(source)
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "truynguon-testservers", sum)
	binary = filepath.Join(dir, name)
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	// Test packages run at the same time, in processes of their own: one builds, the others wait.
	unlock, err := lockedfile.MutexAt(filepath.Join(dir, "lock")).Lock()
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	cmd := exec.Command("go", "build", "-ldflags=-s -w", "-o", binary+".new", ".")
	cmd.Dir = source
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return binary, os.Rename(binary+".new", binary)
}

// find looks for a folder of this module, from the working directory upwards: tests run in the
// folder of their package.
func find(folder string) (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		at := filepath.Join(dir, folder)
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			return at, nil
		}
		if parent := filepath.Dir(dir); parent != dir {
			dir = parent
			continue
		}
		return "", fmt.Errorf("no %s above the working directory", filepath.ToSlash(folder))
	}
}

func digest(source string) (string, error) {
	h := sha256.New()
	h.Write([]byte(runtime.Version() + runtime.GOOS + runtime.GOARCH)) // which never fails
	for _, name := range []string{"go.mod", "go.sum", "main.go"} {
		f, err := os.Open(filepath.Join(source, name))
		if err != nil {
			return "", err
		}
		_, err = io.Copy(h, f)
		if err := errors.Join(err, f.Close()); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil))[:16], nil
}
