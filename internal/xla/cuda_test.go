package xla

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// pypi is a package index with wheels; those of the projects in broken do not come.
type pypi struct {
	*httptest.Server
	wheels map[string][]byte // by file name
	broken map[string]bool
	served []string
}

func (p *pypi) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	part := strings.Split(strings.Trim(req.URL.Path, "/"), "/")
	switch name := part[len(part)-1]; {
	case part[0] == "simple":
		w.Header().Set("Content-Type", "application/vnd.pypi.simple.v1+json")
		fmt.Fprintf(w, `{"files":[{"filename":"%[1]s.whl","url":"/files/%[1]s.whl"}]}`, name)
	case p.broken[name]:
		http.Error(w, "no", http.StatusBadGateway)
	default:
		p.served = append(p.served, name)
		w.Write(p.wheels[name])
	}
}

// serveCUDA is an index with a plug-in and two libraries, and a machine with one GPU.
func serveCUDA(t *testing.T) (*pypi, settings) {
	t.Helper()
	content := map[string][]string{
		"pjrt":     {"plug/xla_cuda_plugin.so", "plug/__init__.py"},
		"cu-one":   {"nvidia/cu13/lib/libcudart.so.13", "nvidia/cu13/lib/libcudart_static.a", "nvidia/cu13/include/cuda.h", "cu_one.dist-info/licenses/License.txt"},
		"cu-tools": {"nvidia/cu13/bin/ptxas", "nvidia/cu13/nvvm/libdevice/libdevice.10.bc"},
	}
	p := &pypi{wheels: map[string][]byte{}, broken: map[string]bool{}}
	s := settings{
		cache: filepath.Join(t.TempDir(), "pjrt"), platform: "linux_amd64",
		gpus: func(context.Context) ([]GPU, error) { return []GPU{{Name: "GPU", Driver: "580.65.06"}}, nil },
	}
	for _, project := range []string{"pjrt", "cu-one", "cu-tools"} {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for _, name := range content[project] {
			header := &zip.FileHeader{Name: name, Method: zip.Deflate}
			header.SetMode(0o644)
			if strings.Contains(name, "/bin/") {
				header.SetMode(0o755)
			}
			f, err := z.CreateHeader(header)
			require.NoError(t, err)
			_, err = f.Write([]byte(plugin))
			require.NoError(t, err)
		}
		require.NoError(t, z.Close())
		sum := sha256.Sum256(b.Bytes())
		p.wheels[project+".whl"] = b.Bytes()
		s.cuda = append(s.cuda, wheel{project: project, file: project + ".whl", sha256: hex.EncodeToString(sum[:]), size: int64(b.Len())})
	}
	s.cuda[0].member, s.cuda[0].memberSize = "plug/xla_cuda_plugin.so", int64(len(plugin))
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	s.index = p.URL + "/simple"
	return p, s
}

func TestFetchCUDA(t *testing.T) {
	p, s := serveCUDA(t)
	var progress bytes.Buffer
	path, err := locateFor(t.Context(), s, CUDA, &progress)
	require.NoError(t, err)
	require.Equal(t, s.cudaTarget(), path)
	root := nvidiaFolder(path)
	require.Equal(t, filepath.Dir(path), root, "the libraries must lie where the plug-in looks for them")
	var files []string
	require.NoError(t, fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		if !d.IsDir() {
			files = append(files, name)
		}
		return err
	}))
	require.ElementsMatch(t, []string{cudaFile, "cu13/lib/libcudart.so.13", "cu13/bin/ptxas", "cu13/nvvm/libdevice/libdevice.10.bc", "licenses/cu-one/License.txt"}, files)
	info, err := os.Stat(filepath.Join(root, "cu13/bin/ptxas"))
	require.NoError(t, err)
	require.EqualValues(t, 0o755, info.Mode().Perm())
	require.Contains(t, progress.String(), "3 files")
	clean(t, s, cudaVersion)

	again, err := locateFor(t.Context(), s, CUDA, &progress)
	require.NoError(t, err)
	require.Equal(t, path, again)
	require.Len(t, p.served, 3, "a cached plug-in needs no network")
}

// TestFetchCUDAGoesOn breaks a fetch off before its last wheel; the next one asks for that wheel only.
func TestFetchCUDAGoesOn(t *testing.T) {
	p, s := serveCUDA(t)
	p.broken["cu-tools.whl"] = true
	_, err := locateFor(t.Context(), s, CUDA, &bytes.Buffer{})
	require.ErrorContains(t, err, "502")
	require.NoFileExists(t, s.cudaTarget())
	p.broken = nil
	_, err = locateFor(t.Context(), s, CUDA, &bytes.Buffer{})
	require.NoError(t, err)
	require.Equal(t, []string{"pjrt.whl", "cu-one.whl", "cu-tools.whl"}, p.served)
	clean(t, s, cudaVersion)
}

