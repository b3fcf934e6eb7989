package main

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/grpo"
	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/rollout"
	"github.com/rltrain/rltrain/verifiers"
)

// stopwatch times what a step spends beside sampling and training. The log is written in the foreground here, and
// assembling is done once more.
type stopwatch struct {
	log                           *runlog.Log
	config                        grpo.Config
	warm                          int // steps that compile, not counted
	step, verify, assemble, write float64
}

func (w *stopwatch) RecordStep(ctx context.Context, s runlog.Step, groups []rollout.Group, advantages [][]float64, experts []runlog.Expert) error {
	start := time.Now()
	grpo.Assemble(groups, grpo.Advantages(groups, w.config), w.config, 1)
	assembled := time.Now()
	if err := w.log.RecordStep(ctx, s, groups, advantages, experts); err != nil {
		return err
	}
	if s.Step >= w.warm {
		w.write += time.Since(assembled).Seconds()
		w.assemble += assembled.Sub(start).Seconds()
		w.step, w.verify = w.step+s.StepS, w.verify+s.VerifyS
	}
	return nil
}

// atOnce hands over completions at the end only, so that judging has a time of its own.
type atOnce struct{ *model }

func (a atOnce) Snapshot(ctx context.Context) (policy.Sampler, error) {
	s, err := a.model.Snapshot(ctx)
	return struct{ policy.Sampler }{s}, err
}

// BenchmarkOverhead trains the shipped base on the demo's recipe, one step an iteration, and reports which share of a step goes
// into judging, logging and assembling, in percent, were they not done beside sampling. The first steps compile and are not counted.
func BenchmarkOverhead(b *testing.B) {
	root := filepath.Join("..", "..")
	r := defaultTrainRecipe()
	require.NoError(b, readRecipe(filepath.Join(root, "recipes", "r1zero-mini.yaml"), nil, &r))
	require.NoError(b, r.check())
	tasks, err := r.stream()
	require.NoError(b, err)
	m, err := openModel(b.Context(), filepath.Join(root, r.Model), r.Device, r.Shapes, b.Output())
	require.NoError(b, err)
	pool, err := r.pool(m.tok, verifiers.DefaultRules())
	require.NoError(b, err)
	log, err := runlog.Create(filepath.Join(b.TempDir(), "run"), runlog.Meta{Run: "bench", StartedAt: time.Now()})
	require.NoError(b, err)
	defer log.Close()
	watch := &stopwatch{log: log, config: r.GRPO, warm: 2}
	loop := grpo.Loop{
		Config: r.GRPO, Seed: r.Seed, Tasks: tasks, Pool: pool, Policy: atOnce{m}, Log: watch,
		Milestone: func(context.Context, int) error { return nil }, Report: func(runlog.Step) {},
	}
	loop.Steps = watch.warm + b.N
	require.NoError(b, loop.Run(b.Context(), 0, true))
	share := func(seconds float64) float64 { return 100 * seconds / watch.step }
	b.ReportMetric(share(watch.verify), "verify-%")
	b.ReportMetric(share(watch.write), "log-%")
	b.ReportMetric(share(watch.assemble), "assemble-%")
	b.ReportMetric(share(watch.verify+watch.write+watch.assemble), "overhead-%")
	b.ReportMetric(watch.step/float64(b.N), "s/step")
}
