package eval

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/internal/reflect"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/rollout"
	"github.com/rltrain/rltrain/verifiers"
)

// Header is the first line of a file of samples: how they were drawn. Samples of another header are of another evaluation.
type Header struct {
	Version     int     `json:"rltrain_samples"` // of the format
	Model       string  `json:"model"`
	Weights     string  `json:"weights,omitempty"` // tells versions of a folder's weights apart
	Tasks       string  `json:"tasks"`
	Template    string  `json:"template"`
	Shots       int     `json:"shots,omitempty"`
	Stop        string  `json:"stop,omitempty"` // texts, with | between them
	Form        string  `json:"form"`           // that the verdicts asked for
	Answer      string  `json:"answer,omitempty"`
	Temperature float64 `json:"temperature"`
	MaxTokens   int     `json:"max_tokens"`
	Seed        uint64  `json:"seed"`
}

// samplesVersion is the version of the format.
const samplesVersion = 1

// Line is one judged completion.
type Line struct {
	Task         string                 `json:"task"`
	Number       int                    `json:"number"` // of the task's samples
	Prompt       string                 `json:"prompt_sha256"`
	Text         string                 `json:"text"`
	Tokens       int                    `json:"tokens"`
	TokenIDs     []policy.Token         `json:"token_ids,omitempty"`
	Logprobs     []logprob              `json:"logprobs,omitempty"`
	Alternatives [][]policy.Alternative `json:"top_logprobs,omitempty"`
	PromptTokens int                    `json:"prompt_tokens,omitempty"`
	Stop         policy.StopReason      `json:"stop_reason"`
	Seconds      float64                `json:"seconds"`
	Verdict      verdictLine            `json:"verdict"`
}

type verdictLine struct {
	Kind   verifiers.Kind `json:"kind"`
	Reward float64        `json:"reward"`
	Format bool           `json:"format,omitempty"`
	Answer string         `json:"answer,omitempty"`
	Reason string         `json:"reason,omitempty"`
	Passed int            `json:"passed,omitempty"`
	Total  int            `json:"total,omitempty"`
	Stderr string         `json:"stderr,omitempty"`
	MS     float64        `json:"ms"`
}

// logprob is written with as many digits as a float32 needs; minus infinity, which JSON has not, as null.
type logprob float32

// MarshalJSON implements json.Marshaler.
func (l logprob) MarshalJSON() ([]byte, error) {
	if x := float64(l); math.IsInf(x, 0) || math.IsNaN(x) {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, float64(l), 'g', -1, 32), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (l *logprob) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*l = logprob(math.Inf(-1))
		return nil
	}
	x, err := strconv.ParseFloat(string(text), 32)
	*l = logprob(x)
	return err
}

func lineOf(task datasets.Task, number int, prompt string, r rollout.Rollout) Line {
	l := Line{
		Task: task.ID, Number: number, Prompt: prompt, Text: r.Text, Tokens: r.Length(), TokenIDs: r.Tokens, PromptTokens: r.PromptTokens, Alternatives: r.Alternatives,
		Stop: r.Stop, Seconds: r.Seconds,
	}
	for _, x := range r.Logprobs {
		l.Logprobs = append(l.Logprobs, logprob(x))
	}
	l.judged(r)
	return l
}

// judged replaces the verdict.
func (l *Line) judged(r rollout.Rollout) {
	v := r.Verdict
	l.Verdict = verdictLine{v.Kind, v.Reward, v.Format, v.Answer, v.Reason, v.Passed, v.Total, v.Stderr, r.VerifyMS}
}

// sample is what was drawn, with its text.
func (l Line) sample() policy.Sample {
	s := policy.Sample{
		Tokens: l.TokenIDs, Alternatives: l.Alternatives, Stop: l.Stop, Text: l.Text, TextTokens: l.Tokens, PromptTokens: l.PromptTokens, Seconds: l.Seconds,
	}
	for _, x := range l.Logprobs {
		s.Logprobs = append(s.Logprobs, float32(x))
	}
	return s
}

func (l Line) rollout(task datasets.Task) rollout.Rollout {
	v := l.Verdict
	return rollout.Rollout{
		Sample: l.sample(), Text: l.Text, Reflections: reflect.Find(task, l.Text), VerifyMS: v.MS,
		Verdict: verifiers.Verdict{Kind: v.Kind, Reward: v.Reward, Format: v.Format, Answer: v.Answer, Reason: v.Reason, Passed: v.Passed, Total: v.Total, Stderr: v.Stderr},
	}
}

