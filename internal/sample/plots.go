package sample

import (
	"bytes"
	"context"
	_ "embed" // the data
	"fmt"
	"time"

	"go.yaml.in/yaml/v3"

	"truynguon/internal/trace"
)

//go:embed plots.yaml
var plotsYAML []byte

// Plots are the households and growing-area codes of the sample district.
type Plots struct {
	Members []Member      `yaml:"members"`
	Codes   []GrowingCode `yaml:"codes"`
}

// Member is a household.
type Member struct {
	Organisation string `yaml:"organisation"`
	Code         string `yaml:"code"`
	Name         string `yaml:"name"`
	Phone        string `yaml:"phone"`
	Place        string `yaml:"place"`     // the plot that it farms, if any
	Named        bool   `yaml:"named"`     // has agreed to be named in public
	Withdrawn    bool   `yaml:"withdrawn"` // and has taken that back
}

// GrowingCode is a code of a place, with what was decided about it.
type GrowingCode struct {
	Place     string         `yaml:"place"`
	Code      string         `yaml:"code"`
	Crop      string         `yaml:"crop"`
	Market    string         `yaml:"market"`
	ByOffice  bool           `yaml:"byOffice"` // recorded by an official, and not by the organisation
	Decisions []CodeDecision `yaml:"decisions"`
}

// CodeDecision is a decision about a code.
type CodeDecision struct {
	Status string `yaml:"status"`
	From   Day    `yaml:"from"`
	Number string `yaml:"number"`
	Issuer string `yaml:"issuer"`
	Reason string `yaml:"reason"`
}

// LoadPlots decodes the embedded households and codes.
func LoadPlots() (*Plots, error) {
	dec := yaml.NewDecoder(bytes.NewReader(plotsYAML))
	dec.KnownFields(true)
	var p Plots
	if err := dec.Decode(&p); err != nil {
		return nil, fmt.Errorf("sample: plots.yaml: %w", err)
	}
	return &p, nil
}

// plots records the organisation's households and the codes of its places.
func (ld *loader) plots(ctx context.Context) error {
	all, err := LoadPlots()
	if err != nil {
		return err
	}
	day := func(d Day) string { return string(trace.DateOf(d.Date(ld.today))) }
	for _, m := range all.Members {
		if m.Organisation != ld.org.ID {
			continue
		}
		ld.now = ld.now.Add(10 * time.Minute)
		h, err := ld.RegisterMember(ctx, ld.manager, trace.MemberDraft{Token: m.Code, Code: m.Code, Name: m.Name, Phone: m.Phone})
		if err != nil {
			return err
		}
		if id := ld.ids[m.Place]; id != "" {
			pl, err := ld.Place(ctx, ld.manager, id)
			if err != nil {
				return err
			}
			d := pl.Doc.Draft()
			d.Household = h.Doc.ID
			if _, err := ld.UpdatePlace(ctx, ld.manager, id, pl.Rev, d); err != nil {
				return err
			}
		}
		if m.Named {
			_, err := ld.GiveConsent(ctx, ld.manager, h.Doc.ID, trace.ConsentDraft{
				Token: m.Code, Purpose: string(trace.NamePublic), GivenAt: day(settled), Method: "signed", TextVersion: trace.ConsentText[trace.NamePublic],
			})
			if err != nil {
				return err
			}
		}
		if m.Withdrawn {
			if _, err := ld.WithdrawConsent(ctx, ld.manager, h.Doc.ID, trace.NamePublic); err != nil {
				return err
			}
		}
	}
	for _, g := range all.Codes {
		place := ld.ids[g.Place]
		if place == "" {
			continue
		}
		by := ld.manager
		if g.ByOffice {
			by = ld.official
		}
		id := ""
		for i, d := range g.Decisions {
			ld.now = ld.now.Add(time.Minute)
			draft := trace.CodeDecisionDraft{Token: fmt.Sprintf("%s/%d", g.Code, i), Status: d.Status, From: day(d.From), Number: d.Number, Issuer: d.Issuer, Reason: d.Reason}
			if i > 0 {
				if _, err := ld.DecideGrowingCode(ctx, by, id, draft); err != nil {
					return err
				}
				continue
			}
			st, err := ld.RegisterGrowingCode(ctx, by, trace.GrowingCodeDraft{
				Token: g.Code, Place: place, Code: g.Code, Crop: g.Crop, Market: g.Market, CodeDecisionDraft: draft,
			})
			if err != nil {
				return err
			}
			id = st.Doc.ID
		}
	}
	return nil
}
