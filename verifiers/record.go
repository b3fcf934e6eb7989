package verifiers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
	"time"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/verifiers/sandbox"
)

// record is one line of input, its fields still unread.
type record map[string]json.RawMessage

// line is one line of output.
type line struct {
	ID        json.RawMessage `json:"id"`
	Line      int             `json:"line,omitempty"`
	Verdict   Kind            `json:"verdict"`
	Reward    float64         `json:"reward"`
	Extracted string          `json:"extracted"`
	Reason    string          `json:"reason"`
	MS        float64         `json:"ms"`
	Passed    *int            `json:"passed,omitempty"`
	Total     *int            `json:"total,omitempty"`
	Stderr    *string         `json:"stderr,omitempty"`
}

// judging is how lines are judged.
type judging struct {
	judge RecordJudge
	tests bool // the verdict counts unit tests
}

// judgeLine judges line n. It never fails: what cannot be judged gets the verdict error.
func (o judging) judgeLine(ctx context.Context, n int, raw []byte) line {
	start := time.Now()
	out := line{ID: json.RawMessage("null"), Line: n}
	var rec record
	v, err := Verdict{}, json.Unmarshal(raw, &rec)
	switch {
	case err != nil:
		err = fmt.Errorf("line %d is no JSON object: %w", n, err)
	case rec == nil:
		err = fmt.Errorf("line %d is no JSON object", n)
	default:
		if id, ok := rec["id"]; ok {
			out.ID, out.Line = id, 0
		}
		v, err = o.judge(ctx, rec)
	}
	out.fill(o.tests, v, err)
	out.MS = math.Round(float64(time.Since(start).Microseconds())) / 1000
	return out
}

func (out *line) fill(tests bool, v Verdict, err error) {
	out.Verdict, out.Extracted, out.Reason = v.Kind, v.Answer, v.Reason
	if err != nil {
		out.Verdict, out.Reason = Error, clip(err.Error(), 500)
	}
	out.Reward = v.accuracy()
	if tests {
		out.Passed, out.Total, out.Stderr = &v.Passed, &v.Total, &v.Stderr
	}
}

// read decodes one field into to; the error names the field.
func (rec record) read(name string, to any, required bool) error {
	raw, ok := rec[name]
	if !ok || string(raw) == "null" {
		if required {
			return fmt.Errorf("field %q is missing", name)
		}
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(to); err != nil {
		return fmt.Errorf("field %q: %w", name, err)
	}
	return nil
}

// golds are the accepted answers: a string, a number, or a list of these.
func (rec record) golds() ([]string, error) {
	var gold any
	if err := rec.read("gold", &gold, true); err != nil {
		return nil, err
	}
	list, ok := gold.([]any)
	if !ok {
		list = []any{gold}
	}
	var out []string
	for _, g := range list {
		switch g := g.(type) {
		case string:
			out = append(out, g)
		case json.Number:
			out = append(out, g.String())
		default:
			return nil, fmt.Errorf("field \"gold\": %v is neither a string nor a number", g)
		}
	}
	return out, nil
}

var anyDef = regexp.MustCompile(`(?m)^def\s+(\w+)\s*\(`)

func (c Code) judgeRecord(ctx context.Context, rec record, response string) (Verdict, error) {
	var task datasets.Task
	var seconds float64
	tests, err := rec.texts("tests")
	task.Tests = tests
	err = errors.Join(err, rec.read("language", &task.Language, true), rec.read("cases", &task.Cases, false),
		rec.read("entry_point", &task.EntryPoint, false), rec.read("prompt", &task.Prompt, false),
		rec.read("io", &task.IO, false), rec.read("timeout_s", &seconds, false))
	if err != nil {
		return Verdict{}, err
	}
	if err := runnable(task); err != nil {
		return Verdict{}, err
	}
	if seconds < 0 || seconds > 600 {
		return Verdict{}, fmt.Errorf("field \"timeout_s\": %v: give seconds above 0, at most 600", seconds)
	}
	c.Limits = budget(seconds)
	if task.Language == "python" {
		limit := time.Duration(seconds * float64(time.Second)) // 0: the sandbox's own
		return c.judgePython(ctx, task, complete(task.Prompt, response), limit)
	}
	if task.Prompt == "" {
		return c.Verify(ctx, task, response)
	}
	if defs := anyDef.FindAllStringSubmatch(task.Prompt, -1); task.EntryPoint == "" && len(defs) > 0 {
		task.EntryPoint = defs[len(defs)-1][1]
	}
	return c.judge(ctx, task, complete(task.Prompt, response))
}

// texts reads a field that is a text or a list of texts.
func (rec record) texts(name string) ([]string, error) {
	var one string
	if rec.read(name, &one, false) == nil {
		if one == "" {
			return nil, nil
		}
		return []string{one}, nil
	}
	var list []string
	return list, rec.read(name, &list, false)
}

// budget turns a time-out into limits: mostly steps, which do not depend on the machine. Steps stay below what would
// let small objects, which are not metered, fill the memory.
func budget(seconds float64) sandbox.Limits {
	limits := sandbox.DefaultLimits()
	if seconds > 0 {
		limits.Time = time.Duration(seconds * float64(time.Second))
		limits.Steps = min(max(limits.Steps, uint64(seconds*2e6)), 10_000_000)
	}
	return limits
}

// complete puts the prompt before a response that continues it. A response that defines its functions anew,
// though the prompt has begun one, stands alone.
func complete(prompt, response string) string {
	program, ok := ExtractCode(response)
	if !ok {
		program = response
	}
	if anyDef.MatchString(program) && anyDef.MatchString(prompt) && !continues(program) {
		return program
	}
	return prompt + program
}

// continues tells whether text goes on inside a function: its first line with text is indented.
func continues(text string) bool {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\n', '\r':
		case ' ', '\t':
			return true
		default:
			return false
		}
	}
	return true
}
