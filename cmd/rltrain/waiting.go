package main

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/grpo"
)

// waitingFile holds what was drawn ahead of its step when a checkpoint was made. It has the bits of every float and of text
// that is no UTF-8, hence no JSON; the tasks alone are, for their values may be null.
const waitingFile = "waiting.gob"

// waitingBatch is one batch in waitingFile.
type waitingBatch struct {
	grpo.Waiting          // tasks left out
	Tasks        [][]byte // of its groups, JSON
}

func writeWaiting(checkpoint string, list []grpo.Waiting) error {
	if len(list) == 0 {
		return nil
	}
	var out bytes.Buffer
	to := gob.NewEncoder(&out)
	for _, w := range list {
		b := waitingBatch{Waiting: w}
		b.Batch.Groups = nil
		for _, g := range w.Batch.Groups {
			task, err := json.Marshal(g.Task)
			if err != nil {
				return fmt.Errorf("save task %s: %w", g.Task.ID, err)
			}
			g.Task = datasets.Task{}
			b.Tasks, b.Batch.Groups = append(b.Tasks, task), append(b.Batch.Groups, g)
		}
		if err := to.Encode(b); err != nil {
			return fmt.Errorf("save the batches that wait: %w", err)
		}
	}
	return os.WriteFile(filepath.Join(checkpoint, waitingFile), out.Bytes(), 0o644)
}

// readWaiting reads the n batches that wait in a checkpoint.
func readWaiting(checkpoint string, n int) ([]grpo.Waiting, error) {
	path := filepath.Join(checkpoint, waitingFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && n == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read checkpoint: %w", err)
	}
	from := gob.NewDecoder(bytes.NewReader(data))
	var list []grpo.Waiting
	for range n {
		var b waitingBatch
		if err := from.Decode(&b); err != nil {
			return nil, fmt.Errorf("read checkpoint %s: %w", path, err)
		}
		if len(b.Tasks) != len(b.Batch.Groups) {
			return nil, fmt.Errorf("read checkpoint %s: %d tasks for %d groups", path, len(b.Tasks), len(b.Batch.Groups))
		}
		for i, task := range b.Tasks {
			numbers := json.NewDecoder(bytes.NewReader(task))
			numbers.UseNumber()
			if err := numbers.Decode(&b.Batch.Groups[i].Task); err != nil {
				return nil, fmt.Errorf("read checkpoint %s: task %d: %w", path, i, err)
			}
		}
		list = append(list, b.Waiting)
	}
	return list, nil
}
