package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"truynguon/internal/auth"
	"truynguon/internal/fault"
	"truynguon/internal/locale"
	"truynguon/internal/store"
	"truynguon/static"
)

// userAdd adds a person. The password is read from standard input, or made and printed if there is none.
func userAdd(ctx context.Context, c *call) (err error) {
	var d auth.AccountDraft
	role := roleFlags(c.Flags, &d.Org, &d.Unit)
	c.Flags.StringVar(&d.Name, "name", "", "the person's `NAME` (default: what stands before the @)")
	args, err := c.parse(1, 1)
	if err != nil {
		return err
	}
	d.Email, d.Role = args[0], auth.Role(*role)
	if d.Name == "" {
		d.Name, _, _ = strings.Cut(d.Email, "@")
	}
	if d.Password, err = passwordFrom(c.Stdin); err != nil {
		return err
	}
	return withProgram(ctx, c, func(p *program) error {
		var made string
		err := p.adding(ctx, d.Org, d.Unit, func(people *auth.Directory) (err error) {
			_, made, err = people.AddAccount(ctx, auth.Command, d)
			return err
		})
		if err != nil || made == "" {
			return err
		}
		return c.printf("%s\n", made)
	})
}

// keyAdd adds an API key and prints it, alone. It is shown this once.
func keyAdd(ctx context.Context, c *call) error {
	var d auth.KeyDraft
	role := roleFlags(c.Flags, &d.Org, &d.Unit)
	c.Flags.StringVar(&d.Name, "name", "", "what the key is for: a `NAME` for lists and the audit trail")
	if _, err := c.parse(0, 0); err != nil {
		return err
	}
	d.Role = auth.Role(*role)
	return withProgram(ctx, c, func(p *program) error {
		var key string
		err := p.adding(ctx, d.Org, d.Unit, func(people *auth.Directory) (err error) {
			key, _, err = people.AddKey(ctx, auth.Command, d)
			return err
		})
		if err != nil {
			return err
		}
		return c.printf("%s\n", key)
	})
}

// roleFlags declares the flags that say what a person or program may be.
func roleFlags(flags *flag.FlagSet, org, unit *string) (role *string) {
	flags.StringVar(org, "org", "", "the `ID` of the organisation of a manager or staff member")
	flags.StringVar(unit, "unit", "", "the `CODE` of an official's administrative unit")
	return flags.String("role", "", "`ROLE`: admin, official, manager, staff or buyer")
}

// adding adds a person or a key to the directory, unless an organisation or unit is named that is not
// recorded: a slip there would make an account that can see nothing. All that is wrong is said at once.
func (p *program) adding(ctx context.Context, org, unit string, add func(*auth.Directory) error) error {
	var unknown []error
	if org != "" {
		if _, err := p.ledger.Organisation(ctx, org); errors.Is(err, fault.NotFound) {
			unknown = append(unknown, fmt.Errorf("org: there is no organisation %q", org))
		} else if err != nil {
			return err
		}
	}
	if unit != "" {
		units, err := p.ledger.Units(ctx)
		if err != nil {
			return err
		}
		if _, ok := units[unit]; !ok {
			unknown = append(unknown, fmt.Errorf("unit: there is no administrative unit %q", unit))
		}
	}
	if len(unknown) == 0 {
		return explain(add(p.people))
	}
	// It will not be added; trying where nothing can be written tells what else is wrong.
	err := add(&auth.Directory{DB: readOnly{p.ledger.DB}})
	if errors.Is(err, fault.Invalid) || errors.Is(err, fault.Exists) {
		unknown = append(unknown, explain(err))
	}
	return errors.Join(unknown...)
}

// readOnly is a database in which nothing can be written.
type readOnly struct{ store.DB }

var errReadOnly = errors.New("nothing can be written here")

func (readOnly) Insert(context.Context, string, store.Record) error  { return errReadOnly }
func (readOnly) Replace(context.Context, string, store.Record) error { return errReadOnly }
func (readOnly) Delete(context.Context, string, string, int64) error { return errReadOnly }

// passwordFrom reads one line, which may be absent. A terminal is not asked: what is typed there would
// be seen, so a password is made instead.
func passwordFrom(r io.Reader) (string, error) {
	if isTerminal(r) {
		return "", nil
	}
	data, err := io.ReadAll(io.LimitReader(r, 4<<10))
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(string(data), "\n")
	return strings.TrimSuffix(line, "\r"), nil
}

// withProgram opens the program, does something and closes it.
func withProgram(ctx context.Context, c *call, do func(*program) error) error {
	config, err := c.settings()
	if err != nil {
		return err
	}
	p, err := open(ctx, config)
	if err != nil {
		return err
	}
	return errors.Join(do(p), p.close())
}

// explain turns a problem into sentences for the command line, one a line.
func explain(err error) error {
	var problem *fault.Problem
	if !errors.As(err, &problem) {
		return err
	}
	words, loadErr := locale.Load(static.FS)
	if loadErr != nil {
		return err
	}
	p := words.Printer("en")
	var lines []string
	if problem.Code != "" {
		lines = append(lines, p.T("fault."+problem.Code, problem.Args...))
	}
	for _, f := range problem.Fields {
		lines = append(lines, strings.TrimPrefix(f.Pointer, "/")+": "+p.T("fault."+f.Code, f.Args...))
	}
	if len(lines) == 0 {
		return err
	}
	return errors.New(strings.Join(lines, "\n"))
}
