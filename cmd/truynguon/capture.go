package main

import (
	"context"
	"log/slog"
	"time"
)

const (
	// captureEvery is how often capture jobs are looked for that nobody works on.
	captureEvery = 5 * time.Second
	// captureIdle is after how long a job that is not finished counts as one: whoever received it would
	// be done by then. Doing it twice does no harm.
	captureIdle = 20 * time.Second
)

// keepCapturing goes on with capture jobs that a server left behind, at once and then every few seconds
// until the context ends. Before that it files events anew that an older program recorded.
func (p *program) keepCapturing(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(captureEvery)
	defer tick.Stop()
	idle, filed := time.Duration(0), false
	for {
		if _, err := p.ledger.ResumeCaptures(ctx, idle); err != nil && ctx.Err() == nil {
			log.Warn("capture jobs", "error", err)
		}
		idle = captureIdle
		if !filed {
			n, err := p.ledger.RefileEvents(ctx)
			switch {
			case err == nil:
				filed = true
				if n > 0 {
					log.Info("events filed anew", "events", n)
				}
			case ctx.Err() == nil:
				log.Warn("filing events anew", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
