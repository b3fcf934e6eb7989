package openai_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/policy/openai"
)

// exchange is a request to a real server and what it answered.
type exchange struct {
	Path   string          `json:"path"`
	Status int             `json:"status"`
	Body   json.RawMessage `json:"body"`
}

func recorded(t *testing.T, name string) []exchange {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	require.NoError(t, err)
	var file struct{ Exchanges []exchange }
	require.NoError(t, json.Unmarshal(data, &file))
	return file.Exchanges
}

// server answers /models with models and everything else by answer, which gets the number of the request and its fields.
type server struct {
	*httptest.Server
	lock     sync.Mutex
	requests []map[string]any
	headers  []http.Header
	answer   func(number int, fields map[string]any, w http.ResponseWriter)
}

func mustServe(t *testing.T, models exchange, answer func(number int, fields map[string]any, w http.ResponseWriter)) *server {
	t.Helper()
	s := &server{answer: answer}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/v1/models" {
			w.WriteHeader(models.Status)
			w.Write(models.Body)
			return
		}
		fields := map[string]any{"path": r.URL.Path}
		if err := json.NewDecoder(r.Body).Decode(&fields); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s.lock.Lock()
		number := len(s.requests)
		s.requests, s.headers = append(s.requests, fields), append(s.headers, r.Header)
		s.lock.Unlock()
		s.answer(number, fields, w)
	}))
	t.Cleanup(s.Close)
	return s
}

func replay(e exchange) func(int, map[string]any, http.ResponseWriter) {
	return func(_ int, _ map[string]any, w http.ResponseWriter) {
		w.WriteHeader(e.Status)
		w.Write(e.Body)
	}
}

// said collects what the Sampler says aloud.
type said struct {
	lock sync.Mutex
	text []string
}

func (s *said) say(text string) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.text = append(s.text, text)
}

func mustOpen(t *testing.T, s *server, model string, heard *said) *openai.Sampler {
	t.Helper()
	o := openai.DefaultOptions()
	o.BaseURL, o.Model, o.Retries, o.Say = s.URL+"/v1", model, 3, heard.say
	sampler, err := openai.Open(t.Context(), o)
	require.NoError(t, err)
	return sampler
}

func ask(n int) []policy.Request {
	return []policy.Request{{Task: "t", Text: "2 + 2 =", Params: policy.Params{N: n, MaxTokens: 5, Temperature: 0.7, Seed: 7}}}
}

func TestLlamaServer(t *testing.T) {
	record := recorded(t, "llama-server")
	heard := &said{}
	s := mustServe(t, record[0], replay(record[1]))
	groups, err := mustOpen(t, s, "smollm2", heard).Sample(t.Context(), ask(2))
	require.NoError(t, err)
	require.Len(t, groups[0], 2)
	first, second := groups[0][0], groups[0][1]
	require.Equal(t, " 2√2", first.Text)
	require.Nil(t, first.Tokens, "one entry stands for the two tokens of √: ids are not exact")
	require.Len(t, first.Logprobs, 4)
	require.Equal(t, []policy.Token{216, 33, 33, 645, 357}, second.Tokens)
	require.InDelta(t, -5.393378734588623, second.Logprobs[3], 1e-6)
	require.Equal(t, policy.StopLength, second.Stop)
	require.Equal(t, []int{5, 0}, []int{first.PromptTokens, second.PromptTokens}, "one prompt for both")
	require.Equal(t, 5, second.Length())
	require.Empty(t, heard.text)

	sent := s.requests[1] // after the probe
	require.Equal(t, []any{"/v1/completions", "smollm2", "2 + 2 =", 2.0, 5.0, 0.7, 0.0, 1.0, 0.0, 1.0, 1.0},
		[]any{sent["path"], sent["model"], sent["prompt"], sent["n"], sent["max_tokens"], sent["temperature"], sent["top_k"], sent["top_p"], sent["min_p"], sent["repeat_penalty"], sent["logprobs"]})
	require.Equal(t, 1.0, s.requests[0]["max_tokens"], "the probe is short")

	s.answer = replay(record[2])
	request := ask(1)
	request[0].Prompt = []policy.Token{34, 1232, 216, 34, 446}
	groups, err = mustOpen(t, s, "smollm2", heard).Sample(t.Context(), request)
	require.NoError(t, err)
	require.Equal(t, 5, groups[0][0].Length(), "the server counted what the entries do not tell")
	require.Equal(t, []any{34.0, 1232.0, 216.0, 34.0, 446.0}, s.requests[len(s.requests)-1]["prompt"])
}

