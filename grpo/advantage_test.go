package grpo

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/rollout"
)

// reference is the content of testdata/advantages.json, made with numpy.
type reference struct {
	Groups []struct {
		Rewards []*float64 // null could not be judged
		Cut     []bool
	}
	Cases []struct {
		Baseline, Scale string
		Mask            bool
		Want            [][]float64
	}
	Overlong []struct {
		Limit, Buffer int
		Penalty       float64
		Lengths       []int
		Want          []float64
	}
}

func readReference(t *testing.T) (r reference, groups []rollout.Group) {
	t.Helper()
	data, err := os.ReadFile("testdata/advantages.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &r))
	for _, g := range r.Groups {
		var rewards []float64
		for _, reward := range g.Rewards {
			if reward == nil {
				rewards = append(rewards, math.NaN())
			} else {
				rewards = append(rewards, *reward)
			}
		}
		group := judged(rewards...)
		for j, cut := range g.Cut {
			group.Rollouts[j].Stop = policy.StopToken
			if cut {
				group.Rollouts[j].Stop = policy.StopLength
			}
		}
		groups = append(groups, group)
	}
	return r, groups
}

func TestAdvantagesAgainstNumpy(t *testing.T) {
	r, groups := readReference(t)
	require.Len(t, r.Cases, 12)
	for _, c := range r.Cases {
		got := Advantages(groups, Config{Baseline: c.Baseline, Scale: c.Scale, Overlong: Overlong{Mask: c.Mask}})
		for i := range c.Want {
			require.InDeltaSlice(t, c.Want[i], got[i], 1e-12, "%s, scale %s, mask %v, group %d", c.Baseline, c.Scale, c.Mask, i)
		}
	}
}

// By hand: of 1, 0, 0, 1 the others of a 1 have mean 1/3 and those of a 0 have 2/3.
func TestLeaveOneOut(t *testing.T) {
	got := Advantages([]rollout.Group{judged(1, 0, 0, 1), judged(1, 0, math.NaN())}, Config{Baseline: BaselineLeaveOneOut, Scale: ScaleNone})
	require.InDeltaSlice(t, []float64{2.0 / 3, -2.0 / 3, -2.0 / 3, 2.0 / 3}, got[0], 1e-12)
	require.InDeltaSlice(t, []float64{1, -1, 0}, got[1], 1e-12, "what could not be judged is none of the others")
}

// With dynamic sampling the groups that were drawn anew are no part of the batch's deviation.
func TestBatchScaleWithDynamicSampling(t *testing.T) {
	groups := []rollout.Group{judged(0, 1), judged(1, 1, 1, 1), judged(0, 1)}
	without := []rollout.Group{groups[0], groups[2]}
	all := Advantages(groups, Config{Scale: ScaleBatch})
	kept := Advantages(groups, Config{Scale: ScaleBatch, Dynamic: Dynamic{MaxRounds: 1}})
	require.Equal(t, Advantages(without, Config{Scale: ScaleBatch}), [][]float64{kept[0], kept[2]})
	require.Less(t, math.Abs(kept[0][0]), math.Abs(all[0][0]))
	require.InDelta(t, -0.5/(math.Sqrt(1.0/3)+1e-4), kept[0][0], 1e-12) // squares 4/4, over 4-1
	require.Equal(t, []float64{0, 0, 0, 0}, kept[1])
}

func TestOverlongPenalty(t *testing.T) {
	r, _ := readReference(t)
	require.Len(t, r.Overlong, 3)
	for _, c := range r.Overlong {
		o := Overlong{Buffer: c.Buffer, Penalty: c.Penalty}
		for i, n := range c.Lengths {
			require.InDelta(t, c.Want[i], -OverlongPenalty(n, c.Limit, o), 1e-12, "%d of %d tokens, %+v", n, c.Limit, o)
		}
	}
	require.Zero(t, OverlongPenalty(100, 10, Overlong{}), "off by default")

	groups := []rollout.Group{judged(1, 0, math.NaN())}
	for j, n := range []int{100, 90, 100} {
		groups[0].Rollouts[j].Tokens = make([]policy.Token, n)
	}
	penalise(groups, 100, Overlong{Buffer: 20, Penalty: 0.5})
	require.InDelta(t, 0.5, groups[0].Rollouts[0].Verdict.Reward, 1e-12)
	require.InDelta(t, -0.25, groups[0].Rollouts[1].Verdict.Reward, 1e-12)
	require.Equal(t, 99.0, groups[0].Rollouts[2].Verdict.Reward, "what could not be judged stays as it is")
}
