package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// mustAnswer is a server whose model answers each prompt by answer, which gets the number of the request.
func mustAnswer(t *testing.T, answer func(number int, prompt string) string) string {
	t.Helper()
	number := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if strings.HasSuffix(r.URL.Path, "/models") {
			fmt.Fprint(w, `{"object":"list","data":[{"id":"m","object":"model","owned_by":"vllm"}]}`)
			return
		}
		var asked struct {
			N        int
			Messages []struct{ Content string }
		}
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || len(asked.Messages) == 0 {
			http.Error(w, "no message", http.StatusBadRequest)
			return
		}
		var choices []map[string]any
		for i := range asked.N {
			choices = append(choices, map[string]any{"index": i, "message": map[string]any{"content": answer(number, asked.Messages[0].Content)}, "finish_reason": "stop"})
			number++
		}
		json.NewEncoder(w).Encode(map[string]any{"choices": choices, "usage": map[string]any{"prompt_tokens": 10, "completion_tokens": 5 * asked.N}})
	}))
	t.Cleanup(s.Close)
	return "openai+" + s.URL + "/v1/m"
}

// A server's model is evaluated, its samples re-graded, and two of them compared, all from the command line.
func TestEvalOfAServer(t *testing.T) {
	dir := t.TempDir()
	tasks := mustWrite(t, "sums.jsonl", `{"id":"a","kind":"math","question":"What is 3 + 4?","answer":"7"}`+"\n"+`{"id":"b","kind":"math","question":"What is 1 + 1?","answer":"2"}`+"\n")
	weak := mustAnswer(t, func(number int, prompt string) string {
		if strings.Contains(prompt, "3 + 4") && number%2 == 0 {
			return `It is \boxed{7}.`
		}
		return `It is \boxed{9}.`
	})
	strong := mustAnswer(t, func(_ int, prompt string) string {
		if strings.Contains(prompt, "3 + 4") {
			return `So \boxed{7}.`
		}
		return `So \boxed{2}.`
	})
	results, samples := map[string]string{}, map[string]string{}
	for name, model := range map[string]string{"weak": weak, "strong": strong} {
		results[name], samples[name] = filepath.Join(dir, name+".json"), filepath.Join(dir, name+".jsonl")
		args := []string{"eval", "--model", model, "--tasks", tasks, "--samples", "4", "--concurrency", "1", "--samples-out", samples[name], "--json", results[name], "--price-completion", "2"}
		code, stderr := runArgs(t, args...)
		require.Zero(t, code, stderr)
		require.Contains(t, stderr, "0 of 8 completions")
		code, stderr = runArgs(t, args...)
		require.Zero(t, code, stderr)
		require.Contains(t, stderr, "8 of 8 completions")
	}
	read := func(path string) (file evalFile) {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(data, &file))
		return file
	}
	got := read(results["strong"])
	require.Equal(t, 1.0, *got.Metrics["pass@1"].Value)
	require.Equal(t, 1.0, *got.Metrics["pass^4"].Value)
	require.InDelta(t, 20*2/1e6, *got.Metrics["cost_per_solved"].Value, 1e-12)
	require.Equal(t, "chat", got.Template)
	require.Len(t, got.Rows, 2)
	require.NotEmpty(t, got.Curve)

	again := filepath.Join(dir, "again.json")
	code, stderr := runArgs(t, "eval", "--regrade", samples["strong"], "--json", again)
	require.Zero(t, code, stderr)
	require.Contains(t, stderr, "judged 8 samples again")
	require.Contains(t, stderr, "0 verdicts changed")
	require.Equal(t, got.Metrics["pass@2"], read(again).Metrics["pass@2"])

	for _, pair := range [][2]string{{results["weak"], results["strong"]}, {samples["weak"], samples["strong"]}, {results["weak"], samples["strong"]}} {
		out, _, err := runCommand(t, evalCommand(), "--compare", pair[0], pair[1])
		require.NoError(t, err)
		require.Contains(t, out, "2 tasks in both, at least 4 samples of each")
		require.Contains(t, out, "solved after and not before, in any sample: 1 (b)")
		require.Contains(t, out, "no crossover up to k = 4")
	}
	code, stderr = runArgs(t, "eval", "--model", weak, "--tasks", tasks, "--samples", "4", "--temperature", "0.5", "--samples-out", samples["weak"])
	require.Equal(t, exitFailed, code)
	require.Contains(t, stderr, "another evaluation")
	code, stderr = runArgs(t, "eval", "--model", strings.TrimSuffix(weak, "m")+"nope", "--tasks", tasks)
	require.Equal(t, exitFailed, code)
	require.Contains(t, stderr, `no model "nope": it serves m`)
	code, _ = runArgs(t, "eval", "--compare", results["weak"])
	require.Equal(t, exitUsage, code)
}

// The prompts that an engine elsewhere is to answer are those of the evaluation, and nothing is drawn.
func TestEvalWritesPrompts(t *testing.T) {
	tasks := mustWrite(t, "sums.jsonl", `{"id":"a","kind":"math","question":"Is 3 < 4?","answer":"yes"}`+"\n")
	server := mustAnswer(t, func(int, string) string {
		t.Error("a completion was asked for")
		return ""
	})
	path := filepath.Join(t.TempDir(), "prompts.jsonl")
	code, stderr := runArgs(t, "eval", "--model", server, "--tasks", tasks, "--prompt", "plain", "--prompts-out", path)
	require.Zero(t, code, stderr)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.JSONEq(t, `{"task":"a","question":"Is 3 < 4?","answer":"yes","prompt":"Q: Is 3 < 4?\nA:"}`, string(text))
	require.Contains(t, string(text), "<")

	code, stderr = runArgs(t, "eval", "--model", server, "--tasks", tasks, "--prompts-out", filepath.Join(path, "none"))
	require.Equal(t, exitFailed, code)
	require.Contains(t, stderr, "--prompts-out")
}
