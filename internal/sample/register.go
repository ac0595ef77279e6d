package sample

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"

	"go.yaml.in/yaml/v3"

	"truynguon/internal/trace"
)

//go:embed register.yaml
var registerData []byte

// registerEntry is an entry of the register as the file has it.
type registerEntry struct {
	Organisation string `yaml:"organisation"`
	Topic        string `yaml:"topic"`
	From         string `yaml:"from"`
	To           string `yaml:"to"`
	Number       string `yaml:"number"`
	Choice       string `yaml:"choice"`
	Text         string `yaml:"text"`
	Source       string `yaml:"source"`
}

// addRegister fills the register of organisations, if the ledger's plan has one.
func addRegister(ctx context.Context, l *trace.Ledger) error {
	var file struct {
		Population map[string]int  `yaml:"population"`
		Entries    []registerEntry `yaml:"entries"`
	}
	dec := yaml.NewDecoder(bytes.NewReader(registerData))
	dec.KnownFields(true)
	if err := dec.Decode(&file); err != nil {
		return fmt.Errorf("sample: register.yaml: %w", err)
	}
	units, err := l.Units(ctx)
	if err != nil {
		return err
	}
	for code, n := range file.Population {
		u := units[code]
		u.Population = n
		if err := l.ChangeUnit(ctx, trace.System, u); err != nil {
			return fmt.Errorf("sample: unit %s: %w", code, err)
		}
	}
	for i, e := range file.Entries {
		if _, ok := l.Plan.Topic(e.Topic); !ok || trace.Date(e.From) > l.Today() {
			continue
		}
		_, err := l.RecordRegister(ctx, trace.System, trace.RegisterDraft{
			Token: fmt.Sprintf("register-%d", i), Organisation: e.Organisation, Topic: e.Topic, From: e.From, To: e.To,
			Number: trace.Decimal(e.Number), Choice: e.Choice, Text: e.Text, Source: e.Source,
		})
		if err != nil {
			return fmt.Errorf("sample: register of %s: %w", e.Organisation, err)
		}
	}
	return nil
}
