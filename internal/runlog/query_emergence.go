package runlog

import (
	"context"
	"fmt"
	"strings"

	"github.com/rltrain/rltrain/internal/reflect"
)

// Outcome sums the training rollouts of a step that share a verdict and either reflect or do not.
type Outcome struct {
	Step             int
	Verdict          string
	Reflects         bool
	Rollouts, Tokens int
	LanguageMix      float64 // sum
}

// Outcomes returns all of them in the order of steps.
func (l *Log) Outcomes(ctx context.Context) ([]Outcome, error) {
	rows, err := l.db.QueryContext(ctx, `SELECT step, verdict, reflects, rollouts, tokens, language_mix FROM step_outcomes ORDER BY step`)
	if err != nil {
		return nil, explain(l.dir, "read the outcomes", err)
	}
	defer rows.Close()
	var all []Outcome
	for rows.Next() {
		var o Outcome
		if err := rows.Scan(&o.Step, &o.Verdict, &o.Reflects, &o.Rollouts, &o.Tokens, &o.LanguageMix); err != nil {
			return nil, explain(l.dir, "read the outcomes", err)
		}
		all = append(all, o)
	}
	return all, explain(l.dir, "read the outcomes", rows.Err())
}

// PhraseCount tells how often a phrase (or, where Phrase is empty, a category) reflected in a step's training
// rollouts, and what it did to the answer.
type PhraseCount struct {
	Step         int
	Category     reflect.Category
	Phrase       string
	N, Good, Bad int
}

// CategorySteps returns the reflections by category and step.
func (l *Log) CategorySteps(ctx context.Context) ([]PhraseCount, error) {
	return l.phraseCounts(ctx, `SELECT step, category, '', sum(n), sum(good), sum(bad) FROM step_phrases GROUP BY step, category ORDER BY step`)
}

// TopPhrases returns the most frequent phrases over the whole run; Step is the first one in which it was said.
func (l *Log) TopPhrases(ctx context.Context, limit int) ([]PhraseCount, error) {
	return l.phraseCounts(ctx, `SELECT min(step), category, phrase, sum(n), sum(good), sum(bad) FROM step_phrases
		GROUP BY category, phrase ORDER BY 4 DESC, phrase LIMIT ?`, limit)
}

// PhraseSteps returns how often each of these phrases was said, step by step.
func (l *Log) PhraseSteps(ctx context.Context, phrases []string) ([]PhraseCount, error) {
	args := make([]any, len(phrases))
	for i, p := range phrases {
		args[i] = p
	}
	marks := strings.TrimSuffix(strings.Repeat("?,", len(phrases)), ",")
	return l.phraseCounts(ctx, fmt.Sprintf(`SELECT step, category, phrase, n, good, bad FROM step_phrases WHERE phrase IN (%s) ORDER BY step`, marks), args...)
}

func (l *Log) phraseCounts(ctx context.Context, query string, args ...any) ([]PhraseCount, error) {
	rows, err := l.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, explain(l.dir, "read the phrases", err)
	}
	defer rows.Close()
	var all []PhraseCount
	for rows.Next() {
		var c PhraseCount
		if err := rows.Scan(&c.Step, &c.Category, &c.Phrase, &c.N, &c.Good, &c.Bad); err != nil {
			return nil, explain(l.dir, "read the phrases", err)
		}
		all = append(all, c)
	}
	return all, explain(l.dir, "read the phrases", rows.Err())
}

// ExpertLoad is a row of v_experts.
type ExpertLoad struct {
	Step int
	Expert
}

// ExpertLoads returns load and bias of all experts at these steps, in the order of steps, layers and experts.
func (l *Log) ExpertLoads(ctx context.Context, steps []int) ([]ExpertLoad, error) {
	var all []ExpertLoad
	for _, step := range steps {
		experts, err := l.Experts(ctx, step)
		if err != nil {
			return nil, err
		}
		for _, e := range experts {
			all = append(all, ExpertLoad{Step: step, Expert: e})
		}
	}
	return all, nil
}
