//go:build linux && !amd64 && !arm64

package python

func allowedCalls() []uint32 { return nil }

func legacyCalls() []uint32 { return nil }

func changingCalls() []uint32 { return nil }
