package grpo

import (
	"context"
	"fmt"
	"math"

	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/rollout"
	"github.com/rltrain/rltrain/verifiers"
)

// refer gives data the log-probs under the reference policy.
func (l *Loop) refer(ctx context.Context, data []policy.Datum) error {
	reference, err := l.Reference.Score(ctx, unrouted(data)) // it routes as it was trained to
	if err != nil {
		return fmt.Errorf("score under the reference: %w", err)
	}
	for i := range data {
		data[i].Reference = reference[i]
	}
	return nil
}

// KLSum is the k3 estimate of KL(policy || reference), summed over tokens.
type KLSum struct {
	Nats   float64
	Tokens int
}

// klReference is the mean k3 estimate of KL(policy || reference) over the tokens of a step: those it learned from or, where the KL
// is in the reward, those that were drawn. NaN where there is no reference, or no token.
func (l *Loop) klReference(drawn KLSum, u updateStats) float64 {
	if l.loss().KL > 0 && u.updates > 0 {
		return u.klReference
	}
	return drawn.Nats / float64(drawn.Tokens)
}

// chargeKL takes KL times the sum over a response's tokens of log-prob minus reference log-prob off its reward, where the
// recipe has the KL in the reward. What could not be judged stays as it is.
func (l *Loop) chargeKL(ctx context.Context, groups []rollout.Group) (charged KLSum, err error) {
	if l.KL == 0 || l.KLIn != KLInReward {
		return charged, nil
	}
	var data []policy.Datum
	var rewards []*float64
	for _, g := range groups {
		for j := range g.Rollouts {
			if r := &g.Rollouts[j]; r.Verdict.Kind != verifiers.Error && len(r.Tokens) > 0 {
				data, rewards = append(data, datum(g, *r, 0)), append(rewards, &r.Verdict.Reward)
			}
		}
	}
	if len(data) == 0 {
		return charged, nil
	}
	if err := l.refer(ctx, data); err != nil {
		return charged, err
	}
	for i, d := range data {
		sum := 0.0
		for t := range d.Logprobs {
			logRatio := float64(d.Reference[t]) - float64(d.Logprobs[t])
			sum -= logRatio
			charged.Nats += math.Expm1(logRatio) - logRatio
		}
		charged.Tokens += len(d.Logprobs)
		*rewards[i] -= l.KL * sum
	}
	return charged, nil
}
