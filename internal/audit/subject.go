package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/rltrain/rltrain/verifiers"
)

// subject is one line under audit.
type subject struct {
	report *Report
	line   int
	id     json.RawMessage
	kind   string
	fields map[string]json.RawMessage
	judge  verifiers.RecordJudge
}

func (c *subject) audit(ctx context.Context, raw []byte, o Options) error {
	if err := json.Unmarshal(raw, &c.fields); err != nil || c.fields == nil {
		return errors.Join(errors.New("no JSON object"), err)
	}
	if id, ok := c.fields["id"]; ok {
		c.id = id
	}
	if _, ok := c.fields["gold"]; !ok && c.fields["answer"] != nil {
		c.fields["gold"] = c.fields["answer"]
	}
	if c.kind = o.Kind; c.kind == "" {
		if c.kind = c.text("kind"); c.kind == "" {
			return errors.New("no field kind: add it, or give --kind")
		}
	}
	var err error
	if c.judge, err = o.Judge(c.kind); err != nil {
		return err
	}
	golds, err := c.golds()
	if err != nil {
		return err
	}
	if _, ok := c.fields["response"]; ok {
		v, err := c.compare(ctx, c.text("response"), golds)
		if err != nil {
			return err
		}
		if len(golds) == 0 && v.Kind == verifiers.Correct && len(v.Answer) < 150 { // longer ones come shortened
			golds = []string{v.Answer}
		}
	}
	return c.hack(ctx, golds)
}

// text is a field that is a string, else "".
func (c *subject) text(name string) (s string) {
	if json.Unmarshal(c.fields[name], &s) != nil {
		return ""
	}
	return s
}

// golds are the gold answers as texts. The value that is the gold of kind json is one.
func (c *subject) golds() ([]string, error) {
	raw, ok := c.fields["gold"]
	if !ok || c.kind == "code" {
		return nil, nil
	}
	if s := c.text("gold"); s != "" {
		return []string{s}, nil
	}
	if c.kind == "json" {
		return []string{string(raw)}, nil
	}
	var one json.Number
	if json.Unmarshal(raw, &one) == nil && one != "" {
		return []string{one.String()}, nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil || len(list) == 0 {
		return nil, fmt.Errorf("field \"gold\": %.80s: give a string, a number, or a list of these", raw)
	}
	var golds []string
	for _, item := range list {
		var s string
		if json.Unmarshal(item, &s) != nil {
			s = string(item)
		}
		golds = append(golds, s)
	}
	return golds, nil
}

// ask judges another response to the same task.
func (c *subject) ask(ctx context.Context, response string) (verifiers.Verdict, error) {
	text, err := json.Marshal(response)
	if err != nil {
		return verifiers.Verdict{}, err
	}
	fields := maps.Clone(c.fields)
	fields["response"] = text
	return c.judge(ctx, fields)
}

// compare judges the response, and the answer that the second extractor finds in it.
func (c *subject) compare(ctx context.Context, response string, golds []string) (verifiers.Verdict, error) {
	first, err := c.ask(ctx, response)
	if err != nil {
		return first, err
	}
	c.report.Judged++
	if first.Kind == verifiers.Error {
		return first, errors.New(first.Reason)
	}
	second := verifiers.Verdict{Kind: verifiers.NoAnswer}
	answer := secondAnswer(c.kind, response)
	for _, gold := range golds {
		if plain(answer) == plain(secondAnswer(c.kind, gold)) {
			second.Kind = verifiers.Correct
		}
	}
	if second.Kind != verifiers.Correct && answer != "" {
		if second, err = c.ask(ctx, answered(answer)); err != nil {
			return first, err
		}
	}
	if (first.Kind == verifiers.Correct) != (second.Kind == verifiers.Correct) {
		c.report.Disagreements = append(c.report.Disagreements, Disagreement{
			ID: c.id, Line: c.line, Gold: first80(golds), Verdict: first.Kind, Extracted: clip(first.Answer), Reason: first.Reason,
			SecondVerdict: second.Kind, Second: clip(answer),
		})
	}
	return first, nil
}

// hack tries all hacks, and lists those that are paid.
func (c *subject) hack(ctx context.Context, golds []string) error {
	decoys, err := c.decoys(ctx, golds)
	if err != nil {
		return err
	}
	for _, h := range hacks(c.task(golds, decoys)) {
		v, err := c.ask(ctx, h.response)
		if err != nil {
			return err
		}
		c.report.Tried[h.name]++
		if v.Kind == verifiers.Correct || v.Reward > 0 {
			c.report.Paid = append(c.report.Paid, Paid{Hack: h.name, ID: c.id, Line: c.line, Gold: first80(golds),
				Response: clip(h.response), Extracted: clip(v.Answer), Reward: max(v.Reward, 0)})
		}
	}
	return nil
}

func (c *subject) task(golds, decoys []string) target {
	t := target{kind: c.kind, golds: golds, decoys: decoys, question: c.text("question"), huge: c.line <= hugeLines}
	if t.question == "" {
		t.question = c.text("prompt")
	}
	_ = json.Unmarshal(c.fields["choices"], &t.choices) // none is fine
	for i, gold := range t.golds {
		if strings.Contains(gold, "####") || strings.Contains(gold, `\boxed`) { // a worked solution
			t.golds[i] = secondAnswer(c.kind, gold)
		}
	}
	return t
}

// decoys are wrong answers: candidates that the verifier does not pay.
func (c *subject) decoys(ctx context.Context, golds []string) ([]string, error) {
	var out []string
	for _, candidate := range candidates(c.kind, golds) {
		v, err := c.ask(ctx, answered(candidate))
		if err != nil {
			return nil, err
		}
		if v.Kind != verifiers.Correct && !equalsAny(candidate, golds) {
			out = append(out, candidate)
		}
	}
	return out, nil
}

func first80(golds []string) string {
	if len(golds) == 0 {
		return ""
	}
	return clip(golds[0])
}

// clip shortens a text for the report.
func clip(s string) string {
	const most = 200
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
