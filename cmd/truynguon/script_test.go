package main

import (
	"fmt"
	"net"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// What scripts can do besides the commands of package testscript.
//
//	serve [ARGS...]
//		Starts "truynguon serve ARGS" and waits until it listens; with -demo, until it has printed all its
//		lines. Sets $URL to its address, and for each line NAME<tab>URL<tab>note that it printed, $NAME and
//		$NAME_note. What it printed is there for stdout.
//	stop
//		Tells the program to end as an operator does, and fails unless it ends with status 0. What it
//		printed is there for stdout and stderr.
//	get STATUS ADDRESS [ACCEPT]
//		Asks for an address, which may be a path, in English, following the redirects of printed links, and
//		fails unless the answer has the status. The body is there for stdout, the header for stderr.
//	login ADDRESS 'EMAIL PASSWORD'
//		Logs in with the form at the address; with ! the form must refuse, with 422 or 401.
//	interrupt GLOB [ARGS...]
//		Starts "truynguon serve ARGS" and kills it as a power cut does, once there is such a file.
//	keep NAME
//		Sets $NAME to what the last command printed on standard output.
//	occupy
//		Takes a port, and sets $TRUYNGUON_ADDR to it.
func scriptCommands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"serve": scriptServe, "stop": scriptStop, "get": scriptGet, "login": scriptLogin,
		"interrupt": scriptInterrupt, "keep": scriptKeep, "occupy": scriptOccupy,
	}
}

// inScript is what a script has under way.
type inScript struct{ serving *process }

// setUpScript gives a script the program, and a place to keep what it starts.
func setUpScript(e *testscript.Env) error {
	path, err := programPath()
	if err != nil {
		return err
	}
	e.Setenv("PATH", filepath.Dir(path)+string(filepath.ListSeparator)+e.Getenv("PATH"))
	mine := &inScript{}
	e.Values["script"] = mine
	e.Defer(func() {
		if mine.serving != nil {
			mine.serving.kill()
		}
	})
	return nil
}

// scriptStart starts the program with the script's settings.
func scriptStart(ts *testscript.TestScript, args []string) (*inScript, *process) {
	path, err := programPath()
	ts.Check(err)
	var settings []string
	for _, v := range variables() {
		if value := ts.Getenv(v.Name); value != "" {
			settings = append(settings, v.Name+"="+value)
		}
	}
	mine := ts.Value("script").(*inScript)
	if mine.serving != nil {
		ts.Fatalf("it is serving already")
	}
	p, err := start(path, ts.MkAbs("."), settings, append([]string{"serve"}, args...)...)
	ts.Check(err)
	mine.serving = p
	return mine, p
}

func scriptServe(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("unsupported: ! serve; use ! exec truynguon serve")
	}
	_, p := scriptStart(ts, args)
	ts.Check(p.listens())
	ts.Setenv("URL", p.base)
	if strings.Contains(strings.Join(args, " "), "-demo") {
		_, err := p.await(p.out, announced)
		ts.Check(err)
		for line := range strings.Lines(p.out.String()) {
			if parts := strings.Split(strings.TrimSuffix(line, "\n"), "\t"); len(parts) == 3 {
				ts.Setenv(parts[0], parts[1])
				ts.Setenv(parts[0]+"_note", parts[2])
			}
		}
	}
	_, _ = fmt.Fprint(ts.Stdout(), p.out)
}

func scriptStop(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: stop")
	}
	mine := ts.Value("script").(*inScript)
	p := mine.serving
	if p == nil {
		ts.Fatalf("nothing is serving")
	}
	mine.serving = nil
	if err := p.stop(); err != nil {
		ts.Fatalf("told to stop: %v\n%s", err, p.log)
	}
	_, _ = fmt.Fprint(ts.Stdout(), p.out)
	_, _ = fmt.Fprint(ts.Stderr(), p.log)
}

func scriptGet(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: get STATUS ADDRESS [ACCEPT]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	accept := "text/html"
	if len(args) == 3 {
		accept = args[2]
	}
	a, err := newVisitor(ts.Getenv("URL")).look(args[1], accept)
	ts.Check(err)
	_, _ = fmt.Fprint(ts.Stdout(), a.body)
	ts.Check(a.header.Write(ts.Stderr()))
	if a.status != want {
		ts.Fatalf("%s answers %d, want %d\n%s", args[1], a.status, want, a.body)
	}
}

func scriptLogin(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: [!] login ADDRESS 'EMAIL PASSWORD'")
	}
	email, password, _ := strings.Cut(args[1], " ")
	v := newVisitor(ts.Getenv("URL"))
	err := v.logIn(strings.TrimPrefix(args[0], v.base), email, password)
	switch {
	case neg && err == nil:
		ts.Fatalf("%s could log in", email)
	case neg && !refusedLogIn.MatchString(err.Error()):
		ts.Fatalf("%s was not refused: %v", email, err)
	case !neg:
		ts.Check(err)
	}
}

var refusedLogIn = regexp.MustCompile(`logging in is answered with (401|422)`)

func scriptInterrupt(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: interrupt GLOB [ARGS...]")
	}
	glob := ts.MkAbs(args[0])
	mine, p := scriptStart(ts, args[1:])
	defer func() { mine.serving = nil }()
	defer p.kill()
	ts.Check(poll(func() (bool, error) {
		select {
		case <-p.ended:
			return false, fmt.Errorf("ended: %s\n%s", p.cmd.ProcessState, p.log)
		default:
		}
		found, err := filepath.Glob(glob)
		return len(found) > 0, err
	}))
}

func scriptKeep(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: keep NAME")
	}
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile("stdout")))
}

func scriptOccupy(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: occupy")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { _ = l.Close() })
	ts.Setenv("TRUYNGUON_ADDR", l.Addr().String())
}
