package datasets

import (
	"fmt"
	"math"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func corpus(t testing.TB, seed uint64, change func(*CorpusConfig)) *Corpus {
	t.Helper()
	cfg := DefaultCorpusConfig()
	if change != nil {
		change(&cfg)
	}
	c, err := NewCorpus(cfg, seed)
	require.NoError(t, err)
	return c
}

func TestPrompt(t *testing.T) {
	require.Equal(t, "Q: make 36 from 2 8 22\nA:", Prompt(CountdownQuestion([]int{2, 8, 22}, 36)))
}

// The first documents of seed 1. A change here changes the shipped base: it has to be made again.
func TestDocumentGolden(t *testing.T) {
	golden, err := os.ReadFile("testdata/corpus-seed1.txt")
	require.NoError(t, err)
	c := corpus(t, 1, nil)
	var texts strings.Builder
	for i := range uint64(24) {
		d := c.Document(i)
		fmt.Fprintf(&texts, "%s%s\n\n", d.Prompt, d.Text)
	}
	require.Equal(t, string(golden), texts.String())
}

func TestDocumentIsPure(t *testing.T) {
	c, again := corpus(t, 7, nil), corpus(t, 7, nil)
	want := make([]Document, 400)
	for i := range want {
		want[i] = c.Document(uint64(i))
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := len(want) - 1; i >= 0; i-- {
				if c.Document(uint64(i)) != want[i] || again.Document(uint64(i)) != want[i] {
					t.Errorf("document %d differs", i)
				}
			}
		})
	}
	wg.Wait()
	require.NotEqual(t, want[0], corpus(t, 8, nil).Document(0))
	require.NotEqual(t, want[0], c.Document(math.MaxUint64))
}

var (
	wellFormed  = regexp.MustCompile(`^<think>([^<]*(?:<=?[^/<][^<]*)*)</think><answer>(.*)</answer>$`)
	attemptText = regexp.MustCompile(`([0-9+*/=,-]+) (too small|too big|that works)\.`)
)

// Every Countdown document keeps its promises: numbers of the pretraining split, truthful
// verdicts, no attempt twice, and an answer that is the last attempt.
func TestCountdownDocuments(t *testing.T) {
	for _, style := range Styles() {
		c := corpus(t, 11, func(cfg *CorpusConfig) {
			cfg.CodeShare, cfg.FormatNoise, cfg.ReflectiveShare, cfg.Style = 0, 0, .5, style
		})
		for i := range uint64(1500) {
			checkCountdownDocument(t, c.Document(i), style)
		}
	}
}

func checkCountdownDocument(t *testing.T, d Document, style string) {
	t.Helper()
	question := strings.TrimSuffix(strings.TrimPrefix(d.Prompt, "Q: make "), "\nA:")
	var target int
	numbers := make([]int, 3)
	_, err := fmt.Sscanf(question, "%d from %d %d %d", &target, &numbers[0], &numbers[1], &numbers[2])
	require.NoError(t, err, d.Prompt)
	require.Equal(t, Pretrain, CountdownSplit(numbers))

	parts := wellFormed.FindStringSubmatch(d.Text)
	require.NotNil(t, parts, d.Text)
	attempts := attemptText.FindAllStringSubmatch(parts[1], -1)
	seen := map[string]bool{}
	var last int
	for i, a := range attempts {
		require.False(t, seen[a[1]], "attempt repeated: %s", d.Text)
		seen[a[1]] = true
		steps := strings.Split(a[1], "=")
		_, err := fmt.Sscan(steps[len(steps)-1], &last)
		require.NoError(t, err)
		require.Equal(t, verdict(last, target), " "+a[2]+".", d.Text)
		require.Equal(t, last == target, a[2] == "that works")
		require.True(t, last != target || i == len(attempts)-1, "goes on after success: %s", d.Text)
	}
	value, literals := evaluate(t, parts[2])
	require.Equal(t, fmt.Sprintf("%d/1", last), value.String(), d.Text)
	require.ElementsMatch(t, numbers, literals)
	checkStyle(t, d, len(attempts), countPhrases(d.Text), style)
}

func checkStyle(t *testing.T, d Document, attempts, phrases int, style string) {
	t.Helper()
	require.Equal(t, attempts > 1 || phrases > 0, d.Reflective, d.Text)
	require.LessOrEqual(t, attempts, 10)
	switch style {
	case StyleReflective:
		require.Equal(t, attempts-1, phrases, d.Text)
	case StyleRetry:
		require.Zero(t, phrases, d.Text)
	case StylePhrase:
		require.Equal(t, 1, attempts, d.Text)
		require.LessOrEqual(t, phrases, 1, d.Text)
	default:
		require.False(t, d.Reflective)
	}
}

func countPhrases(text string) (n int) {
	for _, p := range Phrases() {
		n += strings.Count(text, " "+p)
	}
	return n
}

func removePhrases(text string) string {
	for _, p := range Phrases() {
		text = strings.ReplaceAll(text, " "+p, "")
	}
	return text
}

