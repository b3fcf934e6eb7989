package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/rltrain/rltrain/internal/audit"
	"github.com/rltrain/rltrain/verifiers"
)

// auditOptions are the flags of `rltrain audit`.
type auditOptions struct {
	kind  string
	json  bool
	limit int
	program
}

// auditCommand tries to fool the verifiers.
func auditCommand() *cobra.Command {
	var o auditOptions
	cmd := &cobra.Command{
		Use:   "audit FILE",
		Short: "try to fool the verifiers: a second extractor, and known reward hacks for every gold",
		Long: "Audit a verifier with a JSONL file such as verify reads (the gold may be in answer, as in task files).\n\n" +
			"For each response, the verdict is compared with the one that a second, simple extractor leads to; disagreements are\n" +
			"listed for a person to read. For each gold, known reward hacks are tried: many boxes, list dumping, empty box, prompt\n" +
			"echo, hedges, unclosed and nested tags, answers inside the thought, huge and invisible text. None may be paid: one that\n" +
			"is makes the exit code 1.",
		Example: "  rltrain audit responses.jsonl --kind math\n  rltrain audit tasks.jsonl --json > findings.jsonl",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runAudit(cmd, args[0], o)
		},
	}
	cmd.Flags().StringVar(&o.kind, "kind", "", "the `KIND` of all lines (default: the field kind of each)")
	cmd.Flags().BoolVar(&o.json, "json", false, "one JSON object a finding, and a last one with the counts")
	cmd.Flags().IntVar(&o.limit, "limit", 20, "at most so many lines in each table; 0 for all")
	o.register(cmd)
	return cmd
}

func runAudit(cmd *cobra.Command, path string, o auditOptions) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open tasks to audit: %w", err)
	}
	defer file.Close()
	if o.kind != "process" && o.kind != "" {
		if _, err := verifiers.ForKind(o.kind); err != nil {
			return err
		}
	}
	judges := map[string]verifiers.RecordJudge{} // made once a kind
	var done []func()
	defer func() {
		for _, end := range done {
			end()
		}
	}()
	judge := func(kind string) (verifiers.RecordJudge, error) {
		if known, ok := judges[kind]; ok {
			return known, nil
		}
		made, end, err := o.judge(kind, 1)
		if err != nil {
			return nil, err
		}
		judges[kind], done = made, append(done, end)
		return made, nil
	}
	report, err := audit.Run(cmd.Context(), file, audit.Options{Kind: o.kind, Judge: judge})
	if err != nil {
		return fmt.Errorf("audit %s: %w", path, err)
	}
	if o.json {
		err = printAuditJSON(cmd.OutOrStdout(), report)
	} else {
		err = printAudit(cmd.OutOrStdout(), report, o.limit)
	}
	if err != nil {
		return err
	}
	if len(report.Paid) > 0 {
		p := report.Paid[0]
		return fmt.Errorf("audit %s: %d hacks were paid, first %q in line %d: gold %q, response %s: make the verifier refuse it",
			path, len(report.Paid), p.Hack, p.Line, p.Gold, cell(p.Response))
	}
	return nil
}

func printAudit(out io.Writer, r audit.Report, limit int) error {
	tried := 0
	for _, n := range r.Tried {
		tried += n
	}
	fmt.Fprintf(out, "%d lines, %d responses judged, %d disagreements, %d could not be judged; %d hacks tried, %d paid\n",
		r.Lines, r.Judged, len(r.Disagreements), r.Faults, tried, len(r.Paid))
	if r.Faults > 0 {
		fmt.Fprintf(out, "first not judged: %s\n", escapeText(r.FirstFault))
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if len(r.Disagreements) > 0 {
		fmt.Fprintf(table, "\nline\tid\tgold\tverdict\textracted\tsecond verdict\textracted\n")
		for _, d := range r.Disagreements[:shown(len(r.Disagreements), limit)] {
			fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", d.Line, cell(string(d.ID)), cell(d.Gold), d.Verdict, cell(d.Extracted), d.SecondVerdict, cell(d.Second))
		}
	}
	paid := map[string]int{}
	for _, p := range r.Paid {
		paid[p.Hack]++
	}
	fmt.Fprintf(table, "\nhack\ttried\tpaid\n")
	for _, name := range slices.Sorted(maps.Keys(r.Tried)) {
		fmt.Fprintf(table, "%s\t%d\t%d\n", name, r.Tried[name], paid[name])
	}
	if len(r.Paid) > 0 {
		fmt.Fprintf(table, "\nline\tid\tpaid hack\tgold\textracted\tresponse\n")
		for _, p := range r.Paid[:shown(len(r.Paid), limit)] {
			fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%s\n", p.Line, cell(string(p.ID)), p.Hack, cell(p.Gold), cell(p.Extracted), cell(p.Response))
		}
	}
	return table.Flush()
}

// shown is how many of n lines a limit lets through.
func shown(n, limit int) int {
	if limit <= 0 {
		return n
	}
	return min(n, limit)
}

// cell is text from a file for a table.
func cell(text string) string {
	const most = 60
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	return escapeText(text)
}

func printAuditJSON(out io.Writer, r audit.Report) error {
	e := json.NewEncoder(out)
	for _, d := range r.Disagreements {
		if err := e.Encode(struct {
			Finding string `json:"finding"`
			audit.Disagreement
		}{"disagreement", d}); err != nil {
			return err
		}
	}
	for _, p := range r.Paid {
		if err := e.Encode(struct {
			Finding string `json:"finding"`
			audit.Paid
		}{"paid", p}); err != nil {
			return err
		}
	}
	return e.Encode(map[string]any{"finding": "counts", "lines": r.Lines, "judged": r.Judged, "not_judged": r.Faults,
		"disagreements": len(r.Disagreements), "paid": len(r.Paid), "tried": r.Tried})
}
