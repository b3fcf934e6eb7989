package runlog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

// Info is the row of v_runs.
type Info struct {
	Run       string    `json:"run"`
	StartedAt time.Time `json:"started_at"`
	Seed      uint64    `json:"seed"`
	Model     string    `json:"model"`
	Recipe    string    `json:"recipe"`
	Status    string    `json:"status"`
	Host      string    `json:"host"`
	Config    string    `json:"config"`
	PeakFLOPs float64   `json:"peak_flops,omitempty"` // a second, of float32 matmuls; 0 where it was not measured
}

// EvalRow is one evaluation as it was recorded.
type EvalRow struct {
	Step int
	Eval
}

// Info returns what the run is.
func (l *Log) Info(ctx context.Context) (Info, error) {
	var info Info
	var started string
	err := l.db.QueryRowContext(ctx, `SELECT run, started_at, seed, model, recipe, status, host, config, coalesce(peak_flops, 0) FROM v_runs`).
		Scan(&info.Run, &started, &info.Seed, &info.Model, &info.Recipe, &info.Status, &info.Host, &info.Config, &info.PeakFLOPs)
	if errors.Is(err, sql.ErrNoRows) {
		return info, fmt.Errorf("read run %s: it was killed while it was being made: start it anew with --force", l.dir)
	}
	if err == nil {
		info.StartedAt, err = time.Parse(time.RFC3339Nano, started)
	}
	return info, explain(l.dir, "read", err)
}

// LastStep returns the number of the newest step; ok is false if there is none yet.
func (l *Log) LastStep(ctx context.Context) (step int, ok bool, err error) {
	var last sql.NullInt64
	err = l.db.QueryRowContext(ctx, `SELECT max(step) FROM steps`).Scan(&last)
	return int(last.Int64), last.Valid, explain(l.dir, "read the last step", err)
}

// Steps returns all steps in order.
func (l *Log) Steps(ctx context.Context) ([]Step, error) {
	rows, err := l.db.QueryContext(ctx, `SELECT step, phase, `+strings.Join(StepColumns(), ", ")+` FROM v_steps ORDER BY step`)
	if err != nil {
		return nil, explain(l.dir, "read the steps", err)
	}
	defer rows.Close()
	var steps []Step
	for rows.Next() {
		step, err := scanStep(rows)
		if err != nil {
			return nil, explain(l.dir, "read the steps", err)
		}
		steps = append(steps, step)
	}
	return steps, explain(l.dir, "read the steps", rows.Err())
}

func scanStep(rows *sql.Rows) (Step, error) {
	var step Step
	into := []any{&step.Step, &step.Phase}
	for _, m := range stepMetrics() {
		field := m.field(&step)
		if f, ok := field.(*float64); ok {
			field = nullable{f}
		}
		into = append(into, field)
	}
	err := rows.Scan(into...)
	return step, err
}

// Evals returns the evaluations with their metrics, in the order of their steps.
func (l *Log) Evals(ctx context.Context) ([]EvalRow, error) {
	rows, err := l.db.QueryContext(ctx, `SELECT e.id, e.step, e.tasks, e.n_tasks, e.n_samples, e.temperature,
		coalesce(m.metric, ''), m.value, m.ci_low, m.ci_high
		FROM evals e LEFT JOIN eval_metrics m ON m.eval_id = e.id ORDER BY e.step, e.id, m.position`)
	if err != nil {
		return nil, explain(l.dir, "read the evaluations", err)
	}
	defer rows.Close()
	var evals []EvalRow
	last := int64(-1)
	for rows.Next() {
		var id int64
		var e EvalRow
		var m Metric
		err := rows.Scan(&id, &e.Step, &e.Tasks, &e.NTasks, &e.NSamples, &e.Temperature, &m.Name,
			nullable{&m.Value}, nullable{&m.Low}, nullable{&m.High})
		if err != nil {
			return nil, explain(l.dir, "read the evaluations", err)
		}
		if id != last {
			evals = append(evals, e)
			last = id
		}
		if m.Name != "" {
			now := &evals[len(evals)-1]
			now.Metrics = append(now.Metrics, m)
		}
	}
	return evals, explain(l.dir, "read the evaluations", rows.Err())
}

// Metric returns the named metric of the evaluation; all of it is NaN if it was not taken.
func (e Eval) Metric(name string) Metric {
	for _, m := range e.Metrics {
		if m.Name == name {
			return m
		}
	}
	return Metric{Name: name, Value: math.NaN(), Low: math.NaN(), High: math.NaN()}
}

// Experts returns the load and bias of the experts in one step.
func (l *Log) Experts(ctx context.Context, step int) ([]Expert, error) {
	rows, err := l.db.QueryContext(ctx, `SELECT layer, expert, load, bias FROM v_experts WHERE step = ? ORDER BY layer, expert`, step)
	if err != nil {
		return nil, explain(l.dir, "read the experts", err)
	}
	defer rows.Close()
	var experts []Expert
	for rows.Next() {
		var e Expert
		if err := rows.Scan(&e.Layer, &e.Expert, nullable{&e.Load}, nullable{&e.Bias}); err != nil {
			return nil, explain(l.dir, "read the experts", err)
		}
		experts = append(experts, e)
	}
	return experts, explain(l.dir, "read the experts", rows.Err())
}
