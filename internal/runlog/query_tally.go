package runlog

import "context"

// Tally counts the verdicts of the training rollouts of a step.
type Tally struct {
	Step, Rollouts        int
	NoAnswer, Unparseable int
	Timeout, Error        int
	PaidNoAnswer          int // without an answer, and with a reward above 0
}

// Add counts n rollouts with this verdict, paid of which have a reward above 0.
func (t *Tally) Add(verdict string, n, paid int) {
	t.Rollouts += n
	switch verdict {
	case "no_answer":
		t.NoAnswer += n
		t.PaidNoAnswer += paid
	case "unparseable":
		t.Unparseable += n
	case "timeout":
		t.Timeout += n
	case "error":
		t.Error += n
	}
}

// Tallies returns those of all steps in order.
func (l *Log) Tallies(ctx context.Context) ([]Tally, error) {
	rows, err := l.db.QueryContext(ctx, `SELECT g.step_id, r.verdict, count(*), coalesce(sum(r.reward > 0), 0)
		FROM rollouts r JOIN task_groups g ON g.id = r.group_id WHERE g.step_id IS NOT NULL GROUP BY 1, 2 ORDER BY 1`)
	if err != nil {
		return nil, explain(l.dir, "count the verdicts", err)
	}
	defer rows.Close()
	var all []Tally
	for rows.Next() {
		var step, n, paid int
		var verdict string
		if err := rows.Scan(&step, &verdict, &n, &paid); err != nil {
			return nil, explain(l.dir, "count the verdicts", err)
		}
		if len(all) == 0 || all[len(all)-1].Step != step {
			all = append(all, Tally{Step: step})
		}
		all[len(all)-1].Add(verdict, n, paid)
	}
	return all, explain(l.dir, "count the verdicts", rows.Err())
}
