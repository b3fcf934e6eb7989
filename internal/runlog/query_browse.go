package runlog

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/rltrain/rltrain/internal/reflect"
)

// Newest and Oldest are orders of Browse besides the columns that SortColumns lists.
const (
	Newest = "newest"
	Oldest = "oldest"
)

// Query chooses rollouts for a page of them. Search, Sort and the plain fields are those of Filter, but that the
// task may be the beginning of an id, and that the order is newest first unless Sort says otherwise.
type Query struct {
	Filter
	MinReward, MaxReward float64 // NaN: no bound
	MinReflections       int
	Effect               reflect.Effect              // only with a reflection that had this effect
	Match                func(Rollout) (bool, error) // nil: all
	Before               int64                       // go on below this position; 0 from the start (orders newest and oldest)
	Clip                 int                         // characters of a response to read; 0 for all; Match sees whole ones
	Budget               time.Duration               // for Match: stop looking after so long; 0: never
}

// Page is what Browse found.
type Page struct {
	Rollouts []Rollout
	More     bool  // there is a next page; it begins at
	Next     int64 // Query.Before in the orders by position, and at
	Offset   int   // Query.Offset in the others
	Looked   int   // rollouts that Match has seen
	Late     bool  // the budget ended the search; Next goes on
}

// SortColumns returns what Query.Sort may name, with "-" before it for the greatest first.
func SortColumns() []string {
	return []string{"reward", "advantage", "tokens", "reflections"}
}

// chunk is how many rollouts are read and matched at once.
const chunk = 400

// Browse returns one page of rollouts. It decides by small columns which ones, and reads texts only of those.
func (l *Log) Browse(ctx context.Context, q Query) (Page, error) {
	if q.Limit <= 0 {
		return Page{}, fmt.Errorf("browse run %s: a page of %d rollouts: ask for at least one", l.dir, q.Limit)
	}
	var page Page
	deadline := time.Now().Add(q.Budget)
	for {
		want := q.Limit + 1 // one more tells whether there is a next page
		if q.Match != nil {
			want = chunk
		}
		ids, err := l.positions(ctx, q, want)
		if err != nil {
			return page, err
		}
		last := len(ids) < want
		if q.Match == nil {
			page.More = !last
			ids = ids[:min(len(ids), q.Limit)]
		}
		found, err := l.rolloutsAt(ctx, ids, q)
		if err != nil {
			return page, err
		}
		done, err := page.take(q, ids, found, last)
		if err != nil || done {
			return page, err
		}
		q.Before, q.Offset = ids[len(ids)-1], q.Offset+len(ids)
		if q.Budget > 0 && time.Now().After(deadline) {
			page.Late, page.More, page.Next, page.Offset = true, true, q.Before, q.Offset
			return page, nil
		}
	}
}

// take puts what matches onto the page; done says that the page is full or that nothing is left.
func (p *Page) take(q Query, ids []int64, found map[int64]Rollout, last bool) (done bool, err error) {
	for i, id := range ids {
		r := found[id]
		if q.Match != nil {
			p.Looked++
			match, err := q.Match(r)
			if err != nil {
				return true, err
			}
			if !match {
				continue
			}
		}
		p.Rollouts = append(p.Rollouts, clipped(r, q.Clip))
		p.Next, p.Offset = id, q.Offset+i+1
		if len(p.Rollouts) == q.Limit {
			p.More = p.More || q.Match != nil && (!last || i+1 < len(ids))
			return true, nil
		}
	}
	return last || q.Match == nil, nil
}

func clipped(r Rollout, clip int) Rollout {
	if clip == 0 {
		return r
	}
	n := 0
	for i := range r.Response {
		if n == clip {
			r.Response = r.Response[:i]
			break
		}
		n++
	}
	return r
}

// positions returns the next rollouts that the plain conditions choose.
func (l *Log) positions(ctx context.Context, q Query, limit int) ([]int64, error) {
	query, args, err := q.query(limit)
	if err != nil {
		return nil, err
	}
	rows, err := l.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, explain(l.dir, "browse the rollouts", err)
	}
	defer rows.Close()
	var ids []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, explain(l.dir, "browse the rollouts", err)
		}
		ids = append(ids, id)
	}
	return ids, explain(l.dir, "browse the rollouts", rows.Err())
}

// ofStep is the first or the last rollout of a step.
const ofStep = "SELECT %s(x.id) FROM task_groups y CROSS JOIN rollouts x ON x.group_id = y.id WHERE y.step = %d"

