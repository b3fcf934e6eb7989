package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/grpo"
	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/policy/fake"
	"github.com/rltrain/rltrain/rollout"
	"github.com/rltrain/rltrain/verifiers"
)

// asLoop is set in the environment of a test binary that is to train a fake policy, each step for as long as it says.
const asLoop = "RLTRAIN_TEST_AS_LOOP"

// runLoop trains a fake policy under the program's own handling of signals, without an engine.
func runLoop(perStep string) int {
	pause, err := time.ParseDuration(perStep)
	if err != nil {
		panic(err)
	}
	ctx, stop := interruptible(context.Background())
	defer stop()
	trainer := fake.NewTrainer("ab")
	trainer.OnCall = func(name string) error {
		if name == "snapshot" {
			fmt.Println("step begins")
			time.Sleep(pause)
		}
		return nil
	}
	config := grpo.Default()
	config.Steps, config.Prompts = 1000, 1
	loop := grpo.Loop{
		Config: config, Seed: 1, Tasks: datasets.NewStream([]datasets.Task{{ID: "a", Question: "?"}}, 1), Policy: trainer,
		Pool:        &rollout.Pool{Tokenizer: fake.Bytes{}, Verifier: always{}, Params: policy.Params{N: 2, MaxTokens: 2, Temperature: 1}},
		Log:         recorded{},
		Milestone:   func(context.Context, int) error { return nil },
		Report:      func(runlog.Step) {},
		Interrupted: func(_ context.Context, step int) error { fmt.Println("saved before step", step); return nil },
	}
	if err := loop.Run(ctx, 0, false); !errors.Is(err, context.Canceled) {
		panic(err)
	}
	return exitInterrupted
}

type always struct{}

func (always) Verify(context.Context, datasets.Task, string) (verifiers.Verdict, error) {
	return verifiers.Verdict{Kind: verifiers.Wrong}, nil
}

type recorded struct{}

func (recorded) RecordStep(_ context.Context, s runlog.Step, _ []rollout.Group, _ [][]float64, _ []runlog.Expert) error {
	fmt.Println("recorded step", s.Step)
	return nil
}

// startLoop starts a process whose steps take perStep and returns when the first has begun.
func startLoop(t *testing.T, perStep time.Duration) (cmd *exec.Cmd, lines *bufio.Scanner) {
	t.Helper()
	cmd = exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), asLoop+"="+perStep.String())
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines = bufio.NewScanner(out)
	require.True(t, lines.Scan())
	require.Equal(t, "step begins", lines.Text())
	return cmd, lines
}

func rest(lines *bufio.Scanner) string {
	var all []string
	for lines.Scan() {
		all = append(all, lines.Text())
	}
	return strings.Join(all, "\n")
}

func TestFirstInterruptFinishesTheStep(t *testing.T) {
	cmd, lines := startLoop(t, time.Second)
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	require.Equal(t, "recorded step 0\nsaved before step 1", rest(lines))
	var exit *exec.ExitError
	require.ErrorAs(t, cmd.Wait(), &exit)
	require.Equal(t, exitInterrupted, exit.ExitCode())
}

func TestSecondInterruptQuitsAtOnce(t *testing.T) {
	cmd, lines := startLoop(t, time.Hour)
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	for { // the first one needs a moment to be taken
		select {
		case <-done:
			require.Equal(t, syscall.SIGINT, cmd.ProcessState.Sys().(syscall.WaitStatus).Signal(), "130 in a shell")
			require.Empty(t, rest(lines), "nothing is recorded or saved half")
			return
		case <-time.After(200 * time.Millisecond):
			_ = cmd.Process.Signal(os.Interrupt)
		}
	}
}
