//go:build unix

package web_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/internal/web"
)

// BenchmarkPages times each page on a long run: until its first byte (first-ms), until its last (ns/op), and the processor
// time of it all (cpu-ms), which a busy machine leaves alone. By default the run has 20,000 rollouts; for the bar of a
// million (RLTRAIN_BENCH_RUNS keeps the log in a folder for the next time):
//
//	RLTRAIN_BENCH_ROLLOUTS=1000000 go test -tags fts5 -run '^$' -bench Pages -benchtime 5x -timeout 60m ./internal/web
func BenchmarkPages(b *testing.B) {
	rollouts := 20_000
	if text := os.Getenv("RLTRAIN_BENCH_ROLLOUTS"); text != "" {
		var err error
		rollouts, err = strconv.Atoi(text)
		require.NoError(b, err)
	}
	dir := longRun(b, rollouts)
	server, err := web.New(web.Options{Runs: dir})
	require.NoError(b, err)
	pages := httptest.NewServer(server.Handler())
	defer pages.Close()
	for _, page := range []struct{ name, path string }{
		{"runs", "/"}, {"overview", "/runs/long"}, {"emergence", "/runs/long/emergence"}, {"experts", "/runs/long/experts"}, {"evals", "/runs/long/evals"},
		{"rollouts", "/runs/long/rollouts"}, {"rollouts-step", "/runs/long/rollouts?step=40"}, {"rollouts-verdict", "/runs/long/rollouts?verdict=wrong&phase=train"},
		{"rollouts-rare", "/runs/long/rollouts?verdict=timeout"}, {"rollouts-text", "/runs/long/rollouts?q=hold+on"}, {"rollouts-text-step", "/runs/long/rollouts?q=hold+on&step=70"},
		{"rollouts-sorted", "/runs/long/rollouts?sort=-tokens"}, {"rollouts-flips", "/runs/long/rollouts?effect=bad"},
		{"rollouts-task", "/runs/long/rollouts?task=countdown-check-5"}, {"rollouts-where", "/runs/long/rollouts?where=tokens+%3E+1000"},
		{"rollout", "/runs/long/rollout?id=40:countdown-40-5:1"}, {"group", "/runs/long/group?id=40:countdown-40-5:1"},
	} {
		b.Run(page.name, func(b *testing.B) {
			first, used := time.Duration(0), cpu(b)
			for b.Loop() {
				started := time.Now()
				answer, err := http.Get(pages.URL + page.path)
				require.NoError(b, err)
				_, err = io.ReadFull(answer.Body, make([]byte, 1))
				require.NoError(b, err)
				first += time.Since(started)
				_, err = io.Copy(io.Discard, answer.Body)
				require.NoError(b, err)
				require.NoError(b, answer.Body.Close())
				require.Equal(b, http.StatusOK, answer.StatusCode)
			}
			b.ReportMetric(float64((cpu(b)-used).Microseconds())/1000/float64(b.N), "cpu-ms")
			b.ReportMetric(float64(first.Microseconds())/1000/float64(b.N), "first-ms")
		})
	}
}

// longRun makes a folder with one run of so many rollouts, or takes the one that is kept.
func longRun(b *testing.B, rollouts int) string {
	dir := os.Getenv("RLTRAIN_BENCH_RUNS")
	if dir == "" {
		dir = b.TempDir()
	}
	file := filepath.Join(dir, "long", "log.db")
	if _, err := os.Stat(file); err == nil {
		return dir
	}
	const perStep = 256
	started, steps := time.Now(), rollouts/perStep
	mustMake(b, dir, madeRun{name: "long", config: "seed: 7\n", steps: steps, groups: perStep / 4, evalTasks: 256, evalEvery: max(1, steps/10)})
	info, err := os.Stat(file)
	require.NoError(b, err)
	b.Logf("a log of %d rollouts, %d MB, made in %s", rollouts, info.Size()>>20, time.Since(started).Round(time.Second))
	return dir
}

// cpu is the processor time of this process.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
