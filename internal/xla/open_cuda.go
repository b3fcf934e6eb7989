package xla

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/gomlx/compute"
	goxla "github.com/gomlx/go-xla/compute/xla"
)

// Flags for the plug-in. Without the first the order of atomic additions, and a choice of kernels by stop-watch, would
// give other bits in each run.
const (
	gpuDeterministic = "--xla_gpu_deterministic_ops"
	gpuDataDir       = "--xla_gpu_cuda_data_dir" // folder with ptxas and libdevice
)

// openCUDA opens devices GPUs. There is no fall-back: whoever asks for a GPU gets one or an error.
func openCUDA(ctx context.Context, s settings, opts Options) (*Engine, error) {
	if s.pureGo {
		return nil, fmt.Errorf("device cuda with RLTRAIN_BACKEND=go: leave one of them out")
	}
	found, err := s.gpus(ctx)
	if err == nil {
		err = CheckDriver(found)
	}
	if err != nil {
		return nil, err
	}
	path, err := locateCUDA(ctx, s, opts.Progress)
	if err != nil {
		return nil, err
	}
	if strings.Contains(path, ",") { // go-xla would take what follows the comma for options
		return nil, fmt.Errorf("plug-in path %q has a comma: set RLTRAIN_CACHE to a folder without one", path)
	}
	root := nvidiaFolder(path)
	preload(root, opts.Progress)
	if err := setCUDAFlags(root); err != nil {
		return nil, err
	}
	backend, err := goxla.NewWithOptions(path+","+cudaOptions(s.cudaOptions, opts.Devices), nil)
	if err != nil {
		return nil, fmt.Errorf("open XLA plug-in %s on %s: %w (see docs/gpu.md, or --device cpu)", path, found[0], err)
	}
	return &Engine{
		Backend: backend, Device: CUDA, Plugin: path, Flags: os.Getenv("XLA_FLAGS"), Threads: threadCount(0),
		DynamicSlice: backend.Capabilities().Operations[compute.OpTypeDynamicSlice],
	}, nil
}

// cudaOptions are go-xla's options: TF32 off, since its 10 bits of mantissa would part the sampler's log-probs from the
// trainer's; as many devices as are used; then the user's, which win.
func cudaOptions(users string, devices int) string {
	list := []string{"tf32=false"}
	if !strings.Contains(users, "visible_devices") {
		ids := make([]string, max(1, devices))
		for i := range ids {
			ids[i] = fmt.Sprint(i)
		}
		list = append(list, "visible_devices="+strings.Join(ids, ";"))
	}
	if users != "" {
		list = append(list, users)
	}
	return strings.Join(list, ",")
}

// nvidiaFolder finds the folder nvidia that belongs to a plug-in: around it in our cache, beside it in go-xla's folder
// and in a Python environment. It is empty where the libraries lie elsewhere.
func nvidiaFolder(plugin string) string {
	dir := filepath.Dir(plugin)
	for _, root := range []string{dir, filepath.Join(dir, "nvidia"), filepath.Join(dir, "..", "nvidia"), filepath.Join(dir, "..", "..", "nvidia")} {
		if info, err := os.Stat(filepath.Join(root, "cu13", "lib")); err == nil && info.IsDir() {
			return filepath.Clean(root)
		}
	}
	return ""
}

// preload loads NVIDIA's libraries by path, those that others need first, so that the plug-in's look-ups by name find
// these and not a system's. What does not load is told and left to the plug-in, which may never need it.
func preload(root string, progress io.Writer) {
	if root == "" {
		return
	}
	for _, name := range []string{
		"cu13/lib/libcudart.so.13", "cu13/lib/libnvrtc.so.13", "cu13/lib/libnvJitLink.so.13", "cu13/lib/libcublasLt.so.13", "cu13/lib/libcublas.so.13",
		"cu13/lib/libcupti.so.13", "cu13/lib/libcusparse.so.12", "cu13/lib/libcusolver.so.12", "cu13/lib/libcufft.so.12",
		"nccl/lib/libnccl.so.2", "nvshmem/lib/libnvshmem_host.so.3", "cudnn/lib/libcudnn.so.9",
	} {
		if err := loadLibrary(filepath.Join(root, filepath.FromSlash(name))); err != nil {
			fmt.Fprintln(progress, "rltrain:", err)
		}
	}
}

// setCUDAFlags adds our flags to XLA_FLAGS unless the user set them. It must run before the plug-in is loaded.
func setCUDAFlags(root string) error {
	flags := os.Getenv("XLA_FLAGS")
	if !strings.Contains(flags, gpuDeterministic) {
		flags += " " + gpuDeterministic + "=true"
	}
	if root != "" && !strings.Contains(flags, gpuDataDir) {
		flags += " " + gpuDataDir + "=" + filepath.Join(root, "cu13")
	}
	flags = strings.TrimSpace(flags)
	if err := os.Setenv("XLA_FLAGS", flags); err != nil {
		return fmt.Errorf("set XLA_FLAGS to %q: %w", flags, err)
	}
	return nil
}
