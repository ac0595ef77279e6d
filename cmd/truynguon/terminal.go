package main

import (
	"io"
	"os"
)

// isTerminal reports whether a reader is a terminal, where nobody has typed anything yet.
func isTerminal(r io.Reader) bool {
	f, ok := r.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
