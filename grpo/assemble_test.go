package grpo

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/rollout"
	"github.com/rltrain/rltrain/verifiers"
)

// judged makes a group of rollouts with these rewards; NaN is one that could not be judged.
func judged(rewards ...float64) rollout.Group {
	var g rollout.Group
	for _, reward := range rewards {
		v := verifiers.Verdict{Kind: verifiers.Wrong, Reward: reward}
		switch {
		case math.IsNaN(reward):
			v = verifiers.Verdict{Kind: verifiers.Error, Reward: 99} // whatever it says, it counts for nothing
		case reward >= 1:
			v.Kind = verifiers.Correct
		case reward == 0:
			v.Kind = verifiers.Timeout
		}
		g.Rollouts = append(g.Rollouts, rollout.Rollout{Verdict: v})
	}
	return g
}

func TestAdvantages(t *testing.T) {
	broken := math.NaN()
	groups := []rollout.Group{
		judged(1.1, 0.1, 0.1, broken),                       // mean 1.3/3, squares 2/3, std sqrt(1/3)
		judged(0, 1),                                        // a timeout counts as 0: mean 1/2, squares 1/2, std sqrt(1/2)
		judged(0.1, 0.1, 0.1),                               // 0.1+0.1+0.1 is not 3*0.1 in floats
		judged(0.3, 0.1+0.2),                                // nor is 0.1+0.2 equal to 0.3
		judged(broken, broken), judged(1), {}, judged(1, 1), // nothing to compare
	}
	zeros := [][]float64{{0, 0, 0}, {0, 0}, {0, 0}, {0}, {}, {0, 0}}
	third := 1.0 / 3
	// batch: squares 2/3 + 1/2 over 3+2+3+2+0+1+0+2 = 13 judged, so std sqrt((7/6)/12) = 0.31180478
	for scale, want := range map[string][][]float64{
		ScaleNone:  {{2 * third, -third, -third, 0}, {-0.5, 0.5}},
		ScaleGroup: {{1.1545005, -0.5772503, -0.5772503, 0}, {-0.7070068, 0.7070068}},
		ScaleBatch: {{2.1374044, -1.0687022, -1.0687022, 0}, {-1.6030533, 1.6030533}},
	} {
		got := Advantages(groups, Config{Scale: scale})
		require.Len(t, got, len(groups), scale)
		for i := range want {
			require.InDeltaSlice(t, want[i], got[i], 1e-6, "scale %s, group %d", scale, i)
		}
		require.Zero(t, got[0][3], "what could not be judged gets nothing, exactly")
		require.Equal(t, zeros, got[2:], "a group without spread gets nothing, exactly")
	}
	require.Empty(t, Advantages(nil, Config{Scale: ScaleBatch}))
	for _, row := range Advantages([]rollout.Group{judged(broken), judged(1, 1)}, Config{Scale: ScaleBatch}) {
		require.Zero(t, row[0])
	}
}

// sized makes a group whose rollouts have these numbers of tokens; token values tell rollouts apart.
func sized(mark policy.Token, lengths ...int) rollout.Group {
	g := rollout.Group{PromptTokens: []policy.Token{mark}}
	for j, n := range lengths {
		var r rollout.Rollout
		for range n {
			r.Tokens = append(r.Tokens, 100*mark+policy.Token(j))
			r.Logprobs = append(r.Logprobs, -float32(j))
		}
		g.Rollouts = append(g.Rollouts, r)
	}
	return g
}

func someGroups() ([]rollout.Group, [][]float64) {
	return []rollout.Group{sized(1, 2, 4, 9), sized(2, 1, 5, 0)}, [][]float64{{0.5, -0.5, 0}, {1, 0, 3}}
}

func TestAssembleWeights(t *testing.T) {
	for aggregation, want := range map[string]map[policy.Token]float64{ // by token: what each token of that rollout weighs
		TokenMean:        {100: 1.0 / 7, 101: 1.0 / 7, 200: 1.0 / 7},
		SeqMeanTokenMean: {100: 1.0 / 6, 101: 1.0 / 12, 200: 1.0 / 3},
		SeqMeanTokenSum:  {100: 1.0 / 150, 101: 1.0 / 150, 200: 1.0 / 150},
	} {
		groups, advantages := someGroups()
		batches := Assemble(groups, advantages, Config{Minibatches: 1, Aggregation: aggregation, LengthNorm: 50}, 1)
		require.Len(t, batches, 1)
		seen := map[policy.Token]float32{}
		for _, d := range batches[0].Data {
			token := d.Response[0]
			seen[token] = d.Advantages[0]
			require.Equal(t, []policy.Token{token / 100}, d.Prompt)
			require.Len(t, d.Weights, len(d.Response))
			require.Len(t, d.Logprobs, len(d.Response))
			for i, w := range d.Weights {
				require.InDelta(t, want[token], w, 1e-8, "%s, rollout %d", aggregation, token)
				require.Equal(t, d.Advantages[0], d.Advantages[i])
			}
		}
		require.Equal(t, map[policy.Token]float32{100: 0.5, 101: -0.5, 200: 1}, seen, "advantage 0 and empty responses are dropped")
	}
}

func TestAssembleMinibatches(t *testing.T) {
	var groups []rollout.Group
	var advantages [][]float64
	for i := range 7 {
		groups = append(groups, sized(policy.Token(i+1), 1, 2, 3))
		advantages = append(advantages, []float64{1, -1, 0.5})
	}
	order := func(batches []Minibatch) (all []policy.Token) {
		for _, batch := range batches {
			for _, d := range batch.Data {
				all = append(all, d.Response[0])
			}
		}
		return all
	}
	config := Config{Minibatches: 4, Aggregation: TokenMean}
	first := Assemble(groups, advantages, config, 5)
	require.Len(t, first, 4)
	seen := map[policy.Token]int{}
	for _, batch := range first {
		require.Contains(t, []int{5, 6}, len(batch.Data))
		require.Len(t, batch.From, len(batch.Data))
		sum := 0.0
		for i, d := range batch.Data {
			at := batch.From[i]
			require.Equal(t, groups[at.Group].Rollouts[at.Rollout].Tokens, d.Response)
			seen[d.Response[0]]++
			for _, w := range d.Weights {
				sum += float64(w)
			}
		}
		require.InDelta(t, 1, sum, 1e-5, "each minibatch is normalised alone")
	}
	require.Len(t, seen, 21)
	for token, n := range seen {
		require.Equal(t, 1, n, "rollout %d", token)
	}
	require.Equal(t, first, Assemble(groups, advantages, config, 5))
	require.NotEqual(t, order(first), order(Assemble(groups, advantages, config, 6)))

	config.Minibatches = 100
	require.Len(t, Assemble(groups, advantages, config, 5), 21, "no minibatch is empty")
	require.Empty(t, Assemble(nil, nil, config, 5))
}

func TestAssembleIsPure(t *testing.T) {
	groups, advantages := someGroups()
	sameGroups, sameAdvantages := someGroups()
	for _, scale := range []string{ScaleNone, ScaleGroup, ScaleBatch} {
		Advantages(groups, Config{Scale: scale, Baseline: BaselineLeaveOneOut, Overlong: Overlong{Mask: true}})
		Assemble(groups, advantages, Config{Minibatches: 2, Aggregation: TokenMean}, 3)
	}
	require.Equal(t, sameGroups, groups)
	require.Equal(t, sameAdvantages, advantages)
}