func TestFetchCUDAErrors(t *testing.T) {
	p, s := serveCUDA(t)
	p.wheels["cu-one.whl"] = append(p.wheels["cu-one.whl"], 0)
	_, err := open(t.Context(), s, Options{Device: CUDA, Progress: &bytes.Buffer{}})
	var mismatch *ChecksumError
	require.ErrorAs(t, err, &mismatch)
	require.Equal(t, s.cuda[1].sha256, mismatch.Want)
	require.NoFileExists(t, s.cudaTarget())

	tests := map[string]struct {
		change func(*settings)
		want   string
	}{
		"offline":     {func(s *settings) { s.offline = true }, "RLTRAIN_OFFLINE"},
		"other cores": {func(s *settings) { s.platform = "darwin_arm64" }, "no plug-in for CUDA on darwin/arm64"},
		"CPU plug-in": {func(s *settings) { s.plugin = write(t, filepath.Join(t.TempDir(), "pjrt_c_api_cpu_plugin.so"), "") }, "no cuda in its name"},
		"pure Go":     {func(s *settings) { s.pureGo = true }, "RLTRAIN_BACKEND=go"},
		"old driver": {func(s *settings) {
			s.gpus = func(context.Context) ([]GPU, error) { return []GPU{{Name: "Tesla V100", Driver: "535.1"}}, nil }
		}, "580 or newer"},
		"cut plug-in": {func(s *settings) { write(t, s.cudaTarget(), "half") }, "has 4 bytes instead of 20"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, s := serveCUDA(t)
			test.change(&s)
			var progress bytes.Buffer
			_, err := open(t.Context(), s, Options{Device: CUDA, Progress: &progress})
			require.ErrorContains(t, err, test.want)
			require.NotContains(t, progress.String(), "pure-Go")
		})
	}
}

// TestNoGPU asks a machine without a device, and one whose nvidia-smi fails: an error that says what was looked for, before
// anything is fetched.
func TestNoGPU(t *testing.T) {
	p, s := serveCUDA(t)
	none, smi := filepath.Join(t.TempDir(), "nvidia[0-9]*"), filepath.Join(t.TempDir(), "no-nvidia-smi")
	s.gpus = func(ctx context.Context) ([]GPU, error) { return gpus(ctx, none, smi) }
	_, err := open(t.Context(), s, Options{Device: CUDA, Progress: &bytes.Buffer{}})
	var noGPU *NoGPUError
	require.ErrorAs(t, err, &noGPU)
	for _, part := range []string{none, smi, "--device cpu", "580"} {
		require.ErrorContains(t, err, part)
	}
	require.Empty(t, p.served)

	dir := t.TempDir()
	smi = write(t, filepath.Join(dir, "nvidia-smi"), "#!/bin/sh\necho 'NVIDIA-SMI has failed because it could not communicate with the driver.'\nexit 9\n")
	require.NoError(t, os.Chmod(smi, 0o755))
	write(t, filepath.Join(dir, "nvidia0"), "")
	_, err = gpus(t.Context(), filepath.Join(dir, "nvidia[0-9]*"), smi)
	require.ErrorAs(t, err, &noGPU)
	require.ErrorContains(t, err, "could not communicate")
}

func TestGPUs(t *testing.T) {
	dir := t.TempDir()
	smi := write(t, filepath.Join(dir, "nvidia-smi"), "#!/bin/sh\necho 'NVIDIA H100 80GB HBM3, 81559 MiB, 9.0, 580.95.05'\necho 'NVIDIA L4, 23034 MiB, 8.9, 580.95.05'\n")
	require.NoError(t, os.Chmod(smi, 0o755))
	found, err := gpus(t.Context(), filepath.Join(dir, "none[0-9]"), smi)
	require.NoError(t, err)
	require.Len(t, found, 2)
	require.Equal(t, "NVIDIA H100 80GB HBM3, 81559 MiB, compute capability 9.0, driver 580.95.05", found[0].String())
	require.NoError(t, CheckDriver(found))

	write(t, filepath.Join(dir, "nvidia0"), "")
	found, err = gpus(t.Context(), filepath.Join(dir, "nvidia[0-9]*"), "no-such-nvidia-smi")
	require.NoError(t, err, "a container may have the device and not the program")
	require.Len(t, found, 1)
	require.NoError(t, CheckDriver(found))
}

// TestOpenCUDAFails opens what is no plug-in: an error, with the libraries' own errors told before it.
func TestOpenCUDAFails(t *testing.T) {
	_, s := serveCUDA(t)
	t.Setenv("XLA_FLAGS", "--a=b")
	var progress bytes.Buffer
	_, err := open(t.Context(), s, Options{Device: CUDA, Progress: &progress})
	require.ErrorContains(t, err, "open XLA plug-in "+s.cudaTarget())
	require.Contains(t, progress.String(), "load library: "+filepath.Join(s.cache, cudaVersion, "nvidia/cu13/lib/libcudart.so.13"))
	require.Equal(t, "--a=b --xla_gpu_deterministic_ops=true --xla_gpu_cuda_data_dir="+filepath.Join(s.cache, cudaVersion, "nvidia/cu13"), os.Getenv("XLA_FLAGS"))
}

func TestCUDAOptions(t *testing.T) {
	require.Equal(t, "tf32=false,visible_devices=0", cudaOptions("", 0))
	require.Equal(t, "tf32=false,visible_devices=0;1", cudaOptions("", 2))
	require.Equal(t, "tf32=false,visible_devices=3,memory_fraction=0.9", cudaOptions("visible_devices=3,memory_fraction=0.9", 1))
}

func TestPinnedCUDA(t *testing.T) {
	seen := map[string]bool{}
	for _, w := range pinnedCUDA() {
		sum, err := hex.DecodeString(w.sha256)
		require.NoError(t, err)
		require.Len(t, sum, sha256.Size)
		require.Contains(t, w.file, strings.ReplaceAll(w.project, "-", "_")+"-"+w.version+"-")
		require.Contains(t, w.file, "x86_64")
		require.False(t, seen[w.project], w.project)
		require.Positive(t, w.size)
		seen[w.project] = true
	}
}

func TestUnknownDevice(t *testing.T) {
	_, err := Open(t.Context(), Options{Device: "gpu"})
	require.ErrorContains(t, err, `device is "gpu": want cpu or cuda`)
	require.False(t, errors.As(err, new(*NoGPUError)))
}
