//go:build linux

package python

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// groupsHere are those of the mark that lie in the folders of a pool's groups.
func groupsHere(t *testing.T, g *groups, prefix string) []string {
	var found []string
	for _, c := range g.controllers {
		if c.missing == "" {
			paths, err := filepath.Glob(filepath.Join(c.parent, prefix+"*"))
			require.NoError(t, err)
			found = append(found, paths...)
		}
	}
	return found
}

// needGroups skips where this user may make no groups.
func needGroups(t *testing.T, p *Pool) *groups {
	g := p.setting.groups
	for _, c := range g.controllers {
		if c.missing != "" {
			t.Skipf("no control groups here: %+v", p.Layers())
		}
	}
	return g
}

// A worker's processes are in its groups, whose limits the kernel has taken; nothing is left of them afterwards.
func TestGroups(t *testing.T) {
	p := newPool(t, Options{Workers: 1})
	g := needGroups(t, p)
	good(t, p)
	for _, path := range groupsHere(t, g, g.prefix) {
		text, err := os.ReadFile(filepath.Join(path, "cgroup.procs"))
		require.NoError(t, err)
		require.Len(t, strings.Fields(string(text)), 2, "worker and judge in %s", path)
	}
	require.NotEmpty(t, groupsHere(t, g, g.prefix))
	layers := p.Layers()
	require.True(t, layers[len(layers)-1].On)
	require.Equal(t, "own for each worker: memory, pids, cpu", layers[len(layers)-1].Detail)
	p.Close()
	require.Empty(t, groupsHere(t, g, g.prefix))
}

// Memory that no process's own limit stops is stopped by the group's: the program fails, the worker is replaced if it was
// ended too, and the next program is judged as ever.
func TestGroupMemory(t *testing.T) {
	needGroups(t, newPool(t, Options{Workers: 1}))
	bomb := "def f(x):\n    kept = []\n    while True:\n        kept.append(bytearray(1 << 20))"
	for _, wanted := range []tier{tierNamespaces, tierLandlock} {
		p := tierPool(t, Options{Workers: 1, group: 64 << 20}, wanted)
		for range 3 {
			r, err := p.Test(t.Context(), Tests{Program: bomb, Tests: []string{"assert f(1) == 1"}})
			require.NoError(t, err)
			require.Equal(t, Failed, r.Outcome, "%+v", r)
			require.Contains(t, r.Reason, outOfMemory)
			r, err = p.Run(t.Context(), Script{Program: bomb + "\nf(1)", Cases: []Case{{}}})
			require.NoError(t, err)
			require.Equal(t, []any{Failed, "test 1: " + outOfMemory}, []any{r.Outcome, r.Reason})
			good(t, p)
		}
	}
}

// Groups whose maker was killed are swept at the next start; those of a living process stay.
func TestGroupsSwept(t *testing.T) {
	p := newPool(t, Options{Workers: 1})
	g := needGroups(t, p)
	sleeper := exec.Command("sleep", "1000")
	require.NoError(t, sleeper.Start())
	prefix := groupMark + strconv.Itoa(sleeper.Process.Pid) + "-" + startOf(strconv.Itoa(sleeper.Process.Pid)) + "-"
	for _, c := range g.controllers {
		require.NoError(t, os.Mkdir(filepath.Join(c.parent, prefix+"1"), 0o755))
	}
	newGroups(1 << 30)
	require.Len(t, groupsHere(t, g, prefix), len(g.controllers), "its maker lives")
	require.NoError(t, sleeper.Process.Kill())
	_ = sleeper.Wait() // it was killed
	newGroups(1 << 30)
	require.Empty(t, groupsHere(t, g, prefix))
}

// Where groups are made, by what the kernel tells of its mounts and of us.
func TestFindGroups(t *testing.T) {
	tree := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(tree, "user", "shell"), 0o755))
	enable := func(folder, names string) {
		require.NoError(t, os.WriteFile(filepath.Join(tree, folder, "cgroup.subtree_control"), []byte(names+"\n"), 0o644))
	}
	enable("", "")
	enable("user", "memory pids")
	enable("user/shell", "")
	v2 := "30 20 0:26 / " + tree + " rw - cgroup2 cgroup2 rw\n"
	v1 := "31 20 0:27 / /groups/memory rw,nosuid shared:9 - cgroup cgroup rw,memory\n32 20 0:28 /box /groups/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
	for _, test := range []struct{ name, mounts, own, controller, parent, fault string }{
		{"version 2: beside our own", v2, "0::/user/shell\n", "memory", tree + "/user", ""},
		{"version 2: not enabled", v2, "0::/user/shell\n", "cpu", "", "not enabled in " + tree + "/user"},
		{"version 2: below our own", v2, "0::/user\n", "pids", tree + "/user", ""},
		{"version 1", v1, "4:memory:/a/b\n1:cpu,cpuacct:/box/c\n", "memory", "/groups/memory/a/b", ""},
		{"version 1, a part of the tree mounted", v1, "4:memory:/a/b\n1:cpu,cpuacct:/box/c\n", "cpu", "/groups/cpu/c", ""},
		{"both", v1 + v2, "4:memory:/a/b\n0::/user/shell\n", "pids", tree + "/user", ""},
		{"not mounted", "", "4:memory:/a/b\n0::/\n", "memory", "", "no control groups are mounted"},
	} {
		c := controller{name: test.controller}
		if err := c.find(test.mounts, test.own); test.fault != "" {
			require.ErrorContains(t, err, test.fault, test.name)
		} else {
			require.NoError(t, err, test.name)
			require.Equal(t, test.parent, c.parent, test.name)
		}
	}
}
