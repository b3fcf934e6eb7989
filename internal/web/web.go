// Package web shows runs as pages: curves, rollouts, how reflection emerges, experts and evaluations. It reads the same
// log as the terminal (internal/runlog), also while the run goes on, and writes nothing.
//
// Pages are made whole on the server: charts are SVG, and each is backed by a table, so that they say the same without
// JavaScript. One small script adds what a server cannot: reading values under the pointer, zooming by dragging, and
// taking a fresh copy of the page when the run has moved on.
//
// What a model or a data set wrote is hostile. html/template escapes it, what does not print is shown as an escape
// (text.go), and the content security policy allows no inline script or style and nothing from elsewhere (guard.go).
package web

import (
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"os"
	"path/filepath"
	"slices"

	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/policy/tokenizer"
)

// Options say what to serve.
type Options struct {
	Runs  string // folder that holds the run folders
	Token string // who has it may read; "" serves requests to loopback names only
}

// Server makes the pages.
type Server struct {
	options Options
	pages   map[string]*template.Template
	static  map[string]asset // by path

	tokenizers tokenizers
}

// errNoRun is wrapped where a page's run does not exist.
var errNoRun = errors.New("no such run")

// New checks the options and reads the templates.
func New(o Options) (*Server, error) {
	if _, err := os.Stat(filepath.Join(o.Runs, runlog.DBFile)); err == nil {
		return nil, fmt.Errorf("%s is a run, not a folder of runs: name the folder above it, --runs %s", o.Runs, filepath.Dir(filepath.Clean(o.Runs)))
	}
	if _, err := runlog.List(o.Runs); err != nil {
		return nil, err
	}
	static, err := readStatic()
	if err != nil {
		return nil, err
	}
	pages, err := readPages(static)
	if err != nil {
		return nil, err
	}
	return &Server{options: o, pages: pages, static: static, tokenizers: tokenizers{read: map[string]*tokenizer.Tokenizer{}}}, nil
}

// Handler serves the pages.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	page := func(pattern string, serve func(http.ResponseWriter, *http.Request) error) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if err := serve(w, r); err != nil {
				s.fail(w, r, err)
			}
		})
	}
	page("GET /{$}", s.runsPage)
	page("GET /compare", s.comparePage)
	page("GET /events", s.events)
	page("GET /runs/{run}", s.overviewPage)
	page("GET /runs/{run}/rollouts", s.rolloutsPage)
	page("GET /runs/{run}/rollout", s.rolloutPage)
	page("GET /runs/{run}/raw", s.rawPage)
	page("GET /runs/{run}/group", s.groupPage)
	page("GET /runs/{run}/emergence", s.emergencePage)
	page("GET /runs/{run}/experts", s.expertsPage)
	page("GET /runs/{run}/evals", s.evalsPage)
	page("GET /runs/{run}/events", s.events)
	mux.HandleFunc("GET /static/{file}", s.serveStatic)
	page("GET /", func(_ http.ResponseWriter, r *http.Request) error { return notFound(r.URL.Path) })
	return s.guard(mux)
}

// open opens the run that a request names. Only names that the folder lists are looked for, so none leads out of it.
func (s *Server) open(name string) (*runlog.Log, error) {
	names, err := runlog.List(s.options.Runs)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(names, name) {
		return nil, fmt.Errorf("no run %q in the folder of runs: %w", name, errNoRun)
	}
	return runlog.OpenReadOnly(filepath.Join(s.options.Runs, name))
}

// withRun calls show with the log of the request's run.
func (s *Server) withRun(r *http.Request, show func(*runlog.Log) error) error {
	log, err := s.open(r.PathValue("run"))
	if err != nil {
		return err
	}
	defer log.Close()
	return show(log)
}
