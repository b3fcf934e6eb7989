package openai

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/rltrain/rltrain/policy"
)

// answer is what the servers write, with the fields that the client library does not know.
type answer struct {
	Choices []choice `json:"choices"`
	Usage   struct {
		Prompt     int `json:"prompt_tokens"`
		Completion int `json:"completion_tokens"` // llama.cpp counts one choice only, the others all of them
	} `json:"usage"`
}

type choice struct {
	Index   int    `json:"index"`
	Text    string `json:"text"` // of a completion
	Message struct {
		Content   string `json:"content"`
		Reasoning string `json:"reasoning_content"` // what the server took out of <think>…</think>
		Thought   string `json:"reasoning"`         // the same, in newer versions of vLLM and in Ollama
	} `json:"message"` // of a chat
	Finish   string         `json:"finish_reason"`
	TokenIDs []policy.Token `json:"token_ids"` // vLLM
	Logprobs *struct {
		Content []entry              `json:"content"`        // of chats, and of llama.cpp's completions too
		Tokens  []*float32           `json:"token_logprobs"` // of completions
		Top     []map[string]float32 `json:"top_logprobs"`   // of completions
	} `json:"logprobs"`
}

// entry is one token of a choice.
type entry struct {
	ID      *policy.Token `json:"id"` // llama.cpp
	Bytes   []int         `json:"bytes"`
	Logprob float32       `json:"logprob"`
	Top     []struct {
		Token   string  `json:"token"`
		Logprob float32 `json:"logprob"`
	} `json:"top_logprobs"`
}

// read makes samples of an answer.
func read(raw []byte) ([]policy.Sample, error) {
	var a answer
	if err := json.Unmarshal(raw, &a); err != nil {
		return nil, fmt.Errorf("the answer cannot be read: %w: %s", err, clip(string(raw)))
	}
	if len(a.Choices) == 0 {
		return nil, fmt.Errorf("the answer has no choices: %s", clip(string(raw)))
	}
	slices.SortFunc(a.Choices, func(x, y choice) int { return x.Index - y.Index })
	samples := make([]policy.Sample, len(a.Choices))
	for i, c := range a.Choices {
		s, err := c.sample()
		if err != nil {
			return nil, err
		}
		if len(a.Choices) == 1 && a.Usage.Completion > 0 {
			s.TextTokens = a.Usage.Completion
		} else if s.TextTokens == 0 { // nothing but the sum is known
			s.TextTokens = (a.Usage.Completion + i) / len(a.Choices)
		}
		samples[i] = s
	}
	samples[0].PromptTokens = a.Usage.Prompt
	return samples, nil
}

func (c choice) sample() (policy.Sample, error) {
	s := policy.Sample{Text: c.Text + c.Message.Content}
	if thought := cmp.Or(c.Message.Reasoning, c.Message.Thought); thought != "" {
		s.Text = "<think>" + thought + "</think>\n" + s.Text
	}
	switch c.Finish {
	case "stop":
		s.Stop = policy.StopToken
	case "length":
		s.Stop = policy.StopLength
	default:
		return s, fmt.Errorf("a completion ended with finish_reason %q: want stop or length", c.Finish)
	}
	s.Tokens = c.TokenIDs
	if c.Logprobs != nil {
		s.Logprobs = c.logprobs()
		if s.Tokens == nil {
			s.Tokens = c.ids()
		}
	}
	if s.Tokens != nil && len(s.Tokens) != len(s.Logprobs) {
		s.Logprobs = nil // whose they are is not known
	}
	if s.Logprobs != nil {
		s.Alternatives = c.alternatives()
	}
	s.TextTokens = max(len(s.Tokens), len(s.Logprobs))
	return s, nil
}

// alternatives are the likeliest tokens at each place, nil where the server told none.
func (c choice) alternatives() (out [][]policy.Alternative) {
	for _, top := range c.Logprobs.Top {
		var list []policy.Alternative
		for text, logprob := range top {
			list = append(list, policy.Alternative{Text: text, Logprob: logprob})
		}
		out = append(out, list)
	}
	for _, e := range c.Logprobs.Content {
		var list []policy.Alternative
		for _, t := range e.Top {
			list = append(list, policy.Alternative{Text: t.Token, Logprob: t.Logprob})
		}
		out = append(out, list)
	}
	for _, list := range out { // servers list the drawn token too, wherever it ranks
		slices.SortFunc(list, func(a, b policy.Alternative) int {
			return cmp.Or(cmp.Compare(b.Logprob, a.Logprob), cmp.Compare(a.Text, b.Text))
		})
	}
	return out
}

func (c choice) logprobs() (out []float32) {
	for _, l := range c.Logprobs.Tokens {
		if l == nil {
			return nil
		}
		out = append(out, *l)
	}
	for _, e := range c.Logprobs.Content {
		out = append(out, e.Logprob)
	}
	return out
}

// ids are the exact tokens, nil where they are not known: llama.cpp makes one entry of all the tokens of a character that has
// several bytes, with the id of the last.
func (c choice) ids() (out []policy.Token) {
	for _, e := range c.Logprobs.Content {
		if e.ID == nil || slices.ContainsFunc(e.Bytes, func(b int) bool { return b >= 0x80 }) {
			return nil
		}
		out = append(out, *e.ID)
	}
	return out
}
