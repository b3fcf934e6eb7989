package xla

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLargeBlocks: 4 threads hold 12 blocks each, most below 8 MB, and free and ask 4,000 times.
func TestLargeBlocks(t *testing.T) {
	out, err := exec.Command("go", "run", "./testdata/blocks").CombinedOutput()
	require.NoError(t, err, "%s", out)
	peak, err := strconv.Atoi(strings.TrimSpace(string(out)))
	require.NoError(t, err)
	require.Less(t, peak, 700, "MB, of 384 in use at most")
}
