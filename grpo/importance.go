package grpo

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/policy"
)

// Importance corrects for the difference between the policy that drew the tokens and the one at the step's start: other
// weights (max_staleness), or other arithmetic (a sampler that is not the trainer). The names are TRL's.
type Importance struct {
	Mode string  `yaml:"mode"`
	Cap  float64 `yaml:"cap"` // weights above it become the cap (truncate) or 0 (mask)
}

// The corrections.
const (
	ImportanceNone             = "none"
	ImportanceTokenTruncate    = "token_truncate"
	ImportanceTokenMask        = "token_mask"
	ImportanceSequenceTruncate = "sequence_truncate"
	ImportanceSequenceMask     = "sequence_mask"
)

// ImportanceModes lists the corrections.
func ImportanceModes() []string {
	return []string{ImportanceNone, ImportanceTokenTruncate, ImportanceTokenMask, ImportanceSequenceTruncate, ImportanceSequenceMask}
}

func (c Importance) validate() error {
	switch {
	case !slices.Contains(ImportanceModes(), c.Mode):
		return fmt.Errorf("grpo: importance.mode is %q: want one of %s", c.Mode, strings.Join(ImportanceModes(), ", "))
	case c.on() && !(c.Cap > 0):
		return fmt.Errorf("grpo: importance.cap is %g: want a number above 0, such as 3", c.Cap)
	}
	return nil
}

func (c Importance) on() bool { return c.Mode != ImportanceNone }

// ratios are exp(old - behaviour) of each token of a response, or that of their sums, once, for the whole.
func (c Importance) ratios(old, behaviour []float32) []float64 {
	tokens, sum := make([]float64, len(old)), 0.0
	for i := range old {
		d := float64(old[i]) - float64(behaviour[i])
		tokens[i], sum = math.Exp(d), sum+d
	}
	if strings.HasPrefix(c.Mode, "sequence") {
		return []float64{math.Exp(sum)}
	}
	return tokens
}

// weight is what becomes of a ratio.
func (c Importance) weight(ratio float64) float64 {
	switch {
	case ratio <= c.Cap:
		return ratio
	case strings.HasSuffix(c.Mode, "mask"):
		return 0
	}
	return c.Cap
}

// correction is what the importance correction of a step did, over tokens or over sequences.
type correction struct {
	ratioMean, ratioMax float64 // before the cap
	weightMean          float64 // after it
	capped              float64 // share above the cap
	diffMean, diffMax   float64 // |old log-prob - behaviour log-prob| over tokens
}

// correct scores the responses of a step under the weights of its start. These log-probs, old, become those that the loss
// takes its ratio against, and the advantages of each token are scaled by the capped ratio of old to behaviour: all our
// losses are linear in them. A nil result means that old and behaviour are one.
func (l *Loop) correct(ctx context.Context, minibatches []Minibatch) (*correction, error) {
	if !l.Importance.on() || len(minibatches) == 0 {
		return nil, nil
	}
	var data []policy.Datum // one each rollout, however many epochs it is in
	at := map[Origin]int{}
	for _, m := range minibatches {
		for i, d := range m.Data {
			if _, known := at[m.From[i]]; !known {
				at[m.From[i]] = len(data)
				data = append(data, d)
			}
		}
	}
	if !l.RoutingReplay {
		data = unrouted(data)
	}
	old, err := l.Policy.Score(ctx, data)
	if err != nil {
		return nil, fmt.Errorf("score at the step's start: %w", err)
	}
	for _, m := range minibatches {
		for i := range m.Data {
			l.Importance.apply(&m.Data[i], old[at[m.From[i]]])
		}
	}
	return l.Importance.measure(data, old), nil
}

// apply replaces the behaviour log-probs of a datum and scales its advantages.
func (c Importance) apply(d *policy.Datum, old []float32) {
	ratios := c.ratios(old, d.Logprobs)
	for i := range d.Advantages {
		d.Advantages[i] *= float32(c.weight(ratios[min(i, len(ratios)-1)]))
	}
	d.Logprobs = old
}

// measure describes the correction of data that still have their behaviour log-probs.
func (c Importance) measure(data []policy.Datum, old [][]float32) *correction {
	var s correction
	n, tokens := 0.0, 0.0
	for i, d := range data {
		for _, r := range c.ratios(old[i], d.Logprobs) {
			n++
			s.ratioMean += r
			s.ratioMax = math.Max(s.ratioMax, r)
			s.weightMean += c.weight(r)
			if r > c.Cap {
				s.capped++
			}
		}
		for t := range d.Logprobs {
			diff := math.Abs(float64(old[i][t]) - float64(d.Logprobs[t]))
			s.diffMean, s.diffMax, tokens = s.diffMean+diff, math.Max(s.diffMax, diff), tokens+1
		}
	}
	s.ratioMean, s.weightMean, s.capped, s.diffMean = s.ratioMean/n, s.weightMean/n, s.capped/n, s.diffMean/tokens
	return &s
}

// describe fills in a step. With a correction the first update's own difference is 0 by construction, and tells nothing.
func (c *correction) describe(s *runlog.Step) {
	if c == nil {
		s.ISRatioMean, s.ISRatioMax, s.ISWeightMean, s.ISCappedFrac = math.NaN(), math.NaN(), math.NaN(), math.NaN()
		return
	}
	s.ISRatioMean, s.ISRatioMax, s.ISWeightMean, s.ISCappedFrac = c.ratioMean, c.ratioMax, c.weightMean, c.capped
	s.LogpDiffMean, s.LogpDiffMax = c.diffMean, c.diffMax
}
