//go:build !linux

package xla

import "fmt"

// loadLibrary has no use where there is no plug-in for CUDA.
func loadLibrary(path string) error { return fmt.Errorf("load library %s: not on this system", path) }
