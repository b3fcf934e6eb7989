package mathexpr

import "testing"

// usual are pairs of answers as they come, equal and not.
func usual() [][2]string {
	return [][2]string{
		{`\frac{1}{2}`, "0.5"}, {"72", "72"}, {"18", `\$18`}, {`12\sqrt{5}`, `12\sqrt5`}, {`(3, \frac{\pi}{2})`, `\left(3,\dfrac{\pi}{2}\right)`},
		{"x^2-2x+8", "x^2 + 8 - 2x"}, {`\begin{pmatrix} 1 \\ -4 \end{pmatrix}`, `\begin{pmatrix}1\\-4\end{pmatrix}`}, {`[2,\infty)`, `x \ge 2`},
		{"5", "6"}, {"x = 12", "12"}, {`10\text{ cm}`, "10 cm"}, {"3, -2", "-2, 3"}, {"13,535", "13535"}, {`\frac{\sqrt{3}}{3}`, `\frac{1}{\sqrt3}`},
		{`\text{Evelyn}`, "Evelyn"}, {`(-\infty,-2)\cup(2,\infty)`, `(-\infty, -2) \cup (2, \infty)`}, {"1011_2", "1011_{2}"}, {"50\\%", "50"},
		{"3+4i", "4i+3"}, {`25\pi`, `26\pi`},
	}
}

// BenchmarkEqual reads and compares one usual pair per operation.
func BenchmarkEqual(b *testing.B) {
	pairs := usual()
	budget := NewBudget(Limits{})
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		pair := pairs[i%len(pairs)]
		budget.Refill()
		x, _ := Parse(pair[0], budget)
		y, _ := Parse(pair[1], budget)
		_, _ = Equal(x, y, Rules{}, budget)
	}
}

// BenchmarkNumerical compares what needs evaluation at points.
func BenchmarkNumerical(b *testing.B) {
	budget := NewBudget(Limits{})
	b.ReportAllocs()
	for b.Loop() {
		budget.Refill()
		x, _ := Parse(`\sin 2x`, budget)
		y, _ := Parse(`2\sin x\cos x`, budget)
		_, _ = Equal(x, y, Rules{}, budget)
	}
	b.ReportMetric(float64(budget.Used()), "work/op")
}
