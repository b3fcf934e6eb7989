package sandbox

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// body makes a function f of the lines.
func body(lines ...string) string { return "def f(xs):\n  " + strings.Join(lines, "\n  ") + "\n" }

// hostile programs with the failures they may end in.
func hostile() map[string][2]string {
	loop := func(init, step string) string {
		return body("x = "+init, "for i in range(100000):", "  "+step, "return 1")
	}
	return map[string][2]string{
		"list repeat":         {body("return 9999999999*[1]"), "memory"},
		"list repeat right":   {body("return [1]*9999999999"), "memory"},
		"tuple repeat":        {body("return (1,)*(10*1000*1000*1000)"), "memory"},
		"string repeat":       {body("return 'a'*(1000*1000*1000)"), "memory"},
		"repeat in place":     {body("x = [1]", "x *= 1000000000", "return x"), "memory"},
		"repeat by item":      {body("x = ['a']", "x[0] *= 1000000000", "return x"), "memory"},
		"list doubling":       {loop("[1]", "x = x + x"), "memory"},
		"list extend":         {loop("[1]", "x.extend(x)"), "memory"},
		"list += itself":      {loop("[1]", "x += x"), "memory"},
		"string doubling":     {loop("'a'", "x += x"), "memory"},
		"squaring":            {loop("3", "x = x*x"), "memory"},
		"squaring in place":   {loop("[3]", "x[0] *= x[0]"), "memory"},
		"shifts":              {loop("1", "x = x<<500"), "memory"},
		"huge shift":          {body("return 1<<1000000000"), "error"},
		"big int division":    {loop("1<<500", "x = x*(1<<400) // 3"), "memory"},
		"big ints kept":       {body("a = 1", "for i in range(30): a = a<<500", "return [-a for i in range(1000000)]"), "memory"},
		"range list":          {body("return list(range(1000000000))"), "memory"},
		"range spread":        {body("return max(*range(1000000000))"), "memory"},
		"range sum":           {body("return sum(range(1000000000000))"), "steps"},
		"range sorted":        {body("return sorted(range(1000000000))"), "memory"},
		"range set":           {body("return len(set(range(1000000000)))"), "memory"},
		"range zip":           {body("return zip(range(1000000000), range(1000000000))"), "memory"},
		"range any":           {body("return any(range(0, -1000000000000, -1))"), "memory"},
		"comprehension":       {body("return [x for x in range(1000000000)]"), "steps"},
		"nested loops":        {body("return [1 for a in range(9999) for b in range(9999)]"), "steps"},
		"endless":             {body("for i in range(1000000000000): pass"), "steps"},
		"tuple graph ==":      {body("t = (1,)", "u = (1,)", "for i in range(90):", "  t = (t, t)", "  u = (u, u)", "return t == u"), "steps error"},
		"list graph ==":       {body("t = [1]*1000", "u = [1]*1000", "for i in range(4):", "  t = [t]*1000", "  u = [u]*1000", "return t == u"), "steps"},
		"tuple graph hash":    {body("t = (1,)", "for i in range(90): t = (t, t)", "return {t: 1}"), "steps error"},
		"tuple graph set":     {body("t = (1,)", "for i in range(90): t = (t, t)", "return set([t])"), "steps error"},
		"tuple graph get":     {body("t = (1,)", "for i in range(90): t = (t, t)", "return {}.get(t)"), "steps error"},
		"tuple graph missing": {body("t = (1,)", "for i in range(60): t = (t, t)", "return {}[t]"), "steps"},
		"tuple graph comp":    {body("t = (1,)", "for i in range(60): t = (t, t)", "return {t: 1 for i in [1]}"), "steps"},
		"tuple graph str":     {body("t = (1,)", "for i in range(60): t = (t, t)", "return str(t)"), "steps"},
		"tuple graph format":  {body("t = (1,)", "for i in range(60): t = (t, t)", "return '{}'.format(t)"), "steps"},
		"tuple graph %":       {body("t = (1,)", "for i in range(60): t = (t, t)", "return '%s' % (t,)"), "steps"},
		"tuple graph return":  {body("t = (1,)", "for i in range(60): t = (t, t)", "return t"), "unsupported value"},
		"tuple graph sort":    {body("t = (1,)", "for i in range(60): t = (t, t)", "return sorted([t, t])"), "steps"},
		"tuple graph in":      {body("t = (1,)", "for i in range(60): t = (t, t)", "return t in [t]"), "steps"},
		"tuple graph index":   {body("t = (1,)", "for i in range(60): t = (t, t)", "return [t].index(t)"), "steps"},
		"tuple graph fail":    {body("t = (1,)", "for i in range(60): t = (t, t)", "fail(t)"), "error"},
		"tuple graph print":   {body("t = (1,)", "for i in range(60): t = (t, t)", "print(t)", "return range(1)"), "unsupported value"},
		"global tuple graph":  {"t0 = (1,)\n" + graph(90) + "def f(xs): return t90 == t90", "steps error"},
		"replace":             {body("return ('a'*5000).replace('a', 'b'*100000)"), "memory"},
		"replace empty":       {body("return ('a'*5000).replace('', 'b'*100000)"), "memory"},
		"join":                {body("return ('b'*100000).join(['a']*5000)"), "memory"},
		"join shared":         {body("return ''.join(['b'*100000]*5000)"), "memory steps"},
		"format":              {body("return ('{0}'*1000).format('b'*100000)"), "memory"},
		"% many":              {body("return ('%s'*1000) % tuple(['b'*100000]*1000)"), "memory steps"},
		"% dict":              {body("return ('%(a)s'*1000) % {'a': 'b'*100000}"), "error"},
		"str of strings":      {body("return str(['b'*100000]*5000)"), "memory steps"},
		"int of text":         {body("return int('9'*1000000)"), "error"},
		"shared strings":      {body("return ['a'*1000000]*200000 == ['a'*1000000]*200000"), "steps"},
		"slices":              {body("x = [0]*100000", "return [x[:] for i in range(100000)]"), "memory"},
		"list(): copies":      {body("x = [0]*100000", "return [list(x) for i in range(100000)]"), "memory"},
		"insert":              {body("x = [0]*1000000", "for i in range(1000000): x.insert(0, 1)"), "steps"},
		"in":                  {body("x = [0]*1000000", "return [1 for i in range(1000000) if i in x]"), "steps"},
		"split":               {body("x = 'a '*100000", "return [x.split(' ') for i in range(1000)]"), "memory"},
		"dict union":          {body("d = {i: i for i in range(10000)}", "return [d | d for i in range(100000)]"), "memory steps"},
		"sort by lambda":      {body("return sorted([i for i in range(30000)], key=lambda x: sum(range(1000)))"), "steps"},
		"y combinator":        {"def f(xs): return (lambda g: g(g))(lambda g: g(g))", "error"},
		"deep source":         {"def f(xs): return " + strings.Repeat("(", 5000) + "1" + strings.Repeat(")", 5000), "syntax"},
		"deep lists":          {"def f(xs): return " + strings.Repeat("[", 900) + strings.Repeat("]", 900), "unsupported value syntax"},
		"minus chain":         {"def f(xs): return " + strings.Repeat("-", 30000) + "1", "syntax"},
		"1 MB source":         {"def f(xs): return 1\n" + strings.Repeat("# pad\n", 200_000), "syntax"},
		"long number":         {"def f(xs):\n  x = " + strings.Repeat("9", 60000) + "\n  return x*x", "memory"},
	}
}

