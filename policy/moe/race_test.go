//go:build race

package moe

// raceEnabled tells that the race detector, and with it checkptr, is on.
const raceEnabled = true