func TestLlamaChat(t *testing.T) {
	record := recorded(t, "llama-server")
	s := mustServe(t, record[0], replay(record[5]))
	request := ask(2)
	request[0].Chat, request[0].StopStrings = true, []string{"\nUser:"}
	groups, err := mustOpen(t, s, "smollm2", &said{}).Sample(t.Context(), request)
	require.NoError(t, err)
	require.Equal(t, "A simple answer. The answer of 2 + 2", groups[0][0].Text)
	require.Equal(t, policy.Token(49), groups[0][0].Tokens[0])
	require.Len(t, groups[0][0].Logprobs, len(groups[0][0].Tokens))
	sent := s.requests[1]
	require.Equal(t, "/v1/chat/completions", sent["path"])
	require.Equal(t, []any{map[string]any{"role": "user", "content": "2 + 2 ="}}, sent["messages"])
	require.Equal(t, []any{"\nUser:"}, sent["stop"])
	require.Equal(t, true, sent["logprobs"])
}

func TestVLLM(t *testing.T) {
	record := recorded(t, "vllm")
	s := mustServe(t, record[0], replay(record[1]))
	groups, err := mustOpen(t, s, "tiny-llama64", &said{}).Sample(t.Context(), ask(2))
	require.NoError(t, err)
	require.Equal(t, []policy.Token{169, 207, 465, 488, 4}, groups[0][0].Tokens)
	require.InDelta(t, -6.211523056030273, groups[0][1].Logprobs[0], 1e-6)
	require.Equal(t, 5, groups[0][1].Length())
	sent := s.requests[1]
	require.Equal(t, []any{0.0, 1.0, true}, []any{sent["top_k"], sent["repetition_penalty"], sent["return_token_ids"]})
}

// Alternatives are kept only if they are asked for, as many as asked for, the likeliest first, from chats and from completions.
func TestAlternatives(t *testing.T) {
	llama, vllm := recorded(t, "llama-server"), recorded(t, "vllm")
	request := ask(2)
	request[0].Alternatives = 5
	s := mustServe(t, llama[0], replay(llama[1]))
	groups, err := mustOpen(t, s, "smollm2", &said{}).Sample(t.Context(), request)
	require.NoError(t, err)
	require.EqualValues(t, 5, s.requests[1]["logprobs"])
	second := groups[0][1]
	require.Len(t, second.Alternatives, len(second.Tokens))
	require.Equal(t, []policy.Alternative{{Text: " the", Logprob: -1.892699956893921}}, second.Alternatives[4])

	s = mustServe(t, vllm[0], replay(vllm[1]))
	groups, err = mustOpen(t, s, "tiny-llama64", &said{}).Sample(t.Context(), request)
	require.NoError(t, err)
	require.Equal(t, []policy.Alternative{{Text: "@", Logprob: -6.211523056030273}}, groups[0][1].Alternatives[0])

	request = ask(1)
	request[0].Chat, request[0].Alternatives = true, 2
	s = mustServe(t, llama[0], func(_ int, _ map[string]any, w http.ResponseWriter) {
		fmt.Fprint(w, `{"choices":[{"index":0,"message":{"content":"c"},"finish_reason":"stop","logprobs":{"content":[
			{"token":"c","logprob":-3,"top_logprobs":[{"token":"c","logprob":-3},{"token":"b","logprob":-1},{"token":"a","logprob":-1}]}]}}]}`)
	})
	sampler := mustOpen(t, s, "smollm2", &said{})
	groups, err = sampler.Sample(t.Context(), request)
	require.NoError(t, err)
	require.EqualValues(t, 2, s.requests[0]["top_logprobs"])
	require.Equal(t, [][]policy.Alternative{{{Text: "a", Logprob: -1}, {Text: "b", Logprob: -1}}}, groups[0][0].Alternatives)
	request[0].Alternatives = 0
	groups, err = sampler.Sample(t.Context(), request)
	require.NoError(t, err)
	require.Nil(t, groups[0][0].Alternatives)
}

func TestSeedsDiffer(t *testing.T) {
	record := recorded(t, "llama-server")
	seeds := map[any]bool{}
	s := mustServe(t, record[0], replay(record[2]))
	sampler := mustOpen(t, s, "smollm2", &said{})
	for first := range 3 {
		request := ask(1)
		request[0].First = first
		_, err := sampler.Sample(t.Context(), request)
		require.NoError(t, err)
		seeds[s.requests[len(s.requests)-1]["seed"]] = true
	}
	require.Len(t, seeds, 3)
}

// one is an answer of one completion with the given text.
func one(text string) string {
	return fmt.Sprintf(`{"choices":[{"index":0,"text":%q,"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2}}`, text)
}

