package runlog

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math"

	"github.com/rltrain/rltrain/internal/reflect"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/rollout"
)

// owner is the step or the evaluation that groups belong to.
type owner struct {
	step   int
	column string // of task_groups: step_id or eval_id
	id     int64
	prefix string // of the rollouts' ids
}

// drawnAt is the step before which the weights stood that drew a group; an evaluation draws with those it evaluates.
func (o owner) drawnAt(g rollout.Group) int {
	if o.column == "eval_id" {
		return o.step
	}
	return g.DrawnAt
}

// inserter holds the prepared statements of one transaction.
type inserter struct {
	group, rollout, reflection *sql.Stmt
}

const insertRollout = `INSERT INTO rollouts (group_id, key, sample, response, tokens, stop_reason, verdict, format, answer,
	reason, passed, total, reward, advantage, policy_version, reflections, language_mix, mean_logp, ms, response_raw,
	token_ids, logprobs, entropies, learned_logprobs, stderr, alternatives) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

const insertReflection = `INSERT INTO reflections (rollout_id, position, "offset", category, phrase, answer_before,
	answer_after, effect) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`

func prepare(ctx context.Context, tx *sql.Tx, column string) (in inserter, err error) {
	insertGroup := `INSERT INTO task_groups (step, ` + column + `, task_id, kind, prompt, prompt_ids, task, seed, drawn_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`
	if in.group, err = tx.PrepareContext(ctx, insertGroup); err != nil {
		return in, err
	}
	if in.rollout, err = tx.PrepareContext(ctx, insertRollout); err != nil {
		return in, err
	}
	in.reflection, err = tx.PrepareContext(ctx, insertReflection)
	return in, err // the statements close with the transaction
}

// insertGroups writes the groups with all that hangs on them. Where one task comes twice in a
// step, the samples of its second group are numbered on from the first's.
func insertGroups(ctx context.Context, tx *sql.Tx, owner owner, groups []rollout.Group, advantages [][]float64) error {
	in, err := prepare(ctx, tx, owner.column)
	if err != nil {
		return err
	}
	var last int64
	if err := tx.QueryRowContext(ctx, `SELECT coalesce(max(id), 0) FROM rollouts`).Scan(&last); err != nil {
		return err
	}
	samples := map[string]int{} // of each task so far
	for i, g := range groups {
		group, err := in.insertGroup(ctx, owner, g)
		if err != nil {
			return fmt.Errorf("task %q: %w", g.Task.ID, err)
		}
		for j, r := range g.Rollouts {
			sample := samples[g.Task.ID]
			samples[g.Task.ID]++
			key := fmt.Sprintf("%s%d:%s:%d", owner.prefix, owner.step, g.Task.ID, sample)
			var advantage any
			if advantages != nil {
				advantage = number(advantages[i][j])
			}
			if err := in.insertRollout(ctx, group, g.Task.Question, cleanText(key), sample, r, advantage); err != nil {
				return fmt.Errorf("rollout %q: %w", key, err)
			}
		}
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO rollouts_fts (rowid, prompt, response)
		SELECT id, prompt, response FROM rollout_text WHERE id > ?`, last)
	return err
}

func (in inserter) insertGroup(ctx context.Context, owner owner, g rollout.Group) (id int64, err error) {
	task, err := json.Marshal(g.Task)
	if err != nil {
		return 0, err
	}
	result, err := in.group.ExecContext(ctx, owner.step, owner.id, cleanText(g.Task.ID), cleanText(g.Task.Kind),
		cleanText(g.Prompt), packInts(g.PromptTokens), string(task), int64(g.Seed), owner.drawnAt(g))
	if err != nil {
		return 0, err
	}
	return result.LastInsertId()
}

func (in inserter) insertRollout(ctx context.Context, group int64, question, key string, sample int, r rollout.Rollout, advantage any) error {
	response := cleanText(r.Text)
	var raw []byte
	if response != r.Text {
		raw = []byte(r.Text)
	}
	alternatives, err := packAlternatives(r.Alternatives)
	if err != nil {
		return err
	}
	v := r.Verdict
	result, err := in.rollout.ExecContext(ctx, group, key, sample, response, r.Length(), string(r.Stop), string(v.Kind),
		v.Format, cleanText(v.Answer), cleanText(v.Reason), v.Passed, v.Total, number(v.Reward), advantage, r.Version,
		reflect.Spoken(r.Reflections), number(reflect.LanguageMix(question, r.Text)), number(mean(r.Logprobs)), number(r.VerifyMS), raw,
		packInts(r.Tokens), packFloats(r.Logprobs), packFloats(r.Entropies), packFloats(r.Learned), cleanText(v.Stderr), alternatives)
	if err != nil {
		return err
	}
	id, err := result.LastInsertId()
	if err != nil {
		return err
	}
	for i, f := range r.Reflections {
		_, err := in.reflection.ExecContext(ctx, id, i, f.Offset, string(f.Category), cleanText(f.Phrase),
			cleanText(f.Before), cleanText(f.After), string(f.Effect))
		if err != nil {
			return err
		}
	}
	return nil
}

// mean is NaN for no values.
func mean(values []float32) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sum := 0.0
	for _, v := range values {
		sum += float64(v)
	}
	return sum / float64(len(values))
}

// dropText takes the rollouts of the groups g that match out of the full-text index, which
// needs their texts for it: call it before they are deleted.
func dropText(ctx context.Context, tx *sql.Tx, where string, args ...any) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO rollouts_fts (rollouts_fts, rowid, prompt, response)
		SELECT 'delete', r.id, g.prompt, r.response FROM rollouts r JOIN task_groups g ON g.id = r.group_id WHERE `+where, args...)
	return err
}

// packAlternatives is NULL where an engine told none.
func packAlternatives(list [][]policy.Alternative) (any, error) {
	if len(list) == 0 {
		return nil, nil
	}
	text, err := json.Marshal(list)
	return string(text), err
}
