// Package openai samples from servers that speak OpenAI's completions API: vLLM, SGLang, llama.cpp, Ollama and those like
// them. Such a server has a tokenizer of its own, so that a request carries text; what comes back is text with
// its number of tokens and, where the server tells, their ids and log-probs.
//
// Servers have default filters on what they draw (llama.cpp keeps the likeliest 40 tokens). They are switched off by name
// for the servers that are known; the Sampler says aloud where it cannot.
package openai

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	openai "github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"github.com/rltrain/rltrain/policy"
)

// Options name a model on a server, and say how patiently it is asked.
type Options struct {
	BaseURL     string // such as http://127.0.0.1:8000/v1
	Model       string
	APIKey      string        // "" sends none
	Concurrency int           // requests at a time
	Retries     int           // of a request, after a lost connection or a status 408, 409, 429 or 5xx
	Deadline    time.Duration // of one try
	Say         func(text string)
}

// DefaultOptions are patient: the retries of a request take about a minute, in which a server can be restarted.
func DefaultOptions() Options {
	return Options{Concurrency: 8, Retries: 10, Deadline: 10 * time.Minute, Say: func(string) {}}
}

// longestWait bounds the pause before a retry, whoever asks for it.
const longestWait = time.Minute

// prefix begins the name of a model on a server.
const prefix = "openai+"

// IsName tells whether a model's name is that of one on a server.
func IsName(name string) bool { return strings.HasPrefix(name, prefix) }

// ParseName takes openai+http://HOST:PORT/v1/NAME apart. NAME may hold slashes.
func ParseName(name string) (baseURL, model string, err error) {
	const want = "want openai+http://HOST:PORT/v1/NAME"
	u, err := url.Parse(strings.TrimPrefix(name, prefix))
	switch {
	case err != nil:
		return "", "", fmt.Errorf("model %q: %w: %s", name, err, want)
	case u.User != nil:
		return "", "", fmt.Errorf("model at %s: a key or password in the address would be shown and stored: put it into an environment variable", u.Host)
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "":
		return "", "", fmt.Errorf("model %q: %s", name, want)
	}
	path, model, ok := strings.Cut(u.Path+"/", "/v1/")
	if model = strings.Trim(model, "/"); !ok || model == "" {
		return "", "", fmt.Errorf("model %q: %s", name, want)
	}
	return u.Scheme + "://" + u.Host + path + "/v1", model, nil
}

// Sampler is a policy.Streamer over one model of a server.
type Sampler struct {
	o       Options
	dialect dialect

	models      openai.ModelService
	completions openai.CompletionService
	chats       openai.ChatCompletionService

	single  atomic.Bool // draw one completion a request
	mute    atomic.Bool // the server gives no log-probs
	trouble atomic.Bool // the last try of some request failed
}

// Open asks the server for its models and finds out what it is.
func Open(ctx context.Context, o Options) (*Sampler, error) {
	if o.Concurrency < 1 || o.Retries < 0 || o.Deadline <= 0 {
		return nil, fmt.Errorf("server %s: concurrency %d, retries %d, deadline %v: want concurrency >= 1, retries >= 0, deadline > 0", o.BaseURL, o.Concurrency, o.Retries, o.Deadline)
	}
	s := &Sampler{o: o}
	options := []option.RequestOption{
		option.WithBaseURL(o.BaseURL + "/"), option.WithMaxRetries(o.Retries), option.WithRequestTimeout(o.Deadline),
		option.WithMaxRetryDelay(longestWait), option.WithMiddleware(s.watch), option.WithHTTPClient(&http.Client{}),
	}
	if o.APIKey != "" {
		options = append(options, option.WithAPIKey(o.APIKey))
	}
	// Not openai.NewClient, which would send OPENAI_API_KEY to whatever server this is.
	s.models, s.completions, s.chats = openai.NewModelService(options...), openai.NewCompletionService(options...), openai.NewChatCompletionService(options...)
	return s, s.introduce(ctx)
}

// watch tells once that the server has failed and is asked again.
func (s *Sampler) watch(r *http.Request, next option.MiddlewareNext) (*http.Response, error) {
	answer, err := next(r)
	failed := ""
	switch {
	case err != nil && r.Context().Err() == nil:
		failed = err.Error()
	case err == nil && (answer.StatusCode == http.StatusTooManyRequests || answer.StatusCode >= 500):
		failed = answer.Status
	}
	if before := s.trouble.Swap(failed != ""); failed != "" && !before {
		s.o.Say(fmt.Sprintf("%s: %s: trying again up to %d times", s.o.BaseURL, failed, s.o.Retries))
	}
	return answer, err
}

// served is the part of the answer to /models that tells servers apart.
type served struct {
	Data []struct {
		ID      string   `json:"id"`
		OwnedBy string   `json:"owned_by"`
		Aliases []string `json:"aliases"` // llama.cpp
	} `json:"data"`
}

// introduce checks the model's name and finds the dialect.
func (s *Sampler) introduce(ctx context.Context) error {
	page, err := s.models.List(ctx)
	var status *openai.Error
	if errors.As(err, &status) && status.StatusCode == http.StatusNotFound {
		s.o.Say(fmt.Sprintf("%s has no list of models: the name %s is not checked, and the server's own defaults of top_k and min_p stay in force", s.o.BaseURL, s.o.Model))
		return nil
	}
	if err != nil {
		return s.explain(ctx, "list its models", err)
	}
	var list served
	if err := json.Unmarshal([]byte(page.RawJSON()), &list); err != nil {
		return fmt.Errorf("server %s: its list of models cannot be read: %w: is it an OpenAI-compatible server?", s.o.BaseURL, err)
	}
	var names []string
	for _, m := range list.Data {
		names = append(names, m.ID)
		if m.ID != s.o.Model && m.ID != s.o.Model+":latest" && !slices.Contains(m.Aliases, s.o.Model) {
			continue
		}
		s.dialect = dialectOf(m.OwnedBy)
		if s.dialect.warning != "" {
			s.o.Say(s.dialect.warning)
		}
		return nil
	}
	return fmt.Errorf("server %s has no model %q: it serves %s", s.o.BaseURL, s.o.Model, strings.Join(names, ", "))
}

// explain says what to try.
func (s *Sampler) explain(ctx context.Context, doing string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var status *openai.Error
	if !errors.As(err, &status) {
		return fmt.Errorf("server %s does not %s: %w: is it running? start it and give the same command", s.o.BaseURL, doing, err)
	}
	said := status.Message
	if said == "" {
		said = clip(status.RawJSON())
	}
	advice := "see what the server wrote, and give the same command"
	switch status.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		advice = "put its key into the environment variable that --api-key-env names"
	case http.StatusNotFound:
		advice = "has it this way to ask? try --template chat, or another than chat"
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		advice = "try a smaller --max-tokens, or start the server with more context"
	case http.StatusTooManyRequests:
		advice = "try a smaller --concurrency"
	}
	return fmt.Errorf("server %s does not %s: status %d: %s: %s", s.o.BaseURL, doing, status.StatusCode, said, advice)
}

// clip shortens what a server said.
func clip(text string) string {
	if len(text) > 300 {
		text = strings.ToValidUTF8(text[:300], "") + "…"
	}
	return text
}

// rejected tells whether the server answered that it does not take the request as it is.
func rejected(err error) bool {
	var status *openai.Error
	return errors.As(err, &status) && (status.StatusCode == http.StatusBadRequest || status.StatusCode == http.StatusUnprocessableEntity || status.StatusCode == http.StatusNotImplemented)
}

var _ policy.Streamer = (*Sampler)(nil)
