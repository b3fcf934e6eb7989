package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/policy/moe"
	"github.com/rltrain/rltrain/verifiers"
)

// asCommand is set in the environment of a test binary that is to act as the command.
const asCommand = "RLTRAIN_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	if perStep := os.Getenv(asLoop); perStep != "" {
		os.Exit(runLoop(perStep))
	}
	os.Exit(m.Run())
}

// runArgs runs a command line as the program would and returns its exit code and what it wrote to standard error.
func runArgs(t *testing.T, args ...string) (code int, stderr string) {
	t.Helper()
	stdout, errout := os.Stdout, os.Stderr
	r, w, err := os.Pipe()
	require.NoError(t, err)
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	require.NoError(t, err)
	defer null.Close()
	text := make(chan string)
	go func() {
		data, _ := io.ReadAll(r)
		text <- string(data)
	}()
	os.Stdout, os.Stderr = null, w
	defer func() { os.Stdout, os.Stderr = stdout, errout }()
	code = run(args)
	require.NoError(t, w.Close())
	return code, <-text
}

func mustWrite(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestWrongUsage(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"trian"}, "trian"},
		{[]string{"--nonsense"}, "--nonsense"},
		{[]string{"train"}, "accepts 1 arg"},
		{[]string{"train", "a.yaml", "b.yaml"}, "see rltrain train -h"},
		{[]string{"train", "a.yaml", "--nonsense"}, "--nonsense"},
		{[]string{"train", "a.yaml", "--steps", "many"}, "many"},
		{[]string{"eval", "--k", "one"}, "--k"},
		{[]string{"eval", "extra"}, "extra"},
		{[]string{"pretrain", "a.yaml"}, "out"},
		{[]string{"verify"}, "accepts 1 arg"},
		{[]string{"runs", "--nonsense"}, "--nonsense"},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			code, stderr := runArgs(t, test.args...)
			require.Equal(t, exitUsage, code, stderr)
			require.Contains(t, stderr, "rltrain: ")
			require.Contains(t, stderr, test.want)
		})
	}
	code, _ := runArgs(t, "-h")
	require.Zero(t, code)
	code, _ = runArgs(t, "train", "-h")
	require.Zero(t, code)
}

// Each failing command line ends with code 1 and says what was wrong, where, and what to try.
func TestTrainErrors(t *testing.T) {
	good := "tasks: [{name: countdown/rl, weight: 1}]\nmodel: nowhere\n"
	recipe := mustWrite(t, "good.yaml", good)
	tasks := mustWrite(t, "tasks.jsonl", `{"id":"1","kind":"countdown","question":"make 5 from 2 3","numbers":[2,3],"target":5}`+"\n{broken\n")
	started := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(started, "log.db"), nil, 0o600))
	for _, test := range []struct {
		name string
		args []string
		want []string
	}{
		{"missing file", []string{"none.yaml"}, []string{"none.yaml", "recipes/"}},
		{"empty file", []string{mustWrite(t, "empty.yaml", " \n")}, []string{"empty.yaml", "the file is empty"}},
		{"unknown key", []string{mustWrite(t, "key.yaml", good+"grpo:\n  stepz: 3\n")}, []string{"key.yaml", "[4:3]", "stepz", "docs/recipes.md"}},
		{"wrong type", []string{mustWrite(t, "type.yaml", good+"seed: lots\n")}, []string{"type.yaml", "[3:7]", "lots"}},
		{"no YAML", []string{mustWrite(t, "no.yaml", "tasks: [\n")}, []string{"no.yaml"}},
		{"no tasks", []string{mustWrite(t, "tasks.yaml", "seed: 1\n")}, []string{"recipe without tasks", "countdown/rl"}},
		{"bad value", []string{recipe, "-o", "grpo.scale=std"}, []string{`scale is "std"`}},
		{"adapters of no rank", []string{recipe, "-o", "lora.rank=0"}, []string{"lora: rank is 0: want at least 1"}},
		{"adapters with dropout", []string{recipe, "-o", "lora={dropout: 0.1}"}, []string{"lora: dropout is 0.1", "want 0"}},
		{"adapters on nothing", []string{recipe, "-o", "lora.targets=[]"}, []string{"lora: targets is empty"}},
		{"unknown adapter key", []string{recipe, "-o", "lora.r=8"}, []string{`-o "lora.r=8"`, "unknown field"}},
		{"bad group", []string{recipe, "-o", "sampling.group=1"}, []string{"group 1", "at least 2"}},
		{"bad reward", []string{recipe, "-o", "reward.mode=length"}, []string{`reward.mode is "length"`}},
		{"bad formula", []string{recipe, "-o", "reward.formula=corect + 0.1*format"}, []string{"reward.formula", `unknown variable "corect"`, `did you mean "correct"`}},
		{"formula about reflection", []string{recipe, "-o", "reward.formula=correct + reflections"}, []string{"nothing is paid for reflection"}},
		{"formula that is no number", []string{recipe, "-o", "reward.formula=kind"}, []string{"reward.formula", "string"}},
		{"formula and weights", []string{recipe, "-o", "reward.formula=correct", "-o", "reward.language=0.2"}, []string{"write them into the formula"}},
		{"formula and mode", []string{recipe, "-o", "reward.formula=correct", "-o", "reward.mode=random"}, []string{"reward.mode random"}},
		{"empty stop", []string{recipe, "-o", "sampling.stop=[\"\"]"}, []string{"sampling: stop", "not empty"}},
		{"bad curriculum", []string{recipe, "-o", "curriculum.floor=0"}, []string{"curriculum: floor 0", "from 0.01 to 1"}},
		{"bad filter", []string{recipe, "-o", "tasks=[{name: countdown/rl, weight: 1, filter: 'levels < 3'}]"}, []string{"tasks countdown/rl", `unknown variable "levels"`, `did you mean "level"`}},
		{"filter that leaves nothing", []string{recipe, "-o", "tasks=[{name: countdown/rl, weight: 1, filter: 'target > 1000'}]"}, []string{"leaves none of 7194 tasks"}},
		{"long overlong buffer", []string{recipe, "-o", "grpo.overlong.buffer=300"}, []string{"overlong.buffer is 300", "max_tokens"}},
		{"best checkpoint of nothing", []string{recipe, "-o", "keep={last: 1, best: true}"}, []string{"validate.sets"}},
		{"override without value", []string{recipe, "-o", "seed"}, []string{`-o "seed"`, "key.path=value"}},
		{"override of nothing", []string{recipe, "-o", "=1"}, []string{`-o "=1"`}},
		{"override of an unknown key", []string{recipe, "-o", "grpo.stepz=1"}, []string{`-o "grpo.stepz=1"`, "stepz"}},
		{"override of a wrong type", []string{recipe, "-o", "grpo.steps=many"}, []string{`-o "grpo.steps=many"`, "many"}},
		{"unknown set", []string{recipe, "-o", "tasks=[{name: countdwn/rl, weight: 1}]"}, []string{"countdwn/rl", "countdown/rl"}},
		{"set without weight", []string{recipe, "-o", "tasks=[{name: countdown/rl}]"}, []string{"weight 0"}},
		{"bad evaluation", []string{recipe, "-o", "final=[{tasks: countdown/test, samples: 2, k: [3]}]"}, []string{"k is 3 with 2 samples"}},
		{"broken task file", []string{recipe, "-o", "tasks=[{name: " + tasks + ", weight: 1}]"}, []string{"tasks.jsonl:2"}},
		{"missing model", []string{recipe}, []string{`model "nowhere"`, "models/base"}},
		{"missing model flag", []string{recipe, "--model", "elsewhere"}, []string{`model "elsewhere"`}},
		{"run without checkpoint", []string{recipe, "--model", started}, []string{"no checkpoint yet"}},
		{"missing step", []string{recipe, "--model", started + "@7"}, []string{`no checkpoint at step "7"`, "checkpoints"}},
	} {
		args := append([]string{"train", "--out", filepath.Join(t.TempDir(), "run")}, test.args...)
		code, stderr := runArgs(t, args...)
		require.Equal(t, exitFailed, code, "%s: %s", test.name, stderr)
		require.Contains(t, stderr, "rltrain: ", test.name)
		for _, want := range test.want {
			require.Contains(t, stderr, want, test.name)
		}
	}
}

