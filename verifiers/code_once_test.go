package verifiers

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/rltrain/rltrain/verifiers/python"
)

// counting takes a second for each program, and fails as often as it is told to.
type counting struct {
	tests, runs, fail atomic.Int32
}

func (c *counting) Test(_ context.Context, t python.Tests) (python.Result, error) {
	c.tests.Add(1)
	time.Sleep(time.Second)
	if c.fail.Add(-1) >= 0 {
		return python.Result{}, errors.New("a dead worker")
	}
	return python.Result{Outcome: python.Passed, Reason: t.Program}, nil
}

func (c *counting) Run(_ context.Context, s python.Script) (python.Result, error) {
	c.runs.Add(1)
	return python.Result{Outcome: python.Failed, Reason: s.Program}, nil
}

func TestJudgedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		judge := &counting{}
		once := &JudgedOnce{Judge: judge}
		programs := []python.Tests{
			{Program: "a", Tests: []string{"x"}}, {Program: "b", Tests: []string{"x"}}, {Program: "a", Tests: []string{"y"}}, {Program: "a", Tests: []string{"x"}, Prompt: "p"},
			{Program: "a", Tests: []string{"x"}, EntryPoint: "f"}, {Program: "a", Tests: []string{"x"}, Time: time.Second}, {Program: "a", Tests: []string{"x", "x"}},
			{Program: "\xff", Tests: []string{"x"}}, {Program: "\ufffd", Tests: []string{"x"}},
		}
		var team errgroup.Group
		for i := range 100 {
			team.Go(func() error {
				p := programs[i%len(programs)]
				p.Group = []string{"one", "two"}[i%2] // does not matter
				r, err := once.Test(t.Context(), p)
				if err == nil && r.Reason != p.Program {
					return errors.New("the result of another program")
				}
				return err
			})
		}
		require.NoError(t, team.Wait())
		require.EqualValues(t, len(programs), judge.tests.Load())
		for range 3 {
			_, err := once.Run(t.Context(), python.Script{Program: "a", Cases: []python.Case{{Input: "1", Output: "2"}}})
			require.NoError(t, err)
		}
		_, err := once.Run(t.Context(), python.Script{Program: "a", Cases: []python.Case{{Input: "12", Output: ""}}})
		require.NoError(t, err)
		require.EqualValues(t, 2, judge.runs.Load())
		require.Equal(t, len(programs)+2, once.Programs())
	})
}

// What could not be judged is tried again by whoever asked for the same.
func TestJudgedOnceKeepsNoErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		judge := &counting{}
		judge.fail.Store(2)
		once := &JudgedOnce{Judge: judge}
		var failed atomic.Int32
		var team errgroup.Group
		for range 5 {
			team.Go(func() error {
				if _, err := once.Test(t.Context(), python.Tests{Program: "a"}); err != nil {
					failed.Add(1)
				}
				return nil
			})
		}
		require.NoError(t, team.Wait())
		require.EqualValues(t, 2, failed.Load())
		require.EqualValues(t, 3, judge.tests.Load())

		ctx, cancel := context.WithCancel(t.Context())
		go func() { _, _ = once.Test(t.Context(), python.Tests{Program: "b"}) }()
		synctest.Wait()
		cancel()
		_, err := once.Test(ctx, python.Tests{Program: "b"})
		require.ErrorIs(t, err, context.Canceled, "nobody waits longer than he wants to")
		time.Sleep(2 * time.Second)
	})
}
