package datasets

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// mathSets are the sets whose answers the math verifier judges. Answers keep their publisher's spelling.
func mathSets() []publicSet {
	const grade, hendrycks = "github.com/openai/grade-school-math", "github.com/hendrycks/math"
	const rllm, qwen = "github.com/agentica-project/rllm", "github.com/QwenLM/Qwen2.5-Math (evaluation/data)"
	return []publicSet{
		{"gsm8k/train", []string{"gsm8k/train.jsonl"}, grade, afterHashes},
		{"gsm8k/test", []string{"gsm8k/test.jsonl"}, grade, afterHashes},
		{"math/train", []string{"math/train.jsonl"}, rllm, problemAnswer},
		{"math/test", []string{"math/test.jsonl"}, hendrycks, solutionBox},
		{"math500", []string{"math/math500.jsonl", "math500/test.jsonl"}, "github.com/openai/prm800k (math_splits)", problemAnswer},
		{"aime24", []string{"aime/aime24.jsonl"}, rllm, problemAnswer},
		{"aime25", []string{"aime/aime25.jsonl"}, qwen, problemAnswer},
		{"aime/train", []string{"aime/aime_1983_2023.jsonl"}, rllm, problemAnswer},
		{"amc23", []string{"amc/amc23.jsonl"}, qwen, problemAnswer},
		{"olympiadbench", []string{"olympiadbench/test.jsonl"}, "github.com/OpenBMB/OlympiadBench", olympiad},
		{"svamp", []string{"svamp/svamp.jsonl", "svamp/SVAMP.json"}, "github.com/arkilpatel/SVAMP", svamp},
		{"asdiv", []string{"asdiv/test.jsonl"}, qwen, asdiv},
		{"mawps", []string{"mawps/test.jsonl"}, qwen, mawps},
	}
}

// mathTask is a task for the math verifier.
func mathTask(question, answer, level string) (Task, error) {
	answer = strings.TrimSpace(answer)
	if answer == "" {
		return Task{}, errLeftOut // four records of MATH's training set have none
	}
	return Task{Kind: "math", Question: strings.TrimSpace(question), Answer: answer, Level: level}, nil
}

// afterHashes reads GSM8K: the answer follows the last ####, thousands with commas.
func afterHashes(r publicRecord) (Task, error) {
	question, err := r.text("question")
	if err != nil {
		return Task{}, err
	}
	solution, err := r.text("answer")
	if err != nil {
		return Task{}, err
	}
	at := strings.LastIndex(solution, "####")
	if at < 0 {
		return Task{}, fmt.Errorf("answer %q has no ####", clip(solution))
	}
	return mathTask(question, strings.ReplaceAll(solution[at+4:], ",", ""), "")
}

// problemAnswer reads the sets that have the final answer in a field of its own, as text or number.
func problemAnswer(r publicRecord) (Task, error) {
	problem, err := r.text("problem")
	if err != nil {
		return Task{}, err
	}
	answer, err := r.answer("answer")
	if err != nil {
		return Task{}, err
	}
	return mathTask(problem, answer, r.level())
}

// solutionBox reads MATH, whose answer is the last box of the worked solution.
func solutionBox(r publicRecord) (Task, error) {
	problem, err := r.text("problem")
	if err != nil {
		return Task{}, err
	}
	solution, err := r.text("solution")
	if err != nil {
		return Task{}, err
	}
	box, ok := lastBox(solution)
	if !ok {
		return Task{}, fmt.Errorf("solution %q has no \\boxed{…}", clip(solution))
	}
	return mathTask(problem, box, r.level())
}

var boxCommand = regexp.MustCompile(`\\f?boxed\b`)

// lastBox is the content of the last \boxed{…}, \fbox{…} or \boxed x.
func lastBox(solution string) (string, bool) {
	all := boxCommand.FindAllStringIndex(solution, -1)
	if boxes := strings.LastIndex(solution, `\fbox`); all == nil && boxes >= 0 {
		all = [][]int{{boxes, boxes + len(`\fbox`)}}
	}
	if all == nil {
		return "", false
	}
	rest := strings.TrimLeft(solution[all[len(all)-1][1]:], " ")
	if !strings.HasPrefix(rest, "{") {
		word, _, _ := strings.Cut(rest, "$")
		return strings.TrimSpace(word), word != ""
	}
	depth := 0
	for i := 0; i < len(rest); i++ {
		switch rest[i] {
		case '\\':
			i++
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return rest[1:i], true
			}
		}
	}
	return "", false
}

// olympiad reads OlympiadBench: a list of answers, all of which are wanted, and a unit that the answer may leave out.
func olympiad(r publicRecord) (Task, error) {
	question, err := r.text("question")
	if err != nil {
		return Task{}, err
	}
	answers, err := r.texts("final_answer")
	if err != nil {
		return Task{}, err
	}
	if context, _ := r["context"].(string); strings.TrimSpace(context) != "" {
		question = context + "\n" + question
	}
	return mathTask(question, strings.Join(answers, ", "), "")
}

// svamp reads SVAMP: a story and a question.
func svamp(r publicRecord) (Task, error) {
	body, err := r.text("Body")
	if err != nil {
		return Task{}, err
	}
	question, err := r.text("Question")
	if err != nil {
		return Task{}, err
	}
	answer, err := r.answer("Answer")
	if err != nil {
		return Task{}, err
	}
	body = strings.TrimSpace(body)
	if !strings.HasSuffix(body, ".") && !strings.HasSuffix(body, ",") {
		body += "."
	}
	task, err := mathTask(body+" "+question, answer, "")
	task.ID, _ = r["ID"].(string)
	return task, err
}

var unitInBrackets = regexp.MustCompile(`\s*\([^()]*\)\s*$`)

// asdiv reads ASDiv, whose answers carry a unit in brackets: 9 (apples).
func asdiv(r publicRecord) (Task, error) {
	body, err := r.text("body")
	if err != nil {
		return Task{}, err
	}
	question, err := r.text("question")
	if err != nil {
		return Task{}, err
	}
	answer, err := r.text("answer")
	if err != nil {
		return Task{}, err
	}
	return mathTask(strings.TrimSpace(body)+" "+question, unitInBrackets.ReplaceAllString(answer, ""), "")
}

// mawps reads MAWPS.
func mawps(r publicRecord) (Task, error) {
	question, err := r.text("input")
	if err != nil {
		return Task{}, err
	}
	answer, err := r.answer("target")
	if err != nil {
		return Task{}, err
	}
	return mathTask(question, answer, "")
}

// answer is a text or a number; a whole number written as a decimal, 27.0, is that number. A list has one entry.
func (r publicRecord) answer(field string) (string, error) {
	switch a := r[field].(type) {
	case nil:
		return "", nil
	case string:
		return a, nil
	case json.Number:
		return strings.TrimSuffix(a.String(), ".0"), nil
	case []any:
		if len(a) == 1 {
			return publicRecord{field: a[0]}.answer(field)
		}
	}
	return "", fmt.Errorf("field %q is %s: want a text or a number", field, clip(fmt.Sprint(r[field])))
}

// level is a difficulty such as 5, of "Level 5" or 5.
func (r publicRecord) level() string {
	for _, field := range []string{"level", "difficulty"} {
		if v := r[field]; v != nil {
			return strings.TrimPrefix(fmt.Sprint(v), "Level ")
		}
	}
	return ""
}
