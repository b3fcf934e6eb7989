package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/verifiers"
	"github.com/rltrain/rltrain/verifiers/python"
)

func runAuditCommand(t *testing.T, args ...string) (stdout string, err error) {
	t.Helper()
	var out bytes.Buffer
	cmd := auditCommand()
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&bytes.Buffer{})
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	err = cmd.Execute()
	return out.String(), err
}

func TestAudit(t *testing.T) {
	sound := mustWrite(t, "sound.jsonl", `{"id":"m1","kind":"exact","gold":"42","response":"it is 42"}`+"\n"+`{"id":"c1","kind":"choice","gold":"B","question":"A or B?"}`+"\n")
	out, err := runAuditCommand(t, sound)
	require.NoError(t, err)
	require.Contains(t, out, "2 lines, 1 responses judged, 0 disagreements, 0 could not be judged;")
	require.Contains(t, out, "many boxes")

	loose := mustWrite(t, "loose.jsonl", `{"id":"r1","kind":"regex","pattern":"[0-9, ]+"}`+"\n")
	out, err = runAuditCommand(t, loose)
	require.ErrorContains(t, err, `first "list dump" in line 1`)
	require.Contains(t, out, "paid hack")
	out, err = runAuditCommand(t, loose, "--json")
	require.Error(t, err)
	for line := range strings.Lines(out) {
		require.True(t, json.Valid([]byte(line)), line)
	}
	require.Contains(t, out, `"finding":"paid","hack":"list dump","id":"r1"`)
	require.Contains(t, out, `"finding":"counts"`)
	code, stderr := runArgs(t, "audit", loose)
	require.Equal(t, exitFailed, code)
	require.Contains(t, stderr, "make the verifier refuse it")
}

func TestAuditErrors(t *testing.T) {
	for want, args := range map[string][]string{
		"open tasks to audit": {"none.jsonl"}, "unknown kind \"poetry\"": {mustWrite(t, "a.jsonl", "{}"), "--kind", "poetry"},
		"nothing to audit": {mustWrite(t, "empty.jsonl", "")}, "accepts 1 arg": {},
	} {
		_, err := runAuditCommand(t, args...)
		require.ErrorContains(t, err, want)
	}
	out, err := runAuditCommand(t, mustWrite(t, "p.jsonl", `{"kind":"process","gold":"1"}`))
	require.NoError(t, err)
	require.Contains(t, out, "first not judged: line 1: kind process without --command")
}

func TestVerifyProcess(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("no sh in PATH: no program could be started")
	}
	always := `while IFS= read -r line; do id=${line#*\"id\":}; echo "{\"id\":${id%%,*},\"verdict\":\"correct\",\"reward\":0.5}"; done`
	out, errs, err := runVerify(t, `{"id":"a","response":"x"}`+"\n"+`{"id":"b"}`+"\n", "process", "--command", always, "--jobs", "1")
	require.NoError(t, err)
	require.Contains(t, out, `{"id":"a","verdict":"correct","reward":0.5,`)
	require.Contains(t, out, `field \"response\" is missing`)
	require.Contains(t, errs, "correct 1, error 1")
	path := mustWrite(t, "p.jsonl", `{"id":"q","gold":"1","kind":"process"}`)
	_, err = runAuditCommand(t, path, "--command", always)
	require.ErrorContains(t, err, "hacks were paid", "a program that pays everything")
	for want, args := range map[string][]string{
		"without --command": {"process"}, "leave it out": {"math", "--command", "x"}, "none below 0": {"process", "--command", "x", "--timeout", "-1s"},
	} {
		_, _, err := runVerify(t, "", args...)
		require.ErrorContains(t, err, want)
	}
}

