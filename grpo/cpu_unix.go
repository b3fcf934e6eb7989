//go:build unix

package grpo

import (
	"math"
	"syscall"
	"time"
)

// cpuSeconds is the processor time that all threads of this process have used, in seconds.
func cpuSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return math.NaN()
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}
