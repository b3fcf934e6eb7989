package runlog

import (
	"context"
	"database/sql"
	"fmt"
)

// TruncateFrom drops step and all later ones, with their rollouts and the evaluations of these
// steps, and shortens metrics.jsonl. A resumed run calls it with the first step that its
// checkpoint does not contain.
func (l *Log) TruncateFrom(ctx context.Context, step int) error {
	return l.Truncate(ctx, step, step)
}

// Truncate drops the training steps from step on and the evaluations and probes from eval on. A run whose
// steps count from 0 and which evaluates the weights of a checkpoint before it saves that
// checkpoint keeps the evaluation by eval = step+1.
func (l *Log) Truncate(ctx context.Context, step, eval int) error {
	l.write.Lock()
	defer l.write.Unlock()
	err := l.transact(ctx, func(tx *sql.Tx) error {
		if err := dropText(ctx, tx, `g.step_id >= ?1 OR g.eval_id IN (SELECT id FROM evals WHERE step >= ?2)`, step, eval); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM steps WHERE step >= ?`, step); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM probes WHERE step >= ?`, eval); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM evals WHERE step >= ?`, eval)
		return err
	})
	if err != nil {
		return explain(l.dir, fmt.Sprintf("drop the steps from %d on", step), err)
	}
	return l.repairMetrics()
}
