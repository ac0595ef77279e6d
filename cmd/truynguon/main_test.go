package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes the test binary answer to the program's name, so that scripts run what is tested.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"truynguon": main})
}

// TestScripts runs testdata/*.txt: the program as operators use it. The environment holds no
// setting but those that a script makes.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata", RequireExplicitExec: true, RequireUniqueNames: true, Setup: setUpScript, Cmds: scriptCommands(),
	})
}

// running runs a command line and returns its exit status and what it printed.
func running(t *testing.T, env []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, complaints bytes.Buffer
	code = run(t.Context(), args, env, strings.NewReader(""), &out, &complaints)
	return code, out.String(), complaints.String()
}

func TestEveryCommandExplainsItself(t *testing.T) {
	seen := map[string]bool{}
	for _, cmd := range commands() {
		if seen[cmd.Name] || cmd.About == "" || cmd.Run == nil {
			t.Errorf("command %q is there twice or lacks something", cmd.Name)
		}
		seen[cmd.Name] = true
		name := strings.Fields(cmd.Name)
		code, asked, complaints := running(t, nil, append(name, "-h")...)
		if code != exitDone || complaints != "" || !strings.Contains(asked, "usage: truynguon "+cmd.Name) {
			t.Errorf("%s -h: status %d, printed %q and %q", cmd.Name, code, asked, complaints)
		}
		code, helped, complaints := running(t, nil, append([]string{"help"}, name...)...)
		if code != exitDone || complaints != "" {
			t.Errorf("help %s: status %d, complained %q", cmd.Name, code, complaints)
		}
		if diff := cmp.Diff(asked, helped); diff != "" {
			t.Errorf("%s -h and help %s differ:\n%s", cmd.Name, cmd.Name, diff)
		}
		// Every command refuses a flag that it has not, before it does anything.
		if code, stdout, complaints := running(t, nil, append(name, "-no-such-flag")...); code != exitUsage || stdout != "" || complaints == "" {
			t.Errorf("%s -no-such-flag: status %d, printed %q, complained %q", cmd.Name, code, stdout, complaints)
		}
	}
}

// closed is a standard output that nobody reads any more.
type closed struct{}

func (closed) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestLostOutputIsAFailure(t *testing.T) {
	for _, name := range []string{"version", "config"} {
		var complaints bytes.Buffer
		if code := run(t.Context(), []string{name}, nil, strings.NewReader(""), closed{}, &complaints); code != exitFailed {
			t.Errorf("%s: status %d, want %d", name, code, exitFailed)
		}
	}
}

func TestDescribe(t *testing.T) {
	setting := func(key, value string) debug.BuildSetting { return debug.BuildSetting{Key: key, Value: value} }
	tests := []struct {
		name string
		info debug.BuildInfo
		want string
	}{
		{"nothing known", debug.BuildInfo{}, "(devel)"},
		{"released", debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}}, "v1.2.3"},
		{"from a clone", debug.BuildInfo{
			Main:     debug.Module{Version: "(devel)"},
			Settings: []debug.BuildSetting{setting("vcs.revision", "0123456789abcdef0123"), setting("vcs.modified", "false")},
		}, "(devel), commit 0123456789ab"},
		{"changed since", debug.BuildInfo{
			Main:     debug.Module{Version: "(devel)"},
			Settings: []debug.BuildSetting{setting("vcs.revision", "0123"), setting("vcs.modified", "true")},
		}, "(devel), commit 0123, with changes"},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, describe(&tt.info)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestHealth(t *testing.T) {
	ready := true
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/readyz" {
			t.Errorf("asked %s", r.URL.Path)
		}
		if !ready {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, "database does not answer\n")
		}
	}))
	defer s.Close()
	env := []string{"TRUYNGUON_ADDR=" + s.Listener.Addr().String()}
	if code, _, complaints := running(t, env, "health"); code != exitDone {
		t.Errorf("ready: status %d, %s", code, complaints)
	}
	ready = false
	code, _, complaints := running(t, env, "health")
	if code != exitFailed || !strings.Contains(complaints, "503") || !strings.Contains(complaints, "database does not answer") {
		t.Errorf("not ready: status %d, %s", code, complaints)
	}
	s.Close()
	if code, _, complaints := running(t, env, "health"); code != exitFailed || complaints == "" {
		t.Errorf("not running: status %d, %s", code, complaints)
	}
}

func TestHealthEndsWhenToldTo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, complaints bytes.Buffer
	if code := run(ctx, []string{"health"}, nil, strings.NewReader(""), &out, &complaints); code != exitFailed {
		t.Errorf("status %d, want %d", code, exitFailed)
	}
}

func TestLocalAddr(t *testing.T) {
	for addr, want := range map[string]string{
		":8080": "127.0.0.1:8080", "0.0.0.0:80": "127.0.0.1:80", "[::]:80": "[::1]:80",
		"10.0.0.7:80": "10.0.0.7:80", "localhost:80": "localhost:80",
	} {
		if got := localAddr(addr); got != want {
			t.Errorf("localAddr(%q) = %q, want %q", addr, got, want)
		}
	}
}
