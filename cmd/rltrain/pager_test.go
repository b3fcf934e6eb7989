package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestThroughPager(t *testing.T) {
	long := func(out io.Writer) error { // more than a pipe holds
		for range 1000 {
			if _, err := io.WriteString(out, strings.Repeat("x", 999)+"\n"); err != nil {
				return err
			}
		}
		return nil
	}
	var out bytes.Buffer
	require.NoError(t, throughPager("cat", &out, long))
	require.Equal(t, 1000_000, out.Len())
	out.Reset()
	require.NoError(t, throughPager("head -n 2", &out, long), "the reader may leave early")
	require.Equal(t, 2000, out.Len())
	err := throughPager("exit 3", io.Discard, long)
	require.ErrorContains(t, err, `PAGER "exit 3"`)
	fault := errors.New("the log is gone")
	require.ErrorIs(t, throughPager("cat", io.Discard, func(io.Writer) error { return fault }), fault)
}

func TestPagerCommand(t *testing.T) {
	t.Setenv("PAGER", "more -d")
	require.Equal(t, "more -d", pagerCommand())
	t.Setenv("PAGER", "")
	require.Empty(t, pagerCommand())
}

func TestNoPagerAndNoColorsAwayFromATerminal(t *testing.T) {
	t.Setenv("PAGER", "exit 3")
	var out bytes.Buffer
	require.NoError(t, paged(&out, func(w io.Writer) error { _, err := io.WriteString(w, "plain"); return err }))
	require.Equal(t, "plain", out.String())
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	require.NoError(t, err)
	defer null.Close()
	require.False(t, isTerminal(null), "a device, and no terminal")
	require.False(t, colors(null))
}
