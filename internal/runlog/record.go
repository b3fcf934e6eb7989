package runlog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/rltrain/rltrain/rollout"
)

// Metric is one figure of an evaluation with its 95 % confidence interval; NaN where there is none.
type Metric struct {
	Name             string // pass@1, maj@8, reflect_frac, …
	Value, Low, High float64
}

// Eval describes one evaluation: which tasks, how many samples of each, at which temperature (0 is greedy).
type Eval struct {
	Tasks            string
	NTasks, NSamples int
	Temperature      float64
	Metrics          []Metric
}

// RecordStep writes one training step in one transaction, then its line in metrics.jsonl.
// advantages is [group][rollout] and may be nil where nothing was learned from the groups.
// After an error the log holds nothing of the step; an error of metrics.jsonl alone is
// returned too, but then the step is recorded, and Open repairs the file.
func (l *Log) RecordStep(ctx context.Context, step Step, groups []rollout.Group, advantages [][]float64, experts []Expert) error {
	if err := sameShape(groups, advantages); err != nil {
		return fmt.Errorf("record step %d of run %s: %w", step.Step, l.dir, err)
	}
	if step.Phase == "" {
		step.Phase = PhaseTrain
	}
	l.write.Lock()
	defer l.write.Unlock()
	err := l.transact(ctx, func(tx *sql.Tx) error {
		if err := insertStep(ctx, tx, step); err != nil {
			return err
		}
		if err := insertExperts(ctx, tx, step.Step, experts); err != nil {
			return err
		}
		owner := owner{step: step.Step, column: "step_id", id: int64(step.Step)}
		return insertGroups(ctx, tx, owner, groups, advantages)
	})
	if err != nil {
		return explain(l.dir, fmt.Sprintf("record step %d", step.Step), err)
	}
	return l.appendMetrics(step)
}

// RecordEval writes one evaluation in one transaction. step is the number of training steps
// behind the weights. The same evaluation (step, tasks, numbers, temperature) recorded again
// replaces the earlier one.
func (l *Log) RecordEval(ctx context.Context, step int, eval Eval, groups []rollout.Group) error {
	l.write.Lock()
	defer l.write.Unlock()
	err := l.transact(ctx, func(tx *sql.Tx) error {
		if err := deleteSameEval(ctx, tx, step, eval); err != nil {
			return err
		}
		id, err := insertEval(ctx, tx, step, eval)
		if err != nil {
			return err
		}
		prefix := fmt.Sprintf("eval/%s/t%g/%dx%d:", eval.Tasks, eval.Temperature, eval.NTasks, eval.NSamples)
		return insertGroups(ctx, tx, owner{step: step, column: "eval_id", id: id, prefix: prefix}, groups, nil)
	})
	return explain(l.dir, fmt.Sprintf("record the evaluation of step %d", step), err)
}

func sameShape(groups []rollout.Group, advantages [][]float64) error {
	if advantages == nil {
		return nil
	}
	if len(advantages) != len(groups) {
		return fmt.Errorf("%d groups have advantages for %d", len(groups), len(advantages))
	}
	for i, g := range groups {
		if len(advantages[i]) != len(g.Rollouts) {
			return fmt.Errorf("task %s has %d rollouts and %d advantages", g.Task.ID, len(g.Rollouts), len(advantages[i]))
		}
	}
	return nil
}

// transact runs write in a transaction of its own: all of it or nothing.
func (l *Log) transact(ctx context.Context, write func(*sql.Tx) error) error {
	tx, err := l.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := write(tx); err != nil {
		return err
	}
	return tx.Commit()
}

func insertStep(ctx context.Context, tx *sql.Tx, step Step) error {
	columns := append([]string{"step", "phase"}, StepColumns()...)
	values := []any{step.Step, step.Phase}
	for _, m := range stepMetrics() {
		switch v := m.field(&step).(type) {
		case *float64:
			values = append(values, number(*v))
		case *int:
			values = append(values, *v)
		}
	}
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(columns)), ", ")
	_, err := tx.ExecContext(ctx, "INSERT INTO steps ("+strings.Join(columns, ", ")+") VALUES ("+marks+")", values...)
	return err
}

func insertExperts(ctx context.Context, tx *sql.Tx, step int, experts []Expert) error {
	insert, err := tx.PrepareContext(ctx, `INSERT INTO experts (step, layer, expert, load, bias) VALUES (?, ?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	defer insert.Close()
	for _, e := range experts {
		if _, err := insert.ExecContext(ctx, step, e.Layer, e.Expert, number(e.Load), number(e.Bias)); err != nil {
			return err
		}
	}
	return nil
}

func deleteSameEval(ctx context.Context, tx *sql.Tx, step int, eval Eval) error {
	var id int64
	err := tx.QueryRowContext(ctx, `SELECT id FROM evals
		WHERE step = ? AND tasks = ? AND n_tasks = ? AND n_samples = ? AND temperature = ?`,
		step, cleanText(eval.Tasks), eval.NTasks, eval.NSamples, eval.Temperature).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := dropText(ctx, tx, "g.eval_id = ?", id); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM evals WHERE id = ?`, id)
	return err
}

func insertEval(ctx context.Context, tx *sql.Tx, step int, eval Eval) (id int64, err error) {
	result, err := tx.ExecContext(ctx, `INSERT INTO evals (step, tasks, n_tasks, n_samples, temperature) VALUES (?, ?, ?, ?, ?)`,
		step, cleanText(eval.Tasks), eval.NTasks, eval.NSamples, eval.Temperature)
	if err != nil {
		return 0, err
	}
	if id, err = result.LastInsertId(); err != nil {
		return 0, err
	}
	for i, m := range eval.Metrics {
		_, err := tx.ExecContext(ctx, `INSERT INTO eval_metrics (eval_id, position, metric, value, ci_low, ci_high) VALUES (?, ?, ?, ?, ?, ?)`,
			id, i, m.Name, number(m.Value), number(m.Low), number(m.High))
		if err != nil {
			return 0, err
		}
	}
	return id, nil
}
