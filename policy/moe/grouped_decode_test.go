package moe

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/policy"
)

// Grouped experts draw what dense ones do, also where all rows crowd upon two experts: then the token that had no room is drawn by the
// dense graph, and none is lost.
func TestGroupedDecoding(t *testing.T) {
	for name, crowded := range map[string]bool{"even": false, "crowded": true} {
		t.Run(name, func(t *testing.T) {
			trainer, twin := newSmall(t, 4), denseTwin(t, 4)
			for _, one := range []*Trainer{trainer, twin} {
				one.Shapes.MaxRows, one.groupingCost = 128, 0
				if crowded {
					clear(one.bias)
					one.bias[2], one.bias[5] = 10, 10
				}
			}
			requests := ask(8, policy.Params{N: 16, MaxTokens: 12, Temperature: 1, Seed: 3, Stop: []policy.Token{5}, Routing: true})
			want, got := sample(t, twin, requests...), sample(t, trainer, requests...)
			for i := range want {
				for n := range want[i] {
					sameDraws(t, want[i][n], got[i][n], "request %d, sample %d", i, n)
				}
			}

			snapshot, err := trainer.Snapshot(t.Context())
			require.NoError(t, err)
			lanes, _ := lanesOf(requests, 0)
			w, err := snapshot.(*sampler).prefill(requests, lanes)
			require.NoError(t, err)
			defer func() { release(w.owned()...) }()
			require.NoError(t, w.fit())
			require.True(t, w.form().grouped)
			before := w.slot
			require.NoError(t, w.chunk())
			require.Equal(t, crowded, w.dense)
			require.Equal(t, !crowded, w.form().grouped)
			if crowded {
				require.Equal(t, before, w.slot, "the token that had no room counts as drawn")
			}
		})
	}
}
