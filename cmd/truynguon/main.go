// Command truynguon runs a traceability site for farm produce: what was harvested where, by whom,
// under which certificate, and which way it went, told to whoever scans the code on the package.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// The program's exit statuses.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2 // the command line was wrong; nothing was done
)

// command is one thing the program can be told to do.
type command struct {
	Name  string // one or two words, such as "user add"
	Args  string // what may follow, for the usage line
	About string // one line, for the list of commands
	// Run does it. Data goes to Stdout, progress and complaints to Stderr. An error made by
	// usagef means that the command line was wrong.
	Run func(context.Context, *call) error
}

// commands is everything that the program can be told to do, in the order in which help lists it.
func commands() []command {
	return []command{
		{"serve", "[-demo]", "run the site and the API", serve},
		{"user add", "-role ROLE [-org ID] [-unit CODE] EMAIL", "add a person; the password comes from standard input, or is made and printed", userAdd},
		{"key add", "-role ROLE [-org ID] [-unit CODE] -name NAME", "add an API key and print it, this once", keyAdd},
		{"migrate", "", "bring the records of an older version of the program up to this one", migrate},
		{"health", "", "ask the program running at TRUYNGUON_ADDR whether it is ready", health},
		{"config", "[-defaults]", "print the settings in force, secrets hidden", printConfig},
		{"version", "", "print the version", printVersion},
		{"help", "[COMMAND]", "explain a command, or list them all", help},
	}
}

// call is one command line being carried out.
type call struct {
	Env    []string // as os.Environ gives it
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	// Flags takes the command's own flags, before parse.
	Flags *flag.FlagSet

	command command
	args    []string // what follows the command's name
}

// parse reads the command line: flags first, then at least min and at most max other arguments,
// which it returns.
func (c *call) parse(minArgs, maxArgs int) ([]string, error) {
	switch err := c.Flags.Parse(c.args); {
	case errors.Is(err, flag.ErrHelp):
		return nil, err
	case err != nil:
		return nil, usagef("%w", err)
	case c.Flags.NArg() < minArgs:
		return nil, usagef("something is missing")
	case c.Flags.NArg() > maxArgs:
		return nil, usagef("did not expect %q (flags come first)", c.Flags.Arg(maxArgs))
	}
	return c.Flags.Args(), nil
}

// settings loads the settings, complaining about variables that look like settings and are none.
func (c *call) settings() (Config, error) {
	for _, name := range unknownSettings(c.Env) {
		c.complain(fmt.Sprintf("warning: %s: there is no such setting; \"truynguon config -defaults\" lists them", name))
	}
	return loadConfig(c.Env)
}

// printf writes data to standard output. That standard output is closed shows in the exit status.
func (c *call) printf(format string, args ...any) error {
	_, err := fmt.Fprintf(c.Stdout, format, args...)
	return err
}

// complain writes lines to standard error, each saying whose they are. If standard error cannot be
// written to, there is nobody left to tell.
func (c *call) complain(lines string) {
	for line := range strings.Lines(lines) {
		_, _ = fmt.Fprintf(c.Stderr, "truynguon: %s\n", strings.TrimSuffix(line, "\n"))
	}
}

// usage writes how the command is used.
func (c *call) usage(w io.Writer) {
	line := strings.TrimSpace("usage: truynguon " + c.command.Name + " " + c.command.Args)
	_, _ = fmt.Fprintf(w, "%s\n\n%s\n", line, c.command.About)
	c.Flags.SetOutput(w)
	c.Flags.PrintDefaults()
}

// usageError says that the command line was wrong.
type usageError struct{ error }

// Unwrap returns what was wrong.
func (e usageError) Unwrap() error { return e.error }

// usagef makes the error of a wrong command line.
func usagef(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

// run carries out a command line, given without the program's name, and returns the exit status:
// 0 done, 1 failed, 2 wrong use. The context ends when the program is told to stop.
func run(ctx context.Context, args, env []string, stdin io.Reader, stdout, stderr io.Writer) int {
	c := newCall(env, stdin, stdout, stderr)
	if len(args) == 0 {
		listCommands(stderr)
		return exitUsage
	}
	if args[0] == "-h" || args[0] == "-help" || args[0] == "--help" {
		args = []string{"help"}
	}
	var ok bool
	if c.command, c.args, ok = find(args); !ok {
		c.complain(fmt.Sprintf("there is no command %q; \"truynguon help\" lists them", strings.Join(args[:min(2, len(args))], " ")))
		return exitUsage
	}
	err := c.command.Run(ctx, c)
	var wrong usageError
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, flag.ErrHelp):
		c.usage(stdout)
		return exitDone
	case errors.As(err, &wrong):
		c.complain(c.command.Name + ": " + err.Error())
		c.usage(stderr)
		return exitUsage
	}
	c.complain(err.Error())
	return exitFailed
}

// newCall returns a call of no command yet.
func newCall(env []string, stdin io.Reader, stdout, stderr io.Writer) *call {
	c := &call{Env: env, Stdin: stdin, Stdout: stdout, Stderr: stderr}
	c.Flags = flag.NewFlagSet("", flag.ContinueOnError)
	c.Flags.SetOutput(io.Discard) // run decides what is printed, and where
	return c
}

// find returns the command that the arguments begin with, and the arguments after its name.
func find(args []string) (command, []string, bool) {
	for _, cmd := range commands() {
		words := strings.Fields(cmd.Name)
		if len(args) >= len(words) && strings.Join(args[:len(words)], " ") == cmd.Name {
			return cmd, args[len(words):], true
		}
	}
	return command{}, nil, false
}

// listCommands writes what the program can be told to do.
func listCommands(w io.Writer) {
	_, _ = fmt.Fprintf(w, "usage: truynguon COMMAND\n\n")
	for _, cmd := range commands() {
		_, _ = fmt.Fprintf(w, "  %-9s %s\n", cmd.Name, cmd.About)
	}
}

// help explains the command named, or lists all.
func help(ctx context.Context, c *call) error {
	args, err := c.parse(0, 2)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		listCommands(c.Stdout)
		return nil
	}
	cmd, rest, ok := find(args)
	if !ok || len(rest) > 0 {
		return usagef("there is no command %q", strings.Join(args, " "))
	}
	// Every command declares its flags before it looks at them, so asking it for -h has it
	// declare them and do nothing else.
	of := newCall(c.Env, c.Stdin, c.Stdout, c.Stderr)
	of.command, of.args = cmd, []string{"-h"}
	if err := cmd.Run(ctx, of); !errors.Is(err, flag.ErrHelp) {
		return err
	}
	of.usage(c.Stdout)
	return nil
}
