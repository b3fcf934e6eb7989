//go:build linux

package python

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// hold is set in the process that TestKilledParent starts and kills.
const hold = "RLTRAIN_TEST_HOLD"

// After kill -9 of ours nothing is left: not the worker, nor the judge, nor a candidate that ignores all signals.
func TestKilledParent(t *testing.T) {
	if os.Getenv(hold) != "" {
		holdPool(t)
	}
	command := exec.Command("/proc/self/exe", "-test.run", "^TestKilledParent$")
	command.Env = append(os.Environ(), hold+"=1")
	output, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	line, err := bufio.NewReader(output).ReadString('\n')
	require.NoError(t, err)
	pids := strings.Fields(line)
	require.Len(t, pids, 3, "worker, judge and candidate")
	require.NoError(t, command.Process.Kill())
	_ = command.Wait() // it was killed
	require.Eventually(t, func() bool {
		for _, pid := range pids {
			if stat, err := os.ReadFile("/proc/" + pid + "/stat"); err == nil && strings.Contains(string(stat), "(python3") {
				return false
			}
		}
		return true
	}, 20*time.Second, 20*time.Millisecond, "left over: %v", pids)
}

// holdPool runs a job without end, and tells the numbers of its processes.
func holdPool(t *testing.T) {
	p := newPool(t, Options{Workers: 1, Time: time.Hour})
	program := "import signal\nfor s in range(1, 32):\n    try: signal.signal(s, signal.SIG_IGN)\n    except (OSError, ValueError): pass\nwhile True: pass"
	go p.Test(t.Context(), Tests{Program: program, Tests: []string{"assert f(1) == 1"}})
	worker := childPids(t)[0]
	for {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", worker, worker))
		require.NoError(t, err)
		if children := strings.Fields(string(text)); len(children) == 2 {
			time.Sleep(200 * time.Millisecond)
			fmt.Println(strconv.Itoa(worker), strings.Join(children, " "))
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	time.Sleep(time.Hour)
}
