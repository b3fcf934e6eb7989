//go:build !linux

package xla

// MapLargeBlocks is about glibc's heap: elsewhere there is nothing to do.
func MapLargeBlocks() {}
