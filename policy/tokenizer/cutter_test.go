package tokenizer

import (
	"strings"
	"testing"
	"unicode"
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
		require.NotNil(f, c.auto, p)
		cutters = append(cutters, c)
	}
	for _, text := range []string{"", "abcabcd", "aaab  b\n", "3 * 7 >= 2 ==1", "é\u00a0αβ日本\x85", "<think>x</think></answer> <answer", "aabbc[]-]^$", "I'LL'ſ"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) || len(text) > 1000 {
			return
		}
		for _, c := range cutters {
			slow := cutter{re: c.re}
			require.Equal(t, cuts(text, slow.next), cuts(text, c.next), "%s on %q", c.re, text)
		}
	})
}

// FuzzLookAhead compares with a way around it that needs no look-ahead: a run of blanks before a
// character that is none leaves its last one to it.
func FuzzLookAhead(f *testing.F) {
	const head = `(?i:'s|'ll)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|`
	c, err := newCutter(head + `\s+(?!\S)|\s+`)
	require.NoError(f, err)
	require.Nil(f, c.re)
	plain, err := newCutter(head + `\s+`)
	require.NoError(f, err)
	for _, text := range []string{"a  b", "   ", "a \u2003 \u00a0b", " \n  x", "I'LL go\t\t12345  !", "  \n", "a\u3000 1"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) || len(text) > 1000 {
			return
		}
		require.Equal(t, cuts(text, func(rest string) int {
			n := plain.next(rest)
			blank := strings.TrimFunc(rest[:n], unicode.IsSpace) == "" && !strings.ContainsAny(rest[n-1:n], "\r\n")
			if _, last := utf8.DecodeLastRuneInString(rest[:n]); blank && n < len(rest) && last < n {
				n -= last
			}
			return n
		}), cuts(text, c.next), "%q", text)
	})
}

// TestLookAhead tries the other kinds of sets.
func TestLookAhead(t *testing.T) {
	for pattern, want := range map[string][]any{
		`a(?=b)|b`:          {"x", "a", "b", "aca", "a", "b"},
		`a(?![b-d])`:        {"xabac", "a", "ab"},
		`(?:a(?=a)|c)+`:     {"xaba", "ca", "ab"},
		`[ac]+(?!a)(?=b)|c`: {"x", "a", "b", "acaa", "b"},
		`a+(?!b)|a|c`:       {"x", "a", "b", "a", "c", "a", "a", "b"},
		`b(?!a)`:            {"xabacaa", "b"},
		`b(?=.)`:            {"xa", "b", "acaab"},
	} {
		c, err := newCutter(pattern)
		require.NoError(t, err, pattern)
		require.Equal(t, want, cuts("xabacaab", c.next), pattern)
	}
}

// TestLargeAutomaton leaves a pattern of exponentially many states to regexp.
func TestLargeAutomaton(t *testing.T) {
	c, err := newCutter(`[ab]*a[ab]{14}|c`)
	require.NoError(t, err)
	require.Nil(t, c.auto)
	require.Equal(t, []any{"xx", "c", "c", "x"}, cuts("xxccx", c.next))
	_, err = newCutter(`[ab]*a[ab]{14}(?!c)`)
	require.ErrorContains(t, err, "split it into several")
}

func TestTranslate(t *testing.T) {
	digits := newer("Nd")
	require.Contains(t, digits, `\x{10D40}-\x{10D49}`)
	for pattern, want := range map[string]string{
		`a\n[b\-]`:       `a\n[b\-]`,
		`\s`:             `[\t-\r\x{85}\p{Z}]`,
		`[^\sx]`:         `[^\t-\r\x{85}\p{Z}x]`,
		`\S`:             `[^\t-\r\x{85}\p{Z}]`,
		`\d[\d]\D`:       `[\p{Nd}` + digits + `][\p{Nd}` + digits + `][^\p{Nd}` + digits + `]`,
		`\p{Greek}(?:a)`: `\p{Greek}(?:a)`,
		`\p{Lt}\P{Lt}`:   `\p{Lt}\P{Lt}`,
		`[\P{L}]`:        `[\P{L}]`,
		`(a)(?i:b)`:      `(?:a)(?i:b)`,
		`a(?!\S)(?=b)`:   `a()()`,
		`[(?=$^]`:        `[(?=$^]`,
		`\(?\$`:          `\(?\$`,
	} {
		got, _, err := translate(pattern)
		require.NoError(t, err, pattern)
		require.Equal(t, want, got)
	}
	for pattern, want := range map[string]string{
		`\s+(?!ab)`: "look-ahead", `(?=a*)`: "look-ahead", `(?!)`: "look-ahead", `(?!a`: "look-ahead", `(?<=a)b`: "look-behind", `(?<!a)b`: "look-behind", `(?i)a`: "flags", `(?>a)`: "look-ahead", `(?!(?=a))`: "look-ahead",
		`a\w`: `"\\w" differs`, `\b`: "differs", `[\S]`: "differs", `\1`: "differs", `\p`: "differs", `\p{^L}`: "differs", `\`: "differs",
		`^a`: "anchor", `a$`: "anchor", `[[:alpha:]]`: "class within a class", `[a&&b]`: "class within a class", `[]a]`: "begins with ]", `[^]a]`: "begins with ]",
		`a{,2}`: "differs", `a{2}?`: "differs", `a{2}+`: "differs", `a++`: "RE2", `a*+`: "RE2", `(`: "RE2", `a*`: "empty text", `(?=a)`: "empty text",
	} {
		_, err := newCutter(pattern)
		require.ErrorContains(t, err, want, pattern)
		require.ErrorContains(t, err, pattern)
	}
}
