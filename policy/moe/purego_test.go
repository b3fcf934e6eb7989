package moe

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/internal/xla"
	"github.com/rltrain/rltrain/policy"
)

// TestPureGoBackend runs the golden model where no plug-in is: the same greedy tokens, loss and gradients.
func TestPureGoBackend(t *testing.T) {
	if raceEnabled {
		t.Skip("checkptr, part of -race, ends the process in compute 0.1.2's matrix product: run without -race, or with -gcflags=all=-d=checkptr=0")
	}
	t.Setenv("RLTRAIN_BACKEND", "go")
	engine, err := xla.Open(context.Background(), xla.Options{})
	require.NoError(t, err)
	require.True(t, engine.PureGo)
	g := openGolden(t, "tiny")
	trainer, err := Open(engine, filepath.Join("testdata", "tiny"), smallShapes())
	require.NoError(t, err)
	data := nextTokenData(g.tokens("tokens"))
	checkForward(t, trainer, g, data)
	for _, grouped := range []bool{false, true} {
		trainer.grads = nil
		checkGradients(t, trainer, g, data, grouped)
	}
	_, err = trainer.OptimStep(context.Background(), policy.Optim{LR: 1e-2, Beta1: .9, Beta2: .95, Eps: 1e-8, ClipNorm: 1, MuonLR: 1e-2, MuonMomentum: .95, BiasRate: 1e-3})
	require.NoError(t, err)
	trainer, err = Open(engine, filepath.Join("testdata", "tiny"), smallShapes())
	require.NoError(t, err)
	checkGreedy(t, trainer, g)
}
