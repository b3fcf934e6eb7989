package xla

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/gomlx/go-xla/installer"
)

// upstreamVersion is the release of github.com/gomlx/pjrt-cpu-binaries that go-xla 0.4.1 installs.
const upstreamVersion = "v0.114.0"

// releaseURL asks GitHub for the address of upstream's archive.
func releaseURL(platform string) (string, error) {
	return installer.CPUGetDownloadURL(platform, upstreamVersion)
}

// fetchRelease brings upstream's own build of the plug-in from GitHub to s.upstreamTarget(). It has
// no checksum pinned here: the release has none for go-xla's installer to check either, so what
// vouches for it is TLS, and the line on progress says so.
func fetchRelease(ctx context.Context, s settings, progress io.Writer) error {
	address, err := askRelease(ctx, s)
	if err != nil {
		return err
	}
	fmt.Fprintln(progress, "rltrain: the package index has no plug-in for us; taking go-xla's own from GitHub, "+upstreamVersion+", without a pinned checksum")
	return inTemp(s.cache, func(dir string) error {
		archive := filepath.Join(dir, filepath.Base(address))
		if _, err := download(ctx, address, archive, s.upstreamTarget(), progress); err != nil {
			return err
		}
		unpacked := filepath.Join(dir, "unpacked")
		unpack := installer.Untar
		if strings.HasSuffix(archive, ".zip") {
			unpack = installer.Unzip
		}
		files, err := unpack(archive, unpacked)
		if err != nil {
			return fmt.Errorf("unpack %s: %w (free some space, or try another RLTRAIN_CACHE)", redact(address), err)
		}
		return publishRelease(files, dir, s)
	})
}

// askRelease runs the look-up, which takes no context, beside ctx.
func askRelease(ctx context.Context, s settings) (string, error) {
	type answer struct {
		url string
		err error
	}
	done := make(chan answer, 1)
	go func() {
		url, err := s.upstream(s.platform)
		done <- answer{url, err}
	}()
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case a := <-done:
		if a.err != nil {
			return "", unreachable(a.err)
		}
		return a.url, nil
	}
}

// publishRelease moves the one plug-in among files to its place.
func publishRelease(files []string, dir string, s settings) error {
	for _, f := range files {
		base := filepath.Base(f)
		if !strings.HasPrefix(base, "pjrt_c_api_cpu_") || !strings.HasSuffix(base, filepath.Ext(s.pluginFile())) {
			continue
		}
		clean := filepath.Join(dir, "clean")
		if err := os.Mkdir(clean, 0o755); err != nil {
			return fmt.Errorf("install the plug-in: %w", err)
		}
		if err := os.Rename(f, filepath.Join(clean, s.pluginFile())); err != nil {
			return fmt.Errorf("install the plug-in: %w", err)
		}
		return publish(clean, filepath.Dir(s.upstreamTarget()))
	}
	return errors.New("install the plug-in: the release has none in it; try RLTRAIN_PJRT with a plug-in you have")
}
