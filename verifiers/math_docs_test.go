package verifiers

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMathDocs holds the examples of the math section of docs/verifiers.md against the code.
func TestMathDocs(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "docs", "verifiers.md"))
	require.NoError(t, err)
	_, section, _ := strings.Cut(string(data), "\n## math\n")
	section, _, _ = strings.Cut(section, "\n## ")
	code := regexp.MustCompile("`([^`]+)`")
	verdicts, extractions := 0, 0
	for row := range strings.Lines(section) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(row), "|"), " | ")
		if len(cells) != 4 {
			continue
		}
		texts := func(cell int) (out []string) {
			for _, m := range code.FindAllStringSubmatch(cells[cell], -1) {
				out = append(out, m[1])
			}
			return out
		}
		switch verdict := Kind(strings.TrimSpace(cells[2])); verdict {
		case Correct, Wrong:
			for _, answer := range texts(1) {
				v, err := JudgeMath(`\boxed{`+answer+`}`, texts(0)...)
				require.NoError(t, err, row)
				require.Equal(t, verdict, v.Kind, "gold %s, answer %s", texts(0), answer)
				verdicts++
			}
		default:
			if response, want := texts(2), texts(3); len(response) == 1 && len(want) == 1 {
				got, f := ExtractMath(response[0])
				require.True(t, f.ok(), response[0])
				require.Equal(t, want[0], got, response[0])
				extractions++
			}
		}
	}
	require.Greater(t, verdicts, 115)
	require.Equal(t, 11, extractions)
}
