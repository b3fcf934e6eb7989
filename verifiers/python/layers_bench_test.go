//go:build linux

package python

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// stripped is a way to build a worker that lacks a layer. Nothing outside of this benchmark can take one off.
type stripped struct {
	name       string
	tier       tier
	alone      bool                        // program and tests in one process: no judge
	weaken     func(fields map[string]any) // the worker's settings
	everything bool                        // leaves all layers on
}

// allowAll is a filter of one instruction.
func allowAll() string {
	code := binary.LittleEndian.AppendUint16(nil, unix.BPF_RET|unix.BPF_K)
	code = binary.LittleEndian.AppendUint32(append(code, 0, 0), unix.SECCOMP_RET_ALLOW)
	return base64.StdEncoding.EncodeToString(code)
}

func withoutSeccomp(fields map[string]any) {
	fields["filter"], fields["judge_filter"] = allowAll(), allowAll()
}

// withoutPidNamespace changes the zygote's source: candidates share the worker's own pid namespace.
func withoutPidNamespace(fields map[string]any) {
	for _, module := range fields["harness"].([]any) {
		pair := module.([]any)
		if pair[0] == "zygote" {
			text := pair[1].(string)
			pair[1] = strings.Replace(text, "            kernel.unshare(kernel.CLONE_NEWPID)\n", "            pass\n", 1)
			if pair[1] == text {
				panic("the zygote makes its pid namespaces otherwise than this benchmark knows")
			}
		}
	}
}

// weakened is a pool of workers that lack a layer.
func (s stripped) pool(b *testing.B) *Pool {
	if s.everything {
		return newPool(b, Options{Workers: runtime.NumCPU() + 1})
	}
	p := tierPool(b, Options{Workers: runtime.NumCPU() + 1}, s.tier)
	if s.weaken != nil {
		var fields map[string]any
		require.NoError(b, json.Unmarshal(p.setting.message, &fields))
		s.weaken(fields)
		message, err := json.Marshal(fields)
		require.NoError(b, err)
		message = append(message, '\n')
		p.setting.message = message
	}
	return p
}

// BenchmarkLayers runs the canonical solutions of HumanEval with one layer or more taken off: what each costs.
func BenchmarkLayers(b *testing.B) {
	records := corpus[humanEval](b, "humaneval/HumanEval.jsonl")
	for _, s := range []stripped{
		{name: "all", everything: true},
		{name: "no-seccomp", tier: tierNamespaces, weaken: withoutSeccomp},
		{name: "no-pid-namespace-a-job", tier: tierNamespaces, weaken: withoutPidNamespace},
		{name: "no-namespaces", tier: tierBare},
		{name: "landlock", tier: tierLandlock},
		{name: "no-judge", tier: tierNamespaces, alone: true},
		{name: "none", tier: tierBare, alone: true, weaken: withoutSeccomp},
	} {
		b.Run(s.name, func(b *testing.B) {
			p := s.pool(b)
			warm(b, p, records)
			measure(b, cap(p.free), p.processorTime, func(i int) { s.judge(b, p, records[i%len(records)]) })
		})
	}
}

func (s stripped) judge(b *testing.B, p *Pool, h humanEval) {
	var r Result
	var err error
	if s.alone {
		r, err = p.Run(b.Context(), Script{Program: h.Prompt + h.Solution + "\n" + h.Test + "\ncheck(" + h.EntryPoint + ")\n", Cases: []Case{{}}})
	} else {
		r, err = p.Test(b.Context(), h.tests(h.Solution))
	}
	require.NoError(b, err)
	require.Equal(b, Passed, r.Outcome, r.Reason)
}

// warm starts all workers of a pool.
func warm(b *testing.B, p *Pool, records []humanEval) {
	done := make(chan struct{})
	for range cap(p.free) {
		go func() {
			_, _ = p.Test(b.Context(), records[0].tests(records[0].Solution))
			done <- struct{}{}
		}()
	}
	for range cap(p.free) {
		<-done
	}
}
