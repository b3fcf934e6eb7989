package runlog_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/internal/runlog"
)

func TestDifferences(t *testing.T) {
	a := runlog.Info{Model: "base", Config: "grpo: {lr: 1, k: [1, 2]}\nsame: x\n"}
	b := runlog.Info{Model: "base", Config: "grpo: {lr: 2, k: [1]}\nsame: x\n"}
	require.Equal(t, []runlog.Difference{{Key: "grpo.k[1]", Values: []string{"2", "-"}}, {Key: "grpo.lr", Values: []string{"1", "2"}}},
		runlog.Differences([]runlog.Info{a, b}, "-"))
	b.Model, b.Config = "other", a.Config
	require.Equal(t, []runlog.Difference{{Key: "model", Values: []string{"base", "other", "base"}}}, runlog.Differences([]runlog.Info{a, b, a}, "-"))
	b.Config = ": no yaml ["
	require.Contains(t, runlog.Differences([]runlog.Info{a, b}, "-"), runlog.Difference{Key: "config", Values: []string{"-", ": no yaml ["}})
	require.Empty(t, runlog.Differences([]runlog.Info{a}, "-"))
	require.Empty(t, runlog.Differences(nil, "-"))
}
