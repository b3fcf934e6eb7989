package datasets

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// PublicFolder is the environment variable that names the folder with the files of public data sets. They are not part
// of this repository: their licences differ, and some are large.
const PublicFolder = "RLTRAIN_DATA"

// publicSet is a published data set: where its file lies below the folder, and how a record becomes a task.
type publicSet struct {
	name   string
	files  []string // any of these, also with .gz or .zst
	origin string   // where it is published
	task   func(publicRecord) (Task, error)
}

// errLeftOut marks a record that is no task: of another split, or without an answer.
var errLeftOut = errors.New("left out")

// publicSets lists the sets by name. Each reads the fields that its publisher writes.
func publicSets() []publicSet {
	return append(mathSets(), codeSets()...)
}

// PublicNames lists the public sets.
func PublicNames() []string {
	var names []string
	for _, s := range publicSets() {
		names = append(names, s.name)
	}
	return names
}

// benchmarks are the names that people use for what is evaluated, and the sets that they mean.
func benchmarks() map[string][]string {
	return map[string][]string{
		"countdown": {"countdown/test"}, "code-mini": {"code-mini/test"}, "gsm8k": {"gsm8k/test"}, "math": {"math/test"},
		"aime": {"aime24", "aime25"}, "mbpp": {"mbpp/test"},
	}
}

// Benchmarks lists the short names of sets that are made to be measured on; aime is two sets together.
func Benchmarks() []string { return slices.Sorted(maps.Keys(benchmarks())) }

// benchmark is the sets behind a short name; another name stands for itself.
func benchmark(name string) []string {
	if sets, ok := benchmarks()[name]; ok {
		return sets
	}
	return []string{name}
}

// Canonical is the name of the one set behind a short name; another name is its own.
func Canonical(name string) string {
	if sets := benchmark(name); len(sets) == 1 {
		return sets[0]
	}
	return name
}

// findPublic is the file of a public set.
func findPublic(name string) (string, error) {
	for _, s := range publicSets() {
		if s.name == name {
			return s.find(os.Getenv(PublicFolder))
		}
	}
	return "", fmt.Errorf("no public task set is called %q", name)
}

// loadPublic reads a public set in the order of its file. ok is false if there is none of this name.
func loadPublic(name string) (tasks []Task, ok bool, err error) {
	for _, s := range publicSets() {
		if s.name == name {
			tasks, err = s.load(os.Getenv(PublicFolder))
			return tasks, true, err
		}
	}
	return nil, false, nil
}

// load reads the set's file: JSON lines, or one JSON array.
func (s publicSet) load(folder string) ([]Task, error) {
	path, err := s.find(folder)
	if err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read task set %s: %w", s.name, err)
	}
	defer file.Close()
	reader, err := decompress(file, path)
	if err != nil {
		return nil, fmt.Errorf("read task set %s: %s: %w: is it really compressed that way?", s.name, path, err)
	}
	defer reader.Close()
	tasks, err := s.read(reader)
	if err != nil {
		return nil, fmt.Errorf("read task set %s: %s: %w", s.name, path, err)
	}
	return tasks, nil
}

// find looks for the first of the set's files that is there.
func (s publicSet) find(folder string) (string, error) {
	if folder != "" {
		for _, name := range s.files {
			for _, suffix := range []string{"", ".gz", ".zst"} {
				path := filepath.Join(folder, name+suffix)
				if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
					return path, nil
				}
			}
		}
	}
	return "", fmt.Errorf("task set %s needs the file %s in the folder that %s names (now %q): it is published at %s",
		s.name, strings.Join(s.files, " or "), PublicFolder, folder, s.origin)
}

// read makes tasks of all records; the error tells the record by its place.
func (s publicSet) read(r io.Reader) ([]Task, error) {
	var tasks []Task
	number := 0
	err := eachRecord(r, func(record publicRecord) error {
		number++
		task, err := s.task(record)
		if errors.Is(err, errLeftOut) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("record %d: %w", number, err)
		}
		if task.ID == "" {
			task.ID = fmt.Sprintf("%s/%d", s.name, number)
		}
		task.Source = s.name
		tasks = append(tasks, task)
		return nil
	})
	if err == nil && len(tasks) == 0 {
		err = errors.New("no task in it: is it the publisher's file?")
	}
	return tasks, err
}

// eachRecord calls f for each object of a stream or of one array.
func eachRecord(r io.Reader, f func(publicRecord) error) error {
	buffered := bufio.NewReader(r)
	decoder := json.NewDecoder(buffered)
	decoder.UseNumber()
	start, err := buffered.Peek(1)
	if err == nil && start[0] == '[' {
		if _, err := decoder.Token(); err != nil {
			return err
		}
	}
	for decoder.More() {
		var record publicRecord
		if err := decoder.Decode(&record); err != nil {
			return fmt.Errorf("no JSON object: %w", err)
		}
		if err := f(record); err != nil {
			return err
		}
	}
	return nil
}

// publicRecord is one record as published.
type publicRecord map[string]any

// text is a field that must be a text and not empty.
func (r publicRecord) text(field string) (string, error) {
	s, ok := r[field].(string)
	if !ok || strings.TrimSpace(s) == "" {
		return "", fmt.Errorf("field %q is %s: want a text", field, clip(fmt.Sprint(r[field])))
	}
	return s, nil
}

// texts is a field that must be a list of texts; nil if it is absent.
func (r publicRecord) texts(field string) ([]string, error) {
	list, ok := r[field].([]any)
	if !ok && r[field] != nil {
		return nil, fmt.Errorf("field %q is %s: want a list", field, clip(fmt.Sprint(r[field])))
	}
	var texts []string
	for _, item := range list {
		s, ok := item.(string)
		if !ok {
			return nil, fmt.Errorf("field %q holds %s: want texts", field, clip(fmt.Sprint(item)))
		}
		texts = append(texts, s)
	}
	return texts, nil
}

// number is a field that is a whole number or a text that shows one.
func (r publicRecord) number(field string) (int, error) {
	var n int
	if _, err := fmt.Sscan(fmt.Sprint(r[field]), &n); err != nil {
		return 0, fmt.Errorf("field %q is %s: want a whole number", field, clip(fmt.Sprint(r[field])))
	}
	return n, nil
}
