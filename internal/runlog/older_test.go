package runlog_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/internal/reflect"
	"github.com/rltrain/rltrain/internal/runlog"
)

// everything is what the readers of a log get to see of it, as text: numbers that are not there are NaN, which equals nothing.
func everything(t *testing.T, log *runlog.Log) (facts []string) {
	ctx := context.Background()
	keep := func(what any, err error) {
		t.Helper()
		require.NoError(t, err)
		facts = append(facts, fmt.Sprintf("%+v", what))
	}
	info, err := log.Info(ctx)
	keep(info, err)
	steps, err := log.Steps(ctx)
	keep(steps, err)
	evals, err := log.Evals(ctx)
	keep(evals, err)
	probes, err := log.Probes(ctx)
	keep(probes, err)
	loads, err := log.ExpertLoads(ctx, []int{0, 1})
	keep(loads, err)
	outcomes, err := log.Outcomes(ctx)
	keep(outcomes, err)
	categories, err := log.CategorySteps(ctx)
	keep(categories, err)
	phrases, err := log.TopPhrases(ctx, 5)
	keep(phrases, err)
	tallies, err := log.Tallies(ctx)
	keep(tallies, err)
	summary, err := log.Summary(ctx)
	keep(summary, err)
	moment, err := log.Moment(ctx)
	keep(moment, err)
	const id = "0:countdown-0:1"
	group, err := log.Group(ctx, id)
	keep(group, err)
	history, err := log.History(ctx, "countdown-0")
	keep(history, err)
	drawn, err := log.Drawn(ctx, id)
	keep(drawn, err)
	drawing, err := log.Drawing(ctx, id)
	keep(drawing, err)
	reflections, err := log.Reflections(ctx, id)
	keep(reflections, err)
	for i, change := range []func(*runlog.Query){
		func(*runlog.Query) {},
		func(q *runlog.Query) { q.Effect = reflect.NoneOther },
		func(q *runlog.Query) { q.Effect = reflect.Good },
		func(q *runlog.Query) { q.Search = "too small" },
		func(q *runlog.Query) { q.Sort, q.Phase = "-tokens", runlog.PhaseTrain },
		func(q *runlog.Query) { q.HasStep, q.Search, q.TaskID = true, "reconsider", "countdown-1" },
	} {
		page := browse(t, log, change)
		require.Equal(t, i == 2, len(page.Rollouts) == 0, i)
		keep(page, nil)
	}
	keep(collect(t, log, runlog.Filter{Search: "reconsider", Verdict: "correct"}), nil)
	return facts
}

func fileSum(t *testing.T, path string) [sha256.Size]byte {
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return sha256.Sum256(data)
}

// A log of each older schema is read as it is: it says the same as after the migration, and not a byte of it changes.
func TestOlderLogsAreReadAsTheyAre(t *testing.T) {
	log := mustCreate(t)
	mustEval(t, log, 0, 0.3)
	mustRecord(t, log, 0, 2, 4)
	mustRecord(t, log, 1, 2, 4)
	require.NoError(t, log.RecordProbe(t.Context(), madeProbe()))
	require.NoError(t, log.Close())
	newest, err := runlog.Schema()
	require.NoError(t, err)
	for schema := 1; schema < newest; schema++ {
		t.Run(fmt.Sprint(schema), func(t *testing.T) {
			dir := t.TempDir()
			kept, migrated := filepath.Join(dir, "kept"), filepath.Join(dir, "migrated")
			for _, run := range []string{kept, migrated} {
				require.NoError(t, runlog.WriteOlder(run, schema, log.Dir()))
			}
			file := filepath.Join(kept, runlog.DBFile)
			before := fileSum(t, file)
			old, err := runlog.OpenReadOnly(kept)
			require.NoError(t, err)
			got := everything(t, old)
			require.Error(t, old.SetStatus(t.Context(), runlog.Failed), "it cannot be written")
			require.NoError(t, old.Close())
			require.Equal(t, before, fileSum(t, file))

			again, err := runlog.Open(migrated)
			require.NoError(t, err)
			want := everything(t, again)
			require.NoError(t, again.Close())
			require.NotEqual(t, before, fileSum(t, filepath.Join(migrated, runlog.DBFile)), "going on with a run migrates its log")
			require.Equal(t, want, got)
		})
	}
}
