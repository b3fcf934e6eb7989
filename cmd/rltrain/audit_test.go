package main

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
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
	rules, done, err := r.rules()
	require.NoError(t, err)
	defer done()
	require.Equal(t, []float64{0.2, 0.1}, []float64{rules.LanguageWeight, rules.RepetitionWeight})
	require.Contains(t, rules.ByKind, "process")
	r.Reward.Language = -1
	require.ErrorContains(t, r.check(), "want 0 or more")
}
