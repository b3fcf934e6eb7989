package web

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/policy/tokenizer"
)

// tokenCell is one sampled token, coloured by how sure the policy was.
type tokenCell struct {
	Text  string
	Class string // p0 sure … p5 unlikely; for the ratio p0 … p5 upwards and n1 … n5 downwards
	Title string
}

// strip says how the tokens are coloured.
type strip struct {
	By      string // logp, entropy or ratio
	Cut     bool   // there are more tokens than are shown
	Named   bool   // the run's tokenizer was found, so that cells have text
	Learned bool   // an update learned from them, so that there are ratios
}

// maxCells is how many tokens are shown one by one.
const maxCells = 3000

// cells lays the tokens of a rollout out, coloured by log-prob, by entropy, or by the ratio of the trainer's probability to the sampler's.
func (s *Server) cells(dir, by string, d runlog.Drawn) ([]tokenCell, strip) {
	st := strip{By: "logp", Learned: len(d.Learned) > 0}
	if by == "entropy" && len(d.Entropies) > 0 || by == "ratio" && st.Learned {
		st.By = by
	}
	n := min(len(d.Tokens), len(d.Logprobs), maxCells)
	st.Cut = n < len(d.Tokens)
	texts := s.tokenizers.texts(dir, d.Tokens[:n])
	st.Named = texts != nil
	var out []tokenCell
	for i := range n {
		logp := float64(d.Logprobs[i])
		cell := tokenCell{Text: "·", Class: class(st.By, logp)}
		if texts != nil {
			cell.Text = visible(texts[i])
		}
		cell.Title = fmt.Sprintf("token %d %q, log-prob %.3f (%s)", i, cell.Text, logp, percent(math.Exp(logp)))
		if i < len(d.Entropies) {
			cell.Title += fmt.Sprintf(", entropy %.3f", d.Entropies[i])
			if st.By == "entropy" {
				cell.Class = class(st.By, float64(d.Entropies[i]))
			}
		}
		cell.Title += alternatives(d, i)
		if i < len(d.Learned) {
			moved := float64(d.Learned[i]) - logp
			cell.Title += fmt.Sprintf(", ratio %.4f", math.Exp(moved))
			if st.By == "ratio" {
				cell.Class = class(st.By, moved)
			}
		}
		out = append(out, cell)
	}
	return out, st
}

// alternatives are the likeliest tokens at a place, in words.
func alternatives(d runlog.Drawn, i int) string {
	if i >= len(d.Alternatives) || len(d.Alternatives[i]) == 0 {
		return ""
	}
	var list []string
	for _, a := range d.Alternatives[i] {
		list = append(list, fmt.Sprintf("%q %s", visible(a.Text), percent(math.Exp(float64(a.Logprob)))))
	}
	return ", likeliest: " + strings.Join(list, ", ")
}

// class sorts a token into six classes: by its log-prob, by the entropy that it was drawn from, or by the logarithm of its ratio.
func class(by string, v float64) string {
	bounds, sign := []float64{0.02, 0.1, 0.4, 0.8, 1.4}, "p" // nats
	switch by {
	case "logp":
		v = -v
		bounds = []float64{0.05, 0.22, 0.69, 1.6, 3} // probabilities of 95, 80, 50, 20 and 5 %
	case "ratio":
		bounds = []float64{0.005, 0.02, 0.08, 0.18, 0.4} // ratios; the usual bounds clip from the fourth on
		if v < 0 {
			v, sign = -v, "n"
		}
	}
	i := 0
	for i < len(bounds) && v > bounds[i] {
		i++
	}
	if i == 0 {
		sign = "p"
	}
	return sign + strconv.Itoa(i)
}

// tokenizers keeps the tokenizers of the runs that were looked at; reading one may take longer than a page.
type tokenizers struct {
	mu   sync.Mutex
	read map[string]*tokenizer.Tokenizer // by file; nil for one that cannot be read
}

// texts returns what each token adds to the text; nil where the run has no tokenizer.
func (t *tokenizers) texts(dir string, ids []int32) []string {
	tok := t.of(dir)
	if tok == nil {
		return nil
	}
	stream := tok.Stream()
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = stream.Next(id)
	}
	return out
}

func (t *tokenizers) of(dir string) *tokenizer.Tokenizer {
	files, err := filepath.Glob(filepath.Join(dir, "checkpoints", "*", "tokenizer.json"))
	if err != nil || len(files) == 0 {
		return nil
	}
	newest := slices.MaxFunc(files, func(a, b string) int { return cmp.Compare(stepOf(a), stepOf(b)) })
	info, err := os.Stat(newest)
	if err != nil {
		return nil
	}
	key := fmt.Sprint(newest, info.ModTime().UnixNano())
	t.mu.Lock()
	defer t.mu.Unlock()
	tok, known := t.read[key]
	if !known {
		tok, err = tokenizer.Load(filepath.Dir(newest))
		if err != nil {
			tok = nil // the chain is shown all the same, its tokens without text
		}
		if len(t.read) >= 8 {
			clear(t.read)
		}
		t.read[key] = tok
	}
	return tok
}

func stepOf(file string) int {
	step, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
	if err != nil {
		return -1
	}
	return step
}