// What an author got wrong in a task or the reward stops a run before anything is sampled.
func TestTaskFaultsStopTraining(t *testing.T) {
	recipe := func(task, reward string) trainRecipe {
		r := defaultTrainRecipe()
		path := mustWrite(t, "tasks.jsonl", task)
		require.NoError(t, readRecipe(mustWrite(t, "r.yaml", "tasks: [{name: "+path+", weight: 1}]\nreward: {"+reward+"}\n"), nil, &r))
		return r
	}
	for want, task := range map[string]string{
		`did you mean "answer"?`: `{"id":"1","kind":"rule","question":"q","rule":"anwser == gold"}`, "no number": `{"id":"1","kind":"numeric","question":"q","answer":"many"}`,
		"reward.command": `{"id":"1","kind":"process","question":"q"}`,
	} {
		r := recipe(task, "mode: correct")
		_, err := r.stream()
		require.ErrorContains(t, err, want)
	}
	r := recipe(`{"id":"1","kind":"process","question":"q"}`, "language: 0.2, repetition: 0.1, command: cat")
	_, err := r.stream()
	require.NoError(t, err)
	require.NoError(t, r.check())
	rules, done, err := r.rules(&python.Lazy{})
	require.NoError(t, err)
	defer done()
	require.Equal(t, []float64{0.2, 0.1}, []float64{rules.LanguageWeight, rules.RepetitionWeight})
	require.Contains(t, rules.ByKind, "process")
	for options, want := range map[string]string{"answer: [boxes]": `unknown place of an answer "boxes"`, "answer: [box, box]": "given twice", "deadline: -1": "reward.deadline is -1"} {
		r := recipe(`{"id":"1","kind":"math","question":"q","answer":"2"}`, options)
		require.ErrorContains(t, r.check(), want)
	}
	r.Reward.Language = -1
	require.ErrorContains(t, r.check(), "want 0 or more")
}

// Where answers may stand is the recipe's choice.
func TestRecipeChoosesPlaces(t *testing.T) {
	task := datasets.Task{ID: "1", Kind: "math", Question: "q", Answer: "2"}
	for _, test := range []struct {
		reward   reward
		response string
		kind     verifiers.Kind
	}{
		{reward{}, `\boxed{3} <answer>2</answer>`, verifiers.Wrong}, // boxes come first
		{reward{Answer: []verifiers.Place{verifiers.InTag}}, `\boxed{3} <answer>2</answer>`, verifiers.Correct},
		{reward{Answer: []verifiers.Place{verifiers.InTag}}, `\boxed{2}`, verifiers.NoAnswer},
		{reward{}, `\boxed{2}`, verifiers.Correct},
		{reward{AfterThink: true}, `\boxed{2}`, verifiers.NoAnswer},
		{reward{AfterThink: true}, `<think>x</think>\boxed{2}`, verifiers.Correct},
	} {
		r := defaultTrainRecipe()
		r.Reward.Answer, r.Reward.AfterThink = test.reward.Answer, test.reward.AfterThink
		rules, done, err := r.rules(&python.Lazy{})
		require.NoError(t, err)
		defer done()
		v, err := rules.ByKind["math"].Verify(t.Context(), task, test.response)
		require.NoError(t, err)
		require.Equal(t, test.kind, v.Kind, "%q: %s", test.response, v.Reason)
	}
}

// Where Python cannot be isolated nothing is sampled for a recipe that needs it.
func TestPythonTasksNeedIsolation(t *testing.T) {
	sets := [][]datasets.Task{{{Kind: "math"}}, {{Kind: "code", Language: "python"}}}
	broken := &python.Lazy{Options: python.Options{Interpreter: "/nowhere/python3"}}
	require.NoError(t, readySandbox(broken, sets[:1], io.Discard), "no task needs it")
	require.ErrorContains(t, readySandbox(broken, sets, io.Discard), "--unsafe-sandbox")
	text := describeLayers([]python.Layer{{Name: "namespaces", Wanted: true, Detail: "refused"}, {Name: "seccomp", Wanted: true, On: true}, {Name: "cgroup"}})
	require.Equal(t, "Python programs are isolated by seccomp; MISSING: namespaces (refused)", text)
}