func TestStylesArePaired(t *testing.T) {
	reflective := corpus(t, 5, nil)
	retry := corpus(t, 5, func(c *CorpusConfig) { c.Style = StyleRetry })
	single := corpus(t, 5, func(c *CorpusConfig) { c.Style = StyleSingle })
	never := corpus(t, 5, func(c *CorpusConfig) { c.ReflectiveShare = 0 })
	for i := range uint64(2000) {
		d := reflective.Document(i)
		require.Equal(t, removePhrases(d.Text), retry.Document(i).Text)
		require.Equal(t, never.Document(i), single.Document(i))
		require.Equal(t, d.Prompt, single.Document(i).Prompt)
		if !d.Reflective && countPhrases(d.Text) == 0 && !strings.HasPrefix(d.Text, "<answer>") {
			require.Equal(t, d, single.Document(i))
		}
	}
}

// The program of a code document follows the last statement of each clause.
func TestCodeDocuments(t *testing.T) {
	programs := map[string]CodeSpec{}
	for _, s := range CodeSpecs() {
		if s.Split() == Pretrain {
			programs[Prompt(s.Question())] = s
		}
	}
	clauses := regexp.MustCompile(`(keep|map|result): ([^.]*)\.`)
	for _, style := range Styles() {
		c := corpus(t, 13, func(cfg *CorpusConfig) {
			cfg.CodeShare, cfg.FormatNoise, cfg.ReflectiveShare, cfg.Style = 1, 0, .5, style
		})
		for i := range uint64(1500) {
			d := c.Document(i)
			require.Contains(t, programs, d.Prompt)
			think, rest, _ := strings.Cut(d.Text, "</think>")
			last := map[string]string{}
			for _, m := range clauses.FindAllStringSubmatch(think, -1) {
				last[m[1]] = m[2]
			}
			want := readingOf(last).Program()
			require.Equal(t, "<answer>"+want+"</answer>", rest, d.Text)
			hasPhrase := style == StyleReflective || style == StylePhrase
			require.Equal(t, d.Reflective && hasPhrase, countPhrases(d.Text) > 0, d.Text)
		}
	}
}

func readingOf(stated map[string]string) CodeSpec {
	var s CodeSpec
	for _, c := range conditions() {
		if c.code() == stated["keep"] {
			s.keep = c
		}
	}
	for m := range mapFloatHalves + 1 {
		if m.code() == stated["map"] {
			s.mapped = m
		}
	}
	for g := range numGathers {
		if g.words() == stated["result"] {
			s.gather = g
		}
	}
	return s
}

func TestMajorityMisreadings(t *testing.T) {
	c := corpus(t, 17, func(cfg *CorpusConfig) { cfg.CodeShare, cfg.ReflectiveShare = 1, 0 })
	wrong, all := 0, 0
	for i := range uint64(20000) {
		if d := c.Document(i); strings.Contains(d.Prompt, "greater than") && strings.Contains(d.Text, "keep") {
			all++
			if strings.Contains(d.Text, "keep: x>=") {
				wrong++
			}
		}
	}
	require.InDelta(t, majorityShare, float64(wrong)/float64(all), .03)
}

func TestCorpusShares(t *testing.T) {
	const n = 20000
	c := corpus(t, 19, nil)
	code, damaged, reflective, right, countdown := 0, 0, 0, 0, 0
	for i := range uint64(n) {
		d := c.Document(i)
		if d.Kind == "code" {
			code++
		} else {
			countdown++
			if strings.Contains(d.Text, "that works") {
				right++
			}
			if d.Reflective {
				reflective++
			}
		}
		if !wellFormed.MatchString(d.Text) {
			damaged++
		}
	}
	require.InDelta(t, .25, float64(code)/n, .01)
	require.InDelta(t, .06, float64(damaged)/n, .006)
	require.InDelta(t, .12, float64(reflective)/float64(countdown), .01, "15 % of writers, of whom 80 % miss at first")
	require.InDelta(t, .26, float64(right)/float64(countdown), .03)
}

func TestCorpusConfigFaults(t *testing.T) {
	cfg := DefaultCorpusConfig()
	cfg.CodeShare, cfg.HitRate, cfg.NearWidth, cfg.MaxAttempts, cfg.Style = 1.5, math.NaN(), 0, 1, "reflektive"
	_, err := NewCorpus(cfg, 0)
	for _, part := range []string{"code_share is 1.5", "hit_rate is NaN", "near_width is 0", "max_attempts is 1",
		`style is "reflektive": choose one of reflective, retry`} {
		require.ErrorContains(t, err, part)
	}
}

func TestCorpusExtremes(t *testing.T) {
	for _, change := range []func(*CorpusConfig){
		func(c *CorpusConfig) { c.HitRate = 0; c.MaxAttempts = 1000; c.ContinueProb = 1; c.ReflectiveShare = 1 },
		func(c *CorpusConfig) { c.HitRate = 1 },
		func(c *CorpusConfig) { c.CodeBug = 1; c.FormatNoise = 1; c.CodeShare = 1; c.ReflectiveShare = 1 },
		func(c *CorpusConfig) { c.NearWidth = 1e-9 },
	} {
		c := corpus(t, 23, change)
		for i := range uint64(300) {
			require.NotEmpty(t, c.Document(i).Text)
		}
	}
}

func BenchmarkDocument(b *testing.B) {
	c := corpus(b, 1, nil)
	for i := 0; b.Loop(); i++ {
		c.Document(uint64(i))
	}
}
