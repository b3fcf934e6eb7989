package runlog

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"unicode"

	"github.com/rltrain/rltrain/internal/reflect"
	"github.com/rltrain/rltrain/policy"
)

// Rollout is one row of v_rollouts. A value that is not defined (the advantage of a rollout
// of an evaluation) is NaN.
type Rollout struct {
	ID            string
	Run           string
	Step          int
	Phase         string
	TaskID        string
	Kind          string
	Sample        int
	Prompt        string
	Response      string
	Tokens        int
	StopReason    string
	Verdict       string
	Reward        float64
	Advantage     float64
	PolicyVersion int
	Reflections   int
	LanguageMix   float64
	MeanLogp      float64
	MS            float64
	Format        bool
	Answer        string
	Reason        string
	Passed, Total int
}

// RolloutColumns returns the columns of v_rollouts that Rollouts reads and Filter.Sort takes.
func RolloutColumns() []string {
	return []string{"id", "run", "step", "phase", "task_id", "kind", "sample", "prompt", "response", "tokens", "stop_reason",
		"verdict", "reward", "advantage", "policy_version", "reflections", "language_mix", "mean_logp", "ms",
		"format", "answer", "reason", "passed", "total"}
}

func (r *Rollout) fields() []any {
	return []any{&r.ID, &r.Run, &r.Step, &r.Phase, &r.TaskID, &r.Kind, &r.Sample, &r.Prompt, &r.Response, &r.Tokens, &r.StopReason,
		&r.Verdict, nullable{&r.Reward}, nullable{&r.Advantage}, &r.PolicyVersion, &r.Reflections, nullable{&r.LanguageMix},
		nullable{&r.MeanLogp}, nullable{&r.MS}, &r.Format, &r.Answer, &r.Reason, &r.Passed, &r.Total}
}

// Filter chooses rollouts; its zero value is all of them in the order they were recorded.
type Filter struct {
	ID      string
	HasStep bool // Step counts only if set, for 0 is a step
	Step    int
	Phase   string
	TaskID  string
	Kind    string
	Verdict string
	Search  string // these words, next to each other and in this order, in prompt or response
	Sort    string // a column of RolloutColumns, "-" before it for the greatest first
	Limit   int    // 0: no limit
	Offset  int
}

// Rollouts yields the rollouts that the filter chooses. It stops after the first error.
func (l *Log) Rollouts(ctx context.Context, f Filter) iter.Seq2[Rollout, error] {
	return func(yield func(Rollout, error) bool) {
		query, args, err := f.query()
		if err != nil {
			yield(Rollout{}, err)
			return
		}
		rows, err := l.db.QueryContext(ctx, query, args...)
		if err != nil {
			yield(Rollout{}, explain(l.dir, "read the rollouts", err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			var r Rollout
			err := rows.Scan(r.fields()...)
			if !yield(r, explain(l.dir, "read the rollouts", err)) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(Rollout{}, explain(l.dir, "read the rollouts", err))
		}
	}
}

func (f Filter) query() (query string, args []any, err error) {
	var where []string
	add := func(wanted bool, condition string, arg any) {
		if wanted {
			where = append(where, condition)
			args = append(args, arg)
		}
	}
	add(f.ID != "", "v.id = ?", f.ID)
	add(f.HasStep, "v.step = ?", f.Step)
	add(f.Phase != "", "v.phase = ?", f.Phase)
	add(f.TaskID != "", "v.task_id = ?", f.TaskID)
	add(f.Kind != "", "v.kind = ?", f.Kind)
	add(f.Verdict != "", "v.verdict = ?", f.Verdict)
	add(f.Search != "", "v.id IN (SELECT key FROM rollouts WHERE id IN (SELECT rowid FROM rollouts_fts WHERE rollouts_fts MATCH ?))", phrase(f.Search))
	order, err := f.order()
	if err != nil {
		return "", nil, err
	}
	query = "SELECT v." + strings.Join(RolloutColumns(), ", v.") + " FROM v_rollouts v"
	if len(where) > 0 {
		query += " WHERE " + strings.Join(where, " AND ")
	}
	query += " ORDER BY " + order
	if f.Limit > 0 || f.Offset > 0 {
		limit := f.Limit
		if limit == 0 {
			limit = -1
		}
		query += " LIMIT ? OFFSET ?"
		args = append(args, limit, f.Offset)
	}
	return query, args, nil
}

// order is made of known column names only, since they cannot be bound as arguments. Undefined values come last.
func (f Filter) order() (string, error) {
	column, descending := strings.CutPrefix(f.Sort, "-")
	if column == "" {
		return "v.position", nil
	}
	if !slices.Contains(RolloutColumns(), column) {
		return "", fmt.Errorf("sort rollouts by unknown field %q: use one of %s", column, strings.Join(RolloutColumns(), ", "))
	}
	direction := "ASC"
	if descending {
		direction = "DESC"
	}
	return fmt.Sprintf("v.%s %s NULLS LAST, v.position", column, direction), nil
}

// phrase makes an FTS5 query of words that stand next to each other. Letters and digits are
// all that the index holds, so that whatever else was typed only separates them.
func phrase(words string) string {
	kept := strings.FieldsFunc(words, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) })
	return `"` + strings.Join(kept, " ") + `"`
}

