package datasets

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// maxLine is the longest accepted line of a task file in bytes.
const maxLine = 16 << 20

// Load returns a built-in task set by its name (see Names), a public one (see PublicNames), a benchmark (see Benchmarks), or
// else reads a task file.
func Load(nameOrPath string) ([]Task, error) {
	var tasks []Task
	for _, name := range benchmark(nameOrPath) {
		part, err := loadOne(name)
		if err != nil {
			return nil, err
		}
		tasks = append(tasks, part...)
	}
	return tasks, nil
}

func loadOne(nameOrPath string) ([]Task, error) {
	if slices.Contains(Names(), nameOrPath) {
		return Named(nameOrPath)
	}
	if tasks, ok, err := loadPublic(nameOrPath); ok {
		return tasks, err
	}
	tasks, err := ReadFile(nameOrPath)
	if errors.Is(err, fs.ErrNotExist) && !strings.Contains(nameOrPath, ".jsonl") {
		_, unknown := Named(nameOrPath)
		return nil, fmt.Errorf("%w; and no file has this name", unknown)
	}
	return tasks, err
}

// ReadFile reads tasks in this project's own format, one JSON object a line; files that end in
// .gz or .zst are decompressed. Blank lines are skipped. The first fault ends the reading: the
// error names the file, the line, the value and what to try.
func ReadFile(path string) ([]Task, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read tasks: %w", err)
	}
	defer file.Close()
	reader, err := decompress(file, path)
	if err != nil {
		return nil, fmt.Errorf("read tasks: %s: %w: is it really compressed that way? rename it if not", path, err)
	}
	defer reader.Close()
	return readTasks(reader, path)
}

// decompress picks the decoder by the suffix of path.
func decompress(file io.Reader, path string) (io.ReadCloser, error) {
	switch {
	case strings.HasSuffix(path, ".gz"):
		return gzip.NewReader(file)
	case strings.HasSuffix(path, ".zst"):
		decoder, err := zstd.NewReader(file, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		return decoder.IOReadCloser(), nil
	default:
		return io.NopCloser(file), nil
	}
}

// readTasks reads all lines; name stands in the errors.
func readTasks(r io.Reader, name string) ([]Task, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine+2) // the limit counts the line's end
	var tasks []Task
	lineOf := map[string]int{}
	number := 0
	for lines.Scan() {
		number++
		line := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
		if line == "" {
			continue
		}
		task, err := parseTask(line)
		if err != nil {
			return nil, fmt.Errorf("read tasks: %s:%d: %w", name, number, err)
		}
		if first, seen := lineOf[task.ID]; seen {
			return nil, fmt.Errorf("read tasks: %s:%d: id %q was already used in line %d: give each task its own id",
				name, number, task.ID, first)
		}
		lineOf[task.ID] = number
		tasks = append(tasks, task)
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return nil, fmt.Errorf("read tasks: %s:%d: line longer than %d MB: check that each task stands on a line of its own",
			name, number+1, maxLine>>20)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read tasks: %s:%d: %w: the file seems damaged; make or fetch it again", name, number+1, err)
	}
	return tasks, nil
}
