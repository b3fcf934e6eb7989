package main

import (
	"io"
	"os"

	"golang.org/x/term"
)

// isTerminal tells whether a person looks at out.
func isTerminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// colors tells whether out takes escape sequences for colours, and nobody asked for none (no-color.org).
func colors(out io.Writer) bool {
	return isTerminal(out) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}
