package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"truynguon/internal/auth"
	"truynguon/internal/fault"
	"truynguon/internal/locale"
	"truynguon/internal/notify"
	"truynguon/internal/sample"
	"truynguon/internal/trace"
	"truynguon/internal/web"
	"truynguon/static"
)

// serve runs the site and the API until it is told to stop.
func serve(ctx context.Context, c *call) (err error) {
	demo := c.Flags.Bool("demo", false, "load the sample district into an empty database, and print addresses to open")
	if _, err := c.parse(0, 0); err != nil {
		return err
	}
	config, err := c.settings()
	if err != nil {
		return err
	}
	log, err := config.logger(c.Stderr)
	if err != nil {
		return err
	}
	p, err := open(ctx, config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()

	// Listening comes first: a port that is taken is known before anything is written.
	listener, err := net.Listen("tcp", config.Addr)
	if err != nil {
		return err
	}
	p.ledger.Base = config.BaseURLAt(listener.Addr()) // port 0 has become a real one
	var shown *sample.Shown
	if *demo {
		if shown, err = p.loadSample(ctx, c); err != nil {
			return errors.Join(err, listener.Close())
		}
	}
	state, err := p.ledger.Sample(ctx)
	if err != nil && !errors.Is(err, fault.Unavailable) { // a database that is down may come up later
		return errors.Join(err, listener.Close())
	}
	words, err := locale.Load(static.FS)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	words = words.In(p.ledger.Zone)
	mailer, err := config.mailer()
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	server, err := web.New(web.Options{
		Ledger: p.ledger, People: p.people, Words: words, Log: log, Mail: mailer != nil,
		SiteName: config.SiteName, Operator: config.Operator, Contact: config.Contact, MapTiles: config.MapTiles, MapAttribution: config.MapAttribution, Sample: state != trace.NoSample,
		Version: version(), ScanLimit: config.ScanLimit,
		TrustedProxies: config.TrustedProxies, ProxyHeader: config.ProxyHeader,
	})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	log.Info("listening", "address", listener.Addr().String(), "base", p.ledger.Base, "version", version())
	if shown != nil {
		if err := printShown(c, shown); err != nil {
			return err
		}
	}
	go p.keepCapturing(ctx, log)
	go keepHouse(ctx, log, p.people.Prune, server.Prune, p.pruneScans, p.ledger.PruneTokens)
	go every(ctx, log, tallyEvery, "counting", p.writeTally)
	go every(ctx, log, booksEvery, "coverage", p.countCoverage)
	go every(ctx, log, recallsEvery, "recalls", p.goOnRecalling)
	go atOnceAndEvery(ctx, log, judgeEvery, "judging lots anew", p.ledger.RejudgeLots)
	courier := courier{
		ledger: p.ledger, words: words, log: log, site: config.SiteName, mail: mailer, hook: notify.Webhook{Private: config.WebhookPrivate},
	}
	stopSending := courier.start(ctx)
	defer stopSending(config.ShutdownTimeout) // before the database is closed
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	log.Info("stopping")
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), config.ShutdownTimeout)
	defer cancel()
	err = errors.Join(server.Shutdown(stop), p.ledger.FlushUnmatched(stop))
	_, flushErr := p.ledger.FlushScans(stop)
	return errors.Join(err, flushErr)
}

// loadSample loads the sample district if the database is empty, and answers what to show of it.
func (p *program) loadSample(ctx context.Context, c *call) (*sample.Shown, error) {
	empty, err := p.empty(ctx)
	if err != nil {
		return nil, err
	}
	if !empty {
		switch state, err := p.ledger.Sample(ctx); {
		case err != nil:
			return nil, err
		case state == trace.SampleLoading:
			return nil, fmt.Errorf("serve -demo: loading the sample district was interrupted; remove the database %s and start again", hideInAddress(p.config.DB))
		case state == trace.NoSample:
			return nil, errors.New("serve -demo: the database has records of its own; the sample district goes into an empty one only")
		}
		return sample.Show(ctx, p.ledger, p.people)
	}
	c.complain("loading the sample district …")
	start := time.Now()
	if err := sample.Into(ctx, p.ledger); err != nil {
		return nil, err
	}
	c.complain(fmt.Sprintf("loaded in %s", time.Since(start).Round(100*time.Millisecond)))
	return sample.Show(ctx, p.ledger, p.people)
}

