// Package static holds what the program serves or reads as files: page templates, message
// catalogues, style sheets, scripts and pictures. They are compiled in, so that the program is one
// file.
package static

import "embed"

// FS has the folders pages, shared, locale, css, js and img. Names that begin with a dot or an
// underscore are embedded too, because whoever adds a file expects to find it.
//
//go:embed all:pages all:shared all:locale all:css all:js all:img
var FS embed.FS