func TestServersWithoutN(t *testing.T) {
	record := recorded(t, "llama-server")
	for name, answer := range map[string]func(number int, fields map[string]any, w http.ResponseWriter){
		"ignores n": func(number int, _ map[string]any, w http.ResponseWriter) { fmt.Fprint(w, one(fmt.Sprint(number))) },
		"refuses n": func(number int, fields map[string]any, w http.ResponseWriter) {
			if fields["n"].(float64) > 1 {
				w.WriteHeader(http.StatusBadRequest)
				w.Write(record[6].Body)
				return
			}
			fmt.Fprint(w, one(fmt.Sprint(number)))
		},
		"refuses more than 2": func(number int, fields map[string]any, w http.ResponseWriter) {
			switch n := fields["n"].(float64); {
			case n > 2:
				w.WriteHeader(http.StatusBadRequest)
				w.Write(record[6].Body)
			case n == 2:
				w.Write(record[1].Body)
			default:
				fmt.Fprint(w, one(fmt.Sprint(number)))
			}
		},
	} {
		heard := &said{}
		s := mustServe(t, record[0], answer)
		groups, err := mustOpen(t, s, "smollm2", heard).Sample(t.Context(), ask(4))
		require.NoError(t, err, name)
		texts := map[string]bool{}
		for _, sample := range groups[0] {
			texts[sample.Text] = true
			require.Equal(t, 2, sample.Length())
		}
		require.Len(t, texts, 4, name)
		require.Len(t, heard.text, 1, name)
		require.Contains(t, heard.text[0], "each completion is a request of its own", name)
	}
}

func TestNoLogprobs(t *testing.T) {
	heard := &said{}
	s := mustServe(t, recorded(t, "llama-server")[0], func(_ int, fields map[string]any, w http.ResponseWriter) {
		if fields["logprobs"] != nil {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":{"message":"logprobs are not supported"}}`)
			return
		}
		fmt.Fprint(w, one("four"))
	})
	groups, err := mustOpen(t, s, "smollm2", heard).Sample(t.Context(), ask(1))
	require.NoError(t, err)
	require.Nil(t, groups[0][0].Logprobs)
	require.Contains(t, strings.Join(heard.text, ""), "going on without")
}

func TestRetries(t *testing.T) {
	heard := &said{}
	s := mustServe(t, recorded(t, "llama-server")[0], func(number int, _ map[string]any, w http.ResponseWriter) {
		switch number {
		case 0, 1:
			w.Header().Set("Retry-After-Ms", "1")
			w.WriteHeader([]int{http.StatusTooManyRequests, http.StatusServiceUnavailable}[number])
		case 2: // the server dies
			c, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				c.Close()
			}
		default:
			fmt.Fprint(w, one("four"))
		}
	})
	groups, err := mustOpen(t, s, "smollm2", heard).Sample(t.Context(), ask(1))
	require.NoError(t, err)
	require.Equal(t, "four", groups[0][0].Text)
	require.Len(t, s.requests, 4)
	require.Len(t, heard.text, 1, "said once until it works again")
	require.Contains(t, heard.text[0], "429")
}

