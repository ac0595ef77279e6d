package sample

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"time"

	"go.yaml.in/yaml/v3"

	"truynguon/internal/trace"
)

//go:embed recall.yaml
var recallYAML []byte

// RecallCase is a recall that is prepared, confirmed by a second person and followed up.
type RecallCase struct {
	ID           string     `yaml:"id"`
	Organisation string     `yaml:"organisation"`
	Kind         string     `yaml:"kind"`
	Mock         bool       `yaml:"mock"`
	Trigger      string     `yaml:"trigger"`
	Reason       string     `yaml:"reason"`
	Advice       string     `yaml:"advice"`
	Lots         []Lot      `yaml:"lots"`  // registered for the case, and its seeds
	Seeds        []string   `yaml:"seeds"` // lots of the district
	Detected     Moment     `yaml:"detected"`
	Opened       Moment     `yaml:"opened"`
	Confirmed    Moment     `yaml:"confirmed"`
	Receivers    []Receiver `yaml:"receivers"`
	Entries      []Entry    `yaml:"entries"`
	Outcome      string     `yaml:"outcome"` // empty: it is still running
	Unfinished   string     `yaml:"unfinished"`
}

// Receiver is somebody who was sent a lot of a case, and what they answered if By is set.
type Receiver struct {
	Name     string  `yaml:"name"`
	Address  string  `yaml:"address"`
	Lot      string  `yaml:"lot"`
	Quantity float64 `yaml:"quantity"`
	Day      Day     `yaml:"day"`
	Held     float64 `yaml:"held"`
	Sold     float64 `yaml:"sold"`
	By       string  `yaml:"by"`
}

// Entry is a line of a case's account.
type Entry struct {
	Lot      string  `yaml:"lot"`
	Measure  string  `yaml:"measure"`
	Quantity float64 `yaml:"quantity"`
	Note     string  `yaml:"note"`
}

// LoadRecallCases decodes the recall cases of the district.
func LoadRecallCases() ([]RecallCase, error) {
	dec := yaml.NewDecoder(bytes.NewReader(recallYAML))
	dec.KnownFields(true)
	var d struct {
		Cases []RecallCase `yaml:"cases"`
	}
	if err := dec.Decode(&d); err != nil {
		return nil, fmt.Errorf("sample: recall.yaml: %w", err)
	}
	return d.Cases, nil
}

// recallCases records the recall cases of the organisation: its manager opens them, the official confirms.
func (ld *loader) recallCases(ctx context.Context) error {
	all, err := LoadRecallCases()
	if err != nil {
		return err
	}
	for _, k := range all {
		if k.Organisation == ld.org.ID {
			if err := ld.recallCase(ctx, &k); err != nil {
				return fmt.Errorf("%s: %w", k.ID, err)
			}
		}
	}
	return nil
}

func (ld *loader) recallCase(ctx context.Context, k *RecallCase) error {
	d := trace.RecallCaseDraft{Token: k.ID, Kind: k.Kind, Mock: k.Mock, Trigger: k.Trigger, Reason: k.Reason, Advice: k.Advice}
	for _, lot := range k.Lots {
		if err := ld.at(*lot.HarvestDate, "16:00"); err != nil {
			return err
		}
		draft := trace.BatchDraft{
			Token: lot.ID, Product: ld.ids[lot.Product], Lot: lot.Lot, HarvestDate: ld.day(lot.HarvestDate),
			Quantity: trace.QuantityDraft{Value: decimal(lot.Quantity.Value), UOM: lot.Quantity.UOM},
		}
		for _, place := range lot.Places {
			draft.Places = append(draft.Places, ld.ids[place])
		}
		b, err := ld.RegisterBatch(ctx, ld.staff, draft)
		if err != nil {
			return err
		}
		ld.ids[lot.ID] = b.Doc.Code
		ld.now = ld.now.Add(time.Hour)
		if _, err := ld.ReleaseBatch(ctx, ld.manager, b.Doc.Code, ""); err != nil {
			return err
		}
		k.Seeds = append(k.Seeds, lot.ID)
	}
	for _, lot := range k.Seeds {
		d.Seeds = append(d.Seeds, trace.RecallSeed{Kind: trace.SeedLot, ID: ld.ids[lot]})
	}
	found, err := k.Detected.Time.On(k.Detected.Day, ld.today)
	if err != nil {
		return err
	}
	d.Detected = found.Format("2006-01-02T15:04")
	if err := ld.at(k.Opened.Day, k.Opened.Time); err != nil {
		return err
	}
	c, err := ld.OpenRecallCase(ctx, ld.manager, d)
	if err != nil {
		return err
	}
	id := c.Doc.ID
	ld.now = ld.now.Add(10 * time.Minute)
	if c, err = ld.SubmitRecallCase(ctx, ld.manager, id, trace.Submission{Token: k.ID, Hold: !k.Mock}); err != nil {
		return err
	}
	for _, r := range k.Receivers {
		on := r.Day
		n, err := ld.AddReceiver(ctx, ld.manager, id, trace.ReceiverDraft{
			Name: r.Name, Address: r.Address, Lots: []trace.ReceivedDraft{{Code: ld.ids[r.Lot], Quantity: decimal(r.Quantity), On: ld.day(&on)}},
		})
		if err != nil {
			return err
		}
		ld.ids[k.ID+r.Name] = n.ID
	}
	if err := ld.at(k.Confirmed.Day, k.Confirmed.Time); err != nil {
		return err
	}
	if _, err = ld.ConfirmRecallCase(ctx, ld.official, id, trace.Review{Token: k.ID, Version: c.Doc.Scope.Version}); err != nil {
		return err
	}
	for _, r := range k.Receivers {
		if r.By == "" {
			continue
		}
		ld.now = ld.now.Add(25 * time.Minute)
		_, err := ld.NoteAnswer(ctx, ld.staff, ld.ids[k.ID+r.Name], trace.AnswerDraft{
			Token: k.ID, Name: r.By, Lots: []trace.AnswerLineDraft{{Code: ld.ids[r.Lot], Held: decimal(r.Held), Sold: decimal(r.Sold)}},
		})
		if err != nil {
			return err
		}
	}
	for i, e := range k.Entries {
		ld.now = ld.now.Add(15 * time.Minute)
		_, err := ld.RecordRecallEntry(ctx, ld.staff, id, trace.RecallEntryDraft{
			Token: fmt.Sprintf("%s/%d", k.ID, i), Lot: ld.ids[e.Lot], Measure: e.Measure, Quantity: decimal(e.Quantity), Note: e.Note,
		})
		if err != nil {
			return err
		}
	}
	if k.Outcome == "" {
		return nil
	}
	ld.now = ld.now.Add(time.Hour)
	_, err = ld.CloseRecallCase(ctx, ld.manager, id, trace.RecallClosing{Outcome: k.Outcome, Unfinished: k.Unfinished})
	return err
}
