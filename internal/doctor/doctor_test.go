package doctor

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/rollout"
	"github.com/rltrain/rltrain/verifiers"
)

// healthy are steps as the shipped recipe makes them: accuracy and length rise together.
func healthy(n int) []runlog.Step {
	steps := make([]runlog.Step, n)
	for i := range steps {
		done := float64(i) / float64(max(1, n-1))
		steps[i] = runlog.Step{Step: i, RewardMean: 0.3 + 0.5*done, RewardStd: 0.4, Accuracy: 0.2 + 0.5*done, FracZeroStd: 0.1 + 0.3*done,
			LengthMean: 40 + 80*done, TruncatedFrac: 0.2 * done, Entropy: 0.13 + 0.03*done, LogpDiffMax: 3e-5, MoEMaxViolation: 0.3}
	}
	return steps
}

func tallied(n int, each runlog.Tally) []runlog.Tally {
	tallies := make([]runlog.Tally, n)
	for i := range tallies {
		tallies[i] = each
		tallies[i].Step = i
	}
	return tallies
}

func TestExamine(t *testing.T) {
	for _, test := range []struct {
		code  string
		spoil func(*runlog.Step) // the last ten steps
		tally runlog.Tally       // of every step
		words []string
	}{
		{code: ""},
		{code: "never_ends", spoil: func(s *runlog.Step) { s.TruncatedFrac = 1 }, words: []string{"100.0 %", "sampling.max_tokens"}},
		{code: "mostly_cut", spoil: func(s *runlog.Step) { s.TruncatedFrac = 0.62 }, words: []string{"62 %", "grpo.overlong"}},
		{code: "tied_right", spoil: func(s *runlog.Step) { s.FracZeroStd, s.Accuracy = 0.97, 0.99 }, words: []string{"97 %", "99 %", "too easy"}},
		{code: "tied_wrong", spoil: func(s *runlog.Step) { s.FracZeroStd, s.Accuracy, s.LengthMean = 1, 0, 50 }, words: []string{"100 %", "0 % of the answers", "too hard"}},
		{code: "none_right", spoil: func(s *runlog.Step) { s.Accuracy, s.LengthMean = 0, 50 }, words: []string{"not one answer is right"}},
		{code: "ratio_off", spoil: func(s *runlog.Step) { s.LogpDiffMax = 0.25 }, words: []string{"0.25", "1.284"}},
		{code: "entropy_collapse", spoil: func(s *runlog.Step) { s.Entropy = 0.01 }, words: []string{"0.01 nats", "grpo.lr"}},
		{code: "length_explodes", spoil: func(s *runlog.Step) { s.LengthMean, s.Accuracy = 300, 0.15 }, words: []string{"300 tokens from 4", "to 0.15"}},
		{code: "verifier_errors", tally: runlog.Tally{Rollouts: 100, Error: 2}, words: []string{"10 of 500"}},
		{code: "verifier_timeouts", tally: runlog.Tally{Rollouts: 100, Timeout: 6}, words: []string{"30 of 500"}},
		{code: "paid_without_answer", tally: runlog.Tally{Rollouts: 100, NoAnswer: 9, PaidNoAnswer: 3}, words: []string{"15 of 500"}},
		{code: "experts_dead", spoil: func(s *runlog.Step) { s.MoEDead = 3 }, words: []string{"3 experts", "grpo.bias_rate"}},
		{code: "experts_overloaded", spoil: func(s *runlog.Step) { s.MoEMaxViolation = 4 }, words: []string{"5.0 times"}},
	} {
		steps := healthy(30)
		if test.spoil != nil {
			for i := 20; i < 30; i++ {
				test.spoil(&steps[i])
			}
		}
		if test.tally.Rollouts == 0 {
			test.tally = runlog.Tally{Rollouts: 100, NoAnswer: 30, Unparseable: 5, Timeout: 1}
		}
		found := Examine(steps, tallied(30, test.tally))
		if test.code == "" {
			require.Empty(t, found, "a healthy run")
			require.Empty(t, History(steps, tallied(30, test.tally)))
			continue
		}
		require.Len(t, found, 1, test.code)
		require.Equal(t, test.code, found[0].Code)
		require.Equal(t, []int{25, 29}, []int{found[0].From, found[0].To})
		for _, words := range test.words {
			require.Contains(t, found[0].Text, words, test.code)
		}
	}
}

