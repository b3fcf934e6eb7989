package runlog

import (
	"context"
	"database/sql"
	"fmt"
)

// Probe is an intervention on reflection, see docs/emergence.md: what came of chains that were kept from reflecting, made to, or
// given a placebo, at the same prefixes.
type Probe struct {
	Step     int // training steps behind the weights
	Tasks    string
	NTasks   int // looked at
	NPoints  int // tasks with a prefix at which the policy reflects
	NSamples int // continuations of each prefix and arm
	Seed     uint64
	Metrics  []Metric
}

// RecordProbe writes one probe in one transaction; the same probe made again replaces the earlier one.
func (l *Log) RecordProbe(ctx context.Context, p Probe) error {
	l.write.Lock()
	defer l.write.Unlock()
	err := l.transact(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO probes (step, tasks, n_tasks, n_points, n_samples, seed) VALUES (?, ?, ?, ?, ?, ?)`,
			p.Step, cleanText(p.Tasks), p.NTasks, p.NPoints, p.NSamples, int64(p.Seed))
		if err != nil {
			return err
		}
		id, err := result.LastInsertId()
		if err != nil {
			return err
		}
		for i, m := range p.Metrics {
			_, err := tx.ExecContext(ctx, `INSERT INTO probe_metrics (probe_id, position, metric, value, ci_low, ci_high) VALUES (?, ?, ?, ?, ?, ?)`,
				id, i, m.Name, number(m.Value), number(m.Low), number(m.High))
			if err != nil {
				return err
			}
		}
		return nil
	})
	return explain(l.dir, fmt.Sprintf("record the probe of step %d", p.Step), err)
}

// Probes returns the probes in the order of their steps, the latest made last.
func (l *Log) Probes(ctx context.Context) ([]Probe, error) {
	rows, err := l.db.QueryContext(ctx, `SELECT p.id, p.step, p.tasks, p.n_tasks, p.n_points, p.n_samples, p.seed, m.metric, m.value, m.ci_low, m.ci_high
		FROM probes p JOIN probe_metrics m ON m.probe_id = p.id ORDER BY p.step, p.id, m.position`)
	if err != nil {
		return nil, explain(l.dir, "read the probes", err)
	}
	defer rows.Close()
	var all []Probe
	last := int64(-1)
	for rows.Next() {
		var id, seed int64
		var p Probe
		var m Metric
		if err := rows.Scan(&id, &p.Step, &p.Tasks, &p.NTasks, &p.NPoints, &p.NSamples, &seed, &m.Name, nullable{&m.Value}, nullable{&m.Low}, nullable{&m.High}); err != nil {
			return nil, explain(l.dir, "read the probes", err)
		}
		if p.Seed = uint64(seed); id != last {
			all, last = append(all, p), id
		}
		now := &all[len(all)-1]
		now.Metrics = append(now.Metrics, m)
	}
	return all, explain(l.dir, "read the probes", rows.Err())
}

// Metric returns the named metric of the probe; all of it is NaN if it was not taken.
func (p Probe) Metric(name string) Metric { return Eval{Metrics: p.Metrics}.Metric(name) }
