package runlog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Drawing is all that was asked of a sampler in one call, with what it answered for one rollout.
type Drawing struct {
	Rollout   Rollout
	Groups    []DrawnGroup // of the same call, in its order
	Group     int          // which of them the rollout is in
	Index     int          // which of its samples it is
	DrawnAt   int          // the step before which the weights stood
	Seed      uint64
	Tokens    []int32
	Logprobs  []float32
	NSamples  int
	Eval      Eval // without metrics; zero for a training rollout
	SeedKnown bool // false where an older rltrain, which did not write the seed down, recorded the group
}

// DrawnGroup is one prompt of a Drawing.
type DrawnGroup struct {
	TaskID string
	Prompt []int32
}

// Drawing returns how the rollout of that id came about.
func (l *Log) Drawing(ctx context.Context, id string) (d Drawing, err error) {
	all, err := l.selectRollouts(ctx, "v.id = ?", id)
	if err != nil {
		return d, err
	}
	if len(all) == 0 {
		return d, fmt.Errorf("run %s has %w %q: ids are STEP:TASK:SAMPLE, and `rltrain rollouts` lists them", l.dir, ErrNoRollout, id)
	}
	d.Rollout = all[0]
	var group int64
	var seed, drawnAt, eval sql.NullInt64
	var tokens, logprobs []byte
	err = l.db.QueryRowContext(ctx, `SELECT r.group_id, g.seed, g.drawn_at, g.eval_id, r.token_ids, r.logprobs,
		(SELECT count(*) FROM rollouts WHERE group_id = r.group_id), (SELECT count(*) FROM rollouts WHERE group_id = r.group_id AND id < r.id)
		FROM rollouts r JOIN task_groups g ON g.id = r.group_id WHERE r.key = ?`, id).
		Scan(&group, &seed, &drawnAt, &eval, &tokens, &logprobs, &d.NSamples, &d.Index)
	if err != nil {
		return d, explain(l.dir, "read how a rollout was drawn", err)
	}
	d.Tokens, d.Logprobs = unpackInts(tokens), unpackFloats(logprobs)
	d.Seed, d.SeedKnown, d.DrawnAt = uint64(seed.Int64), seed.Valid, d.Rollout.Step
	if drawnAt.Valid {
		d.DrawnAt = int(drawnAt.Int64)
	}
	if eval.Valid {
		err = l.db.QueryRowContext(ctx, `SELECT tasks, n_tasks, n_samples, temperature FROM evals WHERE id = ?`, eval.Int64).
			Scan(&d.Eval.Tasks, &d.Eval.NTasks, &d.Eval.NSamples, &d.Eval.Temperature)
	}
	if err != nil {
		return d, explain(l.dir, "read how a rollout was drawn", err)
	}
	return d, l.drawnWith(ctx, &d, group)
}

// drawnWith fills in the groups of the same call: those of one step or evaluation with one seed.
func (l *Log) drawnWith(ctx context.Context, d *Drawing, group int64) (err error) {
	rows, err := l.db.QueryContext(ctx, `SELECT g.id, g.task_id, g.prompt_ids FROM task_groups g JOIN task_groups own ON own.id = ?
		WHERE g.step_id IS own.step_id AND g.eval_id IS own.eval_id AND g.seed IS own.seed ORDER BY g.id`, group)
	if err != nil {
		return explain(l.dir, "read how a rollout was drawn", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var id int64
		var g DrawnGroup
		var prompt []byte
		if err := rows.Scan(&id, &g.TaskID, &prompt); err != nil {
			return explain(l.dir, "read how a rollout was drawn", err)
		}
		if id == group {
			d.Group = len(d.Groups)
		}
		g.Prompt = unpackInts(prompt)
		d.Groups = append(d.Groups, g)
	}
	return explain(l.dir, "read how a rollout was drawn", rows.Err())
}
