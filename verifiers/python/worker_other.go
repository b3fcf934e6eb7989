//go:build !linux

package python

import (
	"context"
	"errors"
)

// worker does not exist here: the isolation is made of parts of Linux.
type worker struct{}

var errPlatform = errors.New("Python programs are isolated by Linux namespaces and seccomp, which this system does not have")

func filter(bool, tier) ([]byte, error) { return nil, errPlatform }

func callNumbers() map[string]int { return nil }

func (s *settings) start() (*worker, error) { return nil, s.fault }

func (w *worker) kill() {}

func (w *worker) do(context.Context, job, []byte, *script) (done, error) { return done{}, errPlatform }

// groups are none here.
type groups struct{}

func newGroups(int64) *groups { return nil }

func (g *groups) layer() Layer { return Layer{Name: "cgroup", Detail: errPlatform.Error()} }
