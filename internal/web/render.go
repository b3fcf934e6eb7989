package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"

	"github.com/rltrain/rltrain/internal/runlog"
)

// The templates: layout.html frames each page, parts.html has what several pages use.
//
//go:embed templates/*.html
var templateFiles embed.FS

//go:embed static/*
var staticFiles embed.FS

// asset is a file of ours; its name carries a hash, so that a browser may keep it for ever.
type asset struct {
	kind string
	data []byte
}

// readStatic returns the files under the paths that pages name them by, /static/NAME.HASH.EXT.
func readStatic() (map[string]asset, error) {
	files, err := fs.Glob(staticFiles, "static/*")
	if err != nil {
		return nil, err
	}
	all := map[string]asset{}
	for _, file := range files {
		data, err := staticFiles.ReadFile(file)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(data)
		ext := path.Ext(file)
		name := strings.TrimSuffix(path.Base(file), ext) + "." + hex.EncodeToString(sum[:4]) + ext
		all["/static/"+name] = asset{mime.TypeByExtension(ext), data}
	}
	return all, nil
}

func (s *Server) serveStatic(w http.ResponseWriter, r *http.Request) {
	file, ok := s.static[r.URL.Path]
	if !ok {
		s.fail(w, r, notFound(r.URL.Path))
		return
	}
	w.Header().Set("Content-Type", file.kind)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(file.data) // the browser may have gone
}

// readPages parses each page together with the frame.
func readPages(static map[string]asset) (map[string]*template.Template, error) {
	paths := map[string]string{} // style.css -> /static/style.0a1b2c3d.css
	for full := range static {
		parts := strings.Split(path.Base(full), ".")
		paths[parts[0]+"."+parts[2]] = full
	}
	functions := formats()
	functions["static"] = func(name string) string { return paths[name] }
	frame, err := template.New("layout.html").Funcs(functions).ParseFS(templateFiles, "templates/layout.html", "templates/parts.html")
	if err != nil {
		return nil, err
	}
	pages := map[string]*template.Template{}
	for _, name := range []string{"runs", "overview", "rollouts", "rollout", "group", "emergence", "experts", "evals", "error"} {
		page, err := frame.Clone()
		if err != nil {
			return nil, err
		}
		if pages[name], err = page.ParseFS(templateFiles, "templates/"+name+".html"); err != nil {
			return nil, err
		}
	}
	return pages, nil
}

// frame is what the layout needs of every page.
type frame struct {
	Title  string
	Run    string   // "" on the list of runs
	Status string   // of the run
	Tab    string   // which of the run's pages
	Others []string // the other runs of the folder
	Events string   // where the page hears that it is out of date; "" for pages that do not change
}

// frameOf describes a page of a run.
func (s *Server) frameOf(r *http.Request, log *runlog.Log, info runlog.Info, tab string) frame {
	name := r.PathValue("run")
	f := frame{Title: tab + " · " + name, Run: name, Status: statusNow(info, log), Tab: tab}
	names, err := runlog.List(s.options.Runs)
	if err == nil { // else there is just no menu of runs
		for _, other := range names {
			if other != name {
				f.Others = append(f.Others, other)
			}
		}
	}
	return f
}

// live lets the page follow a run that goes on.
func (f frame) live() frame {
	f.Events = runPath(f.Run, "events")
	return f
}

// statusNow tells a run that goes on from one whose process is gone without a word.
func statusNow(info runlog.Info, log *runlog.Log) string {
	if info.Status == runlog.Running && !runlog.Writing(log.Dir()) {
		return "killed"
	}
	return info.Status
}

// render makes the whole page before it sends a byte, so that a fault still gets its own status.
func (s *Server) render(w http.ResponseWriter, page string, data any) error {
	var out bytes.Buffer
	if err := s.pages[page].Execute(&out, data); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = out.WriteTo(w) // the browser may have gone
	return nil
}

// badRequest is a fault of the address, such as a step that is no number.
type badRequest struct{ error }

func notFound(what string) error {
	return fmt.Errorf("there is no page %q: %w", what, errNoRun)
}

// fail shows an error as a page with its status.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusInternalServerError
	var bad badRequest
	switch {
	case r.Context().Err() != nil:
		return // nobody waits for it
	case errors.Is(err, errNoRun), errors.Is(err, runlog.ErrNoRollout):
		status = http.StatusNotFound
	case errors.As(err, &bad):
		status = http.StatusBadRequest
	}
	var out bytes.Buffer
	data := struct {
		frame
		Status int
		Error  string
	}{frame{Title: http.StatusText(status)}, status, visible(err.Error())}
	if err := s.pages["error"].Execute(&out, data); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = out.WriteTo(w) // the browser may have gone
}
