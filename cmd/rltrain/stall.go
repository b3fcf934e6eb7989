package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/rltrain/rltrain/rollout"
)

const (
	stalledAfter = time.Minute // that something is waited for without being told
	mostTold     = 3           // waits in one line
)

// stalls tells what a run is waiting for: each wait after a minute, and again whenever it has doubled.
type stalls struct {
	waits *rollout.Waits
	told  map[int]time.Duration // wait: how long it was when it was last told
}

// watch looks every few seconds until ctx ends.
func (s *stalls) watch(ctx context.Context, out io.Writer) {
	tick := time.NewTicker(5 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			if line := s.look(now); line != "" {
				fmt.Fprintln(out, line)
			}
		}
	}
}

// look is a line about what is waited for at a moment, "" where there is nothing new to tell.
func (s *stalls) look(now time.Time) string {
	var parts []string
	news := false
	list := s.waits.Before(now.Add(-stalledAfter))
	for i, w := range list {
		lasted := now.Sub(w.Since)
		if lasted >= 2*s.told[w.ID] {
			s.told[w.ID], news = lasted, true
		}
		if i < mostTold {
			parts = append(parts, fmt.Sprintf("%s (%.0f s)", w.What(), lasted.Seconds()))
		}
	}
	if !news {
		return ""
	}
	if more := len(list) - mostTold; more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", more))
	}
	return "still waiting for " + strings.Join(parts, "; ")
}
