package runlog

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
)

// List returns the names of the run folders in dir, sorted; a dir that does not exist has none.
func List(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list runs in %s: %w: name another folder with --runs", dir, err)
	}
	var names []string
	for _, entry := range entries {
		if _, err := os.Stat(filepath.Join(dir, entry.Name(), DBFile)); err == nil {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}

// WriteCSV writes the steps with all their metrics, one row a step; an undefined metric is empty.
func WriteCSV(out io.Writer, steps []Step) error {
	columns := StepColumns()
	rows := [][]string{append([]string{"step", "phase"}, columns...)}
	for _, s := range steps {
		row := []string{strconv.Itoa(s.Step), s.Phase}
		for _, m := range stepMetrics() {
			text := ""
			if v := toFloat(m.field(&s)); !math.IsNaN(v) {
				text = strconv.FormatFloat(v, 'g', -1, 64)
			}
			row = append(row, text)
		}
		rows = append(rows, row)
	}
	return csv.NewWriter(out).WriteAll(rows) // flushes
}

// WriteJSONL writes one JSON object a step; an undefined metric is null.
func WriteJSONL(out io.Writer, steps []Step) error {
	encoder := json.NewEncoder(out)
	for _, s := range steps {
		if err := encoder.Encode(s); err != nil {
			return err
		}
	}
	return nil
}
