package trace

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

// Crop is what a diary can be kept for. Crops are data: configs/crops.yaml.
type Crop struct {
	ID string `yaml:"id" json:"id"`
	// Names are its names by language; Vietnamese is always there.
	Names map[string]string `yaml:"names" json:"names"`
	// Kind groups crops: one of CropKinds.
	Kind string `yaml:"kind" json:"kind"`
	// Perennial crops stay on the plot for years; MultiHarvest ones are picked again and again.
	Perennial    bool `yaml:"perennial" json:"perennial,omitempty"`
	MultiHarvest bool `yaml:"multiHarvest" json:"multiHarvest,omitempty"`
	// StrictLabel marks fruit, tea and vegetables, for which a pre-harvest interval of more than 7 days is
	// worth a look at the label (TT 21/2015/TT-BNNPTNT Đ6.3đ).
	StrictLabel bool `yaml:"strictLabel" json:"strictLabel,omitempty"`
	// MaxKgPerHa is the most that a hectare could plausibly bear, in kilograms per Per; 0 if nothing is
	// assumed. It is an illustrative bound and no statistic.
	MaxKgPerHa int `yaml:"maxKgPerHa" json:"maxKgPerHa,omitempty"`
	// Per is "harvest", "season" or "year".
	Per string `yaml:"per" json:"per,omitempty"`
	// Gated is false for what is gathered and not grown, of which a pre-harvest interval says nothing.
	Gated *bool `yaml:"gated" json:"gated,omitempty"`
}

// CropKinds are the groups of crops.
var CropKinds = []string{"fruit", "tea", "vegetable", "cereal", "industrial", "nut", "medicinal", "mushroom", "bees", "wild", "other"}

// Name is the crop's name in a language, and the Vietnamese one where it has none.
func (c Crop) Name(lang string) string {
	if n := c.Names[lang]; n != "" {
		return n
	}
	return c.Names["vi"]
}

// gated reports whether a pre-harvest interval says anything of the crop.
func (c Crop) gated() bool { return c.Gated == nil || *c.Gated }

// Crops are the crops that are known, by their id.
type Crops map[string]Crop

// ParseCrops reads a list of crops as configs/crops.yaml has it. Every fault is reported at once.
func ParseCrops(data []byte) (Crops, error) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	var file struct {
		Crops []Crop `yaml:"crops"`
	}
	if err := dec.Decode(&file); err != nil {
		return nil, fmt.Errorf("crops: %w", err)
	}
	all := Crops{}
	var faults []error
	for _, c := range file.Crops {
		fail := func(what string) { faults = append(faults, fmt.Errorf("crop %q: %s", c.ID, what)) }
		if !cropID(c.ID) {
			fail("its id wants a-z and _")
		}
		if _, twice := all[c.ID]; twice {
			fail("is there twice")
		}
		if c.Names["vi"] == "" {
			fail("has no Vietnamese name")
		}
		if !slices.Contains(CropKinds, c.Kind) {
			fail("its kind is none of CropKinds")
		}
		if c.MaxKgPerHa < 0 || (c.MaxKgPerHa > 0) != slices.Contains([]string{"harvest", "season", "year"}, c.Per) {
			fail("maxKgPerHa needs per: harvest, season or year")
		}
		all[c.ID] = c
	}
	return all, errors.Join(faults...)
}

func cropID(s string) bool {
	for _, r := range s {
		if (r < 'a' || r > 'z') && r != '_' {
			return false
		}
	}
	return s != "" && len(s) <= 40
}
