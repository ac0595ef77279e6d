package main

import (
	"context"
	"runtime"
	"runtime/debug"
	"strings"
)

// printVersion prints one line: the version, the commit, and what it was built with and for.
func printVersion(_ context.Context, c *call) error {
	if _, err := c.parse(0, 0); err != nil {
		return err
	}
	return c.printf("truynguon %s %s %s/%s\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// version describes the build: the module's version, and the commit where the build knows it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return describe(info)
}

// describe puts a build's version and commit into words. Changes that were not committed show, as
// nobody else can have that source.
func describe(info *debug.BuildInfo) string {
	words := []string{info.Main.Version}
	if info.Main.Version == "" {
		words[0] = "(devel)"
	}
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			words = append(words, "commit "+s.Value[:min(12, len(s.Value))])
		case s.Key == "vcs.modified" && s.Value == "true":
			words = append(words, "with changes")
		}
	}
	return strings.Join(words, ", ")
}
