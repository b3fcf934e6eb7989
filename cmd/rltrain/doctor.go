package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/rltrain/rltrain/internal/doctor"
	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/verifiers/python"
)

// smallDisk is the free space in bytes below which a run may not find room for its log and checkpoints.
const smallDisk = 2 << 30

func doctorCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "doctor [RUN]",
		Short: "tell whether this machine can train, or what is wrong with a run",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return examineMachine(cmd.Context(), cmd.OutOrStdout(), ".")
			}
			return withRun(dir, args[0], func(log *runlog.Log) error { return examineRun(cmd.Context(), cmd.OutOrStdout(), log) })
		},
	}
	cmd.Flags().StringVar(&dir, "runs", "runs", "folder that holds the runs")
	return cmd
}

// examineMachine tells what training needs of a machine, and whether it is there. Nothing is fetched or changed.
func examineMachine(ctx context.Context, out io.Writer, dir string) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "system\t%s/%s, %s\n", runtime.GOOS, runtime.GOARCH, runtime.Version())
	fmt.Fprintf(table, "cores\t%d, of which Go uses %d\n", runtime.NumCPU(), runtime.GOMAXPROCS(0))
	tellDevices(ctx, table)
	switch free, err := freeDisk(dir); {
	case err != nil:
		fmt.Fprintf(table, "disk\tunknown here: %v\n", err)
	case free < smallDisk:
		fmt.Fprintf(table, "disk\t%.1f GB free in this folder: little; a run keeps every rollout, and all its checkpoints unless keep.last says otherwise\n", float64(free)/1e9)
	default:
		fmt.Fprintf(table, "disk\t%.1f GB free in this folder\n", float64(free)/1e9)
	}
	if layers, err := python.Probe(python.Options{}); err != nil {
		fmt.Fprintf(table, "sandbox\tno programs in Python: %v\n", err)
	} else {
		for _, l := range layers {
			fmt.Fprintf(table, "sandbox\t%s: %s%s\n", l.Name, map[bool]string{false: "off: "}[l.On], l.Detail)
		}
	}
	return table.Flush()
}

// examineRun tells what was wrong in a run, at any of its steps.
func examineRun(ctx context.Context, out io.Writer, log *runlog.Log) error {
	s, err := readStory(ctx, log)
	if err != nil {
		return err
	}
	tallies, err := log.Tallies(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: %s, %d steps\n", escapeText(s.info.Run), statusNow(s.info, log), len(s.steps))
	if len(s.steps) < doctor.Window {
		_, err := fmt.Fprintf(out, "too young: findings need %d steps\n", doctor.Window)
		return err
	}
	found := doctor.History(s.steps, tallies)
	if len(found) == 0 {
		_, err := fmt.Fprintf(out, "healthy: nothing that we look for was seen in %d steps\n", len(s.steps))
		return err
	}
	last := s.steps[len(s.steps)-1].Step
	for _, f := range found {
		until := fmt.Sprintf("steps %d to %d", f.From, f.To)
		if f.To == last {
			until = fmt.Sprintf("since step %d", f.From)
		}
		fmt.Fprintf(out, "\n%s, %s:\n  %s\n", f.Code, until, f.Text)
	}
	return nil
}
