package mathexpr

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseErrors(t *testing.T) {
	for text, want := range map[string]error{
		"": ErrSyntax, "  \n": ErrSyntax, "$$": ErrSyntax, "\xff": ErrSyntax, "5\x00": ErrSyntax, "\u202e5": ErrSyntax, "\u20665\u2069": ErrSyntax, "\x1b[31m5": ErrSyntax, `\,`: ErrSyntax,
		strings.Repeat("(", 200) + "1" + strings.Repeat(")", 200): ErrBudget, strings.Repeat("1", DefaultBytes+1): ErrBudget, "1e9999999": ErrBudget,
	} {
		_, err := Parse(text, NewBudget(Limits{}))
		require.ErrorIs(t, err, want, "%.40q", text)
	}
	for _, text := range []string{"5", "word", "(", "{1", `\frac{1}`, "1 +", "x =", "[0,1", ")(", `\unknown`, "^", "?!", "1..2", "ß", "🙂", `\frac`, `\begin{pmatrix}1`, "5 ^", "}"} {
		a, err := Parse(text, NewBudget(Limits{}))
		require.NoError(t, err, text)
		equal, err := Equal(a, a, Rules{}, NewBudget(Limits{}))
		require.True(t, equal && err == nil, text)
	}
}

// TestGarbage: what cannot be read equals nothing but itself.
func TestGarbage(t *testing.T) {
	for _, garbage := range []string{"5 +", "(5", `\frac{5}`, "5 5", "5 ^", "= = 5", "5 [", "?5 6", `5 \unknown`, "x == 5 == ", "5 #1 6", "5$6"} {
		require.False(t, equalTexts(t, "5", garbage), garbage)
	}
}

func TestExact(t *testing.T) {
	for text, want := range map[string]bool{"5": true, "(1/2,3)": true, `\{1,\sqrt2\}`: true, `5\text{ cm}`: true, "x": false, "x=5": false, `\text{Evelyn}`: false, "f(2)": false, `[0,\infty)`: true} {
		a, err := Parse(text, NewBudget(Limits{}))
		require.NoError(t, err, text)
		require.Equal(t, want, a.Exact(), text)
	}
	require.False(t, Answer{}.Exact())
	require.False(t, Answer{}.Words())
}

// TestBudget: work is refused, not done, and a refilled budget serves the next pair.
func TestBudget(t *testing.T) {
	small := NewBudget(Limits{Work: 50})
	_, err := Parse("(x+1)(x+2)(x+3)(x+4)(x+5)(x+6)", small)
	require.ErrorIs(t, err, ErrBudget)
	require.Equal(t, 50, small.Used())
	small.Refill()
	require.Zero(t, small.Used())
	_, err = Parse("5", small)
	require.NoError(t, err)
	b := NewBudget(Limits{})
	tower, err := Parse("9^{9^{9^{9}}}", b)
	require.NoError(t, err)
	other, err := Parse("9^{9^{9^{9}}}+1", b)
	require.NoError(t, err)
	_, err = Equal(tower, other, Rules{}, b)
	require.ErrorIs(t, err, ErrBudget)
	b.Refill()
	equal, err := Equal(tower, tower, Rules{}, b)
	require.True(t, equal && err == nil)
	equal, err = Equal(Answer{}, Answer{}, Rules{}, b)
	require.False(t, equal)
	require.NoError(t, err)
}
