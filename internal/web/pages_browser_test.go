package web_test

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/internal/runlog"
)

// click presses what a selector finds, as a reader would.
func (b tab) click(selector string) {
	b.Helper()
	b.do(chromedp.Click(chromedp.CSS(selector)))
}

// TestInABrowser opens each page in Chromium, clicks, filters and hovers, and asserts what is seen.
func TestInABrowser(t *testing.T) {
	dir := t.TempDir()
	mustMake(t, dir, madeRun{name: "demo", config: "grpo:\n  lr: 0.1\n", steps: 20, groups: 6, evalTasks: 12, evalEvery: 5})
	mustMake(t, dir, madeRun{name: "other", config: "grpo:\n  lr: 0.2\n", steps: 12, groups: 2})
	mustMake(t, dir, madeRun{name: "hostile", steps: 2, groups: 1, hostile: "<img src=x onerror=\"window.taken=1\"><script>window.taken=2</script>\u202e" + hostile + strings.Repeat("A", 1<<20)})
	b := openBrowser(t, dir)
	b.screen(1280, 900, "light")
	for _, part := range []struct {
		name string
		try  func(tab)
	}{{"runs", tryRuns}, {"overview", tryOverview}, {"keyboard", tryKeyboard}, {"rollouts", tryRollouts}, {"chain", tryChain},
		{"emergence", tryEmergence}, {"experts", tryExperts}, {"evals", tryEvals}, {"narrow", tryNarrow}, {"hostile", tryHostile}, {"no script", tryWithoutScript}} {
		t.Run(part.name, func(t *testing.T) { part.try(tab{t, b.ctx, b.address}) })
	}
	t.Run("live", func(t *testing.T) { tryLive(tab{t, b.ctx, b.address}, dir) })
}

func tryRuns(b tab) {
	b.open("/")
	require.Contains(b, b.text("table.runs"), "20.0 % → 80.0 %")
	ask[bool](b, `document.querySelectorAll("input[name=run]").forEach((i) => i.click()), true`)
	b.click("main form button")
	b.eventually(`location.search.includes("with=") && document.body.innerText.includes("Settings that differ")`)
	require.Contains(b, b.text("main"), "grpo.lr")
	require.Contains(b, b.text("#chart-reward .legend"), "other")
}

func tryOverview(b tab) {
	b.open("/runs/demo")
	require.Contains(b, b.text(".answers"), "takes off at step")
	resting := b.text("#chart-accuracy .legend")
	require.Contains(b, resting, "training 77.0 %")
	b.hover("#chart-accuracy svg", 0.5)
	b.eventually(`document.querySelector("#chart-accuracy .cross-at")?.textContent.startsWith("step ")`)
	require.NotEqual(b, resting, b.text("#chart-accuracy .legend"))
	step := b.text("#chart-reward .cross-at")
	require.Equal(b, ask[string](b, `document.querySelector("#chart-accuracy .cross-at").textContent`),
		ask[string](b, `document.querySelector("#chart-reward .cross-at").textContent`), "all charts read the same step, %s", step)
	b.drag("#chart-accuracy svg", 0.4, 0.8)
	b.eventually(`location.search.includes("from=") && Number(document.querySelector("#chart-accuracy svg").dataset.x0) > 2`)
	require.Contains(b, b.text(".toolbar"), "All steps")
	b.click(".toolbar a.reset")
	b.eventually(`document.querySelector("#chart-accuracy svg").dataset.x0 === "0"`)
	ask[bool](b, `(() => { const s = document.querySelector(".toolbar select"); s.value = "0.9"; s.dispatchEvent(new Event("change")); return true; })()`)
	b.eventually(`document.querySelector("#chart-reward .faint") !== null`)
	b.click("main > details summary")
	require.Contains(b, b.text("table.values"), "grad norm")
}

func tryKeyboard(b tab) {
	b.open("/runs/demo")
	b.do(chromedp.KeyEvent(kb.Tab))
	require.Equal(b, "Skip to the content", ask[string](b, `document.activeElement.textContent`))
	b.do(chromedp.Focus(chromedp.CSS("#chart-reward svg")), chromedp.KeyEvent(kb.Home))
	b.eventually(`document.querySelector("#chart-reward .cross-at")?.textContent === "step 0"`)
	b.do(chromedp.KeyEvent(kb.ArrowRight))
	b.eventually(`document.querySelector("#chart-reward .cross-at")?.textContent === "step 1"`)
	require.Equal(b, "0.25", strings.TrimSpace(b.text("#chart-reward .legend")))
	b.open("/runs/demo/rollouts")
	b.do(chromedp.KeyEvent("j"), chromedp.KeyEvent("j"), chromedp.KeyEvent(kb.Enter))
	b.eventually(`location.pathname === "/runs/demo/rollout"`)
}

