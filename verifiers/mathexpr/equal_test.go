package mathexpr

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// equalTexts compares with full budgets under strict rules, in both directions.
func equalTexts(t *testing.T, x, y string) bool {
	t.Helper()
	b := NewBudget(Limits{})
	p, err := Parse(x, b)
	require.NoError(t, err, x)
	q, err := Parse(y, b)
	require.NoError(t, err, y)
	there, err := Equal(p, q, Rules{}, b)
	require.NoError(t, err, "%s against %s", x, y)
	b.Refill()
	back, err := Equal(q, p, Rules{}, b)
	require.NoError(t, err, "%s against %s", y, x)
	require.Equal(t, there, back, "symmetric: %s and %s", x, y)
	return there
}

type pairs [][2]string

func TestEqual(t *testing.T) {
	for name, group := range equalPairs() {
		for _, pair := range group {
			if !equalTexts(t, pair[0], pair[1]) {
				t.Errorf("%s: %s should equal %s", name, pair[0], pair[1])
			}
		}
	}
	for name, group := range equalWholes() {
		for _, pair := range group {
			if !equalTexts(t, pair[0], pair[1]) {
				t.Errorf("%s: %s should equal %s", name, pair[0], pair[1])
			}
		}
	}
}

// equalPairs are numbers and expressions in two notations.
func equalPairs() map[string]pairs {
	return map[string]pairs{
		"integers": {
			{"42", "42.0"}, {"042", "42"}, {"+7", "7"}, {"- 7", "-7"}, {"−7", "-7"}, {"--7", "7"}, {"1,234", "1234"}, {"1,234,567", "1234567"}, {"1{,}234", "1234"},
			{`12\,345`, "12345"}, {`12,\!345`, "12,345"}, {`7,\! 654,\! 321`, "7654321"}, {"12 345", "12345"}, {"1,234.50", "1234.5"}, {"７２", "72"}, {"$72$", "72"}, {`\(72\)`, "72"}, {`\[72\]`, "72"},
			{"$$72$$", "72"}, {"72.", "72"}, {"72,", "72"}, {"**72**", "72"}, {"`72`", "72"}, {`\boxed{72}`, "72"}, {"{72}", "72"}, {"(72)", "72"}, {"((72))", "72"}, {`\text{72}`, "72"}, {`\mathbf{72}`, "72"},
			{`\displaystyle 72`, "72"}, {"72!/71!", "72"}, {"7.2e1", "72"}, {`7.2 \times 10^1`, "72"}, {`720 \cdot 10^{-1}`, "72"}, {"3*24", "72"}, {"8·9", "72"}, {"8×9", "72"}, {"144÷2", "72"}, {"2^3*3^2", "72"},
			{"8^2+8", "72"}, {"10**2", "100"}, {`99999999999999999999`, "10^{20}-1"}, {"2^{100}", "1267650600228229401496703205376"}, {`\binom{9}{2}\cdot 2`, "72"}, {`|{-72}|`, "72"}, {`\left|-72\right|`, "72"}, {`\lvert -72\rvert`, "72"},
			{`\lfloor 72.9 \rfloor`, "72"}, {`\lceil 71.1 \rceil`, "72"}, {`\max(3, 72)`, "72"}, {`\gcd(144, 216)`, "72"}, {`\sqrt{5184}`, "72"}, {"5!", "120"}, {"(3!)!", "720"}, {`{5 \choose 2}`, "10"}, {"\u200b72", "72"},
		},
		"fractions": {
			{`\frac{3}{4}`, "0.75"}, {"3/4", ".75"}, {`\dfrac34`, `\tfrac{3}{4}`}, {`\frac3{4}`, "6/8"}, {`\frac{3}4`, "75%"}, {`-\frac{3}{4}`, `\frac{-3}{4}`}, {`\frac{3}{-4}`, "-0.75"}, {`1\frac{3}{4}`, "7/4"}, {"1 3/4", "1.75"}, {"40 120/199", `\frac{8080}{199}`},
			{`-1\frac34`, "-1.75"}, {`2\dfrac{1}{2}`, "2.5"}, {`\cfrac{1}{2}`, "1/2"}, {"½", "0.5"}, {"1½", "3/2"}, {"¾", "0.75"}, {`\frac{1}{\frac{4}{3}}`, "3/4"}, {`\left(\frac{3}{4}\right)`, "0.75"}, {`\frac{ 3 } { 4 }`, "3/4"},
			{`\frac{1{,}000}{4}`, "250"}, {`0.\overline{6}`, `\frac{2}{3}`}, {`0.1\overline{6}`, "1/6"}, {`0.\overline{142857}`, "1/7"}, {`0.666\ldots`, "2/3"}, {"0.333...", "1/3"}, {`0.1666\dots`, "1/6"}, {`0.\dot{3}`, "1/3"}, {`0.\dot1\dot2`, "4/33"},
			{"0.(3)", "1/3"}, {`2.\overline{9}`, "3"}, {`\frac{10!}{8!}`, "90"}, {`\frac 12`, "0.5"}, {`\frac12\cdot\frac34`, "3/8"}, {"1/2/2", "1/4"}, {"(1/2)^3", "1/8"}, {"2^{-3}", "0.125"}, {`\frac{2}{3}\times 3`, "2"}, {`-(-\frac12)`, "1/2"},
		},
		"percent, degrees, money, units": {
			{"50%", `50\%`}, {"50", `50\%`}, {"0.5", "50%"}, {"1/2", "50 percent"}, {`33\frac{1}{3}\%`, `\frac{100}{3}\%`}, {"33 1/3%", "1/3"}, {`22\frac12^\circ`, "22.5"}, {`22\frac{1}{2}^{\circ}`, "22.5°"}, {`2\frac12\text{ cm}`, "2.5 cm"}, {`12.5\%`, "1/8"}, {`90^\circ`, "90"}, {`90^{\circ}`, "90°"}, {"90 degrees", "90"}, {`90\text{ degrees}`, `90^\circ`}, {`\$18`, "18"}, {"$18", "18"}, {`\$1,234.50`, "1234.5"},
			{"18 dollars", `\$18`}, {"€18", "18"}, {"18€", "18"}, {"£18", "18"}, {`-\$18`, "-18"}, {"18 USD", "18"}, {`5\text{ cm}`, "5"}, {`5 \mathrm{cm}`, "5 cm"}, {"5cm", "5 cm"}, {`5\text{ cm}^2`, "5 square centimeters"}, {`5 cm^{2}`, "5 cm²"}, {"5 m", "5"},
			{"5 m", "5 meters"}, {"5 m/s", "5"}, {`5\text{ inches}`, "5 in"}, {"45 mph", "45 miles per hour"}, {`3\sqrt2\text{ units}`, `3\sqrt{2}`}, {`8\pi \text{ square feet}`, `8\pi`}, {"9 (apples)", "9"}, {"12 students", "12"}, {`18\text{ ways.}`, "18"}, {"3 million", "3000000"},
			{"2 dozen", "24"}, {"1.5 hours", "1.5"}, {"20 sq. units", "20"}, {"20 square units", "20 cm^2"}, {"5 apples", "5"}, {`25\;\text{km}`, "25 km"}, {"5'", "5'"},
		},
		"roots": {
			{`\sqrt2`, `\sqrt{2}`}, {"√2", `\sqrt{2}`}, {"sqrt(2)", `\sqrt{2}`}, {"2^{1/2}", `\sqrt2`}, {"2^0.5", `\sqrt2`}, {`\sqrt{8}`, `2\sqrt{2}`}, {`\sqrt{12}+\sqrt{27}`, `5\sqrt3`}, {`\frac{1}{\sqrt{3}}`, `\frac{\sqrt3}{3}`}, {`\sqrt{\frac{1}{2}}`, `\frac{\sqrt{2}}{2}`},
			{`\frac{1}{1+\sqrt2}`, `\sqrt2-1`}, {`\frac{1}{\sqrt2+\sqrt3+\sqrt5}`, `\frac{2\sqrt3+3\sqrt2-\sqrt{30}}{12}`}, {`(1+\sqrt2)^2`, `3+2\sqrt2`}, {`\sqrt{2}\sqrt{3}`, `\sqrt6`}, {`\sqrt[3]{16}`, `2\sqrt[3]{2}`}, {`\sqrt[3]{-8}`, "-2"}, {"8^{2/3}", "4"},
			{`\sqrt[4]{4}`, `\sqrt2`}, {`\sqrt[3]{2}\sqrt{2}`, `\sqrt[6]{32}`}, {`\sqrt{3+2\sqrt2}`, `1+\sqrt2`}, {`\sqrt{2+\sqrt3}`, `\frac{\sqrt6+\sqrt2}{2}`}, {`\sqrt[3]{2+\sqrt5}+\sqrt[3]{2-\sqrt5}`, "1"}, {`\sqrt{-4}`, "2i"}, {`\sqrt[7]{3}`, "3^{1/7}"}, {`\sqrt[7]{128}`, "2"},
			{`\frac{\sqrt[3]{4}}{2}`, `\frac{1}{\sqrt[3]{2}}`}, {`\frac{1}{\sqrt[3]{4}+\sqrt[3]{2}+1}`, `\sqrt[3]2-1`}, {`10\sqrt{999983}`, `\sqrt{99998300}`}, {`\sqrt{1000003}\cdot\sqrt{1000003}`, "1000003"}, {`\frac{-1+\sqrt{13}}{4}`, `-\frac14+\frac{\sqrt{13}}{4}`}, {`3\sqrt{13}`, `\sqrt{117}`},
		},
		"pi, e, i": {
			{`\frac{\pi}{2}`, `\frac{1}{2}\pi`}, {"π/2", `0.5\pi`}, {"2pi", `2\pi`}, {"pi*2", `2\pi`}, {`\frac{9}{4}\pi`, `\frac{9\pi}{4}`}, {`\frac\pi3`, `\pi/3`}, {`(\sqrt\pi)^2`, `\pi`}, {"3+4i", "4i+3"}, {"i^2", "-1"}, {"(1+i)^2", "2i"}, {`\frac{1}{i}`, "-i"}, {`\frac{2}{1+i}`, "1-i"},
			{"e^2", `e\cdot e`}, {"exp(2)", "e^2"}, {`1-\frac1e`, `\frac{e-1}{e}`}, {`1-\frac{1}{\mathrm{e}}`, "1-e^{-1}"}, {`e^{i\pi}`, "-1"}, {`e^{i\pi/4}`, `\frac{\sqrt2}{2}+\frac{\sqrt2}{2}i`}, {`-\infty`, `- \infty`}, {"∞", `\infty`}, {`+\infty`, `\infty`}, {`\frac{1+i\sqrt3}{2}`, `\frac12+\frac{\sqrt3}{2}i`},
		},
		"functions": {
			{`\sin 30^\circ`, "1/2"}, {`\sin(\pi/6)`, "0.5"}, {`\cos\frac{\pi}{12}`, `\frac{\sqrt6+\sqrt2}{4}`}, {`\tan 15^\circ`, `2-\sqrt3`}, {`\log_2 8`, "3"}, {`\log_{10} 250`, `1+2\log_{10}5`}, {`\ln e`, "1"}, {`\ln 8`, `3\ln 2`}, {`\log 100`, "2"}, {`\frac{\log 2}{\log 3}`, `\log_3 2`},
			{`\arcsin 1`, `\frac{\pi}{2}`}, {`\sin^{-1}(1)`, `\frac{\pi}{2}`}, {`\arctan(1)`, `\pi/4`}, {`\arctan\frac12+\arctan\frac13`, `\frac\pi4`}, {`\sin 2x`, `2\sin x\cos x`}, {`\sin^2 x+\cos^2 x`, "1"}, {`\tan^2 y+1`, `\sec^2 y`}, {"sin(x)", `\sin x`}, {"sinx", `\sin(x)`}, {`\cosh^2 x-\sinh^2 x`, "1"},
			{`\ln(x^2)`, `2\ln x`}, {"a^x", `e^{x\ln a}`}, {`2^{n+1}`, `2\cdot 2^n`}, {`4^k`, `2^{2k}`}, {`7\sin(\frac{\pi}{5}x)+1`, "7*sin(pi*x/5)+1"}, {`\frac{n!}{(n-1)!}`, "n"}, {`\binom{n}{2}`, `\frac{n(n-1)}{2}`}, {`\cos(-x)`, `\cos x`}, {`3\cos(2\sqrt{35}t)`, "3*cos(sqrt(140)*t)"},
			{`\operatorname{arcsin} 1`, `\pi/2`}, {"cis(0)", "1"}, {`|x|^2`, "x^2"}, {`\sqrt{x^2}`, "|x|"}, {"3 mod 7", "10 mod 7"},
		},
		"polynomials": {
			{"(x+1)(x-1)", "x^2-1"}, {"x^2+2x+1", "(1+x)^2"}, {"2(x+y)", "2y+2x"}, {"x*y", "yx"}, {`\frac{x+2}{7}`, `\frac{x}{7}+\frac{2}{7}`}, {`\frac{x^2-1}{x-1}`, "x+1"}, {`\frac{1}{x}+\frac{1}{y}`, `\frac{x+y}{xy}`}, {"x^3/x", "x^2"}, {"-(x-y)", "y-x"}, {"x²+1", "x^2+1"}, {"x_1+x_2", "x_2+x_1"},
			{"x_{12}", "x_12"}, {"(a+b+c)^2", "a^2+b^2+c^2+2ab+2bc+2ca"}, {"x^4-4", `(x^2-2)(x^2+2)`}, {`(x-\sqrt2)(x+\sqrt2)`, "x^2-2"}, {`\frac{3}{2}m-1`, `\frac{3m-2}{2}`}, {"3/2x", "1.5x"}, {"5*x**2", "5x^2"}, {`\alpha+\beta`, "β+α"}, {"2 x", "2x"}, {`10x\sqrt{21x}`, `\sqrt{2100x^3}`}, {`\sqrt[3]{x}^2`, "x^{2/3}"},
			{`\frac{a}{b}\div\frac{c}{d}`, `\frac{ad}{bc}`}, {"x'+y", "y+x'"}, {"f(2)+1", "1+f(2)"}, {"x^{10}", "x^10"}, {"[x+1](x-1)", "x^2-1"},
		},
	}
}
