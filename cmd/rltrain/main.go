// Command rltrain trains a small mixture-of-experts policy to reason by reinforcement learning
// on verifiable rewards, and shows how the reasoning changes.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit codes of the command.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

// usageError marks a wrong command line, as opposed to a command that failed.
type usageError struct{ error }

func main() { os.Exit(run(os.Args[1:])) }

// run executes one command line and returns its exit code.
func run(args []string) int {
	ctx, stop := interruptible(context.Background())
	defer stop()
	root := rootCommand()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var usage usageError
	switch {
	case err == nil:
		return 0
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "rltrain: interrupted")
		return exitInterrupted
	case errors.As(err, &usage):
		fmt.Fprintf(os.Stderr, "rltrain: %v\n", err)
		return exitUsage
	default:
		fmt.Fprintf(os.Stderr, "rltrain: %v\n", err)
		return exitFailed
	}
}

// interruptible is cancelled by the first Ctrl-C, and leaves the second to the system, which ends the process at once.
func interruptible(parent context.Context) (ctx context.Context, stop context.CancelFunc) {
	ctx, stop = signal.NotifyContext(parent, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "rltrain",
		Short:         "R1-Zero in one binary: reinforcement learning on verifiable rewards, and how the reasoning changes",
		SilenceErrors: true,
		SilenceUsage:  true,

		SuggestionsMinimumDistance: 2,
		RunE:                       func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		text := fmt.Sprintf("unknown command %q", args[0])
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			text += fmt.Sprintf(": did you mean %q?", near[0])
		}
		return usageError{errors.New(text + " (see rltrain -h)")}
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(demoCommand(), trainCommand(), evalCommand(), sampleCommand(), resultsCommand(), pluginCommand(), pretrainCommand(), verifyCommand(), auditCommand(), runsCommand(), rolloutsCommand(), modelCommand(), doctorCommand(), webCommand())
	for _, c := range root.Commands() {
		if check := c.Args; check != nil {
			c.Args = func(cmd *cobra.Command, args []string) error {
				if err := errors.Join(check(cmd, args), cmd.ValidateRequiredFlags()); err != nil {
					return usageError{fmt.Errorf("%w (see rltrain %s -h)", err, cmd.Name())}
				}
				return nil
			}
		}
	}
	return root
}
