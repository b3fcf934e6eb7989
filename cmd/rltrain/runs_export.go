package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rltrain/rltrain/internal/runlog"
)

// exportOptions are the flags of `rltrain runs export`.
type exportOptions struct{ format, table, out string }

const tensorboard = "tensorboard"

func exportFormats() []string { return []string{"csv", "jsonl", "parquet", tensorboard} }
func exportTables() []string  { return []string{"steps", "evals", "rollouts"} }

func exportCommand(dir *string) *cobra.Command {
	var o exportOptions
	export := &cobra.Command{
		Use:   "export RUN",
		Short: "write steps, evaluations or rollouts as CSV, JSON lines, Parquet or for TensorBoard",
		Long: "Write steps, evaluations or rollouts for other programs. Columns are those of the log's views (docs/log-schema.md).\n" +
			"For TensorBoard, --out is a folder; its event file holds all steps and evaluations.",
		Example: "  rltrain runs export demo > steps.csv\n" +
			"  rltrain runs export demo --format parquet --table rollouts --out rollouts.parquet\n" +
			"  rltrain runs export demo --format tensorboard --out tb/demo",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(cmd.Flags().Changed("table"), isTerminal(cmd.OutOrStdout())); err != nil {
				return err
			}
			return withRun(*dir, args[0], func(log *runlog.Log) error { return exportRun(cmd.Context(), cmd.OutOrStdout(), log, o) })
		},
	}
	export.Flags().StringVar(&o.format, "format", "csv", strings.Join(exportFormats(), ", "))
	export.Flags().StringVar(&o.table, "table", "steps", strings.Join(exportTables(), ", "))
	export.Flags().StringVar(&o.out, "out", "", "write to this `FILE`, or folder for TensorBoard (default: standard output)")
	return export
}

// check refuses what cannot be written, and what would harm a terminal.
func (o exportOptions) check(tableGiven, terminal bool) error {
	switch {
	case !slices.Contains(exportFormats(), o.format):
		return fmt.Errorf("unknown format %q: use %s", o.format, strings.Join(exportFormats(), ", "))
	case !slices.Contains(exportTables(), o.table):
		return fmt.Errorf("unknown table %q: use %s", o.table, strings.Join(exportTables(), ", "))
	case o.format == tensorboard && o.out == "":
		return fmt.Errorf("--format %s writes an event file into a folder: name the folder with --out", tensorboard)
	case o.format == tensorboard && tableGiven:
		return fmt.Errorf("--table %s does not go with --format %s, which holds steps and evaluations: leave it out", o.table, tensorboard)
	case terminal && o.out == "" && o.format == "parquet":
		return errors.New("--format parquet is no text for a terminal: name a file with --out, or pipe it")
	case terminal && o.out == "" && o.table == "rollouts":
		return errors.New("--table rollouts holds a model's text, which may steer a terminal: name a file with --out, pipe it, or read it with `rltrain rollouts`")
	}
	return nil
}

func exportRun(ctx context.Context, stdout io.Writer, log *runlog.Log, o exportOptions) error {
	if o.format == tensorboard {
		return exportEvents(ctx, log, o.out)
	}
	table, err := exportTable(ctx, log, o.table)
	if err != nil {
		return err
	}
	write := map[string]func(io.Writer) error{"csv": table.WriteCSV, "jsonl": table.WriteJSONL, "parquet": table.WriteParquet}[o.format]
	if o.out == "" {
		return write(stdout)
	}
	return writeWhole(o.out, write)
}

func exportTable(ctx context.Context, log *runlog.Log, name string) (runlog.Table, error) {
	switch name {
	case "evals":
		evals, err := log.Evals(ctx)
		return runlog.EvalTable(evals), err
	case "rollouts":
		return log.RolloutTable(ctx), nil
	default:
		steps, err := log.Steps(ctx)
		return runlog.StepTable(steps), err
	}
}

func exportEvents(ctx context.Context, log *runlog.Log, dir string) error {
	s, err := readStory(ctx, log)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("--out %s: %w", dir, err)
	}
	return writeWhole(filepath.Join(dir, runlog.EventFile(s.info)), func(out io.Writer) error {
		return runlog.WriteEvents(out, s.info, s.steps, s.evals)
	})
}

// writeWhole puts a file in its place once all of it is written; until then, and after an error, the old one stands.
func writeWhole(path string, write func(io.Writer) error) error {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("--out %s: %w", path, err)
	}
	err = errors.Join(write(file), file.Chmod(0o644), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("--out %s: %w", path, err), os.Remove(file.Name()))
	}
	return nil
}