// place names a sample.
type place struct {
	task   string
	number int
}

// Store is a file of samples to which new ones are added, each at once when it is there.
type Store struct {
	Path  string
	lock  sync.Mutex
	file  *os.File
	lines map[place]Line
}

// OpenStore opens the file of an evaluation, or makes it. A line that a kill cut short is dropped.
func OpenStore(path string, h Header) (*Store, error) {
	h.Version = samplesVersion
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("samples file: %w: choose another --samples-out", err)
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("samples file: %w: choose another --samples-out", err)
	}
	s := &Store{Path: path, file: file, lines: map[place]Line{}}
	if err := s.begin(h); err != nil {
		file.Close()
		return nil, fmt.Errorf("samples file %s: %w", path, err)
	}
	return s, nil
}

func (s *Store) begin(h Header) error {
	there, lines, whole, err := scan(s.file)
	if err != nil && !errors.Is(err, errEmpty) {
		return err
	}
	if err := s.file.Truncate(whole); err != nil {
		return err
	}
	if _, err := s.file.Seek(whole, io.SeekStart); err != nil {
		return err
	}
	if errors.Is(err, errEmpty) {
		return s.write(h)
	}
	if there != h {
		return fmt.Errorf("it holds samples of another evaluation (%s, here %s): choose another --samples-out, or remove the file", brief(there), brief(h))
	}
	for _, l := range lines {
		s.lines[place{l.Task, l.Number}] = l
	}
	return nil
}

func brief(h Header) string {
	text, err := json.Marshal(h)
	if err != nil { // numbers that are not finite
		return fmt.Sprintf("%+v", h)
	}
	return string(text)
}

// write appends one line in one call, so that a kill leaves whole lines and at most one torn one.
func (s *Store) write(value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	_, err = s.file.Write(append(text, '\n'))
	return err
}

// Add keeps a sample.
func (s *Store) Add(l Line) error {
	s.lock.Lock()
	defer s.lock.Unlock()
	if err := s.write(l); err != nil {
		return fmt.Errorf("samples file %s: %w: is the disk full?", s.Path, err)
	}
	s.lines[place{l.Task, l.Number}] = l
	return nil
}

// Close closes the file.
func (s *Store) Close() error { return s.file.Close() }

// WriteSamples writes a new file of samples.
func WriteSamples(path string, h Header, lines []Line) (err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return fmt.Errorf("samples file: %w: choose another --samples-out", err)
	}
	s := Store{Path: path, file: file, lines: map[place]Line{}}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.write(h); err != nil {
		return err
	}
	for _, l := range lines {
		if err := s.Add(l); err != nil {
			return err
		}
	}
	return nil
}

// errEmpty tells that there is no header yet.
var errEmpty = errors.New("the file is empty")

// ReadSamples reads a file of samples.
func ReadSamples(path string) (Header, []Line, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Header{}, nil, fmt.Errorf("%w: give a file of samples that eval wrote (it says where)", err)
	}
	if err != nil {
		return Header{}, nil, err
	}
	defer file.Close()
	h, lines, _, err := scan(file)
	if err != nil {
		return h, nil, fmt.Errorf("samples file %s: %w", path, err)
	}
	return h, lines, nil
}

// scan reads header and lines up to the last whole one, which ends at byte whole.
func scan(r io.Reader) (h Header, lines []Line, whole int64, err error) {
	reader := bufio.NewReaderSize(r, 1<<20)
	for number := 1; ; number++ {
		text, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) { // what is left has no end
			if number == 1 {
				err = errEmpty
			} else {
				err = nil
			}
			return h, lines, whole, err
		}
		if err != nil {
			return h, nil, 0, err
		}
		if number == 1 {
			if err := json.Unmarshal(text, &h); err != nil || h.Version != samplesVersion {
				return h, nil, 0, fmt.Errorf("line 1 is no header of samples in format %d: is it a file that eval wrote?", samplesVersion)
			}
		} else {
			var l Line
			if err := json.Unmarshal(bytes.TrimSpace(text), &l); err != nil {
				return h, nil, 0, fmt.Errorf("line %d: %w: remove this line to go on without it", number, err)
			}
			lines = append(lines, l)
		}
		whole += int64(len(text))
	}
}
