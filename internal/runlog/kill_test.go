package runlog_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/internal/runlog"
)

const helperDir = "RUNLOG_TEST_DIR" // set in the process that is going to be killed

func TestMain(m *testing.M) {
	if dir := os.Getenv(helperDir); dir != "" {
		writeForever(dir)
	}
	os.Exit(m.Run())
}

// writeForever records steps of 16 x 8 rollouts and prints each one's number once it is recorded.
func writeForever(dir string) {
	log, err := runlog.Create(dir, meta())
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	groups, advantages := makeGroups(16, 8)
	for step := 0; ; step++ {
		if err := log.RecordStep(context.Background(), makeStep(step), groups, advantages, nil); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(step)
	}
}

func TestKillLeavesWholeSteps(t *testing.T) {
	for round := range 3 {
		dir := filepath.Join(t.TempDir(), "killed")
		seen := killWhileWriting(t, dir, 2+round)

		reader, err := runlog.OpenReadOnly(dir)
		require.NoError(t, err, "what was killed can be read before it is resumed")
		require.Zero(t, len(collect(t, reader, runlog.Filter{}))%128)
		require.NoError(t, reader.Close())
		log, err := runlog.Open(dir)
		require.NoError(t, err)
		steps, err := log.Steps(context.Background())
		require.NoError(t, err)
		require.GreaterOrEqual(t, len(steps), seen, "a step that was reported is in the log")
		for i, step := range steps {
			require.Equal(t, i, step.Step)
			require.Len(t, collect(t, log, runlog.Filter{HasStep: true, Step: i}), 128)
		}
		require.Len(t, collect(t, log, runlog.Filter{}), 128*len(steps))
		metrics, err := os.ReadFile(filepath.Join(dir, runlog.MetricsFile))
		require.NoError(t, err)
		require.Equal(t, len(steps), strings.Count(string(metrics), "\n"))
		var integrity string
		require.NoError(t, rawDB(t, log).QueryRow("PRAGMA integrity_check").Scan(&integrity))
		require.Equal(t, "ok", integrity)
		checkIndex(t, log)
		require.NoError(t, log.Close())
	}
}

// killWhileWriting kills a writer at a random moment after some steps and returns how many it reported.
func killWhileWriting(t *testing.T, dir string, steps int) (seen int) {
	t.Helper()
	writer := exec.Command(os.Args[0])
	writer.Env = append(os.Environ(), helperDir+"="+dir)
	out, err := writer.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, writer.Start())
	lines := bufio.NewScanner(out)
	for seen < steps {
		require.True(t, lines.Scan())
		require.Equal(t, fmt.Sprint(seen), lines.Text())
		seen++
	}
	time.Sleep(time.Duration(rand.IntN(20_000)) * time.Microsecond)
	require.NoError(t, writer.Process.Kill())
	for lines.Scan() {
		seen++
	}
	require.Error(t, writer.Wait())
	return seen
}
