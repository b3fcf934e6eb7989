package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"strconv"
	"text/tabwriter"

	"github.com/rltrain/rltrain/internal/eval"
	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/policy/moe"
)

// peak is the machine's matmul rate, FLOPs a second: measured when the run began, else now.
func (s *session) peak(ctx context.Context) (float64, error) {
	info, err := s.log.Info(ctx)
	if err != nil || info.PeakFLOPs > 0 {
		return info.PeakFLOPs, err
	}
	flops, err := moe.MatmulPeak(s.model.engine)
	if err != nil {
		return 0, fmt.Errorf("measure the matmul peak: %w", err)
	}
	return flops, s.log.SetPeak(ctx, flops)
}

// bill is what steps of a run cost together.
type bill struct {
	sample, train, step        float64 // seconds
	tokens, trained            float64
	sampleFLOPs, trainFLOPs    float64
	memory, compilations, late float64 // late: graphs compiled after the third step
}

func billOf(steps []runlog.Step) bill {
	var b bill
	for i, s := range steps {
		b.sample, b.train, b.step = b.sample+zeroIfNaN(s.SampleS), b.train+zeroIfNaN(s.TrainS), b.step+zeroIfNaN(s.StepS)
		b.tokens, b.trained = b.tokens+float64(s.Tokens), b.trained+zeroIfNaN(s.TrainTokens)
		b.sampleFLOPs, b.trainFLOPs = b.sampleFLOPs+zeroIfNaN(s.SampleFLOPs), b.trainFLOPs+zeroIfNaN(s.TrainFLOPs)
		b.memory = max(b.memory, zeroIfNaN(s.PeakRSS))
		b.compilations += zeroIfNaN(s.Compilations)
		if i >= 3 {
			b.late += zeroIfNaN(s.Compilations)
		}
	}
	return b
}

// warm are the steps in which nothing was compiled; all of them where there is none.
func warm(steps []runlog.Step) []runlog.Step {
	var list []runlog.Step
	for _, s := range steps {
		if s.Compilations == 0 {
			list = append(list, s)
		}
	}
	if len(list) == 0 {
		return steps
	}
	return list
}

// showCost prints rates, the share of the machine's matmul peak, memory and price. A log without FLOPs has no such section.
func showCost(out io.Writer, told story) error {
	all, b := billOf(told.steps), billOf(warm(told.steps))
	if b.sampleFLOPs == 0 || b.sample == 0 {
		return nil
	}
	fmt.Fprintln(out, "\ncost; rates are of the steps in which nothing was compiled, where there are any")
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	peak := told.info.PeakFLOPs
	ofPeak := func(flops, seconds float64) string {
		if peak == 0 {
			return ""
		}
		return fmt.Sprintf(", %s of the matmul peak", percent(flops/seconds/peak))
	}
	fmt.Fprintf(table, "sampling\t%.0f tokens/s, %sFLOPs a token%s\n", b.tokens/b.sample, count(int(b.sampleFLOPs/b.tokens)), ofPeak(b.sampleFLOPs, b.sample))
	if b.trained > 0 && b.train > 0 {
		fmt.Fprintf(table, "training\t%.0f tokens/s with prompts, %sFLOPs a token%s\n", b.trained/b.train, count(int(b.trainFLOPs/b.trained)), ofPeak(b.trainFLOPs, b.train))
	}
	if peak > 0 {
		fmt.Fprintf(table, "matmul peak\t%sFLOPs/s in float32, measured when the run began\n", count(int(peak)))
	}
	fmt.Fprintf(table, "compiled\t%.0f graphs, %.0f of them after the first three steps\n", all.compilations, all.late)
	if all.memory > 0 {
		fmt.Fprintf(table, "memory\t%sB at most\n", count(int(all.memory)))
	}
	if price, err := strconv.ParseFloat(told.info.Setting("price_per_hour"), 64); err == nil && price > 0 {
		fmt.Fprintf(table, "price\t$%s for a million sampled tokens, verifying and training included, at $%g an hour\n",
			dollars(price*all.step/3600/all.tokens*1e6), price)
	}
	return table.Flush()
}

// showSolved prints what the training tasks cost that were solved at least once, where the recipe has prices.
func showSolved(ctx context.Context, out io.Writer, log *runlog.Log, told story) error {
	var p eval.Prices
	for key, price := range map[string]*float64{"price_per_hour": &p.Hour, "price_prompt": &p.Prompt, "price_completion": &p.Completion} {
		if text := told.info.Setting(key); text != "" {
			var err error
			if *price, err = strconv.ParseFloat(text, 64); err != nil {
				return fmt.Errorf("the recipe of run %s says %s: %q: want a number", log.Dir(), key, text)
			}
		}
	}
	if p == (eval.Prices{}) {
		return nil
	}
	solved, err := log.Solved(ctx)
	if err != nil {
		return err
	}
	b := billOf(told.steps)
	all := b.step/3600*p.Hour + float64(solved.PromptTokens)/1e6*p.Prompt + b.tokens/1e6*p.Completion
	each := "none of them is solved"
	if solved.Solved > 0 {
		each = fmt.Sprintf("$%s for each of the %d that were solved at least once", dollars(all/float64(solved.Solved)), solved.Solved)
	}
	_, err = fmt.Fprintf(out, "cost of training: $%s for %d tasks, %s\n", dollars(all), solved.Tasks, each)
	return err
}

// dollars has cents, or two digits where it is less.
func dollars(x float64) string {
	if x >= 1 || x == 0 || math.IsNaN(x) {
		return strconv.FormatFloat(x, 'f', 2, 64)
	}
	return strconv.FormatFloat(x, 'g', 2, 64)
}