func tryRollouts(b tab) {
	b.open("/runs/demo/rollouts")
	require.Equal(b, 40, ask[int](b, `document.querySelectorAll(".rollouts li").length`))
	b.click(".pager .button")
	b.eventually(`location.search.includes("before=") && document.querySelectorAll(".rollouts li").length === 40`)
	b.do(chromedp.SendKeys(chromedp.CSS("input[name=q]"), "hold on"), chromedp.SendKeys(chromedp.CSS("input[name=step]"), "15"+kb.Enter))
	b.eventually(`location.search.includes("step=15")`)
	for _, row := range ask[[]string](b, `[...document.querySelectorAll(".rollouts li")].map((l) => l.innerText)`) {
		require.Contains(b, row, "Hold on")
		require.Contains(b, row, "step 15")
	}
	b.open("/runs/demo/rollouts?where=" + "verdict+%3D%3D+%22correct%22+%26%26+tokens+%3E+10&phase=train")
	require.Contains(b, b.text(".pager"), "read in")
	require.Zero(b, ask[int](b, `document.querySelectorAll(".rollouts .v-wrong").length`))
	require.True(b, ask[bool](b, `document.querySelector(".filter details").open`))
}

func tryChain(b tab) {
	b.open("/runs/demo/rollouts?effect=good&phase=eval&step=20")
	b.click(".rollouts .row")
	b.eventually(`document.querySelector("#chain") !== null`)
	require.Contains(b, b.text("#chain"), "wrong → right")
	require.NotEmpty(b, ask[string](b, `document.querySelector("#chain mark.k-reconsideration").title`))
	require.Contains(b, b.text("aside"), "This task over the steps")
	color := ask[string](b, `getComputedStyle(document.querySelector("#chain mark")).backgroundColor`)
	require.NotContains(b, []string{"rgba(0, 0, 0, 0)", "transparent"}, color, "the policy lets our style through")
	b.hover(".tokens span:nth-of-type(3)", 0.5)
	b.eventually(`document.getElementById("token").textContent.startsWith("token 2 ")`)
	b.do(chromedp.Focus(chromedp.CSS(".tokens")), chromedp.KeyEvent(kb.ArrowRight))
	b.eventually(`document.getElementById("token").textContent.startsWith("token 3 ")`)
	b.click(".switch a:last-child")
	b.eventually(`location.search.includes("color=ratio") && document.querySelector(".tokens .n4") !== null`)
	require.Contains(b, ask[string](b, `document.querySelector(".tokens .n4").title`), "ratio 0.8187")
	b.click(".history a")
	b.eventually(`document.querySelector("h1").innerText.includes(":0:countdown-check")`)
	b.click("aside h2 a")
	b.eventually(`document.querySelectorAll(".samples article").length === 4`)
	require.Contains(b, b.text("main"), "of 4 right")
}

func tryEmergence(b tab) {
	b.open("/runs/demo/emergence")
	require.Contains(b, b.text("#chart-correct"), "descriptive")
	require.Contains(b, b.text(".phrases"), "hold on, let me think again")
	b.hover("#chart-categories svg", 0.9)
	b.eventually(`document.querySelector("#chart-categories .cross-at") !== null`)
	b.click(".phrases a")
	b.eventually(`location.pathname.endsWith("/rollouts") && document.querySelectorAll(".rollouts li").length > 0`)
}

func tryExperts(b tab) {
	b.open("/runs/demo/experts")
	b.hover("figure.heat g[data-expert='0'] rect:nth-of-type(4)", 0.5)
	b.eventually(`document.querySelector("figure.heat .readout").textContent === "step 3, expert 0: 2.00× the even share"`)
	require.Contains(b, b.text("figure.heat figcaption"), "1 expert dead")
	b.click("figure.heat summary")
	require.Contains(b, b.text("figure.heat table"), "steps without a token")
}

