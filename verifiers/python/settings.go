package python

import (
	"embed"
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

//go:embed harness/*.py
var harness embed.FS

// settings are what all workers of a pool are started with.
type settings struct {
	found   found
	tier    tier
	missing []string // why the tiers before it are not used
	groups  *groups
	message []byte // for the worker, one line of JSON
	fault   error  // why there is none
}

// tier is how programs are kept apart from the machine. A pool has the first that works.
type tier string

const (
	tierNamespaces tier = "namespaces"
	tierLandlock   tier = "landlock" // files by Landlock; for containers that refuse namespaces
	tierBare       tier = "none"     // seccomp and limits alone, if the options allow it
)

// newSettings puts together what a worker needs to know. The harness's modules come in the order of their imports.
func newSettings(f found, o Options, t tier, g *groups) *settings {
	s := &settings{found: f, tier: t, groups: g}
	var modules [][2]string
	for _, name := range []string{"kernel", "wire", "jail", "candidate", "task", "judge", "zygote"} {
		text, err := harness.ReadFile("harness/" + name + ".py")
		if err != nil {
			s.fault = fmt.Errorf("read the harness: %w", err)
			return s
		}
		modules = append(modules, [2]string{name, string(text)})
	}
	code, err := filter(false, t)
	if err != nil {
		s.fault = err
		return s
	}
	judgeCode, err := filter(true, t)
	if err != nil {
		s.fault = err
		return s
	}
	s.message, s.fault = json.Marshal(map[string]any{
		"harness": modules, "filter": code, "judge_filter": judgeCode, "numbers": callNumbers(), "tier": t,
		"binds": f.Binds, "links": f.Links, "disk": o.Disk, "limits": o.limits(),
	})
	s.message = append(s.message, '\n')
	return s
}

// job is what a worker is told of one job. Program and tests are not in it: they go straight to those that run them.
type job struct {
	Time    float64 `json:"time"`    // seconds of processor time, watched by the worker
	Seconds int     `json:"seconds"` // and by the kernel itself
	Script  bool    `json:"script"`

	output int64
}

// limits are those of each process, by their names in the kernel. Processes are not among them: older kernels count
// them over all of a user's on the machine. A candidate can start none, and its threads are bounded by their stacks.
func (o Options) limits() map[string]int64 {
	return map[string]int64{
		"AS": o.Memory, "FSIZE": o.Disk, "NOFILE": 80, "STACK": 8 << 20, "CORE": 0, "MEMLOCK": 0, "MSGQUEUE": 0, "NICE": 0, "RTPRIO": 0,
	}
}

// script is one run of a program on one input.
type script struct{ program, input string }

// encode writes what the judge is told: one line of JSON.
func (t Tests) encode() ([]byte, error) {
	task := map[string]any{"program": t.Program, "tests": t.Tests, "setup": t.Setup, "prompt": t.Prompt, "entry_point": t.EntryPoint}
	if t.Setup == nil {
		task["setup"] = []string{}
	}
	for _, text := range append([]string{t.Prompt, t.EntryPoint}, append(t.Tests, t.Setup...)...) {
		if !utf8.ValidString(text) {
			return nil, fmt.Errorf("tests or prompt are no UTF-8")
		}
	}
	line, err := json.Marshal(task)
	if err != nil {
		return nil, fmt.Errorf("encode the tests: %w", err)
	}
	return append(line, '\n'), nil
}

// processEnd tells how a process of a job ended.
type processEnd struct {
	Status int     `json:"status"` // as wait(2) gives it
	CPU    float64 `json:"cpu"`
	Memory int64   `json:"memory"` // greatest resident size in KiB
}

// done is all that is known of a finished job.
type done struct {
	Ended map[string]processEnd `json:"ended"`
	Late  string                `json:"late"` // which process was ended for what, if any
	Fault string                `json:"fault"`

	report         []byte // the judge's
	stdout, stderr []byte
	flooded        bool // more output than allowed
	starved        bool // the kernel ended a process for want of memory
}
