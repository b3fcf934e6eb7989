package runlog_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/internal/reflect"
	"github.com/rltrain/rltrain/internal/runlog"
)

const said = "wait, let me reconsider."

func TestEmergence(t *testing.T) {
	ctx := context.Background()
	log := mustCreate(t)
	mustEval(t, log, 0, 0.3) // counts for none of it
	mustRecord(t, log, 0, 2, 4)
	mustRecord(t, log, 3, 1, 4)
	outcomes, err := log.Outcomes(ctx)
	require.NoError(t, err)
	rollouts, tokens := map[string]int{}, 0
	for _, o := range outcomes {
		rollouts[o.Verdict] += o.Rollouts
		tokens += o.Tokens
	}
	require.Equal(t, map[string]int{"correct": 6, "wrong": 6}, rollouts)
	require.Equal(t, 12*60, tokens)

	counts, err := log.CategorySteps(ctx)
	require.NoError(t, err)
	require.Equal(t, []runlog.PhraseCount{{Step: 0, Category: reflect.Reconsideration, N: 4}, {Step: 3, Category: reflect.Reconsideration, N: 2}}, counts)
	top, err := log.TopPhrases(ctx, 5)
	require.NoError(t, err)
	require.Equal(t, []runlog.PhraseCount{{Step: 0, Category: reflect.Reconsideration, Phrase: said, N: 6}}, top)
	steps, err := log.PhraseSteps(ctx, []string{said, "other"})
	require.NoError(t, err)
	require.Len(t, steps, 2)

	require.NoError(t, log.TruncateFrom(ctx, 3))
	top, err = log.TopPhrases(ctx, 5)
	require.NoError(t, err)
	require.Equal(t, 4, top[0].N, "the sums go with the step")
}

func TestExpertLoads(t *testing.T) {
	ctx := context.Background()
	log := mustCreate(t)
	mustRecord(t, log, 0, 1, 1)
	mustRecord(t, log, 1, 1, 1)
	loads, err := log.ExpertLoads(ctx, []int{1})
	require.NoError(t, err)
	require.Equal(t, []runlog.ExpertLoad{{1, runlog.Expert{Layer: 0, Expert: 0, Load: 0.25, Bias: 0.001}}, {1, runlog.Expert{Layer: 0, Expert: 1, Load: 0.75, Bias: -0.001}}}, loads)
}
