package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/rollout"
)

func TestStallsAreTold(t *testing.T) {
	waits := &rollout.Waits{}
	s := stalls{waits: waits, told: map[int]time.Duration{}}
	start := time.Now()
	drawn := waits.Begin(func() string { return "rollouts to be drawn: 1 of 256 are not there yet" })
	at := func(seconds int) string { return s.look(start.Add(time.Duration(seconds) * time.Second)) }
	require.Empty(t, at(59))
	require.Equal(t, "still waiting for rollouts to be drawn: 1 of 256 are not there yet (62 s)", at(62))
	require.Empty(t, at(70), "told already")
	require.Empty(t, at(120))
	require.Contains(t, at(125), "(125 s)", "it has doubled")
	drawn()
	require.Empty(t, at(1000))
	for i := range 5 {
		waits.Begin(func() string { return fmt.Sprint("verdict ", i) })
	}
	require.Regexp(t, `^still waiting for verdict 0 \(\d+ s\); verdict 1 \(\d+ s\); verdict 2 \(\d+ s\); and 2 more$`, at(2000))
}
