package main

import (
	"context"
	"errors"
	"fmt"

	"truynguon/internal/trace"
)

// migrate brings the records of an older version up to this one. It may be stopped and run again.
func migrate(ctx context.Context, c *call) (err error) {
	if _, err := c.parse(0, 0); err != nil {
		return err
	}
	cfg, err := c.settings()
	if err != nil {
		return err
	}
	p, err := open(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	err = p.ledger.Migrate(ctx, trace.System, func(kind string, seen, written int) {
		c.complain(fmt.Sprintf("%s: %d records, %d written", kind, seen, written))
	})
	if err != nil {
		return err
	}
	for { // what was marked for being counted anew
		made, err := p.ledger.RefreshCoverage(ctx)
		if err != nil {
			return err
		}
		if made == 0 {
			return nil
		}
		c.complain(fmt.Sprintf("coverage: %d months counted", made))
	}
}
