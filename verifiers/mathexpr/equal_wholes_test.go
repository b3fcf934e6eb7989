package mathexpr

// equalWholes are answers of several parts in two notations.
func equalWholes() map[string]pairs {
	return map[string]pairs{
		"lists": {
			{"1, 2", "2,1"}, {"1 and 2", `1\text{ and }2`}, {"1 or 2", "2 or 1"}, {"1, 2, and 3", "3,2,1"}, {"1;2", "2;1"}, {"1，2", "1,2"}, {"1、2", "2, 1"}, {"x=1, x=2", "1,2"}, {"x = 1 or x = 2", "2, 1"}, {"k=3 or 4", "3,4"}, {"n=1,2,3", "1,2,3"}, {`1\pm\sqrt2`, `1+\sqrt2, 1-\sqrt2`},
			{`\pm 5`, "5, -5"}, {`x=\pm 5`, "-5,5"}, {`\{-5,5\}`, `\pm 5`}, {"+-5", "±5"}, {`3\pm 2\sqrt2`, `3\mp 2\sqrt2`}, {"x_1=1, x_2=2", "2 and 1"}, {"AB=4, CD=5", "4,5"}, {"a_3=2, a_{37}=19", "a_{37} = 19, a_3 = 2"}, {"p=5,q=2;p=7,q=2", "(5,2),(7,2)"}, {"(1,2),(3,4)", "(3,4); (1,2)"},
			{`(1,2)\text{ and }(3,4)`, "(1,2), (3,4)"}, {"12 和 13", "13, 12"}, {"1,2", "1, 2"}, {"100, 200", "100,200"}, {"{1,2,3}", "1, 2, 3"}, {"x=1, y=3", "(1,3)"}, {"1,3", "(1,3)"}, {"1,1,2", "2,1,1"}, {`\frac{-1\pm\sqrt{13}}{4}, \frac12`, `\frac12, \frac{-1+\sqrt{13}}{4}, \frac{-1-\sqrt{13}}{4}`},
			{`\text{A, C}`, "C, A"}, {`\text{Softball, Kickball}`, "softball, kickball"},
		},
		"tuples": {
			{"(1,2)", `\left( 1, 2 \right)`}, {"(1/2, 3)", "(0.5,3)"}, {`(3,\frac{\pi}{2})`, `(3, \pi/2)`}, {"(x,y)=(1,2)", "(1,2)"}, {"(1;2)", "(1,2)"}, {`\langle 1,2\rangle`, "(1,2)"}, {`\begin{pmatrix}1\\2\end{pmatrix}`, "(1,2)"}, {"(1,234)", "(1, 234)"}, {"(12,345, 6)", "(12, 345, 6)"}, {"(1, 2, 3)", "(1,2,3)"},
			{"A=(1,2)", "(1,2)"}, {`(2\sqrt2, 45^\circ)`, `(\sqrt8, 45)`}, {"((1,2),3)", "((1,2),3.0)"},
		},
		"sets and intervals": {
			{`\{1,2\}`, `\{2,1\}`}, {`\{1,2,2\}`, `\{1,2\}`}, {`\{5\}`, "5"}, {`\emptyset`, `\varnothing`}, {`\emptyset`, `\{\}`}, {"∅", `\emptyset`}, {`[0,1)`, `\left[0,1\right)`}, {`(-\infty,3]`, `x\le 3`}, {"x>2", `(2,\infty)`}, {"1<x<=3", "(1,3]"}, {"3 > x > 1", "(1,3)"}, {`x\in[0,1]`, "[0,1]"}, {"2x>4", "x>2"},
			{"-x>-1", "x<1"}, {"5 ≥ x", "x ≤ 5"}, {`x<-1\text{ or }x>3`, `(-\infty,-1)\cup(3,\infty)`}, {"x>1 and x<3", "(1,3)"}, {`[0,1]\cup[1,2]`, "[0,2]"}, {`(2,3)\cup(0,1)`, `(0,1)\cup(2,3)`}, {`x\ne 5`, `(-\infty,5)\cup(5,\infty)`}, {`\mathbb{R}`, `(-\infty,\infty)`}, {`\mathbb{R}\setminus\{2\}`, `(-\infty,2)\cup(2,\infty)`},
			{`\{x\mid x>2\}`, `(2,\infty)`}, {`\{x : 0\le x<1\}`, "[0,1)"}, {`\{x \in \mathbb{R} \mid x \neq 2\}`, `x\ne2`}, {`1\le|x|\le 2`, `[-2,-1]\cup[1,2]`}, {"|x|<3", "(-3,3)"}, {`[0,5]\cap[3,9]`, "[3,5]"}, {`\{-1\}\cup[0,7)`, `[0,7)\cup\{-1\}`}, {"0<f(x)<1", "(0,1)"}, {"]0,1[", "(0,1)"}, {`(-\infty, +\infty)`, "all real numbers"},
			{`\left[\frac{\pi}{6},\frac{\pi}{2}\right]`, `\frac{\pi}{6}\le x\le\frac{\pi}{2}`}, {`(-infinity, 5)`, "x<5"}, {`[-\sqrt{2},\sqrt2]`, `-\sqrt2\le x\le\sqrt2`}, {`x \ge 2`, `x \geqslant 2`}, {`k\geq2`, "[2,∞)"}, {`(1,2)\cup(2,3)`, `(1,3)\setminus\{2\}`},
		},
		"equations": {
			{"x=5", "5"}, {"x = 5", "5 = x"}, {"y=2x+1", "2x+1"}, {"y=2x+1", "2x-y+1=0"}, {"3x-y+13=0", "y=3x+13"}, {"2x=4", "x=2"}, {"f(x)=x^2", "x^2"}, {"f(x)=x+1", "f(x) = 1+x"}, {"34x+45y=100", "-34x-45y+100=0"}, {`\frac{x^2}{4}+\frac{y^2}{3}=1`, "3x^2+4y^2=12"}, {`\sqrt2 x=2`, `x=\sqrt2`},
			{"x = 3+4 = 7", "7"}, {`x=\frac13\approx 0.33`, "1/3"}, {`\approx 8.24`, "8.24"}, {"|AB|=1", "1"}, {"A:B=1", "1"}, {"AB = 5", "5"}, {`\angle A=30^\circ`, "30"}, {`\frac{AB}{CD}=\frac12`, "1/2"}, {"P(x)=x-1", "x-1"}, {`x\equiv 3\pmod 7`, `3\pmod{7}`}, {`x\equiv 3 \pmod{7}`, "x ≡ 10 (mod 7)"}, {`s^2\le 8r^2`, `8r^2\ge s^2`},
			{"f(2)<f(1)<f(4)", "f(4)>f(1)>f(2)"}, {"x^2+y^2=25", "y^2+x^2-25=0"}, {`\theta = \frac{\pi}{3}`, `\pi/3`}, {"x=y=2", "x = y = 2"}, {"a=b+1", "b+1=a"},
		},
		"matrices": {
			{`\begin{pmatrix}1&2\\3&4\end{pmatrix}`, `\begin{bmatrix}1 & 2 \\ 3 & 4\end{bmatrix}`}, {`\begin{pmatrix} 1/2 \\ 0 \end{pmatrix}`, `\begin{pmatrix} \frac12 \\ 0 \\ \end{pmatrix}`}, {`\left[\begin{array}{cc}1&2\\3&4\end{array}\right]`, `\begin{pmatrix}1&2\\3&4\end{pmatrix}`}, {`\frac15\begin{pmatrix}1\\2\end{pmatrix}`, `\begin{pmatrix}1/5\\2/5\end{pmatrix}`},
			{`2\begin{pmatrix}1&0\\0&1\end{pmatrix}`, `\begin{pmatrix}2&0\\0&2\end{pmatrix}`}, {`\begin{pmatrix}1\\2\end{pmatrix}+\begin{pmatrix}3\\4\end{pmatrix}`, `\begin{pmatrix}4\\6\end{pmatrix}`},
		},
		"numerals, ratios, times": {
			{"1011_2", "1011_{2}"}, {"(1011)_2", "1011_2"}, {`1011_{\text{two}}`, "1011_2"}, {"1011 base 2", "1011_2"}, {"1011_2", "11_{10}"}, {"3:2", "6:4"}, {"1:4", "1/4"}, {"3 to 2", "3:2"}, {"10:30", "10:30"}, {`4\!:\!30 \text{ p.m.}`, "4:30 PM"}, {"4:30 p.m.", "4:30"}, {`9\text{ a.m.}`, "9 am"}, {`\text{4:30 p.m.}`, "4:30 pm"}, {"1:2:3", "2:4:6"},
			{"-221_3", "- 221_{3}"}, {"1.5e3", "1500"}, {`2.5\times10^{-3}`, "0.0025"},
		},
		"words": {
			{`\text{Evelyn}`, "evelyn"}, {`\text{(A)}`, "A"}, {"(A)", "A"}, {"A.", "A"}, {`\textbf{(B)}`, "B"}, {`\mathrm{(C)}`, `\text{C}`}, {"odd", `\text{odd}`}, {`\text{June 20}`, "june 20"}, {`\text{two lines}`, "two lines"}, {"no solution", "No solutions"}, {`\text{A5}_{11}`, "A5_11"}, {"Yes", "yes"}, {"(B) 12", "B"}, {"B)", "B"}, {"B) 12", "(B) 12"}, {"(B) 12", "12"}, {"是", "是"}, {`\text{CBAD}`, "CBAD"}, {`\text{A, C}`, "AC"},
		},
	}
}
