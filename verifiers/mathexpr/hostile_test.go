package mathexpr

import (
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// hostile are texts meant to hang, crash or fill the memory of a verifier.
func hostile() map[string]string {
	const mb = 1 << 20
	nest := func(open, inside, end string, n int) string {
		return strings.Repeat(open, n) + inside + strings.Repeat(end, n)
	}
	return map[string]string{
		"tower": `9^{9^{9^{9}}}`, "tower of ten": `10^{10^{10}}`, "long tower": nest("2^{", "2", "}", 90), "bare tower": strings.Repeat("9^", 4000) + "9",
		"factorials": "999999!!!!", "factorial": "100000000!", "factorial of factorial": "((9!)!)!", "exponent": "1e999999999", "small exponent": "1e-99999",
		"power": "10^{999999999}", "power of power": "((((((9^9)^9)^9)^9)^9)^9)^9", "digits": strings.Repeat("9", mb), "some digits": strings.Repeat("9", 8000),
		"decimal": "0." + strings.Repeat("3", mb), "braces": nest("{", "1", "}", 100_000), "open braces": strings.Repeat("{", mb), "close braces": strings.Repeat("}", mb),
		"parens": nest("(", "1", ")", 8000), "brackets": strings.Repeat("[", mb), "roots": nest(`\sqrt{`, "2", "}", 2000), "plain roots": strings.Repeat(`\sqrt`, 3000) + "2",
		"fractions": nest(`\frac{1}{1+`, "1", "}", 90), "deep fractions": nest(`\frac{`, "1", "}{2}", 2000), "text": nest(`\text{`, "a", "}", 2000), "minus": strings.Repeat("-", mb) + "1",
		"bars": strings.Repeat("|", 8000), "commas": strings.Repeat("1,", 8000), "list": strings.Repeat("x_1,", 4000), "same list": strings.TrimSuffix(strings.Repeat("5,", 8000), ","),
		"sets": nest(`\{`, "1", `\}`, 2000), "signs": strings.Repeat(`\pm `, 3000) + "1", "sum of signs": strings.Repeat(`\pm 1`, 3000), "binomial": "(a+b+c+d+e+f)^{99}", "expansion": strings.Repeat("(x+y+z)", 500),
		"variables": strings.Repeat("(a+b+c+d+e+f+g+h+i+j+k+l+m+n)", 40), "sines": nest(`\sin(`, "1", ")", 80), "logs": strings.Repeat(`\ln `, 60) + "2", "huge angle": `\sin(10^{1000})`,
		"choose": `\binom{100000}{50000}`, "choose much": `\binom{10^{9}}{10^{8}}`, "factors": `\sqrt{` + strings.Repeat("999999937", 50) + "}", "prime root": `\sqrt{9223372036854775783}`,
		"nested floor": nest(`\lfloor`, "1", `\rfloor`, 3000), "unions": strings.Repeat(`[1,2]\cup`, 2000) + "[3,4]", "far unions": strings.Repeat(`[\sqrt{2},\sqrt{3}]\cup`, 500) + "[3,4]", "matrix": `\begin{pmatrix}` + strings.Repeat(`1&2\\`, 2000) + `\end{pmatrix}`,
		"begin": strings.Repeat(`\begin{pmatrix}`, 3000), "relations": strings.Repeat("1<", 5000) + "2", "ratios": strings.Repeat("1:", 5000) + "2", "words": strings.Repeat("word ", 200_000), "dollars": strings.Repeat("$", mb),
		"spaces": "5" + strings.Repeat(" ", mb) + "6", "NUL": "5\x00", "bidi": "\u202e21\u202c", "bad UTF-8": "\xff\xfe", "zero width": strings.Repeat("\u200b", 1000), "backslashes": strings.Repeat(`\`, mb),
		"repeating": "0.333" + strings.Repeat(`\overline{3}`, 1000), "dots": strings.Repeat(".", mb), "thousands": "1" + strings.Repeat(",000", 4000), "bases": strings.Repeat("1_2", 3000), "subscripts": "x" + strings.Repeat("_x", 5000),
		"exponents of e": nest("e^{", "2", "}", 80), "tetration of x": nest("x^{", "x", "}", 80), "polynomial": "x^{100000000}+1", "rational": `\frac{1}{x^{99999999}-1}`, "mod": strings.Repeat(`\pmod{`, 1000) + "7", "zero": `\frac{1}{0}`,
		"rational sum": func() string {
			var s strings.Builder
			for i := range 300 {
				s.WriteString(`+\frac{1}{x+` + strings.Repeat("1", i%20+1) + "}")
			}
			return s.String()
		}(), "root sum": func() string {
			var s strings.Builder
			for i := 2; i < 400; i++ {
				s.WriteString(`+\sqrt{` + strings.Repeat("7", i%15+1) + string(rune('0'+i%10)) + "}")
			}
			return "(" + s.String() + ")^9"
		}(), "primes": "x" + strings.Repeat("'", 8000), "bangs": "3" + strings.Repeat("!", 8000), "percents": "3" + strings.Repeat("%", 8000), "quotients": "1" + strings.Repeat("/1", 6000), "circles": "1" + strings.Repeat("°", 5000),
		"set operations": "A" + strings.Repeat(`\cup B\cap C`, 1000), "powers": strings.Repeat("x^2 ", 4000), "primed": strings.Repeat("x'", 5000), "negations": "1" + strings.Repeat("*-1", 4000),
		"nested roots": nest(`\sqrt{2+`, "2", "}", 60),
	}
}

// TestHostile: whatever the text, work, time and memory are bounded, and only the same text equals it.
func TestHostile(t *testing.T) {
	texts := hostile()
	texts["longest"] = strings.Repeat("(1+x)", DefaultBytes/5)
	for name, text := range texts {
		for _, other := range []string{"5", text + " + 1", `\sqrt{2}`, "x>2", `\frac{x+1}{` + text + "}"} {
			b := NewBudget(Limits{})
			before, allocated := processorTime(), allocatedBytes()
			x, errX := Parse(text, b)
			y, errY := Parse(other, b)
			equal, err := Equal(x, y, Rules{}, b)
			spent := processorTime() - before
			memory := allocatedBytes() - allocated
			require.False(t, equal && err == nil, "%s equals %.80s", name, other)
			for _, e := range []error{errX, errY, err} {
				require.True(t, e == nil || e == ErrBudget || e == ErrSyntax, "%s: %v", name, e)
			}
			if testing.Short() {
				continue
			}
			t.Logf("%-20s %8v %8d kB work %d %v %v %v", name, spent, memory>>10, b.Used(), errX, errY, err)
			require.Less(t, spent, 200*time.Millisecond, name) // 20 ms but for a machine under load and a collection in between
			require.Less(t, memory, uint64(16<<20), name)
		}
		b := NewBudget(Limits{})
		x, err := Parse(text, b)
		if err == nil || err == ErrBudget {
			equal, err := Equal(x, x, Rules{}, b)
			require.True(t, equal && err == nil, "%s does not equal itself", name)
		}
	}
}

// processorTime is what this process has used so far.
func processorTime() time.Duration {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func allocatedBytes() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.TotalAlloc
}