func graph(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "t%d = (t%d, t%d)\n", i+1, i, i)
	}
	return b.String()
}

// TestHostilePrograms checks that each ends in a named class, soon, and without much memory.
func TestHostilePrograms(t *testing.T) {
	for name, test := range hostile() {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			results, err := Run(context.Background(), test[0], "f", [][]any{{[]any{1}}}, Limits{})
			wall := time.Since(start)
			runtime.ReadMemStats(&after)
			require.NoError(t, err)
			r := results[0]
			require.NotEmpty(t, r.Failure, "got %.100v", r.Value)
			require.Contains(t, test[1], string(r.Failure), r.Message)
			require.Less(t, wall, 5*time.Second)
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(400<<20), "bytes allocated in all")
			t.Logf("%s in %v, %d steps, %d KiB: %s", r.Failure, wall.Round(time.Microsecond), r.Steps,
				(after.TotalAlloc-before.TotalAlloc)>>10, r.Message)
		})
	}
}

// TestLongChainsAreFine: a long program is no attack.
func TestLongChainsAreFine(t *testing.T) {
	r := runOne(t, "def f(xs): return "+strings.Repeat("1+", 20000)+"1", []any{})
	require.Empty(t, r.Failure, r.Message)
	require.Equal(t, 20001, r.Value)
}

// TestWallClockIsTheBackstop stops a program that the step limit would let run for minutes.
func TestWallClockIsTheBackstop(t *testing.T) {
	limits := Limits{Steps: 1 << 62, Time: 30 * time.Millisecond}
	results, err := Run(context.Background(), body("for i in range(1000000000000): pass"), "f", [][]any{{1}, {2}}, limits)
	require.NoError(t, err)
	require.Equal(t, FailTime, results[0].Failure)
	require.Equal(t, FailTime, results[1].Failure)
}