// query chooses the way through the tables itself, by CROSS JOIN and unary plus: SQLite has no statistics of a log that
// grows, and a wrong guess costs seconds on a long run.
func (q Query) query(limit int) (string, []any, error) {
	var c conditions
	narrow := q.HasStep || q.TaskID != "" // few groups, found by an index
	from, id, plus, group := "rollouts r", "r.id", "", ""
	switch {
	case narrow:
		from, plus = "task_groups g CROSS JOIN rollouts r ON r.group_id = g.id", "+"
		inStep := ""
		if q.HasStep && q.Search != "" { // a step's rollouts are neighbours: the index is read only there
			inStep = " AND rowid BETWEEN (" + fmt.Sprintf(ofStep, "min", q.Step) + ") AND (" + fmt.Sprintf(ofStep, "max", q.Step) + ")"
		}
		c.add(q.Search != "", "r.id IN (SELECT rowid FROM rollouts_fts WHERE rollouts_fts MATCH ?"+inStep+")", phrase(q.Search))
	case q.Search != "":
		// The index yields its matches in the order of rowid, so the newest come without a sort.
		from, id, plus = "rollouts_fts f CROSS JOIN rollouts r ON r.id = f.rowid", "f.rowid", "+"
		c.add(true, "rollouts_fts MATCH ?", phrase(q.Search))
	case q.Effect != "":
		// Flips are few, and their index has them by rollout. It needs its own condition word for word.
		from, id, plus, group = "reflections x CROSS JOIN rollouts r ON r.id = x.rollout_id", "x.rollout_id", "+", " GROUP BY x.rollout_id"
		c.add(q.Effect == reflect.Good || q.Effect == reflect.Bad, "x.effect IN ('good', 'bad')")
		c.add(true, "x.effect = ?", string(q.Effect))
	}
	if !narrow && (q.Phase != "" || q.Kind != "") {
		from += " CROSS JOIN task_groups g ON g.id = r.group_id"
	}
	c.add(q.HasStep, "g.step = ?", q.Step)
	c.add(q.TaskID != "", "g.task_id >= ? AND g.task_id < ?", q.TaskID, q.TaskID+"\U0010ffff")
	c.add(q.Phase == PhaseTrain, "g.eval_id IS NULL")
	c.add(q.Phase == PhaseEval, "g.eval_id IS NOT NULL")
	c.add(q.Kind != "", "g.kind = ?", q.Kind)
	c.add(q.Verdict != "", plus+"r.verdict = ?", q.Verdict)
	c.add(!math.IsNaN(q.MinReward), "r.reward >= ?", q.MinReward)
	c.add(!math.IsNaN(q.MaxReward), "r.reward <= ?", q.MaxReward)
	c.add(q.MinReflections > 0, "r.reflections >= ?", q.MinReflections)
	c.add(q.Effect != "" && group == "", "EXISTS (SELECT 1 FROM reflections x WHERE x.rollout_id = r.id AND x.effect = ?)", string(q.Effect))
	order, err := q.order(id, &c)
	if err != nil {
		return "", nil, err
	}
	query := "SELECT " + id + " FROM " + from + " WHERE " + strings.Join(append(c.where, "1"), " AND ") + group + " ORDER BY " + order + " LIMIT ?"
	c.args = append(c.args, limit)
	if !q.byPosition() && q.Offset > 0 {
		query += " OFFSET ?"
		c.args = append(c.args, q.Offset)
	}
	return query, c.args, nil
}

// conditions are those of a WHERE, with what is bound to them.
type conditions struct {
	where []string
	args  []any
}

func (c *conditions) add(wanted bool, condition string, values ...any) {
	if wanted {
		c.where, c.args = append(c.where, condition), append(c.args, values...)
	}
}

// byPosition tells whether a page goes on from a position; other orders go on by number.
func (q Query) byPosition() bool { return q.Sort == "" || q.Sort == Newest || q.Sort == Oldest }

func (q Query) order(id string, c *conditions) (string, error) {
	switch q.Sort {
	case "", Newest:
		c.add(q.Before > 0, id+" < ?", q.Before)
		return id + " DESC", nil
	case Oldest:
		c.add(q.Before > 0, id+" > ?", q.Before)
		return id, nil
	}
	column, descending := strings.CutPrefix(q.Sort, "-")
	for _, known := range SortColumns() {
		if column == known && descending {
			return "r." + known + " DESC NULLS LAST, " + id + " DESC", nil
		}
		if column == known {
			return "r." + known + " NULLS LAST, " + id + " DESC", nil
		}
	}
	return "", fmt.Errorf("sort rollouts by unknown field %q: use newest, oldest or one of %s", q.Sort, strings.Join(SortColumns(), ", "))
}

// rolloutsAt reads the rollouts of these positions.
func (l *Log) rolloutsAt(ctx context.Context, ids []int64, q Query) (map[int64]Rollout, error) {
	found := make(map[int64]Rollout, len(ids))
	if len(ids) == 0 {
		return found, nil
	}
	columns := "v." + strings.Join(RolloutColumns(), ", v.")
	if q.Match == nil && q.Clip > 0 {
		columns = strings.Replace(columns, "v.response", fmt.Sprintf("substr(v.response, 1, %d)", q.Clip), 1)
	}
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	marks := strings.TrimSuffix(strings.Repeat("?,", len(ids)), ",")
	rows, err := l.db.QueryContext(ctx, "SELECT v.position, "+columns+" FROM v_rollouts v WHERE v.position IN ("+marks+")", args...)
	if err != nil {
		return nil, explain(l.dir, "read the rollouts", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var r Rollout
		if err := rows.Scan(append([]any{&id}, r.fields()...)...); err != nil {
			return nil, explain(l.dir, "read the rollouts", err)
		}
		found[id] = r
	}
	return found, explain(l.dir, "read the rollouts", rows.Err())
}
