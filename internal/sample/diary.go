package sample

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"go.yaml.in/yaml/v3"

	"truynguon/configs"
	"truynguon/internal/trace"
)

//go:embed diary.yaml
var diaryYAML []byte

// Diaries are the diaries of the district's plots, with the made-up list of plant-protection products.
type Diaries struct {
	Substances struct {
		Number string `yaml:"number"`
		Title  string `yaml:"title"`
		From   Day    `yaml:"from"`
	} `yaml:"substances"`
	Cycles  []Cycle      `yaml:"cycles"`
	Entries []DiaryEntry `yaml:"entries"`
}

// Cycle is a crop on a plot.
type Cycle struct {
	ID      string `yaml:"id"`
	Place   string `yaml:"place"`
	Crop    string `yaml:"crop"` // of configs/crops.yaml
	Variety string `yaml:"variety"`
	Planted *Day   `yaml:"planted"`
	Closed  *Day   `yaml:"closed"`
}

// DiaryEntry is what was done on the plot of a cycle.
type DiaryEntry struct {
	Cycle        string  `yaml:"cycle"`
	Day          Day     `yaml:"day"`
	Time         Clock   `yaml:"time"`
	Late         *Day    `yaml:"late"` // the day on which it was written down, if not its own
	Activity     string  `yaml:"activity"`
	TradeName    string  `yaml:"tradeName"`
	Ingredient   string  `yaml:"ingredient"`
	Content      string  `yaml:"content"`
	Registration string  `yaml:"registration"`
	PHIDays      *int    `yaml:"phiDays"`
	PHISource    string  `yaml:"phiSource"`
	Dose         float64 `yaml:"dose"`
	DoseUnit     string  `yaml:"doseUnit"`
	Quantity     float64 `yaml:"quantity"`
	UOM          string  `yaml:"uom"`
	AreaHa       float64 `yaml:"areaHa"`
	Target       string  `yaml:"target"`
	Equipment    string  `yaml:"equipment"`
	ReEntryHours int     `yaml:"reEntryHours"`
	Sample       string  `yaml:"sample"`
	Agent        string  `yaml:"agent"`
	Finding      string  `yaml:"finding"`
	Note         string  `yaml:"note"`
}

// LoadDiaries decodes the embedded diaries.
var LoadDiaries = sync.OnceValues(func() (*Diaries, error) {
	dec := yaml.NewDecoder(bytes.NewReader(diaryYAML))
	dec.KnownFields(true)
	var d Diaries
	if err := dec.Decode(&d); err != nil {
		return nil, fmt.Errorf("sample: diary.yaml: %w", err)
	}
	return &d, nil
})

// substances imports the made-up list, marked as a sample.
func substances(ctx context.Context, l *trace.Ledger, today time.Time) error {
	d, err := LoadDiaries()
	if err != nil {
		return err
	}
	table, err := csv.NewReader(bytes.NewReader(configs.SampleSubstances)).ReadAll()
	if err != nil {
		return err
	}
	_, err = l.ImportSubstances(ctx, trace.System, trace.SubstanceImport{
		Token: "sample", Number: d.Substances.Number, Title: d.Substances.Title, From: d.Substances.From.Date(today).Format(time.DateOnly),
		Sample: true, Table: table,
	})
	return err
}

// cycles opens the crop cycles of the organisation's plots.
func (ld *loader) cycles(ctx context.Context) error {
	d, err := LoadDiaries()
	if err != nil {
		return err
	}
	for _, c := range d.Cycles {
		place, own := ld.ids[c.Place]
		if !own {
			continue
		}
		ld.now = ld.now.Add(5 * time.Minute)
		s, err := ld.OpenCycle(ctx, ld.staff, trace.CycleDraft{
			Token: c.ID, Place: place, Crop: c.Crop, Variety: c.Variety, PlantedAt: ld.day(c.Planted), ClosedAt: ld.day(c.Closed),
		})
		if err != nil {
			return fmt.Errorf("cycle %s: %w", c.ID, err)
		}
		ld.ids["cycle/"+c.ID] = s.Doc.ID
	}
	return nil
}

// diary writes what was written down in time, before the lots are released; lateDiary writes the rest.
func (ld *loader) diary(ctx context.Context) error { return ld.entries(ctx, false) }

func (ld *loader) lateDiary(ctx context.Context) error { return ld.entries(ctx, true) }

func (ld *loader) entries(ctx context.Context, late bool) error {
	d, err := LoadDiaries()
	if err != nil {
		return err
	}
	for i, e := range d.Entries {
		cycle, own := ld.ids["cycle/"+e.Cycle]
		if !own || (e.Late != nil) != late {
			continue
		}
		day := e.Day
		if late {
			day = *e.Late
		}
		if err := ld.at(day, "18:30"); err != nil {
			return err
		}
		at, err := e.Time.On(e.Day, ld.today)
		if err != nil {
			return err
		}
		place := d.Cycles[slices.IndexFunc(d.Cycles, func(c Cycle) bool { return c.ID == e.Cycle })].Place
		draft := trace.DiaryDraft{
			Token: "diary-" + strconv.Itoa(i), Place: ld.ids[place], Cycle: cycle, Activity: e.Activity, PerformedAt: at.Format(time.RFC3339),
			TradeName: e.TradeName, Ingredient: e.Ingredient, Content: e.Content, Registration: e.Registration, PHISource: e.PHISource,
			DoseUnit: e.DoseUnit, Target: e.Target, Equipment: e.Equipment, Sample: e.Sample, Agent: e.Agent, Finding: e.Finding, Note: e.Note,
			Operator: ld.staff.Name,
		}
		for _, n := range []struct {
			to *trace.Decimal
			v  float64
		}{{&draft.Dose, e.Dose}, {&draft.Quantity.Value, e.Quantity}, {&draft.AreaHa, e.AreaHa}, {&draft.ReEntryHours, float64(e.ReEntryHours)}} {
			if n.v != 0 {
				*n.to = decimal(n.v)
			}
		}
		draft.Quantity.UOM = e.UOM
		if e.PHIDays != nil {
			draft.PHIDays = trace.Decimal(strconv.Itoa(*e.PHIDays))
		}
		if _, err := ld.RecordDiary(ctx, ld.staff, draft); err != nil {
			return fmt.Errorf("diary of %s on day %d: %w", e.Cycle, e.Day, err)
		}
	}
	return nil
}