// Reflections returns the reflections in one rollout in the order of the text. Their offsets
// are bytes of Rollout.Response.
func (l *Log) Reflections(ctx context.Context, rolloutID string) ([]reflect.Reflection, error) {
	rows, err := l.db.QueryContext(ctx, `SELECT f."offset", f.category, f.phrase, f.answer_before, f.answer_after, f.effect
		FROM reflections f JOIN rollouts r ON r.id = f.rollout_id WHERE r.key = ? ORDER BY f."offset"`, rolloutID)
	if err != nil {
		return nil, explain(l.dir, "read the reflections", err)
	}
	defer rows.Close()
	var found []reflect.Reflection
	for rows.Next() {
		var f reflect.Reflection
		if err := rows.Scan(&f.Offset, &f.Category, &f.Phrase, &f.Before, &f.After, &f.Effect); err != nil {
			return nil, explain(l.dir, "read the reflections", err)
		}
		found = append(found, f)
	}
	return found, explain(l.dir, "read the reflections", rows.Err())
}

// Drawn is what the policy itself produced in one rollout: the exact bytes, the tokens and
// their log-probs, and the task as JSON.
type Drawn struct {
	Text                string
	Prompt, Tokens      []int32
	Logprobs, Entropies []float32
	Learned             []float32              // the trainer's log-probs at the last update that learned from it; nil for none
	Alternatives        [][]policy.Alternative // the likeliest tokens at each place; nil where the engine told none
	Stderr              string                 // code: the end of what the program wrote there
	Task                []byte
}

// Drawn returns the raw material of one rollout.
func (l *Log) Drawn(ctx context.Context, rolloutID string) (Drawn, error) {
	var d Drawn
	var prompt, tokens, logprobs, entropies, learned, alternatives []byte
	err := l.db.QueryRowContext(ctx, `SELECT coalesce(r.response_raw, CAST(r.response AS BLOB)), g.prompt_ids, r.token_ids, r.logprobs,
		r.entropies, r.learned_logprobs, coalesce(r.stderr, ''), g.task, r.alternatives FROM rollouts r JOIN task_groups g ON g.id = r.group_id WHERE r.key = ?`, rolloutID).
		Scan(&d.Text, &prompt, &tokens, &logprobs, &entropies, &learned, &d.Stderr, &d.Task, &alternatives)
	if errors.Is(err, sql.ErrNoRows) {
		return d, fmt.Errorf("run %s has %w %q: `rltrain rollouts` lists them", l.dir, ErrNoRollout, rolloutID)
	}
	if err == nil && alternatives != nil {
		err = json.Unmarshal(alternatives, &d.Alternatives)
	}
	d.Prompt, d.Tokens = unpackInts(prompt), unpackInts(tokens)
	d.Logprobs, d.Entropies, d.Learned = unpackFloats(logprobs), unpackFloats(entropies), unpackFloats(learned)
	return d, explain(l.dir, "read a rollout", err)
}
