package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/rltrain/rltrain/grpo"
)

// skippedFile has one line for each update that was left out because it was not finite.
const skippedFile = "skipped.jsonl"

// skip tells of an update that was left out, and names the rollouts that made it.
func (s *session) skip(u grpo.Skipped) error {
	fmt.Fprintf(s.progress, "step %d, minibatch %d: left out: %s (%d rollouts, listed in %s)\n", u.Step, u.Minibatch, u.Reason, len(u.Rollouts), skippedFile)
	line, err := json.Marshal(u)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Join(s.run, skippedFile), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("tell of an update that was left out: %w", err)
	}
	_, err = file.Write(append(line, '\n'))
	return errors.Join(err, file.Close())
}

// cutSkipped drops the lines of steps that a resumed run makes again.
func cutSkipped(run string, step int) error {
	path := filepath.Join(run, skippedFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("shorten %s: %w", skippedFile, err)
	}
	var kept bytes.Buffer
	for line := range strings.Lines(string(data)) {
		var u grpo.Skipped
		if json.Unmarshal([]byte(line), &u) == nil && u.Step < step { // a line cut by a kill is not kept either
			kept.WriteString(line)
		}
	}
	if err := os.WriteFile(path, kept.Bytes(), 0o644); err != nil {
		return fmt.Errorf("shorten %s: %w", skippedFile, err)
	}
	return nil
}
