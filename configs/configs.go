// Package configs embeds the files that configure the program, so that the binary carries its own
// manual. compose.yaml lies beside them for Docker Compose and is not embedded.
package configs

import _ "embed"

// Env is truynguon.env: every setting of the program, explained, with its default.
//
//go:embed truynguon.env
var Env string

// Schemes is schemes.yaml: the kinds of certificate that are known.
//
//go:embed schemes.yaml
var Schemes []byte

// Labels is labels.yaml: the stocks that labels are printed on.
//
//go:embed labels.yaml
var Labels []byte

// Crops is crops.yaml: the crops that a diary can be kept for.
//
//go:embed crops.yaml
var Crops []byte

// SampleSubstances is substances.sample.csv: a made-up list of plant-protection products in the form in
// which a real one is imported. It is an illustration and no law; only the sample district uses it.
//
//go:embed substances.sample.csv
var SampleSubstances []byte

// Scans is scans.yaml: when a label may have been copied.
//
//go:embed scans.yaml
var Scans []byte

// Plan is plan.yaml: what the register keeps about organisations, and the targets measured by it.
//
//go:embed plan.yaml
var Plan []byte
