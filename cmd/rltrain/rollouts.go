package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/rltrain/rltrain/internal/runlog"
)

// rolloutsOptions are the flags of `rltrain rollouts`.
type rolloutsOptions struct {
	runs, where, search, sort string
	step, limit               int
	hasStep, full, json       bool
	replay                    string
	probe                     int
	color                     bool // out is a terminal that takes it
}

// excerpt is how many bytes of a chain are shown without --full.
const excerpt = 400

// rolloutsCommand shows the chains of thought of a run.
func rolloutsCommand() *cobra.Command {
	var o rolloutsOptions
	cmd := &cobra.Command{
		Use:   "rollouts RUN",
		Short: "filter, sort and read the rollouts of a run",
		Long: "Filter, sort and read the rollouts of a run; on a terminal in colours (unless NO_COLOR is set) and through $PAGER, else less. EXPR of --where is a condition in the expr language over the columns\n" +
			strings.Join(runlog.RolloutColumns(), ", ") + ".\nA number that is not defined (the advantage in an evaluation) is NaN there.",
		Example: "  rltrain rollouts demo --step 10 --where 'verdict == \"correct\" && reflections > 2'\n" +
			"  rltrain rollouts demo --where 'response contains \"try again\"' --sort -reward --full",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.hasStep = cmd.Flags().Changed("step")
			o.color = colors(cmd.OutOrStdout())
			return withRun(o.runs, args[0], func(log *runlog.Log) error {
				switch {
				case o.replay != "":
					return replay(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), log, o.replay)
				case cmd.Flags().Changed("probe"):
					return probe(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), log.Dir(), o)
				}
				matches, err := o.check()
				if err != nil {
					return err
				}
				return paged(cmd.OutOrStdout(), func(out io.Writer) error { return showRollouts(cmd.Context(), out, log, o, matches) })
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.runs, "runs", "runs", "folder that holds the runs")
	flags.IntVar(&o.step, "step", 0, "only this step")
	flags.StringVar(&o.where, "where", "", "only rollouts for which this `EXPR` is true")
	flags.StringVar(&o.search, "search", "", "only rollouts with these words next to each other in prompt or response")
	flags.StringVar(&o.sort, "sort", "", "order by this `FIELD`; -FIELD for the greatest first")
	flags.IntVar(&o.limit, "limit", 20, "at most so many; 0 for all")
	flags.BoolVar(&o.full, "full", false, "prompts and whole chains")
	flags.BoolVar(&o.json, "json", false, "one JSON object a rollout")
	flags.StringVar(&o.replay, "replay", "", "draw the rollout `STEP:TASK:SAMPLE` again from its checkpoint, and compare it with the stored one")
	flags.IntVar(&o.probe, "probe", 0, "on `N` evaluation tasks, keep the policy from reflecting, make it reflect, or give it a placebo, and compare")
	return cmd
}

// check compiles the condition; it and the limit are refused before a pager starts.
func (o rolloutsOptions) check() (matches func(runlog.Rollout) (bool, error), err error) {
	if o.limit < 0 {
		return nil, fmt.Errorf("--limit %d is negative: use 0 for all rollouts", o.limit)
	}
	return compileWhere(o.where)
}

func showRollouts(ctx context.Context, out io.Writer, log *runlog.Log, o rolloutsOptions, matches func(runlog.Rollout) (bool, error)) error {
	buffer := bufio.NewWriter(out)
	shown := 0
	filter := runlog.Filter{HasStep: o.hasStep, Step: o.step, Search: o.search, Sort: o.sort}
	for r, err := range log.Rollouts(ctx, filter) {
		if err != nil {
			return errors.Join(buffer.Flush(), err)
		}
		match, err := matches(r)
		if err != nil {
			return errors.Join(buffer.Flush(), err)
		}
		if !match {
			continue
		}
		if err := showRollout(ctx, buffer, log, r, o); err != nil {
			return err
		}
		if shown++; shown == o.limit {
			break
		}
	}
	switch {
	case shown == 0 && !o.json:
		fmt.Fprintln(buffer, "no rollout matches")
	case o.color && !o.json:
		fmt.Fprintln(buffer, paintedKinds())
	}
	return buffer.Flush()
}

