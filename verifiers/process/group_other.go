//go:build !unix

package process

import "os/exec"

// shell is a command line for the shell.
func shell(command string) *exec.Cmd { return exec.Command("cmd", "/C", command) }

// ownGroup does nothing: there are no process groups here.
func ownGroup(*exec.Cmd) {}

// killGroup kills the program alone.
func killGroup(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
