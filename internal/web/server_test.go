package web_test

import (
	"context"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/internal/web"
)

// get asks a server over this folder, as a browser on the same machine would.
func get(t *testing.T, runs, path string) *httptest.ResponseRecorder {
	t.Helper()
	return request(t, web.Options{Runs: runs}, "GET", path, nil)
}

func request(t *testing.T, options web.Options, method, path string, change func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	server, err := web.New(options)
	require.NoError(t, err)
	r := httptest.NewRequest(method, path, nil)
	r.Host = "127.0.0.1:8080"
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	server.Handler().ServeHTTP(w, r)
	return w
}

// pagePaths are all pages of a run.
func pagePaths(run, id string) []string {
	base, query := "/runs/"+url.PathEscape(run), "?"+url.Values{"id": {id}}.Encode()
	return []string{"/", base, base + "?smooth=0.9&from=1&to=3", base + "/rollouts", base + "/rollouts?where=tokens+%3E+1&q=too", base + "/rollout" + query,
		base + "/rollout" + query + "&color=entropy&all=1", base + "/rollout" + query + "&color=ratio", base + "/group" + query, base + "/emergence", base + "/experts", base + "/evals", base + "/evals?tasks=all"}
}

func TestPages(t *testing.T) {
	dir := t.TempDir()
	mustMake(t, dir, madeRun{name: "demo", config: "grpo:\n  lr: 0.1\n", steps: 8, groups: 3, evalTasks: 6, evalEvery: 4})
	mustMake(t, dir, madeRun{name: "other", config: "grpo:\n  lr: 0.2\n  steps: 3\n", steps: 3, groups: 2})
	for _, test := range []struct {
		path string
		want []string
	}{
		{"/", []string{"demo", "other", "finished", "20.0 %", "80.0 %", `name="run"`}},
		{"/runs/demo", []string{"Did it learn?", "20.0 %", "80.0 %", "takes off at", "Gradient norm", "<svg", "countdown/test", "pass@4 countdown/test", "One problem, before and after", "lr: 0.1"}},
		{"/runs/demo?with=other", []string{"grpo.lr", "0.1", "0.2", "grpo.steps", `class="line c1"`}},
		{"/runs/demo?from=2&to=4&smooth=0.6", []string{"All steps", `data-x0="2"`, `data-x1="4"`, `class="faint"`}},
		{"/runs/demo/rollouts?step=7", []string{"step 7 · countdown-7-2 · 3", "later step"}},
		{"/runs/demo/rollouts?q=hold+on", []string{"Hold on"}},
		{"/runs/demo/rollouts?verdict=timeout", []string{"No rollout matches"}},
		{"/runs/demo/group?id=7:countdown-7-1:0", []string{"Sample 3", "Sample 0", "right", "advantage"}},
		{"/runs/demo/rollout?id=7:countdown-7-1:0", []string{"Chain of thought", "28 is not 36", "All 4 samples", "log-prob"}},
		{"/runs/demo/rollout?id=7:countdown-7-1:0&color=ratio", []string{`class="n4"`, `class="p4"`, "ratio 0.8187", "ratio 1.2214", "ratio 1.0000", "over the sampler’s"}},
		{"/runs/demo/rollout?id=eval/countdown/test/t1/6x4:8:countdown-check-1:0", []string{"This task over the steps", "step 0", "step 4", "of 4 right"}},
		{"/runs/demo/emergence", []string{"wait, let me reconsider", "reconsideration", "descriptive", "takes off at", "<svg", "reflecting pays", "40 of 64", "+31.0", "+10.0 to +35.0"}},
		{"/runs/demo/experts", []string{"Layer 1", "1 expert dead", "2×", "Routing bias"}},
		{"/runs/demo/evals", []string{"pass@1", "pass@k", "newly solved", "+60.0", "Trained less base at k = 4", "<caption>maj@k", "<caption>pass^k", "best_logp@4"}},
		{"/runs/other/evals", []string{"No evaluation is recorded yet"}},
		{"/compare?run=demo&run=other", []string{"/runs/demo?with=other"}},
	} {
		t.Run(test.path, func(t *testing.T) {
			w := get(t, dir, test.path)
			body := html.UnescapeString(w.Body.String())
			if w.Code != http.StatusSeeOther {
				require.Equal(t, http.StatusOK, w.Code, body)
			}
			for _, want := range test.want {
				require.Contains(t, body+w.Header().Get("Location"), want)
			}
		})
	}
}

