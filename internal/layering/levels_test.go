package layering

import (
	"cmp"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// levels puts each package on a level; it may import packages of lower levels only.
var levels = map[string]int{
	"internal/fair":      -1,
	".":                  0, // files built into the binary
	"policy":             0,
	"policy/tokenizer":   0,
	"policy/hf":          0,
	"policy/gguf":        0,
	"datasets":           0,
	"verifiers/sandbox":  0,
	"verifiers/python":   0,
	"verifiers/mathexpr": 0,
	"internal/xla":       0,
	"internal/script":    0,
	"policy/moe":         1,
	"policy/tinker":      1,
	"policy/openai":      1,
	"policy/fake":        1,
	"verifiers":          1,
	"internal/reflect":   2,
	"verifiers/process":  2,
	"internal/audit":     2,
	"rollout":            3,
	"internal/runlog":    4,
	"grpo":               5,
	"internal/eval":      5,
	"internal/doctor":    5,
	"internal/pretrain":  5,
	"internal/web":       6,
	"cmd/rltrain":        7,
}

// engines implement policy.Sampler or policy.Trainer. Only the command knows them; all else knows the interfaces.
var engines = map[string]bool{"policy/moe": true, "policy/tinker": true, "policy/openai": true, "policy/fake": true}

// wiring is the package that may import engines.
const wiring = "cmd/rltrain"

func TestImportsPointDown(t *testing.T) {
	report(t, levelFaults(sources(t)))
}

func levelFaults(files []source) []string {
	var faults []string
	for _, file := range files {
		level, known := levels[file.pkg]
		if !known {
			faults = append(faults, fmt.Sprintf("package %q is on no level: add it to levels in internal/layering/levels_test.go and to the design's table", file.pkg))
			continue
		}
		for _, path := range file.imports {
			if path != module && !strings.HasPrefix(path, module+"/") {
				continue
			}
			name := cmp.Or(strings.TrimPrefix(path[len(module):], "/"), ".")
			below, known := levels[name]
			switch {
			case !known:
				faults = append(faults, fmt.Sprintf("%s imports %q, which is on no level: add it to levels in internal/layering/levels_test.go", file.path, name))
			case below >= level:
				faults = append(faults, fmt.Sprintf("%s (level %d) imports %s (level %d): imports go to lower levels only; move the shared type down, or take an interface", file.path, level, name, below))
			case engines[name] && file.pkg != wiring:
				faults = append(faults, fmt.Sprintf("%s imports the engine %s: take policy.Sampler or policy.Trainer, which %s fills in", file.path, name, wiring))
			}
		}
	}
	return faults
}

func TestLevelFaults(t *testing.T) {
	importing := func(file, name string) []string {
		return levelFaults([]source{read(t, file, fmt.Sprintf("package x\n\nimport _ %q\n", name))})
	}
	require.Empty(t, importing("policy/moe/x.go", module+"/internal/xla"))
	require.Empty(t, importing("policy/moe/x.go", module+"/policy/hf"))
	require.Empty(t, importing("cmd/rltrain/x.go", module+"/policy/moe"))
	require.Empty(t, importing("policy/x.go", "fmt"))
	require.Empty(t, importing("policy/x.go", module+"x"))
	require.Empty(t, importing("internal/web/x.go", module))
	for _, test := range []struct{ file, imports, fault string }{
		{"policy/x.go", module + "/grpo", "lower levels only"},
		{"policy/hf/x.go", module + "/policy", "lower levels only"},
		{"x.go", module + "/policy", "lower levels only"},
		{"grpo/x.go", module + "/policy/moe", "imports the engine"},
		{"internal/web/x.go", module + "/policy/fake", "imports the engine"},
		{"grpo/x.go", module + "/internal/misc", "on no level"},
		{"internal/misc/x.go", "fmt", "add it to levels"},
	} {
		faults := importing(test.file, test.imports)
		require.Len(t, faults, 1, "%s imports %s", test.file, test.imports)
		require.Contains(t, faults[0], test.fault)
	}
}
