package datasets

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
)

const goodLines = `{"id":"m1","kind":"math","question":"1/2?","answer":"\\frac{1}{2}","level":"easy"}

{"id":"m2","kind":"math","question":"18?","answer":18.50}
{"id":"c1","kind":"countdown","question":"make 36 from 2 8 22","numbers":[2,8,22],"target":36,"note":"extra fields are welcome"}
{"id":"p1","kind":"code","question":"double","language":"python","tests":"assert f(1)==2"}
{"id":"p2","kind":"code","question":"double","language":"starlark","entry_point":"f","cases":[{"args":[[1,2.0]],"want":null},{"args":[],"want":12345678901234567890}]}
`

func wantTasks() []Task {
	return []Task{
		{ID: "m1", Kind: "math", Question: "1/2?", Answer: `\frac{1}{2}`, Level: "easy"},
		{ID: "m2", Kind: "math", Question: "18?", Answer: "18.50"},
		{ID: "c1", Kind: "countdown", Question: "make 36 from 2 8 22", Numbers: []int{2, 8, 22}, Target: 36},
		{ID: "p1", Kind: "code", Question: "double", Language: "python", Tests: []string{"assert f(1)==2"}},
		{ID: "p2", Kind: "code", Question: "double", Language: "starlark", EntryPoint: "f", Cases: []Case{
			{Args: []any{[]any{json.Number("1"), json.Number("2.0")}}, Want: nil},
			{Args: []any{}, Want: json.Number("12345678901234567890")},
		}},
	}
}

func write(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, data, 0o600))
	return path
}

func gzipped(t *testing.T, text string) []byte {
	t.Helper()
	var buffer bytes.Buffer
	w := gzip.NewWriter(&buffer)
	_, err := w.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return buffer.Bytes()
}

func zstandard(t *testing.T, text string) []byte {
	t.Helper()
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	require.NoError(t, err)
	return encoder.EncodeAll([]byte(text), nil)
}

func TestReadFile(t *testing.T) {
	for name, data := range map[string][]byte{
		"tasks.jsonl":     []byte(goodLines),
		"bom.jsonl":       []byte("\ufeff" + strings.ReplaceAll(goodLines, "\n", "\r\n")),
		"tasks.jsonl.gz":  gzipped(t, goodLines),
		"tasks.jsonl.zst": zstandard(t, goodLines),
	} {
		tasks, err := Load(write(t, name, data))
		require.NoError(t, err, name)
		require.Equal(t, wantTasks(), tasks, name)
	}
}

func TestReadFileFaults(t *testing.T) {
	for line, want := range map[string]string{
		`{"id":"a","kind":"maths","question":"q","answer":"1"}`: `kind "maths" is unknown: did you mean "math"?`,
		`{"id":"a","kind":"math","question":"q"}`:               "missing or empty: answer",
		`{"kind":"math"}`: "missing or empty: id, question",
		`{"id":"a","kind":"math","question":"q","answer":["1","2"]}`: "answer is [1 2]",
		`{"id":"a","kind":"math","question":"q","answer":"1"`:        "one complete JSON object per line",
		`{"id":"a","kind":"math","question":"q","answer":"1"} {}`:    "text after the object",
		`[1,2]`: `parse "[1,2]"`,
		`{"id":7,"kind":"math","question":"q","answer":"1"}`: "id of type string",
		"{\"id\":\"\xff\"}": "not UTF-8",
		`{"id":"a","kind":"countdown","question":"q","numbers":[1,2]}`:                                                           "missing or empty: target",
		`{"id":"a","kind":"countdown","question":"q","numbers":[1,-2],"target":3}`:                                               "value -2",
		`{"id":"a","kind":"countdown","question":"q","numbers":[1,2.5],"target":3}`:                                              "2.5",
		`{"id":"a","kind":"code","question":"q","tests":"x"}`:                                                                    `language ""`,
		`{"id":"a","kind":"code","question":"q","language":"python"}`:                                                            "missing or empty: cases, tests or io",
		`{"id":"a","kind":"code","question":"q","language":"python","tests":[1]}`:                                                "test 1 is 1",
		`{"id":"a","kind":"code","question":"q","language":"python","tests":{}}`:                                                 "tests is map[]",
		`{"id":"a","kind":"code","question":"q","language":"python","cases":[{"args":[1],"want":1}]}`:                            "missing or empty: entry_point",
		`{"id":"a","kind":"code","question":"q","language":"python","entry_point":"f","cases":[{"args":[1]}]}`:                   "case 1",
		`{"id":"m1","kind":"math","question":"q","answer":"1"}` + "\n" + `{"id":"m1","kind":"math","question":"q","answer":"1"}`: `:3: id "m1" was already used in line 2`,
	} {
		_, err := ReadFile(write(t, "bad.jsonl", []byte("\n"+line)))
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, "bad.jsonl:")
		if !strings.Contains(line, "\n") {
			require.ErrorContains(t, err, "bad.jsonl:2: ")
		}
	}
}

