package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/rltrain/rltrain/internal/runlog"
)

func exportCommand(dir *string) *cobra.Command {
	var format string
	export := &cobra.Command{Use: "export RUN", Short: "write the steps of one run as CSV or JSON lines", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withRun(*dir, args[0], func(log *runlog.Log) error { return exportRun(cmd.Context(), cmd.OutOrStdout(), log, format) })
		}}
	export.Flags().StringVar(&format, "format", "csv", "csv or jsonl")
	return export
}

func exportRun(ctx context.Context, out io.Writer, log *runlog.Log, format string) error {
	if format != "csv" && format != "jsonl" {
		return fmt.Errorf("unknown format %q: use csv or jsonl", format)
	}
	steps, err := log.Steps(ctx)
	if err != nil {
		return err
	}
	if format == "jsonl" {
		return runlog.WriteJSONL(out, steps)
	}
	return runlog.WriteCSV(out, steps)
}
