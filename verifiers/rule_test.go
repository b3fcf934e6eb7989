package verifiers

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/datasets"
)

func TestRule(t *testing.T) {
	for _, test := range []struct {
		rule, response string
		want           Kind
	}{
		{"answer == gold && len(response) < 2000", tagged("7"), Correct}, {"answer == gold && len(response) < 2000", tagged("8"), Wrong},
		{"answer == gold && len(response) < 2000", strings.Repeat("x", 2000) + tagged("7"), Wrong}, {"true", "no answer here", NoAnswer}, {"true", tagged(" "), NoAnswer},
		{"int(answer) > 5", tagged("7"), Correct}, {"int(answer) > 5", tagged("many"), Unparseable}, {`lower(answer) in ["7", "seven"]`, tagged("SEVEN"), Correct},
		{`all(split(answer, ","), int(#) > 2)`, tagged("3,4"), Correct}, {`all(split(answer, ","), int(#) > 2)`, tagged("3,1"), Wrong}, {"format", tagged("7"), Correct}, {"format", "<answer>7</answer>", Wrong},
		{`answer matches "^[0-9]+$" && not (thought contains "guess")`, "<think>I guess</think><answer>7</answer>", Wrong}, {`question contains "prime" && level == "easy"`, tagged("7"), Correct},
		{`fromJSON(answer).n == 7`, tagged(`{"n":7}`), Correct}, {`fromJSON(answer).n == 7`, tagged("{"), Unparseable}, {"split(answer, ',')[3] == '7'", tagged("7"), Unparseable},
		{`len(1..10000000) > 1`, tagged("7"), Timeout}, {"true", tagged("7") + strings.Repeat(" ", 1<<20), Timeout},
	} {
		check(t, NewRule(), datasets.Task{Answer: "7", Rule: test.rule, Question: "a prime?", Level: "easy"}, test.response, test.want)
		check(t, Rule{}, datasets.Task{Answer: "7", Rule: test.rule, Question: "a prime?", Level: "easy"}, test.response, test.want)
	}
}

func TestRuleFaults(t *testing.T) {
	for rule, want := range map[string]string{
		"anwser == gold": `unknown name "anwser": did you mean "answer"?`, "lenn(answer) > 1": `did you mean "len"?`, "answer": "bool", "answer == 7": "mismatched types",
		"answer ==": "rule \"answer ==\"", "": "the rule is empty", `repeat(answer, 1000) == gold`: `unknown name "repeat"`, `let x = answer + answer; x == gold`: "let is not allowed",
		`any(split(response, ""), any(split(response, ""), # == answer))`: "a second loop inside", `any(split(answer, ""), response contains #)`: "response inside",
		strings.Repeat("answer == gold && ", 200) + "true": "nodes", "reduce(1..10, #acc + #) > 1": `unknown name "reduce"`, "env('HOME') == answer": `unknown name "env"`,
	} {
		_, err := NewRule().Verify(context.Background(), datasets.Task{Rule: rule}, tagged("7"))
		require.ErrorContains(t, err, want, rule)
	}
}

// The worst that a rule can do stays within a second even on the longest response.
func TestRuleBudget(t *testing.T) {
	response := strings.Repeat("a ", maxRuleResponse/2-100) + tagged("7")
	start := time.Now()
	check(t, NewRule(), datasets.Task{Rule: `count(split(response, ""), # == "b") > 5`}, response, Wrong)
	require.Less(t, time.Since(start), 5*time.Second)
}

func TestCheckTasks(t *testing.T) {
	good := []datasets.Task{{Kind: "math"}, {Kind: "process"}, {Kind: "rule", Rule: "answer == gold"}, {Kind: "numeric", Answer: "1"}, {Kind: "json", Answer: "{}"},
		{Kind: "choice", Answer: "A"}, {Kind: "exact", Answer: "x"}, {Kind: "regex", Pattern: "x"}}
	require.NoError(t, CheckTasks(good))
	for want, task := range map[string]datasets.Task{
		`task "t" of kind rule: rule "anwser == gold": unknown name`: {Kind: "rule", Rule: "anwser == gold"}, "no number": {Kind: "numeric", Answer: "x"},
		"no choice": {Kind: "choice", Answer: "17"}, "no JSON": {Kind: "json", Answer: "{"}, "RE2": {Kind: "regex", Pattern: "("}, "cannot be compared": {Kind: "exact"},
	} {
		task.ID = "t"
		require.ErrorContains(t, CheckTasks(append(good, task)), want)
	}
}

func TestJudgeLinesTextKinds(t *testing.T) {
	for _, test := range []struct{ kind, fields, response, want string }{
		{"choice", `"gold":"B"`, "(B)", "correct"}, {"choice", `"gold":["A","C"],"choices":["1","2","3"]`, "3", "correct"}, {"choice", `"gold":"Z9"`, "A", "error"},
		{"exact", `"gold":["x","y"]`, "y", "correct"}, {"exact", `"gold":7`, "7", "correct"}, {"exact", `"gold":null`, "7", "error"},
		{"numeric", `"gold":2.5,"tolerance":0.1`, "2.6", "correct"}, {"numeric", `"gold":["1","2"],"relative":"0.1"`, "2.2", "correct"}, {"numeric", `"gold":1,"tolerance":[1]`, "1", "error"},
		{"json", `"gold":{"a":1}`, `{\"a\":1.0}`, "correct"}, {"json", `"gold":"{\"a\":1}","fields":["a"]`, `{\"a\":1,\"b\":2}`, "correct"}, {"json", `"gold":"a"`, "1", "error"}, {"json", `"gold":[1,2]`, "[1,2]", "correct"},
		{"regex", `"pattern":"a+"`, "aaa", "correct"}, {"regex", `"gold":"a+"`, "aaa", "error"},
		{"rule", `"rule":"answer == gold","gold":7`, "7", "correct"}, {"rule", `"rule":"len(question) > 1","question":"?"`, "7", "wrong"}, {"rule", `"rule":"answr == gold"`, "7", "error"}, {"rule", `"rule":"true","gold":["1","2"]`, "7", "error"},
	} {
		got, _ := judge(t, test.kind, `{"id":1,`+test.fields+`,"response":"<answer>`+test.response+`</answer>"}`, 1)
		require.Equal(t, test.want, got[0]["verdict"], "%s %s: %v", test.kind, test.fields, got[0]["reason"])
	}
}
