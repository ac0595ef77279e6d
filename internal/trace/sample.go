package trace

import (
	"context"
	"errors"

	"truynguon/internal/fault"
	"truynguon/internal/store"
)

// SampleState tells whether the records are a sample.
type SampleState string

// The states of a sample.
const (
	NoSample      SampleState = ""
	SampleLoading SampleState = "loading" // begun and not finished
	SampleLoaded  SampleState = "loaded"
)

// setting is a fact about the database as a whole.
type setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

var settings = store.Table[setting]{
	Kind:  "setting",
	Key:   func(s *setting) string { return s.Name },
	Sort:  func(*setting) string { return "" },
	Terms: func(*setting) []string { return nil },
}

const sampleSetting = "sample"

// MarkSample notes that the records are a sample. From then on every page says so, whatever else is
// recorded beside them: there is no way back but an empty database.
func (l *Ledger) MarkSample(ctx context.Context, s SampleState) error {
	err := settings.Insert(ctx, l.DB, &setting{Name: sampleSetting, Value: string(s)})
	if errors.Is(err, fault.Exists) {
		_, err = settings.Update(ctx, l.DB, sampleSetting, func(old *setting) error {
			old.Value = string(s)
			return nil
		})
	}
	return err
}

// Sample answers whether the records are a sample.
func (l *Ledger) Sample(ctx context.Context) (SampleState, error) {
	s, err := settings.Get(ctx, l.DB, sampleSetting)
	if errors.Is(err, fault.NotFound) {
		return NoSample, nil
	}
	return SampleState(s.Value.Value), err
}
