//go:build linux

package python

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// corpus reads a data set's file, which lies outside the repository: RLTRAIN_DATA names its folder.
func corpus[T any](t testing.TB, name string) []T {
	folder := os.Getenv("RLTRAIN_DATA")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "shared", "datasets")
	}
	file, err := os.Open(filepath.Join(folder, name))
	if err != nil {
		t.Skipf("no data set %s: set RLTRAIN_DATA to the folder that has it", name)
	}
	defer file.Close()
	var reader io.Reader = file
	if strings.HasSuffix(name, ".gz") {
		reader, err = gzip.NewReader(file)
		require.NoError(t, err)
	}
	var records []T
	lines := bufio.NewScanner(reader)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var r T
		require.NoError(t, json.Unmarshal(lines.Bytes(), &r))
		records = append(records, r)
	}
	require.NoError(t, lines.Err())
	return records
}

type humanEval struct {
	TaskID     string `json:"task_id"`
	Prompt     string `json:"prompt"`
	EntryPoint string `json:"entry_point"`
	Solution   string `json:"canonical_solution"`
	Test       string `json:"test"`
}

func (h humanEval) tests(body string) Tests {
	return Tests{Program: h.Prompt + body, Prompt: h.Prompt, EntryPoint: h.EntryPoint, Tests: []string{h.Test}}
}

// besides tests the entry point in plain Python with names of the tests' own: helpers are those of the prompt there, as Tests.Prompt says,
// whatever the program makes of them.
func (h humanEval) besides() string {
	return fmt.Sprintf("candidate_ = %s\nnames_ = {}\nexec(%q, names_)\nnames_[%q] = candidate_\nexec(%q, names_)\n",
		h.EntryPoint, h.Prompt, h.EntryPoint, h.Test+"\ncheck("+h.EntryPoint+")\n")
}

type mbpp struct {
	TaskID  int      `json:"task_id"`
	Code    string   `json:"code"`
	Setup   string   `json:"test_setup_code"`
	Imports []string `json:"test_imports"`
	Tests   []string `json:"test_list"`
}

func (m mbpp) tests(code string) Tests {
	return Tests{Program: code, Setup: append([]string{m.Setup}, m.Imports...), Tests: m.Tests}
}

// each judges many programs at a time.
func each(t *testing.T, p *Pool, n int, tests func(i int) Tests, check func(i int, r Result, err error)) {
	var wait sync.WaitGroup
	var mutex sync.Mutex
	slots := make(chan struct{}, cap(p.free))
	for i := range n {
		slots <- struct{}{}
		wait.Go(func() {
			r, err := p.Test(t.Context(), tests(i))
			<-slots
			mutex.Lock()
			defer mutex.Unlock()
			check(i, r, err)
		})
	}
	wait.Wait()
}

func TestHumanEval(t *testing.T) {
	records := corpus[humanEval](t, "humaneval/HumanEval.jsonl")
	require.Len(t, records, 164)
	p := newPool(t, Options{})
	passed, longest := 0, time.Duration(0)
	each(t, p, len(records), func(i int) Tests { return records[i].tests(records[i].Solution) }, func(i int, r Result, err error) {
		longest = max(longest, r.CPU)
		if err != nil || r.Outcome != Passed || r.Passed != r.Total {
			t.Errorf("%s: %+v %v", records[i].TaskID, r, err)
			return
		}
		passed++
	})
	t.Logf("%d of %d canonical solutions pass, in at most %v of processor time", passed, len(records), longest)
}

func TestMBPP(t *testing.T) {
	for _, name := range []string{"mbpp/mbpp.jsonl", "mbpp/sanitized-mbpp.jsonl"} {
		t.Run(filepath.Base(name), func(t *testing.T) {
			records := corpus[mbpp](t, name)
			p := newPool(t, Options{})
			passed, longest := 0, time.Duration(0)
			each(t, p, len(records), func(i int) Tests { return records[i].tests(records[i].Code) }, func(i int, r Result, err error) {
				longest = max(longest, r.CPU)
				if err != nil || r.Outcome != Passed {
					t.Errorf("%d: %+v %v", records[i].TaskID, r, err)
					return
				}
				passed++
			})
			t.Logf("%d of %d reference solutions pass, in at most %v of processor time", passed, len(records), longest)
		})
	}
}
