package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
)

// paged lets write write to out, on a terminal through the user's pager.
func paged(out io.Writer, write func(io.Writer) error) error {
	if !isTerminal(out) {
		return write(out)
	}
	command := pagerCommand()
	if command == "" {
		return write(out)
	}
	return throughPager(command, out, write)
}

// pagerCommand is $PAGER, else less where there is one; "" for none.
func pagerCommand() string {
	if command, set := os.LookupEnv("PAGER"); set {
		return command
	}
	if _, err := exec.LookPath("less"); err != nil || os.Getenv("TERM") == "dumb" {
		return ""
	}
	return "less"
}

// throughPager runs the shell's command on what write writes. That the reader leaves before the end is no error.
func throughPager(command string, out io.Writer, write func(io.Writer) error) error {
	pager := exec.Command("sh", "-c", command)
	pager.Stdout, pager.Stderr, pager.Env = out, os.Stderr, os.Environ()
	if _, set := os.LookupEnv("LESS"); !set {
		pager.Env = append(pager.Env, "LESS=FRX") // leave a short text on the screen, and let colours through
	}
	pipe, err := pager.StdinPipe()
	if err != nil {
		return err
	}
	if err := pager.Start(); err != nil {
		return fmt.Errorf("PAGER %q: %w", command, err)
	}
	err = write(pipe)
	if errors.Is(err, syscall.EPIPE) {
		err = nil
	}
	if closed := pipe.Close(); err == nil && !errors.Is(closed, os.ErrClosed) {
		err = closed
	}
	if failed := pager.Wait(); failed != nil {
		return errors.Join(err, fmt.Errorf("PAGER %q: %w: set PAGER to another program, or to nothing for none", command, failed))
	}
	return err
}
