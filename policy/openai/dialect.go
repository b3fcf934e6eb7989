package openai

import (
	"errors"
	"fmt"
	"math"

	openai "github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/packages/param"

	"github.com/rltrain/rltrain/policy"
)

// dialect is what a kind of server takes beside OpenAI's own fields.
type dialect struct {
	filters bool   // it takes top_k and min_p
	all     int    // its top_k for "all tokens"
	repeat  string // its name for a factor on repeated tokens, which has to be 1
	ids     bool   // it gives token ids when asked by return_token_ids
	warning string
}

// dialectOf knows the servers by what they write as the owner of a model.
func dialectOf(owner string) dialect {
	switch owner {
	case "llamacpp":
		return dialect{filters: true, repeat: "repeat_penalty"}
	case "vllm":
		return dialect{filters: true, repeat: "repetition_penalty", ids: true}
	case "sglang":
		return dialect{filters: true, all: -1, repeat: "repetition_penalty"}
	case "library":
		return dialect{warning: "Ollama takes no top_k and min_p here: what the model's Modelfile says stays in force (set PARAMETER top_k 0 and min_p 0 there)"}
	}
	return dialect{warning: fmt.Sprintf("a kind of server that is not known (it says owned_by %q): top_k and min_p stay as it has them", owner)}
}

// extra are the fields that OpenAI's own servers do not know.
func (d dialect) extra(p policy.Params) map[string]any {
	fields := map[string]any{}
	if d.filters {
		fields["top_k"], fields["min_p"] = d.all, decimal(p.MinP)
		if p.TopK > 0 {
			fields["top_k"] = p.TopK
		}
	}
	if d.repeat != "" {
		fields[d.repeat] = 1
	}
	if d.ids {
		fields["return_token_ids"] = true
	}
	return fields
}

// topP is 1 where nothing is cut.
func topP(p policy.Params) param.Opt[float64] {
	if p.TopP == 0 {
		return openai.Float(1)
	}
	return openai.Float(decimal(p.TopP))
}

// decimal is the number that was meant: 0.7, and not 0.699999988.
func decimal(x float32) float64 { return math.Round(float64(x)*1e6) / 1e6 }

// completion continues a text.
func (s *Sampler) completion(r policy.Request, seed int64, n int) openai.CompletionNewParams {
	p := openai.CompletionNewParams{
		Model: openai.CompletionNewParamsModel(s.o.Model), MaxTokens: openai.Int(int64(r.MaxTokens)), N: openai.Int(int64(n)),
		Temperature: openai.Float(decimal(r.Temperature)), TopP: topP(r.Params), Seed: openai.Int(seed),
	}
	p.Prompt.OfString = openai.String(r.Text)
	if len(r.Prompt) > 0 { // exact, where our tokenizer is the server's
		p.Prompt = openai.CompletionNewParamsPromptUnion{}
		for _, token := range r.Prompt {
			p.Prompt.OfArrayOfTokens = append(p.Prompt.OfArrayOfTokens, int64(token))
		}
	}
	if !s.mute.Load() {
		p.Logprobs = openai.Int(int64(max(1, r.Alternatives)))
	}
	p.Stop.OfStringArray = r.StopStrings
	p.SetExtraFields(s.dialect.extra(r.Params))
	return p
}

// chat answers a message.
func (s *Sampler) chat(r policy.Request, seed int64, n int) openai.ChatCompletionNewParams {
	p := openai.ChatCompletionNewParams{
		Model: s.o.Model, Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(r.Text)},
		MaxTokens: openai.Int(int64(r.MaxTokens)), N: openai.Int(int64(n)),
		Temperature: openai.Float(decimal(r.Temperature)), TopP: topP(r.Params), Seed: openai.Int(seed),
	}
	if !s.mute.Load() {
		p.Logprobs, p.TopLogprobs = openai.Bool(true), openai.Int(int64(max(1, r.Alternatives)))
	}
	p.Stop.OfStringArray = r.StopStrings
	p.SetExtraFields(s.dialect.extra(r.Params))
	return p
}

// reason is what the server said, without the address.
func reason(err error) string {
	var status *openai.Error
	if errors.As(err, &status) {
		if status.Message != "" {
			return clip(status.Message)
		}
		return clip(status.RawJSON())
	}
	return fmt.Sprint(err)
}
