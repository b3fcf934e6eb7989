package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/rollout"
)

// promptLine is a line of --prompts-out: what an engine elsewhere needs to answer a task as the evaluation puts it.
type promptLine struct {
	Task     string         `json:"task"`
	Question string         `json:"question"`
	Answer   string         `json:"answer,omitempty"`
	Prompt   string         `json:"prompt"`           // with chat, of a server: the message
	Tokens   []policy.Token `json:"tokens,omitempty"` // none for a model on a server
	Stop     []policy.Token `json:"stop,omitempty"`   // ids that end a completion
}

// writePrompts writes the prompts of tasks to path, one JSON line each.
func writePrompts(path string, pool *rollout.Pool, tasks []datasets.Task, seed uint64) error {
	_, requests, err := pool.Requests(tasks, seed)
	if err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("--prompts-out: %w", err)
	}
	to := json.NewEncoder(file)
	to.SetEscapeHTML(false)
	for i, r := range requests {
		if err := to.Encode(promptLine{tasks[i].ID, tasks[i].Question, tasks[i].Answer, r.Text, r.Prompt, r.Stop}); err != nil {
			_ = file.Close()
			return fmt.Errorf("--prompts-out %s: %w", path, err)
		}
	}
	return file.Close()
}
