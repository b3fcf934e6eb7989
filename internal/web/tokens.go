package web

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"

	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/policy/tokenizer"
)

// tokenCell is one sampled token, coloured by how sure the policy was.
type tokenCell struct {
	Text  string
	Level int // 0 sure … 5 unlikely, class p0 … p5
	Title string
}

// strip says how the tokens are coloured.
type strip struct {
	By    string // logp or entropy
	Cut   bool   // there are more tokens than are shown
	Named bool   // the run's tokenizer was found, so that cells have text
}

// maxCells is how many tokens are shown one by one.
const maxCells = 3000

// cells lays the tokens of a rollout out, coloured by log-prob or by entropy.
func (s *Server) cells(dir, by string, d runlog.Drawn) ([]tokenCell, strip) {
	st := strip{By: "logp"}
	colored := d.Logprobs
	if by == "entropy" && len(d.Entropies) > 0 {
		st.By, colored = "entropy", d.Entropies
	}
	n := min(len(d.Tokens), len(d.Logprobs), maxCells)
	st.Cut = n < len(d.Tokens)
	texts := s.tokenizers.texts(dir, d.Tokens[:n])
	st.Named = texts != nil
	var out []tokenCell
	for i := range n {
		cell := tokenCell{Text: "·", Title: fmt.Sprintf("token %d, log-prob %.3f (%s)", i, d.Logprobs[i], percent(math.Exp(float64(d.Logprobs[i]))))}
		if i < len(d.Entropies) {
			cell.Title += fmt.Sprintf(", entropy %.3f", d.Entropies[i])
		}
		if texts != nil {
			cell.Text = visible(texts[i])
		}
		cell.Level = level(st.By, float64(colored[i]))
		out = append(out, cell)
	}
	return out, st
}

// level sorts a token into six classes: by its probability, or by the entropy that it was drawn from.
func level(by string, v float64) int {
	bounds := []float64{0.02, 0.1, 0.4, 0.8, 1.4} // nats
	if by == "logp" {
		v = -v
		bounds = []float64{0.05, 0.22, 0.69, 1.6, 3} // probabilities of 95, 80, 50, 20 and 5 %
	}
	i := 0
	for i < len(bounds) && v > bounds[i] {
		i++
	}
	return i
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
