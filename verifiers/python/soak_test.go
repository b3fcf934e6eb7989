//go:build linux

package python

import (
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// childPids are the processes that this test has begun.
func childPids(t testing.TB) []int {
	var pids []int
	tasks, err := os.ReadDir("/proc/self/task")
	require.NoError(t, err)
	for _, task := range tasks {
		text, _ := os.ReadFile("/proc/self/task/" + task.Name() + "/children") // a thread may end meanwhile
		for _, field := range strings.Fields(string(text)) {
			pid, err := strconv.Atoi(field)
			require.NoError(t, err)
			pids = append(pids, pid)
		}
	}
	return pids
}

// figures are what a leak would show in.
type figures struct{ descriptors, processes, mounts, memory, groups, written int }

func readText(t testing.TB, path string) string {
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

func measured(t *testing.T) figures {
	descriptors, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	mounts, err := os.ReadFile("/proc/self/mounts")
	require.NoError(t, err)
	status, err := os.ReadFile("/proc/self/statm")
	require.NoError(t, err)
	pages, err := strconv.Atoi(strings.Fields(string(status))[1])
	require.NoError(t, err)
	_, written, _ := strings.Cut(readText(t, "/proc/self/io"), "\nwrite_bytes: ")
	bytes, err := strconv.Atoi(strings.Fields(written)[0])
	require.NoError(t, err)
	groups := groupsHere(t, newGroups(1<<30), groupMark+strconv.Itoa(os.Getpid())+"-")
	return figures{len(descriptors), len(childPids(t)), strings.Count(string(mounts), "\n"), pages * os.Getpagesize() >> 20, len(groups), bytes >> 20}
}

// mixed are programs good and bad, as a run of training meets them.
func mixed() []Tests {
	var all []Tests
	for _, program := range []string{
		"def f(x): return x + 1", "def f(x): return x", "def f(x): return [][0]", "def f(x):\n    return (", "import os; os._exit(0)",
		"def f(x): return 'x' * 10**6", "import sys\ndef f(x):\n    sys.stderr.write('x' * 10**6)\n    return x + 1",
		"import os\ndef f(x):\n    while True: os.fork()", "open('/tmp/x', 'w').write('x' * 10**6)\ndef f(x): return x + 1",
	} {
		all = append(all, Tests{Program: program, Tests: []string{"assert f(1) == 2", "assert f(2) == 3"}})
	}
	return append(all, Tests{Program: "while True: pass", Tests: all[0].Tests, Time: 50 * time.Millisecond})
}

// TestSoak runs RLTRAIN_SOAK mixed jobs (300 if not set) and kills a worker every second.
func TestSoak(t *testing.T) {
	jobs := 300
	if text := os.Getenv("RLTRAIN_SOAK"); text != "" {
		var err error
		jobs, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	good := newPool(t, Options{Workers: 1})
	good.Close() // what the first pool makes the process keep does not count
	before := measured(t)
	p := newPool(t, Options{Workers: 3})
	stop := make(chan struct{})
	killed := atomic.Int64{}
	go func() {
		for tick := time.NewTicker(time.Second); ; {
			select {
			case <-stop:
				tick.Stop()
				return
			case <-tick.C:
				if pids := childPids(t); len(pids) > 0 {
					_ = syscall.Kill(pids[rand.IntN(len(pids))], syscall.SIGKILL)
					killed.Add(1)
				}
			}
		}
	}()
	programs, verdicts := mixed(), map[Outcome]int{}
	each(t, p, jobs, func(i int) Tests { return programs[i%len(programs)] }, func(i int, r Result, err error) {
		require.NoError(t, err)
		verdicts[r.Outcome]++
		if right := strings.HasSuffix(programs[i%len(programs)].Program, "return x + 1"); right != (r.Outcome == Passed) {
			t.Errorf("%s: %+v", programs[i%len(programs)].Program, r)
		}
	})
	close(stop)
	p.Close()
	after := measured(t)
	t.Logf("%d jobs, %d workers killed, verdicts %v; before %+v, after %+v", jobs, killed.Load(), verdicts, before, after)
	require.Equal(t, jobs, verdicts[Passed]+verdicts[Failed]+verdicts[TimedOut]+verdicts[Unparseable])
	require.Equal(t, []int{before.processes, before.mounts, before.groups}, []int{after.processes, after.mounts, after.groups})
	require.LessOrEqual(t, after.written, before.written+1, "MiB that went to disks, the workers' included")
	require.LessOrEqual(t, after.descriptors, before.descriptors+2)
	require.Less(t, after.memory, before.memory+200, "MiB")
}
