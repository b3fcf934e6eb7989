package datasets

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// One record of each form that publishers write, in words of our own.
func TestPublicRecords(t *testing.T) {
	for name, test := range map[string]struct {
		file, record string
		want         Task
	}{
		"gsm8k/test": {"gsm8k/test.jsonl", `{"question":"Two boxes of 600?","answer":"2*600=<<2*600=1200>>1,200\n#### 1,200"}`,
			Task{ID: "gsm8k/test/1", Kind: "math", Question: "Two boxes of 600?", Answer: "1200"}},
		"math/test": {"math/test.jsonl", `{"problem":"Half?","level":"Level 2","solution":"So \\boxed{7}, no: $\\boxed{\\frac{1}{2}}$."}`,
			Task{ID: "math/test/1", Kind: "math", Question: "Half?", Answer: `\frac{1}{2}`, Level: "2"}},
		"math500": {"math/math500.jsonl", `{"problem":"Pole?","answer":"\\pi","level":5}`,
			Task{ID: "math500/1", Kind: "math", Question: "Pole?", Answer: `\pi`, Level: "5"}},
		"amc23":         {"amc/amc23.jsonl", `{"problem":"Odd?","answer":27.0}`, Task{ID: "amc23/1", Kind: "math", Question: "Odd?", Answer: "27"}},
		"olympiadbench": {"olympiadbench/test.jsonl", `{"question":"Roots?","context":"Let x.","final_answer":["$1$","$-1$"]}`, Task{ID: "olympiadbench/1", Kind: "math", Question: "Let x.\nRoots?", Answer: "$1$, $-1$"}},
		"svamp": {"svamp/SVAMP.json", `[{"ID":"s-1","Body":"He had 3","Question":"Left?","Answer":3.0}]`,
			Task{ID: "s-1", Kind: "math", Question: "He had 3. Left?", Answer: "3"}},
		"asdiv": {"asdiv/test.jsonl", `{"body":"Nine lie there.","question":"How many?","answer":"9 (apples)"}`,
			Task{ID: "asdiv/1", Kind: "math", Question: "Nine lie there. How many?", Answer: "9"}},
		"humaneval": {"humaneval/HumanEval.jsonl", `{"task_id":"HumanEval/0","prompt":"def f(x):\n","entry_point":"f","canonical_solution":"    return x\n","test":"def check(c):\n    assert c(1) == 1\n"}`,
			Task{ID: "HumanEval/0", Kind: "code", Language: "python", EntryPoint: "f", Prompt: "def f(x):\n", Answer: "    return x\n", Tests: []string{"def check(c):\n    assert c(1) == 1\n"},
				Question: "Complete this Python function. Answer with the whole function.\n```python\ndef f(x):\n```"}},
		"mbpp/test": {"mbpp/mbpp.jsonl", `{"task_id":10,"text":"Not of this split.","code":"x","test_list":["assert 1"],"test_setup_code":""}
{"task_id":11,"text":"Double it.","code":"def d(x): return 2*x","test_list":["assert d(1) == 2"],"test_setup_code":"import math"}`,
			Task{ID: "MBPP/11", Kind: "code", Language: "python", Answer: "def d(x): return 2*x", Tests: []string{"assert d(1) == 2"}, Setup: []string{"import math"},
				Question: "Double it. Write it in Python; it must pass these tests:\n```python\nassert d(1) == 2\n```"}},
		"code-contests/test": {"code_contests/test.jsonl", `{"problem":"Echo.","tests":{"inputs":["1\n"],"outputs":["1\n"]}}`,
			Task{ID: "code-contests/test/1", Kind: "code", Language: "python", IO: []IO{{"1\n", "1\n"}},
				Question: "Echo.\n\nWrite a Python program that reads standard input and writes the answer to standard output."}},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			path := filepath.Join(folder, test.file)
			require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
			require.NoError(t, os.WriteFile(path, []byte(test.record), 0o644))
			t.Setenv(PublicFolder, folder)
			tasks, err := Load(name)
			require.NoError(t, err)
			test.want.Source = name
			require.Equal(t, []Task{test.want}, tasks)
		})
	}
}

func TestPublicFaults(t *testing.T) {
	folder := t.TempDir()
	t.Setenv(PublicFolder, folder)
	_, err := Load("gsm8k/test")
	require.ErrorContains(t, err, "gsm8k/test.jsonl")
	require.ErrorContains(t, err, "published at")
	require.ErrorContains(t, err, PublicFolder)
	require.NoError(t, os.Mkdir(filepath.Join(folder, "gsm8k"), 0o755))
	for text, want := range map[string]string{
		`{"question":"?","answer":"no hashes"}`:                          "record 1",
		`{"question":"?","answer":"#### 1"}` + "\n" + `{"question":"?"}`: `record 2: field "answer"`,
		`{"question":`: "no JSON object",
		``:             "no task in it",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, "gsm8k/test.jsonl"), []byte(text), 0o644))
		_, err := Load("gsm8k/test")
		require.ErrorContains(t, err, want, "%q", text)
	}
	_, err = Load("humanevil")
	require.ErrorContains(t, err, `did you mean "humaneval"`)
}

// The publishers' own files, where they are at hand: none of their records is refused.
func TestPublicFiles(t *testing.T) {
	folder := os.Getenv(PublicFolder)
	if folder == "" {
		folder = filepath.Join("..", "..", "shared", "datasets")
	}
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("no public data sets: set %s to their folder to read them", PublicFolder)
	}
	want := map[string]int{"gsm8k/train": 7473, "gsm8k/test": 1319, "math/train": 7470, "math/test": 5000, "math500": 500, "aime24": 30, "aime25": 30, "aime/train": 975, "amc23": 40, "olympiadbench": 675,
		"svamp": 1000, "asdiv": 2215, "mawps": 2065, "humaneval": 164, "mbpp/test": 500, "mbpp/validation": 90, "mbpp/train": 374, "mbpp/sanitized": 427, "code-contests/test": 165}
	t.Setenv(PublicFolder, folder)
	for _, name := range PublicNames() {
		tasks, err := Load(name)
		require.NoError(t, err)
		require.Len(t, tasks, want[name], name)
		seen := map[string]bool{}
		for _, task := range tasks {
			require.NotEmpty(t, strings.TrimSpace(task.Question), task.ID)
			require.False(t, seen[task.ID], task.ID)
			seen[task.ID] = true
		}
	}
}
