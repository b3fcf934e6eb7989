package verifiers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func judge(t *testing.T, kind, in string, jobs int) ([]map[string]any, Counts) {
	t.Helper()
	var out bytes.Buffer
	counts, err := JudgeLines(context.Background(), kind, strings.NewReader(in), &out, jobs)
	require.NoError(t, err)
	var got []map[string]any
	for raw := range bytes.Lines(out.Bytes()) {
		var m map[string]any
		require.NoError(t, json.Unmarshal(raw, &m), string(raw))
		got = append(got, m)
	}
	return got, counts
}

func TestJudgeLinesMath(t *testing.T) {
	got, counts := judge(t, "math", strings.Join([]string{
		`{"id":"a","gold":"\\frac{1}{2}","response":"so \\boxed{0.5}"}`,
		`{"id":[1,{"x":12345678901234567890}],"gold":["1","2"],"response":"\\boxed{2}"}`,
		`not json`,
		``,
		`{"gold":3,"response":"\\boxed{4}"}`,
		`{"id":null,"gold":"","response":"\\boxed{4}"}`,
		`{"id":7,"gold":"1"}`,
		`[1]`,
		`{"id":8,"gold":{"a":1},"response":"x"}`,
		`{"id":9,"gold":"<1>","response":5}`,
		`{"id":10,"gold":"1","response":"I do not know"}{"id":11}`,
		`{"id":12,"gold":"1","response":"nothing"}`}, "\n"), 3)
	want := []string{"correct", "correct", "error", "error", "wrong", "error", "error", "error", "error", "error", "error", "no_answer"}
	require.Len(t, got, len(want))
	for i := range want {
		require.Equal(t, want[i], got[i]["verdict"], "line %d: %v", i+1, got[i]["reason"])
	}
	require.Equal(t, "a", got[0]["id"])
	require.EqualValues(t, 1, got[0]["reward"])
	require.Equal(t, "0.5", got[0]["extracted"])
	require.NotContains(t, got[0], "line")
	require.NotContains(t, got[0], "passed")
	require.Nil(t, got[2]["id"])
	require.EqualValues(t, 3, got[2]["line"])
	require.Contains(t, got[2]["reason"], "line 3")
	require.EqualValues(t, 5, got[4]["line"], "no id")
	require.Contains(t, got[6]["reason"], `"response" is missing`)
	require.Equal(t, Counts{Correct: 2, Wrong: 1, NoAnswer: 1, Error: 8}, counts)
}

func TestIDsAreEchoedToTheByte(t *testing.T) {
	var out bytes.Buffer
	_, err := JudgeLines(context.Background(), "math", strings.NewReader(`{"id":12345678901234567890.10,"gold":"1","response":"<b>&"}`), &out, 1)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(out.String(), `{"id":12345678901234567890.10,"verdict":"no_answer","reward":0,`), out.String())
}

func TestJudgeLinesCountdownAndCode(t *testing.T) {
	got, _ := judge(t, "countdown", `{"id":1,"numbers":[3,5,8],"target":19,"response":"<answer>3*8-5</answer>"}
{"id":2,"numbers":[3,5,8],"target":19,"response":"<answer>3*8+5</answer>"}
{"id":3,"numbers":["3"],"target":19,"response":"<answer>3*8+5</answer>"}
{"id":4,"target":19,"response":"<answer>3*8+5</answer>"}`, 1)
	require.Equal(t, []any{"correct", "wrong", "error", "error"}, []any{got[0]["verdict"], got[1]["verdict"], got[2]["verdict"], got[3]["verdict"]})
	got, _ = judge(t, "code", `{"id":1,"language":"starlark","cases":[{"args":[2],"want":4},{"args":[3],"want":6}],"response":"def f(x): return x*2"}
{"id":2,"language":"starlark","cases":[{"args":[2],"want":4.0}],"response":"def f(x): return x*2","entry_point":"f"}
{"id":3,"language":"starlark","cases":[{"args":[2],"want":4}],"prompt":"def f(x):\n","response":"    return x*2"}
{"id":4,"language":"starlark","cases":[{"args":[2],"want":4}],"prompt":"def f(x):\n","response":"`+"```"+`\ndef f(x):\n  return x+2\n`+"```"+`"}
{"id":5,"language":"python","cases":[{"args":[2],"want":4}],"response":"def f(x): return x*2"}
{"id":6,"language":"starlark","cases":[{"args":[2],"want":4}],"timeout_s":0.05,"response":"def f(x):\n  for i in range(1000000000): pass"}
{"id":7,"language":"starlark","tests":["assert f(2)==4"],"response":"def f(x): return x*2"}
{"id":8,"cases":[],"response":"def f(x): return x*2"}
{"id":9,"language":"starlark","cases":[{"args":[2],"want":4}],"timeout_s":-1,"response":"def f(x): return 4"}`, 2)
	for i, want := range []string{"correct", "wrong", "correct", "correct", "error", "timeout", "error", "error", "error"} {
		require.Equal(t, want, got[i]["verdict"], "%d: %v", i+1, got[i])
		require.Contains(t, got[i], "stderr")
	}
	require.EqualValues(t, 2, got[0]["passed"])
	require.EqualValues(t, 2, got[0]["total"])
}

