package main

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"truynguon/configs"
	"truynguon/internal/auth"
	"truynguon/internal/trace"
)

// program is what every command that works on records needs, put together from the settings.
type program struct {
	config Config
	ledger *trace.Ledger
	people *auth.Directory
}

// open puts the program together. close gives everything back.
func open(ctx context.Context, c Config) (*program, error) {
	regions, rules, err := openScans(c)
	if err != nil {
		return nil, err
	}
	schemes, err := openSchemes(c)
	if err != nil {
		return nil, err
	}
	crops, err := trace.ParseCrops(configs.Crops)
	if err != nil {
		return nil, err
	}
	plan, err := openPlan(c)
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(c.Timezone)
	if err != nil {
		return nil, err
	}
	db, err := openStore(ctx, c)
	if err != nil {
		return nil, err
	}
	blobs, err := openBlobs(c)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	p := &program{config: c}
	p.ledger = &trace.Ledger{DB: db, Blobs: blobs, Base: c.BaseURL, Zone: zone, Schemes: schemes, Crops: crops, Plan: plan, DiaryRequired: c.DiaryRequired,
		Regions: regions, CopyRules: rules, AreaTolerancePercent: c.AreaTolerance}
	p.people = &auth.Directory{DB: db, Changed: p.changed}
	return p, nil
}

// close gives back the database and the document store.
func (p *program) close() error { return errors.Join(p.ledger.Blobs.Close(), p.ledger.DB.Close()) }

// changed writes changes of accounts, sessions and keys into the same audit trail as everything else.
func (p *program) changed(ctx context.Context, c auth.Change) error {
	entry := trace.Change{
		At: c.At, By: actor(c.By), Action: c.Action, Kind: c.Kind, Key: c.Key, Org: c.Org,
	}
	for _, f := range c.Fields {
		entry.Fields = append(entry.Fields, trace.FieldChange{
			Name: f.Name, Before: json.RawMessage(f.Before), After: json.RawMessage(f.After),
		})
	}
	return p.ledger.File(ctx, entry)
}

// actor is an identity as the domain knows it.
func actor(who auth.Identity) trace.Actor {
	return trace.Actor{ID: who.ID, Name: who.Name, Role: trace.Role(who.Role), Org: who.Org, Unit: who.Unit}
}