func TestRetryAfterIsRespected(t *testing.T) {
	var times []time.Time
	s := mustServe(t, recorded(t, "llama-server")[0], func(number int, _ map[string]any, w http.ResponseWriter) {
		times = append(times, time.Now())
		if number == 0 {
			w.Header().Set("Retry-After", "1") // the library's own first pause is at most 0.5 s
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		fmt.Fprint(w, one("four"))
	})
	_, err := mustOpen(t, s, "smollm2", &said{}).Sample(t.Context(), ask(1))
	require.NoError(t, err)
	require.GreaterOrEqual(t, times[1].Sub(times[0]), time.Second)
}

func TestConcurrencyIsBounded(t *testing.T) {
	var lock sync.Mutex
	now, most := 0, 0
	s := mustServe(t, recorded(t, "llama-server")[0], func(_ int, _ map[string]any, w http.ResponseWriter) {
		lock.Lock()
		now++
		most = max(most, now)
		lock.Unlock()
		time.Sleep(5 * time.Millisecond)
		lock.Lock()
		now--
		lock.Unlock()
		fmt.Fprint(w, one("four"))
	})
	o := openai.DefaultOptions()
	o.BaseURL, o.Model, o.Concurrency = s.URL+"/v1", "smollm2", 3
	sampler, err := openai.Open(t.Context(), o)
	require.NoError(t, err)
	_, err = sampler.Sample(t.Context(), ask(20))
	require.NoError(t, err)
	require.LessOrEqual(t, most, 3)
	require.Greater(t, most, 1)
}

// What was handed over before an error stays valid, and the error says what to do.
func TestErrors(t *testing.T) {
	llama, vllm := recorded(t, "llama-server"), recorded(t, "vllm")
	for _, test := range []struct {
		name   string
		answer exchange
		want   []string
	}{
		{"too long", llama[3], []string{"complete the prompt of task t", "exceeds the available context size (1536 tokens)", "--max-tokens"}},
		{"max_tokens", vllm[4], []string{"cannot be greater than max_model_len=256", "--max-tokens"}},
		{"key", exchange{Status: 401, Body: json.RawMessage(`{"error":{"message":"wrong key"}}`)}, []string{"wrong key", "--api-key-env"}},
		{"no such path", exchange{Status: 404, Body: json.RawMessage(`{"detail":"Not Found"}`)}, []string{"404", "--template"}},
		{"odd end", exchange{Status: 200, Body: json.RawMessage(`{"choices":[{"text":"x","finish_reason":"abort"}]}`)}, []string{`finish_reason "abort"`}},
		{"no choices", exchange{Status: 200, Body: json.RawMessage(`{"choices":[]}`)}, []string{"no choices"}},
	} {
		s := mustServe(t, llama[0], replay(test.answer))
		_, err := mustOpen(t, s, "smollm2", &said{}).Sample(t.Context(), ask(1))
		for _, want := range test.want {
			require.ErrorContains(t, err, want, test.name)
		}
	}
	o := openai.DefaultOptions()
	o.BaseURL, o.Model, o.Retries = mustServe(t, vllm[0], nil).URL+"/v1", "nope", 0
	_, err := openai.Open(t.Context(), o)
	require.ErrorContains(t, err, `has no model "nope": it serves tiny-llama64`)
	o.BaseURL = "http://127.0.0.1:9/v1" // nothing listens there
	_, err = openai.Open(t.Context(), o)
	require.ErrorContains(t, err, "is it running?")
	o.Concurrency = 0
	_, err = openai.Open(t.Context(), o)
	require.ErrorContains(t, err, "concurrency 0")
	forced := ask(1)
	forced[0].Forced = []policy.Token{1}
	_, err = mustOpen(t, mustServe(t, llama[0], nil), "smollm2", &said{}).Sample(t.Context(), forced)
	require.ErrorContains(t, err, "take a model in a folder")
}

// The key goes to the server and into no message; a key of the environment that was meant for another server goes nowhere.
func TestKey(t *testing.T) {
	t.Setenv("OPENAI_API_KEY", "of-another-server")
	models := recorded(t, "llama-server")[0]
	s := mustServe(t, models, replay(exchange{Status: 401, Body: json.RawMessage(`{"error":{"message":"no"}}`)}))
	heard := &said{}
	_, err := mustOpen(t, s, "smollm2", heard).Sample(t.Context(), ask(1))
	require.Error(t, err)
	require.Empty(t, s.headers[0].Get("Authorization"))
	o := openai.DefaultOptions()
	o.BaseURL, o.Model, o.APIKey, o.Say = s.URL+"/v1", "smollm2", "the-secret", heard.say
	sampler, err := openai.Open(t.Context(), o)
	require.NoError(t, err)
	_, err = sampler.Sample(t.Context(), ask(1))
	require.Error(t, err)
	require.Equal(t, "Bearer the-secret", s.headers[1].Get("Authorization"))
	require.NotContains(t, fmt.Sprintf("%v %+v %v", err, err, heard.text), "the-secret")
}

func TestParseName(t *testing.T) {
	for name, want := range map[string][2]string{
		"openai+http://127.0.0.1:8000/v1/Qwen/Qwen3-8B": {"http://127.0.0.1:8000/v1", "Qwen/Qwen3-8B"},
		"openai+https://h/openai/v1/m":                  {"https://h/openai/v1", "m"},
		"openai+http://[::1]:1/v1/llama3:8b":            {"http://[::1]:1/v1", "llama3:8b"},
	} {
		base, model, err := openai.ParseName(name)
		require.NoError(t, err)
		require.Equal(t, want, [2]string{base, model})
	}
	for _, bad := range []string{"openai+http://h/v1/", "openai+http://h/m", "openai+ftp://h/v1/m", "openai+http:///v1/m", "openai+http://h/v1/m?x=1"} {
		_, _, err := openai.ParseName(bad)
		require.ErrorContains(t, err, "want openai+http://HOST:PORT/v1/NAME", bad)
	}
	_, _, err := openai.ParseName("openai+http://user:secret@h/v1/m")
	require.ErrorContains(t, err, "environment variable")
	require.NotContains(t, err.Error(), "secret")
	require.True(t, openai.IsName("openai+http://x") && !openai.IsName("models/base"))
}
