package eval

import (
	"context"
	"fmt"
	"strings"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/rollout"
	"github.com/rltrain/rltrain/verifiers"
)

// claim is how a chain of the corpus's language says that it has found the answer.
const claim = " that works."

// retry is the phrase that a forced second attempt begins with.
const retry = " Wait, let me reconsider."

// claims tells whether a chain of thought ends in its own verdict "right".
func claims(text string) bool {
	start, end := verifiers.ThinkSpan(text)
	return strings.HasSuffix(strings.TrimSpace(text[start:end]), strings.TrimSpace(claim))
}

// BestByOwnVerdict is the control "best of N": of each task's samples the first that claims to be right
// counts, or the last if none does. It needs no gold and no verifier to choose.
func BestByOwnVerdict(groups []rollout.Group, seed uint64) runlog.Metric {
	scores := make([]float64, len(groups))
	for i, g := range groups {
		chosen := g.Rollouts[len(g.Rollouts)-1]
		for _, r := range g.Rollouts {
			if claims(r.Text) {
				chosen = r
				break
			}
		}
		if chosen.Verdict.Kind == verifiers.Correct {
			scores[i] = 1
		}
	}
	mean, low, high := Interval(scores, seed)
	return runlog.Metric{Name: "own_best", Value: mean, Low: low, High: high}
}

// ForcedRetry is the control "made to try again": whenever a chain ends without claiming to be right, its
// closing is cut off, a retry phrase is put in its place, and sampling goes on, until the chain claims to be
// right or pool.Params.MaxTokens are used up. One chain a task.
func ForcedRetry(ctx context.Context, s policy.Sampler, pool rollout.Pool, tasks []datasets.Task, seed uint64) ([]rollout.Group, error) {
	phrase, err := pool.Tokenizer.Encode(retry)
	if err != nil {
		return nil, fmt.Errorf("forced retry: encode the phrase: %w", err)
	}
	pool.Params.N = 1
	done := make([]rollout.Group, len(tasks))
	open, forced := make([]int, len(tasks)), make([][]policy.Token, len(tasks))
	for i := range tasks {
		open[i] = i
	}
	for round := uint64(0); len(open) > 0; round++ {
		subset, prefixes := make([]datasets.Task, len(open)), make([][]policy.Token, len(open))
		for j, i := range open {
			subset[j], prefixes[j] = tasks[i], forced[i]
		}
		batch, err := pool.CollectForced(ctx, s, subset, seed+round, prefixes)
		if err != nil {
			return nil, err
		}
		var next []int
		for j, i := range open {
			done[i] = batch.Groups[j]
			if prefix, again := again(pool, batch.Groups[j].Rollouts[0], phrase); again {
				forced[i] = prefix
				next = append(next, i)
			}
		}
		open = next
	}
	return done, nil
}

// again returns the chain to go on from, if it neither claims to be right nor has used up its tokens.
func again(pool rollout.Pool, r rollout.Rollout, phrase []policy.Token) ([]policy.Token, bool) {
	if claims(r.Text) || r.Stop == policy.StopLength {
		return nil, false
	}
	for i := len(r.Tokens) - 1; i >= 0; i-- {
		if pool.Tokenizer.Decode(r.Tokens[i:i+1]) == "</think>" {
			prefix := append(append([]policy.Token(nil), r.Tokens[:i]...), phrase...)
			const room = 24 // tokens: one more attempt
			return prefix, len(prefix)+room <= pool.Params.MaxTokens
		}
	}
	return nil, false
}
