package mathexpr

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// evaluated computes a closed expression, or one with variables at a fixed point, to prec bits.
func evaluated(t *testing.T, text string, prec uint, seed uint64) *ball {
	b := NewBudget(Limits{Work: 1 << 30})
	a, err := Parse(text, b)
	require.NoError(t, err, text)
	e := evaluator{calculator: newCalculator(b, prec), at: &point{seed: seed}}
	return e.value(a.tree)
}

// TestErrorBounds: the value to few bits lies within its error of the value to many, and the error leaves 40 digits.
func TestErrorBounds(t *testing.T) {
	for _, text := range []string{
		`\pi`, "e", `\sqrt{2}`, "7^{1/5}", `\ln 2`, `\ln 10^{100}`, `\log_3 7`, "e^{20}", "e^{-30}", `\sin 1`, `\cos 1000`, `\tan 1.57`, `\arctan 2`, `\arctan 0.01`, `\arcsin 0.999`, `\arccos(-0.3)`, `\sinh 2`, `\tanh 0.1`,
		`\frac{1}{\sqrt2-1.414}`, `\sin(\pi/7)\cos(\pi/7)`, "(1+i)^{1/3}", "e^{2+3i}", `\ln(-5)`, "i^i", `\sqrt{3-4i}`, `\sin(1+i)`, `\frac{2+i}{3-7i}`, `\sqrt{\sqrt{11}+\sqrt{194}}`, "|3+4i|", `2^{\sqrt2}`,
		`\sin x+\cos y`, "x^y", `\ln(x+y)`, `\frac{x-y}{x+y}`, `\sqrt[3]{x}`, `\arctan\frac{x}{y}`, `e^{x}-e^{-x}`, `\operatorname{arcsinh} x`, `\sec x`,
	} {
		for seed := range uint64(5) {
			low, high := evaluated(t, text, 192, seed), evaluated(t, text, 640, seed)
			require.True(t, low != nil && high != nil, text)
			c := newCalculator(NewBudget(Limits{}), 640)
			d := c.add(low, c.neg(high))
			require.LessOrEqual(t, d.mag(), max(low.err, high.err)+2, "%s: error bound", text)
			require.LessOrEqual(t, low.err, low.mag()-wantedBits, "%s: digits", text)
		}
	}
}

func TestUndefined(t *testing.T) {
	for _, text := range []string{`\frac{1}{\sin\pi}`, `\ln 0`, `\arcsin 2`, `0^{-1}`, `\tan\frac{\pi}{2}`, "e^{10^{9}}", `\sqrt{\sin\pi}`} {
		require.Nil(t, evaluated(t, text, 192, 0), text)
	}
	for _, pair := range [][2]string{{`\frac{1}{0}`, `\frac{2}{0}`}, {`\ln 0`, `-\ln 0`}, {`\frac{1}{\sqrt{3+2\sqrt2}-1-\sqrt2}`, "5"}, {`\tan 90^\circ`, `\infty`}} {
		require.False(t, equalTexts(t, pair[0], pair[1]), pair)
	}
}

// TestRounded: a decimal equals what rounds to it, if the rules say so.
func TestRounded(t *testing.T) {
	rounded := func(x, y string) bool {
		b := NewBudget(Limits{})
		p, err := Parse(x, b)
		require.NoError(t, err)
		q, err := Parse(y, b)
		require.NoError(t, err)
		equal, err := Equal(p, q, Rules{Rounded: true}, b)
		require.NoError(t, err)
		return equal
	}
	for _, pair := range [][2]string{{`\sqrt2`, "1.414"}, {"1.41", `\sqrt2`}, {`\pi`, "3.14159"}, {`\frac13`, "0.333"}, {`-\sqrt2`, "-1.4"}, {`(\sqrt2, 1)`, "(1.41, 1)"}, {`\sin 1`, "0.84"}} {
		require.True(t, rounded(pair[0], pair[1]), pair)
	}
	for _, pair := range [][2]string{{`\sqrt2`, "1.415"}, {`\sqrt2`, "1"}, {`\pi`, "3.15"}, {"1.414", "1.41"}, {`\frac13`, "0.334"}, {"3", "3.01"}, {"x", "1.5"}, {`\sqrt2`, "-1.41"}} {
		require.False(t, rounded(pair[0], pair[1]), pair)
	}
}
