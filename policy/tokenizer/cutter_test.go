package tokenizer

import (
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// patterns are the built-in one and others that try each rule of the automaton.
func patterns(t testing.TB) []string {
	return []string{
		record(t, "words").Pattern, record(t, "unicode").Pattern,
		`a|ab|abc`, `abc|ab|a`, `a+?|b`, `a+?b`, `(?:a|ab)(?:c|bcd)d*`, `a*b|a`, `.`, `.+`, `[^a]+`, `a{2,4}`, `(?:a?b?)+c`,
		`\s+`, `\S`, `[\d\s]`, `\D+`, `[-+*/]`, `[a\[\]]+`, `[^\]]`, `\p{L}+`, `\P{L}`, ` ?\p{Greek}|é+`, `(a)(b)?`, `a+b+|a+c`, `\^|\$`, `[$^]`,
		`(?:a|b|c|d|e)*?f`, `[a-c]*d|[a-c]`, `x??a`,
	}
}

// FuzzCutter compares the automaton with Go's regexp.
func FuzzCutter(f *testing.F) {
	var cutters []*cutter
	for _, p := range patterns(f) {
		c, err := newCutter(p)
		require.NoError(f, err, p)
		require.NotNil(f, c.table, p)
		cutters = append(cutters, c)
	}
	for _, text := range []string{"", "abcabcd", "aaab  b\n", "3 * 7 >= 2 ==1", "é\u00a0αβ日本\x85", "<think>x</think></answer> <answer", "aabbc[]-]^$"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) || len(text) > 1000 {
			return
		}
		for _, c := range cutters {
			want := cuts(text, func(s string) int { return nextSlow(c.re, s) })
			require.Equal(t, want, cuts(text, c.next), "%s on %q", c.re, text)
		}
	})
}

// TestLargeAutomaton leaves a pattern of exponentially many states to regexp.
func TestLargeAutomaton(t *testing.T) {
	c, err := newCutter(`[ab]*a[ab]{14}|c`)
	require.NoError(t, err)
	require.Nil(t, c.table)
	require.Equal(t, []any{"xx", "c", "c", "x"}, cuts("xxccx", c.next))
}

func TestTranslate(t *testing.T) {
	for pattern, want := range map[string]string{
		`a\n[b\-]`:   `a\n[b\-]`,
		`\s`:         `[\t-\r\x{85}\p{Z}]`,
		`[^\sx]`:     `[^\t-\r\x{85}\p{Z}x]`,
		`\S`:         `[^\t-\r\x{85}\p{Z}]`,
		`\d[\d]\D`:   `\p{Nd}[\p{Nd}]\P{Nd}`,
		`\p{L}(?:a)`: `\p{L}(?:a)`,
		`[(?=$^]`:    `[(?=$^]`,
		`\(?\$`:      `\(?\$`,
	} {
		got, err := translate(pattern)
		require.NoError(t, err, pattern)
		require.Equal(t, want, got)
	}
	for pattern, want := range map[string]string{
		`\s+(?!\S)`: "look-ahead", `(?=a)`: "look-ahead", `(?<=a)b`: "look-ahead", `(?<!a)b`: "look-ahead", `(?i)a`: "flags", `(?>a)`: "look-ahead",
		`a\w`: `"\\w" differs`, `\b`: "differs", `[\S]`: "differs", `\1`: "differs", `\p`: "differs", `\p{^L}`: "differs", `\`: "differs",
		`^a`: "anchor", `a$`: "anchor", `[[:alpha:]]`: "class within a class", `[a&&b]`: "class within a class", `[]a]`: "begins with ]", `[^]a]`: "begins with ]",
		`a{,2}`: "differs", `a{2}?`: "differs", `a{2}+`: "differs", `a++`: "RE2", `a*+`: "RE2", `(`: "RE2",
	} {
		_, err := compile(pattern)
		require.ErrorContains(t, err, want, pattern)
		require.ErrorContains(t, err, pattern)
	}
}
