package datasets

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/quick"

	"github.com/stretchr/testify/require"
)

func TestPatternPieces(t *testing.T) {
	pattern := regexp.MustCompile(Pattern)
	for text, want := range map[string][]string{
		"Q: make 36 from 2\nA:":          {"Q", ":", " make", " ", "3", "6", " from", " ", "2", "\n", "A", ":"},
		"<think>8+2=10,":                 {"<think>", "8", "+", "2", "=", "1", "0", ","},
		" too big.</think><answer>":      {" too", " big", ".", "</think>", "<answer>"},
		"keep: x>=4. x%2==0 <=":          {"keep", ":", " x", ">=", "4", ".", " x", "%", "2", "==", "0", " <="},
		"map: -x.</answer>":              {"map", ":", " -", "x", ".", "</answer>"},
		"[x//2 for x in xs][::-1] Ünï\t": nil,
	} {
		pieces := pattern.FindAllString(text, -1)
		require.Equal(t, text, strings.Join(pieces, ""))
		if want != nil {
			require.Equal(t, want, pieces)
		}
	}
}

func TestPatternLosesNothing(t *testing.T) {
	pattern := regexp.MustCompile(Pattern)
	require.NoError(t, quick.Check(func(text string) bool {
		return strings.Join(pattern.FindAllString(text, -1), "") == text
	}, nil))
}

// vocabularyChecker cuts texts before blanks and digits first, where a piece always begins, and
// remembers what it has seen: 80,000 documents repeat themselves a lot.
type vocabularyChecker struct {
	t       *testing.T
	pattern *regexp.Regexp
	known   map[string]bool
	seen    map[string]bool
}

func (v vocabularyChecker) check(text string) {
	for start := 0; start < len(text); {
		end := start + 1
		for end < len(text) && text[end] != ' ' && (text[end] < '0' || text[end] > '9') {
			end++
		}
		if chunk := text[start:end]; !v.seen[chunk] {
			v.seen[chunk] = true
			for _, piece := range v.pattern.FindAllString(chunk, -1) {
				require.True(v.t, v.known[piece], "piece %q of %q", piece, text)
			}
		}
		start = end
	}
}

func TestVocabularyCovers(t *testing.T) {
	vocabulary := Vocabulary()
	require.True(t, slices.IsSorted(vocabulary))
	require.Equal(t, vocabulary, Vocabulary())
	require.LessOrEqual(t, len(vocabulary), 125, "leaves room for pad, bos and eos among 128")
	v := vocabularyChecker{t, regexp.MustCompile(Pattern), map[string]bool{}, map[string]bool{}}
	for _, piece := range vocabulary {
		v.known[piece] = true
	}
	for _, style := range Styles() {
		c := corpus(t, 29, func(cfg *CorpusConfig) { cfg.Style, cfg.ReflectiveShare, cfg.CodeShare = style, .5, .5 })
		for i := range uint64(20000) {
			d := c.Document(i)
			v.check(d.Prompt + d.Text)
		}
	}
	for _, name := range Names() {
		if strings.HasPrefix(name, "arith") { // for models that are brought in
			continue
		}
		tasks, err := Named(name)
		require.NoError(t, err)
		for _, task := range tasks {
			v.check(Prompt(task.Question))
			v.check(task.Answer)
		}
	}
}

// No piece is there in vain: each occurs in some document or prompt.
func TestVocabularyIsTight(t *testing.T) {
	unseen := map[string]bool{}
	for _, piece := range Vocabulary() {
		unseen[piece] = true
	}
	pattern := regexp.MustCompile(Pattern)
	c := corpus(t, 31, func(cfg *CorpusConfig) { cfg.CodeShare, cfg.ReflectiveShare = .8, .9 })
	for i := uint64(0); i < 5000 && len(unseen) > 0; i++ {
		d := c.Document(i)
		for _, piece := range pattern.FindAllString(d.Prompt+d.Text, -1) {
			delete(unseen, piece)
		}
	}
	require.Empty(t, unseen)
}