func TestPretrainErrors(t *testing.T) {
	recipe := mustWrite(t, "base.yaml", "seed: 1\n")
	for want, override := range map[string]string{
		"max_attempts is 1": "corpus.max_attempts=1",
		`"model.width=3"`:   "model.width=3",
	} {
		code, stderr := runArgs(t, "pretrain", recipe, "--out", filepath.Join(t.TempDir(), "base"), "-o", override)
		require.Equal(t, exitFailed, code, stderr)
		require.Contains(t, stderr, want)
	}
}

// A formula takes the place of the weights; the resolved recipe says so, and is a recipe again.
func TestRecipeWithFormula(t *testing.T) {
	for _, format := range []float64{formatReward, 0} {
		r := reward{Mode: verifiers.ModeCorrect, Form: formThink, Format: format, Formula: "correct + 0.1*format"}
		require.NoError(t, r.check())
		require.Zero(t, r.Format)
		require.NoError(t, r.check())
	}
	r := reward{Mode: verifiers.ModeCorrect, Form: formThink, Format: 0.3, Formula: "correct"}
	require.ErrorContains(t, r.check(), "write them into the formula")
}

func TestTaskFilter(t *testing.T) {
	all, err := taskShare{Name: "countdown/validation"}.load()
	require.NoError(t, err)
	some, err := taskShare{Name: "countdown/validation", Filter: "target < 50"}.load()
	require.NoError(t, err)
	require.Less(t, len(some), len(all))
	for _, task := range some {
		require.Less(t, task.Target, 50)
	}
}

// An override changes its own key and leaves its neighbours, and those of a key in the file, at their values.
func TestReadRecipeKeepsTheRest(t *testing.T) {
	path := mustWrite(t, "r.yaml", "grpo:\n  steps: 7\nlora: {alpha: 5}\n")
	r := defaultTrainRecipe()
	require.NoError(t, readRecipe(path, []string{"grpo.lr=0.5", "sampling.group=4", "shapes.max_rows=8", "lora.rank=3"}, &r))
	want := defaultTrainRecipe()
	want.LoRA = &moe.LoRA{Rank: 3, Alpha: 5, Targets: []string{"q_proj", "v_proj"}}
	want.GRPO.Steps, want.GRPO.LR, want.Sampling.Group, want.Shapes.MaxRows = 7, 0.5, 4, 8
	require.Equal(t, want, r)
}
