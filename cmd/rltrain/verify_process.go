package main

import (
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/rltrain/rltrain/verifiers"
	"github.com/rltrain/rltrain/verifiers/process"
	"github.com/rltrain/rltrain/verifiers/python"
)

// program is the verifier of the kind process: a program of the user's.
type program struct {
	command string
	timeout time.Duration
	unsafe  bool // Python without full isolation
}

func (p *program) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.command, "command", "", "kind process: the `PROGRAM` that judges, a command line for the shell")
	cmd.Flags().DurationVar(&p.timeout, "timeout", 5*time.Second, "kind process: kill the program when a verdict takes longer")
	unsafeFlag(cmd, &p.unsafe)
}

// judge is the judge of a kind, and what is to be called when it is no longer needed.
func (p *program) judge(kind string, jobs int) (verifiers.RecordJudge, func(), error) {
	if kind != "process" {
		if p.command != "" {
			return nil, nil, errors.New("--command is for the kind process: leave it out, or verify process")
		}
		pool := &python.Lazy{Options: python.Options{Unsafe: p.unsafe}}
		judge, err := verifiers.ForRecordsWith(kind, verifiers.Code{Python: pool})
		return judge, pool.Close, err
	}
	if p.command == "" {
		return nil, nil, errors.New("kind process without --command: give the program that judges, for example --command 'python3 my_verifier.py'")
	}
	pool, err := process.New(process.Options{Command: p.command, Workers: max(jobs, 0), Timeout: p.timeout})
	if err != nil {
		return nil, nil, err
	}
	return pool.Judge, pool.Close, nil
}