// empty reports whether nobody has used the database yet: it has no organisation and no account.
func (p *program) empty(ctx context.Context) (bool, error) {
	organisations, _, err := p.ledger.Organisations(ctx, actor(auth.Command), "", 1)
	if err != nil || len(organisations) > 0 {
		return false, err
	}
	accounts, _, err := p.people.Accounts(ctx, auth.Command, auth.AccountQuery{Limit: 1})
	return len(accounts) == 0, err
}

// printShown prints one line for each thing to open: NAME, URL and a note, with tabs between.
func printShown(c *call, shown *sample.Shown) error {
	for _, line := range shown.Lines {
		if err := c.printf("%s\t%s\t%s\n", line.Name, line.URL, line.Note); err != nil {
			return err
		}
	}
	return nil
}

// keepHouse deletes what has outlived its purpose, at once and then every hour.
func keepHouse(ctx context.Context, log *slog.Logger, prunes ...func(context.Context) (int, error)) {
	atOnceAndEvery(ctx, log, time.Hour, "pruning", func(ctx context.Context) (err error) {
		for _, prune := range prunes {
			_, failed := prune(ctx)
			err = errors.Join(err, failed)
		}
		return err
	})
}

// every calls do again and again with a pause between, until the context ends. do answers what became of it,
// which is written to the log under what.
func every(ctx context.Context, log *slog.Logger, pause time.Duration, what string, do func(context.Context) error) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		try(ctx, log, what, do)
	}
}

// atOnceAndEvery is every, and the first time does not wait.
func atOnceAndEvery(ctx context.Context, log *slog.Logger, pause time.Duration, what string, do func(context.Context) error) {
	try(ctx, log, what, do)
	every(ctx, log, pause, what, do)
}

func try(ctx context.Context, log *slog.Logger, what string, do func(context.Context) error) {
	if err := do(ctx); err != nil && ctx.Err() == nil {
		log.Warn(what, "error", err)
	}
}

const (
	// recallsEvery is the pause between two looks for lots that are yet to be marked as recalled or held. Their
	// pages say so already.
	recallsEvery = 3 * time.Second
	// tallyEvery is how long scans and what was asked in vain are counted in memory only.
	tallyEvery = 5 * time.Second
	// booksEvery is how long a change waits before coverage is counted anew.
	booksEvery = 5 * time.Second
	// judgeEvery is the time between two looks for lots that a late diary entry concerns.
	judgeEvery = time.Minute
)

// goOnRecalling goes on with what recalls and holds change at many lots, and reminds their receivers.
func (p *program) goOnRecalling(ctx context.Context) error {
	_, err := p.ledger.SweepRecalls(ctx)
	return errors.Join(err, p.ledger.RemindReceivers(ctx))
}

// writeTally writes down what was scanned and what was asked in vain.
func (p *program) writeTally(ctx context.Context) error {
	err := p.ledger.FlushUnmatched(ctx)
	dropped, lost := p.ledger.FlushScans(ctx)
	if dropped > 0 {
		lost = errors.Join(lost, fmt.Errorf("too many different scans at once: %d are not counted", dropped))
	}
	return errors.Join(err, lost)
}

// countCoverage counts coverage anew where something has changed.
func (p *program) countCoverage(ctx context.Context) error {
	_, err := p.ledger.RefreshCoverage(ctx)
	return err
}

// pruneScans deletes counts of scans that are kept long enough.
func (p *program) pruneScans(ctx context.Context) (int, error) {
	return p.ledger.PruneScans(ctx, p.config.ScanDays)
}
