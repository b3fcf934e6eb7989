package runlog_test

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/internal/reflect"
	"github.com/rltrain/rltrain/internal/runlog"
)

func browse(t *testing.T, log *runlog.Log, change func(*runlog.Query)) runlog.Page {
	t.Helper()
	q := runlog.Query{MinReward: math.NaN(), MaxReward: math.NaN()}
	q.Limit = 100
	change(&q)
	page, err := log.Browse(context.Background(), q)
	require.NoError(t, err)
	return page
}

func ids(page runlog.Page) (all []string) {
	for _, r := range page.Rollouts {
		all = append(all, r.ID)
	}
	return all
}

func TestBrowse(t *testing.T) {
	log := mustCreate(t)
	mustEval(t, log, 0, 0.3) // two tasks of four samples
	mustRecord(t, log, 0, 2, 4)
	mustRecord(t, log, 1, 2, 4)
	right := func(r runlog.Rollout) (bool, error) { return r.Verdict == "correct", nil }
	for name, test := range map[string]struct {
		change func(*runlog.Query)
		n      int
		first  string
	}{
		"newest first":        {func(*runlog.Query) {}, 24, "1:countdown-1:3"},
		"oldest":              {func(q *runlog.Query) { q.Sort = runlog.Oldest }, 24, "eval/countdown/t1/2x4:0:countdown-0:0"},
		"step zero":           {func(q *runlog.Query) { q.HasStep = true }, 16, "0:countdown-1:3"},
		"phase":               {func(q *runlog.Query) { q.Phase = runlog.PhaseEval }, 8, "eval/countdown/t1/2x4:0:countdown-1:3"},
		"kind":                {func(q *runlog.Query) { q.Kind = "code" }, 0, ""},
		"beginning of a task": {func(q *runlog.Query) { q.TaskID = "countdown-1" }, 12, "1:countdown-1:3"},
		"verdict":             {func(q *runlog.Query) { q.Verdict = "correct"; q.HasStep, q.Step = true, 1 }, 4, "1:countdown-1:3"},
		"reward":              {func(q *runlog.Query) { q.MinReward, q.MaxReward = 0.05, 0.2 }, 12, "1:countdown-1:2"},
		"reflections":         {func(q *runlog.Query) { q.MinReflections = 1; q.HasStep, q.Step = true, 1 }, 4, "1:countdown-1:1"},
		"effect":              {func(q *runlog.Query) { q.Effect = reflect.NoneOther; q.HasStep, q.Step = true, 1 }, 4, "1:countdown-1:1"},
		"no such effect":      {func(q *runlog.Query) { q.Effect = reflect.Bad }, 0, ""},
		"text":                {func(q *runlog.Query) { q.Search = "let me reconsider" }, 24, "1:countdown-1:3"},
		"text in a step":      {func(q *runlog.Query) { q.Search = "too small"; q.HasStep, q.Step, q.Phase = true, 0, "train" }, 8, "0:countdown-1:3"},
		"text of a task":      {func(q *runlog.Query) { q.Search = "too small"; q.TaskID = "countdown-0" }, 12, "1:countdown-0:3"},
		"no such text":        {func(q *runlog.Query) { q.Search = "reconsider me" }, 0, ""},
		"text that is none":   {func(q *runlog.Query) { q.Search = `"*(` }, 0, ""},
		"sorted":              {func(q *runlog.Query) { q.Sort = "-advantage" }, 24, "1:countdown-1:3"},
		"undefined last":      {func(q *runlog.Query) { q.Sort = "advantage"; q.Verdict = "wrong" }, 12, "1:countdown-1:2"},
		"match":               {func(q *runlog.Query) { q.Match = right; q.Phase = "train" }, 8, "1:countdown-1:3"},
	} {
		t.Run(name, func(t *testing.T) {
			page := browse(t, log, test.change)
			require.Len(t, page.Rollouts, test.n, ids(page))
			require.False(t, page.More)
			if test.n > 0 {
				require.Equal(t, test.first, page.Rollouts[0].ID)
			}
		})
	}
	_, err := log.Browse(context.Background(), runlog.Query{Filter: runlog.Filter{Sort: "response; DROP", Limit: 1}, MinReward: math.NaN(), MaxReward: math.NaN()})
	require.ErrorContains(t, err, "unknown field")
	_, err = log.Browse(context.Background(), runlog.Query{})
	require.ErrorContains(t, err, "at least one")
}

// TestBrowsePagesMeetWithoutGapOrOverlap walks each order page by page.
func TestBrowsePagesMeetWithoutGapOrOverlap(t *testing.T) {
	log := mustCreate(t)
	for step := range 3 {
		mustRecord(t, log, step, 3, 4)
	}
	right := func(r runlog.Rollout) (bool, error) { return r.Verdict == "correct", nil }
	for _, order := range []string{"", runlog.Oldest, "-reward", "tokens"} {
		for _, match := range []func(runlog.Rollout) (bool, error){nil, right} {
			whole := ids(browse(t, log, func(q *runlog.Query) { q.Sort, q.Match = order, match }))
			var walked []string
			next := runlog.Page{More: true}
			for next.More {
				last := next
				next = browse(t, log, func(q *runlog.Query) {
					q.Sort, q.Match, q.Limit, q.Before, q.Offset = order, match, 5, last.Next, last.Offset
				})
				walked = append(walked, ids(next)...)
				require.LessOrEqual(t, len(walked), len(whole))
			}
			require.Equal(t, whole, walked, "order %q", order)
		}
	}
}

func TestBrowseStopsWhenItsBudgetIsSpent(t *testing.T) {
	log := mustCreate(t)
	for step := range 3 {
		mustRecord(t, log, step, 50, 4)
	}
	never := func(runlog.Rollout) (bool, error) { return false, nil }
	page := browse(t, log, func(q *runlog.Query) { q.Match, q.Budget = never, time.Nanosecond })
	require.True(t, page.Late)
	require.True(t, page.More)
	require.Positive(t, page.Next)
	rest := browse(t, log, func(q *runlog.Query) { q.Match, q.Before = never, page.Next })
	require.False(t, rest.More)
	require.Equal(t, 600, page.Looked+rest.Looked)
}

func TestBrowseClipsWhatItShowsAndMatchesTheWhole(t *testing.T) {
	log := mustCreate(t)
	mustRecord(t, log, 0, 1, 1)
	seen := 0
	page := browse(t, log, func(q *runlog.Query) {
		q.Clip = 7
		q.Match = func(r runlog.Rollout) (bool, error) { seen = len(r.Response); return true, nil }
	})
	require.Equal(t, chain[:7], page.Rollouts[0].Response)
	require.Equal(t, len(chain), seen)
	require.Equal(t, chain[:7], browse(t, log, func(q *runlog.Query) { q.Clip = 7 }).Rollouts[0].Response)
}

func TestCompileWhere(t *testing.T) {
	match, err := runlog.CompileWhere(`tokens > 10 && response contains "Wait"`)
	require.NoError(t, err)
	ok, err := match(runlog.Rollout{Tokens: 11, Response: "Wait"})
	require.NoError(t, err)
	require.True(t, ok)
	for where, want := range map[string]string{"toens > 1": `unknown variable "toens"`, "tokens": "bool", "tokens >": "at column", string(make([]byte, 5000)): "at most"} {
		_, err := runlog.CompileWhere(where)
		require.ErrorContains(t, err, want)
	}
}
