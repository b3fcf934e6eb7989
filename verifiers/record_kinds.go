package verifiers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/rltrain/rltrain/datasets"
)

// RecordJudge judges one line of JSONL, given as its fields. An error means that it could not judge.
type RecordJudge func(ctx context.Context, fields map[string]json.RawMessage) (Verdict, error)

// ForRecords judges the lines of one kind that `rltrain verify` reads.
func ForRecords(kind string) (RecordJudge, error) { return ForRecordsWith(kind, Code{}) }

// ForRecordsWith is ForRecords with a judge of code that may have a sandbox for Python.
func ForRecordsWith(kind string, code Code) (RecordJudge, error) {
	if _, err := ForKind(kind); err != nil {
		return nil, err
	}
	rule := NewRule() // keeps what it compiled from line to line
	return func(ctx context.Context, fields map[string]json.RawMessage) (Verdict, error) {
		rec := record(fields)
		var response string
		if err := rec.read("response", &response, true); err != nil {
			return Verdict{}, err
		}
		switch kind {
		case "countdown":
			var task datasets.Task
			err := errors.Join(rec.read("numbers", &task.Numbers, true), rec.read("target", &task.Target, true))
			if err != nil {
				return Verdict{}, err
			}
			return Countdown{}.Verify(ctx, task, response)
		case "code":
			return code.judgeRecord(ctx, rec, response)
		case "json":
			return rec.judgeJSON(ctx, response)
		case "regex":
			var task datasets.Task
			if err := rec.read("pattern", &task.Pattern, true); err != nil {
				return Verdict{}, err
			}
			return Regex{}.Verify(ctx, task, response)
		case "rule":
			return rec.judgeRule(ctx, rule, response)
		}
		golds, err := rec.golds()
		if err != nil {
			return Verdict{}, err
		}
		return rec.judgeGolds(kind, response, golds)
	}, nil
}

// judgeGolds judges the kinds whose gold may be a list of alternatives.
func (rec record) judgeGolds(kind, response string, golds []string) (Verdict, error) {
	switch kind {
	case "choice":
		var choices []string
		if err := rec.read("choices", &choices, false); err != nil {
			return Verdict{}, err
		}
		return judgeChoice(response, golds, choices)
	case "exact":
		return judgeExact(response, golds)
	case "numeric":
		var absolute, relative json.Number
		err := errors.Join(rec.read("tolerance", &absolute, false), rec.read("relative", &relative, false))
		if err != nil {
			return Verdict{}, err
		}
		return judgeNumeric(response, golds, absolute, relative)
	}
	var question string
	if err := rec.read("question", &question, false); err != nil {
		return Verdict{}, err
	}
	v, err := JudgeMath(response, golds...)
	return refuseEcho(v, question, golds), err
}

// judgeJSON takes a gold that is a string for JSON text, any other for the value itself.
func (rec record) judgeJSON(ctx context.Context, response string) (Verdict, error) {
	var task datasets.Task
	var gold any
	if err := errors.Join(rec.read("gold", &gold, true), rec.read("fields", &task.Fields, false)); err != nil {
		return Verdict{}, err
	}
	var text bool
	if task.Answer, text = gold.(string); !text {
		task.Answer = string(rec["gold"])
	}
	return JSON{}.Verify(ctx, task, response)
}

func (rec record) judgeRule(ctx context.Context, rule Rule, response string) (Verdict, error) {
	var task datasets.Task
	err := errors.Join(rec.read("rule", &task.Rule, true), rec.read("question", &task.Question, false),
		rec.read("level", &task.Level, false), rec.read("source", &task.Source, false))
	if err != nil {
		return Verdict{}, err
	}
	if _, there := rec["gold"]; there {
		golds, err := rec.golds()
		if err != nil {
			return Verdict{}, err
		}
		if len(golds) != 1 {
			return Verdict{}, fmt.Errorf("field \"gold\": %d alternatives: a rule takes one gold: write the others into the rule", len(golds))
		}
		task.Answer = golds[0]
	}
	return rule.Verify(ctx, task, response)
}
