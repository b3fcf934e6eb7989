package verifiers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/rltrain/rltrain/datasets"
)

// JSON judges an answer that is one JSON value, in <answer> or in a fenced block of it. It must equal the gold as a
// value: the order of keys and white space do not count, 1.0 is 1, a key twice is no JSON. With Task.Fields both are
// objects, and only these fields are compared; all of them must be there.
type JSON struct{}

// Verify implements Verifier with the JSON text in Task.Answer.
func (JSON) Verify(_ context.Context, task datasets.Task, response string) (Verdict, error) {
	gold, err := readJSON(task.Answer)
	if err != nil {
		return Verdict{}, fmt.Errorf("gold %q: %w: give the text of one JSON value, a string with its quotes", clip(task.Answer, 80), err)
	}
	if err := hasFields(gold, task.Fields); err != nil {
		return Verdict{}, fmt.Errorf("gold %q: %w", clip(task.Answer, 80), err)
	}
	answer, f := finalAnswer(response, taggedOnly)
	if !f.ok() {
		return Verdict{Kind: f.kind, Reason: f.reason}, nil
	}
	v := Verdict{Kind: Wrong, Answer: clip(answer, 200)}
	value, err := readJSON(unfenced(answer))
	switch {
	case err != nil:
		v.Kind, v.Reason = Unparseable, err.Error()
	default:
		v.Reason = difference(value, gold, task.Fields)
	}
	if v.Kind == Wrong && v.Reason == "" {
		v.Kind, v.Reward = Correct, 1
	}
	return v, nil
}

// unfenced is the content of a fenced block that is the whole text.
func unfenced(text string) string {
	if rest, ok := strings.CutPrefix(text, "```"); ok {
		if _, inner, ok := strings.Cut(rest, "\n"); ok && strings.HasSuffix(inner, "```") {
			return strings.TrimSuffix(inner, "```")
		}
	}
	return text
}

// difference tells where a value is not the gold, "" if it is.
func difference(value, gold any, fields []string) string {
	if len(fields) == 0 {
		return mismatch("the value", value, gold)
	}
	if err := hasFields(value, fields); err != nil {
		return err.Error()
	}
	for _, name := range fields {
		if reason := mismatch(fmt.Sprintf("field %q", name), value.(map[string]any)[name], gold.(map[string]any)[name]); reason != "" {
			return reason
		}
	}
	return ""
}

func mismatch(where string, value, gold any) string {
	if sameJSON(value, gold) {
		return ""
	}
	return fmt.Sprintf("%s is %s, not %s", where, showJSON(value), showJSON(gold))
}

func hasFields(value any, fields []string) error {
	object, ok := value.(map[string]any)
	for _, name := range fields {
		if !ok {
			return fmt.Errorf("%s is no object with the field %q", showJSON(value), name)
		}
		if _, there := object[name]; !there {
			return fmt.Errorf("field %q is missing", name)
		}
	}
	return nil
}

func showJSON(value any) string {
	text, err := json.Marshal(value)
	if err != nil { // not reached: the value came from JSON
		return err.Error()
	}
	return clip(string(text), 80)
}

// Bounds of a JSON answer.
const (
	maxJSON      = 256 << 10 // bytes
	maxJSONDepth = 100
)

// readJSON reads one value. Unlike encoding/json it refuses a key that occurs twice: the gold in one and
// something else in the other is a hedge.
func readJSON(text string) (any, error) {
	if len(text) > maxJSON {
		return nil, fmt.Errorf("JSON of %d bytes, more than %d", len(text), maxJSON)
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	value, err := decodeJSON(d, 0)
	if err != nil {
		return nil, fmt.Errorf("no JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("no JSON: text after the value")
	}
	return value, nil
}

func decodeJSON(d *json.Decoder, depth int) (any, error) {
	if depth > maxJSONDepth {
		return nil, fmt.Errorf("nested deeper than %d", maxJSONDepth)
	}
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('['):
		list := []any{}
		for d.More() {
			item, err := decodeJSON(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, item)
		}
		_, err = d.Token()
		return list, err
	case json.Delim('{'):
		return decodeObject(d, depth)
	}
	return token, nil
}

func decodeObject(d *json.Decoder, depth int) (any, error) {
	object := map[string]any{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		name, _ := key.(string) // the decoder lets nothing else be a key
		if _, twice := object[name]; twice {
			return nil, fmt.Errorf("key %q occurs twice", clip(name, 80))
		}
		if object[name], err = decodeJSON(d, depth+1); err != nil {
			return nil, err
		}
	}
	_, err := d.Token()
	return object, err
}

// sameJSON compares two values that readJSON made; numbers by their exact value.
func sameJSON(a, b any) bool {
	switch a := a.(type) {
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, sameJSON)
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for key, value := range a {
			if other, there := b[key]; !there || !sameJSON(value, other) {
				return false
			}
		}
		return true
	case json.Number:
		b, ok := b.(json.Number)
		return ok && equalNumbers(a.String(), b.String())
	}
	return a == b
}

// equalNumbers compares two numbers of JSON; those too large for ParseNumber are compared as text.
func equalNumbers(a, b string) bool {
	x, errX := ParseNumber(a)
	y, errY := ParseNumber(b)
	if errX != nil || errY != nil {
		return a == b
	}
	return x.Cmp(y) == 0
}
