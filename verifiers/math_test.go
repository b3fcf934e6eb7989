package verifiers

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/verifiers/mathexpr"
)

func TestSameMath(t *testing.T) {
	for _, pair := range [][2]string{
		{"0.5", `\frac{1}{2}`}, {"1/2", `\dfrac12`}, {"1,234", "1234"}, {`1{,}234.50`, "1234.5"}, {`12\,345`, "12345"}, {"1,234,567", "1234567"},
		{`\$18`, "18"}, {"$18.00$", "18"}, {"18 dollars", "18"}, {`5 \text{ cm}`, "5"}, {`5\text{ cm}^2`, "5"}, {"90^\\circ", "90"},
		{`50\%`, "50"}, {"50%", "0.5"}, {"50 percent", "50%"}, {`1\frac{1}{2}`, "1.5"}, {"1 1/2", "3/2"}, {`-\frac{3}{4}`, "-0.75"},
		{`\frac{-3}{4}`, "-3/4"}, {"(1, 2)", `\left(1,2\right)`}, {"(1/2, 3)", "(0.5,3)"}, {"(1,234)", "(1, 234)"}, {`\{1,2\}`, "{2, 1}"},
		{"1, 2", "2,1"}, {"1 and 2", `1 \text{ and } 2`}, {"1 or 2", "2, 1"}, {"x=5", "5"}, {"x = 2, x = 3", "2,3"}, {`3 \times 10^{5}`, "300000"},
		{"1e3", "1000"}, {`\text{Evelyn}`, "evelyn"}, {`\text{(A)}`, "A"}, {`\sqrt2`, `\sqrt{2}`}, {`\frac{\pi}{2}`, `\dfrac{π}{2}`}, {"5.", "5"},
		{".5", "0.5"}, {"+5", "5"}, {"**73**", "73"}, {"[0, 1)", "[0,1)"}, {"(1,2),(3,4)", "(3,4), (1,2)"}, {"1331 and 1728", "1728,1331"},
		{"−5", "-5"}, {strings.Repeat("9", 1500), strings.Repeat("9", 1500) + ".0"}, {`2 \cdot 10^{-3}`, "0.002"}, {"(5)", "5"},
		{"9 (apples)", "9"},
	} {
		require.True(t, SameMath(pair[0], pair[1]), "%s = %s", pair[0], pair[1])
		require.True(t, SameMath(pair[1], pair[0]), "%s = %s", pair[1], pair[0])
	}
	for _, pair := range [][2]string{
		{"0.33", "1/3"}, {"1 or 2", "1"}, {"1331 and 1728", "1728"}, {"5 or 6", "5"}, {`5 \text{ or } 6`, "5"}, {"1+1", "3"}, {"3**8", "38"},
		{"(1,2)", "(2,1)"}, {"[0,1)", "(0,1)"}, {"x=5", "y=5"}, {"3x-y+13=0", "3x+4y+14=0"}, {"12", "1,2"}, {"1,1", "1"},
		{"A", "B"}, {"x", "X"}, {"9999999", "10000000"}, {"1-1/e", "1+1/e"}, {"2^3", "23"}, {"1/0", "0"}, {"50%", "5000"}, {"", "0"},
		{"5 x", "5"}, {"1 2", "12"}, {"5 apples or 6", "5"}, {"-5", "5"}, {"1.2.3", "1.23"}, {"1,23", "123"},
	} {
		require.False(t, SameMath(pair[0], pair[1]), "%s ≠ %s", pair[0], pair[1])
		require.False(t, SameMath(pair[1], pair[0]), "%s ≠ %s", pair[1], pair[0])
	}
}

func TestExtractMath(t *testing.T) {
	for _, test := range []struct {
		response, want string
		kind           Kind
	}{
		{`so \boxed{1} no, \boxed{\frac{1}{2}}.`, `\frac{1}{2}`, ""}, {"<think>\\boxed{3}</think> It is \\boxed{4}", "4", ""},
		{"<think>x</think><answer>7</answer>", "7", ""}, {"<answer>\\boxed{8}</answer>", "8", ""}, {"work\n#### 72", "72", ""},
		{"The answer is $\\frac{1}{2}$.", `$\frac{1}{2}$`, ""}, {"the answer is 3. Wait, the final answer is: 4.\nBye", "4", ""},
		{"**Answer:** 12", "12", ""}, {"0.5", "0.5", ""}, {`\boxed 5 and`, "5", ""}, {`\boxed{\{1,2\}}`, `\{1,2\}`, ""},
		{"I think it could be 5", "", NoAnswer}, {"<think>\\boxed{3}", "", NoAnswer}, {"<think>a</think><answer>7", "", NoAnswer},
		{`\boxed{5`, "", Unparseable}, {`\boxed{}`, "", NoAnswer}, {"", "", NoAnswer},
	} {
		got, f := ExtractMath(test.response)
		require.Equal(t, test.want, got, test.response)
		require.Equal(t, test.kind, f.kind, test.response)
	}
}