func tryEvals(b tab) {
	b.open("/runs/demo/evals")
	require.Equal(b, 2, ask[int](b, `document.querySelector(".evalgrid .chart").querySelectorAll(".band").length`), "of the base and of the trained model")
	require.NotEqual(b, "none", ask[string](b, `getComputedStyle(document.querySelector(".band")).fill`))
	require.Contains(b, b.text(".crossing"), "Trained less base at k = 4")
	b.hover(".evalgrid .chart svg", 0.99)
	b.eventually(`document.querySelector(".evalgrid .chart .cross-at")?.textContent === "k 4"`)
	require.Contains(b, b.text(".evalgrid .chart .legend"), "–", "the legend reads the interval at that k")
	require.Contains(b, b.text(".evalset"), "newly solved")
	b.click(".switch a:last-child")
	b.eventually(`document.querySelectorAll(".tasks tbody tr").length === 12`)
}

// tryNarrow looks at each page on a phone: nothing may stick out of the screen, and dark is dark.
func tryNarrow(b tab) {
	b.screen(375, 812, "dark")
	for _, path := range pagePaths("demo", "19:countdown-19-1:0") {
		b.open(path)
		require.LessOrEqual(b, ask[int](b, `document.documentElement.scrollWidth`), 375, path)
		require.Equal(b, "rgb(18, 20, 23)", ask[string](b, `getComputedStyle(document.body).backgroundColor`))
	}
	b.screen(1280, 900, "light")
}

// tryHostile reads a chain that would take the page over.
func tryHostile(b tab) {
	for _, path := range pagePaths("hostile", "1:countdown-1-0:3") {
		b.open(path)
		require.False(b, ask[bool](b, `"taken" in window || document.querySelector("main img, main script") !== null`), path)
	}
	b.open("/runs/hostile/rollout?id=1:countdown-1-0:3")
	require.Contains(b, b.text("#chain"), `<script>window.taken=2</script>\u202e`)
	require.LessOrEqual(b, ask[int](b, `document.documentElement.scrollWidth`), 1280, "a line of a megabyte is broken")
}

// tryWithoutScript turns the pages' script off: all that a chart says stands in a table, and filters and zoom are forms.
func tryWithoutScript(b tab) {
	off := func(yes bool) chromedp.Action[chromedp.Void] {
		return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			_, err := cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: yes})
			return err
		})
	}
	b.do(off(true))
	defer b.do(off(false))
	for path, want := range map[string]string{"": "grad norm", "/emergence": "Length of right and wrong chains: not right", "/experts": "steps without a token", "/evals": "pass@k, estimated without bias"} {
		b.open("/runs/demo" + path)
		require.False(b, ask[bool](b, `document.documentElement.classList.contains("js")`), path)
		ask[bool](b, `document.querySelectorAll("details").forEach((d) => { d.open = true; }), true`)
		require.Contains(b, ask[string](b, `[...document.querySelectorAll("table")].map((t) => t.innerText).join("\n")`), want, path)
	}
	b.open("/runs/demo?from=3&to=9")
	require.Equal(b, "3", ask[string](b, `document.querySelector("#chart-accuracy svg").dataset.x0`))
	b.open("/runs/demo/rollouts")
	b.do(chromedp.SendKeys(chromedp.CSS("input[name=step]"), "4"+kb.Enter))
	b.eventually(`location.search.includes("step=4") && document.querySelectorAll(".rollouts li").length > 0`)
}

// tryLive adds a step to a run while its page is open.
func tryLive(b tab, dir string) {
	b.open("/runs/other")
	require.Contains(b, b.text(".facts"), "12 steps")
	b.hover("#chart-reward svg", 0.5)
	b.eventually(`document.querySelector("#chart-reward .cross-at") !== null`)
	log, err := runlog.Open(filepath.Join(dir, "other"))
	require.NoError(b, err)
	defer log.Close()
	ctx, m := context.Background(), madeRun{steps: 20}
	require.NoError(b, log.SetStatus(ctx, runlog.Running))
	groups, advantages := m.draw(12, 1, 0.5, rand.New(rand.NewPCG(1, 1)))
	require.NoError(b, log.RecordStep(ctx, m.row(12), groups, advantages, nil))
	b.eventually(`document.getElementById("live").innerText === "live"`)
	require.Contains(b, b.text(".facts"), "12 steps", "the page holds still under the pointer")
	b.hover("h1", 0.5)
	b.eventually(`document.querySelector(".facts").innerText.includes("13 steps") && document.getElementById("live").innerText === "live"`)
	require.Equal(b, "running", b.text("#status"))
}
