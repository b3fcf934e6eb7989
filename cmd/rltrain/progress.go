package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/rltrain/rltrain/internal/runlog"
)

// progress is where a command tells how it goes: lines that stay and, on a terminal, one below them that is redrawn. It is
// a writer of whole lines.
type progress struct {
	out  io.Writer
	live bool // out is a terminal

	lock sync.Mutex
	line string // what stands in the redrawn line; "" for none
}

func newProgress(out io.Writer) *progress {
	return &progress{out: out, live: isTerminal(out) && os.Getenv("TERM") != "dumb"}
}

// Write writes lines that stay, above the one that is redrawn.
func (p *progress) Write(text []byte) (int, error) {
	p.lock.Lock()
	defer p.lock.Unlock()
	if p.line == "" {
		return p.out.Write(text)
	}
	fmt.Fprint(p.out, clearLine)
	n, err := p.out.Write(text)
	if len(text) > 0 && text[len(text)-1] == '\n' {
		p.draw()
	}
	return n, err
}

// redraw replaces the one line. An empty one ends it: what stood there stays.
func (p *progress) redraw(line string) {
	p.lock.Lock()
	defer p.lock.Unlock()
	switch {
	case !p.live || line == p.line:
	case line == "":
		p.line = ""
		fmt.Fprintln(p.out)
	default:
		p.line = line
		fmt.Fprint(p.out, clearLine)
		p.draw()
	}
}

// clearLine goes to the beginning of the line and clears it.
const clearLine = "\r\x1b[K"

// draw writes the line without wrapping: a part on a second line would never be cleared.
func (p *progress) draw() { fmt.Fprint(p.out, "\x1b[?7l", p.line, "\x1b[?7h") }

// report tells of a step: in the redrawn line, or in one that stays where there is none.
func (s *session) report(m runlog.Step) {
	s.recent = append(s.recent, m)
	s.recent = s.recent[max(0, len(s.recent)-5):]
	if s.progress.live {
		s.progress.redraw(liveLine(s.recent, s.recipe.GRPO.Steps))
		return
	}
	fmt.Fprintf(s.progress, "step %3d  reward %.3f  accuracy %.3f  length %5.1f  reflect %.2f  entropy %.3f  kl %.1e  grad %.3f  sample %.1f s  train %.1f s\n",
		m.Step, m.RewardMean, m.Accuracy, m.LengthMean, m.ReflectFrac, m.Entropy, m.KL, m.GradNorm, m.SampleS, m.TrainS)
}

// liveLine describes the last of some recent steps; speed and time to go are theirs together.
func liveLine(recent []runlog.Step, steps int) string {
	tokens, spent := 0.0, 0.0
	for _, m := range recent {
		tokens, spent = tokens+float64(m.Tokens), spent+m.StepS
	}
	m := recent[len(recent)-1]
	left := time.Duration(spent / float64(len(recent)) * float64(steps-1-m.Step) * float64(time.Second))
	return fmt.Sprintf("step %d/%d  reward %.3f  accuracy %.3f  length %.1f  reflect %.2f  %.0f tokens/s  %s to go",
		m.Step+1, steps, m.RewardMean, m.Accuracy, m.LengthMean, m.ReflectFrac, tokens/spent, left.Round(time.Second))
}