func TestFaultsNameTheValueAndWhatToDo(t *testing.T) {
	dir := t.TempDir()
	mustMake(t, dir, madeRun{name: "demo", steps: 1, groups: 1})
	for _, test := range []struct {
		path string
		code int
		want string
	}{
		{"/runs/nothing", 404, "no run &#34;nothing&#34;"},
		{"/runs/..", 404, ""},
		{"/runs/%2e%2e%2f%2e%2e%2fetc", 404, "no run"},
		{"/runs/..%2fdemo/rollouts", 404, "no run"},
		{"/runs/demo%00/rollouts", 404, "no run"},
		{"/static/..%2fweb.go", 404, ""},
		{"/static/style.css", 404, "no page"},
		{"/anything", 404, "no page"},
		{"/runs/demo/rollout?id=9:none:0", 404, "no rollout"},
		{"/runs/demo/group", 404, "no rollout"},
		{"/runs/demo/raw?id=x", 404, "no rollout"},
		{"/runs/demo/rollouts?step=x", 400, "step &#34;x&#34;: give a whole number"},
		{"/runs/demo/rollouts?min_reward=high", 400, "give a number"},
		{"/runs/demo/rollouts?where=toens+%3E+1", 400, "unknown variable &#34;toens&#34;"},
		{"/runs/demo?smooth=7", 400, "from 0 up to 0.99"},
		{"/runs/demo?with=gone", 404, "gone"},
		{"/runs/demo/evals?tasks=some", 400, "gained, lost or all"},
	} {
		t.Run(test.path, func(t *testing.T) {
			w := get(t, dir, test.path)
			if w.Code == http.StatusMovedPermanently || w.Code == http.StatusTemporaryRedirect { // ServeMux cleans a path before anybody sees it
				require.NotContains(t, w.Header().Get("Location"), "..")
				return
			}
			require.Equal(t, test.code, w.Code, w.Body.String())
			require.Contains(t, w.Body.String(), test.want)
		})
	}
	w := get(t, dir, "/runs/demo/rollouts?sort=response")
	require.Contains(t, w.Body.String(), "unknown field")
}

// hostile is what a model may write to take over a page, or to look like a part of it.
const hostile = "<script>alert(1)</script><img src=x onerror=alert(2)></pre></article>\" onmouseover=\"alert(3)' {{.Token}} javascript:alert(4) " +
	"\x1b[2J\x1b]8;;http://evil\x07 \x00 \xed\xa0\x80 \xff \u202egnp.exe\u2066 \u200f مرحبا <!-- ]]> \u2028"

func TestHostileTextIsEscaped(t *testing.T) {
	dir := t.TempDir()
	text := hostile + strings.Repeat("A", 1<<20) + "<script>end</script>"
	name := "<i>run&\"'"
	mustMake(t, dir, madeRun{name: name, config: hostile, steps: 4, groups: 2, evalTasks: 2, evalEvery: 2, hostile: text})
	for _, path := range append(pagePaths(name, "3:countdown-3-1:3"), pagePaths(name, hostile)...) {
		w := get(t, dir, path)
		body := w.Body.String()
		for _, wrong := range []string{"<script>alert", "<script>end", "<img", "onmouseover=\"", "<i>run", "\x1b", "\x00", "\u202e", "\u2066", "\u200f", "\u2028", "\xed\xa0\x80", "</article>\"", "style="} {
			require.NotContains(t, body, wrong, path)
		}
		require.Equal(t, strings.Count(body, "<script"), strings.Count(body, "<script src=\"/static/"), path)
	}
	shown := get(t, dir, "/runs/"+url.PathEscape(name)+"/rollout?id=3:countdown-3-1:3").Body.String()
	require.Contains(t, shown, "&lt;script&gt;alert(1)&lt;/script&gt;")
	require.Contains(t, shown, `\x1b[2J`)
	require.Contains(t, shown, `\u202egnp.exe`)
	require.Contains(t, shown, "مرحبا", "right-to-left letters are text")
	require.Contains(t, shown, "only its beginning is shown")
	require.Less(t, len(shown), 400_000)

	raw := get(t, dir, "/runs/"+url.PathEscape(name)+"/raw?id=3:countdown-3-1:3")
	require.Equal(t, text, raw.Body.String(), "byte for byte")
	require.Equal(t, "text/plain; charset=utf-8", raw.Header().Get("Content-Type"))
	require.Equal(t, "nosniff", raw.Header().Get("X-Content-Type-Options"))
}

