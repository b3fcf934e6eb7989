//go:build !unix

package grpo

import "math"

// cpuSeconds is not known here.
func cpuSeconds() float64 { return math.NaN() }

// peakRSS is not known here.
func peakRSS() float64 { return math.NaN() }
