package mathexpr

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// seeds are texts of every shape, for fuzzing to start from.
func seeds() []string {
	return []string{
		`\frac{1}{2}`, "1,234", "1{,}234.5", "50\\%", `90^\circ`, `\$18`, "5 cm^2", `1\frac12`, "1 1/2", `\sqrt[3]{2}`, "2^{10}", "|x-1|", `\pi e i \infty`, `\sin^2 x`, `\log_2 8`, `1\pm\sqrt2`,
		`[0,\infty)\cup\{-1\}`, `\{x \mid x>2\}`, "(1,2),(3,4)", `\begin{pmatrix}1&2\\3&4\end{pmatrix}`, "x=5", "y=2x+1", "k = 3 or 4", `1<x\le 3`, "5!", `\binom{5}{2}`, `\text{(A)}`, "1011_2", "3:2", "10:30 p.m.",
		`0.\overline{3}`, "0.333...", "3e5", `\lfloor 2.5\rfloor`, "3+4i", `x\equiv 3\pmod 7`, "x² ≥ ½", "**73**", `\boxed{5}`, "1;2;3", `f(x)=x+1`, `]0,1[`, `A\setminus B`, "9 (apples)", "(B) 12", `\sum_{k=1}^n k`, "５，６", "和", "p=5,q=2;p=7,q=2",
	}
}

// FuzzParse: any text is read or refused, within the budget, the same way each time, and equals itself.
func FuzzParse(f *testing.F) {
	for _, seed := range seeds() {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		b := NewBudget(Limits{})
		a, err := Parse(text, b)
		require.True(t, err == nil || errors.Is(err, ErrSyntax) || errors.Is(err, ErrBudget))
		require.LessOrEqual(t, b.Used(), DefaultWork)
		if errors.Is(err, ErrSyntax) {
			return
		}
		equal, err := Equal(a, a, Rules{}, b)
		require.True(t, equal && err == nil, "equals itself")
	})
}

// FuzzEqual: comparison is symmetric, bounded, and sees through white space around an answer.
func FuzzEqual(f *testing.F) {
	all := seeds()
	for i, seed := range all {
		f.Add(seed, all[(i+1)%len(all)])
		f.Add(seed, "$"+seed+"$")
	}
	f.Fuzz(func(t *testing.T, x, y string) {
		compare := func(x, y string) (bool, error) {
			b := NewBudget(Limits{})
			p, err := Parse(x, b)
			if err != nil {
				return false, err
			}
			q, err := Parse(y, b)
			if err != nil {
				return false, err
			}
			equal, err := Equal(p, q, Rules{}, b)
			require.LessOrEqual(t, b.Used(), DefaultWork)
			return equal, err
		}
		there, err := compare(x, y)
		back, err2 := compare(y, x)
		if err == nil && err2 == nil {
			require.Equal(t, there, back, "symmetric")
		}
	})
}
