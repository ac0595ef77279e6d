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