func TestJudgeMath(t *testing.T) {
	v, err := JudgeMath(`\boxed{0.5}`, "nope", `The sum is \boxed{\frac12}`)
	require.NoError(t, err)
	require.Equal(t, Correct, v.Kind)
	v, err = JudgeMath(`\boxed{0.4}`, "some work #### 0.5")
	require.NoError(t, err)
	require.Equal(t, Verdict{Kind: Wrong, Answer: "0.4", Reason: "0.4 is not 0.5"}, v)
	for reason, pair := range map[string][2]string{
		`\{1,2\} is not 1: a set of 2 against a number`: {`\{1,2\}`, "1"}, "1 is not (1,2): a number against a tuple of 2": {"1", "(1,2)"}, "x > 4 is not 5: an inequality against a number": {"x > 4", "5"},
		"1, 2 is not [0,1): a list of 2 against an interval": {"1, 2", "[0,1)"}, "5x is not 5: an expression with variables against a number": {"5x", "5"}, "maybe 5 is not 5: words against a number": {"maybe 5", "5"},
		`\begin{pmatrix}1\\2\end{pmatrix} is not 3: a 2×1 matrix against a number`: {`\begin{pmatrix}1\\2\end{pmatrix}`, "3"}, "y + z = 2x is not 2x: an equation against an expression with variables": {"y + z = 2x", "2x"},
	} {
		v, err = JudgeMath(`\boxed{`+pair[0]+`}`, pair[1])
		require.NoError(t, err)
		require.Equal(t, reason, v.Reason)
	}
	for _, gold := range []string{"", "  ", `\frac{1}{2`, strings.Repeat("1", 3000)} {
		_, err = JudgeMath(`\boxed{0.5}`, gold)
		require.ErrorContains(t, err, "cannot be read", gold)
	}
}

// TestMathHostileInput: work is bounded whatever the response is.
func TestMathHostileInput(t *testing.T) {
	const mb = 1 << 20
	for name, response := range map[string]string{
		"towers": `\boxed{9^{9^{9^{9}}}}`, "factorials": `\boxed{999999!!!!}`, "exponent": `\boxed{1e999999999}`, "power": `\boxed{10^{999999999}}`,
		"digits": `\boxed{` + strings.Repeat("9", mb) + "}", "nesting": strings.Repeat(`\boxed{`, mb/7), "open": strings.Repeat("{", mb),
		"fracs": `\boxed{` + strings.Repeat(`\frac{`, 300) + "1" + strings.Repeat("}{2}", 300) + "}", "commas": `\boxed{` + strings.Repeat("1,", 990) + "}",
		"answers": strings.Repeat("the answer is ", mb/14), "tags": strings.Repeat("<answer>", mb/8), "text": `\boxed{` + strings.Repeat(`\text{`, 300) + strings.Repeat("}", 300) + "}",
		"hashes": strings.Repeat("#", mb), "spaces": `\boxed{5` + strings.Repeat(" ", mb) + "}", "bad UTF-8": "\\boxed{\xff\xfe}",
	} {
		start := time.Now()
		v, err := JudgeMath(response, strings.TrimRight(strings.Repeat("1,", 990), ",")+"2")
		require.NoError(t, err, name)
		require.NotEqual(t, Correct, v.Kind, name)
		require.Less(t, time.Since(start), 2*time.Second, name)
	}
}

// TestMathNotations writes random fractions in several ways: all are equal, the neighbour is not.
func TestMathNotations(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		a, b := rng.IntN(2000)-1000, 1<<rng.IntN(6)
		forms := []string{fmt.Sprintf("%d/%d", a, b), fmt.Sprintf(`\frac{%d}{%d}`, a, b), fmt.Sprintf(`$\dfrac{%d}{%d}$`, 3*a, 3*b),
			fmt.Sprintf("%g", float64(a)/float64(b)), fmt.Sprintf(`x = %g \text{ cm}`, float64(a)/float64(b))}
		for _, form := range forms {
			require.True(t, SameMath(forms[0], form), "%s = %s", forms[0], form)
			require.False(t, SameMath(fmt.Sprintf("%d/%d", a+1, b), form), form)
		}
	}
}

func FuzzMath(f *testing.F) {
	for _, s := range []string{`\boxed{\frac12}`, "1,234 or (1,2]", "x=5 \\text{cm}^2", "the answer is 5%", `\{1,\frac{1}{2}\}`} {
		f.Add(s, "0.5")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		require.Equal(t, SameMath(a, b), SameMath(b, a), "symmetric")
		if _, err := mathexpr.Parse(a, newBudget()); !errors.Is(err, mathexpr.ErrSyntax) {
			require.True(t, SameMath(a, a), "reflexive") // what is no answer at all equals nothing
		}
		v, err := JudgeMath(a, b)
		require.Equal(t, err == nil, v.Kind != "")
	})
}

func BenchmarkMath(b *testing.B) {
	for b.Loop() {
		_, _ = JudgeMath(`The area is one half, so the answer is $\boxed{\frac{1}{2}}$.`, "0.5")
	}
}

func BenchmarkMath1MB(b *testing.B) {
	response := strings.Repeat("some words of reasoning ", 1<<20/24) + `\boxed{\frac{1}{2}}`
	for b.Loop() {
		_, _ = JudgeMath(response, "0.5")
	}
}
