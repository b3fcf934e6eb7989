package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/policy/moe"
	"github.com/rltrain/rltrain/rollout"
)

// sampleLine is one completion in `sample --json`.
type sampleLine struct {
	Prompt   string            `json:"prompt"`
	Response string            `json:"response"`
	Tokens   []policy.Token    `json:"tokens"`
	Logprobs []float32         `json:"logprobs"`
	Stop     policy.StopReason `json:"stop_reason"`
}

func sampleCommand() *cobra.Command {
	var name, device string
	var asJSON bool
	var prompt prompting
	var params policy.Params
	cmd := &cobra.Command{
		Use:   "sample --model M PROMPT",
		Short: "look at the policy by hand, for example: sample 'make 36 from 2 8 22'",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := openModel(cmd.Context(), name, device, moe.DefaultShapes(), cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			template, err := prompt.template("")
			if err != nil {
				return usageError{err}
			}
			pool := rollout.Pool{Tokenizer: m.tok, Template: template, Params: params}
			asked, requests, err := pool.Requests([]datasets.Task{{ID: args[0], Question: args[0]}}, params.Seed)
			if err != nil {
				return err
			}
			sampler, err := m.Snapshot(cmd.Context())
			if err != nil {
				return err
			}
			groups, err := sampler.Sample(cmd.Context(), requests)
			if err != nil {
				return err
			}
			for _, s := range groups[0] {
				r := pool.Read(s)
				if !asJSON {
					fmt.Fprintln(cmd.OutOrStdout(), escapeLines(r.Text))
					continue
				}
				if err := json.NewEncoder(cmd.OutOrStdout()).Encode(sampleLine{asked[0].Prompt, r.Text, r.Tokens, r.Logprobs, r.Stop}); err != nil {
					return err
				}
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&name, "model", "models/base", "folder, RUN or RUN@STEP")
	flags.IntVar(&params.N, "n", 1, "completions")
	flags.IntVar(&params.MaxTokens, "max-tokens", 224, "limit on a completion")
	flags.Float32Var(&params.Temperature, "temperature", 1, "0 is greedy")
	flags.Uint64Var(&params.Seed, "seed", 1, "of the draws")
	prompt.flags(cmd)
	deviceFlag(cmd, &device)
	flags.BoolVar(&asJSON, "json", false, "one JSON object a completion")
	return cmd
}
