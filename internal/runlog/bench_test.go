//go:build unix

package runlog_test

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/internal/reflect"
)

// BenchmarkRecordStep256 is one step of the demo's recipe: 32 prompts with 8 samples.
func BenchmarkRecordStep256(b *testing.B) { benchmarkRecord(b, 32) }

// BenchmarkRecordStep2048 has eight times as many prompts.
func BenchmarkRecordStep2048(b *testing.B) { benchmarkRecord(b, 256) }

// benchmarkRecord counts the rollouts logged in a second, and those in a second of processor time, which a busy machine leaves alone.
func benchmarkRecord(b *testing.B, groups int) {
	log := mustCreate(b)
	g, a := makeGroups(groups, 8)
	for i := range g {
		for j := range g[i].Rollouts {
			for k := range g[i].Rollouts[j].Reflections {
				g[i].Rollouts[j].Reflections[k].Effect = reflect.Good // the dearest: flips have an index
			}
		}
	}
	used, steps := cpu(b), 0
	for b.Loop() {
		require.NoError(b, log.RecordStep(context.Background(), makeStep(steps), g, a, nil))
		steps++
	}
	rollouts := float64(steps * groups * 8)
	b.ReportMetric(rollouts/(cpu(b)-used).Seconds(), "rollouts/cpu-s")
	b.ReportMetric(rollouts/b.Elapsed().Seconds(), "rollouts/s")
}

// cpu is the processor time of this process.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
