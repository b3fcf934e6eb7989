package reflect

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	docs       = "../../docs/emergence.md"
	tableOpen  = "<!-- phrases: written by UPDATE_DOCS=1 go test ./internal/reflect -run TestDocs -->\n"
	tableClose = "<!-- end of phrases -->\n"
)

// phraseTable prints the phrase table as docs/emergence.md has it.
func phraseTable() string {
	var out strings.Builder
	block := func(title string, lines []string) {
		out.WriteString("\n" + title + "\n\n```text\n" + strings.Join(lines, "\n") + "\n```\n")
	}
	for _, f := range append(english(), chinese()...) {
		block("**"+string(f.category)+"**, "+f.language, f.templates)
	}
	var lists []string
	for _, name := range slices.Sorted(maps.Keys(macros())) {
		lists = append(lists, "<"+name+"> = "+macros()[name])
	}
	block("**Lists**", lists)
	block("**Words that may come before a clause's first word**", []string{leads})
	return out.String() + "\n"
}

func TestDocsHaveThePhraseTable(t *testing.T) {
	raw, err := os.ReadFile(docs)
	require.NoError(t, err)
	before, rest, ok := strings.Cut(string(raw), tableOpen)
	require.True(t, ok)
	table, after, ok := strings.Cut(rest, tableClose)
	require.True(t, ok)
	if os.Getenv("UPDATE_DOCS") != "" {
		require.NoError(t, os.WriteFile(docs, []byte(before+tableOpen+phraseTable()+tableClose+after), 0o644))
		return
	}
	require.Equal(t, phraseTable(), table, "docs/emergence.md is behind the phrase table: UPDATE_DOCS=1 go test ./internal/reflect -run TestDocs")
}
