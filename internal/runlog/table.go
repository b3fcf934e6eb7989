package runlog

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"math"
	"slices"
	"strconv"
)

// Table is a part of the log that is written for other programs, row by row.
type Table struct {
	columns []string
	kinds   []kind
	rows    iter.Seq2[[]any, error] // values as cells gives them
}

// kind is the type of a column.
type kind int

const (
	intKind   kind = iota // int64
	floatKind             // float64, nil where it is not defined
	boolKind              // bool
	textKind              // string
)

// cells turns the fields of a row into its values, and tells their kinds. Fields are *int, *float64, *bool or *string, and
// nullable; a NaN becomes nil.
func cells(fields []any) (values []any, kinds []kind) {
	for _, field := range fields {
		if n, ok := field.(nullable); ok {
			field = n.to
		}
		switch v := field.(type) {
		case *int:
			values, kinds = append(values, int64(*v)), append(kinds, intKind)
		case *bool:
			values, kinds = append(values, *v), append(kinds, boolKind)
		case *string:
			values, kinds = append(values, *v), append(kinds, textKind)
		case *float64:
			if kinds = append(kinds, floatKind); math.IsNaN(*v) {
				values = append(values, nil)
			} else {
				values = append(values, *v)
			}
		default:
			panic(fmt.Sprintf("runlog: a field of a table is a %T", field))
		}
	}
	return values, kinds
}

// newTable is a table of the rows whose fields are given.
func newTable[Row any](columns []string, fields func(*Row) []any, rows iter.Seq2[Row, error]) Table {
	_, kinds := cells(fields(new(Row)))
	return Table{columns: columns, kinds: kinds, rows: func(yield func([]any, error) bool) {
		for row, err := range rows {
			values, _ := cells(fields(&row))
			if !yield(values, err) || err != nil {
				return
			}
		}
	}}
}

// each yields rows that are already there.
func each[Row any](rows []Row) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	}
}

// StepTable is v_steps without the run's name.
func StepTable(steps []Step) Table {
	fields := func(s *Step) []any {
		out := []any{&s.Step, &s.Phase}
		for _, m := range stepMetrics() {
			out = append(out, m.field(s))
		}
		return out
	}
	return newTable(slices.Concat([]string{"step", "phase"}, StepColumns()), fields, each(steps))
}

// EvalTable is v_evals without the run's name: one row a figure.
func EvalTable(evals []EvalRow) Table {
	type figure struct {
		EvalRow
		Metric
	}
	var figures []figure
	for _, e := range evals {
		for _, m := range e.Metrics {
			figures = append(figures, figure{e, m})
		}
	}
	fields := func(f *figure) []any {
		return []any{&f.Step, &f.Tasks, &f.NTasks, &f.NSamples, &f.Temperature, &f.Name, &f.Value, &f.Low, &f.High}
	}
	return newTable([]string{"step", "tasks", "n_tasks", "n_samples", "temperature", "metric", "value", "ci_low", "ci_high"}, fields, each(figures))
}

// RolloutTable is the columns of v_rollouts that Rollouts reads; it reads while it is written.
func (l *Log) RolloutTable(ctx context.Context) Table {
	return newTable(RolloutColumns(), (*Rollout).fields, l.Rollouts(ctx, Filter{}))
}

// WriteCSV writes a header and one line a row; an undefined value is empty.
func (t Table) WriteCSV(out io.Writer) error {
	w := csv.NewWriter(out)
	if err := w.Write(t.columns); err != nil {
		return err
	}
	for row, err := range t.rows {
		if err != nil {
			return err
		}
		record := make([]string, len(row))
		for i, value := range row {
			switch v := value.(type) {
			case nil:
			case float64:
				record[i] = strconv.FormatFloat(v, 'g', -1, 64)
			default:
				record[i] = fmt.Sprint(v)
			}
		}
		if err := w.Write(record); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

// WriteJSONL writes one JSON object a row; null stands for what is undefined or, in JSON, no number.
func (t Table) WriteJSONL(out io.Writer) error {
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	for row, err := range t.rows {
		if err != nil {
			return err
		}
		line.Reset()
		separator := "{"
		for i, value := range row {
			if v, ok := value.(float64); ok && math.IsInf(v, 0) {
				value = nil
			}
			fmt.Fprintf(&line, `%s%q:`, separator, t.columns[i])
			separator = ","
			if err := encoder.Encode(value); err != nil {
				return err
			}
			line.Truncate(line.Len() - 1) // the line break
		}
		line.WriteString("}\n")
		if _, err := out.Write(line.Bytes()); err != nil {
			return err
		}
	}
	return nil
}
