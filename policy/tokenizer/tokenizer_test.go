package tokenizer

import (
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// words is the tokenizer of the built-in tasks.
func words(t testing.TB) *Tokenizer {
	t.Helper()
	tok, err := Load("testdata/words")
	require.NoError(t, err)
	return tok
}

func TestNewWordLevel(t *testing.T) {
	tok, err := NewWordLevel([]string{"a", " b", "\n"}, `\n| ?[a-z]`)
	require.NoError(t, err)
	require.Equal(t, 16, tok.Size())
	require.Equal(t, []int32{0, 1, 2}, []int32{tok.PAD(), tok.BOS(), tok.EOS()})
	id, ok := tok.Token(" b")
	require.True(t, ok)
	require.EqualValues(t, 4, id)
	_, ok = tok.Token("b")
	require.False(t, ok)
	piece, ok := tok.Piece(15)
	require.True(t, ok)
	require.Equal(t, "<unused9>", piece)
	for _, id := range []int32{-1, 16} {
		_, ok = tok.Piece(id)
		require.False(t, ok)
	}
	ids, err := tok.Encode("<bos>a b\n<eos>")
	require.NoError(t, err)
	require.Equal(t, []int32{1, 3, 4, 5, 2}, ids)
	require.Equal(t, "a b\n", tok.Decode(append(ids, 0, 99, -5)))
	_, err = tok.Encode("aa bx")
	require.ErrorContains(t, err, `piece "x" at byte 4 is not in the vocabulary of 16`)
	_, err = tok.Encode("a\xff")
	require.ErrorContains(t, err, "no valid UTF-8")
	ids, err = tok.Encode("")
	require.NoError(t, err)
	require.Empty(t, ids)

	full, err := NewWordLevel(strings.Split("abcdefghijklm", ""), `[a-z]`)
	require.NoError(t, err)
	require.Equal(t, 16, full.Size(), "a full multiple needs no filling")
}

func TestNewWordLevelErrors(t *testing.T) {
	tests := map[string]struct {
		pieces  []string
		pattern string
		want    string
	}{
		"twice":       {[]string{"a", "a"}, "a", `piece "a", id 4`},
		"special":     {[]string{"<eos>"}, "[a-z<>]+", `piece "<eos>"`},
		"unused":      {[]string{"<unused0>"}, "[a-z0-9<>]+", `piece "<unused0>"`},
		"empty":       {[]string{""}, "a", `piece "", id 3`},
		"not utf8":    {[]string{"\xff"}, "a", "not UTF-8"},
		"cut apart":   {[]string{"ab"}, "[a-z]", `piece "ab" is not what the pattern cuts`},
		"bad":         {nil, "[a", "missing closing ]"},
		"look-behind": {nil, "a(?<!b)", "look-behind"},
		"empty text":  {nil, "a*", "matches the empty text"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := NewWordLevel(test.pieces, test.pattern)
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestConcurrentUse(t *testing.T) {
	tok := words(t)
	text := strings.Repeat("<think>\n3 * 7 - 2 = 19, not 13. Wait", 20)
	want, err := tok.Encode(text)
	require.NoError(t, err)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				ids, err := tok.Encode(text)
				if err != nil || len(ids) != len(want) || tok.Decode(ids) != text {
					t.Errorf("got %d ids, %v", len(ids), err)
				}
			}
		})
	}
	wg.Wait()
}

// FuzzRoundTrip: text is an error, or comes back from its ids, special tokens taken out.
func FuzzRoundTrip(f *testing.F) {
	tok := words(f)
	for _, c := range record(f, "words").Cases {
		f.Add(c[0].(string))
	}
	take := strings.NewReplacer("<pad>", "", "<bos>", "", "<eos>", "")
	f.Fuzz(func(t *testing.T, text string) {
		ids, err := tok.Encode(text)
		if err != nil {
			return
		}
		require.Equal(t, take.Replace(text), tok.Decode(ids))
	})
}

func BenchmarkEncode(b *testing.B) {
	tok := words(b)
	text := strings.Repeat("Using the numbers 3, 7, 2, make 13.\n<think>\n3 * 7 - 2 = 19, not 13. Wait, 3 + 7 + 2 = 12. \n</think>\n<answer>(7 - 2) + 8 == 13</answer><eos>", 100)
	ids, err := tok.Encode(text)
	require.NoError(b, err)
	pattern := record(b, "words").Pattern
	words, err := newCutter(pattern)
	require.NoError(b, err)
	b.Run("Encode", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			if _, err := tok.Encode(text); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Decode", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			tok.Decode(ids)
		}
	})
	b.Run("Regexp", func(b *testing.B) { // the cutting alone, by the reference
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			for from := 0; from < len(text); {
				n, _ := cutSlow(words.re, text[from:])
				from += n
			}
		}
	})
	b.Run("New", func(b *testing.B) {
		for b.Loop() {
			if _, err := newCutter(pattern); err != nil {
				b.Fatal(err)
			}
		}
	})
}