func TestOrderDoesNotDependOnJobs(t *testing.T) {
	var in strings.Builder
	for i := range 500 {
		fmt.Fprintf(&in, `{"id":%d,"gold":"%d","response":"\\boxed{%d}"}`+"\r\n", i, i%3, i%5)
	}
	one, countsOne := judge(t, "math", in.String(), 1)
	many, countsMany := judge(t, "math", in.String(), 16)
	require.Equal(t, countsOne, countsMany)
	for i := range one {
		require.EqualValues(t, i, many[i]["id"])
		require.Equal(t, one[i]["verdict"], many[i]["verdict"])
	}
}

// endless makes lines for as long as somebody reads, and counts them.
type endless struct{ lines atomic.Int64 }

func (e *endless) Read(p []byte) (int, error) {
	n := 0
	for n == 0 || len(p)-n > 64 {
		n += copy(p[n:], fmt.Sprintf("{\"id\":%d}\n", e.lines.Add(1)))
	}
	return n, nil
}

// One line takes forever: the others are judged beside it, but no more is read than can be kept, however much there is.
func TestALineThatTakesLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const jobs = 3
		ctx, cancel := context.WithCancel(t.Context())
		release, judged, in := make(chan struct{}), atomic.Int64{}, &endless{}
		judge := func(ctx context.Context, fields map[string]json.RawMessage) (Verdict, error) {
			if string(fields["id"]) == "5" {
				<-release
			}
			if judged.Add(1) == 10_000 {
				cancel()
			}
			return Verdict{Kind: Wrong}, nil
		}
		ended, out := make(chan error), &bytes.Buffer{}
		go func() {
			_, err := JudgeRecords(ctx, "math", judge, in, out, jobs)
			ended <- err
		}()
		synctest.Wait()
		read := in.lines.Load()
		require.Greater(t, judged.Load(), int64(verdictsAhead*jobs), "others go on")
		require.Less(t, judged.Load(), int64(verdictsAhead*jobs+2*jobs+5))
		require.Less(t, read-judged.Load(), int64(64<<10/8), "what is read and not judged fits the reader's buffer")
		time.Sleep(time.Hour)
		require.Equal(t, read, in.lines.Load(), "no more is read")
		close(release)
		require.ErrorIs(t, <-ended, context.Canceled)
		for i, text := range strings.Split(strings.TrimSpace(out.String()), "\n") {
			require.Contains(t, text, fmt.Sprintf(`{"id":%d,`, i+1))
		}
		require.Greater(t, bytes.Count(out.Bytes(), []byte("\n")), verdictsAhead*jobs)
	})
}

func TestLongLines(t *testing.T) {
	long := `{"id":1,"gold":"5","response":"` + strings.Repeat("x", 1<<20) + `\\boxed{5}"}`
	huge := `{"id":2,"response":"` + strings.Repeat("x", MaxLine) + `"}`
	got, _ := judge(t, "math", long+"\n"+huge+"\n"+long, 2)
	require.Len(t, got, 3)
	require.Equal(t, "correct", got[0]["verdict"])
	require.Contains(t, got[1]["reason"], "longer than")
	require.EqualValues(t, 2, got[1]["line"])
	require.Equal(t, "correct", got[2]["verdict"])
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestJudgeLinesErrors(t *testing.T) {
	ctx := context.Background()
	_, err := JudgeLines(ctx, "poetry", strings.NewReader(""), io.Discard, 1)
	require.ErrorContains(t, err, `unknown kind "poetry"`)
	open, w := io.Pipe() // a reader that never ends must not keep us
	go func() { _, _ = io.WriteString(w, "{}\n{}\n") }()
	_, err = JudgeLines(ctx, "math", open, brokenWriter{}, 2)
	require.ErrorContains(t, err, "disk full")
	idle, w2 := io.Pipe()
	defer func() { _ = w2.Close() }()
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	_, err = JudgeLines(ctx, "math", idle, io.Discard, 2)
	require.ErrorIs(t, err, context.Canceled)
}

func FuzzJudgeLines(f *testing.F) {
	f.Add("math", "{\"id\":1,\"gold\":\"1\",\"response\":\"\\\\boxed{1}\"}\n\nx\n{}")
	f.Add("code", `{"language":"starlark","cases":[{"args":[1],"want":1}],"prompt":"def f(x):","response":" return x"}`)
	f.Add("countdown", `{"numbers":[1],"target":1,"response":"<answer>1</answer>"}`)
	f.Fuzz(func(t *testing.T, kind, in string) {
		var out bytes.Buffer
		if _, err := JudgeLines(context.Background(), kind, strings.NewReader(in), &out, 2); err != nil {
			require.Contains(t, err.Error(), "unknown kind")
			return
		}
		lines := strings.Count(in, "\n")
		if !strings.HasSuffix(in, "\n") && in != "" {
			lines++
		}
		require.Equal(t, lines, bytes.Count(out.Bytes(), []byte("\n")), "one line each")
	})
}
