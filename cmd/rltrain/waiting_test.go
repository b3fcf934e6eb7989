package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/grpo"
	"github.com/rltrain/rltrain/internal/reflect"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/rollout"
	"github.com/rltrain/rltrain/verifiers"
)

func TestWaitingIsReadBack(t *testing.T) {
	group := func(id string) rollout.Group {
		return rollout.Group{
			Task: datasets.Task{ID: id, Kind: "code", Cases: []datasets.Case{
				{Args: []any{json.Number("1"), []any{nil, "x"}, map[string]any{"a": true}}, Want: nil}, {Args: []any{}, Want: json.Number("0.1")},
			}},
			Prompt: "p", PromptTokens: []policy.Token{1, 2}, Seed: 1<<64 - 1, DrawnAt: 6,
			Rollouts: []rollout.Rollout{{
				Sample:  policy.Sample{Tokens: []policy.Token{3}, Logprobs: []float32{-0.1}, Entropies: []float32{0.3}, Stop: policy.StopLength, Version: 12},
				Text:    "no UTF-8: \xff\x00",
				Verdict: verifiers.Verdict{Kind: verifiers.Wrong, Reward: 0.1 + 0.2, Reason: "\xfe", Passed: 1, Total: 2}, VerifyMS: 1.5,
				Reflections: []reflect.Reflection{{Offset: 3, Category: reflect.Backtracking, Phrase: "wait", Effect: reflect.Good}},
			}},
		}
	}
	want := []grpo.Waiting{
		{Step: 7, Batch: rollout.Batch{Groups: []rollout.Group{group("a"), group("b")}, SampleS: 1.5}, KL: grpo.KLSum{Nats: 0.1, Tokens: 3}, FLOPs: 7}, {Step: 8, Batch: rollout.Batch{Groups: []rollout.Group{group("c")}}},
	}
	dir := t.TempDir()
	require.NoError(t, writeWaiting(dir, want))
	got, err := readWaiting(dir, 2)
	require.NoError(t, err)
	require.Equal(t, want, got)

	path := filepath.Join(dir, waitingFile)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, data[:len(data)/2], 0o600))
	_, err = readWaiting(dir, 2)
	require.ErrorContains(t, err, path)

	empty := t.TempDir()
	require.NoError(t, writeWaiting(empty, nil))
	require.NoFileExists(t, filepath.Join(empty, waitingFile))
	got, err = readWaiting(empty, 0)
	require.NoError(t, err)
	require.Empty(t, got)
	_, err = readWaiting(empty, 1)
	require.ErrorContains(t, err, waitingFile)
}

// A checkpoint whose cursor is damaged or missing is refused before anything of the run is touched.
func TestResumeRefusesADamagedCursor(t *testing.T) {
	for text, want := range map[string]string{`{"step": 3, "ta`: "the file is damaged", "": "no such file"} {
		run := t.TempDir()
		folder := filepath.Join(run, "checkpoints", "3")
		require.NoError(t, os.MkdirAll(folder, 0o755))
		if text != "" {
			require.NoError(t, os.WriteFile(filepath.Join(folder, cursorFile), []byte(text), 0o600))
		}
		s := session{run: run}
		_, _, err := s.resume(t.Context())
		require.ErrorContains(t, err, filepath.Join(folder, cursorFile))
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, "--model RUN@STEP")
		require.NoFileExists(t, filepath.Join(run, "log.db"))
	}
}
