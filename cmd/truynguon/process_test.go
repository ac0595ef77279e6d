package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long anything that a test waits for may take. It is long because a machine that runs
// all tests at once is slow; nothing waits for it to pass.
const patience = 2 * time.Minute

// raced reports whether this test binary looks for data races.
var raced = sync.OnceValue(func() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
})

// programPath is the program to start where data races are not what a test is about. It is this test
// binary, as TestMain arranged it; if that looks for data races, which makes it ten times slower, the
// program is built without, once. The folder is TestMain's and goes when it does.
var programPath = sync.OnceValues(func() (string, error) {
	itself, err := exec.LookPath("truynguon")
	if err != nil || !raced() {
		return itself, err
	}
	plain := filepath.Join(filepath.Dir(itself), "plain", filepath.Base(itself))
	out, err := exec.Command("go", "build", "-race=false", "-buildvcs=false", "-o", plain, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return plain, nil
})

// theProgram is programPath for a test.
func theProgram(t testing.TB) string {
	t.Helper()
	path, err := programPath()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// transcript keeps what a process prints, and wakes those who wait for something in it.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{} // closed and replaced when there is more text
}

func newTranscript() *transcript { return &transcript{more: make(chan struct{})} }

// Write implements io.Writer.
func (tr *transcript) Write(p []byte) (int, error) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	close(tr.more)
	tr.more = make(chan struct{})
	return tr.text.Write(p)
}

// String returns what was printed so far.
func (tr *transcript) String() string {
	text, _ := tr.now()
	return text
}

// now returns what was printed so far, and a channel that is closed when there is more.
func (tr *transcript) now() (string, <-chan struct{}) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return tr.text.String(), tr.more
}

// process is the program running by itself, as operators run it.
type process struct {
	cmd      *exec.Cmd
	out, log *transcript
	ended    chan struct{} // closed when it has ended, with err
	err      error
	base     string // where it is reached, once it listens
}

// start starts a program in a folder, with nothing of this process's settings but those given. Whoever
// starts it ends it; see kill.
func start(path, folder string, settings []string, args ...string) (*process, error) {
	p := &process{out: newTranscript(), log: newTranscript(), ended: make(chan struct{})}
	p.cmd = exec.Command(path, args...)
	p.cmd.Dir = folder
	p.cmd.Env = append(bareEnviron(), settings...)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.log
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// bareEnviron is the environment without any setting of the program.
func bareEnviron() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "TRUYNGUON_") })
}

// await waits until the process has printed something that matches, and returns the submatches.
func (p *process) await(tr *transcript, what *regexp.Regexp) ([]string, error) {
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		ended := false
		select {
		case <-p.ended: // what it printed is complete
			ended = true
		default:
		}
		text, more := tr.now()
		if m := what.FindStringSubmatch(text); m != nil {
			return m, nil
		}
		if ended {
			return nil, fmt.Errorf("ended (%s) without printing %q:\n%s", p.cmd.ProcessState, what, p.log)
		}
		select {
		case <-more:
		case <-p.ended:
		case <-deadline.C:
			return nil, fmt.Errorf("has not printed %q within %v:\n%s", what, patience, p.log)
		}
	}
}

var (
	listening = regexp.MustCompile(`msg=listening address=(\S+)`)
	announced = regexp.MustCompile(`(?m)^buyer\t.*\n`) // the last line of serve -demo
)

// listens waits until the program answers requests, and notes where.
func (p *process) listens() error {
	m, err := p.await(p.log, listening)
	if err != nil {
		return err
	}
	p.base = "http://" + m[1]
	return nil
}

// stop tells the process to end as an operator does, and waits for it.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return p.wait()
}

// wait waits for the process to end, and returns how it did.
func (p *process) wait() error {
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	select {
	case <-p.ended:
		return p.err
	case <-deadline.C:
		p.kill()
		return fmt.Errorf("did not end within %v:\n%s", patience, p.log)
	}
}

// kill ends the process as a power cut does: at once, whatever it is doing. It may have ended already.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// serving starts the program for a test and waits until it answers requests. It listens on a free port
// and is gone when the test ends.
func serving(t testing.TB, path, folder string, settings []string, args ...string) *process {
	t.Helper()
	settings = append([]string{"TRUYNGUON_ADDR=127.0.0.1:0"}, settings...)
	p, err := start(path, folder, settings, append([]string{"serve"}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.kill()
		if strings.Contains(p.log.String(), "DATA RACE") {
			t.Errorf("a data race:\n%s", p.log)
		}
		if t.Failed() {
			t.Logf("what the program logged, without the requests that went well:\n%s", notable(p.log.String()))
		}
	})
	if err := p.listens(); err != nil {
		t.Fatal(err)
	}
	return p
}

// stopped stops a program that a test started.
func (p *process) stopped(t testing.TB) {
	t.Helper()
	if err := p.stop(); err != nil {
		t.Fatalf("told to stop: %v\n%s", err, p.log)
	}
}

// commanded runs the program to its end and returns what it printed. It fails the test unless the
// program succeeds.
func commanded(t testing.TB, folder string, settings []string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, theProgram(t), args...)
	cmd.Dir = folder
	cmd.Env = append(bareEnviron(), settings...)
	cmd.Stdin = strings.NewReader("")
	var complaints bytes.Buffer
	cmd.Stderr = io.Writer(&complaints)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("truynguon %s: %v\n%s", strings.Join(args, " "), err, &complaints)
	}
	return string(out)
}

// notable is a log without the lines about requests that went well.
func notable(log string) string {
	lines := slices.DeleteFunc(strings.SplitAfter(log, "\n"), func(line string) bool {
		return strings.Contains(line, "level=INFO msg=request")
	})
	return strings.Join(lines, "")
}

// poll asks again and again, with a moment between, until the answer is yes.
func poll(done func() (bool, error)) error {
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("not within %v", patience)
		}
		<-tick.C
	}
}