func TestReadFileDamaged(t *testing.T) {
	packed := gzipped(t, strings.Repeat(goodLines, 50))
	_, err := ReadFile(write(t, "cut.jsonl.gz", packed[:len(packed)-9]))
	require.Error(t, err)
	_, err = ReadFile(write(t, "plain.jsonl.gz", []byte(goodLines)))
	require.ErrorContains(t, err, "is it really compressed that way")
	_, err = ReadFile(write(t, "plain.jsonl.zst", []byte(goodLines)))
	require.ErrorContains(t, err, "plain.jsonl.zst")
}

func TestReadFileLongLines(t *testing.T) {
	line := func(size int) []byte {
		head, tail := `{"id":"a","kind":"math","answer":"1","question":"`, `"}`
		return []byte(head + strings.Repeat("x", size-len(head)-len(tail)) + tail + "\n")
	}
	_, err := ReadFile(write(t, "long.jsonl", line(maxLine)))
	require.NoError(t, err)
	_, err = ReadFile(write(t, "long.jsonl", line(maxLine+2)))
	require.ErrorContains(t, err, "long.jsonl:1: line longer than 16 MB")
}

func TestLoad(t *testing.T) {
	tasks, err := Load("code-mini/validation")
	require.NoError(t, err)
	require.Len(t, tasks, 99)
	_, err = Load("code-mini/valid")
	require.ErrorContains(t, err, `did you mean "code-mini/validation"`)
	require.ErrorContains(t, err, "no file has this name")
	_, err = Load("absent.jsonl.gz")
	require.ErrorIs(t, err, os.ErrNotExist)
}

// What the generators make can be written to a file and read back.
func TestGeneratedTasksRoundTrip(t *testing.T) {
	for _, name := range []string{"countdown/validation", "code-mini/validation", "countdown-4/test"} {
		tasks, err := Named(name)
		require.NoError(t, err)
		text := encodeTasks(t, tasks)
		again, err := readTasks(strings.NewReader(text), "round.jsonl")
		require.NoError(t, err)
		require.Equal(t, text, encodeTasks(t, again))
	}
}

func encodeTasks(t testing.TB, tasks []Task) string {
	t.Helper()
	var text strings.Builder
	for _, task := range tasks {
		line, err := json.Marshal(task)
		require.NoError(t, err)
		text.Write(line)
		text.WriteByte('\n')
	}
	return text.String()
}

// Reading gives an error or tasks that survive writing and reading again unchanged.
func FuzzReadTasks(f *testing.F) {
	for line := range strings.Lines(goodLines) {
		f.Add([]byte(line))
	}
	f.Add([]byte(goodLines))
	f.Add([]byte(`{"id":"a","kind":"code","question":"q","language":"python","entry_point":"f","cases":[{"args":[{"k":[1e400,true,null]}],"want":-0}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		tasks, err := readTasks(bytes.NewReader(data), "fuzz.jsonl")
		if err != nil {
			require.ErrorContains(t, err, "fuzz.jsonl:")
			return
		}
		text := encodeTasks(t, tasks)
		again, err := readTasks(strings.NewReader(text), "again.jsonl")
		require.NoError(t, err)
		require.Equal(t, text, encodeTasks(t, again))
	})
}

// Tasks of the kinds that compare text, and what they need.
func TestReadTextKinds(t *testing.T) {
	tasks, err := readTasks(strings.NewReader(`{"id":"1","kind":"choice","question":"q","answer":"B","choices":["17","42"]}
{"id":"2","kind":"exact","question":"q","answer":"Ada"}
{"id":"3","kind":"numeric","question":"q","answer":3.14,"tolerance":1e-2,"relative":"0.1"}
{"id":"4","kind":"json","question":"q","answer":{"a":[1.0,null]},"fields":["a"]}
{"id":"5","kind":"regex","question":"q","pattern":"a+"}
{"id":"6","kind":"rule","question":"q","rule":"answer == gold","answer":"7"}
{"id":"7","kind":"process","question":"q","answer":"x"}`), "kinds.jsonl")
	require.NoError(t, err)
	require.Len(t, tasks, 7)
	require.Equal(t, []string{"17", "42"}, tasks[0].Choices)
	require.Equal(t, []json.Number{"1e-2", "0.1"}, []json.Number{tasks[2].Tolerance, tasks[2].Relative})
	require.Equal(t, `{"a":[1.0,null]}`, tasks[3].Answer)
	text := encodeTasks(t, tasks)
	again, err := readTasks(strings.NewReader(text), "again.jsonl")
	require.NoError(t, err)
	require.Equal(t, tasks, again)
	for line, want := range map[string]string{
		`{"id":"1","kind":"choice","question":"q"}`: "answer", `{"id":"1","kind":"regex","question":"q","answer":"a"}`: "pattern", `{"id":"1","kind":"rule","question":"q"}`: "rule",
		`{"id":"1","kind":"numeric","question":"q","answer":"1","tolerance":"x"}`: "invalid number literal", `{"id":"1","kind":"exact","question":"q","answer":{"a":1}}`: "answer is map[a:1]",
	} {
		_, err := readTasks(strings.NewReader(line), "bad.jsonl")
		require.ErrorContains(t, err, want, line)
	}
}
