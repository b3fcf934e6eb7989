package runlog

import (
	"context"
	"database/sql"
)

// Summary is what a list of runs says of one, without its evaluations.
type Summary struct {
	Steps       int
	First, Last Step    // only what the list shows: Step, Accuracy, RewardMean, ReflectFrac, LengthMean
	Seconds     float64 // of all steps
}

// Summary reads the first and the last step only; it is quick however long the run.
func (l *Log) Summary(ctx context.Context) (s Summary, err error) {
	err = l.db.QueryRowContext(ctx, `SELECT count(*), coalesce(sum(step_s), 0) FROM steps`).Scan(&s.Steps, &s.Seconds)
	for _, end := range []struct {
		step  *Step
		order string
	}{{&s.First, "ASC"}, {&s.Last, "DESC"}} {
		if err != nil || s.Steps == 0 {
			break
		}
		err = l.db.QueryRowContext(ctx, `SELECT step, accuracy, reward_mean, reflect_frac, length_mean FROM steps ORDER BY step `+end.order+` LIMIT 1`).
			Scan(&end.step.Step, nullable{&end.step.Accuracy}, nullable{&end.step.RewardMean}, nullable{&end.step.ReflectFrac}, nullable{&end.step.LengthMean})
	}
	return s, explain(l.dir, "sum up", err)
}

// Moment tells two states of a growing log apart.
type Moment struct {
	Step   int // the newest; -1 before the first
	Evals  int
	Status string
}

// Moment returns where the run stands.
func (l *Log) Moment(ctx context.Context) (m Moment, err error) {
	var last sql.NullInt64
	err = l.db.QueryRowContext(ctx, `SELECT (SELECT max(step) FROM steps), (SELECT count(*) FROM evals), status FROM v_runs`).
		Scan(&last, &m.Evals, &m.Status)
	m.Step = -1
	if last.Valid {
		m.Step = int(last.Int64)
	}
	return m, explain(l.dir, "read where it stands", err)
}

// Solved is how many training tasks were asked, and how many have a rollout that is right.
type Solved struct {
	Tasks, Solved int
	PromptTokens  int // of all training rollouts, each with its own prompt
}

// Solved counts. It looks at indexes of all rollouts: a tenth of a second for some hundred thousand.
func (l *Log) Solved(ctx context.Context) (s Solved, err error) {
	err = l.db.QueryRowContext(ctx, `SELECT count(DISTINCT task_id),
		count(DISTINCT CASE WHEN id IN (SELECT group_id FROM rollouts WHERE verdict = 'correct') THEN task_id END),
		coalesce(sum(length(prompt_ids) / 4 * (SELECT count(*) FROM rollouts r WHERE r.group_id = g.id)), 0)
		FROM task_groups g WHERE step_id IS NOT NULL`).Scan(&s.Tasks, &s.Solved, &s.PromptTokens)
	return s, explain(l.dir, "count the solved tasks", err)
}
