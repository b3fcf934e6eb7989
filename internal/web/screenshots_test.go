package web_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// TestScreenshots takes the pictures of the documentation, when asked to:
//
//	RLTRAIN_SCREENSHOTS=docs/images RLTRAIN_RUNS=runs RLTRAIN_RUN=demo RLTRAIN_ROLLOUT=59:countdown-1_2_3-6:0 \
//	  go test -tags fts5 -run Screenshots ./internal/web
//
// Folders are those below the repository's root. RLTRAIN_ONLY names single pages, RLTRAIN_FULL=1 takes whole pages.
func TestScreenshots(t *testing.T) {
	into := os.Getenv("RLTRAIN_SCREENSHOTS")
	if into == "" {
		t.Skip("RLTRAIN_SCREENSHOTS names no folder for pictures")
	}
	run, only := "/runs/"+os.Getenv("RLTRAIN_RUN"), os.Getenv("RLTRAIN_ONLY")
	id := "?" + url.Values{"id": {os.Getenv("RLTRAIN_ROLLOUT")}}.Encode()
	b := openBrowser(t, belowRoot(os.Getenv("RLTRAIN_RUNS")))
	pages := map[string]string{"runs": "/", "overview": run, "rollouts": run + "/rollouts?reflections=2&verdict=correct&phase=train",
		"rollout": run + "/rollout" + id + "&color=ratio", "group": run + "/group" + id, "emergence": run + "/emergence", "experts": run + "/experts", "evals": run + "/evals"}
	for name, path := range pages {
		if only != "" && !strings.Contains(","+only+",", ","+name+",") {
			continue
		}
		for _, view := range []struct {
			width, height int64
			scheme        string
		}{{1280, 900, "light"}, {1280, 900, "dark"}, {375, 812, "light"}, {375, 812, "dark"}} {
			b.screen(view.width, view.height, view.scheme)
			b.open(path)
			picture, err := chromedp.Run(b.ctx, capture(os.Getenv("RLTRAIN_FULL") != ""))
			require.NoError(t, err)
			file := filepath.Join(belowRoot(into), fmt.Sprintf("web-%s-%d-%s.png", name, view.width, view.scheme))
			require.NoError(t, os.WriteFile(file, picture, 0o644))
		}
	}
}

func belowRoot(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join("..", "..", path)
}

// capture takes the screen, or all of the page.
func capture(all bool) chromedp.Action[[]byte] {
	return func(ctx context.Context, t *chromedp.Target) ([]byte, error) {
		r, err := cdp.Call(ctx, t, page.CaptureScreenshot, page.CaptureScreenshotParams{CaptureBeyondViewport: &all})
		return r.Data, err
	}
}