func TestGuard(t *testing.T) {
	dir := t.TempDir()
	mustMake(t, dir, madeRun{name: "demo", steps: 1, groups: 1})
	for _, path := range append(pagePaths("demo", "0:countdown-0-0:0"), "/nowhere", "/runs/demo/raw?id=0:countdown-0-0:0") {
		w := get(t, dir, path)
		csp := w.Header().Get("Content-Security-Policy")
		require.Contains(t, csp, "default-src 'none'; script-src 'self'; style-src 'self'", path)
		require.NotContains(t, csp, "unsafe", path)
		require.NotEmpty(t, w.Header().Get("Referrer-Policy"), path)
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"} {
		w := request(t, web.Options{Runs: dir}, method, "/runs/demo", nil)
		require.Equal(t, http.StatusMethodNotAllowed, w.Code, method)
		require.Equal(t, "GET, HEAD", w.Header().Get("Allow"))
	}
	for host, code := range map[string]int{"localhost:8080": 200, "127.0.0.1": 200, "[::1]:9": 200, "evil.example:8080": 403, "10.0.0.7:8080": 403, "localhost.evil.example": 403} {
		w := request(t, web.Options{Runs: dir}, "GET", "/", func(r *http.Request) { r.Host = host })
		require.Equal(t, code, w.Code, host)
	}
}

func TestToken(t *testing.T) {
	options := web.Options{Runs: t.TempDir(), Token: "open sesame; &"}
	for name, test := range map[string]struct {
		path   string
		change func(*http.Request)
		code   int
	}{
		"none":   {"/", func(*http.Request) {}, 401},
		"wrong":  {"/?token=open", func(*http.Request) {}, 401},
		"empty":  {"/?token=", func(r *http.Request) { r.Header.Set("Authorization", "Bearer ") }, 401},
		"bearer": {"/", func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+options.Token) }, 200},
		"static": {"/static/app.js", func(*http.Request) {}, 401},
		"events": {"/events", func(*http.Request) {}, 401},
		"cookie": {"/", func(r *http.Request) {
			r.AddCookie(&http.Cookie{Name: "rltrain_token", Value: url.QueryEscape(options.Token)})
		}, 200},
	} {
		w := request(t, options, "GET", test.path, func(r *http.Request) {
			r.Host = "pages.example"
			test.change(r)
		})
		require.Equal(t, test.code, w.Code, name)
	}
	w := request(t, options, "GET", "//evil.example/a?x=1&token="+url.QueryEscape(options.Token), nil)
	require.Equal(t, http.StatusSeeOther, w.Code)
	require.Equal(t, "/evil.example/a?x=1", w.Header().Get("Location"), "the token leaves the address, and the address stays ours")
	set := w.Result().Cookies()[0]
	require.True(t, set.HttpOnly)
	require.Equal(t, http.SameSiteStrictMode, set.SameSite)
}

func TestListen(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0", "pages.example:0"} {
		_, err := web.Listen(addr, "")
		require.ErrorContains(t, err, "--token", addr)
	}
	_, err := web.Listen("8080", "")
	require.ErrorContains(t, err, "HOST:PORT")
	listener, err := web.Listen("127.0.0.1:0", "")
	require.NoError(t, err)
	_, err = web.Listen(listener.Addr().String(), "")
	require.ErrorContains(t, err, "another port")

	server, err := web.New(web.Options{Runs: t.TempDir()})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error)
	go func() { served <- server.Serve(ctx, listener) }()
	answer, err := http.Get("http://" + listener.Addr().String())
	require.NoError(t, err)
	defer answer.Body.Close()
	require.Equal(t, http.StatusOK, answer.StatusCode)
	cancel()
	require.NoError(t, <-served)
}

func TestNewRefusesARunFolder(t *testing.T) {
	dir := t.TempDir()
	mustMake(t, dir, madeRun{name: "demo", steps: 1, groups: 1})
	_, err := web.New(web.Options{Runs: filepath.Join(dir, "demo")})
	require.ErrorContains(t, err, "--runs "+dir)
}

func TestARunThatCannotBeReadIsALineOfTheList(t *testing.T) {
	dir := t.TempDir()
	mustMake(t, dir, madeRun{name: "good", steps: 1, groups: 1})
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "bad"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "bad", "log.db"), []byte("no database at all, but long enough to be read as one"), 0o600))
	body := get(t, dir, "/").Body.String()
	require.Contains(t, body, "log.db is damaged")
	require.Contains(t, body, "/runs/good")
}

func TestStaticFilesAreKeptByTheirHash(t *testing.T) {
	body := get(t, t.TempDir(), "/").Body.String()
	for _, kind := range []struct{ before, after, mime string }{
		{`href="`, `css"`, "text/css"}, {`src="`, `js"`, "javascript"}, {`href="`, `svg"`, "image/svg+xml"}} {
		end := strings.Index(body, kind.after) + len(kind.after) - 1
		start := strings.LastIndex(body[:end], kind.before) + len(kind.before)
		w := get(t, t.TempDir(), body[start:end])
		require.Equal(t, 200, w.Code, body[start:end])
		require.Contains(t, w.Header().Get("Content-Type"), kind.mime)
		require.Contains(t, w.Header().Get("Cache-Control"), "immutable")
	}
}
