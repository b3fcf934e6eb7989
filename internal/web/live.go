package web

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/rltrain/rltrain/internal/runlog"
)

// How often the files of a run are looked at, and how often a silent stream says that it lives.
const (
	lookEvery  = time.Second
	aliveEvery = 20 * time.Second
)

// events tells a page that its run, or with no run named one of the list, has moved on. It says where the run stands;
// the page then asks for itself anew, so that there is only one way in which content is made.
func (s *Server) events(w http.ResponseWriter, r *http.Request) error {
	control := http.NewResponseController(w)
	last, err := s.stands(r.Context(), r.PathValue("run"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // a proxy is not to collect it
	fmt.Fprintf(w, "retry: 2000\nevent: at\ndata: %s\n\n", last)
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	files, spoke := s.files(r.PathValue("run")), time.Now()
	for {
		if err := control.Flush(); err != nil {
			return nil //nolint:nilerr // the reader has gone
		}
		select {
		case <-r.Context().Done():
			return nil
		case <-ticker.C:
		}
		now := s.files(r.PathValue("run"))
		if now != files {
			files = now
			at, err := s.stands(r.Context(), r.PathValue("run"))
			if err == nil && at != last { // a log that is just being replaced is read at the next look
				last, spoke = at, time.Now()
				fmt.Fprintf(w, "event: moved\ndata: %s\n\n", at)
			}
		}
		if time.Since(spoke) > aliveEvery {
			spoke = time.Now()
			fmt.Fprint(w, ": alive\n\n")
		}
	}
}

// files is what the file system says of the logs: cheap to ask, and different after each commit.
func (s *Server) files(run string) string {
	names := []string{run}
	if run == "" {
		names, _ = runlog.List(s.options.Runs)
	}
	out := ""
	for _, name := range names {
		dir := filepath.Join(s.options.Runs, name)
		out += name + fmt.Sprint(runlog.Writing(dir))
		for _, suffix := range []string{"", "-wal"} {
			if info, err := os.Stat(filepath.Join(dir, runlog.DBFile+suffix)); err == nil {
				out += fmt.Sprint(info.Size(), info.ModTime().UnixNano())
			}
		}
	}
	return out
}

// stands is where a run, or each of the list, stands.
func (s *Server) stands(ctx context.Context, run string) (string, error) {
	if run != "" {
		return s.standsRun(ctx, run)
	}
	names, err := runlog.List(s.options.Runs)
	if err != nil {
		return "", err
	}
	out := fmt.Sprint(len(names))
	for _, name := range names {
		at, err := s.standsRun(ctx, name)
		if err == nil { // the list shows the fault of a run that cannot be read
			out += " " + at
		}
	}
	return out, nil
}

func (s *Server) standsRun(ctx context.Context, name string) (string, error) {
	log, err := s.open(name)
	if err != nil {
		return "", err
	}
	defer log.Close()
	m, err := log.Moment(ctx)
	if err != nil {
		return "", err
	}
	status := statusNow(runlog.Info{Status: m.Status}, log)
	return fmt.Sprintf("%d/%d/%s", m.Step, m.Evals, status), nil
}
