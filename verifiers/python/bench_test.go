//go:build linux

package python

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The benchmarks run the canonical solutions of HumanEval with their tests, in the same way on as many processors:
// here, in a fresh interpreter for each, and in a fresh interpreter inside of bubblewrap.
func BenchmarkHumanEval(b *testing.B) {
	records := corpus[humanEval](b, "humaneval/HumanEval.jsonl")
	b.Run("sandbox", func(b *testing.B) {
		p := newPool(b, Options{Workers: runtime.NumCPU() + 1})
		warm(b, p, records)
		measure(b, cap(p.free), p.processorTime, func(i int) {
			r, err := p.Test(b.Context(), records[i%len(records)].tests(records[i%len(records)].Solution))
			require.NoError(b, err)
			require.Equal(b, Passed, r.Outcome)
		})
	})
	python, err := choose("")
	require.NoError(b, err)
	b.Run("fresh", func(b *testing.B) { commands(b, records, python, "-I") })
	b.Run("bubblewrap", func(b *testing.B) {
		bwrap, err := exec.LookPath("bwrap")
		if err != nil {
			b.Skip("bubblewrap is not installed")
		}
		commands(b, records, bwrap, "--unshare-all", "--ro-bind", "/usr", "/usr", "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64",
			"--tmpfs", "/tmp", "--die-with-parent", "--new-session", "--clearenv", python, "-I")
	})
}

// commands runs each program in a process of its own, whose exit status is believed.
func commands(b *testing.B, records []humanEval, name string, args ...string) {
	folder := b.TempDir()
	for i, r := range records {
		text := r.Prompt + r.Solution + "\n" + r.Test + "\ncheck(" + r.EntryPoint + ")\n"
		require.NoError(b, os.WriteFile(filepath.Join(folder, fmt.Sprint(i)), []byte(text), 0o644))
	}
	measure(b, runtime.NumCPU()+1, func() time.Duration { return used(syscall.RUSAGE_CHILDREN) }, func(i int) {
		file, err := os.Open(filepath.Join(folder, fmt.Sprint(i%len(records))))
		require.NoError(b, err)
		defer file.Close()
		command := exec.Command(name, append(slices.Clone(args), "-")...)
		command.Stdin = file
		require.NoError(b, command.Run())
	})
}

// measure runs b.N jobs, so many at a time, and reports rate, processor time of all processes, and latency.
func measure(b *testing.B, workers int, children func() time.Duration, job func(i int)) {
	took := make([]time.Duration, b.N)
	next := make(chan int)
	var wait sync.WaitGroup
	b.ResetTimer()
	before, start := used(syscall.RUSAGE_SELF)+children(), time.Now()
	for range workers {
		wait.Go(func() {
			for i := range next {
				t := time.Now()
				job(i)
				took[i] = time.Since(t)
			}
		})
	}
	for i := range b.N {
		next <- i
	}
	close(next)
	wait.Wait()
	slices.Sort(took)
	b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "runs/s")
	b.ReportMetric(float64((used(syscall.RUSAGE_SELF)+children()-before).Microseconds())/1000/float64(b.N), "cpu-ms/run")
	b.ReportMetric(float64(took[b.N/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[b.N*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(0, "ns/op")
}

func used(who int) time.Duration {
	var r syscall.Rusage
	_ = syscall.Getrusage(who, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// processorTime is what the workers and their finished jobs have used.
func (p *Pool) processorTime() time.Duration {
	var workers []*worker
	ticks := 0
	for range cap(p.free) {
		workers = append(workers, <-p.free)
	}
	for _, w := range workers {
		if w != nil {
			text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", w.process.Pid))
			fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
			for _, field := range fields[11:15] { // of the process and of its children
				n, _ := strconv.Atoi(field)
				ticks += n
			}
		}
		p.free <- w
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}
