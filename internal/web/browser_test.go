package web_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/internal/web"
)

// tab is a page of a headless Chromium.
type tab struct {
	testing.TB
	ctx     context.Context
	address string
}

// openBrowser starts a Chromium in front of the pages of these runs. Without one on the machine the test is skipped,
// unless RLTRAIN_E2E asks for it.
func openBrowser(t *testing.T, runs string) tab {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "headless-shell"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		require.Empty(t, os.Getenv("RLTRAIN_E2E"), "RLTRAIN_E2E is set and there is no Chromium: install it (Debian: apt-get install chromium)")
		t.Skip("no Chromium on PATH: the pages are not tried in a browser (Debian: apt-get install chromium; RLTRAIN_E2E=1 makes this a failure)")
	}
	server, err := web.New(web.Options{Runs: runs})
	require.NoError(t, err)
	httpServer := httptest.NewServer(server.Handler())
	t.Cleanup(httpServer.CloseClientConnections) // the streams of events do not end by themselves
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // root has no user namespace to give; the pages are our own
	}
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Minute)
	t.Cleanup(stop)
	ctx, stopBrowser := chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(stopBrowser)
	ctx, closeTab := chromedp.NewContext(ctx)
	t.Cleanup(closeTab)
	require.NoError(t, chromedp.Do(ctx), "start the browser")
	return tab{t, ctx, httpServer.URL}
}

func (b tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	require.NoError(b, chromedp.Do(b.ctx, steps...))
}

// open goes to a page, which must be one of ours, and waits for its style too: a click goes to a place.
func (b tab) open(path string) {
	b.Helper()
	b.do(chromedp.Navigate(b.address+path), chromedp.WaitReady("main"))
	b.eventually("true")
}

// screen emulates a screen of that size and colour scheme.
func (b tab) screen(width, height int64, scheme string) {
	b.Helper()
	var options []chromedp.EmulateViewportOption
	if width < 600 {
		options = append(options, chromedp.EmulateMobile)
	}
	b.do(chromedp.EmulateViewport(width, height, options...), chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		return err
	}))
}

// ask evaluates an expression in the page.
func ask[T any](b tab, expression string) T {
	b.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	require.NoError(b, err, expression)
	return value
}

// text is what a reader sees of the first element that the selector finds.
func (b tab) text(selector string) string {
	b.Helper()
	return ask[string](b, fmt.Sprintf("document.querySelector(%q)?.innerText ?? 'nothing'", selector))
}

// eventually waits until the page is loaded, its script included, and an expression is true in it. Nothing can be asked of a page that
// is just being left: that is no yet.
func (b tab) eventually(expression string) {
	b.Helper()
	expression = `document.readyState === "complete" && (` + expression + `)`
	require.Eventually(b, func() bool {
		yes, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](expression))
		return err == nil && yes
	}, 60*time.Second, 50*time.Millisecond, expression)
}

// spot is a place on the screen: a part of the width of an element, half way down.
func (b tab) spot(selector string, part float64) (x, y float64) {
	b.Helper()
	at := ask[[]float64](b, fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.scrollIntoView({block: "center"});
		const r = e.getBoundingClientRect(); return [r.left + r.width * %g, r.top + r.height / 2]; })()`, selector, part))
	return at[0], at[1]
}

// hover moves the pointer over an element.
func (b tab) hover(selector string, part float64) {
	b.Helper()
	x, y := b.spot(selector, part)
	b.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, x, y))
}

// drag presses at one part of an element and lets go at another.
func (b tab) drag(selector string, from, to float64) {
	b.Helper()
	x, y := b.spot(selector, from)
	end, _ := b.spot(selector, to)
	b.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, x, y), chromedp.MouseEvent(input.DispatchMouseEventTypeMousePressed, x, y, chromedp.ButtonLeft, chromedp.ClickCount(1)),
		chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, (x+end)/2, y, chromedp.ButtonLeft), chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, end, y, chromedp.ButtonLeft),
		chromedp.MouseEvent(input.DispatchMouseEventTypeMouseReleased, end, y, chromedp.ButtonLeft, chromedp.ClickCount(1)))
}
