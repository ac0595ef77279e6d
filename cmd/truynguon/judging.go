package main

import (
	"context"
	"log/slog"
	"time"
)

// judgeEvery is the time between two looks for lots that a late diary entry concerns.
const judgeEvery = time.Minute

// keepJudging finishes what a diary entry began and could not, every minute until the context ends.
func (p *program) keepJudging(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(judgeEvery)
	defer tick.Stop()
	for {
		if err := p.ledger.RejudgeLots(ctx); err != nil && ctx.Err() == nil {
			log.Warn("judging lots anew", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
