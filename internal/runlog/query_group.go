package runlog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// ErrNoRollout is wrapped where a run has no rollout of an id.
var ErrNoRollout = errors.New("no rollout")

// Group returns all samples of the prompt that the rollout answers, itself among them, in the order of their numbers.
func (l *Log) Group(ctx context.Context, rolloutID string) ([]Rollout, error) {
	all, err := l.selectRollouts(ctx, `v.position IN (SELECT id FROM rollouts
		WHERE group_id = (SELECT group_id FROM rollouts WHERE key = ?)) ORDER BY +v.sample`, rolloutID)
	if err == nil && len(all) == 0 {
		return nil, fmt.Errorf("run %s has %w %q: `rltrain rollouts` lists them", l.dir, ErrNoRollout, rolloutID)
	}
	return all, err
}

// selectRollouts returns whole rollouts that a condition on v_rollouts v chooses.
func (l *Log) selectRollouts(ctx context.Context, where string, args ...any) ([]Rollout, error) {
	rows, err := l.db.QueryContext(ctx, "SELECT v."+strings.Join(RolloutColumns(), ", v.")+" FROM v_rollouts v WHERE "+where, args...)
	if err != nil {
		return nil, explain(l.dir, "read the rollouts", err)
	}
	defer rows.Close()
	var all []Rollout
	for rows.Next() {
		var r Rollout
		if err := rows.Scan(r.fields()...); err != nil {
			return nil, explain(l.dir, "read the rollouts", err)
		}
		all = append(all, r)
	}
	return all, explain(l.dir, "read the rollouts", rows.Err())
}

// Answered is how one task was answered at one step, by training or by one evaluation.
type Answered struct {
	Step             int
	Phase, Tasks     string // Tasks and Temperature: of the evaluation
	Temperature      float64
	Samples, Correct int
	First            string // id of its first rollout
}

// History returns how a task was answered over the steps.
func (l *Log) History(ctx context.Context, taskID string) ([]Answered, error) {
	rows, err := l.db.QueryContext(ctx, `SELECT g.step, CASE WHEN g.eval_id IS NULL THEN 'train' ELSE 'eval' END,
		coalesce(e.tasks, ''), coalesce(e.temperature, 0), count(*), sum(r.verdict = 'correct'),
		(SELECT key FROM rollouts WHERE group_id = g.id ORDER BY sample LIMIT 1)
		FROM task_groups g JOIN rollouts r ON r.group_id = g.id LEFT JOIN evals e ON e.id = g.eval_id
		WHERE g.task_id = ? GROUP BY g.id ORDER BY g.step, g.id`, taskID)
	if err != nil {
		return nil, explain(l.dir, "read the history of a task", err)
	}
	defer rows.Close()
	var all []Answered
	for rows.Next() {
		var a Answered
		if err := rows.Scan(&a.Step, &a.Phase, &a.Tasks, &a.Temperature, &a.Samples, &a.Correct, &a.First); err != nil {
			return nil, explain(l.dir, "read the history of a task", err)
		}
		all = append(all, a)
	}
	return all, explain(l.dir, "read the history of a task", rows.Err())
}

// Showcase returns one problem that an evaluation got wrong at step first and right at step last, in a chain that turned
// a wrong answer into a right one: both chains, the shorter ones first. ok is false if there is none.
func (l *Log) Showcase(ctx context.Context, first, last int) (before, after Rollout, ok bool, err error) {
	var keys [2]string
	// CROSS JOIN and the unary plus keep the order: from the evaluations to their rollouts, not through all of a verdict.
	err = l.db.QueryRowContext(ctx, `SELECT b.key, a.key
		FROM evals eb CROSS JOIN evals ea CROSS JOIN task_groups gb CROSS JOIN rollouts b CROSS JOIN task_groups ga CROSS JOIN rollouts a
		WHERE eb.step = ? AND ea.step = ? AND ea.tasks = eb.tasks AND ea.n_tasks = eb.n_tasks AND ea.n_samples = eb.n_samples AND ea.temperature = eb.temperature
		AND gb.eval_id = eb.id AND b.group_id = gb.id AND b.sample = 0 AND +b.verdict = 'wrong' AND b.tokens > 20
		AND ga.task_id = gb.task_id AND ga.step = ea.step AND ga.eval_id = ea.id
		AND a.group_id = ga.id AND a.sample = 0 AND +a.verdict = 'correct' AND +a.reflections BETWEEN 2 AND 4
		AND EXISTS (SELECT 1 FROM reflections f WHERE f.rollout_id = a.id AND f.effect = 'good')
		ORDER BY abs(a.tokens - 90) + abs(b.tokens - 45), a.id LIMIT 1`, first, last).Scan(&keys[0], &keys[1])
	if errors.Is(err, sql.ErrNoRows) {
		return before, after, false, nil
	}
	if err != nil {
		return before, after, false, explain(l.dir, "look for a problem to show", err)
	}
	both, err := l.selectRollouts(ctx, "v.id IN (?, ?) ORDER BY +v.step", keys[0], keys[1])
	if err != nil || len(both) != 2 {
		return before, after, false, err
	}
	return both[0], both[1], true, nil
}

// TaskResult is how many samples of a task an evaluation got right.
type TaskResult struct {
	TaskID           string
	Samples, Correct int    // samples that could be judged
	First            string // id of its first rollout
	Reflecting       int    // samples with a reflection, of those that could be judged
}

// TaskResults returns the tasks of one evaluation in the order they were recorded.
func (l *Log) TaskResults(ctx context.Context, step int, e Eval) ([]TaskResult, error) {
	rows, err := l.db.QueryContext(ctx, `SELECT g.task_id, sum(r.verdict <> 'error'), sum(r.verdict = 'correct'),
		min(r.key), sum(r.reflections > 0 AND r.verdict <> 'error') FROM evals e JOIN task_groups g ON g.eval_id = e.id JOIN rollouts r ON r.group_id = g.id
		WHERE e.step = ? AND e.tasks = ? AND e.n_tasks = ? AND e.n_samples = ? AND e.temperature = ? GROUP BY g.id ORDER BY g.id`,
		step, e.Tasks, e.NTasks, e.NSamples, e.Temperature)
	if err != nil {
		return nil, explain(l.dir, "read the tasks of an evaluation", err)
	}
	defer rows.Close()
	var all []TaskResult
	for rows.Next() {
		var t TaskResult
		if err := rows.Scan(&t.TaskID, &t.Samples, &t.Correct, &t.First, &t.Reflecting); err != nil {
			return nil, explain(l.dir, "read the tasks of an evaluation", err)
		}
		all = append(all, t)
	}
	return all, explain(l.dir, "read the tasks of an evaluation", rows.Err())
}
