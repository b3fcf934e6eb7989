package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rltrain/rltrain/verifiers"
)

// verifyCommand is `rltrain verify KIND`: JSONL in, one verdict a line out.
func verifyCommand() *cobra.Command {
	var in, out string
	var jobs int
	var p program
	cmd := &cobra.Command{
		Use:   "verify KIND",
		Short: "judge responses: JSONL in, one verdict a line out",
		Long: "Judge responses to verifiable tasks. KIND is one of " + strings.Join(verifiers.Kinds(), ", ") + ", process.\n\n" +
			"Each input line is a JSON object with id and response, and\n" +
			"  math       gold: a string, a number or a list of alternatives\n" +
			"  countdown  numbers, target\n" +
			"  code       language, cases [{args, want}] or tests, optional entry_point, prompt, timeout_s\n" +
			"  choice     gold: a letter; optional choices: the texts of A, B, …\n" +
			"  exact      gold: a text\n" +
			"  numeric    gold: a number; optional tolerance, relative\n" +
			"  json       gold: a value, or JSON text; optional fields: only these count\n" +
			"  regex      pattern: what the whole answer must match\n" +
			"  rule       rule: a condition such as answer == gold; optional gold, question, level, source\n" +
			"  process    what your program of --command needs\n" +
			"Each output line has id, verdict, reward, extracted, reason and ms, in the order of the input.\n" +
			"The counts of the verdicts go to standard error.",
		Args:      cobra.ExactArgs(1),
		ValidArgs: append(verifiers.Kinds(), "process"),
		RunE: func(cmd *cobra.Command, args []string) error {
			judge, done, err := p.judge(args[0], jobs)
			if err != nil {
				return err
			}
			defer done()
			return verify(cmd, args[0], judge, in, out, jobs)
		},
	}
	cmd.Flags().StringVar(&in, "in", "", "read from `FILE` instead of standard input")
	cmd.Flags().StringVar(&out, "out", "", "write to `FILE` instead of standard output")
	cmd.Flags().IntVar(&jobs, "jobs", 0, "judge `N` lines at a time (0: one per processor)")
	p.register(cmd)
	return cmd
}

// verify judges the lines of in with judge.
func verify(cmd *cobra.Command, kind string, judge verifiers.RecordJudge, in, out string, jobs int) (err error) {
	from, to := cmd.InOrStdin(), cmd.OutOrStdout()
	if in != "" && in != "-" {
		f, err := os.Open(in)
		if err != nil {
			return fmt.Errorf("open --in: %w", err)
		}
		defer func() { _ = f.Close() }() // read only
		from = f
	}
	if out != "" && out != "-" {
		f, err2 := createApart(out, in)
		if err2 != nil {
			return err2
		}
		defer func() { err = errors.Join(err, f.Close()) }() // a full disk may show up here only
		to = f
	}
	start := time.Now()
	counts, err := verifiers.JudgeRecords(cmd.Context(), kind, judge, from, to, jobs)
	if err != nil {
		return fmt.Errorf("verify %s: %w", kind, err)
	}
	report(cmd.ErrOrStderr(), counts, time.Since(start))
	return nil
}

// createApart creates the output file unless it is the input, which that would empty.
func createApart(out, in string) (*os.File, error) {
	a, errA := os.Stat(in)
	b, errB := os.Stat(out)
	if in != "" && errA == nil && errB == nil && os.SameFile(a, b) {
		return nil, fmt.Errorf("--out %s is the input file: name another", out)
	}
	f, err := os.Create(out)
	if err != nil {
		return nil, fmt.Errorf("create --out: %w", err)
	}
	return f, nil
}

// report writes one line of counts for a person.
func report(w io.Writer, counts verifiers.Counts, took time.Duration) {
	total := 0
	var parts []string
	for _, kind := range []verifiers.Kind{verifiers.Correct, verifiers.Wrong, verifiers.NoAnswer,
		verifiers.Unparseable, verifiers.Timeout, verifiers.Error} {
		total += counts[kind]
		if counts[kind] > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", kind, counts[kind]))
		}
	}
	summary := strings.Join(parts, ", ")
	if summary == "" {
		summary = "nothing to judge"
	}
	_, _ = fmt.Fprintf(w, "%d lines in %s: %s\n", total, took.Round(time.Millisecond), summary)
}
