package datasets

import (
	"fmt"
	"strings"
)

// codeSets are the sets of Python problems.
func codeSets() []publicSet {
	const google = "github.com/google-research/google-research (mbpp)"
	between := func(first, last int) func(publicRecord) (Task, error) {
		return func(r publicRecord) (Task, error) { return mbpp(r, first, last) }
	}
	files := []string{"mbpp/mbpp.jsonl"}
	return []publicSet{
		{"humaneval", []string{"humaneval/HumanEval.jsonl"}, "github.com/openai/human-eval", humanEval},
		{"mbpp/test", files, google, between(11, 510)},
		{"mbpp/validation", files, google, between(511, 600)},
		{"mbpp/train", files, google, between(601, 974)},
		{"mbpp/sanitized", []string{"mbpp/sanitized-mbpp.jsonl", "mbpp/sanitized-mbpp.json"}, google, between(1, 974)},
		{"code-contests/test", []string{"code_contests/test.jsonl"}, "github.com/google-deepmind/code_contests", codeContest},
	}
}

// What the questions say around a problem; {…} is replaced.
const (
	completionQuestion = "Complete this Python function. Answer with the whole function.\n```python\n{prompt}```"
	functionQuestion   = "{text} Write it in Python; it must pass these tests:\n```python\n{tests}\n```"
	programQuestion    = "{text}\n\nWrite a Python program that reads standard input and writes the answer to standard output."
)

// humanEval reads HumanEval: the response continues the prompt, or writes its function anew.
func humanEval(r publicRecord) (Task, error) {
	t := Task{Kind: "code", Language: "python"}
	var test string
	var err error
	for field, to := range map[string]*string{"task_id": &t.ID, "prompt": &t.Prompt, "entry_point": &t.EntryPoint, "test": &test} {
		if *to, err = r.text(field); err != nil {
			return Task{}, err
		}
	}
	t.Answer, _ = r["canonical_solution"].(string)
	t.Tests = []string{test}
	t.Question = strings.Replace(completionQuestion, "{prompt}", t.Prompt, 1)
	return t, nil
}

// mbpp reads MBPP and its sanitized part: the function's name stands in the tests only.
func mbpp(r publicRecord, first, last int) (Task, error) {
	number, err := r.number("task_id")
	if err != nil {
		return Task{}, err
	}
	if number < first || number > last {
		return Task{}, errLeftOut
	}
	text, err := r.text("text")
	if err != nil {
		if text, err = r.text("prompt"); err != nil { // the sanitized part
			return Task{}, err
		}
	}
	tests, err := r.texts("test_list")
	if err != nil {
		return Task{}, err
	}
	setup, err := r.texts("test_imports")
	if err != nil {
		return Task{}, err
	}
	if code, _ := r["test_setup_code"].(string); code != "" {
		setup = append(setup, code)
	}
	answer, _ := r["code"].(string)
	return Task{
		ID: fmt.Sprintf("MBPP/%d", number), Kind: "code", Language: "python", Answer: answer, Tests: tests, Setup: setup,
		Question: strings.NewReplacer("{text}", strings.TrimSpace(text), "{tests}", strings.Join(tests, "\n")).Replace(functionQuestion),
	}, nil
}

// codeContest reads problems on standard input and output: tests are {inputs, outputs}.
func codeContest(r publicRecord) (Task, error) {
	text, err := r.text("problem")
	if err != nil {
		return Task{}, err
	}
	fields, ok := r["tests"].(map[string]any)
	if !ok {
		return Task{}, fmt.Errorf("field \"tests\" is %s: want {inputs, outputs}", clip(fmt.Sprint(r["tests"])))
	}
	inputs, err := publicRecord(fields).texts("inputs")
	if err != nil {
		return Task{}, err
	}
	outputs, err := publicRecord(fields).texts("outputs")
	if err != nil {
		return Task{}, err
	}
	if len(inputs) != len(outputs) || len(inputs) == 0 {
		return Task{}, fmt.Errorf("%d inputs, %d outputs: want as many of one as of the other", len(inputs), len(outputs))
	}
	t := Task{Kind: "code", Language: "python", Question: strings.Replace(programQuestion, "{text}", strings.TrimSpace(text), 1)}
	for i := range inputs {
		t.IO = append(t.IO, IO{inputs[i], outputs[i]})
	}
	return t, nil
}
