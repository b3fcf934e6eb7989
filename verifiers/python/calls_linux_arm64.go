package python

import "golang.org/x/sys/unix"

// legacyCalls are what this processor names differently.
func legacyCalls() []uint32 { return []uint32{unix.SYS_NEWFSTATAT} }

func legacyChangingCalls() []uint32 { return nil }
