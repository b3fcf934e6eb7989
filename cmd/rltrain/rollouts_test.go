package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/internal/reflect"
	"github.com/rltrain/rltrain/internal/runlog"
)

func TestRolloutsFilterAndSort(t *testing.T) {
	dir := t.TempDir()
	mustMakeRun(t, dir, "demo")
	for _, c := range []struct {
		name string
		args []string
		want []string // the ids in their order
	}{
		{"step and phase", []string{"--step", "1", "--where", `phase == "train"`}, []string{"1:task-1:0", "1:task-1:1"}},
		{"step zero is a step", []string{"--step", "0", "--where", `phase == "train" && reward > 1`}, []string{"0:task-0:0"}},
		{"advantage of an evaluation is undefined", []string{"--where", `advantage < 0`, "--limit", "2"}, []string{"0:task-0:1", "1:task-1:1"}},
		{"sort", []string{"--where", `phase == "train" && verdict == "correct"`, "--sort", "-step"}, []string{"2:task-2:0", "1:task-1:0", "0:task-0:0"}},
		{"search", []string{"--search", "no idea", "--where", `phase == "eval"`}, []string{"eval/countdown/t1/1x2:0:task-0:1", "eval/countdown/t1/1x2:3:task-3:1"}},
		{"contains", []string{"--where", `response contains "Wait" and reflections == 1 and step == 2`}, []string{"2:task-2:0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, _, err := runCommand(t, rolloutsCommand(), append([]string{"demo", "--runs", dir, "--json"}, c.args...)...)
			require.NoError(t, err)
			var got []string
			for line := range strings.Lines(out) {
				var object map[string]any
				require.NoError(t, json.Unmarshal([]byte(line), &object))
				require.Len(t, object, len(runlog.RolloutColumns()))
				got = append(got, object["id"].(string))
			}
			require.ElementsMatch(t, c.want, got)
			if c.name == "sort" {
				require.Equal(t, c.want, got)
			}
		})
	}
}

func TestRolloutsFaultsNameTheValue(t *testing.T) {
	dir := t.TempDir()
	mustMakeRun(t, dir, "demo")
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"--where", "rewrd > 1"}, []string{`unknown variable "rewrd"`, `did you mean "reward"`}},
		{[]string{"--where", "reward >"}, []string{`--where "reward >"`, "at column"}},
		{[]string{"--where", "reward + 1"}, []string{"reward + 1", "bool"}},
		{[]string{"--sort", "rewad"}, []string{`unknown field "rewad"`}},
		{[]string{"--limit", "-1"}, []string{"--limit -1"}},
	} {
		_, _, err := runCommand(t, rolloutsCommand(), append([]string{"demo", "--runs", dir}, c.args...)...)
		for _, want := range c.want {
			require.ErrorContains(t, err, want)
		}
	}
	_, _, err := runCommand(t, rolloutsCommand(), "none", "--runs", dir)
	require.ErrorContains(t, err, `no run "none"`)
}

func TestRolloutsCannotHarmTheTerminal(t *testing.T) {
	dir := t.TempDir()
	mustMakeRun(t, dir, "demo")
	for _, mode := range []string{"--full", "--json", "--full=false"} {
		out, _, err := runCommand(t, rolloutsCommand(), "demo", "--runs", dir, "--step", "0", mode)
		require.NoError(t, err)
		require.NotContains(t, out, "\x1b")
		require.NotContains(t, out, "\u202e")
		require.NotContains(t, out, "\u009b")
		require.NotContains(t, "\n"+out, "\n0:forged:0", "no line of a model's passes for ours")
	}
	out, _, err := runCommand(t, rolloutsCommand(), "demo", "--runs", dir, "--step", "0", "--full")
	require.NoError(t, err)
	require.Contains(t, out, "0:task-0:0  correct  reward 1.1  advantage 0.5  12 tokens")
	require.Contains(t, out, "  > make 19 from 24 5\n  | 24-5 = 19. Wait, that is wrong.\\x1b[2J\n  | 0:forged:0  correct\\u202e\\u009b31m\n")
	require.Contains(t, out, "judged: nothing was boxed")
}

func TestRolloutsJSONKeepsTheText(t *testing.T) {
	dir := t.TempDir()
	mustMakeRun(t, dir, "demo")
	out, _, err := runCommand(t, rolloutsCommand(), "demo", "--runs", dir, "--json", "--where", `phase == "eval"`, "--limit", "1")
	require.NoError(t, err)
	var object map[string]any
	require.NoError(t, json.Unmarshal([]byte(out), &object))
	require.Equal(t, hostileChain, object["response"])
	require.Nil(t, object["advantage"])
}

func TestHighlight(t *testing.T) {
	found := []reflect.Reflection{{Offset: 2, Phrase: "Wait", Category: reflect.Backtracking, Effect: reflect.Good}, {Offset: 4, Phrase: "it"}, {Offset: 90, Phrase: "gone"}}
	require.Equal(t, "a \x1b[1;35mWait\x1b[0m\x1b[32m[wrong → right]\x1b[0m b\\a", highlight("a Wait b\a", found, true))
	require.Equal(t, "a Wait b\\a", highlight("a Wait b\a", found, false))
	require.Equal(t, `\xff�`, escapeText("\xff�"))
}

func TestNearestName(t *testing.T) {
	require.Equal(t, "reward", nearestName("rewrd", []string{"step", "reward", "reason"}))
	require.Equal(t, 3, edits("kitten", "sitting"))
	require.Equal(t, 2, edits("", "ab"))
}
