//go:build unix

package process

import (
	"os/exec"
	"syscall"
)

// shell is a command line for the shell.
func shell(command string) *exec.Cmd { return exec.Command("sh", "-c", command) }

// ownGroup gives a program a process group, which its children are in too unless they leave it.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killGroup kills a program and its children; those that are dead are no fault.
func killGroup(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
