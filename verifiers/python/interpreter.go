package python

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

//go:embed harness/discover.py
var discoverSource string

// found is what an interpreter says of itself.
type found struct {
	Executable string      `json:"executable"`
	Version    [2]int      `json:"version"`
	Binds      [][2]string `json:"binds"` // folders and files that it needs, and their places in the new root
	Links      [][2]string `json:"links"` // symbolic links at the root: target and place
}

// discover asks an interpreter which files it needs. A name in PATH may be a version manager's script, several times
// slower than the interpreter itself; that is why it is asked for its real path.
func discover(interpreter string) (found, error) {
	path, err := choose(interpreter)
	if err != nil {
		return found{}, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	command := exec.CommandContext(ctx, path, "-I", "-S", "-c", discoverSource)
	command.Env = []string{}
	text, err := command.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		lines := strings.Split(strings.TrimSpace(string(exit.Stderr)), "\n")
		return found{}, fmt.Errorf("interpreter %s: %w: %s", path, err, lines[len(lines)-1])
	}
	if err != nil {
		return found{}, fmt.Errorf("interpreter %s: %w", path, err)
	}
	var f found
	if err := json.Unmarshal(text, &f); err != nil {
		return found{}, fmt.Errorf("interpreter %s: read what it needs: %w", path, err)
	}
	if f.Version[0] != 3 || f.Version[1] < 9 {
		return found{}, fmt.Errorf("interpreter %s is Python %d.%d: 3.9 or newer is needed", path, f.Version[0], f.Version[1])
	}
	return f, nil
}

func choose(interpreter string) (string, error) {
	if interpreter != "" {
		return exec.LookPath(interpreter)
	}
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		if path, err := exec.LookPath(name); err == nil {
			return filepath.EvalSymlinks(path)
		}
	}
	return "", errors.New("no python3 found: install Python 3.9 or newer")
}
