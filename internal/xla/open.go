package xla

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/gobackend"
	goxla "github.com/gomlx/go-xla/compute/xla"
	"github.com/gomlx/go-xla/pjrt"
)

// regionAnalysis keeps XLA from copying every layer's cache twice in each turn of a While:
// batched decoding is 1.2 times faster with it.
const regionAnalysis = "--xla_cpu_copy_insertion_use_region_analysis"

// openPlugin loads the plug-in. The environment must be complete before: XLA reads XLA_FLAGS and
// PJRT_NPROC once, when it is loaded. (With cgo, os.Setenv changes the C environment as well.)
func openPlugin(path string, foreign bool, opts Options) (*Engine, error) {
	if strings.Contains(path, ",") { // go-xla would take what follows the comma for options
		return nil, fmt.Errorf("plug-in path %q has a comma: move the file or set RLTRAIN_CACHE to a folder without one", path)
	}
	if pjrt.IsCUDAName(filepath.Base(path)) {
		return nil, fmt.Errorf("plug-in %s is one for CUDA: say --device cuda, or `device: cuda` in the recipe", path)
	}
	if pjrt.IsCUDAName(path) { // go-xla looks at the whole path
		return nil, fmt.Errorf("plug-in path %q has cuda or nvidia in a folder's name, which go-xla takes for a GPU plug-in: move the file or set RLTRAIN_CACHE", path)
	}
	// The plug-in's default of 4 devices brings 4 thread pools and costs 15 % more CPU time.
	options := pjrt.NamedValuesMap{"cpu_device_count": int64(max(1, opts.Devices))}
	if err := setFlags(path, foreign); err != nil {
		return nil, err
	}
	if opts.Threads > 0 {
		if err := os.Setenv("PJRT_NPROC", strconv.Itoa(opts.Threads)); err != nil {
			return nil, fmt.Errorf("set PJRT_NPROC to %d: %w", opts.Threads, err)
		}
	}
	backend, err := goxla.NewWithOptions(path, options)
	if err != nil {
		return nil, fmt.Errorf("open XLA plug-in %s: %w (try to delete the file so that it is fetched anew, or RLTRAIN_BACKEND=go)", path, err)
	}
	return &Engine{
		Backend: backend, Device: CPU, Plugin: path, Flags: os.Getenv("XLA_FLAGS"), Threads: threadCount(opts.Threads),
		DynamicSlice: backend.Capabilities().Operations[compute.OpTypeDynamicSlice],
	}, nil
}

// threadCount is how many threads the plug-in starts.
func threadCount(asked int) int {
	if asked > 0 {
		return asked
	}
	if n, err := strconv.Atoi(os.Getenv("PJRT_NPROC")); err == nil && n > 0 {
		return n
	}
	return runtime.NumCPU()
}

// openPureGo opens GoMLX's own backend. Its parallel mode deadlocks on training graphs
// (compute 0.1.2), hence ops_sequential.
func openPureGo(reason string) (*Engine, error) {
	backend, err := gobackend.New("ops_sequential")
	if err != nil {
		return nil, fmt.Errorf("open the pure-Go backend: %w", err)
	}
	return &Engine{
		Backend: backend, Device: CPU, Threads: 1, PureGo: true, Reason: reason,
		DynamicSlice: backend.Capabilities().Operations[compute.OpTypeDynamicSlice],
	}, nil
}

// setFlags adds our flag to XLA_FLAGS unless the user set it. XLA ends the process at a flag it
// does not know, so a plug-in that is not the one pinned here is searched for the name first.
func setFlags(path string, foreign bool) error {
	flags := os.Getenv("XLA_FLAGS")
	if strings.Contains(flags, regionAnalysis) {
		return nil
	}
	if foreign {
		known, err := fileContains(path, strings.TrimPrefix(regionAnalysis, "--"))
		if err != nil {
			return fmt.Errorf("read plug-in: %w", err)
		}
		if !known {
			return nil
		}
	}
	flags = strings.TrimSpace(flags + " " + regionAnalysis + "=true")
	if err := os.Setenv("XLA_FLAGS", flags); err != nil {
		return fmt.Errorf("set XLA_FLAGS to %q: %w", flags, err)
	}
	return nil
}

// fileContains reports whether the file at path holds text.
func fileContains(path, text string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	const chunk = 1 << 20
	r := bufio.NewReaderSize(f, chunk+len(text))
	for {
		window, err := r.Peek(chunk + len(text)) // windows overlap by len(text)
		if bytes.Contains(window, []byte(text)) {
			return true, nil
		}
		if err == io.EOF {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if _, err := r.Discard(chunk); err != nil {
			return false, err
		}
	}
}
