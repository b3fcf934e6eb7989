package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// policy allows our own files and nothing else: no inline script or style, no other host, no frame.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// cookie holds the token once a browser has shown it.
const cookie = "rltrain_token"

// guard refuses what may not be read or is no reading, and sets the headers that hold for every page.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", policy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Cache-Control", "no-store")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			header.Set("Allow", "GET, HEAD")
			http.Error(w, fmt.Sprintf("method %s: these pages are read-only, use GET", r.Method), http.StatusMethodNotAllowed)
			return
		}
		if s.options.Token == "" {
			// A page from elsewhere can point a name of its own at 127.0.0.1; it cannot forge the Host header.
			if !loopbackHost(r.Host) {
				http.Error(w, fmt.Sprintf("host %q is no loopback name: open http://127.0.0.1 or http://localhost with the port, or start with --token", r.Host), http.StatusForbidden)
				return
			}
			next.ServeHTTP(w, r)
			return
		}
		s.checkToken(w, r, next)
	})
}

// checkToken takes the token from a header, the cookie or, once, from the address, where it does not stay.
func (s *Server) checkToken(w http.ResponseWriter, r *http.Request, next http.Handler) {
	bearer, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if s.isToken(bearer) {
		next.ServeHTTP(w, r)
		return
	}
	if c, err := r.Cookie(cookie); err == nil {
		if value, err := url.QueryUnescape(c.Value); err == nil && s.isToken(value) {
			next.ServeHTTP(w, r)
			return
		}
	}
	query := r.URL.Query()
	if s.isToken(query.Get("token")) {
		query.Del("token")
		http.SetCookie(w, &http.Cookie{Name: cookie, Value: url.QueryEscape(s.options.Token), Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
		to := url.URL{Path: "/" + strings.TrimLeft(r.URL.Path, "/\\"), RawQuery: query.Encode()}
		http.Redirect(w, r, to.String(), http.StatusSeeOther)
		return
	}
	w.Header().Set("WWW-Authenticate", "Bearer")
	http.Error(w, "a token is needed: open the address that rltrain web printed, or send Authorization: Bearer TOKEN", http.StatusUnauthorized)
}

// isToken compares hashes, so that neither content nor length shows in the time it takes.
func (s *Server) isToken(shown string) bool {
	want, got := sha256.Sum256([]byte(s.options.Token)), sha256.Sum256([]byte(shown))
	return shown != "" && subtle.ConstantTimeCompare(want[:], got[:]) == 1
}

func loopbackHost(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
