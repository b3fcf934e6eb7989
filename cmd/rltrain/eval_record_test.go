package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/internal/web"
	"github.com/rltrain/rltrain/rollout"
)

// A checkpoint that a server has loaded: it is asked as the run was trained, the result goes into the run's log, and the token strip of
// its pages names what else was likely.
func TestEvalByAServerIntoTheLogOfARun(t *testing.T) {
	recipe := defaultTrainRecipe()
	recipe.Tasks, recipe.Price = []taskShare{{Name: "arith/rl", Weight: 1}}, 5
	recipe.Prompt.Template, recipe.Reward.Form = rollout.R1Zero, formAnswer
	folder := mustRunOf(t, recipe)
	run := filepath.Dir(filepath.Dir(folder))
	var prompts []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if strings.HasSuffix(r.URL.Path, "/models") {
			fmt.Fprint(w, `{"object":"list","data":[{"id":"m","object":"model","owned_by":"vllm"}]}`)
			return
		}
		body, _ := io.ReadAll(r.Body) // what is missing shows in the test
		prompts = append(prompts, r.URL.Path+" "+string(body))
		fmt.Fprint(w, `{"choices":[{"index":0,"text":"\\boxed{7}","finish_reason":"stop","token_ids":[4,5],
			"logprobs":{"token_logprobs":[-0.1,-2.5],"top_logprobs":[{"\\boxed{7":-0.1,"<b>":-3},{"}":-2.5,"8":-0.25,"9":-4}]}}],"usage":{"prompt_tokens":10,"completion_tokens":2}}`)
	}))
	t.Cleanup(s.Close)
	model := "openai+" + s.URL + "/v1/m"
	tasks := mustWrite(t, "sum.jsonl", `{"id":"a","kind":"math","question":"What is 3 + 4?","answer":"7"}`+"\n")
	samples := filepath.Join(t.TempDir(), "s.jsonl")
	code, stderr := runArgs(t, "eval", "--model", model, "--tasks", tasks, "--record", run+"@5", "--top-logprobs", "2", "--samples-out", samples, "--json", filepath.Join(t.TempDir(), "r.json"))
	require.Zero(t, code, stderr)
	require.Contains(t, stderr, "recorded in v_evals of "+run+" at step 5")
	require.Len(t, prompts, 1)
	require.Contains(t, prompts[0], "/v1/completions")
	require.Contains(t, prompts[0], "The assistant first thinks")
	require.Contains(t, prompts[0], `"logprobs":2`)
	require.Contains(t, string(mustRead(t, samples)), `"top_logprobs":[[["\\boxed{7",-0.1],["\u003cb\u003e",-3]],[["8",-0.25],["}",-2.5]]]`, "two of three, the likeliest first")

	server, err := web.New(web.Options{Runs: filepath.Dir(run)})
	require.NoError(t, err)
	id := rows(t, run, "SELECT id FROM v_rollouts WHERE step = 5 AND phase = 'eval' AND verdict = 'correct'")[0]
	answer := httptest.NewRecorder()
	request := httptest.NewRequest(http.MethodGet, "/runs/"+filepath.Base(run)+"/rollout?id="+url.QueryEscape(id), nil)
	request.Host = "localhost"
	server.Handler().ServeHTTP(answer, request)
	require.Equal(t, http.StatusOK, answer.Code)
	require.Contains(t, answer.Body.String(), `, likeliest: &#34;8&#34; 77.9`)
	require.Contains(t, answer.Body.String(), `, &#34;&lt;b&gt;&#34; 5.0`)

	for want, args := range map[string][]string{
		"want 0 to 20":       {"--model", model, "--top-logprobs", "21"},
		"are for models on":  {"--model", folder, "--top-logprobs", "1"},
		"no checkpoint at":   {"--model", model, "--record", run + "@6"},
		"is neither a fold":  {"--model", model, "--record", "nowhere@1"},
		"on a server; model": {"--record", run + "@5", "--model", "models/base"},
	} {
		code, stderr := runArgs(t, append([]string{"eval", "--tasks", tasks}, args...)...)
		require.Equal(t, exitUsage, code, args)
		require.Contains(t, stderr, want)
	}
}
