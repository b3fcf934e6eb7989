package eval

import (
	"context"
	"fmt"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/rollout"
	"github.com/rltrain/rltrain/verifiers"
)

// Set is one evaluation: which tasks, how many samples of each, how drawn, which k.
type Set struct {
	Tasks       string  `yaml:"tasks"`    // name of a data set, or a JSONL file
	Problems    int     `yaml:"problems"` // the first this many; 0 is all
	Samples     int     `yaml:"samples"`
	Temperature float64 `yaml:"temperature"`
	K           []int   `yaml:"k,flow"`
	MaxTokens   int     `yaml:"max_tokens"` // 0: as in training
}

// Validate names the first value out of range.
func (s Set) Validate() error {
	if s.Tasks == "" {
		return fmt.Errorf("evaluation without tasks: name a data set (%v) or a JSONL file", datasets.Names())
	}
	if s.Problems < 0 || s.Samples < 1 || s.Temperature < 0 {
		return fmt.Errorf("evaluation of %s: problems %d, samples %d, temperature %g: want problems >= 0, samples >= 1, temperature >= 0", s.Tasks, s.Problems, s.Samples, s.Temperature)
	}
	for _, k := range s.K {
		if k < 1 || k > s.Samples {
			return fmt.Errorf("evaluation of %s: k is %d with %d samples: want 1 <= k <= samples", s.Tasks, k, s.Samples)
		}
	}
	return nil
}

// Load reads the tasks of the set and checks that they can be judged.
func (s Set) Load() ([]datasets.Task, error) {
	tasks, err := datasets.Load(s.Tasks)
	if err != nil {
		return nil, err
	}
	if err := verifiers.CheckTasks(tasks); err != nil {
		return nil, fmt.Errorf("tasks %s: %w", s.Tasks, err)
	}
	if s.Problems > 0 {
		tasks = tasks[:min(len(tasks), s.Problems)]
	}
	return tasks, nil
}

// Run samples the set with pool's tokenizer, verifier and limits, and summarises it. The same seed draws the
// same uniforms whatever the weights, so that evaluations of two models are paired.
func Run(ctx context.Context, sampler policy.Sampler, pool rollout.Pool, set Set, seed uint64) (runlog.Eval, []rollout.Group, error) {
	if err := set.Validate(); err != nil {
		return runlog.Eval{}, nil, err
	}
	tasks, err := set.Load()
	if err != nil {
		return runlog.Eval{}, nil, err
	}
	pool.Params.N, pool.Params.Temperature, pool.Params.Routing = set.Samples, float32(set.Temperature), false
	if set.MaxTokens > 0 {
		pool.Params.MaxTokens = set.MaxTokens
	}
	batch, err := pool.Collect(ctx, sampler, tasks, seed)
	if err != nil {
		return runlog.Eval{}, nil, fmt.Errorf("evaluate %s: %w", set.Tasks, err)
	}
	ks := set.K
	if len(ks) == 0 {
		ks = []int{1}
	}
	return runlog.Eval{
		Tasks: set.Tasks, NTasks: len(tasks), NSamples: set.Samples, Temperature: set.Temperature,
		Metrics: Summarize(batch.Groups, ks, seed),
	}, batch.Groups, nil
}