// Older weights give other log-probs: that is no disagreement of sampler and trainer.
func TestExamineStaleRuns(t *testing.T) {
	steps := healthy(30)
	for i := range steps {
		steps[i].LogpDiffMax, steps[i].Staleness = 0.25, 1
	}
	require.Empty(t, Examine(steps, nil))
}

func TestExamineYoungRuns(t *testing.T) {
	steps := healthy(30)
	for i := range steps {
		steps[i].TruncatedFrac, steps[i].Entropy, steps[i].LengthMean = 1, 0.001, 500
	}
	require.Empty(t, Examine(steps[:Window-1], nil))
	require.Len(t, Examine(steps[:Window], nil), 1, "nothing has collapsed that began so")
	undefined := runlog.Step{RewardMean: math.NaN(), Accuracy: math.NaN(), Entropy: math.NaN(), LogpDiffMax: math.NaN(), MoEMaxViolation: math.NaN()}
	require.Empty(t, Examine([]runlog.Step{undefined, undefined, undefined, undefined, undefined}, nil))
}

func TestHistory(t *testing.T) {
	steps := healthy(40)
	for i := 10; i < 20; i++ {
		steps[i].TruncatedFrac = 0.9
	}
	for i := 30; i < 40; i++ {
		steps[i].LogpDiffMax = 0.02 + 0.01*float64(i-30)
	}
	found := History(steps, tallied(40, runlog.Tally{Rollouts: 10}))
	require.Len(t, found, 2)
	require.Equal(t, "mostly_cut", found[0].Code)
	require.Equal(t, []int{8, 21}, []int{found[0].From, found[0].To}, "the windows in which the mean is above the bound")
	require.Equal(t, "ratio_off", found[1].Code)
	require.Equal(t, []int{26, 39}, []int{found[1].From, found[1].To})
	require.Contains(t, found[1].Text, "0.11", "the words of the last time")
}

func TestCount(t *testing.T) {
	var g rollout.Group
	for _, v := range []verifiers.Verdict{
		{Kind: verifiers.Correct, Reward: 1.1}, {Kind: verifiers.NoAnswer}, {Kind: verifiers.NoAnswer, Reward: 0.1}, {Kind: verifiers.Unparseable},
		{Kind: verifiers.Timeout}, {Kind: verifiers.Error, Reward: 1}, {Kind: verifiers.Wrong, Reward: 0.1},
	} {
		g.Rollouts = append(g.Rollouts, rollout.Rollout{Sample: policy.Sample{}, Verdict: v})
	}
	require.Equal(t, runlog.Tally{Step: 3, Rollouts: 14, NoAnswer: 4, Unparseable: 2, Timeout: 2, Error: 2, PaidNoAnswer: 2}, Count(3, []rollout.Group{g, g}))
}

func TestHopeless(t *testing.T) {
	nothing := []runlog.Step{{TruncatedFrac: 1}, {TruncatedFrac: 1}, {TruncatedFrac: 1}}
	advice, ok := Hopeless(nothing)
	require.True(t, ok)
	require.Contains(t, advice, "100 % of completions were cut off")
	broken := []runlog.Step{{RewardMean: math.NaN()}, {RewardMean: math.NaN()}, {RewardMean: math.NaN()}}
	advice, ok = Hopeless(broken)
	require.True(t, ok)
	require.Contains(t, advice, "could be judged")
	for _, steps := range [][]runlog.Step{nothing[:2], append(nothing[:3:3], runlog.Step{}), {{}, {RewardMean: 0.01}, {}}, {{}, {}, {RewardStd: 0.1}}, healthy(3)} {
		_, ok := Hopeless(steps)
		require.False(t, ok, "%v", steps)
	}
}