func showRollout(ctx context.Context, out io.Writer, log *runlog.Log, r runlog.Rollout, o rolloutsOptions) error {
	if o.json {
		return writeJSON(out, r)
	}
	found, err := log.Reflections(ctx, r.ID)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s  %s  reward %s  advantage %s  %d tokens (%s)  %d reflections\n", paint(escapeText(r.ID), "1", o.color),
		paint(escapeText(r.Verdict), verdictColor(r.Verdict), o.color),
		short(r.Reward), short(r.Advantage), r.Tokens, escapeText(r.StopReason), r.Reflections)
	if o.full {
		if r.Reason != "" {
			fmt.Fprintf(out, "  judged: %s\n", escapeText(r.Reason))
		}
		fmt.Fprintf(out, "%s\n", margin(highlight(r.Prompt, nil, false), "  > "))
	}
	response, more := r.Response, ""
	if !o.full && len(response) > excerpt {
		response, more = strings.ToValidUTF8(response[:excerpt], ""), " … (--full shows all)"
	}
	chain := highlight(response, found, o.color)
	_, err = fmt.Fprintf(out, "%s%s\n\n", margin(chain, "  | "), more)
	return err
}

// margin sets every line off, so that no line of a model's text passes for one of ours.
func margin(text, mark string) string {
	return mark + strings.ReplaceAll(text, "\n", "\n"+mark)
}

// escapeLines is escapeText that leaves the line breaks.
func escapeLines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = escapeText(lines[i])
	}
	return strings.Join(lines, "\n")
}

// escapeText makes text from a model or a data set harmless for a terminal: every rune that
// does not print (control characters, escape sequences, bidirectional overrides) shows as \x.. or \u....
func escapeText(text string) string {
	var out strings.Builder
	for i, r := range text {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(text[i:], "\ufffd"):
			fmt.Fprintf(&out, `\x%02x`, text[i])
		case strconv.IsPrint(r):
			out.WriteRune(r)
		default:
			quoted := strconv.QuoteRuneToASCII(r)
			out.WriteString(quoted[1 : len(quoted)-1])
		}
	}
	return out.String()
}

// writeJSON writes one line. What does not print is escaped here too: JSON lets C1 controls through.
func writeJSON(out io.Writer, r runlog.Rollout) error {
	object := r.Env()
	for name, value := range object {
		if v, ok := value.(float64); ok && (math.IsNaN(v) || math.IsInf(v, 0)) {
			object[name] = nil
		}
	}
	var line strings.Builder
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(object); err != nil {
		return err
	}
	var safe []byte
	for _, r := range strings.TrimSuffix(line.String(), "\n") {
		switch {
		case strconv.IsPrint(r):
			safe = utf8.AppendRune(safe, r)
		default:
			for _, unit := range utf16.AppendRune(nil, r) {
				safe = fmt.Appendf(safe, `\u%04x`, unit)
			}
		}
	}
	_, err := out.Write(append(safe, '\n'))
	return err
}

// compileWhere is runlog.CompileWhere; its errors name the flag, and the column that may have been meant.
func compileWhere(where string) (func(runlog.Rollout) (bool, error), error) {
	matches, err := runlog.CompileWhere(where)
	var unknown *runlog.UnknownColumn
	if errors.As(err, &unknown) {
		return nil, fmt.Errorf("--where %q: unknown variable %q: did you mean %q? The columns are %s", where, unknown.Name,
			nearestName(unknown.Name, runlog.RolloutColumns()), strings.Join(runlog.RolloutColumns(), ", "))
	}
	if err != nil {
		return nil, fmt.Errorf("--where %q: %w", where, err)
	}
	return func(r runlog.Rollout) (bool, error) {
		match, err := matches(r)
		if err != nil {
			return false, fmt.Errorf("--where %q %w", where, err)
		}
		return match, nil
	}, nil
}

// nearestName returns the name with the fewest single-letter edits from what was typed; names must not be empty.
func nearestName(typed string, names []string) string {
	return slices.MinFunc(names, func(a, b string) int { return edits(typed, a) - edits(typed, b) })
}

func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
