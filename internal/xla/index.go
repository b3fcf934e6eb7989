package xla

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"
	"time"
)

// go-xla's installer has GetPipInfo and DownloadURLToTemp, but they take neither an index nor a
// context nor a client, ask PyPI's own JSON API that mirrors lack (they serve the simple API, PEP
// 503 and 691), check no HTTP status and draw on standard output. Hence the code here.

// unreachableError marks a source that could not be asked or does not have the file.
type unreachableError struct{ err error }

func (e *unreachableError) Error() string { return e.err.Error() }
func (e *unreachableError) Unwrap() error { return e.err }

func unreachable(err error) error { return &unreachableError{err} }

func isUnreachable(err error) bool {
	var u *unreachableError
	return errors.As(err, &u)
}

// client honours HTTP_PROXY, HTTPS_PROXY and NO_PROXY and gives up on a server that does not answer.
// The transfer itself has no time limit but its context's; see watched for one that stops.
func client() *http.Client {
	return &http.Client{Transport: &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 20 * time.Second}).DialContext,
		ForceAttemptHTTP2:     true,
		TLSHandshakeTimeout:   20 * time.Second,
		ResponseHeaderTimeout: 60 * time.Second,
	}}
}

// get opens the body at address; anything but an answer with status 200 is unreachable.
func get(ctx context.Context, address, accept string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("ask for the plug-in: %w (check RLTRAIN_PYPI)", err)
	}
	req.Header.Set("User-Agent", "rltrain")
	if accept != "" {
		req.Header.Set("Accept", accept)
	}
	resp, err := client().Do(req)
	if err != nil {
		return nil, unreachable(err) // names the address, without its password
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return nil, unreachable(fmt.Errorf("get %s: status %s", req.URL.Redacted(), resp.Status))
	}
	return resp, nil
}

// wheelURL asks the package index where the wheel lies.
func wheelURL(ctx context.Context, base string, w wheel) (string, error) {
	page := strings.TrimRight(base, "/") + "/" + w.project + "/"
	resp, err := get(ctx, page, "application/vnd.pypi.simple.v1+json, text/html;q=0.5")
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	const limit = 16 << 20
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit))
	if err != nil {
		return "", unreachable(fmt.Errorf("read %s: %w", resp.Request.URL.Redacted(), err))
	}
	link := linkHTML(body, w.file)
	if kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); strings.HasSuffix(kind, "json") {
		link = linkJSON(body, w.file)
	}
	ref, err := url.Parse(link)
	if link == "" || err != nil {
		return "", unreachable(fmt.Errorf("%s does not list %s", resp.Request.URL.Redacted(), w.file))
	}
	ref = resp.Request.URL.ResolveReference(ref)
	ref.Fragment = ""
	return ref.String(), nil
}

// linkJSON finds a file's address in the JSON form of an index page (PEP 691).
func linkJSON(body []byte, file string) string {
	var page struct {
		Files []struct{ Filename, URL string }
	}
	if json.Unmarshal(body, &page) != nil {
		return ""
	}
	for _, f := range page.Files {
		if f.Filename == file {
			return f.URL
		}
	}
	return ""
}

// linkHTML finds a file's address in the HTML form of an index page (PEP 503).
func linkHTML(body []byte, file string) string {
	anchor := regexp.MustCompile(`(?i)<a\s[^>]*href\s*=\s*["']([^"']*)["']`)
	for _, m := range anchor.FindAllSubmatch(body, -1) {
		link := html.UnescapeString(string(m[1]))
		if u, err := url.Parse(link); err == nil && path.Base(u.Path) == file {
			return link
		}
	}
	return ""
}
