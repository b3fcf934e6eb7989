package runlog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

func usualName(m stepMetric) string { return m.usual }

// appendMetrics adds one step's line to metrics.jsonl.
func (l *Log) appendMetrics(step Step) error {
	line, err := step.line(usualName)
	if err != nil {
		return fmt.Errorf("step %d is recorded, but not in %s: %w", step.Step, MetricsFile, err)
	}
	path := filepath.Join(l.dir, MetricsFile)
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("step %d is recorded, but not in %s: %w", step.Step, MetricsFile, err)
	}
	_, err = file.Write(append(line, '\n'))
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("step %d is recorded, but not in %s: %w", step.Step, MetricsFile, err)
	}
	return nil
}

// repairMetrics makes metrics.jsonl agree with the log: a process killed between its commit
// and the line, or in the middle of it, leaves the file behind or with half a line.
func (l *Log) repairMetrics() error {
	steps, err := l.Steps(context.Background())
	if err != nil {
		return err
	}
	var want []byte
	for _, step := range steps {
		line, err := step.line(usualName)
		if err != nil {
			return err
		}
		want = append(append(want, line...), '\n')
	}
	path := filepath.Join(l.dir, MetricsFile)
	have, err := os.ReadFile(path)
	if err == nil && bytes.Equal(have, want) {
		return nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return replaceFile(path, want)
}

// replaceFile puts content in place of the file in one go.
func replaceFile(path string, content []byte) error {
	temporary := path + ".new"
	if err := os.WriteFile(temporary, content, 0o644); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}
