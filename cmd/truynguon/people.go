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
		if err := p.knows(ctx, d.Org, d.Unit); err != nil {
			return err
		}
		_, made, err := p.people.AddAccount(ctx, auth.Command, d)
		if err != nil {
			return explain(err)
		}
		if made != "" {
			return c.printf("%s\n", made)
		}
		return nil
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
		if err := p.knows(ctx, d.Org, d.Unit); err != nil {
			return err
		}
		key, _, err := p.people.AddKey(ctx, auth.Command, d)
		if err != nil {
			return explain(err)
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

// knows fails if an organisation or unit is named that is not recorded: a slip there would make an
// account that can see nothing.
func (p *program) knows(ctx context.Context, org, unit string) error {
	if org != "" {
		if _, err := p.ledger.Organisation(ctx, org); errors.Is(err, fault.NotFound) {
			return fmt.Errorf("there is no organisation %q", org)
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
			return fmt.Errorf("there is no administrative unit %q", unit)
		}
	}
	return nil
}

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
