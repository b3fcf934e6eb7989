package xla

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// wheel is a plug-in as a package index offers it, pinned by its checksum.
type wheel struct {
	project, version string
	file             string // the wheel's name
	sha256           string
	member           string // the plug-in's name inside the wheel
	memberSize       int64
	size             int64 // of the wheel; only to tell how much comes
}

// pinned returns the wheel this program is tested with. It is built from the XLA of JAX 0.11.2.
func pinned() wheel {
	return wheel{
		project: "lammps-jax-pjrt-cpu", version: "0.11.2",
		file:   "lammps_jax_pjrt_cpu-0.11.2-py3-none-manylinux_2_27_x86_64.whl",
		sha256: "1319390d948b39f69f7dade496b7c385149d9ca6097a6b62114da113216d9ad1",
		member: "lammps_jax_pjrt_cpu/pjrt_c_api_cpu_plugin.so", memberSize: 201_600_336,
	}
}

// settings is what the environment says, read once by each Open.
type settings struct {
	plugin   string   // RLTRAIN_PJRT
	pureGo   bool     // RLTRAIN_BACKEND=go
	offline  bool     // RLTRAIN_OFFLINE
	cache    string   // folder for plug-ins: one sub-folder a version
	library  []string // folders where go-xla keeps plug-ins
	index    string   // base of the package index's simple API
	platform string   // GOOS_GOARCH
	wheel    wheel
	cuda     []wheel // the plug-in for CUDA, then NVIDIA's libraries

	cudaOptions string                               // RLTRAIN_CUDA: go-xla's options for the plug-in for CUDA
	gpus        func(context.Context) ([]GPU, error) // NVIDIA's devices on this machine

	upstream func(platform string) (url string, err error) // the release archive on GitHub
}

// environment reads the settings.
func environment(getenv func(string) string) (settings, error) {
	s := settings{
		plugin:   getenv("RLTRAIN_PJRT"),
		index:    first(getenv("RLTRAIN_PYPI"), getenv("PIP_INDEX_URL"), "https://pypi.org/simple"),
		platform: runtime.GOOS + "_" + runtime.GOARCH,
		wheel:    pinned(),
		cuda:     pinnedCUDA(),
		upstream: releaseURL,

		cudaOptions: getenv("RLTRAIN_CUDA"),
		gpus:        GPUs,
	}
	switch v := getenv("RLTRAIN_BACKEND"); v {
	case "", "xla":
	case "go":
		s.pureGo = true
	default:
		return s, fmt.Errorf("RLTRAIN_BACKEND is %q: try xla or go, or leave it unset", v)
	}
	v := getenv("RLTRAIN_OFFLINE")
	s.offline = v != "" && v != "0" && v != "false"
	root := getenv("RLTRAIN_CACHE")
	if root == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			return s, fmt.Errorf("find the cache folder: %w (try RLTRAIN_CACHE=/some/folder)", err)
		}
		root = filepath.Join(dir, "rltrain")
	}
	root, err := filepath.Abs(root)
	if err != nil {
		return s, fmt.Errorf("find the cache folder %q: %w (try an absolute path in RLTRAIN_CACHE)", root, err)
	}
	s.cache = filepath.Join(root, "pjrt")
	s.library = filepath.SplitList(getenv("PJRT_PLUGIN_LIBRARY_PATH"))
	if home, err := os.UserHomeDir(); err == nil {
		s.library = append(s.library, filepath.Join(home, ".local", "lib", "go-xla"))
	}
	s.library = append(s.library, "/usr/local/lib/go-xla")
	return s, nil
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// target is where the pinned plug-in lies once it was fetched.
func (s settings) target() string {
	return filepath.Join(s.cache, s.wheel.version, s.pluginFile())
}

// upstreamTarget is where go-xla's own build of the plug-in lies once it was fetched.
func (s settings) upstreamTarget() string {
	return filepath.Join(s.cache, upstreamVersion, s.pluginFile())
}

// pluginFile is the plug-in's file name on this platform, as go-xla spells it.
func (s settings) pluginFile() string {
	if s.platform == "windows_amd64" {
		return "pjrt_c_api_cpu_plugin.dll"
	}
	return "pjrt_c_api_cpu_plugin.so"
}
