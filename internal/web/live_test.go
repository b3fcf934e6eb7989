package web_test

import (
	"bufio"
	"context"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/internal/web"
)

// TestEventsTellThatTheRunMovedOn follows a run to which a step is added meanwhile.
func TestEventsTellThatTheRunMovedOn(t *testing.T) {
	dir := t.TempDir()
	m := madeRun{name: "demo", steps: 2, groups: 1, running: true}
	mustMake(t, dir, m)
	server, err := web.New(web.Options{Runs: dir})
	require.NoError(t, err)
	pages := httptest.NewServer(server.Handler())
	defer pages.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for _, path := range []string{"/events", "/runs/demo/events"} {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, pages.URL+path, nil)
		require.NoError(t, err)
		answer, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer answer.Body.Close()
		require.Equal(t, "text/event-stream", answer.Header.Get("Content-Type"))
		lines := bufio.NewScanner(answer.Body)
		require.Equal(t, "event: at", after(lines, "retry: 2000"))

		log, err := runlog.Open(filepath.Join(dir, "demo"))
		require.NoError(t, err)
		defer log.Close()
		last, _, err := log.LastStep(ctx)
		require.NoError(t, err)
		groups, advantages := m.draw(last+1, 1, 0.5, rand.New(rand.NewPCG(1, 1)))
		require.NoError(t, log.RecordStep(ctx, m.row(last+1), groups, advantages, nil))
		require.Contains(t, after(lines, "event: moved"), "/running", "the writer holds the run")
		require.NoError(t, log.Close())
		require.Contains(t, after(lines, "event: moved"), "/killed", "nobody holds it, and it says that it runs")
	}
}

// after reads up to a line and returns the one behind it.
func after(lines *bufio.Scanner, line string) string {
	for lines.Scan() {
		if lines.Text() == line {
			lines.Scan()
			return lines.Text()
		}
	}
	return "the stream ended"
}
